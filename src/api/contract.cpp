// The contract as it is built in.
#include "api/contract.hpp"
#include "api/api.hpp"
#include "api/problem.hpp"

namespace logystera::api {

server::Answer Api::openapi(const server::Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  return object_answer(request, std::string(contract()));
}

}  // namespace logystera::api

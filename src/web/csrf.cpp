#include "web/csrf.hpp"

#include "core/base64.hpp"

namespace logystera::web {

std::string FormTokens::token(std::string_view purpose, std::string_view bound_to) const {
  return base64url(bytes_of(key_.digest(std::string(purpose) + "\n" + std::string(bound_to))));
}

bool FormTokens::holds(std::string_view token, std::string_view purpose, std::string_view bound_to) const {
  return equal_constant_time(token, this->token(purpose, bound_to));
}

bool comes_from_elsewhere(const server::Request& request) {
  const std::string site = request.joined("Sec-Fetch-Site");
  return !site.empty() && site != "same-origin" && site != "none";
}

}  // namespace logystera::web

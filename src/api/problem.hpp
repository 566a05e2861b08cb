// Refusals of the API: problem details (RFC 9457), each with the words a person needs and a code a program needs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "query/parameters.hpp"
#include "server/message.hpp"

namespace logystera::api {

/// What is wrong with a query string: 400, with each parameter under "errors".
server::Answer invalid_parameters(const server::Request& request, const std::vector<query::Fault>& faults);
/// What is wrong with a body: 400 or, where it is understood and cannot be followed, 422. `pointer` leads to the place (RFC 6901).
server::Answer invalid_body(const server::Request& request, std::string_view pointer, std::string_view detail,
                            int status = 400);
server::Answer not_found(const server::Request& request, std::string_view detail);
/// A store that failed, or took too long: 503 with Retry-After. What a person at the server should know is told by its log.
server::Answer store_failed(const server::Request& request, const Error& error);
server::Answer refusal(const server::Request& request, int status, std::string_view code, std::string_view detail);

/// A refusal of the server itself in the API's form: for server::Listener::refused. Others are left as they are.
server::Answer reworded(const server::Request& request, server::Answer answer);

/// "Not found" of 404.
std::string_view title_of(int status) noexcept;

}  // namespace logystera::api

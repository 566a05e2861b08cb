// Refusals of the API: problem details (RFC 9457).
#pragma once

#include <string_view>

#include "server/message.hpp"

namespace logystera::web {

/// `code` names the problem for programs ("invalid_parameter"), `title` is the same for all of its kind, `detail` says what is wrong
/// with this request and what to do. The type leads to the API's own documentation.
server::Answer api_problem(int status, std::string_view code, std::string_view title, std::string_view detail);

/// Whether the request is for the API, whose refusals are those.
bool is_api(const server::Request& request);

}  // namespace logystera::web

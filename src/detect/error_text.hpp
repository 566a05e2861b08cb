// What of an error tells it apart, where that is not its message as it stands: a request that failed is its method, its route and its
// status, and a message that is a JSON object of its own (an application's, within a container's log) is what that object says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/record.hpp"
#include "detect/grouping.hpp"

namespace logystera::detect {

/// "GET /order/<n>/pay 500": segments of the path that are numbers are <n>, others with digits in them <id>. Nothing for a record that is
/// no request with method, path and status.
std::optional<Template> request_template(const Record& record);

/// The text under `message`, `msg`, `error` or `err` of the object that `text` is, the first there is of these, with its escapes as they
/// stand; `text` itself if it is no object or has none of them that is a string.
std::string_view spoken_text(std::string_view text) noexcept;

/// Of the record's message, or of its line where it has none.
std::string_view spoken_text(const Record& record) noexcept;

}  // namespace logystera::detect

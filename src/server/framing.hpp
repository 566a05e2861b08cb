// Where a request begins and ends, judged on the bytes of its header before anything reads it (RFC 9112).
//
// A proxy in front reads the same bytes. Wherever the two could disagree about a request's end, what one takes for a body is the
// next request of somebody else for the other. So nothing is repaired: what the grammar does not allow is refused, and the
// connection ends with it.
#pragma once

#include <optional>
#include <string_view>

#include "server/message.hpp"

namespace logystera::server {

/// Bytes of the empty lines before a request, which are passed over (RFC 9112, 2.2).
std::size_t blank_lines(std::string_view received) noexcept;

/// What is wrong with the beginning of a request, as far as it has come: told early, so that nobody waits for the end of what is
/// none. Nothing while it may become a header.
std::optional<Answer> early_fault(std::string_view received);

/// The refusal of a whole header (request line, fields and the empty line), or nothing when it is sound: 400 for what is malformed
/// or contradicts itself, 501 for a transfer coding other than "chunked", 505 for another version of HTTP.
std::optional<Answer> header_fault(std::string_view header);

/// The path and query of a request target, which may be absolute ("http://host/path?query", RFC 9112, 3.2.2).
std::string_view origin_form(std::string_view target) noexcept;

}  // namespace logystera::server

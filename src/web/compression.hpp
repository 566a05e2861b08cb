// Answers as gzip, for those who take it.
#pragma once

#include <string>
#include <string_view>

#include "server/message.hpp"

namespace logystera::web {

/// Shorter pages gain nothing.
inline constexpr std::size_t kGzipBytesLeast = 1024;

/// `bytes` as gzip; empty when it is not shorter, or there is no memory.
std::string gzip(std::string_view bytes);

/// Whether the request's Accept-Encoding takes gzip (RFC 9110, 12.5.3).
bool accepts_gzip(const server::Request& request);

/// Compresses a page's body where it gains and the client takes it. Only for bodies whose secrets differ from answer to answer
/// (web/csrf.hpp): the length of what is compressed tells of what it holds.
void compress(const server::Request& request, server::Answer& answer);

}  // namespace logystera::web

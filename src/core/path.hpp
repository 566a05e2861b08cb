// Paths carry no identity: what a request path may say once it leaves the request. The rule, for every label of kind `path`:
//
//   - the query string and the fragment are cut off;
//   - the segment after `user` (any case, percent-encoded or not) becomes the first 12 hex digits of the user id's hash
//     when it is a number or a UUID:  /user/42/edit → /user/73475cb40a56/edit;
//   - everything after `user/reset` becomes `*`: it is a login that still works;
//   - a percent-encoded slash ends a segment like any other: routers decode a path before they match it;
//   - any other segment that looks like a token becomes `*`: a JWT, or 20 characters and more of hex or base64 that no slug
//     would be (digits among the letters; with `-` or `_` also both cases).
#pragma once

#include <string_view>

#include "core/hmac.hpp"
#include "core/json.hpp"

namespace logystera {

/// Longest path looked at, the rest is cut before the rule is applied; and longest path written.
inline constexpr std::size_t kPathBytesMax = 1024;
inline constexpr std::size_t kPathHashDigits = 12;

/// Whether a word is what the rule takes for a token: a JWT, or 20 characters and more of hex or base64.
bool looks_like_token(std::string_view text) noexcept;

/// Writes the quoted path to `out`. True if something was cut for length.
bool write_path(json::Output& out, std::string_view path, const HmacKey& uid_key) noexcept;

}  // namespace logystera

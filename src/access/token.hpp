// Tokens of programs: "lgy_", 256 random bits as 43 characters of base64url, and six digits by which a scanner for lost secrets, and
// this program before it looks anywhere, tells a token from what only looks like one.
//
// A token is shown once, when it is made. What is stored is its SHA-256: of so many random bits that is enough.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::access {

inline constexpr std::string_view kTokenPrefix = "lgy_";
inline constexpr std::size_t kTokenSecretChars = 43;
inline constexpr std::size_t kTokenChecksumChars = 6;
inline constexpr std::size_t kTokenChars = kTokenPrefix.size() + kTokenSecretChars + kTokenChecksumChars;
inline constexpr std::size_t kTokenShownChars = 8;  // of its beginning, to recognise it by in lists

/// A new one.
Result<std::string> make_token();

/// Whether it is written as one is: its checksum (CRC-32 of what stands before it, in base 62 of 0-9 A-Z a-z) holds.
bool is_token(std::string_view text);

/// What is stored of it, and found by.
inline Digest token_hash(std::string_view token) { return sha256(token); }

}  // namespace logystera::access

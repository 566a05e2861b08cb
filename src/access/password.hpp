// Passwords of the people who may connect sites: Argon2id (RFC 9106) through libsodium, at its interactive cost (64 MiB, two
// passes). The string a hash is kept as names its own salt and cost, so the cost can rise without breaking what is stored.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::access {

inline constexpr std::size_t kPasswordCharsMin = 12;
inline constexpr std::size_t kPasswordBytesMax = 1024;

/// Whether `password` may be one: UTF-8, 12 characters at least and 1,024 bytes at most. The error never repeats it.
Result<Done> check_password(std::string_view password);

/// The string to store. The error is lack of memory.
Result<std::string> hash_password(std::string_view password);

/// Whether `password` is the one `hash` was made of. Costs the same whether it is or not.
bool password_holds(std::string_view password, const std::string& hash);

}  // namespace logystera::access

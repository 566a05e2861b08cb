// The salt of the pseudonyms. Whoever has it can check guesses, so it is kept like a key: 0600, never printed.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"
#include "core/secret.hpp"

namespace logystera::redact {

inline constexpr std::size_t kSaltBytesMax = 4096;
inline constexpr std::size_t kSaltBytesGenerated = 32;

/// The salt to use: the environment's LOGYSTERA_PII_SALT if set and not empty, else `configured` (pii_salt) if not empty,
/// else the content of `file`, which is created with a random salt, mode 0600, if it does not exist. Several processes
/// that start at once agree on one salt. Refuses a salt file that is a symlink, is owned by another user, or that group or
/// others may read.
Result<std::string> resolve_salt(const std::string& configured, const std::string& file);

/// Where the generated salt is kept: state_file("pii-salt").
std::string default_salt_file();

/// The content of `file`, which is made as above if it does not exist. `noun` is what messages call it.
Result<std::string> kept_secret(const std::string& file, const std::string& noun);

}  // namespace logystera::redact

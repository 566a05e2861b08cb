// The key user ids are hashed with when the application names none.
#pragma once

#include <string>

#include "agent/file.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// The 64 hex digits in DIRECTORY/uid.key (0600), made from the kernel's randomness the first time: ids of one site stay
/// linkable over time and tell nothing to anybody without the file.
Result<std::string> load_uid_key(const std::string& directory, const FileRules& rules);

}  // namespace logystera::agent

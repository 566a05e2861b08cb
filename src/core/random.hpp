// Secrets and names nobody can guess.
#pragma once

#include <cstddef>
#include <string>

#include "core/result.hpp"

namespace logystera {

/// `bytes` from the kernel's random source as base64url, 4 characters for 3 bytes.
Result<std::string> random_text(std::size_t bytes);

}  // namespace logystera

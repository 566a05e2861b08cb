// Where a command takes a site's credentials from: a file only its owner can read, or the environment. Never from arguments,
// which every user of the machine can see.
#pragma once

#include <string>

#include "agent/credentials.hpp"
#include "core/result.hpp"

namespace logystera::cli {

/// `path` empty: from the environment's LOGYSTERA_GATEWAY_URL, LOGYSTERA_ENTITY_TOKEN and LOGYSTERA_ENTITY_SECRET. Otherwise
/// a file of at most 4 KiB with these names, one NAME=VALUE a line ('#' starts a comment line, values may be quoted);
/// refused when its mode lets anybody else read it.
Result<agent::Credentials> read_credentials(const std::string& path);

}  // namespace logystera::cli

// Where a command takes a site's credentials from: a file only its owner can read, or the environment. Never from arguments,
// which every user of the machine can see.
#pragma once

#include <string>

#include "agent/credentials.hpp"
#include "agent/dispatch.hpp"
#include "core/result.hpp"

namespace logystera::cli {

/// What it takes to reach a gateway.
struct Access {
  agent::Credentials credentials;
  std::string proxy;  // may carry a password; empty: none named
};

/// `path` empty: from the environment's LOGYSTERA_GATEWAY_URL, LOGYSTERA_ENTITY_TOKEN, LOGYSTERA_ENTITY_SECRET and, if
/// there is one, LOGYSTERA_PROXY. Otherwise a file of at most 4 KiB with these names, one NAME=VALUE a line ('#' starts a
/// comment line, values may be quoted); without a proxy in it the environment's counts. Refused when its mode lets anybody
/// else read it; a file in $CREDENTIALS_DIRECTORY, where systemd puts a service's, may show a group's right to read.
Result<Access> read_access(const std::string& path);

/// `options` with `proxy`, unless they name another.
agent::DispatchOptions through(const std::string& proxy, agent::DispatchOptions options);

}  // namespace logystera::cli

// Which addresses a request may be connected to. What a name leads to is decided by whoever has the name, so the address is looked at
// when the connection is made and not when the name is written down.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace logystera::net {

enum class Reach : std::uint8_t {
  anywhere,
  with_private,  // and private networks (RFC 1918, RFC 4193, RFC 6598) and this machine, but nothing link-local: there clouds have the
                 // service that gives out a machine's credentials
  global,  // what all of the internet reaches (the IANA special-purpose registries, RFC 6890); addresses of this machine where the
           // name is one of this machine alone
};

/// Why a connection may not be made, for a person; empty: it may. `host`: as the address names it.
std::string refusal(const sockaddr& address, Reach reach, std::string_view host);

/// "localhost", 127.0.0.0/8 and ::1, as an address may name them.
bool is_loopback_name(std::string_view host);

}  // namespace logystera::net

// By which names a server may be called. A page of anybody's can have its own name point at this machine (DNS rebinding): what it
// then asks for comes from this browser, to this server, and its Origin agrees with its Host. Only the name tells.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"

namespace logystera::web {

/// What a Host header, or an operator, calls a server.
struct HostName {
  std::string host;  // lower case, without a dot at its end; an IPv6 address as inet_ntop(3) writes it, without brackets
  std::string port;  // empty: not said
  bool address = false;

  /// Nothing when it is no name or address with or without a port: no user, path or blank, 1-65535.
  static std::optional<HostName> parse(std::string_view text);
};

/// Immutable.
class Hosts {
 public:
  struct Options {
    /// Addresses that are listened on. Of one that means all of them ("0.0.0.0", "::") every address of a machine is a name: an
    /// address is nobody's to point elsewhere.
    std::vector<std::string> bound = {};
    /// Further names, each with or without the port it must then have; "localhost" and this machine's own addresses are always known.
    std::vector<std::string> names = {};
    /// What the operator does so that a name is known, behind "its operator".
    std::string_view remedy = "has to say that it is called so";
  };

  /// The error is a name that is none.
  static Result<Hosts> make(const Options& options);

  bool knows(std::string_view host) const;
  /// 421, in words for whoever asks, unless the request names a host that is known. The one Host header counts and nothing else.
  std::optional<server::Answer> refusal(const server::Request& request) const;

 private:
  Hosts() = default;
  std::vector<HostName> names_;
  bool every_address_ = false;
  std::string remedy_;
};

}  // namespace logystera::web

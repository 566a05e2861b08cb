// The addresses a site connects with: where it is, and where its visitor's browser is sent back to. Strict: an address that two
// programs could read differently is none.
#pragma once

#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::gateway {

inline constexpr std::size_t kAddressBytes = 1024;

/// An absolute http(s) URL in ASCII without user, fragment or anything to be guessed.
struct WebAddress {
  std::string text;    // as given
  std::string scheme;  // "https", or "http" for a loopback host
  std::string host;    // lower case; an international name is in its xn-- form
  std::string port;    // empty: the scheme's own
  std::string path;    // "/…"
  bool has_query = false;
  bool loopback = false;

  /// The error names the rule that is broken and shows what an address should look like.
  static Result<WebAddress> parse(std::string_view text);

  /// Scheme, host and port.
  std::string origin() const;
  /// Host, with its port when that is not the scheme's own.
  std::string host_and_port() const;
  /// Whether a part of the host is an international name's xn-- form.
  bool is_international() const noexcept;
};

}  // namespace logystera::gateway

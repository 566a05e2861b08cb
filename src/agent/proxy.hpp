// Where requests go through, taken apart. libcurl gets address, user and password each by itself: its messages quote a
// proxy's address as it was given, and they go into histories, logs and pages.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/credentials.hpp"
#include "core/result.hpp"

namespace logystera::agent {

inline constexpr std::size_t kProxyBytes = 512;

struct Proxy {
  std::string address;    // SCHEME://HOST[:PORT]; empty: no proxy
  bool has_user = false;  // an empty user is one, too
  Secret user;
  Secret password;

  /// http://, https://, socks5:// or socks5h://[USER[:PASSWORD]@]HOST[:PORT], at most 512 printable ASCII characters without
  /// spaces; a path is ignored, as libcurl does. The last '@' ends user and password, which may hold %XX (RFC 3986 §2.1) for
  /// any byte but NUL. Empty: none. The error repeats nothing of it.
  static Result<Proxy> parse(std::string_view url);
};

}  // namespace logystera::agent

// Cookies that hold a secret of this program's making (43 characters of base64url) and nothing else.
#pragma once

#include <string>
#include <string_view>

#include "server/message.hpp"

namespace logystera::web {

/// The browser's copy of a session's secret.
inline constexpr std::string_view kSessionCookie = "logystera_session";

class Cookies {
 public:
  /// `https`: whether browsers reach the pages by it. Then a cookie is Secure, and its name begins with "__Host-", which lets nobody
  /// but this very host set it (RFC 6265bis, 4.1.3.2).
  explicit Cookies(bool https) : https_(https) {}

  /// Sets a cookie for all paths that scripts cannot read and other sites' forms do not send.
  void set(server::Answer& answer, std::string_view name, std::string_view secret) const;
  void end(server::Answer& answer, std::string_view name) const;

  /// The secret when the cookie was sent exactly once and could be one of ours, or else nothing: a second one was planted by
  /// somebody.
  std::string secret_of(const server::Request& request, std::string_view name) const;

 private:
  std::string full_name(std::string_view name) const;
  std::string line(std::string_view name, std::string_view secret) const;

  bool https_;
};

}  // namespace logystera::web

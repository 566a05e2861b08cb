// Whether a form that is posted is one of ours. Cookies come along with anybody's form; a token does not, and a browser may say
// where a request comes from.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/hmac.hpp"
#include "server/message.hpp"

namespace logystera::web {

/// Tokens that nobody can make without this process's secret, bound to what the person who posts them must have.
class FormTokens {
 public:
  /// `secret`: random bytes of this process.
  explicit FormTokens(std::string_view secret) : key_(secret) {}

  /// 86 characters for a hidden field: no two are alike, so that a compressed page's length tells nothing of them (BREACH). `purpose` names the form and holds no line feed; `bound_to` is what nobody else has (a
  /// cookie's secret) and whatever else the form must not be posted with changed.
  std::string token(std::string_view purpose, std::string_view bound_to) const;

  /// Whether `token` is one of that purpose; in constant time.
  bool holds(std::string_view token, std::string_view purpose, std::string_view bound_to) const;

 private:
  HmacKey key_;
  mutable std::atomic<std::uint64_t> made_ = 0;
};

/// Whether the browser says that the request was made by another site's page. One that says nothing is no proof of anything.
bool comes_from_elsewhere(const server::Request& request);

}  // namespace logystera::web

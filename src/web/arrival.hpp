// How requests reach this server: directly or through proxies, encrypted or not. What a proxy says of a request is believed when the
// operator says that there is one, and never beyond it.
#pragma once

#include <atomic>
#include <cstddef>
#include <optional>
#include <string>

#include "server/message.hpp"
#include "web/cookies.hpp"

namespace logystera::web {

/// Thread-safe.
class Arrival {
 public:
  struct Options {
    /// In front, one behind the other, each of which adds to X-Forwarded-For whom it was spoken to by; 0: none.
    std::size_t proxies = 0;
    bool tls = false;  // the listener's own
  };

  Arrival() : Arrival(Options()) {}
  explicit Arrival(Options options) : options_(options) {}
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  /// What the operator says about the address browsers use, once that is known; it goes before what a proxy says.
  void set_public(bool https) { public_ = https ? Public::https : Public::http; }

  /// The address of whoever asks.
  std::string client(const server::Request& request) const;
  /// Whether the browser's connection is encrypted.
  bool https(const server::Request& request) const;
  Cookies cookies(const server::Request& request) const { return Cookies(https(request)); }
  bool behind_proxy() const noexcept { return options_.proxies > 0; }

 private:
  enum class Public { unknown, http, https };

  Options options_;
  std::atomic<Public> public_ = Public::unknown;
};

/// Whether a proxy says of itself that it passes the request on. One need not; who does not listen to proxies learns of it here.
bool passed_by_a_proxy(const server::Request& request);

}  // namespace logystera::web

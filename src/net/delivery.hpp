// Messages handed to servers that are not ours, several at once, by one thread: requests that are posted, and mail (RFC 5321).
//
//   Deliveries deliveries;
//   deliveries.start(1, post);
//   for (Delivered& one : deliveries.wait(1s)) …    // one.number == 1
//
// Bounds of each: 5 s to connect, 15 s in all, an answer of 64 KiB, 16 KiB of its headers. No redirects are followed, no proxy of the
// environment is used unless told, certificates are checked, and where a connection may lead is Reach's to say.
//
// Error texts hold neither an address' path, nor credentials, nor more than 200 bytes of what the server said, shown printable: the
// address of a chat's webhook is its secret.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "net/reach.hpp"

namespace logystera::net {

inline constexpr std::chrono::milliseconds kDeliveryConnect{5'000}, kDeliveryWhole{15'000};
inline constexpr std::int64_t kDeliveryRetryAfterMost = 6 * 3600;

/// A request with a body.
struct Post {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
};

/// A mail to one receiver.
struct Mail {
  std::string host;
  std::uint16_t port = 587;
  bool tls_at_once = false;              // from the first byte (RFC 8314); else STARTTLS (RFC 3207)
  bool allow_plain = false;              // without TLS where the server has none
  std::string user = {}, password = {};  // AUTH PLAIN or LOGIN; an empty user: none
  std::string from, to;                  // addresses, checked by is_mail_address()
  std::string data = {};                 // header and body, with CR LF
};

struct DeliveryOptions {
  Reach reach = Reach::global;
  std::string ca_certs = {};  // file in PEM; empty: the system's
  std::chrono::milliseconds whole = kDeliveryWhole;
  bool environment_proxy =
      false;  // a proxy of the environment is used: with Reach::anywhere, since it connects to whatever it wants
};

/// What came of one.
struct Delivered {
  enum class Fault : std::uint8_t {
    none,
    passing,        // may succeed later
    refused,        // the server has understood it and will not take it: its status says why
    credentials,    // of a mail server: they are wrong
    receiver,       // of a mail server: it does not take mail for that receiver
    address,        // it was not connected: Reach forbids it
    configuration,  // the certificate is not good, or the server has no TLS
  };
  std::uint64_t number = 0;
  Fault fault = Fault::none;
  int status = 0;  // of HTTP or SMTP; 0: there was no answer
  std::string error = {};
  std::string answer = {};                               // of a request's success, without what is secret of its address
  std::optional<std::chrono::seconds> retry_after = {};  // at most kDeliveryRetryAfterMost
};
inline constexpr std::size_t kDeliveryAnswerBytes = 64 * 1024;

/// "https://HOST[:PORT]/PATH", or http:// to this machine's own names. `anyhow`: http:// to wherever, and with a user in it. Gives the host.
Result<std::string> check_url(const std::string& url, bool anyhow = false);
/// One address as it stands in an envelope (the ASCII part of RFC 5321, without quoting).
bool is_mail_address(std::string_view text) noexcept;

/// For one thread, but for wake().
class Deliveries {
 public:
  Deliveries();
  ~Deliveries();
  Deliveries(const Deliveries&) = delete;
  Deliveries& operator=(const Deliveries&) = delete;

  /// Starts one under the caller's number. False: no memory, or libcurl cannot be started.
  bool start(std::uint64_t number, Post post, const DeliveryOptions& options = {});
  bool start(std::uint64_t number, Mail mail, const DeliveryOptions& options = {});
  std::size_t size() const noexcept;

  /// Those that are over; waits for at most `patience` until one is, or for wake().
  std::vector<Delivered> wait(std::chrono::milliseconds patience);
  /// Ends a wait, from any thread.
  void wake() noexcept;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace logystera::net

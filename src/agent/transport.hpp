// One HTTP client for one run: a libcurl handle that is made when a run begins and gone when it ends.
//
// Nothing of it outlives the run, so no handle, thread or connection is ever shared with a forked child. Certificates are
// always verified (TLS 1.2 or later), redirects never followed (the body is signed for one address), an answer is cut off
// at 64 KiB, and nothing is taken from the environment unless the options say so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/dispatch.hpp"
#include "core/result.hpp"

namespace logystera::agent {

inline constexpr std::size_t kAnswerBytes = 64 * 1024;
inline constexpr std::size_t kAnswerHeaderBytes = 32 * 1024;

/// Why there is no answer.
enum class Failure : std::uint8_t {
  none,       // there is one
  network,    // resolving, connecting, sending, receiving, time
  tls,        // the certificate or the handshake
  proxy,      // the proxy refused
  oversize,   // body or headers beyond the limits
  malformed,  // not HTTP
};

struct HttpAnswer {
  Failure failure = Failure::none;
  std::string error;  // for the history; names no secret
  int status = 0;
  std::string ack;  // Logystera-Ack, several joined by a space
  std::vector<std::string> retry_after;
  std::string body;
  std::uint32_t duration_ms = 0;
};

class Transport {
 public:
  static Result<Transport> open(const DispatchOptions& options);
  ~Transport();
  Transport(Transport&&) noexcept;
  Transport& operator=(Transport&&) noexcept;

  /// One POST, within `timeout_ms`. `headers` are whole lines without line ends. Connections are reused between calls.
  /// `meanwhile`, if given, is called at most once, when the body has been sent and the answer is waited for; what it throws
  /// is ignored.
  HttpAnswer post(const std::string& url, const std::vector<std::string>& headers, std::string_view body,
                  std::uint32_t timeout_ms, const std::function<void()>& meanwhile = nullptr);

 private:
  struct Inner;
  explicit Transport(std::unique_ptr<Inner> inner) noexcept;
  std::unique_ptr<Inner> inner_;
};

}  // namespace logystera::agent

// Who has sent a request, and whether that one may ask at all: the checks every signed route begins with, in the order that
// is the contract (ARCHITECTURE.md, "Wire"). Nothing of a request is looked at before its signature holds.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "gateway/entities.hpp"
#include "server/message.hpp"

namespace logystera::gateway {

/// A request whose signature holds, and with which secret its answer is signed.
struct Verified {
  Sender sender;
  std::string_view secret;  // of `sender`: the one the request was signed with
  std::string batch;
  std::string encoding;
  std::int64_t timestamp = 0;

  /// Adds the Logystera-Ack that only the gateway can make.
  void acknowledge(server::Answer& answer) const;
};

class SignatureCheck {
 public:
  struct Options {
    std::string min_agent_version;  // "1.2.0"; empty: any
    std::function<std::int64_t()> now;
    std::function<void(std::string_view)> log;
    /// Told of a known sender whose request was refused for its time: how far ahead of ours that is, seconds. From any thread.
    std::function<void(std::string_view token, std::int64_t ahead)> clock_refused = {};
  };

  /// `entities` must outlive it.
  SignatureCheck(Entities& entities, Options options) : entities_(entities), options_(std::move(options)) {}

  /// False: `refusal` is the answer, unsigned, since nobody has proved who he is.
  bool verify(const server::Request& request, Verified& verified, server::Answer& refusal) const;
  /// Clock, state and version of a verified sender. False: `refusal` is the answer, to be acknowledged.
  bool admit(const server::Request& request, const Verified& verified, server::Answer& refusal) const;

 private:
  Entities& entities_;
  Options options_;
};

/// 503 with Retry-After: the store could not do it.
server::Answer unavailable();
/// 429 with Retry-After.
server::Answer too_fast(std::uint32_t seconds, std::string_view what);

/// Whether dotted version `a` is older than `b`; missing parts count as 0, and what is no version is not
/// older.
bool older_version(std::string_view a, std::string_view b) noexcept;

/// "1.2.3" out of a User-Agent that names "logystera/1.2.3"; empty when it does not.
std::string_view agent_version(std::string_view user_agent) noexcept;

}  // namespace logystera::gateway

// What is in the outbox, sent: by one thread, one message at a time to each channel, several channels at once.
//
// A message counts as sent when the other side has answered 2xx, or its mail server 250, and that is stored; when the process dies in
// between, it goes out again under the same id (webhook-id, Message-ID). What fails is tried again after kBackoff, not before the other
// side's Retry-After, for kTryingSeconds; then it is dead, and a person decides (store/outbox_store.hpp).
//
// What is wrong for good switches a channel off, and the other channels are told: 403, 404 and 410 of a chat, 410 of a program, a mail
// server that does not take user and password. A receiver a mail server does not know is switched off alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "notify/channel.hpp"
#include "notify/message.hpp"
#include "store/store.hpp"

namespace logystera::notify {

inline constexpr std::int64_t kBackoff[] = {5,       30,   2 * 60,  10 * 60,
                                            30 * 60, 3600, 2 * 3600};  // the last one again and again
inline constexpr double kJitter = 0.2;                                 // of it, either way
inline constexpr std::int64_t kTryingSeconds = 24 * 3600;              // after which what was not sent is dead
inline constexpr std::int64_t kDeadSeconds = 30 * 24 * 3600,
                              kSentSeconds = 90 * 24 * 3600;  // how long rows that are over are kept
inline constexpr std::size_t kMailsPerHour = 30;              // to one address; what is more comes as a digest

/// A channel's own limit, below the other side's: messages a second on average, and at once.
struct Rate {
  double per_second = 1, burst = 1;
};
Rate rate_of(ChannelKind kind) noexcept;

struct SenderOptions {
  std::function<std::int64_t()> now;  // unix seconds
  std::function<void(std::string_view)> log;
  Seal seal;
  std::function<Links()> links = {};    // null: messages have none
  std::string ca_certs = {};            // file in PEM, instead of the system's
  std::function<double()> random = {};  // 0 to 1, of the jitter; null: the kernel's
};

/// The work, a step at a time, for whoever has a clock of his own.
class Courier {
 public:
  /// `store` must outlive it.
  Courier(store::Store& store, SenderOptions options);
  ~Courier();
  Courier(const Courier&) = delete;
  Courier& operator=(const Courier&) = delete;

  /// What was being sent when the process died waits again. Before the first step.
  Result<Done> begin();
  /// Starts what may go, waits for at most `patience` for something to be over, and notes what came of it. An error is the store's: what
  /// was not noted is noted with the next step, and nothing else goes to that channel meanwhile.
  Result<Done> step(std::chrono::milliseconds patience);
  /// Ends a wait, from any thread.
  void wake() noexcept;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

class Sender {
 public:
  /// Errors: there can be no thread, the store cannot be written.
  static Result<std::unique_ptr<Sender>> start(store::Store& store, SenderOptions options);
  /// Leaves what is under way; it goes out again with the next start.
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  /// There may be something new. It looks once a second anyway.
  void wake() noexcept;

 private:
  struct Running;
  explicit Sender(std::unique_ptr<Running> running);
  std::unique_ptr<Running> running_;
};

}  // namespace logystera::notify

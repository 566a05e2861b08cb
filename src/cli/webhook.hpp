// Findings posted to a URL as they come, signed as the Standard Webhooks specification says: webhook-id, webhook-timestamp and
// webhook-signature over "id.timestamp.body". The secret is "whsec_" and base64; without one nothing is signed. The
// URL may be a secret itself, as those of chat services are: of it no message says more than the host.
//
// A thread of its own sends, so a slow receiver never holds the log up. A finding is tried three times; what does not fit the
// queue or cannot be delivered is counted.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "core/result.hpp"

namespace logystera::cli {

class Webhook {
 public:
  static constexpr std::size_t kQueued = 1000;

  /// Refuses a URL that is not http or https, and a secret that is not base64. An empty secret: nothing is signed.
  static Result<std::unique_ptr<Webhook>> start(const std::string& url, const std::string& secret);
  /// As finish().
  ~Webhook();
  Webhook(const Webhook&) = delete;
  Webhook& operator=(const Webhook&) = delete;

  /// Queues a JSON body.
  void post(std::string body);
  /// Tries what is queued once more for a few seconds, until one cannot be delivered. How many of all could not. Nothing is posted any
  /// more.
  std::uint64_t finish();

 private:
  Webhook(std::string url, std::string key);
  void work();
  bool send(const std::string& id, const std::string& body);

  const std::string url_, key_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::string> queue_;
  std::uint64_t lost_ = 0;
  bool ending_ = false;
  std::chrono::steady_clock::time_point ends_by_{};  // once it is ending
  std::thread thread_;
};

}  // namespace logystera::cli

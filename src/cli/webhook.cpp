#include "cli/webhook.hpp"

#include <fmt/core.h>

#include <chrono>

#include "cli/log.hpp"
#include "core/base64.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "net/delivery.hpp"
#include "notify/channel.hpp"

namespace logystera::cli {
namespace {

constexpr std::chrono::seconds kTimeout{5}, kEndingMost{5};
constexpr int kAttempts = 3;

}  // namespace

Result<std::unique_ptr<Webhook>> Webhook::start(const std::string& url, const std::string& secret) {
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    return Error{"the webhook must be a URL that begins with https:// or http:// (it is not repeated: it may be a secret)",
                 ErrorKind::invalid};
  auto host = net::check_url(url, true);
  if (!host) return Error{"the webhook: " + host.error().message, host.error().kind};
  auto key = notify::signing_key(secret);
  if (!key) return key.error();
  return std::unique_ptr<Webhook>(new Webhook(url, std::move(key).value()));
}

Webhook::Webhook(std::string url, std::string key)
    : url_(std::move(url)), key_(std::move(key)), thread_([this] { work(); }) {}

Webhook::~Webhook() { (void)finish(); }

std::uint64_t Webhook::finish() {
  if (thread_.joinable()) {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
      ends_by_ = std::chrono::steady_clock::now() + kEndingMost;
    }
    wake_.notify_all();
    thread_.join();
  }
  return lost_;
}

void Webhook::post(std::string body) {
  std::lock_guard lock(mutex_);
  if (queue_.size() == kQueued) {
    ++lost_;
    return;
  }
  queue_.push_back(std::move(body));
  wake_.notify_one();
}

// Where it leads is the operator's to say who started this: private networks too, and through the proxy of his environment.
bool Webhook::send(const std::string& id, const std::string& body) {
  const std::string timestamp = std::to_string(wall_seconds());
  net::Post post{url_, {{"Content-Type", "application/json"}, {"webhook-id", id}, {"webhook-timestamp", timestamp}}, body};
  if (!key_.empty()) {
    const Digest signature = hmac_sha256(key_, id + "." + timestamp + "." + body);
    post.headers.emplace_back("webhook-signature", "v1," + base64(bytes_of(signature)));
  }
  net::DeliveryOptions options;
  options.reach = net::Reach::anywhere;
  options.whole = kTimeout;
  options.environment_proxy = true;
  net::Deliveries deliveries;
  if (!deliveries.start(1, std::move(post), options)) {
    log("the webhook: libcurl cannot be started");
    return false;
  }
  for (;;) {
    const auto over = deliveries.wait(2 * kTimeout);
    if (over.empty()) continue;
    if (over[0].fault == net::Delivered::Fault::none) return true;
    log(fmt::format("the webhook at {}", over[0].error));
    return false;
  }
}

void Webhook::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return ending_ || !queue_.empty(); });
    if (queue_.empty()) return;
    const std::string body = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    // The same id at every attempt: a receiver that took it already knows it again.
    const std::string id = "msg_" + to_hex(sha256(body + std::to_string(wall_seconds()))).substr(0, 32);
    bool sent = false, was_last = false;
    for (int attempt = 0; attempt < kAttempts && !sent && !was_last; ++attempt) {
      {
        std::unique_lock pause(mutex_);
        if (attempt > 0) wake_.wait_for(pause, std::chrono::seconds(attempt), [this] { return ending_; });
        was_last = ending_;
      }
      sent = send(id, body);
    }
    lock.lock();
    lost_ += !sent;
    if (!ending_) continue;
    // One that fails at the end says that the others would, too.
    if ((sent || !was_last) && std::chrono::steady_clock::now() < ends_by_) continue;
    lost_ += queue_.size();
    return;
  }
}

}  // namespace logystera::cli

#include "app/keeper.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

namespace logystera::app {
namespace {

constexpr std::chrono::minutes kFirst(1), kNext(10);

class Thread final : public Keeper {
 public:
  explicit Thread(Options options)
      : options_(std::move(options)), thread_([this](const std::stop_token& stop) { work(stop); }) {}

 private:
  void work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (auto wait = kFirst;; wait = kNext) {
      wake.wait_for(lock, stop, wait, [] { return false; });
      if (stop.stop_requested()) return;
      round(stop);
    }
  }

  void round(const std::stop_token& stop) {
    auto retention = store::Retention::load(options_.store.settings(), options_.configured);
    if (!retention) return say(retention.error().message);
    auto removed = store::remove_old(options_.store, retention.value(), options_.now(), options_.idle, stop);
    if (!removed) return say(removed.error().message);
    if (removed->events + removed->findings + removed->occurrences > 0) {
      options_.log(fmt::format("removed {} events, {} findings and {} occurrences of errors that were to be kept no longer",
                               removed->events, removed->findings, removed->occurrences));
    }
    if (!removed->smaller_than_limit)
      say("the store is larger than it may be, and nothing more may be removed: raise its limit");
    else said_.clear();
  }

  // What is wrong is wrong every ten minutes.
  void say(const std::string& words) {
    if (words == said_) return;
    said_ = words;
    options_.log("old events cannot be removed: " + words);
  }

  const Options options_;
  std::string said_;
  std::jthread thread_;  // last: it runs as soon as it exists
};

}  // namespace

Result<std::unique_ptr<Keeper>> Keeper::start(Options options) {
  try {
    return std::unique_ptr<Keeper>(std::make_unique<Thread>(std::move(options)));
  } catch (const std::system_error& error) {
    return Error{fmt::format("no thread can be started: {}: raise 'ulimit -u'", error.code().message())};
  }
}

}  // namespace logystera::app

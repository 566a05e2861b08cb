#include "app/keeper.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "processor/self_test.hpp"
#include "store/retention_clock.hpp"

namespace logystera::app {
namespace {

class Thread final : public Keeper {
 public:
  explicit Thread(Options options)
      : options_(std::move(options)), thread_([this](const std::stop_token& stop) { work(stop); }) {}

  std::string problem() const override {
    const std::lock_guard lock(said_mutex_);
    return said_;
  }

 private:
  void work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    for (auto wait = options_.first;; wait = options_.next) {
      wake.wait_for(lock, stop, wait, [] { return false; });
      if (stop.stop_requested()) return;
      round(stop);
    }
  }

  void round(const std::stop_token& stop) {
    end_self_test_left();
    auto retention = store::Retention::load(options_.store.settings(), options_.configured);
    if (!retention) return say(retention.error().message);
    auto size = options_.store.maintenance().size();
    if (!size) return say(size.error().message);
    auto time = store::next_retention_time(options_.store.settings(), options_.now(), size->newest_event_at);
    if (!time) return say(time.error().message);
    tell_of_clock(time->ahead_seconds);
    auto removed = store::remove_old(options_.store, retention.value(), time->now, options_.idle, stop);
    if (!removed) return say(removed.error().message);
    if (removed->events + removed->findings + removed->occurrences > 0) {
      options_.log(fmt::format("removed {} events, {} findings and {} occurrences of errors that were to be kept no longer",
                               removed->events, removed->findings, removed->occurrences));
    }
    if (!removed->smaller_than_limit)
      say("the store is larger than it may be, and nothing more may be removed: raise its limit");
    else note({});
  }

  // One that was killed half way: its site would stay enabled, and its rule silent there.
  void end_self_test_left() {
    auto ended = processor::end_self_test_left(options_.store, options_.now());
    if (!ended) options_.log("a self-test that did not end cannot be tidied up: " + ended.error().message);
    else if (ended.value()) options_.log("a self-test has not ended by itself: its site is disabled again");
  }

  void tell_of_clock(std::int64_t ahead_seconds) {
    const bool jumped = ahead_seconds > 0;
    if (jumped && !clock_jumped_) {
      constexpr std::int64_t kHour = 3600;
      options_.log(fmt::format(
          "the clock is {} hours ahead of the last time old events were looked for: if the server was off, that is "
          "so; if not, set it right. What it makes too old is removed slowly, a day's worth an hour",
          ahead_seconds / kHour));
    }
    clock_jumped_ = jumped;
  }

  // What is wrong is wrong every ten minutes.
  void say(const std::string& words) {
    if (!note(words)) return;
    options_.log("old events cannot be removed: " + words);
  }

  bool note(const std::string& words) {
    const std::lock_guard lock(said_mutex_);
    if (words == said_) return false;
    said_ = words;
    return true;
  }

  const Options options_;
  mutable std::mutex said_mutex_;
  std::string said_;
  bool clock_jumped_ = false;
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

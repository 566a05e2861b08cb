#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "processor/raise.hpp"

namespace logystera::processor {
namespace {

constexpr std::chrono::seconds kEvery(1);

class Thread final : public AlertClock {
 public:
  Thread(store::Store& store, std::function<std::int64_t()> now, Telling telling, std::function<void(std::string_view)> log)
      : store_(store),
        now_(std::move(now)),
        telling_(std::move(telling)),
        log_(std::move(log)),
        thread_([this](const std::stop_token& stop) { work(stop); }) {}

 private:
  void work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (auto told = tick_all(store_, now_(), telling_); !told) say(told.error().message);
      else said_.clear();
      wake.wait_for(lock, stop, kEvery, [] { return false; });
    }
  }

  // What is wrong is wrong every second.
  void say(const std::string& words) {
    if (words == said_) return;
    said_ = words;
    log_("alerts that are due cannot be looked at: " + words);
  }

  store::Store& store_;
  const std::function<std::int64_t()> now_;
  const Telling telling_;
  const std::function<void(std::string_view)> log_;
  std::string said_;
  std::jthread thread_;  // last: it runs as soon as it exists
};

}  // namespace

Result<std::unique_ptr<AlertClock>> AlertClock::start(store::Store& store, std::function<std::int64_t()> now,
                                                      Telling telling, std::function<void(std::string_view)> log) {
  try {
    return std::unique_ptr<AlertClock>(std::make_unique<Thread>(store, std::move(now), std::move(telling), std::move(log)));
  } catch (const std::system_error& error) {
    return Error{"no thread can be started: " + error.code().message() + ": raise 'ulimit -u'"};
  }
}

}  // namespace logystera::processor

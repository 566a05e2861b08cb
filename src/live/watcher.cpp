#include "live/watcher.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace logystera::live {
namespace {

// So old is what a page shows at most, and so often each of its parts changes.
constexpr std::chrono::milliseconds kEvery(700);

class Thread final : public Watcher {
 public:
  Thread(std::unique_ptr<store::Watch> watch, Bus& bus, std::function<void(std::string_view)> log)
      : watch_(std::move(watch)),
        bus_(bus),
        log_(std::move(log)),
        thread_([this](const std::stop_token& stop) { work(stop); }) {}

 private:
  void work(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      if (bus_.has_listeners()) look();
      bus_.tidy(Bus::Clock::now());
      wake.wait_for(lock, stop, kEvery, [] { return false; });
    }
  }

  void look() {
    auto changes = watch_->look();
    if (!changes) {
      if (!std::exchange(said_, true)) log_(fmt::format("pages are not live: {}", changes.error().message));
      return;
    }
    said_ = false;
    if (changes.value()) bus_.publish(changes.value());
  }

  const std::unique_ptr<store::Watch> watch_;
  Bus& bus_;
  const std::function<void(std::string_view)> log_;
  bool said_ = false;
  std::jthread thread_;  // last: it runs as soon as it exists
};

}  // namespace

Result<std::unique_ptr<Watcher>> Watcher::start(store::Store& store, Bus& bus, std::function<void(std::string_view)> log) {
  auto watch = store.start_watch();
  if (!watch) return watch.error();
  // The first look only remembers: what changes between a page and its stream is told to the very first listener as well.
  if (auto first = watch.value()->look(); !first) return first.error();
  try {
    return std::unique_ptr<Watcher>(std::make_unique<Thread>(std::move(watch).value(), bus, std::move(log)));
  } catch (const std::system_error& error) {
    return Error{fmt::format("no thread can be started: {}: raise 'ulimit -u'", error.code().message())};
  }
}

}  // namespace logystera::live

#include "server/workers.hpp"

#include <sched.h>

#include <algorithm>
#include <utility>

namespace logystera::server {
namespace {

Workers::Options complete(Workers::Options options) {
  if (options.full.status != 0) return options;
  options.full = problem(503, "busy", "too many requests of this kind wait already: send it again in a moment");
  options.full.headers.emplace_back("Retry-After", "1");
  return options;
}

}  // namespace

Workers::Workers(Options options) : options_(complete(std::move(options))) {
  for (unsigned i = 0; i < std::max(1u, options_.threads); ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  stop();
  join();
}

bool Workers::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_ || admitted_ >= options_.waiting) return false;
    jobs_.push_back({std::move(job), true});
    ++admitted_;
  }
  wake_.notify_one();
  return true;
}

void Workers::resume(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    jobs_.push_back({std::move(job), false});
  }
  wake_.notify_one();
}

void Workers::stop() noexcept {
  std::deque<Job> dropped;  // they end outside of the lock: what they hold may come back here
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    dropped.swap(jobs_);
    admitted_ = 0;
  }
  stop_.request_stop();
  wake_.notify_all();
}

void Workers::join() noexcept {
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Workers::work() {
  // Of this thread alone, as Linux has it. Nice values would not do: 19 is little beside 0, and much beside the 10 of a service
  // that was started with it. Whoever may not give way does not.
  if (options_.gives_way) {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
  }
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return stopped_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    if (job.admitted) --admitted_;
    lock.unlock();
    job.run();
  }
}

}  // namespace logystera::server

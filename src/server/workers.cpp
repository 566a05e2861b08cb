#include "server/workers.hpp"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace logystera::server {
namespace {

Workers::Options complete(Workers::Options options) {
  if (options.full.status != 0) return options;
  options.full = problem(503, "busy", "too many requests of this kind wait already: send it again in a moment");
  options.full.headers.emplace_back("Retry-After", "1");
  return options;
}

// Of this thread alone, as Linux has it, and nicer than the program was started. SCHED_IDLE would not do: beside four programs that want
// all of two processors a call of 0.06 s took 54 s, and whoever waits for what such a thread holds waits with it. Niceness alone would
// not do either: whoever wakes waits for the end of a slice, which is 3 ms where nobody asks for a shorter one. Whoever may not give way
// does not.
void give_way() noexcept {
  struct {  // sched_setattr(2): glibc has no name for it before 2.41
    std::uint32_t size = 48, policy = 0;
    std::uint64_t flags = 0x08;  // SCHED_FLAG_KEEP_POLICY
    std::int32_t nice = 0;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 100'000;  // ns of a slice, from Linux 6.12 on; before, nobody looks at it
    std::uint64_t deadline = 0, period = 0;
  } attributes;
  static_assert(sizeof attributes == 48);
  attributes.nice = std::min(19, ::getpriority(PRIO_PROCESS, 0) + Workers::kGivesWayBy);
  ::syscall(SYS_sched_setattr, 0, &attributes, 0);
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
  if (options_.gives_way) give_way();
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

#include "store/sqlite/batch_writer.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::size_t kEventsPerTransaction = 4096;  // bounds how long the first of a group waits for the last
constexpr auto kPruneEvery = std::chrono::hours(1);

struct Waiting {
  Batch batch;
  BatchWriter::AppendDone done;
  std::size_t bytes = 0;
};

class Writer final : public BatchWriter {
 public:
  Writer(Connection connection, const OpenOptions& options)
      : options_(options), connection_(std::move(connection)), appender_(connection_, options.types) {}

  ~Writer() override {
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  Result<Done> start() {
    try {
      thread_ = std::thread([this] { write(); });
    } catch (const std::system_error& error) {
      return Error{fmt::format("store {}: no thread can be started: {}: raise 'ulimit -u'", connection_.path(),
                               error.code().message())};
    }
    return Done{};
  }

  void append(Batch batch, AppendDone done) override;
  bool idle() const override {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && !writing_;
  }

 private:
  void write();
  std::deque<Waiting> next_group();
  Result<std::vector<Appended>> append_all(const std::deque<Waiting>& group);
  void prune(std::int64_t now);

  const OpenOptions options_;
  // The thread's alone.
  Connection connection_;
  EventAppender appender_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  bool writing_ = false;
  std::size_t waiting_bytes_ = 0;
  bool closing_ = false;

  std::thread thread_;
};

void Writer::append(Batch batch, AppendDone done) {
  std::size_t bytes = 0;
  for (const NewEvent& event : batch.events) bytes += event.line.size() + sizeof event;
  {
    std::lock_guard lock(mutex_);
    if (waiting_bytes_ + bytes <= options_.waiting_bytes && !closing_) {
      waiting_bytes_ += bytes;
      waiting_.push_back({std::move(batch), std::move(done), bytes});
      done = nullptr;
    }
  }
  if (done)
    return done(Error{fmt::format("store {}: more waits to be written than it may hold ({} bytes)", connection_.path(),
                                  options_.waiting_bytes),
                      ErrorKind::busy});
  wake_.notify_one();
}

std::deque<Waiting> Writer::next_group() {
  std::deque<Waiting> group;
  std::size_t events = 0;
  while (!waiting_.empty() && (group.empty() || events + waiting_.front().batch.events.size() <= kEventsPerTransaction)) {
    events += waiting_.front().batch.events.size();
    waiting_bytes_ -= waiting_.front().bytes;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

// All batches in one transaction. The results are in order; on an error nothing was written.
Result<std::vector<Appended>> Writer::append_all(const std::deque<Waiting>& group) {
  if (auto there = connection_.check_place(); !there) return there.error();
  auto results = atomically(connection_, [&]() -> Result<std::vector<Appended>> {
    std::vector<Appended> appended;
    appended.reserve(group.size());
    for (const Waiting& waiting : group) {
      auto one = appender_.append(waiting.batch);
      if (!one) return one.error();
      appended.push_back(one.value());
    }
    return appended;
  });
  if (!results) appender_.forget_types();
  return results;
}

// Forgets batches, and hours of ingest, that are too long ago.
void Writer::prune(std::int64_t now) {
  const auto remove = [&](Sql sql, std::int64_t time) {
    auto prune = connection_.lease(sql);
    if (!prune) return;
    prune->bind(1, time);
    // A failure here costs disk space until the next hour, nothing else; the next append reports what is wrong.
    (void)prune->step();
  };
  remove("DELETE FROM batches WHERE received_at < ?", now - options_.batch_memory_seconds);
  remove("DELETE FROM ingest_hours WHERE hour < ?", now - kIngestHoursSeconds);
}

void Writer::write() {
  auto next_prune = std::chrono::steady_clock::now();
  for (;;) {
    std::unique_lock lock(mutex_);
    writing_ = false;
    wake_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::deque<Waiting> group = next_group();
    writing_ = true;
    lock.unlock();

    auto results = append_all(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (results) group[i].done(results.value()[i]);
      else group[i].done(results.error());
    }
    if (const auto now = std::chrono::steady_clock::now(); results && now >= next_prune) {
      next_prune = now + kPruneEvery;
      prune(group.back().batch.received_at);
    }
  }
}

}  // namespace

Result<std::unique_ptr<BatchWriter>> start_batch_writer(Connection connection, const OpenOptions& options) {
  if (auto set = connection.run("PRAGMA cache_size=-16384"); !set) return set.error();
  auto writer = std::make_unique<Writer>(std::move(connection), options);
  if (auto started = writer->start(); !started) return started.error();
  return std::unique_ptr<BatchWriter>(std::move(writer));
}

}  // namespace logystera::store::sqlite

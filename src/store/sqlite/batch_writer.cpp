#include "store/sqlite/batch_writer.hpp"

#include <fmt/core.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/faults.hpp"
#include "store/sqlite/all_stores.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::size_t kEventsPerTransaction = 4096;  // bounds how long the first of a group waits for the last
constexpr std::size_t kWorksPerTransaction = 8;      // and the batches for the works
constexpr auto kPruneEvery = std::chrono::hours(1);

struct Waiting {
  Batch batch;
  BatchWriter::AppendDone done;
  std::size_t bytes = 0;
  Result<Appended> appended{Appended()};
  std::vector<std::uint64_t> sequences = {};
};

struct WaitingWork {
  BatchWriter::Work work;
  BatchWriter::WorkDone done;
  Result<Done> outcome{Done()};
};

/// What one transaction stores.
struct Group {
  std::deque<Waiting> batches;
  std::deque<WaitingWork> works;
};

/// The writer's connection, for the works' stores.
struct Own final : Connections {
  explicit Own(Connection& c) : connection(c) {}
  Result<Lent> lend() override { return Lent(connection); }
  Connection& connection;
};

class Writer final : public BatchWriter {
 public:
  Writer(Connection connection, const OpenOptions& options)
      : options_(options),
        connection_(std::move(connection)),
        appender_(connection_, options.types),
        own_(connection_),
        stores_(own_, options) {}

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
  void run(Work work, WorkDone done) override;
  void on_stored(std::function<void(StoredBatch)> told) override {
    const std::lock_guard lock(telling_);
    told_ = std::move(told);
  }
  bool idle() const override {
    const std::lock_guard lock(mutex_);
    return waiting_.empty() && works_.empty() && !writing_;
  }

 private:
  void write();
  Group next_group();
  Result<Done> store(Group& group, bool with_works);
  Result<Done> append_all(std::deque<Waiting>& batches);
  Result<Done> run_one(WaitingWork& work);
  void store_all(Group& group);
  void tell(Group& group);
  void prune(std::int64_t now);

  const OpenOptions options_;
  // The thread's alone.
  Connection connection_;
  EventAppender appender_;
  Own own_;
  With<Stores> stores_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::deque<WaitingWork> works_;
  std::mutex telling_;
  std::function<void(StoredBatch)> told_;
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

void Writer::run(Work work, WorkDone done) {
  {
    const std::lock_guard lock(mutex_);
    if (works_.size() < kWorksWaiting && !closing_) {
      works_.push_back({std::move(work), std::move(done)});
      done = nullptr;
    }
  }
  if (done)
    return done(Error{fmt::format("store {}: {} works wait to be written already", connection_.path(), kWorksWaiting),
                      ErrorKind::busy});
  wake_.notify_one();
}

Group Writer::next_group() {
  Group group;
  std::size_t events = 0;
  while (!waiting_.empty() &&
         (group.batches.empty() || events + waiting_.front().batch.events.size() <= kEventsPerTransaction)) {
    events += waiting_.front().batch.events.size();
    waiting_bytes_ -= waiting_.front().bytes;
    group.batches.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  while (!works_.empty() && group.works.size() < kWorksPerTransaction) {
    group.works.push_back(std::move(works_.front()));
    works_.pop_front();
  }
  return group;
}

Result<Done> Writer::append_all(std::deque<Waiting>& batches) {
  for (Waiting& waiting : batches) {
    waiting.sequences.clear();
    waiting.appended = appender_.append(waiting.batch, waiting.batch.owner ? &waiting.sequences : nullptr);
    if (!waiting.appended) return waiting.appended.error();
  }
  return Done{};
}

// An error: the transaction is gone with it.
Result<Done> Writer::run_one(WaitingWork& work) {
  if (auto marked = connection_.run("SAVEPOINT work"); !marked) return marked;
  connection_.forget_failure();
  work.outcome = work.work(stores_);
  if (work.outcome && connection_.failed())
    work.outcome = Error{fmt::format("store {}: cannot commit: a part of it has failed", connection_.path())};
  connection_.forget_failure();
  // A full disk, or one that cannot be read, may have taken all of it back.
  if (!connection_.in_transaction())
    return work.outcome ? Error{fmt::format("store {}: the transaction was lost", connection_.path())}
                        : work.outcome.error();
  if (!work.outcome) {
    if (auto undone = connection_.run("ROLLBACK TO work"); !undone) return undone;
  }
  return connection_.run("RELEASE work");
}

// All of it in one transaction, but for works that fail by themselves. On an error nothing was written.
Result<Done> Writer::store(Group& group, bool with_works) {
  if (auto there = connection_.check_place(); !there) return there;
  auto stored = atomically(connection_, [&]() -> Result<Done> {
    if (auto appended = append_all(group.batches); !appended) return appended;
    if (!with_works) return Done{};
    for (WaitingWork& work : group.works) {
      if (auto ran = run_one(work); !ran) return ran;
    }
    LOGYSTERA_KILL_POINT("group-before-commit");
    return Done{};
  });
  if (!stored) appender_.forget_types();
  return stored;
}

// Batches are not lost with a work that takes the transaction with it.
void Writer::store_all(Group& group) {
  auto stored = store(group, true);
  if (!stored && !group.works.empty() && !group.batches.empty()) {
    for (WaitingWork& work : group.works)
      if (work.outcome) work.outcome = stored.error();
    stored = store(group, false);
  } else if (!stored) {
    for (WaitingWork& work : group.works)
      if (work.outcome) work.outcome = stored.error();
  }
  if (!stored) {
    for (Waiting& waiting : group.batches) waiting.appended = stored.error();
  }
}

void Writer::tell(Group& group) {
  LOGYSTERA_KILL_POINT("group-before-told");
  for (Waiting& waiting : group.batches) waiting.done(waiting.appended);
  for (WaitingWork& work : group.works) work.done(work.outcome);
  // The lock: whoever has said that he hears no more is not told any more.
  const std::lock_guard lock(telling_);
  if (!told_) return;
  for (Waiting& waiting : group.batches) {
    if (waiting.appended && waiting.batch.owner && waiting.appended->accepted > 0)
      told_({std::move(waiting.batch), std::move(waiting.sequences)});
  }
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
    wake_.wait(lock, [&] { return closing_ || !waiting_.empty() || !works_.empty(); });
    if (waiting_.empty() && works_.empty()) return;
    Group group = next_group();
    writing_ = true;
    lock.unlock();

    const std::int64_t received = group.batches.empty() ? 0 : group.batches.back().batch.received_at;
    store_all(group);
    const bool stored = !group.batches.empty() && group.batches.front().appended.ok();
    tell(group);
    if (const auto now = std::chrono::steady_clock::now(); stored && now >= next_prune) {
      next_prune = now + kPruneEvery;
      prune(received);
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

#include "analysis/pipeline.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <numeric>
#include <system_error>
#include <thread>

#include "source/file_source.hpp"

namespace logystera::analysis {
namespace {

constexpr auto kPatience = std::chrono::milliseconds(100);
constexpr std::size_t kBlocksOfWorkers = 2;  // as many times what is read at a time when there are several workers

template <std::size_t size>
std::uint64_t sum_of(const std::array<std::uint64_t, size>& counts) noexcept {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

// Lets numbered visitors through one at a time, in the order of their numbers. Stays are short, so whoever is next looks a
// few times before going to sleep: waking up takes longer.
class Gate {
 public:
  // False: the gate is shut, somebody whose turn came before will never pass.
  bool enter(std::uint64_t number) {
    constexpr int kLooks = 4096;
    std::uint64_t next = 0;
    for (int look = 0; look < kLooks; ++look)
      if ((next = next_.load(std::memory_order_acquire)) == number) return true;
    for (; next != number && next != kShut; next = next_.load(std::memory_order_acquire)) next_.wait(next);
    return next == number;
  }
  void leave(std::uint64_t number) {
    next_.compare_exchange_strong(number, number + 1, std::memory_order_release, std::memory_order_relaxed);
    next_.notify_all();
  }
  void shut() {
    next_.store(kShut, std::memory_order_release);
    next_.notify_all();
  }

 private:
  static constexpr std::uint64_t kShut = ~std::uint64_t{0};
  std::atomic<std::uint64_t> next_{0};
};

// A part being read, held until the last batch of it is through: records point at its name.
struct OpenPart {
  std::shared_ptr<const source::Part> part;
  std::string set;               // what its source is called
  std::optional<Error> failure;  // of the source itself
  std::array<std::uint64_t, redact::kKinds> redacted{};
  std::uint64_t findings = 0;
};

// One batch's way through the stages.
struct Ticket {
  std::uint64_t number = 0;
  std::shared_ptr<OpenPart> part;
  RecordBatch batch;
  bool first_of_part = false, last_of_part = false, last_of_source = false;
};

StageOptions stage_options(const PipelineOptions& options, const Watcher& watcher) {
  StageOptions of_stage = options;
  of_stage.further = watcher.wants_further();
  return of_stage;
}

class Run {
 public:
  Run(const NextSource& next_source, FieldNames& names, const detect::Engine* engine, const PipelineOptions& options,
      Watcher& watcher, Progress& progress, const std::atomic<bool>& stop)
      : next_source_(next_source),
        options_(options),
        watcher_(watcher),
        progress_(progress),
        stop_(stop),
        stage_(engine, names, stage_options(options, watcher)) {}

  Totals finish();

 private:
  struct Worker;

  struct WindowsTurn;

  std::unique_ptr<Worker> make_worker() const;
  void work_beside();
  void work_or_give_up(Worker& worker);
  void work(Worker& worker);
  void give_up();
  bool take_batch(Ticket& ticket);
  Result<source::State> next_records(RecordBatch& batch, bool& stopped);
  void hand_out(Worker& worker);

  const NextSource& next_source_;
  const PipelineOptions& options_;
  Watcher& watcher_;
  Progress& progress_;
  const std::atomic<bool>& stop_;
  Stage stage_;

  // Taking batches.
  std::mutex take_mutex_;
  std::uint64_t next_ticket_ = 0;
  std::unique_ptr<source::RecordSource> source_;  // being read; null: the next one is to be asked for
  std::shared_ptr<OpenPart> open_;                // null: none of its parts is
  bool ended_ = false;

  // Counting over time.
  Gate windows_gate_;

  // Handing out.
  Gate out_gate_;
  Totals totals_;

  std::exception_ptr failure_;  // what the first worker that failed died of; with take_mutex_
};

struct Run::Worker {
  Ticket ticket;
  Stage::Worker staged;
};

struct Run::WindowsTurn final : Turn {
  Gate& gate;
  const std::uint64_t number;

  WindowsTurn(Gate& g, std::uint64_t n) : gate(g), number(n) {}
  bool enter() override { return gate.enter(number); }
  void leave() override { gate.leave(number); }
};

// A source may have nothing for a while: a run waits for it. A source that is stopped still gives what it has.
Result<source::State> Run::next_records(RecordBatch& batch, bool& stopped) {
  for (;;) {
    stopped = stop_.load(std::memory_order_relaxed);
    if (stopped) return source_->finish(batch) ? source::State::records : source::State::ended;
    auto state = source_->next(batch, kPatience);
    for (const std::string& notice : source_->notices()) watcher_.notice(notice);
    if (!state || state.value() != source::State::idle) return state;
  }
}

// The next batch, with its number. A part's last ticket carries no records: only then its counts are final.
bool Run::take_batch(Ticket& ticket) {
  std::lock_guard lock(take_mutex_);
  if (ended_) return false;
  if (!source_ && !(source_ = next_source_())) {
    ended_ = true;
    return false;
  }
  bool stopped = false;
  auto state = next_records(ticket.batch, stopped);
  std::shared_ptr<const source::Part> part = source_->part();
  if (!part) {
    auto unknown = std::make_shared<source::Part>();
    unknown->name = source_->label();
    part = std::move(unknown);
  }
  ticket.first_of_part = !open_ || open_->part != part;
  if (ticket.first_of_part) {
    open_ = std::make_shared<OpenPart>();
    open_->part = std::move(part);
    open_->set = source_->label();
  }
  if (!state) open_->failure = state.error();
  ticket.number = next_ticket_++;
  ticket.part = open_;
  ticket.last_of_part = ticket.last_of_source = false;
  if (state && state.value() == source::State::records) {
    progress_.bytes.fetch_add(ticket.batch.text.size(), std::memory_order_relaxed);
    return true;
  }
  ticket.batch.clear();
  ticket.last_of_part = true;
  ticket.last_of_source = !state || state.value() == source::State::ended;
  open_.reset();
  if (ticket.last_of_source) source_.reset();
  progress_.sources.fetch_add(1, std::memory_order_relaxed);
  ended_ = stopped;
  return true;
}

// After the output gate is shut nothing more is handed out.
void Run::hand_out(Worker& worker) {
  Ticket& ticket = worker.ticket;
  OpenPart& part = *ticket.part;
  Stage::Worker& staged = worker.staged;
  Chunk chunk{part.part->name,          part.set, ticket.batch, staged.first_record, std::move(staged.findings), {},
              std::move(staged.further)};
  watcher_.prepare(chunk);

  if (!out_gate_.enter(ticket.number)) return;
  watcher_.take(chunk);
  for (std::size_t i = 0; i < part.redacted.size(); ++i) part.redacted[i] += staged.redacted[i];
  part.findings += chunk.findings.size();
  totals_.left_out += staged.left_out;
  progress_.records.fetch_add(ticket.batch.size(), std::memory_order_relaxed);
  progress_.findings.fetch_add(chunk.findings.size(), std::memory_order_relaxed);
  if (ticket.last_of_part) {
    SourceReport report{*part.part, part.redacted, part.findings};
    if (part.failure) report.problem = part.failure;
    totals_.sources += !report.passed_over;
    totals_.passed_over += report.passed_over;
    totals_.failed += report.problem.has_value() && !report.passed_over;
    add(totals_.counts, report.counts);
    for (std::size_t i = 0; i < report.redacted.size(); ++i) totals_.redacted[i] += report.redacted[i];
    totals_.findings += report.findings;
    watcher_.finished(report);
  }
  out_gate_.leave(ticket.number);
}

std::unique_ptr<Run::Worker> Run::make_worker() const {
  return std::make_unique<Worker>(Worker{.ticket = {}, .staged = stage_.worker()});
}

// To be called while an exception is handled: no batch passes any more, and finish() throws it.
void Run::give_up() {
  std::lock_guard lock(take_mutex_);
  if (!failure_) failure_ = std::current_exception();
  ended_ = true;
  windows_gate_.shut();
  out_gate_.shut();
}

// A thread beside the one that called run(). For which there is no memory, it leaves the work to the others.
void Run::work_beside() {
  std::unique_ptr<Worker> worker;
  try {
    worker = make_worker();
  } catch (const std::bad_alloc&) {
    return;
  }
  work_or_give_up(*worker);
}

void Run::work_or_give_up(Worker& worker) {
  try {
    work(worker);
  } catch (...) {
    give_up();
  }
}

void Run::work(Worker& worker) {
  Ticket& ticket = worker.ticket;
  while (take_batch(ticket)) {
    WindowsTurn turn(windows_gate_, ticket.number);
    const Ends ends{.first_of_part = ticket.first_of_part, .last_of_source = ticket.last_of_source};
    if (!stage_.process(worker.staged, ticket.batch, ticket.part->part->name, ends, turn)) return;
    hand_out(worker);
  }
}

// Where fewer threads than wanted can be started, or have the memory to begin, those do the work. Throws what a thread died of
// (std::bad_alloc), when all have ended.
Totals Run::finish() {
  const auto started = std::chrono::steady_clock::now();
  const unsigned threads = std::clamp(options_.threads, 1u, kThreadsMost);
  const std::unique_ptr<Worker> worker = make_worker();  // before the others take what memory there is
  std::vector<std::thread> others;
  others.reserve(threads);
  try {
    for (unsigned i = 1; i < threads; ++i) others.emplace_back([this] { work_beside(); });
  } catch (const std::system_error&) {  // no more threads may be started: those there are do the work
  } catch (const std::bad_alloc&) {
  }
  work_or_give_up(*worker);
  for (std::thread& other : others) other.join();
  if (failure_) std::rethrow_exception(failure_);
  totals_.windows_forgotten = stage_.windows_forgotten();
  totals_.interrupted = stop_.load();
  totals_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return totals_;
}

}  // namespace

std::uint64_t SourceReport::redacted_total() const noexcept { return sum_of(redacted); }
std::uint64_t Totals::redacted_total() const noexcept { return sum_of(redacted); }

void add(parse::SourceCounts& sum, const parse::SourceCounts& more) noexcept {
  sum.bytes += more.bytes;
  sum.lines += more.lines;
  sum.records += more.records;
  sum.unparsed += more.unparsed;
  sum.blank += more.blank;
  sum.directives += more.directives;
  sum.joined += more.joined;
  sum.truncated += more.truncated;
  sum.truncated_bytes += more.truncated_bytes;
  sum.hole_bytes += more.hole_bytes;
  sum.damaged += more.damaged;
  sum.damaged_bytes += more.damaged_bytes;
  sum.checksums += more.checksums;
  sum.unfinished += more.unfinished;
  sum.undecodable += more.undecodable;
  sum.format_changes += more.format_changes;
  sum.unnamed_fields += more.unnamed_fields;
}

Totals run(const NextSource& next_source, FieldNames& names, const detect::Engine* engine, const PipelineOptions& options,
           Watcher& watcher, Progress& progress, const std::atomic<bool>& stop) {
  return Run(next_source, names, engine, options, watcher, progress, stop).finish();
}

Totals run(const std::vector<source::SourceSet>& sets, const parse::Formats& formats, FieldNames& names,
           const detect::Engine* engine, const PipelineOptions& options, Watcher& watcher, Progress& progress,
           const std::atomic<bool>& stop) {
  source::FileSourceOptions reading{.source = options.source, .resume = {}};
  reading.source.input.stop = &stop;
  // Workers hand a batch over twice; each time one of them may have to wait for the other.
  if (options.threads > 1) reading.source.block_bytes *= kBlocksOfWorkers;
  const NextSource next_source = [&, at = std::size_t{0}]() mutable -> std::unique_ptr<source::RecordSource> {
    if (at == sets.size()) return nullptr;
    return std::make_unique<source::FileSource>(sets[at++], formats, names, reading);
  };
  return run(next_source, names, engine, options, watcher, progress, stop);
}

}  // namespace logystera::analysis

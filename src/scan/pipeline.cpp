#include "scan/pipeline.hpp"

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

#include "core/hmac.hpp"
#include "detect/windows.hpp"

namespace logystera::scan {
namespace {

constexpr std::size_t kBlocksOfWorkers = 2;  // as many times what is read at a time when there are several workers

void add(parse::SourceCounts& sum, const parse::SourceCounts& more) {
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

// A file being read, kept until the last batch of it is through: records point at its name.
struct OpenSource {
  SourceReport report;
  const SourceSet* set;
  std::optional<parse::Source> source;  // none: it could not be opened
};

// One batch's way through the stages.
struct Ticket {
  std::uint64_t number = 0;
  std::shared_ptr<OpenSource> source;  // null: the end of `set`
  const SourceSet* set = nullptr;
  RecordBatch batch;
  bool first_of_source = false, last_of_source = false, last_of_set = false;
};

redact::Options redaction(const PipelineOptions& options) {
  return {.mode = options.mode, .salt = options.salt, .digits = options.digits, .patterns = options.patterns};
}

class Run {
 public:
  Run(const std::vector<SourceSet>& sets, const parse::Formats& formats, FieldNames& names, const detect::Engine* engine,
      const PipelineOptions& options, Watcher& watcher, Progress& progress, const std::atomic<bool>& stop)
      : sets_(sets),
        formats_(formats),
        names_(names),
        engine_(engine),
        options_(options),
        watcher_(watcher),
        progress_(progress),
        stop_(stop),
        redactor_(redaction(options)) {}

  Totals finish();

 private:
  struct Worker;

  std::unique_ptr<Worker> make_worker() const;
  void work_beside();
  void work_or_give_up(Worker& worker);
  void work(Worker& worker);
  void give_up();
  bool take_batch(Ticket& ticket);
  void open_next();
  void end_source(Ticket& ticket);
  void count_windows(Worker& worker);
  void redact(Worker& worker);
  void hand_out(Worker& worker);

  const std::vector<SourceSet>& sets_;
  const parse::Formats& formats_;
  FieldNames& names_;
  const detect::Engine* const engine_;
  const PipelineOptions& options_;
  Watcher& watcher_;
  Progress& progress_;
  const std::atomic<bool>& stop_;
  const redact::Redactor redactor_;  // the workers' are made after it

  // Taking batches.
  std::mutex take_mutex_;
  std::uint64_t next_ticket_ = 0;
  std::size_t set_at_ = 0, file_at_ = 0;
  std::shared_ptr<OpenSource> open_;
  bool fresh_ = false;  // the open source has not given a batch yet
  bool ended_ = false;
  parse::TimeContext::Order order_;  // of the file read last

  // Counting over time.
  Gate windows_gate_;
  std::optional<detect::Windows> windows_;
  std::uint32_t open_key_ = 0;
  std::uint64_t records_ = 0;

  // Handing out.
  Gate out_gate_;
  Totals totals_;

  std::exception_ptr failure_;  // what the first worker that failed died of; with take_mutex_
};

struct Run::Worker {
  Ticket ticket;
  std::optional<detect::Session> session;
  redact::Redactor redactor;
  std::vector<std::uint32_t> hits;       // of all records of the batch, one after the other
  std::vector<std::uint32_t> hits_ends;  // record → where its hits end
  std::vector<detect::Match> matches;
  std::array<std::uint64_t, redact::kKinds> redacted{};
  std::uint64_t first_record = 0;
  bool redacted_in_turn = false;
};

// Opens the next file that can be opened; those that cannot are reported by a ticket of their own.
void Run::open_next() {
  const SourceSet& set = sets_[set_at_];
  parse::SourceOptions source_options = options_.source;
  source_options.input.stop = &stop_;
  // Workers hand a batch over twice; each time one of them may have to wait for the other.
  if (options_.threads > 1) source_options.block_bytes *= kBlocksOfWorkers;
  auto open = std::make_shared<OpenSource>(OpenSource{{}, &set, {}});
  open->report.name = set.files[file_at_].path;
  if (file_at_ > 0) source_options.order = order_;
  auto input = open_source(set.files[file_at_], source_options.input);
  bool no_log = false;
  Result<parse::Source> source = [&]() -> Result<parse::Source> {
    if (!input) return input.error();
    return parse::Source::open(std::move(input.value()), formats_, names_, source_options, &no_log);
  }();
  if (source) {
    open->source.emplace(std::move(source).value());
    const parse::Detection& detection = open->source->detection();
    open->report.format = detection.name;
    open->report.title = detection.title;
    open->report.compression = parse::compression_name(detection.compression);
    open->report.encoding = parse::encoding_name(detection.encoding);
    open->report.confidence = detection.confidence;
  } else {
    open->report.problem = source.error();
    open->report.passed_over = no_log && set.files[file_at_].found;
  }
  open_ = std::move(open);
  fresh_ = true;
}

void Run::end_source(Ticket& ticket) {
  ticket.last_of_source = true;
  open_.reset();
  if (++file_at_ < sets_[set_at_].files.size()) return;
  file_at_ = 0;
  ++set_at_;
  ticket.last_of_set = true;
}

// The next batch, with its number. A source's last ticket carries no records: only then its counts are final.
bool Run::take_batch(Ticket& ticket) {
  std::lock_guard lock(take_mutex_);
  if (ended_ || (!open_ && set_at_ == sets_.size())) return false;
  // A source that is stopped while it waits for bytes still gives what it has.
  const bool stopped = stop_.load(std::memory_order_relaxed);
  if (!open_) open_next();
  const bool readable = open_->source.has_value();
  ticket.number = next_ticket_++;
  ticket.source = open_;
  ticket.set = open_->set;
  ticket.first_of_source = std::exchange(fresh_, false);
  ticket.last_of_source = ticket.last_of_set = false;
  if (readable && !stopped && open_->source->next_batch(ticket.batch)) {
    progress_.bytes.fetch_add(ticket.batch.text.size(), std::memory_order_relaxed);
    return true;
  }
  ticket.batch.clear();
  SourceReport& report = open_->report;
  if (readable) {
    report.counts = open_->source->counts();
    report.changes = open_->source->changes();
    order_ = open_->source->order();
    if (!report.problem) report.problem = open_->source->problem();
  }
  end_source(ticket);
  progress_.sources.fetch_add(1, std::memory_order_relaxed);
  if (stopped) {
    ended_ = true;
    ticket.last_of_set = true;
  }
  return true;
}

void Run::count_windows(Worker& worker) {
  Ticket& ticket = worker.ticket;
  worker.first_record = records_;
  records_ += ticket.batch.size();
  if (!engine_) return;
  if (!windows_) windows_.emplace(engine_->rules(), names_, options_.window_options());
  windows_->feed(ticket.batch.records, worker.hits, worker.hits_ends, worker.matches);
  if (!ticket.last_of_set) return;
  windows_->finish(worker.matches);
  totals_.windows_forgotten += windows_->stats().forgotten;
  windows_.reset();
}

void Run::redact(Worker& worker) {
  const auto before = worker.redactor.counts();
  worker.redactor.redact(worker.ticket.batch, names_);
  for (std::size_t i = 0; i < before.size(); ++i) worker.redacted[i] = worker.redactor.counts()[i] - before[i];
}

// After the output gate is shut nothing more is handed out.
void Run::hand_out(Worker& worker) {
  Ticket& ticket = worker.ticket;
  Chunk chunk{ticket.source->report.name, ticket.set->name, ticket.batch, worker.first_record, {}, {}};
  for (const detect::Match& match : worker.matches) {
    chunk.findings.push_back(finding_of(engine_->rules().rules[match.rule], match.record, match.time_ns, match.time_known,
                                        match.hits, match.measure, ticket.source->report.name));
  }
  watcher_.prepare(chunk);

  if (!out_gate_.enter(ticket.number)) return;
  watcher_.take(chunk);
  SourceReport& report = ticket.source->report;
  for (std::size_t i = 0; i < report.redacted.size(); ++i) report.redacted[i] += worker.redacted[i];
  report.findings += chunk.findings.size();
  progress_.records.fetch_add(ticket.batch.size(), std::memory_order_relaxed);
  progress_.findings.fetch_add(chunk.findings.size(), std::memory_order_relaxed);
  if (ticket.last_of_source) {
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
  auto worker =
      std::make_unique<Worker>(Worker{.ticket = {},
                                      .session = engine_ ? std::optional<detect::Session>(*engine_) : std::nullopt,
                                      .redactor = redact::Redactor(redactor_),
                                      .hits = {},
                                      .hits_ends = {},
                                      .matches = {}});
  if (worker->session && !options_.declared.empty()) worker->session->declare(options_.declared);
  return worker;
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
    worker.hits.clear();
    worker.hits_ends.clear();
    worker.matches.clear();
    worker.redacted.fill(0);
    if (worker.session) {
      for (const Record& record : ticket.batch.records) {
        const auto hits = worker.session->match(record);
        worker.hits.insert(worker.hits.end(), hits.begin(), hits.end());
        worker.hits_ends.push_back(static_cast<std::uint32_t>(worker.hits.size()));
      }
    }
    const bool key_possible = worker.redactor.look_ahead(ticket.batch);

    if (!windows_gate_.enter(ticket.number)) return;
    count_windows(worker);
    if (ticket.first_of_source) open_key_ = 0;
    const bool in_turn = key_possible || open_key_ != 0;
    worker.redactor.continue_source(open_key_);
    if (in_turn) {
      redact(worker);
      open_key_ = worker.redactor.open_key();
    }
    windows_gate_.leave(ticket.number);

    if (!in_turn) redact(worker);
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
  totals_.interrupted = stop_.load();
  totals_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return totals_;
}

}  // namespace

std::uint64_t SourceReport::redacted_total() const noexcept { return sum_of(redacted); }
std::uint64_t Totals::redacted_total() const noexcept { return sum_of(redacted); }

Finding finding_of(const detect::Rule& rule, const Record* record, std::int64_t time_ns, bool time_known,
                   std::uint64_t hits, double measure, const std::string& source) {
  Finding finding;
  finding.rule = rule.id;
  finding.title = rule.title;
  finding.author = rule.dialect == detect::Dialect::sigma ? rule.author : std::string();
  finding.level = rule.level;
  finding.source = source;
  finding.time_ns = time_ns;
  finding.time_known = time_known;
  finding.window = rule.is_window();
  finding.hits = hits;
  finding.measure = measure;
  if (record) {
    finding.source = std::string(record->source);
    finding.line = record->line;
    finding.message = std::string(record->message.empty() ? record->raw : record->message);
  }
  return finding;
}

detect::WindowOptions PipelineOptions::window_options() const {
  constexpr std::string_view kPurpose = "detect/groups/v1";
  detect::WindowOptions windows{.cells = window_cells};
  if (!salt.empty()) windows.key = bytes_of(hmac_sha256(salt, kPurpose));
  return windows;
}

Totals run(const std::vector<SourceSet>& sets, const parse::Formats& formats, FieldNames& names,
           const detect::Engine* engine, const PipelineOptions& options, Watcher& watcher, Progress& progress,
           const std::atomic<bool>& stop) {
  return Run(sets, formats, names, engine, options, watcher, progress, stop).finish();
}

}  // namespace logystera::scan

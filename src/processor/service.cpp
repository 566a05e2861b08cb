#include "processor/service.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <system_error>
#include <thread>
#include <unordered_map>

#include "core/faults.hpp"

namespace logystera::processor {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kStep = 4096;
constexpr std::uint64_t kUnsavedMost = 100'000, kUnsavedLeft = 50'000;  // events a restart has to feed again
constexpr std::size_t kSavedAtOnce = 4 * 1024 * 1024;
constexpr std::uint64_t kRebuiltFrom = 200'000;  // events fed where no saved windows fit the rules
constexpr std::uint64_t kUncommittedMost = 50'000;
constexpr std::uint64_t kUnmeteredMost = 50'000;  // events counted and not stored, which a restart counts again
// The same while it catches up: the rows of an hour and of a day are written for every so many events.
constexpr std::uint64_t kUnmeteredBehind = 200'000;
constexpr auto kMeteredEvery = std::chrono::seconds(15);
constexpr auto kCommitEvery = std::chrono::seconds(1), kTickEvery = std::chrono::seconds(10);
constexpr auto kAbsencesAfter = std::chrono::hours(1);
constexpr auto kLookEvery = std::chrono::milliseconds(500);  // for events other processes have stored
constexpr auto kBackoffLeast = std::chrono::milliseconds(100), kBackoffMost = std::chrono::milliseconds(5000);

/// Events of one step, their texts owned or held.
struct Step {
  std::vector<Input> inputs;
  std::vector<std::shared_ptr<const void>> owners;
  std::deque<std::string> texts;

  void clear() {
    inputs.clear();
    owners.clear();
    texts.clear();
  }
};

}  // namespace

struct Service::State {
  State(store::Store& s, store::BatchWriter& w, const analysis::CurrentProgram& p, ServiceOptions o)
      : store(s), writer(w), program(p), options(std::move(o)), ring(options.ring_bytes) {}

  void run();
  bool begin(std::shared_ptr<const analysis::Program> with);
  Result<Done> feed(Detector& made, std::uint64_t after, std::uint64_t windows_after, std::uint64_t through);
  Result<bool> next(Step& step);
  Result<Done> read_file(Step& step, std::uint64_t before);
  std::string_view name_of(std::string_view token);
  bool commit(bool last = false);
  bool metrics_are_due(bool last) const;
  bool commit_is_due() const;
  void retry_after(const Error& error);
  void publish();

  store::Store& store;
  store::BatchWriter& writer;
  const analysis::CurrentProgram& program;
  const ServiceOptions options;
  Ring ring;
  std::uint64_t newest_at_start = 0;
  std::atomic<bool> stopping{false};

  // The thread's alone.
  std::unique_ptr<Detector> detector;
  Effects effects;
  std::uint64_t looked = 0, committed = 0, metered = 0;  // seq
  std::int64_t received = 0;                             // of the last event looked at
  std::optional<store::StoredBatch> ahead;               // out of the ring, not looked at yet
  std::size_t ahead_at = 0;
  bool behind = false;  // the step at hand is a whole one out of the file: it catches up
  const Clock::time_point started_at = Clock::now();
  Clock::time_point committed_at = Clock::now(), ticked_at = Clock::now(), metered_at = Clock::now();
  std::chrono::milliseconds backoff = kBackoffLeast;
  std::unordered_map<std::string, std::string> names;  // of sites
  std::string refused;                                 // the last problem that was logged

  mutable std::mutex mutex;
  Status shown;
  std::int64_t waiting_since = 0;  // when the event after the last one arrived, or 0
  std::thread thread;
};

// For whoever asks how it stands.
void Service::State::publish() {
  DetectorStats stats = detector ? detector->stats() : DetectorStats();
  for (const auto& one : stats.damaged_settings) {
    if (std::find(shown.damaged_settings.begin(), shown.damaged_settings.end(), one) != shown.damaged_settings.end())
      continue;
    options.log(fmt::format("detection goes on without a part of what was set for site {}: {}", one.first, one.second));
  }
  const std::lock_guard lock(mutex);
  shown.damaged_settings = std::move(stats.damaged_settings);
  shown.running = detector != nullptr && backoff == kBackoffLeast;
  shown.position = committed;
  shown.ring_overflows = ring.dropped();
  shown.late = stats.late;
  shown.reevaluated = stats.reevaluated;
  shown.windows_forgotten = stats.forgotten;
  shown.sites = stats.sites;
  shown.sites_with_windows = stats.sites_with_windows;
  if (shown.running) shown.problem.clear();
}

void Service::State::retry_after(const Error& error) {
  if (refused != error.message) options.log(fmt::format("detection stands still: {}", error.message));
  refused = error.message;
  backoff = std::min<std::chrono::milliseconds>(backoff * 2, kBackoffMost);
  {
    const std::lock_guard lock(mutex);
    shown.running = false;
    shown.problem = error.message;
  }
  const auto until = Clock::now() + backoff;
  while (!stopping && Clock::now() < until) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

Result<Done> Service::State::feed(Detector& made, std::uint64_t after, std::uint64_t windows_after, std::uint64_t through) {
  while (after < through && !stopping) {
    Step step;
    store::EventQuery query;
    query.after = after;
    auto read = store.events().read(query, [&](const store::StoredEvent& event) {
      if (event.sequence > through) return false;
      const auto keep = [&](std::string_view text) -> std::string_view { return step.texts.emplace_back(text); };
      step.inputs.push_back(
          {event.sequence, keep(event.entity), keep(event.name), event.created_at, event.received_at, keep(event.line)});
      return step.inputs.size() < kStep;
    });
    if (!read) return read;
    if (step.inputs.empty()) return Done{};
    if (auto warmed = made.warm(step.inputs, windows_after); !warmed) return warmed;
    after = step.inputs.back().seq;
  }
  return Done{};
}

// Windows as they were, from what is stored. False: it could not be read.
bool Service::State::begin(std::shared_ptr<const analysis::Program> with) {
  DetectorOptions chosen;
  chosen.key = options.key;
  chosen.read = reader_of(store);
  chosen.seen = [this](std::string_view site) { return store.seen().list(site); };
  chosen.site_settings = [this](std::string_view site) { return store::site_settings(store.settings(), site); };
  chosen.may_not_send = [this] { return sites_that_may_not_send(store); };
  std::unique_ptr<Detector> made;
  const auto restored = [&]() -> Result<Done> {
    auto newest = store.events().newest();
    if (!newest) return newest.error();
    auto position = stored_position(store);
    if (!position) return position.error();
    auto counted = metrics_position(store);
    if (!counted) return counted.error();
    auto series = store.metrics().count(options.now() - store::kSeriesIdle);
    if (!series) return series.error();
    // Never ahead of detection: what is looked at is counted.
    const std::uint64_t at =
        position.value() && position.value()->seq <= newest.value() ? position.value()->seq : newest_at_start;
    metered = std::min(counted.value().value_or(at), at);
    chosen.metering = metering_of(store, metered, series.value(), options.now);
    chosen.anomalies = anomalies_of(store, metered);
    made = std::make_unique<Detector>(std::move(with), std::move(chosen));
    if (!position.value()) {
      looked = committed = metered = newest_at_start;
      options.log("detection begins with the next event: 'logystera detect' looks at those before");
      return Done{};
    }
    Position from = *position.value();
    if (from.seq > newest.value()) {
      options.log(fmt::format("detection was at event {}, and {} is the newest there is: it goes on from there", from.seq,
                              newest.value()));
      // What has come since the start has to be looked at.
      from = {newest_at_start, newest_at_start};
    }
    auto saved = store.site_windows().list();
    if (!saved) return saved.error();
    bool all = true;
    for (const store::SiteWindows& one : saved.value()) {
      if (made->restore(one)) continue;
      all = false;
      from.warm = std::min(from.warm, from.seq - std::min(from.seq, kRebuiltFrom));
    }
    if (!all) options.log("the rules have changed: windows are built anew from stored events");
    if (auto fed = feed(*made, std::min(from.warm, metered), from.warm, from.seq); !fed) return fed;
    if (!all) {
      // So that nothing fires again that has just fired.
      for (const store::SiteWindows& one : saved.value()) {
        auto last = store.findings().last_of_groups(one.site, options.now() - made->longest_span());
        if (!last) return last.error();
        for (const store::Finding& finding : last.value()) made->seed(finding);
      }
    }
    looked = committed = from.seq;
    return Done{};
  }();
  if (!restored) {
    retry_after(restored.error());
    return false;
  }
  // What was fed may not be all of it: the next process feeds it again.
  if (stopping) return false;
  effects = Effects();
  detector = std::move(made);
  backoff = kBackoffLeast;
  refused.clear();
  // The position is there from the first moment on: what comes while this process is down is looked at by the next.
  committed_at = Clock::time_point();
  return true;
}

std::string_view Service::State::name_of(std::string_view token) {
  constexpr std::size_t kNamesMost = 10'000;
  const std::string key(token);
  if (const auto known = names.find(key); known != names.end()) return known->second;
  if (names.size() >= kNamesMost) names.clear();
  auto found = store.entities().find(token);
  return names[key] = found && found.value() ? found.value()->name : key;
}

Result<Done> Service::State::read_file(Step& step, std::uint64_t before) {
  store::EventQuery query;
  query.after = looked;
  return store.events().read(query, [&](const store::StoredEvent& event) {
    if (event.sequence >= before) return false;
    const auto keep = [&](std::string_view text) -> std::string_view { return step.texts.emplace_back(text); };
    step.inputs.push_back(
        {event.sequence, keep(event.entity), keep(event.name), event.created_at, event.received_at, keep(event.line)});
    return step.inputs.size() < kStep;
  });
}

// The events after the last one: out of the ring where they follow on, else from the file. False: there are none.
Result<bool> Service::State::next(Step& step) {
  step.clear();
  behind = false;
  for (;;) {
    if (!ahead) {
      ahead = ring.pop();
      ahead_at = 0;
    }
    if (!ahead) break;
    const std::vector<std::uint64_t>& sequences = ahead->sequences;
    while (ahead_at < sequences.size() && (sequences[ahead_at] == 0 || sequences[ahead_at] <= looked)) ++ahead_at;
    if (ahead_at == sequences.size()) {
      ahead.reset();
      continue;
    }
    const std::uint64_t after = step.inputs.empty() ? looked : step.inputs.back().seq;
    if (sequences[ahead_at] != after + 1) {
      if (!step.inputs.empty()) return true;
      // One that was left out, or another process's.
      if (auto read = read_file(step, sequences[ahead_at]); !read) return read.error();
      behind = step.inputs.size() == kStep;
      if (!step.inputs.empty()) return true;
    }
    const std::string_view name = name_of(ahead->batch.entity);
    for (; ahead_at < sequences.size() && step.inputs.size() < kStep; ++ahead_at) {
      if (sequences[ahead_at] == 0) continue;
      const store::NewEvent& event = ahead->batch.events[ahead_at];
      step.inputs.push_back(
          {sequences[ahead_at], ahead->batch.entity, name, event.created_at, ahead->batch.received_at, event.line});
    }
    step.owners.push_back(ahead->batch.owner);
    if (ahead_at == sequences.size()) ahead.reset();
    if (step.inputs.size() == kStep) return true;
  }
  if (!step.inputs.empty()) return true;
  if (auto read = read_file(step, UINT64_MAX); !read) return read.error();
  behind = step.inputs.size() == kStep;
  return !step.inputs.empty();
}

bool Service::State::metrics_are_due(bool last) const {
  if (committed_at == Clock::time_point()) return true;  // the position is there from the first moment on
  const std::uint64_t most = behind ? kUnmeteredBehind : kUnmeteredMost;
  return looked != metered && (last || looked - metered >= most || Clock::now() - metered_at >= kMeteredEvery);
}

// What is found goes into the store at once, but while it catches up with what it finds within kCommitEvery: a commit waits for the disk.
bool Service::State::commit_is_due() const {
  if (!effects.empty() && !behind) return true;
  const bool due = looked - committed >= kUncommittedMost || Clock::now() - committed_at >= kCommitEvery;
  return ((looked != committed || !effects.empty()) && due) || metrics_are_due(false);
}

// Effects and position, or neither; until it is done, or the end.
bool Service::State::commit(bool last) {
  detector->take_seen(effects);
  const std::uint64_t unsaved = detector->first_unsaved();
  if (unsaved != 0 && looked - std::min(looked, unsaved) > kUnsavedMost)
    detector->save(looked - kUnsavedLeft, kSavedAtOnce, effects);
  const std::uint64_t first = detector->first_unsaved();
  const Position position{looked, first == 0 ? looked : first - 1};
  const bool metrics = metrics_are_due(last);
  if (metrics) detector->take_metrics(effects);
  for (;;) {
    const auto promise = std::make_shared<std::promise<Result<Done>>>();
    auto stored = promise->get_future();
    LOGYSTERA_KILL_POINT("detect-effects-queued");
    writer.run(
        [&](store::Stores& stores) -> Result<Done> {
          if (auto done = store_effects(stores, effects, options.on_findings); !done) return done;
          if (metrics)
            if (auto put = put_metrics_position(stores, looked, options.now()); !put) return put;
          return put_position(stores, position, options.now());
        },
        [promise](Result<Done> done) { promise->set_value(std::move(done)); });
    const Result<Done> done = stored.get();
    LOGYSTERA_KILL_POINT("detect-before-acknowledged");
    if (done) break;
    retry_after(done.error());
    if (stopping) return false;
  }
  effects = Effects();
  committed = looked;
  committed_at = Clock::now();
  if (metrics) {
    metered = looked;
    metered_at = committed_at;
  }
  backoff = kBackoffLeast;
  refused.clear();
  return true;
}

void Service::State::run() {
  Step step;
  while (!stopping) {
    const auto now_program = program.get();
    if (!now_program) {
      retry_after(now_program.error());
      continue;
    }
    if (!detector || detector->program() != now_program.value()) {
      if (detector && !commit(true)) break;
      if (!begin(now_program.value())) continue;
    }
    auto more = next(step);
    if (!more) {
      retry_after(more.error());
      continue;
    }
    if (more.value()) {
      {
        const std::lock_guard lock(mutex);
        waiting_since = step.inputs.front().received_at;
      }
      LOGYSTERA_KILL_POINT("detect-step");
      if (auto done = detector->process(step.inputs, effects); !done) {
        // A late range could not be read. What windows have counted is theirs, so they begin anew from what is stored.
        retry_after(done.error());
        detector.reset();
        ahead.reset();
        continue;
      }
      looked = step.inputs.back().seq;
      received = step.inputs.back().received_at;
    } else {
      const std::lock_guard lock(mutex);
      waiting_since = 0;
    }
    const auto now = Clock::now();
    if (!more.value() && now - ticked_at >= kTickEvery) {
      ticked_at = now;
      // Nobody is called silent for what was not heard while nobody listened.
      const bool judge = now - started_at >= kAbsencesAfter;
      if (auto done = detector->tick(options.now(), effects, judge); !done) retry_after(done.error());
    }
    if (commit_is_due() && !commit()) break;
    publish();
    if (!more.value()) {
      names.clear();  // which may have changed
      if (detector) detector->forget_settings();
      ring.wait_for(looked != committed ? std::chrono::milliseconds(kCommitEvery) : kLookEvery);
    }
  }
  if (!detector || backoff != kBackoffLeast) return;
  detector->save(UINT64_MAX, SIZE_MAX, effects);
  (void)commit(true);
}

Service::Service(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Service>> Service::start(store::Store& store, store::BatchWriter& writer,
                                                const analysis::CurrentProgram& program, ServiceOptions options) {
  auto state = std::make_unique<State>(store, writer, program, std::move(options));
  State* const own = state.get();
  auto newest = store.events().newest();
  if (!newest) return newest.error();
  own->newest_at_start = newest.value();
  writer.on_stored([own](store::StoredBatch batch) {
    LOGYSTERA_KILL_POINT("stored-before-published");
    own->ring.push(std::move(batch));
  });
  try {
    state->thread = std::thread([own] { own->run(); });
  } catch (const std::system_error& error) {
    writer.on_stored(nullptr);
    return Error{fmt::format("no thread can be started for detection: {}: raise 'ulimit -u'", error.code().message())};
  }
  return std::unique_ptr<Service>(new Service(std::move(state)));
}

Service::~Service() {
  state_->stopping = true;
  state_->ring.wake();
  if (state_->thread.joinable()) state_->thread.join();
  state_->writer.on_stored(nullptr);
}

Status Service::status() const {
  const std::lock_guard lock(state_->mutex);
  Status status = state_->shown;
  if (state_->waiting_since != 0)
    status.lag_seconds = std::max<std::int64_t>(0, state_->options.now() - state_->waiting_since);
  return status;
}

}  // namespace logystera::processor

// See live.hpp.
#include "cli/live.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/asking.hpp"
#include "cli/interrupt.hpp"
#include "cli/live_position.hpp"
#include "cli/live_stream.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

constexpr auto kSaveEvery = std::chrono::seconds(1);
constexpr auto kManySavedEvery = std::chrono::seconds(10);  // of each without records
constexpr auto kSignalLook = std::chrono::milliseconds(200);

void say(const LiveSource& live, std::string_view text) {
  fmt::print(stderr, "logystera {}: {}\n", live.command, printable(text));
}

// One source, or one of many that are read as one.
struct Followed {
  Followed(Stream& stream, const LiveOptions& options, const std::string& key)
      : positions(stream, key, options.resume, options.reset_position) {}

  Positions positions;
  std::unique_ptr<Lane> lane;  // once there is a record of it
  std::string label;
};

class Following {
 public:
  Following(const Analysis& analysis, const LiveOptions& options, const LiveSource& live, Stream& stream)
      : analysis_(analysis), options_(options), live_(live), stream_(stream) {}

  /// Errors: the source's; a position that cannot be used, with its place.
  Result<Done> open();
  /// Until the user interrupts, or the source ends.
  Result<Done> follow();

 private:
  Followed& at(const std::string& key);
  const std::string& key() const noexcept { return many_ ? many_->key() : live_.target; }
  Result<std::unique_ptr<source::RecordSource>> opened();
  Result<Done> take(RecordBatch& batch);
  Result<Done> keep_all();
  Result<Done> leave(const std::string& key);
  void say_notices() {
    for (const std::string& notice : source_->notices()) say(live_, notice);
  }

  const Analysis& analysis_;
  const LiveOptions& options_;
  const LiveSource& live_;
  Stream& stream_;
  std::map<std::string, std::unique_ptr<Followed>> followed_;  // by key
  std::unique_ptr<source::RecordSource> source_;
  source::ManySources* many_ = nullptr;  // the same, if it is many
  std::optional<Lane> base_;             // what the others have in common
};

Followed& Following::at(const std::string& key) {
  auto& followed = followed_[key];
  if (!followed) followed = std::make_unique<Followed>(stream_, options_, key);
  return *followed;
}

Result<std::unique_ptr<source::RecordSource>> Following::opened() {
  Begin begin{.from_start = options_.from_start};
  if (live_.open_many) {
    begin.left = [this](const std::string& key) { return at(key).positions.load(); };
    begin.unusable = [this](const std::string& key, const Error& why) { return at(key).positions.unusable(why); };
    auto many = live_.open_many(analysis_, std::move(begin));
    if (!many) return many.error();
    many_ = many->get();
    return std::unique_ptr<source::RecordSource>(std::move(many).value());
  }
  Positions& positions = at(live_.target).positions;
  auto position = positions.load();
  if (!position) return position.error();
  begin.position = std::move(position).value();
  const bool resumed = begin.position.has_value();
  auto one = live_.open(analysis_, std::move(begin));
  if (!one && resumed && one.error().kind == ErrorKind::broken) return positions.unusable(one.error());
  return one;
}

Result<Done> Following::open() {
  auto source = opened();
  if (!source) return source.error();
  source_ = std::move(source).value();
  // At once: a run that is killed within its first moment has left off where it began.
  return keep_all();
}

Result<Done> Following::take(RecordBatch& batch) {
  Followed& followed = at(key());
  if (!followed.lane) {
    followed.label = source_->label();
    if (!base_) base_.emplace(analysis_);
    followed.lane = std::make_unique<Lane>(analysis_, &*base_, std::string(), std::vector<std::string>());
  }
  return stream_.take(*followed.lane, batch, source_->label());
}

Result<Done> Following::keep_all() {
  if (!many_) return at(live_.target).positions.keep(source_->position());
  if (!options_.resume) return stream_.commit(std::nullopt);
  for (auto& [key, position] : many_->positions())
    if (auto done = at(key).positions.keep(std::move(position)); !done) return done;
  return Done{};
}

// One of many is gone.
Result<Done> Following::leave(const std::string& key) {
  Followed& followed = at(key);
  if (followed.lane)
    if (auto finished = stream_.finish(*followed.lane, followed.label); !finished) return finished;
  std::fflush(stdout);
  if (auto done = followed.positions.forget(); !done) return done;
  followed_.erase(key);
  return Done{};
}

Result<Done> Following::follow() {
  RecordBatch batch;
  auto saved = std::chrono::steady_clock::now();
  const auto pause = std::chrono::duration<double>(options_.poll_seconds);
  const auto patience =
      live_.waits ? std::chrono::duration_cast<std::chrono::milliseconds>(pause) : std::chrono::milliseconds(0);
  const auto save_every = many_ ? kManySavedEvery : kSaveEvery;
  bool ended = false;
  say_notices();
  while (!ended && !interrupted().load()) {
    auto state = source_->next(batch, patience);
    say_notices();
    if (!state) return state.error();
    const bool more = state.value() == source::State::records;
    ended = state.value() == source::State::ended;
    // As soon as it has been handed out: what a run that is killed repeats is one batch.
    if (more) {
      if (auto taken = take(batch); !taken) return taken;
      if (auto done = at(key()).positions.keep(source_->position()); !done) return done;
    }
    if (many_)
      for (const std::string& key : many_->forgotten())
        if (auto done = leave(key); !done) return done;
    const auto now = std::chrono::steady_clock::now();
    if (now - saved >= save_every) {
      if (auto done = keep_all(); !done) return done;
      saved = now;
    }
    if (state.value() != source::State::idle || live_.waits) continue;
    // In slices: a signal is not to wait for the next look.
    for (const auto until = now + pause; !interrupted().load() && std::chrono::steady_clock::now() < until;)
      std::this_thread::sleep_for(
          std::min<std::chrono::duration<double>>(kSignalLook, until - std::chrono::steady_clock::now()));
  }
  while (source_->finish(batch))
    if (auto taken = take(batch); !taken) return taken;
  say_notices();
  for (auto& [key, followed] : followed_)
    if (followed->lane)
      if (auto finished = stream_.finish(*followed->lane, followed->label); !finished) return finished;
  if (auto finished = stream_.finish(); !finished) return finished;
  return keep_all();
}

}  // namespace

std::optional<Error> wrong_together(const LiveOptions& options) {
  if (options.reset_position && !options.resume)
    return Error{"--reset-position is about what --resume keeps: use it with --resume", ErrorKind::invalid};
  if (options.detect_anomalies && !options.analysis.question.empty()) return baseline_of_part();
  return std::nullopt;
}

int run_live(const Globals& globals, const LiveOptions& options, const LiveSource& live) {
  if (auto wrong = wrong_together(options)) return fail(live.command, *wrong);
  auto prepared = prepare(live.command, globals, options.analysis);
  if (!prepared) return fail(live.command, prepared.error());
  const Analysis analysis = std::move(prepared).value();
  auto made = Stream::make(analysis, options, globals.json, live.names_sources);
  if (!made) return fail(live.command, made.error());
  Stream& stream = *made.value();
  Following following(analysis, options, live, stream);
  if (auto opened = following.open(); !opened) return fail(live.command, opened.error());
  if (auto done = following.follow(); !done) return fail(live.command, done.error());
  say_hook_notes(live.command, *analysis.program);
  if (stream.events() == 0) say_unseen_fields(live.command, analysis.program->pipeline().filter.get());
  if (const std::uint64_t lost = stream.lost(); lost > 0)
    say(live, fmt::format("{} findings could not be delivered to the webhook", lost));
  return kExitDone;
}

void add_live(Command& command, Globals& globals, LiveOptions& options) {
  add_reading(command, options.analysis);
  add_rules(command, options.analysis);
  add_condition(command, options.analysis.question, "records");
  command.add_flag("--reset-position", options.reset_position,
                   "With --resume: pass over where the last run ended, and keep a new position");
  command.add_flag("--findings-only", options.findings_only, "Do not print the events");
  command.add_flag("--track-errors", options.track_errors, "Store error groups");
  command.add_flag("--track-findings", options.track_findings, "Store findings of high severity or worse");
  command.add_flag("--detect-anomalies", options.detect_anomalies,
                   "Compare activity with the source's baseline, which grows by it");
  add_anomaly_options(command, options.anomaly);
  options.webhook.add(command, "Post findings as JSON to this URL");
  options.webhook_secret.add(command, "Sign what is posted with this secret, whsec_BASE64");
  command
      .add_option("--alert-min-severity", options.webhook_severity,
                  "Post findings of this severity and worse: low, medium, high, critical")
      ->check(any_of({"informational", "low", "medium", "high", "critical"}))
      ->capture_default_str();
  command.add_option("--poll-interval", options.poll_seconds, "Seconds between looks for more")
      ->check(Check::range(0.01, 3600.0))
      ->capture_default_str();
  add_json(command, globals, "One JSON object a line: event, finding, anomaly");
  add_store(command, globals);
}

}  // namespace logystera::cli

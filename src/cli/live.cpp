// See live.hpp.
#include "cli/live.hpp"

#include <fmt/core.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <utility>

#include "cli/asking.hpp"
#include "cli/interrupt.hpp"
#include "cli/live_position.hpp"
#include "cli/live_stream.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

constexpr auto kSaveEvery = std::chrono::seconds(1);

void say(const LiveSource& live, std::string_view text) {
  fmt::print(stderr, "logystera {}: {}\n", live.command, printable(text));
}

// Reads until the user interrupts, or the source ends.
Result<Done> follow(source::RecordSource& source, Stream& stream, Lane& lane, Positions& positions,
                    const LiveOptions& options, const LiveSource& live) {
  const auto say_notices = [&] {
    for (const std::string& notice : source.notices()) say(live, notice);
  };
  RecordBatch batch;
  auto saved = std::chrono::steady_clock::now();
  const auto pause = std::chrono::duration<double>(options.poll_seconds);
  const auto patience =
      live.waits ? std::chrono::duration_cast<std::chrono::milliseconds>(pause) : std::chrono::milliseconds(0);
  bool ended = false;
  while (!ended && !interrupted().load()) {
    auto state = source.next(batch, patience);
    say_notices();
    if (!state) return state.error();
    const bool more = state.value() == source::State::records;
    ended = state.value() == source::State::ended;
    if (more)
      if (auto taken = stream.take(lane, batch, source.label()); !taken) return taken;
    // As soon as it has been handed out: what a run that is killed repeats is one batch.
    const auto now = std::chrono::steady_clock::now();
    if (more || now - saved >= kSaveEvery) {
      if (auto done = positions.keep(source.position()); !done) return done;
      saved = now;
    }
    if (state.value() == source::State::idle && !live.waits) std::this_thread::sleep_for(pause);
  }
  while (source.finish(batch))
    if (auto taken = stream.take(lane, batch, source.label()); !taken) return taken;
  say_notices();
  if (auto finished = stream.finish(lane, source.label()); !finished) return finished;
  if (auto finished = stream.finish(); !finished) return finished;
  return positions.keep(source.position());
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
  Lane lane(analysis);
  Positions positions(stream, live.target, options.resume, options.reset_position);
  auto position = positions.load();
  if (!position) return fail(live.command, position.error());
  const bool resumed = position->has_value();
  auto opened = live.open(analysis, {.position = std::move(position).value(), .from_start = options.from_start});
  if (!opened && resumed && opened.error().kind == ErrorKind::broken)
    return fail(live.command, positions.unusable(opened.error()));
  if (!opened) return fail(live.command, opened.error());
  source::RecordSource& source = *opened.value();
  // At once: a run that is killed within its first moment has left off where it began.
  if (auto done = positions.keep(source.position()); !done) return fail(live.command, done.error());
  if (auto done = follow(source, stream, lane, positions, options, live); !done) return fail(live.command, done.error());
  say_hook_notes(live.command, *analysis.program);
  if (stream.events() == 0) say_unseen_fields(live.command, analysis.program->pipeline().filter.get());
  if (stream.lost() > 0) say(live, fmt::format("{} findings could not be delivered to the webhook", stream.lost()));
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

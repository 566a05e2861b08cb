// See live.hpp.
#include "cli/live.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>
#include <utility>

#include "analysis/baselines.hpp"
#include "analysis/stage.hpp"
#include "analysis/tracking.hpp"
#include "cli/interrupt.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/hmac.hpp"
#include "redact/salt.hpp"
#include "store/store.hpp"

namespace logystera::cli {
namespace {

constexpr auto kSaveEvery = std::chrono::seconds(1);
constexpr std::size_t kFileNameDigits = 16;
constexpr std::string_view kFileTarget = "file:";

// Where --resume keeps how far a source was read if nothing is stored: beside the salt, one small file a source.
std::string position_file(const std::string& target) {
  const std::string salt = redact::default_salt_file();
  if (salt.empty()) return {};
  // A file's name has always been made of its path alone.
  const std::string_view name =
      target.starts_with(kFileTarget) ? std::string_view(target).substr(kFileTarget.size()) : target;
  return salt.substr(0, salt.rfind('/')) + "/tail-" + to_hex(sha256(name)).substr(0, kFileNameDigits);
}

// None was kept yet: nothing.
Result<std::optional<source::Position>> load_position(const std::string& file) {
  const Fd in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!in && errno == ENOENT) return std::optional<source::Position>();
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{fmt::format("{}: the position kept there cannot be read: {}", file, in ? "no file" : std::strerror(errno)),
                 kind_of_errno(errno)};
  source::Position position;
  position.text.resize(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), store::PositionStore::kTextBytes));
  const ssize_t size = read_up_to(in.get(), position.text.data(), position.text.size());
  position.text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return std::optional<source::Position>(std::move(position));
}

// Keeps positions in a file of the user's own: written beside it and renamed, so that a process that dies leaves the one or the
// other. Not synced: after a power loss the place may be an older one, and lines come twice.
class PositionKeeper {
 public:
  explicit PositionKeeper(std::string file) : file_(std::move(file)) {}

  Result<Done> keep(const source::Position& position) {
    const std::string& text = position.text;
    if (text == kept_) return Done{};
    std::error_code ignored;
    if (kept_.empty()) std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), ignored);
    const std::string part = fmt::format("{}.{}", file_, ::getpid());
    ::unlink(part.c_str());
    bool written = false;
    {
      const Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
      written = out && write_all(out.get(), text);
    }
    if (!written || ::rename(part.c_str(), file_.c_str()) != 0) {
      const std::string why = std::strerror(errno);
      ::unlink(part.c_str());
      return Error{fmt::format("{}: the position cannot be kept: {}; without --resume none is", file_, why)};
    }
    kept_ = text;
    return Done{};
  }

 private:
  const std::string file_;
  std::string kept_;
};

// Takes batches through detection, redaction and output, one thread.
class Stream {
 public:
  Stream(const Analysis& analysis, const LiveOptions& options, bool json, bool names_sources)
      : dismissals(analysis.store_url),
        analysis_(analysis),
        options_(options),
        json_(json),
        style_{analysis.program->zone(), !json && colour_wanted(), names_sources},
        stage_(analysis.program->engine(), analysis.program->names(), analysis.program->pipeline()),
        worker_(stage_.worker()) {}

  /// What is stored of it is committed with `read`.
  Result<Done> take(RecordBatch& batch, const std::string& source);
  Result<Done> commit(const std::optional<analysis::Tracker::ReadUpTo>& read);
  /// The log has ended for us: windows are judged.
  Result<Done> finish(const std::string& source);

  std::unique_ptr<analysis::Tracker> tracker;
  std::unique_ptr<analysis::Baselines> baselines;
  std::unique_ptr<Webhook> webhook;
  detect::Level webhook_least = detect::Level::high;
  analysis::CurrentDismissals dismissals;

 private:
  Result<Done> report();
  void print(const analysis::Finding& finding);

  const Analysis& analysis_;
  const LiveOptions& options_;
  const bool json_;
  const Style style_;
  analysis::Stage stage_;
  analysis::Stage::Worker worker_;
  analysis::Turn turn_;  // one thread
  std::uint64_t number_ = 0;
};

void Stream::print(const analysis::Finding& finding) {
  if (!json_) {
    std::fputs(finding_line(finding, style_, style_.sources).c_str(), stdout);
    return;
  }
  JsonText json;
  json.begin_object().key("finding");
  append_finding(json, finding);
  json.end_object();
  fmt::print("{}\n", json.text());
}

Result<Done> Stream::report() {
  for (const analysis::Finding& finding : worker_.findings) {
    if (dismissals.hides(finding.rule, finding.source)) continue;
    print(finding);
    if (tracker && options_.track_findings)
      if (auto added = tracker->add(finding); !added) return added;
    if (!webhook || finding.level < webhook_least) continue;
    JsonText json;
    json.begin_object().member("type", "logystera.finding").member("timestamp", rfc3339(finding.time_ns)).key("data");
    append_finding(json, finding);
    json.end_object();
    webhook->post(json.take());
  }
  return Done{};
}

Result<Done> Stream::take(RecordBatch& batch, const std::string& source) {
  stage_.process(worker_, batch, source, {}, turn_);
  for (const Record& record : batch.records) {
    ++number_;
    if (!options_.findings_only) {
      if (json_) {
        JsonText json;
        json.begin_object().key("event");
        append_event(json, number_, record, analysis_.program->labels());
        json.end_object();
        fmt::print("{}\n", json.text());
      } else {
        std::string line;
        append_event(line, number_, 5, record, style_);
        std::fputs(line.c_str(), stdout);
      }
    }
    if (tracker && options_.track_errors)
      if (auto added = tracker->add(record); !added) return added;
  }
  if (baselines)
    if (auto added = baselines->add(source, batch); !added) return added;
  if (auto reported = report(); !reported) return reported;
  std::fflush(stdout);
  return Done{};
}

Result<Done> Stream::commit(const std::optional<analysis::Tracker::ReadUpTo>& read) {
  return tracker ? tracker->commit(read) : Result<Done>(Done{});
}

Result<Done> Stream::finish(const std::string& source) {
  RecordBatch none;
  stage_.process(worker_, none, source, {.last_of_source = true}, turn_);
  if (auto reported = report(); !reported) return reported;
  if (baselines)
    if (auto finished = baselines->finish(); !finished) return finished;
  return Done{};
}

Result<Done> equip(Stream& stream, const Analysis& analysis, const LiveOptions& options, const std::string& webhook_url,
                   bool json, std::unique_ptr<store::Store>& baseline_store) {
  if (options.track_errors || options.track_findings) {
    analysis::Tracker::Options tracking = tracking_options(analysis);
    tracking.whole_batches = true;  // so that what is stored and the position always go together
    auto tracker = analysis::Tracker::open(analysis.store_url, tracking);
    if (!tracker) return store_failure(tracker.error());
    stream.tracker = std::move(tracker).value();
  }
  if (options.detect_anomalies) {
    auto opened = analysis::open_tracked(analysis.store_url);
    if (!opened) return store_failure(opened.error());
    baseline_store = std::move(opened).value();
    const Style style{analysis.program->zone(), !json && colour_wanted()};
    // Said when it begins; said again when it is over, if there is more to say then.
    auto baselines = make_baselines(baseline_store->baselines(), options.anomaly,
                                    [json, style](const auto& key, const auto& anomaly, analysis::Baselines::Stage stage) {
                                      const bool over = stage == analysis::Baselines::Stage::over;
                                      if (over && anomaly.buckets == 1 && !json) return;
                                      if (!json) {
                                        std::fputs(anomaly_line(key, anomaly, style).c_str(), stdout);
                                        return;
                                      }
                                      JsonText text;
                                      text.begin_object().key("anomaly");
                                      append_anomaly(text, key, anomaly);
                                      text.member("stage", over ? "over" : "begun").end_object();
                                      fmt::print("{}\n", text.text());
                                    });
    if (!baselines) return baselines.error();
    stream.baselines = std::move(baselines).value();
  }
  if (webhook_url.empty()) return Done{};
  stream.webhook_least = detect::level_from(options.webhook_severity).value_or(detect::Level::high);
  const auto secret = options.webhook_secret.resolve();
  if (!secret) return secret.error();
  auto webhook = Webhook::start(webhook_url, secret.value());
  if (!webhook) return webhook.error();
  stream.webhook = std::move(webhook).value();
  return Done{};
}

// Where the position is kept: with what is stored, or in a file.
class Positions {
 public:
  /// `stream` has its tracker, if it is to have one.
  Positions(Stream& stream, std::string target, bool wanted)
      : stream_(stream),
        target_(std::move(target)),
        wanted_(wanted),
        file_(wanted ? position_file(target_) : std::string()),
        keeper_(file_) {}

  /// A database that has none for this source leaves it to the file: the runs before may have stored nothing.
  Result<std::optional<source::Position>> load() {
    if (!wanted_) return std::optional<source::Position>();
    if (stream_.tracker) {
      auto text = stream_.tracker->store().positions().find(target_);
      if (!text) return text.error();
      if (text.value()) return std::optional<source::Position>(source::Position{std::move(*text.value())});
    }
    if (file_.empty() && !stream_.tracker)
      return Error{"--resume: there is no home directory to keep the position in: set XDG_STATE_HOME",
                   ErrorKind::not_found};
    return file_.empty() ? std::optional<source::Position>() : load_position(file_);
  }

  /// Commits what is stored as well.
  Result<Done> keep(source::Position position) {
    if (!wanted_) return stream_.commit(std::nullopt);
    if (!stream_.tracker) return keeper_.keep(position);
    if (position.text == committed_) return stream_.commit(std::nullopt);
    if (auto done = stream_.commit(analysis::Tracker::ReadUpTo{target_, position.text}); !done) return done;
    // A later run without --track-… must not go on from an older place.
    if (committed_.empty() && !file_.empty()) ::unlink(file_.c_str());
    committed_ = std::move(position.text);
    return Done{};
  }

 private:
  Stream& stream_;
  const std::string target_;
  const bool wanted_;
  const std::string file_;
  PositionKeeper keeper_;
  std::string committed_;
};

void say(const LiveSource& live, std::string_view text) {
  fmt::print(stderr, "logystera {}: {}\n", live.command, printable(text));
}

// Reads until the user interrupts, or the source ends.
Result<Done> follow(source::RecordSource& source, Stream& stream, Positions& positions, const LiveOptions& options,
                    const LiveSource& live) {
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
    if (more) {
      if (auto refreshed = stream.dismissals.refresh(); !refreshed) return store_failure(refreshed.error());
      if (auto taken = stream.take(batch, source.label()); !taken) return taken;
      if (std::ferror(stdout)) return Error{kOutputLost};
    }
    // As soon as it has been handed out: what a run that is killed repeats is one batch.
    const auto now = std::chrono::steady_clock::now();
    if (more || now - saved >= kSaveEvery) {
      if (auto done = positions.keep(source.position()); !done) return done;
      saved = now;
    }
    if (state.value() == source::State::idle && !live.waits) std::this_thread::sleep_for(pause);
  }
  while (source.finish(batch))
    if (auto taken = stream.take(batch, source.label()); !taken) return taken;
  say_notices();
  if (auto finished = stream.finish(source.label()); !finished) return finished;
  return positions.keep(source.position());
}

}  // namespace

int run_live(const Globals& globals, const LiveOptions& options, const LiveSource& live) {
  auto prepared = prepare(live.command, globals, options.analysis);
  if (!prepared) return fail(live.command, prepared.error());
  const Analysis analysis = std::move(prepared).value();
  const auto webhook_url = options.webhook.resolve();
  if (!webhook_url) return fail(live.command, webhook_url.error());
  const bool keeps = options.track_errors || options.track_findings || !webhook_url->empty();
  if (keeps && analysis.program->pipeline().mode == redact::Mode::dry_run)
    return fail(live.command,
                Error{"dry-run leaves personal data as they are, and those are never stored or sent: leave --track-errors, "
                      "--track-findings and the webhook out, or use --redact redact or mask",
                      ErrorKind::invalid});
  std::unique_ptr<store::Store> baseline_store;
  Stream stream(analysis, options, globals.json, live.names_sources);
  if (auto equipped = equip(stream, analysis, options, webhook_url.value(), globals.json, baseline_store); !equipped)
    return fail(live.command, equipped.error());
  Positions positions(stream, live.target, options.resume);
  Begin begin{.position = {}, .from_start = options.from_start};
  if (auto position = positions.load()) {
    begin.position = std::move(position).value();
  } else if (position.error().kind == ErrorKind::not_found) {
    return fail(live.command, position.error());
  } else {
    begin.from_start = true;
    fail(live.command, Error{position.error().message + "; the log is read from its beginning", position.error().kind});
  }
  auto opened = live.open(analysis, std::move(begin));
  if (!opened) return fail(live.command, opened.error());
  source::RecordSource& source = *opened.value();
  // At once: a run that is killed within its first moment has left off where it began.
  if (auto done = positions.keep(source.position()); !done) return fail(live.command, done.error());
  if (auto done = follow(source, stream, positions, options, live); !done) return fail(live.command, done.error());
  say_hook_notes(live.command, *analysis.program);
  if (stream.webhook && stream.webhook->lost() > 0)
    say(live, fmt::format("{} findings could not be delivered to the webhook", stream.webhook->lost()));
  return kExitDone;
}

void add_live(Command& command, Globals& globals, LiveOptions& options) {
  add_reading(command, options.analysis);
  add_rules(command, options.analysis);
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

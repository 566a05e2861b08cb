// `logystera tail`: a log that is being written, analysed as it grows.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <thread>

#include "analysis/baselines.hpp"
#include "analysis/stage.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/render.hpp"
#include "cli/secret_option.hpp"
#include "cli/terminal.hpp"
#include "cli/webhook.hpp"
#include "core/clock.hpp"
#include "core/fd.hpp"
#include "core/hmac.hpp"
#include "core/secret.hpp"
#include "redact/salt.hpp"
#include "source/follow.hpp"

namespace logystera::cli {
namespace {

constexpr double kPollSeconds = 0.2;
constexpr auto kSaveEvery = std::chrono::seconds(1);
constexpr std::size_t kPositionBytes = 256 * 1024;  // far more than one has
constexpr std::uint64_t kFileNameDigits = 16;

struct Options {
  std::string path;
  std::vector<std::string> rotated_dirs;
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool from_start = false, resume = false, track_errors = false, track_findings = false, detect_anomalies = false,
       findings_only = false;
  SecretOption webhook{
      {"--alert-webhook", "--alert-webhook-file", kWebhookVariable, "webhook", "have the receiver make another URL"}};
  SecretOption webhook_secret{
      {"", "--webhook-secret-file", kWebhookSecretVariable, "webhook secret", "make another secret"}};
  std::string webhook_severity = "high";
  double poll_seconds = kPollSeconds;
};

// Where --resume keeps how far a log was read: beside the salt, one small file a log.
std::string position_file(const std::string& path) {
  const std::string salt = redact::default_salt_file();
  if (salt.empty()) return {};
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  return salt.substr(0, salt.rfind('/')) + "/tail-" + to_hex(sha256(absolute)).substr(0, kFileNameDigits);
}

// None was kept yet: nothing. One that cannot be read: an error, whose remedy is to read the log from its beginning.
Result<std::optional<source::LogPosition>> load_position(const std::string& file) {
  const Fd in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!in && errno == ENOENT) return std::optional<source::LogPosition>();
  struct stat status {};
  if (!in || ::fstat(in.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return Error{fmt::format("{}: the position kept there cannot be read: {}", file, in ? "no file" : std::strerror(errno)),
                 kind_of_errno(errno)};
  std::string text(kPositionBytes, '\0');
  const ssize_t size = read_up_to(in.get(), text.data(), text.size());
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  auto position = source::LogPosition::of_text(text);
  if (!position)
    return Error{fmt::format("{}: the position kept there cannot be used: {}", file, position.error().message),
                 position.error().kind};
  return std::optional<source::LogPosition>(std::move(position).value());
}

// Keeps positions in a file of the user's own: written beside it and renamed, so that a process that dies leaves the one or the
// other. Not synced: after a power loss the place may be an older one, and lines come twice.
class PositionKeeper {
 public:
  explicit PositionKeeper(std::string file) : file_(std::move(file)) {}

  Result<Done> keep(source::Position position) {
    std::string text = std::move(position.text);
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
    kept_ = std::move(text);
    return Done{};
  }

 private:
  const std::string file_;
  std::string kept_;
};

// Takes batches through detection, redaction and output, one thread.
class Stream {
 public:
  Stream(const Analysis& analysis, const Options& options, bool json, const std::string& key)
      : dismissals(analysis.store_url),
        analysis_(analysis),
        options_(options),
        json_(json),
        style_{analysis.program->zone(), !json && colour_wanted()},
        key_(key),
        stage_(analysis.program->engine(), analysis.program->names(), analysis.program->pipeline()),
        worker_(stage_.worker()) {}

  Result<Done> take(RecordBatch& batch);
  /// The log has ended for us: windows are judged.
  Result<Done> finish();

  std::unique_ptr<analysis::Tracker> tracker;
  std::unique_ptr<analysis::Baselines> baselines;
  std::unique_ptr<Webhook> webhook;
  detect::Level webhook_least = detect::Level::high;
  analysis::CurrentDismissals dismissals;

 private:
  Result<Done> report();
  void print(const analysis::Finding& finding);

  const Analysis& analysis_;
  const Options& options_;
  const bool json_;
  const Style style_;
  const std::string key_;
  analysis::Stage stage_;
  analysis::Stage::Worker worker_;
  analysis::Turn turn_;  // one thread
  std::uint64_t number_ = 0;
};

void Stream::print(const analysis::Finding& finding) {
  if (!json_) {
    std::fputs(finding_line(finding, style_, false).c_str(), stdout);
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

Result<Done> Stream::take(RecordBatch& batch) {
  stage_.process(worker_, batch, options_.path, {}, turn_);
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
    if (auto added = baselines->add(key_, batch); !added) return added;
  if (auto reported = report(); !reported) return reported;
  std::fflush(stdout);
  return tracker ? tracker->commit() : Result<Done>(Done{});
}

Result<Done> Stream::finish() {
  RecordBatch none;
  stage_.process(worker_, none, options_.path, {.last_of_source = true}, turn_);
  if (auto reported = report(); !reported) return reported;
  if (baselines)
    if (auto finished = baselines->finish(); !finished) return finished;
  return tracker ? tracker->commit() : Result<Done>(Done{});
}

Result<Done> equip(Stream& stream, const Analysis& analysis, const Options& options, const std::string& webhook_url,
                   bool json, std::unique_ptr<store::Store>& baseline_store) {
  if (options.track_errors || options.track_findings) {
    auto tracker = analysis::Tracker::open(analysis.store_url, tracking_options(analysis));
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

int run(const Globals& globals, const Options& options) {
  auto prepared = prepare("tail", globals, options.analysis);
  if (!prepared) return fail("tail", prepared.error());
  const Analysis analysis = std::move(prepared).value();
  const analysis::Program& program = *analysis.program;
  const auto webhook_url = options.webhook.resolve();
  if (!webhook_url) return fail("tail", webhook_url.error());
  const bool keeps = options.track_errors || options.track_findings || !webhook_url->empty();
  if (keeps && program.pipeline().mode == redact::Mode::dry_run)
    return fail("tail", Error{"dry-run leaves personal data as they are, and those are never stored or sent: leave "
                              "--track-errors, --track-findings and the webhook out, or use --redact redact or mask",
                              ErrorKind::invalid});
  std::unique_ptr<store::Store> baseline_store;
  Stream stream(analysis, options, globals.json, options.path);
  if (auto equipped = equip(stream, analysis, options, webhook_url.value(), globals.json, baseline_store); !equipped)
    return fail("tail", equipped.error());

  source::Follower::Options following;
  following.source = program.pipeline().source;
  following.from_start = options.from_start;
  following.rotated_dirs = options.rotated_dirs;
  following.rotated_dirs_name = "--rotated-dir";
  following.follow_links = options.analysis.follow_links;
  const std::string kept = options.resume ? position_file(options.path) : std::string();
  if (options.resume && kept.empty())
    return fail("tail", Error{"--resume: there is no home directory to keep the position in: set XDG_STATE_HOME",
                              ErrorKind::not_found});
  if (!kept.empty()) {
    auto position = load_position(kept);
    if (position) {
      following.resume = std::move(position).value();
    } else {
      following.from_start = true;
      fail("tail", Error{position.error().message + "; the log is read from its beginning", position.error().kind});
    }
  }
  auto opened = source::Follower::open(options.path, program.formats(), program.names(), std::move(following));
  if (!opened) return fail("tail", opened.error());
  source::Follower& follower = *opened.value();

  PositionKeeper keeper(kept);
  const auto keep_position = [&]() -> Result<Done> {
    return kept.empty() ? Result<Done>(Done{}) : keeper.keep(follower.position());
  };
  const auto say_notices = [&] {
    for (const std::string& notice : follower.notices()) fmt::print(stderr, "logystera tail: {}\n", printable(notice));
  };
  // At once: a run that is killed within its first moment has left off where it began.
  if (auto done = keep_position(); !done) return fail("tail", done.error());
  RecordBatch batch;
  auto saved = std::chrono::steady_clock::now();
  const auto pause = std::chrono::duration<double>(options.poll_seconds);
  while (!interrupted().load()) {
    auto state = follower.next(batch, std::chrono::milliseconds(0));
    say_notices();
    if (!state) return fail("tail", state.error());
    const bool more = state.value() == source::State::records;
    if (more) {
      if (auto refreshed = stream.dismissals.refresh(); !refreshed) return fail("tail", store_failure(refreshed.error()));
      if (auto taken = stream.take(batch); !taken) return fail("tail", taken.error());
      if (std::ferror(stdout)) return fail("tail", Error{kOutputLost});
    }
    // As soon as it has been handed out: what a run that is killed repeats is one batch.
    const auto now = std::chrono::steady_clock::now();
    if (more || now - saved >= kSaveEvery) {
      if (auto done = keep_position(); !done) return fail("tail", done.error());
      saved = now;
    }
    if (!more) std::this_thread::sleep_for(pause);
  }
  while (follower.finish(batch)) {
    if (auto taken = stream.take(batch); !taken) return fail("tail", taken.error());
  }
  if (auto finished = stream.finish(); !finished) return fail("tail", finished.error());
  if (auto done = keep_position(); !done) return fail("tail", done.error());
  say_hook_notes("tail", *analysis.program);
  if (stream.webhook && stream.webhook->lost() > 0)
    fmt::print(stderr, "logystera tail: {} findings could not be delivered to the webhook\n", stream.webhook->lost());
  return kExitDone;
}

}  // namespace

void add_tail(Program program) {
  auto* tail = program.app.add_subcommand("tail", "Analyse a log as it is written, until interrupted");
  auto options = std::make_shared<Options>();
  tail->add_option("PATH", options->path, "The log to follow, across rotation and truncation")->required();
  tail->add_flag("--from-start", options->from_start, "Begin at the beginning of the file instead of its end");
  tail->add_flag("--resume", options->resume,
                 "Begin where the last --resume run of this log ended, also if it was rotated since");
  tail->add_option("--rotated-dir", options->rotated_dirs,
                   "Where rotated parts of the log lie, if not beside it (logrotate's olddir); may be repeated")
      ->allow_extra_args(false);
  add_reading(*tail, options->analysis);
  add_rules(*tail, options->analysis);
  tail->add_flag("--findings-only", options->findings_only, "Do not print the events");
  tail->add_flag("--track-errors", options->track_errors, "Store error groups");
  tail->add_flag("--track-findings", options->track_findings, "Store findings of high severity or worse");
  tail->add_flag("--detect-anomalies", options->detect_anomalies,
                 "Compare activity with the source's baseline, which grows by it");
  add_anomaly_options(*tail, options->anomaly);
  options->webhook.add(*tail, "Post findings as JSON to this URL");
  options->webhook_secret.add(*tail, "Sign what is posted with this secret, whsec_BASE64");
  tail->add_option("--alert-min-severity", options->webhook_severity,
                   "Post findings of this severity and worse: low, medium, high, critical")
      ->check(any_of({"informational", "low", "medium", "high", "critical"}))
      ->capture_default_str();
  tail->add_option("--poll-interval", options->poll_seconds, "Seconds between checks of the file")
      ->check(Check::range(0.01, 3600.0))
      ->capture_default_str();
  add_json(*tail, program.globals, "One JSON object a line: event, finding, anomaly");
  add_store(*tail, program.globals);
  tail->footer(
      "Examples:\n"
      "  logystera tail /var/log/auth.log --track-findings\n"
      "  logystera tail /var/log/nginx/access.log --resume --findings-only --alert-webhook-file /etc/logystera/webhook\n\n"
      "Rotated parts are read in order, packed ones (gzip, zstd) too, also those of while tail was away. What may be lost, "
      "and\n"
      "a change of format, is said on standard error.\n"
      "What is dismissed while tail runs is not reported from then on. A finding is posted three times at most; findings "
      "that\n"
      "could not be delivered are counted at the end. Exit codes: 0 interrupted by the user, 2 an error.");
  tail->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli

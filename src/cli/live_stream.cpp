// See live_stream.hpp.
#include "cli/live_stream.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr int kEventDigits = 5;

// One JSON object a line: of a lane with a name it begins with that and its groups.
void begin_line(JsonText& json, const std::string& name, const std::vector<std::string>& groups) {
  json.begin_object();
  if (name.empty()) return;
  json.member("target", name).key("groups").begin_array();
  for (const std::string& group : groups) json.string(group);
  json.end_array();
}

}  // namespace

Lane::Lane(const Analysis& analysis) : Lane(analysis, nullptr, {}, {}) {}

Lane::Lane(const Analysis& analysis, const Lane* first, std::string name, std::vector<std::string> groups)
    : name_(std::move(name)),
      groups_(std::move(groups)),
      stage_(first ? first->stage_.beside()
                   : analysis::Stage(analysis.program->engine(), analysis.program->names(), analysis.program->pipeline())),
      worker_(stage_.worker()) {}

Stream::Stream(const Analysis& analysis, const LiveOptions& options, bool json, bool names_sources)
    : analysis_(analysis),
      options_(options),
      json_(json),
      style_{analysis.program->zone(), !json && colour_wanted(), names_sources},
      dismissals_(analysis.store_url) {}

Result<std::unique_ptr<Stream>> Stream::make(const Analysis& analysis, const LiveOptions& options, bool json,
                                             bool names_sources) {
  std::unique_ptr<Stream> stream(new Stream(analysis, options, json, names_sources));
  if (auto equipped = stream->equip(); !equipped) return equipped.error();
  return stream;
}

Result<Done> Stream::equip() {
  const auto webhook_url = options_.webhook.resolve();
  if (!webhook_url) return webhook_url.error();
  const bool keeps = options_.track_errors || options_.track_findings || !webhook_url->empty();
  if (keeps && analysis_.program->pipeline().mode == redact::Mode::dry_run)
    return Error{
        "dry-run leaves personal data as they are, and those are never stored or sent: leave --track-errors, "
        "--track-findings and the webhook out, or use --redact redact or mask",
        ErrorKind::invalid};
  if (options_.track_errors || options_.track_findings) {
    analysis::Tracker::Options tracking = tracking_options(analysis_);
    tracking.whole_batches = true;  // so that what is stored and the position always go together
    auto tracker = analysis::Tracker::open(analysis_.store_url, tracking);
    if (!tracker) return store_failure(tracker.error());
    tracker_ = std::move(tracker).value();
  }
  if (options_.detect_anomalies) {
    auto opened = analysis::open_tracked(analysis_.store_url);
    if (!opened) return store_failure(opened.error());
    baseline_store_ = std::move(opened).value();
    // Said when it begins; said again when it is over, if there is more to say then.
    auto baselines = make_baselines(
        baseline_store_->baselines(), options_.anomaly,
        [json = json_, style = style_](const auto& key, const auto& anomaly, analysis::Baselines::Stage stage) {
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
    baselines_ = std::move(baselines).value();
  }
  if (webhook_url->empty()) return Done{};
  webhook_least_ = detect::level_from(options_.webhook_severity).value_or(detect::Level::high);
  const auto secret = options_.webhook_secret.resolve();
  if (!secret) return secret.error();
  auto webhook = Webhook::start(webhook_url.value(), secret.value());
  if (!webhook) return webhook.error();
  webhook_ = std::move(webhook).value();
  return Done{};
}

void Stream::print(const Lane& lane, const analysis::Finding& finding) {
  if (!json_) {
    if (!lane.name_.empty()) fmt::print("{} ", lane.name_);
    std::fputs(finding_line(finding, style_, style_.sources).c_str(), stdout);
    return;
  }
  JsonText json;
  begin_line(json, lane.name_, lane.groups_);
  json.key("finding");
  append_finding(json, finding);
  json.end_object();
  fmt::print("{}\n", json.text());
}

void Stream::print(const Lane& lane, const Record& record) {
  if (!json_) {
    std::string line = lane.name_.empty() ? std::string() : lane.name_ + " ";
    append_event(line, lane.number_, kEventDigits, record, style_);
    std::fputs(line.c_str(), stdout);
    return;
  }
  JsonText json;
  begin_line(json, lane.name_, lane.groups_);
  json.key("event");
  append_event(json, lane.number_, record, analysis_.program->labels());
  json.end_object();
  fmt::print("{}\n", json.text());
}

Result<Done> Stream::report(const Lane& lane) {
  for (const analysis::Finding& finding : lane.worker_.findings) {
    if (dismissals_.hides(finding.rule, finding.source)) continue;
    ++findings_;
    print(lane, finding);
    if (tracker_ && options_.track_findings)
      if (auto added = tracker_->add(finding); !added) return added;
    if (!webhook_ || finding.level < webhook_least_) continue;
    JsonText json;
    json.begin_object().member("type", "logystera.finding").member("timestamp", rfc3339(finding.time_ns)).key("data");
    append_finding(json, finding);
    json.end_object();
    webhook_->post(json.take());
  }
  return Done{};
}

Result<Done> Stream::take(Lane& lane, RecordBatch& batch, const std::string& source) {
  if (auto refreshed = dismissals_.refresh(); !refreshed) return store_failure(refreshed.error());
  lane.stage_.process(lane.worker_, batch, source, {}, lane.turn_);
  for (const Record& record : batch.records) {
    ++lane.number_;
    ++events_;
    if (record.time_known) newest_ns_ = std::max(newest_ns_, record.time_ns);
    if (!options_.findings_only) print(lane, record);
    if (tracker_ && options_.track_errors)
      if (auto added = tracker_->add(record); !added) return added;
  }
  if (baselines_)
    if (auto added = baselines_->add(source, batch); !added) return added;
  if (auto reported = report(lane); !reported) return reported;
  std::fflush(stdout);
  if (std::ferror(stdout)) return Error{kOutputLost};
  return Done{};
}

Result<Done> Stream::commit(const std::optional<analysis::Tracker::ReadUpTo>& read) {
  return tracker_ ? tracker_->commit(read) : Result<Done>(Done{});
}

Result<Done> Stream::finish(Lane& lane, const std::string& source) {
  RecordBatch none;
  lane.stage_.process(lane.worker_, none, source, {.last_of_source = true}, lane.turn_);
  return report(lane);
}

Result<Done> Stream::finish() { return baselines_ ? baselines_->finish() : Result<Done>(Done{}); }

}  // namespace logystera::cli

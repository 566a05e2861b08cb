// Rules tried on lines that are handed in, and rules that are checked before anybody puts them anywhere. Nothing is stored.
#include <algorithm>

#include "analysis/trial.hpp"
#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"
#include "core/clock.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::size_t kFormatBytes = 64, kEventIdBytes = 64;

void put_record(JsonText& json, const analysis::TriedRecord& record) {
  json.begin_object().count("line", record.line);
  json.key("parsed").boolean(record.parsed).member("kind", record.kind).member("severity", record.severity);
  json.key("timestamp");
  if (record.time_known) json.string(rfc3339(record.time_ns));
  else json.null();
  json.member("message", record.message).key("fields").begin_array();
  for (const auto& field : record.fields) {
    json.begin_object().member("name", field.name).member("value", field.value).end_object();
  }
  json.end_array().key("looked_at").boolean(record.looked_at).key("hit").boolean(record.hit);
  put_text(json, "counted_rule_id", record.detection);
  json.key("conditions").begin_array();
  for (const analysis::TriedCondition& condition : record.conditions) {
    json.begin_object().count("depth", condition.depth).member("condition", condition.words);
    json.key("holds").boolean(condition.holds).end_object();
  }
  json.end_array().end_object();
}

void put_texts(JsonText& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void put(JsonText& json, std::string_view rule, const analysis::Trial& trial) {
  json.begin_object().member("rule_id", rule).key("fires").boolean(trial.fires);
  put_text(json, "why", trial.why);
  put_texts(json, "looks_at", trial.scope);
  put_text(json, "counts", trial.counts);
  json.member("format", trial.format).count("records", trial.records).count("looked_at", trial.looked_at);
  json.count("hits", trial.hits).count("findings_total", trial.findings_total).key("findings").begin_array();
  for (const analysis::Finding& finding : trial.findings) put_finding(json, finding);
  json.end_array().key("lines").begin_array();
  for (const analysis::TriedRecord& record : trial.sampled) put_record(json, record);
  json.end_array().end_object();
}

void put_problems(JsonText& json, std::string_view name, const std::vector<yaml::Problem>& problems) {
  json.key(name).begin_array();
  for (const yaml::Problem& problem : problems) {
    json.begin_object().count("line", problem.at.line).count("column", problem.at.column);
    json.member("message", problem.message).end_object();
  }
  json.end_array();
}

std::string json_of(const analysis::Draft& draft) {
  JsonText json;
  json.begin_object().key("sound").boolean(draft.sound());
  put_text(json, "problem", draft.problem);
  json.key("documents").begin_array();
  for (const detect::DocumentReport& document : draft.documents) {
    json.begin_object().count("line", document.at.line).member("kind", detect::document_kind_name(document.kind));
    put_text(json, "id", document.id);
    put_text(json, "title", document.title);
    json.key("loaded").boolean(document.loaded);
    put_problems(json, "problems", document.problems);
    put_problems(json, "warnings", document.warnings);
    json.end_object();
  }
  json.end_array().key("samples").begin_object().count("ran", draft.samples);
  put_text(json, "problem", draft.samples_problem);
  json.key("failures").begin_array();
  for (const detect::SampleFailure& failure : draft.failures) {
    json.begin_object().member("rule_id", failure.rule).count("line", failure.at.line);
    json.member("message", failure.message).end_object();
  }
  json.end_array().end_object().key("tried").begin_array();
  for (const auto& tried : draft.tried) put(json, tried.rule, tried.trial);
  json.end_array().end_object();
  return json.take();
}

Answer refused(const Request& request, const Error& error) {
  if (error.kind == ErrorKind::not_found) return invalid_body(request, "/format", error.message, 422);
  return invalid_body(request, "/raw", error.message, 422);
}

}  // namespace

Answer Api::try_rule(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"raw", "event_id", "format"})) return invalid(request, body);
  auto raw = body.text(body.whole(), "", "raw", analysis::kTrialBytes);
  const auto event = body.text(body.whole(), "", "event_id", kEventIdBytes);
  std::string format = body.text(body.whole(), "", "format", kFormatBytes).value_or("");
  if (raw && event) body.say("/event_id", "give raw or event_id, not both");
  else if (!event && (!raw || raw->empty())) body.say("/raw", "raw must be the lines to try, as one string");
  if (event && !format.empty()) body.say("/format", "a stored event has the format it has");
  if (!body.sound()) return invalid(request, body);
  std::vector<analysis::TriedRecord::Field> shown;
  if (event) {
    // Personal data goes into the rule, and not into the answer.
    auto stored = query::signal(parts_.store.reading(), *event, query::sites_of(who(request)), nullptr);
    if (!stored) return failed(request, stored.error());
    if (!stored.value()) return not_found(request, "there is no such event");
    raw = stored.value()->event.line;
    for (const auto& label : query::signal_of(std::move(stored.value()->event), &parts_.pseudonyms).labels)
      shown.push_back({label.name, label.text});
    format = analysis::kEventFormat;
  }
  const auto program = parts_.program.get();
  if (!program) return failed(request, program.error());
  const std::string_view id = request.parameter("id");
  const auto& rules = program.value()->rules().rules;
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const detect::Rule& one) { return one.id == id; });
  if (rule == rules.end()) return not_found(request, "there is no rule with this id, or it was refused when it was loaded");
  auto trial = analysis::try_rule(*program.value(), static_cast<std::uint32_t>(rule - rules.begin()), *raw, format);
  if (!trial) return refused(request, trial.error());
  if (event) analysis::show_instead(trial.value(), "", shown);
  JsonText json;
  put(json, rule->id, trial.value());
  return server::json_answer(200, json.take());
}

Answer Api::validate_rules(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"rules", "raw", "format"})) return invalid(request, body);
  const auto rules = body.text(body.whole(), "", "rules", analysis::kDraftBytes);
  const std::string raw = body.text(body.whole(), "", "raw", analysis::kTrialBytes).value_or("");
  const std::string format = body.text(body.whole(), "", "format", kFormatBytes).value_or("");
  if (!rules || rules->empty()) body.say("/rules", "rules must be one or more rules in YAML, as a string");
  if (!body.sound()) return invalid(request, body);
  const auto program = parts_.program.get();
  if (!program) return failed(request, program.error());
  const auto draft = analysis::check_draft(*program.value(), *rules, raw, format);
  if (!draft) return refused(request, draft.error());
  return server::json_answer(200, json_of(draft.value()));
}

}  // namespace logystera::api

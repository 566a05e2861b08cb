// What somebody has to deal with.
#include <fmt/core.h>

#include "api/api.hpp"

#include <charconv>

#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::int64_t kAroundSeconds = 60;  // of events beside the first and the last

void put_snooze(JsonText& json, const alert::Snooze& snooze) {
  json.begin_object();
  put_time(json, "until", snooze.until);
  put_time(json, "since", snooze.at);
  put_text(json, "by", snooze.by);
  put_text(json, "reason", snooze.reason);
  json.key("until_hits");
  if (snooze.until_hits == 0) json.null();
  else json.natural(snooze.until_hits);
  put_text(json, "until_severity", snooze.until_level ? level_name(*snooze.until_level) : std::string_view());
  json.count("hits", snooze.hits).member("of_rule", snooze.of_rule).end_object();
}

void put_activity(JsonText& json, const alert::LogRow& row) {
  json.begin_object().number("id", row.id);
  put_time(json, "at", row.at);
  json.member("actor", row.actor).member("what", row.what);
  put_text(json, "from", row.from);
  put_text(json, "to", row.to);
  put_text(json, "note", row.note);
  json.end_object();
}

void put_finding_of(JsonText& json, const store::Finding& finding) {
  json.begin_object().number("id", finding.id).member("rule_id", finding.rule);
  json.member("severity", level_name(finding.level)).member("title", finding.title).member("message", finding.message);
  json.member("source", finding.source);
  put_time(json, "event_timestamp", finding.time);
  store::append_who(json, finding.who);
  json.end_object();
}

}  // namespace

std::optional<std::int64_t> id_in(const Request& request) {
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size() || id <= 0) return std::nullopt;
  return id;
}

std::string changeable(const alert::Alert& alert) {
  return fmt::format("{} {} {} {} {}", alert::state_name(alert.state), alert.snooze.until, alert.parent, alert.resolved_at,
                     alert.assignee);
}

std::string alert_json(const alert::Alert& alert, std::int64_t now) {
  JsonText json;
  json.begin_object().number("id", alert.id).member("rule_id", alert.rule).member("title", alert.title);
  json.member("severity", level_name(alert.level)).member("state", alert::state_name(alert.state));
  json.member("late", alert.late);
  put_text(json, "site", alert.site);
  put_text(json, "group", alert.group_label);
  put_time(json, "opened_at", alert.opened_at);
  put_time(json, "first_timestamp", alert.first_time);
  put_time(json, "last_timestamp", alert.last_time);
  json.count("hits", alert.hits).count("findings", alert.findings).count("suppressed", alert.suppressed);
  json.count("times_opened", alert.times_opened);
  json.key("snooze");
  if (alert.snooze.until > now) put_snooze(json, alert.snooze);
  else json.null();
  put_text(json, "assignee", alert.assignee);
  json.key("parent_id");
  if (alert.parent == 0) json.null();
  else json.integer(alert.parent);
  put_time(json, "resolved_at", alert.resolved_at);
  put_text(json, "resolved_by", alert.resolved_by);
  json.end_object();
  return json.take();
}

Answer Api::list_alerts(const Request& request) {
  const auto asked = query::read_alerts(request.query, defaults(request));
  if (!asked) return invalid_parameters(request, asked.faults);
  auto list = query::alerts(parts_.store.reading(), *asked.value);
  if (!list) return failed(request, list.error());
  JsonText json;
  json.begin_array();
  for (const alert::Alert& alert : list->rows) json.raw(alert_json(alert, parts_.now()));
  json.end_array();
  return list_answer(request, list.value(), json.take());
}

Answer Api::get_alert(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const auto id = id_in(request);
  if (!id) return not_found(request, "the id of an alert is a number");
  auto found = parts_.store.reading().alerts().get(*id, query::sites_of(who(request)));
  if (!found) return failed(request, found.error());
  if (!found.value()) return not_found(request, "there is no such alert, or it is older than a year");
  return object_answer(request, alert_json(*found.value(), parts_.now()), changeable(*found.value()));
}

Answer Api::alert_activity(const Request& request) {
  query::Parameters parameters(request.query);
  const std::int64_t before = parameters.integer("before", 1, INT64_MAX).value_or(0);
  const auto limit = static_cast<std::size_t>(parameters.integer("limit", 1, query::kLimitMost).value_or(kPageRows));
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const auto id = id_in(request);
  if (!id) return not_found(request, "the id of an alert is a number");
  store::AlertStore& alerts = parts_.store.reading().alerts();
  auto found = alerts.get(*id, query::sites_of(who(request)));
  if (!found) return failed(request, found.error());
  if (!found.value()) return not_found(request, "there is no such alert, or it is older than a year");
  auto rows = alerts.activity(*id, before, limit + 1);
  if (!rows) return failed(request, rows.error());
  std::string next;
  if (rows->size() > limit) {
    rows->resize(limit);
    next = query::QueryText().number("limit", static_cast<std::int64_t>(limit)).number("before", rows->back().id).text();
  }
  JsonText json;
  json.begin_array();
  for (const alert::LogRow& row : rows.value()) put_activity(json, row);
  json.end_array();
  return list_answer_of(request, "", next, std::nullopt, false, json.take());
}

Answer Api::alert_evidence(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const auto id = id_in(request);
  if (!id) return not_found(request, "the id of an alert is a number");
  store::Stores& stores = parts_.store.reading();
  const store::SiteScope sites = query::sites_of(who(request));
  auto found = stores.alerts().get(*id, sites);
  if (!found) return failed(request, found.error());
  if (!found.value()) return not_found(request, "there is no such alert, or it is older than a year");
  auto numbers = stores.alerts().findings_of(*id);
  if (!numbers) return failed(request, numbers.error());
  JsonText json;
  json.begin_object().key("findings").begin_array();
  for (const std::int64_t number : numbers.value()) {
    auto finding = stores.findings().get(number, sites);
    if (!finding) return failed(request, finding.error());
    if (finding.value()) put_finding_of(json, *finding.value());
  }
  json.end_array().key("signals").begin_object();
  // What the site sent while it happened; the list of signals has the rest.
  put_text(json, "site", found.value()->site);
  put_time(json, "since", found.value()->first_time - kAroundSeconds);
  put_time(json, "until", found.value()->last_time + kAroundSeconds);
  json.end_object().end_object();
  return object_answer(request, json.take());
}

}  // namespace logystera::api

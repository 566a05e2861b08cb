// What rules have found.
#include <charconv>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "core/clock.hpp"

namespace logystera::api {
namespace {

constexpr std::int64_t kTrendDays = 14, kTrendDaysMost = 366;
constexpr std::int64_t kDaySeconds = 24 * 3600;

void put(JsonText& json, const store::Finding& finding, bool alone) {
  json.begin_object().number("id", finding.id).member("rule_id", finding.rule);
  json.member("severity", level_name(finding.level)).member("title", finding.title);
  json.member("message", finding.message).member("source", finding.source);
  put_time(json, "event_timestamp", finding.time);
  put_time(json, "created_at", finding.stored_at);
  json.key("line");
  if (finding.line == 0) json.null();
  else json.natural(finding.line);
  json.member("dismissed", finding.dismissed).member("demo", finding.demo);
  put_time(json, "first_timestamp", finding.first_time);
  json.count("hits", finding.hits);
  put_text(json, "site", finding.site);
  put_text(json, "group", finding.group_label);
  store::append_who(json, finding.who);
  if (alone) {
    json.key("evidence").begin_array();
    for (const std::uint64_t seq : finding.evidence) json.natural(seq);
    json.end_array();
  }
  json.end_object();
}

}  // namespace

using server::Answer;
using server::Request;

Answer Api::list_findings(const Request& request) {
  const auto asked = query::read_findings(request.query, defaults(request));
  if (!asked) return invalid_parameters(request, asked.faults);
  auto list = query::findings(parts_.store.reading(), *asked.value);
  if (!list) return failed(request, list.error());
  JsonText json;
  json.begin_array();
  for (const store::Finding& finding : list->rows) put(json, finding, false);
  json.end_array();
  return list_answer(request, list.value(), json.take());
}

Answer Api::get_finding(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) {
    return not_found(request, "the id of a finding is a number");
  }
  auto finding = parts_.store.reading().findings().get(id, query::sites_of(who(request)));
  if (!finding) return failed(request, finding.error());
  if (!finding.value()) return not_found(request, "there is no such finding, or it is older than the retention");
  JsonText json;
  put(json, *finding.value(), true);
  return object_answer(request, json.take());
}

Answer Api::trend(const Request& request) {
  query::Parameters parameters(request.query);
  const std::int64_t days = parameters.integer("days", 1, kTrendDaysMost).value_or(kTrendDays);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::int64_t today = parts_.now() / kDaySeconds;
  auto trend = parts_.store.reading().findings().days(today - days + 1, today, query::sites_of(who(request)));
  if (!trend) return failed(request, trend.error());
  JsonText json;
  json.begin_array();
  for (const store::FindingDay& day : trend.value()) {
    json.begin_object();
    json.member("day", rfc3339(day.day * kDaySeconds * kSecondNs).substr(0, 10));
    for (std::size_t level = kLevels; level-- > 0;) {
      json.count(level_name(static_cast<Level>(level)), day.by_level[level]);
    }
    json.end_object();
  }
  json.end_array();
  return server::json_answer(200, json.take());
}

}  // namespace logystera::api

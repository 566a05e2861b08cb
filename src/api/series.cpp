// What was counted of a site's signals: the points of its metrics, and how many signals of each type there were.
#include <fmt/core.h>

#include <utility>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "metric/labels.hpp"
#include "metric/plan.hpp"
#include "query/lists.hpp"
#include "query/metrics.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::size_t kLabelsBytes = 1024;
constexpr std::string_view kNoSite = "there is no site with this token";

struct Step {
  std::string_view name, plural;
  store::MetricStep step;
  std::int64_t shown;  // seconds up to `to` when nothing is said of `from`
};
constexpr Step kSteps[] = {
    {"minute", "minutes", store::MetricStep::minute, 3 * store::kHourSeconds},
    {"hour", "hours", store::MetricStep::hour, store::kDaySeconds},
    {"day", "days", store::MetricStep::day, 30 * store::kDaySeconds},
};

void put_value(JsonText& json, std::string_view name, std::int64_t thousandths) {
  constexpr std::int64_t kOne = 1'000;
  json.key(name);
  if (thousandths % kOne == 0) json.integer(thousandths / kOne);
  else json.raw(fmt::format("{}.{:03}", thousandths / kOne, thousandths % kOne));
}

void put(JsonText& json, const query::CountedSeries& series, const metric::Definition* definition) {
  json.begin_object().member("name", series.metric);
  put_text(json, "type", definition ? metric::type_name(definition->type) : std::string_view());
  json.key("labels").begin_object();
  for (const auto& [name, value] : metric::labels_of(series.labels)) json.member(name, value);
  json.end_object().key("points").begin_array();
  for (const auto& [at, amount] : series.points) {
    json.begin_object();
    put_time(json, "at", at);
    json.count("count", amount.count);
    put_value(json, "sum", amount.sum);
    put_value(json, "min", amount.least);
    put_value(json, "max", amount.most);
    put_value(json, "last", amount.last);
    json.end_object();
  }
  json.end_array().end_object();
}

/// What is asked for; whatever is wrong with it is among the faults of `parameters`.
struct Wanted {
  store::MetricQuery query;
  std::string_view step;
  query::LabelValues labels;
  std::size_t most = query::kSeriesDefault;
};

Wanted wanted_of(query::Parameters& parameters, std::string site, std::int64_t now) {
  Wanted wanted;
  const Step& step = kSteps[parameters.word("step", {kSteps[0].name, kSteps[1].name, kSteps[2].name}).value_or(1)];
  wanted.step = step.name;
  wanted.query.site = std::move(site);
  wanted.query.step = step.step;
  wanted.query.metric = parameters.text("name", metric::kNameBytes);
  const std::string labels = parameters.text("labels", kLabelsBytes);
  wanted.labels = metric::labels_of(labels);
  if (!labels.empty() && wanted.labels.empty())
    parameters.fault("labels", R"(labels must be written as in /metrics: class="4xx",method="GET")");
  wanted.most =
      static_cast<std::size_t>(parameters.integer("limit", 1, query::kSeriesMost).value_or(query::kSeriesDefault));
  const std::int64_t to = parameters.time("to").value_or(now);
  const std::int64_t from = parameters.time("from").value_or(to - step.shown);
  const std::int64_t kept = query::kept_seconds(step.step);
  if (from >= to) parameters.fault("from", "from must be before to");
  else if (from < now - kept)
    parameters.fault(
        "from", fmt::format("from must be within the last {} days: {} before are forgotten{}", kept / store::kDaySeconds,
                            step.plural, step.step == store::MetricStep::day ? "" : ", ask for a longer step"));
  else if (to > now + store::kDaySeconds) parameters.fault("to", "to must not be in the future");
  const std::int64_t seconds = store::seconds_of(step.step);
  wanted.query.from = from - from % seconds;
  wanted.query.until = to;
  return wanted;
}

}  // namespace

Answer Api::get_series(const Request& request) {
  query::Parameters parameters(request.query);
  const std::string token(request.parameter("token"));
  const Wanted wanted = wanted_of(parameters, token, parts_.now());
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  store::Stores& stores = parts_.store.reading();
  auto entity = stores.entities().find(token);
  if (!entity) return failed(request, entity.error());
  if (!entity.value() || !who(request).sees(token)) return not_found(request, kNoSite);
  auto list = query::counted_series(stores.metrics(), wanted.query, wanted.labels, wanted.most);
  if (!list) return failed(request, list.error());
  auto left_out = stores.metrics().left_out(token, query::sites_of(who(request)));
  if (!left_out) return failed(request, left_out.error());
  const auto program = parts_.program.get();
  const metric::Plan* const plan = program ? program.value()->metrics() : nullptr;
  const auto definition_of = [&](std::string_view name) { return plan ? plan->definitions().find(name) : nullptr; };
  // A name that is misspelt must not look like a metric that counts nothing.
  if (plan && !wanted.query.metric.empty() && list->series.empty() && !definition_of(wanted.query.metric))
    return not_found(request, "there is no metric with this name");
  JsonText json;
  json.begin_object().member("step", wanted.step);
  put_time(json, "from", wanted.query.from);
  put_time(json, "to", wanted.query.until);
  json.member("complete", list->complete).key("series").begin_array();
  for (const query::CountedSeries& series : list->series) put(json, series, definition_of(series.metric));
  json.end_array().key("left_out").begin_array();
  for (const store::MetricLeftOutCount& one : left_out.value()) {
    if (!wanted.query.metric.empty() && one.metric != wanted.query.metric) continue;
    json.begin_object().member("name", one.metric).member("reason", store::metric_left_out_name(one.reason));
    json.count("count", one.count).end_object();
  }
  json.end_array().end_object();
  return server::json_answer(200, json.take());
}

Answer Api::get_signal_counts(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string token(request.parameter("token"));
  store::Stores& stores = parts_.store.reading();
  auto entity = stores.entities().find(token);
  if (!entity) return failed(request, entity.error());
  if (!entity.value() || !who(request).sees(token)) return not_found(request, kNoSite);
  auto counts = query::signal_counts(stores.metrics(), token, parts_.now());
  if (!counts) return failed(request, counts.error());
  JsonText json;
  json.begin_array();
  for (const query::SignalCount& one : counts.value()) {
    json.begin_object().member("event_type", one.type).member("summary", one.summary);
    json.count("last_24_hours", one.day).count("total", one.all).end_object();
  }
  json.end_array();
  return server::json_answer(200, json.take());
}

}  // namespace logystera::api

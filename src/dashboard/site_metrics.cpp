#include "dashboard/site_metrics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dashboard/chart.hpp"
#include "dashboard/health.hpp"
#include "dashboard/page.hpp"
#include "metric/definition.hpp"
#include "metric/labels.hpp"
#include "metric/plan.hpp"
#include "query/metrics.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using web::View;

constexpr std::size_t kParts = 4;          // of a stack; what is more is put together
constexpr std::size_t kLeftOutShown = 10;  // metrics and reasons
constexpr std::string_view kRest = "Everything else";
constexpr std::array<std::string_view, kParts> kKinds = {"first", "second", "third", "fourth"};
constexpr std::string_view kKindOfRest = "rest";
constexpr std::string_view kFirstShown[] = {"drupal_http_responses_total", "drupal_signals_total"};

struct Period {
  std::string_view value, label, unit, words;
  store::MetricStep step;
  std::int64_t steps;
};
constexpr Period kPeriods[] = {
    {"hour", "1 hour", "Minute", "minutes", store::MetricStep::minute, 60},
    {"day", "24 hours", "Hour", "hours", store::MetricStep::hour, 24},
    {"month", "30 days", "Day (UTC)", "days (UTC)", store::MetricStep::day, 30},
};

std::string label_of(store::MetricStep step, std::int64_t at) {
  if (step == store::MetricStep::day) return utc_day(at / kDay);
  return fmt::format("{:02}:{:02} UTC", at % kDay / kHour, at % kHour / store::kMinuteSeconds);
}

/// What one bar of a stack shows, step by step.
struct Part {
  std::string label;
  std::map<std::int64_t, store::MetricAmount> steps;
  std::int64_t sum = 0;
  bool rest = false;  // of those that are not shown by themselves

  void add(std::int64_t at, const store::MetricAmount& amount) {
    steps[at].add(amount);
    sum = std::min(sum + amount.sum, store::kMetricSumMost);
  }
};

// Amounts with other labels can be put together to one, except for the newest values of a gauge.
std::string part_label(const query::CountedSeries& series, metric::Type type, std::string_view by) {
  const auto labels = metric::labels_of(series.labels);
  if (type == metric::Type::distribution || labels.empty()) return {};
  std::string all;
  for (const auto& [name, value] : labels) {
    if (type == metric::Type::counter && name == by) return value;
    all += (all.empty() ? "" : ", ") + value;
  }
  return all;
}

struct Parts {
  std::vector<Part> shown;  // by label; the rest is the last
  bool complete = true;
};

// By the value of one label: what is told apart by more would be a stack nobody can read.
Parts parts_of(const std::vector<query::CountedSeries>& series, metric::Type type, std::string_view by) {
  Parts parts;
  for (const query::CountedSeries& one : series) {
    std::string label = part_label(one, type, by);
    auto part =
        std::find_if(parts.shown.begin(), parts.shown.end(), [&](const Part& known) { return known.label == label; });
    if (part == parts.shown.end()) part = parts.shown.insert(parts.shown.end(), Part{std::move(label), {}});
    for (const auto& [at, amount] : one.points) part->add(at, amount);
  }
  const auto by_label = [](const Part& a, const Part& b) { return a.label < b.label; };
  if (parts.shown.size() <= kParts) {
    std::sort(parts.shown.begin(), parts.shown.end(), by_label);
    return parts;
  }
  std::stable_sort(parts.shown.begin(), parts.shown.end(), [](const Part& a, const Part& b) { return a.sum > b.sum; });
  Part rest{std::string(kRest), {}, 0, true};
  if (type == metric::Type::gauge) parts.complete = false;
  else
    for (auto part = parts.shown.begin() + (kParts - 1); part != parts.shown.end(); ++part)
      for (const auto& [at, amount] : part->steps) rest.add(at, amount);
  parts.shown.resize(kParts - 1);
  std::sort(parts.shown.begin(), parts.shown.end(), by_label);
  if (!rest.steps.empty()) parts.shown.push_back(std::move(rest));
  return parts;
}

struct Measure {
  metric::Type type = metric::Type::counter;
  std::string_view words;  // of a series without labels

  /// Thousandths.
  std::uint64_t value(const store::MetricAmount& amount) const {
    if (type == metric::Type::counter) return static_cast<std::uint64_t>(amount.sum);
    if (type == metric::Type::gauge) return static_cast<std::uint64_t>(amount.last);
    return amount.count == 0 ? 0 : static_cast<std::uint64_t>(amount.sum) / amount.count;
  }
};

Measure measure_of(std::string_view name, const metric::Definition* definition) {
  Measure measure;
  // Of one that is gone, its name tells.
  measure.type = definition                 ? definition->type
                 : name.ends_with("_total") ? metric::Type::counter
                                            : metric::Type::distribution;
  switch (measure.type) {
    case metric::Type::counter: measure.words = definition && definition->value.empty() ? "Signals" : "Sum"; break;
    case metric::Type::gauge: measure.words = "Newest value"; break;
    case metric::Type::distribution: measure.words = "Mean"; break;
  }
  return measure;
}

// Of the steps from `first` on. `parts` must outlive it.
Chart chart_of(const std::vector<Part>& parts, const Measure& measure, const Period& period, std::int64_t first) {
  Chart chart;
  chart.unit = period.unit;
  chart.scale = metric::kThousandths;
  chart.counts = measure.type == metric::Type::counter;
  for (std::size_t i = 0; i < parts.size(); ++i)
    chart.series.push_back({parts[i].rest ? kKindOfRest : kKinds[i],
                            parts[i].label.empty() ? measure.words : std::string_view(parts[i].label)});
  const std::int64_t seconds = store::seconds_of(period.step);
  for (std::int64_t step = 0; step < period.steps; ++step) {
    const std::int64_t at = first + step * seconds;
    Chart::Column column;
    column.label = label_of(period.step, at);
    if (period.step != store::MetricStep::day) column.moment = at;
    for (const Part& part : parts) {
      const auto found = part.steps.find(at);
      if (found != part.steps.end()) column.values.push_back(measure.value(found->second));
      else column.values.push_back(chart.counts ? std::optional<std::uint64_t>(0) : std::nullopt);
    }
    chart.columns.push_back(std::move(column));
  }
  return chart;
}

std::string_view reason_words(store::MetricLeftOut reason) {
  switch (reason) {
    case store::MetricLeftOut::metric_full: return "counted as “other”: the metric has as many series here as it may";
    case store::MetricLeftOut::site_full: return "counted as “other”: the site has as many series as it may";
    case store::MetricLeftOut::gateway_full:
      return "counted as “other”: all sites together have as many series as they may";
    case store::MetricLeftOut::label_length: return "counted as “other”: a label's value was too long";
    case store::MetricLeftOut::bad_value: return "not counted: without a value, or with one out of range";
  }
  return {};
}

std::vector<View> left_out_rows(const std::vector<store::MetricLeftOutCount>& all) {
  std::vector<View> rows;
  for (const store::MetricLeftOutCount& one : all) {
    if (rows.size() == kLeftOutShown) break;
    View row;
    row.text("metric", one.metric)
        .text("words", counted(one.count, "time", "times"))
        .text("reason", reason_words(one.reason));
    rows.push_back(std::move(row));
  }
  return rows;
}

const Period& period_of(std::string_view value) {
  const auto found =
      std::find_if(std::begin(kPeriods), std::end(kPeriods), [&](const Period& one) { return one.value == value; });
  return found == std::end(kPeriods) ? kPeriods[1] : *found;
}

// The one that was chosen; else the first there is of those shown first; else the first.
std::string chosen_name(const std::vector<std::string>& names, std::string_view wanted) {
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return std::string(wanted);
  for (const std::string_view name : kFirstShown)
    if (std::find(names.begin(), names.end(), name) != names.end()) return std::string(name);
  return names.empty() ? std::string() : names.front();
}

std::uint64_t sum_of(const Chart& chart) {
  std::uint64_t sum = 0;
  for (const Chart::Column& column : chart.columns)
    for (const auto& value : column.values) sum += std::min(value.value_or(0), UINT64_MAX - sum);
  return sum;
}

Result<std::vector<std::string>> names_of(store::MetricStore& metrics, const std::string& site) {
  constexpr std::size_t kSeriesRead = 10'000;  // more than a site may have
  std::vector<std::string> names;
  auto read = metrics.series(site, {}, 0, kSeriesRead, [&](const store::MetricSeries& series) {
    if (names.empty() || names.back() != series.metric) names.push_back(series.metric);
    return true;
  });
  if (!read) return read.error();
  return names;
}

void add_choice(std::vector<View>& choices, std::string_view value, std::string_view label, bool selected) {
  View choice;
  choice.text("value", value).text("label", label).flag("selected", selected);
  choices.push_back(std::move(choice));
}

void add_choices(View& view, const std::vector<std::string>& names, std::string_view name, const Period& period) {
  std::vector<View> choices, periods;
  for (const std::string& one : names) add_choice(choices, one, one, one == name);
  for (const Period& one : kPeriods) add_choice(periods, one.value, one.label, &one == &period);
  view.rows("metrics", std::move(choices)).rows("periods", std::move(periods)).text("period", period.label);
}

// The label the parts of a counter are told apart by: the one that was chosen, else the first.
std::string add_labels(View& view, const std::vector<query::CountedSeries>& series, metric::Type type,
                       std::string_view wanted) {
  std::vector<View> choices;
  const auto labels = series.empty() ? query::LabelValues() : metric::labels_of(series.front().labels);
  std::string by = labels.empty() ? std::string() : labels.front().first;
  for (const auto& [label, value] : labels)
    if (label == wanted) by = label;
  for (const auto& [label, value] : labels) add_choice(choices, label, label, label == by);
  view.flag("has_labels", type == metric::Type::counter && choices.size() > 1).rows("labels", std::move(choices));
  return by;
}

struct Chosen {
  std::string name;
  const metric::Definition* definition = nullptr;  // none of a metric that is not defined any more
  const Period& period;
  std::string_view by;
};

Result<Done> add_chart(View& view, store::MetricStore& metrics, const std::string& site, const Chosen& chosen,
                       std::int64_t now) {
  const Period& period = chosen.period;
  const std::int64_t seconds = store::seconds_of(period.step);
  const std::int64_t first = now - now % seconds - (period.steps - 1) * seconds;
  auto list =
      query::counted_series(metrics, {site, chosen.name, period.step, first, now + seconds}, {}, query::kSeriesMost);
  if (!list) return list.error();
  const Measure measure = measure_of(chosen.name, chosen.definition);
  const std::string by = add_labels(view, list->series, measure.type, chosen.by);
  const Parts parts = parts_of(list->series, measure.type, by);
  Chart chart = chart_of(parts.shown, measure, period, first);
  chart.summary = fmt::format("{} in each of the last {} {}", chosen.name, period.steps, period.words);
  if (chart.counts) chart.summary += fmt::format(": {} in all", decimal(sum_of(chart), chart.scale));
  view.flag("has_points", !parts.shown.empty()).flag("cut", !list->complete || !parts.complete);
  if (!parts.shown.empty()) view.view("chart", chart.view());
  return Done{};
}

}  // namespace

Result<View> site_metrics(const Context& context, const store::Entity& site, const web::Form& form) {
  store::MetricStore& metrics = context.reading().metrics();
  auto names = names_of(metrics, site.token);
  if (!names) return names.error();
  Chosen chosen{chosen_name(names.value(), form["metric"]), nullptr, period_of(form["period"]), form["by"]};
  const auto program = context.program.get();
  const metric::Plan* const plan = program ? program.value()->metrics() : nullptr;
  chosen.definition = plan ? plan->definitions().find(chosen.name) : nullptr;
  View view;
  view.text("path", "/sites/" + web::percent_encoded(site.token));
  view.flag("has_metrics", !names->empty()).flag("counts", context.options.detection().on);
  view.text("metric", chosen.name);
  view.text("help", chosen.definition ? std::string_view(chosen.definition->help) : std::string_view());
  add_choices(view, names.value(), chosen.name, chosen.period);
  if (!chosen.name.empty())
    if (auto added = add_chart(view, metrics, site.token, chosen, context.now()); !added) return added.error();
  auto left_out = metrics.left_out(site.token, {});
  if (!left_out) return left_out.error();
  view.flag("has_left_out", !left_out->empty()).rows("left_out", left_out_rows(left_out.value()));
  const std::size_t more = left_out->size() > kLeftOutShown ? left_out->size() - kLeftOutShown : 0;
  view.text("more_left_out", more == 0 ? std::string() : fmt::format("and {} more", more));
  return view;
}

}  // namespace logystera::dashboard

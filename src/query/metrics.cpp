#include "query/metrics.hpp"

#include <algorithm>
#include <map>

#include "core/catalogue.hpp"
#include "metric/definition.hpp"
#include "metric/labels.hpp"
#include "metric/plan.hpp"

namespace logystera::query {
namespace {

constexpr std::int64_t kHoursOfDay = 24;

bool has_all(const std::string& labels, const LabelValues& wanted) {
  if (wanted.empty()) return true;
  const LabelValues has = metric::labels_of(labels);
  return std::all_of(wanted.begin(), wanted.end(),
                     [&](const auto& one) { return std::find(has.begin(), has.end(), one) != has.end(); });
}

}  // namespace

std::int64_t kept_seconds(store::MetricStep step) noexcept {
  switch (step) {
    case store::MetricStep::minute: return store::kMinutesKept;
    case store::MetricStep::hour: return store::kHoursKept;
    case store::MetricStep::day: return store::kDaysKept;
  }
  return 0;
}

Result<SeriesList> counted_series(store::MetricStore& metrics, const store::MetricQuery& query, const LabelValues& labels,
                                  std::size_t most) {
  SeriesList list;
  CountedSeries passed;  // the last one that does not have the labels
  std::size_t points = 0;
  const auto is = [](const CountedSeries& series, const store::MetricPoint& point) {
    return series.metric == point.metric && series.labels == point.labels;
  };
  auto read = metrics.points(query, [&](const store::MetricPoint& point) {
    if (is(passed, point)) return true;
    if (list.series.empty() || !is(list.series.back(), point)) {
      CountedSeries begun{std::string(point.metric), std::string(point.labels), {}};
      if (!has_all(begun.labels, labels)) {
        passed = std::move(begun);
        return true;
      }
      if (list.series.size() == most) {
        list.complete = false;
        return false;
      }
      list.series.push_back(std::move(begun));
    }
    if (++points > kPointsMost) {
      list.series.pop_back();  // of which there would be a part
      list.complete = false;
      return false;
    }
    list.series.back().points.emplace_back(point.at, point.amount);
    return true;
  });
  if (!read) return read.error();
  return list;
}

Result<std::vector<SignalCount>> signal_counts(store::MetricStore& metrics, std::string_view site, std::int64_t now) {
  constexpr std::size_t kSeriesRead = 10'000;  // more than a site may have
  struct Counts {
    std::uint64_t day = 0, all = 0;
  };
  std::map<std::string, Counts, std::less<>> counts;
  auto read = metrics.series(site, {}, 0, kSeriesRead, [&](const store::MetricSeries& series) {
    if (series.labels.empty())
      counts[series.metric].all = static_cast<std::uint64_t>(series.total.sum / metric::kThousandths);
    return true;
  });
  if (!read) return read.error();
  store::MetricQuery query;
  query.site = site;
  query.step = store::MetricStep::hour;
  query.from = now - now % store::kHourSeconds - (kHoursOfDay - 1) * store::kHourSeconds;
  query.until = now + store::kHourSeconds;
  query.plain = true;
  read = metrics.points(query, [&](const store::MetricPoint& point) {
    const auto known = counts.find(point.metric);
    if (known != counts.end()) known->second.day += static_cast<std::uint64_t>(point.amount.sum / metric::kThousandths);
    return true;
  });
  if (!read) return read.error();
  std::vector<SignalCount> all;
  for (const SignalSpec& signal : catalogue::all()) {
    const auto found = counts.find(metric::counter_of(signal.type));
    if (found != counts.end() && found->second.all != 0)
      all.push_back({signal.type, signal.name, signal.summary, found->second.day, found->second.all});
  }
  return all;
}

}  // namespace logystera::query

// What was counted of a site's signals, for pages and the API.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/metric_store.hpp"

namespace logystera::query {

inline constexpr std::size_t kSeriesDefault = 100, kSeriesMost = 1'000;  // of one answer
inline constexpr std::size_t kPointsMost = 50'000;                       // of all its series

/// How far back points of a step go: what was before is forgotten. Seconds.
std::int64_t kept_seconds(store::MetricStep step) noexcept;

struct CountedSeries {
  std::string metric, labels;  // as metric/labels.hpp writes them
  std::vector<std::pair<std::int64_t, store::MetricAmount>>
      points;  // by the start of their step; none where nothing was counted
};

struct SeriesList {
  std::vector<CountedSeries> series;  // by metric and labels, each whole
  bool complete = true;               // false: there are more than were asked for, or than kPointsMost allows
};

using LabelValues = std::vector<std::pair<std::string, std::string>>;

/// Series that have a point in the period and all of `labels`; at most `most` of them.
Result<SeriesList> counted_series(store::MetricStore& metrics, const store::MetricQuery& query, const LabelValues& labels,
                                  std::size_t most);

struct SignalCount {
  std::string_view type, name, summary;  // of the catalogue
  std::uint64_t day = 0, all = 0;        // in this hour and the 23 before it, and since counting began
};

/// Signals of each type of the catalogue that a site has sent at least once, in the catalogue's order.
Result<std::vector<SignalCount>> signal_counts(store::MetricStore& metrics, std::string_view site, std::int64_t now);

}  // namespace logystera::query

// What was counted of each site's signals, by minute, hour and day, and in all.
//
// A series is a metric of a site with one combination of label values (metric/labels.hpp makes their text). Values are thousandths, so
// that adding them in any order gives the same sum. add() writes all of it in the transaction of whoever calls, which is how it is exact:
// together with the position of what was counted.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/paging.hpp"

namespace logystera::store {

inline constexpr std::int64_t kMinuteSeconds = 60, kHourSeconds = 3'600, kDaySeconds = 86'400;
inline constexpr std::int64_t kMinutesKept = 2 * kDaySeconds;  // seconds; of hours and days likewise
inline constexpr std::int64_t kHoursKept = 90 * kDaySeconds;
inline constexpr std::int64_t kDaysKept = 730 * kDaySeconds;
inline constexpr std::int64_t kSeriesIdle =
    90 * kDaySeconds;  // without a value, a series takes no room among those a site may have
/// Sums end here: two of them are still an integer.
inline constexpr std::int64_t kMetricSumMost = 4'000'000'000'000'000'000;

enum class MetricStep : std::uint8_t { minute, hour, day };
constexpr std::int64_t seconds_of(MetricStep step) noexcept {
  return step == MetricStep::minute ? kMinuteSeconds : step == MetricStep::hour ? kHourSeconds : kDaySeconds;
}

/// How often, and what. Values are thousandths, from 0 on.
struct MetricAmount {
  std::uint64_t count = 0;
  std::int64_t sum = 0, least = 0, most = 0;
  std::int64_t last = 0, last_at = 0;  // the newest by the time of its event; of equal times the one that came later

  void add(std::int64_t value, std::int64_t at) noexcept { add({1, value, value, value, value, at}); }
  /// One that came later.
  void add(const MetricAmount& later) noexcept {
    if (later.count == 0) return;
    least = count == 0 ? later.least : std::min(least, later.least);
    most = count == 0 ? later.most : std::max(most, later.most);
    if (count == 0 || later.last_at >= last_at) last = later.last, last_at = later.last_at;
    sum = std::min(sum + later.sum, kMetricSumMost);
    count += later.count;
  }
  friend bool operator==(const MetricAmount&, const MetricAmount&) = default;
};

/// What is to be added to a series.
struct MetricDelta {
  std::string site, metric, labels;
  std::int64_t counted_at = 0;                                 // when the last of it arrived, unix seconds
  std::vector<std::pair<std::int64_t, MetricAmount>> minutes;  // by their start, unix seconds, ascending
};

/// Why something was counted under other labels, or not at all.
enum class MetricLeftOut : std::uint8_t {
  metric_full,   // the metric has as many series at the site as it may: under `other`
  site_full,     // the site has as many: under `other`
  gateway_full,  // all sites together have: under `other`
  label_length,  // a label's value is too long: its value is `other`
  bad_value,     // there was no value, or one out of range: not counted
};
inline constexpr std::size_t kMetricLeftOuts = 5;
std::string_view metric_left_out_name(MetricLeftOut reason) noexcept;

struct MetricLeftOutCount {
  std::string site, metric;
  MetricLeftOut reason = MetricLeftOut::metric_full;
  std::uint64_t count = 0;
};

struct MetricSeries {
  std::string site, metric, labels;
  MetricAmount total;  // since it was first counted
};

struct MetricQuery {
  std::string site;
  std::string metric;  // empty: every one
  MetricStep step = MetricStep::hour;
  std::int64_t from = 0, until = 0;  // the starts of steps: at or after, and before
  bool plain = false;                // only series without labels
};

struct MetricPoint {
  std::string_view metric, labels;
  std::int64_t at = 0;  // start of the step
  MetricAmount amount;
};

class MetricStore {
 public:
  virtual ~MetricStore() = default;

  /// Adds to minutes, hours, days and totals. Of a site there is none: not_found.
  virtual Result<Done> add(std::span<const MetricDelta> deltas) = 0;
  virtual Result<Done> add(std::span<const MetricLeftOutCount> counts) = 0;

  /// Series to which something that arrived at or after `since` was added, by metric, site and labels; empty `site`: of all in `scope`. Until `each` says false, at
  /// most `limit`.
  virtual Result<Done> series(std::string_view site, const SiteScope& scope, std::int64_t since, std::size_t limit,
                              const std::function<bool(const MetricSeries&)>& each) = 0;
  /// How many there are of all sites that have labels.
  virtual Result<std::uint64_t> count(std::int64_t since) = 0;
  /// By series (metric, labels) and time, until `each` says false.
  virtual Result<Done> points(const MetricQuery& query, const std::function<bool(const MetricPoint&)>& each) = 0;
  /// By site, metric and reason; empty `site`: of all in `scope`.
  virtual Result<std::vector<MetricLeftOutCount>> left_out(std::string_view site, const SiteScope& scope) = 0;

  /// One slice of at most `rows` rows: minutes, hours and days beyond what is kept, then series of which nothing can be left. `after`: 0
  /// to begin with, then `next` of the slice before; `next` 0: that was the last.
  struct Pruned {
    std::int64_t next = 0;
    std::uint64_t rows = 0;  // removed
  };
  virtual Result<Pruned> prune(std::int64_t now, std::int64_t after, std::size_t rows) = 0;
};

}  // namespace logystera::store

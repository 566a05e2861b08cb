// Counting signals into the series of metrics, in memory, until it is stored together with the position.
//
// What is counted follows from the events and their order alone, not from how they were cut into steps or where a process ended: an event
// belongs to the minute of its own time, however late it comes, and which series there is room for follows from the order in which they
// first appeared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "metric/plan.hpp"
#include "store/metric_store.hpp"

namespace logystera::processor {

/// Series, apart from those called `other` and those without labels, of which each metric has one a site.
struct SeriesLimits {
  std::size_t site = 2'000, gateway = 200'000;
};

struct MeteringOptions {
  std::uint64_t through = 0;  // events up to that sequence are counted and stored
  std::uint64_t stored = 0;   // series there are, of all sites
  /// The series of a site that are stored.
  std::function<Result<std::vector<store::MetricSeries>>(std::string_view site)> known;
  /// How many there are of all sites by now. Null: renew() does nothing.
  std::function<Result<std::uint64_t>()> count = {};
  SeriesLimits limits = {};
};

class Metering {
 public:
  /// `plan` must outlive it.
  Metering(const metric::Plan& plan, MeteringOptions options)
      : plan_(plan), options_(std::move(options)), series_(options_.stored) {}

  /// An event in its turn; one that is counted already is passed over. `time`, `received`: unix seconds.
  Result<Done> count(std::string_view site, std::uint64_t seq, const Record& record, std::int64_t time,
                     std::int64_t received);
  /// What has been counted since the last call, for the store.
  void take(std::vector<store::MetricDelta>& deltas, std::vector<store::MetricLeftOutCount>& left_out);
  /// Forgets what is known of sites that have sent nothing since; it is read again. After take().
  void forget(std::int64_t received_before);
  /// Goes on with what is stored, so that series into which nothing was counted for long, and those of sites that are gone, give their
  /// room back. After what was taken is stored: false while something is not taken, or the store cannot be read.
  bool renew();

  bool empty() const noexcept { return touched_.empty() && left_out_.empty(); }

 private:
  using Pending = std::pair<std::int64_t, store::MetricAmount>;
  struct Series {
    std::uint32_t metric = 0;
    std::string labels;
    std::int64_t counted_at = 0;
    std::vector<Pending> pending;  // in the order they came; a minute may be there more than once
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct OfMetric {
    Series* plain = nullptr;  // without labels
    std::unordered_map<std::string, Series*, Hash, std::equal_to<>> by_labels;
    std::uint32_t series = 0;  // that take room
  };
  struct Site {
    std::string token;
    std::vector<OfMetric> metrics;
    std::deque<Series> series;
    std::size_t taking_room = 0;
    std::int64_t received = 0;
  };

  Result<Site*> site_of(std::string_view token);
  Series* series_of(Site& site, std::uint32_t metric);
  Series* made(Site& site, std::uint32_t metric, std::string labels);
  Series* begun(Site& site, std::uint32_t metric, std::string labels);  // one that was not there
  bool takes_room(std::uint32_t metric, std::string_view labels) const {
    return plan_.has_labels(metric) && labels != plan_.other(metric);
  }
  void leave_out(const Site& site, std::uint32_t metric, store::MetricLeftOut reason) {
    ++left_out_[{site.token, metric, reason}];
  }

  const metric::Plan& plan_;
  const MeteringOptions options_;
  std::uint64_t series_;
  std::map<std::string, Site, std::less<>> sites_;
  std::string labels_;  // of the event at hand
  std::vector<std::pair<const Site*, Series*>> touched_;
  std::map<std::tuple<std::string, std::uint32_t, store::MetricLeftOut>, std::uint64_t> left_out_;
};

}  // namespace logystera::processor

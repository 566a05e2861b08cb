// Metrics of a site that leave what is usual for it.
//
// A few metrics are watched, each with a baseline of its own at each site: mean and standard deviation of what it counted in an hour of
// the clock, of all hours in which the site sent anything. An hour is compared as it fills, so that a burst is found when it goes beyond
// the limit and not when the hour is over. What is more than the limit is learnt as the limit: a burst does not make the next one usual at
// once, and a new level becomes usual step by step. Mean and deviation alone would call a job unusual that runs once a week: so the limit
// is above the greatest hour, too. A baseline is four to eight weeks old: a second one learns beside it and takes its place.
//
// Nothing is found of a site in its first two weeks, nor before it has sent in 48 hours of the clock.
//
// An event belongs to the hour of its own time. The hour at hand and the one before it are open, so that buffers of several machines may
// overlap; events of hours before are left aside: what a buffer held back is no burst. All of it follows from the events and their order
// alone. Of a site there is always the same room, about a kilobyte.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/anomaly.hpp"
#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/anomaly.hpp"
#include "metric/plan.hpp"

namespace logystera::processor {

struct Found;

struct WatchedMetric {
  std::string_view rule, title, metric;
  std::string_view group;   // of the findings: one metric's are not another's
  std::string_view things;  // that are counted
  std::int64_t least = 0;   // so many more than usual, at least
};
inline constexpr std::array kWatchedMetrics{
    WatchedMetric{alert::kAnomalyRate, "Far more signals than usual", "drupal_signals_total", "signals", "signals", 1'000},
    WatchedMetric{alert::kAnomalyErrors, "Far more PHP errors than usual", "drupal_php_errors_total", "php_errors",
                  "PHP errors", 20},
    WatchedMetric{alert::kAnomalyErrors, "Far more failed requests than usual", "drupal_http_server_errors_total",
                  "server_errors", "requests answered with 500 or more", 50},
};

/// What is to be stored of a site.
struct UsualState {
  std::string site, state;
  std::int64_t received = 0;  // when its last event arrived, unix seconds
};

class Anomalies {
 public:
  static constexpr std::int64_t kHourSeconds = 3'600;  // of the clock, UTC
  static constexpr std::int64_t kWarmUpSeconds = 14 * 86'400;
  static constexpr std::uint64_t kWarmUpHours = 48;       // learnt
  static constexpr std::uint64_t kHoursLearnt = 28 * 24;  // then a baseline is followed by the one beside it
  static constexpr double kDeviations = 6, kTimes = 3;    // above the mean, and of it
  static constexpr double kTimesGreatest = 1.5;
  static constexpr std::size_t kEvidence = 10;  // events of a finding: the newest of its hour

  struct Options {
    std::uint64_t through = 0;  // events up to that sequence are in what is stored
    /// A site's state as take() gave it. Null: nothing of any.
    std::function<Result<std::optional<std::string>>(std::string_view site)> stored = {};
  };

  /// `plan` must outlive it.
  Anomalies(const metric::Plan& plan, Options options);

  /// An event in its turn; `found`: where to what is unusual, null: nowhere. `time`, `received`: unix seconds.
  Result<Done> count(std::string_view site, std::string_view name, std::uint64_t seq, const Record& record,
                     std::int64_t time, std::int64_t received, std::vector<Found>* found);
  /// The states of sites that have sent something since the last call, to be stored with the sequence of the last event.
  void take(std::vector<UsualState>& states);
  /// Forgets sites that have sent nothing since; they are read again. After take().
  void forget(std::int64_t received_before);

 private:
  /// What a metric has counted in an hour.
  struct Hour {
    std::int64_t sum = 0;
    std::int64_t limit = 0;                         // the sum it was reported with; 0: it was not
    std::array<std::uint64_t, kEvidence> newest{};  // sequences, in a ring
    std::uint64_t counted = 0;                      // events
  };
  /// Sums of hours.
  struct Baseline {
    detect::RunningDeviation sums;
    std::int64_t greatest = 0;

    void learn(std::int64_t sum);
    double limit(std::int64_t least) const;  // from which sum on an hour is unusual
  };
  struct Usual {
    std::array<Hour, 2> open;  // the hour at hand, and the one before
    Baseline learnt, next;
  };
  struct Site {
    std::int64_t hour = 0, since = 0, received = 0;  // at hand, the first, of the last event: unix seconds
    std::uint8_t before = 0;                         // 1: of the hour before something was counted
    bool touched = false;                            // since take()
    std::array<Usual, kWatchedMetrics.size()> metrics;
  };

  Result<Site*> site_of(std::string_view token);
  static std::optional<std::size_t> open_hour(Site& site, std::int64_t hour, std::int64_t received);
  static void advance(Site& site, std::int64_t hour);
  static void learn(Site& site, std::size_t open);
  static Found finding_of(const WatchedMetric& watched, const Baseline& learnt, const Hour& counted, std::string_view token,
                          std::int64_t hour);
  static std::string saved(const Site& site);
  static bool restore(Site& site, std::string_view state);
  template <typename Io>
  static void pass_metric(Io& io, Usual& usual);

  const metric::Plan& plan_;
  const Options options_;
  std::array<std::optional<std::uint32_t>, kWatchedMetrics.size()> metrics_;  // their places in the plan
  std::map<std::string, Site, std::less<>> sites_;
  std::vector<std::string> touched_;
  std::string labels_;  // of the event at hand
};

}  // namespace logystera::processor

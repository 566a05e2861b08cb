// Unusual activity, without rules: how many events a bucket of time has, and which part of them are errors and warnings,
// compared with how it was before.
//
// Two models. `zscore` is mean and standard deviation of everything seen: the plain one, good for sources whose rate
// does not depend on the hour. `adaptive` weighs level, movement and daily rhythm against the last 2,000 buckets and learns how
// far each usually strays (detect/adaptive_series.hpp).
//
// Unusual buckets close to each other are one episode: a flood of ten minutes is one anomaly, not ten.
//
// A bucket in which nothing was logged is not an observation: a gap between rotated files looks the same as silence.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/adaptive_series.hpp"

namespace logystera::detect {

/// The numbers are stored; 1 was a model that is gone.
enum class AnomalyModel : std::uint8_t { zscore = 0, adaptive = 2 };
std::string_view anomaly_model_name(AnomalyModel model) noexcept;
bool parse_anomaly_model(std::string_view name, AnomalyModel& out) noexcept;

/// What is measured of a bucket.
enum class Feature : std::uint8_t { count, error_rate, warning_rate };
inline constexpr std::size_t kFeatures = 3;
std::string_view feature_name(Feature feature) noexcept;

inline constexpr std::uint32_t kBucketSeconds = 60;
inline constexpr std::uint32_t kBucketSecondsMax = 24 * 3600;
inline constexpr std::uint64_t kBucketsLeast = 5;         // observations before a z-score baseline is used
inline constexpr double kAnomalyThreshold = 3.0;          // standard deviations
inline constexpr std::int64_t kEpisodeQuietBuckets = 60;  // as many usual ones in a row end an episode
inline constexpr std::size_t kBaselineBytesMax = 4 * 1024 * 1024;

/// One bucket of time.
struct Bucket {
  std::int64_t start = 0;  // unix seconds, a multiple of the bucket's length
  std::uint64_t events = 0;
  std::uint64_t errors = 0;    // severity error or worse
  std::uint64_t warnings = 0;  // severity warning

  /// The feature's value: events, or a share between 0 and 1.
  double value(Feature feature) const noexcept;
};

/// Mean and standard deviation of all values so far (Welford's method).
class RunningDeviation {
 public:
  void add(double value) noexcept;
  std::uint64_t observations() const noexcept { return count_; }
  double mean() const noexcept { return mean_; }
  /// Of the sample (n - 1); 0 with fewer than two values.
  double deviation() const noexcept;

  /// Passes everything that is kept to `io` (core/bytes.hpp); what a reader brings is to be checked by sound().
  template <typename Io>
  friend void pass(Io& io, RunningDeviation& running) {
    io.number(running.count_);
    io.number(running.mean_);
    io.number(running.squares_);
  }
  bool sound() const noexcept;

 private:
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// What one source is usually like. Copyable; kept in the store as bytes.
class Baseline {
 public:
  Baseline(AnomalyModel model, std::uint32_t bucket_seconds) noexcept : model_(model), bucket_seconds_(bucket_seconds) {}

  AnomalyModel model() const noexcept { return model_; }
  std::uint32_t bucket_seconds() const noexcept { return bucket_seconds_; }
  /// Buckets learnt.
  std::uint64_t observations() const noexcept { return observations_; }
  /// Buckets before it is used.
  std::uint64_t observations_least() const noexcept { return observations_least(model_); }
  static std::uint64_t observations_least(AnomalyModel model) noexcept {
    return model == AnomalyModel::zscore ? kBucketsLeast : AdaptiveSeries::kValuesLeast;
  }
  bool trained() const noexcept { return observations_ >= observations_least(); }

  void learn(const Bucket& bucket);

  struct Score {
    /// How many standard deviations the value is away, signed; 0 while untrained. The adaptive model's evidence is put on
    /// the same scale: what it takes for unusual is kAnomalyThreshold.
    double deviations = 0;
    double expected = 0;
  };
  Score score(const Bucket& bucket, Feature feature) const;
  /// For series that are not logs: one value in place of the count, without the floor of one event.
  void learn(std::int64_t time, double value);
  Score score(std::int64_t time, double value) const;

  /// Bytes for the store, and back. Damaged or foreign bytes are refused.
  std::string encode() const;
  static Result<Baseline> decode(std::string_view bytes);

 private:
  template <typename Io>
  void pass_state(Io& io);
  Score compare(std::int64_t time, double value, std::size_t feature, double floor) const;
  void learn_feature(std::int64_t time, double value, std::size_t feature, double floor);

  AnomalyModel model_;
  std::uint32_t bucket_seconds_;
  std::uint64_t observations_ = 0;
  std::array<RunningDeviation, kFeatures> running_;  // zscore
  std::array<AdaptiveSeries, kFeatures> adaptive_;   // adaptive
};

/// An episode of unusual buckets of one feature. Value, expected and deviations are those of its worst bucket.
struct Anomaly {
  std::int64_t start = 0;     // of its first unusual bucket, unix seconds
  std::int64_t end = 0;       // of its last, the bucket's length included
  std::uint64_t buckets = 0;  // unusual ones among them
  Feature feature = Feature::count;
  double value = 0;
  double expected = 0;
  double deviations = 0;
};

/// Cuts a stream of records into buckets, compares each finished bucket with the baseline, then learns it.
class AnomalyDetector {
 public:
  /// `baseline` is changed as buckets are learnt and must outlive the detector. With `detect` false it only learns.
  AnomalyDetector(Baseline& baseline, double threshold, bool detect) noexcept
      : baseline_(baseline), threshold_(threshold), detect_(detect) {}

  /// Records may be out of order by a bucket; later ones are counted as late and left out, as are those without a time. When
  /// more of them in a row than are open lie further behind than kEpisodeQuietBuckets, what is open is left out instead.
  void add(const Record& record) { add(record.time_known, record.time_ns, record.severity); }
  void add(bool time_known, std::int64_t time_ns, Severity severity);
  /// Finishes the open buckets and episodes. The last bucket may be cut short by the end of the file; it counts all the same.
  void finish();

  /// Episodes that ended since the last call, in the order of their ends.
  std::vector<Anomaly> take();
  /// Episodes that began since the last call, each with its first bucket: for whoever watches as it happens.
  std::vector<Anomaly> take_begun();
  std::uint64_t late() const noexcept { return late_; }
  std::uint64_t without_time() const noexcept { return without_time_; }
  std::uint64_t buckets() const noexcept { return buckets_; }

 private:
  void close(const Bucket& bucket);
  void give_up_ahead(std::int64_t reach, std::uint64_t events);
  void judge(const Bucket& bucket, Feature feature);
  void end_episode(std::optional<Anomaly>& episode);

  Baseline& baseline_;
  double threshold_;
  bool detect_;
  std::map<std::int64_t, Bucket> open_;  // at most two
  std::optional<std::int64_t> closed_until_;
  std::array<std::optional<Anomaly>, kFeatures> episodes_;
  std::vector<Anomaly> found_, begun_;
  std::uint64_t late_ = 0;
  std::uint64_t behind_ = 0;  // in a row, far behind what is open or closed
  std::uint64_t without_time_ = 0;
  std::uint64_t buckets_ = 0;
};

}  // namespace logystera::detect

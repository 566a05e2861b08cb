// Unusual activity, without rules: how many events a bucket of time has, and which part of them are errors and warnings,
// compared with how it was before.
//
// Two models. `zscore` is mean and standard deviation of everything seen: the plain one, good for sources whose rate
// does not depend on the hour. `seasonal` compares with the same hour of day on earlier days by median and MAD (median
// absolute deviation), which daily rhythms do not confuse and past outliers do not spoil.
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

namespace logystera::detect {

enum class AnomalyModel : std::uint8_t { zscore, seasonal };
std::string_view anomaly_model_name(AnomalyModel model) noexcept;
bool parse_anomaly_model(std::string_view name, AnomalyModel& out) noexcept;

/// What is measured of a bucket.
enum class Feature : std::uint8_t { count, error_rate, warning_rate };
inline constexpr std::size_t kFeatures = 3;
std::string_view feature_name(Feature feature) noexcept;

inline constexpr std::uint32_t kBucketSeconds = 60;
inline constexpr std::uint32_t kBucketSecondsMax = 24 * 3600;
inline constexpr std::uint64_t kBucketsLeast = 5;  // observations before a baseline is used
inline constexpr double kAnomalyThreshold = 3.0;   // standard deviations
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

 private:
  friend class Baseline;
  std::uint64_t count_ = 0;
  double mean_ = 0;
  double squares_ = 0;
};

/// The newest values of each hour of the day, as many as a week of minutes has.
class HourlyValues {
 public:
  static constexpr std::size_t kHours = 24;
  static constexpr std::size_t kValuesPerHour = 7 * 60;

  void add(std::int64_t time, double value);
  std::uint64_t observations() const noexcept { return count_; }
  /// Median and scaled MAD (comparable to a standard deviation) of the hour `time` falls into, or, while that hour has
  /// fewer than kBucketsLeast values, of all hours.
  struct Spread {
    double median = 0;
    double deviation = 0;
  };
  Spread spread(std::int64_t time) const;

 private:
  friend class Baseline;
  static std::size_t hour_of(std::int64_t time) noexcept;

  std::array<std::vector<float>, kHours> values_;  // rings once full
  std::array<std::uint32_t, kHours> next_{};
  std::uint64_t count_ = 0;
};

/// What one source is usually like. Copyable; kept in the store as bytes.
class Baseline {
 public:
  Baseline(AnomalyModel model, std::uint32_t bucket_seconds) noexcept : model_(model), bucket_seconds_(bucket_seconds) {}

  AnomalyModel model() const noexcept { return model_; }
  std::uint32_t bucket_seconds() const noexcept { return bucket_seconds_; }
  /// Buckets learnt.
  std::uint64_t observations() const noexcept { return observations_; }
  bool trained() const noexcept { return observations_ >= kBucketsLeast; }

  void learn(const Bucket& bucket);

  struct Score {
    double deviations = 0;  // how many deviations the value is away, signed; 0 while untrained
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
  Score compare(std::int64_t time, double value, std::size_t feature, double floor) const;
  void learn_feature(std::int64_t time, double value, std::size_t feature);

  AnomalyModel model_;
  std::uint32_t bucket_seconds_;
  std::uint64_t observations_ = 0;
  std::array<RunningDeviation, kFeatures> running_;  // zscore
  std::array<HourlyValues, kFeatures> hourly_;       // seasonal
};

struct Anomaly {
  std::int64_t start = 0;  // the bucket's, unix seconds
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

  /// Records may be out of order by a bucket; later ones are counted as late and left out, as are those without a time.
  void add(const Record& record) { add(record.time_known, record.time_ns, record.severity); }
  void add(bool time_known, std::int64_t time_ns, Severity severity);
  /// Finishes the open buckets. The last one may be cut short by the end of the file; it counts all the same.
  void finish();

  /// Anomalies since the last call, in order of time.
  std::vector<Anomaly> take();
  std::uint64_t late() const noexcept { return late_; }
  std::uint64_t without_time() const noexcept { return without_time_; }
  std::uint64_t buckets() const noexcept { return buckets_; }

 private:
  void close(const Bucket& bucket);

  Baseline& baseline_;
  double threshold_;
  bool detect_;
  std::map<std::int64_t, Bucket> open_;  // at most two
  std::optional<std::int64_t> closed_until_;
  std::vector<Anomaly> found_;
  std::uint64_t late_ = 0;
  std::uint64_t without_time_ = 0;
  std::uint64_t buckets_ = 0;
};

}  // namespace logystera::detect

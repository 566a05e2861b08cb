#include "detect/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace logystera::detect {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;
constexpr double kMadToDeviation = 1.4826;  // for normally distributed values
// Differences below these are noise however even the past was: one event, one in a hundred.
constexpr std::array<double, kFeatures> kDeviationFloor = {1.0, 0.01, 0.01};
constexpr std::string_view kMagic = "LGYB1";
constexpr std::size_t kOpenBuckets = 2;

std::int64_t floor_to(std::int64_t value, std::int64_t step) noexcept {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

// The middle value; `values` is reordered.
double median(std::vector<float>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (static_cast<double>(*middle) + static_cast<double>(*std::max_element(values.begin(), middle))) / 2;
}

template <typename T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
template <typename T>
bool get(std::string_view& in, T& value) {
  if (in.size() < sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  in.remove_prefix(sizeof value);
  return true;
}

}  // namespace

std::string_view anomaly_model_name(AnomalyModel model) noexcept {
  return model == AnomalyModel::zscore ? "zscore" : "seasonal";
}

bool parse_anomaly_model(std::string_view name, AnomalyModel& out) noexcept {
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::seasonal}) {
    if (name != anomaly_model_name(model)) continue;
    out = model;
    return true;
  }
  return false;
}

std::string_view feature_name(Feature feature) noexcept {
  constexpr std::array<std::string_view, kFeatures> names = {"count", "error_rate", "warning_rate"};
  return names[static_cast<std::size_t>(feature)];
}

double Bucket::value(Feature feature) const noexcept {
  const auto all = static_cast<double>(events);
  if (feature == Feature::count) return all;
  if (events == 0) return 0;
  return static_cast<double>(feature == Feature::error_rate ? errors : warnings) / all;
}

void RunningDeviation::add(double value) noexcept {
  ++count_;
  const double before = value - mean_;
  mean_ += before / static_cast<double>(count_);
  squares_ += before * (value - mean_);
}

double RunningDeviation::deviation() const noexcept {
  return count_ < 2 ? 0 : std::sqrt(squares_ / static_cast<double>(count_ - 1));
}

std::size_t HourlyValues::hour_of(std::int64_t time) noexcept {
  constexpr std::int64_t kHour = 3600;
  return static_cast<std::size_t>(floor_to(time, kHour) / kHour % 24 + 24) % 24;
}

void HourlyValues::add(std::int64_t time, double value) {
  const std::size_t hour = hour_of(time);
  std::vector<float>& values = values_[hour];
  if (values.size() < kValuesPerHour) values.push_back(static_cast<float>(value));
  else values[next_[hour] = (next_[hour] + 1) % kValuesPerHour] = static_cast<float>(value);
  ++count_;
}

HourlyValues::Spread HourlyValues::spread(std::int64_t time) const {
  std::vector<float> values = values_[hour_of(time)];
  if (values.size() < kBucketsLeast) {
    values.clear();
    for (const std::vector<float>& hour : values_) values.insert(values.end(), hour.begin(), hour.end());
  }
  if (values.empty()) return {};
  Spread spread;
  spread.median = median(values);
  for (float& value : values) value = std::fabs(value - static_cast<float>(spread.median));
  spread.deviation = median(values) * kMadToDeviation;
  return spread;
}

Baseline::Score Baseline::compare(std::int64_t time, double value, std::size_t feature, double floor) const {
  if (!trained()) return {};
  Score score;
  double deviation;
  if (model_ == AnomalyModel::zscore) {
    score.expected = running_[feature].mean();
    deviation = running_[feature].deviation();
  } else {
    const HourlyValues::Spread spread = hourly_[feature].spread(time);
    score.expected = spread.median;
    deviation = spread.deviation;
  }
  deviation = std::max(deviation, floor);
  score.deviations = deviation > 0 ? (value - score.expected) / deviation : 0;
  return score;
}

void Baseline::learn_feature(std::int64_t time, double value, std::size_t feature) {
  if (model_ == AnomalyModel::zscore) running_[feature].add(value);
  else hourly_[feature].add(time, value);
}

void Baseline::learn(const Bucket& bucket) {
  for (std::size_t i = 0; i < kFeatures; ++i) learn_feature(bucket.start, bucket.value(static_cast<Feature>(i)), i);
  ++observations_;
}

Baseline::Score Baseline::score(const Bucket& bucket, Feature feature) const {
  const auto index = static_cast<std::size_t>(feature);
  return compare(bucket.start, bucket.value(feature), index, kDeviationFloor[index]);
}

void Baseline::learn(std::int64_t time, double value) {
  if (!std::isfinite(value)) return;
  learn_feature(time, value, 0);
  ++observations_;
}

Baseline::Score Baseline::score(std::int64_t time, double value) const {
  // A series without any spread so far: a thousandth of its size is its noise.
  if (!std::isfinite(value)) return {};
  const Score level = compare(time, value, 0, 1);
  return compare(time, value, 0, std::max(std::fabs(level.expected) * 1e-3, 1e-9));
}

std::string Baseline::encode() const {
  std::string out(kMagic);
  put(out, static_cast<std::uint8_t>(model_));
  put(out, bucket_seconds_);
  put(out, observations_);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    if (model_ == AnomalyModel::zscore) {
      put(out, running_[i].count_);
      put(out, running_[i].mean_);
      put(out, running_[i].squares_);
      continue;
    }
    put(out, hourly_[i].count_);
    for (std::size_t hour = 0; hour < HourlyValues::kHours; ++hour) {
      put(out, hourly_[i].next_[hour]);
      put(out, static_cast<std::uint32_t>(hourly_[i].values_[hour].size()));
      for (float value : hourly_[i].values_[hour]) put(out, value);
    }
  }
  return out;
}

Result<Baseline> Baseline::decode(std::string_view bytes) {
  const Error damaged{"the stored baseline is damaged or of another version; reset it and learn again"};
  if (bytes.size() > kBaselineBytesMax || bytes.substr(0, kMagic.size()) != kMagic) return damaged;
  bytes.remove_prefix(kMagic.size());
  std::uint8_t model;
  Baseline baseline(AnomalyModel::zscore, kBucketSeconds);
  if (!get(bytes, model) || model > 1 || !get(bytes, baseline.bucket_seconds_) || baseline.bucket_seconds_ == 0 ||
      baseline.bucket_seconds_ > kBucketSecondsMax || !get(bytes, baseline.observations_))
    return damaged;
  baseline.model_ = static_cast<AnomalyModel>(model);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    if (baseline.model_ == AnomalyModel::zscore) {
      RunningDeviation& running = baseline.running_[i];
      if (!get(bytes, running.count_) || !get(bytes, running.mean_) || !get(bytes, running.squares_)) return damaged;
      if (!std::isfinite(running.mean_) || !std::isfinite(running.squares_) || running.squares_ < 0) return damaged;
      continue;
    }
    HourlyValues& hourly = baseline.hourly_[i];
    if (!get(bytes, hourly.count_)) return damaged;
    for (std::size_t hour = 0; hour < HourlyValues::kHours; ++hour) {
      std::uint32_t size;
      if (!get(bytes, hourly.next_[hour]) || !get(bytes, size) || size > HourlyValues::kValuesPerHour ||
          hourly.next_[hour] >= HourlyValues::kValuesPerHour)
        return damaged;
      hourly.values_[hour].resize(size);
      for (float& value : hourly.values_[hour])
        if (!get(bytes, value) || !std::isfinite(value)) return damaged;
    }
  }
  if (!bytes.empty()) return damaged;
  return baseline;
}

void AnomalyDetector::add(bool time_known, std::int64_t time_ns, Severity severity) {
  if (!time_known) {
    ++without_time_;
    return;
  }
  const std::int64_t start =
      floor_to(floor_to(time_ns, kNanosecondsPerSecond) / kNanosecondsPerSecond, baseline_.bucket_seconds());
  if (closed_until_ && start <= *closed_until_) {
    ++late_;
    return;
  }
  Bucket& bucket = open_[start];
  bucket.start = start;
  ++bucket.events;
  if (severity >= Severity::error) ++bucket.errors;
  else if (severity == Severity::warning) ++bucket.warnings;
  while (open_.size() > kOpenBuckets) {
    close(open_.begin()->second);
    open_.erase(open_.begin());
  }
}

void AnomalyDetector::finish() {
  for (const auto& [start, bucket] : open_) close(bucket);
  open_.clear();
}

void AnomalyDetector::close(const Bucket& bucket) {
  closed_until_ = bucket.start;
  ++buckets_;
  if (detect_ && baseline_.trained()) {
    for (std::size_t i = 0; i < kFeatures; ++i) {
      const auto feature = static_cast<Feature>(i);
      const Baseline::Score score = baseline_.score(bucket, feature);
      // Fewer errors or warnings than usual is no anomaly; fewer events is.
      if (score.deviations >= threshold_ || (feature == Feature::count && score.deviations <= -threshold_))
        found_.push_back({bucket.start, feature, bucket.value(feature), score.expected, score.deviations});
    }
  }
  baseline_.learn(bucket);
}

std::vector<Anomaly> AnomalyDetector::take() { return std::exchange(found_, {}); }

}  // namespace logystera::detect

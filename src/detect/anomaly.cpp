#include "detect/anomaly.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/bytes.hpp"
#include "core/clock.hpp"

namespace logystera::detect {
namespace {

// Differences below these are noise however even the past was: one event, one in a hundred.
constexpr std::array<double, kFeatures> kDeviationFloor = {1.0, 0.01, 0.01};
constexpr std::string_view kMagic = "LGYB1";
constexpr std::size_t kOpenBuckets = 2;
constexpr std::uint64_t kBehindLeast = 100;  // lines in a row that are far behind before they are believed

std::int64_t floor_to(std::int64_t value, std::int64_t step) noexcept {
  const std::int64_t rest = value % step;
  return value - (rest < 0 ? rest + step : rest);
}

}  // namespace

std::string_view anomaly_model_name(AnomalyModel model) noexcept {
  return model == AnomalyModel::zscore ? "zscore" : "adaptive";
}

bool parse_anomaly_model(std::string_view name, AnomalyModel& out) noexcept {
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::adaptive}) {
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

bool RunningDeviation::sound() const noexcept { return std::isfinite(mean_) && std::isfinite(squares_) && squares_ >= 0; }

Baseline::Score Baseline::compare(std::int64_t time, double value, std::size_t feature, double floor) const {
  if (!trained()) return {};
  Score score;
  if (model_ == AnomalyModel::adaptive) {
    const AdaptiveSeries::Score found = adaptive_[feature].score(time, value, floor);
    score.expected = found.expected;
    score.deviations = found.evidence * (kAnomalyThreshold / AdaptiveSeries::kUnusualEvidence);
    if (value < found.expected) score.deviations = -score.deviations;
    return score;
  }
  score.expected = running_[feature].mean();
  const double deviation = std::max(running_[feature].deviation(), floor);
  score.deviations = deviation > 0 ? (value - score.expected) / deviation : 0;
  return score;
}

void Baseline::learn_feature(std::int64_t time, double value, std::size_t feature, double floor) {
  if (model_ == AnomalyModel::zscore) running_[feature].add(value);
  else adaptive_[feature].learn(time, value, floor);
}

void Baseline::learn(const Bucket& bucket) {
  for (std::size_t i = 0; i < kFeatures; ++i)
    learn_feature(bucket.start, bucket.value(static_cast<Feature>(i)), i, kDeviationFloor[i]);
  ++observations_;
}

Baseline::Score Baseline::score(const Bucket& bucket, Feature feature) const {
  const auto index = static_cast<std::size_t>(feature);
  return compare(bucket.start, bucket.value(feature), index, kDeviationFloor[index]);
}

void Baseline::learn(std::int64_t time, double value) {
  if (!std::isfinite(value)) return;
  learn_feature(time, value, 0, 0);
  ++observations_;
}

Baseline::Score Baseline::score(std::int64_t time, double value) const {
  if (!std::isfinite(value)) return {};
  // A series without any spread so far: a thousandth of its size is its noise.
  return compare(time, value, 0, std::max(std::fabs(running_[0].mean()) * 1e-3, 1e-9));
}

// Everything that is kept, for a writer and a reader alike.
template <typename Io>
void Baseline::pass_state(Io& io) {
  io.number(bucket_seconds_);
  io.number(observations_);
  for (std::size_t i = 0; i < kFeatures; ++i) {
    if (model_ == AnomalyModel::zscore) {
      pass(io, running_[i]);
    } else {
      pass(io, adaptive_[i]);
    }
  }
}

std::string Baseline::encode() const {
  std::string out(kMagic);
  out.push_back(static_cast<char>(model_));
  ByteWriter writer(out);
  Baseline(*this).pass_state(writer);
  return out;
}

Result<Baseline> Baseline::decode(std::string_view bytes) {
  const Error damaged{"the stored baseline is damaged or of another version; reset it and learn again", ErrorKind::broken};
  if (bytes.size() > kBaselineBytesMax || bytes.size() <= kMagic.size() || bytes.substr(0, kMagic.size()) != kMagic)
    return damaged;
  const auto model = static_cast<AnomalyModel>(bytes[kMagic.size()]);
  if (model != AnomalyModel::zscore && model != AnomalyModel::adaptive) return damaged;
  ByteReader reader(bytes.substr(kMagic.size() + 1));
  Baseline baseline(model, kBucketSeconds);
  baseline.pass_state(reader);
  if (!reader.ok() || !reader.at_end() || baseline.bucket_seconds_ == 0 || baseline.bucket_seconds_ > kBucketSecondsMax)
    return damaged;
  for (std::size_t i = 0; i < kFeatures; ++i) {
    if (!baseline.running_[i].sound() || !baseline.adaptive_[i].sound()) return damaged;
  }
  return baseline;
}

void AnomalyDetector::add(bool time_known, std::int64_t time_ns, Severity severity) {
  if (!time_known) {
    ++without_time_;
    return;
  }
  const std::int64_t start = floor_to(floor_to(time_ns, kSecondNs) / kSecondNs, baseline_.bucket_seconds());
  // Lines of a wrong date ahead must not make everything late, nor one late line the usual ones: more in a row decide.
  const std::int64_t reach = start + kEpisodeQuietBuckets * baseline_.bucket_seconds();
  const bool open_ahead = open_.size() == kOpenBuckets && open_.begin()->first > reach;
  if (open_ahead || (closed_until_ && *closed_until_ > reach)) {
    std::uint64_t ahead = 0;
    for (const auto& [open_start, bucket] : open_) ahead += bucket.events;
    if (++behind_ <= std::max(ahead, kBehindLeast)) {
      ++late_;
      return;
    }
    give_up_ahead(reach, ahead);
  }
  behind_ = 0;
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

// Leaves out what is open, and forgets what was closed beyond `reach`.
void AnomalyDetector::give_up_ahead(std::int64_t reach, std::uint64_t events) {
  late_ += events;
  open_.clear();
  if (!closed_until_ || *closed_until_ <= reach) return;
  closed_until_.reset();
  for (std::optional<Anomaly>& episode : episodes_) end_episode(episode);
}

void AnomalyDetector::finish() {
  for (const auto& [start, bucket] : open_) close(bucket);
  open_.clear();
  for (std::optional<Anomaly>& episode : episodes_) end_episode(episode);
}

void AnomalyDetector::close(const Bucket& bucket) {
  closed_until_ = bucket.start;
  ++buckets_;
  if (detect_ && baseline_.trained())
    for (std::size_t i = 0; i < kFeatures; ++i) judge(bucket, static_cast<Feature>(i));
  baseline_.learn(bucket);
}

// Puts an unusual bucket into its episode, and ends the episode when it was quiet for long enough.
void AnomalyDetector::judge(const Bucket& bucket, Feature feature) {
  std::optional<Anomaly>& episode = episodes_[static_cast<std::size_t>(feature)];
  const std::int64_t length = baseline_.bucket_seconds();
  if (episode && bucket.start - episode->end >= kEpisodeQuietBuckets * length) end_episode(episode);
  const Baseline::Score score = baseline_.score(bucket, feature);
  // Fewer errors or warnings than usual is no anomaly; fewer events is.
  const double deviations = feature == Feature::count ? std::fabs(score.deviations) : score.deviations;
  if (!(deviations >= threshold_)) return;
  if (!episode) {
    episode = {bucket.start, bucket.start, 0, feature, bucket.value(feature), score.expected, score.deviations};
  } else if (deviations > std::fabs(episode->deviations)) {
    episode->value = bucket.value(feature);
    episode->expected = score.expected;
    episode->deviations = score.deviations;
  }
  episode->end = bucket.start + length;
  if (++episode->buckets == 1) begun_.push_back(*episode);
}

void AnomalyDetector::end_episode(std::optional<Anomaly>& episode) {
  if (episode) found_.push_back(*episode);
  episode.reset();
}

std::vector<Anomaly> AnomalyDetector::take() { return std::exchange(found_, {}); }
std::vector<Anomaly> AnomalyDetector::take_begun() { return std::exchange(begun_, {}); }

}  // namespace logystera::detect

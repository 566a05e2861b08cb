#include "detect/adaptive_series.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace logystera::detect {
namespace {

constexpr std::size_t kWindowLeast = 30;   // values a window has before a score is made of it
constexpr std::size_t kHistoryLeast = 60;  // scores before there is a tail
constexpr std::size_t kCalibratedEvery = 20;
constexpr double kTailShare = 0.01;
// The tail's mean is that of its scores and of five more that stand a fifth above its beginning: few scores that happen to
// lie close together must not make the next one look impossible.
constexpr double kPriorScores = 5, kPriorAbove = 0.2;
constexpr double kLeastTailMean = 0.4;  // a series that repeats itself exactly has no tail: differences below this are none
// A score is learnt as no more than this much evidence: after one flood the next one is a flood as well.
constexpr double kEvidenceLearnt = 5;
constexpr double kSlotWeight = 0.1, kAverageWeight = 0.01;
constexpr double kRelativeFloor = 1e-3;  // of the mean
constexpr double kLeastDeviation = 1e-9;
constexpr std::int64_t kDay = 86'400;

std::size_t slot_of(std::int64_t time, std::size_t slots) {
  return static_cast<std::size_t>((time % kDay + kDay) % kDay) * slots / static_cast<std::size_t>(kDay);
}

}  // namespace

// The value `back` places before the newest.
double AdaptiveSeries::View::newest(std::size_t back) const { return ring[(next + ring.size() - 1 - back) % ring.size()]; }

double AdaptiveSeries::View::window_mean(std::size_t latest) const {
  return ring.size() > latest ? origin + sum / static_cast<double>(ring.size() - latest) : (ring.empty() ? 0 : newest(0));
}

// How far the mean of `value` and the latest before it is from that of the window, in the window's standard deviations.
double AdaptiveSeries::View::score(double value, std::size_t latest, double floor) const {
  if (ring.size() < kWindowLeast + latest) return 0;
  const auto size = static_cast<double>(ring.size() - latest);
  const double about = sum / size, mean = origin + about;
  double deviation = std::sqrt(std::max(squares / size - about * about, 0.0));
  deviation = std::max({deviation, floor, std::fabs(mean) * kRelativeFloor, kLeastDeviation});
  double now = value;
  for (std::size_t back = 0; back + 1 < latest; ++back) now += newest(back);
  return (now / static_cast<double>(latest) - mean) / deviation;
}

double AdaptiveSeries::View::evidence(double score) const {
  if (tail_mean <= 0 || score <= tail_from) return 0;
  return -std::log10(kTailShare) + (score - tail_from) / tail_mean / std::log(10.0);
}

// The score that is this much evidence.
double AdaptiveSeries::View::score_of(double evidence) const {
  return tail_from + (evidence + std::log10(kTailShare)) * std::log(10.0) * tail_mean;
}

void AdaptiveSeries::View::count_anew(std::size_t latest) {
  sum = squares = 0;
  for (std::size_t back = latest; back < ring.size(); ++back) {
    const double about = newest(back) - origin;
    sum += about;
    squares += about * about;
  }
}

void AdaptiveSeries::View::learn(double value, std::size_t latest, double floor, bool two_sided) {
  double one_score = score(value, latest, floor);
  if (two_sided) one_score = std::fabs(one_score);
  if (tail_mean > 0) one_score = std::min(one_score, score_of(kEvidenceLearnt));
  const auto scored_now = static_cast<float>(one_score);
  if (scores.size() < kHistory) scores.push_back(scored_now);
  else scores[next_score] = scored_now;
  next_score = (next_score + 1) % static_cast<std::uint32_t>(kHistory);
  if (++scored >= kHistoryLeast && (scored % kCalibratedEvery == 0 || tail_mean <= 0)) calibrate();

  if (ring.empty()) origin = value;
  const bool full = ring.size() == kWindow + latest;
  const double dropped = full ? ring[next] - origin : 0;
  if (full) ring[next] = value;
  else ring.push_back(value);
  next = static_cast<std::uint32_t>((next + 1) % (kWindow + latest));
  if (next == 0) return count_anew(latest);  // what rounding added up is gone once a round
  if (ring.size() <= latest) return;
  const double entered = newest(latest) - origin;
  sum += entered - dropped;
  squares += entered * entered - dropped * dropped;
}

void AdaptiveSeries::View::calibrate() {
  std::vector<float> sorted = scores;
  const auto from = static_cast<std::size_t>(static_cast<double>(sorted.size()) * (1 - kTailShare));
  const auto tail = sorted.begin() + static_cast<std::ptrdiff_t>(from);
  std::nth_element(sorted.begin(), tail, sorted.end());
  tail_from = *tail;
  const auto count = static_cast<double>(sorted.end() - tail);
  // Summed in their own order: nth_element leaves the order of equal and of larger ones to the library.
  std::sort(tail, sorted.end());
  const double above = std::accumulate(tail, sorted.end(), 0.0) - count * tail_from;
  tail_mean = (above + kPriorScores * kPriorAbove * std::fabs(tail_from)) / (count + kPriorScores);
  tail_mean = std::max(tail_mean, kLeastTailMean);
}

bool AdaptiveSeries::View::sound(std::size_t latest) const noexcept {
  const auto finite = [](double value) { return std::isfinite(value); };
  return ring.size() <= kWindow + latest && next < kWindow + latest &&
         (ring.size() == kWindow + latest || next == ring.size()) && scores.size() <= kHistory && next_score < kHistory &&
         (scores.size() == kHistory || next_score == scores.size()) && scored >= scores.size() &&
         std::all_of(ring.begin(), ring.end(), finite) && std::all_of(scores.begin(), scores.end(), finite) &&
         finite(sum) && finite(squares) && finite(origin) && finite(tail_from) && finite(tail_mean) && tail_mean >= 0;
}

bool AdaptiveSeries::sound() const noexcept {
  if (!std::isfinite(last_) || !std::isfinite(average_)) return false;
  if (slots_.size() != (values_ > 0 ? kSlots : 0)) return false;
  for (const double slot : slots_)
    if (std::isinf(slot)) return false;
  for (std::size_t i = 0; i < kViews; ++i)
    if (!views_[i].sound(kLatest[i])) return false;
  return true;
}

double AdaptiveSeries::usual_at(std::int64_t time) const {
  if (slots_.empty()) return average_;
  const double slot = slots_[slot_of(time, kSlots)];
  return std::isnan(slot) ? average_ : slot;
}

// What each view sees of a value.
std::array<double, AdaptiveSeries::kViews> AdaptiveSeries::looks(std::int64_t time, double value) const {
  if (values_ == 0) return {value, 0, 0};
  return {value, std::fabs(value - last_), value - usual_at(time)};
}

AdaptiveSeries::Score AdaptiveSeries::score(std::int64_t time, double value, double floor) const {
  if (values_ < kValuesLeast) return {};
  Score total;
  const auto seen = looks(time, value);
  for (std::size_t i = 0; i < kViews; ++i) {
    const double score = views_[i].score(seen[i], kLatest[i], floor);
    // Less movement than usual is no news.
    total.evidence += views_[i].evidence(i == movement ? score : std::fabs(score));
  }
  const bool slot_known = !slots_.empty() && !std::isnan(slots_[slot_of(time, kSlots)]);
  total.expected = slot_known ? usual_at(time) : views_[level].window_mean(kLatest[level]);
  return total;
}

void AdaptiveSeries::learn(std::int64_t time, double value, double floor) {
  const auto seen = looks(time, value);
  for (std::size_t i = 0; i < kViews; ++i) views_[i].learn(seen[i], kLatest[i], floor, i != movement);
  if (values_ == 0) {
    slots_.assign(kSlots, std::numeric_limits<double>::quiet_NaN());
    average_ = value;
  }
  double& slot = slots_[slot_of(time, kSlots)];
  slot = std::isnan(slot) ? value : slot + kSlotWeight * (value - slot);
  average_ += kAverageWeight * (value - average_);
  last_ = value;
  ++values_;
}

}  // namespace logystera::detect

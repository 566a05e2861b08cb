#include "detect/window/below_threshold.hpp"

#include <algorithm>

namespace logystera::detect {
namespace {

constexpr std::size_t kRoomLeast = 8;   // hits
constexpr double kRounding = 1 - 1e-9;  // sums of numbers that are no integers are told apart only so far
constexpr std::uint64_t kLateSpans = 3, kTimelySpans = 2;

// Nanoseconds from `before` to `now`, which is not earlier.
std::uint64_t passed(std::int64_t before, std::int64_t now) noexcept {
  return static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(before);
}

}  // namespace

BelowThreshold::BelowThreshold(double least, std::int64_t span_ns, std::size_t cells)
    : least_(least * kRounding), span_ns_(span_ns), mask_(cells - 1), cells_(cells), tracked_(cells), hits_(kRoomLeast) {}

// The number of the span `clock` is in.
void BelowThreshold::turn_to(std::int64_t clock) noexcept {
  if (!started_) {
    span_begin_ = clock;
    started_ = true;
    return;
  }
  const std::uint64_t since = passed(span_begin_, clock), span = static_cast<std::uint64_t>(span_ns_);
  if (since < span) return;
  const std::uint64_t turns = since / span;
  span_begin_ += static_cast<std::int64_t>(turns * span);
  span_ += static_cast<std::uint32_t>(std::min<std::uint64_t>(turns, kSpans));
}

void BelowThreshold::make_room() {
  std::vector<Hit> larger(hits_.size() * 2);
  for (std::uint64_t number = first_; number != last_; ++number) larger[number & (larger.size() - 1)] = hit_at(number);
  hits_.swap(larger);
}

void BelowThreshold::chain(std::size_t index, std::vector<std::uint64_t>& numbers) const {
  const Cell& cell = cells_[index];
  if (cell.span == 0) return;
  // How long ago the newest came; hits that were dropped meanwhile end the chain.
  std::uint64_t ago = static_cast<std::uint32_t>(static_cast<std::uint32_t>(last_) - cell.newest);
  for (std::uint64_t number = last_; ago != 0 && ago <= number - first_;) {
    number -= ago;
    const Hit& hit = hits_[number & (hits_.size() - 1)];
    if (cell_of(hit.key) != index) break;  // a number so old that it stands for another hit
    numbers.push_back(number);
    ago = hit.back;
  }
}

bool BelowThreshold::add(const Hit& hit, double weight, std::int64_t clock) {
  turn_to(clock);
  Cell& cell = cells_[cell_of(hit.key)];
  const bool first = cell.span == 0;
  for (; cell.span != span_; ++cell.span) {
    if (cell.span == 0 || span_ - cell.span >= kSpans) {
      std::fill(std::begin(cell.sums), std::end(cell.sums), 0.0);
      cell.span = span_;
      break;
    }
    for (std::size_t i = kSpans - 1; i > 0; --i) cell.sums[i] = cell.sums[i - 1];
    cell.sums[0] = 0;
  }
  double sum = weight;
  for (double one : cell.sums) sum += one;
  if (!(sum < least_)) {
    if (first) cell = Cell{};
    return false;
  }
  cell.sums[0] += weight;
  if (hit.time < clock) {
    late_ = true;
    late_at_ = clock;
  }
  if (size() == hits_.size()) make_room();
  Hit& kept = hit_at(last_);
  kept = hit;
  kept.back = first ? 0 : static_cast<std::uint32_t>(last_) - cell.newest;
  cell.newest = static_cast<std::uint32_t>(last_++);
  return true;
}

void BelowThreshold::untrack(std::uint64_t key) noexcept { --tracked_[cell_of(key)]; }

std::size_t BelowThreshold::drop_old(std::int64_t clock) noexcept {
  const std::uint64_t span = static_cast<std::uint64_t>(span_ns_);
  if (late_ && passed(late_at_, clock) > kTimelySpans * span) late_ = false;
  const std::uint64_t reach = (late_ ? kLateSpans : kTimelySpans) * span;
  const std::uint64_t before = first_;
  while (first_ != last_ && passed(hit_at(first_).time, clock) > reach) ++first_;
  return static_cast<std::size_t>(first_ - before);
}

void BelowThreshold::drop(std::size_t count) noexcept { first_ += std::min(count, size()); }

}  // namespace logystera::detect

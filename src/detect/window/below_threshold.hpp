// Hits of groups that cannot have reached their window's bound yet: nearly all groups of an access log, where counting each
// address by itself would cost more than anything else a rule does.
//
// Groups share cells by their keys. A cell adds up what all its groups counted within three spans, so it never says less
// than one of them has in any window still to come: a group may be late by one span, and its window reaches back another.
// As long as that sum is below the bound, the hits only lie here one behind the other, and no group needs looking at. When
// it is not, the cell's hits are handed over, in the order they came, to be counted group by group exactly as if they had
// been from the first; the cell is tracked from then on, until the last of its groups is evicted.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace logystera::detect {

class BelowThreshold {
 public:
  struct Hit {
    std::int64_t time;   // nanoseconds
    std::uint64_t key;   // of its group: a keyed hash, any bits of which are random
    std::uint64_t what;  // the counted value's hash, or the bits of a number
    std::uint32_t back;  // how many hits ago the one before it in its cell came
    bool counted;        // false: it had nothing the window counts
    bool again = false;  // another line of what was counted before (Contribution::times 0)
  };

  /// 64 KiB of cells: they stay in the second-level cache.
  static constexpr std::size_t kCellsMost = 2048;
  /// Few to begin with, for a window of a site that has a handful of visitors an hour, of which a gateway has thousands.
  static constexpr std::size_t kCellsLeast = 32;

  /// `least`: what a window must measure before it can fire, above 1. `span_ns`: of the window, above 0. `cells`: a power of two.
  BelowThreshold(double least, std::int64_t span_ns, std::size_t cells = kCellsMost);

  /// As many as so many hits want.
  static std::size_t cells_for(std::size_t hits) noexcept {
    std::size_t cells = kCellsLeast;
    while (cells < kCellsMost && hits >= cells * kHitsOfCell) cells *= kTimes;
    return std::min(cells, kCellsMost);
  }
  std::size_t cells() const noexcept { return cells_.size(); }
  /// Its groups have become so many that they should share more cells, of another one, once all hits were taken from this.
  bool crowded() const noexcept { return cells_.size() < kCellsMost && size() >= cells_.size() * kHitsOfCell; }

  bool tracked(std::uint64_t key) const noexcept { return tracked_[cell_of(key)] != 0; }
  /// Keeps a hit whose cell is not tracked; `weight` is the most it adds to what its group measures, 0 or more. `clock` is the
  /// window's, which never goes back while hits are kept, nor is it less than a hit's time or above it by more than a span.
  /// False if a group may have reached the bound with this hit: it is not kept then, and the cell has to be taken.
  bool add(const Hit& hit, double weight, std::int64_t clock);
  /// Hands the hits of the key's cell to `each`, the oldest first, and forgets them.
  template <typename Each>
  void take(std::uint64_t key, Each&& each) {
    take_cell(cell_of(key), each);
  }
  /// The same for all cells. The clock may be any afterwards.
  template <typename Each>
  void take_all(Each&& each) {
    // By the hits, of which a log whose clock goes back and forth has few at a time, not by the cells.
    for (std::uint64_t number = first_; number != last_; ++number) take_cell(cell_of(hit_at(number).key), each);
    first_ = last_;
    span_ += kSpans;  // what cells without hits still hold is over
    if (span_ > kSpanMost) {
      cells_.assign(cells_.size(), Cell{});
      span_ = 1;
    }
    started_ = late_ = false;
  }
  /// Each hit that was not handed over yet, the oldest first.
  template <typename Each>
  void each(Each&& each) const {
    std::vector<std::uint64_t> numbers;
    for (std::size_t index = 0; index < cells_.size(); ++index) chain(index, numbers);
    std::sort(numbers.begin(), numbers.end());
    for (std::uint64_t number : numbers) each(hits_[number & (hits_.size() - 1)]);
  }
  /// A group that is counted by itself came to be, or is gone.
  void track(std::uint64_t key) noexcept { ++tracked_[cell_of(key)]; }
  void untrack(std::uint64_t key) noexcept;

  /// Drops hits that no window can reach any more; how many.
  std::size_t drop_old(std::int64_t clock) noexcept;
  /// Drops the oldest `count` hits, for want of memory.
  void drop(std::size_t count) noexcept;
  /// Hits held, those taken already included until they are old.
  std::size_t size() const noexcept { return static_cast<std::size_t>(last_ - first_); }
  /// Asks the processor for what keeping a hit of that group will touch.
  void fetch(std::uint64_t key) const noexcept { __builtin_prefetch(&cells_[cell_of(key)], 1); }

 private:
  static constexpr std::size_t kSpans = 3, kHitsOfCell = 2, kTimes = 8;
  static constexpr std::uint32_t kSpanMost = 1u << 31;

  struct alignas(32) Cell {
    double sums[kSpans] = {};  // of this span's hits, of the one's before, of the one's before that
    std::uint32_t span = 0;    // number of the span `sums[0]` is of; 0: the cell holds nothing
    std::uint32_t newest = 0;  // number of its last hit, the low 32 bits
  };
  static_assert(sizeof(Cell) == 32);

  std::size_t cell_of(std::uint64_t key) const noexcept { return static_cast<std::size_t>(key >> 20) & mask_; }
  Hit& hit_at(std::uint64_t number) noexcept { return hits_[number & (hits_.size() - 1)]; }
  void turn_to(std::int64_t clock) noexcept;
  void make_room();
  // Appends the numbers of a cell's hits, the newest first.
  void chain(std::size_t index, std::vector<std::uint64_t>& numbers) const;

  template <typename Each>
  void take_cell(std::size_t index, Each& each) {
    scratch_.clear();
    chain(index, scratch_);
    cells_[index] = Cell{};
    for (std::size_t i = scratch_.size(); i-- > 0;) {
      const Hit hit = hit_at(scratch_[i]);
      each(hit);
    }
  }

  double least_;
  std::int64_t span_ns_;
  std::size_t mask_;
  std::vector<Cell> cells_;
  std::vector<std::uint32_t> tracked_;         // cell → groups counted by themselves
  std::vector<Hit> hits_;                      // a ring; its size is a power of two
  std::uint64_t first_ = 0, last_ = 0;         // numbers of the oldest hit and of the next
  std::uint32_t span_ = 1;                     // number of the clock's span; cells begin with 0
  std::int64_t span_begin_ = 0, late_at_ = 0;  // nanoseconds; `late_at_`: the clock when a hit last came late
  bool started_ = false, late_ = false;
  std::vector<std::uint64_t> scratch_;
};

}  // namespace logystera::detect

// Runs: what lies close together in time, apart from what lies further away. In any order, however many there are: finding one takes
// as long as in a tree, so that a log of any kind of times is read in the time of an ordinary one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <utility>

namespace logystera::store {

/// Times are unix seconds, far enough from the ends of int64 for a gap. A pointer to a run is valid until the next call of at().
template <typename What>
class Runs {
 public:
  /// Of one run the next begins more than `gap` seconds later.
  explicit Runs(std::int64_t gap) : gap_(gap) {}

  /// The run of that time. `join(What&, What&&)` adds a later run's to an earlier one's where the time lies between two and makes them one.
  /// nullptr: there is none, and none `may_begin`.
  template <typename Join>
  What* at(std::int64_t time, bool may_begin, Join&& join) {
    const auto next = runs_.upper_bound(time);
    auto run = next == runs_.begin() ? runs_.end() : std::prev(next);
    if (run != runs_.end() && time - run->second.last > gap_) run = runs_.end();
    if (next == runs_.end() || next->first - time > gap_) {
      if (run == runs_.end()) {
        if (!may_begin) return nullptr;
        run = runs_.emplace_hint(next, time, Run{time, {}});
      }
      if (run->second.last < time) run->second.last = time;
      return &run->second.what;
    }
    if (run == runs_.end()) {
      const auto after = std::next(next);
      auto moved = runs_.extract(next);
      moved.key() = time;
      return &runs_.insert(after, std::move(moved))->second.what;
    }
    run->second.last = next->second.last;
    join(run->second.what, std::move(next->second.what));
    runs_.erase(next);
    return &run->second.what;
  }

  /// Those that have a time from `first` to `last`, the newest first: visit(first, last, const What&).
  template <typename Visit>
  void within(std::int64_t first, std::int64_t last, Visit&& visit) const {
    for (auto at = runs_.upper_bound(last); at != runs_.begin();) {
      --at;
      if (at->second.last < first) return;
      visit(at->first, at->second.last, at->second.what);
    }
  }

  template <typename Visit>
  void each(Visit&& visit) const {
    for (const auto& [first, run] : runs_) visit(run.what);
  }

  bool empty() const noexcept { return runs_.empty(); }
  std::size_t size() const noexcept { return runs_.size(); }
  /// Of one that is not empty.
  std::int64_t newest_time() const noexcept { return std::prev(runs_.end())->second.last; }

 private:
  struct Run {
    std::int64_t last;
    What what;
  };

  std::int64_t gap_;
  std::map<std::int64_t, Run> runs_;  // by their first time
};

}  // namespace logystera::store

// Windows for many senders at once: each partition (a site, or a source) is counted by itself and by its own clock.
//
// One set of windows over all senders would be wrong: a sender whose records come late, or whose clock is off, would make
// everybody's windows start over, and a rule without group-by would add up what different sites did. So each partition has
// Windows of its own, made with the first hit that a window counts, and so it does not matter how the records of several
// partitions are interleaved: each gives what it would give alone.
//
// Memory: the cells are shared out among the partitions there are. Partitions that are beyond the number allowed go, the one
// fed longest ago first, and are counted; a caller that keeps saved states (Windows::save) takes it before, with `on_evict`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/record.hpp"
#include "detect/windows.hpp"

namespace logystera::detect {

using PartitionId = std::uint64_t;

struct PartitionOptions {
  /// Cells of all partitions together; each has an even share, and `cells_least` at least.
  std::size_t cells = 1'000'000;
  std::size_t cells_least = 4'096;
  std::size_t partitions = 4'096;  // at a time; 1 or more
  /// Key of the hashes of groups. The same key gives the same Match::group in every run; must not be empty.
  std::string key;
  /// What a partition's rules with `seen:` remember; it outlives the partition's windows. Without it they remember what they see
  /// until they go.
  std::function<SeenValues*(PartitionId)> seen;
  /// WindowOptions::clears.
  bool clears = false;
  /// Called with a partition whose windows are about to go for want of room.
  std::function<void(PartitionId, const Windows&)> on_evict;
};

struct PartitionStats {
  std::size_t partitions = 0;  // that have windows
  std::uint64_t evicted = 0;   // partitions that went for want of room
  WindowStats windows;         // of all, those that are gone included
};

/// One thread uses it.
class PartitionedWindows {
 public:
  /// `rules` and `base` must outlive it. `base`: the names the rules were compiled with; no more are added to it.
  PartitionedWindows(const RuleSet& rules, const FieldNames& base, PartitionOptions options);
  ~PartitionedWindows();

  /// As Windows::feed, for records of one partition whose fields are numbered by names(partition).
  void feed(PartitionId partition, std::span<const Record> records, std::span<const std::uint32_t> hits,
            std::span<const std::uint32_t> ends, std::vector<Match>& out);
  /// The names of a partition's fields: those of the base, and up to `FieldNames::kOwnNames` more that nobody else can use up.
  /// Valid until the partition goes.
  FieldNames& names(PartitionId partition);
  /// The partition's windows, made if it has none: to save, restore or seed them.
  Windows& windows(PartitionId partition);
  bool has(PartitionId partition) const noexcept { return found_.contains(partition); }
  /// Judges the windows of a partition that are still open, at the end of its records.
  void finish(PartitionId partition, std::vector<Match>& out);
  /// The partition is no more, or has been quiet for so long that nothing it counted matters.
  void remove(PartitionId partition);

  PartitionStats stats() const;

 private:
  struct Partition;

  Partition& use(PartitionId partition);
  Windows& windows_of(Partition& partition);
  void drop(std::list<std::unique_ptr<Partition>>::iterator at);
  void share_out();

  const RuleSet& rules_;
  const FieldNames& base_;
  PartitionOptions options_;
  std::list<std::unique_ptr<Partition>> used_;  // the one used last in front
  std::unordered_map<PartitionId, std::list<std::unique_ptr<Partition>>::iterator> found_;
  std::size_t with_windows_ = 0;
  std::vector<bool> counted_;  // rule → a window counts it, or more is asked about it
  PartitionStats gone_;
};

}  // namespace logystera::detect

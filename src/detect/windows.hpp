// Counting hits over time: everything a Window of rule.hpp says, for any number of groups in bounded memory.
//
// Hits come in the order of the log. Each window keeps, for each group, only what its question needs: the last N times for
// "N or more", one time for each different value, the newest chain for an ordered sequence. Group keys and counted values
// are kept as keyed hashes and never as they stood in the log. When the memory allowed is used up, the group that has been
// quiet longest is forgotten and counted. Groups whose hits have all left their window are dropped as time goes on. As long
// as the hits of several groups together are too few for a window to fire, none of them is counted by itself (window/below_threshold.hpp).
//
// Rules with `seen:` count a hit only if their memory of the site lets it through (seen_values.hpp).
//
// Time: a hit without a time happens when the one before it did. A hit older than its group's newest counts as simultaneous
// with that if it lies within the span, else the clock has jumped and the group starts over (both counted).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"
#include "detect/seen_values.hpp"

namespace logystera::detect {

/// A rule that fired.
struct Match {
  std::uint32_t rule = 0;    // index in the RuleSet
  std::int64_t time_ns = 0;  // of the record, or when the window was full
  bool time_known = false;
  const Record* record = nullptr;  // the record that made it fire; null if the window was judged without one
  std::uint64_t hits = 1;          // records counted (window rules: in the window, as far as they had to be kept)
  std::uint64_t fresh = 1;  // records that no earlier match of the group told of (WindowOptions::further); else `hits`
  double measure = 0;       // window rules: what was compared: the count, the sum, …
  std::uint64_t group = 0;  // a keyed hash of the group key: of windows, and of detections whose alerts are grouped; else 0
  std::int64_t first_ns = 0;  // window rules: time of the oldest hit still kept
  bool clears = false;        // the rule did not fire: its condition is over for this group (WindowOptions::clears)
};

/// A detection that hit `record`.
inline Match match_of(std::uint32_t rule, const Record& record) noexcept {
  Match match;
  match.rule = rule;
  match.time_ns = match.first_ns = record.time_ns;
  match.time_known = record.time_known;
  match.record = &record;
  return match;
}

struct WindowOptions {
  /// Hits, values and groups kept in all windows together; each takes about 64 bytes.
  std::size_t cells = 1'000'000;
  /// Key of the hashes; a random one is made if empty. With the same key, groups have the same numbers in every run.
  std::string key;
  /// Time of a hit that has none, before any record has one; nanoseconds.
  std::int64_t now_ns = 0;
  /// What rules with `seen:` remember; must outlive the windows. Null: a memory of their own, which save() does not hold.
  SeenValues* seen = nullptr;
  /// Say, too, when a record ends a rule's condition (`clear:`).
  bool clears = false;
  /// What a group counts beyond its firings, until it has been quiet for two spans, is told by take_further(). Of windows that fire at
  /// once and count, add up or tell values apart.
  bool further = false;
};

struct WindowStats {
  std::uint64_t hits = 0;          // counted
  std::uint64_t groups = 0;        // alive, counted by themselves
  std::uint64_t cells = 0;         // in use
  std::uint64_t forgotten = 0;     // groups, and hits of groups not counted by themselves, dropped for want of memory
  std::uint64_t out_of_order = 0;  // hits taken as simultaneous with a newer one, in groups counted by themselves
  std::uint64_t clock_jumps = 0;   // groups started over
};

/// The windows of one RuleSet over one stream of records. One thread uses it; records come in log order.
class Windows {
 public:
  /// `rules` and `names` must outlive it.
  Windows(const RuleSet& rules, const FieldNames& names, WindowOptions options = {});
  ~Windows();
  Windows(Windows&&) noexcept;

  /// Takes the detections that hit `record` (as Session::match gives them) and appends what fires: those detections that
  /// are not silent, and windows. Windows whose time ran out before this record are judged first.
  void feed(const Record& record, std::span<const std::uint32_t> hits, std::vector<Match>& out);
  /// The same for a run of records: the hits of record i end at `ends[i]`. Faster, since it knows what comes next.
  void feed(std::span<const Record> records, std::span<const std::uint32_t> hits, std::span<const std::uint32_t> ends,
            std::vector<Match>& out);
  /// With WindowOptions::further, after each feed() and before its records are gone: what groups that had fired counted in it without
  /// firing, as matches of `fresh` records from `first_ns` to `time_ns`; `record` is the last of them.
  void take_further(std::vector<Match>& out);
  /// The end of the input: judges every window still open.
  void finish(std::vector<Match>& out);

  /// What the windows hold, as bytes: times, numbers and keyed hashes of hits, no text of a record. Windows of the same rules
  /// with the same key go on from it as if nothing had happened in between.
  std::string save() const;
  /// Goes on from what save() gave. An error, and empty windows, if that is of another version, of other rules or another
  /// key, or damaged: the windows then have to be rebuilt by feeding them the stored records once more, whose matches are
  /// left aside. No byte of `saved` makes it read beyond, or hold more than WindowOptions::cells.
  Result<Done> restore(std::string_view saved);
  /// Rule `rule` is known to have fired for `group` (Match::group) at `time_ns`: it does not fire again within its span, as
  /// if these windows had seen it. For windows that are rebuilt from fewer records than there were. Nothing for rules that
  /// are judged when their window is full.
  void seed_fired(std::uint32_t rule, std::uint64_t group, std::int64_t time_ns);

  WindowStats stats() const noexcept;
  /// Cells from now on; what is beyond them is evicted with the next hit.
  void set_cells(std::size_t cells) noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace logystera::detect

// Events that stay away: cron that does not run, a site that says nothing.
//
// What is usual is learnt from the site itself: the longest pause but one between two events of the kind in the last seven days of
// events. The longest alone would be one bad night, a mean would be nothing a night or a quiet Sunday could be held to. A pause is
// too long when it exceeds that `times` over, and `least_ns` at least. Nothing is judged before two days of events are known, nor
// before two pauses are: pauses under a minute are none.
//
// Times are those of the events, none later than when they were received: a sender whose clock is ahead is not present in the
// future. An event older than the newest changes nothing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"
#include "detect/windows.hpp"

namespace logystera::detect {

/// The pauses of one kind of event. Nanoseconds; days are UTC's.
class Pauses {
 public:
  static constexpr std::int64_t kLearnNs = std::int64_t{2} * 24 * 3600 * 1'000'000'000;
  static constexpr std::int64_t kLeastPauseNs = std::int64_t{60} * 1'000'000'000;
  static constexpr std::int64_t kDays = 7;

  void event(std::int64_t time_ns);
  /// Nothing was to be expected up to then: the pause begins there, and teaches nothing. Whether another hour has begun with it.
  bool rest(std::int64_t until_ns) noexcept;
  /// How long a pause may be; 0 while nothing is judged.
  std::int64_t longest_allowed(const Absence& absence) const noexcept;
  bool any() const noexcept { return any_; }
  std::int64_t last_ns() const noexcept { return last_ns_; }

  bool absent = false;  // said, and not over

 private:
  friend struct SavedPauses;
  struct Day {
    std::int64_t number = -1;  // since 1970; the day its pauses ended on
    std::int64_t longest_ns = 0, second_ns = 0;
  };

  bool any_ = false;
  std::int64_t first_ns_ = 0, last_ns_ = 0;
  std::array<Day, kDays> days_;
};

/// Of one site. One thread uses it.
class Absences {
 public:
  /// `rules` must outlive it.
  explicit Absences(const RuleSet& rules);

  /// A record of the site, received at `now_ns`. If an absence ends with it, that is a Match with `clears`.
  void note(const Record& record, std::int64_t now_ns, std::vector<Match>& out);
  /// Time has passed. An absence that begins is a Match without a record, from the last event on.
  void tick(std::int64_t now_ns, std::vector<Match>& out);

  /// The site may not send: nothing of it is missed. An absence that lasts ends, as a Match with `clears`. Whether what save() gives
  /// has to be stored: once an hour, so that a restart does not miss what was not to come.
  bool rest(std::int64_t now_ns, std::vector<Match>& out);

  /// What is learnt and which absences last, as bytes, by the rules' ids.
  std::string save() const;
  /// Goes on from what save() gave; rules it does not know begin anew. An error, and nothing learnt, if the bytes are damaged.
  Result<Done> restore(std::string_view saved);

 private:
  struct Watched {
    std::uint32_t rule = 0;
    Pauses pauses;
  };

  const RuleSet& rules_;
  std::vector<Watched> watched_;
};

}  // namespace logystera::detect

// Alerts (src/alert), what was done to each, and the switches of rules. That an identity has at most one open alert is a promise of the
// store: whoever adds a second is refused, whatever it has read before.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "alert/alert.hpp"
#include "core/result.hpp"
#include "store/paging.hpp"

namespace logystera::store {

inline constexpr std::size_t kAlertFindings = 200;  // of an alert that are remembered: the first half and the last
inline constexpr int kAlertDays = 365;              // how long what is resolved is kept

struct AlertFilter {
  enum class View : std::uint8_t {
    all,
    active,   // firing or acknowledged, snoozed or not
    open,     // of those, the ones that are not snoozed
    snoozed,  // and the ones that are
    past,     // late when they were first heard of
  };
  View view = View::all;
  std::optional<alert::State> state = {};  // resolved: without those of the past
  std::optional<Level> at_least = {};
  std::string site = {}, rule = {};                    // exactly; empty: all
  std::optional<std::string> assignee = {};            // exactly; "": nobody
  std::optional<std::int64_t> since = {}, until = {};  // of what happened last: at or after, and before
  std::string text = {};                               // in title, rule or group label, in any (ASCII) case
  std::int64_t parent = 0;                             // folded under that one; 0: any
  bool folded = true;                                  // those too that are folded under one that is open
  std::int64_t now = 0;                                // by which something is snoozed
  SiteScope sites = {};                                // what belongs to no site only where all may be seen
};
using AlertPage = Page<alert::Alert, TimeKey>;

/// Of those that are active and not folded.
struct AlertCounts {
  std::array<std::uint64_t, kLevels> by_level{};  // not snoozed
  std::uint64_t snoozed = 0;
  std::uint64_t of(Level level) const noexcept { return by_level[static_cast<std::size_t>(level)]; }
  std::uint64_t open() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t one : by_level) all += one;
    return all;
  }
};

/// That a rule is muted, disabled, snoozed or, though it is not recommended, on: at one site, or everywhere.
struct RuleSwitch {
  std::string rule;
  std::string site = {};  // token; empty: everywhere
  alert::Switch state = alert::Switch::muted;
  std::int64_t until = 0;  // of a snooze; 0: by hand
  std::string reason = {}, by = {};
  std::int64_t at = 0;
};

class AlertStore {
 public:
  virtual ~AlertStore() = default;

  /// The open alert of an identity, or else the newest.
  virtual Result<std::optional<alert::Alert>> current(const alert::Key& key) = 0;
  /// Its number. An error of kind exists where there is an open one of its identity, and it is open too.
  virtual Result<std::int64_t> add(const alert::Alert& alert) = 0;
  /// Replaces the row of its number, except for what identifies it. Errors: exists, as add(); not_found.
  virtual Result<Done> update(const alert::Alert& alert) = 0;
  /// With its activity. False when there is none.
  virtual Result<bool> remove(std::int64_t id) = 0;
  virtual Result<std::optional<alert::Alert>> get(std::int64_t id, const SiteScope& sites = {}) = 0;

  /// By what happened last, the newest first.
  virtual Result<AlertPage> page(const AlertFilter& filter, const PageRequest<TimeKey>& request) = 0;
  virtual Result<Count> count(const AlertFilter& filter, std::size_t most = kCounted,
                              std::chrono::milliseconds patience = kPatience) = 0;
  /// What `now` (unix seconds) is active.
  virtual Result<AlertCounts> counts(std::int64_t now, const SiteScope& sites = {}) = 0;
  /// Those alert::tick() has something to do with, the longest due first, and those that wait for a time no clock means.
  virtual Result<std::vector<alert::Alert>> due(std::int64_t now, std::size_t limit) = 0;
  /// Open alerts of a rule, at one site.
  virtual Result<std::vector<alert::Alert>> open_of(std::string_view rule, std::string_view site, std::size_t limit) = 0;

  virtual Result<Done> log(const alert::LogRow& row) = 0;
  /// The newest first; `before_id`: those written before, 0: from the newest on.
  virtual Result<std::vector<alert::LogRow>> activity(std::int64_t alert, std::int64_t before_id, std::size_t limit) = 0;

  /// That a finding belongs to an alert; beyond kAlertFindings the newest takes the place of the one before it.
  virtual Result<Done> attach(std::int64_t alert, std::int64_t finding) = 0;
  /// Numbers of findings, in the order they were stored. Some may have gone.
  virtual Result<std::vector<std::int64_t>> findings_of(std::int64_t alert) = 0;
  /// The alert a finding belongs to.
  virtual Result<std::optional<std::int64_t>> alert_of(std::int64_t finding) = 0;

  /// Replaces the one of the same rule and site.
  virtual Result<Done> put_switch(const RuleSwitch& one) = 0;
  /// False when there was none.
  virtual Result<bool> remove_switch(std::string_view rule, std::string_view site) = 0;
  /// By rule and site; of one rule, or (empty) of all.
  virtual Result<std::vector<RuleSwitch>> switches(std::string_view rule = {}) = 0;

  /// Removes at most `most` of those that were resolved before `oldest`. How many.
  virtual Result<std::uint64_t> prune(std::int64_t oldest, std::size_t most) = 0;
};

}  // namespace logystera::store

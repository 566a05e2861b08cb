// An alert: what somebody has to deal with. Findings of one rule about one thing (a site, an address there, an account) are one alert,
// which counts them; it opens, is told, is dealt with and resolves.
//
//              hit, for > 0                  for is over / hit, for = 0
//   (none) ----------------> pending ---------------------------------> firing <----------------+
//      ^                        |  the condition ends: forgotten          |                     | a hit within reopen_within
//      |                        v                                         +- acknowledge --> acknowledged -- level rises --> firing
//      |                     (none)                                       |                     |
//      +-- a hit later than that makes a new alert ------- resolved <-----+---------------------+-- a person, quiet, or cleared
//
// Beside the state an alert may be snoozed: it goes on counting, and nothing is told until that ends. All of it is values: who stores
// them, and who tells of them, is elsewhere (src/store/alert_store.hpp, src/processor/raise.hpp). Times are unix seconds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/severity.hpp"

namespace logystera::alert {

inline constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr std::int64_t kSnoozeSecondsMost = 90 * kDay;
inline constexpr std::int64_t kWaitSecondsMost = 90 * kDay;  // of what a policy makes an alert wait for
inline constexpr std::size_t kReasonBytes =
    1000;                                       // of a reason or a note; what is longer is cut, or refused where it is read
inline constexpr std::size_t kNameBytes = 256;  // of an assignee

/// Numbers as they are stored: never renumbered.
enum class State : std::uint8_t { pending = 0, firing = 1, acknowledged = 2, resolved = 3 };
enum class Kind : std::uint8_t {
  episode = 0,    // something has happened; quiet for a while, it is over
  condition = 1,  // something is so; once it is no longer so for a while, it is over
  none = 2,       // findings, and no alert
};

/// "pending", "firing", "acknowledged", "resolved".
std::string_view state_name(State state) noexcept;
std::optional<State> state_from(std::string_view name) noexcept;

/// What a rule says of its alerts.
struct Policy {
  Kind kind = Kind::episode;
  std::int64_t for_s = 0;               // condition: how long it must hold before it is told
  std::int64_t resolve_after_s = kDay;  // episode: quiet this long; condition: clear this long
  /// By level: how long after the last message an alert that is active and nobody has acknowledged is told again; 0: never.
  std::array<std::int64_t, kLevels> cooldown_s = {0, 0, 0, 12 * kHour, 4 * kHour};
  bool recommended = true;  // false: no alerts of it until somebody switches it on
};

/// What holds for all rules.
struct Settings {
  std::int64_t reopen_within_s = kDay;  // a hit that soon after the end opens the same alert again
  std::int64_t late_after_s = kDay;     // what is older when it is first heard of is of the past, and wakes nobody
};

/// What identifies an alert: of rule, site and group, see identity.hpp.
using Key = std::array<std::uint8_t, 16>;

/// A finding, as alerts take it.
struct Hit {
  std::string rule, title;
  Level level = Level::low;
  std::string site;                // token; empty: of no site
  std::string group, group_label;  // 16 bytes, and how people read it; empty: none
  std::int64_t first_time = 0, last_time = 0;
  std::uint64_t hits = 1;    // that are new with this finding, or with this extension of it
  std::int64_t finding = 0;  // its number in the store; 0: none
  bool extends = false;      // the finding was there before
  bool clears = false;       // the condition holds no longer; nothing else of it counts
  std::vector<std::string> tags = {};
  /// Rules this one has put together: their open alerts of the same site and group fold under this one.
  std::vector<std::string> members = {};
};

/// Says nothing until then. It always ends.
struct Snooze {
  std::int64_t until = 0;  // 0: not snoozed; at most kSnoozeSecondsMost ahead
  std::int64_t at = 0;     // since when
  std::string by = {}, reason = {};
  std::uint64_t until_hits = 0;           // or so many hits; 0: however many
  std::optional<Level> until_level = {};  // or that level, or worse
  std::uint64_t hits = 0;                 // that came meanwhile
  bool of_rule = false;                   // made by a snooze of the rule, and goes with it

  explicit operator bool() const noexcept { return until != 0; }
};

struct Alert {
  std::int64_t id = 0;
  Key key{};
  std::string rule, title;
  Level level = Level::low;  // the worst of its findings; while it is open it never falls
  std::string site, group, group_label;
  State state = State::firing;
  Kind kind = Kind::episode;
  bool late = false;  // of the past when it was first heard of
  std::int64_t opened_at = 0;
  std::int64_t first_time = 0, last_time = 0;  // of what happened
  std::int64_t last_hit_at = 0;                // when the last of it was heard of
  std::int64_t cleared_at = 0;                 // since when a condition holds no longer; 0: it holds
  std::uint64_t hits = 0, findings = 0;
  std::uint64_t suppressed = 0;  // hits nobody was told of, since it was snoozed
  Snooze snooze;
  std::string assignee = {};  // a user's name; empty: nobody
  std::int64_t parent = 0;    // the alert this one is folded under; 0: none
  std::int64_t resolved_at = 0;
  std::string resolved_by = {};  // a person, or "quiet", "cleared", "late"
  std::int64_t told_at = 0;      // of the last message
  std::uint64_t told_hits = 0;   // and the hits it spoke of
  std::uint64_t times_opened = 1;
  // Of the policy when it was hit last, so that time can pass without the rule.
  std::int64_t for_s = 0, quiet_s = kDay, repeat_s = 0;

  bool open() const noexcept { return state != State::resolved; }
};

/// What a switch of its rule says of an alert. Of several, the strictest.
enum class Switch : std::uint8_t {
  on = 0,        // also where the rule is not recommended
  snoozed = 1,   // alerts are recorded and nobody is told, until the switch ends
  muted = 2,     // findings, and no alerts
  disabled = 3,  // the rule does not look
};
std::string_view switch_name(Switch state) noexcept;
std::optional<Switch> switch_from(std::string_view name) noexcept;

/// What stands around an alert when it is hit.
struct Switches {
  Switch rule = Switch::on;
  bool switched_on = false;  // by somebody
  Snooze snooze = {};        // of the rule, with Switch::snoozed
  bool dismissed = false;    // findings like this are dismissed
  bool inhibited = false;    // it is folded under an alert that is open
};

/// A line of an alert's activity.
struct LogRow {
  std::int64_t id = 0, alert = 0, at = 0;
  std::string actor;  // who, or what: "rule", "clock"
  std::string what;   // "opened", "acknowledged", …
  std::string from = {}, to = {}, note = {};
};

/// What somebody should be told; or (the last two) what nobody is told, and what puts an end to messages that wait.
struct Tell {
  enum Kind : std::uint8_t {
    opened,
    reopened,
    level_rose,
    repeated,
    resolved,
    snooze_ended,
    late,
    hushed,  // somebody deals with it: it was acknowledged or snoozed
    folded,  // it stands under another alert, whose messages are its own
  };
  Kind kind = opened;
  std::int64_t alert = 0;
  Level level = Level::low;
  std::string site, rule;
  std::uint64_t hits = 0;  // since the last message
  std::string note = {};   // of a snooze that has ended: whose, how long and why; of what is hushed: by what
};
std::string_view tell_name(Tell::Kind kind) noexcept;

/// What follows: the row as it is now (none: nothing changed), what is written down and what is told.
struct Outcome {
  std::optional<Alert> row = {};
  bool forgotten = false;  // the row goes: it was pending, and its condition has ended
  std::vector<LogRow> log = {};
  std::vector<Tell> tells = {};
};

}  // namespace logystera::alert

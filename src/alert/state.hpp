// What becomes of an alert: because a rule has hit, because somebody does something, because time passes. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "alert/alert.hpp"
#include "core/result.hpp"

namespace logystera::alert {

/// `current`: the alert of the hit's identity that is open, or else the newest there was. A row without an id is to be added, any
/// other replaces its predecessor. `now` may be before what was: clocks are set back.
Outcome apply(const std::optional<Alert>& current, const Key& key, const Hit& hit, const Policy& policy,
              const Switches& switches, const Settings& settings, std::int64_t now);

/// What somebody does to an alert.
struct Action {
  enum class Verb : std::uint8_t { acknowledge, snooze, unsnooze, resolve, reopen, assign, note };
  Verb verb = Verb::acknowledge;
  std::string actor = {};
  std::string note = {};      // for whoever reads the activity
  Snooze snooze = {};         // until, until_hits, until_level; the rest follows
  std::string assignee = {};  // empty: nobody any more
  /// Of a snooze: the channel of the link that was used; empty: none.
  std::string channel = {};
};
/// "acknowledge", "snooze", …
std::string_view verb_name(Action::Verb verb) noexcept;

/// What was so already changes nothing and is no error. Errors: invalid, what was given cannot be; denied, the alert's state forbids
/// it. That no other alert of the identity is open is the caller's to see to before one is opened again.
Result<Outcome> act(const Alert& alert, const Action& action, std::int64_t now);

/// What is due now: the end of a snooze, of a wait, of quiet, or another message. `inhibited` as in Switches.
Outcome tick(const Alert& alert, bool inhibited, std::int64_t now);

/// When tick() has something to do at the latest; 0: never.
std::int64_t due_at(const Alert& alert) noexcept;

/// Folds an alert under `parent`, whose messages stand for its own from now on. Nothing where it is folded there, or is the parent.
Outcome fold(const Alert& alert, const Alert& parent, std::int64_t now);

/// "1 h", "7 days".
std::string span_words(std::int64_t seconds);

}  // namespace logystera::alert

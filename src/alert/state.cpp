#include "alert/state.hpp"

#include <algorithm>
#include <array>

namespace logystera::alert {
namespace {

constexpr std::array<std::string_view, 4> kStates = {"pending", "firing", "acknowledged", "resolved"};
constexpr std::array<std::string_view, 4> kSwitches = {"on", "snoozed", "muted", "disabled"};
constexpr std::array<std::string_view, 7> kVerbs = {"acknowledge", "snooze", "unsnooze", "resolve",
                                                    "reopen",      "assign", "note"};
constexpr std::array<std::string_view, 9> kTells = {"opened",       "reopened", "level_rose", "repeated", "resolved",
                                                    "snooze_ended", "late",     "hushed",     "folded"};
constexpr std::string_view kRule = "rule", kClock = "clock";

std::uint64_t sum(std::uint64_t a, std::uint64_t b) noexcept { return a > UINT64_MAX - b ? UINT64_MAX : a + b; }

// Seconds from `then` to `now`; what is ahead, since a clock was set back, is now.
std::int64_t since(std::int64_t then, std::int64_t now) noexcept { return then >= now ? 0 : now - then; }

/// An alert that changes, and what follows.
class Change {
 public:
  Change(Alert alert, bool inhibited, std::int64_t now) : alert_(std::move(alert)), inhibited_(inhibited), now_(now) {}

  Alert& alert() noexcept { return alert_; }
  bool snoozed() const noexcept { return static_cast<bool>(alert_.snooze); }

  void log(std::string_view actor, std::string_view what, std::string from = {}, std::string to = {},
           std::string note = {}) {
    outcome_.log.push_back(
        {0, alert_.id, now_, std::string(actor), std::string(what), std::move(from), std::move(to), std::move(note)});
  }
  /// Where somebody may be told.
  void tell(Tell::Kind kind, std::string note = {}) {
    if (snoozed() || inhibited_) return;
    const std::uint64_t since = alert_.hits - std::min(alert_.told_hits, alert_.hits);
    outcome_.tells.push_back({kind, alert_.id, alert_.level, alert_.site, alert_.rule, since, std::move(note)});
    alert_.told_at = now_;
    alert_.told_hits = alert_.hits;
  }
  void become(State state, std::string_view actor, std::string_view what, std::string note = {}) {
    const std::string from(state_name(alert_.state));
    alert_.state = state;
    log(actor, what, from, std::string(state_name(state)), std::move(note));
  }
  /// Its words: whose it was, how long and why, and why it has ended.
  std::string end_snooze(std::string_view actor, std::string_view why) {
    const Snooze was = alert_.snooze;
    alert_.snooze = {};
    std::string words = "snooze by " + was.by + " (" + span_words(std::max<std::int64_t>(was.until - was.at, 0));
    if (!was.reason.empty()) words += ", '" + was.reason + "'";
    words += ") ended" + (why.empty() ? std::string() : ": " + std::string(why)) + "; " + std::to_string(was.hits) +
             (was.hits == 1 ? " hit" : " hits") + " meanwhile";
    log(actor, "snooze_ended", {}, {}, words);
    return words;
  }
  /// And tells it, where the alert is active.
  void end_snooze_and_tell(std::string_view actor, std::string_view why) {
    std::string words = end_snooze(actor, why);
    if (alert_.state != State::pending) tell(Tell::snooze_ended, std::move(words));
  }
  void resolve(std::string_view actor, std::string_view by, std::string note = {}) {
    alert_.snooze = {};  // it ends with what it silenced
    become(State::resolved, actor, "resolved", std::move(note));
    alert_.resolved_at = now_;
    alert_.resolved_by = by;
    tell(Tell::resolved, std::string(by));
  }
  void open(State state, std::string_view actor, std::string_view what) {
    become(state, actor, what);
    alert_.resolved_at = alert_.cleared_at = 0;
    alert_.resolved_by.clear();
    alert_.late = false;
    alert_.times_opened = sum(alert_.times_opened, 1);
  }
  Outcome finish() {
    outcome_.row = std::move(alert_);
    return std::move(outcome_);
  }

 private:
  Alert alert_;
  const bool inhibited_;
  const std::int64_t now_;
  Outcome outcome_;
};

Alert first_of(const Key& key, const Hit& hit, std::int64_t now) {
  Alert alert;
  alert.key = key;
  alert.rule = hit.rule;
  alert.site = hit.site;
  alert.group = hit.group;
  alert.level = hit.level;
  alert.opened_at = now;
  alert.first_time = hit.first_time;
  alert.last_time = hit.last_time;
  return alert;
}

// What a hit says, whatever the state.
void take(Alert& alert, const Hit& hit, const Policy& policy, std::int64_t now) {
  alert.title = hit.title;
  if (!hit.group_label.empty()) alert.group_label = hit.group_label;
  alert.level = std::max(alert.level, hit.level);
  alert.first_time = std::min(alert.first_time, hit.first_time);
  alert.last_time = std::max(alert.last_time, hit.last_time);
  alert.last_hit_at = now;
  alert.cleared_at = 0;
  alert.hits = sum(alert.hits, hit.hits);
  if (!hit.extends) alert.findings = sum(alert.findings, 1);
  alert.kind = policy.kind;
  alert.for_s = policy.kind == Kind::condition ? std::clamp<std::int64_t>(policy.for_s, 0, kWaitSecondsMost) : 0;
  alert.quiet_s = std::clamp<std::int64_t>(policy.resolve_after_s, 0, kWaitSecondsMost);
  alert.repeat_s = policy.cooldown_s[static_cast<std::size_t>(alert.level)];
}

void take_snooze_of_rule(Alert& alert, const Switches& switches, std::int64_t now) {
  if (switches.rule != Switch::snoozed || switches.snooze.until <= std::max(now, alert.snooze.until)) return;
  const std::uint64_t hits = alert.snooze.hits;
  alert.snooze = switches.snooze;
  alert.snooze.at = now;
  alert.snooze.hits = hits;
  alert.snooze.of_rule = true;
}

Outcome cleared(const std::optional<Alert>& current, std::int64_t now) {
  if (!current || !current->open() || current->kind != Kind::condition || current->cleared_at != 0) return {};
  if (current->state == State::pending) {
    Outcome outcome;
    outcome.row = current;
    outcome.forgotten = true;
    return outcome;
  }
  Change change(*current, false, now);
  change.alert().cleared_at = now;
  change.log(kRule, "cleared");
  return change.finish();
}

// Of the past: recorded, and nobody is woken.
Outcome late(const std::optional<Alert>& past, const Key& key, const Hit& hit, const Policy& policy, std::int64_t now) {
  if (past) {
    Change change(*past, true, now);
    take(change.alert(), hit, policy, now);
    return change.finish();
  }
  Change change(first_of(key, hit, now), false, now);
  Alert& alert = change.alert();
  take(alert, hit, policy, now);
  alert.state = State::resolved;
  alert.late = true;
  alert.resolved_at = now;
  alert.resolved_by = "late";
  change.log(kRule, "late", {}, std::string(state_name(State::resolved)));
  change.tell(Tell::late);
  return change.finish();
}

Outcome opened(const Key& key, const Hit& hit, const Policy& policy, const Switches& switches, std::int64_t now) {
  Change change(first_of(key, hit, now), switches.inhibited, now);
  Alert& alert = change.alert();
  take(alert, hit, policy, now);
  alert.state = alert.for_s > 0 ? State::pending : State::firing;
  change.log(kRule, "opened", {}, std::string(state_name(alert.state)));
  take_snooze_of_rule(alert, switches, now);
  if (change.snoozed()) {
    alert.snooze.hits = alert.suppressed = hit.hits;
  } else if (alert.state == State::firing) {
    change.tell(Tell::opened);
  }
  return change.finish();
}

// Whether the snooze is over by what the hit has brought, and why.
std::string_view end_of(const Alert& alert, bool rose, std::int64_t now) {
  if (alert.snooze.until <= now) return "its time is over";
  if (rose && alert.snooze.until_level && alert.level >= *alert.snooze.until_level) return "its level rose";
  if (alert.snooze.until_hits != 0 && alert.snooze.hits >= alert.snooze.until_hits) return "so many hits came";
  return {};
}

Outcome hit_again(const Alert& current, const Hit& hit, const Policy& policy, const Switches& switches, std::int64_t now) {
  Change change(current, switches.inhibited, now);
  Alert& alert = change.alert();
  const bool reopens = !alert.open(), rose = hit.level > alert.level;
  const std::string was(level_name(alert.level));
  std::string ended;  // a snooze whose time was over, which nobody was told of
  if (change.snoozed() && alert.snooze.until <= now) ended = change.end_snooze(kClock, {});
  take(alert, hit, policy, now);
  if (rose) change.log(kRule, "level_rose", was, std::string(level_name(alert.level)));
  if (reopens) change.open(State::firing, kRule, "reopened");
  const bool waited = alert.state == State::pending && since(alert.opened_at, now) >= alert.for_s;
  if (waited) change.become(State::firing, kRule, "fired");
  if (rose && alert.state == State::acknowledged) change.become(State::firing, kRule, "fired");
  take_snooze_of_rule(alert, switches, now);
  if (change.snoozed()) {
    alert.snooze.hits = sum(alert.snooze.hits, hit.hits);
    alert.suppressed = sum(alert.suppressed, hit.hits);
    const std::string_view why = end_of(alert, rose, now);
    if (!why.empty()) change.end_snooze_and_tell(kRule, why);
    return change.finish();
  }
  if (alert.state == State::pending) return change.finish();
  if (reopens) change.tell(Tell::reopened);
  else if (waited) change.tell(Tell::opened);
  else if (rose) change.tell(Tell::level_rose);
  else if (!ended.empty()) change.tell(Tell::snooze_ended, std::move(ended));
  else if (alert.state == State::firing && alert.repeat_s > 0 && since(alert.told_at, now) >= alert.repeat_s)
    change.tell(Tell::repeated);
  return change.finish();
}

Result<Done> check(const Alert& alert, const Snooze& snooze, std::int64_t now) {
  if (snooze.until <= now) return Error{"a snooze ends in the future: name a later time", ErrorKind::invalid};
  if (snooze.until - now > kSnoozeSecondsMost) {
    return Error{"a snooze ends within 90 days: to hear nothing of it for good, mute its rule", ErrorKind::invalid};
  }
  if (snooze.until_level && *snooze.until_level <= alert.level) {
    return Error{"a snooze until the level rises needs a level above " + std::string(level_name(alert.level)),
                 ErrorKind::invalid};
  }
  if (snooze.reason.size() > kReasonBytes) return Error{"a reason has at most 1,000 bytes", ErrorKind::invalid};
  return Done{};
}

std::string words_of(const Snooze& snooze) {
  std::string words = span_words(snooze.until - snooze.at);
  if (snooze.until_hits != 0) words += ", or until " + std::to_string(snooze.until_hits) + " more hits";
  if (snooze.until_level) words += ", or until it is " + std::string(level_name(*snooze.until_level));
  return words;
}

Result<Outcome> snoozed(Change change, const Action& action, std::int64_t now) {
  Alert& alert = change.alert();
  if (!alert.open()) return Error{"it is resolved: there is nothing to snooze", ErrorKind::denied};
  if (auto fine = check(alert, action.snooze, now); !fine) return fine.error();
  alert.snooze = {.until = action.snooze.until,
                  .at = now,
                  .by = action.actor,
                  .reason = action.snooze.reason,
                  .until_hits = action.snooze.until_hits,
                  .until_level = action.snooze.until_level};
  std::string note = action.snooze.reason;
  if (!action.channel.empty()) note += (note.empty() ? "" : "; ") + ("by a link in " + action.channel);
  change.log(action.actor, "snoozed", {}, words_of(alert.snooze), std::move(note));
  return change.finish();
}

// A clock that was set back far leaves nothing waiting for a time that is a long way off.
void correct(Alert& alert, std::int64_t now) {
  for (std::int64_t* time : {&alert.last_hit_at, &alert.told_at, &alert.cleared_at, &alert.opened_at}) {
    *time = std::min(*time, now);
  }
  if (alert.snooze) {
    alert.snooze.at = std::min(alert.snooze.at, now);
    alert.snooze.until = std::min(alert.snooze.until, now + kSnoozeSecondsMost);
  }
}

}  // namespace

std::string_view state_name(State state) noexcept { return kStates[static_cast<std::size_t>(state)]; }
std::optional<State> state_from(std::string_view name) noexcept {
  const auto found = std::find(kStates.begin(), kStates.end(), name);
  if (found == kStates.end()) return std::nullopt;
  return static_cast<State>(found - kStates.begin());
}
std::string_view switch_name(Switch state) noexcept { return kSwitches[static_cast<std::size_t>(state)]; }
std::optional<Switch> switch_from(std::string_view name) noexcept {
  const auto found = std::find(kSwitches.begin(), kSwitches.end(), name);
  if (found == kSwitches.end()) return std::nullopt;
  return static_cast<Switch>(found - kSwitches.begin());
}
std::string_view verb_name(Action::Verb verb) noexcept { return kVerbs[static_cast<std::size_t>(verb)]; }
std::string_view tell_name(Tell::Kind kind) noexcept { return kTells[kind]; }

Outcome apply(const std::optional<Alert>& current, const Key& key, const Hit& hit, const Policy& policy,
              const Switches& switches, const Settings& settings, std::int64_t now) {
  if (hit.clears) return cleared(current, now);
  if (policy.kind == Kind::none || switches.rule >= Switch::muted || switches.dismissed ||
      (!policy.recommended && !switches.switched_on)) {
    return {};
  }
  if (current && current->open()) return hit_again(*current, hit, policy, switches, now);
  const bool recent = current && since(current->resolved_at, now) <= settings.reopen_within_s;
  if (since(hit.last_time, now) > settings.late_after_s) {
    return late(recent ? current : std::nullopt, key, hit, policy, now);
  }
  if (recent && !current->late) return hit_again(*current, hit, policy, switches, now);
  return opened(key, hit, policy, switches, now);
}

Result<Outcome> act(const Alert& given, const Action& action, std::int64_t now) {
  Change change(given, false, now);
  Alert& alert = change.alert();
  if (action.note.size() > kReasonBytes) return Error{"a note has at most 1,000 bytes", ErrorKind::invalid};
  switch (action.verb) {
    case Action::Verb::acknowledge:
      if (alert.state == State::acknowledged) return Outcome{};
      if (alert.state == State::resolved) return Error{"it is resolved: reopen it first", ErrorKind::denied};
      change.become(State::acknowledged, action.actor, "acknowledged", action.note);
      break;
    case Action::Verb::snooze: return snoozed(std::move(change), action, now);
    case Action::Verb::unsnooze:
      if (!change.snoozed()) return Outcome{};
      change.end_snooze_and_tell(action.actor, "by " + action.actor);
      break;
    case Action::Verb::resolve:
      if (!alert.open()) return Outcome{};
      change.resolve(action.actor, action.actor, action.note);
      break;
    case Action::Verb::reopen:
      if (alert.open()) return Outcome{};
      change.open(State::firing, action.actor, "reopened");
      alert.last_hit_at = now;
      change.tell(Tell::reopened, "by " + action.actor);
      break;
    case Action::Verb::assign:
      if (action.assignee.size() > kNameBytes) return Error{"a name has at most 256 bytes", ErrorKind::invalid};
      if (alert.assignee == action.assignee) return Outcome{};
      change.log(action.actor, "assigned", alert.assignee, action.assignee);
      alert.assignee = action.assignee;
      break;
    case Action::Verb::note:
      if (action.note.empty()) return Error{"a note says something", ErrorKind::invalid};
      change.log(action.actor, "note", {}, {}, action.note);
      break;
  }
  return change.finish();
}

Outcome tick(const Alert& given, bool inhibited, std::int64_t now) {
  if (!given.open()) return {};
  Change change(given, inhibited, now);
  Alert& alert = change.alert();
  correct(alert, now);
  if (alert.state == State::pending) {
    if (since(alert.opened_at, now) >= alert.for_s) {
      change.become(State::firing, kClock, "fired");
      change.tell(Tell::opened);
    }
  } else if (alert.kind == Kind::condition ? alert.cleared_at != 0 && since(alert.cleared_at, now) >= alert.quiet_s
                                           : since(alert.last_hit_at, now) >= alert.quiet_s) {
    change.resolve(kClock, alert.kind == Kind::condition ? "cleared" : "quiet");
    return change.finish();
  }
  if (change.snoozed() && alert.snooze.until <= now) change.end_snooze_and_tell(kClock, {});
  if (alert.kind == Kind::condition && alert.state == State::firing && alert.repeat_s > 0 &&
      since(alert.told_at, now) >= alert.repeat_s) {
    change.tell(Tell::repeated);
    alert.told_at = now;  // also where nobody may be told now: the next time is as far away
  }
  return change.finish();
}

std::int64_t due_at(const Alert& alert) noexcept {
  if (!alert.open()) return 0;
  std::int64_t due = INT64_MAX;
  const auto at = [&](std::int64_t time, std::int64_t wait) {
    due = std::min(due, time + std::max<std::int64_t>(wait, 0));
  };
  if (alert.snooze) at(alert.snooze.until, 0);
  if (alert.state == State::pending) {
    at(alert.opened_at, alert.for_s);
  } else {
    if (alert.kind != Kind::condition) at(alert.last_hit_at, alert.quiet_s);
    else if (alert.cleared_at != 0) at(alert.cleared_at, alert.quiet_s);
    if (alert.kind == Kind::condition && alert.state == State::firing && alert.repeat_s > 0 && !alert.snooze)
      at(alert.told_at, alert.repeat_s);
  }
  return due == INT64_MAX ? 0 : due;
}

Outcome fold(const Alert& alert, const Alert& parent, std::int64_t now) {
  if (alert.id == parent.id || alert.parent == parent.id || parent.parent == alert.id) return {};
  Change change(alert, true, now);
  change.alert().parent = parent.id;
  change.log(kRule, "folded", {}, std::to_string(parent.id), parent.title);
  return change.finish();
}

std::string span_words(std::int64_t seconds) {
  const auto words = [](std::int64_t number, const char* one, const char* many) {
    return std::to_string(number) + " " + (number == 1 ? one : many);
  };
  if (seconds >= 2 * kDay || seconds == kDay) return words(seconds / kDay, "day", "days");
  if (seconds >= kHour) return words(seconds / kHour, "h", "h");
  if (seconds >= kMinute) return words(seconds / kMinute, "min", "min");
  return words(seconds, "s", "s");
}

}  // namespace logystera::alert

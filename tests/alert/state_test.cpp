// The state machine, transition by transition.
#include "alert/state.hpp"

#include <map>

#include "alert/identity.hpp"
#include "catch.hpp"

using namespace logystera;
using namespace logystera::alert;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

Hit hit_of(Level level = Level::high, std::int64_t time = kNow) {
  Hit hit;
  hit.rule = "R";
  hit.title = "title";
  hit.level = level;
  hit.site = "ent_a";
  hit.first_time = hit.last_time = time;
  return hit;
}

/// One identity through its life.
struct Life {
  std::optional<Alert> alert;
  Policy policy;
  Switches switches;
  Settings settings;
  std::int64_t now = kNow;
  std::vector<Tell> tells;  // of the last step
  std::vector<LogRow> log;  // of the last step

  void take(Outcome outcome) {
    tells = outcome.tells;
    log = outcome.log;
    if (outcome.forgotten) alert.reset();
    else if (outcome.row) {
      alert = outcome.row;
      if (alert->id == 0) alert->id = 1;
    }
  }
  void hit(const Hit& hit) { take(apply(alert, Key{}, hit, policy, switches, settings, now)); }
  void hit(Level level = Level::high) { hit(hit_of(level, now)); }
  void pass(std::int64_t seconds) {
    now += seconds;
    take(tick(*alert, switches.inhibited, now));
  }
  ErrorKind refused(const Action& action) {
    auto outcome = act(*alert, action, now);
    REQUIRE_FALSE(outcome.ok());
    return outcome.error().kind;
  }
  void does(Action action) {
    if (action.actor.empty()) action.actor = "anna";
    auto outcome = act(*alert, action, now);
    REQUIRE(outcome.ok());
    take(std::move(outcome).value());
  }
  void does(Action::Verb verb) { does(Action{.verb = verb}); }
  void snooze(std::int64_t seconds, Snooze ends = {}) {
    ends.until = now + seconds;
    does({.verb = Action::Verb::snooze, .snooze = ends});
  }
  std::string told() const {
    std::string all;
    for (const Tell& tell : tells) all += (all.empty() ? "" : " ") + std::string(tell_name(tell.kind));
    return all;
  }
  bool logged(std::string_view what) const {
    return std::any_of(log.begin(), log.end(), [&](const LogRow& row) { return row.what == what; });
  }
};

}  // namespace

TEST_CASE("a_hit_opens_and_further_ones_count_without_a_word") {
  Life life;
  life.hit();
  CHECK(life.told() == "opened");
  CHECK(life.logged("opened"));
  life.now += 60;
  life.hit();
  CHECK(life.told().empty());
  CHECK(life.alert->hits == 2);
  CHECK(life.alert->findings == 2);
  CHECK(life.alert->state == State::firing);
  Hit more = hit_of(Level::high, life.now);
  more.extends = true;
  more.hits = 40;
  life.hit(more);
  CHECK(life.alert->hits == 42);
  CHECK(life.alert->findings == 2);
  CHECK(due_at(*life.alert) == life.now + kDay);
}

TEST_CASE("cooldown_tells_again_of_what_nobody_has_acknowledged") {
  for (const auto& [level, wait] : std::map<Level, std::int64_t>{{Level::critical, 4 * kHour}, {Level::high, 12 * kHour}}) {
    Life life;
    life.hit(level);
    life.now += wait - 1;
    life.hit(level);
    CHECK(life.told().empty());
    life.now += 1;
    life.hit(level);
    CHECK(life.told() == "repeated");
    CHECK(life.tells[0].hits == 2);  // since the last message
    life.does(Action::Verb::acknowledge);
    life.now += wait;
    life.hit(level);
    CHECK(life.told().empty());
  }
  Life medium;
  medium.hit(Level::medium);
  medium.now += kDay - 1;
  medium.hit(Level::medium);
  CHECK(medium.told().empty());
}

TEST_CASE("the_level_of_an_open_alert_rises_and_never_falls") {
  Life life;
  life.hit(Level::medium);
  life.does(Action::Verb::acknowledge);
  CHECK(life.alert->state == State::acknowledged);
  life.hit(Level::low);
  CHECK(life.alert->level == Level::medium);
  CHECK(life.told().empty());
  life.hit(Level::critical);
  CHECK(life.told() == "level_rose");
  CHECK(life.alert->state == State::firing);
  life.hit(Level::low);
  CHECK(life.alert->level == Level::critical);
}

TEST_CASE("quiet_resolves_an_episode_and_a_hit_soon_after_opens_it_again") {
  Life life;
  life.hit();
  life.pass(kDay - 1);
  CHECK(life.told().empty());
  CHECK(life.alert->state == State::firing);
  life.pass(1);
  CHECK(life.told() == "resolved");
  CHECK(life.alert->resolved_by == "quiet");
  CHECK(due_at(*life.alert) == 0);
  const std::int64_t id = life.alert->id;
  life.now += kDay;
  life.hit();
  CHECK(life.told() == "reopened");
  CHECK(life.alert->id == id);
  CHECK(life.alert->times_opened == 2);
  life.pass(kDay);
  life.now += kDay + 1;
  life.hit();
  CHECK(life.told() == "opened");
  CHECK(life.alert->hits == 1);
}

TEST_CASE("a_condition_waits_fires_repeats_and_resolves_once_it_is_clear") {
  Life life;
  life.policy.kind = Kind::condition;
  life.policy.for_s = 600;
  life.policy.resolve_after_s = 300;
  Hit clear = hit_of();
  clear.clears = true;
  life.hit();
  CHECK(life.alert->state == State::pending);
  CHECK(life.told().empty());
  life.hit(clear);
  CHECK_FALSE(life.alert.has_value());
  life.hit();
  life.pass(599);
  CHECK(life.alert->state == State::pending);
  life.pass(1);
  CHECK(life.told() == "opened");
  life.pass(12 * kHour);
  CHECK(life.told() == "repeated");
  life.hit(clear);
  CHECK(life.logged("cleared"));
  life.pass(200);
  life.hit();  // it comes back before it was clear for long
  CHECK(life.alert->cleared_at == 0);
  life.pass(200);
  CHECK(life.alert->state == State::firing);
  life.hit(clear);
  life.pass(300);
  CHECK(life.told() == "resolved");
  CHECK(life.alert->resolved_by == "cleared");
  // What clears and was not there is nothing.
  life.hit(clear);
  CHECK(life.alert->state == State::resolved);
  CHECK(life.log.empty());
}

TEST_CASE("a_pending_condition_that_is_hit_after_its_wait_fires_by_the_hit") {
  Life life;
  life.policy.kind = Kind::condition;
  life.policy.for_s = 60;
  life.hit();
  CHECK(life.refused({.verb = Action::Verb::snooze}) == ErrorKind::invalid);  // without an end
  life.now += 61;
  life.hit();
  CHECK(life.told() == "opened");
}

TEST_CASE("a_snooze_is_silent_counts_and_its_end_is_told") {
  Life life;
  life.hit();
  life.snooze(kHour, {.reason = "deploy"});
  CHECK(life.logged("snoozed"));
  life.now += 10;
  life.hit();
  life.hit();
  CHECK(life.told().empty());
  CHECK(life.alert->suppressed == 2);
  CHECK(due_at(*life.alert) == life.now - 10 + kHour);
  life.pass(kHour);
  CHECK(life.told() == "snooze_ended");
  CHECK(life.tells[0].note == "snooze by anna (1 h, 'deploy') ended; 2 hits meanwhile");
  CHECK(life.tells[0].hits == 2);
  CHECK_FALSE(life.alert->snooze);
}

TEST_CASE("a_snooze_ends_early_by_hits_by_level_by_a_person_and_by_the_end_of_the_alert") {
  SECTION("hits") {
    Life life;
    life.hit(Level::medium);
    life.snooze(kDay, {.until_hits = 3});
    life.hit(Level::medium);
    life.hit(Level::medium);
    CHECK(life.told().empty());
    life.hit(Level::medium);
    CHECK(life.told() == "snooze_ended");
  }
  SECTION("level") {
    Life life;
    life.hit(Level::medium);
    life.snooze(kDay, {.until_level = Level::critical});
    life.hit(Level::high);
    CHECK(life.told().empty());
    CHECK(life.alert->snooze);
    life.hit(Level::critical);
    CHECK(life.told() == "snooze_ended");
  }
  SECTION("person") {
    Life life;
    life.hit();
    life.snooze(kDay);
    life.does(Action::Verb::unsnooze);
    CHECK(life.told() == "snooze_ended");
    life.does(Action::Verb::unsnooze);
    CHECK(life.log.empty());
  }
  SECTION("resolved") {
    Life life;
    life.hit();
    life.snooze(7 * kDay);
    life.pass(kDay);
    CHECK(life.told() == "resolved");
    CHECK_FALSE(life.alert->snooze);
  }
  SECTION("a hit that comes when its time was over, before anybody looked") {
    Life life;
    life.hit();
    life.snooze(kHour);
    life.now += kHour + 5;
    life.hit();
    CHECK(life.told() == "snooze_ended");
    CHECK(life.alert->suppressed == 0);
  }
}

TEST_CASE("a_snooze_that_cannot_end_is_refused") {
  Life life;
  life.hit(Level::critical);
  const auto with = [&](Snooze snooze) { return Action{.verb = Action::Verb::snooze, .actor = "anna", .snooze = snooze}; };
  CHECK(life.refused(with({})) == ErrorKind::invalid);
  CHECK(life.refused(with({.until = life.now})) == ErrorKind::invalid);
  CHECK(life.refused(with({.until = life.now + kSnoozeSecondsMost + 1})) == ErrorKind::invalid);
  CHECK(life.refused(with({.until = INT64_MAX})) == ErrorKind::invalid);
  CHECK(life.refused(with({.until = life.now + 60, .until_level = Level::critical})) == ErrorKind::invalid);
  CHECK(life.refused(with({.until = life.now + 60, .reason = std::string(kReasonBytes + 1, 'x')})) == ErrorKind::invalid);
  life.snooze(kSnoozeSecondsMost);
  life.does(Action::Verb::resolve);
  CHECK(life.refused(with({.until = life.now + 60})) == ErrorKind::denied);
}

TEST_CASE("what_is_muted_disabled_dismissed_or_no_alert_makes_none") {
  for (int which = 0; which < 4; ++which) {
    Life life;
    if (which == 0) life.switches.rule = Switch::muted;
    if (which == 1) life.switches.rule = Switch::disabled;
    if (which == 2) life.switches.dismissed = true;
    if (which == 3) life.policy.kind = Kind::none;
    life.hit();
    CHECK_FALSE(life.alert.has_value());
    CHECK(life.tells.empty());
  }
}

TEST_CASE("a_snoozed_rule_records_in_silence_and_its_end_is_told_for_each_alert") {
  Life life;
  life.switches.rule = Switch::snoozed;
  life.switches.snooze = {.until = kNow + kHour, .by = "bob", .reason = "migration"};
  life.hit();
  CHECK(life.told().empty());
  CHECK(life.alert->state == State::firing);
  CHECK(life.alert->suppressed == 1);
  life.hit();
  CHECK(life.alert->suppressed == 2);
  life.switches = {};
  life.pass(kHour);
  CHECK(life.told() == "snooze_ended");
  CHECK(life.tells[0].note.find("bob") != std::string::npos);
}

TEST_CASE("what_is_folded_under_an_open_alert_says_nothing") {
  Life life;
  life.hit();
  Alert parent = *life.alert;
  parent.id = 7;
  life.take(fold(*life.alert, parent, life.now));
  CHECK(life.alert->parent == 7);
  CHECK(life.logged("folded"));
  life.take(fold(*life.alert, parent, life.now));
  CHECK(life.log.empty());
  life.switches.inhibited = true;
  life.hit(Level::critical);
  CHECK(life.told().empty());
  life.pass(kDay);
  CHECK(life.told().empty());
  CHECK(life.alert->state == State::resolved);
  // Neither under itself nor in a circle.
  Alert itself = *life.alert;
  CHECK_FALSE(fold(itself, itself, life.now).row.has_value());
  parent.parent = life.alert->id;
  Alert member = *life.alert;
  member.parent = 0;
  CHECK_FALSE(fold(member, parent, life.now).row.has_value());
}

TEST_CASE("what_is_of_the_past_wakes_nobody") {
  Life life;
  life.hit(hit_of(Level::critical, kNow - kDay - 1));
  CHECK(life.told() == "late");
  CHECK(life.alert->late);
  CHECK(life.alert->state == State::resolved);
  life.hit(hit_of(Level::critical, kNow - kDay - 5));
  CHECK(life.told().empty());
  CHECK(life.alert->hits == 2);
  // What happens now is another matter.
  life.hit();
  CHECK(life.told() == "opened");
  CHECK_FALSE(life.alert->late);
  // What is late for an open alert counts in it.
  life.hit(hit_of(Level::high, kNow - 3 * kDay));
  CHECK(life.told().empty());
  CHECK(life.alert->hits == 2);
  CHECK(life.alert->first_time == kNow - 3 * kDay);
}

TEST_CASE("people_acknowledge_resolve_reopen_assign_and_note") {
  Life life;
  life.hit();
  life.does({.verb = Action::Verb::acknowledge, .note = "on it"});
  CHECK(life.alert->state == State::acknowledged);
  CHECK(life.log.at(0).note == "on it");
  life.does(Action::Verb::acknowledge);
  CHECK(life.log.empty());
  life.does({.verb = Action::Verb::assign, .assignee = "bob"});
  CHECK(life.alert->assignee == "bob");
  CHECK(life.log.at(0).to == "bob");
  life.does({.verb = Action::Verb::note, .note = "seen before"});
  CHECK(life.logged("note"));
  CHECK(life.refused({.verb = Action::Verb::note}) == ErrorKind::invalid);
  CHECK(life.refused({.verb = Action::Verb::note, .note = std::string(kReasonBytes + 1, 'x')}) == ErrorKind::invalid);
  CHECK(life.refused({.verb = Action::Verb::assign, .assignee = std::string(kNameBytes + 1, 'x')}) == ErrorKind::invalid);
  life.does(Action::Verb::resolve);
  CHECK(life.told() == "resolved");
  CHECK(life.alert->resolved_by == "anna");
  CHECK(life.refused({.verb = Action::Verb::acknowledge}) == ErrorKind::denied);
  life.does(Action::Verb::resolve);
  CHECK(life.log.empty());
  life.does(Action::Verb::reopen);
  CHECK(life.told() == "reopened");
  CHECK(life.alert->state == State::firing);
  CHECK(life.alert->assignee == "bob");
  CHECK(due_at(*life.alert) == life.now + kDay);
}

TEST_CASE("a_clock_that_is_set_back_leaves_nothing_waiting_for_ever") {
  Life life;
  life.now = kNow + 3650 * kDay;
  life.hit(hit_of(Level::high, life.now));
  life.snooze(30 * kDay);
  life.now = kNow;
  life.hit();
  CHECK(life.told().empty());
  life.take(tick(*life.alert, false, life.now));
  CHECK(due_at(*life.alert) <= kNow + kSnoozeSecondsMost);
  life.pass(kDay);
  CHECK(life.told() == "resolved");
}

TEST_CASE("every_due_alert_is_due_later_once_time_was_looked_at") {
  // Else a clock would turn without end.
  Life life;
  life.policy.kind = Kind::condition;
  life.hit();
  life.switches.inhibited = true;
  for (int i = 0; i < 5; ++i) {
    const std::int64_t due = due_at(*life.alert);
    REQUIRE(due > life.now);
    life.pass(due - life.now);
    REQUIRE(due_at(*life.alert) > due);
    CHECK(life.told().empty());
  }
}

TEST_CASE("an_identity_is_of_rule_site_and_group_and_of_nothing_else") {
  const HmacKey key("k");
  CHECK(identity(key, "R", "s", "g") == identity(key, "R", "s", "g"));
  CHECK(identity(key, "R", "s", "g") != identity(key, "R", "s", ""));
  CHECK(identity(key, "R", "s", "g") != identity(key, "Rs", "", "g"));
  CHECK(identity(key, "R", "sg", "") != identity(key, "R", "s", "g"));
  CHECK(identity(key, "R", "s", "g") != identity(HmacKey("other"), "R", "s", "g"));
}

TEST_CASE("counts_end_at_their_largest_number") {
  Life life;
  Hit hit = hit_of();
  hit.hits = UINT64_MAX;
  life.hit(hit);
  life.hit(hit);
  CHECK(life.alert->hits == UINT64_MAX);
}

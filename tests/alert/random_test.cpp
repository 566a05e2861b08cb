// Long random lives of one identity, against the same told again on paper.
#include <random>

#include "alert/state.hpp"
#include "catch.hpp"
#include "oracle/alert_oracle.hpp"

using namespace logystera;
using namespace logystera::alert;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

struct Machine {
  std::vector<Alert> alerts;
  std::vector<Told> told;
  Policy policy;
  Settings settings;

  void take(Outcome outcome, std::int64_t at) {
    for (const Tell& tell : outcome.tells) told.push_back({std::string(tell_name(tell.kind)), at});
    if (!outcome.row) return;
    if (outcome.row->id == 0) {
      outcome.row->id = static_cast<std::int64_t>(alerts.size()) + 1;
      alerts.push_back(*outcome.row);
    } else {
      alerts.at(static_cast<std::size_t>(outcome.row->id) - 1) = *outcome.row;
    }
  }
  void go(const Happening& it) {
    const std::optional<Alert> current = alerts.empty() ? std::nullopt : std::optional(alerts.back());
    if (it.kind == Happening::hit) {
      Hit hit;
      hit.rule = "R";
      hit.level = it.level;
      hit.hits = it.hits;
      hit.first_time = hit.last_time = it.event_time;
      return take(apply(current, Key{}, hit, policy, {}, settings, it.at), it.at);
    }
    if (!current) return;
    if (it.kind == Happening::time) return take(tick(*current, false, it.at), it.at);
    Action action;
    action.actor = "anna";
    action.verb = it.kind == Happening::acknowledge ? Action::Verb::acknowledge
                  : it.kind == Happening::snooze    ? Action::Verb::snooze
                  : it.kind == Happening::unsnooze  ? Action::Verb::unsnooze
                  : it.kind == Happening::resolve   ? Action::Verb::resolve
                                                    : Action::Verb::reopen;
    action.snooze.until = it.until;
    action.snooze.until_hits = it.until_hits;
    if (it.until_rise) {
      action.snooze.until_level =
          current->level == Level::critical ? Level::critical : static_cast<Level>(static_cast<int>(current->level) + 1);
    }
    if (auto outcome = act(*current, action, it.at)) take(std::move(outcome).value(), it.at);
  }
};

std::vector<Happening> random_history(std::mt19937& random) {
  const auto up_to = [&](std::int64_t most) { return std::uniform_int_distribution<std::int64_t>(0, most)(random); };
  std::vector<Happening> history;
  std::int64_t now = kNow;
  for (std::int64_t step = 0, steps = 5 + up_to(60); step < steps; ++step) {
    constexpr std::int64_t kJumps[] = {0, 60, kHour, 5 * kHour, 13 * kHour, kDay, 30 * kHour};
    now += up_to(kJumps[up_to(6)]);
    Happening it;
    const std::int64_t kind = up_to(13);
    it.kind = kind < 6 ? Happening::hit : kind < 8 ? Happening::time : static_cast<Happening::Kind>(kind - 7);
    if (kind == 13) it.kind = Happening::snooze;
    it.at = now;
    it.level = static_cast<Level>(1 + up_to(3));
    it.hits = static_cast<std::uint64_t>(1 + up_to(4));
    it.event_time = up_to(5) == 0 ? now - kDay - 1 - up_to(kDay) : now - up_to(kHour);
    it.until = now + up_to(6) * kHour - 1;
    if (up_to(19) == 0) it.until = now + kSnoozeSecondsMost + 1;
    it.until_hits = up_to(2) == 0 ? static_cast<std::uint64_t>(1 + up_to(8)) : 0;
    it.until_rise = up_to(3) == 0;
    history.push_back(it);
  }
  return history;
}

}  // namespace

TEST_CASE("ten_thousand_random_lives_are_as_they_are_on_paper") {
  std::mt19937 random(20260518);
  std::size_t told = 0, alerts = 0;
  for (int life = 0; life < 10'000; ++life) {
    const std::vector<Happening> history = random_history(random);
    Machine machine;
    for (const Happening& it : history) {
      machine.go(it);
      // It is open once at most, and what is open is due.
      std::size_t open = 0;
      for (const Alert& alert : machine.alerts) {
        open += alert.open();
        REQUIRE(alert.open() == (due_at(alert) != 0));
        REQUIRE((!alert.snooze || alert.snooze.until <= it.at + kSnoozeSecondsMost));
      }
      REQUIRE(open <= 1);
    }
    const PaperTrail paper = on_paper(history, machine.policy, machine.settings);
    INFO("life " << life);
    REQUIRE(machine.alerts.size() == paper.alerts.size());
    for (std::size_t i = 0; i < paper.alerts.size(); ++i) {
      const Alert& alert = machine.alerts[i];
      const Paper& sheet = paper.alerts[i];
      REQUIRE((alert.late && !alert.open() ? "late" : std::string(state_name(alert.state))) == sheet.state);
      REQUIRE(alert.level == sheet.level);
      REQUIRE(alert.hits == sheet.hits);
      REQUIRE(alert.suppressed == sheet.suppressed);
      REQUIRE(alert.snooze.until == sheet.snoozed_until);
    }
    REQUIRE(machine.told.size() == paper.told.size());
    REQUIRE(machine.told == paper.told);
    told += machine.told.size();
    alerts += machine.alerts.size();
  }
  CHECK(alerts > 10'000);
  CHECK(told > 30'000);
}

// What a gateway says of itself, by its figures, and the alerts that come of it.
#include "processor/self_watch.hpp"

#include <algorithm>

#include "alert/gateway.hpp"
#include "alert/identity.hpp"
#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::processor;
using logystera::testing::Scratch;
namespace own = logystera::alert::gateway;

namespace {

constexpr std::int64_t kNow = 1'774'211'679, kDay = 24 * 3600;
constexpr std::uint64_t kGiB = 1 << 30;

/// A gateway with which nothing is wrong, and its alerts.
struct Gateway {
  Scratch scratch;
  std::unique_ptr<store::Store> store =
      std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
  HmacKey key{"k"};
  WatchLimits limits;
  SelfWatch watch{limits};
  Vitals vitals;
  std::vector<alert::Tell> told;

  Gateway() {
    vitals.now = kNow;
    vitals.elapsed = 1000;
    vitals.detects = true;
    vitals.disk = Vitals::Disk{50 * kGiB, 100 * kGiB};
    vitals.channels.push_back({1, "ops", "", true, kNow - 90 * kDay, kNow - 60, 0, 0, 0});
  }
  void pass(std::int64_t seconds) {
    vitals.now += seconds;
    vitals.elapsed += seconds;
  }
  /// One round, and what time does; the rules whose sign was given.
  std::vector<std::string> look() {
    const std::vector<Sign> signs = watch.look(vitals);
    auto transaction = std::move(store->begin()).value();
    auto tells = record(*transaction, signs, key, vitals.now);
    REQUIRE(tells.ok());
    REQUIRE(transaction->commit().ok());
    watch.recorded();
    CHECK_FALSE(has_news(store->reading(), signs, key, vitals.now).value());  // it was taken, all of it
    for (alert::Tell& one : tells.value()) told.push_back(std::move(one));
    REQUIRE(tick_all(*store, vitals.now, {}).ok());
    std::vector<std::string> rules;
    for (const Sign& sign : signs) rules.push_back(sign.rule);
    return rules;
  }
  std::vector<alert::Alert> of(std::string_view rule) const {
    std::vector<alert::Alert> found;
    for (const alert::Alert& one : store->alerts().page({}, {}).value().rows)
      if (one.rule == rule) found.push_back(one);
    return found;
  }
  std::string measured(const alert::Alert& one) const {
    for (const alert::LogRow& row : store->alerts().activity(one.id, 0, 50).value())
      if (row.what == "measured") return row.note;
    return {};
  }
};

using Rules = std::vector<std::string>;
Rules only(std::string_view rule) { return {std::string(rule)}; }

}  // namespace

TEST_CASE("of_a_gateway_with_which_nothing_is_wrong_nothing_is_said") {
  Gateway gateway;
  for (int i = 0; i < 20; ++i, gateway.pass(5)) CHECK(gateway.look().empty());
  CHECK(gateway.store->alerts().page({}, {})->rows.empty());
}

TEST_CASE("each_rule_of_the_gateway_says_what_it_means_and_what_to_do") {
  for (const alert::GatewayRule& rule : alert::gateway_rules()) {
    INFO(rule.id);
    CHECK(rule.id.starts_with("GATEWAY_"));
    CHECK_FALSE(rule.title.empty());
    CHECK_FALSE(rule.what.empty());
    CHECK_FALSE(rule.why.empty());
    CHECK_FALSE(rule.act.empty());
    CHECK(alert::gateway_rule(rule.id) == &rule);
  }
  CHECK_FALSE(alert::gateway_rule("GATEWAY_"));
}

TEST_CASE("a_condition_opens_one_alert_of_no_site_holds_it_and_clears_it") {
  struct Case {
    std::string_view rule;
    void (*break_it)(Vitals&);
    std::string_view words;
  };
  const auto channel = [](Vitals& vitals) -> Vitals::Channel& { return vitals.channels[0]; };
  (void)channel;
  const Case cases[] = {
      {own::kLag, [](Vitals& vitals) { vitals.lag_seconds = 75; }, "75 s behind"},
      {own::kLag, [](Vitals& vitals) { vitals.problem = "no rules"; }, "it stands still: no rules"},
      {own::kRules, [](Vitals& vitals) { vitals.no_rules = "a.yaml:3: bad"; }, "a.yaml:3: bad"},
      {own::kRules, [](Vitals& vitals) { vitals.reload_refused = "a.yaml:3: bad"; }, "those before stay: a.yaml:3: bad"},
      {own::kRules,
       [](Vitals& vitals) {
         vitals.rules_refused = 2;
         vitals.first_refused = "a.yaml:3: bad";
       },
       "2 documents do not run; the first: a.yaml:3: bad"},
      {own::kSettings,
       [](Vitals& vitals) {
         vitals.damaged_settings = {{"ent_a", "setting site.ent_a.zone is damaged"}};
       },
       "setting site.ent_a.zone is damaged"},
      {own::kOutbox,
       [](Vitals& vitals) {
         vitals.channels[0].waiting = 3;
         vitals.channels[0].oldest_waiting = kNow - 700;
       },
       "3 messages wait, the oldest for"},
      {own::kDead, [](Vitals& vitals) { vitals.channels[0].dead = 1; }, "1 message was given up"},
      {own::kChannel,
       [](Vitals& vitals) {
         vitals.channels[0].enabled = false;
         vitals.channels[0].off_reason = "it answers 410";
       },
       "it was switched off: it answers 410"},
      {own::kUntold,
       [](Vitals& vitals) {
         vitals.untold = 1;
         vitals.untold_reason = "a route is damaged";
       },
       "1 happening waits: a route is damaged"},
      {own::kDisk,
       [](Vitals& vitals) {
         vitals.disk = Vitals::Disk{9 * kGiB, 100 * kGiB};
       },
       "9216 MiB of 100 GiB are free"},
      {own::kDisk,
       [](Vitals& vitals) {
         vitals.disk = Vitals::Disk{kGiB / 2, 2 * kGiB};
       },
       "512 MiB of 2048 MiB are free"},
      {own::kDatabase, [](Vitals& vitals) { vitals.removal_problem = "too large"; }, "too large"},
      {own::kSiteClock,
       [](Vitals& vitals) {
         vitals.clocks = {{"ent_a", "shop", -200, false}};
       },
       "behind"},
      {own::kSiteClock,
       [](Vitals& vitals) {
         vitals.clocks = {{"ent_a", "shop", 3600, true}};
       },
       "1 h ahead: its batches are refused"},
  };
  for (const Case& one : cases) {
    INFO(one.rule << ": " << one.words);
    Gateway gateway;
    CHECK(gateway.look().empty());
    const Vitals fine = gateway.vitals;
    gateway.pass(5);
    one.break_it(gateway.vitals);
    (void)gateway.look();
    gateway.pass(70);
    one.break_it(gateway.vitals);
    CHECK(gateway.look() == only(one.rule));
    REQUIRE(gateway.of(one.rule).size() == 1);
    alert::Alert alert = gateway.of(one.rule)[0];
    CHECK(alert.state == alert::State::firing);
    CHECK(alert.site.empty());
    CHECK(alert.kind == alert::Kind::condition);
    CHECK(gateway.measured(alert).find(one.words) != std::string::npos);
    REQUIRE(gateway.told.size() == 1);
    CHECK(gateway.told[0].kind == alert::Tell::opened);
    CHECK(gateway.told[0].note == gateway.measured(alert));

    // It goes on, and is told once.
    for (int i = 0; i < 5; ++i, gateway.pass(5)) (void)gateway.look();
    CHECK(gateway.told.size() == 1);
    CHECK(gateway.of(one.rule)[0].hits == alert.hits);

    // Over for a moment, it is held; over for longer, it clears, and after five minutes it is resolved.
    const std::int64_t now = gateway.vitals.now, elapsed = gateway.vitals.elapsed;
    gateway.vitals = fine;
    gateway.vitals.now = now;
    gateway.vitals.elapsed = elapsed;
    CHECK(gateway.look() == only(one.rule));
    gateway.pass(SelfWatch::kHeldSeconds);
    CHECK(gateway.look().empty());
    CHECK(gateway.of(one.rule)[0].cleared_at == gateway.vitals.now);
    gateway.pass(301);
    CHECK(gateway.look().empty());
    CHECK(gateway.of(one.rule)[0].state == alert::State::resolved);
    CHECK(gateway.of(one.rule)[0].resolved_by == "cleared");

    // And opens again.
    gateway.pass(5);
    one.break_it(gateway.vitals);
    (void)gateway.look();
    gateway.pass(70);
    (void)gateway.look();
    REQUIRE(gateway.of(one.rule).size() == 1);
    CHECK(gateway.of(one.rule)[0].times_opened == 2);
  }
}

TEST_CASE("what_has_happened_is_an_episode_and_counts") {
  struct Case {
    std::string_view rule;
    void (*happen)(Vitals&);
    std::uint64_t hits;
  };
  const Case cases[] = {
      {own::kOverflow, [](Vitals& vitals) { vitals.overflows += 3; }, 3},
      {own::kForgotten, [](Vitals& vitals) { vitals.forgotten += 7; }, 7},
      {own::kStore, [](Vitals& vitals) { vitals.store_failures += 1; }, 1},
      {own::kClock, [](Vitals& vitals) { vitals.now += 3600; }, 1},
      {own::kClock, [](Vitals& vitals) { vitals.now -= 3600; }, 1},
      {own::kUnevaluated,
       [](Vitals& vitals) {
         vitals.unevaluated.insert(vitals.unevaluated.begin(), {"ent_a", kNow - 90, kNow - 60, 12, "too many", vitals.now});
       },
       1},
  };
  for (const Case& one : cases) {
    INFO(one.rule);
    Gateway gateway;
    gateway.vitals.overflows = gateway.vitals.forgotten = gateway.vitals.store_failures = 100;  // before it was looked at
    CHECK(gateway.look().empty());
    gateway.pass(5);
    one.happen(gateway.vitals);
    CHECK(gateway.look() == only(one.rule));
    REQUIRE(gateway.of(one.rule).size() == 1);
    CHECK(gateway.of(one.rule)[0].kind == alert::Kind::episode);
    CHECK(gateway.of(one.rule)[0].hits == one.hits);
    gateway.pass(5);
    (void)gateway.look();
    CHECK(gateway.of(one.rule)[0].hits == one.hits);  // not once more
    CHECK(gateway.told.size() == 1);
    gateway.pass(3600);
    (void)gateway.look();
    CHECK(gateway.of(one.rule)[0].state == alert::State::resolved);
    CHECK(gateway.of(one.rule)[0].resolved_by == "quiet");
  }
}

TEST_CASE("a_clock_that_went_ahead_and_back_hides_no_episode") {
  constexpr std::int64_t kYear = 365 * 86'400;
  Gateway gateway;
  CHECK(gateway.look().empty());
  gateway.vitals.now += kYear;
  CHECK(gateway.look() == only(own::kClock));
  gateway.vitals.now -= kYear;
  const std::vector<Sign> signs = gateway.watch.look(gateway.vitals);
  REQUIRE(has_news(gateway.store->reading(), signs, gateway.key, gateway.vitals.now).value());
  auto transaction = std::move(gateway.store->begin()).value();
  REQUIRE(record(*transaction, signs, gateway.key, gateway.vitals.now).ok());
  REQUIRE(transaction->commit().ok());
  gateway.watch.recorded();
  REQUIRE(gateway.of(own::kClock).size() == 1);
  CHECK(gateway.of(own::kClock)[0].hits == 2);
  CHECK_FALSE(
      has_news(gateway.store->reading(), gateway.watch.look(gateway.vitals), gateway.key, gateway.vitals.now).value());
}

TEST_CASE("a_lag_of_a_moment_after_a_start_is_none") {
  Gateway gateway;
  gateway.vitals.lag_seconds = 7200;
  CHECK(gateway.look().empty());
  gateway.pass(SelfWatch::kSustainedSeconds - 1);
  CHECK(gateway.look().empty());
  gateway.vitals.lag_seconds = 0;
  gateway.pass(1);
  CHECK(gateway.look().empty());
  gateway.vitals.lag_seconds = 7200;
  CHECK(gateway.look().empty());
  gateway.pass(SelfWatch::kSustainedSeconds);
  CHECK(gateway.look() == only(own::kLag));
}

TEST_CASE("a_channel_that_is_silent_while_messages_wait_fails_and_one_without_messages_does_not") {
  Gateway gateway;
  Vitals::Channel& channel = gateway.vitals.channels[0];
  channel.last_sent_at = kNow - 3 * kDay;
  CHECK(gateway.look().empty());
  channel.waiting = 1;
  channel.oldest_waiting = kNow - 60;
  CHECK(gateway.look() == only(own::kChannel));
  CHECK(gateway.of(own::kChannel)[0].group_label == "ops");
  // Switched off by a person, it is meant so.
  channel.enabled = false;
  gateway.pass(SelfWatch::kHeldSeconds);
  channel.waiting = 0;
  CHECK(gateway.look().empty());
}

TEST_CASE("channels_and_sites_have_alerts_of_their_own") {
  Gateway gateway;
  gateway.vitals.channels.push_back(gateway.vitals.channels[0]);
  gateway.vitals.channels[1].id = 2;
  gateway.vitals.channels[1].name = "mail";
  for (Vitals::Channel& channel : gateway.vitals.channels) channel.dead = 1;
  gateway.vitals.clocks = {{"ent_a", "shop", 500, false}, {"ent_b", "blog", INT64_MIN, false}};
  (void)gateway.look();
  CHECK(gateway.of(own::kDead).size() == 2);
  CHECK(gateway.of(own::kSiteClock).size() == 2);
  gateway.vitals.channels[0].dead = 0;
  gateway.pass(SelfWatch::kHeldSeconds);
  (void)gateway.look();
  for (const alert::Alert& one : gateway.of(own::kDead)) CHECK((one.cleared_at != 0) == (one.group_label == "ops"));
}

TEST_CASE("a_disk_that_becomes_fuller_makes_its_alert_worse_and_tells_it") {
  Gateway gateway;
  gateway.vitals.disk = Vitals::Disk{9 * kGiB, 100 * kGiB};
  (void)gateway.look();
  gateway.pass(5);
  gateway.vitals.disk->free = kGiB / 2;
  (void)gateway.look();
  REQUIRE(gateway.of(own::kDisk).size() == 1);
  CHECK(gateway.of(own::kDisk)[0].level == Level::critical);
  REQUIRE(gateway.told.size() == 2);
  CHECK(gateway.told[1].kind == alert::Tell::level_rose);
  CHECK(gateway.told[1].note == "512 MiB of 100 GiB are free");
}

TEST_CASE("a_limit_of_none_switches_a_watch_off") {
  Gateway gateway;
  gateway.watch = SelfWatch({0, 0, 0, 0, 0, 0, 0});
  gateway.vitals.lag_seconds = 7200;
  gateway.vitals.problem = "stands still";
  gateway.vitals.disk = Vitals::Disk{0, 100 * kGiB};
  gateway.vitals.channels[0] = {1, "ops", "gone", false, kNow - 90 * kDay, 0, 5, 0, kNow - 9 * kDay};
  gateway.vitals.clocks = {{"ent_a", "shop", 500, true}};
  for (int i = 0; i < 3; ++i) {
    CHECK(gateway.look().empty());
    gateway.pass(60);
    gateway.vitals.now += 999;
  }
}

TEST_CASE("a_restart_and_a_muted_rule_leave_the_alert_of_a_condition_as_it_is") {
  Gateway gateway;
  gateway.vitals.removal_problem = "too large";
  (void)gateway.look();
  const alert::Alert before = gateway.of(own::kDatabase)[0];
  gateway.watch = SelfWatch(gateway.limits);
  gateway.pass(5);
  (void)gateway.look();
  CHECK(gateway.of(own::kDatabase).size() == 1);
  CHECK(gateway.of(own::kDatabase)[0].hits == before.hits);
  CHECK(gateway.told.size() == 1);
  // What was repaired while nobody looked.
  gateway.watch = SelfWatch(gateway.limits);
  gateway.vitals.removal_problem.clear();
  gateway.pass(5);
  (void)gateway.look();
  CHECK(gateway.of(own::kDatabase)[0].cleared_at == gateway.vitals.now);
}

TEST_CASE("what_has_happened_while_nothing_could_be_stored_is_recorded_afterwards_with_all_its_hits") {
  Gateway gateway;
  (void)gateway.look();
  for (int i = 0; i < 100; ++i) {
    gateway.pass(5);
    gateway.vitals.store_failures += 2;
    const std::vector<Sign> signs = gateway.watch.look(gateway.vitals);  // and nobody can take it
    REQUIRE(signs.size() == 1);
    CHECK(signs[0].hits == static_cast<std::uint64_t>(2 * (i + 1)));
  }
  gateway.pass(5);
  CHECK(gateway.look() == only(own::kStore));
  REQUIRE(gateway.of(own::kStore).size() == 1);
  CHECK(gateway.of(own::kStore)[0].hits == 200);
  gateway.pass(5);
  CHECK(gateway.look().empty());
}

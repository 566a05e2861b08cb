// Findings become alerts in a store, and what time and people do to them.
#include "processor/raise.hpp"

#include <random>
#include <thread>

#include "alert/identity.hpp"
#include "catch.hpp"
#include "eventually.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::processor;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

struct Raised {
  Scratch scratch;
  std::unique_ptr<store::Store> store =
      std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
  HmacKey key{"k"};
  alert::Policy policy;
  std::int64_t now = kNow;

  Raised() {
    store::Entity entity;
    entity.token = "ent_a";
    entity.name = "shop";
    REQUIRE(store->entities().add(entity).ok());
  }
  alert::Hit hit(const std::string& rule = "R", Level level = Level::high, const std::string& site = "ent_a") const {
    alert::Hit made;
    made.rule = rule;
    made.title = "Title of " + rule;
    made.level = level;
    made.site = site;
    made.first_time = made.last_time = now;
    return made;
  }
  std::vector<alert::Tell> raise(const std::vector<alert::Hit>& hits) {
    auto transaction = std::move(store->begin()).value();
    auto tells = processor::raise(*transaction, hits, {key, [&](std::string_view) { return policy; }}, now);
    REQUIRE(tells.ok());
    REQUIRE(transaction->commit().ok());
    return std::move(tells).value();
  }
  std::vector<alert::Tell> act(std::int64_t id, alert::Action action) {
    action.actor = "anna";
    auto transaction = std::move(store->begin()).value();
    auto tells = processor::act(*transaction, id, action, {}, now);
    REQUIRE(tells.ok());
    REQUIRE(transaction->commit().ok());
    return std::move(tells).value();
  }
  std::vector<alert::Alert> all() const { return store->alerts().page({}, {}).value().rows; }
  std::vector<alert::Tell> set(alert::Switch state, const std::string& site, std::int64_t until = 0) {
    auto transaction = std::move(store->begin()).value();
    auto tells = set_switch(*transaction, {"R", site, state, until, "a reason", "anna", now}, now);
    REQUIRE(tells.ok());
    REQUIRE(transaction->commit().ok());
    return std::move(tells).value();
  }
  std::vector<alert::Tell> clear(const std::string& site) {
    auto transaction = std::move(store->begin()).value();
    auto tells = clear_switch(*transaction, "R", site, "anna", now);
    REQUIRE(tells.ok());
    REQUIRE(transaction->commit().ok());
    return std::move(tells).value();
  }
  std::string told_by_time() {
    std::string told;
    auto done = tick_all(*store, now, [&](store::Stores&, std::span<const alert::Tell> tells) -> Result<Done> {
      for (const alert::Tell& tell : tells) told += std::string(alert::tell_name(tell.kind)) + " ";
      return Done{};
    });
    REQUIRE(done.ok());
    return told;
  }
};

}  // namespace

TEST_CASE("findings_of_one_identity_are_one_alert_with_its_activity_and_findings") {
  Raised raised;
  alert::Hit one = raised.hit(), two = raised.hit();
  one.finding = 11;
  two.finding = 12;
  const auto tells = raised.raise({one, two});
  REQUIRE(tells.size() == 1);
  CHECK(tells[0].kind == alert::Tell::opened);
  const auto alerts = raised.all();
  REQUIRE(alerts.size() == 1);
  CHECK(tells[0].alert == alerts[0].id);
  CHECK(alerts[0].hits == 2);
  CHECK(raised.store->alerts().findings_of(alerts[0].id).value() == std::vector<std::int64_t>{11, 12});
  CHECK(raised.store->alerts().activity(alerts[0].id, 0, 10).value().size() == 1);
  alert::Hit elsewhere = raised.hit();
  elsewhere.group = std::string(16, 'g');
  raised.raise({elsewhere, raised.hit("R", Level::high, "")});
  CHECK(raised.all().size() == 3);
}

TEST_CASE("what_a_transaction_raised_goes_with_it") {
  Raised raised;
  {
    auto transaction = std::move(raised.store->begin()).value();
    const std::vector<alert::Hit> hits{raised.hit()};
    REQUIRE(processor::raise(*transaction, hits, {raised.key, {}}, kNow).ok());
  }
  CHECK(raised.all().empty());
  CHECK(raised.raise({raised.hit()}).size() == 1);
}

TEST_CASE("a_chain_is_one_alert_with_members_that_fall_silent") {
  Raised raised;
  alert::Hit guess = raised.hit("GUESS"), other = raised.hit("GUESS"), chain = raised.hit("CHAIN", Level::critical);
  guess.group_label = "ip_1";
  guess.group = std::string(16, '1');
  other.group_label = "ip_2";
  other.group = std::string(16, '2');
  chain.group_label = "ip_1";
  chain.group = std::string(16, '1');
  chain.members = {"GUESS", "CHAIN", "UNKNOWN"};
  CHECK(raised.raise({guess, other}).size() == 2);
  const auto folded = raised.raise({chain});
  REQUIRE(folded.size() == 2);
  CHECK(folded[0].kind == alert::Tell::folded);
  CHECK(folded[0].note == "it stands under alert 3");
  CHECK(folded[1].kind == alert::Tell::opened);
  store::AlertFilter open;
  open.view = store::AlertFilter::View::open;
  open.folded = false;
  open.now = kNow;
  CHECK(raised.store->alerts().page(open, {}).value().rows.size() == 2);  // the chain, and the other address
  guess.level = Level::critical;
  CHECK(raised.raise({guess}).empty());
  const auto parent = raised.store->alerts().current(alert::identity(raised.key, "CHAIN", "ent_a", chain.group)).value();
  store::AlertFilter members;
  members.parent = parent->id;
  REQUIRE(raised.store->alerts().page(members, {}).value().rows.size() == 1);
  // With the parent gone they speak again.
  raised.act(parent->id, {.verb = alert::Action::Verb::resolve});
  raised.now += 4 * alert::kHour;
  const auto tells = raised.raise({guess});
  REQUIRE(tells.size() == 1);
  CHECK(tells[0].kind == alert::Tell::repeated);
}

TEST_CASE("whoever_deals_with_an_alert_hushes_what_waits_to_be_told_of_it") {
  Raised raised;
  raised.raise({raised.hit()});
  const std::int64_t id = raised.all().at(0).id;
  const auto acknowledged = raised.act(id, {.verb = alert::Action::Verb::acknowledge});
  REQUIRE(acknowledged.size() == 1);
  CHECK(acknowledged[0].kind == alert::Tell::hushed);
  CHECK(acknowledged[0].alert == id);
  CHECK(acknowledged[0].note == "acknowledged by anna");
  CHECK(raised.act(id, {.verb = alert::Action::Verb::acknowledge}).empty());  // it is
  alert::Action snooze{.verb = alert::Action::Verb::snooze};
  snooze.snooze.until = raised.now + 60;
  const auto snoozed = raised.act(id, snooze);
  REQUIRE(snoozed.size() == 1);
  CHECK(snoozed[0].kind == alert::Tell::hushed);
  CHECK(snoozed[0].note == "snoozed by anna");
  CHECK(raised.act(id, {.verb = alert::Action::Verb::note, .note = "why"}).empty());
}

TEST_CASE("muted_disabled_dismissed_and_not_recommended_rules_make_no_alerts") {
  Raised raised;
  const auto set = [&](alert::Switch state, const std::string& site, const std::string& reason) {
    auto transaction = std::move(raised.store->begin()).value();
    const auto tells = set_switch(*transaction, {"R", site, state, 0, reason, "anna", raised.now}, raised.now);
    if (tells) REQUIRE(transaction->commit().ok());
    return tells.ok();
  };
  CHECK_FALSE(set(alert::Switch::muted, "ent_a", ""));  // a reason is owed
  REQUIRE(set(alert::Switch::muted, "ent_a", "loud"));
  CHECK(raised.raise({raised.hit()}).empty());
  CHECK(raised.all().empty());
  CHECK(raised.raise({raised.hit("R", Level::high, "")}).size() == 1);  // elsewhere it is not
  REQUIRE(set(alert::Switch::disabled, "", "broken"));
  CHECK(raised.raise({raised.hit("R", Level::high, "ent_b")}).empty());
  {
    auto transaction = std::move(raised.store->begin()).value();
    REQUIRE(clear_switch(*transaction, "R", "", "anna", raised.now).ok());
    REQUIRE(clear_switch(*transaction, "R", "ent_a", "anna", raised.now).ok());
    CHECK(clear_switch(*transaction, "R", "ent_a", "anna", raised.now).error().kind == ErrorKind::not_found);
    REQUIRE(transaction->commit().ok());
  }
  REQUIRE(raised.store->findings().dismiss({"R", "shop", "ours", kNow}).ok());
  CHECK(raised.raise({raised.hit()}).empty());
  raised.policy.recommended = false;
  CHECK(raised.raise({raised.hit("S")}).empty());
  REQUIRE(raised.store->alerts().put_switch({"S", "", alert::Switch::on, 0, "", "anna", kNow}).ok());
  CHECK(raised.raise({raised.hit("S")}).size() == 1);
}

TEST_CASE("a_snooze_of_a_rule_silences_what_is_open_and_what_comes_and_its_end_is_told_once_each") {
  Raised raised;
  alert::Hit other = raised.hit();
  other.group = std::string(16, 'g');
  raised.raise({raised.hit()});
  {
    auto transaction = std::move(raised.store->begin()).value();
    REQUIRE(
        set_switch(*transaction, {"R", "ent_a", alert::Switch::snoozed, kNow + 600, "deploy", "anna", kNow}, kNow).ok());
    CHECK_FALSE(set_switch(*transaction, {"R", "", alert::Switch::snoozed, kNow, "", "anna", kNow}, kNow).ok());
    CHECK_FALSE(
        set_switch(*transaction, {"R", "", alert::Switch::snoozed, kNow + 91 * alert::kDay, "", "anna", kNow}, kNow).ok());
    REQUIRE(transaction->commit().ok());
  }
  CHECK(raised.raise({raised.hit(), other}).empty());
  CHECK(raised.told_by_time().empty());
  raised.now += 600;
  CHECK(raised.told_by_time() == "snooze_ended snooze_ended ");
  CHECK(raised.store->alerts().switches().value().empty());
  CHECK(raised.told_by_time().empty());
}

TEST_CASE("a_snooze_of_a_rule_that_is_taken_back_is_taken_back_from_its_alerts") {
  Raised raised;
  raised.raise({raised.hit()});
  auto transaction = std::move(raised.store->begin()).value();
  REQUIRE(set_switch(*transaction, {"R", "", alert::Switch::snoozed, kNow + 600, "", "anna", kNow}, kNow).ok());
  CHECK(transaction->alerts().page({}, {}).value().rows.at(0).snooze);
  const auto tells = clear_switch(*transaction, "R", "", "bob", kNow);
  REQUIRE(tells.ok());
  CHECK(tells->size() == 1);
  REQUIRE(transaction->commit().ok());
  CHECK_FALSE(raised.all().at(0).snooze);
}

TEST_CASE("a_snooze_does_not_take_the_place_of_what_an_administrator_has_switched") {
  Raised raised;
  for (const alert::Switch state : {alert::Switch::on, alert::Switch::muted, alert::Switch::disabled}) {
    raised.set(state, "ent_a");
    auto transaction = std::move(raised.store->begin()).value();
    const auto refused = set_switch(*transaction, {"R", "ent_a", alert::Switch::snoozed, kNow + 60, "", "bob", kNow}, kNow);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::exists);
    CHECK(refused.error().message.find(alert::switch_name(state)) != std::string::npos);
    CHECK(transaction->alerts().switches().value().at(0).state == state);
  }
  raised.set(alert::Switch::snoozed, "", kNow + 60);  // elsewhere it may
  raised.set(alert::Switch::snoozed, "", kNow + 120);
  raised.set(alert::Switch::muted, "");
}

TEST_CASE("of_a_rule_that_is_muted_time_tells_nothing_either_and_what_waits_is_hushed") {
  Raised raised;
  raised.policy.kind = alert::Kind::condition;
  raised.raise({raised.hit()});
  const auto hushed = raised.set(alert::Switch::muted, "ent_a");
  REQUIRE(hushed.size() == 1);
  CHECK(hushed[0].kind == alert::Tell::hushed);
  CHECK(hushed[0].alert == raised.all().at(0).id);
  CHECK(hushed[0].note == "its rule is muted by anna");
  raised.now += alert::kDay;
  CHECK(raised.told_by_time().empty());
  raised.clear("ent_a");
  raised.now += alert::kDay;
  CHECK(raised.told_by_time() == "repeated ");
}

TEST_CASE("the_end_of_what_was_told_is_told_though_its_rule_is_muted_by_now") {
  Raised raised;
  raised.raise({raised.hit()});
  raised.set(alert::Switch::muted, "ent_a");
  raised.now += 30 * alert::kDay;
  CHECK(raised.told_by_time() == "resolved ");
  CHECK(raised.all().at(0).state == alert::State::resolved);
}

TEST_CASE("what_waits_to_fire_is_not_told_while_its_rule_is_snoozed_or_muted") {
  for (const alert::Switch state : {alert::Switch::snoozed, alert::Switch::muted}) {
    Raised raised;
    raised.policy.kind = alert::Kind::condition;
    raised.policy.for_s = 4 * alert::kHour;
    CHECK(raised.raise({raised.hit()}).empty());
    raised.set(state, "", state == alert::Switch::snoozed ? kNow + alert::kDay : 0);
    raised.now += 5 * alert::kHour;
    CHECK(raised.told_by_time().empty());
    CHECK(raised.all().at(0).state == alert::State::firing);
    raised.now = kNow + alert::kDay;
    CHECK(raised.told_by_time() == (state == alert::Switch::snoozed ? "snooze_ended " : ""));
  }
}

TEST_CASE("an_alert_whose_own_snooze_ends_stays_silent_while_its_rule_is_snoozed") {
  Raised raised;
  raised.policy.resolve_after_s = 30 * alert::kDay;
  raised.raise({raised.hit()});
  raised.set(alert::Switch::snoozed, "", kNow + 7 * alert::kDay);
  alert::Action snooze{.verb = alert::Action::Verb::snooze};
  snooze.snooze.until = kNow + alert::kHour;
  raised.act(raised.all().at(0).id, snooze);
  raised.now += alert::kHour;
  CHECK(raised.told_by_time().empty());
  CHECK(raised.all().at(0).snooze.until == kNow + 7 * alert::kDay);
  raised.now = kNow + 7 * alert::kDay;
  CHECK(raised.told_by_time() == "snooze_ended ");
}

TEST_CASE("a_switch_that_goes_wakes_nothing_another_one_silences") {
  Raised raised;
  raised.policy.resolve_after_s = 30 * alert::kDay;
  raised.raise({raised.hit()});
  raised.set(alert::Switch::snoozed, "", kNow + 7 * alert::kDay);
  raised.set(alert::Switch::snoozed, "ent_a", kNow + alert::kDay);
  CHECK(raised.clear("ent_a").empty());
  CHECK(raised.all().at(0).snooze.until == kNow + 7 * alert::kDay);
  // What is left may end sooner.
  raised.set(alert::Switch::snoozed, "ent_a", kNow + 9 * alert::kDay);
  for (const alert::Tell& tell : raised.clear("ent_a")) CHECK(tell.kind == alert::Tell::hushed);
  CHECK(raised.all().at(0).snooze.until == kNow + 7 * alert::kDay);
  CHECK(raised.all().at(0).snooze.of_rule);
  // A mute in its place says nothing, and only its end does.
  for (const alert::Tell& tell : raised.set(alert::Switch::muted, "")) CHECK(tell.kind == alert::Tell::hushed);
  CHECK(raised.all().at(0).snooze);
  const auto awake = raised.clear("");
  REQUIRE(awake.size() == 1);
  CHECK(awake[0].kind == alert::Tell::snooze_ended);
  CHECK_FALSE(raised.all().at(0).snooze);
}

TEST_CASE("time_is_looked_at_a_bounded_piece_at_a_time_until_nothing_is_due") {
  Raised raised;
  for (int i = 0; i < 1200; ++i) {
    alert::Alert one;
    one.key[0] = static_cast<std::uint8_t>(i);
    one.key[1] = static_cast<std::uint8_t>(i >> 8);
    one.rule = "R";
    one.opened_at = one.last_hit_at = kNow;
    REQUIRE(raised.store->alerts().add(one).ok());
  }
  raised.now += alert::kDay;
  {
    auto transaction = std::move(raised.store->begin()).value();
    const auto ticked = tick(*transaction, raised.now);
    REQUIRE(ticked.ok());
    CHECK(ticked->tells.size() == kDueMost);
    CHECK(ticked->more);
  }  // taken back
  CHECK(tick_all(*raised.store, raised.now, {}).value() == 1200);
  CHECK_FALSE(is_due(*raised.store, raised.now).value());
}

TEST_CASE("what_cannot_be_told_is_not_done") {
  Raised raised;
  raised.raise({raised.hit()});
  raised.now += alert::kDay;
  const Telling broken = [](store::Stores&, std::span<const alert::Tell>) -> Result<Done> { return Error{"no room"}; };
  CHECK_FALSE(tick_all(*raised.store, raised.now, broken).ok());
  CHECK(raised.all().at(0).open());
  CHECK(tick_all(*raised.store, raised.now, {}).value() == 1);
}

TEST_CASE("whoever_does_not_see_the_site_does_nothing_to_its_alerts") {
  Raised raised;
  raised.raise({raised.hit()});
  auto transaction = std::move(raised.store->begin()).value();
  const auto done = act(*transaction, raised.all().at(0).id, {.verb = alert::Action::Verb::resolve}, {{"ent_b"}}, kNow);
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().kind == ErrorKind::not_found);
}

TEST_CASE("an_alert_is_not_reopened_beside_another_open_one_of_its_identity") {
  Raised raised;
  raised.raise({raised.hit()});
  const std::int64_t first = raised.all().at(0).id;
  raised.act(first, {.verb = alert::Action::Verb::resolve});
  raised.now += 2 * alert::kDay;
  raised.raise({raised.hit()});
  auto transaction = std::move(raised.store->begin()).value();
  const auto done = act(*transaction, first, {.verb = alert::Action::Verb::reopen, .actor = "anna"}, {}, raised.now);
  REQUIRE_FALSE(done.ok());
  CHECK(done.error().kind == ErrorKind::exists);
}

TEST_CASE("threads_that_raise_and_people_who_act_leave_one_open_alert_and_no_hit_uncounted") {
  Raised raised;
  constexpr int kThreads = 4, kEach = 50;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  std::atomic<int> failures = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kEach; ++n) {
        auto transaction = raised.store->begin();
        if (!transaction) {
          ++failures;
          continue;
        }
        const std::vector<alert::Hit> hits{raised.hit()};
        bool fine = processor::raise(*transaction.value(), hits, {raised.key, {}}, kNow).ok();
        if (fine && i == 0 && n % 5 == 0) {
          const auto current = transaction.value()->alerts().current(alert::identity(raised.key, "R", "ent_a", ""));
          fine = current.ok() && act(*transaction.value(), current.value()->id,
                                     {.verb = alert::Action::Verb::resolve, .actor = "anna"}, {}, kNow)
                                     .ok();
        }
        if (!fine || !transaction.value()->commit().ok()) ++failures;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(failures == 0);
  const auto alerts = raised.all();
  REQUIRE(alerts.size() == 1);  // what was resolved a moment ago is reopened
  CHECK(alerts[0].hits == kThreads * kEach);
}

TEST_CASE("a_clock_tells_of_what_becomes_due_while_a_server_runs") {
  Raised raised;
  raised.raise({raised.hit()});
  std::atomic<std::int64_t> now = kNow;
  std::atomic<int> told = 0;
  auto clock = AlertClock::start(
      *raised.store, [&] { return now.load(); },
      [&](store::Stores&, std::span<const alert::Tell> tells) -> Result<Done> {
        told += static_cast<int>(tells.size());
        return Done{};
      },
      [](std::string_view) {});
  REQUIRE(clock.ok());
  now = kNow + alert::kDay;
  CHECK(logystera::testing::eventually([&] { return told == 1; }));
}

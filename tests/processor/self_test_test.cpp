// What is left of a self-test, and what becomes of it.
#include "processor/self_test.hpp"

#include "catch.hpp"
#include "processor/raise.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::processor;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

/// A gateway with a shop, and the site of self-tests half way through one.
struct Left {
  Scratch scratch;
  std::unique_ptr<store::Store> store =
      std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
  std::uint8_t keys = 0;

  Left() {
    site("ent_shop", "shop");
    site("ent_test", "logystera self-test");
    alert("ent_shop");
    for (int i = 0; i < 150; ++i) alert("ent_test");
    store::RuleSwitch silent;
    silent.rule = kSelfTestRule;
    silent.site = "ent_test";
    silent.state = alert::Switch::snoozed;
    silent.until = kNow + 1000;
    silent.reason = "a self-test is running";
    REQUIRE(set_switch(*store, silent, kNow).ok());
    REQUIRE(put_self_test_site(store->settings(), "ent_test").ok());
    REQUIRE(begin_self_test(store->settings(), kNow, 60).ok());
  }
  void site(const std::string& token, const std::string& name) const {
    store::Entity entity;
    entity.token = token;
    entity.name = name;
    entity.created_at = kNow;
    entity.sealed_secret = "sealed";
    REQUIRE(store->entities().add(entity).ok());
  }
  void alert(const std::string& token) {
    alert::Alert one;
    one.key[0] = ++keys;
    one.rule = kSelfTestRule;
    one.site = token;
    one.opened_at = one.first_time = one.last_time = kNow;
    REQUIRE(store->alerts().add(one).ok());
  }
  store::Entity of(const std::string& token) const { return *store->entities().find(token).value(); }
  std::size_t alerts() const { return store->alerts().page({}, {.limit = 1000})->rows.size(); }
};

}  // namespace

TEST_CASE("whether_a_self_test_runs_is_told_by_when_it_must_be_over") {
  const Left gateway;
  store::SettingStore& settings = gateway.store->settings();
  CHECK(self_test_state(settings, kNow).value() == SelfTest::running);
  CHECK(self_test_state(settings, kNow + 59).value() == SelfTest::running);
  CHECK(self_test_state(settings, kNow + 60).value() == SelfTest::left);
  CHECK(self_test_state(settings, kNow - 30 * 24 * 3600).value() == SelfTest::left);  // the clock was ahead
  for (const char* damaged : {"\"soon\"", "{}", "99999999999999999999999"}) {
    REQUIRE(settings.put("self_test.until", damaged).ok());
    CHECK(self_test_state(settings, kNow).value() == SelfTest::left);
  }
  REQUIRE(settings.remove("self_test.until").ok());
  CHECK(self_test_state(settings, kNow).value() == SelfTest::none);
}

TEST_CASE("what_a_killed_self_test_has_left_is_tidied_up_once_it_must_be_over_and_nothing_else") {
  const Left gateway;
  REQUIRE_FALSE(end_self_test_left(*gateway.store, kNow + 59).value());
  CHECK_FALSE(gateway.of("ent_test").disabled);
  CHECK(gateway.alerts() == 151);
  REQUIRE(end_self_test_left(*gateway.store, kNow + 60).value());
  CHECK(gateway.of("ent_test").disabled);
  CHECK_FALSE(gateway.of("ent_shop").disabled);
  REQUIRE(gateway.alerts() == 1);
  CHECK(gateway.store->alerts().page({}, {})->rows[0].site == "ent_shop");
  CHECK(gateway.store->alerts().switches({})->empty());
  CHECK(gateway.store->findings().dismissed(kSelfTestRule, "logystera self-test").value());
  CHECK_FALSE(gateway.store->findings().dismissed(kSelfTestRule, "shop").value());
  CHECK_FALSE(end_self_test_left(*gateway.store, kNow + 61).value());  // once
}

TEST_CASE("a_self_test_whose_site_is_gone_or_was_never_made_ends_all_the_same") {
  const Left gateway;
  REQUIRE(gateway.store->entities().revoke("ent_test", kNow).value());
  REQUIRE(end_self_test_left(*gateway.store, kNow + 60).value());
  CHECK(gateway.alerts() == 1);
  for (const char* site : {"\"ent_nobody\"", "\"\"", "damaged"}) {
    REQUIRE(gateway.store->settings().put("self_test.entity", site).ok());
    REQUIRE(begin_self_test(gateway.store->settings(), kNow, 60).ok());
    REQUIRE(end_self_test_left(*gateway.store, kNow + 60).value());
    CHECK(self_test_state(gateway.store->settings(), kNow).value() == SelfTest::none);
  }
}

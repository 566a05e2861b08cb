// What the database tells a run: dismissals while it goes on, and which errors are known.
#include "analysis/tracking.hpp"

#include <filesystem>

#include "catch.hpp"
#include "core/clock.hpp"
#include "scratch.hpp"
#include "store/retention.hpp"

using namespace logystera;
using logystera::testing::Scratch;

TEST_CASE("current_dismissals_follow_a_database_that_comes_later") {
  const Scratch scratch;
  const std::string url = "sqlite:" + scratch.file("later.db");
  analysis::CurrentDismissals dismissals(url);
  REQUIRE(dismissals.refresh().ok());
  CHECK_FALSE(store::exists(url).value());  // none is made
  auto store = analysis::open_tracked(url);
  REQUIRE(store.ok());
  REQUIRE(dismissals.refresh().ok());
  CHECK_FALSE(dismissals.hides("RULE", "/var/log/auth.log"));
  store::Dismissal one;
  one.rule = "RULE";
  one.source = "auth.log";
  REQUIRE(store.value()->findings().dismiss(one).ok());
  CHECK_FALSE(dismissals.hides("RULE", "/var/log/auth.log"));
  REQUIRE(dismissals.refresh().ok());
  CHECK(dismissals.hides("RULE", "/var/log/auth.log"));
  CHECK_FALSE(dismissals.hides("OTHER", "/var/log/auth.log"));
  REQUIRE(store.value()->findings().undismiss("RULE", "auth.log").ok());
  REQUIRE(dismissals.refresh().ok());
  CHECK_FALSE(dismissals.hides("RULE", "/var/log/auth.log"));
}

TEST_CASE("a_tracker_says_which_errors_an_earlier_run_had") {
  const Scratch scratch;
  const std::string url = "sqlite:" + scratch.file("known.db");
  const auto error_of = [](std::string_view message) {
    Record record;
    record.message = message;
    record.source = "app.log";
    record.severity = Severity::error;
    record.time_ns = wall_seconds() * kSecondNs;
    record.time_known = true;
    return record;
  };
  {
    auto tracker = analysis::Tracker::open(url, {});
    REQUIRE(tracker.ok());
    CHECK_FALSE(tracker.value()->had_errors());
    REQUIRE(tracker.value()->add(error_of("disk full")).ok());
    REQUIRE(tracker.value()->add(error_of("no account of the name zoe here")).ok());
    CHECK_FALSE(tracker.value()->was_known());
    REQUIRE(tracker.value()->commit().ok());
  }
  auto opened = analysis::Tracker::open(url, {});
  REQUIRE(opened.ok());
  analysis::Tracker& tracker = *opened.value();
  CHECK(tracker.had_errors());
  REQUIRE(tracker.add(error_of("disk full")).ok());
  CHECK(tracker.was_known());
  REQUIRE(tracker.add(error_of("no such table")).ok());
  CHECK_FALSE(tracker.was_known());
  // The known one is among those that become one group.
  for (const char* name : {"anna", "bert", "carl", "dora", "emil", "fred"})
    REQUIRE(tracker.add(error_of(std::string("no account of the name ") + name + " here")).ok());
  CHECK(tracker.was_known());
  Record well = error_of("all is well");
  well.severity = Severity::info;
  REQUIRE(tracker.add(well).ok());
  CHECK_FALSE(tracker.was_known());
}

TEST_CASE("a_tracker_removes_what_the_database_says_is_old_and_nothing_of_a_gateway") {
  const Scratch scratch;
  const std::string url = "sqlite:" + scratch.file("kept.db");
  constexpr std::int64_t kDay = 24 * 3600;
  const std::int64_t now = wall_seconds();
  const auto findings = [&] { return store::open(url, {}).value()->findings().list({})->size(); };
  const auto open_tracker = [&] { REQUIRE(analysis::Tracker::open(url, {}).ok()); };
  {
    auto store = store::open(url, {.access = store::Access::create}).value();
    store::Finding old;
    old.rule = "R";
    old.time = old.stored_at = now - 100 * kDay;
    REQUIRE(store->findings().add(old).ok());
    store::Retention chosen;
    chosen.findings_days = 400;
    REQUIRE(chosen.save(store->settings()).ok());
  }
  open_tracker();
  CHECK(findings() == 1);
  {
    auto store = store::open(url, {}).value();
    store::Retention chosen;
    chosen.findings_days = 0;  // for ever
    REQUIRE(chosen.save(store->settings()).ok());
  }
  open_tracker();
  CHECK(findings() == 1);
  const auto keep_a_month = [&](const std::string& of) {
    auto store = store::open(of, {}).value();
    store::Retention chosen;
    chosen.findings_days = 30;
    REQUIRE(chosen.save(store->settings()).ok());
  };
  // A gateway removes by itself, between what sites send.
  const std::string gateways = "sqlite:" + scratch.file("gateway.db");
  std::filesystem::copy_file(scratch.file("kept.db"), scratch.file("gateway.db"));
  keep_a_month(gateways);
  {
    auto store = store::open(gateways, {}).value();
    store::Entity site;
    site.token = "ent_a";
    REQUIRE(store->entities().add(site).ok());
    store::Batch batch;
    batch.entity = "ent_a";
    batch.id = "b1";
    batch.received_at = now;
    batch.events.push_back({R"({"n":1})", "auth.login", {}, now});
    REQUIRE(store->events().append(batch).ok());
  }
  REQUIRE(analysis::Tracker::open(gateways, {}).ok());
  CHECK(store::open(gateways, {}).value()->findings().list({})->size() == 1);

  keep_a_month(url);
  open_tracker();
  CHECK(findings() == 0);
}

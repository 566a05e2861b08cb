// Dismissals while a run goes on.
#include "analysis/tracking.hpp"

#include "catch.hpp"
#include "scratch.hpp"

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

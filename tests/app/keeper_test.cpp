#include "app/keeper.hpp"

#include <mutex>

#include "catch.hpp"
#include "eventually.hpp"
#include "processor/self_test.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

TEST_CASE("a_server_tidies_up_after_a_self_test_that_was_killed") {
  const Scratch scratch;
  const auto store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
  constexpr std::int64_t kNow = 1'774'211'679;
  store::Entity site;
  site.token = "ent_test";
  site.name = "logystera self-test";
  site.created_at = kNow - 100;
  site.sealed_secret = "sealed";
  REQUIRE(store->entities().add(site).ok());
  REQUIRE(processor::put_self_test_site(store->settings(), site.token).ok());
  REQUIRE(processor::begin_self_test(store->settings(), kNow - 100, 60).ok());
  std::mutex mutex;
  std::string logged;
  auto keeper = app::Keeper::start({*store,
                                    [] { return kNow; },
                                    [] { return true; },
                                    {},
                                    [&](std::string_view words) {
                                      const std::lock_guard lock(mutex);
                                      logged += std::string(words) + "\n";
                                    },
                                    std::chrono::milliseconds(1),
                                    std::chrono::milliseconds(10)});
  REQUIRE(keeper.ok());
  CHECK(logystera::testing::eventually([&] { return store->entities().find("ent_test").value()->disabled; }));
  keeper.value().reset();
  CHECK(logged == "a self-test has not ended by itself: its site is disabled again\n");  // said once
}

// Clocks that somebody sets, ahead and back, while people sign in and programs ask: nobody guesses more often, stays longer, or is shut
// out for good.
#include "door.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

namespace {

constexpr std::int64_t kHour = 3600, kYear = 365 * 24 * kHour;
constexpr std::int64_t kJumps[] = {kHour, 20 * kYear, -kHour, -20 * kYear};

int status_of(const std::string& answer) { return std::stoi(answer.substr(answer.find(' ') + 1)); }

}  // namespace

TEST_CASE("a_clock_that_jumps_lets_nobody_guess_more_tokens_or_wait_longer") {
  for (const std::int64_t jump : kJumps) {
    INFO(jump);
    House house({.api_token = "mytoken"});
    const auto wrong = [&] { return status_of(house.get("/api/v1/viewer", bearer("wrong"))); };
    for (int i = 0; i < static_cast<int>(kWrongTokens.burst); ++i) REQUIRE(wrong() == 401);
    REQUIRE(wrong() == 429);
    house.jump(jump);
    CHECK(wrong() == 429);
    house.jump(-jump);
    CHECK(wrong() == 429);
    house.jump(jump);
    house.now += 60;
    CHECK(wrong() == 401);
  }
}

TEST_CASE("a_clock_that_jumps_lets_nobody_guess_more_codes") {
  for (const std::int64_t jump : kJumps) {
    INFO(jump);
    Door door;
    const std::string secret = door.anna_with_two();
    for (int i = 0; i < static_cast<int>(kCodesForUser.burst); ++i) {
      Browser browser(door);
      REQUIRE(enter(browser, browser.sign_in(), "00000" + std::to_string(i)).status == 200);
    }
    door.jump(jump);
    Browser late(door);
    CHECK(enter(late, late.sign_in(), door.code(secret)).status == 429);
    CHECK_FALSE(inside(late));
  }
}

TEST_CASE("a_second_factor_works_on_both_sides_of_a_jump_and_each_code_once") {
  for (const std::int64_t jump : kJumps) {
    INFO(jump);
    Door door;
    const std::string secret = door.anna_with_two();
    Browser before(door);
    REQUIRE(enter(before, before.sign_in(), door.code(secret)).status == 303);
    door.jump(jump);
    // A page that was asked for before the jump is asked for again, at most.
    Browser after(door);
    CHECK(enter(after, after.sign_in(), door.code(secret)).status == 303);
    CHECK(inside(after));
    Browser thief(door);
    CHECK(enter(thief, thief.sign_in(), door.code(secret)).shows("was used before"));
    CHECK_FALSE(inside(thief));
    door.jump(-jump);
    door.now += kTotpStepSeconds;
    Browser again(door);
    CHECK(enter(again, again.sign_in(), door.code(secret)).status == 303);
    CHECK(inside(again));
  }
}

TEST_CASE("a_session_ends_by_a_large_jump_and_whoever_signs_in_again_is_in") {
  for (const std::int64_t jump : kJumps) {
    INFO(jump);
    House house;
    const std::int64_t anna = house.user("anna", Role::viewer);
    const std::string session = house.session_of(anna);
    REQUIRE(status_of(house.get("/viewer", cookie(session))) == 200);
    house.jump(jump);
    CHECK(status_of(house.get("/viewer", cookie(session))) != 200);
    CHECK(status_of(house.get("/viewer", cookie(house.session_of(anna)))) == 200);
    house.jump(-jump);
    CHECK(status_of(house.get("/viewer", cookie(session))) != 200);  // for good
    CHECK(status_of(house.get("/viewer", cookie(house.session_of(anna)))) == 200);
  }
  // What NTP corrects is none.
  House house;
  const std::string session = house.session_of(house.user("anna", Role::viewer));
  for (const std::int64_t step : {120, -240, 120}) {
    house.jump(step);
    CHECK(status_of(house.get("/viewer", cookie(session))) == 200);
  }
}

TEST_CASE("a_token_ends_by_its_date_and_a_clock_that_was_wrong_ends_none_for_good") {
  House house;
  const std::int64_t anna = house.user("anna", Role::viewer);
  const std::string token = house.token_of(anna, Role::viewer);
  const auto status = [&] { return status_of(house.get("/api/v1/viewer", bearer(token))); };
  const auto last_used = [&] { return house.store->accounts().tokens(anna)->front().last_used_at; };
  REQUIRE(status() == 200);
  house.jump(20 * kYear);
  CHECK(status() == 401);
  house.jump(-20 * kYear);
  CHECK(status() == 200);
  house.jump(-20 * kYear);
  CHECK(status() == 200);
  CHECK(last_used() == house.now);  // and not for ever when the clock was ahead
  house.jump(20 * kYear);
  CHECK(status() == 200);
  CHECK(last_used() == house.now);
  house.now += kTokenDays * kDaySeconds;
  CHECK(status() == 401);
}

TEST_CASE("the_setup_secret_holds_an_hour_of_time_that_passes_whatever_the_date_does") {
  const std::int64_t jump = GENERATE(kHour, 20 * kYear, -kHour, -20 * kYear);
  INFO(jump);
  Door door({.reachable = true});
  const std::string secret = door.setup.make(door.elapsed()).value();
  const auto set_up = [&] {
    Browser browser(door);
    const std::string csrf = browser.get("/setup").field("csrf");
    return browser.post(
        "/setup",
        Fields{{{"csrf", csrf}, {"secret", secret}, {"name", "anna"}, {"password", kPassword}, {"again", kPassword}}});
  };
  SECTION("within the hour") {
    door.jump(jump);
    CHECK(set_up().status == 303);
  }
  SECTION("after it") {
    door.now += kSetupSeconds + 1;
    door.jump(-kSetupSeconds);
    CHECK(set_up().status != 303);
    CHECK_FALSE(door.store->accounts().has_users().value());
  }
}

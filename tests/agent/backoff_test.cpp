#include "agent/backoff.hpp"

#include "catch.hpp"

using namespace logystera::agent;

namespace {
constexpr std::int64_t kWall = 1'774'211'679;  // 2026-03-22T20:34:39Z
std::optional<std::uint32_t> one(const std::string& value) { return parse_retry_after({value}, kWall); }
}  // namespace

TEST_CASE("the_delay_doubles_from_60_seconds_to_30_minutes") {
  const std::uint32_t expected[] = {60, 60, 120, 240, 480, 960, 1800, 1800};
  for (std::uint32_t failures = 0; failures < 8; ++failures) CHECK(backoff_ceiling(failures) == expected[failures]);
  CHECK(backoff_ceiling(UINT32_MAX) == 1800);
}

TEST_CASE("jitter_stays_in_the_upper_half_and_uses_all_of_it") {
  for (const std::uint32_t ceiling : {1u, 2u, 60u, 1800u}) {
    CHECK(spread(ceiling, 0) == ceiling / 2);
    CHECK(spread(ceiling, ceiling - ceiling / 2) == ceiling);
    for (std::uint32_t random = 0; random < 5000; ++random) {
      const std::uint32_t delay = spread(ceiling, random);
      if (delay < ceiling / 2 || delay > ceiling) FAIL(delay);
    }
  }
}

TEST_CASE("retry_after_lengthens_the_wait_up_to_six_hours") {
  CHECK(throttled_delay(60, 1, 0) == 60);
  CHECK(throttled_delay(60, 300, 0) == 300);
  CHECK(throttled_delay(60, 300, 60) == 360);
  CHECK(throttled_delay(60, 300, 61) == 300);
  CHECK(throttled_delay(60, 21600, 12345) == 21600);
  CHECK(throttled_delay(60, UINT32_MAX, 12345) == 21600);
}

TEST_CASE("retry_after_is_read_in_seconds_and_as_a_date") {
  CHECK(one("0") == 1u);
  CHECK(one("1") == 1u);
  CHECK(one(" 120 ") == 120u);
  CHECK(one("120\r\n") == 120u);
  CHECK(one("1000000000") == 21600u);
  CHECK(one("99999999999999999999999999999999") == 21600u);
  CHECK(one("Sun, 22 Mar 2026 20:44:39 GMT") == 600u);
  CHECK(one("Sun, 22 Mar 2026 20:34:39 GMT") == 1u);
  CHECK(one("Sun, 06 Nov 1994 08:49:37 GMT") == 1u);
  CHECK(one("Fri, 31 Dec 9999 23:59:59 GMT") == 21600u);
}

TEST_CASE("a_retry_after_that_means_nothing_is_none") {
  for (const char* value : {"", " ", "-1", "abc", "1.5", "1e3", "12 34", "+5", "0x10", "soon, very soon, I promise you",
                            "1994-11-06T08:49:37Z and some more"}) {
    INFO(value);
    CHECK(!one(value).has_value());
  }
  CHECK(!parse_retry_after({}, kWall).has_value());
}

TEST_CASE("of_several_retry_after_the_longest_readable_counts") {
  CHECK(parse_retry_after({"5", "30", "abc"}, kWall) == 30u);
  CHECK(parse_retry_after({"abc", "-1"}, kWall) == std::nullopt);
}

TEST_CASE("a_wait_ends_by_the_boot_clock_whatever_the_wall_clock_does") {
  const Wait wait{{kWall, 1000, 7}, 600};
  CHECK(wait.left({kWall, 1000, 7}) == 600);
  CHECK(wait.left({kWall + 599, 1599, 7}) == 1);
  CHECK(wait.left({kWall - 365 * 86400, 1600, 7}) == 0);
  CHECK(wait.left({kWall + 365 * 86400, 1100, 7}) == 500);
  CHECK(!wait.clock_went_back({kWall - 365 * 86400, 1100, 7}));
}

TEST_CASE("after_a_reboot_a_wait_ends_by_the_wall_clock_and_never_grows") {
  const Wait wait{{kWall, 100'000, 7}, 600};
  CHECK(wait.left({kWall + 100, 50, 8}) == 500);
  CHECK(wait.left({kWall + 600, 50, 8}) == 0);
  CHECK(wait.left({kWall - 365 * 86400, 50, 8}) == 600);
  CHECK(wait.clock_went_back({kWall - 365 * 86400, 50, 8}));
  const Wait unknown{{kWall, 100'000, 0}, 600};
  CHECK(unknown.left({kWall + 100, 200'000, 0}) == 500);
}

TEST_CASE("no_wait_is_over_at_once") {
  CHECK(Wait{}.left({kWall, 1, 1}) == 0);
  CHECK(!Wait{}.clock_went_back({-5, 1, 1}));
}

TEST_CASE("the_real_clocks_move_and_name_their_boot") {
  const Moment moment = now();
  CHECK(moment.wall > 1'700'000'000);
  CHECK(moment.since_boot > 0);
  CHECK(moment.boot == now().boot);
}

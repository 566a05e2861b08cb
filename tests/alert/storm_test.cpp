#include "alert/storm.hpp"

#include <deque>
#include <random>

#include "catch.hpp"

using namespace logystera::alert;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;
using Verdict = Storm::Verdict;
using News = Storm::News;

}  // namespace

TEST_CASE("the_fifty_first_opening_within_five_minutes_begins_a_storm") {
  Storm storm;
  for (int i = 0; i < 50; ++i) CHECK(storm.opened(kNow + i) == Verdict::tell);
  CHECK(storm.tick(kNow + 60) == News::none);
  CHECK(storm.opened(kNow + 60) == Verdict::begins);
  CHECK(storm.opened(kNow + 61) == Verdict::folded);
  CHECK(storm.since_begin() == 52);
  CHECK(storm.tick(kNow + 60 + 899) == News::none);
  for (int i = 0; i < 10; ++i) CHECK(storm.opened(kNow + 900) == Verdict::folded);
  CHECK(storm.tick(kNow + 60 + 900) == News::digest);
  CHECK(storm.tick(kNow + 60 + 901) == News::none);
  CHECK(storm.tick(kNow + 60 + 1800) == News::ends);
  CHECK_FALSE(storm.active());
  CHECK(storm.opened(kNow + 60 + 1801) == Verdict::tell);
}

TEST_CASE("fifty_openings_in_longer_than_that_are_none") {
  Storm storm;
  for (int i = 0; i < 1000; ++i) CHECK(storm.opened(kNow + i * 6) == Verdict::tell);
  CHECK(storm.tick(kNow + 6000) == News::none);
}

TEST_CASE("a_clock_that_is_set_back_ends_no_storm_and_begins_none_for_ever") {
  Storm storm;
  for (int i = 0; i < 51; ++i) (void)storm.opened(kNow + 1'000'000);
  CHECK(storm.active());
  CHECK(storm.opened(kNow) == Verdict::folded);
  CHECK(storm.tick(kNow + 900) == News::ends);
}

TEST_CASE("a_storm_is_one_for_whoever_counts_all_openings") {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    const StormLimits limits{.openings = 5, .within_s = 30, .calm_openings = 3, .calm_within_s = 60, .digest_every_s = 40};
    Storm storm(limits);
    std::deque<std::int64_t> all;
    bool active = false;
    std::int64_t digest = 0, now = kNow;
    for (int step = 0; step < 200; ++step) {
      now += std::uniform_int_distribution<int>(0, round % 2 ? 4 : 20)(random);
      const auto within = [&](std::int64_t seconds) {
        return static_cast<std::size_t>(
            std::count_if(all.begin(), all.end(), [&](std::int64_t t) { return t > now - seconds; }));
      };
      if (random() % 3 != 0) {
        all.push_back(now);
        const Verdict verdict = storm.opened(now);
        if (active) {
          REQUIRE(verdict == Verdict::folded);
        } else if (within(limits.within_s) > limits.openings) {
          REQUIRE(verdict == Verdict::begins);
          active = true;
          digest = now;
        } else {
          REQUIRE(verdict == Verdict::tell);
        }
      } else {
        const News news = storm.tick(now);
        if (!active || now - digest < limits.digest_every_s) {
          REQUIRE(news == News::none);
        } else {
          digest = now;
          active = within(limits.calm_within_s) >= limits.calm_openings;
          REQUIRE(news == (active ? News::digest : News::ends));
        }
      }
    }
  }
}

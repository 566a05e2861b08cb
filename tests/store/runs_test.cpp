// Runs: what lies close together in time.
#include "store/runs.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "catch.hpp"

using namespace logystera::store;

namespace {

struct Times {
  std::vector<std::int64_t> all;
};

struct Seen {
  std::int64_t first, last;
  std::vector<std::int64_t> times;
  bool operator==(const Seen& other) const = default;
};

void add(Runs<Times>& runs, std::int64_t time, bool may_begin = true) {
  const auto join = [](Times& one, Times&& later) { one.all.insert(one.all.end(), later.all.begin(), later.all.end()); };
  if (Times* const run = runs.at(time, may_begin, join)) run->all.push_back(time);
}

std::vector<Seen> seen_within(const Runs<Times>& runs, std::int64_t first, std::int64_t last) {
  std::vector<Seen> seen;
  runs.within(first, last, [&](std::int64_t from, std::int64_t to, const Times& times) {
    seen.push_back({from, to, times.all});
    std::sort(seen.back().times.begin(), seen.back().times.end());
  });
  return seen;
}

// Sorted times, cut wherever two are further apart than the gap; the newest first.
std::vector<Seen> runs_of(std::vector<std::int64_t> times, std::int64_t gap) {
  std::sort(times.begin(), times.end());
  std::vector<Seen> made;
  for (const std::int64_t time : times) {
    if (made.empty() || time - made.back().last > gap) made.push_back({time, time, {}});
    made.back().last = time;
    made.back().times.push_back(time);
  }
  std::reverse(made.begin(), made.end());
  return made;
}

}  // namespace

TEST_CASE("runs_are_the_same_in_any_order_of_their_times") {
  std::mt19937 random(20261);
  for (int round = 0; round < 400; ++round) {
    const std::int64_t gap = random() % 40;
    Runs<Times> runs(gap);
    CHECK(runs.empty());
    std::vector<std::int64_t> times;
    for (unsigned n = random() % 60 + 1; n > 0; --n) {
      times.push_back(static_cast<std::int64_t>(random() % 1000) - 500);
      add(runs, times.back());
      const std::vector<Seen> wanted = runs_of(times, gap);
      REQUIRE(seen_within(runs, -1000, 1000) == wanted);
      REQUIRE(runs.size() == wanted.size());
      REQUIRE(runs.newest_time() == wanted.front().last);
    }
    const std::int64_t first = static_cast<std::int64_t>(random() % 1000) - 500, last = first + random() % 100;
    std::vector<Seen> wanted = runs_of(times, gap);
    std::erase_if(wanted, [&](const Seen& run) { return run.last < first || run.first > last; });
    CHECK(seen_within(runs, first, last) == wanted);
  }
}

TEST_CASE("a_run_that_may_not_begin_is_none_and_others_still_grow_and_join") {
  Runs<Times> runs(10);
  add(runs, 100, false);
  CHECK(runs.empty());
  add(runs, 100);
  add(runs, 120);
  add(runs, 200, false);
  CHECK(runs.size() == 2);
  add(runs, 110, false);
  CHECK(seen_within(runs, 0, 1000) == std::vector<Seen>{{100, 120, {100, 110, 120}}});
}

// Counting by values, within bounds.
#include "ask/top.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>

#include "catch.hpp"

using namespace logystera::ask;

TEST_CASE("top_is_exact_while_groups_fit") {
  HeavyHitters hitters(16);
  for (int i = 0; i < 16; ++i)
    for (int k = 0; k <= i; ++k) hitters.add("g" + std::to_string(i), 1, 10);
  hitters.add("g3", 5, 0);
  CHECK(hitters.error() == 0);
  CHECK(hitters.groups() == 16);
  CHECK(hitters.total() == 136 + 5);
  CHECK(hitters.total_bytes() == 1360);
  const auto largest = hitters.largest(3);
  REQUIRE(largest.size() == 3);
  CHECK(largest[0].key == "g15");
  CHECK(largest[0].count == 16);
  CHECK(largest[0].bytes == 160);
  CHECK(largest[2].key == "g13");
  CHECK(hitters.largest(100).size() == 16);
}

TEST_CASE("top_of_equal_counts_comes_by_name") {
  HeavyHitters hitters;
  for (const char* key : {"b", "c", "a"}) hitters.add(key, 2, 0);
  const auto largest = hitters.largest(2);
  CHECK(largest[0].key == "a");
  CHECK(largest[1].key == "b");
}

TEST_CASE("top_beyond_its_room_gives_bounds_that_hold") {
  std::mt19937 random(7);
  for (const std::size_t groups : {kGroupsLeast, std::size_t{100}, std::size_t{1000}}) {
    HeavyHitters hitters(groups);
    std::map<std::string, std::uint64_t> exact;
    // A few heavy keys among many that hardly ever come twice.
    std::geometric_distribution<int> heavy(0.1);
    for (int i = 0; i < 60'000; ++i) {
      const bool rare = random() % 2 == 0;
      const std::string key = rare ? "rare" + std::to_string(random() % 40'000) : "heavy" + std::to_string(heavy(random));
      const std::uint64_t count = 1 + random() % 3;
      hitters.add(key, count, 0);
      exact[key] += count;
      REQUIRE(hitters.groups() <= groups);
    }
    INFO(groups);
    CHECK(hitters.error() > 0);
    // What Misra and Gries promise of batches that take the median: half of the groups lose `error` each time.
    CHECK(hitters.error() <= 2 * hitters.total() / groups + 1);
    std::map<std::string, std::uint64_t> held;
    for (const auto& group : hitters.largest(groups)) {
      CHECK(group.count >= exact[group.key]);
      CHECK(group.count <= exact[group.key] + hitters.error());
      held[group.key] = group.count;
    }
    for (const auto& [key, count] : exact)
      if (count > hitters.error()) CHECK(held.count(key) == 1);
  }
}

TEST_CASE("top_cuts_long_keys_and_holds_its_limits") {
  HeavyHitters hitters(0);
  hitters.add(std::string(kKeyBytes, 'x') + "a", 1, 0);
  hitters.add(std::string(kKeyBytes, 'x') + "b", 1, 0);
  CHECK(hitters.groups() == 1);
  CHECK(hitters.largest(1)[0].key.size() == kKeyBytes);
  for (std::size_t i = 0; i < 100; ++i) hitters.add(std::to_string(i), 1, 0);
  CHECK(hitters.groups() <= kGroupsLeast);
}

// What rules on signals remember of a site.
#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

TEST_CASE("values_a_site_has_shown_are_kept_per_rule_and_site") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  SeenStore& seen = store->seen();
  const std::uint64_t high = ~std::uint64_t{0};  // beyond what an integer with a sign holds
  const SeenValue first[] = {
      {"", 0, 5, 5, false}, {"A", 1, 10, 20, false}, {"A", high, 11, 21, false}, {"B", 1, 12, 22, false}};
  REQUIRE(seen.put("ent_a", first).ok());
  REQUIRE(seen.put("ent_b", {first + 1, 1}).ok());
  const SeenValue later[] = {{"A", 1, 10, 30, false}, {"A", high, 0, 0, true}, {"C", 9, 0, 0, true}};
  REQUIRE(seen.put("ent_a", later).ok());
  const std::vector<SeenValue> wanted{{"", 0, 5, 5, false}, {"A", 1, 10, 30, false}, {"B", 1, 12, 22, false}};
  CHECK(seen.list("ent_a").value() == wanted);
  CHECK(seen.list("ent_b").value().size() == 1);
  CHECK(seen.list("nobody").value().empty());

  SECTION("what_was_last_seen_long_ago_goes") {
    CHECK(seen.prune(25).value() == 2);  // B of the one, A of the other; since when a site is watched stays
    CHECK(seen.list("ent_a").value() == std::vector<SeenValue>{{"", 0, 5, 5, false}, {"A", 1, 10, 30, false}});
    CHECK(seen.list("ent_b").value().empty());
  }
  SECTION("a_site_goes_with_all_it_has") {
    REQUIRE(seen.put_absences("ent_a", "x").ok());
    REQUIRE(seen.remove("ent_a").ok());
    CHECK(seen.list("ent_a").value().empty());
    CHECK_FALSE(seen.absences("ent_a").value().has_value());
    CHECK(seen.list("ent_b").value().size() == 1);
  }
}

TEST_CASE("what_is_learnt_about_absences_is_kept_per_site") {
  IN_EVERY_STORE(place);
  const std::string state("a\0b", 3);
  {
    const auto store = place.open();
    CHECK_FALSE(store->seen().absences("ent_a").value().has_value());
    REQUIRE(store->seen().put_absences("ent_a", "older").ok());
    REQUIRE(store->seen().put_absences("ent_a", state).ok());
    const auto refused = store->seen().put_absences("ent_a", std::string(SeenStore::kStateBytes + 1, 'x'));
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().kind == ErrorKind::too_large);
  }
  const auto again = place.open();
  CHECK(again->seen().absences("ent_a").value() == state);
}

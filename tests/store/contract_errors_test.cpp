#include <utility>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

using News = std::pair<std::uint64_t, std::uint64_t>;  // new occurrences, new groups

News add(Stores& store, const ErrorOccurrence& one) {
  const ErrorsAdded added = store.errors().add({one}).value();
  return {added.occurrences, added.groups.size()};
}

}  // namespace

TEST_CASE("error_groups_keep_first_last_count_and_the_newest_occurrences") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const auto transaction = std::move(store->begin()).value();
  for (int i = 29; i >= 0; --i) (void)add(*transaction, occurrence_of("f", kNow + i, static_cast<std::uint64_t>(i) + 1));
  (void)add(*transaction, occurrence_of("g", kNow - kDay));
  REQUIRE(transaction->commit().ok());
  const auto group = store->errors().find("f").value();
  REQUIRE(group.has_value());
  CHECK(group->count == 30);
  CHECK(group->first_seen == kNow);
  CHECK(group->last_seen == kNow + 29);
  const auto shown = store->errors().occurrences("f").value();
  REQUIRE(shown.size() == kOccurrencesShown);
  CHECK(shown[0].time == kNow + 29);
  CHECK(store->errors().list(ErrorSort::count, {}, 50).value().at(0).fingerprint == "f");
  CHECK(store->errors().list(ErrorSort::last_seen, {}, 50).value().at(1).fingerprint == "g");
  CHECK(store->errors().list(ErrorSort::first_seen, {}, 1).value().at(0).fingerprint == "f");
  CHECK(store->errors().list(ErrorSort::count, Severity::critical, 50).value().empty());
  CHECK_FALSE(store->errors().find("none").value().has_value());
  const auto fresh = store->errors().first_seen_since(kNow - kHour, 10).value();
  REQUIRE(fresh.size() == 1);
  CHECK(fresh[0].fingerprint == "f");
}

TEST_CASE("an_error_that_returns_after_silence_is_a_regression_in_whatever_order_it_was_read") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (std::int64_t time : {kNow, kNow - 25 * kHour}) (void)add(*store, occurrence_of("returns", time));
  for (std::int64_t i = 0; i <= 25; i += 5) (void)add(*store, occurrence_of("steady", kNow - i * kHour));
  auto found = store->errors().regressions(kSilenceSeconds, 10).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].fingerprint == "returns");
  CHECK(found[0].silent_seconds == 25 * kHour);
  CHECK(found[0].returned_at == kNow);
  CHECK(store->errors().regressions(26 * kHour, 10).value().empty());
  CHECK(store->errors().regressions(5 * kHour, 10).value().size() == 2);
  // What was logged meanwhile is scanned later: it was no silence after all.
  (void)add(*store, occurrence_of("returns", kNow - 12 * kHour));
  CHECK(store->errors().regressions(kSilenceSeconds, 10).value().empty());
}

TEST_CASE("groups_that_became_one_keep_every_occurrence_and_the_same_line_is_not_stored_again") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  ErrorOccurrence other = occurrence_of("g", kNow + 60, 2);
  other.severity = Severity::critical;
  other.source = "later.log";
  (void)add(*store, occurrence_of("f", kNow, 1));
  (void)add(*store, other);
  const ErrorTemplate into{"h", "timeout after <*>", "text", "timeout after <*>", true};
  CHECK(store->errors().merge("f", into).value());
  CHECK(store->errors().merge("g", into).value());
  CHECK_FALSE(store->errors().merge("nobody", into).value());
  CHECK_FALSE(store->errors().find("f").value().has_value());
  CHECK_FALSE(store->errors().find("g").value().has_value());
  const auto group = store->errors().find("h").value();
  REQUIRE(group.has_value());
  CHECK(group->pattern == "timeout after <*>");
  CHECK(group->count == 2);
  CHECK(group->severity == Severity::critical);
  CHECK(group->source == "later.log");
  CHECK(group->first_seen == kNow);
  CHECK(group->last_seen == kNow + 60);
  CHECK(store->errors().occurrences("h").value().size() == 2);
  // Read again, in the group they are in now.
  ErrorOccurrence again = occurrence_of("f", kNow, 1);
  again.fingerprint = "h";
  CHECK(add(*store, again) == News{0, 0});
  const auto known = store->errors().templates(10).value();
  REQUIRE(known.size() == 1);
  CHECK(known[0].fingerprint == "h");
  CHECK(known[0].template_key == "timeout after <*>");
  CHECK(known[0].learnt);
  // Onto itself nothing is lost.
  CHECK(store->errors().merge("h", into).value());
  CHECK(store->errors().find("h").value().has_value());
}

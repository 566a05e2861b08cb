#include <array>
#include <utility>

#include "contract.hpp"
#include "store/text.hpp"

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

TEST_CASE("a_log_scanned_twice_is_stored_once") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  CHECK(store->findings().add(finding_of("R", Level::high, kNow)).value());
  CHECK_FALSE(store->findings().add(finding_of("R", Level::high, kNow)).value());
  CHECK(store->findings().add(finding_of("R", Level::high, kNow + 1)).value());
  CHECK(store->findings().add(finding_of("R", Level::high, kNow, "other.log")).value());
  CHECK(store->findings().list({}).value().size() == 3);
  CHECK(add(*store, occurrence_of("f", kNow)) == News{1, 1});
  CHECK(add(*store, occurrence_of("f", kNow)) == News{0, 0});
  CHECK(store->errors().find("f").value()->count == 1);
  CHECK(add(*store, occurrence_of("f", kNow + 1)) == News{1, 0});
  CHECK(store->errors().find("f").value()->count == 2);
}

TEST_CASE("who_a_finding_is_about_is_stored_with_it") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Finding one = finding_of("R", Level::high, kNow);
  one.who = {"ip_8390373f", "root", "/a \xff", 404, Who::Outcome::not_found};
  REQUIRE(store->findings().add(one).value());
  one.who.target = storable(one.who.target);
  const Finding listed = store->findings().list({}).value().front();
  CHECK(listed.who == one.who);
  CHECK(store->findings().get(listed.id).value()->who == one.who);
  CHECK(store->findings().page({}, {}).value().rows.front().who == one.who);
}

TEST_CASE("what_became_of_a_finding_grows_and_never_shrinks") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Finding one = finding_of("R", Level::high, kNow);
  one.hits = 5;
  one.message = "a \xff";  // as it is stored, not as it came
  REQUIRE(store->findings().add(one).value());
  const auto grown = [&](std::uint64_t hits, std::int64_t last, std::int64_t login, std::uint64_t accounts,
                         const char* mostly) {
    REQUIRE(store->findings().grow({finding_key(one), hits, last, login, accounts, mostly}, false).ok());
    return store->findings().list({}).value().front();
  };
  Finding listed = grown(40, kNow + 30, 0, 3, "root");
  CHECK(listed.hits == 40);
  CHECK(listed.last_time == kNow + 30);
  CHECK(listed.login_time == 0);
  CHECK(listed.accounts == 3);
  CHECK(listed.mostly == "root");
  listed = grown(7, kNow + 9, kNow + 60, 2, "anna");
  CHECK(listed.hits == 40);
  CHECK(listed.last_time == kNow + 30);
  CHECK(listed.login_time == kNow + 60);
  CHECK(listed.accounts == 3);
  CHECK(listed.mostly == "root");
  listed = grown(41, kNow + 31, kNow + 99, 4, "");
  CHECK(listed.login_time == kNow + 60);
  CHECK(listed.mostly.empty());
  REQUIRE(store->findings().grow({.key = finding_key(finding_of("R", Level::high, kNow + 1)), .hits = 99}, true).ok());
  CHECK(store->findings().list({}).value().size() == 1);
  CHECK(store->findings().get(listed.id).value()->hits == 41);
  // A whole log says how many there are, unless one that reached further has said so.
  const auto said = [&](std::uint64_t hits, std::int64_t until) {
    REQUIRE(store->findings().grow({.key = finding_key(one), .hits = hits, .until = until}, true).ok());
    return store->findings().get(listed.id).value();
  };
  CHECK(said(9, kNow + 30)->hits == 41);
  CHECK(said(9, kNow + 31)->hits == 9);
  CHECK(said(9, kNow + 99)->last_time == kNow + 99);
  CHECK(said(5, kNow + 98)->hits == 9);
  CHECK(said(5, kNow + 99)->accounts == 4);
}

TEST_CASE("findings_are_filtered_and_newest_first") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (int i = 0; i < 40; ++i)
    (void)store->findings()
        .add(finding_of(i % 2 ? "ODD" : "EVEN", static_cast<Level>(i % 4 + 1), kNow + i, i % 5 ? "a.log" : "b.log"))
        .value();
  FindingQuery query;
  query.limit = 3;
  auto found = store->findings().list(query).value();
  REQUIRE(found.size() == 3);
  CHECK(found[0].time == kNow + 39);
  query = {};
  query.at_least = Level::high;
  CHECK(store->findings().list(query).value().size() == 20);
  query = {};
  query.rule = "ODD";
  query.source = "b.log";
  CHECK(store->findings().list(query).value().size() == 4);
  query = {};
  query.since = kNow + 35;
  CHECK(store->findings().list(query).value().size() == 5);
  const FindingSummary summary = store->findings().summary().value();
  CHECK(summary.by_level == std::array<std::uint64_t, kLevels>{0, 10, 10, 10, 10});
  REQUIRE(summary.top.size() == 2);
  CHECK(summary.top[0].rule == "EVEN");
  CHECK(summary.top[0].findings == 20);
}

TEST_CASE("a_dismissal_hides_everywhere_or_in_one_source_and_can_be_taken_back") {
  IN_EVERY_STORE(place);
  const auto store = place.open(), other = place.open();
  const auto version = other->findings().dismissals_version().value();
  REQUIRE(store->findings().dismiss({"SCAN", "nginx.log", "our scanner", kNow}).ok());
  CHECK(store->findings().dismissed("SCAN", "nginx.log").value());
  CHECK_FALSE(store->findings().dismissed("SCAN", "other.log").value());
  CHECK_FALSE(store->findings().dismissed("SSH", "nginx.log").value());
  // A running tail in another process sees it.
  CHECK(other->findings().dismissals_version().value() != version);
  CHECK(other->findings().dismissed("SCAN", "nginx.log").value());
  REQUIRE(store->findings().dismiss({"SCAN", "", "everywhere", kNow}).ok());
  REQUIRE(store->findings().dismiss({"SCAN", "", "a better reason", kNow + 1}).ok());
  CHECK(store->findings().dismissed("SCAN", "other.log").value());
  const auto all = store->findings().dismissals().value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].reason == "a better reason");
  CHECK(store->findings().undismiss("SCAN", "nginx.log").value() == 1);
  CHECK(store->findings().undismiss("SCAN", "").value() == 1);
  CHECK(store->findings().undismiss("SCAN", "").value() == 0);
  CHECK_FALSE(store->findings().dismissed("SCAN", "nginx.log").value());
}

TEST_CASE("a_preview_says_what_a_dismissal_would_hide") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (int i = 0; i < 12; ++i)
    (void)store->findings().add(finding_of("SCAN", Level::medium, kNow + i, i < 9 ? "a.log" : "b.log")).value();
  (void)store->findings().add(finding_of("SSH", Level::high, kNow)).value();
  const DismissalPreview everywhere = store->findings().preview("SCAN", "").value();
  CHECK(everywhere.findings == 12);
  REQUIRE(everywhere.by_source.size() == 2);
  CHECK(everywhere.by_source[0] == std::pair<std::string, std::uint64_t>{"a.log", 9});
  CHECK(everywhere.newest.size() == 5);
  CHECK(store->findings().preview("SCAN", "b.log").value().findings == 3);
  CHECK(store->findings().preview("NONE", "").value().findings == 0);
}

TEST_CASE("what_is_older_than_the_retention_goes") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  (void)store->findings().add(finding_of("OLD", Level::high, kNow - 31 * kDay)).value();
  (void)store->findings().add(finding_of("NEW", Level::high, kNow - 29 * kDay)).value();
  (void)add(*store, occurrence_of("f", kNow - 50 * kDay));
  (void)add(*store, occurrence_of("f", kNow - 40 * kDay));
  CHECK(prune(*store, kNow, kRetentionDays).value() == 2);
  const auto left = store->findings().list({}).value();
  REQUIRE(left.size() == 1);
  CHECK(left[0].rule == "NEW");
  // The newest occurrence stays: the error's return after forty days is a regression.
  (void)add(*store, occurrence_of("f", kNow));
  CHECK(store->errors().regressions(kSilenceSeconds, 10).value().at(0).silent_seconds == 40 * kDay);
}

TEST_CASE("what_was_found_in_an_old_log_is_kept_from_when_it_was_stored_on") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Finding old = finding_of("OLD", Level::high, kNow - 300 * kDay);
  old.stored_at = kNow;
  REQUIRE(store->findings().add(old).value());
  old.message = "of a clock that goes wrong";
  old.time = kNow + 5 * kDay;
  old.stored_at = kNow - 31 * kDay;
  REQUIRE(store->findings().add(old).value());
  CHECK(store->findings().list({.since = 0}).value().size() == 2);
  CHECK(prune(*store, kNow + 29 * kDay, kRetentionDays).value() == 0);
  CHECK(store->maintenance().remove_findings(oldest_retained(kNow + 29 * kDay, kRetentionDays), 100).value() == 0);
  CHECK(store->maintenance().remove_findings(oldest_retained(kNow + 31 * kDay, kRetentionDays), 100).value() == 1);
  CHECK(prune(*store, kNow + 36 * kDay, kRetentionDays).value() == 1);
  // Without a time of the caller's it is stored now.
  old.stored_at = 0;
  REQUIRE(store->findings().add(old).value());
  CHECK(store->findings().page({}, {}).value().rows.at(0).stored_at > kNow - kDay);
}

TEST_CASE("baselines_are_kept_per_source_and_model") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const std::string state("\0bytes\xff", 7);
  REQUIRE(store->baselines().put({"syslog", "zscore", 60, 42, kNow, state}).ok());
  REQUIRE(store->baselines().put({"syslog", "zscore", 60, 43, kNow, state}).ok());
  REQUIRE(store->baselines().put({"nginx", "seasonal", 300, 7, kNow, state}).ok());
  CHECK(store->baselines().list().value().size() == 2);
  const auto found = store->baselines().find("syslog", "zscore").value();
  REQUIRE(found.has_value());
  CHECK(found->observations == 43);
  CHECK(found->state == state);
  CHECK_FALSE(store->baselines().find("syslog", "seasonal").value().has_value());
  CHECK(store->baselines().reset("syslog").value() == 1);
  CHECK(store->baselines().reset("").value() == 1);
  CHECK(store->baselines().list().value().empty());
}

TEST_CASE("clearing_the_demo_leaves_what_is_real") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Finding demo = finding_of("R", Level::high, kNow);
  demo.demo = true;
  (void)store->findings().add(demo).value();
  (void)store->findings().add(finding_of("R", Level::high, kNow)).value();  // the same, but real
  ErrorOccurrence error = occurrence_of("demo", kNow);
  error.demo = true;
  (void)add(*store, error);
  (void)add(*store, occurrence_of("real", kNow));
  CHECK(clear_demo(*store).value() == 2);
  CHECK(store->findings().list({}).value().size() == 1);
  CHECK(store->errors().list(ErrorSort::count, {}, 10).value().at(0).fingerprint == "real");
}

TEST_CASE("any_bytes_can_be_stored_and_long_messages_are_cut") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Finding odd = finding_of("R", Level::high, kNow, "a.log", std::string("a\0b\xff\xc3\xa4'; DROP TABLE findings; --", 32));
  CHECK(store->findings().add(odd).value());
  CHECK(store->findings().list({}).value().at(0).message ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xc3\xa4'; DROP TABLE findings; --");
  CHECK(store->findings().add(finding_of("LONG", Level::high, kNow + 1, "a.log", std::string(100'000, 'x'))).value());
  CHECK(store->findings().list({}).value().at(0).message.size() == kStoredMessageBytes);
}

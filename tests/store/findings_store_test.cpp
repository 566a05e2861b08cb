#include "store/findings_store.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::store;

namespace {

constexpr std::int64_t kNow = 1'780'000'000;
constexpr std::int64_t kHour = 3'600, kDay = 24 * kHour;

struct Room {
  std::filesystem::path folder;
  Room() {
    char name[] = "/tmp/logystera-findings-XXXXXX";
    folder = ::mkdtemp(name);
  }
  ~Room() { std::filesystem::remove_all(folder); }
  std::string file() const { return (folder / "logystera.db").string(); }
  FindingsStore open() const { return std::move(FindingsStore::open(file())).value(); }
};

Finding finding(std::string rule, Level level, std::int64_t time, std::string source = "auth.log",
                std::string message = "m") {
  Finding made;
  made.rule = std::move(rule);
  made.title = "title";
  made.level = level;
  made.time = time;
  made.source = std::move(source);
  made.message = std::move(message);
  return made;
}

ErrorOccurrence occurrence(std::string fingerprint, std::int64_t time, std::uint64_t line = 1) {
  ErrorOccurrence made;
  made.scope = fingerprint;
  made.fingerprint = std::move(fingerprint);
  made.pattern = "timeout after <n> s";
  made.severity = 3;
  made.source = "app.log";
  made.time = time;
  made.line = line;
  made.message = "timeout after 3 s";
  return made;
}

using News = std::pair<std::uint64_t, std::uint64_t>;  // new occurrences, new groups

News add(FindingsStore& store, const ErrorOccurrence& one) {
  const ErrorsAdded added = store.add_errors({one}).value();
  return {added.occurrences, added.groups.size()};
}

/// What a query's first column says, a line a row.
std::string rows_of(const std::string& file, const std::string& sql) {
  auto connection = Connection::open(file, true, 100);
  REQUIRE(connection.ok());
  auto select = connection->prepare(sql);
  REQUIRE(select.ok());
  std::string out;
  while (select->step() == SQLITE_ROW) out += std::string(select->text(0)) + "\n";
  return out;
}

}  // namespace

TEST_CASE("a_log_scanned_twice_is_stored_once") {
  Room room;
  FindingsStore store = room.open();
  CHECK(store.add_finding(finding("R", Level::high, kNow)).value());
  CHECK_FALSE(store.add_finding(finding("R", Level::high, kNow)).value());
  CHECK(store.add_finding(finding("R", Level::high, kNow + 1)).value());
  CHECK(store.add_finding(finding("R", Level::high, kNow, "other.log")).value());
  CHECK(store.findings({}).value().size() == 3);
  CHECK(add(store, occurrence("f", kNow)) == News{1, 1});
  CHECK(add(store, occurrence("f", kNow)) == News{0, 0});
  CHECK(store.error("f").value()->count == 1);
  CHECK(add(store, occurrence("f", kNow + 1)) == News{1, 0});
  CHECK(store.error("f").value()->count == 2);
}

TEST_CASE("the_database_is_private_and_survives_reopening") {
  Room room;
  { CHECK(room.open().add_finding(finding("R", Level::critical, kNow)).value()); }
  struct stat status;
  REQUIRE(::stat(room.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  FindingsStore again = room.open();
  const auto found = again.findings({}).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "R");
  CHECK(found[0].level == Level::critical);
  CHECK(found[0].time == kNow);
}

TEST_CASE("findings_are_filtered_and_newest_first") {
  Room room;
  FindingsStore store = room.open();
  for (int i = 0; i < 40; ++i)
    (void)store.add_finding(finding(i % 2 ? "ODD" : "EVEN", static_cast<Level>(i % 4), kNow + i, i % 5 ? "a.log" : "b.log"))
        .value();
  FindingQuery query;
  query.limit = 3;
  auto found = store.findings(query).value();
  REQUIRE(found.size() == 3);
  CHECK(found[0].time == kNow + 39);
  query = {};
  query.at_least = Level::high;
  CHECK(store.findings(query).value().size() == 20);
  query = {};
  query.rule = "ODD";
  query.source = "b.log";
  CHECK(store.findings(query).value().size() == 4);
  query = {};
  query.since = kNow + 35;
  CHECK(store.findings(query).value().size() == 5);
  const FindingSummary summary = store.summary().value();
  CHECK(summary.by_level == std::array<std::uint64_t, 4>{10, 10, 10, 10});
  REQUIRE(summary.top.size() == 2);
  CHECK(summary.top[0].rule == "EVEN");
  CHECK(summary.top[0].findings == 20);
}

TEST_CASE("a_dismissal_hides_everywhere_or_in_one_source_and_can_be_taken_back") {
  Room room;
  FindingsStore store = room.open(), other = room.open();
  const auto version = other.dismissals_version().value();
  REQUIRE(store.dismiss({"SCAN", "nginx.log", "our scanner", kNow}).ok());
  CHECK(store.dismissed("SCAN", "nginx.log").value());
  CHECK_FALSE(store.dismissed("SCAN", "other.log").value());
  CHECK_FALSE(store.dismissed("SSH", "nginx.log").value());
  // A running tail in another process sees it.
  CHECK(other.dismissals_version().value() != version);
  CHECK(other.dismissed("SCAN", "nginx.log").value());
  REQUIRE(store.dismiss({"SCAN", "", "everywhere", kNow}).ok());
  REQUIRE(store.dismiss({"SCAN", "", "a better reason", kNow + 1}).ok());
  CHECK(store.dismissed("SCAN", "other.log").value());
  const auto all = store.dismissals().value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].reason == "a better reason");
  CHECK(store.undismiss("SCAN", "nginx.log").value() == 1);
  CHECK(store.undismiss("SCAN", "").value() == 1);
  CHECK(store.undismiss("SCAN", "").value() == 0);
  CHECK_FALSE(store.dismissed("SCAN", "nginx.log").value());
}

TEST_CASE("a_preview_says_what_a_dismissal_would_hide") {
  Room room;
  FindingsStore store = room.open();
  for (int i = 0; i < 12; ++i)
    (void)store.add_finding(finding("SCAN", Level::medium, kNow + i, i < 9 ? "a.log" : "b.log")).value();
  (void)store.add_finding(finding("SSH", Level::high, kNow)).value();
  const DismissalPreview everywhere = store.preview("SCAN", "").value();
  CHECK(everywhere.findings == 12);
  REQUIRE(everywhere.by_source.size() == 2);
  CHECK(everywhere.by_source[0] == std::pair<std::string, std::uint64_t>{"a.log", 9});
  CHECK(everywhere.newest.size() == 5);
  CHECK(store.preview("SCAN", "b.log").value().findings == 3);
  CHECK(store.preview("NONE", "").value().findings == 0);
}

TEST_CASE("what_is_older_than_the_retention_goes") {
  Room room;
  FindingsStore store = room.open();
  (void)store.add_finding(finding("OLD", Level::high, kNow - 31 * kDay)).value();
  (void)store.add_finding(finding("NEW", Level::high, kNow - 29 * kDay)).value();
  (void)add(store, occurrence("f", kNow - 50 * kDay));
  (void)add(store, occurrence("f", kNow - 40 * kDay));
  CHECK(store.prune(kNow, kRetentionDays).value() == 2);
  const auto left = store.findings({}).value();
  REQUIRE(left.size() == 1);
  CHECK(left[0].rule == "NEW");
  // The newest occurrence stays: the error's return after forty days is a regression.
  (void)add(store, occurrence("f", kNow));
  CHECK(store.regressions(kSilenceSeconds, 10).value().at(0).silent_seconds == 40 * kDay);
}

TEST_CASE("error_groups_keep_first_last_count_and_the_newest_occurrences") {
  Room room;
  FindingsStore store = room.open();
  REQUIRE(store.begin().ok());
  for (int i = 29; i >= 0; --i) (void)add(store, occurrence("f", kNow + i, static_cast<std::uint64_t>(i) + 1));
  (void)add(store, occurrence("g", kNow - kDay));
  REQUIRE(store.commit().ok());
  const auto group = store.error("f").value();
  REQUIRE(group.has_value());
  CHECK(group->count == 30);
  CHECK(group->first_seen == kNow);
  CHECK(group->last_seen == kNow + 29);
  const auto shown = store.occurrences("f").value();
  REQUIRE(shown.size() == kOccurrencesShown);
  CHECK(shown[0].time == kNow + 29);
  CHECK(store.errors(ErrorSort::count, {}, 50).value().at(0).fingerprint == "f");
  CHECK(store.errors(ErrorSort::last_seen, {}, 50).value().at(1).fingerprint == "g");
  CHECK(store.errors(ErrorSort::first_seen, {}, 1).value().at(0).fingerprint == "f");
  CHECK(store.errors(ErrorSort::count, std::uint8_t{4}, 50).value().empty());
  CHECK_FALSE(store.error("none").value().has_value());
  const auto fresh = store.new_errors(kNow - kHour, 10).value();
  REQUIRE(fresh.size() == 1);
  CHECK(fresh[0].fingerprint == "f");
}

TEST_CASE("an_error_that_returns_after_silence_is_a_regression_in_whatever_order_it_was_read") {
  Room room;
  FindingsStore store = room.open();
  for (std::int64_t time : {kNow, kNow - 25 * kHour}) (void)add(store, occurrence("returns", time));
  for (std::int64_t i = 0; i <= 25; i += 5) (void)add(store, occurrence("steady", kNow - i * kHour));
  auto found = store.regressions(kSilenceSeconds, 10).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].fingerprint == "returns");
  CHECK(found[0].silent_seconds == 25 * kHour);
  CHECK(found[0].returned_at == kNow);
  CHECK(store.regressions(26 * kHour, 10).value().empty());
  CHECK(store.regressions(5 * kHour, 10).value().size() == 2);
  // What was logged meanwhile is scanned later: it was no silence after all.
  (void)add(store, occurrence("returns", kNow - 12 * kHour));
  CHECK(store.regressions(kSilenceSeconds, 10).value().empty());
}

TEST_CASE("baselines_are_kept_per_source_and_model") {
  Room room;
  FindingsStore store = room.open();
  const std::string state("\0bytes\xff", 7);
  REQUIRE(store.put_baseline({"syslog", "zscore", 60, 42, kNow, state}).ok());
  REQUIRE(store.put_baseline({"syslog", "zscore", 60, 43, kNow, state}).ok());
  REQUIRE(store.put_baseline({"nginx", "seasonal", 300, 7, kNow, state}).ok());
  CHECK(store.baselines().value().size() == 2);
  const auto found = store.baseline("syslog", "zscore").value();
  REQUIRE(found.has_value());
  CHECK(found->observations == 43);
  CHECK(found->state == state);
  CHECK_FALSE(store.baseline("syslog", "seasonal").value().has_value());
  CHECK(store.reset_baselines("syslog").value() == 1);
  CHECK(store.reset_baselines("").value() == 1);
  CHECK(store.baselines().value().empty());
}

TEST_CASE("clearing_the_demo_leaves_what_is_real") {
  Room room;
  FindingsStore store = room.open();
  Finding demo = finding("R", Level::high, kNow);
  demo.demo = true;
  (void)store.add_finding(demo).value();
  (void)store.add_finding(finding("R", Level::high, kNow)).value();  // the same, but real
  ErrorOccurrence error = occurrence("demo", kNow);
  error.demo = true;
  (void)add(store, error);
  (void)add(store, occurrence("real", kNow));
  CHECK(store.clear_demo().value() == 2);
  CHECK(store.findings({}).value().size() == 1);
  CHECK(store.errors(ErrorSort::count, {}, 10).value().at(0).fingerprint == "real");
}

TEST_CASE("any_bytes_can_be_stored_and_long_messages_are_cut") {
  Room room;
  FindingsStore store = room.open();
  Finding odd = finding("R", Level::high, kNow, "a.log", std::string("a\0b\xff\xc3\xa4'; DROP TABLE findings; --", 32));
  CHECK(store.add_finding(odd).value());
  CHECK(store.findings({}).value().at(0).message ==
        "a\xef\xbf\xbd"
        "b\xef\xbf\xbd\xc3\xa4'; DROP TABLE findings; --");
  CHECK(store.add_finding(finding("LONG", Level::high, kNow + 1, "a.log", std::string(100'000, 'x'))).value());
  CHECK(store.findings({}).value().at(0).message.size() == kStoredMessageBytes);
}

TEST_CASE("a_foreign_locked_or_unreachable_database_is_refused_with_a_remedy") {
  Room room;
  CHECK_FALSE(FindingsStore::open((room.folder / "none/logystera.db").string()).ok());
  std::ofstream(room.file()) << "this is not a database, it is a letter, and long enough to be looked at as one page";
  auto foreign = FindingsStore::open(room.file());
  REQUIRE_FALSE(foreign.ok());
  CHECK_THAT(foreign.error().message, Catch::Matchers::Contains("logystera.db"));
}

TEST_CASE("errors_stored_together_are_what_they_are_stored_one_after_the_other") {
  // Groups of every shape: older and newer than what is there, of one second in two sources, twice the same line, made up ones.
  std::vector<ErrorOccurrence> all;
  std::uint32_t seed = 7;
  const auto next = [&seed](std::uint32_t below) { return (seed = seed * 1664525 + 1013904223) >> 16 & 0x7fff % below; };
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    ErrorOccurrence one = occurrence("f" + std::to_string(next(60)), kNow + next(40), next(25));
    one.pattern = "pattern " + std::to_string(next(3));
    one.source = next(2) ? "a.log" : "b.log";
    one.severity = static_cast<std::uint8_t>(3 + next(2));
    one.demo = next(4) == 0;
    all.push_back(std::move(one));
  }
  Room singly, together;
  News one_by_one, at_once;
  {
    FindingsStore store = singly.open();
    for (const ErrorOccurrence& one : all) {
      const News news = add(store, one);
      one_by_one.first += news.first;
      one_by_one.second += news.second;
    }
    FindingsStore batches = together.open();
    for (std::size_t from = 0, size = 1; from < all.size(); from += size, size = size * 3 % 701 + 1) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
      const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(from + size, all.size()));
      const ErrorsAdded added = batches.add_errors({begin, end}).value();
      at_once.first += added.occurrences;
      at_once.second += added.groups.size();
    }
  }
  CHECK(one_by_one == at_once);
  CHECK(at_once.second > 1);
  CHECK(at_once.first < all.size());
  for (const char* sql :
       {"SELECT fingerprint || pattern || source || severity || first_seen || ' ' || last_seen || ' ' || count || demo "
        "FROM "
        "errors ORDER BY fingerprint",
        "SELECT hex(key) || fingerprint || source || time || ' ' || line || message FROM error_occurrences ORDER BY id"}) {
    const std::string rows = rows_of(singly.file(), sql);
    CHECK(rows.size() > 100);
    CHECK(rows == rows_of(together.file(), sql));
  }
}

TEST_CASE("groups_that_became_one_keep_every_occurrence_and_the_same_line_is_not_stored_again") {
  Room room;
  FindingsStore store = room.open();
  ErrorOccurrence other = occurrence("g", kNow + 60, 2);
  other.severity = 4;
  other.source = "later.log";
  (void)add(store, occurrence("f", kNow, 1));
  (void)add(store, other);
  const ErrorTemplate into{"h", "timeout after <*>", "text", "timeout after <*>", true};
  CHECK(store.merge_errors("f", into).value());
  CHECK(store.merge_errors("g", into).value());
  CHECK_FALSE(store.merge_errors("nobody", into).value());
  CHECK_FALSE(store.error("f").value().has_value());
  CHECK_FALSE(store.error("g").value().has_value());
  const auto group = store.error("h").value();
  REQUIRE(group.has_value());
  CHECK(group->pattern == "timeout after <*>");
  CHECK(group->count == 2);
  CHECK(group->severity == 4);
  CHECK(group->source == "later.log");
  CHECK(group->first_seen == kNow);
  CHECK(group->last_seen == kNow + 60);
  CHECK(store.occurrences("h").value().size() == 2);
  // Read again, in the group they are in now.
  ErrorOccurrence again = occurrence("f", kNow, 1);
  again.fingerprint = "h";
  CHECK(add(store, again) == News{0, 0});
  const auto known = store.error_templates(10).value();
  REQUIRE(known.size() == 1);
  CHECK(known[0].fingerprint == "h");
  CHECK(known[0].template_key == "timeout after <*>");
  CHECK(known[0].learnt);
  // Onto itself nothing is lost.
  CHECK(store.merge_errors("h", into).value());
  CHECK(store.error("h").value().has_value());
}

TEST_CASE("errors_that_cannot_all_be_stored_are_not_stored_at_all") {
  Room room;
  FindingsStore store = room.open();
  {
    auto other = Connection::open(room.file(), false, 100);
    REQUIRE(other
                ->run("CREATE TRIGGER full BEFORE INSERT ON errors WHEN new.fingerprint = 'z' BEGIN SELECT "
                      "raise(FAIL, 'full'); END")
                .ok());
  }
  CHECK_FALSE(store.add_errors({occurrence("a", kNow), occurrence("z", kNow)}).ok());
  CHECK_FALSE(store.error("a").value());
  CHECK(store.occurrences("a").value().empty());
  CHECK(add(store, occurrence("a", kNow)) == News{1, 1});
}

TEST_CASE("looking_at_what_is_stored_makes_no_database") {
  Room room;
  {
    FindingsStore store = std::move(FindingsStore::open_to_read(room.file())).value();
    CHECK(store.findings({}).value().empty());
    CHECK(store.errors(ErrorSort::count, {}, 10).value().empty());
  }
  CHECK(std::filesystem::is_empty(room.folder));
  (void)add(*std::make_unique<FindingsStore>(room.open()), occurrence("f", kNow));
  CHECK(FindingsStore::open_to_read(room.file()).value().error("f").value()->count == 1);
}

// That pages read from their indexes alone what they say they do: no arm scans a table or sorts.
#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "contract.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/schema.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

std::vector<std::string> plan_of(sqlite::Connection& connection, const std::string& sql) {
  auto explain = connection.prepare("EXPLAIN QUERY PLAN " + sql);
  if (!explain) FAIL(explain.error().message);
  std::vector<std::string> steps;
  while (explain->step() == SQLITE_ROW) steps.emplace_back(explain->text(3));
  return steps;
}

}  // namespace

TEST_CASE("every_arm_of_a_page_is_one_search_of_its_index") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = std::move(open("sqlite:" + path, {.access = Access::create})).value();
  auto connection = sqlite::Connection::open(path, false, 100);
  REQUIRE(connection.ok());
  std::vector<sqlite::ArmIndex> indexes{sqlite::kFindingsByTime, sqlite::kFindingsByLevel,        sqlite::kFindingsBySource,
                                        sqlite::kFindingsByRule, sqlite::kFindingsByRuleAndLevel, sqlite::kFindingsBySite,
                                        sqlite::kEventsByKind,   sqlite::kEventsByCreation};
  indexes.insert(indexes.end(), sqlite::kErrorsBy.begin(), sqlite::kErrorsBy.end());
  for (const sqlite::ArmIndex& index : indexes) {
    for (const bool backwards : {false, true}) {
      for (const bool tie : {false, true}) {
        const std::string sql = tie ? tie_sql(index, backwards) : range_sql(index, backwards);
        INFO(sql);
        const auto steps = plan_of(connection.value(), sql);
        REQUIRE(steps.size() == 1);
        CHECK(steps[0].starts_with("SEARCH " + std::string(index.table) + " USING COVERING INDEX " +
                                   std::string(index.index) + " ("));
        // Among equal values the index finds the place too, however many there are.
        CHECK((!tie || steps[0].find("rowid") != std::string::npos || steps[0].find("fingerprint") != std::string::npos));
      }
    }
  }
}

TEST_CASE("sources_of_one_beginning_are_looked_up_in_their_index") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = std::move(open("sqlite:" + path, {.access = Access::create})).value();
  auto connection = sqlite::Connection::open(path, false, 100);
  REQUIRE(connection.ok());
  for (const char* sql : {sqlite::kFindingSourceFrom, sqlite::kFindingSourceBehind}) {
    const auto steps = plan_of(connection.value(), sql);
    REQUIRE(steps.size() == 1);
    CHECK(steps[0].starts_with("SEARCH findings USING COVERING INDEX findings_by_source (source>"));
  }
  const auto steps = plan_of(connection.value(), sqlite::kErrorSourceFrom);
  REQUIRE(steps.size() == 1);
  CHECK(steps[0] == "SEARCH error_sources USING PRIMARY KEY (fingerprint=? AND source>?)");
}

TEST_CASE("charts_are_searches_of_the_times_there_are_and_old_points_one_range") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = std::move(open("sqlite:" + path, {.access = Access::create})).value();
  auto connection = sqlite::Connection::open(path, false, 100);
  REQUIRE(connection.ok());
  int searches = 0;
  for (const char* sql : {sqlite::kMetricPoints, sqlite::kOldestMetricPoints, sqlite::kRemoveMetricPoints}) {
    INFO(sql);
    for (const std::string& step : plan_of(connection.value(), sql)) {
      CHECK(step.find("SCAN metric_points") == std::string::npos);
      CHECK(step.find("TEMP B-TREE") == std::string::npos);
      if (step.find("metric_points") == std::string::npos && !step.starts_with("SEARCH p ")) continue;
      CHECK(step.find("USING PRIMARY KEY (step=?") != std::string::npos);
      ++searches;
    }
  }
  CHECK(searches == 5);
  const auto chart = plan_of(connection.value(), sqlite::kMetricPoints);
  CHECK(std::any_of(chart.begin(), chart.end(), [](const std::string& step) {
    return step == "SEARCH p USING PRIMARY KEY (step=? AND at=? AND entity=? AND metric=? AND series>? AND series<?)";
  }));
}

TEST_CASE("a_store_of_before_has_its_counts_after_it_was_opened") {
  Scratch scratch;
  const auto at_version = [&](std::size_t version) {
    const std::string path = scratch.file("v" + std::to_string(version));
    std::ofstream(path).flush();
    auto connection = sqlite::Connection::open(path, false, 100);
    REQUIRE(connection.ok());
    REQUIRE(sqlite::migrate(connection.value(), version).ok());
    return connection;
  };
  // The last version without them.
  std::size_t version = 2;
  while (at_version(version + 1)->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'finding_days'").value() == 0)
    ++version;
  {
    auto before = at_version(version);
    const auto run = [&](const std::string& sql) { REQUIRE(before->run(sql).ok()); };
    for (int i = 0; i < 30; ++i) {
      run(fmt::format(
          "INSERT INTO findings (key, rule, title, level, source, time, line, message) VALUES (randomblob(16), '{}', '', "
          "2, 'a.log', {}, 0, '')",
          i % 3 ? "A" : "B", kNow + i * kHour));
    }
    run("INSERT INTO findings (key, rule, title, level, source, time, line, message) VALUES (x'00', 'A', '', 0, 'a.log', "
        "-1, 0, '')");
    run("INSERT INTO errors (fingerprint, pattern, source, severity, first_seen, last_seen, count) VALUES ('f', '', '', 3, "
        "0, 0, 2), "
        "('g', '', '', 3, 0, 0, 1)");
    for (const auto& [group, time] : {std::pair{"f", kNow}, std::pair{"f", kNow + 2 * kDay}, std::pair{"g", kNow}}) {
      run(fmt::format(
          "INSERT INTO error_occurrences (key, fingerprint, source, time, line, message) VALUES (randomblob(16), '{}', "
          "'app.log', {}, 0, '')",
          group, time));
    }
  }
  const auto store = std::move(open("sqlite:" + scratch.file("v" + std::to_string(version)))).value();
  CHECK(store->findings().summary().value().of(Level::high) == 30);
  CHECK(store->findings().days(-1, 0).value().at(0).by_level[static_cast<std::size_t>(Level::low)] == 1);
  const auto hits = store->findings().rule_hits(0, 5).value();
  REQUIRE(hits.size() == 2);
  CHECK((hits[0].rule == "A" && hits[0].findings == 20));
  CHECK(store->findings().page({}, {}).value().rows.at(0).stored_at == 0);
  CHECK(store->errors().find("f").value()->silent_seconds == 2 * kDay);
  CHECK(store->errors().find("g").value()->returned_at == 0);
  CHECK(store->errors().sources("f", 5).value() == std::vector<std::string>{"app.log"});
}

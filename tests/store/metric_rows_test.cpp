// Where rows of metrics stand: together by their time, and those of an older database as well.
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "contract.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;
using store::sqlite::Connection;

namespace {

constexpr std::int64_t kMidnight = 20'000 * kDaySeconds;

std::vector<MetricDelta> one_of_each(int series, std::int64_t at) {
  std::vector<MetricDelta> deltas;
  for (int i = 0; i < series; ++i) {
    MetricDelta& delta = deltas.emplace_back();
    delta.site = "ent_a";
    delta.metric = "metric_" + std::to_string(i % 50);
    delta.labels = "x=\"" + std::to_string(i) + "\"";
    delta.counted_at = at;
    delta.minutes.emplace_back(at - at % kMinuteSeconds, MetricAmount()).second.add(1'000, at);
  }
  return deltas;
}

}  // namespace

TEST_CASE("what_is_counted_at_a_time_is_written_to_few_pages_however_long_its_series_are") {
  constexpr int kSeries = 3'000, kMinutes = 180;
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = std::move(open("sqlite:" + path, {.access = Access::create})).value();
  REQUIRE(store->entities().add(entity_of("ent_a")).ok());
  // So that each series has pages of its own, were they kept by series.
  for (int minute = 0; minute < kMinutes; ++minute)
    REQUIRE(store->metrics().add(one_of_each(kSeries, kMidnight + minute * kMinuteSeconds)).ok());
  {
    auto connection = Connection::open(path, false, 1'000);
    REQUIRE(connection.ok());
    REQUIRE(connection->integer("PRAGMA wal_checkpoint(TRUNCATE)").value() == 0);
  }
  REQUIRE(std::filesystem::file_size(path + "-wal") == 0);
  REQUIRE(store->metrics().add(one_of_each(kSeries, kMidnight + kMinutes * kMinuteSeconds)).ok());
  // A minute, an hour and a day of each, and the series themselves: a page a series, were each alone on it, would be 12 MB for the minutes.
  CHECK(std::filesystem::file_size(path + "-wal") < 1'500'000);
}

TEST_CASE("points_of_an_older_program_are_where_they_were") {
  constexpr std::size_t kBefore = 19;  // the version that had them by their series
  Scratch scratch;
  const std::string path = scratch.file("older.db");
  {
    const std::ofstream made(path);
    auto connection = Connection::open(path, false, 100);
    REQUIRE(connection.ok());
    REQUIRE(sqlite::migrate(connection.value(), kBefore).ok());
    for (const char* sql : {"INSERT INTO entities (id, token, name, created_at, sealed_secret) VALUES (3, 'ent_a', 'a', 0, "
                            "x'00'), (4, 'ent_b', "
                            "'b', 0, x'00')",
                            "INSERT INTO metric_series VALUES (1, 4, 'm', '', 99, 5, 5000, 1000, 1000, 1000, 99), (2, 3, "
                            "'m', 'x=\"1\"', 99, 2, "
                            "3000, 1000, 2000, 2000, 99), (7, 3, 'n', '', 99, 1, 1000, 1000, 1000, 1000, 99)",
                            "INSERT INTO metric_points VALUES (1, 0, 60, 5, 5000, 1000, 1000, 1000, 99), (2, 0, 0, 1, "
                            "1000, 1000, 1000, 1000, "
                            "50), (2, 0, 60, 1, 2000, 2000, 2000, 2000, 99), (2, 1, 0, 2, 3000, 1000, 2000, 2000, 99), (7, "
                            "2, 0, 1, 1000, 1000, "
                            "1000, 1000, 99)",
                            "INSERT INTO metric_left_out VALUES (3, 'm', 0, 4)"}) {
      INFO(sql);
      REQUIRE(connection->run(sql).ok());
    }
  }
  const auto store = std::move(open("sqlite:" + path)).value();
  const auto points = [&](const char* site, MetricStep step) {
    std::vector<std::string> out;
    REQUIRE(store->metrics()
                .points({site, "", step, 0, 1'000},
                        [&](const MetricPoint& one) {
                          out.push_back(std::string(one.metric) + "{" + std::string(one.labels) + "} " +
                                        std::to_string(one.at) + " " + std::to_string(one.amount.count) + " " +
                                        std::to_string(one.amount.sum) + " " + std::to_string(one.amount.last_at));
                          return true;
                        })
                .ok());
    return out;
  };
  using Lines = std::vector<std::string>;
  CHECK(points("ent_a", MetricStep::minute) == Lines{"m{x=\"1\"} 0 1 1000 50", "m{x=\"1\"} 60 1 2000 99"});
  CHECK(points("ent_a", MetricStep::hour) == Lines{"m{x=\"1\"} 0 2 3000 99"});
  CHECK(points("ent_a", MetricStep::day) == Lines{"n{} 0 1 1000 99"});
  CHECK(points("ent_b", MetricStep::minute) == Lines{"m{} 60 5 5000 99"});
  // What comes is added to them, and to no other.
  MetricDelta more;
  more.site = "ent_a";
  more.metric = "m";
  more.labels = "x=\"1\"";
  more.counted_at = 100;
  more.minutes.emplace_back(60, MetricAmount()).second.add(500, 100);
  REQUIRE(store->metrics().add({&more, 1}).ok());
  CHECK(points("ent_a", MetricStep::minute) == Lines{"m{x=\"1\"} 0 1 1000 50", "m{x=\"1\"} 60 2 2500 100"});
  CHECK(points("ent_b", MetricStep::minute) == Lines{"m{} 60 5 5000 99"});
  CHECK(store->metrics().left_out("ent_a", {}).value().at(0).count == 4);
}

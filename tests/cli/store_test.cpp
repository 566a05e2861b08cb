// `logystera store`: sizes, what is removed, copies.
#include <sqlite3.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/site.hpp"

using namespace logystera::testing;

namespace {

struct House {
  Scratch scratch;
  std::string database = scratch.file("a.db");
  std::string store = "sqlite:" + database;

  Finished run(Arguments more) const {
    more.insert(more.begin(), {"--store", store});
    return logystera::testing::run(more);
  }
  // Every event as old as that.
  void age(int days) const {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(database.c_str(), &db) == SQLITE_OK);
    const std::string sql = "UPDATE events SET received_at = received_at - 86400 * " + std::to_string(days);
    CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  }
};

}  // namespace

TEST_CASE("a_copy_of_a_store_in_use_is_restored_and_goes_on") {
  House house;
  const Site site = Site::added(house.store);
  const std::string copy = house.scratch.file("copy.db");
  {
    Running gateway({"--store", house.store, "serve", "--port", "0"});
    const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
    REQUIRE(site.send(url, event_lines(0, 30)).status == 202);
    const Finished backup = house.run({"store", "backup", copy});
    CHECK(backup.code == 0);
    CHECK(backup.out.find(house.database + ".key") != std::string::npos);
    REQUIRE(site.send(url, event_lines(30, 10)).status == 202);
    const Finished shrink = house.run({"store", "shrink"});
    CHECK(shrink.code == 2);
    CHECK(shrink.err.find("end `logystera serve`") != std::string::npos);
    CHECK(house.run({"store", "backup", copy}).code == 2);
    gateway.kill(SIGTERM);
    CHECK(gateway.wait() == 0);
  }
  // As the help says.
  std::filesystem::rename(copy, house.database);
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(house.database + suffix);
  CHECK(house.run({"store", "check"}).code == 0);
  Running gateway({"--store", house.store, "serve", "--port", "0"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  CHECK(site.send(url, event_lines(30, 10)).status == 202);
  CHECK(house.run({"store", "stats"}).out.find("Events    : 40 ") != std::string::npos);
}

TEST_CASE("what_is_older_than_chosen_goes_and_is_counted") {
  House house;
  const Site site = Site::added(house.store);
  Running gateway({"--store", house.store, "serve", "--port", "0"});
  const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
  REQUIRE(site.send(url, event_lines(0, 30)).status == 202);
  house.age(10);
  REQUIRE(site.send(url, event_lines(100, 5)).status == 202);
  CHECK(house.run({"store", "prune"}).out.starts_with("removed 0 events"));
  CHECK(house.run({"store", "retention", "--events-days", "7"}).code == 0);
  CHECK(house.run({"store", "prune"}).out.starts_with("removed 30 events"));
  const Finished stats = house.run({"--json", "store", "stats"});
  CHECK(stats.out.find(R"("events_age":30)") != std::string::npos);
  CHECK(stats.out.find(R"("events":5,)") != std::string::npos);
  CHECK(site.send(url, event_lines(200, 5)).status == 202);
}

TEST_CASE("what_a_store_command_cannot_do_is_said_with_the_place") {
  House house;
  CHECK(house.run({"store", "stats"}).err.find(house.database) != std::string::npos);
  REQUIRE(house.run({"entity", "add", "shop"}).code == 0);
  CHECK(house.run({"store", "retention", "--events-days", "36501"}).code == 2);
  CHECK(house.run({"store", "backup", house.scratch.file("no/where.db")}).code == 2);
  CHECK(house.run({"store", "backup"}).code == 2);
  CHECK(house.run({"store"}).code == 2);
  CHECK(house.run({"store", "shrink"}).code == 0);
}

TEST_CASE("the_configuration_says_how_long_things_are_kept_whatever_was_chosen") {
  House house;
  REQUIRE(house.run({"entity", "add", "shop"}).code == 0);
  const std::string config = house.scratch.file("config.yaml");
  const auto configured = [&](const std::string& section) {
    std::ofstream(config) << "retention:\n" << section;
    return house.run({"--json", "store", "stats", "--config", config});
  };
  CHECK(configured("  events_days: 5\n  max_db_bytes: 7000000\n")
            .out.find(R"("retention":{"events_days":5,"bulk_events_days":14,"findings_days":30,"max_db_bytes":7000000})") !=
        std::string::npos);
  const Finished chosen = house.run({"store", "retention", "--events-days", "8", "--config", config});
  CHECK(chosen.out.starts_with("events 8 days"));
  CHECK(chosen.out.find("With the section retention of the configuration: events 5 days") != std::string::npos);
  CHECK(configured("  bulk_events_days: 0\n").out.find(R"("events_days":8,"bulk_events_days":0)") != std::string::npos);
  CHECK(configured("  events_days: -1\n").err.find(":2:16: retention.events_days must be a whole number from 0 to 36500") !=
        std::string::npos);
}

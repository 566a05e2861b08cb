// `logystera store`: sizes, what is removed, copies.
#include <sqlite3.h>

#include <sys/file.h>
#include <sys/mount.h>

#include <filesystem>
#include <fstream>
#include <set>

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
  Finished run_with_files_of(rlim_t bytes, Arguments more) const {
    more.insert(more.begin(), {"--store", store});
    Running::Setting setting;
    setting.file_bytes = bytes;
    return logystera::testing::run(more, setting);
  }
  // As many megabytes more, of which `kept` of a hundred are not empty.
  void grow(int megabytes, int kept) const {
    sqlite3* db = nullptr;
    REQUIRE(sqlite3_open(database.c_str(), &db) == SQLITE_OK);
    const std::string sql =
        "CREATE TABLE filler(at INTEGER PRIMARY KEY, x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
        "WHERE i < " +
        std::to_string(megabytes * 1000) +
        ") INSERT INTO filler SELECT i, hex(randomblob(500)) FROM n;"
        "DELETE FROM filler WHERE at % 100 >= " +
        std::to_string(kept);
    CHECK(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(db);
  }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(database).parent_path()))
      names.insert(file.path().filename().string());
    return names;
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
  // What has not been looked at yet stays until it has.
  CHECK(eventually([&] { return house.run({"store", "prune"}).out.starts_with("removed 30 events"); }));
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
TEST_CASE("a_disk_that_fills_up_during_a_copy_leaves_no_half_one_and_the_store_whole") {
  const House house;
  const Site site = Site::added(house.store);
  {
    Running gateway({"--store", house.store, "serve", "--port", "0"});
    const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
    REQUIRE(site.send(url, event_lines(0, 30)).status == 202);
    gateway.kill(SIGTERM);
    CHECK(gateway.wait() == 0);
  }
  house.grow(4, 100);
  const auto before = house.files();
  const std::string copy = house.scratch.file("copy.db");
  const Finished full = house.run_with_files_of(1'000'000, {"store", "backup", copy});
  CHECK(full.code == 2);
  INFO(full.err);
  CHECK(full.out.empty());
  CHECK(full.err.find(copy) != std::string::npos);  // the disk that is full, which need not be the store's
  CHECK(full.err.find("free") != std::string::npos);
  CHECK(full.err.find("ulimit -f") != std::string::npos);
  CHECK(house.files() == before);
  CHECK(house.run({"store", "check"}).code == 0);
  CHECK(house.run({"store", "backup", copy}).code == 0);
  CHECK(std::filesystem::status(copy).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK_FALSE(std::filesystem::exists(copy + ".part"));
  CHECK(logystera::testing::run({"--store", "sqlite:" + copy, "store", "stats"}).out.find("Events    : 30 ") !=
        std::string::npos);
}

TEST_CASE("a_disk_that_fills_up_while_a_store_is_written_anew_leaves_it_as_it_was") {
  const House house;
  const Site site = Site::added(house.store);
  {
    Running gateway({"--store", house.store, "serve", "--port", "0"});
    const std::string url = "http://127.0.0.1:" + gateway.said("listening on http://127.0.0.1:");
    REQUIRE(site.send(url, event_lines(0, 30)).status == 202);
    gateway.kill(SIGTERM);
    CHECK(gateway.wait() == 0);
  }
  house.grow(8, 50);
  const auto before = house.files();
  const auto bytes = std::filesystem::file_size(house.database);
  const Finished full = house.run_with_files_of(1'000'000, {"store", "shrink"});
  CHECK(full.code == 2);
  INFO(full.err);
  CHECK(full.err.find(house.database) != std::string::npos);
  CHECK(full.err.find("free") != std::string::npos);
  CHECK(std::filesystem::file_size(house.database) == bytes);
  CHECK(house.files() == before);
  CHECK(house.run({"store", "check"}).code == 0);
  CHECK(house.run({"store", "stats"}).out.find("Events    : 30 ") != std::string::npos);
  CHECK(house.run({"store", "shrink"}).code == 0);
  CHECK(std::filesystem::file_size(house.database) < bytes);
  CHECK(house.run({"store", "stats"}).out.find("Events    : 30 ") != std::string::npos);
}

TEST_CASE("what_a_killed_copy_leaves_is_no_copy_and_in_the_way_of_none") {
  const House house;
  REQUIRE(house.run({"entity", "add", "shop"}).code == 0);
  house.grow(40, 100);
  const std::string copy = house.scratch.file("copy.db"), part = copy + ".part";
  {
    Running killed({"--store", house.store, "store", "backup", copy});
    REQUIRE(eventually([&] {
      std::error_code none;
      return std::filesystem::file_size(part, none) > 0 && !none;
    }));
    killed.kill(SIGKILL);
    REQUIRE(killed.wait() == 128 + SIGKILL);
  }
  CHECK_FALSE(std::filesystem::exists(copy));
  REQUIRE(std::filesystem::exists(part));
  {
    // One that is still being made is left alone.
    const int lock = ::open(part.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(::flock(lock, LOCK_EX | LOCK_NB) == 0);
    const Finished refused = house.run({"store", "backup", copy});
    CHECK(refused.code == 2);
    CHECK(refused.err.find(part + ": a copy is being made there") != std::string::npos);
    ::close(lock);
  }
  const Finished done = house.run({"store", "backup", copy});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK_FALSE(std::filesystem::exists(part));
  CHECK_FALSE(std::filesystem::exists(part + "-journal"));
  CHECK(logystera::testing::run({"--store", "sqlite:" + copy, "store", "check"}).code == 0);
  // A link, or what has two names, is never written to.
  const std::string other = house.scratch.file("other.db"), precious = house.scratch.file("precious");
  std::ofstream(precious) << "precious";
  std::filesystem::create_symlink(precious, other + ".part");
  CHECK(house.run({"store", "backup", other}).code == 2);
  std::filesystem::remove(other + ".part");
  std::filesystem::create_hard_link(precious, other + ".part");
  CHECK(house.run({"store", "backup", other}).code == 2);
  CHECK(logystera::testing::read_whole(precious) == "precious");
}

namespace {

// A file system of its own, of so many MiB; gone with the test.
struct SmallDisk {
  explicit SmallDisk(int mib) {
    std::filesystem::create_directory(path);
    const std::string size = "mode=0700,size=" + std::to_string(mib) + "m";
    mounted = ::mount("tmpfs", path.c_str(), "tmpfs", 0, size.c_str()) == 0;
    if (!mounted) WARN("skipped: a small disk: tmpfs cannot be mounted here");
  }
  ~SmallDisk() {
    if (mounted) ::umount(path.c_str());
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  Scratch scratch;
  const std::string path = scratch.file("disk");
  bool mounted = false;
};

}  // namespace

TEST_CASE("a_full_disk_is_named_with_what_helps_and_holds_nothing_new") {
  SmallDisk disk(3);
  if (!disk.mounted) return;
  const House house;
  REQUIRE(house.run({"entity", "add", "shop"}).code == 0);
  house.grow(8, 50);
  const auto bytes = std::filesystem::file_size(house.database);
  const Finished copied = house.run({"store", "backup", disk.path + "/copy.db"});
  CHECK(copied.code == 2);
  INFO(copied.err);
  CHECK(copied.err.find(disk.path + "/copy.db") != std::string::npos);
  CHECK(copied.err.find("free disk space") != std::string::npos);
  CHECK(std::filesystem::is_empty(disk.path));
  // The directory SQLite takes, and the variable it takes it from before any other.
  for (const char* variable : {"SQLITE_TMPDIR", "TMPDIR"}) {
    Running::Setting setting;
    setting.environment[variable] = disk.path;
    const Finished shrunk = logystera::testing::run({"--store", house.store, "store", "shrink"}, setting);
    CHECK(shrunk.code == 2);
    CHECK(shrunk.err.find(": " + disk.path + " has ") != std::string::npos);
    CHECK(shrunk.err.find("the variable SQLITE_TMPDIR") != std::string::npos);
  }
  Running::Setting both;
  both.environment = {{"TMPDIR", disk.path}, {"SQLITE_TMPDIR", house.scratch.file("elsewhere")}};
  std::filesystem::create_directory(house.scratch.file("elsewhere"));
  CHECK(std::filesystem::file_size(house.database) == bytes);
  CHECK(logystera::testing::run({"--store", house.store, "store", "shrink"}, both).code == 0);
  CHECK(std::filesystem::file_size(house.database) < bytes);
  CHECK(std::filesystem::is_empty(house.scratch.file("elsewhere")));
}

TEST_CASE("a_disk_with_room_for_one_of_the_two_files_of_shrinking_is_too_full_for_both") {
  SmallDisk disk(27);
  if (!disk.mounted) return;
  const House house;
  REQUIRE(house.run({"entity", "add", "shop"}).code == 0);
  house.grow(10, 90);
  // Ten megabytes there, of which nine are to be written anew beside a log of ten: there is room for either.
  const std::string moved = "sqlite:" + disk.path + "/store.db";
  REQUIRE(house.run({"store", "backup", disk.path + "/store.db"}).code == 0);
  Running::Setting here;
  here.environment["SQLITE_TMPDIR"] = disk.path;
  const Finished full = logystera::testing::run({"--store", moved, "store", "shrink"}, here);
  CHECK(full.code == 2);
  INFO(full.err);
  CHECK(full.err.find("SQLITE_TMPDIR") != std::string::npos);
  const Finished done = logystera::testing::run({"--store", moved, "store", "shrink"});
  INFO(done.err);
  CHECK(done.code == 0);
  CHECK(logystera::testing::run({"--store", moved, "store", "check"}).code == 0);
}

TEST_CASE("keys_nobody_knows_are_said_by_whichever_command_reads_the_configuration") {
  House house;
  const std::string config = house.scratch.file("c.yaml");
  std::ofstream(config) << "db_path: " << house.database << "\nretenton: {events_days: 1}\n";
  REQUIRE(logystera::testing::run({"--config", config, "entity", "add", "shop"}).code == 0);
  for (const Arguments& command :
       {Arguments{"store", "stats"}, Arguments{"store", "retention"}, Arguments{"store", "check"},
        Arguments{"entity", "list"}, Arguments{"user", "list"}, Arguments{"token", "list"}, Arguments{"events"},
        Arguments{"findings", "list"}, Arguments{"fleet", "list"}}) {
    Arguments all = command;
    all.insert(all.begin(), {"--config", config});
    const Finished ran = logystera::testing::run(all);
    INFO(command[0] << ": " << ran.err);
    const std::string words = config + ":2:1: unknown key 'retenton', ignored";
    const std::size_t at = ran.err.find(words);
    CHECK(at != std::string::npos);
    CHECK((at == std::string::npos || ran.err.find(words, at + 1) == std::string::npos));  // once
  }
}

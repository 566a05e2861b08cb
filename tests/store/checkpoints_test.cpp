#include "store/sqlite/checkpoints.hpp"

#include <filesystem>
#include <thread>

#include "catch.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/pool.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::store::sqlite;
using namespace logystera::testing;
using std::chrono::hours;
using std::chrono::milliseconds;

namespace {

const Checkpoints::Clock::time_point kStart{};

}  // namespace

TEST_CASE("the_log_is_copied_each_time_it_has_grown_and_not_at_every_commit_after") {
  Checkpoints checkpoints(100, milliseconds(0));
  CHECK(!checkpoints.due(99, kStart));
  CHECK(checkpoints.due(100, kStart));
  CHECK(!checkpoints.due(101, kStart));
  CHECK(!checkpoints.due(199, kStart));
  CHECK(checkpoints.due(230, kStart));
  CHECK(!checkpoints.due(329, kStart));
  CHECK(!checkpoints.due(5, kStart));  // it has begun anew
  CHECK(checkpoints.due(100, kStart));
}

TEST_CASE("a_copy_waits_for_reads_under_way_and_only_so_long") {
  Checkpoints checkpoints(100, hours(1));
  {
    const Checkpoints::Reading reading(checkpoints);
    CHECK(!checkpoints.due(100, kStart));
    CHECK(!checkpoints.due(101, kStart + hours(1) - milliseconds(1)));
    CHECK(checkpoints.due(102, kStart + hours(1)));
    checkpoints.done();
    CHECK(!checkpoints.due(202, kStart + hours(2)));
  }
  CHECK(checkpoints.due(203, kStart + hours(2)));
}

TEST_CASE("a_read_that_begins_waits_for_the_copy_that_is_due") {
  Checkpoints checkpoints(100, hours(1));
  std::thread second;
  bool copied = false, seen = false;
  {
    const Checkpoints::Reading first(checkpoints);
    REQUIRE(!checkpoints.due(100, kStart));
    second = std::thread([&] {
      const Checkpoints::Reading reading(checkpoints);
      seen = copied;
    });
  }
  while (!checkpoints.due(101, kStart))
    std::this_thread::yield();  // refuses only while another thread is in the middle of it
  copied = true;
  checkpoints.done();
  second.join();
  CHECK(seen);
}

TEST_CASE("a_read_begins_after_a_while_where_nobody_writes_any_more") {
  Checkpoints checkpoints(100, milliseconds(1));
  const Checkpoints::Reading first(checkpoints);
  REQUIRE(!checkpoints.due(100, kStart));
  const Checkpoints::Reading second(checkpoints);
  const Checkpoints::Reading third(checkpoints);
}

TEST_CASE("whoever_ends_the_last_read_copies_where_commits_are_far_apart") {
  Checkpoints checkpoints(100, milliseconds(800));
  Checkpoints::Reading first(checkpoints), second(checkpoints);
  REQUIRE(!checkpoints.due(50, kStart));
  REQUIRE(!checkpoints.due(100, kStart + milliseconds(700)));
  CHECK(!second.end());
  REQUIRE(first.end());
  CHECK(!checkpoints.due(300, kStart + hours(1)));  // one copies already
  checkpoints.done();
  CHECK(!checkpoints.due(199, kStart + hours(2)));
  CHECK(checkpoints.due(200, kStart + hours(3)));
  // Where one follows the other at once, the next commit is soon and copies all of it.
  Checkpoints::Reading third(checkpoints);
  REQUIRE(!checkpoints.due(299, kStart));
  REQUIRE(!checkpoints.due(300, kStart + milliseconds(10)));
  CHECK(!third.end());
  CHECK(checkpoints.due(301, kStart + milliseconds(20)));
}

TEST_CASE("the_log_begins_anew_once_those_who_read_have_ended") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  REQUIRE(store::open("sqlite:" + path, {.access = store::Access::create}).ok());
  Checkpoints checkpoints(8, hours(1));
  auto writer = Connection::open(path, false, 100);
  REQUIRE(writer.ok());
  REQUIRE(writer->run("CREATE TABLE t (x)").ok());
  writer->checkpoint_by(checkpoints);
  const auto write = [&](int times) {
    for (int i = 0; i < times; ++i) REQUIRE(writer->run("INSERT INTO t VALUES (randomblob(1000))").ok());
  };
  const auto log_bytes = [&] { return std::filesystem::file_size(path + "-wal"); };
  {
    const Checkpoints::Reading reading(checkpoints);
    auto reader = Connection::open(path, true, 100);
    REQUIRE(reader.ok());
    auto select = reader->prepare("SELECT x FROM t, (SELECT 1 UNION SELECT 2)");
    write(1);
    REQUIRE(select->step() == SQLITE_ROW);
    write(40);
    CHECK(log_bytes() > std::uintmax_t{40} * 4096);
  }
  write(1);  // the log is copied after it
  const auto long_log = log_bytes();
  write(40);
  CHECK(log_bytes() == long_log);
}

TEST_CASE("the_log_is_copied_by_a_read_of_a_store_that_is_seldom_written_to") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  store::OpenOptions options;
  options.access = store::Access::create;
  const auto pool = store::sqlite::Pool::open(path, options).value();
  const auto log_bytes = [&] { return std::filesystem::file_size(path + "-wal"); };
  const auto write = [&](int rows) {
    auto writer = pool->lend();
    REQUIRE(writer.ok());
    REQUIRE(writer.value()
                ->run("WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < " +
                      std::to_string(rows) + ") INSERT INTO t SELECT randomblob(4000) FROM n")
                .ok());
  };
  REQUIRE(pool->lend().value()->run("CREATE TABLE t (x)").ok());
  {
    auto reader = pool->lend_to_look();
    REQUIRE(reader.ok());
    write(9000);  // more than is copied at once; the read has not begun before it
  }
  const auto long_log = log_bytes();
  write(1000);  // at the beginning of the log, for all of it was copied
  CHECK(log_bytes() == long_log);
}

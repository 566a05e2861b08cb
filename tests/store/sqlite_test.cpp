// What is SQLite's alone: files, modes, indexes, and the rows themselves.
#include "store/sqlite/database.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <thread>
#include <utility>

#include "contract.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;
using store::sqlite::Connection;

namespace {

Result<std::unique_ptr<Store>> try_open(const std::string& path, Access access = Access::create) {
  return open("sqlite:" + path, {.access = access});
}

std::unique_ptr<Store> open_at(const std::string& path, Access access = Access::create) {
  auto opened = try_open(path, access);
  if (!opened) FAIL(opened.error().message);
  return std::move(opened).value();
}

using News = std::pair<std::uint64_t, std::uint64_t>;  // new occurrences, new groups

News add(Stores& store, const ErrorOccurrence& one) {
  const ErrorsAdded added = store.errors().add({one}).value();
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

TEST_CASE("a_store_is_private_and_survives_reopening") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  ::umask(0);
  {
    auto store = open_at(path);
    REQUIRE(store->entities().add(entity_of("ent_a")).ok());
    REQUIRE(store->findings().add(finding_of("R", Level::critical, kNow)).ok());
    const Lines lines(0, 3);
    REQUIRE(store->events().append(batch_of(lines, "b1")).ok());
    for (const char* suffix : {"", "-wal", "-shm"}) {
      struct stat info {};
      REQUIRE(::stat((path + suffix).c_str(), &info) == 0);
      CHECK((info.st_mode & 0777) == 0600);
    }
  }
  ::umask(022);
  const auto store = open_at(path, Access::existing);
  CHECK(lines_of(*store).size() == 3);
  const Lines lines(0, 3);
  CHECK(store->events().append(batch_of(lines, "b1"))->batch_known);
  const auto found = store->findings().list({}).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].rule == "R");
  CHECK(found[0].level == Level::critical);
  CHECK(found[0].time == kNow);
}

TEST_CASE("levels_and_severities_are_stored_as_the_numbers_they_have_always_been") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = open_at(path);
  for (const Level level : {Level::low, Level::medium, Level::high, Level::critical})
    REQUIRE(store->findings().add(finding_of(std::string(level_name(level)), level, kNow)).ok());
  CHECK(rows_of(path, "SELECT rule || level FROM findings ORDER BY level") == "low0\nmedium1\nhigh2\ncritical3\n");
  ErrorOccurrence worst = occurrence_of("f", kNow);
  worst.severity = Severity::critical;
  REQUIRE(store->errors().add({worst}).ok());
  CHECK(rows_of(path, "SELECT severity FROM errors") == "4\n");
  // What somebody else wrote into the file is no reason to read beyond a table of names.
  auto other = Connection::open(path, false, 1000);
  REQUIRE(other->run("UPDATE findings SET level = 99; UPDATE errors SET severity = -7").ok());
  CHECK(store->findings().list({}).value().front().level == Level::critical);
  CHECK(store->errors().find("f").value()->severity == Severity::debug);
}

TEST_CASE("types_a_sender_invents_fill_no_table") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  auto opened = open("sqlite:" + path, {.access = Access::create, .types = 2});
  REQUIRE(opened.ok());
  Store& store = *opened.value();
  REQUIRE(store.entities().add(entity_of("ent_a")).ok());
  for (unsigned i = 0; i < 20; ++i) {
    const Lines lines(i, 1, fmt::format("made.up{}", i));
    REQUIRE(store.events().append(batch_of(lines, fmt::format("b{}", i))).ok());
  }
  CHECK(rows_of(path, "SELECT count(*) FROM types") == "3\n");  // two, and one for all the others
}

TEST_CASE("a_statement_goes_back_when_its_lease_ends_and_is_another_while_somebody_has_it") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = open_at(path);
  auto connection = Connection::open(path, false, 100);
  REQUIRE(connection.ok());
  const sqlite::Sql count("SELECT count(*) FROM entities WHERE token <> ?");
  {
    auto first = connection->lease(count);
    first->bind(1, std::string_view("ent_x"));
    REQUIRE(first->step() == SQLITE_ROW);
    auto second = connection->lease(count);
    REQUIRE(second->step() == SQLITE_ROW);  // nothing bound: a statement of its own
    CHECK(first->integer(0) == 0);
    // A second connection may write although the first is in the middle of reading; its end closes the read transaction.
    REQUIRE(store->entities().add(entity_of("ent_a")).ok());
    CHECK(connection->integer("SELECT count(*) FROM entities").value() == 0);  // its view of before
  }
  CHECK(connection->integer("SELECT count(*) FROM entities").value() == 1);
  auto again = connection->lease(count);
  REQUIRE(again->step() == SQLITE_ROW);
  CHECK(again->integer(0) == 0);  // compares with NULL: what was bound before is forgotten
}

TEST_CASE("a_query_since_a_time_uses_the_time_index") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = open_at(path);
  auto connection = Connection::open(path, true, 100);
  REQUIRE(connection.ok());
  auto plan = connection->prepare(
      "EXPLAIN QUERY PLAN SELECT e.seq FROM events e WHERE e.type IN (SELECT id FROM types) AND "
      "e.entity IN (SELECT id FROM entities) AND e.created_at >= 5");
  REQUIRE(plan.ok());
  std::string text;
  while (plan->step() == SQLITE_ROW) text += std::string(plan->text(3)) + "\n";
  CHECK(text.find("events_by_time (entity=? AND type=? AND created_at>?)") != std::string::npos);
}

TEST_CASE("a_database_of_a_newer_version_is_refused") {
  Scratch scratch;
  const std::string path = scratch.file("newer.db");
  { const auto store = open_at(path); }
  auto connection = Connection::open(path, false, 100);
  REQUIRE(connection->run("INSERT INTO migrations VALUES (99, 0)").ok());
  const auto opened = try_open(path, Access::existing);
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find("install the newer logystera") != std::string::npos);
}

TEST_CASE("whoever_could_sign_in_before_there_were_roles_is_an_administrator_and_stays_signed_in") {
  Scratch scratch;
  const std::string path = scratch.file("older.db");
  const Digest hash = sha256("session");
  {
    const std::ofstream made(path);
    auto connection = Connection::open(path, false, 100);
    REQUIRE(connection.ok());
    REQUIRE(sqlite::migrate(connection.value(), 7).ok());
    REQUIRE(connection->run("INSERT INTO users VALUES (7, 'anna', 'a hash', 1, 2)").ok());
    auto add = connection->prepare("INSERT INTO sessions VALUES (?, 7, 3, 4)");
    REQUIRE(add.ok());
    add->bind_blob(1, hash.data(), hash.size());
    REQUIRE(connection->finish(add.value(), "add").ok());
  }
  const auto store = open_at(path);
  const auto anna = store->accounts().find_user("anna").value();
  REQUIRE(anna);
  CHECK(anna->id == 7);
  CHECK(anna->role == "admin");
  CHECK(anna->sites.all);
  CHECK_FALSE(anna->disabled);
  CHECK(anna->last_login_at == 2);
  const auto session = store->accounts().find_session(hash).value();
  REQUIRE(session);
  CHECK(session->user == 7);
  CHECK(session->created_at == 3);
  CHECK(session->seen_at == 4);
}

TEST_CASE("findings_of_an_older_program_are_about_nobody_and_stay") {
  constexpr std::size_t kBefore = 18;  // the version that knew nothing of who did it
  Scratch scratch;
  const std::string path = scratch.file("older.db");
  {
    const std::ofstream made(path);
    auto connection = Connection::open(path, false, 100);
    REQUIRE(connection.ok());
    REQUIRE(sqlite::migrate(connection.value(), kBefore).ok());
    REQUIRE(
        connection
            ->run("INSERT INTO findings (key, rule, title, level, source, time, line, message) VALUES (x'01', 'R', 'About "
                  "R', 2, 'a.log', 7, 3, 'words')")
            .ok());
  }
  const auto store = open_at(path);
  const auto found = store->findings().list({}).value();
  REQUIRE(found.size() == 1);
  CHECK(found[0].message == "words");
  CHECK(found[0].who.empty());
  Finding next = finding_of("R", Level::high, kNow);
  next.who = {"ip_1", "root", "web1", 0, Who::Outcome::login_failed};
  REQUIRE(store->findings().add(next).ok());
  CHECK(store->findings().list({}).value().front().who == next.who);
}

TEST_CASE("a_missing_store_is_an_error_with_a_remedy") {
  Scratch scratch;
  const auto missing = try_open(scratch.file("none.db"), Access::existing);
  REQUIRE(!missing.ok());
  CHECK(missing.error().message.find("name the right file") != std::string::npos);
  CHECK(!std::filesystem::exists(scratch.file("none.db")));
  const auto nowhere = try_open(scratch.file("no/such/a.db"), Access::create);
  REQUIRE(!nowhere.ok());
  CHECK(nowhere.error().message.find("cannot create it") != std::string::npos);
  CHECK(!open("postgres://x").ok());
  CHECK(!open("sqlite:").ok());
}

TEST_CASE("an_event_id_is_its_sixteen_bytes_whatever_its_case") {
  const EventId id = event_id_of("3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f01");
  CHECK(id[0] == 0x3f);
  CHECK(id[15] == 0x01);
  CHECK(id == event_id_of("3F2B8A0E-7C41-4D19-9A2E-5B6C7D8E9F01"));
  CHECK(id != event_id_of("3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f02"));
}

TEST_CASE("errors_stored_together_are_what_they_are_stored_one_after_the_other") {
  // Groups of every shape: older and newer than what is there, of one second in two sources, twice the same line, made up ones.
  std::vector<ErrorOccurrence> all;
  std::uint32_t seed = 7;
  const auto next = [&seed](std::uint32_t below) { return (seed = seed * 1664525 + 1013904223) >> 16 & 0x7fff % below; };
  for (std::uint64_t i = 0; i < 3'000; ++i) {
    ErrorOccurrence one = occurrence_of("f" + std::to_string(next(60)), kNow + next(40), next(25));
    one.pattern = "pattern " + std::to_string(next(3));
    one.source = next(2) ? "a.log" : "b.log";
    one.severity = next(2) ? Severity::critical : Severity::error;
    one.demo = next(4) == 0;
    all.push_back(std::move(one));
  }
  Scratch scratch;
  const std::string singly = scratch.file("singly.db"), together = scratch.file("together.db");
  News one_by_one, at_once;
  {
    const auto store = open_at(singly);
    for (const ErrorOccurrence& one : all) {
      const News news = add(*store, one);
      one_by_one.first += news.first;
      one_by_one.second += news.second;
    }
    const auto batches = open_at(together);
    for (std::size_t from = 0, size = 1; from < all.size(); from += size, size = size * 3 % 701 + 1) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
      const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(from + size, all.size()));
      const ErrorsAdded added = batches->errors().add({begin, end}).value();
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
    const std::string rows = rows_of(singly, sql);
    CHECK(rows.size() > 100);
    CHECK(rows == rows_of(together, sql));
  }
}

TEST_CASE("errors_that_cannot_all_be_stored_are_not_stored_at_all") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = open_at(path);
  {
    auto other = Connection::open(path, false, 100);
    REQUIRE(other
                ->run("CREATE TRIGGER full BEFORE INSERT ON errors WHEN new.fingerprint = 'z' BEGIN SELECT "
                      "raise(FAIL, 'full'); END")
                .ok());
  }
  CHECK_FALSE(store->errors().add({occurrence_of("a", kNow), occurrence_of("z", kNow)}).ok());
  CHECK_FALSE(store->errors().find("a").value());
  CHECK(store->errors().occurrences("a").value().empty());
  CHECK(add(*store, occurrence_of("a", kNow)) == News{1, 1});
}

TEST_CASE("looking_at_what_is_stored_makes_no_database") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  {
    const auto store = open_at(path, Access::look);
    CHECK(store->findings().list({}).value().empty());
    CHECK(store->errors().list(ErrorSort::count, {}, 10).value().empty());
    CHECK(store->entities().list().value().empty());
    CHECK(store->findings().undismiss("R", "").value() == 0);
    CHECK(prune(*store, kNow, kRetentionDays).value() == 0);
  }
  CHECK(std::filesystem::is_empty(std::filesystem::path(path).parent_path()));
  (void)add(*open_at(path), occurrence_of("f", kNow));
  CHECK(open_at(path, Access::look)->errors().find("f").value()->count == 1);
}

TEST_CASE("to_open_a_store_writes_nothing_and_waits_for_no_writer") {
  const Scratch scratch;
  const std::string path = scratch.file("a.db");
  const auto store = open_at(path);
  REQUIRE(store->entities().add(entity_of("ent_a")).ok());
  auto writer = Connection::open(path, false, 100);
  REQUIRE(writer.ok());
  REQUIRE(writer->run("BEGIN IMMEDIATE").ok());
  const auto log_bytes = std::filesystem::file_size(path + "-wal");
  for (const Access access : {Access::create, Access::existing, Access::look}) {
    const auto other = open("sqlite:" + path, {.access = access, .busy_ms = 0});
    INFO((other.ok() ? "" : other.error().message));
    REQUIRE(other.ok());
    CHECK(other.value()->entities().list().value().size() == 1);
  }
  CHECK(std::filesystem::file_size(path + "-wal") == log_bytes);
}

TEST_CASE("what_is_no_database_is_refused_with_its_name") {
  Scratch scratch;
  std::ofstream(scratch.file("letter.db"))
      << "this is not a database, it is a letter, and long enough to be looked at as one page";
  auto foreign = try_open(scratch.file("letter.db"));
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().message.find("letter.db") != std::string::npos);
}

TEST_CASE("a_store_that_others_use_is_not_written_anew_and_one_that_is_used_alone_gives_back") {
  const Scratch scratch;
  const std::string path = scratch.file("a.db");
  {
    // As one made before stores gave anything back.
    auto old = Connection::open(path, false, 100);
    if (!old) {
      std::ofstream(path).flush();
      old = Connection::open(path, false, 100);
    }
    REQUIRE(old.ok());
    REQUIRE(old->run("PRAGMA auto_vacuum=NONE; PRAGMA journal_mode=WAL; PRAGMA application_id=1280264025; CREATE TABLE "
                     "migrations (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT; DROP TABLE migrations;")
                .ok());
  }
  const auto store = open_at(path);
  REQUIRE(store->entities().add(entity_of("ent_a")).ok());
  for (unsigned i = 0; i < 20; ++i) {
    const Lines lines(i * 1'000, 500);
    const std::string id = "b" + std::to_string(i);
    REQUIRE(store->events().append(batch_of(lines, id)).ok());
  }
  while (store->maintenance().remove_events(kNow + kDay, 5'000, Removal::age).value() > 0) {
  }
  const StoreSize before = store->maintenance().size().value();
  CHECK(before.free_bytes > 0);
  {
    const auto other = open_at(path, Access::existing);
    CHECK(other->events().read({}, [](const StoredEvent&) { return true; }).ok());
    const auto refused = store->maintenance().shrink();
    REQUIRE(!refused.ok());
    CHECK(refused.error().kind == ErrorKind::busy);
    CHECK(refused.error().message.find("end `logystera serve`") != std::string::npos);
    CHECK(other->events().append(batch_of(Lines(90'000, 1), "b90")).ok());
  }
  const auto shrunk = store->maintenance().shrink();
  INFO((shrunk ? "" : shrunk.error().message));
  REQUIRE(shrunk.ok());
  const StoreSize after = store->maintenance().size().value();
  CHECK(after.free_bytes == 0);
  CHECK(after.bytes < before.bytes);
  CHECK(after.gives_back);
  CHECK(lines_of(*store).size() == 2);
  CHECK(store->maintenance().check().value().empty());
  CHECK(rows_of(path, "PRAGMA journal_mode") == "wal\n");
}

TEST_CASE("a_store_that_is_damaged_is_said_to_be") {
  const Scratch scratch;
  const std::string path = scratch.file("a.db");
  {
    const auto store = open_at(path);
    REQUIRE(store->entities().add(entity_of("ent_a")).ok());
    for (unsigned i = 0; i < 20; ++i) {
      const Lines lines(i * 1'000, 500);
      const std::string id = "b" + std::to_string(i);
      REQUIRE(store->events().append(batch_of(lines, id)).ok());
    }
    CHECK(store->maintenance().check().value().empty());
  }
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(path) / 2));
    file << std::string(8'192, '\x7f');
  }
  const auto store = open_at(path, Access::existing);
  const auto lines = store->maintenance().check();
  CHECK((!lines.ok() || !lines->empty()));
}

TEST_CASE("waiting_is_no_work_until_it_lasts_five_times_as_long_as_work_may") {
  constexpr auto kSome =
      "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT count(*) FROM n";
  constexpr auto kEndless = "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
  auto connection = Connection::open_in_memory("memory").value();
  REQUIRE(connection.only_look(500).ok());
  connection.allow();
  std::this_thread::sleep_for(std::chrono::milliseconds(550));
  CHECK(connection.integer(kSome).value() == 20'000);
  connection.allow();
  std::this_thread::sleep_for(std::chrono::milliseconds(2550));
  CHECK(connection.integer(kSome).error().kind == ErrorKind::busy);
  connection.allow();
  CHECK(connection.integer(kEndless).error().kind == ErrorKind::busy);
}

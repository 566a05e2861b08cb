#include "store/sqlite/database.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "catch.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"

using namespace logystera;
using namespace logystera::store;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

Entity entity_named(const std::string& token) {
  Entity entity;
  entity.token = token;
  entity.name = "shop";
  entity.created_at = kNow;
  entity.sealed_secret = std::string("sealed\0secret", 13);
  return entity;
}

std::unique_ptr<Store> store_with(const std::string& path, SqliteOptions options = {}, const std::string& token = "ent_a") {
  auto opened = open_sqlite(path, Access::create, options);
  if (!opened) FAIL(opened.error().message);
  if (!opened.value()->find_entity(token).value()) {
    REQUIRE(opened.value()->add_entity(entity_named(token)).ok());
  }
  return std::move(opened).value();
}

// Events with ids first … first + count - 1, and what they point at.
struct Lines {
  std::vector<std::string> text;
  std::vector<NewEvent> events;

  Lines(unsigned first, unsigned count, const std::string& type = "auth.login", std::int64_t created_at = kNow) {
    text.reserve(count);
    types.push_back(type);
    for (unsigned i = first; i < first + count; ++i) {
      text.push_back(fmt::format("{{\"n\":{}}}", i));
      EventId id{};
      for (unsigned byte = 0; byte < 4; ++byte) id[byte] = static_cast<std::uint8_t>(i >> (8 * byte));
      events.push_back({text.back(), types.front(), id, created_at});
    }
  }
  std::vector<std::string> types;
};

Batch batch_of(const Lines& lines, const std::string& id, std::string_view entity = "ent_a") {
  return {entity, id, kNow, 0, lines.events};
}

Result<Appended> append(Store& store, Batch batch) {
  const auto promise = std::make_shared<std::promise<Result<Appended>>>();  // the store's thread may let go of it last
  auto result = promise->get_future();
  store.append(std::move(batch), [promise](Result<Appended> appended) { promise->set_value(std::move(appended)); });
  return result.get();
}

std::vector<std::string> lines_of(Store& store, const EventQuery& query = {}) {
  std::vector<std::string> lines;
  const auto read = store.events(query, [&](const StoredEvent& event) {
    lines.emplace_back(event.line);
    return true;
  });
  REQUIRE(read.ok());
  return lines;
}

}  // namespace

TEST_CASE("an_event_is_stored_once_however_often_and_in_whatever_batch_it_comes") {
  Scratch scratch;
  auto store = store_with(scratch.file("a.db"));
  const auto first = append(*store, batch_of(Lines(0, 3), "b1"));
  REQUIRE(first.ok());
  CHECK(first->accepted == 3);
  CHECK(first->duplicates == 0);
  CHECK(!first->batch_known);

  const auto again = append(*store, batch_of(Lines(0, 3), "b1"));
  CHECK(again->accepted == 0);
  CHECK(again->duplicates == 3);
  CHECK(again->batch_known);

  const auto overlapping = append(*store, batch_of(Lines(2, 3), "b2"));
  CHECK(overlapping->accepted == 2);
  CHECK(overlapping->duplicates == 1);
  CHECK(!overlapping->batch_known);
  CHECK(lines_of(*store) == std::vector<std::string>{R"({"n":0})", R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})"});
}

TEST_CASE("the_same_event_id_of_another_entity_is_another_event") {
  Scratch scratch;
  auto store = store_with(scratch.file("a.db"));
  REQUIRE(store->add_entity(entity_named("ent_b")).ok());
  CHECK(append(*store, batch_of(Lines(0, 2), "b1", "ent_a"))->accepted == 2);
  CHECK(append(*store, batch_of(Lines(0, 2), "b1", "ent_b"))->accepted == 2);
}

TEST_CASE("a_store_is_private_and_survives_reopening") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  ::umask(0);
  {
    auto store = store_with(path);
    REQUIRE(append(*store, batch_of(Lines(0, 3), "b1")).ok());
    for (const char* suffix : {"", "-wal", "-shm"}) {
      struct stat info {};
      REQUIRE(::stat((path + suffix).c_str(), &info) == 0);
      CHECK((info.st_mode & 0777) == 0600);
    }
  }
  ::umask(022);
  auto store = open_sqlite(path, Access::existing);
  REQUIRE(store.ok());
  CHECK(lines_of(*store.value()).size() == 3);
  CHECK(append(*store.value(), batch_of(Lines(0, 3), "b1"))->batch_known);
}

TEST_CASE("entities_keep_their_secrets_flags_and_counters") {
  Scratch scratch;
  auto store = store_with(scratch.file("a.db"));
  const Lines lines(0, 3);
  const std::string id = "b1";  // the batch only points at them
  Batch batch = batch_of(lines, id);
  batch.rejected = 2;
  REQUIRE(append(*store, batch).ok());
  REQUIRE(append(*store, batch).ok());
  auto entity = store->find_entity("ent_a").value();
  REQUIRE(entity);
  CHECK(entity->sealed_secret == std::string("sealed\0secret", 13));
  CHECK(entity->sealed_previous.empty());
  CHECK(entity->accepted == 3);
  CHECK(entity->duplicates == 3);
  CHECK(entity->rejected == 2);  // counted with the batch's first arrival only
  CHECK(entity->last_seen_at == kNow);

  entity->disabled = true;
  entity->sealed_previous = entity->sealed_secret;
  entity->sealed_secret = "new";
  entity->rotated_at = kNow + 5;
  CHECK(store->update_entity(*entity).value());
  const auto changed = store->find_entity("ent_a").value();
  CHECK(changed->disabled);
  CHECK(changed->sealed_secret == "new");
  CHECK(changed->sealed_previous == std::string("sealed\0secret", 13));
  CHECK(changed->rotated_at == kNow + 5);
  CHECK(changed->accepted == 3);

  CHECK(!store->find_entity("ent_none").value());
  CHECK(!store->update_entity(entity_named("ent_none")).value());
  CHECK(!store->add_entity(entity_named("ent_a")).ok());
  CHECK(store->entities()->size() == 1);
}

TEST_CASE("queries_filter_by_type_entity_time_sequence_and_count") {
  Scratch scratch;
  auto store = store_with(scratch.file("a.db"));
  REQUIRE(store->add_entity(entity_named("ent_b")).ok());
  REQUIRE(append(*store, batch_of(Lines(0, 2, "auth.login", kNow - 100), "b1", "ent_a")).ok());
  REQUIRE(append(*store, batch_of(Lines(2, 2, "cache.flush", kNow), "b2", "ent_a")).ok());
  REQUIRE(append(*store, batch_of(Lines(4, 2, "auth.login", kNow), "b3", "ent_b")).ok());
  const auto count = [&](const EventQuery& query) { return lines_of(*store, query).size(); };
  EventQuery query;
  CHECK(count(query) == 6);
  query.type = "auth.login";
  CHECK(count(query) == 4);
  query.entity = "ent_a";
  CHECK(lines_of(*store, query) == std::vector<std::string>{R"({"n":0})", R"({"n":1})"});
  query.since = kNow - 100;
  CHECK(count(query) == 2);
  query.since = kNow - 99;
  CHECK(count(query) == 0);
  query = {};
  query.since = kNow;
  CHECK(count(query) == 4);
  query.newest = 3;
  CHECK(lines_of(*store, query) == std::vector<std::string>{R"({"n":3})", R"({"n":4})", R"({"n":5})"});
  query = {};
  query.after = 4;
  CHECK(count(query) == 2);
  query = {};
  query.entity = "shop";  // both entities bear the name
  CHECK(count(query) == 6);
  query.type = "no.such";
  CHECK(count(query) == 0);
}

TEST_CASE("a_sender_that_invents_types_fills_no_table_and_its_events_are_found_all_the_same") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  SqliteOptions options;
  options.types = 2;
  auto store = store_with(path, options);
  unsigned sent = 0;
  const auto send = [&](const std::string& type) {
    Lines lines(sent, 1, type, kNow + sent);
    const std::string line = fmt::format(R"({{"event_type":"{}","n":{}}})", type, sent);
    lines.events.front().line = line;
    return append(*store, batch_of(lines, fmt::format("b{}", sent++)));
  };
  const auto unnumbered = [&](const std::string& type) {
    const auto appended = send(type);
    REQUIRE(appended.ok());
    CHECK(appended->accepted == 1);
    return appended->unnumbered;
  };
  CHECK(unnumbered("auth.login") == 0);
  CHECK(unnumbered("made.up1") == 0);
  for (unsigned i = 2; i < 20; ++i) CHECK(unnumbered(fmt::format("made.up{}", i)) == 1);
  CHECK(unnumbered("auth.login") == 0);  // what is known stays known
  store = store_with(path, options);
  CHECK(unnumbered("made.up99") == 1);
  CHECK(unnumbered("made.up1") == 0);

  auto connection = Connection::open(path, true, 100);
  REQUIRE(connection.ok());
  CHECK(connection->integer("SELECT count(*) FROM types").value() == 3);  // two, and one for all the others

  const auto found = [&](const EventQuery& query) {
    std::string text;
    const auto read = store->events(query, [&](const StoredEvent& event) {
      CHECK(event.line.find(fmt::format(R"("event_type":"{}")", event.type)) != std::string_view::npos);
      text += std::string(event.line.substr(event.line.find(R"("n":)") + 4));
      return true;
    });
    REQUIRE(read.ok());
    return text;
  };
  EventQuery query;
  const std::string all = found(query);
  CHECK(std::count(all.begin(), all.end(), '}') == sent);
  query.type = "made.up7";
  CHECK(found(query) == "7}");
  query.type = "made.up1";
  CHECK(found(query) == "1}22}");
  query.newest = 1;
  CHECK(found(query) == "22}");
  query.type = "made.up19";
  query.since = kNow + 19;
  CHECK(found(query) == "19}");
  query.since = kNow + 20;
  CHECK(found(query).empty());
  query = {};
  query.type = "made.up100";
  CHECK(found(query).empty());
}

TEST_CASE("a_query_since_a_time_uses_the_time_index") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  auto store = store_with(path);
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

TEST_CASE("batches_of_many_threads_are_all_stored_and_each_caller_hears_of_its_own") {
  Scratch scratch;
  auto store = store_with(scratch.file("a.db"));
  constexpr unsigned kThreads = 8, kBatches = 40, kEvents = 10;
  std::atomic<unsigned> accepted = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned b = 0; b < kBatches; ++b) {
        const Lines lines((t * kBatches + b) * kEvents, kEvents);
        const auto appended = append(*store, batch_of(lines, fmt::format("{}-{}", t, b)));
        if (appended) accepted += appended->accepted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(accepted == kThreads * kBatches * kEvents);
  CHECK(lines_of(*store).size() == kThreads * kBatches * kEvents);
}

TEST_CASE("an_append_is_refused_when_more_waits_than_the_store_may_hold") {
  Scratch scratch;
  SqliteOptions options;
  options.waiting_bytes = 100;
  auto store = store_with(scratch.file("a.db"), options);
  const auto refused = append(*store, batch_of(Lines(0, 100), "b1"));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("more waits") != std::string::npos);
  CHECK(append(*store, batch_of(Lines(0, 1), "b2")).ok());
}

TEST_CASE("a_locked_database_refuses_the_batch_and_takes_it_when_the_lock_is_gone") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  SqliteOptions options;
  options.busy_ms = 50;
  auto store = store_with(path, options);
  auto other = Connection::open(path, false, 0);
  REQUIRE(other.ok());
  REQUIRE(other->run("BEGIN EXCLUSIVE").ok());
  const Lines lines(0, 3);
  const auto refused = append(*store, batch_of(lines, "b1"));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("another program holds its write lock") != std::string::npos);
  REQUIRE(other->run("COMMIT").ok());
  const auto taken = append(*store, batch_of(lines, "b1"));
  REQUIRE(taken.ok());
  CHECK(taken->accepted == 3);
}

TEST_CASE("a_full_disk_refuses_the_batch_and_loses_nothing_that_was_stored") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  auto store = store_with(path);
  REQUIRE(append(*store, batch_of(Lines(0, 3), "b1")).ok());
  // No file may grow any more: what a full disk looks like to SQLite, without needing a small disk.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  const rlimit none{1, before.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
  const Lines lines(100, 1000, "new.type");
  const auto refused = append(*store, batch_of(lines, "b2"));
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find(path) != std::string::npos);
  CHECK(lines_of(*store).size() == 3);
  const auto taken = append(*store, batch_of(lines, "b2"));
  REQUIRE(taken.ok());
  CHECK(taken->accepted == 1000);
}

TEST_CASE("a_database_of_a_newer_version_is_refused") {
  Scratch scratch;
  const std::string path = scratch.file("newer.db");
  { auto store = store_with(path); }
  auto connection = Connection::open(path, false, 100);
  REQUIRE(connection->run("INSERT INTO migrations VALUES (99, 0)").ok());
  const auto opened = open_sqlite(path, Access::existing);
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find("install the newer logystera") != std::string::npos);
}

TEST_CASE("a_missing_store_is_an_error_with_a_remedy") {
  Scratch scratch;
  const auto missing = open_sqlite(scratch.file("none.db"), Access::existing);
  REQUIRE(!missing.ok());
  CHECK(missing.error().message.find("--store sqlite:PATH") != std::string::npos);
  CHECK(!std::filesystem::exists(scratch.file("none.db")));
  const auto nowhere = open_sqlite(scratch.file("no/such/a.db"), Access::create);
  REQUIRE(!nowhere.ok());
  CHECK(nowhere.error().message.find("cannot create it") != std::string::npos);
  CHECK(!open("postgres://x", Access::create).ok());
  CHECK(!open("sqlite:", Access::create).ok());
}

TEST_CASE("an_event_id_is_its_sixteen_bytes_whatever_its_case") {
  const EventId id = event_id_of("3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f01");
  CHECK(id[0] == 0x3f);
  CHECK(id[15] == 0x01);
  CHECK(id == event_id_of("3F2B8A0E-7C41-4D19-9A2E-5B6C7D8E9F01"));
  CHECK(id != event_id_of("3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f02"));
}

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

TEST_CASE("an_event_is_stored_once_however_often_and_in_whatever_batch_it_comes") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  const auto first = append(*writer, batch_of(Lines(0, 3), "b1"));
  REQUIRE(first.ok());
  CHECK(first->accepted == 3);
  CHECK(first->duplicates == 0);
  CHECK(!first->batch_known);

  const auto again = append(*writer, batch_of(Lines(0, 3), "b1"));
  CHECK(again->accepted == 0);
  CHECK(again->duplicates == 3);
  CHECK(again->batch_known);

  const auto overlapping = append(*writer, batch_of(Lines(2, 3), "b2"));
  CHECK(overlapping->accepted == 2);
  CHECK(overlapping->duplicates == 1);
  CHECK(!overlapping->batch_known);
  CHECK(lines_of(*store) == std::vector<std::string>{R"({"n":0})", R"({"n":1})", R"({"n":2})", R"({"n":3})", R"({"n":4})"});
}

TEST_CASE("the_same_event_id_of_another_entity_is_another_event") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  REQUIRE(store->entities().add(entity_of("ent_b")).ok());
  CHECK(append(*writer, batch_of(Lines(0, 2), "b1", "ent_a"))->accepted == 2);
  CHECK(append(*writer, batch_of(Lines(0, 2), "b1", "ent_b"))->accepted == 2);
}

TEST_CASE("entities_keep_their_secrets_flags_and_counters") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  const Lines lines(0, 3);
  const std::string id = "b1";  // the batch only points at them
  Batch batch = batch_of(lines, id);
  batch.rejected = 2;
  REQUIRE(append(*writer, batch).ok());
  REQUIRE(append(*writer, batch).ok());
  auto entity = store->entities().find("ent_a").value();
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
  CHECK(store->entities().update(*entity).value());
  const auto changed = store->entities().find("ent_a").value();
  CHECK(changed->disabled);
  CHECK(changed->sealed_secret == "new");
  CHECK(changed->sealed_previous == std::string("sealed\0secret", 13));
  CHECK(changed->rotated_at == kNow + 5);
  CHECK(changed->accepted == 3);

  CHECK(!store->entities().find("ent_none").value());
  CHECK(!store->entities().update(entity_of("ent_none")).value());
  CHECK(!store->entities().add(entity_of("ent_a")).ok());
  CHECK(store->entities().list()->size() == 1);
}

TEST_CASE("queries_filter_by_type_entity_time_sequence_and_count") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  REQUIRE(store->entities().add(entity_of("ent_b")).ok());
  REQUIRE(append(*writer, batch_of(Lines(0, 2, "auth.login", kNow - 100), "b1", "ent_a")).ok());
  REQUIRE(append(*writer, batch_of(Lines(2, 2, "cache.flush", kNow), "b2", "ent_a")).ok());
  REQUIRE(append(*writer, batch_of(Lines(4, 2, "auth.login", kNow), "b3", "ent_b")).ok());
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

TEST_CASE("batches_of_many_threads_are_all_stored_and_each_caller_hears_of_its_own") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  constexpr unsigned kThreads = 8, kBatches = 40, kEvents = 10;
  std::atomic<unsigned> accepted = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned b = 0; b < kBatches; ++b) {
        const Lines lines((t * kBatches + b) * kEvents, kEvents);
        const auto appended = append(*writer, batch_of(lines, fmt::format("{}-{}", t, b)));
        if (appended) accepted += appended->accepted;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(accepted == kThreads * kBatches * kEvents);
  CHECK(lines_of(*store).size() == kThreads * kBatches * kEvents);
}

TEST_CASE("an_append_is_refused_when_more_waits_than_the_store_may_hold") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  options.waiting_bytes = 100;
  auto store = store_with_entity(place, options);
  const auto writer = std::move(store->start_batch_writer()).value();
  const auto refused = append(*writer, batch_of(Lines(0, 100), "b1"));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("more waits") != std::string::npos);
  CHECK(append(*writer, batch_of(Lines(0, 1), "b2")).ok());
}

TEST_CASE("a_locked_database_refuses_the_batch_and_takes_it_when_the_lock_is_gone") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  options.busy_ms = 50;
  auto store = store_with_entity(place, options);
  const auto writer = std::move(store->start_batch_writer()).value();
  auto other = place.other_writer();
  const Lines lines(0, 3);
  const auto refused = append(*writer, batch_of(lines, "b1"));
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("another program holds its write lock") != std::string::npos);
  other.reset();
  const auto taken = append(*writer, batch_of(lines, "b1"));
  REQUIRE(taken.ok());
  CHECK(taken->accepted == 3);
}

TEST_CASE("a_full_disk_refuses_the_batch_and_loses_nothing_that_was_stored") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  REQUIRE(append(*writer, batch_of(Lines(0, 3), "b1")).ok());
  auto full = place.full_disk();
  const Lines lines(100, 1000, "new.type");
  const auto refused = append(*writer, batch_of(lines, "b2"));
  full.reset();
  REQUIRE(!refused.ok());
  CHECK(refused.error().message.find("store.db") != std::string::npos);
  CHECK(lines_of(*store).size() == 3);
  const auto taken = append(*writer, batch_of(lines, "b2"));
  REQUIRE(taken.ok());
  CHECK(taken->accepted == 1000);
}

TEST_CASE("a_sender_that_invents_types_fills_no_table_and_its_events_are_found_all_the_same") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  options.types = 2;
  auto store = store_with_entity(place, options);
  auto writer = std::move(store->start_batch_writer()).value();
  unsigned sent = 0;
  const auto send = [&](const std::string& type) {
    Lines lines(sent, 1, type, kNow + sent);
    const std::string line = fmt::format(R"({{"event_type":"{}","n":{}}})", type, sent);
    lines.events.front().line = line;
    return append(*writer, batch_of(lines, fmt::format("b{}", sent++)));
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
  writer.reset();
  store = store_with_entity(place, options);
  writer = std::move(store->start_batch_writer()).value();
  CHECK(unnumbered("made.up99") == 1);
  CHECK(unnumbered("made.up1") == 0);

  const auto found = [&](const EventQuery& query) {
    std::string text;
    const auto read = store->events().read(query, [&](const StoredEvent& event) {
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

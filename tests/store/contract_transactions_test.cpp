// Transactions, and what several threads and programs may do at the same time.
#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

/// Something of every kind; what failed, or nothing.
std::string write_everything(Stores& stores, const std::string& name) {
  std::string failed;
  const auto note = [&failed](std::string_view what, bool ok) {
    if (!ok) failed += std::string(what) + " ";
  };
  const Lines lines(7, 3);
  User user;
  user.name = name;
  user.password_hash = "$argon2id$";
  SupportRequest request;
  request.reference = "sup_" + name;
  request.entity = "ent_" + name;
  request.batch = "b";
  note("entities", stores.entities().add(entity_of("ent_" + name)).ok());
  note("events", stores.events().append(batch_of(lines, "b1", "ent_" + name)).ok());
  note("support", stores.support().add(request).ok());
  note("accounts", stores.accounts().add_user(user).ok());
  note("codes", stores.accounts().add_code(sha256(name), {1, "c", "r", "x", kNow}, 0).ok());
  note("findings", stores.findings().add(finding_of(name, Level::high, kNow)).ok());
  note("dismissals", stores.findings().dismiss({name, "", "", kNow}).ok());
  note("errors", stores.errors().add({occurrence_of(name, kNow)}).ok());
  note("baselines", stores.baselines().put({name, "zscore", 60, 1, kNow, "state"}).ok());
  const SeenValue seen[] = {{"R", 7, 1, 2, false}};
  note("seen", stores.seen().put("ent_" + name, seen).ok());
  note("absences", stores.seen().put_absences("ent_" + name, "state").ok());
  return failed;
}

/// How many of the kinds know `name`.
int kinds_that_know(Stores& stores, const std::string& name) {
  int events = 0;
  EventQuery of_entity;
  of_entity.entity = "ent_" + name;
  REQUIRE(stores.events().read(of_entity, [&](const StoredEvent&) { return ++events, true; }).ok());
  FindingQuery of_rule;
  of_rule.rule = name;
  return stores.entities().find("ent_" + name).value().has_value() + (events == 3) +
         stores.support().find("sup_" + name).value().has_value() + stores.accounts().find_user(name).value().has_value() +
         stores.accounts().find_code(sha256(name)).value().has_value() +
         static_cast<int>(stores.findings().list(of_rule).value().size()) +
         stores.findings().dismissed(name, "any").value() + stores.errors().find(name).value().has_value() +
         stores.baselines().find(name, "zscore").value().has_value() +
         static_cast<int>(stores.seen().list("ent_" + name).value().size()) +
         stores.seen().absences("ent_" + name).value().has_value();
}
constexpr int kAllKinds = 11;

}  // namespace

TEST_CASE("a_transaction_over_every_kind_is_stored_whole_by_its_commit") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  {
    const auto transaction = std::move(store->begin()).value();
    CHECK(write_everything(*transaction, "x").empty());
    CHECK(kinds_that_know(*transaction, "x") == kAllKinds);  // its own writes
    CHECK(kinds_that_know(*store, "x") == 0);                // nobody else's business yet
    REQUIRE(transaction->commit().ok());
  }
  CHECK(kinds_that_know(*store, "x") == kAllKinds);
  store.reset();
  CHECK(kinds_that_know(*place.open(), "x") == kAllKinds);
}

TEST_CASE("a_transaction_that_is_left_has_stored_nothing_of_any_kind") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  {
    const auto transaction = std::move(store->begin()).value();
    CHECK(write_everything(*transaction, "x").empty());
  }
  CHECK(kinds_that_know(*store, "x") == 0);
  CHECK(store->findings().dismissals_version().value() == 0);
  // The types it had numbered are forgotten with it, and the store goes on.
  CHECK(write_everything(*store, "x").empty());
  CHECK(kinds_that_know(*store, "x") == kAllKinds);
}

TEST_CASE("a_transaction_of_which_a_part_has_failed_is_not_stored") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  {
    const auto transaction = std::move(store->begin()).value();
    REQUIRE(transaction->findings().add(finding_of("R", Level::high, kNow)).ok());
    SECTION("an entity whose token is taken") { CHECK_FALSE(transaction->entities().add(entity_of("ent_a")).ok()); }
    SECTION("events of an entity there is not") {
      const Lines lines(0, 1);
      CHECK_FALSE(transaction->events().append(batch_of(lines, "b1", "ent_none")).ok());
    }
    SECTION("a support request of an entity there is not") {
      SupportRequest request;
      request.reference = "sup_1";
      request.entity = "ent_none";
      CHECK_FALSE(transaction->support().add(request).ok());
    }
    const auto committed = transaction->commit();
    REQUIRE_FALSE(committed.ok());
    CHECK(committed.error().message.find("a part of it has failed") != std::string::npos);
  }
  CHECK(store->findings().list({}).value().empty());
  CHECK(store->findings().add(finding_of("R", Level::high, kNow)).value());
}

TEST_CASE("transactions_exclude_each_other_so_that_what_one_has_read_holds_until_it_commits") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  User anna;
  anna.name = "anna";
  REQUIRE(store->accounts().add_user(anna).value());
  constexpr unsigned kThreads = 8, kCodes = 5;
  for (unsigned code = 0; code < kCodes; ++code)
    REQUIRE(store->accounts().add_code(sha256(std::to_string(code)), {1, "c", "r", "x", kNow}, 0).ok());
  // Each finds a code unused, makes an entity of it and marks it used: of all who try, one.
  std::atomic<unsigned> made = 0, failed = 0;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (unsigned code = 0; code < kCodes; ++code) {
        const Digest hash = sha256(std::to_string(code));
        auto begun = store->begin();
        if (!begun) {
          ++failed;
          continue;
        }
        Transaction& transaction = *begun.value();
        auto found = transaction.accounts().find_code(hash);
        if (!found || !found.value() || found.value()->used_at != 0) continue;
        const std::string token = fmt::format("ent_{}_{}", code, t);
        const bool good = transaction.entities().add(entity_of(token)).ok() &&
                          transaction.accounts().use_code(hash, kNow, token).ok() && transaction.commit().ok();
        if (good) ++made;
        else ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == kCodes);
  CHECK(failed == 0);
  CHECK(store->entities().list().value().size() == kCodes);
}

TEST_CASE("readers_see_whole_transactions_while_writers_write") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const auto writer = std::move(store->start_batch_writer()).value();
  FindingQuery all;
  all.limit = 10'000;
  constexpr unsigned kRounds = 60, kReaders = 3, kEvents = 4;
  std::atomic<bool> over = false;
  std::atomic<unsigned> torn = 0, refused = 0, looks = 0;
  std::vector<std::thread> threads;
  for (unsigned r = 0; r < kReaders; ++r) {
    threads.emplace_back([&] {
      do {
        unsigned events = 0;
        const auto read = store->events().read({}, [&](const StoredEvent&) { return ++events, true; });
        // A finding and its dismissal are written together.
        const auto findings = store->findings().list(all);
        const auto dismissals = store->findings().dismissals();
        if (!read || !findings || !dismissals) ++refused;
        else if (events % kEvents != 0 || dismissals->size() < findings->size()) ++torn;
        ++looks;
      } while (!over);
    });
  }
  threads.emplace_back([&] {
    for (unsigned i = 0; i < kRounds; ++i) {
      auto begun = store->begin();
      const std::string rule = fmt::format("R{}", i);
      if (!begun || !begun.value()->findings().add(finding_of(rule, Level::high, kNow)).ok() ||
          !begun.value()->findings().dismiss({rule, "", "", kNow}).ok() || !begun.value()->commit().ok())
        ++refused;
    }
  });
  for (unsigned i = 0; i < kRounds; ++i) {
    const Lines lines(i * kEvents, kEvents);
    const auto appended = append(*writer, batch_of(lines, fmt::format("b{}", i)));
    if (!appended || appended->accepted != kEvents) ++refused;
  }
  threads.back().join();
  threads.pop_back();
  over = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 0);
  CHECK(torn == 0);
  CHECK(looks > 0);
  CHECK(lines_of(*store).size() == kRounds * kEvents);
  CHECK(store->findings().list(all).value().size() == kRounds);
}

TEST_CASE("what_cannot_have_the_write_lock_says_so_and_can_be_done_when_it_is_free") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  options.busy_ms = 30;
  const auto store = store_with_entity(place, options);
  auto other = place.other_writer();
  const auto told = [](const Error& error) { return error.message.find("holds its write lock") != std::string::npos; };
  const auto begun = store->begin();
  REQUIRE_FALSE(begun.ok());
  CHECK(told(begun.error()));
  const auto written = store->findings().add(finding_of("R", Level::high, kNow));
  REQUIRE_FALSE(written.ok());
  CHECK(told(written.error()));
  CHECK(store->entities().find("ent_a").value().has_value());  // reading goes on
  other.reset();
  CHECK(store->begin().ok());
  CHECK(store->findings().add(finding_of("R", Level::high, kNow)).value());
}

TEST_CASE("a_full_disk_fails_a_transaction_whole_and_the_store_goes_on") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  REQUIRE(store->findings().add(finding_of("BEFORE", Level::high, kNow)).value());
  bool good = true;
  {
    const auto full = place.full_disk();
    auto begun = store->begin();
    good = begun.ok();
    for (int i = 0; good && i < 3000; ++i)
      good = begun.value()->findings().add(finding_of("R", Level::high, kNow + i, "a.log", std::string(1000, 'x'))).ok();
    good = good && begun.value()->commit().ok();
  }
  CHECK_FALSE(good);
  const auto left = store->findings().list({}).value();
  REQUIRE(left.size() == 1);
  CHECK(left[0].rule == "BEFORE");
  CHECK(store->findings().add(finding_of("AFTER", Level::high, kNow)).value());
}

TEST_CASE("whoever_reads_events_may_use_the_store_meanwhile_and_stop_when_he_likes") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const Lines lines(0, 5);
  REQUIRE(store->events().append(batch_of(lines, "b1")).ok());
  unsigned seen = 0;
  const auto read = store->events().read({}, [&](const StoredEvent& event) {
    CHECK(store->entities().find(event.entity).value().has_value());
    CHECK(lines_of(*store).size() == 5);
    CHECK(store->findings().add(finding_of("R", Level::low, kNow, "s", std::string(event.line))).value());
    return ++seen < 2;
  });
  CHECK(read.ok());
  CHECK(seen == 2);
  CHECK(store->findings().list({}).value().size() == 2);
}

TEST_CASE("a_writer_stores_what_waits_before_it_ends") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  std::atomic<unsigned> answered = 0;
  std::vector<std::unique_ptr<Lines>> lines;
  std::vector<std::string> ids;
  for (unsigned i = 0; i < 50; ++i) {
    lines.push_back(std::make_unique<Lines>(i * 10, 10));
    ids.push_back(fmt::format("b{}", i));
  }
  {
    const auto writer = std::move(store->start_batch_writer()).value();
    for (unsigned i = 0; i < lines.size(); ++i)
      writer->append(batch_of(*lines[i], ids[i]), [&](const Result<Appended>& appended) { answered += appended.ok(); });
  }
  CHECK(answered == lines.size());
  CHECK(lines_of(*store).size() == 10 * lines.size());
}

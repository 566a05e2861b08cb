// What keeps a store small and whole.
#include <atomic>
#include <filesystem>
#include <thread>

#include "contract.hpp"
#include "core/clock.hpp"
#include "scratch.hpp"
#include "store/retention.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

// Events of that type, received then; ids and batches are told apart by `first`.
void add_events(Store& store, unsigned first, unsigned count, std::int64_t received_at,
                const std::string& type = "auth.login") {
  const Lines lines(first, count, type);
  const std::string id = "b" + std::to_string(first);
  Batch batch = batch_of(lines, id);
  batch.received_at = received_at;
  const auto appended = store.events().append(batch);
  REQUIRE(appended.ok());
  REQUIRE(appended->accepted == count);
}

std::vector<std::uint64_t> sequences_of(Store& store) {
  std::vector<std::uint64_t> all;
  REQUIRE(store.events()
              .read({},
                    [&](const StoredEvent& event) {
                      all.push_back(event.sequence);
                      return true;
                    })
              .ok());
  return all;
}

}  // namespace

TEST_CASE("old_events_are_removed_in_slices_and_counted_and_the_newest_never") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  Maintenance& upkeep = store->maintenance();
  add_events(*store, 0, 25, kNow - 10 * kDay);
  add_events(*store, 100, 5, kNow);
  CHECK(upkeep.remove_events(kNow - 20 * kDay, 10, Removal::age).value() == 0);
  CHECK(upkeep.remove_events(kNow - 5 * kDay, 10, Removal::age).value() == 10);
  CHECK(upkeep.remove_events(kNow - 5 * kDay, 10, Removal::age).value() == 10);
  CHECK(upkeep.remove_events(kNow - 5 * kDay, 10, Removal::age).value() == 5);
  CHECK(upkeep.remove_events(kNow - 5 * kDay, 10, Removal::age).value() == 0);
  CHECK(lines_of(*store).size() == 5);
  const std::uint64_t newest = sequences_of(*store).back();
  CHECK(upkeep.remove_events(kNow + kDay, 100, Removal::size).value() == 4);
  CHECK(upkeep.remove_events(kNow + kDay, 100, Removal::size).value() == 0);
  CHECK(sequences_of(*store) == std::vector<std::uint64_t>{newest});
  const auto size = upkeep.size();
  REQUIRE(size.ok());
  CHECK(size->removed == std::array<std::uint64_t, kRemovals>{25, 0, 4});
  CHECK(size->events_at_most == 1);
  CHECK(size->oldest_event_at == kNow);
  // Its number is not given out again, so whoever reads on from it misses nothing.
  add_events(*store, 200, 1, kNow);
  CHECK(sequences_of(*store).back() == newest + 1);
  CHECK(store->entities().find("ent_a").value()->accepted == 31);
}

TEST_CASE("an_event_that_was_removed_and_is_sent_again_in_a_batch_the_store_knows_is_not_stored_again") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 3, kNow - 10 * kDay);
  add_events(*store, 100, 1, kNow);
  REQUIRE(store->maintenance().remove_events(kNow - kDay, 100, Removal::age).value() == 3);
  const Lines lines(0, 3);
  Batch again = batch_of(lines, "b0");
  again.received_at = kNow;
  CHECK(store->events().append(again)->batch_known);
  CHECK(lines_of(*store).size() == 1);
}

TEST_CASE("bulk_types_go_before_the_others_and_looking_goes_on_where_it_left_off") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  Maintenance& upkeep = store->maintenance();
  for (unsigned i = 0; i < 20; ++i)
    add_events(*store, i * 100, 10, kNow - (20 - i) * kDay, i % 2 == 0 ? "http.request" : "auth.login");
  const BulkTypes bulk{"http.request", "no.such.type"};
  std::uint64_t removed = 0;
  for (;;) {
    const auto slice = upkeep.remove_bulk_events(bulk, kNow - 10 * kDay, 7, Removal::bulk_age);
    REQUIRE(slice.ok());
    CHECK(slice->removed <= 7);
    removed += slice->removed;
    if (!slice->looked) break;
  }
  CHECK(removed == 50);
  EventQuery logins;
  logins.type = "auth.login";
  CHECK(lines_of(*store).size() == 150);
  CHECK(lines_of(*store, logins).size() == 100);
  CHECK(upkeep.size()->removed == std::array<std::uint64_t, kRemovals>{0, 50, 0});
  CHECK(!upkeep.remove_bulk_events(bulk, kNow - 10 * kDay, 7, Removal::bulk_age)->looked);
  // A day later, two days' more are old enough.
  std::uint64_t more = 0;
  for (auto slice = upkeep.remove_bulk_events(bulk, kNow - 8 * kDay, 100, Removal::bulk_age); slice->looked;
       slice = upkeep.remove_bulk_events(bulk, kNow - 8 * kDay, 100, Removal::bulk_age))
    more += slice->removed;
  CHECK(more == 10);
}

TEST_CASE("the_newest_event_stays_though_it_is_of_a_bulk_type") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 3, kNow - 10 * kDay, "http.request");
  while (store->maintenance().remove_bulk_events({"http.request"}, kNow, 10, Removal::bulk_age)->looked) {
  }
  CHECK(lines_of(*store).size() == 1);
}

TEST_CASE("what_detection_has_still_to_look_at_stays_as_long_as_it_runs") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  Maintenance& upkeep = store->maintenance();
  add_events(*store, 0, 10, kNow - 10 * kDay, "http.request");
  const std::vector<std::uint64_t> all = sequences_of(*store);
  const std::int64_t today = wall_seconds();
  const auto position = [&](std::int64_t at) {
    REQUIRE(store->positions().put("detect", std::to_string(all[3]) + " 1", at).ok());
  };
  const auto remove_bulk = [&] {
    while (upkeep.remove_bulk_events({"http.request"}, kNow, 100, Removal::bulk_age)->looked) {
    }
  };
  position(today);
  CHECK(upkeep.remove_events(kNow, 2, Removal::age).value() == 2);
  remove_bulk();
  CHECK(sequences_of(*store) == std::vector<std::uint64_t>(all.begin() + 4, all.end()));
  CHECK(upkeep.remove_events(kNow, 100, Removal::size).value() == 0);
  // It has not moved for a week: nobody looks.
  position(today - 8 * kDay);
  CHECK(upkeep.remove_events(kNow, 2, Removal::age).value() == 2);
  remove_bulk();
  CHECK(sequences_of(*store) == std::vector<std::uint64_t>{all.back()});
}

TEST_CASE("what_was_removed_is_given_back_to_the_file_system") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  Maintenance& upkeep = store->maintenance();
  for (unsigned i = 0; i < 40; ++i) add_events(*store, i * 1'000, 500, kNow - 10 * kDay);
  add_events(*store, 100'000, 1, kNow);
  const StoreSize before = upkeep.size().value();
  if (!before.gives_back) return;  // nothing to give back: it holds no file
  while (upkeep.remove_events(kNow - kDay, 500, Removal::age).value() > 0) {
  }
  const StoreSize removed = upkeep.size().value();
  CHECK(removed.free_bytes > before.used_bytes() / 2);
  while (upkeep.give_back(200).value()) {
  }
  const StoreSize after = upkeep.size().value();
  CHECK(after.free_bytes == 0);
  CHECK(after.bytes < before.bytes / 2);
  CHECK(upkeep.check().value().empty());
}

TEST_CASE("findings_go_from_the_oldest_on") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  for (int i = 0; i < 10; ++i) REQUIRE(store->findings().add(finding_of("R", Level::high, kNow - i * kDay)).ok());
  CHECK(store->maintenance().remove_oldest_findings(4).value() == 4);
  const auto left = store->findings().list({});
  REQUIRE(left->size() == 6);
  CHECK(left->back().time == kNow - 5 * kDay);
  CHECK(store->maintenance().size()->removed_findings == 4);
  CHECK(store->maintenance().rows()->findings == 6);
}

TEST_CASE("a_copy_made_while_events_are_stored_is_one_moment_of_it_and_opens_as_a_store") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const Scratch scratch;
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (unsigned i = 0; !stop; ++i) {
      const Lines lines(i * 10, 10);
      const std::string id = "w" + std::to_string(i);
      (void)store->events().append(batch_of(lines, id));
    }
  });
  while (store->maintenance().size()->events_at_most < 100) std::this_thread::yield();
  std::vector<std::string> copies;
  for (int i = 0; i < 5; ++i) {
    copies.push_back(scratch.file("copy" + std::to_string(i)));
    const auto done = store->maintenance().back_up(copies.back());
    INFO((done ? "" : done.error().message));
    CHECK(done.ok());
  }
  stop = true;
  writer.join();
  const std::size_t all = lines_of(*store).size();
  for (const std::string& copy : copies) {
    auto opened = store::open("sqlite:" + copy, {.access = Access::existing});
    REQUIRE(opened.ok());
    CHECK(opened.value()->maintenance().check().value().empty());
    const std::size_t events = lines_of(*opened.value()).size();
    CHECK(events >= 100);
    CHECK(events <= all);
    CHECK(events % 10 == 0);  // batches whole
    CHECK(opened.value()->entities().find("ent_a").value()->accepted == events);
    CHECK((std::filesystem::status(copy).permissions() & std::filesystem::perms::all) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  }
  CHECK(!store->maintenance().back_up(copies.front()).ok());  // it is there
  CHECK(!store->maintenance().back_up(scratch.file("no/such/directory")).ok());
}

TEST_CASE("settings_are_what_was_put_last") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  SettingStore& settings = store->settings();
  CHECK(settings.find("retention.events_days").value() == "90");  // of a new store
  CHECK(!settings.find("other").value());
  REQUIRE(settings.put("other", "{}").ok());
  REQUIRE(settings.put("other", R"({"a":1})").ok());
  CHECK(settings.find("other").value() == R"({"a":1})");
  REQUIRE(settings.remove("other").ok());
  CHECK(!settings.find("other").value());
}

TEST_CASE("a_retention_is_what_was_chosen_and_a_wrong_one_is_refused") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const Retention of_new = Retention::load(store->settings(), {}).value();
  CHECK(of_new.events_days == 90);
  CHECK(of_new.bulk_events_days == 14);
  CHECK(of_new.findings_days == kRetentionDays);
  CHECK(of_new.most_bytes == 0);
  REQUIRE(Retention{7, 1, 3, 5'000'000'000}.save(store->settings()).ok());
  CHECK(Retention::load(store->settings(), {})->most_bytes == 5'000'000'000);
  ConfiguredRetention configured;
  configured.otherwise.events_days = 5;  // chosen otherwise
  configured.findings_days = 0;
  configured.most_bytes = 9;
  CHECK(configured.any());
  const Retention in_force = Retention::load(store->settings(), configured).value();
  CHECK(in_force.events_days == 7);
  CHECK(in_force.bulk_events_days == 1);
  CHECK(in_force.findings_days == 0);
  CHECK(in_force.most_bytes == 9);
  CHECK(!Retention{-1, 1, 1, 0}.save(store->settings()).ok());
  CHECK(!Retention{1, 1, kRetentionDaysMost + 1, 0}.save(store->settings()).ok());
  for (const char* wrong : {"", "-1", "1x", "99999999999999999999"}) {
    REQUIRE(store->settings().put("retention.events_days", wrong).ok());
    CHECK(!Retention::load(store->settings(), {}).ok());
  }
}

TEST_CASE("what_is_too_old_goes_by_its_kind_and_what_is_new_stays") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  for (unsigned day = 0; day < 20; ++day) {
    add_events(*store, day * 1'000, 30, kNow - (20 - day) * kDay, "auth.login");
    add_events(*store, day * 1'000 + 500, 30, kNow - (20 - day) * kDay, "http.request");
    REQUIRE(store->findings().add(finding_of("R", Level::high, kNow - day * kDay)).ok());
    REQUIRE(store->errors().add({occurrence_of("f", kNow - day * kDay)}).ok());
    REQUIRE(store->errors().add({occurrence_of("old", kNow - 100 * kDay - day)}).ok());
  }
  for (const int days : {0, kAuditDays - 1, kAuditDays + 1, 2 * kAuditDays}) {
    REQUIRE(store->audit().add({.at = kNow - days * kDay, .action = "test"}).ok());
  }
  const auto removed = remove_old(*store, {10, 5, 3, 0}, kNow, [] { return true; }, {});
  REQUIRE(removed.ok());
  CHECK(removed->audit == 2);
  CHECK(store->audit().list({}).value().size() == 2);
  CHECK(removed->events == 10 * 30 + 15 * 30);
  CHECK(removed->findings == 16);
  CHECK(removed->occurrences == 16 + 19);
  CHECK(store->errors().occurrences("old")->size() == 1);  // of each group the newest stays
  CHECK(store->errors().occurrences("f")->size() == 4);
  const auto nothing = remove_old(*store, {10, 5, 3, 0}, kNow, [] { return true; }, {});
  CHECK(nothing->events + nothing->findings + nothing->occurrences == 0);
  const auto for_ever = remove_old(*store, {0, 0, 0, 0}, kNow + 1'000 * kDay, [] { return true; }, {});
  CHECK(for_ever->events + for_ever->findings + for_ever->occurrences == 0);
}

TEST_CASE("a_store_beyond_its_size_loses_bulk_events_first_then_others_then_findings") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  for (unsigned i = 0; i < 20; ++i) {
    add_events(*store, i * 2'000, 500, kNow, "auth.login");
    add_events(*store, i * 2'000 + 1'000, 500, kNow, "http.request");
  }
  REQUIRE(store->findings().add(finding_of("R", Level::high, kNow)).ok());
  const std::uint64_t whole = store->maintenance().size()->used_bytes();
  const auto removed = remove_old(*store, {0, 0, 0, whole * 15 / 16}, kNow, [] { return false; }, {});
  REQUIRE(removed.ok());
  CHECK(removed->smaller_than_limit);
  CHECK(store->maintenance().size()->used_bytes() <= whole * 15 / 16);
  EventQuery logins;
  logins.type = "auth.login";
  CHECK(lines_of(*store, logins).size() == 10'000);
  CHECK(lines_of(*store).size() < 20'000);
  // What nobody can reach is said, and the newest event is there still.
  const auto never = remove_old(*store, {0, 0, 0, 1}, kNow, [] { return false; }, {});
  REQUIRE(never.ok());
  CHECK(!never->smaller_than_limit);
  CHECK(lines_of(*store).size() == 1);
  CHECK(never->findings == 1);
}

TEST_CASE("what_is_old_goes_from_a_store_that_is_never_idle_too") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 100, kNow - 10 * kDay);
  add_events(*store, 1'000, 1, kNow);
  const auto removed = remove_old(*store, {1, 0, 0, 0}, kNow, [] { return false; }, {});
  REQUIRE(removed.ok());
  CHECK(removed->events == 100);
}

TEST_CASE("removing_waits_for_writers_and_ends_when_it_is_asked_to") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 100, kNow - 10 * kDay);
  add_events(*store, 1'000, 1, kNow);
  std::stop_source source;
  int asked = 0;
  const auto removed = remove_old(
      *store, {1, 0, 0, 0}, kNow,
      [&] {
        if (++asked == 3) source.request_stop();
        return false;
      },
      source.get_token());
  REQUIRE(removed.ok());
  CHECK(removed->events == 0);
  CHECK(asked == 3);
}

TEST_CASE("a_position_is_what_was_put_last_and_goes_with_its_transaction") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  CHECK(!store->positions().find("file:/var/log/a").value());
  CHECK(!store->positions().newest("file:").value());
  REQUIRE(store->positions().put("file:/var/log/a", "one", kNow).ok());
  REQUIRE(store->positions().put("file:/var/log/a", std::string("t\0wo", 4), kNow).ok());
  CHECK(store->positions().find("file:/var/log/a").value() == std::string("t\0wo", 4));
  {
    auto transaction = std::move(store->begin()).value();
    REQUIRE(transaction->positions().put("file:/var/log/a", "three", kNow).ok());
    REQUIRE(transaction->findings().add(finding_of("R", Level::high, kNow)).ok());
  }
  CHECK(store->positions().find("file:/var/log/a").value() == std::string("t\0wo", 4));
  CHECK(store->findings().list({}).value().empty());
  {
    auto transaction = std::move(store->begin()).value();
    REQUIRE(transaction->positions().put("file:/var/log/a", "three", kNow).ok());
    REQUIRE(transaction->findings().add(finding_of("R", Level::high, kNow)).ok());
    REQUIRE(transaction->commit().ok());
  }
  CHECK(store->positions().find("file:/var/log/a").value() == "three");
  REQUIRE(store->positions().put("fleet:web:a", "", kNow + 5).ok());
  REQUIRE(store->positions().put("fleet:web:\xc3\xa9", "", kNow + 9).ok());
  REQUIRE(store->positions().put("fleet:web2:a", "", kNow + 99).ok());
  CHECK(store->positions().newest("fleet:web:").value() == kNow + 9);
  CHECK(store->positions().newest("fleet:").value() == kNow + 99);
  CHECK_FALSE(store->positions().newest("fleet:w:").value());
  CHECK(store->findings().list({}).value().size() == 1);
  CHECK_FALSE(store->positions().put("b", std::string(PositionStore::kTextBytes + 1, 'x'), kNow).ok());
  REQUIRE(store->positions().remove("fleet:web2:a").ok());
  REQUIRE(store->positions().remove("never").ok());
  CHECK_FALSE(store->positions().find("fleet:web2:a").value());
  CHECK(store->positions().find("fleet:web:a").value() == "");
}

TEST_CASE("answers_are_found_until_they_are_too_old_or_too_many") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  const auto digest = [](const std::string& text) { return sha256(text); };
  const auto put = [&](const std::string& asker, const std::string& key, std::int64_t at, std::int64_t since = 0) {
    REQUIRE(store->answers().put({digest(asker), digest(key), digest("request"), 201, "{\"a\":1}", at}, since).ok());
  };
  put("anna", "k", kNow);
  const auto found = store->answers().find(digest("anna"), digest("k"), kNow).value();
  REQUIRE(found);
  CHECK(found->status == 201);
  CHECK(found->body == "{\"a\":1}");
  CHECK(found->request == digest("request"));
  CHECK(found->at == kNow);
  CHECK_FALSE(store->answers().find(digest("anna"), digest("k"), kNow + 1).value());
  CHECK_FALSE(store->answers().find(digest("bert"), digest("k"), 0).value());
  put("anna", "k", kNow + 5);
  CHECK(store->answers().find(digest("anna"), digest("k"), kNow + 5).value());
  put("bert", "k", kNow + 10, kNow + 6);
  CHECK_FALSE(store->answers().find(digest("anna"), digest("k"), 0).value());
  auto transaction = std::move(store->begin()).value();
  for (std::size_t i = 0; i < kAnswersOfOne; ++i) {
    REQUIRE(
        transaction->answers().put({digest("carl"), digest(std::to_string(i)), digest("r"), 200, "", kNow + 20}, 0).ok());
  }
  REQUIRE(transaction->commit().ok());
  CHECK(store->answers().find(digest("carl"), digest("0"), 0).value());
  put("carl", "one more", kNow + 21);
  CHECK_FALSE(store->answers().find(digest("carl"), digest("0"), 0).value());
  CHECK(store->answers().find(digest("carl"), digest("1"), 0).value());
  CHECK(store->answers().find(digest("bert"), digest("k"), 0).value());
}

TEST_CASE("what_an_open_alert_was_made_of_stays_until_it_is_resolved") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 50, kNow - 30 * kDay, "auth.login");
  add_events(*store, 500, 50, kNow - 30 * kDay, "http.request");
  add_events(*store, 1'000, 1, kNow);
  Finding finding = finding_of("R", Level::high, kNow - 30 * kDay, "shop");
  finding.site = "ent_a";
  finding.key = std::string(16, 'k');
  finding.evidence = {3, 7, 60};
  const std::int64_t kept = store->findings().record(finding, {}).value().finding.id;
  REQUIRE(store->findings().add(finding_of("R", Level::high, kNow - 30 * kDay)).ok());
  alert::Alert alert;
  alert.rule = "R";
  alert.site = "ent_a";
  alert.state = alert::State::acknowledged;
  alert.id = store->alerts().add(alert).value();
  REQUIRE(store->alerts().attach(alert.id, kept).ok());

  REQUIRE(remove_old(*store, {10, 5, 3, 0}, kNow, [] { return true; }, {}).ok());
  CHECK(lines_of(*store).size() == 4);  // and the newest
  CHECK(store->findings().get(kept)->value().evidence == std::vector<std::uint64_t>{3, 7, 60});
  CHECK(store->findings().list({})->size() == 1);
  CHECK(store->findings().prune(kNow).value() == 0);
  // Nor does a store that is too large lose them.
  const auto never = remove_old(*store, {0, 0, 0, 1}, kNow, [] { return false; }, {});
  REQUIRE(never.ok());
  CHECK_FALSE(never->smaller_than_limit);
  CHECK(lines_of(*store).size() == 4);

  alert.state = alert::State::resolved;
  alert.resolved_at = kNow;
  REQUIRE(store->alerts().update(alert).ok());
  REQUIRE(remove_old(*store, {10, 5, 3, 0}, kNow, [] { return true; }, {}).ok());
  CHECK(lines_of(*store).size() == 1);
  CHECK_FALSE(store->findings().get(kept)->has_value());
}

TEST_CASE("what_an_alert_of_the_past_was_made_of_goes_with_its_time") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  add_events(*store, 0, 50, kNow - 30 * kDay, "auth.login");
  add_events(*store, 1'000, 1, kNow);
  Finding finding = finding_of("R", Level::high, kNow - 30 * kDay, "shop");
  finding.site = "ent_a";
  finding.key = std::string(16, 'k');
  finding.evidence = {3, 7};
  const std::int64_t old = store->findings().record(finding, {}).value().finding.id;
  alert::Alert alert;
  alert.rule = "R";
  alert.site = "ent_a";
  alert.state = alert::State::resolved;  // heard of a day after it happened: it never opened
  alert.late = true;
  alert.resolved_at = kNow - 29 * kDay;
  alert.id = store->alerts().add(alert).value();
  REQUIRE(store->alerts().attach(alert.id, old).ok());
  REQUIRE(remove_old(*store, {10, 5, 3, 0}, kNow, [] { return true; }, {}).ok());
  CHECK(lines_of(*store).size() == 1);
  CHECK_FALSE(store->findings().get(old)->has_value());
}

TEST_CASE("what_sites_have_shown_goes_when_it_is_old_and_when_the_site_has_left") {
  IN_EVERY_STORE(place);
  auto store = store_with_entity(place);
  REQUIRE(store->entities().add(entity_of("ent_b")).ok());
  constexpr std::int64_t kNs = 1'000'000'000;
  const SeenValue values[] = {
      {"", 0, 5, 5, false}, {"A", 1, 5, (kNow - 500 * kDay) * kNs, false}, {"A", 2, 5, (kNow - 300 * kDay) * kNs, false}};
  for (const char* site : {"ent_a", "ent_b"}) {
    REQUIRE(store->seen().put(site, values).ok());
    REQUIRE(store->seen().put_absences(site, "x").ok());
  }
  REQUIRE(store->entities().revoke("ent_b", kNow - 3600).value());
  const auto round = [&](std::int64_t now) { REQUIRE(remove_old(*store, {}, now, [] { return true; }, {}).ok()); };
  round(kNow);
  CHECK(store->seen().list("ent_a")->size() == 2);
  CHECK(store->seen().list("ent_b")->size() == 2);  // its last events may not have been looked at
  round(kNow + kDay);
  CHECK(store->seen().list("ent_a")->size() == 2);
  CHECK(store->seen().absences("ent_a").value() == "x");
  CHECK(store->seen().list("ent_b")->empty());
  CHECK_FALSE(store->seen().absences("ent_b")->has_value());
}

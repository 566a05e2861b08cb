#include <algorithm>

#include "alert/state.hpp"
#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

using alert::Alert;
using alert::State;
using View = AlertFilter::View;

alert::Key key_of(unsigned number) {
  alert::Key key{};
  for (unsigned byte = 0; byte < 4; ++byte) key[byte] = static_cast<std::uint8_t>(number >> (8 * byte));
  return key;
}

Alert alert_of(unsigned key, std::int64_t last = kNow, State state = State::firing) {
  Alert one;
  one.key = key_of(key);
  one.rule = "RULE";
  one.title = "Title";
  one.level = Level::high;
  one.site = "ent_a";
  one.state = state;
  one.opened_at = one.first_time = one.last_time = one.last_hit_at = last;
  one.hits = one.findings = 1;
  if (state == State::resolved) one.resolved_at = last;
  return one;
}

std::vector<std::int64_t> ids_of(const AlertPage& page) {
  std::vector<std::int64_t> ids;
  for (const Alert& one : page.rows) ids.push_back(one.id);
  return ids;
}

std::vector<std::int64_t> found(Stores& store, const AlertFilter& filter) {
  const auto page = store.alerts().page(filter, {});
  REQUIRE(page.ok());
  const auto count = store.alerts().count(filter);
  REQUIRE(count.ok());
  CHECK(count.value() == Count{page->rows.size(), false});
  return ids_of(page.value());
}

using Ids = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an_alert_is_read_as_it_was_written") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Alert one = alert_of(1);
  one.title = "of <b>visitor</b> \xff";
  one.group = std::string("\0group\0of16bytes", 16);
  one.group_label = "ip_8390373f";
  one.kind = alert::Kind::condition;
  one.cleared_at = 5;
  one.hits = UINT64_MAX;
  one.suppressed = 4;
  one.snooze = {.until = kNow + 60,
                .at = kNow,
                .by = "anna",
                .reason = "deploy",
                .until_hits = 3,
                .until_level = Level::critical,
                .hits = 2,
                .of_rule = true};
  one.assignee = "bob";
  one.parent = 9;
  one.told_at = kNow;
  one.told_hits = 1;
  one.times_opened = 3;
  one.for_s = 60;
  one.quiet_s = 61;
  one.repeat_s = 62;
  const std::int64_t id = store->alerts().add(one).value();
  CHECK(id > 0);
  const Alert read = store->alerts().get(id).value().value();
  CHECK(read.title == "of <b>visitor</b> \xEF\xBF\xBD");
  CHECK(read.group == one.group);
  CHECK(read.group_label == one.group_label);
  CHECK(read.kind == one.kind);
  CHECK(read.level == one.level);
  CHECK(read.cleared_at == 5);
  CHECK(read.hits == INT64_MAX);  // as far as a database counts
  CHECK(read.suppressed == 4);
  CHECK(read.snooze.until == kNow + 60);
  CHECK(read.snooze.at == kNow);
  CHECK(read.snooze.by == "anna");
  CHECK(read.snooze.reason == "deploy");
  CHECK(read.snooze.until_hits == 3);
  CHECK(read.snooze.until_level == Level::critical);
  CHECK(read.snooze.hits == 2);
  CHECK(read.snooze.of_rule);
  CHECK(read.assignee == "bob");
  CHECK(read.parent == 9);
  CHECK(read.told_at == kNow);
  CHECK(read.told_hits == 1);
  CHECK(read.times_opened == 3);
  CHECK(read.for_s == 60);
  CHECK(read.quiet_s == 61);
  CHECK(read.repeat_s == 62);
  Alert changed = read;
  changed.snooze = {};
  changed.state = State::resolved;
  changed.late = true;
  changed.resolved_at = kNow + 1;
  changed.resolved_by = "late";
  REQUIRE(store->alerts().update(changed).ok());
  const Alert again = store->alerts().get(id).value().value();
  CHECK(again.late);
  CHECK(again.state == State::resolved);
  CHECK(again.resolved_by == "late");
  CHECK_FALSE(again.snooze.until_level.has_value());
  Alert nobody = changed;
  nobody.id = id + 1;
  CHECK(store->alerts().update(nobody).error().kind == ErrorKind::not_found);
}

TEST_CASE("an_identity_has_one_open_alert_at_most") {
  IN_EVERY_STORE(place);
  const auto store = place.open(), other = place.open();
  const std::int64_t id = store->alerts().add(alert_of(1)).value();
  auto second = other->alerts().add(alert_of(1));
  REQUIRE_FALSE(second.ok());
  CHECK(second.error().kind == ErrorKind::exists);
  const std::int64_t past = other->alerts().add(alert_of(1, kNow - 5, State::resolved)).value();
  Alert reopened = other->alerts().get(past).value().value();
  reopened.state = State::firing;
  CHECK(other->alerts().update(reopened).error().kind == ErrorKind::exists);
  CHECK(store->alerts().current(key_of(1)).value()->id == id);
  Alert one = store->alerts().get(id).value().value();
  one.state = State::resolved;
  REQUIRE(store->alerts().update(one).ok());
  CHECK(store->alerts().current(key_of(1)).value()->id == past);  // the newest there was
  CHECK(store->alerts().add(alert_of(1)).ok());
  CHECK_FALSE(store->alerts().current(key_of(2)).value().has_value());
}

TEST_CASE("what_was_refused_leaves_a_transaction_whole") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  auto transaction = store->begin().value();
  REQUIRE(transaction->alerts().add(alert_of(1)).ok());
  CHECK_FALSE(transaction->alerts().add(alert_of(1)).ok());
  REQUIRE(transaction->alerts().add(alert_of(2)).ok());
  REQUIRE(transaction->commit().ok());
  CHECK(found(*store, {}).size() == 2);
}

TEST_CASE("alerts_are_filtered_by_everything_a_filter_names") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const auto add = [&](unsigned key, std::int64_t age, auto change) {
    Alert one = alert_of(key, kNow - age);
    change(one);
    return store->alerts().add(one).value();
  };
  const std::int64_t firing = add(1, 10, [](Alert&) {});
  const std::int64_t taken = add(2, 20, [](Alert& a) {
    a.state = State::acknowledged;
    a.assignee = "bob";
    a.level = Level::critical;
  });
  const std::int64_t snoozed = add(3, 30, [](Alert& a) { a.snooze.until = kNow + 60; });
  const std::int64_t over = add(4, 40, [](Alert& a) { a.snooze.until = kNow; });
  const std::int64_t resolved = add(5, 50, [](Alert& a) { a.state = State::resolved; });
  const std::int64_t past = add(6, 60, [](Alert& a) {
    a.state = State::resolved;
    a.late = true;
  });
  const std::int64_t pending = add(7, 70, [](Alert& a) { a.state = State::pending; });
  const std::int64_t elsewhere = add(8, 80, [](Alert& a) {
    a.site = "ent_b";
    a.rule = "OTHER";
    a.group_label = "ip_8390373F";
    a.level = Level::low;
  });
  const std::int64_t nowhere = add(9, 90, [](Alert& a) { a.site = ""; });
  const std::int64_t member = add(10, 100, [&](Alert& a) { a.parent = firing; });
  const std::int64_t orphan = add(11, 110, [&](Alert& a) { a.parent = resolved; });
  const auto of = [&](auto change) {
    AlertFilter filter;
    filter.now = kNow;
    change(filter);
    return found(*store, filter);
  };
  CHECK(of([](AlertFilter&) {}) ==
        Ids{firing, taken, snoozed, over, resolved, past, pending, elsewhere, nowhere, member, orphan});
  CHECK(of([](AlertFilter& f) { f.view = View::active; }) ==
        Ids{firing, taken, snoozed, over, elsewhere, nowhere, member, orphan});
  CHECK(of([](AlertFilter& f) { f.view = View::open; }) == Ids{firing, taken, over, elsewhere, nowhere, member, orphan});
  CHECK(of([](AlertFilter& f) {
          f.view = View::open;
          f.folded = false;
        }) == Ids{firing, taken, over, elsewhere, nowhere, orphan});
  CHECK(of([](AlertFilter& f) { f.view = View::snoozed; }) == Ids{snoozed});
  CHECK(of([](AlertFilter& f) { f.view = View::past; }) == Ids{past});
  CHECK(of([](AlertFilter& f) { f.state = State::resolved; }) == Ids{resolved});
  CHECK(of([](AlertFilter& f) { f.state = State::pending; }) == Ids{pending});
  CHECK(of([](AlertFilter& f) {
          f.state = State::pending;
          f.view = View::open;
        }).empty());
  CHECK(of([](AlertFilter& f) { f.at_least = Level::critical; }) == Ids{taken});
  CHECK(of([](AlertFilter& f) { f.assignee = "bob"; }) == Ids{taken});
  CHECK(of([](AlertFilter& f) {
          f.assignee = "";
          f.state = State::acknowledged;
        }).empty());
  CHECK(of([](AlertFilter& f) { f.site = "ent_b"; }) == Ids{elsewhere});
  CHECK(of([](AlertFilter& f) { f.rule = "OTHER"; }) == Ids{elsewhere});
  CHECK(of([](AlertFilter& f) { f.text = "8390373f"; }) == Ids{elsewhere});
  CHECK(of([](AlertFilter& f) { f.text = "100%"; }).empty());
  CHECK(of([](AlertFilter& f) {
          f.since = kNow - 30;
          f.until = kNow - 10;
        }) == Ids{taken, snoozed});
  CHECK(of([&](AlertFilter& f) { f.parent = firing; }) == Ids{member});
  // Of another site nothing, and what is of none neither.
  CHECK(of([](AlertFilter& f) { f.sites = {{"ent_b"}}; }) == Ids{elsewhere});
  CHECK(of([](AlertFilter& f) { f.sites = {{"ent_b", "ent_b", "ent_c"}}; }) == Ids{elsewhere});
  CHECK(of([](AlertFilter& f) {
          f.sites = {{"ent_b"}};
          f.rule = "RULE";
        }).empty());
  CHECK(of([](AlertFilter& f) {
          f.sites = {{"ent_b"}};
          f.site = "ent_a";
        }).empty());
  CHECK(of([](AlertFilter& f) { f.sites = std::vector<std::string>(); }).empty());
  CHECK_FALSE(store->alerts().get(firing, {{"ent_b"}}).value().has_value());
  CHECK(store->alerts().get(elsewhere, {{"ent_b"}}).value().has_value());
  const AlertCounts counts = store->alerts().counts(kNow).value();
  CHECK(counts.of(Level::high) == 4);  // the member is the parent's business
  CHECK(counts.of(Level::critical) == 1);
  CHECK(counts.of(Level::low) == 1);
  CHECK(counts.open() == 6);
  CHECK(counts.snoozed == 1);
  CHECK(store->alerts().counts(kNow, {{"ent_b"}}).value().open() == 1);
}

TEST_CASE("pages_of_alerts_give_each_row_once_in_both_directions_and_by_every_index") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  std::vector<Alert> all;
  for (unsigned i = 0; i < 120; ++i) {
    Alert one = alert_of(i, kNow + i / 7 * 10, static_cast<State>(i % 4));
    one.late = i % 8 == 7;
    one.site = i % 3 == 0 ? "ent_a" : "ent_b";
    one.rule = i % 2 == 0 ? "EVEN" : "ODD";
    one.id = store->alerts().add(one).value();
    all.push_back(one);
  }
  std::sort(all.begin(), all.end(), [](const Alert& a, const Alert& b) {
    return a.last_time != b.last_time ? a.last_time > b.last_time : a.id > b.id;
  });
  const std::vector<AlertFilter> filters = {{},
                                            {.state = State::resolved},
                                            {.view = View::active},
                                            {.site = "ent_a"},
                                            {.rule = "ODD"},
                                            {.sites = {{"ent_a", "ent_b"}}},
                                            {.since = kNow + 20, .until = kNow + 100}};
  for (const AlertFilter& filter : filters) {
    std::vector<std::int64_t> expected, forwards, backwards;
    for (const Alert& one : all) {
      if (filter.state && (one.state != State::resolved || one.late)) continue;
      if (filter.view == View::active && one.state != State::firing && one.state != State::acknowledged) continue;
      if (!filter.site.empty() && one.site != filter.site) continue;
      if (!filter.rule.empty() && one.rule != filter.rule) continue;
      if (filter.since && (one.last_time < *filter.since || one.last_time >= *filter.until)) continue;
      expected.push_back(one.id);
    }
    REQUIRE(expected.size() > 5);
    PageRequest<TimeKey> request{.limit = 7};
    for (;;) {
      const AlertPage page = store->alerts().page(filter, request).value();
      for (const Alert& one : page.rows) forwards.push_back(one.id);
      if (!page.more) break;
      request.older_than = page.last;
    }
    CHECK(forwards == expected);
    request = {.limit = 7};
    request.newer_than = TimeKey{INT64_MIN, 0};
    for (;;) {
      const AlertPage page = store->alerts().page(filter, request).value();
      for (std::size_t i = page.rows.size(); i-- > 0;) backwards.push_back(page.rows[i].id);
      if (!page.more) break;
      request.newer_than = page.last;
    }
    std::reverse(backwards.begin(), backwards.end());
    CHECK(backwards == expected);
  }
}

TEST_CASE("activity_findings_and_switches_of_alerts_are_stored") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const std::int64_t id = store->alerts().add(alert_of(1)).value();
  for (int i = 0; i < 5; ++i)
    REQUIRE(store->alerts().log({0, id, kNow + i, "anna", "note", "a", "b", "note " + std::to_string(i)}).ok());
  REQUIRE(store->alerts().log({0, id + 1, kNow, "anna", "note", "", "", ""}).ok());
  auto rows = store->alerts().activity(id, 0, 3).value();
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].note == "note 4");
  CHECK(rows[0].from == "a");
  CHECK(rows[0].to == "b");
  rows = store->alerts().activity(id, rows[2].id, 3).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].note == "note 0");
  for (std::int64_t finding = 1; finding <= 500; ++finding) REQUIRE(store->alerts().attach(id, finding).ok());
  REQUIRE(store->alerts().attach(id, 500).ok());
  const auto findings = store->alerts().findings_of(id).value();
  REQUIRE(findings.size() == kAlertFindings);
  CHECK(findings.front() == 1);
  CHECK(findings[kAlertFindings / 2 - 1] == kAlertFindings / 2);
  CHECK(findings.back() == 500);
  CHECK(store->alerts().alert_of(500).value() == id);
  CHECK_FALSE(store->alerts().alert_of(501).value().has_value());
  REQUIRE(store->alerts().put_switch({"R", "ent_a", alert::Switch::muted, 0, "loud", "anna", kNow}).ok());
  REQUIRE(store->alerts().put_switch({"R", "", alert::Switch::snoozed, kNow + 9, "", "anna", kNow}).ok());
  REQUIRE(store->alerts().put_switch({"S", "", alert::Switch::disabled, 0, "x", "anna", kNow}).ok());
  REQUIRE(store->alerts().put_switch({"R", "ent_a", alert::Switch::disabled, 0, "louder", "bob", kNow}).ok());
  const auto all = store->alerts().switches().value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].state == alert::Switch::snoozed);
  CHECK(all[0].until == kNow + 9);
  CHECK(all[1].reason == "louder");
  CHECK(store->alerts().switches("S").value().size() == 1);
  CHECK(store->alerts().remove_switch("R", "").value());
  CHECK_FALSE(store->alerts().remove_switch("R", "").value());
  CHECK(store->alerts().remove(id).value());
  CHECK_FALSE(store->alerts().remove(id).value());
  CHECK(store->alerts().activity(id, 0, 10).value().empty());
  CHECK(store->alerts().findings_of(id).value().empty());
}

TEST_CASE("what_is_due_is_found_the_longest_due_first") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Alert one = alert_of(1, kNow - 10 * kDay), two = alert_of(2, kNow - 20 * kDay), later = alert_of(3, kNow),
        lost = alert_of(4, kNow + 4000 * kDay);
  const std::int64_t first = store->alerts().add(one).value(), second = store->alerts().add(two).value();
  (void)store->alerts().add(later).value();
  const std::int64_t ahead = store->alerts().add(lost).value();
  (void)store->alerts().add(alert_of(5, kNow - 30 * kDay, State::resolved)).value();
  const auto ids = [&](std::size_t limit) {
    Ids all;
    for (const Alert& alert : store->alerts().due(kNow, limit).value()) all.push_back(alert.id);
    return all;
  };
  CHECK(ids(10) == Ids{second, first, ahead});
  CHECK(ids(1) == Ids{second});
  CHECK(store->alerts().open_of("RULE", "ent_a", 10).value().size() == 4);
  CHECK(store->alerts().open_of("RULE", "ent_b", 10).value().empty());
}

TEST_CASE("resolved_alerts_grow_old_and_open_ones_stay") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (unsigned i = 0; i < 10; ++i) (void)store->alerts().add(alert_of(i, kNow + i, State::resolved)).value();
  const std::int64_t open = store->alerts().add(alert_of(20, kNow - kDay)).value();
  CHECK(store->alerts().prune(kNow + 5, 3).value() == 3);
  CHECK(store->alerts().prune(kNow + 5, 100).value() == 2);
  CHECK(store->alerts().prune(kNow + 5, 100).value() == 0);
  CHECK(store->alerts().get(open).value().has_value());
  CHECK(found(*store, {}).size() == 6);
  // A number is never given out again: links lead to what they led to.
  Alert last = alert_of(30);
  const std::int64_t id = store->alerts().add(last).value();
  REQUIRE(store->alerts().remove(id).value());
  CHECK(store->alerts().add(last).value() > id);
}

TEST_CASE("whoever_watches_hears_of_alerts_by_site") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  auto watch = store->start_watch().value();
  REQUIRE(watch->look().ok());
  (void)store->alerts().add(alert_of(1)).value();
  Alert other = alert_of(2);
  other.site = "ent_b";
  other.id = store->alerts().add(other).value();
  auto changes = watch->look().value();
  REQUIRE(changes.alerts.size() == 2);
  CHECK(changes.alerts[0].site == "ent_a");
  CHECK(changes.alerts[0].alerts == 1);
  CHECK(static_cast<bool>(changes));
  CHECK(watch->look().value().alerts.empty());
  other.hits = 2;
  REQUIRE(store->alerts().update(other).ok());
  changes = watch->look().value();
  REQUIRE(changes.alerts.size() == 1);
  CHECK(changes.alerts[0].site == "ent_b");
}

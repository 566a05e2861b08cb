// Channels, routes and the outbox.
#include <algorithm>
#include <set>
#include <thread>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

Channel channel_of(const std::string& name) {
  Channel channel;
  channel.name = name;
  channel.kind = "slack";
  channel.options = "{}";
  channel.sealed = std::string("\0\xff sealed", 9);
  channel.shown = "hooks.example …aB3d";
  channel.created_at = kNow;
  return channel;
}

OutboxRow row_of(const std::string& dedupe, std::int64_t alert, std::int64_t next_at = kNow,
                 const std::string& kind = "opened") {
  OutboxRow row;
  row.channel = 1;
  row.alert = alert;
  row.site = "ent_a";
  row.route = "all";
  row.kind = kind;
  row.dedupe = dedupe;
  row.body = "{\"of\":\"" + dedupe + "\"}";
  row.next_at = next_at;
  row.created_at = kNow;
  return row;
}

/// What the batch has, by its rows' dedupe; "" where there is none.
std::string taken(Store& store, std::int64_t now, std::int64_t channel = 1, const std::string& target = "",
                  std::size_t most = 100) {
  auto batch = store.outbox().take(channel, target, now, most);
  REQUIRE(batch.ok());
  std::string text;
  if (!batch.value()) return text;
  for (const OutboxRow& row : batch.value()->rows) {
    CHECK(row.state == OutboxState::sending);
    CHECK(row.batch == batch.value()->number);
    text += (text.empty() ? "" : " ") + row.dedupe;
  }
  return text;
}

std::int64_t number_of(Store& store, const std::string& dedupe) {
  const auto rows = store.outbox().list({.limit = 1000});
  for (const OutboxRow& row : rows.value())
    if (row.dedupe == dedupe) return row.id;
  return 0;
}
OutboxRow find(Store& store, const std::string& dedupe) {
  return store.outbox().find(number_of(store, dedupe)).value().value();
}
std::string state(Store& store, const std::string& dedupe) {
  return std::string(outbox_state_name(find(store, dedupe).state));
}
std::int64_t batch(Store& store, const std::string& dedupe) { return find(store, dedupe).batch; }

}  // namespace

TEST_CASE("a_channel_is_kept_as_it_was_given_and_its_name_is_its_own") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  const Channel given = channel_of("ops");
  const std::int64_t id = store->channels().add(given).value();
  store.reset();
  store = place.open();
  const Channel there = store->channels().find(id).value().value();
  CHECK(there.name == "ops");
  CHECK(there.kind == "slack");
  CHECK(there.sealed == given.sealed);
  CHECK(there.shown == given.shown);
  CHECK(there.enabled);
  CHECK(store->channels().find("OPS").value()->id == id);
  CHECK(store->channels().add(channel_of("Ops")).error().kind == ErrorKind::exists);
  const std::int64_t other = store->channels().add(channel_of("devs")).value();
  Channel changed = there;
  changed.name = "devs";
  CHECK(store->channels().update(changed).error().kind == ErrorKind::exists);
  changed.name = "OPS";
  changed.enabled = false;
  changed.off_reason = "410";
  CHECK(store->channels().update(changed).value());
  CHECK(store->channels().find(id).value()->off_reason == "410");
  CHECK(store->channels().list().value().size() == 2);
  CHECK(store->channels().list().value().front().id == other);
  changed.id = 99;
  changed.name = "nobody";
  CHECK_FALSE(store->channels().update(changed).value());
  CHECK(store->channels().remove(id).value());
  CHECK_FALSE(store->channels().remove(id).value());
  CHECK(store->channels().add(channel_of("ops")).value() > other);  // not the number of the one that is gone
}

TEST_CASE("there_is_room_for_so_many_channels_and_no_more") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  for (std::size_t i = 0; i < ChannelStore::kChannelsMost; ++i)
    REQUIRE(store->channels().add(channel_of("c" + std::to_string(i))).ok());
  CHECK(store->channels().add(channel_of("one more")).error().kind == ErrorKind::too_large);
}

TEST_CASE("a_channel_says_how_it_does_and_is_switched_off_once") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  const std::int64_t id = store->channels().add(channel_of("ops")).value();
  REQUIRE(store->channels().note(id, kNow, "refused").ok());
  CHECK(store->channels().find(id).value()->last_failed_at == kNow);
  CHECK(store->channels().find(id).value()->last_error == "refused");
  REQUIRE(store->channels().note(id, kNow + 5, "").ok());
  CHECK(store->channels().find(id).value()->last_sent_at == kNow + 5);
  CHECK(store->channels().find(id).value()->last_failed_at == kNow);
  CHECK(store->channels().find(id).value()->last_error.empty());
  REQUIRE(store->channels().note_test(id, kNow + 6).ok());
  CHECK(store->channels().find(id).value()->tested_at == kNow + 6);
  CHECK(store->channels().switch_off(id, "it answered 410").value());
  CHECK_FALSE(store->channels().switch_off(id, "again").value());
  CHECK_FALSE(store->channels().find(id).value()->enabled);
  CHECK(store->channels().find(id).value()->off_reason == "it answered 410");
  CHECK_FALSE(store->channels().switch_off(99, "gone").value());
}

TEST_CASE("routes_are_replaced_whole_or_not_at_all") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  CHECK(store->routes().list().value().empty());
  REQUIRE(store->routes().replace({"{\"a\":1}", "{\"b\":2}", "{}"}).ok());
  CHECK(store->routes().list().value() == std::vector<std::string>{"{\"a\":1}", "{\"b\":2}", "{}"});
  CHECK(store->routes().replace(std::vector<std::string>(RouteStore::kRoutesMost + 1, "{}")).error().kind ==
        ErrorKind::too_large);
  CHECK(store->routes().replace({"{}", std::string(RouteStore::kRouteBytes + 1, 'x')}).error().kind ==
        ErrorKind::too_large);
  CHECK(store->routes().list().value().size() == 3);
  REQUIRE(store->routes().replace({}).ok());
  CHECK(store->routes().list().value().empty());
}

TEST_CASE("the_same_news_is_queued_once_also_after_it_was_sent") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  CHECK(store->outbox().add(row_of("a", 1)).value());
  CHECK_FALSE(store->outbox().add(row_of("a", 1)).value());
  CHECK(taken(*store, kNow) == "a");
  REQUIRE(store->outbox().sent(batch(*store, "a"), kNow).ok());
  CHECK_FALSE(store->outbox().add(row_of("a", 1)).value());
  OutboxRow large = row_of("b", 1);
  large.body = std::string(OutboxStore::kBodyBytes + 1, 'x');
  CHECK(store->outbox().add(large).error().kind == ErrorKind::too_large);
  // In a transaction that is left there is neither.
  {
    const auto transaction = std::move(store->begin()).value();
    REQUIRE(transaction->outbox().add(row_of("c", 1)).value());
  }
  CHECK(store->outbox().add(row_of("c", 1)).value());
}

TEST_CASE("what_is_due_of_one_site_and_bundle_is_one_message_whose_number_stays") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  OutboxRow other_site = row_of("other site", 4), digest = row_of("digest", 5), other_channel = row_of("other channel", 6);
  other_site.site = "ent_b";
  digest.bundle = "digest";
  other_channel.channel = 2;
  for (const OutboxRow& row :
       {row_of("a", 1), row_of("b", 2), row_of("later", 3, kNow + 60), other_site, digest, other_channel})
    REQUIRE(store->outbox().add(row).value());
  CHECK(store->outbox().due(kNow - 1).value().empty());
  CHECK(store->outbox().due(kNow).value() == std::vector<std::int64_t>{1, 2});
  CHECK(store->outbox().targets(1, kNow).value() == std::vector<std::string>{""});
  CHECK(taken(*store, kNow) == "a b");
  const std::int64_t number = batch(*store, "a");
  REQUIRE(store->outbox().failed(number, kNow + 5, "timed out").ok());
  CHECK(find(*store, "b").error == "timed out");
  REQUIRE(store->outbox().add(row_of("c", 7)).value());
  CHECK(taken(*store, kNow) == "other site");
  CHECK(taken(*store, kNow) == "digest");
  CHECK(taken(*store, kNow) == "c");
  CHECK(taken(*store, kNow).empty());
  CHECK(taken(*store, kNow + 5) == "a b");  // not with c, though they would fit
  CHECK(batch(*store, "b") == number);
  CHECK(find(*store, "a").attempts == 2);
  REQUIRE(store->outbox().sent(number, kNow + 6).ok());
  CHECK(state(*store, "a") == "sent");
  CHECK(find(*store, "a").sent_at == kNow + 6);
  CHECK(find(*store, "a").error.empty());
  CHECK(taken(*store, kNow + 60) == "later");
  CHECK(taken(*store, kNow + 600, 2) == "other channel");
}

TEST_CASE("a_message_has_so_many_rows_at_the_most") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  for (int i = 0; i < 5; ++i) REQUIRE(store->outbox().add(row_of(std::to_string(i), i + 1)).value());
  CHECK(taken(*store, kNow, 1, "", 2) == "0 1");
  CHECK(taken(*store, kNow, 1, "", 2) == "2 3");
  CHECK(taken(*store, kNow, 1, "", 1) == "4");
}

TEST_CASE("of_one_alert_and_receiver_nothing_goes_before_what_came_before_it") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  OutboxRow elsewhere = row_of("elsewhere", 1), storm = row_of("storm", 2);
  elsewhere.target = "b@example.org";
  storm.bundle = "storm";
  REQUIRE(store->outbox().add(row_of("opened", 1)).value());
  REQUIRE(store->outbox().add(storm).value());
  REQUIRE(store->outbox().add(elsewhere).value());
  CHECK(taken(*store, kNow) == "opened");
  REQUIRE(store->outbox().failed(batch(*store, "opened"), kNow + 100, "down").ok());
  REQUIRE(store->outbox().add(row_of("resolved", 1, kNow, "resolved")).value());
  REQUIRE(store->outbox().add(row_of("rose", 2, kNow, "level_rose")).value());
  REQUIRE(store->outbox().add(row_of("unrelated", 3)).value());
  CHECK(taken(*store, kNow) == "storm");  // before "rose", which is about the same
  CHECK(taken(*store, kNow) == "unrelated");
  CHECK(taken(*store, kNow).empty());
  CHECK(taken(*store, kNow, 1, "b@example.org") == "elsewhere");  // another receiver waits for nobody
  REQUIRE(store->outbox().sent(batch(*store, "storm"), kNow).ok());
  CHECK(taken(*store, kNow) == "rose");
  CHECK(taken(*store, kNow + 100) == "opened");
  REQUIRE(store->outbox().sent(batch(*store, "opened"), kNow).ok());
  CHECK(taken(*store, kNow + 100) == "resolved");
}

TEST_CASE("messages_that_share_alerts_never_wait_for_each_other") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  // The first has 1 and 2, the second 2 and 1, each with a row before the other's.
  OutboxRow early = row_of("2 in the digest", 2, kNow + 10), late = row_of("1 in the digest", 1, kNow + 10, "level_rose");
  early.bundle = late.bundle = "digest";
  REQUIRE(store->outbox().add(row_of("1", 1)).value());
  REQUIRE(store->outbox().add(early).value());
  REQUIRE(store->outbox().add(late).value());
  REQUIRE(store->outbox().add(row_of("2", 2, kNow, "level_rose")).value());
  CHECK(taken(*store, kNow) == "1 2");
  REQUIRE(store->outbox().bury(batch(*store, "1"), "given up").ok());
  CHECK(taken(*store, kNow + 10) == "2 in the digest 1 in the digest");
  REQUIRE(store->outbox().bury(batch(*store, "2 in the digest"), "given up").ok());
  CHECK(store->outbox().retry(number_of(*store, "2"), kNow + 20).value());
  CHECK(store->outbox().retry(number_of(*store, "1 in the digest"), kNow + 20).value());
  CHECK(taken(*store, kNow + 20) == "1 2");
  REQUIRE(store->outbox().sent(batch(*store, "1"), kNow + 20).ok());
  CHECK(taken(*store, kNow + 20) == "2 in the digest 1 in the digest");
}

TEST_CASE("what_was_being_sent_when_the_process_died_goes_out_again_as_the_same_message") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  REQUIRE(store->outbox().add(row_of("a", 1)).value());
  REQUIRE(store->outbox().add(row_of("b", 2)).value());
  CHECK(taken(*store, kNow) == "a b");
  const std::int64_t number = batch(*store, "a");
  store.reset();
  store = place.open();
  CHECK(taken(*store, kNow).empty());
  CHECK(store->outbox().release().value() == 2);
  REQUIRE(store->outbox().add(row_of("c", 3)).value());
  CHECK(taken(*store, kNow) == "a b");
  CHECK(batch(*store, "b") == number);
}

TEST_CASE("a_dead_message_is_tried_again_or_discarded_with_all_it_had") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  for (const std::string& name : {"a", "b"}) REQUIRE(store->outbox().add(row_of(name, 1)).value());
  REQUIRE(store->outbox().add(row_of("c", 9, kNow + 60)).value());
  CHECK(taken(*store, kNow) == "a b");
  const std::int64_t number = batch(*store, "a");
  REQUIRE(store->outbox().bury(number, "24 hours").ok());
  CHECK(state(*store, "b") == "dead");
  CHECK(taken(*store, kNow).empty());
  CHECK_FALSE(store->outbox().retry(number_of(*store, "c"), kNow).value());
  CHECK(store->outbox().retry(number_of(*store, "b"), kNow + 30).value());
  CHECK(find(*store, "a").since == kNow + 30);
  CHECK(find(*store, "a").attempts == 0);
  CHECK(taken(*store, kNow + 30) == "a b");
  CHECK(batch(*store, "a") == number);
  CHECK_FALSE(store->outbox().discard(number_of(*store, "a"), "under way").value());
  REQUIRE(store->outbox().bury(number, "again").ok());
  CHECK(store->outbox().discard(number_of(*store, "a"), "by anna").value());
  CHECK(state(*store, "b") == "discarded");
  CHECK(find(*store, "b").error == "by anna");
  CHECK_FALSE(store->outbox().retry(number_of(*store, "a"), kNow).value());
  CHECK(store->outbox().discard(number_of(*store, "c"), "by anna").value());  // what was not tried is one alone
}

TEST_CASE("the_end_of_an_alert_is_not_told_where_its_opening_died") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  REQUIRE(store->outbox().add(row_of("arrived", 1)).value());
  CHECK(taken(*store, kNow) == "arrived");
  REQUIRE(store->outbox().sent(batch(*store, "arrived"), kNow).ok());
  REQUIRE(store->outbox().add(row_of("again", 1, kNow, "repeated")).value());
  REQUIRE(store->outbox().add(row_of("died", 2)).value());
  CHECK(taken(*store, kNow) == "again died");
  OutboxRow elsewhere = row_of("resolved elsewhere", 2, kNow, "resolved");
  elsewhere.target = "b@example.org";
  REQUIRE(store->outbox().add(elsewhere).value());
  REQUIRE(store->outbox().add(row_of("resolved 1", 1, kNow, "resolved")).value());
  REQUIRE(store->outbox().add(row_of("resolved 2", 2, kNow, "resolved")).value());
  REQUIRE(store->outbox().bury(batch(*store, "died"), "24 hours").ok());
  CHECK(state(*store, "resolved 1") == "queued");
  CHECK(state(*store, "resolved 2") == "discarded");
  CHECK(find(*store, "resolved 2").error == "its opening did not arrive");
  CHECK(state(*store, "resolved elsewhere") == "queued");
}

TEST_CASE("what_was_not_tried_may_change_its_words_its_time_and_its_bundle_or_be_withdrawn") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  REQUIRE(store->outbox().add(row_of("a", 1, kNow + 15)).value());
  REQUIRE(store->outbox().add(row_of("later", 1, kNow + 600, "escalated")).value());
  OutboxRow changed = find(*store, "a");
  changed.body = "{}";
  changed.bundle = "digest";
  changed.next_at = kNow + 2;
  CHECK(store->outbox().rewrite(changed).value());
  CHECK(find(*store, "a").body == "{}");
  CHECK(find(*store, "a").since == kNow + 2);
  CHECK(taken(*store, kNow + 2) == "a");
  CHECK_FALSE(store->outbox().rewrite(changed).value());
  CHECK(store->outbox().withdraw(1, {"escalated", "repeated"}, "acknowledged").value() == 1);
  CHECK(find(*store, "later").error == "acknowledged");
  REQUIRE(store->outbox().failed(batch(*store, "a"), kNow, "down").ok());
  CHECK(store->outbox().withdraw(1, {}, "resolved").value() == 0);  // it was tried
  REQUIRE(store->outbox().add(row_of("b", 1)).value());
  CHECK(store->outbox().withdraw(1, {}, "folded").value() == 1);
  CHECK(store->outbox().of_alert(1).value().size() == 3);
}

TEST_CASE("what_failed_is_withdrawn_by_its_kind_where_it_is_a_message_of_its_own_and_not_on_its_way") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  const auto withdrawn = [&](std::int64_t alert) { return store->outbox().withdraw(alert, {"escalated"}, "done").value(); };
  REQUIRE(store->outbox().add(row_of("alone", 1, kNow, "escalated")).value());
  CHECK(taken(*store, kNow) == "alone");
  CHECK(withdrawn(1) == 0);
  REQUIRE(store->outbox().failed(batch(*store, "alone"), kNow + 60, "down").ok());
  CHECK(store->outbox().withdraw(1, {}, "folded").value() == 0);
  CHECK(withdrawn(1) == 1);
  CHECK(find(*store, "alone").error == "done");
  REQUIRE(store->outbox().add(row_of("one", 2, kNow, "escalated")).value());
  REQUIRE(store->outbox().add(row_of("two", 3, kNow, "escalated")).value());
  CHECK(taken(*store, kNow) == "one two");
  REQUIRE(store->outbox().failed(batch(*store, "one"), kNow + 60, "down").ok());
  CHECK(withdrawn(2) == 0);
  CHECK(taken(*store, kNow + 60) == "one two");
}

TEST_CASE("a_group_knows_what_waits_and_what_went") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  const OutboxGroup group{1, "", "ent_a"};
  CHECK(store->outbox().group(group).value().waiting_until == 0);
  REQUIRE(store->outbox().add(row_of("a", 1, kNow + 15)).value());
  REQUIRE(store->outbox().add(row_of("b", 2, kNow + 9)).value());
  CHECK(store->outbox().group(group).value().waiting_until == kNow + 9);
  CHECK(store->outbox().group({1, "", "ent_b"}).value().waiting_until == 0);
  REQUIRE(store->outbox().add(row_of("level", 2, kNow + 20, "level_rose")).value());
  REQUIRE(store->outbox().fold_into_storm(group, kNow + 30).ok());
  CHECK(store->outbox().group(group).value().storm_until == kNow + 30);
  CHECK(store->outbox().group(group).value().waiting_until == kNow + 20);  // what is no opening stays
  CHECK(store->outbox().last_storm("all").value() == kNow);
  CHECK(store->outbox().last_storm("other").value() == 0);
  CHECK(store->outbox().openings("all", kNow).value() == 2);
  CHECK(store->outbox().openings("all", kNow + 1).value() == 0);
  CHECK(taken(*store, kNow + 20) == "level");
  REQUIRE(store->outbox().sent(batch(*store, "level"), kNow + 21).ok());
  CHECK(store->outbox().group(group).value().last_sent_at == kNow + 21);
  CHECK(taken(*store, kNow + 30) == "a b");
  REQUIRE(store->outbox().sent(batch(*store, "a"), kNow + 31).ok());
  CHECK(store->outbox().group(group).value().storm_sent_at == kNow + 31);
  CHECK(store->outbox().sent_times(1, "", kNow).value() == std::vector<std::int64_t>{kNow + 21, kNow + 31});
  CHECK(store->outbox().sent_times(1, "", kNow + 22).value() == std::vector<std::int64_t>{kNow + 31});
  CHECK(store->outbox().opening_batch(1, "", 1).value() == batch(*store, "a"));
  CHECK(store->outbox().opening_batch(1, "", 2).value() == batch(*store, "level"));
  CHECK(store->outbox().opening_batch(1, "b@example.org", 2).value() == 0);
}

TEST_CASE("what_a_receiver_has_due_is_put_off_into_a_digest") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  OutboxRow other = row_of("other", 3);
  other.target = "b@example.org";
  for (const OutboxRow& row : {row_of("due", 1), row_of("later", 2, kNow + 60), other})
    REQUIRE(store->outbox().add(row).value());
  REQUIRE(store->outbox().postpone(1, "", kNow, kNow + 1800).ok());
  CHECK(find(*store, "due").bundle == "digest");
  CHECK(find(*store, "due").next_at == kNow + 1800);
  CHECK(find(*store, "later").bundle.empty());
  CHECK(find(*store, "other").bundle.empty());
}

TEST_CASE("what_waits_too_long_is_given_up_and_what_is_over_is_removed_after_its_time") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  REQUIRE(store->outbox().add(row_of("old", 1)).value());
  REQUIRE(store->outbox().add(row_of("new", 2, kNow + kDay)).value());
  auto counts = store->outbox().counts(kNow + 5).value();
  REQUIRE(counts.size() == 1);
  CHECK(counts[0].waiting == 2);
  CHECK(counts[0].oldest_waiting == kNow);
  CHECK(store->outbox().next_due().value() == kNow);
  CHECK(store->outbox().bury_older(1, kNow + 1, "the channel is off").value() == 1);
  CHECK(state(*store, "old") == "dead");
  counts = store->outbox().counts(kNow + 5).value();
  CHECK(counts[0].dead == 1);
  CHECK(counts[0].oldest_waiting == 0);
  CHECK(taken(*store, kNow + kDay) == "new");
  REQUIRE(store->outbox().sent(batch(*store, "new"), kNow + kDay).ok());
  CHECK_FALSE(store->outbox().next_due().value().has_value());
  CHECK(store->outbox().prune(kNow, kNow + kDay, 10).value() == 0);
  CHECK(store->outbox().prune(kNow + 1, kNow + kDay, 10).value() == 1);
  CHECK(store->outbox().prune(kNow + 1, kNow + kDay + 1, 10).value() == 1);
  CHECK(store->outbox().list({}).value().empty());
}

TEST_CASE("a_channel_that_is_removed_takes_along_what_waits_for_it") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  const std::int64_t id = store->channels().add(channel_of("ops")).value();
  REQUIRE(id == 1);
  REQUIRE(store->outbox().add(row_of("a", 1)).value());
  REQUIRE(store->outbox().add(row_of("b", 2, kNow + 60)).value());
  CHECK(taken(*store, kNow) == "a");
  const std::int64_t number = batch(*store, "a");
  CHECK(store->channels().remove(id).value());
  REQUIRE(store->outbox().sent(number, kNow).ok());  // a sender that has not heard of it
  CHECK(state(*store, "a") == "discarded");
  CHECK(find(*store, "b").error == "the channel was removed");
}

TEST_CASE("messages_are_listed_by_channel_alert_and_state_the_newest_first") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  for (int i = 0; i < 4; ++i) REQUIRE(store->outbox().add(row_of(std::to_string(i), i % 2 + 1, kNow + i)).value());
  CHECK(taken(*store, kNow) == "0");
  const auto names = [&](const OutboxFilter& filter) {
    std::string all;
    const auto rows = store->outbox().list(filter).value();
    for (const OutboxRow& row : rows) all += row.dedupe;
    return all;
  };
  CHECK(names({}) == "3210");
  CHECK(names({.alert = 1}) == "20");
  CHECK(names({.states = {OutboxState::sending, OutboxState::dead}}) == "0");
  CHECK(names({.channel = 2}).empty());
  CHECK(names({.before_id = number_of(*store, "2"), .limit = 1}) == "1");
}

TEST_CASE("two_that_take_at_once_never_take_the_same") {
  IN_EVERY_STORE(place);
  auto store = place.open();
  for (int i = 0; i < 40; ++i) {
    OutboxRow row = row_of(std::to_string(i), i + 1);
    row.site = std::to_string(i);
    REQUIRE(store->outbox().add(row).value());
  }
  std::vector<std::string> got[2];
  std::thread threads[2];
  for (int t = 0; t < 2; ++t)
    threads[t] = std::thread([&, t] {
      for (;;) {
        auto batch = store->outbox().take(1, "", kNow, 100);
        if (!batch || !batch.value()) return;
        got[t].push_back(batch.value()->rows[0].dedupe);
      }
    });
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all(got[0].begin(), got[0].end());
  all.insert(got[1].begin(), got[1].end());
  CHECK(all.size() == 40);
  CHECK(got[0].size() + got[1].size() == 40);
}

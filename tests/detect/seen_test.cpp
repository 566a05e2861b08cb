// First values: `seen:`, in windows, in a memory that is written down, and as the oracle says.
#include <random>

#include "catch.hpp"
#include "core/clock.hpp"
#include "detect/partitions.hpp"
#include "detect/seen_values.hpp"
#include "detect/windows.hpp"
#include "oracle/signal_oracle.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::add_record;
using logystera::test::refusal;
using logystera::test::rules_of;

namespace {

constexpr std::int64_t kHour = std::int64_t{3600} * kSecondNs, kDay = 24 * kHour;
const std::string kKey(32, 'k');

std::string seen_rule(const std::string& seen, const std::string& more = "") {
  return "id: NEW\ntitle: N\nlevel: high\napplies_to: {kind: signal}\ndetection: {match: [{field: event_type, op: equals, "
         "value: "
         "auth.login}]}\nseen: " +
         seen + "\n" + more;
}

/// Records of one site, one call each.
struct Site {
  explicit Site(const std::string& rules, WindowOptions options = {}) : set(rules_of(rules)) {
    REQUIRE(set.refused() == 0);
    Result<Engine> made = Engine::compile(set, names);
    REQUIRE(made.ok());
    engine.emplace(std::move(made).value());
    session.emplace(*engine);
    options.key = kKey;
    windows.emplace(set, names, options);
  }

  /// The ids of the rules that fired.
  std::vector<std::string> record(std::int64_t time, const std::string& fields) {
    RecordBatch batch;
    add_record(fields, names, batch);
    batch.records[0].time_ns = time;
    std::vector<Match> out;
    windows->feed(batch.records[0], session->match(batch.records[0]), out);
    std::vector<std::string> ids;
    for (const Match& match : out) ids.push_back((match.clears ? "-" : "") + set.rules[match.rule].id);
    groups.clear();
    for (const Match& match : out) groups.push_back(match.group);
    return ids;
  }

  RuleSet set;
  FieldNames names;
  std::optional<Engine> engine;
  std::optional<Session> session;
  std::optional<Windows> windows;
  std::vector<std::uint64_t> groups;
};

std::string login(const std::string& uid, const std::string& more = "") {
  return "{kind: signal, event_type: auth.login, uid: '" + uid + "'" + more + "}";
}
using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("a_value_is_new_once_and_again_when_it_was_away_long_enough") {
  Site site(seen_rule("{fields: uid, new_in: 10d}"));
  CHECK(site.record(0, login("a")) == Ids{"NEW"});
  CHECK(site.record(1, login("a")).empty());
  CHECK(site.record(2, login("b")) == Ids{"NEW"});
  CHECK(site.record(9 * kDay, login("a")).empty());
  CHECK(site.record(18 * kDay, login("a")).empty());
  CHECK(site.record(28 * kDay, login("a")) == Ids{"NEW"});
}

TEST_CASE("a_value_is_back_when_it_was_there_before_and_long_not") {
  Site site(seen_rule("{fields: uid, back_after: 10d}"));
  CHECK(site.record(0, login("a")).empty());
  CHECK(site.record(9 * kDay, login("a")).empty());
  CHECK(site.record(19 * kDay, login("a")) == Ids{"NEW"});
  CHECK(site.record(40 * kDay, login("b")).empty());
}

TEST_CASE("nothing_counts_while_a_site_is_learnt_and_it_is_remembered") {
  Site site(seen_rule("{fields: uid, new_in: 90d, learn: 14d}"));
  CHECK(site.record(0, "{kind: signal, event_type: cron.run}").empty());  // the site's first record
  CHECK(site.record(13 * kDay, login("a")).empty());
  CHECK(site.record(14 * kDay, login("a")).empty());
  CHECK(site.record(14 * kDay, login("b")) == Ids{"NEW"});
}

TEST_CASE("several_fields_are_one_value_and_a_missing_one_is_not_an_empty_one") {
  Site site(seen_rule("{fields: [uid, net], new_in: 10d}"));
  CHECK(site.record(0, login("a", ", net: x")) == Ids{"NEW"});
  CHECK(site.record(1, login("a", ", net: y")) == Ids{"NEW"});
  CHECK(site.record(2, login("a")) == Ids{"NEW"});
  CHECK(site.record(3, login("a", ", net: ''")) == Ids{"NEW"});
  CHECK(site.record(4, login("a")).empty());
  CHECK(site.record(5, login("ax", ", net: ''")) == Ids{"NEW"});
}

TEST_CASE("windows_count_only_what_seen_lets_through") {
  Site site(seen_rule("{fields: uid, new_in: 10d}", "window: {span: 1h, count: {gte: 3}}\n"));
  CHECK(site.record(0, login("a")).empty());
  for (int i = 1; i < 9; ++i) CHECK(site.record(i, login("a")).empty());
  CHECK(site.record(10, login("b")).empty());
  CHECK(site.record(11, login("c")) == Ids{"NEW"});
}

TEST_CASE("a_memory_given_to_windows_outlives_them") {
  SeenMemory memory;
  const std::string rule = seen_rule("{fields: uid, new_in: 10d}");
  {
    Site site(rule, {.seen = &memory});
    CHECK(site.record(5, login("a")) == Ids{"NEW"});
  }
  SeenMemory again;
  for (const SeenMemory::Entry& entry : memory.take_changes()) again.load(entry);
  CHECK(memory.take_changes().empty());
  CHECK(again.take_changes().empty());
  CHECK(again.watched_since() == 5);
  Site site(rule, {.seen = &again});
  CHECK(site.record(6, login("a")).empty());
  CHECK(site.record(7, login("b")) == Ids{"NEW"});
  CHECK(again.take_changes().size() == 2);
  CHECK(again.watched_since() == 5);
}

TEST_CASE("partitions_remember_by_themselves") {
  const RuleSet set = rules_of(seen_rule("{fields: uid, new_in: 10d}"));
  FieldNames names;
  Result<Engine> engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  Session session(engine.value());
  std::map<PartitionId, SeenMemory> memories;
  PartitionOptions options;
  options.key = kKey;
  options.seen = [&](PartitionId partition) { return &memories[partition]; };
  PartitionedWindows windows(set, names, options);
  std::vector<Match> out;
  const auto feed = [&](PartitionId partition) {
    RecordBatch batch;
    add_record(login("a"), names, batch);
    const auto hits = session.match(batch.records[0]);
    const auto end = static_cast<std::uint32_t>(hits.size());
    out.clear();
    windows.feed(partition, batch.records, hits, {&end, 1}, out);
    return out.size();
  };
  CHECK(feed(1) == 1);
  CHECK(feed(2) == 1);
  CHECK(feed(1) == 0);
  windows.remove(1);
  CHECK(feed(1) == 0);
  CHECK(memories[1].size() == 1);
}

TEST_CASE("a_memory_is_bounded_and_forgets_what_was_seen_longest_ago") {
  SeenMemory memory(3);
  for (std::uint64_t value = 1; value <= 3; ++value) memory.see("R", value, static_cast<std::int64_t>(value));
  memory.see("R", 1, 10);
  memory.see("Q", 1, 1);
  (void)memory.take_changes();
  CHECK_FALSE(memory.see("R", 4, 11).has_value());
  CHECK(memory.forgotten() == 1);
  CHECK(memory.size() == 4);
  CHECK(memory.see("R", 1, 12).has_value());
  const std::vector<SeenMemory::Entry> changes = memory.take_changes();
  REQUIRE(changes.size() == 3);
  CHECK(changes[0] == SeenMemory::Entry{"R", 1, {1, 12}, false});
  CHECK(changes[1] == SeenMemory::Entry{"R", 2, {}, true});
  CHECK(changes[2] == SeenMemory::Entry{"R", 4, {11, 11}, false});
}

TEST_CASE("what_is_new_is_what_the_oracle_says") {
  std::mt19937 random(20261129);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  std::size_t through = 0, all = 0;
  for (int round = 0; round < 300; ++round) {
    const bool back = below(2) == 1;
    const std::string span = std::to_string(1 + below(40)) + "h";
    const std::string learn = below(2) == 1 ? ", learn: " + std::to_string(1 + below(60)) + "h" : "";
    Site site(seen_rule("{fields: [uid, net], " + std::string(back ? "back_after" : "new_in") + ": " + span + learn + "}"));
    std::vector<oracle::SeenHit> hits;
    std::int64_t time = 1'767'225'600 * kSecondNs;
    const std::int64_t first = time;
    (void)site.record(time, "{kind: signal, event_type: cron.run}");
    for (int i = 0; i < 60; ++i) {
      time += (below(12) - 2) * kHour;  // sometimes back
      const std::string uid(1, static_cast<char>('a' + below(3)));
      const std::string net = below(3) == 0 ? "" : ", net: n" + std::to_string(below(2));
      const Ids fired = site.record(time, login(uid, net));
      hits.push_back({time, uid + net});
      const bool naive = oracle::seen_lets_through(*site.set.find("NEW")->seen, hits, first);
      REQUIRE((fired.size() == 1) == naive);
      through += naive;
      ++all;
    }
  }
  CHECK(through > 1000);
  CHECK(all - through > 1000);
}

TEST_CASE("alerts_of_detections_are_grouped_and_a_condition_clears_in_its_group") {
  const std::string rules = R"(
id: UPDATE
title: U
level: high
applies_to: {kind: signal, event_type: [update.available]}
detection: {match: [{field: security, op: equals, value: true}]}
clear: {match: [{field: security, op: equals, value: false}]}
alert: {kind: condition, group_by: [project]}
)";
  const auto update = [](const std::string& project, bool security) {
    return "{kind: signal, event_type: update.available, project: " + project +
           ", security: " + (security ? "true" : "false") + "}";
  };
  Site site(rules, {.clears = true});
  CHECK(site.record(1, update("webform", true)) == Ids{"UPDATE"});
  const std::uint64_t webform = site.groups[0];
  CHECK(webform != 0);
  CHECK(site.record(2, update("token", true)) == Ids{"UPDATE"});
  CHECK(site.groups[0] != webform);
  CHECK(site.record(3, update("webform", false)) == Ids{"-UPDATE"});
  CHECK(site.groups[0] == webform);
  Site without(rules);
  CHECK(without.record(1, update("webform", false)).empty());
  CHECK(without.record(2, update("webform", true)) == Ids{"UPDATE"});
  CHECK(without.groups[0] == webform);  // the same key, the same number
}

TEST_CASE("a_window_that_is_a_condition_clears_in_the_windows_group") {
  Site site(R"(
id: FAILING
title: F
level: high
applies_to: {kind: signal, event_type: [cron.run]}
detection: {match: [{field: success, op: equals, value: false}]}
window: {span: 1h, group_by: client_ip, count: {gte: 2}}
clear: {match: [{field: success, op: equals, value: true}]}
alert: {kind: condition}
)",
            {.clears = true});
  const auto run = [](const std::string& ip, bool success) {
    return "{kind: signal, event_type: cron.run, client_ip: " + ip + ", success: " + (success ? "true" : "false") + "}";
  };
  CHECK(site.record(1, run("192.0.2.1", false)).empty());
  CHECK(site.record(2, run("192.0.2.1", false)) == Ids{"FAILING"});
  const std::uint64_t group = site.groups[0];
  CHECK(site.record(3, run("192.0.2.2", true)) == Ids{"-FAILING"});
  CHECK(site.groups[0] != group);
  CHECK(site.record(4, run("192.0.2.1", true)) == Ids{"-FAILING"});
  CHECK(site.groups[0] == group);
}

TEST_CASE("seen_says_what_is_wrong_with_it") {
  CHECK_THAT(refusal(seen_rule("uid")), Catch::Contains("seen is a map"));
  CHECK_THAT(refusal(seen_rule("{fields: uid}")), Catch::Contains("one of new_in and back_after"));
  CHECK_THAT(refusal(seen_rule("{fields: uid, new_in: 1d, back_after: 1d}")),
             Catch::Contains("one of new_in and back_after"));
  CHECK_THAT(refusal(seen_rule("{new_in: 1d}")), Catch::Contains("one to 4 fields"));
  CHECK_THAT(refusal(seen_rule("{fields: [a, b, c, d, e], new_in: 1d}")), Catch::Contains("one to 4 fields"));
  CHECK_THAT(refusal(seen_rule("{fields: uid, new_in: 91d}")), Catch::Contains("90 days"));
  CHECK_THAT(refusal(seen_rule("{fields: uid, new_in: 1d, learned: 1d}")), Catch::Contains("unknown key 'learned'"));
  CHECK_THAT(refusal("id: R\ntitle: R\nlevel: low\nwindow: {span: 1h, rules: [A]}\nseen: {fields: uid, new_in: 1d}\n"),
             Catch::Contains("seen goes with a detection"));
}

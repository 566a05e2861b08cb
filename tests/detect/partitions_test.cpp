// Windows that many senders share a process with: partitions, interruptions, and runs of records of any length.
#include "detect/partitions.hpp"

#include <map>
#include <random>

#include "catch.hpp"
#include "detect/engine.hpp"
#include "oracle/window_oracle.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::rules_of;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::string native(const std::string& id, const std::string& window) {
  return "id: " + id +
         "\ntitle: T\nlevel: low\ndetection: {match: [{field: a, op: exists, value: true}]}\nwindow: " + window + "\n---\n";
}

// One window of each kind, and one over another.
std::string all_kinds() {
  const auto base = [](const std::string& name, const std::string& value) {
    return "title: " + name + "\nid: id-" + name + "\nname: " + name +
           "\nlogsource: {product: windows}\ndetection: {s: {T: " + value + "}, condition: s}\n---\n";
  };
  const auto correlation = [](const std::string& id, const std::string& body) {
    return "title: " + id + "\nid: " + id + "\nname: " + id + "\ncorrelation: {" + body + "}\n---\n";
  };
  const std::string common = ", group-by: [G], timespan: 20s";
  return native("many", "{span: 20s, group_by: G, count: {gte: 4}}") +
         native("different", "{span: 20s, group_by: G, distinct: {field: V, gte: 3}}") +
         native("all", "{span: 20s, group_by: G, sum: {field: N, gt: 20}}") + base("r0", "0") + base("r1", "1") +
         correlation("average", "type: value_avg, rules: [r0]" + common + ", condition: {field: N, gte: 5}") +
         correlation("few", "type: event_count, rules: [r1]" + common + ", condition: {lt: 3}") +
         correlation("both", "type: temporal, rules: [r0, r1]" + common) +
         correlation("inorder", "type: temporal_ordered, rules: [r0, r1]" + common) +
         correlation("burst", "type: event_count, rules: [r0]" + common + ", condition: {gte: 3}") +
         correlation("chain", "type: temporal_ordered, rules: [burst, r1]" + common);
}

// Records of a generated log with what they hit.
class Log {
 public:
  explicit Log(const std::string& rules) : set(rules_of(rules)) {
    std::string refused;
    for (const DocumentReport& report : set.documents)
      for (const yaml::Problem& problem : report.problems) refused += yaml::describe(report.file, problem) + "\n";
    INFO(refused);
    REQUIRE(set.refused() == 0);
    Result<Engine> compiled = Engine::compile(set, names);
    REQUIRE(compiled.ok());
    engine = std::make_unique<Engine>(std::move(compiled).value());
    for (const char* name : {"a", "b", "T", "G", "V", "N"}) names.add(name);  // the same numbers in each log
  }

  void add(std::int64_t second, const std::string& map) {
    test::add_record(map, names, batch);
    batch.records.back().time_ns = second * kSecond;
    batch.records.back().time_known = second >= 0;
  }
  void random(unsigned seed, int count, int groups) {
    std::mt19937 random(seed);
    const auto up_to = [&random](int most) { return static_cast<int>(random() % static_cast<unsigned>(most + 1)); };
    std::int64_t now = 1'000'000 + up_to(1'000'000);
    for (int i = 0; i < count; ++i) {
      if (up_to(1) == 0) now += up_to(2);
      if (up_to(200) == 0) now += 60;
      if (up_to(900) == 0) now -= 500;  // the clock was set
      const std::int64_t second = up_to(30) == 0 ? -1 : now - (up_to(9) == 0 ? up_to(15) : 0);
      const bool quiet = up_to(3) == 0;  // hits nothing
      add(second, quiet ? "{b: 1}"
                        : "{kind: windows_event, a: 1, T: " + std::to_string(up_to(1)) + ", G: g" +
                              std::to_string(up_to(3) == 0 ? up_to(2) : up_to(groups)) + ", V: v" +
                              std::to_string(up_to(5)) + ", N: " + std::to_string(up_to(8)) + "}");
    }
  }
  void match() {
    Session session(*engine);
    hits.clear();
    ends.clear();
    for (const Record& record : batch.records) {
      for (std::uint32_t rule : session.match(record)) hits.push_back(rule);
      ends.push_back(static_cast<std::uint32_t>(hits.size()));
    }
  }
  // Records from `from` to before `to`, fed as `feed(records, hits, ends, out)`.
  template <typename Feed>
  void part(std::size_t from, std::size_t to, Feed&& feed) {
    const std::uint32_t begin = from == 0 ? 0 : ends[from - 1], end = to == 0 ? 0 : ends[to - 1];
    std::vector<std::uint32_t> own(ends.begin() + static_cast<std::ptrdiff_t>(from),
                                   ends.begin() + static_cast<std::ptrdiff_t>(to));
    for (std::uint32_t& one : own) one -= begin;
    feed(std::span(batch.records).subspan(from, to - from), std::span(hits).subspan(begin, end - begin), std::span(own));
  }

  FieldNames names;
  RuleSet set;
  std::unique_ptr<Engine> engine;
  RecordBatch batch;
  std::vector<std::uint32_t> hits, ends;
};

std::string described(const RuleSet& set, const std::vector<Match>& matches) {
  std::string out;
  for (const Match& match : matches) {
    if (!set.rules[match.rule].is_window()) continue;
    out += set.rules[match.rule].id + "@" + std::to_string(match.time_ns / kSecond) + " " + std::to_string(match.group) +
           " " + std::to_string(match.hits) + " " + std::to_string(match.measure) + " " +
           std::to_string(match.first_ns / kSecond) + "\n";
  }
  return out;
}

WindowOptions keyed(std::size_t cells = 1'000'000) { return {.cells = cells, .key = "one key for all runs"}; }

std::string in_one_run(Log& log, std::size_t cells = 1'000'000) {
  Windows windows(log.set, log.names, keyed(cells));
  std::vector<Match> out;
  log.part(0, log.batch.records.size(),
           [&](auto records, auto hits, auto ends) { windows.feed(records, hits, ends, out); });
  windows.finish(out);
  return described(log.set, out);
}

}  // namespace

TEST_CASE("windows_fire_alike_however_long_the_runs_of_records_are") {
  std::mt19937 random(20261128);
  for (unsigned round = 0; round < 30; ++round) {
    Log log(all_kinds());
    log.random(round, 600, 40);
    log.match();
    const std::string wanted = in_one_run(log);
    CHECK(std::count(wanted.begin(), wanted.end(), '\n') > 20);  // the comparison is about something
    for (std::size_t most : {1u, 2u, 7u, 100u}) {
      Windows windows(log.set, log.names, keyed());
      std::vector<Match> out;
      for (std::size_t from = 0; from < log.batch.records.size();) {
        const std::size_t to = std::min(from + 1 + random() % most, log.batch.records.size());
        log.part(from, to, [&](auto records, auto hits, auto ends) { windows.feed(records, hits, ends, out); });
        from = to;
      }
      windows.finish(out);
      CHECK(described(log.set, out) == wanted);
    }
  }
}

TEST_CASE("windows_go_on_after_a_restart_as_if_there_had_been_none") {
  std::mt19937 random(20261129);
  for (unsigned round = 0; round < 60; ++round) {
    Log log(all_kinds());
    log.random(1000 + round, 500, round % 2 == 0 ? 5 : 200);
    log.match();
    const std::string wanted = in_one_run(log);
    auto windows = std::make_unique<Windows>(log.set, log.names, keyed());
    std::vector<Match> out;
    for (std::size_t from = 0; from < log.batch.records.size();) {
      const std::size_t to = std::min<std::size_t>(from + 1 + random() % 90, log.batch.records.size());
      log.part(from, to, [&](auto records, auto hits, auto ends) { windows->feed(records, hits, ends, out); });
      from = to;
      const std::string saved = windows->save();
      CHECK(saved.find("g1") == std::string::npos);  // no text of a record
      const WindowStats before = windows->stats();
      windows = std::make_unique<Windows>(log.set, log.names, keyed());
      const Result<Done> restored = windows->restore(saved);
      INFO((restored ? std::string() : restored.error().message));
      REQUIRE(restored.ok());
      CHECK(windows->stats().hits == before.hits);
    }
    windows->finish(out);
    CHECK(described(log.set, out) == wanted);
  }
}

TEST_CASE("windows_that_count_attempts_go_on_after_a_restart") {
  const std::string rules =
      "id: A\ntitle: T\nlevel: low\ndetection: {match: [{field: action, op: exists, value: true}]}\n"
      "window: {span: 60s, group_by: client_ip, attempts: {gte: 3}}\n";
  const auto feed_all = [&](bool interrupted) {
    Log log(rules);
    for (int i = 0; i < 3; ++i) {
      const std::string rest = ", client_ip: 192.0.2.7, client_port: " + std::to_string(1000 + i) + ", pid: 7, user: u}";
      log.add(100 + i, "{kind: auth, action: invalid_user" + rest);
      log.add(100 + i, "{kind: auth, action: failed_invalid_user, auth_method: password" + rest);
    }
    log.match();
    auto windows = std::make_unique<Windows>(log.set, log.names, keyed());
    std::vector<Match> out;
    for (std::size_t i = 0; i < log.batch.records.size(); ++i) {
      log.part(i, i + 1, [&](auto records, auto hits, auto ends) { windows->feed(records, hits, ends, out); });
      if (!interrupted) continue;
      const std::string saved = windows->save();
      windows = std::make_unique<Windows>(log.set, log.names, keyed());
      REQUIRE(windows->restore(saved).ok());
    }
    return described(log.set, out);
  };
  const std::string wanted = feed_all(false);
  CHECK(wanted.find("A@102") == 0);
  CHECK(feed_all(true) == wanted);
}

TEST_CASE("windows_rebuilt_from_the_stored_records_go_on_as_if_they_had_seen_them") {
  for (unsigned round = 0; round < 20; ++round) {
    Log log(all_kinds());
    log.random(2000 + round, 500, 30);
    log.match();
    const std::size_t half = 100 + round * 17;
    Windows before(log.set, log.names, keyed()), after(log.set, log.names, keyed());
    std::vector<Match> first, again, rest, whole;
    log.part(0, half, [&](auto records, auto hits, auto ends) { before.feed(records, hits, ends, first); });
    log.part(0, half, [&](auto records, auto hits, auto ends) { after.feed(records, hits, ends, again); });  // warmed up
    log.part(half, 500, [&](auto records, auto hits, auto ends) { after.feed(records, hits, ends, rest); });
    after.finish(rest);
    CHECK(described(log.set, first) + described(log.set, rest) == in_one_run(log));
  }
}

TEST_CASE("a_firing_that_is_known_is_not_fired_again_within_its_span") {
  Log log(native("W", "{span: 20s, group_by: G, count: {gte: 3}}"));
  for (int i = 0; i < 12; ++i) log.add(1000 + 2 * i, "{a: 1, G: x}");
  log.match();
  Windows all(log.set, log.names, keyed());
  std::vector<Match> out;
  log.part(0, 12, [&](auto records, auto hits, auto ends) { all.feed(records, hits, ends, out); });
  std::erase_if(out, [&](const Match& match) { return !log.set.rules[match.rule].is_window(); });
  REQUIRE(out.size() == 1);
  CHECK(out[0].time_ns == 1004 * kSecond);
  // Everything before the burst's fourth hit is gone, but for the finding.
  for (const bool seeded : {true, false}) {
    Windows later(log.set, log.names, keyed());
    if (seeded) later.seed_fired(out[0].rule, out[0].group, out[0].time_ns);
    std::vector<Match> more;
    log.part(3, 10, [&](auto records, auto hits, auto ends) { later.feed(records, hits, ends, more); });
    std::erase_if(more, [&](const Match& match) { return !log.set.rules[match.rule].is_window(); });
    CHECK(more.size() == (seeded ? 0 : 1));
  }
}

TEST_CASE("saved_windows_of_other_rules_another_key_or_another_version_are_refused") {
  Log log(native("W", "{span: 20s, group_by: G, count: {gte: 3}}")),
      other(native("W", "{span: 21s, group_by: G, count: {gte: 3}}"));
  log.add(1000, "{a: 1, G: x}");
  log.match();
  Windows windows(log.set, log.names, keyed());
  std::vector<Match> out;
  log.part(0, 1, [&](auto records, auto hits, auto ends) { windows.feed(records, hits, ends, out); });
  const std::string saved = windows.save();
  const auto refusal = [&saved](Windows&& into) {
    const Result<Done> done = into.restore(saved);
    return done ? std::string() : done.error().message;
  };
  CHECK(refusal(Windows(log.set, log.names, keyed())).empty());
  CHECK(refusal(Windows(other.set, other.names, keyed())) == "saved windows: of other rules or another key");
  CHECK(refusal(Windows(log.set, log.names, {.key = "another"})) == "saved windows: of other rules or another key");
  CHECK(windows.restore("").error().message == "saved windows: not what this program writes");
  CHECK(windows.stats().groups == 0);
  CHECK(windows.restore(saved).ok());
  std::string version = saved;
  ++version[18];
  CHECK(windows.restore(version).error().message == "saved windows: of another version");
  CHECK(windows.restore(saved + "x").error().message == "saved windows: damaged in its frame");
  CHECK(windows.restore("x").error().kind == ErrorKind::broken);
}

TEST_CASE("saved_windows_that_are_damaged_are_refused_or_go_on_within_their_bounds") {
  Log log(all_kinds());
  log.random(77, 300, 30);
  log.match();
  Windows windows(log.set, log.names, keyed());
  std::vector<Match> out;
  log.part(0, 200, [&](auto records, auto hits, auto ends) { windows.feed(records, hits, ends, out); });
  const std::string saved = windows.save();
  for (std::size_t size = 0; size < saved.size(); size += 13) {
    Windows into(log.set, log.names, keyed());
    CHECK_FALSE(into.restore(std::string_view(saved).substr(0, size)).ok());
  }
  std::mt19937 random(20261130);
  int taken = 0;
  for (int round = 0; round < 4'000; ++round) {
    std::string damaged = saved;
    for (unsigned i = 0; i <= random() % 4; ++i) {
      const std::size_t at = 30 + random() % (damaged.size() - 30);
      damaged[at] = random() % 3 == 0   ? '\xff'
                    : random() % 2 == 0 ? '\0'
                                        : static_cast<char>(damaged[at] ^ (1 << random() % 8));
    }
    Windows into(log.set, log.names, keyed(100));
    if (!into.restore(damaged).ok()) continue;
    ++taken;
    log.part(200, 300, [&](auto records, auto hits, auto ends) { into.feed(records, hits, ends, out); });
    into.finish(out);
    CHECK(into.stats().cells <= 110);
  }
  CHECK(taken > 100);
}

TEST_CASE("partitions_count_each_for_itself_however_their_records_are_interleaved") {
  constexpr std::size_t kPartitions = 5;
  std::mt19937 random(20261131);  // fixed: a failure repeats
  for (unsigned round = 0; round < 10; ++round) {
    std::vector<std::unique_ptr<Log>> logs;
    std::vector<std::string> wanted;
    std::vector<std::size_t> at(kPartitions, 0);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      logs.push_back(std::make_unique<Log>(all_kinds()));
      // Their clocks are days apart.
      logs.back()->random(3000 + 10 * round + static_cast<unsigned>(i), 300, 20);
      logs.back()->match();
      wanted.push_back(in_one_run(*logs.back()));
    }
    // All rules are compiled alike, so one set serves all logs.
    PartitionedWindows all(logs[0]->set, logs[0]->names, {.key = "one key for all runs"});
    std::vector<std::vector<Match>> out(kPartitions);
    for (std::size_t left = kPartitions * 300; left > 0;) {
      const std::size_t who = random() % kPartitions;
      const std::size_t to = std::min<std::size_t>(at[who] + 1 + random() % 20, 300);
      logs[who]->part(at[who], to,
                      [&](auto records, auto hits, auto ends) { all.feed(who, records, hits, ends, out[who]); });
      left -= to - at[who];
      at[who] = to;
      if (random() % 8 == 0 && all.has(who)) {  // that one is stopped and started
        const std::string saved = all.windows(who).save();
        all.remove(who);
        REQUIRE(all.windows(who).restore(saved).ok());
      }
    }
    for (std::size_t i = 0; i < kPartitions; ++i) {
      all.finish(i, out[i]);
      CHECK(described(logs[0]->set, out[i]) == wanted[i]);
    }
  }
}

TEST_CASE("partitions_beyond_the_number_allowed_go_and_are_counted_and_can_be_saved_before") {
  Log log(native("W", "{span: 1h, group_by: G, count: {gte: 3}}"));
  for (int i = 0; i < 3; ++i) log.add(1000 + i, "{a: 1, G: x}");
  log.match();
  std::map<PartitionId, std::string> saved;
  PartitionedWindows all(log.set, log.names,
                         {.cells = 100'000,
                          .cells_least = 10,
                          .partitions = 2,
                          .key = "k",
                          .on_evict = [&](PartitionId id, const Windows& windows) { saved[id] = windows.save(); }});
  std::vector<Match> out;
  const auto feed = [&](PartitionId id, std::size_t record) {
    log.part(record, record + 1, [&](auto records, auto hits, auto ends) { all.feed(id, records, hits, ends, out); });
  };
  feed(1, 0), feed(2, 0), feed(1, 1), feed(3, 0);
  CHECK(all.stats().evicted == 1);
  CHECK(all.stats().partitions == 2);
  CHECK_FALSE(all.has(2));
  REQUIRE(saved.size() == 1);
  feed(1, 2);
  std::erase_if(out, [&](const Match& match) { return !log.set.rules[match.rule].is_window(); });
  CHECK(out.size() == 1);
  REQUIRE(all.windows(2).restore(saved.at(2)).ok());
  feed(2, 1), feed(2, 2);
  std::erase_if(out, [&](const Match& match) { return !log.set.rules[match.rule].is_window(); });
  CHECK(out.size() == 2);
  CHECK(all.stats().windows.hits ==
        3 + 1 + 3 + 1);  // of 2, the one it was saved with is counted with those that are gone, too
}

TEST_CASE("what_one_partition_makes_up_for_names_fills_nobody_elses") {
  FieldNames base;
  base.add("rule_field");
  FieldNames hostile(FieldNames::Over{base}), honest(FieldNames::Over{base});
  CHECK(hostile.find("rule_field") == base.find("rule_field"));
  CHECK(hostile.name(base.find("rule_field")) == "rule_field");
  std::size_t given = 0;
  for (std::size_t i = 0; i < FieldNames::kOwnNames + 100; ++i)
    given += hostile.add("n" + std::to_string(i)) != field::none;
  CHECK(given == FieldNames::kOwnNames);
  CHECK(hostile.size() == base.size() + FieldNames::kOwnNames);
  CHECK(hostile.find("n7") >= base.size());
  CHECK(hostile.name(hostile.find("n7")) == "n7");
  CHECK(hostile.name(static_cast<FieldId>(hostile.size())).empty());
  CHECK(base.find("n7") == field::none);
  CHECK(honest.find("n7") == field::none);
  CHECK(honest.add("another") == base.size());
  CHECK(honest.add("rule_field") == base.find("rule_field"));
}

TEST_CASE("a_partition_without_hits_that_are_counted_has_no_windows_and_still_gives_its_matches") {
  Log log("id: D\ntitle: D\nlevel: low\ndetection: {match: [{field: b, op: exists, value: true}]}\n---\n" +
          native("W", "{span: 1h, group_by: G, count: {gte: 3}}"));
  log.add(1000, "{b: 1}");
  log.match();
  PartitionedWindows all(log.set, log.names, {.key = "k"});
  std::vector<Match> out;
  log.part(0, 1, [&](auto records, auto hits, auto ends) { all.feed(9, records, hits, ends, out); });
  REQUIRE(out.size() == 1);
  CHECK(log.set.rules[out[0].rule].id == "D");
  CHECK(out[0].time_ns == 1000 * kSecond);
  CHECK(all.stats().partitions == 0);
}

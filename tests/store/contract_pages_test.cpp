// Lists by pages against what a naive filter over the same rows gives, with rows by chance: every filter, in both directions, with pages
// of every size.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

using Random = std::mt19937;

template <typename T>
const T& one_of(Random& random, const std::vector<T>& all) {
  return all[random() % all.size()];
}
constexpr std::chrono::hours kLong(1);  // however slow the machine is, what is asked here is counted to its end

bool chance(Random& random, unsigned in) { return random() % in == 0; }

bool contains(std::string_view text, std::string_view part) {
  const auto lower = [](std::string_view given) {
    std::string out(given);
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    return out;
  };
  return lower(text).find(lower(part)) != std::string::npos;
}

bool is_named(std::string_view source, std::string_view name) {
  return name.empty() || source == name || source.ends_with("/" + std::string(name));
}

const std::vector<std::string> kPrefixes{
    "fleet:web:", "fleet:db:", "fleet:web2:", "fleet:", "fleet:none:", "fleet:web:b", "a"};

/// Some of them, one twice at times, or none.
std::vector<std::string> some_of(Random& random, const std::vector<std::string>& all) {
  std::vector<std::string> some;
  for (unsigned left = random() % 4; left > 0; --left) some.push_back(one_of(random, all));
  return some;
}
bool begins(std::string_view name, const SourcePrefixes& prefixes) {
  return !prefixes ||
         std::any_of(prefixes->begin(), prefixes->end(), [&](const std::string& one) { return name.starts_with(one); });
}

/// Reads a list forwards to its end and back again to its beginning, with pages of `limit` rows that look at no more than `walk`. What
/// both give is the same.
template <typename Key, typename Row, typename Read>
std::vector<Row> read_all(Read read, std::size_t limit, std::size_t walk, const std::function<Key(const Row&)>& key_of) {
  std::vector<Row> all;
  PageRequest<Key> request;
  request.limit = limit;
  request.walk = walk;
  std::optional<Key> end;
  for (;;) {
    Page<Row, Key> page = read(request).value();
    REQUIRE(page.rows.size() <= limit);
    REQUIRE((page.more ? page.last.has_value() : true));
    for (Row& row : page.rows) all.push_back(std::move(row));
    if (!page.more) break;
    REQUIRE(request.older_than != page.last);
    request.older_than = page.last;
  }
  if (all.empty()) return all;
  std::vector<Row> back{all.back()};
  request = {.newer_than = key_of(all.back()), .limit = limit, .walk = walk};
  for (;;) {
    Page<Row, Key> page = read(request).value();
    back.insert(back.begin(), page.rows.begin(), page.rows.end());
    if (!page.more) break;
    request.newer_than = page.last;
  }
  REQUIRE(back.size() == all.size());
  for (std::size_t i = 0; i < all.size(); ++i) REQUIRE(key_of(all[i]) == key_of(back[i]));
  return all;
}

constexpr std::size_t kAll = 1'000'000;

}  // namespace

TEST_CASE("findings_by_pages_are_what_a_naive_filter_gives") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Random random(20261128);
  const std::vector<std::string> rules{"SSH", "SCAN", "SQLI", "100%_\\"},
      sources{"/var/log/auth.log",     "auth.log",           "b/auth.log",    "xauth.log",        "web.log",
              "fleet:web:/v/auth.log", "fleet:web:b.log",    "fleet:web",     "fleet:web2:b.log", "fleet:web:",
              "fleet:db:docker:c1",    "fleet:db:\xc3\xa9t", "fleet;db:x.log"},
      texts{"failed login", "Failed password for x", "GET /wp-login.php 100%", "nothing"};
  for (int i = 0; i < 600; ++i) {
    Finding one = finding_of(one_of(random, rules), static_cast<Level>(random() % kLevels), kNow + random() % 40,
                             one_of(random, sources), one_of(random, texts));
    one.line = static_cast<std::uint64_t>(i);
    REQUIRE(store->findings().add(one).value());
  }
  REQUIRE(store->findings().dismiss({"SCAN", "auth.log", "", kNow}).ok());
  REQUIRE(store->findings().dismiss({"SQLI", "", "", kNow}).ok());
  const auto dismissed = [](const Finding& one) {
    return one.rule == "SQLI" || (one.rule == "SCAN" && is_named(one.source, "auth.log"));
  };
  std::vector<Finding> all = store->findings().list({.limit = kAll}).value();
  REQUIRE(all.size() == 600);

  for (int round = 0; round < 300; ++round) {
    FindingFilter filter;
    if (chance(random, 3)) filter.at_least = static_cast<Level>(random() % kLevels);
    if (chance(random, 4)) filter.exactly = static_cast<Level>(random() % kLevels);
    if (chance(random, 3)) filter.rule = chance(random, 6) ? "NONE" : one_of(random, rules);
    if (chance(random, 3)) filter.source = chance(random, 6) ? "none" : one_of(random, sources);
    if (chance(random, 3)) filter.of_sources = some_of(random, kPrefixes);
    if (chance(random, 3)) filter.since = kNow + random() % 45;
    if (chance(random, 3)) filter.until = kNow + random() % 45;
    if (chance(random, 3))
      filter.text = one_of(random, std::vector<std::string>{"FAILED", "100%", "_", "auth", "title", "zzz"});
    if (chance(random, 3)) filter.dismissed = chance(random, 2);
    std::vector<std::int64_t> expected;
    for (const Finding& one : all) {
      if (filter.at_least && one.level < *filter.at_least) continue;
      if (filter.exactly && one.level != *filter.exactly) continue;
      if (!filter.rule.empty() && one.rule != filter.rule) continue;
      if (!is_named(one.source, filter.source) || !begins(one.source, filter.of_sources)) continue;
      if ((filter.since && one.time < *filter.since) || (filter.until && one.time >= *filter.until)) continue;
      if (filter.dismissed && *filter.dismissed != dismissed(one)) continue;
      if (!contains(one.message, filter.text) && !contains(one.title, filter.text) && !contains(one.rule, filter.text) &&
          !contains(one.source, filter.text))
        continue;
      expected.push_back(one.id);
    }
    const std::size_t limit = 1 + random() % 60, walk = chance(random, 3) ? 7 : kAll;
    const auto found = read_all<TimeKey, Finding>(
        [&](const PageRequest<TimeKey>& request) { return store->findings().page(filter, request); }, limit, walk,
        [](const Finding& one) {
          return TimeKey{one.time, one.id};
        });
    std::vector<std::int64_t> ids;
    for (const Finding& one : found) {
      ids.push_back(one.id);
      REQUIRE(one.dismissed == dismissed(one));
    }
    REQUIRE(ids == expected);
    CHECK(store->findings().count(filter, kCounted, kLong).value() == Count{expected.size(), false});
    const std::size_t most = expected.size() / 2;
    if (most != 0) CHECK(store->findings().count(filter, most, kLong).value() == Count{most, true});
  }
}

TEST_CASE("who_is_restricted_to_sites_sees_nothing_of_logs") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  REQUIRE(store->findings().add(finding_of("R", Level::high, kNow)).value());
  REQUIRE(store->errors().add({occurrence_of("f", kNow)}).ok());
  const SiteScope mine = std::vector<std::string>{"ent_a"};
  const std::int64_t id = store->findings().page({}, {}).value().rows.at(0).id;
  CHECK(store->findings().page({.sites = mine}, {}).value().rows.empty());
  CHECK(store->findings().count({.sites = mine}).value() == Count{});
  CHECK(store->findings().get(id).value().has_value());
  CHECK_FALSE(store->findings().get(id, mine).value().has_value());
  CHECK(store->findings().rule_hits(0, 10, mine).value().empty());
  CHECK(store->findings().sources(10, mine).value().empty());
  const auto days = store->findings().days(kNow / kDay, kNow / kDay, mine).value();
  REQUIRE(days.size() == 1);
  CHECK(days[0].by_level == std::array<std::uint64_t, kLevels>{});
  ErrorFilter errors;
  errors.sites = mine;
  CHECK(store->errors().page(errors, {}).value().rows.empty());
  CHECK(store->errors().count(errors).value() == Count{});
}

TEST_CASE("errors_by_pages_are_what_a_naive_filter_gives") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Random random(7);
  std::vector<ErrorOccurrence> occurrences;
  std::map<std::string, std::set<std::string>> seen_in;
  for (int i = 0; i < 900; ++i) {
    const unsigned group = random() % 90;
    ErrorOccurrence one =
        occurrence_of("f" + std::to_string(group), kNow + random() % 12 * 20 * kHour, static_cast<std::uint64_t>(i));
    one.pattern = group % 3 ? "Timeout after <n> s" : "disk 100% full";
    one.severity = static_cast<Severity>(group % 5);
    one.source = group % 2 ? "app.log" : "db.log";
    if (chance(random, 5))
      one.source = one_of(
          random, std::vector<std::string>{"fleet:web:a", "fleet:web:b", "fleet:web2:a", "fleet:db:x", "fleet:eu:a"});
    seen_in[one.fingerprint].insert(one.source);
    occurrences.push_back(one);
  }
  // In batches: what a batch changes of a group meets what others have.
  for (std::size_t at = 0; at < occurrences.size(); at += 60) {
    REQUIRE(store->errors()
                .add({occurrences.begin() + static_cast<std::ptrdiff_t>(at),
                      occurrences.begin() + static_cast<std::ptrdiff_t>(std::min(at + 60, occurrences.size()))})
                .ok());
  }
  const std::vector<ErrorGroup> all = store->errors().list(ErrorSort::count, {}, kAll).value();
  std::map<std::string, ErrorGroup> returned;
  for (const ErrorGroup& one : store->errors().regressions(kSilenceSeconds, kAll).value()) returned[one.fingerprint] = one;
  REQUIRE(returned.size() > 10);

  for (int round = 0; round < 200; ++round) {
    ErrorFilter filter;
    filter.sort = static_cast<ErrorSort>(random() % 3);
    if (chance(random, 3)) filter.at_least = static_cast<Severity>(random() % 5);
    if (chance(random, 3)) filter.since = kNow + random() % 12 * 20 * kHour;
    if (chance(random, 3)) filter.new_since = kNow + random() % 3 * 20 * kHour;
    if (chance(random, 3)) filter.returned_since = kNow + random() % 12 * 20 * kHour;
    if (chance(random, 3)) filter.text = one_of(random, std::vector<std::string>{"TIMEOUT", "100%", "zzz"});
    if (chance(random, 3)) filter.of_sources = some_of(random, kPrefixes);
    std::vector<ErrorGroup> expected;
    for (ErrorGroup one : all) {
      const auto there = returned.find(one.fingerprint);
      one.returned_at = there == returned.end() ? 0 : there->second.returned_at;
      one.silent_seconds = there == returned.end() ? 0 : there->second.silent_seconds;
      if (filter.at_least && one.severity < *filter.at_least) continue;
      if (filter.since && one.last_seen < *filter.since) continue;
      if (filter.new_since && one.first_seen < *filter.new_since) continue;
      if (filter.returned_since && (one.returned_at == 0 || one.returned_at < *filter.returned_since)) continue;
      if (!contains(one.pattern, filter.text)) continue;
      const std::set<std::string>& in = seen_in[one.fingerprint];
      if (filter.of_sources &&
          std::none_of(in.begin(), in.end(), [&](const std::string& source) { return begins(source, filter.of_sources); }))
        continue;
      expected.push_back(one);
    }
    std::sort(expected.begin(), expected.end(), [&](const ErrorGroup& a, const ErrorGroup& b) {
      const auto left = value_of(a, filter.sort), right = value_of(b, filter.sort);
      return left != right ? left > right : a.fingerprint < b.fingerprint;
    });
    const auto found = read_all<ErrorKey, ErrorGroup>(
        [&](const PageRequest<ErrorKey>& request) { return store->errors().page(filter, request); }, 1 + random() % 40,
        chance(random, 3) ? 5 : kAll,
        [&](const ErrorGroup& one) {
          return ErrorKey{value_of(one, filter.sort), one.fingerprint};
        });
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i].fingerprint == expected[i].fingerprint);
      REQUIRE(found[i].returned_at == expected[i].returned_at);
      REQUIRE(found[i].silent_seconds == expected[i].silent_seconds);
    }
    CHECK(store->errors().count(filter, kCounted, kLong).value() == Count{expected.size(), false});
  }
  const ErrorSummary summary = store->errors().summary().value();
  CHECK(summary.groups == all.size());
  CHECK(summary.occurrences == 900);
}

TEST_CASE("a_group_of_errors_names_the_sources_it_was_seen_in") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  for (int i = 0; i < 4; ++i) {
    ErrorOccurrence one = occurrence_of("f", kNow + i);
    one.source = i == 3 ? "a.log" : i % 2 ? "b.log" : "a.log";
    REQUIRE(store->errors().add({one}).ok());
  }
  ErrorOccurrence other = occurrence_of("g", kNow + 9);
  other.source = "c.log";
  REQUIRE(store->errors().add({other}).ok());
  using Names = std::vector<std::string>;
  CHECK(store->errors().sources("f", 9).value() == Names{"a.log", "b.log"});
  CHECK(store->errors().sources("f", 1).value() == Names{"a.log"});
  REQUIRE(store->errors().merge("f", {"g", "p", "s", "t", true}).value());
  CHECK(store->errors().sources("g", 9).value() == Names{"c.log", "a.log", "b.log"});
  CHECK(store->errors().sources("f", 9).value().empty());
}

TEST_CASE("the_return_of_a_group_is_found_whatever_order_it_is_told_in") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  Random random(99);
  for (int round = 0; round < 40; ++round) {
    const std::string group = "g" + std::to_string(round);
    for (int i = 0; i < 12; ++i) {
      // Few, with silences of about a day between them, also of exactly one.
      const std::int64_t time = kNow + static_cast<std::int64_t>(random() % 40) * 6 * kHour;
      REQUIRE(store->errors().add({occurrence_of(group, time, static_cast<std::uint64_t>(i))}).ok());
      std::optional<ErrorGroup> expected;
      for (const ErrorGroup& one : store->errors().regressions(kSilenceSeconds, kAll).value()) {
        if (one.fingerprint == group) expected = one;
      }
      const ErrorGroup found = *store->errors().find(group).value();
      REQUIRE(found.returned_at == (expected ? expected->returned_at : 0));
      REQUIRE(found.silent_seconds == (expected ? expected->silent_seconds : 0));
    }
  }
  // Two groups become one: the silence of each may be filled by the other.
  for (int round = 0; round + 1 < 40; round += 2) {
    const std::string from = "g" + std::to_string(round), into = "g" + std::to_string(round + 1);
    REQUIRE(store->errors().merge(from, {into, "p", "s", "t", true}).value());
    std::int64_t expected = 0;
    for (const ErrorGroup& one : store->errors().regressions(kSilenceSeconds, kAll).value()) {
      if (one.fingerprint == into) expected = one.returned_at;
    }
    REQUIRE(store->errors().find(into).value()->returned_at == expected);
  }
}

TEST_CASE("events_by_pages_are_what_a_naive_filter_gives") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  options.types = 4;  // the others share a number
  const auto store = place.open(options);
  const std::vector<std::string> sites{"ent_a", "ent_b", "ent_c"},
      types{"auth.login", "cron.run", "http.request", "a", "b", "c", "d"};
  for (const std::string& site : sites) {
    Entity entity = entity_of(site);
    entity.name = site == "ent_a" ? "shop" : "blog";  // two have the same
    REQUIRE(store->entities().add(entity).ok());
  }
  struct Stored {
    EventRow row;
    unsigned number;
  };
  Random random(4);
  std::vector<Stored> all;
  for (unsigned i = 0; i < 500; ++i) {
    const std::string& site = one_of(random, sites);
    const std::string& type = one_of(random, types);
    const std::int64_t created = kNow + random() % 30;
    const std::string line = "{\"event_type\":\"" + type + "\",\"n\":" + std::to_string(i) + "}";
    EventId id{};
    id[0] = static_cast<std::uint8_t>(i);
    id[1] = static_cast<std::uint8_t>(i >> 8);
    Batch batch;
    const std::string batch_id = "batch" + std::to_string(i);
    batch.entity = site;
    batch.id = batch_id;
    batch.received_at = kNow + 60;
    batch.events = {{line, type, id, created}};
    REQUIRE(store->events().append(batch).value().accepted == 1);
    EventRow row;
    row.sequence = i + 1;
    row.created_at = created;
    row.received_at = kNow + 60;
    row.id = id;
    row.type = type;
    row.entity = site;
    row.name = site == "ent_a" ? "shop" : "blog";
    row.line = line;
    all.push_back({row, i});
  }
  CHECK(store->events().newest().value() == 500);

  for (int round = 0; round < 300; ++round) {
    EventFilter filter;
    filter.order = chance(random, 3) ? EventFilter::Order::arrival : EventFilter::Order::time;
    for (unsigned i = random() % 4; i > 1; --i) filter.types.push_back(chance(random, 8) ? "none" : one_of(random, types));
    if (chance(random, 3)) filter.site = one_of(random, std::vector<std::string>{"ent_a", "ent_b", "blog", "shop", "none"});
    if (chance(random, 3)) filter.sites = std::vector<std::string>{"ent_b", "none"};
    if (chance(random, 8)) filter.sites = std::vector<std::string>{};
    if (chance(random, 3)) filter.since = kNow + random() % 35;
    if (chance(random, 3)) filter.until = kNow + random() % 35;
    if (chance(random, 3)) filter.matches = [](const EventRow& row) { return row.line.find("7") != std::string::npos; };
    std::vector<Stored> expected;
    for (const Stored& one : all) {
      const EventRow& row = one.row;
      if (!filter.types.empty() && std::count(filter.types.begin(), filter.types.end(), row.type) == 0) continue;
      if (!filter.site.empty() && row.entity != filter.site && row.name != filter.site) continue;
      if (filter.sites && std::count(filter.sites->begin(), filter.sites->end(), row.entity) == 0) continue;
      if ((filter.since && row.created_at < *filter.since) || (filter.until && row.created_at >= *filter.until)) continue;
      if (filter.matches && !filter.matches(row)) continue;
      expected.push_back(one);
    }
    const bool arrival = filter.order == EventFilter::Order::arrival;
    std::sort(expected.begin(), expected.end(), [&](const Stored& a, const Stored& b) {
      if (!arrival && a.row.created_at != b.row.created_at) return a.row.created_at > b.row.created_at;
      return a.row.sequence > b.row.sequence;
    });
    const auto found = read_all<TimeKey, EventRow>(
        [&](const PageRequest<TimeKey>& request) { return store->events().page(filter, request); }, 1 + random() % 60,
        chance(random, 3) ? 7 : kAll,
        [&](const EventRow& row) {
          return TimeKey{arrival ? 0 : row.created_at, static_cast<std::int64_t>(row.sequence)};
        });
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      REQUIRE(found[i].sequence == expected[i].row.sequence);
      REQUIRE(found[i].type == expected[i].row.type);
      REQUIRE(found[i].line == expected[i].row.line);
      REQUIRE(found[i].name == expected[i].row.name);
      REQUIRE(found[i].id == expected[i].row.id);
    }
    CHECK(store->events().count(filter, kCounted, kLong).value() == Count{expected.size(), false});
  }
  EventId id{};
  id[0] = 3;
  CHECK(store->events().find(id).value()->sequence == 4);
  CHECK(store->events().find(id, std::vector<std::string>{all[3].row.entity}).value().has_value());
  CHECK_FALSE(store->events().find(id, std::vector<std::string>{"ent_x"}).value().has_value());
  id[2] = 9;
  CHECK_FALSE(store->events().find(id).value().has_value());
}

TEST_CASE("a_page_of_long_lines_ends_before_it_is_full") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const Lines lines(0, 20);
  REQUIRE(store->events().append(batch_of(lines, "b")).ok());
  PageRequest<TimeKey> request;
  request.bytes = 20;  // of about eight each
  const auto page = store->events().page({}, request).value();
  CHECK(page.rows.size() == 3);
  CHECK(page.more);
  request.bytes = 0;
  CHECK(store->events().page({}, request).value().rows.size() == 1);
}

TEST_CASE("the_days_of_findings_equal_the_table_whoever_writes") {
  IN_EVERY_STORE(place);
  const auto store = place.open(), other = place.open();
  Random random(11);
  const auto check = [&] {
    std::map<std::int64_t, std::array<std::uint64_t, kLevels>> expected;
    std::map<std::string, std::pair<std::uint64_t, std::int64_t>> rules;
    FindingSummary whole;
    for (const Finding& one : store->findings().list({.limit = kAll}).value()) {
      const std::int64_t day = (one.time >= 0 ? one.time : one.time - (kDay - 1)) / kDay;
      ++expected[day][static_cast<std::size_t>(one.level)];
      auto& [count, last] = rules[one.rule];
      last = count++ == 0 ? one.time : std::max(last, one.time);
      ++whole.of(one.level);
    }
    for (const auto& days :
         {store->findings().days(-3, 3).value(), store->findings().days(kNow / kDay - 5, kNow / kDay + 5).value()}) {
      for (const FindingDay& day : days) REQUIRE(day.by_level == expected[day.day]);
    }
    REQUIRE(store->findings().summary().value().by_level == whole.by_level);
    const auto hits = store->findings().rule_hits(INT32_MIN, 100).value();
    REQUIRE(hits.size() == rules.size());
    for (const RuleHits& one : hits) {
      REQUIRE(one.findings == rules[one.rule].first);
      REQUIRE(one.last == rules[one.rule].second);
    }
  };
  for (int i = 0; i < 300; ++i) {
    const std::int64_t time = (i % 3 ? kNow : 0) + static_cast<std::int64_t>(random() % 500'000) - 250'000;
    Finding one = finding_of("R" + std::to_string(random() % 4), static_cast<Level>(random() % kLevels), time,
                             i % 2 ? "a.log" : "b.log");
    one.demo = i % 5 == 0;
    (void)(i % 2 ? store : other)->findings().add(one).value();
    (void)other->findings().add(one).value();  // again: counted once
  }
  check();
  {
    auto transaction = store->begin();
    REQUIRE(transaction.ok());
    REQUIRE(transaction.value()->findings().add(finding_of("ROLLED", Level::high, kNow)).value());
  }
  check();
  REQUIRE(clear_demo(*other).value() > 0);
  check();
  REQUIRE(other->findings().prune(kNow - 100'000).value() > 0);
  check();
  REQUIRE(other->findings().prune(INT64_MAX).value() > 0);
  check();
  CHECK(store->findings().days(5, 4).value().empty());
  CHECK(store->findings().days(0, 400).error().kind == ErrorKind::invalid);
  CHECK(store->findings().days(INT64_MIN, INT64_MAX).error().kind == ErrorKind::invalid);
}

TEST_CASE("what_a_site_sends_is_counted_by_the_hour") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const auto send = [&](unsigned first, unsigned count, std::string_view id, std::int64_t received_at,
                        std::uint32_t rejected, std::string_view agent = "", std::optional<std::int64_t> sent = {}) {
    const Lines lines(first, count);
    Batch batch = batch_of(lines, id);
    batch.received_at = received_at;
    batch.rejected = rejected;
    batch.agent = agent;
    batch.sent = sent;
    REQUIRE(store->events().append(batch).ok());
  };
  const std::int64_t hour = kNow - kNow % kHour;
  CHECK_FALSE(store->entities().find("ent_a").value()->clock_skew.has_value());
  send(0, 3, "one", hour, 2, "1.2.3", hour - 40);
  send(2, 3, "two", hour + kHour - 1, 0);
  send(2, 3, "two", hour + kHour - 1, 5);  // again: its lines were counted
  send(9, 1, "three", hour + kHour, 0, "1.3.0", hour + kHour + 7);
  const auto hours = store->entities().hours("ent_a", hour).value();
  REQUIRE(hours.size() == 2);
  CHECK((hours[0].hour == hour && hours[0].batches == 3 && hours[0].events == 5 && hours[0].duplicates == 4));
  CHECK(hours[0].rejected == 2);
  CHECK((hours[1].hour == hour + kHour && hours[1].batches == 1 && hours[1].events == 1));
  CHECK(store->entities().hours("ent_a", hour + 1).value().size() == 1);
  CHECK(store->entities().hours("ent_none", 0).value().empty());
  const auto sent = store->entities().sent_since(hour).value();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].first == "ent_a");
  CHECK((sent[0].second.events == 6 && sent[0].second.hour == hour + kHour));
  CHECK(store->entities().sent_since(hour + 2 * kHour).value().empty());
  const Entity entity = *store->entities().find("ent_a").value();
  CHECK(entity.agent == "1.3.0");
  CHECK(entity.clock_skew == 7);
  send(20, 1, "four", hour + kHour, 0);  // by one that does not tell
  CHECK(store->entities().find("ent_a").value()->agent == "1.3.0");
  CHECK(store->entities().find("ent_a").value()->clock_skew == 7);
  CHECK(store->entities().rename("ent_a", "new <name>").value());
  CHECK(store->entities().find("ent_a").value()->name == "new <name>");
  CHECK_FALSE(store->entities().rename("ent_none", "x").value());
}

TEST_CASE("who_only_looks_writes_nothing_and_is_told_when_it_takes_too_long") {
  IN_EVERY_STORE(place);
  OpenOptions options = place.options();
  const auto store = place.open(options);
  REQUIRE(store->findings().add(finding_of("R", Level::high, kNow)).value());
  CHECK(store->reading().findings().page({}, {}).value().rows.size() == 1);
  CHECK_FALSE(store->reading().findings().add(finding_of("S", Level::high, kNow)).ok());
  // It goes on afterwards, and sees what others write.
  REQUIRE(store->findings().add(finding_of("S", Level::high, kNow)).value());
  CHECK(store->reading().findings().page({}, {}).value().rows.size() == 2);

  for (int i = 0; i < 3000; ++i)
    REQUIRE(store->findings().add(finding_of("T", Level::low, kNow, "a.log", std::to_string(i))).value());
  options.query_ms = 0;
  const auto impatient = place.open(options);
  const auto page = impatient->reading().findings().page({.text = "no such text"}, {});
  REQUIRE_FALSE(page.ok());
  CHECK(page.error().kind == ErrorKind::busy);
  CHECK(page.error().message.find("narrow the filter") != std::string::npos);
  CHECK(impatient->findings().page({}, {}).value().rows.size() == 50);
}

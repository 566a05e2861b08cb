#include "query/lists.hpp"

#include <fmt/core.h>

#include <fstream>
#include <set>
#include <string>

#include "catch.hpp"
#include "query/signal_text.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::query;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;
const Pseudonyms kPseudonyms("a key");

struct Place {
  Scratch scratch;
  std::unique_ptr<store::Store> store =
      std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();

  void finding(const std::string& rule, Level level, std::int64_t time) {
    store::Finding one;
    one.rule = rule;
    one.title = "title";
    one.level = level;
    one.source = "auth.log";
    one.time = time;
    one.message = "m";
    REQUIRE(store->findings().add(one).value());
  }
  void site(const std::string& token, const std::string& name) {
    store::Entity entity;
    entity.token = token;
    entity.name = name;
    entity.created_at = kNow;
    entity.sealed_secret = "s";
    REQUIRE(store->entities().add(entity).ok());
  }
  std::string event(const std::string& token, unsigned number, const std::string& type, const std::string& labels,
                    std::int64_t created = kNow) {
    const std::string id = fmt::format("00000000-0000-4000-8000-{:012x}", number);
    const std::string line =
        fmt::format(R"({{"event_type":"{0}","created_at":{1},"timestamp":{1},"event_id":"{2}","labels":{3}}})", type,
                    created, id, labels);
    const std::string batch_id = "b" + std::to_string(number);
    store::Batch batch;
    batch.entity = token;
    batch.id = batch_id;
    batch.received_at = kNow;
    batch.events = {{line, type, store::event_id_of(id), created}};
    REQUIRE(store->events().append(batch).value().accepted == 1);
    return id;
  }
};

Defaults defaults(std::size_t limit = 50, store::SiteScope sites = {}) {
  Defaults made;
  made.limit = limit;
  made.now = kNow;
  made.sites = std::move(sites);
  return made;
}

Listed<store::Finding> findings_of(Place& place, const std::string& text, std::size_t limit) {
  const auto asked = read_findings(text, defaults(limit));
  REQUIRE(asked);
  return findings(place.store->reading(), *asked.value).value();
}

}  // namespace

TEST_CASE("links_lead_through_a_list_and_back_with_the_filter") {
  Place place;
  for (int i = 0; i < 10; ++i) place.finding(i % 2 ? "ODD" : "EVEN", Level::high, kNow + i);
  auto first = findings_of(place, "rule=ODD", 2);
  REQUIRE(first.rows.size() == 2);
  CHECK(first.rows[0].time == kNow + 9);
  CHECK(first.newer.empty());
  CHECK(first.total == store::Count{5, false});
  CHECK(first.older.starts_with("rule=ODD&cursor="));
  auto second = findings_of(place, first.older, 2);
  CHECK(second.rows.at(0).time == kNow + 5);
  CHECK(second.total == store::Count{5, false});
  auto third = findings_of(place, second.older, 2);
  REQUIRE(third.rows.size() == 1);
  CHECK(third.older.empty());
  CHECK(findings_of(place, third.newer, 2).rows.at(0).time == kNow + 5);
  const auto back = findings_of(place, findings_of(place, third.newer, 2).newer, 2);
  CHECK(back.rows.at(0).time == kNow + 9);
  CHECK(back.newer.empty());
  // What comes meanwhile moves nothing behind it; on the way back it is there, and the first page is whole.
  place.finding("ODD", Level::high, kNow + 100);
  CHECK(findings_of(place, first.older, 2).rows.at(0).time == kNow + 5);
  const auto whole = findings_of(place, second.newer, 2);
  REQUIRE(whole.rows.size() == 2);
  const auto top = whole.newer.empty() ? whole : findings_of(place, whole.newer, 2);
  CHECK(top.rows.size() == 2);
  CHECK(top.rows.at(0).time == kNow + 100);
  CHECK(top.newer.empty());
}

TEST_CASE("a_list_says_how_many_there_are_or_that_there_are_more_than_a_thousand") {
  CHECK(words_of({0, false}) == "0");
  CHECK(words_of({312, false}) == "312");
  CHECK(words_of({1000, true}) == "1,000+");
  CHECK(words_of({1234567, false}) == "1,234,567");
  Place place;
  {
    auto transaction = std::move(place.store->begin()).value();
    for (int i = 0; i < 1001; ++i) {
      store::Finding one;
      one.rule = "R";
      one.level = Level::low;
      one.time = kNow + i;
      REQUIRE(transaction->findings().add(one).value());
    }
    REQUIRE(transaction->commit().ok());
  }
  CHECK(words_of(*findings_of(place, "", 50).total) == "1,000+");
  CHECK_FALSE(findings_of(place, "q=R", 50).total.has_value());
  CHECK(findings_of(place, "q=nothing", 50).total == store::Count{0, false});
}

TEST_CASE("personal_data_is_hidden_and_cannot_be_looked_for") {
  Place place;
  place.site("ent_a", "shop");
  const std::string id = place.event("ent_a", 1, "auth.login_failed",
                                     R"({"username":"Anna","ip":"203.0.113.9","made_up":["x",7,{"deep":"203.0.113.9"}]})");
  place.event("ent_a", 2, "auth.login_failed", R"({"username":"anna","ip":"203.0.113.9"})");
  const auto viewer = read_signals("", defaults());
  const auto list = signals(place.store->reading(), *viewer.value, kPseudonyms).value();
  REQUIRE(list.rows.size() == 2);
  const Signal& signal_shown = list.rows[1];
  CHECK(signal_shown.event.line.empty());
  CHECK(uuid_text(signal_shown.event.id) == id);
  REQUIRE(signal_shown.labels.size() == 3);
  for (const SignalLabel& label : signal_shown.labels) {
    CHECK(label.personal);
    CHECK(label.hidden);
    CHECK(label.json.find("203.0.113.9") == std::string::npos);
    CHECK(label.json.find("Anna") == std::string::npos);
    CHECK(label.text.find("203.0.113.9") == std::string::npos);
  }
  CHECK(signal_shown.labels[1].text.starts_with("ip_"));
  CHECK(list.rows[0].labels[1].text == signal_shown.labels[1].text);  // the same stays the same
  const auto looked_for = [&](const std::string& query, bool personal) {
    Defaults who = defaults();
    who.personal = personal;
    const auto asked = read_signals(query, who);
    REQUIRE(asked);
    return signals(place.store->reading(), *asked.value, kPseudonyms).value().rows.size();
  };
  CHECK(looked_for("q=203.0.113.9", false) == 0);
  CHECK(looked_for("q=" + signal_shown.labels[1].text, false) == 2);
  CHECK(looked_for("q=203.0.113.9", true) == 0);  // he may, but does not ask to see it
  CHECK(looked_for("q=203.0.113.9&personal=1", true) == 2);
  CHECK(looked_for("q=ANNA&personal=1", true) == 2);
  CHECK(looked_for("q=SHOP", false) == 2);
  CHECK(looked_for("q=login_failed", false) == 2);
  const auto one = signal(place.store->reading(), id, {}, nullptr).value();
  REQUIRE(one);
  CHECK(one->labels[1].text == "203.0.113.9");
  CHECK_FALSE(one->labels[1].hidden);
  CHECK(one->event.line.find("203.0.113.9") != std::string::npos);
  CHECK_FALSE(signal(place.store->reading(), id, std::vector<std::string>{"ent_b"}, nullptr).value().has_value());
  CHECK_FALSE(signal(place.store->reading(), "no id", {}, nullptr).value().has_value());
}

TEST_CASE("who_is_restricted_sees_the_signals_of_his_sites") {
  Place place;
  place.site("ent_a", "shop");
  place.site("ent_b", "blog");
  for (unsigned i = 0; i < 6; ++i) place.event(i % 3 ? "ent_a" : "ent_b", i, "cron.run", R"({"success":true})");
  web::Principal principal;
  CHECK_FALSE(sites_of(principal).has_value());
  principal.all_sites = false;
  principal.sites = {"ent_b"};
  const auto count = [&](const std::string& query) {
    const auto asked = read_signals(query, defaults(50, sites_of(principal)));
    REQUIRE(asked);
    const auto list = signals(place.store->reading(), *asked.value, kPseudonyms).value();
    for (const Signal& one : list.rows) CHECK(one.event.entity == "ent_b");
    return list.rows.size();
  };
  CHECK(count("") == 2);
  CHECK(count("site=shop") == 0);
  CHECK(count("site=ent_b&type=cron.run") == 2);
  CHECK(count("after_seq=0") == 2);
  CHECK(count("before_seq=1000") == 2);
  principal.sites.clear();
  CHECK(count("") == 0);
}

TEST_CASE("whoever_follows_signals_misses_none_and_a_clock_that_is_ahead_stands_before_nobody") {
  Place place;
  place.site("ent_a", "shop");
  for (unsigned i = 0; i < 5; ++i) {
    place.event("ent_a", i, i % 2 ? "cron.run" : "auth.login", "{}",
                kNow - static_cast<std::int64_t>(i) * 1000 + (i == 2 ? 9'000'000 : 0));
  }
  const auto read = [&](const std::string& query) {
    const auto asked = read_signals(query, defaults());
    REQUIRE(asked);
    return signals(place.store->reading(), *asked.value, kPseudonyms).value();
  };
  CHECK(read("").rows.size() == 4);
  CHECK(read("until=2100-01-01").rows.size() == 5);
  auto page = read("after_seq=0&limit=2");
  std::vector<std::uint64_t> seen;
  for (;;) {
    for (const Signal& one : page.rows) seen.push_back(one.event.sequence);
    if (page.newer.empty()) break;
    page = read(page.newer);
  }
  CHECK(seen == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
  CHECK(read("after_seq=5").rows.empty());
  const auto cron = read("after_seq=1&type=cron.run&limit=1");
  REQUIRE(cron.rows.size() == 1);
  CHECK(cron.rows[0].event.sequence == 2);
  CHECK(read(cron.newer).rows.at(0).event.sequence == 4);
}

TEST_CASE("a_target_and_a_group_of_a_fleet_are_what_their_file_says_when_it_is_asked") {
  const Scratch scratch;
  const std::string file = scratch.file("targets.yaml");
  Defaults with_fleet = defaults();
  with_fleet.targets_file = file;
  using Names = std::vector<std::string>;
  const auto asked = [&](const std::string& query) {
    const auto read = read_findings(query, with_fleet);
    REQUIRE(read);
    CHECK(read_errors(query, with_fleet)->filter.of_sources == read->filter.of_sources);
    return read->filter.of_sources;
  };
  const auto fault = [&](const std::string& query) {
    const auto read = read_errors(query, with_fleet);
    REQUIRE(read.faults.size() == 1);
    return read.faults[0].parameter + ": " + read.faults[0].detail;
  };
  CHECK_FALSE(asked("").has_value());
  CHECK_FALSE(asked("target=&group=").has_value());
  CHECK(asked("target=web01") == Names{"fleet:web01:"});
  CHECK(asked("group=prod") == Names{});  // there is no file
  std::ofstream(file) << "targets:\n  - {name: web01, type: journald, groups: [web, prod]}\n"
                         "  - {name: db, type: journald, groups: [prod], enabled: false}\n";
  CHECK(asked("group=prod") == Names{"fleet:web01:", "fleet:db:"});
  CHECK(asked("group=web&target=web01") == Names{"fleet:web01:"});
  CHECK(asked("group=web&target=db") == Names{});
  CHECK(asked("group=none") == Names{});
  CHECK(fault("target=a:b").starts_with("target: target is 1 to 64 of the characters"));
  CHECK(fault("group=%25").starts_with("group: group is 1 to 64"));
  std::ofstream(file) << "targets: 7\n";
  CHECK(fault("group=prod").find("targets.yaml:1:10: targets must be a list") != std::string::npos);
  CHECK(asked("target=web01") == Names{"fleet:web01:"});
  // What is wrong with it is nothing for whoever sees some sites alone.
  with_fleet.sites = Names{"ent_a"};
  CHECK(asked("group=prod") == Names{});
}

TEST_CASE("links_of_a_fleets_list_keep_its_target") {
  Place place;
  for (int i = 0; i < 5; ++i)
    for (const char* source : {"fleet:a:x.log", "fleet:ab:x.log", "x.log"}) {
      store::Finding one;
      one.rule = "R";
      one.source = source;
      one.time = kNow + i;
      REQUIRE(place.store->findings().add(one).value());
    }
  const auto first = findings_of(place, "target=a", 2);
  CHECK(first.total == store::Count{5, false});
  CHECK(first.older.starts_with("target=a&cursor="));
  const auto second = findings_of(place, first.older, 2), third = findings_of(place, second.older, 2);
  REQUIRE(third.rows.size() == 1);
  CHECK(third.older.empty());
  for (const auto& row : second.rows) CHECK(row.source == "fleet:a:x.log");
}

TEST_CASE("a_text_is_found_in_every_signal_that_shows_it_however_its_line_is_written") {
  const std::vector<std::string> labels = {
      R"({"username":"Anna","ip":"203.0.113.9"})",
      R"({"username":"a\u006ena","ip":"203.0.113.9"})",
      R"({"roles":["editor","reviewer"]})",
      R"({"made_up": {"deep" : [1.50, 1e3, true]}})",
      R"({"config_name":"system.site","change_type":"update"})",
      R"({"duration_ms":12000,"success":true})",
      R"({"message":"tab\tand \"quotes\""})",
      R"({"message":"\u2028 and caf\u00e9"})",
      "{\"message\":\"\xe2\x80\xa8 caf\xc3\xa9\"}",
      R"({})",
  };
  std::vector<std::string> wanted = {"anna",        "editor, reviewer",
                                     "1000",        "1.5",
                                     "\"deep\":",   "caf\xc3\xa9",
                                     "\\u2028",     "u2028",
                                     "true",        "12000",
                                     "2000",        ", ",
                                     "system.SITE", "quotes\"",
                                     "_",           "e",
                                     "value",       "username_",
                                     "ip_",         "ab",
                                     "0",           "nowhere-at-all",
                                     "config.save"};
  for (const bool hidden : {true, false}) {
    const Pseudonyms* const pseudonyms = hidden ? &kPseudonyms : nullptr;
    std::vector<store::EventRow> rows;
    for (const std::string& one : labels) {
      store::EventRow row;
      row.type = "config.save";
      row.name = "shop";
      row.line = fmt::format(
          R"({{"event_type":"config.save","created_at":{0},"timestamp":{0},"event_id":"00000000-0000-4000-8000-00000000000a","labels":{1}}})",
          kNow, one);
      rows.push_back(row);
      for (const SignalLabel& label : signal_of(row, pseudonyms).labels) {
        // Every piece of what is shown, pseudonyms too.
        for (std::size_t at = 0; at + 3 <= label.text.size(); ++at) wanted.push_back(label.text.substr(at, 3));
        wanted.push_back(label.text.substr(0, 256));
      }
    }
    const auto lower = [](std::string text) {
      for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
      return text;
    };
    for (const std::string& text : wanted) {
      const SignalText search(text, pseudonyms);
      for (const store::EventRow& row : rows) {
        const auto has = [&](const std::string& where) { return lower(where).find(lower(text)) != std::string::npos; };
        bool expected = has(row.type) || has(row.name);
        for (const SignalLabel& label : signal_of(row, pseudonyms).labels)
          expected = expected || has(label.name) || has(label.text);
        INFO(text << " in " << row.line);
        CHECK(search.in(row) == expected);
      }
    }
  }
}

TEST_CASE("a_search_that_takes_long_goes_on_step_by_step_and_misses_nothing") {
  Place place;
  for (int i = 0; i < 300; ++i) place.finding(i % 100 == 99 ? "RARE" : "COMMON", Level::low, kNow - i);
  Defaults who = defaults(50);
  who.search = std::chrono::milliseconds(0);  // a step ends where the clock is looked at
  std::string next = "q=rare";
  std::size_t found = 0, steps = 0;
  std::int64_t searched_to = kNow + 1;
  for (; !next.empty(); ++steps) {
    REQUIRE(steps < 10);
    const auto asked = read_findings(next, who);
    REQUIRE(asked);
    const auto page = findings(place.store->reading(), *asked.value).value();
    found += page.rows.size();
    CHECK(page.searching == !page.older.empty());
    if (page.searching) {
      REQUIRE(page.searched_to.has_value());
      CHECK(*page.searched_to < searched_to);
      searched_to = *page.searched_to;
    }
    next = page.older;
  }
  CHECK(found == 3);
  CHECK(steps > 3);
}

TEST_CASE("alerts_are_asked_for_by_state_and_read_through_page_by_page") {
  Place place;
  for (unsigned i = 0; i < 25; ++i) {
    alert::Alert one;
    one.key[0] = static_cast<std::uint8_t>(i);
    one.rule = "R";
    one.title = "title";
    one.state = i % 5 == 0 ? alert::State::resolved : alert::State::firing;
    one.last_time = one.last_hit_at = kNow - i;
    if (i == 1) one.assignee = "anna";
    REQUIRE(place.store->alerts().add(one).ok());
  }
  Defaults asks = defaults(7);
  asks.alerts = "open";
  asks.name = "anna";
  std::vector<std::int64_t> seen;
  std::string text = "q=TITLE";
  for (int pages = 0; pages < 10 && !text.empty(); ++pages) {
    const auto asked = read_alerts(text, asks);
    REQUIRE(asked);
    const auto page = alerts(place.store->reading(), *asked.value).value();
    for (const alert::Alert& one : page.rows) seen.push_back(one.id);
    text = page.older;
  }
  CHECK(seen.size() == 20);
  CHECK(std::set<std::int64_t>(seen.begin(), seen.end()).size() == 20);
  CHECK(read_alerts("assignee=me", asks)->filter.assignee == "anna");
  CHECK(read_alerts("assignee=nobody", asks)->filter.assignee == "");
  CHECK_FALSE(read_alerts("assignee=me", defaults()));
  CHECK(read_alerts("", asks)->filter.view == store::AlertFilter::View::open);
  CHECK(read_alerts("state=past", asks)->filter.view == store::AlertFilter::View::past);
  CHECK(read_alerts("state=resolved", asks)->filter.state == alert::State::resolved);
  CHECK_FALSE(read_alerts("folded=maybe", asks));
  CHECK(read_alerts("", defaults())->filter.view == store::AlertFilter::View::all);
}

// alerts as a user runs it.
#include <algorithm>
#include <ctime>

#include "catch.hpp"
#include "cli/program.hpp"
#include "store/store.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct House {
  Scratch scratch;
  const Running::Setting setting{{{"TZ", "UTC"}}, RLIM_INFINITY, 0};
  const std::string url = "sqlite:" + scratch.file("a.db");
  std::unique_ptr<logystera::store::Store> store =
      std::move(logystera::store::open(url, {.access = logystera::store::Access::create})).value();

  House() {
    logystera::store::Entity entity;
    entity.token = "ent_a";
    entity.name = "shop";
    REQUIRE(store->entities().add(entity).ok());
  }
  std::int64_t alert(const std::string& title, logystera::Level level, bool with_site = true) {
    logystera::alert::Alert one;
    one.key[0] = ++keys;
    one.rule = "RULE";
    one.title = title;
    one.level = level;
    if (with_site) one.site = "ent_a";
    one.opened_at = one.first_time = one.last_time = one.last_hit_at = std::time(nullptr) - 60;
    one.hits = 1234;
    const auto id = store->alerts().add(one);
    REQUIRE(id.ok());
    return id.value();
  }
  Finished go(Arguments arguments) const {
    arguments.insert(arguments.begin(), "alerts");
    arguments.insert(arguments.end(), {"--store", url});
    return run(arguments, setting);
  }
  std::uint8_t keys = 0;
};

}  // namespace

TEST_CASE("alerts_are_listed_within_eighty_columns_and_as_json") {
  House house;
  CHECK(has(house.go({"list"}).out, "No open alerts."));
  house.alert(std::string(200, 'x') + "\x1b[31m", logystera::Level::high);
  house.alert("Of no site", logystera::Level::low, false);
  const Finished listed = house.go({"list"});
  CHECK(listed.code == 0);
  CHECK(has(listed.out, "1,234"));
  CHECK_FALSE(has(listed.out, "\x1b"));
  std::size_t begin = 0;
  for (std::size_t end; (end = listed.out.find('\n', begin)) != listed.out.npos; begin = end + 1) {
    std::size_t columns = 0;
    for (const char c : listed.out.substr(begin, end - begin)) columns += (c & 0xC0) != 0x80;
    CHECK(columns <= 80);
  }
  CHECK(has(house.go({"list", "--severity", "high", "--json"}).out, "\"site_name\":\"shop\""));
  CHECK_FALSE(has(house.go({"list", "--severity", "high"}).out, "Of no site"));
  CHECK_FALSE(has(house.go({"list", "--site", "shop"}).out, "Of no site"));
  CHECK(has(house.go({"list", "--rule", "NONE"}).out, "match the filter"));
  CHECK(has(house.go({"list", "-n", "1"}).out, "-n shows more"));
  for (const Arguments& wrong : {Arguments{"list", "--state", "closed"}, Arguments{"list", "--severity", "worst"},
                                 Arguments{"list", "--site", "nowhere"}, Arguments{"list", "--since", "5x"},
                                 Arguments{"list", "-n", "0"}, Arguments{"show", "x"}, Arguments{"show", "99"}}) {
    CHECK(house.go(wrong).code == 2);
  }
}

TEST_CASE("alerts_are_asked_with_the_grammar_of_findings") {
  House house;
  house.alert("Brute force of logins", logystera::Level::critical);
  house.alert("Slow pages", logystera::Level::medium, false);
  const auto listed = [&](Arguments more) {
    Arguments arguments{"list", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished done = house.go(arguments);
    CHECK(done.code == 0);
    return std::count(done.out.begin(), done.out.end(), '\n');
  };
  CHECK(listed({}) == 2);
  CHECK(listed({"--where", "level >= high and title contains logins"}) == 1);
  CHECK(listed({"--where", "hits > 1000 and state = firing"}) == 2);
  CHECK(listed({"--where", "site = shop"}) == 1);
  CHECK(listed({"--source", "shop"}) == 1);
  CHECK(listed({"--grep", "^Slow"}) == 1);
  CHECK(listed({"--since", "10m"}) == 2);
  CHECK(listed({"--until", "10m"}) == 0);
  CHECK(listed({"--since", "today", "--until", "today", "-n", "1"}) <= 1);
  CHECK(has(house.go({"list", "-n", "1", "--where", "hits > 1000"}).out, "-n shows more"));
  CHECK_FALSE(has(house.go({"list", "-n", "1", "--where", "site = shop"}).out, "-n shows more"));
  CHECK(has(house.go({"list", "--where", "hits > 5000"}).out, "No open alerts match the filter."));
  const Finished wrong = house.go({"list", "--where", "hitz = 5"});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "logystera alerts list: --where, column 1: there is no field hitz: did you mean hits?"));
}

TEST_CASE("alerts_are_acknowledged_snoozed_and_resolved_from_the_command_line") {
  House house;
  const std::string one = std::to_string(house.alert("One", logystera::Level::high)),
                    two = std::to_string(house.alert("Two", logystera::Level::high));
  CHECK(has(house.go({"ack", one, "--note", "on it"}).out, "Alert " + one + " is acknowledged."));
  CHECK(has(house.go({"snooze", one, two, "--for", "4h", "--until-worse", "--until-hits", "50", "--reason", "deploy"}).out,
            "Alert " + two + " is snoozed for 4 h."));
  const Finished shown = house.go({"show", one});
  CHECK(has(shown.out, "deploy"));
  CHECK(has(shown.out, "on it"));
  CHECK(has(shown.out, "snoozed 4 h, or until 50 more hits, or until it is critical"));
  CHECK(has(house.go({"show", one, "--json"}).out, "\"what\":\"acknowledged\""));
  CHECK(house.go({"snooze", one, "--for", "91d"}).code == 2);
  CHECK(house.go({"snooze", one, "--for", "x"}).code == 2);
  CHECK(house.go({"snooze", one}).code != 0);
  CHECK(has(house.go({"resolve", one, "--json"}).out, "\"done\":\"resolved\""));
  const Finished some = house.go({"ack", one, two, "77"});
  CHECK(some.code == 2);
  CHECK(has(some.out, "Alert " + two + " is acknowledged."));
  CHECK(has(some.err, "alert " + one + ": it is resolved: reopen it first"));
  CHECK(has(some.err, "there is no alert 77"));
  CHECK(house.store->alerts().get(std::stoll(one)).value()->state == logystera::alert::State::resolved);
  std::size_t audited = 0;
  for (const auto& row : house.store->audit().list({}).value()) audited += row.actor.starts_with("command:");
  CHECK(audited == 5);
}

// Episodes: findings of one rule and one actor, close in time.
#include "store/episode.hpp"

#include <algorithm>
#include <utility>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::store;
using Outcome = Who::Outcome;

namespace {

constexpr std::int64_t kNow = 1'780'000'000;

Finding finding_of(const std::string& rule, std::int64_t time, Who who, Level level = Level::medium) {
  Finding finding;
  finding.rule = rule;
  finding.title = "About " + rule;
  finding.level = level;
  finding.source = "a.log";
  finding.time = time;
  finding.line = static_cast<std::uint64_t>(time - kNow + 1000);
  finding.message = "at " + std::to_string(time - kNow);
  finding.who = std::move(who);
  return finding;
}

Who probe(const std::string& address, const std::string& path, int status) {
  return {address, "", path, status, outcome_of_status(status)};
}

}  // namespace

TEST_CASE("findings_of_one_rule_and_one_actor_close_in_time_are_one_episode_in_any_order") {
  std::vector<Finding> all;
  for (int i = 0; i < 20; ++i)
    all.push_back(finding_of("PROBE", kNow + i * 60, probe("ip_1", "/" + std::to_string(i % 7), 404)));
  for (int round = 0; round < 3; ++round) {
    Episodes episodes;
    for (const Finding& finding : all) episodes.add(finding);
    const std::vector<Episode> made = episodes.take();
    REQUIRE(made.size() == 1);
    CHECK(made[0].findings == 20);
    CHECK(made[0].hits == 20);
    CHECK(made[0].first_time == kNow);
    CHECK(made[0].last_time == kNow + 19 * 60);
    CHECK(made[0].targets == 7);
    CHECK(made[0].message == "at 1140");
    CHECK(made[0].line == 2140);
    CHECK(episodes.empty());
    std::reverse(all.begin(), all.end());
    if (round == 1) std::rotate(all.begin(), all.begin() + 7, all.end());
  }
}

TEST_CASE("another_rule_actor_or_hour_is_another_episode") {
  Episodes episodes;
  episodes.add(finding_of("A", kNow, probe("ip_1", "/", 404)));
  episodes.add(finding_of("B", kNow, probe("ip_1", "/", 404)));
  episodes.add(finding_of("A", kNow, probe("ip_2", "/", 404)));
  episodes.add(finding_of("A", kNow + kEpisodeGapSeconds, probe("ip_1", "/", 404)));
  CHECK(episodes.take().size() == 3);
  episodes.add(finding_of("A", kNow, probe("ip_1", "/", 404)));
  episodes.add(finding_of("A", kNow + kEpisodeGapSeconds + 1, probe("ip_1", "/", 404)));
  CHECK(episodes.take().size() == 2);
}

TEST_CASE("an_episode_that_goes_on_for_longer_than_a_day_is_told_anew") {
  Episodes episodes;
  const std::int64_t last = 2 * kEpisodeSeconds;
  for (std::int64_t at = 0; at <= last; at += 1800) episodes.add(finding_of("A", kNow + at, probe("ip_1", "/", 404)));
  const std::vector<Episode> made = episodes.take();
  CHECK(made.size() == 2);
  for (const Episode& one : made) CHECK(one.last_time - one.first_time <= kEpisodeSeconds);
}

TEST_CASE("findings_that_name_nobody_are_of_their_source") {
  Episodes episodes;
  episodes.add(finding_of("A", kNow, {}));
  episodes.add(finding_of("A", kNow + 1, {}));
  Finding elsewhere = finding_of("A", kNow, {});
  elsewhere.source = "b.log";
  episodes.add(elsewhere);
  CHECK(episodes.take().size() == 2);
}

TEST_CASE("the_most_severe_episode_comes_first_then_what_got_furthest") {
  Episodes episodes;
  episodes.add(finding_of("LOW", kNow + 9, probe("ip_1", "/", 200), Level::low));
  episodes.add(finding_of("HIGH", kNow + 8, probe("ip_1", "/", 404), Level::high));
  episodes.add(finding_of("HIGH", kNow, probe("ip_2", "/", 200), Level::high));
  const std::vector<Episode> made = episodes.take();
  REQUIRE(made.size() == 3);
  CHECK(made[0].who.address == "ip_2");
  CHECK(made[1].who.address == "ip_1");
  CHECK(made[2].rule == "LOW");
}

TEST_CASE("an_episode_ended_as_the_one_that_got_furthest") {
  Episodes episodes;
  episodes.add(finding_of("A", kNow, probe("ip_1", "/open", 200)));
  episodes.add(finding_of("A", kNow + 1, probe("ip_1", "/closed", 404)));
  const Episode one = episodes.take().front();
  CHECK(one.who.status == 200);
  CHECK(one.who.target == "/closed");  // the newest's
  CHECK(outcome_words(one) == "answered 200");
}

TEST_CASE("a_login_after_failed_ones_is_told_with_their_episode") {
  const Who guess{"ip_1", "root", "web1", 0, Outcome::login_failed};
  Episodes episodes;
  episodes.add_login("ip_1", kNow - 5);  // of an address nobody has heard of
  episodes.add(finding_of("SSH_BRUTE_FORCE", kNow, guess));
  CHECK(episodes.awaits_login("ip_1"));
  CHECK_FALSE(episodes.awaits_login("ip_2"));
  episodes.add_login("ip_1", kNow + 5);
  Episode one = episodes.take().front();
  CHECK(one.logged_in_afterwards);
  CHECK(outcome_words(one) == "logged in afterwards");

  episodes.add(finding_of("SSH_BRUTE_FORCE", kNow, guess));
  episodes.add(finding_of("SSH_ROOT_LOGIN", kNow + 9, {"ip_1", "root", "web1", 0, Outcome::logged_in}));
  const std::vector<Episode> both = episodes.take();
  CHECK(both[0].logged_in_afterwards);

  episodes.add(finding_of("SSH_BRUTE_FORCE", kNow, guess));
  episodes.add_login("ip_1", kNow - 60);
  episodes.add_login("ip_1", kNow + 2 * kEpisodeSeconds);
  one = episodes.take().front();
  CHECK_FALSE(one.logged_in_afterwards);
  CHECK(outcome_words(one) == "login failed");
}

TEST_CASE("findings_without_a_time_are_an_episode_without_one") {
  Episodes episodes;
  episodes.add(finding_of("A", kNow, probe("ip_1", "/", 404)), false);
  episodes.add(finding_of("A", kNow + 90'000, probe("ip_1", "/", 404)), false);
  episodes.add(finding_of("A", kNow, probe("ip_1", "/", 404)));
  const std::vector<Episode> made = episodes.take();
  REQUIRE(made.size() == 2);
  CHECK(made[1].findings == 2);
  CHECK_FALSE(made[1].time_known);
  JsonText json;
  append_episode(json, made[1]);
  CHECK(json.text().find(R"("first_timestamp":null,"last_timestamp":null)") != std::string::npos);
}

TEST_CASE("episodes_are_bounded_and_what_is_beyond_is_counted") {
  Episodes episodes;
  for (std::size_t i = 0; i < Episodes::kEpisodesMost + 5; ++i)
    episodes.add(finding_of("A", kNow, probe("ip_" + std::to_string(i), "/", 404)));
  CHECK(episodes.left_out() == 5);
  CHECK(episodes.take().size() == Episodes::kEpisodesMost);
  for (std::size_t i = 0; i < Episodes::kRememberedMost + 5; ++i)
    episodes.add(finding_of("A", kNow, probe("ip_1", "/" + std::to_string(i), 404)));
  CHECK(episodes.take().front().targets == Episodes::kRememberedMost);
}

TEST_CASE("probes_of_one_actor_that_came_to_nothing_are_one_scanner") {
  Episodes episodes;
  for (int i = 0; i < 12; ++i)
    episodes.add_probe(
        finding_of("KIND_" + std::to_string(i % 4), kNow + i, probe("ip_1", "/" + std::to_string(i), 404), Level::low));
  episodes.add(finding_of("KIND_1", kNow, probe("ip_1", "/open", 200), Level::high));
  const std::vector<Episode> made = episodes.take();
  REQUIRE(made.size() == 2);
  CHECK(made[0].rule == "KIND_1");
  CHECK(made[0].rules == 1);
  CHECK(made[1].rule == kScannerRule);
  CHECK(made[1].title == kScannerTitle);
  CHECK(made[1].findings == 12);
  CHECK(made[1].rules == 4);
  CHECK(made[1].targets == 12);
}

TEST_CASE("attempts_after_a_rule_fired_count_to_its_episode") {
  const Who guess{"ip_1", "root", "web1", 0, Outcome::login_failed};
  Finding fired = finding_of("SSH_BRUTE_FORCE", kNow, guess);
  fired.hits = 5;
  Episodes episodes;
  episodes.add_attempts("ip_1", kNow - 1, 1);  // before there is an episode
  episodes.add(fired);
  episodes.add_attempts("ip_1", kNow, 1);  // among the five
  for (int i = 1; i <= 395; ++i) episodes.add_attempts("ip_1", kNow + i, 1);
  episodes.add_attempts("ip_2", kNow + 1, 1);
  episodes.add_attempts("ip_1", kNow + 2 * kEpisodeSeconds, 1);
  const Episode one = episodes.take().front();
  CHECK(one.hits == 400);
  CHECK(one.last_time == kNow + 395);
}

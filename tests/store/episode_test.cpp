// Episodes: findings of one rule and one actor, close in time.
#include "store/episode.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <tuple>
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
  episodes.add_login("ip_1", kNow - 5);  // before the attempts
  episodes.add(finding_of("SSH_BRUTE_FORCE", kNow, guess));
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
  episodes.add_attempts("ip_1", "root", kNow - 1, fired.line - 1, 1);  // before there is an episode
  episodes.add(fired);
  episodes.add_attempts("ip_1", "root", kNow, fired.line, 1);  // among the five
  for (std::uint64_t i = 1; i <= 395; ++i)
    episodes.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(i / 20), fired.line + i, 1);
  episodes.add_attempts("ip_2", "root", kNow + 1, fired.line + 1, 1);
  episodes.add_attempts("ip_1", "root", kNow + 2 * kEpisodeSeconds, fired.line + 400, 1);
  const Episode one = episodes.take().front();
  CHECK(one.hits == 400);
  CHECK(one.last_time == kNow + 19);
}

TEST_CASE("attempts_count_to_every_rule_that_counts_them_and_to_none_that_fires_at_each") {
  const Who guess{"ip_1", "root", "web1", 0, Outcome::login_failed};
  Finding force = finding_of("SSH_BRUTE_FORCE", kNow, guess), names = finding_of("SSH_USER_ENUMERATION", kNow + 9, guess);
  force.hits = 5;
  names.hits = 10;
  Episodes episodes;
  episodes.add(force);
  for (std::uint64_t i = 1; i < 10; ++i)
    episodes.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(i), force.line + i, 1);
  episodes.add(names);
  episodes.add(finding_of("SSH_MAX_ATTEMPTS", kNow + 9, guess));
  for (std::uint64_t i = 10; i <= 395; ++i)
    episodes.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(i), force.line + i, 1);
  for (const Episode& one : episodes.take())
    CHECK(one.hits == (one.rule == "SSH_BRUTE_FORCE" ? 400 : one.rule == "SSH_USER_ENUMERATION" ? 396 : 1));
}

TEST_CASE("what_a_rule_went_on_to_count_is_of_its_episode") {
  const auto counted = [&](const std::string& rule, std::int64_t time, std::uint64_t hits,
                           const std::string& address = "ip_1") {
    Finding finding = finding_of(rule, time, probe(address, "/a", 404));
    finding.first_time = time - 1;
    finding.hits = hits;
    finding.series = rule.size() + address.back();
    finding.key = finding_key(finding);
    return finding;
  };
  Episodes episodes;
  episodes.add_further(counted("NGINX_404_SCAN", kNow - 5, 9));  // of no episode
  episodes.add(counted("NGINX_404_SCAN", kNow, 20));
  episodes.add(counted("WEB_FORBIDDEN_PROBE", kNow, 10));
  episodes.add_further(counted("NGINX_404_SCAN", kNow + 10, 300));
  episodes.add_further(counted("NGINX_404_SCAN", kNow + 19, 80));
  episodes.add_further(counted("NGINX_404_SCAN", kNow + 19, 7, "ip_2"));
  episodes.add_further(counted("NGINX_404_SCAN", kNow + 2 * kEpisodeSeconds, 7));
  const std::vector<Episode> all = episodes.take();
  REQUIRE(all.size() == 2);
  for (const Episode& one : all) {
    const bool went_on = one.rule == "NGINX_404_SCAN";
    CHECK(one.hits == (went_on ? 400 : 10));
    CHECK(one.findings == 1);
    CHECK(one.last_time == (went_on ? kNow + 19 : kNow));
    REQUIRE(one.growths.size() == 1);
    CHECK(one.growths.front().hits == one.hits);
    CHECK(one.growths.front().until == one.last_time);
    CHECK(times_of(one) == one.hits);
  }
}

TEST_CASE("stored_findings_tell_what_became_of_their_episode") {
  const Who guess{"ip_1", "u1", "web1", 0, Outcome::login_failed};
  Episodes scanned;
  Finding first = finding_of("SSH_BRUTE_FORCE", kNow, guess, Level::high), second = first;
  first.hits = 5;
  second.time = kNow + 60;
  second.hits = 7;
  for (Finding* one : {&first, &second}) {
    one->series = 7;
    one->key = finding_key(*one);
  }
  for (int i = 0; i < 5; ++i) scanned.add_attempts("ip_1", i < 3 ? "root" : "u" + std::to_string(i), kNow, first.line, 1);
  scanned.add(first);
  scanned.add(second);
  for (std::uint64_t i = 1; i <= 30; ++i)
    scanned.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(i) * 3, first.line + i, 1);
  scanned.add_login("ip_1", kNow + 100);
  const Episode seen = scanned.take().front();
  CHECK(seen.hits == 35);
  // What FindingStore::grow() writes, and what is read back.
  REQUIRE(seen.growths.size() == 2);
  for (Finding* one : {&first, &second}) {
    const bool newest = one == &second;
    const Growth& growth = seen.growths[newest];
    CHECK(growth.key == one->key);
    CHECK(growth.hits == (newest ? 11 : 24));
    one->hits = growth.hits;
    one->last_time = growth.until;
    one->login_time = growth.login_time;
    one->accounts = growth.accounts;
    one->mostly = growth.mostly;
    CHECK((one->login_time != 0) == newest);
    CHECK(growth.until == (newest ? seen.last_time : second.time));
    one->key.clear();
    one->series = 0;
  }
  Episodes stored;
  stored.add(second);
  stored.add(first);
  const Episode told = stored.take().front();
  CHECK(told.hits == seen.hits);
  CHECK(told.findings == 2);
  CHECK(told.last_time == seen.last_time);
  CHECK(told.level == Level::critical);
  CHECK(outcome_words(told) == outcome_words(seen));
  CHECK(actor_words(told) == actor_words(seen));
  CHECK(actor_words(told) == "ip_1, 3 accounts, mostly root");
}

namespace {

// A rule that counts five failures within two minutes, fires once a minute and forgets who is quiet for two minutes, as a scan tells of it:
// chunk by chunk, in the order of the log.
std::vector<Finding> tell(Episodes& episodes, const std::vector<std::int64_t>& times, std::size_t end, std::size_t chunk,
                          std::uint64_t attempts) {
  std::vector<Finding> found;
  std::deque<std::int64_t> window;
  std::int64_t fired = 0, first_pending = 0;
  std::uint64_t pending = 0;
  Finding one = finding_of("R", kNow, {"ip_1", "root", "web1", 0, Outcome::login_failed}, Level::high);
  one.series = 1;
  const auto tell_pending = [&](std::size_t last) {
    if (pending == 0) return;
    one.time = times[last];
    one.line = last + 1;
    one.first_time = first_pending;
    one.hits = std::exchange(pending, 0);
    episodes.add_further(one);
  };
  for (std::size_t i = 0; i < end; ++i) {
    const std::int64_t time = times[i];
    if (!window.empty() && time - window.back() > 120) {
      if (i > 0) tell_pending(i - 1);
      window.clear();
      fired = 0;
    }
    window.push_back(time);
    while (time - window.front() > 120) window.pop_front();
    if (window.size() >= 5 && (fired == 0 || time - fired >= 60)) {
      if (i > 0) tell_pending(i - 1);
      one.time = time;
      one.line = i + 1;
      one.first_time = fired == 0 ? window.front() : time;
      one.hits = fired == 0 ? window.size() : 1;
      one.key = finding_key(one);
      episodes.add(one);
      found.push_back(one);
      fired = time;
    } else if (fired != 0) {
      if (pending++ == 0) first_pending = time;
    }
    if (attempts != 0) episodes.add_attempts("ip_1", "root", time, i + 1, attempts);
    if ((i + 1) % chunk == 0 || i + 1 == end) tell_pending(i);
  }
  return found;
}

}  // namespace

// A log is read when it is half as long, then nearly whole, then whole: what the rows say together is what the last reading says.
TEST_CASE("a_log_that_has_grown_is_counted_once_in_the_rows_of_its_findings") {
  std::mt19937 random(20261130);
  std::uint64_t findings = 0, grown = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<std::int64_t> times;
    std::int64_t time = kNow;
    const std::size_t events = 20 + random() % 300;
    for (std::int64_t step = 1; times.size() < events; times.push_back(time += random() % (step + 1))) {
      constexpr std::int64_t kSteps[] = {1, 3, 30, 110, 119};
      if (random() % 12 == 0) step = kSteps[random() % std::size(kSteps)];
      if (random() % 40 == 0) time += 100 + static_cast<std::int64_t>(random() % 8000);
    }
    const std::uint64_t attempts = random() % 3;
    std::map<std::string, std::pair<std::uint64_t, std::int64_t>> rows;  // hits, until
    for (const std::size_t end : {events / 2, events - random() % 9, events}) {
      Episodes episodes;
      const std::vector<Finding> found = tell(episodes, times, end, 1 + random() % 100, attempts);
      std::uint64_t said = 0, sum = 0;
      for (const Finding& one : found) rows.try_emplace(one.key, one.hits, 0);
      for (const Episode& one : episodes.take()) {
        said += one.hits;
        for (const Growth& growth : one.growths) {
          REQUIRE(rows.count(growth.key) == 1);
          auto& [hits, until] = rows[growth.key];
          hits = growth.until >= until ? growth.hits : std::max(hits, growth.hits);
          until = std::max(until, growth.until);
          ++grown;
        }
      }
      for (const auto& [key, row] : rows) sum += row.first;
      INFO(round << ": read to " << end << " of " << events << ", " << found.size() << " findings, attempts " << attempts);
      REQUIRE(sum == said);
      REQUIRE(rows.size() == found.size());
      findings += found.size();
    }
  }
  CHECK(findings > 2000);
  CHECK(grown == findings);
}

TEST_CASE("a_login_soon_after_many_guesses_makes_their_episode_critical") {
  const Who guess{"ip_1", "root", "web1", 0, Outcome::login_failed};
  const auto level_after = [&](std::uint64_t guesses, std::int64_t login) {
    Finding fired = finding_of("SSH_BRUTE_FORCE", kNow, guess, Level::high);
    fired.hits = guesses;
    Episodes episodes;
    episodes.add(fired);
    episodes.add_login("ip_1", login);
    const Episode one = episodes.take().front();
    CHECK(one.logged_in_afterwards == (login >= kNow));
    return one.level;
  };
  CHECK(level_after(kGuessesLeast, kNow + kEpisodeGapSeconds) == Level::critical);
  CHECK(level_after(400, kNow) == Level::critical);
  CHECK(level_after(400, kNow + kEpisodeGapSeconds + 1) == Level::high);
  CHECK(level_after(kGuessesLeast - 1, kNow + 60) == Level::high);
  CHECK(level_after(400, kNow - 60) == Level::high);
}

TEST_CASE("what_its_rule_calls_critical_comes_before_guesses_that_a_login_made_so") {
  Finding fired = finding_of("SSH_BRUTE_FORCE", kNow + 50, {"ip_1", "root", "web1", 0, Outcome::login_failed}, Level::high);
  fired.hits = 400;
  Episodes episodes;
  episodes.add(fired);
  episodes.add_login("ip_1", kNow + 60);
  episodes.add(finding_of("WEB_DOTFILE_SERVED", kNow, probe("ip_1", "/.env", 200), Level::critical));
  const auto made = episodes.take();
  REQUIRE(made.size() == 2);
  CHECK(made[0].rule == "WEB_DOTFILE_SERVED");
  CHECK(made[1].level == Level::critical);
  CHECK(made[1].raised);
  CHECK_FALSE(made[0].raised);
}

TEST_CASE("a_site_that_answers_whatever_is_asked_with_one_page_is_said_to_and_alarms_once") {
  const auto kind = [](int i) { return "KIND_" + std::to_string(i); };
  Episodes episodes;
  for (int i = 0; i < 40; ++i)
    episodes.add_answered_probe(
        finding_of(kind(i % 4), kNow + i, probe("ip_1", "/" + std::to_string(i), 200), Level::critical), true, 1234);
  episodes.add_answered_probe(finding_of(kind(1), kNow, probe("ip_1", "/.env", 200), Level::critical), true, 77);
  episodes.add_probe(finding_of(kind(7), kNow, probe("ip_1", "/x", 404), Level::low));
  const std::vector<Episode> made = episodes.take();
  REQUIRE(made.size() == 3);
  CHECK(made[0].rule == kind(1));  // of another size: not that page
  CHECK(made[0].level == Level::critical);
  CHECK(made[0].findings == 1);
  CHECK(made[1].rule == kScannerRule);
  CHECK(made[1].level == Level::medium);
  CHECK(made[1].findings == 40);
  CHECK(made[1].rules == 4);
  CHECK(outcome_words(made[1]) == "answered 200 with the same 1234 bytes whatever was asked");
  CHECK(made[2].level == Level::low);
  CHECK(outcome_words(made[2]) == "answered 404");
  JsonText json;
  append_episode(json, made[1]);
  CHECK(json.text().find(R"("same_answer_bytes":1234)") != std::string::npos);
}

TEST_CASE("answers_of_one_size_to_few_kinds_or_few_probes_or_several_actors_stay_what_their_rules_make_of_them") {
  Episodes episodes;
  for (int i = 0; i < 100; ++i)  // two kinds
    episodes.add_answered_probe(finding_of(i % 2 ? "A" : "B", kNow + i, probe("ip_1", "/", 200), Level::high), true, 9);
  for (int i = 0; i < 4; ++i)  // four probes
    episodes.add_answered_probe(
        finding_of(std::string(1, static_cast<char>('A' + i)), kNow, probe("ip_2", "/", 200), Level::high), true, 9);
  for (int i = 0; i < 12; ++i)  // an actor each
    episodes.add_answered_probe(finding_of(std::string(1, static_cast<char>('A' + i)), kNow,
                                           probe("ip_3" + std::to_string(i), "/", 200), Level::high),
                                true, 9);
  std::uint64_t findings = 0;
  for (const Episode& one : episodes.take()) {
    CHECK(one.rule != kScannerRule);
    CHECK(one.level == Level::high);
    CHECK(one.same_answer_bytes == 0);
    findings += one.findings;
  }
  CHECK(findings == 116);
}

TEST_CASE("answered_probes_that_are_held_back_are_bounded") {
  Episodes episodes;
  const std::size_t many = Episodes::kAnswersMost + 50;
  for (std::size_t i = 0; i < many; ++i)
    episodes.add_answered_probe(finding_of("A", kNow, probe("ip_1", "/", 200), Level::high), true, i + 1);
  CHECK_FALSE(episodes.empty());
  const std::vector<Episode> made = episodes.take();
  REQUIRE(made.size() == 1);
  CHECK(made[0].findings == many);
  CHECK(episodes.empty());
}

TEST_CASE("logins_and_findings_tell_the_same_whichever_is_known_first") {
  std::vector<Finding> all;
  Finding guesses = finding_of("SSH_BRUTE_FORCE", kNow, {"ip_1", "root", "web1", 0, Outcome::login_failed}, Level::high);
  guesses.hits = 5;
  for (int i = 0; i < 8; ++i) {
    guesses.time = kNow + i * 60;
    all.push_back(guesses);
  }
  all.push_back(finding_of("SSH_ROOT_LOGIN", kNow + 500, {"ip_1", "root", "web1", 0, Outcome::logged_in}));
  for (int round = 0; round < 3; ++round) {
    Episodes episodes;
    for (const Finding& finding : all) episodes.add(finding);
    const std::vector<Episode> made = episodes.take();
    REQUIRE(made.size() == 2);
    CHECK(made[0].rule == "SSH_BRUTE_FORCE");
    CHECK(made[0].level == Level::critical);
    CHECK(outcome_words(made[0]) == "logged in afterwards");
    CHECK(made[0].login_time == kNow + 500);
    CHECK(made[0].hits == 40);
    std::reverse(all.begin(), all.end());
    if (round == 1) std::rotate(all.begin(), all.begin() + 3, all.end());
  }
}

TEST_CASE("logins_of_many_addresses_leave_room_for_those_that_matter") {
  Episodes episodes;
  for (std::size_t i = 0; i < 2 * Episodes::kLoginsMost; ++i)
    episodes.add_login("ip_" + std::to_string(i + 2), kNow - 90'000 + static_cast<std::int64_t>(i));
  Finding guesses = finding_of("SSH_BRUTE_FORCE", kNow, {"ip_1", "root", "web1", 0, Outcome::login_failed}, Level::high);
  guesses.hits = 40;
  episodes.add(guesses);
  episodes.add_login("ip_1", kNow + 9);
  CHECK(episodes.take().front().logged_in_afterwards);
}

TEST_CASE("an_address_that_tried_many_accounts_is_said_to_and_not_named_by_the_last") {
  const auto words_after = [](std::uint64_t of_root, std::uint64_t others) {
    Finding fired = finding_of("SSH_BRUTE_FORCE", kNow + 1, {"ip_1", "u1", "web1", 0, Outcome::login_failed}, Level::high);
    fired.first_time = kNow;
    fired.hits = 2;
    fired.line = 2;
    Episodes episodes;
    episodes.add_attempts("ip_1", "root", kNow, 1, 1);
    episodes.add_attempts("ip_1", "u1", kNow + 1, 2, 1);
    episodes.add(fired);
    std::uint64_t line = 3;
    for (std::uint64_t i = 1; i < of_root; ++i, ++line)
      episodes.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(line), line, 1);
    for (std::uint64_t i = 1; i < others; ++i, ++line)
      episodes.add_attempts("ip_1", "u" + std::to_string(i + 1), kNow + static_cast<std::int64_t>(line), line, 1);
    const Episode one = episodes.take().front();
    CHECK(one.hits == of_root + others);
    CHECK(one.accounts == others + 1);
    return actor_words(one);
  };
  CHECK(words_after(200, 200) == "ip_1, 201 accounts, mostly root");
  CHECK(words_after(199, 200) == "ip_1, 201 accounts");
  Episodes episodes;
  episodes.add(finding_of("A", kNow, {"ip_1", "anna", "", 0, Outcome::refused}));
  CHECK(actor_words(episodes.take().front()) == "ip_1 as anna");
}

TEST_CASE("attempts_tell_the_same_in_any_order") {
  std::mt19937 random(20262);
  for (int round = 0; round < 100; ++round) {
    std::vector<std::pair<std::int64_t, std::string>> attempts;
    for (unsigned n = random() % 40 + 2; n > 0; --n) {
      const std::int64_t time = kNow + static_cast<std::int64_t>(random() % (12 * 3600));
      for (const int after : {0, 1}) attempts.emplace_back(time + after, "root");
      attempts.emplace_back(time, "u" + std::to_string(random() % 5));
    }
    Finding guessed =
        finding_of(std::string(kGuessedRule), kNow + 12 * 3600, {"ip_1", "root", "", 0, Outcome::login_failed});
    guessed.first_time = kNow;
    guessed.hits = 1;
    const auto told = [&] {
      Episodes episodes;
      std::uint64_t line = 1;
      for (const auto& [time, account] : attempts) episodes.add_attempts("ip_1", account, time, line++, 1);
      const Episodes::Tried tried = episodes.tried_before("ip_1", kNow + 6 * 3600);
      Finding finding = guessed;
      finding.hits = attempts.size();  // as many as any run of them has
      episodes.add_guessed(finding);
      const Episode one = episodes.take().front();
      return std::tuple(tried.count, tried.first, one.accounts, one.mostly);
    };
    const auto wanted = told();
    CHECK(std::get<3>(wanted) == "root");
    for (int other = 0; other < 4; ++other) {
      std::shuffle(attempts.begin(), attempts.end(), random);
      REQUIRE(told() == wanted);
    }
    std::sort(attempts.rbegin(), attempts.rend());
    REQUIRE(told() == wanted);
  }
}

TEST_CASE("a_login_after_many_slow_guesses_is_an_episode_of_its_own") {
  const auto made_of = [](std::uint64_t guesses, std::int64_t apart, std::int64_t login) {
    Episodes episodes;
    for (std::uint64_t i = 0; i < guesses; ++i)
      episodes.add_attempts("ip_1", "root", kNow + static_cast<std::int64_t>(i) * apart, i + 1, 1);
    return episodes.tried_before("ip_1", kNow + static_cast<std::int64_t>(guesses) * apart + login).count;
  };
  CHECK(made_of(400, 40, 100) == 400);
  CHECK(made_of(20, 7200, 0) == 12);  // of the last day
  CHECK(made_of(400, 40, kEpisodeSeconds + 60) == 0);

  Finding guessed =
      finding_of(std::string(kGuessedRule), kNow + 900, {"ip_1", "root", "", 0, Outcome::login_failed}, Level::critical);
  guessed.first_time = kNow;
  guessed.hits = 60;
  Episodes episodes;
  episodes.add_guessed(guessed);
  const Episode one = episodes.take().front();
  CHECK(one.rule == kGuessedRule);
  CHECK(one.level == Level::critical);
  CHECK(one.hits == 60);
  CHECK(outcome_words(one) == "logged in afterwards");

  // What is told by a rule's episode is not told twice.
  Finding fired =
      finding_of("SSH_BRUTE_FORCE", kNow + 800, {"ip_1", "root", "web1", 0, Outcome::login_failed}, Level::high);
  fired.hits = 60;
  episodes.add(fired);
  episodes.add_login("ip_1", kNow + 900);
  episodes.add_guessed(guessed);
  const std::vector<Episode> both = episodes.take();
  REQUIRE(both.size() == 1);
  CHECK(both[0].rule == "SSH_BRUTE_FORCE");
  CHECK(both[0].level == Level::critical);
}

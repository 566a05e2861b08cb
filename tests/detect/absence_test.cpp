// Events that stay away.
#include <random>

#include "catch.hpp"
#include "core/clock.hpp"
#include "detect/absence.hpp"
#include "oracle/signal_oracle.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::refusal;
using logystera::test::rules_of;

namespace {

constexpr std::int64_t kMinute = std::int64_t{60} * kSecondNs, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr std::int64_t kStart = 1'767'225'600 * kSecondNs;

std::string rule(const std::string& absence) {
  return "id: GONE\ntitle: G\nlevel: high\nalert: {kind: condition, absence: " + absence + "}\n";
}

struct Site {
  explicit Site(const std::string& text = rule("{of: cron.run, longer_than: 3x, at_least: 3h}")) : set(rules_of(text)) {
    REQUIRE(set.refused() == 0);
    absences.emplace(set);
  }
  /// "" nothing, "+" an absence began, "-" one ended.
  std::string event(std::int64_t time, const std::string& type = "cron.run") { return event(time, time, type); }
  std::string event(std::int64_t time, std::int64_t now, const std::string& type) {
    Record record;
    record.kind = RecordKind::signal;
    record.time_ns = time;
    record.time_known = true;
    batch.clear();
    batch.begin_fields();
    batch.add_text(field::event_type, batch.arena.copy(type));
    batch.end_fields(record);
    std::vector<Match> out;
    absences->note(record, now, out);
    return said(out);
  }
  std::string tick(std::int64_t now) {
    std::vector<Match> out;
    absences->tick(now, out);
    if (!out.empty()) since = out[0].first_ns;
    return said(out);
  }
  static std::string said(const std::vector<Match>& out) {
    std::string text;
    for (const Match& match : out) text += match.clears ? "-" : "+";
    return text;
  }

  RuleSet set;
  std::optional<Absences> absences;
  RecordBatch batch;
  std::int64_t since = 0;
};

}  // namespace

TEST_CASE("cron_that_stays_away_is_said_once_and_over_with_the_next_run") {
  Site site;
  std::int64_t time = kStart;
  for (int i = 0; i < 72; ++i, time += kHour) REQUIRE(site.event(time).empty());
  const std::int64_t last = time - kHour;
  CHECK(site.tick(last + 3 * kHour).empty());
  CHECK(site.tick(last + 3 * kHour + 1) == "+");
  CHECK(site.since == last);
  CHECK(site.tick(last + 9 * kHour).empty());
  CHECK(site.event(last + 9 * kHour, "http.request").empty());
  CHECK(site.event(last + 9 * kHour) == "-");
  CHECK(site.tick(last + 10 * kHour).empty());
}

TEST_CASE("one_long_pause_is_not_usual_and_a_second_is") {
  Site site;
  std::int64_t time = kStart;
  for (int i = 0; i < 60; ++i, time += kHour) (void)site.event(time);
  time += 10 * kHour;
  (void)site.event(time);
  CHECK(site.tick(time + 4 * kHour) == "+");  // three times an hour, still
  (void)site.event(time += 11 * kHour);
  CHECK(site.tick(time + 20 * kHour).empty());
  CHECK(site.tick(time + 33 * kHour).empty());
  CHECK(site.tick(time + 33 * kHour + 1) == "+");  // three times eleven hours
}

TEST_CASE("a_site_that_is_quiet_at_night_may_be_so") {
  Site site(rule("{of: any, longer_than: 3x, at_least: 1h}"));
  std::int64_t last = 0;
  for (int day = 0; day < 5; ++day)
    for (int minute = 0; minute < 14 * 60; minute += 5) {
      last = kStart + day * kDay + 7 * kHour + minute * kMinute;
      for (std::int64_t now = last; day > 2 && minute == 0 && now < last; now += kHour) REQUIRE(site.tick(now).empty());
      REQUIRE(site.event(last, "http.request").empty());
    }
  CHECK(site.tick(last + 12 * kHour).empty());
  CHECK(site.tick(last + 31 * kHour) == "+");
}

TEST_CASE("nothing_is_judged_before_two_days") {
  Site site;
  for (int i = 0; i < 40; ++i) (void)site.event(kStart + i * kHour);
  CHECK(site.tick(kStart + 30 * kDay).empty());
}

TEST_CASE("a_clock_that_is_ahead_and_events_that_are_late_do_no_harm") {
  Site site;
  std::int64_t time = kStart;
  for (int i = 0; i < 72; ++i, time += kHour) (void)site.event(time);
  (void)site.event(time + 900 * kDay, time, "cron.run");  // counts as now
  CHECK(site.tick(time + 4 * kHour) == "+");
  CHECK(site.event(time - 5 * kHour, time + 4 * kHour, "cron.run").empty());  // older than the newest: the absence goes on
  CHECK(site.tick(time + 5 * kHour).empty());
}

TEST_CASE("pauses_are_what_the_oracle_says") {
  std::mt19937_64 random(7);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(bound));
  };
  const Absence absence{"", 2.5, 30 * kMinute};
  std::size_t judged = 0;
  for (int round = 0; round < 300; ++round) {
    Pauses pauses;
    std::vector<std::int64_t> events;
    std::int64_t time = kStart + below(kDay);
    const int n = 2 + static_cast<int>(below(60));
    for (int i = 0; i < n; ++i) {
      const std::int64_t scale = below(10);
      time += scale < 3 ? below(2 * kMinute) : scale < 8 ? below(8 * kHour) : scale == 8 ? below(3 * kDay) : -below(kHour);
      events.push_back(time);
      pauses.event(time);
      const std::int64_t allowed = pauses.longest_allowed(absence);
      REQUIRE(allowed == oracle::longest_pause_allowed(absence, events));
      judged += allowed != 0;
    }
  }
  CHECK(judged > 1000);
}

TEST_CASE("absences_go_on_from_what_was_saved") {
  Site site, again;
  std::int64_t time = kStart;
  for (int i = 0; i < 72; ++i, time += kHour) (void)site.event(time);
  CHECK(site.tick(time + 5 * kHour) == "+");
  const std::string saved = site.absences->save();
  REQUIRE(again.absences->restore(saved).ok());
  CHECK(again.tick(time + 6 * kHour).empty());  // it was said
  CHECK(again.event(time + 7 * kHour) == "-");
  for (std::size_t size = 0; size < saved.size(); ++size) {
    REQUIRE_FALSE(again.absences->restore(std::string_view(saved).substr(0, size)).ok());
    CHECK(again.tick(time + 900 * kHour).empty());  // nothing learnt
  }
  std::mt19937 random(3);
  for (int i = 0; i < 2000; ++i) {
    std::string broken = saved;
    broken[random() % broken.size()] = static_cast<char>(random());
    if (again.absences->restore(broken).ok()) (void)again.tick(time + 900 * kHour);
  }
  Site other("id: OTHER\ntitle: O\nlevel: low\nalert: {kind: condition, absence: {of: any, at_least: 1h}}\n");
  CHECK(other.absences->restore(saved).ok());
  CHECK(other.tick(time + 900 * kHour).empty());
}

TEST_CASE("absence_says_what_is_wrong_with_it") {
  CHECK_THAT(refusal(rule("cron.run")), Catch::Contains("absence is a map"));
  CHECK_THAT(refusal(rule("{of: cron.run}")), Catch::Contains("no at_least"));
  CHECK_THAT(refusal(rule("{at_least: 1h}")), Catch::Contains("'of' is missing"));
  for (const char* times : {"3", "0x", "101x", "x", "3xx", "nanx"})
    CHECK_THAT(refusal(rule(std::string("{of: any, at_least: 1h, longer_than: ") + times + "}")), Catch::Contains("as 3x"));
  CHECK_THAT(refusal("id: R\ntitle: R\nlevel: low\nalert: {absence: {of: any, at_least: 1h}}\n"),
             Catch::Contains("add kind: condition"));
  CHECK_THAT(
      refusal("id: R\ntitle: R\nlevel: low\ndetection: {match: [{field: a, op: exists, value: true}]}\nalert: {kind: "
              "condition, absence: {of: any, at_least: 1h}}\n"),
      Catch::Contains("stands alone"));
}

// What is usual for a site, and what leaves it: quiet weeks find nothing, a burst is one alert, wherever a process ends.
#include "processor/anomalies.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>

#include "core/printable.hpp"
#include "detect/weeks.hpp"
#include "processor/alerting.hpp"
#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;
using logystera::test::Weeks;

namespace {

constexpr std::int64_t kHour = 3'600, kDay = 24 * kHour, kWeek = 7 * kDay;
constexpr std::int64_t kFirst = kStart - kStart % kDay;
constexpr const char* kError = R"({"class":"Error","message":"m"})";

/// Events in memory, as a detector is given them.
struct Script {
  std::deque<std::string> lines;
  std::vector<Input> inputs;

  void add(std::int64_t at, std::int64_t received, const std::string& type = "cron.run",
           const std::string& labels = R"({"success":true,"duration_ms":5})", std::string_view site = "ent_a") {
    const std::uint64_t seq = inputs.size() + 1;
    const Sent sent{std::string(site), at, received, type, labels};
    inputs.push_back({seq, site, "shop", at, received, lines.emplace_back(line_of(sent, seq))});
  }
  /// Hours with `most` signals by day and a quarter of it at night, an hour with thrice as many each week, an error now and then.
  void quiet(std::int64_t from, std::int64_t until, unsigned most, unsigned seed) {
    std::mt19937 random(seed);
    for (std::int64_t hour = from; hour < until; hour += kHour) {
      const std::int64_t of_day = hour % kDay / kHour;
      unsigned count = of_day >= 7 && of_day < 19 ? most / 2 + static_cast<unsigned>(random() % (most / 2)) : most / 4;
      if ((hour - from) / kHour % 168 == 61) count *= 3;
      for (unsigned i = 0; i < count; ++i) {
        const std::int64_t at = hour + static_cast<std::int64_t>(i) * kHour / count;
        if (random() % 200 == 0) add(at, at, "php.exception", kError);
        else add(at, at);
      }
    }
  }
  /// Ten a second.
  void burst(std::int64_t from, unsigned count, const std::string& type = "cron.run",
             const std::string& labels = R"({"success":true,"duration_ms":5})") {
    for (unsigned i = 0; i < count; ++i) add(from + i / 10, from + i / 10, type, labels);
  }
};

/// A detector that goes on from what `store` has.
std::unique_ptr<Detector> judging(Bench& bench) {
  DetectorOptions options;
  options.key = "key";
  options.read = reader_of(*bench.store);
  const std::uint64_t through = metrics_position(*bench.store).value().value_or(0);
  options.metering = metering_of(*bench.store, through, bench.store->metrics().count(0).value(), [] { return kStart; });
  options.anomalies = anomalies_of(*bench.store, through);
  return std::make_unique<Detector>(signal_program(), std::move(options));
}

void only_anomalies(Effects& effects) {
  std::erase_if(effects.found, [](const Found& one) { return !one.finding.rule.starts_with("ANOMALY_"); });
}

void add_texts(std::vector<std::string>& out, const Effects& effects) {
  for (const Found& one : effects.found) {
    std::string text =
        fmt::format("{} {} x{} {} |", one.finding.rule, one.finding.message, one.finding.hits, one.finding.group_label);
    for (const std::uint64_t seq : one.finding.evidence) text += fmt::format(" {}", seq);
    out.push_back(std::move(text));
  }
}

std::vector<std::string> found_in(const std::vector<Input>& inputs) {
  Bench bench;
  auto detector = judging(bench);
  Effects effects;
  REQUIRE(detector->process(inputs, effects).ok());
  only_anomalies(effects);
  std::vector<std::string> out;
  add_texts(out, effects);
  return out;
}

const std::vector<std::string> kNothing;

}  // namespace

TEST_CASE("quiet_weeks_find_nothing_unusual") {
  Script script;
  script.quiet(kFirst, kFirst + 6 * kWeek, 60, 1);
  CHECK(found_in(script.inputs) == kNothing);
}

TEST_CASE("weeks_of_three_sites_find_nothing_unusual_nor_does_a_week_of_attacks_that_rules_see") {
  for (const bool attacked : {false, true}) {
    Weeks weeks(1);
    weeks.quiet(35);
    if (attacked) weeks.attack(22);
    const std::vector<Weeks::Line> lines = weeks.take();
    const std::string tokens[] = {"ent_a", "ent_b", "ent_c"};
    std::vector<Input> inputs;
    for (const Weeks::Line& line : lines)
      inputs.push_back({inputs.size() + 1, tokens[line.site], Weeks::kNames[line.site], line.time, line.time, line.text});
    REQUIRE(inputs.size() > 50'000);
    CHECK(found_in(inputs) == kNothing);
  }
}

TEST_CASE("a_site_that_is_new_finds_nothing_unusual_whatever_it_sends") {
  Script script;
  script.quiet(kFirst, kFirst + 2 * kWeek - kHour, 40, 2);
  script.burst(kFirst + 2 * kWeek - kHour, 8'000);
  CHECK(found_in(script.inputs) == kNothing);
  // Old, but hardly ever heard of.
  Script seldom;
  for (int day = 0; day < 40; ++day) seldom.add(kFirst + day * kDay, kFirst + day * kDay);
  seldom.burst(kFirst + 40 * kDay, 8'000);
  CHECK(found_in(seldom.inputs) == kNothing);
}

TEST_CASE("a_burst_is_found_while_it_lasts_and_once_with_its_newest_events") {
  Script script;
  const std::int64_t now = kFirst + 3 * kWeek;
  script.quiet(kFirst, now, 40, 3);
  const std::size_t before = script.inputs.size();
  // The hour before the one at hand is not learnt yet.
  const auto learnt = std::count_if(script.inputs.begin(), script.inputs.end(),
                                    [&](const Input& one) { return one.created_at < now - kHour; });
  const double mean = static_cast<double>(learnt) / (3 * 7 * 24 - 1);
  const auto limit = static_cast<std::uint64_t>(std::ceil(mean + 1'000));
  script.burst(now, 8'000);
  std::string wanted = fmt::format(
      "ANOMALY_RATE {} signals since 2026-04-12T00:00:00Z, where {} in an hour are usual x{} metric=drupal_signals_total |",
      grouped(limit), std::llround(mean), limit);
  for (std::uint64_t seq = before + limit - 9; seq <= before + limit; ++seq) wanted += fmt::format(" {}", seq);
  CHECK(found_in(script.inputs) == std::vector<std::string>{wanted});
}

TEST_CASE("errors_are_found_where_there_are_hardly_any") {
  Script script;
  script.quiet(kFirst, kFirst + 3 * kWeek, 40, 4);
  script.burst(kFirst + 3 * kWeek, 60, "php.exception", kError);
  const auto found = found_in(script.inputs);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("ANOMALY_ERRORS 21 PHP errors since 2026-04-12T00:00:00Z, where 0 in an hour are usual"));
  Script failing;
  failing.quiet(kFirst, kFirst + 3 * kWeek, 40, 4);
  failing.burst(kFirst + 3 * kWeek, 60, "http.request", R"({"method":"GET","status_code":503})");
  const auto failed = found_in(failing.inputs);
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].starts_with("ANOMALY_ERRORS 50 requests answered with 500 or more since"));
  CHECK(failed[0].find("metric=drupal_http_server_errors_total") != std::string::npos);
}

TEST_CASE("what_a_buffer_held_back_is_no_burst") {
  Script script;
  const std::int64_t now = kFirst + 3 * kWeek;
  script.quiet(kFirst, now, 40, 5);
  script.add(now, now);
  for (int i = 0; i < 8'000; ++i) script.add(now - 40 * kHour + i * 17, now);
  CHECK(found_in(script.inputs) == kNothing);
}

TEST_CASE("the_hour_before_is_open_for_machines_whose_buffers_overlap") {
  // One machine of the site sends at once, the other after the hour has ended: what is counted is what was in an hour, of both.
  const auto of_two = [](int burst) {
    Script script;
    const std::int64_t end = kFirst + 3 * kWeek;
    for (std::int64_t hour = kFirst; hour <= end; hour += kHour) {
      script.add(hour, hour);
      const int late = hour == end ? burst : hour == kFirst ? 0 : 20;
      for (int i = 0; i < late; ++i) script.add(hour - 1'000 + i / 2, hour + 60);
      for (int i = 1; i < 20; ++i) script.add(hour + 60 + i * 100, hour + 60 + i * 100);
    }
    return found_in(script.inputs);
  };
  CHECK(of_two(1'000) == kNothing);
  const auto found = of_two(1'500);
  REQUIRE(found.size() == 1);
  CHECK(found[0].starts_with("ANOMALY_RATE 1,040 signals since 2026-04-11T23:00:00Z, where 40 in an hour are usual"));
}

TEST_CASE("a_new_level_becomes_usual_step_by_step") {
  Script script;
  std::int64_t now = kFirst;
  script.quiet(now, now + 3 * kWeek, 40, 6);
  now += 3 * kWeek;
  for (int hour = 0; hour < 24; ++hour, now += kHour)
    for (int i = 0; i < 3'000; ++i) script.add(now + i, now + i);
  // The limit is 1,000 and some, and half as much more with each hour that is learnt, the one before last.
  const std::size_t reported = found_in(script.inputs).size();
  CHECK(reported >= 3);
  CHECK(reported <= 8);
}

TEST_CASE("a_job_that_runs_once_a_week_is_usual") {
  Script script;
  for (int week = 0; week < 5; ++week) {
    script.quiet(kFirst + week * kWeek, kFirst + (week + 1) * kWeek - kHour, 40, static_cast<unsigned>(week) + 1);
    script.burst(kFirst + (week + 1) * kWeek - kHour, static_cast<unsigned>(5'000 + week * 100));
  }
  CHECK(found_in(script.inputs) == kNothing);
  script.burst(kFirst + 5 * kWeek, 9'000);
  CHECK(found_in(script.inputs).size() == 1);
}

TEST_CASE("a_clock_that_was_ahead_and_is_set_back_finds_nothing") {
  Script script;
  const std::int64_t now = kFirst + 3 * kWeek;
  script.quiet(kFirst, now, 40, 11);
  for (int i = 0; i < 900; ++i) script.add(now + 30 * kDay, now + 30 * kDay);
  // What was counted ahead is no part of this hour, and no hour of the past.
  script.burst(now + kHour, 900);
  CHECK(found_in(script.inputs) == kNothing);
  script.burst(now + 2 * kHour, 3'000);
  CHECK(found_in(script.inputs).size() == 1);
}

TEST_CASE("what_is_unusual_does_not_depend_on_steps_nor_on_where_a_process_ends") {
  Script script;
  script.quiet(kFirst, kFirst + 3 * kWeek, 20, 7);
  script.burst(kFirst + 3 * kWeek, 2'500);
  script.quiet(kFirst + 3 * kWeek + kHour, kFirst + 3 * kWeek + 6 * kHour, 20, 8);
  script.burst(kFirst + 3 * kWeek + 6 * kHour, 2'500);
  const auto wanted = found_in(script.inputs);
  REQUIRE(wanted.size() == 2);
  for (unsigned seed = 1; seed <= 4; ++seed) {
    Bench bench;
    bench.site("ent_a");
    std::mt19937 random(seed);
    auto detector = judging(bench);
    std::vector<std::string> found;
    std::size_t looked = 0;
    while (looked < script.inputs.size()) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 700, script.inputs.size() - looked);
      Effects effects;
      REQUIRE(detector->process(std::span(script.inputs).subspan(looked, size), effects).ok());
      looked += size;
      only_anomalies(effects);
      add_texts(found, effects);
      // What is found is stored with detection's position at once; metrics and what is usual now and then.
      if (random() % 3 == 0) {
        detector->take_metrics(effects);
        auto transaction = std::move(bench.store->begin()).value();
        effects.found.clear();
        effects.windows.clear();
        REQUIRE(store_effects(*transaction, effects, nullptr).ok());
        REQUIRE(put_metrics_position(*transaction, script.inputs[looked - 1].seq, kStart).ok());
        REQUIRE(transaction->commit().ok());
      }
      if (random() % 5 == 0) {  // killed
        detector = judging(bench);
        REQUIRE(detector->warm(std::span(script.inputs).first(looked)).ok());
      } else if (random() % 5 == 0) {  // forgotten while it was quiet
        Effects none;
        REQUIRE(detector->tick(kFirst + kWeek * 52, none).ok());
      }
    }
    CHECK(found == wanted);
  }
}

TEST_CASE("a_burst_is_one_alert_by_the_usual_route") {
  Script script;
  script.quiet(kFirst, kFirst + 3 * kWeek, 20, 9);
  const std::int64_t now = kFirst + 3 * kWeek;
  script.burst(now, 2'500);
  script.burst(now + kHour, 2'500);  // it goes on: the same episode
  Bench bench;
  bench.site("ent_a");
  auto detector = judging(bench);
  Effects effects;
  REQUIRE(detector->process(script.inputs, effects).ok());
  only_anomalies(effects);
  REQUIRE(effects.found.size() == 2);
  analysis::CurrentProgram program{signal_program()};
  std::vector<alert::Tell::Kind> told;
  const auto follows = alerting(
      program, HmacKey("k"), [&] { return now + 2 * kHour; },
      [&](store::Stores&, std::span<const alert::Tell> tells) -> Result<Done> {
        for (const alert::Tell& one : tells) told.push_back(one.kind);
        return Done{};
      });
  bench.keep(effects, follows);
  const auto alerts = bench.store->alerts().page({}, {}).value().rows;
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule == "ANOMALY_RATE");
  CHECK(alerts[0].site == "ent_a");
  CHECK(alerts[0].level == Level::medium);
  CHECK(told.size() == 1);
  REQUIRE(bench.findings().size() == 1);
  for (const WatchedMetric& watched : kWatchedMetrics) {
    INFO(watched.metric);
    CHECK(watched.group.size() <= store::kGroupBytes);
    REQUIRE(signal_program()->metrics()->definitions().find(watched.metric) != nullptr);
    const alert::AnomalyRule* const words = alert::anomaly_rule(watched.rule);
    REQUIRE(words != nullptr);
    for (const std::string_view text : {words->what, words->why, words->act, words->harmless}) CHECK(text.ends_with('.'));
  }
  CHECK(alert::anomaly_rule("SIGNAL_LOGIN_FAILURES") == nullptr);
}

TEST_CASE("what_is_stored_of_another_version_is_learnt_anew") {
  Script script;
  script.quiet(kFirst, kFirst + 3 * kWeek, 20, 10);
  script.burst(kFirst + 3 * kWeek, 2'500);
  REQUIRE(found_in(script.inputs).size() == 1);
  Bench bench;
  bench.site("ent_a");
  auto detector = judging(bench);
  Effects effects;
  REQUIRE(detector->process(std::span(script.inputs).first(script.inputs.size() - 2'500), effects).ok());
  detector->take_metrics(effects);
  REQUIRE(effects.usual.size() == 1);
  const std::string good = effects.usual[0].state;
  CHECK(good.size() < 1'000);
  const auto finds_after = [&](const std::string& state) {
    REQUIRE(bench.store->positions().put("usual:ent_a", state, kStart).ok());
    auto next = judging(bench);
    Effects later;
    REQUIRE(next->process(std::span(script.inputs).last(2'500), later).ok());
    only_anomalies(later);
    return later.found.size();
  };
  CHECK(finds_after(good) == 1);
  std::string other = good;
  other[0] = 2;
  CHECK(finds_after(other) == 0);
  for (std::size_t size = 0; size < good.size(); size += 7) CHECK(finds_after(good.substr(0, size)) == 0);
  CHECK(finds_after(good + "x") == 0);
  std::string endless = good;  // nothing in it is a number any more
  std::fill(endless.begin() + 50, endless.end(), '\xff');
  CHECK(finds_after(endless) == 0);
}

#include "detect/anomaly.hpp"

#include <cmath>
#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

constexpr std::int64_t kNs = 1'000'000'000;
constexpr std::int64_t kStart = 1'700'000'040;  // a multiple of 60

void add(AnomalyDetector& detector, std::int64_t minute, int events, int errors = 0, int warnings = 0) {
  for (int i = 0; i < events; ++i)
    detector.add(true, (kStart + minute * 60 + i % 60) * kNs,
                 i < errors              ? Severity::error
                 : i < errors + warnings ? Severity::warning
                                         : Severity::info);
}

}  // namespace

TEST_CASE("a_baseline_is_used_from_the_fifth_bucket_on") {
  Baseline baseline(AnomalyModel::zscore, 60);
  AnomalyDetector detector(baseline, 3.0, true);
  for (int minute = 0; minute < 4; ++minute) add(detector, minute, 10);
  add(detector, 4, 1'000);  // the fifth bucket meets four observations
  detector.finish();
  CHECK(detector.take().empty());
  CHECK(baseline.observations() == 5);
  CHECK(baseline.trained());

  Baseline five(AnomalyModel::zscore, 60);
  AnomalyDetector sixth(five, 3.0, true);
  for (int minute = 0; minute < 5; ++minute) add(sixth, minute, 10 + minute % 2);
  add(sixth, 5, 1'000);
  sixth.finish();
  const auto found = sixth.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == Feature::count);
  CHECK(found[0].start == kStart + 300);
  CHECK(found[0].value == 1'000);
  CHECK(std::fabs(found[0].expected - 10.4) < 1e-9);
}

TEST_CASE("the_score_is_in_standard_deviations") {
  // 90 and 110 in turn: mean 100, deviation 10 and a little.
  for (const auto& [events, found] : {std::pair{129, 0u}, {131, 1u}, {69, 1u}, {71, 0u}}) {
    Baseline baseline(AnomalyModel::zscore, 60);
    AnomalyDetector detector(baseline, 3.0, true);
    for (int minute = 0; minute < 1'000; ++minute) add(detector, minute, minute % 2 ? 90 : 110);
    add(detector, 1'000, events);
    detector.finish();
    CHECK(detector.take().size() == found);
  }
}

TEST_CASE("error_and_warning_rates_are_watched_and_only_upwards") {
  Baseline baseline(AnomalyModel::zscore, 60);
  AnomalyDetector detector(baseline, 3.0, true);
  for (int minute = 0; minute < 20; ++minute) add(detector, minute, 100, 10 + minute % 2, 20 + minute % 2);
  add(detector, 20, 100, 60, 20);
  detector.finish();
  auto found = detector.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == Feature::error_rate);
  CHECK(found[0].value == 0.6);
  AnomalyDetector again(baseline, 3.0, true);
  add(again, 21, 100, 0, 90);
  again.finish();
  found = again.take();
  REQUIRE(found.size() == 1);
  CHECK(found[0].feature == Feature::warning_rate);
}

TEST_CASE("bucket_length_is_the_baselines") {
  Baseline minutes(AnomalyModel::zscore, 60), five(AnomalyModel::zscore, 300);
  AnomalyDetector one(minutes, 3.0, false), two(five, 3.0, false);
  for (int minute = 0; minute < 50; ++minute) {
    add(one, minute, 3);
    add(two, minute, 3);
  }
  one.finish();
  two.finish();
  CHECK(minutes.observations() == 50);
  CHECK(five.observations() >= 10);
  CHECK(five.observations() <= 11);
}

TEST_CASE("the_adaptive_model_knows_the_hour") {
  // Ten days, quiet at night, busy at noon: noon's load at night is an anomaly, at noon it is not.
  Baseline adaptive(AnomalyModel::adaptive, 60), plain(AnomalyModel::zscore, 60);
  for (Baseline* baseline : {&adaptive, &plain}) {
    for (std::int64_t minute = 0; minute < 10 * 1'440; ++minute) {
      const bool day = minute % 1'440 / 60 >= 8 && minute % 1'440 / 60 < 20;
      baseline->learn({minute * 60, static_cast<std::uint64_t>((day ? 1'000 : 50) + minute % 7), 0, 0});
    }
    // Up to the hour that is asked about.
    for (std::int64_t minute = 10 * 1'440; minute < 10 * 1'440 + 120; ++minute)
      baseline->learn({minute * 60, static_cast<std::uint64_t>(50 + minute % 7), 0, 0});
  }
  const Bucket night{10 * 86'400 + 2 * 3'600, 1'003, 0, 0}, usual{10 * 86'400 + 2 * 3'600, 53, 0, 0};
  CHECK(adaptive.score(night, Feature::count).deviations >= 3);
  CHECK(std::fabs(adaptive.score(night, Feature::count).expected - 53) < 3);
  CHECK(std::fabs(adaptive.score(usual, Feature::count).deviations) < 1);
  CHECK(plain.score(night, Feature::count).deviations < 3);
}

TEST_CASE("the_adaptive_model_says_nothing_before_it_has_seen_enough") {
  Baseline baseline(AnomalyModel::adaptive, 60);
  for (std::int64_t minute = 0; minute < static_cast<std::int64_t>(baseline.observations_least()); ++minute) {
    CHECK_FALSE(baseline.trained());
    CHECK(baseline.score(Bucket{minute * 60, 1'000'000, 0, 0}, Feature::count).deviations == 0);
    baseline.learn({minute * 60, static_cast<std::uint64_t>(100 + minute % 5), 0, 0});
  }
  CHECK(baseline.trained());
  const std::int64_t next = static_cast<std::int64_t>(baseline.observations_least()) * 60;
  CHECK(baseline.score(Bucket{next, 1'000'000, 0, 0}, Feature::count).deviations > 3);
  CHECK(baseline.score(Bucket{next, 0, 0, 0}, Feature::count).deviations < -3);
  CHECK(std::fabs(baseline.score(Bucket{next, 102, 0, 0}, Feature::count).deviations) < 3);
}

TEST_CASE("the_adaptive_model_gets_used_to_a_new_level") {
  Baseline baseline(AnomalyModel::adaptive, 60);
  AnomalyDetector detector(baseline, kAnomalyThreshold, true);
  for (int minute = 0; minute < 9'000; ++minute) add(detector, minute, minute < 2'000 ? 5 + minute % 3 : 50 + minute % 3);
  detector.finish();
  const auto found = detector.take();
  // The first day at the new level, and the hours of the days after it that were learnt at the old one; then no more.
  REQUIRE(found.size() >= 1);
  CHECK(found.size() <= 6);
  CHECK(found[0].start == kStart + 2'000 * 60);
  CHECK(found.back().end < kStart + 8'000 * 60);
}

TEST_CASE("unusual_buckets_close_to_each_other_are_one_episode") {
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::adaptive}) {
    Baseline baseline(model, 60);
    AnomalyDetector detector(baseline, 3.0, true);
    for (int minute = 0; minute < 1'000; ++minute) {
      const bool flood = minute >= 500 && minute < 510;
      const bool again = minute == 700;
      add(detector, minute, flood ? (minute == 505 ? 900 : 600) : again ? 1'200 : 20 + minute % 3);
      const auto begun = detector.take_begun();
      // Said at once: two buckets are open at a time.
      if (minute == 502 || minute == 702) {
        REQUIRE(begun.size() == 1);
        CHECK(begun[0].start == kStart + (minute - 2) * 60);
      } else {
        CHECK(begun.empty());
      }
    }
    detector.finish();
    const auto found = detector.take();
    REQUIRE(found.size() == 2);
    CHECK(found[0].start == kStart + 500 * 60);
    CHECK(found[1].start == kStart + 700 * 60);
    CHECK(found[1].value == 1'200);
    if (model == AnomalyModel::zscore) {
      CHECK(found[0].end == kStart + 510 * 60);
      CHECK(found[0].buckets == 10);
      CHECK(found[1].end == kStart + 701 * 60);
      CHECK(found[1].buckets == 1);
    } else {  // a view of the last 20 buckets sees the flood until it has left them
      CHECK(found[0].end >= kStart + 510 * 60);
      CHECK(found[0].end <= kStart + 530 * 60);
      CHECK(found[0].buckets >= 10);
      CHECK(found[1].end <= kStart + 721 * 60);
    }
  }
}

TEST_CASE("an_episode_ends_after_an_hour_of_usual_buckets_and_each_feature_has_its_own") {
  for (const auto& [minutes_between, episodes] : {std::pair{59, 1u}, {60, 1u}, {61, 2u}}) {
    Baseline baseline(AnomalyModel::zscore, 60);
    for (int minute = 0; minute < 5'000; ++minute) baseline.learn({minute * 60, 100u + minute % 3u, 0, 0});
    AnomalyDetector detector(baseline, 30.0, true);
    for (int minute = 0; minute < 200; ++minute)
      add(detector, minute, minute == 10 || minute == 10 + minutes_between ? 3'000 : 100);
    detector.finish();
    CHECK(detector.take().size() == episodes);
  }
  Baseline baseline(AnomalyModel::zscore, 60);
  for (int minute = 0; minute < 50; ++minute) baseline.learn({minute * 60, 100u + minute % 3u, 1, 0});
  AnomalyDetector detector(baseline, 3.0, true);
  add(detector, 0, 1'000, 900);
  detector.finish();
  CHECK(detector.take().size() == 2);  // more of them, and more errors among them
}

TEST_CASE("a_baseline_survives_its_bytes_and_refuses_damaged_ones") {
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::adaptive}) {
    Baseline baseline(model, 300);
    for (int i = 0; i < 30'000; ++i)
      baseline.learn({i * 300, static_cast<std::uint64_t>(100 + i % 11), static_cast<std::uint64_t>(i % 5), 1});
    const std::string bytes = baseline.encode();
    CHECK(bytes.size() < kBaselineBytesMax);
    auto copy = Baseline::decode(bytes);
    REQUIRE(copy.ok());
    CHECK(copy->encode() == bytes);
    CHECK(copy->observations() == 30'000);
    const Bucket bucket{9'000'000, 300, 20, 0};
    CHECK(copy->score(bucket, Feature::error_rate).deviations == baseline.score(bucket, Feature::error_rate).deviations);
    for (std::size_t cut = 0; cut < bytes.size(); cut += bytes.size() / 50 + 1)
      CHECK_FALSE(Baseline::decode(bytes.substr(0, cut)).ok());
    CHECK_FALSE(Baseline::decode(bytes + "x").ok());
  }
}

TEST_CASE("late_and_timeless_records_are_counted_not_lost") {
  Baseline baseline(AnomalyModel::zscore, 60);
  AnomalyDetector detector(baseline, 3.0, true);
  add(detector, 0, 5);
  add(detector, 1, 5);
  add(detector, 0, 1);  // one bucket late: still taken
  add(detector, 2, 5);
  add(detector, 0, 2);  // closed by now
  detector.add(false, 0, Severity::info);
  detector.finish();
  CHECK(detector.late() == 2);
  CHECK(detector.without_time() == 1);
  CHECK(baseline.observations() == 3);
  detector.add(true, -1, Severity::info);  // before 1970 is a time too
  CHECK(detector.late() == 3);
}

TEST_CASE("lines_of_a_wrong_date_ahead_do_not_blind_the_detector") {
  constexpr std::int64_t kAhead = 40'000'000;  // minutes: decades
  for (const int wrong : {1, 2, 3, 5}) {
    INFO(wrong << " minutes of a wrong date");
    Baseline baseline(AnomalyModel::zscore, 60);
    for (int minute = 0; minute < 1'000; ++minute) baseline.learn({minute * 60, 100u + minute % 3u, 0, 0});
    AnomalyDetector detector(baseline, 30.0, true);
    for (int minute = 0; minute < 10; ++minute) add(detector, minute, 100);
    for (int i = 0; i < wrong; ++i) add(detector, kAhead + i, 1);
    for (int minute = 10; minute < 100; ++minute) add(detector, minute, minute == 50 ? 9'000 : 100);
    detector.finish();
    CHECK(detector.buckets() >= 98);
    CHECK(detector.late() <= 110);  // at most the rest of one minute
    std::size_t floods = 0;
    for (const Anomaly& found : detector.take()) {
      if (found.start > kStart + 1'000 * 60) continue;
      ++floods;
      CHECK(found.start == kStart + 50 * 60);
      CHECK(found.buckets == 1);
    }
    CHECK(floods == 1);
  }
}

TEST_CASE("lines_that_come_hours_late_do_not_displace_the_open_buckets") {
  Baseline baseline(AnomalyModel::zscore, 60);
  AnomalyDetector detector(baseline, 3.0, true);
  for (int minute = 0; minute < 1'000; ++minute) {
    add(detector, minute, 100 + minute % 3);
    if (minute >= 300) add(detector, minute - 200, 50);
  }
  detector.finish();
  CHECK(detector.late() == 700 * 50);
  CHECK(detector.buckets() == 1'000);
  CHECK(detector.take().empty());
}

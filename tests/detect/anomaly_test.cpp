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

TEST_CASE("the_seasonal_model_knows_the_hour") {
  // Ten days, quiet at night, busy at noon: noon's load at night is an anomaly, at noon it is not.
  Baseline seasonal(AnomalyModel::seasonal, 60), plain(AnomalyModel::zscore, 60);
  for (Baseline* baseline : {&seasonal, &plain}) {
    for (std::int64_t minute = 0; minute < 10 * 1'440; ++minute) {
      const bool day = minute % 1'440 / 60 >= 8 && minute % 1'440 / 60 < 20;
      baseline->learn({minute * 60, static_cast<std::uint64_t>((day ? 1'000 : 50) + minute % 7), 0, 0});
    }
  }
  const Bucket noon{10 * 86'400 + 12 * 3'600, 1'003, 0, 0}, night{10 * 86'400 + 2 * 3'600, 1'003, 0, 0};
  CHECK(std::fabs(seasonal.score(noon, Feature::count).deviations) < 3);
  CHECK(seasonal.score(night, Feature::count).deviations > 100);
  CHECK(plain.score(night, Feature::count).deviations < 3);
}

TEST_CASE("a_baseline_survives_its_bytes_and_refuses_damaged_ones") {
  for (AnomalyModel model : {AnomalyModel::zscore, AnomalyModel::seasonal}) {
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

// What was counted of signals: by minute, hour and day, and in all.
#include <algorithm>
#include <random>
#include <tuple>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kMidnight = 20'000 * kDaySeconds;  // a midnight

struct Point {
  std::string metric, labels;
  std::int64_t at;
  MetricAmount amount;
  friend bool operator==(const Point&, const Point&) = default;
};

std::vector<Point> points_of(Store& store, const std::string& site, MetricStep step, std::int64_t from = 0,
                             std::int64_t until = INT64_MAX, const std::string& metric = {}) {
  std::vector<Point> out;
  REQUIRE(store.metrics()
              .points({site, metric, step, from, until},
                      [&](const MetricPoint& one) {
                        out.push_back({std::string(one.metric), std::string(one.labels), one.at, one.amount});
                        return true;
                      })
              .ok());
  return out;
}

std::vector<Point> points_where(Store& store, const MetricQuery& query, std::size_t most = SIZE_MAX) {
  std::vector<Point> out;
  REQUIRE(store.metrics()
              .points(query,
                      [&](const MetricPoint& one) {
                        out.push_back({std::string(one.metric), std::string(one.labels), one.at, one.amount});
                        return out.size() < most;
                      })
              .ok());
  return out;
}

std::vector<MetricSeries> series_of(Store& store, const std::string& site = {}, const SiteScope& scope = {},
                                    std::int64_t since = 0, std::size_t limit = 1'000) {
  std::vector<MetricSeries> out;
  REQUIRE(store.metrics()
              .series(site, scope, since, limit,
                      [&](const MetricSeries& one) {
                        out.push_back(one);
                        return true;
                      })
              .ok());
  return out;
}

MetricDelta delta_of(std::string metric, std::string labels, std::int64_t at, std::int64_t value,
                     std::string site = "ent_a") {
  MetricDelta delta{std::move(site), std::move(metric), std::move(labels), at, {}};
  delta.minutes.emplace_back(at - at % kMinuteSeconds, MetricAmount()).second.add(value, at);
  return delta;
}

}  // namespace

TEST_CASE("amounts_add_up_by_minute_hour_and_day_and_in_all") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  // 23:59:30, 00:00:10 twice, and one that comes late.
  const MetricDelta first[] = {delta_of("a", "", kMidnight - 30, 5'000), delta_of("a", "", kMidnight + 10, 1'000)};
  REQUIRE(store->metrics().add(first).ok());
  const MetricDelta later[] = {delta_of("a", "", kMidnight + 10, 3'000), delta_of("a", "", kMidnight - 40, 9'000),
                               delta_of("a", "x=\"1\"", kMidnight, 0)};
  REQUIRE(store->metrics().add(later).ok());
  const MetricAmount before{2, 14'000, 5'000, 9'000, 5'000, kMidnight - 30},
      after{2, 4'000, 1'000, 3'000, 3'000, kMidnight + 10}, none{1, 0, 0, 0, 0, kMidnight};
  CHECK(points_of(*store, "ent_a", MetricStep::minute) == std::vector<Point>{{"a", "", kMidnight - 60, before},
                                                                             {"a", "", kMidnight, after},
                                                                             {"a", "x=\"1\"", kMidnight, none}});
  CHECK(points_of(*store, "ent_a", MetricStep::hour) == std::vector<Point>{{"a", "", kMidnight - 3600, before},
                                                                           {"a", "", kMidnight, after},
                                                                           {"a", "x=\"1\"", kMidnight, none}});
  CHECK(points_of(*store, "ent_a", MetricStep::day) == std::vector<Point>{{"a", "", kMidnight - kDaySeconds, before},
                                                                          {"a", "", kMidnight, after},
                                                                          {"a", "x=\"1\"", kMidnight, none}});
  CHECK(points_of(*store, "ent_a", MetricStep::minute, kMidnight - 60, kMidnight) ==
        std::vector<Point>{{"a", "", kMidnight - 60, before}});
  CHECK(points_of(*store, "ent_a", MetricStep::minute, 0, INT64_MAX, "b").empty());
  CHECK(points_of(*store, "ent_b", MetricStep::minute).empty());
  const auto series = series_of(*store, "ent_a");
  REQUIRE(series.size() == 2);
  CHECK(series[0].total == MetricAmount{4, 18'000, 1'000, 9'000, 3'000, kMidnight + 10});
  CHECK(series[1].labels == "x=\"1\"");
  CHECK(store->metrics().count(0).value() == 1);  // of two, one has labels
  CHECK(store->metrics().count(kMidnight + 11).value() == 0);
}

TEST_CASE("points_come_by_series_and_time_whichever_they_stand_beside") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  REQUIRE(store->entities().add(entity_of("ent_b")).ok());
  // Series come to be in another order than they are listed in, more of a metric than are read together, each with gaps of its own.
  constexpr int kSeries = 300, kMinutes = 7;
  std::vector<Point> wanted;
  std::vector<MetricDelta> deltas;
  std::mt19937 random(5);
  for (const char* metric : {"b", "a"}) {
    for (const int i : {0, 1}) {
      for (int series = i; series < kSeries; series += 2) {
        const std::string labels = series == 0 ? "" : "x=\"" + std::to_string(1'000 - series) + "\"";
        for (int minute = 0; minute < kMinutes; ++minute) {
          if (random() % 3 == 0) continue;
          const std::int64_t at = kMidnight + minute * kMinuteSeconds;
          deltas.push_back(delta_of(metric, labels, at, series));
          deltas.push_back(delta_of(metric, labels, at, 9, "ent_b"));
          wanted.push_back({metric, labels, at, {1, series, series, series, series, at}});
        }
      }
    }
  }
  REQUIRE(store->metrics().add(deltas).ok());
  const auto before = [](const Point& a, const Point& b) {
    return std::tie(a.metric, a.labels, a.at) < std::tie(b.metric, b.labels, b.at);
  };
  std::sort(wanted.begin(), wanted.end(), before);
  CHECK(points_of(*store, "ent_a", MetricStep::minute) == wanted);
  CHECK(points_where(*store, {"ent_a", "", MetricStep::minute, 0, INT64_MAX}, 400) ==
        std::vector<Point>(wanted.begin(), wanted.begin() + 400));
  std::erase_if(wanted, [](const Point& one) { return one.metric != "b"; });
  CHECK(points_of(*store, "ent_a", MetricStep::minute, 0, INT64_MAX, "b") == wanted);
  std::erase_if(wanted, [](const Point& one) {
    return one.at < kMidnight + kMinuteSeconds || one.at >= kMidnight + 3 * kMinuteSeconds;
  });
  CHECK(points_of(*store, "ent_a", MetricStep::minute, kMidnight + kMinuteSeconds, kMidnight + 3 * kMinuteSeconds, "b") ==
        wanted);
  const auto plain =
      points_where(*store, {.site = "ent_a", .step = MetricStep::hour, .from = 0, .until = INT64_MAX, .plain = true});
  REQUIRE(plain.size() == 2);
  CHECK((plain[0].metric == "a" && plain[1].metric == "b" && plain[0].labels.empty() && plain[1].labels.empty()));
}

TEST_CASE("series_are_shown_to_whoever_sees_the_site_newest_use_and_number_bounded") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  REQUIRE(store->entities().add(entity_of("ent_b")).ok());
  const MetricDelta all[] = {delta_of("b", "", kMidnight, 1), delta_of("a", "", kMidnight, 1),
                             delta_of("a", "", kMidnight + 5, 1, "ent_b")};
  REQUIRE(store->metrics().add(all).ok());
  CHECK(series_of(*store).size() == 3);
  CHECK(series_of(*store)[0].metric == "a");
  CHECK(series_of(*store, {}, SiteScope({"ent_b"})).size() == 1);
  CHECK(series_of(*store, {}, SiteScope(std::vector<std::string>())).empty());
  CHECK(series_of(*store, "ent_a", SiteScope({"ent_b"})).empty());
  CHECK(series_of(*store, {}, {}, kMidnight + 5).size() == 1);
  CHECK(series_of(*store, {}, {}, 0, 2).size() == 2);
  const MetricLeftOutCount counts[] = {{"ent_a", "a", MetricLeftOut::metric_full, 2},
                                       {"ent_b", "a", MetricLeftOut::bad_value, 1}};
  REQUIRE(store->metrics().add(counts).ok());
  REQUIRE(store->metrics().add(std::span(counts).first(1)).ok());
  const auto left_out = store->metrics().left_out("", {}).value();
  REQUIRE(left_out.size() == 2);
  CHECK(left_out[0].count == 4);
  CHECK(left_out[1].reason == MetricLeftOut::bad_value);
  CHECK(store->metrics().left_out("", SiteScope({"ent_b"})).value().size() == 1);
}

TEST_CASE("a_site_there_is_none_of_takes_no_metrics") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const MetricDelta all[] = {delta_of("a", "", kMidnight, 1), delta_of("a", "", kMidnight, 1, "ent_none")};
  const auto refused = store->metrics().add(all);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::not_found);
  CHECK(series_of(*store).empty());
}

TEST_CASE("sums_end_where_they_are_still_integers") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  for (int i = 0; i < 3; ++i) {
    const MetricDelta all[] = {delta_of("a", "", kMidnight, kMetricSumMost)};
    REQUIRE(store->metrics().add(all).ok());
  }
  CHECK(series_of(*store)[0].total.sum == kMetricSumMost);
  CHECK(series_of(*store)[0].total.count == 3);
}

TEST_CASE("how_amounts_are_put_together_changes_nothing") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const std::string whole = "whole" + std::to_string(round), parts = "parts" + std::to_string(round);
    MetricDelta all{"ent_a", whole, "", kMidnight, {{kMidnight, {}}}},
        part{"ent_a", parts, "", kMidnight, {{kMidnight, {}}}};
    for (int i = 0; i < 30; ++i) {
      const std::int64_t value = random() % 5'000, at = kMidnight + static_cast<std::int64_t>(random() % 60);
      all.minutes[0].second.add(value, at);
      part.minutes[0].second.add(value, at);
      if (random() % 4 != 0) continue;
      REQUIRE(store->metrics().add({&part, 1}).ok());
      part.minutes[0].second = {};
    }
    if (part.minutes[0].second.count != 0) REQUIRE(store->metrics().add({&part, 1}).ok());
    REQUIRE(store->metrics().add({&all, 1}).ok());
    const auto left = points_of(*store, "ent_a", MetricStep::minute, 0, INT64_MAX, whole),
               right = points_of(*store, "ent_a", MetricStep::minute, 0, INT64_MAX, parts);
    REQUIRE(left.size() == 1);
    REQUIRE(right.size() == 1);
    CHECK(left[0].amount == right[0].amount);
  }
}

TEST_CASE("what_is_older_than_it_is_kept_goes_and_series_without_anything_with_it") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  const MetricDelta all[] = {delta_of("a", "", kMidnight, 1), delta_of("b", "", kMidnight + kHoursKept, 1)};
  REQUIRE(store->metrics().add(all).ok());
  const auto prune = [&](std::int64_t now) {
    std::uint64_t rows = 0;
    for (std::int64_t at = 0;;) {
      const auto pruned = store->metrics().prune(now, at, 1).value();
      rows += pruned.rows;
      at = pruned.next;
      if (at == 0) return rows;
    }
  };
  CHECK(prune(kMidnight + kMinutesKept) == 0);
  CHECK(prune(kMidnight + kMinutesKept + 1) == 1);
  CHECK(points_of(*store, "ent_a", MetricStep::minute).size() == 1);
  CHECK(prune(kMidnight + kHoursKept + 1) == 1);
  CHECK(points_of(*store, "ent_a", MetricStep::day).size() == 2);
  CHECK(prune(kMidnight + kDaysKept + 1) == 4);  // a's day and a itself; b's minute and hour
  CHECK(series_of(*store).size() == 1);
}

TEST_CASE("old_points_go_a_slice_at_a_time_the_oldest_first") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  std::vector<MetricDelta> deltas;
  for (int minute = 0; minute < 4; ++minute)
    for (const char* metric : {"a", "b", "c"})
      deltas.push_back(delta_of(metric, "", kMidnight + minute * kMinuteSeconds, 1));
  REQUIRE(store->metrics().add(deltas).ok());
  const std::int64_t now = kMidnight + 3 * kMinuteSeconds + kMinutesKept;  // the last minute stays
  auto slice = store->metrics().prune(now, 0, 5).value();
  CHECK(slice.rows == 5);
  CHECK(slice.next != 0);
  auto left = points_of(*store, "ent_a", MetricStep::minute);
  CHECK(left.size() == 7);
  CHECK(std::none_of(left.begin(), left.end(), [](const Point& one) { return one.at == kMidnight; }));
  std::uint64_t rows = slice.rows;
  while (slice.next != 0) rows += (slice = store->metrics().prune(now, slice.next, 5).value()).rows;
  CHECK(rows == 9);
  left = points_of(*store, "ent_a", MetricStep::minute);
  CHECK(left.size() == 3);
  CHECK(points_of(*store, "ent_a", MetricStep::hour).size() == 3);
  CHECK(series_of(*store).size() == 3);
}

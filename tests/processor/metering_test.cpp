// Metrics are exact: what is counted follows from the events, however they are cut into steps and wherever a process ends.
#include "processor/metering.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "counted.hpp"
#include "script.hpp"

using namespace logystera;
using namespace logystera::processor;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kNever = INT64_MAX / 2;

/// Sites that send signals of several types, some of them late, with labels of many values and values that are none.
std::vector<Sent> busy_week(unsigned seed, std::size_t events) {
  std::mt19937 random(seed);
  std::vector<Sent> sent;
  std::int64_t now = kStart;
  for (std::size_t i = 0; i < events; ++i) {
    now += random() % 20;
    const std::string site = "ent_" + std::string(1, static_cast<char>('a' + random() % 3));
    const std::int64_t at = random() % 10 == 0 ? now - static_cast<std::int64_t>(random() % 200'000) : now;
    switch (random() % 5) {
      case 0:
        sent.push_back(
            {site, at, now, "http.request",
             fmt::format(R"({{"method":"GET","status_code":{},"is_admin":{}}})", 200 + random() % 350, random() % 2 == 0)});
        break;
      case 1:
        sent.push_back(
            {site, at, now, "cron.run", fmt::format(R"({{"success":true,"duration_ms":{}}})", random() % 9'000)});
        break;
      case 2:
        sent.push_back({site, at, now, "file.uploaded",
                        fmt::format(R"({{"extension":"e{}","size_bytes":{}}})", random() % 150,
                                    static_cast<int>(random() % 1'000) - 100)});
        break;
      case 3: sent.push_back({site, at, now, "db.slow_query", R"({"time_ms":12.25})"}); break;
      default: sent.push_back({site, at, now, "auth.login", R"({"uid":"a","roles":["administrator"]})"});
    }
  }
  return sent;
}

void keep_with_position(Bench& bench, const Effects& effects, std::uint64_t seq) {
  auto transaction = std::move(bench.store->begin()).value();
  REQUIRE(store_effects(*transaction, effects, nullptr).ok());
  REQUIRE(put_metrics_position(*transaction, seq, kStart).ok());
  REQUIRE(transaction->commit().ok());
}

std::unique_ptr<Detector> metering_detector(Bench& bench) {
  DetectorOptions options;
  options.key = "key";
  options.read = reader_of(*bench.store);
  const std::uint64_t through = metrics_position(*bench.store).value().value_or(0);
  options.metering = metering_of(*bench.store, through, bench.store->metrics().count(0).value(), [] { return kStart; });
  return std::make_unique<Detector>(signal_program(), std::move(options));
}

std::vector<std::string> undisturbed_counts(const std::vector<Sent>& sent) {
  Bench bench;
  bench.put(sent);
  const auto stored = bench.stored();
  auto detector = metering_detector(bench);
  Effects effects;
  REQUIRE(detector->process(stored.inputs, effects).ok());
  detector->take_metrics(effects);
  keep_with_position(bench, effects, stored.inputs.back().seq);
  return counted(*bench.store);
}

}  // namespace

TEST_CASE("metrics_do_not_depend_on_how_events_are_cut_into_steps_nor_on_where_a_process_ends") {
  for (unsigned seed = 1; seed <= 6; ++seed) {
    const auto sent = busy_week(seed, 3'000);
    const auto wanted = undisturbed_counts(sent);
    REQUIRE(wanted.size() > 100);
    CHECK(std::any_of(wanted.begin(), wanted.end(),
                      [](const std::string& one) { return one.find("extension=\"other\"") != std::string::npos; }));
    Bench bench;
    bench.put(sent);
    const auto stored = bench.stored();
    std::mt19937 random(seed);
    auto detector = metering_detector(bench);
    std::size_t at = 0;
    Effects effects;
    while (at < stored.inputs.size()) {
      const std::size_t size = std::min<std::size_t>(1 + random() % 397, stored.inputs.size() - at);
      REQUIRE(detector->process(std::span(stored.inputs).subspan(at, size), effects).ok());
      at += size;
      switch (random() % 4) {
        case 0:  // stored
          detector->take_metrics(effects);
          keep_with_position(bench, effects, stored.inputs[at - 1].seq);
          effects = Effects();
          break;
        case 1:  // killed: what was not stored is gone, and fed again
          effects = Effects();
          detector = metering_detector(bench);
          REQUIRE(detector->warm(std::span(stored.inputs).first(at)).ok());
          break;
        case 2:  // taken, but the transaction fails: offered again
          detector->take_metrics(effects);
          {
            auto transaction = std::move(bench.store->begin()).value();
            REQUIRE(store_effects(*transaction, effects, nullptr).ok());
          }
          keep_with_position(bench, effects, stored.inputs[at - 1].seq);
          effects = Effects();
          break;
        default: break;
      }
    }
    detector->take_metrics(effects);
    keep_with_position(bench, effects, stored.inputs.back().seq);
    CHECK(counted(*bench.store) == wanted);
  }
}

TEST_CASE("metrics_are_what_a_naive_count_says") {
  const auto sent = busy_week(11, 600);
  std::map<std::string, std::uint64_t> minutes;
  std::uint64_t logins = 0;
  for (const Sent& one : sent) {
    if (one.type != "auth.login") continue;
    const std::int64_t time = std::min(one.created_at, one.received_at);
    ++minutes[fmt::format("{} {}", one.site, time - time % 60)];
    ++logins;
  }
  Bench bench;
  bench.put(sent);
  const auto stored = bench.stored();
  auto detector = metering_detector(bench);
  Effects effects;
  REQUIRE(detector->process(stored.inputs, effects).ok());
  detector->take_metrics(effects);
  CHECK_FALSE(detector->has_metrics());
  keep_with_position(bench, effects, stored.inputs.back().seq);
  std::map<std::string, std::uint64_t> found;
  std::uint64_t total = 0;
  for (const char* site : {"ent_a", "ent_b", "ent_c"}) {
    REQUIRE(bench.store->metrics()
                .points({site, "drupal_auth_login_total", store::MetricStep::minute, 0, INT64_MAX},
                        [&](const store::MetricPoint& one) {
                          found[fmt::format("{} {}", site, one.at)] = one.amount.count;
                          return true;
                        })
                .ok());
    REQUIRE(bench.store->metrics()
                .series(site, {}, 0, 1'000,
                        [&](const store::MetricSeries& one) {
                          if (one.metric == "drupal_auth_login_total") total += one.total.count;
                          if (one.metric == "drupal_admin_logins_total")
                            CHECK(one.total.sum == one.total.last * static_cast<std::int64_t>(one.total.count));
                          return true;
                        })
                .ok());
  }
  CHECK(found == minutes);
  CHECK(total == logins);
}

TEST_CASE("what_goes_beyond_the_limits_is_counted_as_other_and_said_why") {
  const metric::Plan& plan = *signal_program()->metrics();
  const metric::Definition* const uploads = plan.definitions().find("drupal_uploads_by_extension_total");
  REQUIRE(uploads);
  struct Case {
    SeriesLimits limits;
    std::size_t series;
    store::MetricLeftOut reason;
  };
  for (const Case& one : {Case{{}, uploads->series_most, store::MetricLeftOut::metric_full},
                          Case{{.site = 7, .gateway = 1'000}, 7, store::MetricLeftOut::site_full}}) {
    Bench bench;
    std::vector<Sent> sent;
    for (int i = 0; i < 130; ++i)
      sent.push_back(
          {"ent_a", kStart, kStart, "file.uploaded", fmt::format(R"({{"extension":"e{:03}","size_bytes":1}})", i)});
    bench.put(sent);
    const auto stored = bench.stored();
    DetectorOptions options;
    options.key = "key";
    options.read = reader_of(*bench.store);
    options.metering.emplace();
    options.metering->limits = one.limits;
    Detector detector(signal_program(), std::move(options));
    Effects effects;
    REQUIRE(detector.process(stored.inputs, effects).ok());
    detector.take_metrics(effects);
    std::size_t series = 0;
    std::uint64_t events = 0, others = 0;
    for (const store::MetricDelta& delta : effects.metrics) {
      if (delta.metric != uploads->name) continue;
      const bool other = delta.labels == "extension=\"other\"";
      (other ? others : events) += delta.minutes.front().second.count;
      series += !other;
    }
    CHECK(series == one.series);
    CHECK(events == one.series);
    CHECK(others == sent.size() - one.series);
    REQUIRE(effects.left_out.size() == 1);
    CHECK(effects.left_out[0].reason == one.reason);
    CHECK(effects.left_out[0].count == others);
  }
}

TEST_CASE("series_into_which_nothing_is_counted_for_long_give_their_room_back_while_the_process_runs") {
  const std::size_t most =
      signal_program()->metrics()->definitions().find("drupal_uploads_by_extension_total")->series_most;
  constexpr std::int64_t kDay = 24 * 3600, kLater = kStart + store::kSeriesIdle + kDay;
  const auto upload = [](std::int64_t at, const std::string& extension) {
    return Sent{"ent_a", at, at, "file.uploaded", fmt::format(R"({{"extension":"{}","size_bytes":1}})", extension)};
  };
  Bench bench;
  std::int64_t now = kStart;
  std::unique_ptr<Detector> detector;
  std::size_t looked = 0;
  const auto count = [&](const std::vector<Sent>& sent) {
    bench.put(sent);
    now = sent.back().received_at;
    const auto stored = bench.stored();
    if (!detector) {
      DetectorOptions options;
      options.key = "key";
      options.read = reader_of(*bench.store);
      options.metering = metering_of(*bench.store, 0, 0, [&] { return now; });
      detector = std::make_unique<Detector>(signal_program(), std::move(options));
    }
    Effects effects;
    REQUIRE(detector->process(std::span(stored.inputs).subspan(looked), effects).ok());
    looked = stored.inputs.size();
    Effects ticked;  // not taken yet: nothing is forgotten
    REQUIRE(detector->tick(now, ticked).ok());
    detector->take_metrics(effects);
    keep_with_position(bench, effects, stored.inputs.back().seq);
  };
  const auto has_own_series = [&](const std::string& extension) {
    const auto all = counted(*bench.store);
    return std::any_of(all.begin(), all.end(), [&](const std::string& one) {
      return one.find("extension=\"" + extension + "\"") != std::string::npos;
    });
  };
  std::vector<Sent> first;
  for (std::size_t i = 0; i < most; ++i) first.push_back(upload(kStart, fmt::format("e{}", i)));
  count(first);
  REQUIRE(has_own_series(fmt::format("e{}", most - 1)));
  count({upload(kStart + 2 * kDay, "early")});
  Effects ticked;
  REQUIRE(detector->tick(kStart + 4 * kDay, ticked).ok());
  count({upload(kStart + 4 * kDay, "early")});  // read again, they are still there
  CHECK_FALSE(has_own_series("early"));
  // The site goes on sending, so that it is never idle itself.
  count({upload(kLater, "late")});
  REQUIRE(detector->tick(kLater, ticked).ok());
  count({upload(kLater + 1, "later")});
  CHECK(has_own_series("later"));
  CHECK(has_own_series("e0"));  // what was counted stays
}

TEST_CASE("a_site_that_is_forgotten_and_comes_back_goes_on_with_the_series_it_has") {
  Bench bench;
  std::vector<Sent> sent;
  for (int i = 0; i < 160; ++i)
    sent.push_back(
        {"ent_a", kStart + i, kStart + i, "file.uploaded", fmt::format(R"({{"extension":"e{}","size_bytes":1}})", i)});
  const auto wanted = undisturbed_counts(sent);
  bench.put(sent);
  const auto stored = bench.stored();
  auto detector = metering_detector(bench);
  for (std::size_t at = 0; at < stored.inputs.size(); at += 40) {
    Effects effects;
    REQUIRE(detector->process(std::span(stored.inputs).subspan(at, 40), effects).ok());
    detector->take_metrics(effects);
    keep_with_position(bench, effects, stored.inputs[at + 39].seq);
    Effects ticked;
    REQUIRE(detector->tick(kNever, ticked).ok());
  }
  CHECK(counted(*bench.store) == wanted);
}

// GET /metrics, every line of it read by the grammar of Prometheus' text format (version 0.0.4).
#include <map>
#include <set>

#include "asking.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// What a text of the format says: NAME{LABELS} → value. Whatever does not follow the grammar fails the test.
struct Scrape {
  std::map<std::string, double> samples;
  std::map<std::string, std::string> types;

  explicit Scrape(const std::string& text) {
    REQUIRE_FALSE(text.empty());
    REQUIRE(text.back() == '\n');
    std::set<std::string> closed;
    std::string family;
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = text.find('\n', from);
      const std::string line = text.substr(from, end - from);
      from = end + 1;
      INFO(line);
      if (line.starts_with("# HELP ")) {
        const std::string name = line.substr(7, line.find(' ', 7) - 7);
        CHECK(closed.insert(name).second);  // every family once, its lines together
        family = name;
        continue;
      }
      if (line.starts_with("# TYPE ")) {
        const std::size_t space = line.find(' ', 7);
        REQUIRE(line.substr(7, space - 7) == family);
        const std::string type = line.substr(space + 1);
        CHECK((type == "counter" || type == "gauge" || type == "summary"));
        CHECK((type == "counter") == family.ends_with("_total"));
        types[family] = type;
        continue;
      }
      sample(line, family);
    }
  }

 private:
  static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
  static std::size_t name_end(const std::string& line, std::size_t at) {
    REQUIRE(at < line.size());
    REQUIRE(is_letter(line[at]));
    while (at < line.size() && (is_letter(line[at]) || (line[at] >= '0' && line[at] <= '9'))) ++at;
    return at;
  }
  void sample(const std::string& line, const std::string& family) {
    std::size_t at = name_end(line, 0);
    const std::string name = line.substr(0, at);
    const bool summary = types[family] == "summary";
    CHECK((summary ? name == family + "_sum" || name == family + "_count" : name == family));
    std::set<std::string> labels;
    if (line[at] == '{') {
      ++at;
      for (;;) {
        const std::size_t end = name_end(line, at);
        CHECK(labels.insert(line.substr(at, end - at)).second);
        REQUIRE(line.substr(end, 2) == "=\"");
        for (at = end + 2; line.at(at) != '"'; ++at) {
          if (line[at] == '\\') {
            ++at;
            CHECK((line.at(at) == '\\' || line[at] == '"' || line[at] == 'n'));
          }
        }
        ++at;
        if (line.at(at) == '}') break;
        REQUIRE(line[at] == ',');
        ++at;
      }
      ++at;
    }
    REQUIRE(line.at(at) == ' ');
    std::size_t read = 0;
    const std::string number = line.substr(at + 1);
    const double value = std::stod(number, &read);
    CHECK(read == number.size());
    CHECK(samples.emplace(line.substr(0, at), value).second);
  }
};

void add_metrics(store::Store& store) {
  for (const char* token : {"ent_a", "ent_b"}) {
    store::Entity entity;
    entity.token = token;
    entity.name = std::string("The \"shop\" \\ of\n") + token;
    entity.sealed_secret = "s";
    REQUIRE(store.entities().add(entity).ok());
  }
  std::vector<store::MetricDelta> all;
  const auto add = [&](const char* site, const char* metric, const char* labels, std::int64_t value) {
    store::MetricDelta& delta = all.emplace_back(store::MetricDelta{site, metric, labels, kNow, {}});
    delta.minutes.emplace_back(kNow - kNow % 60, store::MetricAmount()).second.add(value, kNow);
    delta.minutes.back().second.add(value, kNow);
  };
  add("ent_a", "drupal_cron_run_total", "", 1'000);
  add("ent_b", "drupal_cron_run_total", "", 1'000);
  add("ent_a", "drupal_cron_duration_seconds", "", 1'234);
  add("ent_a", "drupal_maintenance_mode", "", 1'000);
  add("ent_a", "drupal_http_responses_total", R"(class="2xx",method="G\"E\\T\n")", 1'000);
  add("ent_a", "of_a_definition_that_is_gone_total", "", 1'000);
  REQUIRE(store.metrics().add(all).ok());
  const store::MetricLeftOutCount left_out[] = {
      {"ent_b", "drupal_http_responses_total", store::MetricLeftOut::metric_full, 3}};
  REQUIRE(store.metrics().add(left_out).ok());
}

}  // namespace

TEST_CASE("metrics_are_written_as_prometheus_reads_them") {
  Asking api;
  add_metrics(*api.store);
  const Said said = api.get("/metrics", "viewer");
  REQUIRE(said.status == 200);
  CHECK(said.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
  const Scrape scrape(said.body);
  const auto value = [&](const std::string& sample) {
    INFO(sample);
    REQUIRE(scrape.samples.count(sample) == 1);
    return scrape.samples.at(sample);
  };
  CHECK(value(R"(drupal_cron_run_total{site="ent_a"})") == 2);
  CHECK(value(R"(drupal_cron_run_total{site="ent_b"})") == 2);
  CHECK(value(R"(drupal_cron_duration_seconds_sum{site="ent_a"})") == 2.468);
  CHECK(value(R"(drupal_cron_duration_seconds_count{site="ent_a"})") == 2);
  CHECK(value(R"(drupal_maintenance_mode{site="ent_a"})") == 1);
  CHECK(value(R"(drupal_http_responses_total{site="ent_a",class="2xx",method="G\"E\\T\n"})") == 2);
  CHECK(value(R"(logystera_site_info{site="ent_a",name="The \"shop\" \\ of\nent_a"})") == 1);
  CHECK(
      value(R"(logystera_metric_left_out_total{site="ent_b",metric="drupal_http_responses_total",reason="metric_full"})") ==
      3);
  CHECK(value("logystera_store_bytes") > 0);
  CHECK(value("logystera_detection_up") == 0);
  CHECK(value(R"(logystera_outbox_messages{state="dead"})") == 0);
  CHECK(value("logystera_metrics_truncated") == 0);
  CHECK(scrape.types.at("drupal_cron_duration_seconds") == "summary");
  CHECK(said.body.find("of_a_definition_that_is_gone") == std::string::npos);
}

TEST_CASE("metrics_of_other_sites_and_of_the_gateway_are_not_shown_to_whoever_sees_some_sites") {
  Asking api;
  add_metrics(*api.store);
  const Said said = api.get("/metrics", "viewer ent_a");
  REQUIRE(said.status == 200);
  const Scrape scrape(said.body);
  CHECK(scrape.samples.count(R"(drupal_cron_run_total{site="ent_a"})") == 1);
  CHECK(said.body.find("ent_b") == std::string::npos);
  for (const char* whole : {"logystera_store_", "logystera_detection_", "logystera_outbox_"})
    CHECK(said.body.find(whole) == std::string::npos);
}

TEST_CASE("metrics_take_no_parameters_and_are_not_for_everybody") {
  Asking api;
  CHECK(api.get("/metrics?x=1", "viewer").status == 400);
  CHECK(api.get("/metrics", "").status == 401);
}

TEST_CASE("what_was_counted_of_a_site_is_given_in_steps_of_its_series") {
  Asking api;
  add_metrics(*api.store);
  const std::string path = "/api/v1/sites/ent_a/series";
  const Said all = api.get(path);
  REQUIRE(all.status == 200);
  CHECK(all.at("/step") == "hour");
  CHECK(all.at("/from") == "2026-03-21T20:00:00Z");
  CHECK(all.at("/complete") == "true");
  CHECK(all.at("/series") == "[5]");
  CHECK(all.at("/left_out") == "[0]");
  const Said seconds = api.get(path + "?name=drupal_cron_duration_seconds&step=minute");
  CHECK(seconds.at("/series") == "[1]");
  CHECK(seconds.at("/series/0/type") == "distribution");
  CHECK(seconds.at("/series/0/points") == "[1]");
  CHECK(seconds.at("/series/0/points/0/at") == "2026-03-22T20:34:00Z");
  CHECK(seconds.at("/series/0/points/0/count") == "2");
  CHECK(seconds.body.find(R"("sum":2.468,"min":1.234,"max":1.234,"last":1.234)") != std::string::npos);
  const Said gone = api.get(path + "?name=of_a_definition_that_is_gone_total&step=day");
  CHECK(gone.at("/series/0/type") == "null");
  CHECK(gone.at("/series/0/points/0/at") == "2026-03-22T00:00:00Z");
  // The period's end is before the step that was counted in.
  CHECK(api.get(path + "?to=2026-03-22T20:00:00Z").at("/series") == "[0]");
}

TEST_CASE("series_are_chosen_by_their_labels_and_what_is_cut_off_is_said") {
  Asking api;
  add_metrics(*api.store);
  const std::string path = "/api/v1/sites/ent_a/series?name=drupal_http_responses_total";
  const Said chosen = api.get(path + "&labels=class%3D%222xx%22");
  REQUIRE(chosen.status == 200);
  CHECK(chosen.at("/series") == "[1]");
  CHECK(chosen.at("/series/0/labels/method") == "G\"E\\T\n");
  CHECK(api.get(path + "&labels=class%3D%224xx%22").at("/series") == "[0]");
  CHECK(api.get(path + "&labels=class%3D%222xx%22,method%3D%22GET%22").at("/series") == "[0]");
  const Said first = api.get("/api/v1/sites/ent_a/series?limit=1");
  CHECK(first.at("/series") == "[1]");
  CHECK(first.at("/complete") == "false");
  CHECK(api.get("/api/v1/sites/ent_a/series?limit=5").at("/complete") == "true");
  const Said left_out = api.get("/api/v1/sites/ent_b/series?name=drupal_http_responses_total");
  CHECK(left_out.at("/left_out/0/reason") == "metric_full");
  CHECK(left_out.at("/left_out/0/count") == "3");
  CHECK(api.get("/api/v1/sites/ent_b/series?name=drupal_cron_run_total").at("/left_out") == "[0]");
}

TEST_CASE("an_answer_has_whole_series_up_to_the_most_points_there_may_be") {
  Asking api;
  add_metrics(*api.store);
  // 21 series of 2,400 minutes each are 50,400 points.
  constexpr int kSeries = 21, kMinutes = 2'400;
  std::vector<store::MetricDelta> all;
  for (int i = 0; i < kSeries; ++i) {
    store::MetricDelta& delta = all.emplace_back(
        store::MetricDelta{"ent_a", "drupal_php_errors_total", fmt::format(R"(severity="{:02}")", i), kNow, {}});
    for (int minute = kMinutes; minute > 0; --minute)
      delta.minutes.emplace_back(kNow - kNow % 60 - minute * 60, store::MetricAmount()).second.add(1'000, kNow);
  }
  REQUIRE(api.store->metrics().add(all).ok());
  const std::string path = "/api/v1/sites/ent_a/series?name=drupal_php_errors_total&step=minute&from=2026-03-21";
  const Said said = api.get(path);
  REQUIRE(said.status == 200);
  CHECK(said.at("/complete") == "false");
  CHECK(said.at("/series") == "[20]");
  CHECK(said.at("/series/19/points") == "[2400]");
  CHECK(api.get(path + "&limit=20").at("/complete") == "false");
  CHECK(api.get(path + "&labels=severity%3D%2220%22").at("/series/0/points") == "[2400]");
}

TEST_CASE("series_that_cannot_be_asked_for_are_refused_with_the_reason") {
  Asking api;
  add_metrics(*api.store);
  const std::string path = "/api/v1/sites/ent_a/series";
  struct Bad {
    const char *query, *parameter, *words;
  };
  for (const Bad& bad : {Bad{"?step=week", "step", "minute"},
                         {"?limit=0", "limit", "1000"},
                         {"?limit=1001", "limit", "1000"},
                         {"?labels=class", "labels", "class="},
                         {"?from=2026-03-22&to=2026-03-21", "from", "before to"},
                         {"?step=minute&from=2026-03-19", "from", "minutes before are forgotten, ask for a longer step"},
                         {"?from=2025-12-01", "from", "90 days"},
                         {"?step=day&from=2023-01-01", "from", "730 days"},
                         {"?to=2027-01-01", "to", "future"},
                         {"?more=1", "more", ""}}) {
    INFO(bad.query);
    const Said said = api.get(path + bad.query);
    CHECK(said.status == 400);
    CHECK(said.at("/errors/0/parameter") == bad.parameter);
    CHECK(said.at("/errors/0/detail").find(bad.words) != std::string::npos);
  }
  CHECK(api.get(path + "?name=" + std::string(101, 'x')).status == 400);
  CHECK(api.get(path + "?name=drupal_cron_runs_total").at("/detail") == "there is no metric with this name");
  CHECK(api.get("/api/v1/sites/ent_none/series").status == 404);
  CHECK(api.get(path, "viewer ent_b").status == 404);
  CHECK(api.get(path, "").status == 401);
}

TEST_CASE("signals_of_a_site_are_counted_by_type") {
  Asking api;
  add_metrics(*api.store);
  store::MetricDelta old{"ent_a", "drupal_cron_run_total", "", kNow, {}};
  old.minutes.emplace_back(kNow - kNow % 3600 - 24 * 3600, store::MetricAmount()).second.add(5'000, kNow);
  REQUIRE(api.store->metrics().add({&old, 1}).ok());
  const std::string path = "/api/v1/sites/ent_a/signal_counts";
  const Said said = api.get(path);
  REQUIRE(said.status == 200);
  CHECK(said.at("") == "[1]");
  CHECK(said.at("/0/event_type") == "cron.run");
  CHECK(said.at("/0/last_24_hours") == "2");
  CHECK(said.at("/0/total") == "7");
  CHECK(api.get(path + "?x=1").status == 400);
  CHECK(api.get("/api/v1/sites/ent_none/signal_counts").status == 404);
  CHECK(api.get(path, "viewer ent_b").status == 404);
}

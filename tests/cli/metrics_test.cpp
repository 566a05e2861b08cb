// `logystera metrics`: the definitions there are, and what is wrong with those of a user.
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

struct House {
  Scratch scratch;
  const Running::Setting setting{{{"XDG_CONFIG_HOME", scratch.file("config")}}};

  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(scratch.file(name), std::ios::binary) << text;
    return scratch.file(name);
  }
  Finished go(const Arguments& arguments) const { return run(arguments, setting); }
};

constexpr const char* kOwn =
    "metric:\n"
    "  name: shop_slow_pages_total\n"
    "  help: 'Requests to the shop that failed.'\n"
    "  type: counter\n"
    "  when: {event_type: http.request, status_code: {min: 500}}\n"
    "  labels: [method]\n";

}  // namespace

TEST_CASE("metrics_that_are_built_in_and_those_of_a_user_are_listed") {
  const House house;
  const Finished built_in = house.go({"metrics", "list"});
  CHECK(built_in.code == 0);
  CHECK(has(built_in.out, "drupal_auth_login_failed_total"));
  CHECK(has(built_in.out, "drupal_cron_duration_seconds"));
  CHECK(!has(built_in.out, "shop_slow_pages_total"));
  CHECK(has(built_in.out, "content.created, 2 more"));
  const Finished gauges = house.go({"metrics", "list", "--type", "gauge"});
  CHECK(has(gauges.out, "drupal_maintenance_mode"));
  CHECK(!has(gauges.out, "drupal_cron_run_total"));
  const std::string own = house.write("own.yml", kOwn);
  const std::string config = house.write("config.yaml", "metrics_dir: '" + own + "'\n");
  const Finished named = house.go({"metrics", "list", "--config", config, "--json"});
  CHECK(named.code == 0);
  CHECK(has(named.out,
            R"({"name":"shop_slow_pages_total","type":"counter","help":"Requests to the shop that failed.","event_types":)"
            R"(["http.request"],"labels":["method"],"value":"","divide":1,"series":100,"file":")" +
                own + R"(","line":)"));
  CHECK(has(house.go({"metrics", "list", own}).out, "shop_slow_pages_total"));
  CHECK(house.go({"metrics", "list", "--type", "none"}).code == 2);
}

TEST_CASE("a_metric_that_is_wrong_is_refused_with_its_place") {
  const House house;
  const std::string own = house.write("own.yml", kOwn);
  const Finished good = house.go({"metrics", "validate", own});
  CHECK(good.code == 0);
  CHECK(good.out.empty());
  CHECK(has(good.err, "1 of 1 documents loaded, 0 refused"));
  const std::string bad =
      house.write("bad.yml", std::string(kOwn) + "---\nmetric:\n  name: shop_total\n  help: 'x'\n  type: counters\n");
  const Finished refused = house.go({"metrics", "validate", bad});
  CHECK(refused.code == 1);
  CHECK(has(refused.out, bad + ":"));
  CHECK(has(refused.err, "1 of 2 documents loaded, 1 refused"));
  CHECK(has(house.go({"metrics", "validate", bad, "--json"}).out, "{\"problem\":\"" + bad + ":"));
  CHECK(has(house.go({"metrics", "list", bad}).out, "1 documents refused ('metrics validate')"));
  // One that is there already.
  const Finished twice = house.go({"metrics", "validate", own, own});
  CHECK(twice.code == 1);
  CHECK(has(twice.out, "there is a metric shop_slow_pages_total already"));
  const Finished none = house.go({"metrics", "validate", house.write("empty.yml", "")});
  CHECK(none.code == 2);
  CHECK(has(none.err, "no metric found"));
  const Finished missing = house.go({"metrics", "validate", house.scratch.file("none.yml")});
  CHECK(missing.code == 2);
  CHECK(has(missing.err, "none.yml"));
}

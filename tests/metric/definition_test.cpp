// Definitions of metrics: what is read, and what is refused with its place and remedy.
#include "metric/definition.hpp"

#include <algorithm>
#include <set>

#include "catch.hpp"
#include "core/catalogue.hpp"

using namespace logystera;
using namespace logystera::metric;

namespace {

std::string problem_of(const std::string& text) {
  Definitions definitions;
  definitions.add("my.yml", text);
  CHECK(definitions.all().empty());
  REQUIRE(definitions.problems().size() == 1);
  return definitions.problems().front();
}

std::string with(const std::string& line) {
  return "metric:\n  name: a_total\n  help: Some.\n  type: counter\n  when: {event_type: http.request}\n" + line;
}

}  // namespace

TEST_CASE("each_type_of_the_catalogue_has_a_counter_and_more_are_built_in") {
  const Definitions definitions = Definitions::built_in();
  CHECK(definitions.problems().empty());
  std::set<std::string> names;
  for (const Definition& one : definitions.all()) CHECK(names.insert(one.name).second);
  for (const SignalSpec& signal : catalogue::all()) {
    const Definition* const counter = definitions.find(counter_of(signal.type));
    REQUIRE(counter);
    CHECK(counter->type == Type::counter);
    CHECK(counter->event_types == std::vector<std::string>{std::string(signal.type)});
    CHECK(counter->labels.empty());
  }
  CHECK(definitions.all().size() >= catalogue::all().size() + 25);
  CHECK(definitions.find("drupal_auth_login_failed_total"));
  CHECK_FALSE(definitions.find("drupal_nothing_total"));
}

TEST_CASE("a_definition_is_read_with_all_it_can_have") {
  Definitions definitions;
  definitions.add("my.yml", R"(metric:
  name: shop_cron_seconds
  help: How long cron took.
  type: distribution
  when: {event_type: [cron.run, db.slow_query], duration_ms: {min: 1, max: 5000}, success: {not: [false]}, admin: true}
  value: {label: duration_ms, divide: 1000}
  labels: [event_type, {name: a_caller, label: caller}]
  series: 7
)");
  REQUIRE(definitions.problems().empty());
  const Definition& one = definitions.all().front();
  CHECK(one.type == Type::distribution);
  CHECK(one.event_types.size() == 2);
  REQUIRE(one.conditions.size() == 3);
  CHECK(one.conditions[0].min == 1.0);
  CHECK(one.conditions[0].max == 5000.0);
  CHECK(one.conditions[1].negated);
  CHECK(one.conditions[2].texts == std::vector<std::string>{"true"});
  CHECK(one.value == "duration_ms");
  CHECK(one.divide == 1000);
  REQUIRE(one.labels.size() == 2);
  CHECK(one.labels[0].name == "a_caller");  // in the order of their names
  CHECK(one.series_most == 7);
  CHECK(one.at.line == 2);
}

TEST_CASE("what_is_wrong_with_a_definition_is_said_with_its_place_and_what_to_do") {
  struct Case {
    const char* line;
    const char* place;
    const char* words;
  };
  const Case cases[] = {
      {"  labels: [ip]\n", "my.yml:6:12: ", "tells of a person"},
      {"  labels: [actor_uid]\n", "my.yml:6:12: ", "tells of a person"},
      {"  labels: [path]\n", "my.yml:6:12: ", "each is a series"},
      {"  labels: [nothing]\n", "my.yml:6:12: ", "http.request has no label 'nothing': it has method, path"},
      {"  labels: [{name: le, label: method}]\n", "my.yml:6:12: ", "cannot be called le"},
      {"  labels: [{name: M, label: method}]\n", "my.yml:6:12: ", "small letters"},
      {"  labels: [{name: a, label: method, as: tens}]\n", "my.yml:6:41: ", "as is hundreds"},
      {"  labels: [method, method]\n", "my.yml:6:20: ", "two labels are called method"},
      {"  labels: [method, method, method, method]\n", "my.yml:6:11: ", "at most 3"},
      {"  value: method\n", "my.yml:6:10: ", "is no number"},
      {"  value: {label: status_code, divide: 7}\n", "my.yml:6:39: ", "1 or 1000"},
      {"  series: 0\n", "my.yml:6:11: ", "1 to 1000"},
      {"  series: 1001\n", "my.yml:6:11: ", "1 to 1000"},
      {"  colour: red\n", "my.yml:6:3: ", "there is no 'colour' here"},
  };
  for (const Case& one : cases) {
    INFO(one.line);
    const std::string problem = problem_of(with(one.line));
    CHECK(problem.starts_with(one.place));
    CHECK(problem.find(one.words) != std::string::npos);
  }
  const auto when = [](const std::string& text) {
    return problem_of("metric:\n  name: a_total\n  help: Some.\n  type: counter\n  when: " + text + "\n");
  };
  CHECK(when("{event_type: no.such}").find("there is no signal 'no.such'") != std::string::npos);
  CHECK(when("{event_type: [cron.run, cron.run]}").find("named twice") != std::string::npos);
  CHECK(when("{event_type: []}").find("a type, a list") != std::string::npos);
  CHECK(when("{success: true}").find("needs event_type") != std::string::npos);
  CHECK(when("{event_type: any, success: true}").find("name an event_type that has it") != std::string::npos);
  CHECK(when("{event_type: cron.run, success: {}}").find("always holds") != std::string::npos);
  CHECK(when("{event_type: cron.run, duration_ms: {min: 2, max: 1}}").find("greater than max") != std::string::npos);
  CHECK(when("{event_type: cron.run, duration_ms: {min: x}}").find("write a number") != std::string::npos);
  CHECK(when("{event_type: cron.run, success: {empty: 1}}").find("true or false") != std::string::npos);
  CHECK(when("{event_type: cron.run, success: {is: 1}}").find("there is no 'is' here") != std::string::npos);
  CHECK(when("{event_type: cron.run, success: []}").find("1 to 64 texts") != std::string::npos);
  CHECK(when("{event_type: cron.run, success: \"" + std::string(kTextBytes + 1, 'x') + "\"}").find("256 bytes") !=
        std::string::npos);

  const auto head = [](const std::string& name, const std::string& type, const std::string& more = {}) {
    return problem_of("metric: {name: " + name + ", help: Some., type: " + type + ", when: {event_type: cron.run}" + more +
                      "}");
  };
  CHECK(head("a", "counter").find("ends in _total") != std::string::npos);
  CHECK(head("a_total", "gauge").find("is a counter's") != std::string::npos);
  CHECK(head("a", "gauge").find("needs a value") != std::string::npos);
  CHECK(head("A_total", "counter").find("small letters") != std::string::npos);
  CHECK(head("logystera_a_total", "counter").find("the gateway's own") != std::string::npos);
  CHECK(head("a_total", "histogram").find("counter, gauge or distribution") != std::string::npos);
  CHECK(problem_of("name: a_total\n").find("nothing else") != std::string::npos);
  CHECK(problem_of("metric: {type: counter}\n").find("name is missing") != std::string::npos);
  CHECK(problem_of("metric: {name: a_total}\n").find("help says") != std::string::npos);
  CHECK(problem_of("metric: [\n").find("my.yml:") == 0);
}

TEST_CASE("names_are_given_once_and_there_is_a_most") {
  Definitions definitions = Definitions::built_in();
  const std::size_t before = definitions.all().size();
  definitions.add("my.yml",
                  "metric: {name: drupal_cron_run_total, help: Mine., type: counter, when: {event_type: cron.run}}");
  CHECK(definitions.all().size() == before);
  REQUIRE(definitions.problems().size() == 1);
  CHECK(definitions.problems()[0].find("built in, of the catalogue: choose another name") != std::string::npos);
  definitions.add("my.yml", "metric: {name: drupal_signals_total, help: Mine., type: counter, when: {event_type: any}}");
  REQUIRE(definitions.problems().size() == 2);
  CHECK(definitions.problems()[1].find("in metrics/signals.yml line ") != std::string::npos);
  for (std::size_t i = 0; i < kDefinitionsMost; ++i)
    definitions.add("my.yml", "metric: {name: mine" + std::to_string(i) +
                                  "_total, help: Mine., type: counter, when: {event_type: cron.run}}");
  CHECK(definitions.all().size() == kDefinitionsMost);
  CHECK(definitions.problems().back().find("there cannot be more: remove some") != std::string::npos);
}

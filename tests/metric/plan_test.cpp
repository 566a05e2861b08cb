// What a signal adds to which series.
#include "metric/plan.hpp"

#include <deque>
#include <limits>
#include <map>
#include <variant>

#include "catch.hpp"
#include "metric/labels.hpp"

using namespace logystera;
using namespace logystera::metric;

namespace {

/// A record of texts, numbers and truths.
struct Made {
  RecordBatch batch;
  explicit Made(FieldNames& names, const std::string& type,
                const std::map<std::string, std::variant<std::string, std::int64_t, double, bool>>& labels)
      : type_(type), labels_(labels) {
    Record& record = batch.records.emplace_back();
    values_.push_back(value_of(field::event_type, type_));
    for (const auto& [name, value] : labels_) {
      const FieldId id = names.add(name);
      if (const auto* text = std::get_if<std::string>(&value)) values_.push_back(value_of(id, *text));
      else if (const auto* whole = std::get_if<std::int64_t>(&value)) {
        Value& made = values_.emplace_back(value_of(id, texts_.emplace_back(std::to_string(*whole))));
        made.kind = Value::Kind::integer, made.as.integer = *whole;
      } else if (const auto* real = std::get_if<double>(&value)) {
        Value& made = values_.emplace_back(value_of(id, texts_.emplace_back(std::to_string(*real))));
        made.kind = Value::Kind::real, made.as.real = *real;
      } else {
        const bool truth = std::get<bool>(value);
        Value& made = values_.emplace_back(value_of(id, truth ? kTrue : kFalse));
        made.kind = Value::Kind::boolean, made.as.boolean = truth;
      }
    }
    record.fields = values_.data();
    record.field_count = static_cast<std::uint32_t>(values_.size());
  }
  const Record& record() const { return batch.records.front(); }

 private:
  static constexpr std::string_view kTrue = "true", kFalse = "false";
  static Value value_of(FieldId id, std::string_view text) {
    Value value;
    value.field = id;
    value.set_text(text);
    return value;
  }
  std::string type_;
  std::map<std::string, std::variant<std::string, std::int64_t, double, bool>> labels_;
  std::deque<std::string> texts_;
  std::vector<Value> values_;
};

Plan plan_of(const std::string& rest, FieldNames& names) {
  Definitions definitions;
  definitions.add("x.yml", "metric:\n  help: Some.\n" + rest);
  REQUIRE(definitions.problems().empty());
  return Plan(std::move(definitions), names);
}

}  // namespace

TEST_CASE("conditions_decide_which_signals_are_counted") {
  using Labels = std::map<std::string, std::variant<std::string, std::int64_t, double, bool>>;
  struct Case {
    const char* condition;
    Labels labels;
    bool holds;
  };
  const std::int64_t k404 = 404, k500 = 500;
  const Case cases[] = {
      {"status_code: 404", {{"status_code", k404}}, true},
      {"status_code: 404", {{"status_code", k500}}, false},
      {"status_code: 404", {}, false},
      {"status_code: [404, 500]", {{"status_code", k500}}, true},
      {"status_code: {not: 404}", {{"status_code", k404}}, false},
      {"status_code: {not: [404]}", {{"status_code", k500}}, true},
      {"status_code: {not: 404}", {}, true},
      {"status_code: {min: 404}", {{"status_code", k404}}, true},
      {"status_code: {max: 404}", {{"status_code", k500}}, false},
      {"status_code: {min: 404}", {}, false},
      {"status_code: {min: 1}", {{"status_code", std::string("404")}}, false},
      {"is_admin: true", {{"is_admin", true}}, true},
      {"is_admin: true", {{"is_admin", false}}, false},
      {"path: {starts_with: /user}", {{"path", std::string("/user/1")}}, true},
      {"path: {starts_with: /user}", {{"path", std::string("/")}}, false},
      {"actor_uid: {empty: true}", {{"actor_uid", std::string()}}, true},
      {"actor_uid: {empty: true}", {}, true},
      {"actor_uid: {empty: true}", {{"actor_uid", std::string("a")}}, false},
      {"actor_uid: {empty: false}", {{"actor_uid", std::string("a")}}, true},
      {"actor_uid: {empty: false}, status_code: 500", {{"actor_uid", std::string("a")}, {"status_code", k404}}, false},
  };
  for (const Case& one : cases) {
    INFO(one.condition);
    FieldNames names;
    const Plan plan = plan_of(
        std::string("  name: a_total\n  type: counter\n  when: {event_type: http.request, ") + one.condition + "}\n",
        names);
    const Made made(names, "http.request", one.labels);
    std::string labels;
    Measurement out;
    CHECK(plan.measure(0, made.record(), labels, out) == one.holds);
  }
}

TEST_CASE("types_lead_to_the_metrics_they_concern") {
  FieldNames names;
  const Plan plan(Definitions::built_in(), names);
  const auto named = [&](std::string_view type) {
    std::vector<std::string> out;
    for (const std::uint32_t metric : plan.of_type(type)) out.push_back(plan.definitions().all()[metric].name);
    return out;
  };
  CHECK(named("auth.logout") == std::vector<std::string>{"drupal_auth_logout_total", "drupal_signals_total"});
  CHECK(named("made.up") == std::vector<std::string>{"drupal_signals_total"});
}

TEST_CASE("values_are_thousandths_and_labels_a_text") {
  FieldNames names;
  const Plan plan = plan_of(
      "  name: a\n  type: distribution\n  when: {event_type: http.request}\n  value: {label: status_code, divide: 1000}\n"
      "  labels: [method, {name: class, label: status_code, as: hundreds}]\n",
      names);
  std::string labels;
  const auto measured = [&](std::variant<std::string, std::int64_t, double, bool> value) {
    const Made made(names, "http.request", {{"method", std::string("G\"E\\T\n")}, {"status_code", std::move(value)}});
    Measurement out;
    REQUIRE(plan.measure(0, made.record(), labels, out));
    return out;
  };
  CHECK(measured(std::int64_t{404}).value == 404);
  CHECK(labels == R"(class="4xx",method="G\"E\\T\n")");
  CHECK(measured(1234.6).value == 1235);
  CHECK(measured(std::int64_t{0}).value == 0);
  CHECK(labels == R"(class="0",method="G\"E\\T\n")");
  CHECK(measured(std::string("404")).bad_value);
  CHECK(measured(std::int64_t{-1}).bad_value);
  CHECK(measured(1e300).bad_value);
  CHECK(measured(std::numeric_limits<double>::quiet_NaN()).bad_value);
  CHECK(measured(true).value == 1);
  CHECK(plan.other(0) == R"(class="other",method="other")");
}

TEST_CASE("a_label_that_is_too_long_is_other") {
  FieldNames names;
  const Plan plan =
      plan_of("  name: a_total\n  type: counter\n  when: {event_type: http.request}\n  labels: [method]\n", names);
  std::string labels;
  for (const std::size_t size : {kLabelValueBytes, kLabelValueBytes + 1}) {
    const Made made(names, "http.request", {{"method", std::string(size, 'x')}});
    Measurement out;
    REQUIRE(plan.measure(0, made.record(), labels, out));
    CHECK(out.long_label == (size > kLabelValueBytes));
    CHECK((labels == plan.other(0)) == out.long_label);
  }
}

TEST_CASE("labels_are_written_and_read_back") {
  for (const std::string& value : {std::string(), std::string("a"), std::string("\"\\\n,=}"), std::string("é中"),
                                   std::string("\\n"), std::string("x\\\"")}) {
    std::string text;
    add_label(text, "a", value);
    add_label(text, "b", "2");
    CHECK(labels_of(text) == std::vector<std::pair<std::string, std::string>>{{"a", value}, {"b", "2"}});
  }
  std::string text;
  add_label(text, "a", std::string("\x01\x7f\xff\0y", 5));
  CHECK(text == "a=\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDy\"");
  CHECK(labels_of("").empty());
  for (const char* damaged : {"a", "a=\"", "a=\"x", "a=\"x\\", "a=\"x\"b=\"y\""}) CHECK(labels_of(damaged).empty());
}

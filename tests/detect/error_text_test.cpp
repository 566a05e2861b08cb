// What of an error tells it apart: requests by method, route and status, JSON within a message by what it says.
#include "detect/error_text.hpp"

#include "catch.hpp"
#include "detect/error_groups.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

/// An access log's record, with the batch that holds its fields.
struct Access {
  RecordBatch batch;
  Record record;

  Access(std::string_view method, std::string_view path, std::string_view status) {
    record.kind = RecordKind::web_access;
    record.severity = Severity::error;
    record.raw = "the whole line";
    batch.begin_fields();
    if (!method.empty()) batch.add_text(field::method, method);
    if (!path.empty()) batch.add_text(field::path, path);
    if (!status.empty()) batch.add_number(field::status, status);
    batch.end_fields(record);
  }
};

std::string shown(const Access& access) {
  const auto made = request_template(access.record);
  return made ? made->shown() : "none";
}

}  // namespace

TEST_CASE("a_failed_request_is_its_method_route_and_status") {
  CHECK(shown({"GET", "/order/812/pay", "500"}) == "GET /order/<n>/pay 500");
  CHECK(shown({"POST", "/file/a7f3/view", "502"}) == "POST /file/<id>/view 502");
  CHECK(shown({"GET", "/", "503"}) == "GET / 503");
  CHECK(shown({"GET", "/a b", "503"}) == "GET /a+b 503");
  CHECK(shown({"", "/", "503"}) == "none");
  CHECK(shown({"GET", "", "503"}) == "none");
  CHECK(shown({"GET", "/", ""}) == "none");
  const std::string path = "/" + std::string(100'000, 'x') + "/7/" + std::string(1000, 'y');
  CHECK(shown({"GET", path, "500"}).size() < 3 * kTemplateBytes);
}

TEST_CASE("requests_of_one_route_are_one_error_and_of_two_are_two") {
  ErrorGroups groups({});
  const Access first("GET", "/order/1/pay", "500"), second("GET", "/order/2/pay", "500"), other("GET", "/cart", "500"),
      answer("GET", "/order/1/pay", "502");
  const std::string one = groups.group_of(first.record).fingerprint;
  CHECK(groups.group_of(second.record).fingerprint == one);
  CHECK(groups.group_of(other.record).fingerprint != one);
  CHECK(groups.group_of(answer.record).fingerprint != one);
  CHECK(groups.group_of(first.record).pattern == "GET /order/<n>/pay 500");
}

TEST_CASE("a_message_that_is_an_object_is_what_it_says") {
  CHECK(spoken_text(R"({"level":"error","message":"no database","n":7})") == "no database");
  CHECK(spoken_text(R"({"msg" : "a \"quoted\" word"})") == R"(a \"quoted\" word)");
  CHECK(spoken_text(R"({"error":"e","message":"m"})") == "m");
  CHECK(spoken_text(R"({"a":{"message":"deep"},"err":"flat"})") == "flat");
  CHECK(spoken_text(R"({"a":["message","x"],"msg":"y"})") == "y");
}

TEST_CASE("a_message_that_is_no_object_or_says_nothing_stays_as_it_is") {
  for (const std::string_view text :
       {"", "{", "{}", "plain", "{\"message\":7}", "{\"message\":\"", "{\"message\":\"x", "{\"message",
        "[\"message\",\"x\"]", "{\"message\":{\"a\":\"b\"}}", "{\"message\":\"\"}"})
    CHECK(spoken_text(text) == text);
}

TEST_CASE("errors_within_a_containers_log_are_grouped_by_what_they_say") {
  ErrorGroups groups({});
  const auto of = [&](std::string_view message) {
    Record record;
    record.severity = Severity::error;
    record.message = message;
    return groups.group_of(record);
  };
  const ErrorGroups::Group one = of(R"({"ts":"2026-05-18T10:00:00Z","level":"error","msg":"cannot reach host after 3 s"})");
  CHECK(one.pattern == "cannot reach host after <n>");
  CHECK(of(R"({"level":"error","request":"ab","msg":"cannot reach host after 7 s"})").fingerprint == one.fingerprint);
}

#include "core/event.hpp"

#include <string>
#include <vector>

#include "catch.hpp"

using namespace logystera;

namespace {

const std::string kId = "3f2b8a0e-7c41-4d19-9a2e-5b6c7d8e9f01";

std::string line_with(const std::string& labels) {
  return R"({"event_type":"auth.login","created_at":1774211679,"timestamp":1774211679,"event_id":")" + kId +
         R"(","labels":)" + labels + "}";
}

LineFault fault_of(const std::string& line) {
  EventView view;
  return read_event_line(line, view);
}

std::string replaced(std::string line, const std::string& from, const std::string& to) {
  return line.replace(line.find(from), from.size(), to);
}

}  // namespace

TEST_CASE("a_valid_line_gives_its_five_fields") {
  const std::string labels = GENERATE(as<std::string>{}, "{}", R"({"uid":"","ip":"192.0.2.1"})",
                                      R"({"roles":["a","b"],"n":{"x":{}}})", R"({ "a" : 1 } )");
  const std::string line = line_with(labels);
  EventView view;
  REQUIRE(read_event_line(line, view) == LineFault::none);
  CHECK(view.type == "auth.login");
  CHECK(view.created_at == 1774211679);
  CHECK(view.event_id == kId);
  CHECK(view.labels == labels.substr(0, labels.rfind('}') + 1));
}

TEST_CASE("a_field_that_is_missing_doubled_foreign_or_of_another_type_is_refused") {
  const std::string line = line_with("{}");
  CHECK(fault_of(replaced(line, R"("labels":{})", R"("labels":{},"more":1)")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, R"(,"labels":{})", "")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, R"("labels":{})", R"("labels":{},"labels":{})")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, R"("labels":{})", R"("labels":[])")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, R"("labels":{})", R"("labels":null)")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "1774211679", "1774211680")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "1774211679", "1774211679.0")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "1774211679", "-1")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "-4d19-", "-1d19-")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "auth.login", "")) == LineFault::not_an_event);
  CHECK(fault_of(replaced(line, "auth.login", std::string(65, 'a'))) == LineFault::not_an_event);
  CHECK(fault_of("[]") == LineFault::not_an_event);
  CHECK(fault_of("1") == LineFault::not_an_event);
}

TEST_CASE("a_type_or_an_id_with_an_escape_is_refused_wherever_the_escape_stands") {
  const std::string line = line_with("{}");
  for (const char* type : {R"(\"a)", R"(\\a)", R"(\/a)", R"(a\"b)", R"(a\")", R"(\"a\")", R"(\u0061b)", R"(\")"}) {
    INFO(type);
    CHECK(fault_of(replaced(line, "auth.login", type)) == LineFault::not_an_event);
  }
  CHECK(fault_of(replaced(line, kId, R"(\u0033)" + kId.substr(1))) == LineFault::not_an_event);
}

TEST_CASE("a_line_that_is_no_json_text_is_refused_with_its_reason") {
  const std::string line = line_with("{}");
  CHECK(fault_of("") == LineFault::empty);
  CHECK(fault_of(line.substr(0, line.size() - 1)) == LineFault::not_json);
  CHECK(fault_of(line + line) == LineFault::not_json);
  CHECK(fault_of(replaced(line, "auth", std::string("a\0th", 4))) == LineFault::control_byte);
  CHECK(fault_of(replaced(line, "auth", "a\xff\xfeh")) == LineFault::not_utf8);
  CHECK(fault_of(line_with("{\"a\":\"" + std::string(kLineBytesMax, 'a') + "\"}")) == LineFault::too_long);
}

TEST_CASE("numbers_in_labels_may_be_of_any_length_and_exponent") {
  const std::string many(500, '8');
  const std::vector<std::string> numbers = {
      "22222222220022222.00350000000030035022202253500588888888888888888488888888888888888888000000005e-373",
      "0." + many + "e-373",
      many.substr(0, 200) + "e-3731382128",
      "1e-400",
      "-" + many.substr(0, 200) + "e-999999999999",
      "1." + many,
      "1e308",
      "-0.0"};
  for (const std::string& number : numbers) {
    CHECK(fault_of(line_with("{\"a\":" + number + ",\"b\":[" + number + "]}")) == LineFault::none);
  }
  const std::string line = line_with("{}");
  for (const char* number : {"17742116791774211679", "1e3", "-1", "1774211679.5", "9223372036854775808"}) {
    std::string twice = line;
    for (int i = 0; i < 2; ++i) twice = replaced(twice, ":1774211679", std::string(":") + number);
    CHECK(fault_of(twice) == LineFault::not_an_event);
  }
  std::string largest = line;
  for (int i = 0; i < 2; ++i) largest = replaced(largest, ":1774211679", ":9223372036854775807");
  CHECK(fault_of(largest) == LineFault::none);
}

TEST_CASE("depth_is_bounded") {
  const auto nested = [](int depth) {
    return line_with("{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
                     std::string(static_cast<std::size_t>(depth), ']') + "}");
  };
  CHECK(fault_of(nested(30)) == LineFault::none);
  CHECK(fault_of(nested(31)) == LineFault::not_an_event);
  CHECK(fault_of(nested(30'000)) == LineFault::not_an_event);
}

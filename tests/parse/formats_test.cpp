#include "parse/format.hpp"

#include <string>

#include "catch.hpp"
#include "parse/built_in_formats.hpp"

using namespace logystera;
using namespace logystera::parse;

TEST_CASE("every_built_in_format_reads_its_own_samples", "[formats]") {
  Formats formats;
  for (const BuiltInFormat& file : built_in_formats()) {
    Result<Done> added = formats.add(file.json, std::string(file.file));
    INFO((added.ok() ? std::string() : added.error().message));
    CHECK(added.ok());
  }
  CHECK(formats.all().size() >= 20);
  CHECK(Formats::built_in().ok());
}

namespace {
std::string refusal(std::string_view json) {
  Formats formats;
  Result<Done> added = formats.add(json, "mine.json");
  return added.ok() ? std::string() : added.error().message;
}
}  // namespace

TEST_CASE("a_wrong_format_definition_is_refused_with_place_and_reason", "[formats]") {
  CHECK(refusal("{\n  \"name\": }").substr(0, 15) == "mine.json:2:11:");
  CHECK(refusal("[]") == "mine.json: the file must hold one object");
  CHECK(refusal(R"({"name": "A b"})").find("\"name\": may hold a-z") != std::string::npos);
  CHECK(refusal(R"({"name": "a", "reader": "access", "colour": 1})").find("\"colour\": is not known") != std::string::npos);
  CHECK(refusal(R"({"name": "a", "reader": "access", "apache": "%h %t"})").find("\"samples\" is missing") !=
        std::string::npos);
  CHECK(refusal(R"({"name": "a", "reader": "magic", "samples": [{"line": "x"}]})").find("there is no reader 'magic'") !=
        std::string::npos);
  CHECK(refusal(R"({"name": "a", "reader": "access", "nginx": "$remote_addr$status", "samples": [{"line": "x"}]})")
            .find("nothing between them") != std::string::npos);
}

TEST_CASE("a_format_that_does_not_do_what_its_samples_say_is_refused", "[formats]") {
  const std::string head =
      R"({"name": "a", "reader": "access", "kind": "web_access", "nginx": "$remote_addr $status", "samples": [)";
  CHECK(refusal(head + R"({"line": "192.0.2.1 200", "fields": {"status": "200"}}]})").empty());
  CHECK(refusal(head + R"({"line": "192.0.2.1 200", "fields": {"status": "404"}}]})") ==
        "mine.json: a, sample 1: field 'status' should be '404' but is '200'");
  CHECK(refusal(head + R"({"line": "192.0.2.1 abc"}]})") ==
        "mine.json: a, sample 1: the line is not read by its own format");
  CHECK(refusal(head + R"({"line": "192.0.2.1 200", "severity": "ERROR"}]})").find("severity should be 'ERROR'") !=
        std::string::npos);
  CHECK(refusal(head + R"({"line": "192.0.2.1 200"}], "rejects": ["192.0.2.1 404"]})").find("reject 1") !=
        std::string::npos);
}

TEST_CASE("a_users_log_format_string_compiles", "[formats]") {
  Formats formats;
  auto nginx = formats.add_access(
      "mine", "nginx",
      "$remote_addr [$time_iso8601] $host \"$request_method $request_uri\" ${status} $request_time \"$http_x_trace\"");
  REQUIRE(nginx.ok());
  FieldNames names;
  auto parser = make_parser(*nginx.value(), {names, {}});
  REQUIRE(parser.ok());
  RecordBatch batch;
  Record record;
  batch.begin_fields();
  const std::string line = R"(192.0.2.1 [2026-05-18T10:00:01+02:00] example.com "GET /a?b" 503 0.250 "t1")";
  REQUIRE(parser.value()->read(line, batch, record) == LineRead::record);
  batch.end_fields(record);
  CHECK(record.time_ns == 1'779'091'201'000'000'000);
  CHECK(record.severity == Severity::error);
  CHECK(record.text(field::path) == "/a");
  CHECK(record.text(field::query) == "b");
  CHECK(record.text(field::vhost) == "example.com");
  CHECK(record.find(field::request_time)->as_real() == 0.25);
  CHECK(record.text(names.find("http_x_trace")) == "t1");

  auto apache = formats.add_access("mine2", "apache", R"(%a %{%Y-%m-%dT%H:%M:%S%z}t %{X-Id}i \"%r\" %>s %D)");
  REQUIRE(apache.ok());
  parser = make_parser(*apache.value(), {names, {}});
  const std::string second = R"(192.0.2.1 2026-05-18T10:00:01+0200 id-7 "GET / HTTP/1.1" 200 1500)";
  batch.begin_fields();
  REQUIRE(parser.value()->read(second, batch, record) == LineRead::record);
  batch.end_fields(record);
  CHECK(record.time_ns == 1'779'091'201'000'000'000);
  CHECK(record.text(names.find("x_id")) == "id-7");
  CHECK(record.find(field::request_time)->as_real() == Approx(0.0015));
}

TEST_CASE("a_broken_log_format_string_says_where", "[formats]") {
  Formats formats;
  CHECK(formats.add_access("m", "nginx", "$remote_addr ${status").error().message.find("is not closed by '}'") !=
        std::string::npos);
  CHECK(formats.add_access("m", "nginx", "a $ b").error().message.find("names no variable") != std::string::npos);
  CHECK(formats.add_access("m", "apache", "%{Referer").error().message.find("is not closed by '}'") != std::string::npos);
  CHECK(formats.add_access("m", "apache", "just text").error().message.find("names no field") != std::string::npos);
}

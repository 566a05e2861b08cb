#include "parse/line_pattern.hpp"

#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "core/record.hpp"
#include "parse/detection.hpp"
#include "parse/format.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

constexpr std::int64_t kNow = 1'780'000'000'000'000'000;

std::string refusal(std::string_view json) {
  Formats formats;
  Result<Done> added = formats.add(json, "mine.json");
  return added.ok() ? std::string() : added.error().message;
}

std::string of_pattern(const std::string& pattern) {
  return refusal(R"({"name": "app", "sample": "x", "pattern": ")" + pattern + "\"}");
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

constexpr std::string_view kShop = R"json({"name": "shop", "title": "The shop",
  "pattern": "^(?P<time>\\S+) (?P<severity>\\w+) \\[(?P<order>\\d+)\\](?: by (?P<shop_user>\\S+))? (?P<message>.*)$",
  "aliases": {"shop_user": "user.name"},
  "samples": ["2026-05-18T10:00:01Z warning [17] late",
              {"line": "2026-05-18T10:00:01Z error [17] by ann down", "time": "2026-05-18T10:00:01Z", "severity": "ERROR",
               "kind": "application", "message": "down", "fields": {"order": "17", "shop_user": "ann", "user.name": "ann"}}],
  "rejects": ["yesterday error [17] down", "2026-05-18T10:00:01Z error [none] down", ""]})json";

struct Reading {
  explicit Reading(std::string_view json) {
    const auto added = formats.add(json, "mine.json");
    INFO((added.ok() ? std::string() : added.error().message));
    REQUIRE(added.ok());
    format = formats.all().front().get();
    auto made = make_parser(*format, {names, TimeContext(kNow)});
    REQUIRE(made.ok());
    parser = std::move(made).value();
  }
  LineRead read(std::string_view line) {
    batch.clear();
    batch.begin_fields();
    record = Record();
    record.raw = line;
    const LineRead read = parser->read(line, batch, record);
    if (read == LineRead::record) batch.end_fields(record);
    return read;
  }
  std::string field(std::string_view name) const {
    const Value* const value = record.find(names.find(name));
    return value ? std::string(value->text()) : "-";
  }

  Formats formats;
  const Format* format = nullptr;
  FieldNames names;
  std::unique_ptr<LineParser> parser;
  RecordBatch batch;
  Record record;
};

}  // namespace

TEST_CASE("a_pattern_with_named_groups_is_a_format", "[formats]") {
  Reading shop(kShop);
  CHECK(shop.format->reader == "pattern");
  CHECK(shop.format->kind == RecordKind::application);
  REQUIRE(shop.read("2026-05-18T10:00:01Z error [17] by ann it is down") == LineRead::record);
  CHECK(shop.record.time_known);
  CHECK(shop.record.severity == Severity::error);
  CHECK(shop.record.message == "it is down");
  CHECK(shop.field("order") == "17");
  CHECK(shop.record.find(shop.names.find("order"))->kind == Value::Kind::integer);
  CHECK(shop.field("user.name") == "ann");
  CHECK(shop.field("time") == "-");
  CHECK(shop.field("message") == "-");
  REQUIRE(shop.read("2026-05-18T10:00:01Z 3 [17] odd") == LineRead::record);
  CHECK(shop.record.severity == Severity::error);  // syslog's number
  CHECK(shop.field("shop_user") == "-");
  CHECK(shop.read("2026-05-18T10:00:01Z error [17] down\n") == LineRead::unknown);
}

TEST_CASE("a_pattern_matches_the_whole_line_and_its_time_is_one", "[formats]") {
  Reading app(
      R"json({"name": "app", "pattern": "(?P<time>\\S+) (?P<message>a+)", "sample": "2026-05-18T10:00:01Z a"})json");
  CHECK(app.read("2026-05-18T10:00:01Z aaa") == LineRead::record);
  CHECK(app.read("2026-05-18T10:00:01Z aaab") == LineRead::unknown);
  CHECK(app.read("x 2026-05-18T10:00:01Z aaa") == LineRead::unknown);
  CHECK(app.read("2026-05-18T10:00:01Zx aaa") == LineRead::unknown);
  CHECK(app.read("") == LineRead::unknown);
  CHECK(app.read("2026-05-18T10:00:01Z " + std::string(kLinePatternLine - 21, 'a')) == LineRead::record);
  CHECK(app.read("2026-05-18T10:00:01Z " + std::string(kLinePatternLine - 20, 'a')) == LineRead::unknown);
}

TEST_CASE("a_byte_that_is_no_utf8_keeps_no_line_from_being_read", "[formats]") {
  Reading app(R"json({"name": "app", "pattern": "(?P<user_agent>[^|]+)\\|(?P<message>.*)", "sample": "a|b"})json");
  REQUIRE(app.read("a\xff\xc3z|\xe2\x82 sent") == LineRead::record);
  CHECK(app.field("user_agent") == "a\xff\xc3z");
  CHECK(app.record.message == "\xe2\x82 sent");
  REQUIRE(app.read("Zoë|größer") == LineRead::record);
  CHECK(app.record.message == "größer");
}

TEST_CASE("known_names_of_groups_are_taken_apart_as_in_other_formats", "[formats]") {
  Reading web(R"json({"name": "web", "sample": "192.0.2.1 GET /a?b=1 HTTP/1.1 503",
                      "pattern": "(?P<client_ip>\\S+) (?P<request>\\S+ \\S+ \\S+) (?P<status>\\d+)"})json");
  REQUIRE(web.read("2001:db8::1 GET /shop?item=1 HTTP/1.1 503") == LineRead::record);
  CHECK(web.record.find(field::client_ip)->kind == Value::Kind::ip);
  CHECK(web.field("path") == "/shop");
  CHECK(web.field("method") == "GET");
  CHECK(web.record.find(field::status)->as_integer() == 503);
  CHECK(web.record.kind == RecordKind::web_access);
  CHECK(web.record.severity == Severity::error);
}

TEST_CASE("the_groups_of_time_and_level_can_have_other_names", "[formats]") {
  Reading app(R"json({"name": "app", "time": ["when"], "severity": ["level"], "kind": "text", "specificity": 0.99,
                      "pattern": "(?P<when>\\S+) (?P<level>\\w+) (?P<time>\\w+)", "sample": "2026-05-18T10:00:01Z E soon"})json");
  REQUIRE(app.read("2026-05-18T10:00:01Z W soon") == LineRead::record);
  CHECK(app.record.time_known);
  CHECK(app.record.severity == Severity::warning);
  CHECK(app.record.kind == RecordKind::text);
  CHECK(app.field("time") == "soon");
  CHECK(app.field("when") == "-");
}

TEST_CASE("a_wrong_pattern_is_refused_with_the_remedy", "[formats]") {
  CHECK(has(of_pattern("(?P<a>x"), "mine.json: \"pattern\": RE2 cannot run it: missing )"));
  CHECK(has(of_pattern("(?P<a>x)(?=y)"), "look-around and back-references are not supported"));
  // Some versions of RE2 refuse it themselves.
  CHECK(has(of_pattern("(?P<a>x)(?P<a>y)"), "mine.json: \"pattern\": "));
  CHECK(has(of_pattern("(x)"), "no group has a name, so nothing would be read: write (?P<time>"));
  CHECK(has(of_pattern("(?P<a>.*)"), "it matches the empty text"));
  CHECK(has(of_pattern("(?P<a>x)" + std::string(kLinePatternBytes, 'x')), "\"pattern\": at most 4096 bytes"));
  std::string many = "(?P<a>x)";
  for (std::size_t i = 0; i < kLinePatternGroups; ++i) many += "(x)";
  CHECK(has(of_pattern(many), "at most 32 groups; write (?:"));
  CHECK(has(of_pattern("(?P<a>((x{100}){100}){100})"), "RE2 cannot run it: "));
  CHECK(has(refusal(R"({"name": "app", "reader": "pattern", "sample": "x"})"), "\"pattern\" is missing: an expression"));
  CHECK(has(refusal(R"json({"name": "app", "reader": "json", "pattern": "(?P<a>x)", "sample": "x"})json"),
            "\"pattern\" and the reader json exclude each other: leave one out"));
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)", "time": ["when"], "sample": "x"})json"),
            "\"time\": the pattern has no group named 'when'"));
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)", "aliases": {"b": "user.name"}, "sample": "x"})json"),
            "\"aliases\": the pattern has no group named 'b'"));
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)"})json"), "\"samples\" is missing"));
}

TEST_CASE("a_sample_that_its_pattern_does_not_read_is_refused_with_the_reason", "[formats]") {
  CHECK(of_pattern("(?P<a>y)") ==
        "mine.json: app, sample 1: the line is not read by its own format: the pattern does not match the whole line");
  CHECK(of_pattern("(?P<time>x)") ==
        "mine.json: app, sample 1: the line is not read by its own format: the group 'time' has 'x', which is no time that "
        "can "
        "be read: ISO 8601 is one, so is an access log's or syslog's");
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)", "sample": {"line": "x", "fields": {"a": "y"}}})json"),
            "field 'a' should be 'y' but is 'x'"));
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)", "sample": 1})json"),
            "\"sample\": must be a list of at most 200 samples, each a line or an object with one"));
  std::string samples = "\"x\"";
  for (int i = 0; i < 200; ++i) samples += ", \"x\"";
  CHECK(has(refusal(R"json({"name": "app", "pattern": "(?P<a>x)", "samples": [)json" + samples + "]}"),
            "at most 200 samples"));
}

TEST_CASE("a_pattern_is_recognised_among_the_built_in_formats_and_takes_nothing_of_theirs", "[formats]") {
  auto formats = Formats::built_in();
  REQUIRE(formats.ok());
  REQUIRE(formats->add(kShop, "shop.json").ok());
  // As wide as one can be that has a time.
  REQUIRE(
      formats
          ->add(
              R"json({"name": "wide", "pattern": "(?P<time>\\S+) (?P<message>.*)", "sample": "2026-05-18T10:00:01Z a"})json",
              "wide.json")
          .ok());
  const TimeContext time(kNow);
  const auto detected = [&](std::string_view lines) {
    return std::string(detect_format(lines, formats.value(), time).name);
  };
  CHECK(detected("2026-05-18T10:00:01Z warning [17] late\n2026-05-18T10:00:02Z error [18] by ann down\n") == "shop");
  CHECK(detected("2026-05-18T10:00:01Z something else\n") == "wide");
  for (const auto& format : formats->all()) {
    if (format->name == "shop" || format->name == "wide" || format->reader == "plaintext") continue;
    std::string lines;
    for (const FormatSample& sample : format->samples) lines += sample.line + "\n";
    INFO(format->name);
    CHECK(detected(lines) != "shop");
    CHECK(detected(lines) != "wide");
  }
}

TEST_CASE("one_pattern_is_read_by_many_threads", "[formats]") {
  Formats formats;
  REQUIRE(formats.add(kShop, "shop.json").ok());
  std::vector<std::thread> threads;
  std::vector<int> read(4, 0);
  for (int& count : read)
    threads.emplace_back([&formats, &count] {
      FieldNames names;
      auto parser = make_parser(*formats.all().front(), {names, TimeContext(kNow)});
      if (!parser) return;
      RecordBatch batch;
      for (int i = 0; i < 2'000; ++i) {
        batch.clear();
        batch.begin_fields();
        Record record;
        const std::string line = "2026-05-18T10:00:01Z error [" + std::to_string(i) + "] down";
        count += parser.value()->read(line, batch, record) == LineRead::record;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(read == std::vector<int>(4, 2'000));
}

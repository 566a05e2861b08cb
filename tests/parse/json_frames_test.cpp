// JSON that is no line: objects over many lines, arrays, wrappers.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "one_line.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

struct Document {
  std::vector<std::string> messages;
  std::vector<std::uint64_t> lines;
  std::vector<bool> truncated;
  std::size_t parsed = 0;
  SourceCounts counts;
  std::string format;

  explicit Document(const std::string& text, std::size_t block = 0, std::size_t line_bytes = 0) {
    FieldNames names;
    SourceOptions options;
    options.reference_ns = 1'798'675'200'000'000'000;
    if (block > 0) options.block_bytes = block;
    if (line_bytes > 0) options.line_bytes = line_bytes;
    auto source = Source::open(std::move(open_memory(text, "memory").value()), built_in_formats_once(), names, options);
    REQUIRE(source.ok());
    format = source->detection().name;
    RecordBatch batch;
    while (source->next_batch(batch)) {
      for (const Record& record : batch.records) {
        messages.emplace_back(record.message);
        lines.push_back(record.line);
        truncated.push_back(record.truncated);
        parsed += record.parsed;
      }
    }
    counts = source->counts();
    CHECK(counts.bytes == text.size());
  }
};

const std::string kOne = R"({
  "time": "2026-05-18T10:00:01Z",
  "level": "error",
  "msg": "one }{ \" [",
  "list": [
    {"a": 1},
    [2, 3]
  ]
})";
const std::string kTwo = "{\n  \"time\": \"2026-05-18T10:00:02Z\",\n  \"msg\": \"two\"\n}";

}  // namespace

TEST_CASE("objects_over_many_lines_are_a_record_each", "[json]") {
  struct Case {
    std::string text;
    std::vector<std::uint64_t> lines;
  };
  const std::string one_line = R"({"time":"2026-05-18T10:00:02Z","msg":"two"})";
  for (const Case& one :
       {Case{kOne + "\n" + kTwo + "\n", {1, 10}}, Case{kOne + "\n\n\n" + kTwo, {1, 12}}, Case{kOne + kTwo, {1, 9}},
        Case{"[" + kOne + "," + kTwo + "]", {1, 9}}, Case{"[\n" + kOne + ",\n" + kTwo + "\n]\n", {2, 11}},
        Case{"[\r\n" + kOne + "\r\n,\r\n" + kTwo + "\r\n]", {2, 12}},
        Case{"{\"Records\":[" + kOne + "," + kTwo + "]}\n", {1, 9}},
        Case{"{\n \"records\": [\n" + kOne + ",\n" + kTwo + "\n ],\n \"next\": {\"a\": [1]}\n}\n", {3, 12}},
        Case{"{\n\"logEvents\": [\n" + kOne + ",\n" + one_line + "]}", {3, 12}},
        Case{kOne + "\n" + one_line + "\n", {1, 10}}}) {
    for (std::size_t block : {1u, 7u, 64u, 4'096u}) {
      INFO(block << "\n" << one.text);
      const Document read(one.text, block);
      CHECK(read.messages == std::vector<std::string>{"one }{ \" [", "two"});
      CHECK(read.lines == one.lines);
      CHECK(read.parsed == 2);
      CHECK(read.format == "json");
      CHECK(read.counts.lines == static_cast<std::uint64_t>(std::count(one.text.begin(), one.text.end(), '\n')) +
                                     (one.text.back() == '\n' ? 0 : 1));
    }
  }
}

TEST_CASE("arrays_and_objects_on_one_line_are_a_record_each", "[json]") {
  for (const std::string& text :
       {std::string(R"([{"msg":"a"},{"msg":"b"},{"msg":"c"}])"), std::string(R"({"msg":"a"}{"msg":"b"} {"msg":"c"})"),
        std::string("{\"Records\":[{\"msg\":\"a\"},{\"msg\":\"b\"}]}\n{\"Records\":[{\"msg\":\"c\"}]}\n"),
        std::string("[{\"msg\":\"a\"}]\n[{\"msg\":\"b\"}]\n{\"msg\":\"c\"}\n"),
        std::string("[\n{\"msg\":\"a\"},\n{\"msg\":\"b\"}\n,{\"msg\":\"c\"}\n]\n")}) {
    INFO(text);
    CHECK(Document(text).messages == std::vector<std::string>{"a", "b", "c"});
    CHECK(Document(text, 3).messages == std::vector<std::string>{"a", "b", "c"});
  }
  // A log of lines stays one, also where an event has a list of events.
  const Document lines("{\"msg\":\"a\",\"n\":[{\"x\":1}]}\n{\"events\":[{\"msg\":\"x\"}],\"msg\":\"b\"}\n");
  CHECK(lines.messages == std::vector<std::string>{"a", "b"});
}

TEST_CASE("a_torn_line_of_json_costs_only_itself", "[json]") {
  for (const std::string& torn :
       {std::string(R"({"msg":"x)"), std::string(R"({"msg":)"), std::string(R"({"msg":"x",)"), std::string("{"),
        std::string(R"({"a":[)"), std::string(R"({"a":{)"), std::string(R"({"a":[1,)")}) {
    const std::string text = "{\"msg\":\"a\"}\n" + torn + "\n{\"msg\":\"b\"}\n{\"msg\":\"c\"}\n";
    for (std::size_t block : {5u, 4'096u}) {
      INFO(block << "\n" << text);
      const Document read(text, block);
      CHECK(read.messages.back() == "c");
      CHECK(read.messages.size() == 4);
      CHECK(read.parsed == 3);
    }
  }
}

// Each looks like the first line of an object that ends somewhere further on, and each would be looked through to the end.
TEST_CASE("lines_that_open_what_never_ends_cost_no_more_than_others", "[json]") {
  constexpr std::size_t kOpen = 400'000;
  std::string text;
  for (int i = 0; i < 50; ++i) text += "{\"msg\":\"a\"}\n";
  for (std::size_t i = 0; i < kOpen; ++i) text += "{\"a\":[\n";
  const Document read(text);
  CHECK(read.messages.size() == kOpen + 50);
  CHECK(read.parsed == 50);
  CHECK(read.counts.lines == kOpen + 50);
  // Within an array as well, and what comes after them is read.
  std::string array = "[\n{\"msg\":\"a\"},\n";
  for (std::size_t i = 0; i < kOpen / 4; ++i) array += "{\"a\":[\n";
  CHECK(Document(array).messages.size() == kOpen / 4 + 1);
  CHECK(Document(text + std::string(2 << 20, '\n') + "{\"msg\":\"b\"}\n").messages.back() == "b");
}

TEST_CASE("a_json_value_beyond_the_limit_keeps_its_head_and_the_next_is_read", "[json]") {
  const std::string huge =
      "{\"msg\":\"" + std::string(200'000, 'x') + "\",\n\"more\":[" + std::string(50'000, ' ') + "{}]}";
  for (const std::string& text :
       {"[{\"msg\":\"a\"},\n" + huge + ",\n{\"msg\":\"b\"}]", "[{\"msg\":\"a\"}," + huge + ",{\"msg\":\"b\"}]"}) {
    const Document read(text, 4'096, 10'000);
    REQUIRE(read.messages.size() == 3);
    CHECK(read.messages[0] == "a");
    CHECK(read.truncated[1]);
    CHECK(read.messages[1].size() == 10'000);
    CHECK(read.messages[2] == "b");
    CHECK(read.counts.truncated == 1);
    CHECK(read.counts.truncated_bytes > 200'000);
  }
}

TEST_CASE("random_damage_to_json_documents_loses_no_byte", "[json]") {
  std::mt19937 random(7);
  const std::string sound = "[\n" + kOne + ",\n" + kTwo + "\n]\n{\"Records\":[" + kTwo + "," + kOne + "], \"n\": {}}\n" +
                            kOne + kTwo + "\n{\"msg\":\"x\"}\n";
  for (int round = 0; round < 3'000; ++round) {
    std::string text = sound;
    for (unsigned edits = 1 + random() % 6; edits > 0; --edits) {
      const std::size_t at = random() % text.size();
      switch (random() % 3) {
        case 0: text.erase(at, 1 + random() % 40); break;
        case 1: text.insert(at, 1, "{}[],:\"\\\n 1a"[random() % 12]); break;
        default: text[at] = "{}[],:\"\\\n 1a"[random() % 12];
      }
      if (text.empty()) text = "{";
    }
    INFO(text);
    // Document checks that every byte is accounted for; what is read does not depend on the block.
    const Document whole(text);
    const Document pieces(text, 1 + random() % 50, 64 + random() % 400);
    CHECK(whole.counts.lines ==
          static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n')) + (text.back() == '\n' ? 0 : 1));
    CHECK(!whole.messages.empty() == (text.find_first_not_of(" \n[],") != std::string::npos));
  }
}

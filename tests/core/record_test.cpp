#include "core/record.hpp"

#include <random>
#include <string>
#include <thread>

#include <arpa/inet.h>

#include "catch.hpp"

using namespace logystera;

TEST_CASE("known_fields_have_their_numbers_in_every_table", "[record]") {
  FieldNames names;
  CHECK(names.size() == field::known_count_);
  CHECK(names.find("client_ip") == field::client_ip);
  CHECK(names.find("stack_trace") == field::stack_trace);
  CHECK(names.name(field::Level) == "Level");
  CHECK(names.name(field::user_agent) == "user_agent");
  CHECK(names.find("") == field::none);
  for (FieldId id = 1; id < field::known_count_; ++id) CHECK(names.find(names.name(id)) == id);
}

TEST_CASE("a_field_name_gets_one_number_whoever_asks", "[record]") {
  FieldNames names;
  const FieldId id = names.add("http.request.method");
  CHECK(id >= field::known_count_);
  CHECK(names.add("http.request.method") == id);
  CHECK(names.find("HTTP.request.method") == field::none);
  CHECK(names.name(id) == "http.request.method");
  std::thread threads[4];
  std::vector<FieldId> ids[4];
  for (int t = 0; t < 4; ++t) {
    threads[t] = std::thread([&, t] {
      for (int i = 0; i < 500; ++i) ids[t].push_back(names.add("shared." + std::to_string(i)));
    });
  }
  for (auto& thread : threads) thread.join();
  for (int t = 1; t < 4; ++t) CHECK(ids[t] == ids[0]);
}

TEST_CASE("field_names_are_bounded", "[record]") {
  FieldNames names;
  CHECK(names.add(std::string(FieldNames::kNameBytes, 'a')) != field::none);
  CHECK(names.add(std::string(FieldNames::kNameBytes + 1, 'a')) == field::none);
  std::size_t added = 0;
  for (std::size_t i = 0; i < FieldNames::kNames + 10; ++i) added += names.add("n" + std::to_string(i)) != field::none;
  CHECK(added < FieldNames::kNames);
  CHECK(names.size() == FieldNames::kNames + 1);
  CHECK(names.add("client_ip") == field::client_ip);
}

namespace {
bool system_says_ip(const std::string& text, IpAddress& out) {
  in_addr v4;
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) {
    const std::uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    std::memcpy(out.bytes, prefix, 12);
    std::memcpy(out.bytes + 12, &v4, 4);
    return true;
  }
  return inet_pton(AF_INET6, text.c_str(), out.bytes) == 1;
}
}  // namespace

TEST_CASE("addresses_are_read_as_the_system_reads_them", "[record]") {
  std::vector<std::string> texts = {"1.2.3.4",
                                    "255.255.255.255",
                                    "256.1.1.1",
                                    "1.2.3",
                                    "1.2.3.4.5",
                                    "01.2.3.4",
                                    "0.0.0.0",
                                    "1.2.3.4 ",
                                    "",
                                    ".",
                                    "1..2.3",
                                    "::",
                                    "::1",
                                    "1::",
                                    "::ffff:1.2.3.4",
                                    "::1.2.3.4",
                                    "1:2:3:4:5:6:7:8",
                                    "1:2:3:4:5:6:7::",
                                    "::2:3:4:5:6:7:8",
                                    "1:2:3:4:5:6:7:8::",
                                    "1:2:3:4:5:6:7",
                                    ":1:2:3:4:5:6:7",
                                    "1:2:3:4:5:6:7:",
                                    "12345::",
                                    "1:::2",
                                    "1::2::3",
                                    "fe80::1%eth0",
                                    "2001:DB8::ff00:42:8329",
                                    "1:2:3:4:5:6:1.2.3.4",
                                    "1:2:3:4:5:6:7:1.2.3.4",
                                    "::1.2.3",
                                    "::1.2.3.4:5",
                                    ":",
                                    ":::"};
  std::mt19937 random(7);
  const std::string alphabet = "0123456789abcF::::....";
  for (int i = 0; i < 200'000; ++i) {
    std::string text = texts[random() % texts.size()];
    for (unsigned edits = random() % 4; edits > 0; --edits) {
      const std::size_t at = text.empty() ? 0 : random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      if (random() % 2 || text.empty()) text.insert(at, 1, c);
      else if (random() % 2) text.erase(at, 1);
      else text[at] = c;
    }
    IpAddress ours, theirs;
    const bool we = parse_ip(text, ours);
    const bool they = system_says_ip(text, theirs);
    if (we != they || (we && ours != theirs)) {
      INFO(text);
      REQUIRE(we == they);
      REQUIRE(ours == theirs);
    }
  }
}

TEST_CASE("a_batch_keeps_each_records_values_together", "[record]") {
  RecordBatch batch;
  std::vector<std::size_t> counts = {3, 0, 4000, 200, 9000, 1};
  for (std::size_t count : counts) {
    batch.begin_fields();
    for (std::size_t i = 0; i < count; ++i) batch.add_integer(field::status, "1", static_cast<std::int64_t>(i));
    batch.end_fields(batch.records.emplace_back());
  }
  for (std::size_t r = 0; r < counts.size(); ++r) {
    REQUIRE(batch.records[r].field_count == counts[r]);
    std::int64_t expected = 0;
    for (const Value& value : batch.records[r]) REQUIRE(value.as_integer() == expected++);
  }
  RecordBatch moved = std::move(batch);
  CHECK(moved.records[2].fields[3999].as_integer() == 3999);
  CHECK(batch.empty());
  batch.begin_fields();
  batch.add_text(field::path, "/");
  batch.end_fields(batch.records.emplace_back());
  CHECK(batch.records[0].text(field::path) == "/");
}

TEST_CASE("values_are_typed_and_keep_their_text", "[record]") {
  RecordBatch batch;
  batch.begin_fields();
  CHECK(batch.add_ip(field::client_ip, "10.0.0.7").kind == Value::Kind::ip);
  CHECK(batch.add_ip(field::client_ip, "2001:db8::1").kind == Value::Kind::ip);
  CHECK(batch.add_ip(field::client_ip, "gate.example").kind == Value::Kind::string);
  CHECK(batch.add_number(field::bytes, "-12").as_integer() == -12);
  CHECK(batch.add_number(field::bytes, "-").kind == Value::Kind::string);
  CHECK(batch.add_number(field::bytes, "99999999999999999999").kind == Value::Kind::string);
  Record record;
  batch.end_fields(record);
  CHECK(record.fields[0].as_ip().is_v4());
  CHECK(record.fields[1].as_ip().bytes[15] == 1);
  CHECK_FALSE(record.fields[1].as_ip().is_v4());
  CHECK(record.find(field::bytes)->text() == "-12");
  CHECK(record.find(field::method) == nullptr);
  record.fields[0].set_text("ip_8390373f");
  CHECK(record.text(field::client_ip) == "ip_8390373f");
}

TEST_CASE("an_arena_reuses_its_blocks_and_returns_huge_ones", "[record]") {
  Arena arena;
  arena.allocate(64 * 1024 * 1024);
  arena.copy("abc");
  arena.clear();
  CHECK(arena.capacity() <= Arena::kBlockBytes);
  for (int round = 0; round < 50; ++round) {
    std::string_view first = arena.copy("first");
    for (int i = 0; i < 100; ++i) arena.allocate(20'000);
    REQUIRE(first == "first");
    arena.clear();
  }
  CHECK(arena.capacity() <= 10 * Arena::kBlockBytes);
}

TEST_CASE("a_text_block_grows_and_keeps_its_bytes_and_padding", "[record]") {
  TextBlock block;
  block.resize(3);
  std::memcpy(block.data(), "abc", 3);
  block.resize(100'000);
  CHECK(block.view().substr(0, 3) == "abc");
  block.resize(3);
  CHECK(block.view() == "abc");
  for (std::size_t i = 0; i < TextBlock::kPadding; ++i) REQUIRE(block.data()[3 + i] == 0);
  const std::size_t capacity = block.capacity();
  block.clear();
  block.resize(90'000);
  CHECK(block.capacity() == capacity);
}

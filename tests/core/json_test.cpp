#include "core/json.hpp"

#include <rapidjson/document.h>

#include <cmath>
#include <limits>
#include <optional>
#include <random>

#include "catch.hpp"

using namespace logystera;

namespace {

std::string written(std::string_view text, json::Bound bound, bool* cut = nullptr,
                    std::optional<std::size_t> capacity = {}) {
  std::string room(capacity.value_or(2 + 6 * text.size()), '\0');  // every byte as \u00XX
  json::Output out(room.data(), room.size());
  const bool was_cut = out.string(text, bound);
  if (cut != nullptr) *cut = was_cut;
  REQUIRE_FALSE(out.full());
  return room.substr(0, out.size());
}

// One code point at a time, straight from the definition: the writer without any of its speed.
std::string reference(std::string_view text, json::Bound bound, bool& cut) {
  std::string out = "\"";
  std::size_t used = 0;
  cut = false;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
    const unsigned char lead = byte(i);
    std::size_t size = 0;
    unsigned char low = 0x80, high = 0xBF;
    if (lead < 0x80) size = 1;
    else if (lead >= 0xC2 && lead <= 0xDF) size = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) size = 3, low = lead == 0xE0 ? 0xA0 : 0x80, high = lead == 0xED ? 0x9F : 0xBF;
    else if (lead >= 0xF0 && lead <= 0xF4) size = 4, low = lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xF4 ? 0x8F : 0xBF;
    std::size_t good = size == 0 ? 0 : 1;
    while (good != 0 && good < size && i + good < text.size() && byte(i + good) >= low && byte(i + good) <= high) {
      ++good;
      low = 0x80, high = 0xBF;
    }
    const bool valid = size != 0 && good == size;
    const std::string piece = valid ? std::string(text.substr(i, size)) : "\xEF\xBF\xBD";
    const std::size_t cost = bound.characters ? 1 : piece.size();
    if (used + cost > bound.limit) {
      cut = true;
      break;
    }
    used += cost;
    char escaped[8];
    if (piece == "\"" || piece == "\\") out += "\\" + piece;
    else if (piece == "\n") out += "\\n";
    else if (piece == "\r") out += "\\r";
    else if (piece == "\t") out += "\\t";
    else if (piece == "\b") out += "\\b";
    else if (piece == "\f") out += "\\f";
    else if (valid && size == 1 && lead < 0x20) std::snprintf(escaped, sizeof escaped, "\\u%04x", lead), out += escaped;
    else out += piece;
    i += valid ? size : std::max<std::size_t>(1, good);
  }
  return out + "\"";
}

std::string random_text(std::minstd_rand& random, std::size_t size, int kind) {
  static constexpr char kPlain[] = "abcdefghijklmnopqrstuvwxyz /:.-0123456789";
  std::string text;
  while (text.size() < size) {
    const auto pick = random() % 20;
    if (kind == 0 || pick > 3) text.push_back(kPlain[random() % (sizeof kPlain - 1)]);
    else if (kind == 1) text += pick == 0 ? "\"" : pick == 1 ? "\\" : pick == 2 ? "\n" : "\x01";
    else if (kind == 2) text += pick == 0 ? "é" : pick == 1 ? "€" : pick == 2 ? "😀" : "ß";
    else text.push_back(static_cast<char>(random() % 256));
  }
  return text;
}

}  // namespace

TEST_CASE("strings_are_written_as_the_slow_reference_writes_them") {
  std::minstd_rand random(11);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = random_text(random, random() % 70, static_cast<int>(i % 4));
    const json::Bound bound{i % 3 == 0 ? 1000 : random() % 80, i % 2 == 0};
    bool cut = false, expected_cut = false;
    const std::string expected = reference(text, bound, expected_cut);
    // With and without room to spare: two ways through the writer.
    const std::string roomy = written(text, bound, &cut);
    REQUIRE(roomy == expected);
    REQUIRE(cut == expected_cut);
    REQUIRE(written(text, bound, nullptr, expected.size()) == expected);
  }
}

TEST_CASE("every_string_that_is_written_parses_and_is_utf8") {
  std::minstd_rand random(5);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = written(random_text(random, random() % 200, 3), {1024, false});
    rapidjson::Document document;
    REQUIRE_FALSE(document.Parse<rapidjson::kParseValidateEncodingFlag>(text.c_str()).HasParseError());
    REQUIRE(json::is_utf8(text));
  }
}

TEST_CASE("ill_formed_utf8_becomes_one_replacement_character_per_maximal_subpart") {
  const std::string r = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"\x80", r},          // a continuation byte alone
      {"\xC0\xAF", r + r},  // overlong
      {"\xC1\xBF", r + r},
      {"\xE0\x80\x80", r + r + r},  // overlong
      {"\xE0\x9F\xBF", r + r + r},
      {"\xED\xA0\x80", r + r + r},          // a surrogate
      {"\xF0\x8F\xBF\xBF", r + r + r + r},  // overlong
      {"\xF4\x90\x80\x80", r + r + r + r},  // over U+10FFFF
      {"\xF5\x80\x80\x80", r + r + r + r},
      {"\xE2\x82", r},  // cut in the middle
      {"\xF0\x9F\x98", r},
      {"\xE2\x82"
       "A",
       r + "A"},
      {"\xC2\x80", "\xC2\x80"},  // the first and the last of each length
      {"\xDF\xBF", "\xDF\xBF"},
      {"\xE0\xA0\x80", "\xE0\xA0\x80"},
      {"\xEF\xBF\xBF", "\xEF\xBF\xBF"},
      {"\xF0\x90\x80\x80", "\xF0\x90\x80\x80"},
      {"\xF4\x8F\xBF\xBF", "\xF4\x8F\xBF\xBF"},
  };
  for (const auto& [text, expected] : cases) {
    CHECK(written(text, {100, false}) == "\"" + expected + "\"");
    CHECK(json::is_utf8(text) == (text == expected));
  }
}

TEST_CASE("strings_are_cut_at_a_character_boundary") {
  CHECK(written("aé", {2, false}) == "\"a\"");
  CHECK(written("aé", {3, false}) == "\"aé\"");
  CHECK(written("aé", {2, true}) == "\"aé\"");
  CHECK(written("aéb", {2, true}) == "\"aé\"");
  CHECK(written("abc", {0, true}) == "\"\"");
  CHECK(written(std::string(500, '"'), {3, false}) == R"("\"\"\"")");
}

TEST_CASE("numbers_are_the_shortest_that_read_back_and_never_nan") {
  const auto number = [](double value) {
    char room[64];
    json::Output out(room, sizeof room);
    out.number(value);
    return std::string(room, out.size());
  };
  CHECK(number(1523.4) == "1523.4");
  CHECK(number(0.1) == "0.1");
  CHECK(number(1104.0) == "1104.0");
  CHECK(number(-0.0) == "-0.0");
  CHECK(number(1e300) == "1e+300");
  CHECK(number(std::nan("")) == "null");
  CHECK(number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(number(-std::numeric_limits<double>::infinity()) == "null");
  CHECK(std::stod(number(1.0 / 3)) == 1.0 / 3);
  char room[32];
  json::Output out(room, sizeof room);
  out.integer(INT64_MIN);
  CHECK(std::string(room, out.size()) == "-9223372036854775808");
}

TEST_CASE("an_output_that_is_full_says_so_and_writes_nothing_beyond_its_room") {
  for (std::size_t capacity = 0; capacity < 40; ++capacity) {
    std::string room(capacity + 16, '#');
    json::Output out(room.data(), capacity);
    out.raw("{\"key\":");
    out.string("value \"quoted\" é", {100, false});
    out.integer(1234567);
    out.boolean(true);
    out.raw('}');
    CHECK(out.full() == (capacity < 40));
    CHECK(out.size() <= capacity);
    CHECK(room.substr(capacity) == std::string(16, '#'));
    CHECK((out.room(capacity + 1) == nullptr));
  }
}

TEST_CASE("a_string_is_left_at_its_next_quote_or_backslash") {
  for (std::size_t size = 0; size < 50; ++size) {
    const std::string plain(size, 'x');
    CHECK(json::string_mark(plain, 0) == size);
    CHECK(json::string_mark(plain, size + 3) == size);
    for (std::size_t at = 0; at < size; ++at) {
      for (const char mark : {'"', '\\'}) {
        std::string text = plain;
        text[at] = mark;
        CHECK(json::string_mark(text, 0) == at);
        CHECK(json::string_mark(text, at) == at);
        CHECK(json::string_mark(text, at + 1) == size);
      }
    }
  }
}

TEST_CASE("depth_counts_brackets_outside_of_strings") {
  CHECK(json::depth("") == 0);
  CHECK(json::depth("1") == 0);
  CHECK(json::depth("{}") == 1);
  CHECK(json::depth(R"({"a":[[1],[2]],"b":{}})") == 3);
  CHECK(json::depth(R"({"[[[\"[[[\\":"{{{"})") == 1);
  CHECK(json::depth("]]]}}}[") == 1);
  CHECK(json::depth("\"\\") == 0);
  CHECK(json::depth(std::string(100'000, '[')) == 100'000);
}

#include "core/utf8.hpp"

#include <string>

#include "catch.hpp"
#include "core/json.hpp"

using namespace logystera;

namespace {

std::string put(std::uint32_t code) {
  char bytes[kUtf8BytesMost];
  return {bytes, put_utf8(code, bytes)};
}

}  // namespace

TEST_CASE("every_code_point_becomes_one_well_formed_sequence_that_says_it") {
  for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
    const std::string text = put(code);
    std::size_t skip = 0;
    if (json::utf8_sequence(text, skip) != text.size()) FAIL("U+" << std::hex << code);
    const auto lead = static_cast<unsigned char>(text[0]);
    std::uint32_t said = text.size() == 1 ? lead : lead & (0x7F >> text.size());
    for (std::size_t i = 1; i < text.size(); ++i) said = said << 6 | (static_cast<unsigned char>(text[i]) & 0x3F);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (said != (surrogate ? 0xFFFD : code)) FAIL("U+" << std::hex << code);
  }
}

TEST_CASE("what_is_no_character_becomes_the_replacement_character") {
  for (const std::uint32_t code : {0xD800U, 0xDFFFU, 0x110000U, 0xFFFFFFFFU}) CHECK(put(code) == "\xEF\xBF\xBD");
}

TEST_CASE("characters_are_counted_and_not_bytes") {
  CHECK(characters_of("") == 0);
  CHECK(characters_of("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80") == 4);
}

// The literal index and the length check of regular expressions, held against the plain way of saying the same.
#include "detect/literal_index.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "detect/literal_sieve.hpp"
#include "detect/regex.hpp"
#include "detect/text.hpp"
#include "simd_levels.hpp"

using namespace logystera::detect;
namespace test = logystera::test;

namespace {

using Anchor = LiteralIndex::Anchor;
using Occurrence = std::pair<std::uint32_t, std::size_t>;

struct Literal {
  std::string text;
  Anchor anchor;
};

std::set<Occurrence> naive(const std::vector<Literal>& literals, const std::string& text) {
  std::set<Occurrence> places;
  for (std::uint32_t id = 0; id < literals.size(); ++id) {
    const auto& [literal, anchor] = literals[id];
    for (std::size_t at = text.find(literal); at != std::string::npos; at = text.find(literal, at + 1)) {
      const bool start = at == 0, end = at + literal.size() == text.size();
      if (anchor == Anchor::anywhere || (anchor == Anchor::start && start) || (anchor == Anchor::end && end) ||
          (start && end))
        places.emplace(id, at);
    }
  }
  return places;
}

std::set<Occurrence> indexed(const std::vector<Literal>& literals, const std::string& text) {
  LiteralIndex index;
  for (std::uint32_t id = 0; id < literals.size(); ++id) index.add(literals[id].text, literals[id].anchor, id);
  index.build();
  std::set<Occurrence> places;
  index.scan(text, [&](std::uint32_t id, std::size_t place) { places.emplace(id, place); });
  return places;
}

}  // namespace

// Few and many literals, short and long ones are filed differently; texts of every length around the blocks they are read in.
TEST_CASE("literal_index_finds_what_a_plain_search_finds") {
  std::mt19937 random(20260518);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  for (const std::size_t count : {1u, 12u, 60u, 400u, 3000u}) {
    const std::size_t letters = count < 100 ? 3 : 6;
    const auto word = [&](std::size_t size) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += "ab;%\xC3\x80"[below(letters)];
      return text;
    };
    for (int round = 0; round < (count > 1000 ? 2 : 40); ++round) {
      std::vector<Literal> literals;
      for (std::size_t i = 0; i < count; ++i)
        literals.push_back(
            {word(1 + below(below(3) == 0 ? 3 : 12)), below(2) == 0 ? Anchor::anywhere : static_cast<Anchor>(below(4))});
      for (const std::size_t size :
           {0u, 1u, 2u, 3u, 4u, 5u, 9u, 10u, 11u, 63u, 64u, 65u, 127u, 128u, 1023u, 1024u, 1025u, 2100u}) {
        const std::string text = word(size);
        REQUIRE(indexed(literals, text) == naive(literals, text));
      }
    }
  }
}

// The same of the sieve, whatever the case of the text's letters.
TEST_CASE("literal_sieve_finds_what_a_plain_search_of_the_folded_text_finds") {
  std::mt19937 random(20260519);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  std::size_t built = 0;
  for (const std::size_t count : {1u, 5u, 20u, 60u}) {
    const auto word = [&](std::size_t size, std::string_view letters) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) text += letters[below(letters.size())];
      return text;
    };
    for (int round = 0; round < 40; ++round) {
      const std::string_view letters = round % 2 == 0 ? "z`{;\xC3" : "az@[\x80/$%";
      std::vector<Literal> literals;
      std::vector<std::string_view> texts;
      for (std::size_t i = 0; i < count; ++i)
        literals.push_back({word(1 + below(below(3) == 0 ? 3 : 12), letters), Anchor::anywhere});
      for (const Literal& literal : literals) texts.push_back(literal.text);
      LiteralSieve sieve;
      if (!sieve.build(texts)) continue;
      ++built;
      const std::string both = std::string(letters) + "AZ@`[{\x1B;";  // the other case, and what differs in the same bit
      for (const std::size_t size :
           {0u, 1u, 2u, 3u, 4u, 5u, 63u, 64u, 65u, 66u, 67u, 68u, 127u, 131u, 1023u, 1024u, 1025u, 1091u, 2100u}) {
        const std::string text = word(size, both);
        std::set<Occurrence> places;
        sieve.scan(text, [&](std::uint32_t id, std::size_t place) { places.emplace(id, place); });
        REQUIRE(places == naive(literals, folded(text)));
      }
    }
  }
  CHECK(built > 60);
}

TEST_CASE("literals_are_found_at_every_level_of_vector_instructions") {
  const std::vector<Literal> literals = {{"union select", Anchor::anywhere}, {"/etc/passwd", Anchor::anywhere},
                                         {"${jndi:", Anchor::anywhere},      {"<", Anchor::anywhere},
                                         {"%3c", Anchor::anywhere},          {"zq", Anchor::anywhere}};
  std::vector<std::string_view> texts;
  for (const Literal& literal : literals) texts.push_back(literal.text);
  std::string line;
  for (int i = 0; i < 40; ++i)
    line += std::string(static_cast<std::size_t>(i), 'x') + literals[static_cast<std::size_t>(i) % 6].text;
  const auto wanted = naive(literals, line);
  CHECK(wanted.size() == 40);
  test::at_every_level([&](const std::string& level) {
    CAPTURE(level);
    CHECK(indexed(literals, line) == wanted);
    LiteralSieve sieve;
    REQUIRE(sieve.build(texts));
    std::set<Occurrence> places;
    sieve.scan(line, [&](std::uint32_t id, std::size_t place) { places.emplace(id, place); });
    CHECK(places == wanted);
  });
}

TEST_CASE("literal_sieve_refuses_what_would_let_too_much_through") {
  CHECK(LiteralSieve().build({"union select", "/etc/passwd", "${jndi:", "<", "%3c"}));
  CHECK_FALSE(LiteralSieve().build({"e", "t", "a", "0", " "}));
  const std::vector<std::string_view> many(LiteralSieve::kLiteralsMost + 1, "${jndi:");
  CHECK_FALSE(LiteralSieve().build(many));
}

TEST_CASE("least_bytes_of_a_regular_expression") {
  CHECK(least_bytes("^.{1000}.{1000}") == 2000);
  CHECK(least_bytes("abc|de") == 2);
  CHECK(least_bytes("(?i)a(b|cd)?e+[^x-z]*$") == 2);
  CHECK(least_bytes("(?P<name>ab){3}") == 6);
  CHECK(least_bytes(R"(\bEMP-\d{4,8}\b)") == 8);
  CHECK(least_bytes("[]a]{2}[[:alpha:]]") == 3);
  CHECK(least_bytes("\xC3\xA9?x") == 1);  // the question mark is about the whole of the é
  CHECK(least_bytes("") == 0);
  // Not known well enough to say anything.
  CHECK(least_bytes(R"(\Qa.b\E)") == 0);
  CHECK(least_bytes("a{,3}b") == 0);
  CHECK(least_bytes("(((((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))))") == 0);
}

TEST_CASE("no_regular_expression_matches_less_than_its_least_bytes") {
  std::mt19937 random(7);
  const std::string parts[] = {"a",     "b",    ".",    "(",   ")", "|", "*",    "+",   "?",       "{2}",
                               "{0,3}", "[ab]", "[^a]", "\\d", "^", "$", "(?i)", "(?:", "\xC3\xA9"};
  std::size_t said = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string regex;
    for (std::size_t i = 0; i < 1 + random() % 9; ++i) regex += parts[random() % std::size(parts)];
    const auto compiled = compile_regex(regex);
    const std::size_t least = least_bytes(regex);
    if (!compiled->ok() || least == 0) continue;
    ++said;
    for (int text = 0; text < 30; ++text) {
      std::string shorter;
      for (std::size_t i = 0; i + 1 < least && i < 6; ++i) shorter += "ab1A"[random() % 4];
      CAPTURE(regex, shorter);
      REQUIRE_FALSE(found(*compiled, shorter));
    }
  }
  CHECK(said > 1000);
}

// The literal index and the length check of regular expressions, held against the plain way of saying the same.
#include "detect/literal_index.hpp"

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "detect/regex.hpp"

using namespace logystera::detect;

namespace {

using Anchor = LiteralIndex::Anchor;
using Place = std::pair<std::uint32_t, std::size_t>;

struct Literal {
  std::string text;
  Anchor anchor;
};

std::set<Place> naive(const std::vector<Literal>& literals, const std::string& text) {
  std::set<Place> places;
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

std::set<Place> indexed(const std::vector<Literal>& literals, const std::string& text) {
  LiteralIndex index;
  for (std::uint32_t id = 0; id < literals.size(); ++id) index.add(literals[id].text, literals[id].anchor, id);
  index.build();
  std::set<Place> places;
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

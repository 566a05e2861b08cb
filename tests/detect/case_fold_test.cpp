// Case folding beyond ASCII: the table against ICU's for every character, and the engine against the naive evaluator, which
// folds with ICU, on texts made to hurt.
#include "detect/case_fold.hpp"

#include <unicode/uchar.h>
#include <utf8proc.h>

#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::hits;
using logystera::test::ReadBack;

namespace {

std::string utf8(char32_t character) {
  char bytes[4];
  return {bytes, static_cast<std::size_t>(utf8proc_encode_char(static_cast<utf8proc_int32_t>(character),
                                                               reinterpret_cast<utf8proc_uint8_t*>(bytes)))};
}

bool selects(const std::string& items, const std::string& fields) {
  return hits(
      "title: T\nid: t\nlogsource: {product: windows}\ndetection:\n  selection: " + items + "\n  condition: selection\n",
      "{kind: windows_event, " + fields + "}");
}

// Characters with something about them, and bytes that are none.
const std::vector<std::string> kPieces = {"a",
                                          "A",
                                          "k",
                                          "K",
                                          "s",
                                          "S",
                                          "i",
                                          "I",
                                          "\u212A" /* Kelvin */,
                                          "\u017F" /* long s */,
                                          "\u00DF" /* sharp s */,
                                          "\u1E9E",
                                          "\u0130" /* I with dot */,
                                          "\u0131" /* i without */,
                                          "\u00C4",
                                          "\u00E4",
                                          "\u03A3",
                                          "\u03C3",
                                          "\u03C2" /* final sigma */,
                                          "\u023A",
                                          "\u2C65" /* grows to three bytes */,
                                          "\u13A0",
                                          "\uAB70" /* Cherokee: folds to its capital */,
                                          "\u13F8",
                                          "\u13F0",
                                          "\u01C5",
                                          "\u01C4",
                                          "\u0345",
                                          "\u03B9",
                                          "\U00010400",
                                          "\U00010428",
                                          "\uFF21",
                                          "\uFF41",
                                          "\u2126",
                                          "\u03C9",
                                          "\u1F88",
                                          "\u1F80",
                                          "\u65E5",
                                          "\xC3",
                                          "\x84",
                                          "\xE2\x84",
                                          "\xC1\x81" /* overlong A */,
                                          "\xE0\x83\x84" /* overlong */,
                                          "\xED\xA0\x80" /* surrogate */,
                                          "\xF4\x90\x80\x80" /* beyond */,
                                          "\xF0\x90\x90",
                                          "\xFF",
                                          " ",
                                          ".",
                                          "0"};

}  // namespace

TEST_CASE("every_character_folds_as_icu_folds_it") {
  std::size_t folding = 0;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const auto icu = static_cast<char32_t>(u_foldCase(static_cast<UChar32>(c), U_FOLD_CASE_DEFAULT));
    folding += icu != c;
    // The two may be of different versions of Unicode: what came with 15.1 and later is not compared.
    const bool known = u_isdefined(static_cast<UChar32>(c)) && utf8proc_category(static_cast<utf8proc_int32_t>(c)) != 0;
    const bool changed_later = c == 0x1FD3 || c == 0x1FE3 || c == 0xFB05;
    if (known && !changed_later && fold(c) != icu) FAIL("U+" << std::hex << static_cast<unsigned>(c));
    if (utf8(fold(c)).size() > folded_room(utf8(c).size())) FAIL("no room for U+" << std::hex << static_cast<unsigned>(c));
    if (fold(fold(c)) != fold(c)) FAIL("folds twice: U+" << std::hex << static_cast<unsigned>(c));
    if (folds_beyond_ascii(utf8(c)) != (c >= 0x80 && fold(c) != c)) FAIL("U+" << std::hex << static_cast<unsigned>(c));
  }
  CHECK(folding > 1400);
}

TEST_CASE("texts_of_any_bytes_fold_as_the_oracle_folds_them") {
  std::mt19937 random(20260521);
  for (int round = 0; round < 20000; ++round) {
    std::string text, other;
    for (std::size_t i = random() % 40; i > 0; --i) text += kPieces[random() % kPieces.size()];
    for (std::size_t i = random() % 4; i > 0; --i) other += kPieces[random() % kPieces.size()];
    INFO(text);
    REQUIRE(folded(text) == oracle::lower(text));
    REQUIRE(folds_beyond_ascii(text) == (oracle::lower(text) != [&] {
              std::string ascii = text;
              for (char& c : ascii) c = fold_ascii(c);
              return ascii;
            }()));
    REQUIRE(equal_folded(text, oracle::lower(text)));
    REQUIRE(equal_folded(text, other) == (oracle::lower(text) == oracle::lower(other)));
  }
}

TEST_CASE("sigma_compares_without_regard_to_case_beyond_ascii") {
  CHECK(selects("{F: GE\u00C4NDERT}", "F: Ge\u00E4ndert"));
  CHECK(selects("{F|contains: \u00FCbung}", "F: 'eine \u00DCBUNG hier'"));
  CHECK(selects("{F|startswith: \u03C3\u03AF}", "F: \u03A3\u038A\u03A3\u03A5\u03A6\u039F\u03A3"));
  CHECK(selects("{F|endswith: \u03C3}", "F: \u03A3\u03AF\u03C3\u03C5\u03C6\u03BF\u03C2"));
  CHECK(selects("{F: '\u0416*\u042F?'}", "F: '\u0436\u0430\u0431\u044F\u00C9'"));
  CHECK(selects("{F: stra\u00DFe}", "F: STRA\u1E9EE"));
  CHECK_FALSE(selects("{F: strasse}", "F: stra\u00DFe"));  // simple folding: a character stays one character
  CHECK(selects("{F|contains: kill}", "F: 'x \u212Aill'"));
  CHECK(selects("{F|contains: pass}", "F: 'Pa\u017F\u017F'"));
  CHECK(selects("{F: \u212A}", "F: k"));
  CHECK_FALSE(selects("{F: i}", "F: \u0130"));
  CHECK_FALSE(selects("{F: i}", "F: \u0131"));
  CHECK(selects("{F|endswith: \u2C65b}", "F: x\u023AB"));  // two bytes become three
  CHECK(selects("{F: \u13A0}", "F: \uAB70"));
  CHECK(selects("{F|fieldref: G}", "F: \u00C4b, G: \u00E4B"));
  CHECK(selects("{F|fieldref|endswith: G}", "F: x\u023A, G: \u2C65"));
  CHECK(selects("[\u00C4rger]", "G: 'viel \u00E4RGER'"));
  CHECK(selects("{F|re|i: '^kill$'}", "F: \u212AILL"));
  CHECK(selects("{F|re|i: 'ge\u00E4ndert'}", "F: GE\u00C4NDERT"));
  CHECK_FALSE(selects("{F|re: '^kill$'}", "F: \u212Aill"));
}

TEST_CASE("rules_for_letters_beyond_ascii_are_blinded_by_no_sieve") {
  std::mt19937 random(20260522);
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const auto text_of = [&](std::size_t pieces) {
    std::string text;
    for (; pieces > 0; --pieces) text += kPieces[below(kPieces.size())];
    return text;
  };
  // Rules over a line's parts, made as the loader would make them, so that their texts may be any bytes.
  const auto test_of = [&](Test::Kind kind) {
    Test test;
    test.kind = kind;
    const std::size_t where = below(4);
    test.subject.places = {where == 0   ? Place{Part::raw, ""}
                           : where == 1 ? Place{Part::message, ""}
                           : where == 2 ? Place{Part::anywhere, ""}
                                        : Place{Part::field, below(2) == 0 ? "inner" : "outer"}};
    test.cased = below(6) == 0;
    const bool star_first = below(2) == 0, star_last = below(2) == 0;
    if (star_first) test.pattern.push_back({PatternPiece::Kind::any_run, {}});
    const std::size_t pieces = below(4) == 0 ? 2 : 1;
    for (std::size_t i = 0; i < pieces; ++i) {
      if (i > 0) test.pattern.push_back({below(2) == 0 ? PatternPiece::Kind::any_run : PatternPiece::Kind::any_one, {}});
      const std::string text = text_of(1 + below(3));
      test.pattern.push_back({PatternPiece::Kind::text, test.cased ? text : oracle::lower(text)});
    }
    if (star_last) test.pattern.push_back({PatternPiece::Kind::any_run, {}});
    if (kind == Test::Kind::regex) {
      constexpr std::string_view kExpressions[] = {"(?i)kas", "(?i)s+i", "k.s", "(?i:s)k", "(?i)[^k]s", "(?i)^.k"};
      test.regex = kExpressions[below(std::size(kExpressions))];
    }
    return test;
  };
  std::size_t matches = 0, wide = 0;
  for (int round = 0; round < 12; ++round) {
    RuleSet set;
    // Few rules are sieved, many are not.
    for (std::size_t i = 0, rules = round % 3 == 0 ? 5 : round % 3 == 1 ? 40 : 700; i < rules; ++i) {
      Rule rule;
      rule.id = "r" + std::to_string(i);
      Expression one = Expression::of(test_of(below(8) == 0 ? Test::Kind::regex : Test::Kind::text));
      if (below(4) == 0)
        one = Expression::every({std::move(one), Expression::negate(Expression::of(test_of(Test::Kind::text)))});
      rule.when = std::move(one);
      set.rules.push_back(std::move(rule));
    }
    FieldNames names;
    auto engine = Engine::compile(set, names);
    REQUIRE(engine.ok());
    const ReadBack read_back(engine.value(), names);
    Session session(engine.value()), again(*read_back.engine);
    const FieldId inner = names.add("inner"), outer = names.add("outer");
    for (int line = 0; line < 600; ++line) {
      // Long enough for the blocks of 64 bytes, and with what matters around their edges. A line plan is made after 200 lines.
      std::string raw(below(3) == 0 ? 50 + below(30) : below(8), '.');
      raw += text_of(1 + below(12));
      if (below(4) == 0) raw += std::string(1000 + below(40), '-') + text_of(4);
      const std::string apart = text_of(1 + below(6));
      Record record;
      std::vector<Value> fields(2);
      record.kind = RecordKind::text;
      record.raw = raw;
      const std::size_t from = below(raw.size()), to = from + below(raw.size() - from + 1);
      record.message = below(2) == 0 ? std::string_view(raw).substr(from, to - from) : std::string_view(apart);
      const std::size_t begin = below(raw.size());  // may lie within a character
      fields[0].field = inner;
      fields[0].set_text(std::string_view(raw).substr(begin));
      fields[1].field = outer;
      fields[1].set_text(apart);
      record.fields = fields.data();
      record.field_count = 2;
      const std::vector<std::uint32_t> fast(session.match(record).begin(), session.match(record).end());
      const auto kept = again.match(record);
      std::vector<std::uint32_t> naive;
      for (std::uint32_t rule = 0; rule < set.rules.size(); ++rule)
        if (oracle::hits(set.rules[rule], record, names)) naive.push_back(rule);
      INFO(raw << " | " << record.message << " | " << apart);
      REQUIRE(fast == naive);
      REQUIRE(std::vector<std::uint32_t>(kept.begin(), kept.end()) == naive);
      matches += naive.size();
      wide += folds_beyond_ascii(raw);
    }
  }
  CHECK(matches > 10000);
  CHECK(wide > 1000);
}

// How: 64 bytes at a time become bit masks (digits, hex letters, separators, '.', ':', …), one bit a byte; what may start or
// end a finding is then shifts and ands of those masks, all looking backwards, with the previous block's masks carried in,
// and of as many blocks at once as a vector has words. So "a digit that follows a dot that follows a digit, the third such
// within reach" costs a handful of instructions for a few hundred bytes whatever they contain. Literals (eyJ, AKIA, ghp_, …)
// are found the way Hyperscan's Teddy does: three bytes, two nibble tables each, eight buckets a bit each.
//
// Written by hand because the general engine is slower here: the same triggers as a Vectorscan database, one call a record,
// take several times as long (./dev bench redact shows both). Highway gives every x86 and Arm level from this one source
// and picks at run time.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "redact/candidates.cpp"
#include "simd/vectors.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <type_traits>

#include "redact/candidates.hpp"

#ifndef LOGYSTERA_REDACT_TABLES
#define LOGYSTERA_REDACT_TABLES
namespace logystera::redact {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kBlocksMost = 8;  // looked at together: as many as a vector has 64-bit lanes

// Byte classes, one bit each, as two nibble tables: a byte is in a class if both its nibbles' entries have the bit.
struct NibbleTables {
  alignas(16) std::uint8_t low[16] = {};
  alignas(16) std::uint8_t high[16] = {};

  constexpr void add(unsigned char byte, std::uint8_t bit) {
    low[byte & 15] = static_cast<std::uint8_t>(low[byte & 15] | bit);
    high[byte >> 4] = static_cast<std::uint8_t>(high[byte >> 4] | bit);
  }
};

enum Class : std::uint8_t {
  class_digit = 1,
  class_hex_letter = 2,
  class_separator = 4,     // space ( ) - : between the groups of a card or phone number
  class_letter_low = 8,    // 0x41-0x4f, 0x61-0x6f
  class_letter_high = 16,  // 0x50-0x5a, 0x70-0x7a
};

constexpr NibbleTables make_classes() {
  NibbleTables tables;
  for (unsigned char c = '0'; c <= '9'; ++c) tables.add(c, class_digit);
  for (unsigned char c = 'a'; c <= 'f'; ++c) {
    tables.add(c, class_hex_letter);
    tables.add(static_cast<unsigned char>(c - 32), class_hex_letter);
  }
  for (unsigned char c : {' ', '(', ')', '-'}) tables.add(c, class_separator);
  for (unsigned char c = 'a'; c <= 'z'; ++c) {
    const std::uint8_t bit = c < 'p' ? class_letter_low : class_letter_high;
    tables.add(c, bit);
    tables.add(static_cast<unsigned char>(c - 32), bit);
  }
  return tables;
}
inline constexpr NibbleTables kClasses = make_classes();

// The first three bytes of every literal, by bucket. A bucket accepts every mix of its members' nibbles; who shares one with
// whom was chosen by trying, on web, system and application logs: 0.1 false alarms in 1,000 bytes, against 9 with literals
// that look alike put together.
struct LiteralTables {
  NibbleTables byte[3];

  constexpr void add(const char (&literal)[4], std::uint8_t bucket) {
    for (int i = 0; i < 3; ++i) byte[i].add(static_cast<unsigned char>(literal[i]), bucket);
  }
};

constexpr LiteralTables make_literals() {
  LiteralTables tables;
  tables.add("AKI", 1);
  tables.add("ASI", 1);
  tables.add("ABI", 1);
  tables.add("ACC", 1);
  tables.add("AIz", 1);
  tables.add("ghp", 1);
  tables.add("GOC", 1);
  tables.add("Bas", 1);
  tables.add("bas", 1);
  tables.add("BAS", 1);
  tables.add("eyJ", 2);
  tables.add("dop", 2);
  tables.add("BEA", 2);
  tables.add("xox", 4);
  tables.add("xap", 4);
  tables.add("hoo", 4);
  tables.add("pyp", 4);
  tables.add("gho", 4);
  tables.add("ghr", 4);
  tables.add("glp", 4);
  tables.add("npm", 4);
  tables.add("sk-", 8);
  tables.add("SG.", 8);
  tables.add("ya2", 8);
  tables.add("%40", 16);
  tables.add("Bea", 16);
  tables.add("BEG", 16);
  tables.add("git", 16);
  tables.add("bea", 16);
  tables.add("ghu", 128);
  tables.add("ghs", 128);
  tables.add("sk_", 128);
  tables.add("rk_", 128);
  tables.add("hf_", 128);
  tables.add("shp", 128);
  tables.add("whs", 128);
  // The end of a name that says secret, and what follows it: password=, "api_key": , \"token\":
  constexpr char kNameEnds[][3] = {"rd", "wd", "en", "et", "ey", "ig", "re", "ss", "se", "on"};
  for (const char(&end)[3] : kNameEnds)
    for (const bool upper : {false, true}) {
      const auto letter = [&](int i) { return static_cast<char>(upper ? end[i] - 32 : end[i]); };
      for (const char sign : {'=', ':', '\\'}) tables.add({letter(0), letter(1), sign, '\0'}, 64);
      for (const char sign : {'"', '\''}) tables.add({letter(0), letter(1), sign, '\0'}, 32);
    }
  return tables;
}
inline constexpr LiteralTables kLiterals = make_literals();

}  // namespace logystera::redact
#endif  // LOGYSTERA_REDACT_TABLES

HWY_BEFORE_NAMESPACE();
namespace logystera::redact {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<std::uint8_t, kBlock>;
using Vector = hn::Vec<Bytes>;
// A mask of several blocks lies in one vector, the first block's in the first lane; that of a single one in a lane alone.
using Words = hn::CappedTag<std::uint64_t, kBlocksMost>;
using Word = hn::CappedTag<std::uint64_t, 1>;

// What the blocks hand to those after them: the last block's masks.
struct Carry {
  std::uint64_t digit = 0, letter = 0, dot = 0, colon = 0, dash = 0, plus = 0;
  std::uint64_t separator1 = 0, separator2 = 0;
  std::uint64_t dotted = 0, dotted2 = 0, pair = 0;
  std::uint64_t run = 0, run2 = 0, run4 = 0, run7 = 0;
  std::uint64_t hex = 0, hex2 = 0, hex4 = 0, hex8 = 0;
};

// The masks of up to kBlocksMost blocks.
struct Masks {
  std::uint64_t digit[kBlocksMost], zero[kBlocksMost], hex_letter[kBlocksMost], separator[kBlocksMost];
  std::uint64_t letter[kBlocksMost], dot[kBlocksMost], colon[kBlocksMost], at[kBlocksMost];
  std::uint64_t dash[kBlocksMost], plus[kBlocksMost], paren[kBlocksMost], literal[kBlocksMost];
};

// The lanes' truth as bits of `mask` from bit `at` on.
template <typename M>
HWY_INLINE void deposit(Bytes d, M lanes, unsigned at, std::uint64_t& mask) {
  std::uint8_t bits[8] = {};
  hn::StoreMaskBits(d, lanes, bits);
  std::uint64_t word;
  std::memcpy(&word, bits, sizeof word);
  mask |= word << at;
}

HWY_INLINE Vector look_up(Bytes d, const NibbleTables& tables, Vector bytes) {
  const Vector low = hn::LoadDup128(d, tables.low);
  const Vector high = hn::LoadDup128(d, tables.high);
  const Vector nibble = hn::Set(d, 15);
  return hn::And(hn::TableLookupBytes(low, hn::And(bytes, nibble)),
                 hn::TableLookupBytes(high, hn::And(hn::ShiftRight<4>(bytes), nibble)));
}

// `at` has kBlock + 2 readable bytes.
HWY_INLINE void classify(const std::uint8_t* at, Masks& m, std::size_t n) {
  const Bytes d;
  const std::size_t lanes = hn::Lanes(d);
  const auto has = [&](Vector classes, std::uint8_t bits) {
    return hn::Ne(hn::And(classes, hn::Set(d, bits)), hn::Zero(d));
  };
  std::uint64_t digit = 0, zero = 0, hex_letter = 0, separator = 0, letter = 0, dot = 0;
  std::uint64_t colon = 0, at_sign = 0, dash = 0, plus = 0, paren = 0, literals = 0;
  for (std::size_t i = 0; i < kBlock; i += lanes) {
    const unsigned bit = static_cast<unsigned>(i);
    const Vector bytes = hn::LoadU(d, at + i);
    const Vector classes = look_up(d, kClasses, bytes);
    deposit(d, has(classes, class_digit), bit, digit);
    deposit(d, has(classes, class_hex_letter), bit, hex_letter);
    deposit(d, has(classes, class_separator), bit, separator);
    deposit(d, has(classes, class_letter_low | class_letter_high), bit, letter);
    deposit(d, hn::Eq(bytes, hn::Set(d, '0')), bit, zero);
    deposit(d, hn::Eq(bytes, hn::Set(d, '.')), bit, dot);
    deposit(d, hn::Eq(bytes, hn::Set(d, ':')), bit, colon);
    deposit(d, hn::Eq(bytes, hn::Set(d, '@')), bit, at_sign);
    deposit(d, hn::Eq(bytes, hn::Set(d, '-')), bit, dash);
    deposit(d, hn::Eq(bytes, hn::Set(d, '+')), bit, plus);
    deposit(d, hn::Eq(bytes, hn::Set(d, '(')), bit, paren);
    const Vector literal =
        hn::And(look_up(d, kLiterals.byte[0], bytes), hn::And(look_up(d, kLiterals.byte[1], hn::LoadU(d, at + i + 1)),
                                                              look_up(d, kLiterals.byte[2], hn::LoadU(d, at + i + 2))));
    deposit(d, hn::Ne(literal, hn::Zero(d)), bit, literals);
  }
  m.digit[n] = digit, m.zero[n] = zero, m.hex_letter[n] = hex_letter, m.separator[n] = separator;
  m.letter[n] = letter, m.dot[n] = dot, m.colon[n] = colon, m.at[n] = at_sign;
  m.dash[n] = dash, m.plus[n] = plus, m.paren[n] = paren, m.literal[n] = literals;
}

// Each block's mask as the block before it had it. `carry` is that of the block before the first; the last one's is left there.
template <typename D, typename Indices>
HWY_INLINE hn::Vec<D> of_before(D d, hn::Vec<D> now, Indices turn, std::uint64_t& carry) {
  const auto before_first = hn::Set(d, carry);
  if constexpr (std::is_same_v<D, Word>) {
    carry = hn::GetLane(now);
    return before_first;
  } else {
    const auto turned = hn::TableLookupLanes(now, turn);
    carry = hn::GetLane(turned);
    return hn::IfThenElse(hn::FirstN(d, 1), before_first, turned);
  }
}

// `now` as it stood `by` bytes earlier.
template <int by, typename Row>
HWY_INLINE Row back(Row now, Row before) {
  return hn::Or(hn::ShiftLeft<by>(now), hn::ShiftRight<64 - by>(before));
}

template <typename Row>
HWY_INLINE Row either(Row a, Row b, Row c) {
  return hn::Or(a, hn::Or(b, c));
}
template <typename Row>
HWY_INLINE Row all(Row a, Row b, Row c) {
  return hn::And(a, hn::And(b, c));
}

// Turns the masks of `blocks` blocks into candidates; `offset` is the first one's place, `valid[n]` has a bit for every byte
// of block n that is text or the one virtual byte after it.
template <typename D>
HWY_INLINE void emit(D d, const Masks& m, Carry& c, std::size_t blocks, std::size_t offset, const std::uint64_t* valid,
                     std::vector<Candidate>& out) {
  using Row = hn::Vec<D>;
  alignas(64) std::uint64_t order[kBlocksMost] = {};
  for (std::size_t n = 0; n < hn::Lanes(d); ++n) order[n] = (n + hn::Lanes(d) - 1) % hn::Lanes(d);
  const auto turn = hn::IndicesFromVec(d, hn::Load(d, order));

  const Row digit = hn::Load(d, m.digit), digit_b = of_before(d, digit, turn, c.digit);
  const Row dot = hn::Load(d, m.dot), dot_b = of_before(d, dot, turn, c.dot);
  const Row colon = hn::Load(d, m.colon), colon_b = of_before(d, colon, turn, c.colon);

  // digit . digit, at the last; then a second and a third such two to four bytes apart.
  const Row dotted = all(digit, back<1>(dot, dot_b), back<2>(digit, digit_b));
  const Row dotted_b = of_before(d, dotted, turn, c.dotted);
  const Row dotted2 =
      hn::And(dotted, either(back<2>(dotted, dotted_b), back<3>(dotted, dotted_b), back<4>(dotted, dotted_b)));
  const Row dotted2_b = of_before(d, dotted2, turn, c.dotted2);
  const Row quad =
      hn::And(dotted, either(back<2>(dotted2, dotted2_b), back<3>(dotted2, dotted2_b), back<4>(dotted2, dotted2_b)));

  // Two groups of two digits or more around each of two dots: 01.84.17…, 259.735.7502.
  const Row pair = all(digit, back<1>(dotted, dotted_b), back<4>(digit, digit_b));
  const Row pair_b = of_before(d, pair, turn, c.pair);
  const Row pairs = hn::And(pair, hn::Or(back<3>(pair, pair_b), back<4>(pair, pair_b)));

  // "::", or a colon at the end of twelve hex digits and colons (eight groups need at least that).
  const Row hex = either(digit, hn::Load(d, m.hex_letter), colon);
  const Row hex2 = hn::And(hex, back<1>(hex, of_before(d, hex, turn, c.hex)));
  const Row hex4 = hn::And(hex2, back<2>(hex2, of_before(d, hex2, turn, c.hex2)));
  const Row hex4_b = of_before(d, hex4, turn, c.hex4);
  const Row hex8 = hn::And(hex4, back<4>(hex4, hex4_b));
  const Row hex12 = hn::And(hex8, back<8>(hex4, hex4_b));
  const Row colons = hn::And(colon, hn::Or(back<1>(colon, colon_b), hex12));

  const Row dash = hn::Load(d, m.dash), dash_b = of_before(d, dash, turn, c.dash);
  const Row uuid = hn::And(dash, all(back<5>(dash, dash_b), back<10>(dash, dash_b), back<15>(dash, dash_b)));

  // Digits, each followed by up to three separators; the byte after a run of at least seven.
  const Row separator = hn::Load(d, m.separator);
  const Row separator1 = hn::And(separator, back<1>(digit, digit_b));
  const Row separator2 = hn::And(separator, back<1>(separator1, of_before(d, separator1, turn, c.separator1)));
  const Row separator3 = hn::And(separator, back<1>(separator2, of_before(d, separator2, turn, c.separator2)));
  const Row run = hn::Or(digit, either(separator1, separator2, separator3));
  const Row run2 = hn::And(run, back<1>(run, of_before(d, run, turn, c.run)));
  const Row run4 = hn::And(run2, back<2>(run2, of_before(d, run2, turn, c.run2)));
  const Row run7 = hn::And(run4, back<3>(run4, of_before(d, run4, turn, c.run4)));
  const Row number = hn::Or(hn::AndNot(run, back<1>(run7, of_before(d, run7, turn, c.run7))), pairs);

  // No country's code begins with 0.
  const Row signs = hn::Load(d, m.plus);
  const Row plus = hn::And(hn::Or(hn::AndNot(hn::Load(d, m.zero), digit), hn::Load(d, m.paren)),
                           back<1>(signs, of_before(d, signs, turn, c.plus)));

  // Two letters and two digits; whether a word begins there is left to the confirmation, which knows escapes.
  const Row letter = hn::Load(d, m.letter), letter_b = of_before(d, letter, turn, c.letter);
  const Row iban =
      hn::And(hn::And(digit, back<1>(digit, digit_b)), hn::And(back<2>(letter, letter_b), back<3>(letter, letter_b)));

  const Row at = hn::Load(d, m.at), literal = hn::Load(d, m.literal);
  alignas(64) std::uint64_t found[8][kBlocksMost], any[kBlocksMost];  // by the bit of Trigger
  hn::Store(at, d, found[0]);
  hn::Store(quad, d, found[1]);
  hn::Store(colons, d, found[2]);
  hn::Store(uuid, d, found[3]);
  hn::Store(number, d, found[4]);
  hn::Store(plus, d, found[5]);
  hn::Store(iban, d, found[6]);
  hn::Store(literal, d, found[7]);
  hn::Store(hn::Or(either(at, quad, colons), hn::Or(either(uuid, number, plus), hn::Or(iban, literal))), d, any);
  for (std::size_t n = 0; n < blocks; ++n)
    for (std::uint64_t places = any[n] & valid[n]; places != 0; places &= places - 1) {
      const unsigned i = static_cast<unsigned>(__builtin_ctzll(places));
      const auto bit = [&](std::size_t trigger) { return static_cast<unsigned>(found[trigger][n] >> i & 1) << trigger; };
      const unsigned triggers = bit(0) | bit(1) | bit(2) | bit(3) | bit(4) | bit(5) | bit(6) | bit(7);
      out.push_back({static_cast<std::uint32_t>(offset + n * kBlock + i), static_cast<std::uint8_t>(triggers)});
    }
}

void find_candidates(std::string_view text, std::vector<Candidate>& out) {
  constexpr std::uint64_t kWhole = ~std::uint64_t{0};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t size = text.size();
  if (size == 0) return;
  const std::size_t lanes = hn::Lanes(Words());
  Carry carry;
  alignas(64) Masks masks;
  std::uint64_t valid[kBlocksMost];
  std::fill(std::begin(valid), std::end(valid), kWhole);
  std::size_t at = 0;
  for (; at + lanes * kBlock + 2 <= size; at += lanes * kBlock) {
    for (std::size_t n = 0; n < lanes; ++n) classify(bytes + at + n * kBlock, masks, n);
    emit(Words(), masks, carry, lanes, at, valid, out);
  }
  // The rest, and one byte more, so that a number that ends with the text is followed by something.
  while (at <= size) {
    const std::size_t begin = at;
    const std::size_t blocks = std::min(lanes, (size - at) / kBlock + 1);
    if (blocks > 1) masks = {};
    for (std::size_t n = 0; n < blocks; ++n, at += kBlock) {
      std::uint8_t padded[kBlock + 2] = {};
      const std::size_t rest = size - at;
      std::memcpy(padded, bytes + at, rest < sizeof padded ? rest : sizeof padded);
      valid[n] = rest + 1 >= kBlock ? kWhole : (std::uint64_t{1} << (rest + 1)) - 1;
      classify(padded, masks, n);
    }
    if (blocks == 1) emit(Word(), masks, carry, blocks, begin, valid, out);
    else emit(Words(), masks, carry, blocks, begin, valid, out);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace logystera::redact
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace logystera::redact {

HWY_EXPORT(find_candidates);

void find_candidates(std::string_view text, std::vector<Candidate>& out) {
  HWY_DYNAMIC_DISPATCH(find_candidates)(text, out);
}

}  // namespace logystera::redact
#endif

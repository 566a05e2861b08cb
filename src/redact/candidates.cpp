// How: 64 bytes at a time become bit masks (digits, hex letters, separators, '.', ':', …), one bit a byte; what may start or
// end a finding is then shifts and ands of those masks, all looking backwards, with the previous block's masks carried in,
// and of as many blocks at once as a vector has words. So "a digit that follows a dot that follows a digit, the third such
// within reach" costs a handful of instructions for a few hundred bytes whatever they contain. Literals (eyJ, AKIA, ghp_, …)
// are found the way Hyperscan's Teddy does: three bytes, two nibble tables each, eight buckets a bit each; what that lets
// through is nearly always something else, so it is compared before it becomes a candidate.
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

#include "core/bounded_text.hpp"
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

// What is looked for alone, each as often as a vector has bytes: taken from here a comparison needs no register for it.
enum Sign : std::uint8_t { sign_zero, sign_dot, sign_colon, sign_at, sign_dash, sign_plus, sign_paren, sign_count_ };
struct Signs {
  alignas(64) std::uint8_t rows[sign_count_][kBlock] = {};
};
inline constexpr Signs kSigns = [] {
  constexpr std::string_view kThem = "0.:@-+(";
  static_assert(kThem.size() == sign_count_);
  Signs signs;
  for (std::size_t i = 0; i < kThem.size(); ++i)
    for (std::uint8_t& byte : signs.rows[i]) byte = static_cast<std::uint8_t>(kThem[i]);
  return signs;
}();

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

// Up to four bytes as a number, the first one lowest.
constexpr std::uint32_t packed(std::string_view text) {
  std::uint32_t word = 0;
  for (std::size_t i = text.size(); i > 0; --i) word = word << 8 | static_cast<unsigned char>(text[i - 1]);
  return word;
}

// Whether the three bytes the tables let through begin a token: the buckets mix nibbles, this does not.
inline bool begins_token(std::uint32_t three) noexcept {
  switch (three) {
    case packed("AKI"):
    case packed("ASI"):
    case packed("ABI"):
    case packed("ACC"):
    case packed("AIz"):
    case packed("ghp"):
    case packed("GOC"):
    case packed("eyJ"):
    case packed("dop"):
    case packed("xox"):
    case packed("xap"):
    case packed("hoo"):
    case packed("pyp"):
    case packed("gho"):
    case packed("ghr"):
    case packed("glp"):
    case packed("npm"):
    case packed("sk-"):
    case packed("SG."):
    case packed("ya2"):
    case packed("%40"):
    case packed("BEG"):
    case packed("git"):
    case packed("ghu"):
    case packed("ghs"):
    case packed("sk_"):
    case packed("rk_"):
    case packed("hf_"):
    case packed("shp"):
    case packed("whs"): return true;
    default: break;
  }
  const std::uint32_t small = three | packed("   ");
  return small == packed("bas") || small == packed("bea");
}

// Whether the small letters of `word` end as a name does that may say secret: its last four bytes, of which the first counts
// for most names.
inline bool ends_secret_name(std::uint32_t word) noexcept {
  constexpr std::uint32_t kLastThree = 0xFFFFFF00;
  switch (word & kLastThree) {
    case packed("ord") << 8: return word == packed("word");
    case packed("swd") << 8: return word == packed("sswd");
    case packed("ase") << 8: return word == packed("rase");
    case packed("ass") << 8: return word == packed("pass");
    case packed("ret") << 8: return word == packed("cret");
    case packed("ken") << 8: return word == packed("oken");
    case packed("ure") << 8: return word == packed("ture");
    case packed("ion") << 8: return word == packed("tion");
    case packed("pwd") << 8:
    case packed("key") << 8:
    case packed("sig") << 8: return true;
    default: return false;
  }
}

// Whether a literal is at `at`, where the tables say that one may be, so that three bytes are there.
inline bool is_literal(const std::uint8_t* text, std::size_t at) noexcept {
  const std::uint32_t three = text[at] | text[at + 1] << 8 | text[at + 2] << 16;
  if (begins_token(three)) return true;
  if (at < 2) return at == 1;  // three letters may be a name; two are none
  const std::uint8_t sign = text[at + 2];
  if (sign != '=' && sign != ':' && sign != '\\' && sign != '"' && sign != '\'') return false;
  const std::uint32_t word = text[at - 2] | text[at - 1] << 8 | three << 16;
  return ends_secret_name(word | packed("    "));
}

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

// The lanes' truth as bits of `mask` from bit `at` on, a multiple of eight.
template <typename M>
HWY_INLINE void deposit(Bytes d, M lanes, std::size_t at, std::uint64_t& mask) {
  hn::StoreMaskBits(d, lanes, reinterpret_cast<std::uint8_t*>(&mask) + at / 8);
}

HWY_INLINE Vector look_up(Bytes d, const NibbleTables& tables, Vector bytes) {
  const Vector low = hn::LoadDup128(d, tables.low);
  const Vector high = hn::LoadDup128(d, tables.high);
  const Vector nibble = hn::Set(d, 15);
  return hn::And(hn::TableLookupBytes(low, hn::And(bytes, nibble)),
                 hn::TableLookupBytes(high, hn::And(hn::ShiftRight<4>(bytes), nibble)));
}

// `at` has kBlock + 2 readable bytes. `signs` are kSigns.
HWY_INLINE void classify(const std::uint8_t* at, const Signs& signs, Masks& m, std::size_t n) {
  const Bytes d;
  for (std::size_t i = 0; i < kBlock; i += hn::Lanes(d)) {
    const Vector bytes = hn::LoadU(d, at + i);
    const Vector classes = look_up(d, kClasses, bytes);
    const auto is = [&](Sign sign) { return hn::Eq(bytes, hn::Load(d, signs.rows[sign])); };
    deposit(d, hn::TestBit(classes, hn::Set(d, class_digit)), i, m.digit[n]);
    deposit(d, hn::TestBit(classes, hn::Set(d, class_hex_letter)), i, m.hex_letter[n]);
    deposit(d, hn::TestBit(classes, hn::Set(d, class_separator)), i, m.separator[n]);
    deposit(d, hn::Ne(hn::And(classes, hn::Set(d, class_letter_low | class_letter_high)), hn::Zero(d)), i, m.letter[n]);
    deposit(d, is(sign_zero), i, m.zero[n]);
    deposit(d, is(sign_dot), i, m.dot[n]);
    deposit(d, is(sign_colon), i, m.colon[n]);
    deposit(d, is(sign_at), i, m.at[n]);
    deposit(d, is(sign_dash), i, m.dash[n]);
    deposit(d, is(sign_plus), i, m.plus[n]);
    deposit(d, is(sign_paren), i, m.paren[n]);
    const Vector literal =
        hn::And(look_up(d, kLiterals.byte[0], bytes), hn::And(look_up(d, kLiterals.byte[1], hn::LoadU(d, at + i + 1)),
                                                              look_up(d, kLiterals.byte[2], hn::LoadU(d, at + i + 2))));
    deposit(d, hn::Ne(literal, hn::Zero(d)), i, m.literal[n]);
  }
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

// Turns the masks of `blocks` blocks of `text` into candidates; `offset` is the first one's place, `valid[n]` has a bit for
// every byte of block n that is text or the one virtual byte after it.
template <typename D>
HWY_INLINE void emit(D d, const Masks& m, Carry& c, const std::uint8_t* text, std::size_t blocks, std::size_t offset,
                     const std::uint64_t* valid, std::vector<Candidate>& out) {
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
  alignas(64) LOGYSTERA_UNINITIALIZED std::uint64_t found[8][kBlocksMost];  // by the bit of Trigger
  alignas(64) LOGYSTERA_UNINITIALIZED std::uint64_t seldom[kBlocksMost], often[kBlocksMost];
  hn::Store(at, d, found[0]);
  hn::Store(quad, d, found[1]);
  hn::Store(colons, d, found[2]);
  hn::Store(uuid, d, found[3]);
  hn::Store(number, d, found[4]);
  hn::Store(plus, d, found[5]);
  hn::Store(iban, d, found[6]);
  hn::Store(literal, d, found[7]);
  hn::Store(hn::Or(either(at, colons, uuid), hn::Or(plus, iban)), d, seldom);
  hn::Store(hn::Or(quad, number), d, often);
  for (std::size_t n = 0; n < blocks; ++n) {
    const std::size_t begin = offset + n * kBlock;
    for (std::uint64_t places = found[7][n] & valid[n]; places != 0; places &= places - 1) {
      const std::uint64_t place = places & (~places + 1);
      if (is_literal(text, begin + static_cast<unsigned>(__builtin_ctzll(places)))) seldom[n] |= place;
      else found[7][n] ^= place;
    }
    for (std::uint64_t places = (often[n] | seldom[n]) & valid[n]; places != 0; places &= places - 1) {
      const unsigned i = static_cast<unsigned>(__builtin_ctzll(places));
      const auto bit = [&](std::size_t trigger) { return static_cast<unsigned>(found[trigger][n] >> i & 1) << trigger; };
      unsigned triggers = bit(1) | bit(4);
      if ((seldom[n] >> i & 1) != 0) triggers |= bit(0) | bit(2) | bit(3) | bit(5) | bit(6) | bit(7);
      out.push_back({static_cast<std::uint32_t>(begin + i), static_cast<std::uint8_t>(triggers)});
    }
  }
}

void find_candidates(std::string_view text, std::vector<Candidate>& out) {
  constexpr std::uint64_t kWhole = ~std::uint64_t{0};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t size = text.size();
  if (size == 0) return;
  const std::size_t lanes = hn::Lanes(Words());
  const Signs* signs = &kSigns;
  asm("" : "+r"(signs));  // else the compiler makes each of them anew, for every vector
  Carry carry;
  alignas(64) LOGYSTERA_UNINITIALIZED Masks masks;
  std::uint64_t valid[kBlocksMost];
  std::fill(std::begin(valid), std::end(valid), kWhole);
  std::size_t at = 0;
  for (; at + lanes * kBlock + 2 <= size; at += lanes * kBlock) {
    for (std::size_t n = 0; n < lanes; ++n) classify(bytes + at + n * kBlock, *signs, masks, n);
    emit(Words(), masks, carry, bytes, lanes, at, valid, out);
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
      classify(padded, *signs, masks, n);
    }
    if (blocks == 1) emit(Word(), masks, carry, bytes, blocks, begin, valid, out);
    else emit(Words(), masks, carry, bytes, blocks, begin, valid, out);
  }
}

std::size_t find_escape_sign(std::string_view text, std::size_t from) {
  const Bytes d;
  const std::size_t lanes = hn::Lanes(d);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto signs = [&](std::size_t at) {
    const Vector here = hn::LoadU(d, bytes + at);
    return hn::Or(hn::Eq(here, hn::Set(d, '%')), hn::Eq(here, hn::Set(d, '\\')));
  };
  const auto first = [&](std::size_t at) { return hn::FindFirstTrue(d, signs(at)); };
  for (; from + 2 * lanes <= text.size(); from += 2 * lanes)
    if (!hn::AllFalse(d, hn::Or(signs(from), signs(from + lanes)))) {
      const std::intptr_t place = first(from);
      return from + static_cast<std::size_t>(place >= 0 ? place : static_cast<std::intptr_t>(lanes) + first(from + lanes));
    }
  while (from < text.size() && bytes[from] != '%' && bytes[from] != '\\') ++from;
  return std::min(from, text.size());
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

HWY_EXPORT(find_escape_sign);

std::size_t find_escape_sign(std::string_view text, std::size_t from) noexcept {
  return HWY_DYNAMIC_DISPATCH(find_escape_sign)(text, from);
}

}  // namespace logystera::redact
#endif

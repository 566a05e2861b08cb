// How: 64 bytes at a time become bit masks (digits, hex letters, separators, '.', ':', …), one bit a byte; what may start or
// end a finding is then shifts and ands of those masks, all looking backwards, with the previous block's masks carried in.
// So "a digit that follows a dot that follows a digit, the third such within reach" costs a handful of instructions for 64
// bytes whatever they contain. Literals (eyJ, AKIA, ghp_, …) are found the way Hyperscan's Teddy does: three bytes, two
// nibble tables each, eight buckets a bit each.
//
// Written by hand because the general engine is slower here: the same triggers as a Vectorscan database, one call a record,
// take several times as long (./dev bench redact shows both). Highway gives every x86 and Arm level from this one source
// and picks at run time.

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "redact/candidates.cpp"
// clang-format off
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// clang-format on

#include <cstring>

#include "redact/candidates.hpp"

#ifndef LOGYSTERA_REDACT_TABLES
#define LOGYSTERA_REDACT_TABLES
namespace logystera::redact {

constexpr std::size_t kBlock = 64;

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
  tables.add("sk-", 8);
  tables.add("SG.", 8);
  tables.add("ya2", 8);
  tables.add("%40", 16);
  tables.add("Bea", 16);
  tables.add("BEG", 32);
  tables.add("git", 32);
  tables.add("bea", 32);
  tables.add("gho", 64);
  tables.add("ghr", 64);
  tables.add("glp", 64);
  tables.add("npm", 64);
  tables.add("ghu", 128);
  tables.add("ghs", 128);
  tables.add("sk_", 128);
  tables.add("rk_", 128);
  tables.add("hf_", 128);
  tables.add("shp", 128);
  tables.add("whs", 128);
  return tables;
}
inline constexpr LiteralTables kLiterals = make_literals();

}  // namespace logystera::redact
#endif  // LOGYSTERA_REDACT_TABLES

HWY_BEFORE_NAMESPACE();
namespace logystera::redact {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The masks a block hands to the next one.
struct Carry {
  std::uint64_t digit = 0, letter = 0, dot = 0, colon = 0, dash = 0, plus = 0;
  std::uint64_t separator1 = 0, separator2 = 0;
  std::uint64_t dotted = 0, dotted2 = 0, pair = 0;
  std::uint64_t run = 0, run2 = 0, run4 = 0, run7 = 0;
  std::uint64_t hex = 0, hex2 = 0, hex4 = 0, hex8 = 0;
};

// `now` as it stood `by` bytes earlier, the bytes before this block included.
HWY_INLINE std::uint64_t back(std::uint64_t now, std::uint64_t before, unsigned by) noexcept {
  return now << by | before >> (64 - by);
}

struct Masks {
  std::uint64_t digit, zero, hex_letter, separator, letter, dot, colon, at, dash, plus, paren, literal;
};

// Turns one block's masks into candidates; `offset` is the block's place, `valid` has a bit for every byte that is text or
// the one virtual byte after it.
HWY_INLINE void emit(const Masks& m, Carry& c, std::uint32_t offset, std::uint64_t valid, std::vector<Candidate>& out) {
  // digit . digit, at the last; then a second and a third such two to four bytes apart.
  const std::uint64_t dotted = m.digit & back(m.dot, c.dot, 1) & back(m.digit, c.digit, 2);
  const std::uint64_t dotted2 =
      dotted & (back(dotted, c.dotted, 2) | back(dotted, c.dotted, 3) | back(dotted, c.dotted, 4));
  const std::uint64_t quad =
      dotted & (back(dotted2, c.dotted2, 2) | back(dotted2, c.dotted2, 3) | back(dotted2, c.dotted2, 4));

  // Two groups of two digits or more around each of two dots: 01.84.17…, 259.735.7502.
  const std::uint64_t pair = m.digit & back(dotted, c.dotted, 1) & back(m.digit, c.digit, 4);
  const std::uint64_t pairs = pair & (back(pair, c.pair, 3) | back(pair, c.pair, 4));

  // "::", or a colon at the end of twelve hex digits and colons (eight groups need at least that).
  const std::uint64_t hex = m.digit | m.hex_letter | m.colon;
  const std::uint64_t hex2 = hex & back(hex, c.hex, 1);
  const std::uint64_t hex4 = hex2 & back(hex2, c.hex2, 2);
  const std::uint64_t hex8 = hex4 & back(hex4, c.hex4, 4);
  const std::uint64_t hex12 = hex8 & back(hex4, c.hex4, 8);
  const std::uint64_t colons = m.colon & (back(m.colon, c.colon, 1) | hex12);

  const std::uint64_t uuid = m.dash & back(m.dash, c.dash, 5) & back(m.dash, c.dash, 10) & back(m.dash, c.dash, 15);

  // Digits, each followed by up to three separators; the byte after a run of at least seven.
  const std::uint64_t separator1 = m.separator & back(m.digit, c.digit, 1);
  const std::uint64_t separator2 = m.separator & back(separator1, c.separator1, 1);
  const std::uint64_t separator3 = m.separator & back(separator2, c.separator2, 1);
  const std::uint64_t run = m.digit | separator1 | separator2 | separator3;
  const std::uint64_t run2 = run & back(run, c.run, 1);
  const std::uint64_t run4 = run2 & back(run2, c.run2, 2);
  const std::uint64_t run7 = run4 & back(run4, c.run4, 3);
  const std::uint64_t number = (~run & back(run7, c.run7, 1)) | pairs;

  // No country's code begins with 0.
  const std::uint64_t plus = ((m.digit & ~m.zero) | m.paren) & back(m.plus, c.plus, 1);

  // Two letters and two digits; whether a word begins there is left to the confirmation, which knows escapes.
  const std::uint64_t iban =
      m.digit & back(m.digit, c.digit, 1) & back(m.letter, c.letter, 2) & back(m.letter, c.letter, 3);

  std::uint64_t any = (m.at | quad | colons | uuid | number | plus | iban | m.literal) & valid;
  while (any != 0) {
    const unsigned i = static_cast<unsigned>(__builtin_ctzll(any));
    any &= any - 1;
    const auto bit = [i](std::uint64_t mask) { return static_cast<unsigned>(mask >> i & 1); };
    out.push_back(
        {offset + i, static_cast<std::uint8_t>(bit(m.at) | bit(quad) << 1 | bit(colons) << 2 | bit(uuid) << 3 |
                                               bit(number) << 4 | bit(plus) << 5 | bit(iban) << 6 | bit(m.literal) << 7)});
  }

  c.digit = m.digit, c.letter = m.letter, c.dot = m.dot, c.colon = m.colon, c.dash = m.dash;
  c.plus = m.plus, c.separator1 = separator1, c.separator2 = separator2;
  c.dotted = dotted, c.dotted2 = dotted2, c.pair = pair;
  c.run = run, c.run2 = run2, c.run4 = run4, c.run7 = run7;
  c.hex = hex, c.hex2 = hex2, c.hex4 = hex4, c.hex8 = hex8;
}

using Bytes = hn::CappedTag<std::uint8_t, kBlock>;
using Vector = hn::Vec<Bytes>;

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
HWY_INLINE Masks classify(const std::uint8_t* at) {
  const Bytes d;
  const std::size_t lanes = hn::Lanes(d);
  const auto has = [&](Vector classes, std::uint8_t bits) {
    return hn::Ne(hn::And(classes, hn::Set(d, bits)), hn::Zero(d));
  };
  Masks m{};
  for (std::size_t i = 0; i < kBlock; i += lanes) {
    const unsigned bit = static_cast<unsigned>(i);
    const Vector bytes = hn::LoadU(d, at + i);
    const Vector classes = look_up(d, kClasses, bytes);
    deposit(d, has(classes, class_digit), bit, m.digit);
    deposit(d, has(classes, class_hex_letter), bit, m.hex_letter);
    deposit(d, has(classes, class_separator), bit, m.separator);
    deposit(d, has(classes, class_letter_low | class_letter_high), bit, m.letter);
    deposit(d, hn::Eq(bytes, hn::Set(d, '0')), bit, m.zero);
    deposit(d, hn::Eq(bytes, hn::Set(d, '.')), bit, m.dot);
    deposit(d, hn::Eq(bytes, hn::Set(d, ':')), bit, m.colon);
    deposit(d, hn::Eq(bytes, hn::Set(d, '@')), bit, m.at);
    deposit(d, hn::Eq(bytes, hn::Set(d, '-')), bit, m.dash);
    deposit(d, hn::Eq(bytes, hn::Set(d, '+')), bit, m.plus);
    deposit(d, hn::Eq(bytes, hn::Set(d, '(')), bit, m.paren);
    const Vector literal =
        hn::And(look_up(d, kLiterals.byte[0], bytes), hn::And(look_up(d, kLiterals.byte[1], hn::LoadU(d, at + i + 1)),
                                                              look_up(d, kLiterals.byte[2], hn::LoadU(d, at + i + 2))));
    deposit(d, hn::Ne(literal, hn::Zero(d)), bit, m.literal);
  }
  return m;
}

void find_candidates(std::string_view text, std::vector<Candidate>& out) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const std::size_t size = text.size();
  if (size == 0) return;
  Carry carry;
  std::size_t at = 0;
  for (; at + kBlock + 2 <= size; at += kBlock) {
    emit(classify(bytes + at), carry, static_cast<std::uint32_t>(at), ~std::uint64_t{0}, out);
  }
  // The rest, and one byte more, so that a number that ends with the text is followed by something.
  for (; at <= size; at += kBlock) {
    std::uint8_t padded[kBlock + 2] = {};
    const std::size_t rest = size - at;
    std::memcpy(padded, bytes + at, rest < sizeof padded ? rest : sizeof padded);
    const std::uint64_t valid = rest + 1 >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << (rest + 1)) - 1;
    emit(classify(padded), carry, static_cast<std::uint32_t>(at), valid, out);
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

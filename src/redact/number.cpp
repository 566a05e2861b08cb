// Card and bank account numbers.
#include <algorithm>
#include <array>
#include <cstdint>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kCardDigitsMin = 12;
constexpr std::size_t kCardDigitsMax = 19;

// ---- cards ----

// ISO 7812 issuer ranges in use, as the first six digits of a number, and the lengths issued (bit n: n digits).
struct Issuer {
  std::uint32_t low, high;
  std::uint32_t lengths;
};
constexpr std::uint32_t lengths(std::size_t from, std::size_t to) {
  std::uint32_t bits = 0;
  for (std::size_t n = from; n <= to; ++n) bits |= 1u << n;
  return bits;
}
constexpr std::array<Issuer, 33> kIssuers = {{
    {180000, 180099, lengths(15, 15)},                                      // JCB
    {213100, 213199, lengths(15, 15)},                                      // JCB
    {220000, 220499, lengths(16, 19)},                                      // Mir
    {222100, 272099, lengths(16, 16)},                                      // Mastercard
    {300000, 305999, lengths(14, 14) | lengths(16, 16)},                    // Diners Club
    {309500, 309599, lengths(14, 14) | lengths(16, 16)},                    // Diners Club
    {340000, 349999, lengths(15, 15)},                                      // American Express
    {350000, 359999, lengths(16, 19)},                                      // JCB (3528-3589) and its former ranges
    {360000, 369999, lengths(14, 14) | lengths(16, 16)},                    // Diners Club
    {370000, 379999, lengths(15, 15)},                                      // American Express
    {380000, 399999, lengths(14, 14) | lengths(16, 16)},                    // Diners Club
    {400000, 499999, lengths(13, 13) | lengths(16, 16) | lengths(19, 19)},  // Visa
    {501800, 501899, lengths(12, 19)},                                      // Maestro
    {501900, 501999, lengths(16, 16)},                                      // Dankort
    {502000, 502099, lengths(12, 19)},                                      // Maestro
    {503800, 503899, lengths(12, 19)},                                      // Maestro
    {506099, 506198, lengths(16, 19)},                                      // Verve
    {508500, 508999, lengths(16, 16)},                                      // RuPay
    {510000, 559999, lengths(16, 16)},                                      // Mastercard
    {561200, 561299, lengths(12, 19)},                                      // Maestro
    {587400, 587499, lengths(12, 19)},                                      // Maestro
    {589300, 589399, lengths(12, 19)},                                      // Maestro
    {601100, 601199, lengths(16, 19)},                                      // Discover
    {606985, 607984, lengths(16, 16)},                                      // RuPay
    {620000, 629999, lengths(16, 19)},                                      // UnionPay
    {630400, 630499, lengths(12, 19)},                                      // Maestro
    {639000, 639099, lengths(12, 19)},                                      // Maestro
    {644000, 649999, lengths(16, 19)},                                      // Discover
    {650000, 659999, lengths(16, 19)},                                      // Discover, RuPay, Verve
    {675900, 675999, lengths(12, 19)},                                      // Maestro
    {676100, 676399, lengths(12, 19)},                                      // Maestro
    {810000, 817199, lengths(16, 19)},                                      // UnionPay
    {979200, 979299, lengths(16, 16)},                                      // Troy
}};

bool is_issued(std::string_view digits) noexcept {
  std::uint32_t head = 0;
  for (std::size_t i = 0; i < 6; ++i) head = head * 10 + static_cast<std::uint32_t>(digits[i] - '0');
  return std::any_of(kIssuers.begin(), kIssuers.end(), [&](const Issuer& issuer) {
    return head >= issuer.low && head <= issuer.high && (issuer.lengths >> digits.size() & 1) != 0;
  });
}

bool passes_luhn(std::string_view digits) noexcept {
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    unsigned digit = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    if (i % 2 == 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

// Digit groups as printed on cards, longest first; every other separated number is no card.
struct CardShape {
  std::array<std::uint8_t, 5> groups;
};
constexpr std::array<CardShape, 6> kCardShapes = {{
    {{4, 4, 4, 4, 3}},
    {{4, 4, 4, 4}},
    {{4, 6, 5}},
    {{4, 6, 4}},
    {{4, 4, 4, 1}},
    {{4, 4, 4}},
}};

// Digits of a number that has exactly this shape at `at`; `end` becomes where it ends. Empty if it has another.
std::string_view read_shape(std::string_view text, std::size_t at, const CardShape& shape, char* digits, std::size_t& end) {
  std::size_t count = 0;
  const char separator = text[at + 4];
  std::size_t i = at;
  for (std::size_t g = 0; g < shape.groups.size() && shape.groups[g] != 0; ++g) {
    if (g > 0 && (i >= text.size() || text[i++] != separator)) return {};
    for (std::size_t n = 0; n < shape.groups[g]; ++n, ++i) {
      if (i >= text.size() || !is_digit(text[i])) return {};
      digits[count++] = text[i];
    }
  }
  end = i;
  return {digits, count};
}

constexpr bool joins_identifier(char c) noexcept { return c == '-' || c == '.' || c == '_'; }

// A card number may not go on as a word, an identifier, a longer number or a decimal.
bool ends_card(std::string_view text, std::size_t end) noexcept {
  if (!at_end_or_not_alnum(text, end)) return false;
  if (end < text.size() && text[end] == '_') return false;
  return !(end + 1 < text.size() && (joins_identifier(text[end]) || text[end] == ',') &&
           (text[end] == ',' ? is_digit(text[end + 1]) : is_alnum(text[end + 1])));
}

// Nor begin within one: blk_4111…, blk_-4111…, order-4111…, 0.4111….
bool begins_card(std::string_view text, std::size_t at) noexcept {
  if (!is_digit(text[at]) || !begins_word(text, at)) return false;
  if (at == 0) return true;
  const char before = text[at - 1];
  if (before == '_') return false;
  if (before == ',') return at < 2 || !is_digit(text[at - 2]);
  return !joins_identifier(before) || at < 2 || (!is_alnum(text[at - 2]) && text[at - 2] != '_');
}

// ---- bank accounts ----

// ISO 13616: total length by country.
struct IbanCountry {
  char code[3];
  std::uint8_t length;
};
constexpr std::array<IbanCountry, 89> kIbanCountries = {{
    {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22}, {"BI", 27},
    {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27}, {"DK", 18}, {"DO", 28},
    {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27}, {"GB", 22}, {"GE", 22}, {"GI", 23},
    {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28}, {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26},
    {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28}, {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21},
    {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22}, {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28},
    {"NL", 18}, {"NO", 15}, {"OM", 23}, {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22},
    {"RU", 33}, {"SA", 24}, {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25},
    {"SV", 28}, {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30},
}};

std::size_t iban_length(std::string_view text, std::size_t at) noexcept {
  const char first = static_cast<char>(lower(text[at]) - 32);
  const char second = static_cast<char>(lower(text[at + 1]) - 32);
  for (const IbanCountry& country : kIbanCountries)
    if (country.code[0] == first && country.code[1] == second) return country.length;
  return 0;
}

// The number modulo 97 of the rearranged account: country and check digits behind the rest, letters as 10-35.
bool passes_mod97(const char* account, std::size_t size) noexcept {
  unsigned remainder = 0;
  for (std::size_t i = 0; i < size; ++i) {
    const char c = account[(i + 4) % size];
    remainder = is_digit(c) ? (remainder * 10 + static_cast<unsigned>(c - '0')) % 97
                            : (remainder * 100 + static_cast<unsigned>(lower(c) - 'a' + 10)) % 97;
  }
  return remainder == 1;
}

}  // namespace

Extent match_card(std::string_view text, std::size_t at) noexcept {
  if (!begins_card(text, at)) return {};
  const char before = at > 0 ? text[at - 1] : ' ';
  const auto is_card = [&](std::string_view digits, std::size_t end) {
    return ends_card(text, end) && is_issued(digits) && passes_luhn(digits);
  };
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]) && end - at <= kCardDigitsMax) ++end;
  const std::size_t run = end - at;
  if (run >= kCardDigitsMin && run <= kCardDigitsMax) {
    if (before == '+' && run <= kPhoneDigitsMax) return {};
    return is_card(text.substr(at, run), end) ? Extent{at, end} : Extent{};
  }
  if (run != 4 || end >= text.size() || (text[end] != ' ' && text[end] != '-')) return {};
  char room[kCardDigitsMax];
  for (const CardShape& shape : kCardShapes) {
    const std::string_view digits = read_shape(text, at, shape, room, end);
    if (digits.empty() || (before == '+' && digits.size() <= kPhoneDigitsMax)) continue;
    if (is_card(digits, end)) return {at, end};
  }
  return {};
}

Extent match_iban(std::string_view text, std::size_t at) noexcept {
  if (text.size() - at < 15 || !begins_word(text, at)) return {};
  const std::size_t length = iban_length(text, at);
  if (length == 0) return {};
  char account[34];
  std::size_t count = 0;
  std::size_t i = at;
  const char separator = text[at + 4] == ' ' || text[at + 4] == '-' ? text[at + 4] : '\0';
  while (count < length && i < text.size()) {
    if (separator != 0 && count % 4 == 0 && count > 0 && text[i] == separator &&
        (i == at + 4 || text[i - 1] != separator)) {
      ++i;
      continue;
    }
    if (!is_alnum(text[i]) || (separator != 0 && count % 4 == 0 && count > 0 && text[i - 1] != separator)) return {};
    account[count++] = text[i++];
  }
  if (count < length || !at_end_or_not_alnum(text, i)) return {};
  return passes_mod97(account, count) ? Extent{at, i} : Extent{};
}

}  // namespace logystera::redact

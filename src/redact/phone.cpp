// Phone numbers.
#include <algorithm>
#include <array>
#include <cstdint>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kPhoneDigitsMin = 7;

// Digit groups of a number being read. A separator run is at most `most` of the allowed bytes.
struct Groups {
  static constexpr std::size_t kMost = kPhoneDigitsMax + 2;
  std::array<std::uint8_t, kMost> sizes{};
  std::array<std::size_t, kMost> ends{};  // end of each group in the text
  std::size_t count = 0;
  std::size_t digits = 0;
  bool dots = false;    // separated by '.' somewhere
  bool others = false;  // separated by something else somewhere
};

Groups read_groups(std::string_view text, std::size_t at, std::string_view separators, std::size_t most = 2) noexcept {
  Groups groups;
  std::size_t i = at;
  while (true) {
    const std::size_t first = i;
    while (i < text.size() && is_digit(text[i])) {
      if (i - first > kPhoneDigitsMax) break;
      ++i;
    }
    if (i == first) return groups;
    // More digits than a number has: what is too much belongs to something else.
    if (groups.digits + (i - first) > kPhoneDigitsMax + 2 || groups.count == Groups::kMost) return groups;
    groups.sizes[groups.count] = static_cast<std::uint8_t>(i - first);
    groups.ends[groups.count++] = i;
    groups.digits += i - first;
    std::size_t next = i;
    while (next < text.size() && next - i < most && separators.find(text[next]) != std::string_view::npos) ++next;
    if (next == i || next >= text.size() || !is_digit(text[next])) return groups;
    for (std::size_t s = i; s < next; ++s) (text[s] == '.' ? groups.dots : groups.others) = true;
    i = next;
  }
}

// "x4587", " ext. 12": part of the number it follows. The end of the number with it.
std::size_t with_extension(std::string_view text, std::size_t end) noexcept {
  std::size_t at = end;
  if (at < text.size() && text[at] == ' ') ++at;
  if (has_word(text, at, "ext")) {
    at += 3;
    if (at < text.size() && text[at] == '.') ++at;
    if (at < text.size() && text[at] == ' ') ++at;
  } else if (at < text.size() && lower(text[at]) == 'x') {
    ++at;
  } else {
    return end;
  }
  std::size_t stop = at;
  while (stop < text.size() && is_digit(text[stop]) && stop - at < 6) ++stop;
  return stop > at && stop - at <= 5 && at_end_or_not_alnum(text, stop) ? stop : end;
}

// A number may not go on as a word, a decimal, a time, an amount or a longer number.
bool ends_number(std::string_view text, std::size_t end) noexcept {
  if (end >= text.size()) return true;
  const char c = text[end];
  if (is_alnum(c) || c == '_' || c == '%') return false;
  const bool digit_follows = end + 1 < text.size() && is_digit(text[end + 1]);
  return !(digit_follows && (c == '.' || c == ':' || c == '-' || c == '/' || c == ','));
}

// Length of the country code in front of `digits`, 0 if no such code is assigned (ITU-T E.164 list).
std::size_t country_code_length(std::string_view digits) noexcept {
  if (digits.size() < 3) return 0;
  if (digits[0] == '1' || digits[0] == '7') return 1;
  const int two = (digits[0] - '0') * 10 + (digits[1] - '0');
  constexpr std::array<std::uint8_t, 44> two_digit = {20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46,
                                                      47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61, 62, 63,
                                                      64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98};
  if (std::find(two_digit.begin(), two_digit.end(), two) != two_digit.end()) return 2;
  const int three = two * 10 + (digits[2] - '0');
  const auto in = [three](int low, int high) { return three >= low && three <= high; };
  const bool assigned = in(211, 213) || three == 216 || three == 218 || in(220, 258) || in(260, 269) || in(290, 291) ||
                        in(297, 299) || in(350, 359) || in(370, 378) || three == 380 || in(381, 383) || in(385, 387) ||
                        three == 389 || in(420, 421) || three == 423 || in(500, 509) || in(590, 599) || in(670, 692) ||
                        three == 800 || three == 808 || three == 850 || in(852, 853) || in(855, 856) || in(870, 888) ||
                        in(960, 968) || in(970, 977) || three == 979 || in(992, 996) || three == 998;
  return assigned ? 3 : 0;
}

// The digits of the groups, without the "(0)" some write behind the country code. Returns how many.
std::size_t copy_digits(std::string_view text, std::size_t begin, std::size_t end, char* out, std::size_t room) noexcept {
  std::size_t count = 0;
  for (std::size_t i = begin; i < end && count < room; ++i) {
    if (has(text, i, "(0)") && i + 3 < end && i > begin) i += 2;
    else if (is_digit(text[i])) out[count++] = text[i];
  }
  return count;
}

// Whether the digits of [begin, end) are country code and number. North America's plan is checked as far as it goes.
bool is_e164(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  char digits[kPhoneDigitsMax + 4];
  const std::size_t count = copy_digits(text, begin, end, digits, sizeof digits);
  if (count < 8 || count > kPhoneDigitsMax) return false;
  const std::size_t code = country_code_length({digits, count});
  if (code == 0) return false;
  if (digits[0] == '1') return count == 11 && digits[1] >= '2';
  if (digits[0] == '7') return count == 11;
  return true;
}

constexpr std::string_view kSeparators = " -()";
constexpr std::string_view kInternationalSeparators = " -().";

// The longest run of groups from `at` on that is a number with country code; `begin` is where the finding begins.
Extent international(std::string_view text, std::size_t begin, std::size_t at, std::string_view separators) noexcept {
  const Groups groups = read_groups(text, at, separators);
  for (std::size_t n = groups.count; n > 0; --n) {
    if (!is_e164(text, at, groups.ends[n - 1])) continue;
    const std::size_t end = with_extension(text, groups.ends[n - 1]);
    // A shorter run of groups is followed by the separator that led to the next.
    // What a longer run goes on as (10:30, 12ms) takes its last group with it.
    if (n < groups.count || ends_number(text, end)) return {begin, end};
  }
  return {};
}

// (NPA) NXX-XXXX, NPA-NXX-XXXX, NPA.NXX.XXXX; area code and exchange do not begin with 0 or 1 in a number without a word
// beside it.
Extent north_american(std::string_view text, std::size_t at) noexcept {
  std::size_t i = at;
  const bool parenthesised = text[i] == '(';
  if (parenthesised) ++i;
  const auto digits = [&](std::size_t from, std::size_t count) {
    if (from > text.size() || text.size() - from < count) return false;
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from),
                       text.begin() + static_cast<std::ptrdiff_t>(from + count), is_digit);
  };
  if (!digits(i, 3) || text[i] < '2') return {};
  i += 3;
  char separator = 0;
  if (parenthesised) {
    if (i >= text.size() || text[i] != ')') return {};
    ++i;
    if (i < text.size() && text[i] == ' ') ++i;
  } else {
    if (i >= text.size() || (text[i] != '-' && text[i] != '.')) return {};
    separator = text[i++];
  }
  if (!digits(i, 3) || text[i] < '2') return {};
  i += 3;
  if (i >= text.size() || (text[i] != '-' && text[i] != '.') || (separator != 0 && text[i] != separator)) return {};
  ++i;
  if (!digits(i, 4)) return {};
  i = with_extension(text, i + 4);
  return ends_number(text, i) ? Extent{at, i} : Extent{};
}

constexpr bool is_year(unsigned n) noexcept { return n >= 1900 && n <= 2099; }
constexpr bool is_month(unsigned n) noexcept { return n >= 1 && n <= 12; }
constexpr bool is_day(unsigned n) noexcept { return n >= 1 && n <= 31; }

// Whether the groups are a date, a social security number or a postal code.
bool is_date_or_other_number(std::string_view text, const Groups& groups) noexcept {
  const auto shape = [&](std::initializer_list<std::size_t> sizes) {
    return sizes.size() <= groups.count && std::equal(sizes.begin(), sizes.end(), groups.sizes.begin(),
                                                      [](std::size_t a, std::uint8_t b) { return a == b; });
  };
  const auto number = [&](std::size_t group) {
    unsigned value = 0;
    for (std::size_t i = groups.ends[group] - groups.sizes[group]; i < groups.ends[group]; ++i)
      value = value * 10 + static_cast<unsigned>(text[i] - '0');
    return value;
  };
  if (shape({4, 2, 2}) && is_year(number(0)) && is_month(number(1)) && is_day(number(2))) {
    // 1988 12 24 30: what goes on as it began is no date with a time behind it.
    const char separator = text[groups.ends[0]];
    return groups.count == 3 || separator != text[groups.ends[2]];
  }
  const bool year_last = groups.count == 3 && groups.sizes[0] <= 2 && groups.sizes[1] <= 2 && groups.sizes[2] == 4;
  if (year_last && is_year(number(2)) &&
      ((is_day(number(0)) && is_month(number(1))) || (is_month(number(0)) && is_day(number(1)))))
    return true;
  const bool social_security = groups.count == 3 && shape({3, 2, 4});
  const bool postal_code = groups.count == 2 && shape({5, 4});
  return social_security || postal_code;
}

enum class Beside { nothing, weak, grouped, strong };

// What may stand between a word that says phone and bare digits; lower case. Everything else names another number: cell_id,
// mobile app, fax job.
bool leads_to_number(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 58> words = {
      "number",   "numbers", "no",   "nr",     "num",    "nummer", "is",   "was",    "are",   "be",   "at",     "on",
      "to",       "me",      "us",   "my",     "the",    "a",      "your", "his",    "her",   "our",  "or",     "and",
      "home",     "work",    "cell", "mobile", "phone",  "fax",    "tel",  "office", "desk",  "line", "direct", "private",
      "business", "contact", "new",  "now",    "of",     "for",    "call", "text",   "reach", "dial", "value",  "sms",
      "whatsapp", "please",  "ist",  "est",    "lautet", "mobil",  "de",   "under",  "via",   "by"};
  return word.size() == 1 || std::any_of(words.begin(), words.end(), [&](std::string_view w) {
           return w.size() == word.size() && has_word(word, 0, w);
         });
}

// Whether the words of [at, end) all lead to a number; camel case parts them, too (phoneNumber).
bool lead_to_number(std::string_view text, std::size_t at, std::size_t end) noexcept {
  while (at < end) {
    if (is_high(text[at])) return false;
    if (!is_letter(text[at])) {
      ++at;
      continue;
    }
    std::size_t stop = at + 1;
    while (stop < end && text[stop] >= 'a' && text[stop] <= 'z') ++stop;
    if (stop == at + 1)
      while (stop < end && is_letter(text[stop])) ++stop;  // NUMBER
    if (!leads_to_number(text.substr(at, stop - at))) return false;
    at = stop;
  }
  return true;
}

// Whether one of the words of [at, end) says that what follows is the number of something else.
bool lead_to_identifier(std::string_view text, std::size_t at, std::size_t end) noexcept {
  constexpr std::array<std::string_view, 20> words = {"id",    "app",   "version", "session", "device",  "order", "job",
                                                      "queue", "event", "model",   "build",   "count",   "ref",   "hash",
                                                      "port",  "pid",   "ticket",  "tower",   "message", "code"};
  while (at < end) {
    std::size_t stop = at;
    while (stop < end && is_letter(text[stop])) ++stop;
    const std::string_view word = text.substr(at, stop - at);
    if (std::any_of(words.begin(), words.end(), [&](auto w) { return w.size() == word.size() && has_word(word, 0, w); }))
      return true;
    at = stop + 1;
  }
  return false;
}

// The word beside a number. A strong word makes a bare run of digits a phone number where nothing but fillers stands between;
// with other words between, and for a weak one, digits have to be grouped.
Beside word_beside(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  constexpr std::size_t kReach = 24;
  constexpr std::array<std::string_view, 12> strong = {"phone", "telephone", "tel", "mobile", "mob",     "cell",
                                                       "fax",   "whatsapp",  "sms", "msisdn", "telefon", "handy"};
  constexpr std::array<std::string_view, 8> weak = {"call", "calling", "desk",      "office",
                                                    "dial", "contact", "answering", "reach"};
  constexpr std::array<std::string_view, 7> after = {"office", "fax", "mobile", "phone", "cell", "tel", "desk"};
  constexpr std::array<std::string_view, 6> endings = {"s", "number", "numbers", "nummer", "no", "nr"};

  // Backwards to the nearest digit; within that, a word of the lists.
  std::size_t floor = begin;
  while (floor > 0 && begin - floor < kReach && !is_digit(text[floor - 1])) --floor;
  Beside found = Beside::nothing;
  for (std::size_t at = floor; at < begin; ++at) {
    if (!is_letter(text[at])) continue;
    if (has(text, at, "phone>") && at > 0 && text[at - 1] == '<') continue;  // the mask of another number
    const auto here = [&](std::string_view word) { return has_word(text, at, word) && at + word.size() <= begin; };
    // Where the word ends with its ending (phones, telefonnummer), 0 if it goes on as another one (telemetry, cellular).
    const auto stop_of = [&](std::string_view word) -> std::size_t {
      std::size_t stop = at + word.size();
      const auto goes_on = [&](std::size_t i) {
        return i < begin && is_letter(text[i]) &&
               !(text[i] >= 'A' && text[i] <= 'Z' && is_letter(text[i - 1]) && text[i - 1] >= 'a');
      };
      if (!goes_on(stop)) return stop;
      for (std::string_view ending : endings)
        if (has_word(text, stop, ending) && !goes_on(stop + ending.size())) return stop + ending.size();
      return 0;
    };
    // A long word may begin anywhere (homePhone), a short one only where a word begins (not "hotel").
    const bool starts = at == 0 || !is_alnum(text[at - 1]);
    for (std::string_view word : strong) {
      if (!(starts || word.size() >= 5) || !here(word)) continue;
      const std::size_t stop = stop_of(word);
      if (stop == 0 || lead_to_identifier(text, stop, begin)) continue;
      if (lead_to_number(text, stop, begin)) return Beside::strong;
      found = Beside::grouped;
    }
    for (std::string_view word : weak)
      if (starts && here(word) && (at + word.size() == begin || !is_letter(text[at + word.size()])) &&
          !lead_to_identifier(text, at + word.size(), begin))
        found = std::max(found, Beside::weak);
  }
  std::size_t next = end;
  while (next < text.size() && next - end < 2 && (text[next] == ' ' || text[next] == '-')) ++next;
  if (next > end)
    for (std::string_view word : after)
      if (has_word(text, next, word) && at_end_or_not_alnum(text, next + word.size())) return Beside::strong;
  return found;
}

// A national number: it needs a word beside it, or its own field.
Extent national(std::string_view text, std::size_t at, Context context) noexcept {
  const std::size_t first = text[at] == '(' ? at + 1 : at;
  if (first >= text.size() || !is_digit(text[first])) return {};
  Groups groups = read_groups(text, first, kSeparators);
  if (groups.count > 0 && groups.digits < kPhoneDigitsMin) groups = read_groups(text, first, ".", 1);
  if (groups.count == 0) return {};
  std::size_t end = with_extension(text, groups.ends[groups.count - 1]);
  if (!ends_number(text, end)) {
    // The last group belongs to what goes on there (tel 0170 1234567 10:30), as one does that would be too much.
    if (groups.dots || groups.count < 2) return {};
    groups.digits -= groups.sizes[--groups.count];
    end = groups.ends[groups.count - 1];
  }
  if (groups.digits < kPhoneDigitsMin || groups.digits > kPhoneDigitsMax) return {};
  if (groups.dots) {
    // 01.84.17.61.18: dots join short groups only, else it is a version or a sum.
    if (groups.count < 3 || groups.sizes[0] < 2 || groups.sizes[groups.count - 1] < 2) return {};
    for (std::size_t i = 1; i + 1 < groups.count; ++i)
      if (groups.sizes[i] < 2 || groups.sizes[i] > 3) return {};
  }
  if (is_date_or_other_number(text, groups)) return {};
  if (context == Context::phone) return {at, end};
  const Beside beside = word_beside(text, at, end);
  if (beside == Beside::nothing || (beside != Beside::strong && groups.count < 2)) return {};
  return {at, end};
}

}  // namespace

Extent match_phone(std::string_view text, std::size_t at, Context context) noexcept {
  if (context == Context::version) return {};
  const char first = text[at];
  const char before = at > 0 ? text[at - 1] : ' ';
  const bool encoded_plus = first != '+' && at >= 3 && has_word(text, at - 3, "%2b");
  if (first == '+' || encoded_plus) {
    const std::size_t begin = encoded_plus ? at - 3 : at;
    std::size_t number = encoded_plus ? at : at + 1;
    if (number < text.size() && text[number] == '(') ++number;
    if (number >= text.size() || !is_digit(text[number]) || text[number] == '0') return {};
    if (begin > 0 && (text[begin - 1] == '_' || text[begin - 1] == '+' || !begins_word(text, begin))) return {};
    return international(text, begin, number, encoded_plus ? kSeparators : kInternationalSeparators);
  }
  if (before == '_' || before == '+' || before == '#' || before == '$' || before == '/' || !begins_word(text, at))
    return {};
  if ((before == '.' || before == '-' || before == ',' || before == ':') && at >= 2 && is_digit(text[at - 2])) return {};
  if (first == '0' && has(text, at, "00")) {
    const Groups head = read_groups(text, at, {});
    const std::size_t code = head.count > 0 ? head.sizes[0] - 2u : 0;
    char digits[4] = {};
    if (code >= 1 && code <= 3 && copy_digits(text, at + 2, at + 2 + code, digits, 3) == code) {
      const std::size_t assigned = country_code_length(std::string_view(digits, 3));
      if (code == 1 ? digits[0] == '1' || digits[0] == '7' : code == assigned)
        if (const Extent found = international(text, at, at + 2, kSeparators)) return found;
    }
  }
  if (before == '.' || before == '-') return {};
  if (const Extent found = north_american(text, at)) return found;
  return national(text, at, context);
}

}  // namespace logystera::redact

// E-mail and IP addresses, UUIDs, and where words begin.
#include <algorithm>
#include <array>

#include "core/record.hpp"
#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kLocalPartBytes = 64;  // RFC 5321 §4.5.3.1.1
constexpr std::size_t kDomainBytes = 253;    // RFC 1035 §2.3.4, without the root dot
constexpr std::size_t kLabelBytes = 63;
constexpr std::size_t kAddressRunBytes = 64;  // hex digits, ':' and '.' around an IPv6 address; more is something else

constexpr bool is_escape_letter(char c) noexcept { return c == 'n' || c == 'r' || c == 't' || c == 'b' || c == 'f'; }

// Whether byte `at` is one of the two digits of a %XX.
bool inside_percent_escape(std::string_view text, std::size_t at) noexcept {
  const auto escape = [&](std::size_t percent) {
    return percent + 2 < text.size() && text[percent] == '%' && is_hex(text[percent + 1]) && is_hex(text[percent + 2]);
  };
  return (at >= 1 && escape(at - 1)) || (at >= 2 && escape(at - 2));
}

// Whether byte `at` is one of those behind the backslash of \xXX or \uXXXX.
bool inside_backslash_escape(std::string_view text, std::size_t at) noexcept {
  const auto escape = [&](std::size_t backslash, char kind, std::size_t digits) {
    if (text.size() - backslash < digits + 2 || text[backslash] != '\\' || text[backslash + 1] != kind) return false;
    const auto first = text.begin() + static_cast<std::ptrdiff_t>(backslash + 2);
    return std::all_of(first, first + static_cast<std::ptrdiff_t>(digits), is_hex);
  };
  for (std::size_t back = 1; back <= 5 && back <= at; ++back)
    if (escape(at - back, 'u', 4) || (back <= 3 && escape(at - back, 'x', 2))) return true;
  return false;
}

// Whether the byte before `at` ends %XX, \n and its like, \xXX, \uXXXX or #0XX, as syslog writes a control character.
bool after_escape(std::string_view text, std::size_t at) noexcept {
  const auto hex = [&](std::size_t from) {
    return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(from), text.begin() + static_cast<std::ptrdiff_t>(at),
                       is_hex);
  };
  if (at >= 2 && text[at - 2] == '\\' && is_escape_letter(text[at - 1])) return true;
  if (at >= 3 && text[at - 3] == '%' && hex(at - 2)) return true;
  if (at >= 4 && text[at - 4] == '\\' && text[at - 3] == 'x' && hex(at - 2)) return true;
  if (at >= 4 && text[at - 4] == '#' && text[at - 3] == '0' && text[at - 2] >= '0' && text[at - 2] <= '3' &&
      text[at - 1] >= '0' && text[at - 1] <= '7')
    return true;
  return at >= 6 && text[at - 6] == '\\' && text[at - 5] == 'u' && hex(at - 4);
}

bool is_local(char c) noexcept {
  return is_alnum(c) || is_high(c) || c == '.' || c == '_' || c == '+' || c == '-' || c == '\'' || c == '~';
}

// An address begins with a letter, digit or '_' that is not half of an escape.
bool begins_local(std::string_view text, std::size_t at) noexcept {
  const char c = text[at];
  if (!is_alnum(c) && !is_high(c) && c != '_') return false;
  if (inside_percent_escape(text, at) || inside_backslash_escape(text, at)) return false;
  return at == 0 || text[at - 1] != '\\' || !is_escape_letter(c);
}

// Image scales and package versions are written with an '@' too; none of these is a top-level domain.
bool is_file_extension(std::string_view label) noexcept {
  constexpr std::array<std::string_view, 26> extensions = {
      "png", "jpg",  "jpeg", "gif", "webp", "svg", "avif", "ico", "bmp", "css",  "scss", "js",    "mjs",
      "map", "json", "html", "htm", "php",  "xml", "txt",  "pdf", "gz",  "woff", "ttf",  "woff2", "eot"};
  return std::any_of(extensions.begin(), extensions.end(),
                     [&](std::string_view e) { return e.size() == label.size() && has_word(label, 0, e); });
}

bool is_top_level(std::string_view label) noexcept {
  if (label.size() < 2 || is_file_extension(label)) return false;
  if (has_word(label, 0, "xn--")) return label.size() > 4;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_letter(c) || is_high(c); });
}

// End of the longest domain at `at`, or 0.
std::size_t domain_end(std::string_view text, std::size_t at) noexcept {
  std::size_t end = 0;
  const std::size_t limit = std::min(text.size(), at + kDomainBytes);
  for (std::size_t label = at, labels = 0;; ++labels) {
    std::size_t stop = label;
    while (stop < limit && (is_alnum(text[stop]) || is_high(text[stop]) || text[stop] == '-')) ++stop;
    if (stop == limit && stop < text.size() && (is_alnum(text[stop]) || is_high(text[stop]) || text[stop] == '-'))
      return end;
    std::string_view name = text.substr(label, stop - label);
    if (name.empty() || name.front() == '-' || name.size() > kLabelBytes) return end;
    // A hyphen behind the last label is punctuation; no further label can follow it.
    const bool hyphen = name.back() == '-';
    while (!name.empty() && name.back() == '-') name.remove_suffix(1);
    if (labels > 0 && is_top_level(name)) end = label + name.size();
    if (hyphen || stop >= limit || text[stop] != '.') return end;
    label = stop + 1;
  }
}

// Octets at `at`: one to three digits, at most 255. 0 if there is none.
std::size_t octet_end(std::string_view text, std::size_t at) noexcept {
  unsigned number = 0;
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end]) && end - at < 4)
    number = number * 10 + static_cast<unsigned>(text[end++] - '0');
  return end - at >= 1 && end - at <= 3 && number <= 255 ? end : 0;
}

constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

// Where the octet begins that ends, with its dot, just before `at`.
std::size_t octet_before(std::string_view text, std::size_t at) noexcept {
  if (at < 2 || text[at - 1] != '.') return kNowhere;
  std::size_t begin = at - 1;
  while (begin > 0 && at - begin < 5 && is_digit(text[begin - 1])) --begin;
  return octet_end(text, begin) == at - 1 ? begin : kNowhere;
}

// Products whose four-part versions are seen in logs; lower case.
bool is_known_product(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 34> products = {
      "chrome",      "chromium",   "headlesschrome", "crios",          "firefox",   "fxios",   "safari",   "version",
      "edg",         "edge",       "edga",           "edgios",         "opr",       "opera",   "opios",    "yabrowser",
      "vivaldi",     "brave",      "electron",       "samsungbrowser", "ucbrowser", "silk",    "coolnovo", "iron",
      "applewebkit", "gecko",      "seamonkey",      "thunderbird",    "msie",      "trident", "dalvik",   "cfnetwork",
      "okhttp",      "chromeframe"};
  for (std::size_t i = 0; i < name.size(); ++i)
    if (has_word(name, i, "browser")) return true;
  return std::any_of(products.begin(), products.end(),
                     [&](std::string_view p) { return p.size() == name.size() && has_word(name, 0, p); });
}

constexpr bool is_product_byte(char c) noexcept { return is_alnum(c) || c == '.' || c == '_' || c == '-' || c == '+'; }

// Whether a product/version token ends just before `at` (spaces and one parenthesised comment between), or begins at `after`
// behind spaces.
bool among_products(std::string_view text, std::size_t at, std::size_t after) noexcept {
  constexpr std::size_t kReach = 256;
  const std::size_t floor = at > kReach ? at - kReach : 0;
  const auto skip_spaces = [&](std::size_t from) {
    while (from > floor && (text[from - 1] == ' ' || text[from - 1] == ';')) --from;
    return from;
  };
  std::size_t end = skip_spaces(at);
  if (end > floor && text[end - 1] == ')') {
    while (end > floor && text[end - 1] != '(') --end;
    if (end > floor) end = skip_spaces(end - 1);
  }
  std::size_t begin = end;
  while (begin > floor && (is_product_byte(text[begin - 1]) || text[begin - 1] == '/')) --begin;
  const std::size_t slash = text.substr(begin, end - begin).find('/');
  if (end < at && slash != std::string_view::npos && slash > 0 && begin + slash + 1 < end &&
      is_digit(text[begin + slash + 1]))
    return true;
  std::size_t next = after;
  while (next < text.size() && text[next] == ' ') ++next;
  if (next == after || next >= text.size() || !is_letter(text[next])) return false;
  std::size_t stop = next;
  while (stop < text.size() && stop - next < kReach && is_product_byte(text[stop])) ++stop;
  return stop + 1 < text.size() && text[stop] == '/' && is_digit(text[stop + 1]);
}

// Whether the quad [begin, end) is the version in product/version.
bool is_product_version(std::string_view text, std::size_t begin, std::size_t end, Context context) noexcept {
  std::size_t name = begin - 1;  // of the '/'
  while (name > 0 && is_product_byte(text[name - 1])) --name;
  if (name == begin - 1) return false;  // "//192.0.2.1", " /192.0.2.1:80"
  if (end + 1 < text.size() && text[end] == ':' && is_digit(text[end + 1])) return false;  // host/192.0.2.1:8080
  if (context == Context::user_agent) return true;
  if (name > 0 && text[name - 1] == '/') return false;  // a path
  if (is_known_product(text.substr(name, begin - 1 - name))) return true;
  if (!is_letter(text[name])) return false;
  return among_products(text, name, end);
}

// Whether the word before `at`, across at most four bytes of punctuation, says that a version follows.
bool after_version_word(std::string_view text, std::size_t at) noexcept {
  std::size_t end = at;
  while (end > 0 && at - end < 4 && !is_alnum(text[end - 1])) --end;
  if (end == at) return false;
  std::size_t begin = end;
  while (begin > 0 && end - begin < 16 && is_letter(text[begin - 1])) --begin;
  const std::string_view word = text.substr(begin, end - begin);
  constexpr std::array<std::string_view, 13> words = {"version", "ver", "release", "build",  "firmware", "rv", "v",
                                                      "rev",     "fw",  "sdk",     "driver", "revision", "oid"};
  if (std::any_of(words.begin(), words.end(), [&](auto w) { return w.size() == word.size() && has_word(word, 0, w); }))
    return true;
  return word.size() > 7 && has_word(word, word.size() - 7, "version");  // nginxVersion, appversion
}

// In a product list a quad is an address only where something says so.
bool is_marked_address(std::string_view text, std::size_t begin) noexcept {
  if (begin == 0) return true;
  if (std::string_view("@[(=,\"'/").find(text[begin - 1]) != std::string_view::npos) return true;
  std::size_t end = begin;
  while (end > 0 && (text[end - 1] == ' ' || text[end - 1] == ':')) --end;
  const auto ends_with = [&](std::string_view word) {
    return end >= word.size() && has_word(text, end - word.size(), word) &&
           (end == word.size() || !is_alnum(text[end - word.size() - 1]));
  };
  return end < begin && (ends_with("ip") || ends_with("from") || ends_with("client") || ends_with("addr") ||
                         ends_with("address") || ends_with("host"));
}

// What packages write: name~~6.1.1.0, 1.2.3.4~rc1, 1.2.3.4-1, name-1.2.3.4.jar.
bool is_package_version(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  constexpr std::array<std::string_view, 14> extensions = {"tar", "tgz", "zip", "jar", "war", "ear",   "rpm",
                                                           "deb", "whl", "dll", "exe", "msi", "nupkg", "apk"};
  if (begin > 0 && text[begin - 1] == '~') return true;
  if (end >= text.size()) return false;
  if (text[end] == '~') return true;
  if (text[end] == '.' && begin >= 2 && (text[begin - 1] == '-' || text[begin - 1] == '_') && is_alnum(text[begin - 2]))
    return std::any_of(extensions.begin(), extensions.end(), [&](std::string_view e) {
      return has_word(text, end + 1, e) && at_end_or_not_alnum(text, end + 1 + e.size());
    });
  // A revision; no client has such an address and nothing else behind a hyphen (10.0.0.1-10.0.0.9, 10.0.0.1-50010).
  if (text[end] != '-' || text[begin + 1] != '.') return false;
  std::size_t stop = end + 1;
  while (stop < text.size() && stop - end < 4 && is_digit(text[stop])) ++stop;
  return stop - end >= 2 && stop - end <= 3 && (stop >= text.size() || (!is_digit(text[stop]) && text[stop] != '.'));
}

bool is_version(std::string_view text, std::size_t begin, std::size_t end, Context context) noexcept {
  if (context == Context::version) return true;
  if (text.substr(begin, end - begin) == "1.3.6.1") return true;  // iso.org.dod.internet
  if (is_package_version(text, begin, end)) return true;
  if (begin == 0) return false;
  if (text[begin - 1] == '/' && is_product_version(text, begin, end, context)) return true;
  if (after_version_word(text, begin)) return true;
  return context == Context::user_agent && !is_marked_address(text, begin);
}

constexpr bool is_address_run(char c) noexcept { return is_hex(c) || c == ':' || c == '.'; }

// "::" alone names nobody, and words of a-f joined by "::" are code: an address has a decimal digit or four groups.
bool names_somebody(std::string_view address) noexcept {
  if (std::any_of(address.begin(), address.end(), is_digit)) return true;
  return std::count(address.begin(), address.end(), ':') >= 4 && std::any_of(address.begin(), address.end(), is_hex);
}

}  // namespace

bool begins_word(std::string_view text, std::size_t at) noexcept {
  if (at == 0) return true;
  if (inside_percent_escape(text, at)) return false;
  return !is_alnum(text[at - 1]) || after_escape(text, at);
}

Extent match_email(std::string_view text, std::size_t sign, std::size_t from) noexcept {
  const std::size_t domain = sign + (text[sign] == '@' ? 1 : 3);
  const std::size_t floor = sign - from > kLocalPartBytes ? sign - kLocalPartBytes : from;
  std::size_t begin = sign;
  while (begin > floor && is_local(text[begin - 1])) --begin;
  while (begin < sign && !begins_local(text, begin)) ++begin;
  if (begin == sign || text[sign - 1] == '.') return {};
  const std::size_t end = domain_end(text, domain);
  return end != 0 ? Extent{begin, end} : Extent{};
}

Extent match_ipv4(std::string_view text, std::size_t last, Context context) noexcept {
  const std::size_t end = octet_end(text, last);
  if (end == 0 || !at_end_or_not_alnum(text, end)) return {};
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1])) return {};
  const std::size_t third = octet_before(text, last);
  const std::size_t second = third == kNowhere ? kNowhere : octet_before(text, third);
  if (second == kNowhere || second == 0 || text[second - 1] != '.') return {};
  // The first octet may stand directly behind an escape's digits.
  const std::size_t dot = second - 1;
  std::size_t begin = dot > 3 ? dot - 3 : 0;
  while (begin < dot && !(begins_word(text, begin) && octet_end(text, begin) == dot)) ++begin;
  if (begin == dot) return {};
  if (begin >= 2 && text[begin - 1] == '.' && is_digit(text[begin - 2])) return {};
  if (is_version(text, begin, end, context)) return {};
  return {begin, end};
}

Extent match_ipv6(std::string_view text, std::size_t colon, Context context) noexcept {
  if (context == Context::version) return {};
  std::size_t begin = colon;
  std::size_t end = colon + 1;
  while (begin > 0 && colon - begin <= kAddressRunBytes && is_address_run(text[begin - 1])) --begin;
  while (end < text.size() && end - colon <= kAddressRunBytes && is_address_run(text[end])) ++end;
  if (end - begin > kAddressRunBytes) return {};
  if (begin > 0 && text[begin - 1] == '%' && inside_percent_escape(text, begin)) begin += 2;
  if (end < text.size() && is_alnum(text[end])) return {};
  const auto loose = [&](std::size_t at) { return text[at] == ':' || text[at] == '.'; };
  for (std::size_t lead = 0; lead < 2; ++lead) {
    if (lead == 1 && (begin >= end || !loose(begin))) break;  // "host:2001:db8::1"
    if (!begins_word(text, begin + lead)) continue;
    for (std::size_t trail = 0; trail < 3; ++trail) {
      if (trail > 0 && (end - trail <= begin || !loose(end - trail))) break;
      if (begin + lead >= end - trail) break;
      const std::string_view address = text.substr(begin + lead, end - trail - begin - lead);
      IpAddress ignored;
      if (address.find(':') != std::string_view::npos && parse_ip(address, ignored) && names_somebody(address))
        return {begin + lead, end - trail};
    }
  }
  return {};
}

Extent match_uuid(std::string_view text, std::size_t dash) noexcept {
  constexpr std::size_t kBefore = 23;  // bytes before the fourth hyphen
  constexpr std::size_t kAfter = 13;   // from it on
  if (dash < kBefore || text.size() - dash < kAfter) return {};
  const std::size_t begin = dash - kBefore;
  const std::size_t end = dash + kAfter;
  for (std::size_t i = begin; i < end; ++i) {
    const std::size_t at = i - begin;
    const bool hyphen = at == 8 || at == 13 || at == 18 || at == 23;
    if (hyphen ? text[i] != '-' : !is_hex(text[i])) return {};
  }
  return begins_word(text, begin) && at_end_or_not_alnum(text, end) ? Extent{begin, end} : Extent{};
}

}  // namespace logystera::redact

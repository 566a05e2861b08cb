#include "oracle/redact_naive.hpp"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>

namespace logystera::oracle {
namespace {

using re2::RE2;
using re2::StringPiece;
using redact::Context;
using redact::Hit;
using redact::Kind;

StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

const RE2& regex(const std::string& pattern) {
  // Never destroyed, so that leak checkers see it is still held.
  static auto& compiled = *new std::map<std::string, RE2*>;
  RE2*& slot = compiled[pattern];
  if (slot == nullptr) {
    RE2::Options options(RE2::Latin1);
    options.set_longest_match(true);
    slot = new RE2(pattern, options);
  }
  return *slot;
}
bool full(std::string_view text, const std::string& pattern) { return RE2::FullMatch(piece(text), regex(pattern)); }
bool part(std::string_view text, const std::string& pattern) { return RE2::PartialMatch(piece(text), regex(pattern)); }
// Length of the longest match at the start.
std::optional<std::size_t> head(std::string_view text, const std::string& pattern) {
  StringPiece found;
  if (!regex(pattern).Match(piece(text), 0, text.size(), RE2::ANCHOR_START, &found, 1)) return std::nullopt;
  return found.size();
}

std::string_view last_bytes(std::string_view text, std::size_t count) {
  return text.substr(text.size() - std::min(count, text.size()));
}

struct Place {
  std::string_view text;
  std::size_t at;
  Context context;

  std::string_view before() const { return text.substr(0, at); }
  std::string_view from() const { return text.substr(at); }
  std::string_view behind(std::size_t size) const { return text.substr(at + size); }
};

bool inside_escape(std::string_view text, std::size_t at) {
  for (std::size_t percent = at >= 2 ? at - 2 : 0; percent < at; ++percent)
    if (full(text.substr(percent, 3), "%[0-9A-Fa-f]{2}")) return true;
  return false;
}

bool inside_backslash_escape(std::string_view text, std::size_t at) {
  for (std::size_t back = at >= 5 ? at - 5 : 0; back < at; ++back)
    if (const auto size = head(text.substr(back), R"(\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}))"); size && back + *size > at)
      return true;
  return false;
}

bool begins_word(const Place& p) {
  if (inside_escape(p.text, p.at)) return false;
  return part(last_bytes(p.before(), 6),
              R"((^|[^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\\[nrtbf]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|#0[0-3][0-7])$)") &&
         (p.at == 0 ||
          part(last_bytes(p.before(), 6),
               R"(([^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\\[nrtbf]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|#0[0-3][0-7])$)"));
}
bool not_alnum_next(std::string_view rest) { return !full(rest.substr(0, 1), "[A-Za-z0-9]"); }

using Ends = std::function<std::optional<std::size_t>(const Place&)>;  // size of what begins there

std::optional<std::size_t> email(const Place& p) {
  if (!full(p.from().substr(0, 1), R"([A-Za-z0-9_\x80-\xff])") || inside_escape(p.text, p.at) ||
      inside_backslash_escape(p.text, p.at))
    return {};
  if (part(last_bytes(p.before(), 1), R"(\\$)") && full(p.from().substr(0, 1), "[nrtbf]")) return {};
  const auto local = head(p.from(), R"([A-Za-z0-9._+'~\x80-\xff-]{1,64}(@|%40))");
  if (!local) return {};
  const std::string_view sign = p.from().substr(0, *local);
  if (part(sign, R"(\.(@|%40)$)")) return {};
  const std::string_view rest = p.behind(*local);
  for (std::size_t size = std::min<std::size_t>(rest.size(), 253); size > 0; --size) {
    const std::string_view domain = rest.substr(0, size);
    if (!full(
            domain,
            R"(([A-Za-z0-9\x80-\xff]([A-Za-z0-9\x80-\xff-]{0,61}[A-Za-z0-9\x80-\xff])?\.)+([A-Za-z\x80-\xff]{2,63}|(?i:xn--)[A-Za-z0-9\x80-\xff-]{0,58}[A-Za-z0-9\x80-\xff]))"))
      continue;
    if (part(domain,
             R"((?i)\.(png|jpe?g|gif|webp|svg|avif|ico|bmp|s?css|m?js|map|json|html?|php|xml|txt|pdf|gz|woff2?|ttf|eot)$)"))
      continue;
    if (!part(rest.substr(size), R"(^-*($|[^A-Za-z0-9\x80-\xff-]))")) continue;
    return *local + size;
  }
  return {};
}

bool is_version(const Place& p, std::size_t size) {
  static const std::string known =
      "(?i)(.*browser.*|chrome|chromium|headlesschrome|crios|firefox|fxios|safari|version|edg|edge|edga|edgios|opr|opera|"
      "opios|yabrowser|"
      "vivaldi|brave|electron|samsungbrowser|ucbrowser|silk|coolnovo|iron|applewebkit|gecko|seamonkey|thunderbird|msie|"
      "trident|"
      "dalvik|cfnetwork|okhttp|chromeframe)";
  if (p.context == Context::version) return true;
  const std::string before(p.before());
  const std::string_view behind = p.behind(size), quad = p.from().substr(0, size);
  if (quad == "1.3.6.1" || part(before, "~$") || part(behind, "^~")) return true;
  if (part(before, "[A-Za-z0-9][-_]$") &&
      part(behind, "(?i)^\\.(tar|tgz|zip|jar|war|ear|rpm|deb|whl|dll|exe|msi|nupkg|apk)($|[^A-Za-z0-9])"))
    return true;
  if (part(quad, "^\\d\\.") && part(behind, "^-\\d{1,2}($|[^0-9.])")) return true;
  if (p.at == 0) return false;
  std::string name, lead;
  if (RE2::FullMatch(before, *&regex(R"((?s)(.*?)([A-Za-z0-9._+-]*)/)"), &lead, &name)) {
    // The name is the longest run before the slash.
    while (!lead.empty() && full(lead.substr(lead.size() - 1), "[A-Za-z0-9._+-]")) {
      name.insert(0, 1, lead.back());
      lead.pop_back();
    }
    if (!name.empty() && !part(behind, R"(^:\d)")) {
      if (p.context == Context::user_agent) return true;
      if (lead.empty() || lead.back() != '/') {
        if (full(name, known)) return true;
        if (full(name.substr(0, 1), "[A-Za-z]")) {
          std::string left(last_bytes(lead, 256));
          const std::size_t whole = left.size();
          while (!left.empty() && (left.back() == ' ' || left.back() == ';')) left.pop_back();
          if (!left.empty() && left.back() == ')') {
            while (!left.empty() && left.back() != '(') left.pop_back();
            if (!left.empty()) left.pop_back();
            while (!left.empty() && (left.back() == ' ' || left.back() == ';')) left.pop_back();
          }
          if (left.size() < whole && part(left, R"((^|[^A-Za-z0-9._+/-])[A-Za-z0-9._+-]+/\d[A-Za-z0-9._+/-]*$)"))
            return true;
          if (part(behind, R"(^ +[A-Za-z][A-Za-z0-9._+-]{0,255}/\d)")) return true;
        }
      }
    }
  }
  if (part(last_bytes(before, 24),
           R"((?i)(^|[^a-z])(version|ver|release|build|firmware|rv|v|rev|fw|sdk|driver|revision|oid)[^A-Za-z0-9]{1,4}$)"))
    return true;
  if (part(last_bytes(before, 24), R"((?i)[a-z]version[^A-Za-z0-9]{1,4}$)")) return true;
  if (p.context != Context::user_agent) return false;
  if (part(before, R"([@\[(=,"'/]$)")) return false;
  return !part(before, R"((?i)(^|[^a-z0-9])(ip|from|client|addr|address|host)[ :]+$)");
}

std::optional<std::size_t> ipv4(const Place& p) {
  if (!begins_word(p)) return {};
  const auto size = head(p.from(), R"((25[0-5]|2[0-4]\d|[01]?\d?\d)(\.(25[0-5]|2[0-4]\d|[01]?\d?\d)){3})");
  if (!size || !not_alnum_next(p.behind(*size)) || part(p.behind(*size), R"(^\.\d)")) return {};
  if (part(last_bytes(p.before(), 2), R"(\d\.$)") || is_version(p, *size)) return {};
  return size;
}

bool is_ipv6(std::string_view text) {
  in6_addr ignored;
  if (text.find(':') == std::string_view::npos || inet_pton(AF_INET6, std::string(text).c_str(), &ignored) != 1)
    return false;
  if (text.find('\0') != std::string_view::npos) return false;
  return part(text, R"(\d)") || (std::count(text.begin(), text.end(), ':') >= 4 && part(text, "[A-Fa-f]"));
}

std::vector<Hit> all_ipv6(std::string_view text, Context context) {
  std::vector<Hit> hits;
  if (context == Context::version) return hits;
  for (std::size_t at = 0; at < text.size();) {
    const auto run = head(text.substr(at), "[0-9A-Fa-f:.]+");
    if (!run) {
      ++at;
      continue;
    }
    std::size_t begin = at;
    const std::size_t end = at + *run;
    at = end;
    if (*run > 64) continue;
    if (begin > 0 && full(text.substr(begin - 1, 3), "%[0-9A-Fa-f]{2}")) begin += 2;
    if (!not_alnum_next(text.substr(end))) continue;
    bool found = false;
    for (std::size_t lead = 0; lead < 2 && !found; ++lead) {
      if (begin + lead < end && !begins_word({text, begin + lead, context})) continue;
      for (std::size_t trail = 0; trail < 3 && !found; ++trail) {
        if (begin + lead + trail >= end) break;
        const std::string_view dropped_head = text.substr(begin, lead);
        const std::string_view dropped_tail = text.substr(end - trail, trail);
        if (!full(dropped_head, "[:.]*") || !full(dropped_tail, "[:.]*")) continue;
        if (!is_ipv6(text.substr(begin + lead, end - trail - begin - lead))) continue;
        hits.push_back({static_cast<std::uint32_t>(begin + lead), static_cast<std::uint32_t>(end - trail), Kind::ipv6});
        found = true;
      }
    }
  }
  return hits;
}

std::optional<std::size_t> uuid(const Place& p) {
  const auto size = head(p.from(), "[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}");
  return size && begins_word(p) && not_alnum_next(p.behind(*size)) ? size : std::nullopt;
}

std::string digits_of(std::string_view text) {
  std::string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char c) { return c >= '0' && c <= '9'; });
  return digits;
}

std::optional<std::size_t> iban(const Place& p) {
  static const std::map<std::string, std::size_t> lengths = {
      {"AD", 24}, {"AE", 23}, {"AL", 28}, {"AT", 20}, {"AZ", 28}, {"BA", 20}, {"BE", 16}, {"BG", 22}, {"BH", 22},
      {"BI", 27}, {"BR", 29}, {"BY", 28}, {"CH", 21}, {"CR", 22}, {"CY", 28}, {"CZ", 24}, {"DE", 22}, {"DJ", 27},
      {"DK", 18}, {"DO", 28}, {"EE", 20}, {"EG", 29}, {"ES", 24}, {"FI", 18}, {"FK", 18}, {"FO", 18}, {"FR", 27},
      {"GB", 22}, {"GE", 22}, {"GI", 23}, {"GL", 18}, {"GR", 27}, {"GT", 28}, {"HN", 28}, {"HR", 21}, {"HU", 28},
      {"IE", 22}, {"IL", 23}, {"IQ", 23}, {"IS", 26}, {"IT", 27}, {"JO", 30}, {"KW", 30}, {"KZ", 20}, {"LB", 28},
      {"LC", 32}, {"LI", 21}, {"LT", 20}, {"LU", 20}, {"LV", 21}, {"LY", 25}, {"MC", 27}, {"MD", 24}, {"ME", 22},
      {"MK", 19}, {"MN", 20}, {"MR", 27}, {"MT", 31}, {"MU", 30}, {"NI", 28}, {"NL", 18}, {"NO", 15}, {"OM", 23},
      {"PK", 24}, {"PL", 28}, {"PS", 29}, {"PT", 25}, {"QA", 29}, {"RO", 24}, {"RS", 22}, {"RU", 33}, {"SA", 24},
      {"SC", 31}, {"SD", 18}, {"SE", 24}, {"SI", 19}, {"SK", 24}, {"SM", 27}, {"SO", 23}, {"ST", 25}, {"SV", 28},
      {"TL", 23}, {"TN", 24}, {"TR", 26}, {"UA", 29}, {"VA", 22}, {"VG", 24}, {"XK", 20}, {"YE", 30}};
  if (!full(p.from().substr(0, 4), R"([A-Za-z]{2}\d\d)") || !begins_word(p)) return {};
  std::string country(p.from().substr(0, 2));
  for (char& c : country) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  const auto length = lengths.find(country);
  if (length == lengths.end()) return {};
  for (const char* separator : {"", " ", "-"}) {
    const std::size_t groups = (length->second - 1) / 4;
    const std::size_t size = length->second + (*separator ? groups : 0);
    const std::string_view text = p.from().substr(0, size);
    const std::string shape =
        *separator ? "([A-Za-z0-9]{4}" + std::string(separator) + "){" + std::to_string(groups) + "}[A-Za-z0-9]{1,4}"
                   : "[A-Za-z0-9]+";
    if (text.size() != size || !full(text, shape) || !not_alnum_next(p.behind(size))) continue;
    std::string account;
    for (char c : text)
      if (c != ' ' && c != '-') account += c;
    account = account.substr(4) + account.substr(0, 4);
    std::string number;
    for (char c : account) {
      const int upper = std::toupper(static_cast<unsigned char>(c));
      number += upper >= 'A' ? std::to_string(upper - 'A' + 10) : std::string(1, c);
    }
    int remainder = 0;
    for (char c : number) remainder = (remainder * 10 + (c - '0')) % 97;
    if (remainder == 1) return size;
  }
  return {};
}

bool is_card_number(const std::string& digits) {
  static const std::string issuers =
      R"((1800|2131)\d{11}|220[0-4]\d{12,15}|(222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|(30[0-5]\d|3095|36\d\d|3[89]\d\d)(\d{10}|\d{12})|)"
      R"(3[47]\d{13}|35\d{14,17}|4(\d{12}|\d{15}|\d{18})|(5018|5020|5038|5612|5874|5893|6304|6390|6759|676[123])\d{8,15}|)"
      R"(5019\d{12}|(506099|5061[0-8]\d|50619[0-8])\d{10,13}|508[5-9]\d{12}|5[1-5]\d{14}|6011\d{12,15}|)"
      R"((60698[5-9]|60699\d|607[0-8]\d\d|6079[0-7]\d|60798[0-4])\d{10}|62\d{14,17}|64[4-9]\d{13,16}|65\d{14,17}|)"
      R"(81[0-6]\d{13,16}|817[01]\d{12,15}|9792\d{12})";
  if (!full(digits, issuers)) return false;
  int sum = 0;
  bool twice = false;
  for (auto c = digits.rbegin(); c != digits.rend(); ++c, twice = !twice) {
    const int value = (*c - '0') * (twice ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  return sum % 10 == 0;
}

std::optional<std::size_t> card(const Place& p) {
  if (!begins_word(p) || part(last_bytes(p.before(), 2), R"((\d,|[A-Za-z0-9_][.-]|_)$)")) return {};
  const bool plus = part(last_bytes(p.before(), 1), R"(\+$)");
  const auto fits = [&](std::size_t size) {
    const std::string digits = digits_of(p.from().substr(0, size));
    if (plus && digits.size() <= 15) return false;
    return not_alnum_next(p.behind(size)) && !part(p.behind(size), R"(^(,\d|[.-][A-Za-z0-9]|_))") && is_card_number(digits);
  };
  std::vector<std::string> shapes = {R"(\d{12,19})"};
  for (const char* s : {" ", "-"})
    for (const char* shape : {"#4S#4S#4S#4S#3", "#4S#4S#4S#4", "#4S#6S#5", "#4S#6S#4", "#4S#4S#4S#1", "#4S#4S#4"}) {
      std::string pattern;
      for (const char* c = shape; *c; ++c) {
        if (*c == '#') pattern += std::string("[0-9]{") + *++c + "}";
        else pattern += s;
      }
      shapes.push_back(pattern);
    }
  for (const std::string& shape : shapes)
    if (const auto size = head(p.from(), shape); size && fits(*size)) return size;
  return {};
}

std::size_t with_extension(std::string_view rest) {
  const auto size = head(rest, R"( ?((?i:ext)\.? ?|[xX])\d{1,5})");
  return size && not_alnum_next(rest.substr(*size)) ? *size : 0;
}
bool number_ends(std::string_view rest) { return !part(rest, R"(^([A-Za-z0-9_%]|[.:/,-]\d))"); }

// Sizes of the prefixes of a run of groups, one per group.
std::vector<std::size_t> group_ends(std::string_view run, const std::string& separators, const char* count = "{1,2}") {
  std::vector<std::size_t> ends;
  std::size_t at = 0;
  while (const auto group = head(run.substr(at), ends.empty() ? R"(\d+)" : "[" + separators + "]" + count + R"(\d+)")) {
    at += *group;
    ends.push_back(at);
  }
  return ends;
}

bool is_e164(std::string_view text) {
  std::string digits(text.substr(0, 1));
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text.substr(i, 3) == "(0)" && i + 3 < text.size()) i += 2;
    else if (text[i] >= '0' && text[i] <= '9') digits += text[i];
  }
  return full(
             digits,
             R"(1[2-9]\d{9}|7\d{10}|(20|27|30|31|32|33|34|36|39|40|41|43|44|45|46|47|48|49|51|52|53|54|55|56|57|58|60|61|62|63|64|)"
             R"(65|66|81|82|84|86|90|91|92|93|94|95|98)\d{6,13}|(21[1-3]|216|218|2[2-4]\d|25[0-8]|26\d|29[01]|29[7-9]|35\d|37[0-8]|)"
             R"(380|38[1-3]|38[5-7]|389|42[013]|50\d|59\d|6[78]\d|69[0-2]|800|808|850|852|853|855|856|87\d|88[0-8]|96[0-8]|)"
             R"(97[0-7]|979|99[2-6]|998)\d{5,12})") &&
         digits.size() >= 8;
}

// `skip` bytes stand before the first digit.
std::optional<std::size_t> international(const Place& p, std::size_t skip, const std::string& separators) {
  const std::string_view run = p.behind(skip);
  std::vector<std::size_t> ends = group_ends(run, separators);
  // More than seventeen digits are not read.
  while (!ends.empty() && digits_of(run.substr(0, ends.back())).size() > 17) ends.pop_back();
  for (std::size_t n = ends.size(); n > 0; --n) {
    if (!is_e164(run.substr(0, ends[n - 1]))) continue;
    const std::size_t size = skip + ends[n - 1] + with_extension(run.substr(ends[n - 1]));
    if (n == ends.size() && !number_ends(p.behind(size))) continue;
    return size;
  }
  return {};
}

// A date, a social security number, a postal code.
bool is_other_number(std::string_view number) {
  static const std::string gap = "[ ().-]+", year = R"((19|20)\d\d)", month = R"((0?[1-9]|1[0-2]))",
                           day = R"((0?[1-9]|[12]\d|3[01]))";
  if (full(number, R"(\d{3}[ ().-]+\d\d[ ().-]+\d{4}|\d{5}[ ().-]+\d{4})")) return true;
  if (full(number, "(" + day + gap + month + "|" + month + gap + day + ")" + gap + year)) return true;
  const std::string two_month = "(0[1-9]|1[0-2])", two_day = R"((0[1-9]|[12]\d|3[01]))";
  const std::string date = year + gap + two_month + gap + two_day;
  if (full(number, date)) return true;
  // A date and more: the separator behind the day is another one than that behind the year.
  const auto size = head(number, date);
  return size && full(number, date + "[ ().-].*") && number[*size] != number[4];
}

// The words between a word that says phone and the number, camel case taken apart.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    if (const auto size = head(text.substr(at), "[A-Za-z][a-z]+|[A-Za-z]+")) {
      // Leftmost-longest takes "ID" whole, and of "numberIs" "number".
      const std::size_t camel = head(text.substr(at), "[A-Za-z][a-z]+").value_or(*size);
      words.emplace_back(text.substr(at, camel));
      at += camel;
    } else {
      ++at;
    }
  }
  return words;
}

bool beside_phone_word(const Place& p, std::size_t size, std::size_t groups) {
  static const std::string filler =
      "(?i)([a-z]|numbers?|no|nr|num|nummer|is|was|are|be|at|on|to|me|us|my|the|your|his|her|our|or|and|home|work|cell|"
      "mobile|phone|fax|"
      "tel|office|desk|line|direct|private|business|contact|new|now|of|for|call|text|reach|dial|value|sms|whatsapp|please|"
      "ist|"
      "est|lautet|mobil|de|under|via|by)";
  static const std::string other_thing =
      "(?i)(^|[^a-z])(id|app|version|session|device|order|job|queue|event|model|build|count|ref|hash|port|pid|ticket|tower|"
      "message|code)($|[^a-z])";
  if (p.context == Context::phone) return true;
  if (part(p.behind(size), "(?i)^[ -]{1,2}(office|fax|mobile|phone|cell|tel|desk)($|[^a-z0-9])")) return true;
  std::size_t floor = p.at;
  while (floor > 0 && p.at - floor < 24 && !full(p.text.substr(floor - 1, 1), "[0-9]")) --floor;
  bool weak = false, grouped = false;
  for (std::size_t at = floor; at < p.at; ++at) {
    const std::string_view rest = p.text.substr(at, p.at - at);
    const bool starts = at == 0 || !full(p.text.substr(at - 1, 1), "[A-Za-z0-9]");
    for (const char* word :
         {"phone", "telephone", "tel", "mobile", "mob", "cell", "fax", "whatsapp", "sms", "msisdn", "telefon", "handy"}) {
      const std::size_t length = std::string_view(word).size();
      if ((!starts && length < 5) || !part(rest, "(?i)^" + std::string(word))) continue;
      // What follows is no letter, or one that begins the next part of a camel-case word; an ending may come first.
      std::optional<std::size_t> stop;
      for (const char* ending : {"", "s", "number", "numbers", "nummer", "no", "nr"}) {
        const std::string shape = "(?i)^" + std::string(word) + ending;
        if (stop || !part(rest, shape)) continue;
        const std::size_t end = length + std::string_view(ending).size();
        const bool camel = full(rest.substr(end, 1), "[A-Z]") && full(rest.substr(end - 1, 1), "[a-z]");
        if (camel || !full(rest.substr(end, 1), "[A-Za-z]")) stop = end;
      }
      if (!stop) continue;
      const std::string_view between = rest.substr(*stop);
      if (part(between, other_thing)) continue;
      const std::vector<std::string> words = words_of(between);
      const bool fillers = !part(between, R"([\x80-\xff])") &&
                           std::all_of(words.begin(), words.end(), [&](const std::string& w) { return full(w, filler); });
      if (fillers) return true;
      grouped = true;
    }
    for (const char* word : {"call", "calling", "desk", "office", "dial", "contact", "answering", "reach"})
      if (starts && part(rest, "(?i)^" + std::string(word) + "([^a-z]|$)") &&
          !part(rest.substr(std::string_view(word).size()), other_thing))
        weak = true;
  }
  return groups >= 2 && (weak || grouped);
}

std::optional<std::size_t> national(const Place& p) {
  const std::size_t skip = p.from().substr(0, 1) == "(" ? 1 : 0;
  const std::string_view run = p.behind(skip);
  std::vector<std::size_t> ends = group_ends(run, " ()-");
  if (ends.empty()) return {};
  const bool dotted = digits_of(run.substr(0, ends.back())).size() < 7;
  if (dotted) ends = group_ends(run, ".", "");
  // More than seventeen digits are not read.
  while (!ends.empty() && digits_of(run.substr(0, ends.back())).size() > 17) ends.pop_back();
  if (ends.empty()) return {};
  std::size_t size = skip + ends.back() + with_extension(run.substr(ends.back()));
  if (!number_ends(p.behind(size))) {
    if (ends.size() < 2 || (dotted && ends.size() > 1)) return {};
    ends.pop_back();
    size = skip + ends.back();
  }
  const std::string_view number = run.substr(0, ends.back());
  const std::size_t digits = digits_of(number).size();
  if (digits < 7 || digits > 15) return {};
  if (dotted && ends.size() > 1 && !full(number, R"(\d{2,}(\.\d{2,3})+\.\d{2,})")) return {};
  if (is_other_number(number)) return {};
  if (!beside_phone_word(p, size, ends.size())) return {};
  return size;
}

std::optional<std::size_t> phone(const Place& p) {
  const std::string_view from = p.from();
  if (p.context == Context::version) return {};
  if (const auto plus = head(from, R"(\+\(?[1-9])")) {
    if (!begins_word(p) || part(last_bytes(p.before(), 1), R"([_+]$)")) return {};
    return international(p, *plus - 1, " ().-");
  }
  if (const auto plus = head(from, R"(%2[Bb][1-9])")) {
    if (!begins_word(p) || part(last_bytes(p.before(), 1), R"([_+]$)")) return {};
    return international(p, 3, " ()-");
  }
  if (!part(from, R"(^[(\d])") || !begins_word(p) || part(last_bytes(p.before(), 3), R"(([_+#$/]|%2[Bb])$)")) return {};
  if (part(last_bytes(p.before(), 2), R"(\d[.,:-]$)")) return {};
  if (part(
          from,
          R"(^00(1|7|20|27|30|31|32|33|34|36|39|4[013456789]|5[1-8]|6[0-6]|81|82|84|86|9[0-58]|21[1-3]|216|218|2[2-4]\d|25[0-8]|26\d|29[01]|29[7-9]|35\d|37[0-8]|380|38[1-3]|38[5-7]|389|42[013]|50\d|59\d|6[78]\d|69[0-2]|800|808|850|852|853|855|856|87\d|88[0-8]|96[0-8]|97[0-7]|979|99[2-6]|998)($|[^0-9]))"))
    if (const auto size = international(p, 2, " ()-")) return size;
  if (part(last_bytes(p.before(), 1), "[.-]$")) return {};
  if (const auto size =
          head(from, R"(\([2-9]\d\d\) ?[2-9]\d\d[.-]\d{4}|[2-9]\d\d-[2-9]\d\d-\d{4}|[2-9]\d\d\.[2-9]\d\d\.\d{4})")) {
    const std::size_t whole = *size + with_extension(p.behind(*size));
    if (number_ends(p.behind(whole))) return whole;
  }
  return national(p);
}

std::optional<std::size_t> jwt(const Place& p) {
  if (!begins_word(p)) return {};
  if (const auto size = head(p.from(), R"(eyJ[\w-]{7,}(\.[\w-]*)\.[\w-]{4,}\.[\w-]{2,}\.[\w-]{4,})")) return size;
  return head(p.from(), R"(eyJ[\w-]{7,}\.(eyJ[\w-]*|e30[\w-]*)\.[\w-]*)");
}

std::optional<std::size_t> private_key(const Place& p) {
  const auto begin = head(p.from(), R"(-----BEGIN [^\x00]*?-----)");
  if (!part(p.from(), R"(^-----BEGIN )")) return {};
  const std::size_t close = p.from().substr(0, 11 + 40).find("-----", 11);
  if (!begin || close == std::string_view::npos ||
      p.from().substr(11, close - 11).find("PRIVATE KEY") == std::string_view::npos)
    return {};
  for (std::size_t end = close; (end = p.from().find("-----END ", end)) != std::string_view::npos; ++end) {
    const std::size_t stop = p.from().substr(0, end + 9 + 40).find("-----", end + 9);
    if (stop != std::string_view::npos && p.from().substr(end, stop - end).find("PRIVATE KEY") != std::string_view::npos)
      return stop + 5;
  }
  return p.from().size();
}

// A token68 and its padding; its '/' may be JSON's.
constexpr const char* kToken68 = R"(([A-Za-z0-9._~+/-]|\\/)+=*)";

// Tokens may begin before what is replaced: skip and size.
std::optional<std::pair<std::size_t, std::size_t>> token(const Place& p) {
  static const std::vector<std::string> shapes = {"(AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}",
                                                  "gh[pousr]_[A-Za-z0-9]{36,255}",
                                                  "github_pat_[A-Za-z0-9_]{22,255}",
                                                  R"(glpat-[\w-]{20,255})",
                                                  "xox[bpasre]-[A-Za-z0-9-]{10,255}",
                                                  "xapp-[A-Za-z0-9-]{10,255}",
                                                  "[sr]k_(live|test)_[A-Za-z0-9]{10,255}",
                                                  "whsec_[A-Za-z0-9]{20,255}",
                                                  R"(AIza[\w-]{35})",
                                                  R"(ya29\.[\w-]{20,1000})",
                                                  R"(GOCSPX-[\w-]{28})",
                                                  "npm_[A-Za-z0-9]{36}",
                                                  R"(pypi-AgEI[\w-]{50,1000})",
                                                  "hf_[A-Za-z0-9]{34,40}",
                                                  "dop_v1_[0-9A-Fa-f]{64}",
                                                  "shp(at|ss|ca)_[0-9A-Fa-f]{32}"};
  if (begins_word(p)) {
    for (const std::string& shape : shapes)
      if (const auto size = head(p.from(), shape); size && not_alnum_next(p.behind(*size)))
        return std::pair{std::size_t{0}, *size};
    if (const auto size = head(p.from(), R"(SG\.[\w-]{22}\.[\w-]{43})"); size && !part(p.behind(*size), R"(^[\w-])"))
      return std::pair{std::size_t{0}, *size};
    if (const auto size = head(p.from(), R"(sk-[\w-]{20,255})");
        size && part(p.from().substr(3, *size - 3), "[A-Z]") && part(p.from().substr(3, *size - 3), R"(\d)"))
      return std::pair{std::size_t{0}, *size};
  }
  if (const auto lead = head(p.from(), R"(hooks\.slack\.com\\?/)"))
    if (const auto size = head(p.behind(*lead), R"([A-Za-z0-9/\\]{0,255})")) {
      std::string_view secret = p.from().substr(*lead, *size);
      while (!secret.empty() && secret.back() == '\\') secret.remove_suffix(1);
      if (secret.size() >= 30) return std::pair{*lead, secret.size()};
    }
  if (!part(last_bytes(p.before(), 1), "[A-Za-z0-9]$")) {
    if (const auto gap = head(p.from(), "(?i)bearer([ :=]{1,3}|%20)"))
      if (const auto size = head(p.behind(*gap), kToken68)) {
        std::string_view secret = p.from().substr(*gap, *size);
        while (!secret.empty() && secret.back() == '=') secret.remove_suffix(1);
        if (secret.size() >= 16 && part(secret, R"(\d)")) return std::pair{*gap, *size};
      }
    if (const auto gap = head(p.from(), "(?i)basic([ :=]{1,3}|%20)");
        gap && part(last_bytes(p.before(), 24), "(?i)authorization"))
      if (const auto size = head(p.behind(*gap), kToken68)) {
        std::string_view secret = p.from().substr(*gap, *size);
        while (!secret.empty() && secret.back() == '=') secret.remove_suffix(1);
        if (secret.size() >= 4) return std::pair{*gap, *size};
      }
  }
  return {};
}

std::vector<Hit> all(Kind kind, std::string_view text, Context context, const Ends& ends) {
  std::vector<Hit> hits;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = ends({text, at, context});
    if (size) hits.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + *size), kind});
    at += size ? *size : 1;
  }
  return hits;
}

// What is secret of the userinfo [begin, end).
std::optional<std::pair<std::size_t, std::size_t>> of_userinfo(std::string_view text, std::size_t begin, std::size_t end) {
  const std::string_view userinfo = text.substr(begin, end - begin);
  const std::size_t colon = userinfo.find(':');
  const std::string_view user = userinfo.substr(0, colon);
  if (full(user, R"([\w-]{16,})") && part(user, R"(\d)") && part(user, "[A-Za-z]")) return std::pair{begin, end};
  if (colon == std::string_view::npos || colon + 1 == userinfo.size()) return {};
  return std::pair{begin + colon + 1, end};
}

// The secret of the URL that has an '@' at `sign`.
std::optional<std::pair<std::size_t, std::size_t>> url_secret(std::string_view text, std::size_t sign) {
  constexpr std::size_t kBytes = 512;
  const std::string authority_end = R"([\x00-\x20/?#"<>`])", url_end = R"([\x00-\x20"<>`])";
  const auto back = [&](std::size_t from, const std::string& stop) {
    std::size_t begin = from;
    while (begin > 0 && from - begin < kBytes && !full(text.substr(begin - 1, 1), stop)) --begin;
    return begin;
  };
  const std::size_t begin = back(sign, authority_end);
  const std::string_view before = text.substr(0, begin);
  if (part(last_bytes(before, 2), "//$")) {
    if (part(last_bytes(before, 3), "^[A-Za-z0-9./]//")) return {};
    const bool quoted = part(last_bytes(before, 67), R"('[A-Za-z0-9+.:-]{0,64}//$)");
    if (quoted && text.substr(begin, sign - begin).find('\'') != std::string_view::npos) return {};
    std::size_t last = sign;
    for (std::size_t at = sign + 1; at < text.size() && at - sign < kBytes; ++at) {
      if (full(text.substr(at, 1), quoted ? R"([\x00-\x20/?#"<>`'])" : authority_end)) break;
      if (text[at] == '@') last = at;
    }
    return of_userinfo(text, begin, last);
  }
  if (part(text.substr(sign), R"(^@(tcp|tcp6|unix)\()")) return of_userinfo(text, begin, sign);
  if (begin == 0 || full(text.substr(begin - 1, 1), url_end)) return {};
  if (part(before, R"((?i)(oci|thin):[^\x00-\x20/?#"<>`:]{1,511}/$)") && begin < sign) return std::pair{begin, sign};
  // A password with a slash: what stands for the port is none.
  const std::size_t url = back(sign, url_end);
  const std::size_t slashes = text.substr(0, sign).find("://", url);
  if (slashes == std::string_view::npos) return {};
  const std::string_view rest = text.substr(slashes + 3, sign - slashes - 3);
  const auto host = head(rest, R"([^\x00-\x20/?#"<>`@\[:]*:)");
  if (!host) return {};
  const auto port = head(rest.substr(*host), R"([^\x00-\x20/?#"<>`@\[]+)");
  if (!port || full(rest.substr(*host, *port), "[0-9A-Fa-f:]+")) return {};
  const std::string_view next = rest.substr(*host + *port, 1);
  if (next.empty() || next == "@" || next == "[") return {};
  return std::pair{slashes + 3 + *host, sign};
}

bool is_pseudonym(std::string_view value) {
  return full(value, "(own|key|jwt|token|email|uuid|iban|card|ip|phone)_[0-9A-Fa-f]{8,}");
}

// The secret whose name ends just before `sign`.
std::optional<std::pair<std::size_t, std::size_t>> named_secret(std::string_view text, std::size_t sign) {
  const std::string_view tail = text.substr(sign - 2, 3);
  if (!full(tail, R"(((rd|wd|en|et|ey|ig|re|ss|se|on)|(?i)(rd|wd|en|et|ey|ig|re|ss|se|on))[='":\\])")) return {};
  std::size_t begin = sign;
  while (begin > 0 && sign - begin < 64 && full(text.substr(begin - 1, 1), "[A-Za-z0-9_.-]")) --begin;
  const std::string_view name = text.substr(begin, sign - begin);
  std::string word;
  for (const char* known :
       {"password",   "passwd",     "passphrase", "pwd",          "pass",        "secret",     "token",
        "apikey",     "api_key",    "api-key",    "accesskey",    "access_key",  "access-key", "secretkey",
        "secret_key", "secret-key", "privatekey", "private_key",  "private-key", "accountkey", "auth_key",
        "authkey",    "sig",        "signature",  "authorization"}) {
    const bool alone = full(known, "pwd|pass|secret|token|sig");
    if (!full(name, "(?i).*" + std::string(known))) continue;
    const std::size_t size = std::string_view(known).size();
    const std::string_view lead = name.substr(0, name.size() - size);
    if (alone && !lead.empty() && !part(lead, "[^A-Za-z0-9]$") &&
        !(full(name.substr(lead.size(), 1), "[A-Z]") && !part(lead, "[A-Z]$")))
      continue;
    word = known;
    break;
  }
  if (word.empty()) return {};
  const std::string_view rest = text.substr(sign);
  const auto lead = head(rest, R"((\\"|["']) {0,2}(=>?|:) {0,2}|(=>?|: {0,2}))");
  if (!lead) return {};
  const bool quoted_name = full(rest.substr(0, 1), R"(["'\\])");
  const bool equals = part(rest.substr(0, *lead), "=");
  const std::size_t at = sign + *lead;
  if (at >= text.size()) return {};
  std::string close;
  for (const char* quote : {"\\\"", "\"", "'"})
    if (close.empty() && text.substr(at, std::string_view(quote).size()) == quote) close = quote;
  if (close.empty() && equals && text[at] == '{') close = "}";
  const std::size_t value = at + close.size();
  const auto checked = [&](std::size_t end) -> std::optional<std::pair<std::size_t, std::size_t>> {
    const std::string_view found = text.substr(value, end - value);
    if (found.empty() || is_pseudonym(found) || full(found, R"((?s)<.*>|[*. -]*)")) return {};
    if (full(found, R"((?i)null|nil|none|true|false|yes|no|\(null\)|undefined|required)")) return {};
    if ((word == "sig" || word == "signature") && (found.size() < 16 || !part(found, R"(\d)") || part(found, " ")))
      return {};
    if (word == "pass" && (found.size() < 4 || full(found, R"(\d*)"))) return {};
    if (word == "pwd" && found[0] == '/') return {};
    if (word == "token" && full(found, R"((?s)\d*|.*\{.*)")) return {};
    return std::pair{value, end};
  };
  if (word == "authorization") {
    const std::string_view from = text.substr(value);
    if (const auto scheme = head(from, "(?i)(basic|bearer|token|apikey|api-key|key|ssws|negotiate|ntlm|googlelogin)");
        scheme && !part(from.substr(*scheme), "^[A-Za-z0-9._~+/-]")) {
      const auto gap = head(from.substr(*scheme), "( |%20)");
      if (!gap) return {};
      const auto size = head(from.substr(*scheme + *gap), kToken68);
      if (!size || *size < 4 || is_pseudonym(from.substr(*scheme + *gap, *size))) return {};
      return std::pair{value + *scheme + *gap, value + *scheme + *gap + *size};
    }
    const auto size = head(from, kToken68);
    if (!size || *size < 16 || !part(from.substr(0, *size), R"(\d)") || is_pseudonym(from.substr(0, *size))) return {};
    if (!part(from.substr(*size), R"(^($|[\x00-\x20"',]))")) return {};
    return std::pair{value, value + *size};
  }
  if (close.empty()) {
    const bool several = name.size() > word.size() || part(word, "[_-]");
    if (!equals && !quoted_name && !(several && text[at - 1] == ' ')) return {};
    if (text[at] == '{' || text[at] == '[') return {};
    const std::string_view from = text.substr(value, 8192);
    std::size_t size = 0;
    for (; size < from.size(); ++size) {
      const std::string_view here = text.substr(value + size);
      if (part(here, R"(^([\x00-\x20"'&;<>`]|\\[nrt"]))")) break;
      if (part(here.substr(0, 66), R"(^,([A-Za-z0-9_.-]{0,63}($|[\x00-\x20"'])|[A-Za-z0-9_.-]{1,63}[=:]))")) break;
    }
    while (size > 0 && part(from.substr(size - 1, 1), R"([)\]},.\\])")) --size;
    return checked(value + size);
  }
  std::size_t end = value;
  const std::size_t limit = std::min(text.size(), value + 8192);
  while (end < limit) {
    const std::string_view here = text.substr(end);
    if (here.substr(0, close.size()) == close) {
      if ((close == "'" || close == "}") && here.substr(close.size(), close.size()) == close) {
        end += 2;
        continue;
      }
      break;
    }
    if (here[0] == '\n') break;
    if (here[0] == '\\' && close == "\\\"" && here.substr(0, 4) == "\\\\\\\"") end += 4;
    else end += here[0] == '\\' && (close == "\"" || close == "'") ? 2 : 1;
  }
  return checked(std::min(end, limit));
}

std::vector<Hit> all_secrets_in_place(std::string_view text) {
  std::vector<Hit> hits;
  const auto add = [&](const std::optional<std::pair<std::size_t, std::size_t>>& found, std::size_t& past) {
    if (!found || found->first < past) return;
    hits.push_back({static_cast<std::uint32_t>(found->first), static_cast<std::uint32_t>(found->second), Kind::token});
    past = found->second;
  };
  std::size_t url_past = 0, name_past = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '@' && at >= url_past) add(url_secret(text, at), url_past);
    if (at + 2 < text.size() && at >= name_past) add(named_secret(text, at + 2), name_past);
  }
  return hits;
}

std::vector<Hit> all_tokens(std::string_view text, Context context) {
  std::vector<Hit> hits;
  for (std::size_t at = 0; at < text.size();) {
    const auto found = token({text, at, context});
    if (!found) {
      ++at;
      continue;
    }
    at += found->first;
    hits.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at + found->second), Kind::token});
    at += found->second;
  }
  return hits;
}

// Every finding of the text as it stands.
std::vector<std::vector<Hit>> findings_by_rank(std::string_view text, Context context) {
  std::vector<Hit> tokens = all_tokens(text, context);
  for (const Hit& hit : all_secrets_in_place(text)) tokens.push_back(hit);
  return {
      all(Kind::private_key, text, context, private_key),
      all(Kind::jwt, text, context, jwt),
      tokens,
      all(Kind::email, text, context, email),
      all(Kind::uuid, text, context, uuid),
      all(Kind::iban, text, context, iban),
      all(Kind::card, text, context, card),
      all_ipv6(text, context),
      all(Kind::ipv4, text, context, ipv4),
      all(Kind::phone, text, context, phone),
  };
}

// The text with its escapes undone once, and where each byte stood.
struct Plain {
  std::string text;
  std::vector<std::uint32_t> origin;
};
bool printable(unsigned code) { return code >= 0x20 && code <= 0x7e; }
bool is_zone(std::string_view before) {
  return part(last_bytes(before, 45), "(?i)(^|[^0-9a-f:])fe[89ab][0-9a-f]*:[0-9a-f:]*$") &&
         part(last_bytes(before, 45), "(?i):[0-9a-f]*:[0-9a-f]*$");
}
unsigned hex(std::string_view digits) { return static_cast<unsigned>(std::stoul(std::string(digits), nullptr, 16)); }

std::optional<std::pair<unsigned, std::size_t>> escape(std::string_view text, std::size_t at) {
  const std::string_view here = text.substr(at);
  if (full(here.substr(0, 3), "%[0-9A-Fa-f]{2}")) {
    const unsigned code = hex(here.substr(1, 2));
    if (code == ':' || !is_zone(text.substr(0, at))) return std::pair{code, std::size_t{3}};
  }
  if (full(here.substr(0, 6), R"(\\u[0-9A-Fa-f]{4})")) return std::pair{hex(here.substr(2, 4)), std::size_t{6}};
  if (full(here.substr(0, 4), R"(\\x[0-9A-Fa-f]{2})")) return std::pair{hex(here.substr(2, 2)), std::size_t{4}};
  const std::string_view two = here.substr(0, 2);
  if (two == "\\n") return std::pair{unsigned{'\n'}, std::size_t{2}};
  if (two == "\\r") return std::pair{unsigned{'\r'}, std::size_t{2}};
  if (two == "\\t") return std::pair{unsigned{'\t'}, std::size_t{2}};
  if (full(two, R"(\\[/"\\])")) return std::pair{static_cast<unsigned>(two[1]), std::size_t{2}};
  return {};
}

bool worth_undoing(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '%' && full(text.substr(at, 3), "%[0-9A-Fa-f]{2}") && printable(hex(text.substr(at + 1, 2))))
      return true;
    if (text[at] != '\\') continue;
    const auto found = escape(text, at);
    if (!found) continue;
    if (found->second > 2 && printable(found->first)) return true;
    if (text.substr(at, 2) == "\\/" && text.find('@') != std::string_view::npos) return true;
  }
  return false;
}

Plain undone(const Plain& from) {
  Plain to;
  for (std::size_t at = 0; at < from.text.size();) {
    const auto found = escape(from.text, at);
    const std::string bytes = !found                ? std::string(1, from.text[at])
                              : found->first > 0xff ? std::string("\xff\xff")
                                                    : std::string(1, static_cast<char>(found->first));
    to.text += bytes;
    to.origin.insert(to.origin.end(), bytes.size(), from.origin[at]);
    at += found ? found->second : 1;
  }
  to.origin.push_back(from.origin.back());
  return to;
}

}  // namespace

namespace {

// Whose each byte is: of the kinds in their order, in each the findings in theirs. What is left of one is a finding.
std::vector<Hit> settled(std::string_view text, std::vector<std::vector<Hit>> by_rank) {
  std::vector<Hit> kept;
  std::vector<bool> taken(text.size());
  const auto word = [&](std::size_t at) { return full(text.substr(at, 1), "[0-9A-Za-z\\x80-\\xff]"); };
  for (std::vector<Hit>& hits : by_rank) {
    std::sort(hits.begin(), hits.end(),
              [](const Hit& a, const Hit& b) { return a.begin != b.begin ? a.begin < b.begin : a.end > b.end; });
    for (const Hit& hit : hits)
      for (std::uint32_t begin = hit.begin; begin < hit.end;) {
        if (taken[begin]) {
          ++begin;
          continue;
        }
        std::uint32_t end = begin;
        while (end < hit.end && !taken[end]) ++end;
        const std::uint32_t next = end;
        Hit part{begin, end, hit.kind};
        if (begin != hit.begin || end != hit.end) {
          part.kind = Kind::token;
          const std::size_t sign = text.substr(0, hit.end).find_first_of("@%", hit.begin);
          while (part.begin < part.end && !word(part.begin)) ++part.begin;
          if (hit.kind == Kind::email) {
            if (part.begin < sign && sign < end && end == hit.end) part.kind = Kind::email;
            else part.end = static_cast<std::uint32_t>(std::min<std::size_t>(part.end, sign));
          }
          while (part.end > part.begin && !word(part.end - 1)) --part.end;
        }
        if (part.begin < part.end) kept.push_back(part);
        std::fill(taken.begin() + begin, taken.begin() + next, true);
        begin = next;
      }
  }
  std::sort(kept.begin(), kept.end(), [](const Hit& a, const Hit& b) { return a.begin < b.begin; });
  return kept;
}

bool touched_behind(std::string_view text, std::size_t at) {
  const std::string before(last_bytes(text.substr(0, at), 1)), behind(text.substr(at, 3));
  return !before.empty() && (full(behind.substr(0, 1), R"([0-9A-Za-z\x80-\xff+%\\:_,#$/().-])") ||
                             (full(before, "[0-9]") && part(behind, "^ [ ().-]?[0-9]")));
}
bool touched_before(std::string_view text, std::size_t at) {
  const std::string before(last_bytes(text.substr(0, at), 3)), behind(text.substr(at, 1));
  return part(before, R"([0-9A-Za-z\x80-\xff][-.:,]?$|[0-9]/$)") ||
         (full(behind, "[0-9+(]") && part(before, R"([0-9][ ().-]{1,2}$)"));
}

std::vector<Hit> in_part(std::string_view text, std::size_t begin, std::size_t end, Context context) {
  const std::string_view part = text.substr(begin, end - begin);
  std::vector<Hit> hits = settled(part, findings_by_rank(part, context));
  for (Hit& hit : hits) {
    hit.begin += static_cast<std::uint32_t>(begin);
    hit.end += static_cast<std::uint32_t>(begin);
  }
  return hits;
}

// With what touches them: each gap is searched by itself, next to the finding before it and next to the one behind it.
std::vector<Hit> with_neighbours(std::string_view text, Context context, std::vector<Hit> hits) {
  const auto put = [&](std::size_t at, const std::vector<Hit>& more) {
    hits.insert(hits.begin() + static_cast<std::ptrdiff_t>(at), more.begin(), more.end());
    return !more.empty();
  };
  for (std::size_t at = 0; at <= hits.size() && !hits.empty();) {
    const std::size_t begin = at == 0 ? 0 : hits[at - 1].end;
    const std::size_t end = at == hits.size() ? text.size() : hits[at].begin;
    if (begin < end && at > 0 && touched_behind(text, begin)) {
      std::vector<Hit> near;
      for (const std::size_t most : {160, 9'000}) {
        const std::size_t stop = std::min(end, begin + most);
        near = in_part(text, begin, stop, context);
        std::erase_if(near, [&](const Hit& hit) { return hit.begin > begin + 16; });
        if (near.empty() || near.back().end < stop || stop == end) break;
      }
      if (put(at, near)) continue;
    }
    if (begin < end && at < hits.size() && touched_before(text, end)) {
      const std::size_t start = std::max(begin, end > 320 ? end - 320 : 0);
      std::vector<Hit> near = in_part(text, start, end, context);
      std::erase_if(near, [&](const Hit& hit) { return hit.end + 16 < end || (start > begin && hit.begin == start); });
      if (put(at, near)) continue;
    }
    ++at;
  }
  return hits;
}

}  // namespace

std::vector<Hit> find_personal_data(std::string_view text, Context context) {
  std::vector<std::vector<Hit>> by_rank = findings_by_rank(text, context);
  if (worth_undoing(text)) {
    Plain plain{std::string(text), {}};
    for (std::uint32_t i = 0; i <= text.size(); ++i) plain.origin.push_back(i);
    for (int round = 0; round < 3; ++round) plain = undone(plain);
    for (Hit hit : with_neighbours(plain.text, context, settled(plain.text, findings_by_rank(plain.text, context)))) {
      hit.begin = plain.origin[hit.begin];
      hit.end = plain.origin[hit.end];
      by_rank[static_cast<std::size_t>(hit.kind) - static_cast<std::size_t>(Kind::private_key)].push_back(hit);
    }
  }
  return with_neighbours(text, context, settled(text, std::move(by_rank)));
}

}  // namespace logystera::oracle

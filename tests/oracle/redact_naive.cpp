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

bool begins_word(const Place& p) {
  if (inside_escape(p.text, p.at)) return false;
  return part(last_bytes(p.before(), 6),
              R"((^|[^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\\[nrtbf]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})$)") &&
         (p.at == 0 || part(last_bytes(p.before(), 6),
                            R"(([^A-Za-z0-9]|%[0-9A-Fa-f]{2}|\\[nrtbf]|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})$)"));
}
bool not_alnum_next(std::string_view rest) { return !full(rest.substr(0, 1), "[A-Za-z0-9]"); }

using Ends = std::function<std::optional<std::size_t>(const Place&)>;  // size of what begins there

std::optional<std::size_t> email(const Place& p) {
  if (!full(p.from().substr(0, 1), R"([A-Za-z0-9_\x80-\xff])") || inside_escape(p.text, p.at)) return {};
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
  if (p.at == 0) return false;
  const std::string before(p.before());
  const std::string_view behind = p.behind(size);
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
  if (part(last_bytes(before, 24), R"((?i)(^|[^a-z])(version|ver|release|build|firmware|rv|v)[^A-Za-z0-9]{1,4}$)"))
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
    if (!begins_word({text, begin, context}) || !not_alnum_next(text.substr(end))) continue;
    bool found = false;
    for (std::size_t lead = 0; lead < 2 && !found; ++lead) {
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
  if (!begins_word(p) || part(last_bytes(p.before(), 2), R"(\d[.,-]$)")) return {};
  const bool plus = part(last_bytes(p.before(), 1), R"(\+$)");
  const auto fits = [&](std::size_t size) {
    const std::string digits = digits_of(p.from().substr(0, size));
    if (plus && digits.size() <= 15) return false;
    return not_alnum_next(p.behind(size)) && !part(p.behind(size), R"(^[.,-]\d)") && is_card_number(digits);
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
    if (n == ends.size() && !number_ends(p.behind(size))) return {};
    return size;
  }
  return {};
}

bool beside_phone_word(const Place& p, std::size_t size, std::size_t groups) {
  if (p.context == Context::phone) return true;
  if (part(p.behind(size), "(?i)^[ -]{1,2}(office|fax|mobile|phone|cell|tel|desk)($|[^a-z0-9])")) return true;
  std::string window(last_bytes(p.before(), 24));
  const std::size_t digit = window.find_last_of("0123456789");
  const bool whole = p.before().size() <= 24 && digit == std::string::npos;
  std::string lead = whole ? " " : std::string(last_bytes(p.before(), 25).substr(0, 1));
  if (digit != std::string::npos) {
    lead = "0";
    window = window.substr(digit + 1);
  }
  window = lead + window;
  if (part(window.substr(1), "(?i)(phone|telephone|mobile|whatsapp|msisdn|telefon|handy)")) return true;
  if (part(window, "(?i)[^a-z0-9](tel|mob|cell|fax|sms)")) return true;
  return groups >= 2 && part(window, "(?i)[^a-z0-9](call|calling|desk|office|dial|contact|answering|reach)([^a-z]|$)");
}

std::optional<std::size_t> national(const Place& p) {
  const std::size_t skip = p.from().substr(0, 1) == "(" ? 1 : 0;
  const std::string_view run = p.behind(skip);
  std::vector<std::size_t> ends = group_ends(run, " ()-");
  if (ends.empty()) return {};
  const bool dotted = digits_of(run.substr(0, ends.back())).size() < 7;
  if (dotted) ends = group_ends(run, ".", "");
  const std::string_view number = run.substr(0, ends.back());
  const std::size_t digits = digits_of(number).size();
  if (digits < 7 || digits > 15) return {};
  if (dotted && ends.size() > 1 && !full(number, R"(\d{2,}(\.\d{2,3})+\.\d{2,})")) return {};
  if (full(
          number,
          R"(\d{4}[ ().-]+\d\d[ ().-]+\d\d([ ().-].*)?|\d{1,2}[ ().-]+\d{1,2}[ ().-]+\d{4}|\d{3}[ ().-]+\d\d[ ().-]+\d{4}|\d{5}[ ().-]+\d{4})"))
    return {};
  const std::size_t size = skip + ends.back() + with_extension(run.substr(ends.back()));
  if (!number_ends(p.behind(size)) || !beside_phone_word(p, size, ends.size())) return {};
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
  if (const auto size = head(p.from(), "hooks\\.slack\\.com/[A-Za-z0-9/]{30,255}"))
    return std::pair{std::size_t{16}, *size - 16};
  if (!part(last_bytes(p.before(), 1), "[A-Za-z0-9]$")) {
    if (const auto gap = head(p.from(), "(?i)bearer([ :=]{1,3}|%20)"))
      if (const auto size = head(p.behind(*gap), "[A-Za-z0-9._~+/-]{16,}");
          size && part(p.from().substr(*gap, *size), R"(\d)"))
        return std::pair{*gap, *size + *head(p.behind(*gap + *size), "=*")};
    if (const auto gap = head(p.from(), "(?i)basic([ :=]{1,3}|%20)");
        gap && part(last_bytes(p.before(), 24), "(?i)authorization"))
      if (const auto size = head(p.behind(*gap), "[A-Za-z0-9._~+/-]{4,}"))
        return std::pair{*gap, *size + *head(p.behind(*gap + *size), "=*")};
  }
  if (part(p.before(), R"(://[^\x00-\x20/@:"'<>]{0,128}:$)"))
    if (const auto size = head(p.from(), R"([^\x00-\x20/@:"'<>]{1,128}@)")) return std::pair{std::size_t{0}, *size - 1};
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

}  // namespace

std::vector<Hit> find_personal_data(std::string_view text, Context context) {
  const std::vector<std::vector<Hit>> by_rank = {
      all(Kind::private_key, text, context, private_key),
      all(Kind::jwt, text, context, jwt),
      all_tokens(text, context),
      all(Kind::email, text, context, email),
      all(Kind::uuid, text, context, uuid),
      all(Kind::iban, text, context, iban),
      all(Kind::card, text, context, card),
      all_ipv6(text, context),
      all(Kind::ipv4, text, context, ipv4),
      all(Kind::phone, text, context, phone),
  };
  std::vector<Hit> kept;
  for (const std::vector<Hit>& hits : by_rank)
    for (const Hit& hit : hits) {
      const bool overlaps = std::any_of(kept.begin(), kept.end(),
                                        [&](const Hit& other) { return hit.begin < other.end && other.begin < hit.end; });
      if (!overlaps) kept.push_back(hit);
    }
  std::sort(kept.begin(), kept.end(), [](const Hit& a, const Hit& b) { return a.begin < b.begin; });
  return kept;
}

}  // namespace logystera::oracle

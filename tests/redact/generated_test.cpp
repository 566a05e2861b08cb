// Five hundred made-up occurrences of every kind in log-like surroundings, each of which must be found exactly, and five
// hundred near misses of every kind, none of which may be.
#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "redact/finder.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

constexpr int kCases = 500;

class Maker {
 public:
  explicit Maker(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  int between(int low, int high) { return std::uniform_int_distribution<int>(low, high)(random_); }
  template <typename T>
  const T& one_of(const std::vector<T>& all) {
    return all[below(all.size())];
  }
  std::string of(std::string_view alphabet, std::size_t count) {
    std::string text;
    while (count-- > 0) text += alphabet[below(alphabet.size())];
    return text;
  }
  std::string digits(std::size_t count) { return of("0123456789", count); }
  std::string hex(std::size_t count) { return of("0123456789abcdef", count); }
  std::string word(std::size_t count) { return of("abcdefghijklmnopqrstuvwxyz", count); }
  std::string alnum(std::size_t count) {
    return of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", count);
  }

 private:
  std::mt19937 random_;
};

// The digit that makes the number pass Luhn.
char luhn_digit(const std::string& head) {
  int sum = 0;
  bool twice = true;
  for (auto c = head.rbegin(); c != head.rend(); ++c, twice = !twice) {
    const int value = (*c - '0') * (twice ? 2 : 1);
    sum += value / 10 + value % 10;
  }
  return static_cast<char>('0' + (10 - sum % 10) % 10);
}

std::string card_number(Maker& make, bool valid) {
  static const std::vector<std::pair<std::string, std::size_t>> issuers = {
      {"4", 16},  {"4", 13},  {"4", 19},    {"51", 16},   {"55", 16},   {"2221", 16}, {"2720", 16},
      {"34", 15}, {"37", 15}, {"6011", 16}, {"65", 16},   {"36", 14},   {"305", 14},  {"3528", 16},
      {"62", 16}, {"62", 19}, {"6759", 12}, {"5018", 16}, {"6304", 18}, {"2200", 16}};
  const auto& [prefix, size] = make.one_of(issuers);
  std::string number = prefix + make.digits(size - prefix.size() - 1);
  const char check = luhn_digit(number);
  number += valid ? check : static_cast<char>('0' + (check - '0' + make.between(1, 9)) % 10);
  if (number.size() == 16 && make.below(3) == 0) {
    const char separator = make.below(2) ? ' ' : '-';
    for (std::size_t at : {12, 8, 4}) number.insert(at, 1, separator);
  }
  return number;
}

std::string iban_number(Maker& make, bool valid) {
  static const std::vector<std::pair<std::string, std::size_t>> countries = {{"GB", 22}, {"DE", 22}, {"FR", 27}, {"NO", 15},
                                                                             {"MT", 31}, {"NL", 18}, {"PL", 28}, {"CH", 21},
                                                                             {"ES", 24}, {"BE", 16}};
  const auto& [country, size] = make.one_of(countries);
  std::string account = make.of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", 4) + make.digits(size - 8);
  std::string number;
  for (char c : account + country + "00") number += c >= 'A' ? std::to_string(c - 'A' + 10) : std::string(1, c);
  int remainder = 0;
  for (char c : number) remainder = (remainder * 10 + (c - '0')) % 97;
  int check = 98 - remainder;
  if (!valid) check = (check + make.between(1, 90)) % 97 + 2;
  if (!valid && check == 98 - remainder) check = check > 50 ? check - 7 : check + 7;
  std::string iban = country + (check < 10 ? "0" : "") + std::to_string(check) + account;
  if (make.below(3) == 0)
    for (char& c : iban) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (make.below(3) == 0)
    for (std::size_t at = (iban.size() - 1) / 4 * 4; at > 0; at -= 4) iban.insert(at, " ");
  return iban;
}

std::string email_address(Maker& make) {
  std::string local = make.word(1 + make.below(12));
  if (make.below(3) == 0) local += make.one_of<std::string>({".", "_", "+", "-"}) + make.alnum(1 + make.below(8));
  std::string domain = make.word(1 + make.below(10));
  if (make.below(3) == 0) domain += "-" + make.alnum(3);
  if (make.below(3) == 0) domain += "." + make.word(4);
  return local + make.one_of<std::string>({"@", "@", "@", "%40"}) + domain + "." +
         make.one_of<std::string>({"com", "de", "info", "co.uk", "museum", "xn--p1ai"});
}

std::string v4(Maker& make) {
  return std::to_string(make.between(0, 255)) + "." + std::to_string(make.between(0, 255)) + "." +
         std::to_string(make.between(0, 255)) + "." + std::to_string(make.between(0, 255));
}

std::string v6(Maker& make) {
  const auto group = [&] { return make.hex(1 + make.below(4)); };
  std::string text = std::to_string(make.between(1, 9)) + make.hex(2);
  if (make.below(4) == 0) return "::ffff:" + v4(make);
  if (make.below(2) == 0) {
    for (int i = 0; i < 7; ++i) text += ":" + group();
    return text;
  }
  for (std::size_t i = make.below(3); i > 0; --i) text += ":" + group();
  text += ":";
  for (std::size_t i = 1 + make.below(3); i > 0; --i) text += ":" + group();
  return text;
}

std::string uuid(Maker& make) {
  std::string text = make.hex(8) + "-" + make.hex(4) + "-" + make.hex(4) + "-" + make.hex(4) + "-" + make.hex(12);
  if (make.below(3) == 0)
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::string jwt(Maker& make) {
  return "eyJ" + make.alnum(17 + make.below(30)) + ".eyJ" + make.alnum(20 + make.below(60)) + "." + make.alnum(43);
}

std::string token(Maker& make) {
  switch (make.below(10)) {
    case 0: return "AKIA" + make.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16);
    case 1: return make.one_of<std::string>({"ghp_", "gho_", "ghs_"}) + make.alnum(36);
    case 2: return "xoxb-" + make.digits(12) + "-" + make.digits(12) + "-" + make.alnum(24);
    case 3: return "sk_live_" + make.alnum(24);
    case 4: return "AIza" + make.alnum(35);
    case 5: return "glpat-" + make.alnum(20);
    case 6: return "github_pat_" + make.alnum(22) + "_" + make.alnum(59);
    case 7: return "npm_" + make.alnum(36);
    case 8: return "GOCSPX-" + make.alnum(28);
    default: return "SG." + make.alnum(22) + "." + make.alnum(43);
  }
}

std::string key(Maker& make) {
  const std::string label = make.one_of<std::string>(
      {"RSA PRIVATE KEY", "PRIVATE KEY", "OPENSSH PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"});
  const std::string line_end = make.one_of<std::string>({"\n", "\\n", "\r\n"});
  std::string text = "-----BEGIN " + label + "-----" + line_end;
  for (std::size_t lines = 1 + make.below(12); lines > 0; --lines) text += make.alnum(64) + line_end;
  return text + "-----END " + label + "-----";
}

std::string phone(Maker& make) {
  switch (make.below(6)) {
    case 0: return "+49 " + std::to_string(make.between(151, 179)) + " " + make.digits(7);
    case 1:
      return "+1-" + std::to_string(make.between(201, 989)) + "-" + std::to_string(make.between(200, 999)) + "-" +
             make.digits(4);
    case 2: return "+44" + std::to_string(make.between(7000, 7999)) + make.digits(6);
    case 3:
      return "(" + std::to_string(make.between(201, 989)) + ") " + std::to_string(make.between(200, 999)) + "-" +
             make.digits(4);
    case 4:
      return std::to_string(make.between(201, 989)) + "-" + std::to_string(make.between(200, 999)) + "-" + make.digits(4);
    default:
      return "+41 (0)" + std::to_string(make.between(21, 79)) + " " + make.digits(3) + " " + make.digits(2) + " " +
             make.digits(2);
  }
}

using Make = std::function<std::string(Maker&)>;

void all_found(Kind kind, const Make& value) {
  Maker make(static_cast<unsigned>(kind) + 1);
  Finder finder({});
  std::vector<Hit> hits;
  int found = 0;
  for (int i = 0; i < kCases; ++i) {
    const std::string text = value(make);
    const std::string before = make.one_of<std::string>(
        {"", "from ", "user=", "\"", "2026-05-18 10:00:01 INFO value=", "GET /x?q=", "[", "(", "k: "});
    const std::string after = make.one_of<std::string>({"", " port 22 ssh2", "\"", ",", "&y=1", ")", "]", " end.", "\n"});
    const std::string line = before + text + after;
    finder.find(line, Context::text, hits);
    const bool exact = hits.size() == 1 && hits[0].kind == kind && hits[0].begin == before.size() &&
                       hits[0].end == before.size() + text.size();
    found += exact;
    if (!exact) UNSCOPED_INFO("not found: " << line);
  }
  CHECK(found == kCases);
}

// Nothing of that kind (another kind may be there).
void none_found(Kind kind, const Make& value) {
  Maker make(static_cast<unsigned>(kind) + 1'001);
  Finder finder({});
  std::vector<Hit> hits;
  int clean = 0;
  for (int i = 0; i < kCases; ++i) {
    const std::string line = make.one_of<std::string>({"", "id=", "took ", "GET /", "at [", "ref "}) + value(make) +
                             make.one_of<std::string>({"", " ms", "\"", "]", ", next"});
    finder.find(line, Context::text, hits);
    bool none = true;
    for (const Hit& hit : hits) none = none && hit.kind != kind;
    clean += none;
    if (!none) UNSCOPED_INFO("taken for " << kind_prefix(kind) << ": " << line);
  }
  CHECK(clean == kCases);
}

}  // namespace

TEST_CASE("five_hundred_email_addresses_are_found_and_near_misses_are_not") {
  all_found(Kind::email, email_address);
  none_found(Kind::email, [](Maker& m) {
    return m.one_of<std::string>({m.word(5) + "@" + m.word(6), m.word(4) + "@" + std::to_string(m.between(1, 9)) + "x.png",
                                  "@" + m.word(6) + ".com", m.word(5) + " @ " + m.word(5) + ".com",
                                  m.word(5) + "@" + m.digits(2) + "." + m.digits(2) + "." + m.digits(1),
                                  m.word(5) + ".@" + m.word(4) + ".org", m.word(5) + "@-" + m.word(4) + ".c"});
  });
}

TEST_CASE("five_hundred_ipv4_addresses_are_found_and_near_misses_are_not") {
  all_found(Kind::ipv4, v4);
  none_found(Kind::ipv4, [](Maker& m) {
    return m.one_of<std::string>(
        {v4(m) + "." + m.digits(1), std::to_string(m.between(256, 999)) + "." + m.digits(1) + ".1.1", "1.2.3", "v" + v4(m),
         "Mozilla/5.0 (X11) Chrome/" + v4(m) + " Safari/537.36", "version " + v4(m), "\"app_version\":\"" + v4(m) + "\"",
         "rv:" + v4(m), " OPR/" + v4(m), v4(m) + "beta", m.digits(4) + ".1.2.3"});
  });
}

TEST_CASE("five_hundred_ipv6_addresses_are_found_and_near_misses_are_not") {
  all_found(Kind::ipv6, v6);
  none_found(Kind::ipv6, [](Maker& m) {
    return m.one_of<std::string>(
        {m.digits(2) + ":" + m.digits(2) + ":" + m.digits(2),
         m.hex(2) + ":" + m.hex(2) + ":" + m.hex(2) + ":" + m.hex(2) + ":" + m.hex(2) + ":" + m.hex(2), "std::" + m.word(6),
         m.word(3) + "::x" + m.word(3), "::", m.hex(5) + "z::1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::1",
         "Drupal\\Core\\X::" + m.word(5)});
  });
}

TEST_CASE("five_hundred_card_numbers_are_found_and_near_misses_are_not") {
  all_found(Kind::card, [](Maker& m) { return card_number(m, true); });
  none_found(Kind::card, [](Maker& m) {
    std::string foreign = m.one_of<std::string>({"9", "1", "0", "7"}) + m.digits(14);  // right check digit, nobody's range
    foreign += luhn_digit(foreign);
    if (foreign.compare(0, 4, "1800") == 0 || foreign.compare(0, 4, "9792") == 0) foreign = "0";
    const std::string right = card_number(m, true);
    return m.one_of<std::string>({card_number(m, false), foreign, "17" + m.digits(11), "x" + right, right + "7.5",
                                  "0." + right, right + m.digits(8)});
  });
}

TEST_CASE("five_hundred_ibans_are_found_and_near_misses_are_not") {
  all_found(Kind::iban, [](Maker& m) { return iban_number(m, true); });
  none_found(Kind::iban, [](Maker& m) {
    return m.one_of<std::string>(
        {iban_number(m, false), "ZZ" + m.digits(20), "x" + iban_number(m, true), "GB" + m.digits(12)});
  });
}

TEST_CASE("five_hundred_phone_numbers_are_found_and_near_misses_are_not") {
  all_found(Kind::phone, phone);
  none_found(Kind::phone, [](Maker& m) {
    return m.one_of<std::string>({m.digits(10), m.digits(3) + "-" + m.digits(2) + "-" + m.digits(4), "2026-05-18",
                                  "2026-05-18 10:11:12.123", "+0200", m.digits(8) + "." + m.digits(6),
                                  "10.5." + m.digits(4), "order " + m.digits(4) + " " + m.digits(5), "1" + m.digits(12),
                                  "+999 " + m.digits(8), "5" + m.digits(4) + "-" + m.digits(4),
                                  "id-" + m.digits(3) + "-555-" + m.digits(4), "2026/05/18 10:11",
                                  m.digits(3) + " " + m.digits(3) + " " + m.digits(4)});
  });
}

TEST_CASE("five_hundred_uuids_are_found_and_near_misses_are_not") {
  all_found(Kind::uuid, uuid);
  none_found(Kind::uuid, [](Maker& m) {
    return m.one_of<std::string>({m.hex(32), m.hex(7) + "-" + m.hex(4) + "-" + m.hex(4) + "-" + m.hex(4) + "-" + m.hex(12),
                                  uuid(m) + "0", "g" + uuid(m).substr(1), uuid(m).replace(9, 1, "z"),
                                  m.hex(8) + "_" + m.hex(4) + "_" + m.hex(4) + "_" + m.hex(4) + "_" + m.hex(12)});
  });
}

TEST_CASE("five_hundred_jwts_are_found_and_near_misses_are_not") {
  all_found(Kind::jwt, jwt);
  none_found(Kind::jwt, [](Maker& m) {
    return m.one_of<std::string>({"eyJ" + m.alnum(40), "eyJ" + m.alnum(40) + "." + m.alnum(30),
                                  "eyJ" + m.alnum(20) + ".eyJ" + m.alnum(20),
                                  "ayJ" + m.alnum(20) + ".eyJ" + m.alnum(20) + "." + m.alnum(20), "eyJx.eyJy.z"});
  });
}

TEST_CASE("five_hundred_tokens_are_found_and_near_misses_are_not") {
  all_found(Kind::token, token);
  none_found(Kind::token, [](Maker& m) {
    return m.one_of<std::string>({"AKIA" + m.of("ABCDEFGH", 12), "AKIA" + m.of("ABCDEFGH", 17), "ghp_" + m.alnum(20),
                                  "xoxb-" + m.digits(3), "task_live_" + m.word(5), "AIza" + m.alnum(20),
                                  "basic knowledge of " + m.word(8), "bearer of " + m.word(20), "sk-" + m.word(30),
                                  "npm_" + m.word(5), "risk-" + m.alnum(30)});
  });
}

namespace {

constexpr std::string_view kUpper32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", kLowerHex = "0123456789abcdef";
constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kLettersDash = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-";
constexpr std::string_view kLettersLine = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// A service's tokens as its documentation has them: what they begin with, and how many of which bytes follow.
struct Issued {
  std::string_view prefix, alphabet;
  std::size_t least, most;
};
constexpr Issued kIssued[] = {
    {"AKIA", kUpper32, 16, 16},
    {"ASIA", kUpper32, 16, 16},
    {"ABIA", kUpper32, 16, 16},
    {"ACCA", kUpper32, 16, 16},
    {"AIza", kUrlSafe, 35, 35},
    {"GOCSPX-", kUrlSafe, 28, 28},
    {"dop_v1_", kLowerHex, 64, 64},
    {"ghp_", kLetters, 36, 255},
    {"gho_", kLetters, 36, 255},
    {"ghu_", kLetters, 36, 255},
    {"ghs_", kLetters, 36, 255},
    {"ghr_", kLetters, 36, 255},
    {"github_pat_", kLettersLine, 22, 255},
    {"glpat-", kUrlSafe, 20, 255},
    {"hf_", kLetters, 34, 40},
    {"npm_", kLetters, 36, 36},
    {"pypi-AgEI", kUrlSafe, 50, 1024},
    {"rk_live_", kLetters, 10, 255},
    {"rk_test_", kLetters, 10, 255},
    {"sk_live_", kLetters, 10, 255},
    {"sk_test_", kLetters, 10, 255},
    {"shpat_", kLowerHex, 32, 32},
    {"shpss_", kLowerHex, 32, 32},
    {"shpca_", kLowerHex, 32, 32},
    {"whsec_", kLetters, 20, 255},
    {"xoxb-", kLettersDash, 10, 255},
    {"xoxp-", kLettersDash, 10, 255},
    {"xoxa-", kLettersDash, 10, 255},
    {"xoxs-", kLettersDash, 10, 255},
    {"xoxr-", kLettersDash, 10, 255},
    {"xoxe-", kLettersDash, 10, 255},
    {"xapp-", kLettersDash, 10, 255},
    {"ya29.", kUrlSafe, 20, 2048},
};

}  // namespace

TEST_CASE("five_hundred_tokens_of_each_service_are_found_and_near_misses_are_not") {
  for (const Issued& kind : kIssued) {
    CAPTURE(kind.prefix);
    const std::string prefix(kind.prefix);
    all_found(Kind::token, [&](Maker& m) {
      const std::size_t more = std::min<std::size_t>(kind.most - kind.least, 60);
      return prefix + m.of(kind.alphabet, kind.least + m.below(more + 1));
    });
    none_found(Kind::token, [&](Maker& m) {
      const std::string good = m.of(kind.alphabet, kind.least);
      switch (m.below(kind.least == kind.most ? 5 : 4)) {
        case 0: return prefix + good.substr(1);                                                      // one too few
        case 1: return "Q" + prefix.substr(1) + good;                                                // another prefix
        case 2: return m.word(1) + prefix + good;                                                    // within a word
        case 3: return prefix + good.substr(0, kind.least / 2) + "!" + good.substr(kind.least / 2);  // broken in two
        default: return prefix + good + m.of("234567", 1);                                           // one too many
      }
    });
  }
}

TEST_CASE("five_hundred_sendgrid_and_model_keys_are_found_and_near_misses_are_not") {
  all_found(Kind::token, [](Maker& m) { return "SG." + m.of(kUrlSafe, 22) + "." + m.of(kUrlSafe, 43); });
  none_found(Kind::token, [](Maker& m) {
    switch (m.below(4)) {
      case 0: return "SG." + m.alnum(21) + "." + m.alnum(43);
      case 1: return "SG." + m.alnum(22) + "." + m.alnum(42);
      case 2: return "SG." + m.alnum(22) + "." + m.alnum(44);
      default: return "SQ." + m.alnum(22) + "." + m.alnum(43);
    }
  });
  all_found(Kind::token, [](Maker& m) { return "sk-" + m.word(8) + m.digits(2) + "K" + m.of(kUrlSafe, 12 + m.below(60)); });
  none_found(Kind::token, [](Maker& m) {
    switch (m.below(4)) {
      case 0: return "sk-" + m.word(8) + "7K" + m.alnum(9);        // one too few
      case 1: return "sk-" + m.word(30) + m.digits(2);             // no capital
      case 2: return "sk-" + m.word(20) + "K" + m.word(4);         // no digit
      default: return "ta" + ("sk-" + m.digits(4)) + m.alnum(20);  // within a word
    }
  });
}

TEST_CASE("five_hundred_credentials_behind_a_scheme_are_found_and_near_misses_are_not") {
  // What stands before the secret stays.
  const auto found_behind = [](const std::function<std::string(Maker&)>& lead, const Make& secret) {
    Maker make(4711);
    Finder finder({});
    std::vector<Hit> hits;
    int found = 0;
    for (int i = 0; i < kCases; ++i) {
      const std::string before = lead(make), text = secret(make);
      finder.find(before + text + make.one_of<std::string>({"", " HTTP/1.1", "\"", "\n"}), Context::text, hits);
      const bool exact = hits.size() == 1 && hits[0].kind == Kind::token && hits[0].begin == before.size() &&
                         hits[0].end == before.size() + text.size();
      found += exact;
      if (!exact) UNSCOPED_INFO("not found: " << before << text);
    }
    CHECK(found == kCases);
  };
  found_behind(
      [](Maker& m) {
        return m.one_of<std::string>({"Authorization: Bearer ", "bearer: ", "BEARER=", "a Bearer%20"});
      },
      [](Maker& m) { return m.word(8) + m.digits(3) + m.alnum(5 + m.below(60)); });
  none_found(Kind::token, [](Maker& m) {
    return m.one_of<std::string>({"Bearer " + m.word(10) + m.digits(5), "bearer of " + m.word(20), "Bearer " + m.word(40),
                                  "forbearer " + m.alnum(30), "bearer"});
  });
  found_behind(
      [](Maker& m) {
        return m.one_of<std::string>({"Authorization: Basic ", "authorization=basic ", "AUTHORIZATION: BASIC "});
      },
      [](Maker& m) {
        return m.alnum(8 + m.below(60)) + m.one_of<std::string>({"", "=", "=="});
      });
  none_found(Kind::token, [](Maker& m) {
    return m.one_of<std::string>({"Basic " + m.word(12), "basic: " + m.alnum(20),
                                  "authorization is needed, and this basic " + m.word(9),
                                  "Authorization: Basic " + m.word(3)});
  });
  found_behind(
      [](Maker& m) {
        return m.one_of<std::string>({"https://hooks.slack.com/", "POST hooks.slack.com/"});
      },
      [](Maker& m) { return "services/T" + m.alnum(8) + "/B" + m.alnum(8) + "/" + m.alnum(24); });
  none_found(Kind::token, [](Maker& m) {
    return m.one_of<std::string>({"https://hooks.slack.com/" + m.alnum(29),
                                  "https://hooks.slack.org/services/" + m.alnum(40), "https://slack.com/" + m.alnum(40)});
  });
}

TEST_CASE("five_hundred_private_keys_are_found_and_near_misses_are_not") {
  all_found(Kind::private_key, key);
  none_found(Kind::private_key, [](Maker& m) {
    return m.one_of<std::string>({"-----BEGIN PUBLIC KEY-----\n" + m.alnum(64) + "\n-----END PUBLIC KEY-----",
                                  "-----BEGIN CERTIFICATE-----" + m.alnum(20), "BEGIN PRIVATE KEY",
                                  "----BEGIN RSA PRIVATE KEY----", "-----BEGIN " + m.word(50) + " PRIVATE KEY-----"});
  });
}

// Secrets: private keys, tokens, passwords in URLs. And the canonical forms of all kinds.
#include <algorithm>
#include <array>
#include <cstring>

#include "core/record.hpp"
#include "redact/bytes.hpp"
#include "redact/grammar.hpp"

namespace logystera::redact {
namespace {

constexpr std::size_t kTokenBytes = 8192;  // longer is data, not a token; its head is still cut out

using Alphabet = bool (*)(char) noexcept;

constexpr bool is_word_byte(char c) noexcept { return is_alnum(c) || c == '_'; }
constexpr bool is_base32(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); }
constexpr bool is_alnum_hyphen(char c) noexcept { return is_alnum(c) || c == '-'; }
constexpr bool is_token68(char c) noexcept {  // RFC 9110 §11.2, without its '=' padding
  return is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
}

// Tokens whose prefix names the service; `least` and `most` count the bytes behind the prefix.
struct Service {
  std::string_view prefix;
  Alphabet alphabet;
  std::size_t least, most;
};
constexpr std::array<Service, 33> kServices = {{
    // by first byte
    {"AKIA", is_base32, 16, 16},             // AWS access key
    {"ASIA", is_base32, 16, 16},             // AWS temporary key
    {"ABIA", is_base32, 16, 16},             // AWS STS bearer
    {"ACCA", is_base32, 16, 16},             // AWS context credential
    {"AIza", is_base64url, 35, 35},          // Google API key
    {"GOCSPX-", is_base64url, 28, 28},       // Google OAuth client secret
    {"dop_v1_", is_hex, 64, 64},             // DigitalOcean
    {"ghp_", is_alnum, 36, 255},             // GitHub personal
    {"gho_", is_alnum, 36, 255},             // GitHub OAuth
    {"ghu_", is_alnum, 36, 255},             // GitHub user-to-server
    {"ghs_", is_alnum, 36, 255},             // GitHub server-to-server
    {"ghr_", is_alnum, 36, 255},             // GitHub refresh
    {"github_pat_", is_word_byte, 22, 255},  // GitHub fine-grained
    {"glpat-", is_base64url, 20, 255},       // GitLab
    {"hf_", is_alnum, 34, 40},               // Hugging Face
    {"npm_", is_alnum, 36, 36},
    {"pypi-AgEI", is_base64url, 50, 1024},
    {"rk_live_", is_alnum, 10, 255},
    {"rk_test_", is_alnum, 10, 255},
    {"sk_live_", is_alnum, 10, 255},  // Stripe
    {"sk_test_", is_alnum, 10, 255},
    {"shpat_", is_hex, 32, 32},  // Shopify
    {"shpss_", is_hex, 32, 32},
    {"shpca_", is_hex, 32, 32},
    {"whsec_", is_alnum, 20, 255},
    {"xoxb-", is_alnum_hyphen, 10, 255},  // Slack bot
    {"xoxp-", is_alnum_hyphen, 10, 255},  // Slack user
    {"xoxa-", is_alnum_hyphen, 10, 255},  // Slack app
    {"xoxs-", is_alnum_hyphen, 10, 255},  // Slack session
    {"xoxr-", is_alnum_hyphen, 10, 255},  // Slack refresh
    {"xoxe-", is_alnum_hyphen, 10, 255},  // Slack configuration
    {"xapp-", is_alnum_hyphen, 10, 255},  // Slack app-level
    {"ya29.", is_base64url, 20, 2048},    // Google OAuth access token
}};

// Where the prefixes that begin with a byte stand in kServices: [first, last).
struct ServiceRange {
  std::uint8_t first = 0, last = 0;
};
constexpr std::array<ServiceRange, 256> kServicesByByte = [] {
  std::array<ServiceRange, 256> ranges{};
  for (std::uint8_t i = 0; i < kServices.size(); ++i) {
    ServiceRange& range = ranges[static_cast<unsigned char>(kServices[i].prefix[0])];
    if (range.last == 0) range.first = i;
    range.last = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

std::size_t run_end(std::string_view text, std::size_t at, Alphabet alphabet, std::size_t most) noexcept {
  std::size_t end = at;
  while (end < text.size() && end - at < most && alphabet(text[end])) ++end;
  return end;
}

bool has_digit(std::string_view text) noexcept { return std::any_of(text.begin(), text.end(), is_digit); }
bool has_upper(std::string_view text) noexcept {
  return std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

Extent match_sendgrid(std::string_view text, std::size_t at) noexcept {
  const std::size_t id = run_end(text, at + 3, is_base64url, 23);
  if (id != at + 3 + 22 || !has(text, id, ".")) return {};
  const std::size_t end = run_end(text, id + 1, is_base64url, 44);
  return end == id + 1 + 43 ? Extent{at, end} : Extent{};
}

Extent match_slack_webhook(std::string_view text, std::size_t at) noexcept {
  constexpr std::string_view kHost = "hooks.slack.com/";
  constexpr std::size_t kSecretBytes = 30;
  if (!has(text, at, kHost)) return {};
  const std::size_t begin = at + kHost.size();
  const std::size_t end = run_end(
      text, begin, [](char c) noexcept { return is_alnum(c) || c == '/'; }, 255);
  return end - begin >= kSecretBytes ? Extent{begin, end} : Extent{};
}

// Keys that begin "sk-" are looked at twice, since so do ordinary words: digits and capitals must be among them.
Extent match_model_key(std::string_view text, std::size_t at) noexcept {
  const std::size_t end = run_end(text, at + 3, is_base64url, 255);
  const std::string_view rest = text.substr(at + 3, end - at - 3);
  return rest.size() >= 20 && has_digit(rest) && has_upper(rest) ? Extent{at, end} : Extent{};
}

// "Bearer TOKEN" anywhere; "Basic TOKEN" only behind "authorization", the word being ordinary otherwise.
Extent match_credentials(std::string_view text, std::size_t at) noexcept {
  const bool bearer = has_word(text, at, "bearer");
  if (!bearer && !has_word(text, at, "basic")) return {};
  if (at > 0 && is_alnum(text[at - 1])) return {};
  std::size_t begin = at + (bearer ? 6 : 5);
  const std::size_t gap = begin;
  while (begin < text.size() && begin - gap < 3 && (text[begin] == ' ' || text[begin] == ':' || text[begin] == '='))
    ++begin;
  if (begin == gap && has_word(text, begin, "%20")) begin += 3;
  if (begin == gap) return {};
  std::size_t end = run_end(text, begin, is_token68, kTokenBytes);
  const std::string_view token = text.substr(begin, end - begin);
  if (bearer) {
    if (token.size() < 16 || !has_digit(token)) return {};
  } else {
    constexpr std::size_t kReach = 24;
    const std::size_t from = at > kReach ? at - kReach : 0;
    bool announced = false;
    for (std::size_t i = from; i < at; ++i) announced = announced || has_word(text, i, "authorization");
    if (!announced || token.size() < 4) return {};
  }
  while (end < text.size() && text[end] == '=') ++end;
  return {begin, end};
}

constexpr bool is_userinfo_stop(char c) noexcept {
  return c == '/' || c == '@' || c == ':' || c == '"' || c == '\'' || c == '<' || c == '>' ||
         static_cast<unsigned char>(c) <= ' ';
}

}  // namespace

Extent match_jwt(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t kHeaderBytes = 10;  // the shortest header, {"alg":""}, is longer
  constexpr std::size_t kPayloadBytes = 2;
  if (!has(text, at, "eyJ") || !begins_word(text, at)) return {};
  std::size_t part[5];  // ends
  std::size_t parts = 0;
  std::size_t sizes[5];
  for (std::size_t from = at; parts < 5; ++parts) {
    const std::size_t end = run_end(text, from, is_base64url, kTokenBytes);
    part[parts] = end;
    sizes[parts] = end - from;
    if (!has(text, end, ".")) {
      ++parts;
      break;
    }
    from = end + 1;
  }
  if (parts < 2 || sizes[0] < kHeaderBytes) return {};
  // Five parts (JWE): the key may be empty, initialisation vector, text and tag are not.
  if (parts == 5 && sizes[2] >= 4 && sizes[3] >= 2 && sizes[4] >= 4) return {at, part[4]};
  if (parts >= 3 && sizes[1] >= kPayloadBytes && (has(text, part[0] + 1, "eyJ") || has(text, part[0] + 1, "e30")))
    return {at, part[2]};
  return {};
}

Extent match_private_key(std::string_view text, std::size_t at, bool& open) noexcept {
  constexpr std::size_t kLabelBytes = 40;
  open = false;
  if (at < 5 || !has(text, at - 5, "-----BEGIN ")) return {};
  const std::size_t label = at + 6;
  const std::size_t dashes = text.substr(0, std::min(text.size(), label + kLabelBytes)).find("-----", label);
  if (dashes == std::string_view::npos || text.substr(label, dashes - label).find("PRIVATE KEY") == std::string_view::npos)
    return {};
  for (std::size_t end = text.find("-----END ", dashes); end != std::string_view::npos;
       end = text.find("-----END ", end + 1)) {
    const std::size_t close = text.substr(0, std::min(text.size(), end + 9 + kLabelBytes)).find("-----", end + 9);
    if (close != std::string_view::npos && text.substr(end, close - end).find("PRIVATE KEY") != std::string_view::npos)
      return {at - 5, close + 5};
  }
  open = true;
  return {at - 5, text.size()};
}

Extent match_token(std::string_view text, std::size_t at) noexcept {
  const char first = text[at];
  if (lower(first) == 'b') return match_credentials(text, at);
  if (first == 'h' && has(text, at, "hooks.")) return match_slack_webhook(text, at);
  if (first == 'S' && has(text, at, "SG.") && begins_word(text, at)) {
    const Extent found = match_sendgrid(text, at);
    return found && at_end_or_not_alnum(text, found.end) ? found : Extent{};
  }
  if (first == 's' && has(text, at, "sk-")) return begins_word(text, at) ? match_model_key(text, at) : Extent{};
  const ServiceRange range = kServicesByByte[static_cast<unsigned char>(first)];
  for (std::size_t i = range.first; i < range.last; ++i) {
    const Service& service = kServices[i];
    if (at + 2 >= text.size() || text[at + 1] != service.prefix[1] || !has(text, at, service.prefix)) continue;
    const std::size_t begin = at + service.prefix.size();
    const std::size_t end = run_end(text, begin, service.alphabet, service.most);
    if (end - begin >= service.least && at_end_or_not_alnum(text, end) && begins_word(text, at)) return {at, end};
  }
  return {};
}

Extent match_url_password(std::string_view text, std::size_t sign) noexcept {
  constexpr std::size_t kUserinfoBytes = 128;
  std::size_t begin = sign;
  while (begin > 0 && sign - begin < kUserinfoBytes && !is_userinfo_stop(text[begin - 1])) --begin;
  if (begin == sign || begin < 1 || text[begin - 1] != ':') return {};
  std::size_t user = begin - 1;
  while (user > 0 && begin - user < kUserinfoBytes && !is_userinfo_stop(text[user - 1])) --user;
  if (user < 3 || !has(text, user - 3, "://")) return {};
  return {begin, sign};
}

void canonical(Kind kind, std::string_view found, std::string& out) {
  out.clear();
  switch (kind) {
    case Kind::ipv4: {
      // Octets may carry leading zeros, which parse_ip refuses.
      IpAddress address{};
      address.bytes[10] = address.bytes[11] = 0xff;
      unsigned octet = 0;
      std::size_t index = 12;
      for (char c : found) {
        if (c == '.') {
          address.bytes[index++] = static_cast<std::uint8_t>(octet);
          octet = 0;
        } else {
          octet = octet * 10 + static_cast<unsigned>(c - '0');
        }
      }
      address.bytes[15] = static_cast<std::uint8_t>(octet);
      out.assign(reinterpret_cast<const char*>(address.bytes), sizeof address.bytes);
      return;
    }
    case Kind::ipv6: {
      IpAddress address{};
      parse_ip(found, address);
      out.assign(reinterpret_cast<const char*>(address.bytes), sizeof address.bytes);
      return;
    }
    case Kind::email:
      for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i] == '%') {
          out += '@';
          i += 2;
        } else {
          out += lower(found[i]);
        }
      }
      return;
    case Kind::uuid:
      for (char c : found) out += lower(c);
      return;
    case Kind::iban:
      for (char c : found)
        if (is_alnum(c)) out += is_letter(c) ? static_cast<char>(lower(c) - 32) : c;
      return;
    case Kind::card:
      for (char c : found)
        if (is_digit(c)) out += c;
      return;
    case Kind::phone: {
      // The extension is another telephone on the same number; +, %2B and 00 are one.
      std::size_t begin = 0;
      if (found[0] == '+' || found[0] == '%') {
        out += '+';
        begin = found[0] == '+' ? 1 : 3;
      } else if (has(found, 0, "00") && found.size() > 2 && found[2] != '0') {
        out += '+';
        begin = 2;
      }
      for (std::size_t i = begin; i < found.size() && !is_letter(found[i]); ++i) {
        if (i > begin && has(found, i, "(0)")) i += 2;
        else if (is_digit(found[i])) out += found[i];
      }
      return;
    }
    case Kind::own:
    case Kind::private_key:
    case Kind::jwt:
    case Kind::token: out.assign(found); return;
  }
}

}  // namespace logystera::redact

// Secrets told by their own form: private keys, tokens, passwords in URLs.
#include <algorithm>
#include <array>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"
#include "redact/token.hpp"

namespace logystera::redact {
namespace {

constexpr bool is_word_byte(char c) noexcept { return is_alnum(c) || c == '_'; }
constexpr bool is_base32(char c) noexcept { return (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7'); }
constexpr bool is_alnum_hyphen(char c) noexcept { return is_alnum(c) || c == '-'; }

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
  static_assert(kServices.size() < 256);
  for (std::size_t i = 0; i < kServices.size(); ++i) {
    ServiceRange& range = ranges[static_cast<unsigned char>(kServices[i].prefix[0])];
    if (range.last == 0) range.first = static_cast<std::uint8_t>(i);
    range.last = static_cast<std::uint8_t>(i + 1);
  }
  return ranges;
}();

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
  constexpr std::string_view kHost = "hooks.slack.com";
  constexpr std::size_t kSecretBytes = 30;
  if (!has(text, at, kHost)) return {};
  std::size_t begin = at + kHost.size();
  if (has(text, begin, "\\")) ++begin;  // JSON's \/
  if (!has(text, begin++, "/")) return {};
  std::size_t end = run_end(
      text, begin, [](char c) noexcept { return is_alnum(c) || c == '/' || c == '\\'; }, 255);
  while (end > begin && text[end - 1] == '\\') --end;
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
  const std::size_t end = token68_end(text, begin);
  std::string_view token = text.substr(begin, end - begin);
  while (!token.empty() && token.back() == '=') token.remove_suffix(1);
  if (bearer) {
    if (token.size() < 16 || !has_digit(token)) return {};
  } else {
    constexpr std::size_t kReach = 24;
    const std::size_t from = at > kReach ? at - kReach : 0;
    bool announced = false;
    for (std::size_t i = from; i < at; ++i) announced = announced || has_word(text, i, "authorization");
    if (!announced || token.size() < 4) return {};
  }
  return {begin, end};
}

// ---- passwords in URLs ----

constexpr std::size_t kUserinfoBytes = 512;  // looked at on either side of an '@'

constexpr bool ends_authority(char c) noexcept {
  return is_blank(c) || c == '/' || c == '?' || c == '#' || c == '"' || c == '<' || c == '>' || c == '`';
}
constexpr bool ends_url(char c) noexcept { return is_blank(c) || c == '"' || c == '<' || c == '>' || c == '`'; }

// The first byte of the run before `at` that has no byte `ends` says yes to.
template <typename Ends>
std::size_t run_begin(std::string_view text, std::size_t at, Ends ends) noexcept {
  std::size_t begin = at;
  while (begin > 0 && at - begin < kUserinfoBytes && !ends(text[begin - 1])) --begin;
  return begin;
}

// A user that is a secret itself, as in https://TOKEN@host and https://TOKEN:x-oauth-basic@host.
bool is_secret_user(std::string_view user) noexcept {
  constexpr std::size_t kLeast = 16;
  return user.size() >= kLeast && has_digit(user) && std::all_of(user.begin(), user.end(), is_base64url) &&
         std::any_of(user.begin(), user.end(), is_letter);
}

// Whether "//" at `slashes` begins an authority: behind a scheme's ':', or where a word may begin.
bool begins_authority(std::string_view text, std::size_t slashes) noexcept {
  return slashes == 0 || (!is_alnum(text[slashes - 1]) && text[slashes - 1] != '/' && text[slashes - 1] != '.');
}

// Whether the URL whose "//" is at `slashes` stands in single quotes, which then end it.
bool is_single_quoted(std::string_view text, std::size_t slashes) noexcept {
  std::size_t begin = slashes;
  const auto is_scheme = [](char c) { return is_alnum(c) || c == '+' || c == '-' || c == '.' || c == ':'; };
  while (begin > 0 && is_scheme(text[begin - 1])) {
    if (slashes - --begin > 64) return false;
  }
  return begin > 0 && text[begin - 1] == '\'';
}

// What is secret of the userinfo [begin, end).
Extent secret_of_userinfo(std::string_view text, std::size_t begin, std::size_t end) noexcept {
  const std::string_view userinfo = text.substr(begin, end - begin);
  const std::size_t colon = userinfo.find(':');
  if (is_secret_user(userinfo.substr(0, colon))) return {begin, end};
  if (colon == std::string_view::npos || colon + 1 == userinfo.size()) return {};
  return {begin + colon + 1, end};
}

// The authority that begins at `begin` and has an '@' at `sign`: what is secret of it.
Extent secret_of_authority(std::string_view text, std::size_t begin, std::size_t sign) noexcept {
  const bool quoted = is_single_quoted(text, begin - 2);
  if (quoted && text.substr(begin, sign - begin).find('\'') != std::string_view::npos) return {};
  std::size_t last = sign;
  for (std::size_t at = sign + 1; at < text.size() && at - sign < kUserinfoBytes; ++at) {
    if (ends_authority(text[at]) || (quoted && text[at] == '\'')) break;
    if (text[at] == '@') last = at;
  }
  return secret_of_userinfo(text, begin, last);
}

// user:p/ss@host: what the RFC takes for a port is none, so the '/' is the password's. `begin` is where the run of a URL's
// bytes begins that has an '@' at `sign`.
Extent secret_with_slash(std::string_view text, std::size_t begin, std::size_t sign) noexcept {
  const std::size_t slashes = text.substr(0, sign).find("://", begin);
  if (slashes == std::string_view::npos) return {};
  const std::size_t authority = slashes + 3;
  std::size_t end = authority;
  while (end < sign && !ends_authority(text[end]) && text[end] != '@' && text[end] != '[') ++end;
  if (end == sign || text[end] == '@' || text[end] == '[') return {};
  const std::size_t colon = text.substr(0, end).find(':', authority);
  if (colon == std::string_view::npos || colon + 1 == end) return {};
  const std::string_view port = text.substr(colon + 1, end - colon - 1);
  if (std::all_of(port.begin(), port.end(), [](char c) { return is_hex(c) || c == ':'; })) return {};
  return {colon + 1, sign};
}

// user:password@tcp(host:3306)/db
bool is_go_address(std::string_view text, std::size_t sign) noexcept {
  return has(text, sign, "@tcp(") || has(text, sign, "@tcp6(") || has(text, sign, "@unix(");
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
  const std::size_t begin = run_begin(text, sign, ends_authority);
  if (begin >= 2 && text[begin - 1] == '/' && text[begin - 2] == '/')
    return begins_authority(text, begin - 2) ? secret_of_authority(text, begin, sign) : Extent{};
  if (is_go_address(text, sign)) return secret_of_userinfo(text, begin, sign);
  if (begin == 0 || is_blank(text[begin - 1]) || ends_url(text[begin - 1])) return {};
  // jdbc:oracle:thin:user/password@…
  const std::size_t user = run_begin(text, begin - 1, [](char c) { return ends_authority(c) || c == ':'; });
  if (text[begin - 1] == '/' && begin < sign && user < begin - 1 && user >= 4 &&
      (has_word(text, user - 4, "oci:") || (user >= 5 && has_word(text, user - 5, "thin:"))))
    return {begin, sign};
  return secret_with_slash(text, run_begin(text, sign, ends_url), sign);
}

}  // namespace logystera::redact

// Values of names that say secret: password=…, "api_key": "…", Authorization: …
#include <algorithm>
#include <array>

#include "redact/bytes.hpp"
#include "redact/grammar.hpp"
#include "redact/token.hpp"

namespace logystera::redact {
namespace {

struct SecretName {
  std::string_view word;
  bool anywhere;  // also at the end of a longer word: dbpassword
  bool field;     // a field of that name holds one, whatever it looks like
};
constexpr std::array<SecretName, 25> kSecretNames = {{
    {"password", true, true},      {"passwd", true, true},      {"passphrase", true, true},  {"pwd", false, true},
    {"pass", false, false},        {"secret", false, true},     {"token", false, true},      {"apikey", true, true},
    {"api_key", true, true},       {"api-key", true, true},     {"accesskey", true, true},   {"access_key", true, true},
    {"access-key", true, true},    {"secretkey", true, true},   {"secret_key", true, true},  {"secret-key", true, true},
    {"privatekey", true, true},    {"private_key", true, true}, {"private-key", true, true}, {"accountkey", true, true},
    {"auth_key", true, true},      {"authkey", true, true},     {"sig", false, false},       {"signature", true, false},
    {"authorization", true, true},
}};
constexpr std::size_t kNameBytes = 64;

constexpr bool is_name_byte(char c) noexcept { return is_alnum(c) || c == '_' || c == '-' || c == '.'; }

// The entry `name` is or ends with, or nullptr.
const SecretName* secret_name(std::string_view name) noexcept {
  for (const SecretName& entry : kSecretNames) {
    const std::size_t size = entry.word.size();
    if (name.size() < size || !has_word(name, name.size() - size, entry.word)) continue;
    if (name.size() == size || entry.anywhere) return &entry;
    // A word of its own: user_token, userToken.
    const char first = name[name.size() - size], before = name[name.size() - size - 1];
    if (!is_alnum(before) || (first >= 'A' && first <= 'Z' && !(before >= 'A' && before <= 'Z'))) return &entry;
  }
  return nullptr;
}

bool is_pseudonym(std::string_view value) noexcept {
  const std::size_t line = value.rfind('_');
  if (line == std::string_view::npos) return false;
  const std::string_view digits = value.substr(line + 1);
  if (digits.size() < 8 || !std::all_of(digits.begin(), digits.end(), is_hex)) return false;
  for (std::size_t kind = 0; kind < kKinds; ++kind)
    if (value.substr(0, line) == kind_prefix(static_cast<Kind>(kind))) return true;
  return false;
}

// Scheme names of Authorization behind which everything is the secret.
bool is_scheme(std::string_view word) noexcept {
  constexpr std::array<std::string_view, 10> schemes = {"basic", "bearer", "token",     "apikey", "api-key",
                                                        "key",   "ssws",   "negotiate", "ntlm",   "googlelogin"};
  return std::any_of(schemes.begin(), schemes.end(),
                     [&](std::string_view s) { return s.size() == word.size() && has_word(word, 0, s); });
}

constexpr bool is_line_escape(std::string_view text, std::size_t at) noexcept {
  return text[at] == '\\' && at + 1 < text.size() &&
         (text[at + 1] == 'n' || text[at + 1] == 'r' || text[at + 1] == 't' || text[at + 1] == '"');
}

// Where the value without quotes that begins at `at` ends.
std::size_t bare_value_end(std::string_view text, std::size_t at) noexcept {
  const std::size_t limit = std::min(text.size(), at + kTokenBytes);
  std::size_t end = at;
  for (; end < limit; ++end) {
    const char c = text[end];
    if (is_blank(c) || c == '"' || c == '\'' || c == '&' || c == ';' || c == '<' || c == '>' || c == '`') break;
    if (is_line_escape(text, end)) break;
    if (c != ',') continue;
    // A ',' belongs to the value unless another name or nothing follows.
    std::size_t next = end + 1;
    while (next < text.size() && next - end < kNameBytes && is_name_byte(text[next])) ++next;
    if (next == text.size() || is_blank(text[next]) || text[next] == '"' || text[next] == '\'' ||
        (next > end + 1 && (text[next] == '=' || text[next] == ':')))
      break;
  }
  while (end > at && std::string_view(")]},.\\").find(text[end - 1]) != std::string_view::npos) --end;
  return end;
}

// Where the value in quotes ends that begins, behind the opening one, at `at`; the text's or line's end if none closes it.
std::size_t quoted_value_end(std::string_view text, std::size_t at, std::string_view close) noexcept {
  const std::size_t limit = std::min(text.size(), at + kTokenBytes);
  for (std::size_t end = at; end < limit; ++end) {
    if (has(text, end, close)) {
      // '' and }} are one of the value's.
      if (close == "\"" || close == "\\\"" || !has(text, end + close.size(), close)) return end;
      end += 2 * close.size() - 1;
      continue;
    }
    if (text[end] == '\n') return end;
    // Within escaped quotes an escaped one has three backslashes more.
    if (text[end] == '\\' && close == "\\\"" && has(text, end, "\\\\\\\"")) end += 3;
    else if (text[end] == '\\' && (close == "\"" || close == "'")) ++end;
  }
  return limit;
}

bool may_be_value(const SecretName& name, std::string_view value) noexcept {
  constexpr std::size_t kSignatureBytes = 16;
  if (!may_be_secret(value)) return false;
  const bool number = std::all_of(value.begin(), value.end(), is_digit);
  if (name.word == "sig" || name.word == "signature")
    return value.size() >= kSignatureBytes && has_digit(value) && value.find(' ') == std::string_view::npos;
  if (name.word == "pass") return value.size() >= 4 && !number;
  if (name.word == "pwd") return value.front() != '/';  // a working directory: sudo's PWD=/home/admin
  // Counts of tokens; token=Token{a64f992 u0}, as objects are written.
  return name.word != "token" || (!number && value.find('{') == std::string_view::npos);
}

// Behind "authorization" and its sign: the credentials behind a scheme, or one long word.
Extent authorization_value(std::string_view text, std::size_t at) noexcept {
  constexpr std::size_t kLoneBytes = 16;
  const std::size_t word = run_end(text, at, is_token68, kTokenBytes);
  if (is_scheme(text.substr(at, word - at))) {
    const std::size_t begin = word + (has(text, word, "%20") ? 3 : has(text, word, " ") ? 1 : 0);
    const std::size_t end = begin > word ? token68_end(text, begin) : begin;
    return end - begin >= 4 && !is_pseudonym(text.substr(begin, end - begin)) ? Extent{begin, end} : Extent{};
  }
  const std::size_t end = token68_end(text, at);
  const std::string_view lone = text.substr(at, end - at);
  const bool ends = end == text.size() || is_blank(text[end]) || text[end] == '"' || text[end] == '\'' || text[end] == ',';
  return ends && lone.size() >= kLoneBytes && has_digit(lone) && !is_pseudonym(lone) ? Extent{at, end} : Extent{};
}

}  // namespace

Extent match_named_secret(std::string_view text, std::size_t tail) noexcept {
  std::size_t at = tail + 2;
  if (at >= text.size()) return {};
  std::size_t begin = at;
  while (begin > 0 && at - begin < kNameBytes && is_name_byte(text[begin - 1])) --begin;
  const std::string_view name = text.substr(begin, at - begin);
  const SecretName* const entry = secret_name(name);
  if (entry == nullptr) return {};

  // The quote that closes the name, the sign, blanks, the quote that opens the value.
  const std::size_t name_end = at;
  if (has(text, at, "\\\"")) at += 2;
  else if (text[at] == '"' || text[at] == '\'') ++at;
  const bool named_in_quotes = at > name_end;
  const auto skip_blanks = [&] {
    for (int i = 0; i < 2 && at < text.size() && text[at] == ' '; ++i) ++at;
  };
  if (named_in_quotes) skip_blanks();
  if (at >= text.size() || (text[at] != '=' && text[at] != ':')) return {};
  const char sign = text[at++];
  if (sign == '=' && at < text.size() && text[at] == '>') ++at;
  if (named_in_quotes || sign == ':') skip_blanks();
  if (at >= text.size()) return {};

  constexpr std::array<std::string_view, 3> kQuotes = {"\\\"", "\"", "'"};
  std::string_view close;
  for (std::string_view quote : kQuotes)
    if (close.empty() && has(text, at, quote)) close = quote;
  if (close.empty() && text[at] == '{' && sign == '=') close = "}";
  const std::size_t value = at + (close == "}" ? 1 : close.size());
  if (entry->word == "authorization") return authorization_value(text, value);
  if (close.empty()) {
    // name: value in prose says little ("using password: YES"); of a name in several words it is a setting or a header.
    const bool several = name.size() > entry->word.size() || entry->word.find_first_of("_-") != std::string_view::npos;
    if (sign == ':' && !named_in_quotes && !(several && text[at - 1] == ' ')) return {};
    if (text[at] == '{' || text[at] == '[') return {};
  }
  const std::size_t end = close.empty() ? bare_value_end(text, value) : quoted_value_end(text, value, close);
  if (end <= value || !may_be_value(*entry, text.substr(value, end - value))) return {};
  return {value, end};
}

bool is_secret_name(std::string_view name) noexcept {
  const SecretName* const entry = secret_name(name);
  return entry != nullptr && entry->field && entry->word != "authorization";
}

bool may_be_secret(std::string_view value) noexcept {
  constexpr std::array<std::string_view, 10> words = {"null", "nil", "none",   "true",      "false",
                                                      "yes",  "no",  "(null)", "undefined", "required"};
  if (value.empty() || is_pseudonym(value)) return false;
  if (value.front() == '<' && value.back() == '>') return false;  // a mask, a placeholder
  if (std::all_of(value.begin(), value.end(), [](char c) { return c == '*' || c == '-' || c == '.' || c == ' '; }))
    return false;
  return std::none_of(words.begin(), words.end(),
                      [&](std::string_view w) { return w.size() == value.size() && has_word(value, 0, w); });
}

}  // namespace logystera::redact

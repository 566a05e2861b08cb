#include "detect/error_text.hpp"

#include <algorithm>
#include <array>

namespace logystera::detect {
namespace {

constexpr std::array<std::string_view, 4> kSpeaking{"message", "msg", "error", "err"};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

std::string route_of(std::string_view path, bool keys) {
  std::string route;
  for (std::size_t at = 0; at < path.size() && route.size() < kTemplateBytes;) {
    const std::size_t end = std::min(path.find('/', at + 1), path.size());
    const std::string_view segment = path.substr(at, end - at);
    const std::string_view name = segment.starts_with('/') ? segment.substr(1) : segment;
    if (std::any_of(name.begin(), name.end(), is_digit)) {
      if (segment.size() > name.size()) route += '/';
      const bool number = std::all_of(name.begin(), name.end(), is_digit);
      route += keys ? kVariable : number ? std::string_view("<n>") : std::string_view("<id>");
    } else {
      route += segment.substr(0, kTemplateBytes);
    }
    at = end;
  }
  std::replace(route.begin(), route.end(), ' ', '+');  // one word
  return route;
}

// Behind the string that begins at `at`, a quote; npos if it does not end.
std::size_t end_of_string(std::string_view text, std::size_t at) noexcept {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '"') return at + 1;
  }
  return std::string_view::npos;
}

std::size_t skip_blanks(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

}  // namespace

std::optional<Template> request_template(const Record& record) {
  if (record.kind != RecordKind::web_access) return std::nullopt;
  const std::string_view method = record.text(field::method), path = record.text(field::path),
                         status = record.text(field::status);
  if (method.empty() || path.empty() || status.empty()) return std::nullopt;
  Template made;
  made.words = {{std::string(method.substr(0, kTemplateBytes)), std::string(method.substr(0, kTemplateBytes))},
                {route_of(path, true), route_of(path, false)},
                {std::string(status), std::string(status)}};
  return made;
}

std::string_view spoken_text(std::string_view text) noexcept {
  const std::size_t begin = skip_blanks(text, 0);
  if (begin == text.size() || text[begin] != '{') return text;
  std::array<std::string_view, kSpeaking.size()> found{};
  int depth = 0;
  for (std::size_t at = begin; at < text.size();) {
    const char c = text[at];
    depth += c == '{' || c == '[';
    depth -= c == '}' || c == ']';
    if (c != '"') {
      ++at;
      continue;
    }
    const std::size_t end = end_of_string(text, at);
    if (end == std::string_view::npos) break;
    const std::string_view name = text.substr(at + 1, end - at - 2);
    const std::size_t colon = skip_blanks(text, end);
    at = end;
    if (depth != 1 || colon == text.size() || text[colon] != ':') continue;
    const std::size_t value = skip_blanks(text, colon + 1);
    if (value == text.size() || text[value] != '"') {
      at = value;
      continue;
    }
    const std::size_t value_end = end_of_string(text, value);
    if (value_end == std::string_view::npos) break;
    at = value_end;
    for (std::size_t i = 0; i < kSpeaking.size(); ++i)
      if (name == kSpeaking[i] && found[i].empty()) found[i] = text.substr(value + 1, value_end - value - 2);
  }
  for (const std::string_view one : found)
    if (!one.empty()) return one;
  return text;
}

std::string_view spoken_text(const Record& record) noexcept {
  return spoken_text(record.message.empty() ? record.raw : record.message);
}

}  // namespace logystera::detect

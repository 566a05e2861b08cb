#include "ask/statement.hpp"

#include <algorithm>

namespace logystera::ask {
namespace {

constexpr bool is_word(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// The end of what is quoted from `at` on, a doubled quote being one of the text; `text` gets what it says.
std::size_t quoted(std::string_view written, std::size_t at, char end, std::string& text) {
  while (++at < written.size()) {
    if (written[at] == end) {
      if (end == ']' || at + 1 == written.size() || written[at + 1] != end) return at + 1;
      ++at;
    }
    text += written[at];
  }
  return at;
}

}  // namespace

std::size_t Statement::origin(std::size_t at) const noexcept {
  std::size_t from = 0, to = 0;
  for (const auto& [moved_to, moved_from] : moved) {
    if (moved_to > at) break;
    to = moved_to;
    from = moved_from;
  }
  return from + (at - to);
}

Statement read_statement(std::string_view written, const std::function<std::string(const std::string&)>& rewrite) {
  Statement statement;
  const auto name = [&](std::string word) {
    if (statement.names.size() < Statement::kNamesMost &&
        std::find(statement.names.begin(), statement.names.end(), word) == statement.names.end())
      statement.names.push_back(std::move(word));
  };
  for (std::size_t at = 0; at < written.size();) {
    const std::size_t from = at;
    const char c = written[at];
    if (c == '\'') {
      std::string text;
      at = quoted(written, at, '\'', text);
      const bool closed = at - from >= 2 && written[at - 1] == '\'';
      const std::string instead = closed ? rewrite(text) : text;
      if (closed && instead != text) {
        statement.text += '\'';
        for (const char one : instead) statement.text += one == '\'' ? std::string("''") : std::string(1, one);
        statement.text += '\'';
        statement.moved.emplace_back(statement.text.size(), at);
        continue;
      }
    } else if (c == '"' || c == '`' || c == '[') {
      std::string text;
      at = quoted(written, at, c == '[' ? ']' : c, text);
      name(std::move(text));
    } else if (c == '-' && written.substr(at).starts_with("--")) {
      at = std::min(written.find('\n', at), written.size());
    } else if (c == '/' && written.substr(at).starts_with("/*")) {
      const std::size_t end = written.find("*/", at + 2);
      at = end == std::string_view::npos ? written.size() : end + 2;
    } else if (is_word(c)) {
      while (at < written.size() && is_word(written[at])) ++at;
      name(std::string(written.substr(from, at - from)));
    } else {
      ++at;
    }
    statement.text += written.substr(from, at - from);
  }
  return statement;
}

}  // namespace logystera::ask

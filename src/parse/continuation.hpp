// Lines that only make sense below the one before them: of stack traces.
#pragma once

#include <string_view>

#include "parse/readers.hpp"

namespace logystera::parse {

inline bool is_decimal_digit(char c) { return c >= '0' && c <= '9'; }

// "java.lang.IllegalStateException: x", "ValueError: x", "PDOException: x".
inline bool names_exception(std::string_view line) {
  std::size_t end = 0;
  while (end < line.size() && end < 200 && line[end] != ':' && line[end] != ' ') {
    const char c = line[end], low = static_cast<char>(c | 0x20);
    if (!((low >= 'a' && low <= 'z') || is_decimal_digit(c) || c == '.' || c == '_' || c == '$' || c == '\\')) return false;
    ++end;
  }
  if (end < line.size() && line[end] != ':') return false;
  const std::string_view word = line.substr(0, end);
  for (std::string_view ending :
       {std::string_view("Exception"), std::string_view("Error"), std::string_view("Throwable")}) {
    if (word.size() >= ending.size() && word.substr(word.size() - ending.size()) == ending) return true;
  }
  return false;
}

/// Whether `line` goes on with the stack trace above it.
inline bool continues(std::string_view line) {
  if (line.empty()) return false;
  switch (line[0]) {
    case ' ':
    case '\t': return true;
    case '#': return line.size() > 2 && is_decimal_digit(line[1]);  // "#0 /var/www/a.php(12): f()"
    case '.': return starts_with(line, "... ");
    case '}':
    case ')': return line.size() <= 2;
    case 'a': return starts_with(line, "at ");
    case 'C': return starts_with(line, "Caused by: ");
    case 'D': return starts_with(line, "During handling of the above exception");
    case 'N': return starts_with(line, "Next ") && line.find("Exception") != std::string_view::npos;
    case 'S': return starts_with(line, "Stack trace:") || starts_with(line, "Suppressed: ");
    case 'T': return starts_with(line, "Traceback (most recent call last)") || starts_with(line, "The above exception was");
    default: return names_exception(line);
  }
}

}  // namespace logystera::parse

// How ${NAME} stands in a value: this room's own.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "fleet/targets.hpp"

namespace logystera::fleet {

inline bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Null: the type has no such key.
inline const Key* key_of(Type type, std::string_view name) noexcept {
  const auto keys = keys_of(type);
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

/// The name of the variable that begins at "${", and how many bytes all of it has.
inline std::optional<std::pair<std::string_view, std::size_t>> reference_at(std::string_view text) {
  std::size_t end = 2;
  while (end < text.size() && (is_letter(text[end]) || text[end] == '_' || (end > 2 && is_digit(text[end])))) ++end;
  if (end == 2 || end >= text.size() || text[end] != '}') return std::nullopt;
  return std::pair(text.substr(2, end - 2), end + 1);
}

/// Walks a value: calls `plain` with text and `variable` with names. False: a "${" that is no reference.
template <typename Plain, typename Variable>
bool walk(std::string_view text, Plain plain, Variable variable) {
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    plain(text.substr(0, dollar));
    if (dollar == std::string_view::npos) return true;
    text.remove_prefix(dollar);
    if (text.starts_with("$$")) {
      plain("$");
      text.remove_prefix(2);
    } else if (text.starts_with("${")) {
      const auto reference = reference_at(text);
      if (!reference) return false;
      variable(reference->first);
      text.remove_prefix(reference->second);
    } else {  // what ends a line in an expression
      plain("$");
      text.remove_prefix(1);
    }
  }
  return true;
}

}  // namespace logystera::fleet

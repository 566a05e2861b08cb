// Words of commands that are run by a shell or printed to be run by a person.
#pragma once

#include <string>
#include <string_view>

namespace logystera {

/// `text` between single quotes, in which nothing but the quote itself means anything.
inline std::string shell_quoted(std::string_view text) {
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') word += "'\\''";
    else word += c;
  }
  return word + "'";
}

/// The same, without quotes where a shell takes the text as it is.
inline std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._+:@%,=-";
  const bool plain = !text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? std::string(text) : shell_quoted(text);
}

}  // namespace logystera

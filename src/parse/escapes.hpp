// Escapes in quoted text, for every format that has them: \n, \", \x1B, \u001b, \U0001F600, surrogate pairs. One rule for all:
// an escape that is not known, or not complete, stays as it is written. What would be left without its backslash is a text
// nobody wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/record.hpp"

namespace logystera::parse {

/// Which letters stand for a character behind a backslash.
enum class Escapes : std::uint8_t {
  json,  // JSON's own, and \xHH, which nginx writes into JSON
  c,     // those of C and Go as well: \a, \e, \v, \', \U0001F600
};

/// Resolves the escape at `text[0]`, a backslash, into `out`, which has room for what it takes in `text`. Moves `text` behind it
/// and returns the bytes written. \xHH is one byte, as nginx and Go write what is no UTF-8.
std::size_t put_escape(std::string_view& text, char* out, Escapes escapes) noexcept;

/// `text` with its escapes resolved: itself when it has none, else a copy in the arena.
std::string_view unescaped(std::string_view text, Arena& arena, Escapes escapes);

}  // namespace logystera::parse

// The signal catalogue: the table of types that signals.json declares, as C++ sees it. `catalogue_table.hpp` is generated
// from signals.json by `./dev generate`; nothing about a signal is written anywhere else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace logystera {

/// What a label's value is, and so how the writer treats it.
enum class LabelKind : std::uint8_t {
  string,   // text, bounded
  integer,  // whole number
  number,   // number, fractions kept
  boolean,
  list,     // array of strings, at most 64
  uid,      // user id: HMAC-SHA256 hex or empty for anonymous; a raw id is hashed before it is written
  path,     // request path: identity and tokens taken out of it (see path.hpp)
  ip,       // address; shortened when anonymize_ip is on
  message,  // what an error says: values, addresses and secrets taken out of it (see message.hpp)
  sql,      // a statement: literals taken out of it, names and placeholders kept
};

struct LabelSpec {
  std::string_view name;
  LabelKind kind;
  std::uint16_t max_chars;  // 0: the general bound of 1,024 bytes
  std::string_view description;
  std::string_view privacy;  // none, pseudonym, personal
};

struct SignalSpec {
  std::string_view type;        // "config.save"
  std::string_view group;       // "configuration"
  std::string_view config_key;  // "signals.config_save"; empty: cannot be switched off
  bool on_by_default;
  std::uint16_t cap;          // per request; 0: never recorded by a page (the dispatcher adds it)
  std::string_view severity;  // info, low, medium, high, critical
  std::string_view name;      // for people: "Failed login"
  std::string_view summary;   // a sentence
  const LabelSpec* labels;
  std::uint8_t label_count;
  bool documented;  // one of the 18 of the signals reference
};

namespace catalogue {

/// All types, in the catalogue's order; iterable.
struct Range {
  const SignalSpec* first;
  const SignalSpec* last;
  const SignalSpec* begin() const noexcept { return first; }
  const SignalSpec* end() const noexcept { return last; }
  std::size_t size() const noexcept { return static_cast<std::size_t>(last - first); }
};
Range all() noexcept;

/// The type's entry or nullptr.
const SignalSpec* find(std::string_view type) noexcept;

std::string_view name_of(LabelKind kind) noexcept;

}  // namespace catalogue
}  // namespace logystera

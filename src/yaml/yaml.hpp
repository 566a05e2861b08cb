// YAML documents as values that remember where they stood, for everything a person writes: rules, packs, placeholders.
//
// Read from libfyaml's event stream and not from its document tree, because three things are decided here: how deep a
// document may go, how much an alias may grow (the "billion laughs" of `&a [*b, *b]` is refused by counting what the
// aliases copy), and that no mapping names a key twice. Untyped scalars follow the YAML 1.2 core schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace logystera::yaml {

/// Where something begins, both counted from 1. {0, 0}: nowhere in particular.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// What a source of YAML may demand. Beyond any of them the text is refused with the place that went too far.
struct Limits {
  std::size_t bytes = 4 * 1024 * 1024;  // whole text; the longest public rule is about 60 kB
  std::size_t depth = 32;               // collections within collections
  std::size_t nodes = 400'000;          // values of one text, those an alias copies included
  std::size_t documents = 20'000;       // `---` separated
};

/// One value. A tree of plain values: copy it, move it, keep it after the text is gone.
class Node {
 public:
  enum class Kind : std::uint8_t { null, boolean, integer, real, string, list, map };
  struct Entry;

  Kind kind = Kind::null;
  bool quoted = false;  // scalars: in single or double quotes; `at` is where the quote stands
  Position at;
  std::string text;            // scalars: as written, quotes and escapes resolved
  std::int64_t integer = 0;    // kind integer
  double real = 0;             // kinds real and integer
  bool boolean = false;        // kind boolean
  std::vector<Node> items;     // kind list
  std::vector<Entry> entries;  // kind map, in the order written, keys unique

  bool is_scalar() const noexcept { return kind != Kind::list && kind != Kind::map; }
  bool is_null() const noexcept { return kind == Kind::null; }
  bool is_string() const noexcept { return kind == Kind::string; }
  bool is_list() const noexcept { return kind == Kind::list; }
  bool is_map() const noexcept { return kind == Kind::map; }

  /// The value under `key`, or nullptr (also if this is no map).
  const Node* find(std::string_view key) const noexcept;
};

struct Node::Entry {
  std::string key;
  Position at;  // of the key
  Node value;
};

/// "null", "a number", "a list", …: for messages.
std::string_view kind_name(Node::Kind kind) noexcept;

/// What is wrong with a text, and where.
struct Problem {
  Position at;
  std::string message;
};

/// "NAME:LINE:COLUMN: message", the form every message about a rule has.
std::string describe(std::string_view name, const Problem& problem);

/// All documents of a text, up to the first problem: documents before it are there, `problem.message` says what stopped
/// the reading and is empty if nothing did. Empty documents are left out.
struct Documents {
  std::vector<Node> roots;
  Problem problem;

  bool ok() const noexcept { return problem.message.empty(); }
};

Documents parse(std::string_view text, const Limits& limits = {});

}  // namespace logystera::yaml

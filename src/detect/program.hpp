// What Engine::compile makes of a RuleSet: flat tables whose rows name each other by number, so that they can be written to a
// file and read back as they are (program_image.hpp). Known to the engine's own sources only.
//
// Two things are made when they are first needed, by whichever thread that is: the literal index of a log source, when the
// first record of it comes, and an expression, when a text is searched for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/bytes.hpp"
#include "detect/engine.hpp"
#include "detect/literal_index.hpp"
#include "detect/regex.hpp"

namespace logystera::detect {

// Where a compiled test looks: a field that some rule uses, numbered densely from 0, or one of the record's own texts.
using Slot = std::uint16_t;
inline constexpr Slot kPartSlots = 0x8000;  // kPartSlots + Part
inline constexpr Slot kNoSlot = 0xFFFF;
constexpr Slot slot_of(Part part) noexcept { return static_cast<Slot>(kPartSlots + static_cast<Slot>(part)); }

// A run of rows of another table.
struct Range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

// A text in Program::texts.
struct TextRange {
  std::uint32_t at = 0;
  std::uint32_t size = 0;
};

// The shape of a text test decides how it is compared.
enum class Shape : std::uint8_t { whole, contains, starts, ends, glob };

struct CompiledTest {
  Test::Kind kind = Test::Kind::text;
  Shape shape = Shape::glob;
  std::uint8_t cased = 0;
  std::uint8_t flag = 0;     // boolean, exists; regex: ignores_case()
  std::uint8_t indexed = 0;  // looking for its literal answers it: no hit, no match
  Compare compare = Compare::equal;
  TimePart part = TimePart::minute;
  Test::Relation relation = Test::Relation::whole;  // field_ref
  TextRange literal;                                // whole, contains, starts, ends; regex: the expression
  std::uint32_t slots = 0;                          // in Program::slot_lists: first those of the subject, then the other's
  std::uint16_t slot_count = 0;
  std::uint16_t other_count = 0;  // field_ref
  double number = 0;
  // Which row of its own table: regex: Program::regexes; network: networks; glob: patterns.
  std::uint32_t row = 0;
  std::uint32_t least_bytes = 0;  // regex: shorter texts hold no match
};

// An expression as an array: children of a node lie together, cheapest first, behind it.
struct Node {
  Expression::Kind kind = Expression::Kind::all;
  std::array<std::uint8_t, 3> unused{};
  std::uint32_t first = 0;  // test: its number; otherwise the first child
  std::uint32_t count = 0;
};

// What it means when a literal is found: the test it belongs to holds, if that is all the test asks; and these rules may.
struct Trigger {
  std::uint32_t test = kNoTest;
  Range rules;  // in Program::rule_lists

  static constexpr std::uint32_t kNoTest = ~0u;
};

// A literal to look for at a slot, and a number.
struct FiledText {
  TextRange literal;          // folded
  std::uint32_t trigger = 0;  // in Program::triggers
  Slot slot = 0;
  LiteralIndex::Anchor anchor = LiteralIndex::Anchor::anywhere;
  std::uint8_t unused = 0;
};
struct FiledNumber {
  double number = 0;
  Range rules;  // in Program::rule_lists
  std::uint32_t slot = 0;
  std::uint32_t unused = 0;
};

// What the rules of one log source want to know.
struct ScopeTable {
  Range texts;    // in Program::filed_texts, those of one slot together
  Range numbers;  // in Program::filed_numbers, likewise
  Range always;   // in Program::rule_lists: rules without a guard
};

/// Whether a folded literal is one mark (a quote, a semicolon): most lines have it somewhere, so it is looked for in the fields it is
/// wanted in rather than in the line.
constexpr bool looked_for_in_field(std::string_view literal) noexcept {
  return literal.size() == 1 && literal[0] > ' ' && literal[0] < '\x7F' && !(literal[0] >= 'a' && literal[0] <= 'z') &&
         !(literal[0] >= '0' && literal[0] <= '9');
}

// The same about one slot, ready to be asked.
struct SlotPlan {
  Slot slot;
  LiteralIndex literals;  // ids are triggers
  std::unordered_map<double, Range> numbers;
};

class ScopePlan {
 public:
  std::vector<SlotPlan> slots;
  std::once_flag made;
};

struct Engine::Program {
  const RuleSet* rules = nullptr;
  EngineStats stats;
  std::shared_ptr<const char[]> image;  // what the tables lie in if they were read; else null, and they own their rows
  Table<char> texts;
  Table<Slot> slot_lists;
  Table<CompiledTest> tests;
  std::vector<std::uint8_t> indexed;  // CompiledTest::indexed of each, close together: it is asked thousands of times
  std::vector<Pattern> patterns;
  std::vector<Network> networks;
  Table<Node> nodes;
  Table<std::uint32_t> roots;       // rule → its root node; kNoRoot for windows
  Table<std::uint32_t> rule_lists;  // each ascending
  Table<Trigger> triggers;
  Table<FiledText> filed_texts;
  Table<FiledNumber> filed_numbers;
  Table<ScopeTable> scopes;
  std::vector<Scope> scope_rules;       // scope → which records are of it
  std::vector<Slot> slot_of_field;      // FieldId → slot, or kNoSlot
  std::vector<std::string> slot_names;  // slot → its field's name
  std::uint32_t regex_count = 0;

  mutable std::unique_ptr<LazyRegex[]> regexes;
  mutable std::unique_ptr<ScopePlan[]> plans;

  static constexpr std::uint32_t kNoRoot = ~0u;

  std::string_view text(TextRange range) const noexcept { return {texts.data() + range.at, range.size}; }
  std::span<const Slot> slots(const CompiledTest& test) const noexcept {
    return {slot_lists.data() + test.slots, test.slot_count};
  }
  std::span<const Slot> other_slots(const CompiledTest& test) const noexcept {
    return {slot_lists.data() + test.slots + test.slot_count, test.other_count};
  }
  std::span<const std::uint32_t> rules_of(Range range) const noexcept {
    return {rule_lists.data() + range.first, range.count};
  }
  std::span<const FiledText> texts_of(const ScopeTable& scope) const noexcept {
    return {filed_texts.data() + scope.texts.first, scope.texts.count};
  }

  /// Whether the rule is one of the scope's.
  bool looks_at(const ScopeTable& scope, std::uint32_t rule) const;
  /// The scope's plan, made now if nobody asked for it before.
  const ScopePlan& plan(std::uint32_t scope) const;
  /// Once the tables are complete: room for what is made later.
  void finish();
  /// Makes now whatever finish() left for later.
  void make_all() const;
};

/// Texts that a rule wants a field not to be: if it is one of them, whatever its case, the rule does not hold.
struct Excluded {
  Slot slot = kNoSlot;
  std::vector<std::string_view> texts;  // folded, in Program::texts; none if the rule has no such condition
};
/// Of the rule with this root node: its first condition of that kind, if all its conditions must hold.
Excluded excluded_texts(const Engine::Program& program, std::uint32_t root);

/// Adds the names of the fields that windows group, count and join by: a group is then the same one in every run, whether or not
/// a record with the field has been met before. An error if `names` has no room for them.
Result<Done> add_window_names(const RuleSet& rules, FieldNames& names);

}  // namespace logystera::detect

// The inside of Session: what is remembered of one record and of the sorts of records met so far. Its own sources share it:
// scopes.cpp finds the rules a record is looked at by, collection.cpp those that can match it, evaluation.cpp those that do;
// texts.cpp hands all of them a record's texts, folded or not.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/record.hpp"
#include "detect/engine.hpp"
#include "detect/literal_index.hpp"
#include "detect/literal_sieve.hpp"
#include "detect/program.hpp"
#include "detect/text.hpp"

namespace logystera::detect {

using Anchor = LiteralIndex::Anchor;

// All literals of all log sources a record is of, for all its slots at once: most of a line's fields are parts of the
// line, and one pass over it costs less than one over each field for each log source. Where a literal was found tells whose
// it is. The sieve takes the line as it is; the index, folded. Neither is asked about a line that folding changes beyond ASCII:
// its texts are folded and searched each for itself.
struct LinePlan {
  struct Filed {
    std::uint32_t trigger;
    std::uint32_t size;
    Slot slot;
    Anchor anchor;
  };
  LiteralSieve sieve;     // ids are indexes of `filed`
  LiteralIndex literals;  // instead, where the sieve has too many
  bool sieved = false;
  bool any_bytes = false;  // a literal is no UTF-8: it may be found within a character
  std::vector<Filed> filed;
  // Literals of one mark, which the sieve leaves out: looked for in the fields they are wanted in.
  struct Marks {
    Slot slot = 0;
    std::array<bool, 256> wanted{};
    std::vector<std::pair<char, std::uint32_t>> triggers;
  };
  std::vector<Marks> marks;
};

// A rule looked at for every record of its log source. Most ask one thing of one field, which a fast path answers.
struct Always {
  enum class FastPath : std::uint8_t {
    none,       // only by evaluating it
    exists,     // whether the field is there, decided
    number,     // a comparison with an integer, decided
    number_of,  // a comparison with an integer that is one of several conditions: false, or evaluate them
    long_text,  // an expression that no shorter text matches: too short, or evaluate it
    excluded,   // the field is one of `excluded`: false, or evaluate it
  };
  std::uint32_t rule;
  FastPath fast_path = FastPath::none;
  Slot slot = 0;
  const CompiledTest* test = nullptr;
  std::vector<std::string_view> excluded;
};

struct Session::State {
  const Engine::Program& program;
  Logsource declared;
  Slot rewritten;  // of url_plain, whose texts are no part of the line

  // Per record.
  const Record* record = nullptr;
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> slot_epoch;        // slot → epoch in which its chain is valid
  std::vector<std::uint32_t> slot_first;        // slot → first value of the record, + 1
  std::vector<std::uint32_t> next;              // value → next value of the same slot, + 1
  std::vector<std::string_view> folded_values;  // value → folded text, if folded_epoch says so
  std::vector<std::uint32_t> folded_epoch;
  std::string_view folded_parts[16];
  std::uint32_t folded_part_epoch[16] = {};
  char time_text[32];
  std::string_view time_view;
  Arena arena;
  std::vector<std::uint32_t> answers;  // test → epoch × 2 + answer
  std::vector<std::uint32_t> seen;     // rule → epoch in which it became a candidate
  std::vector<std::uint32_t> candidates;
  std::vector<std::uint32_t> hits;
  std::uint64_t confirmations = 0;

  // The first value of each field that selects a scope, and of those asked for beside. Entries below kScopeKeys form the cache key.
  enum ScopeField : std::uint8_t {
    key_program,
    key_channel,
    key_event_id,
    key_provider,
    key_event_type,
    kScopeKeys,
    key_url = kScopeKeys,
    key_method,
    key_url_plain,
    kScopeFields
  };
  const Value* scope_fields[kScopeFields + 1];  // the last of those nobody asks for
  static constexpr auto kScopeFieldOf = [] {
    std::array<std::uint8_t, field::known_count_> places{};
    places.fill(kScopeFields);
    places[field::url] = key_url;
    places[field::method] = key_method;
    places[field::url_plain] = key_url_plain;
    places[field::program] = key_program;
    places[field::Channel] = key_channel;
    places[field::EventID] = key_event_id;
    places[field::Provider_Name] = key_provider;
    places[field::event_type] = key_event_type;
    return places;
  }();
  bool within_line = false;  // every text is part of the line, or empty, and there is no list
  // The line has letters beyond ASCII that folding changes: folded it may have other places, and no text in it is a part of
  // it then. A text that lies in a line without such letters has none either.
  bool wide = false;

  // Log source of a record → scopes that take it in.
  struct Scopes {
    std::vector<std::uint32_t> list;
    std::vector<const ScopePlan*> plans;  // of each
    std::vector<Always> always;           // of all
    // What else is asked of a record whose texts collect_line has seen to: numbers, and texts that are never in a line.
    struct Numbers {
      Slot slot;
      std::vector<std::pair<double, Range>> rules;  // in the order of the numbers
    };
    std::vector<Numbers> numbers;
    std::vector<const SlotPlan*> rest;
    std::uint32_t lines = 0;  // records with a line met so far; a LinePlan is made when it pays
    std::unique_ptr<const LinePlan> line_plan;
  };
  std::map<std::vector<std::uint32_t>, Scopes> scope_lists;
  std::size_t line_plans = 0;
  std::unordered_map<std::string, Scopes*> scopes_of;
  std::string scope_key, last_scope_key;
  Scopes* last_scopes = nullptr;  // of last_scope_key
  RecordKind last_kind = RecordKind::text;
  std::string last_format;
  bool last_plain = false;  // the last record had none of the fields scopes look at, and was not proxied

  explicit State(const Engine::Program& p)
      : program(p), rewritten(field::url_plain < p.slot_of_field.size() ? p.slot_of_field[field::url_plain] : kNoSlot) {
    slot_epoch.resize(p.slot_names.size());
    slot_first.resize(p.slot_names.size());
    answers.resize(p.tests.size());
    seen.resize(p.roots.size());
  }

  void begin(const Record& now);
  Scopes& scopes();
  void forget_scopes();
  // Slots whose texts are usually parts of the line. What was rewritten never is.
  bool found_in_line(Slot slot) const noexcept {
    if (slot < kPartSlots) return slot != rewritten;
    return slot == slot_of(Part::raw) || slot == slot_of(Part::message) || slot == slot_of(Part::anywhere);
  }
  void arrange(Scopes& scopes, std::vector<std::uint32_t> list) const;
  Always always(std::uint32_t rule) const;
  // Made when a log turns out to have more than a few lines of that sort; null until then, and for more sorts than a log has.
  const LinePlan* line_plan(Scopes& now) {
    constexpr std::uint32_t kLinesBefore = 200;
    constexpr std::size_t kPlansMost = 64;
    if (now.line_plan || ++now.lines < kLinesBefore || line_plans == kPlansMost) return now.line_plan.get();
    return make_line_plan(now);
  }
  const LinePlan* make_line_plan(Scopes& now);
  void candidate(std::uint32_t rule) {
    if (seen[rule] == epoch) return;
    seen[rule] = epoch;
    candidates.push_back(rule);
  }
  void collect(const SlotPlan& plan, bool line_done);
  void collect_numbers(const Scopes& now);
  bool holds_always(const Always& always);
  void collect_line(const LinePlan& plan);
  void collect_marks(const LinePlan::Marks& marks);
  void pull(const Trigger& trigger) {
    if (trigger.test != Trigger::kNoTest) answers[trigger.test] = epoch << 1 | 1;
    for (std::uint32_t rule : program.rules_of(trigger.rules)) candidate(rule);
  }
  void collect_text(const LiteralIndex& literals, std::string_view text) {
    if (!literals.empty()) literals.scan(text, [&](std::uint32_t id, std::size_t) { pull(program.triggers[id]); });
  }
  void collect_anywhere(const SlotPlan& plan, bool line_done);

  std::string_view part_text(Part part);
  std::string_view folded_part(Part part);
  std::string_view fold_copy(std::string_view text);
  bool regex_found(const CompiledTest& test, std::string_view text);
  std::string_view folded_value(std::uint32_t index);
  bool folded_with_raw(std::string_view text) const noexcept { return !wide && inside_raw(text); }
  bool inside_raw(std::string_view text) const noexcept {
    return record->raw.data() && text.data() >= record->raw.data() &&
           text.data() + text.size() <= record->raw.data() + record->raw.size();
  }

  bool evaluate(std::uint32_t node);
  void look(std::uint32_t node, std::vector<bool>& holds);
  bool answer(std::uint32_t test);
  bool decide(const CompiledTest& test);
  bool decide_slot(const CompiledTest& test, Slot slot);
  bool text_matches(const CompiledTest& test, std::string_view text) const;
  bool decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text, const Value* value);
  bool field_ref(const CompiledTest& test, std::string_view text);
  bool present(Slot slot) const noexcept { return slot_epoch[slot] == epoch; }
};

inline bool Session::State::answer(std::uint32_t test) {
  std::uint32_t& known = answers[test];
  if (known >> 1 == epoch) return known & 1;
  if (program.indexed[test] != 0) return false;
  const bool result = decide(program.tests[test]);
  known = epoch << 1 | (result ? 1u : 0u);
  return result;
}

inline bool Session::State::holds_always(const Always& always) {
  if (always.fast_path == Always::FastPath::none) return evaluate(program.roots[always.rule]);
  const bool there = present(always.slot);
  if (always.fast_path == Always::FastPath::exists) return there == (always.test->flag != 0);
  if (!there) return always.fast_path == Always::FastPath::excluded && evaluate(program.roots[always.rule]);
  const std::uint32_t first = slot_first[always.slot] - 1;
  const Value& value = record->fields[first];
  if (next[first] == 0) {
    if ((always.fast_path == Always::FastPath::number || always.fast_path == Always::FastPath::number_of) &&
        value.kind == Value::Kind::integer) {
      const bool held = holds(value.as_real(), always.test->compare, always.test->number);
      if (!held || always.fast_path == Always::FastPath::number) return held;
    }
    if (always.fast_path == Always::FastPath::long_text && value.kind != Value::Kind::list &&
        value.text_size < always.test->least_bytes)
      return false;
    if (always.fast_path == Always::FastPath::excluded && value.kind == Value::Kind::string)
      for (std::string_view text : always.excluded)
        if (equal_ignoring_case(value.text(), text)) return false;
  }
  return evaluate(program.roots[always.rule]);
}

}  // namespace logystera::detect

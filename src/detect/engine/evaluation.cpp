// Whether a rule holds for a record: its expression, test by test, each at most once.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "detect/engine/state.hpp"
#include "detect/text.hpp"

namespace logystera::detect {

bool Session::State::evaluate(std::uint32_t index) {
  const Node& node = program.nodes[index];
  switch (node.kind) {
    case Expression::Kind::test: return answer(node.first);
    case Expression::Kind::negation: return !evaluate(node.first);
    case Expression::Kind::all:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (!evaluate(node.first + i)) return false;
      return true;
    case Expression::Kind::any:
      for (std::uint32_t i = 0; i < node.count; ++i)
        if (evaluate(node.first + i)) return true;
      return false;
  }
  return false;
}

void Session::State::look(std::uint32_t index, std::vector<bool>& holds) {
  const Node& node = program.nodes[index];
  holds.push_back(evaluate(index));
  if (node.kind == Expression::Kind::test) return;
  for (std::uint32_t i = 0; i < node.count; ++i) look(node.first + i, holds);
}

Session::Look Session::look(std::uint32_t rule) {
  State& state = *state_;
  Look out;
  const std::uint32_t root = state.program.roots[rule];
  if (!state.record || root == Engine::Program::kNoRoot) return out;
  const std::vector<std::uint32_t>& scopes = state.scopes().list;
  out.in_scope = std::any_of(scopes.begin(), scopes.end(), [&](std::uint32_t scope) {
    return state.program.looks_at(state.program.scopes[scope], rule);
  });
  if (out.in_scope) state.look(root, out.holds);
  return out;
}

bool Session::State::decide(const CompiledTest& test) {
  if (test.kind == Test::Kind::exists || test.kind == Test::Kind::null) {
    bool there = false, valued = false, counted = false;
    for (Slot slot : program.slots(test)) {
      if (slot >= kPartSlots) {
        const bool some = !part_text(static_cast<Part>(slot - kPartSlots)).empty();
        there = there || some;
        valued = valued || some;
        continue;
      }
      if (!present(slot)) continue;
      there = true;
      for (std::uint32_t i = slot_first[slot]; i != 0; i = next[i - 1]) {
        const Value& value = record->fields[i - 1];
        if (value.kind == Value::Kind::list) {
          for (const Value& item : value.as_list()) {
            counted = true;
            valued = valued || item.kind != Value::Kind::null;
          }
        } else {
          counted = true;
          valued = valued || value.kind != Value::Kind::null;
        }
      }
    }
    if (test.kind == Test::Kind::exists) return there == (test.flag != 0);
    return !there || (counted && !valued);
  }
  const std::span<const Slot> slots = program.slots(test);
  return std::any_of(slots.begin(), slots.end(), [&](Slot slot) { return decide_slot(test, slot); });
}

bool Session::State::decide_slot(const CompiledTest& test, Slot slot) {
  if (slot == slot_of(Part::anywhere)) {
    const bool contains = test.kind == Test::Kind::text && test.shape == Shape::contains;
    if (!record->raw.empty() && decide_plain(test, record->raw, folded_part(Part::raw), nullptr)) return true;
    if (!record->message.empty() && !(contains && folded_with_raw(record->message)) &&
        decide_plain(test, record->message, folded_part(Part::message), nullptr))
      return true;
    for (std::uint32_t i = 0; i < record->field_count; ++i) {
      const std::string_view text = record->fields[i].text();
      if (text.empty() || (contains && folded_with_raw(text))) continue;
      if (decide_plain(test, text, test.cased != 0 ? text : folded_value(i), nullptr)) return true;
    }
    return false;
  }
  if (slot >= kPartSlots) {
    const Part part = static_cast<Part>(slot - kPartSlots);
    const std::string_view text = part_text(part);
    return !text.empty() && decide_plain(test, text, test.cased != 0 ? text : folded_part(part), nullptr);
  }
  if (!present(slot)) return false;
  for (std::uint32_t i = slot_first[slot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    if (value.kind != Value::Kind::list) {
      const bool fold = test.kind == Test::Kind::text && test.cased == 0;
      if (decide_plain(test, value.text(), fold ? folded_value(i - 1) : value.text(), &value)) return true;
      continue;
    }
    for (const Value& item : value.as_list()) {
      const bool fold = test.kind == Test::Kind::text && test.cased == 0;
      if (decide_plain(test, item.text(), fold ? fold_copy(item.text()) : item.text(), &item)) return true;
    }
  }
  return false;
}

// `text` is the value's, or folded already if the test is uncased.
bool Session::State::text_matches(const CompiledTest& test, std::string_view text) const {
  const std::string_view literal = program.text(test.literal);
  switch (test.shape) {
    case Shape::whole: return text == literal;
    case Shape::starts:
      return text.size() >= literal.size() && std::memcmp(text.data(), literal.data(), literal.size()) == 0;
    case Shape::ends:
      return text.size() >= literal.size() &&
             std::memcmp(text.data() + text.size() - literal.size(), literal.data(), literal.size()) == 0;
    case Shape::contains:
      return literal.empty() ||
             (text.size() >= literal.size() && memmem(text.data(), text.size(), literal.data(), literal.size()) != nullptr);
    case Shape::glob: return matches(program.patterns[test.row], text);
  }
  return false;
}

bool Session::State::decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text,
                                  const Value* value) {
  if (value && value->kind == Value::Kind::null) return false;
  switch (test.kind) {
    case Test::Kind::text: return text_matches(test, test.cased != 0 ? text : folded_text);
    case Test::Kind::regex: return regex_found(test, text);
    case Test::Kind::number: {
      double number = 0;
      const bool read = value ? number_of(*value, number) : number_of(text, number);
      return read && holds(number, test.compare, test.number);
    }
    case Test::Kind::boolean:
      if (value && value->kind == Value::Kind::boolean) return value->as_boolean() == (test.flag != 0);
      if (value && value->kind != Value::Kind::string) return false;
      return equal_folded(text, test.flag != 0 ? "true" : "false");
    case Test::Kind::network: {
      // The zone says on which interface, not which address: fe80::1%eth0 (RFC 4007).
      const std::size_t zone = text.find('%');
      if (zone != std::string_view::npos && zone + 1 < text.size() &&
          text.substr(0, zone).find(':') != std::string_view::npos)
        text = text.substr(0, zone);
      IpAddress address;
      return parse_ip(text, address) && contains(program.networks[test.row], address);
    }
    case Test::Kind::field_ref: return field_ref(test, text);
    case Test::Kind::time_part: {
      CivilTime time;
      return parse_civil(text, time) && holds(time_part(time, test.part), test.compare, test.number);
    }
    case Test::Kind::null:
    case Test::Kind::exists: break;
  }
  return false;
}

bool Session::State::regex_found(const CompiledTest& test, std::string_view text) {
  if (text.size() < test.least_bytes) return false;
  const re2::RE2& regex = program.regexes[test.row].get(program.text(test.literal));
  if (found(regex, text)) return true;
  if (test.flag == 0 || folded_with_raw(text) || !folds_beyond_ascii(text)) return false;
  char* const plain = arena.allocate(text.size());
  const auto size = static_cast<std::size_t>(fold_lookalikes_into(text, plain) - plain);
  return size != text.size() && found(regex, {plain, size});
}

bool Session::State::field_ref(const CompiledTest& test, std::string_view text) {
  const bool cased = test.cased != 0;
  if (!cased) text = fold_copy(text);
  const auto same = [&](std::string_view as_written) {
    const std::string_view other = cased ? as_written : fold_copy(as_written);
    switch (test.relation) {
      case Test::Relation::whole: return text == other;
      case Test::Relation::starts: return text.starts_with(other);
      case Test::Relation::ends: return text.ends_with(other);
      case Test::Relation::contains: return text.find(other) != std::string_view::npos;
    }
    return false;
  };
  for (Slot slot : program.other_slots(test)) {
    if (slot >= kPartSlots) {
      const std::string_view part = part_text(static_cast<Part>(slot - kPartSlots));
      if (!part.empty() && same(part)) return true;
      continue;
    }
    if (!present(slot)) continue;
    for (std::uint32_t i = slot_first[slot]; i != 0; i = next[i - 1]) {
      const Value& value = record->fields[i - 1];
      if (value.kind == Value::Kind::list) {
        for (const Value& item : value.as_list())
          if (item.kind != Value::Kind::null && same(item.text())) return true;
      } else if (value.kind != Value::Kind::null && same(value.text())) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace logystera::detect

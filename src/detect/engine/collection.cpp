// Which rules can match a record: those whose guards are found in its texts and numbers. match() is here because the search of the
// line belongs into it: as a call of its own it would cost every record.
#include <algorithm>

#include "detect/engine/state.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {
constexpr std::uint32_t kValuesLooked = 64;  // of one name, for each literal found: a line may repeat both
}

void Session::State::begin(const Record& now) {
  record = &now;
  // Answers keep the epoch above one bit: after 2^31 records all marks start over.
  if (++epoch == 0x7FFF'FFFF) {
    epoch = 1;
    for (auto* marks : {&slot_epoch, &folded_epoch, &answers, &seen}) std::fill(marks->begin(), marks->end(), 0);
    std::fill(std::begin(folded_part_epoch), std::end(folded_part_epoch), 0);
  }
  arena.clear();
  candidates.clear();
  hits.clear();
  time_view = {};
  if (next.size() < now.field_count) {
    next.resize(now.field_count);
    folded_values.resize(now.field_count);
    folded_epoch.resize(now.field_count);
  }
  std::fill(std::begin(scope_fields), std::end(scope_fields), nullptr);
  const char* const line = now.raw.data();
  const std::size_t size = now.raw.size();
  const auto outside = [&](const char* text, std::size_t bytes) {
    return bytes != 0 && (bytes > size || static_cast<std::size_t>(text - line) > size - bytes);
  };
  bool any_outside = outside(now.message.data(), now.message.size());
  // Backwards, so that chains run in source order.
  for (std::uint32_t i = now.field_count; i-- > 0;) {
    const Value& value = now.fields[i];
    any_outside = any_outside || value.kind == Value::Kind::list || outside(value.text_data, value.text_size);
    const FieldId id = value.field;
    scope_fields[id < kScopeFieldOf.size() ? kScopeFieldOf[id] : std::uint8_t{kScopeFields}] = &value;
    if (id >= program.slot_of_field.size()) continue;
    const Slot slot = program.slot_of_field[id];
    if (slot == kNoSlot) continue;
    next[i] = slot_epoch[slot] == epoch ? slot_first[slot] : 0;
    slot_epoch[slot] = epoch;
    slot_first[slot] = i + 1;
  }
  within_line = !any_outside && !scope_fields[key_url_plain];
}

void Session::State::collect_anywhere(const SlotPlan& plan, bool line_done) {
  // A text that lies within raw cannot hold a literal raw does not hold: literals of keywords have no anchors.
  if (!record->raw.empty() && !line_done) collect_text(plan.literals, folded_part(Part::raw));
  if (!record->message.empty() && !folded_with_raw(record->message))
    collect_text(plan.literals, folded_part(Part::message));
  for (std::uint32_t i = 0; i < record->field_count; ++i)
    if (!folded_with_raw(record->fields[i].text())) collect_text(plan.literals, folded_value(i));
}

// The literals of every slot, as far as its texts are parts of the line.
void Session::State::collect_line(const LinePlan& plan) {
  bool many = false;  // values of one name: each is searched by itself
  const auto found_at = [&](std::uint32_t id, std::size_t place) {
    const LinePlan::Filed& filed = plan.filed[id];
    const auto fits = [&](std::string_view text) {
      if (!inside_raw(text)) return false;
      const auto from = static_cast<std::size_t>(text.data() - record->raw.data());
      if (place < from || place + filed.size > from + text.size()) return false;
      const bool at_start = place == from, at_end = place + filed.size == from + text.size();
      switch (filed.anchor) {
        case Anchor::anywhere: return true;
        case Anchor::start: return at_start;
        case Anchor::end: return at_end;
        case Anchor::whole: return at_start && at_end;
      }
      return true;
    };
    bool hit = false;
    if (filed.slot == slot_of(Part::anywhere)) hit = true;
    else if (filed.slot >= kPartSlots) hit = fits(part_text(static_cast<Part>(filed.slot - kPartSlots)));
    else if (present(filed.slot))
      for (std::uint32_t i = slot_first[filed.slot], looked = 0; i != 0 && !hit && !many; i = next[i - 1]) {
        const Value& value = record->fields[i - 1];
        hit = value.kind != Value::Kind::list && fits(value.text());  // items of a list are looked at one by one
        many = ++looked > kValuesLooked;
      }
    if (hit) pull(program.triggers[filed.trigger]);
  };
  // What the sieve finds holds, folded or not, where a literal is of whole characters; but of a wide line it is too little.
  const bool afterwards = plan.sieved && !plan.any_bytes;
  wide = !afterwards && folds_beyond_ascii(record->raw);
  if (wide) return;
  // One call, so that compilers put the search in its place.
  if (plan.sieved) wide = plan.sieve.scan(record->raw, found_at) && afterwards && folds_beyond_ascii(record->raw);
  else plan.literals.scan(folded_part(Part::raw), found_at);
  wide = wide || many;
  if (wide) return;
  for (const LinePlan::Marks& marks : plan.marks)
    if (present(marks.slot)) collect_marks(marks);
}

// In the texts of one field that are parts of the line. No mark is a letter, so they need no folding.
void Session::State::collect_marks(const LinePlan::Marks& marks) {
  for (std::uint32_t i = slot_first[marks.slot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    if (value.kind == Value::Kind::list || !inside_raw(value.text())) continue;
    const std::string_view text = value.text();
    if (std::none_of(text.begin(), text.end(), [&](char c) { return marks.wanted[static_cast<unsigned char>(c)]; }))
      continue;
    for (const auto& [mark, trigger] : marks.triggers)
      if (text.find(mark) != std::string_view::npos) pull(program.triggers[trigger]);
  }
}

// `line_done`: collect_line has seen to texts that are parts of the line.
void Session::State::collect(const SlotPlan& plan, bool line_done) {
  if (plan.slot == slot_of(Part::anywhere)) {
    collect_anywhere(plan, line_done);
    return;
  }
  if (plan.slot >= kPartSlots) {
    const Part part = static_cast<Part>(plan.slot - kPartSlots);
    const bool done = line_done && found_in_line(plan.slot) && inside_raw(part_text(part));
    if (!done && !plan.literals.empty() && !part_text(part).empty()) collect_text(plan.literals, folded_part(part));
    // Numbers in the record's own texts: rare enough to confirm them all.
    for (const auto& [number, rules] : plan.numbers)
      for (std::uint32_t rule : program.rules_of(rules)) candidate(rule);
    return;
  }
  if (slot_epoch[plan.slot] != epoch) return;
  for (std::uint32_t i = slot_first[plan.slot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    const auto look_up = [&](const Value& one) {
      double number = 0;
      if (plan.numbers.empty() || !number_of(one, number)) return;
      if (const auto found = plan.numbers.find(number); found != plan.numbers.end())
        for (std::uint32_t rule : program.rules_of(found->second)) candidate(rule);
    };
    if (value.kind != Value::Kind::list) {
      const bool done = line_done && found_in_line(plan.slot) && inside_raw(value.text());
      if (!done && !plan.literals.empty()) collect_text(plan.literals, folded_value(i - 1));
      look_up(value);
      continue;
    }
    for (const Value& item : value.as_list()) {
      if (!plan.literals.empty()) collect_text(plan.literals, fold_copy(item.text()));
      look_up(item);
    }
  }
}

// The numbers of a record without lists.
void Session::State::collect_numbers(const Scopes& now) {
  for (const Scopes::Numbers& numbers : now.numbers) {
    if (!present(numbers.slot)) continue;
    for (std::uint32_t i = slot_first[numbers.slot]; i != 0; i = next[i - 1]) {
      double number = 0;
      if (!number_of(record->fields[i - 1], number)) continue;
      const auto found = std::lower_bound(numbers.rules.begin(), numbers.rules.end(), number,
                                          [](const auto& wanted, double given) { return wanted.first < given; });
      if (found == numbers.rules.end() || found->first != number) continue;
      for (std::uint32_t rule : program.rules_of(found->second)) candidate(rule);
    }
  }
}

Session::Session(const Engine& engine) : state_(std::make_unique<State>(*engine.program_)) {}
Session::~Session() = default;
Session::Session(Session&&) noexcept = default;

void Session::declare(Logsource source) {
  state_->declared = std::move(source);
  state_->forget_scopes();
}

std::uint64_t Session::confirmations() const noexcept { return state_->confirmations; }

std::span<const std::uint32_t> Session::match(const Record& record) {
  State& state = *state_;
  state.begin(record);
  State::Scopes& scopes = state.scopes();
  const LinePlan* line = record.raw.empty() ? nullptr : state.line_plan(scopes);
  if (line) state.collect_line(*line);
  else state.wide = folds_beyond_ascii(record.raw);
  if (state.wide) line = nullptr;
  if (line && state.within_line) {
    state.collect_numbers(scopes);
    for (const SlotPlan* plan : scopes.rest) state.collect(*plan, true);
  } else {
    for (const ScopePlan* plan : scopes.plans)
      for (const SlotPlan& slot : plan->slots) state.collect(slot, line != nullptr);
  }
  state.confirmations += state.candidates.size() + scopes.always.size();
  for (const Always& always : scopes.always)
    if (state.holds_always(always)) state.hits.push_back(always.rule);
  for (std::uint32_t rule : state.candidates)
    if (state.evaluate(state.program.roots[rule])) state.hits.push_back(rule);
  if (state.hits.size() > 1) std::sort(state.hits.begin(), state.hits.end());
  return state.hits;
}

}  // namespace logystera::detect

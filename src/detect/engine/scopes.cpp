// Which rules a record is looked at by: decided once for each sort of record, and remembered.
#include <algorithm>

#include "core/json.hpp"
#include "detect/engine/state.hpp"
#include "detect/text.hpp"

namespace logystera::detect {

Session::State::Scopes& Session::State::scopes() {
  constexpr std::size_t kRemembered = 8192;  // combinations; hostile programs names must not grow this for ever
  const bool web = record->kind == RecordKind::web_access;
  const Value* const url = scope_fields[key_url];
  const Value* const method = scope_fields[key_method];
  const bool proxied = web && ((url && url->text().find("://") != std::string_view::npos) ||
                               (method && equal_ignoring_case(method->text(), "CONNECT")));
  // The usual case of a long log, without building a key.
  const bool plain =
      !proxied && std::all_of(scope_fields, scope_fields + kScopeKeys, [](const Value* value) { return !value; });
  if (plain && last_plain && last_scopes && record->kind == last_kind && record->format == last_format) return *last_scopes;
  last_plain = plain;
  last_kind = record->kind;
  last_format = record->format;
  scope_key.clear();
  const auto part = [this](std::string_view text) {
    scope_key += text;
    scope_key += '\0';
  };
  scope_key += static_cast<char>('a' + static_cast<int>(record->kind));
  part(record->format);
  if (web) scope_key += proxied ? 'p' : '-';
  for (std::size_t i = 0; i < kScopeKeys; ++i) part(scope_fields[i] ? scope_fields[i]->text() : std::string_view());
  if (last_scopes && scope_key == last_scope_key) return *last_scopes;
  last_scope_key = scope_key;
  const auto found = scopes_of.find(scope_key);
  if (found != scopes_of.end()) return *(last_scopes = found->second);
  if (scopes_of.size() >= kRemembered) forget_scopes();
  std::vector<std::uint32_t> list;
  for (std::uint32_t i = 0; i < program.scopes.size(); ++i)
    if (in_scope(program.scope_rules[i], *record, declared)) list.push_back(i);
  Scopes& scopes = scope_lists[list];
  if (scopes.list.empty()) arrange(scopes, std::move(list));
  scopes_of.emplace(scope_key, &scopes);
  return *(last_scopes = &scopes);
}

void Session::State::arrange(Scopes& scopes, std::vector<std::uint32_t> list) const {
  scopes.list = std::move(list);
  for (std::uint32_t scope : scopes.list) {
    const ScopePlan& plan = program.plan(scope);
    scopes.plans.push_back(&plan);
    for (std::uint32_t rule : program.rules_of(program.scopes[scope].always)) scopes.always.push_back(always(rule));
    for (const SlotPlan& slot : plan.slots) {
      if (slot.slot >= kPartSlots) {
        if (!found_in_line(slot.slot) || !slot.numbers.empty()) scopes.rest.push_back(&slot);
      } else if (!slot.numbers.empty()) {
        scopes.numbers.push_back({slot.slot, {slot.numbers.begin(), slot.numbers.end()}});
        auto& rules = scopes.numbers.back().rules;
        std::sort(rules.begin(), rules.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      }
    }
  }
}

Always Session::State::always(std::uint32_t rule) const {
  Always out{.rule = rule};
  const Node& root = program.nodes[program.roots[rule]];
  const bool one_of = root.kind == Expression::Kind::all && root.count > 0;
  const Node& node = one_of ? program.nodes[root.first] : root;
  if (node.kind == Expression::Kind::test) {
    const CompiledTest& test = program.tests[node.first];
    const std::span<const Slot> slots = program.slots(test);
    if (slots.size() == 1 && slots[0] < kPartSlots) {
      out.slot = slots[0];
      out.test = &test;
      if (one_of) out.fast_path = test.kind == Test::Kind::number ? Always::FastPath::number_of : Always::FastPath::none;
      else if (test.kind == Test::Kind::exists) out.fast_path = Always::FastPath::exists;
      else if (test.kind == Test::Kind::number) out.fast_path = Always::FastPath::number;
      else if (test.kind == Test::Kind::regex && test.least_bytes > 0) out.fast_path = Always::FastPath::long_text;
    }
  }
  if (out.fast_path != Always::FastPath::none) return out;
  Excluded excluded = excluded_texts(program, program.roots[rule]);
  if (excluded.texts.empty()) return out;
  out.fast_path = Always::FastPath::excluded;
  out.slot = excluded.slot;
  out.excluded = std::move(excluded.texts);
  return out;
}

void Session::State::forget_scopes() {
  scopes_of.clear();
  scope_lists.clear();
  last_scopes = nullptr;
  line_plans = 0;
}

const LinePlan* Session::State::make_line_plan(Scopes& now) {
  auto plan = std::make_unique<LinePlan>();
  std::vector<std::string_view> literals;
  for (std::uint32_t scope : now.list)
    for (const FiledText& filed : program.texts_of(program.scopes[scope])) {
      if (!found_in_line(filed.slot)) continue;
      const std::string_view literal = program.text(filed.literal);
      if (filed.slot < kPartSlots && filed.anchor == Anchor::anywhere && looked_for_in_field(literal)) {
        auto marks = std::find_if(plan->marks.begin(), plan->marks.end(),
                                  [&](const auto& known) { return known.slot == filed.slot; });
        if (marks == plan->marks.end())
          marks = plan->marks.insert(marks, {.slot = filed.slot, .wanted = {}, .triggers = {}});
        marks->wanted[static_cast<unsigned char>(literal[0])] = true;
        marks->triggers.emplace_back(literal[0], filed.trigger);
        continue;
      }
      literals.push_back(literal);
      plan->any_bytes = plan->any_bytes || !json::is_utf8(literals.back());
      plan->filed.push_back({filed.trigger, filed.literal.size, filed.slot, filed.anchor});
    }
  plan->sieved = plan->sieve.build(literals);
  if (!plan->sieved) {
    for (std::uint32_t id = 0; id < literals.size(); ++id) plan->literals.add(literals[id], Anchor::anywhere, id);
    plan->literals.build();
  }
  ++line_plans;
  now.line_plan = std::move(plan);
  return now.line_plan.get();
}

}  // namespace logystera::detect

#include "detect/engine.hpp"

#include <algorithm>
#include <span>
#include <unordered_map>

#include "detect/program.hpp"

namespace logystera::detect {

bool Engine::Program::looks_at(const ScopeTable& scope, std::uint32_t rule) const {
  const auto holds = [&](Range range) {
    const auto listed = rules_of(range);
    return std::binary_search(listed.begin(), listed.end(), rule);
  };
  if (holds(scope.always)) return true;
  const auto filed = texts_of(scope);
  if (std::any_of(filed.begin(), filed.end(), [&](const FiledText& one) { return holds(triggers[one.trigger].rules); }))
    return true;
  const std::span<const FiledNumber> numbers(filed_numbers.data() + scope.numbers.first, scope.numbers.count);
  return std::any_of(numbers.begin(), numbers.end(), [&](const FiledNumber& one) { return holds(one.rules); });
}

const ScopePlan& Engine::Program::plan(std::uint32_t scope) const {
  ScopePlan& plan = plans[scope];
  std::call_once(plan.made, [&] {
    std::unordered_map<Slot, std::size_t> places;
    const auto of = [&](std::uint32_t slot) -> SlotPlan& {
      const auto [known, fresh] = places.emplace(static_cast<Slot>(slot), plan.slots.size());
      if (fresh) {
        plan.slots.emplace_back();
        plan.slots.back().slot = static_cast<Slot>(slot);
      }
      return plan.slots[known->second];
    };
    for (const FiledText& filed : texts_of(scopes[scope]))
      of(filed.slot).literals.add(text(filed.literal), filed.anchor, filed.trigger);
    const Range numbers = scopes[scope].numbers;
    for (std::uint32_t i = 0; i < numbers.count; ++i) {
      const FiledNumber& filed = filed_numbers[numbers.first + i];
      of(filed.slot).numbers.emplace(filed.number, filed.rules);
    }
    for (SlotPlan& slot : plan.slots) slot.literals.build();
  });
  return plan;
}

void Engine::Program::finish() {
  indexed.clear();
  for (const CompiledTest& test : tests) indexed.push_back(test.indexed);
  regexes = std::make_unique<LazyRegex[]>(regex_count);
  plans = std::make_unique<ScopePlan[]>(scopes.size());
}

void Engine::Program::make_all() const {
  for (std::uint32_t i = 0; i < scopes.size(); ++i) plan(i);
  for (const CompiledTest& test : tests)
    if (test.kind == Test::Kind::regex) regexes[test.row].get(text(test.literal));
}

Excluded excluded_texts(const Engine::Program& program, std::uint32_t root) {
  using Kind = Expression::Kind;
  const auto text_of = [&](const Node& node, Excluded& out) {
    if (node.kind != Kind::test) return false;
    const CompiledTest& test = program.tests[node.first];
    const std::span<const Slot> slots = program.slots(test);
    if (test.kind != Test::Kind::text || test.shape != Shape::whole || test.cased != 0 || slots.size() != 1 ||
        slots.front() >= kPartSlots || (!out.texts.empty() && slots.front() != out.slot))
      return false;
    out.slot = slots.front();
    out.texts.push_back(program.text(test.literal));
    return true;
  };
  const Node& all = program.nodes[root];
  if (all.kind != Kind::all) return {};
  for (std::uint32_t i = 0; i < all.count; ++i) {
    const Node& condition = program.nodes[all.first + i];
    if (condition.kind != Kind::negation) continue;
    const Node& negated = program.nodes[condition.first];
    Excluded out;
    bool every = negated.kind == Kind::any || text_of(negated, out);
    for (std::uint32_t k = 0; every && negated.kind == Kind::any && k < negated.count; ++k)
      every = text_of(program.nodes[negated.first + k], out);
    if (every && !out.texts.empty()) return out;
  }
  return {};
}

Engine::Engine(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;
const EngineStats& Engine::stats() const noexcept { return program_->stats; }
const RuleSet& Engine::rules() const noexcept { return *program_->rules; }

}  // namespace logystera::detect

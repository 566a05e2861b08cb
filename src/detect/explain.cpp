#include "detect/explain.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <tuple>

#include "detect/program.hpp"

namespace logystera::detect {
namespace {

constexpr std::string_view kPartNames[] = {"field",  "message", "raw",      "source", "host",
                                           "format", "kind",    "severity", "time",   "anywhere"};
constexpr std::string_view kTimePartNames[] = {"minute", "hour", "day", "week", "month", "year"};

std::string number_text(double number) {
  char text[40];
  const auto [end, error] = std::to_chars(text, text + sizeof text, number);
  return {text, error == std::errc() ? end : text};
}

std::string network_text(const Network& network) {
  const bool v4 = network.address.is_v4() && network.bits >= 96;
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(v4 ? AF_INET : AF_INET6, network.address.bytes + (v4 ? 12 : 0), text, sizeof text);
  return std::string(text) + "/" + std::to_string(network.bits - (v4 ? 96 : 0));
}

// As in Sigma: `*` and `?` stand for themselves behind a backslash.
std::string pattern_text(const Pattern& pattern) {
  std::string out;
  for (const PatternPiece& piece : pattern) {
    if (piece.kind == PatternPiece::Kind::any_run) out += '*';
    if (piece.kind == PatternPiece::Kind::any_one) out += '?';
    for (char c : piece.text) {
      if (c == '*' || c == '?' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out;
}

class Explainer {
 public:
  explicit Explainer(const Engine::Program& program) : program_(program) {}

  Explanation rule(std::uint32_t rule) const;

 private:
  std::string place(Slot slot) const {
    return place_name(slot >= kPartSlots ? Place{static_cast<Part>(slot - kPartSlots), {}}
                                         : Place{Part::field, program_.slot_names[slot]});
  }
  std::vector<std::string> places(std::span<const Slot> slots) const {
    std::vector<std::string> out;
    for (Slot slot : slots) out.push_back(place(slot));
    return out;
  }
  ExplainedTest test(const CompiledTest& test) const;
  ExplainedCondition condition(std::uint32_t node) const;
  bool holds(Range range, std::uint32_t rule) const {
    const auto rules = program_.rules_of(range);
    return std::binary_search(rules.begin(), rules.end(), rule);
  }

  const Engine::Program& program_;
};

ExplainedTest Explainer::test(const CompiledTest& test) const {
  ExplainedTest out;
  out.places = places(program_.slots(test));
  out.indexed = test.indexed != 0;
  switch (test.kind) {
    case Test::Kind::text:
      out.text = true;
      out.cased = test.cased != 0;
      out.value =
          test.shape == Shape::glob ? pattern_text(program_.patterns[test.row]) : std::string(program_.text(test.literal));
      switch (test.shape) {
        case Shape::whole: out.operation = "equals"; break;
        case Shape::contains: out.operation = "contains"; break;
        case Shape::starts: out.operation = "starts with"; break;
        case Shape::ends: out.operation = "ends with"; break;
        case Shape::glob: out.operation = "matches"; break;
      }
      break;
    case Test::Kind::regex:
      out.operation = "finds";
      out.value = program_.text(test.literal);
      out.least_bytes = test.least_bytes;
      break;
    case Test::Kind::number:
      out.operation = compare_name(test.compare);
      out.value = number_text(test.number);
      break;
    case Test::Kind::boolean:
      out.operation = "is";
      out.value = test.flag ? "true" : "false";
      break;
    case Test::Kind::null: out.operation = "is null"; break;
    case Test::Kind::exists: out.operation = test.flag ? "exists" : "is absent"; break;
    case Test::Kind::network:
      out.operation = "is in";
      out.value = network_text(program_.networks[test.row]);
      break;
    case Test::Kind::field_ref:
      out.cased = test.cased != 0;
      out.against = places(program_.other_slots(test));
      switch (test.relation) {
        case Test::Relation::whole: out.operation = "equals"; break;
        case Test::Relation::contains: out.operation = "contains"; break;
        case Test::Relation::starts: out.operation = "starts with"; break;
        case Test::Relation::ends: out.operation = "ends with"; break;
      }
      break;
    case Test::Kind::time_part:
      out.operation =
          std::string(kTimePartNames[static_cast<std::size_t>(test.part)]) + " " + std::string(compare_name(test.compare));
      out.value = number_text(test.number);
      break;
  }
  return out;
}

ExplainedCondition Explainer::condition(std::uint32_t index) const {
  const Node& node = program_.nodes[index];
  ExplainedCondition out;
  out.kind = node.kind;
  if (node.kind == Expression::Kind::test) {
    out.test = test(program_.tests[node.first]);
    return out;
  }
  for (std::uint32_t i = 0; i < node.count; ++i) out.children.push_back(condition(node.first + i));
  return out;
}

Explanation Explainer::rule(std::uint32_t rule) const {
  Explanation out;
  out.rule = rule;
  if (program_.roots[rule] == Engine::Program::kNoRoot) {
    out.is_window = true;
    return out;
  }
  out.condition = condition(program_.roots[rule]);
  for (std::size_t number = 0; number < program_.scopes.size(); ++number) {
    const ScopeTable& scope = program_.scopes[number];
    if (program_.looks_at(scope, rule)) out.scope = program_.scope_rules[number];
    out.always = out.always || holds(scope.always, rule);
    for (const FiledText& filed : program_.texts_of(scope))
      if (holds(program_.triggers[filed.trigger].rules, rule))
        out.literals.push_back({place(filed.slot), static_cast<ExplainedLiteral::Anchor>(filed.anchor),
                                std::string(program_.text(filed.literal))});
    for (std::uint32_t i = 0; i < scope.numbers.count; ++i) {
      const FiledNumber& filed = program_.filed_numbers[scope.numbers.first + i];
      if (holds(filed.rules, rule)) out.numbers.push_back({place(static_cast<Slot>(filed.slot)), filed.number});
    }
  }
  // The tables' order is that of a hash; the same rules are to be explained in the same words.
  std::sort(out.literals.begin(), out.literals.end(), [](const ExplainedLiteral& a, const ExplainedLiteral& b) {
    return std::tie(a.place, a.text, a.anchor) < std::tie(b.place, b.text, b.anchor);
  });
  std::sort(out.numbers.begin(), out.numbers.end(), [](const ExplainedNumber& a, const ExplainedNumber& b) {
    return std::tie(a.place, a.number) < std::tie(b.place, b.number);
  });
  return out;
}

}  // namespace

static_assert(static_cast<int>(ExplainedLiteral::Anchor::anywhere) == static_cast<int>(LiteralIndex::Anchor::anywhere));
static_assert(static_cast<int>(ExplainedLiteral::Anchor::start) == static_cast<int>(LiteralIndex::Anchor::start));
static_assert(static_cast<int>(ExplainedLiteral::Anchor::end) == static_cast<int>(LiteralIndex::Anchor::end));
static_assert(static_cast<int>(ExplainedLiteral::Anchor::whole) == static_cast<int>(LiteralIndex::Anchor::whole));

std::string_view anchor_name(ExplainedLiteral::Anchor anchor) noexcept {
  switch (anchor) {
    case ExplainedLiteral::Anchor::anywhere: return "anywhere";
    case ExplainedLiteral::Anchor::start: return "start";
    case ExplainedLiteral::Anchor::end: return "end";
    case ExplainedLiteral::Anchor::whole: return "whole";
  }
  return "";
}

std::string place_name(const Place& place) {
  if (place.part == Part::field) return place.name;
  return "(" + std::string(kPartNames[static_cast<std::size_t>(place.part)]) + ")";
}

Explanation explain(const Engine& engine, std::uint32_t rule) { return Explainer(engine.program()).rule(rule); }

}  // namespace logystera::detect

// From a RuleSet to the tables of an Engine.
//
// One file: the steps from tests over guards to the layout all fill the tables of one Compiler, which nobody else sees.
#include <re2/filtered_re2.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "core/json.hpp"
#include "detect/program.hpp"
#include "detect/regex.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using Anchor = LiteralIndex::Anchor;

// Literals that betray a rule: if one of these tests holds, the rule may match; if none does, it cannot.
struct Guard {
  std::vector<std::uint32_t> tests;
  double cost = 0;  // how often it is expected to be hit, roughly, as a share of records
};

Shape shape_of(const Pattern& pattern, std::string& literal) {
  using K = PatternPiece::Kind;
  const std::size_t n = pattern.size();
  literal.clear();
  if (n == 0) return Shape::whole;
  const bool star_first = pattern.front().kind == K::any_run, star_last = pattern.back().kind == K::any_run;
  if (n == 1 && pattern[0].kind == K::text) {
    literal = pattern[0].text;
    return Shape::whole;
  }
  if (n == 1 && star_first) return Shape::contains;  // anything, even nothing
  if (n == 2 && star_first && pattern[1].kind == K::text) {
    literal = pattern[1].text;
    return Shape::ends;
  }
  if (n == 2 && star_last && pattern[0].kind == K::text) {
    literal = pattern[0].text;
    return Shape::starts;
  }
  if (n == 3 && star_first && star_last && pattern[1].kind == K::text) {
    literal = pattern[1].text;
    return Shape::contains;
  }
  return Shape::glob;
}

// The longest text of a wildcard pattern, which any match must contain.
std::string longest_text(const Pattern& pattern) {
  std::string longest;
  for (const PatternPiece& piece : pattern)
    if (piece.kind == PatternPiece::Kind::text && piece.text.size() > longest.size()) longest = piece.text;
  return longest;
}

// Of a text somewhere in a field. Longer ones are rarer, and so is punctuation that paths and words do not have.
double literal_frequency(std::string_view literal) {
  constexpr double kCommon = 0.55, kRare = 0.15, kLeast = 1e-5;
  constexpr std::string_view kRarePunctuation = "'\"`$|;<>(){}[]\\^~!*";
  double frequency = 0.5;
  for (char c : literal) frequency *= kRarePunctuation.find(c) != std::string_view::npos ? kRare : kCommon;
  return std::max(kLeast, frequency);
}

// Texts one of which must occur, folded, in whatever the expression finds something in; none if there is no such set. RE2
// works out which texts an expression needs in what combination. A set of them is enough if the expression cannot match
// where all others occur but none of the set; dropping the most frequent ones first leaves a rare set.
std::vector<std::string> required_texts(const std::string& regex) {
  constexpr int kAtomBytesLeast = 1;
  constexpr std::size_t kAtomsMost = 200;  // each is tried once
  if (!runs_over_bytes(regex)) return {};  // what follows takes bytes for characters
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytes);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  re2::FilteredRE2 filter(kAtomBytesLeast);
  int id = 0;
  if (filter.Add(re2::StringPiece(regex.data(), regex.size()), options, &id) != re2::RE2::NoError) return {};
  std::vector<std::string> atoms;
  filter.Compile(&atoms);
  const bool plain = std::all_of(atoms.begin(), atoms.end(), [](const std::string& atom) {
    return !atom.empty() && folded(atom) == atom &&
           std::all_of(atom.begin(), atom.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  });
  if (!plain || atoms.empty() || atoms.size() > kAtomsMost) return {};
  std::vector<int> order(atoms.size()), others, passed;
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int>(i);
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    return literal_frequency(atoms[static_cast<std::size_t>(a)]) > literal_frequency(atoms[static_cast<std::size_t>(b)]);
  });
  const auto can_match = [&](const std::vector<int>& occurring) {
    passed.clear();
    filter.AllPotentials(occurring, &passed);
    return !passed.empty();
  };
  if (can_match({})) return {};
  std::vector<std::string> needed;
  for (int atom : order) {
    others.push_back(atom);
    std::sort(others.begin(), others.end());
    if (!can_match(others)) continue;
    others.erase(std::find(others.begin(), others.end(), atom));
    needed.push_back(atoms[static_cast<std::size_t>(atom)]);
  }
  return needed;
}

// A log source while its rules come in one by one.
struct SlotDraft {
  struct Text {
    std::string literal;
    Anchor anchor;
    std::uint32_t trigger;
  };
  Slot slot;
  std::vector<Text> texts;
  std::unordered_map<double, std::vector<std::uint32_t>> numbers;
};
struct ScopeDraft {
  struct Pull {
    std::uint32_t test;  // or Trigger::kNoTest
    std::vector<std::uint32_t> rules;
  };
  std::vector<SlotDraft> slots;
  std::vector<Pull> triggers;
  std::vector<std::uint32_t> always;
};

class Compiler {
 public:
  Compiler(const RuleSet& rules, FieldNames& names, Engine::Program& out) : rules_(rules), names_(names), out_(out) {}

  Result<Done> run();

 private:
  Slot slot(const Place& place);
  std::uint16_t slots(const Subject& subject);  // adds them to the list of slots; how many

  std::uint32_t test(const Test& test);
  std::uint32_t expression(const Expression& expression);
  void fill(std::uint32_t node, const Expression& expression);
  double work(const Expression& expression) const;
  bool guard(std::uint32_t node, Guard& out) const;
  bool mostly_excluded(std::uint32_t root, const Guard& guard) const;
  double frequency(std::uint32_t test) const;
  TextRange keep(const std::string& text);
  std::string indexed_text(const CompiledTest& test) const;
  void plan(std::uint32_t rule);
  static SlotDraft& slot_draft(ScopeDraft& scope, Slot slot);
  void file(ScopeDraft& scope, std::uint32_t test, std::uint32_t rule);
  static void file(SlotDraft& slot, const std::string& literal, Anchor anchor, std::uint32_t trigger);
  std::uint32_t trigger(ScopeDraft& scope, std::uint32_t test);
  void file_tests(ScopeDraft& scope, std::uint32_t node);
  void leave_unindexed(std::uint32_t node);
  Range keep_rules(const std::vector<std::uint32_t>& rules);
  void lay_out(const ScopeDraft& scope);

  const RuleSet& rules_;
  FieldNames& names_;
  Engine::Program& out_;
  std::unordered_map<std::string, std::uint32_t> test_numbers_;
  std::vector<std::uint32_t> uses_;  // how many rules hold a test, roughly: common tests are common in logs
  std::unordered_map<std::string, std::uint32_t> scope_numbers_;
  std::unordered_map<std::uint64_t, std::uint32_t> trigger_numbers_;  // scope and test → trigger, of tests filed already
  std::vector<std::vector<std::string>> required_;  // regex tests: texts one of which must occur; empty: nothing is known
  std::vector<ScopeDraft> scopes_;
  std::unordered_map<std::string, TextRange> kept_;
  bool names_full_ = false;
  Slot status_ = kNoSlot;  // of field::status, if a rule looks at it
};

Slot Compiler::slot(const Place& place) {
  if (place.part != Part::field) return slot_of(place.part);
  const FieldId id = names_.add(place.name);
  if (id == field::none) {
    names_full_ = true;
    return kNoSlot;
  }
  if (out_.slot_of_field.size() <= id) out_.slot_of_field.resize(id + 1u, kNoSlot);
  Slot& slot = out_.slot_of_field[id];
  if (slot == kNoSlot) {
    slot = static_cast<Slot>(out_.slot_names.size());
    out_.slot_names.push_back(place.name);
  }
  if (id == field::status) status_ = slot;
  return slot;
}

std::uint16_t Compiler::slots(const Subject& subject) {
  for (const Place& place : subject.places) out_.slot_lists.push_back(slot(place));
  return static_cast<std::uint16_t>(subject.places.size());
}

TextRange Compiler::keep(const std::string& text) {
  const auto [known, fresh] = kept_.emplace(
      text, TextRange{static_cast<std::uint32_t>(out_.texts.size()), static_cast<std::uint32_t>(text.size())});
  if (fresh) out_.texts.append(text.begin(), text.end());
  return known->second;
}

// Everything that makes two tests the same, as bytes.
std::string identity(const Test& test) {
  std::string key;
  const auto text = [&key](std::string_view part) {
    key += std::to_string(part.size());
    key += ':';
    key += part;
  };
  const auto subject = [&](const Subject& which) {
    for (const Place& place : which.places) {
      key += static_cast<char>('A' + static_cast<int>(place.part));
      text(place.name);
    }
    key += ';';
  };
  key += static_cast<char>('a' + static_cast<int>(test.kind));
  key += static_cast<char>('0' + (test.cased ? 1 : 0) + (test.flag ? 2 : 0));
  key += static_cast<char>('a' + static_cast<int>(test.compare));
  key += static_cast<char>('a' + static_cast<int>(test.part));
  key += static_cast<char>('a' + static_cast<int>(test.relation));
  key.append(reinterpret_cast<const char*>(&test.number), sizeof test.number);
  subject(test.subject);
  subject(test.other);
  for (const PatternPiece& piece : test.pattern) {
    key += static_cast<char>('a' + static_cast<int>(piece.kind));
    text(piece.text);
  }
  text(test.regex);
  key.append(reinterpret_cast<const char*>(test.network.address.bytes), sizeof test.network.address.bytes);
  key += static_cast<char>(test.network.bits);
  return key;
}

std::uint32_t Compiler::test(const Test& test) {
  const auto [found, fresh] = test_numbers_.emplace(identity(test), static_cast<std::uint32_t>(out_.tests.size()));
  if (!fresh) {
    ++uses_[found->second];
    return found->second;
  }
  CompiledTest compiled;
  compiled.kind = test.kind;
  compiled.cased = test.cased;
  compiled.flag = test.flag;
  compiled.compare = test.compare;
  compiled.part = test.part;
  compiled.relation = test.relation;
  compiled.number = test.number;
  compiled.slots = static_cast<std::uint32_t>(out_.slot_lists.size());
  compiled.slot_count = slots(test.subject);
  compiled.other_count = slots(test.other);
  std::vector<std::string> required;
  if (test.kind == Test::Kind::text) {
    std::string literal;
    compiled.shape = shape_of(test.pattern, literal);
    compiled.literal = keep(literal);
    if (compiled.shape == Shape::glob) {
      compiled.row = static_cast<std::uint32_t>(out_.patterns.size());
      out_.patterns.push_back(test.pattern);
    }
    const std::span<const Slot> looked_at = out_.slots(compiled);
    const bool anywhere = std::find(looked_at.begin(), looked_at.end(), slot_of(Part::anywhere)) != looked_at.end();
    compiled.indexed = compiled.shape != Shape::glob && !literal.empty() && !test.cased && !anywhere;
  }
  if (test.kind == Test::Kind::regex) {
    compiled.literal = keep(test.regex);
    compiled.row = out_.regex_count++;
    compiled.least_bytes = static_cast<std::uint32_t>(least_bytes(test.regex));
    compiled.flag = ignores_case(test.regex) && runs_over_bytes(test.regex);
    required = required_texts(test.regex);
  }
  if (test.kind == Test::Kind::network) {
    compiled.row = static_cast<std::uint32_t>(out_.networks.size());
    out_.networks.push_back(test.network);
  }
  out_.tests.push_back(compiled);
  required_.push_back(std::move(required));
  uses_.push_back(1);
  return found->second;
}

// How much a test costs, for the order of children: numbers before texts before expressions.
double Compiler::work(const Expression& expression) const {
  switch (expression.kind) {
    case Expression::Kind::test:
      switch (expression.test->kind) {
        case Test::Kind::regex: return 20;
        case Test::Kind::text:
          return (expression.test->pattern.size() <= 2 ? 1.0 : 3.0) *
                 (expression.test->subject.places.front().part == Part::anywhere ? 10 : 1);
        case Test::Kind::time_part:
        case Test::Kind::field_ref: return 3;
        default: return 0.5;
      }
    case Expression::Kind::negation: return work(expression.children[0]);
    default: {
      double total = 0;
      for (const Expression& child : expression.children) total += work(child);
      return total;
    }
  }
}

void Compiler::fill(std::uint32_t node, const Expression& expression) {
  if (expression.kind == Expression::Kind::test) {
    const std::uint32_t number = test(*expression.test);
    out_.nodes.own(node) = {expression.kind, {}, number, 0};
    return;
  }
  std::vector<std::pair<double, const Expression*>> order;
  for (const Expression& child : expression.children) order.emplace_back(work(child), &child);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto first = static_cast<std::uint32_t>(out_.nodes.size());
  out_.nodes.resize(out_.nodes.size() + order.size());
  out_.nodes.own(node) = {expression.kind, {}, first, static_cast<std::uint32_t>(order.size())};
  for (std::uint32_t i = 0; i < order.size(); ++i) fill(first + i, *order[i].second);
}

std::uint32_t Compiler::expression(const Expression& expression) {
  const auto root = static_cast<std::uint32_t>(out_.nodes.size());
  out_.nodes.push_back({});
  fill(root, expression);
  return root;
}

// What is looked for to find a text test's candidates: in folded texts. One that is cased and no UTF-8 (an encoding's bytes) may
// stand within a character, which folding changes.
std::string Compiler::indexed_text(const CompiledTest& test) const {
  std::string text =
      test.shape == Shape::glob ? longest_text(out_.patterns[test.row]) : std::string(out_.text(test.literal));
  return test.cased != 0 && !json::is_utf8(text) ? std::string() : text;
}

// The share of records in which a test is expected to hold. Longer literals are rarer; those that many rules name
// ("\powershell.exe") are named because they are common.
double Compiler::frequency(std::uint32_t number) const {
  const CompiledTest& test = out_.tests[number];
  constexpr double kNumber = 0.05, kServed = 0.8;
  constexpr double kOk = 200;  // what most requests are answered with
  if (test.kind == Test::Kind::number) return test.number == kOk && out_.slots(test).front() == status_ ? kServed : kNumber;
  if (test.kind == Test::Kind::regex) {
    double sum = 0;
    for (const std::string& text : required_[number]) sum += literal_frequency(text);
    return std::min(0.9, sum);
  }
  const std::string literal = indexed_text(test);
  const double base = literal_frequency(literal);
  if (test.shape == Shape::contains && looked_for_in_field(literal)) {
    constexpr double kMark =
        0.02;  // of an address that is asked for, say: a line has quotes, what is between them has none
    const std::span<const Slot> slots = out_.slots(test);
    if (std::all_of(slots.begin(), slots.end(), [](Slot slot) { return slot < kPartSlots; })) return std::min(kMark, base);
  }
  const double anywhere = out_.slots(test).front() == slot_of(Part::anywhere) ? 4 : 1;
  return std::min(0.9, base * anywhere * (1 + 0.5 * uses_[number]));
}

// The cheapest set of positive tests one of which must hold for the node to hold.
bool Compiler::guard(std::uint32_t index, Guard& out) const {
  const Node& node = out_.nodes[index];
  switch (node.kind) {
    case Expression::Kind::test: {
      const CompiledTest& test = out_.tests[node.first];
      const bool number = test.kind == Test::Kind::number && test.compare == Compare::equal;
      const bool text = test.kind == Test::Kind::text && !indexed_text(test).empty();
      const bool regex = test.kind == Test::Kind::regex && !required_[node.first].empty();
      if (!number && !text && !regex) return false;
      out = {{node.first}, frequency(node.first)};
      return true;
    }
    case Expression::Kind::negation: {
      const Node& child = out_.nodes[node.first];
      return child.kind == Expression::Kind::negation && guard(child.first, out);
    }
    case Expression::Kind::all: {
      bool found = false;
      for (std::uint32_t i = 0; i < node.count; ++i) {
        Guard candidate;
        if (!guard(node.first + i, candidate) || (found && candidate.cost >= out.cost)) continue;
        out = std::move(candidate);
        found = true;
      }
      return found;
    }
    case Expression::Kind::any: {
      Guard joined;
      for (std::uint32_t i = 0; i < node.count; ++i) {
        Guard candidate;
        if (!guard(node.first + i, candidate)) return false;
        joined.cost += candidate.cost;
        joined.tests.insert(joined.tests.end(), candidate.tests.begin(), candidate.tests.end());
      }
      out = std::move(joined);
      return true;  // of nothing: never holds, and its guard is never hit
    }
  }
  return false;
}

// Whether what the guard looks for begins every text the rule excludes in that field, as in "a protocol that starts with HTTP/ and
// is none of these": whoever writes this expects the guard in most records, and the excluded texts are told faster than it.
bool Compiler::mostly_excluded(std::uint32_t root, const Guard& guard) const {
  if (guard.tests.size() != 1) return false;
  const CompiledTest& begins = out_.tests[guard.tests.front()];
  const Excluded excluded = excluded_texts(out_, root);
  return begins.kind == Test::Kind::text && begins.shape == Shape::starts && begins.cased == 0 && begins.slot_count == 1 &&
         !excluded.texts.empty() && out_.slots(begins).front() == excluded.slot &&
         std::all_of(excluded.texts.begin(), excluded.texts.end(),
                     [&](std::string_view text) { return text.starts_with(out_.text(begins.literal)); });
}

SlotDraft& Compiler::slot_draft(ScopeDraft& scope, Slot slot) {
  for (SlotDraft& draft : scope.slots)
    if (draft.slot == slot) return draft;
  scope.slots.emplace_back();
  scope.slots.back().slot = slot;
  return scope.slots.back();
}

// Has `rule` looked at when the test's literals are found, or its number.
void Compiler::file(ScopeDraft& scope, std::uint32_t number, std::uint32_t rule) {
  const CompiledTest& test = out_.tests[number];
  if (test.kind == Test::Kind::number) {
    for (Slot slot : out_.slots(test)) {
      std::vector<std::uint32_t>& rules = slot_draft(scope, slot).numbers[test.number];
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    }
    return;
  }
  std::vector<std::uint32_t>& rules = scope.triggers[trigger(scope, number)].rules;
  if (rules.empty() || rules.back() != rule) rules.push_back(rule);
}

// The trigger of a test, its literals filed.
std::uint32_t Compiler::trigger(ScopeDraft& scope, std::uint32_t number) {
  const CompiledTest& test = out_.tests[number];
  const auto scope_number = static_cast<std::uint64_t>(&scope - scopes_.data());
  const auto [known, fresh] =
      trigger_numbers_.emplace(scope_number << 32 | number, static_cast<std::uint32_t>(scope.triggers.size()));
  if (!fresh) return known->second;
  scope.triggers.push_back({test.indexed != 0 ? number : Trigger::kNoTest, {}});
  for (Slot slot : out_.slots(test)) {
    SlotDraft& draft = slot_draft(scope, slot);
    if (test.kind == Test::Kind::regex) {
      for (const std::string& text : required_[number]) file(draft, text, Anchor::anywhere, known->second);
      continue;
    }
    // Anywhere, a text within raw is not scanned again, so only what raw would show counts.
    const Anchor anchor = slot == slot_of(Part::anywhere) ? Anchor::anywhere
                          : test.shape == Shape::whole    ? Anchor::whole
                          : test.shape == Shape::starts   ? Anchor::start
                          : test.shape == Shape::ends     ? Anchor::end
                                                          : Anchor::anywhere;
    file(draft, folded(indexed_text(test)), anchor, known->second);
  }
  return known->second;
}

void Compiler::file(SlotDraft& slot, const std::string& literal, Anchor anchor, std::uint32_t trigger) {
  slot.texts.push_back({literal, anchor, trigger});
}

// Files every test below a node that its literal answers, so that confirming a rule searches no text for it again: a rule of
// Sigma names dozens of texts, and most events are looked at by ten rules.
void Compiler::file_tests(ScopeDraft& scope, std::uint32_t index) {
  const Node& node = out_.nodes[index];
  if (node.kind == Expression::Kind::test) {
    if (out_.tests[node.first].indexed != 0) trigger(scope, node.first);
    return;
  }
  const std::uint32_t count = node.kind == Expression::Kind::negation ? 1 : node.count;
  for (std::uint32_t i = 0; i < count; ++i) file_tests(scope, node.first + i);
}

// Has every test below a node decided by looking at the text, whoever files its literal.
void Compiler::leave_unindexed(std::uint32_t index) {
  const Node& node = out_.nodes[index];
  if (node.kind == Expression::Kind::test) {
    out_.tests.own(node.first).indexed = 0;
    return;
  }
  const std::uint32_t count = node.kind == Expression::Kind::negation ? 1 : node.count;
  for (std::uint32_t i = 0; i < count; ++i) leave_unindexed(node.first + i);
}

void Compiler::plan(std::uint32_t rule) {
  const Scope& scope = rules_.rules[rule].scope;
  std::string key = scope.logsource.describe() + "|";
  for (const ScopeChoice& choice : scope.choices) {
    key += std::to_string(choice.kinds) + (choice.absolute_url ? "u" : "") + ":";
    for (const auto* list : {&choice.formats, &choice.programs, &choice.channels, &choice.providers, &choice.event_types}) {
      for (const std::string& text : *list) key += std::to_string(text.size()) + text;
      key += ';';
    }
    for (std::int64_t id : choice.event_ids) key += std::to_string(id) + ",";
  }
  const auto [found, fresh] = scope_numbers_.emplace(std::move(key), static_cast<std::uint32_t>(scopes_.size()));
  if (fresh) {
    scopes_.emplace_back();
    out_.scope_rules.push_back(scope);
  }
  ScopeDraft& plan = scopes_[found->second];
  Guard chosen;
  // A guard of many is worth it however often it is hit: without it each of them is asked for every record.
  constexpr double kUseless = 0.7;
  constexpr std::size_t kMany = 8;
  const bool guarded = guard(out_.roots[rule], chosen) && (chosen.cost <= kUseless || chosen.tests.size() >= kMany);
  if (guarded && mostly_excluded(out_.roots[rule], chosen)) {
    leave_unindexed(out_.roots[rule]);
    plan.always.push_back(rule);
    return;
  }
  file_tests(plan, out_.roots[rule]);
  if (!guarded) {
    plan.always.push_back(rule);
    return;
  }
  ++out_.stats.guarded;
  for (std::uint32_t test : chosen.tests) file(plan, test, rule);
}

Range Compiler::keep_rules(const std::vector<std::uint32_t>& rules) {
  const auto first = static_cast<std::uint32_t>(out_.rule_lists.size());
  out_.rule_lists.append(rules.begin(), rules.end());
  return {first, static_cast<std::uint32_t>(rules.size())};
}

// A log source's draft into the tables.
void Compiler::lay_out(const ScopeDraft& scope) {
  const auto first_trigger = static_cast<std::uint32_t>(out_.triggers.size());
  for (const ScopeDraft::Pull& pull : scope.triggers) out_.triggers.push_back({pull.test, keep_rules(pull.rules)});
  ScopeTable table;
  table.texts.first = static_cast<std::uint32_t>(out_.filed_texts.size());
  table.numbers.first = static_cast<std::uint32_t>(out_.filed_numbers.size());
  for (const SlotDraft& slot : scope.slots) {
    for (const SlotDraft::Text& text : slot.texts)
      out_.filed_texts.push_back({keep(text.literal), first_trigger + text.trigger, slot.slot, text.anchor, 0});
    for (const auto& [number, rules] : slot.numbers)
      out_.filed_numbers.push_back({number, keep_rules(rules), slot.slot, 0});
  }
  table.texts.count = static_cast<std::uint32_t>(out_.filed_texts.size()) - table.texts.first;
  table.numbers.count = static_cast<std::uint32_t>(out_.filed_numbers.size()) - table.numbers.first;
  table.always = keep_rules(scope.always);
  out_.scopes.push_back(table);
  out_.stats.literals += table.texts.count;
}

Result<Done> Compiler::run() {
  out_.rules = &rules_;
  for (const Rule& rule : rules_.rules) {
    out_.roots.push_back(rule.when ? expression(*rule.when) : Engine::Program::kNoRoot);
    out_.stats.detections += rule.when.has_value();
  }
  if (names_full_ || out_.slot_names.size() >= kPartSlots)
    return Error{"the rules name more fields than there is room for: load fewer rules", ErrorKind::too_large};
  for (std::uint32_t i = 0; i < rules_.rules.size(); ++i)
    if (rules_.rules[i].when) plan(i);
  for (const ScopeDraft& scope : scopes_) lay_out(scope);
  constexpr std::size_t kTextBytesMost = std::size_t{1} << 31;
  if (out_.texts.size() > kTextBytesMost)
    return Error{"the rules hold more than 2 GiB of text: load fewer rules", ErrorKind::too_large};
  out_.finish();
  out_.make_all();
  out_.stats.tests = out_.tests.size();
  out_.stats.scopes = out_.scopes.size();
  return Done{};
}

}  // namespace

Result<Done> add_window_names(const RuleSet& rules, FieldNames& names) {
  bool room = true;
  const auto add = [&](const Subject& subject) {
    for (const Place& place : subject.places)
      if (place.part == Part::field) room = names.add(place.name) != field::none && room;
  };
  for (const Rule& rule : rules.rules) {
    if (rule.seen)
      for (const Subject& subject : rule.seen->fields) add(subject);
    if (rule.alert)
      for (const Subject& subject : rule.alert->group_by) add(subject);
    if (!rule.window) continue;
    for (const Subject& subject : rule.window->group_by) add(subject);
    for (const Subject& subject : rule.window->fields) add(subject);
    for (const Window::Alias& alias : rule.window->aliases)
      for (const auto& [input, subject] : alias.fields) add(subject);
  }
  if (room) return Done{};
  return Error{"the rules name more fields than there is room for: load fewer rules", ErrorKind::too_large};
}

Result<Engine> Engine::compile(const RuleSet& rules, FieldNames& names) {
  auto program = std::make_unique<Program>();
  Compiler compiler(rules, names, *program);
  if (Result<Done> done = compiler.run(); !done) return done.error();
  if (Result<Done> done = add_window_names(rules, names); !done) return done.error();
  return Engine(std::move(program));
}

}  // namespace logystera::detect

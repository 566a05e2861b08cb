#include "detect/engine.hpp"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <unordered_map>

#include "detect/literal_index.hpp"
#include "detect/regex.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using Anchor = LiteralIndex::Anchor;

// Where a compiled test looks: a field that some rule uses, numbered densely from 0, or one of the record's own texts.
using Spot = std::uint16_t;
constexpr Spot kPartSpots = 0x8000;  // kPartSpots + Part
constexpr Spot spot_of(Part part) noexcept { return static_cast<Spot>(kPartSpots + static_cast<Spot>(part)); }

// The shape of a text test decides how it is compared.
enum class Shape : std::uint8_t { whole, contains, starts, ends, glob };

struct CompiledTest {
  Test::Kind kind;
  Shape shape = Shape::glob;
  bool cased = false;
  const Test* test = nullptr;
  std::string literal;  // whole, contains, starts, ends
  std::vector<Spot> spots;
  std::vector<Spot> other;  // field_ref
  std::unique_ptr<const re2::RE2> regex;
  std::vector<std::string> required;  // regex: texts one of which must occur; empty: nothing is known
  std::size_t least_bytes = 0;        // regex: shorter texts hold no match
  bool indexed = false;               // looking for its literal answers it: no hit, no match
};

// An expression as an array: children of a node lie together, cheapest first.
struct Node {
  Expression::Kind kind;
  std::uint32_t first = 0;  // test: its number; otherwise the first child
  std::uint32_t count = 0;
};

// Literals that betray a rule: if one of these tests holds, the rule may match; if none does, it cannot.
struct Guard {
  std::vector<std::uint32_t> tests;
  double cost = 0;  // how often it is expected to be hit, roughly, as a share of records
};

// What one log source's rules want to know about one spot.
struct SpotPlan {
  Spot spot;
  LiteralIndex literals;  // ids are indexes of the scope's triggers
  std::unordered_map<double, std::vector<std::uint32_t>> numbers;

  struct Filed {
    std::string literal;
    Anchor anchor;
    std::uint32_t trigger;
  };
  std::vector<Filed> filed;  // what is in `literals`, for a LinePlan
};

// All literals of all log sources a record is of, for all its spots at once: most of a line's fields are parts of the
// line, and one pass over it costs less than one over each field for each log source. Where a literal was found tells whose
// it is.
struct LinePlan {
  struct Filed {
    std::uint32_t scope, trigger;
    std::uint32_t size;
    Spot spot;
    Anchor anchor;
  };
  LiteralIndex literals;  // ids are indexes of `filed`
  std::vector<Filed> filed;
};

// What it means when a literal is found: the test it belongs to holds, if that is all the test asks; and these rules may.
struct Trigger {
  std::uint32_t test;  // or kNoTest
  std::vector<std::uint32_t> rules;

  static constexpr std::uint32_t kNoTest = ~0u;
};

struct ScopePlan {
  const Scope* scope;
  std::vector<SpotPlan> spots;
  std::vector<Trigger> triggers;
  std::vector<std::uint32_t> always;  // rules without a guard
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
  if (std::any_of(regex.begin(), regex.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return {};  // beyond ASCII RE2 folds letters we do not
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

}  // namespace

struct Engine::Program {
  const RuleSet* rules = nullptr;
  EngineStats stats;
  std::vector<CompiledTest> tests;
  std::vector<std::uint8_t> indexed;  // CompiledTest::indexed of each, close together: it is asked thousands of times
  std::vector<Node> nodes;
  std::vector<std::uint32_t> roots;  // rule → its root node; kNoRoot for windows
  std::vector<Spot> spot_of_field;   // FieldId → spot, or kNoSpot
  std::size_t spots = 0;
  std::vector<ScopePlan> scopes;

  static constexpr std::uint32_t kNoRoot = ~0u;
  static constexpr Spot kNoSpot = 0xFFFF;
};

namespace {

class Compiler {
 public:
  Compiler(const RuleSet& rules, FieldNames& names, Engine::Program& out) : rules_(rules), names_(names), out_(out) {}

  Result<Done> run();

 private:
  Spot spot(const Place& place);
  std::vector<Spot> spots(const Subject& subject);
  std::uint32_t test(const Test& test);
  std::uint32_t expression(const Expression& expression);
  void fill(std::uint32_t node, const Expression& expression);
  double work(const Expression& expression) const;
  bool guard(std::uint32_t node, Guard& out) const;
  double frequency(std::uint32_t test) const;
  void plan(std::uint32_t rule);
  SpotPlan& spot_plan(ScopePlan& scope, Spot spot);
  void file(ScopePlan& scope, std::uint32_t test, std::uint32_t rule);
  void file(SpotPlan& plan, const std::string& literal, Anchor anchor, std::uint32_t trigger);
  std::uint32_t trigger(ScopePlan& scope, std::uint32_t test);
  void file_tests(ScopePlan& scope, std::uint32_t node);

  const RuleSet& rules_;
  FieldNames& names_;
  Engine::Program& out_;
  std::unordered_map<std::string, std::uint32_t> test_numbers_;
  std::vector<std::uint32_t> uses_;  // how many rules hold a test, roughly: common tests are common in logs
  std::unordered_map<std::string, std::uint32_t> scope_numbers_;
  std::unordered_map<std::uint64_t, std::uint32_t> trigger_numbers_;  // scope and test → trigger, of tests filed already
  bool names_full_ = false;
  Spot status_ = Engine::Program::kNoSpot;  // of field::status, if a rule looks at it
};

Spot Compiler::spot(const Place& place) {
  if (place.part != Part::field) return spot_of(place.part);
  const FieldId id = names_.add(place.name);
  if (id == field::none) {
    names_full_ = true;
    return Engine::Program::kNoSpot;
  }
  if (out_.spot_of_field.size() <= id) out_.spot_of_field.resize(id + 1u, Engine::Program::kNoSpot);
  Spot& spot = out_.spot_of_field[id];
  if (spot == Engine::Program::kNoSpot) spot = static_cast<Spot>(out_.spots++);
  if (id == field::status) status_ = spot;
  return spot;
}

std::vector<Spot> Compiler::spots(const Subject& subject) {
  std::vector<Spot> out;
  for (const Place& place : subject.places) out.push_back(spot(place));
  return out;
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
  key += static_cast<char>('a' + static_cast<int>(test.shape));
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
  compiled.test = &test;
  compiled.spots = spots(test.subject);
  compiled.other = spots(test.other);
  if (test.kind == Test::Kind::text) {
    compiled.shape = shape_of(test.pattern, compiled.literal);
    const bool anywhere =
        std::find(compiled.spots.begin(), compiled.spots.end(), spot_of(Part::anywhere)) != compiled.spots.end();
    compiled.indexed = compiled.shape != Shape::glob && !compiled.literal.empty() && !test.cased && !anywhere;
  }
  if (test.kind == Test::Kind::regex) {
    compiled.regex = compile_regex(test.regex);
    compiled.required = required_texts(test.regex);
    compiled.least_bytes = least_bytes(test.regex);
  }
  out_.tests.push_back(std::move(compiled));
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
    out_.nodes[node] = {expression.kind, number, 0};
    return;
  }
  std::vector<std::pair<double, const Expression*>> order;
  for (const Expression& child : expression.children) order.emplace_back(work(child), &child);
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  const auto first = static_cast<std::uint32_t>(out_.nodes.size());
  out_.nodes.resize(out_.nodes.size() + order.size());
  out_.nodes[node] = {expression.kind, first, static_cast<std::uint32_t>(order.size())};
  for (std::uint32_t i = 0; i < order.size(); ++i) fill(first + i, *order[i].second);
}

std::uint32_t Compiler::expression(const Expression& expression) {
  const auto root = static_cast<std::uint32_t>(out_.nodes.size());
  out_.nodes.emplace_back();
  fill(root, expression);
  return root;
}

// The share of records in which a test is expected to hold. Longer literals are rarer; those that many rules name
// ("\powershell.exe") are named because they are common.
double Compiler::frequency(std::uint32_t number) const {
  const CompiledTest& test = out_.tests[number];
  constexpr double kNumber = 0.05, kServed = 0.8;
  constexpr double kOk = 200;  // what most requests are answered with
  if (test.kind == Test::Kind::number) return test.test->number == kOk && test.spots.front() == status_ ? kServed : kNumber;
  if (test.kind == Test::Kind::regex) {
    double sum = 0;
    for (const std::string& text : test.required) sum += literal_frequency(text);
    return std::min(0.9, sum);
  }
  const std::string literal = test.shape == Shape::glob ? longest_text(test.test->pattern) : test.literal;
  const double base = literal_frequency(literal);
  const double anywhere = test.spots.front() == spot_of(Part::anywhere) ? 4 : 1;
  return std::min(0.9, base * anywhere * (1 + 0.5 * uses_[number]));
}

// The cheapest set of positive tests one of which must hold for the node to hold.
bool Compiler::guard(std::uint32_t index, Guard& out) const {
  const Node& node = out_.nodes[index];
  switch (node.kind) {
    case Expression::Kind::test: {
      const CompiledTest& test = out_.tests[node.first];
      const bool number = test.kind == Test::Kind::number && test.test->compare == Compare::equal;
      bool text = test.kind == Test::Kind::text;
      if (text) {
        const std::string literal = test.shape == Shape::glob ? longest_text(test.test->pattern) : test.literal;
        text = !literal.empty();
      }
      const bool regex = test.kind == Test::Kind::regex && !test.required.empty();
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

SpotPlan& Compiler::spot_plan(ScopePlan& scope, Spot spot) {
  for (SpotPlan& plan : scope.spots)
    if (plan.spot == spot) return plan;
  scope.spots.emplace_back();
  scope.spots.back().spot = spot;
  return scope.spots.back();
}

// Has `rule` looked at when the test's literals are found, or its number.
void Compiler::file(ScopePlan& scope, std::uint32_t number, std::uint32_t rule) {
  const CompiledTest& test = out_.tests[number];
  if (test.kind == Test::Kind::number) {
    for (Spot spot : test.spots) {
      std::vector<std::uint32_t>& rules = spot_plan(scope, spot).numbers[test.test->number];
      if (rules.empty() || rules.back() != rule) rules.push_back(rule);
    }
    return;
  }
  std::vector<std::uint32_t>& rules = scope.triggers[trigger(scope, number)].rules;
  if (rules.empty() || rules.back() != rule) rules.push_back(rule);
}

// The trigger of a test, its literals filed.
std::uint32_t Compiler::trigger(ScopePlan& scope, std::uint32_t number) {
  const CompiledTest& test = out_.tests[number];
  const auto scope_number = static_cast<std::uint64_t>(&scope - out_.scopes.data());
  const auto [known, fresh] =
      trigger_numbers_.emplace(scope_number << 32 | number, static_cast<std::uint32_t>(scope.triggers.size()));
  if (!fresh) return known->second;
  scope.triggers.push_back({test.indexed ? number : Trigger::kNoTest, {}});
  for (Spot spot : test.spots) {
    SpotPlan& plan = spot_plan(scope, spot);
    if (test.kind == Test::Kind::regex) {
      for (const std::string& text : test.required) file(plan, text, Anchor::anywhere, known->second);
      continue;
    }
    // Anywhere, a text within raw is not scanned again, so only what raw would show counts.
    const Anchor anchor = spot == spot_of(Part::anywhere) ? Anchor::anywhere
                          : test.shape == Shape::whole    ? Anchor::whole
                          : test.shape == Shape::starts   ? Anchor::start
                          : test.shape == Shape::ends     ? Anchor::end
                                                          : Anchor::anywhere;
    file(plan, folded(test.shape == Shape::glob ? longest_text(test.test->pattern) : test.literal), anchor, known->second);
  }
  return known->second;
}

void Compiler::file(SpotPlan& plan, const std::string& literal, Anchor anchor, std::uint32_t trigger) {
  plan.literals.add(literal, anchor, trigger);
  plan.filed.push_back({literal, anchor, trigger});
  ++out_.stats.literals;
}

// Files every test below a node that its literal answers, so that confirming a rule searches no text for it again: a rule of
// Sigma names dozens of texts, and most events are looked at by ten rules.
void Compiler::file_tests(ScopePlan& scope, std::uint32_t index) {
  const Node& node = out_.nodes[index];
  if (node.kind == Expression::Kind::test) {
    if (out_.tests[node.first].indexed) trigger(scope, node.first);
    return;
  }
  const std::uint32_t count = node.kind == Expression::Kind::negation ? 1 : node.count;
  for (std::uint32_t i = 0; i < count; ++i) file_tests(scope, node.first + i);
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
  const auto [found, fresh] = scope_numbers_.emplace(std::move(key), static_cast<std::uint32_t>(out_.scopes.size()));
  if (fresh) {
    out_.scopes.emplace_back();
    out_.scopes.back().scope = &scope;
  }
  ScopePlan& plan = out_.scopes[found->second];
  file_tests(plan, out_.roots[rule]);
  Guard chosen;
  constexpr double kUseless = 0.7;
  if (!guard(out_.roots[rule], chosen) || chosen.cost > kUseless) {
    plan.always.push_back(rule);
    return;
  }
  ++out_.stats.guarded;
  for (std::uint32_t test : chosen.tests) file(plan, test, rule);
}

Result<Done> Compiler::run() {
  out_.rules = &rules_;
  out_.roots.assign(rules_.rules.size(), Engine::Program::kNoRoot);
  for (std::uint32_t i = 0; i < rules_.rules.size(); ++i)
    if (rules_.rules[i].when) {
      out_.roots[i] = expression(*rules_.rules[i].when);
      ++out_.stats.detections;
    }
  if (names_full_ || out_.spots >= kPartSpots)
    return Error{"the rules name more fields than there is room for: load fewer rules"};
  for (std::uint32_t i = 0; i < rules_.rules.size(); ++i)
    if (rules_.rules[i].when) plan(i);
  for (ScopePlan& scope : out_.scopes)
    for (SpotPlan& spot : scope.spots) spot.literals.build();
  for (const CompiledTest& test : out_.tests) out_.indexed.push_back(test.indexed);
  out_.stats.tests = out_.tests.size();
  out_.stats.scopes = out_.scopes.size();
  return Done{};
}

}  // namespace

Engine::Engine(std::unique_ptr<const Program> program) : program_(std::move(program)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;
const EngineStats& Engine::stats() const noexcept { return program_->stats; }
const RuleSet& Engine::rules() const noexcept { return *program_->rules; }

Result<Engine> Engine::compile(const RuleSet& rules, FieldNames& names) {
  auto program = std::make_unique<Program>();
  Compiler compiler(rules, names, *program);
  if (Result<Done> done = compiler.run(); !done) return done.error();
  return Engine(std::move(program));
}

// ---- Session ------------------------------------------------------------------------------------------------------

struct Session::State {
  const Engine::Program& program;
  Logsource declared;

  // Per record.
  const Record* record = nullptr;
  std::uint32_t epoch = 0;
  std::vector<std::uint32_t> spot_epoch;        // spot → epoch in which its chain is valid
  std::vector<std::uint32_t> spot_first;        // spot → first value of the record, + 1
  std::vector<std::uint32_t> next;              // value → next value of the same spot, + 1
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

  // Log source of a record → scopes that take it in.
  struct Scopes {
    std::vector<std::uint32_t> list;
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

  explicit State(const Engine::Program& p) : program(p) {
    spot_epoch.resize(p.spots);
    spot_first.resize(p.spots);
    answers.resize(p.tests.size());
    seen.resize(p.roots.size());
  }

  void begin(const Record& now);
  Scopes& scopes();
  void forget_scopes();
  // Spots whose texts are usually parts of the line.
  static bool found_in_line(Spot spot) noexcept {
    return spot < kPartSpots || spot == spot_of(Part::raw) || spot == spot_of(Part::message) ||
           spot == spot_of(Part::anywhere);
  }
  const LinePlan* line_plan(Scopes& now);
  void candidate(std::uint32_t rule) {
    if (seen[rule] == epoch) return;
    seen[rule] = epoch;
    candidates.push_back(rule);
  }
  void collect(const ScopePlan& scope, bool line_done);
  void collect_line(const LinePlan& plan);
  void pull(const Trigger& trigger) {
    if (trigger.test != Trigger::kNoTest) answers[trigger.test] = epoch << 1 | 1;
    for (std::uint32_t rule : trigger.rules) candidate(rule);
  }
  void collect_text(const ScopePlan& scope, const LiteralIndex& literals, std::string_view text) {
    if (!literals.empty()) literals.scan(text, [&](std::uint32_t id, std::size_t) { pull(scope.triggers[id]); });
  }
  void collect_anywhere(const ScopePlan& scope, const SpotPlan& plan, bool line_done);

  std::string_view part_text(Part part);
  std::string_view folded_part(Part part);
  std::string_view fold_copy(std::string_view text);
  std::string_view folded_value(std::uint32_t index);
  bool inside_raw(std::string_view text) const noexcept {
    return record->raw.data() && text.data() >= record->raw.data() &&
           text.data() + text.size() <= record->raw.data() + record->raw.size();
  }

  bool evaluate(std::uint32_t node);
  bool answer(std::uint32_t test);
  bool decide(const CompiledTest& test);
  bool decide_spot(const CompiledTest& test, Spot spot);
  bool text_matches(const CompiledTest& test, std::string_view text) const;
  bool decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text, const Value* value);
  bool field_ref(const CompiledTest& test, std::string_view text);
  bool present(Spot spot) const noexcept;
};

void Session::State::begin(const Record& now) {
  record = &now;
  // Answers keep the epoch above one bit: after 2^31 records all marks start over.
  if (++epoch == 0x7FFF'FFFF) {
    epoch = 1;
    for (auto* marks : {&spot_epoch, &folded_epoch, &answers, &seen}) std::fill(marks->begin(), marks->end(), 0);
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
  // Backwards, so that chains run in source order.
  for (std::uint32_t i = now.field_count; i-- > 0;) {
    const FieldId id = now.fields[i].field;
    if (id >= program.spot_of_field.size()) continue;
    const Spot spot = program.spot_of_field[id];
    if (spot == Engine::Program::kNoSpot) continue;
    next[i] = spot_epoch[spot] == epoch ? spot_first[spot] : 0;
    spot_epoch[spot] = epoch;
    spot_first[spot] = i + 1;
  }
}

Session::State::Scopes& Session::State::scopes() {
  constexpr std::size_t kRemembered = 8192;  // combinations; hostile programs names must not grow this for ever
  // The first of each field that scopes look at, in one go.
  const Value *url = nullptr, *method = nullptr;
  constexpr std::size_t kTold = 5;
  const Value* told[kTold] = {};
  const auto first = [](const Value*& place, const Value& value) {
    if (!place) place = &value;
  };
  for (const Value& value : *record) {
    switch (value.field) {
      case field::url: first(url, value); break;
      case field::method: first(method, value); break;
      case field::program: first(told[0], value); break;
      case field::Channel: first(told[1], value); break;
      case field::EventID: first(told[2], value); break;
      case field::Provider_Name: first(told[3], value); break;
      case field::event_type: first(told[4], value); break;
      default: break;
    }
  }
  const bool web = record->kind == RecordKind::web_access;
  const bool proxied = web && ((url && url->text().find("://") != std::string_view::npos) ||
                               (method && equal_ignoring_case(method->text(), "CONNECT")));
  // The usual case of a long log, without building a key.
  const bool plain = !proxied && std::all_of(std::begin(told), std::end(told), [](const Value* value) { return !value; });
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
  for (const Value* value : told) part(value ? value->text() : std::string_view());
  if (last_scopes && scope_key == last_scope_key) return *last_scopes;
  last_scope_key = scope_key;
  const auto found = scopes_of.find(scope_key);
  if (found != scopes_of.end()) return *(last_scopes = found->second);
  if (scopes_of.size() >= kRemembered) forget_scopes();
  std::vector<std::uint32_t> list;
  for (std::uint32_t i = 0; i < program.scopes.size(); ++i)
    if (in_scope(*program.scopes[i].scope, *record, declared)) list.push_back(i);
  Scopes& scopes = scope_lists[list];
  scopes.list = std::move(list);
  scopes_of.emplace(scope_key, &scopes);
  return *(last_scopes = &scopes);
}

void Session::State::forget_scopes() {
  scopes_of.clear();
  scope_lists.clear();
  last_scopes = nullptr;
  line_plans = 0;
}

// Built when a log turns out to have more than a few lines of that sort; null until then, and for more sorts than a log has.
const LinePlan* Session::State::line_plan(Scopes& now) {
  constexpr std::uint32_t kLinesBefore = 200;
  constexpr std::size_t kPlansMost = 64;
  if (now.line_plan || ++now.lines < kLinesBefore || line_plans == kPlansMost) return now.line_plan.get();
  auto plan = std::make_unique<LinePlan>();
  for (std::uint32_t scope : now.list)
    for (const SpotPlan& spot : program.scopes[scope].spots) {
      if (!found_in_line(spot.spot)) continue;
      for (const SpotPlan::Filed& filed : spot.filed) {
        const auto id = static_cast<std::uint32_t>(plan->filed.size());
        plan->literals.add(filed.literal, Anchor::anywhere, id);
        plan->filed.push_back(
            {scope, filed.trigger, static_cast<std::uint32_t>(filed.literal.size()), spot.spot, filed.anchor});
      }
    }
  plan->literals.build();
  ++line_plans;
  now.line_plan = std::move(plan);
  return now.line_plan.get();
}

std::string_view Session::State::fold_copy(std::string_view text) {
  if (text.empty()) return {};
  char* const out = arena.allocate(text.size());
  // A block of known size at a time: compilers make a few vector instructions of it.
  constexpr std::size_t kBlock = 32;
  const auto lower = [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return static_cast<char>(byte + (static_cast<unsigned char>(byte - 'A') < 26 ? 32 : 0));
  };
  std::size_t at = 0;
  for (; at + kBlock <= text.size(); at += kBlock) {
    char block[kBlock];
    std::memcpy(block, text.data() + at, kBlock);
    for (char& c : block) c = lower(c);
    std::memcpy(out + at, block, kBlock);
  }
  for (; at < text.size(); ++at) out[at] = lower(text[at]);
  return {out, text.size()};
}

std::string_view Session::State::folded_value(std::uint32_t index) {
  if (folded_epoch[index] != epoch) {
    folded_epoch[index] = epoch;
    const std::string_view text = record->fields[index].text();
    // Most fields are parts of the raw line, which is folded once.
    folded_values[index] =
        inside_raw(text) && !text.empty()
            ? folded_part(Part::raw).substr(static_cast<std::size_t>(text.data() - record->raw.data()), text.size())
            : fold_copy(text);
  }
  return folded_values[index];
}

std::string_view Session::State::part_text(Part part) {
  switch (part) {
    case Part::message: return record->message;
    case Part::raw: return record->raw;
    case Part::source: return record->source;
    case Part::host: return record->host;
    case Part::format: return record->format;
    case Part::kind: return record_kind_name(record->kind);
    case Part::severity: return severity_name(record->severity);
    case Part::time: {
      if (!record->time_known || !time_view.empty()) return time_view;
      const CivilTime time = civil_of(record->time_ns);
      std::int64_t second = record->time_ns / 1'000'000'000 % 60;
      if (second < 0) second += 60;
      const int size = std::snprintf(time_text, sizeof time_text, "%04d-%02d-%02dT%02d:%02d:%02dZ", time.year, time.month,
                                     time.day, time.hour, time.minute, static_cast<int>(second));
      time_view = {time_text, static_cast<std::size_t>(size)};
      return time_view;
    }
    case Part::field:
    case Part::anywhere: break;
  }
  return {};
}

std::string_view Session::State::folded_part(Part part) {
  const auto index = static_cast<std::size_t>(part);
  if (folded_part_epoch[index] != epoch) {
    folded_part_epoch[index] = epoch;
    folded_parts[index] = fold_copy(part_text(part));
  }
  return folded_parts[index];
}

void Session::State::collect_anywhere(const ScopePlan& scope, const SpotPlan& plan, bool line_done) {
  // A text that lies within raw cannot hold a literal raw does not hold: literals of keywords have no anchors.
  if (!record->raw.empty() && !line_done) collect_text(scope, plan.literals, folded_part(Part::raw));
  if (!record->message.empty() && !inside_raw(record->message))
    collect_text(scope, plan.literals, folded_part(Part::message));
  for (std::uint32_t i = 0; i < record->field_count; ++i)
    if (!inside_raw(record->fields[i].text())) collect_text(scope, plan.literals, folded_value(i));
}

// The literals of every spot, as far as its texts are parts of the line.
void Session::State::collect_line(const LinePlan& plan) {
  const std::string_view line = folded_part(Part::raw);
  plan.literals.scan(line, [&](std::uint32_t id, std::size_t place) {
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
    if (filed.spot == spot_of(Part::anywhere)) hit = true;
    else if (filed.spot >= kPartSpots) hit = fits(part_text(static_cast<Part>(filed.spot - kPartSpots)));
    else if (present(filed.spot))
      for (std::uint32_t i = spot_first[filed.spot]; i != 0 && !hit; i = next[i - 1]) {
        const Value& value = record->fields[i - 1];
        hit = value.kind != Value::Kind::list && fits(value.text());  // items of a list are looked at one by one
      }
    if (hit) pull(program.scopes[filed.scope].triggers[filed.trigger]);
  });
}

// `line_done`: collect_line has seen to texts that are parts of the line.
void Session::State::collect(const ScopePlan& scope, bool line_done) {
  for (std::uint32_t rule : scope.always) candidate(rule);
  for (const SpotPlan& plan : scope.spots) {
    if (plan.spot == spot_of(Part::anywhere)) {
      collect_anywhere(scope, plan, line_done);
      continue;
    }
    if (plan.spot >= kPartSpots) {
      const Part part = static_cast<Part>(plan.spot - kPartSpots);
      const bool done = line_done && found_in_line(plan.spot) && inside_raw(part_text(part));
      if (!done && !plan.literals.empty() && !part_text(part).empty())
        collect_text(scope, plan.literals, folded_part(part));
      // Numbers in the record's own texts: rare enough to confirm them all.
      for (const auto& [number, rules] : plan.numbers)
        for (std::uint32_t rule : rules) candidate(rule);
      continue;
    }
    if (spot_epoch[plan.spot] != epoch) continue;
    for (std::uint32_t i = spot_first[plan.spot]; i != 0; i = next[i - 1]) {
      const Value& value = record->fields[i - 1];
      const auto look_up = [&](const Value& one) {
        double number = 0;
        if (plan.numbers.empty() || !number_of(one, number)) return;
        if (const auto found = plan.numbers.find(number); found != plan.numbers.end())
          for (std::uint32_t rule : found->second) candidate(rule);
      };
      if (value.kind != Value::Kind::list) {
        const bool done = line_done && inside_raw(value.text());
        if (!done && !plan.literals.empty()) collect_text(scope, plan.literals, folded_value(i - 1));
        look_up(value);
        continue;
      }
      for (const Value& item : value.as_list()) {
        if (!plan.literals.empty()) collect_text(scope, plan.literals, fold_copy(item.text()));
        look_up(item);
      }
    }
  }
}

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

bool Session::State::answer(std::uint32_t test) {
  std::uint32_t& known = answers[test];
  if (known >> 1 == epoch) return known & 1;
  if (program.indexed[test] != 0) return false;
  const bool result = decide(program.tests[test]);
  known = epoch << 1 | (result ? 1u : 0u);
  return result;
}

bool Session::State::present(Spot spot) const noexcept { return spot_epoch[spot] == epoch; }

bool Session::State::decide(const CompiledTest& test) {
  if (test.kind == Test::Kind::exists || test.kind == Test::Kind::null) {
    bool there = false, valued = false, counted = false;
    for (Spot spot : test.spots) {
      if (spot >= kPartSpots) {
        const bool some = !part_text(static_cast<Part>(spot - kPartSpots)).empty();
        there = there || some;
        valued = valued || some;
        continue;
      }
      if (!present(spot)) continue;
      there = true;
      for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
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
    if (test.kind == Test::Kind::exists) return there == test.test->flag;
    return !there || (counted && !valued);
  }
  return std::any_of(test.spots.begin(), test.spots.end(), [&](Spot spot) { return decide_spot(test, spot); });
}

bool Session::State::decide_spot(const CompiledTest& test, Spot spot) {
  if (spot == spot_of(Part::anywhere)) {
    const bool contains = test.kind == Test::Kind::text && test.shape == Shape::contains;
    if (!record->raw.empty() && decide_plain(test, record->raw, folded_part(Part::raw), nullptr)) return true;
    if (!record->message.empty() && !(contains && inside_raw(record->message)) &&
        decide_plain(test, record->message, folded_part(Part::message), nullptr))
      return true;
    for (std::uint32_t i = 0; i < record->field_count; ++i) {
      const std::string_view text = record->fields[i].text();
      if (text.empty() || (contains && inside_raw(text))) continue;
      if (decide_plain(test, text, test.cased ? text : folded_value(i), nullptr)) return true;
    }
    return false;
  }
  if (spot >= kPartSpots) {
    const Part part = static_cast<Part>(spot - kPartSpots);
    const std::string_view text = part_text(part);
    return !text.empty() && decide_plain(test, text, test.cased ? text : folded_part(part), nullptr);
  }
  if (!present(spot)) return false;
  for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
    const Value& value = record->fields[i - 1];
    if (value.kind != Value::Kind::list) {
      const bool fold = test.kind == Test::Kind::text && !test.cased;
      if (decide_plain(test, value.text(), fold ? folded_value(i - 1) : value.text(), &value)) return true;
      continue;
    }
    for (const Value& item : value.as_list()) {
      const bool fold = test.kind == Test::Kind::text && !test.cased;
      if (decide_plain(test, item.text(), fold ? fold_copy(item.text()) : item.text(), &item)) return true;
    }
  }
  return false;
}

// `text` is the value's, or folded already if the test is uncased.
bool Session::State::text_matches(const CompiledTest& test, std::string_view text) const {
  const std::string_view literal = test.literal;
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
    case Shape::glob: return matches(test.test->pattern, text, true);
  }
  return false;
}

bool Session::State::decide_plain(const CompiledTest& test, std::string_view text, std::string_view folded_text,
                                  const Value* value) {
  if (value && value->kind == Value::Kind::null) return false;
  switch (test.kind) {
    case Test::Kind::text: return text_matches(test, test.cased ? text : folded_text);
    case Test::Kind::regex: return text.size() >= test.least_bytes && found(*test.regex, text);
    case Test::Kind::number: {
      double number = 0;
      const bool read = value ? number_of(*value, number) : number_of(text, number);
      return read && holds(number, test.test->compare, test.test->number);
    }
    case Test::Kind::boolean:
      if (value && value->kind == Value::Kind::boolean) return value->as_boolean() == test.test->flag;
      if (value && value->kind != Value::Kind::string) return false;
      return equal_ignoring_case(text, test.test->flag ? "true" : "false");
    case Test::Kind::network: {
      IpAddress address;
      return parse_ip(text, address) && contains(test.test->network, address);
    }
    case Test::Kind::field_ref: return field_ref(test, text);
    case Test::Kind::time_part: {
      CivilTime time;
      return parse_civil(text, time) && holds(time_part(time, test.test->part), test.test->compare, test.test->number);
    }
    case Test::Kind::null:
    case Test::Kind::exists: break;
  }
  return false;
}

bool Session::State::field_ref(const CompiledTest& test, std::string_view text) {
  const bool cased = test.cased;
  const auto same = [&](std::string_view other) {
    switch (test.test->shape) {
      case Test::Shape::whole: return cased ? text == other : equal_ignoring_case(text, other);
      case Test::Shape::starts: return starts_with(text, other, cased);
      case Test::Shape::ends: return ends_with(text, other, cased);
      case Test::Shape::contains: return cased ? contains(text, other, true) : contains(text, fold_copy(other), false);
    }
    return false;
  };
  for (Spot spot : test.other) {
    if (spot >= kPartSpots) {
      const std::string_view part = part_text(static_cast<Part>(spot - kPartSpots));
      if (!part.empty() && same(part)) return true;
      continue;
    }
    if (!present(spot)) continue;
    for (std::uint32_t i = spot_first[spot]; i != 0; i = next[i - 1]) {
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
  const LinePlan* const line = record.raw.empty() ? nullptr : state.line_plan(scopes);
  if (line) state.collect_line(*line);
  for (std::uint32_t scope : scopes.list) state.collect(state.program.scopes[scope], line != nullptr);
  std::sort(state.candidates.begin(), state.candidates.end());
  state.confirmations += state.candidates.size();
  for (std::uint32_t rule : state.candidates)
    if (state.evaluate(state.program.roots[rule])) state.hits.push_back(rule);
  return state.hits;
}

}  // namespace logystera::detect

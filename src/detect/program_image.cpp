#include "detect/program_image.hpp"

#include <algorithm>
#include <memory>

#include "core/bytes.hpp"
#include "detect/draft.hpp"
#include "detect/program.hpp"

// ---- one value of each kind, read and written by the same description ----

namespace logystera::yaml {

template <typename Io>
static void pass(Io& io, Position& at) {
  io.number(at.line);
  io.number(at.column);
}

template <typename Io>
static void pass(Io& io, Problem& problem) {
  pass(io, problem.at);
  io.text(problem.message);
}

}  // namespace logystera::yaml

namespace logystera::detect {
namespace {

constexpr std::string_view kMagic = "logystera rules\n";
constexpr std::uint32_t kOrderMark = 0x01020304;
// Beyond what any loader makes.
constexpr std::size_t kNodeDepthMost = 1000;
constexpr std::size_t kWindowChainMost = 64;

// Rows are written as they lie in memory: they must have no holes, or the stack's leavings would be written, too.
static_assert(sizeof(CompiledTest) == 40 && sizeof(Node) == 12 && sizeof(Trigger) == 12 && sizeof(FiledText) == 16 &&
              sizeof(FiledNumber) == 24 && sizeof(ScopeTable) == 24 && sizeof(Network) == 17);

}  // namespace

template <typename Io>
static void pass(Io& io, Place& place) {
  io.choice(place.part, Part::anywhere);
  io.text(place.name);
}

template <typename Io>
static void pass(Io& io, Subject& subject) {
  io.text(subject.written);
  io.list(subject.places);
}

template <typename Io>
static void pass(Io& io, PatternPiece& piece) {
  io.choice(piece.kind, PatternPiece::Kind::any_one);
  io.text(piece.text);
}

template <typename Io>
static void pass(Io& io, Pattern& pattern) {
  io.list(pattern);
}

template <typename Io>
static void pass(Io& io, ScopeChoice& choice) {
  io.number(choice.kinds);
  io.list(choice.formats);
  io.list(choice.programs);
  io.list(choice.channels);
  io.list(choice.providers);
  io.rows(choice.event_ids);
  io.boolean(choice.absolute_url);
  io.list(choice.event_types);
}

template <typename Io>
static void pass(Io& io, Scope& scope) {
  io.list(scope.choices);
  io.text(scope.logsource.product);
  io.text(scope.logsource.category);
  io.text(scope.logsource.service);
}

template <typename Io>
static void pass(Io& io, Window::Bound& bound) {
  io.choice(bound.compare, Compare::not_equal);
  io.number(bound.number);
}

template <typename Io>
static void pass(Io& io, std::pair<std::uint32_t, Subject>& field) {
  io.number(field.first);
  pass(io, field.second);
}

template <typename Io>
static void pass(Io& io, Window::Alias& alias) {
  io.text(alias.name);
  io.list(alias.fields);
}

template <typename Io>
static void pass(Io& io, Window& window) {
  io.choice(window.kind, Window::Kind::ordered);
  io.boolean(window.attempts);
  io.number(window.span_ns);
  io.rows(window.inputs);
  io.rows(window.forgiving);
  io.list(window.group_by);
  io.list(window.fields);
  io.list(window.bounds);
  io.list(window.aliases);
  io.number(window.percentile);
}

template <typename Io>
static void pass(Io& io, SeenTest& seen) {
  io.list(seen.fields);
  io.boolean(seen.back);
  io.number(seen.span_ns);
  io.number(seen.learn_ns);
}

template <typename Io>
static void pass(Io& io, Absence& absence) {
  io.text(absence.event_type);
  io.number(absence.times);
  io.number(absence.least_ns);
}

template <typename Io>
static void pass(Io& io, AlertBlock& alert) {
  io.choice(alert.kind, AlertBlock::Kind::none);
  io.list(alert.group_by);
  io.number(alert.for_s);
  io.number(alert.resolve_after_s);
  for (std::int64_t& cooldown : alert.cooldown_s) io.number(cooldown);
  io.boolean(alert.recommended);
  io.list(alert.tags);
  io.list(alert.inhibited_by);
  for (std::string* part : {&alert.what, &alert.why, &alert.act, &alert.harmless}) io.text(*part);
}

// A part that may be missing.
template <typename Io, typename T>
static void pass_optional(Io& io, std::optional<T>& part) {
  bool there = part.has_value();
  io.boolean(there);
  if (!there) return;
  if (!part) part.emplace();
  pass(io, *part);
}

// Of the tags those alone that findings depend on; thousands of rules have others, for who reads them.
template <typename Io>
static void pass_tags(Io& io, std::vector<std::string>& tags) {
  std::vector<std::string> stored;
  for (const std::string& tag : tags)
    if (tag == kOperationsTag || tag == kProbeTag || tag == kScanTag) stored.push_back(tag);
  io.list(stored);
  if (tags.empty()) tags = std::move(stored);
}

template <typename Io>
static void pass(Io& io, Rule& rule) {
  io.text(rule.id);
  io.text(rule.title);
  io.text(rule.author);
  pass_tags(io, rule.tags);
  io.text(rule.pack);
  pass(io, rule.at);
  io.choice(rule.level, Level::critical);
  io.choice(rule.dialect, Dialect::sigma);
  io.boolean(rule.silent);
  pass_optional(io, rule.window);
  pass_optional(io, rule.absence);
  pass_optional(io, rule.seen);
  pass_optional(io, rule.alert);
  bool ends = rule.ends.has_value();
  io.boolean(ends);
  if (!ends) return;
  if (!rule.ends) rule.ends.emplace();
  io.number(*rule.ends);
}

template <typename Io>
static void pass(Io& io, DocumentReport& report) {
  io.text(report.file);
  pass(io, report.at);
  io.choice(report.kind, DocumentReport::Kind::unknown);
  io.text(report.id);
  io.text(report.title);
  io.boolean(report.loaded);
  io.list(report.problems);
  io.list(report.warnings);
}

template <typename Io>
static void pass(Io& io, Engine::Program& program) {
  io.rows(program.texts);
  io.rows(program.slot_lists);
  io.rows(program.tests);
  io.list(program.patterns);
  io.rows(program.networks);
  io.rows(program.nodes);
  io.rows(program.roots);
  io.rows(program.rule_lists);
  io.rows(program.triggers);
  io.rows(program.filed_texts);
  io.rows(program.filed_numbers);
  io.rows(program.scopes);
  io.list(program.scope_rules);
  io.list(program.slot_names);
  io.number(program.regex_count);
  std::uint64_t detections = program.stats.detections, guarded = program.stats.guarded;
  io.number(detections);
  io.number(guarded);
  program.stats = {detections, program.tests.size(), program.scopes.size(), guarded, program.filed_texts.size()};
}

namespace {

// ---- what must hold of an engine that was read ----

class Check {
 public:
  Check(const Engine::Program& program, const RuleSet& rules) : program_(program), rules_(rules) {}

  // What is wrong; nothing if it is sound.
  const char* run() const {
    if (!tables()) return "a table points beyond another";
    if (!trees()) return "a condition is no tree";
    if (!windows()) return "a window cannot be counted";
    if (!parts()) return "a rule's alert or memory cannot be";
    return nullptr;
  }

 private:
  bool within(TextRange text) const {
    return text.at <= program_.texts.size() && text.size <= program_.texts.size() - text.at;
  }
  template <typename T>
  static bool within(Range range, const Table<T>& table) {
    return range.first <= table.size() && range.count <= table.size() - range.first;
  }
  bool is_slot(std::uint32_t slot) const {
    return slot < program_.slot_names.size() || (slot > kPartSlots && slot <= slot_of(Part::anywhere));
  }

  bool test(const CompiledTest& test) const {
    if (test.kind > Test::Kind::time_part || test.shape > Shape::glob || test.compare > Compare::not_equal ||
        test.part > TimePart::year || test.relation > Test::Relation::ends || !within(test.literal))
      return false;
    if (!within({test.slots, std::uint32_t{test.slot_count} + test.other_count}, program_.slot_lists)) return false;
    if (test.kind == Test::Kind::regex) return test.row < program_.regex_count;
    if (test.kind == Test::Kind::network) return test.row < program_.networks.size();
    return test.kind != Test::Kind::text || test.shape != Shape::glob || test.row < program_.patterns.size();
  }

  bool tables() const {
    const Engine::Program& p = program_;
    if (p.slot_names.size() >= kPartSlots || p.roots.size() != rules_.rules.size() ||
        p.scope_rules.size() != p.scopes.size() || p.regex_count > p.tests.size())
      return false;
    for (Slot slot : p.slot_lists)
      if (!is_slot(slot)) return false;
    for (const CompiledTest& one : p.tests)
      if (!test(one)) return false;
    for (const Network& network : p.networks)
      if (network.bits > 128) return false;
    for (std::uint32_t root : p.roots)
      if (root != Engine::Program::kNoRoot && root >= p.nodes.size()) return false;
    for (std::uint32_t rule : p.rule_lists)
      if (rule >= p.roots.size() || p.roots[rule] == Engine::Program::kNoRoot) return false;
    for (const Trigger& trigger : p.triggers)
      if ((trigger.test != Trigger::kNoTest && trigger.test >= p.tests.size()) || !within(trigger.rules, p.rule_lists))
        return false;
    std::uint64_t bytes = 0;  // an index copies its literals
    for (const FiledText& filed : p.filed_texts) {
      bytes += filed.literal.size;
      if (!within(filed.literal) || filed.literal.size == 0 || filed.trigger >= p.triggers.size() || !is_slot(filed.slot) ||
          filed.anchor > LiteralIndex::Anchor::whole)
        return false;
    }
    if (bytes > kLiteralBytesMost) return false;
    for (const FiledNumber& filed : p.filed_numbers)
      if (!is_slot(filed.slot) || !within(filed.rules, p.rule_lists)) return false;
    for (const ScopeTable& scope : p.scopes)
      if (!within(scope.texts, p.filed_texts) || !within(scope.numbers, p.filed_numbers) ||
          !within(scope.always, p.rule_lists))
        return false;
    return true;
  }

  // Children lie behind their parent, each has one at most, and no branch is too deep to walk.
  bool trees() const {
    const Table<Node>& nodes = program_.nodes;
    std::vector<std::uint16_t> depth(nodes.size(), 0);  // 0: nobody's child so far
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      const Node& node = nodes[i];
      if (node.kind == Expression::Kind::test) {
        if (node.first >= program_.tests.size()) return false;
        continue;
      }
      if (node.kind > Expression::Kind::negation || (node.kind == Expression::Kind::negation && node.count != 1))
        return false;
      if (!within({node.first, node.count}, nodes) || (node.count > 0 && node.first <= i)) return false;
      if (depth[i] == kNodeDepthMost) return false;
      for (std::uint32_t child = node.first; child < node.first + node.count; ++child) {
        if (depth[child] != 0) return false;
        depth[child] = static_cast<std::uint16_t>(depth[i] + 1);
      }
    }
    return true;
  }

  bool parts() const {
    for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
      const Rule& rule = rules_.rules[i];
      if (rule.seen &&
          (rule.seen->fields.empty() || rule.seen->fields.size() > kSeenFields || !subjects(rule.seen->fields) ||
           !is_span(rule.seen->span_ns) || rule.seen->learn_ns < 0 || rule.seen->learn_ns > kSpanMaxNs))
        return false;
      if (rule.absence && !(is_span(rule.absence->least_ns) && rule.absence->times >= 1 && rule.absence->times <= 100))
        return false;
      if (rule.alert && (!subjects(rule.alert->group_by) || rule.alert->group_by.size() > AlertBlock::kGroupFields))
        return false;
      if (rule.ends && *rule.ends >= i) return false;
    }
    return true;
  }

  static bool is_span(std::int64_t span) { return span > 0 && span <= kSpanMaxNs; }

  static bool subjects(const std::vector<Subject>& list) {
    for (const Subject& subject : list)
      if (subject.places.empty()) return false;
    return true;
  }

  bool windows() const {
    std::vector<std::size_t> chain(rules_.rules.size(), 0);
    for (std::size_t i = 0; i < rules_.rules.size(); ++i) {
      const std::optional<Window>& window = rules_.rules[i].window;
      if (!window) continue;
      if (window->span_ns <= 0 || window->span_ns > kSpanMaxNs || !subjects(window->group_by) || !subjects(window->fields))
        return false;
      for (std::uint32_t input : window->inputs) {
        if (input >= i) return false;
        chain[i] = std::max(chain[i], chain[input] + 1);
      }
      if (chain[i] > kWindowChainMost) return false;
      for (std::uint32_t forgiving : window->forgiving)
        if (forgiving >= i || window->kind != Window::Kind::distinct || !window->fires_at_once()) return false;
      for (const Window::Alias& alias : window->aliases)
        for (const auto& [rule, subject] : alias.fields)
          if (rule >= rules_.rules.size() || subject.places.empty()) return false;
      const bool counted = window->kind == Window::Kind::count || window->kind == Window::Kind::distinct;
      for (const Window::Bound& bound : window->bounds)
        if (counted && !(bound.number <= kCountMax)) return false;
      const bool of_field = window->kind == Window::Kind::sum || window->kind == Window::Kind::average ||
                            window->kind == Window::Kind::percentile;
      if (of_field && window->fields.empty()) return false;
      if (!(window->percentile > 0 && window->percentile <= 100)) return false;
    }
    return true;
  }

  static constexpr std::uint64_t kLiteralBytesMost = 256 * 1024 * 1024;
  const Engine::Program& program_;
  const RuleSet& rules_;
};

}  // namespace

// The engine's own tables, for the two functions below.
struct EngineImage {
  static const Engine::Program& of(const Engine& engine) { return *engine.program_; }
  static Engine made(std::unique_ptr<const Engine::Program> program) { return Engine(std::move(program)); }
};

std::string write_image(const Engine& engine) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  std::uint32_t version = kImageVersion, order = kOrderMark;
  out.number(version);
  out.number(order);
  // Nothing is changed by writing it; the descriptions above serve both directions.
  auto& program = const_cast<Engine::Program&>(EngineImage::of(engine));
  pass(out, program);
  auto& rules = const_cast<std::vector<Rule>&>(program.rules->rules);
  out.list(rules);
  std::vector<DocumentReport> remarkable;
  std::uint64_t others = program.rules->other_documents;
  for (const DocumentReport& report : program.rules->documents) {
    if (report.loaded && report.problems.empty() && report.warnings.empty()) ++others;
    else remarkable.push_back(report);
  }
  out.list(remarkable);
  out.number(others);
  return bytes;
}

Result<Engine> read_image(const Image& image, FieldNames& names, RuleSet& rules) {
  static_assert(kMagic.size() % 8 == 0);
  if (image.bytes.substr(0, kMagic.size()) != kMagic) return Error{"it is no image of rules", ErrorKind::broken};
  ByteReader in(image.bytes.substr(kMagic.size()));
  std::uint32_t version = 0, order = 0;
  in.number(version);
  in.number(order);
  if (version != kImageVersion || order != kOrderMark)
    return Error{"it is of another version or another machine", ErrorKind::broken};
  auto program = std::make_unique<Engine::Program>();
  program->image = image.block;
  pass(in, *program);
  rules = {};
  in.list(rules.rules);
  in.list(rules.documents);
  std::uint64_t others = 0;
  in.number(others);
  rules.other_documents = static_cast<std::size_t>(others);
  if (!in.ok() || !in.at_end()) return Error{"its parts do not add up", ErrorKind::broken};
  program->rules = &rules;
  if (const char* wrong = Check(*program, rules).run()) return Error{wrong, ErrorKind::broken};
  for (std::size_t slot = 0; slot < program->slot_names.size(); ++slot) {
    const FieldId id = names.add(program->slot_names[slot]);
    if (id == field::none) return Error{"there is no room for the names of its fields", ErrorKind::too_large};
    if (program->slot_of_field.size() <= id) program->slot_of_field.resize(id + 1u, kNoSlot);
    program->slot_of_field[id] = static_cast<Slot>(slot);
  }
  if (!add_window_names(rules, names)) return Error{"there is no room for the names of its fields", ErrorKind::too_large};
  program->finish();
  return EngineImage::made(std::move(program));
}

}  // namespace logystera::detect

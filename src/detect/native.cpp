// Native rules: one YAML document each, keys as a person would say them.
// One file: tests, scope, window and samples are read in the order of a document, by functions that share its notes; what alerts take
// stands in native_alert.cpp.
//
//   id: MY_RULE_001
//   title: "Sensitive file accessed"
//   level: high                       # low, medium, high, critical
//   applies_to: {kind: web_access}    # optional: kind, program, format, channel, provider, event_id, event_type, proxied;
//                                     # or a Sigma log source as product, category, service; or a list of such maps
//   detection:
//     match:                          # tests, or {any: […]}, {all: […]}, {not: …} around them
//       - {field: url, op: contains, value: "/etc/passwd"}
//     condition: all                  # or any
//   window:                           # optional: how often, by whom
//     span: 60s
//     group_by: client_ip
//     count: {gte: 5}                 # or attempts: {gte: 5}, each attempt to log in once;
//                                     # or distinct / sum: {field: …, gte: …}; or rules: […], ordered: true,
//                                     # or rules: […], at_least: 2; aliases: {who: {RULE_A: uid, RULE_B: actor_uid}}
//     forgive: LOGIN                  # with distinct: hits of that rule take their value out of the count
//   seen: {fields: uid, new_in: 90d}  # optional, with clear, alert: native_alert.cpp
//
// Text operators ignore ASCII case, as Sigma's do, unless the test says `cased: true`; regular expressions are as written.
#include <algorithm>
#include <charconv>

#include "core/suggest.hpp"
#include "detect/draft.hpp"
#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;
using yaml::Position;

constexpr int kNesting = 16;  // any/all/not within each other
constexpr std::uint32_t kSampleRecords = 100'000;

enum class Operator : std::uint8_t {
  contains,
  not_contains,
  regex,
  not_regex,
  startswith,
  endswith,
  equals,
  gte,
  lte,
  gt,
  lt,
  exists,
  cidr,
  equals_field,
  contains_field,
  startswith_field,
  endswith_field,
};
constexpr std::pair<std::string_view, Operator> kOperators[] = {{"contains", Operator::contains},
                                                                {"not_contains", Operator::not_contains},
                                                                {"regex", Operator::regex},
                                                                {"not_regex", Operator::not_regex},
                                                                {"startswith", Operator::startswith},
                                                                {"endswith", Operator::endswith},
                                                                {"equals", Operator::equals},
                                                                {"gte", Operator::gte},
                                                                {"lte", Operator::lte},
                                                                {"gt", Operator::gt},
                                                                {"lt", Operator::lt},
                                                                {"exists", Operator::exists},
                                                                {"cidr", Operator::cidr},
                                                                {"equals_field", Operator::equals_field},
                                                                {"contains_field", Operator::contains_field},
                                                                {"startswith_field", Operator::startswith_field},
                                                                {"endswith_field", Operator::endswith_field}};
constexpr std::string_view kOperatorNames =
    "contains, not_contains, regex, not_regex, startswith, endswith, equals, gte, lte, gt, lt, exists, cidr, equals_field, "
    "contains_field, startswith_field, endswith_field";

// "did you mean contains? ", or nothing.
std::string meant_operator(std::string_view written) {
  std::vector<std::string_view> names;
  for (const auto& [name, which] : kOperators) names.push_back(name);
  const std::string_view near = nearest_name(written, names);
  return near.empty() ? std::string() : "did you mean " + std::string(near) + "? ";
}

bool is_number(const Node& value) noexcept { return value.kind == Node::Kind::integer || value.kind == Node::Kind::real; }

class MatchReader {
 public:
  explicit MatchReader(Notes& notes) : notes_(notes) {}

  Expression list(const Node& node, bool any, int depth = 0) {
    std::vector<Expression> parts;
    if (!node.is_list() || node.items.empty()) {
      notes_.refuse(node.at, "a list of tests is wanted here, each {field, op, value}");
      return {};
    }
    for (const Node& item : node.items) parts.push_back(item_of(item, depth));
    return any ? Expression::some(std::move(parts)) : Expression::every(std::move(parts));
  }

 private:
  Expression item_of(const Node& node, int depth) {
    if (!node.is_map()) {
      notes_.refuse(node.at, "a test is a map of field, op and value, not " + std::string(yaml::kind_name(node.kind)));
      return {};
    }
    if (depth > kNesting) {
      notes_.refuse(node.at, "any, all and not nested deeper than " + std::to_string(kNesting) + " levels: flatten them");
      return {};
    }
    for (std::string_view joint : {"any", "all", "not"}) {
      const Node* inner = node.find(joint);
      if (!inner) continue;
      if (node.entries.size() != 1) {
        notes_.refuse(node.at, "'" + std::string(joint) + "' stands alone in its map: move the other keys out");
        return {};
      }
      if (joint != "not") return list(*inner, joint == "any", depth + 1);
      return Expression::negate(inner->is_list() ? list(*inner, false, depth + 1) : item_of(*inner, depth + 1));
    }
    return test(node);
  }

  Expression test(const Node& node) {
    only_keys(node, {"field", "op", "value", "cased"}, "a test", notes_);
    const std::string field = read_text(node, "field", true, notes_);
    const std::string name = read_text(node, "op", true, notes_);
    const Node* value = node.find("value");
    if (!value) {
      notes_.refuse(node.at, "the test has no value");
      return {};
    }
    const auto known = std::find_if(std::begin(kOperators), std::end(kOperators),
                                    [&name](const auto& entry) { return entry.first == name; });
    if (known == std::end(kOperators)) {
      if (!name.empty())
        notes_.refuse(node.find("op")->at, "unknown operator '" + name + "': " + meant_operator(name) + "there are " +
                                               std::string(kOperatorNames));
      return {};
    }
    const Node* cased = node.find("cased");
    if (cased && cased->kind != Node::Kind::boolean) notes_.refuse(cased->at, "cased is true or false");
    cased_ = cased && cased->boolean;
    subject_ = native_subject(field);
    const bool negative = known->second == Operator::not_contains || known->second == Operator::not_regex;
    Expression expression = values(known->second, *value);
    // A missing field contains nothing: not_contains holds for it, as for any other text without the value.
    return negative ? Expression::negate(std::move(expression)) : expression;
  }

  Expression values(Operator op, const Node& value) {
    if (!value.is_list()) return single(op, value);
    std::vector<Expression> parts;
    if (value.items.empty()) notes_.refuse(value.at, "an empty list can never match: give it values");
    for (const Node& item : value.items) parts.push_back(single(op, item));
    return Expression::some(std::move(parts));
  }

  Expression single(Operator op, const Node& value) {
    if (!value.is_scalar() || (value.is_null() && op != Operator::equals)) {
      notes_.refuse(value.at, "a value must be a text or a number, not " + std::string(yaml::kind_name(value.kind)));
      return {};
    }
    Test test;
    test.cased = cased_;
    test.subject = subject_;
    switch (op) {
      case Operator::contains:
      case Operator::not_contains: return text(std::move(test), value, true, true);
      case Operator::startswith: return text(std::move(test), value, false, true);
      case Operator::endswith: return text(std::move(test), value, true, false);
      case Operator::equals: return equals(std::move(test), value);
      case Operator::regex:
      case Operator::not_regex:
        test.kind = Test::Kind::regex;
        test.regex = value.text;
        if (!check_regex(test.regex, value.at, notes_)) return {};
        return Expression::of(std::move(test));
      case Operator::gte: return number(std::move(test), value, Compare::greater_equal);
      case Operator::lte: return number(std::move(test), value, Compare::less_equal);
      case Operator::gt: return number(std::move(test), value, Compare::greater);
      case Operator::lt: return number(std::move(test), value, Compare::less);
      case Operator::exists:
        if (value.kind != Node::Kind::boolean) notes_.refuse(value.at, "exists takes true or false");
        test.kind = Test::Kind::exists;
        test.flag = value.boolean;
        return Expression::of(std::move(test));
      case Operator::cidr:
        test.kind = Test::Kind::network;
        if (!parse_network(value.text, test.network))
          notes_.refuse(value.at,
                        "'" + value.text + "' is no network: write an address and a prefix length, as 10.0.0.0/8");
        return Expression::of(std::move(test));
      case Operator::equals_field: return field_ref(std::move(test), value, Test::Relation::whole);
      case Operator::contains_field: return field_ref(std::move(test), value, Test::Relation::contains);
      case Operator::startswith_field: return field_ref(std::move(test), value, Test::Relation::starts);
      case Operator::endswith_field: return field_ref(std::move(test), value, Test::Relation::ends);
    }
    return {};
  }

  Expression text(Test test, const Node& value, bool before, bool after) {
    if (value.text.empty()) {
      notes_.refuse(value.at, "an empty text would match everything: give it one");
      return {};
    }
    test.pattern = literal_pattern(value.text);
    wrap(test.pattern, before, after);
    if (!test.cased) fold_pattern(test.pattern);
    return Expression::of(std::move(test));
  }

  Expression field_ref(Test test, const Node& value, Test::Relation relation) {
    if (!value.is_string() || value.text.empty()) {
      notes_.refuse(value.at, "the value of this operator is the name of another field");
      return {};
    }
    test.kind = Test::Kind::field_ref;
    test.relation = relation;
    test.other = native_subject(value.text);
    return Expression::of(std::move(test));
  }

  Expression equals(Test test, const Node& value) {
    if (value.is_null()) {
      test.kind = Test::Kind::null;
    } else if (value.kind == Node::Kind::boolean) {
      test.kind = Test::Kind::boolean;
      test.flag = value.boolean;
    } else if (is_number(value) && value.text.size() <= 15) {
      test.kind = Test::Kind::number;
      test.number = value.real;
    } else {
      test.pattern = literal_pattern(value.text);
      if (!test.cased) fold_pattern(test.pattern);
    }
    return Expression::of(std::move(test));
  }

  Expression number(Test test, const Node& value, Compare compare) {
    if (!is_number(value)) {
      notes_.refuse(value.at, "'" + value.text + "' is not a number, which this operator needs");
      return {};
    }
    test.kind = Test::Kind::number;
    test.compare = compare;
    test.number = value.real;
    return Expression::of(std::move(test));
  }

  Notes& notes_;
  Subject subject_;
  bool cased_ = false;
};

// The tests under `match`, of which all or any must hold.
std::optional<Expression> read_match(const Node& node, std::string_view what, Notes& notes) {
  const std::string condition = read_text(node, "condition", false, notes);
  if (!condition.empty() && condition != "any" && condition != "all")
    notes.refuse(node.find("condition")->at, "condition is 'any' or 'all'");
  const Node* match = node.find("match");
  if (match) return MatchReader(notes).list(*match, condition == "any");
  notes.refuse(node.at, std::string(what) + " has no match: list the tests there");
  return std::nullopt;
}

// One way to recognise the records of a rule, or the Sigma log source that sources may be declared to be of.
void read_choice(const Node& node, Rule& rule, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "applies_to is a map, as {kind: web_access}, or a list of such maps");
  only_keys(node,
            {"kind", "program", "format", "channel", "provider", "event_id", "event_type", "proxied", "product", "category",
             "service"},
            "applies_to", notes);
  Logsource& source = rule.scope.logsource;
  for (const auto& [key, part] : {std::pair("product", &source.product), std::pair("category", &source.category),
                                  std::pair("service", &source.service)})
    if (node.find(key)) *part = folded(read_text(node, key, true, notes));
  ScopeChoice choice;
  for (const std::string& name : read_texts(node, "kind", notes)) {
    const int kind = record_kind_from(name);
    if (kind < 0)
      notes.refuse(node.find("kind")->at, "unknown kind '" + name +
                                              "': there are text, web_access, web_error, syslog, auth, "
                                              "drupal, windows_event, application, signal");
    else choice.kinds = static_cast<std::uint16_t>(choice.kinds | 1u << kind);
  }
  choice.programs = read_texts(node, "program", notes);
  choice.formats = read_texts(node, "format", notes);
  choice.channels = read_texts(node, "channel", notes);
  choice.providers = read_texts(node, "provider", notes);
  choice.event_types = read_texts(node, "event_type", notes);
  if (const Node* proxied = node.find("proxied")) {
    if (proxied->kind != Node::Kind::boolean) notes.refuse(proxied->at, "proxied is true or false");
    choice.absolute_url = proxied->boolean;
  }
  if (const Node* ids = node.find("event_id")) {
    const std::vector<Node> alone{ids->is_list() ? Node() : *ids};
    for (const Node& id : ids->is_list() ? ids->items : alone) {
      if (id.kind != Node::Kind::integer) notes.refuse(id.at, "event_id is a number or a list of numbers");
      else choice.event_ids.push_back(id.integer);
    }
  }
  if (choice != ScopeChoice{}) rule.scope.choices.push_back(std::move(choice));
}

void read_applies_to(const Node& root, Rule& rule, Notes& notes) {
  const Node* node = root.find("applies_to");
  if (!node) return;
  if (!node->is_list()) return read_choice(*node, rule, notes);
  for (const Node& choice : node->items) read_choice(choice, rule, notes);
}

// `{gte: 5}`, or `5` for the same.
void read_bounds(const Node& node, std::string_view what, bool with_field, Window& window, Notes& notes) {
  if (is_number(node) && !with_field) {
    window.bounds.push_back({Compare::greater_equal, node.real});
    return;
  }
  if (!node.is_map())
    return notes.refuse(
        node.at, std::string(what) + (with_field ? " is a map, as {field: url, gte: 20}" : " is a map, as {gte: 5}"));
  for (const Node::Entry& entry : node.entries) {
    if (entry.key == "field" && with_field) {
      for (const std::string& name : read_texts(node, "field", notes)) window.fields.push_back(native_subject(name));
      continue;
    }
    const std::optional<Compare> compare = compare_from(entry.key);
    if (!compare || !is_number(entry.value))
      notes.refuse(entry.at, std::string(what) + " compares with gte, gt, lte, lt, eq or neq and a number");
    else window.bounds.push_back({*compare, entry.value.real});
  }
  if (window.bounds.empty()) notes.refuse(node.at, std::string(what) + " compares nothing: add gte");
  if (with_field && window.fields.empty()) notes.refuse(node.at, std::string(what) + " names no field");
}

// A name for fields that differ between the rules counted: `{who: {RULE_A: uid, RULE_B: actor_uid}}`.
void read_aliases(const Node& node, Draft& draft, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "aliases is a map, as {who: {RULE_A: uid, RULE_B: actor_uid}}");
  for (const Node::Entry& entry : node.entries) {
    Draft::Alias alias;
    alias.name = entry.key;
    if (!entry.value.is_map() || entry.value.entries.empty())
      notes.refuse(entry.at, "an alias is a map of rules to their fields, as {RULE_A: uid, RULE_B: actor_uid}");
    for (const Node::Entry& of : entry.value.entries)
      alias.fields.emplace_back(Reference{of.key, of.at}, read_text(entry.value, of.key, true, notes));
    draft.aliases.push_back(std::move(alias));
  }
}

void read_window(const Node& node, Draft& draft, Notes& notes) {
  if (!node.is_map())
    return notes.refuse(node.at, "window is a map of span, group_by and count, attempts, distinct, sum or rules");
  only_keys(
      node,
      {"span", "group_by", "aliases", "count", "attempts", "distinct", "sum", "rules", "ordered", "at_least", "forgive"},
      "window", notes);
  Window window;
  const Node* span = node.find("span");
  if (span) window.span_ns = read_span(*span, notes);
  else notes.refuse(node.at, "window has no span: add one, as 'span: 60s'");
  for (const std::string& name : read_texts(node, "group_by", notes)) window.group_by.push_back(native_subject(name));
  int measures = 0;
  if (const Node* count = node.find("count")) {
    ++measures;
    read_bounds(*count, "count", false, window, notes);
  }
  if (const Node* attempts = node.find("attempts")) {
    ++measures;
    window.attempts = true;
    read_bounds(*attempts, "attempts", false, window, notes);
  }
  if (const Node* distinct = node.find("distinct")) {
    ++measures;
    window.kind = Window::Kind::distinct;
    read_bounds(*distinct, "distinct", true, window, notes);
  }
  if (const Node* sum = node.find("sum")) {
    ++measures;
    window.kind = Window::Kind::sum;
    read_bounds(*sum, "sum", true, window, notes);
    if (window.fields.size() > 1) notes.refuse(sum->at, "sum takes one field");
  }
  if (const Node* rules = node.find("rules")) {
    for (const std::string& name : read_texts(node, "rules", notes)) draft.inputs.push_back({name, rules->at});
    const Node* ordered = node.find("ordered");
    if (measures == 0) {
      ++measures;
      window.kind = ordered && ordered->boolean ? Window::Kind::ordered : Window::Kind::temporal;
      if (const Node* least = node.find("at_least")) {
        const bool some = least->kind == Node::Kind::integer && least->integer >= 1 &&
                          least->integer <= static_cast<std::int64_t>(draft.inputs.size());
        if (some) window.bounds.push_back({Compare::greater_equal, least->real});
        else notes.refuse(least->at, "at_least is how many of the rules must hit: 1 to as many as there are");
      }
    } else if (const Node* least = node.find("at_least")) {
      notes.refuse(least->at, "at_least says how many of the rules must hit: remove count, attempts, distinct or sum");
    }
    if (const Node* aliases = node.find("aliases")) read_aliases(*aliases, draft, notes);
  } else if (const Node* alone = node.find("aliases") ? node.find("aliases") : node.find("at_least")) {
    notes.refuse(alone->at, "aliases and at_least go with rules");
  } else if (const Node* ordered = node.find("ordered")) {
    notes.refuse(ordered->at, "ordered goes with rules");
  }
  if (const Node* forgive = node.find("forgive")) {
    for (const std::string& name : read_texts(node, "forgive", notes)) draft.forgives.push_back({name, forgive->at});
    if (window.kind != Window::Kind::distinct || !window.fires_at_once())
      notes.refuse(forgive->at,
                   "forgive goes with distinct and gte or gt: hits of the rules it names take their value out");
  }
  if (measures != 1) notes.refuse(node.at, "window has one of count, attempts, distinct, sum, or rules");
  draft.rule.window = std::move(window);
}

void read_samples(const Node& node, bool fires, Rule& rule, Notes& notes) {
  if (!node.is_list()) return notes.refuse(node.at, "samples are lists under 'match' and 'no_match'");
  for (const Node& item : node.items) {
    Sample sample;
    sample.fires = fires;
    sample.at = item.at;
    if (!item.is_map()) {
      notes.refuse(item.at,
                   "a sample is a map of fields, or {events: […], repeat: n, every: 10s}, or {format: …, lines: […]}");
      continue;
    }
    const Node* events = item.find("events");
    const Node* lines = item.find("lines");
    const Node* then = item.find("then");
    if (!events && !lines) {
      sample.records.push_back(item);
    } else {
      only_keys(item, {"events", "format", "lines", "repeat", "every", "then"}, "a sample", notes);
      if (then) sample.then_ns = read_span(*then, notes);
      if (events)
        for (const Node& event : events->items) {
          if (!event.is_map()) notes.refuse(event.at, "an event of a sample is a map of fields");
          else sample.records.push_back(event);
        }
      if (lines) {
        sample.format = read_text(item, "format", true, notes);
        sample.lines = read_texts(item, "lines", notes);
      }
      if (sample.records.empty() == sample.lines.empty())
        notes.refuse(item.at, "a sample has either events, a list of maps of fields, or lines, a list of texts");
      if (const Node* every = item.find("every")) sample.every_ns = read_span(*every, notes);
      if (const Node* repeat = item.find("repeat")) {
        if (repeat->kind != Node::Kind::integer || repeat->integer < 1 || repeat->integer > kSampleRecords)
          notes.refuse(repeat->at, "repeat is a number from 1 to " + std::to_string(kSampleRecords));
        else sample.repeat = static_cast<std::uint32_t>(repeat->integer);
      }
    }
    rule.samples.push_back(std::move(sample));
  }
}

bool valid_id(const std::string& id) noexcept {
  constexpr std::size_t kIdBytes = 128;
  return !id.empty() && id.size() <= kIdBytes && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  });
}

void read_meta(const Node& root, Rule& rule, Notes& notes) {
  rule.at = root.at;
  rule.id = read_text(root, "id", true, notes);
  if (!rule.id.empty() && !valid_id(rule.id))
    notes.refuse(root.find("id")->at, "an id has up to 128 letters, digits, '_', '-' and '.'");
  rule.title = read_text(root, "title", true, notes);
  rule.description = read_text(root, "description", false, notes);
  rule.author = read_text(root, "author", false, notes);
  rule.tags = read_texts(root, "tags", notes);
  rule.references = read_texts(root, "references", notes);
  rule.false_positives = read_texts(root, "false_positives", notes);
  const Node* level = root.find("level");
  if (!level) return notes.refuse(root.at, "the level is missing: low, medium, high or critical");
  const std::optional<Level> known = level_from(level->text);
  if (!known || *known == Level::informational)
    notes.refuse(level->at, "the level '" + level->text + "' is not one of low, medium, high, critical");
  else rule.level = *known;
}

// What ends a rule's condition: a detection of its own over the rule's records, or those it names.
void read_clear(const Node& node, Draft& draft, Notes& notes) {
  if (!node.is_map()) return notes.refuse(node.at, "clear is a map of match and condition, as a detection is");
  only_keys(node, {"applies_to", "match", "condition"}, "clear", notes);
  Rule clear;
  clear.id = draft.rule.id + "#clear";
  clear.title = draft.rule.title;
  clear.level = draft.rule.level;
  clear.at = node.at;
  clear.silent = true;
  clear.scope = draft.rule.scope;
  if (node.find("applies_to")) {
    clear.scope = {};
    read_applies_to(node, clear, notes);
  }
  clear.when = read_match(node, "clear", notes);
  draft.clears.push_back(std::move(clear));
}

}  // namespace

Draft read_native(const Node& root, Notes& notes) {
  Draft draft;
  Rule& rule = draft.rule;
  only_keys(root,
            {"id", "title", "description", "level", "author", "tags", "references", "false_positives", "applies_to",
             "detection", "window", "seen", "alert", "clear", "samples", "silent"},
            "a rule", notes);
  read_meta(root, rule, notes);
  read_applies_to(root, rule, notes);
  if (const Node* silent = root.find("silent")) {
    if (silent->kind != Node::Kind::boolean) notes.refuse(silent->at, "silent is true or false");
    rule.silent = silent->boolean;
  }
  if (const Node* window = root.find("window")) read_window(*window, draft, notes);
  if (const Node* detection = root.find("detection")) {
    if (!detection->is_map()) {
      notes.refuse(detection->at, "detection is a map of match and condition");
    } else {
      only_keys(*detection, {"match", "condition"}, "detection", notes);
      rule.when = read_match(*detection, "detection", notes);
    }
  }
  if (const Node* seen = root.find("seen")) read_seen(*seen, rule, notes);
  if (const Node* alert = root.find("alert")) read_alert(*alert, draft, notes);
  if (const Node* clear = root.find("clear")) read_clear(*clear, draft, notes);
  if (!rule.when && draft.inputs.empty() && !rule.absence)
    notes.refuse(root.at, "the rule has no detection, no window over other rules and no absence");
  check_alert(root, draft, notes);
  if (rule.window && rule.when) {
    if (!draft.inputs.empty())
      notes.refuse(root.find("window")->at, "a window over rules needs no detection of its own: remove one");
    Draft hit;
    hit.rule = rule;
    hit.rule.window.reset();
    hit.rule.alert.reset();
    rule.seen.reset();
    hit.rule.id += "#1";
    hit.rule.silent = true;
    draft.own_inputs.push_back(std::move(hit));
    rule.when.reset();
  }
  if (const Node* samples = root.find("samples")) {
    if (!samples->is_map()) {
      notes.refuse(samples->at, "samples are lists under 'match' and 'no_match'");
    } else {
      only_keys(*samples, {"match", "no_match"}, "samples", notes);
      if (const Node* match = samples->find("match")) read_samples(*match, true, rule, notes);
      if (const Node* no_match = samples->find("no_match")) read_samples(*no_match, false, rule, notes);
    }
  }
  return draft;
}

}  // namespace logystera::detect

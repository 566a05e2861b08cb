#include "cli/explain.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/suggest.hpp"
#include "detect/explain.hpp"
#include "detect/words.hpp"

namespace logystera::cli {
namespace {

using detect::Expression;
using detect::Window;

constexpr std::size_t kColumns = 80;
constexpr double kNanoseconds = 1e9;  // in a second

// A text of a rule, in quotes, as a terminal may show it.
std::string quoted(std::string_view text) { return "\"" + printable(text) + "\""; }

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : between).append(word);
  return out;
}

// The bytes of `text` that take `columns` at most; at least one character.
std::size_t bytes_within(std::string_view text, std::size_t columns) {
  std::size_t end = 0;
  while (end < text.size()) {
    std::size_t next = end + 1;
    while (next < text.size() && (static_cast<unsigned char>(text[next]) & 0xC0) == 0x80) ++next;
    if (end > 0 && columns_of(text.substr(0, next)) > columns) break;
    end = next;
  }
  return end;
}

/// Lines of at most kColumns: broken between words where that is possible, what goes on indented by four more.
class Page {
 public:
  void line(std::size_t indent, std::string_view text) {
    std::size_t margin = indent;
    do {
      const std::size_t room = kColumns - std::min(margin, kColumns / 2);
      std::size_t end = bytes_within(text, room);
      std::size_t next = end;
      if (end < text.size() && text[end] != ' ') {
        const std::size_t space = text.substr(0, end).rfind(' ');
        if (space != std::string_view::npos && space > room / 3) end = next = space;
      }
      while (next < text.size() && text[next] == ' ') ++next;
      text_.append(std::min(margin, kColumns / 2), ' ').append(text.substr(0, end)) += '\n';
      text.remove_prefix(next);
      margin = indent + 4;
    } while (!text.empty());
  }
  void gap() { text_ += '\n'; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::vector<std::string> written(const std::vector<detect::Subject>& subjects) {
  std::vector<std::string> out;
  out.reserve(subjects.size());
  for (const detect::Subject& subject : subjects) out.push_back(printable(subject.written));
  return out;
}

const char* window_kind_name(const Window& window) {
  switch (window.kind) {
    case Window::Kind::count: return window.attempts ? "attempts" : "count";
    case Window::Kind::distinct: return "distinct";
    case Window::Kind::sum: return "sum";
    case Window::Kind::average: return "average";
    case Window::Kind::percentile: return "percentile";
    case Window::Kind::temporal: return "temporal";
    case Window::Kind::ordered: return "ordered";
  }
  return "";
}

void put(Page& page, std::size_t indent, const detect::ExplainedCondition& condition) {
  const bool indexed = condition.kind == Expression::Kind::test && condition.test.indexed;
  page.line(indent, printable(detect::words_of(condition)) + (indexed ? " [indexed]" : ""));
  for (const detect::ExplainedCondition& child : condition.children) put(page, indent + 2, child);
}

const char* anchor_words(detect::ExplainedLiteral::Anchor anchor) {
  switch (anchor) {
    case detect::ExplainedLiteral::Anchor::anywhere: return "contains";
    case detect::ExplainedLiteral::Anchor::start: return "starts with";
    case detect::ExplainedLiteral::Anchor::end: return "ends with";
    case detect::ExplainedLiteral::Anchor::whole: return "is";
  }
  return "";
}

void put_detection(Page& page, const detect::Rule& rule, const detect::Explanation& explained) {
  page.line(0, "Looks at");
  for (const std::string& words : detect::words_of(rule.scope)) page.line(2, printable(words));
  page.line(0, "Looks for");
  if (explained.always) page.line(2, "nothing first: the condition is evaluated for each of these records");
  else page.line(2, "one of these; without any, the condition is not evaluated");
  for (const detect::ExplainedLiteral& literal : explained.literals)
    page.line(4, fmt::format("{} {} {}", printable(literal.place), anchor_words(literal.anchor), quoted(literal.text)));
  for (const detect::ExplainedNumber& number : explained.numbers)
    page.line(4, fmt::format("{} is {}", printable(number.place), number.number));
  page.line(0, "Condition, in the order it is evaluated");
  put(page, 2, explained.condition);
}

// What becomes of the rule's findings, and what a person is told of them.
void put_alert(Page& page, const detect::AlertBlock& alert) {
  page.line(0, "Alerts");
  if (alert.kind == detect::AlertBlock::Kind::none) return page.line(2, "none: findings alone");
  std::string text(alert_kind_name(alert.kind));
  if (!alert.group_by.empty()) text += ", one for each " + joined(written(alert.group_by), ", ");
  if (alert.for_s > 0) text += ", when it holds for " + detect::span_words(alert.for_s);
  text += ", resolved after " + detect::span_words(alert.resolve_after_s);
  text += alert.recommended ? "; recommended" : "; not recommended";
  page.line(2, text);
  if (!alert.tags.empty()) page.line(2, "tags " + printable(joined(alert.tags, ", ")));
  if (!alert.inhibited_by.empty())
    page.line(2, "none while there is one of " + printable(joined(alert.inhibited_by, ", ")));
  for (const auto& [title, part] :
       {std::pair("What it means", &alert.what), std::pair("Why it matters", &alert.why),
        std::pair("What to do", &alert.act), std::pair("When it is harmless", &alert.harmless)}) {
    if (part->empty()) continue;
    page.line(0, title);
    page.line(2, printable(*part));
  }
}

void put_rule(Page& page, const detect::Engine& engine, std::uint32_t index, std::set<std::uint32_t>& done) {
  if (!done.insert(index).second) return;
  const detect::Rule& rule = engine.rules().rules[index];
  if (done.size() > 1) page.gap();
  page.line(0, printable(rule.id) + (rule.title.empty() ? "" : ": " + printable(rule.title)));
  page.line(2, fmt::format("severity {}, {}, {}:{}{}", level_name(rule.level),
                           rule.dialect == detect::Dialect::sigma ? "Sigma" : "native", printable(rule.pack), rule.at.line,
                           rule.silent ? "; reports no finding itself" : ""));
  if (rule.absence) {
    page.line(0, "Fires when events stay away");
    page.line(2, printable(detect::words_of(*rule.absence)));
  } else if (!rule.is_window()) {
    put_detection(page, rule, detect::explain(engine, index));
  }
  if (rule.seen) {
    page.line(0, "Counts only what is new");
    page.line(2, printable(detect::words_of(*rule.seen)));
  }
  if (rule.alert) put_alert(page, *rule.alert);
  for (std::uint32_t other = 0; other < engine.rules().rules.size(); ++other) {
    if (engine.rules().rules[other].ends != index) continue;
    page.line(0, "The condition is over with");
    put(page, 2, detect::explain(engine, other).condition);
  }
  if (!rule.is_window()) return;
  const Window& window = *rule.window;
  page.line(0, "Counts");
  page.line(2, printable(detect::words_of(window)));
  page.line(2, window.fires_at_once() ? "Fires with the hit that makes it true, then not again within that time."
                                      : "Is evaluated when that time has passed since the first hit, or the input ends.");
  page.line(0, "Hits of");
  for (std::uint32_t input : window.inputs)
    page.line(2, printable(engine.rules().rules[input].id) + (window.forgives(input) ? " (forgive)" : ""));
  for (const Window::Alias& alias : window.aliases)
    for (const auto& [input, field] : alias.fields)
      page.line(4, fmt::format("{} is {} of {}", printable(alias.name), printable(field.written),
                               printable(engine.rules().rules[input].id)));
  for (std::uint32_t input : window.inputs) put_rule(page, engine, input, done);
}

void texts(JsonText& json, const char* name, const std::vector<std::string>& values) {
  json.key(name).begin_array();
  for (const std::string& value : values) json.string(value);
  json.end_array();
}

void put(JsonText& json, const detect::ExplainedCondition& condition) {
  json.begin_object();
  if (condition.kind == Expression::Kind::test) {
    const detect::ExplainedTest& test = condition.test;
    json.member("kind", "test");
    texts(json, "fields", test.places);
    json.member("operation", test.operation);
    if (!test.against.empty()) texts(json, "other_fields", test.against);
    else if (test.text || !test.value.empty()) json.member("value", test.value);
    json.key("cased").boolean(test.cased).key("indexed").boolean(test.indexed);
    if (test.least_bytes > 0) json.count("least_bytes", test.least_bytes);
    json.end_object();
    return;
  }
  json.member("kind", condition.kind == Expression::Kind::all   ? "all"
                      : condition.kind == Expression::Kind::any ? "any"
                                                                : "not");
  json.key("children").begin_array();
  for (const detect::ExplainedCondition& child : condition.children) put(json, child);
  json.end_array().end_object();
}

void put_alert(JsonText& json, const detect::AlertBlock& alert) {
  json.key("alert").begin_object().member("kind", alert_kind_name(alert.kind));
  texts(json, "group_by", written(alert.group_by));
  json.count("for_seconds", static_cast<std::uint64_t>(alert.for_s));
  json.count("resolve_after_seconds", static_cast<std::uint64_t>(alert.resolve_after_s));
  json.key("recommended").boolean(alert.recommended);
  texts(json, "tags", alert.tags);
  texts(json, "inhibited_by", alert.inhibited_by);
  json.key("explain").begin_object().member("what", alert.what).member("why", alert.why).member("do", alert.act);
  json.member("harmless", alert.harmless).end_object().end_object();
}

void put_scope(JsonText& json, const detect::Scope& scope) {
  json.key("scope").begin_object().member("logsource", scope.logsource.empty() ? "" : scope.logsource.describe());
  json.key("records").begin_array();
  for (const detect::ScopeChoice& choice : scope.choices) json.string(printable(detect::words_of(choice)));
  if (scope.everything()) json.string("every record");
  json.end_array().end_object();
}

void put_rule(JsonText& json, const detect::Engine& engine, std::uint32_t index) {
  const detect::Rule& rule = engine.rules().rules[index];
  json.begin_object().member("id", rule.id).member("title", rule.title).member("severity", level_name(rule.level));
  json.member("dialect", rule.dialect == detect::Dialect::sigma ? "sigma" : "native");
  json.member("file", rule.pack).count("line", rule.at.line).key("silent").boolean(rule.silent);
  if (rule.seen) json.member("seen", detect::words_of(*rule.seen));
  if (rule.alert) put_alert(json, *rule.alert);
  if (rule.absence) {
    json.member("absence", detect::words_of(*rule.absence));
  } else if (rule.is_window()) {
    const Window& window = *rule.window;
    json.key("window").begin_object().member("kind", window_kind_name(window));
    json.key("span_seconds").real(static_cast<double>(window.span_ns) / kNanoseconds);
    texts(json, "group_by", written(window.group_by));
    texts(json, "fields", written(window.fields));
    if (window.kind == Window::Kind::percentile) json.key("percentile").real(window.percentile);
    json.key("bounds").begin_array();
    for (const Window::Bound& bound : window.bounds) {
      json.begin_object().member("compare", compare_name(bound.compare)).key("number").real(bound.number).end_object();
    }
    json.end_array().key("fires_at_once").boolean(window.fires_at_once());
    json.key("aliases").begin_array();
    for (const Window::Alias& alias : window.aliases)
      for (const auto& [input, field] : alias.fields) {
        json.begin_object().member("name", alias.name).member("rule", engine.rules().rules[input].id);
        json.member("field", field.written).end_object();
      }
    json.end_array().key("forgiving").begin_array();
    for (std::uint32_t input : window.forgiving) json.string(engine.rules().rules[input].id);
    json.end_array().key("inputs").begin_array();
    for (std::uint32_t input : window.inputs) put_rule(json, engine, input);
    json.end_array().end_object();
  } else {
    const detect::Explanation explained = detect::explain(engine, index);
    put_scope(json, rule.scope);
    json.key("guard").begin_object().key("always").boolean(explained.always).key("literals").begin_array();
    for (const detect::ExplainedLiteral& literal : explained.literals) {
      json.begin_object().member("field", literal.place).member("anchor", detect::anchor_name(literal.anchor));
      json.member("text", literal.text).end_object();
    }
    json.end_array().key("numbers").begin_array();
    for (const detect::ExplainedNumber& number : explained.numbers)
      json.begin_object().member("field", number.place).key("number").real(number.number).end_object();
    json.end_array().end_object().key("condition");
    put(json, explained.condition);
  }
  json.end_object();
}

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

}  // namespace

std::string explained_text(const detect::Engine& engine, std::uint32_t rule) {
  Page page;
  std::set<std::uint32_t> done;
  put_rule(page, engine, rule, done);
  return page.take();
}

std::string explained_json(const detect::Engine& engine, std::uint32_t rule) {
  JsonText json;
  put_rule(json, engine, rule);
  return json.take();
}

Result<std::uint32_t> rule_called(const detect::RuleSet& rules, std::string_view id, std::string_view remedy) {
  constexpr std::size_t kIdBytesMost = 256, kShown = 3;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i)
    if (rules.rules[i].id == id) return i;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i)
    if (!id.empty() && rules.rules[i].name == id) return i;
  // A part of an id counts as near; else a third of the letters may be wrong.
  const std::string wanted = upper(id.substr(0, kIdBytesMost));
  std::vector<std::pair<std::size_t, std::string>> near;
  for (const detect::Rule& rule : rules.rules) {
    const std::string known = upper(std::string_view(rule.id).substr(0, kIdBytesMost));
    const std::size_t distance = edits_between(wanted, known);
    const bool part = wanted.size() >= 3 && known.find(wanted) != std::string::npos;
    if (!rule.silent && (part || distance <= std::max<std::size_t>(2, wanted.size() / 3)))
      near.emplace_back(part ? 0 : distance, rule.id);
  }
  std::sort(near.begin(), near.end());
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::min(near.size(), kShown); ++i) names.push_back(near[i].second);
  return Error{fmt::format("there is no rule '{}'{}; 'logystera rules list' lists them{}{}", id.substr(0, kIdBytesMost),
                           names.empty() ? "" : "; similar: " + joined(names, ", "), remedy.empty() ? "" : "; ", remedy),
               ErrorKind::invalid};
}

}  // namespace logystera::cli

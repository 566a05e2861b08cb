// One file: what a rule says is written from its tests outward, by functions of one Writer.
#include "detect/convert.hpp"

#include <algorithm>
#include <cstdio>

#include "core/clock.hpp"
#include "core/json.hpp"
#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

// A YAML text that reads back as exactly these bytes, which must be UTF-8.
std::string quoted(std::string_view text) {
  const bool plain = std::all_of(text.begin(), text.end(),
                                 [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '\''; });
  if (plain) return "'" + std::string(text) + "'";
  std::string out = "\"";
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number_text(double number) {
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", number);
  for (int precision = 1; precision < 17; ++precision) {
    char shorter[40];
    std::snprintf(shorter, sizeof shorter, "%.*g", precision, number);
    if (std::strtod(shorter, nullptr) == number) {
      std::string out = shorter;
      // 4.7e+03 is a number to YAML, but nobody writes 4700 so.
      if (out.find('e') != std::string::npos && number == static_cast<double>(static_cast<std::int64_t>(number)) &&
          number < 1e15)
        return std::to_string(static_cast<std::int64_t>(number));
      return out;
    }
  }
  return text;
}

// A wildcard pattern as a regular expression over bytes, letters in both cases unless cased.
std::string regex_of(const Pattern& pattern, bool cased) {
  std::string out;
  const bool open_start = !pattern.empty() && pattern.front().kind == PatternPiece::Kind::any_run;
  const bool open_end = !pattern.empty() && pattern.back().kind == PatternPiece::Kind::any_run;
  if (!open_start) out += "\\A";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const PatternPiece& piece = pattern[i];
    if (piece.kind == PatternPiece::Kind::any_run) {
      if (i != 0 && i + 1 != pattern.size()) out += "(?s:.*)";
      continue;
    }
    if (piece.kind == PatternPiece::Kind::any_one) {
      out += "[^\\x80-\\xBF][\\x80-\\xBF]*";
      continue;
    }
    for (char c : piece.text) {
      const auto byte = static_cast<unsigned char>(c);
      char escaped[8];
      if (!cased && c >= 'a' && c <= 'z') {
        out += '[';
        out += c;
        out += static_cast<char>(c - 'a' + 'A');
        out += ']';
      } else if (byte < 0x21 || byte >= 0x7F) {
        std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
        out += escaped;
      } else {
        if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
        out += c;
      }
    }
  }
  if (!open_end) out += "\\z";
  return out;
}

std::string field_name(const Place& place) {
  switch (place.part) {
    case Part::message: return "message";
    case Part::raw: return "raw";
    case Part::source: return "source";
    case Part::host: return "host";
    case Part::format: return "format";
    case Part::kind: return "kind";
    case Part::severity: return "severity";
    case Part::time: return "time";
    case Part::anywhere: return "anywhere";
    case Part::field: break;
  }
  return native_subject(place.name).places.front().part == Part::field ? place.name : "." + place.name;
}

// One line of a match list: what is tested how against one value.
struct Line {
  std::string field;
  std::string op;
  std::string value;
  bool cased = false;
};

class Writer {
 public:
  explicit Writer(const RuleSet& rules) : rules_(rules) {}

  bool expression(const Expression& expression, int indent, bool within_match);
  bool rule(std::uint32_t index);
  std::string take() { return std::move(out_); }
  const std::string& problem() const { return problem_; }

 private:
  void line(int indent, const std::string& text) {
    out_ += std::string(static_cast<std::size_t>(indent), ' ') + text + "\n";
  }
  bool cannot(const std::string& what) {
    problem_ = what;
    return false;
  }
  bool lines_of(const Test& test, std::vector<Line>& out, bool& all);
  bool test(const Test& test, int indent);
  void write(const Line& one, const std::string& values, int indent) {
    line(indent, "- {field: " + quoted(one.field) + ", op: " + one.op + ", value: " + values +
                     (one.cased ? ", cased: true" : "") + "}");
  }
  bool any(const std::vector<Expression>& children, int indent);
  void meta(const Rule& rule, const std::string& id);
  void scope(const Scope& scope, int indent = 0);
  bool window(const Window& window, bool own_detection);
  void seen(const SeenTest& seen);
  void alert(const Rule& rule);
  bool beside(std::uint32_t index);
  bool is_part(std::uint32_t input, const Rule& of) const { return rules_.rules[input].id.rfind(of.id + "#", 0) == 0; }
  static std::string native_id(const std::string& id) {
    std::string out;
    for (char c : id) {
      const bool plain =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
      out += c == '#' ? '.' : plain ? c : '_';
    }
    return out.substr(0, 128);
  }

  const RuleSet& rules_;
  std::string out_;
  std::string problem_;
};

// The lines that say a test, one for each place; `all` if all of them must hold, else any.
bool Writer::lines_of(const Test& test, std::vector<Line>& out, bool& all) {
  all = test.kind == Test::Kind::null || (test.kind == Test::Kind::exists && !test.flag);
  for (const Place& place : test.subject.places) {
    Line one{field_name(place), "", "", test.cased};
    switch (test.kind) {
      case Test::Kind::text: {
        using K = PatternPiece::Kind;
        const Pattern& p = test.pattern;
        const std::size_t n = p.size();
        const bool first = n > 0 && p.front().kind == K::any_run, last = n > 0 && p.back().kind == K::any_run;
        const PatternPiece* only = nullptr;
        for (const PatternPiece& piece : p)
          if (piece.kind == K::text) only = &piece;
        const bool simple = only && n == 1u + first + last && json::is_utf8(only->text);
        if (n == 0) one.op = "equals", one.value = "''";
        else if (!simple) one.op = "regex", one.value = quoted(regex_of(p, test.cased)), one.cased = false;
        else {
          one.op = first ? (last ? "contains" : "endswith") : last ? "startswith" : "equals";
          one.value = quoted(only->text);
        }
        break;
      }
      case Test::Kind::regex:
        one.op = "regex";
        one.value = quoted(test.regex);
        one.cased = false;
        break;
      case Test::Kind::number:
        one.op = test.compare == Compare::equal ? "equals" : std::string(compare_name(test.compare));
        one.value = number_text(test.number);
        break;
      case Test::Kind::boolean:
        one.op = "equals";
        one.value = test.flag ? "true" : "false";
        break;
      case Test::Kind::null:
        one.op = "equals";
        one.value = "null";
        break;
      case Test::Kind::exists:
        one.op = "exists";
        one.value = test.flag ? "true" : "false";
        break;
      case Test::Kind::network: return cannot("");  // written by test(), which has the words
      case Test::Kind::field_ref: return cannot("");
      case Test::Kind::time_part: return cannot("a part of a date cannot be said in the native form");
    }
    out.push_back(std::move(one));
  }
  return true;
}

std::string network_text(const Network& network) {
  char text[64];
  const std::uint8_t* b = network.address.bytes;
  if (network.address.is_v4() && network.bits >= 96) {
    std::snprintf(text, sizeof text, "%d.%d.%d.%d/%d", b[12], b[13], b[14], b[15], network.bits - 96);
    return text;
  }
  std::string out;
  for (int i = 0; i < 16; i += 2) {
    std::snprintf(text, sizeof text, i ? ":%x" : "%x", b[i] << 8 | b[i + 1]);
    out += text;
  }
  return out + "/" + std::to_string(network.bits);
}

bool Writer::test(const Test& test, int indent) {
  std::vector<Line> lines;
  bool all = false;
  if (test.kind == Test::Kind::network) {
    for (const Place& place : test.subject.places)
      lines.push_back({field_name(place), "cidr", quoted(network_text(test.network)), false});
  } else if (test.kind == Test::Kind::field_ref) {
    constexpr std::string_view ops[] = {"equals_field", "contains_field", "startswith_field", "endswith_field"};
    for (const Place& place : test.subject.places)
      for (const Place& other : test.other.places)
        lines.push_back({field_name(place), std::string(ops[static_cast<std::size_t>(test.relation)]),
                         quoted(field_name(other)), test.cased});
  } else if (!lines_of(test, lines, all)) {
    return false;
  }
  if (lines.size() == 1) {
    write(lines[0], lines[0].value, indent);
    return true;
  }
  line(indent, all ? "- all:" : "- any:");
  for (const Line& one : lines) write(one, one.value, indent + 4);
  return true;
}

// Alternatives; tests of one field with one operator become one line with a list of values.
bool Writer::any(const std::vector<Expression>& children, int indent) {
  struct Joined {
    Line line;
    std::vector<std::string> values;
  };
  std::vector<Joined> joined;
  for (const Expression& child : children) {
    std::vector<Line> lines;
    bool all = false;
    const bool listable = child.kind == Expression::Kind::test && child.test->kind != Test::Kind::network &&
                          child.test->kind != Test::Kind::field_ref && child.test->kind != Test::Kind::null &&
                          child.test->kind != Test::Kind::exists;
    if (!listable) {
      if (!expression(child, indent, true)) return false;
      continue;
    }
    if (!lines_of(*child.test, lines, all)) return false;
    for (Line& one : lines) {
      const auto same = std::find_if(joined.begin(), joined.end(), [&one](const Joined& known) {
        return known.line.field == one.field && known.line.op == one.op && known.line.cased == one.cased;
      });
      if (same != joined.end()) same->values.push_back(one.value);
      else joined.push_back({one, {one.value}});
    }
  }
  for (const Joined& one : joined) {
    std::string values;
    for (const std::string& value : one.values) values += (values.empty() ? "" : ", ") + value;
    write(one.line, one.values.size() == 1 ? values : "[" + values + "]", indent);
  }
  return true;
}

bool Writer::expression(const Expression& expression, int indent, bool within_match) {
  switch (expression.kind) {
    case Expression::Kind::test: return test(*expression.test, indent);
    case Expression::Kind::negation:
      line(indent, "- not:");
      return this->expression(expression.children[0], indent + 4, true);
    case Expression::Kind::all:
    case Expression::Kind::any: break;
  }
  if (expression.children.empty())
    return cannot("a condition that always or never holds cannot be said in the native form");
  const bool is_any = expression.kind == Expression::Kind::any;
  int inner = indent;
  if (within_match) {
    line(indent, is_any ? "- any:" : "- all:");
    inner += 4;
  }
  if (is_any) return any(expression.children, inner);
  return std::all_of(expression.children.begin(), expression.children.end(),
                     [&](const Expression& child) { return this->expression(child, inner, true); });
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + quoted(text);
  return "[" + out + "]";
}

void Writer::meta(const Rule& rule, const std::string& id) {
  line(0, "id: " + quoted(id));
  line(0, "title: " + quoted(rule.title));
  if (!rule.description.empty()) line(0, "description: " + quoted(rule.description));
  if (!rule.author.empty()) line(0, "author: " + quoted(rule.author));
  // Native rules begin at low: what is only worth knowing is the least of what is worth a look.
  line(0, "level: " + std::string(level_name(std::max(rule.level, Level::low))));
  if (!rule.tags.empty()) line(0, "tags: " + list_of(rule.tags));
  if (!rule.references.empty()) line(0, "references: " + list_of(rule.references));
  if (!rule.false_positives.empty()) line(0, "false_positives: " + list_of(rule.false_positives));
  if (rule.silent) line(0, "silent: true");
}

void Writer::scope(const Scope& scope, int indent) {
  if (scope.everything()) return;
  line(indent, "applies_to:");
  for (const ScopeChoice& choice : scope.choices) {
    std::string map;
    const auto key = [&map](const std::string& name, const std::string& value) {
      map += (map.empty() ? "" : ", ") + name + ": " + value;
    };
    std::vector<std::string> kinds;
    for (int kind = 0; kind < 16; ++kind)
      if (choice.kinds >> kind & 1) kinds.emplace_back(record_kind_name(static_cast<RecordKind>(kind)));
    if (!kinds.empty()) key("kind", list_of(kinds));
    if (!choice.formats.empty()) key("format", list_of(choice.formats));
    if (!choice.programs.empty()) key("program", list_of(choice.programs));
    if (!choice.channels.empty()) key("channel", list_of(choice.channels));
    if (!choice.providers.empty()) key("provider", list_of(choice.providers));
    if (!choice.event_types.empty()) key("event_type", list_of(choice.event_types));
    if (choice.absolute_url) key("proxied", "true");
    if (!choice.event_ids.empty()) {
      std::string ids;
      for (std::int64_t id : choice.event_ids) ids += (ids.empty() ? "" : ", ") + std::to_string(id);
      key("event_id", "[" + ids + "]");
    }
    line(indent + 2, "- {" + map + "}");
  }
  if (!scope.logsource.empty()) {
    std::string map;
    for (const auto& [name, text] :
         {std::pair("product", &scope.logsource.product), std::pair("category", &scope.logsource.category),
          std::pair("service", &scope.logsource.service)})
      if (!text->empty()) map += (map.empty() ? "" : ", ") + std::string(name) + ": " + quoted(*text);
    line(indent + 2, "- {" + map + "}");
  }
}

std::string span_text(std::int64_t seconds) { return std::to_string(seconds) + "s"; }

std::string place_of(const Subject& subject) {
  // The last place is ours; but a target's plain form only stands beside the target.
  const Place* place = &subject.places.back();
  if (place->name == "url_plain" && subject.places.size() > 1) --place;
  return field_name(*place);
}

std::string places(const std::vector<Subject>& subjects) {
  std::vector<std::string> names;
  for (const Subject& subject : subjects) names.push_back(place_of(subject));
  return list_of(names);
}

void Writer::seen(const SeenTest& seen) {
  std::string map = "fields: " + places(seen.fields) + (seen.back ? ", back_after: " : ", new_in: ");
  map += span_text(seen.span_ns / kSecondNs);
  if (seen.learn_ns > 0) map += ", learn: " + span_text(seen.learn_ns / kSecondNs);
  line(0, "seen: {" + map + "}");
}

void Writer::alert(const Rule& rule) {
  const AlertBlock& alert = *rule.alert;
  line(0, "alert:");
  line(2, "kind: " + std::string(alert_kind_name(alert.kind)));
  if (!alert.group_by.empty()) line(2, "group_by: " + places(alert.group_by));
  line(2, "allow_high_cardinality: true");  // whoever wrote the rule was asked
  if (alert.for_s > 0) line(2, "for: " + span_text(alert.for_s));
  line(2, "resolve_after: " + span_text(alert.resolve_after_s));
  std::string cooldown;
  for (Level level : {Level::low, Level::medium, Level::high, Level::critical}) {
    const std::int64_t seconds = alert.cooldown_s[static_cast<std::size_t>(level)];
    cooldown += (cooldown.empty() ? "" : ", ") + std::string(level_name(level)) + ": " +
                (seconds == AlertBlock::kNoRepeat ? "never" : span_text(seconds));
  }
  line(2, "cooldown: {" + cooldown + "}");
  line(2, std::string("recommended: ") + (alert.recommended ? "true" : "false"));
  if (!alert.tags.empty()) line(2, "tags: " + list_of(alert.tags));
  if (!alert.inhibited_by.empty()) line(2, "inhibited_by: " + list_of(alert.inhibited_by));
  if (rule.absence)
    line(2, "absence: {of: " + (rule.absence->event_type.empty() ? "any" : quoted(rule.absence->event_type)) +
                ", longer_than: " + number_text(rule.absence->times) +
                "x, at_least: " + span_text(rule.absence->least_ns / kSecondNs) + "}");
  if (alert.what.empty()) return;
  line(2, "explain: {what: " + quoted(alert.what) + ", why: " + quoted(alert.why) + ", do: " + quoted(alert.act) +
              ", harmless: " + quoted(alert.harmless) + "}");
}

// What stands beside the rule's detection or window.
bool Writer::beside(std::uint32_t index) {
  const Rule& rule = rules_.rules[index];
  if (rule.seen) seen(*rule.seen);
  if (rule.alert) alert(rule);
  for (const Rule& clear : rules_.rules) {
    if (clear.ends != index) continue;
    line(0, "clear:");
    scope(clear.scope, 2);
    const bool any_at_top = clear.when->kind == Expression::Kind::any;
    if (any_at_top) line(2, "condition: any");
    line(2, "match:");
    return expression(*clear.when, 4, false);
  }
  return true;
}

bool Writer::window(const Window& window, bool own_detection) {
  line(0, "window:");
  line(2, "span: " + span_text(window.span_ns / kSecondNs));
  if (!window.group_by.empty()) line(2, "group_by: " + places(window.group_by));
  std::string bounds;
  for (const Window::Bound& bound : window.bounds)
    bounds += (bounds.empty() ? "" : ", ") + std::string(compare_name(bound.compare)) + ": " + number_text(bound.number);
  const std::string of = window.fields.empty() ? "" : "field: " + places(window.fields) + ", ";
  switch (window.kind) {
    case Window::Kind::count: line(2, (window.attempts ? "attempts: {" : "count: {") + bounds + "}"); break;
    case Window::Kind::distinct: line(2, "distinct: {" + of + bounds + "}"); break;
    case Window::Kind::sum: line(2, "sum: {" + of + bounds + "}"); break;
    case Window::Kind::average:
    case Window::Kind::percentile: return cannot("averages and percentiles cannot be said in the native form");
    case Window::Kind::temporal:
    case Window::Kind::ordered:
      if (window.bounds.size() != 1 || window.bounds[0].compare != Compare::greater_equal || window.bounds[0].number < 1 ||
          window.bounds[0].number > static_cast<double>(window.inputs.size()) ||
          window.bounds[0].number != static_cast<double>(static_cast<std::int64_t>(window.bounds[0].number)))
        return cannot("a number of rules other than so many or more cannot be said in the native form");
      if (window.bounds[0].number != static_cast<double>(window.inputs.size()))
        line(2, "at_least: " + number_text(window.bounds[0].number));
      if (window.kind == Window::Kind::ordered) line(2, "ordered: true");
      break;
  }
  std::vector<std::string> ids, forgiving;
  for (std::uint32_t input : window.inputs)
    (window.forgives(input) ? forgiving : ids).push_back(native_id(rules_.rules[input].id));
  if (!forgiving.empty()) line(2, "forgive: " + list_of(forgiving));
  if (own_detection) return true;
  line(2, "rules: " + list_of(ids));
  std::string aliases;
  for (const Window::Alias& alias : window.aliases) {
    std::string map;
    for (const auto& [input, subject] : alias.fields)
      map += (map.empty() ? "" : ", ") + quoted(native_id(rules_.rules[input].id)) + ": " + quoted(place_of(subject));
    aliases += (aliases.empty() ? "" : ", ") + quoted(alias.name) + ": {" + map + "}";
  }
  if (!aliases.empty()) line(2, "aliases: {" + aliases + "}");
  return true;
}

bool Writer::rule(std::uint32_t index) {
  const Rule& rule = rules_.rules[index];
  const auto detection = [&](const Rule& of) {
    line(0, "detection:");
    const bool any_at_top = of.when->kind == Expression::Kind::any;
    if (any_at_top) line(2, "condition: any");
    line(2, "match:");
    return expression(*of.when, 4, false);
  };
  if (rule.when) {
    meta(rule, native_id(rule.id));
    scope(rule.scope);
    return detection(rule) && beside(index);
  }
  if (rule.absence) {
    meta(rule, native_id(rule.id));
    return beside(index);
  }
  const Window& counted = *rule.window;
  const bool own = counted.inputs.size() - counted.forgiving.size() == 1 && is_part(counted.inputs[0], rule) &&
                   counted.kind != Window::Kind::temporal && counted.kind != Window::Kind::ordered;
  if (!own)
    for (std::uint32_t input : counted.inputs)
      if (is_part(input, rule)) {
        if (!this->rule(input)) return false;
        line(0, "---");
      }
  meta(rule, native_id(rule.id));
  if (own) {
    scope(rules_.rules[counted.inputs[0]].scope);
    if (!detection(rules_.rules[counted.inputs[0]])) return false;
    if (rules_.rules[counted.inputs[0]].seen) seen(*rules_.rules[counted.inputs[0]].seen);
  }
  return window(counted, own) && beside(index);
}

}  // namespace

Result<std::string> to_native(const RuleSet& rules, std::uint32_t rule) {
  Writer writer(rules);
  if (!writer.rule(rule)) return Error{rules.rules[rule].id + ": " + writer.problem(), ErrorKind::invalid};
  return writer.take();
}

}  // namespace logystera::detect

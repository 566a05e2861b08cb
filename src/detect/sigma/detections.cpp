// Each value walks through its field's modifiers in the order written and ends as tests; the tests are joined as maps and lists
// say.
#include "detect/sigma/detections.hpp"

#include <algorithm>
#include <optional>

#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;
using yaml::Position;

// Tests one rule may come to once `windash`, `base64offset`, placeholders and `1 of` are written out.
constexpr std::size_t kTestsMax = 50'000;

enum class Modifier : std::uint8_t {
  all,
  startswith,
  endswith,
  contains,
  exists,
  cased,
  neq,
  windash,
  re,
  ignorecase,
  multiline,
  dotall,
  base64,
  base64offset,
  utf16le,
  utf16be,
  utf16,
  lt,
  lte,
  gt,
  gte,
  minute,
  hour,
  day,
  week,
  month,
  year,
  cidr,
  expand,
  fieldref,
};

struct ModifierName {
  std::string_view name;
  Modifier modifier;
};
constexpr ModifierName kModifiers[] = {
    {"all", Modifier::all},
    {"startswith", Modifier::startswith},
    {"endswith", Modifier::endswith},
    {"contains", Modifier::contains},
    {"exists", Modifier::exists},
    {"cased", Modifier::cased},
    {"neq", Modifier::neq},
    {"windash", Modifier::windash},
    {"re", Modifier::re},
    {"i", Modifier::ignorecase},
    {"ignorecase", Modifier::ignorecase},
    {"m", Modifier::multiline},
    {"multiline", Modifier::multiline},
    {"s", Modifier::dotall},
    {"dotall", Modifier::dotall},
    {"base64", Modifier::base64},
    {"base64offset", Modifier::base64offset},
    {"utf16le", Modifier::utf16le},
    {"wide", Modifier::utf16le},
    {"utf16be", Modifier::utf16be},
    {"utf16", Modifier::utf16},
    {"lt", Modifier::lt},
    {"lte", Modifier::lte},
    {"gt", Modifier::gt},
    {"gte", Modifier::gte},
    {"minute", Modifier::minute},
    {"hour", Modifier::hour},
    {"day", Modifier::day},
    {"week", Modifier::week},
    {"month", Modifier::month},
    {"year", Modifier::year},
    {"cidr", Modifier::cidr},
    {"expand", Modifier::expand},
    {"fieldref", Modifier::fieldref},
};

// A key of a detection: `CommandLine|windash|contains|all`.
struct Key {
  std::string field;  // empty: keywords
  std::vector<Modifier> modifiers;

  bool has(Modifier modifier) const { return std::find(modifiers.begin(), modifiers.end(), modifier) != modifiers.end(); }
};

class DetectionReader {
 public:
  DetectionReader(const Logsource& logsource, const Placeholders& placeholders, Notes& notes)
      : logsource_(logsource), placeholders_(placeholders), notes_(notes) {}

  Expression detection(const Node& node) {
    if (node.is_map()) return map(node);
    if (node.is_list()) return list(node);
    return keyword(node, Key{});
  }

 private:
  Expression map(const Node& node) {
    std::vector<Expression> parts;
    if (node.entries.empty()) notes_.refuse(node.at, "an empty selection would match every event: name a field");
    for (const Node::Entry& entry : node.entries) {
      std::optional<Key> key = read_key(entry.key, entry.at);
      if (key) parts.push_back(field(*key, entry.value, entry.at));
    }
    return Expression::every(std::move(parts));
  }

  Expression list(const Node& node) {
    std::vector<Expression> parts;
    if (node.items.empty()) notes_.refuse(node.at, "an empty list can never match: give it values or remove it");
    for (const Node& item : node.items) {
      if (item.is_list()) {
        notes_.refuse(item.at, "a list within a list has no meaning in Sigma: write its values one level up");
        continue;
      }
      parts.push_back(item.is_map() ? map(item) : keyword(item, Key{}));
    }
    return Expression::some(std::move(parts));
  }

  std::optional<Key> read_key(const std::string& written, Position at) {
    Key key;
    std::size_t bar = written.find('|');
    key.field = written.substr(0, bar);
    while (bar != std::string::npos) {
      const std::size_t next = written.find('|', bar + 1);
      const std::string name = written.substr(bar + 1, next == std::string::npos ? next : next - bar - 1);
      const auto known = std::find_if(std::begin(kModifiers), std::end(kModifiers),
                                      [&name](const ModifierName& entry) { return entry.name == name; });
      if (known == std::end(kModifiers)) {
        notes_.refuse(at,
                      "unknown modifier '" + name +
                          "': Sigma 2.1 has all, base64, base64offset, cased, cidr, contains, "
                          "day, endswith, exists, expand, fieldref, gt, gte, hour, lt, lte, minute, month, neq, re (i, m, "
                          "s), startswith, utf16, utf16be, utf16le, week, wide, windash, year");
        return std::nullopt;
      }
      key.modifiers.push_back(known->modifier);
      bar = next;
    }
    if ((key.has(Modifier::ignorecase) || key.has(Modifier::multiline) || key.has(Modifier::dotall)) &&
        !key.has(Modifier::re)) {
      notes_.refuse(at, "i, m and s are flags of the modifier re: write '|re|i'");
      return std::nullopt;
    }
    return key;
  }

  // All tests of one key joined: OR over the values, or AND with `all`; `neq` turns the whole around.
  Expression field(const Key& key, const Node& value, Position at) {
    if (value.is_map()) {
      notes_.refuse(value.at, "the field '" + key.field + "' has a map for a value: put modifiers in the key, as in '" +
                                  key.field + "|contains'");
      return {};
    }
    std::vector<Expression> parts;
    if (value.is_list()) {
      if (value.items.empty()) notes_.refuse(value.at, "an empty list can never match: give it values or remove it");
      for (const Node& item : value.items) {
        if (!item.is_scalar()) {
          notes_.refuse(item.at, std::string("a value must be a text, a number, true, false or null, not ") +
                                     std::string(yaml::kind_name(item.kind)));
          continue;
        }
        if (item.is_null())
          notes_.warn(item.at, "null within a list: the specification puts it into a selection of its own");
        parts.push_back(one(key, item, at));
      }
    } else {
      if (key.has(Modifier::all)) notes_.warn(at, "the modifier all has no effect on a single value");
      parts.push_back(one(key, value, at));
    }
    Expression joined = key.has(Modifier::all) ? Expression::every(std::move(parts)) : Expression::some(std::move(parts));
    return key.has(Modifier::neq) ? Expression::negate(std::move(joined)) : std::move(joined);
  }

  Expression one(const Key& key, const Node& value, Position at) {
    return key.field.empty() ? keyword(value, key) : value_tests(key, value, at);
  }

  Expression keyword(const Node& value, Key key) {
    if (value.is_null() || value.text.empty()) {
      notes_.refuse(value.at, "an empty keyword would match every event: give it a text or remove it");
      return {};
    }
    if (!key.has(Modifier::re) && !key.has(Modifier::contains)) key.modifiers.push_back(Modifier::contains);
    return value_tests(key, value, value.at);
  }

  Subject subject(const Key& key) const {
    if (!key.field.empty()) return subject_of(logsource_, key.field);
    Subject anywhere;
    anywhere.places.push_back({Part::anywhere, {}});
    return anywhere;
  }

  Test blank(const Key& key, Test::Kind kind) const {
    Test test;
    test.kind = kind;
    test.cased = key.has(Modifier::cased);
    test.subject = subject(key);
    return test;
  }

  Expression single(Test test, Position at) {
    if (++tests_ == kTestsMax) notes_.refuse(at, "more than " + std::to_string(kTestsMax) + " tests: split the rule");
    return Expression::of(std::move(test));
  }

  Expression value_tests(const Key& key, const Node& value, Position at) {
    for (Modifier modifier : key.modifiers) {
      switch (modifier) {
        case Modifier::exists: return exists(key, value);
        case Modifier::re: return regex(key, value);
        case Modifier::cidr: return cidr(key, value);
        case Modifier::fieldref: return field_ref(key, value);
        case Modifier::lt:
        case Modifier::lte:
        case Modifier::gt:
        case Modifier::gte: return number(key, value);
        case Modifier::minute:
        case Modifier::hour:
        case Modifier::day:
        case Modifier::week:
        case Modifier::month:
        case Modifier::year: return number(key, value);
        default: break;
      }
    }
    const bool text_modifier = std::any_of(key.modifiers.begin(), key.modifiers.end(), [](Modifier modifier) {
      return modifier != Modifier::all && modifier != Modifier::neq && modifier != Modifier::cased;
    });
    if (value.is_null()) {
      if (text_modifier) {
        notes_.refuse(value.at, "null cannot be modified: use the field alone, or '|exists: false'");
        return {};
      }
      return single(blank(key, Test::Kind::null), at);
    }
    if (!text_modifier) {
      if (value.kind == Node::Kind::boolean) {
        Test test = blank(key, Test::Kind::boolean);
        test.flag = value.boolean;
        return single(std::move(test), at);
      }
      // Beyond 15 digits a number is an identifier or a hash: rounding would make different ones equal.
      if ((value.kind == Node::Kind::integer || value.kind == Node::Kind::real) && value.text.size() <= 15) {
        Test test = blank(key, Test::Kind::number);
        test.number = value.real;
        return single(std::move(test), at);
      }
    }
    return texts(key, value, at);
  }

  Expression exists(const Key& key, const Node& value) {
    if (value.kind != Node::Kind::boolean || key.field.empty()) {
      notes_.refuse(value.at, "the modifier exists needs a field, and true or false");
      return {};
    }
    Test test = blank(key, Test::Kind::exists);
    test.flag = value.boolean;
    return single(std::move(test), value.at);
  }

  Expression regex(const Key& key, const Node& value) {
    if (value.is_null() || value.kind == Node::Kind::boolean) {
      notes_.refuse(value.at, "the modifier re needs a regular expression");
      return {};
    }
    std::string flags;
    if (key.has(Modifier::ignorecase)) flags += 'i';
    if (key.has(Modifier::multiline)) flags += 'm';
    if (key.has(Modifier::dotall)) flags += 's';
    Test test = blank(key, Test::Kind::regex);
    test.regex = (flags.empty() ? std::string() : "(?" + flags + ")") + value.text;
    if (!check_regex(test.regex, value.at, notes_)) return {};
    return single(std::move(test), value.at);
  }

  Expression cidr(const Key& key, const Node& value) {
    Test test = blank(key, Test::Kind::network);
    if (!parse_network(value.text, test.network)) {
      notes_.refuse(value.at, "'" + value.text + "' is no network: write an address and a prefix length, as 10.0.0.0/8");
      return {};
    }
    return single(std::move(test), value.at);
  }

  Expression field_ref(const Key& key, const Node& value) {
    if (!value.is_string() || value.text.empty() || key.field.empty()) {
      notes_.refuse(value.at, "the modifier fieldref needs the name of another field");
      return {};
    }
    Test test = blank(key, Test::Kind::field_ref);
    test.other = subject_of(logsource_, value.text);
    test.relation = key.has(Modifier::contains)     ? Test::Relation::contains
                    : key.has(Modifier::startswith) ? Test::Relation::starts
                    : key.has(Modifier::endswith)   ? Test::Relation::ends
                                                    : Test::Relation::whole;
    return single(std::move(test), value.at);
  }

  // `field|gte: 10`, `field|hour: 3`, `field|hour|lt: 6`.
  Expression number(const Key& key, const Node& value) {
    double bound = 0;
    if ((value.kind == Node::Kind::integer || value.kind == Node::Kind::real)) bound = value.real;
    else if (!value.is_string() || !number_of(value.text, bound)) {
      notes_.refuse(value.at, "'" + value.text + "' is not a number, which the modifier of '" + key.field + "' needs");
      return {};
    }
    Test test = blank(key, Test::Kind::number);
    test.number = bound;
    for (Modifier modifier : key.modifiers) {
      switch (modifier) {
        case Modifier::lt: test.compare = Compare::less; break;
        case Modifier::lte: test.compare = Compare::less_equal; break;
        case Modifier::gt: test.compare = Compare::greater; break;
        case Modifier::gte: test.compare = Compare::greater_equal; break;
        case Modifier::minute: set_part(test, TimePart::minute); break;
        case Modifier::hour: set_part(test, TimePart::hour); break;
        case Modifier::day: set_part(test, TimePart::day); break;
        case Modifier::week: set_part(test, TimePart::week); break;
        case Modifier::month: set_part(test, TimePart::month); break;
        case Modifier::year: set_part(test, TimePart::year); break;
        case Modifier::all:
        case Modifier::neq: break;
        default:
          notes_.refuse(value.at, "text modifiers and comparisons of numbers or times do not go together: use two fields");
          return {};
      }
    }
    return single(std::move(test), value.at);
  }

  static void set_part(Test& test, TimePart part) {
    test.kind = Test::Kind::time_part;
    test.part = part;
  }

  // Everything that ends as wildcard patterns.
  Expression texts(const Key& key, const Node& value, Position at) {
    std::vector<Pattern> patterns;
    if (key.has(Modifier::expand)) {
      std::string missing;
      bool found = false;
      patterns = expand_placeholders(value.text, placeholders_, missing, found);
      if (!missing.empty()) {
        notes_.refuse(value.at, "the placeholder %" + missing + "% has no values here: add '" + missing +
                                    "' to the placeholder file, with an empty list if there are none");
        return {};
      }
      if (found && patterns.empty())
        notes_.warn(value.at, "its placeholder has no values, so this never matches: fill in the placeholder file");
    } else {
      patterns.push_back(parse_pattern(value.text));
    }
    for (Modifier modifier : key.modifiers)
      if (!apply(modifier, patterns, value.at)) return {};
    std::vector<Expression> parts;
    const DerivedField* derived = derived_field(logsource_, key.field);
    for (Pattern& pattern : patterns) {
      Test test = blank(key, Test::Kind::text);
      if (derived) {
        const Subject base = subject_of(logsource_, derived->base);
        test.subject.places.insert(test.subject.places.end(), base.places.begin(), base.places.end());
        Test whole = test;  // the field itself, where a log has it
        whole.subject = subject_of(logsource_, key.field);
        whole.pattern = pattern;
        finish(whole);
        parts.push_back(single(std::move(whole), at));
        test.subject.places = base.places;
        pattern.insert(pattern.begin(), {PatternPiece::Kind::text, std::string(derived->prefix)});
        pattern.insert(pattern.begin(), {PatternPiece::Kind::any_run, {}});
      }
      test.pattern = std::move(pattern);
      finish(test);
      parts.push_back(single(std::move(test), at));
    }
    return Expression::some(std::move(parts));
  }

  static void finish(Test& test) {
    normalize(test.pattern);
    if (!test.cased) fold_pattern(test.pattern);
  }

  bool apply(Modifier modifier, std::vector<Pattern>& patterns, Position at) {
    std::vector<Pattern> next;
    for (Pattern& pattern : patterns) {
      switch (modifier) {
        case Modifier::contains: wrap(pattern, true, true); break;
        case Modifier::startswith: wrap(pattern, false, true); break;
        case Modifier::endswith: wrap(pattern, true, false); break;
        case Modifier::windash: {
          std::vector<Pattern> variants = dash_variants(pattern);
          if (variants.empty()) {
            notes_.refuse(at, "windash on more than four options: use several values");
            return false;
          }
          next.insert(next.end(), variants.begin(), variants.end());
          continue;
        }
        case Modifier::base64:
        case Modifier::base64offset:
        case Modifier::utf16le:
        case Modifier::utf16be:
        case Modifier::utf16:
          if (!encode(modifier, pattern, next, at)) return false;
          continue;
        default: break;
      }
      next.push_back(std::move(pattern));
    }
    patterns = std::move(next);
    return true;
  }

  bool encode(Modifier modifier, const Pattern& pattern, std::vector<Pattern>& out, Position at) {
    std::string text;
    if (!plain_text(pattern, text)) {
      notes_.refuse(at, "a wildcard cannot be encoded: put encoding modifiers before contains, and no * or ? in the value");
      return false;
    }
    if (modifier == Modifier::base64) {
      out.push_back(literal_pattern(base64(text)));
    } else if (modifier == Modifier::base64offset) {
      for (const std::string& form : base64_offsets(text)) {
        if (form.empty()) {
          notes_.refuse(at, "too short for base64offset: less than one character does not depend on its neighbours");
          return false;
        }
        out.push_back(literal_pattern(form));
      }
    } else {
      std::string encoded;
      const Utf16 form = modifier == Modifier::utf16le   ? Utf16::little
                         : modifier == Modifier::utf16be ? Utf16::big
                                                         : Utf16::marked;
      if (!to_utf16(text, form, encoded)) {
        notes_.refuse(at, "not a text that UTF-16 can say");
        return false;
      }
      out.push_back(literal_pattern(encoded));
    }
    return true;
  }

  const Logsource& logsource_;
  const Placeholders& placeholders_;
  Notes& notes_;
  std::size_t tests_ = 0;
};

}  // namespace

Detections read_detections(const Node& detection, const Logsource& logsource, const Placeholders& placeholders,
                           std::initializer_list<std::string_view> other_keys, Notes& notes) {
  Detections detections;
  DetectionReader reader(logsource, placeholders, notes);
  for (const Node::Entry& entry : detection.entries) {
    if (std::find(other_keys.begin(), other_keys.end(), entry.key) != other_keys.end()) continue;
    detections.named.emplace_back(entry.key, reader.detection(entry.value));
  }
  if (detections.named.empty()) notes.refuse(detection.at, "there is no detection: name one, as 'selection'");
  return detections;
}

void warn_unused(const Detections& detections, const std::vector<bool>& used, Position at, Notes& notes) {
  for (std::size_t i = 0; i < used.size(); ++i)
    if (!used[i]) notes.warn(at, "the detection '" + detections.named[i].first + "' is not used by the condition");
}

}  // namespace logystera::detect

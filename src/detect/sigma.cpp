// Sigma rules and filters (Sigma rules specification 2.1.0). A detection becomes an expression in three steps: each value
// walks through its field's modifiers in the order written and ends as tests; the tests are joined as maps and lists say; and
// the condition joins the detections.
#include <algorithm>
#include <cctype>
#include <optional>

#include "detect/draft.hpp"
#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;
using yaml::Position;

// Deepest nesting of parentheses and `not` in a condition: parsed by recursion, so bounded.
constexpr int kConditionDepth = 64;
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
          notes_.warn(item.at, "null within a list: the specification wants it as a selection of its own");
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
      notes_.refuse(value.at, "the modifier exists wants a field, and true or false");
      return {};
    }
    Test test = blank(key, Test::Kind::exists);
    test.flag = value.boolean;
    return single(std::move(test), value.at);
  }

  Expression regex(const Key& key, const Node& value) {
    if (value.is_null() || value.kind == Node::Kind::boolean) {
      notes_.refuse(value.at, "the modifier re wants a regular expression");
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
      notes_.refuse(value.at, "the modifier fieldref wants the name of another field");
      return {};
    }
    Test test = blank(key, Test::Kind::field_ref);
    test.other = subject_of(logsource_, value.text);
    test.shape = key.has(Modifier::contains)     ? Test::Shape::contains
                 : key.has(Modifier::startswith) ? Test::Shape::starts
                 : key.has(Modifier::endswith)   ? Test::Shape::ends
                                                 : Test::Shape::whole;
    return single(std::move(test), value.at);
  }

  // `field|gte: 10`, `field|hour: 3`, `field|hour|lt: 6`.
  Expression number(const Key& key, const Node& value) {
    double bound = 0;
    if ((value.kind == Node::Kind::integer || value.kind == Node::Kind::real)) bound = value.real;
    else if (!value.is_string() || !number_of(value.text, bound)) {
      notes_.refuse(value.at, "'" + value.text + "' is no number, which the modifier of '" + key.field + "' wants");
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

// ---- Conditions ---------------------------------------------------------------------------------------------------

struct Detections {
  std::vector<std::pair<std::string, Expression>> named;

  const Expression* find(std::string_view name) const {
    for (const auto& [known, expression] : named)
      if (known == name) return &expression;
    return nullptr;
  }
};

// or < and < not < quantifier < parentheses (rules specification, "Condition").
class ConditionParser {
 public:
  ConditionParser(const std::string& text, Position at, const Detections& detections, std::vector<bool>& used, Notes& notes)
      : text_(text), at_(at), detections_(detections), used_(used), notes_(notes) {
    advance();
  }

  /// The whole condition.
  Expression parse() {
    Expression expression = any();
    if (good_ && !token_.empty()) fail("'" + token_ + "' does not belong here");
    return expression;
  }

  /// Up to the `|` of a legacy aggregation, which is left to aggregation().
  Expression parse_until_bar() {
    Expression expression = any();
    if (good_ && !token_.empty() && token_ != "|") fail("'" + token_ + "' does not belong here");
    return expression;
  }
  bool good() const noexcept { return good_; }
  const std::string& token() const noexcept { return token_; }
  void advance() {
    while (next_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[next_]))) ++next_;
    start_ = next_;
    if (next_ < text_.size() && std::string_view("()|<>=,").find(text_[next_]) != std::string_view::npos) {
      ++next_;
      if (next_ < text_.size() && text_[next_] == '=' && (text_[start_] == '<' || text_[start_] == '>')) ++next_;
    } else {
      while (next_ < text_.size() && !std::isspace(static_cast<unsigned char>(text_[next_])) &&
             std::string_view("()|<>=,").find(text_[next_]) == std::string_view::npos)
        ++next_;
    }
    token_ = text_.substr(start_, next_ - start_);
  }
  void fail(const std::string& what) {
    if (good_) notes_.refuse({at_.line, at_.column}, "condition, at character " + std::to_string(start_ + 1) + ": " + what);
    good_ = false;
  }

 private:
  bool word(std::string_view keyword) const { return equal_ignoring_case(token_, keyword); }

  Expression any() {
    std::vector<Expression> parts;
    parts.push_back(all());
    while (good_ && word("or")) {
      advance();
      parts.push_back(all());
    }
    return Expression::some(std::move(parts));
  }

  Expression all() {
    std::vector<Expression> parts;
    parts.push_back(negation());
    while (good_ && word("and")) {
      advance();
      parts.push_back(negation());
    }
    return Expression::every(std::move(parts));
  }

  Expression negation() {
    if (++depth_ > kConditionDepth) {
      fail("nested deeper than " + std::to_string(kConditionDepth) + " levels");
      return {};
    }
    Expression expression;
    if (word("not")) {
      advance();
      expression = Expression::negate(negation());
    } else {
      expression = primary();
    }
    --depth_;
    return expression;
  }

  Expression primary() {
    if (token_ == "(") {
      advance();
      Expression expression = any();
      if (good_ && token_ != ")") fail("a ')' is missing");
      advance();
      return expression;
    }
    if (token_.empty()) {
      fail("it ends where the name of a detection is wanted");
      return {};
    }
    if (token_ == ")" || token_ == "|" || word("and") || word("or") || word("of")) {
      fail("'" + token_ + "' where the name of a detection is wanted");
      return {};
    }
    const std::string name = token_;
    const std::size_t start = start_;
    advance();
    if (word("of")) return quantified(name);
    for (std::size_t i = 0; i < detections_.named.size(); ++i)
      if (detections_.named[i].first == name) {
        used_[i] = true;
        return detections_.named[i].second;
      }
    start_ = start;
    fail("there is no detection '" + name + "'");
    return {};
  }

  Expression quantified(const std::string& quantifier) {
    const bool every = equal_ignoring_case(quantifier, "all");
    if (!every && quantifier != "1" && !equal_ignoring_case(quantifier, "any")) {
      fail("'" + quantifier + " of' is not Sigma: it has '1 of', 'any of' and 'all of'");
      return {};
    }
    advance();
    if (token_.empty() || token_ == "(" || token_ == ")") {
      fail("'of' wants 'them' or a pattern as 'selection*'");
      return {};
    }
    const bool them = word("them");
    const Pattern pattern = parse_pattern(token_);
    std::vector<Expression> parts;
    for (std::size_t i = 0; i < detections_.named.size(); ++i) {
      const auto& [name, expression] = detections_.named[i];
      if (them ? name.rfind('_', 0) == 0 : !matches(pattern, name)) continue;
      used_[i] = true;
      parts.push_back(expression);
    }
    if (parts.empty()) fail("no detection is named like '" + token_ + "'");
    advance();
    return every ? Expression::every(std::move(parts)) : Expression::some(std::move(parts));
  }

  const std::string& text_;
  Position at_;
  const Detections& detections_;
  std::vector<bool>& used_;
  Notes& notes_;
  std::string token_;
  std::size_t start_ = 0, next_ = 0;
  int depth_ = 0;
  bool good_ = true;
};

// ---- Legacy aggregations: `selection | count(field) by group > n` with `timeframe` ---------------------------------

// Reads what follows the `|` into a window over `hits`, the rule's own silent detections.
class AggregationReader {
 public:
  AggregationReader(ConditionParser& parser, const Logsource& logsource, const Detections& detections,
                    std::vector<bool>& used, Notes& notes)
      : parser_(parser), logsource_(logsource), detections_(detections), used_(used), notes_(notes) {}

  // False if it was refused.
  bool read(Expression first, Window& window, std::vector<Expression>& hits) {
    parser_.advance();
    const std::string function = parser_.token();
    if (function == "near") return near(std::move(first), window, hits);
    if (function == "count") window.kind = Window::Kind::count;
    else if (function == "sum") window.kind = Window::Kind::sum;
    else if (function == "avg") window.kind = Window::Kind::average;
    else return refuse("the aggregation '" + function + "' is not known: use a correlation rule");
    hits.push_back(std::move(first));
    return call(window) && grouping(window) && bound(window);
  }

 private:
  bool refuse(const std::string& what) {
    parser_.fail(what);
    return false;
  }

  bool call(Window& window) {
    parser_.advance();
    if (parser_.token() != "(") return refuse("a '(' is missing after the aggregation");
    parser_.advance();
    if (parser_.token() != ")") {
      window.fields.push_back(subject_of(logsource_, parser_.token()));
      if (window.kind == Window::Kind::count) window.kind = Window::Kind::distinct;
      parser_.advance();
    }
    if (window.kind == Window::Kind::sum && window.fields.empty()) return refuse("sum wants a field");
    if (parser_.token() != ")") return refuse("a ')' is missing after the aggregated field");
    parser_.advance();
    return true;
  }

  bool grouping(Window& window) {
    if (parser_.token() != "by") return true;
    do {
      parser_.advance();
      if (parser_.token().empty()) return refuse("'by' wants a field");
      window.group_by.push_back(subject_of(logsource_, parser_.token()));
      parser_.advance();
    } while (parser_.token() == ",");
    return true;
  }

  bool bound(Window& window) {
    const std::string sign = parser_.token();
    Window::Bound bound;
    if (sign == ">") bound.compare = Compare::greater;
    else if (sign == ">=") bound.compare = Compare::greater_equal;
    else if (sign == "<") bound.compare = Compare::less;
    else if (sign == "<=") bound.compare = Compare::less_equal;
    else if (sign == "=") bound.compare = Compare::equal;
    else return refuse("a comparison (>, >=, <, <=, =) is missing after the aggregation");
    parser_.advance();
    if (!number_of(parser_.token(), bound.number)) return refuse("'" + parser_.token() + "' is no number");
    parser_.advance();
    if (!parser_.token().empty()) return refuse("'" + parser_.token() + "' does not belong here");
    window.bounds.push_back(bound);
    return true;
  }

  // `a | near b and c`: all of them within the timeframe, in any order.
  bool near(Expression first, Window& window, std::vector<Expression>& hits) {
    window.kind = Window::Kind::temporal;
    hits.push_back(std::move(first));
    do {
      parser_.advance();
      if (parser_.token() == "not")
        return refuse("'near … not' asks for the absence of an event, which a window over hits cannot see: split the rule");
      for (std::size_t i = 0; i < detections_.named.size(); ++i)
        if (detections_.named[i].first == parser_.token()) {
          used_[i] = true;
          hits.push_back(detections_.named[i].second);
        }
      if (!detections_.find(parser_.token())) return refuse("there is no detection '" + parser_.token() + "'");
      parser_.advance();
    } while (parser_.token() == "and");
    if (!parser_.token().empty()) return refuse("near joins detections with 'and' only");
    return true;
  }

  ConditionParser& parser_;
  const Logsource& logsource_;
  const Detections& detections_;
  std::vector<bool>& used_;
  Notes& notes_;
};

// ---- Documents ----------------------------------------------------------------------------------------------------

Logsource read_logsource(const Node& root, Notes& notes) {
  Logsource logsource;
  const Node* node = root.find("logsource");
  if (!node || !node->is_map()) {
    notes.refuse(node ? node->at : root.at, "a map 'logsource' with product, category or service is missing");
    return logsource;
  }
  logsource.product = read_text(*node, "product", false, notes);
  logsource.category = read_text(*node, "category", false, notes);
  logsource.service = read_text(*node, "service", false, notes);
  for (std::string* part : {&logsource.product, &logsource.category, &logsource.service}) *part = folded(*part);
  if (logsource.empty()) notes.refuse(node->at, "logsource names no product, category or service");
  return logsource;
}

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

void read_meta(const Node& root, Draft& draft, Notes& notes) {
  Rule& rule = draft.rule;
  rule.dialect = Dialect::sigma;
  rule.at = root.at;
  rule.title = read_text(root, "title", true, notes);
  rule.id = read_text(root, "id", false, notes);
  rule.name = read_text(root, "name", false, notes);
  rule.description = read_text(root, "description", false, notes);
  rule.author = read_text(root, "author", false, notes);
  rule.status = read_text(root, "status", false, notes);
  rule.tags = read_texts(root, "tags", notes);
  rule.references = read_texts(root, "references", notes);
  rule.false_positives = read_texts(root, "falsepositives", notes);
  if (rule.id.empty()) rule.id = !rule.name.empty() ? rule.name : rule.title;
  const Node* level = root.find("level");
  if (!level) return;
  if (std::optional<Level> known = level_from(folded(level->text))) rule.level = *known;
  else notes.refuse(level->at, "the level '" + level->text + "' is not one of informational, low, medium, high, critical");
}

void refuse_collections(const Node& root, Notes& notes) {
  if (const Node* action = root.find("action"))
    notes.refuse(action->at,
                 "'action: " + action->text + "' is the obsolete collection format: write every document out in full");
}

// One detection or, with a legacy aggregation, a window over silent ones.
void read_condition(const Node& root, const Node& detection, const Detections& detections, Draft& draft, Notes& notes) {
  const Node* condition = detection.find("condition");
  if (!condition || condition->is_map() || (condition->is_list() && condition->items.empty())) {
    notes.refuse(condition ? condition->at : detection.at,
                 "detection has no condition: add one, as 'condition: selection'");
    return;
  }
  std::vector<bool> used(detections.named.size());
  std::vector<Expression> alternatives;
  const std::vector<Node> single{condition->is_list() ? Node() : *condition};
  for (const Node& each : condition->is_list() ? condition->items : single) {
    ConditionParser parser(each.text, each.at, detections, used, notes);
    Expression expression = parser.parse_until_bar();
    if (!parser.good()) return;
    if (parser.token() != "|") {
      alternatives.push_back(std::move(expression));
      continue;
    }
    if (condition->is_list()) {
      parser.fail("an aggregation cannot be one of several conditions: use a correlation rule");
      return;
    }
    Window window;
    std::vector<Expression> hits;
    AggregationReader reader(parser, draft.rule.scope.logsource, detections, used, notes);
    if (!reader.read(std::move(expression), window, hits)) return;
    const Node* timeframe = detection.find("timeframe");
    if (!timeframe) timeframe = root.find("timeframe");
    if (!timeframe) {
      notes.refuse(each.at,
                   "the aggregation has no timeframe: add 'timeframe: 5m' to detection, or use a correlation rule");
      return;
    }
    window.span_ns = read_span(*timeframe, notes);
    for (std::size_t i = 0; i < hits.size(); ++i) {
      Draft hit;
      hit.rule = draft.rule;
      hit.rule.id += "#" + std::to_string(i + 1);
      hit.rule.name.clear();
      hit.rule.silent = true;
      hit.rule.when = std::move(hits[i]);
      draft.own_inputs.push_back(std::move(hit));
    }
    notes.warn(each.at, "an aggregation in the condition is obsolete: converted to a sliding window");
    draft.rule.window = std::move(window);
    warn_unused(detections, used, condition->at, notes);
    return;
  }
  warn_unused(detections, used, condition->at, notes);
  draft.rule.when = Expression::some(std::move(alternatives));
}

}  // namespace

Draft read_sigma_rule(const Node& root, const Placeholders& placeholders, Notes& notes) {
  Draft draft;
  refuse_collections(root, notes);
  read_meta(root, draft, notes);
  const Logsource logsource = read_logsource(root, notes);
  draft.rule.scope = scope_of(logsource);
  const Node* detection = root.find("detection");
  if (!detection || !detection->is_map()) {
    notes.refuse(detection ? detection->at : root.at, "a map 'detection' is missing");
    return draft;
  }
  const Detections detections = read_detections(*detection, logsource, placeholders, {"condition", "timeframe"}, notes);
  if (!notes.clean()) return draft;
  read_condition(root, *detection, detections, draft, notes);
  if (draft.rule.scope.choices.empty())
    notes.warn(root.find("logsource")->at, "no log is known to be " + logsource.describe() +
                                               ": the rule applies to sources declared to be of this log source");
  return draft;
}

FilterDraft read_sigma_filter(const Node& root, const Placeholders& placeholders, Notes& notes) {
  FilterDraft draft;
  draft.title = read_text(root, "title", true, notes);
  draft.logsource = read_logsource(root, notes);
  const Node* filter = root.find("filter");
  if (!filter || !filter->is_map()) {
    notes.refuse(filter ? filter->at : root.at, "a map 'filter' is missing");
    return draft;
  }
  const Node* rules = filter->find("rules");
  if (rules && rules->is_string() && rules->text == "any") draft.any_rule = true;
  else if (rules && rules->is_list() && !rules->items.empty()) {
    for (const Node& rule : rules->items) draft.rules.push_back({rule.text, rule.at});
  } else if (rules && rules->is_string()) {
    draft.rules.push_back({rules->text, rules->at});
  } else {
    notes.refuse(filter->at, "filter names no rules: list ids or names under 'rules', or write 'rules: any'");
  }
  const Detections detections = read_detections(*filter, draft.logsource, placeholders, {"condition", "rules"}, notes);
  const Node* condition = filter->find("condition");
  if (!condition || !condition->is_string()) {
    notes.refuse(condition ? condition->at : filter->at, "filter has no condition: add one, as 'condition: not selection'");
    return draft;
  }
  if (!notes.clean()) return draft;
  std::vector<bool> used(detections.named.size());
  ConditionParser parser(condition->text, condition->at, detections, used, notes);
  draft.when = parser.parse();
  warn_unused(detections, used, condition->at, notes);
  if (folded(condition->text).find("not") == std::string::npos)
    notes.warn(condition->at,
               "a filter's condition is joined to its rules with 'and': without a 'not' it keeps only what it "
               "matches");
  return draft;
}

namespace {

constexpr std::pair<std::string_view, Window::Kind> kCorrelationTypes[] = {{"event_count", Window::Kind::count},
                                                                           {"value_count", Window::Kind::distinct},
                                                                           {"value_sum", Window::Kind::sum},
                                                                           {"value_avg", Window::Kind::average},
                                                                           {"value_percentile", Window::Kind::percentile},
                                                                           {"value_median", Window::Kind::percentile},
                                                                           {"temporal", Window::Kind::temporal},
                                                                           {"temporal_ordered", Window::Kind::ordered}};

Subject plain_subject(const std::string& field) {
  Subject subject = subject_of({}, field);
  return subject;
}

void read_correlation_condition(const Node& correlation, Window& window, Notes& notes) {
  const bool counts_rules = window.kind == Window::Kind::temporal || window.kind == Window::Kind::ordered;
  const bool of_values = !counts_rules && window.kind != Window::Kind::count;
  const Node* condition = correlation.find("condition");
  if (!condition) {
    if (!counts_rules) notes.refuse(correlation.at, "the correlation has no condition: add one, as 'condition: {gte: 10}'");
    return;
  }
  if (!condition->is_map()) {
    notes.refuse(condition->at,
                 condition->is_string() && counts_rules
                     ? "a condition in words over rules is not part of Sigma 2.1: use gt, gte, lt, lte, eq or neq"
                     : "the correlation's condition must be a map, as {gte: 10}");
    return;
  }
  for (const Node::Entry& entry : condition->entries) {
    if (entry.key == "field" && of_values) {
      for (const std::string& name : read_texts(*condition, "field", notes)) window.fields.push_back(plain_subject(name));
      continue;
    }
    if (entry.key == "percentile" && window.kind == Window::Kind::percentile) {
      window.percentile = entry.value.real;
      if (!(window.percentile > 0 && window.percentile <= 100))
        notes.refuse(entry.value.at, "percentile must be a number above 0 and up to 100");
      continue;
    }
    const std::optional<Compare> compare = compare_from(entry.key);
    if (!compare) {
      notes.refuse(entry.at, "the condition has the key '" + entry.key + "': it may have gt, gte, lt, lte, eq, neq" +
                                 (of_values ? " and field" : ""));
      continue;
    }
    if (entry.value.kind != Node::Kind::integer && entry.value.kind != Node::Kind::real) {
      notes.refuse(entry.value.at, "'" + entry.key + "' wants a number");
      continue;
    }
    window.bounds.push_back({*compare, entry.value.real});
  }
  if (of_values && window.fields.empty())
    notes.refuse(condition->at, "the condition of this type names the 'field' whose values count");
  if (window.fields.size() > 1 && window.kind != Window::Kind::distinct)
    notes.refuse(condition->at, "only value_count takes several fields");
  if (window.bounds.empty() && !counts_rules)
    notes.refuse(condition->at, "the condition compares nothing: add gte, as {gte: 10}");
}

void read_aliases(const Node& correlation, Draft& draft, Notes& notes) {
  const Node* aliases = correlation.find("aliases");
  if (!aliases) return;
  if (!aliases->is_map()) return notes.refuse(aliases->at, "aliases must be a map of alias to {rule name: field}");
  for (const Node::Entry& alias : aliases->entries) {
    Draft::Alias next;
    next.name = alias.key;
    if (!alias.value.is_map()) {
      notes.refuse(alias.value.at, "the alias '" + alias.key + "' must be a map of rule name to field");
      continue;
    }
    for (const Node::Entry& field : alias.value.entries)
      next.fields.emplace_back(Reference{field.key, field.at}, field.value.text);
    draft.aliases.push_back(std::move(next));
  }
}

}  // namespace

Draft read_sigma_correlation(const Node& root, Notes& notes) {
  Draft draft;
  refuse_collections(root, notes);
  read_meta(root, draft, notes);
  const Node& correlation = *root.find("correlation");
  if (!correlation.is_map()) {
    notes.refuse(correlation.at, "correlation must be a map");
    return draft;
  }
  only_keys(correlation, {"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"}, "correlation",
            notes);
  Window window;
  const std::string type = read_text(correlation, "type", true, notes);
  const auto known = std::find_if(std::begin(kCorrelationTypes), std::end(kCorrelationTypes),
                                  [&type](const auto& entry) { return entry.first == type; });
  if (known == std::end(kCorrelationTypes)) {
    if (!type.empty())
      notes.refuse(correlation.find("type")->at,
                   "the correlation type '" + type +
                       "' is not part of Sigma 2.1: use event_count, value_count, value_sum, value_avg, value_percentile, "
                       "temporal or temporal_ordered");
    return draft;
  }
  window.kind = known->second;
  const Node* rules = correlation.find("rules");
  if (rules && rules->is_list())
    for (const Node& rule : rules->items) draft.inputs.push_back({rule.text, rule.at});
  else if (rules && rules->is_string()) draft.inputs.push_back({rules->text, rules->at});
  if (draft.inputs.empty()) notes.refuse(rules ? rules->at : correlation.at, "the correlation names no rules");
  for (const std::string& name : read_texts(correlation, "group-by", notes)) window.group_by.push_back(plain_subject(name));
  const Node* timespan = correlation.find("timespan");
  if (timespan) window.span_ns = read_span(*timespan, notes);
  else notes.refuse(correlation.at, "the correlation has no timespan: add one, as 'timespan: 5m'");
  read_correlation_condition(correlation, window, notes);
  read_aliases(correlation, draft, notes);
  for (const Node* generate : {root.find("generate"), correlation.find("generate")})
    if (generate) draft.generate = generate->kind == Node::Kind::boolean && generate->boolean;
  draft.rule.window = std::move(window);
  return draft;
}

}  // namespace logystera::detect

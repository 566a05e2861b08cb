// See filter.hpp: what a compiled condition answers for a record.
#include <fnmatch.h>

#include <cmath>

#include "core/clock.hpp"
#include "filter/compiled.hpp"

namespace logystera::filter {
namespace {

// Whether `part`, which is of lower case, is in `text` in any case.
bool holds(std::string_view text, std::string_view part) noexcept {
  return std::search(text.begin(), text.end(), part.begin(), part.end(), [](char x, char y) { return lower(x) == y; }) !=
         text.end();
}

int order_of(const Number& a, const Number& b) noexcept {
  if (a.is_integer && b.is_integer) return a.integer < b.integer ? -1 : a.integer > b.integer;
  return a.real < b.real ? -1 : a.real > b.real;
}

bool found(const re2::RE2& regex, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), regex);
}

}  // namespace

bool is_source(std::string_view asked, std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (asked == path) return true;
  if (path.size() > asked.size() && path.ends_with(asked) && path[path.size() - asked.size() - 1] == '/') return true;
  if (asked.find_first_of("*?[") == std::string_view::npos) return false;
  const std::string pattern(asked);
  return ::fnmatch(pattern.c_str(), std::string(path).c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), std::string(name).c_str(), 0) == 0;
}

// What is compared: a text, and the number it is where its source gave one.
struct Session::Seen {
  std::string_view text;
  std::optional<Number> number;
  bool typed = false;  // a number by its type, not by its looks
};

Session::Session(const Filter& filter) : filter_(filter) {
  if (filter.shows_) redactor_.emplace(filter.redaction_);
}
Session::~Session() = default;
Session::Session(Session&& other) noexcept = default;

std::string_view Session::shown(std::string_view text) { return redactor_->redact(text, redact::Context::text, arena_); }

// Records of one source come one after the other. The last name is kept with its bytes: where it stood, another may stand now.
bool Session::of_source(std::string_view source) {
  if (source_.data() && source == source_) return source_wanted_;
  source_wanted_ = is_source(filter_.source_, source);
  if (!redactor_) {  // whose work empties the arena with each record
    arena_.clear();
    source_ = arena_.copy(source);
  }
  return source_wanted_;
}

// What has no line (Windows events) is looked through field by field.
bool Session::has_text(const Record& record) {
  const auto has = [&](std::string_view text) { return found(*filter_.grep_, filter_.grep_shown_ ? shown(text) : text); };
  if (!record.raw.empty()) return has(record.raw);
  return has(record.message) ||
         std::any_of(record.begin(), record.end(), [&](const Value& value) { return has(value.text()); });
}

bool Session::wants(const Record& record) {
  const Filter& filter = filter_;
  if (filter.since_ && (!record.time_known || record.time_ns < *filter.since_)) return false;
  if (filter.until_ && (!record.time_known || record.time_ns >= *filter.until_)) return false;
  if (filter.source_is_pattern_ && !of_source(record.source)) return false;
  if (redactor_) arena_.clear();
  if (filter.grep_ && !has_text(record)) return false;
  return filter.nodes_.empty() || truth_of(static_cast<std::uint32_t>(filter.nodes_.size() - 1), record) == Truth::yes;
}

Session::Truth Session::truth_of(std::uint32_t number, const Record& record) {
  const Node& node = filter_.nodes_[number];
  switch (node.kind) {
    case Node::Kind::test: return test(filter_.tests_[node.test], record);
    case Node::Kind::no: {
      const Truth inside = truth_of(node.parts.front(), record);
      return inside == Truth::unknown ? inside : inside == Truth::yes ? Truth::no : Truth::yes;
    }
    case Node::Kind::all:
    case Node::Kind::any: break;
  }
  const Truth decides = node.kind == Node::Kind::all ? Truth::no : Truth::yes;
  Truth whole = decides == Truth::no ? Truth::yes : Truth::no;
  for (const std::uint32_t part : node.parts) {
    const Truth one = truth_of(part, record);
    if (one == decides) return decides;
    if (one == Truth::unknown) whole = Truth::unknown;
  }
  return whole;
}

namespace {

template <typename Order>
bool ordered(Comparison comparison, Order order) noexcept {
  switch (comparison) {
    case Comparison::equal: return order == 0;
    case Comparison::unequal: return order != 0;
    case Comparison::less: return order < 0;
    case Comparison::less_equal: return order <= 0;
    case Comparison::greater: return order > 0;
    case Comparison::greater_equal: return order >= 0;
    default: return false;
  }
}

// A day is equal to all of its times; a point of time is that second.
bool compare_time(Comparison comparison, std::int64_t time, const Wanted& wanted) noexcept {
  const bool point = wanted.begin == wanted.end;
  const std::int64_t end = point ? wanted.begin + kSecondNs : wanted.end;
  switch (comparison) {
    case Comparison::equal: return time >= wanted.begin && time < end;
    case Comparison::unequal: return time < wanted.begin || time >= end;
    case Comparison::less: return time < wanted.begin;
    case Comparison::less_equal: return point ? time <= wanted.begin : time < wanted.end;
    case Comparison::greater: return point ? time > wanted.begin : time >= wanted.end;
    case Comparison::greater_equal: return time >= wanted.begin;
    default: return false;
  }
}

}  // namespace

Session::Truth Session::compare(const Filter::Compiled& test, const Seen& given) {
  Seen seen = given;
  if (test.shown) {
    seen.text = shown(seen.text);
    if (seen.text != given.text) seen.number.reset();
  }
  const auto order = [&](const Wanted& wanted) {
    // A number is compared as one, with a text that is one too; a text that looks like one only with a number that is not quoted.
    if (wanted.number && (seen.typed || !wanted.quoted)) {
      const auto number = seen.typed ? seen.number : number_of(seen.text);
      if (number) return order_of(*number, *wanted.number);
    }
    const int texts = seen.text.compare(wanted.text);
    return texts < 0 ? -1 : static_cast<int>(texts > 0);
  };
  // What is no number is neither less nor more than one, nor the same.
  const auto no_number = [&](const Wanted& wanted) {
    return wanted.number && seen.typed && seen.number && std::isnan(seen.number->real);
  };
  const auto truth = [](bool holds_) { return holds_ ? Truth::yes : Truth::no; };
  switch (test.comparison) {
    case Comparison::contains: return truth(holds(seen.text, test.values.front().text));
    case Comparison::starts_with: {
      const std::string_view part = test.values.front().text;
      return truth(seen.text.size() >= part.size() && same_letters(seen.text.substr(0, part.size()), part));
    }
    case Comparison::ends_with: {
      const std::string_view part = test.values.front().text;
      return truth(seen.text.size() >= part.size() && same_letters(seen.text.substr(seen.text.size() - part.size()), part));
    }
    case Comparison::matches: return truth(found(*test.regex, seen.text));
    case Comparison::in:
      return truth(std::any_of(test.values.begin(), test.values.end(),
                               [&](const Wanted& one) { return !no_number(one) && order(one) == 0; }));
    case Comparison::exists: return Truth::yes;
    default:
      if (no_number(test.values.front())) return truth(test.comparison == Comparison::unequal);
      return truth(ordered(test.comparison, order(test.values.front())));
  }
}

Session::Truth Session::test(const Filter::Compiled& test, const Record& record) {
  const bool exists = test.comparison == Comparison::exists;
  const auto text = [&](std::string_view value) {
    if (value.empty()) return exists ? Truth::no : Truth::unknown;
    return compare(test, {value, std::nullopt, false});
  };
  switch (test.own) {
    case Own::none: break;
    case Own::time:
      if (!record.time_known) return exists ? Truth::no : Truth::unknown;
      if (exists) return Truth::yes;
      return compare_time(test.comparison, record.time_ns, test.values.front()) ? Truth::yes : Truth::no;
    case Own::level: {
      if (exists) return Truth::yes;
      const int level = static_cast<int>(record.severity);
      if (test.comparison == Comparison::in)
        return std::any_of(test.values.begin(), test.values.end(), [&](const Wanted& one) { return one.level == level; })
                   ? Truth::yes
                   : Truth::no;
      return ordered(test.comparison, level - test.values.front().level) ? Truth::yes : Truth::no;
    }
    case Own::source: return text(record.source);
    case Own::message: return text(record.message.empty() ? record.raw : record.message);
    case Own::raw: return text(record.raw);
    case Own::host: return text(record.host);
    case Own::format: return text(record.format);
    case Own::kind: return text(record_kind_name(record.kind));
    case Own::line: {
      const auto line = static_cast<std::int64_t>(record.line);
      const std::string written = std::to_string(line);
      return compare(test, {written, Number{true, line, static_cast<double>(line)}, true});
    }
  }
  Truth best = Truth::unknown;
  bool there = false;
  const auto look = [&](const Value& value) {
    if (value.kind == Value::Kind::null) return;
    there = true;
    Seen seen{value.text(), std::nullopt, false};
    switch (value.kind) {
      case Value::Kind::integer:
        seen.number = Number{true, value.as_integer(), static_cast<double>(value.as_integer())};
        seen.typed = true;
        break;
      case Value::Kind::real:
        seen.number = Number{false, 0, value.as_real()};
        seen.typed = true;
        break;
      case Value::Kind::boolean:  // true is true, and 1
        seen.number = Number{true, value.as_boolean(), value.as_boolean() ? 1.0 : 0.0};
        seen.typed = true;
        break;
      default: break;
    }
    const Truth one = compare(test, seen);
    if (best != Truth::yes) best = one;
  };
  for (const Value& value : record) {
    if (value.field != test.field) continue;
    if (value.kind == Value::Kind::list)
      for (const Value& item : value.as_list()) look(item);
    else look(value);
    if (best == Truth::yes) break;
  }
  if (there && !test.seen.load(std::memory_order_relaxed)) test.seen.store(true, std::memory_order_relaxed);
  return exists ? (there ? Truth::yes : Truth::no) : best;
}

}  // namespace logystera::filter

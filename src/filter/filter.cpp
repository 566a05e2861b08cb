// See filter.hpp. A condition is compiled once: fields to their numbers, values to what they are compared as, expressions to automata.
// What is left for a record is a walk over its tests (session.cpp).
#include "filter/filter.hpp"

#include <fmt/core.h>
#include <re2/re2.h>

#include <algorithm>
#include <utility>

#include "core/printable.hpp"
#include "core/suggest.hpp"
#include "filter/compiled.hpp"
#include "filter/level_word.hpp"

namespace logystera::filter {
namespace {

constexpr std::int64_t kRegexBytes = 1 << 20;
constexpr std::size_t kRegexesMost = 32;
constexpr std::size_t kPatternBytes = 4096;
constexpr std::size_t kPseudonymDigits = redact::kPseudonymDigits;
constexpr std::array<std::string_view, 10> kOwn = {"",    "time", "level",  "source", "message",
                                                   "raw", "host", "format", "kind",   "line"};

// "ip_8390373f" anywhere in it: a pseudonym, or text that looks like one.
bool has_pseudonym(std::string_view text) noexcept {
  for (std::size_t at = text.find('_'); at != std::string_view::npos; at = text.find('_', at + 1)) {
    std::size_t digits = 0;
    while (at + 1 + digits < text.size()) {
      const char c = text[at + 1 + digits];
      if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) break;
      ++digits;
    }
    if (at > 0 && digits >= kPseudonymDigits) return true;
  }
  return false;
}

Result<std::unique_ptr<const re2::RE2>> compile(std::string_view regex) {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(kRegexBytes);
  // Over bytes, as rules do: an invalid byte in a line hides nothing behind it.
  if (std::all_of(regex.begin(), regex.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    options.set_encoding(re2::RE2::Options::EncodingLatin1);
  auto compiled = std::make_unique<const re2::RE2>(re2::StringPiece(regex.data(), regex.size()), options);
  if (!compiled->ok()) return Error{fmt::format("{} (RE2)", compiled->error()), ErrorKind::invalid};
  return compiled;
}

}  // namespace

std::string_view own_name(Own own) noexcept { return kOwn[static_cast<std::size_t>(own)]; }

Own own_from(std::string_view name) noexcept {
  if (same_letters(name, "severity")) return Own::level;
  for (std::size_t i = 1; i < kOwn.size(); ++i)
    if (same_letters(name, kOwn[i])) return static_cast<Own>(i);
  return Own::none;
}

Filter::Filter() = default;
Filter::~Filter() = default;

// A condition that was parsed becomes one that can be asked.
class Compiler {
 public:
  Compiler(const std::string& text, const Terms& terms) : text_(text), terms_(terms) {
    if (terms.rows_redacted) redactor_.emplace(terms.redaction);
  }

  Result<Done> compile(Filter& filter) {
    auto expression = parse_expression(kOption, text_);
    if (!expression) return expression.error();
    for (const Test& test : expression->tests) {
      auto compiled = one(test);
      if (!compiled) return compiled.error();
      filter.shows_ = filter.shows_ || compiled->shown;
      filter.tests_.push_back(std::move(compiled).value());
    }
    filter.nodes_ = std::move(expression->nodes);
    return Done{};
  }

 private:
  static constexpr std::string_view kOption = "where";

  Error wrong(std::size_t at, std::string_view what) const { return wrong_at(kOption, text_, at, what); }

  // A name near to one that is known is most likely misspelt.
  Result<Done> find_field(const Test& test, Filter::Compiled& compiled) const {
    std::string_view name = test.field;
    const bool explicitly = name.starts_with(kFieldPrefix) && name.size() > kFieldPrefix.size();
    if (explicitly) name.remove_prefix(kFieldPrefix.size());
    else if ((compiled.own = own_from(name)) != Own::none) return Done{};
    const auto unknown = [&](std::string_view near) {
      return wrong(test.at, fmt::format("there is no field {}{}{}", name,
                                        near.empty() ? std::string() : fmt::format(": did you mean {}?", near),
                                        terms_.fields.empty()
                                            ? fmt::format(" ({}{} is a field of that very name)", kFieldPrefix, name)
                                            : list_of_fields()));
    };
    std::vector<std::string_view> names(kOwn.begin() + 1, kOwn.end());
    if (!terms_.fields.empty()) {
      names.insert(names.end(), terms_.fields.begin(), terms_.fields.end());
      if (std::find(terms_.fields.begin(), terms_.fields.end(), name) == terms_.fields.end())
        return unknown(nearest_name(name, names));
    } else if (!explicitly) {
      for (FieldId id = 1; id < field::known_count_; ++id) names.push_back(terms_.names.name(id));
      const bool known =
          std::find(names.begin(), names.end(), name) != names.end() || terms_.names.find(name) != field::none;
      if (!known)
        if (const std::string_view near = nearest_name(name, names); !near.empty()) return unknown(near);
    }
    compiled.field = terms_.names.add(name);
    if (compiled.field == field::none)
      return wrong(test.at, fmt::format("names of fields have at most {} bytes", FieldNames::kNameBytes));
    return Done{};
  }

  std::string list_of_fields() const {
    std::string list = "; there are";
    for (std::size_t i = 1; i < kOwn.size(); ++i) list += fmt::format("{} {}", i > 1 ? "," : "", kOwn[i]);
    for (const std::string_view field : terms_.fields) list += fmt::format(", {}", field);
    return list;
  }

  Result<Filter::Compiled> one(const Test& test) {
    Filter::Compiled compiled;
    compiled.name = test.field;
    compiled.comparison = test.comparison;
    if (auto found = find_field(test, compiled); !found) return found.error();
    if (compiled.own == Own::time || compiled.own == Own::level) {
      const bool orders = test.comparison <= Comparison::greater_equal || test.comparison == Comparison::exists ||
                          (test.comparison == Comparison::in && compiled.own == Own::level);
      if (!orders)
        return wrong(test.at, fmt::format("{} is compared with =, !=, <, <=, > and >=, not with {}", own_name(compiled.own),
                                          comparison_name(test.comparison)));
    }
    for (const Literal& literal : test.values) {
      Wanted wanted;
      if (auto made = value(test, compiled, literal, wanted); !made) return made.error();
      compiled.values.push_back(std::move(wanted));
    }
    return compiled;
  }

  Result<Done> value(const Test& test, Filter::Compiled& compiled, const Literal& literal, Wanted& wanted) {
    wanted.text = literal.text;
    wanted.quoted = literal.quoted;
    if (compiled.own == Own::time) {
      auto moment = parse_moment(literal.text, terms_.now);
      if (!moment) return wrong(literal.at, moment.error().message);
      wanted.begin = moment->begin;
      wanted.end = moment->end;
      return Done{};
    }
    if (compiled.own == Own::level) return level(literal, wanted);
    if (test.comparison == Comparison::matches) {
      if (++regexes_ > kRegexesMost) return wrong(literal.at, fmt::format("more than {} expressions", kRegexesMost));
      auto regex = filter::compile(literal.text);
      if (!regex) return wrong(literal.at, regex.error().message);
      compiled.regex = std::move(regex).value();
    }
    if (redactor_) wanted.text = redactor_->redact(wanted.text, redact::Context::text, arena_);
    else compiled.shown = compiled.shown || has_pseudonym(wanted.text);
    const bool part = test.comparison >= Comparison::contains && test.comparison <= Comparison::ends_with;
    if (part) std::transform(wanted.text.begin(), wanted.text.end(), wanted.text.begin(), lower);
    else wanted.number = number_of(wanted.text);
    return Done{};
  }

  Result<Done> level(const Literal& literal, Wanted& wanted) const {
    const std::string_view name = level_word(literal.text);
    std::string list;
    for (std::size_t i = 0; i < terms_.levels.size(); ++i) {
      if (same_letters(name, terms_.levels[i]) && !name.empty()) {
        wanted.level = static_cast<int>(i);
        return Done{};
      }
      if (!terms_.levels[i].empty()) list += fmt::format("{}{}", list.empty() ? "" : ", ", terms_.levels[i]);
    }
    return wrong(literal.at, fmt::format("there is no level {}: write one of {}", literal.text, list));
  }

  const std::string& text_;
  const Terms& terms_;
  std::optional<redact::Redactor> redactor_;
  Arena arena_;
  std::size_t regexes_ = 0;
};

Result<std::shared_ptr<const Filter>> Filter::make(const Question& question, const Terms& terms) {
  std::shared_ptr<Filter> filter(new Filter);
  filter->names_ = &terms.names;
  filter->redaction_ = terms.redaction;
  if (!question.since.empty()) {
    auto since = parse_since("since", question.since, terms.now);
    if (!since) return since.error();
    filter->since_ = since.value();
  }
  if (!question.until.empty()) {
    auto until = parse_until("until", question.until, terms.now);
    if (!until) return until.error();
    filter->until_ = until.value();
  }
  if (filter->since_ && filter->until_ && *filter->since_ >= *filter->until_)
    return Error{fmt::format("until {}: ends before since {} begins, so nothing lies between: swap them",
                             printable(question.until), printable(question.since)),
                 ErrorKind::invalid};
  if (question.source.size() > kPatternBytes)
    return Error{fmt::format("source: longer than {} bytes", kPatternBytes), ErrorKind::too_large};
  filter->source_ = question.source;
  filter->source_is_pattern_ = !question.source.empty();
  if (!question.grep.empty()) {
    if (question.grep.size() > kPatternBytes)
      return Error{fmt::format("grep: longer than {} bytes", kPatternBytes), ErrorKind::too_large};
    auto regex = compile(question.grep);
    if (!regex)
      return Error{fmt::format("grep {}: {}", printable(question.grep), printable(regex.error().message)),
                   ErrorKind::invalid};
    filter->grep_ = std::move(regex).value();
    filter->grep_shown_ = !terms.rows_redacted && has_pseudonym(question.grep);
    filter->shows_ = filter->grep_shown_;
  }
  if (!question.where.empty())
    if (auto compiled = Compiler(question.where, terms).compile(*filter); !compiled) return compiled.error();
  return std::shared_ptr<const Filter>(std::move(filter));
}

std::vector<std::string> Filter::unseen_fields() const {
  std::vector<std::string> lines;
  std::vector<FieldId> said;
  for (const Compiled& test : tests_) {
    if (test.own != Own::none || test.seen.load(std::memory_order_relaxed)) continue;
    if (std::find(said.begin(), said.end(), test.field) != said.end()) continue;
    said.push_back(test.field);
    std::vector<std::string_view> names(kOwn.begin() + 1, kOwn.end());
    for (std::size_t id = 1; id < names_->size(); ++id)
      if (id != test.field) names.push_back(names_->name(static_cast<FieldId>(id)));
    const std::string_view near = nearest_name(names_->name(test.field), names);
    lines.push_back(fmt::format("where: no record has a field {}{}", test.name,
                                near.empty() ? std::string() : fmt::format(": did you mean {}?", near)));
  }
  return lines;
}

}  // namespace logystera::filter

#include "detect/rule.hpp"

#include <algorithm>

#include "core/service.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

bool listed(const std::vector<std::string>& names, std::string_view text) noexcept {
  if (names.empty()) return true;
  for (const std::string& name : names)
    if (equal_folded(name, text)) return true;
  return false;
}

// A program by its written name, or by the service it belongs to: "sshd" takes in "sshd-session".
bool listed_program(const std::vector<std::string>& names, std::string_view program) noexcept {
  return listed(names, program) || listed(names, service_of(program));
}

bool recognises(const ScopeChoice& choice, const Record& record) noexcept {
  if (choice.kinds != 0 && !(choice.kinds >> static_cast<unsigned>(record.kind) & 1)) return false;
  if (!listed(choice.formats, record.format)) return false;
  if (!choice.programs.empty() && !listed_program(choice.programs, record.text(field::program))) return false;
  if (!choice.channels.empty() && !listed(choice.channels, record.text(field::Channel))) return false;
  if (!choice.providers.empty() && !listed(choice.providers, record.text(field::Provider_Name))) return false;
  if (!choice.event_types.empty() && !listed(choice.event_types, record.text(field::event_type))) return false;
  if (!choice.event_ids.empty()) {
    const Value* id = record.find(field::EventID);
    double number = 0;
    if (!id || !number_of(*id, number)) return false;
    const auto is = [number](std::int64_t wanted) { return static_cast<double>(wanted) == number; };
    if (std::none_of(choice.event_ids.begin(), choice.event_ids.end(), is)) return false;
  }
  if (choice.absolute_url && record.text(field::url).find("://") == std::string_view::npos &&
      !equal_ignoring_case(record.text(field::method), "CONNECT"))
    return false;
  return true;
}

// A rule for "linux" takes in a source declared "linux/sshd", not the other way round.
bool covers(const Logsource& rule, const Logsource& declared) noexcept {
  const auto part = [](const std::string& wanted, const std::string& said) {
    return wanted.empty() || equal_folded(wanted, said);
  };
  return part(rule.product, declared.product) && part(rule.category, declared.category) &&
         part(rule.service, declared.service);
}

}  // namespace

std::string_view compare_name(Compare compare) noexcept {
  constexpr std::string_view names[] = {"lt", "lte", "gt", "gte", "eq", "neq"};
  return names[static_cast<std::size_t>(compare)];
}

bool holds(double value, Compare compare, double bound) noexcept {
  switch (compare) {
    case Compare::less: return value < bound;
    case Compare::less_equal: return value <= bound;
    case Compare::greater: return value > bound;
    case Compare::greater_equal: return value >= bound;
    case Compare::equal: return value == bound;
    case Compare::not_equal: return value != bound;
  }
  return false;
}

Expression Expression::of(Test value) {
  Expression expression;
  expression.kind = Kind::test;
  expression.test = std::make_shared<const Test>(std::move(value));
  return expression;
}

Expression Expression::every(std::vector<Expression> children) {
  if (children.size() == 1) return std::move(children.front());
  Expression expression;
  expression.kind = Kind::all;
  expression.children = std::move(children);
  return expression;
}

Expression Expression::some(std::vector<Expression> children) {
  if (children.size() == 1) return std::move(children.front());
  Expression expression;
  expression.kind = Kind::any;
  expression.children = std::move(children);
  return expression;
}

Expression Expression::negate(Expression child) {
  Expression expression;
  expression.kind = Kind::negation;
  expression.children.push_back(std::move(child));
  return expression;
}

std::string Logsource::describe() const {
  const auto part = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
  std::string text = part(product);
  if (!category.empty() || !service.empty()) text += "/" + part(category);
  if (!service.empty()) text += "/" + service;
  return text;
}

bool in_scope(const Scope& scope, const Record& record, const Logsource& declared) noexcept {
  if (scope.everything()) return true;
  if (!declared.empty() && !scope.logsource.empty() && covers(scope.logsource, declared)) return true;
  return std::any_of(scope.choices.begin(), scope.choices.end(),
                     [&record](const ScopeChoice& choice) { return recognises(choice, record); });
}

bool Window::fires_at_once() const noexcept {
  if (kind == Kind::average || kind == Kind::percentile) return false;
  return std::all_of(bounds.begin(), bounds.end(), [](const Bound& bound) {
    return bound.compare == Compare::greater || bound.compare == Compare::greater_equal;
  });
}

std::string_view alert_kind_name(AlertBlock::Kind kind) noexcept {
  constexpr std::string_view names[] = {"episode", "condition", "none"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view document_kind_name(DocumentReport::Kind kind) noexcept {
  constexpr std::string_view names[] = {"rule", "Sigma rule", "Sigma correlation", "Sigma filter", "document"};
  return names[static_cast<std::size_t>(kind)];
}

std::size_t RuleSet::refused() const noexcept {
  return static_cast<std::size_t>(
      std::count_if(documents.begin(), documents.end(), [](const DocumentReport& report) { return !report.loaded; }));
}

const Rule* RuleSet::find(std::string_view id) const noexcept {
  for (const Rule& rule : rules)
    if (rule.id == id) return &rule;
  return nullptr;
}

}  // namespace logystera::detect

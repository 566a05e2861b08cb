#include "metric/plan.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "metric/labels.hpp"

namespace logystera::metric {
namespace {

std::optional<double> number_of(const Value* value) noexcept {
  if (!value) return std::nullopt;
  if (value->is_number()) return value->as_real();
  if (value->kind == Value::Kind::boolean) return value->as_boolean() ? 1 : 0;
  return std::nullopt;
}

bool holds(const Condition& condition, const Value* value) noexcept {
  const bool absent = !value || value->kind == Value::Kind::null;
  const std::string_view text = absent ? std::string_view() : value->text();
  if (!condition.texts.empty()) {
    const bool one = std::find(condition.texts.begin(), condition.texts.end(), text) != condition.texts.end();
    if (one == condition.negated) return false;
  }
  if (!condition.prefix.empty() && !text.starts_with(condition.prefix)) return false;
  if (condition.min || condition.max) {
    const auto number = number_of(value);
    if (!number || (condition.min && *number < *condition.min) || (condition.max && *number > *condition.max)) return false;
  }
  if (condition.empty) {
    const bool empty = absent || (value->kind == Value::Kind::list ? value->as_list().size == 0 : text.empty());
    if (empty != *condition.empty) return false;
  }
  return true;
}

// 404 is 4xx; what is no three-digit number stays what it is.
std::string_view hundreds_of(std::string_view text, char (&room)[3]) noexcept {
  if (text.size() != 3 || text[0] < '0' || text[0] > '9') return text;
  room[0] = text[0], room[1] = 'x', room[2] = 'x';
  return {room, 3};
}

}  // namespace

Plan::Plan(Definitions definitions, FieldNames& names) : definitions_(std::move(definitions)) {
  for (std::uint32_t i = 0; i < definitions_.all().size(); ++i) {
    const Definition& definition = definitions_.all()[i];
    Compiled& made = compiled_.emplace_back();
    for (const Condition& condition : definition.conditions) made.conditions.push_back(names.add(condition.label));
    for (const Label& label : definition.labels) {
      made.labels.push_back(label.label == "event_type" ? static_cast<FieldId>(field::event_type) : names.add(label.label));
      add_label(made.other, label.name, kOther);
    }
    if (!definition.value.empty()) made.value = names.add(definition.value);
    if (definition.event_types.empty()) of_any_.push_back(i);
    for (const std::string& type : definition.event_types) by_type_[type].push_back(i);
  }
  for (auto& [type, metrics] : by_type_) metrics.insert(metrics.end(), of_any_.begin(), of_any_.end());
}

const std::vector<std::uint32_t>& Plan::of_type(std::string_view event_type) const noexcept {
  const auto found = by_type_.find(event_type);
  return found == by_type_.end() ? of_any_ : found->second;
}

bool Plan::measure(std::uint32_t metric, const Record& record, std::string& labels, Measurement& out) const {
  const Definition& definition = definitions_.all()[metric];
  const Compiled& compiled = compiled_[metric];
  for (std::size_t i = 0; i < compiled.conditions.size(); ++i)
    if (!holds(definition.conditions[i], record.find(compiled.conditions[i]))) return false;
  labels.clear();
  for (std::size_t i = 0; i < compiled.labels.size(); ++i) {
    char room[3];
    std::string_view value = record.text(compiled.labels[i]);
    if (definition.labels[i].hundreds) value = hundreds_of(value, room);
    if (value.size() > kLabelValueBytes) {
      out.long_label = true;
      value = kOther;
    }
    add_label(labels, definition.labels[i].name, value);
  }
  if (compiled.value == field::none) return true;
  const auto number = number_of(record.find(compiled.value));
  const double thousandths = number ? std::round(*number / definition.divide * static_cast<double>(kThousandths)) : -1;
  out.bad_value = !(thousandths >= 0 && thousandths <= static_cast<double>(kValueMost));
  if (!out.bad_value) out.value = static_cast<std::int64_t>(thousandths);
  return true;
}

}  // namespace logystera::metric

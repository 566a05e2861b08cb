// Sigma correlations (correlation rules specification 2.1.0): windows over other rules.
#include <algorithm>
#include <optional>

#include "detect/sigma/document.hpp"
#include "detect/taxonomy.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;

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
      notes.refuse(entry.value.at, "'" + entry.key + "' must be a number");
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

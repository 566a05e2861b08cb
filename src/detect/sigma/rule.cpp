// Sigma rules and filters (Sigma rules specification 2.1.0): detections become expressions (detections.hpp), the condition joins
// them (condition.hpp), and with a legacy aggregation a window counts them (aggregation.hpp).
#include <optional>

#include "detect/sigma/aggregation.hpp"
#include "detect/sigma/document.hpp"
#include "detect/taxonomy.hpp"
#include "detect/text.hpp"

namespace logystera::detect {
namespace {

using yaml::Node;
using yaml::Position;

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
    if (!read_aggregation(parser, std::move(expression), draft.rule.scope.logsource, detections, used, window, hits))
      return;
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

}  // namespace logystera::detect

#include "detect/sigma/document.hpp"

#include <optional>

#include "detect/text.hpp"

namespace logystera::detect {

using yaml::Node;

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

}  // namespace logystera::detect

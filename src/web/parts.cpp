#include "web/parts.hpp"

#include <algorithm>
#include <utility>

namespace logystera::web {

void add_badge(View& view, std::string_view look, std::string_view icon, std::string_view word) {
  view.text("level", look).text("level_icon", icon).text("level_word", word);
}

void add_level(View& view, Level level) {
  constexpr std::string_view kWords[kLevels] = {"Informational", "Low", "Medium", "High", "Critical"};
  add_badge(view, level_name(level), level_name(level), kWords[static_cast<std::size_t>(level)]);
}

void add_severity(View& view, Severity severity) {
  switch (severity) {
    case Severity::critical: return add_badge(view, "critical", "critical", "Critical");
    case Severity::error: return add_badge(view, "error", "high", "Error");
    case Severity::warning: return add_badge(view, "warning", "medium", "Warning");
    case Severity::info: return add_badge(view, "informational", "informational", "Info");
    case Severity::debug: return add_badge(view, "informational", "informational", "Debug");
  }
}

std::vector<View> lines_of(std::string_view text) {
  std::vector<View> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    View row;
    row.text("line", line);
    lines.push_back(std::move(row));
  }
  return lines;
}

void add_texts(View& view, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) {
    view.flag(name, false);
    return;
  }
  std::vector<View> rows;
  for (const std::string& text : texts) {
    View row;
    row.text("text", text);
    rows.push_back(std::move(row));
  }
  View list;
  list.rows("list", std::move(rows));
  view.view(name, std::move(list));
}

}  // namespace logystera::web

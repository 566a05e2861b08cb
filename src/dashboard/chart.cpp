#include "dashboard/chart.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/printable.hpp"

namespace logystera::dashboard {
namespace {

constexpr double kHeight = 100;                // of the drawing; it is stretched to its place
constexpr double kColumnWidth = 20, kGap = 5;  // of which the gap is between two bars
constexpr double kLeast = 1.5;                 // of a bar that is not nothing, so that it is seen

web::View drawn(const Chart& chart, const Chart::Column& column, std::size_t number, double top) {
  std::vector<web::View> parts;
  std::string words;
  double below = kHeight;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (column.values[i] == 0) continue;
    const double height = std::max(kLeast, static_cast<double>(column.values[i]) / top * kHeight);
    below -= height;
    web::View part;
    part.text("kind", chart.series[i].kind)
        .text("x", fmt::format("{:.1f}", static_cast<double>(number) * kColumnWidth + kGap / 2));
    part.text("y", fmt::format("{:.2f}", std::max(0.0, below))).text("h", fmt::format("{:.2f}", height));
    part.text("w", fmt::format("{:.1f}", kColumnWidth - kGap));
    parts.push_back(std::move(part));
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", grouped(column.values[i]), chart.series[i].label);
  }
  web::View view;
  view.rows("parts", std::move(parts)).text("words", column.label + ": " + (words.empty() ? "nothing" : words));
  return view;
}

web::View listed(const Chart::Column& column) {
  std::vector<web::View> cells;
  for (const std::uint64_t value : column.values) {
    web::View cell;
    cell.number("value", value);
    cells.push_back(std::move(cell));
  }
  web::View view;
  view.text("label", column.label).text("href", column.href).time("moment", column.moment).rows("cells", std::move(cells));
  view.number("all", std::accumulate(column.values.begin(), column.values.end(), std::uint64_t{0}));
  return view;
}

}  // namespace

std::uint64_t axis_top(std::uint64_t most) {
  constexpr std::uint64_t kSteps[] = {1, 2, 5}, kLast = UINT64_MAX / 10;
  for (std::uint64_t ten = 1;; ten *= 10) {
    for (const std::uint64_t step : kSteps) {
      if (step * ten >= most || ten >= kLast / 5) return std::max(step * ten, most);
    }
  }
}

web::View Chart::view() const {
  std::uint64_t most = 0;
  for (const Column& column : columns) {
    most = std::max(most, std::accumulate(column.values.begin(), column.values.end(), std::uint64_t{0}));
  }
  const std::uint64_t top = std::max<std::uint64_t>(2, axis_top(most));
  std::vector<web::View> bars, lines, legend;
  for (std::size_t i = 0; i < columns.size(); ++i) bars.push_back(drawn(*this, columns[i], i, static_cast<double>(top)));
  for (auto column = columns.rbegin(); column != columns.rend(); ++column) lines.push_back(listed(*column));
  for (const Series& each : series) {
    web::View row;
    row.text("kind", each.kind).text("label", each.label);
    legend.push_back(std::move(row));
  }
  web::View view;
  view.number("top", top)
      .text("middle", top % 2 == 0 ? grouped(top / 2) : fmt::format("{:.1f}", static_cast<double>(top) / 2));
  view.text("width", fmt::format("{}", static_cast<double>(columns.size()) * kColumnWidth));
  view.text("summary", summary).text("unit", unit);
  if (!columns.empty()) {
    view.text("first", columns.front().label)
        .text("half", columns[columns.size() / 2].label)
        .text("last", columns.back().label);
  }
  view.rows("columns", std::move(bars)).rows("lines", std::move(lines)).rows("legend", std::move(legend));
  return view;
}

}  // namespace logystera::dashboard

#include "dashboard/chart.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/printable.hpp"

namespace logystera::dashboard {
namespace {

constexpr double kHeight = 100;                // of the drawing; it is stretched to its place
constexpr double kColumnWidth = 20, kGap = 5;  // of which the gap is between two bars
constexpr double kLeast = 1.5;                 // of a bar that is not nothing, so that it is seen
constexpr std::uint64_t kTopOfCounts = 2;      // at least, so that half of it is a whole number
constexpr std::uint64_t kTopOfFractions = 10;

std::uint64_t sum_of(const Chart::Column& column) {
  std::uint64_t sum = 0;
  for (const auto& value : column.values) sum += std::min(value.value_or(0), UINT64_MAX - sum);
  return sum;
}

web::View drawn(const Chart& chart, const Chart::Column& column, std::size_t number, double top) {
  std::vector<web::View> parts;
  std::string words;
  double below = kHeight;
  for (std::size_t i = 0; i < column.values.size(); ++i) {
    if (!column.values[i]) continue;
    const std::uint64_t value = *column.values[i];
    if (value == 0 && chart.counts) continue;
    words += fmt::format("{}{} {}", words.empty() ? "" : ", ", decimal(value, chart.scale), chart.series[i].label);
    if (value == 0) continue;
    const double height = std::max(kLeast, static_cast<double>(value) / top * kHeight);
    below -= height;
    web::View part;
    part.text("kind", chart.series[i].kind)
        .text("x", fmt::format("{:.1f}", static_cast<double>(number) * kColumnWidth + kGap / 2));
    part.text("y", fmt::format("{:.2f}", std::max(0.0, below))).text("h", fmt::format("{:.2f}", height));
    part.text("w", fmt::format("{:.1f}", kColumnWidth - kGap));
    parts.push_back(std::move(part));
  }
  web::View view;
  view.rows("parts", std::move(parts)).text("words", column.label + ": " + (words.empty() ? "nothing" : words));
  view.time("moment", column.moment).text("from", fmt::format("{:.0f}", static_cast<double>(number) * kColumnWidth));
  view.text("across", fmt::format("{:.0f}", kColumnWidth));
  return view;
}

web::View listed(const Chart& chart, const Chart::Column& column) {
  std::vector<web::View> cells;
  for (const auto& value : column.values) {
    web::View cell;
    cell.text("value", value ? decimal(*value, chart.scale) : "–");
    cells.push_back(std::move(cell));
  }
  web::View view;
  view.text("label", column.label).text("href", column.href).time("moment", column.moment).rows("cells", std::move(cells));
  view.text("all", decimal(sum_of(column), chart.scale));
  return view;
}

web::View mark(const Chart::Column& column) {
  web::View view;
  view.text("label", column.label).time("moment", column.moment);
  return view;
}

// Of the axis: a round number above every column.
std::uint64_t top_of(const Chart& chart) {
  std::uint64_t most = 0;
  bool whole = true;
  for (const Chart::Column& column : chart.columns) {
    most = std::max(most, sum_of(column));
    for (const auto& value : column.values) whole = whole && value.value_or(0) % chart.scale == 0;
  }
  return std::max(whole ? kTopOfCounts * chart.scale : kTopOfFractions, axis_top(most));
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

std::string decimal(std::uint64_t value, std::uint64_t scale) {
  std::string text = grouped(value / scale);
  if (value % scale == 0) return text;
  text += fmt::format(".{:03}", value % scale);
  return text.substr(0, text.find_last_not_of('0') + 1);
}

web::View Chart::view() const {
  const std::uint64_t top = top_of(*this);
  std::vector<web::View> bars, lines, legend, axis;
  for (std::size_t i = 0; i < columns.size(); ++i) bars.push_back(drawn(*this, columns[i], i, static_cast<double>(top)));
  for (auto column = columns.rbegin(); column != columns.rend(); ++column) lines.push_back(listed(*this, *column));
  for (const Series& each : series) {
    web::View row;
    row.text("kind", each.kind).text("label", each.label);
    legend.push_back(std::move(row));
  }
  web::View view;
  view.text("top", decimal(top, scale)).text("middle", decimal(top / 2, scale) + (top % 2 == 0 ? "" : ".5"));
  view.text("width", fmt::format("{}", static_cast<double>(columns.size()) * kColumnWidth));
  view.text("summary", summary).text("unit", unit).flag("with_all", counts && series.size() > 1);
  if (!columns.empty())
    for (const Column* column : {&columns.front(), &columns[columns.size() / 2], &columns.back()})
      axis.push_back(mark(*column));
  view.rows("columns", std::move(bars)).rows("lines", std::move(lines)).rows("legend", std::move(legend));
  view.rows("axis", std::move(axis));
  return view;
}

}  // namespace logystera::dashboard

// Stacked bars as SVG and the same numbers as a table: the template `chart` draws both of what is here. Where scripts run, moments are
// in the reader's zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "web/view.hpp"

namespace logystera::dashboard {

struct Chart {
  struct Series {
    std::string_view kind;  // of the colour: "critical", "accepted"
    std::string_view label;
  };
  struct Column {
    std::string label;                                 // "27 Nov", or "20:00 UTC" of a moment
    std::string href = {};                             // of what it counts; empty: none
    std::int64_t moment = 0;                           // where it begins, unix seconds; 0: it is not shown as one
    std::vector<std::optional<std::uint64_t>> values;  // one a series, the lowest of the stack first; none: not measured
  };

  std::string_view unit;  // what a column is: "Day"
  std::string summary;    // for those who do not see it
  std::vector<Series> series;
  std::vector<Column> columns;
  std::uint64_t scale = 1;  // what a value of one is: 1, or 1000 where values are thousandths
  bool counts = true;       // values of a column add up, and 0 is nothing; else they are measurements

  web::View view() const;
};

/// The smallest of 1, 2, 5, 10, 20, 50 … that `most` fits under.
std::uint64_t axis_top(std::uint64_t most);

/// "1,234.5": `scale` as in Chart.
std::string decimal(std::uint64_t value, std::uint64_t scale);

}  // namespace logystera::dashboard

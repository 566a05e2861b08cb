// Stacked bars as SVG and the same numbers as a table: the template `chart` draws both of what is here.
#pragma once

#include <cstdint>
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
    std::string label;                  // "27 Nov"
    std::string href = {};              // of what it counts; empty: none
    std::int64_t moment = 0;            // for the table instead of `label`, unix seconds; 0: none
    std::vector<std::uint64_t> values;  // one a series, the lowest of the stack first
  };

  std::string_view unit;  // what a column is: "Day"
  std::string summary;    // for those who do not see it
  std::vector<Series> series;
  std::vector<Column> columns;

  web::View view() const;
};

/// The smallest of 1, 2, 5, 10, 20, 50 … that `most` fits under.
std::uint64_t axis_top(std::uint64_t most);

}  // namespace logystera::dashboard

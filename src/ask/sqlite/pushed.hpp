// Conditions of a statement that are asked of records before they are redacted and become rows.
//
// SQLite checks every condition again on the row, so what is pushed down may let too much through and must never hold anything back.
// That is why a text that may be a replacement ("ip_8390373f") is not pushed, and why a value that redaction may change passes any
// comparison with a number.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analysis/program.hpp"
#include "ask/columns.hpp"
#include "core/record.hpp"

namespace logystera::ask {

/// How xBestIndex tells xFilter what it may use: the operators of SQLite that are understood here.
bool can_push(const Column& column, unsigned char op) noexcept;

class Pushed {
 public:
  Pushed(analysis::Zone zone, bool redacted) : zone_(std::move(zone)), redacted_(redacted) {}

  /// `column OP value`.
  void add(const Column& column, int op, sqlite3_value* value);
  bool empty() const noexcept { return tests_.empty(); }
  /// Whether the record may be a row. Safe for concurrent use.
  bool may_be(const Record& record) const;
  /// Whether records of that source may be.
  bool may_be_of(const std::string& source) const;

 private:
  struct Test {
    filter::Own own = filter::Own::none;
    FieldId field = field::none;
    int op = 0;
    bool number = false;  // compared with `real`, else with `text`
    double real = 0;
    std::string text;
    std::int64_t from_ns = INT64_MIN, until_ns = INT64_MAX;  // of time: at or after, and before
  };
  static bool passes(const Test& test, const Record& record);
  bool bound_time(Test& test, std::string_view text) const;

  const analysis::Zone zone_;
  const bool redacted_;
  std::vector<Test> tests_;
};

/// A level's place among the levels; nothing for another text. In any case.
std::optional<int> level_order(std::string_view name) noexcept;

}  // namespace logystera::ask

// Conditions of a statement that are asked of records before they are redacted and become rows.
//
// SQLite checks every condition again on the row, so what is pushed down may let too much through and must never hold anything back:
// only what is compared as the row shows it may decide. That is why a text that may be a replacement ("ip_8390373f") is not pushed, why
// a value that redaction may change passes any comparison with a number, and why a collation that is not the column's own, and fields
// that are redacted whatever they hold, are left to SQLite.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/program.hpp"
#include "ask/columns.hpp"
#include "core/record.hpp"

namespace logystera::ask {

/// `column IN (…)`, beside the operators of SQLite.
inline constexpr int kOneOf = 1;

/// How a column is compared where a statement says nothing else.
const char* own_collation(const Column& column) noexcept;

/// Whether `column OP …`, compared by that collation, may be pushed: OP is one of SQLite's, or kOneOf.
bool can_push(const Column& column, int op, std::string_view collation, bool redacted) noexcept;

class Pushed {
 public:
  Pushed(analysis::Zone zone, bool redacted) : zone_(std::move(zone)), redacted_(redacted) {}

  /// `column OP value`, with a list of values for kOneOf.
  void add(const Column& column, int op, sqlite3_value* value);
  bool empty() const noexcept { return tests_.empty(); }
  /// Whether the record may be a row. Safe for concurrent use.
  bool may_be(const Record& record) const;
  /// Whether records of a source may be that is shown so.
  bool may_be_of(std::string_view source) const;

 private:
  struct Test {
    filter::Own own = filter::Own::none;
    FieldId field = field::none;
    int op = 0;
    bool number = false;                                     // compared with numbers, else with texts
    std::set<double> reals;                                  // one, or those of a list
    std::set<std::string, std::less<>> texts;                // likewise
    std::int64_t from_ns = INT64_MIN, until_ns = INT64_MAX;  // of time: at or after, and before
  };
  static bool passes(const Test& test, const Record& record);
  static bool holds(const Test& test, double value);
  static bool holds(const Test& test, std::string_view value);
  bool take(const Column& column, Test& test, sqlite3_value* value) const;
  bool take_list(const Column& column, Test& test, sqlite3_value* list) const;
  bool bound_time(Test& test, std::string_view text) const;

  const analysis::Zone zone_;
  const bool redacted_;
  std::vector<Test> tests_;
};

/// A level's place among the levels, by its name or a word that is short for it, in any case; nothing for another text.
std::optional<int> level_order(std::string_view name) noexcept;

}  // namespace logystera::ask

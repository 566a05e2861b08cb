// The table `log`: a virtual table of SQLite whose rows are the records of logs.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ask/columns.hpp"
#include "ask/logs.hpp"
#include "core/result.hpp"

namespace logystera::ask {

/// What the table is made of, and what reading it has to say. Outlives the connection.
struct LogTable {
  const Logs& logs;
  std::vector<Column> columns = {};
  std::function<bool()> stop = {};                             // ends reading early
  std::function<std::string(const std::string&)> redact = {};  // as texts of a statement are; null: as they are
  std::vector<std::string> problems = {};                      // of readings that came to their end, once each
  std::uint64_t records_read = 0;
  std::size_t readings = 0;

  bool redacted() const noexcept;
  /// The name of a source as it is shown, and compared.
  const std::string& shown_source(std::string_view source);

  std::map<std::string, std::string, std::less<>> shown_sources = {};  // by name
};

/// Adds it to a connection under its name, without a statement.
Result<Done> add_log_table(sqlite3* database, LogTable& table);

/// "CREATE TABLE log (…)": `readable`: for a person, a column a line.
std::string declaration_of(const std::vector<Column>& columns, bool readable);

}  // namespace logystera::ask

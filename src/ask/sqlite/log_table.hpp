// The table `log`: a virtual table of SQLite whose rows are the records of logs.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "ask/columns.hpp"
#include "ask/logs.hpp"
#include "core/result.hpp"

namespace logystera::ask {

/// What the table is made of, and what reading it has to say. Outlives the connection.
struct LogTable {
  const Logs& logs;
  std::vector<Column> columns;
  std::function<bool()> stop;         // ends reading early
  std::vector<std::string> problems;  // of readings that came to their end, once each
  std::uint64_t records_read = 0;
  std::size_t readings = 0;
};

/// Adds it to a connection under its name, without a statement.
Result<Done> add_log_table(sqlite3* database, LogTable& table);

/// "CREATE TABLE log (…)": `readable`: for a person, a column a line.
std::string declaration_of(const std::vector<Column>& columns, bool readable);

}  // namespace logystera::ask

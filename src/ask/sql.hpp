// SQL over logs: one table, `log`, whose rows are the records. Rows are read while the statement runs; what a condition says of time,
// level, source and fields is asked of the records before anything else is made of them, and of the rest only the columns a statement
// names are redacted. Nothing can be written, attached or loaded, and a statement has bounds of time and memory.
//
// A text between single quotes is redacted as values are, so an address somebody knows is found by writing it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ask/columns.hpp"
#include "ask/logs.hpp"
#include "core/result.hpp"

namespace logystera::ask {

inline constexpr std::size_t kStatementBytes = 64 * 1024;
inline constexpr const char* kTable = "log";

struct SqlLimits {
  std::chrono::milliseconds time{10 * 60 * 1000};
  std::uint64_t memory_bytes = 512ull << 20;  // of SQLite; what a batch of records takes comes on top
};

/// A value of a result. `text` lives until the next row.
struct Cell {
  enum class Kind : std::uint8_t { null, integer, real, text };
  Kind kind = Kind::null;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
};

/// Who gets the result. False: no more is wanted.
class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual bool begin(const std::vector<std::string>& columns) = 0;
  virtual bool row(std::span<const Cell> cells) = 0;
};

class Sql {
 public:
  /// Looks at the beginning of the logs for their columns. `statement` is what will be asked. `stop` ends a statement early.
  static Result<std::unique_ptr<Sql>> open(const Logs& logs, std::string_view statement, const SqlLimits& limits,
                                           std::function<bool()> stop);
  virtual ~Sql() = default;

  /// "CREATE TABLE log (…);", a column a line.
  virtual std::string schema() const = 0;
  /// One SELECT. Errors name the place in `statement` where there is one.
  virtual Result<Done> run(std::string_view statement, RowSink& sink) = 0;

  /// What could not be read, and how many records were, by what has been run.
  virtual std::vector<std::string> problems() const = 0;
  virtual std::uint64_t records_read() const = 0;
};

}  // namespace logystera::ask

// See ask/sql.hpp. A connection to a database in memory that holds nothing but the table `log`, with everything off that reaches beyond
// it.
#include "ask/sql.hpp"

#include <fmt/core.h>
#include <re2/re2.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <utility>

#include "analysis/tracking.hpp"
#include "ask/sqlite/log_table.hpp"
#include "ask/sqlite/pushed.hpp"
#include "ask/statement.hpp"
#include "core/suggest.hpp"
#include "detect/error_text.hpp"
#include "detect/grouping.hpp"
#include "filter/expression.hpp"
#include "redact/redactor.hpp"

namespace logystera::ask {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kOpsBetweenLooks = 10'000;  // of SQLite's machine
constexpr std::int64_t kRegexBytes = 1 << 20;
constexpr std::string_view kOption = "SQL";

constexpr std::array<std::pair<int, int>, 8> kSqliteLimits = {{
    {SQLITE_LIMIT_LENGTH, 64 << 20},
    {SQLITE_LIMIT_SQL_LENGTH, 4 << 20},  // of what declares the table as well: names of fields are as long as they like
    {SQLITE_LIMIT_EXPR_DEPTH, 200},
    {SQLITE_LIMIT_COMPOUND_SELECT, 50},
    {SQLITE_LIMIT_ATTACHED, 0},
    {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 4096},
    {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
    {SQLITE_LIMIT_WORKER_THREADS, 0},
}};

// A statement reads, and calls functions that stay within it.
int authorize(void*, int action, const char*, const char* name, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return SQLITE_OK;
    case SQLITE_FUNCTION: return name && std::string_view(name) == "load_extension" ? SQLITE_DENY : SQLITE_OK;
    default: return SQLITE_DENY;
  }
}

// Levels in their order; other texts stand behind them.
int compare_levels(void*, int a_size, const void* a_text, int b_size, const void* b_text) {
  const std::string_view a(static_cast<const char*>(a_text), static_cast<std::size_t>(a_size));
  const std::string_view b(static_cast<const char*>(b_text), static_cast<std::size_t>(b_size));
  const auto a_level = level_order(a), b_level = level_order(b);
  if (a_level && b_level) return *a_level - *b_level;
  if (a_level.has_value() != b_level.has_value()) return a_level ? -1 : 1;
  return a.compare(b);
}

// `text REGEXP pattern`. The pattern of a statement is compiled once.
void regexp(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* pattern = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[1]));
  if (!pattern || !text) return sqlite3_result_null(context);
  const re2::StringPiece subject(text, static_cast<std::size_t>(sqlite3_value_bytes(values[1])));
  auto* compiled = static_cast<re2::RE2*>(sqlite3_get_auxdata(context, 0));
  const bool made = compiled == nullptr;
  if (made) {
    re2::RE2::Options options(re2::RE2::Quiet);
    options.set_max_mem(kRegexBytes);
    compiled = new re2::RE2(pattern, options);
    if (!compiled->ok()) {
      const std::string why = "the expression '" + std::string(pattern) + "': " + compiled->error() + " (RE2)";
      delete compiled;
      return sqlite3_result_error(context, why.c_str(), -1);
    }
  }
  sqlite3_result_int(context, re2::RE2::PartialMatch(subject, *compiled));
  // The last use: SQLite may call the destructor at once.
  if (made) sqlite3_set_auxdata(context, 0, compiled, [](void* regex) { delete static_cast<re2::RE2*>(regex); });
}

// pattern(text): what is the same in texts like it, as errors are grouped by it.
void pattern(sqlite3_context* context, int, sqlite3_value** values) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(values[0]));
  if (!text) return sqlite3_result_null(context);
  const auto& kinds = *static_cast<const std::vector<std::string>*>(sqlite3_user_data(context));
  const std::string_view whole(text, static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
  const std::string shown = detect::message_template(detect::spoken_text(whole), kinds).shown();
  sqlite3_result_text(context, shown.data(), static_cast<int>(shown.size()), SQLITE_TRANSIENT);
}

struct CloseStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
struct CloseDatabase {
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};

std::string redacted(redact::Redactor& redactor, const std::string& text) {
  Arena arena;
  return std::string(redactor.redact(text, redact::Context::text, arena));
}

class SqliteSql final : public Sql {
 public:
  SqliteSql(const Logs& logs, const SqlLimits& limits, std::function<bool()> stop)
      : logs_(logs), limits_(limits), stop_(std::move(stop)), table_{logs} {
    const analysis::PipelineOptions& pipeline = logs.program().pipeline();
    if (pipeline.mode != redact::Mode::dry_run) redactor_.emplace(pipeline.redaction());
    kinds_ = analysis::pseudonym_kinds(pipeline.patterns);
  }
  ~SqliteSql() override { sqlite3_hard_heap_limit64(0); }

  Result<Done> start(std::string_view statement) {
    table_.columns = columns_of(logs_, read(statement).names);
    table_.stop = [this] { return late() || stop_(); };
    if (redactor_) table_.redact = [this](const std::string& text) { return redacted(*redactor_, text); };
    sqlite3* opened = nullptr;
    const int code =
        sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(opened);
    if (code != SQLITE_OK) return Error{fmt::format("SQLite: {}", sqlite3_errstr(code))};
    for (const auto& [limit, most] : kSqliteLimits) sqlite3_limit(opened, limit, most);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    // "GET" is a column that is not there, and not a text: a name that is misspelt must not be compared with itself.
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
    sqlite3_hard_heap_limit64(static_cast<sqlite3_int64>(limits_.memory_bytes));
    sqlite3_create_collation_v2(opened, "severity", SQLITE_UTF8, nullptr, compare_levels, nullptr);
    sqlite3_create_function_v2(opened, "regexp", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, regexp, nullptr, nullptr,
                               nullptr);
    sqlite3_create_function_v2(opened, "pattern", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, &kinds_, pattern, nullptr, nullptr,
                               nullptr);
    sqlite3_progress_handler(
        opened, kOpsBetweenLooks, [](void* self) { return static_cast<int>(static_cast<SqliteSql*>(self)->table_.stop()); },
        this);
    if (auto added = add_log_table(opened, table_); !added) return added;
    // Its columns are declared with the first statement that names it, by one that authorize() would refuse.
    sqlite3_stmt* first = nullptr;
    const int declared = sqlite3_prepare_v2(opened, "SELECT 1 FROM log", -1, &first, nullptr);
    sqlite3_finalize(first);
    if (declared != SQLITE_OK) return Error{fmt::format("SQLite: {}", sqlite3_errmsg(opened))};
    sqlite3_set_authorizer(opened, authorize, nullptr);
    return Done{};
  }

  std::string schema() const override { return declaration_of(table_.columns, true); }

  Result<Done> run(std::string_view statement, RowSink& sink) override {
    if (statement.size() > kStatementBytes)
      return Error{fmt::format("{}: longer than {} bytes", kOption, kStatementBytes), ErrorKind::too_large};
    until_ = Clock::now() + limits_.time;
    table_.readings = 0;
    const Statement read_as = read(statement);
    sqlite3_stmt* raw = nullptr;
    const char* rest = nullptr;
    const int code =
        sqlite3_prepare_v2(database_.get(), read_as.text.data(), static_cast<int>(read_as.text.size()), &raw, &rest);
    const std::unique_ptr<sqlite3_stmt, CloseStatement> prepared(raw);
    if (code != SQLITE_OK) return wrong(statement, read_as, code);
    const auto behind = static_cast<std::size_t>(rest - read_as.text.data());
    if (!raw) return Error{fmt::format("{}: it is empty: write SELECT … FROM {}", kOption, kTable), ErrorKind::invalid};
    if (read_as.text.find_first_not_of(" \t\r\n;", behind) != std::string::npos)
      return filter::wrong_at(kOption, statement, read_as.origin(read_as.text.find_first_not_of(" \t\r\n;", behind)),
                              "one statement at a time: take away what stands behind the first");
    if (sqlite3_stmt_readonly(raw) == 0 || sqlite3_column_count(raw) == 0)
      return Error{fmt::format("{}: only SELECT is allowed", kOption), ErrorKind::denied};
    return step(statement, read_as, raw, sink);
  }

  std::vector<std::string> problems() const override { return table_.problems; }
  std::uint64_t records_read() const override { return table_.records_read; }

 private:
  bool late() const { return Clock::now() >= until_; }

  Statement read(std::string_view written) {
    return read_statement(written, [&](const std::string& text) { return redactor_ ? redacted(*redactor_, text) : text; });
  }

  Result<Done> step(std::string_view statement, const Statement& read_as, sqlite3_stmt* prepared, RowSink& sink) {
    const int columns = sqlite3_column_count(prepared);
    std::vector<std::string> names;
    for (int i = 0; i < columns; ++i) {
      const char* name = sqlite3_column_name(prepared, i);
      names.emplace_back(name ? name : "");
    }
    if (!sink.begin(names)) return Done{};
    std::vector<Cell> cells(static_cast<std::size_t>(columns));
    int code = SQLITE_OK;
    while ((code = sqlite3_step(prepared)) == SQLITE_ROW) {
      for (int i = 0; i < columns; ++i) cells[static_cast<std::size_t>(i)] = cell_of(prepared, i);
      if (!sink.row(cells)) return Done{};
    }
    return code == SQLITE_DONE ? Result<Done>(Done{}) : wrong(statement, read_as, code);
  }

  static Cell cell_of(sqlite3_stmt* statement, int column) {
    Cell cell;
    switch (sqlite3_column_type(statement, column)) {
      case SQLITE_NULL: break;
      case SQLITE_INTEGER:
        cell.kind = Cell::Kind::integer;
        cell.integer = sqlite3_column_int64(statement, column);
        break;
      case SQLITE_FLOAT:
        cell.kind = Cell::Kind::real;
        cell.real = sqlite3_column_double(statement, column);
        break;
      default: {
        cell.kind = Cell::Kind::text;
        const auto* text = static_cast<const char*>(sqlite3_column_blob(statement, column));
        cell.text = {text ? text : "", static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
      }
    }
    return cell;
  }

  Error wrong(std::string_view statement, const Statement& read_as, int code) {
    if (code == SQLITE_INTERRUPT || code == SQLITE_ABORT) {
      if (stop_()) return Error{"interrupted before the end: what is shown is what was found until then"};
      return Error{fmt::format("{}: not done within {} s: ask for less (a span of time, fewer sources) or allow more",
                               kOption, limits_.time.count() / 1000),
                   ErrorKind::too_large};
    }
    if (code == SQLITE_NOMEM)
      return Error{fmt::format("{}: more than {} MiB of memory: group or order less, add a condition, or allow more",
                               kOption, limits_.memory_bytes >> 20),
                   ErrorKind::too_large};
    if (code == SQLITE_AUTH)
      return Error{fmt::format("{}: only SELECT over the table {} is allowed ({})", kOption, kTable,
                               sqlite3_errmsg(database_.get())),
                   ErrorKind::denied};
    std::string what = sqlite3_errmsg(database_.get());
    what += remedy(what);
    const int offset = sqlite3_error_offset(database_.get());
    if (offset < 0) return Error{fmt::format("{}: {}", kOption, what), ErrorKind::invalid};
    return filter::wrong_at(kOption, statement, read_as.origin(static_cast<std::size_t>(offset)), what);
  }

  // What may have been meant by a name that is not there.
  std::string remedy(std::string_view what) const {
    constexpr std::string_view kNoColumn = "no such column: ", kNoTable = "no such table: ";
    if (what.starts_with(kNoTable)) return fmt::format(": the table is called {}", kTable);
    if (!what.starts_with(kNoColumn)) return {};
    std::string_view name = what.substr(kNoColumn.size());
    if (const std::size_t dot = name.rfind('.'); dot != std::string_view::npos && name.substr(0, dot) == kTable)
      name.remove_prefix(dot + 1);
    std::vector<std::string_view> names;
    for (const Column& column : table_.columns) names.push_back(column.name);
    if (const std::string_view near = nearest_name(name, names); !near.empty())
      return fmt::format(": did you mean {}?", near);
    return ": '.schema' lists the columns, and texts stand between single quotes";
  }

  const Logs& logs_;
  const SqlLimits limits_;
  const std::function<bool()> stop_;
  Clock::time_point until_ = Clock::time_point::max();
  std::optional<redact::Redactor> redactor_;  // none: personal data are shown as they are
  std::vector<std::string> kinds_;            // what pseudonyms begin with
  LogTable table_;
  std::unique_ptr<sqlite3, CloseDatabase> database_;  // before what it uses goes
};

}  // namespace

Result<std::unique_ptr<Sql>> Sql::open(const Logs& logs, std::string_view statement, const SqlLimits& limits,
                                       std::function<bool()> stop) {
  if (statement.size() > kStatementBytes)
    return Error{fmt::format("{}: longer than {} bytes", kOption, kStatementBytes), ErrorKind::too_large};
  for (const source::SourceSet& set : logs.sets())
    for (const FilePath& file : set.files) {
      std::error_code ignored;
      if (!file.found && std::filesystem::exists(file.path, ignored) &&
          !std::filesystem::is_regular_file(file.path, ignored))
        return Error{fmt::format("{}: can be read once, and a statement may read it more often: give it as standard input",
                                 file.path),
                     ErrorKind::invalid};
    }
  auto sql = std::make_unique<SqliteSql>(logs, limits, std::move(stop));
  if (auto started = sql->start(statement); !started) return started.error();
  return std::unique_ptr<Sql>(std::move(sql));
}

}  // namespace logystera::ask

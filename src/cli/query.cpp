// `logystera query`: SQL over logs.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <utility>

#include "ask/sql.hpp"
#include "cli/asked_logs.hpp"
#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "dashboard/export.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kCommand = "query";
constexpr std::string_view kSchema = ".schema";
constexpr std::uint64_t kRowsDefault = 10'000;
constexpr std::uint64_t kSecondsDefault = 600, kSecondsMost = 86'400;
constexpr std::uint64_t kMibDefault = 512, kMibLeast = 16, kMibMost = 65'536;
constexpr std::size_t kRowsMeasured = 1'000;             // the widths of a table are those of its first rows,
constexpr std::size_t kBytesMeasured = 4 * 1024 * 1024;  // or of so many bytes of them

struct Options {
  AskedLogs logs;
  std::string sql;
  std::vector<std::string> paths;
  std::uint64_t limit = kRowsDefault, seconds = kSecondsDefault, mib = kMibDefault;
  bool csv = false;
};

// Names of columns come from logs: each line is neutralised by itself.
void print_schema(const std::string& schema) {
  for (std::size_t from = 0; from < schema.size();) {
    const std::size_t end = schema.find('\n', from);
    fmt::print("{}\n", printable(std::string_view(schema).substr(from, end - from)));
    from = end == std::string::npos ? schema.size() : end + 1;
  }
}

std::string number_text(double real) { return JsonText().real(real).text(); }

// What all forms share: rows are counted, and there is one more than wanted if there are more.
class Printer : public ask::RowSink {
 public:
  explicit Printer(std::uint64_t limit) : limit_(limit) {}
  bool row(std::span<const ask::Cell> cells) final {
    if (rows_ == limit_) {
      more_ = true;
      return false;
    }
    ++rows_;
    print(cells);
    return std::ferror(stdout) == 0;
  }
  virtual void finish() {}
  bool more() const noexcept { return more_; }

 private:
  virtual void print(std::span<const ask::Cell> cells) = 0;

  const std::uint64_t limit_;
  std::uint64_t rows_ = 0;
  bool more_ = false;
};

class JsonPrinter final : public Printer {
 public:
  using Printer::Printer;
  bool begin(const std::vector<std::string>& columns) override {
    columns_ = columns;
    return true;
  }

 private:
  void print(std::span<const ask::Cell> cells) override {
    JsonText json;
    json.begin_object();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      json.key(columns_[i]);
      switch (cells[i].kind) {
        case ask::Cell::Kind::null: json.null(); break;
        case ask::Cell::Kind::integer: json.integer(cells[i].integer); break;
        case ask::Cell::Kind::real: json.real(cells[i].real); break;
        case ask::Cell::Kind::text: json.string(cells[i].text); break;
      }
    }
    json.end_object();
    fmt::print("{}\n", json.text());
  }
  std::vector<std::string> columns_;
};

class CsvPrinter final : public Printer {
 public:
  using Printer::Printer;
  bool begin(const std::vector<std::string>& columns) override {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) line += (i > 0 ? "," : "") + dashboard::csv_cell(columns[i]);
    fmt::print("{}\r\n", line);
    return true;
  }

 private:
  void print(std::span<const ask::Cell> cells) override {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += ',';
      switch (cells[i].kind) {
        case ask::Cell::Kind::null: break;
        case ask::Cell::Kind::integer: line += std::to_string(cells[i].integer); break;
        case ask::Cell::Kind::real: line += number_text(cells[i].real); break;
        case ask::Cell::Kind::text: line += dashboard::csv_cell(cells[i].text); break;
      }
    }
    fmt::print("{}\r\n", line);
  }
};

class TablePrinter final : public Printer {
 public:
  explicit TablePrinter(std::uint64_t limit) : Printer(limit), terminal_(terminal_columns(0)) {}
  bool begin(const std::vector<std::string>& columns) override {
    widths_.resize(columns.size());
    std::vector<Text> head;
    head.reserve(columns.size());
    for (const std::string& column : columns) head.push_back({printable(column), false});
    measure(head);
    held_.push_back(std::move(head));
    return true;
  }
  void finish() override {
    for (std::size_t i = 0; i < held_.size(); ++i) line(held_[i], i == 0 && !headed_);
    headed_ = headed_ || !held_.empty();
    held_.clear();
  }

 private:
  struct Text {
    std::string text;
    bool number = false;
  };

  void print(std::span<const ask::Cell> cells) override {
    std::vector<Text> row;
    for (const ask::Cell& cell : cells) {
      switch (cell.kind) {
        case ask::Cell::Kind::null: row.push_back({"-", false}); break;
        case ask::Cell::Kind::integer: row.push_back({std::to_string(cell.integer), true}); break;
        case ask::Cell::Kind::real: row.push_back({number_text(cell.real), true}); break;
        case ask::Cell::Kind::text: row.push_back({printable(cell.text), false}); break;
      }
      bytes_ += row.back().text.size();
    }
    if (headed_) return line(row, false);
    measure(row);
    held_.push_back(std::move(row));
    if (held_.size() > kRowsMeasured || bytes_ > kBytesMeasured) finish();
  }
  void measure(const std::vector<Text>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], columns_of(row[i].text));
  }
  void line(const std::vector<Text>& row, bool head) const {
    std::string out;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t columns = columns_of(row[i].text);
      const std::string room(widths_[i] - std::min(widths_[i], columns), ' ');
      out += (i > 0 ? "  " : "") + (row[i].number ? room + row[i].text : row[i].text + room);
    }
    if (terminal_ > 0 && columns_of(out) > terminal_) out = fitted(out, terminal_);
    out.erase(out.find_last_not_of(' ') + 1);
    fmt::print("{}\n", head && colour_wanted() ? "\x1b[1m" + out + "\x1b[0m" : out);
  }

  const std::size_t terminal_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<Text>> held_;
  std::size_t bytes_ = 0;
  bool headed_ = false;
};

std::unique_ptr<Printer> make_printer(const Globals& globals, const Options& options) {
  if (globals.json) return std::make_unique<JsonPrinter>(options.limit);
  if (options.csv) return std::make_unique<CsvPrinter>(options.limit);
  return std::make_unique<TablePrinter>(options.limit);
}

int run(const Globals& globals, const Options& options) {
  if (globals.json && options.csv)
    return fail(kCommand, Error{"--csv and --json: leave one of both out", ErrorKind::invalid});
  auto opened = open_logs(kCommand, globals, options.logs, options.paths);
  if (!opened) return fail(kCommand, opened.error());
  const ask::Logs& logs = opened.value();
  ask::SqlLimits limits;
  limits.time = std::chrono::seconds(options.seconds);
  limits.memory_bytes = options.mib << 20;
  const bool schema = options.sql == kSchema;
  auto sql = ask::Sql::open(logs, schema ? std::string_view() : options.sql, limits, [] { return interrupted().load(); });
  if (!sql) return fail(kCommand, sql.error());
  if (schema) {
    print_schema(sql.value()->schema());
    return kExitDone;
  }
  const std::unique_ptr<Printer> printer = make_printer(globals, options);
  auto done = sql.value()->run(options.sql, *printer);
  printer->finish();
  if (std::fflush(stdout) != 0) return fail(kCommand, Error{kOutputLost});
  if (!done) return fail(kCommand, with_place_drawn(done.error()));
  if (printer->more())
    fmt::print(stderr, "logystera {}: the first {} rows are shown; -n shows more\n", kCommand, grouped(options.limit));
  return say_problems(kCommand, logs, sql.value()->problems(), sql.value()->records_read());
}

}  // namespace

void add_query(Program program) {
  auto* query = program.app.add_subcommand("query", "Ask logs in SQL: SELECT … FROM log");
  auto options = std::make_shared<Options>();
  query->add_option("SQL", options->sql, "A SELECT over the table log, or .schema, which prints its columns")->required();
  query->add_option("PATH", options->paths, "Files, directories or patterns; '-' or nothing: standard input");
  query->add_option("--limit,-n", options->limit, "Show at most this many rows")
      ->check(whole_number(1, kListedMost))
      ->capture_default_str();
  query->add_option("--timeout", options->seconds, "Seconds a statement may take")
      ->check(whole_number(1, kSecondsMost))
      ->capture_default_str();
  query->add_option("--memory", options->mib, "MiB SQLite may use for groups and orders")
      ->check(whole_number(kMibLeast, kMibMost))
      ->capture_default_str();
  query->add_flag("--csv", options->csv, "Print CSV");
  add_json(*query, program.globals, "One JSON object a line");
  add_config(*query, program.globals);
  add_asked_logs(*query, options->logs);
  query->footer(
      "Examples:\n"
      "  logystera query .schema /var/log/nginx/access.log\n"
      "  logystera query 'SELECT path, count(*) FROM log WHERE status = 502 GROUP BY path ORDER BY 2 DESC' access.log\n"
      "  logystera query \"SELECT substr(time, 1, 13) hour, count(*) FROM log WHERE level >= 'error' GROUP BY hour\" "
      "/var/log\n"
      "  logystera query \"SELECT user, client_ip, count(*) FROM log WHERE action = 'failed' GROUP BY 1, 2\" auth.log "
      "--csv\n"
      "  logystera query \"SELECT pattern(message), count(*), min(time) FROM log WHERE level >= 'error' GROUP BY 1\" "
      "app.log\n\n"
      "The columns are time, level, source, line, host, message, the fields of the logs' formats, and raw, format, kind "
      "and fields\n"
      "(all fields, as JSON), which * leaves out. Times are texts of the clock of --timezone. Personal data are pseudonyms "
      "unless\n"
      "--show-pii is given; texts between single quotes are redacted likewise, so an address that is written is found.\n"
      "x REGEXP 'expression' is RE2's, and pattern(message) the message without its variable parts. Nothing can be "
      "written, attached or\nloaded.");
  query->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli

// See log_table.hpp. A cursor that is filtered begins to read the logs from their beginning, on threads of its own (ask/rows.hpp), and
// takes its records one after the other. SQLite says beforehand which columns a statement uses and which conditions it has; both go
// into the text that xBestIndex hands to xFilter: "COLUMNS CONDITION…", columns as a number of 64 bits, conditions as COLUMN:OPERATOR.
#include "ask/sqlite/log_table.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "ask/rows.hpp"
#include "ask/sql.hpp"
#include "ask/sqlite/pushed.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "core/severity.hpp"

namespace logystera::ask {
namespace {

using filter::Own;

constexpr std::size_t kReadingsMost =
    1'000;                     // of one statement: a join of logs reads one of them for each row of the other
constexpr int kUsedBits = 63;  // columns beyond share the last bit

struct Table : sqlite3_vtab {
  LogTable* log = nullptr;
};

struct Cursor : sqlite3_vtab_cursor {
  std::unique_ptr<Rows> rows;
  const RecordBatch* batch = nullptr;
  std::size_t at = 0;
  std::string scratch;

  LogTable& log() const noexcept { return *static_cast<Table*>(pVtab)->log; }
  const Record& record() const noexcept { return batch->records[at]; }
};

int refuse(sqlite3_vtab* table, const std::string& why) {
  sqlite3_free(table->zErrMsg);
  table->zErrMsg = sqlite3_mprintf("%s", why.c_str());
  return SQLITE_ERROR;
}

std::string quoted_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && !(name[0] >= '0' && name[0] <= '9') && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

std::string_view type_name(Type type) noexcept {
  return type == Type::integer ? "INTEGER" : type == Type::real ? "REAL" : "TEXT";
}

int connect(sqlite3* database, void* context, int, const char* const*, sqlite3_vtab** out, char** error) {
  auto* log = static_cast<LogTable*>(context);
  const std::string declared = declaration_of(log->columns, false);
  const int declared_as = sqlite3_declare_vtab(database, declared.c_str());
  if (declared_as != SQLITE_OK) {
    *error = sqlite3_mprintf("%s", sqlite3_errmsg(database));
    return declared_as;
  }
  auto table = std::make_unique<Table>();
  static_cast<sqlite3_vtab&>(*table) = {};
  table->log = log;
  *out = table.release();
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<Table*>(table);
  return SQLITE_OK;
}

// What is wrong with a value a level is compared with; empty: nothing.
std::string wrong_level(sqlite3_value* value) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(value));  // null: NULL
  const std::string_view word = text ? text : "";
  if (word.empty() || level_order(word)) return {};
  return fmt::format("there is no level {}: write one of debug, info, warning, error, critical", word);
}

// The same of one that is written in the statement; values of other columns are not.
std::string wrong_level(sqlite3_index_info* index, int i) {
  switch (index->aConstraint[i].op) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
    case SQLITE_INDEX_CONSTRAINT_NE:
    case SQLITE_INDEX_CONSTRAINT_GT:
    case SQLITE_INDEX_CONSTRAINT_GE:
    case SQLITE_INDEX_CONSTRAINT_LT:
    case SQLITE_INDEX_CONSTRAINT_LE: break;
    default: return {};
  }
  sqlite3_value* value = nullptr;
  return sqlite3_vtab_rhs_value(index, i, &value) == SQLITE_OK ? wrong_level(value) : std::string();
}

// The same of a list.
std::string wrong_level_of(sqlite3_value* list) {
  std::string wrong;
  sqlite3_value* value = nullptr;
  for (int code = sqlite3_vtab_in_first(list, &value); code == SQLITE_OK && value && wrong.empty();
       code = sqlite3_vtab_in_next(list, &value))
    wrong = wrong_level(value);
  return wrong;
}

int best_index(sqlite3_vtab* table, sqlite3_index_info* index) {
  const LogTable& log = *static_cast<Table*>(table)->log;
  std::string plan = std::to_string(index->colUsed);
  int arguments = 0;
  double cost = 1e7;
  for (int i = 0; i < index->nConstraint; ++i) {
    const auto& constraint = index->aConstraint[i];
    if (!constraint.usable || constraint.iColumn < 0 || static_cast<std::size_t>(constraint.iColumn) >= log.columns.size())
      continue;
    const Column& column = log.columns[static_cast<std::size_t>(constraint.iColumn)];
    const char* const collation = sqlite3_vtab_collation(index, i);
    const bool own = collation && std::string_view(collation) == own_collation(column);
    if (column.own == Own::level && (own || constraint.op == SQLITE_INDEX_CONSTRAINT_NE)) {  // of which none is told
      const std::string wrong = wrong_level(index, i);
      if (!wrong.empty()) return refuse(table, wrong);
    }
    // A list of values at once: SQLite would read the logs for each of them.
    const bool list = sqlite3_vtab_in(index, i, -1) != 0;
    const int op = list ? kOneOf : constraint.op;
    if (!can_push(column, op, collation ? collation : "", log.redacted())) continue;
    if (list) sqlite3_vtab_in(index, i, 1);
    // SQLite checks it again on each row (`omit` stays 0): what is pushed down may let too much through.
    index->aConstraintUsage[i].argvIndex = ++arguments;
    plan += fmt::format(" {}:{}", constraint.iColumn, op);
    cost *= constraint.op == SQLITE_INDEX_CONSTRAINT_EQ ? 0.1 : 0.3;
  }
  index->idxStr = sqlite3_mprintf("%s", plan.c_str());
  if (!index->idxStr) return SQLITE_NOMEM;
  index->needToFreeIdxStr = 1;
  index->estimatedCost = 1e9 + cost;  // the logs are read whichever way
  index->estimatedRows = static_cast<sqlite3_int64>(std::max(cost / 10, 1.0));
  return SQLITE_OK;
}

int open_cursor(sqlite3_vtab*, sqlite3_vtab_cursor** out) {
  auto cursor = std::make_unique<Cursor>();
  static_cast<sqlite3_vtab_cursor&>(*cursor) = {};
  *out = cursor.release();
  return SQLITE_OK;
}

int close_cursor(sqlite3_vtab_cursor* cursor) {
  delete static_cast<Cursor*>(cursor);
  return SQLITE_OK;
}

// Takes the next batch that has records; without one the cursor is at its end.
int fill(Cursor& cursor) {
  LogTable& log = cursor.log();
  cursor.at = 0;
  try {
    do cursor.batch = cursor.rows->next(log.stop);
    while (cursor.batch && cursor.batch->empty());
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  } catch (const std::exception& error) {
    return refuse(cursor.pVtab, error.what());
  }
  if (cursor.batch) return SQLITE_OK;
  if (log.stop()) return SQLITE_INTERRUPT;
  log.records_read = std::max(log.records_read, cursor.rows->records_read());
  for (const std::string& problem : cursor.rows->problems())
    if (std::find(log.problems.begin(), log.problems.end(), problem) == log.problems.end()) log.problems.push_back(problem);
  return SQLITE_OK;
}

// The fields a statement shows; nothing where it shows the line itself.
std::optional<std::vector<FieldId>> shown_fields(const std::vector<Column>& columns, std::uint64_t used) {
  std::vector<FieldId> fields;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if ((used >> std::min<std::size_t>(i, kUsedBits) & 1) == 0) continue;
    if (columns[i].is_of_line()) return std::nullopt;
    if (columns[i].field != field::none) fields.push_back(columns[i].field);
  }
  return fields;
}

int filter_rows(sqlite3_vtab_cursor* base, int, const char* plan, int count, sqlite3_value** values) {
  auto& cursor = *static_cast<Cursor*>(base);
  LogTable& log = cursor.log();
  if (++log.readings > kReadingsMost)
    return refuse(cursor.pVtab, fmt::format("the statement reads the logs more than {} times: join with a subquery that is "
                                            "small, or use a condition in the place of a join",
                                            kReadingsMost));
  const auto pushed = std::make_shared<Pushed>(log.logs.program().zone(), log.redacted());
  const char* const end = plan + std::char_traits<char>::length(plan);
  std::uint64_t used = 0;
  const char* at = std::from_chars(plan, end, used).ptr;
  for (int i = 0; i < count && at != end; ++i) {
    std::size_t column = 0;
    int op = 0;
    at = std::from_chars(at + 1, end, column).ptr;
    at = std::from_chars(at + 1, end, op).ptr;
    if (op == kOneOf && log.columns[column].own == Own::level)
      if (const std::string wrong = wrong_level_of(values[i]); !wrong.empty()) return refuse(cursor.pVtab, wrong);
    pushed->add(log.columns[column], op, values[i]);
  }
  Wanted wanted;
  wanted.fields = shown_fields(log.columns, used);
  if (!pushed->empty()) {
    wanted.record = [pushed](const Record& record) { return pushed->may_be(record); };
    wanted.source = [pushed, &log](const std::string& source) { return pushed->may_be_of(log.shown_source(source)); };
  }
  try {
    cursor.rows.reset();
    cursor.rows = std::make_unique<Rows>(log.logs, std::move(wanted));
  } catch (const std::exception& error) {
    return refuse(cursor.pVtab, error.what());
  }
  return fill(cursor);
}

int next_row(sqlite3_vtab_cursor* base) {
  auto& cursor = *static_cast<Cursor*>(base);
  if (++cursor.at < cursor.batch->size()) return SQLITE_OK;
  return fill(cursor);
}

int at_end(sqlite3_vtab_cursor* base) { return static_cast<Cursor*>(base)->batch == nullptr; }

// Views hold until the cursor moves; SQLite is done with a column by then or has made its copy.
void give_text(sqlite3_context* context, std::string_view text) {
  sqlite3_result_text64(context, text.data() ? text.data() : "", text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void give_text_or_null(sqlite3_context* context, std::string_view text) {
  if (text.empty()) sqlite3_result_null(context);
  else give_text(context, text);
}

void give_value(sqlite3_context* context, const Value& value, Type type) {
  const bool number = type != Type::text;
  switch (value.kind) {
    case Value::Kind::null: sqlite3_result_null(context); return;
    case Value::Kind::integer:
      if (type == Type::real) return sqlite3_result_double(context, value.as_real());
      if (number) return sqlite3_result_int64(context, value.as_integer());
      break;
    case Value::Kind::real:
      if (number) return sqlite3_result_double(context, value.as_real());
      break;
    case Value::Kind::boolean:
      if (number) return sqlite3_result_int64(context, value.as_boolean());
      break;
    default: break;
  }
  give_text(context, value.text());
}

// "2026-05-18 10:00:01", with a fraction where there is one.
std::string clock_text(const parse::Zone& zone, std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kSecondNs - (time_ns % kSecondNs < 0);
  const std::int64_t fraction = time_ns - seconds * kSecondNs;
  const std::time_t local = seconds + zone.offset_at(seconds);
  std::tm parts{};
  if (!::gmtime_r(&local, &parts)) return {};
  char text[40];
  std::string out(text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts));
  if (fraction == 0) return out;
  out += fmt::format(".{:09}", fraction);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::string fields_json(const Record& record, const redact::FieldLabels& labels) {
  JsonText json(JsonText::Reader::program);
  json.begin_object();
  for (std::uint32_t i = 0; i < record.field_count; ++i) {
    const Value& value = record.fields[i];
    const auto& label = labels.label(value.field);
    const bool again = std::any_of(record.fields, record.fields + i,
                                   [&](const Value& earlier) { return labels.label(earlier.field).first == label.first; });
    if (again) continue;
    json.key(label.text);
    switch (value.kind) {
      case Value::Kind::null: json.null(); break;
      case Value::Kind::integer: json.integer(value.as_integer()); break;
      case Value::Kind::real: json.real(value.as_real()); break;
      case Value::Kind::boolean: json.boolean(value.as_boolean()); break;
      default: json.string(value.text()); break;
    }
  }
  json.end_object();
  return json.take();
}

int give_column(sqlite3_vtab_cursor* base, sqlite3_context* context, int number) {
  auto& cursor = *static_cast<Cursor*>(base);
  LogTable& log = cursor.log();
  const Column& column = log.columns[static_cast<std::size_t>(number)];
  const Record& record = cursor.record();
  if (column.all_fields) {
    give_text(context, cursor.scratch = fields_json(record, log.logs.program().labels()));
    return SQLITE_OK;
  }
  switch (column.own) {
    case Own::none:
      if (const Value* value = record.find(column.field)) give_value(context, *value, column.type);
      else sqlite3_result_null(context);
      break;
    case Own::time:
      give_text_or_null(context, cursor.scratch = record.time_known ? clock_text(*log.logs.program().zone(), record.time_ns)
                                                                    : std::string());
      break;
    case Own::level: give_text(context, severity_name(record.severity)); break;
    case Own::source: give_text(context, log.shown_source(record.source)); break;
    case Own::message: give_text(context, record.message.empty() ? record.raw : record.message); break;
    case Own::raw: give_text(context, record.raw); break;
    case Own::host: give_text_or_null(context, record.host); break;
    case Own::format: give_text(context, record.format); break;
    case Own::kind: give_text(context, record_kind_name(record.kind)); break;
    case Own::line: sqlite3_result_int64(context, static_cast<sqlite3_int64>(record.line)); break;
  }
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* base, sqlite3_int64* number) {
  const auto& cursor = *static_cast<Cursor*>(base);
  *number = static_cast<sqlite3_int64>(cursor.rows->number_of(cursor.record()));
  return SQLITE_OK;
}

// Without xCreate the table is there under the module's name, in every connection, without a statement that makes it.
constexpr sqlite3_module module_of_log() {
  sqlite3_module module{};
  module.xConnect = connect;
  module.xBestIndex = best_index;
  module.xDisconnect = disconnect;
  module.xOpen = open_cursor;
  module.xClose = close_cursor;
  module.xFilter = filter_rows;
  module.xNext = next_row;
  module.xEof = at_end;
  module.xColumn = give_column;
  module.xRowid = row_number;
  return module;
}
constexpr sqlite3_module kModule = module_of_log();

}  // namespace

bool LogTable::redacted() const noexcept { return logs.program().pipeline().mode != redact::Mode::dry_run; }

const std::string& LogTable::shown_source(std::string_view source) {
  const auto found = shown_sources.find(source);
  if (found != shown_sources.end()) return found->second;
  std::string name(source);
  std::string shown = redact ? redact(name) : name;
  return shown_sources.emplace(std::move(name), std::move(shown)).first->second;
}

std::string declaration_of(const std::vector<Column>& columns, bool readable) {
  std::string out = fmt::format("CREATE TABLE {} (", kTable);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    out += i > 0 ? "," : "";
    out += readable ? "\n  " : " ";
    out += readable && is_plain_name(column.name) ? column.name : quoted_name(column.name);
    out += fmt::format(" {}", type_name(column.type));
    if (column.own == Own::level) out += " COLLATE severity";
    if (column.hidden) out += " HIDDEN";
  }
  return out + (readable ? "\n);\n" : ")");
}

Result<Done> add_log_table(sqlite3* database, LogTable& table) {
  if (sqlite3_create_module_v2(database, kTable, &kModule, &table, nullptr) == SQLITE_OK) return Done{};
  return Error{fmt::format("SQLite: {}", sqlite3_errmsg(database))};
}

}  // namespace logystera::ask

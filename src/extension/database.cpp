// db.slow_query and the failures of databases, seen at PDO itself: below every database layer, and also when the site cannot
// start because its database is gone. The methods of PDO that talk to a server are wrapped once per process; a call costs two
// looks at the clock while db.slow_query is on, and one comparison when it is not.
extern "C" {
#include "php.h"

#include "zend_exceptions.h"
}

#include <time.h>

#include <charconv>
#include <cstring>

#include "core/clock.hpp"
#include "extension/native.hpp"

#if __has_include("ext/pdo/php_pdo_driver.h")
extern "C" {
#include "ext/pdo/php_pdo_driver.h"
}

namespace logystera::extension {
namespace {

constexpr std::string_view kSlowQuery = "db.slow_query";
constexpr double kSlowMs = 1000.0;
constexpr std::size_t kCallerBytesMax = 256;

// Classes of the database layer: the caller of a statement is the first one above them.
constexpr std::string_view kDatabaseLayers[] = {"Drupal\\Core\\Database\\",
                                                "Drupal\\sqlite\\",
                                                "Drupal\\mysql\\",
                                                "Drupal\\mysqli\\",
                                                "Drupal\\pgsql\\",
                                                "PDO",
                                                "Pdo\\",
                                                "Doctrine\\DBAL\\",
                                                "Illuminate\\Database\\"};

zend_class_entry* pdo_class;
zend_class_entry* statement_class;
zend_class_entry* exception_class;

// The methods as PDO made them.
enum Method { connect_to, prepare, query, exec, begin, commit, roll_back, execute, methods };
zif_handler originals[methods];

enum class Failure { none, deadlock, connection_failed, disk_full };

std::string_view type_of(Failure failure) {
  switch (failure) {
    case Failure::deadlock: return "db.deadlock";
    case Failure::connection_failed: return "db.connection_failed";
    case Failure::disk_full: return "db.disk_full";
    case Failure::none: break;
  }
  return {};
}

template <std::size_t Size>
bool is_one_of(std::int64_t code, const std::int64_t (&codes)[Size]) {
  for (const std::int64_t one : codes) {
    if (one == code) return true;
  }
  return false;
}

Failure of_mysql(std::int64_t code) {
  static constexpr std::int64_t kDeadlock[] = {1205, 1213};
  static constexpr std::int64_t kDiskFull[] = {1021, 1114};
  static constexpr std::int64_t kLost[] = {1040, 1053, 1152, 1203, 2002, 2003, 2005, 2006, 2013, 2055, 3169};
  if (is_one_of(code, kDeadlock)) return Failure::deadlock;
  if (is_one_of(code, kDiskFull)) return Failure::disk_full;
  return is_one_of(code, kLost) ? Failure::connection_failed : Failure::none;
}

// What the client library says by itself when the server is gone, or went with a last word: PDO knows no SQLSTATE for it.
bool says_lost(std::string_view message) {
  static constexpr std::string_view kWords[] = {"server closed the connection",  "no connection to the server",
                                                "terminating connection",        "could not receive data from server",
                                                "could not send data to server", "connection not open",
                                                "SSL connection has been closed"};
  for (const std::string_view words : kWords) {
    if (message.find(words) != std::string_view::npos) return true;
  }
  return false;
}

Failure of_pgsql(std::string_view state, std::string_view message) {
  if (state == "40P01" || state == "55P03") return Failure::deadlock;
  if (state == "53100") return Failure::disk_full;
  const bool lost = state.substr(0, 2) == "08" || state == "57P01" || state == "57P02" || state == "57P03" ||
                    state == "53300" || (state == "HY000" && says_lost(message));
  return lost ? Failure::connection_failed : Failure::none;
}

Failure of_sqlite(std::int64_t code) {
  switch (code & 0xff) {               // the upper bytes tell details
    case 5:                            // busy
    case 6: return Failure::deadlock;  // locked
    case 13: return Failure::disk_full;
    case 14: return Failure::connection_failed;  // cannot open
    default: return Failure::none;
  }
}

Failure classify(std::string_view driver, std::string_view state, std::int64_t code, std::string_view message) {
  if (driver == "mysql") return of_mysql(code);
  if (driver == "pgsql") return of_pgsql(state, message);
  if (driver == "sqlite") return of_sqlite(code);
  return Failure::none;
}

// A declared property of an exception as it stands.
zval* property(zend_object* object, zend_class_entry* scope, const char* name) {
  zval nothing;
  zval* value = zend_read_property(scope, object, name, std::strlen(name), true, &nothing);
  if (value != nullptr) ZVAL_DEREF(value);
  return value;
}

std::string_view text_of(zval* value) {
  return value != nullptr && Z_TYPE_P(value) == IS_STRING ? view(Z_STR_P(value)) : std::string_view();
}

// "SQLSTATE[HY000] [2002] Connection refused": what an exception without errorInfo still says.
void read_message(std::string_view message, std::string_view& state, std::int64_t& code) {
  constexpr std::string_view start = "SQLSTATE[";
  if (message.compare(0, start.size(), start) != 0 || message.size() < start.size() + 6) return;
  state = message.substr(start.size(), 5);
  const std::size_t open = message.find('[', start.size());
  if (open != std::string_view::npos) std::from_chars(message.data() + open + 1, message.data() + message.size(), code);
}

// FNV-1a. Not the message: the same loss is worded differently by a statement and by the attempt to connect again.
std::uint64_t hash_of(std::string_view driver, std::string_view state, std::int64_t code) {
  std::uint64_t hash = 0xcbf29ce484222325 ^ static_cast<std::uint64_t>(code);
  for (const std::string_view text : {driver, state}) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  return hash | 1;
}

void report_failure(std::string_view driver, bool connecting) noexcept {
  zend_object* thrown = EG(exception);
  if (thrown == nullptr || !instanceof_function(thrown->ce, exception_class)) return;
  const std::string_view message = text_of(property(thrown, zend_ce_exception, "message"));
  std::string_view state;
  std::int64_t code = 0;
  zval* info = property(thrown, exception_class, "errorInfo");
  if (info != nullptr && Z_TYPE_P(info) == IS_ARRAY) {
    state = text_of(zend_hash_index_find(Z_ARRVAL_P(info), 0));
    zval* number = zend_hash_index_find(Z_ARRVAL_P(info), 1);
    if (number != nullptr && Z_TYPE_P(number) == IS_LONG) code = Z_LVAL_P(number);
  } else {
    read_message(message, state, code);
  }
  const Failure failure = connecting ? Failure::connection_failed : classify(driver, state, code, message);
  if (failure == Failure::none) return;
  Site* site = site_wanting(type_of(failure));
  if (site == nullptr) return;
  if (failure == Failure::connection_failed && LOGYSTERA_G(state)->reported(hash_of(driver, state, code))) return;
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, code).ptr;
  record_native(*site, type_of(failure), [&](agent::EventWriter& event) {
    put(event, "driver", driver);
    put(event, "code", std::string_view(digits, static_cast<std::size_t>(end - digits)));
    put(event, "sqlstate", state);
    put(event, "message", message);
  });
}

bool is_database_layer(std::string_view name) {
  for (const std::string_view layer : kDatabaseLayers) {
    if (name.compare(0, layer.size(), layer) == 0) return true;
  }
  return false;
}

// A name without the file it stands in: PHP puts that behind a NUL in the names of anonymous classes, and from 8.4 on into
// those of closures, "{closure:/srv/site/x.php:7}".
std::string_view without_file(std::string_view name) {
  constexpr std::string_view kClosure = "{closure";
  const std::size_t closure = name.find(kClosure);
  if (closure != std::string_view::npos && name.compare(closure + kClosure.size(), 1, ":") == 0) return "{closure}";
  return name.substr(0, name.find('\0'));
}

// "Class::function" of the first frame above the database layer, or what is running there.
std::string_view find_caller(BoundedWriter& room) {
  for (const zend_execute_data* frame = EG(current_execute_data); frame != nullptr; frame = frame->prev_execute_data) {
    const zend_function* function = frame->func;
    if (function == nullptr || !ZEND_USER_CODE(function->type)) continue;
    const zend_class_entry* scope = function->common.scope;
    if (scope != nullptr && is_database_layer(view(scope->name))) continue;
    if (function->common.function_name == nullptr) return "(script)";
    const std::string_view parts[] = {scope != nullptr ? without_file(view(scope->name)) : std::string_view(),
                                      scope != nullptr ? std::string_view("::") : std::string_view(),
                                      without_file(view(function->common.function_name))};
    for (const std::string_view part : parts) room.append(part);
    return room.view();
  }
  return {};
}

void report_slow(Site& site, std::int64_t taken, std::string_view statement) noexcept {
  const double milliseconds = static_cast<double>(taken) / 1e6;
  if (milliseconds <= kSlowMs) return;
  BoundedText<kCallerBytesMax> room;
  const std::string_view caller = find_caller(room);
  record_native(site, kSlowQuery, [&](agent::EventWriter& event) {
    put(event, "query", statement);
    put(event, "time_ms", static_cast<double>(static_cast<std::int64_t>(milliseconds * 10 + 0.5)) / 10);
    put(event, "caller", caller);
  });
}

std::string_view driver_of(const pdo_dbh_t* database) {
  if (database == nullptr || database->driver == nullptr) return {};
  return {database->driver->driver_name, static_cast<std::size_t>(database->driver->driver_name_len)};
}

const pdo_dbh_t* database_of(zval* self, Method method) {
  if (method != execute) return Z_PDO_DBH_P(self);
  return Z_PDO_STMT_P(self)->dbh;
}

// The statement of a call: its own, or what query() and exec() were given.
std::string_view statement_of(zend_execute_data* execute_data, Method method) {
  if (method == execute) {
#if PHP_VERSION_ID >= 80100
    const zend_string* text = Z_PDO_STMT_P(ZEND_THIS)->query_string;
    return text != nullptr ? view(text) : std::string_view();
#else
    const pdo_stmt_t* statement = Z_PDO_STMT_P(ZEND_THIS);
    return {statement->query_string, statement->query_stringlen};
#endif
  }
  if (method == begin) return "BEGIN";
  if (method == commit) return "COMMIT";
  if (method == roll_back) return "ROLLBACK";
  return ZEND_NUM_ARGS() != 0 ? text_of(ZEND_CALL_ARG(execute_data, 1)) : std::string_view();
}

// The driver a failed constructor was to use: it never got a handle to ask.
std::string_view driver_of_dsn(zend_execute_data* execute_data) {
  const std::string_view dsn = ZEND_NUM_ARGS() != 0 ? text_of(ZEND_CALL_ARG(execute_data, 1)) : std::string_view();
  return dsn.substr(0, dsn.find(':'));
}

// No C++ object with a destructor may be alive across the original: it can bail out.
template <Method method>
void watched(INTERNAL_FUNCTION_PARAMETERS) {
  Site* slow = method != connect_to ? native_site() : nullptr;
  if (slow != nullptr && !slow->times_statements) slow = nullptr;
  const std::int64_t start = slow != nullptr ? monotonic_ns() : 0;
  originals[method](INTERNAL_FUNCTION_PARAM_PASSTHRU);
  if (slow != nullptr) {
    const std::int64_t taken = monotonic_ns() - start;
    if (static_cast<double>(taken) > kSlowMs * 1e6) report_slow(*slow, taken, statement_of(execute_data, method));
  }
  if (UNEXPECTED(EG(exception) != nullptr)) {
    if (method == connect_to) report_failure(driver_of_dsn(execute_data), true);
    else report_failure(driver_of(database_of(ZEND_THIS, method)), false);
  }
}

zend_class_entry* class_named(const char* name) {
  return static_cast<zend_class_entry*>(zend_hash_str_find_ptr(CG(class_table), name, std::strlen(name)));
}

void watch(zend_class_entry* type, const char* name, Method method, zif_handler wrapper) {
  auto* function =
      static_cast<zend_internal_function*>(zend_hash_str_find_ptr(&type->function_table, name, std::strlen(name)));
  if (function == nullptr || function->type != ZEND_INTERNAL_FUNCTION || function->handler == wrapper) return;
  if (originals[method] == nullptr) originals[method] = function->handler;
  // A driver's own class (Pdo\Sqlite) has copies of what it inherits; what it overrides is left alone.
  if (function->handler == originals[method]) function->handler = wrapper;
}

}  // namespace

void watch_databases() noexcept {
  pdo_class = class_named("pdo");
  statement_class = class_named("pdostatement");
  exception_class = class_named("pdoexception");
  if (pdo_class == nullptr || statement_class == nullptr || exception_class == nullptr) return;
  const auto watch_class = [](zend_class_entry* type) {
    if (instanceof_function(type, pdo_class)) {
      watch(type, "__construct", connect_to, watched<connect_to>);
      watch(type, "prepare", prepare, watched<prepare>);
      watch(type, "query", query, watched<query>);
      watch(type, "exec", exec, watched<exec>);
      watch(type, "begintransaction", begin, watched<begin>);
      watch(type, "commit", commit, watched<commit>);
      watch(type, "rollback", roll_back, watched<roll_back>);
    } else if (instanceof_function(type, statement_class)) {
      watch(type, "execute", execute, watched<execute>);
    }
  };
  watch_class(pdo_class);
  watch_class(statement_class);
  zval* entry;
  ZEND_HASH_FOREACH_VAL(CG(class_table), entry) { watch_class(static_cast<zend_class_entry*>(Z_PTR_P(entry))); }
  ZEND_HASH_FOREACH_END();
}

}  // namespace logystera::extension

#else  // a PHP without PDO: there is nothing to watch

namespace logystera::extension {
void watch_databases() noexcept {}
}  // namespace logystera::extension

#endif

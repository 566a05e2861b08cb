// SQLite's C interface with owners: a connection closes itself, a statement goes back to where it came from. Codes in, no
// exceptions.
#pragma once

#include <pthread.h>
#include <sqlite3.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/sqlite/checkpoints.hpp"

namespace logystera::store::sqlite {

/// SQL that stands in the program. A connection prepares it once and finds the statement again by the text's address.
class Sql {
 public:
  consteval Sql(const char* text) : text_(text) {}  // NOLINT(google-explicit-constructor): literals are meant
  constexpr std::string_view text() const noexcept { return text_; }

 private:
  std::string_view text_;
};

/// A prepared statement, of its own or on lease from its connection, which must outlive it. At its end it is reset, so that no
/// read transaction stays open behind it, and what was bound to it is forgotten. Bound text and blobs are not copied: they must
/// live until then, or until reset().
class Statement {
 public:
  Statement() = default;
  Statement(Statement&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), lease_(std::exchange(other.lease_, nullptr)) {}
  Statement& operator=(Statement&& other) noexcept {
    std::swap(handle_, other.handle_);
    std::swap(lease_, other.lease_);
    return *this;
  }
  ~Statement();

  void bind(int index, std::int64_t value) noexcept { sqlite3_bind_int64(handle_, index, value); }
  void bind(int index, std::string_view text) noexcept {
    sqlite3_bind_text64(handle_, index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  /// An empty blob, not NULL, when there are no bytes.
  void bind_blob(int index, const void* data, std::size_t size) noexcept {
    sqlite3_bind_blob64(handle_, index, data ? data : "", size, SQLITE_STATIC);
  }
  void bind_blob(int index, std::string_view bytes) noexcept { bind_blob(index, bytes.data(), bytes.size()); }

  /// SQLITE_ROW, SQLITE_DONE or an error code.
  int step() noexcept { return sqlite3_step(handle_); }
  void reset() noexcept { sqlite3_reset(handle_); }

  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_, column); }
  bool is_null(int column) const noexcept { return sqlite3_column_type(handle_, column) == SQLITE_NULL; }
  std::uint64_t count(int column) const noexcept { return static_cast<std::uint64_t>(integer(column)); }
  /// Valid until the next step or reset.
  std::string_view text(int column) const noexcept {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_, column));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)))
                : std::string_view();
  }

 private:
  friend class Connection;
  /// A statement a connection holds, and whether somebody has it.
  struct Prepared {
    sqlite3_stmt* handle = nullptr;
    bool leased = false;
  };
  Statement(sqlite3_stmt* handle, Prepared* lease) noexcept : handle_(handle), lease_(lease) {}

  sqlite3_stmt* handle_ = nullptr;
  Prepared* lease_ = nullptr;  // null: of its own
};

/// Which file a path names.
struct FileId {
  dev_t device = 0;
  ino_t inode = 0;  // 0: none
  static FileId of(const std::string& path) noexcept;
  friend bool operator==(const FileId&, const FileId&) = default;
};

Error removed_or_replaced(const std::string& path);

/// One connection; used by one thread at a time.
class Connection {
 public:
  static constexpr std::int64_t kWaitingMost = 5;

  /// Waits up to `busy_ms` for locks of others before an operation fails. Refuses, without having touched it, a file that is not
  /// ours (ownership.hpp).
  static Result<Connection> open(const std::string& path, bool read_only, int busy_ms);
  /// An empty database that ends with the connection; `path` is for messages.
  static Result<Connection> open_in_memory(const std::string& path);

  Connection(Connection&& other) noexcept : Connection() { *this = std::move(other); }
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Nothing may be written through it from now on, and what has used `ms` of processor time since allow(), or runs kWaitingMost times
  /// as long, ends with an error of kind busy.
  Result<Done> only_look(int ms);
  /// Time begins to run, for one connection of only_look().
  void allow() noexcept;

  /// An error when the path names no file any more, or another than when this was opened: what is written to a file that was removed
  /// or replaced is lost when it is closed.
  Result<Done> check_place() const;

  /// Copies of the write-ahead log what nobody reads an older state of. What cannot be copied now is copied the next time.
  void copy_log() noexcept;
  /// Copies the write-ahead log into the database when `checkpoints`, which must outlive it, says so.
  void checkpoint_by(Checkpoints& checkpoints) noexcept;

  /// The statement for `sql`, prepared when it is asked for the first time; another one while somebody has that.
  Result<Statement> lease(Sql sql);
  /// A statement of its own, for SQL that is put together.
  Result<Statement> prepare(std::string_view sql);

  /// Runs statements that return nothing.
  Result<Done> run(const std::string& sql);
  Result<std::int64_t> integer(std::string_view sql);
  /// Runs a bound statement that returns nothing. `doing` is for messages, as in error().
  Result<Done> finish(Statement& statement, std::string_view doing);
  /// Every row of a bound statement, each turned into a T by `read`.
  template <typename T, typename Read>
  Result<std::vector<T>> rows(Statement& statement, std::string_view doing, Read read);
  /// Its only row, when there is one.
  template <typename T, typename Read>
  Result<std::optional<T>> row(Statement& statement, std::string_view doing, Read read);

  int changes() const noexcept { return sqlite3_changes(handle_.get()); }
  std::int64_t last_row() const noexcept { return sqlite3_last_insert_rowid(handle_.get()); }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }
  /// SQLite's words for what just failed ("cannot DOING"), with the file's name and what to do about it.
  Error error(std::string_view doing);
  /// Whether anything has failed so far.
  bool failed() const noexcept { return failed_; }
  void set_failed() noexcept { failed_ = true; }
  /// For whoever undoes what has failed and goes on.
  void forget_failure() noexcept { failed_ = false; }
  const std::string& path() const noexcept { return path_; }
  const FileId& file() const noexcept { return file_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  Connection() = default;
  Result<Done> attach(const char* name, int flags);
  Result<sqlite3_stmt*> compile(std::string_view sql);
  void finalize_all() noexcept;

  /// Until when statements may run. Beside the connection, which may be moved.
  // Counted in processor time, so that a machine with much else to do ends no short query; where the processor is waited for, or the
  // disk, or another thread goes on with the call, by the clock.
  struct Limit {
    std::int64_t most_ns = 0;
    std::int64_t began_ns = 0, used_ns = 0;  // the clock, and the thread's processor time, when time began to run
    pthread_t thread = {};
    void begin() noexcept;
    bool over() const noexcept;
  };

  std::unique_ptr<Limit> limit_;  // before the handle, which asks it
  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<const char*, Statement::Prepared> prepared_;  // its nodes stay where they are when it is moved
  std::string path_;
  FileId file_;
  bool failed_ = false;
};

/// A transaction on a connection, rolled back at its end unless it was committed.
class TransactionScope {
 public:
  explicit TransactionScope(Connection& connection) noexcept : connection_(connection) {}
  ~TransactionScope();
  TransactionScope(const TransactionScope&) = delete;
  TransactionScope& operator=(const TransactionScope&) = delete;

  /// Takes the write lock.
  Result<Done> begin();
  Result<Done> commit();

 private:
  Connection& connection_;
  bool open_ = false;
};

/// Does `work`, which gives a Result, in a transaction: the one the connection is in, or one that ends with it.
template <typename Work>
auto atomically(Connection& connection, Work work) -> decltype(work()) {
  if (connection.in_transaction()) return work();
  TransactionScope transaction(connection);
  if (auto begun = transaction.begin(); !begun) return begun.error();
  auto result = work();
  if (!result) return result;
  if (auto committed = transaction.commit(); !committed) return committed.error();
  return result;
}

template <typename T, typename Read>
Result<std::vector<T>> Connection::rows(Statement& statement, std::string_view doing, Read read) {
  std::vector<T> all;
  int code;
  while ((code = statement.step()) == SQLITE_ROW) all.push_back(read(statement));
  if (code != SQLITE_DONE) return error(doing);
  return all;
}

template <typename T, typename Read>
Result<std::optional<T>> Connection::row(Statement& statement, std::string_view doing, Read read) {
  std::optional<T> found;
  const int code = statement.step();
  if (code == SQLITE_ROW) found.emplace(read(statement));
  else if (code != SQLITE_DONE) return error(doing);
  return found;
}

}  // namespace logystera::store::sqlite

// SQLite's C interface with owners: a connection closes itself, a statement finalises itself. Codes in, no
// exceptions.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::store {

/// A prepared statement. Bound text and blobs are not copied: they must live until reset().
class Statement {
 public:
  Statement() = default;

  void bind(int index, std::int64_t value) noexcept { sqlite3_bind_int64(handle_.get(), index, value); }
  void bind(int index, std::string_view text) noexcept {
    sqlite3_bind_text64(handle_.get(), index, text.data() ? text.data() : "", text.size(), SQLITE_STATIC, SQLITE_UTF8);
  }
  void bind_blob(int index, const void* data, std::size_t size) noexcept {
    sqlite3_bind_blob64(handle_.get(), index, data, size, SQLITE_STATIC);
  }

  /// SQLITE_ROW, SQLITE_DONE or an error code.
  int step() noexcept { return sqlite3_step(handle_.get()); }
  void reset() noexcept { sqlite3_reset(handle_.get()); }

  std::int64_t integer(int column) const noexcept { return sqlite3_column_int64(handle_.get(), column); }
  /// Valid until the next step or reset.
  std::string_view text(int column) const noexcept {
    const auto* data = static_cast<const char*>(sqlite3_column_blob(handle_.get(), column));
    return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_.get(), column)))
                : std::string_view();
  }

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const noexcept { sqlite3_finalize(handle); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// Resets a statement when the scope ends, so that no read transaction stays open behind it.
class Resetting {
 public:
  explicit Resetting(Statement& statement) noexcept : statement_(statement) {}
  ~Resetting() { statement_.reset(); }
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;

 private:
  Statement& statement_;
};

/// One connection; used by one thread at a time.
class Connection {
 public:
  /// Waits up to `busy_ms` for locks of others before an operation fails. Refuses, without having touched it, a file that is not
  /// ours (ownership.hpp).
  static Result<Connection> open(const std::string& path, bool read_only, int busy_ms);
  /// An empty database that ends with the connection; `path` is for messages.
  static Result<Connection> open_in_memory(const std::string& path);

  Result<Statement> prepare(std::string_view sql);
  /// Runs statements that return nothing.
  Result<Done> run(const std::string& sql);
  Result<std::int64_t> integer(std::string_view sql);
  int changes() const noexcept { return sqlite3_changes(handle_.get()); }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }
  /// SQLite's words for what just failed, with the file's name and what to do about it.
  Error error(std::string_view doing) const;
  const std::string& path() const noexcept { return path_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  Result<Done> attach(const char* name, int flags);

  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
};

}  // namespace logystera::store

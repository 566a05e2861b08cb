#include "store/sqlite/connection.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "core/clock.hpp"
#include "store/sqlite/ownership.hpp"
#include "store/sqlite/text_search.hpp"

namespace logystera::store::sqlite {
namespace {

ErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT: return ErrorKind::busy;
    case SQLITE_FULL:
    case SQLITE_TOOBIG: return ErrorKind::too_large;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY: return ErrorKind::denied;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_SCHEMA: return ErrorKind::broken;
    case SQLITE_CONSTRAINT: return ErrorKind::exists;
    default: return ErrorKind::failed;
  }
}

std::string_view remedy_for(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "free disk space or raise the quota";
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return "another program holds its write lock; end it, or wait";
    case SQLITE_INTERRUPT: return "it took too long; narrow the filter";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return "check that the file and its directory exist and belong to the user the program runs as";
    case SQLITE_IOERR: return "check the disk, its free space and file size limits (ulimit -f)";
    case SQLITE_CORRUPT: return "restore it from a backup, or run 'sqlite3 FILE .recover'";
    case SQLITE_NOTADB: return "it is some other file; name another one";
    default: return "see the message";
  }
}

}  // namespace

Statement::~Statement() {
  if (!lease_) {
    sqlite3_finalize(handle_);
    return;
  }
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  lease_->leased = false;
}

Connection::~Connection() { finalize_all(); }

Connection& Connection::operator=(Connection&& other) noexcept {
  if (this == &other) return *this;
  finalize_all();
  handle_ = std::move(other.handle_);
  limit_ = std::move(other.limit_);
  prepared_ = std::exchange(other.prepared_, {});
  path_ = std::move(other.path_);
  file_ = other.file_;
  failed_ = other.failed_;
  return *this;
}

void Connection::finalize_all() noexcept {
  for (auto& [text, prepared] : prepared_) sqlite3_finalize(prepared.handle);
  prepared_.clear();
}

Result<Connection> Connection::open(const std::string& path, bool read_only, int busy_ms) {
  if (auto ours = check_ownership(path); !ours) return ours.error();
  Connection connection;
  connection.path_ = path;
  if (auto opened = connection.attach(path.c_str(), read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE); !opened) {
    return opened.error();
  }
  sqlite3_busy_timeout(connection.handle_.get(), busy_ms);
  connection.file_ = FileId::of(path);
  return connection;
}

FileId FileId::of(const std::string& path) noexcept {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return {};
  return {info.st_dev, info.st_ino};
}

Error removed_or_replaced(const std::string& path) {
  return Error{
      fmt::format(
          "store {}: it was removed or replaced while it is in use: put it back, or end the program and start it anew",
          path),
      ErrorKind::failed};
}

Result<Done> Connection::check_place() const {
  if (file_ == FileId{} || FileId::of(path_) == file_) return Done{};
  return removed_or_replaced(path_);
}

Result<Connection> Connection::open_in_memory(const std::string& path) {
  Connection connection;
  connection.path_ = path;
  if (auto opened = connection.attach(":memory:", SQLITE_OPEN_READWRITE); !opened) return opened.error();
  return connection;
}

Result<Done> Connection::only_look(int ms) {
  limit_ = std::make_unique<Limit>();
  limit_->most_ns = std::int64_t{ms} * (kSecondNs / 1000);
  allow();
  constexpr int kStepsBetweenLooks = 4000;  // of SQLite's machine: some tens of microseconds
  const auto over = [](void* given) { return static_cast<const Limit*>(given)->over() ? 1 : 0; };
  sqlite3_progress_handler(handle_.get(), kStepsBetweenLooks, over, limit_.get());
  return run("PRAGMA query_only=ON; PRAGMA cache_size=-8192");
}

void Connection::allow() noexcept { limit_->begin(); }

void Connection::Limit::begin() noexcept {
  began_ns = monotonic_ns();
  used_ns = thread_ns();
  thread = ::pthread_self();
}

bool Connection::Limit::over() const noexcept {
  const std::int64_t gone = monotonic_ns() - began_ns;
  if (gone < most_ns) return false;
  if (gone >= most_ns * kWaitingMost || ::pthread_equal(thread, ::pthread_self()) == 0) return true;
  return thread_ns() - used_ns >= most_ns;
}

void Connection::copy_log() noexcept {
  sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

void Connection::checkpoint_by(Checkpoints& checkpoints) noexcept {
  const auto committed = [](void* given, sqlite3* handle, const char* database, int frames) {
    auto& all = *static_cast<Checkpoints*>(given);
    if (all.due(frames, Checkpoints::Clock::now())) {
      // What cannot be copied now is copied the next time; what is wrong with the disk the next commit says.
      sqlite3_wal_checkpoint_v2(handle, database, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
      all.done();
    }
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_.get(), committed, &checkpoints);
}

Result<Done> Connection::attach(const char* name, int flags) {
  // Statistics of memory nobody reads would cost a lock of the whole process at each allocation, and a thread that gives way
  // could be holding it while one that does not waits. Refused, and already done, once SQLite is in use.
  static const int without_statistics = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)without_statistics;
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(name, &handle, flags | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  if (code != SQLITE_OK || add_text_search(handle) != SQLITE_OK) return error("open");
  sqlite3_extended_result_codes(handle, 1);
  return Done{};
}

Result<sqlite3_stmt*> Connection::compile(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  if (sqlite3_prepare_v3(handle_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle,
                         nullptr) != SQLITE_OK) {
    return error("prepare a statement");
  }
  return handle;
}

Result<Statement> Connection::prepare(std::string_view sql) {
  auto handle = compile(sql);
  if (!handle) return handle.error();
  return Statement(handle.value(), nullptr);
}

Result<Statement> Connection::lease(Sql sql) {
  const auto known = prepared_.find(sql.text().data());
  if (known != prepared_.end() && known->second.leased) return prepare(sql.text());
  Statement::Prepared* prepared = known != prepared_.end() ? &known->second : nullptr;
  if (!prepared) {
    auto handle = compile(sql.text());
    if (!handle) return handle.error();
    prepared = &prepared_.emplace(sql.text().data(), Statement::Prepared{handle.value(), false}).first->second;
  }
  prepared->leased = true;
  return Statement(prepared->handle, prepared);
}

Result<Done> Connection::run(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return error("write");
  return Done{};
}

Result<std::int64_t> Connection::integer(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  if (statement->step() != SQLITE_ROW) return error("read");
  return statement->integer(0);
}

Result<Done> Connection::finish(Statement& statement, std::string_view doing) {
  if (statement.step() != SQLITE_DONE) return error(doing);
  statement.reset();
  return Done{};
}

Error Connection::error(std::string_view doing) {
  failed_ = true;
  const int code = handle_ ? sqlite3_extended_errcode(handle_.get()) : SQLITE_NOMEM;
  const char* words = handle_ ? sqlite3_errmsg(handle_.get()) : "out of memory";
  const int system = handle_ ? sqlite3_system_errno(handle_.get()) : 0;
  const bool descriptors = (code & 0xff) == SQLITE_CANTOPEN && (system == EMFILE || system == ENFILE);
  return Error{
      fmt::format("store {}: cannot {}: {} (SQLite {}): {}", path_, doing, descriptors ? std::strerror(system) : words,
                  code, descriptors ? "raise 'ulimit -n' (LimitNOFILE= of a service)" : remedy_for(code)),
      kind_of(code)};
}

TransactionScope::~TransactionScope() {
  // Some errors have rolled it back already.
  if (open_ && connection_.in_transaction()) (void)connection_.run("ROLLBACK");
}

Result<Done> TransactionScope::begin() {
  auto begin = connection_.lease("BEGIN IMMEDIATE");
  if (!begin) return begin.error();
  auto begun = connection_.finish(begin.value(), "start a transaction");
  open_ = begun.ok();
  return begun;
}

Result<Done> TransactionScope::commit() {
  auto commit = connection_.lease("COMMIT");
  if (!commit) return commit.error();
  auto committed = connection_.finish(commit.value(), "commit");
  if (committed) open_ = false;
  return committed;
}

}  // namespace logystera::store::sqlite

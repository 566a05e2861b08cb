// Where the classes of stores.hpp get a connection for one call: from a pool, or from the transaction they belong to.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace logystera::store::sqlite {

class Pool;

/// A connection for the time being. At its end it goes back to its pool, unless something has failed on it: a fresh one is
/// better than one in an unknown state.
class Lent {
 public:
  /// A transaction's: it stays there.
  explicit Lent(Connection& connection) noexcept : connection_(&connection) {}
  Lent(Pool& pool, Connection connection, bool looks = false)
      : pool_(&pool), looks_(looks), own_(std::move(connection)), connection_(&*own_) {}
  Lent(Lent&& other) noexcept;
  Lent& operator=(Lent&&) = delete;
  ~Lent();

  Connection& operator*() const noexcept { return *connection_; }
  Connection* operator->() const noexcept { return connection_; }

 private:
  friend class Pool;
  std::optional<Checkpoints::Reading> reading_;  // first: it ends when the connection has been given back
  Pool* pool_ = nullptr;
  bool looks_ = false;  // it is one of those that only look
  std::optional<Connection> own_;
  Connection* connection_;
};

class Connections {
 public:
  virtual ~Connections() = default;
  virtual Result<Lent> lend() = 0;
  /// For a read that may take long: waits a moment when the write-ahead log is to be copied first (checkpoints.hpp).
  virtual Result<Lent> lend_for_long() { return lend(); }
};

/// Connections that are open and idle; may be asked by several threads. Must outlive what it lends.
class Pool final : public Connections {
 public:
  /// Opens the first connection, so that what is wrong with the database is found out now, and brings it to the newest schema.
  static Result<std::unique_ptr<Pool>> open(const std::string& path, const OpenOptions& options);

  Result<Lent> lend() override;
  Result<Lent> lend_for_long() override;
  /// For one call of somebody who only looks (OpenOptions::query_ms).
  Result<Lent> lend_to_look();
  /// A connection for whoever keeps it.
  Result<Connection> connect();
  /// Closes the connections nobody has.
  void close_idle();
  const std::string& path() const noexcept { return path_; }
  const OpenOptions& options() const noexcept { return options_; }

 private:
  friend class Lent;
  Pool(std::string path, const OpenOptions& options, bool in_memory);
  void take_back(Connection connection, bool looks) noexcept;
  Result<Done> check_place() const;
  std::optional<Connection> take_idle(std::vector<Connection>& idle);

  const std::string path_;
  const OpenOptions options_;
  const bool in_memory_;  // there is no file, and none is to be made
  FileId file_;           // that was opened
  Checkpoints checkpoints_;
  std::mutex mutex_;
  std::vector<Connection> idle_, idle_looking_;
};

/// The connections of a pool that only look.
class Looking final : public Connections {
 public:
  explicit Looking(Pool& pool) : pool_(pool) {}
  Result<Lent> lend() override { return pool_.lend_to_look(); }

 private:
  Pool& pool_;
};

}  // namespace logystera::store::sqlite

#include "store/sqlite/database.hpp"

#include <fmt/core.h>

#include "store/sqlite/all_stores.hpp"
#include "store/sqlite/batch_writer.hpp"
#include "store/sqlite/pool.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

class OpenTransaction final : private One, public With<Transaction> {
 public:
  OpenTransaction(Lent lent, const OpenOptions& options)
      : One(std::move(lent)), With<Transaction>(static_cast<One&>(*this), options), scope_(*connection) {}

  Result<Done> begin() { return scope_.begin(); }
  Result<Done> commit() override {
    if (connection->failed()) {
      return Error{fmt::format("store {}: cannot commit: a part of it has failed", connection->path())};
    }
    return scope_.commit();
  }

 private:
  TransactionScope scope_;
};

class Database final : public With<Store> {
 public:
  explicit Database(std::unique_ptr<Pool> pool)
      : With<Store>(*pool, pool->options()),
        upkeep_(*pool),
        pool_(std::move(pool)),
        looking_(*pool_),
        reading_(looking_, pool_->options()) {}

  Stores& reading() noexcept override { return reading_; }

  Result<std::unique_ptr<Transaction>> begin() override {
    auto lent = pool_->lend();
    if (!lent) return lent.error();
    auto transaction = std::make_unique<OpenTransaction>(std::move(lent).value(), pool_->options());
    if (auto begun = transaction->begin(); !begun) return begun.error();
    return std::unique_ptr<Transaction>(std::move(transaction));
  }

  Result<std::unique_ptr<BatchWriter>> start_batch_writer() override {
    auto connection = pool_->connect();
    if (!connection) return connection.error();
    return sqlite::start_batch_writer(std::move(connection).value(), pool_->options());
  }

  Result<std::unique_ptr<Watch>> start_watch() override {
    auto connection = pool_->connect();
    if (!connection) return connection.error();
    return watch(std::move(connection).value());
  }

  Maintenance& maintenance() noexcept override { return upkeep_; }

 private:
  Upkeep upkeep_;
  std::unique_ptr<Pool> pool_;
  Looking looking_;
  With<Stores> reading_;
};

}  // namespace

Result<std::unique_ptr<Store>> open(const std::string& path, const OpenOptions& options) {
  auto pool = Pool::open(path, options);
  if (!pool) return pool.error();
  return std::unique_ptr<Store>(std::make_unique<Database>(std::move(pool).value()));
}

Result<std::uint64_t> remove_rows(Connections& connections, Sql sql, std::int64_t number) {
  auto connection = connections.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease(sql);
  if (!remove) return remove.error();
  remove->bind(1, number);
  if (auto done = db.finish(remove.value(), "write"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace logystera::store::sqlite

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

Result<Done> Baselines::put(const StoredBaseline& baseline) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "INSERT OR REPLACE INTO baselines (source, model, bucket_seconds, observations, updated_at, state) VALUES (?, ?, ?, "
      "?, ?, ?)");
  if (!statement) return statement.error();
  Statement& insert = statement.value();
  insert.bind(1, baseline.source);
  insert.bind(2, baseline.model);
  insert.bind(3, std::int64_t{baseline.bucket_seconds});
  insert.bind(4, static_cast<std::int64_t>(baseline.observations));
  insert.bind(5, baseline.updated_at);
  insert.bind_blob(6, baseline.state.data(), baseline.state.size());
  return db.finish(insert, "write");
}

Result<std::optional<StoredBaseline>> Baselines::find(std::string_view source, std::string_view model) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement =
      db.lease("SELECT bucket_seconds, observations, updated_at, state FROM baselines WHERE source = ?1 AND model = ?2");
  if (!statement) return statement.error();
  statement->bind(1, source);
  statement->bind(2, model);
  return db.row<StoredBaseline>(statement.value(), "read", [&](const Statement& row) {
    return StoredBaseline{std::string(source), std::string(model), static_cast<std::uint32_t>(row.integer(0)),
                          row.count(1),        row.integer(2),     std::string(row.text(3))};
  });
}

Result<std::vector<StoredBaseline>> Baselines::list() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement =
      db.lease("SELECT source, model, bucket_seconds, observations, updated_at FROM baselines ORDER BY source, model");
  if (!statement) return statement.error();
  return db.rows<StoredBaseline>(statement.value(), "read", [](const Statement& row) {
    return StoredBaseline{std::string(row.text(0)),
                          std::string(row.text(1)),
                          static_cast<std::uint32_t>(row.integer(2)),
                          static_cast<std::uint64_t>(row.integer(3)),
                          row.integer(4),
                          {}};
  });
}

Result<std::uint64_t> Baselines::reset(std::string_view source) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease("DELETE FROM baselines WHERE ?1 = '' OR source = ?1");
  if (!statement) return statement.error();
  statement->bind(1, source);
  if (auto done = db.finish(statement.value(), "write"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace logystera::store::sqlite

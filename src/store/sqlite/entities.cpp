#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

#define LOGYSTERA_ENTITY_COLUMNS                                                                            \
  "token, name, created_at, disabled, sealed_secret, sealed_previous, rotated_at, last_seen_at, accepted, " \
  "duplicates, rejected, revoked_at, agent, clock_skew"

Entity entity_of(const Statement& row) {
  Entity entity;
  entity.token = row.text(0);
  entity.name = row.text(1);
  entity.created_at = row.integer(2);
  entity.disabled = row.integer(3) != 0;
  entity.sealed_secret = row.text(4);
  entity.sealed_previous = row.text(5);
  entity.rotated_at = row.integer(6);
  entity.last_seen_at = row.integer(7);
  entity.accepted = row.count(8);
  entity.duplicates = row.count(9);
  entity.rejected = row.count(10);
  entity.revoked_at = row.integer(11);
  entity.agent = row.text(12);
  if (!row.is_null(13)) entity.clock_skew = row.integer(13);
  return entity;
}

}  // namespace

Result<std::optional<Entity>> Entities::find(std::string_view token) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT " LOGYSTERA_ENTITY_COLUMNS " FROM entities WHERE token = ?");
  if (!find) return find.error();
  find->bind(1, token);
  return db.row<Entity>(find.value(), "look up an entity", entity_of);
}

Result<std::vector<Entity>> Entities::list() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto all = db.lease("SELECT " LOGYSTERA_ENTITY_COLUMNS " FROM entities ORDER BY id");
  if (!all) return all.error();
  return db.rows<Entity>(all.value(), "list the entities", entity_of);
}

Result<Done> Entities::add(const Entity& entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease("INSERT INTO entities (token, name, created_at, sealed_secret) VALUES (?, ?, ?, ?)");
  if (!add) return add.error();
  add->bind(1, std::string_view(entity.token));
  add->bind(2, std::string_view(entity.name));
  add->bind(3, entity.created_at);
  add->bind_blob(4, entity.sealed_secret);
  return db.finish(add.value(), "add an entity");
}

Result<bool> Entities::update(const Entity& entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto update = db.lease(
      "UPDATE entities SET disabled = ?, sealed_secret = ?, sealed_previous = ?, rotated_at = ? WHERE token "
      "= ? AND revoked_at = 0");
  if (!update) return update.error();
  update->bind(1, entity.disabled ? 1 : 0);
  update->bind_blob(2, entity.sealed_secret);
  update->bind_blob(3, entity.sealed_previous);
  update->bind(4, entity.rotated_at);
  update->bind(5, std::string_view(entity.token));
  if (auto done = db.finish(update.value(), "change an entity"); !done) return done.error();
  return db.changes() != 0;
}

Result<bool> Entities::revoke(std::string_view token, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto revoke = db.lease(
      "UPDATE entities SET revoked_at = ?, sealed_secret = x'', sealed_previous = x'' WHERE token = ? AND revoked_at = 0");
  if (!revoke) return revoke.error();
  revoke->bind(1, now);
  revoke->bind(2, token);
  if (auto done = db.finish(revoke.value(), "revoke an entity"); !done) return done.error();
  return db.changes() != 0;
}

Result<bool> Entities::rename(std::string_view token, std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto rename = db.lease("UPDATE entities SET name = ? WHERE token = ?");
  if (!rename) return rename.error();
  rename->bind(1, name);
  rename->bind(2, token);
  if (auto done = db.finish(rename.value(), "rename an entity"); !done) return done.error();
  return db.changes() != 0;
}

Result<std::vector<IngestHour>> Entities::hours(std::string_view token, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT hour, batches, events, duplicates, rejected FROM ingest_hours WHERE entity = (SELECT id FROM entities WHERE "
      "token = ?1) AND hour >= ?2 AND hour < ?2 + ?3 ORDER BY hour");
  if (!select) return select.error();
  select->bind(1, token);
  select->bind(2, since);
  select->bind(3, kIngestHoursSeconds);  // beyond, a clock that was ahead has counted
  return db.rows<IngestHour>(select.value(), "read", [](const Statement& row) {
    return IngestHour{row.integer(0), row.count(1), row.count(2), row.count(3), row.count(4)};
  });
}

Result<std::vector<std::pair<std::string, IngestHour>>> Entities::sent_since(std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT token, max(hour), sum(h.batches), sum(h.events), sum(h.duplicates), sum(h.rejected) FROM entities e JOIN "
      "ingest_hours h ON h.entity = e.id WHERE h.hour >= ?1 AND h.hour < ?1 + ?2 GROUP BY e.id");
  if (!select) return select.error();
  select->bind(1, since);
  select->bind(2, kIngestHoursSeconds);
  using Row = std::pair<std::string, IngestHour>;
  return db.rows<Row>(select.value(), "read", [](const Statement& row) {
    return Row{std::string(row.text(0)), {row.integer(1), row.count(2), row.count(3), row.count(4), row.count(5)}};
  });
}

}  // namespace logystera::store::sqlite

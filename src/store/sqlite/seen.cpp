#include <fmt/core.h>

#include <bit>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

namespace {

// SQLite's integers have a sign.
std::int64_t signed_of(std::uint64_t value) noexcept { return std::bit_cast<std::int64_t>(value); }

}  // namespace

Result<Done> Seen::put(std::string_view entity, std::span<const SeenValue> values) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  for (const SeenValue& value : values) {
    auto statement = value.forgotten ? db.lease("DELETE FROM seen_values WHERE entity = ?1 AND rule = ?2 AND value = ?3")
                                     : db.lease(
                                           "INSERT INTO seen_values (entity, rule, value, first_ns, last_ns) VALUES "
                                           "(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET first_ns = ?4, last_ns = ?5");
    if (!statement) return statement.error();
    Statement& put = statement.value();
    put.bind(1, entity);
    put.bind(2, value.rule);
    put.bind(3, signed_of(value.value));
    if (!value.forgotten) {
      put.bind(4, value.first_ns);
      put.bind(5, value.last_ns);
    }
    if (auto done = db.finish(put, "write what a site has shown"); !done) return done;
  }
  return Done{};
}

Result<std::vector<SeenValue>> Seen::list(std::string_view entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement =
      db.lease("SELECT rule, value, first_ns, last_ns FROM seen_values WHERE entity = ?1 ORDER BY rule, value");
  if (!statement) return statement.error();
  statement->bind(1, entity);
  return db.rows<SeenValue>(statement.value(), "read what a site has shown", [](const Statement& row) {
    return SeenValue{std::string(row.text(0)), std::bit_cast<std::uint64_t>(row.integer(1)), row.integer(2), row.integer(3),
                     false};
  });
}

Result<std::uint64_t> Seen::prune(std::int64_t before_ns) {
  return remove_rows(connections_, "DELETE FROM seen_values WHERE rule <> '' AND last_ns < ?1", before_ns);
}

Result<Done> Seen::put_absences(std::string_view entity, std::string_view state) {
  if (state.size() > kStateBytes)
    return Error{
        fmt::format("what is learnt about absences has {} bytes, at most {} are stored", state.size(), kStateBytes),
        ErrorKind::too_large};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto put = db.lease("INSERT INTO absence_states (entity, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = ?2");
  if (!put) return put.error();
  put->bind(1, entity);
  put->bind_blob(2, state);
  return db.finish(put.value(), "write what is learnt about absences");
}

Result<std::optional<std::string>> Seen::absences(std::string_view entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT state FROM absence_states WHERE entity = ?1");
  if (!find) return find.error();
  find->bind(1, entity);
  return db.row<std::string>(find.value(), "read what is learnt about absences",
                             [](const Statement& row) { return std::string(row.text(0)); });
}

Result<Done> Seen::remove(std::string_view entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  for (const Sql sql :
       {Sql("DELETE FROM seen_values WHERE entity = ?1"), Sql("DELETE FROM absence_states WHERE entity = ?1")}) {
    auto remove = db.lease(sql);
    if (!remove) return remove.error();
    remove->bind(1, entity);
    if (auto done = db.finish(remove.value(), "remove what a site has shown"); !done) return done;
  }
  return Done{};
}

}  // namespace logystera::store::sqlite

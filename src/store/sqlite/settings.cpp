#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

Result<std::optional<std::string>> Settings::find(std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT value FROM settings WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, name);
  return db.row<std::string>(find.value(), "read a setting", [](const Statement& row) { return std::string(row.text(0)); });
}

Result<Done> Settings::put(std::string_view name, std::string_view value) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto put = db.lease("INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2");
  if (!put) return put.error();
  put->bind(1, name);
  put->bind(2, value);
  return db.finish(put.value(), "write a setting");
}

Result<Done> Settings::remove(std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease("DELETE FROM settings WHERE name = ?");
  if (!remove) return remove.error();
  remove->bind(1, name);
  return db.finish(remove.value(), "remove a setting");
}

}  // namespace logystera::store::sqlite

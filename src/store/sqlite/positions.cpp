#include <fmt/core.h>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

Result<std::optional<std::string>> Positions::find(std::string_view target) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease("SELECT text FROM positions WHERE target = ?");
  if (!find) return find.error();
  find->bind(1, target);
  return db.row<std::string>(find.value(), "read a position",
                             [](const Statement& row) { return std::string(row.text(0)); });
}

Result<std::optional<std::int64_t>> Positions::newest(std::string_view prefix) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // No text has bytes behind those of U+10FFFF.
  const std::string behind = std::string(prefix) + "\xF4\x8F\xBF\xBF";
  auto newest = db.lease("SELECT max(updated_at) FROM positions WHERE target >= ?1 AND target < ?2 HAVING count(*) > 0");
  if (!newest) return newest.error();
  newest->bind(1, prefix);
  newest->bind(2, std::string_view(behind));
  return db.row<std::int64_t>(newest.value(), "read positions", [](const Statement& row) { return row.integer(0); });
}

Result<Done> Positions::put(std::string_view target, std::string_view text, std::int64_t now) {
  if (text.size() > kTextBytes)
    return Error{fmt::format("the position of {} has {} bytes, at most {} are stored", target, text.size(), kTextBytes),
                 ErrorKind::too_large};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto put = db.lease(
      "INSERT INTO positions (target, text, updated_at) VALUES (?1, CAST(?2 AS BLOB), ?3) "
      "ON CONFLICT DO UPDATE SET text = CAST(?2 AS BLOB), updated_at = ?3");
  if (!put) return put.error();
  put->bind(1, target);
  put->bind(2, text);
  put->bind(3, now);
  return db.finish(put.value(), "write a position");
}

Result<Done> Positions::remove(std::string_view target) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease("DELETE FROM positions WHERE target = ?");
  if (!remove) return remove.error();
  remove->bind(1, target);
  return db.finish(remove.value(), "remove a position");
}

}  // namespace logystera::store::sqlite

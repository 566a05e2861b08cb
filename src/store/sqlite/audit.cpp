#include <limits>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

AuditRow row_of(const Statement& row) {
  AuditRow audit;
  audit.id = row.integer(0);
  audit.at = row.integer(1);
  audit.actor = row.text(2);
  audit.address = row.text(3);
  audit.action = row.text(4);
  audit.object = row.text(5);
  audit.before = row.text(6);
  audit.after = row.text(7);
  return audit;
}

}  // namespace

Result<Done> Audit::add(const AuditRow& row) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease("INSERT INTO audit (at, actor, address, action, object, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!add) return add.error();
  add->bind(1, row.at);
  add->bind(2, std::string_view(row.actor));
  add->bind(3, std::string_view(row.address));
  add->bind(4, std::string_view(row.action));
  add->bind(5, std::string_view(row.object));
  add->bind(6, std::string_view(row.before));
  add->bind(7, std::string_view(row.after));
  return db.finish(add.value(), "note in the audit");
}

Result<std::vector<AuditRow>> Audit::list(const AuditQuery& query) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // By number and not by time: that is the order things happened in, whatever was done to the clock.
  auto list = db.lease(
      "SELECT id, at, actor, address, action, object, before, after FROM audit "
      "WHERE id < ?1 AND at BETWEEN ?2 AND ?3 AND (?4 = '' OR actor = ?4 COLLATE NOCASE) "
      "AND (?5 = '' OR action = ?5 OR (substr(?5, -1) = '.' AND substr(action, 1, length(?5)) = ?5)) "
      "ORDER BY id DESC LIMIT ?6");
  if (!list) return list.error();
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  list->bind(1, query.before_id > 0 ? query.before_id : kLast);
  list->bind(2, query.since.value_or(std::numeric_limits<std::int64_t>::min()));
  list->bind(3, query.until.value_or(kLast));
  list->bind(4, std::string_view(query.actor));
  list->bind(5, std::string_view(query.action));
  list->bind(6, static_cast<std::int64_t>(query.limit));
  return db.rows<AuditRow>(list.value(), "read the audit", row_of);
}

Result<std::uint64_t> Audit::prune(std::int64_t oldest, std::size_t most) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease("DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? ORDER BY at LIMIT ?)");
  if (!remove) return remove.error();
  remove->bind(1, oldest);
  remove->bind(2, static_cast<std::int64_t>(most));
  if (auto done = db.finish(remove.value(), "shorten the audit"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace logystera::store::sqlite

#include <fmt/core.h>

#include <algorithm>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

Result<Done> Windows::put(const SiteWindows& windows) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto put = db.lease(
      "INSERT INTO site_windows SELECT id, ?2, ?3 FROM entities WHERE token = ?1 ON CONFLICT DO UPDATE SET seq = ?2, state "
      "= "
      "?3");
  if (!put) return put.error();
  put->bind(1, std::string_view(windows.site));
  put->bind(2, static_cast<std::int64_t>(windows.seq));
  put->bind_blob(3, windows.state);
  if (auto done = db.finish(put.value(), "write the windows of a site"); !done) return done;
  if (db.changes() == 1) return Done{};
  db.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", db.path(), windows.site), ErrorKind::not_found};
}

Result<Done> Windows::remove(std::string_view site) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease("DELETE FROM site_windows WHERE entity = (SELECT id FROM entities WHERE token = ?)");
  if (!remove) return remove.error();
  remove->bind(1, site);
  return db.finish(remove.value(), "write the windows of a site");
}

Result<std::vector<SiteWindows>> Windows::list() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto list =
      db.lease("SELECT e.token, w.seq, w.state FROM site_windows w JOIN entities e ON e.id = w.entity ORDER BY w.entity");
  if (!list) return list.error();
  return db.rows<SiteWindows>(list.value(), "read the windows of sites", [](const Statement& row) {
    return SiteWindows{std::string(row.text(0)), row.count(1), std::string(row.text(2))};
  });
}

Result<Done> Windows::add(const Unevaluated& range) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease(
      "INSERT INTO unevaluated (entity, since, until, events, reason, at) SELECT id, ?2, ?3, ?4, ?5, ?6 FROM entities "
      "WHERE "
      "token = ?1");
  if (!add) return add.error();
  add->bind(1, std::string_view(range.site));
  add->bind(2, range.since);
  add->bind(3, range.until);
  add->bind(4, static_cast<std::int64_t>(range.events));
  add->bind(5, std::string_view(range.reason));
  add->bind(6, range.at);
  return db.finish(add.value(), "note what was not looked at");
}

Result<std::vector<Unevaluated>> Windows::unevaluated(std::string_view site, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto list = db.lease(
      "SELECT e.token, u.since, u.until, u.events, u.reason, u.at FROM unevaluated u JOIN entities e ON e.id = u.entity "
      "WHERE "
      "?1 = '' OR e.token = ?1 ORDER BY u.id DESC LIMIT ?2");
  if (!list) return list.error();
  list->bind(1, site);
  list->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<Unevaluated>(list.value(), "read", [](const Statement& row) {
    return Unevaluated{std::string(row.text(0)), row.integer(1), row.integer(2), row.count(3),
                       std::string(row.text(4)), row.integer(5)};
  });
}

}  // namespace logystera::store::sqlite

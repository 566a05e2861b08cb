#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/row_key.hpp"
#include "store/sqlite/stores.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

// Within the transaction that changes them.
Result<Done> count_change_of_dismissals(Connection& db) {
  return db.run("INSERT INTO counters VALUES ('dismissals', 1) ON CONFLICT DO UPDATE SET value = value + 1");
}

}  // namespace

Result<bool> Findings::add(const Finding& finding) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "INSERT OR IGNORE INTO findings (key, rule, title, level, source, time, line, message, demo, stored_at, address, "
      "account, target, status, outcome, hits, first_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, coalesce(nullif(?, 0), "
      "unixepoch()), ?, ?, ?, ?, ?, "
      "?, ?)");
  if (!statement) return statement.error();
  const std::string rule = storable(finding.rule), title = storable(finding.title), source = storable(finding.source),
                    message = storable(finding.message);
  const std::string key = finding_key(finding);
  Statement& insert = statement.value();
  insert.bind_blob(1, key);
  insert.bind(2, rule);
  insert.bind(3, title);
  insert.bind(4, number_of(finding.level));
  insert.bind(5, source);
  insert.bind(6, finding.time);
  insert.bind(7, static_cast<std::int64_t>(finding.line));
  insert.bind(8, message);
  insert.bind(9, std::int64_t{finding.demo});
  const StoredWho who(finding.who);
  insert.bind(10, finding.stored_at);
  who.bind(insert, 11);
  insert.bind(16, static_cast<std::int64_t>(finding.hits));
  if (finding.first_time != 0) insert.bind(17, std::min(finding.first_time, finding.time));
  if (auto done = db.finish(insert, "write"); !done) return done.error();
  return db.changes() == 1;
}

Result<Done> Findings::grow(const Growth& growth, bool whole) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto grow = db.lease(
      "UPDATE findings SET hits = CASE WHEN ?7 AND ?3 >= last_time THEN ?2 ELSE max(hits, ?2) END, last_time = "
      "max(last_time, "
      "?3), login_time = CASE login_time WHEN 0 THEN ?4 ELSE login_time END, mostly = CASE WHEN ?5 >= accounts THEN ?6 "
      "ELSE "
      "mostly END, accounts = max(accounts, ?5) WHERE key = ?1");
  if (!grow) return grow.error();
  const std::string mostly = storable(growth.mostly);
  grow->bind_blob(1, growth.key);
  grow->bind(2, static_cast<std::int64_t>(growth.hits));
  grow->bind(3, growth.until);
  grow->bind(4, growth.login_time);
  grow->bind(5, static_cast<std::int64_t>(growth.accounts));
  grow->bind(6, mostly);
  grow->bind(7, std::int64_t{whole});
  return db.finish(grow.value(), "write");
}

Result<std::vector<Finding>> Findings::list(const FindingQuery& query) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT " LOGYSTERA_FINDING_COLUMNS
      " FROM findings WHERE level >= ?1 AND (?2 = '' OR "
      "rule = ?2) "
      "AND (?3 = '' OR source = ?3 OR substr(source, -length(?3) - 1) = '/' || ?3) AND time >= ?4 ORDER BY time DESC, id "
      "DESC LIMIT ?5");
  if (!statement) return statement.error();
  Statement& select = statement.value();
  const std::string source = storable(query.source);
  select.bind(1, number_of(query.at_least.value_or(Level::informational)));
  select.bind(2, query.rule);
  select.bind(3, source);
  select.bind(4, query.since.value_or(INT64_MIN));
  select.bind(5, static_cast<std::int64_t>(query.limit));
  return db.rows<Finding>(select, "read", read_finding);
}

Result<Done> Findings::dismiss(const Dismissal& dismissal) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  const std::string rule = storable(dismissal.rule), source = storable(dismissal.source),
                    reason = storable(dismissal.reason);
  return atomically(db, [&]() -> Result<Done> {
    auto insert = db.lease(
        "INSERT INTO dismissals (rule, source, reason, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET reason = "
        "excluded.reason, at = excluded.at");
    if (!insert) return insert.error();
    insert->bind(1, rule);
    insert->bind(2, source);
    insert->bind(3, reason);
    insert->bind(4, dismissal.at);
    if (auto done = db.finish(insert.value(), "write"); !done) return done;
    return count_change_of_dismissals(db);
  });
}

Result<std::uint64_t> Findings::undismiss(std::string_view rule, std::string_view source) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  const std::string stored_source = storable(source);
  return atomically(db, [&]() -> Result<std::uint64_t> {
    auto remove = db.lease("DELETE FROM dismissals WHERE rule = ?1 AND (?2 = '' OR source = ?2)");
    if (!remove) return remove.error();
    remove->bind(1, rule);
    remove->bind(2, stored_source);
    if (auto done = db.finish(remove.value(), "write"); !done) return done.error();
    const auto removed = static_cast<std::uint64_t>(db.changes());
    if (auto counted = count_change_of_dismissals(db); !counted) return counted.error();
    return removed;
  });
}

Result<std::vector<Dismissal>> Findings::dismissals() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease("SELECT rule, source, reason, at FROM dismissals ORDER BY rule, source");
  if (!statement) return statement.error();
  return db.rows<Dismissal>(statement.value(), "read", [](const Statement& row) {
    return Dismissal{std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
  });
}

Result<bool> Findings::dismissed(std::string_view rule, std::string_view source) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT 1 FROM dismissals WHERE rule = ?1 AND (source = '' OR source = ?2 OR substr(?2, -length(source) - 1) = '/' "
      "|| source)");
  if (!statement) return statement.error();
  Statement& select = statement.value();
  const std::string stored_source = storable(source);
  select.bind(1, rule);
  select.bind(2, stored_source);
  const int code = select.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return db.error("read");
  return code == SQLITE_ROW;
}

Result<DismissalPreview> Findings::preview(std::string_view rule, std::string_view source) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  DismissalPreview preview;
  auto statement = db.lease(
      "SELECT source, count(*) AS found FROM findings WHERE rule = ?1 AND (?2 = '' OR source = ?2 OR substr(source, "
      "-length(?2) - 1) = '/' || ?2) GROUP BY source ORDER "
      "BY found DESC, source");
  if (!statement) return statement.error();
  const std::string stored_source = storable(source);
  statement->bind(1, rule);
  statement->bind(2, stored_source);
  using Row = std::pair<std::string, std::uint64_t>;
  auto rows = db.rows<Row>(statement.value(), "read", [](const Statement& row) {
    return Row{row.text(0), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!rows) return rows.error();
  for (const Row& row : rows.value()) preview.findings += row.second;
  preview.by_source = std::move(rows).value();
  constexpr std::size_t kSourcesShown = 10, kNewestShown = 5;
  if (preview.by_source.size() > kSourcesShown) preview.by_source.resize(kSourcesShown);
  FindingQuery newest;
  newest.rule = rule;
  newest.source = source;
  newest.limit = kNewestShown;
  auto found = list(newest);
  if (!found) return found.error();
  preview.newest = std::move(found).value();
  return preview;
}

Result<std::int64_t> Findings::dismissals_version() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  return connection.value()->integer("SELECT coalesce((SELECT value FROM counters WHERE name = 'dismissals'), 0)");
}

Result<std::uint64_t> Findings::prune(std::int64_t oldest) {
  auto old = remove_rows(
      connections_, "DELETE FROM findings WHERE time < ?1 AND stored_at < ?1 AND NOT " LOGYSTERA_IS_OF_OPEN_ALERT, oldest);
  if (!old) return old;
  // Counted first: the order by both times has no index.
  auto beyond = remove_rows(
      connections_,
      "DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE (SELECT count(*) FROM findings) > ?1 AND "
      "NOT " LOGYSTERA_IS_OF_OPEN_ALERT " ORDER BY max(time, stored_at) DESC, id DESC LIMIT -1 OFFSET ?1)",
      static_cast<std::int64_t>(kFindingRows));
  if (!beyond) return beyond;
  return old.value() + beyond.value();
}

Result<std::uint64_t> Findings::clear_demo() { return remove_rows(connections_, "DELETE FROM findings WHERE demo = ?", 1); }

}  // namespace logystera::store::sqlite

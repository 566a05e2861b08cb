#include <fmt/core.h>

#include "alert/state.hpp"
#include "store/sqlite/alert_rows.hpp"
#include "store/sqlite/stores.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

// A number no row had before, within the transaction that writes it.
Result<std::int64_t> next_change(Connection& db) {
  return db.integer(
      "INSERT INTO counters VALUES ('alerts', 1) ON CONFLICT DO UPDATE SET value = value + 1 RETURNING value");
}

// SQLite's integers are signed.
std::int64_t stored(std::uint64_t number) noexcept {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(number, INT64_MAX));
}

/// An alert with its texts as they are stored, which statements point at.
struct Stored {
  explicit Stored(const alert::Alert& given)
      : alert(given),
        rule(storable(given.rule)),
        title(storable(given.title)),
        site(storable(given.site)),
        label(storable(given.group_label)),
        snooze_by(storable(given.snooze.by)),
        snooze_reason(storable(given.snooze.reason)),
        assignee(storable(given.assignee)),
        resolved_by(storable(given.resolved_by)) {}

  // The columns both statements write, from ?1 on, and the next parameter.
  int bind(Statement& statement, std::int64_t change) const {
    int at = 0;
    const auto put = [&](std::int64_t number) { statement.bind(++at, number); };
    const auto text = [&](const std::string& words) { statement.bind(++at, std::string_view(words)); };
    text(title);
    put(number_of(alert.level));
    text(label);
    put(state_number(alert));
    put(static_cast<std::int64_t>(alert.kind));
    put(alert.opened_at);
    put(alert.first_time);
    put(alert.last_time);
    put(alert.last_hit_at);
    put(alert.cleared_at);
    put(stored(alert.hits));
    put(stored(alert.findings));
    put(stored(alert.suppressed));
    put(alert.snooze.until);
    put(alert.snooze.at);
    text(snooze_by);
    text(snooze_reason);
    put(stored(alert.snooze.until_hits));
    ++at;
    if (alert.snooze.until_level) statement.bind(at, number_of(*alert.snooze.until_level));  // else NULL
    put(stored(alert.snooze.hits));
    put(alert.snooze.of_rule);
    text(assignee);
    put(alert.parent);
    put(alert.resolved_at);
    text(resolved_by);
    put(alert.told_at);
    put(stored(alert.told_hits));
    put(stored(alert.times_opened));
    put(alert.for_s);
    put(alert.quiet_s);
    put(alert.repeat_s);
    put(alert::due_at(alert));
    put(change);
    return at + 1;
  }

  const alert::Alert& alert;
  const std::string rule, title, site, label, snooze_by, snooze_reason, assignee, resolved_by;
};

// Whether another alert of the identity is open.
Result<bool> another_is_open(Connection& db, const alert::Alert& alert) {
  if (!alert.open()) return false;
  auto select = db.lease("SELECT 1 FROM alerts WHERE key = ?1 AND state < 3 AND id <> ?2");
  if (!select) return select.error();
  select->bind_blob(1, alert.key.data(), alert.key.size());
  select->bind(2, alert.id);
  const int code = select->step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return db.error("read");
  return code == SQLITE_ROW;
}

Error open_already() {
  return Error{"there is an open alert of the same rule, site and group: look at that one", ErrorKind::exists};
}

alert::LogRow read_log(const Statement& row) {
  return {row.integer(0),           row.integer(1),           row.integer(2),           std::string(row.text(3)),
          std::string(row.text(4)), std::string(row.text(5)), std::string(row.text(6)), std::string(row.text(7))};
}

RuleSwitch read_switch(const Statement& row) {
  RuleSwitch one;
  one.rule = row.text(0);
  one.site = row.text(1);
  one.state = static_cast<alert::Switch>(std::clamp<std::int64_t>(row.integer(2), 0, 3));
  one.until = row.integer(3);
  one.reason = row.text(4);
  one.by = row.text(5);
  one.at = row.integer(6);
  return one;
}

}  // namespace

Result<std::optional<alert::Alert>> Alerts::current(const alert::Key& key) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  for (const Sql sql : {Sql("SELECT " LOGYSTERA_ALERT_COLUMNS " FROM alerts WHERE key = ?1 AND state < 3"),
                        Sql("SELECT " LOGYSTERA_ALERT_COLUMNS " FROM alerts WHERE key = ?1 ORDER BY id DESC LIMIT 1")}) {
    auto select = db.lease(sql);
    if (!select) return select.error();
    select->bind_blob(1, key.data(), key.size());
    auto found = db.row<alert::Alert>(select.value(), "read", read_alert);
    if (!found || found.value()) return found;
  }
  return std::optional<alert::Alert>();
}

Result<std::int64_t> Alerts::add(const alert::Alert& alert) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<std::int64_t> {
    auto taken = another_is_open(db, alert);
    if (!taken) return taken.error();
    if (taken.value()) return open_already();
    auto change = next_change(db);
    if (!change) return change.error();
    auto insert = db.lease(
        "INSERT INTO alerts (title, level, grp_label, state, kind, opened_at, first_time, last_time, last_hit_at, "
        "cleared_at, hits, findings, suppressed, snoozed_until, snooze_at, snooze_by, snooze_reason, snooze_until_hits, "
        "snooze_until_level, snooze_hits, snooze_of_rule, assignee, parent, resolved_at, resolved_by, told_at, told_hits, "
        "times_opened, for_s, quiet_s, repeat_s, due_at, change, key, rule, site, grp) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
    if (!insert) return insert.error();
    const Stored texts(alert);
    int at = texts.bind(insert.value(), change.value());
    insert->bind_blob(at++, alert.key.data(), alert.key.size());
    insert->bind(at++, std::string_view(texts.rule));
    insert->bind(at++, std::string_view(texts.site));
    insert->bind_blob(at, alert.group);
    auto id = db.row<std::int64_t>(insert.value(), "write", [](const Statement& row) { return row.integer(0); });
    if (!id) return id.error();
    return id->value_or(0);
  });
}

Result<Done> Alerts::update(const alert::Alert& alert) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto taken = another_is_open(db, alert);
    if (!taken) return taken.error();
    if (taken.value()) return open_already();
    auto change = next_change(db);
    if (!change) return change.error();
    auto update = db.lease(
        "UPDATE alerts SET title = ?, level = ?, grp_label = ?, state = ?, kind = ?, opened_at = ?, first_time = ?, "
        "last_time = ?, last_hit_at = ?, cleared_at = ?, hits = ?, findings = ?, suppressed = ?, snoozed_until = ?, "
        "snooze_at = ?, snooze_by = ?, snooze_reason = ?, snooze_until_hits = ?, snooze_until_level = ?, snooze_hits = ?, "
        "snooze_of_rule = ?, assignee = ?, parent = ?, resolved_at = ?, resolved_by = ?, told_at = ?, told_hits = ?, "
        "times_opened = ?, for_s = ?, quiet_s = ?, repeat_s = ?, due_at = ?, change = ? WHERE id = ?");
    if (!update) return update.error();
    const Stored texts(alert);
    update->bind(texts.bind(update.value(), change.value()), alert.id);
    if (auto done = db.finish(update.value(), "write"); !done) return done;
    if (db.changes() == 1) return Done{};
    return Error{fmt::format("there is no alert {}", alert.id), ErrorKind::not_found};
  });
}

Result<bool> Alerts::remove(std::int64_t id) {
  auto removed = remove_rows(connections_, "DELETE FROM alerts WHERE id = ?", id);
  if (!removed) return removed.error();
  return removed.value() == 1;
}

Result<std::vector<alert::Alert>> Alerts::due(std::int64_t now, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // Further ahead than anything waits: a clock was set back.
  constexpr std::int64_t kFar = 366 * alert::kDay;
  struct Kind {
    Sql sql;
    std::int64_t time;
  };
  const Kind kinds[] = {
      {Sql("SELECT " LOGYSTERA_ALERT_COLUMNS " FROM alerts WHERE due_at <> 0 AND due_at <= ?1 ORDER BY due_at LIMIT ?2"),
       now},
      {Sql("SELECT " LOGYSTERA_ALERT_COLUMNS " FROM alerts WHERE due_at <> 0 AND due_at > ?1 ORDER BY due_at LIMIT ?2"),
       now + kFar}};
  std::vector<alert::Alert> all;
  for (const auto& [sql, time] : kinds) {
    auto select = db.lease(sql);
    if (!select) return select.error();
    select->bind(1, time);
    select->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit - all.size(), INT32_MAX)));
    auto rows = db.rows<alert::Alert>(select.value(), "read", read_alert);
    if (!rows) return rows;
    for (alert::Alert& one : rows.value()) all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<alert::Alert>> Alerts::open_of(std::string_view rule, std::string_view site, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease("SELECT " LOGYSTERA_ALERT_COLUMNS
                         " FROM alerts INDEXED BY alerts_by_rule WHERE rule = ?1 AND state < 3 AND site = ?2 ORDER BY "
                         "last_time DESC, id DESC LIMIT ?3");
  if (!select) return select.error();
  const std::string stored_rule = storable(rule), stored_site = storable(site);
  select->bind(1, std::string_view(stored_rule));
  select->bind(2, std::string_view(stored_site));
  select->bind(3, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<alert::Alert>(select.value(), "read", read_alert);
}

Result<Done> Alerts::log(const alert::LogRow& row) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto insert =
      db.lease("INSERT INTO alert_log (alert, at, actor, what, before, after, note) VALUES (?, ?, ?, ?, ?, ?, ?)");
  if (!insert) return insert.error();
  const std::string texts[] = {storable(row.actor), storable(row.what), storable(row.from), storable(row.to),
                               storable(row.note)};
  insert->bind(1, row.alert);
  insert->bind(2, row.at);
  for (int i = 0; i < 5; ++i) insert->bind(3 + i, std::string_view(texts[i]));
  return db.finish(insert.value(), "write");
}

Result<std::vector<alert::LogRow>> Alerts::activity(std::int64_t alert, std::int64_t before_id, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT id, alert, at, actor, what, before, after, note FROM alert_log WHERE alert = ?1 AND id < ?2 ORDER BY id DESC "
      "LIMIT ?3");
  if (!select) return select.error();
  select->bind(1, alert);
  select->bind(2, before_id == 0 ? INT64_MAX : before_id);
  select->bind(3, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<alert::LogRow>(select.value(), "read", read_log);
}

Result<Done> Alerts::attach(std::int64_t alert, std::int64_t finding) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto insert = db.lease("INSERT OR IGNORE INTO alert_findings (alert, finding) VALUES (?, ?)");
    if (!insert) return insert.error();
    insert->bind(1, alert);
    insert->bind(2, finding);
    if (auto done = db.finish(insert.value(), "write"); !done) return done;
    if (db.changes() == 0) return Done{};
    // The first half stays; of the others the oldest goes.
    auto remove = db.lease(
        "DELETE FROM alert_findings WHERE alert = ?1 AND (SELECT count(*) FROM alert_findings WHERE alert = ?1) > ?2 AND "
        "finding = (SELECT finding FROM alert_findings WHERE alert = ?1 ORDER BY finding LIMIT 1 OFFSET ?3)");
    if (!remove) return remove.error();
    remove->bind(1, alert);
    remove->bind(2, static_cast<std::int64_t>(kAlertFindings));
    remove->bind(3, static_cast<std::int64_t>(kAlertFindings / 2));
    return db.finish(remove.value(), "write");
  });
}

Result<std::vector<std::int64_t>> Alerts::findings_of(std::int64_t alert) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease("SELECT finding FROM alert_findings WHERE alert = ? ORDER BY finding");
  if (!select) return select.error();
  select->bind(1, alert);
  return db.rows<std::int64_t>(select.value(), "read", [](const Statement& row) { return row.integer(0); });
}

Result<std::optional<std::int64_t>> Alerts::alert_of(std::int64_t finding) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease("SELECT alert FROM alert_findings WHERE finding = ? ORDER BY alert DESC LIMIT 1");
  if (!select) return select.error();
  select->bind(1, finding);
  return db.row<std::int64_t>(select.value(), "read", [](const Statement& row) { return row.integer(0); });
}

Result<Done> Alerts::put_switch(const RuleSwitch& one) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto insert = db.lease(
      "INSERT OR REPLACE INTO rule_switches (rule, site, state, until, reason, actor, at) VALUES (?, ?, ?, ?, "
      "?, ?, ?)");
  if (!insert) return insert.error();
  const std::string rule = storable(one.rule), site = storable(one.site), reason = storable(one.reason),
                    by = storable(one.by);
  insert->bind(1, std::string_view(rule));
  insert->bind(2, std::string_view(site));
  insert->bind(3, static_cast<std::int64_t>(one.state));
  insert->bind(4, one.until);
  insert->bind(5, std::string_view(reason));
  insert->bind(6, std::string_view(by));
  insert->bind(7, one.at);
  return db.finish(insert.value(), "write");
}

Result<bool> Alerts::remove_switch(std::string_view rule, std::string_view site) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease("DELETE FROM rule_switches WHERE rule = ? AND site = ?");
  if (!remove) return remove.error();
  const std::string stored_rule = storable(rule), stored_site = storable(site);
  remove->bind(1, std::string_view(stored_rule));
  remove->bind(2, std::string_view(stored_site));
  if (auto done = db.finish(remove.value(), "write"); !done) return done.error();
  return db.changes() == 1;
}

Result<std::vector<RuleSwitch>> Alerts::switches(std::string_view rule) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.lease(
      "SELECT rule, site, state, until, reason, actor, at FROM rule_switches WHERE ?1 = '' OR rule = ?1 ORDER BY rule, "
      "site");
  if (!select) return select.error();
  const std::string stored_rule = storable(rule);
  select->bind(1, std::string_view(stored_rule));
  return db.rows<RuleSwitch>(select.value(), "read", read_switch);
}

Result<std::uint64_t> Alerts::prune(std::int64_t oldest, std::size_t most) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto remove = db.lease(
      "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE state >= 3 AND resolved_at < ? ORDER BY resolved_at "
      "LIMIT "
      "?)");
  if (!remove) return remove.error();
  remove->bind(1, oldest);
  remove->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(most, INT32_MAX)));
  if (auto done = db.finish(remove.value(), "write"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace logystera::store::sqlite

// What is written into the outbox and read of it; what is taken out of it stands in outbox_taking.cpp.
#include <fmt/core.h>

#include <string>

#include "store/sqlite/outbox_rows.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {

OutboxRow outbox_row_of(const Statement& row) {
  OutboxRow one;
  one.id = row.integer(0);
  one.channel = row.integer(1);
  one.target = row.text(2);
  one.alert = row.integer(3);
  one.site = row.text(4);
  one.route = row.text(5);
  one.kind = row.text(6);
  one.bundle = row.text(7);
  one.dedupe = row.text(8);
  one.body = row.text(9);
  one.state = static_cast<OutboxState>(row.integer(10));
  one.attempts = row.integer(11);
  one.batch = row.integer(12);
  one.next_at = row.integer(13);
  one.since = row.integer(14);
  one.created_at = row.integer(15);
  one.sent_at = row.integer(16);
  one.error = row.text(17);
  return one;
}

Result<bool> Outbox::add(const OutboxRow& row) {
  if (row.body.size() > kBodyBytes)
    return Error{fmt::format("a message may have {} bytes, got {}", kBodyBytes, row.body.size()), ErrorKind::too_large};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease(
      "INSERT INTO outbox (channel, target, alert, site, route, kind, bundle, dedupe, body, next_at, since, created_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?10, ?10, ?11) ON CONFLICT DO NOTHING");
  if (!add) return add.error();
  add->bind(1, row.channel);
  add->bind(2, row.target);
  add->bind(3, row.alert);
  add->bind(4, row.site);
  add->bind(5, row.route);
  add->bind(6, row.kind);
  add->bind(7, row.bundle);
  add->bind(8, row.dedupe);
  add->bind(9, row.body);
  add->bind(10, row.next_at);
  add->bind(11, row.created_at);
  if (auto done = db.finish(add.value(), "queue a message"); !done) return done.error();
  return db.changes() == 1;
}

Result<std::optional<OutboxRow>> Outbox::find(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.prepare(std::string(kOutboxSelect) + "WHERE id = ?");
  if (!find) return find.error();
  find->bind(1, id);
  return db.row<OutboxRow>(find.value(), "look up a message", outbox_row_of);
}

Result<std::vector<OutboxRow>> Outbox::list(const OutboxFilter& filter) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  std::string where = "WHERE (?1 = 0 OR id < ?1)";
  if (filter.channel) where += " AND channel = ?2";
  if (filter.alert) where += " AND alert = ?3";
  std::string states;
  for (const OutboxState state : filter.states)
    states += (states.empty() ? "" : ", ") + std::to_string(static_cast<int>(state));
  if (!states.empty()) where += " AND state IN (" + states + ")";
  auto list = db.prepare(std::string(kOutboxSelect) + where + " ORDER BY id DESC LIMIT ?4");
  if (!list) return list.error();
  list->bind(1, filter.before_id);
  list->bind(2, filter.channel.value_or(0));
  list->bind(3, filter.alert.value_or(0));
  list->bind(4, static_cast<std::int64_t>(filter.limit));
  return db.rows<OutboxRow>(list.value(), "list messages", outbox_row_of);
}

Result<std::vector<OutboxRow>> Outbox::of_alert(std::int64_t alert) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto list = db.prepare(std::string(kOutboxSelect) + "WHERE alert = ? ORDER BY id");
  if (!list) return list.error();
  list->bind(1, alert);
  return db.rows<OutboxRow>(list.value(), "list an alert's messages", outbox_row_of);
}

Result<OutboxGroupState> Outbox::group(const OutboxGroup& group) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  const auto ask = [&](Sql sql, std::string_view bundle) -> Result<std::int64_t> {
    auto statement = db.lease(sql);
    if (!statement) return statement.error();
    statement->bind(1, group.channel);
    statement->bind(2, group.target);
    statement->bind(3, group.site);
    statement->bind(4, bundle);
    auto found = db.row<std::int64_t>(statement.value(), "look at a group of messages",
                                      [](const Statement& row) { return row.integer(0); });
    if (!found) return found.error();
    return found->value_or(0);
  };
  constexpr Sql kWaits =
      "SELECT coalesce(min(next_at), 0) FROM outbox WHERE channel = ? AND target = ? AND site = ? AND bundle = ? AND state "
      "= 0 "
      "AND batch = 0";
  constexpr Sql kSent =
      "SELECT coalesce(max(sent_at), 0) FROM outbox WHERE channel = ? AND target = ? AND site = ? AND bundle = ? AND state "
      "= 2";
  OutboxGroupState state;
  const auto set = [](std::int64_t& into, Result<std::int64_t> value) -> Result<Done> {
    if (!value) return value.error();
    into = value.value();
    return Done{};
  };
  if (auto done = set(state.waiting_until, ask(kWaits, "")); !done) return done.error();
  if (auto done = set(state.last_sent_at, ask(kSent, "")); !done) return done.error();
  if (auto done = set(state.storm_until, ask(kWaits, "storm")); !done) return done.error();
  if (auto done = set(state.storm_sent_at, ask(kSent, "storm")); !done) return done.error();
  return state;
}

Result<std::uint64_t> Outbox::openings(std::string_view route, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto count = db.lease(
      "SELECT count(DISTINCT alert) FROM outbox WHERE route = ? AND kind IN ('opened', 'reopened') AND created_at >= ?");
  if (!count) return count.error();
  count->bind(1, route);
  count->bind(2, since);
  auto found = db.row<std::uint64_t>(count.value(), "count openings", [](const Statement& row) { return row.count(0); });
  if (!found) return found.error();
  return found->value_or(0);
}

Result<std::int64_t> Outbox::last_storm(std::string_view route) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto last = db.lease(
      "SELECT created_at FROM outbox WHERE route = ? AND kind IN ('opened', 'reopened') AND bundle = 'storm' ORDER BY "
      "created_at DESC LIMIT 1");
  if (!last) return last.error();
  last->bind(1, route);
  auto found = db.row<std::int64_t>(last.value(), "look for a storm", [](const Statement& row) { return row.integer(0); });
  if (!found) return found.error();
  return found->value_or(0);
}

Result<bool> Outbox::rewrite(const OutboxRow& row) {
  if (row.body.size() > kBodyBytes)
    return Error{fmt::format("a message may have {} bytes, got {}", kBodyBytes, row.body.size()), ErrorKind::too_large};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto rewrite = db.lease(
      "UPDATE outbox SET body = ?2, bundle = ?3, next_at = ?4, since = ?4 WHERE id = ?1 AND state = 0 AND batch = 0");
  if (!rewrite) return rewrite.error();
  rewrite->bind(1, row.id);
  rewrite->bind(2, row.body);
  rewrite->bind(3, row.bundle);
  rewrite->bind(4, row.next_at);
  if (auto done = db.finish(rewrite.value(), "change a message"); !done) return done.error();
  return db.changes() == 1;
}

Result<std::uint64_t> Outbox::withdraw(std::int64_t alert, const std::vector<std::string>& kinds, std::string_view reason) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // What was tried keeps its rows, so it goes where it is one alone.
  constexpr std::string_view kAlone =
      " OR (state IN (0, 3) AND NOT EXISTS (SELECT 1 FROM outbox AS other WHERE other.batch = outbox.batch AND other.batch "
      "<> 0 AND other.id <> outbox.id))";
  std::string sql = "UPDATE outbox SET state = 5, error = ? WHERE alert = ? AND ((state = 0 AND batch = 0)";
  if (!kinds.empty()) sql += kAlone;
  sql += ")";
  for (std::size_t i = 0; i < kinds.size(); ++i) sql += i == 0 ? " AND kind IN (?" : ", ?";
  if (!kinds.empty()) sql += ")";
  auto withdraw = db.prepare(sql);
  if (!withdraw) return withdraw.error();
  withdraw->bind(1, reason.substr(0, kErrorBytes));
  withdraw->bind(2, alert);
  for (std::size_t i = 0; i < kinds.size(); ++i) withdraw->bind(static_cast<int>(3 + i), kinds[i]);
  if (auto done = db.finish(withdraw.value(), "withdraw messages"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

Result<Done> Outbox::fold_into_storm(const OutboxGroup& group, std::int64_t next_at) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto fold = db.lease(
      "UPDATE outbox SET bundle = 'storm', next_at = ?4, since = ?4 WHERE channel = ?1 AND target = ?2 AND site = ?3 AND "
      "bundle = '' "
      "AND state = 0 AND batch = 0 AND kind IN ('opened', 'reopened')");
  if (!fold) return fold.error();
  fold->bind(1, group.channel);
  fold->bind(2, group.target);
  fold->bind(3, group.site);
  fold->bind(4, next_at);
  return db.finish(fold.value(), "fold messages into one");
}

Result<Done> Outbox::postpone(std::int64_t channel, std::string_view target, std::int64_t now, std::int64_t next_at) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto postpone = db.lease(
      "UPDATE outbox SET bundle = 'digest', next_at = ?4 WHERE channel = ?1 AND target = ?2 AND state = 0 AND batch = 0 "
      "AND next_at <= ?3");
  if (!postpone) return postpone.error();
  postpone->bind(1, channel);
  postpone->bind(2, target);
  postpone->bind(3, now);
  postpone->bind(4, next_at);
  return db.finish(postpone.value(), "postpone messages");
}

Result<std::int64_t> Outbox::opening_batch(std::int64_t channel, std::string_view target, std::int64_t alert) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto first = db.lease(
      "SELECT batch FROM outbox WHERE alert = ? AND channel = ? AND target = ? AND state = 2 ORDER BY sent_at, id LIMIT 1");
  if (!first) return first.error();
  first->bind(1, alert);
  first->bind(2, channel);
  first->bind(3, target);
  auto found =
      db.row<std::int64_t>(first.value(), "look for an opening", [](const Statement& row) { return row.integer(0); });
  if (!found) return found.error();
  return found->value_or(0);
}

Result<std::vector<std::int64_t>> Outbox::sent_times(std::int64_t channel, std::string_view target, std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto times = db.lease(
      "SELECT max(sent_at) AS at FROM outbox WHERE channel = ? AND target = ? AND state = 2 AND sent_at >= ? GROUP BY "
      "batch "
      "ORDER BY at");
  if (!times) return times.error();
  times->bind(1, channel);
  times->bind(2, target);
  times->bind(3, since);
  return db.rows<std::int64_t>(times.value(), "count messages", [](const Statement& row) { return row.integer(0); });
}

Result<std::vector<OutboxCounts>> Outbox::counts(std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto counts = db.lease(
      "SELECT channel, sum(state <> 4), sum(state = 4), coalesce(min(iif(state <> 4 AND since <= ?, since, NULL)), 0) "
      "FROM outbox WHERE state IN (0, 1, 3, 4) GROUP BY channel");
  if (!counts) return counts.error();
  counts->bind(1, now);
  return db.rows<OutboxCounts>(counts.value(), "count messages", [](const Statement& row) {
    OutboxCounts one;
    one.channel = row.integer(0);
    one.waiting = row.count(1);
    one.dead = row.count(2);
    one.oldest_waiting = row.integer(3);
    return one;
  });
}

Result<std::optional<std::int64_t>> Outbox::next_due() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto next = db.lease("SELECT next_at FROM outbox WHERE state IN (0, 3) ORDER BY next_at LIMIT 1");
  if (!next) return next.error();
  return db.row<std::int64_t>(next.value(), "look for the next message",
                              [](const Statement& row) { return row.integer(0); });
}

Result<std::uint64_t> Outbox::prune(std::int64_t dead_before, std::int64_t sent_before, std::size_t most) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto prune = db.lease(
      "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE (state IN (4, 5) AND created_at < ?1) "
      "OR (state = 2 AND sent_at < ?2) LIMIT ?3)");
  if (!prune) return prune.error();
  prune->bind(1, dead_before);
  prune->bind(2, sent_before);
  prune->bind(3, static_cast<std::int64_t>(most));
  if (auto done = db.finish(prune.value(), "remove old messages"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

}  // namespace logystera::store::sqlite

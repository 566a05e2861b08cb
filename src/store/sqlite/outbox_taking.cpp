// Which rows make the next message, and what comes of it.
//
// Rows that may share a message are a lane: of a message that was tried the rows it had then, of the others those of one site and
// bundle. A lane goes when one of its rows is due; what of it has to wait for a row of another lane about the same alert stays behind.
// Of two messages that were tried the one with the smaller number goes first, so none ever waits for the other in a ring.
#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "store/sqlite/outbox_rows.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::int64_t kLookedAt = 5000;  // rows of a receiver; more than that wait for the next turn

struct Waiting {
  std::int64_t id, alert, batch, next_at;
  std::string site, bundle;
  bool under_way;  // is being sent
};

struct Lane {
  std::vector<std::int64_t> ids;
  std::int64_t next_at = 0;
  void add(const Waiting& row) {
    next_at = ids.empty() ? row.next_at : std::min(next_at, row.next_at);
    ids.push_back(row.id);
  }
};

/// The ids of the next message's rows; empty: none may go.
std::vector<std::int64_t> next_message(const std::vector<Waiting>& rows, std::int64_t now, std::size_t most) {
  std::map<std::int64_t, Lane> tried;
  std::map<std::int64_t, std::int64_t> first_tried;  // of an alert, by the smallest number of a message that has it
  std::map<std::int64_t, std::int64_t> lowest_id;    // of an alert, in any of those
  for (const Waiting& row : rows) {
    if (row.batch == 0) continue;
    tried[row.batch].add(row);
    if (row.alert == 0) continue;
    const auto [first, fresh] = first_tried.emplace(row.alert, row.batch);
    if (!fresh) first->second = std::min(first->second, row.batch);
    lowest_id.emplace(row.alert, row.id);  // they come by id
  }
  std::set<std::int64_t> held;  // messages
  for (const Waiting& row : rows)
    if (row.under_way || (row.batch != 0 && row.alert != 0 && first_tried[row.alert] != row.batch)) held.insert(row.batch);

  using Key = std::pair<std::string, std::string>;
  std::map<Key, Lane> untried;
  std::map<std::int64_t, Key> before;  // of an alert, the lane of what is due
  for (const Waiting& row : rows) {
    if (row.batch != 0 || row.next_at > now) continue;
    const Key key(row.site, row.bundle);
    if (row.alert != 0) {
      if (const auto blocker = lowest_id.find(row.alert); blocker != lowest_id.end() && blocker->second < row.id) continue;
      const auto [lane, fresh] = before.emplace(row.alert, key);
      if (!fresh && lane->second != key) continue;
    }
    untried[key].add(row);
  }

  const Lane* next = nullptr;
  const auto consider = [&](const Lane& lane) {
    if (lane.next_at > now) return;
    if (!next || lane.next_at < next->next_at || (lane.next_at == next->next_at && lane.ids.front() < next->ids.front()))
      next = &lane;
  };
  for (const auto& [number, lane] : tried)
    if (!held.contains(number)) consider(lane);
  for (const auto& [key, lane] : untried) consider(lane);
  if (!next) return {};
  std::vector<std::int64_t> ids = next->ids;
  const bool is_tried = std::any_of(tried.begin(), tried.end(), [&](const auto& one) { return &one.second == next; });
  if (!is_tried && ids.size() > most) ids.resize(most);
  return ids;
}

}  // namespace

Result<std::vector<std::int64_t>> Outbox::due(std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto due = db.lease("SELECT DISTINCT channel FROM outbox WHERE state IN (0, 3) AND next_at <= ?");
  if (!due) return due.error();
  due->bind(1, now);
  return db.rows<std::int64_t>(due.value(), "look for what is due", [](const Statement& row) { return row.integer(0); });
}

Result<std::vector<std::string>> Outbox::targets(std::int64_t channel, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto targets = db.lease(
      "SELECT target, min(next_at) AS at FROM outbox WHERE channel = ? AND state IN (0, 3) AND next_at <= ? GROUP BY "
      "target ORDER BY at");
  if (!targets) return targets.error();
  targets->bind(1, channel);
  targets->bind(2, now);
  return db.rows<std::string>(targets.value(), "look for what is due",
                              [](const Statement& row) { return std::string(row.text(0)); });
}

Result<std::optional<OutboxBatch>> Outbox::take(std::int64_t channel, std::string_view target, std::int64_t now,
                                                std::size_t most) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<std::optional<OutboxBatch>> {
    auto waiting = db.lease(
        "SELECT id, alert, batch, next_at, site, bundle, state = 1 FROM outbox WHERE channel = ? AND target = ? AND state "
        "IN (0, 1, 3) "
        "AND (batch <> 0 OR next_at <= ?) ORDER BY id LIMIT ?");
    if (!waiting) return waiting.error();
    waiting->bind(1, channel);
    waiting->bind(2, target);
    waiting->bind(3, now);
    waiting->bind(4, kLookedAt);
    auto rows = db.rows<Waiting>(waiting.value(), "look for the next message", [](const Statement& row) {
      return Waiting{row.integer(0),           row.integer(1),           row.integer(2),     row.integer(3),
                     std::string(row.text(4)), std::string(row.text(5)), row.integer(6) != 0};
    });
    if (!rows) return rows.error();
    const std::vector<std::int64_t> ids = next_message(rows.value(), now, most);
    if (ids.empty()) return std::optional<OutboxBatch>();
    OutboxBatch batch;
    for (const std::int64_t id : ids) {
      auto find = db.prepare(std::string(kOutboxSelect) + "WHERE id = ?");
      if (!find) return find.error();
      find->bind(1, id);
      auto row = db.row<OutboxRow>(find.value(), "read a message", outbox_row_of);
      if (!row) return row.error();
      if (row.value()) batch.rows.push_back(std::move(*row.value()));
    }
    batch.number = batch.rows.front().batch != 0 ? batch.rows.front().batch : batch.rows.front().id;
    for (OutboxRow& row : batch.rows) {
      row.batch = batch.number;
      row.state = OutboxState::sending;
      ++row.attempts;
      auto mark = db.lease("UPDATE outbox SET state = 1, batch = ?2, attempts = ?3 WHERE id = ?1");
      if (!mark) return mark.error();
      mark->bind(1, row.id);
      mark->bind(2, row.batch);
      mark->bind(3, row.attempts);
      if (auto done = db.finish(mark.value(), "mark a message"); !done) return done.error();
    }
    return std::optional<OutboxBatch>(std::move(batch));
  });
}

Result<Done> Outbox::sent(std::int64_t batch, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto sent = db.lease("UPDATE outbox SET state = 2, sent_at = ?2, error = '' WHERE batch = ?1 AND state = 1");
  if (!sent) return sent.error();
  sent->bind(1, batch);
  sent->bind(2, now);
  return db.finish(sent.value(), "note that a message was sent");
}

Result<Done> Outbox::failed(std::int64_t batch, std::int64_t next_at, std::string_view error) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto failed = db.lease("UPDATE outbox SET state = 3, next_at = ?2, error = ?3 WHERE batch = ?1 AND state = 1");
  if (!failed) return failed.error();
  failed->bind(1, batch);
  failed->bind(2, next_at);
  failed->bind(3, error.substr(0, kErrorBytes));
  return db.finish(failed.value(), "note that a message failed");
}

Result<Done> Outbox::bury(std::int64_t batch, std::string_view error) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto bury = db.lease("UPDATE outbox SET state = 4, error = ?2 WHERE batch = ?1 AND state IN (0, 1, 3)");
    if (!bury) return bury.error();
    bury->bind(1, batch);
    bury->bind(2, error.substr(0, kErrorBytes));
    if (auto done = db.finish(bury.value(), "give up a message"); !done) return done;
    auto ends = db.lease(
        "UPDATE outbox SET state = 5, error = 'its opening did not arrive' WHERE kind = 'resolved' AND state = 0 AND batch "
        "= 0 "
        "AND EXISTS (SELECT 1 FROM outbox AS gone WHERE gone.batch = ? AND gone.alert = outbox.alert AND gone.alert <> 0 "
        "AND gone.channel = outbox.channel AND gone.target = outbox.target) "
        "AND NOT EXISTS (SELECT 1 FROM outbox AS there WHERE there.alert = outbox.alert AND there.channel = outbox.channel "
        "AND there.target = outbox.target AND there.state = 2)");
    if (!ends) return ends.error();
    ends->bind(1, batch);
    return db.finish(ends.value(), "give up a message");
  });
}

Result<std::uint64_t> Outbox::release() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto release = db.lease("UPDATE outbox SET state = 0 WHERE state = 1");
  if (!release) return release.error();
  if (auto done = db.finish(release.value(), "release messages"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

Result<std::uint64_t> Outbox::bury_older(std::int64_t channel, std::int64_t since, std::string_view error) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto bury = db.lease("UPDATE outbox SET state = 4, error = ?3 WHERE channel = ?1 AND state IN (0, 3) AND since < ?2");
  if (!bury) return bury.error();
  bury->bind(1, channel);
  bury->bind(2, since);
  bury->bind(3, error.substr(0, kErrorBytes));
  if (auto done = db.finish(bury.value(), "give up messages"); !done) return done.error();
  return static_cast<std::uint64_t>(db.changes());
}

Result<bool> Outbox::retry(std::int64_t id, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto retry = db.lease(
      "UPDATE outbox SET state = 0, attempts = 0, next_at = ?2, since = ?2, error = '' WHERE state = 4 AND (id = ?1 OR "
      "(batch <> 0 AND "
      "batch = (SELECT batch FROM outbox WHERE id = ?1 AND state = 4)))");
  if (!retry) return retry.error();
  retry->bind(1, id);
  retry->bind(2, now);
  if (auto done = db.finish(retry.value(), "try a message again"); !done) return done.error();
  return db.changes() > 0;
}

Result<bool> Outbox::discard(std::int64_t id, std::string_view reason) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto discard = db.lease(
      "UPDATE outbox SET state = 5, error = ?2 WHERE state IN (0, 3, 4) AND (id = ?1 OR (batch <> 0 AND batch = "
      "(SELECT batch FROM outbox WHERE id = ?1 AND state IN (0, 3, 4))))");
  if (!discard) return discard.error();
  discard->bind(1, id);
  discard->bind(2, reason.substr(0, kErrorBytes));
  if (auto done = db.finish(discard.value(), "discard a message"); !done) return done.error();
  return db.changes() > 0;
}

}  // namespace logystera::store::sqlite

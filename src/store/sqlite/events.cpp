#include <fmt/core.h>

#include "store/sqlite/event_rows.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

// The type such an event's line tells.
constexpr std::string_view kTypeInLine = "CASE WHEN json_valid(e.line) THEN json_extract(e.line, '$.event_type') END";

}  // namespace

Result<Appended> EventAppender::append(const Batch& batch, std::vector<std::uint64_t>* sequences) {
  auto entity = entity_number(batch.entity);
  if (!entity) return entity.error();
  Appended appended;
  {
    auto add = connection_.lease("INSERT OR IGNORE INTO batches (entity, batch, received_at) VALUES (?, ?, ?)");
    if (!add) return add.error();
    add->bind(1, entity.value());
    add->bind_blob(2, batch.id);
    add->bind(3, batch.received_at);
    if (auto done = connection_.finish(add.value(), "record a batch"); !done) return done.error();
    appended.batch_known = connection_.changes() == 0;
  }
  if (!appended.batch_known) {
    auto add = connection_.lease(
        "INSERT OR IGNORE INTO events (entity, type, created_at, received_at, event_id, line) VALUES (?, ?, ?, ?, ?, ?)");
    if (!add) return add.error();
    add->bind(1, entity.value());
    add->bind(4, batch.received_at);
    for (const NewEvent& event : batch.events) {
      auto type = type_number(event.type);
      if (!type) return type.error();
      if (type.value() == unnumbered_) ++appended.unnumbered;
      add->bind(2, type.value());
      add->bind(3, event.created_at);
      add->bind_blob(5, event.id.data(), event.id.size());
      add->bind(6, event.line);
      if (auto done = connection_.finish(add.value(), "store an event"); !done) return done.error();
      const int added = connection_.changes();
      appended.accepted += static_cast<std::uint32_t>(added);
      if (sequences) sequences->push_back(added == 1 ? static_cast<std::uint64_t>(connection_.last_row()) : 0);
    }
  }
  appended.duplicates = static_cast<std::uint32_t>(batch.events.size()) - appended.accepted;
  auto count = connection_.lease(
      "UPDATE entities SET last_seen_at = ?1, accepted = accepted + ?2, duplicates = duplicates + ?3, "
      "rejected = rejected + ?4, agent = iif(?6 = '', agent, ?6), clock_skew = ifnull(?7, clock_skew) WHERE id = ?5");
  if (!count) return count.error();
  const std::int64_t rejected = appended.batch_known ? 0 : batch.rejected;
  count->bind(1, batch.received_at);
  count->bind(2, appended.accepted);
  count->bind(3, appended.duplicates);
  count->bind(4, rejected);
  count->bind(5, entity.value());
  count->bind(6, batch.agent);
  if (batch.sent) count->bind(7, *batch.sent - batch.received_at);
  if (auto done = connection_.finish(count.value(), "count a batch"); !done) return done.error();
  if (auto done = count_hour(entity.value(), batch.received_at, appended, rejected); !done) return done.error();
  return appended;
}

Result<Done> EventAppender::count_hour(std::int64_t entity, std::int64_t received_at, const Appended& appended,
                                       std::int64_t rejected) {
  constexpr std::int64_t kHour = 3600;
  auto count = connection_.lease(
      "INSERT INTO ingest_hours VALUES (?1, ?2, 1, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET batches = batches + 1, events = "
      "events + ?3, duplicates = duplicates + ?4, rejected = rejected + ?5");
  if (!count) return count.error();
  count->bind(1, entity);
  count->bind(2, received_at - (received_at % kHour + kHour) % kHour);
  count->bind(3, appended.accepted);
  count->bind(4, appended.duplicates);
  count->bind(5, rejected);
  return connection_.finish(count.value(), "count a batch");
}

Result<std::int64_t> EventAppender::entity_number(std::string_view token) {
  auto find = connection_.lease("SELECT id FROM entities WHERE token = ?");
  if (!find) return find.error();
  find->bind(1, token);
  const int code = find->step();
  if (code == SQLITE_ROW) return find->integer(0);
  if (code != SQLITE_DONE) return connection_.error("look up an entity");
  connection_.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", connection_.path(), token), ErrorKind::not_found};
}

Result<std::int64_t> EventAppender::type_number(std::string_view type) {
  std::string name(type);
  if (const auto known = types_.find(name); known != types_.end()) return known->second;
  auto number = look_up_type(type);
  if (number && number.value() == 0 && !types_full_) {
    number = add_type(type, types_most_);
    types_full_ = number && number.value() == 0;
  }
  if (!number) return number;
  if (number.value() == 0) return number_of_the_unnumbered();
  // The table may hold more than this process would add: it was filled under another limit.
  if (types_.size() < types_most_) types_.emplace(std::move(name), number.value());
  return number;
}

// 0: there is none.
Result<std::int64_t> EventAppender::look_up_type(std::string_view type) {
  auto find = connection_.lease("SELECT id FROM types WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, type);
  const int code = find->step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.error("look up an event type");
  return code == SQLITE_ROW ? find->integer(0) : std::int64_t{0};
}

// 0: there are `limit` already.
Result<std::int64_t> EventAppender::add_type(std::string_view type, std::size_t limit) {
  auto add = connection_.lease(
      "INSERT INTO types (name) SELECT ? WHERE (SELECT count(*) FROM types WHERE name <> '') < ? RETURNING id");
  if (!add) return add.error();
  add->bind(1, type);
  add->bind(2, static_cast<std::int64_t>(limit));
  const int code = add->step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.error("add an event type");
  return code == SQLITE_ROW ? add->integer(0) : std::int64_t{0};
}

Result<std::int64_t> EventAppender::number_of_the_unnumbered() {
  if (unnumbered_ != 0) return unnumbered_;
  auto number = look_up_type(kUnnumbered);
  if (number && number.value() == 0) number = add_type(kUnnumbered, SIZE_MAX >> 1);
  if (number) unnumbered_ = number.value();
  return number;
}

void EventAppender::forget_types() {
  types_.clear();
  types_full_ = false;
  unnumbered_ = 0;
}

Result<Appended> Events::append(const Batch& batch) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&] { return EventAppender(db, types_most_).append(batch); });
}

Result<Done> Events::read(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) {
  std::string where = " WHERE e.seq > ?1";
  if (!query.type.empty()) {
    where += fmt::format(
        " AND e.type IN (SELECT id FROM types WHERE name IN (?2, '{0}'))"
        " AND (e.type IS NOT (SELECT id FROM types WHERE name = '{0}') OR {1} = ?2)",
        kUnnumbered, kTypeInLine);
  }
  if (!query.entity.empty()) where += " AND e.entity IN (SELECT id FROM entities WHERE token = ?3 OR name = ?3)";
  if (query.since) {
    // Naming every entity and type lets the index on (entity, type, created_at) find the range.
    if (query.type.empty()) where += " AND e.type IN (SELECT id FROM types)";
    if (query.entity.empty()) where += " AND e.entity IN (SELECT id FROM entities)";
    where += " AND e.created_at >= ?4";
  }
  if (query.until) where += " AND e.created_at < ?6";
  std::string matches = "SELECT e.seq FROM events e" + where;
  if (query.newest) matches += " ORDER BY e.seq DESC LIMIT ?5";
  const std::string sql =
      fmt::format("SELECT e.seq, e.created_at, e.received_at, CASE t.name WHEN '{}' THEN {} ELSE t.name END, ", kUnnumbered,
                  kTypeInLine) +
      "n.token, n.name, e.line FROM events e JOIN types t ON t.id = e.type JOIN entities n ON n.id = e.entity" +
      (query.newest || query.since ? " WHERE e.seq IN (" + matches + ")" : where) + " ORDER BY e.seq";

  auto connection = connections_.lend_for_long();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto select = db.prepare(sql);
  if (!select) return select.error();
  select->bind(1, static_cast<std::int64_t>(query.after));
  select->bind(2, std::string_view(query.type));
  select->bind(3, std::string_view(query.entity));
  select->bind(4, query.since.value_or(0));
  select->bind(6, query.until.value_or(0));
  select->bind(5, static_cast<std::int64_t>(query.newest.value_or(0)));
  int code;
  while ((code = select->step()) == SQLITE_ROW) {
    StoredEvent event;
    event.sequence = select->count(0);
    event.created_at = select->integer(1);
    event.received_at = select->integer(2);
    event.type = select->text(3);
    event.entity = select->text(4);
    event.name = select->text(5);
    event.line = select->text(6);
    if (!each(event)) return Done{};
  }
  if (code != SQLITE_DONE) return db.error("read the events");
  return Done{};
}

}  // namespace logystera::store::sqlite

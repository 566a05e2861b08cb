#include <fmt/core.h>

#include <string>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, kind, options, sealed, shown, enabled, off_reason, created_at, last_sent_at, last_failed_at, "
    "last_error, "
    "tested_at, confirmed_at FROM channels ";

Channel channel_of(const Statement& row) {
  Channel channel;
  channel.id = row.integer(0);
  channel.name = row.text(1);
  channel.kind = row.text(2);
  channel.options = row.text(3);
  channel.sealed = row.text(4);
  channel.shown = row.text(5);
  channel.enabled = row.integer(6) != 0;
  channel.off_reason = row.text(7);
  channel.created_at = row.integer(8);
  channel.last_sent_at = row.integer(9);
  channel.last_failed_at = row.integer(10);
  channel.last_error = row.text(11);
  channel.tested_at = row.integer(12);
  channel.confirmed_at = row.integer(13);
  return channel;
}

Error taken(std::string_view name) {
  return {fmt::format("there is a channel '{}' already: give this one another name", name), ErrorKind::exists};
}

}  // namespace

Result<std::int64_t> Channels::add(const Channel& channel) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<std::int64_t> {
    auto there = db.integer("SELECT count(*) FROM channels");
    if (!there) return there;
    if (there.value() >= static_cast<std::int64_t>(kChannelsMost))
      return Error{fmt::format("there are {} channels already: remove one nobody uses", there.value()),
                   ErrorKind::too_large};
    auto add = db.lease(
        "INSERT INTO channels (name, kind, options, sealed, shown, enabled, off_reason, created_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");
    if (!add) return add.error();
    add->bind(1, channel.name);
    add->bind(2, channel.kind);
    add->bind(3, channel.options);
    add->bind_blob(4, channel.sealed);
    add->bind(5, channel.shown);
    add->bind(6, std::int64_t{channel.enabled});
    add->bind(7, channel.off_reason);
    add->bind(8, channel.created_at);
    if (auto done = db.finish(add.value(), "store a channel"); !done) return done.error();
    if (db.changes() == 0) return taken(channel.name);
    return db.integer("SELECT last_insert_rowid()");
  });
}

Result<std::optional<Channel>> Channels::find(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.prepare(std::string(kSelect) + "WHERE id = ?");
  if (!find) return find.error();
  find->bind(1, id);
  return db.row<Channel>(find.value(), "look up a channel", channel_of);
}

Result<std::optional<Channel>> Channels::find(std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.prepare(std::string(kSelect) + "WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, name);
  return db.row<Channel>(find.value(), "look up a channel", channel_of);
}

Result<std::vector<Channel>> Channels::list() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto list = db.prepare(std::string(kSelect) + "ORDER BY name");
  if (!list) return list.error();
  return db.rows<Channel>(list.value(), "list the channels", channel_of);
}

Result<bool> Channels::update(const Channel& channel) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // A name that another one has leaves the row as it is, which is told from a row that is not there.
  auto update = db.lease(
      "UPDATE OR IGNORE channels SET name = ?2, options = ?3, sealed = ?4, shown = ?5, enabled = ?6, off_reason = ?7, "
      "confirmed_at = ?8 WHERE id = ?1");
  if (!update) return update.error();
  update->bind(1, channel.id);
  update->bind(2, channel.name);
  update->bind(3, channel.options);
  update->bind_blob(4, channel.sealed);
  update->bind(5, channel.shown);
  update->bind(6, std::int64_t{channel.enabled});
  update->bind(7, channel.off_reason);
  update->bind(8, channel.confirmed_at);
  if (auto done = db.finish(update.value(), "change a channel"); !done) return done.error();
  if (db.changes() == 1) return true;
  auto find = db.lease("SELECT 1 FROM channels WHERE id = ?");
  if (!find) return find.error();
  find->bind(1, channel.id);
  auto there = db.row<bool>(find.value(), "look up a channel", [](const Statement&) { return true; });
  if (!there) return there.error();
  if (there.value()) return taken(channel.name);
  return false;
}

Result<bool> Channels::remove(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto waiting = db.lease(
        "UPDATE outbox SET state = 5, error = 'the channel was removed' WHERE channel = ? AND state IN (0, 1, 3, 4)");
    if (!waiting) return waiting.error();
    waiting->bind(1, id);
    if (auto done = db.finish(waiting.value(), "discard what waits for a channel"); !done) return done.error();
    auto remove = db.lease("DELETE FROM channels WHERE id = ?");
    if (!remove) return remove.error();
    remove->bind(1, id);
    if (auto done = db.finish(remove.value(), "remove a channel"); !done) return done.error();
    return db.changes() == 1;
  });
}

Result<Done> Channels::note(std::int64_t id, std::int64_t now, std::string_view error) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto note = db.lease(
      "UPDATE channels SET last_sent_at = iif(?3 = '', ?2, last_sent_at), last_failed_at = iif(?3 = '', last_failed_at, "
      "?2), "
      "last_error = ?3 WHERE id = ?1");
  if (!note) return note.error();
  note->bind(1, id);
  note->bind(2, now);
  note->bind(3, error.substr(0, OutboxStore::kErrorBytes));
  return db.finish(note.value(), "note how a channel does");
}

Result<Done> Channels::note_test(std::int64_t id, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto note = db.lease("UPDATE channels SET tested_at = ?2, confirmed_at = 0 WHERE id = ?1");
  if (!note) return note.error();
  note->bind(1, id);
  note->bind(2, now);
  return db.finish(note.value(), "note a channel's test");
}

Result<bool> Channels::switch_off(std::int64_t id, std::string_view reason) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto off = db.lease("UPDATE channels SET enabled = 0, off_reason = ?2 WHERE id = ?1 AND enabled = 1");
  if (!off) return off.error();
  off->bind(1, id);
  off->bind(2, reason.substr(0, OutboxStore::kErrorBytes));
  if (auto done = db.finish(off.value(), "switch a channel off"); !done) return done.error();
  return db.changes() == 1;
}

Result<std::vector<std::string>> Routes::list() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto list = db.lease("SELECT json FROM routes ORDER BY position");
  if (!list) return list.error();
  return db.rows<std::string>(list.value(), "list the routes",
                              [](const Statement& row) { return std::string(row.text(0)); });
}

Result<Done> Routes::replace(const std::vector<std::string>& routes) {
  if (routes.size() > kRoutesMost)
    return Error{fmt::format("there may be {} routes, got {}", kRoutesMost, routes.size()), ErrorKind::too_large};
  for (const std::string& route : routes)
    if (route.size() > kRouteBytes)
      return Error{fmt::format("a route may have {} bytes, got {}", kRouteBytes, route.size()), ErrorKind::too_large};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto clear = db.lease("DELETE FROM routes");
    if (!clear) return clear.error();
    if (auto done = db.finish(clear.value(), "replace the routes"); !done) return done;
    for (std::size_t i = 0; i < routes.size(); ++i) {
      auto add = db.lease("INSERT INTO routes (position, json) VALUES (?, ?)");
      if (!add) return add.error();
      add->bind(1, static_cast<std::int64_t>(i));
      add->bind(2, routes[i]);
      if (auto done = db.finish(add.value(), "replace the routes"); !done) return done;
    }
    return Done{};
  });
}

}  // namespace logystera::store::sqlite

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

#define LOGYSTERA_SELECT_USERS "SELECT id, name, password_hash, created_at, last_login_at FROM users"

User user_of(const Statement& row) {
  User user;
  user.id = row.integer(0);
  user.name = row.text(1);
  user.password_hash = row.text(2);
  user.created_at = row.integer(3);
  user.last_login_at = row.integer(4);
  return user;
}

void bind(Statement& statement, int index, const Digest& hash) { statement.bind_blob(index, hash.data(), hash.size()); }

Result<Done> end_all_of(Connection& db, std::int64_t user) {
  for (const Sql sql :
       {Sql("DELETE FROM sessions WHERE user = ?"), Sql("DELETE FROM codes WHERE user = ? AND used_at = 0")}) {
    auto end = db.lease(sql);
    if (!end) return end.error();
    end->bind(1, user);
    if (auto done = db.finish(end.value(), "end a user's sessions"); !done) return done;
  }
  return Done{};
}

// The numbers of the users a bound statement has changed: one, or none.
Result<std::vector<std::int64_t>> numbers(Connection& db, Statement& statement, std::string_view doing) {
  return db.rows<std::int64_t>(statement, doing, [](const Statement& row) { return row.integer(0); });
}

}  // namespace

Result<bool> Accounts::add_user(const User& user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease("INSERT OR IGNORE INTO users (name, password_hash, created_at) VALUES (?, ?, ?)");
  if (!add) return add.error();
  add->bind(1, std::string_view(user.name));
  add->bind(2, std::string_view(user.password_hash));
  add->bind(3, user.created_at);
  if (auto done = db.finish(add.value(), "add a user"); !done) return done.error();
  return db.changes() != 0;
}

Result<std::optional<User>> Accounts::find_user(std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(LOGYSTERA_SELECT_USERS " WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, name);
  return db.row<User>(find.value(), "look up a user", user_of);
}

Result<std::vector<User>> Accounts::users() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto all = db.lease(LOGYSTERA_SELECT_USERS " ORDER BY name");
  if (!all) return all.error();
  return db.rows<User>(all.value(), "list the users", user_of);
}

Result<bool> Accounts::remove_user(std::string_view name) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto remove = db.lease("DELETE FROM users WHERE name = ? RETURNING id");
    if (!remove) return remove.error();
    remove->bind(1, name);
    auto removed = numbers(db, remove.value(), "remove a user");
    if (!removed) return removed.error();
    if (removed->empty()) return false;
    if (auto ended = end_all_of(db, removed->front()); !ended) return ended.error();
    return true;
  });
}

Result<bool> Accounts::set_password(std::string_view name, std::string_view password_hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto set = db.lease("UPDATE users SET password_hash = ? WHERE name = ? RETURNING id");
    if (!set) return set.error();
    set->bind(1, password_hash);
    set->bind(2, name);
    auto changed = numbers(db, set.value(), "change a password");
    if (!changed) return changed.error();
    if (changed->empty()) return false;
    if (auto ended = end_all_of(db, changed->front()); !ended) return ended.error();
    return true;
  });
}

Result<Done> Accounts::add_session(const Digest& hash, std::int64_t user, std::int64_t now, std::int64_t stale) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto forget = db.lease("DELETE FROM sessions WHERE seen_at < ?");
    if (!forget) return forget.error();
    forget->bind(1, stale);
    if (auto done = db.finish(forget.value(), "delete old sessions"); !done) return done;
    // The user may have been removed since the password was checked.
    auto add =
        db.lease("INSERT INTO sessions (hash, user, created_at, seen_at) SELECT ?1, id, ?3, ?3 FROM users WHERE id = ?2");
    if (!add) return add.error();
    bind(add.value(), 1, hash);
    add->bind(2, user);
    add->bind(3, now);
    if (auto done = db.finish(add.value(), "add a session"); !done) return done;
    auto note = db.lease("UPDATE users SET last_login_at = ? WHERE id = ?");
    if (!note) return note.error();
    note->bind(1, now);
    note->bind(2, user);
    return db.finish(note.value(), "note a login");
  });
}

Result<std::optional<Session>> Accounts::find_session(const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(
      "SELECT s.user, u.name, s.created_at, s.seen_at FROM sessions s JOIN users u ON u.id = s.user WHERE s.hash = ?");
  if (!find) return find.error();
  bind(find.value(), 1, hash);
  return db.row<Session>(find.value(), "look up a session", [](const Statement& row) {
    return Session{row.integer(0), std::string(row.text(1)), row.integer(2), row.integer(3)};
  });
}

Result<Done> Accounts::touch_session(const Digest& hash, std::int64_t now) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto touch = db.lease("UPDATE sessions SET seen_at = ? WHERE hash = ?");
  if (!touch) return touch.error();
  touch->bind(1, now);
  bind(touch.value(), 2, hash);
  return db.finish(touch.value(), "note that a session is used");
}

Result<Done> Accounts::end_session(const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto end = db.lease("DELETE FROM sessions WHERE hash = ?");
  if (!end) return end.error();
  bind(end.value(), 1, hash);
  return db.finish(end.value(), "end a session");
}

Result<Done> Accounts::add_code(const Digest& hash, const Grant& grant, std::int64_t oldest) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto forget = db.lease("DELETE FROM codes WHERE issued_at < ?");
    if (!forget) return forget.error();
    forget->bind(1, oldest);
    if (auto done = db.finish(forget.value(), "delete old codes"); !done) return done;
    auto add =
        db.lease("INSERT INTO codes (hash, user, client_id, redirect_uri, challenge, issued_at) VALUES (?, ?, ?, ?, ?, ?)");
    if (!add) return add.error();
    bind(add.value(), 1, hash);
    add->bind(2, grant.user);
    add->bind(3, std::string_view(grant.client_id));
    add->bind(4, std::string_view(grant.redirect_uri));
    add->bind(5, std::string_view(grant.challenge));
    add->bind(6, grant.issued_at);
    return db.finish(add.value(), "store a code");
  });
}

Result<std::optional<Code>> Accounts::find_code(const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find =
      db.lease("SELECT user, client_id, redirect_uri, challenge, issued_at, used_at, entity FROM codes WHERE hash = ?");
  if (!find) return find.error();
  bind(find.value(), 1, hash);
  return db.row<Code>(find.value(), "look up a code", [](const Statement& row) {
    Code code;
    code.grant.user = row.integer(0);
    code.grant.client_id = row.text(1);
    code.grant.redirect_uri = row.text(2);
    code.grant.challenge = row.text(3);
    code.grant.issued_at = row.integer(4);
    code.used_at = row.integer(5);
    code.entity = row.text(6);
    return code;
  });
}

Result<bool> Accounts::use_code(const Digest& hash, std::int64_t now, std::string_view entity) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto use = db.lease("UPDATE codes SET used_at = ?, entity = ? WHERE hash = ? AND used_at = 0");
  if (!use) return use.error();
  use->bind(1, now);
  use->bind(2, entity);
  bind(use.value(), 3, hash);
  if (auto done = db.finish(use.value(), "use a code"); !done) return done.error();
  return db.changes() != 0;
}

}  // namespace logystera::store::sqlite

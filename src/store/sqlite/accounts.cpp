// One file: users, their sessions, tokens and codes, whose rows end together.
#include <algorithm>

#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

#define LOGYSTERA_SELECT_USERS                                                                                     \
  "SELECT id, name, password_hash, created_at, last_login_at, role, disabled, sites IS NULL, sites, zone, theme, " \
  "sealed_totp, totp_step FROM users"
#define LOGYSTERA_SELECT_SESSIONS                                                                                        \
  "SELECT s.id, s.user, s.key, s.agent, s.created_at, s.seen_at, u.name, u.role, u.disabled, u.sites IS NULL, u.sites, " \
  "u.zone "                                                                                                              \
  "FROM sessions s LEFT JOIN users u ON u.id = s.user"
#define LOGYSTERA_SELECT_TOKENS                                                                           \
  "SELECT t.id, t.user, t.name, t.prefix, t.role, t.sites IS NULL, t.sites, t.created_at, t.expires_at, " \
  "t.last_used_at, t.last_address, u.name, u.role, u.disabled, u.sites IS NULL, u.sites "                 \
  "FROM api_tokens t LEFT JOIN users u ON u.id = t.user"

// A choice of sites takes two columns of a select: whether it is all of them, and their tokens with blanks between them.
SiteChoice sites_of(const Statement& row, int column) {
  SiteChoice sites;
  sites.all = row.integer(column) != 0;
  std::string_view rest = row.text(column + 1);
  while (!rest.empty()) {
    const std::string_view token = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), token.size() + 1));
    if (!token.empty()) sites.tokens.emplace_back(token);
  }
  return sites;
}

std::string text_of(const SiteChoice& sites) {
  std::string text;
  for (const std::string& token : sites.tokens) text += (text.empty() ? "" : " ") + token;
  return text;
}

void bind(Statement& statement, int index, const SiteChoice& sites, const std::string& text) {
  if (!sites.all) statement.bind(index, std::string_view(text));  // what is not bound is NULL: all of them
}

User user_of(const Statement& row) {
  User user;
  user.id = row.integer(0);
  user.name = row.text(1);
  user.password_hash = row.text(2);
  user.created_at = row.integer(3);
  user.last_login_at = row.integer(4);
  user.role = row.text(5);
  user.disabled = row.integer(6) != 0;
  user.sites = sites_of(row, 7);
  user.zone = row.text(9);
  user.theme = row.text(10);
  user.sealed_totp = row.text(11);
  user.totp_step = row.integer(12);
  return user;
}

Session session_of(const Statement& row) {
  Session session;
  session.id = row.integer(0);
  session.user = row.integer(1);
  session.key = row.text(2);
  session.agent = row.text(3);
  session.created_at = row.integer(4);
  session.seen_at = row.integer(5);
  session.user_name = row.text(6);
  session.role = row.text(7);
  session.disabled = row.integer(8) != 0;
  session.sites = sites_of(row, 9);
  session.zone = row.text(11);
  return session;
}

ApiToken token_of(const Statement& row) {
  ApiToken token;
  token.id = row.integer(0);
  token.user = row.integer(1);
  token.name = row.text(2);
  token.prefix = row.text(3);
  token.role = row.text(4);
  token.sites = sites_of(row, 5);
  token.created_at = row.integer(7);
  token.expires_at = row.integer(8);
  token.last_used_at = row.integer(9);
  token.last_address = row.text(10);
  token.user_name = row.text(11);
  token.user_role = row.text(12);
  token.user_disabled = row.integer(13) != 0;
  token.user_sites = sites_of(row, 14);
  return token;
}

void bind(Statement& statement, int index, const Digest& hash) { statement.bind_blob(index, hash.data(), hash.size()); }

Result<Done> run_for(Connection& db, Sql sql, std::int64_t user, std::string_view doing) {
  auto statement = db.lease(sql);
  if (!statement) return statement.error();
  statement->bind(1, user);
  return db.finish(statement.value(), doing);
}

Result<Done> end_all_of(Connection& db, std::int64_t user) {
  for (const Sql sql :
       {Sql("DELETE FROM sessions WHERE user = ?"), Sql("DELETE FROM codes WHERE user = ? AND used_at = 0")}) {
    if (auto done = run_for(db, sql, user, "end a user's sessions"); !done) return done;
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
  auto add = db.lease(
      "INSERT OR IGNORE INTO users (name, password_hash, created_at, role, disabled, sites, zone, theme) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
  if (!add) return add.error();
  const std::string sites = text_of(user.sites);
  add->bind(1, std::string_view(user.name));
  add->bind(2, std::string_view(user.password_hash));
  add->bind(3, user.created_at);
  add->bind(4, std::string_view(user.role));
  add->bind(5, std::int64_t{user.disabled});
  bind(add.value(), 6, user.sites, sites);
  add->bind(7, std::string_view(user.zone));
  add->bind(8, std::string_view(user.theme));
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

Result<std::optional<User>> Accounts::find_user(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(LOGYSTERA_SELECT_USERS " WHERE id = ?");
  if (!find) return find.error();
  find->bind(1, id);
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

Result<bool> Accounts::has_users() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto any = db.lease("SELECT 1 FROM users LIMIT 1");
  if (!any) return any.error();
  auto found = db.row<bool>(any.value(), "look for users", [](const Statement&) { return true; });
  if (!found) return found.error();
  return found->has_value();
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
    for (const Sql sql : {Sql("DELETE FROM api_tokens WHERE user = ?"), Sql("DELETE FROM recovery_codes WHERE user = ?")}) {
      if (auto done = run_for(db, sql, removed->front(), "end a user's tokens"); !done) return done.error();
    }
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

Result<bool> Accounts::set_access(const User& user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto set = db.lease("UPDATE users SET role = ?, disabled = ?, sites = ? WHERE id = ?");
    if (!set) return set.error();
    const std::string sites = text_of(user.sites);
    set->bind(1, std::string_view(user.role));
    set->bind(2, std::int64_t{user.disabled});
    bind(set.value(), 3, user.sites, sites);
    set->bind(4, user.id);
    if (auto done = db.finish(set.value(), "change what a user may do"); !done) return done.error();
    if (db.changes() == 0) return false;
    if (auto ended = end_all_of(db, user.id); !ended) return ended.error();
    return true;
  });
}

Result<bool> Accounts::set_preferences(const User& user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto set = db.lease("UPDATE users SET zone = ?, theme = ? WHERE id = ?");
  if (!set) return set.error();
  set->bind(1, std::string_view(user.zone));
  set->bind(2, std::string_view(user.theme));
  set->bind(3, user.id);
  if (auto done = db.finish(set.value(), "change a user's preferences"); !done) return done.error();
  return db.changes() != 0;
}

Result<bool> Accounts::set_totp(std::int64_t user, std::string_view sealed, const std::vector<Digest>& recovery) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto set = db.lease("UPDATE users SET sealed_totp = ?, totp_step = 0 WHERE id = ?");
    if (!set) return set.error();
    set->bind_blob(1, sealed);
    set->bind(2, user);
    if (auto done = db.finish(set.value(), "change a second factor"); !done) return done.error();
    if (db.changes() == 0) return false;
    if (auto done = run_for(db, "DELETE FROM recovery_codes WHERE user = ?", user, "replace recovery codes"); !done) {
      return done.error();
    }
    for (const Digest& hash : recovery) {
      auto add = db.lease("INSERT INTO recovery_codes (user, hash) VALUES (?, ?)");
      if (!add) return add.error();
      add->bind(1, user);
      bind(add.value(), 2, hash);
      if (auto done = db.finish(add.value(), "store a recovery code"); !done) return done.error();
    }
    return true;
  });
}

Result<bool> Accounts::use_totp_step(std::int64_t user, std::int64_t step) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // One far ahead was taken while the clock was, and is no reason to refuse every code until it is there (access/totp.hpp).
  auto use = db.lease("UPDATE users SET totp_step = ?1 WHERE id = ?2 AND (totp_step < ?1 OR totp_step > ?1 + 20)");
  if (!use) return use.error();
  use->bind(1, step);
  use->bind(2, user);
  if (auto done = db.finish(use.value(), "use a code of the second factor"); !done) return done.error();
  return db.changes() != 0;
}

Result<bool> Accounts::use_recovery_code(std::int64_t user, const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto use = db.lease("DELETE FROM recovery_codes WHERE user = ? AND hash = ?");
  if (!use) return use.error();
  use->bind(1, user);
  bind(use.value(), 2, hash);
  if (auto done = db.finish(use.value(), "use a recovery code"); !done) return done.error();
  return db.changes() != 0;
}

Result<std::uint64_t> Accounts::recovery_codes(std::int64_t user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto count = db.lease("SELECT count(*) FROM recovery_codes WHERE user = ?");
  if (!count) return count.error();
  count->bind(1, user);
  auto found =
      db.row<std::uint64_t>(count.value(), "count recovery codes", [](const Statement& row) { return row.count(0); });
  if (!found) return found.error();
  return found->value_or(0);
}

Result<Done> Accounts::add_session(const Digest& hash, const NewSession& session, std::int64_t stale) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    if (auto done = run_for(db, "DELETE FROM sessions WHERE seen_at < ?", stale, "delete old sessions"); !done) return done;
    // The user may have been removed since the password was checked.
    auto add = db.lease(
        "INSERT INTO sessions (hash, user, key, agent, created_at, seen_at) SELECT ?1, ?2, ?3, ?4, ?5, ?5 "
        "WHERE ?2 = 0 OR EXISTS (SELECT 1 FROM users WHERE id = ?2 AND disabled = 0)");
    if (!add) return add.error();
    bind(add.value(), 1, hash);
    add->bind(2, session.user);
    add->bind_blob(3, std::string_view(session.key));
    add->bind(4, std::string_view(session.agent));
    add->bind(5, session.created_at);
    if (auto done = db.finish(add.value(), "add a session"); !done) return done;
    if (db.changes() == 0) return Done{};
    auto note = db.lease("UPDATE users SET last_login_at = ? WHERE id = ?");
    if (!note) return note.error();
    note->bind(1, session.created_at);
    note->bind(2, session.user);
    return db.finish(note.value(), "note a login");
  });
}

Result<std::optional<Session>> Accounts::find_session(const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(LOGYSTERA_SELECT_SESSIONS " WHERE s.hash = ? AND (s.user = 0 OR u.id IS NOT NULL)");
  if (!find) return find.error();
  bind(find.value(), 1, hash);
  return db.row<Session>(find.value(), "look up a session", session_of);
}

Result<std::vector<Session>> Accounts::sessions_of(std::int64_t user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto all = db.lease(LOGYSTERA_SELECT_SESSIONS " WHERE s.user = ? ORDER BY s.id DESC");
  if (!all) return all.error();
  all->bind(1, user);
  return db.rows<Session>(all.value(), "list sessions", session_of);
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

Result<bool> Accounts::end_session_of(std::int64_t user, std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto end = db.lease("DELETE FROM sessions WHERE user = ? AND id = ?");
  if (!end) return end.error();
  end->bind(1, user);
  end->bind(2, id);
  if (auto done = db.finish(end.value(), "end a session"); !done) return done.error();
  return db.changes() != 0;
}

Result<std::int64_t> Accounts::add_token(const ApiToken& token, const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto add = db.lease(
      "INSERT INTO api_tokens (user, name, prefix, hash, role, sites, created_at, expires_at) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id");
  if (!add) return add.error();
  const std::string sites = text_of(token.sites);
  add->bind(1, token.user);
  add->bind(2, std::string_view(token.name));
  add->bind(3, std::string_view(token.prefix));
  bind(add.value(), 4, hash);
  add->bind(5, std::string_view(token.role));
  bind(add.value(), 6, token.sites, sites);
  add->bind(7, token.created_at);
  add->bind(8, token.expires_at);
  auto added = numbers(db, add.value(), "store a token");
  if (!added) return added.error();
  return added->front();
}

Result<std::optional<ApiToken>> Accounts::find_token(const Digest& hash) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(LOGYSTERA_SELECT_TOKENS " WHERE t.hash = ? AND (t.user = 0 OR u.id IS NOT NULL)");
  if (!find) return find.error();
  bind(find.value(), 1, hash);
  return db.row<ApiToken>(find.value(), "look up a token", token_of);
}

Result<std::optional<ApiToken>> Accounts::find_token(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto find = db.lease(LOGYSTERA_SELECT_TOKENS " WHERE t.id = ?");
  if (!find) return find.error();
  find->bind(1, id);
  return db.row<ApiToken>(find.value(), "look up a token", token_of);
}

Result<std::vector<ApiToken>> Accounts::tokens(std::optional<std::int64_t> user) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto all = db.lease(LOGYSTERA_SELECT_TOKENS " WHERE ?1 < 0 OR t.user = ?1 ORDER BY t.id");
  if (!all) return all.error();
  all->bind(1, user.value_or(-1));
  return db.rows<ApiToken>(all.value(), "list the tokens", token_of);
}

Result<Done> Accounts::touch_token(std::int64_t id, std::int64_t now, std::string_view address) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto touch = db.lease("UPDATE api_tokens SET last_used_at = ?, last_address = ? WHERE id = ?");
  if (!touch) return touch.error();
  touch->bind(1, now);
  touch->bind(2, address);
  touch->bind(3, id);
  return db.finish(touch.value(), "note that a token is used");
}

Result<bool> Accounts::remove_token(std::int64_t id) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  if (auto done = run_for(db, "DELETE FROM api_tokens WHERE id = ?", id, "remove a token"); !done) return done.error();
  return db.changes() != 0;
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

#include "store/account_store.hpp"

#include <utility>

namespace logystera::store {
namespace {

constexpr int kBusyMilliseconds = 5'000;

constexpr std::string_view kUserColumns = "SELECT id, name, password_hash, created_at, last_login_at FROM users";

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

/// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) {}
  ~Transaction() {
    if (open_) (void)connection_.run("ROLLBACK");
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  Result<Done> begin() {
    auto begun = connection_.run("BEGIN IMMEDIATE");
    open_ = begun.ok();
    return begun;
  }
  Result<Done> commit() {
    auto committed = connection_.run("COMMIT");
    if (committed) open_ = false;
    return committed;
  }

 private:
  Connection& connection_;
  bool open_ = false;
};

}  // namespace

Result<AccountStore> AccountStore::open(const std::string& path) {
  auto connection = Connection::open(path, false, kBusyMilliseconds);
  if (!connection) return connection.error();
  if (auto set = connection->run("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;"); !set) return set.error();
  return AccountStore(std::move(connection).value());
}

Result<Done> AccountStore::finish(Statement& statement, std::string_view doing) {
  if (statement.step() != SQLITE_DONE) return connection_.error(doing);
  return Done{};
}

Result<bool> AccountStore::add_user(const User& user) {
  const std::lock_guard lock(*mutex_);
  auto add = connection_.prepare("INSERT OR IGNORE INTO users (name, password_hash, created_at) VALUES (?, ?, ?)");
  if (!add) return add.error();
  add->bind(1, std::string_view(user.name));
  add->bind(2, std::string_view(user.password_hash));
  add->bind(3, user.created_at);
  if (auto done = finish(add.value(), "add a user"); !done) return done.error();
  return connection_.changes() != 0;
}

Result<std::optional<User>> AccountStore::find_user(std::string_view name) {
  const std::lock_guard lock(*mutex_);
  auto find = connection_.prepare(std::string(kUserColumns) + " WHERE name = ?");
  if (!find) return find.error();
  find->bind(1, name);
  const int code = find->step();
  if (code == SQLITE_ROW) return std::optional(user_of(find.value()));
  if (code != SQLITE_DONE) return connection_.error("look up a user");
  return std::optional<User>();
}

Result<std::vector<User>> AccountStore::users() {
  const std::lock_guard lock(*mutex_);
  auto all = connection_.prepare(std::string(kUserColumns) + " ORDER BY name");
  if (!all) return all.error();
  std::vector<User> users;
  int code;
  while ((code = all->step()) == SQLITE_ROW) users.push_back(user_of(all.value()));
  if (code != SQLITE_DONE) return connection_.error("list the users");
  return users;
}

Result<Done> AccountStore::end_all_of(std::int64_t user) {
  for (const std::string_view sql : {std::string_view("DELETE FROM sessions WHERE user = ?"),
                                     std::string_view("DELETE FROM codes WHERE user = ? AND used_at = 0")}) {
    auto end = connection_.prepare(sql);
    if (!end) return end.error();
    end->bind(1, user);
    if (auto done = finish(end.value(), "end a user's sessions"); !done) return done;
  }
  return Done{};
}

Result<bool> AccountStore::remove_user(std::string_view name) {
  const std::lock_guard lock(*mutex_);
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return begun.error();
  auto remove = connection_.prepare("DELETE FROM users WHERE name = ? RETURNING id");
  if (!remove) return remove.error();
  remove->bind(1, name);
  std::int64_t user = 0;
  int code = remove->step();
  if (code == SQLITE_ROW) {
    user = remove->integer(0);
    code = remove->step();
  }
  if (code != SQLITE_DONE) return connection_.error("remove a user");
  remove->reset();
  if (user == 0) return false;
  if (auto ended = end_all_of(user); !ended) return ended.error();
  if (auto committed = transaction.commit(); !committed) return committed.error();
  return true;
}

Result<bool> AccountStore::set_password(std::string_view name, std::string_view password_hash) {
  const std::lock_guard lock(*mutex_);
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return begun.error();
  auto set = connection_.prepare("UPDATE users SET password_hash = ? WHERE name = ? RETURNING id");
  if (!set) return set.error();
  set->bind(1, password_hash);
  set->bind(2, name);
  std::int64_t user = 0;
  int code = set->step();
  if (code == SQLITE_ROW) {
    user = set->integer(0);
    code = set->step();
  }
  if (code != SQLITE_DONE) return connection_.error("change a password");
  set->reset();
  if (user == 0) return false;
  if (auto ended = end_all_of(user); !ended) return ended.error();
  if (auto committed = transaction.commit(); !committed) return committed.error();
  return true;
}

Result<Done> AccountStore::add_session(const Digest& hash, std::int64_t user, std::int64_t now, std::int64_t stale) {
  const std::lock_guard lock(*mutex_);
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return begun;
  auto forget = connection_.prepare("DELETE FROM sessions WHERE seen_at < ?");
  if (!forget) return forget.error();
  forget->bind(1, stale);
  if (auto done = finish(forget.value(), "forget old sessions"); !done) return done;
  // The user may have been removed since the password was checked.
  auto add = connection_.prepare(
      "INSERT INTO sessions (hash, user, created_at, seen_at) SELECT ?1, id, ?3, ?3 FROM users WHERE id = ?2");
  if (!add) return add.error();
  bind(add.value(), 1, hash);
  add->bind(2, user);
  add->bind(3, now);
  if (auto done = finish(add.value(), "add a session"); !done) return done;
  auto note = connection_.prepare("UPDATE users SET last_login_at = ? WHERE id = ?");
  if (!note) return note.error();
  note->bind(1, now);
  note->bind(2, user);
  if (auto done = finish(note.value(), "note a login"); !done) return done;
  return transaction.commit();
}

Result<std::optional<Session>> AccountStore::find_session(const Digest& hash) {
  const std::lock_guard lock(*mutex_);
  auto find = connection_.prepare(
      "SELECT s.user, u.name, s.created_at, s.seen_at FROM sessions s JOIN users u ON u.id = s.user WHERE s.hash = ?");
  if (!find) return find.error();
  bind(find.value(), 1, hash);
  const int code = find->step();
  if (code == SQLITE_DONE) return std::optional<Session>();
  if (code != SQLITE_ROW) return connection_.error("look up a session");
  Session session;
  session.user = find->integer(0);
  session.user_name = find->text(1);
  session.created_at = find->integer(2);
  session.seen_at = find->integer(3);
  return std::optional(std::move(session));
}

Result<Done> AccountStore::touch_session(const Digest& hash, std::int64_t now) {
  const std::lock_guard lock(*mutex_);
  auto touch = connection_.prepare("UPDATE sessions SET seen_at = ? WHERE hash = ?");
  if (!touch) return touch.error();
  touch->bind(1, now);
  bind(touch.value(), 2, hash);
  return finish(touch.value(), "note that a session is used");
}

Result<Done> AccountStore::end_session(const Digest& hash) {
  const std::lock_guard lock(*mutex_);
  auto end = connection_.prepare("DELETE FROM sessions WHERE hash = ?");
  if (!end) return end.error();
  bind(end.value(), 1, hash);
  return finish(end.value(), "end a session");
}

Result<Done> AccountStore::add_code(const Digest& hash, const Grant& grant, std::int64_t forget_before) {
  const std::lock_guard lock(*mutex_);
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return begun;
  auto forget = connection_.prepare("DELETE FROM codes WHERE issued_at < ?");
  if (!forget) return forget.error();
  forget->bind(1, forget_before);
  if (auto done = finish(forget.value(), "forget old codes"); !done) return done;
  auto add = connection_.prepare(
      "INSERT INTO codes (hash, user, client_id, redirect_uri, challenge, issued_at) VALUES (?, ?, ?, ?, ?, ?)");
  if (!add) return add.error();
  bind(add.value(), 1, hash);
  add->bind(2, grant.user);
  add->bind(3, std::string_view(grant.client_id));
  add->bind(4, std::string_view(grant.redirect_uri));
  add->bind(5, std::string_view(grant.challenge));
  add->bind(6, grant.issued_at);
  if (auto done = finish(add.value(), "store a code"); !done) return done;
  return transaction.commit();
}

Result<Redeemed> AccountStore::redeem(const Digest& hash, std::int64_t now, const Entity& entity,
                                      const std::function<bool(const Grant&)>& check) {
  const std::lock_guard lock(*mutex_);
  Transaction transaction(connection_);
  if (auto begun = transaction.begin(); !begun) return begun.error();
  auto redeemed = redeem_within(hash, now, entity, check);
  if (!redeemed) return redeemed;
  if (auto committed = transaction.commit(); !committed) return committed.error();
  return redeemed;
}

Result<Redeemed> AccountStore::redeem_within(const Digest& hash, std::int64_t now, const Entity& entity,
                                             const std::function<bool(const Grant&)>& check) {
  Redeemed redeemed;
  Grant grant;
  {
    auto find = connection_.prepare(
        "SELECT user, client_id, redirect_uri, challenge, issued_at, used_at, entity FROM codes WHERE hash = ?");
    if (!find) return find.error();
    bind(find.value(), 1, hash);
    const int code = find->step();
    if (code == SQLITE_DONE) return redeemed;
    if (code != SQLITE_ROW) return connection_.error("look up a code");
    grant.user = find->integer(0);
    grant.client_id = find->text(1);
    grant.redirect_uri = find->text(2);
    grant.challenge = find->text(3);
    grant.issued_at = redeemed.issued_at = find->integer(4);
    if (find->integer(5) != 0) {
      redeemed.state = Redeemed::State::replayed;
      redeemed.entity = find->text(6);
      return redeemed;
    }
  }
  const bool agreed = check(grant);
  redeemed.state = agreed ? Redeemed::State::made : Redeemed::State::refused;
  if (agreed) {
    redeemed.entity = entity.token;
    auto add = connection_.prepare("INSERT INTO entities (token, name, created_at, sealed_secret) VALUES (?, ?, ?, ?)");
    if (!add) return add.error();
    add->bind(1, std::string_view(entity.token));
    add->bind(2, std::string_view(entity.name));
    add->bind(3, entity.created_at);
    add->bind_blob(4, entity.sealed_secret.data(), entity.sealed_secret.size());
    if (auto done = finish(add.value(), "add an entity"); !done) return done.error();
  }
  auto use = connection_.prepare("UPDATE codes SET used_at = ?, entity = ? WHERE hash = ?");
  if (!use) return use.error();
  use->bind(1, now);
  use->bind(2, std::string_view(redeemed.entity));
  bind(use.value(), 3, hash);
  if (auto done = finish(use.value(), "use a code"); !done) return done.error();
  return redeemed;
}

}  // namespace logystera::store

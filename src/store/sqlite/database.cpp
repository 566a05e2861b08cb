#include "store/sqlite/database.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

namespace logystera::store {
namespace {

constexpr std::size_t kEventsPerTransaction = 4096;  // bounds how long the first of a group waits for the last
constexpr int kCheckpointPages = 8192;               // 32 MiB of WAL between checkpoints: fewer, larger ones
constexpr auto kPruneEvery = std::chrono::hours(1);

/// Reads beside the writer. Statements are prepared once per connection.
struct Reader {
  Connection connection;
  Statement find_entity;
};

// The type all events share whose own type got no number. No event bears it: a type is never empty.
constexpr std::string_view kUnnumbered = "";
// The type such an event's line tells.
constexpr std::string_view kTypeInLine = "CASE WHEN json_valid(e.line) THEN json_extract(e.line, '$.event_type') END";

constexpr std::string_view kEntityColumns =
    "token, name, created_at, disabled, sealed_secret, sealed_previous, rotated_at, last_seen_at, accepted, "
    "duplicates, rejected, revoked_at";

Entity entity_of(const Statement& row) {
  Entity entity;
  entity.token = row.text(0);
  entity.name = row.text(1);
  entity.created_at = row.integer(2);
  entity.disabled = row.integer(3) != 0;
  entity.sealed_secret = row.text(4);
  entity.sealed_previous = row.text(5);
  entity.rotated_at = row.integer(6);
  entity.last_seen_at = row.integer(7);
  entity.accepted = static_cast<std::uint64_t>(row.integer(8));
  entity.duplicates = static_cast<std::uint64_t>(row.integer(9));
  entity.rejected = static_cast<std::uint64_t>(row.integer(10));
  entity.revoked_at = row.integer(11);
  return entity;
}

struct Waiting {
  Batch batch;
  Store::AppendDone done;
  std::size_t bytes = 0;
};

/// The writer thread's half: one connection, its statements, and what a transaction needs.
class Journal {
 public:
  static Result<Journal> open(const std::string& path, const SqliteOptions& options);

  /// Appends all batches in one transaction. The results are in order; on an error nothing was written.
  Result<std::vector<Appended>> append(const std::deque<Waiting>& group);

  /// Forgets batches received before `time`.
  void prune(std::int64_t time);

  Connection& connection() noexcept { return connection_; }

 private:
  Result<Appended> append_one(const Batch& batch);
  Result<std::int64_t> entity_number(std::string_view token);
  Result<std::int64_t> type_number(std::string_view type);
  Result<std::int64_t> look_up_type(std::string_view type);
  Result<std::int64_t> add_type(std::string_view type, std::size_t limit);
  Result<std::int64_t> number_of_the_unnumbered();
  void forget_types();

  Connection connection_;
  Statement begin_, commit_, add_batch_, add_event_, find_entity_, count_, find_type_, add_type_, prune_;
  std::size_t types_max_ = 0;
  std::unordered_map<std::string, std::int64_t> types_;  // at most types_max_
  bool types_full_ = false;
  std::int64_t unnumbered_ = 0;  // of kUnnumbered; 0: not looked up yet
};

Result<Journal> Journal::open(const std::string& path, const SqliteOptions& options) {
  auto connection = Connection::open(path, false, options.busy_ms);
  if (!connection) return connection.error();
  Journal journal;
  journal.types_max_ = options.types;
  journal.connection_ = std::move(connection).value();
  Connection& db = journal.connection_;
  if (auto set = db.run(fmt::format("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;"
                                    "PRAGMA wal_autocheckpoint={}; PRAGMA cache_size=-16384;",
                                    kCheckpointPages));
      !set) {
    return set.error();
  }
  if (auto migrated = migrate(db); !migrated) return migrated.error();
  const std::pair<Statement*, std::string_view> statements[] = {
      {&journal.begin_, "BEGIN IMMEDIATE"},
      {&journal.commit_, "COMMIT"},
      {&journal.add_batch_, "INSERT OR IGNORE INTO batches (entity, batch, received_at) VALUES (?, ?, ?)"},
      {&journal.add_event_,
       "INSERT OR IGNORE INTO events (entity, type, created_at, received_at, event_id, line) VALUES (?, ?, "
       "?, ?, ?, ?)"},
      {&journal.find_entity_, "SELECT id FROM entities WHERE token = ?"},
      {&journal.count_,
       "UPDATE entities SET last_seen_at = ?, accepted = accepted + ?, duplicates = duplicates + ?, "
       "rejected = rejected + ? WHERE id = ?"},
      {&journal.find_type_, "SELECT id FROM types WHERE name = ?"},
      {&journal.add_type_,
       "INSERT INTO types (name) SELECT ? WHERE (SELECT count(*) FROM types WHERE name <> '') < ? RETURNING id"},
      {&journal.prune_, "DELETE FROM batches WHERE received_at < ?"},
  };
  for (const auto& [target, sql] : statements) {
    auto prepared = db.prepare(sql);
    if (!prepared) return prepared.error();
    *target = std::move(prepared).value();
  }
  return journal;
}

Result<std::vector<Appended>> Journal::append(const std::deque<Waiting>& group) {
  auto work = [&]() -> Result<std::vector<Appended>> {
    {
      Resetting guard(begin_);
      if (begin_.step() != SQLITE_DONE) return connection_.error("start a transaction");
    }
    std::vector<Appended> results;
    results.reserve(group.size());
    for (const Waiting& waiting : group) {
      auto appended = append_one(waiting.batch);
      if (!appended) return appended.error();
      results.push_back(appended.value());
    }
    Resetting guard(commit_);
    if (commit_.step() != SQLITE_DONE) return connection_.error("commit");
    return results;
  };
  auto results = work();
  if (!results) {
    forget_types();  // some may have been added by what is rolled back now
    (void)connection_.run("ROLLBACK");
  }
  return results;
}

Result<Appended> Journal::append_one(const Batch& batch) {
  auto entity = entity_number(batch.entity);
  if (!entity) return entity.error();
  Appended appended;
  {
    Resetting guard(add_batch_);
    add_batch_.bind(1, entity.value());
    add_batch_.bind_blob(2, batch.id.data(), batch.id.size());
    add_batch_.bind(3, batch.received_at);
    if (add_batch_.step() != SQLITE_DONE) return connection_.error("record a batch");
    appended.batch_known = connection_.changes() == 0;
  }
  if (!appended.batch_known) {
    add_event_.bind(1, entity.value());
    add_event_.bind(4, batch.received_at);
    for (const NewEvent& event : batch.events) {
      auto type = type_number(event.type);
      if (!type) return type.error();
      if (type.value() == unnumbered_) ++appended.unnumbered;
      Resetting guard(add_event_);
      add_event_.bind(2, type.value());
      add_event_.bind(3, event.created_at);
      add_event_.bind_blob(5, event.id.data(), event.id.size());
      add_event_.bind(6, event.line);
      if (add_event_.step() != SQLITE_DONE) return connection_.error("store an event");
      appended.accepted += static_cast<std::uint32_t>(connection_.changes());
    }
  }
  appended.duplicates = static_cast<std::uint32_t>(batch.events.size()) - appended.accepted;
  Resetting guard(count_);
  count_.bind(1, batch.received_at);
  count_.bind(2, appended.accepted);
  count_.bind(3, appended.duplicates);
  count_.bind(4, appended.batch_known ? 0 : batch.rejected);
  count_.bind(5, entity.value());
  if (count_.step() != SQLITE_DONE) return connection_.error("count a batch");
  return appended;
}

Result<std::int64_t> Journal::entity_number(std::string_view token) {
  Resetting guard(find_entity_);
  find_entity_.bind(1, token);
  const int code = find_entity_.step();
  if (code == SQLITE_ROW) return find_entity_.integer(0);
  if (code != SQLITE_DONE) return connection_.error("look up an entity");
  return Error{fmt::format("store {}: there is no entity {}", connection_.path(), token)};
}

Result<std::int64_t> Journal::type_number(std::string_view type) {
  std::string name(type);
  if (const auto known = types_.find(name); known != types_.end()) return known->second;
  auto number = look_up_type(type);
  if (number && number.value() == 0 && !types_full_) {
    number = add_type(type, types_max_);
    types_full_ = number && number.value() == 0;
  }
  if (!number) return number;
  if (number.value() == 0) return number_of_the_unnumbered();
  // The table may hold more than this process would add: it was filled under another limit.
  if (types_.size() < types_max_) types_.emplace(std::move(name), number.value());
  return number;
}

// 0: there is none.
Result<std::int64_t> Journal::look_up_type(std::string_view type) {
  Resetting guard(find_type_);
  find_type_.bind(1, type);
  const int code = find_type_.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.error("look up an event type");
  return code == SQLITE_ROW ? find_type_.integer(0) : std::int64_t{0};
}

// 0: there are `limit` already.
Result<std::int64_t> Journal::add_type(std::string_view type, std::size_t limit) {
  Resetting guard(add_type_);
  add_type_.bind(1, type);
  add_type_.bind(2, static_cast<std::int64_t>(limit));
  const int code = add_type_.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.error("add an event type");
  return code == SQLITE_ROW ? add_type_.integer(0) : std::int64_t{0};
}

Result<std::int64_t> Journal::number_of_the_unnumbered() {
  if (unnumbered_ != 0) return unnumbered_;
  auto number = look_up_type(kUnnumbered);
  if (number && number.value() == 0) number = add_type(kUnnumbered, SIZE_MAX >> 1);
  if (number) unnumbered_ = number.value();
  return number;
}

void Journal::forget_types() {
  types_.clear();
  types_full_ = false;
  unnumbered_ = 0;
}

void Journal::prune(std::int64_t time) {
  Resetting guard(prune_);
  prune_.bind(1, time);
  // A failure here costs disk space until the next hour, nothing else; the next append reports what is wrong.
  (void)prune_.step();
}

class Sqlite final : public Store {
 public:
  Sqlite(std::string path, SqliteOptions options, Journal journal)
      : path_(std::move(path)), options_(options), journal_(std::move(journal)), writer_([this] { write(); }) {}

  ~Sqlite() override {
    {
      std::lock_guard lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    writer_.join();
  }

  void append(Batch batch, AppendDone done) override;
  Result<Done> add_entity(const Entity& entity) override;
  Result<std::optional<Entity>> find_entity(std::string_view token) override;
  Result<std::vector<Entity>> entities() override;
  Result<bool> update_entity(const Entity& entity) override;
  Result<bool> revoke_entity(std::string_view token, std::int64_t now) override;
  Result<std::string> add_support(const SupportRequest& request) override;
  Result<std::vector<SupportRequest>> support_requests(std::uint64_t limit) override;
  Result<std::optional<SupportRequest>> find_support(std::string_view reference) override;
  Result<Done> events(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) override;

 private:
  void write();
  std::deque<Waiting> next_group();
  Result<Reader> borrow();
  void give_back(Reader reader);

  std::string path_;
  SqliteOptions options_;
  Journal journal_;  // the writer thread's alone

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool closing_ = false;

  std::mutex readers_mutex_;
  std::vector<Reader> readers_;

  std::thread writer_;  // last: it runs as soon as it exists
};

void Sqlite::append(Batch batch, AppendDone done) {
  std::size_t bytes = 0;
  for (const NewEvent& event : batch.events) bytes += event.line.size() + sizeof event;
  {
    std::lock_guard lock(mutex_);
    if (waiting_bytes_ + bytes <= options_.waiting_bytes && !closing_) {
      waiting_bytes_ += bytes;
      waiting_.push_back({std::move(batch), std::move(done), bytes});
      done = nullptr;
    }
  }
  if (done)
    return done(Error{
        fmt::format("store {}: more waits to be written than it may hold ({} bytes)", path_, options_.waiting_bytes)});
  wake_.notify_one();
}

std::deque<Waiting> Sqlite::next_group() {
  std::deque<Waiting> group;
  std::size_t events = 0;
  while (!waiting_.empty() && (group.empty() || events + waiting_.front().batch.events.size() <= kEventsPerTransaction)) {
    events += waiting_.front().batch.events.size();
    waiting_bytes_ -= waiting_.front().bytes;
    group.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  return group;
}

void Sqlite::write() {
  auto next_prune = std::chrono::steady_clock::now();
  for (;;) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    std::deque<Waiting> group = next_group();
    lock.unlock();

    auto results = journal_.append(group);
    for (std::size_t i = 0; i < group.size(); ++i) {
      if (results) group[i].done(results.value()[i]);
      else group[i].done(results.error());
    }
    if (const auto now = std::chrono::steady_clock::now(); results && now >= next_prune) {
      next_prune = now + kPruneEvery;
      journal_.prune(group.back().batch.received_at - options_.batch_memory_seconds);
    }
  }
}

Result<Reader> Sqlite::borrow() {
  {
    std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      Reader reader = std::move(readers_.back());
      readers_.pop_back();
      return reader;
    }
  }
  auto connection = Connection::open(path_, false, options_.busy_ms);
  if (!connection) return connection.error();
  Reader reader{std::move(connection).value(), {}};
  if (auto set = reader.connection.run("PRAGMA synchronous=FULL"); !set) return set.error();
  auto find = reader.connection.prepare(fmt::format("SELECT {} FROM entities WHERE token = ?", kEntityColumns));
  if (!find) return find.error();
  reader.find_entity = std::move(find).value();
  return reader;
}

void Sqlite::give_back(Reader reader) {
  std::lock_guard lock(readers_mutex_);
  readers_.push_back(std::move(reader));
}

Result<std::optional<Entity>> Sqlite::find_entity(std::string_view token) {
  auto reader = borrow();
  if (!reader) return reader.error();
  std::optional<Entity> found;
  int code;
  {
    Resetting guard(reader->find_entity);
    reader->find_entity.bind(1, token);
    code = reader->find_entity.step();
    if (code == SQLITE_ROW) found = entity_of(reader->find_entity);
  }
  if (code != SQLITE_ROW && code != SQLITE_DONE) return reader->connection.error("look up an entity");
  give_back(std::move(reader).value());
  return found;
}

Result<std::vector<Entity>> Sqlite::entities() {
  auto reader = borrow();
  if (!reader) return reader.error();
  auto all = reader->connection.prepare(fmt::format("SELECT {} FROM entities ORDER BY id", kEntityColumns));
  if (!all) return all.error();
  std::vector<Entity> entities;
  int code;
  while ((code = all->step()) == SQLITE_ROW) entities.push_back(entity_of(all.value()));
  if (code != SQLITE_DONE) return reader->connection.error("list the entities");
  return entities;
}

Result<Done> Sqlite::add_entity(const Entity& entity) {
  auto reader = borrow();
  if (!reader) return reader.error();
  auto add =
      reader->connection.prepare("INSERT INTO entities (token, name, created_at, sealed_secret) VALUES (?, ?, ?, ?)");
  if (!add) return add.error();
  add->bind(1, std::string_view(entity.token));
  add->bind(2, std::string_view(entity.name));
  add->bind(3, entity.created_at);
  add->bind_blob(4, entity.sealed_secret.data(), entity.sealed_secret.size());
  if (add->step() != SQLITE_DONE) return reader->connection.error("add an entity");
  return Done{};
}

Result<bool> Sqlite::update_entity(const Entity& entity) {
  auto reader = borrow();
  if (!reader) return reader.error();
  auto update = reader->connection.prepare(
      "UPDATE entities SET disabled = ?, sealed_secret = ?, sealed_previous = ?, rotated_at = ? WHERE token "
      "= ? AND revoked_at = 0");
  if (!update) return update.error();
  update->bind(1, entity.disabled ? 1 : 0);
  update->bind_blob(2, entity.sealed_secret.data(), entity.sealed_secret.size());
  // A null pointer would bind NULL, and the column has none.
  update->bind_blob(3, entity.sealed_previous.empty() ? "" : entity.sealed_previous.data(), entity.sealed_previous.size());
  update->bind(4, entity.rotated_at);
  update->bind(5, std::string_view(entity.token));
  if (update->step() != SQLITE_DONE) return reader->connection.error("change an entity");
  return reader->connection.changes() != 0;
}

Result<bool> Sqlite::revoke_entity(std::string_view token, std::int64_t now) {
  auto reader = borrow();
  if (!reader) return reader.error();
  bool revoked = false;
  {
    auto revoke = reader->connection.prepare(
        "UPDATE entities SET revoked_at = ?, sealed_secret = x'', sealed_previous = x'' WHERE token = ? AND revoked_at = "
        "0");
    if (!revoke) return revoke.error();
    revoke->bind(1, now);
    revoke->bind(2, token);
    if (revoke->step() != SQLITE_DONE) return reader->connection.error("revoke an entity");
    revoked = reader->connection.changes() != 0;
  }
  give_back(std::move(reader).value());
  return revoked;
}

Result<std::string> Sqlite::add_support(const SupportRequest& request) {
  auto reader = borrow();
  if (!reader) return reader.error();
  std::string reference;
  {
    // The update that changes nothing makes RETURNING speak of the row that was there before.
    auto add = reader->connection.prepare(
        "INSERT INTO support_requests (reference, entity, batch, received_at, message, email, diagnostics) "
        "SELECT ?, id, ?, ?, ?, ?, ? FROM entities WHERE token = ? "
        "ON CONFLICT (entity, batch) DO UPDATE SET reference = reference RETURNING reference");
    if (!add) return add.error();
    add->bind(1, std::string_view(request.reference));
    add->bind(2, std::string_view(request.batch));
    add->bind(3, request.received_at);
    add->bind(4, std::string_view(request.message));
    add->bind(5, std::string_view(request.email));
    add->bind(6, std::string_view(request.diagnostics));
    add->bind(7, std::string_view(request.entity));
    int code = add->step();
    if (code == SQLITE_ROW) {
      reference = add->text(0);
      code = add->step();  // the commit
    }
    if (code != SQLITE_DONE) return reader->connection.error("store a support request");
  }
  if (reference.empty()) return Error{fmt::format("store {}: there is no entity {}", path_, request.entity)};
  give_back(std::move(reader).value());
  return reference;
}

Result<std::vector<SupportRequest>> Sqlite::support_requests(std::uint64_t limit) {
  auto reader = borrow();
  if (!reader) return reader.error();
  auto all = reader->connection.prepare(
      "SELECT * FROM (SELECT s.reference, n.token, n.name, s.received_at, s.email, s.id FROM support_requests s "
      "JOIN entities n ON n.id = s.entity ORDER BY s.id DESC LIMIT ?) ORDER BY id");
  if (!all) return all.error();
  all->bind(1, static_cast<std::int64_t>(limit));
  std::vector<SupportRequest> requests;
  int code;
  while ((code = all->step()) == SQLITE_ROW) {
    SupportRequest request;
    request.reference = all->text(0);
    request.entity = all->text(1);
    request.entity_name = all->text(2);
    request.received_at = all->integer(3);
    request.email = all->text(4);
    requests.push_back(std::move(request));
  }
  if (code != SQLITE_DONE) return reader->connection.error("list the support requests");
  return requests;
}

Result<std::optional<SupportRequest>> Sqlite::find_support(std::string_view reference) {
  auto reader = borrow();
  if (!reader) return reader.error();
  auto find = reader->connection.prepare(
      "SELECT s.reference, n.token, n.name, s.received_at, s.email, s.message, s.diagnostics FROM support_requests s "
      "JOIN entities n ON n.id = s.entity WHERE s.reference = ?");
  if (!find) return find.error();
  find->bind(1, reference);
  const int code = find->step();
  if (code == SQLITE_DONE) return std::optional<SupportRequest>();
  if (code != SQLITE_ROW) return reader->connection.error("look up a support request");
  SupportRequest request;
  request.reference = find->text(0);
  request.entity = find->text(1);
  request.entity_name = find->text(2);
  request.received_at = find->integer(3);
  request.email = find->text(4);
  request.message = find->text(5);
  request.diagnostics = find->text(6);
  return std::optional(std::move(request));
}

Result<Done> Sqlite::events(const EventQuery& query, const std::function<bool(const StoredEvent&)>& each) {
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
  std::string matches = "SELECT e.seq FROM events e" + where;
  if (query.newest) matches += " ORDER BY e.seq DESC LIMIT ?5";
  const std::string sql =
      fmt::format("SELECT e.seq, e.created_at, e.received_at, CASE t.name WHEN '{}' THEN {} ELSE t.name END, ", kUnnumbered,
                  kTypeInLine) +
      "n.token, n.name, e.line FROM events e JOIN types t ON t.id = e.type JOIN entities n ON n.id = e.entity" +
      (query.newest || query.since ? " WHERE e.seq IN (" + matches + ")" : where) + " ORDER BY e.seq";

  auto reader = borrow();
  if (!reader) return reader.error();
  auto select = reader->connection.prepare(sql);
  if (!select) return select.error();
  select->bind(1, static_cast<std::int64_t>(query.after));
  select->bind(2, std::string_view(query.type));
  select->bind(3, std::string_view(query.entity));
  select->bind(4, query.since.value_or(0));
  select->bind(5, static_cast<std::int64_t>(query.newest.value_or(0)));
  int code;
  while ((code = select->step()) == SQLITE_ROW) {
    StoredEvent event;
    event.sequence = static_cast<std::uint64_t>(select->integer(0));
    event.created_at = select->integer(1);
    event.received_at = select->integer(2);
    event.type = select->text(3);
    event.entity = select->text(4);
    event.name = select->text(5);
    event.line = select->text(6);
    if (!each(event)) return Done{};
  }
  if (code != SQLITE_DONE) return reader->connection.error("read the events");
  return Done{};
}

// Makes the file with its mode before SQLite can make it with the umask's.
Result<Done> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (fd < 0 && errno != EEXIST) {
    return Error{
        fmt::format("store {}: cannot create it: {}: choose a directory that exists and is writable with "
                    "--store sqlite:PATH",
                    path, std::strerror(errno))};
  }
  if (fd >= 0) ::close(fd);
  return Done{};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite(const std::string& path, Access access, SqliteOptions options) {
  if (access == Access::create) {
    if (auto created = create_private(path); !created) return created.error();
  } else if (::access(path.c_str(), F_OK) != 0) {
    return Error{
        fmt::format("store {}: {}: start the gateway or add an entity first, or name the right file with "
                    "--store sqlite:PATH",
                    path, std::strerror(errno))};
  }
  auto journal = Journal::open(path, options);
  if (!journal) return journal.error();
  return std::unique_ptr<Store>(std::make_unique<Sqlite>(path, options, std::move(journal).value()));
}

}  // namespace logystera::store

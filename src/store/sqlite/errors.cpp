#include <algorithm>
#include <array>
#include <map>

#include "store/sqlite/error_rows.hpp"
#include "store/sqlite/row_key.hpp"
#include "store/sqlite/stores.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

/// What several occurrences change of their group.
struct GroupChange {
  std::string pattern, source, scope, template_key;
  Severity severity = Severity::debug;
  std::int64_t first_seen = INT64_MAX, last_seen = INT64_MIN;
  std::int64_t count = 0;
  bool demo = true;
  bool learnt = false;
  std::map<std::string, std::int64_t> sources;  // → newest occurrence

  void add(const ErrorOccurrence& occurrence, const std::string& stored_source) {
    if (count++ == 0 || (occurrence.learnt && !learnt)) {
      pattern = storable(occurrence.pattern);
      scope = storable(occurrence.scope);
      template_key = storable(occurrence.template_key);
      learnt = occurrence.learnt;
    }
    severity = std::max(severity, occurrence.severity);
    first_seen = std::min(first_seen, occurrence.time);
    if (occurrence.time >= last_seen) source = stored_source;
    last_seen = std::max(last_seen, occurrence.time);
    demo = demo && occurrence.demo;
    auto [place, fresh] = sources.try_emplace(stored_source, occurrence.time);
    if (!fresh) place->second = std::max(place->second, occurrence.time);
  }
};

// False: it was there.
Result<bool> insert_occurrence(Connection& db, const ErrorOccurrence& occurrence, const std::string& fingerprint,
                               const std::string& source) {
  auto statement = db.lease(
      "INSERT OR IGNORE INTO error_occurrences (key, fingerprint, source, time, line, message) VALUES (?, ?, ?, ?, ?, ?)");
  if (!statement) return statement.error();
  const std::string message = storable(occurrence.message);
  // Of the scope, not of the group: that may change, and the same line read again is still the same.
  const Digest key = RowKey()
                         .text(storable(occurrence.scope))
                         .text(source)
                         .number(occurrence.time)
                         .number(static_cast<std::int64_t>(occurrence.line))
                         .text(message)
                         .finish();
  Statement& insert = statement.value();
  insert.bind_blob(1, key.data(), kKeyBytes);
  insert.bind(2, fingerprint);
  insert.bind(3, source);
  insert.bind(4, occurrence.time);
  insert.bind(5, static_cast<std::int64_t>(occurrence.line));
  insert.bind(6, message);
  if (auto done = db.finish(insert, "write"); !done) return done.error();
  return db.changes() != 0;
}

// True: the group is new.
Result<bool> change_group(Connection& db, const std::string& fingerprint, const GroupChange& change) {
  auto statement = db.lease(
      "INSERT INTO errors (fingerprint, pattern, source, severity, first_seen, last_seen, count, demo, scope, template, "
      "learnt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET count = count + ?7, "
      "severity = max(severity, ?4), first_seen = min(first_seen, ?5), source = iif(?6 >= last_seen, ?3, source), "
      "last_seen = max(last_seen, ?6), demo = min(demo, ?8), pattern = iif(?11 > learnt, ?2, pattern), "
      "learnt = max(learnt, ?11) RETURNING count");
  if (!statement) return statement.error();
  Statement& upsert = statement.value();
  upsert.bind(1, fingerprint);
  upsert.bind(2, change.pattern);
  upsert.bind(3, change.source);
  upsert.bind(4, static_cast<std::int64_t>(change.severity));
  upsert.bind(5, change.first_seen);
  upsert.bind(6, change.last_seen);
  upsert.bind(7, change.count);
  upsert.bind(8, std::int64_t{change.demo});
  upsert.bind(9, change.scope);
  upsert.bind(10, change.template_key);
  upsert.bind(11, std::int64_t{change.learnt});
  auto counts = db.rows<std::int64_t>(upsert, "write", [](const Statement& row) { return row.integer(0); });
  if (!counts) return counts.error();
  return counts->front() == change.count;
}

Result<Done> note_sources(Connection& db, const std::string& fingerprint,
                          const std::map<std::string, std::int64_t>& sources) {
  auto upsert =
      db.lease("INSERT INTO error_sources VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET last_seen = max(last_seen, ?3)");
  if (!upsert) return upsert.error();
  for (const auto& [source, last_seen] : sources) {
    upsert->bind(1, std::string_view(fingerprint));
    upsert->bind(2, std::string_view(source));
    upsert->bind(3, last_seen);
    if (auto done = db.finish(upsert.value(), "write"); !done) return done;
  }
  return Done{};
}

/// A group's last return after kSilenceSeconds or more. Instead of all occurrences it looks at two for each such stretch of time: the
/// first within it and the last before it. Of a group that was never silent for ten years, what was before is not looked for.
class Returns {
 public:
  static Result<Returns> make(Connection& db) {
    auto first_after = db.lease("SELECT min(time) FROM error_occurrences WHERE fingerprint = ?1 AND time > ?2");
    if (!first_after) return first_after.error();
    auto last_until = db.lease("SELECT max(time) FROM error_occurrences WHERE fingerprint = ?1 AND time <= ?2");
    if (!last_until) return last_until.error();
    return Returns(db, std::move(first_after).value(), std::move(last_until).value());
  }

  struct Found {
    std::int64_t silent_seconds = 0, returned_at = 0;
  };
  /// The last return at or after `from`, looking back from `last`, when there was an occurrence.
  Result<Found> last(std::string_view fingerprint, std::int64_t last, std::int64_t from) {
    std::size_t looked = 0;
    for (std::int64_t at = last; at >= from && at >= INT64_MIN + kSilenceSeconds && looked < kStretches; ++looked) {
      const std::int64_t edge = at - kSilenceSeconds;
      auto before = ask(last_until_, fingerprint, edge);
      if (!before) return before.error();
      if (!before.value()) return Found{};  // the first occurrence of all is no return
      auto within = ask(first_after_, fingerprint, edge);
      if (!within) return within.error();
      if (!within.value()) return Found{};  // its newest occurrences are pruned
      if (*within.value() - *before.value() >= kSilenceSeconds) {
        if (*within.value() < from) return Found{};
        return Found{*within.value() - *before.value(), *within.value()};
      }
      at = *before.value();
    }
    return Found{};
  }

 private:
  static constexpr std::size_t kStretches = 10 * 366;
  static_assert(kSilenceSeconds >= 86'400);

  Returns(Connection& db, Statement first_after, Statement last_until)
      : db_(&db), first_after_(std::move(first_after)), last_until_(std::move(last_until)) {}

  Result<std::optional<std::int64_t>> ask(Statement& statement, std::string_view fingerprint, std::int64_t time) {
    statement.bind(1, fingerprint);
    statement.bind(2, time);
    if (statement.step() != SQLITE_ROW) return db_->error("read");
    std::optional<std::int64_t> found;
    if (!statement.is_null(0)) found = statement.integer(0);
    statement.reset();
    return found;
  }

  Connection* db_;
  Statement first_after_, last_until_;
};

// After occurrences from `first` on were added to a group. What they do not reach stays as it was.
Result<Done> note_return(Connection& db, std::string_view fingerprint, std::int64_t first) {
  struct Group {
    std::int64_t last_seen, returned_at;
  };
  auto find = db.lease("SELECT last_seen, returned_at FROM errors WHERE fingerprint = ?1");
  if (!find) return find.error();
  find->bind(1, fingerprint);
  auto group = db.row<Group>(find.value(), "read", [](const Statement& row) {
    return Group{row.integer(0), row.integer(1)};
  });
  if (!group) return group.error();
  if (!group.value()) return Done{};
  auto returns = Returns::make(db);
  if (!returns) return returns.error();
  // Before what is new all is as it was, unless something was put into the silence that is known, or before it.
  const bool forward = group.value()->returned_at == 0 || first >= group.value()->returned_at;
  auto found = returns->last(fingerprint, group.value()->last_seen, forward ? first : INT64_MIN);
  if (!found) return found.error();
  if (forward && found->returned_at == 0) return Done{};
  auto update = db.lease("UPDATE errors SET silent_seconds = ?2, returned_at = ?3 WHERE fingerprint = ?1");
  if (!update) return update.error();
  update->bind(1, fingerprint);
  update->bind(2, found->silent_seconds);
  update->bind(3, found->returned_at);
  return db.finish(update.value(), "write");
}

// No savepoint here: it would write every page it is about to change to a file of its own first, some five pages an occurrence.
Result<ErrorsAdded> insert_all(Connection& db, const std::vector<ErrorOccurrence>& occurrences) {
  ErrorsAdded added;
  std::map<std::string, GroupChange> changes;
  for (const ErrorOccurrence& occurrence : occurrences) {
    const std::string fingerprint = storable(occurrence.fingerprint), source = storable(occurrence.source);
    auto fresh = insert_occurrence(db, occurrence, fingerprint, source);
    if (!fresh) return fresh.error();
    if (!fresh.value()) continue;
    ++added.occurrences;
    changes[fingerprint].add(occurrence, source);
  }
  for (const auto& [fingerprint, change] : changes) {
    auto fresh = change_group(db, fingerprint, change);
    if (!fresh) return fresh.error();
    if (fresh.value()) added.groups.push_back(fingerprint);
    if (auto noted = note_sources(db, fingerprint, change.sources); !noted) return noted.error();
    if (auto noted = note_return(db, fingerprint, change.first_seen); !noted) return noted.error();
  }
  return added;
}

}  // namespace

Result<ErrorsAdded> Errors::add(const std::vector<ErrorOccurrence>& occurrences) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&] { return insert_all(db, occurrences); });
}

Result<bool> Errors::merge(std::string_view from, const ErrorTemplate& into) {
  if (from == into.fingerprint) {
    auto there = find(from);
    if (!there) return there.error();
    return there->has_value();
  }
  const std::string pattern = storable(into.pattern), scope = storable(into.scope), key = storable(into.template_key);
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<bool> {
    auto moving = db.lease(
        "INSERT INTO errors (fingerprint, pattern, source, severity, first_seen, last_seen, count, demo, scope, template, "
        "learnt) SELECT ?2, ?3, source, severity, first_seen, last_seen, count, demo, ?4, ?5, 1 FROM errors "
        "WHERE fingerprint = ?1 ON CONFLICT DO UPDATE SET count = count + excluded.count, "
        "severity = max(severity, excluded.severity), first_seen = min(first_seen, excluded.first_seen), "
        "source = iif(excluded.last_seen >= last_seen, excluded.source, source), "
        "last_seen = max(last_seen, excluded.last_seen), demo = min(demo, excluded.demo), pattern = excluded.pattern, "
        "learnt = 1");
    if (!moving) return moving.error();
    Statement& move = moving.value();
    move.bind(1, from);
    move.bind(2, into.fingerprint);
    move.bind(3, pattern);
    move.bind(4, scope);
    move.bind(5, key);
    if (auto done = db.finish(move, "write"); !done) return done.error();
    if (db.changes() == 0) return false;
    for (const Sql sql :
         {Sql("UPDATE error_occurrences SET fingerprint = ?2 WHERE fingerprint = ?1"),
          Sql("INSERT INTO error_sources SELECT ?2, source, last_seen FROM error_sources WHERE fingerprint = ?1 "
              "ON CONFLICT DO UPDATE SET last_seen = max(last_seen, excluded.last_seen)"),
          Sql("DELETE FROM errors WHERE fingerprint = ?1")}) {
      auto statement = db.lease(sql);
      if (!statement) return statement.error();
      statement->bind(1, from);
      if (!sql.text().starts_with('D')) statement->bind(2, into.fingerprint);
      if (auto done = db.finish(statement.value(), "write"); !done) return done.error();
    }
    if (auto noted = note_return(db, into.fingerprint, INT64_MIN); !noted) return noted.error();
    return true;
  });
}

Result<std::vector<ErrorTemplate>> Errors::templates(std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT fingerprint, pattern, scope, template, learnt FROM (SELECT * FROM errors WHERE template <> '' "
      "ORDER BY last_seen DESC, fingerprint LIMIT ?1) ORDER BY learnt DESC, fingerprint");
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(limit));
  return db.rows<ErrorTemplate>(statement.value(), "read", [](const Statement& row) {
    return ErrorTemplate{std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
                         std::string(row.text(3)), row.integer(4) != 0};
  });
}

Result<std::vector<ErrorGroup>> Errors::list(ErrorSort sort, std::optional<Severity> at_least, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  constexpr std::array<Sql, 3> queries = {
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY last_seen DESC, fingerprint LIMIT ?2",
      "SELECT " LOGYSTERA_GROUP_COLUMNS ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY count DESC, fingerprint LIMIT ?2",
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY first_seen DESC, fingerprint LIMIT ?2"};
  auto statement = db.lease(queries[static_cast<std::size_t>(sort)]);
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(at_least.value_or(Severity::debug)));
  statement->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<ErrorGroup>(statement.value(), "read", read_group);
}

Result<std::optional<ErrorGroup>> Errors::find(std::string_view fingerprint) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement =
      db.lease("SELECT " LOGYSTERA_GROUP_COLUMNS ", silent_seconds, returned_at FROM errors WHERE fingerprint = ?");
  if (!statement) return statement.error();
  statement->bind(1, fingerprint);
  auto rows = db.rows<ErrorGroup>(statement.value(), "read", read_group);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<ErrorGroup>();
  return std::optional<ErrorGroup>(std::move(rows->front()));
}

Result<std::vector<ErrorOccurrence>> Errors::occurrences(std::string_view fingerprint, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT fingerprint, source, time, line, message FROM error_occurrences WHERE fingerprint = ?1 ORDER BY time DESC, "
      "id DESC LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, fingerprint);
  statement->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<ErrorOccurrence>(statement.value(), "read", [](const Statement& row) {
    ErrorOccurrence one;
    one.fingerprint = row.text(0);
    one.source = row.text(1);
    one.time = row.integer(2);
    one.line = static_cast<std::uint64_t>(row.integer(3));
    one.message = row.text(4);
    return one;
  });
}

Result<std::vector<ErrorGroup>> Errors::first_seen_since(std::int64_t since, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease("SELECT " LOGYSTERA_GROUP_COLUMNS
                            ", 0, 0 FROM errors WHERE first_seen >= ?1 ORDER BY first_seen DESC, fingerprint LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, since);
  statement->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<ErrorGroup>(statement.value(), "read", read_group);
}

Result<std::vector<ErrorGroup>> Errors::regressions(std::int64_t silence, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  // With max() SQLite takes the other columns from the row that has the maximum: the latest return of each group.
  auto statement = db.lease(
      "WITH gaps AS (SELECT fingerprint, time, time - lag(time) OVER (PARTITION BY fingerprint ORDER BY time) AS gap FROM "
      "error_occurrences), "
      "returns AS (SELECT fingerprint AS returned, gap, max(time) AS at FROM gaps WHERE gap >= ?1 GROUP BY fingerprint) "
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", gap, at FROM returns JOIN errors ON fingerprint = returned ORDER BY at DESC, fingerprint LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, silence);
  statement->bind(2, static_cast<std::int64_t>(limit));
  return db.rows<ErrorGroup>(statement.value(), "read", read_group);
}

Result<std::uint64_t> Errors::prune(std::int64_t oldest) {
  // Each group keeps its newest occurrence, so that a return after a longer silence is still seen as one.
  auto old = remove_rows(connections_,
                         "DELETE FROM error_occurrences WHERE time < ? AND id NOT IN (SELECT id FROM (SELECT id, max(time) "
                         "FROM error_occurrences GROUP BY fingerprint))",
                         oldest);
  if (!old) return old;
  auto beyond = remove_rows(connections_,
                            "DELETE FROM error_occurrences WHERE id IN (SELECT id FROM error_occurrences ORDER BY time "
                            "DESC, id DESC LIMIT -1 OFFSET ?)",
                            static_cast<std::int64_t>(kOccurrenceRows));
  if (!beyond) return beyond;
  return old.value() + beyond.value();
}

Result<std::uint64_t> Errors::clear_demo() {
  auto occurrences =
      remove_rows(connections_,
                  "DELETE FROM error_occurrences WHERE fingerprint IN (SELECT fingerprint FROM errors WHERE demo = ?)", 1);
  if (!occurrences) return occurrences;
  return remove_rows(connections_, "DELETE FROM errors WHERE demo = ?", 1);
}

}  // namespace logystera::store::sqlite

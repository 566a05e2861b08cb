#include "store/findings_store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>

#include "core/hmac.hpp"
#include "core/json.hpp"
#include "store/sqlite/schema.hpp"

namespace logystera::store {
namespace {

constexpr int kBusyMilliseconds = 5'000;
constexpr std::size_t kKeyBytes = 16;

// Everything a row's identity is made of, hashed; lengths keep neighbours apart.
class Key {
 public:
  Key& text(std::string_view part) {
    number(static_cast<std::int64_t>(part.size()));
    hash_.update(part);
    return *this;
  }
  Key& number(std::int64_t value) {
    hash_.update({reinterpret_cast<const char*>(&value), sizeof value});
    return *this;
  }
  Digest finish() { return hash_.finish(); }

 private:
  Sha256 hash_;
};

Finding read_finding(const Statement& row) {
  Finding finding;
  finding.id = row.integer(0);
  finding.rule = row.text(1);
  finding.title = row.text(2);
  finding.level = static_cast<Level>(row.integer(3));
  finding.source = row.text(4);
  finding.time = row.integer(5);
  finding.line = static_cast<std::uint64_t>(row.integer(6));
  finding.message = row.text(7);
  finding.demo = row.integer(8) != 0;
  return finding;
}

ErrorGroup read_group(const Statement& row) {
  ErrorGroup group;
  group.fingerprint = row.text(0);
  group.pattern = row.text(1);
  group.source = row.text(2);
  group.severity = static_cast<std::uint8_t>(row.integer(3));
  group.first_seen = row.integer(4);
  group.last_seen = row.integer(5);
  group.count = static_cast<std::uint64_t>(row.integer(6));
  group.silent_seconds = row.integer(7);
  group.returned_at = row.integer(8);
  return group;
}

// Rows of a bound statement, each turned into a T.
template <typename T, typename Read>
Result<std::vector<T>> collect(Statement& statement, const Connection& connection, Read read) {
  const Resetting reset(statement);
  std::vector<T> rows;
  int code;
  while ((code = statement.step()) == SQLITE_ROW) rows.push_back(read(statement));
  if (code != SQLITE_DONE) return connection.error("read");
  return rows;
}

Result<Done> finish(Statement& statement, const Connection& connection) {
  const Resetting reset(statement);
  if (statement.step() != SQLITE_DONE) return connection.error("write");
  return Done{};
}

#define LOGYSTERA_GROUP_COLUMNS "fingerprint, pattern, source, severity, first_seen, last_seen, count"

}  // namespace

std::string storable(std::string_view text) {
  std::string out;
  out.reserve(std::min(text.size(), kStoredMessageBytes));
  while (!text.empty()) {
    std::size_t skip = 1;
    const std::size_t size = text[0] == '\0' ? 0 : json::utf8_sequence(text, skip);
    const std::string_view piece = size ? text.substr(0, size) : std::string_view("\xef\xbf\xbd");
    if (out.size() + piece.size() > kStoredMessageBytes) break;
    out.append(piece);
    text.remove_prefix(size ? size : std::max<std::size_t>(skip, 1));
  }
  return out;
}

std::string_view level_name(Level level) noexcept {
  constexpr std::array<std::string_view, kLevels> names = {"low", "medium", "high", "critical"};
  return names[static_cast<std::size_t>(level)];
}

bool parse_level(std::string_view name, Level& out) noexcept {
  for (std::size_t i = 0; i < kLevels; ++i) {
    if (name != level_name(static_cast<Level>(i))) continue;
    out = static_cast<Level>(i);
    return true;
  }
  return false;
}

Result<FindingsStore> FindingsStore::open(const std::string& path) {
  // Only a file that was not there is opened here: closing a descriptor of another would drop the locks this process's other
  // connections hold on it.
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0 && errno != EEXIST)
    return Error{"store " + path + ": cannot be opened (" + std::strerror(errno) +
                 "): name a file in a directory you may write, with --store sqlite:PATH"};
  if (file >= 0) ::close(file);
  return set_up(Connection::open(path, false, kBusyMilliseconds));
}

Result<FindingsStore> FindingsStore::open_to_read(const std::string& path) {
  const bool missing = ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
  return missing ? set_up(Connection::open_in_memory(path)) : set_up(Connection::open(path, false, kBusyMilliseconds));
}

Result<FindingsStore> FindingsStore::set_up(Result<Connection> connection) {
  if (!connection) return connection.error();
  FindingsStore store(std::move(connection).value());
  // Occurrences go into the indexes at random places: with SQLite's 2 MB of cache and a checkpoint every 4 MB, the same pages are
  // written over and over.
  if (auto set = store.connection_.run(
          "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-32768; PRAGMA wal_autocheckpoint=8192;");
      !set)
    return set.error();
  if (auto migrated = migrate(store.connection_); !migrated) return migrated.error();
  return store;
}

Result<Statement*> FindingsStore::prepared(std::string_view sql) {
  if (auto known = statements_.find(sql); known != statements_.end()) return &known->second;
  auto statement = connection_.prepare(sql);
  if (!statement) return statement.error();
  return &statements_.emplace(sql, std::move(statement).value()).first->second;
}

Result<std::uint64_t> FindingsStore::remove(std::string_view sql, std::int64_t number) {
  auto statement = prepared(sql);
  if (!statement) return statement.error();
  statement.value()->bind(1, number);
  if (auto done = finish(*statement.value(), connection_); !done) return done.error();
  return static_cast<std::uint64_t>(connection_.changes());
}

Result<bool> FindingsStore::add_finding(const Finding& finding) {
  auto statement = prepared(
      "INSERT OR IGNORE INTO findings (key, rule, title, level, source, time, line, message, demo) VALUES (?, ?, ?, ?, ?, "
      "?, ?, ?, ?)");
  if (!statement) return statement.error();
  const std::string rule = storable(finding.rule), title = storable(finding.title), source = storable(finding.source),
                    message = storable(finding.message);
  const Digest key = Key()
                         .text(rule)
                         .text(source)
                         .number(finding.time)
                         .number(static_cast<std::int64_t>(finding.line))
                         .text(message)
                         .number(finding.demo)
                         .finish();
  Statement& insert = *statement.value();
  insert.bind_blob(1, key.data(), kKeyBytes);
  insert.bind(2, rule);
  insert.bind(3, title);
  insert.bind(4, static_cast<std::int64_t>(finding.level));
  insert.bind(5, source);
  insert.bind(6, finding.time);
  insert.bind(7, static_cast<std::int64_t>(finding.line));
  insert.bind(8, message);
  insert.bind(9, std::int64_t{finding.demo});
  if (auto done = finish(insert, connection_); !done) return done.error();
  return connection_.changes() == 1;
}

Result<std::vector<Finding>> FindingsStore::findings(const FindingQuery& query) {
  auto statement = prepared(
      "SELECT id, rule, title, level, source, time, line, message, demo FROM findings WHERE level >= ?1 AND (?2 = '' OR "
      "rule = ?2) "
      "AND (?3 = '' OR source = ?3 OR substr(source, -length(?3) - 1) = '/' || ?3) AND time >= ?4 ORDER BY time DESC, id "
      "DESC LIMIT ?5");
  if (!statement) return statement.error();
  Statement& select = *statement.value();
  const std::string source = storable(query.source);
  select.bind(1, static_cast<std::int64_t>(query.at_least.value_or(Level::low)));
  select.bind(2, query.rule);
  select.bind(3, source);
  select.bind(4, query.since.value_or(INT64_MIN));
  select.bind(5, static_cast<std::int64_t>(query.limit));
  return collect<Finding>(select, connection_, read_finding);
}

Result<FindingSummary> FindingsStore::summary() {
  FindingSummary summary;
  auto levels = prepared("SELECT level, count(*) FROM findings GROUP BY level");
  if (!levels) return levels.error();
  using Row = std::pair<std::int64_t, std::uint64_t>;
  auto counts = collect<Row>(*levels.value(), connection_, [](const Statement& row) {
    return Row{row.integer(0), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!counts) return counts.error();
  for (const auto& [level, count] : counts.value())
    if (level >= 0 && level < static_cast<std::int64_t>(kLevels)) summary.by_level[static_cast<std::size_t>(level)] = count;
  auto top = prepared("SELECT rule, count(*) AS found FROM findings GROUP BY rule ORDER BY found DESC, rule LIMIT 10");
  if (!top) return top.error();
  auto rules = collect<RuleCount>(*top.value(), connection_, [](const Statement& row) {
    return RuleCount{std::string(row.text(0)), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!rules) return rules.error();
  summary.top = std::move(rules).value();
  return summary;
}

Result<Done> FindingsStore::dismiss(const Dismissal& dismissal) {
  auto statement = prepared(
      "INSERT INTO dismissals (rule, source, reason, at) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET reason = "
      "excluded.reason, at = excluded.at");
  if (!statement) return statement.error();
  const std::string rule = storable(dismissal.rule), source = storable(dismissal.source),
                    reason = storable(dismissal.reason);
  Statement& insert = *statement.value();
  insert.bind(1, rule);
  insert.bind(2, source);
  insert.bind(3, reason);
  insert.bind(4, dismissal.at);
  if (auto done = finish(insert, connection_); !done) return done;
  return connection_.run("INSERT INTO counters VALUES ('dismissals', 1) ON CONFLICT DO UPDATE SET value = value + 1");
}

Result<std::uint64_t> FindingsStore::undismiss(std::string_view rule, std::string_view source) {
  auto statement = prepared("DELETE FROM dismissals WHERE rule = ?1 AND (?2 = '' OR source = ?2)");
  if (!statement) return statement.error();
  const std::string stored_source = storable(source);
  statement.value()->bind(1, rule);
  statement.value()->bind(2, stored_source);
  if (auto done = finish(*statement.value(), connection_); !done) return done.error();
  const auto removed = static_cast<std::uint64_t>(connection_.changes());
  if (auto done =
          connection_.run("INSERT INTO counters VALUES ('dismissals', 1) ON CONFLICT DO UPDATE SET value = value + 1");
      !done)
    return done.error();
  return removed;
}

Result<std::vector<Dismissal>> FindingsStore::dismissals() {
  auto statement = prepared("SELECT rule, source, reason, at FROM dismissals ORDER BY rule, source");
  if (!statement) return statement.error();
  return collect<Dismissal>(*statement.value(), connection_, [](const Statement& row) {
    return Dismissal{std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)), row.integer(3)};
  });
}

Result<bool> FindingsStore::dismissed(std::string_view rule, std::string_view source) {
  auto statement = prepared(
      "SELECT 1 FROM dismissals WHERE rule = ?1 AND (source = '' OR source = ?2 OR substr(?2, -length(source) - 1) = '/' "
      "|| source)");
  if (!statement) return statement.error();
  Statement& select = *statement.value();
  const Resetting reset(select);
  const std::string stored_source = storable(source);
  select.bind(1, rule);
  select.bind(2, stored_source);
  const int code = select.step();
  if (code != SQLITE_ROW && code != SQLITE_DONE) return connection_.error("read");
  return code == SQLITE_ROW;
}

Result<DismissalPreview> FindingsStore::preview(std::string_view rule, std::string_view source) {
  DismissalPreview preview;
  auto statement = prepared(
      "SELECT source, count(*) AS found FROM findings WHERE rule = ?1 AND (?2 = '' OR source = ?2 OR substr(source, "
      "-length(?2) - 1) = '/' || ?2) GROUP BY source ORDER "
      "BY found DESC, source");
  if (!statement) return statement.error();
  const std::string stored_source = storable(source);
  statement.value()->bind(1, rule);
  statement.value()->bind(2, stored_source);
  using Row = std::pair<std::string, std::uint64_t>;
  auto rows = collect<Row>(*statement.value(), connection_, [](const Statement& row) {
    return Row{row.text(0), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!rows) return rows.error();
  for (const Row& row : rows.value()) preview.findings += row.second;
  preview.by_source = std::move(rows).value();
  constexpr std::size_t kSourcesShown = 10, kNewestShown = 5;
  if (preview.by_source.size() > kSourcesShown) preview.by_source.resize(kSourcesShown);
  FindingQuery newest;
  newest.rule = rule;
  newest.source = source;
  newest.limit = kNewestShown;
  auto found = findings(newest);
  if (!found) return found.error();
  preview.newest = std::move(found).value();
  return preview;
}

Result<std::int64_t> FindingsStore::dismissals_version() {
  return connection_.integer("SELECT coalesce((SELECT value FROM counters WHERE name = 'dismissals'), 0)");
}

/// What several occurrences change of their group.
struct FindingsStore::GroupChange {
  std::string pattern, source, scope, template_key;
  std::uint8_t severity = 0;
  std::int64_t first_seen = INT64_MAX, last_seen = INT64_MIN;
  std::int64_t count = 0;
  bool demo = true;
  bool learnt = false;

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
  }
};

Result<ErrorsAdded> FindingsStore::add_errors(const std::vector<ErrorOccurrence>& occurrences) {
  if (!connection_.in_transaction()) {
    if (auto begun = begin(); !begun) return begun.error();
    auto added = insert_errors(occurrences);
    if (!added) {
      (void)rollback();
      return added;
    }
    if (auto committed = commit(); !committed) {
      (void)rollback();
      return committed.error();
    }
    return added;
  }
  return insert_errors(occurrences);
}

// No savepoint here: it would write every page it is about to change to a file of its own first, some five pages an occurrence.
Result<ErrorsAdded> FindingsStore::insert_errors(const std::vector<ErrorOccurrence>& occurrences) {
  ErrorsAdded added;
  std::map<std::string, GroupChange> changes;
  for (const ErrorOccurrence& occurrence : occurrences) {
    const std::string fingerprint = storable(occurrence.fingerprint), source = storable(occurrence.source);
    auto fresh = insert_occurrence(occurrence, fingerprint, source);
    if (!fresh) return fresh.error();
    if (!fresh.value()) continue;
    ++added.occurrences;
    changes[fingerprint].add(occurrence, source);
  }
  for (const auto& [fingerprint, change] : changes) {
    auto fresh = change_group(fingerprint, change);
    if (!fresh) return fresh.error();
    if (fresh.value()) added.groups.push_back(fingerprint);
  }
  return added;
}

// False: it was there.
Result<bool> FindingsStore::insert_occurrence(const ErrorOccurrence& occurrence, const std::string& fingerprint,
                                              const std::string& source) {
  auto statement = prepared(
      "INSERT OR IGNORE INTO error_occurrences (key, fingerprint, source, time, line, message) VALUES (?, ?, ?, ?, ?, ?)");
  if (!statement) return statement.error();
  const std::string message = storable(occurrence.message);
  // Of the scope, not of the group: that may change, and the same line read again is still the same.
  const Digest key = Key()
                         .text(storable(occurrence.scope))
                         .text(source)
                         .number(occurrence.time)
                         .number(static_cast<std::int64_t>(occurrence.line))
                         .text(message)
                         .finish();
  Statement& insert = *statement.value();
  insert.bind_blob(1, key.data(), kKeyBytes);
  insert.bind(2, fingerprint);
  insert.bind(3, source);
  insert.bind(4, occurrence.time);
  insert.bind(5, static_cast<std::int64_t>(occurrence.line));
  insert.bind(6, message);
  if (auto done = finish(insert, connection_); !done) return done.error();
  return connection_.changes() != 0;
}

// True: the group is new.
Result<bool> FindingsStore::change_group(const std::string& fingerprint, const GroupChange& change) {
  auto statement = prepared(
      "INSERT INTO errors (fingerprint, pattern, source, severity, first_seen, last_seen, count, demo, scope, template, "
      "learnt) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE SET count = count + ?7, "
      "severity = max(severity, ?4), first_seen = min(first_seen, ?5), source = iif(?6 >= last_seen, ?3, source), "
      "last_seen = max(last_seen, ?6), demo = min(demo, ?8), pattern = iif(?11 > learnt, ?2, pattern), "
      "learnt = max(learnt, ?11) RETURNING count");
  if (!statement) return statement.error();
  Statement& upsert = *statement.value();
  upsert.bind(1, fingerprint);
  upsert.bind(2, change.pattern);
  upsert.bind(3, change.source);
  upsert.bind(4, std::int64_t{change.severity});
  upsert.bind(5, change.first_seen);
  upsert.bind(6, change.last_seen);
  upsert.bind(7, change.count);
  upsert.bind(8, std::int64_t{change.demo});
  upsert.bind(9, change.scope);
  upsert.bind(10, change.template_key);
  upsert.bind(11, std::int64_t{change.learnt});
  auto counts = collect<std::int64_t>(upsert, connection_, [](const Statement& row) { return row.integer(0); });
  if (!counts) return counts.error();
  return counts->front() == change.count;
}

Result<bool> FindingsStore::merge_errors(std::string_view from, const ErrorTemplate& into) {
  if (from == into.fingerprint) {
    auto there = error(from);
    if (!there) return there.error();
    return there->has_value();
  }
  const std::string pattern = storable(into.pattern), scope = storable(into.scope), key = storable(into.template_key);
  auto moving = prepared(
      "INSERT INTO errors (fingerprint, pattern, source, severity, first_seen, last_seen, count, demo, scope, template, "
      "learnt) SELECT ?2, ?3, source, severity, first_seen, last_seen, count, demo, ?4, ?5, 1 FROM errors "
      "WHERE fingerprint = ?1 ON CONFLICT DO UPDATE SET count = count + excluded.count, "
      "severity = max(severity, excluded.severity), first_seen = min(first_seen, excluded.first_seen), "
      "source = iif(excluded.last_seen >= last_seen, excluded.source, source), "
      "last_seen = max(last_seen, excluded.last_seen), demo = min(demo, excluded.demo), pattern = excluded.pattern, "
      "learnt = 1");
  if (!moving) return moving.error();
  Statement& move = *moving.value();
  move.bind(1, from);
  move.bind(2, into.fingerprint);
  move.bind(3, pattern);
  move.bind(4, scope);
  move.bind(5, key);
  if (auto done = finish(move, connection_); !done) return done.error();
  if (connection_.changes() == 0) return false;
  for (const std::string_view sql :
       {std::string_view("UPDATE error_occurrences SET fingerprint = ?2 WHERE fingerprint = ?1"),
        std::string_view("DELETE FROM errors WHERE fingerprint = ?1")}) {
    auto statement = prepared(sql);
    if (!statement) return statement.error();
    statement.value()->bind(1, from);
    if (sql[0] == 'U') statement.value()->bind(2, into.fingerprint);
    if (auto done = finish(*statement.value(), connection_); !done) return done.error();
  }
  return true;
}

Result<std::vector<ErrorTemplate>> FindingsStore::error_templates(std::size_t limit) {
  auto statement = prepared(
      "SELECT fingerprint, pattern, scope, template, learnt FROM (SELECT * FROM errors WHERE template <> '' "
      "ORDER BY last_seen DESC, fingerprint LIMIT ?1) ORDER BY learnt DESC, fingerprint");
  if (!statement) return statement.error();
  statement.value()->bind(1, static_cast<std::int64_t>(limit));
  return collect<ErrorTemplate>(*statement.value(), connection_, [](const Statement& row) {
    return ErrorTemplate{std::string(row.text(0)), std::string(row.text(1)), std::string(row.text(2)),
                         std::string(row.text(3)), row.integer(4) != 0};
  });
}

Result<std::vector<ErrorGroup>> FindingsStore::errors(ErrorSort sort, std::optional<std::uint8_t> at_least,
                                                      std::size_t limit) {
  constexpr std::array<std::string_view, 3> queries = {
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY last_seen DESC, fingerprint LIMIT ?2",
      "SELECT " LOGYSTERA_GROUP_COLUMNS ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY count DESC, fingerprint LIMIT ?2",
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", 0, 0 FROM errors WHERE severity >= ?1 ORDER BY first_seen DESC, fingerprint LIMIT ?2"};
  auto statement = prepared(queries[static_cast<std::size_t>(sort)]);
  if (!statement) return statement.error();
  statement.value()->bind(1, std::int64_t{at_least.value_or(0)});
  statement.value()->bind(2, static_cast<std::int64_t>(limit));
  return collect<ErrorGroup>(*statement.value(), connection_, read_group);
}

Result<std::optional<ErrorGroup>> FindingsStore::error(std::string_view fingerprint) {
  auto statement = prepared("SELECT " LOGYSTERA_GROUP_COLUMNS ", 0, 0 FROM errors WHERE fingerprint = ?");
  if (!statement) return statement.error();
  statement.value()->bind(1, fingerprint);
  auto rows = collect<ErrorGroup>(*statement.value(), connection_, read_group);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<ErrorGroup>();
  return std::optional<ErrorGroup>(std::move(rows->front()));
}

Result<std::vector<ErrorOccurrence>> FindingsStore::occurrences(std::string_view fingerprint, std::size_t limit) {
  auto statement = prepared(
      "SELECT fingerprint, source, time, line, message FROM error_occurrences WHERE fingerprint = ?1 ORDER BY time DESC, "
      "id DESC LIMIT ?2");
  if (!statement) return statement.error();
  statement.value()->bind(1, fingerprint);
  statement.value()->bind(2, static_cast<std::int64_t>(limit));
  return collect<ErrorOccurrence>(*statement.value(), connection_, [](const Statement& row) {
    ErrorOccurrence one;
    one.fingerprint = row.text(0);
    one.source = row.text(1);
    one.time = row.integer(2);
    one.line = static_cast<std::uint64_t>(row.integer(3));
    one.message = row.text(4);
    return one;
  });
}

Result<std::vector<ErrorGroup>> FindingsStore::new_errors(std::int64_t since, std::size_t limit) {
  auto statement = prepared("SELECT " LOGYSTERA_GROUP_COLUMNS
                            ", 0, 0 FROM errors WHERE first_seen >= ?1 ORDER BY first_seen DESC, fingerprint LIMIT ?2");
  if (!statement) return statement.error();
  statement.value()->bind(1, since);
  statement.value()->bind(2, static_cast<std::int64_t>(limit));
  return collect<ErrorGroup>(*statement.value(), connection_, read_group);
}

Result<std::vector<ErrorGroup>> FindingsStore::regressions(std::int64_t silence, std::size_t limit) {
  // With max() SQLite takes the other columns from the row that has the maximum: the latest return of each group.
  auto statement = prepared(
      "WITH gaps AS (SELECT fingerprint, time, time - lag(time) OVER (PARTITION BY fingerprint ORDER BY time) AS gap FROM "
      "error_occurrences), "
      "returns AS (SELECT fingerprint AS returned, gap, max(time) AS at FROM gaps WHERE gap >= ?1 GROUP BY fingerprint) "
      "SELECT " LOGYSTERA_GROUP_COLUMNS
      ", gap, at FROM returns JOIN errors ON fingerprint = returned ORDER BY at DESC, fingerprint LIMIT ?2");
  if (!statement) return statement.error();
  statement.value()->bind(1, silence);
  statement.value()->bind(2, static_cast<std::int64_t>(limit));
  return collect<ErrorGroup>(*statement.value(), connection_, read_group);
}

Result<Done> FindingsStore::put_baseline(const StoredBaseline& baseline) {
  auto statement = prepared(
      "INSERT OR REPLACE INTO baselines (source, model, bucket_seconds, observations, updated_at, state) VALUES (?, ?, ?, "
      "?, ?, ?)");
  if (!statement) return statement.error();
  Statement& insert = *statement.value();
  insert.bind(1, baseline.source);
  insert.bind(2, baseline.model);
  insert.bind(3, std::int64_t{baseline.bucket_seconds});
  insert.bind(4, static_cast<std::int64_t>(baseline.observations));
  insert.bind(5, baseline.updated_at);
  insert.bind_blob(6, baseline.state.data(), baseline.state.size());
  return finish(insert, connection_);
}

Result<std::optional<FindingsStore::StoredBaseline>> FindingsStore::baseline(std::string_view source,
                                                                             std::string_view model) {
  auto statement =
      prepared("SELECT bucket_seconds, observations, updated_at, state FROM baselines WHERE source = ?1 AND model = ?2");
  if (!statement) return statement.error();
  statement.value()->bind(1, source);
  statement.value()->bind(2, model);
  auto rows = collect<StoredBaseline>(*statement.value(), connection_, [&](const Statement& row) {
    return StoredBaseline{std::string(source),
                          std::string(model),
                          static_cast<std::uint32_t>(row.integer(0)),
                          static_cast<std::uint64_t>(row.integer(1)),
                          row.integer(2),
                          std::string(row.text(3))};
  });
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<StoredBaseline>();
  return std::optional<StoredBaseline>(std::move(rows->front()));
}

Result<std::vector<FindingsStore::StoredBaseline>> FindingsStore::baselines() {
  auto statement =
      prepared("SELECT source, model, bucket_seconds, observations, updated_at FROM baselines ORDER BY source, model");
  if (!statement) return statement.error();
  return collect<StoredBaseline>(*statement.value(), connection_, [](const Statement& row) {
    return StoredBaseline{std::string(row.text(0)),
                          std::string(row.text(1)),
                          static_cast<std::uint32_t>(row.integer(2)),
                          static_cast<std::uint64_t>(row.integer(3)),
                          row.integer(4),
                          {}};
  });
}

Result<std::uint64_t> FindingsStore::reset_baselines(std::string_view source) {
  auto statement = prepared("DELETE FROM baselines WHERE ?1 = '' OR source = ?1");
  if (!statement) return statement.error();
  statement.value()->bind(1, source);
  if (auto done = finish(*statement.value(), connection_); !done) return done.error();
  return static_cast<std::uint64_t>(connection_.changes());
}

Result<std::uint64_t> FindingsStore::prune(std::int64_t now, int retention_days) {
  constexpr std::int64_t kDaySeconds = 24 * 3600;
  const std::int64_t oldest = now - retention_days * kDaySeconds;
  std::uint64_t removed = 0;
  const std::pair<std::string_view, std::int64_t> steps[] = {
      {"DELETE FROM findings WHERE time < ?", oldest},
      {"DELETE FROM findings WHERE id IN (SELECT id FROM findings ORDER BY time DESC, id DESC LIMIT -1 OFFSET ?)",
       static_cast<std::int64_t>(kFindingRows)},
      // Each group keeps its newest occurrence, so that a return after a longer silence is still seen as one.
      {"DELETE FROM error_occurrences WHERE time < ? AND id NOT IN (SELECT id FROM (SELECT id, max(time) FROM "
       "error_occurrences GROUP BY fingerprint))",
       oldest},
      {"DELETE FROM error_occurrences WHERE id IN (SELECT id FROM error_occurrences ORDER BY time DESC, id DESC LIMIT -1 "
       "OFFSET ?)",
       static_cast<std::int64_t>(kOccurrenceRows)},
  };
  for (const auto& [sql, number] : steps) {
    auto some = remove(sql, number);
    if (!some) return some.error();
    removed += some.value();
  }
  return removed;
}

Result<std::uint64_t> FindingsStore::clear_demo() {
  auto findings = remove("DELETE FROM findings WHERE demo = ?", 1);
  if (!findings) return findings.error();
  auto occurrences =
      remove("DELETE FROM error_occurrences WHERE fingerprint IN (SELECT fingerprint FROM errors WHERE demo = ?)", 1);
  if (!occurrences) return occurrences.error();
  auto errors = remove("DELETE FROM errors WHERE demo = ?", 1);
  if (!errors) return errors.error();
  return findings.value() + errors.value();
}

}  // namespace logystera::store

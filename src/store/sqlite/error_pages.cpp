// Groups of errors by pages: of each order an index by severity, an arm a severity.
#include <algorithm>

#include "store/sqlite/error_rows.hpp"
#include "store/sqlite/page_indexes.hpp"
#include "store/sqlite/prefixes.hpp"
#include "store/sqlite/stores.hpp"
#include "store/sqlite/walk.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {
namespace {

Result<Done> add_arms_of(Connection& db, const ErrorFilter& filter, const PageRequest<ErrorKey>& request,
                         Arms<ErrorKey>& arms) {
  // What the order itself bounds needs no look at the rows behind it.
  std::int64_t lowest = INT64_MIN;
  if (filter.sort == ErrorSort::last_seen) lowest = filter.since.value_or(INT64_MIN);
  if (filter.sort == ErrorSort::first_seen) lowest = filter.new_since.value_or(INT64_MIN);
  for (auto severity = static_cast<std::int64_t>(filter.at_least.value_or(Severity::debug));
       severity <= static_cast<std::int64_t>(Severity::critical); ++severity) {
    auto added = add_arms(db, arms, kErrorsBy[static_cast<std::size_t>(filter.sort)], request, lowest, INT64_MAX,
                          [severity](Statement& statement) { statement.bind(3, severity); });
    if (!added) return added;
  }
  return Done{};
}

/// What is looked for in texts; statements point at it.
struct Wanted {
  explicit Wanted(const ErrorFilter& filter)
      : pattern(filter.text.empty() ? std::string() : like_pattern(storable(filter.text))), prefixes(filter.of_sources) {}

  const std::string pattern;
  const Prefixes prefixes;
};

/// Fetches a group if it matches what is left of the filter. Which sources it was seen in is read from the index of those alone, from
/// the first wanted beginning on.
class Fetch {
 public:
  static Result<Fetch> make(Connection& db, const ErrorFilter& filter, const Wanted& wanted) {
    const std::string& pattern = wanted.pattern;
    std::string where = "fingerprint = ?1";
    if (filter.since) where += " AND last_seen >= ?2";
    if (filter.new_since) where += " AND first_seen >= ?3";
    if (filter.returned_since) where += " AND returned_at >= ?4 AND returned_at <> 0";
    if (!pattern.empty()) where += " AND pattern LIKE ?5 ESCAPE '\\'";
    auto statement =
        db.prepare("SELECT " LOGYSTERA_GROUP_COLUMNS ", silent_seconds, returned_at FROM errors WHERE " + where);
    if (!statement) return statement.error();
    // Once: see the findings' pages.
    statement->bind(2, filter.since.value_or(INT64_MIN));
    statement->bind(3, filter.new_since.value_or(INT64_MIN));
    statement->bind(4, filter.returned_since.value_or(INT64_MIN));
    statement->bind(5, std::string_view(pattern));
    auto sources = db.prepare(kErrorSourceFrom);
    if (!sources) return sources.error();
    return Fetch(db, wanted.prefixes, std::move(statement).value(), std::move(sources).value());
  }

  Result<Fetched<ErrorGroup>> operator()(const ErrorKey& key) {
    Fetched<ErrorGroup> fetched;
    auto seen = was_seen(key.fingerprint);
    if (!seen) return seen.error();
    if (!seen.value()) return fetched;
    statement_.bind(1, std::string_view(key.fingerprint));
    const int code = statement_.step();
    if (code == SQLITE_ROW) {
      fetched.row = read_group(statement_);
      fetched.bytes = fetched.row->pattern.size();
    } else if (code != SQLITE_DONE) {
      return db_->error("read");
    }
    statement_.reset();
    return fetched;
  }

 private:
  Fetch(Connection& db, const Prefixes& prefixes, Statement statement, Statement sources)
      : db_(&db), prefixes_(&prefixes), statement_(std::move(statement)), sources_(std::move(sources)) {}

  // In a source that is wanted.
  Result<bool> was_seen(const std::string& fingerprint) {
    if (prefixes_->all()) return true;
    sources_.bind(1, std::string_view(fingerprint));
    // From beginning to beginning: what stands between two that are wanted is passed over.
    const std::vector<std::string>& prefixes = prefixes_->sorted();
    for (auto prefix = prefixes.begin(); prefix != prefixes.end();) {
      sources_.bind(2, std::string_view(*prefix));
      const int code = sources_.step();
      if (code != SQLITE_ROW && code != SQLITE_DONE) return db_->error("read");
      const std::string source(sources_.text(0));
      sources_.reset();
      if (code == SQLITE_DONE) return false;
      if (prefixes_->match(source)) return true;
      prefix = std::upper_bound(prefix, prefixes.end(), source);
    }
    return false;
  }

  Connection* db_;
  const Prefixes* prefixes_;
  Statement statement_, sources_;
};

}  // namespace

Result<ErrorPage> Errors::page(const ErrorFilter& filter, const PageRequest<ErrorKey>& request) {
  const Wanted wanted(filter);
  if (filter.sites || wanted.prefixes.none()) return ErrorPage{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Arms<ErrorKey> arms(request.newer_than.has_value());
  if (auto added = add_arms_of(db, filter, request, arms); !added) return added.error();
  auto fetch = Fetch::make(db, filter, wanted);
  if (!fetch) return fetch.error();
  return collect<ErrorGroup>(db, arms, request, [&](const ErrorKey& key) { return fetch.value()(key); });
}

Result<Count> Errors::count(const ErrorFilter& filter, std::size_t most, std::chrono::milliseconds patience) {
  const Wanted wanted(filter);
  if (filter.sites || wanted.prefixes.none()) return Count{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  Arms<ErrorKey> arms(false);
  if (auto added = add_arms_of(db, filter, {}, arms); !added) return added.error();
  auto fetch = Fetch::make(db, filter, wanted);
  if (!fetch) return fetch.error();
  return count_to(db, arms, most, patience, [&](const ErrorKey& key) -> Result<bool> {
    auto fetched = fetch.value()(key);
    if (!fetched) return fetched.error();
    return fetched->row.has_value();
  });
}

Result<ErrorSummary> Errors::summary() {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease("SELECT count(*), coalesce(sum(count), 0) FROM errors INDEXED BY errors_by_count");
  if (!statement) return statement.error();
  auto summary = db.row<ErrorSummary>(statement.value(), "read", [](const Statement& row) {
    return ErrorSummary{row.count(0), row.count(1)};
  });
  if (!summary) return summary.error();
  return summary->value_or(ErrorSummary{});
}

Result<std::vector<std::string>> Errors::sources(std::string_view fingerprint, std::size_t limit) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement =
      db.lease("SELECT source FROM error_sources WHERE fingerprint = ?1 ORDER BY last_seen DESC, source LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, fingerprint);
  statement->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<std::string>(statement.value(), "read", [](const Statement& row) { return std::string(row.text(0)); });
}

}  // namespace logystera::store::sqlite

#include <fmt/format.h>

#include <algorithm>

#include "store/sqlite/finding_rows.hpp"
#include "store/sqlite/finding_sites.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store::sqlite {
namespace {

constexpr std::int64_t kDaysMost = 400;

Result<std::vector<RuleHits>> rule_hits_of(Connection& db, std::int64_t first, std::size_t limit, const SiteScope& sites) {
  auto numbers = site_numbers(db, {}, sites);
  if (!numbers) return numbers.error();
  auto statement =
      db.prepare("SELECT rule, count(*) AS found, max(time) FROM findings WHERE entity <> 0 AND entity IN " +
                 listed(*numbers.value()) + " AND time >= ?1 * 86400 GROUP BY rule ORDER BY found DESC, rule LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, first);
  statement->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<RuleHits>(statement.value(), "read", [](const Statement& row) {
    return RuleHits{std::string(row.text(0)), row.count(1), row.integer(2)};
  });
}

}  // namespace

Result<std::optional<std::vector<std::int64_t>>> site_numbers(Connection& db, std::string_view site,
                                                              const SiteScope& scope) {
  std::optional<std::vector<std::int64_t>> numbers;
  if (site.empty() && !scope) return numbers;
  numbers.emplace();
  auto sites = db.lease("SELECT id, token FROM entities WHERE ?1 = '' OR token = ?1 OR name = ?1 ORDER BY id");
  if (!sites) return sites.error();
  sites->bind(1, site);
  int code;
  while ((code = sites->step()) == SQLITE_ROW) {
    if (!scope || std::find(scope->begin(), scope->end(), sites->text(1)) != scope->end())
      numbers->push_back(sites->integer(0));
  }
  if (code != SQLITE_DONE) return db.error("read");
  return numbers;
}

std::string listed(const std::vector<std::int64_t>& numbers) { return fmt::format("({})", fmt::join(numbers, ",")); }

Result<std::vector<std::string>> all_sources(Connection& db, std::size_t limit) {
  auto statement = db.lease(
      "WITH RECURSIVE each (source) AS (SELECT min(source) FROM findings UNION ALL SELECT (SELECT min(source) FROM "
      "findings "
      "WHERE source > each.source) FROM each WHERE each.source IS NOT NULL) SELECT source FROM each WHERE source IS NOT "
      "NULL "
      "LIMIT ?1");
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<std::string>(statement.value(), "read", [](const Statement& row) { return std::string(row.text(0)); });
}

Result<std::vector<std::uint64_t>> evidence_of(Connection& db, std::int64_t finding) {
  auto statement = db.lease("SELECT seq FROM evidence WHERE finding = ? ORDER BY seq");
  if (!statement) return statement.error();
  statement->bind(1, finding);
  return db.rows<std::uint64_t>(statement.value(), "read", [](const Statement& row) { return row.count(0); });
}

Result<FindingSummary> Findings::summary(const SiteScope& sites, std::optional<std::int64_t> since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto numbers = site_numbers(db, {}, sites);
  if (!numbers) return numbers.error();
  // Of all there is, the counts by day are read; else the findings themselves.
  const bool narrowed = numbers.value() || since;
  const std::string counted_of =
      fmt::format(" FROM findings WHERE time >= ?1{}",
                  numbers.value() ? " AND entity <> 0 AND entity IN " + listed(*numbers.value()) : "");
  const auto prepared = [&](Sql all, const std::string& some) {
    auto statement = narrowed ? db.prepare(some) : db.lease(all);
    if (statement && narrowed) statement->bind(1, since.value_or(INT64_MIN));
    return statement;
  };
  FindingSummary summary;
  auto levels = prepared("SELECT level, sum(n) FROM finding_days GROUP BY level",
                         "SELECT level, count(*)" + counted_of + " GROUP BY level");
  if (!levels) return levels.error();
  using Row = std::pair<std::int64_t, std::uint64_t>;
  auto counts = db.rows<Row>(levels.value(), "read", [](const Statement& row) {
    return Row{row.integer(0), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!counts) return counts.error();
  for (const auto& [level, count] : counts.value()) summary.of(level_of(level)) += count;
  auto top = prepared("SELECT rule, sum(n) AS found FROM finding_days GROUP BY rule ORDER BY found DESC, rule LIMIT 10",
                      "SELECT rule, count(*) AS found" + counted_of + " GROUP BY rule ORDER BY found DESC, rule LIMIT 10");
  if (!top) return top.error();
  auto rules = db.rows<RuleCount>(top.value(), "read", [](const Statement& row) {
    return RuleCount{std::string(row.text(0)), static_cast<std::uint64_t>(row.integer(1))};
  });
  if (!rules) return rules.error();
  summary.top = std::move(rules).value();
  return summary;
}

Result<std::vector<FindingDay>> Findings::days(std::int64_t first, std::int64_t last, const SiteScope& sites) {
  std::vector<FindingDay> days;
  if (last < first) return days;
  if (first < INT32_MIN || last > INT32_MAX || last - first >= kDaysMost) {
    return Error{fmt::format("a trend shows at most {} days at once", kDaysMost), ErrorKind::invalid};
  }
  for (std::int64_t day = first; day <= last; ++day) days.push_back({day, {}});
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto numbers = site_numbers(db, {}, sites);
  if (!numbers) return numbers.error();
  auto statement = numbers.value() ? db.prepare(
                                         "SELECT (time - ((time % 86400) + 86400) % 86400) / 86400 AS day, level, "
                                         "count(*) FROM findings WHERE entity <> 0 AND entity IN " +
                                         listed(*numbers.value()) +
                                         " AND time BETWEEN ?1 * 86400 AND ?2 * 86400 + 86399 GROUP BY day, level")
                                   : db.lease(
                                         "SELECT day, level, sum(n) FROM finding_days WHERE day BETWEEN ?1 AND ?2 "
                                         "GROUP BY day, level");
  if (!statement) return statement.error();
  statement->bind(1, first);
  statement->bind(2, last);
  auto counts = db.rows<std::array<std::int64_t, 3>>(statement.value(), "read", [](const Statement& row) {
    return std::array<std::int64_t, 3>{row.integer(0), row.integer(1), row.integer(2)};
  });
  if (!counts) return counts.error();
  for (const auto& [day, level, n] : counts.value()) {
    days[static_cast<std::size_t>(day - first)].by_level[static_cast<std::size_t>(level_of(level))] +=
        static_cast<std::uint64_t>(n);
  }
  return days;
}

Result<std::vector<RuleHits>> Findings::rule_hits(std::int64_t first, std::size_t limit, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  if (sites) return rule_hits_of(db, first, limit, sites);
  auto statement = db.lease(
      "SELECT rule, sum(n) AS found FROM finding_days WHERE day >= ?1 GROUP BY rule ORDER BY found DESC, rule LIMIT ?2");
  if (!statement) return statement.error();
  statement->bind(1, first);
  statement->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  auto hits = db.rows<RuleHits>(statement.value(), "read", [](const Statement& row) {
    return RuleHits{std::string(row.text(0)), row.count(1), 0};
  });
  if (!hits) return hits;
  // The newest of each of the rule's levels is one look into the index; max() over the rule would read all of it.
  auto newest = db.lease(
      "WITH RECURSIVE each (level) AS (SELECT min(level) FROM findings WHERE rule = ?1 UNION ALL SELECT (SELECT "
      "min(level) FROM findings WHERE rule = ?1 AND level > each.level) FROM each WHERE each.level IS NOT NULL) SELECT "
      "max((SELECT max(time) FROM findings WHERE rule = ?1 AND level = each.level)) FROM each");
  if (!newest) return newest.error();
  for (RuleHits& one : hits.value()) {
    newest->bind(1, std::string_view(one.rule));
    if (newest->step() != SQLITE_ROW) return db.error("read");
    one.last = newest->integer(0);
    newest->reset();
  }
  return hits;
}

Result<std::vector<std::string>> Findings::sources(std::size_t limit, const SiteScope& sites) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  if (!sites) return all_sources(db, limit);
  auto numbers = site_numbers(db, {}, sites);
  if (!numbers) return numbers.error();
  auto statement = db.prepare("SELECT DISTINCT source FROM findings WHERE entity <> 0 AND entity IN " +
                              listed(*numbers.value()) + " ORDER BY source LIMIT ?1");
  if (!statement) return statement.error();
  statement->bind(1, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  return db.rows<std::string>(statement.value(), "read", [](const Statement& row) { return std::string(row.text(0)); });
}

}  // namespace logystera::store::sqlite

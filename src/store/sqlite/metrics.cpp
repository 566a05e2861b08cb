#include <fmt/core.h>

#include "store/sqlite/finding_sites.hpp"
#include "store/sqlite/stores.hpp"

namespace logystera::store {

std::string_view metric_left_out_name(MetricLeftOut reason) noexcept {
  switch (reason) {
    case MetricLeftOut::metric_full: return "metric_full";
    case MetricLeftOut::site_full: return "site_full";
    case MetricLeftOut::gateway_full: return "gateway_full";
    case MetricLeftOut::label_length: return "label_length";
    case MetricLeftOut::bad_value: return "bad_value";
  }
  return {};
}

namespace sqlite {
namespace {

// How an amount is added to the one that is there: as MetricAmount::add().
#define LOGYSTERA_ADD_AMOUNT                                                                        \
  "n = n + excluded.n, sum = min(sum + excluded.sum, 4000000000000000000), least = min(least, "     \
  "excluded.least), most = max(most, excluded.most), last = CASE WHEN excluded.last_at >= last_at " \
  "THEN excluded.last ELSE last END, last_at = max(last_at, excluded.last_at)"
static_assert(kMetricSumMost == 4'000'000'000'000'000'000);

void bind_amount(Statement& statement, int first, const MetricAmount& amount) {
  statement.bind(first, static_cast<std::int64_t>(amount.count));
  statement.bind(first + 1, amount.sum);
  statement.bind(first + 2, amount.least);
  statement.bind(first + 3, amount.most);
  statement.bind(first + 4, amount.last);
  statement.bind(first + 5, amount.last_at);
}
MetricAmount amount_at(const Statement& row, int first) {
  return {row.count(first),       row.integer(first + 1), row.integer(first + 2),
          row.integer(first + 3), row.integer(first + 4), row.integer(first + 5)};
}

Result<std::int64_t> entity_of(Connection& db, std::string_view site) {
  auto find = db.lease("SELECT id FROM entities WHERE token = ?");
  if (!find) return find.error();
  find->bind(1, site);
  auto id = db.row<std::int64_t>(find.value(), "read a site", [](const Statement& row) { return row.integer(0); });
  if (!id) return id.error();
  if (id.value()) return *id.value();
  db.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", db.path(), site), ErrorKind::not_found};
}

Result<std::int64_t> add_to_series(Connection& db, std::int64_t entity, const MetricDelta& delta,
                                   const MetricAmount& total) {
  auto put = db.lease(
      "INSERT INTO metric_series (entity, metric, labels, counted_at, n, sum, least, most, last, last_at) VALUES (?1, ?2, "
      "?3, "
      "?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO UPDATE SET counted_at = max(counted_at, "
      "excluded.counted_at), " LOGYSTERA_ADD_AMOUNT " RETURNING id");
  if (!put) return put.error();
  put->bind(1, entity);
  put->bind(2, std::string_view(delta.metric));
  put->bind(3, std::string_view(delta.labels));
  put->bind(4, delta.counted_at);
  bind_amount(put.value(), 5, total);
  auto id = db.row<std::int64_t>(put.value(), "write metrics", [](const Statement& row) { return row.integer(0); });
  if (!id) return id.error();
  return id->value_or(0);
}

Result<Done> add_to_point(Connection& db, std::int64_t series, MetricStep step, std::int64_t at,
                          const MetricAmount& amount) {
  auto put = db.lease(
      "INSERT INTO metric_points (series, step, at, n, sum, least, most, last, last_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
      "?7, "
      "?8, ?9) ON CONFLICT DO UPDATE SET " LOGYSTERA_ADD_AMOUNT);
  if (!put) return put.error();
  put->bind(1, series);
  put->bind(2, static_cast<std::int64_t>(step));
  put->bind(3, at);
  bind_amount(put.value(), 4, amount);
  return db.finish(put.value(), "write metrics");
}

// Minutes of a delta put together to longer steps.
Result<Done> add_to_steps(Connection& db, std::int64_t series, MetricStep step, const MetricDelta& delta) {
  const std::int64_t seconds = seconds_of(step);
  for (std::size_t i = 0; i < delta.minutes.size();) {
    const std::int64_t at = delta.minutes[i].first - delta.minutes[i].first % seconds;
    MetricAmount amount;
    for (; i < delta.minutes.size() && delta.minutes[i].first < at + seconds; ++i) amount.add(delta.minutes[i].second);
    if (auto done = add_to_point(db, series, step, at, amount); !done) return done;
  }
  return Done{};
}

}  // namespace

Result<Done> Metrics::add(std::span<const MetricDelta> deltas) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    std::string_view site;
    std::int64_t entity = 0;
    for (const MetricDelta& delta : deltas) {
      if (entity == 0 || delta.site != site) {
        auto found = entity_of(db, delta.site);
        if (!found) return found.error();
        entity = found.value();
        site = delta.site;
      }
      MetricAmount total;
      for (const auto& [at, amount] : delta.minutes) total.add(amount);
      auto series = add_to_series(db, entity, delta, total);
      if (!series) return series.error();
      for (const MetricStep step : {MetricStep::minute, MetricStep::hour, MetricStep::day})
        if (auto done = add_to_steps(db, series.value(), step, delta); !done) return done;
    }
    return Done{};
  });
}

Result<Done> Metrics::add(std::span<const MetricLeftOutCount> counts) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    for (const MetricLeftOutCount& one : counts) {
      auto entity = entity_of(db, one.site);
      if (!entity) return entity.error();
      auto put = db.lease("INSERT INTO metric_left_out VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + ?4");
      if (!put) return put.error();
      put->bind(1, entity.value());
      put->bind(2, std::string_view(one.metric));
      put->bind(3, static_cast<std::int64_t>(one.reason));
      put->bind(4, static_cast<std::int64_t>(one.count));
      if (auto done = db.finish(put.value(), "write metrics"); !done) return done;
    }
    return Done{};
  });
}

Result<Done> Metrics::series(std::string_view site, const SiteScope& scope, std::int64_t since, std::size_t limit,
                             const std::function<bool(const MetricSeries&)>& each) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto sites = site_numbers(db, site, scope);
  if (!sites) return sites.error();
  auto statement =
      db.prepare(fmt::format("SELECT e.token, s.metric, s.labels, s.n, s.sum, s.least, s.most, s.last, s.last_at FROM "
                             "metric_series s JOIN entities e "
                             "ON e.id = s.entity WHERE s.counted_at >= ?1{} ORDER BY s.metric, e.token, s.labels LIMIT ?2",
                             sites.value() ? " AND s.entity IN " + listed(*sites.value()) : std::string()));
  if (!statement) return statement.error();
  statement->bind(1, since);
  statement->bind(2, static_cast<std::int64_t>(std::min<std::size_t>(limit, INT32_MAX)));
  int code;
  while ((code = statement->step()) == SQLITE_ROW) {
    const MetricSeries one{std::string(statement->text(0)), std::string(statement->text(1)),
                           std::string(statement->text(2)), amount_at(statement.value(), 3)};
    if (!each(one)) return Done{};
  }
  if (code != SQLITE_DONE) return db.error("read metrics");
  return Done{};
}

Result<std::uint64_t> Metrics::count(std::int64_t since) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto count = db.lease("SELECT count(*) FROM metric_series WHERE counted_at >= ? AND labels <> ''");
  if (!count) return count.error();
  count->bind(1, since);
  auto rows = db.row<std::uint64_t>(count.value(), "read metrics", [](const Statement& row) { return row.count(0); });
  if (!rows) return rows.error();
  return rows->value_or(0);
}

Result<Done> Metrics::points(const MetricQuery& query, const std::function<bool(const MetricPoint&)>& each) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto statement = db.lease(
      "SELECT s.metric, s.labels, p.at, p.n, p.sum, p.least, p.most, p.last, p.last_at FROM metric_series s CROSS JOIN "
      "metric_points p ON p.series = s.id WHERE s.entity = (SELECT id FROM entities WHERE token = ?1) AND (?2 = '' OR "
      "s.metric = "
      "?2) AND p.step = ?3 AND p.at >= ?4 AND p.at < ?5 ORDER BY s.metric, s.labels, p.at");
  if (!statement) return statement.error();
  statement->bind(1, std::string_view(query.site));
  statement->bind(2, std::string_view(query.metric));
  statement->bind(3, static_cast<std::int64_t>(query.step));
  statement->bind(4, query.from);
  statement->bind(5, query.until);
  int code;
  while ((code = statement->step()) == SQLITE_ROW) {
    if (!each({statement->text(0), statement->text(1), statement->integer(2), amount_at(statement.value(), 3)}))
      return Done{};
  }
  if (code != SQLITE_DONE) return db.error("read metrics");
  return Done{};
}

Result<std::vector<MetricLeftOutCount>> Metrics::left_out(std::string_view site, const SiteScope& scope) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  auto sites = site_numbers(db, site, scope);
  if (!sites) return sites.error();
  auto statement = db.prepare(fmt::format(
      "SELECT e.token, l.metric, l.reason, l.n FROM metric_left_out l JOIN entities e ON e.id = l.entity{} ORDER BY "
      "e.token, l.metric, l.reason",
      sites.value() ? " WHERE l.entity IN " + listed(*sites.value()) : std::string()));
  if (!statement) return statement.error();
  return db.rows<MetricLeftOutCount>(statement.value(), "read metrics", [](const Statement& row) {
    const std::int64_t reason = row.integer(2);
    const bool known = reason >= 0 && reason < static_cast<std::int64_t>(kMetricLeftOuts);
    return MetricLeftOutCount{std::string(row.text(0)), std::string(row.text(1)),
                              known ? static_cast<MetricLeftOut>(reason) : MetricLeftOut::bad_value, row.count(3)};
  });
}

Result<MetricStore::Pruned> Metrics::prune(std::int64_t now, std::int64_t after, std::size_t series) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Pruned> {
    Pruned out;
    auto find = db.lease("SELECT id FROM metric_series WHERE id > ?1 ORDER BY id LIMIT ?2");
    if (!find) return find.error();
    find->bind(1, after);
    find->bind(2, static_cast<std::int64_t>(series));
    auto ids = db.rows<std::int64_t>(find.value(), "read metrics", [](const Statement& row) { return row.integer(0); });
    if (!ids) return ids.error();
    for (const std::int64_t id : ids.value()) {
      for (const auto& [step, kept] : {std::pair{MetricStep::minute, kMinutesKept}, std::pair{MetricStep::hour, kHoursKept},
                                       std::pair{MetricStep::day, kDaysKept}}) {
        auto remove = db.lease("DELETE FROM metric_points WHERE series = ?1 AND step = ?2 AND at < ?3");
        if (!remove) return remove.error();
        remove->bind(1, id);
        remove->bind(2, static_cast<std::int64_t>(step));
        remove->bind(3, now - kept);
        if (auto done = db.finish(remove.value(), "remove old metrics"); !done) return done.error();
        out.rows += static_cast<std::uint64_t>(db.changes());
      }
      auto remove = db.lease(
          "DELETE FROM metric_series WHERE id = ?1 AND counted_at < ?2 AND NOT EXISTS (SELECT 1 FROM metric_points WHERE "
          "series "
          "= ?1)");
      if (!remove) return remove.error();
      remove->bind(1, id);
      remove->bind(2, now - kSeriesIdle);
      if (auto done = db.finish(remove.value(), "remove old metrics"); !done) return done.error();
      out.rows += static_cast<std::uint64_t>(db.changes());
    }
    out.next = ids->size() == series && series > 0 ? ids->back() : 0;
    return out;
  });
}

}  // namespace sqlite
}  // namespace logystera::store

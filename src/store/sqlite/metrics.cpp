#include <fmt/core.h>

#include <array>
#include <map>
#include <tuple>

#include "store/sqlite/finding_sites.hpp"
#include "store/sqlite/page_indexes.hpp"
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

// How what comes is added to what is there: as MetricAmount::add().
#define LOGYSTERA_ADD_AMOUNT(n, sum, least, most, last, last_at)                                                        \
  "n = n + " n ", sum = min(sum + " sum ", 4000000000000000000), least = min(least, " least "), most = max(most, " most \
  "), last = CASE WHEN " last_at " >= last_at THEN " last " ELSE last END, last_at = max(last_at, " last_at ")"
static_assert(kMetricSumMost == 4'000'000'000'000'000'000);

constexpr std::size_t kSeriesAtOnce = 128;  // whose points are read together
constexpr std::int64_t kPointsAgain = -1;   // Pruned::next: there may be more points beyond what is kept

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

std::int64_t number_of(const Statement& row) { return row.integer(0); }

Result<std::int64_t> entity_of(Connection& db, std::string_view site) {
  auto find = db.lease("SELECT id FROM entities WHERE token = ?");
  if (!find) return find.error();
  find->bind(1, site);
  auto id = db.row<std::int64_t>(find.value(), "read a site", number_of);
  if (!id) return id.error();
  if (id.value()) return *id.value();
  db.set_failed();
  return Error{fmt::format("store {}: there is no entity {}", db.path(), site), ErrorKind::not_found};
}

// The number of a metric's name, given to it where it has none.
Result<std::int64_t> metric_of(Connection& db, std::string_view name) {
  auto put =
      db.lease("INSERT INTO metric_names (name) VALUES (?1) ON CONFLICT (name) DO UPDATE SET name = name RETURNING id");
  if (!put) return put.error();
  put->bind(1, name);
  auto id = db.row<std::int64_t>(put.value(), "write metrics", number_of);
  if (!id) return id.error();
  return id->value_or(0);
}

/// A delta and the numbers of what it is of.
struct Numbered {
  const MetricDelta* delta;
  std::int64_t entity = 0, metric = 0, series = 0;
};

// Of a series that is not there, one that has counted nothing is made.
Result<std::int64_t> series_of(Connection& db, const Numbered& one) {
  auto find = db.lease("SELECT id FROM metric_series WHERE entity = ?1 AND metric = ?2 AND labels = ?3");
  if (!find) return find.error();
  find->bind(1, one.entity);
  find->bind(2, std::string_view(one.delta->metric));
  find->bind(3, std::string_view(one.delta->labels));
  auto id = db.row<std::int64_t>(find.value(), "read metrics", number_of);
  if (!id) return id.error();
  if (id.value()) return *id.value();
  auto make = db.lease(
      "INSERT INTO metric_series (entity, metric, labels, counted_at, n, sum, least, most, last, last_at) VALUES (?1, ?2, "
      "?3, 0, 0, 0, 9223372036854775807, 0, 0, 0)");
  if (!make) return make.error();
  make->bind(1, one.entity);
  make->bind(2, std::string_view(one.delta->metric));
  make->bind(3, std::string_view(one.delta->labels));
  if (auto made = db.finish(make.value(), "write metrics"); !made) return made.error();
  return db.last_row();
}

// In the order of the series' index, so that neighbours are looked up one after the other.
Result<std::vector<Numbered>> numbered(Connection& db, std::span<const MetricDelta> deltas) {
  std::vector<Numbered> all;
  all.reserve(deltas.size());
  for (const MetricDelta& delta : deltas) all.push_back({&delta});
  std::stable_sort(all.begin(), all.end(), [](const Numbered& a, const Numbered& b) {
    return std::tie(a.delta->site, a.delta->metric, a.delta->labels) <
           std::tie(b.delta->site, b.delta->metric, b.delta->labels);
  });
  std::map<std::string_view, std::int64_t> entities, metrics;
  const auto known = [&](std::map<std::string_view, std::int64_t>& numbers, std::string_view name,
                         Result<std::int64_t> (*number)(Connection&, std::string_view)) -> Result<std::int64_t> {
    if (const auto found = numbers.find(name); found != numbers.end()) return found->second;
    auto looked_up = number(db, name);
    if (looked_up) numbers.emplace(name, looked_up.value());
    return looked_up;
  };
  for (Numbered& one : all) {
    const auto entity = known(entities, one.delta->site, entity_of);
    if (!entity) return entity.error();
    const auto metric = known(metrics, one.delta->metric, metric_of);
    if (!metric) return metric.error();
    one.entity = entity.value();
    one.metric = metric.value();
    const auto series = series_of(db, one);
    if (!series) return series.error();
    one.series = series.value();
  }
  return all;
}

// What of the deltas belongs to each series in all, in the order of their rows.
Result<Done> add_to_series(Connection& db, std::vector<Numbered>& deltas) {
  std::stable_sort(deltas.begin(), deltas.end(), [](const Numbered& a, const Numbered& b) { return a.series < b.series; });
  auto put = db.lease("UPDATE metric_series SET counted_at = max(counted_at, ?2), " LOGYSTERA_ADD_AMOUNT(
      "?3", "?4", "?5", "?6", "?7", "?8") " WHERE id = ?1");
  if (!put) return put.error();
  for (const Numbered& one : deltas) {
    MetricAmount total;
    for (const auto& [at, amount] : one.delta->minutes) total.add(amount);
    put->bind(1, one.series);
    put->bind(2, one.delta->counted_at);
    bind_amount(put.value(), 3, total);
    if (auto done = db.finish(put.value(), "write metrics"); !done) return done;
  }
  return Done{};
}

// Minutes put together to steps, in the order of their rows: those of a page are written while it is at hand.
Result<Done> add_to_points(Connection& db, const std::vector<Numbered>& deltas, MetricStep step) {
  struct Point {
    std::int64_t at;
    const Numbered* of;
    MetricAmount amount;
  };
  std::vector<Point> points;
  const std::int64_t seconds = seconds_of(step);
  for (const Numbered& one : deltas) {
    const std::size_t first = points.size();
    for (const auto& [minute, amount] : one.delta->minutes) {
      const std::int64_t at = minute - minute % seconds;
      if (points.size() == first || points.back().at != at) points.push_back({at, &one, {}});
      points.back().amount.add(amount);
    }
  }
  std::stable_sort(points.begin(), points.end(), [](const Point& a, const Point& b) {
    return std::tie(a.at, a.of->entity, a.of->metric, a.of->series) <
           std::tie(b.at, b.of->entity, b.of->metric, b.of->series);
  });
  auto put = db.lease(
      "INSERT INTO metric_points VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO UPDATE "
      "SET " LOGYSTERA_ADD_AMOUNT("excluded.n", "excluded.sum", "excluded.least", "excluded.most", "excluded.last",
                                  "excluded.last_at"));
  if (!put) return put.error();
  put->bind(1, static_cast<std::int64_t>(step));
  for (const Point& point : points) {
    put->bind(2, point.at);
    put->bind(3, point.of->entity);
    put->bind(4, point.of->metric);
    put->bind(5, point.of->series);
    bind_amount(put.value(), 6, point.amount);
    if (auto done = db.finish(put.value(), "write metrics"); !done) return done;
  }
  return Done{};
}

/// A series whose points are wanted.
struct Wanted {
  std::int64_t id, metric;
  std::string name, labels;
};

Result<std::vector<Wanted>> series_wanted(Connection& db, const MetricQuery& query) {
  auto find = db.lease(
      "SELECT s.id, m.id, s.metric, s.labels FROM metric_series s CROSS JOIN metric_names m ON m.name = s.metric WHERE "
      "s.entity = (SELECT id FROM entities WHERE token = ?1) AND (?2 = '' OR s.metric = ?2) AND (?3 = 0 OR s.labels = '') "
      "ORDER BY s.metric, s.labels");
  if (!find) return find.error();
  find->bind(1, std::string_view(query.site));
  find->bind(2, std::string_view(query.metric));
  find->bind(3, std::int64_t{query.plain});
  return db.rows<Wanted>(find.value(), "read metrics", [](const Statement& row) {
    return Wanted{row.integer(0), row.integer(1), std::string(row.text(2)), std::string(row.text(3))};
  });
}

// Points of series of one metric: the times there are, and at each what stands side by side. Whether more are wanted.
Result<bool> read_points(Connection& db, const MetricQuery& query, std::span<const Wanted> series,
                         const std::function<bool(const MetricPoint&)>& each) {
  struct Place {
    std::int64_t id;
    std::size_t in;  // `series`
  };
  std::vector<Place> places;
  for (std::size_t i = 0; i < series.size(); ++i) places.push_back({series[i].id, i});
  const auto by_id = [](const Place& a, const Place& b) { return a.id < b.id; };
  std::sort(places.begin(), places.end(), by_id);
  auto find = db.lease(kMetricPoints);
  if (!find) return find.error();
  find->bind(1, static_cast<std::int64_t>(query.step));
  find->bind(2, query.from);
  find->bind(3, query.until);
  find->bind(4, std::string_view(query.site));
  find->bind(5, series.front().metric);
  find->bind(6, places.front().id);
  find->bind(7, places.back().id);
  std::vector<std::vector<std::pair<std::int64_t, MetricAmount>>> points(series.size());
  int code;
  while ((code = find->step()) == SQLITE_ROW) {
    const std::int64_t id = find->integer(0);
    const auto place = std::lower_bound(places.begin(), places.end(), Place{id, 0}, by_id);
    if (place != places.end() && place->id == id)
      points[place->in].emplace_back(find->integer(1), amount_at(find.value(), 2));
  }
  if (code != SQLITE_DONE) return db.error("read metrics");
  for (std::size_t i = 0; i < series.size(); ++i)
    for (const auto& [at, amount] : points[i])
      if (!each({series[i].name, series[i].labels, at, amount})) return false;
  return true;
}

// The oldest of a step, before `before`. How many there were.
Result<std::uint64_t> remove_points(Connection& db, MetricStep step, std::int64_t before, std::size_t most) {
  auto find = db.lease(kOldestMetricPoints);
  if (!find) return find.error();
  find->bind(1, static_cast<std::int64_t>(step));
  find->bind(2, before);
  find->bind(3, static_cast<std::int64_t>(most));
  using Key = std::array<std::int64_t, 4>;
  const auto keys = db.rows<Key>(find.value(), "read metrics", [](const Statement& row) {
    return Key{row.integer(0), row.integer(1), row.integer(2), row.integer(3)};
  });
  if (!keys) return keys.error();
  if (keys->empty()) return std::uint64_t{0};
  auto remove = db.lease(kRemoveMetricPoints);
  if (!remove) return remove.error();
  remove->bind(1, static_cast<std::int64_t>(step));
  int place = 2;
  for (const std::int64_t part : keys->back()) remove->bind(place++, part);
  if (auto done = db.finish(remove.value(), "remove old metrics"); !done) return done.error();
  return static_cast<std::uint64_t>(keys->size());
}

}  // namespace

Result<Done> Metrics::add(std::span<const MetricDelta> deltas) {
  if (deltas.empty()) return Done{};
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Done> {
    auto all = numbered(db, deltas);
    if (!all) return all.error();
    if (auto done = add_to_series(db, all.value()); !done) return done;
    for (const MetricStep step : {MetricStep::minute, MetricStep::hour, MetricStep::day})
      if (auto done = add_to_points(db, all.value(), step); !done) return done;
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
  auto series = series_wanted(db, query);
  if (!series) return series.error();
  const std::span<const Wanted> all = series.value();
  for (std::size_t begin = 0; begin < all.size();) {
    std::size_t end = begin + 1;
    while (end < all.size() && end - begin < kSeriesAtOnce && all[end].metric == all[begin].metric) ++end;
    const auto more = read_points(db, query, all.subspan(begin, end - begin), each);
    if (!more) return more.error();
    if (!more.value()) break;
    begin = end;
  }
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

Result<MetricStore::Pruned> Metrics::prune(std::int64_t now, std::int64_t after, std::size_t rows) {
  auto connection = connections_.lend();
  if (!connection) return connection.error();
  Connection& db = *connection.value();
  return atomically(db, [&]() -> Result<Pruned> {
    Pruned out;
    for (const auto& [step, kept] : {std::pair{MetricStep::minute, kMinutesKept}, std::pair{MetricStep::hour, kHoursKept},
                                     std::pair{MetricStep::day, kDaysKept}}) {
      if (after > 0 || out.rows == rows) break;
      auto removed = remove_points(db, step, now - kept, rows - out.rows);
      if (!removed) return removed.error();
      out.rows += removed.value();
    }
    if (out.rows > 0) {
      out.next = kPointsAgain;
      return out;
    }
    auto find = db.lease("SELECT max(id), count(*) FROM (SELECT id FROM metric_series WHERE id > ?1 ORDER BY id LIMIT ?2)");
    if (!find) return find.error();
    const std::int64_t first = std::max<std::int64_t>(after, 0);
    find->bind(1, first);
    find->bind(2, static_cast<std::int64_t>(rows));
    auto slice = db.row<std::pair<std::int64_t, std::uint64_t>>(
        find.value(), "read metrics", [](const Statement& row) { return std::pair(row.integer(0), row.count(1)); });
    if (!slice) return slice.error();
    if (!slice.value() || slice.value()->second == 0) return out;
    const std::int64_t last = slice.value()->first;
    // No point is of a time after what was counted last, so all of them have gone.
    auto remove = db.lease("DELETE FROM metric_series WHERE id > ?1 AND id <= ?2 AND counted_at < ?3");
    if (!remove) return remove.error();
    remove->bind(1, first);
    remove->bind(2, last);
    remove->bind(3, now - kDaysKept);
    if (auto done = db.finish(remove.value(), "remove old metrics"); !done) return done.error();
    out.rows = static_cast<std::uint64_t>(db.changes());
    if (slice.value()->second == rows) out.next = last;
    return out;
  });
}

}  // namespace sqlite
}  // namespace logystera::store

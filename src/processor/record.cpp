#include "processor/record.hpp"

#include <algorithm>
#include <charconv>

#include "core/clock.hpp"

namespace logystera::processor {
namespace {

constexpr std::string_view kPosition = "detect", kMetricsPosition = "metrics";
constexpr std::string_view kUsual = "usual:";  // and a site's token: what Anomalies has of it
constexpr std::size_t kStep = 4096;

/// Events whose texts are held until they have been looked at.
struct Held {
  std::string text;
  struct Place {
    std::uint64_t seq;
    std::int64_t created_at, received_at;
    std::size_t site, name, line, end;  // where each begins
  };
  std::vector<Place> places;

  void add(const store::StoredEvent& event) {
    const std::size_t site = text.size();
    text += event.entity;
    const std::size_t name = text.size();
    text += event.name;
    const std::size_t line = text.size();
    text += event.line;
    places.push_back({event.sequence, event.created_at, event.received_at, site, name, line, text.size()});
  }
  std::vector<Input> inputs() const {
    std::vector<Input> out;
    const std::string_view all = text;
    for (const Place& at : places)
      out.push_back({at.seq, all.substr(at.site, at.name - at.site), all.substr(at.name, at.line - at.name), at.created_at,
                     at.received_at, all.substr(at.line, at.end - at.line)});
    return out;
  }
  void clear() {
    text.clear();
    places.clear();
  }
};

}  // namespace

Result<Done> store_effects(store::Stores& stores, const Effects& effects, const OnFindings& on_findings) {
  std::vector<StoredFinding> told;
  for (const Found& found : effects.found) {
    if (found.clears) {
      StoredFinding& one = told.emplace_back();
      one.clears = true;
      one.finding = found.finding;
      continue;
    }
    auto recorded = stores.findings().record(found.finding, found.within, found.again);
    if (!recorded) return recorded.error();
    if (recorded->as == store::Recorded::As::known) continue;
    StoredFinding& one = told.emplace_back();
    one.extends = recorded->as == store::Recorded::As::extended;
    one.new_hits = found.finding.hits;
    one.late = found.again;
    one.tags = found.tags;
    one.finding = std::move(recorded->finding);
  }
  for (const store::SiteWindows& windows : effects.windows)
    if (auto put = stores.site_windows().put(windows); !put) return put;
  for (const std::string& site : effects.forgotten_sites)
    if (auto removed = stores.site_windows().remove(site); !removed) return removed;
  for (const store::Unevaluated& range : effects.unevaluated)
    if (auto added = stores.site_windows().add(range); !added) return added;
  for (const NewlySeen& seen : effects.seen)
    if (auto put = stores.seen().put(seen.site, seen.values); !put) return put;
  if (auto added = stores.metrics().add(effects.metrics); !added) return added;
  if (auto added = stores.metrics().add(effects.left_out); !added) return added;
  for (const UsualState& one : effects.usual)
    if (auto put = stores.positions().put(std::string(kUsual) + one.site, one.state, one.received); !put) return put;
  if (on_findings && !told.empty()) return on_findings(stores, told);
  return Done{};
}

Result<std::optional<Position>> stored_position(store::Stores& stores) {
  auto text = stores.positions().find(kPosition);
  if (!text) return text.error();
  if (!text.value()) return std::optional<Position>();
  Position position;
  const char* const end = text.value()->data() + text.value()->size();
  const auto first = std::from_chars(text.value()->data(), end, position.seq);
  const auto second = first.ptr == end ? first : std::from_chars(first.ptr + 1, end, position.warm);
  if (first.ec != std::errc() || second.ec != std::errc())
    return Error{"the position of detection cannot be read: it is damaged", ErrorKind::broken};
  return std::optional<Position>(position);
}

Result<std::optional<std::uint64_t>> metrics_position(store::Stores& stores) {
  auto text = stores.positions().find(kMetricsPosition);
  if (!text) return text.error();
  if (!text.value()) return std::optional<std::uint64_t>();
  std::uint64_t seq = 0;
  const char* const end = text.value()->data() + text.value()->size();
  if (const auto read = std::from_chars(text.value()->data(), end, seq); read.ec != std::errc() || read.ptr != end)
    return Error{"the position of metrics cannot be read: it is damaged", ErrorKind::broken};
  return std::optional(seq);
}

Result<Done> put_metrics_position(store::Stores& stores, std::uint64_t seq, std::int64_t now) {
  return stores.positions().put(kMetricsPosition, std::to_string(seq), now);
}

MeteringOptions metering_of(store::Stores& stores, std::uint64_t through, std::uint64_t stored,
                            std::function<std::int64_t()> now) {
  MeteringOptions options;
  options.through = through;
  options.stored = stored;
  options.count = [&stores, now] { return stores.metrics().count(now() - store::kSeriesIdle); };
  options.known = [&stores, now = std::move(now)](std::string_view site) -> Result<std::vector<store::MetricSeries>> {
    std::vector<store::MetricSeries> all;
    auto read =
        stores.metrics().series(site, {}, now() - store::kSeriesIdle, SIZE_MAX, [&](const store::MetricSeries& one) {
          all.push_back(one);
          return true;
        });
    if (!read) return read.error();
    return all;
  };
  return options;
}

Anomalies::Options anomalies_of(store::Stores& stores, std::uint64_t through) {
  Anomalies::Options options;
  options.through = through;
  options.stored = [&stores](std::string_view site) {
    return stores.positions().find(std::string(kUsual) + std::string(site));
  };
  return options;
}

Result<Done> put_position(store::Stores& stores, const Position& position, std::int64_t now) {
  return stores.positions().put(kPosition, std::to_string(position.seq) + " " + std::to_string(position.warm), now);
}

Result<SitesAway> sites_that_may_not_send(store::Stores& stores) {
  auto sites = stores.entities().list();
  if (!sites) return sites.error();
  SitesAway away;
  for (const store::Entity& site : sites.value()) {
    if (site.disabled || site.revoked_at != 0) away.resting.insert(site.token);
    if (site.revoked_at != 0) away.gone.insert(site.token);
  }
  return away;
}

decltype(DetectorOptions::read) reader_of(store::Stores& stores) {
  return [&stores](std::string_view site, std::int64_t since, std::int64_t until, std::uint64_t through,
                   const std::function<bool(const Input&)>& each) {
    store::EventQuery query;
    query.entity = site;
    query.since = since;
    query.until = until + 1;
    return stores.events().read(query, [&](const store::StoredEvent& event) {
      if (event.sequence > through || event.entity != site) return true;
      return each({event.sequence, event.entity, event.name, event.created_at, event.received_at, event.line});
    });
  };
}

Result<BackfillReport> backfill(store::Store& store, const std::shared_ptr<const analysis::Program>& program,
                                const std::string& key, std::int64_t since, const OnFindings& on_findings) {
  BackfillReport report;
  DetectorOptions options;
  options.key = key;
  options.read = reader_of(store);
  options.site_settings = [&store](std::string_view site) { return store::site_settings(store.settings(), site); };
  Detector detector(program, std::move(options));
  const auto flush = [&](Effects& effects) -> Result<Done> {
    // What windows have counted is the running detection's.
    effects.windows.clear();
    effects.forgotten_sites.clear();
    effects.seen.clear();
    for (Found& found : effects.found) found.again = true;
    if (effects.empty()) return Done{};
    auto transaction = store.begin();
    if (!transaction) return transaction.error();
    const auto counted = [&](store::Stores& stores, std::span<const StoredFinding> findings) -> Result<Done> {
      for (const StoredFinding& one : findings)
        if (!one.clears) ++(one.extends ? report.extended : report.added);
      return on_findings ? on_findings(stores, findings) : Result<Done>(Done{});
    };
    if (auto stored = store_effects(*transaction.value(), effects, counted); !stored) return stored;
    effects = Effects();
    return transaction.value()->commit();
  };
  Held held;
  std::uint64_t after = 0;
  for (bool more = true; more;) {
    held.clear();
    store::EventQuery query;
    query.after = after;
    query.since = since;
    auto read = store.events().read(query, [&](const store::StoredEvent& event) {
      held.add(event);
      return held.places.size() < kStep;
    });
    if (!read) return read.error();
    more = held.places.size() == kStep;
    if (held.places.empty()) break;
    after = held.places.back().seq;
    report.events += held.places.size();
    Effects effects;
    if (auto done = detector.process(held.inputs(), effects); !done) return done.error();
    if (auto done = flush(effects); !done) return done.error();
  }
  Effects last;
  if (auto done = detector.tick(INT64_MAX / 2, last); !done) return done.error();
  if (auto done = flush(last); !done) return done.error();
  return report;
}

}  // namespace logystera::processor

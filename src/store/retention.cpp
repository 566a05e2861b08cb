#include "store/retention.hpp"

#include <fmt/core.h>

#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

namespace logystera::store {
namespace {

constexpr int kSeenDays = 400;       // what a site has not shown for longer is new again; no rule looks back further
constexpr std::size_t kSlice = 500;  // rows; some 50 ms on a cold disk
constexpr std::size_t kMetricSlice = 5'000;              // rows; those of points stand side by side
constexpr std::size_t kPagesBack = 200;                  // given back at a time
constexpr auto kBreath = std::chrono::milliseconds(20);  // between looks while others write

constexpr auto kPatience = std::chrono::seconds(1);  // for each slice

constexpr std::string_view kEventsDays = "retention.events_days", kBulkDays = "retention.bulk_events_days",
                           kFindingsDays = "retention.findings_days", kMostBytes = "retention.most_bytes";

template <typename Number>
Result<Done> read(SettingStore& settings, std::string_view name, Number most, Number& into) {
  auto text = settings.find(name);
  if (!text) return text.error();
  if (!text.value()) return Done{};
  Number number = 0;
  const std::string& digits = *text.value();
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size() || number < 0 || number > most)
    return Error{fmt::format("setting {}: '{}' is no number from 0 to {}", name, digits, most), ErrorKind::broken};
  into = number;
  return Done{};
}

// One round's way through the store.
class Round {
 public:
  Round(Store& store, const std::function<bool()>& idle, const std::stop_token& stop)
      : upkeep_(store.maintenance()),
        audit_(store.audit()),
        alerts_(store.alerts()),
        passages_(store.passages()),
        seen_(store.seen()),
        entities_(store.entities()),
        metrics_(store.metrics()),
        idle_(idle),
        stop_(stop) {}

  Result<Done> by_age(const Retention& retention, std::int64_t now) {
    if (retention.bulk_events_days > 0) {
      if (auto done = bulk(oldest_retained(now, retention.bulk_events_days), Removal::bulk_age, [] { return true; }); !done)
        return done;
    }
    if (retention.events_days > 0) {
      if (auto done = events(oldest_retained(now, retention.events_days), Removal::age, [] { return true; }); !done)
        return done;
    }
    if (retention.findings_days > 0) {
      const std::int64_t oldest = oldest_retained(now, retention.findings_days);
      if (auto done =
              slices([&] { return upkeep_.remove_findings(oldest, kSlice); }, removed.findings, [] { return true; });
          !done)
        return done;
      if (auto done =
              slices([&] { return upkeep_.remove_occurrences(oldest, kSlice); }, removed.occurrences, [] { return true; });
          !done)
        return done;
      if (auto pruned = passages_.prune(oldest); !pruned) return pruned.error();
    }
    return Done{};
  }

  Result<Done> metrics(std::int64_t now) {
    for (std::int64_t at = 0; next();) {
      auto pruned = metrics_.prune(now, at, kMetricSlice);
      if (!pruned) return pruned.error();
      removed.metrics += pruned->rows;
      at = pruned->next;
      if (at == 0) break;
    }
    return Done{};
  }

  // After what is too large: that does not wait for anybody.
  Result<Done> audit(std::int64_t now) {
    const std::int64_t oldest = oldest_retained(now, kAuditDays);
    if (auto done = slices([&] { return audit_.prune(oldest, kSlice); }, removed.audit, [] { return true; }); !done)
      return done;
    const std::int64_t resolved = oldest_retained(now, kAlertDays);
    return slices([&] { return alerts_.prune(resolved, kSlice); }, removed.alerts, [] { return true; });
  }

  // What sites have shown: old values, and all of a site that has left, once nobody looks at its last events any more.
  Result<Done> seen(std::int64_t now) {
    constexpr std::int64_t kNs = 1'000'000'000, kDay = 24 * 3600;
    if (!next()) return Done{};
    if (auto pruned = seen_.prune(oldest_retained(now, kSeenDays) * kNs); !pruned) return pruned.error();
    auto sites = entities_.list();
    if (!sites) return sites.error();
    for (const Entity& site : sites.value()) {
      if (site.revoked_at == 0 || site.revoked_at > now - kDay) continue;
      auto values = seen_.list(site.token);
      if (!values) return values.error();
      auto absences = seen_.absences(site.token);
      if (!absences) return absences.error();
      if (values->empty() && !absences.value()) continue;
      if (!next()) return Done{};
      if (auto gone = seen_.remove(site.token); !gone) return gone.error();
    }
    return Done{};
  }

  // An eighth below the limit, so that the next batch is not one too many again.
  Result<Done> by_size(std::uint64_t most) {
    auto size = upkeep_.size();
    if (!size) return size.error();
    if (size->used_bytes() <= most) return Done{};
    hurry_ = true;
    const std::uint64_t enough = most - most / 8;
    std::optional<Error> failure;
    const auto too_large = [&] {
      auto now = upkeep_.size();
      if (!now) failure = now.error();
      return now && now->used_bytes() > enough;
    };
    constexpr std::int64_t kAll = INT64_MAX;
    for (const auto& step : std::initializer_list<std::function<Result<Done>()>>{
             [&] { return bulk(kAll, Removal::size, too_large); }, [&] { return events(kAll, Removal::size, too_large); },
             [&] { return slices([&] { return upkeep_.remove_oldest_findings(kSlice); }, removed.findings, too_large); }}) {
      if (auto done = step(); !done) return done;
      if (failure) return *failure;
    }
    removed.smaller_than_limit = !too_large() || stop_.stop_requested();
    if (failure) return *failure;
    return Done{};
  }

  Result<Done> give_back() {
    for (;;) {
      if (!next()) return Done{};
      auto more = upkeep_.give_back(kPagesBack);
      if (!more) return more.error();
      if (!more.value()) return Done{};
    }
  }

  Removed removed;

 private:
  // Waits for the writers, but not for ever: a store that is never idle is the one that grows. False: the program ends.
  bool next() const {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!hurry_ && !stop_.stop_requested() && !idle_() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(kBreath);
    return !stop_.stop_requested();
  }

  template <typename Slice, typename While>
  Result<Done> slices(Slice slice, std::uint64_t& count, While more_is_wanted) {
    while (next() && more_is_wanted()) {
      auto done = slice();
      if (!done) return done.error();
      count += done.value();
      if (done.value() == 0) break;
    }
    return Done{};
  }

  template <typename While>
  Result<Done> events(std::int64_t before, Removal reason, While more_is_wanted) {
    return slices([&] { return upkeep_.remove_events(before, kSlice, reason); }, removed.events, more_is_wanted);
  }

  template <typename While>
  Result<Done> bulk(std::int64_t before, Removal reason, While more_is_wanted) {
    while (next() && more_is_wanted()) {
      auto done = upkeep_.remove_bulk_events(bulk_types(), before, kSlice, reason);
      if (!done) return done.error();
      removed.events += done->removed;
      if (!done->looked) break;
    }
    return Done{};
  }

  Maintenance& upkeep_;
  AuditStore& audit_;
  AlertStore& alerts_;
  PassageStore& passages_;
  SeenStore& seen_;
  EntityStore& entities_;
  MetricStore& metrics_;
  const std::function<bool()>& idle_;
  const std::stop_token& stop_;
  bool hurry_ = false;
};

}  // namespace

Result<Retention> Retention::load(SettingStore& settings, const ConfiguredRetention& configured) {
  Retention retention = configured.otherwise;
  for (const auto& done : {read(settings, kEventsDays, kRetentionDaysMost, retention.events_days),
                           read(settings, kBulkDays, kRetentionDaysMost, retention.bulk_events_days),
                           read(settings, kFindingsDays, kRetentionDaysMost, retention.findings_days),
                           read<std::uint64_t>(settings, kMostBytes, UINT64_MAX, retention.most_bytes)}) {
    if (!done) return done.error();
  }
  retention.events_days = configured.events_days.value_or(retention.events_days);
  retention.bulk_events_days = configured.bulk_events_days.value_or(retention.bulk_events_days);
  retention.findings_days = configured.findings_days.value_or(retention.findings_days);
  retention.most_bytes = configured.most_bytes.value_or(retention.most_bytes);
  return retention;
}

Result<Done> Retention::save(SettingStore& settings) const {
  for (const int days : {events_days, bulk_events_days, findings_days}) {
    if (days < 0 || days > kRetentionDaysMost)
      return Error{fmt::format("days must be 0 (for ever) to {}", kRetentionDaysMost), ErrorKind::invalid};
  }
  for (const auto& done :
       {settings.put(kEventsDays, std::to_string(events_days)), settings.put(kBulkDays, std::to_string(bulk_events_days)),
        settings.put(kFindingsDays, std::to_string(findings_days)), settings.put(kMostBytes, std::to_string(most_bytes))}) {
    if (!done) return done.error();
  }
  return Done{};
}

const BulkTypes& bulk_types() {
  static const BulkTypes types{"http.request", "api.access", "email.sent", "cache.flush"};
  return types;
}

Result<Removed> remove_old(Store& store, const Retention& retention, std::int64_t now, const std::function<bool()>& idle,
                           const std::stop_token& stop) {
  Round round(store, idle, stop);
  if (auto done = round.by_age(retention, now); !done) return done.error();
  if (retention.most_bytes > 0) {
    if (auto done = round.by_size(retention.most_bytes); !done) return done.error();
  }
  if (auto done = round.audit(now); !done) return done.error();
  if (auto done = round.seen(now); !done) return done.error();
  if (auto done = round.metrics(now); !done) return done.error();
  if (auto done = round.give_back(); !done) return done.error();
  return round.removed;
}

}  // namespace logystera::store

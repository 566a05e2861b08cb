#include "processor/metering.hpp"

#include <algorithm>

namespace logystera::processor {

using store::MetricLeftOut;

Result<Metering::Site*> Metering::site_of(std::string_view token) {
  if (const auto known = sites_.find(token); known != sites_.end()) return &known->second;
  std::vector<store::MetricSeries> stored;
  if (options_.known) {
    auto read = options_.known(token);
    if (!read) return read.error();
    stored = std::move(read).value();
  }
  Site& site = sites_[std::string(token)];
  site.token = token;
  site.metrics.resize(plan_.size());
  for (store::MetricSeries& one : stored) {
    const metric::Definition* const definition = plan_.definitions().find(one.metric);
    if (!definition) continue;
    const auto metric = static_cast<std::uint32_t>(definition - plan_.definitions().all().data());
    made(site, metric, std::move(one.labels));
  }
  return &site;
}

Metering::Series* Metering::made(Site& site, std::uint32_t metric, std::string labels) {
  OfMetric& of = site.metrics[metric];
  Series& series = site.series.emplace_back();
  series.metric = metric;
  if (takes_room(metric, labels)) {
    ++of.series;
    ++site.taking_room;
  }
  if (!plan_.has_labels(metric) && labels.empty()) of.plain = &series;
  else of.by_labels.emplace(labels, &series);
  series.labels = std::move(labels);
  return &series;
}

Metering::Series* Metering::begun(Site& site, std::uint32_t metric, std::string labels) {
  if (takes_room(metric, labels)) ++series_;
  return made(site, metric, std::move(labels));
}

// Of the labels at hand.
Metering::Series* Metering::series_of(Site& site, std::uint32_t metric) {
  OfMetric& of = site.metrics[metric];
  if (!plan_.has_labels(metric)) return of.plain ? of.plain : begun(site, metric, {});
  if (const auto known = of.by_labels.find(labels_); known != of.by_labels.end()) return known->second;
  if (takes_room(metric, labels_)) {
    const bool metric_full = of.series >= plan_.definitions().all()[metric].series_most;
    const bool site_full = site.taking_room >= options_.limits.site;
    if (!metric_full && !site_full && series_ < options_.limits.gateway) return begun(site, metric, labels_);
    leave_out(site, metric,
              metric_full ? MetricLeftOut::metric_full
              : site_full ? MetricLeftOut::site_full
                          : MetricLeftOut::gateway_full);
  }
  const std::string& other = plan_.other(metric);
  const auto known = of.by_labels.find(other);
  return known != of.by_labels.end() ? known->second : begun(site, metric, other);
}

Result<Done> Metering::count(std::string_view token, std::uint64_t seq, const Record& record, std::int64_t time,
                             std::int64_t received) {
  if (seq <= options_.through) return Done{};
  const auto& metrics = plan_.of_type(record.text(field::event_type));
  if (metrics.empty()) return Done{};
  auto found = site_of(token);
  if (!found) return found.error();
  Site& site = *found.value();
  site.received = received;
  const std::int64_t minute = time - time % store::kMinuteSeconds;
  for (const std::uint32_t metric : metrics) {
    metric::Measurement measured;
    if (!plan_.measure(metric, record, labels_, measured)) continue;
    if (measured.bad_value) {
      leave_out(site, metric, MetricLeftOut::bad_value);
      continue;
    }
    if (measured.long_label) leave_out(site, metric, MetricLeftOut::label_length);
    Series& series = *series_of(site, metric);
    if (series.pending.empty()) touched_.emplace_back(&site, &series);
    series.counted_at = received;
    // What is late comes before others of its minute in time; the newest two are where nearly everything goes.
    const auto end = series.pending.rend();
    auto at = series.pending.rbegin();
    for (int tried = 0; at != end && tried < 2 && at->first != minute; ++tried) ++at;
    if (at != end && at->first == minute) at->second.add(measured.value, time);
    else series.pending.emplace_back(minute, store::MetricAmount()).second.add(measured.value, time);
  }
  return Done{};
}

void Metering::take(std::vector<store::MetricDelta>& deltas, std::vector<store::MetricLeftOutCount>& left_out) {
  for (auto& [site, series] : touched_) {
    store::MetricDelta& delta = deltas.emplace_back();
    delta.site = site->token;
    delta.metric = plan_.definitions().all()[series->metric].name;
    delta.labels = series->labels;
    delta.counted_at = series->counted_at;
    std::stable_sort(series->pending.begin(), series->pending.end(),
                     [](const Pending& a, const Pending& b) { return a.first < b.first; });
    for (const Pending& one : series->pending) {
      if (delta.minutes.empty() || delta.minutes.back().first != one.first) delta.minutes.push_back(one);
      else delta.minutes.back().second.add(one.second);
    }
    series->pending.clear();
  }
  touched_.clear();
  // So that the store looks a site up once.
  std::stable_sort(deltas.begin(), deltas.end(),
                   [](const store::MetricDelta& a, const store::MetricDelta& b) { return a.site < b.site; });
  for (const auto& [of, count] : left_out_) {
    const auto& [site, metric, reason] = of;
    left_out.push_back({site, plan_.definitions().all()[metric].name, reason, count});
  }
  left_out_.clear();
}

void Metering::forget(std::int64_t received_before) {
  if (!empty()) return;
  std::erase_if(sites_, [&](const auto& entry) { return entry.second.received < received_before; });
}

bool Metering::renew() {
  if (!options_.count) return true;
  if (!empty()) return false;
  const auto stored = options_.count();
  if (!stored) return false;
  series_ = stored.value();
  sites_.clear();
  return true;
}

}  // namespace logystera::processor

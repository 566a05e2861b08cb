#include "processor/anomalies.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "core/printable.hpp"
#include "processor/detector.hpp"

namespace logystera::processor {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::int64_t kSumMost = std::int64_t{1} << 53;  // a double has it exactly

std::string key_of(const WatchedMetric& watched, std::string_view site, std::int64_t hour) {
  constexpr std::size_t kKeyBytes = 16;
  Sha256 key;
  for (const std::string& part :
       {std::string(watched.rule), std::string(watched.group), std::string(site), std::to_string(hour)}) {
    key.update(std::to_string(part.size()) + ":");
    key.update(part);
  }
  return std::string(bytes_of(key.finish()).substr(0, kKeyBytes));
}

}  // namespace

void Anomalies::Baseline::learn(std::int64_t sum) {
  sums.add(static_cast<double>(sum));
  greatest = std::max(greatest, sum);
}

double Anomalies::Baseline::limit(std::int64_t least) const {
  return std::max({sums.mean() + kDeviations * sums.deviation(), sums.mean() * kTimes,
                   sums.mean() + static_cast<double>(least), static_cast<double>(greatest) * kTimesGreatest});
}

Anomalies::Anomalies(const metric::Plan& plan, Options options) : plan_(plan), options_(std::move(options)) {
  const auto& all = plan.definitions().all();
  for (std::size_t i = 0; i < kWatchedMetrics.size(); ++i)
    if (const metric::Definition* const found = plan.definitions().find(kWatchedMetrics[i].metric))
      metrics_[i] = static_cast<std::uint32_t>(found - all.data());
}

Result<Anomalies::Site*> Anomalies::site_of(std::string_view token) {
  if (const auto known = sites_.find(token); known != sites_.end()) return &known->second;
  std::optional<std::string> stored;
  if (options_.stored) {
    auto read = options_.stored(token);
    if (!read) return read.error();
    stored = std::move(read).value();
  }
  Site& site = sites_[std::string(token)];
  // What cannot be read is of another version: the site is learnt anew.
  if (stored && !restore(site, *stored)) site = Site();
  return &site;
}

// What the hour was like is learnt.
void Anomalies::learn(Site& site, std::size_t open) {
  for (Usual& metric : site.metrics) {
    Hour& hour = metric.open[open];
    const std::int64_t sum = hour.limit > 0 ? std::min(hour.sum, hour.limit) : hour.sum;
    metric.learnt.learn(sum);
    // The second half of a baseline's life is the first of the one that follows.
    if (metric.learnt.sums.observations() > kHoursLearnt) metric.next.learn(sum);
    if (metric.learnt.sums.observations() >= 2 * kHoursLearnt) metric.learnt = std::exchange(metric.next, Baseline());
    hour = Hour();
  }
}

void Anomalies::advance(Site& site, std::int64_t hour) {
  if (site.before != 0) learn(site, 1);
  site.before = hour == site.hour + kHourSeconds ? 1 : 0;
  if (site.before != 0)
    for (Usual& metric : site.metrics) metric.open[1] = std::exchange(metric.open[0], Hour());
  else learn(site, 0);
  site.hour = hour;
}

// Which of the site's open hours that one is; nothing: it is over.
std::optional<std::size_t> Anomalies::open_hour(Site& site, std::int64_t hour, std::int64_t received) {
  if (site.hour == 0) {
    site.hour = site.since = hour;
  } else if (received + kHourSeconds < site.hour) {
    // The gateway's own clock was ahead, and was set back.
    for (Usual& metric : site.metrics) metric.open = {};
    site.before = 0;
    site.hour = hour;
    site.since = std::min(site.since, hour);
  } else if (hour > site.hour) {
    advance(site, hour);
  } else if (hour == site.hour - kHourSeconds) {
    site.before = 1;
    return 1;
  } else if (hour < site.hour) {
    return std::nullopt;
  }
  return 0;
}

Result<Done> Anomalies::count(std::string_view token, std::string_view name, std::uint64_t seq, const Record& record,
                              std::int64_t time, std::int64_t received, std::vector<Found>* found) {
  if (seq <= options_.through) return Done{};
  auto known = site_of(token);
  if (!known) return known.error();
  Site& site = *known.value();
  site.received = received;
  if (!site.touched) touched_.emplace_back(token);
  site.touched = true;
  const std::int64_t hour = time - time % kHourSeconds;
  const auto open = open_hour(site, hour, received);
  if (!open) return Done{};
  const bool warm = site.hour - site.since >= kWarmUpSeconds;
  const auto& concerned = plan_.of_type(record.text(field::event_type));
  for (std::size_t i = 0; i < kWatchedMetrics.size(); ++i) {
    if (!metrics_[i] || std::find(concerned.begin(), concerned.end(), *metrics_[i]) == concerned.end()) continue;
    metric::Measurement measured;
    if (!plan_.measure(*metrics_[i], record, labels_, measured) || measured.bad_value) continue;
    Usual& metric = site.metrics[i];
    Hour& counted = metric.open[*open];
    counted.sum = std::min(counted.sum + measured.value / metric::kThousandths, kSumMost);
    counted.newest[counted.counted++ % kEvidence] = seq;
    const WatchedMetric& watched = kWatchedMetrics[i];
    if (!warm || counted.limit != 0 || metric.learnt.sums.observations() < kWarmUpHours ||
        static_cast<double>(counted.sum) < metric.learnt.limit(watched.least))
      continue;
    counted.limit = counted.sum;
    if (!found) continue;
    Found& one = found->emplace_back(finding_of(watched, metric.learnt, counted, token, hour));
    one.seq = seq;
    one.finding.source = name;
    one.finding.time = time;
  }
  return Done{};
}

Found Anomalies::finding_of(const WatchedMetric& watched, const Baseline& learnt, const Hour& counted,
                            std::string_view token, std::int64_t hour) {
  Found one;
  one.within = 2 * kHourSeconds;
  store::Finding& finding = one.finding;
  finding.rule = watched.rule;
  finding.title = watched.title;
  finding.level = Level::medium;
  finding.site = token;
  finding.first_time = hour;
  finding.hits = static_cast<std::uint64_t>(counted.sum);
  finding.group = watched.group;
  finding.group_label = fmt::format("metric={}", watched.metric);
  const auto evidence = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(counted.counted, kEvidence));
  finding.evidence.assign(counted.newest.begin(), counted.newest.begin() + evidence);
  std::sort(finding.evidence.begin(), finding.evidence.end());
  finding.key = key_of(watched, token, hour);
  finding.message = fmt::format("{} {} since {}, where {} in an hour are usual", grouped(finding.hits), watched.things,
                                rfc3339(hour * kSecondNs), grouped(static_cast<std::uint64_t>(learnt.sums.mean() + 0.5)));
  return one;
}

template <typename Io>
void Anomalies::pass_metric(Io& io, Usual& usual) {
  for (Hour& hour : usual.open) {
    io.number(hour.sum);
    io.number(hour.limit);
    for (std::uint64_t& seq : hour.newest) io.number(seq);
    io.number(hour.counted);
  }
  for (Baseline* baseline : {&usual.learnt, &usual.next}) {
    pass(io, baseline->sums);
    io.number(baseline->greatest);
  }
}

std::string Anomalies::saved(const Site& site) {
  std::string out;
  ByteWriter writer(out);
  writer.number(kVersion);
  for (const std::int64_t number : {site.hour, site.since, site.received}) writer.number(number);
  writer.number(site.before);
  writer.number(static_cast<std::uint8_t>(kWatchedMetrics.size()));
  for (std::size_t i = 0; i < kWatchedMetrics.size(); ++i) {
    writer.text(kWatchedMetrics[i].metric);
    Usual metric = site.metrics[i];
    pass_metric(writer, metric);
  }
  return out;
}

bool Anomalies::restore(Site& site, std::string_view state) {
  ByteReader reader(state);
  std::uint8_t version = 0, metrics = 0;
  reader.number(version);
  if (!reader.ok() || version != kVersion) return false;
  for (std::int64_t* number : {&site.hour, &site.since, &site.received}) reader.number(*number);
  reader.number(site.before);
  reader.number(metrics);
  for (; metrics > 0; --metrics) {
    std::string_view metric;
    Usual usual;
    reader.text(metric);
    pass_metric(reader, usual);
    if (!reader.ok() || !usual.learnt.sums.sound() || !usual.next.sums.sound()) return false;
    for (const Hour& hour : usual.open)
      if (hour.sum < 0 || hour.sum > kSumMost || hour.limit < 0) return false;
    // One that is not watched any more is passed over, one that is new begins.
    for (std::size_t i = 0; i < kWatchedMetrics.size(); ++i)
      if (kWatchedMetrics[i].metric == metric) site.metrics[i] = usual;
  }
  return reader.ok() && reader.at_end() && site.hour >= site.since && site.since >= 0 && site.before <= 1;
}

void Anomalies::take(std::vector<UsualState>& states) {
  for (std::string& token : touched_) {
    const auto site = sites_.find(token);
    if (site == sites_.end()) continue;
    states.push_back({std::move(token), saved(site->second), site->second.received});
    site->second.touched = false;
  }
  touched_.clear();
}

void Anomalies::forget(std::int64_t received_before) {
  if (!touched_.empty()) return;
  std::erase_if(sites_, [&](const auto& entry) { return entry.second.received < received_before; });
}

}  // namespace logystera::processor

// GET /metrics: what Prometheus asks for. Not part of the API's contract: the format is Prometheus' own.
#include <fmt/core.h>

#include <string>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "metric/exposition.hpp"
#include "metric/labels.hpp"
#include "query/lists.hpp"

namespace logystera::api {
namespace {

using metric::Exposition;
using server::Answer;
using server::Request;

constexpr std::size_t kSeriesShown = 50'000;

std::string label(std::string_view name, std::string_view value) {
  std::string text;
  metric::add_label(text, name, value);
  return text;
}

std::string_view type_of(metric::Type type) {
  return type == metric::Type::counter ? "counter" : type == metric::Type::gauge ? "gauge" : "summary";
}

void put(Exposition& out, metric::Type type, const store::MetricSeries& series) {
  std::string labels = label("site", series.site);
  if (!series.labels.empty()) labels += "," + series.labels;
  if (type == metric::Type::counter) return out.thousandths("", labels, series.total.sum);
  if (type == metric::Type::gauge) return out.thousandths("", labels, series.total.last);
  out.thousandths("_sum", labels, series.total.sum);
  out.sample("_count", labels, static_cast<std::int64_t>(series.total.count));
}

void put_detection(Exposition& out, const query::Detection& detection) {
  const auto one = [&](std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    out.family(name, type, help);
    out.sample("", "", static_cast<std::int64_t>(value));
  };
  one("logystera_detection_up", "gauge", "1 while detection looks at what arrives.", detection.running ? 1 : 0);
  one("logystera_detection_lag_seconds", "gauge", "Since the oldest event arrived that detection has not looked at.",
      static_cast<std::uint64_t>(detection.lag_seconds));
  one("logystera_detection_ring_overflows_total", "counter", "Batches that had to be read back from the store.",
      detection.ring_overflows);
  one("logystera_detection_windows_forgotten_total", "counter", "Groups of windows forgotten for want of memory.",
      detection.windows_forgotten);
  one("logystera_detection_late_events_total", "counter", "Events that came too late for a window.", detection.late);
}

Result<Done> put_gateway(Exposition& out, store::Store& store, std::int64_t now) {
  auto size = store.maintenance().size();
  if (!size) return size.error();
  const auto one = [&](std::string_view name, std::string_view help, std::uint64_t value) {
    out.family(name, "gauge", help);
    out.sample("", "", static_cast<std::int64_t>(value));
  };
  one("logystera_store_bytes", "Size of the database file.", size->bytes);
  one("logystera_store_free_bytes", "Of those, bytes without content.", size->free_bytes);
  one("logystera_store_log_bytes", "Size of the write-ahead log.", size->log_bytes);
  out.family("logystera_store_removed_events_total", "counter", "Events that were removed, by reason.");
  constexpr std::string_view kReasons[store::kRemovals] = {"age", "bulk_age", "size"};
  for (std::size_t i = 0; i < store::kRemovals; ++i)
    out.sample("", label("reason", kReasons[i]), static_cast<std::int64_t>(size->removed[i]));
  auto counts = store.reading().outbox().counts(now);
  if (!counts) return counts.error();
  std::uint64_t waiting = 0, dead = 0;
  std::int64_t oldest = 0;
  for (const store::OutboxCounts& channel : counts.value()) {
    waiting += channel.waiting;
    dead += channel.dead;
    if (channel.oldest_waiting != 0 && (oldest == 0 || channel.oldest_waiting < oldest)) oldest = channel.oldest_waiting;
  }
  out.family("logystera_outbox_messages", "gauge", "Messages that wait to be sent, and those given up.");
  out.sample("", label("state", "waiting"), static_cast<std::int64_t>(waiting));
  out.sample("", label("state", "dead"), static_cast<std::int64_t>(dead));
  one("logystera_outbox_oldest_seconds", "Since the oldest message is due that waits.",
      static_cast<std::uint64_t>(oldest == 0 ? 0 : std::max<std::int64_t>(0, now - oldest)));
  return Done{};
}

void put_sites(Exposition& out, const std::vector<store::Entity>& sites) {
  out.family("logystera_site_info", "gauge", "The names of sites.");
  for (const store::Entity& site : sites) out.sample("", label("site", site.token) + "," + label("name", site.name), 1);
  out.family("logystera_site_last_batch_timestamp_seconds", "gauge", "When the site's last batch arrived.");
  for (const store::Entity& site : sites)
    if (site.last_seen_at != 0) out.sample("", label("site", site.token), site.last_seen_at);
  struct Count {
    std::string_view name, help;
    std::uint64_t store::Entity::*count;
  };
  constexpr Count kCounts[] = {
      {"logystera_site_events_total", "Events that were stored.", &store::Entity::accepted},
      {"logystera_site_duplicates_total", "Events that had been stored before.", &store::Entity::duplicates},
      {"logystera_site_rejected_total", "Lines that are no events.", &store::Entity::rejected}};
  for (const Count& one : kCounts) {
    out.family(one.name, "counter", one.help);
    for (const store::Entity& site : sites)
      out.sample("", label("site", site.token), static_cast<std::int64_t>(site.*one.count));
  }
}

}  // namespace

// A token that may see some sites gets their series, and nothing about the gateway as a whole.
Answer Api::prometheus(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const web::Principal& principal = who(request);
  store::Stores& stores = parts_.store.reading();
  const store::SiteScope scope = query::sites_of(principal);
  const std::int64_t now = parts_.now();
  Exposition out;
  out.family("logystera_build_info", "gauge", "The gateway's version.");
  out.sample("", label("version", LOGYSTERA_VERSION), 1);
  if (principal.all_sites) {
    put_detection(out, parts_.detection());
    if (auto done = put_gateway(out, parts_.store, now); !done) return failed(request, done.error());
  }
  auto sites = stores.entities().list();
  if (!sites) return failed(request, sites.error());
  std::erase_if(sites.value(),
                [&](const store::Entity& site) { return !principal.sees(site.token) || site.revoked_at != 0; });
  put_sites(out, sites.value());
  auto alerts = stores.alerts().counts(now, scope);
  if (!alerts) return failed(request, alerts.error());
  out.family("logystera_alerts_open", "gauge", "Open alerts that are not snoozed.");
  for (std::size_t level = 0; level < kLevels; ++level)
    out.sample("", label("level", level_name(static_cast<Level>(level))),
               static_cast<std::int64_t>(alerts->by_level[level]));
  auto left_out = stores.metrics().left_out("", scope);
  if (!left_out) return failed(request, left_out.error());
  out.family("logystera_metric_left_out_total", "counter", "What metrics have counted under other labels, or not at all.");
  for (const store::MetricLeftOutCount& one : left_out.value())
    out.sample("",
               label("site", one.site) + "," + label("metric", one.metric) + "," +
                   label("reason", store::metric_left_out_name(one.reason)),
               static_cast<std::int64_t>(one.count));
  const auto program = parts_.program.get();
  const metric::Plan* const plan = program ? program.value()->metrics() : nullptr;
  std::size_t shown = 0;
  bool all = true;
  if (plan) {
    const metric::Definition* at = nullptr;
    auto read = stores.metrics().series("", scope, now - store::kSeriesIdle, kSeriesShown + 1,
                                        [&](const store::MetricSeries& series) {
                                          all = ++shown <= kSeriesShown;
                                          if (!all) return false;
                                          if (!at || at->name != series.metric) {
                                            at = plan->definitions().find(series.metric);
                                            if (at) out.family(at->name, type_of(at->type), at->help);
                                          }
                                          if (at) put(out, at->type, series);
                                          return true;
                                        });
    if (!read) return failed(request, read.error());
  }
  out.family("logystera_metrics_truncated", "gauge", "1 when there are more series than one answer has.");
  out.sample("", "", all ? 0 : 1);
  Answer answer;
  answer.content_type = metric::kExpositionType;
  answer.body = out.take();
  return answer;
}

}  // namespace logystera::api

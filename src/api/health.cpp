// Whether the server is well, how much there is, and who asks.
#include <fmt/core.h>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "query/lists.hpp"

namespace logystera::api {

using server::Answer;
using server::Request;

Answer Api::health(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto found = parts_.store.reading().entities().find("ent_");
  if (!found) parts_.log(found.error().message);
  JsonText json;
  json.begin_object().member("status", found ? "ok" : "degraded").member("version", LOGYSTERA_VERSION).end_object();
  return server::json_answer(found ? 200 : 503, json.take());
}

Answer Api::stats(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const web::Principal& principal = who(request);
  store::Stores& stores = parts_.store.reading();
  store::FindingSummary findings;
  store::ErrorSummary errors;
  auto summary = stores.findings().summary(query::sites_of(principal));
  if (!summary) return failed(request, summary.error());
  findings = std::move(summary).value();
  if (principal.all_sites) {
    auto groups = stores.errors().summary();
    if (!groups) return failed(request, groups.error());
    errors = groups.value();
  }
  auto entities = stores.entities().list();
  if (!entities) return failed(request, entities.error());
  std::uint64_t total = 0, sites = 0;
  for (const std::uint64_t count : findings.by_level) total += count;
  for (const store::Entity& entity : entities.value()) {
    if (principal.sees(entity.token) && entity.revoked_at == 0) ++sites;
  }
  JsonText json;
  json.begin_object().count("findings_total", total).key("findings_by_severity").begin_object();
  for (std::size_t level = kLevels; level-- > 0;) {
    json.count(level_name(static_cast<Level>(level)), findings.by_level[level]);
  }
  json.end_object().count("error_types", errors.groups).count("error_occurrences", errors.occurrences);
  json.count("sites", sites);
  query::Detection detection = parts_.detection();
  if (!principal.all_sites)
    detection.position = detection.ring_overflows = detection.windows_forgotten = detection.late = 0;
  json.key("detection").begin_object();
  json.member("state", !detection.on ? "off" : detection.problem.empty() ? "running" : "stopped");
  json.number("lag_seconds", detection.lag_seconds).count("position", detection.position);
  json.count("ring_overflows", detection.ring_overflows).count("windows_forgotten", detection.windows_forgotten);
  json.count("late_events", detection.late).end_object().end_object();
  return object_answer(request, json.take());
}

Answer Api::me(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const web::Principal& principal = who(request);
  constexpr std::string_view kKinds[] = {"open", "session", "token", "key"};
  JsonText json;
  json.begin_object().member("kind", kKinds[static_cast<std::size_t>(principal.kind)]);
  json.member("role", web::name_of(principal.role));
  put_text(json, "name", principal.name);
  json.key("sites");
  if (principal.all_sites) {
    json.null();
  } else {
    json.begin_array();
    for (const std::string& site : principal.sites) json.string(site);
    json.end_array();
  }
  json.end_object();
  return object_answer(request, json.take());
}

}  // namespace logystera::api

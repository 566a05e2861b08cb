#include "api/api.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <utility>

#include "api/problem.hpp"
#include "core/clock.hpp"
#include "core/hmac.hpp"
#include "web/headers.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::string_view kBase = "/api/v1";
constexpr std::string_view kJson = "application/json";

bool is_json(const Request& request) {
  const std::string_view type = request.header("Content-Type").value_or("");
  std::string_view essence = type.substr(0, type.find(';'));
  while (!essence.empty() && essence.back() == ' ') essence.remove_suffix(1);
  return essence.size() == kJson.size() && ::strncasecmp(essence.data(), kJson.data(), kJson.size()) == 0;
}

enum class Comparison : std::uint8_t { weak, strong };  // RFC 9110, 8.8.3.2

// Whether the header's list names the tag; `beginning`: one that begins so.
bool names_tag(std::string_view list, std::string_view tag, Comparison comparison, bool beginning = false) {
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    while (!one.empty() && (one.front() == ' ' || one.front() == '\t')) one.remove_prefix(1);
    while (!one.empty() && (one.back() == ' ' || one.back() == '\t')) one.remove_suffix(1);
    if (comparison == Comparison::weak && one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == tag || (beginning && one.starts_with(tag))) return true;
  }
  return false;
}

std::string digits_of(std::string_view text) {
  constexpr std::size_t kDigits = 32;
  return to_hex(sha256(text)).substr(0, kDigits);
}

// "STATE.WHOLE": the whole changes with every counter, the state with what somebody has changed. Without a state: "WHOLE".
std::string tag_of(std::string_view json, std::string_view state) {
  return "\"" + (state.empty() ? "" : digits_of(state) + ".") + digits_of(json) + "\"";
}

}  // namespace

Api::Api(Parts parts)
    : parts_(std::move(parts)),
      audit_(parts_.arrival, parts_.now),
      rates_(parts_.rate),
      warm_(parts_.program),
      once_(parts_.store, parts_.now) {}

server::Workers::Options Api::workers() {
  server::Workers::Options options;
  options.threads = 2;
  options.gives_way = true;
  Request nobody;
  nobody.path = std::string(kBase);
  options.full = refusal(nobody, 503, "busy", "too many requests wait to be answered: ask again");
  options.full.headers.emplace_back("Retry-After", "1");
  return options;
}

server::Route Api::route(std::string_view method, std::string_view path, std::string_view role, Handle handle,
                         std::size_t body_bytes, bool once) {
  server::Route made;
  made.method = method;
  made.path = std::string(kBase) + std::string(path);
  made.role = role;
  made.body_bytes = body_bytes;
  made.handler = [this, handle, takes_body = body_bytes != 0, once](const Request& request, const server::Reply& reply) {
    reply(answer(request, handle, takes_body, once));
  };
  return made;
}

std::vector<server::Route> Api::routes(std::shared_ptr<server::Workers> workers) {
  std::vector<server::Route> all = {
      route("GET", "/health", "", &Api::health),
      route("GET", "/findings", "viewer", &Api::list_findings),
      route("GET", "/findings/{id}", "viewer", &Api::get_finding),
      route("GET", "/errors", "viewer", &Api::list_errors),
      route("GET", "/errors/{fingerprint}", "viewer", &Api::get_error),
      route("GET", "/stats", "viewer", &Api::stats),
      route("POST", "/events", "viewer", &Api::look_at_events, kEventsBytes, true),
      route("GET", "/trend", "viewer", &Api::trend),
      route("GET", "/signals", "viewer", &Api::list_signals),
      route("GET", "/signals/{event_id}", "viewer", &Api::get_signal),
      route("GET", "/catalogue", "viewer", &Api::get_catalogue),
      route("GET", "/sites", "viewer", &Api::list_sites),
      route("GET", "/sites/{token}", "viewer", &Api::get_site),
      route("PATCH", "/sites/{token}", "admin", &Api::change_site, kBodyBytes),
      route("GET", "/sites/{token}/ingest", "viewer", &Api::get_ingest),
      route("GET", "/sites/{token}/metrics", "viewer", &Api::get_metrics),
      route("GET", "/sites/{token}/series", "viewer", &Api::get_series),
      route("GET", "/sites/{token}/signal_counts", "viewer", &Api::get_signal_counts),
      route("POST", "/sites/{token}/rotate", "admin", &Api::rotate_site),
      route("POST", "/sites/{token}/disable", "admin", &Api::disable_site),
      route("GET", "/targets", "viewer", &Api::list_targets),
      route("GET", "/rules", "viewer", &Api::list_rules),
      route("GET", "/rules/{id}", "viewer", &Api::get_rule),
      route("POST", "/rules/validate", "analyst", &Api::validate_rules, kTrialBodyBytes),
      route("POST", "/rules/{id}/try", "analyst", &Api::try_rule, kTrialBodyBytes),
      route("GET", "/dismissals", "viewer", &Api::list_dismissals),
      route("POST", "/dismissals", "analyst", &Api::dismiss, kBodyBytes, true),
      route("DELETE", "/dismissals", "analyst", &Api::undismiss),
      route("GET", "/alerts", "viewer", &Api::list_alerts),
      route("POST", "/alerts/bulk", "analyst", &Api::act_on_alerts, kBodyBytes),
      route("GET", "/alerts/{id}", "viewer", &Api::get_alert),
      route("GET", "/alerts/{id}/activity", "viewer", &Api::alert_activity),
      route("GET", "/alerts/{id}/evidence", "viewer", &Api::alert_evidence),
      route("POST", "/alerts/{id}/acknowledge", "analyst", &Api::act_on_alert, kBodyBytes),
      route("POST", "/alerts/{id}/resolve", "analyst", &Api::act_on_alert, kBodyBytes),
      route("POST", "/alerts/{id}/reopen", "analyst", &Api::act_on_alert, kBodyBytes),
      route("POST", "/alerts/{id}/snooze", "analyst", &Api::snooze_alert, kBodyBytes),
      route("DELETE", "/alerts/{id}/snooze", "analyst", &Api::unsnooze_alert),
      route("POST", "/alerts/{id}/notes", "analyst", &Api::note_alert, kBodyBytes, true),
      route("PUT", "/alerts/{id}/assignee", "analyst", &Api::assign_alert, kBodyBytes),
      route("GET", "/switches", "viewer", &Api::list_switches),
      route("GET", "/rules/{id}/switches", "viewer", &Api::rule_switches),
      route("PUT", "/rules/{id}/switches/{site}", "analyst", &Api::put_switch, kBodyBytes),
      route("DELETE", "/rules/{id}/switches/{site}", "analyst", &Api::remove_switch),
      route("GET", "/channels", "admin", &Api::list_channels),
      route("POST", "/channels", "admin", &Api::add_channel, kBodyBytes),
      route("GET", "/channels/{id}", "admin", &Api::get_channel),
      route("PUT", "/channels/{id}", "admin", &Api::change_channel, kBodyBytes),
      route("DELETE", "/channels/{id}", "admin", &Api::remove_channel),
      route("POST", "/channels/{id}/test", "admin", &Api::test_channel),
      route("POST", "/channels/{id}/confirm", "admin", &Api::confirm_channel, kBodyBytes),
      route("GET", "/routes", "admin", &Api::get_routes),
      route("PUT", "/routes", "admin", &Api::set_routes, kTrialBodyBytes),
      route("GET", "/outbox", "admin", &Api::list_outbox),
      route("POST", "/outbox/{id}/retry", "admin", &Api::retry_message),
      route("POST", "/outbox/{id}/discard", "admin", &Api::discard_message),
      route("GET", "/me", "viewer", &Api::me),
      route("GET", "/openapi.json", "", &Api::openapi),
  };
  all.push_back(upload_route());
  for (server::Route& one : all) one.workers = workers;
  return all;
}

server::Route Api::metrics_route(std::shared_ptr<server::Workers> workers) {
  server::Route made = route("GET", "", "viewer", &Api::prometheus);
  made.path = "/metrics";
  made.workers = std::move(workers);
  return made;
}

const web::Principal& who(const Request& request) {
  static const web::Principal nobody = [] {
    web::Principal made;
    made.all_sites = false;
    return made;
  }();
  return request.principal ? *request.principal : nobody;
}

std::string Api::asker(const Request& request) const {
  const std::string address = parts_.arrival.client(request);
  if (!request.principal) return "address " + address;
  const web::Principal& principal = *request.principal;
  switch (principal.kind) {
    case web::Principal::Kind::session: return fmt::format("user {}", principal.user);
    case web::Principal::Kind::token: return fmt::format("token {} {}", principal.user, principal.name);
    case web::Principal::Kind::key: return "key";
    case web::Principal::Kind::open: break;
  }
  return "address " + address;
}

Answer Api::answer_once(const Request& request, Handle handle) {
  auto begun = once_.begin(request, asker(request));
  if (!begun) return failed(request, begun.error());
  return begun->answer ? std::move(*begun->answer) : (this->*handle)(request);
}

Answer Api::answer(const Request& request, Handle handle, bool takes_body, bool once) {
  const Rates::Taken taken = rates_.take(asker(request), Rates::Clock::now());
  Answer made;
  if (!taken.allowed) {
    made = too_many(request, taken.next_seconds);
  } else if (takes_body && !is_json(request)) {
    made = refusal(request, 415, "json_expected", "the body must be JSON: send Content-Type: application/json");
  } else {
    made = once ? answer_once(request, handle) : (this->*handle)(request);
  }
  if (rates_.rate().per_second > 0) {
    const double window = rates_.rate().burst / rates_.rate().per_second;
    made.headers.emplace_back("RateLimit-Policy",
                              fmt::format("\"requests\";q={:.0f};w={:.0f}", rates_.rate().burst, window));
    made.headers.emplace_back("RateLimit", fmt::format("\"requests\";r={};t={}", taken.left, taken.full_seconds));
  }
  return finished(std::move(made));
}

Answer Api::too_many(const Request& request, std::uint32_t seconds) const {
  Answer made = refusal(request, 429, "too_many_requests",
                        fmt::format("{} requests a second on average, and {} at once: ask more slowly",
                                    rates_.rate().per_second, rates_.rate().burst));
  made.headers.emplace_back("Retry-After", std::to_string(seconds));
  return made;
}

Answer Api::finished(Answer answer) {
  web::forbid_sniffing(answer);
  answer.headers.emplace_back("Cache-Control", "no-store");
  return answer;
}

query::Defaults Api::defaults(const Request& request) const {
  query::Defaults made;
  made.limit = kPageRows;
  made.search = query::kListSearch;
  made.now = parts_.now();
  made.sites = query::sites_of(who(request));
  made.personal = who(request).may(web::Role::analyst);
  made.targets_file = parts_.targets_file;
  if (who(request).kind == web::Principal::Kind::session) made.name = who(request).name;
  return made;
}

Answer Api::failed(const Request& request, const Error& error) const {
  parts_.log(error.message);
  return store_failed(request, error);
}

Answer object_answer(const Request& request, std::string json, std::string_view state) {
  const std::string tag = tag_of(json, state);
  Answer answer = server::json_answer(200, std::move(json));
  if (names_tag(request.joined("If-None-Match"), tag, Comparison::weak)) {
    answer.status = 304;
    answer.body.clear();
  }
  answer.headers.emplace_back("ETag", tag);
  return answer;
}

bool as_it_was_read(const Request& request, std::string_view state) {
  const std::string wanted = request.joined("If-Match");
  return wanted.empty() || names_tag(wanted, "\"" + digits_of(state) + ".", Comparison::strong, true);
}

Answer list_answer_of(const Request& request, const std::string& newer, const std::string& older,
                      const std::optional<store::Count>& total, bool searching, std::string json) {
  Answer answer = server::json_answer(200, std::move(json));
  std::string link;
  const auto add = [&](const std::string& query, std::string_view relation) {
    if (!query.empty())
      link += fmt::format("{}<{}?{}>; rel=\"{}\"", link.empty() ? "" : ", ", request.path, query, relation);
  };
  add(older, "next");
  add(newer, "prev");
  if (!link.empty()) answer.headers.emplace_back("Link", link);
  if (total) answer.headers.emplace_back("Logystera-Total", fmt::format("{}{}", total->rows, total->more ? "+" : ""));
  if (searching) answer.headers.emplace_back("Logystera-Searching", "true");
  return answer;
}

void put_time(JsonText& json, std::string_view name, std::int64_t seconds) {
  json.key(name);
  constexpr std::int64_t kMost = INT64_MAX / kSecondNs;
  if (seconds == 0 || seconds > kMost || seconds < -kMost) json.null();
  else json.string(rfc3339(seconds * kSecondNs));
}

void put_finding(JsonText& json, const analysis::Finding& finding) {
  json.begin_object().member("rule_id", finding.rule).member("severity", level_name(finding.level));
  json.member("title", finding.title).member("message", finding.message).member("source", finding.source);
  json.key("timestamp");
  if (finding.time_known) json.string(rfc3339(finding.time_ns));
  else json.null();
  store::append_who(json, finding.who);
  json.end_object();
}

void put_text(JsonText& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty()) json.null();
  else json.string(text);
}

}  // namespace logystera::api

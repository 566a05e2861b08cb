// Rules that are muted, disabled, snoozed or switched on, at a site or everywhere.
#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::string_view kEverywhere = "*";

std::string switch_json(const store::RuleSwitch& one) {
  JsonText json;
  json.begin_object().member("rule_id", one.rule);
  put_text(json, "site", one.site);
  json.member("state", alert::switch_name(one.state));
  put_time(json, "until", one.until);
  put_text(json, "reason", one.reason);
  put_text(json, "by", one.by);
  put_time(json, "at", one.at);
  json.end_object();
  return json.take();
}

std::string switches_json(const std::vector<store::RuleSwitch>& all, const web::Principal& principal) {
  JsonText json;
  json.begin_array();
  for (const store::RuleSwitch& one : all) {
    // What holds everywhere holds at his sites too.
    if (one.site.empty() || principal.sees(one.site)) json.raw(switch_json(one));
  }
  json.end_array();
  return json.take();
}

std::optional<store::RuleSwitch> switch_of(const std::vector<store::RuleSwitch>& all, std::string_view site) {
  for (const store::RuleSwitch& one : all) {
    if (one.site == site) return one;
  }
  return std::nullopt;
}

}  // namespace

Answer Api::list_switches(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto all = parts_.store.reading().alerts().switches({});
  if (!all) return failed(request, all.error());
  return server::json_answer(200, switches_json(all.value(), who(request)));
}

Answer Api::rule_switches(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto all = parts_.store.reading().alerts().switches(request.parameter("id"));
  if (!all) return failed(request, all.error());
  return server::json_answer(200, switches_json(all.value(), who(request)));
}

// Muting and disabling are an administrator's; everybody else who may act snoozes.
Answer Api::put_switch(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"state", "until", "reason"})) return invalid(request, body);
  store::RuleSwitch one;
  one.rule = request.parameter("id");
  const std::string_view site = request.parameter("site");
  one.site = site == kEverywhere ? std::string_view() : site;
  one.by = who(request).name;
  one.at = parts_.now();
  one.reason = body.text(body.whole(), "", "reason", alert::kReasonBytes).value_or("");
  const auto state = alert::switch_from(body.text(body.whole(), "", "state", 16).value_or(""));
  if (!state) body.say("/state", "state must be on, snoozed, muted or disabled");
  one.state = state.value_or(alert::Switch::on);
  if (const auto until = body.text(body.whole(), "", "until", 64)) {
    const auto time = query::time_from(*until);
    if (!time) body.say("/until", "until is a time: \"2026-05-18T10:00:00Z\"");
    one.until = time.value_or(0);
  }
  if (!body.sound()) return invalid(request, body);
  if (one.site.empty() && !who(request).all_sites) {
    return refusal(request, 403, "restricted", "whoever sees some sites only switches rules at those alone");
  }
  if (one.state != alert::Switch::snoozed && !who(request).may(web::Role::admin)) {
    return refusal(request, 403, "forbidden",
                   "muting, disabling and switching on is an administrator's: snooze it instead");
  }
  if (!one.site.empty()) {
    auto entity = parts_.store.reading().entities().find(one.site);
    if (!entity) return failed(request, entity.error());
    if (!entity.value() || !who(request).sees(one.site)) return not_found(request, "there is no site with this token");
  }
  if (one.rule.size() > query::kNameBytes) return not_found(request, "there is no rule with this id");
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  auto all = stores.alerts().switches(one.rule);
  if (!all) return failed(request, all.error());
  const auto before = switch_of(all.value(), one.site);
  if (!as_it_was_read(request, before ? switch_json(*before) : "")) {
    return refusal(request, 412, "changed_meanwhile", "the switch is not as it was when it was read: read it again");
  }
  if (one.state != alert::Switch::snoozed) one.until = 0;
  auto tells = processor::set_switch(stores, one, parts_.now());
  if (!tells) {
    if (tells.error().kind == ErrorKind::invalid) return invalid_body(request, "", tells.error().message);
    if (tells.error().kind == ErrorKind::exists) return refusal(request, 409, "switched_already", tells.error().message);
    return failed(request, tells.error());
  }
  if (parts_.telling && !tells->empty()) {
    if (auto told = parts_.telling(stores, tells.value()); !told) return failed(request, told.error());
  }
  const std::string json = switch_json(one);
  if (auto noted = audit_.note(stores, request, "rule.switch", one.rule, before ? switch_json(*before) : "", json);
      !noted) {
    return failed(request, noted.error());
  }
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  return object_answer(request, json, json);
}

Answer Api::remove_switch(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  const std::string rule(request.parameter("id"));
  const std::string_view named = request.parameter("site");
  const std::string site(named == kEverywhere ? std::string_view() : named);
  if (!site.empty() && !who(request).sees(site)) return not_found(request, "there is no such switch");
  if (site.empty() && !who(request).all_sites) {
    return refusal(request, 403, "restricted", "whoever sees some sites only switches rules at those alone");
  }
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  auto all = stores.alerts().switches(rule);
  if (!all) return failed(request, all.error());
  const auto before = switch_of(all.value(), site);
  if (!before) return not_found(request, "there is no such switch");
  if (before->state != alert::Switch::snoozed && !who(request).may(web::Role::admin)) {
    return refusal(request, 403, "forbidden", "what an administrator has switched is his to take back");
  }
  auto tells = processor::clear_switch(stores, rule, site, who(request).name, parts_.now());
  if (!tells) return failed(request, tells.error());
  if (parts_.telling && !tells->empty()) {
    if (auto told = parts_.telling(stores, tells.value()); !told) return failed(request, told.error());
  }
  if (auto noted = audit_.note(stores, request, "rule.switch", rule, switch_json(*before), ""); !noted) {
    return failed(request, noted.error());
  }
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  return server::json_answer(200, switch_json(*before));
}

}  // namespace logystera::api

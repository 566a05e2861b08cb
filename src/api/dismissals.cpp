// Findings nobody wants to see again.
#include "api/api.hpp"
#include "api/body.hpp"
#include "api/problem.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::size_t kReasonBytes = 1000;

std::string json_of(const store::Dismissal& one) {
  JsonText json;
  json.begin_object().member("rule_id", one.rule);
  put_text(json, "source", one.source);
  json.member("reason", one.reason);
  put_time(json, "dismissed_at", one.at);
  json.end_object();
  return json.take();
}

}  // namespace

Answer Api::list_dismissals(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  std::vector<store::Dismissal> all;
  if (who(request).all_sites) {
    auto list = parts_.store.reading().findings().dismissals();
    if (!list) return failed(request, list.error());
    all = std::move(list).value();
  }
  JsonText json;
  json.begin_array();
  for (const store::Dismissal& one : all) json.raw(json_of(one));
  json.end_array();
  return list_answer_of(request, "", "", store::Count{all.size(), false}, false, json.take());
}

Answer Api::dismiss(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  if (!who(request).all_sites) {
    return refusal(request, 403, "restricted",
                   "what is found in logs belongs to no site: whoever sees some sites only cannot dismiss it");
  }
  Body body(request.body);
  if (!body.sound() || !body.is_object(body.whole(), "", {"rule_id", "source", "reason"})) return invalid(request, body);
  store::Dismissal dismissal;
  dismissal.rule = body.text(body.whole(), "", "rule_id", query::kNameBytes).value_or("");
  dismissal.source = body.text(body.whole(), "", "source", query::kNameBytes).value_or("");
  dismissal.reason = body.text(body.whole(), "", "reason", kReasonBytes).value_or("");
  dismissal.at = parts_.now();
  if (dismissal.rule.empty()) body.say("/rule_id", "rule_id must name a rule");
  if (dismissal.reason.empty()) body.say("/reason", "reason must say why, for whoever asks later");
  if (!body.sound()) return invalid(request, body);
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  if (auto done = stores.findings().dismiss(dismissal); !done) return failed(request, done.error());
  const std::string json = json_of(dismissal);
  if (auto noted = audit_.note(stores, request, "finding.dismiss", dismissal.rule, "", json); !noted) {
    return failed(request, noted.error());
  }
  Answer answer = server::json_answer(201, json);
  if (auto kept = once_.keep(stores, request, asker(request), answer); !kept) return failed(request, kept.error());
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  return answer;
}

Answer Api::undismiss(const Request& request) {
  query::Parameters parameters(request.query);
  const std::string rule = parameters.text("rule_id", query::kNameBytes),
                    source = parameters.text("source", query::kNameBytes);
  if (rule.empty()) parameters.fault("rule_id", "rule_id must name a rule");
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  if (!who(request).all_sites) {
    return refusal(request, 403, "restricted",
                   "what is found in logs belongs to no site: whoever sees some sites only cannot change it");
  }
  auto transaction = parts_.store.begin();
  if (!transaction) return failed(request, transaction.error());
  store::Stores& stores = *transaction.value();
  auto removed = stores.findings().undismiss(rule, source);
  if (!removed) return failed(request, removed.error());
  if (removed.value() == 0) return not_found(request, "there is no such dismissal");
  JsonText json;
  json.begin_object().member("rule_id", rule);
  put_text(json, "source", source);
  json.count("removed", removed.value()).end_object();
  if (auto noted = audit_.note(stores, request, "finding.undismiss", rule, json.text(), ""); !noted) {
    return failed(request, noted.error());
  }
  if (auto done = transaction.value()->commit(); !done) return failed(request, done.error());
  return server::json_answer(200, json.take());
}

}  // namespace logystera::api

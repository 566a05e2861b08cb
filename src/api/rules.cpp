// What is watched, and how often it was found.
#include <algorithm>
#include <map>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "core/clock.hpp"
#include "detect/known.hpp"

namespace logystera::api {
namespace {

using server::Answer;
using server::Request;

constexpr std::int64_t kDaySeconds = 24 * 3600;
constexpr std::size_t kRulesWithHits = 10'000;

using Hits = std::map<std::string, store::RuleHits>;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

// The name of the file alone: where it lies is nobody's business but the operator's.
std::string_view pack_of(const detect::Rule& rule) {
  const std::string_view pack = rule.pack;
  const std::size_t slash = pack.rfind('/');
  return slash == std::string_view::npos ? pack : pack.substr(slash + 1);
}

void put_head(JsonText& json, const detect::Rule& rule, const Hits& hits) {
  json.begin_object().member("id", rule.id).member("title", rule.title).member("severity", level_name(rule.level));
  json.member("pack", pack_of(rule)).member("dialect", rule.dialect == detect::Dialect::native ? "native" : "sigma");
  json.member("counts_over_time", rule.is_window()).member("silent", rule.silent);
  const auto found = hits.find(rule.id);
  json.count("findings_7_days", found == hits.end() ? 0 : found->second.findings);
  put_time(json, "last_finding_at", found == hits.end() ? 0 : found->second.last);
}

void put_list(JsonText& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

Result<Hits> hits_of(store::Stores& stores, const store::SiteScope& sites, std::int64_t now) {
  auto found = stores.findings().rule_hits(now / kDaySeconds - 6, kRulesWithHits, sites);
  if (!found) return found.error();
  Hits hits;
  for (store::RuleHits& one : found.value()) hits.emplace(one.rule, one);
  return hits;
}

}  // namespace

Answer Api::list_rules(const Request& request) {
  query::Parameters parameters(request.query);
  const auto at_least = parameters.level("severity");
  const std::string text = lower(parameters.text("q", query::kTextBytes));
  const std::string after = parameters.text("after", query::kNameBytes);
  const auto limit = static_cast<std::size_t>(parameters.integer("limit", 1, query::kLimitMost).value_or(kPageRows));
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto program = parts_.program.get();
  if (!program) return failed(request, program.error());
  auto hits = hits_of(parts_.store.reading(), query::sites_of(who(request)), parts_.now());
  if (!hits) return failed(request, hits.error());
  std::vector<const detect::Rule*> rules;
  for (const detect::Rule& rule : program.value()->rules().rules) {
    if (detect::is_part(rule) || (at_least && rule.level < *at_least)) continue;
    if (!text.empty() && lower(rule.id).find(text) == std::string::npos &&
        lower(rule.title).find(text) == std::string::npos)
      continue;
    rules.push_back(&rule);
  }
  std::sort(rules.begin(), rules.end(), [](const auto* a, const auto* b) { return a->id < b->id; });
  const store::Count total{rules.size(), false};
  rules.erase(rules.begin(), std::find_if(rules.begin(), rules.end(), [&](const auto* rule) { return rule->id > after; }));
  std::string next;
  if (rules.size() > limit) {
    rules.resize(limit);
    query::QueryText link;
    if (at_least) link.add("severity", level_name(*at_least));
    link.add("q", text).add("limit", std::to_string(limit)).add("after", rules.back()->id);
    next = link.text();
  }
  JsonText json;
  json.begin_array();
  for (const detect::Rule* rule : rules) {
    put_head(json, *rule, hits.value());
    json.end_object();
  }
  json.end_array();
  return list_answer_of(request, "", next, total, false, json.take());
}

Answer Api::get_rule(const Request& request) {
  query::Parameters parameters(request.query);
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  auto program = parts_.program.get();
  if (!program) return failed(request, program.error());
  const std::string_view id = request.parameter("id");
  const auto& rules = program.value()->rules().rules;
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const detect::Rule& one) { return one.id == id; });
  if (rule == rules.end()) return not_found(request, "there is no rule with this id, or it was refused when it was loaded");
  auto hits = hits_of(parts_.store.reading(), query::sites_of(who(request)), parts_.now());
  if (!hits) return failed(request, hits.error());
  JsonText json;
  put_head(json, *rule, hits.value());
  put_text(json, "description", rule->description);
  put_text(json, "author", rule->author);
  put_text(json, "status", rule->status);
  put_list(json, "tags", rule->tags);
  put_list(json, "references", rule->references);
  put_list(json, "false_positives", rule->false_positives);
  json.count("samples", rule->samples.size()).end_object();
  return object_answer(request, json.take());
}

}  // namespace logystera::api

// The targets of a fleet, as their file has them, and when something of each was seen last.
#include <algorithm>

#include "api/api.hpp"
#include "api/problem.hpp"
#include "fleet/targets.hpp"

namespace logystera::api {

using server::Answer;
using server::Request;

namespace {

// What of it has been stored: its newest finding, and when it was last followed by somebody who keeps positions.
Result<Done> put_seen(JsonText& json, const std::string& prefix, store::Stores& stores) {
  store::FindingFilter of_target;
  of_target.of_sources = std::vector<std::string>{prefix};
  auto newest = stores.findings().page(of_target, {.limit = 1});
  if (!newest) return newest.error();
  auto followed = stores.positions().newest(prefix);
  if (!followed) return followed.error();
  put_time(json, "last_finding_at", newest->rows.empty() ? 0 : newest->rows.front().time);
  put_time(json, "last_followed_at", followed->value_or(0));
  return Done{};
}

}  // namespace

Answer Api::list_targets(const Request& request) {
  query::Parameters parameters(request.query);
  const std::string group = query::read_fleet_name(parameters, "group");
  if (const auto faults = parameters.finish(); !faults.empty()) return invalid_parameters(request, faults);
  JsonText json;
  json.begin_array();
  std::uint64_t count = 0;
  // Whoever sees some sites alone sees nothing that belongs to none.
  if (who(request).all_sites && !parts_.targets_file.empty()) {
    auto text = fleet::text_of(parts_.targets_file);
    auto targets = text ? fleet::parse(text.value(), parts_.targets_file) : Result<fleet::Targets>(text.error());
    if (!targets)
      return refusal(request, 503, "targets_unreadable", "the file of targets cannot be read: " + targets.error().message);
    for (const fleet::Target& target : targets->all) {
      if (!group.empty() && std::find(target.groups.begin(), target.groups.end(), group) == target.groups.end()) continue;
      json.begin_object().member("name", target.name).member("type", fleet::type_name(target.type));
      json.key("groups").begin_array();
      for (const std::string& one : target.groups) json.string(one);
      json.end_array().member("enabled", target.enabled).member("where", fleet::describe(target));
      if (auto seen = put_seen(json, fleet::source_prefix(target.name), parts_.store.reading()); !seen)
        return failed(request, seen.error());
      json.end_object();
      ++count;
    }
  }
  json.end_array();
  return list_answer_of(request, "", "", store::Count{count, false}, false, json.take());
}

}  // namespace logystera::api

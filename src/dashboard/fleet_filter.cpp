// What lists of logs are narrowed by where there is a fleet: one of its targets, or a group of them.
#include <algorithm>
#include <set>

#include "dashboard/pages.hpp"
#include "fleet/targets.hpp"

namespace logystera::dashboard {
namespace {

using web::View;

std::vector<View> choices_of(std::vector<std::string> names, const std::string& any, std::string_view chosen) {
  if (!chosen.empty() && std::find(names.begin(), names.end(), chosen) == names.end()) names.emplace_back(chosen);
  std::vector<View> rows;
  const auto add = [&](std::string_view value, std::string_view label) {
    View row;
    row.text("value", value).text("label", label).flag("selected", value == chosen);
    rows.push_back(std::move(row));
  };
  add("", any);
  for (const std::string& name : names) add(name, name);
  return rows;
}

}  // namespace

void add_fleet_filter(View& view, const Context& context, const server::Request& request, const web::Form& form) {
  std::vector<std::string> names;
  std::set<std::string> groups;
  // What is wrong with the file is said on the page of the fleet.
  if (!query::sites_of(*request.principal))
    if (auto text = fleet::text_of(context.options.fleet.path))
      if (auto targets = fleet::parse(text.value(), context.options.fleet.path))
        for (const fleet::Target& target : targets->all) {
          names.push_back(target.name);
          groups.insert(target.groups.begin(), target.groups.end());
        }
  const std::string_view target = form["target"], group = form["group"];
  view.flag("has_targets", !names.empty() || !target.empty()).rows("targets", choices_of(std::move(names), "Any", target));
  view.flag("has_groups", !groups.empty() || !group.empty())
      .rows("groups", choices_of({groups.begin(), groups.end()}, "Any", group));
}

}  // namespace logystera::dashboard

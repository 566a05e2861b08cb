// Routes: the list in words, and a form each.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/printable.hpp"
#include "dashboard/notify_pages.hpp"
#include "web/headers.hpp"
#include "web/parts.hpp"

namespace logystera::dashboard {
namespace {

using notify::Route;
using store::Channel;
using web::View;

std::vector<std::string_view> lines_in(std::string_view text) {
  std::vector<std::string_view> all;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    while (!line.empty() && static_cast<unsigned char>(line.back()) <= ' ') line.remove_suffix(1);
    while (!line.empty() && static_cast<unsigned char>(line.front()) <= ' ') line.remove_prefix(1);
    if (!line.empty()) all.push_back(line);
  }
  return all;
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

std::vector<View> lines_of(const std::vector<std::string>& all) {
  std::vector<View> rows;
  for (const std::string& one : all) {
    View row;
    row.text("line", one);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string path_of(const std::string& name) { return "/settings/routes/" + web::percent_encoded(name); }

}  // namespace

Result<server::Answer> NotifyPages::route_list(const Request& request, const Form& form) {
  store::Stores& stores = parts_.store.reading();
  auto stored = stores.routes().list();
  if (!stored) return stored.error();
  auto routes = notify::load_routes(stores.routes());
  if (!routes) return routes.error();
  auto channels = stores.channels().list();
  if (!channels) return channels.error();
  std::vector<View> rows;
  for (std::size_t i = 0; i < routes->size(); ++i) {
    const Route& route = routes.value()[i];
    View row;
    row.text("href", path_of(route.name)).text("name", route.name).text("position", std::to_string(i + 1));
    web::add_level(row, route.least);
    row.text("sites", route.sites.empty() ? "all sites" : joined(route.sites)).text("tags", joined(route.tags));
    row.text("channels", notify::whom_words(route, channels.value()));
    row.text("when", notify::when_words(route, channels.value())).flag("first", i == 0);
    rows.push_back(std::move(row));
  }
  View view;
  view.text("done", form["done"] == "saved" ? "The routes are saved." : "").flag("is_default", stored->empty());
  view.flag("has_channels", !channels->empty()).rows("rows", std::move(rows));
  return page(request, "routes", "Routes", std::move(view));
}

Result<server::Answer> NotifyPages::route_form(const Request& request, const Route& route, bool is_new) {
  auto channels = parts_.store.reading().channels().list();
  if (!channels) return channels.error();
  View view;
  view.text("was", is_new ? "" : route.name).text("name", route.name).flag("is_new", is_new);
  if (!is_new) view.text("href", path_of(route.name));
  std::vector<View> levels;
  for (const Level level : {Level::low, Level::medium, Level::high, Level::critical}) {
    View row;
    row.text("value", level_name(level)).text("label", level_name(level)).flag("selected", level == route.least);
    levels.push_back(std::move(row));
  }
  std::vector<std::string> names;
  for (const std::int64_t id : route.channels) names.push_back(notify::channel_name(id, channels.value()));
  std::vector<std::string> there;
  for (const Channel& channel : channels.value()) there.push_back(channel.name);
  view.rows("levels", std::move(levels)).rows("site_lines", lines_of(route.sites)).rows("tag_lines", lines_of(route.tags));
  view.rows("channel_lines", lines_of(names)).text("there_are", joined(there)).flag("every_channel", route.every_channel);
  view.flag("go_on", route.go_on).flag("resolved", route.resolved).text("zone", route.zone);
  view.text("quiet_from", route.quiet ? notify::minute_words(route.quiet->from) : "")
      .text("quiet_to", route.quiet ? notify::minute_words(route.quiet->to) : "");
  view.text("digest", route.digest ? notify::minute_words(*route.digest) : "");
  std::vector<View> steps;
  for (std::size_t i = 0; i < notify::kStepsMost; ++i) {
    View row;
    const bool there_is = i < route.steps.size();
    row.text("step", std::to_string(i + 1)).text("after", there_is ? std::to_string(route.steps[i].after_minutes) : "");
    row.text("step_channels", there_is ? notify::channel_names(route.steps[i].channels, channels.value()) : "");
    steps.push_back(std::move(row));
  }
  view.rows("steps", std::move(steps));
  return page(request, "route", is_new ? "Add a route" : route.name, std::move(view));
}

Result<server::Answer> NotifyPages::fresh_route(const Request& request, const Form&) {
  Route route;
  route.least = Level::high;
  return route_form(request, route, true);
}

Result<server::Answer> NotifyPages::route(const Request& request, const Form&) {
  auto routes = notify::load_routes(parts_.store.reading().routes());
  if (!routes) return routes.error();
  for (const Route& route : routes.value())
    if (route.name == request.parameter("name")) return route_form(request, route, false);
  return Error{"there is no route of this name", ErrorKind::not_found};
}

Result<std::vector<std::int64_t>> NotifyPages::channels_in(std::string_view lines, const std::vector<Channel>& all) const {
  std::vector<std::int64_t> ids;
  for (const std::string_view line : lines_in(lines)) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Channel& one) { return one.name == line; });
    if (found == all.end()) return Error{fmt::format("there is no channel '{}'", printable(line)), ErrorKind::invalid};
    ids.push_back(found->id);
  }
  return ids;
}

Result<Route> NotifyPages::route_in(const Form& form) {
  auto channels = parts_.store.channels().list();
  if (!channels) return channels.error();
  auto entities = parts_.store.entities().list();
  if (!entities) return entities.error();
  const auto wrong = [](const std::string& what) { return Error{what, ErrorKind::invalid}; };
  Route route;
  route.name = form["name"];
  for (const std::string_view line : lines_in(form["sites"])) {
    const auto found = std::find_if(entities->begin(), entities->end(),
                                    [&](const store::Entity& one) { return one.token == line || one.name == line; });
    if (found == entities->end()) return wrong(fmt::format("there is no site of the token or name '{}'", printable(line)));
    route.sites.push_back(found->token);
  }
  const auto level = reported_level_from(form["min_severity"]);
  if (!level) return wrong("severity: must be low, medium, high or critical");
  route.least = *level;
  for (const std::string_view line : lines_in(form["tags"])) route.tags.emplace_back(line);
  route.every_channel = form["every_channel"] == "yes";
  auto ids = channels_in(form["channels"], channels.value());
  if (!ids) return ids.error();
  if (!route.every_channel) route.channels = std::move(ids).value();
  route.go_on = form["continue"] == "yes";
  route.resolved = form["resolved"] == "yes";
  route.zone = form["zone"];
  const auto minute = [&](std::string_view name) { return notify::minute_from(form[name]); };
  if (!form["quiet_from"].empty() || !form["quiet_to"].empty()) {
    const auto from = minute("quiet_from"), to = minute("quiet_to");
    if (!from || !to || *from == *to) return wrong("quiet hours: must be two different times, as 22:00 and 07:00");
    route.quiet = notify::Quiet{*from, *to};
  }
  if (!form["digest"].empty()) {
    route.digest = minute("digest");
    if (!route.digest) return wrong("digest: must be a time of the day, as 08:00");
  }
  for (std::size_t i = 1; i <= notify::kStepsMost; ++i) {
    const std::string_view after = form[fmt::format("after_{}", i)];
    std::string names(form[fmt::format("step_channels_{}", i)]);
    if (after.empty() && names.empty()) continue;
    notify::Step step;
    const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), step.after_minutes);
    if (error != std::errc() || end != after.data() + after.size())
      return wrong(fmt::format("step {}: after how many minutes?", i));
    std::replace(names.begin(), names.end(), ',', '\n');
    auto its = channels_in(names, channels.value());
    if (!its) return its.error();
    step.channels = std::move(its).value();
    route.steps.push_back(std::move(step));
  }
  if (auto good = notify::check_zone(route); !good) return good.error();
  // What else all routes have to be is checked where they are read.
  return notify::route_from(notify::to_json(route));
}

Result<server::Answer> NotifyPages::save_route(const Request& request, const Form& form) {
  auto route = route_in(form);
  if (!route) return route.error();
  auto routes = notify::load_routes(parts_.store.routes());
  if (!routes) return routes.error();
  const std::string_view was = form["was"];
  if (was.empty()) {
    routes->push_back(std::move(route).value());
  } else {
    const auto found = std::find_if(routes->begin(), routes->end(), [&](const Route& one) { return one.name == was; });
    if (found == routes->end())
      return Error{"the route is not there any more: somebody has removed or renamed it", ErrorKind::not_found};
    *found = std::move(route).value();
  }
  if (auto done = parts_.desk.set_routes(routes.value(), note_of(request)); !done) return done.error();
  return web::see_other("/settings/routes?done=saved");
}

Result<server::Answer> NotifyPages::move_route(const Request& request, const Form&) {
  auto routes = notify::load_routes(parts_.store.routes());
  if (!routes) return routes.error();
  const auto found =
      std::find_if(routes->begin(), routes->end(), [&](const Route& one) { return one.name == request.parameter("name"); });
  if (found == routes->end()) return Error{"there is no route of this name", ErrorKind::not_found};
  if (found == routes->begin()) return Error{"the route is the first already", ErrorKind::invalid};
  std::iter_swap(found, found - 1);
  if (auto done = parts_.desk.set_routes(routes.value(), note_of(request)); !done) return done.error();
  return web::see_other("/settings/routes?done=saved");
}

Result<server::Answer> NotifyPages::remove_route(const Request& request, const Form&) {
  auto routes = notify::load_routes(parts_.store.routes());
  if (!routes) return routes.error();
  const auto found =
      std::find_if(routes->begin(), routes->end(), [&](const Route& one) { return one.name == request.parameter("name"); });
  if (found == routes->end()) return Error{"there is no route of this name", ErrorKind::not_found};
  routes->erase(found);
  if (auto done = parts_.desk.set_routes(routes.value(), note_of(request)); !done) return done.error();
  return web::see_other("/settings/routes?done=saved");
}

}  // namespace logystera::dashboard

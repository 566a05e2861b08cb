// Events: what arrives, in the catalogue's words.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "dashboard/event_view.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/events";

Address here_of(const Form& form) {
  return Address(kPath, form, {"q", "site", "type", "since_hours", "since", "until", "personal"});
}

std::vector<View> types_of(std::string_view chosen) {
  std::map<std::string_view, std::vector<View>> groups;
  for (const SignalSpec& spec : catalogue::all()) {
    View option;
    option.text("value", spec.type).text("label", fmt::format("{} ({})", spec.name, spec.type));
    option.flag("selected", spec.type == chosen);
    groups[spec.group].push_back(std::move(option));
  }
  std::vector<View> rows;
  for (auto& [name, options] : groups) {
    View row;
    std::string label(name);
    if (!label.empty() && label[0] >= 'a' && label[0] <= 'z') label[0] = static_cast<char>(label[0] - 0x20);
    row.text("label", label).rows("types", std::move(options));
    rows.push_back(std::move(row));
  }
  return rows;
}

NoRows no_rows(const Address& here, bool any_site) {
  if (here.filters())
    return {"Nothing matches this filter",
            "No event that is stored has all of what was asked for.",
            {{"All events", std::string(kPath)}}};
  if (any_site)
    return {"Waiting for the first signal",
            "A site is connected. What it records arrives with its next cron run, or when somebody presses Flush there.",
            {{"Sites", "/sites"}}};
  return {"Waiting for the first signal",
          "Sites send what happens on them: logins, changed configuration, errors. Connect one to see it here.",
          {{"Connect a site", "/sites"}}};
}

Result<Done> note_personal(const Context& context, const Request& request, const query::AskedSignals& asked) {
  if (!asked.personal) return Done{};
  return context.change(
      request, [](store::Stores&) -> Result<Done> { return Done{}; }, "personal_data.show", request.path, "", "");
}

Result<std::vector<View>> sites_of(const Context& context, const Request& request, std::string_view chosen) {
  auto entities = context.reading().entities().list();
  if (!entities) return entities.error();
  std::vector<View> sites;
  for (const store::Entity& site : entities.value()) {
    if (!request.principal->sees(site.token)) continue;
    View option;
    option.text("value", site.token).text("label", site.name).flag("selected", site.token == chosen);
    sites.push_back(std::move(option));
  }
  return sites;
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  const Address here = here_of(form);
  auto asked = query::read_signals(here.with("cursor", form["cursor"]).query(), defaults_of(context, request));
  if (!asked) return error_of(asked.faults);
  if (auto noted = note_personal(context, request, *asked.value); !noted) return noted.error();
  auto page = query::signals(context.reading(), *asked.value, context.pseudonyms);
  if (!page) return page.error();
  auto sites = sites_of(context, request, form["site"]);
  if (!sites) return sites.error();
  View view;
  std::vector<View> rows;
  for (const query::Signal& signal : page->rows) rows.push_back(event_view(signal));
  add_list(view, {kPath, "events", "Signals of sites, the newest first"}, here, form["cursor"].empty(), page.value(),
           std::move(rows), [&] { return no_rows(here, !sites->empty()); });
  view.text("since", form["since"]).text("until", form["until"]);
  view.text("q", form["q"]).flag("personal", asked->personal).flag("filtered", here.filters());
  view.rows("periods", options_of({{"", "All"}, {"1", "1 hour"}, {"24", "24 hours"}, {"168", "7 days"}, {"720", "30 days"}},
                                  form["since_hours"]));
  view.rows("groups", types_of(form["type"])).rows("sites", std::move(sites).value());
  return context.page(request, "events", "Events", kPath, std::move(view));
}

Cells cells_of(const query::Signal& signal) {
  JsonText labels;
  labels.begin_object();
  for (const query::SignalLabel& label : signal.labels) labels.key(label.name).raw(terminal_safe(label.json));
  labels.end_object();
  return {query::uuid_text(signal.event.id),
          web::iso_time(signal.event.created_at),
          web::iso_time(signal.event.received_at),
          signal.event.entity,
          signal.event.name,
          signal.event.type,
          signal.spec ? std::string(signal.spec->summary) : "",
          labels.take()};
}

Result<Answer> file(const Context& context, const Request& request, const Form& form, FileForm as) {
  const query::Defaults defaults = defaults_of(context, request);
  const std::string query = here_of(form).query();
  auto asked = query::read_signals(query, defaults);
  if (!asked) return error_of(asked.faults);
  if (auto noted = note_personal(context, request, *asked.value); !noted) return noted.error();
  Export what{
      "events",
      {{"event_id"}, {"time"}, {"received"}, {"site"}, {"site_name"}, {"type"}, {"summary"}, {"labels", false, true}},
      pages_of(
          query, defaults, query::read_signals,
          [&context](const query::AskedSignals& wanted) {
            return query::signals(context.reading(), wanted, context.pseudonyms);
          },
          cells_of)};
  return exported(std::move(what), as, context.options.log);
}

}  // namespace

void add_events(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/events", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  add_files(context, routes, std::string(kPath), file);
}

}  // namespace logystera::dashboard

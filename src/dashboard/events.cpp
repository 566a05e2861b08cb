// Events: what arrives, in the catalogue's words.
#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/events";
constexpr std::size_t kGistLabels = 3, kGistBytes = 80;

Address here_of(const Form& form) { return Address(kPath, form, {"q", "site", "type", "since_hours", "personal"}); }

/// The first labels that say something and are nobody's: "config_name=system.site  change_type=update".
std::string gist_of(const query::Signal& signal) {
  std::string text;
  std::size_t shown = 0;
  for (const query::SignalLabel& label : signal.labels) {
    if (label.personal || !label.spec || label.spec->privacy != "none" || label.text.empty() || shown == kGistLabels)
      continue;
    std::size_t end = std::min(label.text.size(), kGistBytes);
    while (end < label.text.size() && (static_cast<unsigned char>(label.text[end]) & 0xC0) == 0x80) --end;
    text +=
        (text.empty() ? "" : "  ") + label.name + "=" + label.text.substr(0, end) + (end < label.text.size() ? "…" : "");
    ++shown;
  }
  return text;
}

void add_signal_level(View& row, std::string_view severity) {
  const auto level = level_from(severity);
  if (level) return add_level(row, *level);
  add_badge(row, "informational", "informational", "Info");
}

View label_row(const query::SignalLabel& label) {
  View row;
  row.text("name", label.name)
      .text("meaning", label.spec ? label.spec->description : "Not in the catalogue of this version.");
  const std::string_view privacy = label.spec ? label.spec->privacy : "unknown";
  row.text("privacy", privacy == "none" ? "" : privacy)
      .flag("is_personal", label.personal)
      .flag("stands_for", label.hidden);
  row.text("value", label.text.empty() ? "(empty)" : label.text);
  return row;
}

View row_of(const query::Signal& signal) {
  const store::EventRow& event = signal.event;
  View row;
  add_signal_level(row, query::severity_of(signal));
  row.text("summary", signal.spec ? signal.spec->summary : "A signal this version does not know").text("type", event.type);
  row.text("gist", gist_of(signal))
      .text("site", event.name)
      .text("site_href", "/sites/" + web::percent_encoded(event.entity));
  row.time("time", event.created_at).time("received", event.received_at).text("id", query::uuid_text(event.id));
  std::vector<View> labels;
  for (const query::SignalLabel& label : signal.labels) labels.push_back(label_row(label));
  row.rows("labels", std::move(labels));
  return row;
}

std::vector<View> types_of(std::string_view chosen) {
  std::map<std::string_view, std::vector<View>> groups;
  for (const SignalSpec& spec : catalogue::all()) {
    View option;
    option.text("value", spec.type).text("label", spec.type).flag("selected", spec.type == chosen);
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

void add_empty(View& view, const Address& here, bool any_site, bool more) {
  std::vector<View> links;
  const auto link = [&](std::string_view label, std::string href) {
    View row;
    row.text("label", label).text("href", href);
    links.push_back(std::move(row));
  };
  if (more) {
    view.text("empty_title", "Nothing in the newest events");
    view.text("empty_words", "The filter matched none of the events looked at so far. There are older ones.");
  } else if (here.filters()) {
    view.text("empty_title", "Nothing matches this filter")
        .text("empty_words", "No event that is stored has all of what was asked for.");
    link("All events", std::string(kPath));
  } else {
    view.text("empty_title", "Waiting for the first signal");
    view.text(
        "empty_words",
        any_site
            ? "A site is connected. What it records arrives with its next cron run, or when somebody presses Flush there."
            : "Sites send what happens on them: logins, changed configuration, errors. Connect one to see it here.");
    link(any_site ? "Sites" : "Connect a site", "/sites");
  }
  view.rows("empty_links", std::move(links));
}

Result<Done> note_personal(const Context& context, const Request& request, const query::AskedSignals& asked) {
  if (!asked.personal) return Done{};
  return context.change(
      request, [](store::Stores&) -> Result<Done> { return Done{}; }, "personal.show", request.path, "", "");
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
  for (const query::Signal& signal : page->rows) rows.push_back(row_of(signal));
  add_pager(view, kPath, form["cursor"].empty(), rows.size(), page->newer, page->older, page->total);
  if (rows.empty()) add_empty(view, here, !sites->empty(), page->searching);
  view.text("q", form["q"]).flag("personal", asked->personal).flag("filtered", here.filters());
  view.rows("periods", options_of({{"", "All"}, {"1", "1 hour"}, {"24", "24 hours"}, {"168", "7 days"}, {"720", "30 days"}},
                                  form["since_hours"]));
  view.rows("groups", types_of(form["type"])).rows("sites", std::move(sites).value());
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows)).text("caption", "Signals of sites, the newest first");
  view.view("export", export_links(kPath, here));
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
  routes.push_back(context.get("/events.csv", [&context](const Request& request, const Form& form) {
    return file(context, request, form, FileForm::csv);
  }));
  routes.push_back(context.get("/events.json", [&context](const Request& request, const Form& form) {
    return file(context, request, form, FileForm::json);
  }));
}

}  // namespace logystera::dashboard

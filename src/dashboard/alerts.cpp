// Alerts: what must I deal with?
#include <fmt/core.h>

#include "alert/gateway.hpp"
#include "core/printable.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/alerts";
using Names = std::map<std::string, std::string>;

struct Tab {
  std::string_view state, label;
};
constexpr Tab kTabs[] = {
    {"", "Open"}, {"snoozed", "Snoozed"}, {"resolved", "Resolved"}, {"past", "From the past"}, {"all", "All"}};

struct Told {
  std::string_view word, words;
};
constexpr Told kDone[] = {{"acknowledge", "Acknowledged: nothing is repeated, unless it becomes worse."},
                          {"snooze", "Snoozed. When that ends, it is told."},
                          {"resolve", "Resolved. If it happens again within a day, it opens again."},
                          {"some", "Done, except for those it could not be done to: somebody else has changed them."}};

Address here_of(const Form& form) {
  return Address(kPath, form, {"state", "q", "severity", "site", "rule", "assignee", "since_hours"});
}

void add_filter(View& view, const Form& form, const Address& here, const Names& names) {
  view.text("q", form["q"]).text("rule", form["rule"]).text("state", form["state"]);
  view.flag("filtered", here.with("state", "").filters());
  view.text("path", Address(kPath).with("state", form["state"]).text());
  view.rows("severities", options_of({{"", "Any"},
                                      {"low", "Low or worse"},
                                      {"medium", "Medium or worse"},
                                      {"high", "High or worse"},
                                      {"critical", "Critical"}},
                                     form["severity"]));
  view.rows("periods",
            options_of({{"", "All"}, {"24", "24 hours"}, {"168", "7 days"}, {"720", "30 days"}}, form["since_hours"]));
  const std::string_view assignee = form["assignee"];
  std::vector<View> assignees = options_of({{"", "Anybody"}, {"me", "Me"}, {"nobody", "Nobody"}}, assignee);
  if (!assignee.empty() && assignee != "me" && assignee != "nobody") {
    View option;
    option.text("value", assignee).text("label", assignee).flag("selected", true);
    assignees.push_back(std::move(option));
  }
  view.rows("assignees", std::move(assignees)).rows("sites", site_options(names, form["site"]));
  std::vector<View> tabs;
  for (const Tab& tab : kTabs) {
    View row;
    row.text("label", tab.label)
        .text("href", here.with("state", tab.state).text())
        .flag("current", form["state"] == tab.state);
    tabs.push_back(std::move(row));
  }
  view.rows("tabs", std::move(tabs));
}

View row_of(const alert::Alert& alert, const Names& names, std::int64_t now) {
  View row;
  add_level(row, alert.level);
  add_state(row, alert, now);
  row.text("id", std::to_string(alert.id)).text("href", path_of(alert));
  row.text("title", alert.title.empty() ? alert.rule : alert.title)
      .text("rule", alert.rule)
      .text("group", alert.group_label);
  row.text("site", alert::gateway_rule(alert.rule) ? "this gateway" : site_name(names, alert.site))
      .text("assignee", alert.assignee);
  row.number("hits", alert.hits).time("time", alert.last_time);
  row.text("suppressed", alert.suppressed == 0 ? "" : grouped(alert.suppressed));
  return row;
}

std::string watching_words(const Context& context, const Names& names) {
  const auto program = context.program.get();
  const std::size_t rules = program ? program.value()->rules().rules.size() : 0;
  return fmt::format("{} on {}. What they find appears here at once.", counted(rules, "rule watches", "rules watch"),
                     counted(names.size(), "site", "sites"));
}

NoRows no_rows(const Context& context, const Form& form, const Address& here, const Names& names) {
  if (here.with("state", "").filters())
    return {"Nothing matches this filter",
            "No such alert has all of what was asked for.",
            {{"Clear the filter", Address(kPath).with("state", form["state"]).text()}}};
  if (form["state"].empty())
    return {"No open alerts",
            watching_words(context, names),
            {{"See the rules", "/rules"}, {names.empty() ? "Connect a site" : "Sites", "/sites"}}};
  return {"None",
          form["state"] == "past"
              ? "What happened more than a day before it was heard of would be listed here; it wakes nobody."
              : "There is no such alert.",
          {{"Open alerts", std::string(kPath)}}};
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  const Address here = here_of(form);
  auto asked = query::read_alerts(here.with("cursor", form["cursor"]).query(), defaults_of(context, request));
  if (!asked) return error_of(asked.faults);
  auto page = query::alerts(context.reading(), *asked.value);
  if (!page) return page.error();
  auto names = site_names(context, request);
  if (!names) return names.error();
  View view;
  std::vector<View> rows;
  for (const alert::Alert& alert : page->rows) rows.push_back(row_of(alert, names.value(), context.now()));
  add_filter(view, form, here, names.value());
  for (const Told& one : kDone) {
    if (form["done"] == one.word) view.text("done", one.words);
  }
  const bool open = form["state"].empty() || form["state"] == "snoozed" || form["state"] == "all";
  view.flag("acts", open && !rows.empty() && request.principal->may(web::Role::analyst));
  add_list(view, {kPath, "alerts", "Alerts, those hit last first"}, here, form["cursor"].empty(), page.value(),
           std::move(rows), [&] { return no_rows(context, form, here, names.value()); });
  return context.page(request, "alerts", "Alerts", kPath, std::move(view));
}

Cells cells_of(const alert::Alert& alert) {
  return {std::to_string(alert.id),
          std::string(level_name(alert.level)),
          std::string(alert::state_name(alert.state)),
          alert.rule,
          alert.title,
          alert.site,
          alert.group_label,
          std::to_string(alert.hits),
          web::iso_time(alert.first_time),
          web::iso_time(alert.last_time),
          alert.assignee,
          alert.resolved_by};
}

Result<Answer> file(const Context& context, const Request& request, const Form& form, FileForm as) {
  const query::Defaults defaults = defaults_of(context, request);
  const std::string query = here_of(form).query();
  if (auto asked = query::read_alerts(query, defaults); !asked) return error_of(asked.faults);
  Export what{
      "alerts",
      {{"id", true},
       {"severity"},
       {"state"},
       {"rule_id"},
       {"title"},
       {"site"},
       {"group"},
       {"hits", true},
       {"first"},
       {"last"},
       {"assignee"},
       {"resolved_by"}},
      pages_of(
          query, defaults, query::read_alerts,
          [&context](const query::AskedAlerts& asked) { return query::alerts(context.reading(), asked); }, cells_of)};
  return exported(std::move(what), as, context.options.log);
}

}  // namespace

void add_alerts(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/alerts", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  add_files(context, routes, std::string(kPath), file);
}

}  // namespace logystera::dashboard

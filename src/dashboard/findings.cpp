// Findings: what did rules see?
#include <fmt/core.h>

#include <charconv>

#include "alert/anomaly.hpp"
#include "core/catalogue.hpp"
#include "core/printable.hpp"
#include "dashboard/event_view.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_book.hpp"
#include "detect/rule.hpp"
#include "query/finding_words.hpp"
#include "web/view.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;
constexpr std::string_view kPath = "/findings";
constexpr std::size_t kSourcesOffered = 200;

Address here_of(const Form& form) {
  return Address(kPath, form, {"q", "severity", "since_hours", "source", "site", "rule", "target", "group", "dismissed"});
}

void add_filter(View& view, const Form& form, const Address& here) {
  view.text("q", form["q"])
      .text("source", form["source"])
      .text("rule", form["rule"])
      .text("site", form["site"])
      .flag("filtered", here.filters());
  view.rows("severities", options_of({{"", "Any"},
                                      {"low", "Low or worse"},
                                      {"medium", "Medium or worse"},
                                      {"high", "High or worse"},
                                      {"critical", "Critical"}},
                                     form["severity"]));
  view.rows("periods",
            options_of({{"", "All"}, {"24", "24 hours"}, {"168", "7 days"}, {"336", "14 days"}, {"720", "30 days"}},
                       form["since_hours"]));
  view.rows("dismissals", options_of({{"", "Left out"}, {"all", "Shown too"}, {"true", "Only those"}}, form["dismissed"]));
}

View row_of(const store::Finding& finding) {
  View row;
  add_level(row, finding.level);
  row.text("title", finding.title.empty() ? finding.rule : finding.title).text("message", query::words_of(finding).line());
  row.text("source", finding.source).time("time", finding.time).flag("dismissed", finding.dismissed);
  row.text("href", fmt::format("/findings/{}", finding.id));
  row.text("site", finding.site.empty() ? "" : "Site").text("group", finding.group_label);
  row.text("who", store::words_beside(finding.message, finding.who));
  row.text("hits", finding.hits > 1 ? counted(finding.hits, "event", "events") : "");
  return row;
}

NoRows no_rows(const Form& form, const Address& here) {
  if (!here.filters())
    return {"No findings yet",
            "Rules look at logs that are scanned or followed. What they find in one that is tracked is listed here:",
            {{"See the rules", "/rules"}},
            true};
  NoRows none{"Nothing matches this filter", "No finding that is stored has all of what was asked for."};
  for (const auto& [name, label] : {std::pair("severity", "Any level"), std::pair("target", "Any target"),
                                    std::pair("group", "Any group"), std::pair("since_hours", "Any time")})
    if (!form[name].empty()) none.links.emplace_back(label, here.with(name, "").text());
  none.links.emplace_back("Clear the filter", kPath);
  return none;
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  const Address here = here_of(form);
  auto asked = query::read_findings(here.with("cursor", form["cursor"]).query(), defaults_of(context, request));
  if (!asked) return error_of(asked.faults);
  auto page = query::findings(context.reading(), *asked.value);
  if (!page) return page.error();
  auto sources = context.reading().findings().sources(kSourcesOffered, asked->filter.sites);
  if (!sources) return sources.error();
  View view;
  std::vector<View> rows, names;
  for (const store::Finding& finding : page->rows) rows.push_back(row_of(finding));
  for (const std::string& source : sources.value()) {
    View name;
    name.text("name", source);
    names.push_back(std::move(name));
  }
  add_filter(view, form, here);
  add_fleet_filter(view, context, request, form);
  add_list(view, {kPath, "findings", "Findings, the newest first"}, here, form["cursor"].empty(), page.value(),
           std::move(rows), [&] { return no_rows(form, here); });
  view.rows("sources", std::move(names));
  view.text("done", form["done"] == "dismissed" ? "Dismissed. Lists leave it out from now on." : "");
  return context.page(request, "findings", "Findings", kPath, std::move(view));
}

Result<std::optional<store::Finding>> finding_named(const Context& context, const Request& request) {
  const std::string_view text = request.parameter("id");
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return std::optional<store::Finding>();
  return context.reading().findings().get(id, query::sites_of(*request.principal));
}

void add_rule(View& view, const Context& context, const std::string& id) {
  const auto program = context.program.get();
  const detect::Rule* loaded = program ? program.value()->rules().find(id) : nullptr;
  const detect::Rule* rule = loaded ? &as_written(*loaded) : nullptr;
  view.text("rule_href", rule ? "/rules/" + web::percent_encoded(id) : "");
  const alert::AnomalyRule* const anomaly = rule ? nullptr : alert::anomaly_rule(id);
  view.text("description", anomaly ? anomaly->what : rule ? std::string_view(rule->description) : std::string_view());
  web::add_texts(view, "false_positives", rule ? rule->false_positives : std::vector<std::string>());
}

// The events that led to it, as far as they are still stored.
Result<Done> add_evidence(View& view, const Context& context, const store::Finding& finding) {
  std::vector<View> rows;
  for (const std::uint64_t seq : finding.evidence) {
    auto event = event_numbered(context.reading(), finding.site, seq);
    if (!event) return event.error();
    if (!event.value()) continue;
    View row;
    const SignalSpec* const spec = catalogue::find(event.value()->type);
    row.text("name", spec ? spec->name : std::string_view())
        .text("type", event.value()->type)
        .time("at", event.value()->created_at);
    rows.push_back(std::move(row));
  }
  view.flag("has_evidence", !rows.empty()).rows("evidence", std::move(rows));
  view.text("events_href", Address("/events").with("site", finding.site).text());
  return Done{};
}

Result<Answer> detail(const Context& context, const Request& request) {
  auto found = finding_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "finding");
  const store::Finding& finding = *found.value();
  View view;
  add_level(view, finding.level);
  const query::FindingWords words = query::words_of(finding);
  view.text("message", words.what).text("source", finding.source).text("rule", finding.rule);
  std::vector<View> labels;
  for (const auto& [name, value] : words.labels) {
    View label;
    label.text("name", name).text("value", value.empty() ? "(empty)" : value);
    labels.push_back(std::move(label));
  }
  view.flag("has_labels", !labels.empty()).rows("labels", std::move(labels));
  view.time("time", finding.time)
      .time("stored", finding.stored_at)
      .flag("dismissed", finding.dismissed)
      .flag("demo", finding.demo);
  view.text("line", finding.line == 0 ? "" : grouped(finding.line)).text("number", std::to_string(finding.id));
  view.text("group", finding.group_label).text("hits", finding.hits > 1 ? grouped(finding.hits) : "");
  view.text("address", finding.who.address).text("account", finding.who.account).text("target", finding.who.target);
  view.text("outcome", store::outcome_words(finding.who));
  view.time("first", finding.first_time != finding.time ? finding.first_time : 0);
  view.text("site_href", finding.site.empty() ? "" : "/sites/" + web::percent_encoded(finding.site));
  if (auto added = add_evidence(view, context, finding); !added) return added.error();
  add_rule(view, context, finding.rule);
  view.text("source_href", Address(kPath).with("source", finding.source).text());
  view.text("same_rule", Address(kPath).with("rule", finding.rule).text());
  view.text("same_source", Address(kPath).with("source", finding.source).text());
  view.flag("may_dismiss", !finding.dismissed && request.principal->may(web::Role::analyst));
  add_explaining(view, context, request, fmt::format("/findings/{}/explain", finding.id));
  const Address dismiss = Address("/dismissals/new").with("rule", finding.rule);
  view.text("dismiss_here", dismiss.with("source", finding.source).text()).text("dismiss_everywhere", dismiss.text());
  return context.page(request, "finding", finding.title.empty() ? finding.rule : finding.title, kPath, std::move(view));
}

Cells cells_of(const store::Finding& finding) {
  return {std::to_string(finding.id),
          web::iso_time(finding.time),
          std::string(level_name(finding.level)),
          finding.rule,
          finding.title,
          finding.source,
          finding.line == 0 ? "" : std::to_string(finding.line),
          finding.message,
          finding.site,
          finding.group_label,
          std::to_string(finding.hits),
          web::iso_time(finding.first_time),
          finding.who.address,
          finding.who.account,
          finding.who.target,
          finding.who.status == 0 ? "" : std::to_string(finding.who.status),
          std::string(store::outcome_name(finding.who.outcome))};
}

Result<Answer> file(const Context& context, const Request& request, const Form& form, FileForm as) {
  const query::Defaults defaults = defaults_of(context, request);
  const std::string query = here_of(form).query();
  if (auto asked = query::read_findings(query, defaults); !asked) return error_of(asked.faults);
  Export what{
      "findings",
      {{"id", true},
       {"time"},
       {"severity"},
       {"rule_id"},
       {"title"},
       {"source"},
       {"line", true},
       {"message"},
       {"site"},
       {"group"},
       {"hits", true},
       {"first_time"},
       {"address"},
       {"account"},
       {"target"},
       {"status", true},
       {"outcome"}},
      pages_of(
          query, defaults, query::read_findings,
          [&context](const query::AskedFindings& asked) { return query::findings(context.reading(), asked); }, cells_of)};
  return exported(std::move(what), as, context.options.log);
}

}  // namespace

void add_findings(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/findings", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  routes.push_back(
      context.get("/findings/{id}", [&context](const Request& request, const Form&) { return detail(context, request); }));
  add_files(context, routes, std::string(kPath), file);
}

}  // namespace logystera::dashboard

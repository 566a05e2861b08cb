// Findings: what did rules see?
#include <fmt/core.h>

#include <charconv>

#include "core/printable.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/rule_book.hpp"
#include "detect/rule.hpp"
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
  return Address(kPath, form, {"q", "severity", "since_hours", "source", "rule", "dismissed"});
}

void add_filter(View& view, const Form& form, const Address& here) {
  view.text("q", form["q"]).text("source", form["source"]).text("rule", form["rule"]).flag("filtered", here.filters());
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
  row.text("title", finding.title.empty() ? finding.rule : finding.title).text("message", finding.message);
  row.text("source", finding.source).time("time", finding.time).flag("dismissed", finding.dismissed);
  row.text("href", fmt::format("/findings/{}", finding.id));
  return row;
}

void add_empty(View& view, const Form& form, const Address& here, bool more) {
  std::vector<View> links;
  const auto link = [&](std::string label, std::string href) {
    View row;
    row.text("label", label).text("href", href);
    links.push_back(std::move(row));
  };
  if (more) {
    view.text("empty_title", "Nothing in the newest 50,000");
    view.text("empty_words", "The filter matched none of the findings looked at so far. There are older ones.");
  } else if (!here.filters()) {
    view.text("empty_title", "No findings yet");
    view.text("empty_words",
              "Rules look at logs that are scanned or followed. What they find in one that is tracked is listed here:");
    view.flag("says_how", true);
    link("See the rules", "/rules");
  } else {
    view.text("empty_title", "Nothing matches this filter");
    view.text("empty_words", "No finding that is stored has all of what was asked for.");
    if (!form["severity"].empty()) link("Any level", here.with("severity", "").text());
    if (!form["since_hours"].empty()) link("Any time", here.with("since_hours", "").text());
    link("Clear the filter", std::string(kPath));
  }
  view.rows("empty_links", std::move(links));
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
  add_pager(view, kPath, form["cursor"].empty(), rows.size(), page->newer, page->older, page->total);
  add_filter(view, form, here);
  if (rows.empty()) add_empty(view, form, here, page->searching);
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows)).rows("sources", std::move(names));
  view.text("caption", "Findings, the newest first").view("export", export_links(kPath, here));
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
  view.text("description", rule ? rule->description : "");
  web::add_texts(view, "false_positives", rule ? rule->false_positives : std::vector<std::string>());
}

Result<Answer> detail(const Context& context, const Request& request) {
  auto found = finding_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "finding");
  const store::Finding& finding = *found.value();
  View view;
  add_level(view, finding.level);
  view.text("message", finding.message).text("source", finding.source).text("rule", finding.rule);
  view.time("time", finding.time)
      .time("stored", finding.stored_at)
      .flag("dismissed", finding.dismissed)
      .flag("demo", finding.demo);
  view.text("line", finding.line == 0 ? "" : grouped(finding.line)).text("number", std::to_string(finding.id));
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
          finding.message};
}

Result<Answer> file(const Context& context, const Request& request, const Form& form, FileForm as) {
  const query::Defaults defaults = defaults_of(context, request);
  const std::string query = here_of(form).query();
  if (auto asked = query::read_findings(query, defaults); !asked) return error_of(asked.faults);
  Export what{
      "findings",
      {{"id", true}, {"time"}, {"severity"}, {"rule_id"}, {"title"}, {"source"}, {"line", true}, {"message"}},
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
  routes.push_back(context.get("/findings.csv", [&context](const Request& request, const Form& form) {
    return file(context, request, form, FileForm::csv);
  }));
  routes.push_back(context.get("/findings.json", [&context](const Request& request, const Form& form) {
    return file(context, request, form, FileForm::json);
  }));
}

}  // namespace logystera::dashboard

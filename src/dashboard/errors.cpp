// Errors: which recur, which are new, which came back?
#include <fmt/core.h>

#include "core/printable.hpp"
#include "dashboard/export.hpp"
#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/errors";
constexpr std::int64_t kFreshSeconds = kDay;          // an error first seen within is new
constexpr std::int64_t kRegressedSeconds = 7 * kDay;  // one that came back within is listed as such
constexpr std::size_t kSourcesShown = 20;

Address here_of(const Form& form) {
  return Address(kPath, form, {"q", "severity", "since_hours", "target", "group", "sort", "new", "regressed"});
}

std::string_view tab_of(const query::AskedErrors& asked) {
  return asked.filter.new_since ? "new" : asked.filter.returned_since ? "regressed" : "";
}

bool has_returned(const store::ErrorGroup& group, std::int64_t now) {
  return group.returned_at != 0 && group.returned_at >= now - kRegressedSeconds;
}

View row_of(const store::ErrorGroup& group, std::int64_t now) {
  View row;
  add_severity(row, group.severity);
  row.text("pattern", group.pattern).text("source", group.source).number("count", group.count);
  row.time("last", group.last_seen)
      .time("first", group.first_seen)
      .text("href", "/errors/" + web::percent_encoded(group.fingerprint));
  row.flag("regressed", has_returned(group, now)).text("silence", span_words(group.silent_seconds));
  row.flag("fresh", group.first_seen >= now - kFreshSeconds);
  return row;
}

void add_tabs(View& view, const Address& here, std::string_view current) {
  const Address plain = here.with("new", "").with("regressed", "");
  std::vector<View> tabs;
  const auto tab = [&](std::string_view name, std::string_view label) {
    View row;
    row.text("label", label).flag("current", current == name);
    row.text("href", (name.empty() ? plain : plain.with(name, "true")).text());
    tabs.push_back(std::move(row));
  };
  tab("", "All");
  tab("new", "New");
  tab("regressed", "Came back");
  view.rows("tabs", std::move(tabs)).text("tab", current);
}

void add_heads(View& view, const Address& here, store::ErrorSort sorted) {
  std::vector<View> heads;
  const auto head = [&](std::string_view value, std::string_view label, store::ErrorSort sort) {
    View row;
    row.text("label", label).flag("current", sorted == sort).flag("numeric", sort == store::ErrorSort::count);
    row.text("href", here.with("sort", value).text());
    heads.push_back(std::move(row));
  };
  head("count", "Count", store::ErrorSort::count);
  head("", "Last seen", store::ErrorSort::last_seen);
  head("first_seen", "First seen", store::ErrorSort::first_seen);
  view.rows("heads", std::move(heads));
}

void add_filter(View& view, const Form& form, const Address& here) {
  view.text("q", form["q"]).text("sort", form["sort"]).flag("filtered", here.with("sort", "").filters());
  view.rows(
      "severities",
      options_of({{"", "Any"}, {"warning", "Warning or worse"}, {"error", "Error or worse"}, {"critical", "Critical"}},
                 form["severity"]));
  view.rows("periods",
            options_of({{"", "All"}, {"24", "24 hours"}, {"168", "7 days"}, {"720", "30 days"}}, form["since_hours"]));
}

NoRows no_rows(const Form& form, const Address& here, std::string_view tab) {
  if (!here.with("sort", "").filters())
    return {"No errors recorded",
            "Errors of logs are grouped by what they say. A scan that tracks them, or a log that is followed, brings them "
            "here:",
            {},
            true};
  NoRows none{"Nothing matches this filter", "No group of errors that is stored has all of what was asked for."};
  if (!here.with("sort", "").with("new", "").with("regressed", "").filters()) {
    if (tab == "new") none = {"No new errors", "No error was seen for the first time within 24 hours."};
    else if (tab == "regressed")
      none = {"Nothing came back", "No error returned within 24 hours after it had been silent for a day or longer."};
  }
  if (!form["target"].empty()) none.links.emplace_back("Any target", here.with("target", "").text());
  if (!form["group"].empty()) none.links.emplace_back("Any group", here.with("group", "").text());
  none.links.emplace_back("All errors", kPath);
  return none;
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  const Address here = here_of(form);
  auto asked = query::read_errors(here.with("cursor", form["cursor"]).query(), defaults_of(context, request));
  if (!asked) return error_of(asked.faults);
  auto page = query::errors(context.reading(), *asked.value);
  if (!page) return page.error();
  View view;
  std::vector<View> rows;
  for (const store::ErrorGroup& group : page->rows) rows.push_back(row_of(group, context.now()));
  const std::string_view tab = tab_of(*asked.value);
  add_tabs(view, here, tab);
  add_heads(view, here, asked->filter.sort);
  add_filter(view, form, here);
  add_fleet_filter(view, context, request, form);
  add_list(view, {kPath, "errors", "Errors of one message each, values left out"}, here, form["cursor"].empty(),
           page.value(), std::move(rows), [&] { return no_rows(form, here, tab); });
  return context.page(request, "errors", "Errors", kPath, std::move(view));
}

Result<Answer> detail(const Context& context, const Request& request) {
  if (query::sites_of(*request.principal))
    return context.not_found(request, "error");  // errors are of logs, which belong to no site
  store::ErrorStore& errors = context.reading().errors();
  const std::string fingerprint(request.parameter("fingerprint"));
  auto found = errors.find(fingerprint);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "error");
  auto occurrences = errors.occurrences(fingerprint);
  if (!occurrences) return occurrences.error();
  auto sources = errors.sources(fingerprint, kSourcesShown);
  if (!sources) return sources.error();
  const store::ErrorGroup& group = *found.value();
  View view;
  std::vector<View> rows, names;
  for (const store::ErrorOccurrence& occurrence : occurrences.value()) {
    View row;
    row.time("time", occurrence.time).text("message", occurrence.message).text("source", occurrence.source);
    row.text("line", occurrence.line == 0 ? "" : grouped(occurrence.line));
    rows.push_back(std::move(row));
  }
  for (const std::string& source : sources.value()) {
    View name;
    name.text("name", source);
    names.push_back(std::move(name));
  }
  add_severity(view, group.severity);
  view.text("pattern", group.pattern).number("count", group.count).text("count_word", group.count == 1 ? "time" : "times");
  view.time("first", group.first_seen).time("last", group.last_seen).text("fingerprint", group.fingerprint);
  view.flag("regressed", has_returned(group, context.now()))
      .time("returned", group.returned_at)
      .text("silence", span_words(group.silent_seconds));
  view.text("occurrences_caption", rows.size() < store::kOccurrencesShown
                                       ? "Occurrences, the newest first"
                                       : fmt::format("The newest {} occurrences", rows.size()));
  view.rows("occurrences", std::move(rows)).rows("sources", std::move(names));
  add_explaining(view, context, request, "/errors/" + web::percent_encoded(group.fingerprint) + "/explain");
  return context.page(request, "error", "Error: " + group.pattern, kPath, std::move(view));
}

Cells cells_of(const store::ErrorGroup& group) {
  return {group.fingerprint,
          std::string(severity_name(group.severity)),
          group.pattern,
          group.source,
          std::to_string(group.count),
          web::iso_time(group.first_seen),
          web::iso_time(group.last_seen)};
}

Result<Answer> file(const Context& context, const Request& request, const Form& form, FileForm as) {
  const query::Defaults defaults = defaults_of(context, request);
  const std::string query = here_of(form).query();
  if (auto asked = query::read_errors(query, defaults); !asked) return error_of(asked.faults);
  Export what{
      "errors",
      {{"fingerprint"}, {"severity"}, {"normalized_msg"}, {"source"}, {"count", true}, {"first_seen"}, {"last_seen"}},
      pages_of(
          query, defaults, query::read_errors,
          [&context](const query::AskedErrors& asked) { return query::errors(context.reading(), asked); }, cells_of)};
  return exported(std::move(what), as, context.options.log);
}

}  // namespace

void add_errors(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/errors", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  routes.push_back(context.get("/errors/{fingerprint}",
                               [&context](const Request& request, const Form&) { return detail(context, request); }));
  add_files(context, routes, std::string(kPath), file);
}

}  // namespace logystera::dashboard

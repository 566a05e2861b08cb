// What nobody wants to see again: shown before it is hidden, and taken back.
#include <fmt/core.h>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "dashboard/pages.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::size_t kReasonBytes = 800, kNameBytes = 1024;

Result<Done> check_names(const Form& form) {
  if (form["rule"].empty()) return Error{"rule is missing", ErrorKind::invalid};
  if (form["rule"].size() > kNameBytes || form["source"].size() > kNameBytes || form["reason"].size() > kReasonBytes) {
    return Error{fmt::format("rule and source have at most {} bytes, a reason {}", kNameBytes, kReasonBytes),
                 ErrorKind::invalid};
  }
  return Done{};
}

// Dismissals are of what was found in logs, which belong to no site.
bool sees_logs(const Request& request) { return !query::sites_of(*request.principal); }

Answer no_logs(const Context& context, const Request& request) {
  return context.shell.problem(request, 403, "You see some sites only",
                               "What is found in logs belongs to no site. Somebody who sees everything can dismiss it.");
}

std::string as_json(const Form& form) {
  JsonText text(JsonText::Reader::program);
  text.begin_object()
      .member("rule", form["rule"])
      .member("source", form["source"])
      .member("reason", form["reason"])
      .end_object();
  return text.take();
}

Result<Answer> preview(const Context& context, const Request& request, const Form& form) {
  if (!sees_logs(request)) return no_logs(context, request);
  if (auto fine = check_names(form); !fine) return fine.error();
  auto seen = context.reading().findings().preview(form["rule"], form["source"]);
  if (!seen) return seen.error();
  std::vector<View> sources;
  for (const auto& [name, findings] : seen->by_source) {
    View row;
    row.text("name", name).number("count", findings);
    sources.push_back(std::move(row));
  }
  View view;
  view.text("rule", form["rule"]).text("source", form["source"]).number("count", seen->findings);
  view.text("count_word", seen->findings == 1 ? "finding" : "findings").flag("has_sources", !sources.empty());
  view.rows("by_source", std::move(sources)).text("back", Address("/findings").with("rule", form["rule"]).text());
  return context.page(request, "dismiss", "Dismiss findings?", "/findings", std::move(view));
}

Result<Answer> dismiss(const Context& context, const Request& request, const Form& form) {
  if (!sees_logs(request)) return no_logs(context, request);
  if (auto fine = check_names(form); !fine) return fine.error();
  const store::Dismissal dismissal{std::string(form["rule"]), std::string(form["source"]), std::string(form["reason"]),
                                   context.now()};
  auto done = context.change(
      request, [&](store::Stores& stores) { return stores.findings().dismiss(dismissal); }, "finding.dismiss", form["rule"],
      "", as_json(form));
  if (!done) return done.error();
  return web::see_other("/findings?done=dismissed");
}

Result<Answer> undo(const Context& context, const Request& request, const Form& form) {
  if (!sees_logs(request)) return no_logs(context, request);
  if (auto fine = check_names(form); !fine) return fine.error();
  auto done = context.change(
      request,
      [&](store::Stores& stores) -> Result<Done> {
        auto undone = stores.findings().undismiss(form["rule"], form["source"]);
        if (!undone) return undone.error();
        return Done{};
      },
      "finding.undismiss", form["rule"], as_json(form), "");
  if (!done) return done.error();
  return web::see_other("/dismissals");
}

Result<Answer> list(const Context& context, const Request& request) {
  auto dismissals = context.reading().findings().dismissals();
  if (!dismissals) return dismissals.error();
  std::vector<View> rows;
  for (const store::Dismissal& dismissal : dismissals.value()) {
    if (!sees_logs(request)) break;
    View row;
    row.text("rule", dismissal.rule)
        .text("source", dismissal.source)
        .text("reason", dismissal.reason)
        .time("at", dismissal.at);
    row.text("href", Address("/findings")
                         .with("rule", dismissal.rule)
                         .with("source", dismissal.source)
                         .with("dismissed", "only")
                         .text());
    rows.push_back(std::move(row));
  }
  View view;
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows));
  return context.page(request, "dismissals", "What is dismissed", "/findings", std::move(view));
}

}  // namespace

void add_dismissals(const Context& context, Routes& routes) {
  routes.push_back(
      context.get("/dismissals", [&context](const Request& request, const Form&) { return list(context, request); }));
  routes.push_back(context.get(
      "/dismissals/new", [&context](const Request& request, const Form& form) { return preview(context, request, form); },
      "analyst"));
  routes.push_back(context.post(
      "/dismissals", [&context](const Request& request, const Form& form) { return dismiss(context, request, form); },
      "analyst"));
  routes.push_back(context.post(
      "/dismissals/undo", [&context](const Request& request, const Form& form) { return undo(context, request, form); },
      "analyst"));
}

}  // namespace logystera::dashboard

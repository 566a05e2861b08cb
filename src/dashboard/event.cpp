// One event: what does it say, and what do rules make of it?
#include <fmt/core.h>

#include <algorithm>

#include "dashboard/event_view.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/trial_view.hpp"
#include "detect/rule.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/events";
constexpr std::size_t kRuleFormBytes = 8 * 1024;

using Found = Result<std::optional<query::Signal>>;

Found event_of(const Context& context, const Request& request, bool personal) {
  return query::signal(context.reading(), request.parameter("event_id"), query::sites_of(*request.principal),
                       personal ? nullptr : &context.pseudonyms);
}

// The rules that look at it, the gravest first. `line`: as it was sent.
Result<std::vector<View>> rules_for(const analysis::Program& program, std::string_view line, std::string_view chosen) {
  auto looking = analysis::rules_looking_at(program, line, analysis::kEventFormat);
  if (!looking) return looking.error();
  const auto& rules = program.rules().rules;
  std::stable_sort(looking->begin(), looking->end(),
                   [&](std::uint32_t a, std::uint32_t b) { return rules[a].level > rules[b].level; });
  std::vector<View> options;
  for (const std::uint32_t number : looking.value()) {
    const detect::Rule& rule = rules[number];
    View option;
    option.text("value", rule.id).flag("selected", rule.id == chosen);
    option.text("label", fmt::format("{}: {}", level_name(rule.level), rule.title.empty() ? rule.id : rule.title));
    options.push_back(std::move(option));
  }
  return options;
}

Result<Answer> event_page(const Context& context, const Request& request, const query::Signal& shown, View view,
                          std::string_view chosen) {
  view.view("event", event_view(shown));
  view.text("try_action", fmt::format("{}/{}/try", kPath, query::uuid_text(shown.event.id)));
  const auto program = context.program.get();
  if (program && request.principal->may(web::Role::analyst)) {
    auto whole = event_of(context, request, true);
    if (!whole) return whole.error();
    if (!whole.value()) return context.not_found(request, "event");
    auto rules = rules_for(*program.value(), whole.value()->event.line, chosen);
    if (!rules) return rules.error();
    view.flag("has_rules", !rules->empty()).rows("rules", std::move(rules).value());
  }
  return context.page(request, "event", std::string(query::name_of(shown)), kPath, std::move(view));
}

Result<Answer> show(const Context& context, const Request& request) {
  auto found = event_of(context, request, false);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "event");
  return event_page(context, request, *found.value(), View(), "");
}

// Personal data goes into the rule, and not onto the page.
Result<Answer> try_it(const Context& context, const Request& request, const Form& form) {
  auto whole = event_of(context, request, true);
  if (!whole) return whole.error();
  if (!whole.value()) return context.not_found(request, "event");
  const auto program = context.program.get();
  if (!program) return program.error();
  const auto& rules = program.value()->rules().rules;
  const auto rule = std::find_if(rules.begin(), rules.end(), [&](const auto& one) { return one.id == form["rule"]; });
  if (rule == rules.end()) return context.not_found(request, "rule");
  auto trial = analysis::try_rule(*program.value(), static_cast<std::uint32_t>(rule - rules.begin()),
                                  whole.value()->event.line, analysis::kEventFormat);
  if (!trial) return trial.error();
  auto shown = event_of(context, request, false);
  if (!shown) return shown.error();
  if (!shown.value()) return context.not_found(request, "event");
  std::vector<analysis::TriedRecord::Field> fields;
  for (const auto& label : shown.value()->labels) fields.push_back({label.name, label.text});
  analysis::show_instead(trial.value(), "", fields);
  View view;
  view.view("trial", trial_view(trial.value(), 1, rule->id));
  return event_page(context, request, *shown.value(), std::move(view), rule->id);
}

}  // namespace

void add_event(const Context& context, Routes& routes) {
  routes.push_back(context.get("/events/{event_id}",
                               [&context](const Request& request, const Form&) { return show(context, request); }));
  routes.push_back(
      context.post("/events/{event_id}/try",
                   [&context](const Request& request, const Form& form) { return try_it(context, request, form); },
                   "analyst", {.bytes = kRuleFormBytes}));
}

}  // namespace logystera::dashboard

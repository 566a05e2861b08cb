// Rules that are snoozed, muted or disabled: which, since when, by whom and why.
#include <fmt/core.h>

#include <charconv>

#include "alert/state.hpp"
#include "core/json_text.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/pages.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::string_view kPath = "/switches";
constexpr std::int64_t kReminderSeconds = 30 * kDay;  // after which one is asked whether it is still meant

std::string as_json(const store::RuleSwitch& one) {
  JsonText json(JsonText::Reader::program);
  json.begin_object().member("rule", one.rule).member("site", one.site).member("state", alert::switch_name(one.state));
  json.number("until", one.until).member("reason", one.reason).end_object();
  return json.take();
}

// A rule everywhere is for those who see everywhere; anything but a snooze for administrators.
std::optional<Answer> refusal(const Context& context, const Request& request, const std::string& site,
                              alert::Switch state) {
  if (site.empty() && !request.principal->all_sites) {
    return context.shell.problem(
        request, 403, "You see some sites only",
        "A rule can be silenced everywhere by somebody who sees every site. Choose a site of yours.");
  }
  if (state != alert::Switch::snoozed && !request.principal->may(web::Role::admin)) {
    return context.shell.problem(
        request, 403, "An administrator may do this",
        "Muting and disabling have no end of their own, so an administrator does it. Snooze it instead.");
  }
  return std::nullopt;
}

// A site he does not see is one there is not.
Result<bool> is_site_of(const Context& context, const Request& request, const std::string& site) {
  if (site.empty()) return true;
  if (!request.principal->sees(site)) return false;
  auto entity = context.reading().entities().find(site);
  if (!entity) return entity.error();
  return entity.value().has_value();
}

Result<Answer> list(const Context& context, const Request& request, const Form& form) {
  auto all = context.reading().alerts().switches({});
  if (!all) return all.error();
  auto names = site_names(context, request);
  if (!names) return names.error();
  std::vector<View> rows;
  for (const store::RuleSwitch& one : all.value()) {
    if (!one.site.empty() && !request.principal->sees(one.site)) continue;
    const bool snoozed = one.state == alert::Switch::snoozed;
    if (snoozed && one.until <= context.now()) continue;
    View row;
    row.text("rule", one.rule).text("rule_href", "/rules/" + web::percent_encoded(one.rule)).text("site_token", one.site);
    row.text("site", one.site.empty() ? "Everywhere" : site_name(names.value(), one.site));
    row.text("what", snoozed                                ? "Snoozed"
                     : one.state == alert::Switch::muted    ? "Muted"
                     : one.state == alert::Switch::disabled ? "Disabled"
                                                            : "Switched on");
    row.time("until", snoozed ? one.until : 0).text("by", one.by).text("reason", one.reason).time("at", one.at);
    row.flag("old", !snoozed && one.state != alert::Switch::on && context.now() - one.at >= kReminderSeconds);
    row.flag("may_end", request.principal->may(snoozed ? web::Role::analyst : web::Role::admin) &&
                            (!one.site.empty() || request.principal->all_sites));
    rows.push_back(std::move(row));
  }
  View view;
  view.text("done", form["done"] == "set" ? "Done." : form["done"] == "ended" ? "Taken back." : "");
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows));
  return context.page(request, "switches", "Silenced rules", "/alerts", std::move(view));
}

Result<Answer> compose(const Context& context, const Request& request, const Form& form) {
  if (form["rule"].empty() || form["rule"].size() > query::kNameBytes) {
    return Error{"rule must name a rule", ErrorKind::invalid};
  }
  auto names = site_names(context, request);
  if (!names) return names.error();
  View view;
  view.text("rule", form["rule"]).rows("sites", site_options(names.value(), form["site"]));
  view.flag("everywhere", request.principal->all_sites);
  return context.page(request, "switch", "Silence a rule?", "/alerts", std::move(view));
}

Result<std::int64_t> until_in(const Form& form, std::int64_t now) {
  std::int64_t hours = 0;
  const std::string_view text = form["hours"];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), hours);
  if (error != std::errc() || end != text.data() + text.size() || hours < 1 || hours > 90 * 24) {
    return Error{"a snooze lasts 1 to 2160 hours", ErrorKind::invalid};
  }
  return now + hours * kHour;
}

Result<Done> tell(const Context& context, store::Stores& stores, const Result<std::vector<alert::Tell>>& tells) {
  if (!tells) return tells.error();
  if (!context.options.telling || tells->empty()) return Done{};
  return context.options.telling(stores, *tells.operator->());
}

Result<Answer> set(const Context& context, const Request& request, const Form& form) {
  store::RuleSwitch one;
  one.rule = form["rule"];
  one.site = form["site"];
  one.reason = form["reason"];
  one.by = request.principal->name;
  one.at = context.now();
  const auto state = alert::switch_from(form["do"]);
  if (!state) return Error{"do must be snoozed, muted, disabled or on", ErrorKind::invalid};
  if (one.rule.empty() || one.rule.size() > query::kNameBytes) return Error{"rule must name a rule", ErrorKind::invalid};
  one.state = *state;
  if (auto refused = refusal(context, request, one.site, one.state)) return std::move(*refused);
  auto site = is_site_of(context, request, one.site);
  if (!site) return site.error();
  if (!site.value()) return context.not_found(request, "site");
  if (one.state == alert::Switch::snoozed) {
    auto until = until_in(form, context.now());
    if (!until) return until.error();
    one.until = until.value();
  }
  auto done = context.change(
      request,
      [&](store::Stores& stores) { return tell(context, stores, processor::set_switch(stores, one, context.now())); },
      "rule.switch", one.rule, "", as_json(one));
  if (!done) {
    if (done.error().kind != ErrorKind::exists) return done.error();
    return context.shell.problem(
        request, 409, "Nothing was done",
        "An administrator has switched this rule there. Take that back first, or snooze its alerts.");
  }
  return web::see_other("/switches?done=set");
}

Result<Answer> end(const Context& context, const Request& request, const Form& form) {
  const std::string rule(form["rule"]), site(form["site"]);
  if (!site.empty() && !request.principal->sees(site)) return context.not_found(request, "switch");
  auto all = context.reading().alerts().switches(rule);
  if (!all) return all.error();
  const auto found = std::find_if(all->begin(), all->end(), [&](const store::RuleSwitch& one) { return one.site == site; });
  if (rule.empty() || found == all->end()) return context.not_found(request, "switch");
  if (auto refused = refusal(context, request, site, found->state)) return std::move(*refused);
  auto done = context.change(
      request,
      [&](store::Stores& stores) {
        return tell(context, stores, processor::clear_switch(stores, rule, site, request.principal->name, context.now()));
      },
      "rule.switch", rule, as_json(*found), "");
  if (!done) {
    if (done.error().kind == ErrorKind::not_found) return context.not_found(request, "switch");
    return done.error();
  }
  return web::see_other("/switches?done=ended");
}

}  // namespace

void add_switches(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/switches", [&context](const Request& request, const Form& form) { return list(context, request, form); }));
  routes.push_back(context.get(
      "/switches/new", [&context](const Request& request, const Form& form) { return compose(context, request, form); },
      "analyst"));
  routes.push_back(context.post(
      "/switches", [&context](const Request& request, const Form& form) { return set(context, request, form); },
      "analyst"));
  routes.push_back(context.post(
      "/switches/end", [&context](const Request& request, const Form& form) { return end(context, request, form); },
      "analyst"));
}

}  // namespace logystera::dashboard

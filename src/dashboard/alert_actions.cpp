// What the forms of alerts do. Each leads back to where it was sent from; what somebody else has changed meanwhile is shown, and is no
// error.
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
using Verb = alert::Action::Verb;

constexpr std::size_t kBulkFields = kRows + 16;

Result<std::int64_t> seconds_in(std::string_view text) {
  for (const auto& [word, seconds] : {std::pair<std::string_view, std::int64_t>{"1h", alert::kHour},
                                      {"4h", 4 * alert::kHour},
                                      {"8h", 8 * alert::kHour},
                                      {"24h", alert::kDay},
                                      {"7d", 7 * alert::kDay},
                                      {"30d", 30 * alert::kDay},
                                      {"90d", 90 * alert::kDay}}) {
    if (text == word) return seconds;
  }
  return Error{"a snooze lasts 1, 4, 8 or 24 hours, or 7, 30 or 90 days", ErrorKind::invalid};
}

Result<std::uint64_t> hits_in(std::string_view text) {
  if (text.empty()) return std::uint64_t{0};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 || number > 1'000'000'000) {
    return Error{"hits must be a number from 1 to 1000000000", ErrorKind::invalid};
  }
  return number;
}

Result<alert::Action> action_of(const Context& context, const Request& request, const Form& form, Verb verb) {
  alert::Action action;
  action.verb = verb;
  action.actor = request.principal->name;
  action.note = form["note"];
  action.assignee = form["assignee"];
  if (verb != Verb::snooze) return action;
  auto seconds = seconds_in(form["for"]);
  if (!seconds) return seconds.error();
  auto hits = hits_in(form["hits"]);
  if (!hits) return hits.error();
  action.snooze.until = context.now() + seconds.value();
  action.snooze.until_hits = hits.value();
  action.snooze.reason = form["reason"];
  return action;
}

std::string as_json(const alert::Action& action) {
  JsonText json(JsonText::Reader::program);
  json.begin_object();
  if (action.verb == Verb::snooze) json.number("until", action.snooze.until).member("reason", action.snooze.reason);
  if (action.verb == Verb::assign) json.member("assignee", action.assignee);
  if (!action.note.empty()) json.member("note", action.note);
  json.end_object();
  return json.take();
}

// Does it, notes it and tells of it, all or nothing.
Result<Done> change(const Context& context, const Request& request, std::int64_t id, alert::Action action,
                    bool until_rise) {
  return context.change(
      request,
      [&](store::Stores& stores) -> Result<Done> {
        const store::SiteScope sites = query::sites_of(*request.principal);
        auto alert = stores.alerts().get(id, sites);
        if (!alert) return alert.error();
        if (!alert.value()) return Error{"there is no such alert", ErrorKind::not_found};
        if (until_rise && alert.value()->level < Level::critical) {
          action.snooze.until_level = static_cast<Level>(static_cast<int>(alert.value()->level) + 1);
        }
        if (action.verb == Verb::assign && !action.assignee.empty()) {
          auto user = stores.accounts().find_user(action.assignee);
          if (!user) return user.error();
          if (!user.value()) return Error{"there is no user of that name", ErrorKind::invalid};
        }
        auto tells = processor::act(stores, id, action, sites, context.now());
        if (!tells) return tells.error();
        if (!context.options.telling || tells->empty()) return Done{};
        return context.options.telling(stores, tells.value());
      },
      fmt::format("alert.{}", alert::verb_name(action.verb)), std::to_string(id), "", as_json(action));
}

Result<Answer> act(const Context& context, const Request& request, const Form& form, Verb verb) {
  auto found = alert_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "alert");
  auto action = action_of(context, request, form, verb);
  if (!action) return action.error();
  auto done = change(context, request, found.value()->id, action.value(), form["until_rise"] == "1");
  if (!done) {
    if (done.error().kind == ErrorKind::not_found) return context.not_found(request, "alert");
    if (done.error().kind != ErrorKind::denied && done.error().kind != ErrorKind::exists) return done.error();
    return web::see_other(path_of(*found.value()) + "?done=conflict");
  }
  return web::see_other(fmt::format("{}?done={}", path_of(*found.value()), alert::verb_name(verb)));
}

// The numbers of the boxes that are ticked: "alert-812".
std::vector<std::int64_t> ticked(const Form& form) {
  constexpr std::string_view kBox = "alert-";
  std::vector<std::int64_t> ids;
  for (const auto& [name, value] : form.fields()) {
    if (!name.starts_with(kBox)) continue;
    std::int64_t id = 0;
    const char* const end = name.data() + name.size();
    if (const auto read = std::from_chars(name.data() + kBox.size(), end, id); read.ec == std::errc() && read.ptr == end) {
      ids.push_back(id);
    }
  }
  return ids;
}

Result<Answer> act_on_several(const Context& context, const Request& request, const Form& form) {
  const std::string_view word = form["do"];
  const Verb verb = word == "resolve" ? Verb::resolve : word == "snooze" ? Verb::snooze : Verb::acknowledge;
  if (verb == Verb::acknowledge && word != "acknowledge") {
    return Error{"do must be acknowledge, snooze or resolve", ErrorKind::invalid};
  }
  auto action = action_of(context, request, form, verb);
  if (!action) return action.error();
  bool all = true;
  for (const std::int64_t id : ticked(form)) {
    auto done = change(context, request, id, action.value(), false);
    if (done) continue;
    const ErrorKind kind = done.error().kind;
    if (kind != ErrorKind::not_found && kind != ErrorKind::denied && kind != ErrorKind::exists) return done.error();
    all = false;
  }
  const Address back = Address("/alerts", form, {"state"});
  return web::see_other(back.with("done", all ? word : "some").text());
}

}  // namespace

void add_alert_actions(const Context& context, Routes& routes) {
  for (const Verb verb :
       {Verb::acknowledge, Verb::snooze, Verb::unsnooze, Verb::resolve, Verb::reopen, Verb::assign, Verb::note}) {
    routes.push_back(context.post(
        fmt::format("/alerts/{{id}}/{}", alert::verb_name(verb)),
        [&context, verb](const Request& request, const Form& form) { return act(context, request, form, verb); },
        "analyst"));
  }
  routes.push_back(
      context.post("/alerts/bulk",
                   [&context](const Request& request, const Form& form) { return act_on_several(context, request, form); },
                   "analyst", {.fields = kBulkFields}));
}

}  // namespace logystera::dashboard

// Where a signed link of a message leads: a page with a button for whoever has it. Looking at it changes nothing.
#include <fmt/core.h>

#include "alert/link.hpp"
#include "core/json_text.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/pages.hpp"
#include "web/shell.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr int kTooMany = 429;

/// What a link leads to.
struct Led {
  alert::SnoozeLink link;
  alert::Alert alert;
  std::string channel;
};

Answer sorry(int status, std::string_view title, std::string_view words) { return web::problem_page(status, title, words); }

Answer no_link() {
  return sorry(404, "This link leads nowhere",
               "It was changed on its way, or the links of its channel were switched off. Sign in to snooze the alert.");
}

Answer failed(const Context& context, const Error& error) {
  context.options.log(error.message);
  return sorry(503, "Something is wrong with this server", "Try again later; its operator finds the cause in its log.");
}

// Whoever guesses does so slowly; a link that is one costs him nothing.
std::optional<Answer> too_many(const SnoozeLinks& links, const Request& request) {
  const auto wait = links.limit->take(links.client(request));
  if (!wait) return std::nullopt;
  Answer answer = sorry(kTooMany, "Too many links", "Wait a moment and open it again.");
  answer.headers.emplace_back("Retry-After", std::to_string(*wait));
  return answer;
}

// Nothing: `answer` says why.
std::optional<Led> follow(const Context& context, const Request& request, const Form& form, Answer& answer) {
  const SnoozeLinks& links = *context.options.links;
  if (auto refused = too_many(links, request)) {
    answer = std::move(*refused);
    return std::nullopt;
  }
  auto link =
      alert::read_link(links.key, request.parameter("id"), form["d"], form["c"], form["e"], form["t"], context.now());
  if (!link) {
    answer = link.error().kind == ErrorKind::not_found
                 ? sorry(410, "This link is too old", "Links of messages are good for a day. Sign in to snooze the alert.")
                 : no_link();
    return std::nullopt;
  }
  links.limit->give_back(links.client(request));
  auto channel = links.channel(context.reading(), link->channel);
  auto alert = context.reading().alerts().get(link->alert);
  if (!alert) answer = failed(context, alert.error());
  else if (!channel || !alert.value()) answer = no_link();
  else return Led{std::move(link).value(), std::move(*alert.value()), std::move(*channel)};
  return std::nullopt;
}

std::string site_of(const Context& context, const alert::Alert& alert) {
  if (alert.site.empty()) return "";
  auto entity = context.reading().entities().find(alert.site);
  return entity && entity.value() ? entity.value()->name : alert.site;
}

// `tag`: signs the link the form sends again; empty: there is no form.
Answer page_of(const Context& context, const Led& led, std::string_view tag, std::string title) {
  View view;
  add_level(view, led.alert.level);
  add_state(view, led.alert, context.now());
  view.text("alert_title", led.alert.title.empty() ? led.alert.rule : led.alert.title).text("rule", led.alert.rule);
  view.text("site", site_of(context, led.alert)).number("hits", led.alert.hits).time("last", led.alert.last_time);
  const std::int64_t seconds = alert::link_seconds(led.link.duration).value_or(0);
  view.text("span", alert::span_words(seconds)).time("resumes", context.now() + seconds);
  view.flag("may_snooze", led.alert.open() && !tag.empty()).flag("is_over", !led.alert.open() && !tag.empty());
  view.flag("snoozed", tag.empty()).text("action", fmt::format("/a/{}/snooze", led.alert.id)).text("d", led.link.duration);
  view.text("c", std::to_string(led.link.channel)).text("e", std::to_string(led.link.expires)).text("t", tag);
  return web::plain_page({.name = "snooze_link", .title = std::move(title), .view = std::move(view)});
}

Answer look(const Context& context, const Request& request) {
  auto form = Form::parse(request.query);
  if (!form) return no_link();
  Answer answer;
  const auto led = follow(context, request, form.value(), answer);
  return led ? page_of(context, *led, form.value()["t"], "Snooze this alert?") : std::move(answer);
}

Result<Done> snooze(const Context& context, const Led& led, const std::string& client) {
  alert::Action action;
  action.verb = alert::Action::Verb::snooze;
  action.actor = "link:" + led.channel;
  action.channel = led.channel;
  action.snooze.until = context.now() + alert::link_seconds(led.link.duration).value_or(0);
  auto transaction = context.store.begin();
  if (!transaction) return transaction.error();
  store::Stores& stores = *transaction.value();
  auto tells = processor::act(stores, led.alert.id, action, {}, context.now());
  if (!tells) return tells.error();
  if (context.options.telling && !tells->empty()) {
    if (auto told = context.options.telling(stores, tells.value()); !told) return told;
  }
  store::AuditRow row;
  row.at = context.now();
  row.actor = action.actor;
  row.address = client;
  row.action = "alert.snooze";
  row.object = std::to_string(led.alert.id);
  row.after = JsonText(JsonText::Reader::program).begin_object().number("until", action.snooze.until).end_object().text();
  if (auto noted = stores.audit().add(row); !noted) return noted;
  return transaction.value()->commit();
}

Answer apply(const Context& context, const Request& request) {
  auto form = Form::posted(request);
  if (!form) return no_link();
  Answer answer;
  const auto led = follow(context, request, form.value(), answer);
  if (!led) return answer;
  auto done = snooze(context, *led, context.options.links->client(request));
  if (done) return page_of(context, *led, {}, "Snoozed");
  if (done.error().kind != ErrorKind::denied && done.error().kind != ErrorKind::not_found)
    return failed(context, done.error());
  return sorry(409, "There is nothing to snooze", "The alert was resolved meanwhile.");
}

}  // namespace

void add_snooze_links(const Context& context, Routes& routes) {
  if (!context.options.links) return;
  routes.push_back({"GET", "/a/{id}/snooze", 0,
                    [&context](const Request& request, const server::Reply& reply) { reply(look(context, request)); },
                    context.workers, ""});
  routes.push_back({"POST", "/a/{id}/snooze", web::kFormBytes,
                    [&context](const Request& request, const server::Reply& reply) { reply(apply(context, request)); },
                    context.workers, ""});
}

}  // namespace logystera::dashboard

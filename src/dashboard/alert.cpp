// One alert: what happened, and what do I do?
#include <fmt/core.h>

#include <algorithm>

#include "alert/state.hpp"
#include "core/clock.hpp"
#include "core/printable.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/pages.hpp"
#include "query/finding_words.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::size_t kActivityShown = 50, kFindingsShown = 20, kSignalsShown = 20, kMembersShown = 20;
constexpr std::int64_t kAroundSeconds = 60;  // of signals beside the first and the last

struct Word {
  std::string_view what, words;
};
constexpr Word kActivity[] = {{"opened", "opened"},
                              {"fired", "fires"},
                              {"reopened", "opened again"},
                              {"late", "was of the past when it was heard of"},
                              {"level_rose", "became worse"},
                              {"cleared", "the condition holds no longer"},
                              {"acknowledged", "acknowledged it"},
                              {"snoozed", "snoozed it for"},
                              {"snooze_ended", "snooze ended"},
                              {"resolved", "resolved it"},
                              {"assigned", "assigned it to"},
                              {"folded", "folded under another alert"},
                              {"measured", "measured"},
                              {"note", "wrote"}};

std::string_view words_for(std::string_view what) {
  for (const Word& word : kActivity) {
    if (word.what == what) return word.words;
  }
  return what;
}

View activity_row(const alert::LogRow& row) {
  View view;
  view.text("actor", row.actor == "rule"      ? "The rule"
                     : row.actor == "clock"   ? "Time"
                     : row.actor == "gateway" ? "The gateway"
                                              : row.actor);
  view.text("what", words_for(row.what)).text("note", row.note).time("time", row.at);
  view.text("to", row.what == "assigned" && row.to.empty()          ? "nobody"
                  : row.what == "snoozed" || row.what == "assigned" ? row.to
                  : row.what == "level_rose"                        ? fmt::format("from {} to {}", row.from, row.to)
                                                                    : "");
  return view;
}

Result<Done> add_activity(View& view, const Context& context, std::int64_t id) {
  auto rows = context.reading().alerts().activity(id, 0, kActivityShown + 1);
  if (!rows) return rows.error();
  view.flag("more_activity", rows->size() > kActivityShown);
  if (rows->size() > kActivityShown) rows->resize(kActivityShown);
  std::vector<View> shown;
  const auto measured =
      std::find_if(rows->begin(), rows->end(), [](const alert::LogRow& row) { return row.what == "measured"; });
  view.text("measured", measured == rows->end() ? "" : measured->note);
  for (const alert::LogRow& row : rows.value()) shown.push_back(activity_row(row));
  view.rows("activity", std::move(shown));
  return Done{};
}

// The findings it is made of, the newest first.
Result<Done> add_findings_of(View& view, const Context& context, const Request& request, std::int64_t id) {
  auto numbers = context.reading().alerts().findings_of(id);
  if (!numbers) return numbers.error();
  std::vector<View> shown;
  bool more = false;
  for (std::size_t i = numbers->size(); i-- > 0;) {
    if (more = shown.size() == kFindingsShown; more) break;
    auto found = context.reading().findings().get(numbers.value()[i], query::sites_of(*request.principal));
    if (!found) return found.error();
    if (!found.value()) continue;
    const store::Finding& finding = *found.value();
    const query::FindingWords words = query::words_of(finding);
    View row;
    row.text("what", words.what).text("gist", words.gist()).text("who", finding.group_label);
    row.text("hits", grouped(std::max<std::uint64_t>(finding.hits, 1)));
    row.text("href", fmt::format("/findings/{}", finding.id)).time("time", finding.time);
    row.time("since", finding.first_time < finding.time ? finding.first_time : 0);
    shown.push_back(std::move(row));
  }
  view.flag("has_findings", !shown.empty()).flag("more_findings", more).rows("findings", std::move(shown));
  return Done{};
}

// What its site sent while it happened, in the order it happened.
Result<Done> add_signals(View& view, const Context& context, const Request& request, const alert::Alert& alert) {
  view.flag("has_signals", false).text("events_href", "");
  if (alert.site.empty()) return Done{};
  const std::string since = rfc3339((alert.first_time - kAroundSeconds) * kSecondNs),
                    until = rfc3339((alert.last_time + kAroundSeconds) * kSecondNs);
  const Address events = Address("/events").with("site", alert.site).with("since", since).with("until", until);
  view.text("events_href", events.text());
  auto asked = query::read_signals(events.query(), defaults_of(context, request));
  if (!asked) return Done{};  // times no clock means
  asked->personal = asked->counted = false;
  asked->request.limit = kSignalsShown;
  auto page = query::signals(context.reading(), *asked.value, context.pseudonyms);
  if (!page) return page.error();
  std::vector<View> shown;
  for (std::size_t i = page->rows.size(); i-- > 0;) {
    const query::Signal& signal = page->rows[i];
    View row;
    row.text("name", query::name_of(signal)).text("type", signal.event.type).time("time", signal.event.created_at);
    std::vector<View> labels;
    for (const query::SignalLabel& label : signal.labels) {
      View one;
      one.text("name", label.name).text("value", label.text.empty() ? "(empty)" : label.text);
      labels.push_back(std::move(one));
    }
    row.rows("labels", std::move(labels));
    shown.push_back(std::move(row));
  }
  view.flag("has_signals", !shown.empty()).flag("more_signals", !page->older.empty()).rows("signals", std::move(shown));
  return Done{};
}

View short_row(const alert::Alert& alert, std::int64_t now) {
  View row;
  add_level(row, alert.level);
  add_state(row, alert, now);
  row.text("title", alert.title.empty() ? alert.rule : alert.title).text("href", path_of(alert)).number("hits", alert.hits);
  return row;
}

Result<Done> add_relatives(View& view, const Context& context, const Request& request, const alert::Alert& alert) {
  const store::SiteScope sites = query::sites_of(*request.principal);
  store::AlertFilter members;
  members.parent = alert.id;
  members.sites = sites;
  auto page = context.reading().alerts().page(members, {.limit = kMembersShown});
  if (!page) return page.error();
  std::vector<View> rows;
  for (const alert::Alert& member : page->rows) rows.push_back(short_row(member, context.now()));
  view.flag("has_members", !rows.empty()).rows("members", std::move(rows));
  std::vector<View> parents;
  if (alert.parent != 0) {
    auto parent = context.reading().alerts().get(alert.parent, sites);
    if (!parent) return parent.error();
    if (parent.value()) parents.push_back(short_row(*parent.value(), context.now()));
  }
  view.flag("has_parent", !parents.empty()).rows("parents", std::move(parents));
  return Done{};
}

Result<Done> add_users(View& view, const Context& context, const Request& request, const alert::Alert& alert) {
  std::vector<View> options;
  const auto option = [&](std::string_view value, std::string_view label) {
    View one;
    one.text("value", value).text("label", label).flag("selected", value == alert.assignee);
    options.push_back(std::move(one));
  };
  option("", "Nobody");
  // Who works here is an administrator's to see; others take it themselves, or leave it.
  if (request.principal->may(web::Role::admin)) {
    auto users = context.reading().accounts().users();
    if (!users) return users.error();
    bool there = alert.assignee.empty();
    for (const store::User& user : users.value()) {
      if (user.disabled) continue;
      option(user.name, user.name);
      there = there || user.name == alert.assignee;
    }
    if (!there) option(alert.assignee, alert.assignee);
  } else {
    const std::string& me = request.principal->name;
    if (request.principal->kind == web::Principal::Kind::session) option(me, me);
    if (!alert.assignee.empty() && alert.assignee != me) option(alert.assignee, alert.assignee);
  }
  view.flag("assigns", options.size() > 1).rows("users", std::move(options));
  return Done{};
}

std::string headline_of(const alert::Alert& alert, const std::string& site) {
  std::string words = counted(alert.hits, "hit", "hits");
  if (!alert.site.empty()) words += " on " + site;
  if (!alert.group_label.empty()) words += ", by " + alert.group_label;
  const std::int64_t span = alert.last_time - alert.first_time;
  if (span > 0) words += ", within " + alert::span_words(span);
  return words + ".";
}

std::string_view done_words(std::string_view done) {
  if (done == "acknowledge") return "Acknowledged: nothing is repeated, unless it becomes worse.";
  if (done == "snooze") return "Snoozed. When that ends, it is told.";
  if (done == "unsnooze") return "The snooze has ended.";
  if (done == "resolve") return "Resolved. If it happens again within a day, it opens again.";
  if (done == "reopen") return "Open again.";
  if (done == "assign") return "Assigned.";
  if (done == "note") return "Written down.";
  if (done == "conflict") return "Somebody else was faster: this is how it is now. Nothing was changed.";
  return {};
}

Result<Answer> detail(const Context& context, const Request& request, const Form& form) {
  auto found = alert_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "alert");
  const alert::Alert& alert = *found.value();
  auto names = site_names(context, request);
  if (!names) return names.error();
  const std::string site = site_name(names.value(), alert.site);
  View view;
  add_level(view, alert.level);
  add_state(view, alert, context.now());
  view.text("headline", headline_of(alert, site)).text("id", std::to_string(alert.id)).text("rule", alert.rule);
  view.text("site", site).text("site_href", alert.site.empty() ? "" : "/sites/" + web::percent_encoded(alert.site));
  view.text("group", alert.group_label).number("hits", alert.hits).number("finding_count", alert.findings);
  view.text("suppressed", alert.suppressed == 0 ? "" : grouped(alert.suppressed)).text("assignee", alert.assignee);
  view.time("first", alert.first_time).time("last", alert.last_time).time("opened", alert.opened_at);
  view.time("resolved", alert.resolved_at);
  view.text("resolved_by", alert.resolved_by == "quiet"     ? "by itself: nothing more came"
                           : alert.resolved_by == "cleared" ? "by itself: it holds no longer"
                           : alert.resolved_by == "late"    ? "when it was heard of, since it was of the past"
                                                            : "by " + alert.resolved_by);
  view.text("snooze_by", alert.snooze.by).text("snooze_reason", alert.snooze.reason);
  view.flag("is_snoozed", alert.open() && alert.snooze.until > context.now());
  view.flag("is_open", alert.open()).flag("may_acknowledge", alert.open() && alert.state != alert::State::acknowledged);
  view.flag("may_rise", alert.level < Level::critical).text("action", path_of(alert));
  view.flag("acts", request.principal->may(web::Role::analyst)).text("done", done_words(form["done"]));
  view.text("silence_href", Address("/switches/new").with("rule", alert.rule).with("site", alert.site).text());
  view.text("findings_href", Address("/findings").with("rule", alert.rule).with("site", alert.site).text());
  view.text("same_rule", Address("/alerts").with("state", "all").with("rule", alert.rule).text());
  view.text("same_site", alert.site.empty() ? "" : Address("/alerts").with("state", "all").with("site", alert.site).text());
  add_explanation(view, context, alert.rule);
  add_explaining(view, context, request, path_of(alert) + "/explain");
  if (auto added = add_activity(view, context, alert.id); !added) return added.error();
  if (auto added = add_findings_of(view, context, request, alert.id); !added) return added.error();
  if (auto added = add_signals(view, context, request, alert); !added) return added.error();
  if (auto added = add_relatives(view, context, request, alert); !added) return added.error();
  if (auto added = add_users(view, context, request, alert); !added) return added.error();
  return context.page(request, "alert", alert.title.empty() ? alert.rule : alert.title, "/alerts", std::move(view));
}

}  // namespace

void add_alert(const Context& context, Routes& routes) {
  routes.push_back(context.get(
      "/alerts/{id}", [&context](const Request& request, const Form& form) { return detail(context, request, form); }));
}

}  // namespace logystera::dashboard

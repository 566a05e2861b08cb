// Sites: are they well, and what may be done about them?
#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "core/json_text.hpp"
#include "core/printable.hpp"
#include "dashboard/chart.hpp"
#include "dashboard/health.hpp"
#include "dashboard/pages.hpp"
#include "dashboard/site_metrics.hpp"
#include "query/metrics.hpp"
#include "store/site_settings.hpp"
#include "web/headers.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::size_t kSkippedShown = 5;
constexpr std::string_view kPath = "/sites";
constexpr std::int64_t kHoursShown = 24;
constexpr std::string_view kDropped = "agent.dropped";

std::string path_of(const store::Entity& site) { return "/sites/" + web::percent_encoded(site.token); }

std::string done_words(std::string_view done) {
  if (done == "renamed") return "The site has its new name.";
  if (done == "disabled") return "The site is disabled: what it sends is refused from now on.";
  if (done == "enabled") return "The site is enabled: it may send again.";
  return {};
}

void add_connect_help(View& view, const Context& context) {
  view.text("gateway_url", context.options.gateway_url ? context.options.gateway_url() : std::string());
}

store::IngestHour sent_by(const std::vector<std::pair<std::string, store::IngestHour>>& sent, std::string_view token) {
  const auto found = std::find_if(sent.begin(), sent.end(), [&](const auto& each) { return each.first == token; });
  return found == sent.end() ? store::IngestHour{} : found->second;
}

View row_of(const store::Entity& site, const store::IngestHour& day, std::int64_t now) {
  const Health health = health_of(site, day, now);
  View row;
  add_badge(row, health.look, health.icon, health.word);
  row.text("name", site.name)
      .text("href", path_of(site))
      .text("health_words", health.words)
      .time("seen", site.last_seen_at);
  row.number("events", day.events)
      .number("duplicates", day.duplicates)
      .number("rejected", day.rejected)
      .text("agent", site.agent);
  return row;
}

Result<Answer> list(const Context& context, const Request& request) {
  auto sites = context.reading().entities().list();
  if (!sites) return sites.error();
  auto sent = context.reading().entities().sent_since(context.now() - kDay);
  if (!sent) return sent.error();
  std::vector<View> rows;
  for (const store::Entity& site : sites.value()) {
    if (request.principal->sees(site.token)) rows.push_back(row_of(site, sent_by(sent.value(), site.token), context.now()));
  }
  View view;
  view.text("caption", counted(rows.size(), "site", "sites") + "; numbers are of the last 24 hours").text("done", "");
  view.flag("has_rows", !rows.empty()).rows("rows", std::move(rows));
  add_connect_help(view, context);
  return context.page(request, "sites", "Sites", kPath, std::move(view));
}

/// The site a path names, if whoever asks may see it.
Result<std::optional<store::Entity>> site_named(const Context& context, const Request& request) {
  const std::string_view token = request.parameter("token");
  if (!request.principal->sees(token)) return std::optional<store::Entity>();
  return context.reading().entities().find(token);
}

Chart ingest_chart(const std::vector<store::IngestHour>& hours, std::int64_t now) {
  Chart chart;
  chart.unit = "Hour";
  chart.series = {{"accepted", "Events"}, {"duplicates", "Repeated"}, {"rejected", "Refused"}};
  std::uint64_t all = 0;
  const std::int64_t last = now / kHour * kHour;
  for (std::int64_t hour = last - (kHoursShown - 1) * kHour; hour <= last; hour += kHour) {
    const auto found =
        std::find_if(hours.begin(), hours.end(), [&](const store::IngestHour& each) { return each.hour == hour; });
    Chart::Column column;
    column.label = fmt::format("{:02}:00 UTC", hour % kDay / kHour);
    column.moment = hour;
    const store::IngestHour sent = found == hours.end() ? store::IngestHour{} : *found;
    column.values = {sent.events, sent.duplicates, sent.rejected};
    all += sent.events;
    chart.columns.push_back(std::move(column));
  }
  chart.summary = fmt::format("What arrived in each of the last 24 hours: {}", counted(all, "event", "events"));
  return chart;
}

// How many signals of each type were counted: in the last 24 hours, and in all.
Result<std::vector<View>> signal_rows(const Context& context, const std::string& site, std::int64_t now) {
  auto counts = query::signal_counts(context.reading().metrics(), site, now);
  if (!counts) return counts.error();
  std::vector<View> rows;
  for (const query::SignalCount& one : counts.value()) {
    View row;
    row.text("name", one.name)
        .text("type", one.type)
        .text("summary", one.summary)
        .number("day", one.day)
        .number("all", one.all);
    row.text("href", Address("/events").with("site", site).with("type", one.type).text());
    rows.push_back(std::move(row));
  }
  return rows;
}

View tile(std::string_view label, std::uint64_t value, std::string_view note = {}) {
  View view;
  view.text("label", label).number("value", value).text("note", note);
  return view;
}

Result<Answer> detail(const Context& context, const Request& request, const Form& form) {
  auto found = site_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "site");
  const store::Entity& site = *found.value();
  const std::int64_t now = context.now();
  auto hours = context.reading().entities().hours(site.token, now - kHoursShown * kHour);
  if (!hours) return hours.error();
  store::EventFilter dropped;
  dropped.site = site.token;
  dropped.types = {std::string(kDropped)};
  dropped.since = now - kDay;
  auto drops = context.reading().events().count(dropped);
  if (!drops) return drops.error();
  store::IngestHour day;
  for (const store::IngestHour& hour : hours.value()) {
    day.batches += hour.batches, day.events += hour.events, day.duplicates += hour.duplicates,
        day.rejected += hour.rejected;
  }
  const Health health = health_of(site, day, now);
  View view;
  add_badge(view, health.look, health.icon, health.word);
  std::vector<View> tiles;
  tiles.push_back(tile("Events, 24 h", day.events, "in " + counted(day.batches, "batch", "batches")));
  tiles.push_back(tile("Events in all", site.accepted));
  tiles.push_back(tile("Repeated, 24 h", day.duplicates, "sent again, stored once"));
  tiles.push_back(tile("Refused, 24 h", day.rejected, "lines that are no events"));
  tiles.push_back(tile("Drop reports, 24 h", drops->rows, "its buffer was full, or a cap reached"));
  view.rows("tiles", std::move(tiles)).view("chart", ingest_chart(hours.value(), now).view());
  view.text("name", site.name).text("token", site.token).text("agent", site.agent).text("href", path_of(site));
  view.text("health_words", health.words.empty() ? "It sends as it should." : health.words).time("seen", site.last_seen_at);
  view.time("created", site.created_at).time("rotated", site.rotated_at).time("revoked", site.revoked_at);
  if (site.clock_skew) {
    const std::int64_t skew = *site.clock_skew;
    view.text("skew", skew == 0
                          ? "as ours"
                          : fmt::format("{} {} ours", span_words(std::llabs(skew)), skew > 0 ? "ahead of" : "behind"));
  } else {
    view.text("skew", "");
  }
  auto skipped = context.reading().site_windows().unevaluated(site.token, kSkippedShown);
  if (!skipped) return skipped.error();
  auto settings = store::site_settings(context.reading().settings(), site.token);
  if (!settings) return settings.error();
  std::string roles;
  for (const std::string& role : settings->admin_roles) roles += (roles.empty() ? "" : ", ") + role;
  view.text("settings_damaged", settings->damaged);
  view.text("zone", settings->zone).text("admin_roles", roles.empty() ? "administrator" : roles);
  view.text("detection", query::words_of(context.options.detection()));
  std::vector<View> ranges;
  for (const store::Unevaluated& range : skipped.value()) {
    View row;
    row.time("from", range.since).time("to", range.until).text("reason", range.reason);
    row.text("events", counted(range.events, "event", "events"));
    ranges.push_back(std::move(row));
  }
  view.flag("has_skipped", !ranges.empty()).rows("skipped", std::move(ranges));
  auto signals = signal_rows(context, site.token, now);
  if (!signals) return signals.error();
  view.flag("has_signals", !signals->empty()).rows("signals", std::move(signals).value());
  auto metrics = site_metrics(context, site, form);
  if (!metrics) return metrics.error();
  view.view("site_metrics", std::move(metrics).value());
  view.text("findings_href", Address("/findings").with("site", site.token).text());
  view.text("events_href", Address("/events").with("site", site.token).text()).flag("disabled", site.disabled);
  view.flag("manages", request.principal->may(web::Role::admin) && site.revoked_at == 0)
      .text("done", done_words(form["done"]));
  return context.page(request, "site", site.name, kPath, std::move(view));
}

struct Step {
  std::string_view path, title, words, button;
  bool danger;
};
constexpr Step kRotate{"rotate", "Renew this site's secret?",
                       "The site keeps sending with the secret it has for 24 hours. Put the new one, which is shown once "
                       "on the next page, into "
                       "its settings before that.",
                       "Renew the secret", false};
constexpr Step kDisable{
    "disable", "Disable this site?",
    "What it sends is refused from now on, and waits in its own buffer until there is no more room. What is stored stays.",
    "Disable", true};
constexpr Step kEnable{"enable", "Enable this site?",
                       "It may send again; what waited in its buffer arrives with its next run.", "Enable", false};

Result<Answer> confirm(const Context& context, const Request& request, const Step& step) {
  auto found = site_named(context, request);
  if (!found) return found.error();
  if (!found.value() || found.value()->revoked_at != 0) return context.not_found(request, "site");
  View view;
  view.text("back", path_of(*found.value())).text("back_label", found.value()->name).text("words", step.words);
  view.text("button", step.button).flag("danger", step.danger);
  view.text("action", fmt::format("{}/{}", path_of(*found.value()), step.path));
  return context.page(request, "confirm", std::string(step.title), kPath, std::move(view));
}

Result<Answer> rotate(const Context& context, const Request& request) {
  auto found = site_named(context, request);
  if (!found) return found.error();
  if (!found.value() || found.value()->revoked_at != 0) return context.not_found(request, "site");
  const store::Entity& site = *found.value();
  gateway::IssuedSecret issued;
  auto done = context.change(
      request,
      [&](store::Stores& stores) -> Result<Done> {
        auto renewed = context.entities.within(stores.entities()).rotate(site.token, context.now());
        if (!renewed) return renewed.error();
        issued = std::move(renewed).value();
        return Done{};
      },
      "site.rotate", site.token, "", "");
  if (!done) {
    wipe(issued.secret);
    return done.error();
  }
  View view, command;
  command.text("line", issued.secret);
  view.text("back", path_of(site))
      .text("back_label", site.name)
      .text("token", site.token)
      .view("command", std::move(command));
  view.text("words", "This is shown once. The secret before it is good for 24 hours more.");
  Answer answer = context.page(request, "secret", "The new secret", kPath, std::move(view));
  wipe(issued.secret);
  return answer;
}

Result<Answer> set_disabled(const Context& context, const Request& request, bool disabled) {
  auto found = site_named(context, request);
  if (!found) return found.error();
  if (!found.value() || found.value()->revoked_at != 0) return context.not_found(request, "site");
  auto done = context.change(
      request,
      [&](store::Stores& stores) {
        return context.entities.within(stores.entities()).set_disabled(found.value()->token, disabled);
      },
      disabled ? "site.disable" : "site.enable", found.value()->token, "", "");
  if (!done) return done.error();
  return web::see_other(path_of(*found.value()) + (disabled ? "?done=disabled" : "?done=enabled"));
}

std::string name_json(std::string_view name) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("name", name).end_object();
  return text.take();
}

Result<Answer> rename(const Context& context, const Request& request, const Form& form) {
  auto found = site_named(context, request);
  if (!found) return found.error();
  if (!found.value()) return context.not_found(request, "site");
  const store::Entity& site = *found.value();
  if (auto fine = gateway::check_entity_name(form["name"]); !fine) return fine.error();
  auto done = context.change(
      request,
      [&](store::Stores& stores) -> Result<Done> {
        auto renamed = stores.entities().rename(site.token, form["name"]);
        if (!renamed) return renamed.error();
        return Done{};
      },
      "site.rename", site.token, name_json(site.name), name_json(form["name"]));
  if (!done) return done.error();
  return web::see_other(path_of(site) + "?done=renamed");
}

}  // namespace

void add_sites(const Context& context, Routes& routes) {
  routes.push_back(
      context.get("/sites", [&context](const Request& request, const Form&) { return list(context, request); }));
  routes.push_back(context.get(
      "/sites/{token}", [&context](const Request& request, const Form& form) { return detail(context, request, form); }));
  for (const Step* step : {&kRotate, &kDisable, &kEnable}) {
    routes.push_back(context.get(
        fmt::format("/sites/{{token}}/{}", step->path),
        [&context, step](const Request& request, const Form&) { return confirm(context, request, *step); }, "admin"));
  }
  routes.push_back(context.post(
      "/sites/{token}/rotate", [&context](const Request& request, const Form&) { return rotate(context, request); },
      "admin"));
  routes.push_back(context.post(
      "/sites/{token}/disable",
      [&context](const Request& request, const Form&) { return set_disabled(context, request, true); }, "admin"));
  routes.push_back(context.post(
      "/sites/{token}/enable",
      [&context](const Request& request, const Form&) { return set_disabled(context, request, false); }, "admin"));
  routes.push_back(context.post(
      "/sites/{token}/rename",
      [&context](const Request& request, const Form& form) { return rename(context, request, form); }, "admin"));
}

}  // namespace logystera::dashboard

// Overview: is something wrong now?
#include <fmt/core.h>

#include <algorithm>

#include "core/printable.hpp"
#include "dashboard/alert_words.hpp"
#include "dashboard/chart.hpp"
#include "dashboard/health.hpp"
#include "dashboard/pages.hpp"

namespace logystera::dashboard {
namespace {

using server::Answer;
using server::Request;
using web::Form;
using web::View;

constexpr std::int64_t kDaysShown = 14;
constexpr std::size_t kTopRules = 5, kAttention = 6;

View tile(std::string_view label, std::string value, std::string_view note = {}, std::string href = {}) {
  View view;
  view.text("label", label).text("value", value).text("note", note).text("href", href);
  return view;
}

struct Numbers {
  std::vector<store::FindingDay> days;
  std::vector<store::RuleHits> rules;
  store::Count findings_day, errors_new, errors_back;
  store::ErrorSummary errors;
  std::vector<store::Entity> sites;
  std::vector<std::pair<std::string, store::IngestHour>> sent;
  store::AlertCounts alerts;
  std::vector<alert::Alert> worst;  // of those that are open
};

// The open alerts that cannot wait, those hit last first.
store::AlertFilter pressing(const store::SiteScope& scope, std::int64_t now) {
  store::AlertFilter filter;
  filter.view = store::AlertFilter::View::open;
  filter.at_least = Level::high;
  filter.folded = false;
  filter.now = now;
  filter.sites = scope;
  return filter;
}

Result<Numbers> read(store::Stores& stores, const store::SiteScope& scope, std::int64_t now, std::int64_t days) {
  Numbers numbers;
  const std::int64_t today = now / kDay;
  const auto take = [](auto result, auto& into) -> std::optional<Error> {
    if (!result) return result.error();
    into = std::move(result).value();
    return std::nullopt;
  };
  store::FindingFilter recent;
  recent.since = now - kDay;
  recent.dismissed = false;
  recent.sites = scope;
  store::ErrorFilter fresh, back;
  fresh.new_since = back.returned_since = now - kDay;
  fresh.sites = back.sites = scope;
  std::optional<Error> wrong = take(stores.findings().days(today - days + 1, today, scope), numbers.days);
  if (!wrong) wrong = take(stores.findings().rule_hits(today - days + 1, kTopRules, scope), numbers.rules);
  if (!wrong) wrong = take(stores.findings().count(recent), numbers.findings_day);
  if (!wrong) wrong = take(stores.errors().count(fresh), numbers.errors_new);
  if (!wrong) wrong = take(stores.errors().count(back), numbers.errors_back);
  if (!wrong && !scope) wrong = take(stores.errors().summary(), numbers.errors);  // of logs, which belong to no site
  if (!wrong) wrong = take(stores.entities().list(), numbers.sites);
  if (!wrong) wrong = take(stores.entities().sent_since(now - kDay), numbers.sent);
  if (!wrong) wrong = take(stores.alerts().counts(now, scope), numbers.alerts);
  store::AlertPage worst;
  if (!wrong) wrong = take(stores.alerts().page(pressing(scope, now), {.limit = kAttention}), worst);
  numbers.worst = std::move(worst.rows);
  if (wrong) return *wrong;
  return numbers;
}

Chart trend(const std::vector<store::FindingDay>& days) {
  Chart chart;
  chart.unit = "Day";
  chart.series = {{"low", "Low"}, {"medium", "Medium"}, {"high", "High"}, {"critical", "Critical"}};
  std::uint64_t all = 0;
  for (const store::FindingDay& day : days) {
    Chart::Column column;
    column.label = utc_day(day.day);
    for (const Level level : {Level::low, Level::medium, Level::high, Level::critical}) {
      const std::uint64_t count = day.by_level[static_cast<std::size_t>(level)];
      column.values.push_back(count);
      all += count;
    }
    chart.columns.push_back(std::move(column));
  }
  chart.summary =
      fmt::format("Findings by level of the last {} days (UTC): {}", days.size(), counted(all, "finding", "findings"));
  return chart;
}

std::uint64_t total_of(const std::vector<store::FindingDay>& days) {
  std::uint64_t all = 0;
  for (const store::FindingDay& day : days) {
    for (const std::uint64_t number : day.by_level) all += number;
  }
  return all;
}

std::string count_words(const store::Count& count) { return grouped(count.rows) + (count.more ? "+" : ""); }

std::vector<View> tiles_of(const Numbers& numbers, const query::Detection& detection, const Request& request,
                           std::int64_t days) {
  std::uint64_t events = 0, reporting = 0, sites = 0;
  for (const auto& [token, hour] : numbers.sent)
    if (request.principal->sees(token)) events += hour.events;
  // Of those that may send.
  for (const store::Entity& site : numbers.sites) {
    if (site.revoked_at != 0 || site.disabled || !request.principal->sees(site.token)) continue;
    ++sites;
    reporting +=
        std::any_of(numbers.sent.begin(), numbers.sent.end(), [&](const auto& sent) { return sent.first == site.token; });
  }
  std::vector<View> tiles;
  const std::uint64_t bad = numbers.alerts.of(Level::critical) + numbers.alerts.of(Level::high);
  tiles.push_back(tile("Open alerts", grouped(numbers.alerts.open()),
                       bad != 0 ? fmt::format("{} high or critical", grouped(bad)) : std::string("none high or critical"),
                       "/alerts"));
  tiles.push_back(tile("Findings, 24 h", count_words(numbers.findings_day), "not dismissed", "/findings?since_hours=24"));
  tiles.push_back(tile(fmt::format("Findings, {} days", days), grouped(total_of(numbers.days)), {},
                       fmt::format("/findings?since_hours={}", days * 24)));
  tiles.push_back(tile("New errors, 24 h", count_words(numbers.errors_new),
                       fmt::format("of {}", counted(numbers.errors.groups, "kind", "kinds")), "/errors?new=true"));
  tiles.push_back(
      tile("Came back, 24 h", count_words(numbers.errors_back), "errors after a silence", "/errors?regressed=true"));
  tiles.push_back(tile("Events, 24 h", grouped(events), {}, "/events?since_hours=24"));
  tiles.push_back(tile("Detection", query::words_of(detection),
                       !detection.problem.empty() ? std::string_view("the server's log says why")
                       : detection.on             ? std::string_view("of what sites send")
                                                  : std::string_view("the server was started without it")));
  tiles.push_back(tile("Sites reporting", fmt::format("{} of {}", reporting, sites), "in 24 h", "/sites"));
  return tiles;
}

std::vector<View> top_of(const std::vector<store::RuleHits>& rules) {
  std::vector<View> rows;
  for (const store::RuleHits& rule : rules) {
    View row;
    row.text("rule", rule.rule).text("href", "/findings?rule=" + web::percent_encoded(rule.rule));
    row.number("count", rule.findings).text("value", std::to_string(rule.findings));
    row.text("most", std::to_string(rules.front().findings));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<View> attention_of(const Numbers& numbers, const Request& request, std::int64_t now) {
  std::vector<View> rows;
  for (const alert::Alert& alert : numbers.worst) {
    View row;
    add_level(row, alert.level);
    row.text("name", alert.title.empty() ? alert.rule : alert.title).text("href", path_of(alert));
    std::string words = alert.state == alert::State::acknowledged ? "acknowledged" : "firing";
    const auto site = std::find_if(numbers.sites.begin(), numbers.sites.end(),
                                   [&](const store::Entity& each) { return each.token == alert.site; });
    if (site != numbers.sites.end()) words += " on " + site->name;
    row.text("words", words + ", " + counted(alert.hits, "hit", "hits"));
    rows.push_back(std::move(row));
  }
  const std::size_t most = rows.size() + kAttention;
  for (const store::Entity& site : numbers.sites) {
    if (!request.principal->sees(site.token) || rows.size() == most) continue;
    const auto sent =
        std::find_if(numbers.sent.begin(), numbers.sent.end(), [&](const auto& each) { return each.first == site.token; });
    const Health health = health_of(site, sent == numbers.sent.end() ? store::IngestHour{} : sent->second, now);
    if (!health.needs_attention) continue;
    View row;
    add_badge(row, health.look, health.icon, health.word);
    row.text("name", site.name).text("words", health.words).text("href", "/sites/" + web::percent_encoded(site.token));
    rows.push_back(std::move(row));
  }
  return rows;
}

Result<std::int64_t> days_in(const Form& form) {
  const std::string_view text = form["days"];
  if (text.empty()) return kDaysShown;
  for (const std::int64_t days : {7, 14, 30}) {
    if (text == std::to_string(days)) return days;
  }
  return Error{"days must be 7, 14 or 30", ErrorKind::invalid};
}

Result<Answer> overview(const Context& context, const Request& request, const Form& form) {
  const auto days = days_in(form);
  if (!days) return days.error();
  auto read_numbers = read(context.reading(), query::sites_of(*request.principal), context.now(), days.value());
  if (!read_numbers) return read_numbers.error();
  const Numbers& numbers = read_numbers.value();
  View view;
  const bool nothing = numbers.worst.empty() && numbers.alerts.open() == 0 && numbers.sites.empty() &&
                       numbers.errors.groups == 0 && numbers.rules.empty() && total_of(numbers.days) == 0;
  view.flag("nothing_yet", nothing);
  view.text("gateway_url", context.options.gateway_url ? context.options.gateway_url() : std::string());
  view.text("days", std::to_string(days.value()))
      .rows("tiles", tiles_of(numbers, context.options.detection(), request, days.value()));
  std::vector<View> periods;
  for (const std::int64_t each : {7, 14, 30}) {
    View period;
    period.text("label", fmt::format("{} days", each)).flag("current", each == days.value());
    period.text("href", each == kDaysShown ? "/" : fmt::format("/?days={}", each));
    periods.push_back(std::move(period));
  }
  view.rows("periods", std::move(periods)).view("chart", trend(numbers.days).view());
  view.flag("has_top", !numbers.rules.empty()).rows("top", top_of(numbers.rules));
  std::vector<View> attention = attention_of(numbers, request, context.now());
  view.flag("has_attention", !attention.empty()).rows("attention", std::move(attention)).flag("has_sites_page", true);
  view.text("quiet_words", numbers.sites.empty() ? "No alert is high or critical. No site is connected yet."
                                                 : "No alert is high or critical, and every site sends as it should.");
  return context.page(request, "overview", "Overview", "/", std::move(view));
}

}  // namespace

void add_overview(const Context& context, Routes& routes) {
  routes.push_back(
      context.get("/", [&context](const Request& request, const Form& form) { return overview(context, request, form); }));
}

}  // namespace logystera::dashboard

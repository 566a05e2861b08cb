// `logystera alerts`: what somebody has to deal with, and what is done about it, without a browser.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <optional>

#include "alert/state.hpp"
#include "app/telling.hpp"
#include "cli/analysis.hpp"
#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/people.hpp"
#include "cli/render.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "processor/raise.hpp"

namespace logystera::cli {
namespace {

using alert::Alert;
using View = store::AlertFilter::View;

constexpr std::size_t kWide = 80,
                      kNarrowest = 20;  // columns of a table where nothing says how wide the terminal is; of its titles
constexpr std::size_t kActivityShown = 50;

struct Options {
  filter::Question question;
  std::string state = "open", severity, site, rule, note, reason, span;
  std::vector<std::string> ids;  // checked numbers
  std::optional<std::uint64_t> until_hits;
  std::int64_t id = 0;
  std::size_t limit = 100;
  bool until_worse = false;
};

using Names = std::map<std::string, std::string>;

Result<Names> site_names(store::Store& store) {
  auto entities = store.entities().list();
  if (!entities) return entities.error();
  Names names;
  for (const store::Entity& one : entities.value()) names.emplace(one.token, one.name);
  return names;
}

std::string name_of(const Names& names, const std::string& token) {
  const auto found = names.find(token);
  return found == names.end() ? token : found->second;
}

std::string state_words(const Alert& alert, std::int64_t now) {
  if (alert.late && !alert.open()) return "past";
  if (alert.open() && alert.snooze.until > now) return "snoozed";
  return std::string(alert::state_name(alert.state));
}

void put_time(JsonText& json, std::string_view name, std::int64_t seconds) {
  json.key(name);
  if (seconds <= 0 || seconds > INT64_MAX / kSecondNs) json.null();
  else json.string(rfc3339(seconds * kSecondNs));
}

std::string as_json(const Alert& alert, const Names& names, std::int64_t now) {
  JsonText json;
  json.begin_object().number("id", alert.id).member("severity", level_name(alert.level));
  json.member("state", state_words(alert, now)).member("rule_id", alert.rule).member("title", alert.title);
  json.member("site", alert.site).member("site_name", alert.site.empty() ? "" : name_of(names, alert.site));
  json.member("group", alert.group_label).count("hits", alert.hits).count("suppressed", alert.suppressed);
  put_time(json, "first_timestamp", alert.first_time);
  put_time(json, "last_timestamp", alert.last_time);
  put_time(json, "opened_at", alert.opened_at);
  put_time(json, "snoozed_until", alert.snooze.until > now ? alert.snooze.until : 0);
  put_time(json, "resolved_at", alert.resolved_at);
  json.member("resolved_by", alert.resolved_by).member("assignee", alert.assignee).end_object();
  return json.take();
}

Result<store::AlertFilter> filter_of(const Options& options, const Names& names, const RowFilter& wanted,
                                     std::int64_t now) {
  store::AlertFilter filter;
  filter.now = now;
  if (options.state == "open") filter.view = View::open;
  else if (options.state == "snoozed") filter.view = View::snoozed;
  else if (options.state == "past") filter.view = View::past;
  else if (options.state != "all") filter.state = alert::state_from(options.state);
  if (!options.severity.empty()) {
    filter.at_least = reported_level_from(options.severity);
    if (!filter.at_least) {
      return Error{"--severity " + options.severity + ": write low, medium, high or critical", ErrorKind::invalid};
    }
  }
  filter.rule = options.rule;
  if (!options.site.empty()) {
    const auto named = std::find_if(names.begin(), names.end(), [&](const auto& one) {
      return one.first == options.site || one.second == options.site;
    });
    if (named == names.end()) {
      return Error{"--site " + options.site + ": there is no such site; 'logystera entity list' has them",
                   ErrorKind::invalid};
    }
    filter.site = named->first;
  }
  filter.since = wanted.since();
  filter.until = wanted.until();
  return filter;
}

// A line an alert: what does not fit the width is cut in its title.
void print_table(const std::vector<Alert>& alerts, const Names& names, std::int64_t now) {
  std::vector<std::vector<std::string>> rows{{"ID", "LEVEL", "STATE", "HITS", "LAST", "SITE", "ALERT"}};
  std::vector<std::size_t> widths(rows[0].size());
  constexpr std::size_t kSiteColumns = 16, kMinutes = 16;
  for (const Alert& alert : alerts) {
    std::string site = alert.site.empty() ? "-" : printable(name_of(names, alert.site));
    if (columns_of(site) > kSiteColumns) site = fitted(site, kSiteColumns);
    rows.push_back({std::to_string(alert.id), std::string(level_name(alert.level)), state_words(alert, now),
                    grouped(alert.hits), local_time(alert.last_time).substr(0, kMinutes), site, ""});
  }
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  std::size_t taken = 0;
  for (std::size_t i = 0; i + 1 < widths.size(); ++i) taken += widths[i] + 2;
  const std::size_t wide = terminal_columns(kWide);
  const std::size_t left = wide > taken + kNarrowest ? wide - taken : kNarrowest;
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    std::string title = printable(alerts[i].title.empty() ? alerts[i].rule : alerts[i].title);
    if (columns_of(title) > left) title = fitted(title, left);
    rows[i + 1].back() = std::move(title);
  }
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
}

int list(const Globals& globals, const Options& options) {
  constexpr std::string_view kCommand = "alerts list";
  auto setting = load_setting(kCommand, globals);
  if (!setting) return fail(kCommand, setting.error());
  auto wanted = RowFilter::make(RowFilter::Rows::alerts, options.question, setting->config);
  if (!wanted) return fail(kCommand, wanted.error());
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(kCommand, store.error());
  auto names = site_names(*store.value());
  if (!names) return fail(kCommand, names.error());
  const std::int64_t now = wall_seconds();
  auto filter = filter_of(options, names.value(), *wanted.value(), now);
  if (!filter) return fail(kCommand, filter.error());
  store::PageRequest<store::TimeKey> request;
  std::vector<Alert> alerts;
  bool more = true;
  while (more && alerts.size() < options.limit) {
    constexpr std::size_t kPage = 500;
    request.limit = wanted.value()->asks() ? kPage : std::min(kPage, options.limit - alerts.size());
    auto page = store.value()->alerts().page(filter.value(), request);
    if (!page) return fail(kCommand, page.error());
    more = page->more;
    for (Alert& alert : page->rows) {
      if (!wanted.value()->wants(alert, name_of(names.value(), alert.site))) continue;
      more = more || alerts.size() == options.limit;
      if (alerts.size() < options.limit) alerts.push_back(std::move(alert));
    }
    request.older_than = page->last;
  }
  if (globals.json) {
    for (const Alert& alert : alerts) fmt::print("{}\n", as_json(alert, names.value(), now));
    return kExitDone;
  }
  if (alerts.empty()) {
    fmt::print("No {} alerts{}.\n", options.state == "all" ? "stored" : options.state,
               options.rule.empty() && options.site.empty() && options.severity.empty() && options.question.empty()
                   ? ""
                   : " match the filter");
    return kExitDone;
  }
  print_table(alerts, names.value(), now);
  if (more) fmt::print("The {} hit last are shown; -n shows more.\n", alerts.size());
  return kExitDone;
}

void print_line(std::string_view name, const std::string& value) {
  if (!value.empty()) fmt::print("  {:<10} {}\n", name, printable(value));
}

int show(const Globals& globals, const Options& options) {
  constexpr std::string_view kCommand = "alerts show";
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(kCommand, store.error());
  auto names = site_names(*store.value());
  if (!names) return fail(kCommand, names.error());
  auto found = store.value()->alerts().get(options.id);
  if (!found) return fail(kCommand, found.error());
  if (!found.value()) {
    return fail(kCommand, Error{fmt::format("there is no alert {}: 'logystera alerts list' has them", options.id),
                                ErrorKind::not_found});
  }
  const Alert& alert = *found.value();
  auto activity = store.value()->alerts().activity(alert.id, 0, kActivityShown);
  if (!activity) return fail(kCommand, activity.error());
  const std::int64_t now = wall_seconds();
  if (globals.json) {
    JsonText json;
    json.begin_object().key("alert").raw(as_json(alert, names.value(), now)).key("activity").begin_array();
    for (const alert::LogRow& row : activity.value()) {
      json.begin_object();
      put_time(json, "at", row.at);
      json.member("actor", row.actor).member("what", row.what).member("from", row.from).member("to", row.to);
      json.member("note", row.note).end_object();
    }
    json.end_array().end_object();
    fmt::print("{}\n", json.text());
    return kExitDone;
  }
  fmt::print("Alert {}: {}\n", alert.id, printable(alert.title.empty() ? alert.rule : alert.title));
  print_line("Level", std::string(level_name(alert.level)));
  print_line("State", state_words(alert, now));
  if (alert.open() && alert.snooze.until > now) {
    print_line("Snoozed", fmt::format("until {} by {}{}", local_time(alert.snooze.until), alert.snooze.by,
                                      alert.snooze.reason.empty() ? "" : ": " + alert.snooze.reason));
  }
  print_line("Rule", alert.rule);
  print_line("Site", alert.site.empty() ? "" : name_of(names.value(), alert.site));
  print_line("Of", alert.group_label);
  print_line("Hits", grouped(alert.hits) +
                         (alert.suppressed == 0 ? "" : fmt::format(" ({} in silence)", grouped(alert.suppressed))));
  print_line("First", local_time(alert.first_time));
  print_line("Last", local_time(alert.last_time));
  print_line("Assigned", alert.assignee);
  if (!alert.open()) print_line("Resolved", local_time(alert.resolved_at) + " by " + alert.resolved_by);
  fmt::print("Activity:\n");
  for (const alert::LogRow& row : activity.value()) {
    fmt::print("  {}  {} {}{}\n", local_time(row.at), printable(row.actor), row.what,
               row.to.empty() ? "" : " " + printable(row.to));
    if (!row.note.empty()) fmt::print("                       {}\n", printable(row.note));
  }
  return kExitDone;
}

// Each by itself: one that cannot be is said, and the others are done.
int act(std::string_view command, const Globals& globals, const Options& options, alert::Action action,
        std::string_view audit, std::string_view done_words) {
  auto store = open_store(globals, store::Access::existing);
  if (!store) return fail(command, store.error());
  int exit_code = kExitDone;
  // What these verbs tell of is an end, which needs no words of rules: they are not read for it.
  const auto telling = app::telling(nullptr, wall_seconds);
  for (const std::string& number : options.ids) {
    const std::int64_t id = std::stoll(number);
    const std::int64_t now = wall_seconds();
    auto changed = change_noted(
        *store.value(),
        [&](store::Stores& stores) -> Result<Done> {
          alert::Action wanted = action;
          wanted.actor = name_of_command();
          auto found = stores.alerts().get(id);
          if (!found) return found.error();
          if (!found.value()) {
            return Error{fmt::format("there is no alert {}: 'logystera alerts list' has them", id), ErrorKind::not_found};
          }
          if (options.until_worse && found.value()->level < Level::critical) {
            wanted.snooze.until_level = static_cast<Level>(static_cast<int>(found.value()->level) + 1);
          }
          auto tells = processor::act(stores, id, wanted, {}, now);
          if (!tells) return Error{fmt::format("alert {}: {}", id, tells.error().message), tells.error().kind};
          return tells->empty() ? Result<Done>(Done{}) : telling(stores, tells.value());
        },
        audit, std::to_string(id));
    if (!changed) {
      exit_code = fail(command, changed.error());
      continue;
    }
    if (globals.json) {
      JsonText json;
      json.begin_object().number("id", id).member("done", done_words).end_object();
      fmt::print("{}\n", json.text());
    } else {
      fmt::print("Alert {} is {}.\n", id, done_words);
    }
  }
  return exit_code;
}

int acknowledge(const Globals& globals, const Options& options) {
  return act("alerts ack", globals, options, {.verb = alert::Action::Verb::acknowledge, .note = options.note},
             "alert.acknowledge", "acknowledged");
}

int resolve(const Globals& globals, const Options& options) {
  return act("alerts resolve", globals, options, {.verb = alert::Action::Verb::resolve, .note = options.note},
             "alert.resolve", "resolved");
}

int snooze(const Globals& globals, const Options& options) {
  auto seconds = parse_span("--for", options.span);
  if (!seconds) return fail("alerts snooze", seconds.error());
  alert::Action action;
  action.verb = alert::Action::Verb::snooze;
  action.snooze.until = wall_seconds() + std::min(seconds.value(), 2 * alert::kSnoozeSecondsMost);
  action.snooze.reason = options.reason;
  action.snooze.until_hits = options.until_hits.value_or(0);
  return act("alerts snooze", globals, options, action, "alert.snooze",
             "snoozed for " + alert::span_words(seconds.value()));
}

}  // namespace

void add_alerts(Program program) {
  auto* alerts = program.app.add_subcommand("alerts", "List alerts; acknowledge, snooze and resolve them");
  alerts->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = alerts->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  auto* listing = command("list", "List alerts, those hit last first", list);
  listing->add_option("--state", options->state, "open, snoozed, past, all, or one state")
      ->check(any_of({"open", "snoozed", "past", "all", "pending", "firing", "acknowledged", "resolved"}))
      ->capture_default_str();
  listing->add_option("--severity", options->severity, "Only this severity and worse");
  listing->add_option("--site", options->site, "Only of this site: its name or token");
  listing->add_option("--rule", options->rule, "Only of this rule");
  add_question(*listing, options->question, "alerts");
  listing->add_option("-n", options->limit, "Most alerts to list")
      ->check(whole_number(1, kListedMost))
      ->capture_default_str();
  auto* showing = command("show", "Show an alert and what was done about it", show);
  showing->add_option("ID", options->id, "The alert's number")->required()->check(whole_number(1, INT64_MAX));
  auto* acknowledging = command("ack", "Say that somebody deals with an alert: it repeats no more", acknowledge);
  auto* snoozing = command("snooze", "Hear nothing of an alert for a while; the end is told", snooze);
  auto* resolving = command("resolve", "Say that an alert is dealt with", resolve);
  for (auto* sub : {acknowledging, snoozing, resolving}) {
    sub->add_option("ID", options->ids, "The alerts' numbers")->required()->check(whole_number(1, INT64_MAX));
  }
  for (auto* sub : {acknowledging, resolving}) sub->add_option("--note", options->note, "For whoever reads the activity");
  snoozing->add_option("--for", options->span, "For how long: 30m, 4h, 7d; at most 90d")->required();
  snoozing->add_option("--until-hits", options->until_hits, "Or until so many more hits")
      ->check(whole_number(1, 1'000'000'000));
  snoozing->add_flag("--until-worse", options->until_worse, "Or until its level rises");
  snoozing->add_option("--reason", options->reason, "The reason, as the activity shows it");
  alerts->footer(
      "Examples:\n"
      "  logystera alerts list --severity high\n"
      "  logystera alerts list --state all --since yesterday --where 'group = 203.0.113.7 and hits > 100'\n"
      "  logystera alerts show 812\n"
      "  logystera alerts snooze 812 --for 4h --until-worse --reason deploy\n"
      "  logystera alerts resolve 812 815 --note 'key rotated'\n\n"
      "Times of an alert are when it was hit last, its source is its site. Conditions know rule, title, site, group, hits, "
      "state\n"
      "and assignee beside time, level, source and message ('logystera scan --help').");
}

}  // namespace logystera::cli

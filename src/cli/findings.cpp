// `logystera findings`: what was found and kept, and what is not to be found again.
#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "analysis/rules.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/people.hpp"
#include "cli/render.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "store/episode.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string rule, severity, source, since, reason;
  std::size_t limit = 100;
  bool yes = false;
};

void print_json(const store::Finding& finding) {
  JsonText json;
  append_stored(json, finding);
  fmt::print("{}\n", json.text());
}

int print_findings(std::string_view command, store::FindingStore& store, const store::FindingQuery& query, bool json) {
  auto findings = store.list(query);
  if (!findings) return fail(command, findings.error());
  if (json) {
    for (const store::Finding& finding : findings.value()) print_json(finding);
    return kExitDone;
  }
  if (findings->empty()) {
    const bool filtered = !query.rule.empty() || !query.source.empty() || query.since || query.at_least;
    fmt::print("No findings{}. 'logystera scan --track-errors' and 'logystera tail --track-findings' store them.\n",
               filtered ? " match the filter" : "");
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{{"TIME", "SEVERITY", "RULE", "WHO", "SOURCE", "MESSAGE"}};
  for (const store::Finding& finding : findings.value())
    rows.push_back({local_time(finding.time), std::string(level_name(finding.level)), printable(finding.rule),
                    printable(store::actor_words(finding.who)),
                    printable(finding.source) + (finding.line ? fmt::format(":{}", finding.line) : ""),
                    fitted_message(finding.message.empty() ? finding.title : finding.message)});
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  if (findings->size() == query.limit) fmt::print("The newest {} are shown; -n shows more.\n", query.limit);
  return kExitDone;
}

Result<store::FindingQuery> query_of(const Options& options) {
  store::FindingQuery query;
  query.rule = options.rule;
  query.source = options.source;
  query.limit = options.limit;
  if (!options.severity.empty()) {
    query.at_least = reported_level_from(options.severity);
    if (!query.at_least)
      return Error{"--severity " + options.severity + ": write low, medium, high or critical", ErrorKind::invalid};
  }
  if (!options.since.empty()) {
    auto since = parse_since("--since", options.since, wall_seconds());
    if (!since) return since.error();
    query.since = since.value();
  }
  return query;
}

int list(const Globals& globals, const Options& options) {
  auto opened = open_history("findings list", globals);
  if (!opened) return fail("findings list", opened.error());
  auto query = query_of(options);
  if (!query) return fail("findings list", query.error());
  return print_findings("findings list", opened->store->findings(), query.value(), globals.json);
}

int episodes(const Globals& globals, const Options& options) {
  constexpr std::string_view kCommand = "findings episodes";
  constexpr std::size_t kFindingsLookedAt = 100'000;  // the newest
  auto opened = open_history(kCommand, globals);
  if (!opened) return fail(kCommand, opened.error());
  auto query = query_of(options);
  if (!query) return fail(kCommand, query.error());
  query->limit = kFindingsLookedAt;
  auto findings = opened->store->findings().list(query.value());
  if (!findings) return fail(kCommand, findings.error());
  store::Episodes made;
  for (const store::Finding& finding : findings.value()) made.add(finding);
  std::vector<store::Episode> all = made.take();
  const std::size_t there = all.size();
  if (all.size() > options.limit) all.resize(options.limit);
  if (globals.json) {
    for (const store::Episode& episode : all) {
      JsonText json;
      store::append_episode(json, episode);
      fmt::print("{}\n", json.text());
    }
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{
      {"SEVERITY", "RULE", "WHO", "FINDINGS", "FIRST", "LAST", "TARGETS", "OUTCOME"}};
  for (const store::Episode& episode : all)
    rows.push_back({std::string(level_name(episode.level)), printable(episode.rule),
                    printable(store::actor_words(episode.who)), grouped(episode.findings), local_time(episode.first_time),
                    local_time(episode.last_time), grouped(episode.targets), store::outcome_words(episode)});
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  if (there > all.size()) fmt::print("{} of {} are shown; -n shows more.\n", grouped(all.size()), grouped(there));
  return kExitDone;
}

int summary(const Globals& globals, const Options&) {
  auto opened = open_history("findings summary", globals);
  if (!opened) return fail("findings summary", opened.error());
  auto found = opened->store->findings().summary();
  if (!found) return fail("findings summary", found.error());
  if (globals.json) {
    JsonText json;
    json.begin_object().key("by_severity").begin_object();
    for (const Level level : {Level::low, Level::medium, Level::high, Level::critical})
      json.count(level_name(level), found->of(level));
    json.end_object().key("top_rules").begin_array();
    for (const store::RuleCount& rule : found->top)
      json.begin_object().member("rule", rule.rule).count("findings", rule.findings).end_object();
    json.end_array().end_object();
    fmt::print("{}\n", json.text());
    return kExitDone;
  }
  std::vector<std::vector<std::string>> levels{{"SEVERITY", "FINDINGS"}}, rules{{"RULE", "FINDINGS"}};
  for (const Level level : kReportedLevels) levels.push_back({std::string(level_name(level)), grouped(found->of(level))});
  for (const store::RuleCount& rule : found->top) rules.push_back({printable(rule.rule), grouped(rule.findings)});
  fmt::print("{}\n{}", table(levels, colour_wanted()), table(rules, colour_wanted()));
  return kExitDone;
}

// What a dismissal would hide of what is stored, so that nobody hides more than they mean to.
Result<Done> print_preview(store::FindingStore& store, const Options& options) {
  auto preview = store.preview(options.rule, options.source);
  if (!preview) return preview.error();
  fmt::print("{} stored findings are of {}{}", grouped(preview->findings), printable(options.rule),
             options.source.empty() ? std::string("\n") : " in " + printable(options.source) + "\n");
  for (const auto& [source, count] : preview->by_source) fmt::print("  {:>8}  {}\n", grouped(count), printable(source));
  for (const store::Finding& finding : preview->newest)
    fmt::print("  {}  {}\n", local_time(finding.time), fitted_message(finding.message));
  return Done{};
}

// A rule that neither has a finding nor is known is most likely misspelt; it may also be one that --rules-dir will add.
Result<Done> warn_of_unknown_rule(const History& history, const std::string& rule) {
  analysis::RuleSources sources;
  sources.placeholders = history.config.placeholders;
  for (const auto* list : {&history.config.rules_dirs, &history.config.sigma_dirs})
    sources.paths.insert(sources.paths.end(), list->begin(), list->end());
  auto rules = analysis::load_rules(sources);
  if (!rules) return rules.error();
  if (!rules->find(rule))
    fmt::print(
        stderr,
        "logystera findings dismiss: {} is neither a configured nor a built-in rule ('logystera rules list'), and has "
        "no stored findings; it is dismissed all the same\n",
        printable(rule));
  return Done{};
}

// As the audit has it of the pages.
std::string dismissal_json(const Options& options) {
  JsonText json;
  json.begin_object().member("rule", options.rule).member("source", options.source);
  if (!options.reason.empty()) json.member("reason", options.reason);
  json.end_object();
  return json.take();
}

int dismiss(const Globals& globals, const Options& options) {
  auto opened = open_history("findings dismiss", globals, store::Access::create);
  if (!opened) return fail("findings dismiss", opened.error());
  if (!globals.json)
    if (auto shown = print_preview(opened->store->findings(), options); !shown)
      return fail("findings dismiss", shown.error());
  auto known = opened->store->findings().preview(options.rule, {});
  if (!known) return fail("findings dismiss", known.error());
  if (known->findings == 0)
    if (auto warned = warn_of_unknown_rule(opened.value(), options.rule); !warned)
      return fail("findings dismiss", warned.error());
  const store::Dismissal dismissal{options.rule, options.source, options.reason, wall_seconds()};
  const auto change = [&](store::Stores& stores) { return stores.findings().dismiss(dismissal); };
  if (auto done = change_noted(*opened->store, change, "finding.dismiss", options.rule, "", dismissal_json(options)); !done)
    return fail("findings dismiss", done.error());
  if (!globals.json)
    fmt::print("{} is dismissed {}; 'logystera findings undismiss {}' takes it back.\n", printable(options.rule),
               options.source.empty() ? std::string("everywhere") : "in " + printable(options.source),
               printable(options.rule));
  return kExitDone;
}

int preview(const Globals& globals, const Options& options) {
  auto opened = open_history("findings preview", globals);
  if (!opened) return fail("findings preview", opened.error());
  if (auto shown = print_preview(opened->store->findings(), options); !shown)
    return fail("findings preview", shown.error());
  return kExitDone;
}

int undismiss(const Globals& globals, const Options& options) {
  auto opened = open_history("findings undismiss", globals);
  if (!opened) return fail("findings undismiss", opened.error());
  const auto change = [&](store::Stores& stores) -> Result<Done> {
    auto removed = stores.findings().undismiss(options.rule, options.source);
    if (!removed) return removed.error();
    if (removed.value() != 0) return Done{};
    return Error{options.rule + " is not dismissed; 'logystera findings dismissed' lists what is", ErrorKind::not_found};
  };
  if (auto done = change_noted(*opened->store, change, "finding.undismiss", options.rule, dismissal_json(options)); !done)
    return fail("findings undismiss", done.error());
  if (!globals.json) fmt::print("{} is reported again.\n", printable(options.rule));
  return kExitDone;
}

int dismissed(const Globals& globals, const Options&) {
  auto opened = open_history("findings dismissed", globals);
  if (!opened) return fail("findings dismissed", opened.error());
  auto list = opened->store->findings().dismissals();
  if (!list) return fail("findings dismissed", list.error());
  std::vector<std::vector<std::string>> rows{{"RULE", "SOURCE", "SINCE", "REASON"}};
  for (const store::Dismissal& one : list.value()) {
    if (globals.json) {
      JsonText json;
      json.begin_object().member("rule", one.rule).member("source", one.source).member("reason", one.reason);
      json.key("at").integer(one.at).end_object();
      fmt::print("{}\n", json.text());
    }
    rows.push_back({printable(one.rule), one.source.empty() ? "everywhere" : printable(one.source), local_time(one.at),
                    printable(one.reason)});
  }
  if (globals.json) return kExitDone;
  if (list->empty()) fmt::print("Nothing is dismissed.\n");
  else std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

}  // namespace

void add_findings(Program program) {
  auto* findings = program.app.add_subcommand("findings", "Browse stored findings; dismiss false alarms");
  findings->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = findings->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  const auto filters = [&](auto& sub, const char* most) {
    sub.add_option("--severity", options->severity, "Only this severity and worse");
    sub.add_option("--source", options->source, "Only of this source: its path, or the name at its end");
    sub.add_option("--since", options->since, "Only since: 30m, 24h, 7d ago, or unix seconds");
    sub.add_option("-n", options->limit, most)->check(whole_number(1, kListedMost))->capture_default_str();
  };
  filters(*command("list", "List findings, newest first", list), "Most findings to list");
  filters(
      *command("episodes", "List episodes, the worst first: findings of one rule and one actor, close in time", episodes),
      "Most episodes to list");
  auto* showing = command("show", "List the findings of one rule", list);
  showing->add_option("RULE_ID", options->rule, "The rule's id")->required();
  showing->add_option("-n", options->limit, "Most findings to list")
      ->check(whole_number(1, kListedMost))
      ->capture_default_str();
  command("summary", "Count findings by severity, and the ten rules with most", summary);
  auto* dismissing = command("dismiss", "Never report a rule again, everywhere or in one source", dismiss);
  auto* previewing = command("preview", "Show which stored findings dismissing a rule would hide", preview);
  auto* returning = command("undismiss", "Report a dismissed rule again", undismiss);
  for (auto* sub : {dismissing, previewing, returning}) {
    sub->add_option("RULE_ID", options->rule, "The rule's id")->required();
    sub->add_option("--source", options->source, "Only in this source: its path, or the name at its end");
  }
  dismissing->add_option("--reason", options->reason, "The reason, as 'findings dismissed' shows it");
  command("dismissed", "List what is dismissed, and why", dismissed);
  findings->footer(
      "Examples:\n"
      "  logystera findings list --severity high --since 7d\n"
      "  logystera findings show SSH_BRUTE_FORCE -n 50\n"
      "  logystera findings dismiss NGINX_404_SCAN --source nginx.log --reason 'internal scanner'\n\n"
      "A dismissal applies to scan and tail at once, also to a running tail.");
}

}  // namespace logystera::cli

// `logystera findings`: what was found and kept, and what is not to be found again.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>

#include "cli/analysis.hpp"
#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/explain.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/people.hpp"
#include "cli/render.hpp"
#include "cli/row_fields.hpp"
#include "cli/shortened.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "core/suggest.hpp"
#include "detect/known.hpp"
#include "report/report.hpp"
#include "store/episode.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kPageRows = 1'000;
constexpr std::size_t kTargetColumns = 32;

struct Options {
  filter::Question question;
  std::string rule, severity, source, reason;
  std::size_t limit = 100;
};

void print_json(const store::Finding& finding) {
  JsonText json;
  append_stored(json, finding);
  fmt::print("{}\n", json.text());
}

// The newest that are wanted; a page of the store at a time, since only it knows how many there are.
Result<std::vector<store::Finding>> wanted_findings(store::FindingStore& store, const store::FindingFilter& filter,
                                                    RowFilter& wanted, std::size_t limit) {
  std::vector<store::Finding> found;
  store::PageRequest<store::TimeKey> request;
  request.limit = kPageRows;
  for (;;) {
    auto page = store.page(filter, request);
    if (!page) return page.error();
    for (store::Finding& finding : page->rows) {
      request.older_than = store::TimeKey{finding.time, finding.id};
      if (wanted.wants(finding)) found.push_back(std::move(finding));
      if (found.size() == limit) return found;
    }
    if (!page->more || (page->rows.empty() && !page->last)) return found;
    if (page->last) request.older_than = page->last;
  }
}

int print_findings(const std::vector<store::Finding>& findings, const Globals& globals, const Options& options) {
  if (globals.json) {
    for (const store::Finding& finding : findings) print_json(finding);
    return kExitDone;
  }
  if (findings.empty()) {
    const bool filtered = !options.rule.empty() || !options.question.empty() || !options.severity.empty();
    fmt::print("No findings{}. 'logystera scan --track-errors' and 'logystera tail --track-findings' store them.\n",
               filtered ? " match the filter" : "");
    return kExitDone;
  }
  std::vector<std::vector<std::string>> rows{{"TIME", "SEVERITY", "RULE", "WHO", "TARGET", "OUTCOME", "SOURCE", "MESSAGE"}};
  for (const store::Finding& finding : findings)
    rows.push_back({local_time(finding.time), std::string(level_name(finding.level)), printable(finding.rule),
                    printable(store::actor_words(finding.who)), shortened(printable(finding.who.target), kTargetColumns),
                    store::outcome_words(finding.who),
                    printable(finding.source) + (finding.line ? fmt::format(":{}", finding.line) : ""),
                    fitted_message(finding.message.empty() ? finding.title : finding.message)});
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  if (findings.size() == options.limit) fmt::print("The newest {} are shown; -n shows more.\n", options.limit);
  return kExitDone;
}

// Those the options ask for, the newest `limit`.
Result<std::vector<store::Finding>> asked_for(History& history, const Options& options, std::size_t limit) {
  auto wanted = RowFilter::make(RowFilter::Rows::findings, options.question, history.config);
  if (!wanted) return wanted.error();
  store::FindingFilter filter;
  filter.rule = options.rule;
  filter.since = wanted.value()->since();
  filter.until = wanted.value()->until();
  if (!options.severity.empty()) {
    filter.at_least = reported_level_from(options.severity);
    if (!filter.at_least)
      return Error{"--severity " + options.severity + ": write low, medium, high or critical", ErrorKind::invalid};
  }
  return wanted_findings(history.store->findings(), filter, *wanted.value(), limit);
}

// A rule that neither has a finding nor is known is misspelt.
Result<Done> refuse_unknown_rule(History& history, const std::string& rule) {
  auto stored = history.store->findings().preview(rule, {});
  if (!stored) return stored.error();
  if (stored->findings != 0 || rule == store::kGuessedRule) return Done{};
  auto rules = known_rules(history.config);
  if (!rules) return rules.error();
  const auto known = rule_called(rules.value(), rule,
                                 "a rule of your own is known once rules_dir of the configuration names its directory");
  if (!known) return known.error();
  const detect::Rule& found = rules->rules[known.value()];
  const std::string id = found.id.substr(0, detect::is_part(found) ? found.id.find('#') : std::string::npos);
  if (id != rule)
    return Error{fmt::format("'{}' is another name or a part of rule {}: write its id", rule, id), ErrorKind::invalid};
  return Done{};
}

// Nor is a source one that nothing was found in; but it may be a log that has not been read yet, and findings of mild rules are not
// stored.
Result<Done> refuse_unknown_source(History& history, const Options& options) {
  if (options.source.empty()) return Done{};
  store::FindingStore& store = history.store->findings();
  auto found = store.list({.source = options.source, .limit = 1});
  if (!found) return found.error();
  std::error_code ignored;
  if (!found->empty() || std::filesystem::exists(options.source, ignored)) return Done{};
  auto rules = known_rules(history.config);
  if (!rules) return rules.error();
  const detect::Rule* rule = rules->find(options.rule);
  if (rule && rule->level < history.config.findings_min_severity) return Done{};
  constexpr std::size_t kSourcesCompared = 1'000;
  auto sources = store.sources(kSourcesCompared);
  if (!sources) return sources.error();
  std::vector<std::string_view> names;
  for (const std::string_view source : sources.value()) {
    names.push_back(source);
    names.push_back(source.substr(source.rfind('/') + 1));
  }
  const std::string_view near = nearest_name(options.source, names);
  return Error{fmt::format("--source {}: no stored finding is of it{}", options.source,
                           near.empty() ? "; write a path, or the name at the end of one, as 'findings list' shows them"
                                        : fmt::format(": did you mean {}?", near)),
               ErrorKind::not_found};
}

Result<Done> refuse_unknown(History& history, const Options& options) {
  if (auto rule = refuse_unknown_rule(history, options.rule); !rule) return rule;
  return refuse_unknown_source(history, options);
}

int list(const Globals& globals, const Options& options) {
  const char* const command = options.rule.empty() ? "findings list" : "findings show";
  auto opened = open_history(command, globals);
  if (!opened) return fail(command, opened.error());
  auto findings = asked_for(opened.value(), options, options.limit);
  if (!findings) return fail(command, findings.error());
  if (findings->empty() && !options.rule.empty())
    if (auto known = refuse_unknown_rule(opened.value(), options.rule); !known) return fail(command, known.error());
  return print_findings(findings.value(), globals, options);
}

int episodes(const Globals& globals, const Options& options) {
  constexpr const char* kCommand = "findings episodes";
  constexpr std::size_t kFindingsLookedAt = 100'000;  // the newest
  auto opened = open_history(kCommand, globals);
  if (!opened) return fail(kCommand, opened.error());
  auto findings = asked_for(opened.value(), options, kFindingsLookedAt);
  if (!findings) return fail(kCommand, findings.error());
  store::Episodes made;
  IdleProbes idle(opened->config);
  for (const store::Finding& finding : findings.value()) {
    if (idle.has(finding)) made.add_probe(finding);
    else made.add(finding);
  }
  if (idle.problem()) return fail(kCommand, *idle.problem());
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
      {"SEVERITY", "RULE", "WHO", "TIMES", "FINDINGS", "FIRST", "LAST", "TARGETS", "OUTCOME"}};
  for (const store::Episode& episode : all)
    rows.push_back({std::string(level_name(episode.level)), printable(episode.rule), printable(store::actor_words(episode)),
                    grouped(store::times_of(episode)), grouped(episode.findings), local_time(episode.first_time),
                    local_time(episode.last_time), grouped(episode.targets), store::outcome_words(episode)});
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  if (there > all.size()) fmt::print("{} of {} are shown; -n shows more.\n", grouped(all.size()), grouped(there));
  return kExitDone;
}

// The store counts a span that is open at its end; of anything else the findings are looked at.
Result<store::FindingSummary> counted(History& history, const filter::Question& question) {
  auto wanted = RowFilter::make(RowFilter::Rows::findings, question, history.config);
  if (!wanted) return wanted.error();
  RowFilter& asked = *wanted.value();
  if (!asked.asks() && !asked.until()) return history.store->findings().summary({}, asked.since());
  auto findings = wanted_findings(history.store->findings(), {.since = asked.since(), .until = asked.until()}, asked,
                                  store::kFindingRows);
  if (!findings) return findings.error();
  constexpr std::size_t kTopRules = 10;
  store::FindingSummary summary;
  std::map<std::string, std::uint64_t> rules;
  for (const store::Finding& finding : findings.value()) {
    ++summary.of(finding.level);
    ++rules[finding.rule];
  }
  for (const auto& [rule, count] : rules) summary.top.push_back({rule, count});
  std::stable_sort(summary.top.begin(), summary.top.end(),
                   [](const store::RuleCount& a, const store::RuleCount& b) { return a.findings > b.findings; });
  if (summary.top.size() > kTopRules) summary.top.resize(kTopRules);
  return summary;
}

int summary(const Globals& globals, const Options& options) {
  auto opened = open_history("findings summary", globals);
  if (!opened) return fail("findings summary", opened.error());
  auto found = counted(opened.value(), options.question);
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
  fmt::print("\n{}\n", report::not_stored_words(opened->config.findings_min_severity));
  return kExitDone;
}

// What a dismissal would hide of what is stored, so that nobody hides more than they mean to.
Result<Done> print_preview(store::FindingStore& store, const Options& options) {
  auto preview = store.preview(options.rule, options.source);
  if (!preview) return preview.error();
  fmt::print("{} stored finding{} of {}{}", grouped(preview->findings), preview->findings == 1 ? " is" : "s are",
             printable(options.rule),
             options.source.empty() ? std::string("\n") : " in " + printable(options.source) + "\n");
  for (const auto& [source, count] : preview->by_source) fmt::print("  {:>8}  {}\n", grouped(count), printable(source));
  for (const store::Finding& finding : preview->newest)
    fmt::print("  {}  {}\n", local_time(finding.time), fitted_message(finding.message));
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
  if (auto known = refuse_unknown(opened.value(), options); !known) return fail("findings dismiss", known.error());
  if (!globals.json)
    if (auto shown = print_preview(opened->store->findings(), options); !shown)
      return fail("findings dismiss", shown.error());
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
  if (auto known = refuse_unknown(opened.value(), options); !known) return fail("findings preview", known.error());
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
    add_question(sub, options->question, "findings");
    sub.add_option("-n", options->limit, most)->check(whole_number(1, kListedMost))->capture_default_str();
  };
  filters(*command("list", "List findings, newest first", list), "Most findings to list");
  filters(
      *command("episodes", "List episodes, the worst first: findings of one rule and one actor, close in time", episodes),
      "Most episodes to list");
  auto* showing = command("show", "List the findings of one rule", list);
  showing->add_option("RULE_ID", options->rule, "The rule's id")->required();
  add_question(*showing, options->question, "findings");
  showing->add_option("-n", options->limit, "Most findings to list")
      ->check(whole_number(1, kListedMost))
      ->capture_default_str();
  add_question(*command("summary", "Count findings by severity, and the ten rules with most", summary), options->question,
               "findings");
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
      "  logystera findings summary --since 24h\n"
      "  logystera findings show SSH_BRUTE_FORCE -n 50\n"
      "  logystera findings dismiss NGINX_404_SCAN --source nginx.log --reason 'internal scanner'\n"
      "  logystera findings list --since yesterday --where 'message contains wp-login and not rule = WEB_SCANNER'\n\n"
      "A dismissal applies to scan and tail at once, also to a running tail. Conditions know\n" +
      listed(kFindingFields) + "\nbeside time, level, source, line and message ('logystera scan --help').");
}

}  // namespace logystera::cli

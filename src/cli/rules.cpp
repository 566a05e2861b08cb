// `logystera rules`: list, explain, validate, convert, test.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "analysis/rules.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/explain.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "detect/convert.hpp"
#include "detect/known.hpp"
#include "detect/sample.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::vector<std::string> paths, rules_dirs, sigma_dirs;
  std::string placeholders, plugins_dir, level, id;
  bool no_builtin = false, sigma = false, strict = false, quiet = false, follow_links = false;
};

// The configuration's rules, the options' and those of plugins; or those of the named files alone.
Result<analysis::RuleSources> configured(std::string_view command, const Globals& globals, const Options& options) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  analysis::RuleSources sources;
  sources.built_in = !options.no_builtin;
  sources.follow_links = options.follow_links;
  sources.placeholders = options.placeholders.empty() ? setting->config.placeholders : options.placeholders;
  for (const std::vector<std::string>* list : std::initializer_list<const std::vector<std::string>*>{
           &setting->config.rules_dirs, &setting->config.sigma_dirs, &options.rules_dirs, &options.sigma_dirs})
    sources.paths.insert(sources.paths.end(), list->begin(), list->end());
  if (!options.paths.empty()) {
    sources.built_in = false;
    sources.paths = options.paths;
    return sources;
  }
  auto plugins = load_plugins(command, plugin_options(setting->config, options.plugins_dir));
  if (!plugins) return plugins.error();
  analysis::add_rules_of(plugins.value(), sources);
  return sources;
}

Result<detect::RuleSet> chosen(std::string_view command, const Globals& globals, const Options& options) {
  auto sources = configured(command, globals, options);
  if (!sources) return sources.error();
  return analysis::load_rules(sources.value());
}

std::string scope_text(const detect::Rule& rule) {
  if (rule.is_window()) return fmt::format("counted over {} s", rule.window->span_ns / kSecondNs);
  if (rule.absence) return "events that stay away";
  if (!rule.scope.logsource.empty()) return rule.scope.logsource.describe();
  std::string text;
  for (const detect::ScopeChoice& choice : rule.scope.choices)
    for (int kind = 0; kind < 16; ++kind)
      if (choice.kinds >> kind & 1)
        text += (text.empty() ? "" : ", ") + std::string(record_kind_name(static_cast<RecordKind>(kind)));
  return text.empty() ? "everything" : text;
}

// With what a window counts: "auth, counted over 60 s".
std::string counted_text(const detect::RuleSet& rules, const detect::Rule& rule) {
  if (!rule.is_window() || rule.window->inputs.empty()) return scope_text(rule);
  return scope_text(rules.rules[rule.window->inputs.front()]) + ", " + scope_text(rule);
}

int list(const Globals& globals, const Options& options) {
  auto rules = chosen("rules list", globals, options);
  if (!rules) return fail("rules list", rules.error());
  std::vector<const detect::Rule*> shown;
  for (const detect::Rule& rule : rules->rules)
    if (!detect::is_part(rule) && (options.level.empty() || detect::level_name(rule.level) == options.level))
      shown.push_back(&rule);
  if (globals.json) {
    for (const detect::Rule* rule : shown) {
      JsonText json;
      json.begin_object().member("id", rule->id).member("title", rule->title);
      json.member("severity", detect::level_name(rule->level));
      json.member("dialect", rule->dialect == detect::Dialect::sigma ? "sigma" : "native");
      json.member("scope", scope_text(*rule)).member("file", rule->pack).count("line", rule->at.line);
      json.key("silent").boolean(rule->silent).member("description", rule->description).key("tags").begin_array();
      for (const std::string& tag : rule->tags) json.string(tag);
      json.end_array().end_object();
      fmt::print("{}\n", json.text());
    }
    return kExitDone;
  }
  // What makes no finding of its own is counted, and listed in JSON, where it is silent.
  const std::size_t silent = std::erase_if(shown, [](const detect::Rule* rule) { return rule->silent; });
  std::vector<std::vector<std::string>> rows{{"ID", "SEVERITY", "LOOKS AT", "TITLE"}};
  for (const detect::Rule* rule : shown)
    rows.push_back({printable(rule->id), std::string(detect::level_name(rule->level)), counted_text(rules.value(), *rule),
                    printable(rule->title)});
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  fmt::print("{} rules", shown.size());
  if (silent > 0) fmt::print(", and {} that only others refer to", silent);
  if (const std::size_t refused = rules->refused(); refused > 0)
    fmt::print(", {} documents refused ('rules validate')", refused);
  fmt::print("\n");
  return kExitDone;
}

int explain(const Globals& globals, const Options& options) {
  auto rules = chosen("rules explain", globals, options);
  if (!rules) return fail("rules explain", rules.error());
  auto rule = rule_called(rules.value(), options.id);
  if (!rule) return fail("rules explain", rule.error());
  FieldNames names;
  auto engine = detect::Engine::compile(rules.value(), names);
  if (!engine) return fail("rules explain", engine.error());
  if (globals.json) fmt::print("{}\n", explained_json(engine.value(), rule.value()));
  else fmt::print("{}", explained_text(engine.value(), rule.value()));
  return kExitDone;
}

int show(const Globals& globals, const Options& options) {
  auto rules = chosen("rules show", globals, options);
  if (!rules) return fail("rules show", rules.error());
  const auto number = rule_called(rules.value(), options.id);
  if (!number) return fail("rules show", number.error());
  const detect::Rule& rule = rules->rules[number.value()];
  auto native = detect::to_native(rules.value(), number.value());
  if (!native)
    return fail("rules show", Error{fmt::format("{} cannot be written in the native form ({}); its file is {}:{}", rule.id,
                                                native.error().message, rule.pack, rule.at.line),
                                    native.error().kind});
  if (!globals.json) {
    // Texts of rules come from strangers: a YAML file of theirs may hold any character.
    fmt::print("# {}:{}\n", printable(rule.pack), rule.at.line);
    std::string_view rest = native.value();
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      fmt::print("{}\n", printable(rest.substr(0, end)));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return kExitDone;
  }
  JsonText json;
  json.begin_object().member("id", rule.id).member("file", rule.pack).count("line", rule.at.line);
  json.member("yaml", native.value()).end_object();
  fmt::print("{}\n", json.text());
  return kExitDone;
}

void print_report(const detect::DocumentReport& report, bool json) {
  if (json) {
    JsonText text;
    text.begin_object().member("file", report.file).count("line", report.at.line);
    text.member("kind", detect::document_kind_name(report.kind)).member("id", report.id).member("title", report.title);
    text.key("loaded").boolean(report.loaded);
    for (const auto& [key, problems] : {std::pair{"problems", &report.problems}, std::pair{"warnings", &report.warnings}}) {
      text.key(key).begin_array();
      for (const yaml::Problem& problem : *problems) {
        text.begin_object().count("line", problem.at.line).count("column", problem.at.column);
        text.member("message", problem.message).end_object();
      }
      text.end_array();
    }
    text.end_object();
    fmt::print("{}\n", text.text());
    return;
  }
  for (const yaml::Problem& problem : report.problems) fmt::print("{}\n", printable(yaml::describe(report.file, problem)));
  for (const yaml::Problem& problem : report.warnings)
    fmt::print("{}\n", printable(yaml::describe(report.file, {problem.at, "warning: " + problem.message})));
}

// Every rule of the set in the native form; what it cannot say is an error by name.
int print_native(std::string_view command, const detect::RuleSet& rules) {
  int exit_code = kExitDone;
  for (std::uint32_t i = 0; i < rules.rules.size(); ++i) {
    // Parts a window counts are written with it; a silent rule of its own name is a rule that others refer to.
    const bool counted = detect::is_part(rules.rules[i]) &&
                         std::any_of(rules.rules.begin(), rules.rules.end(), [&](const detect::Rule& rule) {
                           return rule.window && std::count(rule.window->inputs.begin(), rule.window->inputs.end(), i) > 0;
                         });
    if (counted || rules.rules[i].ends) continue;  // stands with the rule it is part of
    auto native = detect::to_native(rules, i);
    if (!native) {
      (void)fail(command, Error{fmt::format("{}: {}", rules.rules[i].id, native.error().message), native.error().kind});
      exit_code = kExitFound;
      continue;
    }
    fmt::print("{}{}", i > 0 ? "---\n" : "", native.value());
  }
  return exit_code;
}

int validate(const Globals& globals, const Options& options) {
  auto rules = chosen("rules validate", globals, options);
  if (!rules) return fail("rules validate", rules.error());
  std::size_t warned = 0;
  for (const detect::DocumentReport& report : rules->documents) {
    warned += !report.warnings.empty();
    if (globals.json || !report.problems.empty() || (!options.quiet && !report.warnings.empty()))
      print_report(report, globals.json);
  }
  const std::size_t refused = rules->refused();
  const std::size_t loaded = rules->documents.size() - refused;
  if (rules->documents.empty())
    return fail("rules validate", Error{"no rule found in the named files", ErrorKind::invalid});
  FieldNames names;
  if (auto engine = detect::Engine::compile(rules.value(), names); !engine) return fail("rules validate", engine.error());
  int exit_code = refused > 0 || (options.strict && warned > 0) ? kExitFound : kExitDone;
  if (options.sigma && !globals.json) exit_code = std::max(exit_code, print_native("rules validate", rules.value()));
  if (!globals.json)
    fmt::print(stderr, "{} of {} documents loaded, {} refused, {} with warnings\n", loaded, rules->documents.size(),
               refused, warned);
  return exit_code;
}

int convert(const Globals& globals, const Options& options) {
  auto rules = chosen("rules convert", globals, options);
  if (!rules) return fail("rules convert", rules.error());
  for (const detect::DocumentReport& report : rules->documents)
    for (const yaml::Problem& problem : report.problems)
      fmt::print(stderr, "{}\n", printable(yaml::describe(report.file, problem)));
  const int exit_code = print_native("rules convert", rules.value());
  return rules->refused() > 0 ? kExitFound : exit_code;
}

int test(const Globals& globals, const Options& options) {
  auto rules = chosen("rules test", globals, options);
  if (!rules) return fail("rules test", rules.error());
  for (const detect::DocumentReport& report : rules->documents)
    if (!report.problems.empty()) print_report(report, globals.json);
  std::size_t ran = 0;
  auto failures = detect::run_samples(rules.value(), analysis::sample_reader(), ran);
  if (!failures) return fail("rules test", failures.error());
  std::size_t without = 0;
  for (const detect::Rule& rule : rules->rules) without += !detect::is_part(rule) && rule.samples.empty();
  for (const detect::SampleFailure& failure : failures.value()) {
    const detect::Rule* rule = rules->find(failure.rule);
    const std::string where = rule ? yaml::describe(rule->pack, {failure.at, failure.message}) : failure.message;
    if (!globals.json) {
      fmt::print("{} {}\n", printable(failure.rule), printable(where));
      continue;
    }
    JsonText json;
    json.begin_object().member("rule", failure.rule).member("file", rule ? rule->pack : "").count("line", failure.at.line);
    json.member("message", failure.message).end_object();
    fmt::print("{}\n", json.text());
  }
  if (!globals.json)
    fmt::print("{} samples of {} rules ran, {} failed; {} rules have none\n", ran,
               detect::count_known(rules.value()) - without, failures->size(), without);
  return failures->empty() && rules->refused() == 0 ? kExitDone : kExitFound;
}

}  // namespace

void add_rules_commands(Program program) {
  auto* rules = program.app.add_subcommand("rules", "List, show, explain, check, convert and test detection rules");
  rules->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = rules->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_config(*sub, program.globals);
    sub->add_option("--placeholders", options->placeholders, "YAML file with values for Sigma's %name% placeholders");
    sub->add_flag("--follow-links", options->follow_links, "Follow symbolic links met in directories of rules");
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  const auto add_sources = [&](Command* sub) {
    sub->add_option("--rules-dir", options->rules_dirs, "Directory (or file) with rules of your own; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--sigma", options->sigma_dirs, "Directory (or file) with Sigma rules; may be repeated")
        ->allow_extra_args(false);
    sub->add_option("--plugins-dir", options->plugins_dir, "Directory with plugins (*.lua, *.py), instead of plugins_dir");
    sub->add_flag("--no-builtin", options->no_builtin, "Leave the built-in rules out");
    return sub;
  };
  auto* listing = add_sources(command("list", "List the built-in rules and your own", list));
  listing->add_option("--severity", options->level, "Only rules of this severity")
      ->check(any_of({"informational", "low", "medium", "high", "critical"}));
  add_sources(command("explain", "Print what a rule was compiled to: what is looked for, tested and counted", explain))
      ->add_option("ID", options->id, "The rule's id, as 'rules list' shows it")
      ->required();
  add_sources(command("show", "Print a rule in the native form, and where it stands", show))
      ->add_option("ID", options->id, "The rule's id, as 'rules list' shows it")
      ->required();
  auto* validating = command("validate", "Load rules and report what is wrong with them, and where", validate);
  validating->add_option("PATH", options->paths, "Rule files or directories, native or Sigma")->required();
  validating->add_flag("--sigma", options->sigma, "Print what loaded in the native form")->allow_extra_args(false);
  validating->add_flag("--strict", options->strict, "Treat a warning as a failure");
  validating->add_flag("--quiet,-q", options->quiet, "Do not print warnings");
  auto* converting = command("convert", "Print rules, Sigma rules too, in the native form", convert);
  converting->add_option("PATH", options->paths, "Rule files or directories")->required();
  auto* testing = command("test", "Run the samples of rules", test);
  testing->add_option("PATH", options->paths, "Rule files or directories; nothing: the built-in rules");
  rules->footer(
      "Examples:\n"
      "  logystera rules list --severity critical\n"
      "  logystera rules explain SSH_BRUTE_FORCE\n"
      "  logystera rules show SSH_BRUTE_FORCE > my_rules/ssh_brute_force.yml\n"
      "  logystera rules validate my_rule.yml\n"
      "  logystera rules validate sigma/rules --strict\n"
      "  logystera rules convert proc_creation_win_whoami.yml > whoami.yml\n"
      "  logystera rules test rules/web.yml\n\n"
      "Exit codes: 0 all is well, 1 a rule was refused (or failed its samples, or has warnings with --strict), 2 an "
      "error.");
}

}  // namespace logystera::cli

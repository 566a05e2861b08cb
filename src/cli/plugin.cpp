// `logystera plugin`: list, check, test.
#include "plugin/plugin.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "analysis/program.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "redact/salt.hpp"
#include "source/paths.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string directory, file, redact;
  std::vector<std::string> logs;
};

std::string_view language_name(plugin::Language language) { return language == plugin::Language::lua ? "lua" : "python"; }

void print_json(const plugin::Plugin& plugin) {
  JsonText json;
  json.begin_object().member("file", plugin.path).member("language", language_name(plugin.language));
  json.member("in_force", plugin.fault.empty()).member("fault", plugin.fault);
  json.key("warnings").begin_array();
  for (const std::string& warning : plugin.warnings) json.string(warning);
  json.end_array().key("rules").begin_array();
  for (const plugin::Document& rule : plugin.given.rules) {
    const yaml::Node* id = rule.root.find("id");
    json.begin_object().member("id", id ? id->text : "").count("line", rule.root.at.line).end_object();
  }
  json.end_array().key("rule_dirs").begin_array();
  for (const std::string& directory : plugin.given.rule_dirs) json.string(directory);
  json.end_array().key("patterns").begin_array();
  for (const redact::Pattern& pattern : plugin.given.patterns)
    json.begin_object().member("name", pattern.name()).member("prefix", pattern.prefix()).end_object();
  json.end_array().key("formats").begin_array();
  for (const plugin::Contribution::Format& format : plugin.given.formats) json.string(format.name);
  json.end_array().key("parsers").begin_array();
  for (const auto& parser : plugin.given.parsers) json.string(parser->name);
  json.end_array().key("enrichers").begin_array();
  for (const auto& enricher : plugin.given.enrichers) {
    json.begin_object().count("line", enricher->line).key("adds").begin_array();
    for (const std::string& name : enricher->adds) json.string(name);
    json.end_array().end_object();
  }
  json.end_array().end_object();
  fmt::print("{}\n", json.text());
}

void print_text(const plugin::Plugin& plugin) {
  for (const std::string& warning : plugin.warnings) fmt::print("{}\n", printable(warning));
  if (!plugin.fault.empty()) {
    fmt::print("{}\n", printable(plugin.fault));
    return;
  }
  for (const plugin::Document& rule : plugin.given.rules) {
    const yaml::Node* id = rule.root.find("id");
    fmt::print("rule {}\n", printable(id ? id->text : "without an id"));
  }
  for (const std::string& directory : plugin.given.rule_dirs) fmt::print("rules of {}\n", printable(directory));
  for (const redact::Pattern& pattern : plugin.given.patterns)
    fmt::print("pattern {} ({}_…)\n", printable(pattern.name()), printable(pattern.prefix()));
  for (const plugin::Contribution::Format& format : plugin.given.formats) fmt::print("format {}\n", printable(format.name));
  for (const auto& parser : plugin.given.parsers) fmt::print("parser {}\n", printable(parser->name));
  for (const auto& enricher : plugin.given.enrichers) {
    std::string names;
    for (const std::string& name : enricher->adds) names += (names.empty() ? "" : ", ") + name;
    fmt::print("enricher of {}\n", printable(names));
  }
  fmt::print("{}: registers {}\n", printable(plugin.path), plugin::summary(plugin.given));
}

int list(const Globals& globals, const Options& options) {
  auto setting = load_setting("plugin list", globals);
  if (!setting) return fail("plugin list", setting.error());
  const plugin::Options wanted = plugin_options(setting->config, options.directory);
  if (wanted.none())
    return fail("plugin list",
                Error{"no directory of plugins is named: set plugins_dir in the configuration, or give --plugins-dir",
                      ErrorKind::invalid});
  auto plugins = plugin::load(wanted, {});
  if (!plugins) return fail("plugin list", plugins.error());
  std::vector<std::vector<std::string>> rows{{"PLUGIN", "LANGUAGE", "REGISTERS"}};
  for (const plugin::Plugin& plugin : plugins.value()) {
    if (globals.json) print_json(plugin);
    rows.push_back({printable(plugin.path), std::string(language_name(plugin.language)),
                    plugin.fault.empty() ? plugin::summary(plugin.given) : "skipped: " + printable(plugin.fault)});
  }
  if (globals.json) return kExitDone;
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  fmt::print("{} plugins\n", plugins->size());
  return kExitDone;
}

// The one plugin of a command line, under the configuration's limits.
Result<plugin::Options> one_file(std::string_view command, const Globals& globals, const Options& options, Config& config) {
  auto setting = load_setting(command, globals);
  if (!setting) return setting.error();
  config = std::move(setting->config);
  plugin::Options wanted = plugin_options(config, {});
  wanted.directory.clear();
  wanted.files = {options.file};
  return wanted;
}

int check(const Globals& globals, const Options& options) {
  Config config;
  auto wanted = one_file("plugin check", globals, options, config);
  if (!wanted) return fail("plugin check", wanted.error());
  auto plugins = plugin::load(wanted.value(), {});
  if (!plugins) return fail("plugin check", plugins.error());
  const plugin::Plugin& plugin = plugins->front();
  if (globals.json) print_json(plugin);
  else print_text(plugin);
  return plugin.fault.empty() ? kExitDone : kExitFound;
}

// Prints findings as they are made; all of it is redacted.
class Printing final : public analysis::Watcher {
 public:
  explicit Printing(bool json) : json_(json) {}

  std::uint64_t own_values = 0;

  void take(analysis::Chunk& chunk) override {
    for (const analysis::Finding& finding : chunk.findings) print(finding);
  }
  void finished(const analysis::SourceReport& report) override {
    own_values += report.redacted[static_cast<std::size_t>(redact::Kind::own)];
    if (report.problem) fmt::print(stderr, "logystera plugin test: {}\n", printable(report.problem->message));
  }

 private:
  void print(const analysis::Finding& finding) const {
    if (!json_) {
      fmt::print("{}:{}: {} {} {}: {}\n", printable(finding.source), finding.line, detect::level_name(finding.level),
                 printable(finding.rule), printable(finding.title), printable(finding.message));
      return;
    }
    JsonText json;
    json.begin_object().member("source", finding.source).count("line", finding.line).member("rule", finding.rule);
    json.member("title", finding.title).member("severity", detect::level_name(finding.level));
    json.member("message", finding.message).end_object();
    fmt::print("{}\n", json.text());
  }

  const bool json_;
};

int test(const Globals& globals, const Options& options) {
  Config config;
  auto wanted = one_file("plugin test", globals, options, config);
  if (!wanted) return fail("plugin test", wanted.error());
  analysis::ProgramOptions made;
  made.plugins = wanted.value();
  made.mode = options.redact.empty() ? config.redact : options.redact;
  made.digits = config.pii_digits;
  made.salt = config.pii_salt;
  made.salt_file = redact::default_salt_file();
  made.timezone = config.timezone;
  made.sources.built_in = false;
  made.rule_cache = false;
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(made, notes);
  for (const std::string& warning : notes.warnings) fmt::print(stderr, "logystera plugin test: {}\n", printable(warning));
  if (!program && notes.wrong == analysis::ProgramOption::mode)
    return fail("plugin test", Error{"--redact " + program.error().message, program.error().kind});
  if (!program) return fail("plugin test", program.error());
  if (!program.value()->plugins().front().fault.empty()) return kExitFound;
  PassedOver passed;
  auto sets = source::find_sources(options.logs, {}, &passed);
  if (!sets) return fail("plugin test", sets.error());
  say_passed_over("plugin test", passed);
  Printing printing(globals.json);
  analysis::Progress progress;
  const analysis::Totals totals = analysis::run(sets.value(), program.value(), printing, progress, interrupted());
  say_hook_notes("plugin test", *program.value());
  if (!globals.json)
    fmt::print("{} records, {} findings, {} values redacted by the plugin's patterns\n", totals.counts.records,
               totals.findings, printing.own_values);
  return totals.failed > 0 ? kExitError : kExitDone;
}

}  // namespace

void add_plugin(Program program) {
  auto* plugins = program.app.add_subcommand("plugin", "List, check and try plugins");
  plugins->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = plugins->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_config(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  command("list", "List the plugins and what each registers, or why it is skipped", list)
      ->add_option("--plugins-dir", options->directory, "Directory with plugins (*.lua, *.py), instead of plugins_dir");
  command("check", "Run one plugin's register() and print what it registers", check)
      ->add_option("FILE", options->file, "The plugin")
      ->required();
  auto* testing =
      command("test", "Read logs with one plugin's rules, patterns and formats alone, and print its findings", test);
  testing->add_option("FILE", options->file, "The plugin")->required();
  testing->add_option("LOGFILE", options->logs, "Logs to read; nothing: standard input");
  testing->add_option("--redact", options->redact, "redact, mask or dry-run [default: the configuration's]");
  plugins->footer(
      "Examples:\n"
      "  logystera plugin list --plugins-dir plugins\n"
      "  logystera plugin check plugins/my_plugin.lua\n"
      "  logystera plugin test plugins/my_plugin.lua /var/log/app.log\n\n"
      "docs/plugins.md says how plugins are written and what they may do.\n"
      "Exit codes: 0 done, 1 the plugin is faulty (check, test), 2 an error.");
}

}  // namespace logystera::cli

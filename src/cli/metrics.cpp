// `logystera metrics`: list, validate.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <memory>

#include "analysis/metrics.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"
#include "core/printable.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  std::string type;
  bool follow_links = false;
};

// "auth.login, 3 more": a list of types may be longer than a line.
std::string types_text(const std::vector<std::string>& types) {
  if (types.empty()) return "any";
  return types.size() < 3 ? fmt::format("{}", fmt::join(types, ", "))
                          : fmt::format("{}, {} more", types[0], types.size() - 1);
}

std::vector<std::string> label_names(const metric::Definition& definition) {
  std::vector<std::string> names;
  for (const metric::Label& label : definition.labels) names.push_back(label.name);
  return names;
}

void put(JsonText& json, std::string_view name, const std::vector<std::string>& texts) {
  json.key(name).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void print_json(const metric::Definition& definition) {
  JsonText json;
  json.begin_object().member("name", definition.name).member("type", metric::type_name(definition.type));
  json.member("help", definition.help);
  put(json, "event_types", definition.event_types);
  put(json, "labels", label_names(definition));
  json.member("value", definition.value).count("divide", static_cast<std::uint64_t>(definition.divide));
  json.count("series", definition.labels.empty() ? 1 : definition.series_most);
  json.member("file", definition.file).count("line", definition.file.empty() ? 0 : definition.at.line).end_object();
  fmt::print("{}\n", json.text());
}

// What is built in, what the configuration names, and what the command line does.
int list(const Globals& globals, const Options& options) {
  auto setting = load_setting("metrics list", globals);
  if (!setting) return fail("metrics list", setting.error());
  std::vector<std::string> paths = setting->config.metrics_dirs;
  paths.insert(paths.end(), options.paths.begin(), options.paths.end());
  auto definitions = analysis::load_metrics(paths, options.follow_links);
  if (!definitions) return fail("metrics list", definitions.error());
  std::vector<std::vector<std::string>> rows{{"NAME", "TYPE", "SIGNALS", "LABELS", "WHAT IT IS"}};
  std::size_t shown = 0;
  for (const metric::Definition& one : definitions->all()) {
    if (!options.type.empty() && metric::type_name(one.type) != options.type) continue;
    ++shown;
    if (globals.json) print_json(one);
    else
      rows.push_back({one.name, std::string(metric::type_name(one.type)), printable(types_text(one.event_types)),
                      printable(fmt::format("{}", fmt::join(label_names(one), ", "))), printable(one.help)});
  }
  if (globals.json) return kExitDone;
  std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  fmt::print("{} metrics", shown);
  if (const std::size_t refused = definitions->problems().size(); refused > 0)
    fmt::print(", {} documents refused ('metrics validate')", refused);
  fmt::print("\n");
  return kExitDone;
}

// Beside those built in, as the server reads them: a name that is taken is refused here, too.
int validate(const Globals& globals, const Options& options) {
  auto definitions = analysis::load_metrics(options.paths, options.follow_links);
  if (!definitions) return fail("metrics validate", definitions.error());
  const std::size_t loaded = definitions->all().size() - metric::Definitions::built_in().all().size();
  const metric::Problems& problems = definitions->problems();
  if (loaded == 0 && problems.empty())
    return fail("metrics validate", Error{"no metric found in the named files", ErrorKind::invalid});
  for (const std::string& problem : problems) {
    if (!globals.json) {
      fmt::print("{}\n", printable(problem));
      continue;
    }
    JsonText json;
    json.begin_object().member("problem", problem).end_object();
    fmt::print("{}\n", json.text());
  }
  if (!globals.json)
    fmt::print(stderr, "{} of {} documents loaded, {} refused\n", loaded, loaded + problems.size(), problems.size());
  return problems.empty() ? kExitDone : kExitFound;
}

}  // namespace

void add_metrics(Program program) {
  auto* metrics = program.app.add_subcommand("metrics", "List and check definitions of metrics");
  metrics->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = metrics->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    sub->add_flag("--follow-links", options->follow_links, "Follow symbolic links met in directories of definitions");
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  auto* listing = command("list", "List the built-in metrics and your own", list);
  add_config(*listing, program.globals);
  listing->add_option("PATH", options->paths, "Files or directories with definitions, beside those of metrics_dir");
  listing->add_option("--type", options->type, "Only metrics of this type")
      ->check(any_of({"counter", "gauge", "distribution"}));
  command("validate", "Load definitions and report what is wrong with them, and where", validate)
      ->add_option("PATH", options->paths, "Files or directories with definitions of metrics")
      ->required();
  metrics->footer(
      "Examples:\n"
      "  logystera metrics list --type distribution\n"
      "  logystera metrics validate my_metrics.yml\n\n"
      "Exit codes: 0 all is well, 1 a definition was refused, 2 an error.");
}

}  // namespace logystera::cli

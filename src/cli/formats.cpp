// `logystera formats`: what can be read.
#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

// Read by their first bytes, not line by line, so they have no definition file.
constexpr std::pair<std::string_view, std::string_view> kBinary[] = {{"evtx", "Windows event log (EVTX)"},
                                                                     {"journal_export", "systemd journal, export format"}};

int run(const Globals& globals, std::string directory, const std::string& plugins_dir, bool follow_links) {
  auto setting = load_setting("formats", globals);
  if (!setting) return fail("formats", setting.error());
  if (directory.empty()) directory = setting->config.formats_dir;
  auto formats = parse::Formats::built_in();
  if (!formats) return fail("formats", formats.error());
  if (!directory.empty())
    if (auto added = formats->add_directory(directory, follow_links); !added) return fail("formats", added.error());
  auto plugins = load_plugins("formats", plugin_options(setting->config, plugins_dir));
  if (!plugins) return fail("formats", plugins.error());
  for (const plugin::Plugin& plugin : plugins.value())
    for (const plugin::Contribution::Format& format : plugin.given.formats)
      if (auto added = formats->add(format.json, format.where); !added) return fail("formats", added.error());
  for (const plugin::Plugin& plugin : plugins.value())
    for (const auto& parser : plugin.given.parsers)
      if (auto added = formats->add(plugin::format_of(parser), parser->where()); !added)
        return fail("formats", added.error());
  std::vector<std::vector<std::string>> rows{{"NAME", "WHAT IT IS", "READER"}};
  for (const auto& format : formats->all()) rows.push_back({format->name, printable(format->title), format->reader});
  for (const auto& [name, title] : kBinary) rows.push_back({std::string(name), std::string(title), "binary"});
  std::sort(rows.begin() + 1, rows.end());
  if (!globals.json) {
    std::fputs(table(rows, colour_wanted()).c_str(), stdout);
    return kExitDone;
  }
  for (std::size_t i = 1; i < rows.size(); ++i) {
    JsonText json;
    json.begin_object().member("name", rows[i][0]).member("title", rows[i][1]).member("reader", rows[i][2]).end_object();
    fmt::print("{}\n", json.text());
  }
  return kExitDone;
}

}  // namespace

void add_formats(Program program) {
  auto* formats = program.app.add_subcommand("formats", "List the log formats that are recognised");
  auto directory = std::make_shared<std::string>();
  formats->add_option("--formats-dir", *directory, "Directory with format definitions of your own (*.json)");
  auto plugins_dir = std::make_shared<std::string>();
  formats->add_option("--plugins-dir", *plugins_dir, "Directory with plugins (*.lua, *.py), instead of plugins_dir");
  auto follow_links = std::make_shared<bool>(false);
  formats->add_flag("--follow-links", *follow_links, "Follow symbolic links met in that directory");
  add_json(*formats, program.globals, "One JSON object a line");
  add_config(*formats, program.globals);
  formats->footer(
      "A format of your own is a JSON file with its samples, which are checked when it is loaded; see docs/analysis.md.\n"
      "Access logs need none: 'logystera scan --log-format STRING' takes nginx's log_format or Apache's LogFormat.");
  formats->callback([program, directory, plugins_dir, follow_links] {
    program.exit_code = run(program.globals, *directory, *plugins_dir, *follow_links);
  });
}

}  // namespace logystera::cli

// `logystera fleet`: many sources, declared in one file, read, followed and looked after at once.
#include "cli/fleet.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "cli/config_warnings.hpp"
#include "cli/fleet_sources.hpp"
#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"
#include "core/json_text.hpp"

namespace logystera::cli {
namespace {

constexpr std::chrono::seconds kCheckLimit{5};
constexpr std::size_t kChecks = 16;  // at the same time
constexpr std::chrono::milliseconds kLook{20};

struct ListOptions {
  Selection selection;
  bool check = false;
};

struct Checked {
  bool up = false;
  std::string text;  // what was found there, or why not
};

Checked check(const fleet::Target& target, const Analysis& analysis, Stop stop) {
  auto resolved = fleet::resolve(target, fleet::environment);
  if (!resolved) return {false, resolved.error().message};
  auto found = fleet_check(resolved.value(), analysis, stop, kCheckLimit);
  if (stop.load()) return {false, fmt::format("no answer within {} s", kCheckLimit.count())};
  return found ? Checked{true, found.value()} : Checked{false, found.error().message};
}

std::vector<Checked> check_all(const std::vector<fleet::Target>& targets, const Analysis& analysis) {
  using Clock = std::chrono::steady_clock;
  struct Turn {
    std::atomic<bool> stop{false}, begun{false}, over{false};
    Clock::time_point since;  // valid once it has begun
  };
  std::vector<Checked> checked(targets.size());
  std::vector<Turn> turns(targets.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t at = 0; (at = next.fetch_add(1)) < targets.size();) {
      Turn& turn = turns[at];
      turn.since = Clock::now();
      turn.begun = true;
      if (targets[at].enabled && !interrupted().load()) checked[at] = check(targets[at], analysis, turn.stop);
      turn.over = true;
    }
  };
  std::vector<std::thread> threads;
  try {
    while (threads.size() < std::min(kChecks, targets.size())) threads.emplace_back(work);
  } catch (const std::system_error&) {
    if (threads.empty()) {
      for (Checked& one : checked) one.text = "no thread can be started";
      return checked;
    }
  }
  // A server that takes the question and never answers is asked for no longer than the others.
  for (bool all_over = false; !all_over; std::this_thread::sleep_for(kLook)) {
    all_over = true;
    for (Turn& turn : turns) {
      all_over = all_over && turn.over;
      if (turn.begun && !turn.over && (interrupted().load() || Clock::now() - turn.since > kCheckLimit)) turn.stop = true;
    }
  }
  for (std::thread& thread : threads) thread.join();
  return checked;
}

void print_json(const fleet::Target& target, const Checked* checked) {
  JsonText json;
  json.begin_object().member("name", target.name).member("type", fleet::type_name(target.type)).key("groups").begin_array();
  for (const std::string& group : target.groups) json.string(group);
  json.end_array().key("enabled").boolean(target.enabled);
  for (const fleet::Key& key : fleet::keys_of(target.type)) {
    const auto values = target.texts(key.name);
    if (values.empty()) continue;
    if (key.kind != fleet::Kind::texts) {
      json.member(key.name, fleet::shown(key, values.front()));
      continue;
    }
    json.key(key.name).begin_array();
    for (const std::string& value : values) json.string(fleet::shown(key, value));
    json.end_array();
  }
  if (checked && !target.enabled) json.member("state", "off");
  else if (checked) json.member("state", checked->up ? "up" : "down").member("found", checked->text);
  json.end_object();
  fmt::print("{}\n", json.text());
}

// "web, prod, +3": a column beside others, of which the next one is the longer.
std::string groups_text(const std::vector<std::string>& groups) {
  constexpr std::size_t kColumns = 20;
  std::string text;
  for (std::size_t at = 0; at < groups.size(); ++at) {
    const std::string more = (at == 0 ? "" : ", ") + groups[at];
    if (at > 0 && text.size() + more.size() > kColumns) return fmt::format("{}, +{}", text, groups.size() - at);
    text += more;
  }
  return text.empty() ? "-" : text;
}

int run_list(const Globals& globals, const ListOptions& options) {
  constexpr const char* kCommand = "fleet list";
  auto file = targets_file(globals, options.selection.file);
  if (!file) return fail(kCommand, file.error());
  auto loaded = fleet::load(file.value());
  if (!loaded) return fail(kCommand, loaded.error());
  for (const std::string& warning : loaded->warnings)
    fmt::print(stderr, "logystera {}: {}\n", kCommand, printable(warning));
  // Those that are not enabled are listed too, and left alone.
  fleet::Targets all = loaded.value();
  for (fleet::Target& target : all.all) target.enabled = true;
  auto targets = fleet::select(all, options.selection.names, options.selection.groups);
  if (!targets) return fail(kCommand, targets.error());
  for (fleet::Target& target : targets.value())
    for (const fleet::Target& own : loaded->all)
      if (own.name == target.name) target.enabled = own.enabled;
  std::vector<Checked> checked;
  if (options.check) {
    auto prepared = prepare(kCommand, globals, {});
    if (!prepared) return fail(kCommand, prepared.error());
    checked = check_all(targets.value(), prepared.value());
  }
  std::vector<std::vector<std::string>> rows{{"NAME", "TYPE", "GROUPS", "WHAT"}};
  if (options.check) rows[0] = {"NAME", "TYPE", "GROUPS", "STATE", "FOUND"};
  bool any_down = false;
  for (std::size_t at = 0; at < targets->size(); ++at) {
    const fleet::Target& target = targets.value()[at];
    if (options.check) any_down |= target.enabled && !checked[at].up;
    if (globals.json) {
      print_json(target, options.check ? &checked[at] : nullptr);
      continue;
    }
    std::vector<std::string> row{target.name, std::string(fleet::type_name(target.type)), groups_text(target.groups)};
    if (options.check) {
      row.emplace_back(!target.enabled ? "off" : checked[at].up ? "up" : "down");
      row.push_back(printable(target.enabled ? checked[at].text : fleet::describe(target)));
    } else {
      row.push_back(printable(fleet::describe(target)) + (target.enabled ? "" : " (not enabled)"));
    }
    rows.push_back(std::move(row));
  }
  if (!globals.json) {
    std::fputs(table(rows, colour_wanted()).c_str(), stdout);
    fmt::print("{} {}\n", targets->size(), targets->size() == 1 ? "target" : "targets");
  }
  return any_down ? kExitError : kExitDone;
}

}  // namespace

void add_selection(Command& command, Selection& selection) {
  command.add_option("--target", selection.names, "This target alone; may be repeated")->allow_extra_args(false);
  command.add_option("--group", selection.groups, "The targets of this group alone; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--targets", selection.file,
                     "The file of targets [default: fleet.targets of the configuration, else targets.yaml]");
}

Result<std::string> targets_file(const Globals& globals, const std::string& named) {
  if (!named.empty()) return named;
  auto config = load_config(globals.config);
  if (!config) return config.error();
  say_warnings("", config.value());
  return config->fleet.targets;
}

Result<std::vector<fleet::Target>> chosen_targets(std::string_view command, const Globals& globals,
                                                  const Selection& selection) {
  auto file = targets_file(globals, selection.file);
  if (!file) return file.error();
  auto loaded = fleet::load(file.value());
  if (!loaded) return loaded.error();
  for (const std::string& warning : loaded->warnings) fmt::print(stderr, "logystera {}: {}\n", command, printable(warning));
  auto chosen = fleet::select(loaded.value(), selection.names, selection.groups);
  if (chosen && chosen->empty())
    return Error{file.value() + ": none of the targets is enabled; 'logystera fleet init' adds one", ErrorKind::not_found};
  return chosen;
}

void add_fleet(Program program) {
  auto* fleet = program.app.add_subcommand("fleet", "Read, follow and look after many sources at once (targets.yaml)");
  fleet->require_subcommand(1);

  auto* init = fleet->add_subcommand("init", "Ask for a target, and add it to the file; secrets become ${VARIABLES}");
  auto file = std::make_shared<std::string>();
  init->add_option("--targets", *file,
                   "The file of targets [default: fleet.targets of the configuration, else targets.yaml]");
  add_config(*init, program.globals);
  init->callback([program, file] { program.exit_code = run_fleet_init(program.globals, *file); });

  auto* list = fleet->add_subcommand("list", "List the targets; --check says which can be reached");
  auto listing = std::make_shared<ListOptions>();
  add_selection(*list, listing->selection);
  list->add_flag("--check", listing->check, "Ask each whether it can be read now, 5 s at most");
  add_json(*list, program.globals, "One JSON object a line");
  add_config(*list, program.globals);
  list->callback([program, listing] { program.exit_code = run_list(program.globals, *listing); });

  auto* scan = fleet->add_subcommand("scan", "Read every target once, several at a time: one report");
  auto scanning = std::make_shared<FleetScanOptions>();
  add_selection(*scan, scanning->selection);
  scan->add_option("--jobs", scanning->jobs, "Targets read at the same time")
      ->check(Check::range(1u, 64u))
      ->capture_default_str();
  scan->add_option("--timeout", scanning->timeout_seconds, "Seconds a target may take")
      ->check(Check::range(0.01, 86'400.0))
      ->capture_default_str();
  scan->add_flag("--strict", scanning->strict, "Exit with 2 if any target cannot be read, instead of if none can");
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera fleet scan\n"
      "  logystera fleet scan --group web --findings-only\n\n"
      "--limit is of each target. A target that cannot be read is reported and stops no other. Exit codes: 0 done, 1 a "
      "finding\n"
      "of --fail-on's severity, 2 an error, or no target could be read.");
  scan->callback([program, scanning] { program.exit_code = run_fleet_scan(program.globals, *scanning); });

  auto* tail = fleet->add_subcommand("tail", "Follow every target, as one stream, until interrupted");
  auto live = std::make_shared<FleetTailOptions>();
  add_selection(*tail, live->selection);
  tail->add_option("--heartbeat", live->heartbeat_seconds, "Seconds between lines that say how the targets are; 0: none")
      ->check(Check::range(0.0, 86'400.0))
      ->capture_default_str();
  tail->add_flag("--from-start", live->from_start, "Begin with the oldest there is instead of now");
  tail->add_flag("--resume", live->resume, "Begin where the last --resume run ended, target by target");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera fleet tail --findings-only --alert-webhook-file /etc/logystera/webhook\n"
      "  logystera fleet tail --group prod --resume --track-findings\n\n"
      "A target that breaks off is tried again and stops no other; when it goes and comes back is said. Exit codes: 0\n"
      "interrupted by the user, 2 an error.");
  tail->callback([program, live] { program.exit_code = run_fleet_tail(program.globals, *live); });
}

}  // namespace logystera::cli

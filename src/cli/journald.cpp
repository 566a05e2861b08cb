// `logystera journald`: the journal of this machine, read once or followed.
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/opening.hpp"
#include "cli/scan_run.hpp"
#include "source/journal_source.hpp"

namespace logystera::cli {
namespace {

struct Scan : ScanOptions {
  source::JournalTarget target;
};
struct Tail : LiveOptions {
  source::JournalTarget target;
};

void add_target(Command& command, source::JournalTarget& target) {
  command.add_option("--unit", target.units, "Of this unit (sshd.service) alone; may be repeated")->allow_extra_args(false);
  command.add_option("--priority", target.priority, "Of this priority or worse: emerg to debug, 0 to 7, or a range (0..4)");
  command.add_option("--directory", target.directory, "Read the journal files in this directory instead of the system's");
}

int run_scan_command(const Globals& globals, const Scan& options) {
  return run_scan("journald scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    if (auto wrong = source::wrong_with(options.target)) return *wrong;
    return scanned(analysis, journal_once(options.target, *analysis.program, interrupted()));
  });
}

int run_tail_command(const Globals& globals, const Tail& options) {
  LiveSource live;
  live.command = "journald tail";
  live.target = "journald:" + options.target.directory;
  for (const std::string& unit : options.target.units) live.target += ":" + unit;
  if (!options.target.priority.empty()) live.target += ":" + options.target.priority;
  live.open = [&](const Analysis& analysis, const Begin& begin) -> Opened {
    if (auto wrong = source::wrong_with(options.target)) return *wrong;
    return follow_journal(options.target, *analysis.program, begin, interrupted());
  };
  return run_live(globals, options, live);
}

}  // namespace

void add_journald(Program program) {
  auto* journald = program.app.add_subcommand("journald", "Analyse the journal of this machine (needs journalctl)");
  journald->require_subcommand(1);
  auto* scan = journald->add_subcommand("scan", "Read what is in the journal: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_target(*scan, scanning->target);
  scan->add_option("--since", scanning->target.since,
                   "From then on, as journalctl takes it: -1h (or 1h), yesterday, 2026-05-18");
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera journald scan --since -1h\n"
      "  logystera journald scan --unit nginx.service --since -1h --track-errors\n\n"
      "Priorities 0 to 7 become severities. Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error.");
  scan->callback([program, scanning] { program.exit_code = run_scan_command(program.globals, *scanning); });
  auto* tail = journald->add_subcommand("tail", "Analyse the journal as it is written, until interrupted");
  auto live = std::make_shared<Tail>();
  add_target(*tail, live->target);
  tail->add_flag("--from-start", live->from_start, "Begin with the oldest entry instead of now");
  tail->add_flag("--resume", live->resume, "Begin behind the last entry of the last --resume run with these units");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera journald tail --unit sshd.service --findings-only\n"
      "  logystera journald tail --resume --track-findings\n\n"
      "journalctl is started again when it ends. With --resume each entry is read once, across kills, rotation and "
      "restarts; what\n"
      "the journal has thrown away meanwhile is said. Exit codes: 0 interrupted by the user, 2 an error.");
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli

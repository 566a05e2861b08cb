// `logystera journald`: the journal of this machine, read once or followed.
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/scan_run.hpp"
#include "source/child_source.hpp"
#include "source/journal_source.hpp"

namespace logystera::cli {
namespace {

constexpr const char* kName = "journald";

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

Error with_remedy(const Error& error) {
  if (error.kind != ErrorKind::not_found) return error;
  return Error{
      error.message + ": it comes with systemd; 'logystera scan FILE' reads what 'journalctl -o export' wrote elsewhere",
      error.kind};
}

// Everything before is read: an end that is not well is the run's fault.
std::optional<Error> judge_scan(const source::Child::End& end) {
  if (end.well()) return std::nullopt;
  return Error{"journalctl ended early: " + end.text(), ErrorKind::failed};
}

int run_scan_command(const Globals& globals, const Scan& options) {
  return run_scan("journald scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    if (auto wrong = source::wrong_with(options.target)) return *wrong;
    const analysis::Program& program = *analysis.program;
    parse::SourceOptions reading = program.pipeline().source;
    reading.input.stop = &interrupted();
    bool given = false;
    return scanned(analysis, [&options, &program, reading, given]() mutable -> std::unique_ptr<source::RecordSource> {
      if (std::exchange(given, true)) return nullptr;
      return std::make_unique<source::ChildSource>(source::journal_scan(options.target), kName, program.formats(),
                                                   program.names(), reading, judge_scan);
    });
  });
}

Result<std::unique_ptr<source::RecordSource>> open(const Tail& options, const Analysis& analysis, const Begin& begin) {
  if (auto wrong = source::wrong_with(options.target)) return *wrong;
  source::JournalSource::Options journal;
  journal.name = kName;
  journal.arguments = [&options](const source::JournalPlace& place) {
    return source::journal_follow(options.target, place);
  };
  journal.judge = source::judge_journalctl;
  journal.stop = &interrupted();
  if (begin.from_start) journal.resume = source::JournalPlace();
  if (begin.position) {
    auto place = source::JournalPlace::of_text(begin.position->text);
    if (!place) return Error{place.error().message + ": begin anew without --resume", place.error().kind};
    journal.resume = std::move(place).value();
  }
  auto opened = source::JournalSource::open(analysis.program->names(), std::move(journal));
  if (!opened) return with_remedy(opened.error());
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

int run_tail_command(const Globals& globals, const Tail& options) {
  LiveSource live;
  live.command = "journald tail";
  live.target = "journald:" + options.target.directory;
  for (const std::string& unit : options.target.units) live.target += ":" + unit;
  if (!options.target.priority.empty()) live.target += ":" + options.target.priority;
  live.open = [&](const Analysis& analysis, const Begin& begin) { return open(options, analysis, begin); };
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

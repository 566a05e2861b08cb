// `logystera ssh`: logs of another machine over ssh, read once or followed; they are redacted here.
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/opening.hpp"
#include "cli/scan_run.hpp"

namespace logystera::cli {
namespace {

struct Scan : ScanOptions {
  SshWanted wanted;
};
struct Tail : LiveOptions {
  SshWanted wanted;
};

void add_wanted(Command& command, SshWanted& wanted) {
  command.add_option("HOST", wanted.target.host, "USER@HOST, or a host of ~/.ssh/config")->required();
  command.add_option("--path", wanted.paths, "This log there; may be repeated by scan")->allow_extra_args(false);
  command.add_flag("--journald", wanted.journald, "The journal there instead of a file");
  command.add_option("--unit", wanted.journal.units, "Of this unit of the journal alone; may be repeated")
      ->allow_extra_args(false);
  command.add_option("--since", wanted.journal.since, "The journal from then on: -1h (or 1h), yesterday, 2026-05-18");
  command.add_option("--port", wanted.target.port, "The ssh server's port")->check(Check::range(1u, 65'535u));
  command.add_option("--ssh-opt", wanted.target.options, "Option of ssh, NAME=VALUE (ProxyJump=bastion); may be repeated")
      ->allow_extra_args(false);
}

// What may not stand together.
std::optional<Error> wrong_together(const SshWanted& wanted) {
  if (auto wrong = wrong_with(wanted)) return wrong;
  if (wanted.journald == !wanted.paths.empty())
    return Error{"say what to read there: --path FILE or --journald", ErrorKind::invalid};
  if (!wanted.journald && (!wanted.journal.units.empty() || !wanted.journal.since.empty()))
    return Error{"--unit and --since are of the journal: use them with --journald", ErrorKind::invalid};
  return std::nullopt;
}

int run_scan_command(const Globals& globals, const Scan& options) {
  return run_scan("ssh scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    if (auto wrong = wrong_together(options.wanted)) return *wrong;
    return scanned(analysis, ssh_once(options.wanted, *analysis.program, interrupted()));
  });
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const SshWanted& wanted = options.wanted;
  if (auto wrong = wrong_together(wanted)) return fail("ssh tail", *wrong);
  if (wanted.paths.size() > 1)
    return fail("ssh tail", Error{"--path: one log is followed; run it once more for another", ErrorKind::invalid});
  if (!wanted.journal.since.empty())
    return fail("ssh tail",
                Error{"--since is of scan: tail begins now, or with --resume or --from-start", ErrorKind::invalid});
  LiveSource live;
  live.command = "ssh tail";
  live.target = wanted.name_of(wanted.journald ? "journald" : "file:" + wanted.paths.front());
  for (const std::string& unit : wanted.journal.units) live.target += ":" + unit;
  live.open = [&](const Analysis& analysis, const Begin& begin) {
    return follow_ssh(wanted, *analysis.program, begin, interrupted());
  };
  return run_live(globals, options, live);
}

}  // namespace

void add_ssh(Program program) {
  auto* ssh = program.app.add_subcommand("ssh", "Analyse logs of another machine, over the system's ssh");
  ssh->require_subcommand(1);
  auto* scan = ssh->add_subcommand("scan", "Read a log or the journal there: recognise, redact, run rules, report");
  auto scanning = std::make_shared<Scan>();
  add_wanted(*scan, scanning->wanted);
  add_scanning(*scan, program.globals, *scanning);
  scan->footer(
      "Examples:\n"
      "  logystera ssh scan admin@web01 --path /var/log/auth.log\n"
      "  logystera ssh scan admin@web01 --journald --unit nginx.service --since -1h\n"
      "  logystera ssh scan db01 --path /var/log/syslog --port 2222 --ssh-opt ProxyJump=bastion\n\n"
      "ssh asks nothing: keys come from an agent or ~/.ssh/config, and the host's key is known. Nothing is installed "
      "there; what\n"
      "comes is redacted here. Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error.");
  scan->callback([program, scanning] { program.exit_code = run_scan_command(program.globals, *scanning); });
  auto* tail = ssh->add_subcommand("tail", "Analyse a log or the journal there as it is written, until interrupted");
  auto live = std::make_shared<Tail>();
  add_wanted(*tail, live->wanted);
  tail->add_flag("--from-start", live->from_start, "Begin at the beginning instead of the end");
  tail->add_flag("--resume", live->resume, "Begin where the last --resume run with this host and log ended");
  add_live(*tail, program.globals, *live);
  tail->footer(
      "Examples:\n"
      "  logystera ssh tail admin@web01 --path /var/log/app.log\n"
      "  logystera ssh tail admin@web01 --journald --unit sshd.service --alert-webhook-file /etc/logystera/webhook\n\n"
      "A connection that breaks is made again, and each line is read once, across rotation too. What may be lost is said. "
      "Exit\n"
      "codes: 0 interrupted by the user, 2 an error.");
  tail->callback([program, live] { program.exit_code = run_tail_command(program.globals, *live); });
}

}  // namespace logystera::cli

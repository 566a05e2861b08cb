// `logystera ssh`: logs of another machine over ssh, read once or followed; they are redacted here.
#include <memory>
#include <utility>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/live.hpp"
#include "cli/scan_run.hpp"
#include "source/child_source.hpp"
#include "source/ssh.hpp"
#include "source/ssh_file.hpp"

namespace logystera::cli {
namespace {

struct Wanted {
  source::SshTarget target;
  std::vector<std::string> paths;
  bool journald = false;
  source::JournalTarget journal;
};
struct Scan : ScanOptions {
  Wanted wanted;
};
struct Tail : LiveOptions {
  Wanted wanted;
};

void add_wanted(Command& command, Wanted& wanted) {
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

std::optional<Error> wrong_with(const Wanted& wanted) {
  if (auto wrong = source::wrong_with(wanted.target)) return wrong;
  if (auto wrong = source::wrong_with(wanted.journal)) return wrong;
  for (const std::string& path : wanted.paths)
    if (auto wrong = source::wrong_with_path(path)) return wrong;
  if (wanted.journald == !wanted.paths.empty())
    return Error{"say what to read there: --path FILE or --journald", ErrorKind::invalid};
  if (!wanted.journald && (!wanted.journal.units.empty() || !wanted.journal.since.empty()))
    return Error{"--unit and --since are of the journal: use them with --journald", ErrorKind::invalid};
  return std::nullopt;
}

std::optional<Error> judge_scan(const source::Child::End& end) {
  if (end.well()) return std::nullopt;
  return Error{"ssh ended early: " + end.text(), ErrorKind::failed};
}

std::string name_of(const Wanted& wanted, const std::string& what) { return "ssh:" + wanted.target.host + ":" + what; }

int run_scan_command(const Globals& globals, const Scan& options) {
  const Wanted& wanted = options.wanted;
  return run_scan("ssh scan", globals, options, [&](const Analysis& analysis) -> Result<Scanned> {
    if (auto wrong = wrong_with(wanted)) return *wrong;
    const analysis::Program& program = *analysis.program;
    parse::SourceOptions reading = program.pipeline().source;
    reading.input.stop = &interrupted();
    return scanned(
        analysis, [&wanted, &program, reading, at = std::size_t{0}]() mutable -> std::unique_ptr<source::RecordSource> {
          const std::size_t index = at++;
          const auto read = [&](std::vector<std::string> arguments, const std::string& what) {
            return std::make_unique<source::ChildSource>(std::move(arguments), name_of(wanted, what), program.formats(),
                                                         program.names(), reading, judge_scan);
          };
          if (wanted.journald) {
            if (index > 0) return nullptr;
            return read(source::ssh_command(wanted.target, source::journal_scan(wanted.journal)), "journald");
          }
          if (index >= wanted.paths.size()) return nullptr;
          return read(source::ssh_read(wanted.target, wanted.paths[index]), wanted.paths[index]);
        });
  });
}

Result<std::unique_ptr<source::RecordSource>> open_journal(const Wanted& wanted, const Analysis& analysis,
                                                           const Begin& begin) {
  source::JournalSource::Options journal;
  journal.name = name_of(wanted, "journald");
  journal.arguments = [&wanted](const source::JournalPlace& place) {
    return source::ssh_command(wanted.target, source::journal_follow(wanted.journal, place));
  };
  journal.judge = source::judge_ssh;
  journal.stop = &interrupted();
  if (begin.from_start) journal.resume = source::JournalPlace();
  if (begin.position) {
    auto place = source::JournalPlace::of_text(begin.position->text);
    if (!place) return Error{place.error().message + ": begin anew without --resume", place.error().kind};
    journal.resume = std::move(place).value();
  }
  auto opened = source::JournalSource::open(analysis.program->names(), std::move(journal));
  if (!opened) return opened.error();
  return std::unique_ptr<source::RecordSource>(std::move(opened).value());
}

Result<std::unique_ptr<source::RecordSource>> open_file(const Wanted& wanted, const Analysis& analysis,
                                                        const Begin& begin) {
  source::SshFile::Options file;
  file.target = wanted.target;
  file.path = wanted.paths.front();
  file.name = name_of(wanted, file.path);
  file.source = analysis.program->pipeline().source;
  file.stop = &interrupted();
  if (begin.from_start) file.begin.mode = source::SshPlace::Mode::start;
  if (begin.position) {
    auto place = source::SshPlace::of_text(begin.position->text);
    if (!place) return Error{place.error().message + ": begin anew without --resume", place.error().kind};
    file.begin = std::move(place).value();
  }
  return std::unique_ptr<source::RecordSource>(
      std::make_unique<source::SshFile>(analysis.program->formats(), analysis.program->names(), std::move(file)));
}

int run_tail_command(const Globals& globals, const Tail& options) {
  const Wanted& wanted = options.wanted;
  if (auto wrong = wrong_with(wanted)) return fail("ssh tail", *wrong);
  if (wanted.paths.size() > 1)
    return fail("ssh tail", Error{"--path: one log is followed; run it once more for another", ErrorKind::invalid});
  if (!wanted.journal.since.empty())
    return fail("ssh tail",
                Error{"--since is of scan: tail begins now, or with --resume or --from-start", ErrorKind::invalid});
  LiveSource live;
  live.command = "ssh tail";
  live.target = name_of(wanted, wanted.journald ? "journald" : "file:" + wanted.paths.front());
  for (const std::string& unit : wanted.journal.units) live.target += ":" + unit;
  live.open = [&](const Analysis& analysis, const Begin& begin) {
    return wanted.journald ? open_journal(wanted, analysis, begin) : open_file(wanted, analysis, begin);
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

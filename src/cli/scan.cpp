// `logystera scan`: logs in, events and findings out.
#include <memory>
#include <utility>

#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/scan_run.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

struct Options : ScanOptions {
  std::vector<std::string> paths;
  bool rotated = false, format_only = false;
};

// --format-only: what each source is taken for, without reading it.
int print_formats(const analysis::Program& program, const std::vector<source::SourceSet>& sets, ScanOutput output) {
  int exit_code = kExitDone;
  for (const source::SourceSet& set : sets) {
    for (const FilePath& member : set.files) {
      FieldNames names;
      const std::string& file = member.path;
      auto input = source::open_source(member, program.pipeline().source.input);
      bool no_log = false;
      auto source = input ? parse::Source::open(std::move(input).value(), program.formats(), names,
                                                program.pipeline().source, &no_log)
                          : Result<parse::Source>(input.error());
      if (!source && no_log && member.found) {
        say_no_log("scan", file, source.error());
        continue;
      }
      if (!source) {
        exit_code = fail("scan", source.error());
        continue;
      }
      print_detection(output, file, source->detection());
    }
  }
  return exit_code;
}

Result<Scanned> open(const Globals& globals, const Options& options, const Analysis& analysis) {
  PassedOver passed;
  auto sets = source::find_sources(options.paths,
                                   {.rotated = options.rotated, .follow_links = options.analysis.follow_links}, &passed);
  say_passed_over("scan", passed);
  if (!sets) return sets.error();
  if (auto chosen = choose_sources(sets.value(), options.analysis.question.source); !chosen) return chosen.error();
  Scanned scanned;
  scanned.progress = !typed_input("scan", options.paths);
  if (options.format_only) {
    scanned.exit_code = print_formats(*analysis.program, sets.value(), scan_output(globals, options));
    return scanned;
  }
  scanned.plain_bytes = plain_bytes(sets.value());
  scanned.run = [sets = std::move(sets).value(), program = analysis.program](analysis::Watcher& watcher,
                                                                             analysis::Progress& progress) {
    return analysis::run(sets, program, watcher, progress, interrupted());
  };
  return scanned;
}

int run(const Globals& globals, const Options& options) {
  return run_scan("scan", globals, options, [&](const Analysis& analysis) { return open(globals, options, analysis); });
}

}  // namespace

void add_scan(Program program) {
  auto* scan = program.app.add_subcommand("scan", "Analyse logs: recognise, redact, run rules, report");
  auto options = std::make_shared<Options>();
  scan->add_option("PATH", options->paths, "Files, directories or patterns; '-' or nothing: standard input");
  scan->add_flag("--rotated", options->rotated, "Read each file's rotated siblings too (access.log.1, access.log.2.gz, …)");
  add_span(*scan, options->analysis.question, "records");
  add_scanning(*scan, program.globals, *options);
  scan->add_flag("--format-only", options->format_only, "Print each source's detected format and exit");
  scan->footer(
      "Examples:\n"
      "  logystera scan /var/log/auth.log\n"
      "  logystera scan --rotated /var/log/nginx/access.log --min-severity medium -n 0\n"
      "  journalctl -n 1000 | logystera scan -\n"
      "  logystera scan --sigma sigma/rules logs/*.evtx --ndjson -n 0\n"
      "  logystera scan /var/log --since 'last night' --where 'level >= error'\n"
      "  logystera scan /var/log/syslog --track-errors --detect-anomalies\n\n"
      "The format is recognised; gzip, zstd, EVTX and journal exports are read as they are. Lines that fit no format are\n"
      "kept as text and counted. Everything shown or stored is redacted first; nothing is stored without --track-errors\n"
      "or --detect-anomalies, and nothing leaves the machine but what --explain-findings and --classify ask a model, if it "
      "is on another.\n"
      "Exit codes: 0 done, 1 a finding of --fail-on's severity, 2 an error (a source that could not be read to its end).\n"
      "Files below a directory that are no logs (programs, images, journals, wtmp) are passed over and said; one that is "
      "named "
      "is an error.\n\n" +
      std::string(kConditionHelp));
  scan->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli

#include "cli/asked_logs.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

#include "cli/asking.hpp"
#include "cli/interrupt.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {

void add_asked_logs(Command& command, AskedLogs& options) {
  command.add_flag("--rotated", options.rotated,
                   "Read each file's rotated siblings too (access.log.1, access.log.2.gz, …)");
  add_question(command, options.analysis.question, "records");
  command.add_flag("--show-pii", options.show_pii, "Show personal data as they are, instead of pseudonyms");
  add_reading(command, options.analysis);
}

Result<ask::Logs> open_logs(const std::string& command, const Globals& globals, const AskedLogs& options,
                            const std::vector<std::string>& paths) {
  AnalysisOptions reading = options.analysis;
  reading.no_rules = true;
  if (options.show_pii && !reading.redact.empty())
    return Error{"--show-pii is --redact dry-run: leave one of both out", ErrorKind::invalid};
  if (options.show_pii) reading.redact = "dry-run";
  auto prepared = prepare(command, globals, reading);
  if (!prepared) return prepared.error();
  PassedOver passed;
  auto sets = source::find_sources(paths, {.rotated = options.rotated, .follow_links = reading.follow_links}, &passed);
  say_passed_over(command, passed);
  if (!sets) return sets.error();
  if (auto chosen = choose_sources(sets.value(), reading.question.source); !chosen) return chosen.error();
  static_cast<void>(typed_input(command, paths));
  return ask::Logs::open(std::move(sets).value(), prepared->program, [] { return interrupted().load(); });
}

int say_problems(const std::string& command, const ask::Logs& logs, const std::vector<std::string>& problems,
                 std::uint64_t records) {
  for (const std::string& problem : problems) fmt::print(stderr, "logystera {}: {}\n", command, printable(problem));
  if (records > 0) say_unseen_fields(command, logs.program().pipeline().filter.get());
  return problems.empty() ? kExitDone : kExitError;
}

}  // namespace logystera::cli

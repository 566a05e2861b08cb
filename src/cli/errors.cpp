// `logystera errors`: errors grouped by what they say.
#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/render.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string sort = "last_seen", severity, fingerprint, since = "1h", silence = "24h";
  std::size_t limit = 50;
};

int print_groups(const std::vector<store::ErrorGroup>& groups, bool json, bool returned) {
  std::vector<std::vector<std::string>> rows{{"FINGERPRINT", "SEVERITY", "COUNT", "FIRST SEEN", "LAST SEEN"}};
  if (returned) rows[0].push_back("CAME BACK");
  rows[0].push_back("ERROR");
  for (const store::ErrorGroup& group : groups) {
    if (json) {
      JsonText text;
      append_stored(text, group);
      fmt::print("{}\n", text.text());
      continue;
    }
    rows.push_back({group.fingerprint, std::string(severity_name(group.severity)), grouped(group.count),
                    local_time(group.first_seen), local_time(group.last_seen)});
    if (returned)
      rows.back().push_back(local_time(group.returned_at) + fmt::format(" after {} h", group.silent_seconds / 3600));
    rows.back().push_back(fitted_message(group.pattern));
  }
  if (!json && groups.empty()) fmt::print("No errors. 'logystera scan --track-errors' stores them.\n");
  else if (!json) std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

int list(const Globals& globals, const Options& options) {
  auto opened = open_history("errors list", globals);
  if (!opened) return fail("errors list", opened.error());
  const auto sort = options.sort == "count"        ? store::ErrorSort::count
                    : options.sort == "first_seen" ? store::ErrorSort::first_seen
                                                   : store::ErrorSort::last_seen;
  std::optional<Severity> least;
  for (Severity severity : {Severity::debug, Severity::info, Severity::warning, Severity::error, Severity::critical})
    if (upper(options.severity) == severity_name(severity)) least = severity;
  if (!options.severity.empty() && !least)
    return fail("errors list", Error{"--severity " + options.severity + ": write error or critical", ErrorKind::invalid});
  auto groups = opened->store->errors().list(sort, least, options.limit);
  if (!groups) return fail("errors list", groups.error());
  return print_groups(groups.value(), globals.json, false);
}

int show(const Globals& globals, const Options& options) {
  auto opened = open_history("errors show", globals);
  if (!opened) return fail("errors show", opened.error());
  auto group = opened->store->errors().find(options.fingerprint);
  if (!group) return fail("errors show", group.error());
  if (!group.value())
    return fail("errors show", Error{"there is no error " + options.fingerprint + "; 'logystera errors list' lists them",
                                     ErrorKind::not_found});
  auto occurrences = opened->store->errors().occurrences(options.fingerprint);
  if (!occurrences) return fail("errors show", occurrences.error());
  const store::ErrorGroup& found = *group.value();
  if (globals.json) {
    JsonText json;
    json.begin_object().key("error");
    append_stored(json, found);
    json.key("occurrences").begin_array();
    for (const store::ErrorOccurrence& one : occurrences.value())
      json.begin_object()
          .member("time", rfc3339(one.time * kSecondNs))
          .member("source", one.source)
          .count("line", one.line)
          .member("message", one.message)
          .end_object();
    json.end_array().end_object();
    fmt::print("{}\n", json.text());
    return kExitDone;
  }
  fmt::print(
      "Fingerprint : {}\nPattern     : {}\nSeverity    : {}\nCount       : {}\nFirst seen  : {}\nLast seen   : {}\n\n",
      found.fingerprint, printable(found.pattern), severity_name(found.severity), grouped(found.count),
      local_time(found.first_seen), local_time(found.last_seen));
  fmt::print("{}\n", bold(fmt::format("Occurrences (the newest {}):", occurrences->size()), {{}, colour_wanted()}));
  for (const store::ErrorOccurrence& one : occurrences.value())
    fmt::print("{}  {}:{}  {}\n", local_time(one.time), printable(one.source), one.line, fitted_message(one.message));
  return kExitDone;
}

int fresh(const Globals& globals, const Options& options) {
  auto opened = open_history("errors new", globals);
  if (!opened) return fail("errors new", opened.error());
  auto since = parse_since("--since", options.since, wall_seconds());
  if (!since) return fail("errors new", since.error());
  auto groups = opened->store->errors().first_seen_since(since.value(), options.limit);
  if (!groups) return fail("errors new", groups.error());
  return print_groups(groups.value(), globals.json, false);
}

int regression(const Globals& globals, const Options& options) {
  auto opened = open_history("errors regression", globals);
  if (!opened) return fail("errors regression", opened.error());
  auto silence = parse_span("--silence", options.silence);
  if (!silence) return fail("errors regression", silence.error());
  auto groups = opened->store->errors().regressions(silence.value(), options.limit);
  if (!groups) return fail("errors regression", groups.error());
  return print_groups(groups.value(), globals.json, true);
}

}  // namespace

void add_errors(Program program) {
  auto* errors = program.app.add_subcommand("errors", "Browse errors, grouped by message");
  errors->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, int (*run)(const Globals&, const Options&)) {
    auto* sub = errors->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  const auto add_limit = [&](Command* sub) {
    sub->add_option("-n", options->limit, "List at most this many errors")
        ->check(whole_number(1, kListedMost))
        ->capture_default_str();
    return sub;
  };
  auto* listing = add_limit(command("list", "List error groups", list));
  listing->add_option("--sort", options->sort, "last_seen, count or first_seen")
      ->check(Check::one_of({"last_seen", "count", "first_seen"}))
      ->capture_default_str();
  listing->add_option("--severity", options->severity, "Only this severity and worse: error, critical");
  command("show", "Show one error and its 20 newest occurrences", show)
      ->add_option("FINGERPRINT", options->fingerprint, "As 'errors list' shows it")
      ->required();
  add_limit(command("new", "List errors first seen recently, for example since a deployment", fresh))
      ->add_option("--since", options->since, "30m, 24h, 7d ago, or unix seconds")
      ->capture_default_str();
  add_limit(command("regression", "List errors that came back after a silence", regression))
      ->add_option("--silence", options->silence, "How long they must have been silent")
      ->capture_default_str();
  errors->footer(
      "Errors are stored by 'scan --track-errors' and 'tail --track-errors', redacted. The same message with other "
      "numbers,\n"
      "names in quotes or addresses is the same error.");
}

}  // namespace logystera::cli

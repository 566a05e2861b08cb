// `logystera errors`: errors grouped by what they say.
#include <fmt/core.h>

#include <cstdio>
#include <memory>
#include <vector>

#include "cli/analysis.hpp"
#include "cli/asking.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/history.hpp"
#include "cli/render.hpp"
#include "cli/span.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kPageRows = 1'000;

struct Options {
  filter::Question question, fresh{.since = "1h"};
  std::string sort = "last_seen", severity, fingerprint, silence = "24h";
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

// The first that are wanted, in the order of the filter.
Result<std::vector<store::ErrorGroup>> wanted_groups(store::ErrorStore& store, const store::ErrorFilter& filter,
                                                     RowFilter& wanted, std::size_t limit) {
  std::vector<store::ErrorGroup> found;
  store::PageRequest<store::ErrorKey> request;
  request.limit = kPageRows;
  for (;;) {
    auto page = store.page(filter, request);
    if (!page) return page.error();
    for (store::ErrorGroup& group : page->rows) {
      request.older_than = store::ErrorKey{store::value_of(group, filter.sort), group.fingerprint};
      if (wanted.wants(group)) found.push_back(std::move(group));
      if (found.size() == limit) return found;
    }
    if (!page->more || (page->rows.empty() && !page->last)) return found;
    if (page->last) request.older_than = page->last;
  }
}

int list(const Globals& globals, const Options& options) {
  auto opened = open_history("errors list", globals);
  if (!opened) return fail("errors list", opened.error());
  auto wanted = RowFilter::make(RowFilter::Rows::errors, options.question, opened->config);
  if (!wanted) return fail("errors list", wanted.error());
  store::ErrorFilter filter;
  filter.since = wanted.value()->since();
  filter.sort = options.sort == "count"        ? store::ErrorSort::count
                : options.sort == "first_seen" ? store::ErrorSort::first_seen
                                               : store::ErrorSort::last_seen;
  for (Severity severity : {Severity::debug, Severity::info, Severity::warning, Severity::error, Severity::critical})
    if (upper(options.severity) == severity_name(severity)) filter.at_least = severity;
  if (!options.severity.empty() && !filter.at_least)
    return fail("errors list", Error{"--severity " + options.severity + ": write error or critical", ErrorKind::invalid});
  auto groups = wanted_groups(opened->store->errors(), filter, *wanted.value(), options.limit);
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
  filter::Question rest = options.fresh;
  rest.since.clear();
  auto wanted = RowFilter::make(RowFilter::Rows::errors, rest, opened->config);
  if (!wanted) return fail("errors new", wanted.error());
  auto since = parse_since("--since", options.fresh.since, wall_seconds());
  if (!since) return fail("errors new", since.error());
  store::ErrorFilter filter;
  filter.sort = store::ErrorSort::first_seen;
  filter.new_since = since.value();
  auto groups = wanted_groups(opened->store->errors(), filter, *wanted.value(), options.limit);
  if (!groups) return fail("errors new", groups.error());
  return print_groups(groups.value(), globals.json, false);
}

int regression(const Globals& globals, const Options& options) {
  auto opened = open_history("errors regression", globals);
  if (!opened) return fail("errors regression", opened.error());
  auto silence = parse_span("--silence", options.silence);
  if (!silence) return fail("errors regression", silence.error());
  auto wanted = RowFilter::make(RowFilter::Rows::errors, options.question, opened->config);
  if (!wanted) return fail("errors regression", wanted.error());
  RowFilter& asked = *wanted.value();
  auto groups =
      opened->store->errors().regressions(silence.value(), options.question.empty() ? options.limit : kListedMost);
  if (!groups) return fail("errors regression", groups.error());
  // Times are those at which they came back.
  std::erase_if(groups.value(), [&](const store::ErrorGroup& group) {
    return !asked.wants(group) || group.returned_at < asked.since().value_or(group.returned_at) ||
           (asked.until() && group.returned_at >= *asked.until());
  });
  if (groups->size() > options.limit) groups->resize(options.limit);
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
  add_question(*listing, options->question, "errors");
  command("show", "Show one error and its 20 newest occurrences", show)
      ->add_option("FINGERPRINT", options->fingerprint, "As 'errors list' shows it")
      ->required();
  add_question(*add_limit(command("new", "List errors first seen recently, for example since a deployment", fresh)),
               options->fresh, "errors");
  auto* returning = add_limit(command("regression", "List errors that came back after a silence", regression));
  returning->add_option("--silence", options->silence, "How long they must have been silent")->capture_default_str();
  add_question(*returning, options->question, "errors");
  errors->footer(
      "Errors are stored by 'scan --track-errors' and 'tail --track-errors', redacted. The same message with other "
      "numbers,\n"
      "names in quotes or addresses is the same error. Times of an error are when it was seen last (--since, of new: "
      "first, of regression: when it\n"
      "came back) and first (--until); conditions\n"
      "know fingerprint and count beside time, level, source and message ('logystera scan --help').");
}

}  // namespace logystera::cli

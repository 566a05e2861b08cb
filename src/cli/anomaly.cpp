// `logystera anomaly`: baselines of what is usual.
#include <fmt/core.h>

#include <cstdio>
#include <memory>

#include "analysis/baselines.hpp"
#include "analysis/tracking.hpp"
#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/history.hpp"
#include "cli/interrupt.hpp"
#include "cli/progress.hpp"
#include "cli/render.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::vector<std::string> paths;
  AnalysisOptions analysis;
  analysis::AnomalyOptions anomaly;
  bool rotated = false, all = false;
};

struct Learner final : analysis::Watcher {
  analysis::Baselines& baselines;
  std::optional<Error> problem;

  explicit Learner(analysis::Baselines& b) : baselines(b) {}
  void take(analysis::Chunk& chunk) override {
    if (problem || chunk.batch.empty()) return;
    if (auto added = baselines.add(chunk.set, chunk.batch); !added) problem = added.error();
  }
  void finished(const analysis::SourceReport& report) override {
    if (report.problem) fmt::print(stderr, "logystera anomaly learn: {}\n", printable(report.problem->message));
  }
};

int status(const Globals& globals, const Options&) {
  auto opened = open_history("anomaly status", globals);
  if (!opened) return fail("anomaly status", opened.error());
  auto baselines = opened->store->baselines().list();
  if (!baselines) return fail("anomaly status", baselines.error());
  std::vector<std::vector<std::string>> rows{{"SOURCE", "MODEL", "BUCKET", "OBSERVATIONS", "STATE", "UPDATED"}};
  for (const auto& one : baselines.value()) {
    // A model this version does not know is shown, and needs as many as any.
    detect::AnomalyModel model = detect::AnomalyModel::zscore;
    detect::parse_anomaly_model(one.model, model);
    const std::uint64_t least = detect::Baseline::observations_least(model);
    const bool trained = one.observations >= least;
    if (globals.json) {
      JsonText json;
      json.begin_object()
          .member("source", one.source)
          .member("model", one.model)
          .count("bucket_seconds", one.bucket_seconds);
      json.count("observations", one.observations).key("trained").boolean(trained);
      json.member("updated_at", rfc3339(one.updated_at * kSecondNs)).end_object();
      fmt::print("{}\n", json.text());
      continue;
    }
    rows.push_back({printable(one.source), one.model, fmt::format("{} s", one.bucket_seconds), grouped(one.observations),
                    trained ? "trained" : fmt::format("untrained: {} more needed", least - one.observations),
                    local_time(one.updated_at)});
  }
  if (!globals.json && rows.size() == 1) fmt::print("No baselines. 'logystera anomaly learn PATH' creates one.\n");
  else if (!globals.json) std::fputs(table(rows, colour_wanted()).c_str(), stdout);
  return kExitDone;
}

int learn(const Globals& globals, Options options) {
  options.analysis.no_rules = true;
  options.analysis.redact = "dry-run";  // nothing of the log itself is shown or stored
  auto prepared = prepare("anomaly learn", globals, options.analysis);
  if (!prepared) return fail("anomaly learn", prepared.error());
  const Analysis analysis = std::move(prepared).value();
  PassedOver passed;
  auto sets = source::find_sources(options.paths,
                                   {.rotated = options.rotated, .follow_links = options.analysis.follow_links}, &passed);
  say_passed_over("anomaly learn", passed);
  if (!sets) return fail("anomaly learn", sets.error());
  const bool typed = typed_input("anomaly learn", options.paths);
  auto store = analysis::open_tracked(analysis.store_url);
  if (!store) return fail("anomaly learn", store_failure(store.error()));
  options.anomaly.detect = false;
  auto baselines = make_baselines(store.value()->baselines(), options.anomaly, [](const auto&, const auto&, auto) {});
  if (!baselines) return fail("anomaly learn", baselines.error());
  Learner learner(*baselines.value());
  analysis::Progress progress;
  analysis::Totals totals;
  {
    const ProgressLine line(progress, plain_bytes(sets.value()), !typed);
    totals = analysis::run(sets.value(), analysis.program, learner, progress, interrupted());
  }
  if (learner.problem) return fail("anomaly learn", *learner.problem);
  if (auto finished = baselines.value()->finish(); !finished) return fail("anomaly learn", finished.error());
  const int shown = status(globals, options);
  return totals.failed > 0 || totals.interrupted ? kExitError : shown;
}

int reset(const Globals& globals, const Options& options) {
  if (options.all == !options.anomaly.source.empty())
    return fail("anomaly reset", Error{"name the baseline: --source KEY, or --all ('logystera anomaly status' lists them)",
                                       ErrorKind::invalid});
  auto opened = open_history("anomaly reset", globals);
  if (!opened) return fail("anomaly reset", opened.error());
  auto removed = opened->store->baselines().reset(options.anomaly.source);
  if (!removed) return fail("anomaly reset", removed.error());
  if (removed.value() == 0 && !options.all)
    return fail("anomaly reset", Error{"there is no baseline of '" + options.anomaly.source + "'", ErrorKind::not_found});
  if (!globals.json) fmt::print("{} baselines removed.\n", removed.value());
  return kExitDone;
}

}  // namespace

void add_anomaly(Program program) {
  auto* anomaly =
      program.app.add_subcommand("anomaly", "Learn what is usual in a log, so that scan and tail can report what is not");
  anomaly->require_subcommand(1);
  auto options = std::make_shared<Options>();
  const auto command = [&](const char* name, const char* help, auto run) {
    auto* sub = anomaly->add_subcommand(name, help);
    add_json(*sub, program.globals, "One JSON object a line");
    add_store(*sub, program.globals);
    sub->callback([program, options, run] { program.exit_code = run(program.globals, *options); });
    return sub;
  };
  auto* learning = command("learn", "Learn from logs of ordinary days", learn);
  learning->add_option("PATH", options->paths, "Files, directories or patterns; '-' or nothing: standard input");
  learning->add_flag("--rotated", options->rotated, "Read each file's rotated siblings too");
  learning->add_option("--source", options->anomaly.source, "Key of the baseline [default: the file's stem]");
  learning->add_option("--bucket", options->anomaly.bucket_seconds, "Seconds a bucket")
      ->check(Check::range(1u, detect::kBucketSecondsMax))
      ->capture_default_str();
  learning
      ->add_option("--anomaly-model", options->anomaly.model,
                   "'zscore', or 'adaptive' for logs with a daily rhythm or a level that changes")
      ->capture_default_str();
  add_reading(*learning, options->analysis);
  command("status", "Show every baseline, and whether it is trained (at least 5 buckets; adaptive: 120)", status);
  auto* resetting = command("reset", "Remove a baseline, or all", reset);
  resetting->add_option("--source", options->anomaly.source, "Key of the baseline");
  resetting->add_flag("--all", options->all, "Remove all baselines");
  anomaly->footer(
      "Each bucket of 60 s is measured: the number of events, and the share of errors and warnings. Example:\n"
      "  logystera anomaly learn /var/log/syslog --source syslog\n"
      "  logystera scan /var/log/syslog --detect-anomalies --anomaly-source syslog\n"
      "A baseline grows with every scan that uses it.");
}

}  // namespace logystera::cli

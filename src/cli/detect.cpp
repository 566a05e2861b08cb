// `logystera detect`: what rules say of signals that were stored before they were looked at.
#include <fmt/core.h>

#include <memory>

#include "cli/analysis.hpp"
#include "cli/command.hpp"
#include "cli/gateway_store.hpp"
#include "cli/span.hpp"
#include "core/clock.hpp"
#include "core/json_text.hpp"
#include "processor/alerting.hpp"
#include "processor/record.hpp"

namespace logystera::cli {
namespace {

struct Options {
  std::string backfill;
  AnalysisOptions analysis;
};

int run(const Globals& globals, const Options& options) {
  const auto span = parse_span("--backfill", options.backfill);
  if (!span) return fail("detect", span.error());
  auto gate = open_gateway_store(globals, store::Access::existing);
  if (!gate) return fail("detect", gate.error());
  auto loaded = load_analysis("detect", globals, options.analysis);
  if (!loaded) return fail("detect", loaded.error());
  // Alerts follow as they would have, and nobody is told: what is a day old or older is of the past.
  const analysis::CurrentProgram program(loaded->program);
  const gateway::Vault& vault = gate->entities->vault();
  auto report = processor::backfill(
      *gate->store, loaded->program, vault.derived("detect/groups/v1"), wall_seconds() - span.value(),
      processor::alerting(program, HmacKey(vault.derived("alerts/identity/v1")), [] { return wall_seconds(); }, {}));
  if (!report) return fail("detect", report.error());
  if (globals.json) {
    JsonText json;
    json.begin_object().count("events", report->events).count("findings_added", report->added);
    json.count("findings_extended", report->extended).end_object();
    fmt::print("{}\n", json.text());
  } else {
    fmt::print("{} events looked at: {} findings are new, {} have grown\n", report->events, report->added,
               report->extended);
  }
  return kExitDone;
}

}  // namespace

void add_detect(Program program) {
  auto* detect = program.app.add_subcommand("detect", "Look at stored signals once more, with the rules there are now");
  auto options = std::make_shared<Options>();
  detect->add_option("--backfill", options->backfill, "How far back: 45s, 30m, 24h, 7d or 2w")->required();
  add_rules(*detect, options->analysis);
  add_json(*detect, program.globals, "One JSON object: events, findings_added, findings_extended");
  add_store(*detect, program.globals);
  add_key_file(*detect, program.globals);
  detect->footer(
      "Examples:\n"
      "  logystera detect --backfill 7d\n\n"
      "'logystera serve' looks at signals as they arrive, from its first start on. This looks at those before, or at all "
      "of\n"
      "them with rules that are new. What is found already is not stored again. A running server need not be stopped.");
  detect->callback([program, options] { program.exit_code = run(program.globals, *options); });
}

}  // namespace logystera::cli

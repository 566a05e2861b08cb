// Detection on signals, on one core: events a second with all built-in rules on, windows, memory of first values and context
// included, parsing not. One JSON object on stdout.
//   signals_bench [ROUNDS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "core/clock.hpp"
#include "detect/absence.hpp"
#include "detect/engine.hpp"
#include "detect/packs.hpp"
#include "detect/signal_context.hpp"
#include "detect/weeks.hpp"
#include "detect/windows.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::Weeks;

namespace {

// Processor time of this thread: one core's work, whatever else the machine does.
double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "signals_bench: %s\n", why.c_str());
  std::exit(2);
}

constexpr std::size_t kBatch = 4096;  // records a step of a server takes

std::vector<RecordBatch> batches_of(int site, const std::vector<Weeks::Line>& lines, FieldNames& names) {
  Result<parse::Formats> formats = parse::Formats::built_in();
  if (!formats) fail(formats.error().message);
  const parse::Format* format = formats->find("logystera_events");
  const parse::ParserContext context{names, parse::TimeContext(Weeks::kStart * kSecondNs)};
  std::vector<std::string> texts(1);
  std::size_t count = 0;
  for (const Weeks::Line& line : lines) {
    if (line.site != site) continue;
    if (count++ % kBatch == 0 && count > 1) texts.emplace_back();
    texts.back() += line.text + "\n";
  }
  std::vector<RecordBatch> batches;
  for (const std::string& text : texts) {
    auto parser = parse::make_parser(*format, context);
    auto fallback = parse::make_parser(*formats->find("plaintext"), context);
    if (!parser || !fallback) fail("no parser");
    RecordBatch& batch = batches.emplace_back();
    batch.text.resize(text.size());
    std::copy(text.begin(), text.end(), batch.text.data());
    parse::LineRecords records(*format, std::move(parser).value(), std::move(fallback).value(), "site", {});
    records.read(batch, true);
    if (records.counts().unparsed > 0) fail("a line is no signal");
  }
  return batches;
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  Loader loader(built_in_options());
  add_built_in_packs(loader);
  const RuleSet set = loader.finish();
  constexpr int kDays = 21;
  Weeks weeks(1);
  weeks.quiet(kDays);
  weeks.attack(kDays - 6);
  const std::vector<Weeks::Line> lines = weeks.take();
  std::vector<double> rates;
  std::size_t findings = 0;
  for (int round = 0; round < rounds; ++round) {
    double seconds = 0;
    findings = 0;
    for (int site = 0; site < Weeks::kSites; ++site) {
      FieldNames names;
      Result<Engine> engine = Engine::compile(set, names);
      if (!engine) fail(engine.error().message);
      Session session(engine.value());
      const SignalContext context({std::string(Weeks::kNames[site]), nullptr, {"administrator"}}, names);
      std::vector<RecordBatch> batches = batches_of(site, lines, names);
      SeenMemory memory;
      WindowOptions options;
      options.key = std::string(32, 'k');
      options.seen = &memory;
      options.clears = true;
      Windows windows(set, names, options);
      Absences absences(set);
      std::vector<Match> matches;
      const double start = now();
      for (RecordBatch& batch : batches) {
        context.add_to(batch);
        for (const Record& record : batch.records) {
          absences.note(record, record.time_ns, matches);
          windows.feed(record, session.match(record), matches);
        }
        findings += matches.size();
        matches.clear();
      }
      seconds += now() - start;
    }
    rates.push_back(static_cast<double>(lines.size()) / seconds);
  }
  std::sort(rates.begin(), rates.end());
  std::printf("{\n  \"rules\": %zu, \"signals\": %zu, \"findings\": %zu,\n", set.rules.size(), lines.size(), findings);
  std::printf("  \"signals_per_second\": {\"min\": %.0f, \"median\": %.0f, \"max\": %.0f}\n}\n", rates.front(),
              rates[rates.size() / 2], rates.back());
  return 0;
}

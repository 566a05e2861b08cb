// The detector of a gateway on one core, reading of the lines included: events a second, and the memory it holds for so many sites.
// One JSON object on stdout.
//   detector_bench SITES [DAYS]       DAYS: of each site's usual life, 1 unless told
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "analysis/program.hpp"
#include "detect/weeks.hpp"
#include "processor/detector.hpp"

using namespace logystera;
using logystera::test::Weeks;

namespace {

double now() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

long resident_kib() {
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  char line[256];
  long kib = 0;
  while (file && std::fgets(line, sizeof line, file))
    if (std::strncmp(line, "VmRSS:", 6) == 0) kib = std::atol(line + 6);
  if (file) std::fclose(file);
  return kib;
}

}  // namespace

int main(int argc, char** argv) {
  const int sites = argc > 1 ? std::max(1, std::atoi(argv[1])) : 50;
  const int days = argc > 2 ? std::max(1, std::atoi(argv[2])) : 1;
  analysis::ProgramOptions chosen;
  chosen.salt = "salt";
  chosen.timezone = "UTC";
  chosen.rule_cache = false;
  analysis::ProgramNotes notes;
  auto program = analysis::Program::make(chosen, notes);
  if (!program) {
    std::fprintf(stderr, "detector_bench: %s\n", program.error().message.c_str());
    return 2;
  }
  Weeks weeks(1);
  weeks.quiet(days);
  const std::vector<Weeks::Line> lines = weeks.take();
  std::vector<std::string> tokens;
  for (int site = 0; site < sites; ++site) tokens.push_back("ent_" + std::to_string(site));
  processor::DetectorOptions options;
  options.key = "key";
  options.read = [](std::string_view, std::int64_t, std::int64_t, std::uint64_t,
                    const std::function<bool(const processor::Input&)>&) { return Result<Done>(Done{}); };
  const long before = resident_kib();
  processor::Detector detector(program.value(), options);
  std::uint64_t seq = 0, found = 0;
  double seconds = 0;
  std::vector<processor::Input> step;
  const auto look = [&] {
    processor::Effects effects;
    const double start = now();
    if (auto done = detector.process(step, effects); !done) std::exit(2);
    seconds += now() - start;
    found += effects.found.size();
    step.clear();
    detector.take_seen(effects);
  };
  // All sites at once, as they come to a gateway.
  constexpr std::size_t kStep = 4096;
  for (const Weeks::Line& line : lines)
    for (int site = line.site; site < sites; site += Weeks::kSites) {
      const auto& token = tokens[static_cast<std::size_t>(site)];
      step.push_back({++seq, token, token, line.time, line.time, line.text});
      if (step.size() == kStep) look();
    }
  look();
  const processor::DetectorStats stats = detector.stats();
  std::printf(
      "{\"sites\": %d, \"sites_with_windows\": %zu, \"signals\": %llu, \"found\": %llu, \"signals_per_second\": %.0f, "
      "\"kib\": %ld, \"kib_per_site\": %.1f}\n",
      sites, stats.sites_with_windows, static_cast<unsigned long long>(seq), static_cast<unsigned long long>(found),
      static_cast<double>(seq) / seconds, resident_kib() - before, static_cast<double>(resident_kib() - before) / sites);
  return 0;
}

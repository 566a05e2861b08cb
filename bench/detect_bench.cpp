// Detection on one core: start-up with the whole Sigma set, events a second over the EVTX samples, and the literal index
// beside Vectorscan on the same literals and texts. One JSON object on stdout.
//   detect_bench DATA_DIRECTORY [ROUNDS]
#include <hs/hs.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "detect/engine.hpp"
#include "detect/literal_index.hpp"
#include "detect/packs.hpp"
#include "detect/text.hpp"
#include "detect/windows.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::detect;

namespace {

// Processor time of this thread: one core's work, whatever else the machine does.
struct Clock {
  using time_point = double;
  static time_point now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  }
};
double seconds_since(Clock::time_point start) { return Clock::now() - start; }

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "detect_bench: %s\n", why.c_str());
  std::exit(2);
}

struct Spread {
  std::vector<double> values;
  void print(const char* name, const char* after) {
    std::sort(values.begin(), values.end());
    std::printf("  \"%s\": {\"min\": %.1f, \"median\": %.1f, \"max\": %.1f}%s\n", name, values.front(),
                values[values.size() / 2], values.back(), after);
  }
};

RuleSet load_rules(const std::string& data) {
  Loader loader(built_in_options());
  for (const char* folder : {"rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting"})
    if (Result<Done> added = loader.add_directory(data + "/sigma/" + folder); !added) fail(added.error().message);
  return loader.finish();
}

std::vector<RecordBatch> read_events(const std::string& data, FieldNames& names) {
  Result<parse::Formats> formats = parse::Formats::built_in();
  if (!formats) fail(formats.error().message);
  std::vector<RecordBatch> batches;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data + "/evtx/attack-samples"))
    if (entry.path().extension() == ".evtx") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    Result<parse::Source> source = parse::Source::open(file.string(), formats.value(), names);
    if (!source) continue;
    for (RecordBatch batch; source->next_batch(batch); batch = RecordBatch()) batches.push_back(std::move(batch));
  }
  return batches;
}

// The literals and texts a command line index has to do with, folded.
void collect(const Expression& expression, std::vector<std::string>& literals) {
  if (expression.kind != Expression::Kind::test) {
    for (const Expression& child : expression.children) collect(child, literals);
    return;
  }
  if (expression.test->kind != Test::Kind::text || expression.test->subject.written != "CommandLine") return;
  for (const PatternPiece& piece : expression.test->pattern)
    if (piece.kind == PatternPiece::Kind::text && piece.text.size() >= 6) literals.push_back(folded(piece.text));
}

double index_rate(const std::vector<std::string>& literals, const std::vector<std::string>& texts, std::size_t bytes,
                  double& build_ms, std::uint64_t& hits) {
  const auto start = Clock::now();
  LiteralIndex index;
  for (std::uint32_t i = 0; i < literals.size(); ++i) index.add(literals[i], LiteralIndex::Anchor::anywhere, i);
  index.build();
  build_ms = seconds_since(start) * 1000;
  hits = 0;
  const auto scan = Clock::now();
  for (const std::string& text : texts) index.scan(text, [&hits](std::uint32_t, std::size_t) { ++hits; });
  return static_cast<double>(bytes) / seconds_since(scan) / 1e6;
}

int count_hit(unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
  ++*static_cast<std::uint64_t*>(context);
  return 0;
}

double vectorscan_rate(const std::vector<std::string>& literals, const std::vector<std::string>& texts, std::size_t bytes,
                       double& build_ms, std::uint64_t& hits) {
  const auto start = Clock::now();
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  std::vector<unsigned> ids;
  const std::vector<unsigned> flags(literals.size(), HS_FLAG_SINGLEMATCH);
  for (unsigned i = 0; i < literals.size(); ++i) {
    pointers.push_back(literals[i].data());
    sizes.push_back(literals[i].size());
    ids.push_back(i);
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_lit_multi(pointers.data(), flags.data(), ids.data(), sizes.data(), static_cast<unsigned>(literals.size()),
                           HS_MODE_BLOCK, nullptr, &database, &error) != HS_SUCCESS)
    fail(error ? error->message : "Vectorscan cannot compile");
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) fail("Vectorscan has no memory");
  build_ms = seconds_since(start) * 1000;
  hits = 0;
  const auto scan = Clock::now();
  for (const std::string& text : texts)
    hs_scan(database, text.data(), static_cast<unsigned>(text.size()), 0, scratch, count_hit, &hits);
  const double rate = static_cast<double>(bytes) / seconds_since(scan) / 1e6;
  hs_free_scratch(scratch);
  hs_free_database(database);
  return rate;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) fail("usage: detect_bench DATA_DIRECTORY [ROUNDS]");
  const std::string data = argv[1];
  const int rounds = argc > 2 ? std::max(1, std::atoi(argv[2])) : 5;
  Spread load_ms, compile_ms, events_per_second;
  RuleSet set;
  FieldNames names;
  for (int i = 0; i < rounds; ++i) {
    const auto load = Clock::now();
    set = load_rules(data);
    load_ms.values.push_back(seconds_since(load) * 1000);
    FieldNames fresh;
    const auto compile = Clock::now();
    if (Result<Engine> engine = Engine::compile(set, fresh); !engine) fail(engine.error().message);
    compile_ms.values.push_back(seconds_since(compile) * 1000);
  }
  Result<Engine> engine = Engine::compile(set, names);
  if (!engine) fail(engine.error().message);
  const std::vector<RecordBatch> batches = read_events(data, names);
  Session session(engine.value());
  std::size_t events = 0, hits = 0;
  std::vector<std::string> texts;
  std::size_t bytes = 0;
  const FieldId command_line = names.find("CommandLine");
  for (const RecordBatch& batch : batches)
    for (const Record& record : batch.records)
      if (const std::string_view text = record.text(command_line); !text.empty()) texts.push_back(folded(text));
  const std::size_t distinct = texts.size();
  for (int copies = 0; copies < 4 && !texts.empty(); ++copies) {
    const std::size_t size = texts.size();
    for (std::size_t i = 0; i < size; ++i) texts.push_back(texts[i]);
  }
  for (const std::string& text : texts) bytes += text.size();
  for (int i = 0; i < rounds; ++i) {
    Windows windows(set, names);
    std::vector<Match> matches;
    events = hits = 0;
    const auto start = Clock::now();
    for (const RecordBatch& batch : batches)
      for (const Record& record : batch.records) {
        const auto found = session.match(record);
        hits += found.size();
        windows.feed(record, found, matches);
        matches.clear();
        ++events;
      }
    events_per_second.values.push_back(static_cast<double>(events) / seconds_since(start));
  }
  std::vector<std::string> literals;
  for (const Rule& rule : set.rules)
    if (rule.when) collect(*rule.when, literals);
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  Spread index_mbs, vectorscan_mbs;
  double index_build = 0, vectorscan_build = 0;
  std::uint64_t index_hits = 0, vectorscan_hits = 0;
  for (int i = 0; i < rounds; ++i) {
    index_mbs.values.push_back(index_rate(literals, texts, bytes, index_build, index_hits));
    vectorscan_mbs.values.push_back(vectorscan_rate(literals, texts, bytes, vectorscan_build, vectorscan_hits));
  }
  const EngineStats& stats = engine->stats();
  std::printf(
      "{\n  \"rules\": %zu, \"refused\": %zu, \"tests\": %zu, \"guarded\": %zu, \"literals\": %zu, \"scopes\": %zu,\n",
      set.rules.size(), set.refused(), stats.tests, stats.guarded, stats.literals, stats.scopes);
  std::printf(
      "  \"events\": %zu, \"hits\": %zu, \"confirmations_per_event\": %.2f,\n", events, hits,
      static_cast<double>(session.confirmations()) / static_cast<double>(events * static_cast<std::size_t>(rounds)));
  load_ms.print("load_ms", ",");
  compile_ms.print("compile_ms", ",");
  events_per_second.print("events_per_second", ",");
  std::printf("  \"command_lines\": %zu, \"command_line_literals\": %zu,\n", distinct, literals.size());
  std::printf("  \"index_hits\": %llu, \"vectorscan_hits_once_each\": %llu,\n", static_cast<unsigned long long>(index_hits),
              static_cast<unsigned long long>(vectorscan_hits));
  std::printf("  \"index_build_ms\": %.2f, \"vectorscan_build_ms\": %.2f,\n", index_build, vectorscan_build);
  index_mbs.print("index_mb_per_second", ",");
  vectorscan_mbs.print("vectorscan_mb_per_second", "");
  std::printf("}\n");
  return 0;
}

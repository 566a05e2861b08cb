// What functions of plugins cost a record, in nanoseconds, on one core: ./dev bench plugins.
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "plugin/hook.hpp"
#include "plugin/plugin.hpp"

namespace {

using namespace logystera;

constexpr std::size_t kBatchBytes = 256 * 1024;

// Access log lines, every hundredth with "checkout", and the fields a reader gives them.
struct Lines {
  FieldNames names;
  RecordBatch batch;

  void fill() {
    batch.clear();
    batch.text.resize(kBatchBytes + 512);
    std::size_t at = 0;
    for (int i = 0; at < kBatchBytes; ++i) {
      const std::string line = fmt::format(
          "198.51.100.{} - - [18/May/2026:10:{:02}:{:02} +0000] \"GET /{}/{} HTTP/1.1\" 200 {} \"-\" \"Mozilla/5.0 (X11; "
          "Linux "
          "x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n",
          i % 256, i / 60 % 60, i % 60, i % 100 == 0 ? "checkout" : "node", i, i * 37 % 90'000);
      std::copy(line.begin(), line.end(), batch.text.data() + at);
      Record record;
      record.raw = record.message = {batch.text.data() + at, line.size() - 1};
      batch.begin_fields();
      for (const FieldId id :
           {field::client_ip, field::method, field::url, field::path, field::protocol, field::user_agent})
        batch.add_text(id, record.raw.substr(0, 12));
      batch.add_integer(field::status, "200", 200);
      batch.add_integer(field::bytes, "37", 37);
      batch.end_fields(record);
      batch.records.push_back(record);
      at += line.size();
    }
    batch.text.resize(at);
  }
};

plugin::Plugin load(const std::string& body) {
  char path[] = "/tmp/plugin-bench-XXXXXX";
  const int fd = ::mkstemp(path);
  if (fd < 0) std::exit(1);
  std::ofstream(path) << "function register(r)\n" << body << "\nend\n";
  plugin::Options options;
  options.files = {path};
  auto loaded = plugin::load(options, {});
  ::close(fd);
  ::unlink(path);
  if (!loaded || !loaded->front().fault.empty()) {
    fmt::print(stderr, "{}\n", loaded ? loaded->front().fault : loaded.error().message);
    std::exit(1);
  }
  return std::move(loaded->front());
}

// Nanoseconds a record of `run`: least, median and most of the rounds.
void measure(const char* name, bool last, int rounds, Lines& lines, const std::function<void()>& run) {
  constexpr int kBatches = 40;
  std::vector<double> took;
  for (int round = 0; round < rounds; ++round) {
    double seconds = 0;
    std::size_t records = 0;
    for (int i = 0; i < kBatches; ++i) {
      lines.fill();
      const auto begin = std::chrono::steady_clock::now();
      run();
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      records += lines.batch.size();
    }
    took.push_back(seconds * 1e9 / static_cast<double>(records));
  }
  std::sort(took.begin(), took.end());
  fmt::print("  \"{}\": {{\"least\": {:.1f}, \"median\": {:.1f}, \"most\": {:.1f}}}{}\n", name, took.front(),
             took[took.size() / 2], took.back(), last ? "" : ",");
}

void enrich(const char* name, int rounds, const std::string& body) {
  Lines lines;
  const plugin::Plugin plugin = load(body);
  const plugin::Enrichers enrichers(plugin.given.enrichers, lines.names);
  plugin::EnrichSession session(enrichers);
  measure(name, false, rounds, lines, [&] { session.enrich(lines.batch, lines.names); });
  if (plugin.given.enrichers.front()->health->report().faults > 0) std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 5;
  fmt::print("{{\"unit\": \"nanoseconds a record\", \"nanoseconds\": {{\n");
  const std::string one = " adds={'app.team'}, run=function(f) return {['app.team']='shop'} end }";
  enrich("enricher_text_nowhere", rounds, "r.add_enricher{ fields={'path'}, when={contains='no such text'}," + one);
  enrich("enricher_text_in_one_of_100", rounds, "r.add_enricher{ fields={'path'}, when={contains='checkout'}," + one);
  enrich("enricher_each_one_field", rounds, "r.add_enricher{ fields={'path'}," + one);
  enrich("enricher_each_returns_nothing", rounds,
         "r.add_enricher{ fields={'path'}, adds={'app.team'}, run=function(f) return nil end }");
  enrich("enricher_each_eight_fields", rounds,
         "r.add_enricher{ fields={'client_ip','method','url','path','protocol','user_agent','status','bytes'}," + one);

  Lines lines;
  const plugin::Plugin plugin = load(
      "r.add_parser{ name='odd', starts_with='198', parse=function(line)\n"
      " local ip, rest = re.match(line, [[^(\\S+) (.*)]]) return {message=rest, ip=ip} end }");
  const parse::Format format = plugin::format_of(plugin.given.parsers.front());
  auto parser = parse::make_parser(format, {lines.names, parse::TimeContext()});
  RecordBatch made;
  measure("parser_two_groups", true, rounds, lines, [&] {
    made.clear();
    for (const Record& from : lines.batch.records) {
      Record record;
      made.begin_fields();
      if (parser.value()->read(from.raw, made, record) != parse::LineRead::record) std::exit(1);
      made.end_fields(record);
    }
  });
  fmt::print("}}}}\n");
  return 0;
}

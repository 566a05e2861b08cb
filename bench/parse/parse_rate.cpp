// How fast sources become records, one core: parse_rate [--rounds N] FILE... or, without files, generated access and JSON
// logs. Files are read from memory, so the rate is the reader's and not the disk's. One JSON object a line on stdout.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

constexpr std::size_t kGeneratedBytes = 256 * 1024 * 1024;

struct Sample {
  std::string name;
  std::string bytes;
};

struct Run {
  double seconds = 0;
  std::uint64_t fields = 0;
  SourceCounts counts;
  std::string format;
  double confidence = 0;
};

// xorshift64*: the same log on every machine.
struct Random {
  std::uint64_t state = 0x9E3779B97F4A7C15;
  std::uint64_t next() {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545F4914F6CDD1D;
  }
};

std::string access_log(std::size_t bytes) {
  static const char* const agents[] = {
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15", "curl/8.5.0"};
  Random random;
  std::string text;
  text.reserve(bytes + 1024);
  char line[1024];
  while (text.size() < bytes) {
    const std::uint64_t r = random.next(), s = random.next();
    const int size =
        std::snprintf(line, sizeof line,
                      "%u.%u.%u.%u - - [18/May/2026:%02u:%02u:%02u +0000] \"GET /node/%u?page=%u HTTP/1.1\" %u %u "
                      "\"https://example.com/node/%u\" \"%s\"\n",
                      unsigned(r & 127) + 1, unsigned(r >> 8 & 255), unsigned(r >> 16 & 255), unsigned(r >> 24 & 255),
                      unsigned(r >> 32 & 15), unsigned(r >> 36 & 31), unsigned(r >> 41 & 31), unsigned(s & 0xFFFF),
                      unsigned(s >> 16 & 15), (s >> 20 & 31) ? 200u : 404u, unsigned(s >> 25 & 0xFFFF),
                      unsigned(s >> 41 & 0xFFF), agents[(s >> 53) % 3]);
    text.append(line, static_cast<std::size_t>(size));
  }
  return text;
}

std::string json_log(std::size_t bytes) {
  Random random;
  std::string text;
  text.reserve(bytes + 1024);
  char line[1024];
  while (text.size() < bytes) {
    const std::uint64_t r = random.next(), s = random.next();
    const int size = std::snprintf(
        line, sizeof line,
        "{\"time\":\"2026-05-18T%02u:%02u:%02u.%03uZ\",\"level\":\"%s\",\"msg\":\"request "
        "finished\",\"remote_addr\":\"%u.%u.%u.%u\","
        "\"method\":\"GET\",\"uri\":\"/node/"
        "%u?page=%u\",\"status\":%u,\"bytes\":%u,\"request_time\":0.%03u,\"host\":\"web%u\","
        "\"user_agent\":\"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
        "Safari/537.36\","
        "\"trace\":{\"id\":\"%016llx\",\"sampled\":true}}\n",
        unsigned(r >> 32 & 15), unsigned(r >> 36 & 31), unsigned(r >> 41 & 31), unsigned(r >> 46 & 511),
        (s & 15) ? "info" : "error", unsigned(r & 127) + 1, unsigned(r >> 8 & 255), unsigned(r >> 16 & 255),
        unsigned(r >> 24 & 255), unsigned(s & 0xFFFF), unsigned(s >> 16 & 15), (s >> 20 & 31) ? 200u : 404u,
        unsigned(s >> 25 & 0xFFFF), unsigned(s >> 41 & 511), unsigned(s >> 50 & 7), static_cast<unsigned long long>(s));
    text.append(line, static_cast<std::size_t>(size));
  }
  return text;
}

// Processor time, not wall-clock time: it is one core's work that is measured, whoever else is using the machine.
double cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

bool read_once(const Sample& sample, const Formats& formats, Run& run) {
  FieldNames names;
  SourceOptions options;
  options.reference_ns = 1'798'675'200'000'000'000;  // 2026-12-31
  Result<Input> input = open_memory(sample.bytes, sample.name);
  if (!input) return false;
  const double begin = cpu_seconds();
  Result<Source> source = Source::open(std::move(input.value()), formats, names, options);
  if (!source) {
    std::fprintf(stderr, "parse_rate: %s\n", source.error().message.c_str());
    return false;
  }
  RecordBatch batch;
  run.fields = 0;
  while (source->next_batch(batch)) {
    for (const Record& record : batch.records) run.fields += record.field_count;
  }
  run.seconds = cpu_seconds() - begin;
  run.counts = source->counts();
  run.format = source->detection().name;
  run.confidence = source->detection().confidence;
  return true;
}

void measure(const Sample& sample, const Formats& formats, int rounds) {
  std::vector<double> seconds;
  Run run;
  for (int round = 0; round < rounds; ++round) {
    if (!read_once(sample, formats, run)) return;
    seconds.push_back(run.seconds);
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const SourceCounts& c = run.counts;
  std::printf(
      "{\"name\":\"%s\",\"format\":\"%s\",\"confidence\":%.2f,\"bytes\":%llu,\"records\":%llu,\"unparsed\":%llu,\"joined\":"
      "%llu,"
      "\"damaged\":%llu,\"fields\":%llu,\"cpu_seconds\":{\"min\":%.6f,\"median\":%.6f,\"max\":%.6f},\"mb_per_s\":%.1f,"
      "\"records_per_s\":%.0f}\n",
      sample.name.c_str(), run.format.c_str(), run.confidence, static_cast<unsigned long long>(c.bytes),
      static_cast<unsigned long long>(c.records), static_cast<unsigned long long>(c.unparsed),
      static_cast<unsigned long long>(c.joined), static_cast<unsigned long long>(c.damaged),
      static_cast<unsigned long long>(run.fields), seconds.front(), median, seconds.back(),
      static_cast<double>(c.bytes) / 1e6 / median, static_cast<double>(c.records) / median);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = 3;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--rounds") == 0 && i + 1 < argc) rounds = std::max(1, std::atoi(argv[++i]));
    else files.push_back(argv[i]);
  }
  Result<Formats> formats = Formats::built_in();
  if (!formats) {
    std::fprintf(stderr, "parse_rate: %s\n", formats.error().message.c_str());
    return 2;
  }
  if (files.empty()) {
    measure({"generated access log", access_log(kGeneratedBytes)}, formats.value(), rounds);
    measure({"generated JSON lines", json_log(kGeneratedBytes)}, formats.value(), rounds);
  }
  for (const std::string& file : files) {
    std::ifstream in(file, std::ios::binary);
    measure({file, {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()}}, formats.value(), rounds);
  }
}

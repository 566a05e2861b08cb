// How fast access logs are redacted on one core: whole records (every field, message and line), the candidate pass alone,
// and the same triggers as a Vectorscan database, which is why the pass is written by hand.
//
// Usage: redact_bench MEGABYTES DISTINCT_ADDRESSES ROUNDS; prints JSON.
#include <hs/hs.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "redact/redactor.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

// Time of this thread alone, so that other load on the machine changes the figures little.
struct Clock {
  using duration = std::chrono::nanoseconds;
  static duration now() {
    timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }
};
constexpr std::size_t kRecordsPerBatch = 1'000;

struct Lines {
  std::string text;
  std::vector<std::pair<std::size_t, std::size_t>> extents;  // begin, size
};

Lines make_lines(std::size_t bytes, std::uint32_t addresses) {
  static const char* const paths[] = {"/",
                                      "/node/48213",
                                      "/user/login?destination=/admin/content",
                                      "/sites/default/files/css/css_9f3.css",
                                      "/blog/2024/05/17/how-we-moved",
                                      "/search?q=opening+hours&page=2",
                                      "/wp-login.php",
                                      "/api/v1/items/99812345"};
  static const char* const agents[] = {
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
      "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0",
      "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 "
      "Mobile/15E148 Safari/604.1",
      "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "curl/8.5.0"};
  std::mt19937 random(1);
  Lines lines;
  lines.text.reserve(bytes + 1'024);
  while (lines.text.size() < bytes) {
    const std::uint32_t address = (random() % addresses + 1) * 2'654'435'761u;
    char line[1'024];
    const int size = std::snprintf(
        line, sizeof line,
        "%u.%u.%u.%u - - [17/May/2024:%02u:%02u:%02u +0000] \"GET %s HTTP/1.1\" %u %u \"https://www.example.org%s\" \"%s\"",
        address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255, unsigned(random() % 24),
        unsigned(random() % 60), unsigned(random() % 60), paths[random() % std::size(paths)], random() % 20 ? 200u : 404u,
        unsigned(random() % 90'000), paths[random() % 3], agents[random() % std::size(agents)]);
    lines.extents.emplace_back(lines.text.size(), static_cast<std::size_t>(size));
    lines.text.append(line, static_cast<std::size_t>(size)).push_back('\n');
  }
  return lines;
}

// The combined format's fields, as the parser cuts them; not part of what is timed.
void make_record(RecordBatch& batch, std::string_view line) {
  std::size_t at = 0;
  const auto until = [&](std::string_view end) {
    const std::size_t stop = line.find(end, at);
    const std::string_view part = line.substr(at, stop - at);
    at = stop + end.size();
    return part;
  };
  batch.begin_fields();
  batch.add_ip(field::client_ip, until(" - - ["));
  until("] \"");
  const std::size_t message = at;
  batch.add_text(field::method, until(" "));
  batch.add_text(field::url, until(" "));
  batch.add_text(field::protocol, until("\" "));
  batch.add_number(field::status, until(" "));
  batch.add_number(field::bytes, until(" \""));
  batch.add_text(field::referer, until("\" \""));
  batch.add_text(field::user_agent, until("\""));
  Record record;
  record.kind = RecordKind::web_access;
  record.raw = line;
  record.message = line.substr(message, line.find('"', message) - message);
  batch.end_fields(record);
  batch.records.push_back(record);
}

double redact_all(Redactor& redactor, const Lines& lines, const FieldNames& names) {
  RecordBatch batch;
  Clock::duration spent{};
  for (std::size_t i = 0; i < lines.extents.size(); i += kRecordsPerBatch) {
    batch.clear();
    for (std::size_t k = i; k < std::min(lines.extents.size(), i + kRecordsPerBatch); ++k)
      make_record(batch, std::string_view(lines.text).substr(lines.extents[k].first, lines.extents[k].second));
    const auto begin = Clock::now();
    redactor.redact(batch, names);
    spent += Clock::now() - begin;
  }
  return std::chrono::duration<double>(spent).count();
}

double pass_alone(const Lines& lines) {
  std::vector<Candidate> candidates;
  std::size_t sum = 0;
  const auto begin = Clock::now();
  for (const auto& [at, size] : lines.extents) {
    candidates.clear();
    find_candidates(std::string_view(lines.text).substr(at, size), candidates);
    sum += candidates.size();
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  if (sum == 0) std::abort();
  return seconds;
}

// The same triggers as expressions; offsets of the ends are all that is asked for.
double vectorscan_pass(const Lines& lines) {
  const char* const expressions[] = {"@",
                                     R"(\d\.\d{1,3}\.\d{1,3}\.\d)",
                                     "::",
                                     "(?:[0-9a-fA-F]{1,4}:){6}",
                                     R"([0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4})",
                                     R"(\d[-\d ()]{5,}\d)",
                                     R"(\+[(\d])",
                                     R"([A-Za-z]{2}\d\d)",
                                     "eyJ|BEGIN "
                                     "|A[KSBC]I?A|AIza|gh[pousr]_|github_pat|glpat|xox|xapp|npm_|hooks|dop_|[sr]k_|sk-|hf_|"
                                     "SG\\.|GOCSPX|ya29|%40|shp|whsec|pypi|[Bb]earer|[Bb]asic"};
  std::vector<unsigned> flags(std::size(expressions), HS_FLAG_DOTALL), ids;
  for (unsigned i = 0; i < std::size(expressions); ++i) ids.push_back(i);
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  if (hs_compile_multi(expressions, flags.data(), ids.data(), static_cast<unsigned>(std::size(expressions)), HS_MODE_BLOCK,
                       nullptr, &database, &error) != HS_SUCCESS)
    std::abort();
  hs_scratch_t* scratch = nullptr;
  if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) std::abort();
  std::size_t sum = 0;
  const auto count = [](unsigned, unsigned long long, unsigned long long, unsigned, void* context) {
    ++*static_cast<std::size_t*>(context);
    return 0;
  };
  const auto begin = Clock::now();
  for (const auto& [at, size] : lines.extents)
    hs_scan(database, lines.text.data() + at, static_cast<unsigned>(size), 0, scratch, count, &sum);
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  hs_free_scratch(scratch);
  hs_free_database(database);
  if (sum == 0) std::abort();
  return seconds;
}

void print(const char* name, std::vector<double> seconds, double gigabytes, bool last = false) {
  std::sort(seconds.begin(), seconds.end());
  std::printf("  \"%s\": {\"min\": %.3f, \"median\": %.3f, \"max\": %.3f}%s\n", name, gigabytes / seconds.back(),
              gigabytes / seconds[seconds.size() / 2], gigabytes / seconds.front(), last ? "" : ",");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t megabytes = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 256;
  const std::uint32_t addresses = argc > 2 ? static_cast<std::uint32_t>(std::strtoul(argv[2], nullptr, 10)) : 500'000;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  if (megabytes == 0 || addresses == 0 || rounds < 1) {
    std::fprintf(stderr, "usage: redact_bench MEGABYTES DISTINCT_ADDRESSES ROUNDS\n");
    return 2;
  }
  const Lines lines = make_lines(megabytes * 1'000'000, addresses);
  const FieldNames names;
  Options options;
  options.salt = "benchmark";
  Redactor redactor(std::move(options));
  std::vector<double> first, later, pass, vectorscan;
  first.push_back(redact_all(redactor, lines, names));  // every address for the first time
  for (int i = 0; i < rounds; ++i) {
    later.push_back(redact_all(redactor, lines, names));
    pass.push_back(pass_alone(lines));
    vectorscan.push_back(vectorscan_pass(lines));
  }
  const double gigabytes = static_cast<double>(lines.text.size()) / 1e9;
  std::printf("{\n  \"unit\": \"GB/s, one core\", \"bytes\": %zu, \"lines\": %zu, \"addresses\": %u, \"findings\": %llu,\n",
              lines.text.size(), lines.extents.size(), addresses, static_cast<unsigned long long>(redactor.total()));
  print("redact_records_first_time", first, gigabytes);
  print("redact_records", later, gigabytes);
  print("candidate_pass", pass, gigabytes);
  print("vectorscan_same_triggers", vectorscan, gigabytes, true);
  std::printf("}\n");
}

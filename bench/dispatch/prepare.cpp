// bench_dispatch_prepare DIRECTORY EVENTS: fills a buffer directory through the agent's own commit, five events at a time
// as a page does, and prints how many it took.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "agent/buffer.hpp"
#include "core/uuid.hpp"

namespace {

constexpr unsigned kEventsPerRequest = 5;

// The documented http.request event, as large as it usually is.
std::string event_line(logystera::UuidSource& ids, unsigned number) {
  const std::string time = std::to_string(1'774'211'679 + number / 50);
  return R"({"event_type":"http.request","created_at":)" + time + R"(,"timestamp":)" + time + R"(,"event_id":")" +
         ids.next() + R"(","labels":{"method":"GET","path":"/node/)" + std::to_string(number) +
         R"(","query":"page=2&sort=created","status":200,"duration_ms":)" + std::to_string(12 + number % 400) +
         R"(.25,"ip":"192.0.2.17","ua":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0","uid":"","route":"entity.node.canonical","memory_mb":24.5,"cache":"MISS","referer":"https://www.example.org/news"}})"
         "\n";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: bench_dispatch_prepare DIRECTORY EVENTS\n");
    return 2;
  }
  auto buffer = logystera::agent::Buffer::open(argv[1]);
  if (!buffer) {
    std::fprintf(stderr, "%s\n", buffer.error().message.c_str());
    return 2;
  }
  const auto wanted = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  logystera::UuidSource ids;
  unsigned taken = 0;
  while (taken < wanted) {
    std::string lines;
    const unsigned count = std::min(kEventsPerRequest, wanted - taken);
    for (unsigned i = 0; i < count; ++i) lines += event_line(ids, taken + i);
    const auto committed = buffer->commit(lines, count).committed;
    taken += committed;
    if (committed < count) break;  // full: that is as much as a buffer holds
  }
  std::printf("%u\n", taken);
  return 0;
}

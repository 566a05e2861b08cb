// Buffer::commit while a stopped process holds buffer.lock and every spill slot is taken: the longest a page can wait for others.
// Each writer opens the buffer anew after some commits, since one that has waited in vain for a tenth of a second waits no more.
//
// Prints p50, p99 and max in milliseconds of three times of the same commits: as a clock on the wall sees it; the same without the
// time in which the thread was ready to run and others had the processors (/proc/thread-self/schedstat), which is what the code
// asks for; and processor time.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "agent/buffer.hpp"
#include "core/clock.hpp"

using namespace logystera;
using namespace logystera::agent;

namespace {

constexpr int kCommits = 300;    // a writer
constexpr int kOpenedAnew = 20;  // after so many: less than a tenth of a second of waiting

struct Times {
  double wall, own, processor;  // milliseconds
};

// Nanoseconds this thread was ready to run and did not.
std::int64_t waited_for_a_processor(int schedstat) {
  char text[128];
  const ssize_t size = ::pread(schedstat, text, sizeof text - 1, 0);
  if (size <= 0) return 0;
  text[size] = '\0';
  const char* second = std::strchr(text, ' ');
  return second != nullptr ? std::strtoll(second, nullptr, 10) : 0;
}

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

std::string line() {
  return R"({"event_type":"http.request","created_at":1774211679,"timestamp":1774211679,"event_id":"9ad113c7-0ff8-4dc6-bb68-1b836a90ea80","labels":{"method":"GET","path":"/admin/content"}})"
         "\n";
}

bool write_in_vain(const std::string& directory, Times* times) {
  const int schedstat = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
  const std::string event = line();
  Result<Buffer> buffer = Buffer::open(directory);
  for (int i = 0; i < kCommits; ++i) {
    if (i % kOpenedAnew == 0) buffer = Buffer::open(directory);
    if (!buffer) return false;
    const std::int64_t ready = waited_for_a_processor(schedstat),
                       processor = nanoseconds_of(time_of(CLOCK_THREAD_CPUTIME_ID));
    const std::int64_t start = monotonic_ns();
    const CommitResult result = buffer->commit(event, 1);
    const std::int64_t wall = monotonic_ns() - start;
    times[i] = {milliseconds(wall), milliseconds(wall - (waited_for_a_processor(schedstat) - ready)),
                milliseconds(nanoseconds_of(time_of(CLOCK_THREAD_CPUTIME_ID)) - processor)};
    if (result.committed != 0) return false;  // the lock was not held, or a slot was free
  }
  return true;
}

void print(const char* name, std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto at = [&](double share) {
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
  };
  std::printf(" %s %.3f %.3f %.3f", name, at(0.5), at(0.99), values.back());
}

}  // namespace

int main(int argc, char** argv) {
  int writers = 0;
  if (argc == 3) std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), writers);
  if (writers < 1 || writers > 256) {
    std::fprintf(stderr, "usage: bench_agent_stopped_holder DIRECTORY WRITERS\n");
    return 2;
  }
  const std::string directory = argv[1];
  {
    auto buffer = Buffer::open(directory);
    if (!buffer || buffer->commit(line(), 1).committed != 1) {
      std::fprintf(stderr, "the buffer in %s cannot be used\n", argv[1]);
      return 1;
    }
  }
  const pid_t holder = ::fork();
  if (holder == 0) {
    const int lock = ::open((directory + "/buffer.lock").c_str(), O_RDWR | O_CLOEXEC);
    ::flock(lock, LOCK_EX);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(holder, &status, WUNTRACED);
  bool good = WIFSTOPPED(status);
  {
    auto buffer = Buffer::open(directory);
    while (good && buffer->commit(line(), 1).committed == 1) {  // into a slot, until all are full
    }
  }
  const std::size_t count = static_cast<std::size_t>(writers) * kCommits;
  auto* times = static_cast<Times*>(
      ::mmap(nullptr, count * sizeof(Times), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::vector<pid_t> children;
  for (int i = 0; i < writers && times != MAP_FAILED; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(write_in_vain(directory, times + i * kCommits) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children)
    good = ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 && good;
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  if (!good || children.empty()) {
    std::fprintf(stderr, "a commit got through, or a writer failed: this shows nothing\n");
    return 1;
  }
  std::vector<double> wall, own, processor;
  for (std::size_t i = 0; i < count; ++i) {
    wall.push_back(times[i].wall);
    own.push_back(times[i].own);
    processor.push_back(times[i].processor);
  }
  std::printf("%d writers:", writers);
  print("wall", std::move(wall));
  print("| own", std::move(own));
  print("| processor", std::move(processor));
  std::printf("\n");
  return 0;
}

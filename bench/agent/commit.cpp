// Buffer::commit of a five-event request against the seven system calls no commit can do without, in turns in one process.
// Prints one line of two numbers (nanoseconds per commit, medians of one run's operations) for each run.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "agent/buffer.hpp"

using namespace logystera::agent;

namespace {

constexpr int kRuns = 15;
constexpr int kOperations = 2000;  // of 2.2 KB: 4.4 MB, below one rotation
constexpr int kEvents = 5;

double nanoseconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double, std::nano>(duration).count();
}

double median(std::vector<double>& values) {
  std::nth_element(values.begin(), values.begin() + static_cast<long>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

std::string request_lines() {
  const std::string line =
      R"({"event_type":"http.request","created_at":1774211679,"timestamp":1774211679,"event_id":"9ad113c7-0ff8-4dc6-bb68-1b836a90ea80","labels":{"method":"GET","path":"/admin/content","status_code":200,"ip":"192.168.1.100","is_admin":true,"is_ajax":false,"actor_uid":"a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90","ua":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"}})"
      "\n";
  std::string lines;
  for (int i = 0; i < kEvents; ++i) lines += line;
  return lines;
}

bool bare(const std::string& lock_path, const std::string& path, const std::string& lines) {
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || ::flock(lock, LOCK_EX | LOCK_NB) != 0) return false;
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  struct stat st;
  if (file < 0 || ::fstat(file, &st) != 0) return false;
  const bool written = ::write(file, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size());
  return ::close(file) == 0 && ::close(lock) == 0 && written;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_agent_commit DIRECTORY\n");
    return 2;
  }
  const std::string lines = request_lines();
  const std::string root = argv[1];
  for (int run = 0; run < kRuns; ++run) {
    // Fresh files of the same kind of path for both, each run.
    const std::string native = root + "/native-" + std::to_string(run), other = root + "/bare-" + std::to_string(run);
    ::mkdir(other.c_str(), 0700);
    auto buffer = Buffer::open(native);
    if (!buffer) {
      std::fprintf(stderr, "%s\n", buffer.error().message.c_str());
      return 1;
    }
    const std::string lock_path = other + "/buffer.lock", path = other + "/buffer-current.jsonl";
    std::vector<double> ours, theirs;
    for (int i = 0; i < kOperations; ++i) {
      const auto start = std::chrono::steady_clock::now();
      const CommitResult result = buffer->commit(lines, kEvents);
      const auto middle = std::chrono::steady_clock::now();
      const bool written = bare(lock_path, path, lines);
      const auto end = std::chrono::steady_clock::now();
      if (result.committed != kEvents || !written) {
        std::fprintf(stderr, "a commit failed\n");
        return 1;
      }
      ours.push_back(nanoseconds(middle - start));
      theirs.push_back(nanoseconds(end - middle));
    }
    std::printf("%.1f %.1f\n", median(ours), median(theirs));
    ::unlink((native + "/buffer-current.jsonl").c_str());
    ::unlink(path.c_str());
  }
  return 0;
}

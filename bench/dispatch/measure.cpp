// bench_dispatch_measure COUNT COMMAND ARGUMENT...: runs the command COUNT times at once, "{}" in its arguments replaced by
// 0, 1, …, and prints the seconds until the last has ended and the largest peak of resident memory among them in KiB.
// Fails when one of them does.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

[[noreturn]] void become(char** command, int number) {
  std::vector<std::string> words;
  for (; *command; ++command) {
    std::string word = *command;
    if (const std::size_t at = word.find("{}"); at != std::string::npos) word.replace(at, 2, std::to_string(number));
    words.push_back(std::move(word));
  }
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  std::perror(argv[0]);
  ::_exit(127);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: bench_dispatch_measure COUNT COMMAND ARGUMENT...\n");
    return 2;
  }
  const int count = std::atoi(argv[1]);
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) {
    if (::fork() == 0) {
      if (!std::freopen("/dev/null", "w", stdout)) ::_exit(126);  // ours is for the numbers
      become(argv + 2, i);
    }
  }
  long peak_kib = 0;
  bool good = true;
  for (int i = 0; i < count; ++i) {
    int status = 0;
    rusage usage{};
    if (::wait4(-1, &status, 0, &usage) < 0) return 2;
    peak_kib = std::max(peak_kib, usage.ru_maxrss);
    good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::printf("%.6f %ld\n", seconds, peak_kib);
  return good ? 0 : 1;
}

#include "plugin/child.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/clock.hpp"
#include "core/fd.hpp"

namespace logystera::plugin {
namespace {

constexpr std::size_t kErrorBytes = 64 * 1024;
constexpr rlim_t kOpenFiles = 64;
constexpr int kLookEveryMs = 20;
constexpr int kCannotRun = 127;

Error system_error(std::string_view what) {
  return Error{fmt::format("{}: {}", what, std::strerror(errno)), kind_of_errno(errno)};
}

void limit(int resource, rlim_t most) noexcept {
  const rlimit both{most, most};
  ::setrlimit(static_cast<__rlimit_resource>(resource), &both);
}

// Between fork and exec, of a process that may have many threads: system calls alone.
[[noreturn]] void become(char* const* arguments, int input, int output, int errors, const ChildLimits& limits) noexcept {
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::signal(signal, SIG_DFL);
  ::dup2(input, 0);
  ::dup2(output, 1);
  ::dup2(errors, 2);
  ::syscall(SYS_close_range, 3u, ~0u, 0u);
  limit(RLIMIT_AS, limits.memory_bytes);
  limit(RLIMIT_CPU, static_cast<rlim_t>(limits.time_ns / 1'000'000'000 + 1));
  limit(RLIMIT_FSIZE, 0);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_NOFILE, kOpenFiles);
  limit(RLIMIT_NPROC, 0);
  char* const environment[] = {nullptr};
  if (::chdir("/") == 0) ::execve(arguments[0], arguments, environment);
  ::_exit(kCannotRun);
}

// What is there now; false at the end.
bool take(int fd, std::string& into, std::size_t most) {
  char block[16 * 1024];
  for (;;) {
    const ssize_t got = ::read(fd, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno == EAGAIN;
    if (got == 0) return false;
    into.append(block, std::min(static_cast<std::size_t>(got), most + 1 - std::min(into.size(), most + 1)));
    if (into.size() > most) return true;
  }
}

struct Pipe {
  Fd read, write;
};
bool make_pipe(Pipe& pipe) noexcept {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.read = Fd(ends[0]);
  pipe.write = Fd(ends[1]);
  return ::fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0;
}

}  // namespace

Result<ChildResult> run_child(const std::vector<std::string>& arguments, std::string_view input,
                              const ChildLimits& limits) {
  const Fd text(::memfd_create("plugin", MFD_CLOEXEC));
  if (!text || !write_all(text.get(), input) || ::lseek(text.get(), 0, SEEK_SET) != 0) return system_error("memfd");
  Pipe output, errors;
  if (!make_pipe(output) || !make_pipe(errors)) return system_error("pipe");
  std::vector<char*> words;
  words.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);

  const pid_t child = ::fork();
  if (child < 0) return system_error("fork");
  if (child == 0) become(words.data(), text.get(), output.write.get(), errors.write.get(), limits);
  output.write = Fd();
  errors.write = Fd();

  ChildResult result;
  const std::int64_t deadline = monotonic_ns() + limits.time_ns;
  bool output_open = true, errors_open = true, running = true;
  int status = 0;
  const auto drain = [&] {
    if (output_open) output_open = take(output.read.get(), result.output, limits.output_bytes);
    // More than is wanted is read and dropped, or the child would wait for somebody to read it.
    std::string more;
    if (errors_open)
      errors_open = take(errors.read.get(), result.errors.size() < kErrorBytes ? result.errors : more, kErrorBytes);
  };
  while (running) {
    pollfd polled[] = {{output_open ? output.read.get() : -1, POLLIN, 0},
                       {errors_open ? errors.read.get() : -1, POLLIN, 0}};
    ::poll(polled, 2, kLookEveryMs);
    drain();
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    running = ended == 0 || (ended < 0 && errno == EINTR);
    if (!running) break;
    if (result.output.size() > limits.output_bytes) result.end = ChildEnd::too_much_output;
    else if (monotonic_ns() > deadline) result.end = ChildEnd::too_slow;
    else continue;
    ::kill(child, SIGKILL);
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    running = false;
  }
  ::kill(-child, SIGKILL);  // what it has left behind; its number stays taken while anything of its session lives
  drain();
  if (result.end == ChildEnd::exited && result.output.size() > limits.output_bytes) result.end = ChildEnd::too_much_output;
  if (result.end == ChildEnd::exited && WIFSIGNALED(status)) result.end = ChildEnd::killed;
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
  return result;
}

}  // namespace logystera::plugin

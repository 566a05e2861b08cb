#include "source/child.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <thread>
#include <utility>

namespace logystera::source {
namespace {

constexpr auto kLook = std::chrono::milliseconds(1);
constexpr int kPipeBytes = 1 << 20;                 // the most an ordinary user may ask for; the default is 64 KiB
constexpr auto kEndMost = std::chrono::seconds(5);  // from the end of its output to its own

Error failure(const char* what) { return Error{fmt::format("{}: {}", what, std::strerror(errno)), kind_of_errno(errno)}; }

// Between fork and exec, of a process that may have many threads: system calls alone. On an error its number goes to `report`.
[[noreturn]] void become(char* const* arguments, int output, int errors, int report, pid_t parent) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int one : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGXFSZ}) ::signal(one, SIG_DFL);
  const rlimit files{Child::kErrorsMost, Child::kErrorsMost}, no_core{0, 0};
  ::setrlimit(RLIMIT_FSIZE, &files);
  ::setrlimit(RLIMIT_CORE, &no_core);
  const int nothing = ::open("/dev/null", O_RDONLY);
  if (nothing >= 0 && ::dup2(nothing, STDIN_FILENO) >= 0 && ::dup2(output, STDOUT_FILENO) >= 0 &&
      ::dup2(errors, STDERR_FILENO) >= 0) {
    if (nothing > STDERR_FILENO) ::close(nothing);
    ::execvp(arguments[0], arguments);
  }
  const int error = errno;
  (void)!::write(report, &error, sizeof error);
  ::_exit(127);
}

}  // namespace

std::string Child::End::text() const {
  std::string text = signal != 0 ? fmt::format("killed by signal {}", signal) : fmt::format("exit code {}", code);
  if (!complaint.empty()) text += ": " + complaint;
  // Without a terminal ssh names neither the host nor what helps. Where another host is in between, its end is one of a pipe.
  if (complaint.find("Host key verification failed") != std::string::npos) {
    const bool jump = complaint.find("UNKNOWN port 65535") != std::string::npos;
    text += fmt::format(" (the host key of {} is not known here, or is another one: connect to it once by hand, with ssh)",
                        jump ? "the jump host" : "that host");
  }
  return text;
}

Result<Child> Child::start(const std::vector<std::string>& arguments) {
  std::vector<char*> list;
  list.reserve(arguments.size() + 1);
  for (const std::string& one : arguments) list.push_back(const_cast<char*>(one.c_str()));
  list.push_back(nullptr);
  int output[2], report[2];
  if (::pipe2(output, O_CLOEXEC) != 0) return failure("pipe");
  Fd read_end(output[0]), write_end(output[1]);
  ::fcntl(read_end.get(), F_SETPIPE_SZ, kPipeBytes);  // a user with many pipes gets the default
  if (::pipe2(report, O_CLOEXEC) != 0) return failure("pipe");
  Fd report_read(report[0]), report_write(report[1]);
  Fd errors(::memfd_create("child-errors", MFD_CLOEXEC));
  if (!errors) return failure("memfd_create");
  ::fcntl(errors.get(), F_SETFL, O_APPEND);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return failure("fork");
  if (pid == 0) become(list.data(), write_end.get(), errors.get(), report_write.get(), parent);
  ::setpgid(pid, pid);
  write_end.reset();
  report_write.reset();
  Child child(pid, std::move(read_end), std::move(errors));
  int error = 0;
  if (read_up_to(report_read.get(), reinterpret_cast<char*>(&error), sizeof error) == sizeof error)
    return Error{fmt::format("{} cannot be started: {}", arguments[0], std::strerror(error)), kind_of_errno(error)};
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)),
      end_(std::move(other.end_)) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this == &other) return *this;
  kill();
  pid_ = std::exchange(other.pid_, -1);
  output_ = std::move(other.output_);
  errors_ = std::move(other.errors_);
  end_ = std::move(other.end_);
  return *this;
}

Child::~Child() { kill(); }

void Child::kill() {
  if (pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  ::kill(pid_, SIGKILL);
  reap(true);
}

bool Child::reap(bool wait) {
  if (pid_ < 0) return true;
  int status = 0;
  pid_t done = 0;
  do done = ::waitpid(pid_, &status, wait ? 0 : WNOHANG);
  while (done < 0 && errno == EINTR);
  if (done == 0) return false;
  // What it left behind in its group goes with it.
  ::kill(-pid_, SIGKILL);
  pid_ = -1;
  End end;
  end.signal = done > 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  end.code = done < 0 ? 127 : end.signal != 0 ? 128 + end.signal : WEXITSTATUS(status);
  struct stat about {};
  if (::fstat(errors_.get(), &about) == 0) {
    end.complaint.resize(std::min<std::size_t>(kComplaintBytes, static_cast<std::size_t>(about.st_size)));
    const ssize_t got = read_up_to(errors_.get(), end.complaint.data(), end.complaint.size(),
                                   about.st_size - static_cast<off_t>(end.complaint.size()));
    end.complaint.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    while (!end.complaint.empty() && (end.complaint.back() == '\n' || end.complaint.back() == '\r'))
      end.complaint.pop_back();
  }
  end_ = std::move(end);
  return true;
}

Child::Got Child::read(std::string& into, std::size_t most, std::chrono::milliseconds patience) {
  if (!output_) return Got::ended;
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    // Asked first: what it wrote before its end is read behind it.
    const bool over = reap(false);
    pollfd look{output_.get(), POLLIN, 0};
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    const int ready = ::poll(&look, 1, over ? 0 : static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 100)));
    if (ready > 0) {
      const std::size_t before = into.size();
      into.resize(before + most);
      ssize_t got = 0;
      do got = ::read(output_.get(), into.data() + before, most);
      while (got < 0 && errno == EINTR);
      into.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
      if (got > 0) return Got::bytes;
      output_.reset();
      end();
      return Got::ended;
    }
    if (over) {
      output_.reset();
      return Got::ended;
    }
    if (left.count() <= 0) return Got::nothing;
  }
}

const Child::End& Child::end() {
  const auto until = std::chrono::steady_clock::now() + kEndMost;
  while (!reap(false) && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(kLook);
  if (pid_ >= 0) kill();
  return *end_;
}

}  // namespace logystera::source

// The real program, run as a user would run it.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "eventually.hpp"
#include "scratch.hpp"

namespace logystera::testing {

using Arguments = std::vector<std::string>;

inline std::string read_whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A process of the program; killed when the test ends, whatever happens.
class Running {
 public:
  struct Setting {
    std::map<std::string, std::string> environment;
    rlim_t file_bytes = RLIM_INFINITY;
    uid_t user = 0;   // 0: the test's own
    int input = -1;   // standard input; -1: the test's own
    int output = -1;  // standard output; -1: a file, which out() gives
    int error = -1;   // standard error; -1: a file, which err() gives
    rlim_t open_files = RLIM_INFINITY;
    rlim_t address_space_kib = RLIM_INFINITY;  // ulimit -v
  };

  explicit Running(const Arguments& arguments) : Running(arguments, Setting()) {}
  Running(const Arguments& arguments, const Setting& setting) {
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    if (pid_ == 0) become(arguments, setting);
  }
  ~Running() {
    if (pid_ > 0) {
      kill(SIGKILL);
      wait();
    }
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  std::string out() const { return read_whole(scratch_.file("out")); }
  std::string err() const { return read_whole(scratch_.file("err")); }
  pid_t pid() const { return pid_; }
  void kill(int signal_number) const { ::kill(pid_, signal_number); }

  /// Exit code, or 128 + the signal that ended it.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  /// What follows `words` on a line of the output, once it is there.
  std::string said(const std::string& words) const {
    std::string rest;
    const bool came = eventually([&] {
      const std::string text = out();
      const std::size_t at = text.find(words);
      if (at == std::string::npos || text.find('\n', at) == std::string::npos)
        return ::waitpid(pid_, nullptr, WNOHANG) != 0;
      rest = text.substr(at + words.size(), text.find('\n', at) - at - words.size());
      return true;
    });
    if (!came || rest.empty()) throw std::runtime_error("the program did not say '" + words + "': " + out() + err());
    return rest;
  }

 private:
  [[noreturn]] void become(const Arguments& arguments, const Setting& setting) const {
    const int out =
        setting.output >= 0 ? setting.output : ::open(scratch_.file("out").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    const int err =
        setting.error >= 0 ? setting.error : ::open(scratch_.file("err").c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (setting.input >= 0) ::dup2(setting.input, STDIN_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    ::setenv("LOGYSTERA_RULE_CACHE", "off", 1);  // the cache of whoever runs the tests is none of theirs
    for (const auto& [name, value] : setting.environment) ::setenv(name.c_str(), value.c_str(), 1);
    if (setting.file_bytes != RLIM_INFINITY) {
      const rlimit limit{setting.file_bytes, setting.file_bytes};
      ::setrlimit(RLIMIT_FSIZE, &limit);
    }
    if (setting.open_files != RLIM_INFINITY) {
      const rlimit limit{setting.open_files, setting.open_files};
      ::setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (setting.address_space_kib != RLIM_INFINITY) {
      const rlimit limit{setting.address_space_kib * 1024, setting.address_space_kib * 1024};
      ::setrlimit(RLIMIT_AS, &limit);
    }
    if (setting.user != 0 && (::setgid(setting.user) != 0 || ::setuid(setting.user) != 0)) ::_exit(126);
    std::vector<char*> argv{const_cast<char*>(LOGYSTERA_BINARY)};
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execv(LOGYSTERA_BINARY, argv.data());
    ::_exit(127);
  }

  Scratch scratch_;
  pid_t pid_ = -1;
};

/// Memory the process has from the system.
inline std::size_t resident_kib(const Running& process) {
  const std::string status = read_whole("/proc/" + std::to_string(process.pid()) + "/status");
  const std::size_t at = status.find("VmRSS:");
  if (at == std::string::npos) throw std::runtime_error("the process has ended");
  return std::stoul(status.substr(at + 6));
}

/// Its descriptors.
inline std::size_t open_files(const Running& process) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(process.pid()) + "/fd");
  return static_cast<std::size_t>(std::distance(begin(all), end(all)));
}

struct Finished {
  int code = 0;
  std::string out, err;
};

inline Finished run(const Arguments& arguments, const Running::Setting& setting = {}) {
  Running running(arguments, setting);
  Finished finished;
  finished.code = running.wait();
  finished.out = running.out();
  finished.err = running.err();
  return finished;
}

}  // namespace logystera::testing

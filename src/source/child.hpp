// A program that is run for what it writes: journalctl, ssh. No shell stands between, standard input is empty, and what it says on
// standard error is at hand when it has ended.
//
// It is the leader of a process group, and whoever ends it ends the group: an ssh has helpers (ProxyJump). It dies with the thread
// that started it. Its end is its own: a process that it leaves behind may hold the pipe open (ssh's ControlPersist) and is not
// waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"
#include "core/result.hpp"

namespace logystera::source {

class Child {
 public:
  static constexpr std::size_t kComplaintBytes = 4 * 1024;      // of standard error that are shown, the last
  static constexpr std::size_t kErrorsMost = 16 * 1024 * 1024;  // a child that writes more there is ended (SIGXFSZ)

  struct End {
    int code = 0;           // of its exit; 128 + the signal's number if one ended it
    int signal = 0;         // 0: none
    std::string complaint;  // the end of what it wrote to standard error, without line ends at its end

    bool well() const noexcept { return code == 0; }
    /// "exit code 255: Permission denied", "killed by signal 9". What ssh says of a host key gets the remedy it does not name.
    std::string text() const;
  };

  /// `arguments[0]` is searched for in PATH. An error of kind not_found: there is no such program.
  static Result<Child> start(const std::vector<std::string>& arguments);
  /// Kills the group.
  ~Child();
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;

  enum class Got { bytes, nothing, ended };
  /// Appends what it has written, `most` bytes at most; waits at most `patience`. `ended`: it is over and all was read.
  Got read(std::string& into, std::size_t most, std::chrono::milliseconds patience);
  /// For whoever reads it as a file, to its end; read() is not to be called any more.
  Fd take_output() noexcept { return std::move(output_); }
  /// What came of it. Waits for a moment where it has not ended yet, and kills it then.
  const End& end();
  /// Kills the group.
  void kill();
  pid_t pid() const noexcept { return pid_; }

 private:
  Child(pid_t pid, Fd output, Fd errors) noexcept : pid_(pid), output_(std::move(output)), errors_(std::move(errors)) {}
  bool reap(bool wait);

  pid_t pid_ = -1;  // -1: reaped
  Fd output_, errors_;
  std::optional<End> end_;
};

}  // namespace logystera::source

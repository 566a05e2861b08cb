// A log file of another machine as it grows, over ssh, across rotation, truncation and connections that break.
//
// A shell there sends one file after the other: what it sends, its inode and the offset in front, then its bytes. It needs sh, cat,
// dd, ls, wc and sleep of POSIX, nothing else. When the log has another inode (rotated) it ends, and is started for the next one;
// rotated parts are found by inode beside the log, PATH.1 to PATH.99. A log that was copied and truncated is gone on with in PATH.1.
//
// A position is inode, offset and a hash of the up to 64 bytes before it. Those bytes are sent once more and compared: a file that is
// another one, or was written anew, shows. What may be lost then is said. A file that is truncated and has grown past the place
// again within the second between two looks does not show.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "source/backoff.hpp"
#include "source/child.hpp"
#include "source/line_feed.hpp"
#include "source/record_source.hpp"
#include "source/ssh.hpp"

namespace logystera::source {

struct SshPlace {
  enum class Mode : std::uint8_t {
    end,    // whatever comes from now on
    start,  // the log from its beginning
    at,     // in the file with that inode
    next,   // that file is through: the one after it
    copy,   // what was in the log before it was truncated, in PATH.1
  };
  Mode mode = Mode::end;
  std::uint64_t inode = 0, offset = 0, before_bytes = 0;
  std::uint64_t line = 1;  // counted on from file to file: what is stored is told apart by it
  std::string before;      // mark_of() them

  std::string text() const;
  static Result<SshPlace> of_text(std::string_view text);
};

class SshFile final : public RecordSource {
 public:
  struct Options {
    SshTarget target;
    std::string path;
    std::string name;  // "ssh:web01:/var/log/auth.log"
    SshPlace begin;
    parse::SourceOptions source;
    const std::atomic<bool>* stop = nullptr;
  };
  /// Connects at the first next(). `formats` and `names` outlive it.
  SshFile(const parse::Formats& formats, FieldNames& names, Options options);

  Result<State> next(RecordBatch& batch, std::chrono::milliseconds patience) override;
  bool finish(RecordBatch& batch) override;
  std::shared_ptr<const Part> part() const override { return part_; }
  Position position() const override;
  std::vector<std::string> notices() override { return std::exchange(notices_, {}); }
  std::string trouble() const override { return trouble_; }
  const std::string& label() const noexcept override { return options_.name; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Stage : std::uint8_t { header, before, bytes };

  Result<Done> start();
  Result<Done> not_started(const Error& error);
  Result<Done> took(std::string_view bytes);
  bool header(std::string_view line);
  void compare();
  Result<Done> ended();
  SshPlace place() const;
  void say(std::string text);
  void restart(SshPlace::Mode mode);

  const Options options_;
  const std::shared_ptr<Part> part_;
  LineFeed feed_;
  SshPlace place_;     // where the child was asked to begin, or the file it reads
  bool file_ = false;  // place_.inode is the file that is read
  std::optional<Child> child_;
  Stage stage_ = Stage::header;
  std::string head_;             // bytes of the header, or before the place
  std::size_t before_want_ = 0;  // bytes before the place that are sent
  std::string how_;
  std::string recent_;  // the last bytes, from up to 64 before feed_.offset() on
  std::uint64_t recent_from_ = 0;
  bool flush_ = false;  // the file is through: what waits is final
  bool worked_ = false;
  bool ran_ = false;     // a child was started
  std::string trouble_;  // why it is down, once that was said
  Backoff backoff_{std::chrono::milliseconds(1'000)};
  Clock::time_point again_at_{};
  std::vector<std::string> notices_;
};

}  // namespace logystera::source

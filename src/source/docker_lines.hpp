// Docker's answer to "the log of this container", with times, as lines.
//
// Docker cuts a line every 16 KiB, and each piece comes with its time in front:
//
//   without a terminal   frames: a byte for the stream, three of zero, the length in four (big-endian), then "TIME TEXT". The last piece
//                        of a line ends in a line feed; pieces of the two streams come mixed
//   with a terminal      no frames and one stream: "TIME TEXT\r\n", and behind each 16 KiB of a line without an end its TIME again
//
// (Engine API, "Attach to a container: stream format"; cuts and times as a daemon of 20.10 was seen to send them.)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::source {

struct DockerLine {
  std::string_view text;     // without its end; valid until the next call
  std::int64_t time_ns = 0;  // of its first piece
  bool error = false;        // of stderr
  bool truncated = false;    // there was more than kLineBytes: `text` is its head
};

class DockerLines {
 public:
  static constexpr std::size_t kLineBytes = 1024 * 1024;
  static constexpr std::size_t kPieceBytes = 16 * 1024;

  explicit DockerLines(bool terminal) noexcept : terminal_(terminal) {}

  /// Reads the front of `bytes`, as far as that is of one line; `used` is how much to take away. True: `line` is one. An error (broken)
  /// is no log of a container.
  Result<bool> next(std::string_view bytes, std::size_t& used, DockerLine& line);
  /// What came of a line whose end did not come, of the stream (false: stdout); false if there is none. For the end of a log.
  bool finish(bool error, DockerLine& line);
  /// The time of the oldest piece whose line has not ended; INT64_MAX: there is none.
  std::int64_t oldest_ns() const noexcept;

 private:
  struct Open {
    bool any = false, truncated = false;
    std::int64_t time_ns = 0;
    std::string text;
    std::string done;  // what `line.text` points into
  };

  bool add(Open& open, std::int64_t time_ns, std::string_view text, DockerLine& line);
  Result<bool> next_frame(std::string_view bytes, std::size_t& used, DockerLine& line);
  Result<bool> next_of_terminal(std::string_view bytes, std::size_t& used, DockerLine& line);

  const bool terminal_;
  std::array<Open, 2> open_;
  std::size_t piece_left_ = 0;  // terminal: bytes until a time stands in the line again; 0: one is due
  std::int64_t piece_time_ns_ = 0;
};

/// "2026-11-29T01:02:03.123456789Z "; false if `text` does not begin with one.
bool docker_time(std::string_view text, std::int64_t& time_ns) noexcept;
inline constexpr std::size_t kDockerTimeBytes = 31;  // with the blank behind it

}  // namespace logystera::source

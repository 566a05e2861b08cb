// Lines of an answer that is streamed (NDJSON, server-sent events), from the pieces in which they come.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logystera::net {

class LineSplitter {
 public:
  /// A line longer than `most` bytes ends the stream: push() returns false.
  explicit LineSplitter(std::size_t most = 1024 * 1024) : most_(most) {}

  /// Calls `take(line)`, without its end (LF or CR LF), for every line that is whole now. False: a line is too long, or `take` said so.
  template <typename Taker>
  bool push(std::string_view piece, Taker&& take) {
    for (std::size_t end; (end = piece.find('\n')) != piece.npos; piece.remove_prefix(end + 1)) {
      if (rest_.size() + end > most_) return false;
      std::string_view line = piece.substr(0, end);
      if (!rest_.empty()) {
        rest_.append(line);
        line = rest_;
      }
      if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
      const bool go_on = take(line);
      rest_.clear();
      if (!go_on) return false;
    }
    if (rest_.size() + piece.size() > most_) return false;
    rest_.append(piece);
    return true;
  }
  /// What came behind the last line end.
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::size_t most_;
  std::string rest_;
};

}  // namespace logystera::net

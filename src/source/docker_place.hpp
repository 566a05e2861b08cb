// How far the log of a container was read.
//
// The daemon copies the two streams of a container by two threads, which read the clock by themselves: within a stream times do not
// go down, between them a line may stand behind others that are up to 32 ms newer (seen with a daemon of 20.10). And it repeats lines
// when it rotates a log that is followed. So reading goes on five seconds before the newest line (source/overlap.hpp), and a line that
// was handed out, by stream, time and text, is not handed out again.
//
// A position holds fewer digests than five seconds have lines: the newest of each stream, which are enough as long as the times of
// one stream do not go down.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "source/overlap.hpp"

namespace logystera::source {

class DockerPlace {
 public:
  /// `key`: 32 bytes for digests in positions.
  explicit DockerPlace(std::string_view key);

  /// Begins there: nothing older is handed out.
  void begin_at(std::int64_t time_ns) noexcept;
  /// Goes on where text() was taken. An error (broken): this is no such text, or one of another key.
  Result<Done> resume(std::string_view text);
  /// What is to be read begins here, included; INT64_MIN: at the beginning.
  std::int64_t since_ns() const noexcept;
  /// Of what was handed out or waits; INT64_MIN: unknown.
  std::int64_t newest_ns() const noexcept;

  /// The lines that follow are all there are from since_ns() on.
  void begin_answer() noexcept;
  /// Whether the line, of stderr or of stdout, is to be handed out. It counts as handed out from now on.
  bool fresh(std::int64_t time_ns, bool error, std::string_view text);
  /// Forgets what is five seconds older than the newest line and than now, but nothing from `floor_ns` on.
  void advance(std::int64_t now_ns, std::int64_t floor_ns);

  /// Lines older than anything that is read again, since the start: repeats, or a clock that was set back.
  std::uint64_t older() const noexcept { return older_; }
  /// How often a stream had more lines in five seconds than are remembered.
  std::uint64_t crowded() const noexcept;

  /// Of each stream, the last `waiting` (stdout, stderr) fresh lines were not handed out, and at most `digests` are held.
  std::string text(const std::array<std::size_t, 2>& waiting, std::size_t digests) const;

 private:
  std::array<Overlap, 2> streams_;
  std::uint64_t older_ = 0;
};

}  // namespace logystera::source

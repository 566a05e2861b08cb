// The body of buffer.lock: what every process must agree on and no directory scan should be needed for. Read and written
// only under the lock.
//
// The file's size is part of the protocol: 512 bytes plus the generation modulo 4,096. A process that has the header of a
// generation in memory sees from the fstat it makes anyway (for the lock file's identity) whether it is still current, and
// reads the header again only when it is not. A commit in the steady state therefore neither reads nor writes the header.
#pragma once

#include <sys/stat.h>

#include <cstdint>

#include "agent/buffer.hpp"

namespace logystera::agent {

struct BufferHeader {
  static constexpr std::size_t kBytes = 512;
  static constexpr std::uint64_t kGenerations = 4096;

  std::uint64_t generation = 0;    // grows with every write
  std::uint64_t closed_bytes = 0;  // all sealed segments
  std::uint64_t dead_bytes = 0;    // dead/
  std::uint64_t sent_bytes = 0;    // sent/; a version that knows none of it writes 0, until the next scan
  std::uint64_t slot_bytes = 0;    // spill slots in use, known only while frozen
  std::uint64_t next_sequence = 1;
  std::uint64_t spilled = 0;
  std::uint64_t healed = 0;
  std::int64_t scanned_at = 0;  // unix seconds of the last directory scan
  std::int64_t born_at_ms = 0;  // unix milliseconds when this lock file was made (or its header made anew)
  bool frozen = false;          // spilling is off: the total cap is near and every byte counts
  DropCounts drops{};

  /// Reads and checks it; false if it is torn, foreign or empty.
  bool read(int lock_fd) noexcept;
  /// Raises the generation and writes. False on a failed system call: the counters stay in memory.
  bool write(int lock_fd) noexcept;
  /// What the lock file's size is while this generation is current.
  off_t file_size() const noexcept { return static_cast<off_t>(kBytes + generation % kGenerations); }

  /// Whether spilling is frozen, read without the lock (a spiller asks after it has taken its slot).
  static bool read_frozen(int lock_fd) noexcept;
};

void add_drops(DropCounts& into, const DropCounts& more) noexcept;
void add_drop(DropCounts& into, Drop reason, std::uint64_t count, std::int64_t at) noexcept;
bool any_drops(const DropCounts& drops) noexcept;

}  // namespace logystera::agent

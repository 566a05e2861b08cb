// buffer.drops: what was dropped, by reason, and not yet told to the gateway.
//
// Eight records of 512 bytes. A process adds to the first one it can lock, with one write: a byte range locked by its own open
// file, so that a process stopped in the middle holds up one record and not all. Counting needs neither buffer.lock nor room
// on the disk, and what is counted survives the process that did, a removed buffer.lock and a lock holder that is stopped.
// Whoever seals the counts into a segment of agent.dropped events holds the records' locks from reading to clearing.
#pragma once

#include <array>

#include "agent/buffer.hpp"
#include "agent/directory.hpp"

namespace logystera::agent {

class DropRecords {
 public:
  static constexpr char kFileName[] = "buffer.drops";
  static constexpr std::size_t kRecords = 8;
  static constexpr std::size_t kRecordBytes = 512;
  static constexpr std::size_t kFileBytes = kRecords * kRecordBytes;

  /// Opens the file, and makes it when it is missing. False with errno otherwise.
  static DropRecords open(const Directory& directory, const FileRules& rules) noexcept;
  /// For readers: nothing is made, nobody's owner is asked for.
  static DropRecords look(const Directory& directory) noexcept;

  explicit operator bool() const noexcept { return file_.valid(); }

  /// Waits for less than a millisecond. False: every record is held up, or the system refuses; nothing is counted then.
  bool add(const DropCounts& counts) noexcept;
  /// The sum of all records.
  DropCounts read() const noexcept;

  /// Locks the records nobody is adding to, until clear_taken() or the end of this object, and gives their sum.
  DropCounts take() noexcept;
  void clear_taken() noexcept;

 private:
  explicit DropRecords(Fd file) noexcept : file_(std::move(file)) {}

  Fd file_;
  std::array<bool, kRecords> taken_{};
};

}  // namespace logystera::agent

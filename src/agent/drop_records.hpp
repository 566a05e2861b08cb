// buffer.drops: what was dropped, by reason, and not yet told to the gateway.
//
// Thirty-two records of 512 bytes, so that many processes can add at once. A process adds to the first one it can lock, with one
// write: a byte range locked by its own open file, so that a process stopped in the middle holds up one record and not all.
// Counting needs neither buffer.lock nor room on the disk, and what is counted survives the process that did, a removed
// buffer.lock and a lock holder that is stopped. Two of the records are for whoever holds buffer.lock: it cannot wait, and finds
// them free however many others count.
// Whoever seals the counts into a segment of agent.dropped events holds the records' locks from reading to clearing.
#pragma once

#include <array>

#include "agent/buffer.hpp"
#include "agent/directory.hpp"

namespace logystera::agent {

class DropRecords {
 public:
  static constexpr char kFileName[] = "buffer.drops";
  static constexpr std::size_t kRecords = 32;
  static constexpr std::size_t kSharedRecords = 30;  // the others are for the holder of buffer.lock
  static constexpr std::size_t kRecordBytes = 512;
  static constexpr std::size_t kFileBytes = kRecords * kRecordBytes;

  /// Opens the file, and makes it when it is missing. False with errno otherwise.
  static DropRecords open(const Directory& directory, const FileRules& rules) noexcept;
  /// For readers: nothing is made, nobody's owner is asked for.
  static DropRecords look(const Directory& directory) noexcept;

  explicit operator bool() const noexcept { return file_.valid(); }

  enum class By : bool { anyone, lock_holder };
  /// Waits for less than a millisecond. False: every record for `by` is held up, or the system refuses; nothing is counted then.
  bool add(const DropCounts& counts, By by) noexcept;
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

// The local buffer: JSONL files in one directory per site (seed 002, "Local-first buffering").
//
//   buffer-current.jsonl            where requests append
//   buffer-<seq20>-<epoch>-<rand8>.jsonl   sealed segments, closed by rotation or by a dispatcher's claim; seq orders them
//   spill-NN, .part-NN              a commit that could not get the lock in time: written whole, then renamed into its slot;
//                                   later ones are added when no slot is free
//   buffer.lock                     never unlinked or renamed; carries the header (sizes, sequence) under flock
//   buffer.drops                    drop counters, written without buffer.lock (drop_records.hpp)
//   dispatch.lock, dispatch.state.a/.b, dispatch.history   the dispatcher's (dispatch.hpp)
//   sent/                           delivered segments that stay readable for a while; inside the total cap, first to go
//   dead/                           lines that can never be sent, with the reason; inside the total cap
//
// Promise: once commit() has counted an event as committed, it survives the death of any process. The append is one
// write(2) under a non-blocking lock; no fsync, no directory scan, no blocking wait in a request. What is dropped is
// counted by reason in buffer.drops.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/directory.hpp"
#include "agent/file.hpp"
#include "core/limits.hpp"
#include "core/result.hpp"

namespace logystera::agent {

/// Why an event did not reach the buffer, or left it without being delivered.
enum class Drop : std::uint8_t {
  cap_type,    // the type's cap per request
  cap_global,  // 200 events per request, or the lower configured cap
  unknown_type,
  event_size,   // one line over 32 KiB
  arena_full,   // all lines of a request over 1 MiB
  full,         // 50 MB reached (DROP_NEWEST)
  lock_busy,    // no lock and no room in a spill slot within 3 ms
  no_space,     // ENOSPC, EDQUOT
  io_error,     // any other failed system call
  short_write,  // the kernel took only part of a commit
  unsafe_file,  // not a regular file of ours: symlink, hard link, FIFO, foreign owner, writable by others
  unavailable,  // directory missing or not writable
  corrupt,      // a line in the buffer that is no event (torn, overwritten)
  rejected,     // refused for good by the gateway (dead letter)
  dead_full,    // a dead letter that no longer fitted into dead/
  count_,       // not a reason: how many there are
};
inline constexpr std::size_t kDropReasons = static_cast<std::size_t>(Drop::count_);
std::string_view name_of(Drop reason) noexcept;

/// Events dropped for one reason since the dispatcher last took the counters.
struct DropCount {
  std::uint64_t count = 0;
  std::int64_t first_at = 0;  // unix seconds
  std::int64_t last_at = 0;
};
using DropCounts = std::array<DropCount, kDropReasons>;

struct BufferOptions {
  /// `group`: directory 2770 and files 0660 for a command line user of the same group; otherwise 0700 and 0600.
  bool share_group = false;
  /// fdatasync each commit (`logystera.durability=critical`): survives power loss, costs a disk flush per request.
  bool sync_commits = false;
  /// Allow NFS, CIFS, FUSE and the like, where flock and O_APPEND promise less.
  bool allow_network_fs = false;
  std::uint64_t segment_bytes = limits::kSegmentBytes;
  /// Everything in the directory together; `housekeeping_bytes` of it are set aside for the lock, the dispatcher's state and
  /// history, the pending agent.dropped segment and the directories themselves.
  std::uint64_t total_bytes = limits::kBufferBytes;
  std::uint64_t housekeeping_bytes = limits::kHousekeepingBytes;
  std::uint64_t spill_bytes = limits::kSpillBytes;
  std::uint64_t dead_letter_bytes = limits::kDeadLetterBytes;
  /// How much of what was delivered stays readable in sent/, at most limits::kSentBytes; 0: none. Inside `total_bytes`, and given
  /// up before anything new is dropped. A dispatcher's option: whoever only records leaves sent/ as it is.
  std::uint64_t sent_bytes = 0;

  /// What events may occupy.
  std::uint64_t event_bytes() const noexcept { return total_bytes - housekeeping_bytes; }
};

/// What became of one commit. committed + the dropped counts equal the events handed in.
struct CommitResult {
  std::uint32_t committed = 0;
  std::uint32_t dropped = 0;
  Drop reason = Drop::count_;  // of `dropped`; count_ when nothing was dropped
};

/// One file the dispatcher reads. Only sealed files are ever read for sending.
struct Segment {
  std::string name;        // within the directory
  std::uint64_t sequence;  // ordering key; spills taken in place sort after the segments
  std::uint64_t bytes;
};

struct BufferStats {
  std::uint64_t bytes = 0;          // all files of the buffer: current, segments, spills, dead letters, sent ones
  std::uint64_t pending_bytes = 0;  // of these, what still has to be sent
  std::uint64_t sent_bytes = 0;     // of these, what was delivered and stays readable
  std::uint64_t cap_bytes = 0;
  std::uint32_t files = 0;
  std::uint64_t spilled = 0;  // spill slots that became segments
  std::uint64_t healed = 0;   // torn tails closed with a newline
  DropCounts drops{};
};

/// A view on one buffer directory. Cheap to construct and to keep; survives fork, `rm -rf` of the directory and FPM reloads:
/// what a commit leaves open is looked at before it is used again. Not shared between threads.
class Buffer {
 public:
  /// Opens (and creates, one level) the directory and checks owner, mode and file system. The error names the directory,
  /// what is wrong with it and the remedy.
  static Result<Buffer> open(std::string directory, BufferOptions options = {});
  Buffer(Buffer&&) noexcept;
  Buffer& operator=(Buffer&&) noexcept;
  ~Buffer();

  const std::string& directory() const noexcept { return directory_; }
  /// The directory as it is now, opened and looked at: not through a link, and still whose it was. False with errno: EPERM
  /// when it belongs to somebody else or others may write in it.
  Directory enter() const noexcept;
  /// What a failed enter() means to a person; `error` is its errno.
  Error not_entered(int error) const;
  const FileRules& rules() const noexcept { return rules_; }
  /// Whether the directory still is whose it was when this was opened.
  bool same_rules(const Buffer& other) const noexcept {
    return rules_.owner == other.rules_.owner && rules_.group == other.rules_.group &&
           rules_.share_group == other.rules_.share_group;
  }
  const BufferOptions& options() const noexcept { return options_; }

  /// Appends whole lines (each ending in '\n', `events` of them) with one write. Whatever does not fit under the total cap
  /// is dropped from the end. `extra` counters (drops of the request itself) are written down with what is dropped here.
  CommitResult commit(std::string_view lines, std::uint32_t events, const DropCounts& extra = {}) noexcept;

  /// Before the process ends: writes down what was dropped and could not be counted in the directory then. Must not be called in a child that has not forgotten its parent's counts.
  void settle() noexcept;
  /// Closes the files that a commit keeps open for the next one (at most a second long, three descriptors a buffer).
  void let_go() noexcept;
  /// The counts `other` has not yet written down become this one's, which takes its place.
  void take_pending(Buffer& other) noexcept;

  /// In a child after fork(): the counts not yet written down are the parent's to write.
  void forget_pending() noexcept { pending_ = DropCounts{}; }

  /// --- The dispatcher's side; may block for microseconds on the lock, never on the network. ---

  /// Seals the current file, takes complete spills and abandoned parts, turns pending drop counters into a sealed
  /// segment of `agent.dropped` events, and lists everything to send, oldest first. Each file is fdatasync'ed.
  Result<std::vector<Segment>> claim();

  /// Full path of a file in the directory, to name it to people.
  std::string path_of(std::string_view name) const;

  /// Opens a segment for reading with every safety check (regular file, owner, one link, no symlink); caller closes.
  Result<int> open_segment(std::string_view name) const;

  /// Lets go of what is in sent/ beyond BufferOptions::sent_bytes, oldest first, whether or not anything can be sent now.
  void trim_sent() noexcept;

  /// Takes a delivered segment out of what is to be sent: into sent/ as far as BufferOptions::sent_bytes and the total cap
  /// allow, or for good. The caller must have made its checkpoint durable before.
  Result<Done> remove(const Segment& segment);

  /// Keeps a line that can never be sent, with the reason, in dead/ (one JSON object a line; own cap inside the total).
  /// Counted as `why`, or as dead_full when it no longer fitted; a lost agent.dropped event is not counted again.
  Result<Done> dead_letter(std::string_view line, Drop why, std::string_view reason);

  /// Adds to the drop counters.
  Result<Done> count_drops(const DropCounts& drops);

  Result<BufferStats> stats() const;
  /// Every file of the buffer with its size, oldest first.
  Result<std::vector<Segment>> files() const;
  Result<std::vector<Segment>> files(const Directory& directory) const;
  /// Deletes every buffered event, and what is in sent/ (not the counters, not the dispatcher's state). Returns how many lines
  /// went that were not sent.
  Result<std::uint64_t> clear();

 private:
  Buffer(std::string directory, BufferOptions options, FileRules rules);
  Fd open_segment(const Directory& directory, const std::string& name) const noexcept;

  class Lock;

  // commit, step by step
  bool spill(const Directory& directory, std::string_view lines, std::uint32_t events, CommitResult& result) noexcept;
  bool add_to_slot(const Directory& directory, std::size_t number, std::string_view lines, std::uint32_t events,
                   CommitResult& result, bool& frozen) noexcept;
  void append_late(std::string_view lines, std::uint32_t events, std::int64_t since, CommitResult& result) noexcept;
  void append(Lock& lock, std::string_view lines, std::uint32_t events, CommitResult& result) noexcept;
  const Fd& current(const Lock& lock, struct stat& st) noexcept;
  bool admit(Lock& lock, std::uint64_t current_bytes, std::uint64_t wanted, std::uint64_t& allowed) noexcept;
  void drop(CommitResult& result, Drop reason, std::uint32_t events) noexcept;
  void drop_failed_write(CommitResult& result, int error, std::uint32_t events) noexcept;
  bool writes_suspended() const noexcept;
  static Drop reason_of(int error) noexcept;

  // drop counts
  bool write_down(const Directory& directory, DropCounts& counts) const noexcept;
  bool write_down(const Lock& lock, DropCounts& counts) const noexcept;
  void write_down_pending(Lock& lock) noexcept;

  // under the lock
  bool seal_current(Lock& lock, std::uint64_t bytes) noexcept;
  Error lock_error(int error) const;
  void rescan(Lock& lock) const noexcept;
  void thaw_if_roomy(Lock& lock) const noexcept;
  void take_spills(Lock& lock);
  void empty_slots(Lock& lock) noexcept;
  void seal_drops(Lock& lock);
  bool write_drops_segment(Lock& lock);
  Drop store_dead_letter(Lock& lock, std::string_view letter) noexcept;
  bool admit_bytes(Lock& lock, std::uint64_t wanted) noexcept;
  std::uint64_t spill_reserve() const noexcept;
  bool retain(Lock& lock, const Segment& segment, std::uint64_t counted_bytes);
  bool add_to_sent(Lock& lock, const Directory& sent, const Segment& segment);
  void evict_sent(Lock& lock, std::uint64_t most) noexcept;

  std::string directory_;
  BufferOptions options_;
  FileRules rules_;

  // The header of the generation last seen, and the lock file it was read from (see buffer_header.hpp).
  struct HeaderCache;
  std::shared_ptr<HeaderCache> cache_;
  // What a commit leaves open for the next one.
  struct OpenFiles;
  std::unique_ptr<OpenFiles> open_files_;
  DropCounts pending_{};            // drops that could not be written down yet: no directory, a failing disk
  std::int64_t no_slot_until_ = 0;  // CLOCK_MONOTONIC nanoseconds; every spill slot was taken, or frozen, a moment ago
  bool slots_fill_ = false;         // many slots were found taken
  std::int64_t in_vain_since_ = 0;  // the same clock; when a wait for the lock began that had no success yet
  std::uint32_t failures_ = 0;
  Drop suspended_for_ = Drop::no_space;
  std::int64_t suspended_until_ = 0;  // CLOCK_MONOTONIC seconds; after a full or broken disk, growing pauses up to 60 s
};

}  // namespace logystera::agent

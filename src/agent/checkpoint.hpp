// Where the dispatcher is, and why it waits: one record of 512 bytes, kept in two slots (dispatch.state.a and .b).
//
// Each save goes to the slot that does not hold the newest record, so that a torn write leaves the one before it. The
// slots are allocated once, so that a save works on a full disk. Reading picks the newest record whose checksum holds; with
// neither, everything starts anew: the oldest event is sent again, and the gateway knows it already.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "agent/backoff.hpp"
#include "agent/directory.hpp"
#include "agent/dispatch.hpp"
#include "agent/dispatch_files.hpp"
#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::agent {

using dispatch_files::kSlotBytes;

struct Checkpoint {
  // Position. Names are reused by nothing, but a restored backup may bring one back: `identity` ties it to the content.
  std::array<char, 64> segment{};  // file name, zero-padded; empty: none
  std::uint64_t identity = 0;      // see identify()
  std::uint64_t offset = 0;        // everything before it is delivered or dead-lettered; always just behind a newline
  std::uint64_t intent_end = 0;    // the batch [offset, intent_end) may be under way; 0: none
  bool done = false;               // the whole segment is delivered and may be removed

  // Health.
  Moment attempt;  // the last one; the wait counts from here
  std::uint32_t wait_seconds = 0;
  std::int64_t last_success = 0;
  std::uint32_t failures = 0;
  std::uint32_t auth_failures = 0;
  bool suspended = false;
  Trouble trouble = Trouble::none;
  std::uint16_t http_status = 0;
  Digest credentials{};  // fingerprint of those the above is about
  std::int64_t clock_skew = 0;
  std::uint32_t batch_limit = 0;  // events; learned from 413
  std::int64_t batch_limit_until = 0;
  std::uint32_t refused_in_a_row = 0;  // events refused alone since one was accepted

  // Counters since the directory exists.
  std::uint64_t events_sent = 0;
  std::uint64_t batches_sent = 0;
  std::uint64_t requests = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t dead_lettered = 0;
  std::uint64_t bytes_sent = 0;

  std::uint64_t generation = 0;  // grows with each save

  std::string_view segment_name() const noexcept;
  void set_segment(std::string_view name) noexcept;
};

using Slot = std::array<char, kSlotBytes>;
Slot encode(const Checkpoint& checkpoint) noexcept;
/// False: not a record, a torn one, or one of another version; `out` is then untouched.
bool decode(const Slot& slot, Checkpoint& out) noexcept;

/// Ties a position to a file's content: over its size and first 512 bytes, which hold the first event's id.
std::uint64_t identify(int fd, std::uint64_t size) noexcept;

/// Both slots open for writing. For the holder of dispatch.lock only.
class CheckpointFile {
 public:
  /// Opens or creates the slots; `path` is the directory's, for messages. A slot that is a link, a directory or somebody else's is put aside (unlinked) and made
  /// anew if the system lets us.
  static Result<CheckpointFile> open(const Directory& directory, const std::string& path, const FileRules& rules);

  /// The newest record, or a fresh one.
  Checkpoint load() noexcept;

  enum class Durable : bool { no, yes };
  /// `Durable::no` survives the death of this process, `yes` a power loss too.
  Result<Done> save(Checkpoint& checkpoint, Durable durable);

 private:
  CheckpointFile(std::string path, Fd a, Fd b) : path_(std::move(path)), slots_{std::move(a), std::move(b)} {}
  std::string path_;  // of the directory
  std::array<Fd, 2> slots_;
  std::size_t newest_ = 1;
  std::uint64_t generation_ = 0;
};

/// For readers: no lock, nothing created. False when neither slot can be read.
bool read_checkpoint(const std::string& directory, Checkpoint& out) noexcept;

}  // namespace logystera::agent

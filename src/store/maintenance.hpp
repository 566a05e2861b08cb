// What keeps a store from growing for ever, and whole: its size, what is removed from it, copies, checks.
//
// Removing is done in slices, each a transaction of some milliseconds, so that whoever stores events meanwhile waits for one slice at
// most. What was removed is counted by its reason, in the store.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

/// Why events were removed.
enum class Removal : std::uint8_t {
  age,       // older than they are kept
  bulk_age,  // of a bulk type, and older than those are kept
  size,      // the store was larger than it may be
};
inline constexpr std::size_t kRemovals = 3;

struct StoreSize {
  std::uint64_t bytes = 0;           // the database file's pages, those without content included
  std::uint64_t free_bytes = 0;      // of those, pages without content
  std::uint64_t log_bytes = 0;       // the write-ahead log beside it
  bool gives_back = false;           // pages without content can be given back while it is in use
  std::uint64_t events_at_most = 0;  // from the first to the last sequence
  std::int64_t oldest_event_at = 0;  // when it was received; 0: there is none
  std::int64_t newest_event_at = 0;
  std::array<std::uint64_t, kRemovals> removed{};  // events, since the store was made
  std::uint64_t removed_findings = 0;              // for its size

  std::uint64_t used_bytes() const noexcept { return bytes - free_bytes; }
};

/// Rows of each kind.
struct StoreRows {
  std::uint64_t events = 0, batches = 0, findings = 0, error_groups = 0, error_occurrences = 0, entities = 0, users = 0;
};

/// Which types go first. A type of no event does no harm.
using BulkTypes = std::vector<std::string>;

class Maintenance {
 public:
  virtual ~Maintenance() = default;

  virtual Result<StoreSize> size() = 0;
  /// Counts them all, which takes as long as reading an index of each.
  virtual Result<StoreRows> rows() = 0;

  /// One slice of the oldest events received before `before` (unix seconds), at most `most` of them. Never the newest event, whatever
  /// its age: its number must not be given out again; nor one that detection (position "detect") has still to look at, unless that has
  /// not moved for a week. How many; 0: there are none left.
  virtual Result<std::uint64_t> remove_events(std::int64_t before, std::size_t most, Removal reason) = 0;
  /// The same among events of these types. It goes on where the slice before left off, and `looked` says whether it got further:
  /// only when it did not there are none left.
  struct BulkSlice {
    std::uint64_t removed = 0;
    bool looked = false;
  };
  virtual Result<BulkSlice> remove_bulk_events(const BulkTypes& types, std::int64_t before, std::size_t most,
                                               Removal reason) = 0;
  /// A slice of the findings that happened and were stored before that, or of the occurrences of errors before it; each group of errors
  /// keeps its newest. How many.
  virtual Result<std::uint64_t> remove_findings(std::int64_t before, std::size_t most) = 0;
  virtual Result<std::uint64_t> remove_occurrences(std::int64_t before, std::size_t most) = 0;
  /// The oldest findings, whatever their age. How many.
  virtual Result<std::uint64_t> remove_oldest_findings(std::size_t most) = 0;
  /// Gives up to so many pages without content back to the file system; false: there are none, or it cannot (StoreSize::gives_back).
  virtual Result<bool> give_back(std::size_t pages) = 0;

  /// What is wrong with it, in SQLite's words, at most 100 lines; empty: nothing. Reads all of it.
  virtual Result<std::vector<std::string>> check() = 0;
  /// A copy of how it is at one moment, whatever is written meanwhile. `path` must not exist; its mode is 0600. Until it is
  /// whole it is called PATH.part, which is removed when it cannot be made, and by the next copy when the program was killed.
  virtual Result<Done> back_up(const std::string& path) = 0;
  /// Writes it anew without what is empty, so that it can give back from then on. Nobody else may have it open (ErrorKind::busy). Its
  /// file system needs room for it once more, and SQLite's directory of temporary files for what will be left of it (too_large).
  virtual Result<Done> shrink() = 0;
};

}  // namespace logystera::store

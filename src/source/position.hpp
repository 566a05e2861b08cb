// Where somebody left off in a log, in words that survive renaming, copying and packing.
//
// A file is known by what it holds: a hash of its first bytes, and one of the bytes before the place. Device and inode only say
// where to look first; a file system gives an inode out again at once, and a truncated file keeps its own. Only hashes and
// numbers are kept, nothing a log says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::source {

inline constexpr std::size_t kHeadBytes = 4 * 1024;     // of a file's beginning that are hashed
inline constexpr std::size_t kBeforeBytes = 16 * 1024;  // before a place
inline constexpr std::size_t kKnownMost = 512;          // older parts of a log that are remembered

/// A hash that stands for `bytes`.
std::string mark_of(std::string_view bytes);

/// One file.
struct FileMark {
  std::uint64_t device = 0, inode = 0;
  std::uint64_t head_bytes = 0;
  std::string head;             // mark_of() the first head_bytes
  std::int64_t written_ns = 0;  // Unix time, of one that is done with: when it was last written; packing keeps that time
  std::string text;             // those bytes, while somebody remembers them: they are not kept
};

/// A place in one. Offsets are of the unpacked bytes.
struct Place {
  FileMark file;
  std::uint64_t offset = 0;  // up to where records have been handed out
  std::uint64_t before_bytes = 0;
  std::string before;             // mark_of() the before_bytes before offset
  std::uint64_t line = 1;         // number of the line at offset
  bool within_long_line = false;  // offset is in the rest of a line beyond the limit
  std::uint64_t shown = 0;        // bytes behind offset that have been shown as a line without its end
};

struct LogPosition {
  std::vector<Place> places;    // the last is being read; those before it may still get late lines
  std::vector<FileMark> known;  // older parts of the log, done with
  std::int64_t seen_ns = 0;     // Unix time: what was last written before is known, or before places.back()

  /// A few lines of text, and back. An error if it is no such text, or half of one.
  std::string text() const;
  static Result<LogPosition> of_text(std::string_view text);
};

}  // namespace logystera::source

// The names of the files in a buffer directory, and a walk over them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/directory.hpp"

namespace logystera::agent::layout {

inline constexpr char kCurrent[] = "buffer-current.jsonl";
inline constexpr char kLock[] = "buffer.lock";
inline constexpr char kDead[] = "dead";
inline constexpr char kSent[] = "sent";
inline constexpr char kDeadLetters[] = "dead-letters.jsonl";  // in kDead
inline constexpr std::size_t kNameBytes = 64;

enum class Kind : std::uint8_t { other, current, segment, drops_segment, spill, part };

/// "buffer-<seq20>-<epoch>-<rand8>.jsonl", with a zero behind it. `drops` marks the segment of agent.dropped events.
void write_segment_name(std::uint64_t sequence, std::int64_t now, bool drops, char (&out)[kNameBytes]) noexcept;
/// "spill-07" or ".part-07".
void write_slot_name(bool part, std::size_t slot, char (&out)[kNameBytes]) noexcept;

/// What a name is; foreign names are `other` and never touched. `sequence` is set for segments, the slot for spills.
Kind parse_name(std::string_view name, std::uint64_t& sequence) noexcept;

/// Calls visit(name, kind, sequence, stat) for each regular file of the buffer in `directory`. False if it cannot be read.
template <typename Visit>
bool walk(const Directory& directory, Visit&& visit) noexcept;

/// Removes what processes left behind that died while they made a file (Directory::make_file).
void remove_unfinished(const Directory& directory) noexcept;

/// How much the dead letters take; 0 where there are none, or `dead` is no directory.
std::uint64_t dead_letter_bytes(const Directory& directory, const FileRules& rules) noexcept;

/// How much the files in sent/ take; 0 where there are none, or `sent` is no directory.
std::uint64_t sent_bytes(const Directory& directory, const FileRules& rules) noexcept;

}  // namespace logystera::agent::layout

// --- implementation of the template ---

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

template <typename Visit>
bool logystera::agent::layout::walk(const Directory& directory, Visit&& visit) noexcept {
  // A description of its own: the place in a listing belongs to it.
  Fd again = directory.open_unchecked(".", O_RDONLY | O_DIRECTORY);
  DIR* dir = again ? ::fdopendir(again.get()) : nullptr;
  if (dir == nullptr) return false;
  again.release();
  while (const dirent* entry = ::readdir(dir)) {
    std::uint64_t sequence = 0;
    const Kind kind = parse_name(entry->d_name, sequence);
    if (kind == Kind::other) continue;
    struct stat st;
    if (!directory.look(entry->d_name, st) || !S_ISREG(st.st_mode)) continue;
    visit(entry->d_name, kind, sequence, st);
  }
  ::closedir(dir);
  return true;
}

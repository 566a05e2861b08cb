// The files of the dispatcher in a buffer directory: their names, and how large they are.
#pragma once

#include <array>
#include <cstddef>

namespace logystera::agent::dispatch_files {

inline constexpr char kLock[] = "dispatch.lock";
inline constexpr std::array<const char*, 2> kSlots = {"dispatch.state.a", "dispatch.state.b"};
inline constexpr std::size_t kSlotBytes = 512;
inline constexpr char kHistory[] = "dispatch.history";
inline constexpr std::size_t kHistoryRecords = 500;
inline constexpr std::size_t kHistoryRecordBytes = 256;

}  // namespace logystera::agent::dispatch_files

// The last 500 gateway requests (seed 000, "Ingest Logs"): dispatch.history, a ring of 500 lines of 256 bytes.
//
// Each record is one JSON object padded with spaces to a line of fixed length, so that the file never grows, never needs
// rotation, and can still be read with `cat`. A record that does not read is skipped; losing the file loses the list only.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/directory.hpp"
#include "agent/dispatch.hpp"
#include "agent/dispatch_files.hpp"

namespace logystera::agent {

using dispatch_files::kHistoryRecordBytes;
using dispatch_files::kHistoryRecords;

class HistoryFile {
 public:
  /// Opens or creates the ring for the holder of dispatch.lock. Without it (full disk, foreign file) nothing is recorded.
  static HistoryFile open(const Directory& directory, const FileRules& rules) noexcept;

  void append(const HistoryEntry& entry) noexcept;

 private:
  explicit HistoryFile(Fd file) noexcept : file_(std::move(file)) {}
  Fd file_;
  std::uint64_t next_ = 1;
};

}  // namespace logystera::agent

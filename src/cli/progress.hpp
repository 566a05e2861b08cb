// A line on standard error that says how far a run is; nothing at all when standard error is no terminal.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "analysis/pipeline.hpp"

namespace logystera::cli {

class ProgressLine {
 public:
  /// `total_bytes` 0: unknown (standard input, compressed files).
  ProgressLine(const analysis::Progress& progress, std::uint64_t total_bytes, bool wanted);
  /// Wipes the line.
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

 private:
  void show();

  const analysis::Progress& progress_;
  const std::uint64_t total_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

/// The plain bytes of all files, or 0 if one of them is packed or no file.
std::uint64_t plain_bytes(const std::vector<source::SourceSet>& sets);

}  // namespace logystera::cli

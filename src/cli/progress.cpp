#include "cli/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "cli/render.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

constexpr auto kRefresh = std::chrono::milliseconds(200);
constexpr int kBarColumns = 24;

}  // namespace

ProgressLine::ProgressLine(const analysis::Progress& progress, std::uint64_t total_bytes, bool wanted)
    : progress_(progress), total_(total_bytes) {
  if (!wanted || ::isatty(STDERR_FILENO) == 0 || !terminal_moves()) return;
  try {
    thread_ = std::thread([this] { show(); });
  } catch (const std::system_error&) {  // no thread may be started: the scan goes on unseen
  }
}

ProgressLine::~ProgressLine() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void ProgressLine::show() {
  const auto started = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, kRefresh, [this] { return done_; })) {
    const std::uint64_t bytes = progress_.bytes.load();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    std::string bar;
    if (total_ > 0) {
      const double share = std::min(1.0, static_cast<double>(bytes) / static_cast<double>(total_));
      const int full = static_cast<int>(share * kBarColumns);
      for (int i = 0; i < kBarColumns; ++i) bar += i < full ? "█" : "░";
      bar += fmt::format(" {:3.0f} %  ", share * 100);
    }
    fmt::print(stderr, "\r\x1b[K{}{} read, {}/s, {} events, {} findings", bar, bytes_text(bytes),
               bytes_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds)),
               grouped(progress_.records.load()), grouped(progress_.findings.load()));
    std::fflush(stderr);
  }
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
}

std::uint64_t plain_bytes(const std::vector<source::SourceSet>& sets) {
  std::uint64_t sum = 0;
  for (const source::SourceSet& set : sets) {
    for (const FilePath& file : set.files) {
      std::error_code error;
      const std::uintmax_t size = std::filesystem::file_size(file.path, error);
      if (error || file.path.ends_with(".gz") || file.path.ends_with(".zst")) return 0;
      sum += size;
    }
  }
  return sum;
}

}  // namespace logystera::cli

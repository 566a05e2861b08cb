#include "cli/spool.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace logystera::cli {
namespace {

constexpr std::size_t kCopyBytes = 64 * 1024;

Error failed(const char* doing) {
  return Error{fmt::format("the temporary file for the events shown: {}: {}: free some space, set TMPDIR, or use --limit",
                           doing, std::strerror(errno)),
               kind_of_errno(errno)};
}

}  // namespace

Result<Done> Spool::append(std::string_view text) {
  if (!file_) {
    if (memory_.size() + text.size() <= kMemoryBytes) {
      memory_ += text;
      return Done{};
    }
    file_.reset(std::tmpfile());
    if (!file_) return failed("cannot be made");
    if (std::fwrite(memory_.data(), 1, memory_.size(), file_.get()) != memory_.size()) return failed("cannot be written");
    memory_.clear();
    memory_.shrink_to_fit();
  }
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size()) return failed("cannot be written");
  return Done{};
}

Result<Done> Spool::print(std::FILE* out) {
  if (!file_) {
    std::fwrite(memory_.data(), 1, memory_.size(), out);
    return Done{};
  }
  if (std::fflush(file_.get()) != 0 || std::fseek(file_.get(), 0, SEEK_SET) != 0) return failed("cannot be read");
  std::vector<char> piece(kCopyBytes);
  for (std::size_t got; (got = std::fread(piece.data(), 1, piece.size(), file_.get())) > 0;)
    std::fwrite(piece.data(), 1, got, out);
  return Done{};
}

}  // namespace logystera::cli

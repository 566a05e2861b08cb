#include "cli/spool.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "core/fd.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kCopyBytes = 64 * 1024;

std::string directory() {
  std::error_code none;
  const std::filesystem::path named = std::filesystem::temp_directory_path(none);
  return none ? "/tmp" : named.string();
}

// tmpfile(3) makes it in /tmp alone, whatever the variable TMPDIR says.
std::FILE* make_nameless_file() {
  std::string name = directory() + "/logystera-XXXXXX";
  Fd made(::mkostemp(name.data(), O_CLOEXEC));
  if (!made) return nullptr;
  ::unlink(name.c_str());
  std::FILE* const file = ::fdopen(made.get(), "w+");
  if (file) (void)made.release();
  return file;
}

Error failed(const char* doing) {
  const int error = errno;
  return Error{
      fmt::format("the temporary file in {} for the events shown: {}: {}: free some space, set TMPDIR, or use --limit",
                  directory(), doing, std::strerror(error)),
      kind_of_errno(error)};
}

}  // namespace

Result<Done> Spool::append(std::string_view text) {
  if (!file_) {
    if (memory_.size() + text.size() <= kMemoryBytes) {
      memory_ += text;
      return Done{};
    }
    file_.reset(make_nameless_file());
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

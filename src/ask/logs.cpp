#include "ask/logs.hpp"

#include <fmt/core.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

namespace logystera::ask {
namespace {

Error failed(std::string_view what, int error) {
  return Error{fmt::format("standard input: {}: {}", what, std::strerror(error)), kind_of_errno(error)};
}

Result<Fd> nameless_file() {
  std::error_code error;
  std::string pattern = (std::filesystem::temp_directory_path(error) / "logystera-XXXXXX").string();
  if (error) return Error{"standard input: no directory for temporary files: set TMPDIR"};
  Fd fd(::mkstemp(pattern.data()));
  if (!fd) return failed("a temporary file cannot be made", errno);
  ::unlink(pattern.c_str());
  return fd;
}

Result<Fd> copied_input(const std::function<bool()>& stop) {
  auto file = nameless_file();
  if (!file) return file;
  std::vector<char> block(1 << 20);
  for (std::uint64_t total = 0;;) {
    const ssize_t got = ::read(STDIN_FILENO, block.data(), block.size());
    if (got < 0 && errno == EINTR && !stop()) continue;
    if (got < 0) return failed("cannot be read", errno);
    if (got == 0) return file;
    if ((total += static_cast<std::uint64_t>(got)) > kInputBytes)
      return Error{fmt::format("standard input: more than {} bytes: save it to a file and name that", kInputBytes),
                   ErrorKind::too_large};
    for (ssize_t at = 0; at < got;) {
      const ssize_t put = ::write(file->get(), block.data() + at, static_cast<std::size_t>(got - at));
      if (put < 0 && errno != EINTR) return failed("it cannot be copied to a temporary file", errno);
      if (put > 0) at += put;
    }
    if (stop()) return Error{"interrupted"};
  }
}

}  // namespace

Result<Logs> Logs::open(std::vector<source::SourceSet> sets, std::shared_ptr<const analysis::Program> program,
                        const std::function<bool()>& stop) {
  Logs logs;
  logs.sets_ = std::move(sets);
  logs.program_ = std::move(program);
  for (source::SourceSet& set : logs.sets_) {
    for (FilePath& file : set.files) {
      if (file.path != "-") continue;
      if (!logs.input_) {
        auto copy = copied_input(stop);
        if (!copy) return copy.error();
        logs.input_ = std::make_shared<Fd>(std::move(copy).value());
        logs.input_path_ = fmt::format("/proc/self/fd/{}", logs.input_->get());
      }
      file = FilePath{logs.input_path_};
    }
    for (const FilePath& file : set.files) logs.numbers_.try_emplace(file.path, logs.numbers_.size());
  }
  return logs;
}

std::uint64_t Logs::number_of(const std::string& path) const {
  const auto found = numbers_.find(path);
  return found == numbers_.end() ? numbers_.size() : found->second;
}

}  // namespace logystera::ask

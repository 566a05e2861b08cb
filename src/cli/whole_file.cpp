#include "cli/whole_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/fd.hpp"

namespace logystera::cli {
namespace {

Error cannot_be_written(const std::string& path, int code) {
  return Error{fmt::format("{}: cannot be written: {}", path, std::strerror(code)), kind_of_errno(code)};
}

Result<Done> write_as_it_is(const std::string& path, std::string_view text) {
  const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (!file || !write_all(file.get(), text)) return cannot_be_written(path, errno);
  return Done{};
}

}  // namespace

Result<Done> write_whole_file(const std::string& path, std::string_view text) {
  std::error_code none;
  const std::filesystem::path followed = std::filesystem::canonical(path, none);
  const std::string target = none ? path : followed.string();
  struct stat before {};
  const bool there = ::stat(target.c_str(), &before) == 0;
  if (there && !S_ISREG(before.st_mode)) return write_as_it_is(path, text);

  const std::string draft = fmt::format("{}.new-{}", target, ::getpid());
  ::unlink(draft.c_str());  // left behind by a process of this number that died here
  const Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (!file)
    return there && errno != ENOSPC && errno != EDQUOT ? write_as_it_is(path, text) : cannot_be_written(path, errno);
  const auto as_before = [&] {
    return !there ||
           (::fchown(file.get(), before.st_uid, before.st_gid) == 0 && ::fchmod(file.get(), before.st_mode & 07777) == 0);
  };
  if (!as_before()) {  // another's: only its content is ours to change
    ::unlink(draft.c_str());
    return write_as_it_is(path, text);
  }
  if (write_all(file.get(), text) && ::fsync(file.get()) == 0 && ::rename(draft.c_str(), target.c_str()) == 0)
    return Done{};
  const int code = errno;
  ::unlink(draft.c_str());
  return cannot_be_written(path, code);
}

}  // namespace logystera::cli

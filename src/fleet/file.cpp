// targets.yaml as a file that several may add to.
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/fd.hpp"
#include "fleet/targets.hpp"
#include "parse/whole_file.hpp"

namespace logystera::fleet {
namespace {

Error failed(const std::string& path, int error) {
  return Error{fmt::format("{}: cannot be written: {}", path, std::strerror(error)), kind_of_errno(error)};
}

}  // namespace

Result<std::string> text_of(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return std::string();
  return parse::read_whole_file(path, kFileBytesMost);
}

Result<Done> add_to(const std::string& path, const Target& target) {
  // A link leads to the file that is meant, and that one is replaced.
  std::error_code none;
  std::filesystem::path file = std::filesystem::weakly_canonical(path, none);
  if (none) file = path;
  const std::filesystem::path directory = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock || ::flock(lock.get(), LOCK_EX) != 0) return failed(path, errno);
  auto text = text_of(file);
  if (!text) return text.error();
  auto added = with(text.value(), path, target);
  if (!added) return added.error();
  struct stat before {};
  const mode_t mode = ::stat(file.c_str(), &before) == 0 ? before.st_mode & 0777 : 0600;
  const std::string part = fmt::format("{}.{}.part", file.string(), ::getpid());
  ::unlink(part.c_str());
  int error = 0;
  {
    const Fd out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    const bool same = out &&
                      (before.st_nlink == 0 || ((before.st_uid == ::geteuid() && before.st_gid == ::getegid()) ||
                                                ::fchown(out.get(), before.st_uid, before.st_gid) == 0)) &&
                      ::fchmod(out.get(), mode) == 0;
    if (!same || !write_all(out.get(), added.value()) || ::fsync(out.get()) != 0) error = errno;
  }
  if (error == 0 && ::rename(part.c_str(), file.c_str()) == 0) return Done{};
  if (error == 0) error = errno;
  ::unlink(part.c_str());
  return failed(path, error);
}

}  // namespace logystera::fleet

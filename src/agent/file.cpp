#include "agent/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace logystera::agent {

bool FileRules::accept(const struct stat& st) const noexcept {
  if (!S_ISREG(st.st_mode) || st.st_nlink != 1) return false;
  if ((st.st_mode & S_IWOTH) != 0) return false;
  if (share_group) return st.st_gid == group || st.st_uid == owner || st.st_uid == ::geteuid();
  return (st.st_mode & S_IWGRP) == 0 && (st.st_uid == owner || st.st_uid == ::geteuid());
}

void FileRules::settle(int fd, const struct stat& st) const noexcept {
  const uid_t self = ::geteuid();
  if (self == 0 && st.st_uid != owner && ::fchown(fd, owner, group) != 0) return;
  if (self != 0 && st.st_uid != self) return;
  // An existing file keeps what an administrator gave it as long as the rules accept it; an empty one is new.
  if ((st.st_mode & 0777) != file_mode() && st.st_size == 0) ::fchmod(fd, file_mode());
}

bool FileRules::accept_or_settle(int fd, const struct stat& st) const noexcept {
  const bool accepted = accept(st);
  if (st.st_size != 0) return accepted;
  const bool just_made = S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid == ::geteuid();
  if (!accepted && !just_made) return false;
  settle(fd, st);
  return true;
}

Fd open_checked(const char* path, int flags, const FileRules& rules, struct stat& st) noexcept {
  int fd;
  do {
    fd = ::open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, rules.file_mode());
  } while (fd < 0 && errno == EINTR);
  Fd file(fd);
  if (!file) return file;
  if (::fstat(file.get(), &st) != 0) {
    const int error = errno;
    file.reset();
    errno = error;
    return file;
  }
  const bool usable = (flags & O_CREAT) != 0 ? rules.accept_or_settle(file.get(), st) : rules.accept(st);
  if (!usable) {
    file.reset();
    errno = EPERM;
  }
  return file;
}

bool make_durable(int fd) noexcept {
  return ::fdatasync(fd) == 0 || ((errno == EINVAL || errno == ENOSYS) && ::fsync(fd) == 0);
}

bool sync_directory(const std::string& directory) noexcept {
  Fd dir(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return dir && ::fsync(dir.get()) == 0;
}

std::string describe_errno(int error) {
  return std::generic_category().message(error) + " (errno " + std::to_string(error) + ")";
}

}  // namespace logystera::agent

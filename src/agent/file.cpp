#include "agent/file.hpp"

#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace logystera::agent {

bool FileRules::is_ours(const struct stat& st) const noexcept {
  if (st.st_uid == owner) return true;
  if (st.st_uid == 0) return false;
  return (share_group && st.st_gid == group) || st.st_uid == ::geteuid();
}

bool FileRules::accept(const struct stat& st) const noexcept {
  const mode_t others = share_group ? S_IWOTH : S_IWOTH | S_IWGRP;
  return S_ISREG(st.st_mode) && st.st_nlink == 1 && (st.st_mode & others) == 0 && is_ours(st);
}

bool FileRules::accept_directory(const struct stat& st) const noexcept {
  const mode_t others = share_group ? S_IWOTH : S_IWOTH | S_IWGRP;
  return S_ISDIR(st.st_mode) && (st.st_mode & others) == 0 && is_ours(st);
}

bool FileRules::settle(int fd, const struct stat& st) const noexcept {
  if ((st.st_uid != owner || st.st_gid != group) && ::geteuid() == 0 && ::fchown(fd, owner, group) != 0) return false;
  return (st.st_mode & 0777) == file_mode() || ::fchmod(fd, file_mode()) == 0;
}

bool FileRules::accept_or_settle(int fd, const struct stat& st) const noexcept {
  // An existing file keeps what an administrator gave it as long as the rules accept it; an empty one is new.
  const bool new_file = st.st_size == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 && (st.st_mode & 0777) != file_mode() &&
                        st.st_uid == ::geteuid() && (st.st_uid != 0 || owner == 0);
  return new_file ? settle(fd, st) : accept(st);
}

bool make_durable(int fd) noexcept {
  return ::fdatasync(fd) == 0 || ((errno == EINVAL || errno == ENOSYS) && ::fsync(fd) == 0);
}

std::string describe_errno(int error) {
  return std::generic_category().message(error) + " (errno " + std::to_string(error) + ")";
}

}  // namespace logystera::agent

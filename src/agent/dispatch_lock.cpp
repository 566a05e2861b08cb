#include "agent/dispatch_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace logystera::agent {

DispatchLock DispatchLock::take(const std::string& directory, const FileRules& rules) noexcept {
  DispatchLock lock;
  const std::string path = directory + "/dispatch.lock";
  struct stat st {};
  lock.file_ = open_checked(path.c_str(), O_RDWR | O_CREAT, rules, st);
  if (!lock.file_) {
    lock.error_ = errno;
    return lock;
  }
  int result;
  do {
    result = ::flock(lock.file_.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0) {
    lock.error_ = errno;
    lock.state_ = errno == EWOULDBLOCK ? State::busy : State::failed;
    return lock;
  }
  // Somebody removed the file between open and flock: what is locked is no longer what the next one opens.
  struct stat named {};
  const bool same = ::lstat(path.c_str(), &named) == 0 && named.st_dev == st.st_dev && named.st_ino == st.st_ino;
  lock.state_ = same ? State::held : State::busy;
  return lock;
}

}  // namespace logystera::agent

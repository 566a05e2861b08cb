#include "agent/dispatch_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "agent/dispatch_files.hpp"

namespace logystera::agent {

DispatchLock DispatchLock::take(const Directory& directory, const FileRules& rules) noexcept {
  DispatchLock lock;
  struct stat st {};
  lock.file_ = directory.open_file(dispatch_files::kLock, O_RDWR | O_CREAT, rules, st);
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
  lock.state_ = directory.is_only_name(dispatch_files::kLock, st) ? State::held : State::busy;
  return lock;
}

}  // namespace logystera::agent

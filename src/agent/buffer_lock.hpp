// The lock on a buffer directory, and the header it guards.
#pragma once

#include <optional>

#include "agent/buffer.hpp"
#include "agent/buffer_header.hpp"
#include "agent/directory.hpp"
#include "agent/fork_mark.hpp"

namespace logystera::agent {

struct Buffer::HeaderCache {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = -1;
  struct timespec modified {};
  BufferHeader header;

  bool matches(const struct stat& st) const noexcept {
    return st.st_dev == device && st.st_ino == inode && st.st_size == size && st.st_mtim.tv_sec == modified.tv_sec &&
           st.st_mtim.tv_nsec == modified.tv_nsec;
  }
  void remember(const struct stat& st) noexcept {
    device = st.st_dev;
    inode = st.st_ino;
    size = st.st_size;
    modified = st.st_mtim;
  }
};

/// Which lock file, and which generation of its header.
struct LockIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::uint64_t generation = 0;
  bool operator==(const LockIdentity& other) const noexcept {
    return inode == other.inode && generation == other.generation && device == other.device;
  }
};

struct Buffer::OpenFiles {
  Fd file;
  LockIdentity lock;        // as it was when the file was opened
  std::int64_t second = 0;  // CLOCK_MONOTONIC
  std::uint64_t end = 0;    // where this object's last commit ended, with a newline; 0: unknown

  // buffer.lock, not locked between commits, and the directory it was opened in. Its change time tells a renamed lock file
  // from the one that still has its name.
  Directory directory;
  Fd lock_file;
  struct timespec lock_changed {};
  std::int64_t lock_second = 0;  // CLOCK_MONOTONIC, of its opening by name
  // A lock on an inherited descriptor excludes nobody: the parent's is its own lock as well.
  std::optional<ForkMark> fork_mark;  // once there is a lock_file
};

/// Holds buffer.lock from construction to destruction when `held()`. A commit (try_briefly, try_once) leaves the descriptor open for the
/// next one, within the same second and the same process; everybody else opens the file by its name, and closes it.
class Buffer::Lock {
 public:
  enum class Wait { try_once, try_briefly, for_a_moment, block };

  Lock(const Buffer& buffer, Wait wait) noexcept;
  ~Lock();
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  bool held() const noexcept { return held_; }
  /// Why it is not held: EWOULDBLOCK when somebody else has it, otherwise the errno of the failed call.
  int error() const noexcept { return error_; }
  /// When somebody else was first found to have it (monotonic_ns); for the two that try.
  std::int64_t busy_since() const noexcept { return busy_since_; }
  int fd() const noexcept { return fd_.get(); }
  /// The directory the lock is in: what is done under the lock is done there, whatever its path leads to meanwhile. Also
  /// while the lock is not held because somebody else has it.
  const Directory& directory() const noexcept { return directory_; }
  /// For what follows once the lock is let go of. The lock must not be one that is left to the next commit.
  Directory take_directory() noexcept { return std::move(directory_); }

  BufferHeader& header() const noexcept { return buffer_.cache_->header; }
  /// Whether the header in memory is the one on disk for certain; then identity() says which.
  bool is_known() const noexcept { return buffer_.cache_->size != -1; }
  LockIdentity identity() const noexcept {
    return {buffer_.cache_->device, buffer_.cache_->inode, buffer_.cache_->header.generation};
  }
  /// Writes the header and remembers its new identity.
  bool save() noexcept;

 private:
  bool try_kept(Wait wait) noexcept;
  bool acquire(Wait wait) noexcept;
  bool has_its_name(const struct stat& st) const noexcept;
  void load(const struct stat& st) noexcept;

  const Buffer& buffer_;
  const bool keeps_;    // whether the descriptors are left to the next commit
  bool reuse_ = false;  // they are those of the last commit, and nobody has found anything wrong with them
  Directory directory_;
  Fd fd_;
  int error_ = 0;
  bool held_ = false;
  std::int64_t busy_since_ = 0;
};

}  // namespace logystera::agent

// A directory held by its descriptor, and what is done in it.
//
// Whoever may write in a directory can exchange what a path names between two uses of it: a file for a link to somebody
// else's, a directory for a link to another. What a descriptor names stays the same. So the path of a buffer directory is used
// once, to open it; everything in it is reached from that descriptor by a name without a slash, never through a link, and what
// is looked at, given an owner or a mode, is what was opened. Nothing but this file calls the functions that take paths
// (`./dev lint paths`).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/file.hpp"

namespace logystera::agent {

class Directory {
 public:
  Directory() noexcept = default;

  /// Opens the directory the path names; links are followed on the way there, but the last name must not be one (ELOOP).
  /// False with errno otherwise.
  static Directory open(const std::string& path) noexcept;
  /// As open(); one that is missing is made, with the rules' mode. Root gives it to the owner of the directory above.
  static Directory open_or_make(const std::string& path, const FileRules& rules) noexcept;

  explicit operator bool() const noexcept { return fd_.valid(); }
  int fd() const noexcept { return fd_.get(); }

  /// What fstat says of the directory itself.
  bool look(struct stat& st) const noexcept { return ::fstat(fd_.get(), &st) == 0; }
  /// What has that name here, links not followed.
  bool look(const char* name, struct stat& st) const noexcept;
  /// Whether that name, and no other, leads to the file `st` was read from.
  bool is_only_name(const char* name, const struct stat& st) const noexcept;

  /// Opens a file here: not through a link, not waiting for the other end of a FIFO, and refused (EPERM) unless the rules
  /// accept it and this is its only name. With O_CREAT a missing one is made and gets the rules' owner and mode. An invalid
  /// Fd leaves the reason in errno.
  Fd open_file(const char* name, int flags, const FileRules& rules, struct stat& st) const noexcept;
  /// Opens without any check of what it is but that it is no link. For files that are looked at once they are locked.
  Fd open_unchecked(const char* name, int flags) const noexcept;

  /// What the name of a file begins with while make_file() makes it.
  static constexpr char kUnfinished[] = ".new-";

  /// What make_file() puts into a new file.
  struct Content {
    std::string_view text;
    std::uint64_t reserved_bytes = 0;  // allocated on the disk beyond the text, where the file system can
    bool durable = false;              // on the disk before it has its name
  };
  /// Makes a file that is whole from the first moment it has its name, with the rules' owner and mode. True when it was made
  /// or was there. False with errno; EINVAL: this file system cannot move a file without replacing one.
  bool make_file(const char* name, const FileRules& rules, const Content& content) const noexcept;

  /// Renames within the directory; EEXIST when the new name is taken. Where the file system cannot do that at once, it is
  /// looked at first: callers hold the lock, or a slot, that keeps others from taking the name in between.
  bool rename_new(const char* from, const char* to) const noexcept;
  /// Moves a file into another directory of the same file system, under the same name; what has that name there is replaced.
  bool move_into(const char* name, const Directory& to) const noexcept;
  bool remove(const char* name) const noexcept;

  enum class Missing : bool { leave, make };
  /// A directory here, which must be one by the rules: ELOOP for a link, EPERM for somebody else's or one that others may
  /// write.
  Directory subdirectory(const char* name, const FileRules& rules, Missing missing) const noexcept;

  /// The names survive a power loss once this is true.
  bool sync() const noexcept { return ::fsync(fd_.get()) == 0; }

 private:
  explicit Directory(Fd fd) noexcept : fd_(std::move(fd)) {}
  static Directory make(int parent, const char* name, mode_t mode, uid_t owner, gid_t group) noexcept;

  Fd fd_;
};

}  // namespace logystera::agent

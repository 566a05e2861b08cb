// The rules a file must meet before this program reads or writes it. directory.hpp opens files by them.
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "core/fd.hpp"

namespace logystera::agent {

/// Whose files a buffer directory may hold, and with which mode they are made.
struct FileRules {
  uid_t owner = 0;           // the directory's owner
  gid_t group = 0;           // the directory's group
  bool share_group = false;  // 0660 and members of the group, or 0600 and the owner alone

  mode_t file_mode() const noexcept { return share_group ? 0660 : 0600; }
  mode_t directory_mode() const noexcept { return share_group ? 02770 : 0700; }

  /// A regular file of the right owner, with one name, that nobody else may write. A file of root's in somebody else's
  /// directory is not: its owner could have moved it there to have root read or write it.
  bool accept(const struct stat& st) const noexcept;
  /// The same of a directory in the directory.
  bool accept_directory(const struct stat& st) const noexcept;

  /// `accept`, but an empty file of this process's own user is put right first instead of refused: it was just made. Not for
  /// root, who makes files whole (Directory::make_file).
  bool accept_or_settle(int fd, const struct stat& st) const noexcept;

  /// Gives a file this process has just made the rules' mode and, when root made it, the directory's owner. A file that has
  /// them already costs no system call. False with errno.
  bool settle(int fd, const struct stat& st) const noexcept;

 private:
  bool is_ours(const struct stat& st) const noexcept;
};

/// The file's content survives a power loss once this is true (fdatasync, or fsync where a file system knows only that).
/// False with errno as those set it.
bool make_durable(int fd) noexcept;

/// What an errno means, in a few words, with its name: "No space left on device (28)".
std::string describe_errno(int error);

}  // namespace logystera::agent

#include "agent/directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

namespace logystera::agent {
namespace {

constexpr int kDirectoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
constexpr int kFileFlags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
constexpr mode_t kNewDirectoryMode = 0700;
constexpr int kTurns = 4;  // a file made and removed by others between two looks: look again this often

// openat(2) that a signal does not end.
Fd open_at(int directory, const char* name, int flags, mode_t mode = 0) noexcept {
  int fd;
  do {
    fd = ::openat(directory, name, flags, mode);
  } while (fd < 0 && errno == EINTR);
  return Fd(fd);
}

// O_DIRECTORY is checked before O_NOFOLLOW: a link is reported as no directory.
Fd open_directory_at(int parent, const char* name) noexcept {
  Fd fd = open_at(parent, name, kDirectoryFlags);
  if (fd || errno != ENOTDIR) return fd;
  struct stat st;
  const bool link = ::fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
  errno = link ? ELOOP : ENOTDIR;
  return fd;
}

Fd failed(Fd&& fd, int error) noexcept {
  fd.reset();
  errno = error;
  return Fd();
}

bool is_empty(int directory) noexcept {
  Fd again = open_at(directory, ".", kDirectoryFlags);
  DIR* listing = again ? ::fdopendir(again.get()) : nullptr;
  if (listing == nullptr) return false;
  again.release();
  int names = 0;
  while (names <= 2 && ::readdir(listing) != nullptr) ++names;
  ::closedir(listing);
  return names == 2;  // "." and ".."
}

// mkdirat gives no descriptor, so what has the name now may be something else that was moved there. An empty directory of
// this process's own user with the mode that mkdirat gives is as good as the one that was made; nothing else is changed.
bool is_new(int directory, const struct stat& st) noexcept {
  return st.st_uid == ::geteuid() && (st.st_mode & 07777 & ~(kNewDirectoryMode | S_ISGID)) == 0 && is_empty(directory);
}

}  // namespace

Directory Directory::open(const std::string& path) noexcept { return Directory(open_directory_at(AT_FDCWD, path.c_str())); }

Directory Directory::open_or_make(const std::string& path, const FileRules& rules) noexcept {
  Directory there = open(path);
  if (there || errno != ENOENT) return there;
  const std::size_t slash = path.rfind('/');
  try {
    const std::string above = path.substr(0, std::max<std::size_t>(slash, 1));
    const Fd parent = open_at(AT_FDCWD, above.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct stat st;
    if (!parent || ::fstat(parent.get(), &st) != 0) return Directory();
    return make(parent.get(), path.c_str() + slash + 1, rules.directory_mode(), st.st_uid, st.st_gid);
  } catch (...) {
    errno = ENOMEM;
    return Directory();
  }
}

Directory Directory::make(int parent, const char* name, mode_t mode, uid_t owner, gid_t group) noexcept {
  const bool made = ::mkdirat(parent, name, kNewDirectoryMode) == 0;
  if (!made && errno != EEXIST) return Directory();
  Fd fd = open_directory_at(parent, name);
  if (!fd && made && errno == EACCES && ::fchmodat(parent, name, kNewDirectoryMode, AT_SYMLINK_NOFOLLOW) == 0) {
    fd = open_directory_at(parent, name);  // the umask had taken this user's own right to read it
  }
  struct stat st;
  if (!made || !fd) return Directory(std::move(fd));
  if (::fstat(fd.get(), &st) != 0 || !is_new(fd.get(), st)) return Directory(std::move(fd));
  // Where root may not give it away, that shows when the site looks at the directory.
  [[maybe_unused]] const bool given =
      ::geteuid() != 0 || (st.st_uid == owner && st.st_gid == group) || ::fchown(fd.get(), owner, group) == 0;
  // The umask may have taken bits away, and mkdir gives no set-group-id bit.
  if ((st.st_mode & 07777) != mode && ::fchmod(fd.get(), mode) != 0) return Directory(failed(std::move(fd), errno));
  return Directory(std::move(fd));
}

bool Directory::look(const char* name, struct stat& st) const noexcept {
  return ::fstatat(fd_.get(), name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

// A hard link that was there when the file was opened and is gone when it is looked at leaves one name, elsewhere: so not
// only the count matters, but that the one name is this.
bool Directory::is_only_name(const char* name, const struct stat& st) const noexcept {
  struct stat named;
  return look(name, named) && named.st_ino == st.st_ino && named.st_dev == st.st_dev && named.st_nlink == 1;
}

Fd Directory::open_unchecked(const char* name, int flags) const noexcept {
  return open_at(fd_.get(), name, flags | kFileFlags);
}

Fd Directory::open_file(const char* name, int flags, const FileRules& rules, struct stat& st) const noexcept {
  for (int turn = 0; turn < kTurns; ++turn) {
    if ((flags & O_EXCL) == 0) {
      Fd file = open_unchecked(name, flags & ~O_CREAT);
      if (!file && (errno != ENOENT || (flags & O_CREAT) == 0)) return file;
      if (file) {
        if (::fstat(file.get(), &st) != 0) return failed(std::move(file), errno);
        const bool usable = (flags & O_CREAT) != 0 ? rules.accept_or_settle(file.get(), st) : rules.accept(st);
        return usable && is_only_name(name, st) ? std::move(file) : failed(std::move(file), EPERM);
      }
    }
    Fd made = open_at(fd_.get(), name, flags | O_CREAT | O_EXCL | kFileFlags, rules.file_mode());
    if (made) {
      if (::fstat(made.get(), &st) == 0 && rules.settle(made.get(), st)) return made;
      const int error = errno;
      remove(name);
      return failed(std::move(made), error);
    }
    if (errno != EEXIST || (flags & O_EXCL) != 0) return made;
  }
  errno = EPERM;
  return Fd();
}

bool Directory::make_file(const char* name, const FileRules& rules, const Content& content) const noexcept {
  struct stat st;
  if (look(name, st)) return true;
  std::uint64_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = static_cast<std::uint64_t>(::getpid());
  char temporary[32];
  std::snprintf(temporary, sizeof temporary, "%s%016llx", kUnfinished, static_cast<unsigned long long>(random));
  Fd file = open_file(temporary, O_RDWR | O_CREAT | O_EXCL, rules, st);
  if (!file) return false;
  const auto reserve = [&] {
    if (content.reserved_bytes <= content.text.size()) return true;
    const auto bytes = static_cast<off_t>(content.reserved_bytes);
    return ::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, bytes) == 0 || errno == EOPNOTSUPP || errno == ENOSYS;
  };
  if (write_all(file.get(), content.text) && reserve() && (!content.durable || make_durable(file.get())) &&
      ::renameat2(fd_.get(), temporary, fd_.get(), name, RENAME_NOREPLACE) == 0) {
    return true;
  }
  const int error = errno;
  remove(temporary);
  errno = error;
  return error == EEXIST;
}

bool Directory::rename_new(const char* from, const char* to) const noexcept {
  if (::renameat2(fd_.get(), from, fd_.get(), to, RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  struct stat st;
  if (look(to, st)) {
    errno = EEXIST;
    return false;
  }
  return ::renameat(fd_.get(), from, fd_.get(), to) == 0;
}

bool Directory::move_into(const char* name, const Directory& to) const noexcept {
  return ::renameat(fd_.get(), name, to.fd_.get(), name) == 0;
}

bool Directory::remove(const char* name) const noexcept { return ::unlinkat(fd_.get(), name, 0) == 0; }

Directory Directory::subdirectory(const char* name, const FileRules& rules, Missing missing) const noexcept {
  Fd fd = open_directory_at(fd_.get(), name);
  if (!fd && errno == ENOENT && missing == Missing::make) {
    fd = make(fd_.get(), name, rules.directory_mode(), rules.owner, rules.group).fd_;
  }
  struct stat st;
  if (!fd || ::fstat(fd.get(), &st) != 0) return Directory();
  if (!rules.accept_directory(st)) return Directory(failed(std::move(fd), EPERM));
  return Directory(std::move(fd));
}

}  // namespace logystera::agent

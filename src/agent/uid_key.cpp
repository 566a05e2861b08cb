#include "agent/uid_key.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "core/hmac.hpp"
#include "core/uuid.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kKeyBytes = 32;

Result<std::string> read_key(const std::string& path, const FileRules& rules) {
  struct stat st;
  Fd file = open_checked(path.c_str(), O_RDONLY, rules, st);
  if (!file) return Error{path + ": cannot be read: " + describe_errno(errno)};
  std::string key(2 * kKeyBytes, '\0');
  if (::read(file.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size())) {
    key.clear();
  }
  // A file the disk lost holds zero bytes: hashing with those would tell every id.
  const bool hex =
      std::all_of(key.begin(), key.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (key.empty() || !hex) {
    return Error{path + ": is not 64 hex digits; remove it to have a new key made (user hashes will change)"};
  }
  return key;
}

}  // namespace

Result<std::string> load_uid_key(const std::string& directory, const FileRules& rules) {
  const std::string path = directory + "/uid.key";
  if (::access(path.c_str(), F_OK) == 0) return read_key(path, rules);
  std::array<std::uint8_t, kKeyBytes> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return Error{"the kernel gave no random bytes: " + describe_errno(errno)};
  }
  std::string key = to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  wipe(random.data(), random.size());
  // Written aside and moved into place where none is yet, so that two first requests agree on one key. Not linked: a reader
  // refuses a file with two names, and it would have them for a moment.
  const std::string temporary = path + "." + UuidSource().next();
  struct stat st;
  Fd file = open_checked(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, rules, st);
  const bool written = file && ::write(file.get(), key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
                       make_durable(file.get());  // a name that survives a power loss without its bytes would be no key
  const int error = errno;
  wipe(key);
  const bool moved = written && ::renameat2(AT_FDCWD, temporary.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0;
  const int move_error = errno;
  ::unlink(temporary.c_str());
  if (!written) return Error{path + ": cannot be written: " + describe_errno(error)};
  if (!moved && move_error != EEXIST) {
    return Error{
        path + ": cannot be made: " + describe_errno(move_error) +
        (move_error == EINVAL ? "; this file system cannot move a file without replacing one: give a uid_key" : "")};
  }
  sync_directory(directory);
  return read_key(path, rules);
}

}  // namespace logystera::agent

#include "agent/uid_key.hpp"

#include <fcntl.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>

#include "agent/directory.hpp"
#include "core/hmac.hpp"

namespace logystera::agent {
namespace {

constexpr std::size_t kKeyBytes = 32;

constexpr char kFileName[] = "uid.key";

Result<std::string> read_key(const Directory& directory, const std::string& path, const FileRules& rules) {
  struct stat st;
  const Fd file = directory.open_file(kFileName, O_RDONLY, rules, st);
  if (!file) return Error{path + ": cannot be read: " + describe_errno(errno), kind_of_errno(errno)};
  std::string key(2 * kKeyBytes, '\0');
  if (read_up_to(file.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size())) {
    key.clear();
  }
  // A file the disk lost holds zero bytes: hashing with those would tell every id.
  const bool hex =
      std::all_of(key.begin(), key.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  if (key.empty() || !hex) {
    return Error{path + ": is not 64 hex digits; remove it to have a new key made (user hashes will change)",
                 ErrorKind::broken};
  }
  return key;
}

}  // namespace

Result<std::string> load_uid_key(const std::string& directory, const FileRules& rules) {
  const std::string path = directory + "/" + kFileName;
  const Directory opened = Directory::open(directory);
  if (!opened) return Error{path + ": cannot be read: " + describe_errno(errno), kind_of_errno(errno)};
  struct stat st;
  if (opened.look(kFileName, st)) return read_key(opened, path, rules);
  std::array<std::uint8_t, kKeyBytes> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    return Error{"the kernel gave no random bytes: " + describe_errno(errno), kind_of_errno(errno)};
  }
  std::string key = to_hex({reinterpret_cast<const char*>(random.data()), random.size()});
  wipe(random.data(), random.size());
  // Two first requests agree on one key, because none replaces the other's; a name that survives a power loss without its
  // bytes would be no key.
  const bool made = opened.make_file(kFileName, rules, {key, 0, true});
  const int error = errno;
  wipe(key);
  if (!made) {
    return Error{path + ": cannot be made: " + describe_errno(error) +
                     (error == EINVAL ? "; this file system cannot move a file without replacing one: give a uid_key" : ""),
                 kind_of_errno(error)};
  }
  opened.sync();
  return read_key(opened, path, rules);
}

}  // namespace logystera::agent

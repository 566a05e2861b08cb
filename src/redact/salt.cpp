#include "redact/salt.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/hmac.hpp"

namespace logystera::redact {
namespace {

class File {
 public:
  explicit File(int fd) noexcept : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }
  bool ok() const noexcept { return fd_ >= 0; }

 private:
  int fd_;
};

Error fault(const std::string& file, const std::string& what) {
  return Error{file + ": " + what + "; or set " + kSaltVariable + " or pii_salt"};
}
std::string reason() { return std::strerror(errno); }

// Creates the folders above `file` that are missing, each 0700.
bool make_parents(const std::string& file) {
  for (std::size_t slash = file.find('/', 1); slash != std::string::npos; slash = file.find('/', slash + 1))
    if (::mkdir(file.substr(0, slash).c_str(), 0700) != 0 && errno != EEXIST) return false;
  return true;
}

Result<std::string> read_salt(const std::string& file) {
  File in(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!in.ok()) return fault(file, "the salt cannot be read (" + reason() + ")");
  struct stat status;
  if (::fstat(in.get(), &status) != 0) return fault(file, "the salt cannot be read (" + reason() + ")");
  if (!S_ISREG(status.st_mode)) return fault(file, "the salt must be an ordinary file");
  if (status.st_uid != ::geteuid()) return fault(file, "the salt belongs to another user");
  if ((status.st_mode & 077) != 0) return fault(file, "others may read the salt: chmod 600 it");
  std::string salt(kSaltBytesMax + 1, '\0');
  std::size_t size = 0;
  while (size < salt.size()) {
    const ssize_t got = ::read(in.get(), salt.data() + size, salt.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fault(file, "the salt cannot be read (" + reason() + ")");
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  salt.resize(size);
  while (!salt.empty() && (salt.back() == '\n' || salt.back() == '\r')) salt.pop_back();
  if (salt.empty()) return fault(file, "the salt is empty; delete the file to have one generated");
  if (salt.size() > kSaltBytesMax) return fault(file, "the salt is longer than 4096 bytes");
  return salt;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return true;
}

// Writes a new salt beside its place and links it there: the link fails if another process was first, and no process
// ever sees half a salt.
Result<Done> create_salt(const std::string& file) {
  unsigned char random[kSaltBytesGenerated];
  if (RAND_bytes(random, sizeof random) != 1) return fault(file, "the system gives no random bytes for a salt");
  std::string salt = to_hex({reinterpret_cast<const char*>(random), sizeof random}) + "\n";
  wipe(random, sizeof random);
  if (!make_parents(file)) return fault(file, "its folder cannot be made (" + reason() + ")");
  const std::string draft = file + ".new-" + std::to_string(::getpid());
  bool written = false;
  {
    ::unlink(draft.c_str());  // left behind by a process of this number that died here
    File out(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    written = out.ok() && write_all(out.get(), salt) && ::fsync(out.get()) == 0;
  }
  wipe(salt);
  const std::string why = written ? "" : reason();
  const bool linked = written && (::link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const std::string why_not_linked = linked ? "" : reason();
  ::unlink(draft.c_str());
  if (!linked) return fault(file, "a salt cannot be kept there (" + (why.empty() ? why_not_linked : why) + ")");
  return Done{};
}

}  // namespace

Result<std::string> resolve_salt(const std::string& configured, const std::string& file) {
  if (const char* set = std::getenv(kSaltVariable); set != nullptr && *set != '\0') {
    if (std::strlen(set) > kSaltBytesMax)
      return Error{std::string(kSaltVariable) + " is longer than 4096 bytes; shorten it"};
    return std::string(set);
  }
  if (!configured.empty()) {
    if (configured.size() > kSaltBytesMax) return Error{"pii_salt is longer than 4096 bytes; shorten it"};
    return configured;
  }
  if (file.empty()) return Error{std::string("there is no home to keep a salt in: set ") + kSaltVariable + " or pii_salt"};
  struct stat status;
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return fault(file, "the salt cannot be read (" + reason() + ")");
    if (auto created = create_salt(file); !created) return created.error();
  }
  return read_salt(file);
}

std::string default_salt_file() {
  constexpr std::string_view kName = "/logystera/pii-salt";
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::string(state) + std::string(kName);
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::string(home) + "/.local/state" + std::string(kName);
  return {};
}

}  // namespace logystera::redact

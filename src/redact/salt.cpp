#include "redact/salt.hpp"

#include <fcntl.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "core/fd.hpp"
#include "core/hmac.hpp"
#include "core/user_directory.hpp"

namespace logystera::redact {
namespace {

Error fault(const std::string& file, const std::string& what) { return Error{file + ": " + what}; }
std::string reason() { return std::strerror(errno); }

Result<std::string> read_secret(const std::string& file, const std::string& noun) {
  SecretFile wanted;
  wanted.noun = noun + " in";
  wanted.after_exposure = "delete it to have another one made";
  wanted.bytes_max = kSaltBytesMax;
  wanted.own = true;
  auto secret = read_secret_file(file, wanted);
  if (secret && secret->empty()) return fault(file, "the " + noun + " is empty; delete the file to have one generated");
  return secret;
}

// Writes a new secret beside its place and links it there: the link fails if another process was first, and no process
// ever sees half a one.
Result<Done> create_secret(const std::string& file, const std::string& noun) {
  unsigned char random[kSaltBytesGenerated];
  if (RAND_bytes(random, sizeof random) != 1) return fault(file, "the system gives no random bytes for a " + noun);
  std::string secret = to_hex({reinterpret_cast<const char*>(random), sizeof random}) + "\n";
  wipe(random, sizeof random);
  if (!make_parents(file)) return fault(file, "its folder cannot be made (" + reason() + ")");
  const std::string draft = file + ".new-" + std::to_string(::getpid());
  bool written = false;
  {
    ::unlink(draft.c_str());  // left behind by a process of this number that died here
    Fd out(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    written = out.valid() && write_all(out.get(), secret) && ::fsync(out.get()) == 0;
  }
  wipe(secret);
  const std::string why = written ? "" : reason();
  const bool linked = written && (::link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const std::string why_not_linked = linked ? "" : reason();
  ::unlink(draft.c_str());
  if (!linked) return fault(file, "a " + noun + " cannot be kept there (" + (why.empty() ? why_not_linked : why) + ")");
  return Done{};
}

}  // namespace

Result<std::string> resolve_salt(const std::string& configured, const std::string& file) {
  if (std::string set = secret_variable(kSaltVariable); !set.empty()) {
    if (set.size() > kSaltBytesMax)
      return Error{std::string(kSaltVariable) + " is longer than 4096 bytes; shorten it", ErrorKind::invalid};
    return set;
  }
  if (!configured.empty()) {
    if (configured.size() > kSaltBytesMax)
      return Error{"pii_salt is longer than 4096 bytes; shorten it", ErrorKind::invalid};
    return configured;
  }
  if (file.empty())
    return Error{std::string("there is no home to keep a salt in: set ") + kSaltVariable + " or pii_salt",
                 ErrorKind::not_found};
  auto salt = kept_secret(file, "salt");
  if (!salt) return Error{salt.error().message + "; or set " + kSaltVariable + " or pii_salt", salt.error().kind};
  return salt;
}

Result<std::string> kept_secret(const std::string& file, const std::string& noun) {
  struct stat status;
  if (::lstat(file.c_str(), &status) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) return fault(file, "the " + noun + " cannot be read (" + reason() + ")");
    if (auto created = create_secret(file, noun); !created) return created.error();
  }
  return read_secret(file, noun);
}

std::string default_salt_file() { return state_file("pii-salt"); }

}  // namespace logystera::redact

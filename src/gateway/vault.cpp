#include "gateway/vault.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>

#include "core/fd.hpp"
#include "core/hmac.hpp"

namespace logystera::gateway {
namespace {

constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }
const unsigned char* bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

std::optional<std::uint8_t> nibble(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<std::uint8_t>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<std::uint8_t>(c - 'a' + 10);
  return std::nullopt;
}

// Written whole under another name first: a crash must not leave half a key that later counts as the key.
Result<Done> create_key(const std::string& path) {
  std::array<std::uint8_t, 32> key;
  if (RAND_bytes(key.data(), static_cast<int>(key.size())) != 1) return Error{"no randomness from the kernel"};
  std::string text = to_hex({reinterpret_cast<const char*>(key.data()), key.size()}) + "\n";
  wipe(key.data(), key.size());
  const std::string draft = fmt::format("{}.new-{}", path, ::getpid());
  const auto failed = [&](const char* doing) {
    const int code = errno;
    ::unlink(draft.c_str());
    wipe(text);
    return Error{
        fmt::format("key file {}: cannot {} it: {}: its directory must be writable", path, doing, std::strerror(code)),
        kind_of_errno(code)};
  };
  {
    ::unlink(draft.c_str());  // left behind by a process of this number that died here: in a container all have the same
    const Fd file(::open(draft.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!file) return failed("create");
    if (!write_all(file.get(), text)) return failed("write");
    if (::fsync(file.get()) != 0) return failed("write");
  }
  // link, not rename: of two programs that start together, one key wins and the other is dropped.
  if (::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) return failed("name");
  ::unlink(draft.c_str());
  wipe(text);
  return Done{};
}

}  // namespace

Vault::~Vault() { wipe(key_.data(), key_.size()); }

Result<Vault> Vault::open(const std::string& key_path, bool create) {
  if (create && ::access(key_path.c_str(), F_OK) != 0) {
    if (auto created = create_key(key_path); !created) return created.error();
  }
  const Fd file(::open(key_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file) {
    return Error{
        fmt::format("key file {}: {}: without it no entity's secret can be read: restore it from the backup it was "
                    "saved to, or start with a new database",
                    key_path, std::strerror(errno)),
        kind_of_errno(errno)};
  }
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{fmt::format("key file {}: not a regular file", key_path), ErrorKind::denied};
  }
  if (info.st_mode & 077) {
    return Error{fmt::format("key file {}: mode {:04o} lets others read it: run chmod 600 on it", key_path,
                             static_cast<unsigned>(info.st_mode & 07777)),
                 ErrorKind::denied};
  }
  std::string text(2 * kKeyBytes, '\0');
  Vault vault;
  vault.key_path_ = key_path;
  bool good = read_up_to(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  for (std::size_t i = 0; good && i < kKeyBytes; ++i) {
    const auto high = nibble(text[2 * i]), low = nibble(text[2 * i + 1]);
    good = high && low;
    if (good) vault.key_[i] = static_cast<std::uint8_t>(*high << 4 | *low);
  }
  wipe(text);
  if (!good)
    return Error{fmt::format("key file {}: not 64 lowercase hex digits: restore it from a backup", key_path),
                 ErrorKind::broken};
  return vault;
}

Result<std::string> Vault::seal(std::string_view secret, std::string_view bound_to) const {
  std::string sealed(kNonceBytes + secret.size() + kTagBytes, '\0');
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0;
  const bool done =
      context && RAND_bytes(bytes(sealed), kNonceBytes) == 1 &&
      EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(sealed)) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, bytes(bound_to), static_cast<int>(bound_to.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(sealed) + kNonceBytes, &written, bytes(secret),
                        static_cast<int>(secret.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes(sealed) + kNonceBytes + written, &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes, bytes(sealed) + kNonceBytes + secret.size()) == 1;
  if (!done) return Error{"cannot seal a secret: OpenSSL refused AES-256-GCM"};
  return sealed;
}

Result<std::string> Vault::unseal(std::string_view sealed, std::string_view bound_to) const {
  const Error wrong{
      fmt::format("entity {}: its secret does not open with key file {}: restore the key that belongs to this "
                  "database, or give the entity a new secret with 'logystera entity rotate'",
                  bound_to, key_path_),
      ErrorKind::broken};
  if (sealed.size() < kNonceBytes + kTagBytes) return wrong;
  std::string secret(sealed.size() - kNonceBytes - kTagBytes, '\0');
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int written = 0;
  const bool done =
      context && EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), bytes(sealed)) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, bytes(bound_to), static_cast<int>(bound_to.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes(secret), &written, bytes(sealed) + kNonceBytes,
                        static_cast<int>(secret.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, bytes(tag)) == 1 &&
      EVP_DecryptFinal_ex(context.get(), bytes(secret) + written, &written) == 1;
  if (!done) {
    wipe(secret);
    return wrong;
  }
  return secret;
}

std::string Vault::derived(std::string_view purpose) const {
  const std::string_view key(reinterpret_cast<const char*>(key_.data()), key_.size());
  return std::string(bytes_of(hmac_sha256(key, "logystera/derived/" + std::string(purpose))));
}

}  // namespace logystera::gateway

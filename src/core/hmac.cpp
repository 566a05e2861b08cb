// The low-level SHA256_* functions are deprecated in OpenSSL 3 but kept; EVP's per-call provider fetch costs more
// than the hash itself for the 10-byte messages hashed here, so the deprecation is accepted knowingly.
#define OPENSSL_SUPPRESS_DEPRECATED 1
#include "core/hmac.hpp"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstring>

namespace logystera {
namespace {

static_assert(sizeof(SHA256_CTX) <= 128, "SHA256_CTX must fit the opaque state");

SHA256_CTX* context(std::array<std::uint8_t, 128>& state) { return reinterpret_cast<SHA256_CTX*>(state.data()); }

SHA256_CTX copy_of(const std::array<std::uint8_t, 128>& state) {
  SHA256_CTX copy;
  std::memcpy(&copy, state.data(), sizeof copy);
  return copy;
}

constexpr std::size_t kBlock = 64;

}  // namespace

Sha256::Sha256() noexcept : state_{} { SHA256_Init(context(state_)); }

void Sha256::update(std::string_view data) noexcept { SHA256_Update(context(state_), data.data(), data.size()); }

Digest Sha256::finish() noexcept {
  Digest out;
  SHA256_Final(out.data(), context(state_));
  return out;
}

Digest sha256(std::string_view data) noexcept {
  Sha256 hash;
  hash.update(data);
  return hash.finish();
}

HmacKey::HmacKey(std::string_view key) noexcept : inner_{}, outer_{} {
  std::array<std::uint8_t, kBlock> block{};
  if (key.size() > kBlock) {
    Digest hashed = sha256(key);
    std::memcpy(block.data(), hashed.data(), hashed.size());
    wipe(hashed.data(), hashed.size());
  } else if (!key.empty()) {
    std::memcpy(block.data(), key.data(), key.size());
  }
  for (auto& byte : block) byte ^= 0x36;
  SHA256_Init(context(inner_));
  SHA256_Update(context(inner_), block.data(), block.size());
  for (auto& byte : block) byte ^= 0x36 ^ 0x5c;
  SHA256_Init(context(outer_));
  SHA256_Update(context(outer_), block.data(), block.size());
  wipe(block.data(), block.size());
}

HmacKey::~HmacKey() {
  wipe(inner_.data(), inner_.size());
  wipe(outer_.data(), outer_.size());
}

Digest HmacKey::digest(std::string_view message) const noexcept {
  SHA256_CTX inner = copy_of(inner_);
  SHA256_Update(&inner, message.data(), message.size());
  Digest out;
  SHA256_Final(out.data(), &inner);
  SHA256_CTX outer = copy_of(outer_);
  SHA256_Update(&outer, out.data(), out.size());
  SHA256_Final(out.data(), &outer);
  return out;
}

Digest hmac_sha256(std::string_view key, std::string_view message) noexcept { return HmacKey(key).digest(message); }

void write_hex(const std::uint8_t* bytes, std::size_t size, char* out) noexcept {
  static constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < size; ++i) {
    out[2 * i] = kDigits[bytes[i] >> 4];
    out[2 * i + 1] = kDigits[bytes[i] & 15];
  }
}

std::string to_hex(std::string_view bytes) {
  std::string out(bytes.size() * 2, '\0');
  write_hex(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), out.data());
  return out;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) OPENSSL_cleanse(data, size);
}

}  // namespace logystera

// SHA-256 and HMAC-SHA256 (RFC 6234, RFC 2104; checked against RFC 4231's vectors), hex, constant-time compare.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace logystera {

using Digest = std::array<std::uint8_t, 32>;

/// SHA-256 of `data`.
Digest sha256(std::string_view data) noexcept;

/// SHA-256 over several pieces without joining them.
class Sha256 {
 public:
  Sha256() noexcept;
  void update(std::string_view data) noexcept;
  /// Ends the hash; the object may not be updated afterwards.
  Digest finish() noexcept;

 private:
  alignas(8) std::array<std::uint8_t, 128> state_;
};

/// A keyed HMAC-SHA256 whose two key blocks are hashed once; each `digest` then costs two compressions for a
/// short message. Copyable; the key itself is not kept, but its state is as secret as the key.
class HmacKey {
 public:
  explicit HmacKey(std::string_view key) noexcept;
  ~HmacKey();
  HmacKey(const HmacKey&) noexcept = default;
  HmacKey& operator=(const HmacKey&) noexcept = default;

  Digest digest(std::string_view message) const noexcept;

 private:
  alignas(8) std::array<std::uint8_t, 128> inner_;
  alignas(8) std::array<std::uint8_t, 128> outer_;
};

/// HMAC-SHA256 of `message` under `key`.
Digest hmac_sha256(std::string_view key, std::string_view message) noexcept;

/// View of a digest's 32 raw bytes, for use as a key.
inline std::string_view bytes_of(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// Lowercase hex.
std::string to_hex(std::string_view bytes);
inline std::string to_hex(const Digest& digest) { return to_hex(bytes_of(digest)); }

/// Writes 2 × `size` lowercase hex digits to `out`, which the caller sees to; where that is text, BoundedWriter::append_hex
/// does the same within bounds.
void write_hex(const std::uint8_t* bytes, std::size_t size, char* out) noexcept;

/// Equality whose running time depends on the lengths alone.
bool equal_constant_time(std::string_view a, std::string_view b) noexcept;

/// Overwrites secret bytes; the compiler may not drop it.
void wipe(void* data, std::size_t size) noexcept;
inline void wipe(std::string& secret) noexcept {
  wipe(secret.data(), secret.size());
  secret.clear();
}

}  // namespace logystera

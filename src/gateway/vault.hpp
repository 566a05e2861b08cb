// Seals entity secrets at rest. The gateway must be able to read a secret to check a signature, so a hash
// will not do: each secret is encrypted with AES-256-GCM under a key in a file of its own, never in the
// database. Whoever copies only the database has no secret.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.hpp"

namespace logystera::gateway {

/// Holds the key; wipes it at the end. Copies are as secret as the key file.
class Vault {
 public:
  /// Reads the key file (64 hex digits, mode 0600, refused when others may read it). When it does not exist
  /// and `create` is set it is made from the kernel's random source.
  static Result<Vault> open(const std::string& key_path, bool create);

  ~Vault();
  Vault(Vault&&) noexcept = default;
  Vault& operator=(Vault&&) noexcept = default;

  /// nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes). `bound_to` must be given again to unseal: a sealed
  /// secret moved to another entity's row does not open.
  Result<std::string> seal(std::string_view secret, std::string_view bound_to) const;
  Result<std::string> unseal(std::string_view sealed, std::string_view bound_to) const;
  /// A key of its own for one purpose ("alerts/identity/v1"): 32 bytes, the same for as long as the key file is, from which the key
  /// cannot be told.
  std::string derived(std::string_view purpose) const;

 private:
  static constexpr std::size_t kKeyBytes = 32;
  Vault() = default;
  std::array<std::uint8_t, kKeyBytes> key_{};
  std::string key_path_;
};

}  // namespace logystera::gateway

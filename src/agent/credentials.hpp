// What a site needs to sign its batches: where the gateway is, who the site is, and the secret both share.
//
// The secret never leaves this class but into an HMAC: it is not printed, not put into an error, and its memory is
// overwritten when the object goes. To be stored (Drupal's configuration or database) the three are sealed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::agent {

inline constexpr std::size_t kGatewayUrlBytes = 512;
inline constexpr std::size_t kSecretBytesMin = 16;
inline constexpr std::size_t kSecretBytesMax = 256;
inline constexpr std::size_t kSealKeyBytesMin = 16;
inline constexpr std::size_t kSealKeyBytesMax = 4096;

/// Bytes that are overwritten before their memory is given back.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : bytes_(bytes.begin(), bytes.end()) {}
  ~Secret() { wipe_all(); }
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)) {}
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;

  std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }

 private:
  void wipe_all() noexcept;
  std::vector<char> bytes_;  // always on the heap, so that moving leaves nothing behind
};

class Credentials {
 public:
  /// Checks all three; the error says which one is wrong and how to put it right, and never repeats the secret.
  ///
  /// `gateway_url`: https://HOST[:PORT][/PREFIX], at most 512 bytes, no user, query or fragment. http:// only for
  /// localhost, 127.0.0.0/8 and [::1]. A trailing slash or /v1/ingest is taken off.
  /// `entity_token`: "ent_" and up to 60 of [A-Za-z0-9_-].
  /// `entity_secret`: 16-256 printable ASCII characters without spaces (a pasted line break is the usual fault).
  static Result<Credentials> make(std::string_view gateway_url, std::string_view entity_token,
                                  std::string_view entity_secret);

  const std::string& gateway_url() const noexcept { return gateway_url_; }
  const std::string& entity_token() const noexcept { return entity_token_; }
  std::string_view secret() const noexcept { return secret_.view(); }

  /// 64 hex digits that change with any of the three values and reveal none: HMAC-SHA256 of URL and token under the secret.
  std::string fingerprint() const;

  /// Text (base64) that only `unseal` with the same key opens: AES-256-GCM under a key derived from `key` by HMAC-SHA256,
  /// with a random nonce, so sealing twice gives two texts. `key`: 16-4,096 bytes the site keeps outside its database.
  Result<std::string> seal(std::string_view key) const;

  /// Fails alike for a wrong key and for a changed text; the values are checked again as `make` does.
  static Result<Credentials> unseal(std::string_view sealed, std::string_view key);

 private:
  Credentials() = default;
  std::string gateway_url_;
  std::string entity_token_;
  Secret secret_;
};

}  // namespace logystera::agent

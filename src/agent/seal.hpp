// Secrets as text that can be stored where others may read it: AES-256-GCM under a key the site keeps elsewhere.
//
// The text is base64 of: version (1 byte, authenticated), nonce (12, random), ciphertext, tag (16). The cipher's key is
// HMAC-SHA256 of the purpose under the site's key, so that what was sealed for one purpose opens for no other.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/credentials.hpp"
#include "core/result.hpp"

namespace logystera::agent {

inline constexpr std::size_t kSealedBytesMax = 4096;  // of the text
inline constexpr std::size_t kSecretValueBytesMax = 1024;
inline constexpr std::size_t kSealPurposeBytesMax = 1024;

/// What is sealed: in which words errors speak of it, and the purpose its key is derived for.
struct Seal {
  std::string_view purpose;
  std::string_view name;    // "credentials": "sealed credentials: …"
  std::string_view remedy;  // "connect the site again"
};

/// Sealing twice gives two texts. `key`: 16-4,096 bytes.
Result<std::string> seal(std::string_view plain, std::string_view key, const Seal& what);
/// Fails alike for a wrong key, another purpose and a changed text.
Result<Secret> unseal(std::string_view sealed, std::string_view key, const Seal& what);

/// A secret of 1-1,024 bytes, as it was given; the error never repeats it.
Result<Secret> make_secret(std::string_view value);
/// One besides the credentials, for a purpose of 1-1,024 bytes that whoever opens it has to name as well.
Result<std::string> seal_secret(const Secret& secret, std::string_view key, std::string_view purpose);
Result<Secret> unseal_secret(std::string_view sealed, std::string_view key, std::string_view purpose);

}  // namespace logystera::agent

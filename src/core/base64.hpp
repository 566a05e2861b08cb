// Base64 with padding (RFC 4648 §4).
#pragma once

#include <openssl/evp.h>

#include <string>
#include <string_view>

namespace logystera {

/// `bytes` as base64; at most 1.5 GiB of them, since libcrypto counts in int.
inline std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

}  // namespace logystera

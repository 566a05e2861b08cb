// Base64 with padding (RFC 4648 §4), and the form for URLs and headers without it (§5).
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

/// `bytes` as base64url, without padding.
inline std::string base64url(std::string_view bytes) {
  std::string out = base64(bytes);
  while (!out.empty() && out.back() == '=') out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

}  // namespace logystera

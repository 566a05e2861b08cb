#include "access/token.hpp"

#include <zlib.h>

#include "core/random.hpp"
#include "core/wire.hpp"

namespace logystera::access {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t kSecretBytes = 32;

std::string checksum_of(std::string_view text) {
  auto rest =
      static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())));
  std::string digits(kTokenChecksumChars, kDigits.front());  // 62^6 is more than 2^32
  for (std::size_t i = digits.size(); i-- > 0; rest /= kDigits.size()) digits[i] = kDigits[rest % kDigits.size()];
  return digits;
}

}  // namespace

Result<std::string> make_token() {
  auto secret = random_text(kSecretBytes);
  if (!secret) return secret;
  std::string token = std::string(kTokenPrefix) + secret.value();
  wipe(secret.value());
  token += checksum_of(token);
  return token;
}

bool is_token(std::string_view text) {
  if (text.size() != kTokenChars || !text.starts_with(kTokenPrefix) || !wire::is_token(text)) return false;
  const std::string_view body = text.substr(0, kTokenChars - kTokenChecksumChars);
  return text.substr(body.size()) == checksum_of(body);
}

}  // namespace logystera::access

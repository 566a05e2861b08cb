#include "access/totp.hpp"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <qrencode.h>

#include <algorithm>
#include <array>
#include <memory>

#include "web/form.hpp"

namespace logystera::access {
namespace {

constexpr std::size_t kSha1Bytes = 20;
constexpr std::uint32_t kModulus = 1'000'000;  // ten to the power of kTotpDigits
constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kRecoveryBytes = 10;
constexpr std::size_t kRecoveryGroup = 4;
constexpr unsigned kQuietZone = 4;  // ISO/IEC 18004

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    return Error{"no randomness from the kernel"};
  }
  return bytes;
}

}  // namespace

Result<std::string> make_totp_secret() { return random_bytes(kTotpSecretBytes); }

// RFC 4226, 5.3.
std::string totp_code(std::string_view secret, std::int64_t step) {
  std::array<unsigned char, 8> counter;
  for (std::size_t i = 0; i < counter.size(); ++i) {
    counter[counter.size() - 1 - i] = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (8 * i));
  }
  std::array<unsigned char, kSha1Bytes> digest{};
  unsigned size = 0;
  ::HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(), counter.size(), digest.data(), &size);
  const std::size_t at = digest.back() & 0x0f;
  const std::uint32_t number = static_cast<std::uint32_t>(digest[at] & 0x7f) << 24 |
                               static_cast<std::uint32_t>(digest[at + 1]) << 16 |
                               static_cast<std::uint32_t>(digest[at + 2]) << 8 | digest[at + 3];
  return fmt::format("{:06}", number % kModulus);
}

std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, std::int64_t now, std::int64_t last) {
  std::string digits;
  for (const char c : code.substr(0, 4 * kTotpDigits)) {
    if (c != ' ') digits += c;
  }
  std::optional<std::int64_t> found;
  const std::int64_t here = now / kTotpStepSeconds;
  for (std::int64_t step = here - kTotpStepsAside; step <= here + kTotpStepsAside; ++step) {
    const bool same = equal_constant_time(digits, totp_code(secret, step));
    if (same && (step > last || last - step > kTotpStepsAhead)) found = step;
  }
  return found;
}

std::string base32(std::string_view bytes) {
  std::string text;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char c : bytes) {
    held = held << 8 | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 5; bits -= 5) text += kBase32[held >> (bits - 5) & 31];
  }
  if (bits > 0) text += kBase32[held << (5 - bits) & 31];
  return text;
}

std::string totp_uri(std::string_view secret, std::string_view user, std::string_view issuer) {
  const std::string name = web::percent_encoded(issuer);
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}", name,
                     web::percent_encoded(user), base32(secret), name, kTotpDigits, kTotpStepSeconds);
}

Result<QrPath> qr_path(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&::QRcode_free)> code(::QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_M),
                                                               &::QRcode_free);
  if (!code) return Error{"the text is too long for a QR code"};
  const auto side = static_cast<unsigned>(code->width);
  QrPath picture;
  picture.side = side + 2 * kQuietZone;
  for (unsigned y = 0; y < side; ++y) {
    for (unsigned x = 0; x < side; ++x) {
      if ((code->data[y * side + x] & 1) == 0) continue;
      unsigned length = 1;
      while (x + length < side && (code->data[y * side + x + length] & 1) != 0) ++length;
      picture.path += fmt::format("M{} {}h{}v1h-{}z", x + kQuietZone, y + kQuietZone, length, length);
      x += length - 1;
    }
  }
  return picture;
}

Result<std::string> make_recovery_code() {
  auto bytes = random_bytes(kRecoveryBytes);
  if (!bytes) return bytes;
  std::string text;
  for (const char c : base32(bytes.value())) {
    if (text.size() % (kRecoveryGroup + 1) == kRecoveryGroup) text += '-';
    text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  return text;
}

Digest recovery_hash(std::string_view code) {
  std::string plain;
  for (const char c : code.substr(0, 64)) {
    if (c != ' ' && c != '-') plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  }
  const Digest hash = sha256(plain);
  wipe(plain);
  return hash;
}

}  // namespace logystera::access

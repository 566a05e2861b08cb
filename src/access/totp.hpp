// Codes of a second factor (RFC 6238): six digits of HMAC-SHA-1 over the half minute it is, as every authenticator app makes them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::access {

inline constexpr std::int64_t kTotpStepSeconds = 30;
inline constexpr std::int64_t kTotpStepsAside = 1;  // how far a telephone's clock may be off, before and after
inline constexpr std::int64_t kTotpStepsAhead =
    20;  // further ahead, a code was taken by a clock that has been set back since
inline constexpr std::size_t kTotpSecretBytes = 20;
inline constexpr std::size_t kTotpDigits = 6;
inline constexpr std::size_t kRecoveryCodes = 10;

/// 20 bytes nobody can guess.
Result<std::string> make_totp_secret();

/// The code of that step: of 30 seconds each since 1970.
std::string totp_code(std::string_view secret, std::int64_t step);

/// The step whose code this is, among those around `now` and after `last`, which was taken before (unless `last` is kTotpStepsAhead
/// ahead). Blanks in the code are nothing.
/// Compares with all of them in constant time.
std::optional<std::int64_t> totp_step(std::string_view secret, std::string_view code, std::int64_t now, std::int64_t last);

/// Base32 (RFC 4648, 6) without padding: as people type a secret.
std::string base32(std::string_view bytes);
/// What an app reads from a picture: otpauth://totp/…
std::string totp_uri(std::string_view secret, std::string_view user, std::string_view issuer);
/// That text as a QR code: the `d` of an SVG path of squares one unit wide, and how many units the picture has a side with the margin
/// that belongs to it. The error is a text too long.
struct QrPath {
  std::string path;
  unsigned side = 0;
};
Result<QrPath> qr_path(const std::string& text);

/// A recovery code: 80 random bits as xxxx-xxxx-xxxx-xxxx.
Result<std::string> make_recovery_code();
/// What is stored of one; case, blanks and dashes are nothing.
Digest recovery_hash(std::string_view code);

}  // namespace logystera::access

#include "web/csrf.hpp"

#include <optional>

#include "core/base64.hpp"

namespace logystera::web {
namespace {

constexpr std::size_t kDigestChars = 43;  // of 32 bytes as base64url

Digest digest_of(const HmacKey& key, std::string_view purpose, std::string_view bound_to) {
  return key.digest("form\n" + std::string(purpose) + "\n" + std::string(bound_to));
}

Digest mixed(const Digest& a, const Digest& b) {
  Digest out;
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<Digest::value_type>(a[i] ^ b[i]);
  return out;
}

// Of base64url() of a digest, in one spelling alone: the bits the last character has to spare are zero.
std::optional<Digest> digest_from(std::string_view text) {
  Digest out{};
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const int value = c >= 'A' && c <= 'Z'   ? c - 'A'
                      : c >= 'a' && c <= 'z' ? c - 'a' + 26
                      : c >= '0' && c <= '9' ? c - '0' + 52
                      : c == '-'             ? 62
                      : c == '_'             ? 63
                                             : -1;
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    if (at == out.size()) return std::nullopt;
    out[at++] = static_cast<Digest::value_type>(bits >> held & 0xff);
  }
  if (at != out.size() || (bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string FormTokens::token(std::string_view purpose, std::string_view bound_to) const {
  // The mask need not be random, only new to whoever does not have the key.
  const Digest mask = key_.digest("mask\n" + std::to_string(made_.fetch_add(1, std::memory_order_relaxed)));
  return base64url(bytes_of(mask)) + base64url(bytes_of(mixed(mask, digest_of(key_, purpose, bound_to))));
}

bool FormTokens::holds(std::string_view token, std::string_view purpose, std::string_view bound_to) const {
  if (token.size() != 2 * kDigestChars) return false;
  const auto mask = digest_from(token.substr(0, kDigestChars));
  if (!mask) return false;
  return equal_constant_time(token.substr(kDigestChars),
                             base64url(bytes_of(mixed(*mask, digest_of(key_, purpose, bound_to)))));
}

bool comes_from_elsewhere(const server::Request& request) {
  const std::string site = request.joined("Sec-Fetch-Site");
  return !site.empty() && site != "same-origin" && site != "none";
}

}  // namespace logystera::web

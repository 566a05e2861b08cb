#include "query/cursor.hpp"

#include <cstdint>

#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "core/json.hpp"

namespace logystera::query {
namespace {

constexpr char kVersion = 1;
constexpr std::size_t kChecksumBytes = 4;

void put(std::string& bytes, std::int64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(static_cast<std::uint64_t>(number) >> shift);
}

std::int64_t number_at(std::string_view bytes, std::size_t at) noexcept {
  std::uint64_t number = 0;
  for (const char byte : bytes.substr(at, 8)) number = number << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(number);
}

std::string checksum(std::string_view bytes) {
  const Digest digest = sha256(bytes);
  return std::string(bytes_of(digest).substr(0, kChecksumBytes));
}

std::string sealed(std::string bytes) { return base64url(bytes + checksum(bytes)); }

int value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '-' ? 62 : c == '_' ? 63 : -1;
}

// What base64url() has made of it; nothing when that would have written it otherwise.
std::optional<std::string> bytes_from(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const int value = value_of(c);
    if (value < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>(bits >> held & 0xff);
    }
  }
  if (held >= 6 || (bits & ((1u << held) - 1)) != 0) return std::nullopt;
  return bytes;
}

std::string beginning(List list, bool newer, std::int64_t number) {
  std::string bytes{kVersion, static_cast<char>(list), newer ? 'n' : 'o'};
  put(bytes, number);
  return bytes;
}

constexpr std::size_t kNumberAt = 3, kRestAt = kNumberAt + 8;

// Its bytes without the checksum, when that holds and it is of the list.
std::optional<std::string> opened(List list, std::string_view text) {
  if (text.empty() || text.size() > kCursorBytes) return std::nullopt;
  auto bytes = bytes_from(text);
  if (!bytes || bytes->size() < kRestAt + kChecksumBytes) return std::nullopt;
  const std::string sum = bytes->substr(bytes->size() - kChecksumBytes);
  bytes->resize(bytes->size() - kChecksumBytes);
  if (checksum(*bytes) != sum || (*bytes)[0] != kVersion || (*bytes)[1] != static_cast<char>(list) ||
      ((*bytes)[2] != 'n' && (*bytes)[2] != 'o')) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace

std::string encoded(List list, const Cursor<store::TimeKey>& cursor) {
  std::string bytes = beginning(list, cursor.newer, cursor.key.time);
  put(bytes, cursor.key.id);
  return sealed(std::move(bytes));
}

std::string encoded(List list, const Cursor<store::ErrorKey>& cursor) {
  return sealed(beginning(list, cursor.newer, cursor.key.value) + cursor.key.fingerprint);
}

std::optional<Cursor<store::TimeKey>> time_cursor(List list, std::string_view text) {
  const auto bytes = opened(list, text);
  if (!bytes || bytes->size() != kRestAt + 8) return std::nullopt;
  return Cursor<store::TimeKey>{(*bytes)[2] == 'n', {number_at(*bytes, kNumberAt), number_at(*bytes, kRestAt)}};
}

std::optional<Cursor<store::ErrorKey>> error_cursor(List list, std::string_view text) {
  const auto bytes = opened(list, text);
  if (!bytes) return std::nullopt;
  std::string fingerprint = bytes->substr(kRestAt);
  if (!json::is_utf8(fingerprint) || fingerprint.find('\0') != std::string::npos) return std::nullopt;
  return Cursor<store::ErrorKey>{(*bytes)[2] == 'n', {number_at(*bytes, kNumberAt), std::move(fingerprint)}};
}

}  // namespace logystera::query

#include "core/uuid.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "core/hmac.hpp"

namespace logystera {
namespace {

constexpr std::size_t kUuidBytes = 16;

// Two hex digits for each byte value: one 16-bit store instead of two table look-ups.
struct HexPairs {
  char pair[256][2];
  constexpr HexPairs() : pair{} {
    constexpr char digits[] = "0123456789abcdef";
    for (int i = 0; i < 256; ++i) {
      pair[i][0] = digits[i >> 4];
      pair[i][1] = digits[i & 15];
    }
  }
};
constexpr HexPairs kHex;

}  // namespace

UuidSource::~UuidSource() { wipe(pool_.data(), pool_.size()); }

bool UuidSource::write(BoundedWriter& out) noexcept {
  if (left_ < kUuidBytes) {
    std::size_t filled = 0;
    while (filled < pool_.size()) {
      const ssize_t got = getrandom(pool_.data() + filled, pool_.size() - filled, 0);
      if (got < 0) {
        if (errno == EINTR) continue;
        return false;
      }
      filled += static_cast<std::size_t>(got);
    }
    left_ = pool_.size();
  }
  std::uint8_t* bytes = pool_.data() + pool_.size() - left_;
  left_ -= kUuidBytes;
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  static constexpr std::uint8_t kOffset[kUuidBytes] = {0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34};
  char* text = out.room(kUuidChars);
  if (text == nullptr) return out.append("00000000-0000-0000-0000-000000000000");  // cuts it
  for (std::size_t i = 0; i < kUuidBytes; ++i) std::memcpy(text + kOffset[i], kHex.pair[bytes[i]], 2);
  text[8] = text[13] = text[18] = text[23] = '-';
  std::memset(bytes, 0, kUuidBytes);  // an id is handed out once, whatever reads this memory later
  out.take(kUuidChars);
  return true;
}

std::string UuidSource::next() {
  BoundedText<kUuidChars> out;
  return write(out) ? std::string(out.view()) : std::string();
}

bool is_uuid_v4(std::string_view text) noexcept {
  if (text.size() != kUuidChars) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (i == 8 || i == 13 || i == 18 || i == 23) {
      if (c != '-') return false;
    } else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
      return false;
    }
  }
  return text[14] == '4' && std::strchr("89abAB", text[19]) != nullptr;
}

}  // namespace logystera

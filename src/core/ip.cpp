#include "core/ip.hpp"

#include <arpa/inet.h>

#include <cstring>

namespace logystera {
namespace {

constexpr std::size_t kIpv4KeptBytes = 3;
constexpr std::size_t kIpv6KeptBytes = 8;

std::string_view shorten_ipv4(const unsigned char* bytes, char (&room)[kIpChars]) {
  unsigned char kept[4] = {};
  std::memcpy(kept, bytes, kIpv4KeptBytes);
  return ::inet_ntop(AF_INET, kept, room, kIpChars) != nullptr ? std::string_view(room) : std::string_view();
}

}  // namespace

std::string_view anonymize_ip(std::string_view text, char (&room)[kIpChars]) noexcept {
  char copy[kIpChars];
  if (text.size() >= kIpChars) return {};
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  unsigned char bytes[16];
  if (::inet_pton(AF_INET, copy, bytes) == 1) return shorten_ipv4(bytes, room);
  if (::inet_pton(AF_INET6, copy, bytes) != 1) return {};
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes, kMapped, sizeof kMapped) == 0) return shorten_ipv4(bytes + sizeof kMapped, room);
  std::memset(bytes + kIpv6KeptBytes, 0, sizeof bytes - kIpv6KeptBytes);
  return ::inet_ntop(AF_INET6, bytes, room, kIpChars) != nullptr ? std::string_view(room) : std::string_view();
}

}  // namespace logystera

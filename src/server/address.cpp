#include "server/address.hpp"

#include <arpa/inet.h>

#include <algorithm>

namespace logystera::server {
namespace {

constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address: /64
constexpr std::size_t kMappedAt = 12;     // where ::ffff:0:0/96 has its IPv4 address

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// "192.0.2.1:4711", "[2001:db8::1]:4711" and "[2001:db8::1]" without what is no address.
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) return text.substr(1, text.find(']') - 1);
  return std::count(text.begin(), text.end(), ':') == 1 ? text.substr(0, text.find(':')) : text;
}

}  // namespace

std::string address_key(std::string_view address) {
  in6_addr bytes;
  std::string text(address);
  if (::inet_pton(AF_INET6, text.c_str(), &bytes) != 1) return text;
  if (!IN6_IS_ADDR_V4MAPPED(&bytes)) return std::string(reinterpret_cast<const char*>(&bytes), kNetworkBytes);
  char four[INET_ADDRSTRLEN] = {};
  return ::inet_ntop(AF_INET, &bytes.s6_addr[kMappedAt], four, sizeof four) ? four : text;
}

bool is_address(std::string_view text) {
  const std::string address(text);
  in6_addr six;
  in_addr four;
  return ::inet_pton(AF_INET, address.c_str(), &four) == 1 || ::inet_pton(AF_INET6, address.c_str(), &six) == 1;
}

std::optional<std::string> forwarded_client(std::string_view list, std::size_t proxies) {
  std::string_view entry;
  for (std::size_t seen = 0; seen < proxies && !list.empty();) {
    const std::size_t comma = list.rfind(',');
    const std::string_view last = trimmed(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    if (last.empty()) continue;  // RFC 9110, 5.6.1: an empty element counts for nothing
    entry = last;
    ++seen;
  }
  const std::string_view address = without_port(entry);
  return is_address(address) ? std::optional<std::string>(address) : std::nullopt;
}

}  // namespace logystera::server

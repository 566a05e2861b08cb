#include "net/reach.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace logystera::net {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

enum class Place : std::uint8_t { global, own, privately, link_local, special };

struct Network {
  Bytes prefix;
  unsigned bits;
  Place place;
};

constexpr Bytes v4(std::uint8_t a, std::uint8_t b = 0, std::uint8_t c = 0, std::uint8_t d = 0) {
  return {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
}
constexpr unsigned kMapped = 96;

// The IANA registries of special-purpose addresses, by the reach they have there. The first that holds it decides.
constexpr Network kNetworks[] = {
    {v4(0), kMapped + 8, Place::special},
    {v4(10), kMapped + 8, Place::privately},
    {v4(100, 64), kMapped + 10, Place::privately},
    {v4(127), kMapped + 8, Place::own},
    {v4(169, 254), kMapped + 16, Place::link_local},
    {v4(172, 16), kMapped + 12, Place::privately},
    {v4(192, 0, 0), kMapped + 24, Place::special},
    {v4(192, 0, 2), kMapped + 24, Place::special},
    {v4(192, 88, 99), kMapped + 24, Place::special},
    {v4(192, 168), kMapped + 16, Place::privately},
    {v4(198, 18), kMapped + 15, Place::special},
    {v4(198, 51, 100), kMapped + 24, Place::special},
    {v4(203, 0, 113), kMapped + 24, Place::special},
    {v4(224), kMapped + 3, Place::special},  // multicast, reserved, broadcast
    {v4(0), kMapped, Place::global},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, Place::own},
    {{0xfd, 0x00, 0x0e, 0xc2}, 32, Place::link_local},  // a cloud's metadata service
    {{0xfc}, 7, Place::privately},
    {{0xfe, 0x80}, 10, Place::link_local},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, Place::special},
    {{0x20, 0x01}, 23, Place::special},
    {{0x3f, 0xff}, 20, Place::special},
    {{0x20}, 3, Place::global},
};

bool holds(const Network& network, const Bytes& address) {
  const unsigned whole = network.bits / 8, rest = network.bits % 8;
  if (!std::equal(address.begin(), address.begin() + whole, network.prefix.begin())) return false;
  const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
  return rest == 0 || ((address[whole] ^ network.prefix[whole]) & mask) == 0;
}

Place place_of(const Bytes& address) {
  // Addresses that have an IPv4 address in them lead there: NAT64 (RFC 6052) and 6to4 (RFC 3056).
  constexpr Bytes kNat64 = {0x00, 0x64, 0xff, 0x9b};
  if (std::equal(address.begin(), address.begin() + 12, kNat64.begin()))
    return place_of(v4(address[12], address[13], address[14], address[15]));
  if (address[0] == 0x20 && address[1] == 0x02) return place_of(v4(address[2], address[3], address[4], address[5]));
  for (const Network& network : kNetworks)
    if (holds(network, address)) return network.place;
  return Place::special;
}

}  // namespace

bool is_loopback_name(std::string_view host) {
  if (host == "localhost" || host == "[::1]" || host == "::1") return true;
  in_addr address{};
  constexpr std::uint32_t kLoopbackNet = 127;
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == kLoopbackNet;
}

std::string refusal(const sockaddr& address, Reach reach, std::string_view host) {
  if (reach == Reach::anywhere) return {};
  Bytes bytes{};
  char text[INET6_ADDRSTRLEN] = {};
  if (address.sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address, sizeof in);
    const std::uint32_t number = ntohl(in.sin_addr.s_addr);
    bytes = v4(static_cast<std::uint8_t>(number >> 24), static_cast<std::uint8_t>(number >> 16),
               static_cast<std::uint8_t>(number >> 8), static_cast<std::uint8_t>(number));
    ::inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  } else if (address.sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    ::inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
  } else {
    return "its address is of a kind that is not known";
  }
  switch (place_of(bytes)) {
    case Place::global: return {};
    case Place::own:
      if (is_loopback_name(host) || reach == Reach::with_private) return {};
      return fmt::format("its name leads to this machine ({})", text);
    case Place::privately:
      if (reach == Reach::with_private) return {};
      return fmt::format("its name leads into a private network ({})", text);
    case Place::link_local:
      return fmt::format("its name leads to a link-local address ({}), which nothing may be sent to", text);
    case Place::special: break;
  }
  return fmt::format("its name leads to an address of no server ({})", text);
}

}  // namespace logystera::net

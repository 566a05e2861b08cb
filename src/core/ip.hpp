// Shortened addresses: what `anonymize_ip` leaves of one.
#pragma once

#include <string_view>

namespace logystera {

/// Room `anonymize_ip` needs: the longest textual IPv6 address.
inline constexpr std::size_t kIpChars = 46;

/// The network an address belongs to: IPv4 keeps 24 bits (192.168.1.100 → 192.168.1.0), IPv6 64 bits, an IPv4-mapped
/// IPv6 address counts as IPv4. The view points into `room`; empty when `text` is no address.
std::string_view anonymize_ip(std::string_view text, char (&room)[kIpChars]) noexcept;

}  // namespace logystera

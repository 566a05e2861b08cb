// Addresses of clients as text: whose they are, and what a chain of proxies says of them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace logystera::server {

/// The part of an address one client has, as a key: an IPv4 address whole (also one written as IPv6, ::ffff:192.0.2.1), an IPv6
/// address by its /64. What is no address is itself.
std::string address_key(std::string_view address);

/// Whether it is an IPv4 or IPv6 address as text.
bool is_address(std::string_view text);

/// Whom the outermost of `proxies` proxies in a row spoke to: every one adds the address it was spoken to from at the end of
/// `list`, and what stands before those is what the client claims. The values of several header lines are one list, in their
/// order, separated by commas. With fewer entries than proxies the first; ports and brackets are left out. Nothing when the entry
/// is no address.
std::optional<std::string> forwarded_client(std::string_view list, std::size_t proxies);

}  // namespace logystera::server

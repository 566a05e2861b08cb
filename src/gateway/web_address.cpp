#include "gateway/web_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace logystera::gateway {
namespace {

constexpr std::size_t kHostBytes = 253;  // RFC 1035 §2.3.4, as text
constexpr std::size_t kLabelBytes = 63;

bool is_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

Error wrong(std::string_view what) {
  return Error{std::string(what) + "; it should look like https://www.example.org/path", ErrorKind::invalid};
}

bool is_loopback(const std::string& host) noexcept {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address;
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

bool is_name(std::string_view host) noexcept {
  if (host.empty() || host.size() > kHostBytes) return false;
  while (!host.empty()) {
    const std::string_view label = host.substr(0, host.find('.'));
    if (label.empty() || label.size() > kLabelBytes || label.front() == '-' || label.back() == '-') return false;
    if (!std::all_of(label.begin(), label.end(), [](char c) { return is_alnum(c) || c == '-'; })) return false;
    if (label.size() == host.size()) break;
    host.remove_prefix(label.size() + 1);
    if (host.empty()) return false;  // a dot at the end
  }
  return true;
}

// What a browser would read as an address of four numbers must be one: 0x7f.1 and 2130706433 are not, here.
bool looks_numeric(std::string_view host) noexcept {
  const std::string_view last = host.substr(host.rfind('.') == std::string_view::npos ? 0 : host.rfind('.') + 1);
  const bool digits = std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits || last.substr(0, 2) == "0x";
}

bool is_host(const std::string& host) noexcept {
  if (!host.empty() && host.front() == '[') {
    in6_addr address;
    return host.back() == ']' && ::inet_pton(AF_INET6, host.substr(1, host.size() - 2).c_str(), &address) == 1;
  }
  if (!is_name(host)) return false;
  in_addr address;
  return !looks_numeric(host) || ::inet_pton(AF_INET, host.c_str(), &address) == 1;
}

// RFC 3986 §3.3: pchar and "/"; a query also has "?". Nothing that could end a header, an attribute or the URL itself.
bool is_plain(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "-._~!$&()*+,;=:@/?%";  // no "'"
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool letter = is_alnum(c) || (c >= 'A' && c <= 'Z');
    if (!letter && kMarks.find(c) == std::string_view::npos) return false;
    const auto is_hex = [](char d) { return (d >= '0' && d <= '9') || (d >= 'a' && d <= 'f') || (d >= 'A' && d <= 'F'); };
    if (c == '%' && (text.size() - i < 3 || !is_hex(text[i + 1]) || !is_hex(text[i + 2]))) return false;
  }
  return true;
}

}  // namespace

Result<WebAddress> WebAddress::parse(std::string_view text) {
  if (text.empty()) return wrong("is missing");
  if (text.size() > kAddressBytes) return wrong("is longer than " + std::to_string(kAddressBytes) + " bytes");
  WebAddress address;
  address.text = text;
  const std::size_t scheme_end = text.find("://");
  address.scheme = text.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
  if (address.scheme != "https" && address.scheme != "http") return wrong("must begin with https://");
  std::string_view rest = text.substr(scheme_end + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#\\"));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) return wrong("may hold no user name or password");
  if (rest.find('#') != std::string_view::npos) return wrong("may have no fragment (#)");
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  address.host = authority.substr(0, colon);
  std::transform(address.host.begin(), address.host.end(), address.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (!is_host(address.host)) return wrong("has no valid host name (an international name in its xn-- form)");
  if (colon != std::string_view::npos) {
    const std::string_view digits = authority.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || digits.front() == '0') {
      return wrong("has a port that is not 1-65535");
    }
    if (port != (address.scheme == "https" ? 443 : 80)) address.port = digits;
  }
  address.loopback = is_loopback(address.host);
  if (address.scheme == "http" && !address.loopback) {
    return wrong("must begin with https://; http:// is for a site on this machine only (localhost)");
  }
  if (rest.empty()) rest = "/";
  if (rest.front() != '/' || !is_plain(rest)) return wrong("has characters after the host that no address has");
  const std::size_t query = rest.find('?');
  address.path = rest.substr(0, query);
  address.has_query = query != std::string_view::npos;
  return address;
}

std::string WebAddress::host_and_port() const { return port.empty() ? host : host + ":" + port; }

std::string WebAddress::origin() const { return scheme + "://" + host_and_port(); }

bool WebAddress::is_international() const noexcept { return host.find("xn--") != std::string::npos; }

}  // namespace logystera::gateway

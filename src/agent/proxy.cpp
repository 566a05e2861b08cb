#include "agent/proxy.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/hmac.hpp"

namespace logystera::agent {
namespace {

constexpr std::string_view kSchemes[] = {"http://", "https://", "socks5h://", "socks5://"};
constexpr int kPortMax = 65535;

bool is_printable(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// What is no %XX stands for itself. Nothing when a NUL comes out, which ends libcurl's text.
std::optional<Secret> decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool pair = text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    out += pair ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
    if (pair) i += 2;
  }
  const bool good = out.find('\0') == std::string::npos;
  Secret secret(out);
  wipe(out);
  if (!good) return std::nullopt;
  return secret;
}

// Names as containers have them (with '_') do, and so does a zone behind '%' in an IPv6 address.
bool is_host(std::string_view host) noexcept {
  const bool bracketed = !host.empty() && host.front() == '[';
  if (bracketed && (host.size() < 3 || host.back() != ']')) return false;
  if (bracketed) host = host.substr(1, host.size() - 2);
  return !host.empty() && std::all_of(host.begin(), host.end(), [bracketed](char c) {
    const bool letter = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || c == '.' || c == '-' || c == '_' || (bracketed && (c == ':' || c == '%'));
  });
}

bool is_port(std::string_view port) noexcept {
  if (port.empty() || port.size() > 5) return false;
  int number = 0;
  for (const char c : port) {
    if (c < '0' || c > '9') return false;
    number = number * 10 + (c - '0');
  }
  return number >= 1 && number <= kPortMax;
}

bool is_authority(std::string_view text) noexcept {
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon == std::string_view::npos) return is_host(text);
  return is_host(text.substr(0, colon)) && is_port(text.substr(colon + 1));
}

}  // namespace

Result<Proxy> Proxy::parse(std::string_view url) {
  Proxy proxy;
  if (url.empty()) return proxy;
  const Error wrong{
      "proxy: must look like http://proxy.example.com:3128 (or https://, socks5://, socks5h://), with USER:PASSWORD@ "
      "before the "
      "host if it asks for them, and have at most " +
          std::to_string(kProxyBytes) + " characters",
      ErrorKind::invalid};
  if (url.size() > kProxyBytes || !is_printable(url)) return wrong;
  const auto* scheme = std::find_if(std::begin(kSchemes), std::end(kSchemes),
                                    [url](std::string_view one) { return url.substr(0, one.size()) == one; });
  if (scheme == std::end(kSchemes)) return wrong;
  std::string_view rest = url.substr(scheme->size());
  if (const std::size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view both = rest.substr(0, at);
    const std::size_t colon = both.find(':');
    std::optional<Secret> user = decoded(both.substr(0, colon));
    std::optional<Secret> password = decoded(colon == std::string_view::npos ? std::string_view() : both.substr(colon + 1));
    if (!user || !password) return wrong;
    proxy.has_user = true;
    proxy.user = std::move(*user);
    proxy.password = std::move(*password);
    rest = rest.substr(at + 1);
  }
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (!is_authority(rest)) return wrong;
  proxy.address = std::string(*scheme).append(rest);
  return proxy;
}

}  // namespace logystera::agent

#include "agent/credentials.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "agent/seal.hpp"
#include "core/hmac.hpp"
#include "core/wire.hpp"

namespace logystera::agent {
namespace {

constexpr std::string_view kTokenPrefix = "ent_";
constexpr std::size_t kHostBytes = 253;  // RFC 1035 §2.3.4, as text

constexpr Seal kSeal{"logystera credentials seal/v1", "credentials", "connect the site again"};

bool is_alnum(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

Error url_error(std::string what) {
  return Error{"gateway URL: " + std::move(what) + "; it should look like https://gateway.example.com", ErrorKind::invalid};
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host == "[::1]") return true;
  struct in_addr address;
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

bool is_host(std::string_view host) noexcept {
  if (host.empty() || host.size() > kHostBytes) return false;
  if (host.front() == '[') {
    struct in6_addr address;
    return host.back() == ']' && ::inet_pton(AF_INET6, std::string(host.substr(1, host.size() - 2)).c_str(), &address) == 1;
  }
  if (host.front() == '.' || host.front() == '-' || host.find("..") != std::string_view::npos) return false;
  return std::all_of(host.begin(), host.end(), [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

bool is_port(std::string_view port) noexcept {
  if (port.empty() || port.size() > 5) return false;
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return false;
  const int number = std::stoi(std::string(port));
  return number >= 1 && number <= 65535;
}

// Splits and checks; gives the URL back in the one form it is kept in.
Result<std::string> normal_url(std::string_view url) {
  if (url.empty()) return url_error("is empty");
  if (url.size() > kGatewayUrlBytes) return url_error("is longer than " + std::to_string(kGatewayUrlBytes) + " bytes");
  const std::size_t scheme_end = url.find("://");
  const std::string_view scheme = url.substr(0, scheme_end == std::string_view::npos ? 0 : scheme_end);
  if (scheme != "https" && scheme != "http") return url_error("must begin with https://");
  std::string_view rest = url.substr(scheme_end + 3);
  if (rest.find_first_of("?#") != std::string_view::npos) return url_error("may have no query (?) and no fragment (#)");
  const std::string_view authority = rest.substr(0, rest.find('/'));
  std::string_view path = rest.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) return url_error("may hold no user name or password");
  std::string_view host = authority, port;
  const std::size_t host_end = authority.find(']');
  const std::size_t colon = authority.find(':', host_end == std::string_view::npos ? 0 : host_end);
  if (colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
    if (!is_port(port)) return url_error("has a port that is not 1-65535");
  }
  std::string lower(host);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (!is_host(lower)) return url_error("has no valid host name (an international name in its xn-- form)");
  if (scheme == "http" && !is_loopback(lower)) {
    return url_error("must begin with https://; http:// is for a gateway on this machine only (localhost)");
  }
  while (!path.empty() && path.back() == '/') path.remove_suffix(1);
  if (path.size() >= wire::kIngestPath.size() && path.substr(path.size() - wire::kIngestPath.size()) == wire::kIngestPath) {
    path.remove_suffix(wire::kIngestPath.size());
  }
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return is_alnum(c) || c == '/' || c == '-' || c == '_' || c == '.' || c == '~';
  });
  if (!plain || path.find("..") != std::string_view::npos || path.find("//") != std::string_view::npos) {
    return url_error("has a path with other characters than letters, digits and -_.~/");
  }
  return std::string(scheme) + "://" + lower + (port.empty() ? "" : ":" + std::string(port)) + std::string(path);
}

// Text that is overwritten when it goes out of scope: the joined values hold the secret.
struct Plain {
  std::string text;
  ~Plain() { wipe(text); }
};

}  // namespace

void Secret::wipe_all() noexcept {
  if (!bytes_.empty()) wipe(bytes_.data(), bytes_.size());
  bytes_.clear();
}

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe_all();
    bytes_ = other.bytes_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe_all();
    bytes_ = std::move(other.bytes_);
  }
  return *this;
}

Result<Credentials> Credentials::make(std::string_view gateway_url, std::string_view entity_token,
                                      std::string_view entity_secret) {
  Result<std::string> url = normal_url(gateway_url);
  if (!url) return url.error();
  if (!wire::is_token(entity_token) || entity_token.substr(0, kTokenPrefix.size()) != kTokenPrefix ||
      entity_token.size() == kTokenPrefix.size()) {
    return Error{
        "entity token: must begin with ent_ and have at most 64 letters, digits, - and _ in all; copy it again "
        "from the gateway",
        ErrorKind::invalid};
  }
  if (entity_secret.size() < kSecretBytesMin || entity_secret.size() > kSecretBytesMax) {
    return Error{"entity secret: must have " + std::to_string(kSecretBytesMin) + "-" + std::to_string(kSecretBytesMax) +
                     " characters, has " + std::to_string(entity_secret.size()) + "; copy it again from the gateway",
                 ErrorKind::invalid};
  }
  if (!std::all_of(entity_secret.begin(), entity_secret.end(), [](char c) { return c > ' ' && c < 0x7f; })) {
    return Error{
        "entity secret: holds a space, a line break or another character no secret has; copy it again without "
        "what surrounds it",
        ErrorKind::invalid};
  }
  Credentials made;
  made.gateway_url_ = std::move(url).value();
  made.entity_token_ = entity_token;
  made.secret_ = Secret(entity_secret);
  return made;
}

std::string Credentials::fingerprint() const {
  return to_hex(
      hmac_sha256(secret_.view(), "logystera credentials fingerprint/v1\n" + gateway_url_ + "\n" + entity_token_));
}

Result<std::string> Credentials::seal(std::string_view key) const {
  Plain plain;
  plain.text.reserve(gateway_url_.size() + entity_token_.size() + secret_.view().size() + 2);
  plain.text.append(gateway_url_).append(1, '\n').append(entity_token_).append(1, '\n').append(secret_.view());
  return agent::seal(plain.text, key, kSeal);
}

Result<Credentials> Credentials::unseal(std::string_view sealed, std::string_view key) {
  const Result<Secret> opened = agent::unseal(sealed, key, kSeal);
  if (!opened) return opened.error();
  const std::string_view values = opened->view();
  const std::size_t first = values.find('\n');
  const std::size_t second = first == std::string_view::npos ? first : values.find('\n', first + 1);
  if (second == std::string_view::npos)
    return Error{"sealed credentials: are none; connect the site again", ErrorKind::broken};
  return make(values.substr(0, first), values.substr(first + 1, second - first - 1), values.substr(second + 1));
}

}  // namespace logystera::agent

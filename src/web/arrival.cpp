#include "web/arrival.hpp"

#include <string_view>

#include "server/address.hpp"

namespace logystera::web {
namespace {

// The value the nearest proxy has set: each adds its own behind what it was sent.
std::string last_of(const std::string& list) {
  const std::size_t comma = list.rfind(',');
  std::string_view last = comma == std::string::npos ? std::string_view(list) : std::string_view(list).substr(comma + 1);
  const std::size_t first = last.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  last = last.substr(first, last.find_last_not_of(" \t") - first + 1);
  return std::string(last);
}

}  // namespace

// The header may come as several lines: a proxy that adds one of its own leaves the client's before it.
std::string Arrival::client(const server::Request& request) const {
  if (options_.proxies == 0) return request.remote;
  return server::forwarded_client(request.joined("X-Forwarded-For"), options_.proxies).value_or(request.remote);
}

bool Arrival::https(const server::Request& request) const {
  if (options_.tls) return true;
  if (const Public known = public_; known != Public::unknown) return known == Public::https;
  return options_.proxies > 0 && last_of(request.joined("X-Forwarded-Proto")) == "https";
}

bool passed_by_a_proxy(const server::Request& request) {
  for (const std::string_view name : {"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-Host",
                                      "X-Forwarded-Proto", "X-Forwarded-Server", "X-Forwarded-Port"}) {
    if (!request.joined(name).empty()) return true;
  }
  return false;
}

}  // namespace logystera::web

#include "web/cookies.hpp"

#include <algorithm>

#include "core/wire.hpp"

namespace logystera::web {
namespace {

constexpr std::size_t kSecretChars = 43;

}  // namespace

std::string Cookies::full_name(std::string_view name) const { return (https_ ? "__Host-" : "") + std::string(name); }

std::string Cookies::line(std::string_view name, std::string_view secret) const {
  return full_name(name) + "=" + std::string(secret) + "; Path=/; HttpOnly; SameSite=Lax" + (https_ ? "; Secure" : "");
}

void Cookies::set(server::Answer& answer, std::string_view name, std::string_view secret) const {
  answer.headers.emplace_back("Set-Cookie", line(name, secret));
}

void Cookies::end(server::Answer& answer, std::string_view name) const {
  answer.headers.emplace_back("Set-Cookie", line(name, "") + "; Max-Age=0");
}

std::string Cookies::secret_of(const server::Request& request, std::string_view name) const {
  std::string_view rest = request.header("Cookie").value_or("");
  const std::string wanted = full_name(name);
  std::string_view found;
  while (!rest.empty()) {
    std::string_view pair = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != wanted) continue;
    if (!found.empty()) return {};
    found = pair.substr(equals + 1);
  }
  return found.size() == kSecretChars && wire::is_token(found) ? std::string(found) : std::string();
}

}  // namespace logystera::web

#include "store/site_settings.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace logystera::store {
namespace {

constexpr std::string_view kZoneLetters = "/_+-:";
constexpr std::string_view kRoleLetters = "_-.", kRolesLetters = "_-. ";

std::string zone_name(std::string_view site) { return fmt::format("site.{}.zone", site); }
std::string roles_name(std::string_view site) { return fmt::format("site.{}.admin_roles", site); }

bool consists_of(std::string_view text, std::size_t most, std::string_view more) {
  return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

// A JSON string of letters that need no escapes; what is none is added to `damaged`.
Result<std::string> read(SettingStore& settings, const std::string& name, std::string_view more, std::string& damaged) {
  auto value = settings.find(name);
  if (!value) return value.error();
  if (!value.value()) return std::string();
  const std::string& text = *value.value();
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') {
    std::string inner = text.substr(1, text.size() - 2);
    if (inner.empty() || consists_of(inner, kRolesMost * (kRoleBytes + 1), more)) return inner;
  }
  damaged += fmt::format("{}setting {} is damaged", damaged.empty() ? "" : ", ", name);
  return std::string();
}

Result<Done> write(SettingStore& settings, const std::string& name, const std::string& text) {
  return text.empty() ? settings.remove(name) : settings.put(name, '"' + text + '"');
}

}  // namespace

Result<SiteSettings> site_settings(SettingStore& settings, std::string_view site) {
  SiteSettings found;
  auto zone = read(settings, zone_name(site), kZoneLetters, found.damaged);
  if (!zone) return zone.error();
  auto roles = read(settings, roles_name(site), kRolesLetters, found.damaged);
  if (!roles) return roles.error();
  found.zone = std::move(zone).value();
  std::string_view rest = roles.value();
  while (!rest.empty()) {
    const std::string_view role = rest.substr(0, rest.find(' '));
    if (!role.empty()) found.admin_roles.emplace_back(role);
    rest.remove_prefix(std::min(rest.size(), role.size() + 1));
  }
  return found;
}

Result<Done> put_site_settings(SettingStore& settings, std::string_view site, const SiteSettings& wanted) {
  if (!wanted.zone.empty() && !consists_of(wanted.zone, kZoneBytes, kZoneLetters))
    return Error{"a time zone is written like Europe/Zurich, UTC or +02:00", ErrorKind::invalid};
  if (wanted.admin_roles.size() > kRolesMost)
    return Error{fmt::format("a site has {} administrative roles at most", kRolesMost), ErrorKind::invalid};
  std::string roles;
  for (const std::string& role : wanted.admin_roles) {
    if (!consists_of(role, kRoleBytes, kRoleLetters))
      return Error{"a role is named by its machine name, of letters, digits and _ - .: site_owner", ErrorKind::invalid};
    roles += (roles.empty() ? "" : " ") + role;
  }
  if (auto put = write(settings, zone_name(site), wanted.zone); !put) return put;
  return write(settings, roles_name(site), roles);
}

}  // namespace logystera::store

// What an administrator has said of a site for detection: where its people are, and which of its roles are administrative. Kept among the
// settings; what was not said is as for all sites.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/setting_store.hpp"

namespace logystera::store {

inline constexpr std::size_t kZoneBytes = 64, kRoleBytes = 64, kRolesMost = 32;

struct SiteSettings {
  std::string zone;                      // "Europe/Berlin", "+02:00"; empty: the program's
  std::vector<std::string> admin_roles;  // machine names; empty: "administrator"
  std::string damaged;  // read alone: which part is there and cannot be understood; it is as if it was not said

  friend bool operator==(const SiteSettings&, const SiteSettings&) = default;
};

/// Errors: the store cannot be read. What is damaged is none.
Result<SiteSettings> site_settings(SettingStore& settings, std::string_view site);
/// Errors of kind invalid: texts that are no zone or no machine names, or too many. Whether there is such a zone is the caller's to see to.
Result<Done> put_site_settings(SettingStore& settings, std::string_view site, const SiteSettings& wanted);

}  // namespace logystera::store

// Who asks, and what he may see and do.
//
// Roles are nested: an analyst may whatever a viewer may, an administrator everything (docs/gateway.md, "People and tokens").
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace logystera::web {

enum class Role : std::uint8_t { viewer, analyst, admin };

/// As it stands in a route, a token and the database: "viewer", "analyst", "admin".
constexpr std::string_view name_of(Role role) noexcept {
  return role == Role::viewer ? "viewer" : role == Role::analyst ? "analyst" : "admin";
}
constexpr std::optional<Role> role_of(std::string_view name) noexcept {
  for (const Role role : {Role::viewer, Role::analyst, Role::admin}) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

struct Principal {
  enum class Kind : std::uint8_t {
    open,  // nobody has to sign in: nothing is configured and nobody but this machine can ask, or it was opened on purpose
    session,  // a person who is signed in
    token,    // a program with a token of its own
    key,      // a program, or a person, with the token of the configuration
  };

  Kind kind = Kind::open;
  Role role = Role::viewer;
  std::int64_t user = 0;           // of the account; 0: none
  std::string name;                // for the audit and the page: a user's or a token's
  std::string session;             // the secret forms are bound to; empty: none
  std::string zone;                // of the times he is shown, "Europe/Zurich"; empty: the browser's
  bool anybody = false;            // `open` to whoever reaches this server, on purpose
  bool all_sites = true;           // or else only those in `sites`
  std::vector<std::string> sites;  // tokens of entities

  bool may(Role needed) const noexcept { return role >= needed; }
  /// Whether he may see what belongs to that site; what was found in a log belongs to none ("").
  bool sees(std::string_view site) const noexcept {
    return all_sites || std::find(sites.begin(), sites.end(), site) != sites.end();
  }
};

}  // namespace logystera::web

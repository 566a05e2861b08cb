// The people who may use this server. Every change and its line in the audit are one transaction.
//
// There is always an administrator who can sign in, once there was one: taking away the last one is refused. A choice of sites is a
// viewer's or an analyst's; an administrator sees them all.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/note.hpp"
#include "core/result.hpp"
#include "store/store.hpp"
#include "web/principal.hpp"

namespace logystera::access {

inline constexpr std::size_t kUserNameBytes = 64;

struct NewUser {
  std::string_view name, password;
  web::Role role = web::Role::viewer;
  store::SiteChoice sites = {};
};

/// What is not said stays as it is.
struct AccessChange {
  std::optional<web::Role> role = {};
  std::optional<bool> disabled = {};
  std::optional<store::SiteChoice> sites = {};
};

class Users {
 public:
  /// `store` must outlive it.
  explicit Users(store::Store& store) : store_(&store) {}

  /// Names: 1-64 of [A-Za-z0-9._@-], without case. `only_first`: refused when there is anybody already.
  Result<Done> add(const NewUser& user, std::int64_t now, const Note& note, bool only_first = false);
  /// `last_too`: even the last administrator.
  Result<Done> remove(std::string_view name, const Note& note, bool last_too = false);
  Result<Done> set_password(std::string_view name, std::string_view password, const Note& note);
  /// Ends the user's sessions.
  Result<Done> change(std::string_view name, const AccessChange& change, const Note& note);
  Result<std::vector<store::User>> list() { return store_->accounts().users(); }

  /// The user when there is one of that name who is not disabled, and the password is his. Costs the same for a name nobody has.
  Result<std::optional<store::User>> check(std::string_view name, std::string_view password) const;

 private:
  store::Store* store_;
};

}  // namespace logystera::access

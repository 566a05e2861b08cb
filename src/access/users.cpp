#include "access/users.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "access/password.hpp"
#include "core/json_text.hpp"

namespace logystera::access {
namespace {

using store::User;
using web::Role;

// What a password for a name nobody has is checked against: of random bytes, and of the cost hash_password() has.
const std::string kNobody =
    "$argon2id$v=19$m=65536,t=2,p=1$CubjrazqG0ZKUKb21RKqng$F7SQ08EON8ewUn+GzhASDAcjRk+uRcHK0tEngJcQ4nk";

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kUserNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '@' ||
           c == '-';
  });
}

Error nobody(std::string_view name) {
  return Error{fmt::format("user {}: there is none of this name: 'logystera user list' shows them", name),
               ErrorKind::not_found};
}

bool rules(const User& user) { return user.role == web::name_of(Role::admin) && !user.disabled; }

// Whether somebody else could administer this server.
Result<bool> another_rules(store::Stores& stores, const User& but) {
  auto all = stores.accounts().users();
  if (!all) return all.error();
  return std::any_of(all->begin(), all->end(), [&](const User& user) { return user.id != but.id && rules(user); });
}

Result<Done> keep_an_administrator(store::Stores& stores, const User& leaving) {
  if (!rules(leaving)) return Done{};
  auto another = another_rules(stores, leaving);
  if (!another) return another.error();
  if (another.value()) return Done{};
  return Error{fmt::format("user {}: is the last administrator: make somebody else one first", leaving.name),
               ErrorKind::denied};
}

Result<Done> sees_as_much_as_the_role(const User& user) {
  if (user.role != web::name_of(Role::admin) || user.sites.all) return Done{};
  return Error{
      fmt::format("user {}: an administrator sees all sites: choose the role viewer or analyst, or all sites", user.name),
      ErrorKind::invalid};
}

std::string access_of(const User& user) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("role", user.role).member("disabled", user.disabled);
  if (!user.sites.all) {
    text.key("sites").begin_array();
    for (const std::string& site : user.sites.tokens) text.string(site);
    text.end_array();
  }
  text.end_object();
  return text.take();
}

template <typename Work>
Result<Done> in_transaction(store::Store& store, Work work) {
  auto transaction = store.begin();
  if (!transaction) return transaction.error();
  if (auto done = work(*transaction.value()); !done) return done;
  return transaction.value()->commit();
}

}  // namespace

Result<Done> Users::add(const NewUser& wanted, std::int64_t now, const Note& note, bool only_first) {
  if (!is_name(wanted.name)) {
    return Error{fmt::format("user name: must be 1 to {} letters, digits and . _ @ -", kUserNameBytes), ErrorKind::invalid};
  }
  if (auto good = check_password(wanted.password); !good) return good;
  User user;
  user.name = wanted.name;
  user.created_at = now;
  user.role = web::name_of(wanted.role);
  user.sites = wanted.sites;
  if (auto fits = sees_as_much_as_the_role(user); !fits) return fits;
  auto hash = hash_password(wanted.password);
  if (!hash) return hash.error();
  user.password_hash = std::move(hash).value();
  return in_transaction(*store_, [&](store::Stores& stores) -> Result<Done> {
    if (only_first) {
      auto any = stores.accounts().has_users();
      if (!any) return any.error();
      if (any.value()) return Error{"there is somebody already: sign in", ErrorKind::exists};
    }
    auto added = stores.accounts().add_user(user);
    if (!added) return added.error();
    if (!added.value()) {
      return Error{
          fmt::format("user {}: there is one of this name: change its password with 'logystera user password'", user.name),
          ErrorKind::exists};
    }
    return note(stores, "user.add", user.name, "", access_of(user));
  });
}

Result<Done> Users::remove(std::string_view name, const Note& note, bool last_too) {
  return in_transaction(*store_, [&](store::Stores& stores) -> Result<Done> {
    auto user = stores.accounts().find_user(name);
    if (!user) return user.error();
    if (!user.value()) return nobody(name);
    if (!last_too) {
      if (auto kept = keep_an_administrator(stores, *user.value()); !kept) return kept;
    }
    if (auto removed = stores.accounts().remove_user(name); !removed) return removed.error();
    return note(stores, "user.remove", user.value()->name, access_of(*user.value()), "");
  });
}

Result<Done> Users::set_password(std::string_view name, std::string_view password, const Note& note) {
  if (auto good = check_password(password); !good) return good;
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  return in_transaction(*store_, [&](store::Stores& stores) -> Result<Done> {
    auto set = stores.accounts().set_password(name, hash.value());
    if (!set) return set.error();
    if (!set.value()) return nobody(name);
    return note(stores, "user.password", name, "", "");
  });
}

Result<Done> Users::change(std::string_view name, const AccessChange& change, const Note& note) {
  return in_transaction(*store_, [&](store::Stores& stores) -> Result<Done> {
    auto found = stores.accounts().find_user(name);
    if (!found) return found.error();
    if (!found.value()) return nobody(name);
    const User& before = *found.value();
    User after = before;
    if (change.role) after.role = web::name_of(*change.role);
    if (change.disabled) after.disabled = *change.disabled;
    if (change.sites) after.sites = *change.sites;
    if (auto fits = sees_as_much_as_the_role(after); !fits) return fits;
    if (!rules(after)) {
      if (auto kept = keep_an_administrator(stores, before); !kept) return kept;
    }
    auto set = stores.accounts().set_access(after);
    if (!set) return set.error();
    return note(stores, "user.change", before.name, access_of(before), access_of(after));
  });
}

Result<std::optional<User>> Users::check(std::string_view name, std::string_view password) const {
  auto user = store_->accounts().find_user(name);
  if (!user) return user.error();
  const bool known = user.value().has_value();
  // Too long for any password: cut, so that it costs no more than one that could be right, and fails.
  const bool possible = password.size() <= kPasswordBytesMax;
  const bool holds = password_holds(password.substr(0, kPasswordBytesMax), known ? user.value()->password_hash : kNobody);
  if (known && possible && holds && !user.value()->disabled) return user;
  return std::optional<User>();
}

}  // namespace logystera::access

#include "gateway/users.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "gateway/password.hpp"

namespace logystera::gateway {
namespace {

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

}  // namespace

Result<Done> Users::add(std::string_view name, std::string_view password, std::int64_t now) {
  if (!is_name(name)) {
    return Error{fmt::format("user name: must be 1 to {} letters, digits and . _ @ -", kUserNameBytes), ErrorKind::invalid};
  }
  if (auto good = check_password(password); !good) return good;
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  store::User user;
  user.name = name;
  user.password_hash = std::move(hash).value();
  user.created_at = now;
  auto added = accounts_->add_user(user);
  if (!added) return added.error();
  if (added.value()) return Done{};
  return Error{fmt::format("user {}: there is one of this name: change its password with 'logystera user password'", name),
               ErrorKind::exists};
}

Result<Done> Users::remove(std::string_view name) {
  auto removed = accounts_->remove_user(name);
  if (!removed) return removed.error();
  if (!removed.value()) return nobody(name);
  return Done{};
}

Result<Done> Users::set_password(std::string_view name, std::string_view password) {
  if (auto good = check_password(password); !good) return good;
  auto hash = hash_password(password);
  if (!hash) return hash.error();
  auto set = accounts_->set_password(name, hash.value());
  if (!set) return set.error();
  if (!set.value()) return nobody(name);
  return Done{};
}

Result<std::optional<std::int64_t>> Users::check(std::string_view name, std::string_view password) const {
  auto user = accounts_->find_user(name);
  if (!user) return user.error();
  const bool known = user.value().has_value();
  // Too long for any password: cut, so that it costs no more than one that could be right, and fails.
  const bool possible = password.size() <= kPasswordBytesMax;
  const bool holds = password_holds(password.substr(0, kPasswordBytesMax), known ? user.value()->password_hash : kNobody);
  if (known && possible && holds) return std::optional(user.value()->id);
  return std::optional<std::int64_t>();
}

}  // namespace logystera::gateway

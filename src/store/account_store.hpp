// The people who may connect sites, their sessions, and the codes a connection is made with.
//
// Nothing here is a secret in the clear: passwords come as Argon2id strings, sessions and codes as SHA-256 of what the
// browser or the site holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::store {

struct User {
  std::int64_t id = 0;        // never given out again
  std::string name;           // compares without case
  std::string password_hash;  // Argon2id, in libsodium's string form
  std::int64_t created_at = 0;
  std::int64_t last_login_at = 0;  // 0: never
};

struct Session {
  std::int64_t user = 0;
  std::string user_name;
  std::int64_t created_at = 0;
  std::int64_t seen_at = 0;
};

/// What a code was given out for; all of it must be shown again when it is redeemed.
struct Grant {
  std::int64_t user = 0;
  std::string client_id;
  std::string redirect_uri;
  std::string challenge;  // base64url SHA-256 of the verifier
  std::int64_t issued_at = 0;
};

/// A code that was given out.
struct Code {
  Grant grant;
  std::int64_t used_at = 0;  // 0: not yet
  std::string entity;        // token of what it made; empty: nothing
};

class AccountStore {
 public:
  virtual ~AccountStore() = default;

  /// False when there is one of that name.
  virtual Result<bool> add_user(const User& user) = 0;
  virtual Result<std::optional<User>> find_user(std::string_view name) = 0;
  /// By name.
  virtual Result<std::vector<User>> users() = 0;
  /// With the user's sessions and codes; false when there is none of that name.
  virtual Result<bool> remove_user(std::string_view name) = 0;
  /// Ends the user's sessions and codes too; false when there is none of that name.
  virtual Result<bool> set_password(std::string_view name, std::string_view password_hash) = 0;

  /// Stores a session of an existing user, notes the login, and deletes sessions seen last before `stale`. When there is no
  /// such user any more nothing is stored and nothing is wrong: the session will not be found.
  virtual Result<Done> add_session(const Digest& hash, std::int64_t user, std::int64_t now, std::int64_t stale) = 0;
  virtual Result<std::optional<Session>> find_session(const Digest& hash) = 0;
  virtual Result<Done> touch_session(const Digest& hash, std::int64_t now) = 0;
  virtual Result<Done> end_session(const Digest& hash) = 0;

  /// Stores a code and deletes those issued before `oldest`.
  virtual Result<Done> add_code(const Digest& hash, const Grant& grant, std::int64_t oldest) = 0;
  virtual Result<std::optional<Code>> find_code(const Digest& hash) = 0;
  /// Marks a code used and notes what it made; false when there is none, or it was used before. To find, check and use one is
  /// a transaction's work.
  virtual Result<bool> use_code(const Digest& hash, std::int64_t now, std::string_view entity) = 0;
};

}  // namespace logystera::store

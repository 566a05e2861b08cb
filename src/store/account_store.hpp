// Where the gateway keeps the people who may connect sites, their sessions, and the codes a connection is made with. Same
// database as store.hpp's, a connection of its own; a few rows a day, so one lock does.
//
// Nothing here is a secret in the clear: passwords come as Argon2id strings, sessions and codes as SHA-256 of what the
// browser or the site holds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hmac.hpp"
#include "core/result.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

namespace logystera::store {

struct User {
  std::int64_t id = 0;
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

/// What redeem() found.
struct Redeemed {
  enum class State : std::uint8_t {
    unknown,   // never given out, or long gone
    refused,   // by the caller's check; the code is used up
    made,      // the entity is stored: this was the one success
    replayed,  // used before; `entity` is what it made then, empty when nothing
  };
  State state = State::unknown;
  std::string entity;
  std::int64_t issued_at = 0;  // of the code; 0 when unknown
};

class AccountStore {
 public:
  /// The database must have its newest schema: open it as a Store first.
  static Result<AccountStore> open(const std::string& path);

  /// False when there is one of that name.
  Result<bool> add_user(const User& user);
  Result<std::optional<User>> find_user(std::string_view name);
  /// By name.
  Result<std::vector<User>> users();
  /// With the user's sessions and codes; false when there is none of that name.
  Result<bool> remove_user(std::string_view name);
  /// Ends the user's sessions and codes too; false when there is none of that name.
  Result<bool> set_password(std::string_view name, std::string_view password_hash);

  /// Stores a session of an existing user, notes the login, and forgets sessions seen last before `stale`.
  Result<Done> add_session(const Digest& hash, std::int64_t user, std::int64_t now, std::int64_t stale);
  Result<std::optional<Session>> find_session(const Digest& hash);
  Result<Done> touch_session(const Digest& hash, std::int64_t now);
  Result<Done> end_session(const Digest& hash);

  /// Stores a code and forgets those issued before `forget`.
  Result<Done> add_code(const Digest& hash, const Grant& grant, std::int64_t forget);
  /// One transaction: finds the code, and when nobody has used it marks it used and, if `check` agrees, stores `entity`. Of
  /// several at once exactly one finds it unused.
  Result<Redeemed> redeem(const Digest& hash, std::int64_t now, const Entity& entity,
                          const std::function<bool(const Grant&)>& check);

 private:
  explicit AccountStore(Connection connection)
      : mutex_(std::make_unique<std::mutex>()), connection_(std::move(connection)) {}
  Result<Redeemed> redeem_within(const Digest& hash, std::int64_t now, const Entity& entity,
                                 const std::function<bool(const Grant&)>& check);
  Result<Done> end_all_of(std::int64_t user);
  Result<Done> finish(Statement& statement, std::string_view doing);

  std::unique_ptr<std::mutex> mutex_;
  Connection connection_;
};

}  // namespace logystera::store

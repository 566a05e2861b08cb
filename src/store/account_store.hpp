// The people who may use this server, their sessions and tokens, and the codes a connection is made with.
//
// Nothing here is a secret in the clear: passwords come as Argon2id strings, the secret of a second factor sealed, sessions,
// tokens, codes and recovery codes as SHA-256 of what the person, the program, the browser or the site holds. What a role means
// and which of them there are is not known here: it is a word.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/hmac.hpp"
#include "core/result.hpp"

namespace logystera::store {

/// Which sites somebody may see: all of them, or those named.
struct SiteChoice {
  bool all = true;
  std::vector<std::string> tokens = {};  // of entities; without blanks
};

struct User {
  std::int64_t id = 0;             // never given out again
  std::string name = {};           // compares without case
  std::string password_hash = {};  // Argon2id, in libsodium's string form
  std::int64_t created_at = 0;
  std::int64_t last_login_at = 0;  // 0: never
  std::string role = "viewer";
  bool disabled = false;
  SiteChoice sites = {};
  std::string zone = {}, theme = {};  // empty: the browser's
  std::string sealed_totp = {};       // secret of the second factor; empty: there is none
  std::int64_t totp_step = 0;         // of the last code that was taken
};

/// What a new session is told of itself.
struct NewSession {
  std::int64_t user = 0;   // 0: whoever signed in with the configured token, of which `key` tells
  std::string key = {};    // SHA-256 of that token; empty with a user
  std::string agent = {};  // the browser's family, for the person to know it by
  std::int64_t created_at = 0;
};

/// A session, with its user as he is now.
struct Session {
  std::int64_t id = 0;  // for its owner to name it by; no secret, and never given out again
  std::int64_t user = 0;
  std::string key;
  std::string agent;
  std::int64_t created_at = 0;
  std::int64_t seen_at = 0;
  std::string user_name, role, zone;  // empty without a user
  bool disabled = false;
  SiteChoice sites;
};

/// A token of a program. Its secret is not here.
struct ApiToken {
  std::int64_t id = 0;    // never given out again
  std::int64_t user = 0;  // whose it is; 0: the server's
  std::string name;       // for people
  std::string prefix;     // its first characters, to recognise it by
  std::string role;       // the most it may
  SiteChoice sites = {};  // the most it sees
  std::int64_t created_at = 0;
  std::int64_t expires_at = 0;    // 0: never
  std::int64_t last_used_at = 0;  // 0: not yet
  std::string last_address = {};
  // Of its user as he is now; read-only for callers, and empty without one.
  std::string user_name = {}, user_role = {};
  bool user_disabled = false;
  SiteChoice user_sites = {};
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

  /// With role, sites and preferences, without a second factor. False when there is one of that name.
  virtual Result<bool> add_user(const User& user) = 0;
  virtual Result<std::optional<User>> find_user(std::string_view name) = 0;
  virtual Result<std::optional<User>> find_user(std::int64_t id) = 0;
  /// By name.
  virtual Result<std::vector<User>> users() = 0;
  /// Whether there is one at all, disabled ones included.
  virtual Result<bool> has_users() = 0;
  /// With the user's sessions, codes, tokens and recovery codes; false when there is none of that name.
  virtual Result<bool> remove_user(std::string_view name) = 0;
  /// Ends the user's sessions and codes too; false when there is none of that name.
  virtual Result<bool> set_password(std::string_view name, std::string_view password_hash) = 0;
  /// Writes role, `disabled` and sites of the user with that number, and ends his sessions and codes; false when there is none.
  virtual Result<bool> set_access(const User& user) = 0;
  /// Writes zone and theme of the user with that number; false when there is none.
  virtual Result<bool> set_preferences(const User& user) = 0;

  /// Writes the sealed secret of a second factor (empty: there is none any more), with its recovery codes, which replace those
  /// there were. False when there is no such user.
  virtual Result<bool> set_totp(std::int64_t user, std::string_view sealed, const std::vector<Digest>& recovery) = 0;
  /// Notes that a code of that step was taken; false when one of it, or of a later one, was before.
  virtual Result<bool> use_totp_step(std::int64_t user, std::int64_t step) = 0;
  /// Takes a recovery code for good; false when there is none such.
  virtual Result<bool> use_recovery_code(std::int64_t user, const Digest& hash) = 0;
  virtual Result<std::uint64_t> recovery_codes(std::int64_t user) = 0;

  /// Stores a session, notes the login of its user, and deletes sessions seen last before `stale`. When there is no such user any
  /// more, or he is disabled, nothing is stored and nothing is wrong: the session will not be found.
  virtual Result<Done> add_session(const Digest& hash, const NewSession& session, std::int64_t stale) = 0;
  virtual Result<std::optional<Session>> find_session(const Digest& hash) = 0;
  /// The newest first.
  virtual Result<std::vector<Session>> sessions_of(std::int64_t user) = 0;
  virtual Result<Done> touch_session(const Digest& hash, std::int64_t now) = 0;
  virtual Result<Done> end_session(const Digest& hash) = 0;
  /// False when the user has none of that number.
  virtual Result<bool> end_session_of(std::int64_t user, std::int64_t id) = 0;

  /// The token's number.
  virtual Result<std::int64_t> add_token(const ApiToken& token, const Digest& hash) = 0;
  virtual Result<std::optional<ApiToken>> find_token(const Digest& hash) = 0;
  virtual Result<std::optional<ApiToken>> find_token(std::int64_t id) = 0;
  /// By age; of one user, or of everybody.
  virtual Result<std::vector<ApiToken>> tokens(std::optional<std::int64_t> user = {}) = 0;
  /// Notes that it is used, by whom.
  virtual Result<Done> touch_token(std::int64_t id, std::int64_t now, std::string_view address) = 0;
  /// False when there is none of that number.
  virtual Result<bool> remove_token(std::int64_t id) = 0;

  /// Stores a code and deletes those issued before `oldest`.
  virtual Result<Done> add_code(const Digest& hash, const Grant& grant, std::int64_t oldest) = 0;
  virtual Result<std::optional<Code>> find_code(const Digest& hash) = 0;
  /// Marks a code used and notes what it made; false when there is none, or it was used before. To find, check and use one is
  /// a transaction's work.
  virtual Result<bool> use_code(const Digest& hash, std::int64_t now, std::string_view entity) = 0;
};

}  // namespace logystera::store

// The authorization code with PKCE by which a site is connected (RFC 6749 §4.1, RFC 7636, RFC 9700), without HTTP: what a
// request for a code must hold, how a code is given out, and what it takes to redeem it.
//
//   asked ── Allow ──> issued ── right verifier within 60 s ──> made: an entity, its secret shown once
//                        │                                        └─ the code again, within 10 minutes ──> entity revoked
//                        └─ anything else ──> used up
//
// A code gets one attempt: whoever shows it with a wrong verifier, client or address has ended it. Sites are not registered:
// a client is known by its own address alone, and a code is only ever sent to that address's origin, by a person who was
// shown its host.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/result.hpp"
#include "gateway/entities.hpp"
#include "gateway/web_address.hpp"
#include "store/store.hpp"
#include "web/form.hpp"

namespace logystera::gateway {

inline constexpr std::int64_t kCodeSeconds = 60;
inline constexpr std::int64_t kReplaySeconds = 10 * 60;  // how long a second use of a code revokes what it made
inline constexpr std::size_t kSiteNameChars = 128;
inline constexpr std::size_t kStateCharsMin = 16;
inline constexpr std::size_t kStateCharsMax = 512;

/// A request for a code that holds everything it must.
struct AuthorizationRequest {
  WebAddress client;    // client_id
  WebAddress redirect;  // redirect_uri, of the same origin
  std::string state;
  std::string challenge;
  std::string site_name;  // for people; empty: none

  /// From /oauth/authorize's query or the consent form. The error names the parameter and what it should be. Errors are for
  /// a page of the gateway's own: nobody has agreed yet to be sent anywhere.
  static Result<AuthorizationRequest> read(const web::Form& form);

  /// The same parameters as a query, in one order: what the login page returns to and the consent is bound to.
  std::string query() const;
  /// Where the browser goes: redirect_uri with `parameters` ("code=…&…") joined to whatever query it has.
  std::string back_with(const std::string& parameters) const;
};

/// A refusal of the token endpoint (RFC 6749 §5.2).
struct TokenError {
  std::string_view code;  // "invalid_grant", …
  std::string description;
};

struct IssuedEntity {
  IssuedSecret secret;
  std::string name;
};

class Authorization {
 public:
  struct Options {
    std::function<std::int64_t()> now;
    std::function<void(std::string_view)> log;
  };

  /// `store` and `entities` must outlive it.
  Authorization(store::Store& store, Entities& entities, Options options)
      : store_(store), entities_(entities), options_(std::move(options)) {}

  /// A code for what `user` has allowed, 43 characters of base64url.
  Result<std::string> issue(const AuthorizationRequest& request, std::int64_t user);

  /// `address`: of who asks, for the audit, which has each entity that is made or revoked.
  /// Makes an entity of a code, or fills `refusal`. An Error is a fault of this machine: the site may try again.
  Result<bool> redeem(const web::Form& form, IssuedEntity& issued, TokenError& refusal, const std::string& address = {});

 private:
  /// What became of a code that was shown.
  enum class Use : std::uint8_t {
    unknown,   // never given out, or long gone
    refused,   // by `agrees`; the code is used up
    made,      // the entity is stored: this was the one success
    replayed,  // used before; its entity is what it made then, empty when nothing
  };
  struct Shown {
    Use use = Use::unknown;
    std::string entity;
    std::int64_t issued_at = 0;  // 0 when unknown
  };
  /// One transaction: of several at once exactly one finds the code unused. It marks it used and, if `agrees`, stores `entity`.
  Result<Shown> use(std::string_view code, const store::Entity& entity, const std::string& address, std::int64_t now,
                    const std::function<bool(const store::Grant&)>& agrees);
  Result<bool> revoke_replayed(const std::string& entity, const std::string& address, std::int64_t now);

  store::Store& store_;
  Entities& entities_;
  Options options_;
};

/// base64url SHA-256: what a verifier's challenge is.
std::string challenge_of(std::string_view verifier);

}  // namespace logystera::gateway

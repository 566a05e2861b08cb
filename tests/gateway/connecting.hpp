// What the tests of connecting a site share: a gateway's parts on a database of their own, under a clock of the test's.
#pragma once

#include <memory>
#include <string>

#include "access/users.hpp"
#include "browser.hpp"
#include "catch.hpp"
#include "gateway/authorization.hpp"
#include "gateway/connect.hpp"
#include "gateway/entities.hpp"
#include "scratch.hpp"
#include "store/store.hpp"
#include "web/sessions.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;
inline const std::string kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";   // RFC 7636 appendix B
inline const std::string kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";  // RFC 7636 appendix B
inline const std::string kState = "af0ifjsldkj-af0ifjsldkj-af0ifjsldkj-af0ifjsl";

struct House {
  Scratch scratch;
  std::int64_t now = kNow;
  std::string logged;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<gateway::Entities> entities;
  std::unique_ptr<access::Users> users;
  std::unique_ptr<web::Sessions> sessions;
  std::unique_ptr<gateway::Authorization> authorization;

  House() {
    using namespace logystera::gateway;
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    entities = std::make_unique<Entities>(
        std::move(Entities::open(store->entities(), std::move(Vault::open(scratch.file("a.key"), true)).value())).value());
    users = std::make_unique<access::Users>(*store);
    sessions = std::make_unique<web::Sessions>(store->accounts());
    authorization = std::make_unique<Authorization>(
        *store, *entities,
        Authorization::Options{[this] { return now; },
                               [this](std::string_view text) { logged += std::string(text) + "\n"; }});
  }

  /// The user's number.
  std::int64_t user(const std::string& name = "anna") {
    REQUIRE(users->add({name, kPassword, web::Role::admin}, now, access::unnoted()).ok());
    return store->accounts().find_user(name).value()->id;
  }
  std::vector<store::Entity> all_entities() { return store->entities().list().value(); }
};

inline Fields authorization_fields() {
  return {{{"response_type", "code"},
           {"client_id", "https://example.org/"},
           {"redirect_uri", "https://example.org/admin/connect?step=2"},
           {"state", kState},
           {"code_challenge", kChallenge},
           {"code_challenge_method", "S256"},
           {"site_name", "Example"}}};
}

inline Fields token_fields(const std::string& code) {
  return {{{"grant_type", "authorization_code"},
           {"code", code},
           {"redirect_uri", "https://example.org/admin/connect?step=2"},
           {"client_id", "https://example.org/"},
           {"code_verifier", kVerifier}}};
}

}  // namespace logystera::testing

// What the tests of people and access share: accounts in a database of their own, under a clock of the test's, and a server that asks
// for them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/access.hpp"
#include "access/token.hpp"
#include "access/tokens.hpp"
#include "access/users.hpp"
#include "browser.hpp"
#include "catch.hpp"
#include "scratch.hpp"
#include "server/serving.hpp"
#include "store/store.hpp"
#include "web/sessions.hpp"

namespace logystera::testing {

inline constexpr std::int64_t kNow = 1'774'211'679;

struct People {
  Scratch scratch;
  std::int64_t now = kNow;  // what the clock says
  std::int64_t jumped = 0;  // by how much it was set ahead
  std::string logged;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<access::Users> users;
  std::unique_ptr<access::Tokens> tokens;
  std::unique_ptr<web::Sessions> sessions;
  web::FormTokens forms{"a secret of this process"};

  /// Somebody sets the clock: no time passes.
  void jump(std::int64_t seconds) {
    now += seconds;
    jumped += seconds;
  }
  std::int64_t elapsed() const { return now - jumped; }

  People() {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    users = std::make_unique<access::Users>(*store);
    tokens = std::make_unique<access::Tokens>(*store);
    sessions = std::make_unique<web::Sessions>(store->accounts());
  }

  /// A user without a password to try, which would cost a tenth of a second; his number.
  std::int64_t user(const std::string& name, web::Role role, store::SiteChoice sites = {}) {
    store::User user;
    user.name = name;
    user.password_hash = "no password";
    user.role = web::name_of(role);
    user.sites = std::move(sites);
    REQUIRE(store->accounts().add_user(user).value());
    return store->accounts().find_user(name).value()->id;
  }
  std::string session_of(std::int64_t user) { return sessions->sign_in(user, now).value(); }
  std::string token_of(std::int64_t user, web::Role role, store::SiteChoice sites = {}) {
    auto made = tokens->add({user, "ci", role, std::move(sites)}, now, access::unnoted());
    REQUIRE(made.ok());
    return made->token;
  }
};

/// A server whose pages and API are for each role, before the people.
struct House : People {
  web::Arrival arrival;
  std::shared_ptr<server::Workers> workers = std::make_shared<server::Workers>(server::Workers::Options{});
  std::unique_ptr<access::Access> access;
  std::unique_ptr<Serving> serving;

  explicit House(access::Access::Options options = {}, web::Arrival::Options arriving = {}) : arrival(arriving) {
    options.now = [this] { return now; };
    options.elapsed = [this] { return elapsed(); };
    options.log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    access = std::move(access::Access::make(*store, *sessions, arrival, forms, std::move(options))).value();
    serving = std::make_unique<Serving>(
        routes(), server::Limits{},
        [this](server::Request& request, std::string_view role) { return access->authorize(request, role); });
  }
  ~House() { serving->server->stop(); }

  /// What whoever got in is taken for: "KIND NAME ROLE SITES".
  std::vector<server::Route> routes() {
    const auto says_who = [](const server::Request& request, const server::Reply& reply) {
      const web::Principal& who = *request.principal;
      std::string text = std::to_string(static_cast<int>(who.kind)) + " " + who.name + " " + std::string(name_of(who.role));
      if (!who.all_sites) text += " sites:";
      for (const std::string& site : who.sites) text += " " + site;
      reply(server::json_answer(200, text));
    };
    std::vector<server::Route> all;
    for (const std::string role : {"viewer", "analyst", "admin"}) {
      for (const std::string method : {"GET", "POST"}) {
        all.push_back({method, "/" + role, 1000, says_who, workers, role});
        all.push_back({method, "/api/v1/" + role, 1000, says_who, workers, role});
      }
    }
    all.push_back({"GET", "/api/v1/misspelt", 0, says_who, workers, "amdin"});
    all.push_back({"GET", "/health", 0, [](const server::Request&, const server::Reply& reply) { reply({}); }});
    return all;
  }

  std::string get(const std::string& path, const std::string& more = "") { return serving->ask("GET", path, more); }
  std::string post(const std::string& path, const std::string& more = "", const std::string& body = "x") {
    return serving->ask("POST", path, more, body);
  }
};

inline std::string bearer(const std::string& token) { return "Authorization: Bearer " + token + "\r\n"; }
inline std::string cookie(const std::string& session) { return "Cookie: logystera_session=" + session + "\r\n"; }

}  // namespace logystera::testing

// A server people sign in to, with the pages they look after themselves and others on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "access/login.hpp"
#include "access/people_pages.hpp"
#include "people.hpp"
#include "web/shell.hpp"

namespace logystera::testing {

/// Turns bytes over and says whom they are for: what a vault does, without its key.
inline access::Seal seal_for_tests() {
  return {[](std::string_view secret, std::string_view bound_to) -> Result<std::string> {
            return std::string(bound_to) + "\n" + std::string(secret.rbegin(), secret.rend());
          },
          [](std::string_view sealed, std::string_view bound_to) -> Result<std::string> {
            if (!sealed.starts_with(std::string(bound_to) + "\n")) return Error{"sealed for another"};
            const std::string_view secret = sealed.substr(bound_to.size() + 1);
            return std::string(secret.rbegin(), secret.rend());
          }};
}

struct Door : People {
  web::Arrival arrival;
  web::Audit audit{arrival, [this] { return now; }};
  access::SecondFactor second_factor{*store, seal_for_tests()};
  access::SetupSecret setup;
  std::unique_ptr<access::Access> gate;
  std::unique_ptr<access::Login> login;
  web::Shell shell{forms};
  std::unique_ptr<access::PeoplePages> pages;
  std::unique_ptr<Serving> serving;
  std::string url;

  explicit Door(access::Access::Options options = {}) {
    const auto clock = [this] { return now; };
    const auto log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    const auto passed = [this] { return elapsed(); };
    options.now = clock;
    options.elapsed = passed;
    options.log = log;
    options.page = web::problem_page;
    gate = std::move(access::Access::make(*store, *sessions, arrival, forms, std::move(options))).value();
    login = std::move(access::Login::make(
                          {*store, *users, *gate, second_factor, setup, arrival, forms, audit, clock, log, passed}))
                .value();
    const auto workers = std::make_shared<server::Workers>(server::Workers::Options{});
    std::vector<server::Route> routes = login->routes(workers);
    pages =
        std::move(access::PeoplePages::make(
                      {*store, *users, second_factor, shell, audit, arrival, clock, log, login->passwords(), {}, passed}))
            .value();
    for (server::Route& route : pages->routes(workers)) routes.push_back(std::move(route));
    shell.link(routes);
    const auto says_who = [](const server::Request& request, const server::Reply& reply) {
      reply(server::json_answer(200, "here is " + request.principal->name));
    };
    routes.push_back({"GET", "/", 0, says_who, workers, "viewer"});
    serving = std::make_unique<Serving>(
        std::move(routes), server::Limits{},
        [this](server::Request& request, std::string_view role) { return gate->authorize(request, role); });
    url = serving->url();
  }
  ~Door() { serving->server->stop(); }

  /// Anna, with a second factor; its secret.
  std::string anna_with_two() {
    REQUIRE(users->add({"anna", kPassword, web::Role::admin}, now, access::unnoted()).ok());
    const store::User anna = *store->accounts().find_user("anna").value();
    const auto begun = second_factor.begin(anna, "Logystera", "her session");
    const std::string secret = secret_of(begun.value());
    auto codes = second_factor.turn_on(anna, begun->sealed, "her session", code(secret), now, access::unnoted());
    REQUIRE(codes.ok());
    recovery = codes.value();
    now += access::kTotpStepSeconds;
    return secret;
  }
  static std::string secret_of(const access::SecondFactor::Begun& begun) {
    std::string bytes;
    unsigned held = 0, bits = 0;
    for (const char c : begun.key) {
      held = held << 5 | static_cast<unsigned>(std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(c));
      for (bits += 5; bits >= 8; bits -= 8) bytes += static_cast<char>(held >> (bits - 8) & 255);
    }
    return bytes;
  }
  std::string code(const std::string& secret, std::int64_t aside = 0) const {
    return access::totp_code(secret, now / access::kTotpStepSeconds + aside);
  }
  std::vector<std::string> recovery;
};

/// What the page after a right password asks for.
inline Answered enter(Browser& browser, const Answered& page, const std::string& code) {
  Fields fields;
  for (const char* name : {"csrf", "user", "until", "pending", "next"}) fields.set(name, page.field(name));
  return browser.post("/login/code", fields.set("code", code));
}

inline bool inside(Browser& browser) { return browser.get("/").status == 200; }

}  // namespace logystera::testing

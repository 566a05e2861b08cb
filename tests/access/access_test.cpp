// Who comes in, over a real connection: every role by every way, and every way somebody might try without.
#include "access/access.hpp"

#include <set>

#include "people.hpp"
#include "web/shell.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

namespace {

constexpr std::string_view kForm = "Content-Type: application/x-www-form-urlencoded\r\n";

std::string header_of(const std::string& answer, const std::string& name) {
  const std::size_t at = answer.find("\r\n" + name + ": ");
  if (at == std::string::npos || at > answer.find("\r\n\r\n")) return {};
  const std::size_t begin = at + name.size() + 4;
  return answer.substr(begin, answer.find("\r\n", begin) - begin);
}

int status_of(const std::string& answer) { return answer.size() < 12 ? 0 : std::stoi(answer.substr(9, 3)); }

}  // namespace

TEST_CASE("every_role_gets_as_far_as_it_may_by_session_and_by_token") {
  House house;
  const std::vector<Role> roles{Role::viewer, Role::analyst, Role::admin};
  for (const Role role : roles) {
    const std::int64_t user = house.user("u" + std::string(name_of(role)), role);
    const std::string session = cookie(house.session_of(user)), token = bearer(house.token_of(user, role));
    for (const Role needed : roles) {
      INFO(name_of(role) << " at " << name_of(needed));
      const std::string path = "/" + std::string(name_of(needed));
      const int wanted = role >= needed ? 200 : 403;
      CHECK(status_of(house.get(path, session)) == wanted);
      CHECK(status_of(house.get("/api/v1" + path, session)) == wanted);
      CHECK(status_of(house.get(path, token)) == wanted);
      CHECK(status_of(house.get("/api/v1" + path, token)) == wanted);
      CHECK(status_of(house.post("/api/v1" + path, token)) == wanted);
    }
  }
  CHECK(house.get("/health").find("200 OK") != std::string::npos);
}

TEST_CASE("nobody_without_session_or_token_comes_in_once_there_is_a_user") {
  House house;
  (void)house.user("anna", Role::admin);
  for (const std::string role : {"viewer", "analyst", "admin"}) {
    const std::string api = house.get("/api/v1/" + role);
    CHECK(status_of(api) == 401);
    CHECK(header_of(api, "WWW-Authenticate") == "Bearer realm=\"logystera\"");
    CHECK(header_of(api, "Content-Type") == "application/problem+json");
    CHECK(body_of(api) == R"({"type":"/api/docs#problem-unauthorized","title":"Unauthorized","status":401,)"
                          R"("detail":"send a token: Authorization: Bearer TOKEN","code":"unauthorized"})");
    const std::string page = house.get("/" + role + "?a=1&b=%2F");
    CHECK(status_of(page) == 303);
    CHECK(header_of(page, "Location") == "/login?next=%2F" + role + "%3Fa%3D1%26b%3D%252F");
    const std::string posted = house.post("/" + role, std::string(kForm));
    CHECK(status_of(posted) == 303);
    CHECK(header_of(posted, "Location") == "/login");
    CHECK(status_of(house.post("/api/v1/" + role)) == 401);
  }
  // What a script asks for is not replaced by a page to sign in on.
  const std::string fragment = house.get("/viewer", "HX-Request: true\r\n");
  CHECK(status_of(fragment) == 401);
  CHECK(header_of(fragment, "HX-Redirect") == "/login");
  CHECK(status_of(house.get("/viewer", "Sec-Fetch-Mode: cors\r\n")) == 401);
  CHECK(status_of(house.get("/viewer", "Sec-Fetch-Mode: navigate\r\n")) == 303);
}

TEST_CASE("a_token_that_does_not_hold_is_refused_in_the_same_words_whatever_is_wrong_with_it") {
  House house;
  const std::int64_t anna = house.user("anna", Role::admin), bert = house.user("bert", Role::admin);
  const std::string expired = house.token_of(anna, Role::viewer), revoked = house.token_of(anna, Role::viewer);
  const std::string disabled = house.token_of(bert, Role::viewer);
  REQUIRE(house.users->change("bert", {.disabled = true}, unnoted()).ok());
  REQUIRE(house.tokens->revoke(house.store->accounts().find_token(token_hash(revoked)).value()->id, {}, unnoted()).ok());
  CHECK(status_of(house.get("/api/v1/viewer", bearer(expired))) == 200);
  house.now += kTokenDays * kDaySeconds;
  std::set<std::string> bodies;
  for (const std::string& token : {expired, revoked, disabled, make_token().value(), std::string("mytoken"),
                                   std::string(5000, 'x'), std::string("a b"), std::string("\"")}) {
    INFO(token);
    const std::string answer = house.get("/api/v1/viewer", bearer(token));
    CHECK(status_of(answer) == 401);
    CHECK(header_of(answer, "WWW-Authenticate") == "Bearer realm=\"logystera\", error=\"invalid_token\"");
    bodies.insert(body_of(answer));
  }
  CHECK(bodies.size() == 1);
  CHECK(status_of(house.get("/api/v1/viewer", "Authorization: Bearer\r\n")) == 401);
  const std::string good = house.token_of(anna, Role::viewer);
  CHECK(status_of(house.get("/api/v1/viewer", bearer(good))) == 200);
  CHECK(status_of(house.get("/api/v1/viewer", "authorization: bearer   " + good + "\r\n")) == 200);
  CHECK(status_of(house.get("/api/v1/viewer", bearer(good) + bearer(good))) == 401);
  CHECK(status_of(house.get("/api/v1/viewer", "Authorization: Token " + good + "\r\n")) == 401);
  // A wrong token is not made good by a session beside it.
  CHECK(status_of(house.get("/api/v1/viewer", bearer("x") + cookie(house.session_of(anna)))) == 401);
}

TEST_CASE("a_token_may_what_its_user_still_may_and_sees_what_both_see") {
  House house;
  const std::int64_t anna = house.user("anna", Role::admin), bert = house.user("bert", Role::analyst);
  const std::string all = house.token_of(bert, Role::analyst);
  const std::string some = house.token_of(bert, Role::analyst, {false, {"ent_shop", "ent_blog"}});
  CHECK(body_of(house.get("/api/v1/viewer", bearer(all))) == "2 ci analyst");
  CHECK(body_of(house.get("/api/v1/viewer", bearer(some))) == "2 ci analyst sites: ent_shop ent_blog");
  REQUIRE(
      house.users->change("bert", {.role = Role::viewer, .sites = store::SiteChoice{false, {"ent_blog"}}}, unnoted()).ok());
  CHECK(body_of(house.get("/api/v1/viewer", bearer(all))) == "2 ci viewer sites: ent_blog");
  CHECK(body_of(house.get("/api/v1/viewer", bearer(some))) == "2 ci viewer sites: ent_blog");
  CHECK(status_of(house.get("/api/v1/analyst", bearer(some))) == 403);
  REQUIRE(house.users->change("bert", {.sites = store::SiteChoice{false, {}}}, unnoted()).ok());
  CHECK(body_of(house.get("/api/v1/viewer", bearer(some))) == "2 ci viewer sites:");
  // The server's own belongs to nobody.
  CHECK(body_of(house.get("/api/v1/admin", bearer(house.token_of(0, Role::admin)))) == "2 ci admin");
  REQUIRE(house.users->remove("bert", unnoted()).ok());
  CHECK(status_of(house.get("/api/v1/viewer", bearer(all))) == 401);
  (void)anna;
}

TEST_CASE("the_last_use_of_a_token_is_noted_once_a_minute") {
  House house;
  const std::string token = house.token_of(house.user("anna", Role::admin), Role::viewer);
  const auto used = [&] { return house.store->accounts().find_token(token_hash(token)).value(); };
  CHECK(used()->last_used_at == 0);
  (void)house.get("/api/v1/viewer", bearer(token));
  CHECK(used()->last_used_at == kNow);
  CHECK(used()->last_address == "127.0.0.1");
  house.now += 59;
  (void)house.get("/api/v1/viewer", bearer(token));
  CHECK(used()->last_used_at == kNow);
  house.now += 1;
  (void)house.get("/api/v1/viewer", bearer(token));
  CHECK(used()->last_used_at == kNow + 60);
  house.now = kNow - 1000;  // a clock that was set back
  (void)house.get("/api/v1/viewer", bearer(token));
  CHECK(used()->last_used_at == kNow - 1000);
}

TEST_CASE("a_session_counts_as_long_as_its_user_and_his_role_and_no_longer") {
  House house;
  (void)house.user("anna", Role::admin);
  const std::int64_t bert = house.user("bert", Role::admin);
  std::string session = house.session_of(bert);
  CHECK(body_of(house.get("/admin", cookie(session))) == "1 bert admin");
  REQUIRE(house.users->change("bert", {.role = Role::viewer}, unnoted()).ok());
  CHECK(status_of(house.get("/viewer", cookie(session))) == 303);
  session = house.session_of(bert);
  CHECK(body_of(house.get("/viewer", cookie(session))) == "1 bert viewer");
  house.now += web::kSessionIdleSeconds + 1;
  CHECK(status_of(house.get("/viewer", cookie(session))) == 303);
  session = house.session_of(bert);
  REQUIRE(house.users->remove("bert", unnoted()).ok());
  CHECK(status_of(house.get("/viewer", cookie(session))) == 303);
  CHECK(status_of(house.get("/api/v1/viewer", cookie(session))) == 401);
  // A clock that is set back does not make a session live longer.
  const std::int64_t carl = house.user("carl", Role::viewer);
  house.now += 365 * kDaySeconds;
  session = house.session_of(carl);
  CHECK(status_of(house.get("/viewer", cookie(session))) == 200);
  house.now -= 365 * kDaySeconds;
  CHECK(status_of(house.get("/viewer", cookie(session))) == 303);
}

TEST_CASE("a_planted_cookie_is_nobodys") {
  House house;
  const std::string session = house.session_of(house.user("anna", Role::admin)), mine(43, 'a');
  CHECK(status_of(house.get("/viewer", "Cookie: logystera_session=" + mine + "; logystera_session=" + session + "\r\n")) ==
        303);
  CHECK(status_of(house.get("/viewer", cookie(session) + cookie(session))) == 303);
  CHECK(status_of(house.get("/viewer", cookie(mine))) == 303);
  CHECK(status_of(house.get("/viewer", "Cookie: __Host-logystera_session=" + session + "\r\n")) == 303);
  CHECK(status_of(house.get("/viewer", cookie(session))) == 200);
  // Over HTTPS only the name counts that no other host can set.
  house.arrival.set_public(true);
  CHECK(status_of(house.get("/viewer", cookie(session))) == 303);
  CHECK(status_of(house.get("/viewer", "Cookie: __Host-logystera_session=" + session + "\r\n")) == 200);
}

TEST_CASE("what_changes_something_with_a_session_comes_from_a_page_of_ours") {
  House house;
  const std::string secret = house.session_of(house.user("anna", Role::admin)), session = cookie(secret);
  const std::string token = std::string(kCsrfHeader) + ": " + house.forms.token(web::kFormPurpose, secret) + "\r\n";
  for (const std::string path : {"/admin", "/api/v1/admin"}) {
    INFO(path);
    CHECK(status_of(house.post(path, session)) == 403);
    CHECK(status_of(house.post(path, session + "Content-Type: application/json\r\n")) == 403);
    CHECK(status_of(house.post(path, session + token)) == 200);
    CHECK(status_of(house.post(path, session + token + "Sec-Fetch-Site: same-origin\r\n")) == 200);
    for (const std::string site : {"cross-site", "same-site", "same-origin, cross-site"}) {
      CHECK(status_of(house.post(path, session + token + "Sec-Fetch-Site: " + site + "\r\n")) ==
            (path == "/admin" ? 403 : 401));
    }
    CHECK(status_of(house.post(path, session + token + token)) == 403);
    const std::string others =
        std::string(kCsrfHeader) + ": " + house.forms.token(web::kFormPurpose, std::string(43, 'a')) + "\r\n";
    CHECK(status_of(house.post(path, session + others)) == 403);
    CHECK(status_of(house.post(path, session + others + std::string(kForm))) == 403);
  }
  // A form's token is in its body, which the page's handler looks at.
  CHECK(status_of(house.post("/admin", session + std::string(kForm))) == 200);
  CHECK(status_of(house.post("/api/v1/admin", session + std::string(kForm))) == 403);
  // Another site's page may not even read the API in the visitor's name.
  CHECK(status_of(house.get("/api/v1/viewer", session + "Sec-Fetch-Site: cross-site\r\n")) == 401);
  CHECK(status_of(house.get("/viewer", session + "Sec-Fetch-Site: cross-site\r\n")) == 200);  // a link in a mail
}

TEST_CASE("with_nothing_configured_this_machine_is_let_in_and_a_proxy_ends_that") {
  House house;
  CHECK(house.access->mode().value() == Access::Mode::open);
  for (const std::string path : {"/admin", "/api/v1/admin"}) CHECK(body_of(house.get(path)) == "0 local admin");
  CHECK(status_of(house.get("/api/v1/admin", bearer("whatever"))) == 200);
  // A token that is known is taken for what it is.
  CHECK(status_of(house.get("/api/v1/admin", bearer(house.token_of(0, Role::viewer)))) == 403);
  for (const std::string line : {"X-Forwarded-For: 192.0.2.1", "Forwarded: for=192.0.2.1", "Via: 1.1 proxy",
                                 "X-Real-IP: 192.0.2.1", "X-Forwarded-Host: x", "X-Forwarded-Proto: https"}) {
    INFO(line);
    CHECK(status_of(house.get("/admin", line + "\r\n")) == 403);
    CHECK(status_of(house.get("/api/v1/admin", line + "\r\n")) == 401);
  }
  // A browser's request must be a page's of ours; a program's needs nothing.
  CHECK(status_of(house.post("/api/v1/admin")) == 200);
  CHECK(status_of(house.post("/api/v1/admin", "Origin: http://evil.example\r\n")) == 403);
  CHECK(status_of(house.post("/api/v1/admin", "Origin: null\r\n")) == 403);
  CHECK(status_of(house.post("/api/v1/admin", "Sec-Fetch-Site: cross-site\r\n")) == 403);
  CHECK(status_of(house.post("/api/v1/admin", "Sec-Fetch-Site: same-origin\r\n")) == 403);
  CHECK(status_of(house.post("/admin", std::string(kForm) + "Sec-Fetch-Site: cross-site\r\n")) == 403);
  CHECK(status_of(house.post("/admin")) == 403);
  // The first user ends it at once.
  (void)house.user("anna", Role::admin);
  CHECK(status_of(house.get("/admin")) == 303);
  CHECK(status_of(house.get("/api/v1/admin")) == 401);
}

TEST_CASE("with_nothing_configured_and_others_able_to_reach_it_there_is_setup_and_nothing_else") {
  House house({.reachable = true});
  CHECK(house.access->mode().value() == Access::Mode::setup);
  CHECK(header_of(house.get("/viewer"), "Location") == "/setup");
  CHECK(header_of(house.get("/viewer", "HX-Request: true\r\n"), "HX-Redirect") == "/setup");
  CHECK(status_of(house.get("/api/v1/viewer")) == 401);
  CHECK(status_of(house.post("/api/v1/viewer")) == 401);
  (void)house.user("anna", Role::admin);
  CHECK(house.access->mode().value() == Access::Mode::closed);
}

TEST_CASE("opened_on_purpose_it_is_open_to_everybody_and_a_foreign_page_still_changes_nothing") {
  House house({.reachable = true, .open = true});
  (void)house.user("anna", Role::admin);
  CHECK(house.access->mode().value() == Access::Mode::opened);
  CHECK(body_of(house.get("/admin", "X-Forwarded-For: 192.0.2.1\r\n")) == "0 anybody admin");
  CHECK(status_of(house.post("/api/v1/admin", "Origin: http://evil.example\r\n")) == 403);
}

TEST_CASE("the_configured_token_is_an_administrators_for_the_api_and_pages_ask_to_sign_in") {
  House house({.api_token = "mytoken"});
  CHECK(body_of(house.get("/api/v1/admin", bearer("mytoken"))) == "3 api_token admin");
  CHECK(status_of(house.post("/api/v1/admin", bearer("mytoken"))) == 200);
  CHECK(status_of(house.get("/api/v1/admin")) == 401);
  for (const std::string wrong : {"mytoke", "mytoken ", "Mytoken", "mytokenx"}) {
    CHECK(status_of(house.get("/api/v1/admin", bearer(wrong))) ==
          (wrong == "mytoken " ? 200 : 401));  // blanks end no value
  }
  CHECK(header_of(house.get("/admin"), "Location") == "/login?next=%2Fadmin");
  CHECK(house.access->is_key("mytoken"));
  CHECK(!house.access->is_key(""));
  const auto sign_in = [&](const std::string& key) {
    return house.sessions->sign_in({.key = key, .created_at = house.now}).value();
  };
  CHECK(body_of(house.get("/admin", cookie(sign_in(house.access->key_mark())))) == "3 api_token admin");
  // A session with a token that is no longer the configured one, or with none, is nobody's.
  CHECK(status_of(house.get("/admin", cookie(sign_in(std::string(32, 'x'))))) == 303);
  CHECK(status_of(house.get("/admin", cookie(sign_in("")))) == 303);
  House other({.api_token = "another"});
  CHECK(other.access->key_mark() != house.access->key_mark());
  House none;
  CHECK(!none.access->is_key(""));
  (void)none.user("anna", Role::admin);
  CHECK(status_of(none.get("/admin", cookie(none.sessions->sign_in({.key = "", .created_at = kNow}).value()))) == 303);
  CHECK(status_of(none.get("/api/v1/admin", bearer(""))) == 401);
}

TEST_CASE("who_guesses_tokens_has_to_wait_and_keeps_nobody_out_who_has_one") {
  House house({.api_token = "mytoken"}, {.proxies = 1});
  const std::string token = house.token_of(house.user("anna", Role::admin), Role::viewer);
  const auto from = [](const std::string& address) { return "X-Forwarded-For: " + address + "\r\n"; };
  const auto tries = static_cast<int>(kWrongTokens.burst);
  for (int i = 0; i < tries; ++i) {
    CHECK(status_of(house.get("/api/v1/viewer", bearer("guess" + std::to_string(i)) + from("192.0.2.1"))) == 401);
  }
  const std::string late = house.get("/api/v1/viewer", bearer("guess") + from("192.0.2.1"));
  CHECK(status_of(late) == 429);
  CHECK(header_of(late, "Retry-After") == "6");
  // Nor is the right one told from a wrong one while he waits. What cannot be guessed is another matter.
  CHECK(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.1"))) == 429);
  CHECK(status_of(house.get("/api/v1/viewer", bearer(token) + from("192.0.2.1"))) == 200);
  CHECK(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.2"))) == 200);
  // The line a client sends itself does not make him another.
  CHECK(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.9") + from("192.0.2.1"))) == 429);
  CHECK(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.9, 192.0.2.1"))) == 429);
  house.now += 60;
  CHECK(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.1"))) == 200);
  // The right one costs nothing, however often it comes.
  for (int i = 0; i < 2 * tries; ++i) {
    REQUIRE(status_of(house.get("/api/v1/viewer", bearer("mytoken") + from("192.0.2.3"))) == 200);
  }
}

TEST_CASE("a_route_with_a_role_there_is_not_lets_in_nobody") {
  House house;
  CHECK(status_of(house.get("/api/v1/misspelt")) == 503);
  CHECK(house.logged.find("asks for a role there is not: amdin") != std::string::npos);
}

TEST_CASE("a_refusal_of_a_request_without_a_body_keeps_the_connection_and_one_with_a_body_ends_it") {
  House house;
  (void)house.user("anna", Role::admin);
  const std::string get = "GET /api/v1/viewer HTTP/1.1\r\nHost: x\r\n";
  SocketClient client(house.serving->url());
  client.send(get + "\r\n" + get + "\r\n" + get + "Connection: close\r\n\r\n");
  const std::string all = client.receive_all();
  std::size_t answers = 0;
  for (std::size_t at = 0; (at = all.find("HTTP/1.1 401", at)) != std::string::npos; ++at) ++answers;
  CHECK(answers == 3);
  SocketClient sender(house.serving->url());
  sender.send("POST /api/v1/viewer HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(get.size() + 2) + "\r\n\r\n" +
              get + "\r\n" + get + "\r\n");
  const std::string refused = sender.receive_all();
  CHECK(refused.find("HTTP/1.1 401") == 0);
  CHECK(refused.find("HTTP/1.1", 1) == std::string::npos);
}

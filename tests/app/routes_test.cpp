// Every route of the application by every way to ask for it: made of the application's own list, so that a route without a role, or
// one that forgets to look at a form's token, is found here.
#include <algorithm>
#include <set>

#include "catch.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// Routes for everybody, each with its reason. Whatever else there is names a role.
const std::set<std::string>& for_everybody() {
  static const std::set<std::string> routes{"GET /.well-known/oauth-authorization-server",  // RFC 8414
                                            "POST /oauth/token",                            // the code is the credential
                                            "GET /login",
                                            "POST /login",
                                            "POST /login/code",
                                            "POST /logout",
                                            "GET /setup",
                                            "POST /setup",  // how one gets in
                                            "POST /theme",  // a cookie of the browser's own
                                            "GET /a/{id}/snooze",
                                            "POST /a/{id}/snooze",  // signed, for whoever has the link
                                            "GET /health",
                                            "GET /api/v1/health",        // says whether it is well
                                            "GET /api/v1/openapi.json",  // the contract, of which nothing is secret
                                            "POST /v1/ingest",
                                            "POST /v1/ping",
                                            "POST /v1/disconnect",
                                            "POST /v1/support"};  // signed
  return routes;
}

bool is_asset(const server::Route& route) {
  return route.method == "GET" && (route.path.starts_with("/assets/") || route.path == "/favicon.ico");
}

bool is_let_in(const Whole::Answered& answered) {
  return answered.status != 0 && answered.status != 401 && answered.status != 403 &&
         !answered.location.starts_with("/login") && !answered.location.starts_with("/setup");
}

}  // namespace

TEST_CASE("every_route_names_a_role_or_a_reason_to_be_for_everybody") {
  Whole whole;
  std::size_t guarded = 0;
  for (const server::Route& route : whole.routes) {
    const std::string name = route.method + " " + route.path;
    INFO(name);
    if (route.role.empty()) {
      CHECK((is_asset(route) || for_everybody().count(name) == 1));
      continue;
    }
    ++guarded;
    CHECK(web::role_of(route.role).has_value());
    CHECK(route.workers != nullptr);  // who may come in is looked up in the database
    // A viewer changes nothing but his own account; a line handed in is looked at and not kept.
    const bool ones_own = route.path.starts_with("/account") || route.path == "/api/v1/events";
    if (route.method != "GET") CHECK((route.role != "viewer" || ones_own));
  }
  CHECK(guarded > 40);
  // What sites send, and who looks whether it is well, may call it by any name.
  for (const server::Route& route : whole.routes) {
    INFO(route.path);
    CHECK(route.any_host == (route.path.starts_with("/v1/") || route.path == "/health"));
  }
}

TEST_CASE("every_route_lets_in_its_role_and_above_and_nobody_else_by_whatever_means") {
  Whole whole;
  const std::int64_t viewer = whole.user("victor", Role::viewer), analyst = whole.user("anna", Role::analyst),
                     admin = whole.user("adam", Role::admin), gone = whole.user("gone", Role::admin);
  const std::string expired = whole.token(admin, Role::admin), of_disabled = whole.token(gone, Role::admin);
  whole.now += 91 * 24 * 3600;
  store::User disabled = *whole.store->accounts().find_user(gone).value();
  disabled.disabled = true;
  const std::string of_gone =
      "Cookie: logystera_session=" + web::Sessions(whole.store->accounts()).sign_in(gone, whole.now).value() + "\r\n";
  REQUIRE(whole.store->accounts().set_access(disabled).value());
  const std::string wrong = "Authorization: Bearer " + access::make_token().value() + "\r\n";
  const std::vector<std::pair<Role, std::string>> tokens{{Role::viewer, whole.token(viewer, Role::viewer)},
                                                         {Role::analyst, whole.token(analyst, Role::analyst)},
                                                         {Role::admin, whole.token(admin, Role::admin)}};
  const std::string restricted = whole.token(admin, Role::viewer, {false, {}});
  for (const server::Route& route : whole.guarded()) {
    INFO(route.method << " " << route.path << " is for " << route.role);
    const Role needed = *web::role_of(route.role);
    const bool api = route.path.starts_with("/api/") || route.path == "/metrics";
    const Whole::Answered nobody = whole.ask(route, "");
    if (api) CHECK(nobody.status == 401);
    else CHECK((nobody.status == 303 && nobody.location.starts_with("/login")));
    for (const std::string& headers : {wrong, expired, of_disabled}) CHECK(whole.ask(route, headers).status == 401);
    CHECK_FALSE(is_let_in(whole.ask(route, of_gone)));
    for (const auto& [role, token] : tokens) {
      INFO("as " << name_of(role));
      const Whole::Answered answered = whole.ask(route, token);
      if (role < needed) CHECK(answered.status == 403);
      else if (api || route.method == "GET") CHECK(is_let_in(answered));
    }
    if (needed == Role::viewer && route.method == "GET") {
      // Who sees no site gets what there is for him, or that there is nothing.
      const int status = whole.ask(route, restricted).status;
      const bool of_rules = route.path.starts_with("/api/v1/rules");  // which this server could not load
      CHECK((status == 200 || status == 303 || status == 400 || status == 404 || (of_rules && status == 503)));
    }
    whole.now += 60;  // wrong tokens are limited by address
  }
}

TEST_CASE("whatever_changes_something_with_a_session_is_refused_without_the_token_of_a_page") {
  Whole whole;
  const std::int64_t admin = whole.user("adam", Role::admin);
  const std::string session =
      "Cookie: logystera_session=" + web::Sessions(whole.store->accounts()).sign_in(admin, whole.now).value() + "\r\n";
  std::size_t asked = 0;
  for (const server::Route& route : whole.guarded()) {
    INFO(route.method << " " << route.path);
    if (route.method == "GET") {
      CHECK(is_let_in(whole.ask(route, session)));
      continue;
    }
    ++asked;
    const int status = whole.ask(route, session).status;
    // The body is no form of a page: refused for that, or for the token it has not.
    CHECK((status == 403 || status == 400));
    CHECK_FALSE(is_let_in(whole.ask(route, session + "Sec-Fetch-Site: cross-site\r\n")));
  }
  CHECK(asked > 10);
  CHECK(whole.store->accounts().users().value().size() == 1);
  CHECK(whole.store->entities().list().value().empty());
}

TEST_CASE("pages_say_that_they_are_to_be_reached_encrypted_where_they_are_and_only_there") {
  const std::string header = "\r\nStrict-Transport-Security: max-age=31536000\r\n";
  const Whole whole;
  const auto says = [&](const std::string& method, const std::string& path) {
    const std::string head = whole.head(method, path);
    INFO(method << " " << path << "\n" << head);
    REQUIRE(head.starts_with("HTTP/1.1 "));
    const std::size_t at = head.find("Strict-Transport-Security");
    if (at == std::string::npos) return false;
    CHECK(head.find(header) == at - 2);
    CHECK(head.find("Strict-Transport-Security", at + 1) == std::string::npos);
    return true;
  };
  const std::vector<std::pair<std::string, std::string>> asked{
      {"GET", "/login"}, {"GET", "/setup"}, {"GET", "/nothing"}, {"POST", "/theme"}, {"POST", "/login"}};
  for (const auto& [method, path] : asked) CHECK(!says(method, path));
  whole.reached_by("https://gateway.example.org");
  for (const auto& [method, path] : asked) CHECK(says(method, path));
  whole.reached_by("http://gateway.example.org");
  for (const auto& [method, path] : asked) CHECK(!says(method, path));
}

TEST_CASE("what_the_server_itself_refuses_is_a_page_for_people_and_a_problem_for_programs") {
  const Whole whole;
  const std::string of_pages = "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
  const auto has = [](const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; };
  for (const auto& [path, status, title] :
       std::vector<std::tuple<std::string, std::string, std::string>>{{"/nothing", "404", "There is no such page"},
                                                                      {"/nothing/at/all", "404", "There is no such page"},
                                                                      {"/api/nothing", "404", "There is no such page"},
                                                                      {"/theme", "405", "This page cannot do that"},
                                                                      {"/a/../b", "400", "This address cannot be read"},
                                                                      {"/throws/within", "500", "Something went wrong"}}) {
    INFO(path);
    const std::string page = whole.whole_answer(path, of_pages);
    CHECK(page.starts_with("HTTP/1.1 " + status + " "));
    CHECK(has(page, "Content-Type: text/html"));
    CHECK(has(page, "Content-Security-Policy: default-src 'none'"));
    CHECK(has(page, title));
    CHECK_FALSE(has(page, "a secret"));
    const std::string json = whole.whole_answer(path, "");
    CHECK(json.starts_with("HTTP/1.1 " + status + " "));
    CHECK(has(json, "Content-Type: application/json"));
  }
  for (const auto& [path, code] : std::vector<std::pair<std::string, std::string>>{{"/api/v1/nothing/more", "not_found"},
                                                                                   {"/api/v1/throws", "internal_error"}}) {
    INFO(path);
    for (const std::string& headers : {of_pages, std::string()}) {
      const std::string problem = whole.whole_answer(path, headers);
      CHECK(has(problem, "Content-Type: application/problem+json"));
      CHECK(has(problem, "\"code\":\"" + code + "\""));
      CHECK_FALSE(has(problem, "a secret"));
    }
  }
}

TEST_CASE("the_theme_of_whoever_is_signed_in_is_stored_with_his_account") {
  Whole whole;
  const std::int64_t anna = whole.user("anna", Role::viewer);
  const std::string session =
      "Cookie: logystera_session=" + web::Sessions(whole.store->accounts()).sign_in(anna, whole.now).value() + "\r\n";
  const auto choose = [&](const std::string& theme, const std::string& headers) {
    const std::string body = "theme=" + theme + "&back=%2F";
    SocketClient client(whole.server->urls().front());
    client.send("POST /theme HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    return client.receive_all();
  };
  const auto stored = [&] { return whole.store->accounts().find_user(anna).value()->theme; };
  CHECK(choose("dark", "").find("Set-Cookie: logystera_theme=dark") != std::string::npos);
  CHECK(stored().empty());  // nobody was signed in
  CHECK(choose("dark", session).find("Set-Cookie: logystera_theme=dark") != std::string::npos);
  CHECK(stored() == "dark");
  CHECK(choose("red", session).starts_with("HTTP/1.1 400"));
  CHECK(choose("light", session + "Sec-Fetch-Site: cross-site\r\n").starts_with("HTTP/1.1 400"));
  CHECK(stored() == "dark");
}

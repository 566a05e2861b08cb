// Connecting a site over real HTTP: the whole way, and every way somebody might try to abuse it.
#include "gateway/connect.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <thread>

#include "access/access.hpp"
#include "access/login.hpp"
#include "access/second_factor.hpp"
#include "access/setup.hpp"
#include "connecting.hpp"
#include "core/wire.hpp"
#include "socket_client.hpp"
#include "web/assets.hpp"
#include "web/audit.hpp"
#include "web/shell.hpp"

using namespace logystera;
using namespace logystera::gateway;
using logystera::access::kLoginsForName;
using logystera::access::kLoginsForNameOfAll;
using logystera::access::kLoginsOfAddress;
using namespace logystera::web;
using namespace logystera::testing;

namespace {

constexpr std::string_view kIssuer = "https://gateway.example";

/// With everybody who has to be there to sign in.
struct Web : House {
  web::FormTokens forms{"a secret of this process"};
  web::Arrival arrival;
  web::Audit audit{arrival, [this] { return now; }};
  access::SecondFactor second_factor{
      *store,
      {[this](std::string_view secret, std::string_view bound_to) { return entities->vault().seal(secret, bound_to); },
       [this](std::string_view sealed, std::string_view bound_to) { return entities->vault().unseal(sealed, bound_to); }}};
  access::SetupSecret setup;
  std::unique_ptr<access::Access> access;
  std::unique_ptr<access::Login> login;
  std::unique_ptr<Connect> connect;
  std::unique_ptr<server::Server> server;
  std::string url;

  explicit Web(std::string issuer = std::string(kIssuer), std::size_t proxies = 0, access::Access::Options options = {})
      : arrival({.proxies = proxies}) {
    const auto clock = [this] { return now; };
    const auto log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    options.now = options.elapsed = clock;
    options.log = log;
    options.page = web::problem_page;
    access = std::move(access::Access::make(*store, *sessions, arrival, forms, options)).value();
    login = std::move(access::Login::make(
                          {*store, *users, *access, second_factor, setup, arrival, forms, audit, clock, log, clock}))
                .value();
    connect =
        std::move(Connect::make(*authorization, arrival, forms, {.now = clock, .log = log, .elapsed = clock})).value();
    const auto workers = std::make_shared<server::Workers>(server::Workers::Options{});
    server::Listener listener;
    listener.host = "127.0.0.1";
    listener.routes = connect->routes(workers);
    for (server::Route& route : login->routes(workers)) listener.routes.push_back(std::move(route));
    listener.authorize = [this](server::Request& request, std::string_view role) {
      return access->authorize(request, role);
    };
    std::vector<server::Listener> listeners;
    listeners.push_back(std::move(listener));
    auto started = server::Server::start(std::move(listeners));
    REQUIRE(started.ok());
    server = std::move(started).value();
    url = server->urls().front();
    if (!issuer.empty()) connect->open({issuer, issuer});
    if (!issuer.empty()) arrival.set_public(issuer.starts_with("https://"));
  }
  // In the order the server asks for: replies still under way are dropped before it goes.
  ~Web() {
    server->stop();
    connect.reset();
    login.reset();
  }
};

std::string authorize_target(const Fields& fields = authorization_fields()) {
  return "/oauth/authorize?" + fields.encoded();
}

Fields decision(const Answered& consent, const std::string& what = "allow") {
  return {{{"csrf", consent.field("csrf")}, {"request", consent.field("request")}, {"decision", what}}};
}

std::string parameter(const std::string& location, const std::string& name) {
  const auto form = Form::parse(location.substr(location.find('?') + 1));
  return form ? std::string(form.value()[name]) : "";
}

rapidjson::Document json_of(const Answered& answered) {
  rapidjson::Document document;
  document.Parse(answered.body.c_str());
  REQUIRE(document.IsObject());
  return document;
}

std::string error_of(const Answered& answered) {
  const auto document = json_of(answered);
  return document.HasMember("error") ? document["error"].GetString() : "";
}

/// A browser whose user has signed in and sees the consent page.
struct Consenting {
  Browser browser;
  Answered page;

  explicit Consenting(Web& web, const Fields& fields = authorization_fields()) : browser(web) {
    if (!web.store->accounts().find_user("anna").value()) web.user();
    REQUIRE(browser.sign_in("anna", kPassword, authorize_target(fields)).status == 303);
    page = browser.get(authorize_target(fields));
    REQUIRE(page.status == 200);
  }
  std::string code() { return parameter(browser.post("/oauth/authorize", decision(page)).header("Location"), "code"); }
};

void check_protected(const Answered& page) {
  const std::string policy = page.header("Content-Security-Policy");
  CHECK(policy.find(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
            "frame-ancestors 'none'; form-action 'self'") == 0);
  CHECK(page.header("X-Frame-Options") == "DENY");
  CHECK(page.header("Referrer-Policy") == "no-referrer");
  CHECK(page.header("X-Content-Type-Options") == "nosniff");
  CHECK(page.header("Cache-Control") == "no-store");
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.body.find("<script>") == std::string::npos);
  CHECK(page.body.find("style=") == std::string::npos);
  CHECK(page.body.find("<html lang=\"en\"") != std::string::npos);
  CHECK(page.body.find("<main ") != std::string::npos);
}

bool signed_in(Browser& browser) { return browser.get("/login").shows("Signed in as"); }

}  // namespace

TEST_CASE("pages_give_way_to_what_sites_send_hold_up_each_other_late_and_refuse_what_is_too_much") {
  const server::Workers::Options pages = gateway::pages::workers();
  CHECK(pages.gives_way);
  CHECK(pages.threads >= 2);
  CHECK(pages.threads < std::max(3u, std::thread::hardware_concurrency()));
  CHECK(pages.full.status == 503);
  CHECK(std::any_of(pages.full.headers.begin(), pages.full.headers.end(),
                    [](const auto& header) { return header.first == "Retry-After"; }));
}

TEST_CASE("a_site_is_connected_by_a_person_who_was_shown_its_host") {
  Web web;
  web.user();
  Browser browser(web);
  const Answered asked = browser.get(authorize_target());
  CHECK(asked.status == 303);
  const Answered login = browser.get(asked.header("Location"));
  CHECK(login.status == 200);
  CHECK(login.shows("A site asks to be connected to this server."));
  check_protected(login);
  CHECK(login.shows("<label for=\"name\">"));
  CHECK(login.shows("<label for=\"password\">"));
  const Answered entered = browser.post(
      "/login",
      Fields{{{"csrf", login.field("csrf")}, {"next", login.field("next")}, {"name", "ANNA"}, {"password", kPassword}}});
  CHECK(entered.status == 303);
  const std::string back = entered.header("Location");
  CHECK(back.find("/oauth/authorize?response_type=code&") == 0);

  const Answered consent = browser.get(back);
  CHECK(consent.status == 200);
  check_protected(consent);
  CHECK(consent.header("Content-Security-Policy").find("form-action 'self' https://example.org") != std::string::npos);
  CHECK(consent.shows("<p class=\"host\">example.org</p>"));
  CHECK(consent.shows("<bdi>Example</bdi>"));
  CHECK(consent.shows("Signed in as <b><bdi>anna</bdi></b>"));
  CHECK(!consent.shows("class=\"note\""));

  const Answered allowed = browser.post("/oauth/authorize", decision(consent));
  CHECK(allowed.status == 303);
  const std::string location = allowed.header("Location");
  CHECK(location.find("https://example.org/admin/connect?step=2&code=") == 0);
  CHECK(parameter(location, "state") == kState);
  CHECK(parameter(location, "iss") == kIssuer);
  CHECK(allowed.header("Referrer-Policy") == "no-referrer");

  Browser site(web);
  const std::string code = parameter(location, "code");
  const Answered token = site.post("/oauth/token", token_fields(code));
  CHECK(token.status == 200);
  CHECK(token.header("Cache-Control") == "no-store");
  CHECK(token.header("Content-Type") == "application/json");
  const auto document = json_of(token);
  CHECK(document["token_type"].GetString() == std::string("entity"));
  CHECK(document["gateway_url"].GetString() == std::string(kIssuer));
  CHECK(document["entity_name"].GetString() == std::string("example.org"));
  const std::string secret = document["entity_secret"].GetString();
  const auto sender = web.entities->sender(document["entity_token"].GetString(), web.now);
  CHECK(sender->known);
  CHECK(sender->secret == secret);

  // Once more: it ends what it made.
  const Answered again = site.post("/oauth/token", token_fields(code));
  CHECK(again.status == 400);
  CHECK(error_of(again) == "invalid_grant");
  CHECK(!web.entities->sender(document["entity_token"].GetString(), web.now)->known);

  // Neither log nor database know what was secret.
  std::string kept = web.logged;
  for (const char* name : {"a.db", "a.db-wal"}) {
    std::ifstream file(web.scratch.file(name), std::ios::binary);
    kept.append(std::istreambuf_iterator<char>(file), {});
  }
  CHECK(kept.size() > 4096);
  CHECK(kept.find("$argon2id$") != std::string::npos);
  for (const std::string& hidden : {secret, code, kPassword, kVerifier, browser.cookies["__Host-logystera_session"]}) {
    REQUIRE(hidden.size() > 20);
    CHECK(kept.find(hidden) == std::string::npos);
  }
}

TEST_CASE("whoever_denies_is_sent_back_without_a_code") {
  Web web;
  Consenting consenting(web);
  const Answered denied = consenting.browser.post("/oauth/authorize", decision(consenting.page, "deny"));
  CHECK(denied.status == 303);
  const std::string location = denied.header("Location");
  CHECK(location.find("https://example.org/admin/connect?step=2&error=access_denied&state=") == 0);
  CHECK(parameter(location, "state") == kState);
  CHECK(parameter(location, "iss") == kIssuer);
  CHECK(parameter(location, "code").empty());
}

TEST_CASE("a_faulty_request_is_shown_and_never_redirected") {
  Web web;
  Browser browser(web);
  const auto [name, value] =
      GENERATE(table<const char*, const char*>({{"redirect_uri", "https://evil.example/"},
                                                {"redirect_uri", ""},
                                                {"client_id", "http://evil.example/"},
                                                {"state", ""},
                                                {"code_challenge_method", "plain"},
                                                {"code_challenge", ""},
                                                {"response_type", "token"},
                                                {"redirect_uri", "https://example.org/\r\nX-Evil: 1"},
                                                {"site_name", "\x07"}}));
  const bool with_session = GENERATE(false, true);
  if (with_session) {
    web.user();
    REQUIRE(browser.sign_in().status == 303);
  }
  const Answered answered = browser.get(authorize_target(authorization_fields().set(name, value)));
  CHECK(answered.status == 400);
  CHECK(answered.header("Location").empty());
  CHECK(answered.header("X-Evil").empty());
  CHECK(answered.shows(name));
  check_protected(answered);
}

TEST_CASE("a_parameter_that_comes_twice_or_is_over_long_is_refused") {
  Web web;
  Browser browser(web);
  CHECK(browser.get(authorize_target() + "&state=another-state-of-an-attacker").status == 400);
  CHECK(browser.get(authorize_target(authorization_fields().set("site_name", std::string(5000, 'x')))).status == 400);
  CHECK(browser.get(authorize_target() + "&x=" + std::string(20'000, 'x')).status == 431);
  CHECK(browser.get("/oauth/authorize?a=%zz").status == 400);
  CHECK(browser.get("/oauth/authorize").status == 400);
  CHECK(browser.post("/oauth/token", std::string(kFormBytes + 1, 'a')).status == 413);
  CHECK(browser.post("/login", std::string(kFormBytes + 1, 'a')).status == 413);
}

TEST_CASE("what_a_site_calls_itself_is_text_and_nothing_else") {
  Web web;
  const Consenting consenting(web, authorization_fields().set("site_name", "\"><script>alert('1')</script>&amp;"));
  CHECK(consenting.page.shows("<bdi>&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;</bdi>"));
  check_protected(consenting.page);
}

TEST_CASE("the_host_is_shown_as_machines_read_it") {
  Web web;
  const auto shown = [&](const std::string& origin) {
    return Consenting(web, authorization_fields().set("client_id", origin + "/").set("redirect_uri", origin + "/callback"))
        .page;
  };
  const Answered international = shown("https://xn--pypal-4ve.example:8443");
  CHECK(international.shows("<p class=\"host\">xn--pypal-4ve.example:8443</p>"));
  CHECK(international.shows("letters of other alphabets"));
  const Answered loopback = shown("http://localhost:8888");
  CHECK(loopback.shows("<p class=\"host\">localhost:8888</p>"));
  CHECK(loopback.shows("the computer your browser runs on"));
}

TEST_CASE("a_consent_counts_only_with_the_token_of_its_page_session_and_request") {
  Web web;
  Consenting mine(web);
  SECTION("none") { mine.page = Answered(); }
  SECTION("of another session") {
    REQUIRE(web.users->add({"eve", kPassword, Role::admin}, kNow, access::unnoted()).ok());
    Browser eve(web);
    REQUIRE(eve.sign_in("eve", kPassword, authorize_target()).status == 303);
    mine.page = eve.get(authorize_target());
  }
  SECTION("of another request") {
    const Answered other = mine.browser.get(authorize_target(
        authorization_fields().set("client_id", "https://evil.example/").set("redirect_uri", "https://evil.example/")));
    Fields swapped = decision(mine.page);
    swapped.set("request", other.field("request"));
    const Answered answered = mine.browser.post("/oauth/authorize", swapped);
    CHECK(answered.status == 403);
    CHECK(answered.header("Location").empty());
    return;
  }
  Fields fields = decision(mine.page);
  fields.set("request", authorization_fields().encoded()).set("decision", "allow");
  const Answered answered = mine.browser.post("/oauth/authorize", fields);
  CHECK(answered.status == 403);
  CHECK(answered.header("Location").empty());
  check_protected(answered);
}

TEST_CASE("a_post_another_site_has_made_is_refused") {
  Web web;
  Consenting mine(web);
  mine.browser.further = {std::string("Sec-Fetch-Site: ") + GENERATE("cross-site", "same-site")};
  CHECK(mine.browser.post("/oauth/authorize", decision(mine.page)).status == 403);
  mine.browser.further = {"Sec-Fetch-Site: same-origin"};
  CHECK(mine.browser.post("/oauth/authorize", decision(mine.page)).status == 303);
}

TEST_CASE("a_decision_without_a_session_asks_to_sign_in_and_decides_nothing") {
  Web web;
  Consenting mine(web);
  mine.browser.cookies.clear();
  const Answered answered = mine.browser.post("/oauth/authorize", decision(mine.page));
  CHECK(answered.status == 303);
  CHECK(answered.header("Location") == "/login");
  CHECK(web.all_entities().empty());
}

TEST_CASE("signing_in_needs_the_token_of_its_own_form") {
  Web web;
  web.user();
  Browser browser(web), other(web);
  const Answered page = browser.get("/login");
  Fields fields{{{"csrf", page.field("csrf")}, {"name", "anna"}, {"password", kPassword}}};
  SECTION("missing") { fields.set("csrf", ""); }
  SECTION("of another browser") { fields.set("csrf", other.get("/login").field("csrf")); }
  SECTION("without its cookie") { browser.cookies.clear(); }
  const Answered answered = browser.post("/login", fields);
  CHECK(answered.status == 403);
  CHECK(answered.header("Set-Cookie").empty());
  CHECK(!signed_in(browser));
}

TEST_CASE("a_session_that_was_planted_gains_nothing") {
  Web web;
  web.user();
  Browser victim(web), attacker(web);
  const std::string planted(43, 'p');
  victim.cookies["__Host-logystera_session"] = attacker.cookies["__Host-logystera_session"] = planted;
  REQUIRE(victim.sign_in().status == 303);
  CHECK(victim.cookies["__Host-logystera_session"] != planted);
  CHECK(signed_in(victim));
  CHECK(!signed_in(attacker));
}

TEST_CASE("signing_in_again_makes_a_new_session_and_ends_the_old") {
  Web web;
  web.user();
  Browser browser(web);
  REQUIRE(browser.sign_in().status == 303);
  Browser kept = browser;
  CHECK(signed_in(kept));
  // A form from before is still open in another tab.
  Browser fresh(web);
  const Answered form = fresh.get("/login");
  browser.cookies["__Host-logystera_login"] = fresh.cookies["__Host-logystera_login"];
  const Answered entered =
      browser.post("/login", Fields{{{"csrf", form.field("csrf")}, {"name", "anna"}, {"password", kPassword}}});
  CHECK(entered.status == 303);
  CHECK(browser.cookies["__Host-logystera_session"] != kept.cookies["__Host-logystera_session"]);
  CHECK(signed_in(browser));
  CHECK(!signed_in(kept));
}

TEST_CASE("cookies_are_out_of_reach_for_scripts_and_other_sites") {
  Web web;
  web.user();
  Browser browser(web);
  for (const std::string& cookie : {browser.get("/login").header("Set-Cookie"), browser.sign_in().header("Set-Cookie")}) {
    CHECK(cookie.find("__Host-logystera_") == 0);
    CHECK(cookie.find("; Path=/; HttpOnly; SameSite=Lax; Secure") != std::string::npos);
    CHECK(cookie.find("Domain") == std::string::npos);
  }
  // Without TLS, on this machine, browsers would not take a secure one back.
  Web plain("http://127.0.0.1:8080");
  const std::string cookie = Browser(plain).get("/login").header("Set-Cookie");
  CHECK(cookie.find("logystera_login=") == 0);
  CHECK(cookie.find("HttpOnly; SameSite=Lax") != std::string::npos);
  CHECK(cookie.find("Secure") == std::string::npos);
}

TEST_CASE("a_cookie_that_comes_twice_is_none") {
  Web web;
  web.user();
  Browser browser(web);
  REQUIRE(browser.sign_in().status == 303);
  const std::string session = browser.cookies["__Host-logystera_session"];
  browser.cookies.clear();
  // Whichever comes first.
  for (const std::string& both : {session + "; __Host-logystera_session=" + std::string(43, 'x'),
                                  std::string(43, 'x') + "; __Host-logystera_session=" + session}) {
    browser.cookies.clear();
    browser.further = {"Cookie: __Host-logystera_session=" + both};
    CHECK(!signed_in(browser));
  }
  browser.cookies.clear();
  browser.further = {"Cookie: a=b;__Host-logystera_session=" + session};
  CHECK(signed_in(browser));
}

TEST_CASE("a_session_ends_by_idling_by_age_by_signing_out_and_with_the_password") {
  Web web;
  web.user();
  Browser browser(web);
  REQUIRE(browser.sign_in().status == 303);
  SECTION("idling") {
    web.now += kSessionIdleSeconds;
    CHECK(signed_in(browser));
    web.now += kSessionIdleSeconds + 1;
    CHECK(!signed_in(browser));
    web.now -= kSessionIdleSeconds;  // for good
    CHECK(!signed_in(browser));
  }
  SECTION("age") {
    for (std::int64_t age = 0; age < kSessionSeconds; age += kSessionIdleSeconds) {
      CHECK(signed_in(browser));
      web.now += kSessionIdleSeconds;
    }
    CHECK(signed_in(browser));
    web.now += 1;
    CHECK(!signed_in(browser));
  }
  SECTION("signing out") {
    const Browser before = browser;
    CHECK(browser.post("/logout", Fields{{{"csrf", "x"}}}).status == 403);
    CHECK(signed_in(browser));
    const Answered out = browser.post("/logout", Fields{{{"csrf", browser.get("/login").field("csrf")}}});
    CHECK(out.status == 303);
    CHECK(out.header("Location") == "/login");
    CHECK(browser.cookies.count("__Host-logystera_session") == 0);
    Browser kept = before;
    CHECK(!signed_in(kept));
  }
  SECTION("another password") {
    REQUIRE(web.users->set_password("anna", "another password of anna's", access::unnoted()).ok());
    CHECK(!signed_in(browser));
    CHECK(browser.sign_in().shows("is wrong"));
    CHECK(browser.sign_in("anna", "another password of anna's").status == 303);
  }
  SECTION("removal") {
    REQUIRE(web.users->remove("anna", access::unnoted(), true).ok());
    CHECK(!signed_in(browser));
  }
}

TEST_CASE("only_an_administrator_connects_sites") {
  Web web;
  REQUIRE(web.users->add({"eve", kPassword, Role::analyst}, kNow, access::unnoted()).ok());
  Browser eve(web);
  REQUIRE(eve.sign_in("eve", kPassword, authorize_target()).status == 303);
  const Answered page = eve.get(authorize_target());
  CHECK(page.status == 403);
  CHECK(page.shows("It takes the role admin."));
  CHECK(page.field("csrf").empty());
  // Nor one who was one when the page was shown.
  Consenting consenting(web);
  (void)web.user("carl");
  store::User anna = *web.store->accounts().find_user("anna").value();
  anna.role = "viewer";
  REQUIRE(web.store->accounts().set_access(anna).value());
  const Answered answer = consenting.browser.post("/oauth/authorize", decision(consenting.page));
  CHECK(answer.header("Location") == "/login");  // another role ends the session
  CHECK(web.all_entities().empty());
}

TEST_CASE("a_code_ends_with_the_password_of_who_allowed_it") {
  Web web;
  Consenting consenting(web);
  const std::string code = consenting.code();
  REQUIRE(web.users->set_password("anna", "another password of anna's", access::unnoted()).ok());
  CHECK(error_of(Browser(web).post("/oauth/token", token_fields(code))) == "invalid_grant");
  CHECK(web.all_entities().empty());
}

TEST_CASE("nobody_learns_which_users_there_are") {
  Web web;
  web.user();
  const auto without_tokens = [](Answered answered) {
    return std::regex_replace(answered.body, std::regex("value=\"[^\"]*\""), "value");
  };
  Browser a(web), b(web), c(web), d(web);
  const Answered known = a.sign_in("anna", "not the right password"), unknown = b.sign_in("bert", "not the right password");
  CHECK(known.status == unknown.status);
  CHECK(without_tokens(known) == without_tokens(unknown));
  CHECK(known.shows("User name or password is wrong."));
  for (const std::string& name : {std::string(5, ' '), std::string("' OR 1=1 --"), std::string(300, 'a')}) {
    CHECK(c.sign_in(name, kPassword).shows("User name or password is wrong."));
  }
  CHECK(d.sign_in("anna", kPassword + std::string(3000, 'x')).shows("User name or password is wrong."));
}

TEST_CASE("guessing_a_password_is_limited_by_name_known_or_not") {
  Web web(std::string(kIssuer), 1);
  web.user();
  const std::string name = GENERATE("anna", "bert");
  const auto attempt = [&](int address, const std::string& password) {
    Browser browser(web);
    browser.further = {fmt::format("X-Forwarded-For: 192.0.2.7, 198.51.100.{}", address)};  // what the proxy saw
    return browser.sign_in(name, password);
  };
  for (int i = 0; i < static_cast<int>(kLoginsForName.burst); ++i)
    CHECK(attempt(1, "guess number " + std::to_string(i)).status == 200);
  const Answered limited = attempt(1, kPassword);
  CHECK(limited.status == 429);
  CHECK(std::stoi(limited.header("Retry-After")) > 0);
  CHECK(limited.shows("Too many attempts"));
  CHECK(!limited.shows("is wrong"));
  // Who guesses from one address, however often, keeps nobody out who is elsewhere.
  for (int i = 0; i < 100; ++i) CHECK(attempt(1, "on and on").status == 429);
  if (name == "anna") CHECK(attempt(2, kPassword).status == 303);
  web.now += 60;
  CHECK(attempt(1, "one more guess").status == 200);
  CHECK(attempt(1, "and another").status == 429);
}

TEST_CASE("guessing_a_password_from_many_addresses_is_limited_by_name") {
  Web web(std::string(kIssuer), 1);
  web.user();
  const auto attempt = [&](int address, const std::string& password) {
    Browser browser(web);
    browser.further = {fmt::format("X-Forwarded-For: 198.51.100.{}", address)};
    return browser.sign_in("anna", password);
  };
  for (int i = 0; i < static_cast<int>(kLoginsForNameOfAll.burst); ++i) CHECK(attempt(i, "a guess").status == 200);
  CHECK(attempt(200, kPassword).status == 429);
  web.now += 60;
  CHECK(attempt(200, kPassword).status == 303);
}

TEST_CASE("guessing_passwords_is_limited_by_address") {
  Web web;
  web.user();
  Browser browser(web);
  browser.further = {"X-Forwarded-For: 198.51.100.1"};  // nobody put a proxy there: it is not believed
  for (int i = 0; i < static_cast<int>(kLoginsOfAddress.burst); ++i) {
    browser.further = {fmt::format("X-Forwarded-For: 198.51.100.{}", i)};
    CHECK(browser.sign_in("user" + std::to_string(i), "some password of his").status == 200);
  }
  CHECK(browser.sign_in().status == 429);
}

TEST_CASE("a_client_cannot_hide_behind_a_forwarded_line_of_his_own") {
  Web web(std::string(kIssuer), 1);
  web.user();
  // The client sends a line, the proxy adds another: one list, whose last entry is the proxy's.
  for (int i = 0; i < static_cast<int>(kLoginsOfAddress.burst); ++i) {
    Browser browser(web);
    browser.further = {fmt::format("X-Forwarded-For: 203.0.113.{}", i), "x-forwarded-for: 198.51.100.1"};
    CHECK(browser.sign_in("user" + std::to_string(i), "some password of his").status == 200);
  }
  Browser again(web);
  again.further = {"X-Forwarded-For: 203.0.113.200", "X-Forwarded-For: 198.51.100.1"};
  CHECK(again.sign_in().status == 429);
  Browser other(web);
  other.further = {"X-Forwarded-For: 198.51.100.1", "X-Forwarded-For: 198.51.100.2"};
  CHECK(other.sign_in().status == 303);
  CHECK(web.logged.find("a login from 198.51.100.1 was refused") != std::string::npos);
  CHECK(web.logged.find("203.0.113") == std::string::npos);
}

TEST_CASE("signing_in_rightly_uses_up_nothing") {
  Web web;
  web.user();
  for (int i = 0; i < static_cast<int>(kLoginsForName.burst) + 3; ++i) CHECK(Browser(web).sign_in().status == 303);
}

TEST_CASE("after_signing_in_one_goes_on_to_nowhere_but_the_gateways_own_pages") {
  Web web;
  web.user();
  Browser browser(web);
  const std::string csrf = browser.get("/login").field("csrf");
  const auto next = [&](const std::string& value) {
    return browser.post("/login", Fields{{{"csrf", csrf}, {"next", value}, {"name", "anna"}, {"password", kPassword}}});
  };
  for (const char* value :
       {"https://evil.example/", "//evil.example", "/\\evil.example", "redirect_uri=https://evil.example/",
        "/\t/evil.example", "/\r\nSet-Cookie: a=b", "javascript:alert(1)", "\\\\evil.example", "/a\\..\\b", "/login",
        "/login/code", "/logout", "/setup", "evil.example", " /", "/\xc2\xa0"}) {
    CHECK(next(value).header("Location") == "/");
  }
  CHECK(next("").header("Location") == "/");
  CHECK(next("/findings?severity=high&q=a%20b").header("Location") == "/findings?severity=high&q=a%20b");
}

TEST_CASE("forms_of_another_kind_are_refused") {
  Web web;
  Consenting mine(web);
  CHECK(mine.browser.post("/oauth/authorize", decision(mine.page).encoded(), "text/plain").status == 403);
  CHECK(mine.browser.post("/login", "a=b", "application/json").status == 400);
  CHECK(error_of(mine.browser.post("/oauth/token", "{}", "application/json")) == "invalid_request");
  CHECK(error_of(mine.browser.post("/oauth/token", "code=%zz")) == "invalid_request");
  CHECK(error_of(mine.browser.post("/oauth/token", token_fields("a").encoded() + "&code=b")) == "invalid_request");
  CHECK(mine.browser.post("/oauth/authorize", decision(mine.page, "maybe")).status == 400);
  CHECK(mine.browser
            .post("/oauth/authorize", decision(mine.page).encoded(), "Application/X-WWW-Form-Urlencoded; charset=utf-8")
            .status == 303);
}

TEST_CASE("the_token_endpoint_is_limited_by_address") {
  Web web;
  Browser site(web);
  for (int i = 0; i < static_cast<int>(kTokenRequests.burst); ++i) {
    CHECK(error_of(site.post("/oauth/token", token_fields("unknown"))) == "invalid_grant");
  }
  const Answered answered = site.post("/oauth/token", token_fields("unknown"));
  CHECK(answered.status == 429);
  CHECK(error_of(answered) == "temporarily_unavailable");
  CHECK(answered.header("Retry-After") == "1");
  web.now += 1;
  CHECK(error_of(site.post("/oauth/token", token_fields("unknown"))) == "invalid_grant");
}

TEST_CASE("of_two_browsers_at_once_with_one_code_one_gets_the_secret") {
  Web web;
  Consenting consenting(web);
  const std::string code = consenting.code();
  std::atomic<int> given = 0, refused = 0;
  std::vector<std::thread> sites;
  for (int i = 0; i < 6; ++i) {
    sites.emplace_back([&] {
      SocketClient client(web.url);
      const std::string body = token_fields(code).encoded();
      client.send(
          fmt::format("POST /oauth/token HTTP/1.1\r\nHost: g\r\nConnection: close\r\nContent-Type: "
                      "application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{}",
                      body.size(), body));
      const std::string answer = client.receive_all();
      if (answer.find("entity_secret") != std::string::npos) ++given;
      if (answer.find("invalid_grant") != std::string::npos) ++refused;
    });
  }
  for (std::thread& site : sites) site.join();
  CHECK(given == 1);
  CHECK(refused == 5);
}

TEST_CASE("the_metadata_says_what_there_is") {
  Web web;
  const Answered answered = Browser(web).get("/.well-known/oauth-authorization-server");
  CHECK(answered.status == 200);
  const auto document = json_of(answered);
  CHECK(document["issuer"].GetString() == std::string(kIssuer));
  CHECK(document["authorization_endpoint"].GetString() == std::string(kIssuer) + "/oauth/authorize");
  CHECK(document["token_endpoint"].GetString() == std::string(kIssuer) + "/oauth/token");
  REQUIRE(document["code_challenge_methods_supported"].Size() == 1);
  CHECK(document["code_challenge_methods_supported"][0].GetString() == std::string("S256"));
  CHECK(document["token_endpoint_auth_methods_supported"][0].GetString() == std::string("none"));
  CHECK(document["authorization_response_iss_parameter_supported"].GetBool());
}

TEST_CASE("a_gateway_that_does_not_know_its_address_says_so") {
  Web starting("");
  CHECK(Browser(starting).get(authorize_target()).status == 503);
  starting.connect->open({"", ""});
  starting.user();
  Browser anna(starting);
  REQUIRE(anna.sign_in().status == 303);  // that needs no address
  CHECK(anna.get("/oauth/authorize").status == 503);
  for (const char* target : {"/.well-known/oauth-authorization-server"}) {
    const Answered answered = Browser(starting).get(target);
    CHECK(answered.status == 503);
    CHECK(answered.shows("its operator has to say which"));
  }
  CHECK(Browser(starting).post("/oauth/token", "a=b").status == 503);
}

TEST_CASE("a_page_loads_the_program_s_own_files_alone") {
  Web web;
  const Answered page = Browser(web).get("/login");
  CHECK(page.shows("<link rel=\"stylesheet\" href=\"" + logystera::web::asset_path("app.css") + "\">"));
  CHECK(page.shows("<script src=\"" + logystera::web::asset_path("app.js") + "\" defer></script>"));
  CHECK(!std::regex_search(page.body, std::regex("(src|href)=\"[^\"/#]|@import|url\\(|<style|<script>| on[a-z]+=")));
}

// Signing in with a second factor, with the configured token, and as the first administrator, over a real connection.
#include "access/login.hpp"

#include <algorithm>

#include "door.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

TEST_CASE("a_second_factor_is_asked_for_after_the_password_and_nothing_is_open_before_it") {
  Door door;
  const std::string secret = door.anna_with_two();
  Browser browser(door);
  const Answered page = browser.sign_in("anna", kPassword, "/login?next=%2Ffindings%3Fq%3Da");
  CHECK(page.status == 200);
  CHECK(page.shows("Second factor"));
  CHECK(browser.cookies.count("logystera_session") == 0);
  CHECK(page.header("Set-Cookie").find("logystera_session") == std::string::npos);
  CHECK(enter(browser, page, "000000").shows("This code is wrong"));
  CHECK_FALSE(inside(browser));
  const Answered entered = enter(browser, page, door.code(secret));
  CHECK(entered.status == 303);
  CHECK(entered.header("Location") == "/findings?q=a");
  CHECK(inside(browser));
  // The same code is no second one, in another browser or this one.
  Browser thief(door);
  const Answered again = thief.sign_in();
  CHECK(enter(thief, again, door.code(secret)).shows("was used before"));
  CHECK(enter(thief, again, door.code(secret, -1)).shows("was used before"));
  CHECK_FALSE(inside(thief));
  CHECK(enter(thief, again, door.code(secret, 1)).status == 303);
  const auto rows = door.store->audit().list({}).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].action == "session.begin");
  CHECK(rows[0].actor == "anna");
  CHECK(rows[0].address == "127.0.0.1");
}

TEST_CASE("who_signs_in_has_the_theme_of_his_account") {
  Door door;
  REQUIRE(door.users->add({"anna", kPassword, web::Role::viewer, {}}, door.now, unnoted()).ok());
  store::User user = *door.store->accounts().find_user("anna").value();
  Browser before(door);
  CHECK(before.sign_in("anna", kPassword).status == 303);
  CHECK(before.cookies.count("logystera_theme") == 0);  // she has chosen none
  user.theme = "dark";
  REQUIRE(door.store->accounts().set_preferences(user).value());
  Browser browser(door);
  CHECK(browser.sign_in("anna", kPassword).status == 303);
  CHECK(browser.cookies["logystera_theme"] == "dark");
  CHECK(inside(browser));
}

TEST_CASE("a_recovery_code_stands_in_for_the_second_factor_once") {
  Door door;
  (void)door.anna_with_two();
  REQUIRE(door.recovery.size() == kRecoveryCodes);
  Browser first(door), second(door);
  CHECK(enter(first, first.sign_in(), door.recovery[3]).status == 303);
  CHECK(inside(first));
  CHECK(enter(second, second.sign_in(), door.recovery[3]).shows("This code is wrong"));
  CHECK(enter(second, second.sign_in(), " " + door.recovery[4] + " ").status == 303);
  CHECK(door.store->accounts().recovery_codes(door.store->accounts().find_user("anna").value()->id).value() ==
        kRecoveryCodes - 2);
}

TEST_CASE("the_second_step_belongs_to_who_took_the_first_and_ends") {
  Door door;
  const std::string secret = door.anna_with_two();
  REQUIRE(door.users->add({"bert", kPassword, Role::viewer}, door.now, unnoted()).ok());
  Browser anna(door), other(door);
  Answered page = anna.sign_in();
  (void)other.get("/login");
  const auto refused = [&](const Answered& answered) {
    CHECK(answered.status != 303);
    CHECK(answered.header("Set-Cookie").find("logystera_session") == std::string::npos);
  };
  SECTION("in another browser") {
    Fields fields;
    for (const char* name : {"user", "until", "pending"}) fields.set(name, page.field(name));
    fields.set("csrf", other.get("/login").field("csrf")).set("code", door.code(secret));
    refused(other.post("/login/code", fields));
  }
  SECTION("for another user, another time, or none") {
    const std::vector<std::pair<std::string, std::string>> spoilt{
        {"user", std::to_string(door.store->accounts().find_user("bert").value()->id)},
        {"user", "999"},
        {"user", "x"},
        {"until", std::to_string(door.now + 100000)},
        {"until", ""},
        {"pending", ""},
        {"pending", page.field("csrf")}};
    for (const auto& [name, value] : spoilt) {
      Fields fields;
      for (const char* field : {"csrf", "user", "until", "pending"}) fields.set(field, page.field(field));
      refused(anna.post("/login/code", fields.set("code", door.code(secret)).set(name, value)));
    }
  }
  SECTION("too late") {
    door.now += kSecondStepSeconds + 1;
    const Answered late = enter(anna, page, door.code(secret));
    refused(late);
    CHECK(late.shows("Sign in again"));
  }
  SECTION("after a new password") {
    REQUIRE(door.users->set_password("anna", "another password of anna's", unnoted()).ok());
    refused(enter(anna, page, door.code(secret)));
  }
  SECTION("after he was disabled") {
    (void)door.user("carl", Role::admin);
    REQUIRE(door.users->change("anna", {.disabled = true}, unnoted()).ok());
    refused(enter(anna, page, door.code(secret)));
  }
  CHECK_FALSE(inside(anna));
  CHECK_FALSE(inside(other));
}

TEST_CASE("guessing_codes_is_limited_by_user_whatever_browser_they_come_from") {
  Door door;
  const std::string secret = door.anna_with_two();
  for (int i = 0; i < static_cast<int>(kCodesForUser.burst); ++i) {
    Browser browser(door);
    CHECK(enter(browser, browser.sign_in(), "00000" + std::to_string(i)).status == 200);
  }
  Browser late(door);
  const Answered limited = enter(late, late.sign_in(), door.code(secret));
  CHECK(limited.status == 429);
  CHECK(limited.shows("Too many attempts"));
  CHECK_FALSE(inside(late));
  door.now += 60;
  CHECK(enter(late, late.sign_in(), door.code(secret)).status == 303);
}

TEST_CASE("a_second_factor_begins_in_one_session_and_is_on_when_a_code_has_shown_it") {
  Door door;
  REQUIRE(door.users->add({"anna", kPassword, Role::admin}, door.now, unnoted()).ok());
  const store::User anna = *door.store->accounts().find_user("anna").value();
  store::User bert = anna;
  bert.id += 1;
  const auto begun = door.second_factor.begin(anna, "Logystera", "s").value();
  const std::string secret = Door::secret_of(begun);
  CHECK(begun.uri.find("secret=" + begun.key + "&") != std::string::npos);
  const auto turn_on = [&](const store::User& user, const std::string& sealed, const std::string& session,
                           const std::string& code) {
    return door.second_factor.turn_on(user, sealed, session, code, door.now, unnoted()).ok();
  };
  CHECK_FALSE(turn_on(anna, begun.sealed, "s", "000000"));
  CHECK_FALSE(turn_on(anna, begun.sealed, "another", door.code(secret)));
  CHECK_FALSE(turn_on(bert, begun.sealed, "s", door.code(secret)));
  CHECK_FALSE(turn_on(anna, begun.sealed + "0", "s", door.code(secret)));
  CHECK_FALSE(turn_on(anna, "", "s", door.code(secret)));
  CHECK(door.store->accounts().find_user("anna").value()->sealed_totp.empty());
  CHECK(turn_on(anna, begun.sealed, "s", door.code(secret)));
  const store::User now = *door.store->accounts().find_user("anna").value();
  CHECK_FALSE(now.sealed_totp.empty());
  CHECK_FALSE(door.second_factor.holds(now, door.code(secret), door.now).value());  // it was used to turn it on
  // One sealed for somebody else does not open.
  store::User moved = now;
  moved.id += 1;
  CHECK_FALSE(door.second_factor.holds(moved, door.code(secret, 1), door.now).ok());
  REQUIRE(door.second_factor.turn_off(now, unnoted()).ok());
  Browser browser(door);
  CHECK(browser.sign_in().status == 303);
}

TEST_CASE("the_configured_token_is_typed_once_and_gives_a_session") {
  Door door({.api_token = "a token that is long enough"});
  Browser browser(door), wrong(door);
  const Answered page = browser.get("/login");
  CHECK(page.shows("API token"));
  const auto typed = [](Browser& in, const std::string& csrf, const std::string& token) {
    return in.post("/login", Fields{{{"csrf", csrf}, {"token", token}}});
  };
  CHECK(typed(wrong, page.field("csrf"), "a token that is long enough").status == 403);
  CHECK(typed(wrong, wrong.get("/login").field("csrf"), "another token").shows("This is not the API token."));
  CHECK_FALSE(inside(wrong));
  const Answered entered = typed(browser, page.field("csrf"), "a token that is long enough");
  CHECK(entered.status == 303);
  CHECK(browser.get("/").body == "here is api_token");
  CHECK(browser.get("/login").shows("Signed in as <b><bdi>the API token</bdi></b>"));
  CHECK(browser.post("/logout", Fields{{{"csrf", browser.get("/login").field("csrf")}}}).status == 303);
  CHECK_FALSE(inside(browser));
  for (int i = 0; i < static_cast<int>(kLoginsOfAddress.burst); ++i) {
    (void)typed(wrong, wrong.get("/login").field("csrf"), "guess");
  }
  CHECK(typed(wrong, wrong.get("/login").field("csrf"), "a token that is long enough").status == 429);
  // Without one there is nothing to type.
  Door none;
  Browser there(none);
  const Answered form = there.get("/login");
  CHECK_FALSE(form.shows("API token"));
  CHECK(there.post("/login", "csrf=" + form.field("csrf") + "&token=").shows("This is not the API token."));
}

TEST_CASE("the_first_administrator_is_made_with_the_setup_secret_and_is_signed_in") {
  Door door({.reachable = true});
  const std::string secret = door.setup.make(door.now).value();
  Browser browser(door);
  CHECK(browser.get("/").header("Location") == "/setup");
  CHECK(browser.get("/login").header("Location") == "/setup");
  const auto set_up = [&](Browser& in, const std::string& with, const std::string& name = "anna",
                          const std::string& password = kPassword, const std::string& again = kPassword) {
    return in.post("/setup", Fields{{{"csrf", in.get("/setup").field("csrf")},
                                     {"secret", with},
                                     {"name", name},
                                     {"password", password},
                                     {"again", again}}});
  };
  // What is wrong with the rest costs no try.
  for (int i = 0; i < 2 * kSetupTries; ++i) {
    CHECK(set_up(browser, secret, "anna", "short", "short").shows("at least 12 characters"));
    CHECK(set_up(browser, secret, "anna", kPassword, kPassword + "!").shows("differ"));
  }
  CHECK(set_up(browser, secret, "two words").shows("user name: must be"));
  CHECK(browser.post("/setup", Fields{{{"secret", secret}, {"name", "eve"}, {"password", kPassword}, {"again", kPassword}}})
            .status == 403);
  CHECK(set_up(browser, "a guess").shows("This is not the setup secret"));
  CHECK_FALSE(door.store->accounts().has_users().value());
  const Answered made = set_up(browser, secret);
  CHECK(made.status == 303);
  CHECK(made.header("Location") == "/");
  CHECK(browser.get("/").body == "here is anna");
  CHECK(door.store->accounts().find_user("anna").value()->role == "admin");
  const auto rows = door.store->audit().list({}).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].action == "user.add");
  CHECK(rows[1].actor == "setup");
  // That was the only time.
  Browser late(door);
  CHECK(late.get("/setup").header("Location") == "/");
  const std::string csrf = late.get("/login").field("csrf");
  const Answered again = late.post(
      "/setup",
      Fields{{{"csrf", csrf}, {"secret", secret}, {"name", "eve"}, {"password", kPassword}, {"again", kPassword}}});
  CHECK(again.header("Location") == "/login");
  CHECK(door.store->accounts().users().value().size() == 1);
  for (const std::string& told : {door.logged}) CHECK(told.find(secret) == std::string::npos);
}

TEST_CASE("a_setup_secret_takes_five_tries_and_an_hour") {
  SetupSecret setup;
  CHECK(setup.check("", kNow) == SetupSecret::Check::ended);  // before there is one
  std::string secret = setup.make(kNow).value();
  CHECK(secret.size() == 43);
  CHECK(setup.check(secret, kNow + kSetupSeconds) == SetupSecret::Check::right);
  CHECK(setup.check(secret, kNow + kSetupSeconds + 1) == SetupSecret::Check::ended);
  CHECK(setup.check(secret, kNow - 1) == SetupSecret::Check::ended);
  for (int i = 0; i < kSetupTries; ++i) CHECK(setup.check(secret.substr(1), kNow) == SetupSecret::Check::wrong);
  CHECK(setup.check(secret, kNow) == SetupSecret::Check::ended);
  const std::string another = setup.make(kNow).value();
  CHECK(another != secret);
  CHECK(setup.check(secret, kNow) == SetupSecret::Check::wrong);
  CHECK(setup.check(another, kNow) == SetupSecret::Check::right);
}

TEST_CASE("where_one_goes_on_to_stays_here") {
  for (const char* good : {"/", "/findings", "/findings?severity=high&q=%2F%2Fevil", "/a//b", "/%2F%2Fevil.example"}) {
    CHECK(safe_next(good) == good);
  }
  for (const std::string& bad :
       {std::string(), std::string("findings"), std::string("//evil"), std::string("/\\evil"), std::string("/a\\b"),
        std::string("https://evil"), std::string("/\nSet-Cookie: a"), std::string("/ a"), std::string("/\xc3\xa4"),
        std::string("/\0a", 3), std::string("/login?next=/login"), std::string("/logout"), std::string("/setup"),
        "/" + std::string(3000, 'a')}) {
    INFO(bad);
    CHECK(safe_next(bad) == "/");
  }
}

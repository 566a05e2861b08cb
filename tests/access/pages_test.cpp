// What people do on the pages of their account and of the settings, as plain forms over a real connection.
#include <regex>

#include "door.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

namespace {

/// A browser in which somebody is signed in.
struct Person : Browser {
  Person(Door& door, const std::string& name, Role role, store::SiteChoice sites = {}) : Browser(door) {
    if (!door.store->accounts().find_user(name).value()) {
      REQUIRE(door.users->add({name, kPassword, role, std::move(sites)}, door.now, unnoted()).ok());
    }
    REQUIRE(sign_in(name).status == 303);
  }
  /// Posts a form of the page at `from`, with its token.
  Answered send(const std::string& from, const std::string& to, Fields fields) {
    return post(to, fields.set("csrf", get(from).field("csrf")));
  }
};

std::string match(const std::string& text, const std::string& pattern) {
  std::smatch found;
  return std::regex_search(text, found, std::regex(pattern)) ? found[1].str() : std::string();
}

std::vector<std::string> actions(Door& door) {
  std::vector<std::string> all;
  const auto rows = door.store->audit().list({}).value();
  for (const store::AuditRow& row : rows) all.push_back(row.actor + " " + row.action);
  return all;
}

const std::string kOther = "another password of anna's";

}  // namespace

TEST_CASE("a_person_changes_his_password_who_knows_the_one_before_and_is_signed_out_everywhere") {
  Door door;
  Person anna(door, "anna", Role::admin), elsewhere(door, "anna", Role::admin);
  const auto change = [&](const std::string& current, const std::string& password, const std::string& again) {
    return anna.send("/account", "/account/password", {{{"current", current}, {"password", password}, {"again", again}}});
  };
  CHECK(change("wrong password of hers", kOther, kOther).shows("The password is wrong."));
  CHECK(change(kPassword, kOther, kOther + "!").shows("differ"));
  CHECK(change(kPassword, "short", "short").shows("at least 12 characters"));
  CHECK(anna.get("/account").status == 200);
  const Answered changed = change(kPassword, kOther, kOther);
  CHECK(changed.status == 303);
  CHECK(changed.header("Location") == "/login");
  CHECK(anna.get("/account").status == 303);
  CHECK(elsewhere.get("/account").status == 303);
  CHECK(anna.sign_in("anna", kOther).status == 303);
  CHECK(actions(door)[1] == "anna user.password");
  for (int i = 0; i < static_cast<int>(kPasswordsOfUser.burst); ++i)
    (void)change("guess number " + std::to_string(i), kPassword, kPassword);
  CHECK(change(kOther, kPassword, kPassword).shows("Too many attempts"));
}

TEST_CASE("times_are_in_the_zone_a_person_chose") {
  Door door;
  Person anna(door, "anna", Role::admin);
  CHECK(anna.get("/account").shows("<span data-zone=\"\">UTC</span>"));
  const auto choose = [&](const std::string& zone) { return anna.send("/account", "/account/zone", {{{"zone", zone}}}); };
  CHECK(choose("Europe/Zurich").header("Location") == "/account?done=zone");
  CHECK(anna.get("/settings").shows("<span data-zone=\"Europe/Zurich\">UTC</span>"));
  CHECK(choose("Etc/GMT+5").status == 303);
  for (const std::string& zone : {std::string("Europe Zurich"), std::string("\"><script>"), std::string(65, 'a')}) {
    CHECK(choose(zone).status == 400);
  }
  CHECK(choose("").status == 303);
  CHECK(anna.get("/account").shows("<span data-zone=\"\">UTC</span>"));
}

TEST_CASE("a_person_sets_up_a_second_factor_and_turns_it_off_with_password_and_code") {
  Door door;
  Person anna(door, "anna", Role::admin);
  const Answered begun = anna.send("/account", "/account/second-factor/begin", {});
  REQUIRE(begun.status == 200);
  CHECK(begun.shows("<path fill=\"#000\" d=\"M4 4h7v1h-7z"));
  CHECK(begun.header("Cache-Control") == "no-store");
  const std::string secret = Door::secret_of({match(begun.body, "<dd class=\"mono\">([A-Z2-7]{32})</dd>"), "", ""});
  REQUIRE(secret.size() == kTotpSecretBytes);
  const auto turn_on = [&](const std::string& code) {
    return anna.post("/account/second-factor/on",
                     Fields{{{"csrf", begun.field("csrf")}, {"sealed", begun.field("sealed")}, {"code", code}}});
  };
  CHECK(turn_on("000000").shows("the code is wrong"));
  const Answered on = turn_on(door.code(secret));
  REQUIRE(on.status == 200);
  const std::string recovery = match(on.body, "<li class=\"mono\">([a-z2-7-]{19})</li>");
  CHECK_FALSE(recovery.empty());
  CHECK(turn_on(door.code(secret)).shows("is on already"));
  CHECK(anna.get("/account").shows("10 recovery codes are left"));
  CHECK_FALSE(anna.get("/account").shows(recovery));
  const auto turn_off = [&](const std::string& password, const std::string& code) {
    return anna.send("/account", "/account/second-factor/off", {{{"current", password}, {"code", code}}});
  };
  CHECK(turn_off("wrong password of hers", recovery).shows("The password is wrong."));
  CHECK(turn_off(kPassword, "000000").shows("This code is wrong"));
  CHECK(turn_off(kPassword, recovery).header("Location") == "/account?done=off");
  CHECK(door.store->accounts().find_user("anna").value()->sealed_totp.empty());
}

TEST_CASE("a_person_makes_tokens_that_may_what_he_may_at_most_sees_them_once_and_revokes_his_own") {
  Door door;
  Person anna(door, "anna", Role::admin), bert(door, "bert", Role::analyst);
  const auto make = [](Person& who, const std::string& name, const std::string& role) {
    return who.send("/account", "/account/tokens", {{{"name", name}, {"role", role}, {"days", "30"}}});
  };
  CHECK(make(bert, "ci", "admin").status == 403);
  const Answered made = make(bert, "<b>ci</b>", "analyst");
  REQUIRE(made.status == 200);
  const std::string token = match(made.body, "(lgy_[A-Za-z0-9_-]{49})");
  CHECK(is_token(token));
  const Answered page = bert.get("/account");
  CHECK(page.shows("&lt;b&gt;ci&lt;/b&gt;"));
  CHECK_FALSE(page.shows(token.substr(0, 12)));
  const auto stored = door.store->accounts().find_token(token_hash(token)).value();
  REQUIRE(stored);
  CHECK(stored->user_name == "bert");
  CHECK(stored->expires_at == door.now + 30 * kDaySeconds);
  const std::string id = std::to_string(stored->id);
  // Not another's, be he an administrator, on this page.
  CHECK(anna.send("/account", "/account/tokens/revoke", {{{"id", id}}}).status == 404);
  CHECK(bert.send("/account", "/account/tokens/revoke", {{{"id", id}}}).status == 303);
  CHECK_FALSE(door.store->accounts().find_token(token_hash(token)).value());
  for (const char* days : {"0", "3651", "x", "-1", "99999999999999999999"}) {
    INFO(days);
    CHECK(bert.send("/account", "/account/tokens", {{{"name", "ci"}, {"role", "viewer"}, {"days", days}}}).status == 400);
  }
}

TEST_CASE("who_sees_some_sites_makes_tokens_that_see_no_others") {
  Door door;
  (void)door.user("anna", Role::admin);
  Person carl(door, "carl", Role::analyst, {false, {"ent_shop"}});
  for (const char* name : {"shop", "blog"}) {
    store::Entity site;
    site.token = std::string("ent_") + name;
    site.name = name;
    site.sealed_secret = "s";
    REQUIRE(door.store->entities().add(site).ok());
  }
  const auto make = [&](const std::string& sites) {
    return carl.send("/account", "/account/tokens",
                     {{{"name", "ci"}, {"role", "viewer"}, {"days", "9"}, {"sites", sites}}});
  };
  CHECK(make("blog").status == 403);
  CHECK(make("nothing").shows("there is no site of the token or name nothing"));
  CHECK(make("shop").status == 200);
  CHECK(make("").status == 200);
  for (const store::ApiToken& token : door.tokens->list().value()) {
    CHECK(token.sites.tokens == std::vector<std::string>{"ent_shop"});
  }
}

TEST_CASE("a_page_of_a_user_who_sees_some_sites_can_be_sent_as_it_is") {
  Door door;
  Person anna(door, "anna", Role::admin), carl(door, "carl", Role::viewer, {false, {"ent_shop", "ent_blog"}});
  for (const char* name : {"shop", "blog"}) {
    store::Entity site;
    site.token = std::string("ent_") + name;
    site.name = name;
    site.sealed_secret = "s";
    REQUIRE(door.store->entities().add(site).ok());
  }
  CHECK(carl.get("/account").shows("ent_shop, ent_blog"));
  const std::string shown = match(anna.get("/settings/users/carl").body, "<textarea[^>]*>([^<]*)</textarea>");
  CHECK(shown == "ent_shop\nent_blog\n");
  CHECK(anna.send("/settings/users/carl", "/settings/users/carl", {{{"role", "viewer"}, {"sites", shown}}}).status == 303);
  CHECK(door.store->accounts().find_user("carl").value()->sites.tokens.size() == 2);
}

TEST_CASE("who_sees_no_site_any_more_sees_none_after_his_page_was_saved") {
  Door door;
  Person anna(door, "anna", Role::admin), carl(door, "carl", Role::viewer, {false, {}});
  CHECK(anna.get("/settings/users/carl").shows(R"(name="no_sites" value="yes" checked)"));
  const std::string path = "/settings/users/carl";
  CHECK(anna.send(path, path, {{{"role", "analyst"}, {"sites", ""}, {"no_sites", "yes"}}}).status == 303);
  CHECK_FALSE(door.store->accounts().find_user("carl").value()->sites.all);
  CHECK(anna.send(path, path, {{{"role", "analyst"}, {"sites", ""}}}).status == 303);
  CHECK(door.store->accounts().find_user("carl").value()->sites.all);
  CHECK_FALSE(anna.get(path).shows(R"(value="yes" checked)"));
}

TEST_CASE("a_person_ends_his_other_sessions_and_nobody_elses") {
  Door door;
  Person anna(door, "anna", Role::admin), there(door, "anna", Role::admin), bert(door, "bert", Role::viewer);
  const std::int64_t number = door.store->accounts().find_user("anna").value()->id;
  const auto sessions = door.store->accounts().sessions_of(number).value();
  REQUIRE(sessions.size() == 2);
  const std::string id = std::to_string(sessions[0].id);  // the newer one: there
  CHECK(bert.send("/account", "/account/sessions/end", {{{"id", id}}}).status == 404);
  CHECK(there.get("/account").status == 200);
  CHECK(anna.send("/account", "/account/sessions/end", {{{"id", id}}}).status == 303);
  CHECK(there.get("/account").status == 303);
  CHECK(anna.get("/account").status == 200);
}

TEST_CASE("an_administrator_looks_after_users_and_the_last_one_stays") {
  Door door;
  Person anna(door, "anna", Role::admin);
  const auto add = [&](const std::string& name, const std::string& role, const std::string& again = kPassword) {
    return anna.send("/settings/users", "/settings/users",
                     {{{"name", name}, {"role", role}, {"password", kPassword}, {"again", again}}});
  };
  CHECK(add("bert", "viewer").header("Location") == "/settings/users?done=added");
  CHECK(add("bert", "viewer").shows("there is one of this name"));
  CHECK(add("two words", "viewer").shows("user name: must be"));
  CHECK(add("carl", "root").shows("the role must be"));
  CHECK(add("carl", "viewer", "x").shows("differ"));
  CHECK(anna.get("/settings/users").shows("<bdi>bert</bdi>"));
  Person bert(door, "bert", Role::viewer);
  CHECK(bert.get("/settings/users").status == 403);
  CHECK(bert.post("/settings/users", "csrf=" + bert.get("/account").field("csrf")).status == 403);
  CHECK(anna.send("/settings/users/bert", "/settings/users/bert", {{{"role", "analyst"}}}).status == 303);
  CHECK(bert.get("/account").status == 303);  // signed out
  CHECK(door.store->accounts().find_user("bert").value()->role == "analyst");
  const auto of_anna = [&](const Fields& fields) {
    return anna.send("/settings/users/anna", "/settings/users/anna", fields);
  };
  CHECK(of_anna({{{"role", "viewer"}}}).shows("is the last administrator"));
  CHECK(of_anna({{{"role", "admin"}, {"disabled", "yes"}}}).shows("is the last administrator"));
  CHECK(anna.send("/settings/users/anna", "/settings/users/anna/remove", {{{"sure", "yes"}}})
            .shows("is the last administrator"));
  CHECK(anna.send("/settings/users/bert", "/settings/users/bert/remove", {}).shows("tick that you are sure"));
  CHECK(anna.send("/settings/users/bert", "/settings/users/bert/password", {{{"password", kOther}, {"again", kOther}}})
            .status == 303);
  CHECK(Browser(door).sign_in("bert", kOther).status == 303);
  CHECK(anna.send("/settings/users/bert", "/settings/users/bert/remove", {{{"sure", "yes"}}}).status == 303);
  CHECK(anna.get("/settings/users/bert").status == 404);
  const Answered audit = anna.get("/settings/audit?action=user.");
  for (const char* action : {"user.add", "user.change", "user.password", "user.remove"}) CHECK(audit.shows(action));
  CHECK_FALSE(audit.shows("session.begin"));
  CHECK_FALSE(audit.shows(kPassword));
}

TEST_CASE("the_audit_is_read_page_by_page_and_shows_strangers_text_as_text") {
  Door door;
  Person anna(door, "anna", Role::admin);
  for (int i = 0; i < 60; ++i) {
    REQUIRE(door.store->audit()
                .add({.at = door.now,
                      .actor = "<script>alert(1)</script>",
                      .action = "test.row",
                      .object = "n" + std::to_string(i)})
                .ok());
  }
  const Answered first = anna.get("/settings/audit?action=test.row");
  CHECK_FALSE(first.shows("<script>alert"));
  CHECK(first.shows("n59<"));
  CHECK_FALSE(first.shows("n9<"));
  std::string older = match(first.body, "href=\"(/settings/audit\\?before=[^\"]*)\"");
  for (std::size_t at; (at = older.find("&amp;")) != std::string::npos;) older.replace(at, 5, "&");
  const Answered second = anna.get(older);
  CHECK(second.shows("n9<"));
  CHECK(second.shows("n0<"));
  CHECK_FALSE(second.shows("n59<"));
  CHECK(anna.get("/settings/audit?before=x&action=%00").status == 400);
  CHECK(anna.get("/settings/audit?before=x").status == 200);
}

TEST_CASE("every_form_of_these_pages_is_refused_without_its_token_and_from_elsewhere") {
  Door door;
  Person anna(door, "anna", Role::admin);
  const std::string csrf = anna.get("/account").field("csrf");
  const auto workers = std::make_shared<server::Workers>(server::Workers::Options{});
  std::size_t posts = 0;
  for (const server::Route& route : door.pages->routes(workers)) {
    CHECK_FALSE(route.role.empty());
    if (route.method != "POST") continue;
    ++posts;
    INFO(route.path);
    const std::string path = std::regex_replace(route.path, std::regex("\\{name\\}"), "anna");
    CHECK(anna.post(path, "a=b").shows("This form is no longer good"));
    CHECK(anna.post(path, "csrf=" + std::string(86, 'a')).shows("This form is no longer good"));
    CHECK(Browser(door).post(path, "csrf=" + web::percent_encoded(csrf)).status == 303);  // to sign in
    anna.further = {"Sec-Fetch-Site: cross-site"};
    CHECK(anna.post(path, "csrf=" + web::percent_encoded(csrf)).shows("This form is no longer good"));
    anna.further.clear();
  }
  CHECK(posts == 16);
  CHECK(door.store->accounts().users().value().size() == 1);
}

TEST_CASE("how_long_things_are_kept_is_chosen_within_limits_and_noted") {
  Door door;
  Browser browser(door);
  const Answered page = browser.get("/settings/retention");
  CHECK(page.status == 200);
  CHECK(page.shows("value=\"90\""));
  const auto choose = [&](const std::string& events, const std::string& mib) {
    return browser.post("/settings/retention", Fields{{{"csrf", page.field("csrf")},
                                                       {"events_days", events},
                                                       {"bulk_events_days", "7"},
                                                       {"findings_days", "0"},
                                                       {"most_mib", mib}}});
  };
  for (const char* wrong : {"", "-1", "36501", "1.5", "x", "99999999999999999999"}) {
    INFO(wrong);
    CHECK(choose(wrong, "0").status == 400);
    CHECK(choose("30", wrong == std::string_view("36501") ? "1000000001" : wrong).status == 400);
  }
  CHECK(browser.get("/settings/retention").shows("value=\"90\""));
  CHECK(choose("30", "20000").status == 303);
  const Answered after = browser.get("/settings/retention");
  CHECK(after.shows("value=\"30\""));
  CHECK(after.shows("value=\"20000\""));
  const Answered audit = browser.get("/settings/audit");
  CHECK(audit.shows("events 90 d, bulk events 14 d, findings 30 d, 0 MiB"));
  CHECK(audit.shows("events 30 d, bulk events 7 d, findings 0 d, 20000 MiB"));
}

TEST_CASE("where_nobody_has_an_account_there_is_no_account_page_and_the_first_user_is_an_administrator") {
  Door door;
  Browser browser(door);
  CHECK(browser.get("/account").status == 404);
  const Answered page = browser.get("/settings/users");
  CHECK(page.shows("Nobody has an account yet"));
  CHECK(page.shows("this server is open to whoever uses this machine. <a href=\"/settings/users\">Add a user</a>"));
  Door opened({.open = true});
  for (const char* path : {"/settings", "/settings/users", "/settings/audit", "/settings/about"}) {
    CHECK(Browser(opened).get(path).shows("<b>This server is open to everybody who reaches it.</b>"));
  }
  const auto add = [&](const std::string& role) {
    return browser.post("/settings/users", Fields{{{"csrf", page.field("csrf")},
                                                   {"name", "anna"},
                                                   {"role", role},
                                                   {"password", kPassword},
                                                   {"again", kPassword}}});
  };
  CHECK(add("viewer").shows("the first user must be an administrator"));
  CHECK(add("admin").status == 303);
  CHECK(browser.get("/settings/users").header("Location") == "/login?next=%2Fsettings%2Fusers");
}

#include "access/users.hpp"

#include "access/password.hpp"
#include "people.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

TEST_CASE("a_password_is_kept_as_argon2id_with_a_salt_of_its_own") {
  const std::string first = hash_password(kPassword).value(), second = hash_password(kPassword).value();
  CHECK(first.find("$argon2id$v=19$m=65536,t=2,p=1$") == 0);
  CHECK(first != second);
  CHECK(first.find(kPassword) == std::string::npos);
  CHECK(password_holds(kPassword, first));
  CHECK(password_holds(kPassword, second));
  CHECK(!password_holds(kPassword + " ", first));
  CHECK(!password_holds("", first));
  CHECK(!password_holds(kPassword, ""));
  CHECK(!password_holds(kPassword, "$argon2id$v=19$m=65536,t=2,p=1$AAAA"));
}

TEST_CASE("a_password_has_twelve_characters_at_least") {
  CHECK(check_password("123456789012").ok());
  CHECK(!check_password("12345678901").ok());
  CHECK(!check_password("").ok());
  // Characters, not bytes.
  CHECK(!check_password("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4").ok());
  CHECK(check_password(std::string(1024, 'a')).ok());
  CHECK(!check_password(std::string(1025, 'a')).ok());
  CHECK(!check_password("latin-1 \xe4\xf6\xfc\xdf is no UTF-8").ok());
  CHECK(check_password("hunter2").error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("a_user_is_told_by_name_without_case_and_by_password_with_it") {
  People house;
  REQUIRE(house.users->add({"Anna@example.org", kPassword}, kNow, unnoted()).ok());
  const auto check = [&](std::string_view name, std::string_view password) {
    auto checked = house.users->check(name, password);
    REQUIRE(checked.ok());
    return checked->has_value() ? checked.value()->name : "";
  };
  CHECK(check("anna@EXAMPLE.org", kPassword) == "Anna@example.org");
  CHECK(check("anna@example.org", "Correct horse battery staple").empty());
  CHECK(check("anna", kPassword).empty());
  CHECK(check("", "").empty());
}

TEST_CASE("names_and_passwords_that_cannot_be_are_refused_with_a_reason") {
  People house;
  for (const std::string& name : {std::string(), std::string("two words"), std::string("<b>"), std::string("a\n"),
                                  std::string(65, 'a'), std::string("\xc3\xa4nna")}) {
    CHECK(house.users->add({name, kPassword}, kNow, unnoted()).error().message.find("user name: must be") == 0);
  }
  CHECK(house.users->add({"anna", "too short"}, kNow, unnoted()).error().message.find("at least 12 characters") !=
        std::string::npos);
  REQUIRE(house.users->add({"anna", kPassword}, kNow, unnoted()).ok());
  CHECK(house.users->add({"ANNA", kPassword}, kNow, unnoted()).error().message.find("there is one of this name") !=
        std::string::npos);
  CHECK(house.users->remove("bert", unnoted()).error().message.find("there is none") != std::string::npos);
  CHECK(house.users->set_password("bert", kPassword, unnoted()).error().message.find("there is none") != std::string::npos);
  CHECK(!house.users->set_password("anna", "too short", unnoted()).ok());
  CHECK(house.users->check("anna", kPassword)->has_value());
  CHECK(house.users->list()->size() == 1);
}

TEST_CASE("a_user_who_comes_back_under_an_old_name_inherits_no_session") {
  People house;
  const std::int64_t before = house.user("anna", Role::viewer);
  const std::string session = house.sessions->sign_in(before, kNow).value();
  CHECK(house.sessions->find(session, kNow)->has_value());
  REQUIRE(house.users->remove("anna", unnoted()).ok());
  CHECK(house.user("anna", Role::viewer) != before);
  CHECK(!house.sessions->find(session, kNow)->has_value());
  // Nor can one who was removed while his password was being checked.
  const std::string late = house.sessions->sign_in(before, kNow).value();
  CHECK(!house.sessions->find(late, kNow)->has_value());
}

TEST_CASE("there_is_always_an_administrator_who_can_sign_in") {
  People house;
  (void)house.user("anna", Role::admin);
  (void)house.user("bert", Role::analyst);
  const auto is_refused = [](const Result<Done>& done) {
    return !done && done.error().kind == ErrorKind::denied &&
           done.error().message == "user anna: is the last administrator: make somebody else one first";
  };
  CHECK(is_refused(house.users->remove("ANNA", unnoted())));
  CHECK(is_refused(house.users->change("anna", {.role = Role::viewer}, unnoted())));
  CHECK(is_refused(house.users->change("anna", {.disabled = true}, unnoted())));
  CHECK(house.store->accounts().find_user("anna").value()->role == "admin");
  REQUIRE(house.users->change("bert", {.role = Role::admin}, unnoted()).ok());
  REQUIRE(house.users->change("bert", {.disabled = true}, unnoted()).ok());
  CHECK(is_refused(house.users->remove("anna", unnoted())));  // one who cannot sign in is none
  REQUIRE(house.users->change("bert", {.disabled = false}, unnoted()).ok());
  CHECK(house.users->change("anna", {.role = Role::viewer}, unnoted()).ok());
  CHECK(house.users->remove("anna", unnoted()).ok());
  CHECK(!house.users->remove("bert", unnoted()).ok());
  CHECK(house.users->remove("bert", unnoted(), true).ok());
}

TEST_CASE("an_administrator_sees_all_sites_and_says_so") {
  People house;
  (void)house.user("anna", Role::admin);
  (void)house.user("bert", Role::viewer);
  const store::SiteChoice shop{false, {"ent_shop"}};
  CHECK(house.users->change("anna", {.sites = shop}, unnoted()).error().message.find("sees all sites") !=
        std::string::npos);
  REQUIRE(house.users->change("bert", {.sites = shop}, unnoted()).ok());
  CHECK(!house.users->change("bert", {.role = Role::admin}, unnoted()).ok());
  CHECK(house.users->change("bert", {.role = Role::admin, .sites = store::SiteChoice{}}, unnoted()).ok());
  CHECK(house.users->add({"carl", kPassword, Role::admin, shop}, kNow, unnoted()).error().kind == ErrorKind::invalid);
}

TEST_CASE("a_user_who_is_disabled_or_changed_is_signed_out_and_his_password_is_wrong") {
  People house;
  (void)house.user("anna", Role::admin);
  REQUIRE(house.users->add({"bert", kPassword, Role::analyst}, kNow, unnoted()).ok());
  const std::int64_t bert = house.store->accounts().find_user("bert").value()->id;
  std::string session = house.session_of(bert);
  CHECK(house.sessions->find(session, kNow).value()->role == Role::analyst);
  REQUIRE(house.users->change("bert", {.role = Role::viewer}, unnoted()).ok());
  CHECK(!house.sessions->find(session, kNow)->has_value());
  session = house.session_of(bert);
  REQUIRE(house.users->change("bert", {.disabled = true}, unnoted()).ok());
  CHECK(!house.sessions->find(session, kNow)->has_value());
  CHECK(!house.users->check("bert", kPassword)->has_value());
  CHECK(!house.sessions->find(house.session_of(bert), kNow)->has_value());
  REQUIRE(house.users->change("bert", {.disabled = false}, unnoted()).ok());
  CHECK(house.users->check("bert", kPassword)->has_value());
}

TEST_CASE("a_change_and_its_line_in_the_audit_are_there_together_or_not_at_all") {
  People house;
  std::vector<std::string> noted;
  const Note note = [&](store::Stores& stores, std::string_view action, std::string_view object, std::string_view before,
                        std::string_view after) {
    noted.push_back(std::string(action) + " " + std::string(object) + " " + std::string(before) + " " + std::string(after));
    return stores.audit().add({.action = std::string(action), .object = std::string(object)});
  };
  const Note failing = [](store::Stores&, auto&&...) -> Result<Done> { return Error{"no"}; };
  (void)house.user("anna", Role::admin);
  CHECK(!house.users->add({"bert", kPassword, Role::viewer}, kNow, failing).ok());
  CHECK(!house.store->accounts().find_user("bert").value());
  REQUIRE(house.users->add({"bert", kPassword, Role::viewer}, kNow, note).ok());
  CHECK(!house.users->change("bert", {.role = Role::analyst}, failing).ok());
  CHECK(house.store->accounts().find_user("bert").value()->role == "viewer");
  REQUIRE(house.users->change("bert", {.role = Role::analyst}, note).ok());
  REQUIRE(house.users->set_password("bert", "another password of bert's", note).ok());
  CHECK(!house.users->remove("bert", failing).ok());
  CHECK(house.store->accounts().find_user("bert").value());
  REQUIRE(house.users->remove("bert", note).ok());
  CHECK(noted == std::vector<std::string>{
                     R"(user.add bert  {"role":"viewer","disabled":false})",
                     R"(user.change bert {"role":"viewer","disabled":false} {"role":"analyst","disabled":false})",
                     R"(user.password bert  )", R"(user.remove bert {"role":"analyst","disabled":false} )"});
  CHECK(house.store->audit().list({}).value().size() == 4);
}

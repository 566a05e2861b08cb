#include "gateway/users.hpp"

#include "connecting.hpp"
#include "gateway/attempt_limit.hpp"
#include "gateway/password.hpp"
#include "server/address.hpp"

using namespace logystera;
using namespace logystera::gateway;
using namespace logystera::testing;

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
  House house;
  const std::int64_t anna = house.user("Anna@example.org");
  const auto check = [&](std::string_view name, std::string_view password) {
    auto checked = house.users->check(name, password);
    REQUIRE(checked.ok());
    return checked.value();
  };
  CHECK(check("anna@EXAMPLE.org", kPassword) == anna);
  CHECK(!check("anna@example.org", "Correct horse battery staple"));
  CHECK(!check("anna", kPassword));
  CHECK(!check("", ""));
}

TEST_CASE("names_and_passwords_that_cannot_be_are_refused_with_a_reason") {
  House house;
  for (const std::string& name : {std::string(), std::string("two words"), std::string("<b>"), std::string("a\n"),
                                  std::string(65, 'a'), std::string("\xc3\xa4nna")}) {
    CHECK(house.users->add(name, kPassword, kNow).error().message.find("user name: must be") == 0);
  }
  CHECK(house.users->add("anna", "too short", kNow).error().message.find("at least 12 characters") != std::string::npos);
  REQUIRE(house.users->add("anna", kPassword, kNow).ok());
  CHECK(house.users->add("ANNA", kPassword, kNow).error().message.find("there is one of this name") != std::string::npos);
  CHECK(house.users->remove("bert").error().message.find("there is none") != std::string::npos);
  CHECK(house.users->set_password("bert", kPassword).error().message.find("there is none") != std::string::npos);
  CHECK(!house.users->set_password("anna", "too short").ok());
  CHECK(house.users->check("anna", kPassword)->has_value());
  CHECK(house.users->list()->size() == 1);
}

TEST_CASE("a_user_who_comes_back_under_an_old_name_inherits_no_session") {
  House house;
  const std::int64_t before = house.user();
  const std::string session = house.sessions->sign_in(before, kNow).value();
  CHECK(house.sessions->find(session, kNow)->has_value());
  REQUIRE(house.users->remove("anna").ok());
  CHECK(house.user() != before);
  CHECK(!house.sessions->find(session, kNow)->has_value());
  // Nor can one who was removed while his password was being checked.
  const std::string late = house.sessions->sign_in(before, kNow).value();
  CHECK(!house.sessions->find(late, kNow)->has_value());
}

TEST_CASE("attempts_run_out_and_come_back_key_by_key") {
  AttemptLimit limit({3, 6}, "a secret");
  for (int i = 0; i < 3; ++i) CHECK(!limit.take("a", 1000));
  CHECK(limit.take("a", 1000) == 10u);
  CHECK(!limit.take("b", 1000));
  CHECK(limit.take("a", 1009) == 1u);
  CHECK(!limit.take("a", 1010));
  CHECK(limit.take("a", 1010) == 10u);
  limit.give_back("a");
  CHECK(!limit.take("a", 1010));
  CHECK(limit.take("a", 10).has_value());  // a clock that was set back refills nothing
  for (int i = 0; i < 10; ++i) limit.give_back("a");
  for (int i = 0; i < 3; ++i) CHECK(!limit.take("a", 10));
  CHECK(limit.take("a", 10).has_value());
}

TEST_CASE("an_address_is_one_persons_share_of_it") {
  CHECK(server::address_key("192.0.2.1") != server::address_key("192.0.2.2"));
  CHECK(server::address_key("2001:db8:0:1::1") == server::address_key("2001:db8:0:1:ffff::2"));
  CHECK(server::address_key("2001:db8:0:1::1") != server::address_key("2001:db8:0:2::1"));
  CHECK(server::address_key("::ffff:192.0.2.1") != server::address_key("::ffff:192.0.2.2"));
  CHECK(server::is_address("192.0.2.1"));
  CHECK(server::is_address("::1"));
  CHECK(!server::is_address("unknown"));
  CHECK(!server::is_address("192.0.2.1, 192.0.2.2"));
}

// Entities, support requests, people, sessions and codes.
#include <algorithm>

#include "contract.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

User user_of(const std::string& name) {
  User user;
  user.name = name;
  user.password_hash = "$argon2id$" + name;
  user.created_at = kNow;
  return user;
}

Grant grant_of(std::int64_t user, std::int64_t issued_at = kNow) {
  return {user, "https://shop.example/", "https://shop.example/back", "challenge", issued_at};
}

std::int64_t number_of(Store& store, const std::string& name) {
  REQUIRE(store.accounts().add_user(user_of(name)).value());
  return store.accounts().find_user(name).value()->id;
}

SupportRequest request_of(const std::string& reference, const std::string& batch) {
  SupportRequest request;
  request.reference = reference;
  request.entity = "ent_a";
  request.batch = batch;
  request.received_at = kNow;
  request.message = "It does not work.";
  request.diagnostics = "{}";
  return request;
}

}  // namespace

TEST_CASE("a_revoked_entity_has_no_secret_and_takes_none") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  CHECK_FALSE(store->entities().revoke("ent_none", kNow).value());
  CHECK(store->entities().revoke("ent_a", kNow + 1).value());
  CHECK_FALSE(store->entities().revoke("ent_a", kNow + 2).value());
  auto entity = store->entities().find("ent_a").value();
  REQUIRE(entity);
  CHECK(entity->revoked_at == kNow + 1);
  CHECK(entity->sealed_secret.empty());
  CHECK(entity->sealed_previous.empty());
  entity->sealed_secret = "another";
  CHECK_FALSE(store->entities().update(*entity).value());
  CHECK(store->entities().find("ent_a").value()->sealed_secret.empty());
}

TEST_CASE("entities_are_listed_by_age") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  for (const char* token : {"ent_z", "ent_b"}) REQUIRE(store->entities().add(entity_of(token)).ok());
  const auto all = store->entities().list().value();
  REQUIRE(all.size() == 3);
  CHECK(all[0].token == "ent_a");
  CHECK(all[1].token == "ent_z");
  CHECK(all[2].token == "ent_b");
}

TEST_CASE("the_same_support_request_again_is_the_first_one") {
  IN_EVERY_STORE(place);
  const auto store = store_with_entity(place);
  CHECK(store->support().add(request_of("sup_1", "b1")).value() == "sup_1");
  CHECK(store->support().add(request_of("sup_2", "b1")).value() == "sup_1");
  CHECK(store->support().add(request_of("sup_3", "b2")).value() == "sup_3");
  const auto newest = store->support().list(1).value();
  REQUIRE(newest.size() == 1);
  CHECK(newest[0].reference == "sup_3");
  CHECK(newest[0].entity_name == "shop");
  CHECK(newest[0].message.empty());
  const auto all = store->support().list(10).value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].reference == "sup_1");
  CHECK(store->support().find("sup_1").value()->message == "It does not work.");
  CHECK_FALSE(store->support().find("sup_2").value());
  SupportRequest strange = request_of("sup_4", "b3");
  strange.entity = "ent_none";
  const auto refused = store->support().add(strange);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find("there is no entity ent_none") != std::string::npos);
}

TEST_CASE("a_users_name_is_taken_once_whatever_its_case_and_its_number_never_again") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  const std::int64_t anna = number_of(*store, "anna");
  CHECK_FALSE(store->accounts().add_user(user_of("Anna")).value());
  CHECK(store->accounts().find_user("ANNA").value()->id == anna);
  CHECK_FALSE(store->accounts().find_user("bert").value());
  const std::int64_t bert = number_of(*store, "bert");
  CHECK(store->accounts().users().value().size() == 2);
  CHECK(store->accounts().users().value()[0].name == "anna");
  CHECK(store->accounts().remove_user("bert").value());
  CHECK_FALSE(store->accounts().remove_user("bert").value());
  CHECK(number_of(*store, "carl") > bert);
}

TEST_CASE("a_session_is_found_until_it_ends_is_stale_or_its_user_goes") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  const std::int64_t anna = number_of(*store, "anna");
  const Digest first = sha256("first"), second = sha256("second"), third = sha256("third");
  REQUIRE(accounts.add_session(first, anna, kNow, kNow - kHour).ok());
  CHECK(accounts.find_user("anna").value()->last_login_at == kNow);
  REQUIRE(accounts.find_session(first).value());
  CHECK(accounts.find_session(first).value()->user == anna);
  CHECK(accounts.find_session(first).value()->user_name == "anna");
  REQUIRE(accounts.touch_session(first, kNow + 60).ok());
  CHECK(accounts.find_session(first).value()->seen_at == kNow + 60);
  CHECK(accounts.find_session(first).value()->created_at == kNow);
  CHECK_FALSE(accounts.find_session(second).value());
  // A login deletes what nobody has used for too long.
  REQUIRE(accounts.add_session(second, anna, kNow + kDay, kNow + kDay - kHour).ok());
  CHECK_FALSE(accounts.find_session(first).value());
  REQUIRE(accounts.end_session(second).ok());
  CHECK_FALSE(accounts.find_session(second).value());
  // Nobody's number gives no session.
  REQUIRE(accounts.add_session(third, anna + 100, kNow, 0).ok());
  CHECK_FALSE(accounts.find_session(third).value());
  for (const bool removed : {false, true}) {
    REQUIRE(accounts.add_session(first, anna, kNow, 0).ok());
    CHECK((removed ? accounts.remove_user("anna") : accounts.set_password("anna", "$argon2id$new")).value());
    CHECK_FALSE(accounts.find_session(first).value());
  }
  CHECK_FALSE(accounts.set_password("anna", "$argon2id$new").value());
}

TEST_CASE("a_code_is_used_once_and_old_ones_are_deleted") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  const std::int64_t anna = number_of(*store, "anna");
  const Digest code = sha256("code"), next = sha256("next");
  CHECK_FALSE(accounts.find_code(code).value());
  CHECK_FALSE(accounts.use_code(code, kNow, "").value());
  REQUIRE(accounts.add_code(code, grant_of(anna), 0).ok());
  const auto fresh = accounts.find_code(code).value();
  REQUIRE(fresh);
  CHECK(fresh->used_at == 0);
  CHECK(fresh->entity.empty());
  CHECK(fresh->grant.user == anna);
  CHECK(fresh->grant.client_id == "https://shop.example/");
  CHECK(fresh->grant.redirect_uri == "https://shop.example/back");
  CHECK(fresh->grant.challenge == "challenge");
  CHECK(fresh->grant.issued_at == kNow);
  CHECK(accounts.use_code(code, kNow + 5, "ent_a").value());
  CHECK_FALSE(accounts.use_code(code, kNow + 6, "ent_b").value());
  CHECK(accounts.find_code(code).value()->used_at == kNow + 5);
  CHECK(accounts.find_code(code).value()->entity == "ent_a");
  REQUIRE(accounts.add_code(next, grant_of(anna, kNow + 700), kNow + 100).ok());
  CHECK_FALSE(accounts.find_code(code).value());
  // A new password ends what was not used yet.
  REQUIRE(accounts.set_password("anna", "$argon2id$new").value());
  CHECK_FALSE(accounts.find_code(next).value());
}

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
  REQUIRE(accounts.add_session(first, {.user = anna, .created_at = kNow}, kNow - kHour).ok());
  CHECK(accounts.find_user("anna").value()->last_login_at == kNow);
  REQUIRE(accounts.find_session(first).value());
  CHECK(accounts.find_session(first).value()->user == anna);
  CHECK(accounts.find_session(first).value()->user_name == "anna");
  REQUIRE(accounts.touch_session(first, kNow + 60).ok());
  CHECK(accounts.find_session(first).value()->seen_at == kNow + 60);
  CHECK(accounts.find_session(first).value()->created_at == kNow);
  CHECK_FALSE(accounts.find_session(second).value());
  // A login deletes what nobody has used for too long.
  REQUIRE(accounts.add_session(second, {.user = anna, .created_at = kNow + kDay}, kNow + kDay - kHour).ok());
  CHECK_FALSE(accounts.find_session(first).value());
  REQUIRE(accounts.end_session(second).ok());
  CHECK_FALSE(accounts.find_session(second).value());
  // Nobody's number gives no session.
  REQUIRE(accounts.add_session(third, {.user = anna + 100, .created_at = kNow}, 0).ok());
  CHECK_FALSE(accounts.find_session(third).value());
  for (const bool removed : {false, true}) {
    REQUIRE(accounts.add_session(first, {.user = anna, .created_at = kNow}, 0).ok());
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

TEST_CASE("a_user_is_stored_with_role_sites_and_preferences") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  CHECK_FALSE(accounts.has_users().value());
  User anna = user_of("anna");
  CHECK(anna.role == "viewer");  // whoever says nothing gets the least
  anna.role = "analyst";
  anna.sites = {false, {"ent_a", "ent_b"}};
  anna.zone = "Europe/Zurich";
  anna.theme = "dark";
  REQUIRE(accounts.add_user(anna).value());
  CHECK(accounts.has_users().value());
  User found = *accounts.find_user("anna").value();
  CHECK(found.role == "analyst");
  CHECK_FALSE(found.disabled);
  CHECK_FALSE(found.sites.all);
  CHECK(found.sites.tokens == std::vector<std::string>{"ent_a", "ent_b"});
  CHECK(found.zone == "Europe/Zurich");
  CHECK(found.theme == "dark");
  CHECK(accounts.find_user(found.id).value()->name == "anna");
  CHECK_FALSE(accounts.find_user(found.id + 1).value());
  const Digest session = sha256("session"), code = sha256("code");
  REQUIRE(accounts.add_session(session, {.user = found.id, .created_at = kNow}, 0).ok());
  REQUIRE(accounts.add_code(code, grant_of(found.id), 0).ok());
  found.zone = "";
  REQUIRE(accounts.set_preferences(found).value());
  CHECK(accounts.find_user("anna").value()->zone.empty());
  CHECK(accounts.find_session(session).value()->sites.tokens.size() == 2);
  // What one may see or do is said anew to every session.
  REQUIRE(accounts.end_session(session).ok());
  for (const SiteChoice& sites : {SiteChoice{false, {}}, SiteChoice{}}) {
    REQUIRE(accounts.add_session(session, {.user = found.id, .created_at = kNow}, 0).ok());
    found.sites = sites;
    found.role = "admin";
    REQUIRE(accounts.set_access(found).value());
    CHECK_FALSE(accounts.find_session(session).value());
    CHECK_FALSE(accounts.find_code(code).value());
    CHECK(accounts.find_user("anna").value()->sites.all == sites.all);
    CHECK(accounts.find_user("anna").value()->sites.tokens.empty());
    CHECK(accounts.find_user("anna").value()->role == "admin");
  }
  found.disabled = true;
  REQUIRE(accounts.set_access(found).value());
  CHECK(accounts.has_users().value());
  REQUIRE(accounts.add_session(session, {.user = found.id, .created_at = kNow + 9}, 0).ok());
  CHECK_FALSE(accounts.find_session(session).value());
  CHECK(accounts.find_user("anna").value()->last_login_at == kNow);
  found.id += 1;
  CHECK_FALSE(accounts.set_access(found).value());
  CHECK_FALSE(accounts.set_preferences(found).value());
}

TEST_CASE("sessions_are_known_to_their_owner_by_a_number_and_end_by_it") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  const std::int64_t anna = number_of(*store, "anna"), bert = number_of(*store, "bert");
  const Digest first = sha256("first"), second = sha256("second"), key = sha256("key");
  REQUIRE(accounts.add_session(first, {.user = anna, .agent = "Firefox on Linux", .created_at = kNow}, 0).ok());
  REQUIRE(accounts.add_session(second, {.user = anna, .created_at = kNow + 1}, 0).ok());
  const auto all = accounts.sessions_of(anna).value();
  REQUIRE(all.size() == 2);
  CHECK(all[0].created_at == kNow + 1);
  CHECK(all[1].agent == "Firefox on Linux");
  CHECK(all[1].id < all[0].id);
  CHECK_FALSE(accounts.end_session_of(bert, all[1].id).value());
  CHECK(accounts.end_session_of(anna, all[1].id).value());
  CHECK_FALSE(accounts.end_session_of(anna, all[1].id).value());
  CHECK_FALSE(accounts.find_session(first).value());
  CHECK(accounts.find_session(second).value()->id == all[0].id);
  // Somebody with the configured token is no user.
  REQUIRE(accounts.add_session(key, {.key = "mark", .created_at = kNow}, 0).ok());
  const auto found = accounts.find_session(key).value();
  REQUIRE(found);
  CHECK(found->user == 0);
  CHECK(found->key == "mark");
  CHECK(found->role.empty());
  CHECK(accounts.sessions_of(anna).value().size() == 1);
}

TEST_CASE("a_second_factors_codes_are_taken_once_and_in_their_order") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  const std::int64_t anna = number_of(*store, "anna"), bert = number_of(*store, "bert");
  const Digest one = sha256("one"), two = sha256("two");
  REQUIRE(accounts.set_totp(anna, "sealed", {one, two}).value());
  CHECK(accounts.find_user("anna").value()->sealed_totp == "sealed");
  CHECK(accounts.find_user("bert").value()->sealed_totp.empty());
  CHECK(accounts.use_totp_step(anna, 100).value());
  CHECK_FALSE(accounts.use_totp_step(anna, 100).value());
  CHECK_FALSE(accounts.use_totp_step(anna, 99).value());
  CHECK(accounts.use_totp_step(anna, 101).value());
  CHECK(accounts.find_user("anna").value()->totp_step == 101);
  CHECK(accounts.recovery_codes(anna).value() == 2);
  CHECK_FALSE(accounts.use_recovery_code(bert, one).value());
  CHECK(accounts.use_recovery_code(anna, one).value());
  CHECK_FALSE(accounts.use_recovery_code(anna, one).value());
  CHECK(accounts.recovery_codes(anna).value() == 1);
  REQUIRE(accounts.set_totp(anna, "", {}).value());
  CHECK(accounts.recovery_codes(anna).value() == 0);
  CHECK(accounts.find_user("anna").value()->sealed_totp.empty());
  CHECK_FALSE(accounts.set_totp(bert + 1, "sealed", {}).value());
  REQUIRE(accounts.set_totp(bert, "sealed", {two}).value());
  REQUIRE(accounts.remove_user("bert").value());
  CHECK_FALSE(accounts.use_recovery_code(bert, two).value());
}

TEST_CASE("a_token_is_found_with_its_user_as_he_is_now") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AccountStore& accounts = store->accounts();
  const std::int64_t anna = number_of(*store, "anna"), bert = number_of(*store, "bert");
  const auto token_of = [](std::int64_t user, const std::string& name) {
    ApiToken token;
    token.user = user;
    token.name = name;
    token.prefix = "lgy_abcd";
    token.role = "analyst";
    token.sites = {false, {"ent_a"}};
    token.created_at = kNow;
    token.expires_at = kNow + kDay;
    return token;
  };
  const Digest hash = sha256("token"), servers = sha256("server's"), berts = sha256("bert's");
  CHECK_FALSE(accounts.find_token(hash).value());
  const std::int64_t id = accounts.add_token(token_of(anna, "ci"), hash).value();
  CHECK(accounts.add_token(token_of(0, "backup"), servers).value() > id);
  const std::int64_t last = accounts.add_token(token_of(bert, "his"), berts).value();
  auto found = accounts.find_token(hash).value();
  REQUIRE(found);
  CHECK(found->id == id);
  CHECK(found->name == "ci");
  CHECK(found->prefix == "lgy_abcd");
  CHECK(found->role == "analyst");
  CHECK(found->sites.tokens == std::vector<std::string>{"ent_a"});
  CHECK(found->expires_at == kNow + kDay);
  CHECK(found->last_used_at == 0);
  CHECK(found->user_name == "anna");
  CHECK(found->user_role == "viewer");
  CHECK(found->user_sites.all);
  User changed = *accounts.find_user("anna").value();
  changed.disabled = true;
  changed.sites = {false, {"ent_b"}};
  REQUIRE(accounts.set_access(changed).value());
  REQUIRE(accounts.touch_token(id, kNow + 5, "192.0.2.1").ok());
  found = accounts.find_token(hash).value();
  CHECK(found->user_disabled);
  CHECK(found->user_sites.tokens == std::vector<std::string>{"ent_b"});
  CHECK(found->last_used_at == kNow + 5);
  CHECK(found->last_address == "192.0.2.1");
  CHECK(accounts.find_token(servers).value()->user_name.empty());
  CHECK(accounts.tokens().value().size() == 3);
  CHECK(accounts.tokens(anna).value().size() == 1);
  CHECK(accounts.tokens(0).value()[0].name == "backup");
  CHECK(accounts.find_token(id).value()->name == "ci");
  CHECK(accounts.remove_token(id).value());
  CHECK_FALSE(accounts.remove_token(id).value());
  CHECK_FALSE(accounts.find_token(hash).value());
  REQUIRE(accounts.remove_user("bert").value());
  CHECK_FALSE(accounts.find_token(berts).value());
  CHECK(accounts.add_token(token_of(0, "next"), sha256("next")).value() > last);
}

TEST_CASE("the_audit_is_read_from_the_newest_on_and_shortened_from_the_oldest") {
  IN_EVERY_STORE(place);
  const auto store = place.open();
  AuditStore& audit = store->audit();
  CHECK(audit.list({}).value().empty());
  for (int i = 0; i < 5; ++i) {
    AuditRow row;
    row.at = kNow + i * kDay;
    row.actor = i % 2 == 0 ? "anna" : "bert";
    row.address = "192.0.2.1";
    row.action = i == 3 ? "token.add" : "user.change";
    row.object = "carl" + std::to_string(i);
    row.before = R"({"role":"viewer"})";
    row.after = R"({"role":"admin"})";
    REQUIRE(audit.add(row).ok());
  }
  const auto all = audit.list({}).value();
  REQUIRE(all.size() == 5);
  CHECK(all[0].object == "carl4");
  CHECK(all[0].at == kNow + 4 * kDay);
  CHECK(all[0].before == R"({"role":"viewer"})");
  CHECK(all[4].address == "192.0.2.1");
  CHECK(audit.list({.before_id = all[1].id, .limit = 2}).value()[0].object == "carl2");
  CHECK(audit.list({.before_id = all[1].id, .limit = 2}).value().size() == 2);
  CHECK(audit.list({.actor = "ANNA"}).value().size() == 3);
  CHECK(audit.list({.action = "user."}).value().size() == 4);
  CHECK(audit.list({.action = "user"}).value().empty());
  CHECK(audit.list({.action = "token.add"}).value().size() == 1);
  CHECK(audit.list({.since = kNow + kDay, .until = kNow + 2 * kDay}).value().size() == 2);
  CHECK(audit.prune(kNow + 3 * kDay, 2).value() == 2);
  CHECK(audit.prune(kNow + 3 * kDay, 2).value() == 1);
  CHECK(audit.prune(kNow + 3 * kDay, 2).value() == 0);
  CHECK(audit.list({}).value().size() == 2);
  // With the change it speaks of, or not at all.
  {
    auto transaction = store->begin();
    REQUIRE(transaction.ok());
    REQUIRE(transaction.value()->audit().add({.action = "user.add"}).ok());
  }
  CHECK(audit.list({}).value().size() == 2);
}

#include "access/tokens.hpp"

#include <zlib.h>

#include <fstream>
#include <iterator>

#include "people.hpp"

using namespace logystera;
using namespace logystera::access;
using namespace logystera::testing;
using web::Role;

namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("a_token_is_told_by_its_prefix_its_length_and_its_checksum") {
  const std::string token = make_token().value();
  CHECK(token.size() == 53);
  CHECK(token.starts_with("lgy_"));
  CHECK(is_token(token));
  CHECK(make_token().value() != token);
  // As anybody would check it who knows nothing but the form: CRC-32 of the first 47 characters in base 62.
  const std::string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  std::uint64_t value = 0;
  for (const char c : token.substr(47)) value = value * 62 + digits.find(c);
  CHECK(value == ::crc32(0, reinterpret_cast<const Bytef*>(token.data()), 47));
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string spoilt = token;
    spoilt[i] = spoilt[i] == 'a' ? 'b' : 'a';
    INFO(spoilt);
    CHECK(!is_token(spoilt));
  }
  for (const std::string& text :
       {std::string(), token.substr(1), token + "x", token.substr(0, 52), "LGY_" + token.substr(4), std::string(53, '_'),
        token.substr(0, 10) + std::string(1, '\0') + token.substr(11)}) {
    CHECK(!is_token(text));
  }
}

TEST_CASE("what_is_stored_of_a_token_is_its_hash_and_what_it_is_recognised_by") {
  People house;
  const std::int64_t anna = house.user("anna", Role::admin);
  const auto made = house.tokens->add({anna, "ci", Role::analyst, {false, {"ent_shop", "ent_blog"}}, 30}, kNow, unnoted());
  REQUIRE(made.ok());
  const auto& token = made.value();
  const auto stored = house.store->accounts().find_token(token_hash(token.token)).value();
  REQUIRE(stored);
  CHECK(stored->id == token.id);
  CHECK(stored->user == anna);
  CHECK(stored->prefix == token.token.substr(0, 8));
  CHECK(stored->role == "analyst");
  CHECK(stored->expires_at == kNow + 30 * kDaySeconds);
  CHECK(stored->sites.tokens == std::vector<std::string>{"ent_shop", "ent_blog"});
  std::string file = read_file(house.scratch.file("a.db")) + read_file(house.scratch.file("a.db-wal"));
  CHECK(file.find(token.token.substr(0, 8)) != std::string::npos);
  CHECK(file.find(token.token.substr(0, 12)) == std::string::npos);
}

TEST_CASE("tokens_that_cannot_be_are_refused_with_a_reason") {
  People house;
  const auto refused = [&](const NewToken& token) {
    auto made = house.tokens->add(token, kNow, unnoted());
    return made ? std::string() : made.error().message;
  };
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a\nb"), std::string("\xff")}) {
    CHECK(refused({0, name}).starts_with("token name: must be"));
  }
  CHECK(refused({0, "ci", Role::viewer, {}, 0}) == "a token lasts 1 to 3650 days, got 0");
  CHECK(refused({0, "ci", Role::viewer, {}, 3651}) == "a token lasts 1 to 3650 days, got 3651");
  CHECK(refused({0, "ci", Role::admin, {false, {"ent_a"}}}).find("sees all sites") != std::string::npos);
  CHECK(house.store->accounts().tokens().value().empty());
  const auto endless = house.tokens->add({0, "ci", Role::viewer, {}, std::nullopt}, kNow, unnoted());
  REQUIRE(endless.ok());
  CHECK(endless.value().expires_at == 0);
}

TEST_CASE("a_person_has_so_many_tokens_and_ends_his_own_alone") {
  People house;
  const std::int64_t anna = house.user("anna", Role::admin), bert = house.user("bert", Role::viewer);
  std::int64_t last = 0;
  for (std::size_t i = 0; i < kTokensOfOneMost; ++i) {
    last = house.tokens->add({bert, "ci"}, kNow, unnoted())->id;
  }
  CHECK(house.tokens->add({bert, "ci"}, kNow, unnoted()).error().kind == ErrorKind::too_large);
  CHECK(house.tokens->add({anna, "ci"}, kNow, unnoted()).ok());
  CHECK(house.tokens->revoke(last, anna, unnoted()).error().kind == ErrorKind::not_found);
  CHECK(house.tokens->revoke(last, bert, unnoted()).ok());
  CHECK(!house.tokens->revoke(last, bert, unnoted()).ok());
  CHECK(house.tokens->list(bert)->size() == kTokensOfOneMost - 1);
  REQUIRE(house.users->remove("bert", unnoted()).ok());
  CHECK(house.tokens->list()->size() == 1);
}

TEST_CASE("nobody_makes_a_token_that_may_more_than_himself") {
  web::Principal who;
  who.role = Role::analyst;
  CHECK(may_make(who, {0, "a", Role::analyst}).ok());
  CHECK(!may_make(who, {0, "a", Role::admin}).ok());
  who.all_sites = false;
  who.sites = {"ent_shop"};
  CHECK(!may_make(who, {0, "a", Role::viewer}).ok());
  CHECK(!may_make(who, {0, "a", Role::viewer, {false, {"ent_shop", "ent_blog"}}}).ok());
  CHECK(may_make(who, {0, "a", Role::viewer, {false, {"ent_shop"}}}).ok());
  CHECK(may_make(who, {0, "a", Role::viewer, {false, {}}}).ok());
}

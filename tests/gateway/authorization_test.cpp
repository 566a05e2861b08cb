#include "gateway/authorization.hpp"

#include <sqlite3.h>

#include <atomic>
#include <thread>

#include "connecting.hpp"

using namespace logystera;
using namespace logystera::gateway;
using namespace logystera::testing;

namespace {

struct Outcome {
  bool made = false;
  IssuedEntity issued;
  std::string error;
};

Outcome redeem(House& house, const Fields& fields) {
  Outcome outcome;
  TokenError refusal;
  auto redeemed = house.authorization->redeem(fields.form(), outcome.issued, refusal);
  REQUIRE(redeemed.ok());
  outcome.made = redeemed.value();
  outcome.error = refusal.code;
  return outcome;
}

std::string code_for(House& house, std::int64_t user) {
  auto request = AuthorizationRequest::read(authorization_fields().form());
  REQUIRE(request.ok());
  return std::move(house.authorization->issue(request.value(), user)).value();
}

std::string refusal_of(const Fields& fields) {
  auto request = AuthorizationRequest::read(fields.form());
  return request ? "" : request.error().message;
}

}  // namespace

TEST_CASE("the_challenge_is_the_one_of_the_rfc") { CHECK(challenge_of(kVerifier) == kChallenge); }

TEST_CASE("a_code_makes_one_entity_whose_secret_opens_the_gateway") {
  House house;
  const std::string code = code_for(house, house.user());
  CHECK(code.size() == 43);
  house.now += kCodeSeconds;
  const Outcome outcome = redeem(house, token_fields(code));
  REQUIRE(outcome.made);
  CHECK(outcome.issued.name == "example.org");
  const auto sender = house.entities->sender(outcome.issued.secret.token, house.now);
  REQUIRE(sender.ok());
  CHECK(sender->known);
  CHECK(sender->secret == outcome.issued.secret.secret);
  CHECK(house.all_entities().size() == 1);
  CHECK(house.logged.find(outcome.issued.secret.secret) == std::string::npos);
  CHECK(house.logged.find(code) == std::string::npos);
  const auto noted = house.store->audit().list({.action = "site.connect"}).value();
  REQUIRE(noted.size() == 1);
  CHECK(noted[0].object == outcome.issued.secret.token);
  CHECK(noted[0].at == house.now);
  CHECK(noted[0].after.find("\"name\":\"example.org\"") != std::string::npos);
  CHECK(noted[0].after.find(outcome.issued.secret.secret) == std::string::npos);
  CHECK(noted[0].actor == house.store->accounts().users().value().at(0).name);
}

TEST_CASE("a_code_is_good_for_sixty_seconds") {
  House house;
  const std::string code = code_for(house, house.user());
  house.now += kCodeSeconds + 1;
  CHECK(redeem(house, token_fields(code)).error == "invalid_grant");
  house.now -= 1;  // what was refused once stays refused
  CHECK(redeem(house, token_fields(code)).error == "invalid_grant");
  CHECK(house.all_entities().empty());
}

TEST_CASE("the_second_use_of_a_code_revokes_what_the_first_made") {
  House house;
  const std::string code = code_for(house, house.user());
  const Outcome first = redeem(house, token_fields(code));
  REQUIRE(first.made);
  house.now += 5;
  // Whoever has the code may not have the rest of it.
  const Outcome second = redeem(house, token_fields(code).set("code_verifier", std::string(43, 'x')));
  CHECK(!second.made);
  CHECK(second.error == "invalid_grant");
  CHECK(!house.entities->sender(first.issued.secret.token, house.now)->known);
  CHECK(house.store->audit().list({.action = "site.disconnect"}).value().at(0).object == first.issued.secret.token);
  CHECK(house.all_entities().front().revoked_at == house.now);
  CHECK(house.logged.find("used again") != std::string::npos);
}

TEST_CASE("an_old_code_out_of_a_log_disconnects_nobody") {
  House house;
  const std::string code = code_for(house, house.user());
  const Outcome first = redeem(house, token_fields(code));
  REQUIRE(first.made);
  house.now += kReplaySeconds + 1;
  CHECK(redeem(house, token_fields(code)).error == "invalid_grant");
  CHECK(house.entities->sender(first.issued.secret.token, house.now)->known);
  // And is forgotten with the next one that is given out.
  (void)code_for(house, house.store->accounts().find_user("anna").value()->id);
  CHECK(redeem(house, token_fields(code)).error == "invalid_grant");
}

TEST_CASE("a_code_shown_with_anything_wrong_is_used_up") {
  House house;
  const std::string code = code_for(house, house.user());
  Fields wrong = token_fields(code);
  SECTION("verifier") { wrong.set("code_verifier", std::string(43, 'a')); }
  SECTION("the challenge as verifier") { wrong.set("code_verifier", kChallenge); }
  SECTION("client") { wrong.set("client_id", "https://evil.example/"); }
  SECTION("client without its slash") { wrong.set("client_id", "https://example.org"); }
  SECTION("redirect of the same origin") { wrong.set("redirect_uri", "https://example.org/admin/connect?step=3"); }
  SECTION("redirect in other letters") { wrong.set("redirect_uri", "https://EXAMPLE.org/admin/connect?step=2"); }
  CHECK(redeem(house, wrong).error == "invalid_grant");
  CHECK(redeem(house, token_fields(code)).error == "invalid_grant");
  CHECK(house.all_entities().empty());
}

TEST_CASE("a_token_request_that_lacks_something_says_what_and_uses_nothing_up") {
  House house;
  const std::string code = code_for(house, house.user());
  const auto error = [&](const std::string& name, const std::string& value) {
    return redeem(house, token_fields(code).set(name, value)).error;
  };
  for (const char* name : {"grant_type", "code", "redirect_uri", "client_id", "code_verifier"}) {
    CHECK(error(name, "") == "invalid_request");
  }
  CHECK(error("grant_type", "password") == "unsupported_grant_type");
  CHECK(error("code_verifier", std::string(42, 'a')) == "invalid_request");
  CHECK(error("code_verifier", std::string(129, 'a')) == "invalid_request");
  CHECK(error("code_verifier", std::string(42, 'a') + "\n") == "invalid_request");
  CHECK(error("code", std::string(129, 'a')) == "invalid_request");
  CHECK(error("code", "unknown") == "invalid_grant");
  CHECK(redeem(house, token_fields(code)).made);
}

TEST_CASE("of_many_uses_at_once_exactly_one_succeeds") {
  House house;
  const std::string code = code_for(house, house.user());
  std::atomic<int> made = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      // A process of its own would have its own connections.
      const auto own = std::move(store::open("sqlite:" + house.scratch.file("a.db"))).value();
      Authorization authorization(*own, *house.entities, {[] { return kNow; }, [](std::string_view) {}});
      IssuedEntity issued;
      TokenError refusal;
      auto redeemed = authorization.redeem(token_fields(code).form(), issued, refusal);
      if (redeemed.ok() && redeemed.value()) ++made;
      else if (redeemed.ok() && refusal.code == "invalid_grant") ++refused;
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(made == 1);
  CHECK(refused == 7);
  REQUIRE(house.all_entities().size() == 1);
  CHECK(house.all_entities().front().revoked_at != 0);
}

TEST_CASE("an_authorization_request_is_taken_whole_or_refused_by_name") {
  struct Case {
    const char *name, *value, *words;
  };
  const Case tried = GENERATE(
      Case{"response_type", "", "response_type: must be code"},
      Case{"response_type", "token", "response_type: must be code"}, Case{"client_id", "", "client_id: is missing"},
      Case{"client_id", "http://example.org/", "client_id: must begin with https://"},
      Case{"client_id", "https://example.org/?a", "client_id: is the site's base address"},
      Case{"client_id", "example.org", "client_id: must begin with https://"},
      Case{"redirect_uri", "", "redirect_uri: is missing"},
      Case{"redirect_uri", "https://evil.example/admin/connect", "redirect_uri: must have the same"},
      Case{"redirect_uri", "https://example.org.evil.example/", "redirect_uri: must have the same"},
      Case{"redirect_uri", "https://example.org:8443/", "redirect_uri: must have the same"},
      Case{"redirect_uri", "https://example.org@evil.example/", "redirect_uri: may hold no user"},
      Case{"redirect_uri", "https://example.org\\@evil.example/", "redirect_uri: has characters"},
      Case{"redirect_uri", "https://example.org/#x", "redirect_uri: may have no fragment"},
      Case{"redirect_uri", "https://example.org/a\r\nSet-Cookie: a=b", "redirect_uri: has characters"},
      Case{"redirect_uri", "https://example.org/\"><script>", "redirect_uri: has characters"},
      Case{"redirect_uri", "javascript:alert(1)//https://example.org/", "redirect_uri: must begin with https://"},
      Case{"redirect_uri", "//example.org/", "redirect_uri: must begin with https://"},
      Case{"state", "", "state: must have 16 to 512"}, Case{"state", "short", "state: must have 16 to 512"},
      Case{"state", "0123456789abcdef\r\nX: y", "state: must have 16 to 512"},
      Case{"code_challenge_method", "", "code_challenge_method: must be S256"},
      Case{"code_challenge_method", "plain", "code_challenge_method: plain is not taken"},
      Case{"code_challenge_method", "s256", "code_challenge_method: must be S256"},
      Case{"code_challenge", "", "code_challenge: must be"}, Case{"code_challenge", "short", "code_challenge: must be"},
      Case{"code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c=", "code_challenge: must be"},
      Case{"site_name", "two\nlines", "site_name: may have 128 characters"});
  INFO(tried.name << " " << tried.value);
  CHECK(refusal_of(authorization_fields().set(tried.name, tried.value)).find(tried.words) == 0);
}

TEST_CASE("limits_of_an_authorization_request_are_just_met_and_just_broken") {
  std::string name;
  for (int i = 0; i < 128; ++i) name += "\xe2\x82\xac";
  CHECK(refusal_of(authorization_fields().set("site_name", name)).empty());
  CHECK(!refusal_of(authorization_fields().set("site_name", name + "x")).empty());
  CHECK(refusal_of(authorization_fields().set("state", std::string(512, 's'))).empty());
  CHECK(!refusal_of(authorization_fields().set("state", std::string(513, 's'))).empty());
  const std::string longest = "https://example.org/" + std::string(kAddressBytes - 20, 'a');
  CHECK(refusal_of(authorization_fields().set("redirect_uri", longest)).empty());
  CHECK(!refusal_of(authorization_fields().set("redirect_uri", longest + "a")).empty());
  CHECK(refusal_of(authorization_fields().set("site_name", "")).empty());
}

TEST_CASE("a_request_survives_the_way_through_its_own_query") {
  const auto fields = authorization_fields().set("site_name", "A & B = \"C\" <\xc3\xa4>+%");
  const auto request = AuthorizationRequest::read(fields.form());
  REQUIRE(request.ok());
  const auto again = AuthorizationRequest::read(std::move(web::Form::parse(request->query())).value());
  REQUIRE(again.ok());
  CHECK(again->query() == request->query());
  CHECK(again->site_name == request->site_name);
  CHECK(again->redirect.text == "https://example.org/admin/connect?step=2");
}

TEST_CASE("an_answer_is_joined_to_the_redirects_own_query") {
  const auto back = [](const char* redirect) {
    return AuthorizationRequest::read(authorization_fields().set("redirect_uri", redirect).form())->back_with("code=1");
  };
  CHECK(back("https://example.org/a") == "https://example.org/a?code=1");
  CHECK(back("https://example.org/a?") == "https://example.org/a?code=1");
  CHECK(back("https://example.org/a?b=c") == "https://example.org/a?b=c&code=1");
  CHECK(back("https://example.org/a?b=c&") == "https://example.org/a?b=c&code=1");
}

TEST_CASE("a_site_is_named_after_its_address") {
  House house;
  const std::int64_t user = house.user();
  const auto name = [&](const std::string& client, const std::string& redirect) {
    auto request =
        AuthorizationRequest::read(authorization_fields().set("client_id", client).set("redirect_uri", redirect).form());
    REQUIRE(request.ok());
    const std::string code = std::move(house.authorization->issue(request.value(), user)).value();
    return redeem(house, token_fields(code).set("client_id", client).set("redirect_uri", redirect)).issued.name;
  };
  CHECK(name("https://Example.org:443/shop/", "https://example.org/shop/callback") == "example.org/shop");
  CHECK(name("http://localhost:8081", "http://localhost:8081/callback") == "localhost:8081");
  const std::string longest = "https://example.org/" + std::string(500, 'a');
  CHECK(name(longest, "https://example.org/").size() == 100);
}

// Who a finding is about, in words and in JSON.
#include "store/who.hpp"

#include "catch.hpp"

using namespace logystera;
using namespace logystera::store;

TEST_CASE("an_http_status_says_how_a_request_ended") {
  CHECK(outcome_of_status(200) == Who::Outcome::answered);
  CHECK(outcome_of_status(302) == Who::Outcome::redirected);
  CHECK(outcome_of_status(403) == Who::Outcome::refused);
  CHECK(outcome_of_status(404) == Who::Outcome::not_found);
  CHECK(outcome_of_status(400) == Who::Outcome::failed);
  CHECK(outcome_of_status(502) == Who::Outcome::failed);
  CHECK(outcome_of_status(199) == Who::Outcome::unknown);
  CHECK(outcome_of_status(600) == Who::Outcome::unknown);
}

TEST_CASE("a_stored_outcome_that_is_none_is_unknown") {
  for (std::uint8_t number = 0; number < Who::kOutcomes; ++number)
    CHECK(outcome_from(number) == static_cast<Who::Outcome>(number));
  CHECK(outcome_from(-1) == Who::Outcome::unknown);
  CHECK(outcome_from(Who::kOutcomes) == Who::Outcome::unknown);
  CHECK(outcome_from(256) == Who::Outcome::unknown);
}

TEST_CASE("who_is_told_beside_a_message_as_far_as_that_does_not_say_so") {
  const Who probe{"ip_8390373f", "", "/.env", 404, Who::Outcome::not_found};
  CHECK(words_beside("a probe", probe) == "ip_8390373f, /.env, answered 404");
  CHECK(words_beside("ip_8390373f GET /.env HTTP/1.1\" 404 12", probe).empty());
  const Who login{"ip_8390373f", "root", "web1", 0, Who::Outcome::logged_in};
  CHECK(words_beside("a login", login) == "ip_8390373f as root, web1, logged in");
  CHECK(actor_words({.address = {}, .account = "root", .target = {}}) == "root");
  CHECK(words_beside("", Who()).empty());
}

TEST_CASE("json_has_null_for_what_an_event_does_not_say") {
  JsonText json;
  json.begin_object();
  append_who(json, Who());
  json.end_object();
  CHECK(json.take() == R"({"actor":{"address":null,"account":null},"target":null,"status":null,"outcome":null})");
  json.begin_object();
  append_who(json, {"ip_1", "a\"b", "/x", 200, Who::Outcome::answered});
  json.end_object();
  CHECK(json.take() == R"({"actor":{"address":"ip_1","account":"a\"b"},"target":"/x","status":200,"outcome":"answered"})");
}

#include "query/finding_words.hpp"

#include "catch.hpp"
#include "core/catalogue.hpp"

using namespace logystera;
using query::words_of;

namespace {

store::Finding of_site(const std::string& message) {
  store::Finding finding;
  finding.site = "ent_a";
  finding.title = "The rule's title";
  finding.message = message;
  return finding;
}

std::string line(const std::string& labels, const std::string& type = "auth.login_failed") {
  return "{\"event_type\":\"" + type +
         "\",\"created_at\":1774211679,\"timestamp\":1774211679,\"event_id\":\"uuid_1c0e44a2\",\"labels\":" + labels + "}";
}

}  // namespace

TEST_CASE("a_signal_is_said_in_the_words_of_the_catalogue_with_its_labels_in_their_order") {
  const auto words = words_of(of_site(line(
      R"({"username":"user_1c0e44a2","uid":7,"ok":false,"none":null,"empty":"","roles":["editor",3,["x"]],"more":{"a":1}})")));
  CHECK(words.what == catalogue::find("auth.login_failed")->summary);
  CHECK(words.gist() == "username=user_1c0e44a2, uid=7, ok=false, none=nothing, empty=, roles=[editor, 3, […]], more={…}");
  CHECK(words.line() == words.what + ": " + words.gist());
  CHECK(words_of(of_site(line("{}", "own.type"))).line() == "own.type");
}

TEST_CASE("what_is_no_signal_is_said_as_it_is") {
  for (const std::string message :
       {"Failed password for user_1c0e44a2", "{", "{}", "[]", "{\"event_type\":1,\"labels\":{}}",
        "{\"event_type\":\"a\",\"labels\":[]}", "{\"event_type\":\"a\",\"labels\":{}} more"}) {
    INFO(message);
    CHECK(words_of(of_site(message)).line() == message);
  }
  CHECK(words_of(of_site("")).line() == "The rule's title");
  store::Finding log = of_site(line("{\"a\":\"b\"}"));
  log.site.clear();  // whoever writes into a log may write a signal's line there
  CHECK(words_of(log).line() == log.message);
  CHECK(words_of(of_site(std::string(100'000, '['))).line().size() == 100'000);
}

TEST_CASE("labels_without_end_are_cut_between_two_characters") {
  std::string labels = "{\"a\":\"";
  for (int i = 0; i < 1000; ++i) labels += "ü";
  const std::string gist = words_of(of_site(line(labels + "\"}"))).gist();
  CHECK(gist.size() <= query::kGistBytes + 3);
  CHECK(gist.substr(gist.size() - 5) == "ü…");
}

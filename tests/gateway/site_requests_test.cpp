#include "gateway/site_requests.hpp"

#include <fmt/format.h>
#include <rapidjson/document.h>

#include "catch.hpp"
#include "core/wire.hpp"
#include "gateway/ingest.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::gateway;
using logystera::testing::Scratch;
using server::Answer;
using server::Request;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

struct Gateway {
  Scratch scratch;
  std::int64_t now = kNow;
  std::string logged;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Entities> entities;
  web::Arrival arrival;
  std::unique_ptr<SiteRequests> requests;
  std::unique_ptr<store::BatchWriter> writer;
  std::unique_ptr<Ingest> ingest;
  IssuedSecret site;

  Gateway() {
    open();
    site = std::move(entities->add("shop", now)).value();
  }
  void open() {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    entities = std::make_unique<Entities>(
        std::move(Entities::open(store->entities(), std::move(Vault::open(scratch.file("a.key"), true)).value())).value());
    const auto clock = [this] { return now; };
    const auto log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    requests = std::make_unique<SiteRequests>(*entities, *store, arrival, SignatureCheck::Options{"", clock, log});
    writer = std::move(store->start_batch_writer()).value();
    ingest = std::make_unique<Ingest>(*entities, *writer, IngestOptions{{}, "", clock, log});
  }
  void reopen() {
    requests.reset();
    ingest.reset();
    writer.reset();
    entities.reset();
    store.reset();
    open();
  }

  struct Sending {
    std::string path, body, encoding = "identity", batch = {};
    std::int64_t timestamp = kNow;
  };
  Request request(const Sending& sending) const {
    const std::string batch = sending.batch.empty() ? wire::batch_id(site.token, sending.body) : sending.batch;
    const std::string signature = wire::sign(
        site.secret, {"POST", sending.path, site.token, sending.timestamp, batch, sending.encoding, sending.body});
    return {"POST",
            sending.path,
            "",
            {{"Logystera-Entity", site.token},
             {"Logystera-Timestamp", std::to_string(sending.timestamp)},
             {"Logystera-Batch", batch},
             {"Logystera-Signature", "v1=" + signature},
             {"Content-Encoding", sending.encoding}},
            sending.body,
            "127.0.0.1"};
  }
  // The answer, whose acknowledgement must hold whenever the request's signature did.
  Answer send(Request request, bool acknowledged = true) {
    const std::string batch(request.header("Logystera-Batch").value_or(""));
    Answer answer;
    const server::Reply reply = [&](Answer given) { answer = std::move(given); };
    std::vector<server::Route> routes = requests->routes(nullptr);
    for (server::Route& route : ingest->routes()) routes.push_back(std::move(route));
    for (const server::Route& route : routes) {
      if (route.path == request.path) route.handler(request, reply);
    }
    std::string ack;
    for (const auto& [name, value] : answer.headers) {
      if (name == wire::kAckHeader) ack = value;
    }
    CHECK(wire::carries(ack, wire::acknowledge(site.secret, answer.status, batch, answer.body)) == acknowledged);
    return answer;
  }
  Answer disconnect(bool acknowledged = true) { return send(request({"/v1/disconnect", "{}"}), acknowledged); }
  Answer support(const std::string& body) { return send(request({"/v1/support", body})); }
  int ping(bool acknowledged) { return send(request({"/v1/ping", "{}"}), acknowledged).status; }
};

std::string reference_of(const Answer& answer) {
  rapidjson::Document document;
  document.Parse(answer.body.c_str());
  return document.IsObject() && document.HasMember("reference") ? document["reference"].GetString() : "";
}

std::string message_of(const Answer& answer) {
  rapidjson::Document document;
  document.Parse(answer.body.c_str());
  return document.IsObject() && document.HasMember("message") ? document["message"].GetString() : "";
}

}  // namespace

TEST_CASE("a_disconnected_site_is_as_unknown_as_one_that_never_was_and_stays_so") {
  Gateway gateway;
  CHECK(gateway.ping(true) == 200);
  gateway.now = kNow + 5;
  const Answer answer = gateway.disconnect();
  CHECK(answer.status == 200);
  const Answer again = gateway.disconnect(false);
  CHECK(again.status == 401);
  CHECK(gateway.ping(false) == 401);
  CHECK(gateway.send(gateway.request({"/v1/support", R"({"message":"Help"})"}), false).status == 401);
  gateway.reopen();
  CHECK(gateway.ping(false) == 401);
  const auto entity = gateway.store->entities().find(gateway.site.token).value();
  REQUIRE(entity.has_value());
  CHECK(entity->revoked_at == kNow + 5);
  const auto noted = gateway.store->audit().list({}).value();
  REQUIRE(noted.size() == 1);  // the second request changed nothing
  CHECK(noted[0].action == "site.disconnect");
  CHECK(noted[0].actor == "site");
  CHECK(noted[0].object == gateway.site.token);
  CHECK(noted[0].at == kNow + 5);
  CHECK(entity->sealed_secret.empty());
  CHECK(entity->sealed_previous.empty());
}

TEST_CASE("the_previous_secret_of_a_rotated_entity_ends_with_it_too") {
  Gateway gateway;
  const IssuedSecret old = gateway.site;
  gateway.site = std::move(gateway.entities->rotate(old.token, kNow)).value();
  CHECK(gateway.disconnect().status == 200);
  gateway.site = old;
  CHECK(gateway.ping(false) == 401);
}

TEST_CASE("a_revoked_entity_is_not_brought_back_by_rotating_or_enabling_it") {
  Gateway gateway;
  REQUIRE(gateway.disconnect().status == 200);
  const std::string& token = gateway.site.token;
  for (const std::string& message : {gateway.entities->rotate(token, kNow).error().message,
                                     gateway.entities->set_disabled(token, false).error().message}) {
    CHECK(message.find("was disconnected") != std::string::npos);
  }
  // Whoever has read the entity before it was revoked does not write it back afterwards.
  store::Entity stale;
  stale.token = token;
  stale.sealed_secret = "sealed";
  CHECK(gateway.store->entities().update(stale).value() == false);
  CHECK(gateway.entities->revoke(token, kNow + 9).value() == false);
  CHECK(gateway.store->entities().find(token).value()->revoked_at == kNow);
}

TEST_CASE("only_the_site_itself_disconnects_itself") {
  Gateway gateway;
  Request request = gateway.request({"/v1/disconnect", "{}"});
  SECTION("signed for another path") {
    request = gateway.request({"/v1/ping", "{}"});
    request.path = "/v1/disconnect";
  }
  SECTION("signed with another secret") { request.headers[3].second = "v1=" + std::string(64, 'a'); }
  SECTION("unsigned") { request.headers.erase(request.headers.begin() + 3); }
  CHECK(gateway.send(request, false).status == 401);
  CHECK(gateway.ping(true) == 200);
}

TEST_CASE("a_disconnect_with_anything_but_an_empty_object_revokes_nothing") {
  Gateway gateway;
  const std::string body = GENERATE(as<std::string>{}, "", "[]", R"({"a":1})", "{", "{}{}", "null");
  CHECK(gateway.send(gateway.request({"/v1/disconnect", body})).status == 400);
  CHECK(gateway.send(gateway.request({"/v1/disconnect", "{}", "gzip"})).status == 415);
  CHECK(gateway.send(gateway.request({"/v1/disconnect", "{}", "identity", std::string(32, 'a')})).status == 400);
  CHECK(gateway.send(gateway.request({"/v1/disconnect", "{}", "identity", "", kNow - 301})).status == 401);
  CHECK(gateway.ping(true) == 200);
}

TEST_CASE("a_disabled_entity_may_not_ask_for_anything") {
  Gateway gateway;
  REQUIRE(gateway.entities->set_disabled(gateway.site.token, true).ok());
  CHECK(gateway.disconnect().status == 403);
  CHECK(gateway.support(R"({"message":"Help"})").status == 403);
}

TEST_CASE("a_support_request_is_kept_whole") {
  Gateway gateway;
  const Answer answer = gateway.support(
      R"({"message":"It \"breaks\"\nhere: \u00e4\ud83d\ude00","email":"maria@example.org","diagnostics":{"a":[1.5,null,{"b":"\u0001"}]}})");
  CHECK(answer.status == 202);
  const std::string reference = reference_of(answer);
  CHECK(reference.substr(0, 4) == "sup_");
  CHECK(reference.size() == 16);
  gateway.reopen();
  const auto found = gateway.store->support().find(reference).value();
  REQUIRE(found.has_value());
  CHECK(found->message == "It \"breaks\"\nhere: \xc3\xa4\xf0\x9f\x98\x80");
  CHECK(found->email == "maria@example.org");
  CHECK(found->diagnostics == R"({"a":[1.5,null,{"b":"\u0001"}]})");
  CHECK(found->entity == gateway.site.token);
  CHECK(found->entity_name == "shop");
  CHECK(found->received_at == kNow);
  CHECK(!gateway.store->support().find("sup_none").value().has_value());
  CHECK(gateway.logged.find("breaks") == std::string::npos);
  CHECK(gateway.logged.find("maria") == std::string::npos);
}

TEST_CASE("support_requests_of_one_site_are_kept_up_to_a_number_and_for_a_year") {
  Gateway gateway;
  store::SupportRequest request;
  request.entity = gateway.site.token;
  request.message = "Help";
  for (int i = 0; i < 210; ++i) {
    request.reference = "sup_" + std::to_string(i);
    request.batch = "batch " + std::to_string(i);
    request.received_at = kNow + i;
    REQUIRE(gateway.store->support().add(request).value() == request.reference);
  }
  CHECK(gateway.store->support().list(1'000).value().size() == 200);
  CHECK_FALSE(gateway.store->support().find("sup_9").value().has_value());
  CHECK(gateway.store->support().find("sup_10").value().has_value());
  request.reference = "sup_later";
  request.batch = "later";
  request.received_at = kNow + 366 * std::int64_t{86'400};
  REQUIRE(gateway.store->support().add(request).ok());
  CHECK(gateway.store->support().list(1'000).value().size() == 1);
}

TEST_CASE("the_same_support_request_again_is_kept_once_and_named_the_same") {
  Gateway gateway;
  const std::string first = reference_of(gateway.support(R"({"message":"Help"})"));
  CHECK(reference_of(gateway.support(R"({"message":"Help"})")) == first);
  CHECK(reference_of(gateway.support(R"({"message":"Help!"})")) != first);
  CHECK(gateway.store->support().list(10).value().size() == 2);
  CHECK(gateway.store->support().list(1).value().size() == 1);
  // Another site's words are its own.
  gateway.site = std::move(gateway.entities->add("other", kNow)).value();
  CHECK(reference_of(gateway.support(R"({"message":"Help"})")) != first);
}

TEST_CASE("a_support_request_beyond_a_limit_is_refused_by_the_limits_name") {
  Gateway gateway;
  std::string longest;
  for (int i = 0; i < 10'000; ++i) longest += "\xe2\x82\xac";
  struct Case {
    std::string body;
    std::string_view words;
  };
  const auto nested = [](std::size_t levels) {
    return R"({"message":"a","diagnostics":{"a":)" + std::string(levels - 2, '[') + std::string(levels - 2, ']') + "}}";
  };
  const std::vector<Case> cases{
      {"", "one JSON object"},
      {"[]", "one JSON object"},
      {"{\"message\":\"\xff\"}", "one JSON object"},
      {"{}", "message: is missing"},
      {R"({"message":" \n"})", "message: must be a string"},
      {R"({"message":1})", "message: must be a string"},
      {R"({"message":")" + longest + R"(x"})", "10000 characters"},
      {R"({"message":"a","email":"b"})", "email:"},
      {R"({"message":"a","email":"b@c\r\nd"})", "email:"},
      {R"({"message":"a","email":")" + std::string(250, 'a') + R"(@b.cd"})", "254 bytes"},
      {R"({"message":"a","email":1})", "email:"},
  };
  for (const Case& tried : cases) {
    gateway.site = std::move(gateway.entities->add("one more", kNow)).value();
    const Answer answer = gateway.support(tried.body);
    CHECK(answer.status == 400);
    INFO(answer.body);
    CHECK(message_of(answer).find(tried.words) != std::string::npos);
  }
  gateway.site = std::move(gateway.entities->add("one more", kNow)).value();
  CHECK(message_of(gateway.support(R"({"message":"a","diagnostics":[]})")).find("diagnostics:") == 0);
  CHECK(message_of(gateway.support(R"({"message":"a","what":1})")).find("unknown member") == 0);
  CHECK(message_of(gateway.support(nested(33))).find("nested more than 32") != std::string::npos);
  CHECK(message_of(gateway.support(std::string(200'000, '['))).find("nested more than 32") != std::string::npos);
  CHECK(gateway.store->support().list(100).value().empty());
  CHECK(gateway.support(nested(32)).status == 202);
  CHECK(gateway.support(R"({"message":")" + longest + R"(","email":null,"diagnostics":null})").status == 202);
}

TEST_CASE("support_requests_beyond_the_rate_of_a_site_are_told_to_wait") {
  Gateway gateway;
  for (int i = 0; i < static_cast<int>(kSupportBurst); ++i) {
    CHECK(gateway.support(fmt::format(R"({{"message":"number {}"}})", i)).status == 202);
  }
  const Answer answer = gateway.support(R"({"message":"one more"})");
  CHECK(answer.status == 429);
  CHECK(message_of(answer).find("support requests") != std::string::npos);
  CHECK(gateway.store->support().list(100).value().size() == static_cast<std::size_t>(kSupportBurst));
  // Another site has its own.
  gateway.site = std::move(gateway.entities->add("other", kNow)).value();
  CHECK(gateway.support(R"({"message":"one more"})").status == 202);
}

// What a site asks of its gateway besides taking batches, against a gateway that behaves and against one that does not.
#include <rapidjson/document.h>

#include "agent/dispatch.hpp"
#include "catch.hpp"
#include "core/json.hpp"
#include "fault_server.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

Reply answering(int code, std::string body, Ack ack = Ack::valid) {
  Reply reply = status(code, ack);
  reply.body = std::move(body);
  return reply;
}

Dispatcher dispatcher(const Site& site, const FaultServer& server) {
  return Dispatcher::open(site.directory(), server.credentials(), test::options()).value();
}

bool says(const CallResult& result, std::string_view words) { return result.error.find(words) != std::string::npos; }

}  // namespace

TEST_CASE("each_call_is_one_signed_request_and_only_a_signed_answer_counts") {
  Site site;
  FaultServer server([](const Request&) { return answering(200, R"({"reference":"sup_abc"})"); });
  const Dispatcher d = dispatcher(site, server);
  for (const CallResult& result : {d.ping(), d.disconnect(), d.support({"Help", {}, {}})}) {
    CHECK(name_of(result.status) == "ok");
    CHECK(result.http_status == 200);
    CHECK(result.error.empty());
  }
  const std::vector<Request> requests = server.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].target == "/v1/ping");
  CHECK(requests[1].target == "/v1/disconnect");
  CHECK(requests[1].body == "{}");
  CHECK(requests[2].target == "/v1/support");
  for (const Request& request : requests) {
    CHECK(request.method == "POST");
    CHECK(request.signature_holds);
    CHECK(request.batch_id_holds);
    CHECK(request.header("content-type") == "application/json");
  }
  CHECK(d.history().empty());
  CHECK(!d.state().known);
}

TEST_CASE("an_answer_that_is_not_the_gateways_own_is_no_success") {
  Site site;
  const Ack ack = GENERATE(Ack::none, Ack::forged, Ack::for_other_batch);
  FaultServer server([ack](const Request&) { return answering(200, R"({"reference":"sup_abc"})", ack); });
  const CallResult result = dispatcher(site, server).support({"Help", {}, {}});
  CHECK(name_of(result.status) == "unreachable");
  CHECK(result.http_status == 200);
  CHECK(result.reference.empty());
  CHECK(says(result, "not the gateway's own"));
}

TEST_CASE("what_the_gateway_refuses_is_told_apart_from_not_reaching_it") {
  struct Case {
    int code;
    Ack ack;
    std::string_view status, words;
  };
  const Case tried = GENERATE(
      Case{401, Ack::none, "refused", "copy entity token and secret again"},
      Case{403, Ack::valid, "refused", "have it enabled there"}, Case{426, Ack::valid, "refused", "update it"},
      Case{429, Ack::valid, "refused", "asks for a pause"}, Case{400, Ack::valid, "refused", "the words of the gateway"},
      Case{413, Ack::none, "refused", "raise its limit"}, Case{400, Ack::none, "unreachable", "not the gateway's own"},
      Case{404, Ack::none, "unreachable", "no Logystera gateway at this URL"},
      Case{302, Ack::none, "unreachable", "redirected"}, Case{503, Ack::valid, "unreachable", "problem of its own"});
  Site site;
  FaultServer server([&](const Request&) {
    return answering(tried.code, R"({"error":"malformed","message":"the words of the gateway"})", tried.ack);
  });
  const CallResult result = dispatcher(site, server).disconnect();
  INFO(tried.code << " " << result.error);
  CHECK(name_of(result.status) == tried.status);
  CHECK(result.http_status == tried.code);
  CHECK(says(result, tried.words));
  CHECK(server.request_count() == 1);
}

TEST_CASE("nobody_at_the_address_is_unreachable_without_a_status") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply;
    reply.reset = true;
    return reply;
  });
  const CallResult result = dispatcher(site, server).ping();
  CHECK(name_of(result.status) == "unreachable");
  CHECK(result.http_status == 0);
  CHECK(says(result, "could not be reached"));
}

TEST_CASE("a_clock_that_is_off_is_corrected_once_by_a_signed_time") {
  Site site;
  const std::int64_t theirs = Clock::wall + 4000;
  FaultServer server([&](const Request& request) {
    if (request.header("logystera-timestamp") == std::to_string(theirs)) return answering(200, R"({"status":"ok"})");
    return answering(401, R"({"error":"clock_skew","server_time":)" + std::to_string(theirs) + "}");
  });
  CHECK(name_of(dispatcher(site, server).ping().status) == "ok");
  CHECK(server.request_count() == 2);
  server.script([&](const Request&) {
    return answering(401, R"({"error":"clock_skew","server_time":)" + std::to_string(theirs) + "}");
  });
  const CallResult never = dispatcher(site, server).ping();
  CHECK(name_of(never.status) == "refused");
  CHECK(says(never, "clock"));
  CHECK(server.request_count() == 4);
}

TEST_CASE("a_support_message_arrives_as_it_was_written") {
  Site site;
  FaultServer server([](const Request&) { return answering(202, R"({"reference":"sup_abc-_9"})"); });
  const std::string text = "Quotes \" and \\ and\nlines, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80, \x01";
  const CallResult result =
      dispatcher(site, server).support({text, "maria@example.org", R"( {"php":"8.4","list":[1,{"a":null}]} )"});
  CHECK(name_of(result.status) == "ok");
  CHECK(result.reference == "sup_abc-_9");
  rapidjson::Document body;
  body.Parse(server.requests().front().body.c_str());
  REQUIRE(!body.HasParseError());
  CHECK(body["message"].GetString() == text);
  CHECK(body["email"].GetString() == std::string("maria@example.org"));
  CHECK(body["diagnostics"]["list"][1]["a"].IsNull());
}

TEST_CASE("a_support_message_beyond_a_limit_is_refused_before_anything_is_sent") {
  Site site;
  FaultServer server([](const Request&) { return answering(202, R"({"reference":"sup_abc"})"); });
  const Dispatcher d = dispatcher(site, server);
  std::string longest, wide;
  for (int i = 0; i < 10'000; ++i) longest += "\xe2\x82\xac";
  const auto nested = [](std::size_t levels) {
    return R"({"a":)" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}";
  };
  wide = R"({"a":")" + std::string(256 * 1024, 'x') + R"("})";
  const std::string long_address = std::string(250, 'a') + "@b.cd";
  const auto refused_with = [&](const SupportMessage& message, std::string_view words) {
    const CallResult result = d.support(message);
    INFO(result.error);
    CHECK(name_of(result.status) == "refused");
    CHECK(result.http_status == 0);
    CHECK(says(result, words));
  };
  refused_with({"", {}, {}}, "message: is empty");
  refused_with({" \r\n\t", {}, {}}, "message: is empty");
  refused_with({longest + "x", {}, {}}, "longer than 10000 characters");
  refused_with({"caf\xe9", {}, {}}, "not UTF-8");
  for (const std::string_view address : {"", "maria", "@example.org", "maria@", "ma ria@example.org", "a@b\r\nBcc: c@d"}) {
    refused_with({"Help", address, {}}, "email: must be an address");
  }
  refused_with({"Help", long_address, {}}, "at most 254 bytes");
  for (const std::string_view text : {"", "[]", "1", "{", "{}{}", "null", R"({"a":"\xff"})", "{\"a\":\"\xff\"}"}) {
    refused_with({"Help", {}, text}, "diagnostics: must be one JSON object");
  }
  refused_with({"Help", {}, nested(32)}, "nested more than 31 deep");
  refused_with({"Help", {}, wide}, "at most 262144 can be sent");
  CHECK(server.request_count() == 0);
  CHECK(name_of(d.support({longest, "a@b", nested(31)}).status) == "ok");
}

TEST_CASE("a_reference_that_could_not_be_the_gateways_is_not_handed_on") {
  Site site;
  FaultServer server([](const Request&) { return answering(202, R"({"reference":"<script>"})"); });
  const CallResult result = dispatcher(site, server).support({"Help", {}, {}});
  CHECK(name_of(result.status) == "ok");
  CHECK(result.reference.empty());
}

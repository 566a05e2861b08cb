#include "gateway/ingest.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>

#include "catch.hpp"
#include "core/wire.hpp"
#include "rapidjson/document.h"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::gateway;
using logystera::testing::Scratch;
using server::Answer;
using server::Request;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;
constexpr std::int64_t kDay = 24 * 3600;

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(::deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(::deflateBound(&stream, text.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(::deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  ::deflateEnd(&stream);
  return out;
}

std::string event_line(unsigned number) {
  return fmt::format(
      R"({{"event_type":"auth.login","created_at":{0},"timestamp":{0},"event_id":"00000000-0000-4000-8000-{1:012x}","labels":{{"uid":""}}}})",
      kNow, number);
}

std::string lines(unsigned first, unsigned count) {
  std::string body;
  for (unsigned i = first; i < first + count; ++i) body += event_line(i) + "\n";
  return body;
}

/// A gateway with one entity, a clock of the test's own, and no network.
struct Gateway {
  Scratch scratch;
  std::int64_t now = kNow;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Entities> entities;
  std::unique_ptr<store::BatchWriter> writer;
  std::unique_ptr<Ingest> ingest;
  IssuedSecret site;
  std::string logged;

  explicit Gateway(IngestOptions options = {}) {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    auto vault = Vault::open(scratch.file("a.key"), true);
    REQUIRE(vault.ok());
    entities = std::make_unique<Entities>(std::move(Entities::open(store->entities(), std::move(vault).value())).value());
    options.now = [this] { return now; };
    options.log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    writer = std::move(store->start_batch_writer()).value();
    ingest = std::make_unique<Ingest>(*entities, *writer, options);
    site = std::move(entities->add("shop", now)).value();
  }

  std::size_t stored() const {
    std::size_t count = 0;
    REQUIRE(store->events().read({}, [&](const store::StoredEvent&) { return ++count, true; }).ok());
    return count;
  }
};

/// A request that would be accepted; a test spoils what it wants before it is signed or after.
struct Sending {
  std::string entity, secret, body, encoding = "identity", path = "/v1/ingest", batch;
  std::int64_t timestamp = kNow;
  std::string agent = "logystera/1.4.2 (test)";

  Sending(const IssuedSecret& site, std::string text)
      : entity(site.token), secret(site.secret), body(std::move(text)), batch(wire::batch_id(entity, body)) {}

  Request request() const {
    Request request;
    request.method = "POST";
    request.path = path;
    request.body = body;
    const std::string signature = wire::sign(secret, {"POST", path, entity, timestamp, batch, encoding, body});
    request.headers = {{"logystera-entity", entity},   {"Logystera-Timestamp", std::to_string(timestamp)},
                       {"Logystera-Batch", batch},     {"Logystera-Signature", "v1=" + signature},
                       {"Content-Encoding", encoding}, {"User-Agent", agent}};
    return request;
  }
};

Answer answer_to(Ingest& ingest, Request request) {
  const auto promise = std::make_shared<std::promise<Answer>>();  // the replying thread may be the last to let go of it
  auto answer = promise->get_future();
  // A path that was changed after signing goes to the batches' route, too.
  const std::string path(request.path == wire::kPingPath ? wire::kPingPath : wire::kIngestPath);
  for (const server::Route& route : ingest.routes()) {
    if (route.path == path) route.handler(request, [promise](Answer given) { promise->set_value(std::move(given)); });
  }
  return answer.get();
}

Answer answer_to(Gateway& gateway, Request request) { return answer_to(*gateway.ingest, std::move(request)); }

std::string header_of(const Answer& answer, std::string_view name) {
  for (const auto& [key, value] : answer.headers) {
    if (key == name) return value;
  }
  return {};
}

bool acknowledged(const Answer& answer, const std::string& secret, const std::string& batch) {
  return wire::carries(header_of(answer, wire::kAckHeader), wire::acknowledge(secret, answer.status, batch, answer.body));
}

rapidjson::Document json_of(const Answer& answer) {
  rapidjson::Document document;
  document.Parse(answer.body.c_str());
  REQUIRE(!document.HasParseError());
  return document;
}

std::string text_of(const Answer& answer, const char* key) {
  const rapidjson::Document document = json_of(answer);
  return document.HasMember(key) && document[key].IsString() ? document[key].GetString() : "";
}

std::int64_t number_of(const Answer& answer, const char* key) {
  const rapidjson::Document document = json_of(answer);
  return document.HasMember(key) && document[key].IsInt64() ? document[key].GetInt64() : -1;
}

bool flag_of(const Answer& answer, const char* key) {
  const rapidjson::Document document = json_of(answer);
  return document.HasMember(key) && document[key].IsTrue();
}

}  // namespace

TEST_CASE("a_batch_is_accepted_once_and_acknowledged_each_time") {
  Gateway gateway;
  const Sending sending(gateway.site, lines(0, 3));
  const Answer first = answer_to(gateway, sending.request());
  CHECK(first.status == 202);
  CHECK(number_of(first, "accepted") == 3);
  CHECK(acknowledged(first, gateway.site.secret, sending.batch));
  const Answer again = answer_to(gateway, sending.request());
  CHECK(again.status == 200);
  CHECK(flag_of(again, "duplicate"));
  CHECK(number_of(again, "duplicates") == 3);
  CHECK(acknowledged(again, gateway.site.secret, sending.batch));
  CHECK(!acknowledged(again, gateway.site.secret, std::string(32, '0')));
  CHECK(gateway.stored() == 3);
}

TEST_CASE("a_replay_inside_the_window_stores_nothing_and_one_outside_it_is_refused") {
  Gateway gateway;
  const Request recorded = Sending(gateway.site, lines(0, 3)).request();
  CHECK(answer_to(gateway, recorded).status == 202);
  gateway.now = kNow + 300;
  CHECK(flag_of(answer_to(gateway, recorded), "duplicate"));
  gateway.now = kNow + 301;
  CHECK(answer_to(gateway, recorded).status == 401);
  CHECK(gateway.stored() == 3);
}

TEST_CASE("a_clock_that_is_off_is_named_and_told_the_time_but_only_to_who_signs") {
  Gateway gateway;
  const std::int64_t offset = GENERATE(as<std::int64_t>{}, kDay, -kDay, 301, -301, INT64_MAX - kNow, -kNow);
  Sending sending(gateway.site, lines(0, 1));
  sending.timestamp = kNow + offset;
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 401);
  CHECK(text_of(answer, "error") == "clock_skew");
  CHECK(number_of(answer, "server_time") == kNow);
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  sending.secret += "x";
  CHECK(text_of(answer_to(gateway, sending.request()), "error") == "unauthorized");
  CHECK(gateway.stored() == 0);
}

TEST_CASE("the_window_is_inclusive_at_both_ends") {
  Gateway gateway;
  for (const std::int64_t offset : {-300, 300}) {
    Sending sending(gateway.site, lines(static_cast<unsigned>(1000 + offset), 1));
    sending.timestamp = kNow + offset;
    CHECK(answer_to(gateway, sending.request()).status == 202);
  }
}

TEST_CASE("whatever_is_changed_after_signing_is_refused_alike") {
  Gateway gateway;
  const auto other = gateway.entities->add("other", kNow);
  const Sending sending(gateway.site, lines(0, 3));
  Request request = sending.request();
  const auto set = [&](std::string_view name, const std::string& value) {
    for (auto& [key, held] : request.headers) {
      if (key.size() == name.size() && Request{{}, {}, {}, {{key, held}}, {}, {}}.header(name)) held = value;
    }
  };
  SECTION("body") { request.body[5] ^= 1; }
  SECTION("truncated body") { request.body.pop_back(); }
  SECTION("path") { request.path = "/v1/other"; }
  SECTION("method") { request.method = "PUT"; }
  SECTION("timestamp") { set("Logystera-Timestamp", std::to_string(kNow + 1)); }
  SECTION("timestamp that is no number") { set("Logystera-Timestamp", std::to_string(kNow) + "x"); }
  SECTION("timestamp beyond 64 bits") { set("Logystera-Timestamp", "99999999999999999999999"); }
  SECTION("batch") { set("Logystera-Batch", std::string(32, 'a')); }
  SECTION("batch with a line break") { set("Logystera-Batch", "a\nb"); }
  SECTION("encoding") { set("Content-Encoding", "gzip"); }
  SECTION("another entity's token") { set("Logystera-Entity", other->token); }
  SECTION("a token nobody has") { set("Logystera-Entity", "ent_nobody"); }
  SECTION("no token") { set("Logystera-Entity", ""); }
  SECTION("signature of other digits") { set("Logystera-Signature", "v1=" + std::string(64, '0')); }
  SECTION("signature without its scheme") {
    set("Logystera-Signature",
        wire::sign(sending.secret, {"POST", "/v1/ingest", sending.entity, kNow, sending.batch, "identity", sending.body}));
  }
  SECTION("no signature") { set("Logystera-Signature", ""); }
  SECTION("a header sent twice") { request.headers.emplace_back("Logystera-Entity", gateway.site.token); }
  SECTION("no headers at all") { request.headers.clear(); }
  const Answer answer = answer_to(gateway, request);
  CHECK(answer.status == 401);
  CHECK(text_of(answer, "error") == "unauthorized");
  CHECK(header_of(answer, wire::kAckHeader).empty());
  CHECK(gateway.stored() == 0);
  Request nobody = sending.request();
  nobody.headers[0].second = "ent_unknown";
  const Answer unknown = answer_to(gateway, nobody);
  CHECK(unknown.body == answer.body);  // nobody can tell a wrong signature from a token that does not exist
  CHECK(unknown.headers == answer.headers);
}

TEST_CASE("the_stand_in_of_an_unknown_entity_signs_for_nobody") {
  Gateway gateway;
  // Neither the empty secret nor the entity's own may open another token.
  for (const std::string& secret : {std::string(), gateway.site.secret}) {
    Sending sending(gateway.site, lines(0, 1));
    sending.entity = "ent_unknown";
    sending.secret = secret;
    CHECK(answer_to(gateway, sending.request()).status == 401);
  }
}

TEST_CASE("a_rotated_secret_is_good_for_24_hours_more_and_no_longer") {
  Gateway gateway;
  const auto rotated = gateway.entities->rotate(gateway.site.token, kNow);
  REQUIRE(rotated.ok());
  CHECK(rotated->secret != gateway.site.secret);
  const auto send = [&](const std::string& secret, unsigned number) {
    Sending sending(gateway.site, lines(number, 1));
    sending.secret = secret;
    sending.timestamp = gateway.now;
    const Answer answer = answer_to(gateway, sending.request());
    // The answer is signed with the secret the request was signed with: it is the one its sender has.
    if (answer.status == 202) CHECK(acknowledged(answer, secret, sending.batch));
    return answer.status;
  };
  CHECK(send(rotated->secret, 1) == 202);
  CHECK(send(gateway.site.secret, 2) == 202);
  gateway.now = kNow + kDay - 1;
  CHECK(send(gateway.site.secret, 3) == 202);
  gateway.now = kNow + kDay;
  CHECK(send(gateway.site.secret, 4) == 401);
  CHECK(send(rotated->secret, 5) == 202);
}

TEST_CASE("a_second_rotation_ends_the_first_secret_at_once") {
  Gateway gateway;
  const auto second = gateway.entities->rotate(gateway.site.token, kNow);
  const auto third = gateway.entities->rotate(gateway.site.token, kNow);
  const auto status = [&](const std::string& secret) {
    Sending sending(gateway.site, lines(0, 1));
    sending.secret = secret;
    return answer_to(gateway, sending.request()).status;
  };
  CHECK(status(gateway.site.secret) == 401);
  CHECK(status(second->secret) == 202);
  CHECK(status(third->secret) == 200);
}

TEST_CASE("a_disabled_entity_is_told_so_only_when_it_signs") {
  Gateway gateway;
  REQUIRE(gateway.entities->set_disabled(gateway.site.token, true).ok());
  Sending sending(gateway.site, lines(0, 1));
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 403);
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  sending.secret += "x";
  CHECK(answer_to(gateway, sending.request()).status == 401);
  REQUIRE(gateway.entities->set_disabled(gateway.site.token, false).ok());
  CHECK(answer_to(gateway, Sending(gateway.site, lines(0, 1)).request()).status == 202);
}

TEST_CASE("a_batch_id_that_is_not_the_bodys_is_refused") {
  Gateway gateway;
  Sending sending(gateway.site, lines(0, 2));
  sending.batch = std::string(32, 'a');
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 400);
  CHECK(text_of(answer, "error") == "wrong_batch_id");
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  CHECK(gateway.stored() == 0);
}

TEST_CASE("bad_lines_are_named_and_the_good_ones_stored") {
  Gateway gateway;
  const std::string body = event_line(1) + "\n{torn\n" + event_line(2) + "\n\n" + std::string("\0\0\n", 3) + event_line(3);
  const Sending sending(gateway.site, body);
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 200);
  CHECK(
      answer.body ==
      R"({"accepted":3,"duplicates":0,"rejected":[{"line":2,"reason":"not_json"},{"line":4,"reason":"empty"},{"line":5,"reason":"control_byte"}]})");
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  CHECK(gateway.stored() == 3);
  CHECK(gateway.logged.find("3 of 6 lines rejected, the first is line 2: not_json") != std::string::npos);
  // The first answer may have been lost: the repeated batch names them again.
  const Answer again = answer_to(gateway, sending.request());
  CHECK(again.status == 200);
  CHECK(flag_of(again, "duplicate"));
  CHECK(json_of(again)["rejected"].Size() == 3);
  CHECK(gateway.entities->list()->front().rejected == 3);
}

TEST_CASE("a_batch_with_nothing_acceptable_is_refused_whole") {
  Gateway gateway;
  const Answer poison = answer_to(gateway, Sending(gateway.site, "{poison\n").request());
  CHECK(poison.status == 400);
  CHECK(text_of(poison, "error") == "nothing_acceptable");
  CHECK(std::string(json_of(poison)["rejected"][0]["reason"].GetString()) == "not_json");
  const Sending nothing(gateway.site, "");
  const Answer empty = answer_to(gateway, nothing.request());
  CHECK(empty.status == 400);
  CHECK(acknowledged(empty, gateway.site.secret, nothing.batch));
}

TEST_CASE("gzip_is_undone_within_bounds") {
  Gateway gateway;
  const auto send = [&](const std::string& plain, std::string wire_body) {
    Sending sending(gateway.site, plain);
    sending.encoding = "gzip";
    sending.body = std::move(wire_body);
    const Answer answer = answer_to(gateway, sending.request());
    CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
    return answer;
  };
  const std::string plain = lines(0, 100);
  CHECK(send(plain, gzip(plain)).status == 202);
  SECTION("a bomb of a thousandfold is refused") {
    const std::string zeros(limits::kInflatedBytes + 1, '0');
    const std::string bomb = gzip(zeros);
    REQUIRE(bomb.size() < 10'000);
    CHECK(send(zeros, bomb).status == 413);
  }
  SECTION("a bomb that lies about its size is refused") {
    std::string bomb = gzip(std::string(4 * limits::kInflatedBytes, '0'));
    bomb.replace(bomb.size() - 4, 4, std::string("\x10\0\0\0", 4));
    CHECK(send("x", bomb).status == 413);
  }
  SECTION("exactly the limit inflates") {
    CHECK(text_of(send("x", gzip(std::string(limits::kInflatedBytes, '0'))), "error") == "wrong_batch_id");
  }
  SECTION("a size claimed too large costs nothing") {
    std::string lie = gzip(plain);
    lie.replace(lie.size() - 4, 4, "\xff\xff\xff\x7f");
    CHECK(text_of(send(plain, lie), "error") == "bad_gzip");
  }
  SECTION("what is cut, doubled or no gzip is refused") {
    const std::string whole = gzip(plain);
    CHECK(text_of(send(plain, whole.substr(0, whole.size() - 1)), "error") == "bad_gzip");
    CHECK(text_of(send(plain, whole + whole), "error") == "bad_gzip");
    CHECK(text_of(send(plain, plain), "error") == "bad_gzip");
    CHECK(text_of(send(plain, ""), "error") == "bad_gzip");
  }
  CHECK(gateway.stored() == 100);
}

TEST_CASE("an_encoding_that_is_not_known_is_refused") {
  Gateway gateway;
  Sending sending(gateway.site, lines(0, 1));
  sending.encoding = "br";
  CHECK(answer_to(gateway, sending.request()).status == 415);
}

TEST_CASE("a_batch_of_too_many_lines_is_refused") {
  Gateway gateway;
  CHECK(answer_to(gateway, Sending(gateway.site, std::string(kBatchLinesMax + 1, '\n')).request()).status == 413);
  CHECK(answer_to(gateway, Sending(gateway.site, std::string(kBatchLinesMax, '\n')).request()).status == 400);
}

TEST_CASE("an_older_agent_is_told_the_version_it_needs") {
  IngestOptions options;
  options.min_agent_version = "1.4.2";
  Gateway gateway(options);
  Sending sending(gateway.site, lines(0, 1));
  sending.agent = "logystera/1.4.1 (php)";
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 426);
  CHECK(text_of(answer, "min_version") == "1.4.2");
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  sending.agent = "logystera/1.4.2";
  CHECK(answer_to(gateway, sending.request()).status == 202);
  sending.agent = "curl/8";
  CHECK(answer_to(gateway, sending.request()).status == 200);
}

TEST_CASE("versions_compare_by_number") {
  CHECK(older_version("1.9.9", "1.10.0"));
  CHECK(older_version("1", "1.0.1"));
  CHECK(!older_version("1.10", "1.9"));
  CHECK(!older_version("1.2.3", "1.2.3"));
  CHECK(!older_version("", "1.0"));
  CHECK(!older_version("1.0", ""));
  CHECK(agent_version("Mozilla logystera/2.3.4 (x)") == "2.3.4");
  CHECK(agent_version("logystera/2.3.4") == "2.3.4");
  CHECK(agent_version("other/2.3.4").empty());
}

TEST_CASE("an_entity_that_sends_too_much_is_told_when_to_come_again_and_others_are_not_touched") {
  IngestOptions options;
  options.rate = {0.001, 10};
  Gateway gateway(options);
  const auto other = gateway.entities->add("other", kNow);
  CHECK(answer_to(gateway, Sending(gateway.site, lines(0, 10)).request()).status == 202);
  const Sending sending(gateway.site, lines(10, 1));
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 429);
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  const int seconds = std::stoi(header_of(answer, "Retry-After"));
  CHECK(seconds > 900);
  CHECK(seconds <= 1001);
  CHECK(answer_to(gateway, Sending(other.value(), lines(0, 1)).request()).status == 202);
}

TEST_CASE("a_bucket_refills_and_a_batch_over_it_is_a_debt") {
  RateLimiter limiter({10, 100});
  const auto start = RateLimiter::Clock::now();
  const auto after = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  CHECK(!limiter.wait("a", start));
  limiter.settle("a", 0, 150, start);
  CHECK(limiter.wait("a", start) == 6u);
  CHECK(limiter.wait("a", after(4)) == 2u);
  CHECK(!limiter.wait("a", after(6)));
  limiter.settle("a", 0, 100, after(1000));
  CHECK(limiter.wait("a", after(1000)) == 1u);
  RateLimiter none({0, 1});
  none.settle("a", 0, 1'000'000, start);
  CHECK(!none.wait("a", start));
}

TEST_CASE("what_is_held_for_one_batch_is_not_there_for_the_next") {
  RateLimiter limiter({10, 100});
  const auto now = RateLimiter::Clock::now();
  CHECK(!limiter.reserve("a", 60, now));
  CHECK(!limiter.reserve("a", 60, now));
  CHECK(limiter.reserve("a", 60, now) == 1u);  // the balance is good: a moment will do
  CHECK(!limiter.reserve("b", 60, now));
  limiter.settle("a", 60, 10, now);
  CHECK(!limiter.reserve("a", 60, now));
  limiter.settle("a", 60, 150, now);
  CHECK(limiter.reserve("a", 60, now) == 7u);
  limiter.settle("a", 60, 0, now);
  CHECK(limiter.wait("a", now) == 7u);
}

TEST_CASE("batches_that_arrive_together_do_not_all_pass_on_the_same_balance") {
  constexpr unsigned kSenders = 8, kEvents = 4000;
  IngestOptions options;
  options.rate = {0.001, 10};
  Gateway gateway(options);
  std::vector<Request> requests;
  for (unsigned i = 0; i < kSenders; ++i) {
    Sending sending(gateway.site, lines(i * kEvents, kEvents));
    sending.encoding = "gzip";
    sending.body = gzip(sending.body);
    requests.push_back(sending.request());
  }
  std::vector<int> statuses(kSenders);
  std::vector<std::thread> senders;
  std::atomic<unsigned> ready = 0;
  for (unsigned i = 0; i < kSenders; ++i) {
    senders.emplace_back([&, i] {
      for (++ready; ready < kSenders;) std::this_thread::yield();
      statuses[i] = answer_to(gateway, requests[i]).status;
    });
  }
  for (std::thread& sender : senders) sender.join();
  CHECK(std::count(statuses.begin(), statuses.end(), 202) == 1);
  CHECK(std::count(statuses.begin(), statuses.end(), 429) == kSenders - 1);
  CHECK(gateway.stored() == kEvents);
}

TEST_CASE("a_batch_that_is_refused_gives_back_what_was_held_for_it") {
  IngestOptions options;
  options.rate = {0.001, 3};
  Gateway gateway(options);
  Sending broken(gateway.site, lines(0, 100));
  broken.encoding = "gzip";
  broken.body = "no gzip at all";
  CHECK(answer_to(gateway, broken.request()).status == 400);
  CHECK(answer_to(gateway, Sending(gateway.site, "{poison\n").request()).status == 400);
  CHECK(answer_to(gateway, Sending(gateway.site, lines(0, 1)).request()).status == 202);
  CHECK(answer_to(gateway, broken.request()).status == 429);  // three batches, one event each: they were work too
}

TEST_CASE("an_operator_hears_of_a_site_that_invents_types") {
  Gateway gateway;
  const auto narrow = std::move(store::open("sqlite:" + gateway.scratch.file("a.db"), {.types = 1})).value();
  const auto writer = std::move(narrow->start_batch_writer()).value();
  Ingest ingest(*gateway.entities, *writer,
                {{}, {}, [&] { return gateway.now; }, [&](std::string_view text) { gateway.logged = text; }});
  std::string invented = event_line(2);
  invented.replace(invented.find("auth.login"), 10, "made.up");
  CHECK(answer_to(ingest, Sending(gateway.site, lines(0, 2) + invented + "\n").request()).status == 202);
  CHECK(gateway.logged.find(gateway.site.token + ": 1 events are of types beyond") != std::string::npos);
  CHECK(gateway.stored() == 3);
}

TEST_CASE("a_ping_says_whether_token_secret_and_clock_are_right") {
  Gateway gateway;
  Sending sending(gateway.site, "");
  sending.path = "/v1/ping";
  const Answer answer = answer_to(gateway, sending.request());
  CHECK(answer.status == 200);
  CHECK(text_of(answer, "name") == "shop");
  CHECK(number_of(answer, "server_time") == kNow);
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  sending.timestamp = kNow - kDay;
  CHECK(text_of(answer_to(gateway, sending.request()), "error") == "clock_skew");
  sending.timestamp = kNow;
  sending.secret = "wrong";
  CHECK(answer_to(gateway, sending.request()).status == 401);
}

TEST_CASE("a_store_that_fails_is_answered_503_signed_and_the_batch_is_taken_later") {
  Scratch scratch;
  Gateway gateway;
  const auto blocked =
      std::move(store::open("sqlite:" + gateway.scratch.file("a.db"), {.busy_ms = 20, .waiting_bytes = 10})).value();
  const auto writer = std::move(blocked->start_batch_writer()).value();
  Ingest ingest(*gateway.entities, *writer,
                {{}, {}, [&] { return gateway.now; }, [&](std::string_view text) { gateway.logged = text; }});
  const Sending sending(gateway.site, lines(0, 3));
  const Answer answer = answer_to(ingest, sending.request());
  CHECK(answer.status == 503);
  CHECK(!header_of(answer, "Retry-After").empty());
  CHECK(acknowledged(answer, gateway.site.secret, sending.batch));
  CHECK(answer.body.find("a.db") == std::string::npos);  // paths are for the log
  CHECK(gateway.logged.find("a.db") != std::string::npos);
  CHECK(answer_to(gateway, sending.request()).status == 202);
}

#include "agent/verdict.hpp"

#include "catch.hpp"
#include "core/wire.hpp"

using namespace logystera;
using namespace logystera::agent;

namespace {

constexpr std::int64_t kWall = 1'774'211'679;
const std::string kSecret = "s3cr3t-entity-secret-32-bytes-min!";
const std::string kBatch = "0123456789abcdef0123456789abcdef";

HttpAnswer answer(int status, const std::string& body = "", bool acknowledged = true) {
  HttpAnswer a;
  a.status = status;
  a.body = body;
  if (acknowledged) a.ack = "v1=" + wire::acknowledge(kSecret, status, kBatch, body);
  return a;
}
Verdict judged(const HttpAnswer& a) { return judge(a, kSecret, kBatch, kWall); }
Verdict judged(int status, const std::string& body = "", bool acknowledged = true) {
  return judged(answer(status, body, acknowledged));
}

}  // namespace

TEST_CASE("without_an_acknowledgement_no_status_accepts_or_condemns_anything") {
  for (int status = 100; status <= 599; ++status) {
    for (const char* body :
         {"", "<html>Welcome to the hotel</html>", "{\"accepted\":100}",
          "{\"error\":\"clock_skew\",\"server_time\":1774211679}", "{\"rejected\":[{\"line\":1,\"reason\":\"no\"}]}"}) {
      const Verdict verdict = judged(status, body, false);
      INFO(status << ' ' << body);
      CHECK(!verdict.acknowledged);
      CHECK(verdict.decision == (status == 413 ? Decision::shrink : Decision::wait));
      CHECK(verdict.trouble != Trouble::none);
      CHECK(verdict.rejected.empty());
      CHECK(verdict.counts_as_auth_failure == (status == 401 || status == 403));
      CHECK(!verdict.message.empty());
    }
  }
}

TEST_CASE("an_acknowledgement_for_another_status_body_batch_or_secret_does_not_hold") {
  HttpAnswer good = answer(202, "{}");
  CHECK(judged(good).decision == Decision::accept);
  HttpAnswer other_status = good;
  other_status.status = 200;
  CHECK(judged(other_status).decision == Decision::wait);
  HttpAnswer other_body = good;
  other_body.body = "{ }";
  CHECK(judged(other_body).decision == Decision::wait);
  CHECK(judge(good, kSecret, std::string(32, '0'), kWall).decision == Decision::wait);
  CHECK(judge(good, kSecret + "x", kBatch, kWall).decision == Decision::wait);
  HttpAnswer bare = good;
  bare.ack = bare.ack.substr(3);
  CHECK(judged(bare).decision == Decision::wait);
  HttpAnswer two = good;
  two.ack = "v1=" + std::string(64, '0') + " " + two.ack;
  CHECK(judged(two).decision == Decision::accept);
}

TEST_CASE("acknowledged_statuses_decide_as_the_table_says") {
  struct Row {
    int status;
    Decision decision;
    Trouble trouble;
    bool at_cap, auth;
  };
  const Row rows[] = {
      {200, Decision::accept, Trouble::none, false, false},
      {201, Decision::accept, Trouble::none, false, false},
      {202, Decision::accept, Trouble::none, false, false},
      {204, Decision::accept, Trouble::none, false, false},
      {207, Decision::accept, Trouble::none, false, false},
      {203, Decision::wait, Trouble::unacknowledged, false, false},
      {206, Decision::wait, Trouble::unacknowledged, false, false},
      {301, Decision::wait, Trouble::redirected, false, false},
      {302, Decision::wait, Trouble::redirected, false, false},
      {400, Decision::split, Trouble::unacknowledged, true, false},
      {401, Decision::wait, Trouble::unauthorized, false, true},
      {402, Decision::wait, Trouble::address, true, false},
      {403, Decision::wait, Trouble::forbidden, false, true},
      {404, Decision::wait, Trouble::address, true, false},
      {405, Decision::wait, Trouble::address, true, false},
      {407, Decision::wait, Trouble::proxy, false, false},
      {408, Decision::wait, Trouble::gateway, false, false},
      {409, Decision::wait, Trouble::gateway, false, false},
      {410, Decision::wait, Trouble::address, true, false},
      {413, Decision::shrink, Trouble::too_large, true, false},
      {415, Decision::wait, Trouble::address, true, false},
      {422, Decision::split, Trouble::unacknowledged, true, false},
      {425, Decision::wait, Trouble::gateway, false, false},
      {426, Decision::wait, Trouble::version, true, false},
      {429, Decision::wait, Trouble::throttled, false, false},
      {451, Decision::wait, Trouble::address, true, false},
      {500, Decision::wait, Trouble::gateway, false, false},
      {501, Decision::wait, Trouble::address, true, false},
      {502, Decision::wait, Trouble::gateway, false, false},
      {503, Decision::wait, Trouble::gateway, false, false},
      {504, Decision::wait, Trouble::gateway, false, false},
      {599, Decision::wait, Trouble::gateway, false, false},
      {600, Decision::wait, Trouble::unacknowledged, false, false},
      {0, Decision::wait, Trouble::unacknowledged, false, false},
  };
  for (const Row& row : rows) {
    const Verdict verdict = judged(row.status);
    INFO(row.status);
    CHECK(verdict.acknowledged);
    CHECK(verdict.decision == row.decision);
    CHECK(name_of(verdict.trouble) == name_of(row.trouble));
    CHECK(verdict.at_cap == row.at_cap);
    CHECK(verdict.counts_as_auth_failure == row.auth);
  }
}

TEST_CASE("every_trouble_has_a_name_and_a_remedy") {
  for (int i = 1; i < static_cast<int>(Trouble::count_); ++i) {
    CHECK(!name_of(static_cast<Trouble>(i)).empty());
    CHECK(remedy_for(static_cast<Trouble>(i)).size() > 20);
  }
  CHECK(name_of(Trouble::count_) == "none");
  CHECK(remedy_for(Trouble::count_).empty());
}

TEST_CASE("a_signed_clock_skew_is_no_authentication_failure_and_tells_the_time") {
  const Verdict verdict = judged(401, "{\"error\":\"clock_skew\",\"server_time\":1774298079}");
  CHECK(verdict.decision == Decision::retime);
  CHECK(verdict.server_time == 1'774'298'079);
  CHECK(!verdict.counts_as_auth_failure);
  CHECK(verdict.trouble == Trouble::clock);
  for (const char* time : {"0", "-1", "9223372036854775807", "1e9", "\"now\"", "null"}) {
    const Verdict odd = judged(401, "{\"error\":\"clock_skew\",\"server_time\":" + std::string(time) + "}");
    INFO(time);
    CHECK(odd.decision == Decision::wait);
    CHECK(odd.trouble == Trouble::clock);
    CHECK(!odd.counts_as_auth_failure);
  }
  CHECK(judged(401, "{\"error\":\"clock_skew\"}").decision == Decision::wait);
  CHECK(judged(401, "{\"error\":\"unauthorized\"}").counts_as_auth_failure);
}

TEST_CASE("rejections_are_read_as_the_gateway_writes_them_and_noise_is_passed_over") {
  const Verdict verdict = judged(
      200,
      "{\"accepted\":1,\"duplicate\":true,\"rejected\":[{\"line\":2,\"event_id\":\"x\",\"reason\":\"not_json\"},7,null,"
      "{\"line\":-1},{\"event_id\":5,\"reason\":{}},{\"line\":3,\"retryable\":true}]}");
  CHECK(verdict.decision == Decision::accept);
  CHECK(verdict.duplicate);
  REQUIRE(verdict.rejected.size() == 4);
  CHECK(verdict.rejected[0].line == 2);
  CHECK(verdict.rejected[0].event_id == "x");
  CHECK(verdict.rejected[0].reason == "not_json");
  CHECK(!verdict.rejected[0].retryable);
  CHECK(verdict.rejected[1].line == 0);
  CHECK(verdict.rejected[2].event_id.empty());
  CHECK(verdict.rejected[3].retryable);
  for (const char* body : {"", "[]", "null", "{", "{\"rejected\":{}}", "{\"rejected\":5}", "\xff\xfe"}) {
    CHECK(judged(200, body).decision == Decision::accept);
    CHECK(judged(200, body).rejected.empty());
  }
  std::string many = "{\"rejected\":[";
  for (int i = 0; i < 2000; ++i) many += "{\"line\":1},";
  many.back() = ']';
  CHECK(judged(200, many + "}").rejected.size() == limits::kBatchEventsMax);
  CHECK(judged(200, std::string(60'000, '[')).decision == Decision::accept);
}

TEST_CASE("a_refusal_of_the_form_is_not_bisected") {
  for (const char* code : {"bad_gzip", "wrong_batch_id", "unsupported_encoding"}) {
    const Verdict verdict = judged(400, "{\"error\":\"" + std::string(code) + "\",\"message\":\"compress it again\"}");
    CHECK(verdict.decision == Decision::wait);
    CHECK(verdict.trouble == Trouble::refused_all);
    CHECK(verdict.at_cap);
    CHECK(verdict.message == "HTTP 400: compress it again");
  }
  CHECK(judged(400, "{\"error\":\"nothing_acceptable\"}").decision == Decision::split);
}

TEST_CASE("retry_after_is_heeded_with_429_and_5xx_only") {
  for (const int status : {429, 500, 503, 504}) {
    HttpAnswer a = answer(status, "", false);
    a.retry_after = {"120"};
    CHECK(judged(a).retry_after == 120u);
  }
  for (const int status : {200, 301, 401, 404}) {
    HttpAnswer a = answer(status, "", false);
    a.retry_after = {"120"};
    CHECK(!judged(a).retry_after.has_value());
  }
}

TEST_CASE("no_answer_is_told_apart_by_its_cause") {
  const std::pair<Failure, Trouble> causes[] = {{Failure::network, Trouble::network},
                                                {Failure::tls, Trouble::tls},
                                                {Failure::proxy, Trouble::proxy},
                                                {Failure::oversize, Trouble::unacknowledged},
                                                {Failure::malformed, Trouble::unacknowledged}};
  for (const auto& [failure, trouble] : causes) {
    HttpAnswer a;
    a.failure = failure;
    a.error = "words of libcurl";
    const Verdict verdict = judged(a);
    CHECK(verdict.decision == Decision::wait);
    CHECK(verdict.trouble == trouble);
    CHECK(verdict.at_cap == (failure == Failure::tls));
    CHECK(!verdict.counts_as_auth_failure);
    CHECK(verdict.message == "words of libcurl");
  }
}

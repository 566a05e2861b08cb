// Channels, routes and the outbox by the API.
#include "asking.hpp"
#include "notify/plan.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

const std::string kUrl = "https://hooks.example.org/services/T00/B00/very-secret-1234";
const std::string kOps = R"({"name":"ops","kind":"slack","url":")" + kUrl + R"("})";
const std::string kMail =
    R"({"host":"mail.example.org","port":587,"tls":"starttls","user":"alerts","from":"alerts@example.org","receivers":["anna@example.org"]})";

std::vector<std::string> actions(Asking& asking) {
  std::vector<std::string> all;
  const auto rows = asking.store->audit().list({}).value();
  all.reserve(rows.size());
  for (const store::AuditRow& row : rows) all.push_back(row.action);
  return all;
}

}  // namespace

TEST_CASE("a_channel_is_added_and_its_secret_never_comes_out_again") {
  Asking asking;
  const Said made = asking.ask("POST", "/api/v1/channels", "admin", kOps);
  CHECK(made.status == 201);
  CHECK(made.at("/leads_to") == "hooks.example.org …1234");
  CHECK(made.at("/enabled") == "true");
  CHECK(made.at("/mail") == "null");
  const std::string mail = R"({"name":"post","kind":"email","password":"a-secret-password","mail":)" + kMail + "}";
  CHECK(asking.ask("POST", "/api/v1/channels", "admin", mail).at("/mail/receivers/0/address") == "anna@example.org");
  std::string all =
      asking.get("/api/v1/channels", "admin").body + asking.get("/api/v1/channels/1", "admin").body + asking.logged;
  const auto audit = asking.store->audit().list({}).value();
  for (const store::AuditRow& row : audit) all += row.before + row.after;
  CHECK(all.find("very-secret") == std::string::npos);
  CHECK(all.find("a-secret-password") == std::string::npos);
  CHECK(asking.get("/api/v1/channels", "admin").header("Logystera-Total") == "2");
  CHECK(actions(asking) == std::vector<std::string>{"channel.add", "channel.add"});
  for (const std::string who : {"viewer", "analyst"}) CHECK(asking.get("/api/v1/channels", who).status == 403);
  CHECK(asking.get("/api/v1/channels/99", "admin").status == 404);
  CHECK(asking.get("/api/v1/channels?x=1", "admin").status == 400);
}

TEST_CASE("what_is_wrong_with_a_channel_is_said_and_nothing_is_stored") {
  Asking asking;
  const auto add = [&](const std::string& body) { return asking.ask("POST", "/api/v1/channels", "admin", body); };
  CHECK(add("[]").status == 400);
  CHECK(add(R"({"name":"a","kind":"sms"})").status == 400);
  CHECK(add(R"({"name":"a","kind":"slack","colour":"red"})").status == 400);
  CHECK(add(R"({"name":"a","kind":"slack","url":7})").status == 400);
  CHECK(add(R"({"name":"a","kind":"slack","url":"http://hooks.example.org/x"})").status == 422);
  CHECK(add(R"({"name":"","kind":"slack","url":"https://hooks.example.org/x"})").status == 422);
  CHECK(add(R"({"name":"a","kind":"email","mail":{"host":"m","from":"a@example.org","receivers":[],"port":0}})").status ==
        400);
  CHECK(add(R"({"name":"a","kind":"email","mail":{"host":"m","from":"a@example.org","receivers":["x\r\nRCPT TO:<y@z>"]}})")
            .status == 422);
  CHECK(add(R"({"name":"a","kind":"slack","url":"https://h.example.org/x","mail":{}})").status == 400);
  CHECK(add(R"({"name":"a","kind":"webhook","url":"https://h.example.org/x","signing_secret":"short"})").status == 422);
  const Said userinfo = add(R"({"name":"a","kind":"slack","url":"https://user:geheim@h.example.org/x"})");
  CHECK(userinfo.status == 422);
  CHECK(userinfo.body.find("geheim") == std::string::npos);
  CHECK(asking.store->channels().list().value().empty());
  CHECK(actions(asking).empty());
  CHECK(add(kOps).status == 201);
  CHECK(add(kOps).status == 422);  // its name is taken
}

TEST_CASE("a_channel_is_changed_as_it_was_read_and_keeps_the_secret_that_is_not_given") {
  Asking asking;
  const std::string tag = asking.ask("POST", "/api/v1/channels", "admin", kOps).header("ETag");
  const auto put = [&](const std::string& body, const std::string& headers = "") {
    return asking.ask("PUT", "/api/v1/channels/1", "admin", body, headers);
  };
  CHECK(put(R"({"name":"ops 2"})", "If-Match: \"other\"\r\n").status == 412);
  const Said changed = put(R"({"name":"ops 2","zone":"Europe/Berlin"})", "If-Match: " + tag + "\r\n");
  CHECK(changed.status == 200);
  CHECK(changed.at("/leads_to") == "hooks.example.org …1234");
  CHECK(changed.at("/zone") == "Europe/Berlin");
  CHECK(put(R"({"name":"ops","enabled":false})").at("/enabled") == "false");
  CHECK(put(R"({"name":"ops","zone":"Mars/Olympus"})").status == 422);
  CHECK(put(R"({"name":"ops","kind":"teams"})").status == 400);
  CHECK(asking.ask("PUT", "/api/v1/channels/9", "admin", R"({"name":"x"})").status == 404);
  REQUIRE(asking
              .ask("POST", "/api/v1/channels", "admin",
                   R"({"name":"post","kind":"email","password":"a-secret","mail":)" + kMail + "}")
              .status == 201);
  std::string elsewhere = kMail;
  elsewhere.replace(elsewhere.find("mail.example.org"), 16, "evil.example.org");
  const Said stolen = asking.ask("PUT", "/api/v1/channels/2", "admin", R"({"name":"post","mail":)" + elsewhere + "}");
  CHECK(stolen.status == 422);
  CHECK(stolen.at("/detail").find("enter it again") != std::string::npos);
  CHECK(asking.ask("PUT", "/api/v1/channels/2", "admin", R"({"name":"post","mail":)" + kMail + "}").status == 200);
}

TEST_CASE("a_test_is_queued_and_a_person_says_whether_it_arrived") {
  Asking asking;
  REQUIRE(asking.ask("POST", "/api/v1/channels", "admin", kOps).status == 201);
  CHECK(asking.ask("POST", "/api/v1/channels/1/confirm", "admin", R"({"arrived":true})").status == 422);
  const Said tested = asking.ask("POST", "/api/v1/channels/1/test", "admin");
  CHECK(tested.status == 202);
  CHECK(tested.at("/waiting") == "1");
  CHECK(asking.ask("POST", "/api/v1/channels/9/test", "admin").status == 404);
  const Said outbox = asking.get("/api/v1/outbox?channel=1", "admin");
  CHECK(outbox.at("/0/kind") == "test");
  CHECK(outbox.at("/0/state") == "queued");
  CHECK(outbox.at("/0/alert_id") == "null");
  REQUIRE(asking.store->channels().note_test(1, kNow).ok());
  CHECK(asking.ask("POST", "/api/v1/channels/1/confirm", "admin", R"({"arrived":7})").status == 400);
  CHECK(asking.ask("POST", "/api/v1/channels/1/confirm", "admin", R"({"arrived":true})").at("/confirmed_at") ==
        "2026-03-22T20:34:39Z");
  CHECK(asking.ask("POST", "/api/v1/channels/1/confirm", "admin", R"({"arrived":false})").at("/confirmed_at") == "null");
  REQUIRE(asking.ask("PUT", "/api/v1/channels/1", "admin", R"({"name":"ops","enabled":false})").status == 200);
  CHECK(asking.ask("POST", "/api/v1/channels/1/test", "admin").status == 422);
}

TEST_CASE("routes_are_one_document_with_a_default") {
  Asking asking;
  REQUIRE(asking.ask("POST", "/api/v1/channels", "admin", kOps).status == 201);
  const Said before = asking.get("/api/v1/routes", "admin");
  CHECK(before.at("/default") == "true");
  CHECK(before.at("/routes/1/digest_at") == "08:00");
  const auto put = [&](const std::string& body, const std::string& headers = "") {
    return asking.ask("PUT", "/api/v1/routes", "admin", body, headers);
  };
  const std::string nights =
      R"({"routes":[{"name":"nights","channels":[1],"quiet_hours":{"from":"22:00","to":"07:00"},"escalate":[{"after_minutes":30,"channels":[1]}]}]})";
  CHECK(put(nights, "If-Match: \"other\"\r\n").status == 412);
  const Said saved = put(nights, "If-Match: " + before.header("ETag") + "\r\n");
  CHECK(saved.status == 200);
  CHECK(saved.at("/default") == "false");
  CHECK(saved.at("/routes/0/escalate/0/after_minutes") == "30");
  const Said wrong = put(R"({"routes":[{"name":"a"},{"name":"b","min_severity":"worst"}]})");
  CHECK(wrong.status == 400);
  CHECK(wrong.body.find("/routes/1") != std::string::npos);
  CHECK(put(R"({"routes":[{"name":"a","channels":[7]}]})").status == 422);
  CHECK(put(R"({"routes":7})").status == 400);
  const Said elsewhere = put(R"({"routes":[{"name":"a","zone":"US/Nowhere"}]})");
  CHECK(elsewhere.status == 422);
  CHECK(elsewhere.at("/detail").find("time zone database") != std::string::npos);
  const Said removed = asking.ask("DELETE", "/api/v1/channels/1", "admin");
  CHECK(removed.status == 422);
  CHECK(removed.at("/detail").find("'nights' names this channel") != std::string::npos);
  CHECK(put(R"({"routes":[]})").at("/default") == "true");
  CHECK(asking.ask("DELETE", "/api/v1/channels/1", "admin").status == 200);
  CHECK(asking.ask("DELETE", "/api/v1/channels/1", "admin").status == 404);
  CHECK(asking.get("/api/v1/routes", "analyst").status == 403);
}

TEST_CASE("routes_that_cannot_be_read_any_more_are_replaced") {
  Asking asking;
  REQUIRE(asking.store->routes().replace({R"({"name":"a","zone":"US/Nowhere"})"}).ok());
  CHECK(asking.get("/api/v1/routes", "admin").at("/routes/0/zone") == "US/Nowhere");
  REQUIRE(asking.store->routes().replace({R"({"name":"a","of a later version":1})"}).ok());
  CHECK(asking.get("/api/v1/routes", "admin").status == 503);
  const std::string routes = R"({"routes":[{"name":"b","every_channel":true}]})";
  CHECK(asking.ask("PUT", "/api/v1/routes", "admin", routes, "If-Match: \"x\"\r\n").status == 503);
  CHECK(asking.ask("PUT", "/api/v1/routes", "admin", routes).at("/routes/0/name") == "b");
}

TEST_CASE("a_dead_message_is_retried_or_discarded_and_that_is_in_the_audit") {
  Asking asking;
  REQUIRE(asking.ask("POST", "/api/v1/channels", "admin", kOps).status == 201);
  for (int alert = 1; alert <= 3; ++alert) {
    notify::News news;
    news.alert = alert;
    news.title = "a title";
    news.level = Level::high;
    REQUIRE(notify::tell(*asking.store, news, kNow).value() == 1);
  }
  CHECK(asking.get("/api/v1/outbox?alert=2", "admin").at("/0/title") == "a title");
  const Said page = asking.get("/api/v1/outbox?limit=2", "admin");
  CHECK(page.at("") == "[2]");
  CHECK(page.header("Link") == "</api/v1/outbox?limit=2&before=2>; rel=\"next\"");
  CHECK(asking.get("/api/v1/outbox?limit=2&before=2", "admin").at("") == "[1]");
  CHECK(asking.get("/api/v1/outbox?state=lost", "admin").status == 400);
  CHECK(asking.ask("POST", "/api/v1/outbox/1/retry", "admin").status == 422);
  const auto batch = asking.store->outbox().take(1, "", kNow + 15, 1).value();
  REQUIRE(asking.store->outbox().bury(batch->number, "24 hours").ok());
  CHECK(asking.get("/api/v1/outbox?state=dead", "admin").at("/0/error") == "24 hours");
  CHECK(asking.ask("POST", "/api/v1/outbox/1/retry", "admin").at("/state") == "queued");
  CHECK(asking.ask("POST", "/api/v1/outbox/1/discard", "admin").at("/state") == "discarded");
  CHECK(asking.ask("POST", "/api/v1/outbox/1/discard", "admin").status == 422);
  CHECK(asking.ask("POST", "/api/v1/outbox/99/retry", "admin").status == 404);
  CHECK(asking.ask("POST", "/api/v1/outbox/2/retry", "viewer").status == 403);
  CHECK(actions(asking)[0] == "outbox.discard");
  CHECK(actions(asking)[1] == "outbox.retry");
}

// The pages of channels and routes, as a browser of an administrator uses them.
#include <regex>

#include "catch.hpp"
#include "notify/plan.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

struct Admin {
  Whole whole;
  std::string cookie;
  Admin() {
    const std::int64_t id = whole.user("adam", Role::admin);
    cookie = "Cookie: logystera_session=" + web::Sessions(whole.store->accounts()).sign_in(id, whole.now).value() + "\r\n";
  }
  std::string get(const std::string& path) const { return whole.whole_answer(path, cookie); }
  /// The answer to a form with the token of the page at `from`; its place, or its text.
  std::string post(const std::string& from, const std::string& path, const std::string& fields) const {
    std::smatch found;
    const std::string page = get(from);
    const std::regex field("name=\"csrf\" value=\"([^\"]+)\"");
    std::string csrf;  // the page's last form's: the first one is at the top and signs out
    for (std::sregex_iterator at(page.begin(), page.end(), field), end; at != end; ++at) csrf = (*at)[1].str();
    REQUIRE_FALSE(csrf.empty());
    const std::string body = "csrf=" + web_encoded(csrf) + (fields.empty() ? "" : "&" + fields);
    SocketClient client(whole.server->urls().front());
    client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + cookie +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + body);
    std::string answer = client.receive_all();
    if (std::regex_search(answer, found, std::regex("\r\nLocation: ([^\r]+)"))) return found[1].str();
    return answer;
  }
  static std::string web_encoded(const std::string& text) {
    std::string out;
    static const char* const kHex = "0123456789ABCDEF";
    for (const char c : text) {
      if (std::isalnum(static_cast<unsigned char>(c))) out += c;
      else out += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[static_cast<unsigned char>(c) & 15]};
    }
    return out;
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

const std::string kSlack =
    "kind=slack&name=ops&links=yes&url=" + Admin::web_encoded("https://hooks.example.org/very-secret-1234");

}  // namespace

TEST_CASE("a_channel_is_added_tested_switched_and_removed_on_its_pages") {
  Admin admin;
  CHECK(has(admin.get("/settings/channels"), "Nobody is told of alerts"));
  CHECK(admin.post("/settings/channels/new?kind=slack", "/settings/channels", kSlack) == "/settings/channels/1?done=added");
  const std::string page = admin.get("/settings/channels/1");
  CHECK(has(page, "hooks.example.org …1234"));
  CHECK_FALSE(has(page + admin.get("/settings/channels") + admin.get("/settings/audit"), "very-secret"));
  CHECK(has(admin.post("/settings/channels/new?kind=slack", "/settings/channels", "kind=slack&name=x&url=ftp%3A%2F%2Fx"),
            "it begins with https://"));
  CHECK(has(admin.post("/settings/channels/1", "/settings/channels/1", "name=ops+2&zone=Nowhere"), "time zone database"));
  CHECK(admin.post("/settings/channels/1", "/settings/channels/1", "name=ops+2") == "/settings/channels/1?done=changed");
  CHECK(has(admin.get("/settings/channels/1"), "hooks.example.org …1234"));  // an empty secret stays as it is
  CHECK(admin.post("/settings/channels/1", "/settings/channels/1/test", "") == "/settings/channels/1?done=test");
  CHECK_FALSE(has(admin.get("/settings/channels/1"), "Did it arrive?"));
  REQUIRE(admin.whole.store->channels().note_test(1, admin.whole.now).ok());
  CHECK(has(admin.get("/settings/channels/1"), "Did it arrive?"));
  CHECK(admin.post("/settings/channels/1", "/settings/channels/1/confirm", "arrived=yes") ==
        "/settings/channels/1?done=arrived");
  CHECK_FALSE(has(admin.get("/settings/channels/1"), "Did it arrive?"));
  CHECK(admin.post("/settings/channels/1", "/settings/channels/1/switch", "on=no") == "/settings/channels/1?done=off");
  CHECK_FALSE(admin.whole.store->channels().find(1).value()->enabled);
  CHECK(has(admin.post("/settings/channels/1", "/settings/channels/1/remove", ""), "tick that you are sure"));
  CHECK(admin.post("/settings/channels/1", "/settings/channels/1/remove", "sure=yes") == "/settings/channels?done=removed");
  CHECK(has(admin.get("/settings/channels/1"), "404"));
  CHECK(has(admin.get("/settings/channels/new?kind=sms"), "404"));
}

TEST_CASE("what_was_not_delivered_is_listed_with_retry_and_discard") {
  Admin admin;
  REQUIRE(admin.post("/settings/channels/new?kind=slack", "/settings/channels", kSlack) ==
          "/settings/channels/1?done=added");
  REQUIRE(admin.whole.store->channels().switch_off(1, "it answered 410").value());
  notify::News news;
  news.alert = 7;
  news.title = "<b>a title</b>";
  news.level = Level::high;
  REQUIRE(notify::tell(*admin.whole.store, news, admin.whole.now).value() == 1);
  const std::int64_t id = admin.whole.store->outbox().of_alert(7).value()[0].id;
  REQUIRE(admin.whole.store->outbox().bury_older(1, admin.whole.now + 100'000, "a day is over").value() == 1);
  const std::string page = admin.get("/settings/channels/1"), row = "/settings/outbox/" + std::to_string(id);
  CHECK(has(page, "it answered 410"));
  CHECK(has(page, "&lt;b&gt;a title&lt;/b&gt;"));
  CHECK(has(page, "a day is over"));
  CHECK(admin.post("/settings/channels/1", row + "/retry", "channel=1") == "/settings/channels/1?done=retried");
  CHECK(admin.whole.store->outbox().find(id).value()->state == store::OutboxState::queued);
  CHECK(admin.post("/settings/channels/1", row + "/discard", "channel=1") == "/settings/channels/1?done=discarded");
  CHECK(has(admin.post("/settings/channels/1", row + "/discard", "channel=1"), "over already"));
}

TEST_CASE("routes_are_added_changed_moved_and_removed_on_their_pages") {
  Admin admin;
  REQUIRE(admin.post("/settings/channels/new?kind=slack", "/settings/channels", kSlack) ==
          "/settings/channels/1?done=added");
  CHECK(has(admin.get("/settings/routes"), "because nobody has chosen others"));
  const std::string nights =
      "was=&name=nights+%26+%3F&min_severity=medium&channels=ops&quiet_from=22%3A00&quiet_to=07%3A00&zone=Europe%2FBerlin&"
      "after_1=30&step_channels_1=ops";
  CHECK(admin.post("/settings/routes/new", "/settings/routes", nights) == "/settings/routes?done=saved");
  std::string page = admin.get("/settings/routes");
  CHECK(has(page, "quiet from 22:00 to 07:00 Europe/Berlin; after 30 min unacknowledged: ops"));
  CHECK(has(page, "each day at 08:00 UTC"));
  const std::string path = "/settings/routes/nights%20%26%20%3F";
  CHECK(admin.post(path, path + "/move", "") == "/settings/routes?done=saved");
  CHECK(notify::load_routes(admin.whole.store->routes()).value()[1].name == "nights & ?");
  CHECK(has(admin.get(path), "value=\"22:00\""));
  CHECK(admin.post(path, "/settings/routes", "was=nights+%26+%3F&name=days&min_severity=low&every_channel=yes") ==
        "/settings/routes?done=saved");
  CHECK(notify::load_routes(admin.whole.store->routes()).value()[1].every_channel);
  CHECK(has(admin.post("/settings/routes/days", "/settings/routes", "was=days&name=days&min_severity=low&channels=nobody"),
            "there is no channel"));
  CHECK(has(admin.post("/settings/routes/days", "/settings/routes", "was=gone&name=gone&min_severity=low"),
            "not there any more"));
  CHECK(
      has(admin.post("/settings/routes/days", "/settings/routes", "was=days&name=at+once&min_severity=low"), "two routes"));
  CHECK(has(admin.post("/settings/routes/days", "/settings/routes", "was=days&name=days&min_severity=low&digest=25%3A00"),
            "time of the day"));
  CHECK(
      has(admin.post("/settings/routes/days", "/settings/routes", "was=days&name=days&min_severity=low&zone=US%2FNowhere"),
          "time zone database"));
  CHECK(admin.post("/settings/routes/days", "/settings/routes/days/remove", "") == "/settings/routes?done=saved");
  CHECK(has(admin.get("/settings/routes/days"), "404"));
}

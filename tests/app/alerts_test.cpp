// Links of messages that snooze an alert, and the clock of alerts, in the whole application.
#include "alert/link.hpp"
#include "catch.hpp"
#include "eventually.hpp"
#include "notify/channel.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

struct Linked : Whole {
  HmacKey key{entities->vault().derived("alerts/links/v1")};
  std::int64_t id = 0, number = 0;  // of the channel whose links these are

  Linked() {
    alert::Alert one;
    one.rule = "RULE";
    one.title = "Failed logins";
    one.site = entities->add("shop", now).value().token;
    one.opened_at = one.first_time = one.last_time = one.last_hit_at = now;
    id = store->alerts().add(one).value();
    store::Channel channel;
    channel.name = "ops";
    channel.kind = "slack";
    channel.options = notify::to_json(notify::ChannelOptions{});
    number = store->channels().add(channel).value();
  }
  std::string link(const std::string& duration = "4h") const {
    return alert::SnoozeLink{id, duration, number, now + 3600}.text(key);
  }
  std::string post(const std::string& path, const std::string& fields) const {
    SocketClient client(server->urls().front());
    client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: " + std::to_string(fields.size()) +
                "\r\n\r\n" + fields);
    return client.receive_all();
  }
  alert::Alert stored() const { return *store->alerts().get(id).value(); }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a_link_is_looked_at_without_effect_and_snoozes_when_its_button_is_pressed") {
  Linked linked;
  const std::string link = linked.link(), query = link.substr(link.find('?') + 1);
  for (int i = 0; i < 3; ++i) {  // as a mail scanner does
    const std::string page = linked.whole_answer(link, "");
    CHECK(has(page, "HTTP/1.1 200"));
    CHECK(has(page, "Failed logins"));
    CHECK(has(page, "shop"));
    CHECK(has(page, "Snooze for 4 h"));
    CHECK(has(page, "no-referrer"));
  }
  CHECK_FALSE(linked.stored().snooze);
  CHECK(has(linked.post(link.substr(0, link.find('?')), query), "HTTP/1.1 200"));
  CHECK(linked.stored().snooze.until == linked.now + 4 * 3600);
  const auto activity = linked.store->alerts().activity(linked.id, 0, 10).value();
  REQUIRE(activity.size() == 1);
  CHECK(activity[0].actor == "link:ops");
  CHECK(activity[0].note == "by a link in ops");
  const auto audit = linked.store->audit().list({}).value();
  REQUIRE(audit.size() == 1);
  CHECK(audit[0].action == "alert.snooze");
  CHECK(audit[0].address == "127.0.0.1");
}

TEST_CASE("a_link_that_was_changed_or_is_old_says_nothing_of_any_alert") {
  Linked linked;
  const std::string link = linked.link();
  std::string other = link;
  other.replace(other.find("d=4h"), 4, "d=7d");
  std::string elsewhere = "/a/" + std::to_string(linked.id + 1) + link.substr(link.find("/snooze"));
  for (const std::string& path :
       {other, elsewhere, link + "x", std::string("/a/1/snooze"), std::string("/a/x/snooze?d=4h")}) {
    INFO(path);
    const std::string page = linked.whole_answer(path, "");
    CHECK(has(page, "HTTP/1.1 404"));
    CHECK_FALSE(has(page, "Failed logins"));
    CHECK(has(linked.post(path.substr(0, path.find('?')), path.substr(std::min(path.size(), path.find('?') + 1))),
              "HTTP/1.1 404"));
  }
  // Signed, of an alert there is not.
  CHECK(
      has(linked.whole_answer(alert::SnoozeLink{linked.id + 9, "4h", linked.number, linked.now + 60}.text(linked.key), ""),
          "HTTP/1.1 404"));
  linked.now += 3600;
  CHECK(has(linked.whole_answer(link, ""), "HTTP/1.1 410"));
  CHECK_FALSE(linked.stored().snooze);
}

TEST_CASE("whoever_guesses_links_is_told_to_wait") {
  Linked linked;
  bool waits = false;
  for (int i = 0; i < 25 && !waits; ++i)
    waits = has(linked.whole_answer("/a/1/snooze?d=4h&c=3&e=9&t=x", ""), "HTTP/1.1 429");
  CHECK(waits);
  linked.now += 60;
  CHECK(has(linked.whole_answer(linked.link(), ""), "HTTP/1.1 200"));
}

TEST_CASE("time_passes_for_alerts_while_a_server_runs") {
  Linked linked;
  alert::Alert one = linked.stored();
  one.snooze = {.until = linked.now - 1, .at = linked.now - 100, .by = "anna", .reason = ""};
  REQUIRE(linked.store->alerts().update(one).ok());
  CHECK(eventually([&] { return !linked.stored().snooze; }));
  CHECK(linked.store->alerts().activity(linked.id, 0, 10).value().at(0).what == "snooze_ended");
}

// Messages on their way, to servers of the test's on loopback. The answers are those the other sides document: Slack's from api.slack.com,
// changelog 2016-05-17 ("Improving error conditions for Incoming Webhooks") and docs.slack.dev, "Rate limits"; Teams' from
// learn.microsoft.com, "Rate limiting for connectors"; programs' from the Standard Webhooks specification 1.0.0.
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "../net/scripted_server.hpp"
#include "core/base64.hpp"
#include "core/hmac.hpp"
#include "notify/sender.hpp"
#include "telling.hpp"

using namespace logystera;
using namespace logystera::notify;
using namespace logystera::testing;
using Rows = std::vector<std::string>;

namespace {

std::string header(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return request.substr(from, request.find("\r\n", from) - from);
}
std::string body(const std::string& request) { return request.substr(request.find("\r\n\r\n") + 4); }

struct Sending : Telling {
  std::string logged;
  std::atomic<int> status{200};
  std::string more, said = "ok";
  std::mutex mutex;
  std::unique_ptr<ScriptedServer> server =
      std::make_unique<ScriptedServer>([this](const std::string&, const ScriptedServer::Write& write) {
        const std::lock_guard lock(mutex);
        write(http_answer(status, said, more));
      });
  std::unique_ptr<Courier> courier;

  Sending() { restart(); }
  void restart() {
    courier = std::make_unique<Courier>(*store, options());
    REQUIRE(courier->begin().ok());
  }
  SenderOptions options() {
    SenderOptions made;
    made.now = [this] { return now; };
    made.log = [this](std::string_view text) { logged += std::string(text) + "\n"; };
    made.seal = seal_for_tests();
    made.random = [] { return 0.5; };  // no jitter
    return made;
  }
  std::int64_t add(ChannelKind kind, const std::string& name = "ops",
                   const std::string& path = "/services/T00/B00/very-secret") {
    Secrets secrets;
    secrets.url = server->url() + path;
    if (kind == ChannelKind::webhook) secrets.signing = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
    return channel(name, {.kind = kind}, secrets);
  }
  /// Steps until nothing is on its way.
  void work() {
    for (int i = 0; i < 200; ++i) {
      REQUIRE(courier->step(std::chrono::milliseconds(100)).ok());
      const auto rows = store->outbox().list({.states = {store::OutboxState::sending}, .limit = 1}).value();
      if (rows.empty() && store->outbox().due(now).value().empty()) return;
      if (rows.empty() && i > 3) return;  // what is due has to wait
    }
  }
  std::string row(std::size_t i) { return rows().at(i); }
  store::OutboxRow raw(std::int64_t id) { return store->outbox().find(id).value().value(); }
};

}  // namespace

TEST_CASE("a_program_gets_a_signed_request_and_2xx_alone_counts_as_sent") {
  Sending here;
  here.add(ChannelKind::webhook);
  here.routes({route_of("all", {1})});
  here.tell(news_of(7));
  here.work();
  CHECK(here.row(0) == "1 opened 7 - +0 sent");
  REQUIRE(here.server->requests().size() == 1);
  const std::string request = here.server->requests()[0], id = header(request, "webhook-id"),
                    time = header(request, "webhook-timestamp");
  CHECK(request.starts_with("POST /services/T00/B00/very-secret HTTP/1.1\r\n"));
  CHECK(header(request, "Content-Type") == "application/json");
  CHECK(id.starts_with("msg_"));
  CHECK(id.find('.') == std::string::npos);
  CHECK(time == std::to_string(kNow));
  CHECK(header(request, "webhook-signature") ==
        "v1," + base64(bytes_of(hmac_sha256("0123456789abcdef", id + "." + time + "." + body(request)))));
  CHECK(body(request).find("\"type\":\"alert.opened\"") != std::string::npos);
  CHECK(here.store->channels().find(1).value()->last_sent_at == kNow);
}

TEST_CASE("what_fails_is_tried_again_under_the_same_id_later_and_later_for_a_day") {
  Sending here;
  here.add(ChannelKind::webhook);
  here.routes({route_of("all", {1})});
  here.status = 500;
  here.said = "very-secret \x1b[31m is repeated";
  here.tell(news_of(7));
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 40 && here.raw(1).state != store::OutboxState::dead; ++i) {
    here.work();
    waits.push_back(here.raw(1).next_at - here.now);
    here.now = here.raw(1).next_at;
  }
  CHECK(std::vector<std::int64_t>(waits.begin(), waits.begin() + 8) ==
        std::vector<std::int64_t>{5, 30, 120, 600, 1800, 3600, 7200, 7200});
  CHECK(here.raw(1).state == store::OutboxState::dead);
  CHECK(here.now == kNow + 24 * 3600);
  CHECK(here.raw(1).error.find("answered 500") != std::string::npos);
  CHECK(here.raw(1).error.find('\x1b') == std::string::npos);
  std::set<std::string> ids, times;
  const auto requests = here.server->requests();
  for (const std::string& request : requests) {
    ids.insert(header(request, "webhook-id"));
    times.insert(header(request, "webhook-timestamp"));
  }
  CHECK(ids.size() == 1);
  CHECK(times.size() == requests.size());
  // A person tries it again: as the same message.
  here.status = 204;
  here.said.clear();
  CHECK(here.store->outbox().retry(1, here.now).value());
  here.work();
  CHECK(here.raw(1).state == store::OutboxState::sent);
  CHECK(header(here.server->requests().back(), "webhook-id") == *ids.begin());
}

TEST_CASE("the_other_sides_retry_after_holds_for_the_channel_up_to_six_hours") {
  Sending here;
  here.add(ChannelKind::slack);
  here.routes({route_of("all", {1})});
  here.status = 429;
  here.more = "Retry-After: 40\r\n";
  here.said = "rate_limited";
  here.tell(news_of(1, Level::critical));
  here.now += 2;
  here.work();
  CHECK(here.raw(1).next_at == here.now + 40);
  here.tell(news_of(2, Level::critical, News::Kind::opened, "ent_blog"));
  here.now += 39;
  here.work();
  CHECK(here.server->requests().size() == 1);
  {
    const std::lock_guard lock(here.mutex);
    here.more = "Retry-After: 999999\r\n";
  }
  here.now += 1;
  here.work();
  CHECK(here.raw(2).next_at == here.now + 6 * 3600);  // what has waited longest goes first
  here.now += 3600;
  here.work();
  CHECK(here.server->requests().size() == 2);
}

TEST_CASE("a_chat_that_is_gone_is_switched_off_and_the_others_are_told") {
  for (const auto& [status, said] :
       {std::pair(403, "action_prohibited"), std::pair(404, "channel_not_found"), std::pair(410, "channel_is_archived")}) {
    Sending here;
    here.add(ChannelKind::slack, "ops", "/one");
    Secrets other;
    other.url = "https://other.example.org/hook-of-another";
    here.channel("devs", {.kind = ChannelKind::teams}, other);
    here.routes({route_of("all", {1})});
    here.status = status;
    here.said = said;
    here.tell(news_of(1));
    here.now += 15;
    here.work();
    const store::Channel off = here.store->channels().find(1).value().value();
    CHECK_FALSE(off.enabled);
    CHECK(off.off_reason.find(said) != std::string::npos);
    CHECK(here.row(0).ends_with("failed"));  // it waits for the channel
    const store::OutboxRow told = here.raw(2);
    CHECK(told.channel == 2);
    CHECK(told.kind == "channel_off");
    CHECK(told.body.find("Channel 'ops' is switched off") != std::string::npos);
    CHECK(here.logged.find("'ops' is switched off") != std::string::npos);
    here.now += 24 * 3600 + 1;
    here.work();
    CHECK(here.row(0).ends_with("dead"));
    CHECK(here.raw(1).error.find("the channel is off") != std::string::npos);
  }
}

TEST_CASE("what_is_no_success_is_tried_again_and_switches_nothing_off") {
  Sending here;
  const std::int64_t id = here.add(ChannelKind::webhook);
  here.routes({route_of("all", {1})});
  std::int64_t alert = 0;
  for (const int status : {301, 400, 401, 403, 404, 408, 500, 503}) {
    here.status = status;
    here.more = status == 301 ? "Location: http://127.0.0.1:1/elsewhere\r\n" : "";
    here.tell(news_of(++alert));
    here.work();
    CHECK(here.row(static_cast<std::size_t>(alert - 1)).ends_with("failed"));
    CHECK(here.store->channels().find(id).value()->enabled);
  }
  CHECK(here.server->requests().size() == 8);  // no redirect was followed
  here.status = 410;
  here.tell(news_of(++alert));
  here.work();
  CHECK_FALSE(here.store->channels().find(id).value()->enabled);
}

TEST_CASE("a_teams_answer_that_says_200_and_means_429_is_no_success") {
  Sending here;
  here.add(ChannelKind::teams);
  here.routes({route_of("all", {1})});
  here.said =
      "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429 with ContextId x";
  here.tell(news_of(1));
  here.now += 15;
  here.work();
  CHECK(here.row(0).ends_with("failed"));
  here.said = "";
  here.status = 202;
  here.now += 10;
  here.work();
  CHECK(here.row(0).ends_with("sent"));
}

TEST_CASE("a_channel_keeps_its_own_limit_below_the_other_sides") {
  Sending here;
  here.add(ChannelKind::slack);
  here.routes({route_of("all", {1})});
  for (int i = 1; i <= 8; ++i) here.tell(news_of(i, Level::critical, News::Kind::opened, "site" + std::to_string(i)));
  here.now += 2;
  here.work();
  CHECK(here.server->requests().size() == 3);
  here.now += 1;
  here.work();
  CHECK(here.server->requests().size() == 4);
  here.now += 10;
  here.work();
  here.work();
  CHECK(here.server->requests().size() == 7);
}

TEST_CASE("after_a_restart_the_message_that_was_under_way_goes_out_again_as_itself") {
  Sending here;
  here.add(ChannelKind::webhook);
  here.routes({route_of("all", {1})});
  here.tell(news_of(1));
  REQUIRE(here.store->outbox().take(1, "", here.now, 1).value());  // the process dies here
  here.restart();
  here.work();
  const std::string id = header(here.server->requests().at(0), "webhook-id");
  CHECK(here.row(0).ends_with("sent"));
  // The other side answered, and the process died before that was stored.
  here.tell(news_of(2));
  here.work();
  CHECK(header(here.server->requests().at(1), "webhook-id") != id);
}

TEST_CASE("an_address_that_leads_into_the_own_network_is_refused_when_it_is_connected") {
  Sending here;
  Secrets secrets;
  secrets.url = here.server->url() + "/x";
  // A name of somebody's own that leads to this machine: what a stranger's DNS server answers.
  secrets.url.replace(secrets.url.find("127.0.0.1"), 9, "localhost.localdomain");
  secrets.url.replace(0, 7, "http://");
  here.channel("rebound", {.kind = ChannelKind::slack}, secrets);
  here.routes({route_of("all", {1})});
  here.tell(news_of(1));
  here.now += 15;
  here.work();
  CHECK(here.row(0).ends_with("failed"));
  CHECK(here.server->requests().empty());
}

TEST_CASE("no_secret_of_a_channel_is_in_a_log_an_error_or_the_outbox") {
  Sending here;
  here.add(ChannelKind::slack);
  here.routes({route_of("all", {1})});
  for (const int status : {400, 500, 410}) {
    here.status = status;
    here.tell(news_of(status));
    here.now += 400;
    here.work();
  }
  std::string all = here.logged;
  for (int id = 1; id <= 3; ++id) all += here.raw(id).error + here.raw(id).body;
  const store::Channel channel = here.store->channels().find(1).value().value();
  all += channel.last_error + channel.off_reason + channel.options + channel.shown;
  CHECK(all.find("very-secret") == std::string::npos);
  CHECK(all.find("answered 500") != std::string::npos);
}

TEST_CASE("a_secret_that_does_not_open_fails_the_message_and_says_what_to_do") {
  Sending here;
  const std::int64_t id = here.add(ChannelKind::slack);
  store::Channel channel = here.store->channels().find(id).value().value();
  channel.sealed = "of another key";
  REQUIRE(here.store->channels().update(channel).value());
  here.routes({route_of("all", {1})});
  here.tell(news_of(1));
  here.now += 15;
  here.work();
  CHECK(here.row(0).ends_with("failed"));
  CHECK(here.raw(1).error.find("enter the secret again") != std::string::npos);
}

TEST_CASE("an_address_the_other_side_repeats_is_not_told_on") {
  Sending here;
  here.add(ChannelKind::slack);
  here.routes({route_of("all", {1})});
  here.status = 404;
  here.said = "Cannot POST /services/T00/B00/very-secret";
  here.tell(news_of(1));
  here.now += 15;
  here.work();
  const store::Channel channel = here.store->channels().find(1).value().value();
  CHECK(channel.off_reason.find("Cannot POST ***") != std::string::npos);
  CHECK((here.logged + here.raw(1).error + channel.last_error + channel.off_reason).find("very-secret") ==
        std::string::npos);
}

TEST_CASE("no_mail_goes_to_a_receiver_who_was_taken_out_or_is_off") {
  Sending here;
  ChannelOptions mail{.kind = ChannelKind::email, .host = "127.0.0.1", .port = 1, .from = "alerts@example.org"};
  mail.receivers = {{"anna@example.org"}, {"bert@example.org"}, {"carl@example.org"}};
  const std::int64_t id = here.channel("mail", mail);
  here.tell(news_of(1));
  here.tell(news_of(2, Level::high, News::Kind::opened, "ent_blog"));
  store::Channel channel = here.store->channels().find(id).value().value();
  mail.receivers = {{"anna@example.org"}, {"carl@example.org", "550 unknown"}};
  channel.options = to_json(mail);
  REQUIRE(here.store->channels().update(channel).value());
  here.now += 15;
  here.work();
  for (const store::OutboxRow& row : here.store->outbox().list({}).value()) {
    INFO(row.target << " " << row.error);
    if (row.target == "anna@example.org") CHECK(row.error.find("no such receiver") == std::string::npos);
    if (row.target == "bert@example.org") {
      CHECK(row.state == store::OutboxState::discarded);
      CHECK(row.error == "the channel has no such receiver any more");
    }
    if (row.target == "carl@example.org") {
      CHECK(row.state == store::OutboxState::dead);
      CHECK(row.error == "this receiver is off: 550 unknown");
    }
  }
}

TEST_CASE("a_sender_of_its_own_thread_sends_and_ends_while_the_other_side_says_nothing") {
  Sending here;
  here.courier.reset();
  std::atomic<bool> asked{false};
  ScriptedServer silent([&](const std::string&, const ScriptedServer::Write& write) {
    asked = true;
    while (write("")) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  });
  here.add(ChannelKind::webhook, "quick");
  Secrets secrets;
  secrets.url = silent.url();
  here.channel("slow", {.kind = ChannelKind::webhook}, secrets);
  here.routes({route_of("all", {1, 2})});
  here.tell(news_of(1));
  {
    auto sender = Sender::start(*here.store, here.options());
    REQUIRE(sender.ok());
    for (int i = 0; i < 2000 && (!asked || here.raw(1).state != store::OutboxState::sent); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(here.raw(1).state == store::OutboxState::sent);  // one that says nothing holds up nobody else
  CHECK(here.raw(2).state == store::OutboxState::sending);
}

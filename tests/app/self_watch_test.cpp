// A gateway that looks after itself: each trouble is really caused, and the alert, the page and the message follow.
#include "app/self_watch.hpp"

#include <mutex>

#include "../net/scripted_server.hpp"
#include "alert/gateway.hpp"
#include "catch.hpp"
#include "core/wire.hpp"
#include "eventually.hpp"
#include "notify/channel.hpp"
#include "notify/desk.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;
namespace own = logystera::alert::gateway;

namespace {

app::SelfWatchOptions watched(processor::WatchLimits limits, const std::string& disk = {}) {
  return {true, limits, disk, std::chrono::milliseconds(20)};
}

struct Watched : Whole {
  explicit Watched(processor::WatchLimits limits = {}, const std::string& disk = {}) : Whole(watched(limits, disk)) {}

  std::optional<alert::Alert> alert(std::string_view rule) const {
    for (const alert::Alert& one : store->alerts().page({}, {}).value().rows)
      if (one.rule == rule) return one;
    return std::nullopt;
  }
  bool opens(std::string_view rule) const {
    return eventually([&] {
      const auto found = alert(rule);
      return found && found->open() && found->cleared_at == 0;
    });
  }
  std::string page(const std::string& path) const { return whole_answer(path, ""); }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a_disk_with_less_room_than_it_should_have_is_an_alert_and_stands_on_every_page") {
  processor::WatchLimits limits;
  limits.disk_free_bytes = INT64_C(1) << 50;  // more than there is
  Watched watched(limits, "/");
  REQUIRE(watched.opens(own::kDisk));
  const std::string page = watched.page("/alerts");
  CHECK(has(page, "The disk is nearly full"));
  CHECK(has(page, "this gateway"));
  CHECK(has(page, "Something is wrong with this gateway"));
  CHECK(has(watched.page("/sites"), "Something is wrong with this gateway"));
  const std::string detail = watched.page("/alerts/" + std::to_string(watched.alert(own::kDisk)->id));
  CHECK(has(detail, "What it means"));
  CHECK(has(detail, "little room left"));
  CHECK(has(detail, "This gateway measured it itself"));
}

TEST_CASE("whoever_sees_some_sites_alone_hears_nothing_of_the_gateway") {
  processor::WatchLimits limits;
  limits.disk_free_bytes = INT64_C(1) << 50;
  Watched watched(limits, "/");
  REQUIRE(watched.opens(own::kDisk));
  const std::string site = watched.entities->add("shop", watched.now).value().token;
  const std::string token =
      watched.token(watched.user("anna", Role::viewer), Role::viewer, store::SiteChoice{false, {site}});
  const std::string list = watched.whole_answer("/api/v1/alerts", token);
  CHECK(has(list, "HTTP/1.1 200"));
  CHECK_FALSE(has(list, "GATEWAY_"));
}

TEST_CASE("rules_that_are_refused_are_an_alert_until_they_are_right") {
  Watched watched;  // the tests' program has none
  REQUIRE(watched.opens(own::kRules));
  CHECK(watched.alert(own::kRules)->level == Level::high);
  const auto activity = watched.store->alerts().activity(watched.alert(own::kRules)->id, 0, 10).value();
  CHECK(std::any_of(activity.begin(), activity.end(),
                    [](const alert::LogRow& row) { return row.note == "no rules in this test"; }));
}

TEST_CASE("a_channel_that_is_off_and_messages_that_wait_or_are_dead_are_alerts_of_that_channel") {
  Watched watched;
  store::Channel channel;
  channel.name = "ops";
  channel.kind = "webhook";
  channel.options = notify::to_json(notify::ChannelOptions{});
  channel.created_at = watched.now - 90 * 24 * 3600;
  const std::int64_t id = watched.store->channels().add(channel).value();
  REQUIRE(watched.store->channels().switch_off(id, "the other side answers 410").value());
  REQUIRE(watched.opens(own::kChannel));
  CHECK(watched.alert(own::kChannel)->group_label == "ops");
  CHECK(has(watched.page("/"), "A channel delivers nothing, ops: it was switched off: the other side answers 410"));
  REQUIRE(watched.store->channels().remove(id).ok());
  // Held for a minute of a clock nobody sets, so what is left to see here is that it is not cleared before.
  CHECK(watched.alert(own::kChannel)->open());
}

TEST_CASE("a_site_whose_batches_are_refused_for_its_clock_is_an_alert") {
  Watched watched;
  auto site = watched.entities->add("shop", watched.now).value();
  const std::string body = "x";
  const std::int64_t stamp = watched.now - 4000;
  const std::string batch(32, 'a');
  const std::string signature =
      wire::sign(site.secret, {"POST", std::string(wire::kPingPath), site.token, stamp, batch, "identity", body});
  SocketClient client(watched.server->urls().front());
  client.send("POST " + std::string(wire::kPingPath) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
              std::string(wire::kEntityHeader) + ": " + site.token + "\r\n" + std::string(wire::kTimestampHeader) + ": " +
              std::to_string(stamp) + "\r\n" + std::string(wire::kBatchHeader) + ": " + batch + "\r\n" +
              std::string(wire::kSignatureHeader) + ": v1=" + signature + "\r\nContent-Length: 1\r\n\r\n" + body);
  CHECK(has(client.receive_all(), "clock_skew"));
  REQUIRE(watched.opens(own::kSiteClock));
  CHECK(watched.alert(own::kSiteClock)->group_label == "shop");
  CHECK(watched.alert(own::kSiteClock)->site.empty());
}

TEST_CASE("a_clock_that_is_moved_while_it_runs_is_an_alert") {
  Watched watched;
  REQUIRE(watched.opens(own::kRules));  // it has looked once
  watched.now += 7200;
  REQUIRE(watched.opens(own::kClock));
}

namespace {

/// With a chat that takes nothing, or everything, whatever it is told.
struct Chatting : Watched {
  std::atomic<bool> refuses{false};
  std::mutex mutex;
  std::string heard;
  ScriptedServer chat{[this](const std::string& request, const ScriptedServer::Write& write) {
    {
      const std::lock_guard lock(mutex);
      heard += request;
    }
    (void)write(refuses ? http_answer(500, "not now") : http_answer(200, "ok"));
  }};

  explicit Chatting(processor::WatchLimits limits, const std::string& disk = {}) : Watched(limits, disk) {
    notify::Desk desk{
        *store,
        {[this] { return now.load(); },
         {[this](std::string_view secret, std::string_view to) { return entities->vault().seal(secret, to); },
          [this](std::string_view sealed, std::string_view to) { return entities->vault().unseal(sealed, to); }}}};
    notify::ChannelWish wish;
    wish.name = "ops";
    wish.options.kind = notify::ChannelKind::slack;
    wish.url = chat.url() + "/hook";
    const auto no_note = [](store::Stores&, std::string_view, std::string_view, std::string_view, std::string_view) {
      return Result<Done>(Done{});
    };
    REQUIRE(desk.add(wish, no_note).ok());
  }
  bool of_channel(std::string_view rule) const {
    const auto all = store->alerts().page({}, {}).value().rows;
    return std::any_of(all.begin(), all.end(),
                       [&](const alert::Alert& one) { return one.rule == rule && one.group_label == "ops" && one.open(); });
  }
  bool hears(const std::string& words) {
    return eventually([&] {
      const std::lock_guard lock(mutex);
      return has(heard, words);
    });
  }
};

}  // namespace

TEST_CASE("what_is_wrong_with_the_gateway_is_told_like_any_other_alert_with_its_figures") {
  processor::WatchLimits limits;
  limits.clock_jump_seconds = 0;
  Chatting chatting(limits);
  store::Unevaluated range{
      chatting.entities->add("shop", chatting.now).value().token, kNow - 90, kNow - 60, 12, "too many of them", kNow};
  REQUIRE(chatting.store->site_windows().add(range).ok());
  REQUIRE(chatting.opens(own::kUnevaluated));
  CHECK(chatting.alert(own::kUnevaluated)->group_label == "shop");
  // A medium one waits for the digest; one that is high goes at once, with what was measured.
  store::Channel second;
  second.name = "second";
  second.kind = "webhook";
  second.options = notify::to_json(notify::ChannelOptions{});
  const std::int64_t id = chatting.store->channels().add(second).value();
  REQUIRE(chatting.store->channels().switch_off(id, "the other side answers 410").value());
  REQUIRE(chatting.opens(own::kChannel));
  chatting.now += 60;
  REQUIRE(chatting.hears("A channel delivers nothing"));
  CHECK(chatting.hears("it was switched off: the other side answers 410"));
}

TEST_CASE("a_channel_that_refuses_makes_messages_wait_and_then_die_and_both_are_alerts") {
  processor::WatchLimits limits;
  limits.clock_jump_seconds = 0;
  Chatting chatting(limits);
  chatting.refuses = true;
  // An alert that opens while the channel is there.
  store::Channel gone;
  gone.name = "gone";
  gone.kind = "webhook";
  gone.options = notify::to_json(notify::ChannelOptions{});
  REQUIRE(chatting.store->channels().switch_off(chatting.store->channels().add(gone).value(), "it is gone").value());
  REQUIRE(chatting.opens(own::kChannel));
  chatting.now += 700;
  CHECK(eventually([&] { return chatting.of_channel(own::kOutbox); }));
  for (int hour = 0; hour < 26; ++hour) chatting.now += 3600;
  CHECK(eventually([&] { return chatting.of_channel(own::kDead); }));
}

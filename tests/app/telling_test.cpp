// From an alert to whoever is told of it: the outbox, the sender and the links of messages in the whole application.
#include "app/telling.hpp"

#include "../net/scripted_server.hpp"
#include "alert/alert.hpp"
#include "eventually.hpp"
#include "notify/desk.hpp"
#include "notify/plan.hpp"
#include "processor/raise.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The application, a site, and a chat that takes whatever it is told.
struct Told : Whole {
  ScriptedServer chat{[](const std::string&, const ScriptedServer::Write& write) { (void)write(http_answer(200, "ok")); }};
  HmacKey key{"a key"};
  alert::Policy policy;
  std::string site = entities->add("shop", now).value().token;
  notify::Desk desk{
      *store,
      {[this] { return now.load(); },
       {[this](std::string_view secret, std::string_view to) { return entities->vault().seal(secret, to); },
        [this](std::string_view sealed, std::string_view to) { return entities->vault().unseal(sealed, to); }}}};

  static Result<Done> no_note(store::Stores&, std::string_view, std::string_view, std::string_view, std::string_view) {
    return Done{};
  }
  std::int64_t channel() {
    notify::ChannelWish wish;
    wish.name = "ops";
    wish.options.kind = notify::ChannelKind::slack;
    wish.url = chat.url() + "/hook";
    auto made = desk.add(wish, no_note);
    REQUIRE(made.ok());
    return made.value();
  }
  void hit(Level level, std::int64_t finding = 0, const std::string& rule = "RULE") {
    alert::Hit one;
    one.rule = rule;
    one.title = "Failed <logins>";
    one.level = level;
    one.site = site;
    one.first_time = one.last_time = now;
    one.finding = finding;
    auto transaction = std::move(store->begin()).value();
    auto tells = processor::raise(*transaction, std::vector{one}, {key, [&](std::string_view) { return policy; }}, now);
    REQUIRE(tells.ok());
    REQUIRE(telling(*transaction, tells.value()).ok());
    REQUIRE(transaction->commit().ok());
  }
  std::string post(const std::string& path, const std::string& headers, const std::string& body) const {
    SocketClient client(server->urls().front());
    client.send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers +
                "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.receive_all();
  }
  std::vector<store::OutboxRow> rows() const { return store->outbox().of_alert(1).value(); }
  std::vector<std::string> kinds(store::OutboxState state) const {
    std::vector<std::string> all;
    for (const store::OutboxRow& row : rows())
      if (row.state == state) all.push_back(row.kind);
    return all;
  }
};

using Kinds = std::vector<std::string>;

}  // namespace

TEST_CASE("an_alert_that_opens_is_told_once_and_its_message_snoozes_it") {
  Told told;
  told.channel();
  told.hit(Level::critical);
  REQUIRE(told.kinds(store::OutboxState::queued) == Kinds{"opened"});
  told.hit(Level::critical);  // it goes on: nothing new
  told.now += notify::kCriticalWait;
  REQUIRE(eventually([&] { return told.kinds(store::OutboxState::sent) == Kinds{"opened"}; }));
  REQUIRE(told.chat.requests().size() == 1);
  const std::string message = told.chat.requests()[0];
  CHECK(has(message, "Failed &lt;logins&gt;"));
  CHECK(has(message, "shop"));
  CHECK(has(message, told.server->urls().front() + "/alerts/1"));
  std::smatch found;
  REQUIRE(std::regex_search(message, found, std::regex("/a/1/snooze\\?(d=4h[^\"|>\\\\]*)")));
  const std::string link = std::regex_replace(found[1].str(), std::regex("&amp;"), "&");
  CHECK(has(told.whole_answer("/a/1/snooze?" + link, ""), "Snooze for 4 h"));
  CHECK(has(told.post("/a/1/snooze", "Content-Type: application/x-www-form-urlencoded\r\n", link), "HTTP/1.1 200"));
  const alert::Alert snoozed = told.store->alerts().get(1).value().value();
  CHECK(snoozed.snooze.until == told.now + 4 * 3600);
  CHECK(snoozed.snooze.by == "link:ops");
  // The end of the snooze is told, by the clock of the server itself.
  told.now += 4 * 3600;
  CHECK(eventually([&] { return told.kinds(store::OutboxState::queued) == Kinds{"snooze_ended"}; }));
  told.now += 3600;
  CHECK(eventually([&] { return told.chat.requests().size() == 2; }));
}

TEST_CASE("whoever_acknowledges_an_alert_stops_what_would_call_others") {
  Told told;
  notify::Route route;
  route.name = "all";
  route.channels = {told.channel()};
  route.steps = {{30, route.channels}};
  REQUIRE(told.desk.set_routes({route}, Told::no_note).ok());
  told.hit(Level::high);
  CHECK(told.kinds(store::OutboxState::queued) == Kinds{"opened", "escalated"});
  const std::string analyst = told.token(told.user("anna", Role::analyst), Role::analyst);
  CHECK(
      has(told.post("/api/v1/alerts/1/acknowledge", analyst + "Content-Type: application/json\r\n", "{}"), "HTTP/1.1 200"));
  const auto rows = told.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].state == store::OutboxState::queued);
  CHECK(rows[1].state == store::OutboxState::discarded);
  CHECK(has(rows[1].error, "acknowledged by "));
}

TEST_CASE("what_is_told_counts_the_signals_of_the_alert_s_own_site") {
  Told told;
  told.channel();
  const auto append = [&](const std::string& token, std::uint8_t number) {
    store::Batch batch;
    batch.entity = token;
    const std::string id = "b" + std::to_string(number), line = "{}";
    batch.id = id;
    batch.received_at = told.now;
    store::EventId event{};
    event[0] = number;
    batch.events = {{line, "auth.login_failed", event, told.now}};
    REQUIRE(told.store->events().append(batch).value().accepted == 1);
    return told.store->events().newest().value();
  };
  const std::uint64_t first = append(told.site, 1), other = append(told.entities->add("other", told.now).value().token, 2),
                      second = append(told.site, 3);
  store::Finding finding;
  finding.rule = "RULE";
  finding.title = "Failed logins";
  finding.source = "shop";
  finding.site = told.site;
  finding.time = finding.first_time = told.now;
  finding.key = "0123456789abcdef";
  finding.evidence = {first, other, second};
  finding.who = {"ip_8390373f", "root", "", 0, store::Who::Outcome::login_failed};
  auto recorded = told.store->findings().record(finding, 0);
  REQUIRE(recorded.ok());
  told.hit(Level::high, recorded->finding.id);
  const auto news = notify::news_from(told.rows().at(0).body);
  REQUIRE(news.ok());
  CHECK(news->evidence == std::vector<std::pair<std::string, std::uint64_t>>{{"auth.login_failed", 2}});
  CHECK(news->site_name == "shop");
  CHECK(news->who == finding.who);
  CHECK(news->number == told.store->alerts().activity(1, 0, 1).value().at(0).id);
}

TEST_CASE("what_no_rule_has_found_is_told_with_what_it_means_and_a_tag") {
  Told told;
  told.channel();
  told.hit(Level::medium, 0, "ANOMALY_RATE");
  const auto news = notify::news_from(told.rows().at(0).body);
  REQUIRE(news.ok());
  CHECK(news->tags == std::vector<std::string>{"anomaly"});
  CHECK(has(news->meaning, "far more signals than its hours usually have"));
  CHECK(has(news->remedy, "metrics of that hour"));
}

TEST_CASE("a_channel_is_named_to_whoever_comes_by_its_links_while_they_are_on") {
  Told told;
  const std::int64_t id = told.channel();
  CHECK(app::name_of_channel(*told.store, id) == "ops");
  CHECK_FALSE(app::name_of_channel(*told.store, id + 1));
  REQUIRE(told.desk.enable(id, false, Told::no_note).ok());
  CHECK_FALSE(app::name_of_channel(*told.store, id));
  REQUIRE(told.desk.enable(id, true, Told::no_note).ok());
  notify::ChannelWish wish;
  wish.name = "ops";
  wish.options.kind = notify::ChannelKind::slack;
  wish.options.links = false;
  REQUIRE(told.desk.change(id, wish, Told::no_note).ok());
  CHECK_FALSE(app::name_of_channel(*told.store, id));
}

TEST_CASE("a_telling_that_fails_undoes_nothing_is_kept_shown_and_told_later") {
  Told told;
  const std::int64_t channel = told.channel();
  store::Channel damaged = *told.store->channels().find(channel).value();
  const std::string options = damaged.options;
  damaged.options = "{";
  REQUIRE(told.store->channels().update(damaged).value());
  told.hit(Level::high);  // which commits
  CHECK(told.store->alerts().page({}, {})->rows.size() == 1);
  CHECK(told.rows().empty());
  app::Untold waiting = app::untold(*told.store).value();
  CHECK(waiting.waiting == 1);
  CHECK_FALSE(waiting.reason.empty());
  // It fails again, and waits on, and is not written anew; what else happens joins it.
  const auto marked = [&](store::Stores& stores, std::span<const alert::Tell> tells) -> Result<Done> {
    REQUIRE(stores.positions().put("tried", "yes", told.now).ok());
    return told.telling(stores, tells);
  };
  CHECK_FALSE(app::tell_again(*told.store, marked).value());
  CHECK_FALSE(told.store->positions().find("tried").value());
  told.hit(Level::critical);
  CHECK(app::untold(*told.store)->waiting == 2);
  // Repaired, all of it is told, once.
  damaged.options = options;
  REQUIRE(told.store->channels().update(damaged).value());
  CHECK(app::tell_again(*told.store, told.telling).value());
  waiting = app::untold(*told.store).value();
  CHECK(waiting.waiting == 0);
  const std::size_t rows = told.rows().size();
  CHECK(rows >= 1);
  CHECK(app::tell_again(*told.store, told.telling).value());
  CHECK(told.rows().size() == rows);
  told.now += 60;
  CHECK(eventually([&] { return !told.kinds(store::OutboxState::sent).empty(); }));
}

TEST_CASE("what_cannot_be_told_is_tried_ever_more_rarely_and_at_once_after_it_went_well") {
  app::TellingAgain again;
  CHECK(again.due(0));
  std::vector<std::int64_t> tried;
  for (std::int64_t elapsed = 0; elapsed < 3600; elapsed += 5) {
    if (!again.due(elapsed)) continue;
    tried.push_back(elapsed);
    again.tried(false, elapsed);
  }
  const std::vector<std::int64_t> begun(tried.begin(), tried.begin() + 7);
  CHECK(begun == std::vector<std::int64_t>{0, 10, 30, 70, 150, 310, 610});
  CHECK(tried.size() == 16);
  again.tried(true, 3600);
  CHECK(again.due(3600));
  again.tried(false, 3605);
  CHECK_FALSE(again.due(3614));
  CHECK(again.due(3615));
}

TEST_CASE("what_waits_to_be_told_is_bounded_and_what_is_let_go_is_counted") {
  Told told;
  store::Channel damaged = *told.store->channels().find(told.channel()).value();
  damaged.options = "{";
  REQUIRE(told.store->channels().update(damaged).value());
  told.hit(Level::high);
  std::vector<alert::Tell> many(app::kUntoldMost + 5);
  for (alert::Tell& one : many) {
    one.alert = 1;
    one.rule = "a\tb\nc";  // what stands between fields and lines
    one.note = "x\ty";
  }
  REQUIRE(told.telling(*told.store, many).ok());
  const app::Untold waiting = app::untold(*told.store).value();
  CHECK(waiting.waiting == app::kUntoldMost);
  CHECK(waiting.let_go == 6);
}

// Who is told what, together with what, and when. The clock is the test's.
#include <algorithm>

#include "telling.hpp"

using namespace logystera;
using namespace logystera::notify;
using namespace logystera::testing;
using Rows = std::vector<std::string>;
using Kind = News::Kind;

TEST_CASE("news_survive_being_written_down") {
  News news = news_of(7, Level::critical, Kind::level_rose);
  news.condition = true;
  news.note = "snooze by anna (1 h, 'deploy') ended";
  const News read = news_from(to_json(news)).value();
  CHECK(to_json(read) == to_json(news));
  CHECK(read.kind == Kind::level_rose);
  CHECK(read.evidence == news.evidence);
  CHECK(read.remedy == news.remedy);
  news.remedy = std::string(100'000, 'x');
  news.title = std::string(5'000, 'x');
  news.tags = std::vector<std::string>(1000, std::string(5000, 'y'));
  CHECK(to_json(news).size() < store::OutboxStore::kBodyBytes);
  CHECK(news_from("[]").error().kind == ErrorKind::broken);
  CHECK(news_from("{\"kind\":\"else\"}").error().kind == ErrorKind::broken);
  CHECK(news_from(std::string(5000, '[')).error().kind == ErrorKind::broken);
}

TEST_CASE("where_nobody_has_chosen_high_goes_at_once_medium_each_morning_and_low_nowhere") {
  Telling here;
  const std::int64_t ops = here.chat("ops");
  here.tell(news_of(1, Level::critical));
  here.tell(news_of(2, Level::high));
  here.tell(news_of(3, Level::medium));
  here.tell(news_of(4, Level::low));
  const std::int64_t morning = 1'774'252'800 - kNow;  // Mon 23 Mar 2026, 08:00 UTC
  CHECK(here.rows() == Rows{"1 opened 1 - +2 queued", "1 opened 2 - +2 queued",
                            "1 opened 3 digest +" + std::to_string(morning) + " queued"});
  here.now += 15;
  CHECK(here.send(ops) == Rows{"1,2"});
}

TEST_CASE("without_a_channel_nothing_is_queued") {
  Telling here;
  CHECK(here.tell(news_of(1)) == 0);
  CHECK(here.rows().empty());
}

TEST_CASE("the_first_route_that_matches_decides_unless_it_goes_on") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b"), c = here.chat("c");
  Route of_site = route_of("of a site", {a});
  of_site.sites = {"ent_shop"};
  Route tagged = route_of("tagged", {b}, Level::high);
  tagged.tags = {"upload", "login"};
  tagged.go_on = true;
  here.routes({of_site, tagged, route_of("rest", {b, c})});
  here.tell(news_of(1));
  here.tell(news_of(2, Level::high, Kind::opened, "ent_blog"));
  here.tell(news_of(3, Level::low, Kind::opened, "ent_blog"));
  News untagged = news_of(4, Level::high, Kind::opened, "");
  untagged.tags = {};
  here.tell(untagged);
  CHECK(here.rows() == Rows{"1 opened 1 - +15 queued", "2 opened 2 - +15 queued", "3 opened 2 - +15 queued",
                            "2 opened 3 - +15 queued", "3 opened 3 - +15 queued", "2 opened 4 - +15 queued",
                            "3 opened 4 - +15 queued"});
}

TEST_CASE("what_comes_together_is_told_together_and_the_next_five_minutes_later_never_of_two_sites") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  here.tell(news_of(1));
  here.now += 10;
  here.tell(news_of(2));
  here.tell(news_of(3, Level::high, Kind::opened, "ent_blog"));
  here.now += 5;
  CHECK(here.send(a) == Rows{"1,2"});
  here.now += 10;
  CHECK(here.send(a) == Rows{"3"});
  here.tell(news_of(4));
  here.now += 60;
  here.tell(news_of(5));
  CHECK(here.send(a).empty());
  here.now += 300 - 70 - 1;
  CHECK(here.send(a).empty());
  here.now += 1;
  CHECK(here.send(a) == Rows{"4,5"});
}

TEST_CASE("what_is_critical_waits_two_seconds_whenever_it_comes") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  here.tell(news_of(1));
  here.now += 15;
  CHECK(here.send(a) == Rows{"1"});
  here.tell(news_of(2));
  here.tell(news_of(3, Level::critical));
  here.now += 2;
  CHECK(here.send(a) == Rows{"3"});
}

TEST_CASE("a_clock_that_was_set_back_does_not_silence_a_channel") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  here.tell(news_of(1));
  here.now += 15;
  CHECK(here.send(a) == Rows{"1"});
  here.now -= 30 * 24 * 3600;
  here.tell(news_of(2));
  here.now += 15;
  CHECK(here.send(a) == Rows{"2"});
}

TEST_CASE("programs_are_told_each_thing_by_itself_at_once") {
  Telling here;
  Secrets secrets;
  secrets.url = "https://program.example.org/";
  const std::int64_t a = here.channel("program", {.kind = ChannelKind::webhook}, secrets);
  here.routes({route_of("all", {a})});
  for (int i = 1; i <= 60; ++i) here.tell(news_of(i));
  News end = news_of(1, Level::high, Kind::resolved);
  here.tell(end);
  const Rows rows = here.rows();
  CHECK(rows.size() == 61);  // its opening is not changed either
  CHECK(std::all_of(rows.begin(), rows.end(), [](const std::string& row) { return row.find(" - +0 queued") != row.npos; }));
}

TEST_CASE("quiet_hours_hold_back_what_is_not_critical_until_they_end_in_the_routes_zone") {
  Telling here;
  const std::int64_t a = here.chat("a");
  Route route = route_of("all", {a});
  route.zone = "Europe/Berlin";
  route.quiet = Quiet{22 * 60, 7 * 60};
  here.routes({route});
  here.tell(news_of(1));     // 21:34 there
  here.now = 1'774'216'799;  // 21:59:59 UTC, 22:59:59 there
  here.tell(news_of(2));
  here.tell(news_of(3, Level::critical));
  const std::int64_t end = 1'774'245'600 - here.now;  // 06:00 UTC
  CHECK(here.rows() == Rows{"1 opened 1 - +" + std::to_string(kNow + 15 - here.now) + " queued",
                            "1 opened 2 digest +" + std::to_string(end) + " queued", "1 opened 3 - +2 queued"});
  // The night the clocks go forward, 29 March, is an hour shorter.
  CHECK(route.quiet_until(Level::high, 1'774'735'200).value() == 1'774'760'400);  // 28th, 22:00 UTC → 29th, 05:00 UTC
  CHECK_FALSE(route.quiet_until(Level::high, 1'774'760'400).has_value());
  CHECK(next_time(*route.clock(), 8 * 60, 1'774'735'200) == 1'774'764'000);
  route.quiet = Quiet{12 * 60, 13 * 60};
  CHECK(route.quiet_until(Level::high, 1'774'263'600).value() == 1'774'267'200);  // 12:00 → 13:00
  CHECK_FALSE(route.quiet_until(Level::high, 1'774'267'200).has_value());
}

TEST_CASE("an_end_before_anything_was_told_becomes_part_of_the_opening") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  here.tell(news_of(1));
  News end = news_of(1, Level::high, Kind::resolved);
  end.state = "resolved";
  end.resolved_at = kNow + 5;
  end.opened_at = 0;
  here.now += 5;
  CHECK(here.tell(end) == 1);
  CHECK(here.rows() == Rows{"1 opened 1 - +10 queued"});
  const News both = news_from(here.store->outbox().of_alert(1).value()[0].body).value();
  CHECK(both.kind == Kind::opened);
  CHECK(both.opened_at == kNow - 60);
  CHECK(both.resolved_at == kNow + 5);
}

TEST_CASE("an_end_is_told_where_the_opening_arrived_of_conditions_and_of_episodes_where_the_route_asks") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route loud = route_of("loud", {b});
  loud.sites = {"ent_blog"};
  loud.resolved = true;
  here.routes({loud, route_of("all", {a})});
  here.tell(news_of(1));                                         // an episode, on a route that does not ask
  here.tell(news_of(2, Level::high, Kind::opened, "ent_blog"));  // one that does
  News condition = news_of(3);
  condition.condition = true;
  here.tell(condition);
  here.tell(news_of(4));  // on its way
  here.now += 15;
  CHECK(here.send(a) == Rows{"1,3,4"});
  CHECK(here.send(b) == Rows{"2"});
  for (std::int64_t alert : {1, 2, 3, 99}) {
    News end = news_of(alert, Level::high, Kind::resolved, alert == 2 ? "ent_blog" : "ent_shop");
    end.condition = alert == 3 || alert == 99;
    here.tell(end);
  }
  const Rows rows = here.rows();
  CHECK(Rows(rows.begin() + 4, rows.end()) == Rows{"2 resolved 2 - +300 queued", "1 resolved 3 - +300 queued"});
}

TEST_CASE("an_end_follows_an_opening_that_is_on_its_way_and_goes_nowhere_with_one_that_is_dead") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  News condition = news_of(1);
  condition.condition = true;
  here.tell(condition);
  here.now += 15;
  const auto batch = here.store->outbox().take(a, "", here.now, 10).value();
  REQUIRE(batch);
  REQUIRE(here.store->outbox().failed(batch->number, here.now + 600, "down").ok());
  News end = news_of(1, Level::high, Kind::resolved);
  end.condition = true;
  CHECK(here.tell(end) == 1);
  here.now += 100;
  CHECK(here.send(a).empty());
  REQUIRE(here.store->outbox().bury(batch->number, "24 hours").ok());
  CHECK(here.rows()[1].ends_with("discarded"));
  end.number = 2;
  CHECK(here.tell(end) == 0);
}

TEST_CASE("a_level_that_rises_before_the_opening_went_makes_it_more_urgent_not_two_messages") {
  Telling here;
  const std::int64_t a = here.chat("a");
  Route route = route_of("all", {a});
  route.digest = 8 * 60;
  Route urgent = route_of("urgent", {a}, Level::critical);
  here.routes({urgent, route});
  here.tell(news_of(1, Level::medium));
  CHECK(here.rows()[0].find("digest") != std::string::npos);
  here.tell(news_of(1, Level::critical, Kind::level_rose));
  CHECK(here.rows() == Rows{"1 opened 1 - +2 queued"});
  const News news = news_from(here.store->outbox().of_alert(1).value()[0].body).value();
  CHECK(news.kind == Kind::opened);
  CHECK(news.level == Level::critical);
}

TEST_CASE("an_alert_nobody_acknowledges_is_told_further_channels_step_by_step") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b"), c = here.chat("c");
  Route route = route_of("all", {a});
  route.steps = {{30, {b}}, {60, {b, c}}};
  here.routes({route});
  here.tell(news_of(1));
  CHECK(here.rows() == Rows{"1 opened 1 - +15 queued", "2 escalated 1 escalation +1800 queued",
                            "2 escalated 1 escalation +3600 queued", "3 escalated 1 escalation +3600 queued"});
  here.tell(news_of(2));
  here.now += 1800;
  CHECK(here.send(b) == Rows{"1,2"});
  CHECK(hush(*here.store, 1, "acknowledged by anna").value() == 2);
  here.now += 1800;
  CHECK(here.send(c) == Rows{"2"});
  // Its end goes where it was told, by escalation too.
  News end = news_of(2, Level::high, Kind::resolved);
  end.condition = true;
  CHECK(here.send(a) == Rows{"1,2"});
  CHECK(here.tell(end) == 3);
}

TEST_CASE("the_end_of_an_alert_withdraws_escalations_and_repeats") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route route = route_of("all", {a});
  route.steps = {{30, {b}}};
  here.routes({route});
  here.tell(news_of(1));
  here.now += 15;
  CHECK(here.send(a) == Rows{"1"});
  News again = news_of(1, Level::high, Kind::repeated);
  again.number = 2;
  here.tell(again);
  here.tell(news_of(1, Level::high, Kind::resolved));
  here.now += 24 * 3600;
  CHECK(here.send(a).empty());
  CHECK(here.send(b).empty());
}

TEST_CASE("a_storm_is_told_once_then_every_quarter_of_an_hour_until_it_is_calm") {
  Telling here;
  const std::int64_t a = here.chat("a");
  here.routes({route_of("all", {a})});
  std::int64_t alert = 0;
  for (int i = 0; i < 50; ++i) here.tell(news_of(++alert));
  CHECK(here.rows().back() == "1 opened 50 - +15 queued");
  here.tell(news_of(++alert));  // the 51st within five minutes
  CHECK(here.rows().back() == "1 opened 51 storm +15 queued");
  CHECK(here.rows().front() == "1 opened 1 storm +15 queued");  // what waited is part of it
  here.now += 15;
  Rows sent = here.send(a);
  REQUIRE(sent.size() == 1);
  CHECK(std::count(sent[0].begin(), sent[0].end(), ',') == 50);
  for (int i = 0; i < 20; ++i) here.tell(news_of(++alert));
  CHECK(here.rows().back() == "1 opened 71 storm +900 queued");
  here.now += 600;  // nothing within five minutes, 71 within fifteen: not calm yet
  here.tell(news_of(++alert));
  CHECK(here.rows().back() == "1 opened 72 storm +300 queued");
  here.now += 300;
  CHECK(here.send(a).size() == 1);
  here.now += 16 * 60;
  here.tell(news_of(++alert));
  CHECK(here.rows().back() == "1 opened 73 - +15 queued");
}

TEST_CASE("a_storm_of_one_site_is_not_mixed_with_another_and_one_of_a_route_is_not_that_of_the_next") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route shop = route_of("shop", {a});
  shop.sites = {"ent_shop", "ent_blog"};
  here.routes({shop, route_of("rest", {b})});
  std::int64_t alert = 0;
  for (int i = 0; i < 51; ++i) here.tell(news_of(++alert));
  here.tell(news_of(++alert, Level::high, Kind::opened, "ent_blog"));
  CHECK(here.rows().back() == "1 opened 52 storm +15 queued");
  here.tell(news_of(++alert, Level::high, Kind::opened, "ent_other"));
  CHECK(here.rows().back() == "2 opened 53 - +15 queued");
  here.now += 15;
  CHECK(here.send(a).size() == 2);
}

TEST_CASE("what_is_of_the_past_comes_with_the_digest_alone") {
  Telling here;
  here.chat("a");
  here.tell(news_of(1, Level::critical, Kind::late));
  CHECK(here.rows()[0].find("digest") != std::string::npos);
}

TEST_CASE("a_channel_a_person_switched_off_gets_nothing_one_the_program_did_is_queued_for") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  store::Channel off = here.store->channels().find(a).value().value();
  off.enabled = false;
  REQUIRE(here.store->channels().update(off).value());
  REQUIRE(here.store->channels().switch_off(b, "it answered 410").value());
  here.tell(news_of(1));
  CHECK(here.rows() == Rows{"2 opened 1 - +15 queued"});
}

TEST_CASE("each_receiver_of_mail_has_a_message_of_his_own_but_those_that_are_off") {
  Telling here;
  ChannelOptions mail{.kind = ChannelKind::email, .host = "mail.example.org", .from = "alerts@example.org"};
  mail.receivers = {{"anna@example.org"}, {"bert@example.org", "550 unknown"}, {"carl@example.org"}};
  here.channel("mail", mail);
  here.tell(news_of(1));
  const auto rows = here.store->outbox().of_alert(1).value();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].target == "anna@example.org");
  CHECK(rows[1].target == "carl@example.org");
}

TEST_CASE("the_same_news_told_twice_is_one_message") {
  Telling here;
  here.chat("a");
  News repeated = news_of(1, Level::high, Kind::repeated);
  here.tell(repeated);
  here.now += 15;
  CHECK(here.send(1) == Rows{"1"});
  CHECK(here.tell(repeated) == 0);
}

TEST_CASE("a_route_is_read_strictly_and_written_as_it_was_read") {
  const std::string text =
      R"({"name":"nights","sites":["ent_a"],"min_severity":"medium","tags":["login"],"channels":[1,2],"every_channel":false,"continue":true,)"
      R"("resolved":true,"zone":"Europe/Berlin","quiet_hours":{"from":"22:00","to":"07:00"},"digest_at":"08:00",)"
      R"("escalate":[{"after_minutes":30,"channels":[2]}]})";
  CHECK(to_json(route_from(text).value()) == text);
  const auto fault = [](const std::string& json) { return route_from(json).error().message; };
  CHECK(fault("[]") == "a route must be a JSON object");
  CHECK(fault(R"({"colour":"x"})").find("has no member 'colour'") != std::string::npos);
  CHECK(fault(R"({"name":""})").find("name must be") != std::string::npos);
  for (const char* const name : {"a/b", "a\\\\b", ".", ".."})
    CHECK(fault(std::string("{\"name\":\"") + name + "\"}").find("slash") != std::string::npos);
  CHECK(fault("{\"name\":\"\\u202eabc\"}").find("name must be") != std::string::npos);
  CHECK(fault(R"({"name":"a","min_severity":"worst"})").find("low, medium, high or critical") != std::string::npos);
  CHECK(fault(R"({"name":"a","quiet_hours":{"from":"22:00"}})").find("from and to") != std::string::npos);
  CHECK(fault(R"({"name":"a","quiet_hours":{"from":"25:00","to":"07:00"}})").find("time of the day") != std::string::npos);
  CHECK(fault(R"({"name":"a","digest_at":"8"})").find("time of the day") != std::string::npos);
  CHECK(fault(R"({"name":"a","channels":["ops"]})").find("numbers of channels") != std::string::npos);
  CHECK(fault(R"({"name":"a","every_channel":true,"channels":[1]})").find("exclude each other") != std::string::npos);
  CHECK(fault(R"({"name":"a","escalate":[{"after_minutes":0,"channels":[1]}]})").find("1 to 10080") != std::string::npos);
  CHECK(fault(R"({"name":"a","escalate":[{"after_minutes":9,"channels":[1]},{"after_minutes":9,"channels":[1]}]})")
            .find("later than") != std::string::npos);
  CHECK(fault(R"({"name":"a","escalate":[{"after_minutes":9}]})").find("must name a channel") != std::string::npos);
  CHECK(fault(std::string(2000, '[')) == "a route must be a JSON object");
  CHECK(check({route_of("a", {1}), route_of("a", {})}, {1}).error().message.find("two routes") != std::string::npos);
  CHECK(check({route_of("a", {7})}, {1}).error().message.find("channel 7") != std::string::npos);
  CHECK(check({route_of("a", {1})}, {1}).ok());
}

TEST_CASE("a_zone_the_time_zone_database_has_lost_is_utc_and_stops_no_message") {
  Telling here;
  const std::int64_t a = here.chat("a");
  Route lost = route_of("lost", {a});
  lost.zone = "US/Nowhere";
  lost.quiet = Quiet{20 * 60, 21 * 60};
  here.routes({lost});
  CHECK(here.tell(news_of(1)) == 1);
  CHECK(here.rows() == Rows{"1 opened 1 digest +" + std::to_string(1'774'213'200 - kNow) + " queued"});  // 21:00 UTC
  CHECK(when_words(lost, {}) == "at once; quiet from 20:00 to 21:00 UTC (US/Nowhere is not known here)");
  // It stays while others change, and is not written anew.
  const std::vector<Route> stored = load_routes(here.store->routes()).value();
  CHECK(check({lost, route_of("b", {a})}, {a}, stored).ok());
  CHECK(check({lost}, {a}).error().message.find("'US/Nowhere' of the route 'lost'") != std::string::npos);
  lost.zone = "../../etc/passwd";
  CHECK(check({lost}, {a}, stored).error().message.find("time zone database") != std::string::npos);
  lost.zone = "Europe/Berlin";
  CHECK(check({lost}, {a}, stored).ok());
}

TEST_CASE("quiet_hours_that_end_in_the_hour_the_clock_shows_twice_end_that_night") {
  Route route = route_of("all", {1});
  route.zone = "Europe/Berlin";
  route.quiet = Quiet{22 * 60, 2 * 60 + 30};
  const std::int64_t first = 1'792'888'200;  // 25 October 2026, 02:30 the first time, 00:30 UTC
  CHECK(route.quiet_until(Level::high, first - 1) == first);
  CHECK_FALSE(route.quiet_until(Level::high, first));
  CHECK(route.quiet_until(Level::high, first + 3'599) == first + 3'600);
  CHECK_FALSE(route.quiet_until(Level::high, first + 3'600));
}

TEST_CASE("after_a_snooze_what_nobody_has_acknowledged_goes_to_further_channels_again") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route route = route_of("all", {a});
  route.steps = {{30, {b}}};
  here.routes({route});
  here.tell(news_of(1));
  CHECK(hush(*here.store, 1, "snoozed by anna").value() == 1);
  here.now += 3600;
  CHECK(here.send(a) == Rows{"1"});
  News ended = news_of(1, Level::high, Kind::snooze_ended);
  ended.number = 2;
  ended.state = "acknowledged";
  here.tell(ended);
  CHECK(here.rows().back().starts_with("1 snooze_ended"));
  ended.number = 3;
  ended.state = "firing";
  here.tell(ended);
  CHECK(here.rows().back() == "2 escalated 1 escalation +1800 queued");
}

TEST_CASE("what_one_route_will_tell_further_channels_does_not_keep_another_from_it") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b"), c = here.chat("c");
  Route urgent = route_of("urgent", {a}, Level::critical), slow = route_of("slow", {a});
  urgent.steps = {{5, {b}}};
  slow.steps = {{240, {c}}};
  here.routes({urgent, slow});
  here.tell(news_of(1));
  News rose = news_of(1, Level::critical, Kind::level_rose);
  rose.number = 2;
  here.tell(rose);
  CHECK(here.rows() ==
        Rows{"1 opened 1 - +2 queued", "3 escalated 1 escalation +14400 queued", "2 escalated 1 escalation +300 queued"});
  rose.number = 3;
  here.tell(rose);
  CHECK(here.rows().size() == 3);
}

TEST_CASE("two_routes_that_call_one_channel_call_it_at_the_time_of_each") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route slow = route_of("slow", {a}), urgent = route_of("urgent", {a});
  slow.steps = {{240, {b}}};
  slow.go_on = true;
  urgent.steps = {{5, {b}}};
  here.routes({slow, urgent});
  here.tell(news_of(1));
  CHECK(here.rows() ==
        Rows{"1 opened 1 - +15 queued", "2 escalated 1 escalation +14400 queued", "2 escalated 1 escalation +300 queued"});
}

TEST_CASE("an_end_waits_for_the_digest_of_its_route") {
  Telling here;
  const std::int64_t a = here.chat("a");
  Route route = route_of("all", {a});
  route.digest = 8 * 60;
  here.routes({route});
  News condition = news_of(1);
  condition.condition = true;
  here.tell(condition);
  here.now = 1'774'252'800;  // 08:00 UTC
  CHECK(here.send(a) == Rows{"1"});
  condition.kind = Kind::resolved;
  here.tell(condition);
  CHECK(here.rows().back() == "1 resolved 1 digest +86400 queued");
}

TEST_CASE("what_failed_and_would_call_others_is_withdrawn_too_and_its_end_not_told_there") {
  Telling here;
  const std::int64_t a = here.chat("a"), b = here.chat("b");
  Route route = route_of("all", {a});
  route.steps = {{30, {b}}};
  here.routes({route});
  for (const std::int64_t alert : {1, 2}) {
    News condition = news_of(alert, Level::high, Kind::opened, "site" + std::to_string(alert));
    condition.condition = true;
    here.tell(condition);
    here.now += 1800;
    here.send(a);
    const auto batch = here.store->outbox().take(b, "", here.now, 10).value();
    REQUIRE(batch);
    REQUIRE(here.store->outbox().failed(batch->number, here.now + 600, "down").ok());
    if (alert == 1) CHECK(hush(*here.store, 1, "acknowledged by anna").value() == 1);
    condition.kind = Kind::resolved;
    CHECK(here.tell(condition) == 1);
    CHECK(here.rows().back().starts_with("1 resolved"));
    CHECK(here.rows().at(here.rows().size() - 2).ends_with("discarded"));
  }
}

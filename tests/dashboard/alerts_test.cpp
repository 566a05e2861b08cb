// The pages of alerts, asked as a browser asks them.
#include <regex>

#include "core/catalogue.hpp"
#include "dashboard/looking.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

struct Alerts : Looking {
  std::int64_t alert(const std::string& site, const std::string& title = "Failed logins", Level level = Level::high,
                     std::int64_t age = 60, alert::State state = alert::State::firing,
                     const std::string& rule = "SIGNAL_LOGIN_FAILURES") {
    alert::Alert one;
    one.key[0] = static_cast<std::uint8_t>(++keys_);
    one.key[1] = static_cast<std::uint8_t>(keys_ >> 8);
    one.rule = rule;
    one.title = title;
    one.level = level;
    one.site = site;
    one.state = state;
    one.group_label = "ip_8390373f";
    one.opened_at = one.first_time = one.last_time = one.last_hit_at = now - age;
    one.hits = 214;
    one.findings = 2;
    if (state == alert::State::resolved) one.resolved_at = now - age;
    const auto id = store->alerts().add(one);
    REQUIRE(id.ok());
    return id.value();
  }
  std::string path(std::int64_t id) const { return "/alerts/" + std::to_string(id); }
  alert::Alert stored(std::int64_t id) const { return *store->alerts().get(id).value(); }
  /// Where a form leads that was sent.
  std::string sent(const std::string& path, const std::string& fields) {
    const std::string answer = post(path, fields);
    INFO(answer.substr(0, 600));
    REQUIRE(has_status(answer, 303));
    const std::size_t at = answer.find("Location: ") + 10;
    return answer.substr(at, answer.find("\r\n", at) - at);
  }

 private:
  unsigned keys_ = 0;
};

}  // namespace

TEST_CASE("without_alerts_the_page_says_what_watches") {
  Alerts looking;
  CHECK(has(looking.page("/alerts"), "No open alerts"));
  CHECK(has(looking.page("/alerts"), "0 sites"));
  CHECK(has(looking.page("/alerts?severity=high"), "Nothing matches this filter"));
  CHECK(has(looking.page("/alerts?state=past"), "it wakes nobody"));
  CHECK(has(looking.page("/switches"), "Nothing is silenced"));
  CHECK(looking.file("/alerts.json") == "[\n]\n");
  CHECK(has_status(looking.get("/alerts?state=closed"), 400));
  CHECK(has_status(looking.get("/alerts/1"), 404));
  CHECK(has_status(looking.get("/alerts/x"), 404));
}

TEST_CASE("alerts_are_listed_by_tab_and_filter_a_page_at_a_time") {
  Alerts looking;
  const std::string shop = looking.site("shop"), blog = looking.site("blog");
  for (int i = 0; i < 60; ++i) looking.alert(shop, "Alert number " + std::to_string(i), Level::low, 100 + i);
  const std::int64_t worse = looking.alert(blog, "A critical one", Level::critical);
  looking.alert(blog, "An old one", Level::high, 5000, alert::State::resolved);
  const std::string first = looking.page("/alerts");
  CHECK(times_in(first, "class=\"row-link\"") == 50);
  CHECK(has(first, "A critical one"));
  CHECK(has(first, "1–50 of 61"));
  CHECK_FALSE(has(first, "An old one"));
  CHECK(has(looking.page("/alerts?state=resolved"), "An old one"));
  CHECK(times_in(looking.page("/alerts?severity=critical"), "class=\"row-link\"") == 1);
  CHECK(times_in(looking.page("/alerts?site=" + blog), "class=\"row-link\"") == 1);
  CHECK(times_in(looking.page("/alerts?q=number%2059"), "class=\"row-link\"") == 1);
  CHECK(times_in(looking.file("/alerts.csv"), "\r\n") == 62);
  CHECK(has(looking.file("/alerts.csv?severity=critical"), "A critical one"));
  CHECK(has(looking.page("/"), "A critical one"));
  CHECK(has(looking.page("/"), looking.path(worse)));
  CHECK(has(looking.page("/"), "1 high or critical"));
  std::smatch link;
  REQUIRE(std::regex_search(first, link, std::regex("href=\"([^\"]*)\" rel=\"next\"")));
  CHECK(times_in(looking.page(std::regex_replace(link[1].str(), std::regex("&amp;"), "&")), "class=\"row-link\"") == 11);
}

TEST_CASE("an_alerts_page_has_its_evidence_its_explanation_and_its_activity") {
  Alerts looking;
  const std::string shop = looking.site("shop");
  const std::int64_t id = looking.alert(shop);
  looking.find(60, "Failed password for user_1c0e44a2");
  REQUIRE(looking.store->alerts().attach(id, 1).ok());
  looking.send(shop, "auth.login_failed", R"({"username":"anna","ip":"203.0.113.9"})", 60);
  REQUIRE(looking.store->alerts().log({0, id, looking.now, "bob", "note", "", "", "seen before"}).ok());
  const std::string page = looking.page(looking.path(id));
  CHECK(has(page, "214 hits on shop, by ip_8390373f."));
  CHECK(has(page, "Failed password for user_1c0e44a2"));
  CHECK(has(page, "/findings/1"));
  CHECK(has(page, "Failed login <bdi class=\"mono muted\">auth.login_failed</bdi>"));
  CHECK_FALSE(has(page, "203.0.113.9"));  // nobody asked for personal data
  CHECK(has(page, "seen before"));
  CHECK(has(page, "What it means"));
  std::smatch events;
  REQUIRE(std::regex_search(page, events, std::regex("href=\"(/events\\?[^\"]*)\"")));
  const std::string there = looking.page(std::regex_replace(events[1].str(), std::regex("&amp;"), "&"));
  CHECK(times_in(there, "auth.login_failed</bdi>") == 1);
  CHECK(has(there, "name=\"until\""));  // the filter goes on with it
}

TEST_CASE("findings_of_an_alert_are_told_in_words_and_lead_to_their_pages") {
  Alerts looking;
  const std::string shop = looking.site("shop");
  const std::int64_t id = looking.alert(shop);
  store::Finding finding;
  finding.rule = "SIGNAL_LOGIN_FAILURES";
  finding.site = shop;
  finding.source = "shop";
  finding.group = "group";
  finding.group_label = "client_ip=ip_8390373f";
  finding.message = R"({"event_type":"auth.login_failed","labels":{"username":"user_1c0e44a2","scope":"<b>user</b>"}})";
  finding.hits = 1234;
  for (int i = 0; i < 25; ++i) {
    finding.time = looking.now - 100'000 * i;
    finding.first_time = finding.time - 600;
    finding.key = "key " + std::to_string(i);
    finding.key.resize(16);
    const auto recorded = looking.store->findings().record(finding, std::nullopt);
    REQUIRE(recorded.ok());
    REQUIRE(looking.store->alerts().attach(id, recorded->finding.id).ok());
  }
  const std::string page = looking.page(looking.path(id));
  CHECK(times_in(page, "class=\"row-link\"") == 20);
  CHECK(has(page, std::string(catalogue::find("auth.login_failed")->summary)));
  CHECK(has(page, "username=user_1c0e44a2, scope=&lt;b&gt;user&lt;/b&gt;"));
  CHECK(has(page, "client_ip=ip_8390373f"));
  CHECK(has(page, "1,234"));
  CHECK(has(page, "since <time"));
  CHECK(has(page, "all findings of the rule"));
  CHECK_FALSE(has(page, "event_type"));
  const std::string list = looking.page("/findings"), detail = looking.page("/findings/1");
  CHECK(has(list, "username=user_1c0e44a2, scope=&lt;b&gt;user&lt;/b&gt;"));
  CHECK_FALSE(has(list, "event_type"));
  CHECK(has(detail, "<bdi>user_1c0e44a2</bdi>"));
  CHECK_FALSE(has(detail, "event_type"));
  CHECK(has(looking.file("/findings.json"), "event_type"));
}

TEST_CASE("what_no_rule_has_found_is_explained_too") {
  Alerts looking;
  const std::string shop = looking.site("shop");
  const std::int64_t id =
      looking.alert(shop, "Far more signals than usual", Level::medium, 60, alert::State::firing, "ANOMALY_RATE");
  const std::string page = looking.page(looking.path(id));
  CHECK(has(page, "far more signals than its hours usually have"));
  CHECK(has(page, "What to do"));
  CHECK_FALSE(has(page, "/rules/ANOMALY_RATE"));  // there is no such page
  looking.find(60, "21 PHP errors since 2026-03-22T20:00:00Z, where 0 in an hour are usual", "ANOMALY_ERRORS", "shop");
  CHECK(has(looking.page("/findings/1"), "uncaught PHP errors"));
}

TEST_CASE("forms_of_an_alert_do_what_they_say_and_lead_back_to_it") {
  Alerts looking;
  const std::int64_t id = looking.alert(looking.site("shop"));
  const std::string path = looking.path(id);
  CHECK(looking.sent(path + "/acknowledge", "") == path + "?done=acknowledge");
  CHECK(looking.stored(id).state == alert::State::acknowledged);
  CHECK(has(looking.page(path + "?done=acknowledge"), "Acknowledged: nothing is repeated"));
  CHECK(looking.sent(path + "/snooze", "for=4h&hits=50&until_rise=1&reason=deploy") == path + "?done=snooze");
  CHECK(looking.stored(id).snooze.until == looking.now + 4 * 3600);
  CHECK(looking.stored(id).snooze.until_hits == 50);
  CHECK(looking.stored(id).snooze.until_level == Level::critical);
  CHECK(has(looking.page(path), "Snoozed by"));
  CHECK(has(looking.page("/alerts?state=snoozed"), "Failed logins"));
  CHECK(has(looking.page("/alerts"), "No open alerts"));
  CHECK(looking.sent(path + "/unsnooze", "") == path + "?done=unsnooze");
  CHECK(looking.sent(path + "/note", "note=%3Cb%3Eseen%3C/b%3E") == path + "?done=note");
  CHECK(has(looking.page(path), "&lt;b&gt;seen&lt;/b&gt;"));
  store::User user;
  user.name = "bob";
  user.password_hash = "x";
  REQUIRE(looking.store->accounts().add_user(user).value());
  CHECK(looking.sent(path + "/assign", "assignee=bob") == path + "?done=assign");
  CHECK(looking.stored(id).assignee == "bob");
  CHECK(has_status(looking.post(path + "/assign", "assignee=nobodyhere"), 400));
  CHECK(looking.sent(path + "/resolve", "") == path + "?done=resolve");
  // Two who press at once: the second is shown how it is.
  CHECK(looking.sent(path + "/snooze", "for=4h") == path + "?done=conflict");
  CHECK(looking.sent(path + "/acknowledge", "") == path + "?done=conflict");
  CHECK(looking.sent(path + "/reopen", "") == path + "?done=reopen");
  for (const std::string wrong : {"for=5h", "", "for=4h&hits=0", "for=4h&hits=x", "for=4h&hits=99999999999"}) {
    INFO(wrong);
    CHECK(has_status(looking.post(path + "/snooze", wrong), 400));
  }
  CHECK(has_status(looking.post(path + "/note", "note="), 400));
  CHECK(has_status(looking.post("/alerts/999/resolve", ""), 404));
  CHECK(has_status(looking.post(path + "/resolve", "", false), 403));
  CHECK(looking.stored(id).open());
  CHECK(looking.noted.size() == 7);
}

TEST_CASE("what_cannot_be_noted_in_the_audit_is_not_done") {
  Alerts looking;
  const std::int64_t id = looking.alert("");
  looking.notes_fail = true;
  CHECK(has_status(looking.post(looking.path(id) + "/resolve", ""), 503));
  CHECK(looking.stored(id).open());
}

TEST_CASE("ticked_alerts_are_acted_on_together") {
  Alerts looking;
  std::string fields = "do=resolve&for=4h";
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 50; ++i) {
    ids.push_back(looking.alert(""));
    fields += "&alert-" + std::to_string(ids.back()) + "=1";
  }
  CHECK(looking.sent("/alerts/bulk", fields) == "/alerts?done=resolve");
  for (const std::int64_t id : ids) CHECK_FALSE(looking.stored(id).open());
  CHECK(looking.sent("/alerts/bulk", "do=snooze&for=4h&state=all&alert-" + std::to_string(ids[0]) + "=1") ==
        "/alerts?state=all&done=some");
  CHECK(has(looking.page("/alerts?done=some"), "somebody else"));
  CHECK(has_status(looking.post("/alerts/bulk", "do=delete"), 400));
}

TEST_CASE("rules_are_silenced_and_that_is_taken_back") {
  Alerts looking;
  const std::string shop = looking.site("shop");
  const std::int64_t id = looking.alert(shop);
  CHECK(has(looking.page("/switches/new?rule=R&site=" + shop), "Silence a rule?"));
  CHECK(has_status(looking.get("/switches/new"), 400));
  const std::string rule = "rule=SIGNAL_LOGIN_FAILURES&site=" + shop;
  CHECK(looking.sent("/switches", rule + "&do=snoozed&hours=4&reason=deploy") == "/switches?done=set");
  CHECK(looking.stored(id).snooze.of_rule);
  CHECK(has(looking.page("/switches"), "deploy"));
  CHECK(looking.sent("/switches/end", rule) == "/switches?done=ended");
  CHECK_FALSE(looking.stored(id).snooze);
  CHECK(looking.sent("/switches", rule + "&do=muted&reason=loud") == "/switches?done=set");
  looking.now += 31 * 24 * 3600;
  CHECK(has(looking.page("/switches"), "is it still meant?"));
  for (const std::string wrong : {"&do=muted", "&do=snoozed&hours=0", "&do=snoozed&hours=2161", "&do=quiet"}) {
    INFO(wrong);
    CHECK(has_status(looking.post("/switches", rule + wrong), 400));
  }
  CHECK(has_status(looking.post("/switches", "rule=R&site=ent_none&do=muted&reason=x"), 404));
  looking.who.role = web::Role::analyst;
  CHECK(has(looking.post("/switches", rule + "&do=snoozed&hours=1"), "An administrator has switched this rule there"));
  CHECK(has(looking.page("/switches"), "Muted"));
  CHECK(has_status(looking.post("/switches", rule + "&do=disabled&reason=x"), 403));
  CHECK(has_status(looking.post("/switches/end", rule), 403));
  CHECK_FALSE(has(looking.page("/switches"), "Take back"));
}

TEST_CASE("a_viewer_sees_alerts_and_no_button") {
  Alerts looking;
  const std::int64_t id = looking.alert("");
  looking.who.role = web::Role::viewer;
  CHECK_FALSE(has(looking.page(looking.path(id)), "What to do with it"));
  CHECK_FALSE(has(looking.page("/alerts"), "type=\"checkbox\""));
  CHECK(has_status(looking.post(looking.path(id) + "/resolve", ""), 403));
}

TEST_CASE("what_strangers_wrote_is_text_on_pages_of_alerts") {
  Alerts looking;
  const std::string shop = looking.site("shop");
  for (const std::string& text : kStrange) {
    const std::int64_t id = looking.alert(shop, text);
    alert::Alert one = looking.stored(id);
    one.group_label = text.substr(0, 200);
    one.assignee = text.substr(0, 200);
    one.snooze = {.until = looking.now + 5, .at = looking.now, .by = text.substr(0, 200), .reason = text.substr(0, 900)};
    REQUIRE(looking.store->alerts().update(one).ok());
    REQUIRE(looking.store->alerts().log({0, id, looking.now, text, "note", text, text, text}).ok());
    REQUIRE(looking.store->alerts().put_switch({text.substr(0, 200), "", alert::Switch::muted, 0, text, text, 1}).ok());
  }
  std::string all =
      looking.page("/alerts?state=all") + looking.page("/switches") + looking.page("/") + looking.file("/alerts.csv");
  for (std::size_t id = 1; id <= kStrange.size(); ++id) all += looking.page("/alerts/" + std::to_string(id));
  for (const std::string part : {"<script>alert", "<img src=x", "' onmouseover=", "<svg/onload", "\x1b", "\xe2\x80\xae",
                                 "\xe2\x80\xa8", "\xc2\x85"}) {
    INFO(part);
    CHECK_FALSE(has(all, part));
  }
}

// The audit, over every route that changes something: made of the application's own list, so that a route nobody has thought of here is
// found. What each changes it notes, with who did it; and so does whatever shows personal data as it is.
#include <functional>
#include <map>
#include <regex>
#include <set>

#include "access/totp.hpp"
#include "alert/link.hpp"
#include "catch.hpp"
#include "notify/channel.hpp"
#include "notify/plan.hpp"
#include "web/form.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

const std::string kPassword = "correct horse battery staple";
const std::string kEvent = "00000000-0000-4000-8000-000000000001";
const std::string kAddress = "203.0.113.9";
constexpr std::string_view kSlack = "https://hooks.example.org/very-secret-1234";

/// Routes that are no change somebody makes, each with its reason.
const std::map<std::string, std::string>& not_noted() {
  static const std::map<std::string, std::string> routes{
      {"POST /theme", "how one's own pages look: a cookie, and with the account"},
      {"POST /login/code", "session.begin, as after the password: login_test.cpp"},
      {"POST /setup", "user.add and session.begin, once on a server without users: login_test.cpp"},
      {"POST /oauth/authorize", "a code that makes nothing until it is redeemed"},
      {"POST /oauth/token", "entity.add, of a code: connect_test.cpp"},
      {"POST /account/second-factor/begin", "nothing is stored before a code was right"},
      {"POST /v1/ingest", "a site's events"},
      {"POST /v1/ping", "looks whether the secret is right"},
      {"POST /v1/disconnect", "of a site, signed: site_requests_test.cpp"},
      {"POST /v1/support", "of a site, signed: site_requests_test.cpp"},
      {"POST /upload", "looked at and not kept"},
      {"PUT /upload/scan", "looked at and not kept"},
      {"POST /api/v1/uploads", "looked at and not kept"},
      {"POST /rules/check", "looked at and not kept"},
      {"POST /rules/{id}/try", "looked at and not kept"},
      {"POST /events/{event_id}/try", "looked at and not kept"},
      {"POST /api/v1/rules/validate", "looked at and not kept"},
      {"POST /api/v1/rules/{id}/try", "looked at and not kept"}};
  return routes;
}

Whole::Rules built_in_rules() {
  analysis::ProgramNotes remarks;
  analysis::ProgramOptions options;
  options.rule_cache = false;
  options.salt = "a salt of sixteen bytes";
  return analysis::Program::make(options, remarks);
}

struct Audited : Whole {
  struct Said {
    int status = 0;
    std::string head, body;
  };

  std::string site, cookie, csrf;
  std::int64_t alert = 0, finding = 0;
  std::uint8_t alerts = 0;

  Audited() : Whole({false, {}, {}, {}}, built_in_rules()) {
    site = entities->add("shop", now).value().token;
    const std::string line = R"({"event_type":"auth.login_failed","created_at":)" + std::to_string(now) +
                             R"(,"timestamp":)" + std::to_string(now) + R"(,"event_id":")" + kEvent +
                             R"(","labels":{"username":"bert","ip":")" + kAddress + R"("}})";
    store::Batch batch;
    batch.entity = site;
    batch.id = "batch";
    batch.received_at = now;
    batch.events = {{line, "auth.login_failed", store::event_id_of(kEvent), now}};
    REQUIRE(store->events().append(batch).value().accepted == 1);
    store::Finding found;
    found.rule = "SSH_BRUTE_FORCE";
    found.title = found.message = found.source = "sshd";
    found.level = Level::high;
    found.time = now - 60;
    REQUIRE(store->findings().add(found).value());
    finding = store->findings().page({}, {.limit = 1}).value().rows.at(0).id;
    store::ErrorOccurrence error;
    error.fingerprint = "f1";
    error.message = "it broke";
    error.time = now - 60;
    REQUIRE(store->errors().add({error}).ok());
    alert = new_alert();
    REQUIRE(access::Users(*store).add({"adam", kPassword, Role::admin}, now, access::unnoted()).ok());
    sign_in();
  }

  std::int64_t new_alert(alert::State state = alert::State::firing) {
    alert::Alert one;
    one.key[0] = ++alerts;
    one.rule = "SSH_BRUTE_FORCE";
    one.title = "Failed logins";
    one.site = site;
    one.level = Level::high;
    one.state = state;
    one.opened_at = one.first_time = one.last_time = one.last_hit_at = now;
    if (state == alert::State::resolved) one.resolved_at = now;
    return store->alerts().add(one).value();
  }
  Said say(const std::string& method, const std::string& path, const std::string& body = "", const std::string& type = "",
           const std::string& headers = "") const {
    SocketClient client(server->urls().front());
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + cookie + headers;
    if (!type.empty()) request += "Content-Type: " + type + "\r\n";
    if (method != "GET") request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(request + "\r\n" + body);
    const std::string answer = client.receive_all();
    const std::size_t end = answer.find("\r\n\r\n");
    REQUIRE(end != answer.npos);
    return {std::stoi(answer.substr(9, 3)), answer.substr(0, end), answer.substr(end + 4)};
  }
  static std::string found_in(const std::string& text, const std::string& pattern) {
    std::smatch found;
    return std::regex_search(text, found, std::regex(pattern)) ? found[1].str() : std::string();
  }
  Said form(const std::string& path, const std::string& fields = "") const {
    return say("POST", path, "csrf=" + web::percent_encoded(csrf) + (fields.empty() ? "" : "&" + fields),
               "application/x-www-form-urlencoded");
  }
  Said api(const std::string& method, const std::string& path, const std::string& body = "") const {
    return say(method, "/api/v1" + path, body, body.empty() ? "" : "application/json", "X-CSRF-Token: " + csrf + "\r\n");
  }
  Said sign_in() {
    cookie.clear();
    const Said page = say("GET", "/login");
    cookie = "Cookie: " + found_in(page.head, "Set-Cookie: ([^;]+)") + "\r\n";
    const std::string token = found_in(page.body, "name=\"csrf\" value=\"([^\"]+)\"");
    const Said in = say("POST", "/login",
                        "csrf=" + web::percent_encoded(token) + "&name=adam&password=" + web::percent_encoded(kPassword),
                        "application/x-www-form-urlencoded");
    cookie = "Cookie: logystera_session=" + found_in(in.head, "logystera_session=([^;]+)") + "\r\n";
    const std::string account = say("GET", "/account").body;
    const std::regex field("name=\"csrf\" value=\"([^\"]+)\"");
    for (std::sregex_iterator at(account.begin(), account.end(), field), end; at != end; ++at) csrf = (*at)[1].str();
    return in;
  }
  std::vector<store::AuditRow> rows() const { return store->audit().list({.limit = 1000}).value(); }
  std::int64_t own_token() const {
    return store->accounts().tokens(store->accounts().find_user("adam").value()->id)->front().id;
  }
};

/// What each route is asked with so that it does what it is for; in this order, on one server.
using Ask = std::function<Audited::Said(Audited&)>;
std::vector<std::pair<std::string, Ask>> asked() {
  using A = Audited;
  std::vector<std::pair<std::string, Ask>> all;
  const auto add = [&all](const std::string& route, Ask ask) { all.emplace_back(route, std::move(ask)); };
  const auto number = [](std::int64_t id) { return std::to_string(id); };
  // Alerts, on their pages and in the API.
  const std::vector<std::pair<std::string, std::string>> steps{{"acknowledge", ""},   {"snooze", "for=4h&reason=deploy"},
                                                               {"unsnooze", ""},      {"assign", "assignee=adam"},
                                                               {"note", "note=seen"}, {"resolve", ""},
                                                               {"reopen", ""}};
  for (const auto& [verb, fields] : steps)
    add("POST /alerts/{id}/" + verb,
        [verb = verb, fields = fields, number](A& a) { return a.form("/alerts/" + number(a.alert) + "/" + verb, fields); });
  add("POST /alerts/bulk",
      [number](A& a) { return a.form("/alerts/bulk", "do=acknowledge&alert-" + number(a.new_alert()) + "=on"); });
  const auto of_alert = [&](const std::string& method, const std::string& rest, const std::string& body) {
    add(method + " /api/v1/alerts/{id}/" + rest,
        [=](A& a) { return a.api(method, "/alerts/" + number(a.alert) + "/" + rest, body); });
  };
  add("POST /api/v1/alerts/{id}/acknowledge", [number](A& a) {
    a.alert = a.new_alert();
    return a.api("POST", "/alerts/" + number(a.alert) + "/acknowledge", "{}");
  });
  of_alert("POST", "snooze", R"({"for":"4h","reason":"deploy"})");
  of_alert("DELETE", "snooze", "");
  of_alert("PUT", "assignee", R"({"assignee":"adam"})");
  of_alert("POST", "notes", R"({"note":"seen"})");
  of_alert("POST", "resolve", "{}");
  of_alert("POST", "reopen", "{}");
  add("POST /api/v1/alerts/bulk", [number](A& a) {
    return a.api("POST", "/alerts/bulk", R"({"ids":[)" + number(a.new_alert()) + R"(],"action":"acknowledge"})");
  });
  // Rules and findings.
  add("POST /switches", [](A& a) { return a.form("/switches", "rule=SSH_BRUTE_FORCE&do=muted&reason=noise"); });
  add("POST /switches/end", [](A& a) { return a.form("/switches/end", "rule=SSH_BRUTE_FORCE&site="); });
  add("PUT /api/v1/rules/{id}/switches/{site}",
      [](A& a) { return a.api("PUT", "/rules/SSH_BRUTE_FORCE/switches/*", R"({"state":"muted","reason":"noise"})"); });
  add("DELETE /api/v1/rules/{id}/switches/{site}",
      [](A& a) { return a.api("DELETE", "/rules/SSH_BRUTE_FORCE/switches/*"); });
  add("POST /dismissals", [](A& a) { return a.form("/dismissals", "rule=R1&source=s&reason=known"); });
  add("POST /dismissals/undo", [](A& a) { return a.form("/dismissals/undo", "rule=R1&source=s"); });
  add("POST /api/v1/dismissals", [](A& a) { return a.api("POST", "/dismissals", R"({"rule_id":"R2","reason":"known"})"); });
  add("DELETE /api/v1/dismissals", [](A& a) { return a.api("DELETE", "/dismissals?rule_id=R2"); });
  add("POST /api/v1/events", [](A& a) {
    return a.api(
        "POST", "/events?store=true",
        R"([{"raw":"203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"GET /.env HTTP/1.1\" 200 5 \"-\" \"sqlmap/1.7\"",)"
        R"("source":"w"}])");
  });
  add("POST /findings/{id}/explain", [number](A& a) { return a.form("/findings/" + number(a.finding) + "/explain"); });
  add("POST /errors/{fingerprint}/explain", [](A& a) { return a.form("/errors/f1/explain"); });
  add("POST /alerts/{id}/explain", [number](A& a) { return a.form("/alerts/" + number(a.new_alert()) + "/explain"); });
  // Sites and the fleet.
  add("POST /sites/{token}/rename", [](A& a) { return a.form("/sites/" + a.site + "/rename", "name=shop+2"); });
  add("POST /sites/{token}/rotate", [](A& a) { return a.form("/sites/" + a.site + "/rotate"); });
  add("POST /sites/{token}/disable", [](A& a) { return a.form("/sites/" + a.site + "/disable"); });
  add("POST /sites/{token}/enable", [](A& a) { return a.form("/sites/" + a.site + "/enable"); });
  add("PATCH /api/v1/sites/{token}", [](A& a) { return a.api("PATCH", "/sites/" + a.site, R"({"name":"shop 3"})"); });
  add("POST /api/v1/sites/{token}/rotate", [](A& a) { return a.api("POST", "/sites/" + a.site + "/rotate"); });
  add("POST /api/v1/sites/{token}/disable", [](A& a) { return a.api("POST", "/sites/" + a.site + "/disable"); });
  add("POST /fleet", [](A& a) { return a.form("/fleet", "type=journald&name=here"); });
  // Channels, what waits for them, and routes.
  add("POST /settings/channels", [](A& a) {
    return a.form("/settings/channels", "kind=slack&name=ops&links=yes&url=" + web::percent_encoded(kSlack));
  });
  add("POST /settings/channels/{id}", [](A& a) { return a.form("/settings/channels/1", "name=ops&links=yes"); });
  add("POST /settings/channels/{id}/test", [](A& a) { return a.form("/settings/channels/1/test"); });
  add("POST /settings/channels/{id}/confirm", [](A& a) {
    REQUIRE(a.store->channels().note_test(1, a.now).ok());
    return a.form("/settings/channels/1/confirm", "arrived=yes");
  });
  add("POST /settings/channels/{id}/switch", [](A& a) { return a.form("/settings/channels/1/switch", "on=no"); });
  const auto dead_message = [](A& a, std::int64_t of) {
    notify::News news;
    news.alert = of;
    news.title = "a title";
    news.level = Level::high;
    REQUIRE(a.form("/settings/channels/1/switch", "on=yes").status < 400);
    REQUIRE(notify::tell(*a.store, news, a.now).value() == 1);
    const std::int64_t id = a.store->outbox().of_alert(of).value()[0].id;
    REQUIRE(a.store->outbox().bury_older(1, a.now + 100'000, "a day is over").value() >= 1);
    return id;
  };
  add("POST /settings/outbox/{id}/retry",
      [=](A& a) { return a.form("/settings/outbox/" + number(dead_message(a, 71)) + "/retry", "channel=1"); });
  add("POST /settings/outbox/{id}/discard",
      [=](A& a) { return a.form("/settings/outbox/" + number(dead_message(a, 72)) + "/discard", "channel=1"); });
  add("POST /api/v1/outbox/{id}/retry",
      [=](A& a) { return a.api("POST", "/outbox/" + number(dead_message(a, 73)) + "/retry"); });
  add("POST /api/v1/outbox/{id}/discard",
      [=](A& a) { return a.api("POST", "/outbox/" + number(dead_message(a, 74)) + "/discard"); });
  add("POST /settings/routes",
      [](A& a) { return a.form("/settings/routes", "was=&name=nights&min_severity=medium&channels=ops"); });
  add("POST /settings/routes/{name}/move", [](A& a) { return a.form("/settings/routes/nights/move"); });
  add("POST /settings/routes/{name}/remove", [](A& a) { return a.form("/settings/routes/nights/remove"); });
  add("PUT /api/v1/routes", [](A& a) { return a.api("PUT", "/routes", R"({"routes":[]})"); });
  add("POST /a/{id}/snooze", [](A& a) {
    const HmacKey key(a.entities->vault().derived("alerts/links/v1"));
    const std::string link = alert::SnoozeLink{a.new_alert(), "4h", 1, a.now + 3600}.text(key);
    return a.say("POST", link.substr(0, link.find('?')), link.substr(link.find('?') + 1),
                 "application/x-www-form-urlencoded");
  });
  add("POST /settings/channels/{id}/remove", [](A& a) { return a.form("/settings/channels/1/remove", "sure=yes"); });
  add("POST /api/v1/channels", [](A& a) {
    return a.api("POST", "/channels", R"({"name":"ops 2","kind":"slack","url":")" + std::string(kSlack) + R"("})");
  });
  const auto second = [](A& a) { return "/channels/" + std::to_string(a.store->channels().list()->front().id); };
  add("PUT /api/v1/channels/{id}", [=](A& a) { return a.api("PUT", second(a), R"({"name":"ops 3","enabled":true})"); });
  add("POST /api/v1/channels/{id}/test", [=](A& a) { return a.api("POST", second(a) + "/test"); });
  add("POST /api/v1/channels/{id}/confirm", [=](A& a) {
    REQUIRE(a.store->channels().note_test(a.store->channels().list()->front().id, a.now).ok());
    return a.api("POST", second(a) + "/confirm", R"({"arrived":true})");
  });
  add("DELETE /api/v1/channels/{id}", [=](A& a) { return a.api("DELETE", second(a)); });
  // People.
  const std::string twice = "password=" + web::percent_encoded(kPassword) + "&again=" + web::percent_encoded(kPassword);
  add("POST /settings/users", [=](A& a) { return a.form("/settings/users", "name=vera&role=viewer&" + twice); });
  add("POST /settings/users/{name}", [](A& a) { return a.form("/settings/users/vera", "role=analyst"); });
  add("POST /settings/users/{name}/password", [=](A& a) { return a.form("/settings/users/vera/password", twice); });
  add("POST /settings/users/{name}/second-factor-off",
      [](A& a) { return a.form("/settings/users/vera/second-factor-off"); });
  add("POST /settings/users/{name}/remove", [](A& a) { return a.form("/settings/users/vera/remove", "sure=yes"); });
  add("POST /settings/tokens", [](A& a) { return a.form("/settings/tokens", "name=ci&role=viewer&days=30"); });
  add("POST /settings/tokens/revoke", [number](A& a) {
    return a.form("/settings/tokens/revoke", "id=" + number(a.store->accounts().tokens(0)->front().id));
  });
  add("POST /settings/retention",
      [](A& a) { return a.form("/settings/retention", "events_days=30&bulk_events_days=7&findings_days=30&most_mib=0"); });
  add("POST /account/zone", [](A& a) { return a.form("/account/zone", "zone=Europe%2FZurich"); });
  add("POST /account/tokens", [](A& a) { return a.form("/account/tokens", "name=mine&role=viewer&days=30"); });
  add("POST /account/tokens/revoke",
      [number](A& a) { return a.form("/account/tokens/revoke", "id=" + number(a.own_token())); });
  const auto bytes_of_key = [](const std::string& key) {
    std::string bytes;
    unsigned held = 0, bits = 0;
    for (const char c : key) {
      held = held << 5 | static_cast<unsigned>(std::string("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").find(c));
      for (bits += 5; bits >= 8; bits -= 8) bytes += static_cast<char>(held >> (bits - 8) & 255);
    }
    return bytes;
  };
  const auto secret = std::make_shared<std::string>();
  add("POST /account/second-factor/on", [=](A& a) {
    const std::string page = a.form("/account/second-factor/begin").body;
    *secret = bytes_of_key(A::found_in(page, "Key</dt><dd class=\"mono\">([A-Z2-7]+)"));
    const std::string sealed = A::found_in(page, "name=\"sealed\" value=\"([^\"]+)\"");
    return a.form("/account/second-factor/on", "sealed=" + web::percent_encoded(sealed) +
                                                   "&code=" + access::totp_code(*secret, a.now / access::kTotpStepSeconds));
  });
  add("POST /account/second-factor/off", [=](A& a) {
    a.now += access::kTotpStepSeconds;
    return a.form("/account/second-factor/off", "current=" + web::percent_encoded(kPassword) + "&code=" +
                                                    access::totp_code(*secret, a.now / access::kTotpStepSeconds));
  });
  add("POST /account/sessions/end", [number](A& a) {
    const std::int64_t adam = a.store->accounts().find_user("adam").value()->id;
    const std::int64_t mine = a.store->accounts().sessions_of(adam)->front().id;
    REQUIRE(web::Sessions(a.store->accounts()).sign_in(adam, a.now).ok());
    for (const store::Session& one : a.store->accounts().sessions_of(adam).value())
      if (one.id != mine) return a.form("/account/sessions/end", "id=" + number(one.id));
    return A::Said{};
  });
  add("POST /account/password",
      [=](A& a) { return a.form("/account/password", "current=" + web::percent_encoded(kPassword) + "&" + twice); });
  add("POST /login", [](A& a) { return a.sign_in(); });
  add("POST /logout", [](A& a) {
    const std::string token = A::found_in(a.say("GET", "/account").body, "name=\"csrf\" value=\"([^\"]+)\"");
    return a.say("POST", "/logout", "csrf=" + web::percent_encoded(token), "application/x-www-form-urlencoded");
  });
  return all;
}

}  // namespace

TEST_CASE("whatever_changes_something_is_in_the_audit_with_who_did_it") {
  Audited audited;
  std::set<std::string> done;
  for (const auto& [route, ask] : asked()) {
    INFO(route);
    if (audited.csrf.empty()) audited.sign_in();
    const std::size_t before = audited.rows().size();
    const Audited::Said said = ask(audited);
    INFO(said.head << "\n" << said.body.substr(0, 3000));
    const bool explains = route.ends_with("/explain");  // noted before the model is asked, which is not there
    CHECK((explains || (said.status >= 200 && said.status < 400)));
    CHECK(said.head.find("done=conflict") == std::string::npos);
    const auto rows = audited.rows();
    REQUIRE(rows.size() > before);
    CHECK(rows[0].action.find('.') != std::string::npos);
    CHECK(rows[0].address == "127.0.0.1");
    CHECK(rows[0].actor == (route == "POST /a/{id}/snooze" ? "link:ops" : "adam"));
    CHECK(rows[0].at == audited.now);
    for (const store::AuditRow& row : rows)
      for (const std::string& text : {row.object, row.before, row.after})
        for (const std::string& secret : {kPassword, std::string("very-secret-1234")})
          CHECK(text.find(secret) == std::string::npos);
    done.insert(route);
    if (route == "POST /account/password") audited.csrf.clear();
  }
  for (const server::Route& route : audited.routes) {
    const std::string name = route.method + " " + route.path;
    INFO(name);
    if (route.method != "GET") CHECK(done.count(name) + not_noted().count(name) == 1);
  }
}

TEST_CASE("what_is_refused_is_in_no_audit_as_if_it_were_done") {
  Audited audited;
  const std::size_t before = audited.rows().size();
  CHECK(audited.form("/sites/" + audited.site + "/rename", "name=").status >= 400);
  CHECK(audited.form("/sites/ent_nobodys/rotate").status >= 400);
  CHECK(audited.api("PATCH", "/sites/" + audited.site, R"({"name":""})").status >= 400);
  CHECK(audited.form("/dismissals/undo", "rule=").status >= 400);
  CHECK(audited.form("/settings/users/nobody/remove", "sure=yes").status >= 400);
  CHECK(audited.rows().size() == before);
}

TEST_CASE("whoever_sees_personal_data_as_it_is_is_in_the_audit_and_nobody_sees_it_otherwise") {
  Audited audited;
  const std::set<std::string> shows{"/events?personal=1", "/events.csv?personal=1", "/events.json?personal=1",
                                    "/api/v1/signals?personal=true", "/api/v1/signals/" + kEvent + "?personal=true"};
  for (const std::string& path : shows) {
    INFO(path);
    const std::size_t before = audited.rows().size();
    const Audited::Said said = audited.say("GET", path);
    INFO(said.head << said.body.substr(0, 2000));
    CHECK(said.status == 200);
    CHECK(said.body.find(kAddress) != std::string::npos);
    REQUIRE(audited.rows().size() == before + 1);
    CHECK(audited.rows()[0].action == "personal_data.show");
    CHECK(audited.rows()[0].actor == "adam");
  }
  // Every other page and object there is, for whoever may see most: without it.
  const std::size_t before = audited.rows().size();
  std::size_t looked_at = 0;
  for (const server::Route& route : audited.routes) {
    if (route.method != "GET" || route.path == "/live" || route.path == "/api/v1/stream") continue;
    std::string path = route.path;
    for (const auto& [name, value] : std::map<std::string, std::string>{{"{token}", audited.site},
                                                                        {"{event_id}", kEvent},
                                                                        {"{fingerprint}", "f1"},
                                                                        {"{name}", "adam"},
                                                                        {"{site}", audited.site}})
      if (const std::size_t at = path.find(name); at != path.npos) path.replace(at, name.size(), value);
    path = std::regex_replace(path, std::regex("\\{[^}]*\\}"), "1");
    INFO(path);
    CHECK(audited.say("GET", path).body.find(kAddress) == std::string::npos);
    ++looked_at;
  }
  CHECK(looked_at > 40);
  CHECK(audited.rows().size() == before);
}

// Alerts and the switches of rules, as the contract has them.
#include "asking.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

struct Alerts : Asking {
  const std::string shop = site("shop"), blog = site("blog");

  std::int64_t alert(const std::string& of, const std::string& rule = "RULE", Level level = Level::high,
                     std::int64_t age = 60, alert::State state = alert::State::firing) {
    alert::Alert one;
    one.key[0] = ++keys_;
    one.rule = rule;
    one.title = "Title of " + rule;
    one.level = level;
    one.site = of;
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
  Said post(std::int64_t id, const std::string& verb, const std::string& body, const std::string& who = "analyst",
            const std::string& headers = "") {
    return ask("POST", path(id) + "/" + verb, who, body, headers);
  }
  static std::string path(std::int64_t id) { return "/api/v1/alerts/" + std::to_string(id); }

 private:
  std::uint8_t keys_ = 0;
};

}  // namespace

TEST_CASE("alerts_are_listed_by_state_level_site_rule_assignee_text_and_time") {
  Alerts api;
  const std::int64_t open = api.alert(api.shop), old = api.alert(api.blog, "OTHER", Level::low, 7200);
  const std::int64_t over = api.alert(api.shop, "RULE", Level::critical, 30, alert::State::resolved);
  const auto ids = [&](const std::string& query, const std::string& who = "viewer") {
    const Said said = api.get("/api/v1/alerts" + query, who);
    INFO(query << said.body);
    REQUIRE(said.status == 200);
    std::vector<std::int64_t> found;
    const auto list = said.json();
    for (const auto& one : list.GetArray()) found.push_back(one["id"].GetInt64());
    CHECK(said.header("Logystera-Total") == std::to_string(found.size()));
    return found;
  };
  using Ids = std::vector<std::int64_t>;
  CHECK(ids("") == Ids{over, open, old});
  CHECK(ids("?state=open") == Ids{open, old});
  CHECK(ids("?state=resolved") == Ids{over});
  CHECK(ids("?state=active&severity=high") == Ids{open});
  CHECK(ids("?site=" + api.blog) == Ids{old});
  CHECK(ids("?rule=OTHER") == Ids{old});
  CHECK(ids("?since_hours=1") == Ids{over, open});
  CHECK(api.get("/api/v1/alerts?q=title%20of%20other").at("/0/id") == std::to_string(old));
  CHECK(ids("?assignee=nobody&state=open") == Ids{open, old});
  CHECK(ids("?state=snoozed").empty());
  CHECK(ids("?state=open", "viewer " + api.blog) == Ids{old});
  CHECK(ids("", "viewer ent_none").empty());
  for (const std::string wrong : {"?state=closed", "?severity=worst", "?min=1", "?limit=0", "?cursor=x", "?assignee=me"}) {
    INFO(wrong);
    CHECK(api.get("/api/v1/alerts" + wrong).status == 400);
  }
  const Said first = api.get("/api/v1/alerts?limit=1&state=all");
  CHECK(first.at("") == "[1]");
  CHECK(first.header("Link").find("state=all") != std::string::npos);
  const std::string link = first.header("Link");
  CHECK(api.get(link.substr(1, link.find('>') - 1)).at("/0/id") == std::to_string(open));
}

TEST_CASE("an_alert_is_acknowledged_snoozed_assigned_noted_resolved_and_reopened") {
  Alerts api;
  const std::int64_t id = api.alert(api.shop);
  const Said one = api.get(api.path(id));
  CHECK(one.at("/title") == "Title of RULE");
  CHECK(one.at("/group") == "ip_8390373f");
  CHECK(one.at("/site") == api.shop);
  CHECK(one.at("/snooze") == "null");
  CHECK(one.at("/first_timestamp") == "2026-03-22T20:33:39Z");

  CHECK(api.post(id, "acknowledge", "{}", "viewer").status == 403);
  const Said taken = api.post(id, "acknowledge", R"({"note":"on it"})");
  CHECK(taken.status == 200);
  CHECK(taken.at("/state") == "acknowledged");
  CHECK(taken.header("ETag") == api.get(api.path(id)).header("ETag"));

  const Said snoozed =
      api.post(id, "snooze", R"({"for":"4h","until_hits":50,"until_severity":"critical","reason":"deploy"})");
  CHECK(snoozed.at("/snooze/until") == "2026-03-23T00:34:39Z");
  CHECK(snoozed.at("/snooze/reason") == "deploy");
  CHECK(snoozed.at("/snooze/until_hits") == "50");
  CHECK(snoozed.at("/snooze/until_severity") == "critical");
  CHECK(api.get("/api/v1/alerts?state=snoozed").at("/0/id") == std::to_string(id));
  CHECK(api.post(id, "snooze", R"({"until":"2026-03-24T00:00:00Z"})").at("/snooze/until") == "2026-03-24T00:00:00Z");
  CHECK(api.ask("DELETE", api.path(id) + "/snooze", "analyst").at("/snooze") == "null");
  for (const std::string wrong :
       {"{}", R"({"for":"4h","until":"2026-03-24T00:00:00Z"})", R"({"for":"4"})", R"({"for":"0h"})", R"({"for":"91d"})",
        R"({"for":"-4h"})", R"({"for":"99999999d"})", R"({"until":"yesterday"})", R"({"until":"2020-01-01T00:00:00Z"})",
        R"({"until":"2036-01-01T00:00:00Z"})", R"({"for":"4h","until_hits":0})", R"({"for":"4h","until_hits":"1"})",
        R"({"for":"4h","until_severity":"high"})", R"({"for":"4h","until_severity":"x"})", R"({"for":4})",
        R"({"hours":"4h"})", "[]", "{"}) {
    INFO(wrong);
    CHECK(api.post(id, "snooze", wrong).status == 400);
  }
  CHECK(api.post(id, "snooze", R"({"for":"90d"})").status == 200);

  store::User user;
  user.name = "anna";
  user.password_hash = "x";
  REQUIRE(api.store->accounts().add_user(user).value());
  CHECK(api.ask("PUT", api.path(id) + "/assignee", "analyst", R"({"assignee":"anna"})").at("/assignee") == "anna");
  CHECK(api.get("/api/v1/alerts?assignee=anna").at("") == "[1]");
  CHECK(api.ask("PUT", api.path(id) + "/assignee", "analyst", R"({"assignee":"nobody here"})").status == 422);
  CHECK(api.ask("PUT", api.path(id) + "/assignee", "analyst", "{}").at("/assignee") == "null");

  const Said noted = api.post(id, "notes", R"({"note":"<b>seen</b> before"})", "analyst", "Idempotency-Key: \"one\"\r\n");
  CHECK(noted.status == 201);
  CHECK(api.post(id, "notes", R"({"note":"<b>seen</b> before"})", "analyst", "Idempotency-Key: \"one\"\r\n").status == 201);
  CHECK(api.post(id, "notes", R"({"note":""})").status == 400);
  CHECK(api.post(id, "notes", "{\"note\":\"" + std::string(1001, 'x') + "\"}").status == 400);

  CHECK(api.post(id, "resolve", "{}").at("/state") == "resolved");
  CHECK(api.get(api.path(id)).at("/resolved_by") == "analyst");
  CHECK(api.post(id, "snooze", R"({"for":"4h"})").at("/code") == "alert_state");
  CHECK(api.post(id, "acknowledge", "{}").status == 409);
  CHECK(api.post(id, "reopen", "{}").at("/state") == "firing");

  const Said activity = api.get(api.path(id) + "/activity?limit=2");
  CHECK(activity.at("") == "[2]");
  CHECK(activity.at("/0/what") == "reopened");
  CHECK(activity.at("/0/actor") == "analyst");
  const std::string link = activity.header("Link");
  CHECK(api.get(link.substr(1, link.find('>') - 1)).at("/0/note") == "<b>seen</b> before");
  const auto all = api.get(api.path(id) + "/activity").json();
  std::size_t notes = 0;
  for (const auto& row : all.GetArray()) notes += std::string(row["what"].GetString()) == "note";
  CHECK(notes == 1);  // sent twice with one key
  std::map<std::string, int> audited;
  for (const auto& row : api.store->audit().list({}).value()) ++audited[row.action];
  CHECK(audited["alert.snooze"] == 3);
  CHECK(audited["alert.note"] == 1);
  CHECK(audited["alert.resolve"] == 1);
}

TEST_CASE("what_has_changed_meanwhile_or_belongs_to_others_is_not_touched") {
  Alerts api;
  const std::int64_t id = api.alert(api.shop);
  const std::string tag = api.get(api.path(id)).header("ETag");
  CHECK(api.post(id, "acknowledge", "{}", "analyst", "If-Match: " + tag + "\r\n").status == 200);
  CHECK(api.post(id, "resolve", "{}", "analyst", "If-Match: " + tag + "\r\n").status == 412);
  CHECK(api.get(api.path(id)).at("/state") == "acknowledged");
  const std::string stranger = "analyst " + api.blog;
  for (const std::string verb : {"acknowledge", "resolve", "reopen", "notes", "snooze"}) {
    INFO(verb);
    const std::string body = verb == "notes" ? R"({"note":"x"})" : verb == "snooze" ? R"({"for":"1h"})" : "{}";
    CHECK(api.post(id, verb, body, stranger).body == api.post(id, verb, body, stranger).body);
    CHECK(api.post(id, verb, body, stranger).status == 404);
    CHECK(api.post(id + 50, verb, body).status == 404);
  }
  for (const std::string what : {"", "/activity", "/evidence"}) {
    CHECK(api.get(api.path(id) + what, "viewer " + api.blog).status == 404);
    CHECK(api.get(api.path(id) + what, "viewer " + api.shop).status == 200);
  }
  CHECK(api.ask("DELETE", api.path(id) + "/snooze", stranger).status == 404);
  CHECK(api.ask("PUT", api.path(id) + "/assignee", stranger, "{}").status == 404);
  CHECK(api.get("/api/v1/alerts/0").status == 404);
  CHECK(api.get("/api/v1/alerts/x").status == 404);
  CHECK(api.get("/api/v1/alerts/99999999999999999999").status == 404);
  CHECK(api.store->alerts().activity(id, 0, 10).value().size() == 1);
}

TEST_CASE("an_alert_is_not_reopened_where_another_of_its_identity_is_open") {
  Alerts api;
  const std::int64_t first = api.alert(api.shop);
  CHECK(api.post(first, "resolve", "{}").status == 200);
  alert::Alert again = *api.store->alerts().get(first).value();
  again.id = 0;
  again.state = alert::State::firing;
  REQUIRE(api.store->alerts().add(again).ok());
  CHECK(api.post(first, "reopen", "{}").at("/code") == "open_already");
}

TEST_CASE("several_alerts_are_acted_on_and_each_that_was_not_is_named") {
  Alerts api;
  const std::int64_t a = api.alert(api.shop), b = api.alert(api.shop), c = api.alert(api.blog);
  CHECK(api.post(b, "resolve", "{}").status == 200);
  const auto ask = [&](const std::string& body, const std::string& who = "analyst") {
    return api.ask("POST", "/api/v1/alerts/bulk", who, body);
  };
  const std::string ids = fmt::format("[{},{},{}]", a, b, c);
  const Said done = ask("{\"ids\":" + ids + ",\"action\":\"acknowledge\"}", "analyst " + api.shop);
  CHECK(done.at("/done") == "[1]");
  CHECK(done.at("/done/0") == std::to_string(a));
  CHECK(done.at("/refused") == "[2]");
  CHECK(done.at("/refused/1/detail") == "there is no such alert");
  CHECK(api.get(api.path(c)).at("/state") == "firing");
  CHECK(ask("{\"ids\":" + ids + ",\"action\":\"snooze\",\"for\":\"1h\"}").at("/done") == "[2]");
  std::string many = "[1";
  for (int i = 0; i < 500; ++i) many += ",1";
  for (const std::string& wrong :
       {std::string("{}"), std::string(R"({"ids":[],"action":"resolve"})"), std::string(R"({"ids":[1],"action":"delete"})"),
        std::string(R"({"ids":["1"],"action":"resolve"})"), std::string(R"({"ids":[1],"action":"snooze"})"),
        "{\"ids\":" + many + "],\"action\":\"resolve\"}"}) {
    CHECK(ask(wrong).status == 400);
  }
}

TEST_CASE("evidence_is_the_findings_and_where_the_signals_are") {
  Alerts api;
  const std::int64_t id = api.alert(api.shop), finding = api.finding("RULE", Level::high, api.now - 60);
  REQUIRE(api.store->alerts().attach(id, finding).ok());
  REQUIRE(api.store->alerts().attach(id, finding + 5).ok());  // which has gone
  const Said said = api.get(api.path(id) + "/evidence");
  CHECK(said.at("/findings") == "[1]");
  CHECK(said.at("/findings/0/id") == std::to_string(finding));
  CHECK(said.at("/signals/site") == api.shop);
  CHECK(said.at("/signals/since") == "2026-03-22T20:32:39Z");
  CHECK(said.at("/signals/until") == "2026-03-22T20:34:39Z");
}

TEST_CASE("rules_are_snoozed_by_analysts_and_muted_and_disabled_by_administrators") {
  Alerts api;
  const std::int64_t id = api.alert(api.shop);
  const std::string everywhere = "/api/v1/rules/RULE/switches/*", here = "/api/v1/rules/RULE/switches/" + api.shop;
  const auto put = [&](const std::string& path, const std::string& body, const std::string& who = "analyst",
                       const std::string& headers = "") { return api.ask("PUT", path, who, body, headers); };
  const std::string snooze = R"({"state":"snoozed","until":"2026-03-23T00:00:00Z","reason":"deploy"})";
  const std::string mute = R"({"state":"muted","reason":"loud"})";
  CHECK(put(here, snooze, "viewer").status == 403);
  CHECK(put(here, snooze).at("/site") == api.shop);
  CHECK(api.get(api.path(id)).at("/snooze/of_rule") == "true");
  CHECK(put(here, mute).status == 403);
  CHECK(put(everywhere, mute, "admin").at("/site") == "null");
  CHECK(api.get("/api/v1/switches").at("") == "[2]");
  CHECK(api.get("/api/v1/rules/RULE/switches").at("") == "[2]");
  CHECK(api.get("/api/v1/rules/OTHER/switches").body == "[]");
  const std::string tag = put(everywhere, mute, "admin").header("ETag");
  CHECK(put(everywhere, R"({"state":"disabled","reason":"x"})", "admin", "If-Match: " + tag + "\r\n").status == 200);
  CHECK(put(everywhere, mute, "admin", "If-Match: " + tag + "\r\n").status == 412);
  for (const std::string wrong : {R"({"state":"muted"})", R"({"state":"quiet"})", "{}", R"({"state":"snoozed"})",
                                  R"({"state":"snoozed","until":"2020-01-01T00:00:00Z"})", R"({"state":"on","x":1})"}) {
    INFO(wrong);
    CHECK(put(here, wrong, "admin").status == 400);
  }
  // A snooze does not take away what an administrator has switched.
  const Said kept = put(everywhere, snooze);
  CHECK(kept.status == 409);
  CHECK(kept.at("/code") == "switched_already");
  CHECK(put(everywhere, snooze, "admin").status == 409);
  // Of other sites nothing is said, and nothing changed.
  const std::string stranger = "analyst " + api.blog;
  CHECK(put(here, snooze, stranger).status == 404);
  CHECK(put("/api/v1/rules/RULE/switches/ent_none", snooze, stranger).body.size() + here.size() ==
        put(here, snooze, stranger).body.size() + std::string("/api/v1/rules/RULE/switches/ent_none").size());
  CHECK(put(everywhere, snooze, stranger).at("/code") == "restricted");
  CHECK(api.get("/api/v1/switches", "viewer " + api.blog).at("") == "[1]");  // what holds everywhere
  CHECK(api.ask("DELETE", here, stranger).status == 404);
  CHECK(api.ask("DELETE", everywhere, stranger).status == 403);
  CHECK(api.ask("DELETE", everywhere, "analyst").status == 403);
  CHECK(api.ask("DELETE", everywhere, "admin").at("/state") == "disabled");
  CHECK(api.ask("DELETE", everywhere, "admin").status == 404);
  CHECK(api.ask("DELETE", here, "analyst").status == 200);
  CHECK(api.get(api.path(id)).at("/snooze") == "null");
  std::size_t audited = 0;
  for (const auto& row : api.store->audit().list({}).value()) audited += row.action == "rule.switch";
  CHECK(audited == 6);
}

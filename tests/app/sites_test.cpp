// Who is restricted to some sites, on every route there is: of another site nothing appears, not even that it exists. Made of the
// application's own list of routes; what is asked for is another site's, and then one nobody has, and the answers must be the same.
#include <map>
#include <regex>

#include "catch.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

const std::string kPlanted = "otherplant";
const std::string kEventId = "00000000-0000-4000-8000-0000000000aa";

/// What a path or a query may name: of the other site, or of nobody.
using Names = std::map<std::string, std::string>;

struct TwoSites : Whole {
  std::string mine, other;
  Names of_other, of_nobody;

  TwoSites() {
    mine = entities->add("mine", now).value().token;
    other = entities->add(kPlanted, now).value().token;
    send(mine, "00000000-0000-4000-8000-000000000001", "of.mine");
    send(other, kEventId, kPlanted);
    // What comes from files of the server is no site's: those who may see all see it.
    store::Finding finding;
    finding.rule = "R_" + kPlanted;
    finding.title = finding.message = finding.source = kPlanted;
    finding.level = Level::high;
    finding.time = now - 60;
    REQUIRE(store->findings().add(finding).value());
    store::Finding in_signals = finding;
    in_signals.site = other;
    in_signals.key = "0123456789abcdef";
    in_signals.group = "12345678";
    in_signals.group_label = kPlanted;
    in_signals.time = now - 30;
    in_signals.evidence = {2};
    REQUIRE(store->findings().record(in_signals, 60).ok());
    store::ErrorOccurrence error;
    error.fingerprint = "f" + kPlanted;
    error.message = kPlanted;
    error.time = now - 60;
    REQUIRE(store->errors().add({error}).ok());
    REQUIRE(store->findings().dismiss({"R_" + kPlanted, kPlanted, kPlanted, now}).ok());
    const std::int64_t id = store->findings().page({}, {.limit = 1}).value().rows.at(0).id;
    alert::Alert alert;
    alert.rule = "R_" + kPlanted;
    alert.title = alert.group_label = kPlanted;
    alert.level = Level::critical;
    alert.site = other;
    alert.opened_at = alert.first_time = alert.last_time = alert.last_hit_at = now - 60;
    std::int64_t added = store->alerts().add(alert).value();
    for (; added < id; added = store->alerts().add(alert).value()) ++alert.key[0];
    REQUIRE(added == id);  // the same number, so that a path names both
    REQUIRE(store->alerts().log({0, id, now, kPlanted, "note", "", "", kPlanted}).ok());
    REQUIRE(store->alerts().attach(id, id).ok());
    REQUIRE(store->alerts().put_switch({"R_" + kPlanted, other, alert::Switch::muted, 0, kPlanted, kPlanted, now}).ok());
    of_other = {{"token", other},       {"site", other},   {"id", std::to_string(id)}, {"fingerprint", error.fingerprint},
                {"event_id", kEventId}, {"name", kPlanted}};
    of_nobody = {{"token", other.substr(0, other.size() - 4) + "0000"},
                 {"site", other.substr(0, other.size() - 4) + "0000"},
                 {"id", std::to_string(id + 7)},
                 {"fingerprint", "fnobodyshere"},
                 {"event_id", "00000000-0000-4000-8000-0000000000bb"},
                 {"name", "nobodyshere"}};
  }
  void send(const std::string& site, const std::string& id, const std::string& text) {
    const std::string line = R"({"event_type":"config.save","created_at":)" + std::to_string(now) + R"(,"timestamp":)" +
                             std::to_string(now) + R"(,"event_id":")" + id + R"(","labels":{"config_name":")" + text +
                             R"("}})";
    const std::string batch_id = "batch-" + text;
    store::Batch batch;
    batch.entity = site;
    batch.id = batch_id;
    batch.received_at = now;
    batch.events = {{line, "config.save", store::event_id_of(id), now}};
    REQUIRE(store->events().append(batch).value().accepted == 1);
  }

  static std::string filled(std::string text, const Names& names) {
    for (const auto& [name, value] : names)
      for (std::size_t at; (at = text.find("{" + name + "}")) != text.npos;) text.replace(at, name.size() + 2, value);
    return text;
  }
  static std::string path_of(const server::Route& route, const Names& names) {
    return std::regex_replace(filled(route.path, names), std::regex("\\{[^}]*\\}"), "1");
  }
  struct Said {
    int status = 0;
    std::string head, body;
  };
  Said say(const std::string& method, const std::string& path, const std::string& headers, const std::string& body,
           bool stream = false) const {
    SocketClient client(server->urls().front());
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(request + "\r\n" + body);
    const std::string answer = stream ? client.receive_until("\r\n\r\n") : client.receive_all();
    const std::size_t end = answer.find("\r\n\r\n");
    INFO(method << " " << path);
    REQUIRE(end != answer.npos);
    return {std::stoi(answer.substr(9, 3)), answer.substr(0, end), answer.substr(end + 4)};
  }
};

// What was asked for may be said back; it tells nobody anything.
std::string without(std::string text, const std::vector<std::string>& asked) {
  for (const std::string& name : asked)
    for (std::size_t at; !name.empty() && (at = text.find(name)) != text.npos;) text.replace(at, name.size(), "?");
  // What differs from answer to answer by itself.
  text = std::regex_replace(
      text, std::regex("(Date: |csrf\"(?: value)?=\"|data-csrf=\"|ETag: |RateLimit: \"requests\")[^\"\r\n]*"), "$1");
  return std::regex_replace(text, std::regex("Content-Length: [0-9]*"), "");
}

// The first line in which they differ.
std::string difference(const std::string& a, const std::string& b) {
  const auto differing = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first;
  if (differing == a.end() && a.size() == b.size()) return "";
  const auto at = static_cast<std::size_t>(differing - a.begin());
  const std::size_t begin = at == 0 ? 0 : a.rfind('\n', at - 1) + 1;
  return "\"" + a.substr(begin, a.find('\n', at) - begin) + "\"";
}

std::vector<std::string> values_of(const Names& names, const std::string& path) {
  std::vector<std::string> values;
  if (path.size() > 1) values.push_back(path);
  for (const auto& [name, value] : names)
    if (value.size() > 4) values.push_back(value);
  return values;
}

}  // namespace

TEST_CASE("whoever_sees_some_sites_learns_of_no_other_from_any_route") {
  TwoSites two;
  std::size_t asked = 0;
  for (const Role role : {Role::viewer, Role::analyst}) {  // an administrator sees all sites
    for (const std::string query : {"", "?site={token}", "?entity={token}", "?rule=R_{name}", "?q={name}"}) {
      // Each may ask so often.
      const std::string token = two.token(two.user("user" + std::to_string(asked), Role::admin), role, {false, {two.mine}});
      for (const server::Route& route : two.guarded()) {
        if (role < *web::role_of(route.role)) continue;
        const bool stream = route.path.find("/live") != route.path.npos, api = route.path.starts_with("/api/");
        const auto ask = [&](const Names& names) {
          std::string headers = token, body;
          if (route.body_bytes > 0) {
            headers +=
                std::string("Content-Type: ") + (api ? "application/json" : "application/x-www-form-urlencoded") + "\r\n";
            body = api ? R"({"name":"taken"})" : "name=taken";
          }
          return two.say(route.method, TwoSites::path_of(route, names) + TwoSites::filled(query, names), headers, body,
                         stream);
        };
        const TwoSites::Said there = ask(two.of_other), nowhere = ask(two.of_nobody);
        INFO(route.method << " " << route.path << query << " as " << web::name_of(role));
        ++asked;
        REQUIRE(there.status != 429);
        CHECK(there.status == nowhere.status);
        const auto shown = [&](const TwoSites::Said& said, const Names& names) {
          return without(said.head + said.body, values_of(names, TwoSites::path_of(route, names)));
        };
        CHECK(difference(shown(there, two.of_other), shown(nowhere, two.of_nobody)) == "");
        // Unasked, nothing of it is said at all.
        if (query.empty() && route.path.find('{') == route.path.npos) {
          CHECK(there.body.find(kPlanted) == there.body.npos);
          CHECK(there.body.find(two.other) == there.body.npos);
        }
      }
    }
  }
  CHECK(asked > 300);
}

TEST_CASE("whoever_sees_some_sites_changes_nothing_of_others_with_any_form") {
  TwoSites two;
  store::User anna;
  anna.name = "anna";
  anna.password_hash = "no password";
  anna.role = web::name_of(Role::analyst);
  anna.sites = {false, {two.mine}};
  REQUIRE(two.store->accounts().add_user(anna).value());
  const std::int64_t id = two.store->accounts().find_user("anna").value()->id;
  const auto session = [&] {
    return "Cookie: logystera_session=" + web::Sessions(two.store->accounts()).sign_in(id, two.now).value() + "\r\n";
  };
  std::size_t asked = 0;
  for (const server::Route& route : two.guarded()) {
    if (route.method == "GET" || route.path.starts_with("/api/") || route.role == "admin") continue;
    const auto ask = [&](const Names& names) {
      const std::string cookie = session();  // anew: some end it
      const std::string page = two.say("GET", "/account", cookie, "").body;
      std::smatch found;
      REQUIRE(std::regex_search(page, found, std::regex("name=\"csrf\" value=\"([^\"]+)\"")));
      const std::string fields =
          "csrf=" + found[1].str() +
          TwoSites::filled(
              "&site={token}&token={token}&rule=R_{name}&source={name}"
              "&reason=x&id={id}&sites={token}&name=made&role=viewer&alert-{id}=1&do=snoozed&hours=4&for=4h&note=x",
              names);
      return two.say("POST", TwoSites::path_of(route, names),
                     cookie + "Content-Type: application/x-www-form-urlencoded\r\n", fields);
    };
    INFO(route.method << " " << route.path);
    const TwoSites::Said there = ask(two.of_other), nowhere = ask(two.of_nobody);
    ++asked;
    CHECK(there.status == nowhere.status);
    const auto shown = [&](const TwoSites::Said& said, const Names& names) {
      return without(said.head + said.body, values_of(names, TwoSites::path_of(route, names)));
    };
    CHECK(difference(shown(there, two.of_other), shown(nowhere, two.of_nobody)) == "");
  }
  CHECK(asked > 5);
  const auto site = two.store->entities().find(two.other).value();
  REQUIRE(site.has_value());
  CHECK(site->name == kPlanted);
  CHECK_FALSE(site->disabled);
  CHECK(two.store->findings().dismissals().value().size() == 1);
  const auto alert = two.store->alerts().page({}, {}).value().rows.at(0);
  CHECK(alert.state == alert::State::firing);
  CHECK_FALSE(alert.snooze);
  CHECK(two.store->alerts().activity(alert.id, 0, 10).value().size() == 1);
  CHECK(two.store->alerts().switches().value().size() == 1);
  for (const auto& token : two.store->accounts().tokens(id).value()) CHECK_FALSE(token.sites.all);
}

// The pages, asked as a browser asks them.
#include <rapidjson/document.h>

#include <regex>
#include <set>

#include "core/json_text.hpp"
#include "dashboard/looking.hpp"
#include "detect/packs.hpp"
#include "web/form.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

// Where a link of the pager leads; empty: there is none.
std::string link_of(const std::string& page, const std::string& rel) {
  std::smatch match;
  if (!std::regex_search(page, match, std::regex("href=\"([^\"]*)\" rel=\"" + rel + "\""))) return {};
  std::string target = match[1];
  for (std::size_t at; (at = target.find("&amp;")) != std::string::npos;) target.replace(at, 5, "&");
  return target;
}

std::set<std::string> findings_on(const std::string& page) {
  std::set<std::string> found;
  const std::regex link("class=\"row-link\" href=\"/findings/([0-9]+)\"");
  for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at) found.insert((*at)[1]);
  return found;
}

std::string quoted(const std::string& text) { return JsonText().string(text).take(); }

}  // namespace

TEST_CASE("an_empty_server_says_what_to_do_next_on_every_page") {
  const Looking looking;
  CHECK(has(looking.page("/"), "No data yet"));
  CHECK(has(looking.page("/"), "https://gateway.example"));
  CHECK(has(looking.page("/findings"), "No findings yet"));
  CHECK(has(looking.page("/errors"), "No errors recorded"));
  CHECK(has(looking.page("/events"), "Waiting for the first signal"));
  CHECK(has(looking.page("/sites"), "Connect your first site"));
  CHECK(has(looking.page("/dismissals"), "Nothing is dismissed"));
  CHECK(has(looking.page("/findings?severity=critical"), "Nothing matches this filter"));
  CHECK(looking.file("/findings.json") == "[\n]\n");
  CHECK(times_in(looking.file("/events.csv"), "\r\n") == 1);
}

TEST_CASE("what_strangers_wrote_is_text_on_every_page_and_in_every_file") {
  Looking looking;
  const std::string token = looking.site("<b>site</b> \xe2\x80\xae");
  std::int64_t age = 0;
  for (const std::string& text : kStrange) {
    ++age;
    looking.find(age, text, text.substr(0, 200), text.substr(0, 200));
    looking.err(age, "f" + std::to_string(age), text);
    std::string label = quoted(text.substr(0, 1000));
    looking.send(token, "config.save", "{\"config_name\":" + label + ",\"no_such_label\":" + label + "}", age);
  }
  const auto check = [&](const std::string& body) {
    CHECK(!has(body, "<script>alert"));
    CHECK(!has(body, "<img src=x"));
    CHECK(!has(body, "' onmouseover="));
    CHECK(!has(body, "<svg/onload"));
    CHECK(!has(body, "<b>site</b>"));
    CHECK(!has(body, "\x1b"));
    CHECK(!has(body, "\xe2\x80\xae"));
    CHECK(!has(body, "\xe2\x80\xa8"));
    CHECK(!has(body, "\xc2\x85"));
  };
  for (const std::string path : {"/", "/findings", "/errors", "/events?personal=1", "/events", "/sites"}) {
    INFO(path);
    check(looking.page(path));
  }
  check(looking.page("/sites/" + token));
  check(looking.page("/findings?q=%3Cscript%3Ealert&rule=%22%3E%3Cimg%20src%3Dx"));
  for (std::int64_t i = 1; i <= age; ++i) {
    check(looking.page("/findings/" + std::to_string(i)));
    check(looking.page("/errors/f" + std::to_string(i)));
  }
  CHECK(has(looking.page("/findings"), "&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK(has(looking.page("/findings"), "{{title}}{{{title}}}{{&gt; head}}"));
  CHECK(has(looking.page("/findings"), "\\u{202e}gnp.exe"));
  for (const std::string name : {"findings", "errors", "events"}) {
    INFO(name);
    const std::string csv = looking.file("/" + name + ".csv"), json = looking.file("/" + name + ".json");
    CHECK(!std::regex_search(csv, std::regex("(^|,|\n)\"?[=+@-]")));
    CHECK(!has(csv, "\x1b"));
    CHECK(!has(csv, "\xe2\x80\xae"));
    CHECK(!has(json, "\x1b"));
    CHECK(!has(json, "\xe2\x80\xa8"));
    CHECK(!has(json, "\xc2\x85"));
    rapidjson::Document document;
    document.Parse(json.c_str());
    REQUIRE(document.IsArray());
    CHECK(document.Size() == kStrange.size());
  }
}

TEST_CASE("a_list_goes_back_and_forth_and_shows_each_row_once") {
  Looking looking;
  constexpr std::size_t kAll = 120;
  for (std::size_t i = 0; i < kAll; ++i) looking.find(static_cast<std::int64_t>(i / 3), "message " + std::to_string(i));
  const std::string first = looking.page("/findings?severity=low");
  CHECK(has(first, "1–50 of 120"));
  CHECK(link_of(first, "prev").empty());
  std::set<std::string> seen = findings_on(first);
  std::string page = first;
  std::vector<std::string> targets;
  while (!link_of(page, "next").empty()) {
    targets.push_back(link_of(page, "next"));
    CHECK(has(targets.back(), "severity=low"));
    page = looking.page(targets.back());
    for (const std::string& id : findings_on(page)) CHECK(seen.insert(id).second);
  }
  CHECK(targets.size() == 2);
  CHECK(seen.size() == kAll);
  looking.find(-5, "one that came meanwhile");
  for (int steps = 0; !link_of(page, "prev").empty() && steps < 4; ++steps) page = looking.page(link_of(page, "prev"));
  CHECK(link_of(page, "prev").empty());
  CHECK(has(page, "one that came meanwhile"));
  CHECK(findings_on(page).size() == 50);
}

TEST_CASE("an_address_that_cannot_be_read_is_refused_with_words") {
  const Looking looking;
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"/findings?severity=grave", "severity"},
      {"/findings?since_hours=0", "since_hours"},
      {"/findings?since_hours=9e9", "since_hours"},
      {"/findings?cursor=x", "cursor"},
      {"/findings?dismissed=maybe", "dismissed"},
      {"/errors?sort=colour", "sort"},
      {"/errors?new=perhaps", "new"},
      {"/events?cursor=%00", "form"},
      {"/findings?q=a&q=b", "twice"},
      {"/rules?from=-1", "from"},
      {"/?days=3", "days"},
      {"/findings?q=" + std::string(300, 'a'), "q"},
      {"/findings.csv?severity=grave", "severity"},
  };
  for (const auto& [path, word] : wrong) {
    INFO(path);
    const std::string answer = looking.get(path);
    CHECK(has_status(answer, 400));
    CHECK(has(body_of(answer), word));
    CHECK(has(body_of(answer), "<main"));
  }
  for (const char* path :
       {"/findings/0", "/findings/99999999999999999999", "/findings/x", "/errors/none", "/sites/ent_none", "/rules/NONE"}) {
    INFO(path);
    CHECK(has_status(looking.get(path), 404));
  }
}

TEST_CASE("a_dismissal_is_shown_before_it_hides_and_is_taken_back") {
  Looking looking;
  looking.find(1, "one");
  looking.find(2, "two");
  looking.find(3, "other source", "SSH_BRUTE_FORCE", "other.log");
  const std::string fields = "rule=SSH_BRUTE_FORCE&source=auth.log&reason=%3Cb%3E+a+test";
  const std::string preview = looking.page("/dismissals/new?rule=SSH_BRUTE_FORCE&source=auth.log");
  CHECK(has(preview, "This hides <b>2</b> findings"));
  CHECK(has_status(looking.post("/dismissals", fields, false), 403));
  CHECK(findings_on(looking.page("/findings")).size() == 3);
  const std::string done = looking.post("/dismissals", fields);
  CHECK(has_status(done, 303));
  CHECK(has(done, "Location: /findings?done=dismissed"));
  CHECK(findings_on(looking.page("/findings?done=dismissed")).size() == 1);
  CHECK(findings_on(looking.page("/findings?dismissed=true")).size() == 2);
  CHECK(findings_on(looking.page("/findings?dismissed=all")).size() == 3);
  CHECK(has(looking.page("/dismissals"), "&lt;b&gt; a test"));
  REQUIRE(looking.noted.size() == 1);
  CHECK(has(looking.noted[0], "anna finding.dismiss SSH_BRUTE_FORCE"));
  CHECK(has_status(looking.post("/dismissals/undo", "rule=SSH_BRUTE_FORCE&source=auth.log", false), 403));
  CHECK(has_status(looking.post("/dismissals/undo", "rule=SSH_BRUTE_FORCE&source=auth.log"), 303));
  CHECK(findings_on(looking.page("/findings")).size() == 3);
  CHECK(looking.noted.size() == 2);
  CHECK(has_status(looking.post("/dismissals", "source=auth.log"), 400));
  looking.who.role = web::Role::viewer;
  CHECK(has_status(looking.post("/dismissals", fields), 403));
  CHECK(has_status(looking.get("/dismissals/new?rule=a"), 403));
  CHECK(!has(looking.page("/findings/1"), "Dismiss"));
}

TEST_CASE("personal_data_is_shown_to_who_may_see_it_asks_for_it_and_is_noted") {
  Looking looking;
  const std::string token = looking.site("shop");
  looking.send(token, "auth.login_failed", R"({"username":"bob.secret","ip":"203.0.113.9"})");
  const auto shows_it = [](const std::string& body) { return has(body, "203.0.113.9") || has(body, "bob.secret"); };
  CHECK(!shows_it(looking.page("/events")));
  CHECK(!shows_it(looking.page("/events?q=login")));
  const std::string events = looking.page("/events");
  CHECK(has(events, "<summary><b>Failed login</b> <bdi class=\"mono muted\">auth.login_failed</bdi>"));
  CHECK(has(events, "<option value=\"auth.login_failed\">Failed login (auth.login_failed)</option>"));
  CHECK(has(events, "A login attempt failed."));
  CHECK(!has(looking.page("/events?q=bob.secret"), "<summary><b>"));  // nor found out by looking for it
  CHECK(!shows_it(looking.file("/events.csv")));
  CHECK(!shows_it(looking.file("/events.json")));
  CHECK(looking.noted.empty());
  CHECK(shows_it(looking.page("/events?personal=1")));
  CHECK(shows_it(looking.file("/events.json?personal=1")));
  REQUIRE(looking.noted.size() == 2);
  CHECK(has(looking.noted[0], "anna personal_data.show /events"));
  looking.who.role = web::Role::viewer;
  CHECK(has_status(looking.get("/events?personal=1"), 400));
  CHECK(!has(looking.page("/events"), "name=\"personal\""));
  CHECK(!shows_it(looking.page("/events")));
}

TEST_CASE("whoever_is_restricted_to_some_sites_sees_nothing_of_others") {
  Looking looking;
  const std::string mine = looking.site("mine"), other = looking.site("other");
  looking.send(mine, "config.save", R"({"config_name":"of.mine"})");
  looking.send(other, "config.save", R"({"config_name":"of.other"})");
  looking.find(1, "in a log");
  looking.err(1, "f1", "in a log");
  looking.who.all_sites = false;
  looking.who.sites = {mine};
  CHECK(has(looking.page("/events"), "of.mine"));
  for (const std::string path : {"/", "/events", "/sites", "/findings", "/errors"}) {
    INFO(path);
    const std::string body = looking.page(path);
    CHECK(!has(body, "of.other"));
    CHECK(!has(body, other));
    CHECK(!has(body, ">other<"));
    CHECK(!has(body, "in a log"));
  }
  CHECK(!has(looking.page("/events?site=" + other), "of.other"));
  CHECK(has_status(looking.get("/sites/" + other), 404));
  CHECK(has_status(looking.get("/errors/f1"), 404));
  CHECK(has_status(looking.get("/findings/1"), 404));
  CHECK(!has(looking.file("/events.csv"), "of.other"));
  CHECK(times_in(looking.file("/findings.csv"), "\r\n") == 1);
  REQUIRE(looking.store->findings().dismiss({"SSH_BRUTE_FORCE", "of-a-log", "a reason", kNow}).ok());
  CHECK(!has(looking.page("/dismissals"), "of-a-log"));
  CHECK(has_status(looking.get("/dismissals/new?rule=SSH_BRUTE_FORCE"), 403));
  CHECK(has_status(looking.post("/dismissals", "rule=SSH_BRUTE_FORCE"), 403));
  CHECK(has_status(looking.post("/dismissals/undo", "rule=SSH_BRUTE_FORCE"), 403));
  CHECK(has(looking.page("/"), "of 0 kinds"));
}

TEST_CASE("a_site_is_renamed_disabled_and_given_a_new_secret_by_an_administrator") {
  Looking looking;
  const std::string token = looking.site("shop"), path = "/sites/" + token;
  CHECK(has_status(looking.post(path + "/rename", "name=bazaar", false), 403));
  CHECK(has_status(looking.post(path + "/rename", "name="), 400));
  CHECK(has_status(looking.post(path + "/rename", "name=a%0Ab"), 400));
  CHECK(has_status(looking.post(path + "/rename", "name=bazaar"), 303));
  CHECK(has(looking.page(path), "<bdi>bazaar</bdi>"));
  CHECK(has(looking.page(path + "/disable"), "Disable this site?"));
  CHECK(has_status(looking.post(path + "/disable", "a=b"), 303));
  CHECK(has(looking.page(path), "Disabled"));
  CHECK(has_status(looking.post(path + "/enable", "a=b"), 303));
  CHECK(!has(looking.page(path), "Disabled"));
  const std::string renewed = looking.post(path + "/rotate", "a=b");
  CHECK(has_status(renewed, 200));
  std::smatch secret;
  REQUIRE(std::regex_search(renewed, secret, std::regex("<code>([A-Za-z0-9_-]{43})</code>")));
  CHECK(!has(looking.page(path), secret[1].str()));
  CHECK(!has(looking.logged, secret[1].str()));
  REQUIRE(looking.noted.size() == 4);
  for (const std::string& note : looking.noted) CHECK(!has(note, secret[1].str()));
  CHECK(has(looking.noted[0], "site.rename " + token + " {\"name\":\"shop\"} {\"name\":\"bazaar\"}"));
  looking.who.role = web::Role::analyst;
  for (const std::string step : {"rename", "disable", "enable", "rotate"}) {
    INFO(step);
    CHECK(has_status(looking.post(path + "/" + step, "name=a"), 403));
  }
  CHECK(!has(looking.page(path), "Renew the secret"));
}

TEST_CASE("what_cannot_be_noted_is_not_done_to_a_site") {
  Looking looking;
  const std::string token = looking.site("shop"), path = "/sites/" + token;
  const std::string secret = looking.entities.sender(token, kNow).value().secret;
  const auto site = [&] { return *looking.store->entities().find(token).value(); };
  looking.notes_fail = true;
  CHECK(has_status(looking.post(path + "/rename", "name=bazaar"), 503));
  CHECK(has_status(looking.post(path + "/disable", "a=b"), 503));
  const std::string renewed = looking.post(path + "/rotate", "a=b");
  CHECK(has_status(renewed, 503));
  CHECK(!std::regex_search(renewed, std::regex("<code>[A-Za-z0-9_-]{43}</code>")));
  CHECK(site().name == "shop");
  CHECK(!site().disabled);
  CHECK(site().rotated_at == 0);
  CHECK(looking.entities.sender(token, kNow).value().secret == secret);
  REQUIRE(looking.entities.set_disabled(token, true).ok());
  CHECK(has_status(looking.post(path + "/enable", "a=b"), 503));
  CHECK(site().disabled);
  looking.notes_fail = false;
  CHECK(has_status(looking.post(path + "/enable", "a=b"), 303));
  CHECK(!site().disabled);
}

TEST_CASE("the_overview_counts_what_the_lists_show") {
  Looking looking;
  const std::string token = looking.site("shop");
  looking.send(token, "config.save", R"({"config_name":"a"})");
  for (int day = 0; day < 14; ++day) looking.find(day * 86400, "m" + std::to_string(day), day % 2 ? "A" : "B");
  looking.err(10, "f1", "an error");
  const std::string page = looking.page("/");
  CHECK(has(page, "href=\"/findings?since_hours=336\">14</a>"));
  CHECK(has(page, "href=\"/errors?new=true\">1</a>"));
  CHECK(has(page, "1 of 1"));
  CHECK(times_in(page, "class=\"bar-high\" x=") == 14);
  CHECK(has(page, "href=\"/findings?rule=A\""));
  CHECK(has(looking.page("/?days=30"), "Findings of the last 30 days"));
}

TEST_CASE("errors_are_sorted_and_parted_into_new_and_returned") {
  Looking looking;
  looking.err(40 * 3600, "old", "an old error");
  looking.err(39 * 3600, "old", "an old error");
  looking.err(60, "fresh", "a fresh error");
  looking.err(5 * 86400, "back", "one that returned");
  looking.err(120, "back", "one that returned");
  const auto order = [&](const std::string& path) {
    const std::string page = looking.page(path);
    std::string all;
    const std::regex link("href=\"/errors/([a-z]+)\"");
    for (std::sregex_iterator at(page.begin(), page.end(), link), end; at != end; ++at) all += (*at)[1].str() + " ";
    return all;
  };
  CHECK(order("/errors") == "fresh back old ");
  CHECK(order("/errors?sort=first_seen") == "fresh old back ");
  CHECK(order("/errors?new=true") == "fresh ");
  CHECK(order("/errors?regressed=true") == "back ");
  CHECK(has(looking.page("/errors?sort=count"), "aria-sort=\"descending\"><a href=\"/errors?sort=count\""));
  CHECK(has(looking.page("/errors/back"), "of silence"));
}

TEST_CASE("every_built_in_rule_has_a_page_with_its_text") {
  Looking looking;
  const auto program = looking.program.get();
  REQUIRE(program.ok());
  REQUIRE(program.value()->rules().rules.size() > 50);
  for (const detect::Rule& rule : program.value()->rules().rules) {
    if (has(rule.id, "#")) continue;  // a part of another
    INFO(rule.id);
    const std::string page = looking.page("/rules/" + rule.id);
    CHECK(has(page, "<span class=\"line\">id: " + rule.id + "</span>"));
    CHECK(times_in(page, "<span class=\"line\">id: ") == 1);
    CHECK(has(page, "<span class=\"line\">samples:</span>"));
  }
  looking.find(10, "m");
  CHECK(has(looking.page("/rules?fired=yes"), "SSH_BRUTE_FORCE"));
  CHECK(!has(looking.page("/rules?fired=no"), "/rules/SSH_BRUTE_FORCE\""));
  CHECK(has(looking.page("/rules?q=ssh+brute"), "SSH_BRUTE_FORCE"));
}

TEST_CASE("a_file_has_all_rows_of_its_filter") {
  Looking looking;
  for (int i = 0; i < 1234; ++i) looking.find(i, "message " + std::to_string(i), i % 2 ? "A" : "B");
  CHECK(times_in(looking.file("/findings.csv"), "\r\n") == 1235);
  CHECK(times_in(looking.file("/findings.csv?rule=A"), "\r\n") == 618);
  rapidjson::Document document;
  document.Parse(looking.file("/findings.json?rule=B&severity=high").c_str());
  REQUIRE(document.IsArray());
  CHECK(document.Size() == 617);
  CHECK(document[0]["id"].IsInt64());
  const std::string answer = looking.get("/findings.csv");
  CHECK(has(answer, "Content-Disposition: attachment; filename=\"logystera-findings.csv\""));
}

TEST_CASE("a_rule_is_tried_on_what_is_pasted_and_says_why_it_does_not_fire") {
  Looking looking;
  CHECK(has(looking.page("/rules/SSH_BRUTE_FORCE"), "action=\"/rules/SSH_BRUTE_FORCE/try\""));
  const auto line = [](int i) {
    return "Mar+22+20:34:0" + std::to_string(i) +
           "+web+sshd[1]:+Failed+password+for+root+from+203.0.113.9+port+22+ssh2%0D%0A";
  };
  const std::string once = body_of(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=" + line(0)));
  CHECK(has(once, "It does not fire"));
  CHECK(has(once, "1 of 1 line count, and that is not enough"));
  CHECK(has(once, "the condition holds"));
  CHECK(has(once, "client_ip"));
  CHECK(times_in(once, "203.0.113.9") == 1);  // in what he wrote himself
  CHECK(has(once, "port 22 ssh2\n</textarea>"));
  std::string lines;
  for (int i = 0; i < 5; ++i) lines += line(i);
  const std::string fires = body_of(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=" + lines));
  CHECK(has(fires, "It fires: 1 finding"));
  CHECK(has(body_of(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=hello")), "it looks at kind auth"));
  CHECK(has_status(looking.post("/rules/NONE/try", "lines=x"), 404));
  CHECK(has_status(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=x", false), 403));
  CHECK(has_status(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=" + std::string(20'000, 'x')), 400));
  for (const std::string& strange : kStrange) {
    const std::string page = body_of(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=" + web::percent_encoded(strange)));
    CHECK_FALSE(has(page, "<script>alert"));
    CHECK_FALSE(has(page, "\xe2\x80\xae"));
    CHECK_FALSE(has(page, "</title><svg"));
  }
  looking.who.role = web::Role::viewer;
  CHECK_FALSE(has(looking.page("/rules/SSH_BRUTE_FORCE"), "/try\""));
  CHECK(has_status(looking.post("/rules/SSH_BRUTE_FORCE/try", "lines=x"), 403));
}

TEST_CASE("a_rule_of_ones_own_is_checked_before_it_is_put_anywhere") {
  Looking looking;
  CHECK(has(looking.page("/rules"), "href=\"/rules/check\""));
  CHECK(has(looking.page("/rules/check"), "Check it"));
  const std::string rule =
      "id: BREW\r\ntitle: Coffee\r\nlevel: low\r\napplies_to: {kind: web_access}\r\n"
      "detection:\r\n  match:\r\n    - {field: method, op: equals, value: BREW}\r\n";
  const auto checked = [&](const std::string& rules, const std::string& lines) {
    return body_of(
        looking.post("/rules/check", "rules=" + web::percent_encoded(rules) + "&lines=" + web::percent_encoded(lines)));
  };
  const std::string sound =
      checked(rule, "203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"BREW /pot HTTP/1.1\" 418 5 \"-\" \"-\"");
  CHECK(has(sound, "It can be used"));
  CHECK(has(sound, "It fires: 1 finding"));
  CHECK(has(sound, "id: BREW\ntitle: Coffee\n"));
  const std::string unsound = checked("id: X\ndetection: 7\n", "");
  CHECK(has(unsound, "It cannot be used as it is"));
  CHECK(has(unsound, "Refused"));
  CHECK(has(checked("", ""), "It cannot be used as it is"));
  looking.who.role = web::Role::viewer;
  CHECK(has_status(looking.get("/rules/check"), 403));
}

TEST_CASE("an_event_has_a_page_on_which_rules_are_tried_on_it") {
  Looking looking;
  const std::string mine = looking.site("mine"), other = looking.site("other");
  looking.send(mine, "auth.login_failed", R"({"username":"berta","ip":"203.0.113.9"})");
  const std::string list = looking.page("/events");
  const std::size_t at = list.find("href=\"/events/");
  REQUIRE(at != std::string::npos);
  const std::string path = list.substr(at + 6, 44);
  const std::string page = looking.page(path);
  CHECK(has(page, "auth.login_failed"));
  CHECK(has(page, "action=\"" + path + "/try\""));
  CHECK(has(page, "<option value=\"SIGNAL_LOGIN_FAILURES\""));
  CHECK_FALSE(has(page, "<option value=\"SSH_BRUTE_FORCE\""));  // looks at no such event
  CHECK_FALSE(has(page, "203.0.113.9"));
  const std::string tried = body_of(looking.post(path + "/try", "rule=SIGNAL_LOGIN_FAILURES"));
  CHECK(has(tried, "It does not fire"));
  CHECK(has(tried, "that is not enough"));
  CHECK_FALSE(has(tried, "203.0.113.9"));
  CHECK_FALSE(has(tried, "berta"));
  CHECK(has_status(looking.post(path + "/try", "rule=NONE"), 404));
  CHECK(has_status(looking.post(path + "/try", "rule=SIGNAL_LOGIN_FAILURES", false), 403));
  CHECK(has_status(looking.get("/events/00000000-0000-4000-8000-0000000000ff"), 404));
  CHECK(has_status(looking.get("/events/no-id"), 404));
  looking.who.role = web::Role::viewer;
  CHECK_FALSE(has(looking.page(path), "/try\""));
  CHECK(has_status(looking.post(path + "/try", "rule=SIGNAL_LOGIN_FAILURES"), 403));
  looking.who.role = web::Role::admin;
  looking.who.all_sites = false;
  looking.who.sites = {other};
  CHECK(has_status(looking.get(path), 404));
  CHECK(has_status(looking.post(path + "/try", "rule=SIGNAL_LOGIN_FAILURES"), 404));
}

// The page of the fleet: what is shown of its file, who may add, and what can be added.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "dashboard/looking.hpp"
#include "web/form.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

std::string content(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}
std::string entered(const std::string& name, const std::string& value) {
  return "&" + name + "=" + web::percent_encoded(value);
}

}  // namespace

TEST_CASE("the_page_of_the_fleet_shows_what_stands_in_its_file_and_no_secret") {
  Looking looking;
  const std::string file = looking.scratch.file("targets.yaml");
  CHECK(has(looking.page("/fleet"), "No targets yet"));
  std::ofstream(file)
      << "targets:\n  - {name: web01, type: ssh, host: web01.example, path: /var/log/auth.log, groups: [web, prod]}\n"
         "  - {name: logs, type: loki, query: '{a=\"<b>\"}', token: geheim, enabled: false}\n"
         "  - {name: more, type: loki, url: 'https://${HOST}', query: x, token: '${TOKEN}'}\n";
  const std::string page = looking.page("/fleet");
  CHECK(has(page, "web01.example /var/log/auth.log"));
  CHECK(has(page, "web, prod"));
  CHECK(has(page, "{a=&quot;&lt;b&gt;&quot;}"));
  CHECK(has(page, "Not enabled"));
  CHECK(has(page, "https://${HOST}"));
  CHECK_FALSE(has(page, "geheim"));
  std::ofstream(file) << "targets: 7\n";
  CHECK(has(looking.page("/fleet"), "targets.yaml:1:10: targets must be a list"));
  CHECK_FALSE(has(looking.page("/fleet"), "Add a target"));
}

TEST_CASE("a_target_is_added_by_an_administrator_noted_and_nothing_else_in_the_file_changes") {
  Looking looking;
  const std::string file = looking.scratch.file("targets.yaml");
  std::ofstream(file) << "# ours\ntargets:\n  - {name: web01, type: journald}\n";
  CHECK(has(looking.page("/fleet"), "Show what it needs"));
  const std::string asked = looking.page("/fleet?type=loki");
  CHECK(has(asked, "name=\"v-query\""));
  CHECK(has(asked, "name=\"v-token\""));
  CHECK_FALSE(has(looking.page("/fleet?type=ssh"), "ssh_opt"));
  const std::string loki =
      "type=loki&name=prod" + entered("v-query", "{namespace=\"prod\"}") + entered("groups", "web, prod");
  CHECK(has_status(looking.post("/fleet", loki + entered("v-token", "${LOKI_TOKEN}")), 303));
  CHECK(looking.noted == std::vector<std::string>{"anna fleet.add prod  loki"});
  CHECK(content(file) ==
        "# ours\ntargets:\n  - {name: web01, type: journald}\n  - name: \"prod\"\n    type: loki\n    groups: [\"web\", "
        "\"prod\"]\n"
        "    query: \"{namespace=\\\"prod\\\"}\"\n    token: \"${LOKI_TOKEN}\"\n");
  CHECK(has(body_of(looking.post("/fleet", loki)), "there is a target prod already"));

  const auto refused = [&](const std::string& fields, const std::string& words) {
    const std::string before = content(file), page = body_of(looking.post("/fleet", fields));
    INFO(page.substr(0, 3000));
    CHECK(has(page, words));
    CHECK(has(page, "Nothing was added"));
    CHECK(content(file) == before);
    return page;
  };
  // A secret in the place of its variable is kept nowhere, the page it comes back on included.
  CHECK_FALSE(has(
      refused("type=loki&name=x" + entered("v-query", "q") + entered("v-token", "geheim"), "write the name of a variable"),
      "geheim"));
  refused("type=loki&name=x", "x has no query");
  refused("type=nothing&name=x", "choose a type");
  refused("type=journald" + entered("name", "a\n    host: b"), "a target&#39;s name must be");
  refused("type=ssh&name=x" + entered("v-host", "h") + entered("v-path", "/x") +
              entered("v-ssh_opt", "ProxyCommand=touch /tmp/x"),
          "options of ssh");
  refused("type=file&name=x" + entered("v-path", "/etc/passwd"), "fleet.web_paths");
  std::filesystem::create_directory(looking.scratch.file("logs"));
  std::filesystem::create_directory_symlink("/etc", looking.scratch.file("logs/out"));
  refused("type=file&name=x" + entered("v-path", looking.scratch.file("logs/../../a.db")), "fleet.web_paths");
  refused("type=file&name=x" + entered("v-path", looking.scratch.file("logs/out/passwd")), "fleet.web_paths");
  CHECK(
      has_status(looking.post("/fleet", "type=file&name=x" + entered("v-path", looking.scratch.file("logs/a.log"))), 303));
  CHECK(has_status(looking.post("/fleet", loki, false), 403));
  for (const std::string& strange : kStrange) {
    const std::string page = body_of(looking.post(
        "/fleet", "type=loki" + entered("name", strange) + entered("v-query", strange) + entered("groups", strange)));
    CHECK_FALSE(has(page, "<script>alert"));
    CHECK_FALSE(has(page, "</title><svg"));
  }
  looking.who.role = web::Role::analyst;
  CHECK_FALSE(has(looking.page("/fleet?type=loki"), "Add the target"));
  CHECK(has_status(looking.post("/fleet", loki), 403));
}

TEST_CASE("with_an_api_token_the_fleet_is_read_only_in_a_browser_and_who_sees_some_sites_sees_none_of_it") {
  Looking looking({}, true);
  const std::string file = looking.scratch.file("targets.yaml");
  std::ofstream(file) << "targets:\n  - {name: web01, type: journald}\n";
  CHECK(has(looking.page("/fleet"), "read-only"));
  CHECK_FALSE(has(looking.page("/fleet?type=loki"), "Add the target"));
  const std::string answer = looking.post("/fleet", "type=journald&name=x");
  CHECK(has_status(answer, 403));
  CHECK(has(answer, "read-only here"));
  CHECK(content(file).find("name: x") == std::string::npos);
  looking.who.role = web::Role::viewer;
  CHECK(has(looking.page("/fleet"), "web01"));
  looking.who.all_sites = false;
  looking.who.sites = {"ent_shop"};
  CHECK_FALSE(has(looking.page("/fleet"), "web01"));
}

TEST_CASE("where_a_target_cannot_be_noted_none_is_added") {
  Looking looking;
  looking.notes_fail = true;
  CHECK(has_status(looking.post("/fleet", "type=journald&name=x"), 503));
  CHECK_FALSE(std::filesystem::exists(looking.scratch.file("targets.yaml")));
}

TEST_CASE("findings_and_errors_are_narrowed_to_a_target_or_a_group_of_the_fleet") {
  Looking looking;
  looking.find(10, "of web01", "R", "fleet:web01:/var/log/auth.log");
  looking.find(20, "of web02", "R", "fleet:web02:/var/log/auth.log");
  looking.find(30, "of no target", "R", "auth.log");
  looking.find(40, "of a target that is gone", "R", "fleet:old:auth.log");
  const auto err = [&](const std::string& fingerprint, const std::string& source) {
    store::ErrorOccurrence one;
    one.fingerprint = fingerprint;
    one.pattern = one.message = "error in " + source;
    one.severity = Severity::error;
    one.source = source;
    one.time = looking.now - 10;
    REQUIRE(looking.store->errors().add({one}).ok());
  };
  err("a", "fleet:web01:app.log");
  err("b", "fleet:web02:app.log");
  err("c", "app.log");
  CHECK_FALSE(has(looking.page("/findings"), "name=\"target\""));  // there is no fleet
  std::ofstream(looking.scratch.file("targets.yaml")) << "targets:\n  - {name: web01, type: journald, groups: [web, eu]}\n "
                                                         " - {name: web02, type: journald, groups: [web]}\n"
                                                         "  - {name: new, type: journald, groups: [fresh]}\n";
  std::string page = looking.page("/findings?target=web01");
  CHECK(has(page, "of web01"));
  CHECK_FALSE(has(page, "of web02"));
  CHECK_FALSE(has(page, "of no target"));
  CHECK(has(page, "<option value=\"web01\" selected>web01</option>"));
  CHECK(has(page, "<option value=\"eu\">eu</option>"));
  CHECK(has(page, "/findings.csv?target=web01"));
  page = looking.page("/findings?group=web");
  CHECK(has(page, "of web01"));
  CHECK(has(page, "of web02"));
  CHECK_FALSE(has(page, "of no target"));
  CHECK_FALSE(has(page, "a target that is gone"));
  page = looking.page("/findings?target=old");
  CHECK(has(page, "a target that is gone"));
  CHECK(has(page, "<option value=\"old\" selected>old</option>"));
  page = looking.page("/findings?target=new&severity=high");
  CHECK(has(page, "Nothing matches this filter"));
  CHECK(has(page, "<a class=\"button\" href=\"/findings?severity=high\">Any target</a>"));
  CHECK(looking.file("/findings.json?group=eu").find("of web02") == std::string::npos);
  CHECK(looking.file("/findings.csv?group=eu").find("of web01") != std::string::npos);

  page = looking.page("/errors?target=web02");
  CHECK(has(page, "error in fleet:web02:app.log"));
  CHECK_FALSE(has(page, "error in fleet:web01"));
  page = looking.page("/errors?group=web&sort=count");
  CHECK(has(page, "error in fleet:web01"));
  CHECK(has(page, "error in fleet:web02"));
  CHECK_FALSE(has(page, "error in app.log"));
  CHECK(has(page, "href=\"/errors?group=web\">Last seen"));
  page = looking.page("/errors?target=new");
  CHECK(has(page, "Nothing matches this filter"));
  CHECK(has(page, ">Any target</a>"));
  CHECK_FALSE(has(looking.file("/errors.csv?target=web01"), "web02"));
  CHECK(has_status(looking.get("/findings?target=%3Cb%3E"), 400));
  std::ofstream(looking.scratch.file("targets.yaml")) << "targets: 7\n";
  CHECK(has(looking.page("/findings"), "of web01"));
  CHECK(has(body_of(looking.get("/findings?group=web")), "targets must be a list"));
  // Whoever sees some sites alone learns no target's name.
  std::ofstream(looking.scratch.file("targets.yaml")) << "targets: [{name: secret-host, type: journald}]\n";
  looking.who.all_sites = false;
  looking.who.sites = {"ent_a"};
  CHECK_FALSE(has(looking.page("/findings"), "secret-host"));
}

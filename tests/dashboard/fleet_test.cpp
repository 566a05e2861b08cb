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

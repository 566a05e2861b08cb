// targets.yaml: what is read, what is refused and where, what variables stand for, and what is never shown.
#include "fleet/targets.hpp"

#include <map>
#include "catch.hpp"

namespace logystera::fleet {
namespace {

constexpr const char* kOneOfEach = R"(# ours
targets:
  - {name: auth, type: file, path: [/var/log/auth.log, /var/log/syslog], groups: [web, prod]}
  - name: journal
    type: journald
    unit: sshd.service
  - name: containers
    type: docker
    label: app=web
    all: true
  - name: web01
    type: ssh
    host: web01.example
    user: ${SSH_USER}
    journald: true
    unit: nginx.service
    groups: [web, prod]
  - name: search
    type: opensearch
    host: search.example
    port: 9200
    username: reader
    password: ${SEARCH_PASSWORD}
  - name: prod-loki
    type: loki
    url: http://loki:3100
    query: '{namespace="prod"} |~ "end$"'
    token: ${LOKI_TOKEN}
    groups: prod
  - name: gray
    type: graylog
    url: https://graylog.example
    enabled: false
)";

Targets read(const std::string& text) {
  auto targets = parse(text, "t.yaml");
  INFO((targets ? std::string() : targets.error().message));
  REQUIRE(targets);
  return std::move(targets).value();
}

std::string refused(const std::string& text) {
  auto targets = parse(text, "t.yaml");
  REQUIRE(!targets);
  return targets.error().message;
}

Variables given(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
}

std::string one(const std::string& lines) { return "targets:\n  - name: a\n" + lines; }

TEST_CASE("a file with a target of each type is read as it stands") {
  const Targets targets = read(kOneOfEach);
  REQUIRE(targets.all.size() == 7);
  CHECK(targets.warnings.empty());
  CHECK(targets.all[0].texts("path") == std::vector<std::string>{"/var/log/auth.log", "/var/log/syslog"});
  CHECK(targets.all[0].groups == std::vector<std::string>{"web", "prod"});
  CHECK(targets.all[2].flag("all"));
  CHECK(targets.all[3].type == Type::ssh);
  CHECK(targets.all[3].place == "t.yaml:11:5");
  CHECK(targets.all[4].number("port") == 9200);
  CHECK(targets.all[5].text("token") == "${LOKI_TOKEN}");
  CHECK(targets.all[5].groups == std::vector<std::string>{"prod"});
  CHECK_FALSE(targets.all[6].enabled);
  CHECK(read("").all.empty());
  CHECK(read("targets:\n").all.empty());
  CHECK(read("targets: []\n").all.empty());
}

TEST_CASE("what is wrong is refused with its place and what to write") {
  using Catch::Matchers::Contains;
  CHECK_THAT(refused("- a\n"), Contains("t.yaml:1:1: must have a list of targets, as in targets:"));
  CHECK_THAT(refused("source: []\n"), Contains("list of targets"));
  CHECK_THAT(refused("targets: []\nother: 1\n"), Contains("t.yaml:2:1: unknown key other"));
  CHECK_THAT(refused("targets: {a: b}\n"), Contains("targets must be a list"));
  CHECK_THAT(refused("targets: [a]\n"), Contains("must be a map"));
  CHECK_THAT(refused("targets:\n  - type: file\n"), Contains("t.yaml:2:5: this target has no name"));
  CHECK_THAT(refused("targets: [{name: 'a b', type: file}]\n"), Contains("A-Z a-z 0-9"));
  CHECK_THAT(refused("targets: [{name: " + std::string(65, 'a') + ", type: file}]\n"), Contains("1 to 64"));
  CHECK_THAT(refused(one("    type: files\n")), Contains("file, journald, docker, ssh, opensearch, loki, graylog"));
  CHECK_THAT(refused(one("    path: /x\n")), Contains("the type of a must be one of"));
  CHECK_THAT(refused(one("    type: file\n    pathe: /x\n")),
             Contains("t.yaml:4:5: unknown key pathe: a target of type file has name, type, groups, enabled, path"));
  CHECK_THAT(refused(one("    type: file\n")), Contains("a has no path"));
  CHECK_THAT(refused(one("    type: file\n    path: []\n")), Contains("1 to 64 values"));
  CHECK_THAT(refused(one("    type: file\n    path: {a: b}\n")), Contains("a text or a list of texts"));
  CHECK_THAT(refused(one("    type: file\n    path: ''\n")), Contains("t.yaml:4:11"));
  CHECK_THAT(refused(one("    type: file\n    path: " + std::string(kValueBytesMost + 1, 'x') + "\n")),
             Contains("longer than 4096"));
  CHECK_THAT(refused(one("    type: file\n    path: /x\n    groups: [a/b]\n")), Contains("a group's name"));
  CHECK_THAT(refused(one("    type: file\n    path: /x\n    enabled: maybe\n")), Contains("enabled must be true or false"));
  CHECK_THAT(refused(one("    type: file\n    path: /x\n  - name: a\n    type: file\n    path: /y\n")),
             Contains("t.yaml:5:11: there is a target a above"));
  CHECK_THAT(refused(one("    type: ssh\n    host: h\n")), Contains("path, or journald: true"));
  CHECK_THAT(refused(one("    type: ssh\n    host: h\n    path: /x\n    journald: true\n")),
             Contains("path, or journald: true"));
  CHECK_THAT(refused(one("    type: ssh\n    host: h\n    path: /x\n    unit: u\n")), Contains("add journald: true"));
  CHECK_THAT(refused(one("    type: ssh\n    host: h\n    path: /x\n    port: 70000\n")),
             Contains("port must be a whole number from 1 to 65535"));
  CHECK_THAT(refused(one("    type: ssh\n    host: h\n    path: /x\n    port: 22x\n")), Contains("whole number"));
  CHECK_THAT(refused(one("    type: docker\n    all: yes\n")), Contains("all must be true or false"));
  CHECK_THAT(refused(one("    type: loki\n    url: loki:3100\n    query: x\n")), Contains("http:// or https://"));
  CHECK_THAT(refused(one("    type: loki\n    url: http://me:secret@loki\n    query: x\n")), Contains("keys of their own"));
  CHECK_THAT(refused(one("    type: loki\n    query: x\n    url: http://me:geheim@${HOST}\n")),
             Contains("keys of their own") && !Contains("geheim"));
  CHECK_THAT(refused(one("    type: opensearch\n    host: me:geheim@search\n")),
             Contains("keys of their own") && !Contains("geheim"));
  CHECK_THAT(refused(one("    type: loki\n    query: x\n    token: ${A}\n    username: me\n")), Contains("one of them"));
  CHECK_THAT(refused(one("    type: loki\n    query: x\n    password: ${A}\n")), Contains("no username"));
  CHECK_THAT(refused(one("    type: loki\n    query: x\n    token: ${1A}\n")), Contains("begins the name of a variable"));
  CHECK_THAT(refused(one("    type: loki\n    query: x\n    token: '${A'\n")), Contains("begins the name of a variable"));
  CHECK_THAT(refused(one("    type: loki\n    query: [a, b]\n")), Contains("query takes one value"));
  CHECK_THAT(refused("targets:\n  - &a {name: a, type: file, path: /x}\n  - *a\n"), Contains("there is a target a above"));
  std::string many = "targets:\n";
  for (std::size_t at = 0; at <= kTargetsMost; ++at)
    many += "  - {name: n" + std::to_string(at) + ", type: file, path: /x}\n";
  CHECK_THAT(refused(many), Contains("more than 1000 targets"));
}

TEST_CASE("variables are put in when a target is used, and their values are text whatever they hold") {
  const Targets targets =
      read(one("    type: loki\n    url: https://${HOST}:3100\n    query: '{a=\"$$x\"} |~ \"y$\"'\n    token: ${TOKEN}\n"));
  const auto resolved = resolve(targets.all[0], given({{"HOST", "loki.example"}, {"TOKEN", "a: b\n- ${HOST} # c"}}));
  REQUIRE(resolved);
  CHECK(resolved->text("url") == "https://loki.example:3100");
  CHECK(resolved->text("query") == "{a=\"$x\"} |~ \"y$\"");
  CHECK(resolved->text("token") == "a: b\n- ${HOST} # c");

  using Catch::Matchers::Contains;
  const auto missing = resolve(targets.all[0], given({{"HOST", "h"}}));
  REQUIRE(!missing);
  CHECK_THAT(missing.error().message, Contains("t.yaml:2:5: token of a needs the variable TOKEN, which is not set"));
  const auto empty = resolve(targets.all[0], given({{"HOST", "h"}, {"TOKEN", ""}}));
  REQUIRE(!empty);
  CHECK_THAT(empty.error().message, Contains("set to nothing"));
  const auto long_one = resolve(targets.all[0], given({{"HOST", "h"}, {"TOKEN", std::string(kValueBytesMost + 1, 's')}}));
  REQUIRE(!long_one);
  CHECK_THAT(long_one.error().message, Contains("longer than 4096 bytes") && !Contains("sss"));
  const auto user = resolve(targets.all[0], given({{"HOST", "me:geheim@h"}, {"TOKEN", "x"}}));
  REQUIRE(!user);
  CHECK_THAT(user.error().message, Contains("keys of their own") && !Contains("geheim"));
  const Targets port = read(one("    type: ssh\n    host: h\n    path: /x\n    port: ${PORT}\n"));
  CHECK_FALSE(resolve(port.all[0], given({{"PORT", "22; rm"}})));
  CHECK(resolve(port.all[0], given({{"PORT", "2222"}}))->number("port") == 2222);
}

TEST_CASE("a secret that stands in the file is warned of and never shown") {
  const Targets targets = read(one("    type: loki\n    query: x\n    token: geheim\n"));
  REQUIRE(targets.warnings.size() == 1);
  CHECK(targets.warnings[0].find("t.yaml:5:12: token of a stands in the file: write ${A_TOKEN}") == 0);
  CHECK(targets.warnings[0].find("geheim") == std::string::npos);
  for (const Type type : types())
    for (const Key& key : keys_of(type)) {
      CHECK(shown(key, "geheim") == (key.secret ? "(in the file)" : "geheim"));
      CHECK(shown(key, "${A}") == "${A}");
      CHECK(shown(key, "x${A}") == (key.secret ? "(in the file)" : "x${A}"));
    }
  CHECK(is_reference("${A}"));
  CHECK(is_reference("${A}${B_2}"));
  CHECK_FALSE(is_reference("${A}x"));
  CHECK_FALSE(is_reference("$$"));
  CHECK_FALSE(is_reference(""));
  CHECK(read(one("    type: loki\n    query: x\n    token: geheim${A}\n")).warnings.size() == 1);
  // What was pasted in the place of a variable's name.
  CHECK(is_usual_variable("PROD_LOKI_TOKEN"));
  CHECK(is_usual_variable("PATH"));  // it is set
  for (const char* pasted : {"ghp_16C7e42F292c6912E7710c838347Ae178B4a", "deadbeefdeadbeefdeadbeef", "AKIAIOSFODNN7EXAMPLE",
                             "A}B", "", "A_B}${C_D"})
    CHECK_FALSE(is_usual_variable(pasted));
}

TEST_CASE("targets are chosen by name and group; those that are not enabled never are") {
  const Targets targets = read(kOneOfEach);
  const auto names = [&](const std::vector<std::string>& by_name, const std::vector<std::string>& by_group) {
    std::string all;
    const auto chosen = select(targets, by_name, by_group);
    REQUIRE(chosen);
    for (const Target& target : chosen.value()) all += target.name + " ";
    return all;
  };
  CHECK(names({}, {}) == "auth journal containers web01 search prod-loki ");
  CHECK(names({"web01"}, {}) == "web01 ");
  CHECK(names({}, {"web"}) == "auth web01 ");
  CHECK(names({"journal"}, {"prod"}) == "auth journal web01 prod-loki ");
  CHECK(names({"gray"}, {}) == "");
  const auto unknown = select(targets, {"web02"}, {});
  REQUIRE(!unknown);
  CHECK(unknown.error().message ==
        "no target has the name web02: there are auth, containers, gray, journal, prod-loki, search, web01");
  CHECK_FALSE(select(targets, {}, {"test"}));
}

TEST_CASE("a target that is added stands behind the others, whatever its values are, and nothing else changes") {
  Target target;
  target.name = "new";
  target.type = Type::loki;
  target.groups = {"web", "1.0"};
  target.values = {
      {"query", {"{a=\"b\"} |= \"\\\\ \t: # ' \n- x: ${Y}\""}}, {"token", {"${THE_TOKEN}"}}, {"url", {"http://h"}}};
  const auto added = with(kOneOfEach, "t.yaml", target);
  INFO((added ? std::string() : added.error().message));
  REQUIRE(added);
  CHECK(added->starts_with(kOneOfEach));
  const Targets targets = read(added.value());
  REQUIRE(targets.all.size() == 8);
  CHECK(targets.all.back().groups == target.groups);
  CHECK(targets.all.back().text("query") == target.text("query"));
  CHECK(targets.all.back().text("token") == "${THE_TOKEN}");

  CHECK(read(with("", "t.yaml", target).value()).all.size() == 1);
  CHECK(read(with("# a note", "t.yaml", target).value()).all.size() == 1);
  CHECK(read(with("targets:\n", "t.yaml", target).value()).all.size() == 1);

  // However the list is indented, and where it is there and empty.
  for (const std::string indent : {"", " ", "  ", "    ", "        "}) {
    const std::string list =
        "# ours\ntargets:\n" + indent + "- name: a\n" + indent + "  type: file\n" + indent + "  path: /x\n";
    INFO(list);
    const auto more = with(list, "t.yaml", target);
    REQUIRE(more);
    CHECK(more->starts_with(list));
    CHECK(read(more.value()).all.size() == 2);
    CHECK(read(with(more.value(), "t.yaml",
                    [&] {
                      Target next = target;
                      next.name = "next";
                      return next;
                    }())
                   .value())
              .all.size() == 3);
  }
  for (const std::string empty : {"targets: []\n", "# a\ntargets:   [ ]  # none yet\n# behind\n", "targets: []"}) {
    INFO(empty);
    const auto first = with(empty, "t.yaml", target);
    REQUIRE(first);
    CHECK(read(first.value()).all.size() == 1);
    CHECK((empty.find("# none yet") == std::string::npos) == (first->find("# none yet") == std::string::npos));
    CHECK((empty.find("# behind") == std::string::npos) == (first->find("# behind") == std::string::npos));
  }

  using Catch::Matchers::Contains;
  target.name = "web01";
  auto refused_one = with(kOneOfEach, "t.yaml", target);
  REQUIRE(!refused_one);
  CHECK_THAT(refused_one.error().message, Contains("there is a target web01 already"));
  target.name = "new";
  refused_one = with("targets: [{name: a, type: file, path: /x}]\n", "t.yaml", target);
  REQUIRE(!refused_one);
  CHECK_THAT(refused_one.error().message, Contains("nothing can be added at its end"));
  target.values[1].second = {"geheim"};
  refused_one = with("", "t.yaml", target);
  REQUIRE(!refused_one);
  CHECK_THAT(refused_one.error().message, Contains("token: write the name of a variable") && !Contains("geheim"));
  target.values = {};
  refused_one = with("", "t.yaml", target);
  REQUIRE(!refused_one);
  CHECK_THAT(refused_one.error().message, Contains("new has no query"));
}

}  // namespace
}  // namespace logystera::fleet

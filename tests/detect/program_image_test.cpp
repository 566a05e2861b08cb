// Images: what is in them, and that no bytes whatever make an engine that reads beyond its tables.
#include "detect/program_image.hpp"

#include <algorithm>
#include <random>

#include "catch.hpp"
#include "detect/loader.hpp"
#include "detect/windows.hpp"
#include "read_back.hpp"
#include "record_maker.hpp"

using namespace logystera;
using namespace logystera::detect;
using logystera::test::image_of;

namespace {

constexpr const char* kRules = R"(
id: EVERY_TEST
title: Of each kind of test one
level: high
tags: [attack.t1110, probe]
detection:
  condition: any
  match:
    - {field: message, op: contains, value: whoami}
    - {field: url, op: regex, value: '/a[0-9]{3}b'}
    - {field: status, op: gte, value: 500}
    - {field: client_ip, op: cidr, value: 203.0.113.0/24}
---
id: COUNTED
title: Counted
level: low
tags: [operations]
detection: {match: [{field: user, op: exists, value: true}]}
window: {group_by: [user], count: {gte: 2}, span: 60s}
---
title: Sigma
id: 3f2a8a6e-0b0a-4b5b-9d5e-8b1f5a3a0c11
author: somebody
logsource: {product: windows, category: process_creation}
detection:
  a: {CommandLine|contains|all: ['one', 'two*three'], Image|endswith: '\x.exe'}
  b: {ParentImage|fieldref: Image}
  c: ['keyword', 'other']
  condition: (a and not b) or 1 of c
---
title: refused
id: 4f2a8a6e-0b0a-4b5b-9d5e-8b1f5a3a0c12
logsource: {product: windows}
detection: {a: {B: '%unknown%', C|expand: '%unknown%'}, condition: a}
)";

constexpr const char* kRecords[] = {
    "{kind: text, message: 'whoami', user: bob, status: 200}",
    "{kind: web_access, message: m, url: '/a123b', user: bob, status: 503, client_ip: 203.0.113.9}",
    "{kind: windows_event, Channel: Microsoft-Windows-Sysmon/Operational, EventID: 1, CommandLine: 'one two x three', "
    "Image: 'C:\\x.exe', ParentImage: 'C:\\y.exe', list: [keyword, null, 3]}",
};

RuleSet rules() { return test::rules_of(kRules); }

// Runs everything an engine can be asked.
void use(const Engine& engine, const RuleSet& set, FieldNames& names) {
  Session session(engine);
  session.declare({"windows", "", ""});
  Windows windows(set, names, {.cells = 100, .key = "test"});
  std::vector<Match> matches;
  for (const char* map : kRecords) {
    RecordBatch batch;
    test::add_record(map, names, batch);
    windows.feed(batch.records[0], session.match(batch.records[0]), matches);
  }
  windows.finish(matches);
}

}  // namespace

TEST_CASE("an_image_holds_what_findings_show_and_what_was_refused") {
  const RuleSet set = rules();
  REQUIRE(set.refused() == 1);
  FieldNames names;
  auto engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  FieldNames others;  // numbered otherwise
  others.add("something");
  const test::ReadBack kept(engine.value(), others);
  REQUIRE(kept.rules.rules.size() == set.rules.size());
  for (std::size_t i = 0; i < set.rules.size(); ++i) {
    CHECK(kept.rules.rules[i].id == set.rules[i].id);
    CHECK(kept.rules.rules[i].title == set.rules[i].title);
    CHECK(kept.rules.rules[i].author == set.rules[i].author);
    for (const std::string_view tag : {kOperationsTag, kProbeTag}) {
      const auto tagged = [tag](const Rule& rule) {
        return std::find(rule.tags.begin(), rule.tags.end(), tag) != rule.tags.end();
      };
      CHECK(tagged(kept.rules.rules[i]) == tagged(set.rules[i]));
    }
    CHECK(kept.rules.rules[i].pack == set.rules[i].pack);
    CHECK(kept.rules.rules[i].at.line == set.rules[i].at.line);
    CHECK(kept.rules.rules[i].level == set.rules[i].level);
    CHECK(kept.rules.rules[i].dialect == set.rules[i].dialect);
    CHECK(kept.rules.rules[i].silent == set.rules[i].silent);
    CHECK(kept.rules.rules[i].is_window() == set.rules[i].is_window());
  }
  CHECK(kept.rules.met() == set.documents.size());
  CHECK(kept.rules.refused() == 1);
  REQUIRE(kept.rules.documents.size() == 1);
  const DocumentReport& report = kept.rules.documents[0];
  CHECK(report.file == "test.yml");
  CHECK(yaml::describe(report.file, report.problems.at(0)) ==
        yaml::describe(set.documents.back().file, set.documents.back().problems.at(0)));
  const EngineStats &now = kept.engine->stats(), &before = engine->stats();
  CHECK(now.detections == before.detections);
  CHECK(now.tests == before.tests);
  CHECK(now.scopes == before.scopes);
  CHECK(now.guarded == before.guarded);
  CHECK(now.literals == before.literals);
  // Written once more, it is the same.
  CHECK(write_image(*kept.engine) == write_image(engine.value()));
  use(*kept.engine, kept.rules, others);
}

TEST_CASE("alerts_of_an_images_rules_have_the_groups_that_alerts_of_compiled_ones_have") {
  const RuleSet set = test::rules_of(R"(
id: GRANTED
title: Granted
level: high
applies_to: {kind: signal, event_type: [user.role_changed]}
detection: {match: [{field: event_type, op: equals, value: user.role_changed}]}
alert: {group_by: [uid]}
)");
  REQUIRE(set.rules.size() == 1);
  FieldNames names, others;
  auto engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  const test::ReadBack kept(engine.value(), others);
  const auto groups = [](const Engine& its, const RuleSet& rules_of_it, FieldNames& its_names) {
    Session session(its);
    Windows windows(rules_of_it, its_names, {.key = "test"});
    std::vector<Match> matches;
    for (const char* uid : {"a", "b", "a"}) {
      RecordBatch batch;
      test::add_record(std::string("{kind: signal, event_type: user.role_changed, uid: ") + uid + "}", its_names, batch);
      windows.feed(batch.records[0], session.match(batch.records[0]), matches);
    }
    std::vector<std::uint64_t> found;
    for (const Match& match : matches) found.push_back(match.group);
    return found;
  };
  const auto compiled = groups(engine.value(), set, names);
  REQUIRE(compiled.size() == 3);
  CHECK(compiled[0] != 0);
  CHECK(compiled[0] == compiled[2]);
  CHECK(compiled[0] != compiled[1]);
  CHECK(groups(*kept.engine, kept.rules, others) == compiled);
}

TEST_CASE("an_image_that_is_cut_anywhere_is_refused") {
  const RuleSet set = rules();
  FieldNames names;
  auto engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  const std::string image = write_image(engine.value());
  for (std::size_t size = 0; size < image.size(); ++size) {
    RuleSet read;
    FieldNames fresh;
    CHECK_FALSE(read_image(image_of(image.substr(0, size)), fresh, read).ok());
  }
  RuleSet read;
  CHECK_FALSE(read_image(image_of(image + "x"), names, read).ok());
  CHECK(read_image(image_of("something else entirely"), names, read).error().message == "it is no image of rules");
}

TEST_CASE("whatever_byte_of_an_image_is_another_it_is_refused_or_makes_an_engine_that_can_be_used") {
  const RuleSet set = rules();
  FieldNames names;
  auto engine = Engine::compile(set, names);
  REQUIRE(engine.ok());
  const std::string image = write_image(engine.value());
  std::mt19937 random(20261121);
  std::size_t refused = 0, used = 0;
  for (std::size_t at = 0; at < image.size(); ++at) {
    for (const char other : {'\0', '\x01', '\x7F', '\xFF', static_cast<char>(random())}) {
      std::string damaged = image;
      damaged[at] = static_cast<char>(other == '\x01' ? damaged[at] + 1 : other);
      RuleSet read;
      FieldNames fresh;
      auto made = read_image(image_of(damaged), fresh, read);
      if (!made) {
        CHECK_FALSE(made.error().message.empty());
        ++refused;
        continue;
      }
      use(made.value(), read, fresh);
      ++used;
    }
  }
  CHECK(refused > image.size());  // most of it is numbers that point somewhere
  CHECK(used > 0);
}

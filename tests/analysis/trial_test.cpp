// What comes of lines that are tried against a rule.
#include "analysis/trial.hpp"

#include <algorithm>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::analysis;

namespace {

std::shared_ptr<const Program> program() {
  static const std::shared_ptr<const Program> made = [] {
    ProgramNotes notes;
    ProgramOptions options;
    options.rule_cache = false;
    options.salt = "a salt of sixteen bytes";
    return std::move(Program::make(options, notes)).value();
  }();
  return made;
}

std::uint32_t rule_of(const std::string& id) {
  const auto& rules = program()->rules().rules;
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const detect::Rule& one) { return one.id == id; });
  REQUIRE(found != rules.end());
  return static_cast<std::uint32_t>(found - rules.begin());
}

Trial tried(const std::string& rule, const std::string& lines, const std::string& format = "") {
  auto trial = try_rule(*program(), rule_of(rule), lines, format);
  REQUIRE(trial.ok());
  return std::move(trial).value();
}

std::string failures(unsigned count) {
  std::string lines;
  for (unsigned i = 0; i < count; ++i) {
    lines += "Mar 22 20:34:0" + std::to_string(i) + " web sshd[" + std::to_string(100 + i) +
             "]: Failed password for root from 203.0.113.9 port 22 ssh2\n";
  }
  return lines;
}

constexpr const char* kRule = R"(id: MINE
title: Mine
level: high
applies_to: {kind: web_access}
detection:
  match:
    - {field: method, op: equals, value: BREW}
)";

}  // namespace

TEST_CASE("a_rule_that_fires_says_on_what_and_shows_no_personal_data") {
  const Trial trial = tried("SSH_BRUTE_FORCE", failures(9));
  CHECK(trial.fires);
  CHECK(trial.why.empty());
  CHECK(trial.records == 9);
  CHECK(trial.looked_at == 9);
  CHECK(trial.hits == 9);
  REQUIRE(trial.findings.size() == 1);
  REQUIRE(trial.sampled.size() == 9);
  const TriedRecord& record = trial.sampled[0];
  CHECK(record.kind == "auth");
  CHECK(record.line == 1);
  CHECK(record.hit);
  CHECK_FALSE(record.conditions.empty());
  CHECK(record.conditions[0].holds);
  CHECK(record.message.find("203.0.113.9") == std::string::npos);
  const auto address = std::find_if(record.fields.begin(), record.fields.end(),
                                    [](const TriedRecord::Field& one) { return one.name == "client_ip"; });
  REQUIRE(address != record.fields.end());
  CHECK(address->value.starts_with("ip_"));
  CHECK(trial.findings[0].message.find("203.0.113.9") == std::string::npos);
}

TEST_CASE("a_rule_that_does_not_fire_says_why_not") {
  const Trial few = tried("SSH_BRUTE_FORCE", failures(2));
  CHECK_FALSE(few.fires);
  CHECK(few.why.starts_with("2 of 2 lines count, and that is not enough: attempts to log in: at least "));
  const Trial other =
      tried("SSH_BRUTE_FORCE", "Mar 22 20:34:00 web sshd[1]: Accepted publickey for anna from 203.0.113.9 port 22\n");
  CHECK(other.why == "it looks at 1 of 1 line, and its condition holds for none");
  REQUIRE(other.sampled.size() == 1);
  CHECK(other.sampled[0].looked_at);
  CHECK_FALSE(other.sampled[0].hit);
  CHECK(std::any_of(other.sampled[0].conditions.begin(), other.sampled[0].conditions.end(),
                    [](const TriedCondition& one) { return !one.holds; }));
  const Trial elsewhere =
      tried("SSH_BRUTE_FORCE", "203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"\n");
  CHECK(elsewhere.why == "it looks at kind auth; program sshd, dropbear; these lines were read as kind web_access");
  CHECK(elsewhere.sampled[0].conditions.empty());
  CHECK(tried("SSH_BRUTE_FORCE", "").why == "there is no line to look at");
}

TEST_CASE("a_signal_is_tried_as_sites_send_it") {
  const Trial trial = tried(
      "SIGNAL_ADMIN_ROLE_GRANTED",
      R"({"event_type":"user.role_changed","created_at":1774211679,"timestamp":1774211679,"event_id":"00000000-0000-4000-8000-000000000001","labels":{"uid":"8f","roles_added":["administrator"],"actor_uid":"1c"}})");
  CHECK(trial.fires);
  CHECK(trial.sampled.at(0).kind == "signal");
}

TEST_CASE("what_may_not_be_tried_is_refused") {
  CHECK(try_rule(*program(), 0, "x\n", "no_such_format").error().kind == ErrorKind::not_found);
  CHECK(try_rule(*program(), 0, std::string(kTrialBytes + 1, 'x'), "").error().kind == ErrorKind::invalid);
  CHECK(tried("SSH_BRUTE_FORCE", std::string(kTrialBytes, 'x')).records == 1);
}

TEST_CASE("a_draft_is_loaded_sampled_and_tried") {
  const std::string line = "203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"BREW /pot HTTP/1.1\" 418 5 \"-\" \"-\"\n";
  auto draft =
      check_draft(*program(), std::string(kRule) + "samples:\n  match: [{kind: web_access, method: BREW}]\n", line, "");
  REQUIRE(draft.ok());
  for (const auto& document : draft->documents)
    for (const auto& problem : document.problems) UNSCOPED_INFO(problem.message);
  CHECK(draft->sound());
  CHECK(draft->samples == 1);
  REQUIRE(draft->tried.size() == 1);
  CHECK(draft->tried[0].rule == "MINE");
  CHECK(draft->tried[0].trial.fires);
  auto wrong =
      check_draft(*program(), std::string(kRule) + "samples:\n  match: [{kind: web_access, method: GET}]\n", "", "");
  REQUIRE(wrong.ok());
  CHECK_FALSE(wrong->sound());
  CHECK(wrong->failures.size() == 1);
  CHECK(wrong->tried.empty());
}

TEST_CASE("a_draft_of_an_empty_beginning_is_any_text") {
  auto draft =
      check_draft(*program(),
                  "title: T\nid: 0b9f7a1c-6f0e-4b52-9d0e-3f6a7c1d2e4f\nlevel: low\nlogsource: {category: webserver}\n"
                  "detection:\n  sel: {cs-method|startswith: ''}\n  condition: sel\n",
                  "203.0.113.9 - - [22/Mar/2026:20:34:00 +0000] \"BREW /pot HTTP/1.1\" 418 5 \"-\" \"-\"\n", "");
  REQUIRE(draft.ok());
  REQUIRE(draft->tried.size() == 1);
  CHECK(draft->tried[0].trial.fires);
}

TEST_CASE("a_draft_that_is_none_says_where") {
  for (const char* text : {"", "id: [", "- a\n- b\n", "id: X\nwhen: 7\n", "\xff\xfe", "a: &a [*a]\n"}) {
    INFO(text);
    auto draft = check_draft(*program(), text, "", "");
    REQUIRE(draft.ok());
    CHECK_FALSE(draft->sound());
  }
  auto many = check_draft(*program(),
                          std::string(kRule) +
                              "samples:\n  match: [{events: [{kind: web_access, method: BREW}, {method: BREW}, {method: "
                              "BREW}], repeat: 100000}]\n",
                          "", "");
  REQUIRE(many.ok());
  CHECK_FALSE(many->samples_problem.empty());
  CHECK(many->samples == 0);
}

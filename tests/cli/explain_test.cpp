// `rules explain` as a user runs it.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

Finished explain(const Arguments& more) {
  Arguments all{"rules", "explain"};
  all.insert(all.end(), more.begin(), more.end());
  return run(all, {{{"TZ", "UTC"}}, RLIM_INFINITY, 0});
}

const std::string kRule = "tests/data/explain_own_rule.yml";  // and what is said about it, in explain_own_rule.txt

}  // namespace

TEST_CASE("rules_explain_prints_what_a_window_counts_and_what_that_is_looked_for_by") {
  const Finished done = explain({"OWN_RULE", "--rules-dir", kRule, "--no-builtin"});
  CHECK(done.code == 0);
  CHECK(done.err.empty());
  const std::string expected = read_whole("tests/data/explain_own_rule.txt");
  CHECK(done.out == expected);
}

TEST_CASE("rules_explain_gives_the_same_as_one_json_object") {
  const Finished done = explain({"OWN_RULE", "--rules-dir", kRule, "--no-builtin", "--json"});
  CHECK(done.code == 0);
  CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 1);
  for (const char* part :
       {R"("id":"OWN_RULE")", R"("window":{"kind":"distinct","span_seconds":90.0)", R"("group_by":["client_ip"])",
        R"("bounds":[{"compare":"gte","number":3.0)", R"({"field":"path","anchor":"start","text":"/backup"})",
        R"("operation":"starts with","value":"/backup","cased":false,"indexed":true)",
        R"("kind":"not","children":[{"kind":"test")"})
    CHECK(has(done.out, part));
}

TEST_CASE("rules_explain_takes_rules_built_in_and_sigma_s_by_id_and_by_name") {
  CHECK(has(explain({"SSH_BRUTE_FORCE"}).out, "SSH_BRUTE_FORCE"));
  const Scratch scratch;
  write(
      scratch.file("sigma.yml"),
      "title: S\nid: 11111111-2222-3333-4444-555555555555\nname: traversal\nlogsource: {category: webserver}\ndetection:\n"
      "  sel: {cs-uri-query|contains: '../'}\n  condition: sel\nlevel: high\n");
  for (const char* id : {"11111111-2222-3333-4444-555555555555", "traversal"}) {
    const Finished done = explain({id, "--sigma", scratch.file("sigma.yml")});
    CHECK(done.code == 0);
    CHECK(has(done.out, "severity high, Sigma, "));
    CHECK(has(done.out, "contains \"../\""));
  }
}

TEST_CASE("rules_explain_names_the_rules_most_like_one_there_is_not") {
  const Finished wrong = explain({"SSH_BRUTEFORCE"});
  CHECK(wrong.code == 2);
  CHECK(wrong.out.empty());
  CHECK(has(wrong.err, "rules explain: there is no rule 'SSH_BRUTEFORCE'; similar: SSH_BRUTE_FORCE"));
  CHECK(has(wrong.err, "'logystera rules list' lists them"));
  CHECK(has(explain({"brute_force"}).err, "SSH_BRUTE_FORCE"));
  const Finished nothing = explain({"zzzzzzzzzzzzzzzz"});
  CHECK(nothing.code == 2);
  CHECK_FALSE(has(nothing.err, "like it"));
  CHECK(explain({}).code == 2);
  CHECK(explain({std::string(100'000, 'a')}).code == 2);
}

TEST_CASE("rules_explain_stays_within_80_columns_and_shows_nothing_a_terminal_obeys") {
  const Scratch scratch;
  write(scratch.file("own.yml"),
        "id: R\ntitle: \"a\\e[2Jb " + std::string(300, 'x') +
            "\"\nlevel: low\ndetection:\n  match:\n    - {field: message, op: contains, value: \"" + std::string(300, 'y') +
            "\\e]0;z\\a\"}\n");
  const Finished done = explain({"R", "--rules-dir", scratch.file("own.yml")});
  CHECK(done.code == 0);
  CHECK(done.out.find('\x1b') == std::string::npos);
  CHECK(done.out.find('\a') == std::string::npos);
  std::size_t longest = 0, begin = 0;
  for (std::size_t i = 0; i < done.out.size(); ++i)
    if (done.out[i] == '\n') longest = std::max(longest, i - std::exchange(begin, i + 1));
  CHECK(longest <= 80);
}

TEST_CASE("rules_explain_says_what_an_alert_of_a_rule_means_and_what_ends_it") {
  const Finished absent = explain({"SIGNAL_CRON_NOT_RUNNING"});
  CHECK(absent.code == 0);
  for (const char* part :
       {"no cron.run for 3 times the usual pause, at least 3 h", "condition, resolved after 5 min; recommended",
        "What it means", "Why it matters", "What to do", "When it is harmless"}) {
    INFO(part);
    CHECK(has(absent.out, part));
  }
  const Finished cleared = explain({"SIGNAL_CRON_FAILING"});
  CHECK(has(cleared.out, "The condition is over with"));
  CHECK(has(cleared.out, "success is true"));
  const Finished seen = explain({"SIGNAL_ADMIN_LOGIN_NEW_NETWORK"});
  CHECK(has(seen.out, "uid, client_network: not seen within 90 d, once the site has been watched for"));
  CHECK(has(seen.out, "one for each uid"));
  const Finished json = explain({"SIGNAL_CRON_NOT_RUNNING", "--json"});
  CHECK(has(json.out, R"("alert":{"kind":"condition")"));
  CHECK(has(json.out, R"("absence":"no cron.run)"));
}

TEST_CASE("a_rule_is_shown_as_one_can_be_written_and_loads_again") {
  const Scratch scratch;
  const Finished shown = run({"rules", "show", "SSH_BRUTE_FORCE"});
  CHECK(shown.code == 0);
  CHECK(shown.out.rfind("# ", 0) == 0);
  CHECK(has(shown.out, "\nid: 'SSH_BRUTE_FORCE'\n"));
  write(scratch.file("own.yml"), shown.out);
  CHECK(has(run({"rules", "validate", scratch.file("own.yml")}).err, "1 of 1 documents loaded"));
  const Finished json = run({"rules", "show", "SSH_BRUTE_FORCE", "--json"});
  CHECK(has(json.out, "\"id\":\"SSH_BRUTE_FORCE\""));
  CHECK(has(json.out, "\"yaml\":\"id: 'SSH_BRUTE_FORCE'"));
  const Finished none = run({"rules", "show", "SSH_BRUTE_FORC"});
  CHECK(none.code == 2);
  CHECK(has(none.err, "similar: SSH_BRUTE_FORCE"));
}

TEST_CASE("placeholders_among_rules_are_no_rule_and_a_rule_called_so_is_one") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.file("rules"));
  write(scratch.file("rules/one.yml"),
        "id: ONE\ntitle: One\nlevel: high\ndetection: {match: [{field: message, op: contains, value: one}]}\n");
  write(scratch.file("rules/placeholders.yml"), "Administrators: [root, admin]\nServers: []\nOne: web1\n");
  CHECK(has(run({"rules", "validate", scratch.file("rules")}).err, "1 of 1 documents loaded, 0 refused"));
  CHECK(run({"rules", "test", scratch.file("rules")}).code == 0);
  // What is a rule is loaded, or refused with words, whatever its file is called.
  write(scratch.file("rules/placeholders.yml"),
        "id: TWO\ntitle: Two\nlevel: high\ndetection: {match: [{field: message, op: contains, value: two}]}\n");
  CHECK(has(run({"rules", "validate", scratch.file("rules")}).err, "2 of 2 documents loaded"));
  write(scratch.file("rules/placeholders.yml"), "title: [Two]\ndetectoin: []\n");
  CHECK(run({"rules", "validate", scratch.file("rules")}).code == 1);
}

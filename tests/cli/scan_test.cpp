// `scan`, `rules` and `formats` as a user runs them.
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

const Running::Setting kSalted{{{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}}, RLIM_INFINITY, 0};
const std::string kSample = "tests/data/auth.log";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A copy whose change time says which year its lines are of.
std::string sample_of_2026(const Scratch& scratch) {
  const std::string path = scratch.file("auth.log");
  std::filesystem::copy_file(kSample, path);
  timespec times[2] = {{1'779'100'000, 0}, {1'779'100'000, 0}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  return path;
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

}  // namespace

TEST_CASE("scan_shows_source_format_events_findings_and_pseudonyms") {
  const Scratch scratch;
  const std::string path = sample_of_2026(scratch);
  const Finished finished = run({"scan", path, "--no-progress"}, kSalted);
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  const std::string rule(60, '-');
  const std::string listed =
      rule + "\nSource   : " + path +
      "\nFormat   : auth_log\nEvents   : 7\nPII hits : 5 (mode: redact)\nFindings : 1 (1 low)\n" + rule +
      "\n\nEvents (7 of 7):\n"
      "[ 1] 2026-05-18 10:00:01 INFO     Accepted publickey for admin from ip_5ca5b10c port 52341 ssh2\n"
      "[ 2] 2026-05-18 10:00:15 WARNING  Failed password for invalid user guest from ip_e9a97e29 port 22 ssh2\n"
      "[ 3] 2026-05-18 10:00:16 WARNING  Failed password for invalid user guest from ip_e9a97e29 port 22 ssh2\n"
      "[ 4] 2026-05-18 10:00:17 WARNING  Failed password for invalid user guest from ip_e9a97e29 port 22 ssh2\n"
      "[ 5] 2026-05-18 10:01:00 INFO     admin : TTY=pts/0 ; PWD=/home/admin ; USER=root ; COMMAND=/bin/systemctl "
      "restart nginx\n"
      "[ 6] 2026-05-18 10:01:30 INFO     new user: name=deploy, UID=1002, GID=1002, home=/home/deploy, "
      "shell=/bin/bash\n"
      "[ 7] 2026-05-18 10:02:00 INFO     Disconnected from ip_5ca5b10c port 52341\n"
      "\nFindings (1):\n"
      "[LOW]      2026-05-18 10:01:00 SUDO_COMMAND Sudo Command to Root: admin : TTY=pts/0 ; PWD=/home/admin ; "
      "USER=root ; COMMAND=/bin/systemctl restart nginx  (" +
      path + ":5)\n";
  CHECK(finished.out.substr(0, listed.size()) == listed);
  CHECK(finished.out.substr(std::min(listed.size(), finished.out.size()))
            .starts_with("\nRead: " + path + " (auth_log), 7 events, "));
  CHECK(has(finished.out, "\n  LOW      SUDO_COMMAND: admin, once, "));
}

TEST_CASE("scan_masks_counts_only_or_refuses_another_mode") {
  const Finished masked = run({"scan", kSample, "--redact", "mask"}, kSalted);
  CHECK(has(masked.out, "from <ip> port 52341"));
  CHECK(has(masked.out, "(mode: mask)"));
  CHECK_FALSE(has(masked.out, "203.0.113.50"));
  const Finished dry = run({"scan", kSample, "--redact", "dry-run"}, kSalted);
  CHECK(has(dry.out, "from 203.0.113.50 port 52341"));
  CHECK(has(dry.out, "PII hits : 5 (mode: dry-run)"));
  const Finished wrong = run({"scan", kSample, "--redact", "hide"}, kSalted);
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "--redact hide: write redact, mask or dry-run"));
}

TEST_CASE("scan_shows_as_many_events_as_asked_for") {
  const Scratch scratch;
  std::string text;
  for (int i = 0; i < 100; ++i) text += "2026-05-18 10:00:00 line " + std::to_string(i) + "\n";
  write(scratch.file("a.log"), text);
  const Finished standard = run({"scan", scratch.file("a.log")}, kSalted);
  CHECK(has(standard.out, "Events (50 of 100):"));
  CHECK(has(standard.out, "[50] 2026-05-18 10:00:00 INFO     line 49"));
  CHECK_FALSE(has(standard.out, "line 50"));
  const Finished all = run({"scan", scratch.file("a.log"), "--all", "-n", "1"}, kSalted);
  CHECK(has(all.out, "Events (100 of 100):"));
  CHECK(has(all.out, "line 99"));
  const Finished none = run({"scan", scratch.file("a.log"), "-n", "0"}, kSalted);
  CHECK_FALSE(has(none.out, "line"));
}

TEST_CASE("scan_prints_one_json_document_or_one_object_a_line") {
  const Scratch scratch;
  const std::string path = sample_of_2026(scratch);
  const Finished document = run({"scan", path, "--json", "-n", "1"}, kSalted);
  CHECK(lines_of(document.out) == 1);
  CHECK(has(document.out, "{\"summary\":{\"sources\":1,\"failed\":0,\"events\":7,"));
  CHECK(has(document.out, "\"pii\":{\"ip\":5}"));
  CHECK(has(document.out,
            "\"events\":[{\"number\":1,\"time\":\"2026-05-18T10:00:01Z\",\"severity\":\"INFO\",\"kind\":\"auth\""));
  CHECK(has(document.out, "\"client_ip\":\"ip_5ca5b10c\",\"client_port\":52341"));
  CHECK(has(document.out, "\"findings\":[{\"rule\":\"SUDO_COMMAND\""));
  CHECK(
      has(document.out,
          "\"actor\":{\"address\":null,\"account\":\"admin\"},\"target\":\"/bin/systemctl restart nginx\",\"status\":null,"
          "\"outcome\":null"));
  const Finished lines = run({"scan", path, "--ndjson"}, kSalted);
  CHECK(lines_of(lines.out) == 7 + 1 + 1 + 1 + 1);  // events, finding, source, episode, summary
  CHECK(lines.out.starts_with("{\"event\":{\"number\":1,"));
}

TEST_CASE("scan_says_what_a_source_is_taken_for_and_stops") {
  const Finished finished = run({"scan", kSample, "--format-only"}, kSalted);
  CHECK(finished.code == 0);
  CHECK(has(finished.out, "Format     : auth_log (authentication log (auth.log, secure))\nConfidence : 95 %\n"));
  CHECK_FALSE(has(finished.out, "Accepted"));
}

TEST_CASE("scan_runs_rules_of_one_s_own_or_none") {
  const Scratch scratch;
  write(scratch.file("mine.yml"),
        "id: MY_USER\ntitle: A new user\nlevel: critical\ndetection:\n  match:\n    - {field: message, op: startswith, "
        "value: 'new user'}\n");
  const Finished own = run({"scan", "--rules-dir", scratch.file("mine.yml"), kSample}, kSalted);
  CHECK(has(own.out, "Findings : 2 (1 critical, 1 low)"));
  CHECK(has(own.out, "[CRITICAL] "));
  const Finished failing = run({"scan", kSample, "--rules-dir", scratch.file("mine.yml"), "--fail-on", "high"}, kSalted);
  CHECK(failing.code == 1);
  const Finished severe =
      run({"scan", kSample, "--rules-dir", scratch.file("mine.yml"), "--min-severity", "high"}, kSalted);
  CHECK(has(severe.out, "Findings : 1 (1 critical)"));
  const Finished none = run({"scan", kSample, "--no-rules"}, kSalted);
  CHECK(has(none.out, "Findings : rules are off"));
  write(scratch.file("mine.yml"),
        "id: BAD\ntitle: Bad\nlevel: severe\ndetection: {match: [{field: message, op: contains, value: x}]}\n");
  const Finished refused = run({"scan", kSample, "--rules-dir", scratch.file("mine.yml")}, kSalted);
  CHECK(refused.code == 0);
  CHECK(has(refused.err, "rule documents were refused"));
}

TEST_CASE("scan_reads_sigma_rules_and_keeps_their_author") {
  const Scratch scratch;
  write(scratch.file("sigma.yml"),
        "title: Sigma Accepted\nid: 7e8dff5f-31c2-4a60-9ef7-6f0ca0a31d7e\nauthor: A. Writer\nlogsource: {product: linux, "
        "service: sshd}\n"
        "detection:\n  keywords: ['Accepted publickey']\n  condition: keywords\nlevel: high\n");
  const Finished finished = run({"scan", "--sigma", scratch.file("sigma.yml"), kSample, "--json", "-n", "0"}, kSalted);
  CHECK(finished.code == 0);
  CHECK(has(finished.out, "\"title\":\"Sigma Accepted\",\"severity\":\"high\""));
  CHECK(has(finished.out, "\"author\":\"A. Writer\""));
}

TEST_CASE("scan_keeps_what_it_could_read_of_a_broken_source") {
  const Scratch scratch;
  write(scratch.file("broken.gz"), std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10) + "garbage");
  const Finished finished = run({"scan", scratch.file("broken.gz"), kSample}, kSalted);
  CHECK(finished.code == 2);
  CHECK(has(finished.err, "broken.gz"));
  CHECK(has(finished.out, "Events   : 7"));
  const Finished missing = run({"scan", scratch.file("nothing.log")}, kSalted);
  CHECK(missing.code == 2);
  CHECK(has(missing.err, "nothing.log: No such file or directory"));
}

TEST_CASE("scan_counts_lines_that_fit_no_format_and_keeps_them") {
  const Scratch scratch;
  write(scratch.file("auth.log"), read_whole(kSample) + "?? this is no line of such a log\n");
  const Finished finished = run({"scan", scratch.file("auth.log")}, kSalted);
  CHECK(has(finished.out, "Unparsed : 1 (kept as plain text)"));
  CHECK(has(finished.out, "?? this is no line of such a log"));
}

TEST_CASE("windows_events_in_json_lines_reach_the_rules_for_windows_events") {
  const Scratch scratch;
  write(scratch.file("events.json"),
        "{\"level\":\"info\",\"msg\":\"another program's line\"}\n"
        "{\"EventID\":4625,\"Channel\":\"Security\",\"TargetUserName\":\"admin\"}\n"
        "{\"Event\":{\"System\":{\"Provider\":{\"#attributes\":{\"Name\":\"Microsoft-Windows-Security-Auditing\"}},"
        "\"EventID\":4720,\"Channel\":\"Security\"},\"EventData\":{\"TargetUserName\":\"helper\"}}}\n"
        "{\"winlog\":{\"event_id\":\"1102\",\"channel\":\"Security\",\"provider_name\":\"Microsoft-Windows-Eventlog\"}}\n"
        "{\"EventID\":4625}\n");
  const Finished finished = run({"scan", scratch.file("events.json"), "--ndjson"}, kSalted);
  CHECK(has(finished.out, "\"findings_by_rule\":{\"WIN_ACCOUNT_CREATED\":1,\"WIN_FAILED_LOGON\":1,\"WIN_LOG_CLEARED\":1}"));
  CHECK(has(finished.out, "\"EventID\":4720,\"Channel\":\"Security\",\"TargetUserName\":\"helper\"}"));
}

TEST_CASE("nothing_is_stored_without_being_asked_for_and_no_address_ever") {
  const Scratch scratch;
  const std::string store = "sqlite:" + scratch.file("a.db");
  CHECK(run({"scan", kSample, "--store", store}, kSalted).code == 0);
  CHECK_FALSE(std::filesystem::exists(scratch.file("a.db")));

  std::string text;
  for (int i = 0; i < 6; ++i)
    text +=
        "May 18 10:00:0" + std::to_string(i) + " web1 sshd[12]: Failed password for root from 198.51.100.23 port 22 ssh2\n";
  write(scratch.file("auth.log"), text);
  write(scratch.file("app.log"), "2026-05-18 10:00:09 ERROR cannot reach 198.51.100.24 after 3 s\n");
  const Arguments tracked{"scan", scratch.file("auth.log"),   scratch.file("app.log"), "--store", store, "--track-errors",
                          "-c",   scratch.file("config.yaml")};
  write(scratch.file("config.yaml"), "findings_retention_days: 36500\n");
  const Finished first = run(tracked, kSalted);
  CHECK(first.code == 0);
  CHECK(has(first.out, "Stored   : 1 new findings, 1 new error groups (1 new occurrences)"));
  CHECK(has(run(tracked, kSalted).out, "Stored   : 0 new findings, 0 new error groups (0 new occurrences)"));
  CHECK_FALSE(has(first.out, "older than"));
  write(scratch.file("config.yaml"), "findings_retention_days: 1\n");
  CHECK(has(run(tracked, kSalted).out,
            "Note     : 1 of these errors are older than 1 days; the next run that stores removes\n"));
  write(scratch.file("config.yaml"), "findings_retention_days: 36500\n");
  for (const char* name : {"a.db", "a.db-wal"}) CHECK_FALSE(has(read_whole(scratch.file(name)), "198.51.100."));
  struct stat status {};
  REQUIRE(::stat(scratch.file("a.db").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("own_patterns_are_redacted_and_the_salt_is_made_once_and_kept") {
  const Scratch scratch;
  write(scratch.file("pii.yaml"), "patterns:\n  - {name: employee_id, pattern: '\\bEMP-\\d{4,8}\\b', prefix: employee}\n");
  write(scratch.file("config.yaml"), "pii_rules_path: " + scratch.file("pii.yaml") + "\n");
  write(scratch.file("a.log"), "2026-05-18 10:00:00 badge EMP-12345 at 192.0.2.7\n");
  const Running::Setting home{{{"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};
  const Arguments arguments{"scan", scratch.file("a.log"), "-c", scratch.file("config.yaml")};
  const Finished first = run(arguments, home);
  CHECK(has(first.out, "badge employee_"));
  CHECK_FALSE(has(first.out, "EMP-12345"));
  CHECK(run(arguments, home).out == first.out);
  struct stat status {};
  REQUIRE(::stat(scratch.file("state/logystera/pii-salt").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("a_configuration_is_checked_with_its_place") {
  const Scratch scratch;
  write(scratch.file("config.yaml"), "redact: mask\nfindings_retention_days: soon\n");
  const Finished wrong = run({"scan", kSample, "-c", scratch.file("config.yaml")}, kSalted);
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "config.yaml:2:26: findings_retention_days must be a whole number from 1 to 36500"));
  write(scratch.file("config.yaml"), "redact: mask\nmodel:\n  provider: none\n");
  const Finished unknown = run({"scan", kSample, "-c", scratch.file("config.yaml")}, kSalted);
  CHECK(unknown.code == 0);
  CHECK(has(unknown.err, "config.yaml:2:1: unknown key 'model', ignored"));
  CHECK(has(unknown.out, "(mode: mask)"));
  CHECK(run({"scan", kSample, "-c", scratch.file("other.yaml")}, kSalted).code == 2);
}

TEST_CASE("rules_are_listed_checked_converted_and_tested") {
  const Scratch scratch;
  const Finished list = run({"rules", "list"}, kSalted);
  for (const char* id : {"SSH_BRUTE_FORCE", "SUDO_MISUSE", "AUTH_NEW_UID0", "NGINX_404_SCAN", "NGINX_5XX_SPIKE",
                         "WIN_FAILED_LOGON", "WIN_ACCOUNT_CREATED", "SUDO_COMMAND"})
    CHECK(has(list.out, id));
  CHECK_FALSE(has(list.out, "SSH_BRUTE_FORCE#1"));
  CHECK(has(list.out, "auth, counted over 60 s"));
  write(scratch.file("good.yml"),
        "id: A\ntitle: A\nlevel: low\ndetection: {match: [{field: message, op: contains, value: x}]}\n");
  CHECK(run({"rules", "validate", scratch.file("good.yml")}, kSalted).code == 0);
  write(scratch.file("bad.yml"),
        "id: A\ntitle: A\nlevel: severe\ndetection: {match: [{field: message, op: contains, value: x}]}\n");
  const Finished bad = run({"rules", "validate", scratch.file("bad.yml")}, kSalted);
  CHECK(bad.code == 1);
  CHECK(has(bad.out, "bad.yml:3:8: "));
  const Finished used = run({"scan", kSample, "--rules-dir", scratch.file("bad.yml")}, kSalted);
  CHECK(used.code == 0);
  CHECK(has(used.err, " were refused and do not run"));
  CHECK(has(used.err, "bad.yml:3:8: the level 'severe'"));
  write(scratch.file("sigma.yml"),
        "title: S\nlogsource: {category: webserver}\ndetection:\n  sel: {cs-uri-query|contains: '../'}\n  condition: "
        "sel\nlevel: high\n");
  const Finished native = run({"rules", "validate", scratch.file("sigma.yml"), "--sigma"}, kSalted);
  CHECK(native.code == 0);
  CHECK(has(native.out, "op: contains, value: '../'"));
  CHECK(run({"rules", "convert", scratch.file("sigma.yml")}, kSalted).out == native.out);
  const Finished tested = run({"rules", "test"}, kSalted);
  CHECK(tested.code == 0);
  CHECK(has(tested.out, " 0 failed; 0 rules have none"));
  // As many as JSON lists; text counts those that make no finding of their own apart.
  const Finished json = run({"rules", "list", "--json"}, kSalted);
  const auto all = std::count(json.out.begin(), json.out.end(), '\n');
  CHECK(has(tested.out, fmt::format(" samples of {} rules ran", all)));
  std::size_t silent = 0;
  for (std::size_t at = 0; (at = json.out.find("\"silent\":true", at)) != std::string::npos; ++at) ++silent;
  CHECK(silent > 0);
  CHECK(has(list.out,
            fmt::format("\n{} rules, and {} that only others refer to\n", static_cast<std::size_t>(all) - silent, silent)));
  CHECK_FALSE(has(json.out, "SSH_BRUTE_FORCE#1"));
  CHECK_FALSE(has(json.out, "#clear"));
}

TEST_CASE("rules_that_others_refer_to_are_converted_with_them") {
  const Scratch scratch;
  write(scratch.file("own.yml"),
        "id: FAIL\ntitle: F\nlevel: low\ndetection: {match: [{field: action, op: equals, value: failed}]}\n"
        "window: {span: 60s, group_by: client_ip, distinct: {field: user, gte: 3}, forgive: LOGIN}\n---\n"
        "id: LOGIN\ntitle: L\nlevel: low\nsilent: true\ndetection: {match: [{field: action, op: equals, value: "
        "accepted}]}\n");
  const Finished converted = run({"rules", "convert", scratch.file("own.yml")}, kSalted);
  CHECK(converted.code == 0);
  CHECK(has(converted.out, "forgive: ['LOGIN']"));
  CHECK(has(converted.out, "silent: true"));
  write(scratch.file("again.yml"), converted.out);
  const Finished again = run({"rules", "validate", scratch.file("again.yml")}, kSalted);
  CHECK(again.code == 0);
  CHECK(run({"rules", "convert", scratch.file("again.yml")}, kSalted).out == converted.out);
}

TEST_CASE("formats_are_listed_and_a_wrong_one_is_refused_with_the_command_that_lists_them") {
  const Finished list = run({"formats"}, kSalted);
  CHECK(list.code == 0);
  for (const char* name : {"auth_log", "access_combined", "evtx", "journal_export", "w3c"}) CHECK(has(list.out, name));
  const Finished wrong = run({"scan", kSample, "--format", "nonsense"}, kSalted);
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "'logystera formats' lists them"));
}

TEST_CASE("a_misspelt_command_is_named") {
  const Finished misspelt = run({"evnts"}, kSalted);
  CHECK(misspelt.code == 2);
  CHECK(has(misspelt.err, "logystera: there is no command 'evnts': did you mean 'events'?"));
  const Finished below = run({"entity", "ad"}, kSalted);
  CHECK(below.code == 2);
  CHECK(has(below.err, "logystera entity: there is no command 'ad': did you mean 'add'?"));
  CHECK(has(run({""}, kSalted).err, "there is no command ''\n"));
  CHECK(has(run({"quux"}, kSalted).err, "there is no command 'quux'\n"));
  const Finished option = run({"scan", "--sevrity", "high", kSample}, kSalted);
  CHECK(option.code == 2);
  CHECK(!has(option.err, "did you mean '--severity'"));  // which scan has not
  CHECK(has(run({"findings", "list", "--sevrity=high"}, kSalted).err, "did you mean '--severity'?"));
  CHECK(has(run({"--stoer", "sqlite:x", "findings", "list"}, kSalted).err, "did you mean '--store'?"));
  // A long one is compared with nothing.
  CHECK(has(run({std::string(100'000, 'e')}, kSalted).err, "there is no command 'eee"));
}

TEST_CASE("the_program_alone_says_what_can_be_done_now") {
  const Finished alone = run({}, kSalted);
  CHECK(alone.code == 0);
  CHECK(alone.err.empty());
  for (const std::string command :
       {"logystera scan ", "logystera tail ", "logystera serve", "logystera demo run", "logystera --help"})
    CHECK(has(alone.out, command));
  std::size_t lines = 0;
  for (std::string_view rest = alone.out; !rest.empty(); ++lines) {
    const std::size_t end = rest.find('\n');
    CHECK(end <= 80);
    rest.remove_prefix(std::min(end, rest.size() - 1) + 1);
  }
  CHECK(lines <= 24);
  CHECK(run({"--help"}, kSalted).out != alone.out);
}

TEST_CASE("scan_says_the_same_with_its_rules_from_the_cache") {
  const Scratch scratch;
  const std::string log = sample_of_2026(scratch);
  const std::string mine = scratch.file("mine.yml"), wrong = scratch.file("wrong.yml");
  write(mine,
        "id: MINE\ntitle: Mine\nlevel: high\ndetection: {match: [{field: message, op: regex, value: 'Fail.d'}]}\n"
        "window: {count: {gte: 2}, span: 60s}\n");
  write(wrong, "id: WRONG\ntitle: Wrong\nlevel: wrong\n");
  Running::Setting setting = kSalted;
  setting.environment["LOGYSTERA_RULE_CACHE"] = "on";
  setting.environment["XDG_CACHE_HOME"] = scratch.file("cache");
  setting.environment["XDG_STATE_HOME"] = scratch.file("state");
  const Arguments scan{"scan", log, "--no-progress", "--rules-dir", mine, "--rules-dir", wrong};
  const auto with = [&](const Arguments& more, const Running::Setting& how) {
    Arguments all = scan;
    all.insert(all.end(), more.begin(), more.end());
    return run(all, how);
  };

  // Rules are kept once they have been what they are for two seconds.
  Finished first = with({"--verbose"}, setting);
  CHECK(has(first.err, "from their files"));
  REQUIRE(eventually([&] { return has(with({"--verbose"}, setting).err, "rules, from the cache\n"); }));

  const Finished kept = with({"--verbose"}, setting);
  CHECK(kept.out == first.out);
  CHECK(has(kept.out, "MINE"));
  // What was refused is said from the cache, too, with place and reason.
  const auto after_first_line = [](const std::string& text) { return text.substr(text.find('\n') + 1); };
  CHECK(has(kept.err, wrong + ":1:1: "));
  CHECK(after_first_line(kept.err) == after_first_line(first.err));
  CHECK(with({}, setting).err == after_first_line(kept.err).substr(after_first_line(kept.err).find('\n') + 1));

  // Off by option, environment and configuration, which win in that order.
  CHECK(has(with({"--no-rule-cache", "--verbose"}, setting).err, "from their files: the rule cache is off"));
  Running::Setting off = setting;
  off.environment["LOGYSTERA_RULE_CACHE"] = "off";
  CHECK(has(with({"--verbose"}, off).err, "the rule cache is off"));
  const std::string config = scratch.file("config.yaml");
  write(config, "rule_cache: false\n");
  CHECK(has(with({"--verbose", "--config", config}, setting).err, "rules, from the cache\n"));
  off.environment["LOGYSTERA_RULE_CACHE"] = "";
  CHECK(has(with({"--verbose", "--config", config}, off).err, "the rule cache is off"));
  write(config, "rule_cache: maybe\n");
  CHECK(with({"--config", config}, off).code == 2);
  CHECK(has(with({"--config", config}, off).err, "config.yaml:1:13: rule_cache must be true or false"));
  off.environment["LOGYSTERA_RULE_CACHE"] = "perhaps";
  CHECK(with({}, off).code == 2);
  CHECK(has(with({}, off).err, "LOGYSTERA_RULE_CACHE=perhaps: write on or off"));
  Running::Setting homeless = setting;
  homeless.environment["XDG_CACHE_HOME"] = homeless.environment["HOME"] = "";
  CHECK(has(with({"--verbose"}, homeless).err, "there is no home directory to keep rules in"));
  CHECK(with({}, homeless).out == first.out);

  // A changed rule counts at once.
  write(mine, "id: MINE\ntitle: Mine\nlevel: high\ndetection: {match: [{field: message, op: contains, value: nothing}]}\n");
  const Finished changed = with({"--verbose"}, setting);
  CHECK(has(changed.err, mine + " has changed since"));
  CHECK_FALSE(has(changed.out, "MINE"));
}

TEST_CASE("scan_of_a_quiet_pipe_is_interrupted_at_once_and_shows_what_was_read") {
  const Scratch scratch;
  const std::string pipe = scratch.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const Arguments arguments = {"scan", pipe, "--no-progress"};

  Running alone(arguments, kSalted);
  const std::string in_use = "/proc/" + std::to_string(alone.pid()) + "/fd";
  REQUIRE(eventually([&] {
    for (const auto& entry : std::filesystem::directory_iterator(in_use)) {
      std::error_code gone;
      if (std::filesystem::read_symlink(entry, gone) == pipe) return true;
    }
    return false;
  }));
  alone.kill(SIGINT);
  CHECK(alone.wait() == 2);
  CHECK(has(alone.err(), "interrupted before the end"));

  Running reading(arguments, kSalted);
  const int writer = ::open(pipe.c_str(), O_WRONLY | O_CLOEXEC);
  REQUIRE(writer >= 0);
  const std::string lines =
      "2026-05-18 10:00:01 INFO one from 192.0.2.1\n2026-05-18 10:00:02 ERROR two\n2026-05-18 10:00:03 INFO three\n";
  REQUIRE(::write(writer, lines.data(), lines.size()) == static_cast<ssize_t>(lines.size()));
  int unread = -1;
  REQUIRE(eventually([&] { return ::ioctl(writer, FIONREAD, &unread) == 0 && unread == 0; }));
  reading.kill(SIGTERM);
  CHECK(reading.wait() == 2);
  ::close(writer);
  CHECK(has(reading.out(), "Events   : 3\n"));
  CHECK(has(reading.out(), "one from ip_"));
  CHECK(has(reading.out(), "three"));
  CHECK(has(reading.err(), "interrupted before the end"));
}

TEST_CASE("scan_of_a_directory_reads_files_alone_and_says_what_else_it_met") {
  const Scratch scratch;
  const std::string logs = scratch.file("logs");
  std::filesystem::create_directories(logs);
  std::filesystem::copy_file(kSample, logs + "/auth.log");
  write(scratch.file("secret"), "May 18 10:00:01 web1 app: secret\n");
  std::filesystem::create_symlink(scratch.file("secret"), logs + "/b\x1b[2J.log");
  std::filesystem::create_symlink(".loop", logs + "/.loop");
  REQUIRE(::mkfifo((logs + "/pipe.log").c_str(), 0600) == 0);
  for (const std::string& path : {logs, logs + "/*.log"}) {
    const Finished finished = run({"scan", path, "--no-rules", "--no-progress"}, kSalted);
    CHECK(finished.code == 0);
    CHECK(has(finished.out, "Failed password"));
    CHECK_FALSE(has(finished.out, "secret"));
    CHECK(has(finished.err, "b\\x1b[2J.log: passed over: a symbolic link"));
    CHECK_FALSE(has(finished.err, "\x1b"));
    CHECK(has(finished.err, "pipe.log: passed over: a named pipe"));
  }
  CHECK(has(run({"scan", logs, "--no-rules", "--no-progress", "--follow-links"}, kSalted).out, "secret"));
  CHECK(has(run({"scan", logs + "/b\x1b[2J.log", "--no-rules", "--no-progress"}, kSalted).out, "secret"));
}

TEST_CASE("definitions_of_formats_that_are_links_are_refused_unless_followed") {
  const Scratch scratch;
  std::filesystem::create_directories(scratch.file("formats"));
  std::filesystem::copy_file("formats/access_combined.json", scratch.file("one.json"));
  std::filesystem::create_symlink(scratch.file("one.json"), scratch.file("formats/one.json"));
  const Finished refused = run({"formats", "--formats-dir", scratch.file("formats")}, kSalted);
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "formats/one.json: a symbolic link"));
  CHECK(run({"formats", "--formats-dir", scratch.file("formats"), "--follow-links"}, kSalted).code == 0);
}

TEST_CASE("scan_of_a_directory_passes_over_what_is_no_log_and_refuses_it_when_it_is_named") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.file("logs"));
  const std::string program = scratch.file("logs/tool");
  write(scratch.file("logs/a.log"), "2026-05-18 10:00:00 INFO one\n");
  write(program,
        "\x7f"
        "ELF" +
            std::string(600, '\1'));
  write(scratch.file("logs/system.journal"), "LPKSHHRH" + std::string(600, '\0'));
  const Finished walked = run({"scan", "--json", scratch.file("logs"), "--no-progress"}, kSalted);
  CHECK(walked.code == 0);
  CHECK(has(walked.err, program + ": passed over: a program or library, not a log"));
  CHECK(has(walked.err, "system.journal: passed over: a systemd journal"));
  CHECK(has(walked.out, "\"sources\":1"));
  CHECK(has(walked.out, "\"passed_over\":2"));
  CHECK(has(walked.out, "\"failed\":0"));
  const Finished named = run({"scan", "--json", scratch.file("logs/a.log"), program, "--no-progress"}, kSalted);
  CHECK(named.code == 2);
  CHECK(has(named.err, "a program or library, not a log"));
}

TEST_CASE("scan_with_little_address_space_is_right_or_ends_with_the_remedy") {
#ifdef __SANITIZE_ADDRESS__
  WARN("a sanitized program reserves more than any limit here: nothing was limited");
  return;
#endif
  const Scratch scratch;
  const std::string path = scratch.file("app.log");
  std::string text;
  for (int i = 0; i < 20'000; ++i)
    text += "2026-05-18 10:00:00 ERROR user" + std::to_string(i) + "@example.org from 192.0.2." + std::to_string(i % 256) +
            "\n";
  write(path, text);
  const auto timeless = [](const std::string& json) {
    return std::regex_replace(json, std::regex(R"("seconds":[0-9.e+-]+)"), "");
  };
  const std::string wanted = timeless(run({"scan", path, "--json", "--no-progress"}, kSalted).out);
  REQUIRE(has(wanted, "\"events\""));
  int right = 0;
  for (const rlim_t kib : {60'000, 80'000, 100'000, 120'000, 150'000, 200'000, 300'000, 400'000}) {
    for (const char* threads : {"1", "2", "8"}) {
      Running::Setting little = kSalted;
      little.address_space_kib = kib;
      const Finished finished = run({"scan", path, "--json", "--no-progress", "--threads", threads}, little);
      INFO(kib << " KiB, " << threads << " threads: " << finished.err);
      if (finished.code == 0) {
        CHECK(timeless(finished.out) == wanted);
        ++right;
        continue;
      }
      CHECK(finished.code == 2);
      CHECK(has(finished.err, "ulimit -v"));
    }
  }
  CHECK(right >= 12);  // 150,000 KiB and above are enough for any of them
}

TEST_CASE("two_hundred_and_fifty_sources_are_all_told_in_each_form") {
  const Scratch scratch;
  std::filesystem::create_directory(scratch.file("logs"));
  for (int number = 1; number <= 250; ++number)
    write(scratch.file("logs/" + std::to_string(number) + ".app.log"), "2026-05-18 10:00:00 INFO one\n");
  const auto scan = [&](Arguments more) {
    Arguments arguments{"scan", scratch.file("logs"), "--no-rules", "-n", "0"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, kSalted).out;
  };
  const auto times = [](const std::string& text, const std::string& words) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(words, at)) != std::string::npos; at += words.size()) ++count;
    return count;
  };
  CHECK(times(scan({"--ndjson"}), "{\"source\":{") == 250);
  CHECK(times(scan({"--json"}), "{\"source\":\"" + scratch.file("logs/")) == 250);
  Arguments listed{"scan", scratch.file("logs"), "--no-rules", "-n", "1"};
  const std::string text = run(listed, kSalted).out;
  CHECK(has(text, "Sources  : 250\n"));
  CHECK(times(text, ".app.log ") == 250);
  CHECK_FALSE(has(text, "… and"));
}

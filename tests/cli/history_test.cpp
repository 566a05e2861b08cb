// findings, errors, anomaly, export, demo and completion as a user runs them.
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "cli/program.hpp"
#include "store/store.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string time_text(std::int64_t ago) {
  const std::time_t time = std::time(nullptr) - ago;
  char text[40];
  std::tm parts{};
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", ::gmtime_r(&time, &parts))};
}

// A house with a database and two logs of the last hours.
struct House {
  Scratch scratch;
  const Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};
  const std::string store = "sqlite:" + scratch.file("a.db");

  House() {
    write(scratch.file("rule.yml"),
          "id: LEAK\ntitle: A leak\nlevel: critical\ndetection: {match: [{field: message, op: contains, value: leak}]}\n");
    for (const char* name : {"one.log", "two.log"})
      write(scratch.file(name), time_text(7000) + " INFO a leak of <b>192.0.2.1</b>\n" + time_text(6000) +
                                    " ERROR timeout after 31 s\n" + time_text(5000) + " ERROR timeout after 29 s\n");
  }
  Finished go(Arguments arguments) const {
    arguments.insert(arguments.end(), {"--store", store});
    return run(arguments, setting);
  }
  Finished scan(const char* name) const {
    return go({"scan", scratch.file(name), "--rules-dir", scratch.file("rule.yml"), "--track-errors"});
  }
};

}  // namespace

TEST_CASE("stored_probes_that_came_to_nothing_are_one_scanner_among_episodes_and_in_reports") {
  const House house;
  const std::string config = house.scratch.file("config.yaml"), log = house.scratch.file("access.log");
  write(config, "findings_min_severity: low\n");
  std::string lines;
  int ago = 600;
  for (const char* target : {"/.env", "/.git/config", "/wp-login.php", "/?page=/etc/passwd"}) {
    const std::time_t time = std::time(nullptr) - --ago;
    char text[40];
    std::tm parts{};
    lines += std::string("198.51.100.9 - - [") +
             std::string(text, std::strftime(text, sizeof text, "%d/%b/%Y:%H:%M:%S +0000", ::gmtime_r(&time, &parts))) +
             "] \"GET " + target + " HTTP/1.1\" 404 162 \"-\" \"Mozilla/5.0\"\n";
  }
  write(log, lines);
  CHECK(house.go({"scan", log, "--track-errors", "--config", config}).code == 0);
  const Finished episodes = house.go({"findings", "episodes", "--json", "--config", config});
  CHECK(episodes.code == 0);
  CHECK(std::count(episodes.out.begin(), episodes.out.end(), '\n') == 1);
  CHECK(has(episodes.out, "{\"rule\":\"SCANNER\""));
  CHECK(has(episodes.out, "\"findings\":4"));
  CHECK(has(episodes.out, "\"rules\":3"));
  const std::string report = house.scratch.file("report.json");
  CHECK(house.go({"export", "report", "-o", report, "--config", config}).code == 0);
  CHECK(has(read_whole(report), "\"episodes\":[{\"rule\":\"SCANNER\""));
  // What was answered stays what it is.
  write(log, lines.replace(lines.find(" 404 "), 5, " 200 "));
  CHECK(house.go({"scan", log, "--track-errors", "--config", config}).code == 0);
  CHECK(has(house.go({"findings", "episodes", "--config", config}).out, "WEB_DOTFILE_SERVED"));
}

TEST_CASE("an_episode_is_told_alike_on_the_screen_in_the_database_and_in_reports") {
  const House house;
  const std::string log = house.scratch.file("auth.log"), access = house.scratch.file("access.log"),
                    config = house.scratch.file("config.yaml");
  write(config, "findings_min_severity: low\n");
  const std::time_t start = std::time(nullptr) - 7000;
  const auto time = [&](int second, const char* form) {
    char text[40];
    std::tm parts{};
    const std::time_t at = start + second;
    return std::string(text, std::strftime(text, sizeof text, form, ::gmtime_r(&at, &parts)));
  };
  std::string lines, requests;
  for (int i = 0; i < 400; ++i)
    lines += time(i * 4, "%FT%T+00:00") + " web1 sshd[12]: Failed password for " +
             (i % 2 ? "root" : "u" + std::to_string(i % 37)) + " from 198.51.100.23 port 4022 ssh2\n";
  lines += time(1700, "%FT%T+00:00") + " web1 sshd[12]: Accepted password for bob from 198.51.100.23 port 4022 ssh2\n";
  for (int i = 0; i < 150; ++i)
    requests += "198.51.100.9 - - [" + time(i, "%d/%b/%Y:%H:%M:%S +0000") + "] \"GET /old/" + std::to_string(i) +
                ".php HTTP/1.1\" 404 162 \"-\" \"Mozilla/5.0\"\n";
  write(log, lines);
  write(access, requests);
  // As one reads it in a line.
  const auto flat = [](std::string text) {
    for (std::size_t at; (at = text.find("\n           ")) != std::string::npos;) text.replace(at, 12, " ");
    return text;
  };
  for (int scanned = 0; scanned < 2; ++scanned) {  // again changes nothing
    const std::string screen = flat(house.go({"scan", log, access, "--summary", "--track-errors", "--config", config}).out);
    INFO(screen);
    CHECK(has(screen, "SSH_BRUTE_FORCE: "));
    CHECK(has(screen, ", 38 accounts, mostly root, 400 times, logged in afterwards, "));
    CHECK_FALSE(has(screen, "at least"));
    const std::string episodes = house.go({"findings", "episodes", "--json", "--config", config}).out;
    INFO(episodes);
    std::istringstream in(episodes);
    std::string force, found;
    for (std::string line; std::getline(in, line);) {
      if (has(line, "{\"rule\":\"SSH_BRUTE_FORCE\"")) force = line;
      if (has(line, "{\"rule\":\"NGINX_404_SCAN\"")) found = line;
    }
    CHECK(has(force, "\"severity\":\"critical\""));
    CHECK(has(force, "\"logged_in_afterwards\":true"));
    CHECK(has(force, "\"hits\":400"));
    CHECK(has(force, "\"accounts\":38,\"mostly\":\"root\""));
    CHECK(has(found, "\"hits\":150"));
    const std::string table = house.go({"findings", "episodes", "--config", config}).out;
    CHECK(has(table, "TIMES"));
    CHECK(has(table, " 400 "));
    CHECK(has(table, " 150 "));
    const std::string report = house.scratch.file("report.json");
    CHECK(house.go({"export", "report", "-o", report, "--config", config}).code == 0);
    CHECK(has(read_whole(report), force));
    CHECK(has(read_whole(report), found));
    for (const char* name : {"report.md", "report.html"}) {
      CHECK(house.go({"export", "report", "-o", house.scratch.file(name), "--config", config}).code == 0);
      CHECK(has(read_whole(house.scratch.file(name)), std::string(name) == "report.md" ? "| 400 |" : "<td>400</td>"));
    }
  }
}

TEST_CASE("a_log_scanned_again_when_it_has_grown_is_counted_once") {
  std::mt19937 random(20261130);
  for (int round = 0; round < 8; ++round) {
    const House house;
    const std::string log = house.scratch.file("auth.log"), access = house.scratch.file("access.log"),
                      config = house.scratch.file("config.yaml");
    write(config, "findings_min_severity: low\n");
    const std::time_t start = std::time(nullptr) - 80'000;
    const auto time = [&](std::int64_t second, const char* form) {
      char text[40];
      std::tm parts{};
      const std::time_t at = start + static_cast<std::time_t>(second);
      return std::string(text, std::strftime(text, sizeof text, form, ::gmtime_r(&at, &parts)));
    };
    // How often each rule has counted, as all its episodes say together.
    const auto counted = [](const std::string& said, const std::string& rule) {
      std::uint64_t hits = 0;
      const std::string begin = "{\"rule\":\"" + rule + "\",\"title\"", name = "\"hits\":";
      for (std::size_t at = said.find(begin); at != std::string::npos; at = said.find(begin, at + 1))
        hits += std::stoull(said.substr(said.find(name, at) + name.size()));
      return hits;
    };
    std::string lines, requests;
    std::int64_t second = 0;
    for (int end : {1, 2, 3}) {
      for (int i = 0; i < 60 + static_cast<int>(random() % 120); ++i) {
        if (random() % 30 == 0) second += 90 + static_cast<std::int64_t>(random() % 5'000);
        second += static_cast<std::int64_t>(random() % 9);
        lines += time(second, "%FT%T+00:00") + " web1 sshd[12]: Failed password for u" + std::to_string(i % 3) +
                 " from 198.51.100.23 port 4022 ssh2\n";
        requests += "198.51.100.9 - - [" + time(second, "%d/%b/%Y:%H:%M:%S +0000") + "] \"GET /shop HTTP/1.1\" 502 162\n";
      }
      write(log, lines);
      write(access, requests);
      const std::string screen = house.go({"scan", log, access, "--json", "--track-errors", "--config", config}).out;
      const std::string told = screen.substr(screen.find("\"episodes\":"));  // behind the findings
      const std::string episodes = house.go({"findings", "episodes", "--json", "--config", config}).out;
      INFO(round << ", " << end << "\n" << screen << "\n" << episodes);
      for (const char* rule : {"SSH_BRUTE_FORCE", "NGINX_5XX_SPIKE"}) {
        INFO(rule);
        CHECK(counted(told, rule) > 0);
        CHECK(counted(episodes, rule) == counted(told, rule));
      }
      // Some of it seen through a filter takes nothing away; where it ends in the middle of something, the next whole reading says what was
      // meant.
      house.go({"scan", log, access, "--json", "--track-errors", "--where", "line < 40", "--config", config});
      const std::string after = house.go({"findings", "episodes", "--json", "--config", config}).out;
      for (const char* rule : {"SSH_BRUTE_FORCE", "NGINX_5XX_SPIKE"})
        CHECK(counted(after, rule) >= counted(episodes, rule));
    }
  }
}

TEST_CASE("a_login_after_slow_guesses_is_stored_as_it_is_told") {
  const House house;
  const std::string log = house.scratch.file("auth.log");
  const std::time_t start = std::time(nullptr) - 7000;
  std::string lines;
  const auto line = [&](int second, const std::string& message) {
    char text[40];
    std::tm parts{};
    const std::time_t at = start + second;
    lines += std::string(text, std::strftime(text, sizeof text, "%FT%T+00:00", ::gmtime_r(&at, &parts))) +
             " web1 sshd[12]: " + message + " password for root from 198.51.100.23 port 4022 ssh2\n";
  };
  for (int i = 0; i < 60; ++i) line(i * 90, "Failed");
  line(60 * 90, "Accepted");
  write(log, lines);
  const std::string screen = house.go({"scan", log, "--summary", "--track-errors"}).out;
  INFO(screen);
  REQUIRE(has(screen, "LOGIN_AFTER_MANY_FAILURES"));
  for (const Arguments& arguments : {Arguments{"findings", "list"}, Arguments{"findings", "episodes"}}) {
    const std::string shown = house.go(arguments).out;
    INFO(shown);
    CHECK(has(shown, "LOGIN_AFTER_MANY_FAILURES"));
  }
  CHECK(has(house.go({"findings", "episodes", "--json"}).out, "\"hits\":60"));
  CHECK(house.go({"findings", "dismiss", "LOGIN_AFTER_MANY_FAILURES"}).code == 0);
  CHECK_FALSE(has(house.go({"scan", log, "--summary", "--track-errors"}).out, "LOGIN_AFTER_MANY_FAILURES"));
}

TEST_CASE("findings_are_listed_filtered_shown_and_counted") {
  const House house;
  CHECK(house.scan("one.log").code == 0);
  CHECK(house.scan("two.log").code == 0);
  CHECK(house.scan("two.log").code == 0);  // seen already
  const Finished all = house.go({"findings", "list", "--json"});
  CHECK(std::count(all.out.begin(), all.out.end(), '\n') == 2);
  CHECK_FALSE(has(all.out, "192.0.2.1"));
  CHECK(has(house.go({"findings", "list", "--source", "one.log"}).out, "one.log:1"));
  CHECK_FALSE(has(house.go({"findings", "list", "--source", "one.log"}).out, "two.log"));
  CHECK(has(house.go({"findings", "list", "--since", "1h"}).out, "No findings"));
  CHECK(has(house.go({"findings", "list", "--since", "3h", "--severity", "critical"}).out, "LEAK"));
  CHECK(has(house.go({"findings", "show", "LEAK", "-n", "1"}).out, "The newest 1 are shown"));
  CHECK(has(house.go({"findings", "summary"}).out, "critical  2"));
  CHECK(has(house.go({"findings", "summary"}).out,
            "Of logs, findings below high severity are shown by a scan and not stored (findings_min_severity)"));
  CHECK(has(house.go({"findings", "summary", "--since", "0"}).out, "critical  2"));
  CHECK(has(house.go({"findings", "summary", "--since", "1s"}).out, "critical  0"));
  CHECK(has(house.go({"findings", "summary", "--since", "3 hours ago"}).out, "critical  2"));
  CHECK(has(house.go({"findings", "summary", "--since", "1 second ago"}).out, "critical  0"));
  CHECK(has(house.go({"findings", "summary", "--since", "soon"}).err, "--since soon"));
  const Finished wrong = house.go({"findings", "list", "--since", "5x"});
  CHECK(wrong.code == 2);
  CHECK(has(wrong.err, "--since 5x: write a span before now like 90s, 30m, 24h, 7d or '2 hours ago', a day"));
  for (const char* since : {"-5m", "h", "99999999999999999999d", "5 m", "5mm"}) {
    INFO(since);
    CHECK(run({"findings", "list", "--since", since, "--store", house.store}).code == 2);
  }
}

TEST_CASE("a_rule_or_a_source_that_is_not_there_is_an_error_for_findings") {
  const House house;
  house.scan("one.log");
  CHECK(has(house.go({"findings", "show", "LEAK"}).out, "a leak of"));  // of no rules_dir, but it has findings
  CHECK(has(house.go({"findings", "show", "SSH_BRUTE_FORCE"}).out, "No findings match"));
  CHECK(house.go({"findings", "show", "SSH_BRUTE_FORCE"}).code == 0);
  CHECK(house.go({"findings", "show", "LEAK", "--since", "1s"}).code == 0);
  for (const char* command : {"show", "preview", "dismiss"}) {
    INFO(command);
    const Finished unknown = house.go({"findings", command, "SSH_BRUTEFORCE"});
    CHECK(unknown.code == 2);
    CHECK(unknown.out.empty());
    CHECK(has(unknown.err, "logystera findings " + std::string(command) +
                               ": there is no rule 'SSH_BRUTEFORCE'; similar: SSH_BRUTE_FORCE"));
  }
  for (const char* command : {"preview", "dismiss"}) {
    INFO(command);
    const Finished unknown = house.go({"findings", command, "LEAK", "--source", "onne.log"});
    CHECK(unknown.code == 2);
    CHECK(unknown.out.empty());
    CHECK(has(unknown.err, "--source onne.log: no stored finding is of it: did you mean one.log?"));
    CHECK(house.go({"findings", command, "SSH_BRUTE_FORCE", "--source", "onne.log"}).code == 2);
    // One that others found something in, one that is there to be read, and findings that are not stored.
    CHECK(house.go({"findings", command, "SSH_BRUTE_FORCE", "--source", "one.log"}).code == 0);
    CHECK(house.go({"findings", command, "LEAK", "--source", house.scratch.file("two.log")}).code == 0);
    CHECK(house.go({"findings", command, "NGINX_404_SCAN", "--source", "nginx.log"}).code == 0);
  }
  const Finished help = run({"findings", "--help"}, house.setting);
  for (const char* field : {"rule", "title", "site", "group", "hits", "address", "account", "target", "status", "outcome"})
    CHECK(has(help.out.substr(help.out.find("Conditions know")), field));
}

TEST_CASE("a_dismissal_shows_what_it_hides_and_holds_until_it_is_taken_back") {
  const House house;
  house.scan("one.log");
  const Finished dismissed = house.go({"findings", "dismiss", "LEAK", "--source", "one.log", "--reason", "known"});
  CHECK(dismissed.code == 0);
  CHECK(has(dismissed.out, "1 stored finding is of LEAK in one.log"));
  CHECK(has(house.scan("one.log").out, "Findings : 0"));
  CHECK(has(house.scan("two.log").out, "Findings : 1"));
  CHECK(has(house.go({"findings", "dismissed"}).out, "known"));
  CHECK(house.go({"findings", "undismiss", "LEAK"}).code == 0);
  CHECK(has(house.scan("one.log").out, "Findings : 1"));
  CHECK(house.go({"findings", "undismiss", "LEAK"}).code == 2);
  const auto noted = std::move(logystera::store::open(house.store)).value()->audit().list({}).value();
  REQUIRE(noted.size() == 2);
  CHECK(noted[0].action == "finding.undismiss");
  CHECK(noted[1].action == "finding.dismiss");
  CHECK(noted[1].object == "LEAK");
  CHECK(noted[1].after == R"({"rule":"LEAK","source":"one.log","reason":"known"})");
}

TEST_CASE("errors_are_one_group_whatever_their_numbers") {
  const House house;
  house.scan("one.log");
  const Finished list = house.go({"errors", "list", "--json"});
  REQUIRE(std::count(list.out.begin(), list.out.end(), '\n') == 1);
  CHECK(has(list.out, "\"pattern\":\"timeout after <n>\",\"severity\":\"ERROR\""));
  CHECK(has(list.out, "\"count\":2"));
  const std::string fingerprint = list.out.substr(list.out.find(":\"") + 2, 16);
  const Finished shown = house.go({"errors", "show", fingerprint});
  CHECK(has(shown.out, "Occurrences (the newest 2):"));
  CHECK(has(shown.out, "timeout after 29 s"));
  CHECK(house.go({"errors", "show", "0000000000000000"}).code == 2);
  CHECK(has(house.go({"errors", "new", "--since", "2h"}).out, fingerprint));
  CHECK(has(house.go({"errors", "new", "--since", "1m"}).out, "No errors"));
  CHECK(has(house.go({"errors", "regression", "--silence", "10m"}).out, fingerprint));
  CHECK(has(house.go({"errors", "regression", "--silence", "24h"}).out, "No errors"));
}

TEST_CASE("scan_says_how_many_error_groups_are_new_as_errors_list_shows_them") {
  const House house;
  CHECK(has(house.scan("one.log").out, "Stored   : 1 new findings, 1 new error groups (2 new occurrences)\n"));
  CHECK(has(house.scan("two.log").out, "Stored   : 1 new findings, 0 new error groups (2 new occurrences)\n"));
  CHECK(has(house.scan("two.log").out, "Stored   : 0 new findings, 0 new error groups (0 new occurrences)\n"));
  write(house.scratch.file("three.log"), time_text(4000) + " ERROR timeout after 30 s\n" + time_text(3000) +
                                             " ERROR disk is full\n" + time_text(2000) + " ERROR no such table\n");
  CHECK(has(house.scan("three.log").out, "2 new error groups (3 new occurrences)\n"));
  const Finished list = house.go({"errors", "list", "--json"});
  CHECK(std::count(list.out.begin(), list.out.end(), '\n') == 3);
}

TEST_CASE("a_baseline_is_learnt_used_grows_and_is_forgotten") {
  const House house;
  std::string usual, burst;
  for (int minute = 0; minute < 30; ++minute)
    for (int i = 0; i < 10 + minute % 3; ++i)
      usual += "2026-05-17 10:" + std::to_string(10 + minute) + ":" + std::to_string(10 + i) + " INFO served\n";
  for (int i = 0; i < 50; ++i) burst += "2026-05-18 10:00:" + std::to_string(10 + i % 50) + " INFO served\n";
  write(house.scratch.file("usual.log"), usual);
  write(house.scratch.file("burst.log"), burst);
  CHECK(has(house.go({"anomaly", "learn", house.scratch.file("usual.log"), "--source", "shop"}).out, "trained"));
  const Arguments detecting{"scan",  house.scratch.file("burst.log"), "--detect-anomalies", "--anomaly-source", "shop",
                            "--json"};
  const Finished found = house.go(detecting);
  CHECK(has(found.out,
            "\"anomalies\":[{\"source\":\"shop\",\"time\":\"2026-05-18T10:00:00Z\",\"feature\":\"count\",\"value\":50"));
  CHECK(has(house.go({"anomaly", "status", "--json"}).out, "\"observations\":31,\"trained\":true"));
  CHECK(house.go({"anomaly", "learn", house.scratch.file("usual.log"), "--source", "shop", "--bucket", "300"}).code == 2);
  CHECK(house.go({"anomaly", "reset"}).code == 2);
  CHECK(house.go({"anomaly", "reset", "--source", "shop"}).code == 0);
  CHECK(has(house.go({"anomaly", "status"}).out, "No baselines"));
}

TEST_CASE("reports_come_in_four_forms_and_strangers_text_is_no_markup") {
  const House house;
  house.scan("one.log");
  const auto report = [&](const char* name) {
    CHECK(house.go({"export", "report", "-o", house.scratch.file(name), "--title", "A & B"}).code == 0);
    return read_whole(house.scratch.file(name));
  };
  const std::string markdown = report("r.md");
  CHECK(markdown.starts_with("# A & B\n"));
  CHECK(has(markdown, "\\<b\\>"));
  const std::string html = report("r.html");
  CHECK(has(html, "<title>A &amp; B</title>"));
  CHECK_FALSE(has(html, "<b>"));
  CHECK(has(report("r.json"), "\"by_severity\":{\"low\":0,\"medium\":0,\"high\":0,\"critical\":1}"));
  const std::string sarif = report("r.sarif");
  CHECK(has(sarif, "\"version\":\"2.1.0\""));
  CHECK(has(sarif, "\"ruleId\":\"LEAK\",\"level\":\"error\""));
  CHECK(has(sarif, "\"startLine\":1"));
  const Finished nowhere = house.go({"export", "report", "-o", house.scratch.file("no/such/r.md")});
  CHECK(nowhere.code == 2);
}

TEST_CASE("a_report_is_what_its_file_s_name_says_or_is_refused") {
  const House house;
  house.scan("one.log");
  const auto report = [&](const char* name, Arguments more = {}) {
    more.insert(more.begin(), {"export", "report", "-o", house.scratch.file(name)});
    return house.go(more);
  };
  const auto written = [&](const char* name) { return read_whole(house.scratch.file(name)); };
  const std::pair<const char*, const char*> known[] = {
      {"r.markdown", "# "},   {"noending", "# "},       {"v1.2/noending", "# "},         {"R.HTML", "<!doctype html>"},
      {"r.htm", "<!doctype"}, {"r.Json", "{\"title\""}, {"r.sarif.json", "{\"$schema\""}};
  std::filesystem::create_directory(house.scratch.file("v1.2"));
  for (const auto& [name, start] : known) {
    INFO(name);
    CHECK(report(name).code == 0);
    CHECK(written(name).starts_with(start));
  }
  for (const char* name : {"r.pdf", "r.docx", "r.txt", "r.md.gz"}) {
    INFO(name);
    const Finished refused = report(name);
    CHECK(refused.code == 2);
    CHECK(refused.out.empty());
    CHECK(has(refused.err, "no report is written as '" + std::filesystem::path(name).extension().string() + "'"));
    CHECK(has(refused.err, "a file that ends in .md, .html, .json or .sarif"));
    CHECK(has(refused.err, "--format"));
    CHECK_FALSE(std::filesystem::exists(house.scratch.file(name)));
  }
  CHECK(report("r.txt", {"--format", "markdown"}).code == 0);
  CHECK(written("r.txt").starts_with("# "));
  CHECK(report("r.md", {"--format", "html"}).code == 0);
  CHECK(written("r.md").starts_with("<!doctype html>"));
}

TEST_CASE("made_up_rows_come_and_go_and_leave_the_real_ones") {
  const House house;
  house.scan("one.log");
  const std::string before = house.go({"findings", "list", "--json"}).out + house.go({"errors", "list", "--json"}).out;
  CHECK(has(house.go({"demo", "seed"}).out, "25 findings over 14 days and 5 errors"));
  CHECK(has(house.go({"demo", "seed"}).out, "25 findings over 14 days and 5 errors"));  // again, not twice
  const Finished seeded = house.go({"findings", "list", "--json", "--source", "demo.log"});
  CHECK(std::count(seeded.out.begin(), seeded.out.end(), '\n') == 25);
  CHECK(has(seeded.out,
            R"("actor":{"address":"ip_8390373f","account":"root"},"target":null,"status":null,"outcome":"login_failed")"));
  CHECK(has(seeded.out, R"("target":"/index.php","status":200,"outcome":"answered")"));
  CHECK(house.go({"demo", "clear"}).code == 0);
  CHECK(house.go({"findings", "list", "--json"}).out + house.go({"errors", "list", "--json"}).out == before);
}

TEST_CASE("the_demonstration_walks_through_without_log_database_or_network") {
  const House house;
  const Finished finished = run({"demo", "run", "--no-pause"}, house.setting);
  CHECK(finished.code == 0);
  CHECK(has(finished.out, "8/8  A model that never sees personal data"));
  const std::size_t answer = finished.out.find("\nRead: 3 sources, "), worst = finished.out.find("SSH_BRUTE_FORCE_SUCCESS");
  CHECK(answer < worst);  // the first that is shown, and first in it
  CHECK(std::count(finished.out.begin() + static_cast<std::ptrdiff_t>(answer),
                   finished.out.begin() + static_cast<std::ptrdiff_t>(std::min(worst, finished.out.size())), '\n') <= 10);
  CHECK(has(finished.out, "[ANOMALY]"));
  CHECK(has(finished.out, "SSH_BRUTE_FORCE"));
  CHECK(has(finished.out, "<<<EVIDENCE "));
  CHECK_FALSE(has(finished.out, "jane.doe@example.com"));
  CHECK_FALSE(std::filesystem::exists("logystera.db"));
}

TEST_CASE("the_demonstration_waits_for_nobody_where_no_terminal_is") {
  const House house;
  int pipe[2];
  REQUIRE(::pipe(pipe) == 0);
  ::close(pipe[1]);
  for (const int input : {::open("/dev/null", O_RDONLY), pipe[0]}) {
    Running::Setting setting = house.setting;
    setting.input = input;
    Running running({"demo", "run"}, setting);
    CHECK(running.wait() == 0);
    CHECK(has(running.out(), "8/8  A model that never sees personal data"));
    CHECK_FALSE(has(running.out(), "Press Enter"));
    ::close(input);
  }
}

TEST_CASE("findings_are_listed_with_what_was_asked_for_and_how_it_was_answered") {
  const House house;
  write(house.scratch.file("access.log"),
        "198.51.100.9 - - [18/May/2026:10:00:00 +0000] \"GET /.env HTTP/1.1\" 200 162 \"-\" \"Mozilla/5.0\"\n");
  CHECK(house.go({"scan", house.scratch.file("access.log"), "--track-errors"}).code == 0);
  for (const Arguments& command : {Arguments{"findings", "list"}, Arguments{"findings", "show", "WEB_DOTFILE_SERVED"}}) {
    const std::string listed = house.go(command).out;
    CAPTURE(listed);
    CHECK(has(listed, "  TARGET  OUTCOME       SOURCE"));
    CHECK(has(listed, "  /.env   answered 200  "));
  }
}

TEST_CASE("shells_complete_commands_and_options") {
  const House house;
  const Finished bash = run({"--show-completion", "bash"}, house.setting);
  CHECK(bash.code == 0);
  write(house.scratch.file("c.bash"), bash.out);
  const auto complete = [&](const std::string& words, int at) {
    const std::string command = "bash -c 'source " + house.scratch.file("c.bash") + "; COMP_WORDS=(" + words +
                                "); COMP_CWORD=" + std::to_string(at) + "; _logystera; echo \"${COMPREPLY[*]}\"'";
    std::FILE* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe);
    std::string out(4096, '\0');
    out.resize(std::fread(out.data(), 1, out.size(), pipe));
    CHECK(::pclose(pipe) == 0);
    return out;
  };
  CHECK(complete("logystera sc", 1) == "scan\n");
  CHECK(has(complete("logystera scan --re", 2), "--redact"));
  CHECK(complete("logystera findings undis", 2) == "undismiss\n");
  Running::Setting home = house.setting;
  home.environment["XDG_DATA_HOME"] = house.scratch.file("data");
  CHECK(run({"--install-completion", "bash"}, home).code == 0);
  CHECK(read_whole(house.scratch.file("data/bash-completion/completions/logystera")) == bash.out);
  CHECK(has(run({"--show-completion", "zsh"}, house.setting).out, "#compdef logystera"));
  CHECK(has(run({"--show-completion", "fish"}, house.setting).out, "complete -c logystera"));
  CHECK(has(run({"--manual"}, house.setting).out, ".TH LOGYSTERA 1"));
}

TEST_CASE("a_command_that_only_looks_makes_no_database") {
  const House house;
  for (const Arguments& command : {Arguments{"findings", "list"},
                                   {"findings", "summary"},
                                   {"findings", "dismissed"},
                                   {"findings", "preview", "SSH_BRUTE_FORCE"},
                                   {"errors", "list"},
                                   {"errors", "new"},
                                   {"errors", "regression"},
                                   {"anomaly", "status"},
                                   {"export", "report", "-o", "-"}}) {
    INFO(command[0] + " " + command[1]);
    CHECK(house.go(command).code == 0);
    CHECK_FALSE(std::filesystem::exists(house.scratch.file("a.db")));
  }
}

TEST_CASE("another_programs_database_stays_as_it_was_whatever_command_names_it") {
  const House house;
  const std::string path = house.scratch.file("a.db");
  // As small as SQLite makes one: a page of 512 bytes, one table.
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "PRAGMA page_size=512; CREATE TABLE t (a)", nullptr, nullptr, nullptr) == SQLITE_OK);
  REQUIRE(sqlite3_close(other) == SQLITE_OK);
  const std::string before = read_whole(path);
  const auto written = std::filesystem::last_write_time(path);
  for (const Arguments& command : {Arguments{"findings", "list"},
                                   {"findings", "dismiss", "R"},
                                   {"errors", "list"},
                                   {"anomaly", "status"},
                                   {"export", "report", "-o", "-"},
                                   {"demo", "seed"},
                                   {"scan", house.scratch.file("one.log")},
                                   {"scan", house.scratch.file("one.log"), "--track-errors"},
                                   {"anomaly", "learn", house.scratch.file("one.log")},
                                   {"events"},
                                   {"entity", "list"},
                                   {"entity", "add", "x"},
                                   {"user", "list"},
                                   {"support", "list"},
                                   {"serve", "--port", "0"}}) {
    INFO(command[0]);
    const Finished finished = house.go(command);
    CHECK(finished.code == 2);
    CHECK(has(finished.err, "belongs to another program"));
    CHECK(read_whole(path) == before);
    CHECK(std::filesystem::last_write_time(path) == written);
    CHECK_FALSE(std::filesystem::exists(path + "-wal"));
    CHECK_FALSE(std::filesystem::exists(path + "-shm"));
    CHECK_FALSE(std::filesystem::exists(path + ".key"));
  }
}

TEST_CASE("a_report_does_not_go_over_a_database") {
  const House house;
  house.scan("one.log");
  const std::string path = house.scratch.file("a.db");
  const Finished refused = house.go({"export", "report", "--format", "json", "-o", path});
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "is a database, which the report would replace: name another file"));
  CHECK(house.go({"findings", "list"}).code == 0);
}

TEST_CASE("a_report_takes_the_place_of_the_one_before_when_it_is_whole") {
  const House house;
  house.scan("one.log");
  const std::string path = house.scratch.file("r.md"), link = house.scratch.file("link.md");
  const std::string title(100'000, 'T');  // more than may be written below
  const auto report = [&](const std::string& to, rlim_t bytes) {
    Running::Setting limited = house.setting;
    limited.file_bytes = bytes;
    return run({"export", "report", "-o", to, "--title", title, "--store", house.store}, limited);
  };
  write(path, "the report before");
  std::filesystem::permissions(path, std::filesystem::perms(0640));
  std::filesystem::create_symlink(path, link);
  const Finished full = report(link, 50'000);
  CHECK(full.code == 2);
  CHECK(has(full.err, link + ": cannot be written: File too large"));
  CHECK(read_whole(path) == "the report before");
  CHECK(report(link, RLIM_INFINITY).code == 0);
  CHECK(has(read_whole(path), title));
  CHECK(std::filesystem::is_symlink(link));
  CHECK(std::filesystem::status(path).permissions() == std::filesystem::perms(0640));
  // What is no file is written to as it is.
  CHECK(report("/dev/null", RLIM_INFINITY).code == 0);
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK(report("/dev/full", RLIM_INFINITY).code == 2);
  for (const auto& left : std::filesystem::directory_iterator(house.scratch.file("")))
    CHECK_FALSE(has(left.path().string(), ".new-"));
}

TEST_CASE("what_is_shown_later_waits_in_the_directory_for_temporary_files") {
  const House house;
  const std::string log = house.scratch.file("large.log"), directory = house.scratch.file("tmp");
  std::string lines;
  for (int i = 0; i < 60'000; ++i)
    lines += time_text(100) + " ERROR a leak of something that is rather long, number " + std::to_string(i) + "\n";
  write(log, lines);
  Running::Setting setting = house.setting;
  setting.environment["TMPDIR"] = directory;
  const Arguments scan = {"scan", log, "--rules-dir", house.scratch.file("rule.yml"), "--json"};
  std::filesystem::create_directory(directory);
  const Finished whole = run(scan, setting);
  CHECK(whole.code == 0);
  CHECK(whole.out.size() > 4 << 20);
  CHECK(std::filesystem::is_empty(directory));
  setting.file_bytes = 3 << 20;
  const Finished full = run(scan, setting);
  CHECK(full.code == 2);
  CHECK(has(full.err, directory));
  CHECK(has(full.err, "set TMPDIR"));
}

TEST_CASE("json_holds_nothing_that_a_terminal_obeys_and_reads_back_as_it_was") {
  const House house;
  REQUIRE(house
              .go({"findings", "dismiss", "SSH_BRUTE_FORCE", "--reason",
                   "a\xc2\x9b"
                   "31m\xe2\x80\xae\x7f\xe2\x80\xa8\xd8\x9c\xe2\x81\xa6\xe2\x80\xa6\xc3\xa4z"})
              .code == 0);
  const Finished listed = house.go({"findings", "dismissed", "--json"});
  CHECK(has(listed.out, "\"a\\u009b31m\\u202e\\u007f\\u2028\\u061c\\u2066\xe2\x80\xa6\xc3\xa4z\""));
}

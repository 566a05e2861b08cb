// The last screen of a scan, as it stands on terminals of several widths, in a pipe, and without colour.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

using Environment = std::map<std::string, std::string>;

const Arguments kLogs{"tests/data/answer/auth.log", "tests/data/answer/access.log", "tests/data/answer/syslog",
                      "tests/data/answer/app.log"};
const std::string kExpected = "tests/data/answer/expected_";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

Environment salted(const Environment& more) {
  Environment all{{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}};
  all.insert(more.begin(), more.end());
  return all;
}

Arguments scan(const Arguments& more) {
  Arguments all{"scan"};
  all.insert(all.end(), kLogs.begin(), kLogs.end());
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

// What the program writes to a terminal of that width, by its standard output or its standard error.
std::string on_terminal(const Arguments& arguments, unsigned short columns, const Environment& environment,
                        int Running::Setting::*stream = &Running::Setting::output) {
  const int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(master >= 0);
  REQUIRE(::grantpt(master) == 0);
  REQUIRE(::unlockpt(master) == 0);
  const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  REQUIRE(slave >= 0);
  const winsize size{50, columns, 0, 0};
  REQUIRE(::ioctl(slave, TIOCSWINSZ, &size) == 0);
  std::string text;
  std::thread reading([&] {
    char bytes[4096];
    for (ssize_t n = 0; (n = ::read(master, bytes, sizeof bytes)) > 0;) text.append(bytes, static_cast<std::size_t>(n));
  });
  Running::Setting setting;
  setting.environment = salted(environment);
  setting.*stream = slave;
  Running running(arguments, setting);
  ::close(slave);  // with the program's own the last: the reader sees the end
  CHECK(running.wait() == 0);
  reading.join();
  ::close(master);
  std::erase(text, '\r');
  return text;
}

std::string in_pipe(const Arguments& arguments) {
  const Finished finished = run(arguments, {salted({}), RLIM_INFINITY, 0});
  CHECK(finished.code == 0);
  CHECK(finished.err.empty());
  return finished.out;
}

std::string without_colour(std::string text) {
  for (std::size_t at = 0; (at = text.find("\x1b[", at)) != std::string::npos;) text.erase(at, text.find('m', at) - at + 1);
  return text;
}

// Code points: the ellipsis is one column.
std::size_t widest(const std::string& text) {
  std::size_t most = 0, columns = 0;
  for (const char c : text) {
    if (c == '\n') columns = 0;
    else columns += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    most = std::max(most, columns);
  }
  return most;
}

std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE("the_answer_stands_on_a_terminal_of_eighty_columns") {
  const std::string expected = read_whole(kExpected + "80.txt");
  const std::string coloured = on_terminal(scan({"--summary"}), 80, {{"TERM", "xterm"}});
  CHECK(coloured == read_whole(kExpected + "80_colour.txt"));
  CHECK(without_colour(coloured) == expected);
  CHECK(coloured != expected);
  CHECK(on_terminal(scan({"--summary"}), 80, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}) == expected);
  CHECK(on_terminal(scan({"--summary"}), 80, {{"TERM", "dumb"}}) == expected);
  CHECK(in_pipe(scan({"--summary"})) == expected);
  CHECK(lines_of(expected) <= 25);
  CHECK(widest(expected) <= 80);
}

TEST_CASE("the_answer_adapts_to_a_hundred_and_twenty_columns") {
  const std::string expected = read_whole(kExpected + "120.txt");
  const std::string coloured = on_terminal(scan({"--summary"}), 120, {{"TERM", "xterm"}});
  CHECK(coloured == read_whole(kExpected + "120_colour.txt"));
  CHECK(on_terminal(scan({"--summary"}), 120, {{"TERM", "xterm"}, {"NO_COLOR", "1"}}) == expected);
  CHECK(lines_of(expected) <= 25);
  CHECK(widest(expected) <= 120);
  CHECK(widest(expected) > 80);
}

TEST_CASE("no_events_are_the_answer_alone_and_a_whole_scan_ends_with_it") {
  const std::string answer = in_pipe(scan({"--summary"}));
  CHECK(in_pipe(scan({"-n", "0"})) == answer);
  const std::string whole = in_pipe(scan({}));
  CHECK(whole.ends_with("\n\n" + answer));
  CHECK(has(whole, "Events (50 of "));
}

TEST_CASE("the_worst_comes_first_with_who_since_when_and_how_it_ended") {
  const std::string answer = in_pipe(scan({"--summary"}));
  const std::size_t incidents = answer.find("\nIncidents: "), errors = answer.find("\nErrors: "),
                    operations = answer.find("\nOperations: "), rest = answer.find("\nNot understood: ");
  REQUIRE(incidents < errors);
  REQUIRE(errors < operations);
  REQUIRE(operations < rest);
  REQUIRE(rest != std::string::npos);
  const std::size_t first = answer.find("\n  CRITICAL ", incidents);
  REQUIRE(first < answer.find("\n  HIGH", incidents));
  CHECK(has(answer, "Read: 4 sources, "));
  CHECK(has(answer, " UTC\n"));
  CHECK(has(answer, " as root, "));
  CHECK(has(answer, "logged in afterwards"));
  CHECK(has(answer, "answered 200"));
  CHECK(has(answer, "Out of Memory: once, …/answer/syslog:1: Out of memory: Killed "));
  CHECK(has(answer, "1 line kept as plain text"));
  CHECK(has(answer, "pseudonyms; --show-pii shows them."));
  CHECK_FALSE(has(answer, "198.51.100."));
}

TEST_CASE("personal_data_are_shown_when_that_is_asked_for_and_said") {
  const std::string shown = in_pipe(scan({"--summary", "--show-pii"}));
  CHECK(has(shown, "198.51.100.23 as root"));
  CHECK(has(shown, "Personal data are shown as they stand in the log."));
  const Finished both = run(scan({"--show-pii", "--redact", "mask"}), {salted({}), RLIM_INFINITY, 0});
  CHECK(both.code == 2);
  CHECK(has(both.err, "--show-pii shows personal data, --redact mask does not: leave one out"));
  const Scratch scratch;
  const Finished kept = run(scan({"--show-pii", "--track-errors", "--store", "sqlite:" + scratch.file("a.db")}),
                            {salted({}), RLIM_INFINITY, 0});
  CHECK(kept.code == 2);
  CHECK(has(kept.err, "never stored"));
}

TEST_CASE("a_log_of_nothing_much_is_answered_shortly") {
  const Scratch scratch;
  std::ofstream(scratch.file("a.log")) << "2026-05-18 10:00:00 all is well\n";
  const std::string answer = in_pipe({"scan", scratch.file("a.log"), "--summary"});
  CHECK(has(answer,
            "1 event, 2026-05-18 10:00:00 UTC\nIncidents: none\nErrors: none\nOperations: nothing out of "
            "order\nNot understood: nothing\n"));
  CHECK(has(in_pipe({"scan", scratch.file("a.log"), "--summary", "--no-rules"}), "\nIncidents: rules are off\n"));
}

TEST_CASE("a_long_path_leaves_room_for_the_time") {
  const Scratch scratch;
  const std::string folder = scratch.file(std::string(60, 'a') + "/" + std::string(60, 'b') + "/nginx");
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/access.log") << "2026-05-18 10:00:00 ERROR all is lost\n";
  const std::string answer = in_pipe({"scan", folder + "/access.log", "--summary"});
  CHECK(answer.starts_with("Read: …/nginx/access.log (plaintext), 1 event, 2026-05-18 10:00:00 UTC\n"));
  CHECK(has(answer, "e.g. …/access.log:1: all is lost"));
}

TEST_CASE("a_long_name_is_shown_by_its_end_and_leaves_room_for_the_example") {
  const Scratch scratch;
  const std::string name = std::string(64, 'a') + "-j\xc3\xb6son.log";
  std::ofstream(scratch.file(name)) << "2026-05-18 10:00:00 ERROR all is lost\n";
  const std::string answer = in_pipe({"scan", scratch.file(name), "--summary"});
  CHECK(has(answer, "e.g. …" + std::string(21, 'a') + "-j\xc3\xb6son.log:1: all is lost\n"));
}

TEST_CASE("the_answer_is_bounded_whatever_a_log_holds") {
  const Scratch scratch;
  std::ofstream rules(scratch.file("rules.yml"));
  for (int i = 0; i < 40; ++i)
    rules << (i > 0 ? "---\n" : "") << "id: A_RULE_WITH_A_NAME_" << i << "\ntitle: Number " << i << "\nlevel: high\ntags: ["
          << (i % 2 ? "operations" : "attack.t1110")
          << "]\ndetection:\n  match:\n    - {field: message, op: contains, value: 'word" << i << "x'}\n";
  rules.close();
  std::ofstream log(scratch.file("a.log"));
  for (int i = 0; i < 40; ++i)
    log << "2026-05-18 10:00:00 ERROR " << std::string(static_cast<std::size_t>(i) * 9, static_cast<char>('a' + i % 26))
        << " \xf0\x9f\x92\xa5\x1b[31m word" << i << "x " << std::string(300, 'y') << " " << std::string(90, 'z') << "\n";
  for (int i = 0; i < 1200; ++i) log << "2026-05-18 20:00:00 ERROR " << std::string(90, 'n') << "\n";  // new
  log.close();
  for (const unsigned short columns : {20, 40, 80, 100, 120, 300}) {
    CAPTURE(columns);
    const std::string answer =
        on_terminal({"scan", scratch.file("a.log"), "--rules-dir", scratch.file("rules.yml"), "--summary"}, columns,
                    {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
    CHECK(lines_of(answer) <= 25);
    CHECK(widest(answer) <= std::clamp<std::size_t>(columns, 40, 160));
    CHECK_FALSE(has(answer, "\x1b"));
    CHECK(has(answer, "--findings lists all"));
  }
}

TEST_CASE("a_handful_of_findings_is_listed_and_of_more_the_newest") {
  const Scratch scratch;
  std::ofstream log(scratch.file("auth.log"));
  for (int i = 0; i < 30; ++i)
    log << "2026-05-18T10:" << 10 + i << ":00+00:00 web1 sudo: admin : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/c" << i
        << "\n";
  log << "2026-05-18T10:05:00+00:00 web1 sshd[1]: Accepted password for root from 198.51.100.23 port 41000 ssh2\n";
  log.close();
  const std::string some = in_pipe({"scan", scratch.file("auth.log"), "-n", "1"});
  const std::string list = some.substr(some.find("\nFindings ("));
  CHECK(has(list, "Findings (31):\n[HIGH]"));
  CHECK(has(list, "COMMAND=/bin/c29"));
  CHECK(has(list, "COMMAND=/bin/c25"));
  CHECK_FALSE(has(list, "COMMAND=/bin/c24"));
  CHECK(has(list, "… and 25 more (--findings lists all of them)\n"));
  const std::string all = in_pipe({"scan", scratch.file("auth.log"), "-n", "1", "--findings"});
  for (int i = 0; i < 30; ++i) CHECK(has(all, "COMMAND=/bin/c" + std::to_string(i) + "  ("));
  CHECK(has(all, "Events (1 of 31):"));
}

TEST_CASE("json_has_episodes_operations_and_the_loudest_errors") {
  const std::string document = in_pipe(scan({"--json", "-n", "0"}));
  CHECK(has(document, ",{\"rule\":\"SSH_BRUTE_FORCE\",\"title\":\"SSH Brute Force\",\"severity\":\"critical\""));
  CHECK(has(document, "\"episodes\":[{\"rule\":\"SSH_BRUTE_FORCE_SUCCESS\""));
  CHECK(has(document, "\"logged_in_afterwards\":true"));
  CHECK(has(document, "\"operations\":[{\"rule\":\"OPS_"));
  CHECK(has(
      document,
      "\"errors\":[{\"pattern\":\"no session could be written: the store is read only\",\"severity\":\"ERROR\",\"count\":2,"
      "\"new_since\":\"2026-05-18T03:55:00Z\",\"message\":"));
  CHECK(has(document,
            "{\"pattern\":\"cannot reach the database at <ip> after <n>\",\"severity\":\"ERROR\",\"count\":12,"
            "\"new_since\":null,"));
  const std::string lines = in_pipe(scan({"--ndjson", "-n", "0"}));
  for (const char* begin : {"{\"episode\":{\"rule\":", "{\"operation\":{\"rule\":", "{\"error\":{\"pattern\":"})
    CHECK(has(lines, std::string("\n") + begin));
}

// What is older than the retention is gone when the next run begins, so the logs are of these days.
TEST_CASE("new_errors_come_before_loud_ones_and_against_the_database_once_it_has_some") {
  const auto day = [](int days_ago) {
    const std::time_t time = std::time(nullptr) - days_ago * 86400;
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[16];
    REQUIRE(std::strftime(text, sizeof text, "%Y-%m-%d", &parts) > 0);
    return std::string(text);
  };
  const Scratch scratch;
  const std::string log = scratch.file("app.log"), later = scratch.file("later.log"),
                    store = "sqlite:" + scratch.file("a.db");
  const std::string one = day(3), two = day(2);
  std::ofstream(log) << one << " 10:00:00 ERROR disk full\n"
                     << one << " 10:00:01 ERROR disk full\n"
                     << one << " 19:30:00 ERROR no such table: orders\n"
                     << one << " 20:00:00 INFO done\n";
  const std::string first = in_pipe({"scan", log, "--summary", "--track-errors", "--store", store});
  CHECK(has(first, "\nErrors: 3 of 2 kinds, 1 new, then the loudest\n  1x new since " + one +
                       " 19:30:00: no such table: orders\n"));
  CHECK(first.find("no such table") < first.find("2x disk full"));
  std::ofstream(later) << two << " 10:00:00 ERROR the queue is gone\n"
                       << two << " 10:00:02 ERROR disk full\n"
                       << two << " 19:59:00 ERROR no such table: orders\n"
                       << two << " 20:00:00 INFO done\n";
  CHECK(has(in_pipe({"scan", later, "--summary"}), "  1x new since " + two + " 19:59:00: no such table: orders\n"));
  const std::string second = in_pipe({"scan", later, "--summary", "--track-errors", "--store", store});
  CHECK(has(second,
            "\nErrors: 3 of 3 kinds, 1 new, then the loudest\n  1x new since " + two + " 10:00:00: the queue is gone\n"));
  CHECK_FALSE(has(second, "new since " + two + " 19:59:00"));
  CHECK(has(in_pipe({"scan", later, "--summary", "--track-errors", "--store", store}),
            "\nErrors: 3 of 3 kinds, the loudest first\n"));
}

TEST_CASE("four_hundred_attempts_and_a_login_are_one_critical_incident") {
  const Scratch scratch;
  std::ofstream log(scratch.file("auth.log"));
  const auto line = [&](int second, const std::string& message) {
    char time[40];
    std::snprintf(time, sizeof time, "2026-05-18T%02d:%02d:%02d+00:00", 2 + second / 3600, second / 60 % 60, second % 60);
    log << time << " web1 sshd[12]: " << message << "\n";
  };
  // Several rules count them: of names that have no account, and of attempts.
  for (int i = 0; i < 400; ++i)
    line(i * 4, i % 2
                    ? "Failed password for root from 198.51.100.23 port 4022 ssh2"
                    : "Failed password for invalid user u" + std::to_string(i % 37) + " from 198.51.100.23 port 4022 ssh2");
  line(400 * 4 + 1500, "Accepted password for bob from 198.51.100.23 port 4022 ssh2");
  log.close();
  const std::string answer = in_pipe({"scan", scratch.file("auth.log"), "--summary"});
  const std::size_t at = answer.find("  CRITICAL SSH_BRUTE_FORCE: ");
  REQUIRE(at != std::string::npos);
  CHECK(at < answer.find('\n', answer.find("\nIncidents: ") + 1) + 2);
  std::string incident = answer.substr(at, 300);
  for (std::size_t end; (end = incident.find("\n           ")) != std::string::npos;) incident.replace(end, 12, " ");
  CHECK(has(incident, ", 38 accounts, mostly root, 400 times, logged in afterwards, "));
  CHECK(has(incident, "2026-05-18 02:00:00 to 02:26:36"));
}

TEST_CASE("attempts_count_once_each_where_no_password_is_asked_for") {
  const Scratch scratch;
  std::ofstream log(scratch.file("auth.log"));
  for (int i = 0; i < 400; ++i) {
    char begin[80];
    std::snprintf(begin, sizeof begin, "2026-05-18T02:%02d:%02d+00:00 web1 sshd[%d]: ", i * 4 / 60, i * 4 % 60, 1000 + i);
    const std::string who = "user u" + std::to_string(i % 37), port = " port " + std::to_string(30000 + i);
    log << begin << "Invalid " << who << " from 198.51.100.23" << port << "\n"
        << begin << "Connection closed by invalid " << who << " 198.51.100.23" << port << " [preauth]\n";
  }
  log.close();
  const std::string answer = in_pipe({"scan", scratch.file("auth.log"), "--summary"});
  const std::size_t at = answer.find("  HIGH     SSH_BRUTE_FORCE: ");
  REQUIRE(at != std::string::npos);
  CHECK(has(answer.substr(at, 200), ", 400 times, "));
  CHECK(has(answer.substr(at, 200), "2026-05-18 02:00:00 to "));
}

TEST_CASE("a_site_that_answers_everything_is_said_to_in_the_answer_and_a_real_leak_stands_out") {
  const Scratch scratch;
  std::ofstream log(scratch.file("access.log"));
  const auto ask = [&](const std::string& target, int bytes) {
    log << "198.51.100.23 - - [18/May/2026:10:00:00 +0000] \"GET " << target << " HTTP/1.1\" 200 " << bytes
        << " \"-\" \"Mozilla/5.0\"\n";
  };
  for (const char* target : {"/.env", "/.git/config", "/wp-config.php.bak", "/phpinfo.php", "/c99.php", "/dump.sql",
                             "/.svn/entries", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"})
    ask(target, 1742);
  log.flush();
  const std::string alike = in_pipe({"scan", scratch.file("access.log"), "--summary"});
  CHECK(has(alike, "\n  MEDIUM   SCANNER: "));
  CHECK(has(alike, "8 probes of 5 kinds"));
  CHECK_FALSE(has(alike, "CRITICAL"));
  CHECK_FALSE(has(alike, "  HIGH"));
  const std::string document = in_pipe({"scan", scratch.file("access.log"), "--json", "-n", "0"});
  CHECK(has(document, "\"same_answer_bytes\":1742"));
  ask("/shop/.env", 96);
  log.close();
  const std::string leak = in_pipe({"scan", scratch.file("access.log"), "--summary"});
  CHECK(has(leak, "  CRITICAL WEB_DOTFILE_SERVED: "));
  CHECK(has(leak, "answered 200, "));
  CHECK(has(leak, "/shop/.env, 2026-05-18"));
  CHECK(has(leak, "\n  MEDIUM   SCANNER: "));
}

namespace {

bool matches(const std::string& text, const char* pattern) { return std::regex_search(text, std::regex(pattern)); }

// The entries of a part of the answer, each on one line: what goes on in the next is indented further.
std::vector<std::string> entries_of(const std::string& answer, const std::string& part) {
  std::vector<std::string> entries;
  std::istringstream lines(answer.substr(answer.find("\n" + part + ": ") + 1));
  std::string line;
  std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with("  ")) {
    if (line.starts_with("           ")) entries.back() += line.substr(10);
    else entries.push_back(line);
  }
  return entries;
}

}  // namespace

TEST_CASE("every_incident_says_how_it_ended_and_where_at_eighty_columns") {
  for (const std::string& answer : {read_whole(kExpected + "80.txt"), read_whole(kExpected + "120.txt")}) {
    std::size_t places = 0;
    for (const std::string& entry : entries_of(answer, "Incidents")) {
      CAPTURE(entry);
      if (entry.ends_with("--findings lists all")) continue;
      ++places;
      CHECK(matches(entry, "…/[a-z./]+:\\d+[,;]"));
      if (!has(entry, "SUDO_COMMAND")) CHECK(matches(entry, ", (logged in|logged in afterwards|answered \\d+), …"));
      CHECK(matches(entry, "2026-05-18 \\d\\d:\\d\\d:\\d\\d"));
      CHECK_FALSE(entry.ends_with("…"));
    }
    CHECK(places >= 5);
    const std::vector<std::string> operations = entries_of(answer, "Operations");
    REQUIRE(operations.size() == 4);
    CHECK(has(operations[0], "…/answer/syslog:5: blk_update_request: I/O "));
    CHECK(has(operations[2], "…/answer/syslog:2: mysql.service: Failed with "));
    CHECK(has(operations[3], "…/answer/syslog:3: mysql.service:"));
  }
}

TEST_CASE("long_paths_lose_names_in_the_middle_and_units_are_named_where_there_is_room") {
  const Scratch scratch;
  std::ofstream(scratch.file("access.log"))
      << "2001:db8::7 - - [18/May/2026:10:00:00 +0000] \"GET "
         "/sites/default/files/private/backups/2026/11/very/long/path/that/"
         "goes/on/and/on/for/a/long/while/until/it/ends/with/something/.env HTTP/1.1\" 200 900 \"-\" \"x\"\n";
  std::ofstream(scratch.file("syslog"))
      << "2026-05-18T10:00:00+00:00 web1 systemd[1]: my-very-important-billing-export.service: Failed with result "
         "'exit-code'.\n";
  const std::string answer = in_pipe({"scan", scratch.file("access.log"), scratch.file("syslog"), "--summary"});
  CHECK(lines_of(answer) <= 25);
  CHECK(widest(answer) <= 80);
  const std::vector<std::string> incidents = entries_of(answer, "Incidents"), operations = entries_of(answer, "Operations");
  REQUIRE(incidents.size() == 1);
  CAPTURE(incidents[0]);
  CHECK(has(incidents[0], ", once, answered 200, …/access.log:1, /sites/…/"));
  CHECK(has(incidents[0], "/something/.env, 2026-05-18 10:00:00"));
  REQUIRE(operations.size() == 1);
  CAPTURE(operations[0]);
  CHECK(has(operations[0],
            "Unit Failed: once, …/syslog:1, last 2026-05-18 10:00:00: my-very-important-billing-export.service: "
            "Failed with result 'exit-code'."));
}

TEST_CASE("what_is_counted_is_what_was_selected") {
  const Scratch scratch;
  std::ofstream(scratch.file("a.log")) << "2026-05-18 10:00:00 one\n2026-05-18 11:00:00 two\n2026-05-18 12:00:00 three\n";
  const auto read = [&](const Arguments& more) {
    Arguments arguments{"scan", scratch.file("a.log"), "--summary"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const std::string answer = in_pipe(arguments);
    const std::string first = answer.substr(0, answer.find("\nIncidents"));
    const std::size_t end = first.find("\n ");
    return end == std::string::npos ? first : first.substr(0, end) + first.substr(end + 2);
  };
  CHECK(read({}).ends_with("(plaintext), 3 events, 2026-05-18 10:00:00 to 12:00:00 UTC"));
  CHECK(read({"--since", "5m"}).ends_with("(plaintext), 0 of 3 events selected"));
  CHECK(
      read({"--where", "message contains two"}).ends_with("(plaintext), 1 of 3 events selected, 2026-05-18 11:00:00 UTC"));
}

TEST_CASE("places_tell_sources_of_one_name_apart_and_grow_with_the_screen") {
  const auto answer_of = [](const std::string& below, unsigned short columns) {
    const Scratch scratch;
    Arguments arguments{"scan"};
    for (const auto& [site, error] : {std::pair("shop", "disk full"), std::pair("blog", "no such table")}) {
      const std::string folder = scratch.file(std::string("nginx/") + site + below);
      std::filesystem::create_directories(folder);
      std::ofstream(folder + "/app.log") << "2026-05-18 10:00:00 ERROR " << error << "\n";
      arguments.push_back(folder + "/app.log");
    }
    arguments.emplace_back("--summary");
    return on_terminal(arguments, columns, {{"TERM", "xterm"}, {"NO_COLOR", "1"}});
  };
  for (const unsigned short columns : {80, 160}) {
    const std::string beside = answer_of("", columns), below = answer_of("/of/a/server/far/away/in/the/north", columns);
    CAPTURE(beside);
    CAPTURE(below);
    for (const char* site : {"shop", "blog"}) {
      CHECK(has(beside, std::string(columns == 80 ? "…/" : "/nginx/") + site + "/app.log:1: "));
      CHECK(has(below, std::string("…/") + site + "/…/app.log:1: "));
    }
  }
}

TEST_CASE("requests_that_came_to_nothing_are_one_scanner_with_all_it_asked_for") {
  const Scratch scratch;
  const auto scan_of = [&](int every, bool one_answered) {
    std::ofstream log(scratch.file("access.log"));
    for (int i = 0; i < 212; ++i) {
      char time[16];
      std::snprintf(time, sizeof time, "%02d:%02d:%02d", 10 + i * every / 3600, i * every / 60 % 60, i * every % 60);
      const bool refused = i % 3 == 0;
      log << "198.51.100.99 - - [18/May/2026:" << time << " +0000] \"GET "
          << (i % 41 == 0 ? "/.env" : "/old/" + std::to_string(i % 41) + ".php") << " HTTP/1.1\" "
          << (one_answered && i == 205 ? 200
              : refused                ? 403
                                       : 404)
          << " 162 \"-\" \"Mozilla/5.0\"\n";
    }
    log.close();
    return in_pipe({"scan", scratch.file("access.log"), "--summary"});
  };
  for (const int every : {1, 4}) {
    const std::string answer = scan_of(every, false);
    CAPTURE(answer);
    const std::vector<std::string> incidents = entries_of(answer, "Incidents");
    REQUIRE(incidents.size() == 1);
    CHECK(incidents[0].starts_with("  LOW      SCANNER: "));
    CHECK(has(incidents[0], ", 212 probes of 41 paths, answered 40"));
    CHECK(has(incidents[0], "access.log:2"));
  }
  // Who was answered is left as it is.
  const std::string answered = scan_of(1, true);
  CAPTURE(answered);
  CHECK(has(answered, "  CRITICAL WEB_DOTFILE_SERVED: "));
  CHECK(has(answered, "  MEDIUM   NGINX_404_SCAN: "));
  CHECK(has(answered, "  MEDIUM   WEB_FORBIDDEN_PROBE: "));
}

TEST_CASE("progress_is_drawn_on_terminals_whose_lines_can_be_written_anew") {
  const auto drawn = [](const Environment& environment) {
    return on_terminal(scan({"--summary"}), 80, environment, &Running::Setting::error);
  };
  CHECK(has(drawn({{"TERM", "xterm"}}), "\x1b[K"));
  CHECK(has(drawn({{"TERM", "xterm"}, {"NO_COLOR", "1"}}), "\x1b[K"));
  CHECK(drawn({{"TERM", "dumb"}}).empty());
  CHECK(drawn({{"TERM", ""}}).empty());
}

TEST_CASE("the_documentation_shows_the_screen_as_it_is") {
  std::string command = "$ logystera scan --summary";
  for (const std::string& log : kLogs) command += " " + log;
  CHECK(has(read_whole("docs/analysis.md"), "```\n" + command + "\n" + read_whole(kExpected + "80.txt") + "```\n"));
}

TEST_CASE("what_the_kernel_says_stands_without_its_own_time") {
  const Scratch scratch;
  std::ofstream(scratch.file("kern.log"))
      << "2026-05-18T10:00:00+00:00 web1 kernel: [901004.554120] blk_update_request: I/O error, dev sda, sector 81290\n";
  const std::vector<std::string> operations =
      entries_of(in_pipe({"scan", scratch.file("kern.log"), "--summary"}), "Operations");
  REQUIRE(operations.size() == 1);
  CAPTURE(operations[0]);
  CHECK(has(operations[0], ": blk_update_request: I/O error, dev sda, sector 81290"));
}

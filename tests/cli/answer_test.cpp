// The last screen of a scan, as it stands on terminals of several widths, in a pipe, and without colour.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

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

// What the program writes to a terminal of that width.
std::string on_terminal(const Arguments& arguments, unsigned short columns, const Environment& environment) {
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
  setting.output = slave;
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
  CHECK(has(answer, "Out of Memory: once, last 2026-05-18 02:01:40"));
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
  CHECK(has(document, "\"episodes\":[{\"rule\":\"SSH_BRUTE_FORCE_SUCCESS\""));
  CHECK(has(document, "\"logged_in_afterwards\":true"));
  CHECK(has(document, "\"operations\":[{\"rule\":\"OPS_"));
  CHECK(
      has(document,
          "\"errors\":[{\"pattern\":\"cannot reach the database at <ip> after <n>\",\"severity\":\"ERROR\",\"count\":12"));
  const std::string lines = in_pipe(scan({"--ndjson", "-n", "0"}));
  for (const char* begin : {"{\"episode\":{\"rule\":", "{\"operation\":{\"rule\":", "{\"error\":{\"pattern\":"})
    CHECK(has(lines, std::string("\n") + begin));
}

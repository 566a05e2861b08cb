// What every command does with wrong options, streams that are closed or full, and names that are no text.
#include <pty.h>
#include <sys/wait.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

const std::string kSample = "tests/data/auth.log";

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

struct House {
  Scratch scratch;
  const Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};
  const std::string store = "sqlite:" + scratch.file("a.db");

  Finished go(const Arguments& arguments) const { return run(arguments, setting); }

  /// The same in a shell, with redirections as a shell has them; standard error comes back.
  Finished shell(const std::string& words) const {
    const std::string command = "LOGYSTERA_PII_SALT=salt XDG_STATE_HOME='" + scratch.file("state") + "' " +
                                LOGYSTERA_BINARY + " " + words + " 2> '" + scratch.file("err") + "'";
    const int status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, "", read_whole(scratch.file("err"))};
  }
};

}  // namespace

TEST_CASE("a_command_that_prints_into_a_full_disk_has_failed") {
  const House house;
  const std::string store = " --store " + house.store;
  for (const std::string& command :
       {std::string("rules list"), std::string("formats --json"), std::string("--help"), std::string("--version"),
        std::string("--manual"), std::string("rules list --help"), "scan " + kSample, "scan --ndjson " + kSample,
        "scan --format-only " + kSample, "findings list" + store, "findings summary" + store, "errors list" + store,
        "export report -o -" + store, "anomaly status" + store, std::string("rules test")}) {
    INFO(command);
    const Finished finished = house.shell(command + " > /dev/full");
    CHECK(finished.code == 2);
    CHECK(has(finished.err, "standard output cannot be written"));
  }
}

TEST_CASE("a_closed_standard_stream_is_no_empty_log_and_takes_no_file_s_place") {
  const House house;
  const Finished input = house.shell("scan - <&- > /dev/null");
  CHECK(input.code == 2);
  CHECK(has(input.err, "Bad file descriptor"));
  const Finished output = house.shell("scan " + kSample + " --track-errors --store " + house.store + " >&-");
  CHECK(output.code == 2);
  CHECK(has(output.err, "standard output cannot be written"));
  // Messages for a standard error that is not there went into no database.
  std::filesystem::remove(house.scratch.file("a.db"));
  CHECK(std::system((std::string(LOGYSTERA_BINARY) + " demo seed --store " + house.store + " >&- 2>&-").c_str()) != 0);
  CHECK(read_whole(house.scratch.file("a.db")).substr(0, 15) == "SQLite format 3");
}

TEST_CASE("a_command_that_reads_what_is_typed_says_so_unless_it_was_asked_to") {
  const House house;
  const auto typed = [&](const Arguments& arguments) {
    int keyboard = -1, terminal = -1;
    REQUIRE(::openpty(&keyboard, &terminal, nullptr, nullptr, nullptr) == 0);
    REQUIRE(::write(keyboard, "a line\n\x04", 8) == 8);  // Ctrl-D
    Running::Setting setting = house.setting;
    setting.input = terminal;
    const Finished finished = run(arguments, setting);
    ::close(terminal);
    ::close(keyboard);
    return finished;
  };
  const std::string note = "no PATH given: reading what you type, until Ctrl-D (--help for more)\n";
  const Finished scan = typed({"scan"});
  CHECK(scan.code == 0);
  CHECK(scan.err == "logystera scan: " + note);
  CHECK(has(scan.out, "[ 1] -                   INFO     a line"));
  const Finished learnt = typed({"anomaly", "learn", "--store", house.store});
  CHECK(learnt.code == 0);
  CHECK(learnt.err == "logystera anomaly learn: " + note);
  const Finished named = typed({"scan", "-"});
  CHECK(named.code == 0);
  CHECK(named.err.empty());
  CHECK(named.out == scan.out);
  CHECK(typed({"scan", kSample}).err.empty());
  for (const char* words : {"scan < tests/data/auth.log > /dev/null", "scan - < tests/data/auth.log > /dev/null"})
    CHECK(house.shell(words).err.empty());
  write(house.scratch.file("piped"), "");
  const std::string piped = "cat tests/data/auth.log | LOGYSTERA_PII_SALT=salt " + std::string(LOGYSTERA_BINARY) +
                            " scan > /dev/null 2> '" + house.scratch.file("piped") + "'";
  CHECK(std::system(piped.c_str()) == 0);
  CHECK(read_whole(house.scratch.file("piped")).empty());
}

TEST_CASE("a_wrong_option_says_what_to_write") {
  const House house;
  const std::pair<Arguments, std::string> wrong[] = {
      {{"scan", kSample, "--limit", "-1"}, "-1: write a whole number from 0 to 1000000000"},
      {{"scan", kSample, "-n", ""}, "write a whole number"},
      {{"scan", kSample, "-n", "99999999999999999999"}, "write a whole number"},
      {{"scan", kSample, "--anomaly-threshold", "nan"}, "nan: write a number greater than 0"},
      {{"scan", kSample, "--anomaly-threshold", "-2"}, "-2: write a number greater than 0"},
      {{"scan", kSample, "--anomaly-model", "magic"}, "magic: write zscore or adaptive"},
      {{"tail", kSample, "--alert-min-severity", "loud"}, "loud: write informational, low, medium, high or critical"},
      {{"rules", "list", "--severity", "loud"}, "loud: write informational, low, medium, high or critical"},
      {{"findings", "list", "-n", "0", "--store", house.store}, "0: write a whole number from 1"},
      {{"errors", "new", "-n", "x", "--store", house.store}, "x: write a whole number from 1"},
      {{"scan", ""}, "a path is empty"},
  };
  for (const auto& [arguments, message] : wrong) {
    INFO(message);
    const Finished finished = house.go(arguments);
    CHECK(finished.code == 2);
    CHECK(has(finished.err, message));
    CHECK(finished.out.empty());
  }
}

TEST_CASE("dry_run_shows_personal_data_and_neither_stores_nor_sends_them") {
  const House house;
  const Finished scan = house.go({"scan", kSample, "--redact", "dry-run", "--track-errors", "--store", house.store});
  CHECK(scan.code == 2);
  CHECK(has(scan.err, "leave --track-errors out, or use --redact redact or mask"));
  for (const char* option : {"--track-errors", "--track-findings", "--alert-webhook=http://127.0.0.1:9/"}) {
    const Finished tail = house.go({"tail", kSample, "--redact", "dry-run", option, "--store", house.store});
    CHECK(tail.code == 2);
    CHECK(has(tail.err, "never stored or sent"));
  }
  write(house.scratch.file("config.yaml"), "redact: dry-run\n");
  CHECK(
      house.go({"scan", kSample, "--track-errors", "--store", house.store, "-c", house.scratch.file("config.yaml")}).code ==
      2);
  CHECK_FALSE(std::filesystem::exists(house.scratch.file("a.db")));
}

TEST_CASE("a_log_whose_name_is_no_text_can_be_found_and_dismissed_by_it") {
  const House house;
  const std::string log = house.scratch.file("caf\xe9.log"), rule = house.scratch.file("rule.yml");
  write(log, "a leak\n");
  write(rule, "id: LEAK\ntitle: A leak\nlevel: high\ndetection: {match: [{field: message, op: contains, value: leak}]}\n");
  const Arguments scan{"scan", log, "--rules-dir", rule, "--track-errors", "--store", house.store};
  CHECK(has(house.go(scan).out, "Findings : 1"));
  CHECK(has(house.go({"findings", "list", "--source", "caf\xe9.log", "--store", house.store}).out, "LEAK"));
  CHECK(has(house.go({"findings", "dismiss", "LEAK", "--source", "caf\xe9.log", "--store", house.store}).out,
            "1 stored finding is of LEAK"));
  CHECK(has(house.go(scan).out, "Findings : 0"));
  CHECK(house.go({"findings", "undismiss", "LEAK", "--source", "caf\xe9.log", "--store", house.store}).code == 0);
  CHECK(has(house.go(scan).out, "Findings : 1"));
}

TEST_CASE("a_rule_that_is_not_there_is_not_dismissed") {
  const House house;
  const Finished known = house.go({"findings", "dismiss", "SSH_BRUTE_FORCE", "--store", house.store});
  CHECK(known.code == 0);
  CHECK(known.err.empty());
  const Finished unknown = house.go({"findings", "dismiss", "SSH_BRUTEFORCE", "--store", house.store});
  CHECK(unknown.code == 2);
  CHECK(has(unknown.err, "there is no rule 'SSH_BRUTEFORCE'; similar: SSH_BRUTE_FORCE"));
  CHECK(has(unknown.err, "rules_dir"));
  CHECK(unknown.out.empty());
  CHECK(house.go({"findings", "undismiss", "SSH_BRUTEFORCE", "--store", house.store}).code == 2);
  CHECK(house.go({"findings", "undismiss", "SSH_BRUTE_FORCE", "--store", house.store}).code == 0);
  CHECK(house.go({"findings", "dismissed", "--store", house.store}).out == "Nothing is dismissed.\n");
}

TEST_CASE("formats_are_listed_with_those_of_the_configuration") {
  const House house;
  std::filesystem::create_directory(house.scratch.file("formats"));
  write(house.scratch.file("config.yaml"), "formats_dir: " + house.scratch.file("nowhere") + "\n");
  const Finished missing = house.go({"formats", "-c", house.scratch.file("config.yaml")});
  CHECK(missing.code == 2);
  CHECK(has(missing.err, "nowhere: cannot be listed"));
  write(house.scratch.file("config.yaml"), "formats_dir: " + house.scratch.file("formats") + "\n");
  CHECK(has(house.go({"formats", "-c", house.scratch.file("config.yaml")}).out, "auth_log"));
}

TEST_CASE("a_configuration_s_text_that_yaml_takes_for_a_number_wants_quotes") {
  const House house;
  const std::string path = house.scratch.file("config.yaml");
  write(path, "pii_salt: 12345\n");
  CHECK(has(house.go({"scan", kSample, "-c", path}).err, "config.yaml:1:11: pii_salt must be a text: put it in quotes"));
  write(path, "timezone: Mars\n");
  CHECK(has(house.go({"scan", kSample, "-c", path}).err, "config.yaml:1:11: timezone must be local, UTC, an offset"));
}

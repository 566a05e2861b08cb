// `fleet tail` as a user runs it: logs that are not there yet, and paths that mean none.
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }
bool shows(const Running& tail, const std::string& words) {
  return eventually([&] { return has(tail.out(), words); });
}
bool says(const Running& tail, const std::string& words) {
  return eventually([&] { return has(tail.err(), words); });
}
std::string line(const std::string& message) { return "2026-05-18 10:00:00 INFO " + message + "\n"; }

struct House {
  Scratch scratch;
  Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};

  void targets(const std::string& entries) const {
    std::ofstream(scratch.file("targets.yaml"), std::ios::trunc) << "targets:\n" << entries;
  }
  Arguments arguments(Arguments more) const {
    Arguments all{"fleet", "tail",        "--targets", scratch.file("targets.yaml"), "--no-rules", "--poll-interval",
                  "0.02",  "--heartbeat", "0.2"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string end(Running& tail) const {
    tail.kill(SIGINT);
    CHECK(tail.wait() == 0);
    return tail.out();
  }
};

}  // namespace

TEST_CASE("a_fleet_reads_a_log_that_was_not_there_from_its_beginning") {
  const House house;
  const std::string log = house.scratch.file("app.log");
  house.targets("- {name: web, type: file, path: " + log + "}\n");
  Running tail(house.arguments({}), house.setting);
  REQUIRE(says(tail, "web is down: "));
  append(log, line("the first") + line("the second"));
  CHECK(shows(tail, "the second"));
  CHECK(has(house.end(tail), "the first"));
}

TEST_CASE("a_fleet_reads_a_log_of_another_machine_that_was_not_there_from_its_beginning") {
  House house;
  const std::string log = house.scratch.file("app.log"), bin = house.scratch.file("bin"), ssh = bin + "/ssh";
  std::filesystem::create_directory(bin);
  append(ssh, "#!/bin/sh\nfor last; do :; done\nexec sh -c \"$last\"\n");
  ::chmod(ssh.c_str(), 0755);
  house.setting.environment["PATH"] = bin + ":" + std::getenv("PATH");
  house.targets("- {name: far, type: ssh, host: far, path: " + log + "}\n");
  const Arguments arguments = house.arguments({"--resume"});
  {
    Running tail(arguments, house.setting);
    REQUIRE(says(tail, "far is down: "));
    SECTION("while it is followed") {
      append(log, line("the first") + line("the second"));
      CHECK(shows(tail, "the second"));
      CHECK(has(house.end(tail), "the first"));
      return;
    }
    SECTION("and appeared while nobody followed it") { house.end(tail); }
  }
  append(log, line("the first"));
  Running tail(arguments, house.setting);
  CHECK(shows(tail, "the first"));
}

TEST_CASE("a_path_without_logs_stops_no_other_and_is_followed_once_it_has_some") {
  const House house;
  const std::string log = house.scratch.file("app.log"), logs = house.scratch.file("srv");
  append(log, line("before"));
  house.targets("- {name: web, type: file, path: [" + log + ", '" + logs + "/*/log/*.log']}\n");
  const Arguments arguments = house.arguments({"--resume"});
  {
    Running tail(arguments, house.setting);
    REQUIRE(says(tail, "web is down: " + logs + "/*/log/*.log: no file fits this pattern"));
    const auto beside = [&] {  // it may not have been opened yet, and is read from its end
      append(log, line("beside"));
      return has(tail.out(), "beside");
    };
    CHECK(eventually(beside));
    std::filesystem::create_directories(logs + "/one/log");
    append(logs + "/one/log/a.log", line("of a"));
    CHECK(shows(tail, "of a"));
    CHECK(says(tail, "web is up again"));
    append(logs + "/one/log/a.log", line("more of a"));
    CHECK(shows(tail, "more of a"));
    CHECK_FALSE(has(house.end(tail), "before"));
  }
  append(logs + "/one/log/a.log", line("the rest of a"));
  append(logs + "/one/log/b.log", line("of b"));
  Running tail(arguments, house.setting);
  CHECK(shows(tail, "the rest of a"));
  CHECK(shows(tail, "of b"));
  CHECK_FALSE(has(house.end(tail), "more of a"));
}

TEST_CASE("a_target_whose_path_means_no_log_yet_is_awaited") {
  const House house;
  const std::string logs = house.scratch.file("logs");
  std::filesystem::create_directory(logs);
  house.targets("- {name: web, type: file, path: " + logs + "}\n");
  Running tail(house.arguments({}), house.setting);
  REQUIRE(says(tail, "web is down: "));
  append(logs + "/app.log", line("the first"));
  CHECK(shows(tail, "the first"));
  CHECK(says(tail, "1 of 1 targets up"));
  house.end(tail);
}

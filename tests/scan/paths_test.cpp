// What a command line means by its paths.
#include "scan/paths.hpp"

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera::scan;
using logystera::testing::Scratch;

namespace {

void touch(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << "x\n";
}

}  // namespace

TEST_CASE("no_path_is_standard_input") {
  const auto sets = find_sources({});
  REQUIRE(sets.ok());
  REQUIRE(sets->size() == 1);
  CHECK(sets.value()[0].files == std::vector<std::string>{"-"});
}

TEST_CASE("members_of_a_rotated_set_are_one_log_oldest_first") {
  const Scratch scratch;
  for (const char* name : {"access.log", "access.log.1", "access.log.2.gz", "access.log.10.gz", "error.log"})
    touch(scratch.file(name));
  const std::string log = scratch.file("access.log");
  const std::vector<std::string> oldest_first{log + ".10.gz", log + ".2.gz", log + ".1", log};

  const auto named = find_sources({log, log + ".1", log + ".10.gz", log + ".2.gz"});
  REQUIRE(named.ok());
  REQUIRE(named.value().size() == 1);
  CHECK(named.value()[0].files == oldest_first);
  CHECK(named.value()[0].name == log);

  const auto pattern = find_sources({log + "*"});
  REQUIRE(pattern.ok());
  REQUIRE(pattern.value().size() == 1);
  CHECK(pattern.value()[0].files == oldest_first);

  const auto alone = find_sources({log});
  REQUIRE(alone.ok());
  CHECK(alone.value()[0].files == std::vector<std::string>{log});
  const auto rotated = find_sources({log}, {.rotated = true});
  REQUIRE(rotated.ok());
  CHECK(rotated.value()[0].files == oldest_first);
}

TEST_CASE("directories_are_walked_without_hidden_entries") {
  const Scratch scratch;
  touch(scratch.file("logs/b.log"));
  touch(scratch.file("logs/deep/a.log"));
  touch(scratch.file("logs/.hidden"));
  touch(scratch.file("logs/.git/c.log"));
  const auto sets = find_sources({scratch.file("logs")});
  REQUIRE(sets.ok());
  REQUIRE(sets.value().size() == 2);
  CHECK(sets.value()[0].name == scratch.file("logs/b.log"));
  CHECK(sets.value()[1].name == scratch.file("logs/deep/a.log"));
  const auto few = find_sources({scratch.file("logs")}, {.files_most = 1});
  REQUIRE_FALSE(few.ok());
  CHECK(few.error().message.find("more than 1 files") != std::string::npos);
}

TEST_CASE("paths_that_lead_nowhere_are_errors_by_name") {
  const Scratch scratch;
  const auto missing = find_sources({scratch.file("nothing.log")});
  REQUIRE_FALSE(missing.ok());
  CHECK(missing.error().message.find("nothing.log") != std::string::npos);
  const auto pattern = find_sources({scratch.file("*.log")});
  REQUIRE_FALSE(pattern.ok());
  CHECK(pattern.error().message.find("no file fits") != std::string::npos);
  std::filesystem::create_directories(scratch.file("empty"));
  CHECK_FALSE(find_sources({scratch.file("empty")}).ok());
}

TEST_CASE("a_rotated_file_knows_its_first_name") {
  CHECK(rotation_base("/var/log/syslog.1") == "/var/log/syslog");
  CHECK(rotation_base("access.log.2.gz") == "access.log");
  CHECK(rotation_base("access.log-20260518.zst") == "access.log");
  CHECK(rotation_base("access.log.2026-05-18") == "access.log");
  CHECK(rotation_base("access.log") == "access.log");
  CHECK(rotation_base("access.log.gz") == "access.log.gz");
  CHECK(rotation_base("2026.log") == "2026.log");
  CHECK(rotation_base("logs.d/7") == "logs.d/7");
}

TEST_CASE("a_baseline_is_kept_under_the_file_s_stem") {
  CHECK(source_key("/var/log/syslog") == "syslog");
  CHECK(source_key("/var/log/syslog.3.gz") == "syslog");
  CHECK(source_key("logs/nginx-access.log") == "nginx-access");
  CHECK(source_key("access.log.gz") == "access");
  CHECK(source_key("-") == "stdin");
}

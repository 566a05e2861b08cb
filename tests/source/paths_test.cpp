// What a command line means by its paths.
#include "source/paths.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "scratch.hpp"
#include "source/rotation.hpp"

using namespace logystera::source;
using logystera::FilePath;
using logystera::Passed;
using logystera::PassedOver;
using logystera::testing::Scratch;

namespace {

void touch(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << "x\n";
}

std::uint64_t count(const PassedOver& passed, Passed reason) { return passed.counts[static_cast<std::size_t>(reason)]; }

std::vector<std::string> names(const std::vector<FilePath>& files) {
  std::vector<std::string> all;
  for (const FilePath& file : files) all.push_back(std::filesystem::path(file.path).filename().string());
  return all;
}

std::vector<std::string> names(const std::vector<SourceSet>& sets) {
  std::vector<std::string> all;
  for (const SourceSet& set : sets)
    for (const std::string& name : names(set.files)) all.push_back(name);
  return all;
}

using Names = std::vector<std::string>;

// A directory with one log, and everything in it that is none.
struct HostileDirectory {
  Scratch scratch;
  const std::string logs = scratch.file("logs");

  HostileDirectory() {
    touch(logs + "/a.log");
    touch(logs + "/deep/b.log");
    touch(scratch.file("secret/shadow"));
    std::filesystem::create_symlink("loop.log", logs + "/loop.log");
    std::filesystem::create_symlink(".hidden", logs + "/.hidden");
    std::filesystem::create_symlink("..", logs + "/deep/up");
    std::filesystem::create_symlink(scratch.file("secret/shadow"), logs + "/linked.log");
    std::filesystem::create_symlink(scratch.file("secret"), logs + "/linked");
    REQUIRE(::mkfifo((logs + "/pipe.log").c_str(), 0600) == 0);
    const int server = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (logs + "/socket.log").copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(server, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    ::close(server);
  }
};

}  // namespace

TEST_CASE("no_path_is_standard_input") {
  const auto sets = find_sources({});
  REQUIRE(sets.ok());
  REQUIRE(sets->size() == 1);
  CHECK(sets.value()[0].files == std::vector<FilePath>{"-"});
}

TEST_CASE("members_of_a_rotated_set_are_one_log_oldest_first") {
  const Scratch scratch;
  for (const char* name : {"access.log", "access.log.1", "access.log.2.gz", "access.log.10.gz", "error.log"})
    touch(scratch.file(name));
  const std::string log = scratch.file("access.log");
  const std::vector<FilePath> oldest_first{log + ".10.gz", log + ".2.gz", log + ".1", log};

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
  CHECK(alone.value()[0].files == std::vector<FilePath>{log});
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

TEST_CASE("a_walk_follows_no_link_and_names_what_is_no_file") {
  const HostileDirectory house;
  PassedOver passed;
  const auto sets = find_sources({house.logs}, {}, &passed);
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log", "b.log"});
  CHECK(count(passed, Passed::link) == 4);
  CHECK(count(passed, Passed::pipe) == 1);
  CHECK(count(passed, Passed::socket) == 1);
  CHECK(passed.total() == 6);
  CHECK(passed.named.size() == 6);
}

TEST_CASE("a_pattern_follows_no_link_and_waits_for_no_pipe") {
  const HostileDirectory house;
  PassedOver passed;
  const auto sets = find_sources({house.logs + "/*.log"}, {}, &passed);
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log"});
  CHECK(count(passed, Passed::link) == 2);
  CHECK(count(passed, Passed::pipe) == 1);
  PassedOver below;
  const auto deeper = find_sources({house.logs + "/*/*"}, {}, &below);
  REQUIRE(deeper.ok());
  CHECK(names(deeper.value()) == Names{"b.log"});
  CHECK(count(below, Passed::link) == 4);  // three in the place of a directory
}

TEST_CASE("links_are_followed_where_asked_for_and_nothing_is_read_twice") {
  const HostileDirectory house;
  PassedOver passed;
  const auto sets = find_sources({house.logs}, {.follow_links = true}, &passed);
  REQUIRE(sets.ok());
  const Names found = names(sets.value());
  CHECK(found.size() == 3);
  CHECK(std::count(found.begin(), found.end(), "a.log") == 1);
  CHECK(std::count(found.begin(), found.end(), "b.log") == 1);
  CHECK(count(passed, Passed::same_file) == 2);  // the way up, and the secret by its second name
  CHECK(count(passed, Passed::lost_link) == 1);
}

TEST_CASE("what_is_named_is_the_users_own_choice") {
  const HostileDirectory house;
  const auto link = find_sources({house.logs + "/linked.log"});
  REQUIRE(link.ok());
  CHECK(names(link.value()) == Names{"linked.log"});
  const auto directory = find_sources({house.logs + "/linked"});
  REQUIRE(directory.ok());
  CHECK(names(directory.value()) == Names{"shadow"});
  CHECK(open_source(link.value()[0].files[0]).ok());
}

TEST_CASE("one_file_by_two_names_is_read_once") {
  const Scratch scratch;
  touch(scratch.file("logs/a.log"));
  std::filesystem::create_hard_link(scratch.file("logs/a.log"), scratch.file("logs/z.log"));
  PassedOver passed;
  auto sets = find_sources({scratch.file("logs")}, {}, &passed);
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log"});
  CHECK(count(passed, Passed::same_file) == 1);
  sets = find_sources({scratch.file("logs/a.log"), scratch.file("logs/../logs/a.log"), scratch.file("logs")});
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log"});
}

TEST_CASE("what_takes_a_found_files_place_is_not_opened") {
  const Scratch scratch;
  touch(scratch.file("logs/deep/a.log"));
  touch(scratch.file("secret/a.log"));
  const auto sets = find_sources({scratch.file("logs")});
  REQUIRE(sets.ok());
  const FilePath file = sets.value()[0].files[0];
  CHECK(open_source(file).ok());
  std::filesystem::remove(scratch.file("logs/deep/a.log"));
  SECTION("a link") { std::filesystem::create_symlink(scratch.file("secret/a.log"), scratch.file("logs/deep/a.log")); }
  SECTION("a pipe") { REQUIRE(::mkfifo(scratch.file("logs/deep/a.log").c_str(), 0600) == 0); }
  SECTION("a directory's link") {
    std::filesystem::remove(scratch.file("logs/deep"));
    std::filesystem::create_directory_symlink(scratch.file("secret"), scratch.file("logs/deep"));
  }
  CHECK_FALSE(open_source(file).ok());
}

TEST_CASE("a_tree_without_end_is_walked_to_a_limit") {
  const Scratch scratch;
  touch(scratch.file("logs/a.log"));
  logystera::Fd at(::open(scratch.file("logs").c_str(), O_RDONLY | O_DIRECTORY));
  for (int depth = 0; depth < 3000; ++depth) {
    REQUIRE(::mkdirat(at.get(), "d", 0700) == 0);
    at = logystera::Fd(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY));
    REQUIRE(at);
  }
  PassedOver passed;
  const auto sets = find_sources({scratch.file("logs")}, {}, &passed);
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log"});
  CHECK(count(passed, Passed::too_deep) == 1);
}

TEST_CASE("packed_parts_that_cannot_be_read_are_said") {
  const Scratch scratch;
  for (const char* name : {"a.log", "a.log.1", "a.log.1.gz", "a.log.2.xz", "a.log.3.bz2"}) touch(scratch.file(name));
  PassedOver passed;
  const auto sets = find_sources({scratch.file("a.log")}, {.rotated = true}, &passed);
  REQUIRE(sets.ok());
  CHECK(names(sets.value()) == Names{"a.log.1", "a.log"});
  CHECK(count(passed, Passed::unpackable) == 2);
  CHECK(count(passed, Passed::same_file) == 1);
}

TEST_CASE("a_rotated_set_is_read_oldest_first") {
  const Scratch scratch;
  const auto parts = [&](const std::string& log) {
    PassedOver passed;
    return names(logystera::source::rotated_parts(scratch.file(log), {scratch.file("old")}, {}, passed));
  };
  for (const char* name : {"access.log", "access.log.1", "access.log.2.gz", "access.log.10.gz", "access.log.bak",
                           "access.log.1.swp", "other.log.1", "access-2.log", "old/access.log.12"})
    touch(scratch.file(name));
  CHECK(parts("access.log") == Names{"access.log.12", "access.log.10.gz", "access.log.2.gz", "access.log.1"});
  for (const char* name : {"error.log-20260517", "error.log-20260516.zst", "old/error.log-20251231-1767139200.gz"})
    touch(scratch.file(name));
  CHECK(parts("error.log") == Names{"error.log-20251231-1767139200.gz", "error.log-20260516.zst", "error.log-20260517"});
  for (const char* name : {"mail.1.log", "mail.2.log.gz", "mail-20260516.log.gz"}) touch(scratch.file(name));
  CHECK(parts("mail.log").size() == 3);
  CHECK(parts("nothing.log").empty());
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

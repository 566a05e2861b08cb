// Walks over directories that other people write to: what is found, what is passed over and why, and what is opened.
#include "core/walk.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;
namespace fs = std::filesystem;

namespace {

void write(const std::string& path) {
  fs::create_directories(fs::path(path).parent_path());
  std::ofstream(path) << "x\n";
}

std::uint64_t count(const PassedOver& passed, Passed reason) { return passed.counts[static_cast<std::size_t>(reason)]; }

struct Walk {
  explicit Walk(const std::string& directory, const WalkOptions& options = {})
      : done(walk_directory(directory, options, files, passed)) {
    for (const FilePath& file : files) names.push_back(file.path.substr(directory.size() + 1));
  }

  std::vector<FilePath> files;
  PassedOver passed;
  std::vector<std::string> names;
  Result<Done> done;
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a_walk_finds_regular_files_sorted_and_passes_over_everything_else_by_name") {
  const Scratch scratch;
  const std::string root = scratch.file("logs");
  write(root + "/b.log");
  write(root + "/a/1.log");
  write(root + "/.hidden");
  fs::create_symlink("/etc/passwd", root + "/link.log");
  REQUIRE(::mkfifo((root + "/pipe.log").c_str(), 0600) == 0);
  const Walk plain(root);
  REQUIRE(plain.done.ok());
  CHECK(plain.names == Names{"a/1.log", "b.log"});
  CHECK(count(plain.passed, Passed::link) == 1);
  CHECK(count(plain.passed, Passed::pipe) == 1);
  CHECK(plain.passed.total() == 2);
  REQUIRE(plain.passed.named.size() == 2);
  CHECK(passed_name(Passed::link) == "link");
  CHECK(passed_text(Passed::link).find("--follow-links") != std::string_view::npos);
  WalkOptions all;
  all.hidden = true;
  CHECK(Walk(root, all).names == Names{".hidden", "a/1.log", "b.log"});
  WalkOptions some;
  some.wanted = [](std::string_view name) { return name.substr(0, 1) == "b"; };
  CHECK(Walk(root, some).names == Names{"b.log"});
}

TEST_CASE("a_walk_that_follows_links_ends_in_circles_and_finds_no_file_twice") {
  const Scratch scratch;
  const std::string root = scratch.file("logs");
  write(root + "/a/1.log");
  fs::create_symlink("..", root + "/a/up");
  fs::create_symlink("nowhere", root + "/lost");
  fs::create_symlink("a/1.log", root + "/same.log");
  WalkOptions options;
  options.follow_links = true;
  const Walk walk(root, options);
  REQUIRE(walk.done.ok());
  CHECK(walk.names.size() == 1);
  CHECK(count(walk.passed, Passed::lost_link) == 1);
  CHECK(count(walk.passed, Passed::same_file) == 2);
}

TEST_CASE("a_walk_keeps_its_limits") {
  const Scratch scratch;
  const std::string root = scratch.file("logs");
  for (int i = 0; i < 5; ++i) write(root + "/" + std::to_string(i));
  write(root + "/x/y/z/deep");
  WalkOptions files;
  files.files_most = 3;
  const Walk many(root, files);
  REQUIRE_FALSE(many.done.ok());
  CHECK(many.done.error().kind == ErrorKind::too_large);
  CHECK(many.done.error().message.find("more than 3 files") != std::string::npos);
  WalkOptions entries;
  entries.entries_most = 3;
  CHECK_FALSE(Walk(root, entries).done.ok());
  WalkOptions depth;
  depth.depth_most = 2;
  const Walk shallow(root, depth);
  REQUIRE(shallow.done.ok());
  CHECK(count(shallow.passed, Passed::too_deep) == 1);
  CHECK(shallow.names.size() == 5);
  const Walk missing(scratch.file("missing"));
  REQUIRE_FALSE(missing.done.ok());
  CHECK(missing.done.error().kind == ErrorKind::not_found);
}

TEST_CASE("a_pattern_finds_what_fits_and_says_what_does_not_count") {
  const Scratch scratch;
  const std::string root = scratch.file("logs");
  for (const char* name : {"one/app.log", "two/app.log", "two/app.txt", "two/.app.log"}) write(root + "/" + name);
  fs::create_directories(root + "/three/app.log");
  fs::create_symlink(root + "/one/app.log", root + "/two/bpp.log");
  std::vector<FilePath> files;
  PassedOver passed;
  REQUIRE(match_pattern(root + "/*/?pp.[l]og", {}, files, passed).ok());
  CHECK(files == std::vector<FilePath>{root + "/one/app.log", root + "/two/app.log"});
  CHECK(count(passed, Passed::directory) == 1);
  CHECK(count(passed, Passed::link) == 1);
  files.clear();
  REQUIRE(match_pattern(root + "/*.nothing", {}, files, passed).ok());
  CHECK(files.empty());
}

TEST_CASE("what_took_the_place_of_a_found_file_is_not_opened") {
  const Scratch scratch;
  const std::string root = scratch.file("logs");
  write(root + "/a/1.log");
  Walk walk(root);
  REQUIRE(walk.files.size() == 1);
  CHECK(open_found(walk.files[0]).ok());
  SECTION("a link to what only this process may read") {
    fs::remove(root + "/a/1.log");
    fs::create_symlink("/etc/passwd", root + "/a/1.log");
  }
  SECTION("a directory on the way that is a link by now") {
    fs::rename(root + "/a", root + "/b");
    fs::create_symlink("b", root + "/a");
  }
  SECTION("a pipe") {
    fs::remove(root + "/a/1.log");
    REQUIRE(::mkfifo((root + "/a/1.log").c_str(), 0600) == 0);
  }
  SECTION("nothing") { fs::remove(root + "/a/1.log"); }
  const Result<Fd> opened = open_found(walk.files[0]);
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message.find("1.log") != std::string::npos);
}

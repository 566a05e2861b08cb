// The rule cache: what makes it hold, what makes it not, and that whatever happens to its files costs time alone.
#include "analysis/rule_cache.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "catch.hpp"
#include "detect/sample.hpp"
#include "scratch.hpp"

using namespace logystera;
using logystera::testing::Scratch;

namespace {

namespace fs = std::filesystem;

std::string rule(const std::string& id, const std::string& word) {
  return "id: " + id + "\ntitle: " + id +
         "\nlevel: high\ndetection: {match: [{field: message, op: contains, value: " + word + "}]}\n";
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A user with rules of his own, and a cache.
struct House {
  const Scratch scratch;
  const std::string rules = scratch.file("rules");
  analysis::RuleCache::Place place{scratch.file("cache/logystera"), scratch.file("state/key"), "build 1"};
  analysis::RuleSources sources{.built_in = false, .paths = {rules}, .placeholders = {}};

  House() {
    fs::create_directories(rules + "/below");
    write(rules + "/a.yml", rule("A", "first"));
    write(rules + "/below/b.yaml", rule("B", "second"));
    write(rules + "/refused.yml", "id: R\ntitle: R\nlevel: wrong\n");
  }

  // As long after the last change as it takes for rules to be kept.
  analysis::Inventory inventory() const {
    auto taken = analysis::take_inventory(sources);
    REQUIRE(taken.ok());
    taken->taken_ns += std::int64_t{10} * 1'000'000'000;
    return std::move(taken).value();
  }
  Result<Done> keep() const {
    const analysis::Inventory taken = inventory();
    FieldNames names;
    auto loaded = analysis::load_rules(sources);
    REQUIRE(loaded.ok());
    auto engine = detect::Engine::compile(loaded.value(), names);
    REQUIRE(engine.ok());
    return analysis::RuleCache(place).save(sources, taken, engine.value());
  }
  void kept() const {
    const Result<Done> done = keep();
    INFO((done.ok() ? "" : done.error().message));
    REQUIRE(done.ok());
  }
  std::string file() const { return analysis::RuleCache(place).file_of(sources); }

  // "" if the cache held and its rules do what they should; else why it did not.
  std::string why_not() const {
    detect::RuleSet set;
    FieldNames names;
    auto engine = analysis::RuleCache(place).load(sources, names, set);
    if (!engine) return engine.error().message;
    CHECK(set.refused() == 1);
    CHECK(set.met() == 3);
    REQUIRE(set.rules.size() == 2);
    Record record;
    record.raw = record.message = "the second";
    detect::Session session(engine.value());
    const auto hits = session.match(record);
    REQUIRE(hits.size() == 1);
    CHECK(set.rules[hits[0]].id == "B");
    return {};
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("rules_are_taken_from_the_cache_until_something_about_them_changes") {
  const House house;
  CHECK(has(house.why_not(), "cannot be opened"));
  house.kept();
  CHECK(house.why_not().empty());

  SECTION("a file was written again") {
    write(house.rules + "/a.yml", rule("A", "third"));
    CHECK(has(house.why_not(), house.rules + "/a.yml has changed since"));
  }
  SECTION("a file was touched, and has its old times again") {
    struct stat status;
    REQUIRE(::stat((house.rules + "/a.yml").c_str(), &status) == 0);
    write(house.rules + "/a.yml", rule("A", "tsrif"));  // as long
    const timespec times[2] = {status.st_atim, status.st_mtim};
    REQUIRE(::utimensat(AT_FDCWD, (house.rules + "/a.yml").c_str(), times, 0) == 0);
    CHECK(has(house.why_not(), "a.yml has changed since"));
  }
  SECTION("a file came, however deep") {
    write(house.rules + "/below/c.yml", rule("C", "third"));
    CHECK(has(house.why_not(), "below has changed since"));
  }
  SECTION("a file went") {
    fs::remove(house.rules + "/below/b.yaml");
    CHECK(has(house.why_not(), "has changed since"));
  }
  SECTION("a file was replaced by another") {
    write(house.rules + "/below/new", rule("A", "other"));
    fs::rename(house.rules + "/below/new", house.rules + "/a.yml");
    CHECK(has(house.why_not(), "has changed since"));
  }
  SECTION("the whole directory went") {
    fs::remove_all(house.rules);
    CHECK(has(house.why_not(), house.rules + " has changed since"));
  }
  SECTION("kept once more, they hold again") {
    write(house.rules + "/a.yml", rule("A", "third"));
    CHECK_FALSE(house.why_not().empty());
    house.kept();
    CHECK(house.why_not().empty());
  }
}

TEST_CASE("a_link_among_rules_is_refused_by_name_and_read_where_links_are_followed") {
  House house;
  write(house.scratch.file("elsewhere.yml"), rule("L", "link"));
  fs::create_symlink(house.scratch.file("elsewhere.yml"), house.rules + "/link.yml");
  REQUIRE(::mkfifo((house.rules + "/pipe.yml").c_str(), 0600) == 0);
  auto loaded = analysis::load_rules(house.sources);
  REQUIRE(loaded.ok());
  CHECK(loaded->rules.size() == 2);
  CHECK(loaded->refused() == 3);
  const auto said = [&](const std::string& file) {
    for (const detect::DocumentReport& report : loaded->documents)
      if (has(report.file, file) && !report.problems.empty()) return report.problems.front().message;
    return std::string();
  };
  CHECK(has(said("link.yml"), "a symbolic link"));
  CHECK(has(said("pipe.yml"), "a named pipe"));
  CHECK(house.keep().ok());

  house.sources.follow_links = true;
  auto followed = analysis::load_rules(house.sources);
  REQUIRE(followed.ok());
  CHECK(followed->rules.size() == 3);
  // What a link leads to can change unseen: never from the cache.
  const analysis::RuleCache cache(house.place);
  detect::RuleSet rules;
  FieldNames names;
  const auto ready = analysis::ready_rules(house.sources, &cache, names, rules);
  REQUIRE(ready.ok());
  CHECK_FALSE(ready->from_cache);
  CHECK(rules.rules.size() == 3);
}

TEST_CASE("rules_that_changed_a_moment_ago_are_not_kept") {
  const House house;
  FieldNames names;
  auto loaded = analysis::load_rules(house.sources);
  auto taken = analysis::take_inventory(house.sources);
  auto engine = detect::Engine::compile(loaded.value(), names);
  const Result<Done> kept = analysis::RuleCache(house.place).save(house.sources, taken.value(), engine.value());
  REQUIRE_FALSE(kept.ok());
  CHECK(has(kept.error().message, "changed just now"));
  CHECK_FALSE(fs::exists(house.file()));
}

TEST_CASE("other_choices_of_rules_and_other_builds_have_files_of_their_own") {
  House house;
  house.kept();
  const std::string file = house.file();
  CHECK(fs::path(file).filename().string().starts_with("rules-"));
  auto other = house.sources;
  other.built_in = true;
  CHECK(analysis::RuleCache(house.place).file_of(other) != file);
  other = house.sources;
  other.placeholders = "x";
  CHECK(analysis::RuleCache(house.place).file_of(other) != file);
  other = house.sources;
  other.paths.push_back("");
  CHECK(analysis::RuleCache(house.place).file_of(other) != file);
  house.place.build = "build 2";
  CHECK(house.file() != file);
  CHECK(has(house.why_not(), "not been kept yet"));
  // Nor does the file of one build serve another under its name.
  fs::copy_file(file, house.file());
  fs::permissions(house.file(), fs::perms::owner_read | fs::perms::owner_write);
  CHECK(has(house.why_not(), "it is of other rules"));
}

TEST_CASE("a_cache_that_was_cut_or_changed_anywhere_is_not_used") {
  const House house;
  house.kept();
  const std::string whole = read(house.file());
  std::mt19937 random(20261121);
  for (std::size_t at = 0; at < whole.size(); at += 1 + random() % 7) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 1 << random() % 8);
    write(house.file(), damaged);
    CHECK(has(house.why_not(), "damaged, or not this user's"));
  }
  for (std::size_t size = 0; size < whole.size(); size += 1 + random() % 97) {
    write(house.file(), whole.substr(0, size));
    CHECK_FALSE(house.why_not().empty());
  }
  write(house.file(), whole);
  CHECK(house.why_not().empty());
}

TEST_CASE("a_cache_made_with_another_key_is_not_used") {
  const House house;
  house.kept();
  struct stat status;
  REQUIRE(::stat(house.place.key_file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  write(house.place.key_file, std::string(64, 'a') + "\n");
  CHECK(has(house.why_not(), "damaged, or not this user's"));
  fs::remove(house.place.key_file);  // another is made
  CHECK(has(house.why_not(), "damaged, or not this user's"));
  house.kept();
  CHECK(house.why_not().empty());
  ::chmod(house.place.key_file.c_str(), 0644);
  CHECK(has(house.why_not(), "lets others read the secret"));
}

TEST_CASE("cache_files_and_directories_others_could_have_made_are_not_used") {
  const House house;
  house.kept();
  struct stat status;
  REQUIRE(::stat(house.file().c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::stat(house.place.directory.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);

  SECTION("a file others may read") {
    ::chmod(house.file().c_str(), 0640);
    CHECK(has(house.why_not(), "others may read or write it"));
  }
  SECTION("a link instead of the file") {
    fs::rename(house.file(), house.scratch.file("moved"));
    fs::create_symlink(house.scratch.file("moved"), house.file());
    CHECK_FALSE(house.why_not().empty());
  }
  SECTION("a pipe instead of the file") {
    fs::remove(house.file());
    REQUIRE(::mkfifo(house.file().c_str(), 0600) == 0);
    CHECK(has(house.why_not(), "no ordinary file"));
  }
  SECTION("a file of more than 64 MiB") {
    fs::resize_file(house.file(), analysis::kCachedBytesMost + 1);
    CHECK(has(house.why_not(), "larger than 64 MiB"));
  }
  SECTION("a directory others may write to") {
    ::chmod(house.place.directory.c_str(), 0770);
    CHECK(has(house.why_not(), "others may write to it"));
    CHECK_FALSE(house.keep().ok());
  }
  SECTION("a link instead of the directory") {
    fs::rename(house.place.directory, house.scratch.file("moved"));
    fs::create_directory_symlink(house.scratch.file("moved"), house.place.directory);
    CHECK_FALSE(house.why_not().empty());
    CHECK_FALSE(house.keep().ok());
  }
  SECTION("another user's file and directory") {
    if (::geteuid() != 0) return;  // only root can give files away
    REQUIRE(::chown(house.file().c_str(), 65534, 65534) == 0);
    CHECK(has(house.why_not(), "it belongs to another user"));
    REQUIRE(::chown(house.place.directory.c_str(), 65534, 65534) == 0);
    CHECK(has(house.why_not(), "belongs to another user"));
  }
}

TEST_CASE("of_many_choices_of_rules_the_ones_used_last_stay") {
  House house;
  const std::string draft = house.place.directory + "/rules-x.cache.new-0011";
  std::vector<std::string> files;
  for (int i = 0; i < 12; ++i) {
    house.place.build = "build " + std::to_string(i);
    house.kept();
    files.push_back(house.file());
    const timespec times[2] = {{1'000'000'000 + i, 0}, {1'000'000'000 + i, 0}};
    ::utimensat(AT_FDCWD, files.back().c_str(), times, 0);
    if (i == 5) {
      house.place.build = "build 0";
      CHECK(house.why_not().empty());  // used now
      write(draft, "left behind");
      ::utimensat(AT_FDCWD, draft.c_str(), times, 0);
      write(house.place.directory + "/something-else", "not ours");
    }
  }
  std::size_t there = 0;
  for (const std::string& file : files) there += fs::exists(file);
  CHECK(there == analysis::kCachesMost);
  CHECK(fs::exists(files[0]));
  CHECK_FALSE(fs::exists(files[1]));
  CHECK(fs::exists(files[11]));
  CHECK_FALSE(fs::exists(draft));
  CHECK(fs::exists(house.place.directory + "/something-else"));
}

TEST_CASE("processes_that_keep_and_take_rules_at_once_do_not_disturb_each_other") {
  const House house;
  house.kept();
  constexpr int kProcesses = 4, kRounds = 40;
  std::vector<pid_t> children;
  for (int p = 0; p < kProcesses; ++p) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      bool good = true;
      for (int round = 0; round < kRounds; ++round)
        good = good && (p % 2 == 0 ? house.keep().ok() : house.why_not().empty());
      ::_exit(good ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(house.why_not().empty());
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(house.place.directory)) files += entry.is_regular_file();
  CHECK(files == 1);
}

TEST_CASE("ready_rules_come_from_files_where_the_cache_does_not_serve_and_say_why") {
  House house;
  const analysis::RuleCache cache(house.place);
  const auto ready = [&](const analysis::RuleCache* used) {
    detect::RuleSet set;
    FieldNames names;
    auto rules = analysis::ready_rules(house.sources, used, names, set);
    REQUIRE(rules.ok());
    CHECK(set.rules.size() == 2);
    CHECK(set.refused() == 1);
    return std::pair(rules->from_cache, rules->note);
  };
  CHECK(ready(nullptr) == std::pair(false, std::string()));
  auto [from_cache, note] = ready(&cache);
  CHECK_FALSE(from_cache);
  CHECK(has(note, "changed just now"));  // the rules, that is
  house.kept();
  CHECK(ready(&cache) == std::pair(true, std::string()));
  write(house.file(), std::string(100, 'x'));
  std::tie(from_cache, note) = ready(&cache);
  CHECK_FALSE(from_cache);
  CHECK(has(note, "damaged"));

  house.place.directory = house.rules + "/a.yml/cache";  // cannot be made
  const analysis::RuleCache nowhere(house.place);
  std::tie(from_cache, note) = ready(&nowhere);
  CHECK_FALSE(from_cache);
  CHECK(has(note, "cannot be opened"));

  house.sources.paths.push_back(house.scratch.file("missing"));
  detect::RuleSet set;
  FieldNames names;
  CHECK_FALSE(analysis::ready_rules(house.sources, &cache, names, set).ok());
}

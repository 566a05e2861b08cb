#include "store/sqlite/ownership.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <memory>

#include "catch.hpp"
#include "scratch.hpp"
#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::store;
using logystera::store::sqlite::check_ownership;
using logystera::store::sqlite::Connection;
using logystera::testing::Scratch;

namespace {

std::string whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Every file of a directory: bytes, mode, owner and times but that of reading.
std::map<std::string, std::string> state_of(const std::string& directory) {
  std::map<std::string, std::string> state;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    struct stat status {};
    REQUIRE(::stat(entry.path().c_str(), &status) == 0);
    state[entry.path().filename()] = std::to_string(status.st_mode) + "," + std::to_string(status.st_ino) + "," +
                                     std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec) +
                                     "," + std::to_string(status.st_ctim.tv_sec) + "." +
                                     std::to_string(status.st_ctim.tv_nsec) + ":" + whole(entry.path());
  }
  return state;
}

/// Another program, which has a database open.
class Other {
 public:
  explicit Other(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &handle_) == SQLITE_OK); }
  ~Other() { sqlite3_close(handle_); }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;
  void run(const std::string& sql) { REQUIRE(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK); }
  bool can(const std::string& sql) { return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK; }

 private:
  sqlite3* handle_ = nullptr;
};

/// Runs in a process that then dies as from kill -9: what it had not committed lies about.
void in_a_process_that_is_killed(const std::function<void()>& work) {
  const pid_t child = ::fork();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WEXITSTATUS(status) == 0);
}

Result<std::unique_ptr<Store>> open_at(const std::string& path, Access access = Access::create) {
  return open("sqlite:" + path, {.access = access});
}

/// The message of every way to open a database; all must be errors.
std::string refusals(const std::string& path) {
  std::string all;
  const auto refused = [&all](const auto& opened) {
    REQUIRE_FALSE(opened.ok());
    all += opened.error().message + "\n";
  };
  for (const Access access : {Access::create, Access::existing, Access::look})
    for (const Durability durability : {Durability::full, Durability::process})
      refused(open("sqlite:" + path, {.access = access, .durability = durability}));
  refused(Connection::open(path, true, 100));
  return all;
}

}  // namespace

TEST_CASE("another_programs_database_is_refused_and_not_touched") {
  Scratch scratch;
  const std::string path = scratch.file("other.db");
  std::unique_ptr<Other> other;
  SECTION("with tables") { Other(path).run("CREATE TABLE accounts (id INTEGER); INSERT INTO accounts VALUES (1)"); }
  SECTION("with so many that its first page is full") {
    Other maker(path);
    for (int i = 0; i < 200; ++i) maker.run("CREATE TABLE accounts_" + std::to_string(i) + " (id INTEGER, name TEXT)");
  }
  SECTION("with an application id and no table") { Other(path).run("PRAGMA application_id = 1234"); }
  SECTION("with a version of its own and no table") { Other(path).run("PRAGMA user_version = 7"); }
  SECTION("with a write-ahead log") { Other(path).run("PRAGMA journal_mode=WAL; CREATE TABLE accounts (id INTEGER)"); }
  SECTION("in use, its first table in the write-ahead log alone") {
    other = std::make_unique<Other>(path);
    other->run("PRAGMA journal_mode=WAL; CREATE TABLE accounts (id INTEGER); INSERT INTO accounts VALUES (1)");
    REQUIRE(std::filesystem::file_size(path + "-wal") > 0);
  }
  SECTION("in use, in the middle of a transaction") {
    other = std::make_unique<Other>(path);
    other->run("CREATE TABLE accounts (id INTEGER); PRAGMA cache_size = 1; BEGIN EXCLUSIVE");
    for (int i = 0; i < 100; ++i) other->run("INSERT INTO accounts VALUES (randomblob(4000))");
    REQUIRE(std::filesystem::exists(path + "-journal"));
  }
  SECTION("left with a journal to be rolled back") {
    in_a_process_that_is_killed([&path] {
      auto* killed = new Other(path);
      killed->run("CREATE TABLE accounts (id INTEGER); PRAGMA cache_size = 1; BEGIN EXCLUSIVE");
      for (int i = 0; i < 100; ++i) killed->run("INSERT INTO accounts VALUES (randomblob(4000))");
    });
    REQUIRE(std::filesystem::exists(path + "-journal"));
  }
  SECTION("left with a write-ahead log nobody has folded in") {
    in_a_process_that_is_killed([&path] {
      auto* killed = new Other(path);
      killed->run("PRAGMA journal_mode=WAL; CREATE TABLE accounts (id INTEGER)");
    });
    REQUIRE(std::filesystem::exists(path + "-wal"));
  }
  const auto before = state_of(std::filesystem::path(path).parent_path());
  const std::string said = refusals(path);
  CHECK(said.find("belongs to another program") != std::string::npos);
  CHECK(said.find("name another") != std::string::npos);
  CHECK(state_of(std::filesystem::path(path).parent_path()) == before);
}

TEST_CASE("what_is_no_database_is_refused_and_not_touched") {
  Scratch scratch;
  const std::string path = scratch.file("other");
  SECTION("a letter") { std::ofstream(path) << "Dear Sir or Madam"; }
  SECTION("many bytes") { std::ofstream(path) << std::string(8192, 'x'); }
  SECTION("a database's beginning") { std::ofstream(path) << std::string("SQLite format 3\0", 16); }
  SECTION("a directory") { std::filesystem::create_directory(path); }
  SECTION("a pipe nobody writes to") { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); }
  SECTION("a link that leads nowhere") { std::filesystem::create_symlink(scratch.file("nowhere"), path); }
  const auto shown = [&path] {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return std::to_string(status.st_mode) + "," + std::to_string(status.st_size) + "," +
           std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec);
  };
  const std::string before = shown();
  REQUIRE_FALSE(open_at(path).ok());
  REQUIRE_FALSE(open_at(path).ok());
  CHECK(open_at(path).error().message.find(path) != std::string::npos);
  CHECK(shown() == before);
  CHECK_FALSE(std::filesystem::exists(path + "-wal"));
  CHECK_FALSE(std::filesystem::exists(scratch.file("nowhere")));
}

TEST_CASE("a_database_of_ours_opens_however_it_was_left") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  SECTION("an empty file") { std::ofstream touch(path); }
  SECTION("an empty database") { Other(path).run("PRAGMA journal_mode=WAL; VACUUM"); }
  SECTION("killed before anything was folded in from the write-ahead log") {
    in_a_process_that_is_killed([&path] {
      auto* killed = new Result<std::unique_ptr<Store>>(open_at(path));
      if (!killed->ok() || !killed->value()->findings().dismiss({"R", "", "", 1})) ::_exit(1);
    });
    REQUIRE(std::filesystem::file_size(path + "-wal") > 0);
  }
  SECTION("open elsewhere") {
    auto store = open_at(path);
    REQUIRE(store.ok());
    CHECK(open_at(path, Access::existing).ok());
    CHECK(store.value()->findings().dismiss({"R", "", "", 1}).ok());
  }
  CHECK(open_at(path).ok());
  CHECK(open_at(path, Access::existing).ok());
  CHECK(check_ownership(path).ok());
}

// POSIX locks belong to the process: closing any descriptor of the file drops them.
TEST_CASE("opening_a_database_once_more_leaves_the_locks_of_the_first") {
  Scratch scratch;
  const std::string path = scratch.file("a.db");
  auto first = open_at(path);
  REQUIRE(first.ok());
  REQUIRE(open_at(path, Access::look).ok());
  REQUIRE(check_ownership(path).ok());
  // Another process must find SQLite's shared lock (510 bytes from 2^30 + 2), or it would fold the write-ahead log in and delete it
  // under the first.
  const pid_t child = ::fork();
  if (child == 0) {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_start = (1 << 30) + 2;
    lock.l_len = 510;
    const int file = ::open(path.c_str(), O_RDWR);
    ::_exit(::fcntl(file, F_GETLK, &lock) == 0 && lock.l_type == F_RDLCK ? 0 : 1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(first.value()->findings().dismiss({"R", "", "", 1}).ok());
}

// Somebody who may write where the buffer is exchanges what its names stand for while the buffer is at work: the directory,
// `dead`, and the files, for links to what he may not touch. That must stay as it was: content, mode and owner.
//
// A race is tried kTurns times; LOGYSTERA_RACE_TURNS=100000 in the environment tries it for longer.
#include <fcntl.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "agent/buffer.hpp"
#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

constexpr int kTurns = 1000;
constexpr uid_t kSiteUser = 12345;
constexpr gid_t kSiteGroup = 23456;
constexpr char kPrecious[] = "precious\n";

int turns() {
  const char* given = std::getenv("LOGYSTERA_RACE_TURNS");
  return given != nullptr ? std::atoi(given) : kTurns;
}

bool is_root(const char* test) {
  if (::geteuid() == 0) return true;
  std::printf("skipped: %s needs root to become two users\n", test);
  return false;
}

// A directory of root's with a file in it, and a place of the site's user beside it.
class Ground {
 public:
  Ground() {
    ::chmod(scratch_.path("").c_str(), 0755);
    ::mkdir(target().c_str(), 0711);
    for (const std::string& file : {target_file(), target() + "/buffer.lock"}) {
      write_file(file, kPrecious);
      ::chmod(file.c_str(), 0640);
    }
    ::mkdir(site().c_str(), 0755);
    REQUIRE(::chown(site().c_str(), kSiteUser, kSiteGroup) == 0);
    REQUIRE(is_whole());
  }
  std::string site() const { return scratch_.path("site"); }
  std::string buffer() const { return site() + "/buffer"; }
  std::string target() const { return scratch_.path("target"); }
  std::string target_file() const { return target() + "/dead-letters.jsonl"; }

  void make_buffer() const {
    REQUIRE(::mkdir(buffer().c_str(), 0700) == 0);
    REQUIRE(::chown(buffer().c_str(), kSiteUser, kSiteGroup) == 0);
  }
  /// Whether what belongs to root is as it was.
  bool is_whole() const {
    struct stat directory, file;
    return ::lstat(target().c_str(), &directory) == 0 && directory.st_uid == 0 && directory.st_gid == 0 &&
           (directory.st_mode & 07777) == 0711 && ::lstat(target_file().c_str(), &file) == 0 && file.st_uid == 0 &&
           file.st_gid == 0 && (file.st_mode & 07777) == 0640 && read_file(target_file()) == kPrecious &&
           read_file(target() + "/buffer.lock") == kPrecious && entries() == 2;
  }

 private:
  std::size_t entries() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(target())) ++count;
    return count;
  }
  Scratch scratch_;
};

// Runs `exchange` again and again in another process, as the site's user or as root, while it lives.
class Swapper {
 public:
  Swapper(bool as_root, const std::function<void()>& exchange) {
    pid_ = ::fork();
    if (pid_ != 0) return;
    if (!as_root && (::setgid(kSiteGroup) != 0 || ::setuid(kSiteUser) != 0)) ::_exit(1);
    for (;;) exchange();
  }
  ~Swapper() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;

 private:
  pid_t pid_;
};

// A claim waits until the lock file is 200 ms old, and here it is young all the time.
constexpr int kTurnsPerClaim = 500;

void send_all(Buffer& buffer) {
  const auto segments = buffer.claim();
  if (!segments) return;
  for (const Segment& segment : segments.value()) buffer.remove(segment).ok();
}

void exchange_names(const std::string& a, const std::string& b) {
  ::renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
}

// How often `turn` left root's things changed; they are put right by making the ground anew.
int broken(const Ground& ground, const std::function<void()>& turn) {
  int times = 0;
  for (int i = 0, all = turns(); i < all; ++i) {
    turn();
    if (ground.is_whole()) continue;
    ++times;
    ::chmod(ground.target().c_str(), 0711);
    [[maybe_unused]] const bool back = ::chown(ground.target().c_str(), 0, 0) == 0;
    for (const std::string& file : {ground.target_file(), ground.target() + "/buffer.lock"}) {
      write_file(file, kPrecious);
      ::chmod(file.c_str(), 0640);
    }
    for (const auto& entry : std::filesystem::directory_iterator(ground.target())) {
      const std::string name = entry.path().filename();
      if (name != "dead-letters.jsonl" && name != "buffer.lock") std::filesystem::remove_all(entry.path());
    }
  }
  if (std::getenv("LOGYSTERA_RACE_TURNS") != nullptr) std::printf("%d of %d turns touched the target\n", times, turns());
  return times;
}

}  // namespace

TEST_CASE("a_directory_exchanged_for_a_link_while_it_is_made_changes_nothing_behind_the_link") {
  if (!is_root("a_directory_exchanged_for_a_link")) return;
  Ground ground;
  const std::string buffer = ground.buffer(), link = ground.site() + "/link", target = ground.target();
  const Swapper swapper(false, [&] {
    if (::symlink(target.c_str(), link.c_str()) != 0) ::unlink(link.c_str());
    for (int i = 0; i < 2000; ++i) {
      if (::renameat2(AT_FDCWD, link.c_str(), AT_FDCWD, buffer.c_str(), RENAME_EXCHANGE) == 0) break;
    }
    for (const std::string& name : {buffer, link}) {
      if (::unlink(name.c_str()) != 0) ::rmdir(name.c_str());
    }
  });
  int made = 0;
  CHECK(broken(ground, [&] { made += Buffer::open(buffer).ok() ? 1 : 0; }) == 0);
  CHECK(made > 0);
}

TEST_CASE("a_shared_directory_exchanged_while_it_is_made_changes_nothing_behind_the_link") {
  if (!is_root("a_shared_directory_exchanged")) return;
  Ground ground;
  const std::string buffer = ground.buffer(), link = ground.site() + "/link", target = ground.target();
  const Swapper swapper(false, [&] {
    if (::symlink(target.c_str(), link.c_str()) != 0) ::unlink(link.c_str());
    exchange_names(link, buffer);
    for (const std::string& name : {buffer, link}) {
      if (::unlink(name.c_str()) != 0) ::rmdir(name.c_str());
    }
  });
  BufferOptions options;
  options.share_group = true;
  CHECK(broken(ground, [&] { Buffer::open(buffer, options).ok(); }) == 0);
}

TEST_CASE("dead_letters_do_not_go_through_a_link") {
  if (!is_root("dead_letters_do_not_go_through_a_link")) return;
  Ground ground;
  ground.make_buffer();
  REQUIRE(::symlink(ground.target().c_str(), (ground.buffer() + "/dead").c_str()) == 0);
  Buffer buffer = std::move(Buffer::open(ground.buffer())).value();
  REQUIRE(buffer.dead_letter("{}", Drop::rejected, "refused").ok());
  CHECK(ground.is_whole());
  CHECK(buffer.stats()->drops[static_cast<std::size_t>(Drop::unsafe_file)].count == 1);
  CHECK(buffer.stats()->bytes == 0);  // what lies behind the link is not the buffer's
}

TEST_CASE("dead_exchanged_for_a_link_while_letters_are_put_there_changes_nothing_behind_the_link") {
  if (!is_root("dead_exchanged_for_a_link")) return;
  Ground ground;
  ground.make_buffer();
  const std::string dead = ground.buffer() + "/dead", link = ground.site() + "/link";
  REQUIRE(::symlink(ground.target().c_str(), link.c_str()) == 0);
  Buffer buffer = std::move(Buffer::open(ground.buffer())).value();
  const Swapper swapper(false, [&] {
    exchange_names(link, dead);
    exchange_names(link, dead);
    // Also made anew again and again.
    const std::string letters = dead + "/dead-letters.jsonl";
    ::unlink(letters.c_str());
    ::rmdir(dead.c_str());
  });
  CHECK(broken(ground, [&] { buffer.dead_letter("{}", Drop::rejected, "refused").ok(); }) == 0);
}

TEST_CASE("the_whole_directory_exchanged_for_a_link_between_two_calls_is_noticed") {
  if (!is_root("the_whole_directory_exchanged")) return;
  Ground ground;
  ground.make_buffer();
  const std::string link = ground.site() + "/link";
  REQUIRE(::symlink(ground.target().c_str(), link.c_str()) == 0);
  Buffer buffer = std::move(Buffer::open(ground.buffer())).value();
  const Swapper swapper(false, [&] { exchange_names(link, ground.buffer()); });
  int turn = 0;
  CHECK(broken(ground, [&] {
          buffer.commit(event_line(), 1);
          buffer.let_go();
          buffer.dead_letter("{}", Drop::corrupt, "torn").ok();
          buffer.clear().ok();
          if (++turn % kTurnsPerClaim == 0) send_all(buffer);
        }) == 0);
}

TEST_CASE("files_exchanged_for_symbolic_and_hard_links_change_nothing_behind_them") {
  if (!is_root("files_exchanged_for_links")) return;
  Ground ground;
  ground.make_buffer();
  Buffer buffer = std::move(Buffer::open(ground.buffer())).value();
  const std::string target = ground.target_file(), aside = ground.site() + "/aside";
  // As root, because most systems let nobody else make hard links to root's files.
  const Swapper swapper(true, [&] {
    for (const char* name : {"buffer-current.jsonl", "buffer.lock", "dead/dead-letters.jsonl"}) {
      const std::string path = ground.buffer() + "/" + name;
      for (const bool hard : {false, true}) {
        ::unlink(aside.c_str());
        if ((hard ? ::link(target.c_str(), aside.c_str()) : ::symlink(target.c_str(), aside.c_str())) != 0) continue;
        exchange_names(aside, path);
        ::unlink(path.c_str());  // a hard link that is gone again leaves its file with one name
      }
    }
    const auto first = ground.buffer() + "/buffer-00000000000000000001-1774211679-abcdefgh.jsonl";
    if (::link(target.c_str(), first.c_str()) == 0) {
      ::usleep(1);
      ::unlink(first.c_str());
    }
  });
  int turn = 0;
  CHECK(broken(ground, [&] {
          buffer.commit(event_line(), 1);
          buffer.let_go();
          buffer.dead_letter("{}", Drop::corrupt, "torn").ok();
          buffer.remove({"buffer-00000000000000000001-1774211679-abcdefgh.jsonl", 1, 9}).ok();
          buffer.clear().ok();
          if (++turn % kTurnsPerClaim == 0) send_all(buffer);
        }) == 0);
}

TEST_CASE("a_file_of_roots_that_was_moved_into_a_sites_buffer_is_left_alone") {
  if (!is_root("a_file_of_roots")) return;
  for (const std::string name :
       {"buffer-current.jsonl", "buffer-00000000000000000001-1774211679-abcdefgh.jsonl", "spill-00"}) {
    INFO(name);
    Ground ground;
    ground.make_buffer();
    Buffer buffer = std::move(Buffer::open(ground.buffer())).value();
    write_file(buffer.path_of(name), kPrecious);
    const bool current = name == "buffer-current.jsonl";
    if (current) CHECK(buffer.commit(event_line(), 1).reason == Drop::unsafe_file);
    const auto segments = buffer.claim();
    CHECK(segments.ok() != current);
    const auto files = buffer.files().value();
    REQUIRE(files.size() == 1);
    CHECK_FALSE(buffer.open_segment(files[0].name).ok());
    CHECK(read_file(buffer.path_of(files[0].name)) == kPrecious);
    struct stat st;
    REQUIRE(::lstat(buffer.path_of(files[0].name).c_str(), &st) == 0);
    CHECK(st.st_uid == 0);
  }
}

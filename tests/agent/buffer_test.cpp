#include "agent/buffer.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>

#include "agent/buffer_layout.hpp"
#include "agent/reader.hpp"
#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat st;
  REQUIRE(::lstat(path.c_str(), &st) == 0);
  return st.st_mode & 07777;
}

std::uint64_t dropped(const Buffer& buffer, Drop reason) {
  return buffer.stats()->drops[static_cast<std::size_t>(reason)].count;
}

// Runs `body` in a child process as an ordinary user and returns its exit status.
int as_user(uid_t uid, gid_t gid, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(gid) != 0 || ::setuid(uid) != 0) ::_exit(99);
    ::_exit(body());
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("a_commit_appends_whole_lines_in_files_only_the_owner_may_read") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const std::string lines = event_line() + event_line();
  const CommitResult result = buffer.commit(lines, 2);
  CHECK(result.committed == 2);
  CHECK(result.dropped == 0);
  CHECK(read_file(buffer.path_of("buffer-current.jsonl")) == lines);
  CHECK(mode_of(scratch.path()) == 0700);
  CHECK(mode_of(buffer.path_of("buffer-current.jsonl")) == 0600);
  CHECK(mode_of(buffer.path_of("buffer.lock")) == 0600);
}

TEST_CASE("modes_do_not_depend_on_the_umask") {
  for (const mode_t mask : {mode_t{0}, mode_t{077}, mode_t{0777}}) {
    Scratch scratch;
    const mode_t before = ::umask(mask);
    Result<Buffer> buffer = Buffer::open(scratch.path());
    REQUIRE(buffer.ok());
    buffer->commit(event_line(), 1);
    ::umask(before);
    CHECK(mode_of(scratch.path()) == 0700);
    CHECK(mode_of(scratch.path() + "/buffer-current.jsonl") == 0600);
  }
}

TEST_CASE("a_shared_buffer_is_open_to_its_group") {
  Scratch scratch;
  BufferOptions options;
  options.share_group = true;
  Result<Buffer> buffer = Buffer::open(scratch.path(), options);
  REQUIRE(buffer.ok());
  CHECK(buffer->commit(event_line(), 1).committed == 1);
  CHECK(mode_of(scratch.path()) == 02770);
  CHECK(mode_of(buffer->path_of("buffer-current.jsonl")) == 0660);
}

TEST_CASE("a_command_line_user_of_the_same_group_appends_to_a_shared_buffer") {
  if (::geteuid() != 0) {
    std::puts("skipped: a_command_line_user_of_the_same_group needs root to become two users");
    return;
  }
  Scratch scratch;
  BufferOptions options;
  options.share_group = true;
  const std::string directory = scratch.path();
  ::chmod(scratch.path("").c_str(), 0755);
  ::mkdir(directory.c_str(), 0700);
  REQUIRE(::chown(directory.c_str(), 12345, 23456) == 0);
  ::chmod(directory.c_str(), 02770);
  const auto append = [&] {
    Result<Buffer> buffer = Buffer::open(directory, options);
    return buffer.ok() && buffer->commit(event_line(), 1).committed == 1 ? 0 : 1;
  };
  CHECK(as_user(12345, 23456, append) == 0);
  CHECK(as_user(12346, 23456, append) == 0);
  CHECK(as_user(12346, 23457, append) == 1);  // not of the group
  CHECK(append() == 0);                       // root
  Result<Buffer> buffer = Buffer::open(directory, options);
  CHECK(buffered_lines(*buffer.operator->()).size() == 3);
}

TEST_CASE("files_made_by_root_take_the_directorys_owner") {
  if (::geteuid() != 0) {
    std::puts("skipped: files_made_by_root needs root");
    return;
  }
  Scratch scratch;
  ::mkdir(scratch.path().c_str(), 0700);
  REQUIRE(::chown(scratch.path().c_str(), 12345, 23456) == 0);
  Result<Buffer> buffer = Buffer::open(scratch.path());
  REQUIRE(buffer.ok());
  REQUIRE(buffer->commit(event_line(), 1).committed == 1);
  for (const char* name : {"buffer-current.jsonl", "buffer.lock"}) {
    struct stat st;
    REQUIRE(::lstat(buffer->path_of(name).c_str(), &st) == 0);
    CHECK(st.st_uid == 12345);
    CHECK(st.st_gid == 23456);
  }
}

TEST_CASE("a_wrong_directory_is_refused_with_its_name_and_the_remedy") {
  Scratch scratch;
  const auto error = [](const std::string& path) {
    Result<Buffer> buffer = Buffer::open(path);
    REQUIRE(!buffer.ok());
    CHECK(buffer.error().message.find(path) != std::string::npos);
    return buffer.error().message;
  };
  CHECK(error("relative/path").find("absolute") != std::string::npos);
  CHECK(error(scratch.path("missing/parent")).find("cannot be made") != std::string::npos);
  write_file(scratch.path("file"), "x");
  CHECK(error(scratch.path("file")).find("not a directory") != std::string::npos);
  ::mkdir(scratch.path("real").c_str(), 0700);
  REQUIRE(::symlink(scratch.path("real").c_str(), scratch.path("link").c_str()) == 0);
  CHECK(error(scratch.path("link")).find("symbolic link") != std::string::npos);
  ::mkdir(scratch.path("open").c_str(), 0700);
  ::chmod(scratch.path("open").c_str(), 0777);
  CHECK(error(scratch.path("open")).find("chmod o-w") != std::string::npos);
  ::chmod(scratch.path("open").c_str(), 0770);
  CHECK(error(scratch.path("open")).find("share=group") != std::string::npos);
  CHECK_FALSE(Buffer::open(std::string("/tmp/x\0y", 8)).ok());
  CHECK_FALSE(Buffer::open("/" + std::string(5000, 'a')).ok());
}

TEST_CASE("an_unwritable_directory_is_refused") {
  if (::geteuid() != 0) {
    std::puts("skipped: an_unwritable_directory needs root to become another user");
    return;
  }
  Scratch scratch;
  ::chmod(scratch.path("").c_str(), 0755);
  ::mkdir(scratch.path().c_str(), 0755);
  CHECK(as_user(12345, 23456, [&] {
          Result<Buffer> buffer = Buffer::open(scratch.path());
          return !buffer.ok() && buffer.error().message.find("cannot be used by user id 12345") != std::string::npos ? 0
                                                                                                                     : 1;
        }) == 0);
}

TEST_CASE("a_torn_last_line_is_closed_before_the_next_is_appended") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const std::string torn = event_line().substr(0, 150);
  write_file(buffer.path_of("buffer-current.jsonl"), torn);
  const std::string line = event_line();
  REQUIRE(buffer.commit(line, 1).committed == 1);
  CHECK(read_file(buffer.path_of("buffer-current.jsonl")) == torn + "\n" + line);
  CHECK(buffer.stats()->healed == 1);
  REQUIRE(buffer.commit(line, 1).committed == 1);
  CHECK(buffer.stats()->healed == 1);
}

TEST_CASE("a_segment_holds_exactly_5_MiB_and_not_a_byte_more") {
  for (const std::uint64_t room : {199u, 200u, 201u}) {  // against a line of 200 bytes
    Scratch scratch;
    Buffer buffer = std::move(Buffer::open(scratch.path())).value();
    const std::uint64_t before = 5'242'880 - room;
    std::string text(before, 'x');
    text.back() = '\n';
    write_file(buffer.path_of("buffer-current.jsonl"), text);
    REQUIRE(buffer.commit(event_line(200), 1).committed == 1);
    const auto files = buffer.files().value();
    if (room >= 200) {
      REQUIRE(files.size() == 1);
      CHECK(files[0].bytes == before + 200);
    } else {
      REQUIRE(files.size() == 2);
      CHECK(files[0].bytes == before);
      CHECK(files[1].bytes == 200);
    }
    for (const Segment& file : files) CHECK(file.bytes <= 5'242'880);
  }
}

TEST_CASE("a_torn_tail_counts_toward_the_segment_it_is_closed_in") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  write_file(buffer.path_of("buffer-current.jsonl"), std::string(5'242'880 - 200, 'x'));
  REQUIRE(buffer.commit(event_line(200), 1).committed == 1);
  CHECK(buffer.files().value().size() == 2);
}

TEST_CASE("segments_are_numbered_without_gaps_and_listed_in_order") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(1000, 1'000'000))).value();
  std::vector<std::string> written;
  for (int i = 0; i < 50; ++i) {
    written.push_back(event_line(300));
    REQUIRE(buffer.commit(written.back(), 1).committed == 1);
    written.back().pop_back();
  }
  CHECK(buffered_lines(buffer) == written);
  const auto segments = buffer.claim().value();
  REQUIRE(segments.size() == 17);
  for (std::size_t i = 0; i < segments.size(); ++i) CHECK(segments[i].sequence == i + 1);
}

TEST_CASE("the_total_cap_holds_to_the_byte_and_the_oldest_events_stay") {
  Scratch scratch;
  const std::uint64_t cap = 200'000;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(20'000, cap))).value();
  std::vector<std::string> kept;
  std::uint64_t used = 0;
  for (std::size_t size = 200; used + size <= cap; size = 200 + (size * 7) % 301) {
    const std::string line = event_line(size);
    const CommitResult result = buffer.commit(line, 1);
    REQUIRE(result.committed == 1);  // nothing is dropped while a whole line fits
    kept.push_back(line.substr(0, line.size() - 1));
    used += size;
  }
  // The last bytes: a line that is one too long is dropped, one that fits exactly is kept.
  if (cap - used >= 200) {
    CHECK(buffer.commit(event_line(cap - used + 1), 1).dropped == 1);
    const std::string exact = event_line(cap - used);
    CHECK(buffer.commit(exact, 1).committed == 1);
    kept.push_back(exact.substr(0, exact.size() - 1));
    CHECK(buffer.stats()->bytes == cap);
  }
  const CommitResult full = buffer.commit(event_line(200), 1);
  CHECK(full.committed == 0);
  CHECK(full.reason == Drop::full);
  CHECK(buffer.stats()->bytes <= cap);
  CHECK(buffered_lines(buffer) == kept);
  CHECK(dropped(buffer, Drop::full) >= 1);
}

TEST_CASE("fifty_megabytes_are_52428800_bytes_with_everything_in_the_directory") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  std::string block;
  while (block.size() + 5000 <= 1024 * 1024) block += event_line(5000);
  const auto events = static_cast<std::uint32_t>(block.size() / 5000);
  std::uint32_t committed = 0;
  CommitResult result;
  do {
    result = buffer.commit(block, events);
    committed += result.committed;
  } while (result.dropped == 0);
  CHECK(result.reason == Drop::full);
  // DROP_NEWEST cuts the commit at a line: what is missing to the cap is less than a line.
  const std::uint64_t event_bytes = buffer.options().event_bytes();
  CHECK(buffer.stats()->bytes == std::uint64_t{committed} * 5000);
  CHECK(event_bytes - buffer.stats()->bytes < 5000);
  CHECK(bytes_on_disk(scratch.path()) <= 52'428'800);
  CHECK(dropped(buffer, Drop::full) == result.dropped);
  for (const Segment& file : buffer.files().value()) CHECK(file.bytes <= 5'242'880);
}

TEST_CASE("a_full_buffer_takes_events_again_once_a_segment_is_delivered") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(10'000, 60'000))).value();
  while (buffer.commit(event_line(500), 1).dropped == 0) {
  }
  const auto segments = buffer.claim().value();
  REQUIRE(buffer.remove(segments.front()).ok());
  REQUIRE(buffer.commit(event_line(500), 1).committed == 1);
}

TEST_CASE("files_removed_by_an_administrator_free_their_room") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(10'000, 60'000))).value();
  while (buffer.commit(event_line(500), 1).dropped == 0) {
  }
  for (const Segment& file : buffer.files().value()) ::unlink(buffer.path_of(file.name).c_str());
  ::sleep(2);  // a directory that is full is looked at again once a second
  CHECK(buffer.commit(event_line(500), 1).committed == 1);
}

TEST_CASE("something_that_is_no_plain_file_of_ours_is_neither_written_nor_waited_for") {
  const std::string names[] = {"buffer-current.jsonl", "buffer.lock"};
  for (const std::string& name : names) {
    const auto expect_unsafe = [&](const std::function<void(const std::string&)>& prepare) {
      Scratch scratch;
      Buffer buffer = std::move(Buffer::open(scratch.path())).value();
      prepare(buffer.path_of(name));
      const CommitResult result = buffer.commit(event_line(), 1);
      CHECK(result.committed == 0);
      CHECK(result.dropped == 1);
      CHECK(result.reason == Drop::unsafe_file);
    };
    Scratch outside;
    write_file(outside.path("victim"), "victim");
    INFO(name);
    expect_unsafe([&](const std::string& path) { REQUIRE(::symlink(outside.path("victim").c_str(), path.c_str()) == 0); });
    expect_unsafe([&](const std::string& path) { REQUIRE(::link(outside.path("victim").c_str(), path.c_str()) == 0); });
    expect_unsafe([&](const std::string& path) { REQUIRE(::mkfifo(path.c_str(), 0600) == 0); });
    expect_unsafe([&](const std::string& path) { REQUIRE(::mkdir(path.c_str(), 0700) == 0); });
    expect_unsafe([&](const std::string& path) {
      write_file(path, "x\n");
      ::chmod(path.c_str(), 0602);
    });
    CHECK(read_file(outside.path("victim")) == "victim");
  }
}

TEST_CASE("a_directory_that_disappears_is_counted_and_comes_back_by_itself") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  std::filesystem::remove_all(scratch.path());
  const CommitResult lost = buffer.commit(event_line(), 1);
  CHECK(lost.dropped == 1);
  CHECK(lost.reason == Drop::unavailable);
  ::mkdir(scratch.path().c_str(), 0700);
  CHECK(buffer.commit(event_line(), 1).committed == 1);
  CHECK(dropped(buffer, Drop::unavailable) == 1);  // remembered until there was a place to write it down
}

TEST_CASE("what_a_process_dropped_is_written_down_before_it_ends") {
  Scratch scratch;
  Buffer other = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(other.commit(event_line(), 1).committed == 1);
  {
    Buffer ending = std::move(Buffer::open(scratch.path(), slots_of_one_line())).value();
    const int holder = ::open(ending.path_of("buffer.lock").c_str(), O_RDWR);
    REQUIRE(::flock(holder, LOCK_EX) == 0);
    for (std::size_t i = 0; i < limits::kSpillSlots; ++i) REQUIRE(ending.commit(event_line(), 1).committed == 1);
    REQUIRE(ending.commit(event_line(), 1).reason == Drop::lock_busy);
    ::close(holder);
    ending.settle();
  }
  CHECK(dropped(other, Drop::lock_busy) == 1);
}

TEST_CASE("a_file_kept_open_is_let_go_of_once_it_is_not_the_current_one") {
  Scratch scratch;
  Buffer writer = std::move(Buffer::open(scratch.path())).value();
  Buffer other = std::move(Buffer::open(scratch.path())).value();
  const std::string current = writer.path_of("buffer-current.jsonl");
  const std::string first = event_line(), second = event_line(), third = event_line();
  REQUIRE(writer.commit(first, 1).committed == 1);

  // Sealed by a dispatcher.
  const auto sealed = other.claim().value();
  REQUIRE(sealed.size() == 1);
  REQUIRE(writer.commit(second, 1).committed == 1);
  CHECK(read_file(writer.path_of(sealed[0].name)) == first);
  CHECK(read_file(current) == second);

  // Sent and removed while an idle worker still has it open: its bytes are free at once.
  const int idle = ::open(writer.path_of(sealed[0].name).c_str(), O_RDONLY);
  REQUIRE(other.remove(sealed[0]).ok());
  struct stat st;
  REQUIRE(::fstat(idle, &st) == 0);
  CHECK(st.st_size == 0);
  ::close(idle);

  // Removed by an administrator.
  REQUIRE(::unlink(current.c_str()) == 0);
  REQUIRE(writer.commit(third, 1).committed == 1);
  CHECK(read_file(current) == third);

  // Moved by an administrator: noticed within a second.
  const std::string moved = scratch.path() + "/moved";
  REQUIRE(::rename(current.c_str(), moved.c_str()) == 0);
  ::sleep(1);
  REQUIRE(writer.commit(first, 1).committed == 1);
  CHECK(read_file(current) == first);
  CHECK(read_file(moved) == third);

  writer.let_go();
  REQUIRE(writer.commit(second, 1).committed == 1);
  CHECK(read_file(current) == first + second);
}

TEST_CASE("a_lock_kept_open_is_the_one_that_has_the_name") {
  Scratch scratch;
  Buffer writer = std::move(Buffer::open(scratch.path())).value();
  const std::string lock = writer.path_of("buffer.lock"), moved = scratch.path() + "/moved";
  // Whether a commit finds the lock taken while somebody holds that file.
  const auto is_the_lock = [&](const std::string& path) {
    const int holder = ::open(path.c_str(), O_RDWR);
    REQUIRE(::flock(holder, LOCK_EX) == 0);
    REQUIRE(writer.commit(event_line(), 1).committed == 1);
    ::close(holder);
    const auto files = writer.files().value();
    return std::any_of(files.begin(), files.end(), [](const Segment& file) { return file.name.rfind("spill-", 0) == 0; });
  };
  REQUIRE(writer.commit(event_line(), 1).committed == 1);
  REQUIRE(writer.commit(event_line(), 1).committed == 1);
  ::usleep(20'000);  // a file's change time is as coarse as a timer tick

  SECTION("renamed") { REQUIRE(::rename(lock.c_str(), moved.c_str()) == 0); }
  SECTION("removed") {
    REQUIRE(::link(lock.c_str(), moved.c_str()) == 0);
    REQUIRE(::unlink(lock.c_str()) == 0);
  }
  REQUIRE(writer.commit(event_line(), 1).committed == 1);
  REQUIRE(::access(lock.c_str(), F_OK) == 0);
  CHECK_FALSE(is_the_lock(moved));
  CHECK(is_the_lock(lock));
}

TEST_CASE("a_lock_kept_open_is_not_a_child_s") {
  Scratch scratch;
  Buffer writer = std::move(Buffer::open(scratch.path())).value();
  struct rlimit all;
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &all) == 0);
  const struct rlimit none = {0, all.rlim_max};
  const auto commits_without_opening = [&] {
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const bool committed = writer.commit(event_line(), 1).committed == 1;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &all) == 0);
    return committed;
  };
  bool kept = false;
  for (int second = 0; second < 3 && !kept; ++second) {
    REQUIRE(writer.commit(event_line(), 1).committed == 1);
    kept = commits_without_opening();
  }
  REQUIRE(kept);

  const pid_t child = ::fork();
  if (child == 0) ::_exit(commits_without_opening() ? 1 : 0);
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK(writer.commit(event_line(), 1).committed == 1);
}

TEST_CASE("a_torn_line_of_another_writer_is_closed_by_who_keeps_the_file_open") {
  Scratch scratch;
  Buffer writer = std::move(Buffer::open(scratch.path())).value();
  const std::string current = writer.path_of("buffer-current.jsonl");
  const std::string first = event_line(), second = event_line();
  REQUIRE(writer.commit(first, 1).committed == 1);
  const int torn = ::open(current.c_str(), O_WRONLY | O_APPEND);
  REQUIRE(::write(torn, "{\"event", 7) == 7);
  ::close(torn);
  REQUIRE(writer.commit(second, 1).committed == 1);
  CHECK(read_file(current) == first + "{\"event\n" + second);
}

TEST_CASE("a_directory_named_through_a_dot_is_refused") {
  Scratch scratch;
  for (const char* last : {"/.", "/..", "/.//", "/x/.."}) {
    INFO(last);
    CHECK_FALSE(Buffer::open(scratch.path() + last));
  }
}

TEST_CASE("a_directory_that_root_makes_belongs_to_the_owner_of_its_parent") {
  if (::geteuid() != 0) return;
  Scratch scratch;
  const std::string home = scratch.path("home"), made = home + "/buffer";
  REQUIRE(::mkdir(home.c_str(), 0755) == 0);
  REQUIRE(::chown(home.c_str(), 65534, 65534) == 0);
  REQUIRE(Buffer::open(made));
  struct stat st;
  REQUIRE(::stat(made.c_str(), &st) == 0);
  CHECK(st.st_uid == 65534);
  CHECK(st.st_gid == 65534);
  CHECK((st.st_mode & 07777) == 0700);
}

TEST_CASE("counts_not_yet_written_down_go_over_to_the_buffer_that_takes_its_place") {
  Scratch scratch;
  Buffer first = std::move(Buffer::open(scratch.path())).value();
  std::filesystem::remove_all(scratch.path());
  CHECK(first.commit(event_line(), 1).dropped == 1);
  Buffer second = std::move(Buffer::open(scratch.path())).value();
  second.take_pending(first);
  CHECK(second.commit(event_line(), 1).committed == 1);
  CHECK(dropped(second, Drop::unavailable) == 1);
  CHECK(first.commit(event_line(), 1).committed == 1);
  CHECK(dropped(second, Drop::unavailable) == 1);  // not counted twice
}

TEST_CASE("a_full_disk_tears_no_line_and_every_drop_is_counted") {
  Scratch scratch;
  ::mkdir(scratch.path("disk").c_str(), 0700);
  if (::mount("tmpfs", scratch.path("disk").c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    std::puts("skipped: a_full_disk needs the right to mount a small tmpfs");
    return;
  }
  {
    Buffer buffer = std::move(Buffer::open(scratch.path("disk/buffer"))).value();
    std::string block;
    for (int i = 0; i < 20; ++i) block += event_line(1000);
    std::uint32_t handed = 0, committed = 0, lost = 0;
    for (int i = 0; i < 80; ++i) {
      const CommitResult result = buffer.commit(block, 20);
      handed += 20;
      committed += result.committed;
      lost += result.dropped;
    }
    CHECK(handed == committed + lost);
    CHECK(lost > 0);
    const auto lines = buffered_lines(buffer);
    CHECK(lines.size() == committed);
    EventView view;
    for (const std::string& line : lines) CHECK(read_event_line(line, view) == LineFault::none);
    // Room comes back: so does the buffer, within the pause a failing disk is given.
    const auto segments = buffer.claim().value();
    for (const Segment& segment : segments) {
      if (segment.bytes > 2000) REQUIRE(buffer.remove(segment).ok());
    }
    Buffer fresh = std::move(Buffer::open(scratch.path("disk/buffer"))).value();
    CHECK(fresh.commit(event_line(), 1).committed == 1);
  }
  ::umount(scratch.path("disk").c_str());
}

TEST_CASE("drops_become_agent_dropped_events_that_add_up") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  DropCounts extra{};
  extra[static_cast<std::size_t>(Drop::cap_type)] = {7, 100, 200};
  extra[static_cast<std::size_t>(Drop::arena_full)] = {2, 150, 150};
  REQUIRE(buffer.commit(event_line(), 1, extra).committed == 1);
  REQUIRE(buffer.count_drops(extra).ok());
  const auto segments = buffer.claim().value();
  REQUIRE(segments.size() == 2);
  std::istringstream text(read_file(buffer.path_of(segments[1].name)));
  std::vector<std::string> labels;
  for (std::string line; std::getline(text, line);) {
    EventView view;
    REQUIRE(read_event_line(line, view) == LineFault::none);
    CHECK(view.type == "agent.dropped");
    labels.emplace_back(view.labels);
  }
  CHECK(labels == std::vector<std::string>{R"({"reason":"cap_type","count":14,"first_at":100,"last_at":200})",
                                           R"({"reason":"arena_full","count":4,"first_at":150,"last_at":150})"});
  CHECK(dropped(buffer, Drop::cap_type) == 0);
  // While that segment waits, counting goes on and no second one is made.
  REQUIRE(buffer.count_drops(extra).ok());
  CHECK(buffer.claim().value().size() == 2);
  CHECK(dropped(buffer, Drop::cap_type) == 7);
  REQUIRE(buffer.remove(segments[1]).ok());
  CHECK(buffer.claim().value().size() == 2);
  CHECK(dropped(buffer, Drop::cap_type) == 0);
}

TEST_CASE("a_spill_is_written_while_the_lock_is_held_and_claimed_in_order") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const std::string first = event_line(), second = event_line();
  REQUIRE(buffer.commit(first, 1).committed == 1);
  const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
  REQUIRE(::flock(holder, LOCK_EX) == 0);
  const CommitResult result = buffer.commit(second, 1);
  ::close(holder);
  CHECK(result.committed == 1);
  const auto segments = buffer.claim().value();
  REQUIRE(segments.size() == 2);
  CHECK(read_file(buffer.path_of(segments[0].name)) == first);
  CHECK(read_file(buffer.path_of(segments[1].name)) == second);
  CHECK(buffer.stats()->spilled == 1);
}

TEST_CASE("with_lock_and_slots_taken_a_commit_gives_up_after_milliseconds_and_counts") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), slots_of_one_line())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
  REQUIRE(::flock(holder, LOCK_EX) == 0);
  for (std::size_t i = 0; i < limits::kSpillSlots; ++i) CHECK(buffer.commit(event_line(), 1).committed == 1);
  const CommitResult result = buffer.commit(event_line(), 1);
  CHECK(result.dropped == 1);
  CHECK(result.reason == Drop::lock_busy);
  // A commit larger than a slot cannot spill either.
  std::string large;
  while (large.size() <= limits::kSpillBytes) large += event_line(5000);
  CHECK(buffer.commit(large, 14).committed == 0);
  ::close(holder);
  CHECK(buffer.commit(event_line(), 1).committed == 1);
  CHECK(dropped(buffer, Drop::lock_busy) == 15);
  CHECK(buffer.claim().value().size() == 1 + limits::kSpillSlots + 1);  // the drops' own segment is the last
}

TEST_CASE("when_no_slot_is_free_lines_are_added_to_slots_that_have_room") {
  Scratch scratch;
  BufferOptions options;
  options.spill_bytes = 4096;
  Buffer buffer = std::move(Buffer::open(scratch.path(), options)).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
  REQUIRE(::flock(holder, LOCK_EX) == 0);
  for (std::size_t i = 0; i < limits::kSpillSlots; ++i) REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  // Somebody died within a line, and somebody is stopped while adding.
  write_file(buffer.path_of("spill-07"), event_line() + "{\"event_type\":\"half");
  const int stopped = ::open(buffer.path_of("spill-08").c_str(), O_RDWR);
  REQUIRE(::flock(stopped, LOCK_EX) == 0);
  std::size_t added = 0;
  while (buffer.commit(event_line(), 1).committed == 1) ++added;
  CHECK(added > limits::kSpillSlots);
  std::uint64_t largest = 0;
  for (const Segment& file : buffer.files().value()) largest = std::max(largest, file.bytes);
  CHECK(largest <= options.spill_bytes);
  CHECK(largest + 1 + event_line().size() > options.spill_bytes);
  ::close(holder);

  std::size_t events = 0, torn = 0;
  const auto count = [&](const Segment& segment) {
    std::istringstream text(read_file(buffer.path_of(segment.name)));
    for (std::string line; std::getline(text, line);) {
      EventView view;
      if (read_event_line(line, view) == LineFault::none && view.type != "agent.dropped") ++events;
      else torn += view.type != "agent.dropped";
    }
  };
  for (const Segment& segment : buffer.claim().value()) {
    count(segment);
    REQUIRE(buffer.remove(segment).ok());
  }
  CHECK(std::filesystem::exists(buffer.path_of("spill-08")));
  ::close(stopped);
  for (const Segment& segment : buffer.claim().value()) count(segment);
  CHECK(events == 1 + limits::kSpillSlots + added);
  CHECK(torn == 1);
}

TEST_CASE("who_finds_many_slots_taken_empties_them_as_soon_as_it_has_the_lock") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const std::size_t rounds = 5;
  for (std::size_t round = 0; round < rounds; ++round) {
    const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR | O_CREAT, 0600);
    REQUIRE(::flock(holder, LOCK_EX) == 0);
    for (std::size_t i = 0; i < limits::kSpillSlots; ++i) REQUIRE(buffer.commit(event_line(), 1).committed == 1);
    ::close(holder);
    REQUIRE(buffer.commit(event_line(), 1).committed == 1);
    for (const Segment& file : buffer.files().value()) CHECK(file.name.rfind("spill-", 0) != 0);
  }
  CHECK(dropped(buffer, Drop::lock_busy) == 0);
  CHECK(buffered_lines(buffer).size() == rounds * (limits::kSpillSlots + 1));
  CHECK(buffer.claim().value().size() == rounds * limits::kSpillSlots + 1);
}

TEST_CASE("a_part_whose_writer_died_is_salvaged_and_a_living_ones_is_left_alone") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const std::string dead = event_line(), alive = event_line();
  write_file(buffer.path_of(".part-03"), dead);
  write_file(buffer.path_of(".part-04"), alive);
  write_file(buffer.path_of(".part-05"), "");
  struct timespec old[2] = {{1000, 0}, {1000, 0}};
  for (const char* name : {".part-03", ".part-04", ".part-05"}) ::utimensat(AT_FDCWD, buffer.path_of(name).c_str(), old, 0);
  const int writer = ::open(buffer.path_of(".part-04").c_str(), O_RDWR);
  REQUIRE(::flock(writer, LOCK_EX) == 0);
  const auto segments = buffer.claim().value();
  ::close(writer);
  REQUIRE(segments.size() == 1);
  CHECK(read_file(buffer.path_of(segments[0].name)) == dead);
  CHECK(::access(buffer.path_of(".part-04").c_str(), F_OK) == 0);
  CHECK(::access(buffer.path_of(".part-05").c_str(), F_OK) != 0);
}

TEST_CASE("spills_keep_the_cap_exact_when_the_buffer_is_nearly_full") {
  Scratch scratch;
  const std::uint64_t cap = 100'000;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(10'000, cap))).value();
  Buffer other = std::move(Buffer::open(scratch.path(), small_limits(10'000, cap))).value();
  for (int round = 0; round < 400; ++round) {
    if (round % 3 == 0) {
      const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR | O_CREAT, 0600);
      REQUIRE(::flock(holder, LOCK_EX) == 0);
      other.commit(event_line(500), 1);
      ::close(holder);
    } else {
      buffer.commit(event_line(700), 1);
    }
    if (round % 50 == 49) REQUIRE(buffer.claim().ok());
    std::uint64_t bytes = 0;
    for (const Segment& file : buffer.files().value()) bytes += file.bytes;
    REQUIRE(bytes <= cap + 2048);  // the pending agent.dropped segment belongs to the housekeeping reserve
  }
  CHECK(dropped(buffer, Drop::full) + dropped(buffer, Drop::lock_busy) > 0);
}

TEST_CASE("a_destroyed_header_is_rebuilt_from_the_directory") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(1000, 100'000))).value();
  for (int i = 0; i < 10; ++i) REQUIRE(buffer.commit(event_line(400), 1).committed == 1);
  const auto before = buffered_lines(buffer);
  const std::string lock = buffer.path_of("buffer.lock");
  for (const std::string& damage : {std::string(), std::string(600, '\0'), std::string(700, 'x')}) {
    write_file(lock, damage);
    Buffer fresh = std::move(Buffer::open(scratch.path(), small_limits(1000, 100'000))).value();
    REQUIRE(fresh.commit(event_line(400), 1).committed == 1);
    const auto files = fresh.files().value();
    for (std::size_t i = 1; i + 1 < files.size(); ++i) CHECK(files[i].sequence == files[i - 1].sequence + 1);
  }
  auto now = buffered_lines(buffer);
  now.resize(before.size());
  CHECK(now == before);
}

TEST_CASE("foreign_files_are_ignored") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  for (const char* name :
       {"notes.txt", "buffer-1.jsonl", "buffer-00000000000000000001-12-abc.jsonl", "spill-xx",
        "buffer-00000000000000000001-12-ABCDEFGH.jsonl", "buffer-0000000000000000000x-12-abcdefgh.jsonl"}) {
    write_file(buffer.path_of(name), "foreign\n");
  }
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  CHECK(buffer.claim().value().size() == 1);
  CHECK(buffer.stats()->files == 1);
  CHECK_FALSE(buffer.open_segment("notes.txt").ok());
  CHECK_FALSE(buffer.open_segment("../etc/passwd").ok());
  CHECK_FALSE(buffer.remove({"notes.txt", 1, 8}).ok());
}

TEST_CASE("a_dead_letter_keeps_the_bytes_and_the_reason") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.dead_letter("{\"broken\":", Drop::corrupt, "not_json").ok());
  REQUIRE(buffer.dead_letter("\xff\xfe", Drop::rejected, "refused by the gateway").ok());
  std::istringstream text(read_file(buffer.path_of("dead/dead-letters.jsonl")));
  std::string first, second;
  std::getline(text, first);
  std::getline(text, second);
  CHECK(first.find(R"("reason":"not_json","line":"{\"broken\":"})") != std::string::npos);
  CHECK(second.find(R"("line_base64":"//4="})") != std::string::npos);
  CHECK(mode_of(buffer.path_of("dead")) == 0700);
  CHECK(mode_of(buffer.path_of("dead/dead-letters.jsonl")) == 0600);
  CHECK(dropped(buffer, Drop::corrupt) == 1);
  CHECK(dropped(buffer, Drop::rejected) == 1);
  CHECK(buffer.stats()->bytes == read_file(buffer.path_of("dead/dead-letters.jsonl")).size());
}

TEST_CASE("dead_letters_have_a_cap_of_their_own") {
  Scratch scratch;
  BufferOptions options = small_limits(10'000, 400'000);
  options.dead_letter_bytes = 1000;
  Buffer buffer = std::move(Buffer::open(scratch.path(), options)).value();
  for (int i = 0; i < 10; ++i) REQUIRE(buffer.dead_letter(std::string(200, 'x'), Drop::corrupt, "torn").ok());
  CHECK(read_file(buffer.path_of("dead/dead-letters.jsonl")).size() <= 1000);
  CHECK(dropped(buffer, Drop::corrupt) + dropped(buffer, Drop::dead_full) == 10);
  CHECK(dropped(buffer, Drop::dead_full) > 0);
}

TEST_CASE("a_lost_agent_dropped_event_is_not_counted_as_another_drop") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  DropCounts extra{};
  extra[static_cast<std::size_t>(Drop::full)] = {1, 1, 1};
  REQUIRE(buffer.count_drops(extra).ok());
  const auto segments = buffer.claim().value();
  std::string line = read_file(buffer.path_of(segments[0].name));
  line.pop_back();
  REQUIRE(buffer.dead_letter(line, Drop::rejected, "refused").ok());
  CHECK(dropped(buffer, Drop::rejected) == 0);
}

TEST_CASE("clear_removes_the_events_and_keeps_the_counts") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(1000, 100'000))).value();
  DropCounts extra{};
  extra[static_cast<std::size_t>(Drop::cap_type)] = {3, 1, 1};
  for (int i = 0; i < 10; ++i) REQUIRE(buffer.commit(event_line(400), 1, i == 0 ? extra : DropCounts{}).committed == 1);
  CHECK(buffer.clear().value() == 10);
  CHECK(buffer.stats()->bytes == 0);
  CHECK(dropped(buffer, Drop::cap_type) == 3);
  CHECK(buffer.commit(event_line(400), 1).committed == 1);
}

// Two hours after event_line() was recorded.
constexpr std::int64_t kNow = 1774211679 + 2 * 3600;

TEST_CASE("readers_see_the_newest_first_filtered_and_paged") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), small_limits(1000, 100'000))).value();
  std::vector<std::string> lines;
  for (int i = 0; i < 20; ++i) {
    lines.push_back(event_line(300));
    REQUIRE(buffer.commit(lines.back(), 1).committed == 1);
    lines.back().pop_back();
  }
  EventFilter filter;
  EventPage page = read_events(buffer, filter, 3, 5, kNow).value();
  CHECK(page.total == 20);
  REQUIRE(page.lines.size() == 5);
  for (int i = 0; i < 5; ++i) CHECK(page.lines[i] == lines[19 - 3 - i]);

  filter.types = {"auth.login"};
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 0);
  filter.types = {"auth.login", "config.save"};
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 20);
  filter.since = 1774211680;
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 0);
  filter.since.reset();
  filter.until = 1774211678;
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 0);
  filter.until.reset();
  filter.text = lines[7].substr(lines[7].find("event_id") + 11, 36);
  for (char& c : filter.text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(read_events(buffer, filter, 0, 50, kNow)->lines == std::vector<std::string>{lines[7]});
  filter.text.clear();
  filter.severities = {"critical"};
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 0);
  filter.severities = {"info"};
  CHECK(read_events(buffer, filter, 0, 50, kNow)->total == 20);
}

TEST_CASE("readers_count_what_matches_by_the_hour_it_was_recorded_in") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  constexpr std::int64_t kHour = 3600;
  const std::int64_t last = kNow - kNow % kHour;
  const auto at = [](std::int64_t time) {
    std::string line = event_line();
    for (const char* name : {"\"created_at\":", "\"timestamp\":"}) {
      const std::size_t start = line.find(name) + std::strlen(name);
      line.replace(start, line.find(',', start) - start, std::to_string(time));
    }
    return line;
  };
  std::string lines;
  for (const std::int64_t time : {std::int64_t{0}, last - 23 * kHour - 1, last - 23 * kHour, last - 1, last,
                                  last + kHour - 1, last + kHour, std::numeric_limits<std::int64_t>::max()}) {
    lines += at(time);
  }
  write_file(buffer.path_of("buffer-current.jsonl"), lines);
  const EventPage page = read_events(buffer, {}, 0, 50, kNow).value();
  CHECK(page.total == 8);
  CHECK(page.first_hour == last - 23 * kHour);
  std::array<std::uint64_t, kPageHours> expected{};
  expected[0] = 1;
  expected[22] = 1;
  expected[23] = 2;
  CHECK(page.hours == expected);
  EventFilter filter;
  filter.since = last;
  CHECK(read_events(buffer, filter, 0, 1, kNow)->hours[22] == 0);
  CHECK(read_events(buffer, filter, 0, 1, kNow)->hours[23] == 2);
}

TEST_CASE("readers_count_lines_that_are_no_events") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  write_file(buffer.path_of("buffer-current.jsonl"),
             "garbage\n" + event_line() + "{\"event_type\":\"config.save\",\"created_at\":1}\n");
  const EventPage page = read_events(buffer, {}, 0, 50, kNow).value();
  CHECK(page.total == 1);
  CHECK(page.invalid == 2);
}

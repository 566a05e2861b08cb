// What was dropped stays counted: when the lock file is removed, its holder stopped, the writer killed, or the disk full.
#include "agent/drop_records.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <functional>

#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

DropCounts of(Drop reason, std::uint64_t count, std::int64_t first = 100, std::int64_t last = 200) {
  DropCounts counts{};
  counts[static_cast<std::size_t>(reason)] = {count, first, last};
  return counts;
}

std::uint64_t counted(const Buffer& buffer, Drop reason) {
  return buffer.stats()->drops[static_cast<std::size_t>(reason)].count;
}

std::uint64_t sealed_counts(Buffer& buffer) {
  std::uint64_t sum = 0;
  for (const Segment& segment : buffer.claim().value()) {
    std::istringstream text(read_file(buffer.path_of(segment.name)));
    for (std::string line; std::getline(text, line);) {
      EventView view;
      REQUIRE(read_event_line(line, view) == LineFault::none);
      if (view.type != "agent.dropped") continue;
      const std::string labels(view.labels);
      sum += std::stoull(labels.substr(labels.find("\"count\":") + 8));
    }
  }
  return sum;
}

// A stopped process that has buffer.lock, until this ends.
class StoppedHolder {
 public:
  explicit StoppedHolder(const Buffer& buffer) : pid_(::fork()) {
    if (pid_ == 0) {
      const int fd = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
      ::flock(fd, LOCK_EX);
      ::raise(SIGSTOP);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(pid_, &status, WUNTRACED);
  }
  ~StoppedHolder() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  StoppedHolder(const StoppedHolder&) = delete;
  StoppedHolder& operator=(const StoppedHolder&) = delete;

 private:
  pid_t pid_;
};

void fill_slots(Buffer& buffer) {
  for (std::size_t i = 0; i < limits::kSpillSlots; ++i) REQUIRE(buffer.commit(event_line(), 1).committed == 1);
}

// `body` in a process that is killed at its end.
void in_killed_process(const std::function<void()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::raise(SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
}

long waits() {
  struct rusage usage;
  ::getrusage(RUSAGE_SELF, &usage);
  return usage.ru_nvcsw;
}

}  // namespace

TEST_CASE("drop_counts_survive_a_removed_lock_file") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.commit(event_line(), 1, of(Drop::cap_type, 45)).committed == 1);
  REQUIRE(buffer.count_drops(of(Drop::cap_global, 3)).ok());
  REQUIRE(::unlink(buffer.path_of("buffer.lock").c_str()) == 0);
  Buffer fresh = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(fresh.commit(event_line(), 1).committed == 1);
  CHECK(counted(fresh, Drop::cap_type) == 45);
  CHECK(sealed_counts(fresh) == 48);
  CHECK(counted(fresh, Drop::cap_type) == 0);
}

TEST_CASE("drop_counts_survive_the_writer_that_is_killed_while_the_lock_is_held") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), slots_of_one_line())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  {
    const StoppedHolder holder(buffer);
    fill_slots(buffer);
    in_killed_process([&] {
      Buffer writer = std::move(Buffer::open(scratch.path(), slots_of_one_line())).value();
      for (int i = 0; i < 45; ++i) writer.commit(event_line(), 1);
    });
  }
  CHECK(counted(buffer, Drop::lock_busy) == 45);
  CHECK(sealed_counts(buffer) == 45);
}

TEST_CASE("who_has_waited_for_a_stopped_holder_in_vain_does_not_wait_again") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path(), slots_of_one_line())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  const StoppedHolder holder(buffer);
  fill_slots(buffer);
  constexpr long kPausesAtMost = 16;  // of 50 to 500 µs in 3 ms
  const long before = waits();
  const auto begun = std::chrono::steady_clock::now();
  CHECK(buffer.commit(event_line(), 1).reason == Drop::lock_busy);
  const auto took = std::chrono::steady_clock::now() - begun;
  const long first = waits() - before;
  CHECK((first >= 1 || took >= std::chrono::milliseconds(3)));  // or the processor was somebody else's all of that time
  CHECK(first <= kPausesAtMost);
  ::usleep(110'000);  // so long the holder might just have lost the processor
  const long stopped = waits();
  for (int i = 0; i < 100; ++i) CHECK(buffer.commit(event_line(), 1).reason == Drop::lock_busy);
  CHECK(waits() - stopped <= kPausesAtMost);
}

TEST_CASE("a_process_stopped_while_it_counts_holds_up_one_record") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  const Directory directory = buffer.enter();
  DropRecords stopped = DropRecords::open(directory, buffer.rules());
  stopped.take();  // all of them
  DropRecords other = DropRecords::open(directory, buffer.rules());
  CHECK_FALSE(other.add(of(Drop::full, 1), DropRecords::By::anyone));
  CHECK_FALSE(other.add(of(Drop::full, 1), DropRecords::By::lock_holder));
  stopped.clear_taken();
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_len = DropRecords::kRecordBytes;
  const int one = ::open(buffer.path_of("buffer.drops").c_str(), O_RDWR);
  REQUIRE(::fcntl(one, F_OFD_SETLK, &range) == 0);
  for (int i = 0; i < 100; ++i) REQUIRE(other.add(of(Drop::full, 1), DropRecords::By::anyone));
  CHECK(counted(buffer, Drop::full) == 100);
  ::close(one);
}

TEST_CASE("counts_of_the_lock_holder_outlive_the_lock_file_while_all_others_count") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  {
    const int shared = ::open(buffer.path_of("buffer.drops").c_str(), O_RDWR);
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_len = DropRecords::kSharedRecords * DropRecords::kRecordBytes;
    REQUIRE(::fcntl(shared, F_OFD_SETLK, &range) == 0);
    DropRecords other = DropRecords::open(buffer.enter(), buffer.rules());
    CHECK_FALSE(other.add(of(Drop::full, 1), DropRecords::By::anyone));
    REQUIRE(buffer.commit(event_line(), 1, of(Drop::cap_type, 5)).committed == 1);
    REQUIRE(buffer.count_drops(of(Drop::cap_type, 2)).ok());
    ::close(shared);
  }
  REQUIRE(::unlink(buffer.path_of("buffer.lock").c_str()) == 0);
  Buffer fresh = std::move(Buffer::open(scratch.path())).value();
  CHECK(counted(fresh, Drop::cap_type) == 7);
  CHECK(sealed_counts(fresh) == 7);
}

TEST_CASE("counts_are_kept_in_the_header_where_every_record_is_held_up") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  {
    DropRecords stopped = DropRecords::open(buffer.enter(), buffer.rules());
    stopped.take();
    REQUIRE(buffer.commit(event_line(), 1, of(Drop::cap_type, 5)).committed == 1);
    REQUIRE(buffer.count_drops(of(Drop::cap_type, 2)).ok());
  }
  CHECK(counted(buffer, Drop::cap_type) == 7);
  CHECK(sealed_counts(buffer) == 7);
  CHECK(counted(buffer, Drop::cap_type) == 0);
}

TEST_CASE("a_damaged_record_takes_only_its_own_counts") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.count_drops(of(Drop::full, 9)).ok());
  const std::string path = buffer.path_of("buffer.drops");
  std::string bytes = read_file(path);
  const std::size_t mine = static_cast<std::size_t>(::getpid()) % DropRecords::kSharedRecords;
  bytes[mine * DropRecords::kRecordBytes + 20] ^= 1;
  write_file(path, bytes);
  CHECK(counted(buffer, Drop::full) == 0);
  REQUIRE(buffer.count_drops(of(Drop::full, 4)).ok());
  CHECK(counted(buffer, Drop::full) == 4);
}

TEST_CASE("counts_keep_their_first_and_last_time_through_the_records") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.count_drops(of(Drop::full, 1, 500, 600)).ok());
  REQUIRE(buffer.count_drops(of(Drop::full, 1, 400, 450)).ok());
  const BufferStats stats = buffer.stats().value();
  const DropCount& sum = stats.drops[static_cast<std::size_t>(Drop::full)];
  CHECK(sum.count == 2);
  CHECK(sum.first_at == 400);
  CHECK(sum.last_at == 600);
}

// The cases in which a count is missing, as docs/dispatch.md names them.
TEST_CASE("counts_of_a_process_that_dies_while_its_directory_is_missing_are_lost") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  std::filesystem::rename(scratch.path(), scratch.path("away"));
  in_killed_process([&] { buffer.commit(event_line(), 1); });
  CHECK(buffer.commit(event_line(), 1).reason == Drop::unavailable);
  std::filesystem::rename(scratch.path("away"), scratch.path());
  buffer.settle();
  CHECK(counted(buffer, Drop::unavailable) == 1);  // this process's; the killed one's is missing
}

TEST_CASE("counts_go_with_the_file_they_are_in") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.count_drops(of(Drop::full, 1)).ok());
  REQUIRE(::unlink(buffer.path_of("buffer.drops").c_str()) == 0);
  CHECK(counted(buffer, Drop::full) == 0);
  REQUIRE(buffer.count_drops(of(Drop::full, 2)).ok());
  CHECK(counted(buffer, Drop::full) == 2);
}

TEST_CASE("what_a_full_disk_drops_is_counted_at_once") {
  Scratch scratch;
  ::mkdir(scratch.path("disk").c_str(), 0700);
  if (::mount("tmpfs", scratch.path("disk").c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    std::puts("skipped: what_a_full_disk_drops needs the right to mount a small tmpfs");
    return;
  }
  {
    const std::string path = scratch.path("disk/buffer");
    Buffer buffer = std::move(Buffer::open(path)).value();
    REQUIRE(buffer.commit(event_line(), 1).committed == 1);
    const std::string ballast(4096, 'x');
    const int fd = ::open(scratch.path("disk/ballast").c_str(), O_WRONLY | O_CREAT, 0600);
    while (::write(fd, ballast.data(), ballast.size()) == static_cast<ssize_t>(ballast.size())) {
    }
    ::close(fd);
    std::string block;
    for (int i = 0; i < 20; ++i) block += event_line(1000);
    std::uint32_t* lost =
        static_cast<std::uint32_t*>(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    in_killed_process([&] {
      Buffer writer = std::move(Buffer::open(path)).value();
      for (int i = 0; i < 10; ++i) *lost += writer.commit(block, 20).dropped;
    });
    CHECK(*lost > 100);
    std::uint64_t sum = 0;
    const BufferStats stats = buffer.stats().value();
    for (const DropCount& drop : stats.drops) sum += drop.count;
    CHECK(sum == *lost);
    ::munmap(lost, 4096);
  }
  ::umount(scratch.path("disk").c_str());
}

TEST_CASE("what_is_made_when_a_buffer_is_opened_fits_into_what_is_set_aside") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.commit(event_line(), 1, of(Drop::full, 1)).committed == 1);
  std::uint64_t allocated = 0;
  for (const char* name :
       {"buffer.lock", "buffer.drops", "dispatch.lock", "dispatch.state.a", "dispatch.state.b", "dispatch.history"}) {
    INFO(name);
    struct stat st;
    REQUIRE(::lstat(buffer.path_of(name).c_str(), &st) == 0);
    CHECK((st.st_mode & 0777) == 0600);
    allocated += static_cast<std::uint64_t>(st.st_blocks) * 512;
  }
  CHECK(allocated >= 500 * 256);
  CHECK(allocated + 64 * 1024 <= limits::kHousekeepingBytes);  // the drops' segment and the directories
  CHECK(std::filesystem::file_size(buffer.path_of("dispatch.history")) == 0);
}

TEST_CASE("a_file_whose_maker_died_is_cleared_away") {
  Scratch scratch;
  ::mkdir(scratch.path().c_str(), 0700);
  const std::string old = scratch.path() + "/.new-0000000000000001", young = scratch.path() + "/.new-0000000000000002";
  write_file(old, "x");
  write_file(young, "x");
  const struct timespec past[2] = {{1000, 0}, {1000, 0}};
  ::utimensat(AT_FDCWD, old.c_str(), past, 0);
  REQUIRE(Buffer::open(scratch.path()).ok());
  CHECK(::access(old.c_str(), F_OK) != 0);
  CHECK(::access(young.c_str(), F_OK) == 0);
}

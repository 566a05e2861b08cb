// Many processes on one buffer, with death among them. The ledger lives in shared memory: a writer notes each event before
// and after its commit, so that afterwards "committed" can be compared with what a drainer received.
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <new>
#include <random>
#include <set>
#include <utility>

#include "agent/buffer.hpp"
#include "agent/buffer_header.hpp"
#include "catch.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

// What the wall clock of this program and its children is off by; set by JumpingClock.
std::atomic<std::int64_t>* clock_offset = nullptr;

}  // namespace

// Takes the place of the C library's.
extern "C" int clock_gettime(clockid_t clock, struct timespec* now) {
  const long result = ::syscall(SYS_clock_gettime, clock, now);
  const bool wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
  if (result == 0 && wall && clock_offset != nullptr) now->tv_sec += clock_offset->load();
  return static_cast<int>(result);
}

namespace {

// Jumps of the wall clock, shared with the processes forked while this lives. Times of files stay the kernel's.
class JumpingClock {
 public:
  JumpingClock() {
    void* memory = ::mmap(nullptr, sizeof *clock_offset, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    clock_offset = new (memory) std::atomic<std::int64_t>(0);
  }
  ~JumpingClock() { ::munmap(std::exchange(clock_offset, nullptr), sizeof *clock_offset); }
  JumpingClock(const JumpingClock&) = delete;
  JumpingClock& operator=(const JumpingClock&) = delete;
  void jump(std::int64_t seconds) { clock_offset->store(seconds); }
};

constexpr std::size_t kWriters = 32;
// Under AddressSanitizer each takes ten times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(LOGYSTERA_FEWER_ROUNDS)
constexpr std::size_t kEventsPerWriter = 1'000;
constexpr int kRounds = 36;
#else
constexpr std::size_t kEventsPerWriter = 4'000;
constexpr int kRounds = 80;
#endif

enum State : std::uint8_t { unused, attempted, committed, refused };

struct Ledger {
  std::atomic<bool> stop{false};
  std::atomic<bool> has_refused{false};
  std::atomic<std::uint32_t> allowed{0};  // events of each writer so far: none is through before the storm is
  std::atomic<std::uint8_t> state[kWriters][kEventsPerWriter]{};
  std::atomic<std::uint32_t> next[kWriters]{};
};

struct SharedLedger {
  SharedLedger() {
    void* memory = ::mmap(nullptr, sizeof(Ledger), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(memory != MAP_FAILED);
    ledger = new (memory) Ledger;
  }
  ~SharedLedger() { ::munmap(ledger, sizeof(Ledger)); }
  Ledger* ledger;
};

// The id says which writer and which event: 8 and 12 hex digits of a UUID that is a valid version 4.
std::string id_of(std::size_t writer, std::uint32_t number) {
  char id[64];
  std::snprintf(id, sizeof id, "%08zx-0000-4000-8000-%012x", writer, number);
  return id;
}

[[noreturn]] void write_until_stopped(const std::string& directory, BufferOptions options, Ledger& ledger,
                                      std::size_t writer, std::size_t lines_per_commit, std::size_t line_bytes) {
  Result<Buffer> buffer = Buffer::open(directory, options);
  if (!buffer) ::_exit(1);
  std::string lines;
  while (!ledger.stop.load()) {
    const std::uint32_t first = ledger.next[writer].load();
    if (first + lines_per_commit > kEventsPerWriter) break;
    if (first + lines_per_commit > ledger.allowed.load()) {
      ::usleep(5'000);
      continue;
    }
    ledger.next[writer].store(first + static_cast<std::uint32_t>(lines_per_commit));
    lines.clear();
    for (std::uint32_t i = 0; i < lines_per_commit; ++i) {
      lines += event_line(line_bytes, id_of(writer, first + i));
      ledger.state[writer][first + i] = attempted;
    }
    const CommitResult result = buffer->commit(lines, static_cast<std::uint32_t>(lines_per_commit));
    for (std::uint32_t i = 0; i < lines_per_commit; ++i) {
      ledger.state[writer][first + i] = i < result.committed ? committed : refused;
    }
    if (result.committed < lines_per_commit) ledger.has_refused = true;
    ::usleep(300);  // a page takes longer than this
  }
  // Who ends while the directory is missing takes its counts along.
  while (!ledger.stop.load()) ::usleep(1000);
  buffer->settle();
  ::_exit(0);
}

// Lasts so long, and where nothing was refused until then, until something is: a busy machine may not have let anybody write.
void last_until_refused(Ledger& ledger, useconds_t microseconds) {
  ::usleep(microseconds);
  if (ledger.has_refused.load()) return;
  ledger.allowed = kEventsPerWriter;
  const auto has_more = [](const std::atomic<std::uint32_t>& next) { return next.load() < kEventsPerWriter; };
  for (int i = 0; i < 30'000 && !ledger.has_refused.load(); ++i) {
    if (std::none_of(std::begin(ledger.next), std::end(ledger.next), has_more)) return;
    ::usleep(1000);
  }
}

struct Received {
  std::map<std::string, int> times;
  std::uint64_t counted = 0;  // in agent.dropped events
  std::uint64_t torn = 0;
  std::uint64_t largest_segment = 0;
  std::uint64_t largest_total = 0;
};

void drain(Buffer& buffer, Received& received) {
  const auto claimed = buffer.claim();
  REQUIRE(claimed.ok());
  std::uint64_t total = 0;
  for (const Segment& segment : claimed.value()) {
    received.largest_segment = std::max(received.largest_segment, segment.bytes);
    total += segment.bytes;
    std::istringstream text(read_file(buffer.path_of(segment.name)));
    for (std::string line; std::getline(text, line);) {
      EventView view;
      const LineFault fault = read_event_line(line, view);
      if (fault == LineFault::empty) continue;  // a newline that healed what was about to end by itself
      if (fault != LineFault::none) ++received.torn;
      else if (view.type != "agent.dropped") ++received.times[std::string(view.event_id)];
      else received.counted += std::stoull(std::string(view.labels.substr(view.labels.find("\"count\":") + 8)));
    }
    REQUIRE(buffer.remove(segment).ok());
  }
  received.largest_total = std::max(received.largest_total, total);
}

struct Storm {
  std::size_t writers = 32;
  std::size_t lines_per_commit = 5;
  std::size_t line_bytes = 400;
  bool kill = false;
  BufferOptions options;
  int rounds = kRounds;
  std::function<void(int, const std::string&)> disturb;  // called once a round
};

Received run(const Storm& storm, const std::string& directory, Ledger& ledger, int& kills) {
  std::vector<pid_t> pids(storm.writers);
  const auto start = [&](std::size_t writer) {
    pids[writer] = ::fork();
    if (pids[writer] == 0) {
      write_until_stopped(directory, storm.options, ledger, writer, storm.lines_per_commit, storm.line_bytes);
    }
  };
  Buffer buffer = std::move(Buffer::open(directory, storm.options)).value();
  for (std::size_t i = 0; i < storm.writers; ++i) start(i);
  Received received;
  std::minstd_rand random(7);
  for (int round = 0; round < storm.rounds; ++round) {
    ::usleep(10'000);
    const auto share = static_cast<std::uint32_t>(kEventsPerWriter * static_cast<std::size_t>(round + 1)) /
                       static_cast<std::uint32_t>(storm.rounds);
    ledger.allowed = std::max(ledger.allowed.load(), share);
    if (storm.disturb) storm.disturb(round, directory);
    if (storm.kill) {
      for (int i = 0; i < 3; ++i) {
        const std::size_t victim = random() % storm.writers;
        ::kill(pids[victim], SIGKILL);
        ::waitpid(pids[victim], nullptr, 0);
        ++kills;
        start(victim);
      }
    }
    if (round % 3 == 0) drain(buffer, received);
  }
  ledger.stop = true;
  for (const pid_t pid : pids) ::waitpid(pid, nullptr, 0);
  if (storm.kill) ::sleep(3);  // parts of killed spillers count as abandoned after two seconds
  drain(buffer, received);
  drain(buffer, received);
  return received;
}

struct Balance {
  std::uint64_t committed = 0, lost = 0, invented = 0, duplicated = 0, refused_but_there = 0;
  std::uint64_t refused = 0;    // the writer was told so
  std::uint64_t undecided = 0;  // the writer died before it was told, and the event is not there
};

Balance compare(const Ledger& ledger, const Received& received, std::size_t writers) {
  Balance balance;
  std::set<std::string> known;
  for (std::size_t writer = 0; writer < writers; ++writer) {
    for (std::uint32_t i = 0; i < ledger.next[writer].load(); ++i) {
      const std::string id = id_of(writer, i);
      const auto found = received.times.find(id);
      const bool there = found != received.times.end();
      const std::uint8_t state = ledger.state[writer][i];
      if (state == committed) ++balance.committed;
      if (state == refused) ++balance.refused;
      if (state == attempted && !there) ++balance.undecided;
      if (state == committed && !there) ++balance.lost;
      if (state == refused && there) ++balance.refused_but_there;
      if (there && found->second > 1) ++balance.duplicated;
      known.insert(id);
    }
  }
  for (const auto& entry : received.times) balance.invented += known.count(entry.first) == 0 ? 1 : 0;
  return balance;
}

// Every event whose writer was told that it is dropped is counted; of those whose writer died first, some may be.
void check_counts(const char* storm, const Balance& balance, const Received& received) {
  std::printf("%s: %llu committed, %llu lost, %llu refused, %llu undecided, %llu counted\n", storm,
              static_cast<unsigned long long>(balance.committed), static_cast<unsigned long long>(balance.lost),
              static_cast<unsigned long long>(balance.refused), static_cast<unsigned long long>(balance.undecided),
              static_cast<unsigned long long>(received.counted));
  CHECK(received.counted >= balance.refused);
  CHECK(received.counted <= balance.refused + balance.undecided);
}

void check(const Balance& balance) {
  CHECK(balance.committed > 1000);
  CHECK(balance.lost == 0);
  CHECK(balance.invented == 0);
  CHECK(balance.duplicated == 0);
  CHECK(balance.refused_but_there == 0);
}

}  // namespace

TEST_CASE("thirty_two_writers_and_a_drainer_lose_and_double_nothing") {
  Scratch scratch;
  SharedLedger shared;
  Storm storm;
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  check(compare(*shared.ledger, received, storm.writers));
  CHECK(received.torn == 0);
  CHECK(received.largest_segment <= limits::kSegmentBytes);
}

TEST_CASE("kill_dash_nine_among_the_writers_loses_no_committed_event") {
  Scratch scratch;
  SharedLedger shared;
  Storm storm;
  storm.kill = true;
  storm.lines_per_commit = 10;
  storm.line_bytes = 4000;
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  CHECK(kills > 100);
  check(compare(*shared.ledger, received, storm.writers));
  CHECK(received.torn <= static_cast<std::uint64_t>(kills));
}

TEST_CASE("rotation_every_few_events_and_a_tiny_cap_lose_nothing_under_load") {
  Scratch scratch;
  SharedLedger shared;
  Storm storm;
  storm.writers = 8;
  storm.options = small_limits(20'000, 200'000);
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  check(compare(*shared.ledger, received, storm.writers));
  CHECK(received.largest_segment <= 20'000);
  CHECK(received.largest_total <= 200'000 + 2048);
}

TEST_CASE("a_lock_file_that_is_unlinked_under_load_costs_no_event_and_mixes_no_lines") {
  Scratch scratch;
  SharedLedger shared;
  Storm storm;
  storm.line_bytes = 900;
  storm.disturb = [](int, const std::string& directory) { ::unlink((directory + "/buffer.lock").c_str()); };
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  const Balance balance = compare(*shared.ledger, received, storm.writers);
  CHECK(balance.committed > 1000);
  CHECK(balance.lost == 0);
  CHECK(balance.invented == 0);
  CHECK(received.torn == 0);
}

TEST_CASE("a_storm_with_stopped_holders_and_kills_counts_what_it_refuses") {
  for (const bool kill : {false, true}) {
    Scratch scratch;
    SharedLedger shared;
    Storm storm;
    storm.kill = kill;
    storm.disturb = [&](int round, const std::string& directory) {
      if (round % 4 != 0) return;
      const pid_t holder = ::fork();
      if (holder == 0) {
        const int fd = ::open((directory + "/buffer.lock").c_str(), O_RDWR | O_CREAT, 0600);
        ::flock(fd, LOCK_EX);
        ::raise(SIGSTOP);
        ::_exit(0);
      }
      int status = 0;
      ::waitpid(holder, &status, WUNTRACED);
      last_until_refused(*shared.ledger, 40'000);
      ::kill(holder, SIGKILL);
      ::waitpid(holder, nullptr, 0);
    };
    int kills = 0;
    const Received received = run(storm, scratch.path(), *shared.ledger, kills);
    const Balance balance = compare(*shared.ledger, received, storm.writers);
    check(balance);
    CHECK(balance.refused > 0);
    check_counts(kill ? "stopped holders and kills" : "stopped holders", balance, received);
  }
}

TEST_CASE("a_storm_around_a_directory_that_is_renamed_and_a_lock_that_is_removed_counts_what_it_refuses") {
  Scratch scratch;
  SharedLedger shared;
  Storm storm;
  storm.disturb = [&](int round, const std::string& directory) {
    if (round % 2 == 0) {
      ::unlink((directory + "/buffer.lock").c_str());
      return;
    }
    const std::string away = directory + ".away";
    REQUIRE(::rename(directory.c_str(), away.c_str()) == 0);
    // The longer one is longer than what is kept open is believed in.
    last_until_refused(*shared.ledger, round % 20 == 1 ? 1'100'000 : 5'000);
    REQUIRE(::rename(away.c_str(), directory.c_str()) == 0);
  };
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  const Balance balance = compare(*shared.ledger, received, storm.writers);
  CHECK(balance.committed > 1000);
  CHECK(balance.lost == 0);
  CHECK(balance.invented == 0);
  CHECK(received.torn == 0);
  CHECK(balance.refused > 0);
  check_counts("renamed directory and removed lock", balance, received);
}

TEST_CASE("a_storm_on_a_full_disk_with_kills_counts_what_it_refuses") {
  Scratch scratch;
  const std::string disk = scratch.path("disk");
  ::mkdir(disk.c_str(), 0700);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=2m,mode=0700") != 0) {
    std::puts("skipped: a_storm_on_a_full_disk needs the right to mount a small tmpfs");
    return;
  }
  {
    SharedLedger shared;
    Storm storm;
    storm.kill = true;
    storm.disturb = [&](int round, const std::string&) {
      const std::string ballast = disk + "/ballast";
      if (round % 20 != 0) return;
      if (round % 40 != 0) {
        ::unlink(ballast.c_str());
        return;
      }
      const std::string block(4096, 'x');
      const int fd = ::open(ballast.c_str(), O_WRONLY | O_CREAT, 0600);
      while (::write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size())) {
      }
      ::close(fd);
    };
    int kills = 0;
    Received received = run(storm, disk + "/buffer", *shared.ledger, kills);
    ::unlink((disk + "/ballast").c_str());
    Buffer buffer = std::move(Buffer::open(disk + "/buffer")).value();
    drain(buffer, received);
    const Balance balance = compare(*shared.ledger, received, storm.writers);
    CHECK(balance.committed > 500);
    CHECK(balance.lost == 0);
    CHECK(balance.invented == 0);
    CHECK(balance.duplicated == 0);
    CHECK(balance.refused > 0);
    check_counts("full disk and kills", balance, received);
  }
  ::umount(disk.c_str());
}

TEST_CASE("a_storm_through_jumps_of_the_clock_loses_nothing") {
  Scratch scratch;
  SharedLedger shared;
  JumpingClock clock;
  Storm storm;
  storm.options = small_limits(50'000, 2'000'000);
  storm.disturb = [&](int round, const std::string&) {
    constexpr std::int64_t kJumps[] = {0, 86'400, -86'400, 3'600, -10 * 365 * 86'400LL, 1};
    clock.jump(kJumps[static_cast<std::size_t>(round) % std::size(kJumps)]);
  };
  int kills = 0;
  const Received received = run(storm, scratch.path(), *shared.ledger, kills);
  clock.jump(0);
  const Balance balance = compare(*shared.ledger, received, storm.writers);
  check(balance);
  check_counts("clock jumps", balance, received);
}

TEST_CASE("a_lock_that_was_unlinked_while_it_was_waited_for_is_not_taken") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  const std::string lock = buffer.path_of("buffer.lock");
  const int holder = ::open(lock.c_str(), O_RDWR);
  REQUIRE(::flock(holder, LOCK_EX) == 0);
  const pid_t claimer = ::fork();
  if (claimer == 0) {
    ::close(holder);  // or the inherited descriptor would keep the lock
    // Waits for the lock; what it then holds must be the file that has the name.
    const auto claimed = buffer.claim();
    ::_exit(claimed.ok() && claimed.value().size() == 2 ? 0 : 1);
  }
  ::usleep(100'000);
  ::unlink(lock.c_str());
  const int fresh = ::open(lock.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(::flock(fresh, LOCK_EX) == 0);
  ::close(holder);  // the claimer gets the nameless file now, and must not go on with it
  ::usleep(100'000);
  // Under the lock that counts, a segment appears; a claimer that went on too early has listed the directory without it.
  write_file(buffer.path_of("buffer-00000000000000000009-1774211679-abcdefgh.jsonl"), event_line());
  ::close(fresh);
  int status = 0;
  ::waitpid(claimer, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a_stopped_lock_holder_stops_nobody_else") {
  Scratch scratch;
  Buffer buffer = std::move(Buffer::open(scratch.path())).value();
  REQUIRE(buffer.commit(event_line(), 1).committed == 1);
  const pid_t holder = ::fork();
  if (holder == 0) {
    const int fd = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
    ::flock(fd, LOCK_EX);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(holder, &status, WUNTRACED);
  std::uint32_t spilled = 0;
  for (int i = 0; i < 10; ++i) spilled += buffer.commit(event_line(), 1).committed;
  CHECK(spilled == 10);
  ::kill(holder, SIGCONT);
  ::waitpid(holder, nullptr, 0);
  CHECK(buffer.claim().value().size() == 11);
}

#if defined(LOGYSTERA_FAULTS)
namespace {

// Commits in a child that dies at the named point; what it had already been told was committed must survive.
void die_at(const char* point, const std::string& directory, const BufferOptions& options, bool hold_lock) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("LOGYSTERA_KILL_AT", point, 1);
    Result<Buffer> buffer = Buffer::open(directory, options);
    int holder = -1;
    if (hold_lock) {
      holder = ::open(buffer->path_of("buffer.lock").c_str(), O_RDWR | O_CREAT, 0600);
      ::flock(holder, LOCK_EX);
    }
    for (int i = 0; i < 60; ++i) buffer->commit(event_line(400), 1);
    ::_exit(buffer->claim().ok() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  INFO(point);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
}

}  // namespace

TEST_CASE("a_writer_killed_at_any_named_point_leaves_a_buffer_that_works") {
  for (const char* point : {"commit-locked", "commit-written:3", "segment-counted", "segment-sealed", "spill-opened",
                            "spill-written:2", "slot-opened", "slot-written", "claimed"}) {
    Scratch scratch;
    const BufferOptions options = small_limits(1000, 100'000);
    Buffer buffer = std::move(Buffer::open(scratch.path(), options)).value();
    REQUIRE(buffer.commit(event_line(400, id_of(1, 1)), 1).committed == 1);
    die_at(point, scratch.path(), options, std::strncmp(point, "s", 1) == 0 && std::strncmp(point, "segment", 7) != 0);
    INFO(point);
    REQUIRE(buffer.commit(event_line(400, id_of(1, 2)), 1).committed == 1);
    Received received;
    drain(buffer, received);
    CHECK(received.times[id_of(1, 1)] == 1);
    CHECK(received.times[id_of(1, 2)] == 1);
    CHECK(received.torn == 0);
    std::uint64_t bytes = 0;
    for (const Segment& file : buffer.files().value()) bytes += file.bytes;
    CHECK(buffer.stats()->pending_bytes == bytes);
  }
}

TEST_CASE("a_writer_killed_while_it_seals_leaves_no_segment_uncounted") {
  for (const char* point : {"segment-counted", "segment-sealed", "spill-counted", "spill-taken"}) {
    INFO(point);
    Scratch scratch;
    const BufferOptions options = small_limits(1000, 100'000);
    Buffer buffer = std::move(Buffer::open(scratch.path(), options)).value();
    REQUIRE(buffer.commit(event_line(400), 1).committed == 1);
    if (std::strncmp(point, "spill", 5) == 0) {
      const int holder = ::open(buffer.path_of("buffer.lock").c_str(), O_RDWR);
      REQUIRE(::flock(holder, LOCK_EX) == 0);
      REQUIRE(buffer.commit(event_line(400), 1).committed == 1);
      ::close(holder);
    }
    die_at(point, scratch.path(), options, false);
    const int lock = ::open(buffer.path_of("buffer.lock").c_str(), O_RDONLY);
    BufferHeader header;
    REQUIRE(header.read(lock));
    ::close(lock);
    std::uint64_t sealed = 0, last = 0;
    for (const Segment& file : buffer.files().value()) {
      if (file.name.rfind("buffer-0", 0) != 0) continue;
      sealed += file.bytes;
      last = file.sequence;
    }
    CHECK(header.closed_bytes >= sealed);
    CHECK(header.next_sequence > last);
    // What is counted twice is found out near the cap.
    while (buffer.commit(event_line(400), 1).committed == 1) continue;
    std::uint64_t bytes = 0;
    for (const Segment& file : buffer.files().value()) bytes += file.bytes;
    CHECK(bytes <= options.event_bytes());
    CHECK(bytes + 500 > options.event_bytes());
  }
}

TEST_CASE("a_dispatcher_killed_while_it_seals_counts_gives_no_number_twice") {
  for (const char* point : {"drops-counted", "drops-sealed"}) {
    INFO(point);
    Scratch scratch;
    const BufferOptions options = small_limits(1000, 100'000);
    Buffer buffer = std::move(Buffer::open(scratch.path(), options)).value();
    DropCounts lost{};
    add_drop(lost, Drop::cap_type, 3, 1774211679);
    REQUIRE(buffer.count_drops(lost).ok());
    die_at(point, scratch.path(), options, false);
    std::uint64_t last = 0;
    for (const Segment& file : buffer.files().value()) {
      if (file.name.rfind("buffer-0", 0) == 0) last = std::max(last, file.sequence);
    }
    const int lock = ::open(buffer.path_of("buffer.lock").c_str(), O_RDONLY);
    BufferHeader header;
    REQUIRE(header.read(lock));
    ::close(lock);
    CHECK(header.next_sequence > last);
    const auto claimed = buffer.claim();
    REQUIRE(claimed.ok());
    std::set<std::uint64_t> numbers;
    std::size_t told = 0;
    for (const Segment& segment : claimed.value()) {
      CHECK(numbers.insert(segment.sequence).second);
      told += segment.name.find("-dropped0") != std::string::npos;
    }
    CHECK(told == 1);
  }
}
#endif

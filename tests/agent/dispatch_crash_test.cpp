// The dispatcher killed at each step, run twice at once, out of disk, and over damaged checkpoints. The oracle is the
// gateway's: every event stored, each once, whatever was sent again.
#include <fcntl.h>
#include <poll.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "agent/checkpoint.hpp"
#include "agent/dispatch.hpp"
#include "catch.hpp"
#include "fault_server.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

Dispatcher dispatcher(const Site& site, const FaultServer& server, DispatchOptions chosen = test::options()) {
  return Dispatcher::open(site.directory(), server.credentials(), chosen).value();
}

// Runs `work` in a child and returns what waitpid says of it.
template <typename Work>
int in_child(Work work) {
  const pid_t child = fork_among_threads();
  if (child == 0) {
    work();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

// Flushes in a child that dies where `point` says; false if it was not reached.
bool killed_at(const std::string& point, const Site& site, const FaultServer& server,
               DispatchOptions chosen = test::options()) {
  const int status = in_child([&] {
    ::setenv("LOGYSTERA_KILL_AT", point.c_str(), 1);
    dispatcher(site, server, chosen).flush();
  });
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

std::string first_file(const Site& site) {
  const std::vector<Segment> files = site.buffer().files().value();
  return files.at(0).name;
}

void check_all_stored_once(const FaultServer& server, std::vector<std::string> ids) {
  std::vector<std::string> stored = server.stored();
  std::sort(stored.begin(), stored.end());
  std::sort(ids.begin(), ids.end());
  CHECK(stored == ids);
}

// Requests with the same batch id carried the same bytes, and each batch id was honest.
void check_batches_are_stable(const FaultServer& server) {
  std::map<std::string, std::string> bodies;
  for (const Request& request : server.requests()) {
    CHECK(request.signature_holds);
    CHECK(request.batch_id_holds);
    const auto [known, added] = bodies.emplace(request.batch(), request.body);
    CHECK(known->second == request.body);
  }
}

}  // namespace

TEST_CASE("dispatcher_survives_kill_dash_nine_at_every_step") {
  struct Step {
    const char* point;
    std::size_t repeated;  // events the gateway sees a second time
  };
  const Step steps[] = {
      {"claimed", 0},           {"segment-sealed", 0},      {"intent-written", 0},   {"intent-written:2", 0},
      {"answer-received", 100}, {"answer-received:3", 50},  {"checkpoint-torn", 0},  {"checkpoint-torn:2", 100},
      {"checkpoint-torn:3", 0}, {"checkpoint-torn:4", 100}, {"batch-recorded", 0},   {"batch-recorded:3", 0},
      {"segment-done", 0},      {"segment-emptied", 0},     {"segment-unlinked", 0}, {"segment-done:2", 0},
  };
  for (const Step& step : steps) {
    INFO(step.point);
    Site site;
    FaultServer server([](const Request&) { return accepted(); });
    std::vector<std::string> ids = site.record(250);
    if (std::string(step.point) == "segment-done:2") {  // two segments
      REQUIRE(site.buffer().claim().ok());
      const std::vector<std::string> more = site.record(10);
      ids.insert(ids.end(), more.begin(), more.end());
    }
    REQUIRE(killed_at(step.point, site, server));
    const FlushResult result = dispatcher(site, server).flush();
    CHECK((name_of(result.status) == "sent" || name_of(result.status) == "idle"));
    check_all_stored_once(server, ids);
    check_batches_are_stable(server);
    CHECK(server.repeats() == step.repeated);
    CHECK(result.remaining_bytes == 0);
    CHECK(site.segments() == 0);
    CHECK(site.dead_letters().empty());
  }
}

TEST_CASE("a_batch_under_way_keeps_its_bounds_when_the_batch_size_changes") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(250);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 70;
  REQUIRE(killed_at("answer-received", site, server, chosen));
  const std::vector<std::string> more = site.record(20);
  chosen.batch_size = 500;
  dispatcher(site, server, chosen).flush();
  const std::vector<Request> requests = server.requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[1].batch() == requests[0].batch());
  CHECK(requests[1].body == requests[0].body);
  CHECK(requests[2].lines.size() == 180);
  CHECK(server.repeats() == 70);
  std::vector<std::string> all = ids;
  all.insert(all.end(), more.begin(), more.end());
  check_all_stored_once(server, all);
}

TEST_CASE("killed_again_and_again_the_dispatcher_still_gets_through") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  std::vector<std::string> ids = site.record(400);
  const char* points[] = {"claimed",        "intent-written",  "answer-received", "checkpoint-torn:2",
                          "batch-recorded", "answer-received", "segment-done"};
  for (int round = 0; round < 28; ++round) {
    killed_at(points[round % 7], site, server);
    const std::vector<std::string> more = site.record(3);
    ids.insert(ids.end(), more.begin(), more.end());
  }
  CHECK(name_of(dispatcher(site, server).flush().status) == "sent");
  check_all_stored_once(server, ids);
  check_batches_are_stable(server);
  CHECK(server.repeats() > 0);
}

TEST_CASE("killed_between_bisection_steps_one_poison_event_is_still_found") {
  for (int nth = 1; nth <= 12; ++nth) {
    Site site;
    std::string poison;
    FaultServer server([&](const Request& request) {
      const bool bad = std::any_of(request.lines.begin(), request.lines.end(),
                                   [&](const std::string& line) { return event_id_of(line) == poison; });
      return bad ? status(400) : accepted();
    });
    std::vector<std::string> ids = site.record(64);
    poison = ids[37];
    REQUIRE(killed_at("answer-received:" + std::to_string(nth), site, server) == (nth <= 11));
    dispatcher(site, server).flush();
    ids.erase(ids.begin() + 37);
    std::vector<std::string> stored = server.stored();
    std::vector<std::string> letters = site.dead_letters();
    INFO(nth);
    std::sort(ids.begin(), ids.end());
    std::sort(stored.begin(), stored.end());
    CHECK(std::includes(stored.begin(), stored.end(), ids.begin(), ids.end()));
    CHECK(std::find(stored.begin(), stored.end(), poison) == stored.end());
    CHECK(letters.size() == 1);
  }
}

TEST_CASE("the_answer_to_a_reset_after_the_body_is_the_same_batch_again") {
  Site site;
  int number = 0;
  FaultServer server([&](const Request&) {
    Reply reply = accepted();  // the gateway has it, but its answer never arrives
    reply.reset = ++number == 1;
    return reply;
  });
  const std::vector<std::string> ids = site.record(50);
  Dispatcher d = dispatcher(site, server);
  CHECK(name_of(d.flush().status) == "backoff");
  Clock::pass(60);
  CHECK(name_of(d.flush().status) == "sent");
  const std::vector<Request> requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].batch() == requests[1].batch());
  CHECK(requests[0].wire_body == requests[1].wire_body);
  CHECK(std::stoll(requests[1].header("logystera-timestamp")) ==
        std::stoll(requests[0].header("logystera-timestamp")) + 60);
  CHECK(server.stored() == ids);
  CHECK(server.repeats() == 50);
}

TEST_CASE("damaged_checkpoints_cost_repetitions_never_events") {
  Checkpoint future;
  future.generation = UINT64_MAX;
  future.set_segment("buffer-00000000000000009999-9999999999-ffffffff.jsonl");
  future.offset = 1'000'000;
  future.done = true;
  const Slot slot = encode(future);
  const std::string damages[] = {"", std::string(512, '\0'), std::string(512, '\x5a'), std::string(10'000, 'r'),
                                 std::string(slot.data(), slot.size())};
  for (const std::string& damage : damages) {
    for (const char* victim : {"a", "b", "ab"}) {
      Site site;
      FaultServer server([](const Request&) { return accepted(); });
      const std::vector<std::string> ids = site.record(100);
      DispatchOptions chosen = test::options();
      chosen.batch_size = 10;
      chosen.max_requests = 3;
      CHECK(name_of(dispatcher(site, server, chosen).flush().status) == "partial");
      for (const char* c = victim; *c != '\0'; ++c) site.spew(std::string("dispatch.state.") + *c, damage);
      chosen.max_requests = 50;
      INFO(damage.size() << ' ' << victim);
      const FlushResult result = dispatcher(site, server, chosen).flush();
      CHECK(name_of(result.status) == "sent");
      check_all_stored_once(server, ids);
      CHECK(server.repeats() <= 30);
      CHECK(site.segments() == 0);
    }
  }
}

TEST_CASE("a_checkpoint_whose_segment_is_gone_goes_on_with_the_next") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(30);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 10;
  chosen.max_requests = 1;
  CHECK(name_of(dispatcher(site, server, chosen).flush().status) == "partial");
  const std::vector<Segment> files = site.buffer().files().value();
  for (const Segment& segment : files) std::filesystem::remove(site.path(segment.name));
  const std::vector<std::string> ids = site.record(15);
  chosen.max_requests = 50;
  CHECK(name_of(dispatcher(site, server, chosen).flush().status) == "sent");
  const std::vector<std::string> stored = server.stored();
  CHECK(std::vector<std::string>(stored.begin() + 10, stored.end()) == ids);
}

TEST_CASE("a_segment_of_the_same_name_with_other_content_is_read_from_its_beginning") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(30);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 10;
  chosen.max_requests = 1;
  dispatcher(site, server, chosen).flush();
  const std::string name = first_file(site);
  std::string other;
  std::vector<std::string> ids;
  UuidSource uuids;
  for (int i = 0; i < 30; ++i) {
    ids.push_back(uuids.next());
    other += event_line(ids.back());
  }
  site.spew(name, other);
  chosen.max_requests = 50;
  CHECK(name_of(dispatcher(site, server, chosen).flush().status) == "sent");
  const std::vector<std::string> stored = server.stored();
  CHECK(std::vector<std::string>(stored.begin() + 10, stored.end()) == ids);
}

TEST_CASE("two_dispatchers_at_once_send_everything_once") {
  Site site;
  int done[2];
  REQUIRE(::pipe(done) == 0);
  int number = 0;
  FaultServer server([&](const Request&) {
    // The one that sends is held until another has come and gone.
    if (++number == 1) poll_patiently(done[0], POLLIN, 10'000);
    return accepted();
  });
  const std::vector<std::string> ids = site.record(200);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 10;
  constexpr int kOthers = 7;
  std::vector<pid_t> children;
  for (int i = 0; i < kOthers + 1; ++i) {
    const pid_t child = fork_among_threads();
    if (child == 0) {
      const FlushResult result = dispatcher(site, server, chosen).flush();
      const char code = static_cast<char>(result.status);
      _exit(::write(done[1], &code, 1) == 1 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  std::map<FlushStatus, int> statuses;
  for (int i = 0; i < kOthers + 1; ++i) {
    char code = 0;
    REQUIRE(::read(done[0], &code, 1) == 1);
    ++statuses[static_cast<FlushStatus>(code)];
  }
  ::close(done[0]);
  ::close(done[1]);
  CHECK(statuses[FlushStatus::sent] == 1);
  CHECK(statuses[FlushStatus::busy] + statuses[FlushStatus::idle] == kOthers);
  CHECK(statuses[FlushStatus::busy] >= 1);
  CHECK(server.stored() == ids);
  CHECK(server.repeats() == 0);
  CHECK(server.request_count() == 20);
}

TEST_CASE("while_another_dispatcher_works_flush_is_busy_and_resume_says_so") {
  Site site;
  Dispatcher* other = nullptr;
  FlushStatus inner_status = FlushStatus::idle;
  bool resumed = true;
  FaultServer server([&](const Request&) {
    inner_status = other->flush().status;
    resumed = other->resume().ok();
    return accepted();
  });
  site.record(10);
  Dispatcher d = dispatcher(site, server), second = dispatcher(site, server);
  other = &second;
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(name_of(inner_status) == "busy");
  CHECK(!resumed);
}

TEST_CASE("without_a_checkpoint_that_can_be_written_nothing_is_sent") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(10);
  REQUIRE(site.buffer().claim().ok());
  // A file size limit stands in for the full disk: every write to a file fails.
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);
    const FlushResult result = dispatcher(site, server).flush();
    const bool good = result.status == FlushStatus::unavailable && result.requests == 0 &&
                      result.error.find("checkpoint cannot be written") != std::string::npos;
    ::_exit(good ? 0 : 1);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(server.request_count() == 0);
  CHECK(name_of(dispatcher(site, server).flush().status) == "sent");
  CHECK(server.stored() == ids);
}

TEST_CASE("a_disk_that_fills_up_while_the_gateway_answers_costs_a_repetition") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(30);
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    static int calls = 0;
    DispatchOptions chosen = test::options();
    chosen.batch_size = 10;
    // The clock is read between the answer and the checkpoint.
    chosen.clock = []() noexcept {
      if (++calls == 5) {
        const rlimit none{0, 0};
        ::setrlimit(RLIMIT_FSIZE, &none);
      }
      return Clock::read();
    };
    const FlushResult result = dispatcher(site, server, chosen).flush();
    ::_exit(result.status == FlushStatus::unavailable && result.requests >= 1 ? 0 : 1);
  });
  CHECK(WEXITSTATUS(status) == 0);
  dispatcher(site, server).flush();
  check_all_stored_once(server, ids);
  check_batches_are_stable(server);
  CHECK(site.segments() == 0);
}

TEST_CASE("fifty_megabytes_are_drained_in_bounded_memory") {
#if defined(__SANITIZE_ADDRESS__)
  WARN("skipped: memory is not measured under AddressSanitizer");
#else
  Site site;
  std::size_t received = 0;
  FaultServer server([&](const Request& request) {
    received += request.body.size();
    return status(202);
  });
  std::size_t events = 0;
  for (int i = 0; i < 49; ++i) events += site.record(1000, 850).size();
  const auto peak = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  DispatchOptions chosen = test::options();
  chosen.batch_size = 500;
  chosen.max_requests = 0;
  chosen.max_seconds = 3600;
  int result_pipe[2];
  REQUIRE(::pipe(result_pipe) == 0);
  in_child([&] {
    Site small;
    small.record(500, 850);
    dispatcher(small, server, chosen).flush();  // libcurl, zlib and one batch are what it takes anyway
    const long before = peak();
    const FlushResult result = dispatcher(site, server, chosen).flush();
    const long numbers[] = {peak() - before, static_cast<long>(result.sent)};
    if (::write(result_pipe[1], numbers, sizeof numbers) < 0) ::_exit(1);
  });
  long numbers[2] = {};
  REQUIRE(::read(result_pipe[0], numbers, sizeof numbers) == sizeof numbers);
  ::close(result_pipe[0]);
  ::close(result_pipe[1]);
  CHECK(numbers[1] == static_cast<long>(events));
  CHECK(received > 48'000'000);
  INFO("KiB more at the peak: " << numbers[0]);
  CHECK(numbers[0] < 8 * 1024);
#endif
}

TEST_CASE("files_made_by_root_belong_to_the_directorys_owner") {
  if (::geteuid() != 0) {
    WARN("skipped: needs root");
    return;
  }
  Site site;
  constexpr uid_t kNobody = 65534;
  REQUIRE(::chmod(site.root().c_str(), 0755) == 0);
  REQUIRE(::mkdir(site.directory().c_str(), 0700) == 0);
  REQUIRE(::chown(site.directory().c_str(), kNobody, kNobody) == 0);
  FaultServer server([](const Request&) { return accepted(); });
  site.record(10);
  CHECK(name_of(dispatcher(site, server).flush().status) == "sent");
  for (const char* name : {"dispatch.lock", "dispatch.state.a", "dispatch.state.b", "dispatch.history"}) {
    struct stat st {};
    REQUIRE(::stat(site.path(name).c_str(), &st) == 0);
    INFO(name);
    CHECK(st.st_uid == kNobody);
    CHECK((st.st_mode & 0777) == 0600);
  }
  const int status = in_child([&] {
    if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(2);
    site.record(10);
    ::_exit(dispatcher(site, server).flush().status == FlushStatus::sent ? 0 : 1);
  });
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the_first_dispatch_starts_on_a_full_disk") {
  Site site;
  REQUIRE(::mkdir(site.directory().c_str(), 0700) == 0);
  if (::mount("tmpfs", site.directory().c_str(), "tmpfs", 0, "size=1m,mode=0700") != 0) {
    WARN("skipped: needs the right to mount a small tmpfs");
    return;
  }
  {
    site.record(20);
    const std::string ballast(4096, 'x');
    const Fd file(::open(site.path("ballast").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    while (::write(file.get(), ballast.data(), ballast.size()) == static_cast<ssize_t>(ballast.size())) {
    }
    CHECK(site.buffer().commit(std::string(50000, 'x') + "\n", 1).committed == 0);
    FaultServer server([](const Request&) { return accepted(); });
    const FlushResult result = dispatcher(site, server).flush();
    INFO(result.error);
    CHECK(name_of(result.status) == "sent");
    CHECK(result.sent >= 20);
    CHECK(!read_dispatch_history(site.directory()).empty());
  }
  ::umount(site.directory().c_str());
}

TEST_CASE("in_a_shared_directory_the_dispatchers_files_are_the_groups") {
  Site site;
  DispatchOptions chosen = test::options();
  chosen.share_group = true;
  FaultServer server([](const Request&) { return accepted(); });
  Dispatcher d = dispatcher(site, server, chosen);
  BufferOptions shared;
  shared.share_group = true;
  Buffer::open(site.directory(), shared)->commit(event_line(UuidSource().next()), 1);
  CHECK(name_of(d.flush().status) == "sent");
  for (const char* name : {"dispatch.lock", "dispatch.state.a", "dispatch.state.b", "dispatch.history"}) {
    struct stat st {};
    REQUIRE(::stat(site.path(name).c_str(), &st) == 0);
    INFO(name);
    CHECK((st.st_mode & 0777) == 0660);
  }
}

TEST_CASE("a_lock_file_that_cannot_be_used_is_named") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(1);
  Dispatcher d = dispatcher(site, server);
  std::filesystem::remove(site.path("dispatch.lock"));
  std::filesystem::create_directory(site.path("dispatch.lock"));
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "unavailable");
  CHECK(result.error.find("dispatch.lock") != std::string::npos);
  CHECK(!d.resume().ok());
  CHECK(server.request_count() == 0);
}

TEST_CASE("a_segment_that_is_a_link_is_left_alone_and_holds_up_nobody") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(5);
  REQUIRE(site.buffer().claim().ok());
  const std::string name = first_file(site);
  std::filesystem::rename(site.path(name), site.root() + "/elsewhere");
  std::filesystem::create_symlink(site.root() + "/elsewhere", site.path(name));
  const std::vector<std::string> ids = site.record(5);
  const FlushResult result = dispatcher(site, server).flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(server.stored() == ids);
  CHECK(std::filesystem::is_symlink(site.path(name)));
}

TEST_CASE("two_sites_do_not_touch_each_other") {
  Site healthy, ill;
  FaultServer good([](const Request&) { return accepted(); });
  FaultServer bad([](const Request&) { return status(401, Ack::none); });
  const std::vector<std::string> ids = healthy.record(20);
  ill.record(20);
  Dispatcher a = dispatcher(healthy, good), b = dispatcher(ill, bad);
  for (int i = 0; i < 5; ++i) {
    b.flush();
    Clock::pass(1800);
  }
  CHECK(b.state().suspended);
  CHECK(name_of(a.flush().status) == "sent");
  CHECK(!a.state().suspended);
  CHECK(good.stored() == ids);
}

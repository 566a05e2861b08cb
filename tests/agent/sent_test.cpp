// What was delivered stays readable in sent/: bounded, marked, first to go when room is needed, and never sent again, wherever the
// dispatcher dies.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <set>

#include "agent/reader.hpp"
#include "catch.hpp"
#include "fault_server.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

namespace fs = std::filesystem;

DispatchOptions retaining(std::uint32_t bytes = limits::kSentBytes) {
  DispatchOptions chosen = test::options();
  chosen.sent_bytes = bytes;
  return chosen;
}

FlushResult flush(const Site& site, const FaultServer& server, DispatchOptions chosen = retaining()) {
  return Dispatcher::open(site.directory(), server.credentials(), chosen).value().flush();
}

EventPage events(const Site& site, Delivery delivery) {
  EventFilter filter;
  filter.delivery = delivery;
  return read_events(site.buffer(), filter, 0, kPageLimit, 1774211679).value();
}

std::vector<std::string> ids_of(const EventPage& page) {
  std::vector<std::string> ids;
  for (const std::string& line : page.lines) ids.push_back(line.substr(line.find("event_id") + 11, 36));
  return ids;
}

// Newest first, as a page shows them.
std::vector<std::string> reversed(std::vector<std::string> ids) {
  std::reverse(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> sent_names(const std::string& directory) {
  std::vector<std::string> names;
  if (!fs::exists(directory + "/sent")) return names;
  for (const auto& entry : fs::directory_iterator(directory + "/sent")) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::uint64_t bytes_below(const std::string& directory) {
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string name = entry.path().filename();
    if (entry.is_regular_file() && name.substr(0, 6) == "buffer" && name.find("jsonl") != std::string::npos)
      bytes += entry.file_size();
  }
  return bytes;
}

void check_all_stored_once(const FaultServer& server, std::vector<std::string> ids) {
  std::vector<std::string> stored = server.stored();
  std::sort(stored.begin(), stored.end());
  std::sort(ids.begin(), ids.end());
  CHECK(stored == ids);
}

bool killed_at(const std::string& point, const Site& site, const FaultServer& server) {
  const pid_t child = fork_among_threads();
  if (child == 0) {
    ::setenv("LOGYSTERA_KILL_AT", point.c_str(), 1);
    flush(site, server);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

}  // namespace

TEST_CASE("what_was_sent_stays_readable_and_is_marked") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> first = site.record(250);
  CHECK(flush(site, server).sent == 250);
  CHECK(site.segments() == 0);
  CHECK(events(site, Delivery::waiting).total == 0);
  CHECK(ids_of(events(site, Delivery::sent)) == reversed(first));

  const std::vector<std::string> second = site.record(10);
  const EventPage page = events(site, Delivery::any);
  std::vector<std::string> all = first;
  all.insert(all.end(), second.begin(), second.end());
  CHECK(ids_of(page) == reversed(all));
  REQUIRE(page.sent.size() == 260);
  for (std::size_t i = 0; i < page.sent.size(); ++i) CHECK(page.sent[i] == (i >= 10));
  CHECK(ids_of(events(site, Delivery::waiting)) == reversed(second));

  CHECK(flush(site, server).sent == 10);
  CHECK(flush(site, server).sent == 0);
  check_all_stored_once(server, all);
  CHECK(server.repeats() == 0);
  const BufferStats stats = site.buffer().stats().value();
  CHECK(stats.pending_bytes == 0);
  CHECK(stats.sent_bytes == bytes_below(site.directory()));
  CHECK(stats.bytes == stats.sent_bytes);
}

TEST_CASE("events_of_a_file_under_way_are_marked_one_by_one") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(250);
  DispatchOptions chosen = retaining();
  chosen.max_requests = 1;
  CHECK(flush(site, server, chosen).sent == 100);
  CHECK(events(site, Delivery::sent).total == 100);
  CHECK(events(site, Delivery::waiting).total == 150);
  const EventPage page = events(site, Delivery::any);
  REQUIRE(page.sent.size() == 250);
  CHECK(std::count(page.sent.begin(), page.sent.begin() + 150, true) == 0);
  CHECK(std::count(page.sent.begin() + 150, page.sent.end(), false) == 0);
}

TEST_CASE("nothing_stays_unless_it_is_asked_for") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(20);
  flush(site, server, retaining(0));
  CHECK(sent_names(site.directory()).empty());
  CHECK(events(site, Delivery::any).total == 0);
}

TEST_CASE("switched_off_what_stayed_goes_with_the_next_run") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(20);
  flush(site, server);
  CHECK(sent_names(site.directory()).size() == 1);
  flush(site, server, retaining(0));
  CHECK(sent_names(site.directory()).empty());
  CHECK(site.buffer().stats().value().sent_bytes == 0);
}

TEST_CASE("switched_off_what_stayed_goes_although_nothing_can_be_sent") {
  Site site;
  std::atomic<bool> up = true;
  FaultServer server([&](const Request&) { return up ? accepted() : status(503); });
  site.record(20);
  flush(site, server);
  site.record(5);
  up = false;
  CHECK(name_of(flush(site, server).status) == "backoff");
  CHECK(sent_names(site.directory()).size() == 1);
  CHECK(name_of(flush(site, server, retaining(0)).status) == "backoff");
  CHECK(sent_names(site.directory()).empty());
  CHECK(events(site, Delivery::waiting).total == 5);
}

TEST_CASE("a_relay_that_sends_each_second_leaves_few_files") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  std::vector<std::string> ids;
  for (int i = 0; i < 120; ++i) {
    const std::vector<std::string> more = site.record(3);
    ids.insert(ids.end(), more.begin(), more.end());
    flush(site, server);
  }
  CHECK(sent_names(site.directory()).size() == 1);
  CHECK(ids_of(events(site, Delivery::sent)) == reversed(ids));
  check_all_stored_once(server, ids);
}

TEST_CASE("the_newest_stay_within_the_bound") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  constexpr std::uint32_t kBound = 1'000'000;
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) {
    const std::vector<std::string> more = site.record(30, i % 3 == 0 ? 15'000 : 3'000);
    ids.insert(ids.end(), more.begin(), more.end());
    flush(site, server, retaining(kBound));
    CHECK(bytes_below(site.directory()) <= kBound);
    CHECK(site.buffer().stats().value().sent_bytes == bytes_below(site.directory()));
  }
  const std::vector<std::string> stayed = reversed(ids_of(events(site, Delivery::sent)));
  REQUIRE(stayed.size() >= 60);
  CHECK(std::equal(stayed.rbegin(), stayed.rend(), ids.rbegin()));
}

TEST_CASE("a_segment_larger_than_the_bound_does_not_stay") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(30);
  flush(site, server, retaining(10'000));
  site.record(100, 1'000);
  flush(site, server, retaining(10'000));
  CHECK(bytes_below(site.directory()) <= 10'000);
}

TEST_CASE("what_was_sent_makes_room_before_anything_is_dropped") {
  Site site;
  BufferOptions options;
  options.segment_bytes = 64 * 1024;
  options.spill_bytes = 1024;
  options.total_bytes = 1024 * 1024 + options.housekeeping_bytes;
  options.sent_bytes = 400 * 1024;
  Buffer buffer = Buffer::open(site.directory(), options).value();
  UuidSource uuids;
  const std::size_t line_bytes = event_line(uuids.next(), "cache.flush", 1'000).size();
  const auto commit = [&] { return buffer.commit(event_line(uuids.next(), "cache.flush", 1'000), 1); };
  for (int i = 0; i < 300; ++i) REQUIRE(commit().committed == 1);
  for (const Segment& segment : buffer.claim().value()) REQUIRE(buffer.remove(segment).ok());
  CHECK(bytes_below(site.directory()) >= 300 * 1'000);
  CHECK(buffer.stats().value().pending_bytes == 0);
  std::uint64_t committed = 0;
  while (commit().committed == 1) {
    ++committed;
    REQUIRE(bytes_below(site.directory()) <= options.event_bytes());
  }
  // As many as fit where nothing was ever sent.
  CHECK(committed == options.event_bytes() / line_bytes);
  CHECK(sent_names(site.directory()).empty());
  CHECK(buffer.stats().value().sent_bytes == 0);
}

TEST_CASE("in_a_full_buffer_nothing_stays_of_what_is_sent") {
  Site site;
  BufferOptions options;
  options.segment_bytes = 64 * 1024;
  options.spill_bytes = 1024;
  options.total_bytes = 512 * 1024 + options.housekeeping_bytes;
  options.sent_bytes = 400 * 1024;
  Buffer buffer = Buffer::open(site.directory(), options).value();
  const std::string line = event_line(UuidSource().next(), "cache.flush", 1'000);
  while (buffer.commit(line, 1).committed == 1) {
  }
  const std::vector<Segment> segments = buffer.claim().value();
  REQUIRE(segments.size() > 4);
  REQUIRE(buffer.remove(segments[0]).ok());
  CHECK(sent_names(site.directory()).empty());
  CHECK(buffer.commit(line, 1).committed == 1);
}

TEST_CASE("killed_between_sending_and_marking_nothing_is_lost_or_sent_again") {
  struct Step {
    const char* point;
    std::size_t repeated;
  };
  for (const Step& step : {Step{"segment-done", 0}, Step{"segment-added", 0}, Step{"segment-emptied", 0},
                           Step{"segment-unlinked", 0}, Step{"answer-received", 60}, Step{"batch-recorded", 0}}) {
    for (const bool moved : {true, false}) {  // the first segment is moved, a later small one added to it
      if (moved && (std::string(step.point) == "segment-added" || std::string(step.point) == "segment-emptied")) continue;
      INFO(step.point << (moved ? ", moved" : ", added"));
      Site site;
      FaultServer server([](const Request&) { return accepted(); });
      std::vector<std::string> ids;
      if (!moved) {
        ids = site.record(20);
        flush(site, server);
      }
      const std::vector<std::string> more = site.record(60);
      ids.insert(ids.end(), more.begin(), more.end());
      REQUIRE(killed_at(step.point, site, server));
      // What a page shows meanwhile is never twice there.
      const std::vector<std::string> shown = ids_of(events(site, Delivery::any));
      CHECK(std::set<std::string>(shown.begin(), shown.end()).size() == shown.size());
      flush(site, server);
      check_all_stored_once(server, ids);
      CHECK(server.repeats() == step.repeated);
      CHECK(site.segments() == 0);
      CHECK(ids_of(events(site, Delivery::sent)) == reversed(ids));
      CHECK(site.buffer().stats().value().sent_bytes == bytes_below(site.directory()));
    }
  }
}

TEST_CASE("an_addition_that_was_torn_anywhere_is_made_whole") {
  Site site;
  BufferOptions options;
  options.sent_bytes = limits::kSentBytes;
  const std::string before = event_line(UuidSource().next()) + event_line(UuidSource().next());
  UuidSource uuids;
  const std::string text = event_line(uuids.next()) + event_line(uuids.next()) + event_line(uuids.next());
  for (std::size_t torn = 0; torn <= text.size(); torn += torn < 60 ? 7 : 31) {
    fs::remove_all(site.directory());
    Buffer buffer = Buffer::open(site.directory(), options).value();
    REQUIRE(buffer.commit(before, 2).committed == 2);
    REQUIRE(buffer.remove(buffer.claim().value().at(0)).ok());
    const std::string name = "sent/" + sent_names(site.directory()).at(0);
    REQUIRE(buffer.commit(text, 3).committed == 3);
    const Segment segment = buffer.claim().value().at(0);
    std::ofstream(site.path(name), std::ios::binary | std::ios::app) << text.substr(0, torn);
    REQUIRE(buffer.remove(segment).ok());
    CHECK(site.slurp(name) == before + text);
    CHECK(sent_names(site.directory()).size() == 1);
    CHECK(site.segments() == 0);
  }
}

TEST_CASE("sent_is_no_way_out_of_the_directory") {
  for (const bool link : {true, false}) {
    Site site;
    FaultServer server([](const Request&) { return accepted(); });
    site.record(20);
    fs::create_directory(site.root() + "/elsewhere");
    if (link) fs::create_directory_symlink(site.root() + "/elsewhere", site.path("sent"));
    else std::ofstream(site.path("sent")) << "a file";
    CHECK(flush(site, server).sent == 20);
    CHECK(site.segments() == 0);
    CHECK(fs::is_empty(site.root() + "/elsewhere"));
    CHECK(events(site, Delivery::any).total == 0);
  }
}

TEST_CASE("emptying_a_buffer_takes_what_was_sent_too") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(20);
  flush(site, server);
  site.record(5);
  CHECK(site.buffer().clear().value() == 5);
  CHECK(events(site, Delivery::any).total == 0);
  CHECK(sent_names(site.directory()).empty());
}

TEST_CASE("how_much_may_stay_has_a_bound") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const auto opened = Dispatcher::open(site.directory(), server.credentials(), retaining(limits::kSentBytes + 1));
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().message == "sent_bytes: must be 0-5242880, is 5242881");
}

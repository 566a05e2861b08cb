// What a server that runs for long keeps of whoever has gone: nothing. Counted in this process, which is the server and its clients.
#include <malloc.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "eventually.hpp"
#include "whole.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

std::size_t descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// Bytes in use, as malloc counts them: SQLite's statements and pages are among them.
std::size_t in_use() {
  const auto all = ::mallinfo2();
  return all.uordblks + all.hblkhd;
}

constexpr std::size_t kLittle = 512 * 1024;  // what caches and threads may still take

std::string ask(const Whole& whole, const std::string& path, const std::string& headers) {
  SocketClient client(whole.server->urls().front());
  client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
  return client.receive_all();
}

std::string session_of(const Whole& whole, std::int64_t user) {
  return "Cookie: logystera_session=" + web::Sessions(whole.store->accounts()).sign_in(user, whole.now).value() + "\r\n";
}

void send_event(const Whole& whole, const std::string& site, int number) {
  const std::string id = "00000000-0000-4000-8000-" + std::to_string(100'000'000'000 + number);
  const std::string line =
      R"({"event_type":"config.save","created_at":1,"timestamp":1,"event_id":")" + id + R"(","labels":{}})";
  const std::string batch_id = "batch" + std::to_string(number);
  store::Batch batch;
  batch.entity = site;
  batch.id = batch_id;
  batch.received_at = whole.now;
  batch.events = {{line, "config.save", store::event_id_of(id), whole.now}};
  REQUIRE(whole.store->events().append(batch).value().accepted == 1);
}

}  // namespace

TEST_CASE("two_hundred_streams_all_get_the_next_hint_and_leave_nothing_behind") {
  constexpr int kStreams = 200, kOfOne = 8;
  Whole whole;
  const std::string site = whole.entities->add("shop", whole.now).value().token;
  const std::int64_t user = whole.user("anna", Role::viewer);
  std::vector<std::string> sessions;
  for (int i = 0; i < kStreams / kOfOne; ++i) sessions.push_back(session_of(whole, user));
  int number = 0;
  const auto round = [&] {
    std::vector<std::unique_ptr<SocketClient>> streams;
    for (int i = 0; i < kStreams; ++i) {
      // An address of this machine may have so many connections.
      streams.push_back(
          std::make_unique<SocketClient>(whole.server->urls().front(), ("127.0.2." + std::to_string(1 + i % 20)).c_str()));
      streams.back()->send("GET /live HTTP/1.1\r\nHost: localhost\r\n" + sessions[static_cast<std::size_t>(i / kOfOne)] +
                           "\r\n");
      REQUIRE(streams.back()->receive_until("hello").ends_with("hello"));
    }
    send_event(whole, site, ++number);
    int told = 0;
    for (const auto& stream : streams) told += stream->receive_until("event: events\n").ends_with("event: events\n");
    CHECK(told == kStreams);
  };
  const std::size_t at_rest = descriptors();
  // Who has gone is noticed by what is sent to him.
  const auto all_gone = [&] {
    return eventually([&] {
      send_event(whole, site, ++number);
      return descriptors() <= at_rest + 20;  // connections to the store that are kept
    });
  };
  for (int i = 0; i < 2; ++i) {
    round();
    REQUIRE(all_gone());
  }
  const std::size_t bytes = in_use();
  for (int i = 0; i < 3; ++i) {
    round();
    REQUIRE(all_gone());
  }
  CHECK(in_use() < bytes + kLittle);
}

TEST_CASE("a_page_that_is_asked_for_a_thousand_times_costs_what_it_costs_fifty_times") {
  Whole whole;
  const std::string site = whole.entities->add("shop", whole.now).value().token;
  for (int i = 0; i < 30; ++i) send_event(whole, site, i);
  const std::string session = session_of(whole, whole.user("adam", Role::admin));
  const auto times = [&](const std::string& path, int count) {
    for (int i = 0; i < count; ++i) REQUIRE(ask(whole, path, session).starts_with("HTTP/1.1 200 "));
  };
  for (const char* path :
       {"/", "/events", "/findings", "/errors", "/sites", "/settings/users", "/settings/audit", "/account"}) {
    INFO(path);
    times(path, 50);
    const std::size_t before = descriptors(), bytes = in_use();
    times(path, std::string_view(path) == "/events" ? 1'000 : 150);
    // Threads of the application ask the database meanwhile, and its connections are kept.
    constexpr std::size_t kKept = 10;
    CHECK(eventually([&] { return descriptors() <= before + kKept; }));
    CHECK(in_use() < bytes + kLittle);
  }
}

// The dispatcher against a gateway that behaves, and against one that does not.
#include "agent/dispatch.hpp"

#include <algorithm>
#include <set>

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

std::vector<std::size_t> batch_sizes(const FaultServer& server) {
  std::vector<std::size_t> sizes;
  for (const Request& request : server.requests()) sizes.push_back(request.lines.size());
  return sizes;
}

}  // namespace

TEST_CASE("everything_recorded_arrives_once_in_order_and_the_buffer_is_empty") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(350);
  Dispatcher d = dispatcher(site, server);
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(result.error.empty());
  CHECK(result.sent == 350);
  CHECK(result.batches == 4);
  CHECK(result.remaining_bytes == 0);
  CHECK(batch_sizes(server) == std::vector<std::size_t>{100, 100, 100, 50});
  CHECK(server.stored() == ids);
  CHECK(server.repeats() == 0);
  CHECK(server.connection_count() == 1);
  CHECK(site.segments() == 0);
  for (const Request& request : server.requests()) {
    CHECK(request.signature_holds);
    CHECK(request.batch_id_holds);
    CHECK(request.method == "POST");
    CHECK(request.target == "/v1/ingest");
    CHECK(request.header("content-type") == "application/x-ndjson");
    CHECK(request.header("content-encoding") == "gzip");
    CHECK(request.header("expect").empty());
    CHECK(request.wire_body.size() < request.body.size());
  }
  CHECK(name_of(d.flush().status) == "idle");
  CHECK(server.request_count() == 4);
  const DispatchState state = d.state();
  CHECK(state.known);
  CHECK(state.events_sent == 350);
  CHECK(state.batches_sent == 4);
  CHECK(state.requests == 4);
  CHECK(state.last_success == Clock::wall);
  CHECK(state.failures == 0);
  const std::vector<HistoryEntry> history = d.history();
  REQUIRE(history.size() == 4);
  CHECK(history[0].events == 50);
  CHECK(history[3].events == 100);
  CHECK(history[0].http_status == 202);
  CHECK(history[0].acknowledged);
  CHECK(history[0].batch == server.requests()[3].batch());
  CHECK(history[0].error.empty());
}

// --- What must not move anything ---

TEST_CASE("an_answer_that_is_not_the_gateways_own_loses_nothing") {
  struct Case {
    const char* what;
    Reply reply;
    Trouble trouble;
  };
  std::vector<Case> cases;
  const auto add = [&](const char* what, Trouble trouble, Reply reply) {
    cases.push_back({what, std::move(reply), trouble});
  };
  Reply portal = status(200, Ack::none);
  portal.body = "<html><body>Please sign in to the hotel's network</body></html>";
  add("captive portal", Trouble::unacknowledged, portal);
  add("accepted, but not signed", Trouble::unacknowledged, status(202, Ack::none));
  add("signed with another secret", Trouble::unacknowledged, status(202, Ack::forged));
  add("signed for another batch", Trouble::unacknowledged, status(202, Ack::for_other_batch));
  add("400 of a web application firewall", Trouble::unacknowledged, status(400, Ack::none));
  add("422 unsigned", Trouble::unacknowledged, status(422, Ack::forged));
  Reply redirect = status(302, Ack::none);
  redirect.headers = {"Location: http://127.0.0.1:1/v1/ingest"};
  add("redirect", Trouble::redirected, redirect);
  add("proxy wants a password", Trouble::proxy, status(407, Ack::none));
  add("not found", Trouble::address, status(404, Ack::none));
  add("version", Trouble::version, status(426));
  add("server error", Trouble::gateway, status(500, Ack::none));
  add("server error, signed", Trouble::gateway, status(503));
  Reply reset;
  reset.reset = true;
  add("reset after the body", Trouble::network, reset);
  Reply empty;
  empty.raw = "\r\n\r\n";
  add("nothing that is HTTP", Trouble::unacknowledged, empty);
  Reply garbage;
  garbage.raw = "SSH-2.0-OpenSSH_9.2p1\r\n";
  add("another protocol", Trouble::unacknowledged, garbage);
  Reply status_line;
  status_line.raw = "HTTP/1.1 banana\r\nContent-Length: 0\r\n\r\n";
  add("garbage status line", Trouble::unacknowledged, status_line);
  Reply huge;
  huge.endless_body = 64u << 20;
  huge.status = 200;
  huge.ack = Ack::none;
  add("64 MiB of body", Trouble::unacknowledged, huge);
  Reply headers;
  headers.status = 200;
  headers.headers.assign(2000, "X-Filler: " + std::string(50, 'x'));
  add("100 KB of headers", Trouble::unacknowledged, headers);

  for (const Case& one : cases) {
    INFO(one.what);
    Site site;
    FaultServer server([&](const Request&) { return one.reply; });
    const std::vector<std::string> ids = site.record(30);
    Dispatcher d = dispatcher(site, server);
    const FlushResult result = d.flush();
    CHECK(name_of(result.status) == "backoff");
    CHECK(name_of(d.state().trouble) == name_of(one.trouble));
    CHECK(result.sent == 0);
    CHECK(result.dead_lettered == 0);
    CHECK(result.requests == 1);
    CHECK(result.remaining_bytes > 0);
    CHECK(result.retry_at >= Clock::wall + 30);
    CHECK(result.retry_at <= Clock::wall + 1800);
    CHECK(result.error.find(std::string(remedy_for(one.trouble))) != std::string::npos);
    CHECK(site.dead_letters().empty());
    REQUIRE(d.history().size() == 1);
    CHECK(!d.history()[0].error.empty());
    CHECK(d.history()[0].acknowledged == (one.trouble == Trouble::version || one.reply.status == 503));

    CHECK(name_of(d.flush().status) == "backoff");  // not tried again at once
    CHECK(server.request_count() == 1);

    server.script([](const Request&) { return accepted(); });
    Clock::pass(1800);
    CHECK(name_of(d.flush().status) == "sent");
    CHECK(server.stored() == ids);
    CHECK(server.requests()[0].batch() == server.requests()[1].batch());
    CHECK(server.requests()[0].body == server.requests()[1].body);
  }
}

TEST_CASE("a_slow_loris_is_left_within_the_time_limit") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply;
    reply.drip_ms = 100;
    return reply;
  });
  site.record(10);
  DispatchOptions chosen = test::options();
  chosen.timeout_seconds = 1;
  const FlushResult result = dispatcher(site, server, chosen).flush();
  CHECK(name_of(result.status) == "backoff");
  CHECK(read_dispatch_state(site.directory()).trouble == Trouble::network);
}

TEST_CASE("a_gateway_that_is_not_there_is_a_network_trouble") {
  Site site;
  site.record(10);
  int port;
  {
    FaultServer gone([](const Request&) { return accepted(); });
    port = gone.port();
  }
  const Credentials credentials = Credentials::make("http://127.0.0.1:" + std::to_string(port), kEntity, kSecret).value();
  Dispatcher d = Dispatcher::open(site.directory(), credentials, test::options()).value();
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "backoff");
  CHECK(d.state().trouble == Trouble::network);
  CHECK(d.state().http_status == 0);
  CHECK(d.history().at(0).error.find("127.0.0.1") != std::string::npos);
}

// --- Backoff ---

TEST_CASE("failures_in_a_row_double_the_wait_up_to_30_minutes") {
  Site site;
  FaultServer server([](const Request&) { return status(500, Ack::none); });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  const std::int64_t ceilings[] = {60, 120, 240, 480, 960, 1800, 1800, 1800, 1800, 1800};
  for (std::size_t i = 0; i < 10; ++i) {
    const FlushResult result = d.flush();
    CHECK(server.request_count() == i + 1);
    const std::int64_t wait = result.retry_at - Clock::wall;
    INFO(i << ' ' << wait);
    CHECK(wait >= ceilings[i] / 2);
    CHECK(wait <= ceilings[i]);
    CHECK(d.state().next_attempt == result.retry_at);
    CHECK(d.state().failures == i + 1);
    Clock::pass(wait - 1);
    CHECK(name_of(d.flush().status) == "backoff");
    CHECK(server.request_count() == i + 1);
    Clock::pass(1);
  }
  server.script([](const Request&) { return accepted(); });
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(d.state().failures == 0);
  CHECK(d.state().next_attempt == 0);
  CHECK(d.state().trouble == Trouble::none);
}

TEST_CASE("retry_after_of_429_and_503_is_waited_for_within_bounds") {
  struct Case {
    std::vector<std::string> values;
    std::int64_t least, most;
  };
  const Case cases[] = {
      {{"0"}, 30, 72},
      {{"1"}, 30, 72},
      {{"300"}, 300, 360},
      {{"1000000000"}, 21600, 21600},
      {{"-1"}, 30, 60},
      {{"abc"}, 30, 60},
      {{""}, 30, 60},
      {{"Sun, 06 Nov 1994 08:49:37 GMT"}, 30, 72},
      {{"Fri, 31 Dec 9999 23:59:59 GMT"}, 21600, 21600},
      {{"5", "300"}, 300, 360},
      {{"abc", "600"}, 600, 720},
      {{"99999999999999999999999"}, 21600, 21600},
  };
  for (const int code : {429, 503}) {
    for (const Case& one : cases) {
      Site site;
      FaultServer server([&](const Request&) {
        Reply reply = status(code);
        for (const std::string& value : one.values) reply.headers.push_back("Retry-After: " + value);
        return reply;
      });
      site.record(10);
      const FlushResult result = dispatcher(site, server).flush();
      INFO(code << ' ' << one.values[0]);
      CHECK(result.retry_at - Clock::wall >= one.least);
      CHECK(result.retry_at - Clock::wall <= one.most);
      CHECK(result.requests == 1);
    }
  }
}

TEST_CASE("a_clock_that_jumps_does_not_stretch_or_cut_the_wait_within_a_boot") {
  Site site;
  FaultServer server([](const Request&) { return status(500); });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  d.flush();
  Clock::wall -= 365 * 86400;
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(d.flush().retry_at <= Clock::wall + 60);
  Clock::boot += 60;
  d.flush();
  CHECK(server.request_count() == 2);
  Clock::wall += 365 * 86400;
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(server.request_count() == 2);
}

TEST_CASE("a_clock_set_back_during_a_reboot_costs_one_wait_at_most") {
  Site site;
  FaultServer server([](const Request&) { return status(500); });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  d.flush();
  Clock::wall -= 365 * 86400;
  Clock::boot = 5;
  Clock::boot_id = 8;
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(server.request_count() == 1);
  Clock::pass(60);
  d.flush();
  CHECK(server.request_count() == 2);
}

// --- Authentication ---

TEST_CASE("five_401_or_403_in_a_row_suspend_until_the_credentials_change") {
  for (const int code : {401, 403}) {
    for (const Ack ack : {Ack::none, Ack::valid}) {
      Site site;
      FaultServer server([&](const Request&) { return status(code, ack); });
      site.record(10);
      Dispatcher d = dispatcher(site, server);
      for (int i = 1; i <= 5; ++i) {
        const FlushResult result = d.flush();
        CHECK(name_of(result.status) == (i < 5 ? "backoff" : "suspended"));
        CHECK(d.state().auth_failures == static_cast<std::uint32_t>(i));
        CHECK(result.requests == 1);
        Clock::pass(1800);
      }
      for (int i = 0; i < 20; ++i) {
        CHECK(name_of(d.flush().status) == "suspended");
        Clock::pass(86400);
      }
      CHECK(server.request_count() == 5);
      CHECK(d.state().suspended);
      CHECK(d.state().trouble == (code == 401 ? Trouble::unauthorized : Trouble::forbidden));
      CHECK(d.flush().error.find("5 times") != std::string::npos);
      CHECK(read_dispatch_state(site.directory()).suspended);

      server.script([](const Request&) { return accepted(); });
      Dispatcher renewed =
          Dispatcher::open(site.directory(), server.credentials("another-secret-of-the-entity"), test::options()).value();
      CHECK(!renewed.state().suspended);
      CHECK(renewed.state().auth_failures == 0);
      CHECK(renewed.state().trouble == Trouble::none);
      renewed.flush();
      CHECK(server.request_count() == 6);
      CHECK(!server.requests()[5].signature_holds);  // it was the new secret that signed
    }
  }
}

TEST_CASE("a_success_between_authentication_failures_begins_the_count_again") {
  Site site;
  int number = 0;
  FaultServer server([&](const Request&) { return ++number == 5 ? accepted() : status(401, Ack::none); });
  Dispatcher d = dispatcher(site, server);
  site.record(10);
  for (int i = 0; i < 9; ++i) {
    if (i == 5) site.record(10);
    CHECK(name_of(d.flush().status) == (i == 4 ? "sent" : "backoff"));
    Clock::pass(1800);
  }
  CHECK(number == 9);
  CHECK(!d.state().suspended);
  CHECK(d.state().auth_failures == 4);
  d.flush();
  CHECK(d.state().suspended);
}

TEST_CASE("a_server_error_between_authentication_failures_does_not_begin_the_count_again") {
  Site site;
  int number = 0;
  FaultServer server([&](const Request&) { return ++number == 3 ? status(500, Ack::none) : status(401, Ack::none); });
  Dispatcher d = dispatcher(site, server);
  site.record(10);
  for (int i = 0; i < 6; ++i) {
    d.flush();
    Clock::pass(1800);
  }
  CHECK(d.state().suspended);
}

TEST_CASE("resume_ends_suspension_and_backoff") {
  Site site;
  FaultServer server([](const Request&) { return status(403); });
  const std::vector<std::string> ids = site.record(10);
  Dispatcher d = dispatcher(site, server);
  for (int i = 0; i < 5; ++i) {
    d.flush();
    Clock::pass(1800);
  }
  REQUIRE(d.state().suspended);
  server.script([](const Request&) { return accepted(); });
  REQUIRE(d.resume().ok());
  CHECK(!d.state().suspended);
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(server.stored() == ids);

  server.script([](const Request&) { return status(500); });
  site.record(10);
  d.flush();
  CHECK(name_of(d.flush().status) == "backoff");
  server.script([](const Request&) { return accepted(); });
  REQUIRE(d.resume().ok());
  CHECK(name_of(d.flush().status) == "sent");
}

TEST_CASE("a_clock_off_by_a_day_is_put_right_by_the_gateways_signed_time") {
  for (const std::int64_t off : {-86400, 86400}) {
    Site site;
    const std::int64_t gateway_time = Clock::wall;
    Clock::wall += off;
    const auto gateway = [&](const Request& request) {
      const std::int64_t claimed = std::stoll(request.header("logystera-timestamp"));
      if (claimed > gateway_time - 300 && claimed < gateway_time + 300) return accepted();
      Reply reply = status(401);
      reply.body = "{\"error\":\"clock_skew\",\"server_time\":" + std::to_string(gateway_time) + "}";
      return reply;
    };
    FaultServer server(gateway);
    const std::vector<std::string> ids = site.record(150);
    Dispatcher d = dispatcher(site, server);
    CHECK(name_of(d.flush().status) == "sent");
    CHECK(server.request_count() == 3);
    CHECK(server.stored() == ids);
    CHECK(d.state().auth_failures == 0);
    CHECK(d.state().clock_skew == -off);
    // The correction is remembered, and taken back when our clock is set.
    site.record(10);
    d.flush();
    CHECK(server.request_count() == 4);
    Clock::wall = gateway_time;
    site.record(10);
    CHECK(name_of(d.flush().status) == "sent");
    CHECK(server.request_count() == 6);
    CHECK(d.state().clock_skew == 0);
  }
}

TEST_CASE("a_clock_skew_nobody_signed_counts_and_changes_no_clock") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply = status(401, Ack::forged);
    reply.body = "{\"error\":\"clock_skew\",\"server_time\":1774211679}";
    return reply;
  });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  CHECK(d.flush().requests == 1);
  CHECK(d.state().clock_skew == 0);
  CHECK(d.state().auth_failures == 1);
}

TEST_CASE("a_gateway_that_never_likes_the_time_is_waited_for_without_suspension") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply = status(401);
    reply.body = "{\"error\":\"clock_skew\",\"server_time\":1774211679}";
    return reply;
  });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  for (int i = 0; i < 8; ++i) {
    CHECK(name_of(d.flush().status) == "backoff");
    Clock::pass(1800);
  }
  CHECK(d.state().trouble == Trouble::clock);
  CHECK(!d.state().suspended);
  CHECK(server.request_count() == 16);
}

// --- Refusals ---

namespace {

std::size_t bound_on_requests(std::size_t n) {
  std::size_t levels = 0;
  while ((std::size_t{1} << levels) < n) ++levels;
  return 2 * levels + 2;
}

bool holds_any(const Request& request, const std::set<std::string>& poison) {
  return std::any_of(request.lines.begin(), request.lines.end(),
                     [&](const std::string& line) { return poison.count(event_id_of(line)) != 0; });
}

}  // namespace

// How many of these events the gateway stored; agent.dropped events, which tell of dead letters, not counted.
namespace {
std::size_t delivered(const FaultServer& server, const std::vector<std::string>& ids) {
  const std::vector<std::string> stored = server.stored();
  const std::set<std::string> known(stored.begin(), stored.end());
  return static_cast<std::size_t>(
      std::count_if(ids.begin(), ids.end(), [&](const std::string& id) { return known.count(id) != 0; }));
}
}  // namespace

TEST_CASE("one_poison_event_at_any_place_is_found_and_put_aside_alone") {
  for (const int code : {400, 422}) {
    for (const std::size_t n : {1u, 2u, 3u, 10u, 100u, 500u}) {
      const std::size_t step = n <= 10 ? 1 : n == 100 ? 7 : 83;
      for (std::size_t place = 0; place < n; place = place + step < n || place == n - 1 ? place + step : n - 1) {
        Site site;
        std::set<std::string> poison;
        FaultServer server([&](const Request& request) { return holds_any(request, poison) ? status(code) : accepted(); });
        const std::vector<std::string> ids = site.record(n);
        poison.insert(ids[place]);
        DispatchOptions chosen = test::options();
        chosen.batch_size = 500;
        Dispatcher d = dispatcher(site, server, chosen);
        const FlushResult result = d.flush();
        INFO(code << ' ' << n << ' ' << place);
        CHECK(name_of(result.status) == "sent");
        CHECK(result.sent == n - 1);
        CHECK(result.dead_lettered == 1);
        CHECK(result.requests <= bound_on_requests(n));
        CHECK(server.repeats() == 0);
        std::vector<std::string> others = ids;
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(place));
        CHECK(server.stored() == others);
        const std::vector<std::string> letters = site.dead_letters();
        REQUIRE(letters.size() == 1);
        CHECK(letters[0].find(ids[place]) != std::string::npos);
        CHECK(letters[0].find("HTTP " + std::to_string(code)) != std::string::npos);
        CHECK(result.remaining_bytes == 0);
      }
    }
  }
}

// Whether the gateway takes anything is asked with a few events picked at random: when all of those are poison too, the run waits,
// and a later one picks others. That one also sends what the agent itself has to say of the letters put aside before.
TEST_CASE("several_poison_events_in_one_batch_are_all_found") {
  Site site;
  std::set<std::string> poison;
  FaultServer server(
      [&](const Request& request) { return holds_any(request, poison) ? refused("bad_event") : accepted(); });
  const std::vector<std::string> ids = site.record(100);
  for (const std::size_t i : {0u, 1u, 2u, 3u, 50u, 98u, 99u}) poison.insert(ids[i]);
  DispatchOptions chosen = test::options();
  chosen.max_requests = 0;
  FlushResult all;
  for (int run = 0; run < 20 && all.status != FlushStatus::sent; ++run) {
    const FlushResult result = dispatcher(site, server, chosen).flush();
    INFO(result.error);
    REQUIRE((result.status == FlushStatus::sent || result.status == FlushStatus::backoff));
    all.status = result.status;
    all.sent += result.sent;
    all.dead_lettered += result.dead_lettered;
    if (result.status == FlushStatus::backoff) Clock::pass(result.retry_at - Clock::wall);
  }
  CHECK(name_of(all.status) == "sent");
  CHECK(all.sent == server.stored().size());
  CHECK(all.dead_lettered == 7);
  CHECK(site.dead_letters().size() == 7);
  const std::vector<std::string> stored = server.stored();
  CHECK(std::count_if(ids.begin(), ids.end(), [&](const std::string& id) {
          return std::find(stored.begin(), stored.end(), id) != stored.end();
        }) == 93);
  for (const std::string& id : poison) CHECK(std::find(stored.begin(), stored.end(), id) == stored.end());
}

TEST_CASE("poison_is_found_even_when_a_run_has_only_a_few_requests") {
  Site site;
  std::set<std::string> poison;
  FaultServer server([&](const Request& request) { return holds_any(request, poison) ? status(400) : accepted(); });
  const std::vector<std::string> ids = site.record(100);
  poison.insert(ids[0]);
  DispatchOptions chosen = test::options();
  chosen.max_requests = 2;
  Dispatcher d = dispatcher(site, server, chosen);
  int runs = 0;
  while (name_of(d.flush().status) == "partial" && ++runs < 50) {
  }
  CHECK(runs < 50);
  CHECK(delivered(server, ids) == 99);
  CHECK(site.dead_letters().size() == 1);
}

TEST_CASE("a_gateway_that_refuses_everything_does_not_empty_the_buffer_into_dead_letters") {
  Site site;
  FaultServer server([](const Request&) { return status(400); });
  const std::vector<std::string> ids = site.record(300);
  Dispatcher d = dispatcher(site, server);
  for (int run = 0; run < 5; ++run) {
    const FlushResult result = d.flush();
    CHECK(name_of(result.status) == "backoff");
    CHECK(name_of(d.state().trouble) == "refused_all");
    CHECK(result.retry_at - Clock::wall >= 900);
    CHECK(result.requests <= 20);
    CHECK(site.dead_letters().size() == 2);
    Clock::pass(1800);
  }
  server.script([](const Request&) { return accepted(); });
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(delivered(server, ids) == 298);
}

TEST_CASE("refused_events_one_by_one_do_not_block_those_that_come_later") {
  Site site;
  std::set<std::string> poison;
  // Not even the counts of dead letters are accepted, which otherwise prove that the gateway takes something.
  FaultServer server([&](const Request& request) {
    return holds_any(request, poison) || request.body.find("agent.dropped") != std::string::npos ? status(400) : accepted();
  });
  Dispatcher d = dispatcher(site, server);
  poison.insert(site.record(1)[0]);
  CHECK(name_of(d.flush().status) == "sent");
  poison.insert(site.record(1)[0]);
  CHECK(name_of(d.flush().status) == "backoff");  // three in a row, and nothing that proves the gateway takes anything
  CHECK(site.dead_letters().size() == 2);
  const std::vector<std::string> good = site.record(1);
  Clock::pass(1800);
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(site.dead_letters().size() == 3);
  CHECK(server.stored() == good);
}

TEST_CASE("a_probe_that_fails_otherwise_condemns_nothing") {
  Site site;
  int number = 0;
  FaultServer server([&](const Request& request) {
    if (request.lines.size() == 1 && ++number == 4) return status(503);
    return status(400);
  });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(site.dead_letters().size() == 2);
  CHECK(d.state().trouble == Trouble::gateway);
}

TEST_CASE("too_large_halves_the_batch_and_remembers_for_a_day") {
  for (const Ack ack : {Ack::valid, Ack::none}) {
    Site site;
    FaultServer server([&](const Request& request) { return request.lines.size() > 25 ? status(413, ack) : accepted(); });
    std::vector<std::string> ids = site.record(200);
    Dispatcher d = dispatcher(site, server);
    CHECK(name_of(d.flush().status) == "sent");
    CHECK(server.stored() == ids);
    CHECK(site.dead_letters().empty());
    CHECK(d.state().batch_limit == 25);
    const std::size_t before = server.request_count();
    site.record(100);
    d.flush();
    CHECK(server.request_count() == before + 4);
    Clock::pass(86401);
    CHECK(d.state().batch_limit == 0);
    site.record(100);
    d.flush();
    CHECK(server.request_count() == before + 4 + 7);  // 100, 50, 25, 25, 50, 25, 25
  }
}

TEST_CASE("a_single_event_too_large_is_put_aside_only_if_the_gateway_itself_says_so") {
  for (const Ack ack : {Ack::valid, Ack::none}) {
    Site site;
    std::set<std::string> large;
    FaultServer server([&](const Request& request) { return holds_any(request, large) ? status(413, ack) : accepted(); });
    const std::vector<std::string> ids = site.record(10);
    large.insert(ids[4]);
    Dispatcher d = dispatcher(site, server);
    const FlushResult result = d.flush();
    if (ack == Ack::valid) {
      CHECK(name_of(result.status) == "sent");
      CHECK(server.stored().size() == 9);
      CHECK(site.dead_letters().size() == 1);
    } else {
      CHECK(name_of(result.status) == "backoff");
      CHECK(d.state().trouble == Trouble::too_large);
      CHECK(result.retry_at - Clock::wall >= 900);
      CHECK(site.dead_letters().empty());
    }
  }
}

TEST_CASE("too_large_amid_a_search_for_poison_is_halved_too") {
  Site site;
  std::set<std::string> poison;
  FaultServer server([&](const Request& request) {
    if (request.lines.size() == 5) return status(413);
    return holds_any(request, poison) ? status(400) : accepted();
  });
  const std::vector<std::string> ids = site.record(10);
  poison.insert(ids[9]);
  const FlushResult result = dispatcher(site, server).flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(server.stored().size() == 9);
  CHECK(site.dead_letters().size() == 1);
}

TEST_CASE("named_rejections_go_to_dead_letters_each_once_and_unknown_ones_nowhere") {
  Site site;
  std::vector<std::string> ids = site.record(10);
  FaultServer server([&](const Request& request) {
    Reply reply = accepted();
    reply.store = false;
    reply.status = 200;
    reply.body =
        "{\"rejected\":[{\"line\":2,\"reason\":\"no labels\"},{\"event_id\":\"" + ids[4] +
        "\",\"reason\":\"too old\"},{\"event_id\":\"" + ids[4] +
        "\",\"reason\":\"again\"},{\"event_id\":\"00000000-0000-4000-8000-000000000000\",\"reason\":\"never sent\"},"
        "{\"line\":4711}]}";
    CHECK(request.lines.size() == 10);
    return reply;
  });
  Dispatcher d = dispatcher(site, server);
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(result.sent == 8);
  CHECK(result.dead_lettered == 2);
  const std::vector<std::string> letters = site.dead_letters();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].find(ids[1]) != std::string::npos);
  CHECK(letters[0].find("no labels") != std::string::npos);
  CHECK(letters[1].find(ids[4]) != std::string::npos);
  CHECK(letters[1].find("too old") != std::string::npos);
  CHECK(d.state().dead_lettered == 2);
  CHECK(d.state().failures == 0);
}

TEST_CASE("rejections_to_be_sent_again_go_as_a_batch_of_their_own") {
  Site site;
  const std::vector<std::string> ids = site.record(10);
  int number = 0;
  FaultServer server([&](const Request&) {
    if (++number > 1) return accepted();
    Reply reply = status(200);
    reply.body = "{\"rejected\":[{\"event_id\":\"" + ids[2] +
                 "\",\"retryable\":true},{\"line\":8,\"retryable\":true},{\"line\":1}]}";
    return reply;
  });
  const FlushResult result = dispatcher(site, server).flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(batch_sizes(server) == std::vector<std::size_t>{10, 2});
  CHECK(server.stored() == std::vector<std::string>{ids[2], ids[7]});
  CHECK(server.requests()[1].batch_id_holds);
  CHECK(site.dead_letters().size() == 1);
}

TEST_CASE("rejections_to_be_sent_again_and_again_are_waited_for") {
  Site site;
  site.record(10);
  FaultServer server([&](const Request&) {
    Reply reply = status(200);
    reply.body = "{\"rejected\":[{\"line\":1,\"retryable\":true},{\"line\":2}]}";
    return reply;
  });
  Dispatcher d = dispatcher(site, server);
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "backoff");
  CHECK(d.state().trouble == Trouble::gateway);
  CHECK(site.dead_letters().empty());
  CHECK(result.remaining_bytes > 0);
}

TEST_CASE("a_repeated_batch_the_gateway_knows_counts_as_delivered") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply = status(200);
    reply.body = "{\"accepted\":0,\"duplicates\":10,\"duplicate\":true,\"rejected\":[]}";
    return reply;
  });
  site.record(10);
  Dispatcher d = dispatcher(site, server);
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(d.state().duplicates == 1);
}

// --- Lines, limits, options ---

TEST_CASE("what_is_no_event_is_never_sent_and_ends_in_dead_letters_once") {
  Site site;
  FaultServer server([](const Request&) { return status(500); });
  const std::vector<std::string> first = site.record(3);
  site.append_raw("{\"event_type\":\"torn\n");
  site.append_raw(std::string(4096, '\0') + "\n");
  const std::vector<std::string> second = site.record(3);
  Dispatcher d = dispatcher(site, server);
  d.flush();
  CHECK(site.dead_letters().empty());  // while the batch around them waits, so do they
  server.script([](const Request&) { return accepted(); });
  Clock::pass(1800);
  const FlushResult result = d.flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(result.dead_lettered == 2);
  std::vector<std::string> all = first;
  all.insert(all.end(), second.begin(), second.end());
  CHECK(server.stored() == all);
  CHECK(site.dead_letters().size() == 2);
  CHECK(site.buffer().stats()->drops[static_cast<std::size_t>(Drop::corrupt)].count == 2);
}

TEST_CASE("a_buffer_of_nothing_but_scraps_is_cleared_without_a_request") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  for (int i = 0; i < 600; ++i) site.append_raw("x\n");
  const FlushResult result = dispatcher(site, server).flush();
  CHECK(name_of(result.status) == "sent");
  CHECK(result.dead_lettered == 600);
  CHECK(server.request_count() == 0);
  CHECK(result.remaining_bytes == 0);
}

TEST_CASE("an_event_larger_than_the_recorder_writes_is_still_sent_and_one_beyond_64_KiB_is_not") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(1, 60'000);
  site.append_raw(event_line(UuidSource().next(), "cache.flush", 70'000));
  const FlushResult result = dispatcher(site, server).flush();
  CHECK(server.stored() == ids);
  CHECK(result.dead_lettered == 1);
  CHECK(site.dead_letters().at(0).find("too_long") != std::string::npos);
}

TEST_CASE("drop_counts_travel_as_events") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  site.record(2);
  DropCounts drops{};
  drops[static_cast<std::size_t>(Drop::cap_type)] = {7, 1'774'211'000, 1'774'211'100};
  REQUIRE(site.buffer().count_drops(drops).ok());
  CHECK(dispatcher(site, server).flush().sent == 3);
  std::string all;
  for (const Request& request : server.requests()) all += request.body;
  CHECK(all.find("\"event_type\":\"agent.dropped\"") != std::string::npos);
  CHECK(all.find("\"reason\":\"cap_type\",\"count\":7") != std::string::npos);
}

TEST_CASE("a_run_ends_at_its_number_of_requests_and_the_next_goes_on") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  const std::vector<std::string> ids = site.record(100);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 10;
  chosen.max_requests = 4;
  Dispatcher d = dispatcher(site, server, chosen);
  const FlushResult first = d.flush();
  CHECK(name_of(first.status) == "partial");
  CHECK(first.sent == 40);
  CHECK(first.error.empty());
  CHECK(first.retry_at == 0);
  CHECK(first.remaining_bytes == 60 * event_line(ids[0]).size());
  CHECK(d.flush().sent == 40);
  CHECK(d.flush().sent == 20);
  CHECK(server.stored() == ids);
  CHECK(server.repeats() == 0);
}

TEST_CASE("a_run_ends_in_time_even_when_every_request_is_slow") {
  Site site;
  FaultServer server([](const Request&) {
    Reply reply = accepted();
    reply.delay_ms = 100;
    return reply;
  });
  site.record(1000);
  DispatchOptions chosen = test::options();
  chosen.batch_size = 10;
  chosen.max_seconds = 1;
  const FlushResult result = dispatcher(site, server, chosen).flush();
  CHECK(name_of(result.status) == "partial");
  CHECK(result.requests >= 1);
  CHECK(result.requests <= 11);  // of 100: each takes 0.1 s at least, and none begins after 1 s
}

TEST_CASE("options_out_of_range_are_refused_by_name") {
  const auto refusal = [](void (*change)(DispatchOptions&)) {
    DispatchOptions chosen;
    change(chosen);
    const Result<Done> result = validate(chosen);
    return result.ok() ? std::string() : result.error().message;
  };
  using O = DispatchOptions;
  CHECK(validate(O{}).ok());
  CHECK(refusal([](O& o) { o.batch_size = 9; }) == "batch_size: must be 10-500, is 9");
  CHECK(refusal([](O& o) { o.batch_size = 10; }).empty());
  CHECK(refusal([](O& o) { o.batch_size = 500; }).empty());
  CHECK(refusal([](O& o) { o.batch_size = 501; }).find("batch_size") == 0);
  CHECK(refusal([](O& o) { o.batch_size = 0; }).find("batch_size") == 0);
  CHECK(refusal([](O& o) { o.connect_timeout_seconds = 0; }).find("connect_timeout") == 0);
  CHECK(refusal([](O& o) { o.connect_timeout_seconds = 61; }).find("connect_timeout") == 0);
  CHECK(refusal([](O& o) { o.timeout_seconds = 301; }).find("timeout") == 0);
  CHECK(refusal([](O& o) { o.max_seconds = 0; }).find("max_seconds") == 0);
  CHECK(refusal([](O& o) { o.max_seconds = 3601; }).find("max_seconds") == 0);
  CHECK(refusal([](O& o) { o.proxy = "proxy.example.com:3128"; }).find("proxy") == 0);
  CHECK(refusal([](O& o) { o.proxy = "file:///etc/passwd"; }).find("proxy") == 0);
  CHECK(refusal([](O& o) { o.proxy = "http://"; }).find("proxy") == 0);
  CHECK(refusal([](O& o) { o.proxy = "http://a b"; }).find("proxy") == 0);
  CHECK(refusal([](O& o) { o.proxy = "http://" + std::string(600, 'a'); }).find("proxy") == 0);
  CHECK(refusal([](O& o) { o.proxy = "http://user:hush@proxy:3128\n"; }).find("hush") == std::string::npos);
  CHECK(refusal([](O& o) { o.proxy = "socks5h://proxy.example.com:1080"; }).empty());
  CHECK(refusal([](O& o) { o.proxy = "http://user:hush@proxy:99999"; }).find("hush") == std::string::npos);
  CHECK(refusal([](O& o) { o.proxy = "http://user:hush@proxy:99999"; }).find("proxy: ") == 0);
  const auto with_password = [](std::string_view proxy, std::string_view password) {
    DispatchOptions chosen;
    chosen.proxy = proxy;
    chosen.proxy_password = Secret(password);
    const Result<Done> result = validate(chosen);
    return result.ok() ? std::string() : result.error().message;
  };
  CHECK(with_password("http://user@proxy", std::string(1024, 'h')).empty());
  CHECK(with_password("http://user@proxy", std::string(1025, 'h')).find("proxy_password: must have at most 1024") == 0);
  CHECK(with_password("http://user@proxy", std::string_view("hu\0sh", 5)).find("proxy_password: must have") == 0);
  for (const char* proxy : {"", "http://proxy", "http://user:hush@proxy"}) {
    CHECK(with_password(proxy, "hush").find("proxy_password: needs a user") == 0);
    CHECK(with_password(proxy, "hush").find("hush") == std::string::npos);
  }
  CHECK(refusal([](O& o) { o.ca_bundle = "relative.pem"; }).find("ca_bundle") == 0);
  CHECK(refusal([](O& o) { o.user_agent = "a\r\nX: y"; }).find("user_agent") == 0);
  CHECK(refusal([](O& o) { o.user_agent = std::string(129, 'a'); }).find("user_agent") == 0);
  CHECK(refusal([](O& o) { o.clock = nullptr; }).find("clock") == 0);
  Site site;
  O wrong;
  wrong.batch_size = 9;
  const Credentials credentials = Credentials::make("http://127.0.0.1:1", kEntity, kSecret).value();
  CHECK(!Dispatcher::open(site.directory(), credentials, wrong).ok());
}

TEST_CASE("a_directory_that_cannot_be_used_is_said_so_when_the_dispatcher_is_made") {
  const Credentials credentials = Credentials::make("http://127.0.0.1:1", kEntity, kSecret).value();
  const Result<Dispatcher> made = Dispatcher::open("/nonexistent/a/b", credentials);
  REQUIRE(!made.ok());
  CHECK(made.error().message.find("/nonexistent/a/b") != std::string::npos);
}

TEST_CASE("state_and_history_of_a_directory_without_any_are_empty") {
  CHECK(!read_dispatch_state("/nonexistent").known);
  Site site;
  FaultServer server([](const Request&) { return accepted(); });
  Dispatcher d = dispatcher(site, server);
  CHECK(!d.state().known);
  CHECK(d.history().empty());
  site.spew("dispatch.state.a", "rubbish");
  site.spew("dispatch.state.b", std::string(512, '\xee'));
  site.spew("dispatch.history", std::string(5000, '\xee'));
  CHECK(!d.state().known);
  CHECK(d.history().empty());
  site.record(5);
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(d.state().known);
  CHECK(d.history().size() == 1);
}

TEST_CASE("status_names_are_those_php_shows") {
  const std::pair<FlushStatus, const char*> names[] = {{FlushStatus::idle, "idle"},
                                                       {FlushStatus::sent, "sent"},
                                                       {FlushStatus::partial, "partial"},
                                                       {FlushStatus::backoff, "backoff"},
                                                       {FlushStatus::suspended, "suspended"},
                                                       {FlushStatus::busy, "busy"},
                                                       {FlushStatus::unavailable, "unavailable"}};
  for (const auto& [status, name] : names) CHECK(name_of(status) == name);
}

TEST_CASE("the_secret_is_in_no_file_the_dispatcher_leaves_and_in_no_error") {
  Site site;
  FaultServer server([](const Request&) { return status(401, Ack::none); });
  site.record(5);
  Dispatcher d = dispatcher(site, server);
  const FlushResult result = d.flush();
  CHECK(result.error.find(kSecret) == std::string::npos);
  for (const std::string& name : site.names()) {
    if (name != "dead") CHECK(site.slurp(name).find(kSecret) == std::string::npos);
  }
  for (const Request& request : server.requests()) {
    for (const auto& [name, value] : request.headers) CHECK(value.find(kSecret) == std::string::npos);
  }
}

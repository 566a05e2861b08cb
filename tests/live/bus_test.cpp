// Streams that tell browsers of changes, over a real server.
#include "live/bus.hpp"

#include <memory>
#include <thread>

#include "catch.hpp"
#include "core/clock.hpp"
#include "eventually.hpp"
#include "live/watcher.hpp"
#include "scratch.hpp"
#include "server/serving.hpp"
#include "store/store.hpp"
#include "wall_clock.hpp"

using namespace logystera;
using testing::eventually;
using testing::has_status;
using testing::Scratch;
using testing::Serving;
using testing::SocketClient;

namespace {

// Whoever the request says he is.
std::optional<server::Answer> as_named(server::Request& request, std::string_view) {
  auto who = std::make_shared<web::Principal>();
  who->session = std::string(request.header("Session").value_or(std::string_view()));
  if (const auto site = request.header("Site")) {
    who->all_sites = false;
    who->sites = {std::string(*site)};
  }
  request.principal = who;
  return std::nullopt;
}

struct House {
  live::Bus bus;
  Serving serving;

  explicit House(live::Options options = {}, server::Limits limits = {})
      : bus("e", options), serving(routes(), limits, as_named) {}
  ~House() { serving.server->stop(); }

  std::vector<server::Route> routes() {
    return {{"GET", "/live", 0,
             [this](const server::Request& request, const server::Reply& reply) {
               reply(bus.join(request.principal, request.header("Last-Event-ID").value_or(std::string_view())));
             },
             std::make_shared<server::Workers>(server::Workers::Options{}), "viewer"}};
  }
  std::unique_ptr<SocketClient> listen(const std::string& more = "") const {
    auto client = std::make_unique<SocketClient>(serving.url());
    client->send("GET /live HTTP/1.1\r\nHost: x\r\n" + more + "\r\n");
    return client;
  }
};

store::Changes of_findings() {
  store::Changes changes;
  changes.findings = true;
  return changes;
}
store::Changes of_site(const std::string& token, std::uint64_t events) {
  store::Changes changes;
  changes.events.push_back({token, events});
  return changes;
}

}  // namespace

TEST_CASE("whoever listens is told what changed and how much, and never what") {
  House house;
  const auto client = house.listen();
  const std::string head = client->receive_until("event: hello\ndata: {}\n\n");
  CHECK(has_status(head, 200));
  CHECK(head.find("Content-Type: text/event-stream") != std::string::npos);
  CHECK(head.find("X-Accel-Buffering: no") != std::string::npos);
  CHECK(head.find("id: e-0\n") != std::string::npos);
  house.bus.publish(of_findings());
  CHECK(client->receive_until("\n\n").find("id: e-1\nevent: findings\ndata: {\"n\":1}\n") != std::string::npos);
  house.bus.publish(of_site("ent_a", 12));
  CHECK(client->receive_until("\n\n").find("event: events\ndata: {\"site\":\"ent_a\",\"n\":12}\n") != std::string::npos);
}

TEST_CASE("whoever may see some sites hears of those alone") {
  House house;
  const auto client = house.listen("Site: ent_a\r\n");
  client->receive_until("hello");
  client->receive_until("\n\n");
  house.bus.publish(of_findings());
  house.bus.publish(of_site("ent_b", 1));
  house.bus.publish(of_site("ent_a", 2));
  const std::string told = client->receive_until("\n\n");
  CHECK(told.find("ent_a") != std::string::npos);
  CHECK(told.find("findings") == std::string::npos);
  CHECK(told.find("ent_b") == std::string::npos);
}

TEST_CASE("a stream that is taken up again goes on where it was, or says that it cannot") {
  House house({.streams = 200, .streams_of_one = 8, .remembered = 3});
  for (std::uint64_t i = 1; i <= 5; ++i) house.bus.publish(of_site("ent_a", i));
  const auto from = [&](const std::string& id, const std::string& mark) {
    const auto client = house.listen("Last-Event-ID: " + id + "\r\n");
    return client->receive_until(mark);
  };
  const std::string known = from("e-3", "\"n\":5}");
  CHECK(known.find("\"n\":4}") != std::string::npos);
  CHECK(known.find("\"n\":3}") == std::string::npos);
  CHECK(known.find("resync") == std::string::npos);
  for (const char* unknown : {"e-0", "e-99", "e-", "e-x", "other-5", "e5", "e-5x", "e-99999999999999999999"}) {
    INFO(unknown);
    CHECK(from(unknown, "resync").find("\"n\"") == std::string::npos);
  }
}

TEST_CASE("there are so many streams, and so many of one session, and each is free again when it ends") {
  House house({.streams = 5, .streams_of_one = 2});
  const auto try_as = [&](const std::string& session) {
    auto client = house.listen("Session: " + session + "\r\n");
    const bool in = has_status(client->receive_until("\r\n\r\n"), 200);
    return in ? std::move(client) : nullptr;
  };
  std::vector<std::unique_ptr<SocketClient>> mine;
  mine.push_back(try_as("a"));
  mine.push_back(try_as("a"));
  CHECK(mine[0] != nullptr);
  CHECK(mine[1] != nullptr);
  // The browser's newest page is the one that is looked at.
  mine.push_back(try_as("a"));
  CHECK(mine.back() != nullptr);
  CHECK(mine[0]->receive_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  for (const char* other : {"b", "c", "d"}) {
    mine.push_back(try_as(other));
    CHECK(mine.back() != nullptr);
  }
  CHECK(try_as("f") == nullptr);
  mine.clear();
  // Whoever has gone is noticed by what is sent to him.
  CHECK(eventually([&] {
    house.bus.publish(of_findings());
    return house.bus.listeners() == 0;
  }));
  CHECK(try_as("f") != nullptr);
}

TEST_CASE("a stream ends whole when its time is up") {
  House house({.streams = 5, .streams_of_one = 2, .remembered = 10, .lifetime = std::chrono::seconds(60)});
  const auto client = house.listen();
  client->receive_until("hello");
  house.bus.tidy(live::Bus::Clock::now());
  CHECK(house.bus.listeners() == 1);
  house.bus.tidy(live::Bus::Clock::now() + std::chrono::seconds(61));
  CHECK(client->receive_until("0\r\n\r\n").ends_with("0\r\n\r\n"));  // its last chunk
  CHECK(eventually([&] { return house.bus.listeners() == 0; }));
}

TEST_CASE("a clock that is set ahead and back ends no stream, holds up no sign of life and makes none unknown") {
  server::Limits limits;
  limits.heartbeat = std::chrono::milliseconds(50);
  House house({}, limits);
  const testing::WallClock clock;
  const auto client = house.listen();
  client->receive_until("event: hello\ndata: {}\n\n");
  std::uint64_t told = 0;
  constexpr std::int64_t kHour = 3600, kYear = 365 * 24 * kHour;
  for (const std::int64_t jump : {kHour, 20 * kYear, -20 * kYear, -2 * kHour, -20 * kYear}) {
    INFO(jump);
    const std::int64_t before = wall_seconds();
    clock.jump(jump);
    REQUIRE(std::abs(wall_seconds() - before - jump) < 60);
    house.bus.tidy(live::Bus::Clock::now());
    CHECK(client->receive_until(":\n\n").ends_with(":\n\n"));
    house.bus.publish(of_site("ent_a", ++told));
    const std::string mark = "id: e-" + std::to_string(told) + "\nevent: events\n";
    CHECK(client->receive_until(mark).ends_with(mark));
    // Taken up again it goes on where it was.
    const auto again = house.listen("Last-Event-ID: e-" + std::to_string(told - 1) + "\r\n");
    const std::string missed = again->receive_until("\"n\":" + std::to_string(told) + "}");
    CHECK(missed.find(mark) != std::string::npos);
    CHECK(missed.find("resync") == std::string::npos);
  }
}

TEST_CASE("a reader that does not read is cut off and holds nobody up") {
  House house;
  const auto slow = house.listen("Session: slow\r\n");
  const auto quick = house.listen("Session: quick\r\n");
  quick->receive_until("hello");
  CHECK(eventually([&] { return house.bus.listeners() == 2; }));
  const std::string token(200, 'x');
  bool cut = false;
  for (int i = 0; i < 200'000 && !cut; ++i) {
    house.bus.publish(of_site(token, 1));
    if (i % 100 == 0) quick->receive_until(token);
    cut = house.bus.listeners() == 1;
  }
  // Both have as much room; the quick one may have been behind as well.
  CHECK(house.bus.listeners() <= 1);
}

TEST_CASE("what another program changes in the store is told") {
  const Scratch scratch;
  const std::string url = "sqlite:" + scratch.file("a.db");
  const auto here = std::move(store::open(url, {.access = store::Access::create})).value();
  const auto there = std::move(store::open(url, {.access = store::Access::existing})).value();
  House house;
  const auto watcher = live::Watcher::start(*here, house.bus, [](std::string_view) {});
  REQUIRE(watcher.ok());
  // What changes before anybody listens is told to the first who does.
  store::Entity entity;
  entity.token = "ent_a";
  entity.name = "shop";
  entity.sealed_secret = "x";
  REQUIRE(there->entities().add(entity).ok());
  const auto client = house.listen();
  client->receive_until("hello");
  CHECK(client->receive_until("event: sites").find("event: sites") != std::string::npos);
  store::Finding finding;
  finding.rule = "R";
  finding.time = 1'774'211'679;
  REQUIRE(there->findings().add(finding).ok());
  CHECK(client->receive_until("event: findings").find("event: findings") != std::string::npos);
  REQUIRE(there->findings().dismiss({"R", {}, {}, 1}).ok());
  CHECK(client->receive_until("event: findings").find("event: findings") != std::string::npos);
  store::ErrorOccurrence occurrence;
  occurrence.fingerprint = "f";
  REQUIRE(there->errors().add({occurrence}).ok());
  CHECK(client->receive_until("event: errors").find("event: errors") != std::string::npos);
  store::Batch batch;
  const std::string line = R"({"n":1})", type = "auth.login", id = "b1", token = "ent_a";
  batch.entity = token;
  batch.id = id;
  batch.events.push_back({line, type, {}, 1});
  REQUIRE(there->events().append(batch).ok());
  const std::string mark = "\"site\":\"ent_a\",\"n\":1}";
  CHECK(client->receive_until(mark).ends_with(mark));
}

// Handlers that wait, and handlers that fail: what it costs others, and what the client is told.
#include "server/workers.hpp"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>
#include <utility>

#include "serving.hpp"

using namespace logystera;
using namespace logystera::server;
using namespace logystera::testing;

namespace {

std::shared_ptr<Workers> workers_of(unsigned threads, std::size_t waiting) {
  Workers::Options options;
  options.threads = threads;
  options.waiting = waiting;
  return std::make_shared<Workers>(options);
}

Answer text(std::string body) {
  Answer answer;
  answer.body = std::move(body);
  return answer;
}

Route quick() {
  return {"GET", "/quick", 0, [](Request, const Reply& reply) { reply(text("quick")); }};
}

/// A handler that waits until the test lets it go, on one worker.
struct Gated {
  std::promise<void> entered, release;
  std::atomic<bool> saw_stop = false;

  Route route(std::shared_ptr<Workers> workers) {
    return {"GET", "/slow", 0,
            [this](Request request, const Reply& reply) {
              entered.set_value();
              release.get_future().wait();
              saw_stop = request.stopping.stop_requested();
              reply(text("slow"));
            },
            std::move(workers)};
  }
};

Route instant(std::shared_ptr<Workers> workers) {
  return {"GET", "/queued", 0, [](Request, const Reply& reply) { reply(text("queued")); }, std::move(workers)};
}

}  // namespace

TEST_CASE("as_many_jobs_wait_as_may_and_what_was_let_in_goes_on_regardless") {
  Workers workers({1, 2});
  std::promise<void> entered, release;
  std::atomic<int> done = 0;
  REQUIRE(workers.submit([&] {
    entered.set_value();
    release.get_future().wait();
  }));
  entered.get_future().wait();
  CHECK(workers.submit([&] { ++done; }));
  CHECK(workers.submit([&] { ++done; }));
  CHECK(!workers.submit([&] { ++done; }));
  std::promise<void> resumed;
  workers.resume([&] { resumed.set_value(); });
  release.set_value();
  resumed.get_future().wait();
  CHECK(done == 2);
  CHECK(workers.full().status == 503);
}

TEST_CASE("threads_that_give_way_are_nicer_and_are_never_left_without_a_processor") {
  const int policy = ::sched_getscheduler(0), nice = ::getpriority(PRIO_PROCESS, 0);
  for (const bool gives_way : {false, true}) {
    Workers workers({1, 1, gives_way});
    std::promise<std::pair<int, int>> asked;
    REQUIRE(workers.submit([&] { asked.set_value({::sched_getscheduler(0), ::getpriority(PRIO_PROCESS, 0)}); }));
    const int nicer = gives_way ? std::min(19, nice + Workers::kGivesWayBy) : nice;
    CHECK(asked.get_future().get() == std::pair(policy, nicer));
    CHECK(::getpriority(PRIO_PROCESS, 0) == nice);
  }
}

TEST_CASE("stopping_drops_what_waits_and_asks_what_runs") {
  auto workers = std::make_unique<Workers>(Workers::Options{1, 8});
  std::promise<void> entered;
  std::atomic<bool> asked = false, ran = false;
  const auto dropped = std::make_shared<int>(0);
  REQUIRE(workers->submit([&] {
    entered.set_value();
    while (!workers->stopping().stop_requested()) std::this_thread::yield();
    asked = true;
  }));
  entered.get_future().wait();
  REQUIRE(workers->submit([&ran, dropped] { ran = true; }));
  workers->stop();
  CHECK(dropped.use_count() == 1);
  CHECK(!workers->submit([] {}));
  workers->join();
  CHECK(asked);
  CHECK(!ran);
}

TEST_CASE("a_handler_that_waits_on_a_worker_holds_up_no_io_thread") {
  Gated gated;
  Limits limits;
  limits.threads = 1;
  Serving serving({gated.route(workers_of(1, 8)), quick()}, limits);
  SocketClient slow(serving.url());
  REQUIRE(slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  gated.entered.get_future().wait();
  for (int i = 0; i < 50; ++i) CHECK(body_of(serving.ask("GET", "/quick")) == "quick");
  gated.release.set_value();
  CHECK(body_of(slow.receive_answer()) == "slow");
  CHECK(!gated.saw_stop);
}

TEST_CASE("a_request_for_which_there_is_no_room_is_told_when_to_come_back") {
  Gated gated;
  const auto workers = workers_of(1, 1);
  Serving serving({gated.route(workers), instant(workers), quick()});
  SocketClient slow(serving.url()), refused(serving.url());
  REQUIRE(slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  gated.entered.get_future().wait();
  std::promise<void> waited;
  REQUIRE(workers->submit([&] { waited.set_value(); }));  // the one that may wait
  REQUIRE(refused.send("GET /queued HTTP/1.1\r\nHost: x\r\n\r\n"));
  const std::string answer = refused.receive_answer();
  CHECK(has_status(answer, 503));
  CHECK(answer.find("Retry-After: 1\r\n") != std::string::npos);
  CHECK(answer.find("\"busy\"") != std::string::npos);
  // Its connection is good for another request, and others are served meanwhile.
  REQUIRE(refused.send("GET /quick HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(body_of(refused.receive_answer()) == "quick");
  gated.release.set_value();
  CHECK(body_of(slow.receive_answer()) == "slow");
  waited.get_future().wait();
  CHECK(body_of(serving.ask("GET", "/queued")) == "queued");
}

TEST_CASE("a_handler_that_fails_is_answered_500_and_logged_and_the_next_request_is_served") {
  const auto workers = GENERATE(as<std::shared_ptr<Workers>>{}, nullptr, workers_of(1, 8));
  const auto throwing = [](Request, const Reply&) { throw std::runtime_error("out of luck"); };
  const auto silent = [](Request, const Reply&) {};
  const auto twice = [](Request, const Reply& reply) {
    reply(text("first"));
    reply(text("second"));
    throw std::runtime_error("too late");
  };
  Serving serving({{"GET", "/throws/{what}", 0, throwing, workers},
                   {"GET", "/silent", 0, silent, workers},
                   {"GET", "/twice", 0, twice, workers}});
  SocketClient client(serving.url());
  const auto answer_to = [&](const std::string& path) {
    REQUIRE(client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    return client.receive_answer();
  };
  const std::string thrown = answer_to("/throws/a-secret");
  CHECK(has_status(thrown, 500));
  CHECK(thrown.find("luck") == std::string::npos);
  CHECK(has_status(answer_to("/silent"), 500));
  CHECK(body_of(answer_to("/twice")) == "first");
  CHECK(body_of(answer_to("/twice")) == "first");
  serving.server->stop();
  CHECK(serving.logged().find("GET /throws/{what}: out of luck") != std::string::npos);
  CHECK(serving.logged().find("a-secret") == std::string::npos);
}

TEST_CASE("stopping_answers_what_waits_for_a_worker_and_asks_the_handler_that_runs") {
  Gated gated;
  const auto workers = workers_of(1, 8);
  Limits limits;
  limits.grace = std::chrono::hours(1);  // were anything left over, this would not end
  limits.threads = 1;                    // so that what was sent first is read first
  Serving serving({gated.route(workers), instant(workers), quick()}, limits);
  SocketClient slow(serving.url()), queued(serving.url());
  REQUIRE(slow.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  gated.entered.get_future().wait();
  REQUIRE(queued.send("GET /queued HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(has_status(serving.ask("GET", "/quick"), 200));
  std::thread stopping([&] { serving.server->stop(); });
  const std::string answer = queued.receive_all();
  CHECK(has_status(answer, 503));
  CHECK(answer.find("\"stopping\"") != std::string::npos);
  gated.release.set_value();
  CHECK(body_of(slow.receive_all()) == "slow");
  stopping.join();
  CHECK(gated.saw_stop);
}

TEST_CASE("who_may_not_ask_is_refused_before_his_body_is_read") {
  const auto workers = GENERATE(as<std::shared_ptr<Workers>>{}, nullptr, workers_of(2, 8));
  std::atomic<int> handled = 0;
  const auto handle = [&](Request request, const Reply& reply) {
    ++handled;
    reply(text(request.parameter("name").empty() ? "open" : std::string(request.parameter("name"))));
  };
  Serving serving({{"POST", "/notes/{name}", 100, handle, workers, "writer"}, {"GET", "/open", 0, handle, workers}}, {},
                  [](const Request& request, std::string_view role) -> std::optional<Answer> {
                    CHECK(request.body.empty());
                    if (request.header("Authorization") == "Bearer " + std::string(role)) return std::nullopt;
                    return problem(403, "forbidden", "only for " + std::string(role));
                  });
  CHECK(body_of(serving.ask("POST", "/notes/a", "Authorization: Bearer writer\r\n", "text")) == "a");
  CHECK(handled == 1);
  CHECK(has_status(serving.ask("POST", "/notes/a", "Authorization: Bearer reader\r\n", "text"), 403));
  CHECK(has_status(serving.ask("POST", "/notes/a", "", "text"), 403));
  // Nothing of the body is asked for.
  SocketClient waiting(serving.url());
  REQUIRE(waiting.send("POST /notes/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"));
  CHECK(has_status(waiting.receive_all(), 403));
  CHECK(handled == 1);
  CHECK(body_of(serving.ask("GET", "/open")) == "open");
}

TEST_CASE("a_route_for_somebody_where_nobody_can_tell_who_that_is_does_not_start") {
  Listener listener;
  listener.host = "127.0.0.1";
  listener.routes = {quick()};
  listener.routes[0].role = "admin";
  std::vector<Listener> listeners;
  listeners.push_back(std::move(listener));
  const auto started = Server::start(std::move(listeners));
  REQUIRE(!started.ok());
  CHECK(started.error().message.find("route GET /quick: it is for admin") == 0);
}

TEST_CASE("head_gets_the_header_of_get_and_options_the_methods") {
  Serving serving({quick(), {"POST", "/quick", 10, [](Request, const Reply& reply) { reply(text("posted")); }}});
  SocketClient client(serving.url());
  REQUIRE(
      client.send("HEAD /quick HTTP/1.1\r\nHost: x\r\n\r\nGET /quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  const std::string both = client.receive_all();
  CHECK(has_status(both, 200));
  const std::string after_head = body_of(both);  // begins with the second answer: the first has no body
  CHECK(both.substr(0, both.find("\r\n\r\n")).find("Content-Length: 5") != std::string::npos);
  CHECK(has_status(after_head, 200));
  CHECK(body_of(after_head) == "quick");
  const std::string options = serving.ask("OPTIONS", "/quick");
  CHECK(has_status(options, 200));
  CHECK(options.find("Allow: GET, HEAD, OPTIONS, POST\r\n") != std::string::npos);
  CHECK(has_status(serving.ask("OPTIONS", "*"), 200));
  CHECK(has_status(serving.ask("DELETE", "/quick"), 405));
  CHECK(has_status(serving.ask("GET", "/qu%2Fick"), 400));
  CHECK(has_status(serving.ask("GET", "/" + std::string(3000, 'a')), 414));
  CHECK(has_status(serving.ask("TRACE", "/quick"), 405));
  CHECK(has_status(serving.ask("CONNECT", "example.org:443"), 400));
}

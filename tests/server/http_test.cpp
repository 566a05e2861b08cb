#include "server/http.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "socket_client.hpp"

using namespace logystera;
using namespace logystera::server;
using logystera::testing::SocketClient;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kBodyBytes = 1000;

/// An echo at /echo, a handler that answers when the test lets it at /slow, and limits a test can reach.
struct Echo {
  std::promise<void> entered, release;
  mutable std::mutex mutex;
  std::string logged;
  std::unique_ptr<Server> server;
  std::thread late;

  std::string said() const {
    const std::lock_guard lock(mutex);
    return logged;
  }

  explicit Echo(Limits limits = {}) {
    Listener listener;
    listener.host = "127.0.0.1";
    listener.routes.push_back({"POST", "/echo", kBodyBytes, [](Request request, const Reply& reply) {
                                 Answer answer;
                                 answer.body =
                                     request.method + " " + request.path + "?" + request.query + " " + request.body;
                                 reply(std::move(answer));
                               }});
    listener.routes.push_back({"GET", "/slow", 0, [this](Request, const Reply& reply) {
                                 late = std::thread([this, reply] {
                                   entered.set_value();
                                   release.get_future().wait();
                                   Answer answer;
                                   answer.body = "done";
                                   reply(std::move(answer));
                                 });
                               }});
    auto started = Server::start({std::move(listener)}, limits, [this](std::string_view text) {
      const std::lock_guard lock(mutex);
      logged += std::string(text) + "\n";
    });
    if (!started) FAIL(started.error().message);
    server = std::move(started).value();
  }
  ~Echo() {
    if (late.joinable()) late.join();
  }
  const std::string& url() const { return server->urls().front(); }
};

std::string post(const std::string& body, const std::string& extra = "") {
  return "POST /echo?a=b HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + extra + "\r\n" +
         body;
}

bool has_status(const std::string& answer, int status) {
  return answer.find("HTTP/1.1 " + std::to_string(status) + " ") == 0;
}

}  // namespace

TEST_CASE("requests_of_one_connection_are_answered_one_after_the_other") {
  Echo echo;
  SocketClient client(echo.url());
  for (const char* body : {"one", "two", ""}) {
    REQUIRE(client.send(post(body)));
    const std::string answer = client.receive_answer();
    CHECK(has_status(answer, 200));
    CHECK(answer.find(std::string("POST /echo?a=b ") + body) != std::string::npos);
  }
  REQUIRE(client.send(post("first") + post("second") + post("last", "Connection: close\r\n")));
  const std::string all = client.receive_all();
  CHECK(all.find("first") < all.find("second"));
  CHECK(all.find("second") < all.find("last"));
}

TEST_CASE("a_request_may_come_byte_by_byte_and_chunked") {
  Echo echo;
  SocketClient client(echo.url());
  for (const char c : post("slowly")) REQUIRE(client.send({&c, 1}));
  CHECK(client.receive_answer().find("slowly") != std::string::npos);
  REQUIRE(
      client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  CHECK(client.receive_answer().find("POST /echo? abcde") != std::string::npos);
}

TEST_CASE("a_body_has_a_limit_announced_or_not") {
  Echo echo;
  SECTION("exactly the limit") {
    SocketClient client(echo.url());
    REQUIRE(client.send(post(std::string(kBodyBytes, 'x'))));
    CHECK(has_status(client.receive_answer(), 200));
  }
  SECTION("one more, announced") {
    SocketClient client(echo.url());
    REQUIRE(client.send(post(std::string(kBodyBytes + 1, 'x'))));
    const std::string answer = client.receive_all();
    CHECK(has_status(answer, 413));
    CHECK(answer.find("\"too_large\"") != std::string::npos);
    CHECK(answer.find("Connection: close") != std::string::npos);
  }
  SECTION("one more, in chunks") {
    SocketClient client(echo.url());
    REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
                        std::string(kBodyBytes + 1, 'x') + "\r\n0\r\n\r\n"));
    CHECK(has_status(client.receive_all(), 413));
  }
  SECTION("the answer arrives although the client sends on") {
    SocketClient client(echo.url());
    REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n"));
    const std::string chunk(100'000, 'x');
    for (int i = 0; i < 80; ++i) client.send(chunk);
    client.finish_sending();
    CHECK(has_status(client.receive_all(), 413));
  }
}

TEST_CASE("a_client_that_waits_for_100_continue_gets_it_or_the_refusal") {
  Echo echo;
  SocketClient client(echo.url());
  REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  CHECK(has_status(client.receive_answer(), 100));
  REQUIRE(client.send("abc"));
  CHECK(client.receive_answer().find("POST /echo? abc") != std::string::npos);
  REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000\r\n\r\n"));
  CHECK(has_status(client.receive_answer(), 413));
}

TEST_CASE("what_is_no_request_or_no_route_is_answered_as_such") {
  Echo echo;
  const auto answer_to = [&](const std::string& text) {
    SocketClient client(echo.url());
    client.send(text);
    client.finish_sending();
    return client.receive_all();
  };
  CHECK(has_status(answer_to("GET /none HTTP/1.1\r\nHost: x\r\n\r\n"), 404));
  const std::string wrong_method = answer_to("GET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has_status(wrong_method, 405));
  CHECK(wrong_method.find("Allow: OPTIONS, POST\r\n") != std::string::npos);
  CHECK(has_status(answer_to("\x16\x03\x01 hello\r\n\r\n"), 400));
  CHECK(has_status(answer_to("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"), 400));
  CHECK(has_status(answer_to("POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400));
  CHECK(has_status(answer_to("POST /echo HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                   400));
  CHECK(has_status(answer_to("GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n"), 431));
}

TEST_CASE("a_body_that_ends_early_reaches_no_handler") {
  Echo echo;
  SocketClient client(echo.url());
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
  client.finish_sending();
  CHECK(client.receive_all().find("only this") == std::string::npos);
}

TEST_CASE("a_client_that_dawdles_is_let_go") {
  Limits limits;
  limits.first = limits.idle = limits.header = limits.body = milliseconds(200);
  Echo echo(limits);
  SECTION("before a request") {
    SocketClient client(echo.url());
    CHECK(client.receive_all().empty());
  }
  SECTION("in the header") {
    SocketClient client(echo.url());
    REQUIRE(client.send("POST /echo HTT"));
    CHECK(client.receive_all().empty());
  }
  SECTION("in the body") {
    SocketClient client(echo.url());
    REQUIRE(client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx"));
    CHECK(client.receive_all().empty());
  }
}

TEST_CASE("a_client_beyond_the_cap_is_turned_away_only_while_every_place_is_at_work") {
  Limits limits;
  limits.connections = 1;
  Echo echo(limits);
  auto busy = std::make_unique<SocketClient>(echo.url());
  REQUIRE(busy->send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  echo.entered.get_future().wait();
  SocketClient second(echo.url());
  CHECK(has_status(second.receive_all(), 503));
  CHECK(echo.said().find("1 connections turned away, every place is taken") != std::string::npos);
  echo.release.set_value();
  CHECK(has_status(busy->receive_answer(), 200));
  // As soon as the server has seen its answer taken, it is idle and gives way.
  bool served = false;
  for (int attempt = 0; attempt < 1000 && !served; ++attempt) {
    SocketClient third(echo.url());
    third.send(post("hello"));
    served = has_status(third.receive_answer(), 200);
    if (!served) std::this_thread::sleep_for(milliseconds(10));
  }
  CHECK(served);
  CHECK(busy->receive_all().empty());
}

TEST_CASE("silent_connections_of_one_address_shut_nobody_out") {
  Echo echo;
  std::vector<std::unique_ptr<SocketClient>> silent;
  for (int i = 0; i < 512; ++i) silent.push_back(std::make_unique<SocketClient>(echo.url()));
  for (const char* from : {"127.0.0.2", "127.0.0.1"}) {
    SocketClient site(echo.url(), from);
    REQUIRE(site.send(post("hello")));
    CHECK(has_status(site.receive_answer(), 200));
  }
  CHECK(echo.said().find("closed to make room") != std::string::npos);
}

TEST_CASE("silent_connections_of_many_addresses_shut_nobody_out") {
  Limits limits;
  limits.connections = 32;
  limits.connections_per_address = 8;
  Echo echo(limits);
  std::vector<std::unique_ptr<SocketClient>> silent;
  for (int i = 0; i < 64; ++i)
    silent.push_back(std::make_unique<SocketClient>(echo.url(), ("127.0.1." + std::to_string(1 + i % 8)).c_str()));
  SocketClient site(echo.url(), "127.0.0.2");
  REQUIRE(site.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n"));
  REQUIRE(site.send("\r\nhello"));
  CHECK(has_status(site.receive_answer(), 200));
}

TEST_CASE("what_two_readers_could_end_differently_is_refused") {
  Echo echo;
  const auto status_of = [&](const std::string& text) {
    SocketClient client(echo.url());
    client.send(text);
    client.finish_sending();
    const std::string answer = client.receive_all();
    return answer.size() > 12 && answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
  };
  const auto with = [&](const std::string& fields, const std::string& body = "0\r\n\r\n") {
    return status_of("POST /echo HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body);
  };
  CHECK(with("Transfer-Encoding: chunked\r\n") == 200);
  CHECK(with("Transfer-Encoding:CHUNKED \r\n") == 200);
  CHECK(with("Content-Length: 0\r\n", "") == 200);
  for (const char* fields : {"Transfer-Encoding: identity\r\n", "Transfer-Encoding: gzip\r\n",
                             "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: xchunked\r\n"})
    CHECK(with(fields) == 501);
  for (const char* fields : {"Transfer-Encoding: chunked, gzip\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
                             "Transfer-Encoding:\r\n",
                             "Transfer-Encoding: chunked;q=1\r\n",
                             "Transfer-Encoding: \"chunked\"\r\n",
                             "Transfer-Encoding: chu nked\r\n",
                             "Transfer-Encoding:\r\n chunked\r\n",
                             "Transfer-Encoding : chunked\r\n",
                             "Transfer-Encoding: \vchunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                             "Content-Length: 5\r\nContent-Length: 6\r\n",
                             "Content-Length: 5\r\nContent-Length: 5\r\n",
                             "Content-Length: 5, 5\r\n",
                             "Content-Length: +5\r\n",
                             "Content-Length: 0x5\r\n",
                             "Content-Length:\r\n",
                             "Content-Length : 5\r\n",
                             "Content-Length: 5 5\r\n",
                             "X: a\nTransfer-Encoding: chunked\r\n",
                             "X: a\rTransfer-Encoding: chunked\r\n",
                             "No colon\r\n",
                             " X: a\r\n",
                             "X: a\r\n b\r\n",
                             ": a\r\n",
                             "X\x01: a\r\n",
                             "X: a\x01\r\n",
                             "Host: y\r\n"})
    CHECK(with(fields) == 400);
  CHECK(with("Content-Length: 99999999999999999999\r\n") == 413);
  CHECK(status_of("POST /echo HTTP/1.1\r\nContent-Length: 0\r\n\r\n") == 400);
  CHECK(status_of("POST /echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400);
  CHECK(status_of("POST /echo HTTP/2.0\r\nHost: x\r\n\r\n") == 505);
  CHECK(status_of("POST  /echo HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("POST /e cho HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("POST /echo HTTP/1.1\nHost: x\n\n") == 400);
  CHECK(status_of("\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") == 200);
  CHECK(status_of("POST http://x/echo?a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n") == 200);
  for (const char* body : {"5\nhello\r\n0\r\n\r\n", "-1\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
                           "fffffffffffffffff\r\nhello\r\n0\r\n\r\n", "5\r\nhelloXX0\r\n\r\n", "\r\n0\r\n\r\n"})
    CHECK(with("Transfer-Encoding: chunked\r\n", body) != 200);
}

TEST_CASE("what_a_chunked_body_ends_in_is_no_header") {
  Request seen;
  Listener listener;
  listener.host = "127.0.0.1";
  listener.routes.push_back({"POST", "/", 100, [&seen](Request request, const Reply& reply) {
                               seen = std::move(request);
                               reply(Answer());
                             }});
  std::vector<Listener> listeners;
  listeners.push_back(std::move(listener));
  auto server = std::move(Server::start(std::move(listeners))).value();
  SocketClient client(server->urls().front());
  REQUIRE(
      client.send("POST / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "1\r\na\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"));
  REQUIRE(has_status(client.receive_answer(), 200));
  CHECK(seen.body == "a");
  CHECK(seen.joined("x-forwarded-for") == "192.0.2.1");
}

TEST_CASE("stopping_lets_a_request_finish_and_ends_idle_connections") {
  Echo echo;
  SocketClient idle(echo.url());
  REQUIRE(idle.send(post("hello")));
  REQUIRE(has_status(idle.receive_answer(), 200));
  SocketClient busy(echo.url());
  REQUIRE(busy.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  echo.entered.get_future().wait();
  std::thread stopping([&] { echo.server->stop(); });
  CHECK(idle.receive_all().empty());
  echo.release.set_value();
  const std::string answer = busy.receive_all();
  CHECK(has_status(answer, 200));
  CHECK(answer.find("done") != std::string::npos);
  CHECK(answer.find("Connection: close") != std::string::npos);
  stopping.join();
  CHECK_THROWS(SocketClient(echo.url()));
}

TEST_CASE("an_answer_that_comes_after_the_grace_period_harms_nobody") {
  Limits limits;
  limits.grace = milliseconds(50);
  Echo echo(limits);
  SocketClient client(echo.url());
  REQUIRE(client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"));
  echo.entered.get_future().wait();
  echo.server->stop();
  echo.release.set_value();
  echo.late.join();
  echo.server.reset();
  CHECK(client.receive_all().empty());
}

TEST_CASE("many_clients_at_once_each_get_their_own_answer") {
  Echo echo;
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 16; ++t) {
    threads.emplace_back([&, t] {
      SocketClient client(echo.url());
      for (int i = 0; i < 50; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        client.send(post(body));
        const std::string answer = client.receive_answer();
        if (answer.ends_with(" " + body)) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 16 * 50);
}

TEST_CASE("an_address_that_cannot_be_had_is_an_error_with_a_remedy") {
  Echo echo;
  const auto port = static_cast<std::uint16_t>(std::stoi(echo.url().substr(echo.url().rfind(':') + 1)));
  const auto message = [](Listener listener) {
    std::vector<Listener> listeners;
    listeners.push_back(std::move(listener));
    const auto started = Server::start(std::move(listeners));
    return started ? std::string() : started.error().message;
  };
  CHECK(message({"127.0.0.1", port, {}, {}}).find("choose another") != std::string::npos);
  CHECK(message({"localhost", 0, {}, {}}).find("not an IP address") != std::string::npos);
  CHECK(message({"127.0.0.1", 0, {"/no/such.pem", "/no/such.key"}, {}}).find("TLS certificate /no/such.pem") !=
        std::string::npos);
  CHECK(is_loopback("127.1.2.3").value());
  CHECK(is_loopback("::1").value());
  CHECK(!is_loopback("0.0.0.0").value());
  CHECK(!is_loopback("example.org").ok());
}

TEST_CASE("a_header_counts_only_when_it_was_sent_once") {
  Request request;
  request.headers = {{"Content-Type", "a"}, {"X-One", "1"}, {"x-two", "2"}, {"X-Two", "3"}};
  CHECK(request.header("content-type") == "a");
  CHECK(request.header("X-ONE") == "1");
  CHECK(!request.header("X-Two"));
  CHECK(!request.header("X-Three"));
}

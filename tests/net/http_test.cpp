#include "net/http.hpp"

#include "catch.hpp"
#include "core/base64.hpp"
#include "eventually.hpp"
#include "net/lines.hpp"
#include "net/scripted_server.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::net;
using namespace logystera::testing;

namespace {

ScriptedServer answering(std::string answer) {
  return ScriptedServer(
      [answer = std::move(answer)](const std::string&, const ScriptedServer::Write& write) { write(answer); });
}

Client client_of(const std::string& url, ServerOptions options = {}, const std::atomic<bool>* stop = nullptr) {
  auto server = Server::at(url, std::move(options));
  REQUIRE(server.ok());
  return Client(std::move(server).value(), stop);
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a request carries its method, headers, credentials and body", "[net]") {
  ScriptedServer server = answering(http_answer(200, "{}", "X-Thing: yes \r\n"));
  Client client = client_of(server.url() + "/base/", {.user = "u", .password = "p:w"});
  const Outcome out = client.send(
      {.path = "/x?" + query({{"a b", "c&d"}}), .method = "POST", .headers = {{"X-Org", "o|p"}}, .body = "[1]"});
  REQUIRE(out.ok());
  CHECK(out.answer.body == "{}");
  CHECK(out.answer.header("x-thing") == "yes");
  const std::string request = server.requests().at(0);
  CHECK(request.starts_with("POST /base/x?a%20b=c%26d HTTP/1.1\r\n"));
  CHECK(holds(request, "X-Org: o|p\r\n"));
  CHECK(holds(request, "Authorization: Basic " + base64("u:p:w") + "\r\n"));
  CHECK(request.ends_with("\r\n\r\n[1]"));
}

TEST_CASE("a DELETE and a GET may have a body", "[net]") {
  ScriptedServer server = answering(http_answer(200, ""));
  for (const char* method : {"DELETE", "GET"}) {
    REQUIRE(client_of(server.url()).send({.method = method, .body = "{\"id\":1}"}).ok());
    CHECK(server.requests().back().starts_with(method));
    CHECK(server.requests().back().ends_with("{\"id\":1}"));
  }
}

TEST_CASE("a unix socket is asked", "[net]") {
  const Scratch scratch;
  ScriptedServer server([](const std::string&, const ScriptedServer::Write& write) { write(http_answer(200, "OK")); },
                        scratch.file("s"));
  Client client = client_of("http://docker", {.socket = scratch.file("s")});
  CHECK(client.send({.path = "/_ping"}).answer.body == "OK");
  const Outcome gone = client_of("http://docker", {.socket = scratch.file("none")}).send({.path = "/_ping"});
  CHECK(gone.fault == Fault::passing);
  CHECK(holds(gone.error.message, scratch.file("none")));
}

TEST_CASE("each class of failure is told apart", "[net]") {
  struct {
    int status;
    Fault fault;
  } const cases[] = {{200, Fault::none},          {204, Fault::none},        {301, Fault::configuration},
                     {400, Fault::configuration}, {401, Fault::credentials}, {403, Fault::credentials},
                     {404, Fault::configuration}, {408, Fault::passing},     {425, Fault::passing},
                     {429, Fault::passing},       {500, Fault::passing},     {501, Fault::configuration},
                     {503, Fault::passing}};
  for (const auto& one : cases) {
    INFO(one.status);
    ScriptedServer server = answering(http_answer(one.status, ""));
    CHECK(client_of(server.url()).send({}).fault == one.fault);
  }
  ScriptedServer cut = answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  CHECK(client_of(cut.url()).send({}).fault == Fault::passing);
  ScriptedServer silent = answering("");
  CHECK(client_of(silent.url()).send({}).fault == Fault::passing);
  ScriptedServer other = answering("SSH-2.0-OpenSSH_9.2\r\n");
  CHECK(client_of(other.url()).send({}).fault == Fault::configuration);
}

TEST_CASE("a server says when to come back, within an hour", "[net]") {
  const auto after = [](const std::string& value) {
    ScriptedServer server = answering(http_answer(429, "", "Retry-After: " + value + "\r\n"));
    return client_of(server.url()).send({}).retry_after;
  };
  CHECK(after("7") == std::chrono::seconds(7));
  CHECK(after("99999999") == std::chrono::hours(1));
  CHECK(after("-5") == std::chrono::seconds(0));
  CHECK(after("Thu, 01 Jan 1970 00:00:01 GMT") == std::chrono::seconds(0));
  CHECK_FALSE(after("soon").has_value());
}

TEST_CASE("a redirect is not followed", "[net]") {
  ScriptedServer private_one = answering(http_answer(200, "secret"));
  ScriptedServer server = answering(http_answer(302, "", "Location: " + private_one.url() + "/\r\n"));
  const Outcome out = client_of(server.url()).send({});
  CHECK(out.fault == Fault::configuration);
  CHECK(holds(out.error.message, "redirects are not followed"));
  CHECK(private_one.requests().empty());
}

TEST_CASE("an answer and its headers have a limit", "[net]") {
  ScriptedServer endless([](const std::string&, const ScriptedServer::Write& write) {
    if (!write("HTTP/1.1 200 OK\r\n\r\n")) return;
    while (write(std::string(65536, 'x'))) {
    }
  });
  const Outcome out = client_of(endless.url()).send({.answer_bytes = 1 << 20});
  CHECK(out.fault == Fault::configuration);
  CHECK(out.error.kind == ErrorKind::too_large);
  ScriptedServer headers([](const std::string&, const ScriptedServer::Write& write) {
    if (!write("HTTP/1.1 200 OK\r\n")) return;
    while (write("X-More: " + std::string(1000, 'y') + "\r\n")) {
    }
  });
  CHECK_FALSE(client_of(headers.url()).send({}).ok());
}

TEST_CASE("an error shows host and path, never a query, credentials or control characters", "[net]") {
  ScriptedServer server = answering(http_answer(400, "wrong \x1b[31m" + std::string(5000, 'z')));
  const Outcome out = client_of(server.url(), {.authorization = "Bearer planted-token"})
                          .send({.path = "/api?" + query({{"q", "planted-query"}})});
  CHECK(out.fault == Fault::configuration);
  CHECK(holds(out.error.message, server.url() + "/api answered 400: wrong \\x1b[31m"));
  CHECK_FALSE(holds(out.error.message, "planted"));
  CHECK(out.error.message.size() < 400);
  ScriptedServer nobody = answering("");
  const Outcome refused = client_of(nobody.url(), {.authorization = "Bearer planted-token"})
                              .send({.path = "/api?" + query({{"q", "planted-query"}})});
  CHECK_FALSE(holds(refused.error.message, "planted"));
}

TEST_CASE("credentials stay on this machine unless they are encrypted", "[net]") {
  const auto opens = [](const std::string& url, ServerOptions options) { return Server::at(url, std::move(options)).ok(); };
  CHECK_FALSE(opens("http://logs.example:3100", {.user = "u", .password = "planted"}));
  CHECK_FALSE(opens("http://logs.example", {.authorization = "Bearer planted"}));
  CHECK_FALSE(opens("http://127.0.0.1.example", {.authorization = "Bearer planted"}));
  CHECK(opens("http://logs.example", {}));
  CHECK(opens("https://logs.example", {.authorization = "Bearer planted"}));
  CHECK(opens("http://logs.example", {.authorization = "Bearer planted", .insecure_http = true}));
  for (const char* here : {"http://localhost:1", "http://127.8.9.1", "http://[::1]:9200"})
    CHECK(opens(here, {.authorization = "Bearer planted"}));
}

TEST_CASE("an address is http or https, without user, query or line ends", "[net]") {
  for (const char* wrong : {"", "localhost:3100", "ftp://x", "file:///etc/passwd", "http://", "http://u:planted@host",
                            "http://h/?q=1", "http://h/#f", "http://h\r\nX: y", "http://a b"}) {
    INFO(wrong);
    const auto server = Server::at(wrong);
    REQUIRE_FALSE(server.ok());
    CHECK_FALSE(holds(server.error().message, "planted"));
  }
  CHECK_FALSE(Server::at("https://h", {.authorization = "Bearer a\r\nX: y"}).ok());
  CHECK_FALSE(Server::at("https://h", {.user = "a:b"}).ok());
  CHECK(Server::at("https://h/p//").value().base() == "https://h/p");
  ScriptedServer server = answering(http_answer(200, ""));
  CHECK_FALSE(client_of(server.url()).send({.headers = {{"X", "a\r\nY: b"}}}).ok());
  CHECK(server.requests().empty());
}

TEST_CASE("a request that was sent ahead is asked once, and answered to who sends the same", "[net]") {
  ScriptedServer server(
      [](const std::string& request, const ScriptedServer::Write& write) {
        write(http_answer_kept(200, request.substr(0, request.find(" HTTP"))));
      },
      "", ScriptedServer::Connections::kept);
  Client client = client_of(server.url());
  CHECK(client.send({.path = "/1"}).answer.body == "GET /1");
  client.begin({.path = "/2"});
  REQUIRE(eventually([&] { return server.requests().size() == 2; }));  // before anybody waits for it
  CHECK(client.send({.path = "/2"}).answer.body == "GET /2");
  CHECK(server.requests().size() == 2);

  // Its body need not live until then, and is part of what is the same.
  client.begin({.path = "/3", .method = "POST", .body = std::string("first")});
  CHECK(client.send({.path = "/3", .method = "POST", .body = "first"}).answer.body == "POST /3");
  CHECK(server.requests().size() == 3);
  client.begin({.path = "/3", .method = "POST", .body = "first"});
  CHECK(client.send({.path = "/3", .method = "POST", .body = "second"}).answer.body == "POST /3");
  CHECK(server.requests().back().ends_with("second"));

  // Given up for another one, for a second one sent ahead, and with the client.
  client.begin({.path = "/4"});
  CHECK(client.send({.path = "/5"}).answer.body == "GET /5");
  client.begin({.path = "/6"});
  client.begin({.path = "/7"});
  CHECK(client.send({.path = "/7"}).answer.body == "GET /7");
  client.begin({.path = "/8"});
}

TEST_CASE("what becomes of a request that was sent ahead is told to who sends it", "[net]") {
  ScriptedServer server = answering(http_answer(503, "busy"));
  Client client = client_of(server.url());
  client.begin({.path = "/1"});
  const Outcome busy = client.send({.path = "/1"});
  CHECK(busy.fault == Fault::passing);
  CHECK(busy.answer.status == 503);
  std::atomic<bool> stop{false};
  Client stopped = client_of(server.url(), {}, &stop);
  stopped.begin({.path = "/1"});
  stop = true;
  CHECK(stopped.send({.path = "/1"}).fault == Fault::stopped);
  Client nowhere = client_of("http://127.0.0.1:1");
  nowhere.begin({.path = "/1"});
  CHECK(nowhere.send({.path = "/1"}).fault == Fault::passing);
}

TEST_CASE("a request that was sent ahead may wait for who takes its answer", "[net]") {
  ScriptedServer server(
      [](const std::string&, const ScriptedServer::Write& write) { write(http_answer_kept(200, "fine")); }, "",
      ScriptedServer::Connections::kept);
  // The time to connect runs while nobody drives the connection.
  const std::chrono::milliseconds connect{400};
  Client fresh = client_of(server.url(), {.connect = connect});
  fresh.begin({});
  std::this_thread::sleep_for(connect * 3 / 2);
  CHECK(fresh.send({}).ok());
  CHECK(fresh.send({}).ok());
  // On a connection that is there it is no limit.
  const std::size_t before = server.requests().size();
  fresh.begin({});
  std::this_thread::sleep_for(connect * 3 / 2);
  CHECK(fresh.send({}).ok());
  CHECK(server.requests().size() == before + 1);
  // Nor is a deadline over before the answer was asked for.
  const Request hurried{.deadline = std::chrono::seconds(5)};
  fresh.begin(hurried);
  std::this_thread::sleep_for(std::chrono::milliseconds(5'100));
  CHECK(fresh.send(hurried).ok());
}

TEST_CASE("a request that was sent ahead is bounded as any other", "[net]") {
  ScriptedServer endless([](const std::string&, const ScriptedServer::Write& write) {
    if (!write("HTTP/1.1 200 OK\r\n\r\n")) return;
    while (write(std::string(65536, 'x'))) {
    }
  });
  Client client = client_of(endless.url());
  client.begin({.answer_bytes = 1 << 20});
  CHECK(client.send({.answer_bytes = 1 << 20}).error.kind == ErrorKind::too_large);

  // It waits for what does not come; the flag is set meanwhile.
  std::atomic<bool> stop{false};
  ScriptedServer silent([&stop](const std::string&, const ScriptedServer::Write& write) {
    stop = true;
    while (write("")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  Client waiting = client_of(silent.url(), {}, &stop);
  waiting.begin({});
  CHECK(waiting.send({}).fault == Fault::stopped);

  ScriptedServer cut([](const std::string&, const ScriptedServer::Write& write) {
    write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
  });
  Client halved = client_of(cut.url());
  halved.begin({});
  CHECK(halved.send({}).fault == Fault::passing);
}

TEST_CASE("a flag ends a request that waits", "[net]") {
  std::atomic<bool> stop{false};
  ScriptedServer server([&stop](const std::string&, const ScriptedServer::Write& write) {
    write("HTTP/1.1 200 OK\r\n\r\n1");
    stop = true;
    while (write("")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  {
    Client client = client_of(server.url(), {}, &stop);
    CHECK(client.send({}).fault == Fault::stopped);
    CHECK(client.send({}).fault == Fault::stopped);
  }
  CHECK(server.requests().size() == 1);
}

TEST_CASE("a server that says nothing any more is given up", "[net]") {
  std::atomic<bool> given_up{false};
  ScriptedServer server([&given_up](const std::string&, const ScriptedServer::Write& write) {
    write("HTTP/1.1 200 OK\r\n\r\n1");
    while (!given_up && write("")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  });
  const Outcome out = client_of(server.url(), {.idle = std::chrono::seconds(1)}).send({});
  given_up = true;
  CHECK(out.fault == Fault::passing);
  CHECK(holds(out.error.message, "does not answer in time"));
}

TEST_CASE("a body is taken as it comes, and can be refused", "[net]") {
  ScriptedServer server = answering(http_answer(200, "one\r\ntwo\nthree"));
  std::vector<std::string> lines;
  LineSplitter splitter;
  const auto keep = [&lines](std::string_view line) {
    lines.emplace_back(line);
    return true;
  };
  REQUIRE(client_of(server.url()).send({}, [&](std::string_view piece) { return splitter.push(piece, keep); }).ok());
  CHECK(lines == std::vector<std::string>{"one", "two"});
  CHECK(splitter.rest() == "three");
  CHECK(client_of(server.url()).send({}, [](std::string_view) { return false; }).fault == Fault::stopped);
  ScriptedServer refusing = answering(http_answer(500, "why"));
  const Outcome refused = client_of(refusing.url()).send({}, [](std::string_view) { return false; });
  CHECK(refused.fault == Fault::passing);
  CHECK(refused.answer.body == "why");
}

TEST_CASE("lines are the same however they were cut, and have a limit", "[net]") {
  const std::string text = "data: a\r\n\r\n\nlong line\nrest";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    std::vector<std::string> lines;
    LineSplitter splitter(9);
    for (std::size_t at = 0; at < text.size(); at += size)
      REQUIRE(splitter.push(std::string_view(text).substr(at, size), [&](std::string_view line) {
        lines.emplace_back(line);
        return true;
      }));
    CHECK(lines == std::vector<std::string>{"data: a", "", "", "long line"});
    CHECK(splitter.rest() == "rest");
  }
  LineSplitter small(3);
  CHECK_FALSE(small.push("abcd", [](std::string_view) { return true; }));
  LineSplitter ends(3);
  CHECK_FALSE(ends.push("abcd\n", [](std::string_view) { return true; }));
}

TEST_CASE("what a server repeats of the credentials is not read", "[net]") {
  const std::string token = "planted-secret-of-a-server";
  for (const int status : {200, 400}) {
    ScriptedServer server([status, &token](const std::string& request, const ScriptedServer::Write& write) {
      const std::size_t at = request.find("Authorization: ") + 15;
      write(http_answer(status, token + " and " + request.substr(at, request.find("\r\n", at) - at),
                        "X-Echo: " + token + "\r\n"));
    });
    for (const ServerOptions& options :
         {ServerOptions{.authorization = "Bearer " + token}, ServerOptions{.user = token, .password = "token"},
          ServerOptions{.user = "mary", .password = token}}) {
      const Outcome out = client_of(server.url(), options).send({});
      CHECK(out.ok() == (status == 200));
      CHECK(out.answer.body.starts_with("**"));
      CHECK(out.answer.body.size() > token.size());
      for (const std::string& secret : {token, base64("mary:" + token), base64(token + ":token")}) {
        CHECK_FALSE(holds(out.answer.body, secret));
        CHECK_FALSE(holds(out.error.message, secret));
        CHECK_FALSE(holds(out.answer.header("x-echo").data(), secret));
      }
    }
  }
  ScriptedServer plain = answering(http_answer(200, "an elastic cluster"));
  CHECK(client_of(plain.url(), {.user = "elastic", .password = "cluster"}).send({}).answer.body == "an elastic cluster");
}

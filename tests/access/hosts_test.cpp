// DNS rebinding, and every other name a request may call a server by, over a real connection.
#include "web/hosts.hpp"

#include "people.hpp"

using namespace logystera;
using namespace logystera::testing;

namespace {

/// One page, one call of the API and one route for any name, behind the names of a server on 127.0.0.1.
struct Named {
  std::shared_ptr<const web::Hosts> hosts =
      std::make_shared<const web::Hosts>(std::move(web::Hosts::make({{"127.0.0.1"}, {"gateway.example.org"}})).value());
  int asked = 0;
  std::unique_ptr<server::Server> server;

  Named() {
    const auto handle = [this](const server::Request&, const server::Reply& reply) {
      ++asked;
      reply(server::json_answer(200, "reached"));
    };
    server::Listener listener;
    listener.host = "127.0.0.1";
    listener.routes = {{"GET", "/", 0, handle}, {"POST", "/api/v1/events", 100, handle}, {"GET", "/health", 0, handle}};
    listener.routes.back().any_host = true;
    listener.admit = [known = hosts](const server::Request& request) { return known->refusal(request); };
    std::vector<server::Listener> listeners;
    listeners.push_back(std::move(listener));
    server = std::move(server::Server::start(std::move(listeners))).value();
  }
  ~Named() { server->stop(); }

  std::string ask(const std::string& first_line, const std::string& headers) const {
    SocketClient client(server->urls().front());
    client.send(first_line + "\r\n" + headers + "Connection: close\r\n\r\n");
    return client.receive_all();
  }
};

}  // namespace

TEST_CASE("a_page_whose_name_was_pointed_at_this_machine_reaches_nothing") {
  Named named;
  const std::string port = named.server->urls().front().substr(named.server->urls().front().rfind(':'));
  // What a browser sends that was led here by evil.example: everything agrees with everything.
  const std::string rebound = "Host: evil.example" + port + "\r\nOrigin: http://evil.example" + port +
                              "\r\nSec-Fetch-Site: same-origin\r\nReferer: http://evil.example" + port + "/\r\n";
  const std::string page = named.ask("GET / HTTP/1.1", rebound);
  CHECK(has_status(page, 421));
  CHECK(page.find("This server is not known as evil.example" + port) != std::string::npos);
  const std::string api =
      named.ask("POST /api/v1/events HTTP/1.1", rebound + "Content-Type: application/json\r\nContent-Length: 0\r\n");
  CHECK(has_status(api, 421));
  CHECK(api.find("application/problem+json") != std::string::npos);
  CHECK(has_status(named.ask("GET /nothing HTTP/1.1", rebound), 421));
  CHECK(named.asked == 0);
  CHECK(has_status(named.ask("GET /health HTTP/1.1", rebound), 200));
  CHECK(has_status(named.ask("GET / HTTP/1.1", "Host: localhost" + port + "\r\n"), 200));
  CHECK(has_status(named.ask("GET / HTTP/1.1", "Host: gateway.example.org\r\n"), 200));
  CHECK(named.asked == 3);
}

TEST_CASE("no_second_word_about_the_host_counts") {
  Named named;
  const std::string evil = "Host: evil.example\r\n";
  for (const std::string line :
       {"X-Forwarded-Host: localhost", "X-Forwarded-Server: localhost", "Forwarded: host=localhost", "X-Host: localhost",
        "X-Original-Host: localhost", "X-Http-Host-Override: localhost"}) {
    INFO(line);
    CHECK(has_status(named.ask("GET / HTTP/1.1", evil + line + "\r\n"), 421));
  }
  CHECK(has_status(named.ask("GET / HTTP/1.1", evil + "Host: localhost\r\n"), 400));
  CHECK(has_status(named.ask("GET / HTTP/1.1", "Host: localhost\r\n" + evil), 400));
  CHECK(has_status(named.ask("GET / HTTP/1.1", "Host: localhost, evil.example\r\n"), 400));
  CHECK(has_status(named.ask("GET / HTTP/1.1", ""), 400));
  CHECK(has_status(named.ask("GET / HTTP/1.0", ""), 421));
  CHECK(has_status(named.ask("GET / HTTP/1.1", "Host:\r\n"), 421));
  // The target's own authority is nobody's word either.
  CHECK(has_status(named.ask("GET http://localhost/ HTTP/1.1", evil), 421));
  CHECK(named.asked == 0);
}

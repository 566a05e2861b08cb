// What the tests of the whole application share: all its routes on a store of their own, asked over a socket.
#pragma once

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "access/token.hpp"
#include "access/tokens.hpp"
#include "access/users.hpp"
#include "app/application.hpp"
#include "app/telling.hpp"
#include "catch.hpp"
#include "gateway/entities.hpp"
#include "gateway/vault.hpp"
#include "scratch.hpp"
#include "socket_client.hpp"
#include "web/sessions.hpp"

namespace logystera::testing {

using web::Role;

inline constexpr std::int64_t kNow = 1'774'211'679;

struct Whole {
  Scratch scratch;
  std::atomic<std::int64_t> now = kNow;  // unix seconds, also of the application's threads
  std::unique_ptr<store::Store> store;
  std::unique_ptr<gateway::Entities> entities;
  using Rules = Result<std::shared_ptr<const analysis::Program>>;
  analysis::CurrentProgram program;
  processor::Telling telling = app::telling(nullptr, [this] { return now.load(); });
  std::unique_ptr<app::Application> application;
  std::vector<server::Route> routes;
  std::unique_ptr<server::Server> server;

  /// `watch`: of itself; left out where a test moves clocks and counts alerts.
  explicit Whole(app::SelfWatchOptions watch = {false, {}, {}, {}}, Rules rules = Error{"no rules in this test"})
      : program(std::move(rules)) {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), {.access = store::Access::create})).value();
    entities = std::make_unique<gateway::Entities>(
        std::move(gateway::Entities::open(store->entities(),
                                          std::move(gateway::Vault::open(scratch.file("a.key"), true)).value()))
            .value());
    app::Options options;
    options.now = options.elapsed = [this] { return now.load(); };
    options.telling = telling;
    options.log = [](std::string_view) {};
    options.self_watch = std::move(watch);
    options.fleet.path = scratch.file("targets.yaml");
    options.explainer = dashboard::Explainer::make({}).value();  // so that its routes are there
    application = std::move(app::Application::make(*store, *entities, program, options)).value();
    for (auto part : {application->pages(), application->health(), application->ingest()}) {
      for (server::Route& route : part) routes.push_back(std::move(route));
    }
    server::Listener listener;
    listener.host = "127.0.0.1";
    listener.routes = routes;
    const auto throws = [](const server::Request&, const server::Reply&) { throw std::runtime_error("a secret"); };
    listener.routes.push_back({"GET", "/throws/within", 0, throws});
    listener.routes.push_back({"GET", "/api/v1/throws", 0, throws});
    listener.authorize = application->authorize();
    listener.refused = application->refused();
    std::vector<server::Listener> listeners;
    listeners.push_back(std::move(listener));
    server = std::move(server::Server::start(std::move(listeners))).value();
    const std::string url = server->urls().front();
    application->open({url, url});
  }
  /// What browsers are told to reach it by.
  void reached_by(const std::string& origin) const { application->open({origin, origin}); }
  /// The head of an answer.
  std::string head(const std::string& method, const std::string& path) const {
    SocketClient client(server->urls().front());
    client.send(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" +
                (method == "POST" ? "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\n" : "") +
                "\r\n");
    return client.receive_until("\r\n\r\n");
  }
  /// A whole answer.
  std::string whole_answer(const std::string& path, const std::string& headers) const {
    SocketClient client(server->urls().front());
    client.send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
    return client.receive_all();
  }
  ~Whole() {
    server->stop();
    application->finish();
  }

  std::int64_t user(const std::string& name, Role role) {
    store::User user;
    user.name = name;
    user.password_hash = "no password";
    user.role = web::name_of(role);
    REQUIRE(store->accounts().add_user(user).value());
    return store->accounts().find_user(name).value()->id;
  }
  std::string token(std::int64_t user, Role role, store::SiteChoice sites = {}) {
    auto made = access::Tokens(*store).add({user, "ci", role, std::move(sites)}, now, access::unnoted());
    REQUIRE(made.ok());
    return "Authorization: Bearer " + made->token + "\r\n";
  }

  /// The status and the Location of the answer; what follows is not waited for, since it may be a stream.
  struct Answered {
    int status = 0;
    std::string location;
  };
  Answered ask(const server::Route& route, const std::string& headers) const {
    const std::string path = std::regex_replace(route.path, std::regex("\\{[^}]*\\}"), "1");
    const bool with_body = route.body_bytes > 0;
    const std::string type = route.path.starts_with("/api/") ? "application/json" : "application/x-www-form-urlencoded";
    std::string request = route.method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers;
    if (with_body) request += "Content-Type: " + type + "\r\nContent-Length: 2\r\n";
    SocketClient client(server->urls().front());
    client.send(request + "\r\n" + (with_body ? "{}" : ""));
    const std::string head = client.receive_until("\r\n\r\n");
    Answered answered;
    if (head.size() > 12) answered.status = std::stoi(head.substr(9, 3));
    if (const std::size_t at = head.find("\r\nLocation: "); at != std::string::npos) {
      answered.location = head.substr(at + 12, head.find("\r\n", at + 12) - at - 12);
    }
    return answered;
  }
  std::vector<server::Route> guarded() const {
    std::vector<server::Route> all;
    std::copy_if(routes.begin(), routes.end(), std::back_inserter(all),
                 [](const server::Route& route) { return !route.role.empty(); });
    return all;
  }
};

}  // namespace logystera::testing

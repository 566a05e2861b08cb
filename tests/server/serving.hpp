// What the tests of the server share: one with the test's routes, and what it has logged.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "server/http.hpp"
#include "socket_client.hpp"

namespace logystera::testing {

class Serving {
 public:
  explicit Serving(std::vector<server::Route> routes, server::Limits limits = {},
                   decltype(server::Listener::authorize) authorize = {}, server::TlsFiles tls = {},
                   decltype(server::Listener::refused) refused = {}) {
    server::Listener listener;
    listener.host = "127.0.0.1";
    listener.tls = std::move(tls);
    listener.routes = std::move(routes);
    listener.authorize = std::move(authorize);
    listener.refused = std::move(refused);
    std::vector<server::Listener> listeners;
    listeners.push_back(std::move(listener));
    auto started = server::Server::start(std::move(listeners), limits, [this](std::string_view text) {
      const std::lock_guard lock(mutex_);
      logged_ += std::string(text) + "\n";
    });
    if (!started) FAIL(started.error().message);
    server = std::move(started).value();
  }

  const std::string& url() const { return server->urls().front(); }
  std::string logged() const {
    const std::lock_guard lock(mutex_);
    return logged_;
  }
  /// The answer to one request on a connection of its own.
  std::string ask(const std::string& method, const std::string& path, const std::string& more = "",
                  const std::string& body = "") const {
    SocketClient client(url());
    std::string request = method + " " + path + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + more;
    if (!body.empty()) request += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(request + "\r\n" + body);
    return client.receive_all();
  }

 private:
  mutable std::mutex mutex_;
  std::string logged_;

 public:
  std::unique_ptr<server::Server> server;
};

inline bool has_status(const std::string& answer, int status) {
  return answer.find("HTTP/1.1 " + std::to_string(status) + " ") == 0;
}

inline std::string body_of(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : answer.substr(end + 4);
}

/// The pieces of a chunked body joined; `whole`: the last chunk was there.
inline std::string joined_chunks(std::string_view text, bool& whole) {
  std::string joined;
  whole = false;
  while (!text.empty()) {
    const std::size_t line = text.find("\r\n");
    if (line == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(text.substr(0, line)), nullptr, 16);
    text.remove_prefix(line + 2);
    if (size == 0) {
      whole = text == "\r\n";
      break;
    }
    joined += text.substr(0, size);
    text.remove_prefix(std::min(text.size(), size + 2));
  }
  return joined;
}

}  // namespace logystera::testing

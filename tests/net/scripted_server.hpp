// A server on a loopback port or a unix socket that answers each request with the bytes a test planned, however wrong they are.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/fd.hpp"

namespace logystera::testing {

class ScriptedServer {
 public:
  /// `serve(request, write)` answers one request; `write(bytes)` is false once the client is gone. The connection ends afterwards, unless
  /// they are kept.
  using Write = std::function<bool(const std::string&)>;
  using Serve = std::function<void(const std::string& request, const Write&)>;

  enum class Connections : bool { ended, kept };

  explicit ScriptedServer(Serve serve, const std::string& socket = "", Connections connections = Connections::ended)
      : serve_(std::move(serve)), keeps_(connections == Connections::kept) {
    if (socket.empty()) {
      listener_ = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
      socklen_t size = sizeof address;
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
      url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    } else {
      listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
      ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address);
      url_ = "http://docker";
    }
    ::listen(listener_.get(), 16);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~ScriptedServer() {
    ending_ = true;
    thread_.join();
    for (std::thread& one : connections_) one.join();
  }

  const std::string& url() const noexcept { return url_; }
  std::vector<std::string> requests() const {
    std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  void accept_all() {
    while (!ending_) {
      pollfd wait{listener_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20) != 1) continue;
      connections_.emplace_back([this, fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)] { talk(Fd(fd)); });
    }
  }
  void talk(const Fd& fd) {
    while (talk_once(fd) && keeps_ && !ending_) continue;
  }
  bool talk_once(const Fd& fd) {
    std::string request;
    std::size_t wanted = std::string::npos;
    char buffer[4096];
    while (request.size() < wanted && !ending_) {
      pollfd wait{fd.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20) != 1) continue;
      const ssize_t got = ::recv(fd.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return false;
      request.append(buffer, static_cast<std::size_t>(got));
      const std::size_t end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const std::size_t length = request.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(request.substr(length + 16)) : 0);
    }
    if (ending_) return false;
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    serve_(request, [this, &fd](const std::string& bytes) {
      for (std::size_t sent = 0; sent < bytes.size() && !ending_;) {
        pollfd wait{fd.get(), POLLOUT, 0};
        if (::poll(&wait, 1, 20) != 1) continue;
        const ssize_t n = ::send(fd.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n <= 0) return false;
        sent += static_cast<std::size_t>(n);
      }
      return !ending_;
    });
    return true;
  }

  const Serve serve_;
  const bool keeps_;
  std::string url_;
  Fd listener_;
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<std::thread> connections_;
  std::thread thread_;
};

/// An answer with that status and body, on a connection that stays.
inline std::string http_answer_kept(int status, const std::string& body, const std::string& headers = "") {
  return "HTTP/1.1 " + std::to_string(status) + " said\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         headers + "\r\n" + body;
}

/// An answer with that status and body.
inline std::string http_answer(int status, const std::string& body, const std::string& headers = "") {
  return http_answer_kept(status, body, headers + "Connection: close\r\n");
}

}  // namespace logystera::testing

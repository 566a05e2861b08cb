// A plain TCP client that sends exactly what a test says, byte by byte if it wants to.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace logystera::testing {

inline constexpr std::chrono::seconds kPatience{60};  // a loaded machine is slow; nothing here is meant to take that long

/// What has come, up to and with `mark`, taken out of `received`; up to the peer's close if that comes first. `read_some` adds to
/// `received`, and is false at the close.
template <typename ReadSome>
std::string take_until(std::string& received, std::string_view mark, ReadSome&& read_some) {
  for (;;) {
    if (const std::size_t at = received.find(mark); at != std::string::npos) {
      std::string text = received.substr(0, at + mark.size());
      received.erase(0, text.size());
      return text;
    }
    if (!read_some()) return std::exchange(received, {});
  }
}

class SocketClient {
 public:
  /// To the port of "http://127.0.0.1:PORT", from that loopback address.
  explicit SocketClient(const std::string& url, const char* from = "127.0.0.1")
      : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &address.sin_addr);
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("no such address");
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw std::runtime_error("no connection");
  }
  ~SocketClient() { ::close(fd_); }
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  /// False when the peer has closed.
  bool send(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  void finish_sending() const { ::shutdown(fd_, SHUT_WR); }

  /// Everything up to the peer's close.
  std::string receive_all() {
    while (read_some()) {
    }
    return std::exchange(received_, {});
  }

  /// Everything up to and with `mark`, or up to the peer's close.
  std::string receive_until(std::string_view mark) {
    return take_until(received_, mark, [this] { return read_some(); });
  }

  /// One answer: header and, by its Content-Length, body. What the peer sent until it closed, if that is less.
  std::string receive_answer() {
    for (;;) {
      const std::size_t header_end = received_.find("\r\n\r\n");
      if (header_end != std::string::npos) {
        const std::size_t length = received_.find("Content-Length: ");
        const std::size_t body = length < header_end ? std::stoul(received_.substr(length + 16)) : 0;
        if (received_.size() >= header_end + 4 + body) {
          std::string answer = received_.substr(0, header_end + 4 + body);
          received_.erase(0, answer.size());
          return answer;
        }
      }
      if (!read_some()) return std::exchange(received_, {});
    }
  }

 private:
  bool read_some() {
    pollfd source{fd_, POLLIN, 0};
    if (::poll(&source, 1, static_cast<int>(std::chrono::milliseconds(kPatience).count())) <= 0) {
      throw std::runtime_error("the server neither answered nor closed");
    }
    char chunk[16384];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got <= 0) return false;
    received_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  int fd_;
  std::string received_;
};

}  // namespace logystera::testing

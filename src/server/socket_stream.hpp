// The bytes of one client, over TCP or over TLS, which is decided when it connects. The library's templates about streams are
// instantiated behind it, once: nobody else needs to be one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

#include "server/asio.hpp"
#include "server/tls.hpp"

namespace logystera::server {

/// What it returns to wait for runs on the socket's executor, a strand; so do all calls.
class SocketStream {
 public:
  /// Sent one after the other, as one where that is possible; the rest of them may be empty.
  using Buffers = std::array<asio::const_buffer, 3>;

  /// `tls`: none for plain TCP; outlives it.
  SocketStream(tcp::socket socket, asio::ssl::context* tls);
  ~SocketStream();
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;

  asio::any_io_executor executor();

  /// When what is waited for from now on must have happened; the connection is closed otherwise.
  void expires_after(std::chrono::milliseconds time);
  void expires_at(std::chrono::steady_clock::time_point time);
  void expires_never();
  /// Ends what is waited for, with an error.
  void cancel();
  /// Ends the connection at once.
  void close();
  /// Whether the other end has closed the connection, or its half of it, as far as is known without reading or writing.
  bool gone() const noexcept;

  /// False: there is none to speak to. Nothing to do without TLS.
  asio::awaitable<bool> handshake();
  /// Whatever comes first, of at least one byte unless `error` is set.
  asio::awaitable<std::size_t> read_some(asio::mutable_buffer bytes, error_code& error);
  /// All of them, unless `error` is set.
  asio::awaitable<void> write(Buffers buffers, error_code& error);
  /// Says that nothing more comes. `error`: the other end may not be listening.
  asio::awaitable<void> shut_down(std::chrono::milliseconds most, error_code& error);
  /// After shut_down(): as read_some(), of what nobody looks at.
  asio::awaitable<std::size_t> read_past_end(asio::mutable_buffer bytes, error_code& error);

 private:
  struct Layers;
  std::unique_ptr<Layers> layers_;
};

}  // namespace logystera::server

// The HTTP/1.1 server: listeners, routes, limits and an orderly end. It knows nothing of what the routes
// mean.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"

namespace logystera::server {

struct Route {
  std::string method;
  std::string path;            // exact
  std::size_t body_bytes = 0;  // longest body it takes, as sent
  Handler handler;
};

struct TlsFiles {
  std::string certificate;  // PEM, the chain included; empty: plain HTTP
  std::string key;          // PEM
};

struct Listener {
  std::string host;        // an address, not a name
  std::uint16_t port = 0;  // 0: any free one
  TlsFiles tls;
  std::vector<Route> routes;
};

/// What one client may take from everybody else. Each has its test.
struct Limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t connections = 512;
  /// Of one address (IPv6: of one /64). As many as `connections`, or more: no limit, as behind a proxy, whose address all have.
  std::size_t connections_per_address = 64;
  std::chrono::milliseconds first{5'000};    // until a new connection's first byte
  std::chrono::milliseconds idle{60'000};    // between two requests of a connection
  std::chrono::milliseconds header{10'000};  // from a request's first byte to the end of its header; TLS handshake
  std::chrono::milliseconds body{30'000};    // the whole body
  std::chrono::milliseconds answer{30'000};  // until the client has taken the answer
  std::chrono::milliseconds grace{10'000};   // stop(): for requests being worked on
  unsigned threads = 0;                      // 0: one per processor, at least two

  /// Of `connections`, those for addresses from which a valid signature came lately.
  std::size_t reserve() const noexcept { return connections / 8; }
};

class Server {
 public:
  using Log = std::function<void(std::string_view)>;

  /// Listens on all of them or none. The error names the address or file and the remedy. `log` is told, at most once a minute for
  /// each kind, how many were turned away and why; from any thread.
  static Result<std::unique_ptr<Server>> start(std::vector<Listener> listeners, Limits limits = {}, Log log = {});

  virtual ~Server() = default;

  /// The address of each listener as a URL, with the port really taken, in the order they were given.
  virtual const std::vector<std::string>& urls() const noexcept = 0;

  /// Takes no more connections, lets requests being worked on finish (up to Limits::grace) and ends the
  /// threads. After it no handler runs; replies still under way are dropped, so handlers may be destroyed,
  /// and then the server.
  virtual void stop() noexcept = 0;
};

/// Whether an address is this machine's own (127.0.0.0/8 or ::1). An error when it is no address.
Result<bool> is_loopback(const std::string& host);

}  // namespace logystera::server

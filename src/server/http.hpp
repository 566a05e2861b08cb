// The HTTP/1.1 server: listeners, routes, limits and an orderly end. It knows nothing of what the routes mean.
// One connection is connection.cpp, its bytes, plain or TLS, are socket_stream.cpp, and what it answers is sent by answer_writer.cpp.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"
#include "server/router.hpp"

namespace logystera::server {

struct TlsFiles {
  std::string certificate;  // PEM, the chain included; empty: plain HTTP
  std::string key;          // PEM
};

struct Listener {
  std::string host;        // an address, not a name
  std::uint16_t port = 0;  // 0: any free one
  TlsFiles tls;
  std::vector<Route> routes;
  /// Asked first, on an I/O thread, where it must not wait: whether the server may be called by the name the request has. What it gives
  /// is the refusal. None: it may.
  std::function<std::optional<Answer>(const Request& request)> admit = {};
  /// Asked before the body of a request for a route with a role is read, on the route's workers. What it gives is the refusal; whom
  /// it lets in it notes in the request.
  std::function<std::optional<Answer>(Request& request, std::string_view role)> authorize = {};
  /// Given what the server itself answers a request it has understood (no such path or method, a body that is too large, a handler that
  /// has failed), to be said in the words of whoever asked: a page, a problem of an API. The request may be without its principal.
  /// On an I/O thread; must not wait.
  std::function<Answer(const Request& request, Answer answer)> refused = {};
};

/// What one client may take from everybody else. Each has its test.
struct Limits {
  std::size_t header_bytes = 16 * 1024;
  std::size_t connections = 512;
  /// Of one address (IPv6: of one /64). As many as `connections`, or more: no limit, as behind a proxy, whose address all have.
  std::size_t connections_per_address = 64;
  std::chrono::milliseconds first{5'000};       // until a new connection's first byte
  std::chrono::milliseconds idle{60'000};       // between two requests of a connection
  std::chrono::milliseconds header{10'000};     // from a request's first byte to the end of its header; TLS handshake
  std::chrono::milliseconds body{30'000};       // the whole body; one that is taken in pieces has more, by its bytes
  std::chrono::milliseconds answer{30'000};     // until the client has taken the answer, or a piece of it
  std::chrono::milliseconds heartbeat{15'000};  // of streams that have nothing to say
  std::chrono::milliseconds grace{10'000};      // stop(): for requests being worked on
  unsigned threads = 0;                         // 0: one per processor, at least two
  /// What the operator is told to raise or lower when clients are turned away: `connections`, and `connections_per_address`.
  std::string_view connections_setting = "the limit on connections";
  std::string_view per_address_setting = "the limit on connections of one address";

  /// A body that is taken in pieces must come at least this fast on average, after `body`.
  static constexpr std::size_t kSlowestBodyBytesPerSecond = 16 * 1024;
  /// Answers that are streamed at the same time, for each holds its connection.
  std::size_t streams() const noexcept { return std::max<std::size_t>(1, connections / 2); }
  /// Of `connections`, those for addresses from which a valid signature came lately.
  std::size_t reserve() const noexcept { return connections / 8; }
};

class Server {
 public:
  using Log = std::function<void(std::string_view)>;

  /// Listens on all of them or none. The error names the address, file or route and the remedy. `log` is told, at most once a minute for
  /// each kind, how many were turned away and why; from any thread.
  static Result<std::unique_ptr<Server>> start(std::vector<Listener> listeners, Limits limits = {}, Log log = {});

  virtual ~Server() = default;

  /// The address of each listener as a URL, with the port really taken, in the order they were given.
  virtual const std::vector<std::string>& urls() const noexcept = 0;

  /// Takes no more connections, ends streams, drops what waits for a worker (503) and asks workers to end, lets requests being
  /// worked on finish (up to Limits::grace) and ends the threads, those of the routes' workers too. After it no handler runs; replies
  /// still under way are dropped, so handlers may be destroyed, and then the server.
  virtual void stop() noexcept = 0;
};

/// Whether an address is this machine's own (127.0.0.0/8 or ::1). An error when it is no address.
Result<bool> is_loopback(const std::string& host);

}  // namespace logystera::server

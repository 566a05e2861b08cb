// Requests to HTTP servers that are not ours: log stores, Docker's daemon, language models.
//
//   auto server = Server::at("https://loki.example:3100", {.credentials = Bearer{…}, .ca_certs = "…"});
//   Client client(std::move(server).value(), &stop);
//   Outcome outcome = client.send({.path = "/loki/api/v1/query_range?" + query({{"limit", "100"}})});
//   if (outcome.fault == Fault::passing) …       // try again, not before outcome.retry_after
//
// Bounds: 10 s to connect, 60 s without a byte, an answer of 64 MiB, 64 KiB of its headers. No redirects are followed: they would carry
// credentials to wherever the server says. Certificates are checked. Credentials over http:// go to this machine alone, unless told.
//
// Error texts name host and path. They never hold a query's values, credentials, or more than 200 bytes of what the server said,
// shown printable. Of an answer's body, credentials of 20 bytes and more are overwritten by '*' (of a refusal's, of 8 and more): a server
// may repeat what it was sent.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"

namespace logystera::net {

inline constexpr std::size_t kAnswerBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kRefusalBytes = 64 * 1024;  // of an answer that is no success
inline constexpr std::size_t kJsonDepth = 64;            // of what is parsed from an answer (core/json.hpp: depth())

/// What to do about a request that failed.
enum class Fault : std::uint8_t {
  none,
  configuration,  // it is wrong, or the server is not what it is taken for: it will fail again
  credentials,    // 401, 403, 407: not to be tried again in a hurry
  passing,        // no connection, a broken one, 408, 425, 429, 5xx: may succeed later
  stopped,        // by the caller
};

/// Of an answer that is no success.
Fault fault_of_status(int status) noexcept;

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;                                          // what no callback took

  /// The first header of that name (lower case), or empty.
  std::string_view header(std::string_view name) const noexcept;
};

/// What came of a request. With a fault, `error` says what happened for a person, and `answer` holds what the server said, if it did.
struct Outcome {
  Fault fault = Fault::none;
  Answer answer;
  Error error;
  std::optional<std::chrono::seconds> retry_after;  // at most an hour

  bool ok() const noexcept { return fault == Fault::none; }
};

/// Where a server is, and how to speak to it.
struct ServerOptions {
  std::string socket = {};                        // path of a unix socket the address is reached by; empty: none
  std::string user = {}, password = {};           // Basic, unless `user` is empty
  std::string authorization = {};                 // the header's value, for other schemes ("Bearer …"); wins over user
  std::string ca_certs = {};                      // file in PEM; empty: the system's
  std::string client_cert = {}, client_key = {};  // files in PEM; the key may be in the first
  bool verify = true;                             // false: any certificate is taken
  bool insecure_http = false;                     // credentials may go over http:// to another machine
  std::chrono::milliseconds connect{10'000};
  std::chrono::seconds idle{60};  // without a byte; 0: as long as it takes
};

class Server {
 public:
  /// `base`: http:// or https://, host, port, and a path in front of every request's. Errors: it is no such address, it holds a user or a
  /// password, credentials would go over http:// to another machine, a header's value holds a line end.
  static Result<Server> at(const std::string& base, ServerOptions options = {});

  /// "https://loki.example:3100/prefix", without a slash at the end.
  const std::string& base() const noexcept { return base_; }
  const std::string& host() const noexcept { return host_; }
  const ServerOptions& options() const noexcept { return options_; }

 private:
  std::string base_, host_;
  ServerOptions options_;
};

struct Request {
  std::string path = "/";  // with its query
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string_view body = {};        // must live until the request is over; sent with POST and, if not empty, with others
  std::chrono::seconds deadline{0};  // of all of it; 0: none but the idle limit
  std::size_t answer_bytes = kAnswerBytes;
};

/// Takes pieces of a success's body as they come. False ends the request (Fault::stopped).
using Take = std::function<bool(std::string_view)>;

/// Connections to one server, used again. For one thread at a time.
class Client {
 public:
  /// `stop`, if given, outlives the client; set, it ends a request within a second.
  explicit Client(Server server, const std::atomic<bool>* stop = nullptr);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  /// Any status but 2xx is a fault. Without `take` the body is in the answer; with it, `answer_bytes` bounds a refusal alone.
  Outcome send(const Request& request, const Take& take = {});
  /// Sends a request ahead and does not wait: send(), called with the same one and without `take`, gets its answer. It is given up,
  /// and its connection closed, when another one is sent, or 20 s have passed. Errors are send()'s.
  void begin(const Request& request);
  const Server& server() const noexcept;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

/// "name=value&…", escaped.
std::string query(const std::vector<std::pair<std::string, std::string>>& values);
/// One part of a path or a value, escaped.
std::string escape(std::string_view text);

}  // namespace logystera::net

// An HTTP request and its answer as handlers see them: values, with no socket and no library behind them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logystera::web {
struct Principal;
}

namespace logystera::server {

/// Name and value, decoded, of each {name} in a route's path.
using Parameters = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;                                          // as sent, without the query
  std::string query;                                         // after the '?', undecoded
  std::vector<std::pair<std::string, std::string>> headers;  // without the trailers a chunked body may end in
  std::string body;                                          // as sent, still encoded
  std::string remote;                                        // the peer's address
  Parameters parameters = {};
  std::stop_token stopping = {};  // of the route's workers: a handler that takes long looks at it
  /// Who asks, as the listener's `authorize` has found out (web/principal.hpp); none on a route for everybody.
  std::shared_ptr<const web::Principal> principal = {};

  /// The value of a {name} of the route's path.
  std::string_view parameter(std::string_view name) const noexcept;
  /// The header's value when it was sent exactly once; names compare without case.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// The values of all lines of that name in their order, separated by ", ", as RFC 9110 (5.3) reads them; empty when there is none.
  std::string joined(std::string_view name) const;
};

class Sink;

/// A body that is made while it is sent, in one of two ways. Neither holds a thread while the client takes its time.
struct Streamed {
  /// For what has an end (an export): appends a piece to `piece` and says whether there is more. Called whenever the client has taken
  /// the piece before, on the route's workers.
  std::function<bool(std::string& piece)> next;
  /// For what happens from time to time: called once, and keeps the sink for as long as it has something to say.
  std::function<void(std::shared_ptr<Sink> sink)> start;
  /// Sent when nothing else was for Limits::heartbeat; empty: nothing is.
  std::string heartbeat;

  explicit operator bool() const noexcept { return next || start; }
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  bool to_proven = false;  // the request carried a valid signature: its address and connection may have more than others
  bool lost = false;       // the server's own, since no handler has answered
  Streamed streamed = {};  // instead of `body`
};

/// `json` is the body.
inline Answer json_answer(int status, std::string json) {
  Answer answer;
  answer.status = status;
  answer.body = std::move(json);
  return answer;
}

/// With status 0: none.
inline Answer no_answer() {
  Answer answer;
  answer.status = 0;
  return answer;
}

/// Called once by a handler, from any thread; what is said after that is not heard. When the last copy goes without having been
/// called the client is told that something went wrong, as it is when the handler throws.
using Reply = std::function<void(Answer)>;
using Handler = std::function<void(Request, Reply)>;

/// Takes a body as it comes. Its calls come one after the other, on the route's workers; where it ends, when the client goes away in
/// the middle, is said by its destructor.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// The next bytes. False: nothing more is wanted; finish() follows at once, and the connection ends after its answer.
  virtual bool take(std::string_view bytes) = 0;
  /// `whole`: all of the body was taken.
  virtual void finish(bool whole, Reply reply) = 0;
};

/// Begins with a request whose header has come; its `body` is empty.
using Receiver = std::function<std::unique_ptr<BodyReader>(Request)>;

/// {"error":CODE,"message":WORDS}: `code` for programs, `words` for the person who has to act.
Answer problem(int status, std::string_view code, std::string_view words);

}  // namespace logystera::server

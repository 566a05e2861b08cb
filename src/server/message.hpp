// An HTTP request and its answer as handlers see them: values, with no socket and no library behind them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace logystera::server {

struct Request {
  std::string method;
  std::string path;                                          // as sent, without the query
  std::string query;                                         // after the '?', undecoded
  std::vector<std::pair<std::string, std::string>> headers;  // without the trailers a chunked body may end in
  std::string body;                                          // as sent, still encoded
  std::string remote;                                        // the peer's address

  /// The header's value when it was sent exactly once; names compare without case.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  /// The values of all lines of that name in their order, separated by ", ", as RFC 9110 (5.3) reads them; empty when there is none.
  std::string joined(std::string_view name) const;
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  bool to_proven = false;  // the request carried a valid signature: its address and connection may have more than others
};

/// Called exactly once by a handler, from any thread.
using Reply = std::function<void(Answer)>;
using Handler = std::function<void(Request, Reply)>;

/// {"error":CODE,"message":WORDS}: `code` for programs, `words` for the person who has to act.
Answer problem(int status, std::string_view code, std::string_view words);

}  // namespace logystera::server

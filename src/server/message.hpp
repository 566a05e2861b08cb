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
  std::string path;   // as sent, without the query
  std::string query;  // after the '?', undecoded
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;    // as sent, still encoded
  std::string remote;  // the peer's address

  /// The header's value when it was sent exactly once; names compare without case.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Called exactly once by a handler, from any thread.
using Reply = std::function<void(Answer)>;
using Handler = std::function<void(Request, Reply)>;

/// {"error":CODE,"message":WORDS}: `code` for programs, `words` for the person who has to act.
Answer problem(int status, std::string_view code, std::string_view words);

}  // namespace logystera::server

// Requests to a provider, without saying what makes them.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "assist/wall.hpp"
#include "core/result.hpp"

namespace logystera::assist {

/// Says whether whoever asked wants no answer any more. Called often, from the thread of the request.
using Stopped = std::function<bool()>;

struct Call {
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  const Cleared* body = nullptr;  // null: GET; else POST of JSON. It must live until send() returns
  std::chrono::seconds deadline{120};
};

struct HttpReply {
  int status = 0;
  std::string retry_after;  // the header's value; empty: there was none
  std::string body;         // of a refusal: its first kRefusalBytes
};

inline constexpr std::size_t kRefusalBytes = 64 * 1024;

class Http {
 public:
  virtual ~Http() = default;
  /// `take` gets the body of an answer of status 2xx as it comes; false from it, or from `stopped` true, ends the request with an error
  /// of kind `denied`. Other errors: kind `busy` when trying again may help (no connection, a connection that broke), else `failed`.
  virtual Result<HttpReply> send(const Call& call, const std::function<bool(std::string_view)>& take,
                                 const Stopped& stopped) = 0;
};

}  // namespace logystera::assist

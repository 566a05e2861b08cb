// Which route a request goes to, by the bytes of its path.
//
// A path is taken apart at its slashes as it was sent, before anything is decoded, and nothing of it is repaired: what a proxy in
// front forbids or allows by its path must be the same path here.
// - A literal segment matches the very bytes: "/%6Cogin" is not "/login".
// - {name} matches one segment that is not empty; its value is percent-decoded once and is UTF-8.
// - Doubled and trailing slashes are segments like others, which match nothing: 404.
// - What some readers resolve and others do not is refused (400): "." and ".." in any spelling, an encoded slash, backslashes,
//   control characters, escapes that are none, what is not UTF-8. A path longer than kPathBytes: 414.
// - Where a literal and a {name} both match, the literal decides; the {name} is tried only if nothing is found behind the literal.
//   The methods are those of the path found.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "server/message.hpp"
#include "server/workers.hpp"

namespace logystera::server {

inline constexpr std::size_t kPathBytes = 2048;

struct Route {
  std::string method;          // GET answers HEAD too
  std::string path;            // "/api/errors/{fingerprint}"
  std::size_t body_bytes = 0;  // longest body it takes, as sent
  Handler handler;
  std::shared_ptr<Workers> workers = {};  // where the handler runs; none: on an I/O thread, where it must not wait
  std::string role = {};                  // whom the listener's `authorize` lets in; empty: everybody
  Receiver receiver = {};                 // instead of `handler`: takes the body in pieces
  bool any_host = false;                  // whatever name the server is called by; else the listener's `admit` is asked
};

class Router {
 public:
  /// The error names the route and what is wrong with it: a path that is none, two routes for the same method and path.
  static Result<Router> make(std::vector<Route> routes);

  struct Found {
    const Route* route = nullptr;  // none: `answer` is the answer
    Parameters parameters;
    Answer answer;  // 400, 404, 405 with Allow, 414, or that of OPTIONS
  };
  /// `path`: as sent, without the query; "*" with OPTIONS.
  Found find(std::string_view method, std::string_view path) const;

  const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  struct Node;
  Router();
  Result<Done> add(std::size_t number);
  const Node* walk(const Node& node, std::string_view rest, std::vector<std::string_view>& values) const;
  std::string allowed_at(const Node& node) const;

  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> names_;  // of the parameters of each route
  std::shared_ptr<Node> root_;
  std::string all_methods_;
};

/// The refusal of a path that cannot be one of ours whatever the routes are, or nothing. See above.
std::optional<Answer> path_fault(std::string_view path);

}  // namespace logystera::server

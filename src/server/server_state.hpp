// What the connections of a server have in common.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "server/http.hpp"
#include "server/notices.hpp"
#include "server/router.hpp"
#include "server/seats.hpp"
#include "server/tls.hpp"

namespace logystera::server {

/// What connections of one listener share.
struct Site {
  explicit Site(Router given) : router(std::move(given)) {}

  Router router;
  decltype(Listener::admit) admit;
  decltype(Listener::authorize) authorize;
  decltype(Listener::refused) refused;
  std::shared_ptr<boost::asio::ssl::context> tls;  // none: plain HTTP
};

/// What all connections share.
struct Shared {
  Shared(Limits given, Server::Log log)
      : limits(given),
        seats({given.connections, given.connections_per_address, given.reserve()}),
        notices(std::move(log), {given.connections_setting, given.per_address_setting}) {}

  const Limits limits;
  std::atomic<bool> stopping = false;
  std::atomic<bool> ended = false;  // no thread is left to send anything
  std::atomic<std::size_t> streams = 0;
  Seats seats;
  Notices notices;
};

}  // namespace logystera::server

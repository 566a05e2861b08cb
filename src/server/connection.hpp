// A client's connection: one request after the other, each judged, read, handed to its route and answered.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/asio.hpp"
#include "server/seats.hpp"
#include "server/server_state.hpp"

namespace logystera::server {

/// Serves the client at `remote` on the socket's executor, a strand, until either side ends it; `seat` is given back then.
void open_connection(tcp::socket socket, const std::shared_ptr<Shared>& shared, const std::shared_ptr<Site>& site,
                     const std::shared_ptr<Seats::Seat>& seat, std::string remote);

/// Runs a coroutine on the executor. However it ends, nobody else is touched.
void begin(const asio::any_io_executor& executor, std::function<asio::awaitable<void>()> coroutine);

}  // namespace logystera::server

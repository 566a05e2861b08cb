// From a connection to the threads its requests are worked on by, and back.
#pragma once

#include <functional>
#include <memory>

#include "server/asio.hpp"
#include "server/message.hpp"
#include "server/router.hpp"
#include "server/server_state.hpp"
#include "server/socket_stream.hpp"

namespace logystera::server {

using Work = std::function<void(const Reply&)>;

/// What a client is told when nobody has answered it.
Answer lost_answer(bool stopping);

/// Does `work` where the route's handlers run, and waits for what it replies; the stream's clock does not run meanwhile. `admitted`:
/// the request asks to be let in; otherwise it has been. What is given by reference outlives what is returned.
/// Callers hold that before they wait for it: GCC 12 destroys a lambda twice that stands in the expression awaited.
asio::awaitable<Answer> on_workers(SocketStream& stream, const std::shared_ptr<Shared>& shared, const Route& route,
                                   bool admitted, Work work);

}  // namespace logystera::server

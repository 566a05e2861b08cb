// An answer on its way to the client: whole, in pieces that are made while it is sent, or as things happen.
#pragma once

#include <memory>
#include <string_view>

#include "server/asio.hpp"
#include "server/message.hpp"
#include "server/on_workers.hpp"
#include "server/router.hpp"
#include "server/server_state.hpp"
#include "server/socket_stream.hpp"
#include "server/stream.hpp"

namespace logystera::server {

/// Of one connection, on its strand.
class AnswerWriter {
 public:
  AnswerWriter(SocketStream& stream, std::shared_ptr<Shared> shared) : stream_(stream), shared_(std::move(shared)) {}

  /// The request at hand is HEAD: of its answer the header alone is sent.
  void header_alone(bool is_head) noexcept { is_head_ = is_head; }

  /// `route`: of the request; none when it is refused, whose answer is not streamed. `version`: 10 or 11. True: it was sent, and the
  /// connection takes another request.
  asio::awaitable<bool> write(const Route* route, Answer answer, unsigned version, bool keep_alive);
  /// "100 Continue". False: the client is gone.
  asio::awaitable<bool> go_on(unsigned version);

  /// The server ends: so does a streamed answer.
  void stop_streaming();

 private:
  asio::awaitable<bool> write_pieces(const Route& route, Streamed streamed, bool chunked);
  asio::awaitable<bool> write_as_it_comes(const Route& route, Streamed streamed, bool chunked);
  asio::awaitable<bool> write_piece(std::string_view piece, bool chunked);

  SocketStream& stream_;
  std::shared_ptr<Shared> shared_;
  std::weak_ptr<Pipe> pipe_;  // of the stream that is being written
  bool streaming_ = false;
  bool is_head_ = false;
};

}  // namespace logystera::server

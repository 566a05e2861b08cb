#include "server/socket_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <optional>
#include <string>
#include <utility>

namespace logystera::server {
namespace {

namespace beast = boost::beast;

constexpr std::size_t kJoinedBytes =
    64 * 1024;  // as many go into the same TLS records rather than each buffer into its own

/// A handler of any type, called once.
class Completion {
 public:
  template <typename Handler>
  static Completion of(Handler handler) {
    return Completion(std::make_unique<Held<Handler>>(std::move(handler)));
  }
  void operator()(error_code error, std::size_t bytes) { Base::finish(std::move(held_), error, bytes); }

 private:
  struct Base {
    virtual ~Base() = default;
    /// The memory goes before the handler is called, which may begin the next operation.
    static void finish(std::unique_ptr<Base> held, error_code error, std::size_t bytes) {
      Base& whole = *held;
      whole.call(std::move(held), error, bytes);
    }
    virtual void call(std::unique_ptr<Base> self, error_code error, std::size_t bytes) = 0;
  };
  template <typename Handler>
  struct Held final : Base {
    explicit Held(Handler given) : handler(std::move(given)) {}
    void call(std::unique_ptr<Base> self, error_code error, std::size_t bytes) override {
      Handler last = std::move(handler);
      self.reset();
      last(error, bytes);
    }
    Handler handler;
  };
  explicit Completion(std::unique_ptr<Base> held) : held_(std::move(held)) {}

  std::unique_ptr<Base> held_;
};

/// What TLS reads from and writes to. Its operations are many types, of which the TCP stream sees one. They complete on the stream's
/// own executor, as all of a connection does.
class Below {
 public:
  using executor_type = beast::tcp_stream::executor_type;
  using lowest_layer_type = Below;

  explicit Below(beast::tcp_stream& tcp) : tcp_(tcp) {}
  executor_type get_executor() noexcept { return tcp_.get_executor(); }
  lowest_layer_type& lowest_layer() noexcept { return *this; }

  template <typename Handler>
  void async_read_some(const asio::mutable_buffer& bytes, Handler&& handler) {
    read(bytes, Completion::of(std::forward<Handler>(handler)));
  }
  template <typename Handler>
  void async_write_some(const asio::const_buffer& bytes, Handler&& handler) {
    write(bytes, Completion::of(std::forward<Handler>(handler)));
  }

 private:
  void read(asio::mutable_buffer bytes, Completion done) { tcp_.async_read_some(bytes, std::move(done)); }
  void write(asio::const_buffer bytes, Completion done) { tcp_.async_write_some(bytes, std::move(done)); }

  beast::tcp_stream& tcp_;
};

}  // namespace

struct SocketStream::Layers {
  explicit Layers(tcp::socket socket) : below(std::move(socket)) {}
  beast::tcp_stream below;
  std::optional<asio::ssl::stream<Below>> tls;
};

SocketStream::SocketStream(tcp::socket socket, asio::ssl::context* tls)
    : layers_(std::make_unique<Layers>(std::move(socket))) {
  if (tls) layers_->tls.emplace(Below(layers_->below), *tls);
}

SocketStream::~SocketStream() = default;

asio::any_io_executor SocketStream::executor() { return layers_->below.get_executor(); }

void SocketStream::expires_after(std::chrono::milliseconds time) { layers_->below.expires_after(time); }

void SocketStream::expires_at(std::chrono::steady_clock::time_point time) { layers_->below.expires_at(time); }

void SocketStream::expires_never() { layers_->below.expires_never(); }

void SocketStream::cancel() { layers_->below.cancel(); }

void SocketStream::close() { layers_->below.close(); }

bool SocketStream::gone() const noexcept {
  pollfd socket{layers_->below.socket().native_handle(), POLLRDHUP, 0};
  return ::poll(&socket, 1, 0) > 0;
}

asio::awaitable<bool> SocketStream::handshake() {
  if (!layers_->tls) co_return true;
  error_code error;
  co_await layers_->tls->async_handshake(asio::ssl::stream_base::server, into(error));
  co_return !error;
}

asio::awaitable<std::size_t> SocketStream::read_some(asio::mutable_buffer bytes, error_code& error) {
  if (layers_->tls) return layers_->tls->async_read_some(bytes, into(error));
  return layers_->below.async_read_some(bytes, into(error));
}

asio::awaitable<void> SocketStream::write(Buffers buffers, error_code& error) {
  if (!layers_->tls) {
    co_await asio::async_write(layers_->below, buffers, into(error));
    co_return;
  }
  std::string joined;
  if (asio::buffer_size(buffers) <= kJoinedBytes) {
    for (const asio::const_buffer& buffer : buffers) joined.append(static_cast<const char*>(buffer.data()), buffer.size());
    buffers = {asio::buffer(joined)};
  }
  error = {};
  for (const asio::const_buffer& buffer : buffers) {
    for (asio::const_buffer left = buffer; left.size() > 0 && !error;) {
      left += co_await layers_->tls->async_write_some(left, into(error));
    }
  }
}

asio::awaitable<void> SocketStream::shut_down(std::chrono::milliseconds most, error_code& error) {
  if (layers_->tls) {
    expires_after(most);
    co_await layers_->tls->async_shutdown(into(error));
  }
  layers_->below.socket().shutdown(tcp::socket::shutdown_send, error);
}

asio::awaitable<std::size_t> SocketStream::read_past_end(asio::mutable_buffer bytes, error_code& error) {
  return layers_->below.async_read_some(bytes, into(error));
}

}  // namespace logystera::server

#include "server/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <condition_variable>
#include <ctime>
#include <limits>
#include <list>
#include <memory>
#include <mutex>
#include <thread>

namespace logystera::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadBufferBytes = 128 * 1024;
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;  // of a refused body that are read and thrown away
constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after EMFILE and the like

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[40];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

Request request_of(http::request<http::string_body>&& message, std::string remote) {
  Request request;
  request.method = view(message.method_string());
  const std::string_view target = view(message.target());
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& field : message) request.headers.emplace_back(view(field.name_string()), view(field.value()));
  request.body = std::move(message.body());
  request.remote = std::move(remote);
  return request;
}

// What went wrong while reading a request, as the client is told; nothing to tell when it just went away.
std::optional<Answer> fault_answer(const error_code& error) {
  if (error == http::error::header_limit) return problem(431, "header_too_large", "the request's header is too large");
  if (error == http::error::body_limit) return problem(413, "too_large", "the body is larger than this route takes");
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return problem(400, "bad_request", "not a well-formed HTTP/1.1 request");
  }
  return std::nullopt;
}

struct Site {
  std::vector<Route> routes;
  std::optional<asio::ssl::context> tls;
};

/// What all connections share.
struct Shared {
  Limits limits;
  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<std::function<void()>> wake_idle;  // one for each open connection
};

/// A connection's entry among the open ones, for as long as it lives.
class Presence {
 public:
  Presence(std::shared_ptr<Shared> shared, std::function<void()> wake_idle) : shared_(std::move(shared)) {
    std::lock_guard lock(shared_->mutex);
    entry_ = shared_->wake_idle.insert(shared_->wake_idle.end(), std::move(wake_idle));
  }
  ~Presence() {
    std::lock_guard lock(shared_->mutex);
    shared_->wake_idle.erase(entry_);
    shared_->changed.notify_all();
  }
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

 private:
  std::shared_ptr<Shared> shared_;
  std::list<std::function<void()>>::iterator entry_;
};

template <typename Stream>
class Connection {
 public:
  Connection(Stream stream, std::shared_ptr<Shared> shared, std::shared_ptr<Site> site, std::string remote)
      : stream_(std::move(stream)), shared_(std::move(shared)), site_(std::move(site)), remote_(std::move(remote)) {}

  asio::awaitable<void> run();

  /// Ends the wait for a next request; a request being read or worked on goes on. On the connection's strand.
  void wake_if_idle() {
    if (idle_) beast::get_lowest_layer(stream_).cancel();
  }

  auto executor() { return stream_.get_executor(); }

 private:
  enum class Next { another, close };

  void allow(std::chrono::milliseconds time) { beast::get_lowest_layer(stream_).expires_after(time); }
  asio::awaitable<bool> handshake();
  asio::awaitable<bool> wait_for_request();
  asio::awaitable<Next> serve_one();
  const Route* route_for(const http::request_header<>& header, Answer& refusal) const;
  asio::awaitable<Answer> ask(const Route& route, Request request);
  asio::awaitable<bool> write(Answer answer, unsigned version, bool keep_alive);
  asio::awaitable<void> refuse(Answer answer);
  asio::awaitable<void> close(bool linger);

  Stream stream_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Site> site_;
  std::string remote_;
  beast::flat_buffer buffer_{kReadBufferBytes};
  bool idle_ = false;
};

template <typename Stream>
asio::awaitable<bool> Connection<Stream>::handshake() {
  if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
    error_code error;
    allow(shared_->limits.header);
    co_await stream_.async_handshake(asio::ssl::stream_base::server, asio::redirect_error(asio::use_awaitable, error));
    co_return !error;
  }
  co_return true;
}

template <typename Stream>
asio::awaitable<bool> Connection<Stream>::wait_for_request() {
  if (buffer_.size() > 0) co_return true;
  if (shared_->stopping) co_return false;
  constexpr std::size_t kFirstRead = 4096;
  error_code error;
  allow(shared_->limits.idle);
  idle_ = true;
  const std::size_t read =
      co_await stream_.async_read_some(buffer_.prepare(kFirstRead), asio::redirect_error(asio::use_awaitable, error));
  idle_ = false;
  buffer_.commit(read);
  co_return !error;
}

template <typename Stream>
asio::awaitable<void> Connection<Stream>::run() {
  const bool greeted = co_await handshake();
  if (!greeted) co_return;
  for (;;) {
    const bool requested = co_await wait_for_request();
    if (!requested) break;
    const Next next = co_await serve_one();
    if (next == Next::close) co_return;
  }
  co_await close(false);
}

template <typename Stream>
const Route* Connection<Stream>::route_for(const http::request_header<>& header, Answer& refusal) const {
  const std::string_view target = view(header.target());
  const std::string_view path = target.substr(0, target.find('?'));
  std::string allowed;
  for (const Route& route : site_->routes) {
    if (route.path != path) continue;
    if (route.method == view(header.method_string())) return &route;
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  if (allowed.empty()) {
    refusal = problem(404, "not_found", "there is nothing at this path");
  } else {
    refusal = problem(405, "method_not_allowed", fmt::format("this path takes {}", allowed));
    refusal.headers.emplace_back("Allow", allowed);
  }
  return nullptr;
}

template <typename Stream>
asio::awaitable<typename Connection<Stream>::Next> Connection<Stream>::serve_one() {
  const Limits& limits = shared_->limits;
  error_code error;
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  // The route decides, once it is known. A number and not "none", which Beast of Boost 1.74 takes for "no
  // body at all".
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  allow(limits.header);
  co_await http::async_read_header(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    if (auto answer = fault_answer(error)) co_await refuse(std::move(*answer));
    co_return Next::close;
  }
  Answer refusal;
  const Route* route = route_for(parser.get().base(), refusal);
  if (route && parser.content_length() && *parser.content_length() > route->body_bytes) {
    refusal = problem(413, "too_large", fmt::format("the body may have {} bytes as sent", route->body_bytes));
    route = nullptr;
  }
  if (!route) {
    co_await refuse(std::move(refusal));
    co_return Next::close;
  }
  parser.body_limit(route->body_bytes);
  allow(limits.body);
  if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
    http::response<http::empty_body> go_on(http::status::continue_, parser.get().version());
    co_await http::async_write(stream_, go_on, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return Next::close;
  }
  co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    if (auto answer = fault_answer(error)) co_await refuse(std::move(*answer));
    co_return Next::close;
  }
  const bool keep_alive = parser.get().keep_alive();
  const unsigned version = parser.get().version();
  Answer answer = co_await ask(*route, request_of(parser.release(), remote_));
  const bool usable = co_await write(std::move(answer), version, keep_alive && !shared_->stopping);
  if (usable) co_return Next::another;
  co_await close(false);
  co_return Next::close;
}

template <typename Stream>
asio::awaitable<Answer> Connection<Stream>::ask(const Route& route, Request request) {
  auto executor = co_await asio::this_coro::executor;
  // The stream's clock must not run while the work is done elsewhere.
  beast::get_lowest_layer(stream_).expires_never();
  Answer answer;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto resume) {
        auto waiting = std::make_shared<decltype(resume)>(std::move(resume));
        route.handler(std::move(request), [&answer, waiting, executor](Answer given) {
          asio::post(executor, [&answer, waiting, given = std::move(given)]() mutable {
            answer = std::move(given);
            (*waiting)();
          });
        });
      },
      asio::use_awaitable);
  co_return answer;
}

template <typename Stream>
asio::awaitable<bool> Connection<Stream>::write(Answer answer, unsigned version, bool keep_alive) {
  http::response<http::string_body> message(static_cast<http::status>(answer.status), version);
  message.set(http::field::date, http_date());
  message.set(http::field::content_type, answer.content_type);
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.headers) message.set(name, value);
  message.keep_alive(keep_alive);
  message.body() = std::move(answer.body);
  message.prepare_payload();
  error_code error;
  allow(shared_->limits.answer);
  co_await http::async_write(stream_, message, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && keep_alive;
}

template <typename Stream>
asio::awaitable<void> Connection<Stream>::refuse(Answer answer) {
  co_await write(std::move(answer), 11, false);
  co_await close(true);
}

// A refused body may still be on its way. Closing at once would make the kernel answer it with a reset, which
// can overtake and destroy our answer; so the rest is read and thrown away, up to a bound.
template <typename Stream>
asio::awaitable<void> Connection<Stream>::close(bool linger) {
  error_code error;
  if constexpr (!std::is_same_v<Stream, beast::tcp_stream>) {
    allow(kLingerTime);
    co_await stream_.async_shutdown(asio::redirect_error(asio::use_awaitable, error));
  }
  auto& socket = beast::get_lowest_layer(stream_);
  socket.socket().shutdown(tcp::socket::shutdown_send, error);
  if (!linger) co_return;
  allow(kLingerTime);
  std::size_t thrown_away = 0;
  buffer_.clear();
  while (thrown_away < kLingerBytes && !error) {
    thrown_away += co_await socket.async_read_some(buffer_.prepare(kReadBufferBytes),
                                                   asio::redirect_error(asio::use_awaitable, error));
  }
}

template <typename Stream>
void open_connection(Stream stream, const std::shared_ptr<Shared>& shared, const std::shared_ptr<Site>& site,
                     std::string remote) {
  auto connection = std::make_shared<Connection<Stream>>(std::move(stream), shared, site, std::move(remote));
  auto executor = connection->executor();
  std::weak_ptr<Connection<Stream>> weak = connection;
  auto presence = std::make_shared<Presence>(shared, [weak, executor] {
    asio::post(executor, [weak] {
      if (auto alive = weak.lock()) alive->wake_if_idle();
    });
  });
  asio::co_spawn(
      executor, [connection]() { return connection->run(); },
      [connection, presence](std::exception_ptr) mutable {
        // Whatever ended it, the connection ends with it and nobody else is touched.
        connection.reset();
        presence.reset();
      });
}

void turn_away(tcp::socket socket) {
  static constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(kFull), ignored);
}

asio::awaitable<void> accept_all(std::shared_ptr<tcp::acceptor> acceptor, asio::io_context& context,
                                 std::shared_ptr<Shared> shared, std::shared_ptr<Site> site) {
  while (!shared->stopping) {
    error_code error;
    tcp::socket socket(asio::make_strand(context));
    co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (shared->stopping) co_return;
    if (error) {
      asio::steady_timer pause(context, kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    std::size_t open;
    {
      std::lock_guard lock(shared->mutex);
      open = shared->wake_idle.size();
    }
    if (open >= shared->limits.connections) {
      turn_away(std::move(socket));
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    const auto peer = socket.remote_endpoint(error);
    std::string remote = error ? std::string() : peer.address().to_string();
    if (site->tls) {
      open_connection(beast::ssl_stream<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), *site->tls), shared, site,
                      std::move(remote));
    } else {
      open_connection(beast::tcp_stream(std::move(socket)), shared, site, std::move(remote));
    }
  }
}

Result<Done> load(asio::ssl::context& context, const TlsFiles& files) {
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                          asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1,
                      error);
  context.use_certificate_chain_file(files.certificate, error);
  if (error) {
    return Error{
        fmt::format("--tls-cert {}: {}: it must be a readable PEM certificate chain", files.certificate, error.message())};
  }
  context.use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) {
    return Error{
        fmt::format("--tls-key {}: {}: it must be the certificate's own readable PEM key", files.key, error.message())};
  }
  return Done{};
}

class BeastServer final : public Server {
 public:
  explicit BeastServer(Limits limits) : shared_(std::make_shared<Shared>()) { shared_->limits = limits; }
  ~BeastServer() override { stop(); }

  Result<Done> listen(Listener listener);
  void run();

  const std::vector<std::string>& urls() const noexcept override { return urls_; }
  void stop() noexcept override;

 private:
  std::shared_ptr<Shared> shared_;
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> busy_ = asio::make_work_guard(context_);
  std::vector<std::pair<std::shared_ptr<tcp::acceptor>, std::shared_ptr<Site>>> acceptors_;
  std::vector<std::string> urls_;
  std::vector<std::thread> threads_;
};

Result<Done> BeastServer::listen(Listener listener) {
  error_code error;
  const auto address = asio::ip::make_address(listener.host, error);
  if (error) return Error{fmt::format("{}: not an IP address: write 127.0.0.1, ::1, 0.0.0.0 or the like", listener.host)};
  auto site = std::make_shared<Site>();
  if (!listener.tls.certificate.empty()) {
    site->tls.emplace(asio::ssl::context::tls_server);
    if (auto loaded = load(*site->tls, listener.tls); !loaded) return loaded.error();
  }
  const tcp::endpoint endpoint(address, listener.port);
  auto acceptor = std::make_shared<tcp::acceptor>(asio::make_strand(context_));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return Error{fmt::format("cannot listen on {} port {}: {}: choose another with --host and --port", listener.host,
                             listener.port, error.message())};
  }
  const auto taken = acceptor->local_endpoint(error);
  urls_.push_back(fmt::format(fmt::runtime(address.is_v6() ? "{}://[{}]:{}" : "{}://{}:{}"), site->tls ? "https" : "http",
                              address.to_string(), taken.port()));
  site->routes = std::move(listener.routes);
  acceptors_.emplace_back(std::move(acceptor), std::move(site));
  return Done{};
}

void BeastServer::run() {
  for (auto& [acceptor, site] : acceptors_) {
    asio::co_spawn(acceptor->get_executor(), accept_all(acceptor, context_, shared_, site), asio::detached);
  }
  unsigned count = shared_->limits.threads;
  if (count == 0) count = std::max(2u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { context_.run(); });
}

void BeastServer::stop() noexcept {
  if (threads_.empty()) return;
  shared_->stopping = true;
  for (auto& [acceptor, site] : acceptors_) {
    asio::post(acceptor->get_executor(), [kept = acceptor] {
      error_code ignored;
      kept->close(ignored);
    });
  }
  {
    std::unique_lock lock(shared_->mutex);
    for (const auto& wake : shared_->wake_idle) wake();
    shared_->changed.wait_for(lock, shared_->limits.grace, [&] { return shared_->wake_idle.empty(); });
  }
  context_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::vector<Listener> listeners, Limits limits) try {
  auto server = std::make_unique<BeastServer>(limits);
  for (Listener& listener : listeners) {
    if (auto listening = server->listen(std::move(listener)); !listening) return listening.error();
  }
  server->run();
  return std::unique_ptr<Server>(std::move(server));
} catch (const std::exception& problem) {
  return Error{fmt::format("cannot start the server: {}", problem.what())};
}

Result<bool> is_loopback(const std::string& host) {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return Error{fmt::format("{}: not an IP address: write 127.0.0.1, ::1, 0.0.0.0 or the like", host)};
  return address.is_loopback();
}

}  // namespace logystera::server

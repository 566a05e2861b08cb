#include "server/http.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <exception>
#include <memory>
#include <set>
#include <thread>
#include <utility>

#include "server/address.hpp"
#include "server/asio.hpp"
#include "server/connection.hpp"
#include "server/server_state.hpp"
#include "server/tls.hpp"

namespace logystera::server {
namespace {

constexpr auto kAcceptPause = std::chrono::milliseconds(100);  // after EMFILE and the like

void turn_away(tcp::socket socket, bool tls) {
  if (tls) return;  // what is said before the handshake nobody hears
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
    co_await acceptor->async_accept(socket, into(error));
    if (shared->stopping) co_return;
    if (error == asio::error::connection_aborted) continue;  // he has gone already
    if (error) {
      const bool descriptors =
          error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system;
      // A seat given up gives a descriptor back; whoever waits to be taken is taken after the pause.
      if (descriptors) shared->seats.displace_one();
      shared->notices.note(descriptors ? Notices::Kind::descriptors : Notices::Kind::accept_failed, error.message());
      asio::steady_timer pause(context, kAcceptPause);
      co_await pause.async_wait(into(error));
      continue;
    }
    const auto peer = socket.remote_endpoint(error);
    std::string remote = error ? std::string() : peer.address().to_string();
    Seats::Taken taken = shared->seats.take(address_key(remote));
    if (taken.displaced) shared->notices.note(Notices::Kind::displaced, "for " + remote);
    if (!taken.seat) {
      const bool full = taken.refusal == Seats::Refusal::full;
      shared->notices.note(full ? Notices::Kind::full : Notices::Kind::address_full, remote);
      turn_away(std::move(socket), site->tls != nullptr);
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    open_connection(std::move(socket), shared, site, taken.seat, std::move(remote));
  }
}

asio::awaitable<void> say_what_was_refused(asio::io_context& context, std::shared_ptr<Shared> shared) {
  asio::steady_timer minute(context);
  while (!shared->stopping) {
    error_code error;
    minute.expires_after(Notices::kInterval);
    co_await minute.async_wait(into(error));
    shared->notices.flush();
  }
}

class BeastServer final : public Server {
 public:
  BeastServer(Limits limits, Log log) : shared_(std::make_shared<Shared>(limits, std::move(log))) {}
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
  std::set<std::shared_ptr<Workers>> workers_;
  std::vector<std::string> urls_;
  std::vector<std::thread> threads_;
};

Result<Done> BeastServer::listen(Listener listener) {
  error_code error;
  const auto address = asio::ip::make_address(listener.host, error);
  if (error)
    return Error{fmt::format("{}: not an IP address: write 127.0.0.1, ::1, 0.0.0.0 or the like", listener.host),
                 ErrorKind::invalid};
  auto router = Router::make(std::move(listener.routes));
  if (!router) return router.error();
  auto site = std::make_shared<Site>(std::move(router).value());
  site->admit = std::move(listener.admit);
  site->authorize = std::move(listener.authorize);
  site->refused = std::move(listener.refused);
  for (const Route& route : site->router.routes()) {
    if (!route.role.empty() && !site->authorize) {
      return Error{
          fmt::format("route {} {}: it is for {}, and nobody can say who that is", route.method, route.path, route.role)};
    }
    if (route.workers) workers_.insert(route.workers);
  }
  if (!listener.tls.certificate.empty()) {
    auto tls = tls_context(listener.tls);
    if (!tls) return tls.error();
    site->tls = std::move(tls).value();
  }
  const tcp::endpoint endpoint(address, listener.port);
  auto acceptor = std::make_shared<tcp::acceptor>(asio::make_strand(context_));
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(tcp::acceptor::max_listen_connections, error);
  if (error) {
    return Error{fmt::format("cannot listen on {} port {}: {}: choose another address or port", listener.host,
                             listener.port, error.message())};
  }
  const auto taken = acceptor->local_endpoint(error);
  urls_.push_back(fmt::format(fmt::runtime(address.is_v6() ? "{}://[{}]:{}" : "{}://{}:{}"), site->tls ? "https" : "http",
                              address.to_string(), taken.port()));
  acceptors_.emplace_back(std::move(acceptor), std::move(site));
  return Done{};
}

void BeastServer::run() {
  for (auto& [acceptor, site] : acceptors_) {
    begin(acceptor->get_executor(),
          [this, taken = acceptor, of = site] { return accept_all(taken, context_, shared_, of); });
  }
  begin(context_.get_executor(), [this] { return say_what_was_refused(context_, shared_); });
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
  shared_->seats.wake_all();
  for (const auto& workers : workers_) workers->stop();
  shared_->seats.wait_until_empty(shared_->limits.grace);
  context_.stop();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  shared_->ended = true;
  for (const auto& workers : workers_) workers->join();
  shared_->notices.flush();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(std::vector<Listener> listeners, Limits limits, Log log) try {
  auto server = std::make_unique<BeastServer>(limits, std::move(log));
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
  if (error)
    return Error{fmt::format("{}: not an IP address: write 127.0.0.1, ::1, 0.0.0.0 or the like", host), ErrorKind::invalid};
  return address.is_loopback();
}

}  // namespace logystera::server

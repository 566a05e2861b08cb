#include "server/connection.hpp"

#include <fmt/core.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/read_size.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "server/answer_writer.hpp"
#include "server/framing.hpp"
#include "server/on_workers.hpp"
#include "server/router.hpp"
#include "server/socket_stream.hpp"

namespace logystera::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kReadBufferBytes = 128 * 1024;
constexpr std::size_t kHeaderRead = 4096;
constexpr std::size_t kMostRead = 64 * 1024;    // of a body, at once
constexpr std::size_t kPieceBytes = 64 * 1024;  // of a body that is taken in pieces
constexpr std::string_view kHeaderEnd = "\r\n\r\n";
constexpr std::size_t kLingerBytes = 16 * 1024 * 1024;  // of a refused body that are read and thrown away
constexpr auto kLingerTime = std::chrono::seconds(2);

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

// Made of the header before the body is read: a chunked body ends in fields of its own, which are the client's and must not pass for
// what a proxy in front has added.
Request request_of(const http::request_header<>& header, std::string remote) {
  Request request;
  request.method = view(header.method_string());
  const std::string_view target = origin_form(view(header.target()));
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& field : header) request.headers.emplace_back(view(field.name_string()), view(field.value()));
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

class Connection {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Shared> shared, std::shared_ptr<Site> site,
             std::shared_ptr<Seats::Seat> seat, std::string remote)
      : stream_(std::move(socket), site->tls.get()),
        shared_(std::move(shared)),
        site_(std::move(site)),
        seat_(std::move(seat)),
        remote_(std::move(remote)) {}

  asio::awaitable<void> run();

  /// The server ends: so does the wait for a next request, or a stream; a request being read or worked on goes on. On the
  /// connection's strand.
  void wake_if_idle() {
    if (idle_) stream_.cancel();
    writer_.stop_streaming();
  }

  /// Ends the connection at once: its seat is somebody else's now. On the connection's strand.
  void leave() { stream_.close(); }

  asio::any_io_executor executor() { return stream_.executor(); }

 private:
  enum class Next { another, close };
  enum class Until { header, end };

  void allow(std::chrono::milliseconds time) { stream_.expires_after(time); }
  asio::awaitable<bool> wait_for_request(bool first);
  asio::awaitable<bool> read_header(Answer& refusal);
  asio::awaitable<error_code> read_into(http::basic_parser<true>& parser, Until until);
  asio::awaitable<Next> serve_one();
  template <typename Parser>
  const Route* route_for(Request& request, const Parser& parser, bool& waits, Answer& refusal) const;
  asio::awaitable<Answer> answer_of(const Route& route, Request request);
  void reword(const Request& request, Answer& answer) const;
  template <typename Parser>
  asio::awaitable<bool> read_body(Parser& parser, Answer& refusal);
  template <typename Parser>
  asio::awaitable<bool> hand_over_body(Parser& parser, const Route& route, Request request, Answer& answer, bool& whole);
  asio::awaitable<void> refuse(Answer answer);
  asio::awaitable<void> close(bool linger);

  SocketStream stream_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Site> site_;
  std::shared_ptr<Seats::Seat> seat_;
  std::string remote_;
  AnswerWriter writer_{stream_, shared_};
  beast::flat_buffer buffer_{kReadBufferBytes};
  bool idle_ = false;
};

asio::awaitable<bool> Connection::wait_for_request(bool first) {
  if (buffer_.size() > 0) co_return seat_->enter(Seats::State::asking);
  if (shared_->stopping) co_return false;
  if (!seat_->enter(first ? Seats::State::asking : Seats::State::answered)) co_return false;
  error_code error;
  allow(first ? shared_->limits.first : shared_->limits.idle);
  idle_ = true;
  const std::size_t read = co_await stream_.read_some(buffer_.prepare(kHeaderRead), error);
  idle_ = false;
  buffer_.commit(read);
  co_return !error && seat_->enter(Seats::State::asking);
}

asio::awaitable<void> Connection::run() {
  allow(shared_->limits.header);
  const bool greeted = co_await stream_.handshake();
  if (!greeted) co_return;
  for (bool first = true;; first = false) {
    const bool requested = co_await wait_for_request(first);
    if (!requested) break;
    const Next next = co_await serve_one();
    if (next == Next::close) co_return;
  }
  co_await close(false);
}

// The route, with the request's parameters, if the header alone lets it pass; `waits`: the client sends no body before it is told to.
template <typename Parser>
const Route* Connection::route_for(Request& request, const Parser& parser, bool& waits, Answer& refusal) const {
  Router::Found found = site_->router.find(request.method, request.path);
  if (!found.route) {
    refusal = std::move(found.answer);
    return nullptr;
  }
  request.parameters = std::move(found.parameters);
  if (found.route->workers) request.stopping = found.route->workers->stopping();
  if (parser.content_length() && *parser.content_length() > found.route->body_bytes) {
    refusal = problem(413, "too_large", fmt::format("the body may have {} bytes as sent", found.route->body_bytes));
    return nullptr;
  }
  const auto expected = parser.get()[http::field::expect];
  waits = beast::iequals(expected, "100-continue");
  if (!expected.empty() && !waits) {
    refusal = problem(417, "expectation_failed", "Expect may be 100-continue and nothing else");
    return nullptr;
  }
  return found.route;
}

// Has the whole header in the buffer and looks at its bytes, before anything else does. False: `refusal` is the answer, or, with
// status 0, there is nobody to answer.
asio::awaitable<bool> Connection::read_header(Answer& refusal) {
  const Limits& limits = shared_->limits;
  allow(limits.header);
  refusal.status = 0;
  std::size_t end = std::string_view::npos;
  for (;;) {
    std::string_view received(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    buffer_.consume(blank_lines(received));
    received = {static_cast<const char*>(buffer_.data().data()), buffer_.size()};
    end = received.find(kHeaderEnd);
    if (end != std::string_view::npos) break;
    if (auto fault = early_fault(received.substr(0, limits.header_bytes))) {
      refusal = std::move(*fault);
      co_return false;
    }
    if (received.size() >= limits.header_bytes) break;
    error_code error;
    const std::size_t read = co_await stream_.read_some(buffer_.prepare(kHeaderRead), error);
    buffer_.commit(read);
    if (error) co_return false;
  }
  if (end == std::string_view::npos || end + kHeaderEnd.size() > limits.header_bytes) {
    refusal = problem(431, "header_too_large", "the request's header is too large");
    co_return false;
  }
  const std::string_view header(static_cast<const char*>(buffer_.data().data()), end + kHeaderEnd.size());
  if (auto fault = header_fault(header)) {
    refusal = std::move(*fault);
    co_return false;
  }
  co_return true;
}

// Reads into the parser as Beast's own operations do (http::async_read), which would be made anew for each kind of body.
asio::awaitable<error_code> Connection::read_into(http::basic_parser<true>& parser, Until until) {
  parser.eager(until == Until::end);
  const auto done = [&] { return until == Until::end ? parser.is_done() : parser.is_header_done(); };
  error_code error;
  while (!error && !done()) {
    if (buffer_.size() > 0) {
      buffer_.consume(parser.put(buffer_.data(), error));
      if (error != http::error::need_more) continue;
    }
    const std::size_t room = beast::read_size(buffer_, kMostRead);
    if (room == 0) co_return http::make_error_code(http::error::buffer_overflow);
    const std::size_t read = co_await stream_.read_some(buffer_.prepare(room), error);
    buffer_.commit(read);
    if (error != asio::error::eof) continue;
    if (parser.got_some()) {
      error = {};
      parser.put_eof(error);
    } else {
      error = http::error::end_of_stream;
    }
  }
  co_return error;
}

asio::awaitable<Connection::Next> Connection::serve_one() {
  const Limits& limits = shared_->limits;
  error_code error;
  Answer refusal;
  writer_.header_alone(false);  // until the method is known
  const bool sound = co_await read_header(refusal);
  if (!sound) {
    if (refusal.status == 0) co_return Next::close;
    shared_->notices.note(Notices::Kind::refused_header, remote_);
    co_await refuse(std::move(refusal));
    co_return Next::close;
  }
  http::request_parser<http::empty_body> head;
  head.header_limit(static_cast<std::uint32_t>(limits.header_bytes));
  // The route decides, once it is known. A number and not "none", which Beast of Boost 1.74 takes for "no
  // body at all".
  head.body_limit(std::numeric_limits<std::uint64_t>::max());
  error = co_await read_into(head, Until::header);
  if (error) {
    if (auto answer = fault_answer(error)) co_await refuse(std::move(*answer));
    co_return Next::close;
  }
  Request request = request_of(head.get().base(), remote_);
  const unsigned version = head.get().version();
  const bool keep_alive = head.get().keep_alive();
  const bool is_head = request.method == "HEAD";
  writer_.header_alone(is_head);
  bool waits = false;
  const Route* route = route_for(request, head, waits, refusal);
  if (site_->admit && !(route && route->any_host)) {
    if (auto misdirected = site_->admit(request)) {
      refusal = std::move(*misdirected);
      route = nullptr;
    }
  }
  if (!route) reword(request, refusal);
  if (route && !route->role.empty()) {
    if (!seat_->enter(Seats::State::busy)) co_return Next::close;
    auto asked = on_workers(stream_, shared_, *route, true, [&](const Reply& reply) {
      reply(site_->authorize(request, route->role).value_or(no_answer()));
    });
    refusal = co_await std::move(asked);
    if (refusal.lost) reword(request, refusal);
  } else if (route) {
    refusal = no_answer();
  }
  if (refusal.status != 0 && route && head.is_done()) {  // there is no body that would be taken for the next request
    const bool usable = co_await writer_.write(route, std::move(refusal), version, keep_alive && !shared_->stopping);
    if (usable) co_return Next::another;
    co_await close(false);
    co_return Next::close;
  }
  if (refusal.status != 0) {
    co_await refuse(std::move(refusal));
    co_return Next::close;
  }
  head.body_limit(route->body_bytes);
  allow(limits.body);
  if (!seat_->enter(Seats::State::body)) co_return Next::close;
  if (waits && version >= 11) {
    const bool told = co_await writer_.go_on(version);
    if (!told) co_return Next::close;
  }
  Answer answer;
  bool whole = true;
  if (route->receiver) {
    http::request_parser<http::buffer_body> parser(std::move(head));
    const bool taken = co_await hand_over_body(parser, *route, std::move(request), answer, whole);
    if (!taken) co_return Next::close;
    if (answer.lost) reword(request_of(parser.get().base(), remote_), answer);
  } else {
    http::request_parser<http::string_body> parser(std::move(head));
    const bool read = co_await read_body(parser, refusal);
    if (!read) {
      reword(request, refusal);
      if (refusal.status != 0) co_await refuse(std::move(refusal));
      co_return Next::close;
    }
    if (!seat_->enter(Seats::State::busy)) co_return Next::close;
    request.body = std::move(parser.get().body());
    answer = co_await answer_of(*route, std::move(request));
    if (answer.lost) reword(request_of(parser.get().base(), remote_), answer);
  }
  if (answer.to_proven) seat_->prove();
  if (!whole) {  // what is left of the body would be taken for the next request
    co_await refuse(std::move(answer));
    co_return Next::close;
  }
  const bool usable = co_await writer_.write(route, std::move(answer), version, keep_alive && !shared_->stopping);
  if (usable) co_return Next::another;
  co_await close(false);
  co_return Next::close;
}

asio::awaitable<Answer> Connection::answer_of(const Route& route, Request request) {
  // Shared, since what waits in a queue is copied.
  auto asked = std::make_shared<Request>(std::move(request));
  return on_workers(stream_, shared_, route, true,
                    [asked, &route](const Reply& reply) { route.handler(std::move(*asked), reply); });
}

void Connection::reword(const Request& request, Answer& answer) const {
  if (site_->refused && answer.status >= 400) answer = site_->refused(request, std::move(answer));
}

template <typename Parser>
asio::awaitable<bool> Connection::read_body(Parser& parser, Answer& refusal) {
  const error_code error = co_await read_into(parser, Until::end);
  refusal = no_answer();
  if (!error) co_return true;
  if (auto answer = fault_answer(error)) refusal = std::move(*answer);
  co_return false;
}

// Hands the body to the route's reader, piece by piece: the next is read once the one before was taken. False: the connection is done
// with. `whole`: all of it was read.
template <typename Parser>
asio::awaitable<bool> Connection::hand_over_body(Parser& parser, const Route& route, Request request, Answer& answer,
                                                 bool& whole) {
  // A job that ends the reader where readers run, whichever way this is left.
  struct Reading {
    std::unique_ptr<BodyReader> reader;
    std::shared_ptr<Workers> workers;
    ~Reading() {
      if (reader && workers) workers->resume([last = std::shared_ptr<BodyReader>(std::move(reader))] {});
    }
  };
  const auto reading = std::make_shared<Reading>();
  reading->workers = route.workers;
  const auto asked = std::make_shared<Request>(std::move(request));
  const auto begun = std::chrono::steady_clock::now();
  auto beginning = on_workers(stream_, shared_, route, true, [reading, asked, &route](const Reply& reply) {
    reading->reader = route.receiver(std::move(*asked));
    reply(reading->reader ? no_answer() : lost_answer(false));
  });
  answer = co_await std::move(beginning);
  std::string piece(kPieceBytes, '\0');
  std::size_t received = 0;
  bool wanted = true;
  whole = parser.is_done();
  while (answer.status == 0 && wanted && !whole) {
    if (!seat_->enter(Seats::State::body)) co_return false;
    const std::chrono::seconds more(received / Limits::kSlowestBodyBytesPerSecond);
    stream_.expires_at(begun + shared_->limits.body + more);
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error_code error = co_await read_into(parser, Until::end);
    if (error == http::error::need_buffer) error = {};
    if (error) {
      if (auto fault = fault_answer(error)) co_await refuse(std::move(*fault));
      co_return false;
    }
    const std::size_t bytes = piece.size() - parser.get().body().size;
    received += bytes;
    whole = parser.is_done();
    if (bytes == 0) continue;
    if (!seat_->enter(Seats::State::busy)) co_return false;
    auto taking = on_workers(stream_, shared_, route, false, [reading, &piece, bytes, &wanted](const Reply& reply) {
      wanted = reading->reader->take(std::string_view(piece).substr(0, bytes));
      reply(no_answer());
    });
    answer = co_await std::move(taking);
  }
  if (answer.status == 0) {
    if (!seat_->enter(Seats::State::busy)) co_return false;
    const bool all = whole && wanted;
    auto finishing = on_workers(stream_, shared_, route, false,
                                [reading, all](const Reply& reply) { reading->reader->finish(all, reply); });
    answer = co_await std::move(finishing);
  }
  co_return true;
}

asio::awaitable<void> Connection::refuse(Answer answer) {
  if (!seat_->enter(Seats::State::leaving)) co_return;
  co_await writer_.write(nullptr, std::move(answer), 11, false);
  co_await close(true);
}

// A refused body may still be on its way. Closing at once would make the kernel answer it with a reset, which
// can overtake and destroy our answer; so the rest is read and thrown away, up to a bound.
asio::awaitable<void> Connection::close(bool linger) {
  error_code error;
  co_await stream_.shut_down(kLingerTime, error);
  if (!linger) co_return;
  allow(kLingerTime);
  std::size_t thrown_away = 0;
  buffer_.clear();
  while (thrown_away < kLingerBytes && !error) {
    thrown_away += co_await stream_.read_past_end(buffer_.prepare(kReadBufferBytes), error);
  }
}

}  // namespace

void open_connection(tcp::socket socket, const std::shared_ptr<Shared>& shared, const std::shared_ptr<Site>& site,
                     const std::shared_ptr<Seats::Seat>& seat, std::string remote) {
  auto connection = std::make_shared<Connection>(std::move(socket), shared, site, seat, std::move(remote));
  auto executor = connection->executor();
  std::weak_ptr<Connection> weak = connection;
  const auto tell = [weak, executor](void (Connection::*what)()) {
    return [weak, executor, what] {
      asio::post(executor, [weak, what] {
        if (auto alive = weak.lock()) (alive.get()->*what)();
      });
    };
  };
  seat->on(tell(&Connection::leave), tell(&Connection::wake_if_idle));
  begin(executor, [connection] { return connection->run(); });
}

void begin(const asio::any_io_executor& executor, std::function<asio::awaitable<void>()> coroutine) {
  asio::co_spawn(executor, std::move(coroutine), asio::detached);
}

}  // namespace logystera::server

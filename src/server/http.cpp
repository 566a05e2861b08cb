#include "server/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <ctime>
#include <limits>
#include <memory>
#include <set>
#include <thread>

#include "server/address.hpp"
#include "server/framing.hpp"
#include "server/notices.hpp"
#include "server/seats.hpp"
#include "server/stream.hpp"

namespace logystera::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadBufferBytes = 128 * 1024;
constexpr std::size_t kHeaderRead = 4096;
constexpr std::size_t kPieceBytes = 64 * 1024;  // of a body that is taken in pieces
constexpr std::string_view kHeaderEnd = "\r\n\r\n";
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

struct Site {
  explicit Site(Router given) : router(std::move(given)) {}

  Router router;
  decltype(Listener::authorize) authorize;
  std::optional<asio::ssl::context> tls;
};

/// What all connections share.
struct Shared {
  Shared(Limits given, Server::Log log)
      : limits(given),
        seats({given.connections, given.connections_per_address, given.reserve()}),
        notices(std::move(log)) {}

  const Limits limits;
  std::atomic<bool> stopping = false;
  std::atomic<bool> ended = false;  // no thread is left to send anything
  std::atomic<std::size_t> streams = 0;
  Seats seats;
  Notices notices;
};

// What a client is told when nobody has answered it.
Answer lost_answer(bool stopping) {
  if (!stopping) return problem(500, "internal_error", "something went wrong here; the operator finds it in the log");
  Answer answer = problem(503, "stopping", "this server is being stopped: send it again in a moment");
  answer.headers.emplace_back("Retry-After", "5");
  return answer;
}

/// A request's answer on its way from a handler to its connection, once.
template <typename Resume>
class Pending {
 public:
  Pending(Resume resume, Answer& answer, asio::any_io_executor executor, std::shared_ptr<Shared> shared)
      : resume_(std::move(resume)), answer_(answer), executor_(std::move(executor)), shared_(std::move(shared)) {}
  ~Pending() {
    if (given_ || shared_->ended) return;
    if (!shared_->stopping) shared_->notices.note(Notices::Kind::failed, "one went without an answer");
    give(lost_answer(shared_->stopping));
  }

  void give(Answer answer) {
    if (given_.exchange(true)) return;
    asio::post(executor_, [resume = std::move(resume_), into = &answer_, answer = std::move(answer)]() mutable {
      *into = std::move(answer);
      resume();
    });
  }

 private:
  Resume resume_;
  Answer& answer_;
  asio::any_io_executor executor_;
  std::shared_ptr<Shared> shared_;
  std::atomic<bool> given_ = false;
};

/// Has one of the streams there may be, or none.
class StreamPlace {
 public:
  explicit StreamPlace(Shared& shared) : shared_(shared), taken_(shared.streams.fetch_add(1) < shared.limits.streams()) {
    if (!taken_) --shared_.streams;
  }
  ~StreamPlace() {
    if (taken_) --shared_.streams;
  }
  StreamPlace(const StreamPlace&) = delete;
  StreamPlace& operator=(const StreamPlace&) = delete;
  explicit operator bool() const noexcept { return taken_; }

 private:
  Shared& shared_;
  bool taken_;
};

template <typename Stream>
class Connection {
 public:
  Connection(Stream stream, std::shared_ptr<Shared> shared, std::shared_ptr<Site> site, std::shared_ptr<Seats::Seat> seat,
             std::string remote)
      : stream_(std::move(stream)),
        shared_(std::move(shared)),
        site_(std::move(site)),
        seat_(std::move(seat)),
        remote_(std::move(remote)) {}

  asio::awaitable<void> run();

  /// The server ends: so does the wait for a next request, or a stream; a request being read or worked on goes on. On the
  /// connection's strand.
  void wake_if_idle() {
    if (idle_) beast::get_lowest_layer(stream_).cancel();
    if (streaming_) leave();
    if (const auto pipe = pipe_.lock()) pipe->give_up();
  }

  /// Ends the connection at once: its seat is somebody else's now. On the connection's strand.
  void leave() { beast::get_lowest_layer(stream_).close(); }

  auto executor() { return stream_.get_executor(); }

 private:
  enum class Next { another, close };

  void allow(std::chrono::milliseconds time) { beast::get_lowest_layer(stream_).expires_after(time); }
  asio::awaitable<bool> handshake();
  asio::awaitable<bool> wait_for_request(bool first);
  asio::awaitable<bool> read_header(Answer& refusal);
  asio::awaitable<Next> serve_one();
  template <typename Parser>
  const Route* route_for(Request& request, const Parser& parser, bool& waits, Answer& refusal) const;
  asio::awaitable<Answer> on_workers(const Route& route, bool admitted, std::function<void(const Reply&)> work);
  asio::awaitable<Answer> answer_of(const Route& route, Request request);
  template <typename Parser>
  asio::awaitable<bool> read_body(Parser& parser, Answer& refusal);
  template <typename Parser>
  asio::awaitable<bool> hand_over_body(Parser& parser, const Route& route, Request request, Answer& answer, bool& whole);
  asio::awaitable<bool> write(const Route* route, Answer answer, unsigned version, bool keep_alive);
  asio::awaitable<bool> write_pieces(const Route& route, Streamed streamed, bool chunked);
  asio::awaitable<bool> write_as_it_comes(const Route& route, Streamed streamed, bool chunked);
  asio::awaitable<bool> write_piece(std::string_view piece, bool chunked);
  asio::awaitable<void> refuse(Answer answer);
  asio::awaitable<void> close(bool linger);

  Stream stream_;
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Site> site_;
  std::shared_ptr<Seats::Seat> seat_;
  std::string remote_;
  beast::flat_buffer buffer_{kReadBufferBytes};
  std::weak_ptr<Pipe> pipe_;  // of the stream that is being written
  bool idle_ = false;
  bool streaming_ = false;
  bool is_head_ = false;  // of the request at hand
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
asio::awaitable<bool> Connection<Stream>::wait_for_request(bool first) {
  if (buffer_.size() > 0) co_return seat_->enter(Seats::State::asking);
  if (shared_->stopping) co_return false;
  if (!seat_->enter(first ? Seats::State::asking : Seats::State::answered)) co_return false;
  error_code error;
  allow(first ? shared_->limits.first : shared_->limits.idle);
  idle_ = true;
  const std::size_t read =
      co_await stream_.async_read_some(buffer_.prepare(kHeaderRead), asio::redirect_error(asio::use_awaitable, error));
  idle_ = false;
  buffer_.commit(read);
  co_return !error && seat_->enter(Seats::State::asking);
}

template <typename Stream>
asio::awaitable<void> Connection<Stream>::run() {
  const bool greeted = co_await handshake();
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
template <typename Stream>
template <typename Parser>
const Route* Connection<Stream>::route_for(Request& request, const Parser& parser, bool& waits, Answer& refusal) const {
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
template <typename Stream>
asio::awaitable<bool> Connection<Stream>::read_header(Answer& refusal) {
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
    const std::size_t read =
        co_await stream_.async_read_some(buffer_.prepare(kHeaderRead), asio::redirect_error(asio::use_awaitable, error));
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

template <typename Stream>
asio::awaitable<typename Connection<Stream>::Next> Connection<Stream>::serve_one() {
  const Limits& limits = shared_->limits;
  error_code error;
  Answer refusal;
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
  co_await http::async_read_header(stream_, buffer_, head, asio::redirect_error(asio::use_awaitable, error));
  if (error) {
    if (auto answer = fault_answer(error)) co_await refuse(std::move(*answer));
    co_return Next::close;
  }
  Request request = request_of(head.get().base(), remote_);
  const unsigned version = head.get().version();
  const bool keep_alive = head.get().keep_alive();
  is_head_ = request.method == "HEAD";
  bool waits = false;
  const Route* const route = route_for(request, head, waits, refusal);
  if (route && !route->role.empty()) {
    if (!seat_->enter(Seats::State::busy)) co_return Next::close;
    auto asked = on_workers(
        *route, true, [&](const Reply& reply) { reply(site_->authorize(request, route->role).value_or(no_answer())); });
    refusal = co_await std::move(asked);
  } else if (route) {
    refusal = no_answer();
  }
  if (refusal.status != 0) {
    co_await refuse(std::move(refusal));
    co_return Next::close;
  }
  head.body_limit(route->body_bytes);
  allow(limits.body);
  if (!seat_->enter(Seats::State::body)) co_return Next::close;
  if (waits && version >= 11) {
    http::response<http::empty_body> go_on(http::status::continue_, version);
    co_await http::async_write(stream_, go_on, asio::redirect_error(asio::use_awaitable, error));
    if (error) co_return Next::close;
  }
  Answer answer;
  bool whole = true;
  if (route->receiver) {
    http::request_parser<http::buffer_body> parser(std::move(head));
    const bool taken = co_await hand_over_body(parser, *route, std::move(request), answer, whole);
    if (!taken) co_return Next::close;
  } else {
    http::request_parser<http::string_body> parser(std::move(head));
    const bool read = co_await read_body(parser, refusal);
    if (!read) {
      if (refusal.status != 0) co_await refuse(std::move(refusal));
      co_return Next::close;
    }
    if (!seat_->enter(Seats::State::busy)) co_return Next::close;
    request.body = std::move(parser.get().body());
    answer = co_await answer_of(*route, std::move(request));
  }
  if (answer.to_proven) seat_->prove();
  if (!whole) {  // what is left of the body would be taken for the next request
    co_await refuse(std::move(answer));
    co_return Next::close;
  }
  const bool usable = co_await write(route, std::move(answer), version, keep_alive && !shared_->stopping);
  if (usable) co_return Next::another;
  co_await close(false);
  co_return Next::close;
}

// Does `work` where the route's handlers run, and waits for what it replies. `admitted`: the request has not been let in before.
// Callers hold what it returns before they wait for it: GCC 12 destroys a lambda twice that stands in the expression awaited.
template <typename Stream>
asio::awaitable<Answer> Connection<Stream>::on_workers(const Route& route, bool admitted,
                                                       std::function<void(const Reply&)> work) {
  auto executor = co_await asio::this_coro::executor;
  // The stream's clock must not run while the work is done elsewhere.
  beast::get_lowest_layer(stream_).expires_never();
  Answer answer;
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
      [&](auto resume) {
        auto pending = std::make_shared<Pending<decltype(resume)>>(std::move(resume), answer, executor, shared_);
        Reply reply = [pending](Answer given) { pending->give(std::move(given)); };
        auto job = [shared = shared_, &route, work = std::move(work), reply = std::move(reply)] {
          try {
            work(reply);
          } catch (const std::exception& problem) {
            shared->notices.note(Notices::Kind::failed, route.method + " " + route.path + ": " + problem.what());
            reply(lost_answer(false));
          } catch (...) {
            shared->notices.note(Notices::Kind::failed, route.method + " " + route.path);
            reply(lost_answer(false));
          }
        };
        if (!route.workers) return job();
        if (!admitted) return route.workers->resume(std::move(job));
        if (!route.workers->submit(std::move(job))) {
          pending->give(shared_->stopping ? lost_answer(true) : route.workers->full());
        }
      },
      asio::use_awaitable);
  co_return answer;
}

template <typename Stream>
asio::awaitable<Answer> Connection<Stream>::answer_of(const Route& route, Request request) {
  // Shared, since what waits in a queue is copied.
  auto asked = std::make_shared<Request>(std::move(request));
  return on_workers(route, true, [asked, &route](const Reply& reply) { route.handler(std::move(*asked), reply); });
}

template <typename Stream>
template <typename Parser>
asio::awaitable<bool> Connection<Stream>::read_body(Parser& parser, Answer& refusal) {
  error_code error;
  co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
  refusal = no_answer();
  if (!error) co_return true;
  if (auto answer = fault_answer(error)) refusal = std::move(*answer);
  co_return false;
}

// Hands the body to the route's reader, piece by piece: the next is read once the one before was taken. False: the connection is done
// with. `whole`: all of it was read.
template <typename Stream>
template <typename Parser>
asio::awaitable<bool> Connection<Stream>::hand_over_body(Parser& parser, const Route& route, Request request,
                                                         Answer& answer, bool& whole) {
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
  auto beginning = on_workers(route, true, [reading, asked, &route](const Reply& reply) {
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
    beast::get_lowest_layer(stream_).expires_at(begun + shared_->limits.body + more);
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    error_code error;
    co_await http::async_read(stream_, buffer_, parser, asio::redirect_error(asio::use_awaitable, error));
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
    auto taking = on_workers(route, false, [reading, &piece, bytes, &wanted](const Reply& reply) {
      wanted = reading->reader->take(std::string_view(piece).substr(0, bytes));
      reply(no_answer());
    });
    answer = co_await std::move(taking);
  }
  if (answer.status == 0) {
    if (!seat_->enter(Seats::State::busy)) co_return false;
    const bool all = whole && wanted;
    auto finishing = on_workers(route, false, [reading, all](const Reply& reply) { reading->reader->finish(all, reply); });
    answer = co_await std::move(finishing);
  }
  co_return true;
}

template <typename Stream>
asio::awaitable<bool> Connection<Stream>::write(const Route* route, Answer answer, unsigned version, bool keep_alive) {
  const bool streamed = route && answer.streamed;
  std::optional<StreamPlace> place;
  if (streamed && !is_head_) place.emplace(*shared_);
  if (place && !*place) {
    answer = problem(503, "too_many_streams", "too many answers are being streamed: try again later");
    answer.headers.emplace_back("Retry-After", "10");
    co_return co_await write(nullptr, std::move(answer), version, keep_alive);
  }
  const bool chunked = version >= 11;
  if (streamed && !chunked) keep_alive = false;  // it ends with the connection
  http::response<http::string_body> message(static_cast<http::status>(answer.status), version);
  message.set(http::field::date, http_date());
  message.set(http::field::content_type, answer.content_type);
  message.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.headers) {
    if (beast::iequals(name, "Set-Cookie")) message.insert(name, value);  // each is one of its own
    else message.set(name, value);
  }
  message.keep_alive(keep_alive);
  if (streamed) {
    if (chunked && !is_head_) message.chunked(true);
  } else if (answer.status != 204 && answer.status != 304) {  // these have no body, and say nothing of one (RFC 9110, 8.6)
    message.content_length(answer.body.size());
    if (!is_head_) message.body() = std::move(answer.body);
  }
  error_code error;
  allow(shared_->limits.answer);
  if (!streamed && !is_head_) {
    co_await http::async_write(stream_, message, asio::redirect_error(asio::use_awaitable, error));
    co_return !error && keep_alive;
  }
  // Of an answer to HEAD there is no more than the header (RFC 9110, 9.3.2).
  http::response_serializer<http::string_body> serializer(message);
  co_await http::async_write_header(stream_, serializer, asio::redirect_error(asio::use_awaitable, error));
  if (error || is_head_) co_return !error && keep_alive;
  bool whole = false;
  streaming_ = true;
  if (answer.streamed.next) whole = co_await write_pieces(*route, std::move(answer.streamed), chunked);
  else whole = co_await write_as_it_comes(*route, std::move(answer.streamed), chunked);
  if (whole && chunked) {
    allow(shared_->limits.answer);
    co_await asio::async_write(stream_, http::make_chunk_last(), asio::redirect_error(asio::use_awaitable, error));
  }
  streaming_ = false;
  // One that broke off must not look like one that has ended, to a client of HTTP/1.0 either.
  if (!whole) beast::get_lowest_layer(stream_).close();
  co_return whole && !error && keep_alive && !shared_->stopping;
}

// Asks for one piece after the other; each is sent before the next is made. True: that was all.
template <typename Stream>
asio::awaitable<bool> Connection<Stream>::write_pieces(const Route& route, Streamed streamed, bool chunked) {
  const auto next = std::make_shared<decltype(streamed.next)>(std::move(streamed.next));
  for (bool more = true; more;) {
    if (shared_->stopping) co_return false;
    std::string piece;
    auto making = on_workers(route, false, [next, &piece, &more](const Reply& reply) {
      more = (*next)(piece);
      reply(no_answer());
    });
    const Answer failure = co_await std::move(making);
    if (failure.status != 0) co_return false;
    const bool sent = co_await write_piece(piece, chunked);
    if (!sent) co_return false;
  }
  co_return true;
}

// Sends what is put into a sink, when it is. True: that was all.
template <typename Stream>
asio::awaitable<bool> Connection<Stream>::write_as_it_comes(const Route& route, Streamed streamed, bool chunked) {
  auto executor = co_await asio::this_coro::executor;
  const auto pipe = std::make_shared<Pipe>();
  struct Closing {
    Pipe& pipe;
    ~Closing() { pipe.close(); }
  } const closing{*pipe};
  pipe_ = pipe;
  if (shared_->stopping) co_return false;
  const auto heartbeat = std::make_shared<asio::steady_timer>(executor);
  pipe->on_ready([executor, weak = std::weak_ptr(heartbeat)] {
    asio::post(executor, [weak] {
      if (const auto timer = weak.lock()) timer->cancel();
    });
  });
  auto starting = on_workers(route, false, [start = std::move(streamed.start), pipe](const Reply& reply) {
    start(std::make_shared<Sink>(pipe));
    reply(no_answer());
  });
  const Answer failure = co_await std::move(starting);
  if (failure.status != 0) co_return false;
  for (std::string bytes;;) {
    const Pipe::State state = pipe->take(bytes);
    if (state == Pipe::State::broken) co_return false;
    const bool sent = co_await write_piece(bytes, chunked);
    if (!sent) co_return false;
    if (state == Pipe::State::whole) co_return true;
    if (!bytes.empty()) continue;  // more may have come in the meantime
    error_code error;
    beast::get_lowest_layer(stream_).expires_never();
    heartbeat->expires_after(shared_->limits.heartbeat);
    co_await heartbeat->async_wait(asio::redirect_error(asio::use_awaitable, error));
    if (error) continue;  // something has come
    const bool alive = co_await write_piece(streamed.heartbeat, chunked);
    if (!alive) co_return false;
  }
}

template <typename Stream>
asio::awaitable<bool> Connection<Stream>::write_piece(std::string_view piece, bool chunked) {
  if (piece.empty()) co_return true;  // an empty chunk would end the body
  error_code error;
  allow(shared_->limits.answer);
  const asio::const_buffer bytes(piece.data(), piece.size());
  if (chunked)
    co_await asio::async_write(stream_, http::make_chunk(bytes), asio::redirect_error(asio::use_awaitable, error));
  else co_await asio::async_write(stream_, bytes, asio::redirect_error(asio::use_awaitable, error));
  co_return !error;
}

template <typename Stream>
asio::awaitable<void> Connection<Stream>::refuse(Answer answer) {
  if (!seat_->enter(Seats::State::leaving)) co_return;
  co_await write(nullptr, std::move(answer), 11, false);
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
                     const std::shared_ptr<Seats::Seat>& seat, std::string remote) {
  auto connection = std::make_shared<Connection<Stream>>(std::move(stream), shared, site, seat, std::move(remote));
  auto executor = connection->executor();
  std::weak_ptr<Connection<Stream>> weak = connection;
  const auto tell = [weak, executor](void (Connection<Stream>::*what)()) {
    return [weak, executor, what] {
      asio::post(executor, [weak, what] {
        if (auto alive = weak.lock()) (alive.get()->*what)();
      });
    };
  };
  seat->on(tell(&Connection<Stream>::leave), tell(&Connection<Stream>::wake_if_idle));
  asio::co_spawn(
      executor, [connection]() { return connection->run(); },
      [connection](std::exception_ptr) mutable {
        // Whatever ended it, the connection ends with it, its seat last, and nobody else is touched.
        connection.reset();
      });
}

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
    co_await acceptor->async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (shared->stopping) co_return;
    if (error == asio::error::connection_aborted) continue;  // he has gone already
    if (error) {
      const bool descriptors =
          error == asio::error::no_descriptors || error == boost::system::errc::too_many_files_open_in_system;
      // A seat given up gives a descriptor back; whoever waits to be taken is taken after the pause.
      if (descriptors) shared->seats.displace_one();
      shared->notices.note(descriptors ? Notices::Kind::descriptors : Notices::Kind::accept_failed, error.message());
      asio::steady_timer pause(context, kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    const auto peer = socket.remote_endpoint(error);
    std::string remote = error ? std::string() : peer.address().to_string();
    Seats::Taken taken = shared->seats.take(address_key(remote));
    if (taken.displaced) shared->notices.note(Notices::Kind::displaced, "for " + remote);
    if (!taken.seat) {
      const bool full = taken.refusal == Seats::Refusal::full;
      shared->notices.note(full ? Notices::Kind::full : Notices::Kind::address_full, remote);
      turn_away(std::move(socket), site->tls.has_value());
      continue;
    }
    socket.set_option(tcp::no_delay(true), error);
    if (site->tls) {
      open_connection(beast::ssl_stream<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), *site->tls), shared, site,
                      taken.seat, std::move(remote));
    } else {
      open_connection(beast::tcp_stream(std::move(socket)), shared, site, taken.seat, std::move(remote));
    }
  }
}

asio::awaitable<void> say_what_was_refused(asio::io_context& context, std::shared_ptr<Shared> shared) {
  asio::steady_timer minute(context);
  while (!shared->stopping) {
    error_code error;
    minute.expires_after(Notices::kInterval);
    co_await minute.async_wait(asio::redirect_error(asio::use_awaitable, error));
    shared->notices.flush();
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
        fmt::format("--tls-cert {}: {}: it must be a readable PEM certificate chain", files.certificate, error.message()),
        ErrorKind::invalid};
  }
  context.use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error) {
    return Error{
        fmt::format("--tls-key {}: {}: it must be the certificate's own readable PEM key", files.key, error.message()),
        ErrorKind::invalid};
  }
  return Done{};
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
  site->authorize = std::move(listener.authorize);
  for (const Route& route : site->router.routes()) {
    if (!route.role.empty() && !site->authorize) {
      return Error{
          fmt::format("route {} {}: it is for {}, and nobody can say who that is", route.method, route.path, route.role)};
    }
    if (route.workers) workers_.insert(route.workers);
  }
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
  acceptors_.emplace_back(std::move(acceptor), std::move(site));
  return Done{};
}

void BeastServer::run() {
  for (auto& [acceptor, site] : acceptors_) {
    asio::co_spawn(acceptor->get_executor(), accept_all(acceptor, context_, shared_, site), asio::detached);
  }
  asio::co_spawn(context_, say_what_was_refused(context_, shared_), asio::detached);
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

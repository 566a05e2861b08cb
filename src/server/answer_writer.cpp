#include "server/answer_writer.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

namespace logystera::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::string_view kChunkEnd = "\r\n", kLastChunk = "0\r\n\r\n";

using Header = http::response<http::empty_body>;  // the body is sent by itself

std::string_view view(beast::string_view text) noexcept { return {text.data(), text.size()}; }

std::string http_date() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 40> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

/// The header's bytes, with the empty line behind it.
std::string header_text(const Header& header) {
  std::string text = fmt::format("HTTP/{}.{} {} {}\r\n", header.version() / 10, header.version() % 10, header.result_int(),
                                 view(header.reason()));
  for (const auto& field : header) {
    text.append(view(field.name_string())).append(": ").append(view(field.value())).append("\r\n");
  }
  return text.append("\r\n");
}

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

}  // namespace

void AnswerWriter::stop_streaming() {
  if (streaming_) stream_.close();
  if (const auto pipe = pipe_.lock()) pipe->give_up();
}

asio::awaitable<bool> AnswerWriter::go_on(unsigned version) {
  const std::string text = header_text(Header(http::status::continue_, version));
  const SocketStream::Buffers buffers{asio::buffer(text)};
  error_code error;
  co_await stream_.write(buffers, error);
  co_return !error;
}

asio::awaitable<bool> AnswerWriter::write(const Route* route, Answer answer, unsigned version, bool keep_alive) {
  bool streamed = route && answer.streamed;
  std::optional<StreamPlace> place;
  if (streamed && !is_head_) place.emplace(*shared_);
  if (place && !*place) {
    answer = problem(503, "too_many_streams", "too many answers are being streamed: try again later");
    answer.headers.emplace_back("Retry-After", "10");
    streamed = false;
  }
  const bool chunked = version >= 11;
  if (streamed && !chunked) keep_alive = false;  // it ends with the connection
  Header header(static_cast<http::status>(answer.status), version);
  header.set(http::field::date, http_date());
  header.set(http::field::content_type, answer.content_type);
  header.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.headers) {
    if (beast::iequals(name, "Set-Cookie")) header.insert(name, value);  // each is one of its own
    else header.set(name, value);
  }
  header.keep_alive(keep_alive);
  std::string_view body;
  if (streamed) {
    if (chunked && !is_head_) header.chunked(true);
  } else if (answer.status != 204 && answer.status != 304) {  // these have no body, and say nothing of one (RFC 9110, 8.6)
    header.content_length(answer.body.size());
    if (!is_head_) body = answer.body;
  }
  error_code error;
  stream_.expires_after(shared_->limits.answer);
  // Of an answer to HEAD there is no more than the header (RFC 9110, 9.3.2).
  const std::string text = header_text(header);
  const SocketStream::Buffers buffers{asio::buffer(text), asio::buffer(body)};
  co_await stream_.write(buffers, error);
  if (error || is_head_ || !streamed) co_return !error && keep_alive;
  bool whole = false;
  streaming_ = true;
  if (answer.streamed.next) whole = co_await write_pieces(*route, std::move(answer.streamed), chunked);
  else whole = co_await write_as_it_comes(*route, std::move(answer.streamed), chunked);
  if (whole && chunked) {
    stream_.expires_after(shared_->limits.answer);
    const SocketStream::Buffers last{asio::buffer(kLastChunk)};
    co_await stream_.write(last, error);
  }
  streaming_ = false;
  // One that broke off must not look like one that has ended, to a client of HTTP/1.0 either.
  if (!whole) stream_.close();
  co_return whole && !error && keep_alive && !shared_->stopping;
}

// Asks for one piece after the other; each is sent before the next is made. True: that was all.
asio::awaitable<bool> AnswerWriter::write_pieces(const Route& route, Streamed streamed, bool chunked) {
  const auto next = std::make_shared<decltype(streamed.next)>(std::move(streamed.next));
  for (bool more = true; more;) {
    if (shared_->stopping) co_return false;
    std::string piece;
    auto making = on_workers(stream_, shared_, route, false, [next, &piece, &more](const Reply& reply) {
      more = (*next)(piece);
      reply(no_answer());
    });
    const Answer failure = co_await std::move(making);
    if (failure.status != 0) co_return false;
    if (piece.empty() && stream_.gone()) co_return false;  // nothing is sent that would tell
    const bool sent = co_await write_piece(piece, chunked);
    if (!sent) co_return false;
  }
  co_return true;
}

// Sends what is put into a sink, when it is. True: that was all.
asio::awaitable<bool> AnswerWriter::write_as_it_comes(const Route& route, Streamed streamed, bool chunked) {
  const asio::any_io_executor executor = stream_.executor();
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
  auto starting = on_workers(stream_, shared_, route, false, [start = std::move(streamed.start), pipe](const Reply& reply) {
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
    stream_.expires_never();
    heartbeat->expires_after(shared_->limits.heartbeat);
    co_await heartbeat->async_wait(into(error));
    if (error) continue;  // something has come
    const bool alive = co_await write_piece(streamed.heartbeat, chunked);
    if (!alive) co_return false;
  }
}

asio::awaitable<bool> AnswerWriter::write_piece(std::string_view piece, bool chunked) {
  if (piece.empty()) co_return true;  // an empty chunk would end the body
  error_code error;
  stream_.expires_after(shared_->limits.answer);
  const std::string size = chunked ? fmt::format("{:x}\r\n", piece.size()) : std::string();
  const SocketStream::Buffers buffers{asio::buffer(size), asio::buffer(piece),
                                      asio::buffer(kChunkEnd.substr(0, chunked ? kChunkEnd.size() : 0))};
  co_await stream_.write(buffers, error);
  co_return !error;
}

}  // namespace logystera::server

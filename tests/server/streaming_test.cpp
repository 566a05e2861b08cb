// Answers that are made while they are sent, and bodies that are taken while they come.
#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

#include "server/event_stream.hpp"
#include "server/stream.hpp"
#include "serving.hpp"

using namespace logystera;
using namespace logystera::server;
using namespace logystera::testing;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kUploadBytes = 1'000'000;

std::shared_ptr<Workers> some_workers() { return std::make_shared<Workers>(Workers::Options{}); }

/// Which threads the handlers run on must not matter.
std::shared_ptr<Workers> with_and_without() { return GENERATE(as<std::shared_ptr<Workers>>{}, nullptr, some_workers()); }

void eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 20'000 && !holds(); ++i) std::this_thread::sleep_for(milliseconds(1));
  REQUIRE(holds());
}

/// GET /numbers/{count}: that many lines, one a piece.
Route numbers(std::shared_ptr<Workers> workers) {
  const auto handle = [](Request request, const Reply& reply) {
    Answer answer;
    answer.content_type = "text/plain";
    answer.streamed.next = [count = std::stoi(std::string(request.parameter("count"))),
                            at = 0](std::string& piece) mutable {
      if (at == count) return false;
      piece = "line " + std::to_string(++at) + "\n";
      return at < count;
    };
    reply(std::move(answer));
  };
  return {"GET", "/numbers/{count}", 0, handle, std::move(workers)};
}

/// GET /events: whatever the test puts into the stream it is given.
struct Events {
  std::promise<EventStream> opened;
  Route route(std::shared_ptr<Workers> workers = nullptr) {
    const auto handle = [this](Request, const Reply& reply) {
      reply(event_stream([this](EventStream stream) { opened.set_value(std::move(stream)); }));
    };
    return {"GET", "/events", 0, handle, std::move(workers)};
  }
};

/// POST /upload: what was taken, and how it ended.
struct Uploads {
  std::atomic<std::size_t> pieces = 0, finished = 0, ended = 0;
  std::size_t enough = SIZE_MAX;  // bytes

  struct Reader final : BodyReader {
    explicit Reader(Uploads& to) : uploads(to) {}
    ~Reader() override { ++uploads.ended; }
    bool take(std::string_view bytes) override {
      ++uploads.pieces;
      taken += bytes;
      return taken.size() < uploads.enough;
    }
    void finish(bool whole, Reply reply) override {
      ++uploads.finished;
      Answer answer;
      answer.status = whole ? 200 : 422;
      answer.body = std::move(taken);
      reply(std::move(answer));
    }
    Uploads& uploads;
    std::string taken;
  };

  Route route(std::shared_ptr<Workers> workers) {
    Route route{"POST", "/upload", kUploadBytes, nullptr, std::move(workers)};
    route.receiver = [this](Request request) -> std::unique_ptr<BodyReader> {
      CHECK(request.body.empty());
      return std::make_unique<Reader>(*this);
    };
    return route;
  }
};

std::string noise(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 13) % 26);
  return text;
}

std::string get(const std::string& path, const std::string& version = "HTTP/1.1") {
  return "GET " + path + " " + version + "\r\nHost: x\r\n\r\n";
}

}  // namespace

TEST_CASE("an_answer_in_pieces_arrives_whole_and_its_connection_goes_on") {
  Serving serving({numbers(with_and_without())});
  SocketClient client(serving.url());
  for (const int count : {1, 3000, 0}) {
    REQUIRE(client.send(get("/numbers/" + std::to_string(count))));
    const std::string header = client.receive_until("\r\n\r\n");
    CHECK(has_status(header, 200));
    CHECK(header.find("Transfer-Encoding: chunked") != std::string::npos);
    CHECK(header.find("Content-Length") == std::string::npos);
    bool whole = false;
    const std::string body = joined_chunks(client.receive_until("0\r\n\r\n"), whole);
    CHECK(whole);
    std::string expected;
    for (int i = 1; i <= count; ++i) expected += "line " + std::to_string(i) + "\n";
    CHECK(body == expected);
  }
}

TEST_CASE("a_client_of_http_1_0_gets_the_pieces_as_they_are_and_head_gets_none") {
  Serving serving({numbers(some_workers())});
  SocketClient old(serving.url());
  REQUIRE(old.send(get("/numbers/3", "HTTP/1.0")));
  const std::string answer = old.receive_all();
  CHECK(answer.find("chunked") == std::string::npos);
  CHECK(body_of(answer) == "line 1\nline 2\nline 3\n");
  SocketClient head(serving.url());
  REQUIRE(head.send("HEAD /numbers/3 HTTP/1.1\r\nHost: x\r\n\r\n" + get("/numbers/1")));
  CHECK(has_status(head.receive_until("\r\n\r\n"), 200));
  CHECK(has_status(head.receive_until("\r\n\r\n"), 200));
  bool whole = false;
  CHECK(joined_chunks(head.receive_until("0\r\n\r\n"), whole) == "line 1\n");
}

TEST_CASE("what_is_refused_behind_a_head_request_is_told_why") {
  Serving serving({numbers(some_workers())});
  SocketClient client(serving.url());
  REQUIRE(client.send("HEAD /numbers/1 HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  REQUIRE(client.send("GET /numbers/1 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n"));
  const std::string refusal = client.receive_all();
  CHECK(has_status(refusal, 400));
  CHECK(body_of(refusal).find("\"error\"") != std::string::npos);
}

TEST_CASE("no_more_is_made_than_the_client_takes_and_one_that_takes_nothing_is_let_go") {
  constexpr int kPieces = 1024;  // 64 MiB, which no socket holds
  std::atomic<int> made = 0;
  std::atomic<bool> ended = false;
  const auto handle = [&](Request, const Reply& reply) {
    Answer answer;
    const std::shared_ptr<void> end(nullptr, [&](void*) { ended = true; });
    answer.streamed.next = [&made, end](std::string& piece) {
      piece.assign(64 * 1024, 'x');
      return ++made < kPieces;
    };
    reply(std::move(answer));
  };
  Limits limits;
  limits.answer = milliseconds(200);
  std::vector<Route> routes{{"GET", "/endless", 0, handle, some_workers()}};
  Serving serving(std::move(routes), limits);
  SocketClient client(serving.url());
  REQUIRE(client.send(get("/endless")));
  eventually([&] { return ended.load(); });
  CHECK(made > 0);
  CHECK(made < kPieces);
  bool whole = true;
  (void)joined_chunks(body_of(client.receive_all()), whole);
  CHECK(!whole);
}

TEST_CASE("no_more_is_looked_for_when_the_client_has_gone_before_anything_was_found") {
  std::atomic<int> made = 0;
  std::atomic<bool> ended = false;
  const auto handle = [&](Request, const Reply& reply) {
    Answer answer;
    const std::shared_ptr<void> end(nullptr, [&](void*) { ended = true; });
    answer.streamed.next = [&made, end](std::string& piece) {
      piece.clear();
      std::this_thread::sleep_for(milliseconds(1));
      return ++made < 1'000'000;
    };
    reply(std::move(answer));
  };
  std::vector<Route> routes{{"GET", "/endless", 0, handle, some_workers()}};
  Serving serving(std::move(routes));
  auto client = std::make_unique<SocketClient>(serving.url());
  REQUIRE(client->send(get("/endless")));
  eventually([&] { return made > 3; });
  CHECK_FALSE(ended);
  client.reset();
  eventually([&] { return ended.load(); });
  CHECK(made < 1'000'000);
}

TEST_CASE("an_answer_that_fails_in_the_middle_breaks_off_and_is_logged") {
  const auto handle = [](Request, const Reply& reply) {
    Answer answer;
    answer.streamed.next = [first = true](std::string& piece) mutable {
      if (!std::exchange(first, false)) throw std::runtime_error("no more of it");
      piece = "some";
      return true;
    };
    reply(std::move(answer));
  };
  std::vector<Route> routes{{"GET", "/some", 0, handle, with_and_without()}};
  Serving serving(std::move(routes));
  SocketClient client(serving.url());
  REQUIRE(client.send(get("/some")));
  const std::string answer = client.receive_all();
  CHECK(has_status(answer, 200));
  bool whole = true;
  CHECK(joined_chunks(body_of(answer), whole) == "some");
  CHECK(!whole);
  CHECK(serving.logged().find("GET /some: no more of it") != std::string::npos);
}

TEST_CASE("events_arrive_when_they_happen_and_signs_of_life_between_them") {
  Events events;
  Limits limits;
  limits.heartbeat = milliseconds(20);
  Serving serving({events.route(with_and_without())}, limits);
  SocketClient client(serving.url());
  REQUIRE(client.send(get("/events")));
  const std::string header = client.receive_until("\r\n\r\n");
  CHECK(header.find("Content-Type: text/event-stream\r\n") != std::string::npos);
  CHECK(header.find("Cache-Control: no-store\r\n") != std::string::npos);
  std::optional<EventStream> stream = events.opened.get_future().get();
  CHECK(client.receive_until(":\n\n").ends_with(":\n\n"));
  CHECK(stream->send("alert", "one\ntwo", "7"));
  CHECK(client.receive_until("id: 7\nevent: alert\ndata: one\ndata: two\n\n").ends_with("two\n\n"));
  CHECK(client.receive_until(":\n\n").ends_with(":\n\n"));
  stream.reset();  // nobody has anything more to say, nor has said that it is all
  CHECK(client.receive_all().find("0\r\n\r\n") == std::string::npos);
}

TEST_CASE("a_stream_is_told_when_its_reader_has_gone") {
  Events events;
  Limits limits;
  limits.heartbeat = milliseconds(10);
  Serving serving({events.route()}, limits);
  auto client = std::make_unique<SocketClient>(serving.url());
  REQUIRE(client->send(get("/events")));
  const EventStream stream = events.opened.get_future().get();
  CHECK(stream.open());
  client.reset();
  eventually([&] { return !stream.open(); });
  CHECK(!stream.send("late", ""));
}

TEST_CASE("a_reader_that_does_not_keep_up_is_cut_off_and_holds_nothing") {
  Events events;
  Serving serving({events.route()});
  SocketClient client(serving.url());
  REQUIRE(client.send(get("/events")));
  const EventStream stream = events.opened.get_future().get();
  const std::string line(64 * 1024, 'x');
  int sent = 0;
  while (sent < 10'000 && stream.send("", line)) ++sent;
  CHECK(sent < 10'000);
  CHECK(!stream.open());
  bool whole = true;
  (void)joined_chunks(body_of(client.receive_all()), whole);
  CHECK(!whole);
}

TEST_CASE("stopping_ends_streams_first") {
  Events events;
  const auto workers = some_workers();
  const auto endless = [](Request, const Reply& reply) {
    Answer answer;
    answer.streamed.next = [](std::string& piece) { return piece.assign(1000, 'x'), true; };
    reply(std::move(answer));
  };
  Limits limits;
  limits.grace = limits.answer = std::chrono::hours(1);
  Serving serving({events.route(workers), {"GET", "/endless", 0, endless, workers}}, limits);
  SocketClient reader(serving.url()), stuck(serving.url());
  REQUIRE(reader.send(get("/events")));
  REQUIRE(stuck.send(get("/endless")));
  const EventStream stream = events.opened.get_future().get();
  CHECK(has_status(stuck.receive_until("\r\n\r\n"), 200));
  serving.server->stop();
  CHECK(!stream.open());
  CHECK(reader.receive_all().find("0\r\n\r\n") == std::string::npos);
  bool whole = true;
  (void)joined_chunks(stuck.receive_all(), whole);
  CHECK(!whole);
}

TEST_CASE("streams_take_half_of_the_connections_at_most") {
  Events events;
  Limits limits;
  limits.connections = limits.connections_per_address = 2;
  Serving serving({events.route(), numbers(nullptr)}, limits);
  SocketClient first(serving.url()), second(serving.url());
  REQUIRE(first.send(get("/events")));
  const EventStream stream = events.opened.get_future().get();
  REQUIRE(second.send(get("/numbers/1")));
  const std::string answer = second.receive_answer();
  CHECK(has_status(answer, 503));
  CHECK(answer.find("Retry-After: ") != std::string::npos);
  CHECK(stream.open());
}

TEST_CASE("no_text_becomes_a_field_of_an_event_by_itself") {
  CHECK(event_text("", "", "") == "data: \n\n");
  CHECK(event_text("a", "b", "c") == "id: c\nevent: a\ndata: b\n\n");
  CHECK(event_text("a\nid: 9", "b", std::string_view("c\0d", 3)) == "id: c\nevent: a\ndata: b\n\n");
  CHECK(event_text("", "a\nb\r\nc\rd", "") == "data: a\ndata: b\ndata: c\ndata: d\n\n");
  CHECK(event_text("", "a\n\nevent: x\n", "") == "data: a\ndata: \ndata: event: x\ndata: \n\n");
}

TEST_CASE("a_pipe_gives_what_was_put_in_and_says_how_it_ended") {
  Pipe pipe;
  std::string bytes;
  int told = 0;
  pipe.on_ready([&] { ++told; });
  CHECK(pipe.put("a"));
  CHECK(pipe.put("b"));
  CHECK(told == 1);
  CHECK(pipe.take(bytes) == Pipe::State::open);
  CHECK(bytes == "ab");
  CHECK(pipe.put(std::string(Pipe::kWaitingBytes, 'x')));
  CHECK(!pipe.put("y"));
  CHECK(pipe.take(bytes) == Pipe::State::broken);
  Pipe ended;
  CHECK(ended.put("a"));
  ended.end();
  ended.give_up();
  CHECK(!ended.put("b"));
  CHECK(ended.take(bytes) == Pipe::State::whole);
  CHECK(bytes == "a");
}

TEST_CASE("a_body_is_taken_in_pieces_whole_and_in_order") {
  Uploads uploads;
  Serving serving({uploads.route(with_and_without())});
  SocketClient client(serving.url());
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{200'000}, kUploadBytes}) {
    const std::string body = noise(size);
    REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n"));
    REQUIRE(client.send(body));
    const std::string answer = client.receive_answer();
    CHECK(has_status(answer, 200));
    CHECK(body_of(answer) == body);
  }
  const std::string body = noise(100'000);
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + body +
                      "\r\n0\r\nX-Trailer: 1\r\n\r\n"));
  CHECK(body_of(client.receive_answer()) == body);
  CHECK(uploads.pieces >= kUploadBytes / 65'536);
  CHECK(uploads.finished == 5);
  eventually([&] { return uploads.ended == 5; });
}

TEST_CASE("a_body_in_pieces_has_a_limit_announced_or_not") {
  Uploads uploads;
  Serving serving({uploads.route(some_workers())});
  CHECK(has_status(serving.ask("POST", "/upload", "", noise(kUploadBytes + 1)), 413));
  CHECK(uploads.pieces == 0);
  SocketClient client(serving.url());
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "186a0\r\n" + noise(100'000) + "\r\n";
  for (int i = 0; i < 11; ++i) client.send(chunk);
  client.send("0\r\n\r\n");
  CHECK(has_status(client.receive_all(), 413));
  CHECK(uploads.finished == 0);
  eventually([&] { return uploads.ended == 1; });
}

TEST_CASE("a_reader_of_a_body_may_say_enough_and_the_connection_ends_with_its_answer") {
  Uploads uploads;
  uploads.enough = 1;
  Serving serving({uploads.route(with_and_without())});
  SocketClient client(serving.url());
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n"));
  client.send(noise(300'000));
  const std::string answer = client.receive_all();
  CHECK(has_status(answer, 422));
  CHECK(answer.find("Connection: close") != std::string::npos);
  CHECK(uploads.pieces == 1);
  eventually([&] { return uploads.ended == 1; });
}

TEST_CASE("a_client_that_waits_for_100_continue_before_a_body_in_pieces_gets_it") {
  Uploads uploads;
  Serving serving({uploads.route(some_workers())});
  SocketClient client(serving.url());
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  CHECK(has_status(client.receive_answer(), 100));
  REQUIRE(client.send("abc"));
  CHECK(body_of(client.receive_answer()) == "abc");
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n"));
  CHECK(has_status(client.receive_answer(), 413));
}

TEST_CASE("a_body_whose_client_goes_away_or_dawdles_is_never_finished") {
  Uploads uploads;
  Limits limits;
  limits.body = milliseconds(300);
  Serving serving({uploads.route(some_workers())}, limits);
  SocketClient client(serving.url());
  REQUIRE(client.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n" + noise(10'000)));
  SECTION("it goes") { client.finish_sending(); }
  SECTION("it stays, and sends nothing") {}
  CHECK(client.receive_all().empty());
  eventually([&] { return uploads.ended == 1; });
  CHECK(uploads.finished == 0);
}

// Which addresses may be connected, and what comes of messages that are handed over.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>
#include <thread>

#include "catch.hpp"
#include "core/fd.hpp"
#include "net/delivery.hpp"
#include "net/reach.hpp"
#include "scripted_server.hpp"

using namespace logystera;
using namespace logystera::net;
using namespace logystera::testing;
using Fault = Delivered::Fault;

namespace {

std::string refused(const std::string& text, Reach reach, const std::string& host = "hooks.example.org") {
  sockaddr_storage storage{};
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    storage.ss_family = AF_INET;
  } else {
    REQUIRE(::inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) == 1);
    storage.ss_family = AF_INET6;
  }
  return refusal(reinterpret_cast<const sockaddr&>(storage), reach, host);
}

Delivered deliver(const Post& post, const DeliveryOptions& options = {}) {
  Deliveries deliveries;
  REQUIRE(deliveries.start(7, post, options));
  for (int i = 0; i < 200; ++i) {
    auto over = deliveries.wait(std::chrono::milliseconds(100));
    if (!over.empty()) return over[0];
  }
  FAIL("it was never over");
  return {};
}

// A mail server that says `answer` to whoever signs in, until it is told QUIT or the other side goes.
class SmtpServer {
 public:
  explicit SmtpServer(std::string answer)
      : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    ::listen(listener_.get(), 1);
    thread_ = std::thread([this] { talk(); });
  }
  ~SmtpServer() { thread_.join(); }
  std::uint16_t port() const noexcept { return port_; }

 private:
  void talk() const {
    const Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const auto say = [&fd](const std::string& text) { (void)::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL); };
    say("220 a test\r\n");
    std::string line;
    char c = 0;
    while (::recv(fd.get(), &c, 1, 0) == 1) {
      line += c;
      if (c != '\n') continue;
      if (line.starts_with("EHLO")) say("250-a test\r\n250 AUTH PLAIN LOGIN\r\n");
      else if (line == "AUTH PLAIN\r\n") say("334 \r\n");
      else if (line == "QUIT\r\n") return say("221 bye\r\n");
      else say(answer_);
      line.clear();
    }
  }
  std::string answer_;
  Fd listener_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a_mail_server_that_does_not_take_a_password_says_whether_to_try_again") {
  for (const auto& [answer, fault] :
       {std::pair("535 5.7.8 wrong\r\n", Fault::credentials), std::pair("454 4.7.0 later\r\n", Fault::passing)}) {
    INFO(answer);
    SmtpServer server(answer);
    Mail mail;
    mail.host = "127.0.0.1";
    mail.port = server.port();
    mail.allow_plain = true;
    mail.user = "alerts";
    mail.password = "guessed";
    mail.from = "a@example.org";
    mail.to = "b@example.org";
    mail.data = "Subject: x\r\n\r\nx\r\n";
    Deliveries deliveries;
    const bool started = deliveries.start(1, std::move(mail), {});
    REQUIRE(started);
    std::vector<Delivered> over;
    for (int i = 0; i < 200 && over.empty(); ++i) over = deliveries.wait(std::chrono::milliseconds(100));
    REQUIRE(over.size() == 1);
    CHECK(over[0].fault == fault);
    CHECK(over[0].error.find(std::string(answer).substr(0, 14)) != std::string::npos);
    CHECK(over[0].error.find("guessed") == std::string::npos);
  }
}

TEST_CASE("what_the_internet_reaches_may_be_connected_and_nothing_else") {
  for (const char* const one : {"93.184.215.14", "8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255",
                                "100.128.0.0", "192.167.255.255", "223.255.255.255", "2606:4700::1111",
                                "2a00:1450:4001::200e", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"}) {
    INFO(one);
    CHECK(refused(one, Reach::global).empty());
    CHECK(refused(one, Reach::with_private).empty());
  }
  for (const char* const one : {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
                                "100.127.255.255", "fc00::1", "fdff::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
                                "2002:a00:1::1", "127.0.0.1", "127.255.255.255", "::1", "::ffff:127.0.0.1"}) {
    INFO(one);
    CHECK_FALSE(refused(one, Reach::global).empty());
    CHECK(refused(one, Reach::with_private).empty());
  }
  for (const char* const one : {"169.254.169.254",
                                "169.254.0.1",
                                "fe80::1",
                                "febf::1",
                                "fd00:ec2::254",
                                "0.0.0.0",
                                "0.1.2.3",
                                "224.0.0.1",
                                "240.0.0.1",
                                "255.255.255.255",
                                "192.0.0.1",
                                "192.0.2.1",
                                "198.18.0.1",
                                "198.51.100.1",
                                "203.0.113.1",
                                "::",
                                "ff02::1",
                                "2001:db8::1",
                                "2001::1",
                                "100::1",
                                "::ffff:169.254.169.254",
                                "64:ff9b::a9fe:a9fe",
                                "::8.8.8.8"}) {
    INFO(one);
    CHECK_FALSE(refused(one, Reach::global).empty());
    CHECK_FALSE(refused(one, Reach::with_private).empty());
    CHECK(refused(one, Reach::anywhere).empty());
  }
  // This machine by its own name, and by nobody else's.
  for (const char* const host : {"localhost", "127.0.0.1", "[::1]", "::1"})
    CHECK(refused("127.0.0.1", Reach::global, host).empty());
  CHECK_FALSE(refused("10.0.0.1", Reach::global, "localhost").empty());
  CHECK_FALSE(refused("127.0.0.1", Reach::global, "127.0.0.1.example.org").empty());
}

TEST_CASE("a_request_that_is_taken_is_a_success_and_everything_else_says_what_it_is") {
  std::string answer = http_answer(200, "ok");
  ScriptedServer server([&](const std::string&, const ScriptedServer::Write& write) { write(answer); });
  const Post post{server.url() + "/secret-path?secret-query", {{"X-Name", "value"}}, "{\"a\":1}"};
  Delivered one = deliver(post);
  CHECK(one.number == 7);
  CHECK(one.fault == Fault::none);
  CHECK(one.answer == "ok");
  const std::string request = server.requests()[0];
  CHECK(request.starts_with("POST /secret-path?secret-query HTTP/1.1\r\n"));
  CHECK(request.find("\r\nX-Name: value\r\n") != std::string::npos);
  CHECK(request.find("Expect:") == std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{\"a\":1}"));
  answer = http_answer(302, "", "Location: http://127.0.0.1:1/\r\n");
  one = deliver(post);
  CHECK(one.fault == Fault::refused);
  CHECK(one.error.find("redirects are not followed") != std::string::npos);
  answer = http_answer(503, "\x1b[31mlater", "Retry-After: 7\r\n");
  one = deliver(post);
  CHECK(one.fault == Fault::passing);
  CHECK(one.retry_after == std::chrono::seconds(7));
  CHECK(one.error.find('\x1b') == std::string::npos);
  answer = http_answer(429, "", "Retry-After: 9999999\r\n");
  CHECK(deliver(post).retry_after == std::chrono::seconds(6 * 3600));
  answer = http_answer(429, "", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n");
  CHECK(deliver(post).retry_after == std::chrono::seconds(0));
  answer = http_answer(410, "gone");
  one = deliver(post);
  CHECK(one.fault == Fault::refused);
  CHECK(one.status == 410);
  CHECK(one.error == "127.0.0.1: it answered 410: gone");
  answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbroken off";
  CHECK(deliver(post).fault == Fault::passing);
  answer = "nonsense\r\n\r\n";
  CHECK(deliver(post).fault == Fault::passing);
  answer = "HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n";
  CHECK(deliver(post).fault == Fault::passing);
  answer = http_answer(200, std::string(1'000'000, 'x'));
  CHECK(deliver(post).answer.size() == kDeliveryAnswerBytes);
  const Post nowhere{"http://127.0.0.1:1/secret-path", {}, "x"};
  one = deliver(nowhere);
  CHECK(one.fault == Fault::passing);
  CHECK(one.error.find("secret-path") == std::string::npos);
}

TEST_CASE("a_header_with_a_line_end_and_an_address_that_is_none_start_nothing") {
  Deliveries deliveries;
  CHECK_FALSE(deliveries.start(1, Post{"http://127.0.0.1:1/", {{"X", "a\r\nY: b"}}, ""}));
  CHECK_FALSE(deliveries.start(2, Post{"file:///etc/passwd", {}, ""}));
  Mail mail;
  mail.host = "127.0.0.1";
  mail.from = "a@example.org";
  mail.to = "b@example.org>\r\nRCPT TO:<c@example.org";
  CHECK_FALSE(deliveries.start(3, mail));
  CHECK(deliveries.size() == 0);
}

TEST_CASE("where_a_connection_may_not_lead_it_is_not_made") {
  ScriptedServer server([](const std::string&, const ScriptedServer::Write& write) { write(http_answer(200, "ok")); });
  const std::string port = server.url().substr(server.url().rfind(':'));
  // 127.0.0.1 written as a mapped address: no name of this machine, and an address of it.
  const Delivered one = deliver(Post{"http://[::ffff:127.0.0.1]" + port + "/", {}, "x"});
  CHECK(one.fault == Fault::address);
  CHECK(one.error.find("leads to this machine") != std::string::npos);
  CHECK(server.requests().empty());
  const Delivered link = deliver(Post{"http://169.254.169.254/latest/meta-data", {}, "x"}, {.reach = Reach::with_private});
  CHECK(link.fault == Fault::address);
  CHECK(link.error.find("link-local") != std::string::npos);
}

TEST_CASE("several_are_on_their_way_at_once_and_a_wait_is_ended_from_elsewhere") {
  std::atomic<int> waiting{0};
  ScriptedServer server([&](const std::string&, const ScriptedServer::Write& write) {
    ++waiting;
    while (waiting < 3 && write("")) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    write(http_answer(204, ""));
  });
  Deliveries deliveries;
  for (std::uint64_t n = 1; n <= 3; ++n) REQUIRE(deliveries.start(n, Post{server.url() + "/", {}, "x"}));
  CHECK_FALSE(deliveries.start(3, Post{server.url() + "/", {}, "x"}));
  std::size_t good = 0;
  while (deliveries.size() > 0)
    for (const Delivered& one : deliveries.wait(std::chrono::seconds(1))) good += one.fault == Fault::none;
  CHECK(good == 3);
  std::thread waker([&] { deliveries.wake(); });
  CHECK(deliveries.wait(std::chrono::hours(1)).empty());
  waker.join();
}

TEST_CASE("what_is_secret_of_an_address_is_not_in_what_is_told_of_an_answer") {
  const std::string path = "/hooks/T%2D1/s3cret-of-mine?token=another-one&v=1";
  for (const auto& [said, told] :
       {std::pair("Route POST:/hooks/T%2D1/s3cret-of-mine?token=another-one&v=1 not found", "Route POST:*** not found"),
        std::pair("Cannot POST /hooks/T%2D1/s3cret-of-mine", "Cannot POST ***"),
        std::pair("Cannot POST /hooks/T-1/s3cret-of-mine", "Cannot POST ***"),
        std::pair(R"({"path":"\/hooks\/T%2D1\/s3cret-of-mine"})", R"({"path":"***"})"),
        std::pair("<b>/hooks/T%2D1/s3cret-of-mine?token=another-one&amp;v=1</b>", "<b>***</b>"),
        std::pair("no hook s3cret-of-mine, another-one", "no hook ***, ***")}) {
    INFO(said);
    const std::string answer = said;
    // What is cut off is not half a secret.
    for (const std::string& before : {std::string(), std::string(180, '-')}) {
      ScriptedServer server(
          [&](const std::string&, const ScriptedServer::Write& write) { write(http_answer(404, before + answer)); });
      const Delivered over = deliver({server.url() + path, {}, "x"});
      CHECK(over.fault == Fault::refused);
      const std::string whole = before + told;
      CHECK(over.error.find("it answered 404: " + whole.substr(0, 200)) != std::string::npos);
      CHECK(over.error.find("s3cr") == std::string::npos);
    }
  }
  ScriptedServer server([](const std::string&, const ScriptedServer::Write& write) {
    write(http_answer(200, "taken at /hooks/T%2D1/s3cret-of-mine"));
  });
  CHECK(deliver({server.url() + path, {}, "x"}).answer == "taken at ***");
}

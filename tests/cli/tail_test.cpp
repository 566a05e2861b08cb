// `tail` as a user runs it: a process beside a log that grows.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "cli/program.hpp"
#include "core/hmac.hpp"

using namespace logystera::testing;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
void append(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::app) << text; }

bool shows(const Running& tail, const std::string& words) {
  return eventually([&] { return has(tail.out(), words); });
}

struct House {
  Scratch scratch;
  const std::string log = scratch.file("app.log");
  const std::string store = "sqlite:" + scratch.file("a.db");
  Running::Setting setting{
      {{"LOGYSTERA_PII_SALT", "salt"}, {"TZ", "UTC"}, {"XDG_STATE_HOME", scratch.file("state")}}, RLIM_INFINITY, 0};

  House() {
    append(scratch.file("rule.yml"),
           "id: LEAK\ntitle: A leak\nlevel: high\ndetection: {match: [{field: message, op: contains, value: leak}]}\n");
    append(log, "2026-05-18 10:00:00 INFO begun\n");
  }
  Arguments arguments(Arguments more) const {
    Arguments all{"tail", log, "--rules-dir", scratch.file("rule.yml"), "--store", store, "--poll-interval", "0.02"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

// One connection's request, answered with 204: what a webhook's receiver is.
class Receiver {
 public:
  Receiver() {
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(socket_, 4) == 0);
    socklen_t size = sizeof address;
    ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/hook";
  }
  ~Receiver() { ::close(socket_); }

  std::string request() {
    timeval patience{20, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int peer = ::accept(socket_, nullptr, nullptr);
    REQUIRE(peer >= 0);
    std::string text;
    char piece[4096];
    while (text.find("\r\n\r\n") == std::string::npos || text.back() != '}') {
      const ssize_t got = ::recv(peer, piece, sizeof piece, 0);
      if (got <= 0) break;
      text.append(piece, static_cast<std::size_t>(got));
    }
    const std::string answer = "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
    REQUIRE(::send(peer, answer.data(), answer.size(), 0) == static_cast<ssize_t>(answer.size()));
    ::close(peer);
    return text;
  }
  std::string url;

 private:
  int socket_;
};

std::string header(const std::string& request, const std::string& name) {
  const std::size_t at = request.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 4;
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace

TEST_CASE("tail_shows_new_lines_redacted_and_ends_well_when_interrupted") {
  House house;
  Running tail(house.arguments({"--from-start"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak from 192.0.2.1\n");
  CHECK(shows(tail, "LEAK A leak: a leak from ip_"));
  CHECK_FALSE(has(tail.out(), "192.0.2.1"));
  tail.kill(SIGINT);
  CHECK(tail.wait() == 0);
  CHECK_FALSE(std::filesystem::exists(house.scratch.file("a.db")));
}

TEST_CASE("tail_honours_a_dismissal_made_meanwhile") {
  House house;
  Running tail(house.arguments({"--from-start", "--track-findings"}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO leak one\n");
  CHECK(shows(tail, "A leak: leak one"));
  CHECK(run({"findings", "dismiss", "LEAK", "--store", house.store}, house.setting).code == 0);
  append(house.log, "2026-05-18 10:00:02 INFO leak two\n");
  CHECK(shows(tail, "leak two"));
  append(house.log, "2026-05-18 10:00:03 INFO nothing\n");
  CHECK(shows(tail, "nothing"));
  CHECK_FALSE(has(tail.out(), "A leak: leak two"));
}

TEST_CASE("tail_goes_on_where_it_was_stopped") {
  House house;
  {
    Running tail(house.arguments({"--resume", "--from-start"}), house.setting);
    CHECK(shows(tail, "begun"));
    tail.kill(SIGTERM);
    CHECK(tail.wait() == 0);
  }
  append(house.log, "2026-05-18 10:00:01 INFO while away\n");
  Running tail(house.arguments({"--resume"}), house.setting);
  CHECK(shows(tail, "while away"));
  CHECK_FALSE(has(tail.out(), "begun"));
}

TEST_CASE("tail_posts_findings_signed_as_standard_webhooks_are") {
  House house;
  Receiver receiver;
  house.setting.environment["LOGYSTERA_WEBHOOK_SECRET"] = "whsec_MDEyMzQ1Njc4OWFiY2RlZg==";
  Running tail(house.arguments({"--from-start", "--alert-webhook", receiver.url}), house.setting);
  CHECK(shows(tail, "begun"));
  append(house.log, "2026-05-18 10:00:01 INFO a leak from 192.0.2.1\n");
  const std::string request = receiver.request();
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  CHECK(has(body, "\"rule\":\"LEAK\""));
  CHECK_FALSE(has(body, "192.0.2.1"));
  const std::string signature = header(request, "webhook-signature");
  REQUIRE(signature.starts_with("v1,"));
  const std::string signed_text = header(request, "webhook-id") + "." + header(request, "webhook-timestamp") + "." + body;
  const logystera::Digest expected = logystera::hmac_sha256("0123456789abcdef", signed_text);
  static const char* const kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string encoded;
  for (std::size_t i = 0; i < expected.size(); i += 3) {
    const unsigned one = expected[i], two = i + 1 < expected.size() ? expected[i + 1] : 0u,
                   three = i + 2 < expected.size() ? expected[i + 2] : 0u;
    const unsigned bits = one << 16 | two << 8 | three;
    encoded += kDigits[bits >> 18];
    encoded += kDigits[bits >> 12 & 63];
    encoded += i + 1 < expected.size() ? kDigits[bits >> 6 & 63] : '=';
    encoded += i + 2 < expected.size() ? kDigits[bits & 63] : '=';
  }
  CHECK(signature == "v1," + encoded);
}

TEST_CASE("tail_refuses_what_cannot_work") {
  House house;
  CHECK(run({"tail"}, house.setting).code == 2);
  CHECK(has(run({"tail", house.scratch.file("nothing.log")}, house.setting).err,
            "cannot be opened: No such file or directory"));
  CHECK(has(run(house.arguments({"--alert-webhook", "ftp://example.org/"}), house.setting).err,
            "begins with https:// or http://"));
  house.setting.environment["LOGYSTERA_WEBHOOK_SECRET"] = "guessable";
  CHECK(has(run(house.arguments({"--alert-webhook", "http://127.0.0.1:1/"}), house.setting).err, "whsec_"));
}

// The same server over TLS: what a client sends and gets, what one that never gets so far costs, and how it ends.
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scratch.hpp"
#include "serving.hpp"

using namespace logystera;
using namespace logystera::server;
using namespace logystera::testing;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t kUploadBytes = 4'000'000;

constexpr const char* kEcKey = "ec -pkeyopt ec_paramgen_curve:prime256v1";
constexpr const char* kRsaKey = "rsa:2048";

/// A certificate nobody vouches for.
TlsFiles self_signed(const Scratch& scratch, const std::string& key = kEcKey) {
  TlsFiles files{scratch.file("cert.pem"), scratch.file("key.pem")};
  const std::string make = "openssl req -x509 -newkey " + key + " -nodes -days 2 -subj /CN=localhost -keyout " + files.key +
                           " -out " + files.certificate + " 2>/dev/null";
  REQUIRE(std::system(make.c_str()) == 0);
  return files;
}

/// Speaks TLS and takes any certificate. Whoever reads waits until the server has answered or closed.
class TlsClient {
 public:
  explicit TlsClient(const std::string& url)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), bio_(BIO_new_ssl_connect(context_.get()), BIO_free_all) {
    std::signal(SIGPIPE, SIG_IGN);  // a server may close while it is written to; OpenSSL writes without MSG_NOSIGNAL
    BIO_set_conn_hostname(bio_.get(), url.substr(url.rfind('/') + 1).c_str());
    greeted_ = BIO_do_connect(bio_.get()) == 1 && BIO_do_handshake(bio_.get()) == 1;
  }

  bool greeted() const noexcept { return greeted_; }
  bool send(std::string_view text) const {
    return BIO_write(bio_.get(), text.data(), static_cast<int>(text.size())) == static_cast<int>(text.size());
  }
  std::string receive_until(std::string_view mark) {
    return take_until(received_, mark, [this] { return read_some(); });
  }
  std::string receive(std::size_t bytes) {
    while (received_.size() < bytes && read_some()) {
    }
    std::string text = received_.substr(0, bytes);
    received_.erase(0, text.size());
    return text;
  }
  /// Everything up to the end. `said`: the server announced it, so nobody on the way cut it off.
  std::string receive_all(bool& said) {
    while (read_some()) {
    }
    SSL* ssl = nullptr;
    BIO_get_ssl(bio_.get(), &ssl);
    said = ssl && (SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
    return std::exchange(received_, {});
  }

 private:
  bool read_some() {
    char chunk[16384];
    const int got = BIO_read(bio_.get(), chunk, sizeof chunk);
    if (got <= 0) return false;
    received_.append(chunk, static_cast<std::size_t>(got));
    return true;
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<BIO, void (*)(BIO*)> bio_;
  std::string received_;
  bool greeted_ = false;
};

/// A client that offers what it is told to, however weak, and what becomes of its greeting.
class Offer {
 public:
  /// `ciphers` are those of TLS 1.2 and before, in the client's order.
  Offer(const std::string& url, int version, const std::string& ciphers)
      : context_(SSL_CTX_new(TLS_client_method()), SSL_CTX_free), ssl_(nullptr, SSL_free) {
    std::signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_security_level(context_.get(), 0);
    SSL_CTX_set_min_proto_version(context_.get(), version);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    ERR_clear_error();
    known_ = SSL_CTX_set_cipher_list(context_.get(), (ciphers + ":@SECLEVEL=0").c_str()) == 1;
    BIO* bio = BIO_new_connect(url.substr(url.rfind('/') + 1).c_str());
    ssl_.reset(SSL_new(context_.get()));
    SSL_set_bio(ssl_.get(), bio, bio);
    ERR_clear_error();
    taken_ = known_ && SSL_connect(ssl_.get()) == 1;
    if (!taken_) reason_ = ERR_GET_REASON(ERR_peek_error());
  }

  bool taken() const { return taken_; }
  /// Why not: one of OpenSSL's SSL_R_…; an alert's is the server's word.
  int reason() const { return reason_; }
  std::string cipher() const { return SSL_get_cipher_name(ssl_.get()); }
  SSL* ssl() const { return ssl_.get(); }

  /// Every cipher this OpenSSL can speak before TLS 1.3.
  static std::vector<std::string> known() {
    const std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_cipher_list(context.get(), "ALL:COMPLEMENTOFALL:@SECLEVEL=0");
    std::vector<std::string> names;
    const auto* all = SSL_CTX_get_ciphers(context.get());
    for (int i = 0; i < sk_SSL_CIPHER_num(all); ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(all, i);
      if (std::string(SSL_CIPHER_get_version(cipher)) != "TLSv1.3") names.emplace_back(SSL_CIPHER_get_name(cipher));
    }
    return names;
  }

 private:
  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool known_ = false, taken_ = false;
  int reason_ = 0;
};

/// POST /echo: the body again. GET /stream/{count}: so many pieces of 64 KiB. POST /upload: how many bytes came, piece by piece.
std::vector<Route> routes() {
  std::vector<Route> all;
  all.push_back({"POST", "/echo", kUploadBytes, [](Request request, const Reply& reply) {
                   Answer answer;
                   answer.content_type = "text/plain";
                   answer.body = std::move(request.body);
                   reply(std::move(answer));
                 }});
  all.push_back({"GET", "/stream/{count}", 0, [](Request request, const Reply& reply) {
                   Answer answer;
                   answer.content_type = "text/plain";
                   answer.streamed.next = [count = std::stoi(std::string(request.parameter("count"))),
                                           at = 0](std::string& piece) mutable {
                     piece.assign(64 * 1024, static_cast<char>('a' + at % 26));
                     return ++at < count;
                   };
                   reply(std::move(answer));
                 }});
  struct Counter final : BodyReader {
    bool take(std::string_view bytes) override {
      size += bytes.size();
      return true;
    }
    void finish(bool whole, Reply reply) override {
      Answer answer;
      answer.body = (whole ? "whole " : "part ") + std::to_string(size);
      reply(std::move(answer));
    }
    std::size_t size = 0;
  };
  Route upload{"POST", "/upload", kUploadBytes, nullptr, std::make_shared<Workers>(Workers::Options{})};
  upload.receiver = [](Request) -> std::unique_ptr<BodyReader> { return std::make_unique<Counter>(); };
  all.push_back(std::move(upload));
  return all;
}

std::string post(const std::string& path, std::size_t bytes, const std::string& more = "") {
  return "POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(bytes) + "\r\n" + more + "\r\n";
}

}  // namespace

TEST_CASE("over_tls_one_connection_carries_small_and_large_requests_and_answers") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  REQUIRE(serving.url().find("https://") == 0);
  TlsClient client(serving.url());
  REQUIRE(client.greeted());
  const std::string large(3'000'000, 'x');
  for (const std::string& body : {std::string("one"), std::string(), large, std::string("two")}) {
    REQUIRE(client.send(post("/echo", body.size()) + body));
    CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
    CHECK(client.receive(body.size()) == body);
  }
  REQUIRE(client.send("HEAD /stream/3 HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  REQUIRE(client.send(post("/echo", 4, "Expect: 100-continue\r\n")));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 100));
  REQUIRE(client.send("body"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  CHECK(client.receive(4) == "body");
  REQUIRE(client.send(post("/upload", large.size()) + large));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  CHECK(client.receive(13) == "whole 3000000");
  REQUIRE(client.send("GET /stream/32 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  bool said = false, whole = false;
  CHECK(joined_chunks(client.receive_all(said), whole).size() == 32u * 64 * 1024);
  CHECK(whole);
  CHECK(said);
}

TEST_CASE("over_tls_a_refused_request_is_told_why") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  for (const auto& [request, status] :
       std::vector<std::pair<std::string, int>>{{"GET /none HTTP/1.1\r\nHost: x\r\n\r\n", 404},
                                                {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
                                                {post("/echo", kUploadBytes + 1) + std::string(100'000, 'x'), 413},
                                                {"GET / HTTP/1.1\r\nA: " + std::string(20'000, 'a') + "\r\n\r\n", 431}}) {
    TlsClient client(serving.url());
    REQUIRE(client.greeted());
    client.send(request);
    bool said = false;
    CHECK(has_status(client.receive_all(said), status));
  }
}

TEST_CASE("who_does_not_greet_in_tls_is_let_go_in_time_and_harms_nobody") {
  const Scratch scratch;
  Limits limits;
  limits.header = std::chrono::seconds(3);  // the last client has to greet in it as well
  Serving serving(routes(), limits, {}, self_signed(scratch));
  SocketClient silent(serving.url()), plain(serving.url()), half(serving.url());
  REQUIRE(plain.send("GET /stream/1 HTTP/1.1\r\nHost: x\r\n\r\n"));
  REQUIRE(half.send(std::string("\x16\x03\x01\x02\x00\x01", 6)));
  CHECK(silent.receive_all().empty());
  CHECK(plain.receive_all().find("HTTP/") == std::string::npos);
  CHECK(half.receive_all().find("HTTP/") == std::string::npos);
  TlsClient client(serving.url());
  REQUIRE(client.greeted());
  REQUIRE(client.send(post("/echo", 2) + "ok"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
}

TEST_CASE("over_tls_clients_that_leave_in_the_middle_harm_nobody") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  for (int i = 0; i < 20; ++i) {
    TlsClient answer(serving.url()), body(serving.url());
    REQUIRE(answer.greeted());
    REQUIRE(body.greeted());
    REQUIRE(answer.send("GET /stream/2000 HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK(has_status(answer.receive_until("\r\n\r\n"), 200));
    REQUIRE(body.send(post("/upload", 1'000'000) + std::string(100'000, 'x')));
  }
  TlsClient client(serving.url());
  REQUIRE(client.send(post("/echo", 2) + "ok"));
  CHECK(has_status(client.receive_until("\r\n\r\n"), 200));
  CHECK(client.receive(2) == "ok");
  SocketClient handshake(serving.url());
  serving.server->stop();
}

TEST_CASE("over_tls_versions_before_1_2_are_refused") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  for (const int version : {TLS1_VERSION, TLS1_1_VERSION}) {
    INFO(version);
    const Offer offer(serving.url(), version, "ALL");
    CHECK_FALSE(offer.taken());
    CHECK(offer.reason() == SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);  // what the server says, not what this client lacks
  }
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) CHECK(Offer(serving.url(), version, "ALL").taken());
}

TEST_CASE("over_tls_1_2_only_ciphers_with_forward_secrecy_and_authentication_are_taken") {
  const auto& [key, name] = GENERATE(table<std::string, std::string>({{kEcKey, "ECDSA"}, {kRsaKey, "RSA"}}));
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch, key));
  const std::vector<std::string> known = Offer::known();
  CHECK(known.size() > 50);
  std::set<std::string> taken;
  for (const std::string& cipher : known) {
    if (Offer(serving.url(), TLS1_2_VERSION, cipher).taken()) taken.insert(cipher);
  }
  const std::string begin = "ECDHE-" + name;
  CHECK(taken ==
        std::set<std::string>{begin + "-AES128-GCM-SHA256", begin + "-AES256-GCM-SHA384", begin + "-CHACHA20-POLY1305"});
}

TEST_CASE("over_tls_1_2_the_server_chooses_the_cipher") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  const std::string small = "ECDHE-ECDSA-AES128-GCM-SHA256", large = "ECDHE-ECDSA-AES256-GCM-SHA384",
                    chacha = "ECDHE-ECDSA-CHACHA20-POLY1305";
  const auto chosen = [&](const std::string& ciphers) { return Offer(serving.url(), TLS1_2_VERSION, ciphers).cipher(); };
  CHECK(chosen(small + ":" + large) == chosen(large + ":" + small));
  CHECK(chosen(small + ":" + large + ":" + chacha) == chosen(large + ":" + small));
  // Whoever puts it first has no AES in hardware.
  CHECK(chosen(chacha + ":" + large + ":" + small) == chacha);
}

TEST_CASE("over_tls_1_2_no_client_begins_anew") {
  const Scratch scratch;
  Serving serving(routes(), {}, {}, self_signed(scratch));
  const Offer offer(serving.url(), TLS1_2_VERSION, "ALL");
  REQUIRE(offer.taken());
  CHECK(SSL_get_secure_renegotiation_support(offer.ssl()) == 1);
  ERR_clear_error();
  REQUIRE(SSL_renegotiate(offer.ssl()) == 1);
  CHECK(SSL_do_handshake(offer.ssl()) != 1);
  CHECK(ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);
}

// Certificates that hold and that do not, and the way through a proxy or past it.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "agent/dispatch.hpp"
#include "catch.hpp"
#include "fault_server.hpp"
#include "site.hpp"

using namespace logystera;
using namespace logystera::agent;
using namespace logystera::test;

namespace {

struct Try {
  FlushResult result;
  DispatchState state;
  std::size_t requests;
};

Try try_tls(const Certificate& certificate, bool trusted) {
  Site site;
  FaultServer server([](const Request&) { return accepted(); }, std::make_unique<Certificate>(certificate));
  site.record(10);
  DispatchOptions chosen = test::options();
  if (trusted) {
    site.spew("../ca.pem", server.certificate_pem());
    chosen.ca_bundle = site.root() + "/ca.pem";
  }
  Dispatcher d = Dispatcher::open(site.directory(), server.credentials(), chosen).value();
  FlushResult result = d.flush();
  return {result, d.state(), server.request_count()};
}

void check_refused(const Try& tried) {
  CHECK(name_of(tried.result.status) == "backoff");
  CHECK(name_of(tried.state.trouble) == "tls");
  CHECK(tried.requests == 0);  // not one byte of an event was shown
  CHECK(tried.result.retry_at - Clock::wall >= 900);
  CHECK(tried.state.auth_failures == 0);
}

}  // namespace

TEST_CASE("a_certificate_of_the_configured_authority_is_taken") {
  const Try tried = try_tls({}, true);
  CHECK(tried.result.error.empty());
  CHECK(name_of(tried.result.status) == "sent");
  CHECK(tried.requests == 1);
}

TEST_CASE("a_self_signed_certificate_is_refused") { check_refused(try_tls({}, false)); }

TEST_CASE("a_certificate_for_another_host_is_refused") {
  Certificate other;
  other.host = "gateway.example.com";
  check_refused(try_tls(other, true));
}

TEST_CASE("an_expired_certificate_is_refused") {
  Certificate expired;
  expired.valid_from_days = -30;
  expired.valid_to_days = -1;
  check_refused(try_tls(expired, true));
}

TEST_CASE("a_ca_bundle_that_is_missing_is_a_tls_trouble") {
  Site site;
  FaultServer server([](const Request&) { return accepted(); }, std::make_unique<Certificate>());
  site.record(10);
  DispatchOptions chosen = test::options();
  chosen.ca_bundle = "/nonexistent/ca.pem";
  Dispatcher d = Dispatcher::open(site.directory(), server.credentials(), chosen).value();
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(d.state().trouble == Trouble::tls);
}

TEST_CASE("a_proxy_is_used_when_it_is_set_and_its_refusal_is_its_own") {
  Site site;
  FaultServer gateway([](const Request&) { return accepted(); });
  FaultServer proxy([](const Request&) { return status(407, Ack::none); });
  site.record(10);
  DispatchOptions chosen = test::options();
  chosen.proxy = proxy.url();
  Dispatcher d = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(d.state().trouble == Trouble::proxy);
  CHECK(d.state().auth_failures == 0);
  CHECK(gateway.request_count() == 0);
  REQUIRE(proxy.request_count() == 1);
  CHECK(proxy.requests()[0].target == gateway.url() + "/v1/ingest");
}

TEST_CASE("a_proxy_that_refuses_the_tunnel_is_a_proxy_trouble") {
  for (const int code : {403, 407, 502}) {
    Site site;
    FaultServer gateway([](const Request&) { return accepted(); }, std::make_unique<Certificate>());
    FaultServer proxy([&](const Request&) { return status(code, Ack::none); });
    site.record(10);
    DispatchOptions chosen = test::options();
    chosen.proxy = "http://user:hush@127.0.0.1:" + std::to_string(proxy.port());
    Dispatcher d = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
    const FlushResult result = d.flush();
    CHECK(name_of(result.status) == "backoff");
    CHECK(name_of(d.state().trouble) == "proxy");
    CHECK(d.state().auth_failures == 0);
    REQUIRE(proxy.request_count() == 1);
    CHECK(proxy.requests()[0].method == "CONNECT");
    CHECK(proxy.requests()[0].header("logystera-signature").empty());
    CHECK(result.error.find("hush") == std::string::npos);
    CHECK(site.slurp("dispatch.history").find("hush") == std::string::npos);
  }
}

// What a proxy that wants Basic authentication is told (RFC 7617 §2), whichever way the password came.
TEST_CASE("a_proxy_is_told_user_and_password_as_they_were_meant") {
  const struct {
    const char *user_info, *password, *expected;  // base64 of USER:PASSWORD
  } ways[] = {
      {"ann:hush@", "", "Basic YW5uOmh1c2g="},
      {"ann@", "hush", "Basic YW5uOmh1c2g="},
      {"ann:@", "", "Basic YW5uOg=="},
      {"ann:h%2Fu%40s:h@", "", "Basic YW5uOmgvdUBzOmg="},  // h/u@s:h
      {"ann@", "h/u@s:h", "Basic YW5uOmgvdUBzOmg="},
      {"ann@", "h%2Fu", "Basic YW5uOmglMkZ1"},  // as it is
      {"", "", ""},
  };
  for (const auto& way : ways) {
    INFO(way.user_info << " " << way.password);
    Site site;
    FaultServer gateway([](const Request&) { return accepted(); });
    FaultServer proxy([](const Request&) { return status(407, Ack::none); });
    site.record(10);
    DispatchOptions chosen = test::options();
    chosen.proxy = std::string("http://") + way.user_info + "127.0.0.1:" + std::to_string(proxy.port());
    chosen.proxy_password = Secret(way.password);
    Dispatcher d = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
    CHECK(name_of(d.flush().status) == "backoff");
    REQUIRE(proxy.request_count() == 1);
    CHECK(proxy.requests()[0].header("proxy-authorization") == way.expected);
  }
}

// libcurl quotes an address it cannot read; one of the environment is the only one it gets whole.
TEST_CASE("no_message_about_a_proxy_holds_its_password") {
  const char* proxies[] = {
      "http://ann:hush@no-such-proxy.invalid:3128",
      "https://ann:hush@127.0.0.1:1",
      "socks5h://ann:hush@127.0.0.1:1",
      "http://ann:hush@127.0.0.1:1",
      "http://ann:hush@[::1]:1",
      "socks5://ann:hu/sh@127.0.0.1:1",
  };
  for (const char* proxy : proxies) {
    INFO(proxy);
    Site site;
    site.record(10);
    DispatchOptions chosen = test::options();
    chosen.proxy = proxy;
    Dispatcher d =
        Dispatcher::open(site.directory(), Credentials::make("https://127.0.0.1:1", kEntity, kSecret).value(), chosen)
            .value();
    const FlushResult result = d.flush();
    CHECK(!result.error.empty());
    for (const std::string& told : {result.error, d.ping().error, site.slurp("dispatch.history"),
                                    site.slurp("dispatch.state.a"), site.slurp("dispatch.state.b")}) {
      CHECK(told.find("hu") == std::string::npos);
      CHECK(told.find("ann") == std::string::npos);
    }
  }
}

TEST_CASE("a_proxy_of_the_environment_that_cannot_be_read_is_not_quoted") {
  const std::string proxies[] = {
      "http://ann:" + std::string(300, 'h') + "uhu@127.0.0.1:99999",
      "http://ann:hush@127.0.0.1:99999",
      "http://ann:hu/sh@127.0.0.1:1",
      "foo://ann:hush@127.0.0.1:1",
      "http://ann:hush@no such",
      "ann:hush@no-such-proxy.invalid:1",
  };
  for (const std::string& proxy : proxies) {
    INFO(proxy);
    ::setenv("https_proxy", proxy.c_str(), 1);
    Site site;
    site.record(10);
    DispatchOptions chosen = test::options();
    chosen.proxy_from_environment = true;
    Dispatcher d =
        Dispatcher::open(site.directory(), Credentials::make("https://127.0.0.1:1", kEntity, kSecret).value(), chosen)
            .value();
    const FlushResult result = d.flush();
    CHECK(!result.error.empty());
    for (const std::string& told : {result.error, d.ping().error, site.slurp("dispatch.history")}) {
      CHECK(told.find("hu") == std::string::npos);
      CHECK(told.find("hhh") == std::string::npos);
      CHECK(told.find("ann") == std::string::npos);
    }
  }
  ::unsetenv("https_proxy");
}

TEST_CASE("proxy_variables_of_the_environment_are_ignored_unless_asked_for") {
  Site site;
  FaultServer gateway([](const Request&) { return accepted(); });
  FaultServer proxy([](const Request&) { return status(502, Ack::none); });
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::setenv(name, proxy.url().c_str(), 1);
  ::unsetenv("no_proxy");
  ::unsetenv("NO_PROXY");
  site.record(10);
  Dispatcher d = Dispatcher::open(site.directory(), gateway.credentials(), test::options()).value();
  CHECK(name_of(d.flush().status) == "sent");
  CHECK(proxy.request_count() == 0);
  site.record(10);
  DispatchOptions chosen = test::options();
  chosen.proxy_from_environment = true;
  Dispatcher asked = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
  CHECK(name_of(asked.flush().status) == "backoff");
  CHECK(proxy.request_count() == 1);
  for (const char* name : {"http_proxy", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
}

TEST_CASE("a_proxy_that_is_not_there_is_not_gone_around") {
  Site site;
  FaultServer gateway([](const Request&) { return accepted(); });
  site.record(10);
  DispatchOptions chosen = test::options();
  chosen.proxy = "http://127.0.0.1:1";
  Dispatcher d = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
  CHECK(name_of(d.flush().status) == "backoff");
  CHECK(gateway.request_count() == 0);
  chosen.proxy = "http://no-such-proxy.invalid:3128";
  Dispatcher unknown = Dispatcher::open(site.directory(), gateway.credentials(), chosen).value();
  REQUIRE(unknown.resume().ok());
  CHECK(name_of(unknown.flush().status) == "backoff");
  CHECK(unknown.state().trouble == Trouble::proxy);
}

TEST_CASE("a_tls_gateway_that_hangs_up_does_not_end_the_process_with_a_signal") {
  std::signal(SIGPIPE, SIG_DFL);  // whoever started the tests may have it ignored
  Site site;
  Certificate certificate;
  certificate.hang_up = true;
  FaultServer server([](const Request&) { return accepted(); }, std::make_unique<Certificate>(certificate));
  // Enough that does not compress, so that most of it is written after the other end is gone.
  UuidSource uuids;
  for (int i = 0; i < 16; ++i) {
    std::string line = event_line(uuids.next()), noise;
    while (noise.size() < 30'000) noise += uuids.next();
    site.append_raw(line.insert(line.rfind('"'), noise));
  }
  site.spew("../ca.pem", server.certificate_pem());
  DispatchOptions chosen = test::options();
  chosen.ca_bundle = site.root() + "/ca.pem";
  Dispatcher d = Dispatcher::open(site.directory(), server.credentials(), chosen).value();
  for (int i = 0; i < 20; ++i) {
    CHECK(name_of(d.flush().status) == "backoff");
    Clock::pass(1800);
  }
  CHECK(d.state().trouble == Trouble::network);
  CHECK(d.state().dead_lettered == 0);
}

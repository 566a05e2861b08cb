// By which names a server may be called.
#include "web/hosts.hpp"

#include "catch.hpp"

using namespace logystera;
using namespace logystera::web;

namespace {

Hosts hosts_of(std::vector<std::string> bound, std::vector<std::string> names = {}) {
  return std::move(Hosts::make({std::move(bound), std::move(names), "says more"})).value();
}

server::Request request_of(std::vector<std::string> hosts, std::string path = "/") {
  server::Request request;
  request.method = "GET";
  request.path = std::move(path);
  for (std::string& host : hosts) request.headers.emplace_back("Host", std::move(host));
  return request;
}

}  // namespace

TEST_CASE("this_machines_own_names_and_addresses_are_known_with_any_port_and_no_others") {
  const Hosts hosts = hosts_of({"127.0.0.1"});
  for (const char* host : {"localhost", "LOCALHOST:8080", "localhost.", "127.0.0.1", "127.0.0.1:65535", "127.9.8.7",
                           "[::1]", "[::1]:8080", "[0:0:0:0:0:0:0:1]"}) {
    INFO(host);
    CHECK(hosts.knows(host));
  }
  for (const char* host : {"",
                           ".",
                           "evil.example",
                           "localhost.evil.example",
                           "evil.localhost",
                           "127.0.0.1.evil.example",
                           "127.0.0.1.nip.io",
                           "192.0.2.1",
                           "0.0.0.0",
                           "127.1",
                           "2130706433",
                           "0x7f.0.0.1",
                           "localhost:",
                           "localhost:0",
                           "localhost:65536",
                           "localhost:8080:8080",
                           "localhost:80a",
                           "user@localhost",
                           "localhost/",
                           "localhost ",
                           "::1",
                           "[127.0.0.1]",
                           "[::1",
                           "[::1]x",
                           "[::1%25lo]",
                           "[localhost]",
                           "[::ffff:127.0.0.1]",
                           "localhost..",
                           "%6cocalhost",
                           "xn--localhost-x"}) {
    INFO(host);
    CHECK_FALSE(hosts.knows(host));
  }
}

TEST_CASE("what_is_listened_on_and_what_the_operator_says_is_known") {
  const Hosts one =
      hosts_of({"192.0.2.1", "2001:db8::1"}, {"Gateway.Example.org", "proxy.example:8443", "[2001:db8::2]:443"});
  for (const char* host : {"192.0.2.1:80", "[2001:DB8:0::1]", "gateway.example.org", "gateway.example.org.:444",
                           "proxy.example:8443", "[2001:db8::2]:443"}) {
    INFO(host);
    CHECK(one.knows(host));
  }
  for (const char* host : {"192.0.2.2", "[2001:db8::2]", "[2001:db8::3]", "proxy.example", "proxy.example:443",
                           "a.gateway.example.org", "gateway.example.org.evil"}) {
    INFO(host);
    CHECK_FALSE(one.knows(host));
  }
  // Listening on all addresses: an address cannot be pointed elsewhere, a name can.
  for (const char* every : {"0.0.0.0", "::"}) {
    const Hosts all = hosts_of({every});
    CHECK(all.knows("192.0.2.2:8080"));
    CHECK(all.knows("[2001:db8::3]"));
    CHECK_FALSE(all.knows("evil.example"));
  }
}

TEST_CASE("names_that_are_none_are_refused_with_an_example") {
  for (const char* name : {"", "*", "https://gateway.example.org", "a b", "a:b", "2001:db8::1", "a/b"}) {
    const auto made = Hosts::make({{}, {name}});
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().message.find("write gateway.example.org") != std::string::npos);
  }
  CHECK_FALSE(Hosts::make({{"localhost"}, {}}).ok());
}

TEST_CASE("whoever_asks_by_another_name_is_told_so") {
  const Hosts hosts = hosts_of({"127.0.0.1"});
  CHECK_FALSE(hosts.refusal(request_of({"localhost:8080"})));
  const auto page = hosts.refusal(request_of({"evil.example"}));
  REQUIRE(page);
  CHECK(page->status == 421);
  CHECK(page->content_type == "text/html; charset=utf-8");
  CHECK(page->body.find("This server is not known as evil.example: its operator says more.") != std::string::npos);
  const auto api = hosts.refusal(request_of({"evil.example"}, "/api/v1/stats"));
  REQUIRE(api);
  CHECK(api->content_type == "application/problem+json");
  CHECK(api->body.find(R"("code":"misdirected_request")") != std::string::npos);
  CHECK(hosts.refusal(request_of({})));
  CHECK(hosts.refusal(request_of({"localhost", "localhost"})));
  // What is said elsewhere about the host counts for nothing.
  server::Request said = request_of({"evil.example"});
  said.headers.emplace_back("X-Forwarded-Host", "localhost");
  said.headers.emplace_back("Forwarded", "host=localhost");
  CHECK(hosts.refusal(said));
  // Nor does what is repeated back become more than text.
  const auto tricky = hosts.refusal(request_of({"<script>alert(1)</script>"}));
  REQUIRE(tricky);
  CHECK(tricky->body.find("<script>alert") == std::string::npos);
}

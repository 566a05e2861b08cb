#include "gateway/web_address.hpp"

#include "catch.hpp"

using namespace logystera;
using namespace logystera::gateway;

TEST_CASE("an_address_has_one_reading") {
  const auto address = WebAddress::parse("https://WWW.Example.org:8443/a/b?c=d");
  REQUIRE(address.ok());
  CHECK(address->origin() == "https://www.example.org:8443");
  CHECK(address->host_and_port() == "www.example.org:8443");
  CHECK(address->path == "/a/b");
  CHECK(address->has_query);
  CHECK(!address->loopback);
  CHECK(WebAddress::parse("https://example.org")->path == "/");
  CHECK(WebAddress::parse("https://example.org:443/")->origin() == "https://example.org");
  CHECK(WebAddress::parse("http://localhost:80/")->origin() == "http://localhost");
  CHECK(WebAddress::parse("https://xn--bcher-kva.example/")->is_international());
  CHECK(!WebAddress::parse("https://example.org/xn--a")->is_international());
}

TEST_CASE("plain_http_is_for_this_machine_only") {
  for (const char* text : {"http://localhost/", "http://127.0.0.1:8888/a", "http://127.8.9.10/", "http://[::1]:8080/"}) {
    INFO(text);
    REQUIRE(WebAddress::parse(text).ok());
    CHECK(WebAddress::parse(text)->loopback);
  }
  for (const char* text : {"http://example.org/", "http://10.0.0.1/", "http://[::2]/", "http://localhost.example.org/",
                           "http://127.0.0.1.example.org/", "http://0.0.0.0/"}) {
    INFO(text);
    CHECK(!WebAddress::parse(text).ok());
  }
}

TEST_CASE("an_address_two_programs_could_read_differently_is_none") {
  for (const std::string text : {"",
                                 "https://",
                                 "https:///path",
                                 "https:/example.org/",
                                 "https:example.org",
                                 "HTTPS://example.org/",
                                 "ftp://example.org/",
                                 "data:text/html,x",
                                 "javascript:alert(1)",
                                 "//example.org/",
                                 "https://user@example.org/",
                                 "https://a:b@example.org/",
                                 "https://example.org/#",
                                 "https://example.org\\.evil.example/",
                                 "https://example.org/a\\b",
                                 "https://exa mple.org/",
                                 "https://example.org/a b",
                                 "https://example.org/\t",
                                 "https://example.org/\xc3\xa4",
                                 "https://b\xc3\xbc"
                                 "cher.example/",
                                 "https://-a.example/",
                                 "https://a-.example/",
                                 "https://a..example/",
                                 "https://.example/",
                                 "https://example.org./",
                                 "https://example_1.org/",
                                 "https://example.org:/",
                                 "https://example.org:0/",
                                 "https://example.org:65536/",
                                 "https://example.org:080/",
                                 "https://example.org:8x/",
                                 "https://example.org:-1/",
                                 "https://0x7f.1/",
                                 "https://2130706433/",
                                 "https://127.1/",
                                 "https://1.2.3.4.5/",
                                 "https://0x7f000001/",
                                 "https://[::1/",
                                 "https://[fe80::1%25eth0]/",
                                 "https://[1.2.3.4]/",
                                 "https://example.org?a=b",
                                 "https://example.org/%",
                                 "https://example.org/%2",
                                 "https://example.org/%zz",
                                 "https://example.org/'",
                                 "https://example.org/<",
                                 "https://example.org/\"",
                                 "https://example.org/{",
                                 "https://example.org/^",
                                 "https://example.org/`",
                                 "https://example.org/|"}) {
    INFO(text);
    CHECK(!WebAddress::parse(text).ok());
  }
  CHECK(!WebAddress::parse(std::string("https://example.org/\0", 21)).ok());
  CHECK(!WebAddress::parse("https://" + std::string(64, 'a') + ".example/").ok());
  CHECK(WebAddress::parse("https://" + std::string(63, 'a') + ".example/").ok());
  CHECK(WebAddress::parse("https://192.0.2.1/").ok());
  CHECK(WebAddress::parse("https://[2001:db8::1]/").ok());
}

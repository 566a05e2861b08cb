#include "gateway/web_address.hpp"

#include <curl/curl.h>

#include <memory>
#include <random>

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

TEST_CASE("whatever_is_taken_for_an_address_another_program_reads_the_same_way") {
  const auto part_of = [](CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (::curl_url_get(url, part, &text, 0) != CURLUE_OK) return std::string();
    const std::string copy(text);
    ::curl_free(text);
    return copy;
  };
  std::mt19937 random(20261121);
  const std::string_view seeds[] = {"https://www.example.org:8443/a/b?c=d", "http://localhost:8888/callback",
                                    "http://[::1]:80/", "https://xn--bcher-kva.example/%7Ea", "http://127.0.0.1/?a=b&c"};
  constexpr std::string_view kPieces = "/:@?#[].-%\\ \t\r\n0a1xZ&=;\xc3\xa4'\"<>";
  std::size_t taken = 0;
  for (int round = 0; round < 40'000; ++round) {
    std::string text(seeds[random() % std::size(seeds)]);
    for (std::size_t changes = random() % 3 + 1; changes > 0; --changes) {
      const std::size_t at = random() % (text.size() + 1);
      const char piece = kPieces[random() % kPieces.size()];
      if (random() % 2 == 0 || at == text.size()) text.insert(at, 1, piece);
      else if (random() % 2 == 0) text[at] = piece;
      else text.erase(at, 1);
    }
    const auto address = WebAddress::parse(text);
    if (!address) continue;
    ++taken;
    INFO(text);
    const std::unique_ptr<CURLU, void (*)(CURLU*)> url(::curl_url(), &::curl_url_cleanup);
    REQUIRE(::curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0) == CURLUE_OK);
    CHECK(part_of(url.get(), CURLUPART_SCHEME) == address->scheme);
    std::string host = part_of(url.get(), CURLUPART_HOST);
    for (char& c : host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    CHECK(host == address->host);
    CHECK(part_of(url.get(), CURLUPART_USER).empty());
    CHECK(part_of(url.get(), CURLUPART_FRAGMENT).empty());
    const std::string port = part_of(url.get(), CURLUPART_PORT);
    CHECK((port == address->port || (address->port.empty() && port == (address->scheme == "https" ? "443" : "80"))));
    // Fit to stand in a header and an attribute as it is.
    CHECK(text.find_first_of(" \t\r\n\"'<>\\") == std::string::npos);
    CHECK(WebAddress::parse(address->origin())->origin() == address->origin());
  }
  CHECK(taken > 1000);
}

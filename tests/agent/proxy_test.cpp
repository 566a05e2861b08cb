#include "agent/proxy.hpp"

#include "catch.hpp"

using namespace logystera;
using namespace logystera::agent;

TEST_CASE("a_proxy_is_taken_apart_and_its_address_holds_neither_user_nor_password") {
  const struct {
    const char *url, *address;
    bool has_user;
    const char *user, *password;
  } proxies[] = {
      {"", "", false, "", ""},
      {"http://proxy.example:3128", "http://proxy.example:3128", false, "", ""},
      {"https://proxy", "https://proxy", false, "", ""},
      {"http://proxy:3128/", "http://proxy:3128", false, "", ""},
      {"socks5h://[2001:db8::1]:1080", "socks5h://[2001:db8::1]:1080", false, "", ""},
      {"socks5://[fe80::1%25eth0]", "socks5://[fe80::1%25eth0]", false, "", ""},
      {"http://web_proxy:3128", "http://web_proxy:3128", false, "", ""},
      {"http://ann@proxy:3128", "http://proxy:3128", true, "ann", ""},
      {"http://ann:@proxy:3128", "http://proxy:3128", true, "ann", ""},
      {"http://ann:hush@proxy:3128", "http://proxy:3128", true, "ann", "hush"},
      {"http://:hush@proxy", "http://proxy", true, "", "hush"},
      {"http://ann:h:u@s/h?#@proxy", "http://proxy", true, "ann", "h:u@s/h?#"},
      {"http://a%40b:%2f%3A%25%c3%a9@proxy", "http://proxy", true, "a@b", "/:%\xc3\xa9"},
      {"http://ann:100%@proxy", "http://proxy", true, "ann", "100%"},
      {"http://ann:%4@proxy", "http://proxy", true, "ann", "%4"},
      {"http://ann:%zz@proxy", "http://proxy", true, "ann", "%zz"},
  };
  for (const auto& one : proxies) {
    INFO(one.url);
    const Result<Proxy> proxy = Proxy::parse(one.url);
    REQUIRE(proxy.ok());
    CHECK(proxy->address == one.address);
    CHECK(proxy->has_user == one.has_user);
    CHECK(proxy->user.view() == one.user);
    CHECK(proxy->password.view() == one.password);
  }
}

// libcurl would refuse these too, and quote them: "Unsupported proxy syntax in 'http://ann:hush@proxy:99999'".
TEST_CASE("a_proxy_libcurl_could_not_read_is_refused_without_being_repeated") {
  const char* urls[] = {
      "ann:hush@proxy:3128",
      "ftp://ann:hush@proxy",
      "http://ann:hush@",
      "http://ann:hush@:3128",
      "http://ann:hush@proxy:",
      "http://ann:hush@proxy:0",
      "http://ann:hush@proxy:99999",
      "http://ann:hush@proxy:65536",
      "http://ann:hush@proxy:31x8",
      "http://ann:hush@proxy:000003128",
      "http://ann:hush@[::1",
      "http://ann:hush@[]:3128",
      "http://ann:hush@::1:3128",
      "http://ann:hush@pro xy",
      "http://ann:hush@proxy\r\nX: y",
      "http://ann:hush%00@proxy",
      "http://ann%00:hush@proxy",
      "http://ann:hush@pr%6fxy",
      "http://ann:hush@pröxy",
      "HTTP://ann:hush@proxy",
  };
  for (const char* url : urls) {
    INFO(url);
    const Result<Proxy> proxy = Proxy::parse(url);
    REQUIRE(!proxy.ok());
    CHECK(proxy.error().message.find("hush") == std::string::npos);
    CHECK(proxy.error().message.find("ann") == std::string::npos);
    CHECK(proxy.error().message.find("http://proxy.example.com:3128") != std::string::npos);
  }
  CHECK(Proxy::parse("http://" + std::string(505, 'a')).ok());
  CHECK(!Proxy::parse("http://" + std::string(506, 'a')).ok());
}

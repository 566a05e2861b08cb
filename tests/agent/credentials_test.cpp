#include "agent/credentials.hpp"

#include <set>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::agent;

namespace {

const std::string kUrl = "https://gateway.example.com";
const std::string kToken = "ent_0123456789abcdef";
const std::string kSecret = "a-secret-of-32-printable-letters";
const std::string kKey = "the site's own key, kept in settings.php";

Result<Credentials> with_url(const std::string& url) { return Credentials::make(url, kToken, kSecret); }
Credentials good() { return Credentials::make(kUrl, kToken, kSecret).value(); }

}  // namespace

TEST_CASE("a_gateway_url_is_kept_in_one_form") {
  const std::pair<const char*, const char*> urls[] = {
      {"https://gateway.example.com", "https://gateway.example.com"},
      {"https://Gateway.Example.COM/", "https://gateway.example.com"},
      {"https://gateway.example.com:8443/", "https://gateway.example.com:8443"},
      {"https://gateway.example.com/v1/ingest", "https://gateway.example.com"},
      {"https://example.com/logs/", "https://example.com/logs"},
      {"https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"},
      {"http://localhost:8080", "http://localhost:8080"},
      {"http://127.0.0.1:8080", "http://127.0.0.1:8080"},
      {"http://127.200.3.4", "http://127.200.3.4"},
      {"http://[::1]:9000", "http://[::1]:9000"},
  };
  for (const auto& [given, kept] : urls) {
    INFO(given);
    const Result<Credentials> made = with_url(given);
    REQUIRE(made.ok());
    CHECK(made->gateway_url() == kept);
  }
}

TEST_CASE("a_gateway_url_that_would_send_events_in_the_clear_or_elsewhere_is_refused") {
  const char* urls[] = {
      "",
      "gateway.example.com",
      "ftp://gateway.example.com",
      "file:///etc/passwd",
      "https://",
      "https:///v1",
      "http://gateway.example.com",
      "http://127.0.0.1.example.com",
      "http://localhost.example.com",
      "http://128.0.0.1",
      "http://0x7f000001.example",
      "http://[::2]",
      "https://user@example.com",
      "https://user:pass@example.com",
      "https://example.com?x=1",
      "https://example.com#x",
      "https://example.com/a b",
      "https://example.com/a%2fb",
      "https://example.com/../x",
      "https://example.com//x",
      "https://example.com:0",
      "https://example.com:65536",
      "https://example.com:",
      "https://example.com:8o",
      "https://exa mple.com",
      "https://-example.com",
      "https://.example.com",
      "https://a..b",
      "https://b\xc3\xbc\x63her.example",
      "https://[::1",
      "https://[zz]",
      "https://example.com/\r\nX: y",
  };
  for (const char* url : urls) {
    INFO(url);
    const Result<Credentials> made = with_url(url);
    REQUIRE(!made.ok());
    CHECK(made.error().message.find("gateway URL") == 0);
    CHECK(made.error().message.find("https://gateway.example.com") != std::string::npos);
  }
}

TEST_CASE("a_gateway_url_has_at_most_512_bytes") {
  const std::string host = "https://example.com/";
  CHECK(with_url(host + std::string(512 - host.size(), 'a')).ok());
  CHECK(!with_url(host + std::string(513 - host.size(), 'a')).ok());
  CHECK(with_url("https://" + std::string(253, 'a')).ok());
  CHECK(!with_url("https://" + std::string(254, 'a')).ok());
}

TEST_CASE("an_entity_token_has_its_prefix_and_its_alphabet") {
  CHECK(Credentials::make(kUrl, "ent_a", kSecret).ok());
  CHECK(Credentials::make(kUrl, "ent_" + std::string(60, 'a'), kSecret).ok());
  for (const std::string& token : {std::string(), std::string("ent_"), std::string("tok_abc"), std::string("ent_a b"),
                                   std::string("ent_a\n"), "ent_" + std::string(61, 'a')}) {
    const Result<Credentials> made = Credentials::make(kUrl, token, kSecret);
    REQUIRE(!made.ok());
    CHECK(made.error().message.find("entity token") == 0);
  }
}

TEST_CASE("an_entity_secret_is_bounded_and_never_repeated_in_an_error") {
  CHECK(Credentials::make(kUrl, kToken, std::string(16, 'x')).ok());
  CHECK(Credentials::make(kUrl, kToken, std::string(256, 'x')).ok());
  for (const std::string& secret : {std::string(), std::string(15, 'x'), std::string(257, 'x'), kSecret + "\n",
                                    " " + kSecret, kSecret + std::string(1, '\0')}) {
    const Result<Credentials> made = Credentials::make(kUrl, kToken, secret);
    REQUIRE(!made.ok());
    CHECK(made.error().message.find("entity secret") == 0);
    if (secret.size() > 1) CHECK(made.error().message.find(secret.substr(1, 12)) == std::string::npos);
  }
}

TEST_CASE("the_fingerprint_changes_with_each_value_and_shows_none") {
  const std::string print = good().fingerprint();
  CHECK(print.size() == 64);
  CHECK(print == good().fingerprint());
  const std::set<std::string> prints{print, Credentials::make("https://other.example.com", kToken, kSecret)->fingerprint(),
                                     Credentials::make(kUrl, "ent_other", kSecret)->fingerprint(),
                                     Credentials::make(kUrl, kToken, kSecret + "x")->fingerprint()};
  CHECK(prints.size() == 4);
}

TEST_CASE("sealed_credentials_open_with_their_key") {
  const Result<std::string> sealed = good().seal(kKey);
  REQUIRE(sealed.ok());
  CHECK(sealed.value().find(kSecret) == std::string::npos);
  CHECK(sealed.value().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") ==
        std::string::npos);
  const Result<Credentials> opened = Credentials::unseal(sealed.value(), kKey);
  REQUIRE(opened.ok());
  CHECK(opened->gateway_url() == kUrl);
  CHECK(opened->entity_token() == kToken);
  CHECK(opened->secret() == kSecret);
}

TEST_CASE("sealing_twice_gives_two_texts") { CHECK(good().seal(kKey).value() != good().seal(kKey).value()); }

TEST_CASE("sealed_credentials_do_not_open_with_another_key") {
  const std::string sealed = good().seal(kKey).value();
  const Result<Credentials> opened = Credentials::unseal(sealed, kKey + "x");
  REQUIRE(!opened.ok());
  CHECK(opened.error().message.find("connect the site again") != std::string::npos);
}

TEST_CASE("a_sealed_text_changed_in_any_place_does_not_open") {
  const std::string sealed = good().seal(kKey).value();
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    INFO(i);
    CHECK(!Credentials::unseal(changed, kKey).ok());
  }
  for (std::size_t size = 0; size < sealed.size(); ++size) CHECK(!Credentials::unseal(sealed.substr(0, size), kKey).ok());
}

TEST_CASE("text_that_was_never_sealed_does_not_open") {
  for (const char* text : {"", "A", "====", "A===", "hello world, this is no base64!!", "AAAA", "AQ=="}) {
    CHECK(!Credentials::unseal(text, kKey).ok());
  }
  CHECK(!Credentials::unseal(std::string(4100, 'A'), kKey).ok());
  const Result<Credentials> later = Credentials::unseal("Ag" + std::string(62, 'A'), kKey);
  REQUIRE(!later.ok());
  CHECK(later.error().message.find("later version") != std::string::npos);
}

TEST_CASE("a_sealing_key_is_bounded") {
  CHECK(!good().seal(std::string(15, 'k')).ok());
  CHECK(good().seal(std::string(16, 'k')).ok());
  CHECK(good().seal(std::string(4096, 'k')).ok());
  CHECK(!good().seal(std::string(4097, 'k')).ok());
  CHECK(!Credentials::unseal(good().seal(kKey).value(), "short").ok());
}

TEST_CASE("a_secret_survives_copy_and_move") {
  Secret secret("first secret of some length");
  Secret copy(secret);
  CHECK(copy.view() == secret.view());
  Secret moved(std::move(copy));
  CHECK(moved.view() == "first secret of some length");
  Secret other("second secret of some length");
  other = moved;
  CHECK(other.view() == "first secret of some length");
  other = Secret("third secret of some length");
  CHECK(other.view() == "third secret of some length");
  Secret& self = other;
  other = self;
  CHECK(other.view() == "third secret of some length");
}

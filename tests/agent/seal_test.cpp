#include "agent/seal.hpp"

#include "catch.hpp"

using namespace logystera;
using namespace logystera::agent;

namespace {

const std::string kKey = "the site's own key, kept in settings.php";
const std::string kPurpose = "proxy http://ann@proxy.example:3128";

Secret secret(std::string_view value) { return make_secret(value).value(); }

}  // namespace

TEST_CASE("a_sealed_secret_opens_with_its_key_for_its_purpose_alone") {
  for (const std::string& value : {std::string("h"), std::string("hush \0 \n \xff", 10), std::string(1024, 'x')}) {
    const std::string sealed = seal_secret(secret(value), kKey, kPurpose).value();
    CHECK(unseal_secret(sealed, kKey, kPurpose).value().view() == value);
    CHECK(sealed != seal_secret(secret(value), kKey, kPurpose).value());
    for (const auto& [key, purpose] :
         {std::pair(kKey + "x", kPurpose), std::pair(kKey, kPurpose + "1"), std::pair(kKey, std::string("x"))}) {
      const Result<Secret> refused = unseal_secret(sealed, key, purpose);
      REQUIRE(!refused.ok());
      CHECK(refused.error().message.find("enter it again") != std::string::npos);
    }
    for (std::size_t i = 0; i < sealed.size(); i += 7) {
      std::string changed = sealed;
      changed[i] = changed[i] == 'A' ? 'B' : 'A';
      CHECK(!unseal_secret(changed, kKey, kPurpose).ok());
      CHECK(!unseal_secret(sealed.substr(0, i), kKey, kPurpose).ok());
    }
  }
}

TEST_CASE("sealed_credentials_are_no_sealed_secret_nor_the_other_way_round") {
  const Credentials credentials =
      Credentials::make("https://gateway.example.com", "ent_0123456789abcdef", "a-secret-of-32-printable-letters").value();
  const std::string of_credentials = credentials.seal(kKey).value();
  const std::string of_secret =
      seal_secret(secret("https://gateway.example.com\nent_0123456789abcdef\na-secret-of-32-printable-letters"), kKey,
                  kPurpose)
          .value();
  CHECK(!unseal_secret(of_credentials, kKey, kPurpose).ok());
  CHECK(!unseal_secret(of_credentials, kKey, "logystera credentials seal/v1").ok());
  CHECK(!Credentials::unseal(of_secret, kKey).ok());
}

TEST_CASE("a_secret_a_key_or_a_purpose_out_of_bounds_is_refused_by_name") {
  const auto message = [](const auto& result) { return result.ok() ? std::string("accepted") : result.error().message; };
  CHECK(message(make_secret("")).find("secret: must have 1-1024 bytes") == 0);
  CHECK(message(make_secret(std::string(1025, 'h'))).find("secret: must have 1-1024 bytes, has 1025") == 0);
  CHECK(message(make_secret(std::string(1025, 'h'))).find("hh") == std::string::npos);
  const Secret one = secret("hush");
  CHECK(message(seal_secret(one, "short", kPurpose)).find("sealing key: ") == 0);
  CHECK(message(seal_secret(one, kKey, "")).find("purpose: must have 1-1024 bytes") == 0);
  CHECK(message(seal_secret(one, kKey, std::string(1025, 'p'))).find("purpose: ") == 0);
  CHECK(seal_secret(one, kKey, std::string(1024, 'p')).ok());
  CHECK(message(unseal_secret("", kKey, kPurpose)).find("sealed secret: ") == 0);
  CHECK(message(unseal_secret(std::string(5000, 'A'), kKey, kPurpose)).find("sealed secret: ") == 0);
  CHECK(message(unseal_secret("AAAA", "short", kPurpose)).find("sealing key: ") == 0);
}

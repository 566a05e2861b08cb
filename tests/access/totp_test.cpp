#include "access/totp.hpp"

#include <set>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::access;

namespace {

const std::string kSecret = "12345678901234567890";  // RFC 6238, appendix B

}  // namespace

TEST_CASE("codes_are_those_of_rfc_6238_and_rfc_4226") {
  // Appendix B has eight digits; the last six are the same number modulo a million.
  const std::vector<std::pair<std::int64_t, std::string>> vectors{{59, "287082"},         {1111111109, "081804"},
                                                                  {1111111111, "050471"}, {1234567890, "005924"},
                                                                  {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [time, code] : vectors) CHECK(totp_code(kSecret, time / kTotpStepSeconds) == code);
  // RFC 4226, appendix D: the same secret by counter.
  const std::vector<std::string> counted{"755224", "287082", "359152", "969429", "338314",
                                         "254676", "287922", "162583", "399871", "520489"};
  for (std::size_t i = 0; i < counted.size(); ++i) CHECK(totp_code(kSecret, static_cast<std::int64_t>(i)) == counted[i]);
}

TEST_CASE("a_code_is_good_a_step_before_and_after_and_once") {
  constexpr std::int64_t kTime = 1111111111, kStep = kTime / kTotpStepSeconds;
  for (const std::int64_t aside : {-1, 0, 1})
    CHECK(totp_step(kSecret, totp_code(kSecret, kStep + aside), kTime, 0) == kStep + aside);
  for (const std::int64_t aside : {-2, 2}) CHECK_FALSE(totp_step(kSecret, totp_code(kSecret, kStep + aside), kTime, 0));
  CHECK_FALSE(totp_step(kSecret, totp_code(kSecret, kStep), kTime, kStep));
  CHECK_FALSE(totp_step(kSecret, totp_code(kSecret, kStep - 1), kTime, kStep));
  CHECK(totp_step(kSecret, totp_code(kSecret, kStep + 1), kTime, kStep) == kStep + 1);
  CHECK(totp_step(kSecret, " 050 471 ", kTime, 0) == kStep);
  for (const std::string& wrong : {std::string(), std::string("50471"), std::string("0050471"), std::string("05047a"),
                                   std::string(5000, '0'), std::string("050471\0", 7),
                                   std::string("\xd9\xa0"
                                               "50471")}) {
    CHECK_FALSE(totp_step(kSecret, wrong, kTime, 0));
  }
}

TEST_CASE("a_code_that_was_taken_while_the_clock_was_ahead_shuts_nobody_out_when_it_is_set_back") {
  constexpr std::int64_t kTime = 1111111111, kStep = kTime / kTotpStepSeconds, kHour = 3600, kYear = 365 * 24 * kHour;
  for (const std::int64_t ahead : {kHour, kYear, 20 * kYear}) {
    const std::int64_t last = (kTime + ahead) / kTotpStepSeconds;
    CHECK(totp_step(kSecret, totp_code(kSecret, kStep), kTime, last) == kStep);
  }
  // A clock that goes back by seconds makes no code good twice.
  for (std::int64_t last = kStep; last <= kStep + kTotpStepsAhead - 1; ++last)
    CHECK_FALSE(totp_step(kSecret, totp_code(kSecret, kStep), kTime, last));
}

TEST_CASE("secrets_are_written_as_apps_read_them") {
  // RFC 4648, 10.
  CHECK(base32("") == "");
  CHECK(base32("f") == "MY");
  CHECK(base32("fo") == "MZXQ");
  CHECK(base32("foo") == "MZXW6");
  CHECK(base32("foob") == "MZXW6YQ");
  CHECK(base32("fooba") == "MZXW6YTB");
  CHECK(base32("foobar") == "MZXW6YTBOI");
  CHECK(
      totp_uri(kSecret, "anna@example.org", "Logystera shop") ==
      "otpauth://totp/Logystera%20shop:anna%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Logystera%20shop&"
      "algorithm=SHA1&digits=6&period=30");
  CHECK(make_totp_secret().value().size() == kTotpSecretBytes);
  CHECK(make_totp_secret().value() != make_totp_secret().value());
}

TEST_CASE("a_picture_has_its_corners_and_its_margin") {
  const auto picture = qr_path("otpauth://totp/x?secret=GEZDGNBVGY3TQOJQ");
  REQUIRE(picture.ok());
  CHECK(picture->side >= 21 + 8);
  CHECK((picture->side - 8 - 17) % 4 == 0);
  CHECK(picture->path.starts_with("M4 4h7v1h-7z"));  // the first row begins with a finder pattern's edge
  for (const char c : picture->path) CHECK(std::string_view("M hvz-0123456789").find(c) != std::string_view::npos);
  CHECK_FALSE(qr_path(std::string(5000, 'x')).ok());
}

TEST_CASE("recovery_codes_are_read_however_they_are_typed") {
  const std::string code = make_recovery_code().value();
  CHECK(code.size() == 19);
  CHECK(code[4] == '-');
  std::string typed;
  for (const char c : code) typed += c == '-' ? ' ' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  CHECK(recovery_hash(typed) == recovery_hash(code));
  CHECK(recovery_hash(code.substr(1)) != recovery_hash(code));
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) all.insert(make_recovery_code().value());
  CHECK(all.size() == 100);
}

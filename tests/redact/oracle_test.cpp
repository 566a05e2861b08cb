// The fast search against the naive one, on text made of everything that is hard and on real logs: the same findings, no
// more and no fewer.
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "data.hpp"
#include "oracle/redact_naive.hpp"
#include "redact/finder.hpp"
#include "simd_levels.hpp"

using namespace logystera;
using namespace logystera::redact;

namespace {

std::string show(std::string_view text, const std::vector<Hit>& hits) {
  std::string shown;
  for (const Hit& hit : hits)
    shown += std::string(kind_prefix(hit.kind)) + (hit.kind == Kind::ipv6 ? "6" : "") + "[" +
             std::string(text.substr(hit.begin, hit.end - hit.begin)) + "]@" + std::to_string(hit.begin) + " ";
  return shown;
}

// Compares and says what differs; true if equal.
bool same(Finder& finder, const std::string& text, Context context) {
  std::vector<Hit> fast;
  finder.find(text, context, fast);
  const std::vector<Hit> naive = oracle::find_personal_data(text, context);
  if (fast == naive) return true;
  UNSCOPED_INFO("text  " << text << "\nfast  " << show(text, fast) << "\nnaive " << show(text, naive));
  return false;
}

const std::vector<std::string>& fragments() {
  static const std::vector<std::string> all = {
      "bob@example.com",
      "b.o'b+tag@sub-domain.example.co.uk",
      "logo@2x.png",
      "@",
      "%40",
      "a@b.c",
      "user%40example.org",
      "x@xn--p1ai.xn--p1ai",
      "\xc3\xb6@\xc3\xbc.de",
      "a@b.com-",
      "192.0.2.1",
      "255.255.255.255",
      "256.1.1.1",
      "010.020.030.040",
      "1.2.3.4.5",
      "Chrome/124.0.0.0",
      "Mozilla/5.0 (X11; rv:1.9.0.19)",
      "version 1.2.3.4",
      "host/10.0.0.1:8080",
      "//10.0.0.1/",
      "/10.0.0.1",
      "%2010.0.0.1",
      "%20",
      "\\n",
      "\\x0a",
      "\\u000a",
      "zlib/1.2.3.4 libidn/1.22",
      "foo/1.2.3.4",
      "from 1.2.3.4",
      "2001:db8::1",
      "::1",
      "::ffff:192.0.2.128",
      "fe80::1%eth0",
      "1:2:3:4:5:6:7:8",
      "0:0:0:0:0:ffff:1.2.3.4",
      "Ad::Bad",
      "std::vector",
      "12:34:56",
      "aa:bb:cc:dd:ee:ff",
      "a:b:c:d:e:f:a:b",
      "::",
      ":",
      ".",
      "4111111111111111",
      "4111 1111 1111 1111",
      "5500-0000-0000-0004",
      "3782 822463 10005",
      "378282246310005",
      "4111111111111112",
      "6759 8410 3431",
      "30569309025904",
      "4222222222222",
      "GB82WEST12345698765432",
      "GB82 WEST 1234 5698 7654 32",
      "de89370400440532013000",
      "DE89 3704 0044 0532 0130 00",
      "NO9386011117947",
      "GB82WEST12345698765433",
      "+49 170 1234567",
      "+1-984-182-0190x769",
      "+46 (0)8 928 571 38",
      "001-518-640-0854",
      "0049 30 123456",
      "(579)888-3058",
      "780-999-2181",
      "259.735.7502",
      "Phone: ",
      "call me at ",
      "0490 75 40 81",
      "01.84.17.61.18",
      "467 3395",
      "fax",
      " office",
      "%2B491701234567",
      "054-28-6917",
      "2024-04-16",
      "+0200",
      "12345678",
      "9860f048-8b50-4c84-bd5e-4312b96b4e87",
      "9860f0488b504c84bd5e4312b96b4e87",
      "-",
      "--",
      "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
      "eyJhbGciOiJIUzI1NiJ9.",
      "eyJhbGciOiJkaXIifQ..aaaa.bbbb.cccc",
      "-----BEGIN RSA PRIVATE KEY-----",
      "-----END RSA PRIVATE KEY-----",
      "-----BEGIN CERTIFICATE-----",
      "MIIEow",
      "AKIAIOSFODNN7EXAMPLE",
      "ghp_0123456789abcdefghijABCDEFGHIJ012345",
      "xoxb-123456789012-abcdef",
      "sk_live_0123456789abcdef",
      "AIzaSyA-0123456789abcdefghijklmnopqrstu",
      "glpat-0123456789abcdefghij",
      "Bearer abcdef0123456789abcdef",
      "bearer of bad news and more",
      "Authorization: Basic dXNlcjpwYXNz",
      "Basic knowledge",
      "https://user:secret@example.com/",
      "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
      "sk-proj-0123456789ABCDEFabcdef",
      "npm_0123456789abcdefghijABCDEFGHIJ012345",
      "SG.0123456789abcdefghij12.0123456789abcdefghij0123456789abcdefghij012",
      " ",
      "  ",
      "/",
      "=",
      "\"",
      "(",
      ")",
      "[",
      ",",
      ";",
      "x",
      "0",
      "7",
      "_",
      "\n",
      "\t",
      "+",
      "#",
      "tel (02) 123 4567",
      "%2b322123456",
      "%2B+91701234567",
      "tel%202123456",
      "tel%A02123456",
      "%2B32 212 3456",
      "postgres://u:pa:ss@db/x",
      "postgres://u:pa@ss@db/x",
      "//u:p@h",
      "'mysql://u:p'ss@h/d'",
      "https://0123456789abcdef0123456789abcdef@o1.example.com/2",
      "redis://:secret@[::1]:6379",
      "http://u:p/ss@h/",
      "root:pw@tcp(127.0.0.1:3306)/db",
      "jdbc:oracle:thin:scott/tiger@//h:1521/s",
      "mongodb://u:p@h1:1,h2:2/d",
      "http:\\/\\/u:p@h\\/x",
      "postgres%3A%2F%2Fu%3Apa%3Ass%40db%2Fx",
      "2001%3Adb8%3A%3A9",
      "2001%253Adb8%253A%253A9",
      "192%2E0%2E2%2E1",
      "bob%2Btag@example.com",
      "ann\\u0040example.com",
      "ann\\\\u0040example.com",
      "\\u0027ann@example.com\\u0027",
      "fe80::1%12",
      "fe80::1%41",
      "4111%201111%201111%201111",
      "password=hunter2",
      "PASSWORD='a''b c'",
      "pwd={a;}}b};",
      "\"db_password\": \"x\\\"y\"",
      "\\\"token\\\":\\\"abc\\\"",
      "'secret' => 'x y'",
      "?api_key=abc,def&x=1",
      "X-Amz-Signature=0123456789abcdef0123",
      "X-Api-Key: abc123",
      "Authorization: Token abc123",
      "authorization=0123456789abcdefX",
      "token: ",
      "accessToken=",
      "sig=",
      "password%3Dx",
      "{",
      "}",
      "'",
      "&",
      "://",
      "blk_4162832865986721185",
      "blk_-4980916519894289629",
      "order-4111111111111111",
      "~~6.1.1.0",
      "1.2.3.4-1",
      "10.0.0.1-50010",
      "foo-1.2.3.4.jar",
      "oid 1.2.3.4",
      "1.3.6.1",
      "#01210.0.0.1",
      "telemetry 3074185296",
      "cell_id=3074185296",
      "mobile app 3074185296",
      "phoneNumber=3074185296",
      "Phone: 0490 75 40 81",
      "Phone: 2024-04-16 10",
      "12 34 5678",
      "ip_8390373f",
      "token=token_8390373f",
      "phone_12345678"};
  return all;
}

std::string random_text(std::mt19937& random) {
  const auto pick = [&](std::size_t below) { return std::uniform_int_distribution<std::size_t>(0, below - 1)(random); };
  constexpr std::string_view alphabet = "0123456789abcdefABCDEFxyzG.:-@+%()/ _=\\nu\"',;&{}<~#?";
  std::string text;
  const std::size_t parts = 1 + (pick(10) == 0 ? pick(80) : pick(12));  // beyond what is searched in one go, now and then
  for (std::size_t i = 0; i < parts; ++i) {
    switch (pick(4)) {
      case 0:
        for (std::size_t n = pick(12); n > 0; --n) text += alphabet[pick(alphabet.size())];
        break;
      case 1: text += ' '; [[fallthrough]];
      default: text += fragments()[pick(fragments().size())];
    }
  }
  // Now and then something is damaged.
  if (!text.empty() && pick(3) == 0) text[pick(text.size())] = alphabet[pick(alphabet.size())];
  if (!text.empty() && pick(4) == 0) text.erase(pick(text.size()), 1 + pick(3));
  return text;
}

}  // namespace

TEST_CASE("fast_and_naive_search_agree_on_random_texts") {
  constexpr int kTexts = 3'000;
  std::mt19937 random(20260521);
  Finder finder({});
  int different = 0;
  for (int i = 0; i < kTexts && different < 5; ++i) {
    const std::string text = random_text(random);
    for (Context context : {Context::text, Context::user_agent, Context::version, Context::phone})
      different += !same(finder, text, context);
  }
  CHECK(different == 0);
}

TEST_CASE("fast_and_naive_search_agree_at_every_offset_of_a_block") {
  // The masks are made 64 bytes at a time, and put together for up to eight such blocks: every fragment is put across the
  // edges of both.
  Finder finder({});
  int different = 0;
  for (const std::string& fragment : fragments())
    for (const std::size_t edge : {64u, 128u, 256u, 512u, 1024u})
      for (std::size_t offset = edge - 8; offset < edge + 8 && different < 5; ++offset)
        different += !same(finder, std::string(offset, ' ') + fragment + (offset % 2 ? " " : ""), Context::text);
  CHECK(different == 0);
}

TEST_CASE("fast_and_naive_search_agree_at_every_level_of_vector_instructions") {
  std::vector<std::string> texts;
  for (const std::string& fragment : fragments()) texts.push_back(std::string(500, '-') + ' ' + fragment);
  std::mt19937 random(20260522);
  while (texts.size() < 500) texts.push_back(random_text(random));
  test::at_every_level([&](const std::string& level) {
    CAPTURE(level);
    Finder finder({});
    int different = 0;
    for (const std::string& text : texts) different += !same(finder, text, Context::text);
    CHECK(different == 0);
  });
}

TEST_CASE("an_escape_is_found_wherever_it_stands_at_every_level_of_vector_instructions") {
  test::at_every_level([&](const std::string& level) {
    CAPTURE(level);
    int wrong = 0;
    for (std::size_t size = 1; size < 300; size += size < 140 ? 1 : 37)
      for (std::size_t place = 0; place < size; ++place) {
        std::string text(size, 'x');
        text[place] = place % 2 == 0 ? '%' : '\\';
        wrong += find_escape_sign(text, 0) != place;
        wrong += find_escape_sign(text, place) != place;
        wrong += find_escape_sign(text, place + 1) != size;
      }
    CHECK(wrong == 0);
  });
}

TEST_CASE("fast_and_naive_search_agree_on_real_logs") {
  const auto web = test::shared_data("weblogs");
  if (!web) {
    WARN("skipped: web logs are not here; set LOGYSTERA_DATA");
    return;
  }
  Finder finder({});
  std::size_t lines = 0;
  int different = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*web)) {
    if (!entry.is_regular_file()) continue;
    std::size_t of_file = 0;
    for (std::string& line : test::read_lines(entry.path())) {
      if (different >= 5 || of_file++ % 20 != 0) continue;  // the naive search is slow: every twentieth line
      line.resize(std::min<std::size_t>(line.size(), 1'000));
      ++lines;
      different += !same(finder, line, Context::text);
    }
  }
  CHECK(lines > 500);
  CHECK(different == 0);
}

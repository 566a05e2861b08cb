// `top` as a user runs it.

#include "catch.hpp"
#include "cli/web_house.hpp"

using namespace logystera::testing;

TEST_CASE("top_counts_by_one_field_or_several") {
  const WebHouse house;
  const Finished paths = house.go({"top", "paths", house.access});
  CHECK(paths.code == 0);
  CHECK(paths.err.empty());
  CHECK(paths.out ==
        "COUNT   SHARE    BYTES                        PATHS\n"
        "   10  66.7 %  9.8 KiB  ████████████████████  /checkout\n"
        "    5  33.3 %  4.9 KiB  ██████████            /basket\n"
        "\n15 records.\n");
  const Finished both = house.go({"top", "status", "path", house.access, "--csv"});
  CHECK(both.out ==
        "count,share,bytes,status,path\r\n7,0.466667,7000,200,/checkout\r\n5,0.333333,5000,404,/basket\r\n"
        "3,0.200000,3000,502,/checkout\r\n");
  const Finished json = house.go({"top", "addresses", house.access, "--json", "-n", "1", "--where", "status != 502"});
  CHECK(has(json.out, "{\"fields\":[\"addresses\"],\"records\":12,\"without\":0,\"bytes\":12000,\"approximate\":false,"));
  CHECK(has(json.out, "\"others\":{\"count\":5,\"bytes\":5000,\"groups\":1}"));
  CHECK_FALSE(has(json.out, "203.0.113"));
  CHECK(has(json.out, "\"values\":[\"ip_"));
  CHECK(has(house.go({"top", "ip", house.access, "--show-pii"}).out, "203.0.113.7"));
  CHECK(has(house.go({"top", "users", house.access}).out, "0 records, 15 more without any of these."));
}

TEST_CASE("top_says_when_counts_are_approximate") {
  const WebHouse house;
  std::string text;
  for (int i = 0; i < 400; ++i) text += request("203.0.113.7", i % 60, i % 2 ? "/often" : "/p" + std::to_string(i), 200);
  write(house.access, text);
  const Finished exact = house.go({"top", "paths", house.access, "-n", "1"});
  CHECK(has(exact.out, "200 others"));
  CHECK_FALSE(has(exact.out, "approximate"));
  const Finished bounded = house.go({"top", "paths", house.access, "-n", "1", "--groups", "16"});
  CHECK(has(bounded.out, "/often"));
  CHECK(has(bounded.out, "Counts are approximate: each may be "));
  CHECK(has(bounded.out, "more than 16 different ones (--groups)"));
  CHECK(has(house.go({"top", "paths", house.access, "--groups", "16", "--json"}).out, "\"approximate\":true"));
}

TEST_CASE("top_says_what_to_count") {
  const WebHouse house;
  const Finished path_first = house.go({"top", house.access});
  CHECK(path_first.code == 2);
  CHECK(has(path_first.err, "say what to count before the path: addresses, paths,"));
  const Finished unknown = house.go({"top", "stauts", house.access});
  CHECK(unknown.code == 2);
  CHECK(has(unknown.err, "logystera top: no record has a field stauts: did you mean status?"));
  CHECK(has(house.go({"top", "pathss", house.access}).err, "no record has a field pathss: did you mean paths?"));
  CHECK(house.go({"top"}).code == 2);
  CHECK(has(house.go({"top", "paths", house.access, "--csv", "--json"}).err, "leave one of both out"));
  CHECK(has(house.go({"top", "paths", "missing.log"}).err, "missing.log"));
}

TEST_CASE("top_neutralises_what_strangers_write") {
  const WebHouse house;
  write(house.access, request("203.0.113.7", 1, "/=1+1", 200) + request("203.0.113.7", 1, "/\x1b[31m", 200));
  CHECK_FALSE(has(house.go({"top", "paths", house.access}).out, "\x1b"));
  write(house.scratch.file("a.log"), "{\"time\":\"2026-05-18T10:00:00Z\",\"formula\":\"=1+1\"}\n");
  CHECK(has(house.go({"top", "formula", house.scratch.file("a.log"), "--csv"}).out, ",'=1+1\r\n"));
}

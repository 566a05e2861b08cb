// How often strangers may try, and whose address is whose.
#include "catch.hpp"
#include "server/address.hpp"
#include "web/attempt_limit.hpp"

using namespace logystera;
using namespace logystera::web;

TEST_CASE("attempts_run_out_and_come_back_key_by_key") {
  std::int64_t now = 1000;
  AttemptLimit limit({3, 6}, "a secret", [&now] { return now; });
  for (int i = 0; i < 3; ++i) CHECK(!limit.take("a"));
  CHECK(limit.take("a") == 10u);
  CHECK(!limit.take("b"));
  now = 1009;
  CHECK(limit.take("a") == 1u);
  now = 1010;
  CHECK(!limit.take("a"));
  CHECK(limit.take("a") == 10u);
  limit.give_back("a");
  CHECK(!limit.take("a"));
  for (int i = 0; i < 10; ++i) limit.give_back("a");
  for (int i = 0; i < 3; ++i) CHECK(!limit.take("a"));
  CHECK(limit.take("a").has_value());
  // Who only asks takes none.
  CHECK(limit.wait("a") == 10u);
  CHECK(limit.wait("a") == 10u);
  now = 1020;
  CHECK(!limit.wait("a"));
  CHECK(!limit.take("a"));
}

TEST_CASE("an_address_is_one_persons_share_of_it") {
  CHECK(server::address_key("192.0.2.1") != server::address_key("192.0.2.2"));
  CHECK(server::address_key("2001:db8:0:1::1") == server::address_key("2001:db8:0:1:ffff::2"));
  CHECK(server::address_key("2001:db8:0:1::1") != server::address_key("2001:db8:0:2::1"));
  CHECK(server::address_key("::ffff:192.0.2.1") != server::address_key("::ffff:192.0.2.2"));
  CHECK(server::is_address("192.0.2.1"));
  CHECK(server::is_address("::1"));
  CHECK(!server::is_address("unknown"));
  CHECK(!server::is_address("192.0.2.1, 192.0.2.2"));
}

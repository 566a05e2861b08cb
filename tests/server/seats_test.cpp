#include "server/seats.hpp"

#include <string>
#include <vector>

#include "catch.hpp"
#include "server/address.hpp"

using namespace logystera::server;
using State = Seats::State;

namespace {

constexpr Seats::Limits kSmall{16, 4, 4};
const Seats::Clock::time_point kNow = Seats::Clock::now();

std::shared_ptr<Seats::Seat> seat_of(Seats& seats, const std::string& address, Seats::Clock::time_point now = kNow) {
  return seats.take(address, now).seat;
}

}  // namespace

TEST_CASE("an_address_takes_its_own_oldest_place_and_none_that_is_at_work") {
  Seats seats(kSmall);
  std::vector<std::shared_ptr<Seats::Seat>> own;
  for (int i = 0; i < 4; ++i) own.push_back(seat_of(seats, "a", kNow + std::chrono::seconds(i)));
  const auto other = seat_of(seats, "b");
  CHECK(own[1]->enter(State::busy, kNow));
  const auto taken = seats.take("a", kNow + std::chrono::seconds(9));
  CHECK(taken.displaced);
  CHECK_FALSE(own[0]->enter(State::busy));
  CHECK(other->enter(State::asking));
  for (int i : {2, 3}) CHECK(own[static_cast<std::size_t>(i)]->enter(State::busy));
  CHECK(taken.seat->enter(State::busy));
  CHECK(seats.take("a").refusal == Seats::Refusal::address);
  CHECK(seats.taken() == 5);
}

TEST_CASE("when_full_who_was_answered_goes_before_who_asks_and_nobody_at_work") {
  Seats seats({4, 4, 0});
  const auto busy = seat_of(seats, "a"), asking = seat_of(seats, "b"), answered = seat_of(seats, "c"),
             body = seat_of(seats, "d");
  CHECK(busy->enter(State::busy, kNow));
  CHECK(answered->enter(State::answered, kNow));
  CHECK(body->enter(State::body, kNow));
  const auto first = seat_of(seats, "e");
  CHECK_FALSE(answered->enter(State::asking));
  CHECK(first->enter(State::busy, kNow));
  const auto second = seat_of(seats, "f");
  CHECK_FALSE(asking->enter(State::body));
  CHECK(second->enter(State::busy, kNow));
  CHECK(seats.take("g", kNow).refusal == Seats::Refusal::full);
  CHECK(seats.take("g", kNow + Seats::kSlowBody).seat);
  CHECK_FALSE(body->enter(State::busy));
}

TEST_CASE("the_last_places_are_for_addresses_that_have_signed") {
  Seats seats(kSmall);
  seat_of(seats, "site")->prove(kNow);
  std::vector<std::shared_ptr<Seats::Seat>> strangers;
  for (int i = 0; i < 12; ++i) {
    strangers.push_back(seat_of(seats, "s" + std::to_string(i)));
    REQUIRE(strangers.back()->enter(State::busy, kNow));
  }
  CHECK(seats.take("stranger", kNow).refusal == Seats::Refusal::full);
  CHECK(seats.take("site", kNow).seat);
  CHECK(seats.take("site", kNow + Seats::kProvenFor).refusal == Seats::Refusal::full);
}

TEST_CASE("behind_a_proxy_all_share_an_address_and_a_connection_that_signed_stays_longest") {
  Seats seats({8, 8, 1});
  std::vector<std::shared_ptr<Seats::Seat>> all;
  for (int i = 0; i < 7; ++i) all.push_back(seat_of(seats, "proxy", kNow + std::chrono::seconds(i)));
  all[0]->prove(kNow);
  CHECK(all[0]->enter(State::answered, kNow));
  for (int i = 0; i < 8; ++i) all.push_back(seat_of(seats, "proxy", kNow + std::chrono::seconds(20 + i)));
  for (const auto& seat : all) CHECK(seat);
  CHECK(all[0]->enter(State::asking));
  CHECK_FALSE(all[1]->enter(State::asking));
  all.clear();
  CHECK(seats.taken() == 0);
}

TEST_CASE("whom_a_chain_of_proxies_spoke_to_is_counted_from_the_right") {
  CHECK(forwarded_client("203.0.113.1, 198.51.100.1", 1) == "198.51.100.1");
  CHECK(forwarded_client("203.0.113.1, 198.51.100.1,192.0.2.1", 2) == "198.51.100.1");
  CHECK(forwarded_client("198.51.100.1", 3) == "198.51.100.1");
  CHECK(forwarded_client("203.0.113.1, 198.51.100.1, ,", 1) == "198.51.100.1");
  CHECK(forwarded_client("[2001:db8::1]:443", 1) == "2001:db8::1");
  CHECK(forwarded_client("2001:db8::1", 1) == "2001:db8::1");
  CHECK(forwarded_client("198.51.100.1:4711", 1) == "198.51.100.1");
  for (const char* none : {"", ",", "unknown", "192.0.2.1, unknown", "[", "\"192.0.2.1\""})
    CHECK(!forwarded_client(none, 1));
  CHECK(address_key("::ffff:192.0.2.1") == address_key("192.0.2.1"));
}

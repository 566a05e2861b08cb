#include "web/sessions.hpp"

#include <memory>

#include "catch.hpp"
#include "core/hmac.hpp"
#include "scratch.hpp"
#include "store/store.hpp"

using namespace logystera;
using namespace logystera::web;
using logystera::testing::Scratch;

namespace {

constexpr std::int64_t kNow = 1'774'211'679;

struct House {
  Scratch scratch;
  std::unique_ptr<store::Store> store;
  store::AccountStore* accounts = nullptr;  // of `store`
  std::unique_ptr<Sessions> sessions;
  std::int64_t anna = 0;

  explicit House(const store::OpenOptions& options = {.access = store::Access::create}) {
    store = std::move(store::open("sqlite:" + scratch.file("a.db"), options)).value();
    accounts = &store->accounts();
    sessions = std::make_unique<Sessions>(*accounts);
    REQUIRE(accounts->add_user({.name = "anna", .password_hash = "a hash", .created_at = kNow}).value());
    anna = accounts->find_user("anna").value()->id;
  }
};

}  // namespace

TEST_CASE("sessions_nobody_uses_are_forgotten") {
  House house;
  const std::string first = house.sessions->sign_in(house.anna, kNow).value();
  (void)house.sessions->sign_in(house.anna, kNow + kSessionIdleSeconds + 1);
  CHECK(!house.sessions->find(first, kNow)->has_value());
  for (const std::string& secret :
       {std::string(), std::string(42, 'a'), std::string(44, 'a'), std::string(43, 'a'), first + first}) {
    CHECK(!house.sessions->find(secret, kNow)->has_value());
  }
}

TEST_CASE("a_session_ends_idle_and_ends_old_however_busy_it_was") {
  House house;
  const std::string idle = house.sessions->sign_in(house.anna, kNow).value();
  CHECK(house.sessions->find(idle, kNow + kSessionIdleSeconds)->has_value());
  CHECK(!house.sessions->find(idle, kNow + 2 * kSessionIdleSeconds + 1)->has_value());
  CHECK(!house.sessions->find(idle, kNow)->has_value());  // for good
  const std::string busy = house.sessions->sign_in(house.anna, kNow).value();
  for (std::int64_t at = kNow; at <= kNow + kSessionSeconds; at += kSessionIdleSeconds)
    CHECK(house.sessions->find(busy, at)->has_value());
  CHECK(!house.sessions->find(busy, kNow + kSessionSeconds + 1)->has_value());
}

TEST_CASE("who_is_signed_in_stays_so_while_nothing_can_be_written") {
  House house({.access = store::Access::create, .busy_ms = 0});
  const std::string secret = house.sessions->sign_in(house.anna, kNow).value();
  {
    auto other =
        std::move(store::open("sqlite:" + house.scratch.file("a.db"), {.access = store::Access::existing})).value();
    const auto locked = other->begin();
    REQUIRE(locked.ok());
    REQUIRE(!house.accounts->touch_session(sha256(secret), kNow + 1).ok());
    CHECK(house.sessions->find(secret, kNow + kSessionIdleSeconds).value().has_value());
    // But not for longer than what could be noted says.
    const auto late = house.sessions->find(secret, kNow + kSessionIdleSeconds + 1);
    CHECK((!late.ok() || !late.value().has_value()));
  }
  CHECK(house.sessions->find(secret, kNow + kSessionIdleSeconds).value().has_value());
}

TEST_CASE("a_visitor_is_known_by_the_cookie_of_the_name_his_connection_allows") {
  House house;
  const std::string secret = house.sessions->sign_in(house.anna, kNow).value();
  const auto visitor = [&](const std::string& cookie, bool https) {
    server::Request request;
    if (!cookie.empty()) request.headers.emplace_back("Cookie", cookie);
    return house.sessions->visitor(request, Cookies(https), kNow).value();
  };
  CHECK(visitor("logystera_session=" + secret, false).signed_in->name == "anna");
  CHECK(visitor("__Host-logystera_session=" + secret, true).signed_in->user == house.anna);
  // One that a page over plain HTTP could have planted counts for nothing over HTTPS.
  CHECK(visitor("logystera_session=" + secret, true).secret.empty());
  CHECK(!visitor("", true).signed_in);
  const Visitor stranger = visitor("logystera_session=" + std::string(43, 'a'), false);
  CHECK(stranger.secret == std::string(43, 'a'));
  CHECK(!stranger.signed_in);
  REQUIRE(house.sessions->sign_out(secret).ok());
  CHECK(!visitor("logystera_session=" + secret, false).signed_in);
}

TEST_CASE("a_clock_that_jumps_makes_no_session_last_longer") {
  constexpr std::int64_t kHour = 3600, kDay = 24 * kHour, kYear = 365 * kDay;
  for (const std::int64_t jump : {kHour, kDay, kYear, 20 * kYear}) {
    House house;
    // Begun while the clock was ahead: over when it is right again, not a year from now.
    const std::string ahead = house.sessions->sign_in(house.anna, kNow + jump).value();
    CHECK(house.sessions->find(ahead, kNow + jump)->has_value());
    CHECK(!house.sessions->find(ahead, kNow)->has_value());
    CHECK(!house.sessions->find(ahead, kNow + jump)->has_value());  // for good
    // Begun before it jumped: as old as the clock says, and whoever signs in again is signed in.
    const std::string before = house.sessions->sign_in(house.anna, kNow).value();
    CHECK(!house.sessions->find(before, kNow + jump)->has_value());
    CHECK(house.sessions->find(house.sessions->sign_in(house.anna, kNow + jump).value(), kNow + jump)->has_value());
    CHECK(house.sessions->find(house.sessions->sign_in(house.anna, kNow).value(), kNow)->has_value());
  }
}

// What a clock that jumps takes of what is stored: with rounds as a server makes them, every ten minutes, and a clock a test sets.
#include "store/retention_clock.hpp"

#include "contract.hpp"
#include "store/retention.hpp"

using namespace logystera;
using namespace logystera::store;
using namespace logystera::testing;

namespace {

constexpr std::int64_t kRound = 600, kYear = 365 * kDay;

struct Keeping {
  std::unique_ptr<Store> store;
  std::int64_t wall = kNow;
  RetentionTime last;

  // A day's events for each of the last thirty days, of which twenty are kept.
  explicit Keeping(const Place& place) : store(store_with_entity(place)) {
    for (unsigned day = 0; day < 30; ++day) {
      const Lines lines(day * 100, 10, "auth.login");
      const std::string id = "b" + std::to_string(day);
      Batch batch = batch_of(lines, id);
      batch.received_at = kNow - (29 - day) * kDay;
      REQUIRE(store->events().append(batch)->accepted == 10);
    }
  }
  void round() {
    const std::int64_t newest = store->maintenance().size()->newest_event_at;
    last = next_retention_time(store->settings(), wall, newest).value();
    REQUIRE(remove_old(*store, {20, 0, 0, 0}, last.now, [] { return true; }, {}).ok());
    wall += kRound;
  }
  std::uint64_t events() const { return store->maintenance().rows()->events; }
};

}  // namespace

TEST_CASE("a_clock_that_goes_as_time_does_removes_what_is_too_old_at_once") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  keeping.round();
  CHECK(keeping.last.now == kNow);
  CHECK(keeping.last.ahead_seconds == 0);
  CHECK(keeping.events() == 210);
  for (int i = 0; i < 144; ++i) keeping.round();
  CHECK(keeping.last.ahead_seconds == 0);
  CHECK(keeping.events() == 200);
}

TEST_CASE("a_clock_that_jumps_ahead_by_years_for_an_hour_takes_a_day_and_not_everything") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  keeping.round();
  keeping.wall += 10 * kYear;
  for (int i = 0; i < 6; ++i) keeping.round();
  CHECK(keeping.last.ahead_seconds > 9 * kYear);
  CHECK(keeping.events() >= 190);
  keeping.wall -= 10 * kYear;
  keeping.round();
  CHECK(keeping.last.ahead_seconds == 0);
  CHECK(keeping.events() >= 190);
}

TEST_CASE("a_server_that_starts_for_the_first_time_with_a_clock_years_ahead_keeps_what_it_has") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  keeping.wall += 10 * kYear;
  keeping.round();
  CHECK(keeping.last.now == kNow + kRetentionStepSeconds);
  CHECK(keeping.events() >= 200);
}

TEST_CASE("a_clock_that_is_set_back_removes_nothing_more_and_catches_up_when_it_is_right_again") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  for (const std::int64_t back : {kHour, 20 * kDay, 30 * kYear}) {
    keeping.wall = kNow - back;
    keeping.round();
    CHECK(keeping.last.ahead_seconds == 0);
  }
  const std::uint64_t before = keeping.events();
  CHECK(before >= 210);
  keeping.wall = kNow;
  for (int i = 0; i < 6; ++i) keeping.round();
  CHECK(keeping.events() == 200);
}

TEST_CASE("after_a_long_pause_what_is_too_old_goes_slowly_until_it_is_gone") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  keeping.round();
  keeping.wall += 10 * kDay;
  keeping.round();
  CHECK(keeping.events() > 190);
  for (int i = 0; i < 70; ++i) keeping.round();
  CHECK(keeping.last.ahead_seconds == 0);
  CHECK(keeping.events() == 100);
}

TEST_CASE("a_note_of_the_clock_nobody_can_read_is_as_none") {
  IN_EVERY_STORE(place);
  Keeping keeping(place);
  REQUIRE(keeping.store->settings().put("retention.clock", "tomorrow").ok());
  keeping.round();
  CHECK(keeping.last.now == kNow);
}

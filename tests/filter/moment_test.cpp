// Times as people write them.
#include "filter/moment.hpp"

#include <string>

#include "catch.hpp"

using namespace logystera;
using namespace logystera::filter;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNow = 1'779'098'401;  // Monday, 2026-05-18 10:00:01 UTC, 12:00:01 in Berlin
constexpr std::int64_t kMidnight = 1'779'062'400;

Now utc() { return {kNow, parse::Zone::utc()}; }

std::int64_t begin(std::string_view text, const Now& now) {
  auto moment = parse_moment(text, now);
  INFO(text);
  REQUIRE(moment.ok());
  CHECK(moment->begin % kSecond == 0);
  return moment->begin / kSecond;
}
std::int64_t begin(std::string_view text) { return begin(text, utc()); }
std::int64_t end(std::string_view text, const Now& now) {
  auto moment = parse_moment(text, now);
  INFO(text);
  REQUIRE(moment.ok());
  return moment->end / kSecond;
}
std::int64_t end(std::string_view text) { return end(text, utc()); }

}  // namespace

TEST_CASE("moment_spans_count_back_from_now") {
  CHECK(begin("2h") == kNow - 7200);
  CHECK(begin("90s") == kNow - 90);
  CHECK(begin("1d12h") == kNow - 36 * 3600);
  CHECK(begin("2w ago") == kNow - 14 * 86400);
  CHECK(begin(" 7D ") == kNow - 7 * 86400);
  CHECK(begin("2 hours ago") == kNow - 7200);
  CHECK(begin("1 Hour  ago") == kNow - 3600);
  CHECK(begin("3 days ago") == kNow - 3 * 86400);
  CHECK(begin("5 m ago") == kNow - 300);
  CHECK(begin("90 secs ago") == kNow - 90);
  CHECK(begin("10 minutes ago") == kNow - 600);
  CHECK(begin("2 weeks ago") == kNow - 14 * 86400);
  CHECK(begin("now") == kNow);
  CHECK(begin("1779000000") == 1'779'000'000);
  CHECK(parse_moment("2h", utc())->is_point());
}

TEST_CASE("moment_days_and_nights_are_periods") {
  CHECK(begin("today") == kMidnight);
  CHECK(end("today") == kMidnight + 86400);
  CHECK(begin("Yesterday") == kMidnight - 86400);
  CHECK(end("yesterday") == kMidnight);
  CHECK(begin("2026-05-17") == kMidnight - 86400);
  CHECK(end("2026-05-17") == kMidnight);
  CHECK(begin("monday") == kMidnight);  // today is one
  CHECK(begin("sunday") == kMidnight - 86400);
  CHECK(begin("tuesday") == kMidnight - 6 * 86400);
  CHECK(begin("last night") == kMidnight - 6 * 3600);
  CHECK(end("last night") == kMidnight + 6 * 3600);
  CHECK(begin("tonight") == kMidnight + 18 * 3600);
}

TEST_CASE("moment_times_are_of_the_zone_unless_they_name_one") {
  auto berlin = parse::Zone::named("Europe/Berlin");
  REQUIRE(berlin.ok());
  const Now now{kNow, berlin.value()};
  CHECK(begin("2026-05-18 12:00", now) == kNow - 1);
  CHECK(begin("2026-05-18T12:00:01", now) == kNow);
  CHECK(begin("2026-05-18T10:00:01Z", now) == kNow);
  CHECK(begin("2026-05-18 10:00Z", now) == kNow - 1);
  CHECK(begin("2026-05-18T12:00:01+02:00", now) == kNow);
  CHECK(begin("today", now) == kMidnight - 7200);
  CHECK(begin("12:00", now) == kNow - 1);
  CHECK(begin("12:00:02", now) == kNow + 1 - 86400);  // it has not been yet
  CHECK(begin("yesterday 22:30", now) == kMidnight - 7200 - 5400);
  CHECK(parse_moment("2026-05-18T10:00:01.5Z", now)->begin == kNow * kSecond + kSecond / 2);
  // The day on which clocks are set forward has 23 hours.
  CHECK(end("2026-03-29", now) - begin("2026-03-29", now) == 23 * 3600);
}

TEST_CASE("moment_refuses_what_it_does_not_know_and_says_what_to_write") {
  for (const char* text : {"",
                           " ",
                           "5x",
                           "h",
                           "-5m",
                           "5 m",
                           "5mm",
                           "2 hours",
                           "2 hour sago",
                           "two hours ago",
                           "2 fortnights ago",
                           "-2 hours ago",
                           "2.5 hours ago",
                           "2 hourss ago",
                           "2 ago",
                           " ago",
                           "hours ago",
                           "99999999999999999999 days ago",
                           "99999999999999999999d",
                           "99999999999999999999",
                           "2026-02-30",
                           "2026-13-01",
                           "26-05-18",
                           "25:00",
                           "10:61",
                           "yesterday night",
                           "2026-05-18 ",
                           "2026-05-18 10",
                           "2026-05-18x10:00",
                           "last week",
                           "monday 25:00",
                           "2026-05-18T10:00:01Q",
                           "\x80\xff"}) {
    auto moment = parse_moment(text, utc());
    INFO(text);
    const bool blank_behind_a_day = std::string_view(text) == "2026-05-18 ";
    CHECK(moment.ok() == blank_behind_a_day);
    if (!moment) CHECK(moment.error().message.find("write a span before now like 90s") == 0);
  }
  CHECK_FALSE(parse_moment(std::string(kMomentBytes, ' ') + "2h", utc()).ok());
  CHECK(parse_moment(std::string(kMomentBytes - 2, ' ') + "2h", utc()).ok());
  const auto wrong = parse_since("--since", "5x", utc());
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().message.find("--since 5x: write a span") == 0);
}

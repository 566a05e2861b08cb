// Zones against the C library's, times of local clocks over their changes, and the order that tells a repeated hour apart.
#include "parse/zone.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "catch.hpp"
#include "parse/source.hpp"
#include "parse/timestamp.hpp"
#include "scratch.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

// $TZ as long as it lives.
class Tz {
 public:
  explicit Tz(const std::string& value) {
    if (const char* before = std::getenv("TZ")) before_ = before;
    ::setenv("TZ", value.c_str(), 1);
    ::tzset();
  }
  ~Tz() {
    if (before_) ::setenv("TZ", before_->c_str(), 1);
    else ::unsetenv("TZ");
    ::tzset();
  }
  Tz(const Tz&) = delete;
  Tz& operator=(const Tz&) = delete;

 private:
  std::optional<std::string> before_;
};

std::int64_t at(const char* utc) {
  std::int64_t ns = 0;
  REQUIRE(read_iso_time(utc, {}, ns) == std::string_view(utc).size());
  return ns / kSecond;
}

// Local readings are written like UTC ones.
std::int64_t reading(const char* local) { return at(local); }

std::shared_ptr<const Zone> named(const char* name) {
  auto zone = Zone::named(name);
  REQUIRE(zone.ok());
  return zone.value();
}

bool database_there() {
  const bool there = Zone::named("Europe/Berlin").ok();
  if (!there) WARN("skipped: this machine has no time zone database");
  return there;
}

// What readings mean, one after the other, as the records of a log.
std::vector<std::string> read_in_order(TimeContext& time, const std::vector<const char*>& readings) {
  std::vector<std::string> out;
  for (const char* text : readings) {
    const std::int64_t seconds = time.from_local(reading(text));
    time.passed(seconds * kSecond);
    const std::time_t value = seconds;
    std::tm parts{};
    ::gmtime_r(&value, &parts);
    char shown[32];
    std::strftime(shown, sizeof shown, "%m-%d %H:%M:%S", &parts);
    out.emplace_back(shown);
  }
  return out;
}

}  // namespace

TEST_CASE("a_zone_says_what_the_c_library_says", "[zone]") {
  if (!database_there()) return;
  std::vector<std::string> names = {"UTC",
                                    "Etc/GMT+5",
                                    "CET-1CEST,M3.5.0,M10.5.0/3",
                                    "EST5EDT",
                                    "<+0330>-3:30",
                                    "IST-1GMT0,M10.5.0,M3.5.0/1",
                                    "AAA3BBB,J60/0,J300/-2:30",
                                    "AAA-11BBB-12,59,300/25"};
  for (const char* name :
       {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "Europe/Dublin",
        "Africa/Casablanca", "America/Sao_Paulo", "Asia/Pyongyang", "Pacific/Kiritimati", "America/St_Johns", "Asia/Tehran",
        "Africa/Monrovia", "Antarctica/Troll", "America/Nuuk", "Asia/Kathmandu", "Europe/London", "Pacific/Chatham"}) {
    if (Zone::named(name)) names.emplace_back(name);
  }
  REQUIRE(names.size() > 15);
  std::mt19937_64 random(7);
  for (const std::string& name : names) {
    const Tz tz(name);
    const auto zone = Zone::local();
    std::vector<std::int64_t> times;
    // The C library applies rules without a table from 1971 on.
    const std::int64_t from = at(Zone::named(name) ? "1902-01-01T00:00:00" : "1971-01-02T00:00:00");
    const auto span = static_cast<std::uint64_t>(at("2200-01-01T00:00:00") - from);
    for (int i = 0; i < 3'000; ++i) times.push_back(from + static_cast<std::int64_t>(random() % span));
    // Every hour of two years, so that each change is met.
    for (std::int64_t hour = at("2025-01-01T00:30:00"); hour < at("2027-01-01T00:00:00"); hour += 3'600)
      times.push_back(hour);
    for (std::int64_t time : times) {
      const std::time_t value = time;
      std::tm parts{};
      REQUIRE(::localtime_r(&value, &parts) != nullptr);
      INFO(name << " at " << time);
      REQUIRE(zone->offset_at(time) == parts.tm_gmtoff);
      REQUIRE(zone->abbreviation_at(time) == parts.tm_zone);
      const LocalTime back = zone->from_local(time + parts.tm_gmtoff);
      REQUIRE((back.first == time || back.second == time));
      REQUIRE_FALSE(back.skipped);
    }
  }
}

TEST_CASE("each_zone_of_the_database_agrees_with_the_c_library_about_its_changes", "[zone]") {
  if (!database_there()) return;
  namespace fs = std::filesystem;
  std::size_t zones = 0;
  for (const char* area : {"Africa", "America", "Asia", "Australia", "Europe", "Pacific", "Etc"}) {
    std::error_code error;
    for (fs::directory_iterator entry(std::string("/usr/share/zoneinfo/") + area, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = std::string(area) + "/" + entry->path().filename().string();
      const auto zone = Zone::named(name);
      if (!zone) continue;
      ++zones;
      const Tz tz(name);
      for (std::int64_t time = at("1950-01-01T00:00:00"); time < at("2060-01-01T00:00:00"); time += 11 * 86'400 + 3'571) {
        const std::time_t value = time;
        std::tm parts{};
        ::localtime_r(&value, &parts);
        INFO(name << " at " << time);
        REQUIRE(zone.value()->offset_at(time) == parts.tm_gmtoff);
      }
    }
  }
  CHECK(zones > 100);
}

TEST_CASE("stretches_in_which_a_reading_means_one_thing_are_right_to_the_second", "[zone]") {
  if (!database_there()) return;
  std::mt19937_64 random(11);
  for (const char* name : {"Europe/Berlin", "Australia/Lord_Howe", "Pacific/Apia", "Europe/Dublin", "America/Caracas"}) {
    const auto zone = named(name);
    for (int i = 0; i < 2'000; ++i) {
      const std::int64_t local = at("2005-01-01T00:00:00") + static_cast<std::int64_t>(random() % (25ULL * 365 * 86'400));
      const LocalTime when = zone->from_local(local);
      if (when.until <= when.from) continue;
      for (std::int64_t edge : {when.from, when.until - 1}) {
        const LocalTime there = zone->from_local(edge);
        REQUIRE_FALSE(there.repeated());
        REQUIRE_FALSE(there.skipped);
        REQUIRE(there.first - edge == when.first - local);
      }
      for (std::int64_t outside : {when.from - 1, when.until}) {
        const LocalTime there = zone->from_local(outside);
        REQUIRE((there.repeated() || there.skipped || there.from != when.from));
      }
    }
  }
}

TEST_CASE("readings_that_come_twice_or_never_are_told", "[zone]") {
  if (!database_there()) return;
  const auto berlin = named("Europe/Berlin");
  const LocalTime autumn = berlin->from_local(reading("2025-10-26T02:30:00"));
  CHECK(autumn.first == at("2025-10-26T00:30:00Z"));
  CHECK(autumn.second == at("2025-10-26T01:30:00Z"));
  const LocalTime spring = berlin->from_local(reading("2025-03-30T02:30:00"));
  CHECK(spring.skipped);
  CHECK(spring.first == at("2025-03-30T01:30:00Z"));  // as if the clock had not been set yet
  // Half an hour in autumn, a whole day that never was.
  const LocalTime lord_howe = named("Australia/Lord_Howe")->from_local(reading("2026-04-05T01:45:00"));
  CHECK(lord_howe.second - lord_howe.first == 1'800);
  CHECK(named("Pacific/Apia")->from_local(reading("2011-12-30T12:00:00")).skipped);
}

TEST_CASE("the_hour_that_repeats_is_told_by_the_order_of_the_lines", "[zone]") {
  if (!database_there()) return;
  const auto berlin = named("Europe/Berlin");
  const std::int64_t after = at("2026-01-01T00:00:00Z") * kSecond;
  SECTION("before and after") {
    TimeContext time(after, berlin);
    CHECK(read_in_order(time, {"2025-10-26T02:59:50", "2025-10-26T02:59:58", "2025-10-26T02:00:02", "2025-10-26T02:00:04",
                               "2025-10-26T03:10:00"}) == std::vector<std::string>{"10-26 00:59:50", "10-26 00:59:58",
                                                                                   "10-26 01:00:02", "10-26 01:00:04",
                                                                                   "10-26 02:10:00"});
  }
  SECTION("a late line stays where it belongs and flips nothing") {
    TimeContext time(after, berlin);
    CHECK(
        read_in_order(time, {"2025-10-26T02:30:00", "2025-10-26T02:28:00", "2025-10-26T02:59:58", "2025-10-26T02:00:02",
                             "2025-10-26T02:59:59", "2025-10-26T02:00:03", "2025-10-26T02:40:00", "2025-10-26T02:39:00"}) ==
        std::vector<std::string>{"10-26 00:30:00", "10-26 00:28:00", "10-26 00:59:58", "10-26 01:00:02", "10-26 00:59:59",
                                 "10-26 01:00:03", "10-26 01:40:00", "10-26 01:39:00"});
  }
  SECTION("a quiet log") {
    TimeContext time(after, berlin);
    CHECK(
        read_in_order(time, {"2025-10-26T02:10:00", "2025-10-26T02:50:00", "2025-10-26T02:30:00", "2025-10-26T02:55:00"}) ==
        std::vector<std::string>{"10-26 00:10:00", "10-26 00:50:00", "10-26 01:30:00", "10-26 01:55:00"});
  }
  SECTION("one stray time decides nothing") {
    TimeContext time(after + 400 * 86'400 * kSecond, berlin);
    CHECK(read_in_order(time, {"2025-10-26T01:59:00", "2025-10-26T02:10:00", "2026-12-01T00:00:00", "2025-10-26T02:20:00",
                               "1999-01-01T00:00:00", "2025-10-26T02:05:00", "2025-10-26T02:06:00"}) ==
          std::vector<std::string>{"10-25 23:59:00", "10-26 00:10:00", "11-30 23:00:00", "10-26 00:20:00", "12-31 23:00:00",
                                   "10-26 01:05:00", "10-26 01:06:00"});
  }
  SECTION("nothing is later than now") {
    TimeContext time(at("2025-10-26T00:59:59Z") * kSecond, berlin);
    CHECK(read_in_order(time, {"2025-10-26T02:59:58", "2025-10-26T02:20:00"}) ==
          std::vector<std::string>{"10-26 00:59:58", "10-26 00:20:00"});
  }
  SECTION("what was written after the first pass belongs to the second") {
    TimeContext time(at("2025-10-26T01:30:05Z") * kSecond, berlin);
    time.caught_up(at("2025-10-26T01:30:00Z") * kSecond);
    CHECK(read_in_order(time, {"2025-10-26T02:30:04"}) == std::vector<std::string>{"10-26 01:30:04"});
  }
  SECTION("the next file of a log goes on") {
    TimeContext first(after, berlin), second(after, berlin);
    read_in_order(first, {"2025-10-26T02:40:00", "2025-10-26T02:50:00"});
    second.set_order(first.order());
    CHECK(read_in_order(second, {"2025-10-26T02:10:00"}) == std::vector<std::string>{"10-26 01:10:00"});
  }
}

TEST_CASE("abbreviations_and_names_behind_a_time_are_its_zone", "[zone]") {
  if (!database_there()) return;
  const TimeContext time(at("2026-01-01T00:00:00Z") * kSecond, named("Europe/Berlin"));
  std::int64_t ns = 0;
  const auto iso = [&](std::string_view text) {
    const std::size_t used = read_iso_time(text, time, ns);
    return std::pair(used, ns / kSecond);
  };
  CHECK(iso("2025-10-26 02:30:00 CEST [7] LOG") == std::pair(std::size_t{24}, at("2025-10-26T00:30:00Z")));
  CHECK(iso("2025-10-26 02:30:00 CET [7] LOG") == std::pair(std::size_t{23}, at("2025-10-26T01:30:00Z")));
  CHECK(iso("2025-07-01 12:00:00 CEST") == std::pair(std::size_t{24}, at("2025-07-01T10:00:00Z")));
  CHECK(iso("2025-07-01 12:00:00 UTC+02:00") == std::pair(std::size_t{29}, at("2025-07-01T10:00:00Z")));
  CHECK(iso("2025-07-01 12:00:00 INFO x") == std::pair(std::size_t{19}, at("2025-07-01T10:00:00Z")));
  const auto php = [&](std::string_view text) {
    REQUIRE(read_php_time(text, time, ns) == text.size());
    return ns / kSecond;
  };
  CHECK(php("01-Jul-2025 12:00:00 America/New_York") == at("2025-07-01T16:00:00Z"));
  CHECK(php("01-Jan-2025 12:00:00 America/New_York") == at("2025-01-01T17:00:00Z"));
  CHECK(php("01-Jan-2025 12:00:00 UTC") == at("2025-01-01T12:00:00Z"));
  CHECK(php("01-Jan-2025 12:00:00 No/Such_Place") == at("2025-01-01T11:00:00Z"));
  // Names come from whoever writes the log: only so many are looked up.
  for (int i = 0; i < 100; ++i) php("01-Jan-2025 12:00:00 No/Such_Place" + std::string(static_cast<std::size_t>(i), 'x'));
  CHECK(php("01-Jan-2025 12:00:00 Asia/Kolkata") == at("2025-01-01T11:00:00Z"));
}

TEST_CASE("names_of_zones_lead_to_no_other_file", "[zone]") {
  for (const char* name : {"", "/etc/passwd", "../../../etc/passwd", "Europe/../../../../etc/passwd", "Europe",
                           "Europe/Nowhere", "Europe/Berlin\n", "tzdata.zi", "zone.tab"}) {
    INFO(name);
    CHECK_FALSE(Zone::named(name).ok());
  }
  CHECK_FALSE(Zone::named(std::string(10'000, 'A')).ok());
}

TEST_CASE("damaged_zone_files_are_refused_and_harm_nothing", "[zone]") {
  std::ifstream in("/usr/share/zoneinfo/Europe/Berlin", std::ios::binary);
  const std::string good((std::istreambuf_iterator<char>(in)), {});
  if (!database_there()) return;
  REQUIRE(Zone::from_tzif(good).ok());
  for (std::size_t size = 0; size + 40 < good.size(); size += 7) CHECK_FALSE(Zone::from_tzif(good.substr(0, size)).ok());
  std::mt19937_64 random(3);
  for (int i = 0; i < 3'000; ++i) {
    std::string bad = good;
    for (int bytes = 0; bytes < 4; ++bytes) bad[random() % bad.size()] = static_cast<char>(random());
    const auto zone = Zone::from_tzif(bad);
    if (!zone) continue;
    for (std::int64_t time : {-9'000'000'000LL, 0LL, 1'779'098'401LL, 9'000'000'000LL}) {
      const std::int32_t offset = zone.value()->offset_at(time);
      CHECK(std::abs(offset) <= 26 * 3'600);
      const LocalTime back = zone.value()->from_local(time + offset);
      CHECK(back.second >= back.first);
      CHECK(zone.value()->abbreviation_at(time).size() <= 64);
    }
  }
  for (const char* text : {"", "A", "CET", "CET-25", "CET-1CEST,", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x",
                           "<CET-1", "CET-1CEST,M3.5.0/168,M10.5.0"})
    CHECK_FALSE(Zone::from_posix(text).ok());
}

TEST_CASE("a_zone_that_changes_while_a_log_is_followed_is_noticed", "[zone]") {
  if (!database_there()) return;
  const testing::Scratch scratch;
  const std::string file = scratch.file("zone");
  std::filesystem::copy_file("/usr/share/zoneinfo/Europe/Berlin", file);
  const Tz tz(":" + file);
  const std::int64_t start = at("2026-07-01T10:00:00Z");
  TimeContext time(start * kSecond, Zone::local());
  CHECK(time.from_local(reading("2026-07-01T12:00:00")) == start);
  std::filesystem::copy_file("/usr/share/zoneinfo/Asia/Tokyo", file + ".new");
  std::filesystem::rename(file + ".new", file);
  time.set_now((start + 1) * kSecond);  // looked at once a minute
  CHECK(time.from_local(reading("2026-07-01T12:00:00")) == start);
  time.set_now((start + 61) * kSecond);
  CHECK(time.from_local(reading("2026-07-01T19:00:00")) == start);
}

TEST_CASE("a_log_over_a_clock_change_is_read_alike_whatever_the_size_of_batches", "[zone]") {
  if (!database_there()) return;
  const auto formats = Formats::built_in();
  REQUIRE(formats.ok());
  std::string log;
  std::vector<std::int64_t> expected;
  const auto berlin = named("Europe/Berlin");
  for (std::int64_t time = at("2025-10-25T22:00:00Z"); time < at("2025-10-26T04:00:00Z"); time += 7) {
    // Two writers: every third line is late by up to two minutes.
    const std::int64_t stamp = time % 3 == 0 ? time - time % 120 : time;
    const std::time_t local = stamp + berlin->offset_at(stamp);
    std::tm parts{};
    ::gmtime_r(&local, &parts);
    char text[80];
    std::strftime(text, sizeof text, "[%a %b %d %H:%M:%S.000000 %Y] [core:error] [pid 9] AH00128: x\n", &parts);
    log += text;
    if (time % 5 == 0) log += "\tand more\n";
    expected.push_back(stamp);
  }
  for (std::size_t block : {std::size_t{128}, std::size_t{1'000}, std::size_t{256 * 1024}}) {
    SourceOptions options;
    options.zone = berlin;
    options.block_bytes = block;
    options.reference_ns = at("2026-01-01T00:00:00Z") * kSecond;
    FieldNames names;
    auto source = Source::open(std::move(open_memory(log, "memory").value()), formats.value(), names, options);
    REQUIRE(source.ok());
    RecordBatch batch;
    std::vector<std::int64_t> got;
    while (source->next_batch(batch))
      for (const Record& record : batch.records) got.push_back(record.time_ns / kSecond);
    CHECK(got == expected);
  }
}

// Times as logs write them. Every reader here takes the start of a text and says how many bytes were a time (0: none), so
// the caller can go on behind it. Results are unix nanoseconds, UTC, between 1678 and 2261 (what 64 bits hold).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "parse/zone.hpp"

namespace logystera::parse {

/// What a time of day lacks and the line does not say: its year, and what the local clock it was read from means. Copies share
/// what is learned while lines pass, so all parsers of a source see one order of its lines. For one thread at a time.
class TimeContext {
 public:
  /// Where a log is in time: what tells the two passes of an hour apart that local clocks show twice. Times go forward; one
  /// stray time decides nothing, and a line that is late by less than five minutes stays where it belongs.
  struct Order {
    static constexpr std::int64_t kNone = INT64_MIN;
    std::int64_t latest_ns = kNone;   // of the times that follow each other within hours
    std::int64_t stray_ns = kNone;    // a time far from those; believed when the next one is near it
    std::int64_t written_ns = kNone;  // what is read now was written after this
  };

  /// UTC, and years up to 1970.
  TimeContext() = default;
  /// `reference_ns`: the latest the log can be (its file's change time, or now): decides missing years. No zone: UTC.
  explicit TimeContext(std::int64_t reference_ns, std::shared_ptr<const Zone> zone = {});

  std::int64_t reference_ns() const noexcept { return state_ ? state_->reference_ns : 0; }
  /// What a reading of the local clock (seconds from 1970-01-01 00:00:00 on it) means, in Unix seconds.
  std::int64_t from_local(std::int64_t reading) const noexcept {
    if (!state_) return reading;
    const Cached& cached = state_->own;
    return reading >= cached.from && reading < cached.until ? reading + cached.shift : look_up(state_->own, reading);
  }
  /// The same by the abbreviation written behind it ("CEST"); false if the zone does not call its time then so.
  bool from_local(std::int64_t reading, std::string_view abbreviation, std::int64_t& unix_seconds) const noexcept;
  /// The same for a clock in the zone of that name ("Europe/Berlin"); false if there is none. A source's first 16 names are
  /// looked up.
  bool from_clock_of(std::string_view zone, std::int64_t reading, std::int64_t& unix_seconds) const noexcept;

  /// A record of that time has been read: later ones come after it.
  void passed(std::int64_t time_ns) noexcept {
    if (!state_) return;
    Order& order = state_->order;
    const std::uint64_t ahead = static_cast<std::uint64_t>(time_ns) - static_cast<std::uint64_t>(order.latest_ns);
    if (ahead <= static_cast<std::uint64_t>(kFarNs)) order.latest_ns = time_ns;
    else passed_elsewhere(time_ns);
  }
  /// For a log that grows: it is `now_ns`. The year follows, and once a minute the zone is looked at: whether $TZ, its file or
  /// the link to it changed.
  void set_now(std::int64_t now_ns) noexcept;
  /// All that was written until then has been read.
  void caught_up(std::int64_t now_ns) noexcept {
    if (state_) state_->order.written_ns = now_ns;
  }
  /// To read lines again, or to read the next file of a log.
  Order order() const noexcept { return state_ ? state_->order : Order{}; }
  void set_order(const Order& order) noexcept {
    if (state_) state_->order = order;
  }

 private:
  static constexpr std::int64_t kFarNs = 3 * 3'600 * std::int64_t{1'000'000'000};

  // A zone, and around the last time looked up the readings that mean one thing only.
  struct Cached {
    std::shared_ptr<const Zone> zone;
    std::int64_t from = 0, until = 0, shift = 0;
    std::string_view abbreviation;  // of that stretch
  };
  struct State {
    std::int64_t reference_ns = 0;
    std::int64_t zone_looked_at_ns = 0;
    Cached own;
    Order order;
    std::vector<std::pair<std::string, Cached>> named;  // without a zone: there is none of that name
  };

  std::int64_t look_up(Cached& cached, std::int64_t reading) const noexcept;
  std::int64_t choose(const LocalTime& when) const noexcept;
  void passed_elsewhere(std::int64_t time_ns) noexcept;

  std::shared_ptr<State> state_;
};

/// Days since 1970-01-01 of a proleptic Gregorian date.
std::int64_t days_from_civil(std::int64_t year, unsigned month, unsigned day) noexcept;

/// `18/May/2026:10:00:01 +0200`, as access logs write it. Always 26 bytes.
std::size_t read_clf_time(std::string_view text, std::int64_t& ns) noexcept;

/// `2026-05-18T10:00:01`, with ' ' for 'T', '/' for '-', a fraction after '.' or ',' (1-9 digits), and `Z`, `+02:00`, `+0200`,
/// `+02` or no zone; a blank may stand in front of an offset with minutes. A fraction longer than nine digits is read and cut. Behind a blank `UTC`, `GMT` and what the context's zone
/// calls its time then (`CEST`) are zones, too.
std::size_t read_iso_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `May 18 10:00:01`, `May  8 10:00:01` or `May 8 10:00:01`, optionally with a fraction, as RFC 3164 has it, or with the year
/// (`May 18 2026 10:00:01`). A missing year is the latest that does not put the time more than a day after the reference (a
/// clock may be ahead).
std::size_t read_syslog_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `Mon May 18 10:00:01.123456 2026` (Apache errors, ctime), the fraction optional; `Mon May 18 10:00:01 CEST 2026` (date).
std::size_t read_ctime(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// `18-May-2026 10:00:01 UTC` or `… Europe/Berlin` (PHP errors). A name the time zone database does not have leaves it to the
/// context's zone.
std::size_t read_php_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// Seconds since 1970 with an optional fraction, or milli-, micro- or nanoseconds, told apart by their number of digits
/// (10, 13, 16, 19). Nothing but times from 2001 to 2286 passes, so that a request id is not a time.
std::size_t read_epoch(std::string_view text, std::int64_t& ns) noexcept;

/// `0518 10:00:01.123456` or `20260518 10:00:01.123456`, behind the letter of a glog line's level.
std::size_t read_glog_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

/// Any of the above but glog's, at the start of `text`, and those without a name of their own: `18.05.2026 10:00:01`,
/// `05/18/2026 10:00:01` (month first), `05-18 10:00:01.123` and `05.18 10:00:01` (no year), `26/05/18 10:00:01`, `260518 100001`,
/// `260518 10:00:01`, `20260518T100001Z`, `20260518-10:00:01:123`, `2026-05-18-10.00.01.123456`. Two-digit years are of this century,
/// and dates in such short forms are none when they lie in the future.
std::size_t read_any_time(std::string_view text, const TimeContext& context, std::int64_t& ns) noexcept;

}  // namespace logystera::parse

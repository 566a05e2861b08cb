// Time zones as tables of rules. A zone is not one number: most places change their clocks twice a year, and what a local time
// means depends on its date. Tables come from the system's time zone database (TZif files, RFC 9636) and from POSIX TZ
// strings; rules that go on for ever are written out to the end of the range times have here (2262).
//
// The C library has one zone for the whole process, asks about it behind a lock, and looks at its file once; logs need
// several at a time, for every line, in processes that run for months. So the tables are read here, and tested against it.
//
//   std::shared_ptr<const Zone> zone = Zone::local();
//   zone->offset_at(1'779'098'401);                        // 7200 in Berlin
//   const LocalTime when = zone->from_local(seconds);      // once, twice (autumn), or in no way at all (spring)
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::parse {

/// What a reading of a local clock can mean, in Unix seconds. A reading that never was (clocks were set forward) is given as
/// if the clock had not been set yet.
struct LocalTime {
  std::int64_t first = 0;
  std::int64_t second = 0;  // the same, unless clocks were set back and show it twice
  /// Readings from `from` up to before `until` mean what `first` means, with the same offset: `first - reading`.
  std::int64_t from = 0, until = 0;
  bool skipped = false;

  bool repeated() const noexcept { return second != first; }
};

class Zone {
 public:
  /// UTC.
  static std::shared_ptr<const Zone> utc();
  static std::shared_ptr<const Zone> fixed(std::int32_t seconds_east);
  /// This machine's, as the C library finds it: $TZ (a name, a path, a POSIX string), /etc/localtime, else UTC.
  static std::shared_ptr<const Zone> local();
  /// By its name in the time zone database ($TZDIR, or /usr/share/zoneinfo): "Europe/Berlin". The name may come from a log: it
  /// leads to no other file.
  static Result<std::shared_ptr<const Zone>> named(std::string_view name);
  /// "CET-1CEST,M3.5.0,M10.5.0/3".
  static Result<std::shared_ptr<const Zone>> from_posix(std::string_view text);
  /// The bytes of a TZif file.
  static Result<std::shared_ptr<const Zone>> from_tzif(std::string_view bytes);

  /// `zone` itself while what it was read from is unchanged ($TZ, the file and the link to it), else the zone as it is now.
  static std::shared_ptr<const Zone> current(const std::shared_ptr<const Zone>& zone);

  /// Seconds east of UTC at that time.
  std::int32_t offset_at(std::int64_t unix_seconds) const noexcept;
  /// "CEST": what the zone calls its time then.
  std::string_view abbreviation_at(std::int64_t unix_seconds) const noexcept;
  /// `reading`: seconds from 1970-01-01 00:00:00 on the local clock.
  LocalTime from_local(std::int64_t reading) const noexcept;

 private:
  struct Period {
    std::int64_t start;  // Unix seconds; the first begins at the beginning of time
    std::int32_t offset;
    std::uint32_t name;  // where its abbreviation is in names_
  };
  // What a zone was read from, to see whether it changed.
  struct Origin {
    enum class Kind : std::uint8_t { fixed, named, local } kind = Kind::fixed;
    std::string name;  // of the zone; local: $TZ, or empty
    bool tz_set = false;
    std::string file;
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t modified_ns = 0;

    bool operator==(const Origin&) const = default;
  };
  class Builder;

  Zone() = default;

  static Result<std::shared_ptr<const Zone>> read_file(const std::string& path, Origin origin);
  static Origin look_at(Origin origin);
  std::size_t period_at(std::int64_t unix_seconds) const noexcept;

  std::vector<Period> periods_;  // never empty, by start
  std::string names_;            // abbreviations, each ended by a NUL
  Origin origin_;
};

}  // namespace logystera::parse

#include "parse/zone.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/fd.hpp"
#include "core/file_time.hpp"
#include "parse/timestamp.hpp"

namespace logystera::parse {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kBeginning = -(std::int64_t{1} << 60);  // before any time; offsets can be added without a care
constexpr std::int32_t kOffsetMost = 26 * 3'600;               // RFC 9636: -25 h to 26 h
constexpr std::int64_t kFirstYear = 1678, kLastYear = 2262;    // what times have here, see timestamp.hpp
constexpr std::size_t kFileBytes = 64 * 1024;                  // the largest in the database has 4 KB
constexpr std::size_t kNameBytes = 64;
constexpr const char* kLocalFile = "/etc/localtime";
constexpr const char* kDatabase = "/usr/share/zoneinfo";

bool digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool letter(char c) noexcept { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

std::string database() {
  const char* set = std::getenv("TZDIR");
  return set && *set ? set : kDatabase;
}

std::string offset_name(std::int32_t seconds) {
  if (seconds == 0) return "UTC";
  const std::int32_t size = std::abs(seconds);
  char text[16];
  std::snprintf(text, sizeof text, "%c%02d:%02d", seconds < 0 ? '-' : '+', size / 3'600, size / 60 % 60);
  return text;
}

// The day in a year on which clocks change.
struct Rule {
  enum class Kind : std::uint8_t { month_week_day, day_without_leap, day_of_year } kind = Kind::month_week_day;
  int month = 0, week = 0, day = 0;
  std::int32_t seconds = 2 * 3'600;  // on the local clock, from that day's midnight

  // On the local clock as it is before the change.
  std::int64_t in(std::int64_t year) const noexcept {
    const std::int64_t january = days_from_civil(year, 1, 1);
    if (kind == Kind::day_of_year) return (january + day) * kDay + seconds;
    if (kind == Kind::day_without_leap) {
      const bool leap = days_from_civil(year, 3, 1) - january == 60;
      return (january + day - 1 + (leap && day >= 60)) * kDay + seconds;
    }
    const std::int64_t first = days_from_civil(year, static_cast<unsigned>(month), 1);
    const std::int64_t next =
        month == 12 ? days_from_civil(year + 1, 1, 1) : days_from_civil(year, static_cast<unsigned>(month) + 1, 1);
    const std::int64_t first_weekday = ((first + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    std::int64_t at = first + (day - first_weekday + 7) % 7 + (week - 1) * 7;
    while (at >= next) at -= 7;
    return at * kDay + seconds;
  }
};

// "CET-1CEST,M3.5.0,M10.5.0/3" taken apart.
struct Posix {
  std::string standard, summer;
  std::int32_t standard_offset = 0, summer_offset = 0;
  Rule to_summer, to_standard;
  bool has_summer() const noexcept { return !summer.empty(); }
};

class PosixReader {
 public:
  explicit PosixReader(std::string_view text) : rest_(text) {}

  std::optional<Posix> read() {
    Posix zone;
    std::int32_t west;
    if (!name(zone.standard) || !seconds(west, 24)) return std::nullopt;
    zone.standard_offset = -west;
    if (rest_.empty()) return zone;
    if (!name(zone.summer)) return std::nullopt;
    zone.summer_offset = zone.standard_offset + 3'600;
    if (!rest_.empty() && rest_[0] != ',') {
      if (!seconds(west, 24)) return std::nullopt;
      zone.summer_offset = -west;
    }
    if (rest_.empty()) rest_ = ",M3.2.0,M11.1.0";  // what the C library takes when no rule is given
    if (!rule(zone.to_summer) || !rule(zone.to_standard) || !rest_.empty()) return std::nullopt;
    return zone;
  }

 private:
  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool name(std::string& out) {
    const bool quoted = take('<');
    std::size_t end = 0;
    while (end < rest_.size() &&
           (letter(rest_[end]) || (quoted && (digit(rest_[end]) || rest_[end] == '+' || rest_[end] == '-'))))
      ++end;
    if (end < 3 || end > kNameBytes) return false;
    out = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return !quoted || take('>');
  }
  bool number(int& out, int most) {
    std::size_t end = 0;
    out = 0;
    while (end < rest_.size() && end < 3 && digit(rest_[end])) out = out * 10 + (rest_[end++] - '0');
    rest_.remove_prefix(end);
    return end > 0 && out <= most;
  }
  // "[+-]hh[:mm[:ss]]"
  bool seconds(std::int32_t& out, int most_hours) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0, minutes = 0, rest = 0;
    if (!number(hours, most_hours)) return false;
    if (take(':') && (!number(minutes, 59) || (take(':') && !number(rest, 59)))) return false;
    out = (hours * 3'600 + minutes * 60 + rest) * (negative ? -1 : 1);
    return true;
  }
  // ",M3.5.0/2", ",J60", ",59/-1"
  bool rule(Rule& out) {
    if (!take(',')) return false;
    if (take('M')) {
      if (!number(out.month, 12) || out.month < 1 || !take('.') || !number(out.week, 5) || out.week < 1 || !take('.') ||
          !number(out.day, 6))
        return false;
    } else if (take('J')) {
      out.kind = Rule::Kind::day_without_leap;
      if (!number(out.day, 365) || out.day < 1) return false;
    } else {
      out.kind = Rule::Kind::day_of_year;
      if (!number(out.day, 365)) return false;
    }
    return !take('/') || seconds(out.seconds, 167);
  }

  std::string_view rest_;
};

// Big-endian numbers of a TZif file; beyond its end everything is 0 and `good` false.
struct Bytes {
  std::string_view text;
  bool good = true;

  std::string_view take(std::uint64_t size) {
    if (size > text.size()) {
      good = false;
      return {};
    }
    const std::string_view taken = text.substr(0, size);
    text.remove_prefix(size);
    return taken;
  }
  std::int64_t number(std::size_t size) {
    const std::string_view bytes = take(size);
    std::uint64_t value = !bytes.empty() && (bytes[0] & 0x80) ? ~std::uint64_t{0} : 0;
    for (char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
  }
};

struct TzifHeader {
  char version = 0;
  std::uint64_t utc_flags = 0, standard_flags = 0, leaps = 0, times = 0, types = 0, chars = 0;

  std::uint64_t body_bytes(std::uint64_t time_bytes) const {
    return times * time_bytes + times + types * 6 + chars + leaps * (time_bytes + 4) + standard_flags + utc_flags;
  }
};

bool read_header(Bytes& bytes, TzifHeader& header) {
  if (bytes.take(4) != "TZif") return false;
  const std::string_view version = bytes.take(16);
  if (version.empty()) return false;
  header.version = version[0];
  for (std::uint64_t* count :
       {&header.utc_flags, &header.standard_flags, &header.leaps, &header.times, &header.types, &header.chars})
    *count = static_cast<std::uint64_t>(bytes.number(4)) & 0xFFFFFFFF;
  return bytes.good && header.types > 0 && header.types <= 256 && header.chars > 0;
}

}  // namespace

class Zone::Builder {
 public:
  Builder() : zone_(new Zone()) {}

  bool add(std::int64_t start, std::int32_t offset, std::string_view name) {
    if (offset > kOffsetMost || offset < -kOffsetMost) return false;
    auto& periods = zone_->periods_;
    if (periods.empty()) start = kBeginning;
    start = std::clamp(start, kBeginning, -kBeginning);
    if (!periods.empty() && start < periods.back().start) return false;
    if (!periods.empty() && start == periods.back().start) periods.pop_back();
    periods.push_back({start, offset, intern(name)});
    return true;
  }
  // Writes rules out, from behind what is there already.
  bool add_rules(const Posix& rules) {
    auto& periods = zone_->periods_;
    if (periods.empty() && !add(kBeginning, rules.standard_offset, rules.standard)) return false;
    if (!rules.has_summer()) return true;
    const std::int64_t from = periods.size() > 1 ? periods.back().start : kBeginning;
    struct Change {
      std::int64_t at;
      bool summer;
    };
    std::vector<Change> changes;
    for (std::int64_t year = kFirstYear; year <= kLastYear; ++year) {
      changes.push_back({rules.to_summer.in(year)-rules.standard_offset, true});
      changes.push_back({rules.to_standard.in(year)-rules.summer_offset, false});
    }
    // Summer that lasts all year ends in the second in which it begins.
    std::sort(changes.begin(), changes.end(),
              [](const Change& a, const Change& b) { return a.at != b.at ? a.at < b.at : a.summer < b.summer; });
    for (const Change& change : changes) {
      if (change.at <= from) continue;
      if (!add(change.at, change.summer ? rules.summer_offset : rules.standard_offset,
               change.summer ? rules.summer : rules.standard))
        return false;
    }
    return true;
  }
  bool empty() const { return zone_->periods_.empty(); }
  std::shared_ptr<Zone> finish() { return std::move(zone_); }

 private:
  std::uint32_t intern(std::string_view name) {
    std::string with_end(name.substr(0, kNameBytes));
    with_end += '\0';
    const std::size_t known = zone_->names_.find(with_end);
    if (known != std::string::npos) return static_cast<std::uint32_t>(known);
    zone_->names_ += with_end;
    return static_cast<std::uint32_t>(zone_->names_.size() - with_end.size());
  }

  std::shared_ptr<Zone> zone_;
};

std::shared_ptr<const Zone> Zone::utc() {
  static const std::shared_ptr<const Zone> zone = fixed(0);
  return zone;
}

std::shared_ptr<const Zone> Zone::fixed(std::int32_t seconds_east) {
  Builder builder;
  builder.add(kBeginning, std::clamp(seconds_east, -kOffsetMost, kOffsetMost), offset_name(seconds_east));
  return builder.finish();
}

Result<std::shared_ptr<const Zone>> Zone::from_posix(std::string_view text) {
  const std::optional<Posix> rules = PosixReader(text).read();
  Builder builder;
  if (!rules || !builder.add_rules(*rules))
    return Error{"'" + std::string(text) + "' is no POSIX time zone", ErrorKind::invalid};
  return std::shared_ptr<const Zone>(builder.finish());
}

Result<std::shared_ptr<const Zone>> Zone::from_tzif(std::string_view text) {
  const Error damaged{"not a time zone file, or a damaged one", ErrorKind::broken};
  Bytes bytes{text};
  TzifHeader header;
  if (!read_header(bytes, header)) return damaged;
  std::size_t time_bytes = 4;
  if (header.version >= '2') {  // the same again, with times of 64 bits
    bytes.take(header.body_bytes(time_bytes));
    time_bytes = 8;
    if (!bytes.good || !read_header(bytes, header)) return damaged;
  }
  Bytes times{bytes.take(header.times * time_bytes)}, kinds{bytes.take(header.times)};
  Bytes types{bytes.take(header.types * 6)};
  const std::string_view names = bytes.take(header.chars);
  Bytes leaps{bytes.take(header.leaps * (time_bytes + 4))};
  bytes.take(header.standard_flags + header.utc_flags);
  if (!bytes.good) return damaged;

  struct Type {
    std::int32_t offset;
    std::string_view name;
  };
  std::vector<Type> all;
  for (std::uint64_t i = 0; i < header.types; ++i) {
    const auto offset = static_cast<std::int32_t>(types.number(4));
    types.take(1);
    const auto at = static_cast<std::uint64_t>(static_cast<unsigned char>(types.take(1)[0]));
    if (at >= names.size()) return damaged;
    const std::string_view name = names.substr(at);
    all.push_back({offset, name.substr(0, name.find('\0'))});
  }
  // "right" zones count leap seconds, which no time here does.
  std::vector<std::pair<std::int64_t, std::int64_t>> leap_seconds;
  for (std::uint64_t i = 0; i < header.leaps; ++i) {
    const std::int64_t at = leaps.number(time_bytes);
    leap_seconds.emplace_back(at, leaps.number(4));
  }
  Builder builder;
  if (!builder.add(kBeginning, all[0].offset, all[0].name)) return damaged;
  for (std::uint64_t i = 0; i < header.times; ++i) {
    std::int64_t at = times.number(time_bytes);
    const auto kind = static_cast<std::size_t>(kinds.number(1) & 0xFF);
    if (kind >= all.size()) return damaged;
    std::int64_t correction = 0;
    for (const auto& [from, seconds] : leap_seconds)
      if (from <= at) correction = seconds;
    at = std::clamp(at, kBeginning, -kBeginning) - correction;
    if (!builder.add(at, all[kind].offset, all[kind].name)) return damaged;
  }
  if (header.version >= '2' && bytes.take(1) == "\n") {
    const std::string_view footer = bytes.text.substr(0, bytes.text.find('\n'));
    if (!footer.empty()) {
      const std::optional<Posix> rules = PosixReader(footer).read();
      if (!rules || !builder.add_rules(*rules)) return damaged;
    }
  }
  return std::shared_ptr<const Zone>(builder.finish());
}

Zone::Origin Zone::look_at(Origin origin) {
  origin.tz_set = false;
  origin.device = origin.inode = origin.size = 0;
  origin.modified_ns = 0;
  if (origin.kind == Origin::Kind::fixed) return origin;
  if (origin.kind == Origin::Kind::local) {
    const char* tz = std::getenv("TZ");
    origin.tz_set = tz != nullptr;
    origin.name = tz ? tz : "";
    std::string_view name = origin.name;
    if (!name.empty() && name[0] == ':') name.remove_prefix(1);
    if (!tz) origin.file = kLocalFile;
    else if (name.empty()) origin.file.clear();
    else if (name[0] == '/') origin.file = name;
    else origin.file = database() + "/" + std::string(name);
  } else {
    origin.file = database() + "/" + origin.name;
  }
  struct stat about {};
  if (origin.file.empty() || ::stat(origin.file.c_str(), &about) != 0) return origin;
  origin.device = about.st_dev;
  origin.inode = about.st_ino;
  origin.size = static_cast<std::uint64_t>(about.st_size);
  origin.modified_ns = written_ns(about);
  return origin;
}

Result<std::shared_ptr<const Zone>> Zone::read_file(const std::string& path, Origin origin) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) return Error{path + ": cannot be opened: " + std::strerror(errno), kind_of_errno(errno)};
  struct stat about {};
  if (::fstat(file.get(), &about) != 0 || !S_ISREG(about.st_mode))
    return Error{path + ": not a regular file", ErrorKind::denied};
  std::string bytes(kFileBytes + 1, '\0');
  const ssize_t size = read_up_to(file.get(), bytes.data(), bytes.size());
  if (size < 0) return Error{path + ": cannot be read: " + std::strerror(errno), kind_of_errno(errno)};
  bytes.resize(static_cast<std::size_t>(size));
  if (bytes.size() > kFileBytes) return Error{path + ": larger than any time zone", ErrorKind::too_large};
  Result<std::shared_ptr<const Zone>> read = from_tzif(bytes);
  if (!read) return Error{path + ": " + read.error().message, read.error().kind};
  auto zone = std::make_shared<Zone>(*read.value());
  zone->origin_ = std::move(origin);
  return std::shared_ptr<const Zone>(std::move(zone));
}

Result<std::shared_ptr<const Zone>> Zone::named(std::string_view name) {
  const bool plain =
      !name.empty() && name.size() <= kNameBytes && name[0] != '/' && std::all_of(name.begin(), name.end(), [](char c) {
        return letter(c) || digit(c) || c == '/' || c == '_' || c == '-' || c == '+';
      });
  if (!plain) return Error{"'" + std::string(name) + "' is no name of a time zone", ErrorKind::invalid};
  Origin origin;
  origin.kind = Origin::Kind::named;
  origin.name = name;
  origin = look_at(std::move(origin));
  const std::string file = origin.file;
  return read_file(file, std::move(origin));
}

std::shared_ptr<const Zone> Zone::local() {
  Origin origin;
  origin.kind = Origin::Kind::local;
  origin = look_at(std::move(origin));
  if (!origin.file.empty()) {
    if (auto read = read_file(origin.file, origin)) return read.value();
  }
  std::string_view name = origin.name;
  if (!name.empty() && name[0] == ':') name.remove_prefix(1);
  const auto rules = from_posix(name);
  auto zone = std::make_shared<Zone>(rules ? *rules.value() : *utc());
  zone->origin_ = std::move(origin);
  return zone;
}

std::shared_ptr<const Zone> Zone::current(const std::shared_ptr<const Zone>& zone) {
  if (!zone || zone->origin_.kind == Origin::Kind::fixed || look_at(zone->origin_) == zone->origin_) return zone;
  if (zone->origin_.kind == Origin::Kind::local) return local();
  const auto read = named(zone->origin_.name);
  return read ? read.value() : zone;  // a database that is being replaced
}

std::size_t Zone::period_at(std::int64_t unix_seconds) const noexcept {
  const auto after = std::upper_bound(periods_.begin() + 1, periods_.end(), unix_seconds,
                                      [](std::int64_t at, const Period& period) { return at < period.start; });
  return static_cast<std::size_t>(after - periods_.begin()) - 1;
}

std::int32_t Zone::offset_at(std::int64_t unix_seconds) const noexcept { return periods_[period_at(unix_seconds)].offset; }

std::string_view Zone::abbreviation_at(std::int64_t unix_seconds) const noexcept {
  return names_.c_str() + periods_[period_at(unix_seconds)].name;
}

LocalTime Zone::from_local(std::int64_t reading) const noexcept {
  constexpr std::int64_t kReach = 2 * kOffsetMost;  // further apart no two periods meet on a local clock
  LocalTime out;
  const auto start = [&](std::size_t i) { return i < periods_.size() ? periods_[i].start : -kBeginning; };
  const std::size_t low = period_at(reading - kOffsetMost), high = period_at(reading + kOffsetMost);
  std::size_t found = 0, times = 0;
  for (std::size_t i = low; i <= high; ++i) {
    const std::int64_t at = reading - periods_[i].offset;
    if (at < start(i) || at >= start(i + 1)) continue;
    if (times++ == 0) {
      out.first = at;
      found = i;
    }
    out.second = at;
  }
  if (times == 0) {
    std::size_t before = low;
    for (std::size_t i = low + 1; i <= high; ++i) {
      if (reading >= periods_[i].start + periods_[i - 1].offset) before = i - 1;
    }
    out.skipped = true;
    out.first = out.second = reading - periods_[before].offset;
    return out;
  }
  if (out.repeated()) return out;
  const std::int32_t offset = periods_[found].offset;
  out.from = start(found) + offset;
  for (std::size_t i = found; i > 0 && start(i) > start(found) - kReach; --i)
    out.from = std::max(out.from, start(i) + periods_[i - 1].offset);
  out.until = start(found + 1) + offset;
  for (std::size_t i = found + 1; i < periods_.size() && start(i) < start(found + 1) + kReach; ++i)
    out.until = std::min(out.until, start(i) + periods_[i].offset);
  return out;
}

}  // namespace logystera::parse

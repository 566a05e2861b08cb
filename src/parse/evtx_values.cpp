#include "parse/evtx_values.hpp"

#include <charconv>
#include <cstring>
#include <string>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/utf8.hpp"

namespace logystera::parse::evtx {
namespace {

template <typename T>
T load(const std::uint8_t* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

constexpr char kUpper[] = "0123456789ABCDEF";
constexpr char kLower[] = "0123456789abcdef";

std::string_view hex_integer(std::uint64_t number, Arena& arena) {
  char* out = arena.allocate(18);
  out[0] = '0';
  out[1] = 'x';
  const auto end = std::to_chars(out + 2, out + 18, number, 16).ptr;
  return {out, static_cast<std::size_t>(end - out)};
}

std::string_view guid(const std::uint8_t* data, Arena& arena) {
  // The first three parts are little-endian numbers, the rest bytes in order.
  constexpr std::uint8_t order[16] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
  char* const begin = arena.allocate(38);
  char* out = begin;
  *out++ = '{';
  for (int i = 0; i < 16; ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) *out++ = '-';
    *out++ = kUpper[data[order[i]] >> 4];
    *out++ = kUpper[data[order[i]] & 15];
  }
  *out = '}';
  return {begin, 38};
}

std::string_view sid(const std::uint8_t* data, std::size_t size, Arena& arena) {
  constexpr std::size_t kSubAuthorities = 15;
  if (size < 8) return {};
  const std::size_t count = std::min<std::size_t>(data[1], kSubAuthorities);
  if (size < 8 + 4 * count) return {};
  char* const begin = arena.allocate(32 + 11 * count);
  char* out = begin;
  *out++ = 'S';
  *out++ = '-';
  out = std::to_chars(out, out + 3, data[0]).ptr;
  *out++ = '-';
  std::uint64_t authority = 0;
  for (int i = 2; i < 8; ++i) authority = authority << 8 | data[i];
  out = std::to_chars(out, out + 20, authority).ptr;
  for (std::size_t i = 0; i < count; ++i) {
    *out++ = '-';
    out = std::to_chars(out, out + 10, load<std::uint32_t>(data + 8 + 4 * i)).ptr;
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view binary(const std::uint8_t* data, std::size_t size, Arena& arena) {
  char* const begin = arena.allocate(size * 2 + 1);
  for (std::size_t i = 0; i < size; ++i) {
    begin[2 * i] = kUpper[data[i] >> 4];
    begin[2 * i + 1] = kUpper[data[i] & 15];
  }
  return {begin, size * 2};
}

char* put_digits(char* out, std::uint64_t number, int digits) {
  for (int i = digits - 1; i >= 0; --i, number /= 10) out[i] = static_cast<char>('0' + number % 10);
  return out + digits;
}

// Inverse of days_from_civil, after Howard Hinnant.
void civil_from_days(std::int64_t days, std::int64_t& year, unsigned& month, unsigned& day) {
  days += 719'468;
  const std::int64_t era = (days >= 0 ? days : days - 146'096) / 146'097;
  const auto of_era = static_cast<unsigned>(days - era * 146'097);
  const unsigned year_of_era = (of_era - of_era / 1'460 + of_era / 36'524 - of_era / 146'096) / 365;
  const unsigned of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted = (5 * of_year + 2) / 153;
  day = of_year - (153 * shifted + 2) / 5 + 1;
  month = shifted < 10 ? shifted + 3 : shifted - 9;
  year = static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2);
}

// "2019-07-19T14:42:51.4462809Z"
std::string_view file_time(std::uint64_t ticks, Arena& arena) {
  constexpr std::int64_t kDaysTo1970 = 134'774;
  constexpr std::uint64_t kTicksPerSecond = 10'000'000;
  const std::uint64_t seconds = ticks / kTicksPerSecond;
  std::int64_t year;
  unsigned month, day;
  civil_from_days(static_cast<std::int64_t>(seconds / 86'400) - kDaysTo1970, year, month, day);
  const std::uint64_t of_day = seconds % 86'400;
  char* const begin = arena.allocate(40);
  char* out = put_digits(begin, static_cast<std::uint64_t>(year), year > 9'999 ? 5 : 4);
  *out++ = '-';
  out = put_digits(out, month, 2);
  *out++ = '-';
  out = put_digits(out, day, 2);
  *out++ = 'T';
  out = put_digits(out, of_day / 3'600, 2);
  *out++ = ':';
  out = put_digits(out, of_day / 60 % 60, 2);
  *out++ = ':';
  out = put_digits(out, of_day % 60, 2);
  *out++ = '.';
  out = put_digits(out, ticks % kTicksPerSecond, 7);
  *out++ = 'Z';
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view system_time(const std::uint8_t* data, Arena& arena) {
  std::uint16_t part[8];  // year, month, day of week, day, hour, minute, second, millisecond
  std::memcpy(part, data, sizeof part);
  char* const begin = arena.allocate(40);
  char* out = put_digits(begin, part[0], part[0] > 9'999 ? 5 : 4);
  *out++ = '-';
  out = put_digits(out, part[1], 2);
  *out++ = '-';
  out = put_digits(out, part[3], 2);
  *out++ = 'T';
  out = put_digits(out, part[4], 2);
  *out++ = ':';
  out = put_digits(out, part[5], 2);
  *out++ = ':';
  out = put_digits(out, part[6], 2);
  *out++ = '.';
  out = put_digits(out, part[7], 3);
  *out++ = 'Z';
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view decimal(std::int64_t number, Arena& arena) {
  char* out = arena.allocate(24);
  return {out, static_cast<std::size_t>(std::to_chars(out, out + 24, number).ptr - out)};
}

std::string_view decimal(std::uint64_t number, Arena& arena) {
  char* out = arena.allocate(24);
  return {out, static_cast<std::size_t>(std::to_chars(out, out + 24, number).ptr - out)};
}

std::string_view real(double number, bool single, Arena& arena) {
  char* out = arena.allocate(64);
  const auto end =
      single ? std::to_chars(out, out + 64, static_cast<float>(number)).ptr : std::to_chars(out, out + 64, number).ptr;
  return {out, static_cast<std::size_t>(end - out)};
}

std::size_t item_size(std::uint8_t type) {
  switch (type) {
    case kInt8:
    case kUInt8: return 1;
    case kInt16:
    case kUInt16: return 2;
    case kInt32:
    case kUInt32:
    case kReal32:
    case kBool:
    case kHexInt32: return 4;
    case kInt64:
    case kUInt64:
    case kReal64:
    case kFileTime:
    case kHexInt64: return 8;
    case kGuid:
    case kSystemTime: return 16;
    default: return 0;
  }
}

// Sets kind, number and text of one value that is no array. False when its size does not fit its type.
bool read_scalar(const RawValue& raw, Value& out, Arena& arena) {
  const std::uint8_t* data = raw.data;
  const auto text = [&](std::string_view written) { out.set_text(written); };
  const auto signed_number = [&](std::int64_t number) {
    text(decimal(number, arena));
    out.kind = Value::Kind::integer;
    out.as.integer = number;
  };
  const auto unsigned_number = [&](std::uint64_t number) {
    text(decimal(number, arena));
    if (number <= INT64_MAX) {
      out.kind = Value::Kind::integer;
      out.as.integer = static_cast<std::int64_t>(number);
    } else {
      out.kind = Value::Kind::real;
      out.as.real = static_cast<double>(number);
    }
  };
  const std::size_t needed = item_size(raw.type);
  if (raw.type != kBool && raw.size < needed) return false;
  switch (raw.type) {
    case kString: text(utf8_from_utf16(data, raw.size, arena)); break;
    case kAnsiString: {
      std::size_t size = raw.size;
      while (size > 0 && data[size - 1] == 0) --size;
      text(arena.copy({reinterpret_cast<const char*>(data), size}));
      break;
    }
    case kInt8: signed_number(static_cast<std::int8_t>(data[0])); break;
    case kUInt8: unsigned_number(data[0]); break;
    case kInt16: signed_number(load<std::int16_t>(data)); break;
    case kUInt16: unsigned_number(load<std::uint16_t>(data)); break;
    case kInt32: signed_number(load<std::int32_t>(data)); break;
    case kUInt32: unsigned_number(load<std::uint32_t>(data)); break;
    case kInt64: signed_number(load<std::int64_t>(data)); break;
    case kUInt64: unsigned_number(load<std::uint64_t>(data)); break;
    case kReal32:
    case kReal64: {
      const bool single = raw.type == kReal32;
      const double number = single ? load<float>(data) : load<double>(data);
      text(real(number, single, arena));
      out.kind = Value::Kind::real;
      out.as.real = number;
      break;
    }
    case kBool: {
      // Four bytes by the book; one and two occur. Anything but 0 is true.
      bool set = false;
      for (std::size_t i = 0; i < raw.size; ++i) set = set || data[i] != 0;
      text(set ? std::string_view("true") : std::string_view("false"));
      out.kind = Value::Kind::boolean;
      out.as.boolean = set;
      break;
    }
    case kGuid: text(guid(data, arena)); break;
    case kFileTime: text(file_time(load<std::uint64_t>(data), arena)); break;
    case kSystemTime: text(system_time(data, arena)); break;
    case kSid: text(sid(data, raw.size, arena)); break;
    case kHexInt32: text(hex_integer(load<std::uint32_t>(data), arena)); break;
    case kHexInt64: text(hex_integer(load<std::uint64_t>(data), arena)); break;
    case kSizeT:
      if (raw.size >= 8) text(hex_integer(load<std::uint64_t>(data), arena));
      else if (raw.size >= 4) text(hex_integer(load<std::uint32_t>(data), arena));
      else return false;
      break;
    default: text(binary(data, raw.size, arena));
  }
  return true;
}

// SIDs one behind the other, each as long as its count of authorities says; what is left over as bytes.
template <typename Each>
void for_sids(const RawValue& value, Each each) {
  RawValue item = value;
  std::size_t at = 0;
  while (at < value.size) {
    const std::size_t left = value.size - at;
    const std::size_t size = left >= 8 ? 8 + 4 * std::size_t{value.data[at + 1]} : left + 1;
    const bool whole = size <= left;
    item.type = whole ? kSid : kBinary;
    item.data = value.data + at;
    item.size = static_cast<std::uint16_t>(whole ? size : left);
    each(item);
    at += item.size;
  }
}

// Calls `each` with every item of an array value. Strings are apart by NULs.
template <typename Each>
void for_items(const RawValue& value, Each each) {
  RawValue item = value;
  item.type = value.type & ~kArray;
  if (item.type == kString || item.type == kAnsiString) {
    const std::size_t unit = item.type == kString ? 2 : 1;
    std::size_t from = 0;
    for (std::size_t at = 0; at + unit <= value.size; at += unit) {
      const bool nul = value.data[at] == 0 && (unit == 1 || value.data[at + 1] == 0);
      if (!nul && at + 2 * unit <= value.size) continue;
      const std::size_t end = nul ? at : at + unit;
      item.data = value.data + from;
      item.size = static_cast<std::uint16_t>(end - from);
      each(item);
      from = at + unit;
    }
    return;
  }
  if (item.type == kSid) return for_sids(value, each);
  std::size_t size = item_size(item.type);
  if (item.type == kSizeT) size = value.size % 8 == 0 ? 8 : 4;
  if (size == 0 || value.size % size != 0) {
    item.type = kBinary;
    each(item);
    return;
  }
  for (std::size_t at = 0; at + size <= value.size; at += size) {
    item.data = value.data + at;
    item.size = static_cast<std::uint16_t>(size);
    each(item);
  }
}

}  // namespace

std::string_view utf8_from_utf16(const std::uint8_t* data, std::size_t bytes, Arena& arena) {
  std::size_t units = bytes / 2;
  while (units > 0 && data[2 * units - 2] == 0 && data[2 * units - 1] == 0) --units;
  if (units == 0) return {};
  char* const begin = arena.allocate(units * 3);
  char* out = begin;
  std::size_t at = 0;
#if defined(__SSE2__)
  // Nearly all of it is ASCII: sixteen units at a time while no unit exceeds 0x7F.
  const __m128i beyond_ascii = _mm_set1_epi16(static_cast<short>(0xFF80));
  for (; at + 16 <= units; at += 16, out += 16) {
    const __m128i low = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 2 * at));
    const __m128i high = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 2 * at + 16));
    const __m128i wide = _mm_and_si128(_mm_or_si128(low, high), beyond_ascii);
    if (_mm_movemask_epi8(_mm_cmpeq_epi16(wide, _mm_setzero_si128())) != 0xFFFF) break;
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_packus_epi16(low, high));
  }
#endif
  while (at < units) {
    std::uint32_t code = load<std::uint16_t>(data + 2 * at++);
    if (code >= 0xD800 && code < 0xDC00 && at < units) {
      const std::uint32_t low = load<std::uint16_t>(data + 2 * at);
      if (low >= 0xDC00 && low < 0xE000) {
        ++at;
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    out += put_utf8(code, out);  // half a pair: U+FFFD
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

void add_value(FieldId id, const RawValue& value, RecordBatch& batch) {
  if (value.type & kArray) {
    for_items(value, [&](const RawValue& item) { add_value(id, item, batch); });
    return;
  }
  Value& cell = batch.add_field(id);
  if (value.type == kNull || value.size == 0) return;
  if (!read_scalar(value, cell, batch.arena)) cell.set_text(binary(value.data, value.size, batch.arena));
}

std::string_view value_text(const RawValue& value, RecordBatch& batch) {
  if (value.type == kNull || value.size == 0) return {};
  if (value.type & kArray) {
    std::string joined;
    for_items(value, [&](const RawValue& item) {
      if (!joined.empty()) joined += ", ";
      joined += value_text(item, batch);
    });
    return batch.arena.copy(joined);
  }
  Value cell;
  if (!read_scalar(value, cell, batch.arena)) return binary(value.data, value.size, batch.arena);
  return cell.text();
}

bool unix_ns_of_filetime(std::uint64_t filetime, std::int64_t& ns) noexcept {
  constexpr std::int64_t kTicksTo1970 = 116'444'736'000'000'000;
  if (filetime > INT64_MAX) return false;
  const std::int64_t ticks = static_cast<std::int64_t>(filetime) - kTicksTo1970;
  if (ticks > INT64_MAX / 100 || ticks < INT64_MIN / 100) return false;
  ns = ticks * 100;
  return true;
}

}  // namespace logystera::parse::evtx

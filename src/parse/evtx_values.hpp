// Values inside EVTX's binary XML: their text as Windows itself writes it, and their type.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/record.hpp"

namespace logystera::parse::evtx {

/// [MS-EVEN6] §2.2.12: value types; an array of a type has kArray set.
enum ValueType : std::uint8_t {
  kNull = 0x00,
  kString = 0x01,
  kAnsiString = 0x02,
  kInt8 = 0x03,
  kUInt8 = 0x04,
  kInt16 = 0x05,
  kUInt16 = 0x06,
  kInt32 = 0x07,
  kUInt32 = 0x08,
  kInt64 = 0x09,
  kUInt64 = 0x0A,
  kReal32 = 0x0B,
  kReal64 = 0x0C,
  kBool = 0x0D,
  kBinary = 0x0E,
  kGuid = 0x0F,
  kSizeT = 0x10,
  kFileTime = 0x11,
  kSystemTime = 0x12,
  kSid = 0x13,
  kHexInt32 = 0x14,
  kHexInt64 = 0x15,
  kBinXml = 0x21,
  kArray = 0x80,
};

/// A value as it lies in the chunk. `offset` is where, counted from the chunk's start.
struct RawValue {
  const std::uint8_t* data = nullptr;
  std::uint32_t offset = 0;
  std::uint16_t size = 0;
  std::uint8_t type = kNull;
};

/// UTF-16LE to UTF-8 in the arena; lone surrogates become U+FFFD, NULs at the end are cut.
std::string_view utf8_from_utf16(const std::uint8_t* data, std::size_t bytes, Arena& arena);

/// Adds the value as field `id`: an array as one field an item, null and empty ones as null. kBinXml is the caller's.
void add_value(FieldId id, const RawValue& value, RecordBatch& batch);

/// The value's text, in the arena. Empty for null.
std::string_view value_text(const RawValue& value, RecordBatch& batch);

/// Windows FILETIME (100 ns since 1601) as unix nanoseconds; false when 64 bits cannot hold it.
bool unix_ns_of_filetime(std::uint64_t filetime, std::int64_t& ns) noexcept;

}  // namespace logystera::parse::evtx

// What every parser fuzzer checks: reading never touches memory it should not (each byte of each record is looked at, so the
// address sanitizer sees), counts add up, and the block size makes no difference.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parse/source.hpp"

namespace fuzz {

using namespace logystera;
using namespace logystera::parse;

inline void require(bool holds) {
  if (!holds) std::abort();
}

inline const Formats& built_in() {
  static const Formats formats = [] {
    Result<Formats> read = Formats::built_in();
    require(read.ok());
    return std::move(read.value());
  }();
  return formats;
}

inline std::uint64_t touch(std::string_view text) {
  std::uint64_t sum = text.size();
  for (char c : text) sum = sum * 31 + static_cast<unsigned char>(c);
  return sum;
}

inline std::uint64_t touch(const Value& value, std::size_t names) {
  require(value.field < names);
  std::uint64_t sum = touch(value.text());
  switch (value.kind) {
    case Value::Kind::ip: sum += value.as_ip().bytes[15]; break;
    case Value::Kind::list:
      for (const Value& item : value.as_list()) {
        require(item.kind != Value::Kind::list);
        sum += touch(item.text());
      }
      break;
    case Value::Kind::integer: sum += static_cast<std::uint64_t>(value.as_integer()); break;
    default: break;
  }
  return sum;
}

/// A digest of all records, so that two readings can be compared.
inline std::uint64_t read_all(Result<Source> source, const FieldNames& names) {
  if (!source) return 0;
  std::uint64_t sum = 0, records = 0, unparsed = 0;
  RecordBatch batch;
  while (source->next_batch(batch)) {
    require(!batch.empty());
    for (const Record& record : batch.records) {
      ++records;
      unparsed += !record.parsed;
      // A line whose format says so may have an empty message.
      require(!record.message.empty() || record.raw.empty() || record.parsed);
      sum = sum * 1'099'511'628'211 + touch(record.raw) + touch(record.message) + touch(record.host) + record.line +
            record.offset;
      if (record.time_known) sum += static_cast<std::uint64_t>(record.time_ns);
      for (const Value& value : record) sum = sum * 31 + touch(value, names.size());
    }
  }
  require(source->counts().records == records);
  require(source->counts().unparsed == unparsed);
  return sum;
}

inline SourceOptions fixed_options(std::size_t block_bytes) {
  SourceOptions options;
  options.block_bytes = block_bytes;
  options.line_bytes = 4'096;
  options.reference_ns = 1'798'675'200'000'000'000;
  options.input.expansion_from = 1 << 20;
  return options;
}

}  // namespace fuzz

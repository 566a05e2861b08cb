// One line through one format's reader, what came of it copied out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "parse/format.hpp"

namespace logystera::parse {

struct OneLine {
  LineRead read = LineRead::unknown;
  std::string message, host;
  Severity severity = Severity::info;
  RecordKind kind = RecordKind::text;
  bool time_known = false;
  std::int64_t time_ns = 0;
  std::map<std::string, std::string> fields;  // the first of each name
  std::map<std::string, Value::Kind> kinds;

  explicit operator bool() const { return read == LineRead::record; }
  std::string text(const std::string& name) const {
    auto found = fields.find(name);
    return found == fields.end() ? "<absent>" : found->second;
  }
};

inline const Formats& built_in_formats_once() {
  static const Formats formats = std::move(Formats::built_in().value());
  return formats;
}

/// `before` are lines the reader sees first (W3C's #Fields).
inline OneLine read_one(const Format& format, std::string_view line, std::initializer_list<std::string_view> before = {}) {
  FieldNames names;
  auto parser = make_parser(format, {names, TimeContext(1'798'675'200'000'000'000)});  // 2026-12-31
  REQUIRE(parser.ok());
  RecordBatch batch;
  for (std::string_view earlier : before) {
    Record record;
    batch.begin_fields();
    parser.value()->read(earlier, batch, record);
    batch.drop_fields();
  }
  Record record;
  record.raw = line;
  batch.begin_fields();
  OneLine out;
  out.read = parser.value()->read(line, batch, record);
  if (!out) return out;
  batch.end_fields(record);
  out.message = record.message;
  out.host = record.host;
  out.severity = record.severity;
  out.kind = record.kind;
  out.time_known = record.time_known;
  out.time_ns = record.time_ns;
  for (const Value& value : record) {
    out.fields.emplace(std::string(names.name(value.field)), std::string(value.text()));
    out.kinds.emplace(std::string(names.name(value.field)), value.kind);
  }
  return out;
}

inline OneLine read_one(std::string_view format, std::string_view line,
                        std::initializer_list<std::string_view> before = {}) {
  const Format* found = built_in_formats_once().find(format);
  REQUIRE(found);
  return read_one(*found, line, before);
}

}  // namespace logystera::parse

// What the keys of structured lines (JSON, logfmt) mean: which holds the time, the level, the message, the host, and which
// known field a key is also given as. Data comes from the format's definition.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/record.hpp"
#include "parse/format.hpp"

namespace logystera::parse {

/// What one key path stands for in one format.
struct KeyMeaning {
  enum class Role : std::uint8_t { plain, time, severity, message, host };

  FieldId id = field::none;     // its own name's number; none when the table of names is full
  FieldId alias = field::none;  // a known field it is also given as
  Role role = Role::plain;
  std::uint8_t rank = 0;      // among keys of the same role; the lowest present wins
  std::int8_t required = -1;  // index among the format's required keys
};

/// Looks one up. `path` has its dots already.
KeyMeaning key_meaning(const Format& format, std::string_view path, FieldNames& names);

/// What the keys of one line came to: filled key by key, then applied to the record.
class LineRoles {
 public:
  explicit LineRoles(const TimeContext& time) : time_(&time) {}

  /// A key's value with its meaning; `value` has been added to the batch already when it has a field of its own.
  void take(const KeyMeaning& meaning, const Value& value, RecordBatch& batch);
  /// Sets time, severity, message, host and kind. Without a key for the message the record's is `line`; a message that is
  /// there and empty stays empty.
  void apply(const Format& format, std::string_view line, RecordBatch& batch, Record& record);
  /// Its two halves: what stands in the roles' keys, and what follows from the message, the request and the status.
  void apply_envelope(const Format& format, std::string_view line, Record& record);
  void apply_content(RecordBatch& batch, Record& record);
  bool has_time() const noexcept { return time_rank_ != kAbsent; }
  bool has_severity() const noexcept { return severity_rank_ != kAbsent; }
  bool has_message() const noexcept { return message_rank_ != kAbsent; }

 private:
  static constexpr std::uint8_t kAbsent = 255;

  const TimeContext* time_;
  std::uint8_t time_rank_ = kAbsent, severity_rank_ = kAbsent, message_rank_ = kAbsent, host_rank_ = kAbsent;
  std::int64_t time_ns_ = 0;
  Severity severity_ = Severity::info;
  std::string_view message_, host_, program_;
  std::int64_t status_ = 0;
  bool request_ = false;
  bool names_message_ = false;  // one of the message's keys is there, if without a text
};

}  // namespace logystera::parse

// Windows events wherever they come from: what EVTX, and JSON made of it, have in common.
//
// In JSON an event is recognised by itself, not by its format, because collectors mix events with other logs: it has the field
// EventID, a number of 16 bits, and a Channel or Provider_Name, under one of these paths. Its fields then get the names that
// the EVTX reader gives them (see evtx_template.hpp), so that rules need not know which way an event took:
//
//   EventID, Channel, TargetUserName      flat, as Sigma writes them and NXLog sends them
//   Event.System.…, Event.EventData.…     the XML, element by element, as evtx_dump has it
//   winlog.…, winlog.event_data.…         Winlogbeat
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "parse/timestamp.hpp"

namespace logystera::parse {

/// Severity, host and message out of a Windows event's fields. The severity is the event's level where it has one, and a failed
/// audit is a warning; host and message are only set where the record has none. `keywords` is the field of that name.
void describe_windows_event(FieldId keywords, RecordBatch& batch, Record& record);

/// Where an event's data stands.
enum class DataPart : std::uint8_t { event_data, user_data };

/// The field of a name below EventData or UserData. What System calls one of its own keeps its part's name in front
/// (UserData.EventID), so that an event cannot say of itself that it is another.
std::string windows_data_name(DataPart part, std::string_view name);

/// The EVTX reader's name for a key path of an event in JSON; empty if the path has no other there.
std::string windows_field_name(std::string_view path);

/// Turns records of one JSON source that are Windows events into such.
class WindowsJson {
 public:
  explicit WindowsJson(FieldNames& names);

  /// What a line has: both are needed for a look at its values.
  enum Mark : std::uint8_t { event_id = 1, origin = 2, both = 3 };

  /// A key is met for the first time; `id` is its field. The marks of a line that has it.
  std::uint8_t learn(std::string_view path, FieldId id, FieldNames& names);

  /// A line with both marks became `record`, whose fields are still open in `batch`. False, and nothing is changed, if its
  /// values are not those of an event. `has_severity`, `has_message`: whether a key of the line said so.
  bool convert(RecordBatch& batch, Record& record, bool has_severity, bool has_message, const TimeContext& time) const;

 private:
  FieldId renamed(FieldId id) const noexcept {
    return id < renamed_.size() && renamed_[id] != field::none ? renamed_[id] : id;
  }

  std::vector<FieldId> renamed_;  // by field; none: keeps its name
  FieldId keywords_, source_name_, times_[3];
};

}  // namespace logystera::parse

#include "parse/windows_event.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <iterator>
#include <utility>

#include "parse/readers.hpp"

namespace logystera::parse {
namespace {

constexpr std::int64_t kEventIdMost = 0xFFFF;

constexpr std::pair<std::string_view, std::string_view> kWinlogbeat[] = {
    {"winlog.event_id", "EventID"},
    {"winlog.channel", "Channel"},
    {"winlog.provider_name", "Provider_Name"},
    {"winlog.provider_guid", "Provider_Guid"},
    {"winlog.computer_name", "Computer"},
    {"winlog.record_id", "EventRecordID"},
    {"winlog.version", "Version"},
    {"winlog.keywords", "Keywords"},
    {"winlog.activity_id", "Correlation_ActivityID"},
    {"winlog.process.pid", "Execution_ProcessID"},
    {"winlog.process.thread.id", "Execution_ThreadID"},
    {"winlog.user.identifier", "Security_UserID"},
};

// What the elements and attributes of System become, as the schema of events has them.
constexpr std::string_view kSystemFields[] = {
    "Provider_Name",
    "Provider_Guid",
    "Provider_EventSourceName",
    "EventID",
    "EventID_Qualifiers",
    "Version",
    "Level",
    "Task",
    "Opcode",
    "Keywords",
    "TimeCreated",
    "TimeCreated_SystemTime",
    "EventRecordID",
    "Correlation",
    "Correlation_ActivityID",
    "Correlation_RelatedActivityID",
    "Execution",
    "Execution_ProcessID",
    "Execution_ThreadID",
    "Execution_ProcessorID",
    "Execution_SessionID",
    "Execution_KernelTime",
    "Execution_UserTime",
    "Execution_ProcessorTime",
    "Channel",
    "Computer",
    "Security_UserID",
};

// "EventID.#text" is the element's own text; "Provider.#attributes.Name" and "Provider_attributes.Name" are its attribute,
// Provider_Name.
std::string element_name(std::string_view path) {
  constexpr std::string_view kText = ".#text";
  if (path.size() > kText.size() && path.substr(path.size() - kText.size()) == kText) path.remove_suffix(kText.size());
  for (std::string_view attributes : {std::string_view(".#attributes."), std::string_view("_attributes.")}) {
    const std::size_t at = path.find(attributes);
    if (at == std::string_view::npos || at == 0) continue;
    return std::string(path.substr(0, at)) + "_" + std::string(path.substr(at + attributes.size()));
  }
  return std::string(path);
}

std::string behind_last_dot(const std::string& path) { return path.substr(path.rfind('.') + 1); }

// A number as it is, or as the digits of a text.
bool whole_number(const Value& value, std::int64_t& out) {
  if (value.kind == Value::Kind::integer) {
    out = value.as_integer();
    return true;
  }
  const std::string_view text = value.text();
  if (value.kind != Value::Kind::string || text.empty()) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// The bits of System's Keywords, "0x8010000000000000" or a number, signed or not, or their names.
bool failed_audit(const Value& keywords) {
  constexpr std::uint64_t kAuditFailure = 0x0010'0000'0000'0000;
  if (keywords.kind == Value::Kind::integer)
    return (static_cast<std::uint64_t>(keywords.as_integer()) & kAuditFailure) != 0;
  std::string_view text = keywords.text();
  const int base = skip(text, "0x") || skip(text, "0X") ? 16 : 10;
  std::uint64_t bits = 0;
  std::int64_t negative = 0;
  const char* const last = text.data() + text.size();
  if (const auto [end, error] = std::from_chars(text.data(), last, bits, base); error == std::errc() && end == last)
    return (bits & kAuditFailure) != 0;
  if (const auto [end, error] = std::from_chars(text.data(), last, negative); error == std::errc() && end == last)
    return (static_cast<std::uint64_t>(negative) & kAuditFailure) != 0;
  return text.find("Audit Failure") != std::string_view::npos;
}

}  // namespace

void describe_windows_event(FieldId keywords, RecordBatch& batch, Record& record) {
  std::string_view provider, event;
  bool failed = false;
  for (const Value& value : record) {
    if (value.field == field::Level && value.kind == Value::Kind::integer) {
      const std::int64_t level = value.as_integer();
      record.severity = level == 1   ? Severity::critical
                        : level == 2 ? Severity::error
                        : level == 3 ? Severity::warning
                        : level == 5 ? Severity::debug
                                     : Severity::info;
    } else if (value.field == field::Provider_Name && provider.empty()) {
      provider = value.text();
    } else if (value.field == field::EventID && event.empty()) {
      event = value.text();
    } else if (value.field == field::Computer && record.host.empty()) {
      record.host = value.text();
    } else if (value.field == keywords && !failed) {
      failed = failed_audit(value);
    }
  }
  if (failed && record.severity == Severity::info) record.severity = Severity::warning;
  if (!record.message.empty()) return;
  char* out = batch.arena.allocate(provider.size() + event.size() + 1);
  if (!provider.empty()) std::memcpy(out, provider.data(), provider.size());
  out[provider.size()] = ' ';
  if (!event.empty()) std::memcpy(out + provider.size() + 1, event.data(), event.size());
  record.message = {out, provider.size() + 1 + event.size()};
}

std::string windows_data_name(DataPart part, std::string_view name) {
  const bool systems = std::find(std::begin(kSystemFields), std::end(kSystemFields), name) != std::end(kSystemFields);
  if (!systems) return std::string(name);
  return (part == DataPart::event_data ? "EventData." : "UserData.") + std::string(name);
}

std::string windows_field_name(std::string_view path) {
  if (skip(path, "Event.System.")) return element_name(path);
  if (starts_with(path, "Event.EventData.#")) return element_name(path.substr(std::strlen("Event.")));
  using enum DataPart;
  if (skip(path, "Event.EventData.")) return windows_data_name(event_data, element_name(path));
  if (skip(path, "Event.UserData.")) return windows_data_name(user_data, behind_last_dot(element_name(path)));
  if (skip(path, "winlog.event_data.")) return windows_data_name(event_data, path);
  if (skip(path, "winlog.user_data.")) return windows_data_name(user_data, behind_last_dot(std::string(path)));
  for (const auto& [written, name] : kWinlogbeat)
    if (path == written) return std::string(name);
  return {};
}

WindowsJson::WindowsJson(FieldNames& names)
    : keywords_(names.add("Keywords")),
      source_name_(names.add("SourceName")),
      times_{names.add("TimeCreated_SystemTime"), names.add("TimeCreated"), names.add("EventTime")} {}

std::uint8_t WindowsJson::learn(std::string_view path, FieldId id, FieldNames& names) {
  if (const std::string name = windows_field_name(path); !name.empty() && id != field::none) {
    const FieldId to = names.add(name);
    if (renamed_.size() <= id) renamed_.resize(id + std::size_t{1}, field::none);
    renamed_[id] = to;
  }
  const FieldId known = renamed(id);
  if (known == field::EventID) return event_id;
  return known == field::Channel || known == field::Provider_Name ? origin : 0;
}

bool WindowsJson::convert(RecordBatch& batch, Record& record, bool has_severity, bool has_message,
                          const TimeContext& time) const {
  record.fields = batch.open_cells();
  record.field_count = static_cast<std::uint32_t>(batch.open_fields());
  std::int64_t number = -1;
  Value* event = nullptr;
  bool from_somewhere = false, provider = false;
  for (Value& value : record) {
    const FieldId id = renamed(value.field);
    if (id == field::EventID && !event) event = &value;
    const bool text = value.kind == Value::Kind::string && value.text_size > 0;
    from_somewhere = from_somewhere || (text && (id == field::Channel || id == field::Provider_Name));
    provider = provider || id == field::Provider_Name;
  }
  if (!event || !from_somewhere || !whole_number(*event, number) || number < 0 || number > kEventIdMost) return false;
  event->kind = Value::Kind::integer;
  event->as.integer = number;
  for (Value& value : record) {
    value.field = renamed(value.field);
    if (value.field == source_name_ && !provider) value.field = field::Provider_Name;  // NXLog
    if (value.field == field::Level && whole_number(value, number)) {
      value.kind = Value::Kind::integer;
      value.as.integer = number;
    }
  }
  record.kind = RecordKind::windows_event;
  if (!has_severity) record.severity = Severity::info;
  if (!has_message) record.message = {};
  for (std::size_t i = 0; i < std::size(times_) && !record.time_known; ++i) {
    const std::string_view text = record.text(times_[i]);
    record.time_known = !text.empty() && read_any_time(text, time, record.time_ns) == text.size();
  }
  describe_windows_event(keywords_, batch, record);
  return true;
}

}  // namespace logystera::parse

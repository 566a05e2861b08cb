// Windows events in JSON: told from other lines, and named as EVTX names them.
#include "parse/windows_event.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "parse/source.hpp"

using namespace logystera;
using namespace logystera::parse;

namespace {

struct Read {
  RecordKind kind;
  Severity severity;
  std::string message;
  std::vector<std::string> fields;  // NAME=TEXT
};

Read read(const std::string& line) {
  static const Formats formats = std::move(Formats::built_in().value());
  FieldNames names;
  SourceOptions options;
  options.format = "json";
  auto input = open_memory(line, "a.json");
  REQUIRE(input.ok());
  auto source = Source::open(std::move(input).value(), formats, names, options);
  REQUIRE(source.ok());
  RecordBatch batch;
  REQUIRE(source->next_batch(batch));
  REQUIRE(batch.size() == 1);
  const Record& record = batch.records[0];
  Read out{record.kind, record.severity, std::string(record.message), {}};
  for (const Value& value : record)
    out.fields.push_back(std::string(names.name(value.field)) + "=" + std::string(value.text()));
  return out;
}

}  // namespace

TEST_CASE("key_paths_of_windows_events_have_the_evtx_reader_s_names", "[windows]") {
  const std::pair<const char*, const char*> paths[] = {
      {"Event.System.EventID", "EventID"},
      {"Event.System.EventID.#text", "EventID"},
      {"Event.System.Provider.#attributes.Name", "Provider_Name"},
      {"Event.System.TimeCreated_attributes.SystemTime", "TimeCreated_SystemTime"},
      {"Event.EventData.TargetUserName", "TargetUserName"},
      {"Event.EventData.Data.#text", "Data"},
      {"Event.EventData.#attributes.Name", "EventData_Name"},
      {"Event.UserData.LogFileCleared.SubjectUserName", "SubjectUserName"},
      {"winlog.event_id", "EventID"},
      {"winlog.event_data.TargetUserName", "TargetUserName"},
      {"winlog.user_data.SubjectUserName", "SubjectUserName"},
      {"Event.UserData.EventXML.EventID", "UserData.EventID"},
      {"Event.UserData.LogFileCleared.Channel", "UserData.Channel"},
      {"Event.EventData.Level", "EventData.Level"},
      {"winlog.event_data.EventID", "EventData.EventID"},
      {"winlog.user_data.Provider_Name", "UserData.Provider_Name"},
      {"EventID", ""},
      {"Event.System", ""},
      {"winlog.api", ""},
      {"event.code", ""},
  };
  for (const auto& [path, name] : paths) CHECK(windows_field_name(path) == name);
}

TEST_CASE("json_with_an_event_number_and_an_origin_is_a_windows_event", "[windows]") {
  const char* const events[] = {
      R"({"EventID":4625,"Channel":"Security"})",
      R"({"Provider_Name":"P","EventID":"4625"})",
      R"({"Event":{"EventData":{"a":"b"},"System":{"Channel":"Security","EventID":{"#text":4625}}}})",
      R"({"Event":{"System":{"EventID":4625,"Provider_attributes":{"Name":"P"}}}})",
      R"({"winlog":{"event_id":4625,"channel":"Security"}})",
      R"({"winlog.event_id":"4625","winlog.provider_name":"P"})",
  };
  for (const char* line : events) {
    INFO(line);
    const Read event = read(line);
    CHECK(event.kind == RecordKind::windows_event);
    CHECK(event.message.ends_with(" 4625"));
    CHECK(std::count(event.fields.begin(), event.fields.end(), "EventID=4625") == 1);
  }
}

TEST_CASE("what_an_event_s_data_call_as_system_does_keeps_its_part_s_name", "[windows]") {
  const char* const events[] = {
      R"({"Event":{"System":{"EventID":1033,"Channel":"C"},"UserData":{"EventXML":{"EventID":4625,"Channel":"Security"}}}})",
      R"({"Event":{"UserData":{"EventXML":{"EventID":4625,"Channel":"Security"}},"System":{"EventID":1033,"Channel":"C"}}})",
      R"({"winlog":{"event_id":1033,"channel":"C","user_data":{"EventID":4625,"Channel":"Security"}}})",
  };
  for (const char* line : events) {
    INFO(line);
    const Read event = read(line);
    CHECK(event.kind == RecordKind::windows_event);
    CHECK(event.message.ends_with(" 1033"));
    const auto has = [&](const char* field) { return std::count(event.fields.begin(), event.fields.end(), field); };
    CHECK(has("EventID=1033") == 1);
    CHECK(has("EventID=4625") == 0);
    CHECK(has("UserData.EventID=4625") == 1);
    CHECK(has("Channel=C") == 1);
    CHECK(has("UserData.Channel=Security") == 1);
  }
}

TEST_CASE("other_json_keeps_its_kind_and_the_names_of_its_fields", "[windows]") {
  const std::pair<const char*, std::vector<std::string>> lines[] = {
      {R"({"EventID":4625})", {"EventID=4625"}},
      {R"({"Channel":"Security","EventID":""})", {"Channel=Security", "EventID="}},
      {R"({"Channel":"Security","EventID":"x"})", {"Channel=Security", "EventID=x"}},
      {R"({"Channel":"Security","EventID":-1})", {"Channel=Security", "EventID=-1"}},
      {R"({"Channel":"Security","EventID":65536})", {"Channel=Security", "EventID=65536"}},
      {R"({"Channel":"Security","EventID":1.5})", {"Channel=Security", "EventID=1.5"}},
      {R"({"Channel":"","EventID":1,"SourceName":"s"})", {"Channel=", "EventID=1", "SourceName=s"}},
      {R"({"Channel":7,"EventID":1})", {"Channel=7", "EventID=1"}},
      {R"({"Event":{"System":{"EventID":1},"EventData":{"a":"b"}}})", {"Event.System.EventID=1", "Event.EventData.a=b"}},
      {R"({"winlog":{"event_data":{"a":"b"}}})", {"winlog.event_data.a=b"}},
  };
  for (const auto& [line, fields] : lines) {
    INFO(line);
    const Read other = read(line);
    CHECK(other.kind == RecordKind::application);
    CHECK(other.fields == fields);
    CHECK(other.message == line);
  }
}

TEST_CASE("a_windows_event_s_level_is_read_as_windows_means_it", "[windows]") {
  const std::pair<const char*, Severity> levels[] = {
      {R"("Level":0)", Severity::info},
      {R"("Level":1)", Severity::critical},
      {R"("Level":"2")", Severity::error},
      {R"("Level":3)", Severity::warning},
      {R"("Level":4)", Severity::info},
      {R"("Level":5)", Severity::debug},
      {R"("Level":"Error")", Severity::error},
      {R"("Keywords":"0x8010000000000000","Level":0)", Severity::warning},
      {R"("Keywords":-9218868437227405312)", Severity::warning},
      {R"("Keywords":"0x8020000000000000")", Severity::info},
      {R"("Keywords":"Audit Failure")", Severity::warning},
      {R"("Message":"something failed with an error")", Severity::info},
  };
  for (const auto& [fields, severity] : levels) {
    INFO(fields);
    CHECK(read(std::string(R"({"EventID":1,"Channel":"Security",)") + fields + "}").severity == severity);
  }
  CHECK(read(R"({"Channel":"Security","Level":4})").severity == Severity::warning);  // syslog's 4, not Windows'
}

// Windows events as Sigma's regression data has them in JSON, turned into records named the way the EVTX reader names them.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>
#include <vector>

#include "core/record.hpp"

namespace logystera::test {

class WindowsJson {
 public:
  explicit WindowsJson(FieldNames& names) : names_(names) {}

  /// Appends the events of a text of one or more JSON documents. False if it is not JSON.
  bool read(const std::string& text, RecordBatch& batch) {
    rapidjson::StringStream stream(text.c_str());
    while (true) {
      rapidjson::Document document;
      document.ParseStream<rapidjson::kParseStopWhenDoneFlag>(stream);
      if (document.HasParseError()) return document.GetParseError() == rapidjson::kParseErrorDocumentEmpty;
      if (document.IsObject() && document.HasMember("Event")) add(document["Event"], batch);
      while (stream.Peek() == '\n' || stream.Peek() == ',' || stream.Peek() == ' ' || stream.Peek() == '\r') stream.Take();
      if (stream.Peek() == '\0') return true;
    }
  }

 private:
  void add(const rapidjson::Value& event, RecordBatch& batch) {
    Record record;
    record.kind = RecordKind::windows_event;
    record.format = "evtx";
    record.parsed = true;
    batch.begin_fields();
    if (event.HasMember("System")) members("", event["System"], batch, true);
    for (const char* body : {"EventData", "UserData"})
      if (event.HasMember(body) && event[body].IsObject()) members("", event[body], batch, false);
    batch.end_fields(record);
    batch.records.push_back(record);
  }

  void members(const std::string& prefix, const rapidjson::Value& object, RecordBatch& batch, bool system) {
    for (const auto& member : object.GetObject()) {
      const std::string name = member.name.GetString();
      if (name == "#attributes" || name == "xmlns") {
        if (system && member.value.IsObject())
          for (const auto& attribute : member.value.GetObject())
            value(prefix + "_" + attribute.name.GetString(), attribute.value, batch);
      } else if (name == "#text") {
        value(prefix, member.value, batch);
      } else if (member.value.IsObject()) {
        members(name, member.value, batch, system);
      } else {
        value(name, member.value, batch);
      }
    }
  }

  void value(const std::string& name, const rapidjson::Value& value, RecordBatch& batch) {
    const FieldId id = names_.add(name);
    if (value.IsString()) {
      batch.add_text(id, batch.arena.copy({value.GetString(), value.GetStringLength()}));
    } else if (value.IsNull()) {
      batch.add_field(id);
    } else {
      rapidjson::StringBuffer buffer;
      rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
      value.Accept(writer);
      const std::string_view text = batch.arena.copy({buffer.GetString(), buffer.GetSize()});
      if (value.IsInt64()) batch.add_integer(id, text, value.GetInt64());
      else batch.add_text(id, text);
    }
  }

  FieldNames& names_;
};

}  // namespace logystera::test

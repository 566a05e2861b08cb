// Windows events as Sigma's regression data has them in JSON, read as a log of JSON lines would be.
#pragma once

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "catch.hpp"
#include "core/record.hpp"
#include "parse/format.hpp"
#include "parse/source.hpp"

namespace logystera::test {

/// A text of one or more JSON documents, one a line. Empty if it is not JSON.
inline std::string json_lines(const std::string& text) {
  std::string lines;
  rapidjson::StringStream stream(text.c_str());
  while (true) {
    rapidjson::Document document;
    document.ParseStream<rapidjson::kParseStopWhenDoneFlag>(stream);
    if (document.HasParseError()) return document.GetParseError() == rapidjson::kParseErrorDocumentEmpty ? lines : "";
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    document.Accept(writer);
    lines.append(buffer.GetString(), buffer.GetSize()) += '\n';
    while (stream.Peek() == '\n' || stream.Peek() == ',' || stream.Peek() == ' ' || stream.Peek() == '\r') stream.Take();
    if (stream.Peek() == '\0') return lines;
  }
}

/// Calls `visit` with every record of those lines.
template <typename Visit>
void each_json_event(const std::string& lines, FieldNames& names, Visit&& visit) {
  static const Result<parse::Formats> formats = parse::Formats::built_in();
  REQUIRE(formats.ok());
  Result<parse::Input> input = parse::open_memory(lines, "events.json");
  REQUIRE(input.ok());
  Result<parse::Source> source = parse::Source::open(std::move(input).value(), formats.value(), names);
  REQUIRE(source.ok());
  RecordBatch batch;
  while (source->next_batch(batch))
    for (const Record& record : batch.records) visit(record);
}

}  // namespace logystera::test

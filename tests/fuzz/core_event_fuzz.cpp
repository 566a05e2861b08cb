// Any bytes as an event line: what is taken for one has its five fields, each inside the line and as another reader reads them.
#include <rapidjson/document.h>

#include "core/event.hpp"
#include "core/uuid.hpp"
#include "fuzz/core_oracle.hpp"

using namespace logystera;
using namespace logystera::test;

namespace {

void look(std::string_view line) {
  EventView view;
  if (read_event_line(line, view) != LineFault::none) return;
  require(line.size() <= kLineBytesMax && json::is_utf8(line));
  for (const std::string_view part : {view.type, view.event_id, view.labels}) {
    require(part.data() >= line.data() && part.data() + part.size() <= line.data() + line.size());
  }
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag>(line.data(), line.size());
  require(!document.HasParseError() && document.IsObject() && document.MemberCount() == 5);
  require(document["event_type"].GetString() == view.type && document["event_id"].GetString() == view.event_id);
  require(document["created_at"].GetInt64() == view.created_at && document["timestamp"].GetInt64() == view.created_at);
  require(is_uuid_v4(view.event_id));
  rapidjson::Document labels;
  labels.Parse<rapidjson::kParseIterativeFlag>(view.labels.data(), view.labels.size());
  require(!labels.HasParseError() && labels.IsObject());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  look(text);
  // The same as the labels of a line that is sound otherwise.
  std::string line =
      R"({"event_type":"a.b","created_at":1,"timestamp":1,"event_id":"9ad113c7-0ff8-4dc6-bb68-1b836a90ea80","labels":)";
  look(line.append(text).append("}"));
  return 0;
}

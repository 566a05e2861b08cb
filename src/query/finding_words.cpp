#include "query/finding_words.hpp"

#include <rapidjson/document.h>

#include <string_view>

#include "core/catalogue.hpp"
#include "core/json_text.hpp"

namespace logystera::query {
namespace {

using Value = rapidjson::Value;

std::string_view text_in(const Value& value) { return {value.GetString(), value.GetStringLength()}; }

// Lists within lists and objects are left to the event's own page.
std::string text_of(const Value& value) {
  if (value.IsString()) return std::string(text_in(value));
  if (value.IsArray()) return "[…]";
  if (value.IsObject()) return "{…}";
  if (value.IsNull()) return "nothing";
  JsonText json(JsonText::Reader::program);
  JsonCopy copy(json);
  value.Accept(copy);
  return json.take();
}

std::string label_text(const Value& value) {
  if (!value.IsArray()) return text_of(value);
  std::string text;
  for (const Value& item : value.GetArray()) text += (text.empty() ? "" : ", ") + text_of(item);
  return "[" + text + "]";
}

}  // namespace

std::string FindingWords::gist() const {
  std::string text;
  for (const auto& [name, value] : labels) {
    text += (text.empty() ? "" : ", ") + name + "=" + value;
    if (text.size() <= kGistBytes) continue;
    std::size_t end = kGistBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
  }
  return text;
}

std::string FindingWords::line() const { return labels.empty() ? what : what + ": " + gist(); }

FindingWords words_of(const store::Finding& finding) {
  FindingWords words{finding.message.empty() ? finding.title : finding.message, {}};
  if (finding.site.empty()) return words;
  // A line as redaction has left it: its numbers and ids need not be what a line's are.
  rapidjson::Document line;
  line.Parse<rapidjson::kParseIterativeFlag>(finding.message.data(), finding.message.size());
  if (line.HasParseError() || !line.IsObject()) return words;
  const auto type = line.FindMember("event_type"), labels = line.FindMember("labels");
  if (type == line.MemberEnd() || !type->value.IsString() || labels == line.MemberEnd() || !labels->value.IsObject())
    return words;
  const SignalSpec* const spec = catalogue::find(text_in(type->value));
  words.what = spec ? spec->summary : text_in(type->value);
  for (const auto& member : labels->value.GetObject())
    words.labels.emplace_back(text_in(member.name), label_text(member.value));
  return words;
}

}  // namespace logystera::query

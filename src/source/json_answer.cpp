#include "source/json_answer.hpp"

#include <fmt/core.h>

#include <charconv>
#include <utility>

#include "core/json.hpp"
#include "core/json_text.hpp"
#include "net/http.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kFieldsMost = 1'024;

void append(JsonText& out, const rapidjson::Value& value) {
  if (value.IsObject()) {
    out.begin_object();
    for (const auto& [name, inner] : value.GetObject()) {
      out.key({name.GetString(), name.GetStringLength()});
      append(out, inner);
    }
    out.end_object();
  } else if (value.IsArray()) {
    out.begin_array();
    for (const auto& inner : value.GetArray()) append(out, inner);
    out.end_array();
  } else if (value.IsString()) {
    const std::string_view text(value.GetString(), value.GetStringLength());
    if (is_number(value)) out.raw(text);
    else out.string(text);
  } else if (value.IsBool()) {
    out.boolean(value.GetBool());
  } else {
    out.null();
  }
}

void flatten(const rapidjson::Value& object, const std::string& prefix, std::vector<EntryField>& fields) {
  for (const auto& [key, value] : object.GetObject()) {
    if (fields.size() >= kFieldsMost) return;
    const std::string name = prefix + std::string(key.GetString(), key.GetStringLength());
    if (value.IsObject()) flatten(value, name + ".", fields);
    else if (value.IsString()) fields.push_back({name, {value.GetString(), value.GetStringLength()}, is_number(value)});
    else if (!value.IsNull()) fields.push_back({name, json_of(value)});
  }
}

// Half of a pair of surrogates is no character, and a parser's end: what anybody may have logged. It becomes U+FFFD.
void mend_surrogates(std::string& body) {
  const auto unit_at = [&body](std::size_t at) -> unsigned {
    unsigned unit = 0;
    constexpr std::size_t kSize = 6;  // \uXXXX
    if (at + kSize > body.size() || body[at] != '\\' || body[at + 1] != 'u') return 0;
    const char* const end = body.data() + at + kSize;
    return std::from_chars(body.data() + at + 2, end, unit, 16).ptr == end ? unit : 0;
  };
  const auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
  for (std::size_t at = body.find('\\'); at != body.npos && at + 1 < body.size(); at = body.find('\\', at)) {
    const unsigned unit = unit_at(at);
    if (is_high(unit) && is_low(unit_at(at + 6))) {
      at += 12;
    } else if (is_high(unit) || is_low(unit)) {
      body.replace(at, 6, "\\ufffd");
      at += 6;
    } else {
      at += 2;
    }
  }
}

}  // namespace

Result<JsonAnswer> JsonAnswer::read(std::string body) {
  const auto wrong = [](const char* what) { return Error{what, ErrorKind::broken}; };
  if (body.find('\0') != body.npos) return wrong("its answer is no JSON");
  if (json::depth(body) > net::kJsonDepth) return wrong("its answer is nested too deeply");
  mend_surrogates(body);
  JsonAnswer answer;
  answer.text_ = std::make_unique<std::string>(std::move(body));
  answer.document_ = std::make_unique<rapidjson::Document>();
  // In place: an answer is up to 64 MiB, and its texts are most of it. Numbers stay as they are written: one beyond a double's range
  // is no reason to lose the others.
  answer.document_->ParseInsitu<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(answer.text_->data());
  if (answer.document_->HasParseError()) return wrong("its answer is no JSON");
  if (!answer.document_->IsObject()) return wrong("its answer is no JSON object");
  return answer;
}

// Both lie in the text that was parsed, and a quote stands before a text alone.
bool is_number(const rapidjson::Value& value) noexcept { return value.IsString() && value.GetString()[-1] != '"'; }

const rapidjson::Value* member(const rapidjson::Value* value, const char* name) noexcept {
  if (!value || !value->IsObject()) return nullptr;
  const auto found = value->FindMember(name);
  return found == value->MemberEnd() ? nullptr : &found->value;
}

std::string_view text_of(const rapidjson::Value* value) noexcept {
  return value && value->IsString() ? std::string_view(value->GetString(), value->GetStringLength()) : std::string_view();
}

std::string json_of(const rapidjson::Value& value) {
  JsonText out(JsonText::Reader::program);
  append(out, value);
  return out.take();
}

std::vector<EntryField> flat_fields(const rapidjson::Value& object) {
  std::vector<EntryField> fields;
  if (object.IsObject()) flatten(object, "", fields);
  return fields;
}

const EntryField* field_of(const std::vector<EntryField>& fields, std::string_view name) noexcept {
  for (const EntryField& field : fields)
    if (field.name == name) return &field;
  return nullptr;
}

}  // namespace logystera::source

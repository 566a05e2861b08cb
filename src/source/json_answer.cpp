#include "source/json_answer.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/json.hpp"
#include "core/json_text.hpp"
#include "core/record.hpp"
#include "net/http.hpp"

namespace logystera::source {
namespace {

constexpr std::size_t kFieldsMost = 1'024;
constexpr std::size_t kUnitBytes = 6;  // \uXXXX

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

constexpr std::size_t kNameMost = FieldNames::kNameBytes + 1;

void flatten(const rapidjson::Value& object, const std::string& prefix, std::vector<EntryField>& fields) {
  for (const auto& [key, value] : object.GetObject()) {
    if (fields.size() >= kFieldsMost) return;
    // A name that is too long for a field's is cut where that is seen: all that lies below it has it, too.
    std::string name = prefix;
    name.append(key.GetString(),
                std::min<std::size_t>(key.GetStringLength(), kNameMost - std::min(kNameMost, prefix.size())));
    if (value.IsObject()) flatten(value, name + ".", fields);
    else if (value.IsString()) fields.push_back({name, {value.GetString(), value.GetStringLength()}, is_number(value)});
    else if (!value.IsNull()) fields.push_back({name, json_of(value)});
  }
}

// The value of \uXXXX at that place; 0: there is none.
unsigned unit_at(std::string_view text, std::size_t at) noexcept {
  if (at + kUnitBytes > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  unsigned unit = 0;
  const char* const end = text.data() + at + kUnitBytes;
  return std::from_chars(text.data() + at + 2, end, unit, 16).ptr == end ? unit : 0;
}

// Behind the string that begins at `at`. Half of a pair of surrogates is no character, and becomes U+FFFD.
std::size_t mend_string(std::string& body, std::size_t at) {
  const auto is_high = [](unsigned unit) { return unit >= 0xD800 && unit < 0xDC00; };
  const auto is_low = [](unsigned unit) { return unit >= 0xDC00 && unit < 0xE000; };
  for (++at; at < body.size() && body[at] != '"';) {
    at = json::string_mark(body, at);
    if (at == body.size()) return at;
    if (body[at] == '"') break;
    const unsigned unit = unit_at(body, at);
    if (is_high(unit) && is_low(unit_at(body, at + kUnitBytes))) {
      at += 2 * kUnitBytes;
    } else if (is_high(unit) || is_low(unit)) {
      body.replace(at, kUnitBytes, "\\ufffd");
      at += kUnitBytes;
    } else {
      at += 2;
    }
  }
  return at + 1;
}

// Behind the number that begins at `at`. One beyond a double's range becomes null.
std::size_t mend_number(std::string& body, std::size_t at) {
  constexpr std::size_t kDigitsMost = 300;
  const std::size_t end = std::min(body.find_first_not_of("+-.0123456789eE", at), body.size());
  const std::string_view number = std::string_view(body).substr(at, end - at);
  const std::size_t power = number.find_first_of("eE");
  std::size_t digits = std::min(number.find_first_of(".eE"), number.size());
  if (power != number.npos) {
    std::string_view exponent = number.substr(power + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    std::size_t value = 0;
    const auto read = std::from_chars(exponent.data(), exponent.data() + exponent.size(), value);
    digits += read.ec == std::errc::result_out_of_range ? kDigitsMost : std::min(value, kDigitsMost);
  }
  constexpr std::string_view kNull = "null";
  if (digits >= kDigitsMost && number.size() >= kNull.size()) {
    std::fill(body.begin() + static_cast<std::ptrdiff_t>(at), body.begin() + static_cast<std::ptrdiff_t>(end), ' ');
    body.replace(at, kNull.size(), kNull);
  }
  return end;
}

// Two things a document may hold, since anybody may have logged them, end a parser: they are no reason to lose the others.
void mend(std::string& body) {
  for (std::size_t at = 0; at < body.size();) {
    const char c = body[at];
    if (c == '"') at = mend_string(body, at);
    else if (c == '-' || (c >= '0' && c <= '9')) at = mend_number(body, at);
    else ++at;
  }
}

}  // namespace

Result<JsonAnswer> JsonAnswer::read(std::string body) {
  const auto wrong = [](const char* what) { return Error{what, ErrorKind::broken}; };
  if (body.find('\0') != body.npos) return wrong("its answer is no JSON");
  if (json::depth(body) > net::kJsonDepth) return wrong("its answer is nested too deeply");
  mend(body);
  JsonAnswer answer;
  answer.text_ = std::make_unique<std::string>(std::move(body));
  answer.document_ = std::make_unique<rapidjson::Document>();
  // In place: an answer is up to 64 MiB, and its texts are most of it. Numbers stay as they are written.
  answer.document_->ParseInsitu<rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag>(
      answer.text_->data());
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

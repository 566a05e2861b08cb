// JSON of a provider, which is a stranger's.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace logystera::assist {

inline constexpr std::size_t kJsonDepth = 64;

/// A document that is an object, or one that is null: malformed, too deep, or something else.
inline rapidjson::Document object_of(std::string_view text) {
  rapidjson::Document document;
  if (json::depth(text) <= kJsonDepth)
    document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
  if (document.HasParseError() || !document.IsObject()) document.SetNull();
  return document;
}

/// The member of that name; null: there is none, or `value` is no object.
inline const rapidjson::Value* member(const rapidjson::Value* value, const char* name) {
  if (!value || !value->IsObject()) return nullptr;
  const auto found = value->FindMember(name);
  return found == value->MemberEnd() ? nullptr : &found->value;
}
inline const rapidjson::Value* member(const rapidjson::Value& value, const char* name) { return member(&value, name); }

inline std::string_view text_of(const rapidjson::Value* value) {
  return value && value->IsString() ? std::string_view(value->GetString(), value->GetStringLength()) : std::string_view();
}
inline std::uint64_t count_of(const rapidjson::Value* value) { return value && value->IsUint64() ? value->GetUint64() : 0; }
inline const rapidjson::Value* first_of(const rapidjson::Value* value) {
  return value && value->IsArray() && !value->Empty() ? &(*value)[0] : nullptr;
}

/// What a provider says of its own error: {"error":"…"} or {"error":{"message":"…"}}; empty: nothing that can be read.
inline std::string_view error_text(const rapidjson::Value& document) {
  const rapidjson::Value* error = member(document, "error");
  const std::string_view said = text_of(error);
  return said.empty() ? text_of(member(error, "message")) : said;
}

}  // namespace logystera::assist

// Members of JSON objects this program has written, or has checked.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/json.hpp"

namespace logystera::notify::json_in {

constexpr std::size_t kDepthMost = 8;

/// False: it is no JSON object.
inline bool parse(rapidjson::Document& document, std::string_view text) {
  if (json::depth(text) > kDepthMost) return false;
  document.Parse(text.data(), text.size());
  return !document.HasParseError() && document.IsObject();
}

inline std::string text(const rapidjson::Value& object, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsString()) return {};
  return {found->value.GetString(), found->value.GetStringLength()};
}
inline std::int64_t number(const rapidjson::Value& object, const char* name, std::int64_t otherwise = 0) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || !found->value.IsInt64() ? otherwise : found->value.GetInt64();
}
inline bool flag(const rapidjson::Value& object, const char* name, bool otherwise = false) {
  const auto found = object.FindMember(name);
  return found == object.MemberEnd() || !found->value.IsBool() ? otherwise : found->value.GetBool();
}
inline std::vector<std::string> texts(const rapidjson::Value& object, const char* name) {
  std::vector<std::string> out;
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsArray()) return out;
  for (const rapidjson::Value& one : found->value.GetArray())
    if (one.IsString()) out.emplace_back(one.GetString(), one.GetStringLength());
  return out;
}
inline std::vector<std::int64_t> numbers(const rapidjson::Value& object, const char* name) {
  std::vector<std::int64_t> out;
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || !found->value.IsArray()) return out;
  for (const rapidjson::Value& one : found->value.GetArray())
    if (one.IsInt64()) out.push_back(one.GetInt64());
  return out;
}

}  // namespace logystera::notify::json_in

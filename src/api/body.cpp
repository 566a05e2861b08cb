#include "api/body.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "api/problem.hpp"
#include "core/json.hpp"

namespace logystera::api {
namespace {

constexpr std::size_t kDepthMost = 8;

}  // namespace

Body::Body(std::string_view text) {
  if (!json::is_utf8(text)) {
    say("", "the body is not UTF-8");
  } else if (json::depth(text) > kDepthMost) {
    say("", fmt::format("the body nests deeper than {} levels", kDepthMost));
  }
  if (!sound()) return;
  document_.Parse(text.data(), text.size());
  if (document_.HasParseError()) say("", fmt::format("the body is no JSON: see its byte {}", document_.GetErrorOffset()));
}

void Body::say(std::string pointer, std::string fault) {
  if (!fault_.empty()) return;
  pointer_ = std::move(pointer);
  fault_ = std::move(fault);
}

bool Body::is_object(const rapidjson::Value& object, const std::string& place,
                     std::initializer_list<std::string_view> members) {
  if (!sound()) return false;
  if (!object.IsObject()) {
    say(place, "must be a JSON object");
    return false;
  }
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member) {
    const std::string_view name(member->name.GetString(), member->name.GetStringLength());
    if (std::find(members.begin(), members.end(), name) == members.end()) {
      std::string known;
      for (const std::string_view one : members) known += (known.empty() ? "" : ", ") + std::string(one);
      say(place, fmt::format("there is no member '{}'; known are {}", query::shown(name), known));
      return false;
    }
    for (auto other = object.MemberBegin(); other != member; ++other) {
      if (other->name == member->name) {
        say(place, fmt::format("the member '{}' is there twice", query::shown(name)));
        return false;
      }
    }
  }
  return true;
}

std::optional<std::string> Body::text(const rapidjson::Value& object, const std::string& place, const char* name,
                                      std::size_t most) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || found->value.IsNull()) return std::nullopt;
  if (!found->value.IsString()) {
    say(fmt::format("{}/{}", place, name), fmt::format("{} must be a string", name));
    return std::nullopt;
  }
  if (found->value.GetStringLength() > most) {
    say(fmt::format("{}/{}", place, name),
        fmt::format("{} may have {} bytes, got {}", name, most, found->value.GetStringLength()));
    return std::nullopt;
  }
  return std::string(found->value.GetString(), found->value.GetStringLength());
}

std::optional<bool> Body::boolean(const rapidjson::Value& object, const std::string& place, const char* name) {
  const auto found = object.FindMember(name);
  if (found == object.MemberEnd() || found->value.IsNull()) return std::nullopt;
  if (!found->value.IsBool()) {
    say(fmt::format("{}/{}", place, name), fmt::format("{} must be true or false", name));
    return std::nullopt;
  }
  return found->value.GetBool();
}

server::Answer invalid(const server::Request& request, const Body& body) {
  return invalid_body(request, body.pointer(), body.fault());
}

}  // namespace logystera::api

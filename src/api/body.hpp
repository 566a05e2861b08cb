// Bodies of requests: JSON objects of known members, read strictly.
#pragma once

#include <rapidjson/document.h>

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "server/message.hpp"

namespace logystera::api {

/// A value of a body, and where it stands. The first fault ends it: `fault` is its words, `pointer` its place.
class Body {
 public:
  explicit Body(std::string_view text);

  const rapidjson::Value& whole() const noexcept { return document_; }
  bool sound() const noexcept { return fault_.empty(); }
  const std::string& fault() const noexcept { return fault_; }
  const std::string& pointer() const noexcept { return pointer_; }

  /// Whether `object` is one, and has no members but these.
  bool is_object(const rapidjson::Value& object, const std::string& place, std::initializer_list<std::string_view> members);
  /// A string of at most `most` bytes; nothing when it is not there, or null.
  std::optional<std::string> text(const rapidjson::Value& object, const std::string& place, const char* name,
                                  std::size_t most);
  std::optional<bool> boolean(const rapidjson::Value& object, const std::string& place, const char* name);
  void say(std::string pointer, std::string fault);

 private:
  rapidjson::Document document_;
  std::string fault_, pointer_;
};

/// 400 with what is wrong.
server::Answer invalid(const server::Request& request, const Body& body);

}  // namespace logystera::api

// What holds of a text written as JSON, whatever it was made from.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/json.hpp"

namespace logystera::test {

inline void require(bool holds) {
  if (!holds) std::abort();
}

/// The text a JSON string stands for; aborts when it is none, is not UTF-8, or is over `bound`.
inline std::string text_of(std::string_view json, json::Bound bound) {
  require(json::is_utf8(json));
  rapidjson::Document document;
  document.Parse<rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag>(json.data(), json.size());
  require(!document.HasParseError() && document.IsString());
  const std::string text(document.GetString(), document.GetStringLength());
  std::size_t size = text.size();
  if (bound.characters) {
    size = 0;
    for (const char c : text) size += (c & 0xc0) != 0x80 ? 1 : 0;
  }
  require(size <= bound.limit);
  return text;
}

/// The parts of an input, one after the other; zeros when there are no more.
class Parts {
 public:
  Parts(const std::uint8_t* data, std::size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint8_t byte() {
    const std::string_view part = bytes(1);
    return part.empty() ? 0 : static_cast<std::uint8_t>(part[0]);
  }
  std::string_view bytes(std::size_t most) {
    const std::string_view part = rest_.substr(0, most);
    rest_.remove_prefix(part.size());
    return part;
  }
  std::string_view rest() const { return rest_; }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace logystera::test

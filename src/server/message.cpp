#include "server/message.hpp"

#include <strings.h>

#include "core/json_text.hpp"

namespace logystera::server {

std::optional<std::string_view> Request::header(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (key.size() != name.size() || ::strncasecmp(key.data(), name.data(), name.size()) != 0) continue;
    if (found) return std::nullopt;
    found = value;
  }
  return found;
}

std::string Request::joined(std::string_view name) const {
  std::string all;
  bool found = false;
  for (const auto& [key, value] : headers) {
    if (key.size() != name.size() || ::strncasecmp(key.data(), name.data(), name.size()) != 0) continue;
    all += (found ? ", " : "") + value;
    found = true;
  }
  return all;
}

std::string_view Request::parameter(std::string_view name) const noexcept {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

Answer problem(int status, std::string_view code, std::string_view words) {
  JsonText text(JsonText::Reader::program);
  text.begin_object().member("error", code).member("message", words).end_object();
  return json_answer(status, text.take());
}

}  // namespace logystera::server

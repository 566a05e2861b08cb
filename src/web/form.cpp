#include "web/form.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <optional>

#include "core/hmac.hpp"
#include "core/json.hpp"

namespace logystera::web {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i] == '+' ? ' ' : text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = digit_of(text[i + 1]), low = digit_of(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  if (!json::is_utf8(out) || out.find('\0') != std::string::npos) return std::nullopt;
  return out;
}

bool is_unreserved(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

}  // namespace

Form::~Form() {
  for (auto& [name, value] : fields_) wipe(value);
}

Result<Form> Form::parse(std::string_view text, Limits limits) {
  if (text.size() > limits.bytes)
    return Error{fmt::format("the form is longer than {} bytes", limits.bytes), ErrorKind::invalid};
  Form form;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals));
    auto value = decoded(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    if (!name || !value) return Error{"the form holds something that is no percent-encoded UTF-8", ErrorKind::invalid};
    if (name->empty() || name->size() > kFormNameBytes) {
      return Error{fmt::format("a field's name must have 1 to {} bytes", kFormNameBytes), ErrorKind::invalid};
    }
    if (value->size() > limits.value_bytes)
      return Error{fmt::format("a field is longer than {} bytes", limits.value_bytes), ErrorKind::invalid};
    if (form.has(*name)) return Error{"a field is there twice", ErrorKind::invalid};
    if (form.fields_.size() == limits.fields)
      return Error{fmt::format("the form has more than {} fields", limits.fields), ErrorKind::too_large};
    form.fields_.emplace_back(std::move(*name), std::move(*value));
  }
  return form;
}

Result<Form> Form::posted(const server::Request& request, Limits limits) {
  const std::string_view type = request.header("Content-Type").value_or("");
  const std::string_view essence = type.substr(0, type.find(';'));
  if (essence.size() != kFormType.size() || ::strncasecmp(essence.data(), kFormType.data(), kFormType.size()) != 0) {
    return Error{fmt::format("Content-Type must be {}", kFormType), ErrorKind::invalid};
  }
  return Form::parse(request.body, limits);
}

std::string_view Form::operator[](std::string_view name) const noexcept {
  for (const auto& [key, value] : fields_) {
    if (key == name) return value;
  }
  return {};
}

bool Form::has(std::string_view name) const noexcept {
  return std::any_of(fields_.begin(), fields_.end(), [&](const auto& field) { return field.first == name; });
}

std::string percent_encoded(std::string_view text) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return out;
}

}  // namespace logystera::web

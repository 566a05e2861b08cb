#include "cli/json_text.hpp"

#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "core/json.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kEscapedBytesMost = 6;   // \u001f
constexpr std::size_t kRepairedBytesMost = 3;  // U+FFFD
constexpr std::size_t kNumberBytesMost = 40;
constexpr std::int64_t kSecond = 1'000'000'000;

}  // namespace

void JsonText::comma() {
  if (follows_) text_ += ',';
  follows_ = true;
}

JsonText& JsonText::open(char bracket) {
  comma();
  text_ += bracket;
  follows_ = false;
  return *this;
}

JsonText& JsonText::close(char bracket) {
  text_ += bracket;
  follows_ = true;
  return *this;
}

JsonText& JsonText::key(std::string_view name) {
  string(name);
  text_ += ':';
  follows_ = false;
  return *this;
}

JsonText& JsonText::string(std::string_view text) {
  comma();
  const std::size_t at = text_.size();
  text_.resize(at + kEscapedBytesMost * text.size() + 2);
  json::Output out(text_.data() + at, text_.size() - at);
  out.string(text, {kRepairedBytesMost * text.size(), false});
  text_.resize(at + out.size());
  return *this;
}

JsonText& JsonText::integer(std::int64_t number) {
  comma();
  text_ += std::to_string(number);
  return *this;
}

JsonText& JsonText::natural(std::uint64_t number) {
  comma();
  text_ += std::to_string(number);
  return *this;
}

JsonText& JsonText::real(double number) {
  comma();
  char digits[kNumberBytesMost];
  json::Output out(digits, sizeof digits);
  out.number(number);
  text_.append(digits, out.size());
  return *this;
}

JsonText& JsonText::boolean(bool value) { return raw(value ? "true" : "false"); }

JsonText& JsonText::null() { return raw("null"); }

JsonText& JsonText::raw(std::string_view json) {
  comma();
  text_ += json;
  return *this;
}

std::string JsonText::take() noexcept {
  follows_ = false;
  return std::exchange(text_, {});
}

void JsonText::clear() noexcept {
  follows_ = false;
  text_.clear();
}

std::string rfc3339(std::int64_t time_ns) {
  std::int64_t seconds = time_ns / kSecond, fraction = time_ns % kSecond;
  if (fraction < 0) {
    fraction += kSecond;
    --seconds;
  }
  const std::time_t time = seconds;
  std::tm parts{};
  if (!::gmtime_r(&time, &parts)) return std::to_string(time_ns);
  char text[40];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  if (fraction != 0) {
    out += fmt::format(".{:09}", fraction);
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

}  // namespace logystera::cli

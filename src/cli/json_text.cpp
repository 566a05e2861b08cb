#include "cli/json_text.hpp"

#include <fmt/format.h>

#include <ctime>
#include <utility>

#include "core/clock.hpp"
#include "core/json.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kEscapedBytesMost = 6;   // \u001f
constexpr std::size_t kRepairedBytesMost = 3;  // U+FFFD
constexpr std::size_t kNumberBytesMost = 40;

// U+007F to U+009F, U+061C, U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF: what a terminal obeys, what reorders the text
// around it, what ends a line for some readers, and what nobody sees. The code point, or 0 for anything else; `size` is the
// sequence's length.
char32_t unsafe_at(std::string_view text, std::size_t& size) noexcept {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  size = 1;
  if (byte(0) == 0x7f) return 0x7f;
  size = 2;
  if (byte(0) == 0xc2 && byte(1) >= 0x80 && byte(1) <= 0x9f) return byte(1);
  if (byte(0) == 0xd8 && byte(1) == 0x9c) return 0x061c;
  size = 3;
  if (byte(0) == 0xef && byte(1) == 0xbb && byte(2) == 0xbf) return 0xfeff;
  if (byte(0) != 0xe2) return 0;
  const char32_t point = 0x2000U | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
  const bool unsafe = (byte(1) == 0x80 && ((point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e))) ||
                      (byte(1) == 0x81 && point >= 0x2060 && point <= 0x206f);
  return unsafe ? point : 0;
}

// Where the next of them may begin; most texts have none.
std::size_t suspect(std::string_view text, std::size_t from) noexcept {
  return text.find_first_of("\x7f\xc2\xd8\xe2\xef", from);
}

}  // namespace

std::string terminal_safe(std::string_view json) {
  std::string out;
  std::size_t done = 0;
  for (std::size_t at = suspect(json, 0); at != std::string_view::npos;) {
    std::size_t size = 1;
    const char32_t point = unsafe_at(json.substr(at), size);
    if (point == 0) {
      at = suspect(json, at + 1);
      continue;
    }
    out += json.substr(done, at - done);
    out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
    done = at + size;
    at = suspect(json, done);
  }
  out += json.substr(done);
  return out;
}

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
  if (suspect(text_, at) != std::string::npos) {
    std::string safe = terminal_safe(std::string_view(text_).substr(at));
    text_.replace(at, std::string::npos, safe);
  }
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
  std::int64_t seconds = time_ns / kSecondNs, fraction = time_ns % kSecondNs;
  if (fraction < 0) {
    fraction += kSecondNs;
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

#include "core/json_text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/bounded_text.hpp"
#include "core/json.hpp"

namespace logystera {
namespace {

constexpr std::size_t kEscapedBytesMost = 6;   // \u001f
constexpr std::size_t kRepairedBytesMost = 3;  // U+FFFD
constexpr std::size_t kPlainBytesMore = 18;    // quotes, and the block json::Output wants behind them
constexpr std::size_t kNumberBytesMost = 40;
constexpr int kWholeDigitsMost = 21;  // of a number that is written without an exponent
constexpr int kLeadingZerosMost = 5;  // behind its point

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
    const char bytes[] = {static_cast<char>(point >> 8), static_cast<char>(point & 0xff)};
    BoundedText<kEscapedBytesMost> escape;
    escape.append("\\u");
    escape.append_hex({bytes, sizeof bytes});
    out += escape.view();
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
  // Most strings are plain, for which there is room at first. Else once more, with room for the worst.
  for (const std::size_t room : {text.size() + kPlainBytesMore, kEscapedBytesMost * text.size() + kPlainBytesMore}) {
    text_.resize(at + room);
    json::Output out(text_.data() + at, room);
    out.string(text, {kRepairedBytesMost * text.size(), false});
    text_.resize(at + out.size());
    if (!out.full()) break;
  }
  if (reader_ == Reader::terminal && suspect(text_, at) != std::string::npos) {
    const std::string safe = terminal_safe(std::string_view(text_).substr(at));
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

JsonText& JsonText::decimal(double number) {
  if (!std::isfinite(number)) return null();
  comma();
  char written[kNumberBytesMost];
#if defined(__cpp_lib_to_chars) && __cpp_lib_to_chars >= 201611L
  const char* const end = std::to_chars(written, written + sizeof written, number, std::chars_format::scientific).ptr;
#else
  const char* const end = written + std::snprintf(written, sizeof written, "%.16e", number);
#endif
  const std::string_view text(written, static_cast<std::size_t>(end - written));
  const std::size_t e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), end, exponent);
  std::string digits;
  for (const char c : text.substr(0, e))
    if (c >= '0' && c <= '9') digits += c;
  digits.erase(std::max<std::size_t>(1, digits.find_last_not_of('0') + 1));
  if (text.front() == '-') text_ += '-';
  const int point = digits == "0" ? 1 : exponent + 1;  // how many of the digits stand before it
  const auto size = static_cast<int>(digits.size());
  if (point > 0 && point <= kWholeDigitsMost) {
    if (size > point) digits.insert(static_cast<std::size_t>(point), 1, '.');
    else digits.append(static_cast<std::size_t>(point - size), '0').append(".0");
  } else if (point <= 0 && point >= -kLeadingZerosMost) {
    digits.insert(0, static_cast<std::size_t>(-point), '0').insert(0, "0.");
  } else {
    if (size > 1) digits.insert(1, 1, '.');
    digits.append(1, 'e').append(std::to_string(point - 1));
  }
  text_ += digits;
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

}  // namespace logystera

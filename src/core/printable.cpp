#include "core/printable.hpp"

#include <algorithm>
#include <cstdio>

#include "core/code_points.hpp"

namespace logystera {
namespace {

// They reorder what follows, so a value could pretend to be another.
constexpr CodePoints kBidirectional[] = {{0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

bool is_plain(char c) noexcept { return c >= 0x20 && c < 0x7f; }

void append_number(std::string& out, const char* format, std::uint32_t number) {
  char text[16];
  const int size = std::snprintf(text, sizeof text, format, static_cast<unsigned>(number));
  out.append(text, static_cast<std::size_t>(size));
}

}  // namespace

std::string printable(std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for_each_sequence(text, [&](std::string_view sequence, bool good) {
    const char32_t point = good ? code_point(sequence) : 0;
    if (!good || point < 0x20 || point == 0x7f) {
      append_number(out, "\\x%02x", static_cast<unsigned char>(sequence[0]));
    } else if (within(kBidirectional, point) || (point >= 0x80 && point < 0xa0)) {
      append_number(out, "\\u{%04x}", point);
    } else {
      out += sequence;
    }
  });
  return out;
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

}  // namespace logystera

#include "report/text.hpp"

#include <fmt/core.h>

#include "report/code_points.hpp"

namespace logystera::report {
namespace {

// They reorder what follows, so a value could pretend to be another.
constexpr CodePoints kBidirectional[] = {{0x061c, 0x061c}, {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2066, 0x2069}};

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  for_each_sequence(text, [&](std::string_view sequence, bool good) {
    const char32_t point = good ? code_point(sequence) : 0;
    if (!good || point < 0x20 || point == 0x7f) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(sequence[0]));
    } else if (within(kBidirectional, point) || (point >= 0x80 && point < 0xa0)) {
      out += fmt::format("\\u{{{:04x}}}", static_cast<std::uint32_t>(point));
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

}  // namespace logystera::report

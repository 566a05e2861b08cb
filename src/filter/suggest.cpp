#include "filter/suggest.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace logystera::filter {
namespace {

constexpr std::size_t kNameBytesMost = 64;
constexpr std::size_t kWrongMost = 2;
constexpr std::size_t kLettersPerWrong = 3;

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

// Damerau's distance, of adjacent letters swapped once (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view written, std::span<const std::string_view> names) {
  if (written.empty() || written.size() > kNameBytesMost) return {};
  std::size_t least = std::min(kWrongMost, std::max<std::size_t>(written.size() / kLettersPerWrong, 1)) + 1;
  std::string_view found;
  for (const std::string_view name : names) {
    if (name.empty() || name.size() > kNameBytesMost || name.size() + kWrongMost < written.size() ||
        written.size() + kWrongMost < name.size())
      continue;
    if (const std::size_t wrong = distance(written, name); wrong < least) {
      least = wrong;
      found = name;
    }
  }
  return found;
}

}  // namespace logystera::filter

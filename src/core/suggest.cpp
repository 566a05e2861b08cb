#include "core/suggest.hpp"

#include <algorithm>

namespace logystera {
namespace {

constexpr std::size_t kNameBytesMost = 64;
constexpr std::size_t kWrongMost = 2;
constexpr std::size_t kLettersPerWrong = 3;

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

// Damerau's distance with each letter swapped once at most (optimal string alignment).
std::size_t edits_between(std::string_view a, std::string_view b) {
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

std::string_view nearest_name(std::string_view written, const std::vector<std::string_view>& names) {
  if (written.empty() || written.size() > kNameBytesMost) return {};
  std::size_t least = std::min(kWrongMost, std::max<std::size_t>(written.size() / kLettersPerWrong, 1)) + 1;
  std::string_view found;
  for (const std::string_view name : names) {
    const std::size_t longer = std::max(name.size(), written.size()), shorter = std::min(name.size(), written.size());
    if (shorter == 0 || longer > kNameBytesMost || longer - shorter > kWrongMost) continue;
    if (const std::size_t wrong = edits_between(written, name); wrong < least) {
      least = wrong;
      found = name;
    }
  }
  return found;
}

}  // namespace logystera

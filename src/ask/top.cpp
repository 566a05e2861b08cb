#include "ask/top.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace logystera::ask {

HeavyHitters::HeavyHitters(std::size_t groups) : most_(std::clamp(groups, kGroupsLeast, kGroupsMost)) {}

void HeavyHitters::add(std::string_view key, std::uint64_t count, std::uint64_t bytes) {
  key = key.substr(0, kKeyBytes);
  total_ += count;
  total_bytes_ += bytes;
  auto at = counts_.find(key);
  if (at == counts_.end()) {
    if (counts_.size() == most_) make_room();
    at = counts_.emplace(std::string(key), Counted()).first;
  }
  at->second.count += count;
  at->second.bytes += bytes;
}

// At least half of the groups have the median or less, so that half of the room is free afterwards: a group's addition pays for it.
void HeavyHitters::make_room() {
  std::vector<std::uint64_t> counts;
  counts.reserve(counts_.size());
  for (const auto& [key, counted] : counts_) counts.push_back(counted.count);
  const auto middle = counts.begin() + static_cast<std::ptrdiff_t>(counts.size() / 2);
  std::nth_element(counts.begin(), middle, counts.end());
  const std::uint64_t median = *middle;
  error_ += median;
  for (auto at = counts_.begin(); at != counts_.end();) {
    at->second.count -= std::min(at->second.count, median);
    at = at->second.count == 0 ? counts_.erase(at) : std::next(at);
  }
}

std::vector<HeavyHitters::Group> HeavyHitters::largest(std::size_t most) const {
  std::vector<Group> all;
  all.reserve(counts_.size());
  for (const auto& [key, counted] : counts_) all.push_back({key, counted.count + error_, counted.bytes});
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(most, all.size()));
  std::partial_sort(all.begin(), end, all.end(),
                    [](const Group& a, const Group& b) { return std::tie(b.count, a.key) < std::tie(a.count, b.key); });
  all.erase(end, all.end());
  return all;
}

}  // namespace logystera::ask

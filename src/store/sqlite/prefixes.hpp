// The beginnings of names a filter wants (store::SourcePrefixes), as ranges of an index and as a test of one name.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "store/paging.hpp"
#include "store/text.hpp"

namespace logystera::store::sqlite {

class Prefixes {
 public:
  explicit Prefixes(const SourcePrefixes& wanted) : all_(!wanted) {
    if (!wanted) return;
    for (const std::string& one : *wanted) sorted_.push_back(storable(one));
    std::sort(sorted_.begin(), sorted_.end());
    // What begins with another one is in its range. What is left stands apart, so the last one not behind a name is the only one it
    // can begin with.
    std::vector<std::string> apart;
    for (std::string& one : sorted_)
      if (apart.empty() || !one.starts_with(apart.back())) apart.push_back(std::move(one));
    sorted_ = std::move(apart);
  }

  /// Every name is wanted.
  bool all() const noexcept { return all_; }
  /// No name is.
  bool none() const noexcept { return !all_ && sorted_.empty(); }
  /// By name; none begins with another.
  const std::vector<std::string>& sorted() const noexcept { return sorted_; }

  bool match(std::string_view name) const noexcept {
    if (all_) return true;
    const auto behind = std::upper_bound(sorted_.begin(), sorted_.end(), name);
    return behind != sorted_.begin() && name.starts_with(*std::prev(behind));
  }

 private:
  const bool all_;
  std::vector<std::string> sorted_;
};

}  // namespace logystera::store::sqlite

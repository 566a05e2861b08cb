// What there is most of: records counted by the values of one field or of several together.
//
// Memory is bounded. While there are no more different groups than the limit, counts are exact. Beyond it the rare ones make room: all
// counts are lowered by the median, groups that have nothing left go, and what was taken away is remembered (Misra and Gries, 1982, in
// batches). From then on counts are upper bounds: each is at most `error()` too high, and no group with more than `error()` records is
// missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace logystera::ask {

inline constexpr std::size_t kGroupsDefault = 100'000;
inline constexpr std::size_t kGroupsLeast = 16, kGroupsMost = 10'000'000;
inline constexpr std::size_t kKeyBytes = 1024;  // of a group's values together; what is longer is counted by its beginning

class HeavyHitters {
 public:
  struct Group {
    std::string key;
    std::uint64_t count = 0;  // at most; at least `count - error()`
    std::uint64_t bytes = 0;  // of the records since it was last taken up: at least
  };

  explicit HeavyHitters(std::size_t groups = kGroupsDefault);

  void add(std::string_view key, std::uint64_t count, std::uint64_t bytes);

  std::uint64_t total() const noexcept { return total_; }
  std::uint64_t total_bytes() const noexcept { return total_bytes_; }
  /// 0: counts are exact.
  std::uint64_t error() const noexcept { return error_; }
  /// How many groups are held now; where counts are exact, how many there are.
  std::size_t groups() const noexcept { return counts_.size(); }
  /// The `most` largest, by count and then by key.
  std::vector<Group> largest(std::size_t most) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
  };
  struct Counted {
    std::uint64_t count = 0, bytes = 0;
  };
  void make_room();

  const std::size_t most_;
  std::unordered_map<std::string, Counted, Hash, std::equal_to<>> counts_;
  std::uint64_t total_ = 0, total_bytes_ = 0, error_ = 0;
};

}  // namespace logystera::ask

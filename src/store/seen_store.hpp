// What rules with `seen:` remember of each site, and what rules about absence have learnt: it outlives a server's runs.
//
// Values are keyed hashes (detect/seen_values.hpp). Whoever writes them bounds how many there are of a rule and site, and says which
// are forgotten.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"

namespace logystera::store {

struct SeenValue {
  std::string rule;  // empty: since when the site is watched, in both times
  std::uint64_t value = 0;
  std::int64_t first_ns = 0, last_ns = 0;  // Unix time, nanoseconds
  bool forgotten = false;                  // put() removes it

  friend bool operator==(const SeenValue&, const SeenValue&) = default;
};

class SeenStore {
 public:
  virtual ~SeenStore() = default;

  static constexpr std::size_t kStateBytes = 64 * 1024;  // of an absence state; a longer one is refused

  /// In the place of those of the same rule and value, at the site of that token.
  virtual Result<Done> put(std::string_view entity, std::span<const SeenValue> values) = 0;
  /// All of one site, by rule and value.
  virtual Result<std::vector<SeenValue>> list(std::string_view entity) = 0;
  /// Those last seen before that time, of every site; the entries that say since when a site is watched stay. How many.
  virtual Result<std::uint64_t> prune(std::int64_t before_ns) = 0;

  /// detect::Absences' bytes, in the place of the ones before.
  virtual Result<Done> put_absences(std::string_view entity, std::string_view state) = 0;
  virtual Result<std::optional<std::string>> absences(std::string_view entity) = 0;

  /// Everything of one site.
  virtual Result<Done> remove(std::string_view entity) = 0;
};

}  // namespace logystera::store

// Passages: short redacted texts about what was found, one a group and day, which the assistant looks things up in. They are made of
// findings and errors (`logystera llm index`) and can be made again at any time.
//
// A passage is found by its words (full text, BM25) and, where an embedding model has been asked about it, by its vector.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.hpp"
#include "core/severity.hpp"

namespace logystera::store {

inline constexpr std::size_t kPassages = 100'000;    // the newest; older groups are left out
inline constexpr std::size_t kPassageBytes = 800;    // of a passage's text
inline constexpr std::size_t kVectorNumbers = 8192;  // longest vector stored

enum class PassageKind : std::uint8_t { finding, error };

/// What passages are made of: the findings of one rule, or the occurrences of one error, in one source on one day (UTC).
struct PassageGroup {
  PassageKind kind = PassageKind::finding;
  std::string name;   // the rule's id, or the error's fingerprint
  std::string title;  // the rule's, or the error's pattern
  std::string level;  // level_name() of the newest, or the error's severity_name()
  std::string source;
  std::string message;               // the newest
  std::int64_t first = 0, last = 0;  // unix seconds
  std::uint64_t count = 0;
  bool demo = false;

  std::int64_t day() const noexcept { return last / 86400 - (last % 86400 < 0); }
};

struct Passage {
  std::int64_t id = 0;  // given by the store
  PassageKind kind = PassageKind::finding;
  std::string name, source;
  std::int64_t day = 0;  // since 1970-01-01
  bool demo = false;
  std::string text;  // redacted
};

struct PassagesReplaced {
  std::uint64_t stored = 0;   // all there are now
  std::uint64_t changed = 0;  // of those, new ones and ones with another text
  std::uint64_t removed = 0;
};

struct PassageCounts {
  std::uint64_t passages = 0;
  std::uint64_t with_vector = 0;  // of that model
};

/// Counts of findings in a period.
struct PeriodCounts {
  std::array<std::uint64_t, kLevels> by_level{};
  std::vector<std::pair<std::string, std::uint64_t>> rules, sources;  // most first, at most ten
  std::uint64_t errors = 0;                                           // occurrences
  std::vector<std::pair<std::string, std::uint64_t>> error_patterns;  // most first, at most ten

  std::uint64_t findings() const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t count : by_level) all += count;
    return all;
  }
};

class PassageStore {
 public:
  virtual ~PassageStore() = default;

  /// The groups there are to make passages of, the newest first, at most kPassages.
  virtual Result<std::vector<PassageGroup>> groups() = 0;
  /// These are all passages from now on. One whose text is the same as before keeps its vector.
  virtual Result<PassagesReplaced> replace(const std::vector<Passage>& passages) = 0;
  virtual Result<PassageCounts> counts(std::string_view model) = 0;

  /// Passages with any of these words, the best first (BM25). Words that stand in more than two of five passages are left out while
  /// others are not. A word is letters, digits, '_', '-' and '.'; anything else in it separates.
  virtual Result<std::vector<Passage>> search(const std::vector<std::string>& words, std::size_t limit) = 0;
  virtual Result<std::optional<Passage>> find(std::int64_t id) = 0;

  /// Passages without a vector of that model, at most `limit`.
  virtual Result<std::vector<Passage>> without_vector(std::string_view model, std::size_t limit) = 0;
  /// Vectors of 1 to kVectorNumbers numbers; a passage that is gone is left out.
  virtual Result<Done> put_vectors(std::string_view model,
                                   const std::vector<std::pair<std::int64_t, std::vector<float>>>& vectors) = 0;
  /// Every vector of that model with `dimension` numbers.
  virtual Result<Done> each_vector(std::string_view model, std::size_t dimension,
                                   const std::function<void(std::int64_t id, std::span<const float> vector)>& each) = 0;

  /// Of what was found at or after `since` and before `until` (unix seconds).
  virtual Result<PeriodCounts> period(std::int64_t since, std::int64_t until) = 0;

  /// Removes passages of days that ended before `oldest` (unix seconds). How many.
  virtual Result<std::uint64_t> prune(std::int64_t oldest) = 0;
  virtual Result<std::uint64_t> clear_demo() = 0;
};

}  // namespace logystera::store

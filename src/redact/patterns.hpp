// Own patterns: pii_rules.yaml.
//
//   patterns:
//     - name: employee_id
//       pattern: '\bEMP-\d{4,8}\b'
//       prefix: employee
//
// Patterns are RE2's syntax, so no pattern can take more than linear time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "redact/kind.hpp"

namespace re2 {
class RE2;
}

namespace logystera::redact {

inline constexpr std::size_t kPatternFileBytes = 256 * 1024;
inline constexpr std::size_t kPatterns = 64;
inline constexpr std::size_t kPatternNameBytes = 64;
inline constexpr std::size_t kPatternBytes = 1024;
inline constexpr std::size_t kPatternProgramBytes = 1024 * 1024;  // RE2's compiled form, each

/// One own pattern. Movable; `find` is const and safe for concurrent use.
class Pattern {
 public:
  /// Refuses an empty or over-long name, prefix or pattern, a prefix that is not [a-z][a-z0-9_]*, what RE2 refuses, and
  /// patterns that match the empty text. The message does not name a place; the loader adds it.
  static Result<Pattern> compile(std::string_view name, std::string_view pattern, std::string_view prefix);

  const std::string& name() const noexcept { return name_; }
  const std::string& prefix() const noexcept { return prefix_; }
  /// Appends its findings in `text`, leftmost first, none overlapping, as kind `own` with `index`.
  void find(std::string_view text, std::uint16_t index, std::vector<Hit>& hits) const;

 private:
  std::string name_;
  std::string prefix_;
  std::shared_ptr<const re2::RE2> expression_;
};

/// Reads a pattern file. Errors say `file:line:column: what`, and what to do.
Result<std::vector<Pattern>> load_patterns(const std::string& path);
/// The same from text; `path` is for messages.
Result<std::vector<Pattern>> parse_patterns(std::string_view text, const std::string& path);

}  // namespace logystera::redact

// Decides again what a log's lines are, while they are read: a banner comes first, an upgrade changes the format, a service logs
// JSON after a restart. Lines that do not fit are remembered, and when they are many the format is told by them as it was told
// by the first ones. The decision depends on the lines alone, not on how they come in batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/record.hpp"
#include "parse/format.hpp"

namespace logystera::parse {

class FormatLookout {
 public:
  static constexpr std::size_t kLines = 32;       // looked at for a decision
  static constexpr std::size_t kFormatsMost = 4;  // of one log; further ones stay unparsed

  /// `formats` outlives it. `seen`: how many lines the first decision was made on; `plain`: it was plain text.
  FormatLookout(const Formats& formats, TimeContext time, std::size_t seen, bool plain);

  /// The line with that number fits a format that is known to be the log's. Lines given again are left aside.
  void fits(std::uint64_t number) noexcept {
    if (number <= last_) return;
    last_ = number;
    if (score_ > 0) score_ = score_ > kFitCounts ? score_ - kFitCounts : 0;
  }
  /// It does not; `plain`: the log is taken for plain text, which every line fits. The format to try now, if it is time to
  /// look and there is one that most of the remembered lines fit, else nullptr.
  const Format* unfit(std::uint64_t number, std::string_view line, bool plain);
  /// A new format has been found: the next look needs more than the last.
  void found();

 private:
  static constexpr std::uint64_t kFitCounts = 2;  // of three lines two must not fit before it is looked again

  const Format* look() const;

  const Formats& formats_;
  TimeContext time_;
  std::uint64_t last_ = 0;          // number of the last line told of
  std::uint64_t score_ = 0;         // lines that do not fit, less those that do
  std::uint64_t next_look_;         // at that score
  std::vector<std::string> lines_;  // the last that do not fit, in a ring
  std::size_t next_line_ = 0;
};

}  // namespace logystera::parse

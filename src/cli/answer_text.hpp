// The last screen of a scan: what was read, who did what and how it ended, which errors are loudest, what the machine suffers from, what
// was not understood. At most kAnswerLines lines, whatever there is to say; what is left out is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/digest.hpp"
#include "cli/render.hpp"
#include "redact/redactor.hpp"

namespace logystera::cli {

inline constexpr std::size_t kAnswerLines = 25;
inline constexpr std::size_t kAnswerColumns = 80;       // where standard output is no terminal
inline constexpr std::size_t kAnswerColumnsLeast = 40;  // on a narrower one lines go on in the next
inline constexpr std::size_t kAnswerColumnsMost = 160;  // wider lines are hard to read

/// What the digest does not know.
struct AnswerFacts {
  std::uint64_t sources = 0, failed = 0, events = 0;
  std::optional<std::uint64_t> selected;  // of the events, where some were asked for
  std::string source, format;             // of the only source
  std::vector<std::string> names;  // of sources that were read, which the short name of another is not to be taken for
  bool rules = true;               // false: they are off
  bool interrupted = false;
  std::uint64_t findings = 0;
  std::vector<std::string> not_understood;  // "12 lines kept as plain text"
  std::vector<std::string> notes;           // a line each, two at most
  redact::Mode mode = redact::Mode::redact;
};

/// With its line ends. `columns` is what a line may have, from kAnswerColumnsLeast to kAnswerColumnsMost. Texts of strangers are
/// neutralised.
std::string answer_text(const analysis::Digest& digest, const AnswerFacts& facts, const Style& style, std::size_t columns);

/// `text` in lines of at most `columns`, all but the first indented. Breaks at blanks alone; a word that is longer than a line is cut, a path
/// in its middle, and so is what is beyond `lines`, which the ellipsis says.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns, std::size_t indent, std::size_t lines);

}  // namespace logystera::cli

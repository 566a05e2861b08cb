#include "parse/lookout.hpp"

#include <algorithm>

#include "parse/detection.hpp"

namespace logystera::parse {
namespace {

constexpr std::uint64_t kFirstLook = 8;
constexpr std::uint64_t kLooksMostApart = 32 * 1024;  // lines; a look costs as much as reading some hundreds
constexpr std::size_t kLineBytes = 16 * 1024;         // longer lines are not remembered
constexpr std::uint64_t kSeenFew = 4;

}  // namespace

FormatLookout::FormatLookout(const Formats& formats, TimeContext time, std::size_t seen, bool plain)
    : formats_(formats),
      time_(std::move(time)),
      next_look_(seen < kSeenFew ? 1
                 : !plain        ? kFirstLook
                                 : std::max<std::uint64_t>(kFirstLook, seen + kLines)) {}

const Format* FormatLookout::unfit(std::uint64_t number, std::string_view line, bool plain) {
  if (number <= last_) return nullptr;
  last_ = number;
  ++score_;
  // Plain text is remembered only just before a look: nearly all of it is plain text to the end.
  if ((!plain || score_ + kLines >= next_look_) && line.size() <= kLineBytes) {
    if (lines_.size() < kLines) lines_.emplace_back(line);
    else lines_[next_line_].assign(line);
    next_line_ = (next_line_ + 1) % kLines;
  }
  if (score_ < next_look_) return nullptr;
  const std::uint64_t apart = next_look_ < kSeenFew ? 1 : std::min(next_look_ / 2, kLooksMostApart);
  next_look_ += apart;
  return look();
}

const Format* FormatLookout::look() const {
  std::string text;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    text += lines_[(next_line_ + i) % lines_.size()];
    text += '\n';
  }
  const Detection best = detect_format(text, formats_, time_);
  if (!best.format || best.format->reader == "plaintext") return nullptr;
  const bool few = best.sampled < kFirstLook;
  return few ? (best.matched * 2 >= best.sampled ? best.format : nullptr)
             : (best.matched * 4 >= best.sampled * 3 ? best.format : nullptr);
}

void FormatLookout::found() {
  lines_.clear();
  next_line_ = 0;
  score_ = 0;
  next_look_ = kFirstLook;
}

}  // namespace logystera::parse

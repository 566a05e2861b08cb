// What may be shown of a model's answer: it is a stranger's text, as logs are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace logystera::assist {

inline constexpr std::size_t kAnswerBytes = 16 * 1024;

/// Takes an answer as it comes and gives what may be shown of it: whole characters, nothing a terminal obeys, at most kAnswerBytes, and
/// no passage named that was not sent: "[7]" of three becomes "[7: no such passage]". Characters and citations may be cut anywhere.
class AnswerText {
 public:
  explicit AnswerText(std::size_t passages) noexcept : passages_(passages) {}

  std::string take(std::string_view bytes);
  std::string finish();

  /// Citations of passages that there are not.
  std::size_t invented() const noexcept { return invented_; }
  bool cut() const noexcept { return cut_; }
  bool empty() const noexcept { return shown_ == 0; }

 private:
  std::string shown(std::string_view text, bool last);
  std::string limited(std::string text);

  std::size_t passages_;
  std::string held_;  // a cut character, or what may become a citation
  std::size_t shown_ = 0, invented_ = 0;
  bool cut_ = false;
};

}  // namespace logystera::assist

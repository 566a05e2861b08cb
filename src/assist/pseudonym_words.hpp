// Words the program has written into a text: pseudonyms and masks (ip_8390373f, <ip>), and escapes of what is not seen (\u000A). A
// grammar may take one for a secret (a password in a URL is whatever stands there); it is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "redact/kind.hpp"
#include "redact/patterns.hpp"

namespace logystera::assist {

class PseudonymWords {
 public:
  explicit PseudonymWords(const std::vector<redact::Pattern>& own);
  /// Whether the finding lies within such a word of `text`.
  bool hold(std::string_view text, const redact::Hit& hit) const;

 private:
  std::vector<std::string> prefixes_;
};

}  // namespace logystera::assist

// Words redaction has written: ip_8390373f, <ip>. A grammar may take one for a secret again (a password in a URL is whatever stands
// there); it is none.
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

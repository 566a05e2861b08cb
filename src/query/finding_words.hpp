// What a finding says, as people read it: the message of a log as it is, and of a site's signal what kind it was and what its labels say,
// instead of its line.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "store/finding_store.hpp"

namespace logystera::query {

inline constexpr std::size_t kGistBytes = 400;  // of gist(), cut at a character

/// Redacted, as the finding's message is.
struct FindingWords {
  std::string what;                                         // "A login failed", or the message
  std::vector<std::pair<std::string, std::string>> labels;  // of a signal, in its order: "username", "user_1c0e44a2"

  /// "username=user_1c0e44a2, scope=user"; empty where there are no labels.
  std::string gist() const;
  /// Both, for a list: "A login failed: username=user_1c0e44a2, scope=user".
  std::string line() const;
};

FindingWords words_of(const store::Finding& finding);

}  // namespace logystera::query

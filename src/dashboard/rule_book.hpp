// Rules as their authors wrote them: built-in ones from the program, others from their files. What a server runs may have been read
// from a cache, which holds only what running them takes.
#pragma once

#include <string>

#include "detect/rule.hpp"

namespace logystera::dashboard {

/// The rule of that id with its description, pack and place where it is a built-in one, or else `rule` itself.
const detect::Rule& as_written(const detect::Rule& rule);

/// The name of the pack, or of the file a rule of one's own was read from: where that lies is the operator's business.
std::string pack_of(const detect::Rule& rule);

/// A rule's YAML, and of that what stands from `samples:` on; both empty where the place it was read from does not hold it (any more).
struct RuleText {
  std::string rule, samples;
};
RuleText text_of(const detect::Rule& rule);
/// Of a rule of one's own: as that text says it, or else as it is.
detect::Rule as_its_text_says(const detect::Rule& rule, const RuleText& text);

}  // namespace logystera::dashboard

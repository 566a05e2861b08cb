// The rules of a run: the built-in packs, a user's own, and Sigma's, in one set.
#pragma once

#include <string>
#include <vector>

#include "core/record.hpp"
#include "core/result.hpp"
#include "detect/rule.hpp"
#include "detect/sample.hpp"
#include "yaml/yaml.hpp"

namespace logystera::analysis {

/// A rule that was no file's text.
struct RuleDocument {
  std::string file;  // as messages and `rules list` call it
  yaml::Node root;
};

struct RuleSources {
  bool built_in = true;
  std::vector<std::string> paths;  // files and directories of native or Sigma rules
  std::string placeholders;        // file with values of Sigma's %name%; empty: the built-in ones alone
  bool follow_links = false;       // links met in directories; see core/walk.hpp
  std::vector<RuleDocument> documents = {};
};

/// Loads them all. Errors: a path that cannot be read. What was refused inside is in the set's documents.
Result<detect::RuleSet> load_rules(const RuleSources& sources);

/// Reads a rule sample's lines with the formats built in.
detect::LineReader sample_reader();

}  // namespace logystera::analysis

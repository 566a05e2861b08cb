// From texts to a RuleSet. Native rules, Sigma rules, correlations and filters may stand in one file or directory in any
// order; what each document is follows from its own keys, and references are resolved once everything is there.
//
// Nothing is dropped silently: every document met has a DocumentReport, loaded or refused with file, line, column, reason and
// remedy. A refused document refuses those that depend on it, by name.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "detect/rule.hpp"

namespace logystera::detect {

struct LoadOptions {
  yaml::Limits limits;
  /// Values of Sigma's `%name%` placeholders. A name that is here with no values loads and matches nothing (with a
  /// warning); a name that is not here refuses the rule, as the specification asks.
  PlaceholderValues placeholders;
};

class Loader {
 public:
  explicit Loader(LoadOptions options = {});
  ~Loader();
  Loader(Loader&&) noexcept;
  Loader& operator=(Loader&&) noexcept;

  /// Every document of `text`; `name` is what messages call it.
  void add_text(std::string_view name, std::string_view text);
  /// One document that was no text: every message about it has the positions its nodes have.
  void add_node(std::string_view name, const yaml::Node& root);
  /// A file. An error if it cannot be read at all; what is wrong inside is in the report.
  Result<Done> add_file(const std::string& path);
  /// All *.yml and *.yaml below a directory, in the order of their names. What is met there and not read (a link, a pipe; see
  /// core/walk.hpp) is a refused document.
  Result<Done> add_directory(const std::string& path, bool follow_links = false);

  /// Resolves references, applies filters and orders windows after their inputs. The loader is empty afterwards.
  RuleSet finish();

 private:
  Result<Done> add_opened(const std::string& path, int fd);
  struct State;
  std::unique_ptr<State> state_;
};

/// The text of a rule file, for people to read: a regular file within the limits of loading.
Result<std::string> rule_file_text(const std::string& path);

/// A placeholder file: a map of names to a value or a list of values.
Result<PlaceholderValues> load_placeholders(std::string_view name, std::string_view text);

}  // namespace logystera::detect

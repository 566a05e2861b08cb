// What register(registry) can say, in whichever language: the checks of each registration, and what came of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "plugin/plugin.hpp"
#include "plugin/source.hpp"

namespace logystera::plugin {

/// Errors are without a place: whoever calls knows the line.
class Registry {
 public:
  /// Whether what is registered is wanted, or the hooks' functions alone, of a plugin that has been checked before.
  enum class For : std::uint8_t { everything, hooks };

  /// `taken`: names of patterns there are already.
  Registry(std::shared_ptr<const HookSource> origin, std::vector<std::string> taken, For wanted = For::everything)
      : origin_(std::move(origin)), source_(origin_->source), taken_(std::move(taken)), wanted_(wanted) {}

  Result<Done> add_rule(yaml::Node rule, std::uint32_t line);
  Result<Done> add_pattern(std::string_view name, std::string_view pattern, std::string_view prefix);
  /// A relative path is one below the plugin's own directory.
  Result<Done> add_rule_dir(std::string_view path, std::uint32_t line);
  Result<Done> add_format(const yaml::Node& format, std::uint32_t line);

  /// Hooks: `number` is the function's, among all of the plugin.
  Result<Done> add_parser(const yaml::Node& parser, std::size_t number, std::uint32_t line);
  Result<Done> add_enricher(const yaml::Node& enricher, std::size_t number, std::uint32_t line);

  /// What can be checked once everything is registered: rules, by the rule loader, and samples of parsers. An error is the first
  /// refusal, with file and line.
  Result<Done> check() const;

  Contribution take() { return std::move(given_); }
  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  Result<Done> check_rules() const;

  const std::shared_ptr<const HookSource> origin_;
  const Source& source_;
  std::vector<std::string> taken_;
  const For wanted_;
  Contribution given_;
  std::vector<std::string> warnings_;
};

/// A node as JSON, for what reads definitions from files of that form.
std::string json_of(const yaml::Node& node);

/// Makes scalars of nodes as the YAML reader would: `text` is what messages and text rules see.
yaml::Node text_node(std::string_view text, std::uint32_t line);
yaml::Node integer_node(std::int64_t number, std::uint32_t line);
yaml::Node real_node(double number, std::uint32_t line);
yaml::Node boolean_node(bool value, std::uint32_t line);
yaml::Node empty_node(yaml::Node::Kind kind, std::uint32_t line);

}  // namespace logystera::plugin

// What register(registry) can say, in whichever language: the checks of each registration, and what came of them.
#pragma once

#include <cstdint>
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
  /// `taken`: names of patterns there are already.
  Registry(const Source& source, std::vector<std::string> taken) : source_(source), taken_(std::move(taken)) {}

  Result<Done> add_rule(yaml::Node rule, std::uint32_t line);
  Result<Done> add_pattern(std::string_view name, std::string_view pattern, std::string_view prefix);
  /// A relative path is one below the plugin's own directory.
  Result<Done> add_rule_dir(std::string_view path, std::uint32_t line);
  Result<Done> add_format(const yaml::Node& format, std::uint32_t line);

  /// All rules through the rule loader: an error is the first refusal, with file and line.
  Result<Done> check_rules() const;

  Contribution take() { return std::move(given_); }
  std::vector<std::string> take_warnings() { return std::move(warnings_); }

 private:
  const Source& source_;
  std::vector<std::string> taken_;
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

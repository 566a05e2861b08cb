#include "plugin/registry.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "core/json_text.hpp"
#include "detect/loader.hpp"
#include "detect/packs.hpp"
#include "parse/format.hpp"

namespace logystera::plugin {
namespace {

void write_json(const yaml::Node& node, JsonText& json) {
  switch (node.kind) {
    case yaml::Node::Kind::null: json.null(); return;
    case yaml::Node::Kind::boolean: json.boolean(node.boolean); return;
    case yaml::Node::Kind::integer: json.integer(node.integer); return;
    case yaml::Node::Kind::real: json.real(node.real); return;
    case yaml::Node::Kind::string: json.string(node.text); return;
    case yaml::Node::Kind::list:
      json.begin_array();
      for (const yaml::Node& item : node.items) write_json(item, json);
      json.end_array();
      return;
    case yaml::Node::Kind::map:
      json.begin_object();
      for (const yaml::Node::Entry& entry : node.entries) {
        json.key(entry.key);
        write_json(entry.value, json);
      }
      json.end_object();
      return;
  }
}

Error full(std::string_view what, std::size_t most) {
  return Error{fmt::format("a plugin registers at most {} {}", most, what), ErrorKind::too_large};
}

}  // namespace

std::string json_of(const yaml::Node& node) {
  JsonText json(JsonText::Reader::program);
  write_json(node, json);
  return json.take();
}

yaml::Node empty_node(yaml::Node::Kind kind, std::uint32_t line) {
  yaml::Node node;
  node.kind = kind;
  node.at = {line, 1};
  return node;
}

yaml::Node text_node(std::string_view text, std::uint32_t line) {
  yaml::Node node = empty_node(yaml::Node::Kind::string, line);
  node.text = text;
  return node;
}

yaml::Node integer_node(std::int64_t number, std::uint32_t line) {
  yaml::Node node = empty_node(yaml::Node::Kind::integer, line);
  node.integer = number;
  node.real = static_cast<double>(number);
  node.text = fmt::format("{}", number);
  return node;
}

yaml::Node real_node(double number, std::uint32_t line) {
  yaml::Node node = empty_node(yaml::Node::Kind::real, line);
  node.real = number;
  node.text = fmt::format("{}", number);
  return node;
}

yaml::Node boolean_node(bool value, std::uint32_t line) {
  yaml::Node node = empty_node(yaml::Node::Kind::boolean, line);
  node.boolean = value;
  node.text = value ? "true" : "false";
  return node;
}

Result<Done> Registry::add_rule(yaml::Node rule, std::uint32_t) {
  if (given_.rules.size() == kRulesMost) return full("rules", kRulesMost);
  given_.rules.push_back({source_.path, std::move(rule)});
  return Done{};
}

Result<Done> Registry::add_pattern(std::string_view name, std::string_view pattern, std::string_view prefix) {
  if (taken_.size() >= redact::kPatterns)
    return Error{fmt::format("there are {} patterns already, of all plugins and pii_rules.yaml together: join some with |",
                             redact::kPatterns),
                 ErrorKind::too_large};
  auto compiled = redact::Pattern::compile(name, pattern, prefix);
  if (!compiled) return Error{"add_pii_pattern: " + compiled.error().message, compiled.error().kind};
  if (std::find(taken_.begin(), taken_.end(), compiled->name()) != taken_.end())
    return Error{
        fmt::format("add_pii_pattern: the name '{}' is used already, here, by another plugin or in pii_rules.yaml", name),
        ErrorKind::exists};
  taken_.emplace_back(name);
  given_.patterns.push_back(std::move(compiled).value());
  return Done{};
}

Result<Done> Registry::add_rule_dir(std::string_view path, std::uint32_t line) {
  namespace fs = std::filesystem;
  if (path.empty() || path.find('\0') != std::string_view::npos)
    return Error{"add_rule_dir: a path is expected", ErrorKind::invalid};
  if (given_.rule_dirs.size() == kRuleDirsMost) return full("directories of rules", kRuleDirsMost);
  const std::string place = (fs::path(source_.path).parent_path() / fs::path(path)).string();
  std::error_code error;
  if (fs::is_directory(place, error)) {
    given_.rule_dirs.push_back(place);
    return Done{};
  }
  warnings_.push_back(
      fmt::format("{}:{}: add_rule_dir: {} is no directory, so no rules come from it", source_.path, line, place));
  return Done{};
}

Result<Done> Registry::add_format(const yaml::Node& format, std::uint32_t line) {
  if (given_.formats.size() == kFormatsMost) return full("formats", kFormatsMost);
  Contribution::Format definition{fmt::format("{}:{}", source_.path, line), {}, json_of(format)};
  parse::Formats checked;
  if (auto added = checked.add(definition.json, "add_format"); !added) return added;
  definition.name = checked.all().front()->name;
  given_.formats.push_back(std::move(definition));
  return Done{};
}

Result<Done> Registry::check_rules() const {
  detect::Loader loader(detect::built_in_options());
  for (const Document& rule : given_.rules) loader.add_node(rule.file, rule.root);
  const detect::RuleSet set = loader.finish();
  for (const detect::DocumentReport& report : set.documents) {
    if (report.problems.empty()) continue;
    const yaml::Problem& problem = report.problems.front();
    return Error{fmt::format("{}:{}: add_rule: {}", report.file, problem.at.line, problem.message), ErrorKind::invalid};
  }
  return Done{};
}

}  // namespace logystera::plugin

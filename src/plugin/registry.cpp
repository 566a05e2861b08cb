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

constexpr std::size_t kFieldNameBytes = 64;

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

// Texts of a list, or the one text.
bool read_texts(const yaml::Node& node, std::vector<std::string>& texts) {
  if (node.is_string()) texts.push_back(node.text);
  for (const yaml::Node& item : node.items) {
    if (!item.is_string()) return false;
    texts.push_back(item.text);
  }
  return !texts.empty();
}

bool is_word(std::string_view text, std::string_view more) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || more.find(c) != std::string_view::npos;
  });
}

// "app.team": what an enricher adds cannot be taken for what a format reads.
bool is_namespaced(std::string_view name) {
  const std::size_t dot = name.find('.');
  return name.size() <= kFieldNameBytes && is_word(name, ".") && dot != 0 && dot != std::string_view::npos &&
         !name.ends_with('.');
}

std::string read_sample(const yaml::Node& node, parse::FormatSample& sample) {
  if (!node.is_map()) return "a sample is a table with line, time, severity, message, host and fields";
  for (const yaml::Node::Entry& entry : node.entries) {
    std::string* const text = entry.key == "line"       ? &sample.line
                              : entry.key == "time"     ? &sample.time
                              : entry.key == "severity" ? &sample.severity
                              : entry.key == "message"  ? &sample.message
                              : entry.key == "host"     ? &sample.host
                                                        : nullptr;
    if (text && entry.value.is_string()) *text = entry.value.text;
    else if (entry.key == "fields" && entry.value.is_map())
      for (const yaml::Node::Entry& field : entry.value.entries) sample.fields.emplace_back(field.key, field.value.text);
    else
      return "a sample holds the texts line, time, severity, message and host and the table fields, not '" + entry.key +
             "'";
  }
  return sample.line.empty() ? "a sample has a line" : std::string();
}

Error wrong(std::string message) { return Error{std::move(message), ErrorKind::invalid}; }

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
  if (wanted_ == For::hooks) return Done{};
  if (given_.rules.size() == kRulesMost) return full("rules", kRulesMost);
  given_.rules.push_back({source_.path, std::move(rule)});
  return Done{};
}

Result<Done> Registry::add_pattern(std::string_view name, std::string_view pattern, std::string_view prefix) {
  if (wanted_ == For::hooks) return Done{};
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
  if (wanted_ == For::hooks) return Done{};
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
  if (wanted_ == For::hooks) return Done{};
  if (given_.formats.size() == kFormatsMost) return full("formats", kFormatsMost);
  Contribution::Format definition{fmt::format("{}:{}", source_.path, line), {}, json_of(format)};
  parse::Formats checked;
  if (auto added = checked.add(definition.json, "add_format"); !added) return added;
  definition.name = checked.all().front()->name;
  given_.formats.push_back(std::move(definition));
  return Done{};
}

Result<Done> Registry::add_parser(const yaml::Node& parser, std::size_t number, std::uint32_t line) {
  if (wanted_ == For::hooks) return Done{};
  if (given_.parsers.size() == kHooksMost) return full("parsers", kHooksMost);
  auto hook = std::make_shared<ParserHook>();
  hook->origin = origin_;
  hook->number = number;
  hook->line = line;
  for (const yaml::Node::Entry& entry : parser.entries) {
    std::string* const text = entry.key == "name"          ? &hook->name
                              : entry.key == "title"       ? &hook->title
                              : entry.key == "starts_with" ? &hook->starts_with
                                                           : nullptr;
    if (text && entry.value.is_string()) *text = entry.value.text;
    else if (entry.key == "samples" && entry.value.is_list()) {
      for (const yaml::Node& sample : entry.value.items)
        if (std::string why = read_sample(sample, hook->samples.emplace_back()); !why.empty())
          return wrong("add_parser: " + why);
    } else {
      return wrong("add_parser: name, title and starts_with are texts, samples is a list, parse a function; '" + entry.key +
                   "' is none of it");
    }
  }
  if (!is_word(hook->name, "") || hook->name.size() > kFieldNameBytes)
    return wrong("add_parser: name must be 1 to 64 of a-z, 0-9 and _");
  if (hook->starts_with.empty()) return wrong("add_parser: starts_with, what its lines begin with, is missing");
  given_.parsers.push_back(std::move(hook));
  return Done{};
}

Result<Done> Registry::add_enricher(const yaml::Node& enricher, std::size_t number, std::uint32_t line) {
  if (wanted_ == For::hooks) return Done{};
  if (given_.enrichers.size() == kHooksMost) return full("enrichers", kHooksMost);
  auto hook = std::make_shared<EnricherHook>();
  hook->origin = origin_;
  hook->number = number;
  hook->line = line;
  for (const yaml::Node::Entry& entry : enricher.entries) {
    bool good = true;
    if (entry.key == "fields") good = read_texts(entry.value, hook->fields);
    else if (entry.key == "adds") good = read_texts(entry.value, hook->adds);
    else if (entry.key == "when") {
      const yaml::Node* const contains = entry.value.find("contains");
      good = contains && entry.value.entries.size() == 1 && read_texts(*contains, hook->contains);
    } else {
      return wrong("add_enricher: the keys are fields, adds, when and run, not '" + entry.key + "'");
    }
    if (!good)
      return wrong(
          "add_enricher: fields and adds are lists of texts, when is {contains=…} with a text or a list of them: '" +
          entry.key + "' is not");
  }
  if (hook->fields.empty() || hook->fields.size() > kHookFields || hook->adds.empty() || hook->adds.size() > kHookFields ||
      hook->contains.size() > kHookFields)
    return wrong(
        fmt::format("add_enricher: fields, what it is given, and adds, what it may return, have 1 to {} names, when at "
                    "most {} texts",
                    kHookFields, kHookFields));
  for (const std::string& name : hook->adds)
    if (!is_namespaced(name))
      return wrong("add_enricher: '" + name + "' must be a name of a-z, 0-9, _ and dots with a dot in it, like app.team");
  for (const std::string& text : hook->contains)
    if (text.empty()) return wrong("add_enricher: an empty text stands in every line");
  given_.enrichers.push_back(std::move(hook));
  return Done{};
}

Result<Done> Registry::check() const {
  if (wanted_ == For::hooks) return Done{};
  if (auto good = check_rules(); !good) return good;
  for (const auto& parser : given_.parsers) {
    parse::Formats checked;
    if (auto added = checked.add(format_of(parser), parser->where() + ": add_parser"); !added) return added;
  }
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

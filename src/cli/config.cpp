#include "cli/config.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>

#include "cli/analysis.hpp"
#include "detect/yaml.hpp"
#include "parse/whole_file.hpp"
#include "redact/pseudonym.hpp"
#include "redact/redactor.hpp"

namespace logystera::cli {
namespace {

constexpr int kRetentionDaysMost = 36'500;

// Reads one key's value; the message says what is wanted.
using Reader = std::function<Result<Done>(const yaml::Node& value, Config& config)>;

struct Key {
  std::string_view name;
  Reader read;
};

Reader text(std::string Config::*member) {
  return [member](const yaml::Node& value, Config& config) -> Result<Done> {
    const bool bare = !value.is_map() && !value.is_list();  // 12345 or yes: text only in quotes
    if (!value.is_string() && !value.is_null()) return Error{bare ? "wants a text: put it in quotes" : "wants a text"};
    config.*member = value.is_null() ? std::string() : value.text;
    return Done{};
  };
}

Reader texts(std::vector<std::string> Config::*member) {
  return [member](const yaml::Node& value, Config& config) -> Result<Done> {
    if (value.is_string()) {
      config.*member = {value.text};
      return Done{};
    }
    if (!value.is_list()) return Error{"wants a text or a list of texts"};
    for (const yaml::Node& item : value.items) {
      if (!item.is_string()) return Error{"wants a list of texts"};
      (config.*member).push_back(item.text);
    }
    return Done{};
  };
}

Result<Done> read_number(const yaml::Node& value, std::int64_t least, std::int64_t most, std::int64_t& out) {
  if (value.kind != yaml::Node::Kind::integer || value.integer < least || value.integer > most)
    return Error{fmt::format("wants a whole number from {} to {}", least, most)};
  out = value.integer;
  return Done{};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"db_path", text(&Config::db_path)},
      {"pii_rules_path",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         config.pii_rules_named = true;
         return text(&Config::pii_rules_path)(value, config);
       }},
      {"pii_salt", text(&Config::pii_salt)},
      {"pii_digits",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         std::int64_t number = 0;
         if (auto read = read_number(value, redact::kPseudonymDigits, redact::kPseudonymDigitsMax, number); !read)
           return read;
         config.pii_digits = static_cast<unsigned>(number);
         return Done{};
       }},
      {"redact",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         redact::Mode mode;
         if (!value.is_string() || !redact::parse_mode(value.text, mode)) return Error{"wants redact, mask or dry-run"};
         config.redact = value.text;
         return Done{};
       }},
      {"rules_dir", texts(&Config::rules_dirs)},
      {"sigma_dir", texts(&Config::sigma_dirs)},
      {"placeholders", text(&Config::placeholders)},
      {"rule_cache",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (value.kind != yaml::Node::Kind::boolean) return Error{"wants true or false"};
         config.rule_cache = value.boolean;
         return Done{};
       }},
      {"formats_dir", text(&Config::formats_dir)},
      {"timezone",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (!value.is_string()) return Error{"wants a text: local, UTC or an offset like \"+02:00\""};
         if (!parse_zone(value.text)) return Error{"wants local, UTC or an offset like \"+02:00\""};
         config.timezone = value.text;
         return Done{};
       }},
      {"findings_retention_days",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         std::int64_t days = 0;
         if (auto read = read_number(value, 1, kRetentionDaysMost, days); !read) return read;
         config.findings_retention_days = static_cast<int>(days);
         return Done{};
       }},
      {"findings_min_severity",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (!value.is_string() || !store::parse_level(value.text, config.findings_min_severity))
           return Error{"wants low, medium, high or critical"};
         return Done{};
       }},
  };
  return table;
}

}  // namespace

Result<Config> parse_config(std::string_view yaml_text, const std::string& name) {
  const yaml::Documents documents = yaml::parse(yaml_text);
  if (!documents.ok()) return Error{yaml::describe(name, documents.problem)};
  Config config;
  if (documents.roots.empty()) return config;
  if (documents.roots.size() > 1)
    return Error{yaml::describe(name, {documents.roots[1].at, "a configuration is one document: take the '---' out"})};
  const yaml::Node& root = documents.roots.front();
  if (root.is_null()) return config;
  if (!root.is_map()) return Error{yaml::describe(name, {root.at, "a configuration is a map of keys to values"})};
  for (const yaml::Node::Entry& entry : root.entries) {
    const Key* known = nullptr;
    for (const Key& key : keys())
      if (key.name == entry.key) known = &key;
    if (!known) {
      config.warnings.push_back(
          yaml::describe(name, {entry.at, fmt::format("'{}' means nothing to this program and is left aside", entry.key)}));
      continue;
    }
    if (auto read = known->read(entry.value, config); !read)
      return Error{yaml::describe(name, {entry.value.at, fmt::format("{} {}", entry.key, read.error().message)})};
  }
  if (config.db_path.empty()) return Error{name + ": db_path is empty: name a file, or leave the key out"};
  return config;
}

Result<Config> load_config(const std::string& path) {
  std::string file = path;
  if (file.empty())
    if (const char* named = std::getenv(kConfigVariable)) file = named;
  if (file.empty()) {
    std::error_code ignored;
    if (!std::filesystem::exists(kConfigFile, ignored)) return Config{};
    file = kConfigFile;
  }
  auto text = parse::read_whole_file(file, kConfigBytes, ": this is no configuration");
  if (!text) return text.error();
  return parse_config(text.value(), file);
}

}  // namespace logystera::cli

// Plugins: files of an operator's own that add rules, patterns of personal data, formats and directories of rules to a run.
//
// Lua plugins may also have functions that run while logs are read (hook.hpp).
//
// Each *.lua and *.py file of a directory, in the order of their names, has a function register(registry). Lua runs here, in a
// sandbox (sandbox.hpp); Python in a child process that says what was registered and ends (python.hpp). What a plugin registers is
// data, checked by the same code as the files a user writes: rules by the rule loader, patterns, formats.
//
// A plugin that is faulty in any way contributes nothing, and its fault names the file and, where there is one, the line. The run
// goes on without it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/result.hpp"
#include "plugin/hook.hpp"
#include "plugin/options.hpp"
#include "redact/patterns.hpp"
#include "yaml/yaml.hpp"

namespace logystera::plugin {

inline constexpr std::size_t kPluginsMost = 64;
inline constexpr std::size_t kPluginBytes = 256 * 1024;
// What one plugin may register.
inline constexpr std::size_t kRulesMost = 256, kRuleDirsMost = 16, kFormatsMost = 16;
inline constexpr std::size_t kNodesMost = 20'000, kDepthMost = 32, kNodeTextBytes = 64 * 1024;  // of one rule or format

/// A rule or a format, as it was registered.
struct Document {
  std::string file;
  yaml::Node root;  // every position is the line it was registered in
};

struct Contribution {
  std::vector<Document> rules;
  std::vector<redact::Pattern> patterns;
  std::vector<std::string> rule_dirs;  // as paths that can be opened
  struct Format {
    std::string where;  // file:line, for messages
    std::string name, json;
  };
  std::vector<Format> formats;
  std::vector<std::shared_ptr<const ParserHook>> parsers;
  std::vector<std::shared_ptr<const EnricherHook>> enrichers;
};

struct Plugin {
  std::string path;
  Language language = Language::lua;
  std::string fault;                  // why it contributes nothing, with file and line; empty: it is in force
  std::vector<std::string> warnings;  // it is in force, but
  Contribution given;                 // nothing, if it is faulty
};

/// Runs all plugins. `patterns` are those there are already: their names are taken, and what plugins log is redacted with them. An
/// error: the directory cannot be read, or has more plugins than kPluginsMost.
Result<std::vector<Plugin>> load(const Options& options, const std::vector<redact::Pattern>& patterns);

/// How the hooks of a run fared, if there is something to say: faults, and what they logged. Redacted.
std::vector<std::string> hook_notes(const std::vector<Plugin>& plugins, const std::vector<redact::Pattern>& patterns);

/// "2 rules, 1 pattern"; "nothing".
std::string summary(const Contribution& given);

}  // namespace logystera::plugin

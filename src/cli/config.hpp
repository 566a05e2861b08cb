// config.yaml: what a user sets once instead of on every command line. Options win over the environment, the environment
// over the file, the file over the defaults.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "store/findings_store.hpp"

namespace logystera::cli {

inline constexpr const char* kConfigFile = "config.yaml";
inline constexpr const char* kConfigVariable = "LOGYSTERA_CONFIG";
inline constexpr const char* kRuleCacheVariable = "LOGYSTERA_RULE_CACHE";  // on or off
inline constexpr std::size_t kConfigBytes = 256 * 1024;

struct Config {
  std::string db_path = "logystera.db";
  std::string pii_rules_path = "pii_rules.yaml";  // the default may be missing, a named file may not
  bool pii_rules_named = false;
  std::string pii_salt;
  unsigned pii_digits = 8;
  std::string redact = "redact";
  std::vector<std::string> rules_dirs, sigma_dirs;
  std::string placeholders, formats_dir, timezone;
  bool rule_cache = true;
  int findings_retention_days = store::kRetentionDays;
  store::Level findings_min_severity = store::Level::high;

  std::vector<std::string> warnings;  // keys this program does not know
};

/// Reads `path`; with an empty one $LOGYSTERA_CONFIG, else config.yaml in the working directory, which may be missing.
/// A wrong type or value is an error that says FILE:LINE:COLUMN; an unknown key is a warning.
Result<Config> load_config(const std::string& path);
/// The same from text; `name` is for messages.
Result<Config> parse_config(std::string_view yaml, const std::string& name);

}  // namespace logystera::cli

// config.yaml: what a user sets once instead of on every command line. Options win over the environment, the environment
// over the file, the file over the defaults.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "assist/provider.hpp"
#include "core/result.hpp"
#include "core/severity.hpp"
#include "plugin/options.hpp"
#include "processor/self_watch.hpp"
#include "store/finding_store.hpp"
#include "store/retention.hpp"

namespace logystera::cli {

inline constexpr const char* kConfigFile = "config.yaml";
inline constexpr const char* kConfigVariable = "LOGYSTERA_CONFIG";
inline constexpr const char* kRuleCacheVariable = "LOGYSTERA_RULE_CACHE";  // on or off
inline constexpr std::size_t kConfigBytes = 256 * 1024;

/// What `agent` and `relay` take from their section of the file, each from its own. Empty and absent: not said.
struct ShippingConfig {
  std::vector<std::string> buffers;      // directories
  std::vector<std::string> credentials;  // files: one for all directories, or one for each in their order
  std::optional<std::uint32_t> batch_size, sent_bytes;
  std::string proxy, ca_bundle;
  bool proxy_from_environment = false, share_group = false, allow_network_fs = false;
};

/// What `loki`, `graylog` and `opensearch` take from their sections. Credentials are never in the file.
struct LokiConfig {
  std::string url = "http://localhost:3100";
  std::string org_id, ca_certs;
};
struct GraylogConfig {
  std::string url = "http://localhost:9000";
  std::string ca_certs;
};
struct OpensearchConfig {
  std::string host = "localhost";
  std::uint16_t port = 9200;
  bool use_ssl = false, verify_certs = true;
  std::string default_index = "logstash-*";
  std::string timestamp_field = "@timestamp", message_field = "message", severity_field = "level",
              source_name_field = "host.name";
};

struct FleetConfig {
  std::string targets = "targets.yaml";
  std::vector<std::string> web_paths;  // directories of which a browser may add logs
};

struct NotifyConfig {
  std::string ca_certs;  // file in PEM that vouches for where alerts go; empty: the system's
};

struct Config {
  std::string db_path;                            // empty: database_url() says which
  std::string key_path;                           // empty: beside the database
  std::string pii_rules_path = "pii_rules.yaml";  // the default may be missing, a named file may not
  bool pii_rules_named = false;
  std::string pii_salt;
  unsigned pii_digits = 8;
  std::string redact = "redact";
  std::vector<std::string> rules_dirs, sigma_dirs, metrics_dirs;
  std::string placeholders, formats_dir, timezone;
  plugin::Options plugins;
  bool rule_cache = true;
  int findings_retention_days = store::kRetentionDays;
  store::ConfiguredRetention retention;  // of `serve` and `store`; findings_retention_days is not in it
  Level findings_min_severity = Level::high;

  std::string api_token;                 // of an administrator of `serve`; empty: none
  std::vector<std::string> allow_hosts;  // by which further names `serve` may be called

  ShippingConfig agent, relay;
  LokiConfig loki;
  GraylogConfig graylog;
  OpensearchConfig opensearch;
  FleetConfig fleet;
  NotifyConfig notify;
  processor::WatchLimits watch;  // what serve watches of itself
  assist::Settings llm;          // without the key of the environment
  bool llm_configured = false;   // the file has a section llm

  std::vector<std::string> warnings;  // keys this program does not know
};

/// Reads `path`; with an empty one $LOGYSTERA_CONFIG, else config.yaml in the working directory, which may be missing.
/// A wrong type or value is an error that says FILE:LINE:COLUMN; an unknown key is a warning.
Result<Config> load_config(const std::string& path);
/// For commands that run as a service: only a file that was named, by `path` or $LOGYSTERA_CONFIG. The working directory of a
/// service is an accident, and a config.yaml there somebody else's.
Result<Config> load_named_config(const std::string& path);
/// The same from text; `name` is for messages.
Result<Config> parse_config(std::string_view yaml, const std::string& name);

}  // namespace logystera::cli

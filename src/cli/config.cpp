#include "cli/config.hpp"

#include <fmt/core.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <limits>

#include "cli/analysis.hpp"
#include "cli/shipping.hpp"
#include "core/limits.hpp"
#include "core/secret.hpp"
#include "parse/whole_file.hpp"
#include "redact/pseudonym.hpp"
#include "redact/redactor.hpp"
#include "yaml/yaml.hpp"

namespace logystera::cli {
namespace {

constexpr int kRetentionDaysMost = 36'500;
constexpr std::int64_t kLlmSecondsMost = 3600;

// Reads one key's value; the message says what is wanted.
using Reader = std::function<Result<Done>(const yaml::Node& value, Config& config)>;

struct Key {
  std::string_view name;
  Reader read;
};

Reader text(std::string Config::*member) {
  return [member](const yaml::Node& value, Config& config) -> Result<Done> {
    const bool bare = !value.is_map() && !value.is_list();  // 12345 or yes: text only in quotes
    if (!value.is_string() && !value.is_null())
      return Error{bare ? "must be a text: put it in quotes" : "must be a text", ErrorKind::invalid};
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
    if (!value.is_list()) return Error{"must be a text or a list of texts", ErrorKind::invalid};
    for (const yaml::Node& item : value.items) {
      if (!item.is_string()) return Error{"must be a list of texts", ErrorKind::invalid};
      (config.*member).push_back(item.text);
    }
    return Done{};
  };
}

Result<Done> read_number(const yaml::Node& value, std::int64_t least, std::int64_t most, std::int64_t& out) {
  if (value.kind != yaml::Node::Kind::integer || value.integer < least || value.integer > most)
    return Error{fmt::format("must be a whole number from {} to {}", least, most), ErrorKind::invalid};
  out = value.integer;
  return Done{};
}

const std::vector<Key>& keys() {
  static const std::vector<Key> table = {
      {"db_path",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         auto read = text(&Config::db_path)(value, config);
         if (read && config.db_path.empty())
           return Error{"is empty: name a file, or leave the key out", ErrorKind::invalid};
         return read;
       }},
      {"key_path", text(&Config::key_path)},
      {"pii_rules_path",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         config.pii_rules_named = true;
         return text(&Config::pii_rules_path)(value, config);
       }},
      {"pii_salt", text(&Config::pii_salt)},
      {"api_token", text(&Config::api_token)},
      {"allow_hosts", texts(&Config::allow_hosts)},
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
         if (!value.is_string() || !redact::parse_mode(value.text, mode))
           return Error{"must be redact, mask or dry-run", ErrorKind::invalid};
         config.redact = value.text;
         return Done{};
       }},
      {"rules_dir", texts(&Config::rules_dirs)},
      {"sigma_dir", texts(&Config::sigma_dirs)},
      {"metrics_dir", texts(&Config::metrics_dirs)},
      {"placeholders", text(&Config::placeholders)},
      {"rule_cache",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (value.kind != yaml::Node::Kind::boolean) return Error{"must be true or false", ErrorKind::invalid};
         config.rule_cache = value.boolean;
         return Done{};
       }},
      {"formats_dir", text(&Config::formats_dir)},
      {"plugins_dir",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (!value.is_string() && !value.is_null()) return Error{"must be a text: a directory", ErrorKind::invalid};
         config.plugins.directory = value.is_null() ? std::string() : value.text;
         return Done{};
       }},
      {"timezone",
       [](const yaml::Node& value, Config& config) -> Result<Done> {
         if (!value.is_string())
           return Error{"must be a text: local, UTC, an offset like \"+02:00\" or a name like Europe/Berlin",
                        ErrorKind::invalid};
         if (!parse_zone(value.text))
           return Error{"must be local, UTC, an offset like \"+02:00\" or a name like Europe/Berlin", ErrorKind::invalid};
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
         const auto level = value.is_string() ? reported_level_from(value.text) : std::nullopt;
         if (!level) return Error{"must be low, medium, high or critical", ErrorKind::invalid};
         config.findings_min_severity = *level;
         return Done{};
       }},
  };
  return table;
}

Result<Done> read_text(const yaml::Node& value, std::string& out) {
  if (!value.is_string()) return Error{"must be a text", ErrorKind::invalid};
  out = value.text;
  return Done{};
}

Result<Done> read_texts(const yaml::Node& value, std::vector<std::string>& out) {
  out.clear();
  if (value.is_string()) out.push_back(value.text);
  for (const yaml::Node& item : value.items) {
    if (!item.is_string()) return Error{"must be a text or a list of texts", ErrorKind::invalid};
    out.push_back(item.text);
  }
  return out.empty() ? Result<Done>(Error{"must be a text or a list of texts", ErrorKind::invalid}) : Done{};
}

Result<Done> read_boolean(const yaml::Node& value, bool& out) {
  if (value.kind != yaml::Node::Kind::boolean) return Error{"must be true or false", ErrorKind::invalid};
  out = value.boolean;
  return Done{};
}

// One key of the section `agent` or `relay`; nothing if there is no such key.
std::optional<Result<Done>> read_shipping(const yaml::Node::Entry& entry, ShippingConfig& out) {
  const std::string& key = entry.key;
  const yaml::Node& value = entry.value;
  if (key == "buffer") return read_texts(value, out.buffers);
  if (key == "credentials") return read_texts(value, out.credentials);
  if (key == "ca_bundle") return read_text(value, out.ca_bundle);
  if (key == "proxy_from_environment") return read_boolean(value, out.proxy_from_environment);
  if (key == "share_group") return read_boolean(value, out.share_group);
  if (key == "allow_network_fs") return read_boolean(value, out.allow_network_fs);
  if (key == "proxy") {
    auto read = read_text(value, out.proxy);
    if (read && holds_password(out.proxy))
      return Error{
          "must not contain a password: put LOGYSTERA_PROXY=http://USER:PASSWORD@HOST:PORT into the credentials file "
          "instead",
          ErrorKind::invalid};
    return read;
  }
  if (key == "batch_size") {
    std::int64_t number = 0;
    auto read = read_number(value, limits::kBatchEventsMin, limits::kBatchEventsMax, number);
    out.batch_size = static_cast<std::uint32_t>(number);
    return read;
  }
  if (key == "sent_bytes") {
    std::int64_t number = 0;
    auto read = read_number(value, 0, limits::kSentBytes, number);
    out.sent_bytes = static_cast<std::uint32_t>(number);
    return read;
  }
  return std::nullopt;
}

// One key of the section `llm`; nothing if there is no such key.
std::optional<Result<Done>> read_llm(const yaml::Node::Entry& entry, assist::Settings& out) {
  const std::string& key = entry.key;
  const yaml::Node& value = entry.value;
  const auto number = [&](std::int64_t least, std::int64_t most, std::uint32_t& into) {
    std::int64_t read = 0;
    auto done = read_number(value, least, most, read);
    if (done) into = static_cast<std::uint32_t>(read);
    return done;
  };
  if (key == "provider") {
    const auto provider = value.is_string() ? assist::provider_from(value.text) : std::nullopt;
    if (!provider) return Error{"must be ollama, claude or openai", ErrorKind::invalid};
    out.provider = *provider;
    out.provider_named = true;
    return Done{};
  }
  if (key == "model") return read_text(value, out.model);
  if (key == "endpoint") return read_text(value, out.endpoint);
  if (key == "api_key") return read_text(value, out.api_key);
  if (key == "embedding_model") return read_text(value, out.embedding_model);
  if (key == "temperature") {
    constexpr double kTemperatureMost = 2;
    const bool is_number = value.kind == yaml::Node::Kind::integer || value.kind == yaml::Node::Kind::real;
    if (!is_number || !(value.real >= 0 && value.real <= kTemperatureMost))
      return Error{"must be a number from 0 to 2", ErrorKind::invalid};
    out.temperature = value.real;
    return Done{};
  }
  if (key == "max_context_tokens")
    return number(assist::kContextTokensLeast, assist::kContextTokensMost, out.max_context_tokens);
  if (key == "timeout_seconds") return number(1, kLlmSecondsMost, out.timeout_seconds);
  if (key == "remote_allowed") return read_boolean(value, out.remote_allowed);
  return std::nullopt;
}

std::string unknown_key(const std::string& name, yaml::Position at, const std::string& key) {
  return yaml::describe(name, {at, fmt::format("unknown key '{}', ignored", key)});
}

// One key of the section `plugins`; nothing if there is no such key.
std::optional<Result<Done>> read_plugins(const yaml::Node::Entry& entry, Config& out) {
  const yaml::Node& value = entry.value;
  std::int64_t number = 0;
  if (entry.key == "memory_mib") {
    auto read = read_number(value, plugin::kMemoryMibLeast, plugin::kMemoryMibMost, number);
    out.plugins.memory_mib = static_cast<std::size_t>(number);
    return read;
  }
  if (entry.key == "instructions") {
    auto read = read_number(value, plugin::kInstructionsLeast, plugin::kInstructionsMost, number);
    out.plugins.instructions = static_cast<std::uint64_t>(number);
    return read;
  }
  if (entry.key == "python") {
    // YAML 1.2 takes off for a text; whoever writes false means the same.
    const bool is_off = value.is_string() ? value.text == "off" : value.kind == yaml::Node::Kind::boolean && !value.boolean;
    if (!is_off && !(value.is_string() && value.text == "auto"))
      return Result<Done>(Error{"must be auto or off", ErrorKind::invalid});
    out.plugins.python = !is_off;
    return Result<Done>(Done{});
  }
  return std::nullopt;
}

std::optional<Result<Done>> read_filled_text(const yaml::Node& value, std::string& out) {
  auto read = read_text(value, out);
  if (read && out.empty())
    return Result<Done>(Error{"must not be empty: leave the key out for the default", ErrorKind::invalid});
  return read;
}

// One key of the sections `loki`, `graylog` and `opensearch`; nothing if there is no such key.
std::optional<Result<Done>> read_loki(const yaml::Node::Entry& entry, LokiConfig& out) {
  if (entry.key == "url") return read_filled_text(entry.value, out.url);
  if (entry.key == "org_id") return read_text(entry.value, out.org_id);
  if (entry.key == "ca_certs") return read_text(entry.value, out.ca_certs);
  return std::nullopt;
}

std::optional<Result<Done>> read_graylog(const yaml::Node::Entry& entry, GraylogConfig& out) {
  if (entry.key == "url") return read_filled_text(entry.value, out.url);
  if (entry.key == "ca_certs") return read_text(entry.value, out.ca_certs);
  return std::nullopt;
}

std::optional<Result<Done>> read_opensearch(const yaml::Node::Entry& entry, OpensearchConfig& out) {
  const yaml::Node& value = entry.value;
  if (entry.key == "host") return read_filled_text(value, out.host);
  if (entry.key == "port") {
    std::int64_t number = 0;
    auto read = read_number(value, 1, std::numeric_limits<std::uint16_t>::max(), number);
    out.port = static_cast<std::uint16_t>(number);
    return read;
  }
  if (entry.key == "use_ssl") return read_boolean(value, out.use_ssl);
  if (entry.key == "verify_certs") return read_boolean(value, out.verify_certs);
  if (entry.key == "default_index") return read_filled_text(value, out.default_index);
  if (entry.key == "timestamp_field") return read_filled_text(value, out.timestamp_field);
  if (entry.key == "message_field") return read_filled_text(value, out.message_field);
  if (entry.key == "severity_field") return read_text(value, out.severity_field);
  if (entry.key == "source_name_field") return read_text(value, out.source_name_field);
  return std::nullopt;
}

std::optional<Result<Done>> read_fleet(const yaml::Node::Entry& entry, FleetConfig& out) {
  if (entry.key == "targets") return read_filled_text(entry.value, out.targets);
  if (entry.key == "web_paths") return read_texts(entry.value, out.web_paths);
  return std::nullopt;
}

std::optional<Result<Done>> read_notify(const yaml::Node::Entry& entry, NotifyConfig& out) {
  if (entry.key == "ca_certs") return read_filled_text(entry.value, out.ca_certs);
  return std::nullopt;
}

// Where serve says of itself that something is wrong; 0: nowhere.
std::optional<Result<Done>> read_watch(const yaml::Node::Entry& entry, processor::WatchLimits& out) {
  constexpr std::int64_t kSecondsMost = 30LL * 24 * 3600, kPercentMost = 90, kBytesMost = 1LL << 50;
  if (entry.key == "lag_seconds") return read_number(entry.value, 0, kSecondsMost, out.lag_seconds);
  if (entry.key == "outbox_seconds") return read_number(entry.value, 0, kSecondsMost, out.outbox_seconds);
  if (entry.key == "channel_seconds") return read_number(entry.value, 0, kSecondsMost, out.channel_seconds);
  if (entry.key == "disk_free_percent") return read_number(entry.value, 0, kPercentMost, out.disk_free_percent);
  if (entry.key == "disk_free_bytes") return read_number(entry.value, 0, kBytesMost, out.disk_free_bytes);
  if (entry.key == "site_clock_seconds") return read_number(entry.value, 0, kSecondsMost, out.site_clock_seconds);
  if (entry.key == "clock_jump_seconds") return read_number(entry.value, 0, kSecondsMost, out.clock_jump_seconds);
  return std::nullopt;
}

// One key of the section `retention`; nothing if there is no such key.
std::optional<Result<Done>> read_retention(const yaml::Node::Entry& entry, store::ConfiguredRetention& out) {
  std::int64_t number = 0;
  const auto days = [&](std::optional<int>& into) {
    auto read = read_number(entry.value, 0, store::kRetentionDaysMost, number);
    if (read) into = static_cast<int>(number);
    return read;
  };
  if (entry.key == "events_days") return days(out.events_days);
  if (entry.key == "bulk_events_days") return days(out.bulk_events_days);
  if (entry.key == "findings_days") return days(out.findings_days);
  if (entry.key == "max_db_bytes") {
    auto read = read_number(entry.value, 0, std::numeric_limits<std::int64_t>::max(), number);
    if (read) out.most_bytes = static_cast<std::uint64_t>(number);
    return read;
  }
  return std::nullopt;
}

// What a section's keys are read by.
using SectionReader = std::function<std::optional<Result<Done>>(const yaml::Node::Entry& entry, Config& config)>;

SectionReader section_reader(std::string_view name) {
  if (name == "agent") return [](const auto& entry, Config& config) { return read_shipping(entry, config.agent); };
  if (name == "relay") return [](const auto& entry, Config& config) { return read_shipping(entry, config.relay); };
  if (name == "plugins") return read_plugins;
  if (name == "loki") return [](const auto& entry, Config& config) { return read_loki(entry, config.loki); };
  if (name == "graylog") return [](const auto& entry, Config& config) { return read_graylog(entry, config.graylog); };
  if (name == "opensearch")
    return [](const auto& entry, Config& config) { return read_opensearch(entry, config.opensearch); };
  if (name == "fleet") return [](const auto& entry, Config& config) { return read_fleet(entry, config.fleet); };
  if (name == "notify") return [](const auto& entry, Config& config) { return read_notify(entry, config.notify); };
  if (name == "watch") return [](const auto& entry, Config& config) { return read_watch(entry, config.watch); };
  if (name == "retention") return [](const auto& entry, Config& config) { return read_retention(entry, config.retention); };
  if (name == "llm") return [](const auto& entry, Config& config) { return read_llm(entry, config.llm); };
  return nullptr;
}

Result<Done> read_section(const yaml::Node::Entry& section, const std::string& name, const SectionReader& reader,
                          Config& config) {
  if (section.value.is_null()) return Done{};
  if (!section.value.is_map())
    return Error{yaml::describe(name, {section.value.at, section.key + " needs keys of its own, one a line"}),
                 ErrorKind::invalid};
  for (const yaml::Node::Entry& entry : section.value.entries) {
    const std::string key = section.key + "." + entry.key;
    const auto read = reader(entry, config);
    if (!read) config.warnings.push_back(unknown_key(name, entry.at, key));
    else if (!read->ok())
      return Error{yaml::describe(name, {entry.value.at, fmt::format("{} {}", key, read->error().message)}),
                   ErrorKind::invalid};
  }
  return Done{};
}

}  // namespace

Result<Config> parse_config(std::string_view yaml_text, const std::string& name) {
  const yaml::Documents documents = yaml::parse(yaml_text);
  if (!documents.ok()) return Error{yaml::describe(name, documents.problem), ErrorKind::invalid};
  Config config;
  if (documents.roots.empty()) return config;
  if (documents.roots.size() > 1)
    return Error{yaml::describe(name, {documents.roots[1].at, "a configuration is one document: remove the '---'"}),
                 ErrorKind::invalid};
  const yaml::Node& root = documents.roots.front();
  if (root.is_null()) return config;
  if (!root.is_map())
    return Error{yaml::describe(name, {root.at, "a configuration is a map of keys to values"}), ErrorKind::invalid};
  for (const yaml::Node::Entry& entry : root.entries) {
    if (entry.key == "llm") config.llm_configured = true;
    if (const SectionReader reader = section_reader(entry.key)) {
      if (auto read = read_section(entry, name, reader, config); !read) return read.error();
      continue;
    }
    const Key* known = nullptr;
    for (const Key& key : keys())
      if (key.name == entry.key) known = &key;
    if (!known) {
      config.warnings.push_back(unknown_key(name, entry.at, entry.key));
      continue;
    }
    if (auto read = known->read(entry.value, config); !read)
      return Error{yaml::describe(name, {entry.value.at, fmt::format("{} {}", entry.key, read.error().message)}),
                   ErrorKind::invalid};
  }
  return config;
}

Result<Config> load_config(const std::string& path) {
  std::error_code ignored;
  const char* named = std::getenv(kConfigVariable);
  const bool any_named = !path.empty() || (named && *named != '\0');
  return load_named_config(!any_named && std::filesystem::exists(kConfigFile, ignored) ? kConfigFile : path);
}

Result<Config> load_named_config(const std::string& path) {
  std::string file = path;
  if (file.empty())
    if (const char* named = std::getenv(kConfigVariable)) file = named;
  if (file.empty()) return Config{};
  auto text = parse::read_whole_file(file, kConfigBytes, ": this is no configuration");
  if (!text) return text.error();
  auto config = parse_config(text.value(), file);
  constexpr mode_t kOthersRead = 044;
  struct stat now {};
  if (config && !config->llm.api_key.empty() && ::stat(file.c_str(), &now) == 0 && (now.st_mode & kOthersRead) != 0)
    config->warnings.push_back(
        fmt::format("{}: others may read it, and llm.api_key is in it: chmod 600, or set ${}", file, kLlmKeyVariable));
  return config;
}

}  // namespace logystera::cli

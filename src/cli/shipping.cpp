#include "cli/shipping.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>
#include <string_view>

#include "cli/config_warnings.hpp"
#include "cli/terminal.hpp"

namespace logystera::cli {
namespace {

// The argument is not repeated.
std::string refuse_password(const std::string& proxy) {
  if (!holds_password(proxy)) return {};
  return "every user of this machine can read a password on the command line: put "
         "LOGYSTERA_PROXY=http://USER:PASSWORD@HOST:PORT "
         "into the credentials file or the environment instead, and change the password if others have been here";
}

}  // namespace

// "USER:PASSWORD@" before the host; curl takes the last '@' for its end.
bool holds_password(std::string_view proxy) noexcept {
  if (const std::size_t scheme = proxy.find("://"); scheme != std::string_view::npos) proxy.remove_prefix(scheme + 3);
  const std::string_view user = proxy.substr(0, proxy.rfind('@') == std::string_view::npos ? 0 : proxy.rfind('@'));
  return user.find(':') != std::string_view::npos;
}

std::string absolute_directory(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error || absolute.empty()) return path;
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

void add_shipping(Command& command, agent::DispatchOptions& options) {
  command.add_option("--batch-size", options.batch_size, "Events per batch, 10-500")->capture_default_str();
  command
      .add_option("--proxy", options.proxy,
                  "http://, https:// or socks5h://HOST:PORT; one with a password goes into LOGYSTERA_PROXY, in the "
                  "credentials file or the environment")
      ->check(Check(refuse_password));
  command.add_flag("--proxy-from-environment", options.proxy_from_environment, "Use http_proxy, https_proxy and no_proxy");
  command.add_option("--ca-bundle", options.ca_bundle, "PEM file of certificate authorities instead of the system's");
  command
      .add_option("--sent-bytes", options.sent_bytes,
                  "How many bytes of delivered events stay readable in the buffer, 0-5242880")
      ->capture_default_str();
  command.add_flag("--share-group", options.share_group, "The buffer directory is shared by a group (2770)");
  command.add_flag("--allow-network-fs", options.allow_network_fs, "Allow a buffer on NFS, CIFS and the like");
}

void add_named_config(Command& command, Globals& globals) {
  command.add_option("--config,-c", globals.config, "Configuration file [default: $LOGYSTERA_CONFIG, else none]");
}

Result<ShippingConfig> load_shipping(std::string_view command, const Globals& globals, ShippingConfig Config::*section) {
  auto config = load_named_config(globals.config);
  if (!config) return config.error();
  say_warnings(command, config.value());
  for (std::string& directory : (config.value().*section).buffers) directory = absolute_directory(directory);
  return std::move(config.value().*section);
}

void fill_in(const Command& command, const ShippingConfig& config, agent::DispatchOptions& options) {
  const auto said = [&command](const char* option) { return command.count(option) > 0; };
  if (!said("--batch-size") && config.batch_size) options.batch_size = *config.batch_size;
  if (!said("--sent-bytes") && config.sent_bytes) options.sent_bytes = *config.sent_bytes;
  if (!said("--proxy")) options.proxy = config.proxy;
  if (!said("--ca-bundle")) options.ca_bundle = config.ca_bundle;
  options.proxy_from_environment = options.proxy_from_environment || config.proxy_from_environment;
  options.share_group = options.share_group || config.share_group;
  options.allow_network_fs = options.allow_network_fs || config.allow_network_fs;
}

}  // namespace logystera::cli

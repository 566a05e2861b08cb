#include "cli/shipping.hpp"

#include <filesystem>

namespace logystera::cli {

std::string absolute_directory(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error || absolute.empty()) return path;
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

void add_shipping(CLI::App& command, agent::DispatchOptions& options) {
  command.add_option("--batch-size", options.batch_size, "Events in a batch, 10-500")->capture_default_str();
  command.add_option("--proxy", options.proxy, "http://, https:// or socks5h://[USER:PASSWORD@]HOST:PORT");
  command.add_flag("--proxy-from-environment", options.proxy_from_environment, "Heed http_proxy, https_proxy and no_proxy");
  command.add_option("--ca-bundle", options.ca_bundle, "PEM file of certificate authorities instead of the system's");
  command.add_flag("--share-group", options.share_group, "The buffer directory is shared by a group (2770)");
  command.add_flag("--allow-network-fs", options.allow_network_fs, "Allow a buffer on NFS, CIFS and the like");
}

}  // namespace logystera::cli

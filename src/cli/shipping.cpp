#include "cli/shipping.hpp"

#include <filesystem>
#include <string_view>

namespace logystera::cli {
namespace {

// "USER:PASSWORD@" before the host; curl takes the last '@' for its end. The argument is not repeated.
std::string refuse_password(const std::string& proxy) {
  std::string_view rest = proxy;
  if (const std::size_t scheme = rest.find("://"); scheme != std::string_view::npos) rest.remove_prefix(scheme + 3);
  const std::string_view user = rest.substr(0, rest.rfind('@') == std::string_view::npos ? 0 : rest.rfind('@'));
  if (user.find(':') == std::string_view::npos) return {};
  return "every user of this machine can read a password on the command line: put "
         "LOGYSTERA_PROXY=http://USER:PASSWORD@HOST:PORT "
         "into the credentials file or the environment instead, and change the password if others have been here";
}

}  // namespace

std::string absolute_directory(const std::string& path) {
  std::error_code error;
  std::string absolute = std::filesystem::absolute(path, error).lexically_normal().string();
  if (error || absolute.empty()) return path;
  while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
  return absolute;
}

void add_shipping(CLI::App& command, agent::DispatchOptions& options) {
  command.add_option("--batch-size", options.batch_size, "Events in a batch, 10-500")->capture_default_str();
  command
      .add_option("--proxy", options.proxy,
                  "http://, https:// or socks5h://HOST:PORT; one with a password goes into LOGYSTERA_PROXY, in the "
                  "credentials file or the environment")
      ->check(CLI::Validator(refuse_password, ""));
  command.add_flag("--proxy-from-environment", options.proxy_from_environment, "Heed http_proxy, https_proxy and no_proxy");
  command.add_option("--ca-bundle", options.ca_bundle, "PEM file of certificate authorities instead of the system's");
  command.add_flag("--share-group", options.share_group, "The buffer directory is shared by a group (2770)");
  command.add_flag("--allow-network-fs", options.allow_network_fs, "Allow a buffer on NFS, CIFS and the like");
}

}  // namespace logystera::cli

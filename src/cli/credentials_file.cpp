#include "cli/credentials_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "core/fd.hpp"
#include "core/hmac.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFileBytes = 4096;
enum Name : std::size_t { url, token, secret, proxy, names };
constexpr std::size_t kDemanded = proxy;  // the names before it
constexpr std::array<std::string_view, names> kNames = {"LOGYSTERA_GATEWAY_URL", "LOGYSTERA_ENTITY_TOKEN",
                                                        "LOGYSTERA_ENTITY_SECRET", "LOGYSTERA_PROXY"};
constexpr mode_t kOthers = 077;
constexpr mode_t kOthersOfAService = 027;

using Values = std::array<std::string_view, kNames.size()>;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

Result<Values> parse(const std::string& path, std::string_view text) {
  Values values;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::size_t equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    bool known = false;
    for (std::size_t i = 0; i < kNames.size() && equals != std::string_view::npos; ++i) {
      if (name != kNames[i]) continue;
      values[i] = unquoted(trimmed(line.substr(equals + 1)));
      known = true;
    }
    // The line is not repeated: it may be the secret under a misspelt name.
    if (!known) {
      return Error{fmt::format("{}:{}: not one of {}=", path, number, fmt::join(kNames, "=, "))};
    }
  }
  return values;
}

Result<Access> make(const Values& values, const std::string& place) {
  for (std::size_t i = 0; i < kDemanded; ++i) {
    if (values[i].empty()) return Error{fmt::format("{}: {} is missing", place, kNames[i])};
  }
  auto made = agent::Credentials::make(values[url], values[token], values[secret]);
  if (!made) return Error{fmt::format("{}: {}", place, made.error().message)};
  agent::DispatchOptions options;
  options.proxy = values[proxy];
  if (auto good = agent::validate(options); !good) {
    return Error{fmt::format("{}: {}: {}", place, kNames[proxy], good.error().message)};
  }
  return Access{std::move(made).value(), std::move(options.proxy)};
}

std::string_view from_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value ? value : "";
}

Result<Access> from_environment() {
  Values values;
  for (std::size_t i = 0; i < kNames.size(); ++i) values[i] = from_environment(kNames[i]);
  return make(values, "environment (or give --credentials FILE)");
}

// systemd (LoadCredential=) hands a service its secrets in a directory of its own, on a file system nobody else is let
// into. Since version 254 their mode shows a group's right to read: it stands for the access list that names the
// service's user. A link that leads out of the directory is a file like any other.
bool is_of_the_service(const std::string& path, const struct stat& opened) {
  const std::string_view directory = from_environment("CREDENTIALS_DIRECTORY");
  if (directory.empty()) return false;
  std::error_code error;
  const std::filesystem::path folder = std::filesystem::canonical(directory, error);
  if (error) return false;
  const std::filesystem::path file = std::filesystem::canonical(path, error);
  // The name may lead elsewhere than when it was opened.
  struct stat named {};
  return !error && file.parent_path() == folder && ::stat(file.c_str(), &named) == 0 && named.st_dev == opened.st_dev &&
         named.st_ino == opened.st_ino;
}

}  // namespace

Result<Access> read_access(const std::string& path) {
  if (path.empty()) return from_environment();
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Error{fmt::format("credentials file {}: {}", path, std::strerror(errno))};
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{fmt::format("credentials file {}: not a regular file", path)};
  }
  if ((info.st_mode & kOthers) != 0 && ((info.st_mode & kOthersOfAService) != 0 || !is_of_the_service(path, info))) {
    return Error{
        fmt::format("credentials file {}: mode {:04o} lets others read the secret: run chmod 600 on it, and rotate "
                    "the secret if others have been there",
                    path, static_cast<unsigned>(info.st_mode & 07777))};
  }
  std::string text(kFileBytes + 1, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return Error{fmt::format("credentials file {}: {}", path, std::strerror(errno))};
  if (static_cast<std::size_t>(size) > kFileBytes) {
    return Error{fmt::format("credentials file {}: longer than {} bytes", path, kFileBytes)};
  }
  auto values = parse(path, std::string_view(text).substr(0, static_cast<std::size_t>(size)));
  if (values && values.value()[proxy].empty()) values.value()[proxy] = from_environment(kNames[proxy]);
  auto made = values ? make(values.value(), path) : Result<Access>(values.error());
  wipe(text);
  return made;
}

agent::DispatchOptions through(const std::string& proxy, agent::DispatchOptions options) {
  if (options.proxy.empty()) options.proxy = proxy;
  return options;
}

}  // namespace logystera::cli

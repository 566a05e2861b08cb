#include "cli/credentials_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "agent/file.hpp"
#include "core/hmac.hpp"

namespace logystera::cli {
namespace {

constexpr std::size_t kFileBytes = 4096;
constexpr std::array<std::string_view, 3> kNames = {"LOGYSTERA_GATEWAY_URL", "LOGYSTERA_ENTITY_TOKEN",
                                                    "LOGYSTERA_ENTITY_SECRET"};

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
      return Error{fmt::format("{}:{}: not one of {}=, {}=, {}=", path, number, kNames[0], kNames[1], kNames[2])};
    }
  }
  return values;
}

Result<agent::Credentials> make(const Values& values, const std::string& place) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (values[i].empty()) return Error{fmt::format("{}: {} is missing", place, kNames[i])};
  }
  auto made = agent::Credentials::make(values[0], values[1], values[2]);
  if (!made) return Error{fmt::format("{}: {}", place, made.error().message)};
  return made;
}

Result<agent::Credentials> from_environment() {
  Values values;
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (const char* value = std::getenv(std::string(kNames[i]).c_str())) values[i] = value;
  }
  return make(values, "environment (or give --credentials FILE)");
}

}  // namespace

Result<agent::Credentials> read_credentials(const std::string& path) {
  if (path.empty()) return from_environment();
  const agent::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return Error{fmt::format("credentials file {}: {}", path, std::strerror(errno))};
  struct stat info {};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return Error{fmt::format("credentials file {}: not a regular file", path)};
  }
  if (info.st_mode & 077) {
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
  auto made = values ? make(values.value(), path) : Result<agent::Credentials>(values.error());
  wipe(text);
  return made;
}

}  // namespace logystera::cli

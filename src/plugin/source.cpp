#include "plugin/source.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

#include "core/fd.hpp"
#include "plugin/plugin.hpp"

namespace logystera::plugin {
namespace {

constexpr std::size_t kEntriesMost = 100'000;
constexpr std::size_t kNameBytes = 50;  // Lua shows 59 of a chunk's name

Error refuse(const std::string& path, std::string_view why, ErrorKind kind) {
  return Error{fmt::format("{}: {}", path, why), kind};
}

}  // namespace

Result<std::vector<std::string>> list_sources(const std::string& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), &::closedir);
  if (!list)
    return Error{fmt::format("{}: the directory of plugins cannot be opened ({}): make it, or remove plugins_dir from the "
                             "configuration",
                             directory, std::strerror(errno)),
                 kind_of_errno(errno)};
  std::vector<std::string> paths;
  std::size_t entries = 0;
  const std::string prefix = directory.ends_with('/') ? directory : directory + "/";
  while (const dirent* entry = ::readdir(list.get())) {
    if (++entries > kEntriesMost)
      return refuse(directory, "has more than 100,000 entries: this is no directory of plugins", ErrorKind::too_large);
    const std::string_view name = entry->d_name;
    if (name.starts_with('.') || !(name.ends_with(".lua") || name.ends_with(".py"))) continue;
    paths.push_back(prefix + std::string(name));
  }
  if (paths.size() > kPluginsMost)
    return refuse(directory, fmt::format("has more than {} plugins: join some", kPluginsMost), ErrorKind::too_large);
  std::sort(paths.begin(), paths.end());
  return paths;
}

Result<Source> read_source(const std::string& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file) return refuse(path, fmt::format("cannot be opened ({})", std::strerror(errno)), kind_of_errno(errno));
  struct stat status;
  if (::fstat(file.get(), &status) != 0) return refuse(path, std::strerror(errno), kind_of_errno(errno));
  if (!S_ISREG(status.st_mode)) return refuse(path, "is no regular file", ErrorKind::denied);
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return refuse(path, fmt::format("belongs to another user (uid {}) than this one: chown it", status.st_uid),
                  ErrorKind::denied);
  if ((status.st_mode & 022) != 0)
    return refuse(path, "can be written to by others than its owner: chmod go-w it", ErrorKind::denied);
  Source source;
  source.path = path;
  source.name = path.substr(path.rfind('/') + 1);
  source.language = path.ends_with(".py") ? Language::python : Language::lua;
  if (source.name.size() > kNameBytes) source.name.resize(kNameBytes);
  source.text.resize(kPluginBytes + 1);
  const ssize_t size = read_up_to(file.get(), source.text.data(), source.text.size());
  if (size < 0) return refuse(path, fmt::format("cannot be read ({})", std::strerror(errno)), kind_of_errno(errno));
  if (static_cast<std::size_t>(size) > kPluginBytes)
    return refuse(path, fmt::format("is longer than the {} KiB a plugin may have", kPluginBytes / 1024),
                  ErrorKind::too_large);
  source.text.resize(static_cast<std::size_t>(size));
  return source;
}

}  // namespace logystera::plugin

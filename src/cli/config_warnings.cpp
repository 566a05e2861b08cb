#include "cli/config_warnings.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <mutex>
#include <set>
#include <string>

#include "cli/terminal.hpp"

namespace logystera::cli {

void say_warnings(std::string_view command, const Config& config) {
  static std::mutex mutex;
  static std::set<std::string> said;
  const std::lock_guard lock(mutex);
  for (const std::string& warning : config.warnings) {
    if (!said.insert(warning).second) continue;
    fmt::print(stderr, "logystera{}{}: {}\n", command.empty() ? "" : " ", command, printable(warning));
  }
}

}  // namespace logystera::cli

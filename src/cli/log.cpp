#include "cli/log.hpp"

#include <fmt/core.h>

#include <cstdio>
#include <mutex>

#include "cli/gateway_store.hpp"
#include "cli/terminal.hpp"
#include "core/clock.hpp"

namespace logystera::cli {

void log(std::string_view text) {
  static std::mutex mutex;
  const std::string line = fmt::format("{} {}\n", local_time(wall_seconds()), printable(text));
  std::lock_guard lock(mutex);
  std::fputs(line.c_str(), stderr);
}

}  // namespace logystera::cli

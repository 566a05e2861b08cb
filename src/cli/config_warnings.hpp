// What is wrong with a configuration without being an error: keys this program does not know, and who may read the file.
#pragma once

#include <string_view>

#include "cli/config.hpp"

namespace logystera::cli {

/// Says the configuration's warnings on standard error, each once a process however often the file is read. `command` may be empty.
/// Thread-safe.
void say_warnings(std::string_view command, const Config& config);

}  // namespace logystera::cli

// A plugin in Python: a child process runs it once and says what it registered.
//
// python3 -I with no environment, ten seconds, 512 MiB, 1 MiB of output (child.hpp). What the plugin prints goes to standard error
// and is dropped. It registers data only; nothing of it runs while logs are read.
#pragma once

#include <string>

#include "core/result.hpp"
#include "plugin/registry.hpp"
#include "plugin/source.hpp"

namespace logystera::plugin {

/// The interpreter: /usr/bin, /usr/local/bin, else the first of $PATH. Empty: there is none.
std::string python_interpreter();

/// Errors name file and, where there is one, line.
Result<Done> enlist_python(const Source& source, Registry& registry);

}  // namespace logystera::plugin

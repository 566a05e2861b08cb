// The files plugins are read from. A plugin decides what is found and what is redacted, so nobody but the user and root may be able
// to change one.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "plugin/options.hpp"

namespace logystera::plugin {

struct Source {
  std::string path;
  std::string name;  // without its directory, at most as long as Lua shows it
  Language language = Language::lua;
  std::string text;
};

/// Paths of all plugins of a directory, by name. Names that begin with '.' are none.
Result<std::vector<std::string>> list_sources(const std::string& directory);

/// Reads one. Refused: what is no regular file, belongs to another user than this one or root, can be written to by others, or is
/// longer than kPluginBytes (plugin.hpp).
Result<Source> read_source(const std::string& path);

}  // namespace logystera::plugin

// A plugin in Lua: its state, and what it registers.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "plugin/plugin.hpp"
#include "plugin/registry.hpp"
#include "plugin/sandbox.hpp"
#include "plugin/source.hpp"

namespace logystera::plugin {

class LuaPlugin {
 public:
  /// `log` may be null. `source` and `options` outlive it.
  LuaPlugin(const Source& source, const Options& options, std::function<void(std::string_view)> log);

  /// Runs the file and its register(). Errors name file and, where there is one, line.
  Result<Done> enlist(Registry& registry);

  /// Functions register() gave to add_parser() and add_enricher(), in the order of the calls: references in Lua's registry.
  std::size_t hook_count() const noexcept { return hooks_.size(); }
  int hook_function(std::size_t number) const noexcept { return hooks_[number]; }

  Sandbox& sandbox() noexcept { return sandbox_; }

  /// A message of the sandbox with the file's path in front.
  Error located(Error error) const;

 private:
  friend struct Calls;
  void push_registry();

  const Source& source_;
  const Options& options_;
  Sandbox sandbox_;
  std::vector<int> hooks_;
  Registry* registry_ = nullptr;  // while register() runs
};

}  // namespace logystera::plugin

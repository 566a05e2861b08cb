// What `agent` and `relay` share: where a site buffers and how its events are sent.
#pragma once

#include <string>
#include <string_view>

#include "agent/dispatch.hpp"
#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/config.hpp"
#include "core/result.hpp"

namespace logystera::cli {

/// `path` from the root, without following links and without a slash at the end.
std::string absolute_directory(const std::string& path);

/// The buffer directory or directories, made absolute: the program may be started anywhere.
template <typename Target>
Option* add_buffer_directory(Command& command, Target& target, const std::string& help) {
  return command.add_option("BUFFERDIR", target, help + " [default: the configuration's]")
      ->transform([](const std::string& path) { return absolute_directory(path); });
}

void add_shipping(Command& command, agent::DispatchOptions& options);

/// Whether a proxy's address has a password in it, which arguments and the configuration may not.
bool holds_password(std::string_view proxy) noexcept;

/// --config for commands that read it only if it is named.
void add_named_config(Command& command, Globals& globals);

/// The command's section of the configuration, its warnings said, its directories absolute.
Result<ShippingConfig> load_shipping(std::string_view command, const Globals& globals, ShippingConfig Config::*section);

/// What the command line did not say, from the configuration.
void fill_in(const Command& command, const ShippingConfig& config, agent::DispatchOptions& options);

}  // namespace logystera::cli

// What `agent` and `relay` share: where a site buffers and how its events are sent.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "agent/dispatch.hpp"

namespace logystera::cli {

/// `path` from the root, without following links and without a slash at the end.
std::string absolute_directory(const std::string& path);

/// The buffer directory or directories, made absolute: the program may be started anywhere.
template <typename Target>
CLI::Option* add_buffer_directory(CLI::App& command, Target& target, const std::string& help) {
  return command.add_option("BUFFERDIR", target, help)->required()->transform([](const std::string& path) {
    return absolute_directory(path);
  });
}

void add_shipping(CLI::App& command, agent::DispatchOptions& options);

}  // namespace logystera::cli

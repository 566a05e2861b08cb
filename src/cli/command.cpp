#include "cli/command.hpp"

#include <cstdio>

namespace logystera::cli {

void add_json(CLI::App& command, Globals& globals, const std::string& help) {
  command.add_flag("--json", globals.json, help);
}

void add_store(CLI::App& command, Globals& globals) {
  command.add_option("--store", globals.store, "Where events and entities are kept: sqlite:PATH")->capture_default_str();
}

int fail(std::string_view command, const Error& error) {
  std::fprintf(stderr, "logystera%s%.*s: %s\n", command.empty() ? "" : " ", static_cast<int>(command.size()),
               command.data(), error.message.c_str());
  return kExitError;
}

}  // namespace logystera::cli
